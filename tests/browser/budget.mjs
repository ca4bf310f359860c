// The budget's script and the server do the same sums: a thousand made-up forms, filled as people fill
// them and as they should not, are worked out by both and compared to the penny.
//
//   node budget.mjs --base http://127.0.0.1:18080 [--forms 1000] [--seed 1]
//
// A tenth as many in each of the other languages, whose words come from the page. Before that, the script alone works out
// the forms of tests/facts/self_help/budget_vectors.json, whose sums no program of ours made.
//
// Exits 1 when a form comes out differently.

import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';

const { values: options } = parseArgs({
  options: {
    base: { type: 'string', default: 'http://127.0.0.1:18080' },
    forms: { type: 'string', default: '1000' },
    seed: { type: 'string', default: '1' },
  },
});
const base = options.base.replace(/\/$/, '');

/** Random numbers from 0 to 1 that are the same each time (mulberry32). */
function randomOf(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
const random = randomOf(Number(options.seed));
const whole = (most) => Math.floor(random() * (most + 1));
const oneOf = (list) => list[whole(list.length - 1)];

const ODD = ['', ' ', '-5', '−5', '5–6', 'lots', '1,5', '12,34', '1,234', '1,234,567.8', '1000000', '1000000.01', '1,000,000', '£', '£12.3', '££3',
  '.5', '5.', '1 200,50 £', '£1£', '۱۲۰', '£١٬٢٣٤٫٥', '.', '1.234', '007', '1e3', '１２', '\u00a0£ 1 234.50', '0x10', '+5', '99999999999', '0.01', ',123', '0001,234',
  '100pw', '100 pw', '£100 a week', '450pcm', '20/wk', '1,250.50 per month', '100 p/w', '300 PA', 'pw', '100 w k', '100 twice'];

function written(spoilt) {
  const kind = random();
  if (spoilt && kind < 0.25) return oneOf(ODD);
  const pence = kind < 0.5 ? whole(99) : kind < 0.9 ? whole(250_000) : whole(100_000_000);
  const pounds = String(Math.floor(pence / 100));
  const grouped = random() < 0.3 ? pounds.replace(/\B(?=(\d{3})+$)/g, ',') : pounds;
  return `${random() < 0.2 ? '£' : ''}${grouped}${random() < 0.8 ? `.${String(pence % 100).padStart(2, '0')}` : ''}`;
}

/** Names of the fields of the form, as the page has them, and what the script says in its language. */
async function readForm(language) {
  const page = await (await fetch(`${base}${language}/help/budget`, { headers: { accept: 'text/html' } })).text();
  const words = JSON.parse(/data-words="([^"]*)"/.exec(page)[1].replaceAll('&quot;', '"').replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&'));
  const form = page.split('id="budget"')[1].split('</form>')[0];
  const names = [...form.matchAll(/ name="((?:in|out|debt)-[^"]+)"/g)].map(([, name]) => name);
  const choices = [...form.split('<select')[1].split('</select>')[0].matchAll(/value="([^"]+)"/g)].map(([, value]) => value);
  if (names.length < 150 || choices.length !== 10) throw new Error(`the form has ${names.length} fields and ${choices.length} choices`);
  return { names, choices, words };
}

function fill({ names, choices }) {
  const much = random();
  const spoilt = random() < 0.5;
  return names.flatMap((name) => {
    if (name.endsWith('-how')) return [[name, oneOf(choices)]];
    if (name.endsWith('-name')) return random() < 0.1 ? [[name, oneOf(['Alarm & more', '<b>', 'Ä'])]] : [];
    return random() < much ? [[name, written(spoilt)]] : [];
  });
}

