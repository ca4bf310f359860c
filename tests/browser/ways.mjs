// The other ways in which people use the pages, in a real browser: with the keyboard alone, with text twice as
// large, and on paper.
//
//   node ways.mjs --base http://127.0.0.1:18080 --modules DIR/node_modules [--chromium PATH] [--screenshots DIR]
//
// Prints a line for each check; exits 1 when one does not hold.

import { mkdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { press } from './leaving.mjs';
import { BUDGET, QUIET_SERVICES, RESULT, firstId, pages, useDirectories, visit } from './pages.mjs';

const { values: options } = parseArgs({
  options: {
    base: { type: 'string', default: 'http://127.0.0.1:18080' },
    modules: { type: 'string', default: 'node_modules' },
    chromium: { type: 'string', default: '/usr/bin/chromium' },
    screenshots: { type: 'string' },
  },
});
const base = options.base.replace(/\/$/, '');
const require = createRequire(path.join(path.resolve(options.modules), 'x.js'));
const { chromium } = require('playwright-core');
const readPdf = require('pdf-parse/lib/pdf-parse.js');
useDirectories({ base });

const DESK = { width: 1280, height: 900 };
const MOST_TABS = 400;

let held = 0;
const broken = [];

/** One check; `problems` is what is wrong, so an empty list is what we want. */
function check(name, problems) {
  const list = [problems].flat().filter(Boolean);
  if (list.length === 0) {
    held += 1;
    console.log(`ok    ${name}`);
  } else {
    broken.push(name);
    console.log(`FAIL  ${name}`);
    for (const problem of list) console.log(`      ${problem}`);
  }
}

async function guarded(name, work) {
  try {
    await work();
  } catch (error) {
    check(name, String(error.message ?? error).split('\n').slice(0, 3));
  }
}

const browser = await chromium.launch({
  executablePath: options.chromium,
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--host-resolver-rules=MAP www.bbc.co.uk ~NOTFOUND'],
});
if (options.screenshots) await mkdir(options.screenshots, { recursive: true });

// --- the keyboard alone ---------------------------------------------------------------------------

/** What has the focus: a number of its own, and whether somebody who looks sees that it has it. */
function readFocus() {
  const focused = document.activeElement;
  if (!focused || focused === document.body) return { at: -1, what: 'nothing', seen: true };
  const all = globalThis.controls ?? [];
  const shows = (element) => {
    const style = getComputedStyle(element);
    const outlined = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 1;
    return outlined || style.boxShadow !== 'none';
  };
  const box = focused.getBoundingClientRect();
  const there = box.width > 0 && box.height > 0 && box.bottom > 0 && box.right > 0 && box.top < innerHeight && box.left < innerWidth;
  // What is drawn over it hides it.
  const over = there && document.elementFromPoint(Math.min(Math.max(box.left + box.width / 2, 0), innerWidth - 1), Math.min(Math.max(box.top + box.height / 2, 0), innerHeight - 1));
  const label = focused.labels?.[0];
  const hidden = over && !focused.contains(over) && !over.contains(focused) && !label?.contains(over);
  return { at: all.indexOf(focused), what: focused.outerHTML.slice(0, 110), seen: there && !hidden && (shows(focused) || (label && shows(label))) };
}

/** Give each control that somebody can see a number. Of radio buttons with one name the keyboard reaches one. */
function countControls() {
  const selector = 'a[href], button, input:not([type="hidden"]), select, textarea, summary, [tabindex="0"]';
  const reachable = [...document.querySelectorAll(selector)].filter((element) => element.tabIndex >= 0 && !element.disabled && element.checkVisibility({ visibilityProperty: true }));
  const groups = new Set();
  globalThis.controls = reachable.filter((element) => {
    if (element.type !== 'radio') return true;
    const group = `${element.form ? [...document.forms].indexOf(element.form) : ''} ${element.name}`;
    if (groups.has(group) && !element.checked) return false;
    groups.add(group);
    return true;
  });
  return globalThis.controls.map((element) => element.outerHTML.slice(0, 110));
}

/** Tab goes through everything that can be used, in order, and it is seen where it is. */
async function checkReach(entry) {
  const context = await browser.newContext({ viewport: DESK });
  const page = await context.newPage();
  await visit(page, entry, { waitUntil: 'networkidle' });
  const controls = await page.evaluate(countControls);
  const reached = new Set();
  const unseen = [];
  for (let tabs = 0; tabs < MOST_TABS; tabs += 1) {
    await page.keyboard.press('Tab');
    const focus = await page.evaluate(readFocus);
    if (focus.at < 0 || reached.has(focus.at)) break;
    reached.add(focus.at);
    if (!focus.seen) unseen.push(`not seen: ${focus.what}`);
  }
  const missed = controls.filter((_, at) => !reached.has(at)).map((what) => `never reached: ${what}`);
  check(`${entry.name}: the keyboard reaches each of ${controls.length} controls`, missed.slice(0, 3));
  check(`${entry.name}: the focus is seen wherever it is`, unseen.slice(0, 3));
  await context.close();
}

/** Tab until something has the focus; how many it took. */
async function tabTo(page, selector) {
  for (let tabs = 1; tabs <= MOST_TABS; tabs += 1) {
    await page.keyboard.press('Tab');
    const focus = await page.evaluate(readFocus);
    if (!focus.seen) throw new Error(`the focus cannot be seen on the way to ${selector}: ${focus.what}`);
    if (await page.evaluate((wanted) => document.activeElement?.matches(wanted), selector)) return tabs;
  }
  throw new Error(`${selector} is never reached`);
}

async function enter(page, way) {
  await page.locator('main').evaluate((main) => main.setAttribute('data-before', ''));
  await page.keyboard.press('Enter');
  await page.locator('main:not([data-before])').waitFor({ timeout: 10_000 });
  await page.waitForLoadState('load');
  if (await page.locator('.summary-of-errors').count()) throw new Error(`${way}: ${await page.locator('.summary-of-errors').innerText()}`);
}

/** From the first page to somebody's number, without a mouse. */
async function checkSearchByKeyboard() {
  const context = await browser.newContext({ viewport: DESK });
  const page = await context.newPage();
  await page.goto(`${base}/`, { waitUntil: 'networkidle' });
  await tabTo(page, 'input[name="q"]');
  await page.keyboard.type('food');
  await tabTo(page, 'input[name="postcode"]');
  await page.keyboard.type('LU1');
  await enter(page, 'search');
  check('keyboard: a search is sent with Enter', /result/.test(await page.locator('h1').innerText()) ? '' : page.url());
  await tabTo(page, 'main summary');
  await page.keyboard.press('Enter');
  check('keyboard: the filters open', (await page.locator('main details[open]').count()) > 0 ? '' : 'they stay closed');
  await tabTo(page, 'input[name="free"]');
  await page.keyboard.press('Space');
  await enter(page, 'narrowed');
  check('keyboard: the search is narrowed down', (await page.locator('ul.narrowed li').count()) > 0 ? '' : await page.locator('main').innerText());
  await tabTo(page, 'input[name="keep"]');
  await page.keyboard.press('Space');
  check('keyboard: a listing is kept', (await page.locator('input[name="keep"]:checked').count()) === 1 ? '' : 'no tick');
  await page.goto(`${base}/directory/search?q=food&postcode=LU1`, { waitUntil: 'networkidle' });
  await tabTo(page, '.listings h2 a');
  await enter(page, 'listing');
  check('keyboard: a result leads to its listing', /\/directory\/(services|events)\//.test(page.url()) ? '' : page.url());
  await context.close();
}

/** From the first question to the saved plan, without a mouse; Exit is never far. */
async function checkQuestionsByKeyboard() {
  const context = await browser.newContext({ viewport: DESK, acceptDownloads: true });
  const page = await context.newPage();
  await page.goto(`${base}/help`, { waitUntil: 'networkidle' });
  const exit = await tabTo(page, '.exit a, .exit button');
  check('keyboard: Exit is among the first things', exit <= 12 ? '' : `it takes ${exit} tabs`);
  await page.goto(`${base}/help`, { waitUntil: 'networkidle' });
  await tabTo(page, 'main a[href$="/help/check"]');
  await enter(page, 'questions');
  await tabTo(page, 'input[name="postcode"]');
  await page.keyboard.type('LU1 2AA');
  await enter(page, 'start');
  await tabTo(page, 'main input[type="checkbox"], main input[type="radio"]');
  await page.getByLabel('I am scared of a person').focus();
  await page.keyboard.press('Space');
  await enter(page, 'answer');
  check('keyboard: urgent help is on the very next page', (await page.locator('main').innerText()).includes('0808 2000 247') ? '' : await page.locator('main').innerText());
  const number = await tabTo(page, 'main a[href^="tel:"]');
  check('keyboard: its number is among the first things', number <= 12 ? '' : `it takes ${number} tabs`);
  const pressed = async (name) => {
    for (let tabs = 0; tabs < MOST_TABS; tabs += 1) {
      await page.keyboard.press('Tab');
      if (await page.evaluate((words) => document.activeElement?.innerText?.trim() === words, name)) return enter(page, name);
    }
    throw new Error(`“${name}” is never reached`);
  };
  await pressed('Continue with the questions');
  await pressed('Show my result now');
  check('keyboard: the result is reached', (await page.locator('main').innerText()).includes('0808 2000 247') ? '' : page.url());
  const coming = page.waitForEvent('download', { timeout: 10_000 });
  for (let tabs = 0; tabs < MOST_TABS; tabs += 1) {
    await page.keyboard.press('Tab');
    if (await page.evaluate(() => document.activeElement?.innerText?.trim() === 'Save as a file')) break;
  }
  await page.keyboard.press('Enter');
  check('keyboard: the plan is saved', (await coming).suggestedFilename() === 'my-plan.html' ? '' : 'under another name');
  await context.close();
}

/** Where somebody says where they are, they read that nobody knows the place: the numbers above it are as they were. */
async function checkUnknownPlace() {
  const context = await browser.newContext({ viewport: DESK });
  const page = await context.newPage();
  await page.goto(`${base}/help/check`, { waitUntil: 'networkidle' });
  await press(page, 'Start');
  await press(page, 'Continue');
  await page.getByLabel('No', { exact: true }).check();
  await press(page, 'Continue');
  for (const [place, said] of [['nowhere', 'We do not know the place'], ['', 'We do not know your council']]) {
    await page.getByLabel('Postcode or town').fill(place);
    await press(page, 'Show the right numbers');
    const read = await page.evaluate(() => document.activeElement?.innerText ?? '');
    check(`questions: “${place}” as a place, and the focus is on what is said about it`, read.includes(said) ? '' : read);
  }
  await context.close();
}

// --- text twice as large --------------------------------------------------------------------------

/** Text that is cut off by its own box, or a page that has to be scrolled sideways. */
function readCutOff() {
  const { scrollWidth, clientWidth } = document.documentElement;
  const cut = [...document.body.querySelectorAll('*')].filter((element) => {
    const style = getComputedStyle(element);
    const hides = ['hidden', 'clip'].includes(style.overflowX) || ['hidden', 'clip'].includes(style.overflowY);
    const unseen = element.clientWidth <= 1 || element.clientHeight <= 1;
    return hides && !unseen && element.innerText?.trim() && (element.scrollWidth > element.clientWidth + 1 || element.scrollHeight > element.clientHeight + 1);
  });
  const wide = [...document.body.querySelectorAll('*')].filter((element) => scrollWidth > clientWidth && element.getBoundingClientRect().right > clientWidth + 1);
  return [
    scrollWidth > clientWidth ? `${scrollWidth} px of content in ${clientWidth} px: ${wide.slice(0, 2).map((element) => element.outerHTML.slice(0, 80)).join(' | ')}` : '',
    ...cut.slice(0, 3).map((element) => `cut off: ${element.outerHTML.slice(0, 100)}`),
  ];
}

async function checkLargeText(entry) {
  // The setting of a browser, which pages cannot forbid.
  const context = await browser.newContext({ viewport: DESK, bypassCSP: true });
  const page = await context.newPage();
  await visit(page, entry, { waitUntil: 'load' });
  await page.addStyleTag({ content: ':root { font-size: 200% !important; }' });
  check(`${entry.name}: text at 200 % is neither cut off nor beside the page`, await page.evaluate(readCutOff));
  if (options.screenshots) await page.screenshot({ path: path.join(options.screenshots, `${entry.name}-large.png`), fullPage: true });
  await context.close();
}

// --- on paper -------------------------------------------------------------------------------------

const NAVIGATION = ['Skip to main content', 'Browse by need', 'Work out what helps', 'Shift three times', 'Report something wrong'];

/** What stands on paper: `wanted` does, ways to go on and away do not. */
async function checkPaper({ name, wanted, unwanted = [], ...entry }) {
  const context = await browser.newContext({ viewport: DESK });
  const page = await context.newPage();
  await visit(page, entry, { waitUntil: 'load' });
  const words = typeof wanted === 'function' ? await wanted(page) : wanted;
  const file = options.screenshots ? path.join(options.screenshots, `paper-${name}.pdf`) : undefined;
  const printed = await readPdf(await page.pdf({ format: 'A4', path: file }));
  // How lines are broken is the printer's matter.
  const squeezed = (text) => text.replace(/\s+/g, '').toLowerCase();
  const text = squeezed(printed.text);
  check(`${name}: what matters is on paper`, words.filter((word) => !text.includes(squeezed(word))).map((word) => `missing: ${word}`));
  check(`${name}: Exit and ways on are not`, ['Exit this page', ...NAVIGATION, ...unwanted].filter((word) => text.includes(squeezed(word))).map((word) => `printed: ${word}`));
  check(`${name}: it takes few sheets`, printed.numpages <= 12 ? '' : `${printed.numpages} pages`);
  await context.close();
}

const headings = async (page) => [(await page.locator('h1').innerText()).trim()];
const withNumber = async (page) => [...(await headings(page)), (await page.locator('a[href^="tel:"]').first().innerText()).trim()];

const PAPERS = [
  { name: 'result', path: '/help/check', form: RESULT, wanted: withNumber, unwanted: ['Save as a file'] },
  { name: 'plan', path: '/help/plan', form: RESULT, file: true, wanted: withNumber },
  { name: 'budget', path: '/help/budget', form: BUDGET, wanted: async (page) => [...(await headings(page)), '£1,200', '£650'] },
  { name: 'budget-plan', path: '/help/budget/plan', form: BUDGET, file: true, wanted: ['£1,200', '£650'] },
  { name: 'shortlist', path: '/directory/shortlist', form: `keep=${await firstId('services?need=food-emergency')}`, wanted: async (page) => [...(await headings(page)), (await page.locator('main ol > li a').first().innerText()).trim()] },
  { name: 'service', path: `/directory/services/${await firstId('services?need=food-emergency')}`, wanted: headings },
  { name: 'service-quiet', path: `/directory/services/${await firstId(QUIET_SERVICES)}`, wanted: headings },
];

// --- all of it ------------------------------------------------------------------------------------

const REACHED = [
  'home', 'search', 'search-quiet', 'search-mistaken', 'whats-on', 'needs', 'need', 'service', 'service-quiet', 'organisation', 'place', 'event', 'report', 'list', 'guide',
  'help', 'help-start', 'help-question', 'help-urgent', 'help-result', 'help-budget-filled', 'accessibility', 'embed-search', 'not-found',
];

const all = (await pages()).filter((entry) => !entry.lang);
for (const entry of all.filter(({ name }) => REACHED.includes(name))) await guarded(`${entry.name}: keyboard`, () => checkReach(entry));
await guarded('keyboard: search', checkSearchByKeyboard);
await guarded('keyboard: questions', checkQuestionsByKeyboard);
await guarded('questions: unknown place', checkUnknownPlace);
for (const entry of all) await guarded(`${entry.name}: large text`, () => checkLargeText(entry));
for (const entry of PAPERS) await guarded(`${entry.name}: paper`, () => checkPaper(entry));
await browser.close();
console.log(`\n${held} of ${held + broken.length} checks hold`);
for (const name of broken) console.log(`  broken: ${name}`);
process.exitCode = broken.length > 0 ? 1 : 0;
