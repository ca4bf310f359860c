// The sums of the budget, in the browser: nothing is sent while somebody types. The same sums are
// done by src/self_help/budget; tests/browser/budget.mjs compares the two on a thousand forms.

const TIMES = {
  weekly: 52, fortnightly: 26, four_weekly: 13, twice_monthly: 24, monthly: 12,
  ten_instalments: 10, quarterly: 4, termly: 3, half_yearly: 2, yearly: 1,
};
// What people write behind an amount that comes each week or so: "100pw", "450 a month", "20/wk".
const HOW_OFTEN = /^[.,]*[0-9][0-9.,]*(?:a|per|each|every|p\/?|\/)?(?:w|wk|week|weekly|fortnight|fortnightly|m|cm|mth|month|monthly|calendarmonth|y|yr|year|yearly|annum|pa|day|daily)$/i;
const MOST = 100_000_000; // pence: a million pounds

/** Digits and marks of the keyboards of Urdu, Persian and Arabic as English has them. */
function asInEnglish(text) {
  const digits = text.replace(/[\u0660-\u0669\u06f0-\u06f9]/g, (digit) => String(digit.charCodeAt(0) & 15));
  return digits.replaceAll('\u066b', '.').replaceAll('\u066c', ',');
}

/** Pence of an amount as it was written: {pence} (null where nothing is written), or {refused}. */
export function amount(written) {
  let text = asInEnglish(written.replace(/[ \t\n\r\u00a0\u2009\u202f]/g, ''));
  if (text === '') return { pence: null };
  if (/[-−–]/.test(text)) return { refused: 'negative' };
  // People who write in other languages put it behind the amount.
  text = text.replace(/^£|£$/, '');
  if (HOW_OFTEN.test(text)) return { refused: 'how_often' };
  // Two digits behind the only comma cannot be thousands: "1200,50" is written in other languages.
  text = text.replace(/^([0-9]*),([0-9]{2})$/, '$1.$2');
  // Other commas stand between thousands only: "1,5" may mean one and a half.
  const parts = /^([0-9]*|[0-9]{1,3}(?:,[0-9]{3})+)(?:\.([0-9]{0,2}))?$/.exec(text);
  if (!parts || (parts[1] === '' && !parts[2])) return { refused: 'unclear' };
  const digits = parts[1].replace(/,/g, '').replace(/^0+/, '');
  if (digits.length > 7) return { refused: 'too_much' };
  const pence = Number(digits || '0') * 100 + Number((parts[2] ?? '').padEnd(2, '0'));
  return pence > MOST ? { refused: 'too_much' } : { pence };
}

/** Pence a year, and why fields cannot be used, of a form's fields as [name, value] pairs. */
export function workOut(fields) {
  const form = new Map(fields);
  const yearly = { income: 0, spending: 0, debts: 0 };
  const mistakes = new Map();
  for (const [name, value] of form) {
    const kind = /^(in|out|debt)-[a-z0-9_-]+$/.exec(name)?.[1];
    if (!kind || /-(how|name)$/.test(name)) continue;
    const { pence, refused } = amount(value);
    if (refused) mistakes.set(name, refused);
    if (refused || name.endsWith('-owed')) continue;
    const sum = { in: 'income', out: 'spending', debt: 'debts' }[kind];
    yearly[sum] += (pence ?? 0) * (TIMES[form.get(`${name}-how`)] ?? TIMES.monthly);
  }
  yearly.before = yearly.income - yearly.spending;
  yearly.after = yearly.before - yearly.debts;
  return { yearly, mistakes };
}

/** Divide, rounding a half away from zero. All numbers here are far below 2^53. */
function round(number, by) {
  const rounded = Math.floor((Math.abs(number) * 2 + by) / (by * 2));
  return number < 0 ? 0 - rounded : rounded;
}

export const monthly = (yearly) => round(yearly, 12);
export const weekly = (yearly) => round(yearly, 52);

/** A number with commas between its thousands, in every language: 1,962. */
const grouped = (number) => String(number).replace(/\B(?=(?:[0-9]{3})+$)/g, ',');

/** Pence as pounds: £1,962.88, -£0.83. */
export function pounds(pence) {
  const whole = Math.abs(pence);
  return `${pence < 0 ? '-' : ''}£${grouped(Math.floor(whole / 100))}.${String(whole % 100).padStart(2, '0')}`;
}

/** What is left, in a sentence. `words` is what the page says in its language: its data-words. */
export function sentence(after, words) {
  const about = round(Math.abs(after), 1200);
  if (after === 0) return words.even;
  if (about === 0) return after > 0 ? words.hardly_left : words.hardly_short;
  return (after > 0 ? words.left : words.short).replace('{about}', grouped(about));
}

// --- on the page ---------------------------------------------------------------------------------

function show(form, live, words) {
  const { yearly, mistakes } = workOut([...new FormData(form)]);
  for (const row of live.querySelectorAll('[data-live]')) {
    const sum = yearly[row.dataset.live];
    row.children[1].textContent = pounds(monthly(sum));
    row.children[2].textContent = pounds(weekly(sum));
  }
  const filled = yearly.income || yearly.spending || yearly.debts;
  const said = mistakes.size > 0 ? words.partial : sentence(yearly.after, words);
  live.querySelector('p').textContent = filled ? said : words.empty;
  return mistakes;
}

/** Say beside a field what is wrong with it, or that nothing is any more. */
function mark(field, said, words) {
  const error = document.getElementById(`${field.name}-error`);
  if (!error) return;
  error.hidden = !said;
  error.textContent = said ? `${words.error} ${said}` : '';
  field.closest('.money')?.classList.toggle('wrong', Boolean(said));
  if (said) {
    field.setAttribute('aria-invalid', 'true');
    field.setAttribute('aria-describedby', error.id);
  } else {
    field.removeAttribute('aria-invalid');
    field.removeAttribute('aria-describedby');
  }
}

function begin(form) {
  const words = JSON.parse(form.dataset.words);
  const live = document.createElement('section');
  live.className = 'live';
  live.setAttribute('aria-label', words.sums);
  const left = document.createElement('p');
  left.setAttribute('role', 'status');
  const table = document.createElement('table');
  const caption = table.createCaption();
  caption.textContent = words.caption;
  const head = table.createTHead().insertRow();
  for (const title of ['what', 'month', 'week']) {
    const cell = document.createElement('th');
    cell.scope = 'col';
    cell.textContent = words[title];
    cell.className = title === 'what' ? '' : 'number';
    head.append(cell);
  }
  const body = table.createTBody();
  for (const sum of ['income', 'spending', 'debts', 'after']) {
    const row = body.insertRow();
    row.dataset.live = sum;
    const name = document.createElement('th');
    name.scope = 'row';
    name.textContent = words[sum];
    row.append(name);
    for (let column = 0; column < 2; column += 1) {
      const cell = row.insertCell();
      cell.className = 'number';
      cell.dir = 'ltr';
    }
  }
  live.append(left, table);
  form.querySelector('button').before(live);
  show(form, live, words);
  form.addEventListener('input', () => show(form, live, words));
  form.addEventListener('change', (event) => {
    const mistakes = show(form, live, words);
    if (event.target.matches('input[inputmode]')) mark(event.target, words[mistakes.get(event.target.name)], words);
  });
}

if (typeof document !== 'undefined') {
  const form = document.getElementById('budget');
  if (form) begin(form);
}