/** What the page says: pence a year and the shown amounts of each sum, the sentence, the wrong fields. */
async function ofServer(language, fields) {
  const answer = await fetch(`${base}${language}/help/budget`, {
    method: 'POST',
    headers: { accept: 'text/html', 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams(fields).toString(),
  });
  const page = await answer.text();
  const sums = {};
  for (const [, name, yearly, month, week] of page.matchAll(/data-sum="(\w+)" data-yearly="(-?\d+)">.*?<td[^>]*>([^<]*)<\/td><td[^>]*>([^<]*)<\/td>/gs)) {
    sums[name] = [Number(yearly), month, week];
  }
  const wrong = [...page.matchAll(/id="([^"]+)-error"><span class="unseen">[^<]*<\/span>([^<]+)</g)].map(([, name, said]) => `${name}: ${said}`);
  return { status: answer.status, sums, sentence: /id="sentence">([^<]*)</.exec(page)?.[1], wrong: wrong.sort() };
}

async function main() {
  const text = await (await fetch(`${base}/assets/budget.js`)).text();
  const script = await import(`data:text/javascript,${encodeURIComponent(text)}`);
  await holdToVectors(script);
  const forms = Number(options.forms);
  for (const [language, share] of [['', forms], ['/ur', Math.ceil(forms / 10)], ['/pl', Math.ceil(forms / 10)]]) {
    await compare(script, language, share);
  }
}

/** What the script makes of the forms whose sums are known. */
async function holdToVectors(script) {
  const { cases } = JSON.parse(await readFile(new URL('../facts/self_help/budget_vectors.json', import.meta.url), 'utf8'));
  for (const { case: name, form, sums } of cases) {
    const { yearly, mistakes } = script.workOut(Object.entries(form));
    const ours = Object.fromEntries(Object.keys(sums).map((sum) =>
      [sum, [yearly[sum], script.pounds(script.monthly(yearly[sum])), script.pounds(script.weekly(yearly[sum]))]]));
    if (mistakes.size === 0 && JSON.stringify(ours) === JSON.stringify(sums)) continue;
    console.log(`FAIL  ${name}\n      script ${JSON.stringify(ours)}\n      known  ${JSON.stringify(sums)}`);
    process.exitCode = 1;
  }
  console.log(`${cases.length} forms whose sums are known: the script was held to them`);
}

/** Work out so many forms without mistakes, and those with some between them, with the script and with the server. */
async function compare(script, language, forms) {
  const form = await readForm(language);
  let differ = 0;
  let mistaken = 0;
  for (let number = 0; number - mistaken < forms; number += 1) {
    const fields = fill(form);
    const { yearly, mistakes } = script.workOut(fields);
    const all = Object.fromEntries(['income', 'spending', 'before', 'debts', 'after'].map((name) =>
      [name, [yearly[name], script.pounds(script.monthly(yearly[name])), script.pounds(script.weekly(yearly[name]))]]));
    const wrong = [...mistakes].map(([name, refused]) => `${name}: ${form.words[refused]}`).sort();
    // Nobody is told that so much is left, or shown sums to keep, while an amount is missing.
    const sums = wrong.length > 0 ? {} : all;
    const said = wrong.length > 0 ? undefined : script.sentence(yearly.after, form.words);
    const ours = { status: wrong.length > 0 ? 400 : 200, sums, sentence: said, wrong };
    const theirs = await ofServer(language, fields);
    theirs.sums = Object.fromEntries(Object.keys(wrong.length > 0 ? theirs.sums : sums).map((name) => [name, theirs.sums[name]]));
    mistaken += wrong.length > 0 ? 1 : 0;
    if (JSON.stringify(ours) !== JSON.stringify(theirs)) {
      differ += 1;
      console.log(`FAIL  form ${number}: ${new URLSearchParams(fields)}\n      script ${JSON.stringify(ours)}\n      server ${JSON.stringify(theirs)}`);
    }
  }
  console.log(`${forms + mistaken} forms${language && ` in ${language}`}, ${mistaken} of them with mistakes: ${differ === 0 ? 'script and server agree on all' : `they differ on ${differ}`}`);
  if (differ > 0 || mistaken === 0) process.exitCode = 1;
}

await main();
