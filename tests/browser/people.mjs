// The journeys of people who keep listings and of those who decide, in a real browser on a phone with
// JavaScript off: from the link to "updated" in so many pages, and what axe says of each page.
//
//   node people.mjs --base http://127.0.0.1:18080 --demo FILE --modules DIR/node_modules [--chromium PATH] [--screenshots DIR]
//
// FILE is what `fingerpost demo` printed: it has a sign-in link for each role. Prints a line for each
// check; exits 1 when one does not hold.

import { mkdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { parseArgs } from 'node:util';

const { values: options } = parseArgs({
  options: {
    base: { type: 'string', default: 'http://127.0.0.1:18080' },
    demo: { type: 'string' },
    modules: { type: 'string', default: 'node_modules' },
    chromium: { type: 'string', default: '/usr/bin/chromium' },
    screenshots: { type: 'string' },
  },
});
const base = options.base.replace(/\/$/, '');
const require = createRequire(path.join(path.resolve(options.modules), 'x.js'));
const { chromium } = require('playwright-core');
const axe = require('axe-core');

const MOST_BYTES = 100_000;
const PHONE = { width: 375, height: 740 };
const DESK = { width: 1280, height: 900 };
const AXE = {
  runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
  rules: { 'target-size': { enabled: true } }, // off by default although it is WCAG 2.2 AA
};

let held = 0;
const broken = [];

function check(name, holds, otherwise = '') {
  if (holds) {
    held += 1;
    console.log(`ok    ${name}`);
  } else {
    broken.push(name);
    console.log(`FAIL  ${name} ${otherwise}`);
  }
}

const printed = await readFile(options.demo, 'utf8');
const wayIn = (role) => new RegExp(`^ +${role} +(http\\S+)`, 'm').exec(printed)?.[1] ?? printed.slice(-400);
const browser = await chromium.launch({
  executablePath: options.chromium,
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--disable-background-networking'],
});
if (options.screenshots) await mkdir(options.screenshots, { recursive: true });

/** Somebody with a browser of their own, whose pages are counted and weighed. */
async function comes(role, viewport) {
  const context = await browser.newContext({ viewport, javaScriptEnabled: false });
  const page = await context.newPage();
  const somebody = { role, context, page, loads: 0 };
  page.on('request', (request) => {
    if (new URL(request.url()).origin !== base) check(`${role} asks nobody else`, false, request.url());
  });
  page.on('response', async (response) => {
    if (response.request().resourceType() !== 'document' || response.status() >= 300) return;
    somebody.loads += 1;
    const size = (await response.body().catch(() => Buffer.alloc(0))).length;
    if (size > MOST_BYTES) check(`${response.url()} is small`, false, `${size} bytes`);
  });
  return somebody;
}

/** The same, signed in. */
async function signIn(role, viewport) {
  const somebody = await comes(role, viewport);
  await somebody.page.goto(wayIn(role));
  await look(somebody, `link-of-${role}`);
  await somebody.page.click('main button');
  return somebody;
}

/**
 * What axe says of the page that is there, which needs scripts and so another window. It gets what this one shows,
 * not what its address would answer: after a form that is another page.
 */
async function look(somebody, name) {
  if (options.screenshots) await somebody.page.screenshot({ path: path.join(options.screenshots, `people-${name}.png`), fullPage: true });
  const context = await browser.newContext({ viewport: PHONE, bypassCSP: true });
  await context.addCookies(await somebody.context.cookies());
  const page = await context.newPage();
  const [url, body] = [somebody.page.url(), await somebody.page.content()];
  await page.route(url, (route) => route.fulfill({ body, contentType: 'text/html; charset=utf-8' }));
  await page.goto(url);
  await page.evaluate(axe.source);
  const found = await page.evaluate((how) => window.axe.run(how), AXE);
  const wide = await page.evaluate(() => document.documentElement.scrollWidth);
  await context.close();
  check(`${name}: axe`, found.violations.length === 0, found.violations.map((one) => `${one.id}: ${one.nodes[0].html}`).join('\n      '));
  check(`${name}: fits a phone`, wide <= PHONE.width, `${wide} px`);
}

// A volunteer: from the link in the mail to a changed opening time.
const editor = await signIn('editor', PHONE);
await look(editor, 'account');
await editor.page.click('main .listings a');
await look(editor, 'listing');
const listing = editor.page.url().split('?')[0];
await editor.page.click('a[href$="/times"]');
await look(editor, 'times');
await editor.page.selectOption('#day-0', 'TU');
await editor.page.click('button[value=save]:not(.unseen)');
check('a changed time is public', (await editor.page.textContent('main')).includes('It is public now'));
check('link to a changed opening time in at most 6 pages', editor.loads <= 6, `${editor.loads} pages`);
await editor.page.click('form[action$="/undo"] button');
check('and undone', (await editor.page.textContent('main')).includes('Undone.'));
await editor.page.click('button[value=owner]');
check('it is confirmed in one tap', (await editor.page.textContent('main')).includes('checked today'));
for (const section of ['status', 'about', 'who', 'place', 'cost', 'contact', 'categories', 'share', 'history']) {
  await editor.page.goto(`${listing}/${section}`);
  await look(editor, section);
}
// Seen as the public will, before it is saved.
await editor.page.goto(`${listing}/cost`);
await editor.page.check('#free-1');
await editor.page.fill('#cost', '£4 a visit');
await editor.page.click('button[value=preview]');
const preview = await editor.page.textContent('main');
check('a preview is the public page with the change', preview.includes('This is a preview.') && preview.includes('£4 a visit'));
await look(editor, 'preview');
await editor.page.click('button[value=again]');
check('and what was typed is still there', (await editor.page.inputValue('#cost')) === '£4 a visit');
// Needs in everyday words.
await editor.page.goto(`${listing}/categories`);
await editor.page.fill('#find', 'cannot pay the rent');
await editor.page.click('button[value=find]');
check('everyday words lead to needs', (await editor.page.textContent('main')).includes('Tick the ones that fit'));
await look(editor, 'needs-found');
// Sheets to print fit one sheet.
await editor.page.goto(`${listing}/share`);
for (const [sheet, width, height] of [['leaflet', 420, 595], ['poster', 595, 842]]) {
  const href = await editor.page.getAttribute(`a[href$="/${sheet}"]`, 'href');
  const paper = await editor.context.newPage();
  await paper.goto(base + href);
  const file = options.screenshots ? path.join(options.screenshots, `people-${sheet}.pdf`) : undefined;
  const pdf = (await paper.pdf({ preferCSSPageSize: true, printBackground: false, path: file })).toString('latin1');
  const boxes = [...pdf.matchAll(/\/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]/g)].map((box) => box.slice(1).map(Number));
  const fits = boxes.length === 1 && Math.abs(boxes[0][0] - width) < 2 && Math.abs(boxes[0][1] - height) < 2;
  check(`a ${sheet} fits one sheet`, fits, JSON.stringify(boxes));
  await paper.close();
}
await editor.page.goto(`${listing}/about`);
await editor.page.fill('#name', '');
await editor.page.click('button[value=save]:not(.unseen)');
check('a mistake is said', (await editor.page.title()).startsWith('Error: '));
await look(editor, 'mistaken');
await editor.page.fill('#name', 'A new name, which waits');
await editor.page.click('button[value=save]:not(.unseen)');
check('a new name waits', (await editor.page.textContent('main')).includes('A moderator will check it'));
for (const where of ['/account/find?q=advice', '/account/organisations/new', '/account/profile', '/account/profile/forget']) {
  await editor.page.goto(base + where);
  await look(editor, where.split(/[/?]/).slice(2, 4).join('-'));
}
await editor.page.goto(`${base}/account`);
await editor.page.click('main h2 a');
await look(editor, 'organisation');
const organisation = editor.page.url().split('/').pop().split('?')[0];
for (const section of ['logo', 'declarations', 'share']) {
  await editor.page.goto(`${base}/account/listings/${organisation}/${section}`);
  await look(editor, `organisation-${section}`);
}

