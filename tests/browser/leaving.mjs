// Going through the questions and leaving them at once, as the checks of pages and of "back" do it.

/** Where "Exit this page" leads. The browsers of these checks find no such host (see their arguments). */
const ELSEWHERE = 'https://www.bbc.co.uk/weather';
export const NOWHERE = '--host-resolver-rules=MAP www.bbc.co.uk ~NOTFOUND';

/** What nobody may read who presses "back" after somebody has left. */
export const ANSWERED = /not to blame|scared of/;

/**
 * Presses a button of the questions and waits for the page after it. With the script no page is
 * loaded, so that the browser has nothing to wait for: the old page carries a mark until it is gone.
 */
export async function press(page, name) {
  await page.locator('main').evaluate((main) => main.setAttribute('data-before', ''));
  await page.getByRole('button', { name, exact: true }).click();
  await page.locator('main:not([data-before])').waitFor();
}

/**
 * Until the page has gone to where Exit leads. Nothing is put in that place: a request that is answered by the test would
 * switch off the cache, and with it what the browser does at "back".
 */
export async function leaving(page) {
  await page.waitForEvent('requestfailed', { predicate: (request) => request.url() === ELSEWHERE, timeout: 5_000 });
  await page.waitForTimeout(300);
}

/** Presses Exit and waits until the page has gone. */
export async function exit(page) {
  const left = leaving(page);
  await page.getByRole('link', { name: 'Exit this page' }).click({ noWaitAfter: true });
  await left;
}
