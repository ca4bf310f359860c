//! Facts in plain words, in the language of the page: dates, money, ages, distances, lists. The day
//! that it is today comes in as an argument.

use chrono::{DateTime, Datelike as _, NaiveDate, Utc};

use maud::{Markup, html};
use serde_json::Value;

use super::{
    Site,
    language::{Language, as_written, say, say_count, say_tenths, say_with, spoken},
    times::time,
};
use crate::{
    model::{Service, parts::CostOption, schedule::day_name, text::shorten, values::Number},
    records::CHECKED_HOW,
};

/// What was last checked before so many days is said to need checking, whatever the directory that keeps it
/// says; a council may give listings more time.
pub(super) const CHECKED_FOR_DAYS: i64 = 180;
const METRES_IN_A_MILE: f64 = 1_609.344;

/// A text with a capital at its beginning.
pub(super) fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// An error, which has neither capital nor full stop, as a sentence.
pub(super) fn sentence(said: &str) -> String {
    format!("{}.", capital(said))
}

/// As dates have them, which is not as calendars do in every language.
fn month(day: NaiveDate) -> &'static str {
    const MONTHS: [&str; 12] = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ];
    say(MONTHS[day.month0() as usize])
}

/// "2 November 2026".
pub(super) fn date(day: NaiveDate) -> String {
    format!("{} {} {}", day.day(), month(day), day.year())
}

/// "23 to 29 November 2026", "30 November to 6 December 2026".
pub(super) fn dates(first: NaiveDate, last: NaiveDate) -> String {
    let begins = match (first.year() == last.year(), first.month() == last.month()) {
        (true, true) => first.day().to_string(),
        (true, false) => format!("{} {}", first.day(), month(first)),
        (false, _) => date(first),
    };
    if first == last { date(last) } else { from_to(&begins, &date(last)) }
}

/// "Thursday 3 December 2026".
pub(super) fn long_date(day: NaiveDate) -> String {
    say_with("{weekday} {date}", &[("weekday", say(day_name(day.weekday()))), ("date", &date(day))])
}

/// A moment as people write it, by the clock on their wall.
pub(super) fn moment(at: DateTime<Utc>) -> String {
    let local = at.with_timezone(&chrono_tz::Europe::London);
    [date(local.date_naive()), time(local.time())].join(say(", "))
}

/// On paper, the day of which the page is.
pub(super) fn printed(today: NaiveDate) -> Markup {
    html! { p class="printed" { (say_with("Printed on {date}. Phone numbers and times change.", &[("date", &date(today))])) } }
}

/// The day that it is in London at that moment.
pub(super) fn london_day(at: DateTime<Utc>) -> NaiveDate {
    at.with_timezone(&chrono_tz::Europe::London).date_naive()
}

/// Whether, and when, somebody last checked that a listing is right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Checked {
    /// On this day, which is not long ago.
    On(NaiveDate),
    /// On this day, which is too long ago.
    LongAgo(NaiveDate),
    /// Nobody has, as far as we know.
    Never,
}

impl Checked {
    /// What a service says of itself.
    pub(super) fn of(site: &Site, service: &Service) -> Self {
        match Self::read(service.assured_date.as_deref(), site.today(), site.brand.checked_for) {
            // The directory that keeps it has its own limit.
            Self::On(day) if service.freshness.is_some() => Self::LongAgo(day),
            checked => checked,
        }
    }

    /// A sentence about a service.
    pub(super) fn say(site: &Site, service: &Service) -> String {
        Self::of(site, service).sentence(service.extra.get(CHECKED_HOW).and_then(Value::as_str))
    }

    /// Read the `assured_date` of a listing, which is good for so many days.
    fn read(assured: Option<&str>, today: NaiveDate, good_for: i64) -> Self {
        match assured.and_then(|text| text.get(..10)).and_then(|text| text.parse::<NaiveDate>().ok()) {
            None => Self::Never,
            Some(day) if (today - day).num_days() > good_for => Self::LongAgo(day),
            Some(day) => Self::On(day),
        }
    }