// Forms that begin something, and what becomes of a change.
for (const [where, name] of [
  [`/account/organisations/${organisation}/services/new`, 'new-service'],
  [`/account/organisations/${organisation}/events/new`, 'new-event'],
  [`/account/listings/${organisation}/closed`, 'closed'],
]) {
  await editor.page.goto(base + where);
  await look(editor, name);
}
await editor.page.goto(`${base}/account/organisations/${organisation}/events/new`);
for (const [field, value] of [['#name', 'A walk'], ['#description', 'Five miles.'], ['#date', '2030-05-07'], ['#from', '10:00'], ['#to', '12:00']]) {
  await editor.page.fill(field, value);
}
await editor.page.click('main form .button');
check('a new event goes on with its dates', editor.page.url().endsWith('/dates'), editor.page.url());
await look(editor, 'dates');
// Sent to the moderators, with what else it needs.
const walk = editor.page.url().replace(/\/dates.*/, '');
await editor.page.click('button[value=save]:not(.unseen)');
await editor.page.goto(`${walk}/contact`);
await editor.page.fill('#phone', '01632 960777');
await editor.page.click('button[value=save]:not(.unseen)');
await editor.page.goto(`${walk}/cost`);
await editor.page.check('#free-0');
await editor.page.click('button[value=save]:not(.unseen)');
await editor.page.goto(walk);
await editor.page.click('form[action$="/send"] button');
check('a new event is sent', (await editor.page.textContent('main')).includes('A moderator will check it'), await editor.page.textContent('main'));
await editor.page.goto(`${walk}/take-out`);
await look(editor, 'throw-away');
await editor.page.goto(`${listing}/take-out`);
await look(editor, 'take-out');
await editor.page.goto(`${base}/account/organisations/${organisation}`);
await editor.page.click('button[value=leave]');
await look(editor, 'leaving');
await editor.page.goto(`${base}/account/organisations/${organisation}`);
await editor.page.click('details summary');
await editor.page.fill('form[action$="/tokens"] input[name=name]', 'Our website');
await editor.page.click('button[value=make]');
check('a token is shown once', (await editor.page.textContent('main')).includes('shown only this once'));
await look(editor, 'token');
await editor.page.goto(listing);
await editor.page.click('a[href*="/account/changes/"]');
await look(editor, 'change-of-ones-own');
await editor.page.goto(`${listing}/preview`);
await look(editor, 'preview-of-what-waits');

