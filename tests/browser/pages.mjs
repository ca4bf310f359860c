// The kinds of page that are looked at in a browser, and how to get to each.

let base = '';
let elsewhere = '';
let gone = '';

/** The directories whose pages these are; call it first. */
export function useDirectories(directories) {
  ({ base, elsewhere = '', gone = '' } = directories);
}

/** The first record's id in one of the API's lists. */
export async function firstId(list) {
  const response = await fetch(`${base}/${list}${list.includes('?') ? '&' : '?'}per_page=1`, { headers: { accept: 'application/json' } });
  if (!response.ok) throw new Error(`/${list} answered ${response.status}`);
  const id = (await response.json()).contents?.[0]?.id;
  if (!id) throw new Error(`/${list} has no record to look at`);
  return id;
}

/** A category that has a page, taken from the page that lists them. */
async function firstNeed() {
  const html = await (await fetch(`${base}/directory/needs`, { headers: { accept: 'text/html' } })).text();
  const link = /href="(?:https?:\/\/[^/"]+)?(\/directory\/needs\/[^"?#]+)/.exec(html);
  if (!link) throw new Error('/directory/needs links to no category');
  return link[1];
}

/** The organisation of the first service in one of the API's lists. */
async function organisationOf(list) {
  const service = await (await fetch(`${base}/services/${await firstId(list)}`, { headers: { accept: 'application/json' } })).json();
  return service.organization.id;
}

/** The id of the term with this code that the first service of a list carries. */
async function termOf(list, code) {
  const service = await (await fetch(`${base}/services/${await firstId(list)}`, { headers: { accept: 'application/json' } })).json();
  const found = service.attributes.find((attribute) => attribute.taxonomy_term?.code === code);
  if (!found) throw new Error(`${service.name} does not carry ${code}`);
  return found.taxonomy_term.id;
}

/** A service that came from the directory that this one follows. */
async function firstFromANeighbour() {
  const status = await (await fetch(`${base}/federation/v1/status`)).json();
  const origin = status.following?.[0]?.origin;
  if (!origin) throw new Error('this directory follows nobody');
  return firstId(`services?source=${encodeURIComponent(origin)}`);
}

export const BUDGET = 'in-wages=1200&out-rent=650&out-food=90&out-food-how=weekly&debt-energy-owed=240&debt-energy=20&debt-cards=35&postcode=LU1';

export const RESULT = 'go=result&a.risk=notice&a.bills=energy&a.today=food&postcode=LU1';
export const QUIET_SERVICES = 'services?need=safety-domestic-abuse&source=own';

/** Where a page is. */
export function baseOf(entry) {
  return entry.from ?? base;
}

/** Go to a page: by its address, or as the answer to a form with these fields. A file to keep is shown as it opens from a disk. */
export async function visit(page, entry, how = {}) {
  const { path: where, form, file } = entry;
  if (!form) return page.goto(baseOf(entry) + where, how);
  if (file) {
    const headers = { 'content-type': 'application/x-www-form-urlencoded', accept: 'text/html' };
    const answer = await fetch(base + where, { method: 'POST', headers, body: form });
    const body = await answer.text();
    await page.route(base + where, (route) => route.fulfill({ status: answer.status, contentType: 'text/html', body }), { times: 1 });
    return page.goto(base + where, how);
  }
  const asForm = { method: 'POST', postData: form, headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'text/html' } };
  await page.route(base + where, (route) => route.continue(asForm), { times: 1 });
  return page.goto(base + where, how);
}

/** Pages that are looked at in other languages, too: each kind of frame, form and list once. */
const TRANSLATED = {
  ur: ['home', 'search-narrowed', 'search-mistaken', 'whats-on-narrowed', 'service', 'event', 'about', 'help', 'help-question', 'help-urgent', 'help-result', 'help-budget-filled', 'help-budget-mistaken', 'not-found'],
  pl: ['home', 'search-narrowed', 'whats-on', 'service', 'help-result', 'help-budget-filled'],
};

/** Every kind of page, by the name its screenshots get. */
export async function pages() {
  const english = await englishPages();
  const others = Object.entries(TRANSLATED).flatMap(([lang, names]) => english.filter((page) => names.includes(page.name)).map((page) =>
    ({ ...page, name: `${lang}-${page.name}`, path: `/${lang}${page.path}`, titleOf: `${lang}-${page.titleOf ?? page.name}`, lang, dir: lang === 'ur' ? 'rtl' : '' })));
  return [...english, ...others];
}

