// Signing in, in a real browser: at a provider (the certified oidc-provider of npm) with JavaScript off,
// and with a passkey that Chromium's own virtual authenticator keeps.
//
//   node signing_in.mjs --binary FILE --modules DIR/node_modules [--chromium PATH] [--screenshots DIR] [--port 18190]
//
// Starts a provider, and a directory of its own at http://localhost:PORT whose officers need a passkey.
// Prints a line for each check; exits 1 when one does not hold.

import { execFileSync, spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';

const { values: options } = parseArgs({
  options: {
    binary: { type: 'string' },
    modules: { type: 'string', default: 'node_modules' },
    chromium: { type: 'string', default: '/usr/bin/chromium' },
    screenshots: { type: 'string' },
    port: { type: 'string', default: '18190' },
  },
});
const port = Number(options.port);
const base = `http://localhost:${port}`;
const issuer = `http://127.0.0.1:${port + 1}`;
const require = createRequire(path.join(path.resolve(options.modules), 'x.js'));
const { chromium } = require('playwright-core');
const axe = require('axe-core');
const { default: Provider } = await import(pathToFileURL(require.resolve('oidc-provider')).href);
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

// The provider lets in whoever says so: whoever it names has the address that it names.
const provider = new Provider(issuer, {
  clients: [{ client_id: 'fingerpost', client_secret: 'a secret of a test', redirect_uris: [`${base}/sign-in/back`] }],
  claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
  conformIdTokenClaims: false,
  cookies: { keys: ['a key of a test'] },
  pkce: { required: () => true },
  findAccount: (_, sub) => ({
    accountId: sub,
    claims: () => ({ sub, email: `${sub}@council.example.org`, email_verified: true, name: 'Mo Ahmed' }),
  }),
});
const listening = provider.listen(port + 1, '127.0.0.1');

const folder = await mkdtemp(path.join(tmpdir(), 'fingerpost-signing-in-'));
const env = {
  ...process.env,
  FINGERPOST_DATA_DIR: folder,
  FINGERPOST_LISTEN: `127.0.0.1:${port}`,
  FINGERPOST_PUBLIC_URL: `${base}/`,
  FINGERPOST_NAME: 'Luton directory',
  FINGERPOST_SECOND_STEP: 'officers',
  FINGERPOST_LOG: 'warn',
  FINGERPOST_ALLOW_PRIVATE_PEERS: '127.0.0.0/8',
  FINGERPOST_OIDC_ISSUER: issuer,
  FINGERPOST_OIDC_CLIENT_ID: 'fingerpost',
  FINGERPOST_OIDC_CLIENT_SECRET: 'a secret of a test',
  FINGERPOST_OIDC_NAME: 'Luton Council staff',
  FINGERPOST_OIDC_DOMAINS: 'council.example.org',
};
const fingerpost = (...args) => execFileSync(options.binary, args, { env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
fingerpost('user', 'add', 'mo@council.example.org', '--role', 'moderator');
const server = spawn(options.binary, ['serve'], { env, stdio: ['ignore', 'ignore', 'inherit'] });
for (let waited = 0; waited < 300; waited += 1) {
  const ready = await fetch(`${base}/readyz`).then((answer) => answer.ok, () => false);
  if (ready) break;
  await new Promise((resolve) => setTimeout(resolve, 100));
}
const browser = await chromium.launch({
  executablePath: options.chromium,
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--disable-background-networking'],
});
if (options.screenshots) await mkdir(options.screenshots, { recursive: true });

/**
 * What axe says of the page that is there, in another window: the page's own policy forbids it there. It gets what
 * this one shows, and asks the server nothing: a question of a passkey is used up by asking another one.
 */
async function look(context, page, name) {
  if (options.screenshots) await page.screenshot({ path: path.join(options.screenshots, `signing-in-${name}.png`), fullPage: true });
  const other = await browser.newContext({ viewport: { width: 375, height: 740 }, bypassCSP: true });
  await other.addCookies(await context.cookies(base));
  const window = await other.newPage();
  const [url, body] = [page.url(), (await page.content()).replaceAll(/<script[^>]*><\/script>/g, '')];
  await window.route(url, (route) => route.fulfill({ body, contentType: 'text/html; charset=utf-8' }));
  await window.goto(url);
  await window.evaluate(axe.source);
  const found = await window.evaluate((how) => globalThis.axe.run(how), AXE);
  const wide = await window.evaluate(() => document.documentElement.scrollWidth);
  await other.close();
  check(`${name}: axe`, found.violations.length === 0, found.violations.map((one) => `${one.id}: ${one.nodes[0].html}`).join('\n      '));
  check(`${name}: fits a phone`, wide <= 375, `${wide} px`);
}

const text = (page) => page.textContent('main');

try {
  // At the provider, with JavaScript off.
  const plain = await browser.newContext({ javaScriptEnabled: false });
  const page = await plain.newPage();
  await page.goto(`${base}/sign-in?return_to=/moderation`);
  await page.click('text=Sign in with Luton Council staff');
  check('the provider is asked', page.url().startsWith(issuer), page.url());
  await page.fill('input[name=login]', 'mo');
  await page.fill('input[name=password]', 'anything');
  await page.click('button[type=submit]');
  if (page.url().startsWith(issuer)) await page.click('button[type=submit]'); // consent
  check('signed in where one wanted to go, and an officer without a passkey of ours', page.url() === `${base}/moderation`, page.url());
  await page.goto(`${base}/account/profile`);
  check('the session says through what', (await text(page)).includes('through Luton Council staff'));
  await page.click('header form button');
  await page.goto(`${base}/account`);
  check('signed out', page.url().includes('/sign-in'), page.url());
  await page.goto(`${base}/sign-in/back?code=stolen&state=made-up`);
  check('a foreign answer signs nobody in', (await text(page)).includes('You are not signed in'));
  await plain.close();

  // By a link, and a passkey.
  const wayIn = () => fingerpost('user', 'add', 'mo@council.example.org', '--role', 'moderator', '--link').match(/http\S+/)[0];
  const context = await browser.newContext({ viewport: { width: 375, height: 740 } });
  const phone = await context.newPage();
  const refused = [];
  phone.on('console', (message) => message.type() === 'error' && refused.push(message.text()));
  const devtools = await context.newCDPSession(phone);
  await devtools.send('WebAuthn.enable');
  const key = { protocol: 'ctap2', transport: 'internal', hasResidentKey: true, hasUserVerification: true, isUserVerified: true };
  const { authenticatorId } = await devtools.send('WebAuthn.addVirtualAuthenticator', {
    options: { ...key, automaticPresenceSimulation: true },
  });
  await phone.goto(wayIn());
  await phone.click('main button');
  check('who has none is asked to add one', (await phone.title()).startsWith('Add a passkey'), await phone.title());
  await look(context, phone, 'add-a-passkey');
  await phone.fill('#name', 'Work phone');
  await phone.click('main button');
  await phone.waitForURL(`${base}/moderation`);
  await phone.goto(`${base}/account/passkeys`);
  check('it is listed', (await text(phone)).includes('Work phone'));
  await look(context, phone, 'passkeys');
  await phone.goto(`${base}/moderation`);
  check('whoever has made it has shown it', (await phone.title()).startsWith('Waiting'), await phone.title());
  await phone.click('header form button');
  await phone.goto(wayIn());
  await phone.click('main button');
  check('then it is asked for', (await phone.title()).startsWith('Use your passkey'), await phone.title());
  await phone.goto(`${base}/moderation`);
  check('without it nobody decides', (await phone.title()).includes('may not') || !(await phone.title()).startsWith('Waiting'));
  await phone.goto(`${base}/sign-in/passkey?return_to=/moderation`);
  await look(context, phone, 'show-a-passkey');
  await phone.click('main button');
  await phone.waitForURL(`${base}/moderation`);
  check('shown, and on to where one wanted to go', (await phone.title()).startsWith('Waiting'), await phone.title());
  // A finger that is not recognised.
  await devtools.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified: false });
  await phone.goto(`${base}/sign-in/passkey`);
  await phone.click('main button');
  await phone.waitForFunction(() => document.getElementById('passkey-said').textContent.includes('did not work'), undefined, { timeout: 90_000 }).then(
    () => check('who is not recognised is told', true),
    (error) => check('who is not recognised is told', false, error.message),
  );
  check('nothing was refused by the policy of the page', !refused.some((one) => one.includes('Content Security Policy')), refused.join('; '));
} catch (error) {
  check('the journey came to its end', false, error.stack);
} finally {
  await browser.close();
  server.kill('SIGTERM');
  await new Promise((resolve) => server.once('exit', resolve));
  listening.close();
  await rm(folder, { recursive: true, force: true });
}
console.log(`${held} of ${held + broken.length} checks held`);
process.exit(broken.length === 0 ? 0 : 1);
