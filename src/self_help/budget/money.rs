//! Amounts as people write them, and as they are shown.

/// The most that one amount may be, in pence: a million pounds.
pub const MOST: i64 = 100_000_000;
/// Blanks that may stand in an amount. The script in the browser has the same list.
const BLANKS: [char; 7] = [' ', '\t', '\n', '\r', '\u{a0}', '\u{2009}', '\u{202f}'];

/// Why an amount cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// It has a minus.
    Negative,
    /// It is more than a million pounds.
    TooMuch,
    /// It says how often as well.
    HowOften,
    /// It is no amount.
    Unclear,
}

impl Refused {
    /// Its name for programs.
    pub fn code(self) -> &'static str {
        match self {
            Self::Negative => "negative",
            Self::TooMuch => "too_much",
            Self::HowOften => "how_often",
            Self::Unclear => "unclear",
        }
    }

    /// What to do about it.
    pub fn said(self) -> &'static str {
        match self {
            Self::Negative => "Enter the amount without a minus sign",
            Self::TooMuch => "Enter an amount of £1,000,000 or less",
            Self::HowOften => "Enter only the amount, such as 100, and choose how often beside it",
            Self::Unclear => "Enter the amount in numbers, such as 120 or 85.50",
        }
    }
}

/// An amount in pence: `£1,234.5`, `1234`, `85.50`; none where nothing is written.
/// # Errors
/// What is wrong with it.
///
/// ```
/// use fingerpost::self_help::budget::{Refused, amount};
/// assert_eq!(amount("£1,234.5"), Ok(Some(123_450)));
/// assert_eq!(amount("1200,50"), Ok(Some(120_050)));
/// assert_eq!(amount("۱۲۰"), Ok(Some(12_000)));
/// assert_eq!(amount("  "), Ok(None));
/// assert_eq!(amount("-5"), Err(Refused::Negative));
/// assert_eq!(amount("100pw"), Err(Refused::HowOften));
/// assert_eq!(amount("about 20"), Err(Refused::Unclear));
/// ```
pub fn amount(written: &str) -> Result<Option<i64>, Refused> {
    let text: String = written.chars().filter(|c| !BLANKS.contains(c)).map(as_in_english).collect();
    if text.is_empty() {
        return Ok(None);
    }
    if text.contains(['-', '−', '–']) {
        return Err(Refused::Negative);
    }
    let text = text.strip_prefix('£').or_else(|| text.strip_suffix('£')).unwrap_or(&text);
    if says_how_often(text) {
        return Err(Refused::HowOften);
    }
    let (whole, part) = pence_after_a_comma(text).or_else(|| text.split_once('.')).unwrap_or((text, ""));
    if (whole.is_empty() && part.is_empty()) || part.len() > 2 || !is_digits(part) {
        return Err(Refused::Unclear);
    }
    let whole = without_commas(whole).ok_or(Refused::Unclear)?;
    let digits = whole.trim_start_matches('0');
    // Longer than a million: it would not fit, either.
    if digits.len() > 7 {
        return Err(Refused::TooMuch);
    }
    let pounds: i64 = digits.parse().unwrap_or(0);
    let pence: i64 = format!("{part:0<2}").parse().unwrap_or(0);
    let pence = pounds * 100 + pence;
    if pence > MOST { Err(Refused::TooMuch) } else { Ok(Some(pence)) }
}

/// Digits and marks of the keyboards of Urdu, Persian and Arabic as English has them. The script in the browser does the
/// same.
fn as_in_english(c: char) -> char {
    match c {
        '\u{660}'..='\u{669}' => digit(c, '\u{660}'),
        '\u{6f0}'..='\u{6f9}' => digit(c, '\u{6f0}'),
        '\u{66b}' => '.',
        '\u{66c}' => ',',
        other => other,
    }
}

fn digit(c: char, nought: char) -> char {
    char::from_digit(u32::from(c) - u32::from(nought), 10).unwrap_or(c)
}

/// What stands between an amount and a time: "100 a week", "100/wk". The script in the browser has the same.
const BEFORE_A_TIME: [&str; 8] = ["", "a", "per", "each", "every", "p", "p/", "/"];
/// Times that an amount is for, as people write them behind it.
const TIMES: [&str; 20] = [
    "w",
    "wk",
    "week",
    "weekly",
    "fortnight",
    "fortnightly",
    "m",
    "cm",
    "mth",
    "month",
    "monthly",
    "calendarmonth",
    "y",
    "yr",
    "year",
    "yearly",
    "annum",
    "pa",
    "day",
    "daily",
];

/// An amount with how often it comes: "100pw", "£450 a month".
fn says_how_often(text: &str) -> bool {
    let is_of_amounts = |c: char| c.is_ascii_digit() || matches!(c, '.' | ',');
    let (number, rest) = text.split_at(text.find(|c| !is_of_amounts(c)).unwrap_or(text.len()));
    let rest = rest.to_ascii_lowercase();
    let is_time = |before: &str| rest.strip_prefix(before).is_some_and(|time| TIMES.contains(&time));
    number.contains(|c: char| c.is_ascii_digit()) && BEFORE_A_TIME.iter().any(|before| is_time(before))
}

/// `1200,50` as people write it who count in other languages: two digits behind the only comma cannot
/// be thousands.
fn pence_after_a_comma(text: &str) -> Option<(&str, &str)> {
    text.split_once(',').filter(|(whole, part)| part.len() == 2 && is_digits(whole) && is_digits(part))
}

fn is_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The digits, where commas stand only between thousands. "1,5" may mean one and a half.
fn without_commas(whole: &str) -> Option<String> {
    let mut parts = whole.split(',');
    let first = parts.next()?;
    let rest: Vec<&str> = parts.collect();
    let grouped = rest.is_empty() || ((1..=3).contains(&first.len()) && rest.iter().all(|part| part.len() == 3));
    let digits = whole.replace(',', "");
    (grouped && is_digits(&digits)).then_some(digits)
}

/// Pence as pounds: `£1,962.88`, `-£0.83`.
pub fn pounds(pence: i64) -> String {
    let sign = if pence < 0 { "-" } else { "" };
    let pence = pence.unsigned_abs();
    format!("{sign}£{}.{:02}", grouped(pence / 100), pence % 100)
}

/// A number with commas between its thousands, as amounts in pounds have them in every language: `1,962`.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (at, digit) in digits.char_indices() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}
