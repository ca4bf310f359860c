// Leaving at once. Without this script the link still works; with it this page also goes out of the
// "back" list, and pressing Shift three times leaves, too. Nothing is sent or kept.

const exit = document.querySelector('.exit a');

function leave() {
  document.body.hidden = true;
  location.replace(exit.href);
}

if (exit) {
  exit.addEventListener('click', (event) => {
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
    if (presses === 3) leave();
  });
}

// A browser may keep a page in memory and show it again at "back", answers and all. Then begin anew.
addEventListener('pageshow', (event) => {
  if (event.persisted && !document.querySelector('[data-keeps]')) location.replace(document.querySelector('header nav a[href$="/help"]')?.href ?? '/help');
});

for (const button of document.querySelectorAll('button.print')) {
  button.hidden = false;
  button.addEventListener('click', () => print());
}
