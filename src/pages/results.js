// Going back to results. They answer a form, and no browser may keep them, so "back" would end in an error. Here what is
// opened from them takes their place while they wait in the memory of this page, and "back" shows them again. Nothing is
// stored, and no address says what was searched for. Without this script links and forms lead where they always do.

// A browser that has let go of this page shows the empty search form at "back", not an error.
history.scrollRestoration = 'manual';
history.replaceState({ shown: 0 }, '');

const pages = [{ title: document.title, body: document.body, at: 0 }];
let shown = 0;

function show(number) {
  const page = pages[number];
  pages[shown].at = scrollY;
  document.title = page.title;
  document.body.replaceWith(page.body);
  shown = number;
  scrollTo(0, page.at);
}

// Show the answer as the next page; `from` has the focus again at "back".
async function open(address, sent, from) {
  const answer = await fetch(address, { ...sent, headers: { accept: 'text/html' }, cache: 'no-store', credentials: 'omit' });
  const next = new DOMParser().parseFromString(await answer.text(), 'text/html');
  // Whoever may be in danger begins at the numbers, above everything that was found.
  const heading = next.querySelector('main section.now, main [role=alert], main h1');
  if (!heading) throw new Error('no page');
  if (!sent) next.querySelector('main').prepend(document.querySelector('template.way-back').content.firstElementChild.cloneNode(true));
  history.pushState({ shown: shown + 1 }, '', answer.url);
  pages.length = shown + 1;
  pages.push({ title: next.title, body: next.body, at: 0, from });
  show(shown + 1);
  heading.tabIndex = -1;
  heading.focus();
}

function isPlainClick(event) {
  return event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.altKey && !event.defaultPrevented;
}

document.addEventListener('click', (event) => {
  if (event.target.closest?.('button.way-back')) {
    history.back();
    return;
  }
  const link = event.target.closest?.('.numbered ul.listings :is(h2, h3) a[href]');
  if (!link || !isPlainClick(event) || link.origin !== location.origin) return;
  event.preventDefault();
  open(link.href, undefined, link).catch(() => location.assign(link.href));
});

// The next results, or the same narrowed down. Streets behind the map come from elsewhere, which this page may not ask.
document.addEventListener('submit', (event) => {
  const { target: form, submitter: button } = event;
  const action = button?.getAttribute('formaction') ?? form.getAttribute('action') ?? '';
  if (!document.querySelector('.numbered') || !action.endsWith('/directory/search') || form.dataset.plain) return;
  const fields = new FormData(form, button);
  if (fields.has('map')) return;
  event.preventDefault();
  open(new URL(action, location.href), { method: 'POST', body: new URLSearchParams(fields) }, button).catch(() => {
    form.dataset.plain = 'yes';
    form.requestSubmit(button);
  });
});

addEventListener('popstate', (event) => {
  // A link within the page, such as "Skip to main content", is an entry of its own that nobody has marked yet: it belongs to
  // what is shown, and is no way back.
  if (event.state === null) {
    history.replaceState({ shown }, '');
    return;
  }
  const number = event.state.shown;
  if (!pages[number]) {
    location.reload();
    return;
  }
  if (number === shown) return;
  const { from } = pages[shown];
  show(number);
  if (from?.isConnected) from.focus({ preventScroll: true });
});

// A browser may keep a page in memory that somebody has left, for "back". Of what others had better not see nothing is left
// to be kept: it would be there after "Exit this page".
addEventListener('pagehide', () => {
  if (!pages.some((page) => page.body.querySelector('.exit'))) return;
  document.body.replaceChildren();
  pages.length = 0;
});
addEventListener('pageshow', (event) => {
  if (event.persisted && pages.length === 0) location.replace(location.pathname);
});