    /// A sentence about it, for those who would go there; `how` it was checked, as far as the service says so.
    pub(super) fn sentence(self, how: Option<&str>) -> String {
        match self {
            Self::On(day) => {
                let said = match how {
                    Some("owner") => "Confirmed by the group on {date}.",
                    Some("phone") => "Confirmed by phone on {date}.",
                    Some("visit") => "Confirmed on a visit on {date}.",
                    _ => "Checked on {date}.",
                };
                say_with(said, &[("date", &date(day))])
            }
            Self::LongAgo(day) => {
                say_with("This has not been checked since {date}. Ring or email before you go.", &[("date", &date(day))])
            }
            Self::Never => say("This has not been checked yet. Ring or email before you go.").to_owned(),
        }
    }
}

/// "1 service", "2,000 services".
pub(super) fn count(number: usize, one: &str, many: &str) -> String {
    say_count(number, &thousands(number), one, many)
}

/// The noun of a count, where its number stands apart.
pub(super) fn noun(number: usize, one: &str, many: &str) -> String {
    say_count(number, "", one, many).trim().to_owned()
}

/// "12,345".
pub(super) fn thousands(number: usize) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.char_indices() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(spoken().thousands_mark());
        }
        out.push(digit);
    }
    out
}

/// "a", "a and b", "a, b and c".
pub(super) fn list(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => and(&first.join(say(", ")), last),
    }
}

/// "a and b".
fn and(some: &str, last: &str) -> String {
    say_with("{some} and {last}", &[("some", some), ("last", last)])
}

/// "9am to 4pm", "2 to 8 November 2026".
pub(super) fn from_to(from: &str, to: &str) -> String {
    say_with("{from} to {to}", &[("from", from), ("to", to)])
}

/// "1st", "2nd", "3rd", "11th", "22nd".
pub(super) fn ordinal(number: u32) -> String {
    match spoken() {
        Language::English => {}
        Language::Polish => return format!("{number}."),
        Language::Urdu => return number.to_string(),
    }
    let ending = match (number % 100, number % 10) {
        (11..=13, _) => "th",
        (_, 1) => "st",
        (_, 2) => "nd",
        (_, 3) => "rd",
        _ => "th",
    };
    format!("{number}{ending}")
}

/// An amount in whole units of a currency: "£4", "£2.50", "60p", "12.00 EUR".
pub(super) fn money(amount: f64, currency: Option<&str>) -> String {
    match currency.filter(|code| !code.eq_ignore_ascii_case("GBP")) {
        None if amount > 0.0 && amount < 0.995 => format!("{:.0}p", amount * 100.0),
        None if amount.fract().abs() < 0.005 => format!("£{amount:.0}"),
        None => format!("£{amount:.2}"),
        Some(other) => format!("{amount:.2} {other}"),
    }
}

/// What something costs, one line for each price. In words where the listing has them; that it is free is
/// ticked on a form, which keeps it in English.
pub(super) fn costs(in_words: Option<&str>, options: &[CostOption]) -> Vec<String> {
    if let Some(words) = in_words.map(str::trim).filter(|words| !words.is_empty()) {
        return vec![if words.eq_ignore_ascii_case("free") { say("Free") } else { words }.to_owned()];
    }
    if !options.is_empty() && options.iter().all(|option| option.amount == Some(Number(0.0))) {
        return vec![say("Free").to_owned()];
    }
    options.iter().filter_map(cost).collect()
}

/// One of these lines, marked as far as somebody else wrote it.
pub(super) fn price(said: &str) -> Markup {
    let ours = [say("Free"), say("free")].into_iter().find(|word| said.ends_with(word)).unwrap_or_default();
    let theirs = said.strip_suffix(ours).unwrap_or(said);
    html! { @if !theirs.is_empty() { (as_written(theirs)) } (ours) }
}

