// Going back over a page that results were opened into, once the page that had them in its memory is gone: after a reload,
// or from another page. The browser takes the results and what was opened from them for one page, changes the address and
// shows nothing else. So the page is fetched whose address it is; for results that is the empty form.
addEventListener('popstate', (event) => {
  if (Number.isInteger(event.state?.shown)) location.reload();
});
