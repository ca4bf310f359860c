// Makes the pictures of this folder anew, from a running demo (`fingerpost demo`):
//
//   node docs/pictures/make.mjs --base http://127.0.0.1:8080 --modules DIR/node_modules [--chromium PATH]
//
// DIR is a folder with playwright-core; `tests/run browser` installs it to test-tools/node below Cargo's target
// folder. Look at every picture afterwards, and at what README.md says of it.

import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const { values: options } = parseArgs({
  options: {
    base: { type: 'string', default: 'http://127.0.0.1:8080' },
    modules: { type: 'string', default: 'node_modules' },
    chromium: { type: 'string', default: '/usr/bin/chromium' },
  },
});
const base = options.base.replace(/\/$/, '');
const { chromium } = createRequire(path.join(path.resolve(options.modules), 'x.js'))('playwright-core');
const folder = path.dirname(fileURLToPath(import.meta.url));

const PHONE = { width: 375, height: 812 };
const COMPUTER = { width: 1280, height: 900 };

/** The page of the service with this name. */
async function service(name) {
  const found = await (await fetch(`${base}/services?search=${encodeURIComponent(name)}`)).json();
  const listing = found.contents.find((one) => one.name === name);
  if (!listing) throw new Error(`the demo has no service called ${name}`);
  return `/directory/services/${listing.id}`;
}

const meal = await service('Free hot meal');
const pictures = [
  ['demo-home', '/', COMPUTER],
  ['demo-home-phone', '/', PHONE],
  ['demo-results', '/directory/search?q=landlord+wants+me+out&postcode=LU1', COMPUTER],
  ['demo-service', meal, COMPUTER],
  ['demo-service-phone', meal, PHONE],
  ['demo-whats-on-phone', '/directory/whats-on', PHONE],
];

const browser = await chromium.launch({ executablePath: options.chromium, args: ['--no-sandbox'] });
for (const [name, where, viewport] of pictures) {
  const page = await browser.newPage({ viewport });
  await page.goto(base + where, { waitUntil: 'networkidle' });
  await page.screenshot({ path: path.join(folder, `${name}.png`) });
  await page.close();
  console.log(`${name}.png`);
}
await browser.close();