fn cost(option: &CostOption) -> Option<String> {
    let amount = option.amount.map(|Number(amount)| match option.amount_description {
        _ if amount != 0.0 => money(amount, option.currency.as_deref()),
        None => say("free").to_owned(),
        // In the middle of what somebody wrote it stays in their language.
        Some(_) => "free".to_owned(),
    });
    let what: Vec<String> = [amount, option.amount_description.clone()].into_iter().flatten().collect();
    let what = what.join(" ");
    match option.option.as_deref() {
        Some(who) if what.is_empty() => Some(who.to_owned()),
        Some(who) => Some(format!("{who}: {what}")),
        None if what.is_empty() => None,
        None => Some(what),
    }
}

/// "Ages 5 to 11", "Aged 18 or over", "Aged 25 or under".
pub(super) fn ages(least: Option<Number>, most: Option<Number>) -> Option<String> {
    let least = least.map(|Number(age)| age).filter(|age| *age > 0.0);
    match (least, most.map(|Number(age)| age)) {
        (None, None) => None,
        (Some(least), None) => Some(say_with("Aged {n} or over", &[("n", &least.to_string())])),
        (None, Some(most)) => Some(say_with("Aged {n} or under", &[("n", &most.to_string())])),
        (Some(least), Some(most)) => {
            Some(say_with("Ages {least} to {most}", &[("least", &least.to_string()), ("most", &most.to_string())]))
        }
    }
}

/// A distance in metres as British people say it: in miles.
pub(super) fn distance(metres: f64) -> String {
    let miles = metres / METRES_IN_A_MILE;
    if miles < 0.5 {
        return say("less than half a mile away").to_owned();
    }
    let text = if miles < 9.95 { format!("{miles:.1}") } else { format!("{miles:.0}") };
    let text = text.trim_end_matches(".0");
    match text.parse() {
        Ok(whole) => say_count(whole, text, "about {n} mile away", "about {n} miles away"),
        Err(_) => say_tenths(&text.replace('.', spoken().decimal_mark()), "about {n} miles away"),
    }
}

