// Looks at every kind of page in a real browser, the way the people who need it do: on a phone, with
// a keyboard, with a screen reader's eyes (axe), and with JavaScript off.
//
//   node check.mjs --base http://127.0.0.1:18080 --elsewhere URL --gone ID --modules DIR/node_modules
//     [--chromium PATH] [--screenshots DIR]
//
// Prints a line for each check; exits 1 when one does not hold.

import { mkdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { ANSWERED, NOWHERE, exit, leaving, press } from './leaving.mjs';
import { baseOf, pages, useDirectories, visit } from './pages.mjs';

const { values: options } = parseArgs({
  options: {
    base: { type: 'string', default: 'http://127.0.0.1:18080' },
    elsewhere: { type: 'string' }, // another directory, with a standing notice
    gone: { type: 'string' }, // the id of a service that it has withdrawn
    modules: { type: 'string', default: 'node_modules' },
    chromium: { type: 'string', default: '/usr/bin/chromium' },
    screenshots: { type: 'string' },
  },
});
const base = options.base.replace(/\/$/, '');
const require = createRequire(path.join(path.resolve(options.modules), 'x.js'));
const { chromium } = require('playwright-core');
const axe = require('axe-core');
useDirectories({ base, elsewhere: options.elsewhere, gone: options.gone });

// 320: the narrowest screen that WCAG's reflow asks for, which is also 1280 at 400 % zoom.
// 640 is 1280 at 200 %. The first visit of each page is at 375.
const WIDTHS = [320, 640, 1280];
const MOST_BYTES = 100_000;
const AXE = {
  runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
  rules: { 'target-size': { enabled: true } }, // off by default although it is WCAG 2.2 AA
};

// --- what is checked and what came out -----------------------------------------------------------

let held = 0;
const broken = [];

/** One check; `problems` is what is wrong, so an empty list is what we want. */
function check(page, name, problems) {
  const list = [problems].flat().filter(Boolean);
  if (list.length === 0) {
    held += 1;
    console.log(`ok    ${page}: ${name}`);
  } else {
    broken.push(`${page}: ${name}`);
    console.log(`FAIL  ${page}: ${name}`);
    for (const problem of list) console.log(`      ${problem}`);
  }
}

// --- a first visit: what travels, what the document says -----------------------------------------

/** Listen to everything a page loads and complains about. Call before it is visited. */
async function listen(context, page, entry) {
  const heard = { bytes: 0, foreign: [], complaints: [] };
  const devtools = await context.newCDPSession(page);
  await devtools.send('Network.enable');
  devtools.on('Network.loadingFinished', (event) => { heard.bytes += event.encodedDataLength; });
  page.on('request', (request) => {
    const url = new URL(request.url());
    if (url.protocol !== 'data:' && url.origin !== new URL(baseOf(entry)).origin) heard.foreign.push(request.url());
  });
  page.on('console', (message) => {
    // Chromium logs the answer of a page that is meant to be missing, or mistaken.
    const expected = message.location().url === page.url() && /status of (404|400|410)/.test(message.text());
    if (message.type() === 'error' && !expected) heard.complaints.push(message.text());
  });
  page.on('pageerror', (error) => heard.complaints.push(String(error)));
  return heard;
}

function policyProblems(policy) {
  if (!policy) return ['no Content-Security-Policy header'];
  return ["'unsafe-inline'", "'unsafe-eval'"].filter((word) => policy.includes(word)).map((word) => `${word} in: ${policy}`);
}

/** What a screen reader meets first, read out of the document. */
function readOutline() {
  const skip = document.querySelector('body > a[href^="#"]');
  const target = skip?.getAttribute('href').slice(1);
  return {
    lang: document.documentElement.lang,
    dir: document.documentElement.dir,
    title: document.title.trim(),
    h1: document.querySelectorAll('h1').length,
    skip: !skip ? 'no skip link' : document.getElementById(target) ? '' : `skip link leads to #${target}, which is not there`,
  };
}

/** The first thing that Tab reaches must be the skip link, and it must then be seen. */
async function skipLinkProblems(page) {
  await page.keyboard.press('Tab');
  return page.evaluate(() => {
    const focused = document.activeElement;
    if (focused?.tagName !== 'A' || !focused.getAttribute('href').startsWith('#')) {
      return `Tab reaches ${focused?.outerHTML.slice(0, 100)} first`;
    }
    const box = focused.getBoundingClientRect();
    const seen = box.width > 1 && box.height > 1 && box.right > 0 && box.bottom > 0;
    return seen ? '' : 'the skip link has the focus and cannot be seen';
  });
}

async function checkFirstVisit(browser, entry, titles) {
  const { name, path: where, status = 200, titleOf = name, lang = 'en-GB', dir = '', embedded = false, file = false } = entry;
  const context = await browser.newContext({ viewport: { width: 375, height: 812 } });
  const page = await context.newPage();
  const heard = await listen(context, page, entry);
  const response = await visit(page, entry, { waitUntil: 'networkidle' });
  check(name, `answers ${status}`, response.status() === status ? '' : `${where} answered ${response.status()}`);
  if (!file) check(name, 'Content-Security-Policy without holes', policyProblems(response.headers()['content-security-policy']));
  const outline = await page.evaluate(readOutline);
  check(name, `lang is ${lang}`, outline.lang === lang && outline.dir === dir ? '' : `lang is "${outline.lang}", dir is "${outline.dir}"`);
  if (!embedded && !file) {
    check(name, 'one h1', outline.h1 === 1 ? '' : `${outline.h1} h1 elements`);
    check(name, 'skip link', outline.skip);
    check(name, 'Tab reaches the skip link first', await skipLinkProblems(page));
  }
  const title = `${outline.lang} ${outline.title}`;
  const other = titles.get(title) ?? titleOf;
  check(name, 'title of its own', !outline.title ? 'no title' : other === titleOf ? '' : `"${outline.title}" is also the title of ${other}`);
  titles.set(title, titleOf);
  check(name, 'nothing leaves the origin', heard.foreign);
  // A file from a disk has no icon to ask for.
  if (!file) check(name, 'nothing on the console', heard.complaints);
  check(name, `first load under ${MOST_BYTES} bytes`, heard.bytes < MOST_BYTES ? '' : `${heard.bytes} bytes`);
  await context.close();
}

// --- each width: axe, sideways scrolling, a picture ----------------------------------------------

function describe(violation) {
  return violation.nodes.map((node) => `${violation.id} (${violation.impact}): ${violation.help}: ${node.target.join(' ')}`);
}

/** What sticks out on either side, when the page can be scrolled sideways. */
function readOverflow() {
  const { scrollWidth, clientWidth } = document.documentElement;
  if (scrollWidth <= clientWidth) return [];
  const wide = [...document.body.querySelectorAll('*')].filter((element) => element.getBoundingClientRect().right > clientWidth + 1 || element.getBoundingClientRect().left < -1);
  return [`${scrollWidth} px of content in ${clientWidth} px`, ...wide.slice(0, 3).map((element) => element.outerHTML.slice(0, 100))];
}

async function checkWidth(browser, entry, width) {
  const { name } = entry;
  const context = await browser.newContext({ viewport: { width, height: width < 600 ? 812 : 900 } });
  const page = await context.newPage();
  await visit(page, entry, { waitUntil: 'load' });
  check(name, `${width} px: no sideways scrolling`, await page.evaluate(readOverflow));
  if (options.screenshots) await page.screenshot({ path: path.join(options.screenshots, `${name}-${width}.png`), fullPage: true });
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate((how) => globalThis.axe.run(document, how), AXE);
  check(name, `${width} px: axe`, violations.flatMap(describe));
  await context.close();
}

/** Other colours: dark, and those that somebody has forced upon every page. */
async function checkColours(browser, entry) {
  const context = await browser.newContext({ viewport: { width: 375, height: 812 } });
  const page = await context.newPage();
  await visit(page, entry, { waitUntil: 'load' });
  await page.evaluate(axe.source);
  for (const [colours, settings] of [['dark', { colorScheme: 'dark' }], ['forced colours', { colorScheme: 'light', forcedColors: 'active' }]]) {
    await page.emulateMedia(settings);
    const { violations } = await page.evaluate((how) => globalThis.axe.run(document, how), AXE);
    check(entry.name, `${colours}: axe`, violations.flatMap(describe));
  }
  await context.close();
}

// --- JavaScript off: the same words, the same ways on --------------------------------------------

/** What a reader gets from a page, by means that need no script in it. */
async function readPlainly(context, entry) {
  const page = await context.newPage();
  await visit(page, entry, { waitUntil: 'load' });
  const main = page.locator('main');
  const words = (await main.innerText()).replace(/\s+/g, ' ').trim();
  const links = await page.locator('a[href]').evaluateAll((all) => all.map((link) => link.getAttribute('href')));
  await page.close();
  return { words, links };
}

async function checkWithoutScript(plain, scripted, entry) {
  const { name } = entry;
  const without = await readPlainly(plain, entry);
  const withScript = await readPlainly(scripted, entry);
  const problems = [];
  if (without.words.length < 20) problems.push(`main says only "${without.words}"`);
  if (without.words.length < withScript.words.length * 0.9) problems.push(`${without.words.length} characters of text, ${withScript.words.length} with JavaScript`);
  const lost = withScript.links.filter((link) => !without.links.includes(link));
  check(name, 'JavaScript off: the same text', problems);
  check(name, 'JavaScript off: the same links', without.links.length === 0 ? 'no links' : lost.map((link) => `only with JavaScript: ${link}`));
}

/** From the front page to a service with nothing but a form and a link. */
async function checkJourneyWithoutScript(plain) {
  const page = await plain.newPage();
  await page.goto(`${base}/`);
  await page.locator('input[name="q"]').first().fill('food');
  await page.locator('input[name="q"]').first().press('Enter');
  await page.waitForURL(/\/directory\/search/, { timeout: 10_000 });
  check('journey', 'JavaScript off: the search form searches, and its words stay out of the address', /food/.test(page.url()) ? `it leads to ${page.url()}` : '');
  await page.locator('main a[href*="/directory/services/"]').first().click({ timeout: 10_000 });
  const heading = (await page.locator('h1').innerText()).trim();
  check('journey', 'JavaScript off: a result leads to a service', /\/directory\/services\//.test(page.url()) && heading ? '' : `it leads to ${page.url()}`);
  await page.close();
}

/** From what is on this week, narrowed down, to an event. */
async function checkWeekWithoutScript(plain) {
  const page = await plain.newPage();
  await page.goto(`${base}/directory/whats-on`);
  await page.locator('main summary').first().click();
  await page.locator('main input[name="postcode"]').first().fill('LU1 2AA');
  await page.locator('main form.search button').first().click();
  await page.waitForLoadState('load');
  check('journey', 'JavaScript off: the week is narrowed down, and the postcode stays out of the address', /LU1/i.test(page.url()) ? `it leads to ${page.url()}` : '');
  const distances = await page.locator('main').getByText(/mile away|miles away/).count();
  check('journey', 'JavaScript off: it says how far away things are', distances > 0 ? '' : 'no distance anywhere');
  await page.locator('main a[href*="/directory/events/"]').first().click({ timeout: 10_000 });
  check('journey', 'JavaScript off: a date leads to its event', /\/directory\/events\//.test(page.url()) ? '' : `it leads to ${page.url()}`);
  await page.close();
}

/** A list is ticked together without a script, and opened from its link with one. */
async function checkList(plain, scripted) {
  const page = await plain.newPage();
  await page.goto(`${base}/`);
  await page.locator('input[name="q"]').first().fill('food');
  await page.locator('input[name="q"]').first().press('Enter');
  const boxes = page.locator('input[type="checkbox"][name="keep"]');
  await boxes.nth(0).check();
  await boxes.nth(1).check();
  await page.getByRole('button', { name: 'Make a list' }).click();
  check('journey', 'JavaScript off: what is ticked becomes a list', (await page.locator('main ol > li').count()) === 2 ? '' : await page.locator('main').innerText());
  const link = await page.getByLabel('Link to this list').inputValue();
  await page.getByRole('button', { name: 'Go back to the results' }).click();
  check('journey', 'JavaScript off: back among the results both stay ticked', (await boxes.nth(0).isChecked()) && (await boxes.nth(1).isChecked()) ? '' : 'a tick is lost');
  await page.close();
  const other = await scripted.newPage();
  const asked = [];
  other.on('request', (request) => asked.push(request.url()));
  await other.goto(link.replace(/^https?:\/\/[^/]+/, base));
  await other.locator('main ol > li').nth(1).waitFor({ timeout: 10_000 });
  const told = asked.filter((url) => /[0-9a-f]{8}-/.test(url.split('#')[0]));
  check('journey', 'a link to a list opens it, and no address that is asked for says what is on it', told);
  await other.close();
}

// --- self-help: nothing in addresses, urgent help first, a way out ------------------------------------

/** Where the first number is, unless a narrow phone shows it without scrolling. */
async function belowTheFold(page) {
  const size = page.viewportSize();
  await page.setViewportSize({ width: 320, height: 640 });
  const bottom = await page.locator('main a[href^="tel:"]').first().evaluate((link) => link.getBoundingClientRect().bottom + scrollY);
  await page.setViewportSize(size);
  return bottom <= 640 ? '' : `it ends at ${bottom}`;
}

/** From the start to the result, with the scripts or without. */
async function answerQuestions(page, name) {
  await page.goto(`${base}/help`);
  await page.getByRole('link', { name: 'Answer a few questions' }).click();
  await page.getByLabel('Postcode').fill('LU1 2AA');
  await press(page, 'Start');
  await page.getByLabel('I am scared of a person').check();
  await press(page, 'Continue');
  const urgent = await page.locator('main').innerText();
  check('journey', `${name}: urgent help is on the very next page, with a number to tap`, urgent.includes('0808 2000 247') && !urgent.includes('sleep tonight') ? '' : urgent.slice(0, 200));
  check('journey', `${name}: the number is on the first screen of urgent help`, await belowTheFold(page));
  await press(page, 'Continue with the questions');
  await page.getByLabel('only for a few nights').check();
  await press(page, 'Continue');
  await press(page, 'Show my result now');
  const result = await page.locator('main').innerText();
  check('journey', `${name}: the result keeps it, and says why`, result.includes('0808 2000 247') && result.includes('I am scared of') ? '' : result.slice(0, 200));
  check('journey', `${name}: the number is on the first screen of the result`, await belowTheFold(page));
  check('journey', `${name}: no answer is in the address or the title`, /LU1|scared|afraid|result/i.test(page.url()) || /abuse|scared/i.test(await page.title()) ? `${page.url()} ${await page.title()}` : '');
}

async function checkQuestions(browser, javaScriptEnabled) {
  const name = javaScriptEnabled ? 'JavaScript on' : 'JavaScript off';
  const context = await browser.newContext({ javaScriptEnabled, viewport: { width: 375, height: 812 }, acceptDownloads: true });
  const page = await context.newPage();
  await answerQuestions(page, name);
  const coming = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Save as a file' }).click();
  const download = await coming;
  check('journey', `${name}: the plan is saved under a name that says nothing`, download.suggestedFilename() === 'my-plan.html' ? '' : download.suggestedFilename());
  await exit(page);
  await page.goBack().catch(() => null); // the browser refuses: the page was not to be kept
  const shown = await page.locator('body').innerText().catch(() => '');
  check('journey', `${name}: Exit leaves at once, and Back shows no answers`, ANSWERED.test(shown) ? shown.slice(0, 200) : '');
  if (javaScriptEnabled) check('journey', `${name}: no question stays in the list of Back`, page.url() === `${base}/help` ? '' : page.url());
  check('journey', `${name}: no cookies`, (await context.cookies()).map((cookie) => cookie.name));
  await context.close();
}

async function checkShiftThrice(browser) {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(`${base}/help/budget`, { waitUntil: 'networkidle' });
  const left = leaving(page);
  for (let press = 0; press < 3; press += 1) await page.keyboard.press('Shift');
  const stayed = await left.then(() => '', () => 'nothing left the page');
  check('journey', 'Shift three times leaves at once', stayed);
  await context.close();
}

/** The sums appear while somebody types, and nothing is sent. */
async function checkLiveSums(browser) {
  const context = await browser.newContext({ viewport: { width: 375, height: 812 } });
  const page = await context.newPage();
  await page.goto(`${base}/help/budget`, { waitUntil: 'networkidle' });
  const sent = [];
  // The browser fetches the icon of a tab when it likes, also long after the page was complete.
  const icon = `${base}/assets/icon.svg`;
  page.on('request', (request) => { if (request.url() !== icon) sent.push(request.url()); });
  await page.getByLabel('Wages after tax', { exact: true }).fill('1850');
  await page.getByLabel('Food and cleaning', { exact: true }).fill('95');
  await page.getByLabel('Gas', { exact: true }).fill('lots');
  await page.keyboard.press('Tab');
  const live = await page.locator('.live').innerText();
  check('journey', 'the sums are worked out while somebody types', live.includes('£1,850.00') && live.includes('£1,438.33') ? '' : live);
  check('journey', 'a wrong amount is said beside its field', await page.locator('#out-gas-error').isVisible() ? '' : 'no error beside Gas');
  check('journey', 'nothing is sent while somebody types', sent);
  await context.close();
}

// --- all of it -----------------------------------------------------------------------------------

/** A page that breaks the check itself (no main, no answer) is a failed check, not the end of the run. */
async function guarded(page, name, work) {
  try {
    await work();
  } catch (error) {
    check(page, name, String(error.message ?? error).split('\n').slice(0, 3));
  }
}

/** Two at a time: while one page is waited for, another one is looked at. */
async function forEach(pages, look) {
  const left = [...pages];
  const one = async () => {
    for (let page = left.shift(); page; page = left.shift()) await look(page);
  };
  await Promise.all([one(), one()]);
}

async function main() {
  if (options.screenshots) await mkdir(options.screenshots, { recursive: true });
  const all = await pages();
  // Chromium's own look-ups (updates, sync) are none of the page's business.
  const browser = await chromium.launch({
    executablePath: options.chromium,
    args: ['--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync', NOWHERE],
  });
  try {
    const titles = new Map();
    await forEach(all, async (page) => {
      await guarded(page.name, 'first visit', () => checkFirstVisit(browser, page, titles));
      // A page in another language differs from its English one in words and direction.
      const widths = page.lang ? [320] : WIDTHS;
      for (const width of widths) await guarded(page.name, `${width} px`, () => checkWidth(browser, page, width));
      if (!page.lang) await guarded(page.name, 'colours', () => checkColours(browser, page));
    });
    const plain = await browser.newContext({ javaScriptEnabled: false, viewport: { width: 375, height: 812 } });
    const scripted = await browser.newContext({ viewport: { width: 375, height: 812 } });
    for (const page of all.filter((entry) => !entry.file)) await guarded(page.name, 'JavaScript off', () => checkWithoutScript(plain, scripted, page));
    await guarded('journey', 'JavaScript off', () => checkJourneyWithoutScript(plain));
    await guarded('journey', 'JavaScript off, the week', () => checkWeekWithoutScript(plain));
    await guarded('journey', 'a list', () => checkList(plain, scripted));
    await guarded('journey', 'questions, JavaScript off', () => checkQuestions(browser, false));
    await guarded('journey', 'questions, JavaScript on', () => checkQuestions(browser, true));
    await guarded('journey', 'Shift three times', () => checkShiftThrice(browser));
    await guarded('journey', 'sums', () => checkLiveSums(browser));
  } finally {
    await browser.close();
  }
  console.log(`\n${held} of ${held + broken.length} checks hold on ${all.length} kinds of page`);
  for (const name of broken) console.log(`  broken: ${name}`);
  process.exitCode = broken.length > 0 ? 1 : 0;
}

await main();
