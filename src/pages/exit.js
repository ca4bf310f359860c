// Leaving at once, on every page that others had better not see. Without this script the link still works; with it this page
// also goes out of the "back" list, and pressing Shift three times leaves, too. Nothing is kept.

const wayOut = () => document.querySelector('.exit a');

function leave() {
  const to = wayOut().href;
  document.body.hidden = true;
  location.replace(to);
}

document.addEventListener('click', (event) => {
  if (!event.target.closest?.('.exit a')) return;
  event.preventDefault();
  leave();
});

let presses = 0;
let last = 0;
addEventListener('keydown', (event) => {
  if (event.key !== 'Shift') {
    presses = 0;
    return;
  }
  if (event.repeat) return;
  const now = Date.now();
  presses = now - last < 1000 ? presses + 1 : 1;
  last = now;
  if (presses === 3 && wayOut()) leave();
});
