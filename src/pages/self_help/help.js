// A browser may keep a page in memory and show it again at "back", answers and all. Then begin anew.
addEventListener('pageshow', (event) => {
  if (event.persisted && !document.querySelector('[data-keeps]')) location.replace(document.querySelector('header nav a[href$="/help"]')?.href ?? '/help');
});

document.addEventListener('click', (event) => {
  if (event.target.closest?.('button.print')) print();
});

function showPrinting() {
  for (const button of document.querySelectorAll('button.print')) button.hidden = false;
}
showPrinting();

// The questions follow one another in a single entry of the "back" list, so that leaving takes all of
// them out of it, not only the last one. Where that fails, the form is sent as without this script.
document.addEventListener('submit', async (event) => {
  const form = event.target;
  const button = event.submitter;
  const asks = form.matches('[method=post][action$="/help/check"]');
  if (!asks || form.dataset.plain) return;
  event.preventDefault();
  if (document.body.hasAttribute('aria-busy')) return;
  document.body.setAttribute('aria-busy', 'true');
  try {
    const body = new URLSearchParams(new FormData(form, button));
    const answer = await fetch(form.action, { method: 'POST', body, headers: { accept: 'text/html' }, cache: 'no-store', credentials: 'omit', redirect: 'error' });
    if (answer.status === 429 || answer.status >= 500) throw new Error('not now');
    const next = new DOMParser().parseFromString(await answer.text(), 'text/html');
    if (!next.querySelector('main h1')) throw new Error('no page');
    document.title = next.title;
    document.body.replaceWith(next.body);
    showPrinting();
    scrollTo(0, 0);
    // Who was asked where they are, and whose place settles nothing, reads why where they wrote it: the top is as it was.
    const part = document.getElementById(new URL(form.action).hash.slice(1));
    const first = part?.querySelector('[role=status], .error') ?? document.querySelector('main [role=alert], main h1');
    first.tabIndex = -1;
    first.focus();
  } catch {
    document.body.removeAttribute('aria-busy');
    form.dataset.plain = 'yes';
    form.requestSubmit(button);
  }
});
