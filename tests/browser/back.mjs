// Going back in a real browser that may keep pages in memory, as people have it: from a listing to the results of a search,
// which answer a form, and after "Exit this page", where nothing of what was answered or searched may be shown.
//
//   node back.mjs --base http://127.0.0.1:18080 --modules DIR/node_modules [--chromium PATH]
//
// Prints a line for each check; exits 1 when one does not hold.

import { createRequire } from 'node:module';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { ANSWERED, NOWHERE, exit, press } from './leaving.mjs';

const { values: options } = parseArgs({
  options: {
    base: { type: 'string', default: 'http://127.0.0.1:18080' },
    modules: { type: 'string', default: 'node_modules' },
    chromium: { type: 'string', default: '/usr/bin/chromium' },
  },
});
const base = options.base.replace(/\/$/, '');
const require = createRequire(path.join(path.resolve(options.modules), 'x.js'));
const { chromium } = require('playwright-core');

const WORDS = 'rent arrears';
let held = 0;
const broken = [];

function check(name, problem) {
  if (problem) broken.push(name);
  else held += 1;
  console.log(problem ? `FAIL  ${name}\n      ${problem}` : `ok    ${name}`);
}

// As people have it: a page that was left may be kept in memory.
const ignoreDefaultArgs = ['--disable-back-forward-cache'];
const browser = await chromium.launch({ executablePath: options.chromium, ignoreDefaultArgs, args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', NOWHERE] });

/** A page with the results of a search, as somebody gets there who types. */
async function searched(words, more = {}) {
  const context = await browser.newContext({ viewport: { width: 375, height: 812 }, ...more });
  const page = await context.newPage();
  const asked = [];
  page.on('request', (request) => asked.push(request.url()));
  await page.goto(`${base}/`);
  await page.fill('#q', words);
  await page.click('form.search button');
  await page.waitForSelector('.numbered');
  return { context, page, asked };
}

const titles = (page) => page.$$eval('.numbered ul.listings > li h2', (names) => names.map((name) => name.textContent));

{
  const { context, page, asked } = await searched(WORDS);
  const before = await titles(page);
  const link = page.locator('.numbered ul.listings > li h2 a').nth(3);
  const name = (await link.textContent()).trim();
  await link.scrollIntoViewIfNeeded();
  const scrolled = await page.evaluate(() => scrollY);
  await link.click();
  await page.waitForFunction((heading) => document.querySelector('main h1')?.textContent === heading, name);
  check('a listing has its own address', /\/directory\/(services|events)\/[0-9a-f-]{36}$/.test(page.url()) ? '' : page.url());
  check('its heading has the focus', await page.evaluate(() => (document.activeElement?.tagName === 'H1' ? '' : String(document.activeElement?.outerHTML).slice(0, 80))));
  await page.goBack();
  await page.waitForSelector('.numbered');
  const after = await titles(page);
  check('"back" shows the same results', JSON.stringify(after) === JSON.stringify(before) ? '' : `${before.length} before, ${after.length} after`);
  check('where they were left', Math.abs((await page.evaluate(() => scrollY)) - scrolled) < 60 ? '' : 'elsewhere');
  check('and the words stand in the box', (await page.inputValue('#q')) === WORDS ? '' : 'they do not');
  await page.goForward();
  await page.waitForFunction((heading) => document.querySelector('main h1')?.textContent === heading, name);
  await page.click('button.way-back');
  await page.waitForSelector('.numbered');
  check('so does the button above the listing', JSON.stringify(await titles(page)) === JSON.stringify(before) ? '' : 'others');
  const telling = asked.filter((address) => /rent|arrears/.test(address));
  check('no address says what was searched for', telling.length === 0 ? '' : telling.join(' '));
  const kept = await page.evaluate(() => `${sessionStorage.length + localStorage.length} ${document.cookie} ${JSON.stringify(history.state)}`);
  check('nothing is stored', /^0  \{"shown":0\}$/.test(kept) ? '' : kept);
  await context.close();
}

{
  const { context, page } = await searched(WORDS);
  const before = await titles(page);
  await page.focus('a.skip');
  await page.keyboard.press('Enter');
  await page.waitForTimeout(1000);
  check('a link within the results leaves them as they are', page.url().endsWith('#main') && JSON.stringify(await titles(page)) === JSON.stringify(before) && (await page.inputValue('#q')) === WORDS ? '' : page.url());
  await page.goBack();
  await page.waitForTimeout(1000);
  check('and so does "back" from it', JSON.stringify(await titles(page)) === JSON.stringify(before) ? '' : page.url());
  await context.close();
}

{
  const { context, page } = await searched('advice');
  const before = await titles(page);
  await page.click('nav.pages button');
  await page.waitForFunction((first) => document.querySelector('.numbered ul.listings > li h2')?.textContent !== first, before[0]);
  await page.goBack();
  await page.waitForFunction((first) => document.querySelector('.numbered ul.listings > li h2')?.textContent === first, before[0]);
  check('"back" from the next results shows the first', JSON.stringify(await titles(page)) === JSON.stringify(before) ? '' : 'others');
  await context.close();
}

/** Back from another document, from memory or not: playwright waits for a load that does not come from memory. */
async function goBack(page) {
  await page.evaluate(() => history.back());
  await page.waitForURL(/\/directory\/search$/, { waitUntil: 'commit' });
  await page.waitForTimeout(1000);
}

{
  const { context, page } = await searched(WORDS);
  await page.goto(`${base}/directory/needs`);
  await goBack(page);
  const there = (await page.locator('.numbered').count()) + (await page.locator('form.search #q').count());
  check('coming back from another page shows the results or the form, and no error', there > 0 ? '' : await page.locator('body').innerText());
  await context.close();
}

/** A listing that was opened from results, and its name. */
async function opened(words) {
  const { context, page } = await searched(words);
  const link = page.locator('.numbered ul.listings > li h2 a').first();
  const name = (await link.textContent()).trim();
  await link.click();
  await page.waitForFunction((heading) => document.querySelector('main h1')?.textContent === heading, name);
  return { context, page, name };
}

/** Go back, wherever that leads, and wait until it is shown. */
async function back(page) {
  await page.evaluate(() => history.back());
  await page.waitForTimeout(1500);
}

const heading = (page) => page.locator('main h1').first().textContent();

/** That the results or the empty form are shown, at their address. */
async function isAtTheSearch(page) {
  const there = (await page.locator('.numbered').count()) + (await page.locator('form.search #q').count());
  return page.url() === `${base}/directory/search` && there > 0 && (await page.locator('p.by').count()) === (await page.locator('.numbered p.by').count());
}

for (const cached of [true, false]) {
  const { context, page, name } = await opened(WORDS);
  // A page with an open lock is not kept in memory.
  if (!cached) await page.evaluate(() => { addEventListener('unload', () => {}); navigator.locks?.request('kept', () => new Promise(() => {})); });
  await page.goto(`${base}/directory/needs`);
  await back(page);
  const kind = cached ? 'kept in memory' : 'not kept';
  check(`coming back from another page shows the listing (${kind})`, (await heading(page)) === name ? '' : `${page.url()} ${await heading(page)}`);
  await back(page);
  check(`and "back" once more the results or the form (${kind})`, (await isAtTheSearch(page)) && (await heading(page)) !== name ? '' : `${page.url()} ${await heading(page)}`);
  await context.close();
}

{
  const { context, page, name } = await opened(WORDS);
  await page.reload();
  check('a listing that is reloaded is there', (await heading(page)) === name ? '' : await heading(page));
  await back(page);
  check('"back" from it shows the empty form', (await isAtTheSearch(page)) && (await page.inputValue('#q')) === '' ? '' : `${page.url()} ${await heading(page)}`);
  await page.evaluate(() => history.forward());
  await page.waitForTimeout(1500);
  check('and "forward" the listing', (await heading(page)) === name ? '' : `${page.url()} ${await heading(page)}`);
  await context.close();
}

{
  const { context, page } = await searched('my partner hits me');
  check('a search that others had better not see has a way out', (await page.locator('.exit a').count()) === 1 ? '' : 'it has none');
  await page.goto(`${base}/directory/needs`);
  await goBack(page);
  const text = await page.locator('body').innerText();
  const isEmpty = (await page.locator('form.search #q').count()) === 1 && (await page.inputValue('#q')) === '';
  check('coming back to it shows the empty form', isEmpty && !text.includes('ERR_') ? '' : text.slice(0, 200));
  check('and no answer', (await page.locator('.numbered').count()) === 0 && !text.includes('hits me') ? '' : text.slice(0, 200));
  await context.close();
}

{
  const { context, page } = await searched(WORDS, { javaScriptEnabled: false });
  await page.locator('.numbered ul.listings > li h2 a').first().click();
  await page.waitForURL(/\/directory\/(services|events)\//);
  check('without JavaScript a listing opens as every page does', (await page.locator('main h1').count()) === 1 ? '' : 'it does not');
  await context.close();
}

// --- leaving at once -----------------------------------------------------------------------------

/** What is shown, or only hidden, at "back". From memory nothing is loaded, and what was not to be kept is refused. */
async function atBack(page) {
  await page.goBack({ waitUntil: 'commit', timeout: 5_000 }).catch(() => null);
  await page.waitForTimeout(1500);
  const written = await page.locator('input, textarea').evaluateAll((fields) => fields.map((field) => field.value)).catch(() => []);
  return [await page.locator('body').textContent().catch(() => ''), ...written].join(' ');
}

{
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(`${base}/directory/needs`);
  await page.evaluate(() => { window.mark = 'still here'; });
  await page.goto(`${base}/directory/about`);
  await atBack(page);
  check('the browser keeps a page that was left in its memory', (await page.evaluate(() => window.mark)) === 'still here' ? '' : 'it does not, so what follows says nothing of that');
  await context.close();
}

/** Somebody at the result of the questions, who has something to hide. */
async function answered(javaScriptEnabled) {
  const context = await browser.newContext({ javaScriptEnabled, viewport: { width: 375, height: 812 } });
  const page = await context.newPage();
  await page.goto(`${base}/help`);
  await page.getByRole('link', { name: 'Answer a few questions' }).click();
  await press(page, 'Start');
  await page.getByLabel('I am scared of a person').check();
  await press(page, 'Continue');
  await press(page, 'Show my result now');
  return { context, page };
}

for (const javaScriptEnabled of [true, false]) {
  const kind = javaScriptEnabled ? 'JavaScript on' : 'JavaScript off';
  {
    const { context, page } = await answered(javaScriptEnabled);
    const result = await page.locator('main').innerText();
    check(`the result has what nobody else may read (${kind})`, ANSWERED.test(result) ? '' : result.slice(0, 200));
    await exit(page);
    const shown = await atBack(page);
    check(`Exit from the result, and "back" shows no answers (${kind})`, ANSWERED.test(shown) ? shown.slice(0, 200) : '');
    const again = await atBack(page);
    check(`nor does "back" once more (${kind})`, ANSWERED.test(again) ? again.slice(0, 200) : '');
    await context.close();
  }
  {
    const { context, page } = await answered(javaScriptEnabled);
    await page.goto(`${base}/directory/needs`);
    const shown = await atBack(page);
    check(`left for another page, "back" shows no answers either (${kind})`, ANSWERED.test(shown) ? shown.slice(0, 200) : '');
    await context.close();
  }
}

{
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(`${base}/help`);
  await page.goto(`${base}/help/budget`);
  await page.getByLabel('Wages after tax', { exact: true }).fill('918273');
  await exit(page);
  const shown = await atBack(page);
  check('Exit from the budget, and "back" shows no amounts', /918,?273/.test(shown) ? shown.slice(0, 200) : '');
  await context.close();
}

{
  const { context, page } = await searched('my partner hits me');
  await exit(page);
  const shown = await atBack(page);
  check('Exit from results, and "back" shows nothing of the search, nor the box with its words', shown.includes('hits me') ? shown.slice(0, 200) : '');
  await context.close();
}

await browser.close();
console.log(`\n${held} held, ${broken.length} did not`);
process.exit(broken.length > 0 ? 1 : 0);