/// The first two sentences of a text, at most `most` characters of them.
pub(super) fn summary(text: &str, most: usize) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let second = text.match_indices(' ').filter(|(at, _)| text[..*at].ends_with(['.', '?', '!'])).nth(1);
    let two = second.map_or(text.as_str(), |(end, _)| &text[..end]);
    if two.chars().count() <= most {
        return two.to_owned();
    }
    // Not in the middle of a word.
    let cut = shorten(two, most);
    let cut = cut.trim_end_matches('…');
    format!("{}…", cut.rsplit_once(' ').map_or(cut, |(before, _)| before))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn days_are_said_as_people_write_them() {
        assert_eq!(date(day("2026-11-02")), "2 November 2026");
        assert_eq!(long_date(day("2026-12-03")), "Thursday 3 December 2026");
        assert_eq!(london_day("2026-06-30T23:30:00Z".parse().unwrap()), day("2026-07-01"));
    }

    #[test]
    fn a_check_is_good_for_180_days() {
        let checked = |text| Checked::read(text, day("2026-11-22"), CHECKED_FOR_DAYS);
        assert_eq!(checked(Some("2026-11-02")), Checked::On(day("2026-11-02")));
        assert_eq!(checked(Some("2026-05-26")), Checked::On(day("2026-05-26")));
        assert_eq!(checked(Some("2026-05-25")), Checked::LongAgo(day("2026-05-25")));
        assert_eq!(checked(Some("2026-11-02T10:00:00Z")), Checked::On(day("2026-11-02")));
        assert_eq!(checked(Some("last week")), Checked::Never);
        assert_eq!(checked(None), Checked::Never);
    }

    #[test]
    fn numbers_agree_with_their_nouns() {
        assert_eq!(count(1, "service", "services"), "1 service");
        assert_eq!(count(0, "service", "services"), "0 services");
        assert_eq!(count(1_234_567, "service", "services"), "1,234,567 services");
        assert_eq!(
            [1, 2, 3, 4, 11, 12, 13, 21, 22, 31].map(ordinal),
            ["1st", "2nd", "3rd", "4th", "11th", "12th", "13th", "21st", "22nd", "31st"]
        );
    }

    #[test]
    fn money_is_in_pounds_and_pence() {
        assert_eq!([4.0, 2.5, 0.6, 0.99, 90.0].map(|amount| money(amount, Some("GBP"))), ["£4", "£2.50", "60p", "99p", "£90"]);
        assert_eq!(money(12.0, Some("EUR")), "12.00 EUR");
    }

    #[test]
    fn prices_say_who_pays_them() {
        let option = |json: &str| serde_json::from_str::<CostOption>(json).unwrap();
        let free = option(
            r#"{"id":"00000000-0000-0000-0000-000000000001","option":"Free","amount":0,"amount_description":"no charge"}"#,
        );
        let low = option(
            r#"{"id":"00000000-0000-0000-0000-000000000002","option":"On benefits","amount":0,"amount_description":"each meeting"}"#,
        );
        let full = option(r#"{"id":"00000000-0000-0000-0000-000000000003","option":"Others","amount":2.5,"currency":"GBP"}"#);
        assert_eq!(costs(None, std::slice::from_ref(&free)), ["Free"]);
        assert_eq!(costs(None, &[low, full.clone()]), ["On benefits: free each meeting", "Others: £2.50"]);
        assert_eq!(costs(Some("£4 a visit"), &[full]), ["£4 a visit"]);
        assert_eq!(costs(Some("free"), &[]), ["Free"]);
        assert!(costs(None, &[]).is_empty());
    }

    #[test]
    fn ages_are_said_with_the_limits_there_are() {
        let age = |n: f64| Some(Number(n));
        assert_eq!(ages(age(5.0), age(11.0)).unwrap(), "Ages 5 to 11");
        assert_eq!(ages(age(18.0), None).unwrap(), "Aged 18 or over");
        assert_eq!(ages(age(0.0), age(25.0)).unwrap(), "Aged 25 or under");
        assert_eq!(ages(None, None), None);
    }

    #[test]
    fn a_span_of_days_says_month_and_year_once() {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        let said = |first: &str, last: &str| dates(day(first), day(last));
        assert_eq!(said("2026-11-23", "2026-11-29"), "23 to 29 November 2026");
        assert_eq!(said("2026-11-30", "2026-12-06"), "30 November to 6 December 2026");
        assert_eq!(said("2026-12-28", "2027-01-03"), "28 December 2026 to 3 January 2027");
        assert_eq!(said("2026-11-29", "2026-11-29"), "29 November 2026");
    }

    #[test]
    fn distances_are_in_miles_and_not_too_exact() {
        assert_eq!(
            [100.0, 1_609.0, 3_000.0, 20_000.0].map(distance),
            ["less than half a mile away", "about 1 mile away", "about 1.9 miles away", "about 12 miles away"]
        );
    }

    #[test]
    fn a_summary_is_two_sentences_and_whole_words() {
        assert_eq!(summary("One. Two! Three? Four.", 300), "One. Two!");
        assert_eq!(summary("Only one", 300), "Only one");
        assert_eq!(summary("A very long sentence without an end", 14), "A very long…");
        assert_eq!(summary("ünïcödé. ok. no.", 300), "ünïcödé. ok.");
    }

    #[test]
    fn lists_end_with_and() {
        let list_of = |items: &[&str]| list(&items.iter().map(|item| (*item).to_owned()).collect::<Vec<_>>());
        assert_eq!(
            [list_of(&[]), list_of(&["a"]), list_of(&["a", "b"]), list_of(&["a", "b", "c"])],
            ["", "a", "a and b", "a, b and c"]
        );
    }
}