async function englishPages() {
  return [
    { name: 'home', path: '/' },
    { name: 'search', path: '/directory/search?q=food' },
    // What the form sends comes by link as well; the title says no more than that these are results.
    { name: 'search-narrowed', path: '/directory/search?q=food&postcode=LU1&free=yes&what=services', titleOf: 'search' },
    { name: 'search-urgent', path: '/directory/search?q=landlord+wants+me+out&postcode=LU1', titleOf: 'search' },
    { name: 'search-nothing', path: '/directory/search?q=zzzz+qqqq' },
    { name: 'search-mistaken', path: '/directory/search?q=%3F%3F', status: 400 },
    { name: 'search-unknown-place', path: '/directory/search?q=food&postcode=nowhere' },
    { name: 'whats-on', path: '/directory/whats-on' },
    { name: 'whats-on-narrowed', path: '/directory/whats-on?free=yes&postcode=LU1', titleOf: 'whats-on' },
    { name: 'needs', path: '/directory/needs' },
    { name: 'need', path: await firstNeed() },
    { name: 'service', path: `/directory/services/${await firstId('services?need=food-emergency')}` },
    { name: 'organisation', path: `/directory/organisations/${await firstId('organizations')}` },
    { name: 'place', path: `/directory/places/${await firstId('locations')}` },
    { name: 'event', path: `/directory/events/${await firstId('events')}` },
    { name: 'report', path: `/directory/report/${await firstId('services')}` },
    { name: 'about', path: '/directory/about' },
    { name: 'accessibility', path: '/directory/accessibility' },
    { name: 'privacy', path: '/directory/privacy' },
    { name: 'listing-policy', path: '/directory/listing-policy' },
    { name: 'guides', path: '/directory/guides' },
    { name: 'guide', path: '/directory/guides/behind-with-rent' },
    { name: 'guide-quiet', path: '/directory/guides/not-safe-at-home' },
    { name: 'list-empty', path: '/directory/shortlist' },
    { name: 'list', path: '/directory/shortlist', form: `keep=${await firstId('services')}&q=food`, titleOf: 'list-empty' },
    { name: 'list-more', path: '/directory/shortlist/more', form: `keep=${await firstId('services')}` },
    { name: 'embed-search', path: '/embed/services?search=food', embedded: true },
    { name: 'embed-events', path: '/embed/events', embedded: true },
    { name: 'help', path: '/help' },
    { name: 'help-start', path: '/help/check' },
    { name: 'help-start-mistaken', path: '/help/check', form: 'go=next&postcode=nowhere' },
    { name: 'help-question', path: '/help/check', form: 'go=next', titleOf: 'help-start' },
    { name: 'help-urgent', path: '/help/check', form: 'go=next&at=safe&a.safe=afraid' },
    { name: 'help-result', path: '/help/check', form: RESULT },
    { name: 'help-result-emergency', path: '/help/check', form: 'go=result&a.tonight=no&council=E06000056&helper=yes', titleOf: 'help-result' },
    { name: 'help-budget', path: '/help/budget' },
    { name: 'help-budget-filled', path: '/help/budget', form: BUDGET, titleOf: 'help-budget' },
    { name: 'help-budget-mistaken', path: '/help/budget', form: `${BUDGET}&out-gas=lots&out-home-other1=-5`, status: 400 },
    { name: 'sources', path: '/directory/sources' },
    { name: 'service-from-a-neighbour', path: `/directory/services/${await firstFromANeighbour()}`, titleOf: 'service' },
    // Pages that somebody may be in danger for having open.
    { name: 'search-quiet', path: '/directory/search?q=refuge', titleOf: 'search' },
    { name: 'need-quiet', path: `/directory/needs/${await termOf(QUIET_SERVICES, 'safety-domestic-abuse')}`, titleOf: 'need' },
    { name: 'service-quiet', path: `/directory/services/${await firstId(QUIET_SERVICES)}`, titleOf: 'service' },
    { name: 'event-quiet', path: `/directory/events/${await firstId('events?search=recovery')}`, titleOf: 'event' },
    { name: 'organisation-quiet', path: `/directory/organisations/${await organisationOf(QUIET_SERVICES)}`, titleOf: 'organisation' },
    // What is kept, put up and shown on other websites.
    { name: 'plan', path: '/help/plan', form: RESULT, file: true },
    { name: 'budget-plan', path: '/help/budget/plan', form: BUDGET, file: true, titleOf: 'plan' },
    { name: 'leaflet', path: `/directory/services/${await firstId('services?need=food-emergency')}/leaflet` },
    { name: 'poster', path: `/directory/services/${await firstId('services?need=food-emergency')}/poster` },
    { name: 'embed-service', path: `/embed/services/${await firstId('services?need=food-emergency')}`, embedded: true },
    { name: 'embed-event', path: `/embed/events/${await firstId('events')}`, embedded: true },
    { name: 'embed-organisation', path: `/embed/organizations/${await firstId('organizations')}`, embedded: true },
    { name: 'report-mistaken', path: `/directory/report/${await firstId('services')}`, form: 'words=', status: 400 },
    ...(elsewhere ? [
      { name: 'notice', path: '/', from: elsewhere, titleOf: 'notice' },
      { name: 'gone', path: `/directory/services/${gone}`, from: elsewhere, status: 410 },
    ] : []),
    { name: 'not-found', path: '/directory/services/00000000-0000-4000-8000-000000000000', status: 404 },
  ];
}