// Somebody who has no account, and somebody who has only the letter: what they press arrives.
const anybody = await comes('anybody', PHONE);
await anybody.page.goto(listing.replace('/account/listings/', '/directory/report/'));
await look(anybody, 'report');
await anybody.page.check('#wrong-phone');
await anybody.page.fill('#words', 'Nobody answers');
await anybody.page.click('main form .button');
check('a report is taken', (await anybody.page.textContent('h1')) === 'Thank you', await anybody.page.textContent('main'));
await look(anybody, 'reported');

/** The link of the letter that the demo writes to its log next, after what it has written. */
async function letterTo(email, after) {
  for (let waited = 0; waited < 100; waited += 1) {
    const letters = (await readFile(options.demo, 'utf8')).slice(after).split('the email says:');
    // To whom a letter goes stands behind what it says.
    const letter = letters.find((one) => one.includes(`to="${email}"`) && one.includes('/sign-in/link/'));
    const link = letter && /\/sign-in\/link\/[\w-]+/.exec(letter);
    if (link) return base + link[0];
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  check(`a letter to ${email} arrives`, false);
  return base;
}

// From the reminder to a changed time, without being signed in.
const reminded = await comes('reminded', PHONE);
await reminded.page.goto(wayIn('still-correct'));
await look(reminded, 'still-correct');
await reminded.page.click('a[href$="/times"]');
await look(reminded, 'asked-to-sign-in');
const written = (await readFile(options.demo, 'utf8')).length;
await reminded.page.fill('#email', 'editor@demo.example');
await reminded.page.click('main form .button');
await look(reminded, 'check-your-email');
await reminded.page.goto(await letterTo('editor@demo.example', written));
await reminded.page.click('main button');
check('the way in leads to the times', reminded.page.url().split('?')[0].endsWith('/times'), reminded.page.url());
await reminded.page.selectOption('#day-0', 'WE');
await reminded.page.click('button[value=save]:not(.unseen)');
check('from the reminder to a changed time', (await reminded.page.textContent('main')).includes('It is public now'));
check('in at most 6 pages', reminded.loads <= 6, `${reminded.loads} pages`);
await reminded.page.click('form[action$="/undo"] button');
await reminded.context.close();

const letter = await comes('letter', PHONE);
await letter.page.goto(wayIn('still-correct'));
const asked = (await letter.page.textContent('h1')).trim();
await letter.page.click('main form .button >> nth=-1');
check('“still correct” is taken', asked !== 'Thank you' && (await letter.page.textContent('h1')) === 'Thank you', await letter.page.textContent('main'));
check('“still correct” in at most 3 pages', letter.loads <= 3, `${letter.loads} pages`);
await look(letter, 'thank-you');
await letter.context.close();

// Somebody who is new: claims, and agrees to the terms.
const newcomer = await comes('newcomer', PHONE);
await newcomer.page.goto(`${base}/sign-in`);
const beforeNewcomer = (await readFile(options.demo, 'utf8')).length;
await newcomer.page.fill('#email', 'newcomer@demo.example');
await newcomer.page.click('main form .button');
await newcomer.page.goto(await letterTo('newcomer@demo.example', beforeNewcomer));
await newcomer.page.click('main button');
await newcomer.page.goto(`${base}/account/terms`);
await look(newcomer, 'terms');
await newcomer.page.goto(`${base}/account/organisations/${organisation}/claim`);
await look(newcomer, 'claim');
await newcomer.page.fill('#words', 'I run the Thursday session.');
await newcomer.page.check('#terms');
await newcomer.page.click('main form .button');
check('a claim waits', newcomer.page.url().includes('/account/claims/'), newcomer.page.url());
await look(newcomer, 'claimed');

// Somebody who decides, with the keyboard alone.
const moderator = await signIn('moderator', DESK);
await moderator.page.goto(`${base}/moderation`);
await look(moderator, 'queue');
// Keys, where scripts run: only with the focus in the list, and not when somebody does without.
const withKeys = await browser.newContext({ viewport: DESK });
await withKeys.addCookies(await moderator.context.cookies());
const queue = await withKeys.newPage();
await queue.goto(`${base}/moderation`);
const focused = () => queue.evaluate(() => [...document.querySelectorAll('#queue > li')].findIndex((item) => item.contains(document.activeElement)));
await queue.keyboard.press('j');
check('a key outside the list does nothing', (await focused()) === -1);
await queue.focus('#queue li a');
const items = await queue.locator('#queue > li').count();
await queue.keyboard.press('j');
check('j goes to the next', (await focused()) === Math.min(1, items - 1), `${await focused()} of ${items}`);
await queue.keyboard.press('k');
check('k goes back', (await focused()) === 0);
// On a box Enter opens the item: it must not send what is ticked.
const box = queue.locator('#queue input[type=checkbox]').first();
if (await box.count()) {
  await box.focus();
  await queue.keyboard.press('x');
  await queue.keyboard.press('Enter');
  await queue.waitForURL('**/moderation/changes/**');
  check('Enter on a box opens the item', queue.url().includes('/moderation/changes/'), queue.url());
  await queue.goto(`${base}/moderation`);
}
await queue.uncheck('#keys-on');
await queue.focus('#queue li a');
await queue.keyboard.press('j');
check('keys can be turned off', (await focused()) === 0);
await withKeys.close();
for (const kind of ['claims', 'reports']) {
  await moderator.page.goto(`${base}/moderation`);
  await moderator.page.click(`#queue a[href*="/moderation/${kind}/"]`);
  await look(moderator, `moderation-${kind}`);
}
await moderator.page.goto(`${base}/moderation`);
const before = moderator.loads;
await moderator.page.focus('#queue a[href*="/moderation/changes/"]');
await moderator.page.keyboard.press('Enter');
await moderator.page.waitForURL('**/moderation/changes/**');
await look(moderator, 'change');
await moderator.page.focus('button[value=decide]');
await moderator.page.keyboard.press('Enter');
await moderator.page.waitForURL(/\/moderation(\?|$)/);
check('decided in two steps', moderator.loads - before === 2, `${moderator.loads - before} pages`);
// A new listing is refused, and its author asks for another look.
await moderator.page.goto(`${base}/moderation`);
await moderator.page.click('#queue a[href*="/moderation/listings/"]');
await look(moderator, 'new-listing');
await moderator.page.click('a[href$="/preview"]');
await look(moderator, 'new-listing-preview');
await moderator.page.goBack();
await moderator.page.click('button[value=refuse]');
check('a refusal needs a reason', (await moderator.page.title()).startsWith('Error: '));
await look(moderator, 'new-listing-mistaken');
await moderator.page.fill('#reason', 'Where does the walk begin?');
await moderator.page.click('button[value=refuse]');
await editor.page.goto(`${base}/account`);
await editor.page.click('a[href*="/account/changes/"]:has-text("A walk")');
await editor.page.fill('#appeal', 'It begins at the library, as the text says.');
await editor.page.click('button[value=appeal]');
await look(editor, 'appealed');
await moderator.page.goto(listing.replace('/account/listings/', '/moderation/records/'));
await look(moderator, 'hide');
for (const where of ['checks', 'quality', 'declarations', 'find', 'texts', 'texts/privacy', 'texts/new/notice']) {
  await moderator.page.goto(`${base}/moderation/${where}`);
  await look(moderator, where.split('?')[0].replaceAll('/', '-'));
}
await moderator.page.goto(`${base}/moderation/find`);
await moderator.page.fill('#q', 'pantry');
await moderator.page.click('main form .button');
check('a listing is found, and what was looked for is in no address', (await moderator.page.textContent('main')).includes('Pantry') && !moderator.page.url().includes('pantry'), moderator.page.url());
await look(moderator, 'found');
await moderator.page.goto(`${base}/moderation/audit`);
await look(moderator, 'audit');
const administrator = await signIn('administrator', DESK);
await administrator.page.goto(`${base}/moderation/people`);
await look(administrator, 'roles');
await administrator.page.goto(`${base}/moderation`);
await administrator.page.click('#queue a[href*="/moderation/appeals/"]');
await look(administrator, 'appeal');
await administrator.page.goto(`${base}/account/passkeys`);
await look(administrator, 'passkeys');
await administrator.page.goto(`${base}/moderation/erase`);
await look(administrator, 'erase');
await administrator.page.fill('#q', 'demo');
await administrator.page.click('button[value=find]');
const found = await administrator.page.textContent('main');
check('accounts are found by a word of their address', found.includes('editor@demo.example') && found.includes('Delete this account'));
await administrator.page.click('header form button');
await administrator.page.goto(`${base}/account`);
check('signed out', administrator.page.url().includes('/sign-in'), administrator.page.url());
await look(administrator, 'sign-in');

await browser.close();
console.log(`${held} of ${held + broken.length} checks held`);
process.exit(broken.length === 0 ? 0 : 1);
