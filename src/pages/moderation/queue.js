// Keys for going through the queue: only while the focus is in the list, and only as long as somebody
// wants them. Without this script everything works by Tab and Enter.

const list = document.querySelector('#queue');
const keys = document.querySelector('#keys');
const on = document.querySelector('#keys-on');

function move(by) {
  const items = [...list.children];
  const at = items.findIndex((item) => item.contains(document.activeElement));
  items[at + by]?.querySelector('a')?.focus();
}

if (list && keys && on) {
  keys.hidden = false;
  on.checked = localStorage.getItem('queue-keys') !== 'off';
  on.addEventListener('change', () => localStorage.setItem('queue-keys', on.checked ? 'on' : 'off'));
  list.addEventListener('keydown', (event) => {
    if (!on.checked || event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.key === 'j') move(1);
    else if (event.key === 'k') move(-1);
    else if (event.key === 'x') {
      const box = document.activeElement.closest('li')?.querySelector('input[type=checkbox]');
      // With the focus on it, a screen reader says how it is now.
      box?.focus();
      box?.click();
    } else if (event.key === 'Enter' && document.activeElement.matches('input')) {
      // On a box, Enter would send the whole form: it opens the item, as it does everywhere in the list.
      document.activeElement.closest('li')?.querySelector('a')?.click();
    } else return;
    event.preventDefault();
  });
}
