// Going back over a page that results were opened into, once the page that had them in its memory is gone: after a reload,
// or from another page. The browser takes the results and what was opened from them for one page, changes the address and
// shows nothing else. So the page is fetched whose address it is; for results that is the empty form.
addEventListener('popstate', (event) => {
  if (Number.isInteger(event.state?.shown)) location.reload();
});

// A browser may keep a page in memory that was left, with what was written into its form, and show it again at "back": after
// "Exit this page" on what was found, too. So nothing stays written.
addEventListener('pagehide', () => {
  for (const form of document.forms) form.reset();
});
