//! What of an edit may stand at once, and what somebody should look at first.
//!
//! Whatever is not named here as harmless is risky, and so is a text that newly names a web address or
//! says that somebody was checked or approved (`says.rs`).

mod says;

use std::ops::RangeInclusive;

use chrono::{Datelike as _, NaiveDate};
use serde::Serialize;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use self::says::{gains_a_claim, gains_an_address};
use crate::model::{Kind, LocationPolicy, changes::Change, schedule, values::TimeOfDay};

/// How the form begins an alert about a listing that is closed for a time.
const CLOSED_UNTIL: &str = "Closed until ";

/// Whether a change may stand at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Risk {
    /// Wrong, it costs somebody a journey; its author can undo it.
    Low,
    /// Wrong, it can mislead or harm.
    High,
}

/// Members that say when, how much and for whom: what goes out of date, and what groups know best.
const LOW: &[(Kind, &[&str])] = &[
    (
        Kind::Service,
        &[
            "status",
            "alert",
            "description",
            "email",
            "phones",
            "schedules",
            "fees",
            "fees_description",
            "cost_options",
            "wait_time",
            "eligibility_description",
            "minimum_age",
            "maximum_age",
            "application_process",
            "interpretation_services",
            "languages",
            "required_documents",
            "contacts",
            "capacities",
        ],
    ),
    (Kind::Organization, &["description", "email", "phones", "contacts", "year_incorporated"]),
    (Kind::Location, &["description", "transportation", "accessibility", "languages", "phones", "contacts", "schedules"]),
    (
        Kind::Event,
        &[
            "status",
            "description",
            "start",
            "end",
            "timezone",
            "rrule",
            "exdates",
            "rdates",
            "changes",
            "notes",
            "minimum_age",
            "maximum_age",
            "eligibility_description",
            "cost_options",
            "capacity",
            "accessibility",
            "languages",
            "phones",
            "contacts",
        ],
    ),
];

/// Members of a link of a service to a place that say nothing about where it is.
const LOW_OF_A_LINK: &[&str] = &["schedules", "phones", "description", "contacts"];

/// How risky a change of a record is.
pub fn risk(kind: Kind, protected: bool, change: &Change) -> Risk {
    let field = change.field.as_str();
    if makes_stricter(change) {
        return Risk::Low;
    }
    if protected {
        return when_protected(kind, change);
    }
    if field == "service_at_locations" {
        return links(change);
    }
    if field == "changes" && moves_to_another_place(change) {
        return Risk::High;
    }
    let harmless = LOW.iter().any(|(of, fields)| *of == kind && fields.contains(&field));
    if harmless && !misleads(change) { Risk::Low } else { Risk::High }
}

/// Whether a text says something new that can lead people astray wherever it is said.
fn misleads(change: &Change) -> bool {
    gains_an_address(change) || gains_a_claim(change)
}

/// What a protected listing may change at once: nothing in which a number, an address or a link can stand.
fn when_protected(kind: Kind, change: &Change) -> Risk {
    let harmless = match change.field.as_str() {
        // Elsewhere it is a member that nobody knows, and may say anything.
        "status" => matches!(kind, Kind::Service | Kind::Event),
        "alert" => {
            change.after.is_null() || change.after.as_str().is_some_and(|alert| says_only_until_when(alert, &change.before))
        }
        // Of an event only the words of the form's box.
        "notes" => kind == Kind::Event && (change.after.is_null() || format!("notes: {}", change.after) == TERM_ONLY),
        "schedules" => words_of_times(&change.after).iter().all(|words| words_of_times(&change.before).contains(words)),
        _ => false,
    };
    if harmless { Risk::Low } else { Risk::High }
}

/// An alert about a listing that opens again on `day`, with what else people should know: "Closed until 12
/// January 2027. The boiler is broken."
pub(crate) fn say_closed_until(day: NaiveDate, more: Option<&str>) -> String {
    let until = format!("{CLOSED_UNTIL}{}", day.format("%-d %B %Y"));
    more.map_or_else(|| until.clone(), |more| format!("{until}. {more}"))
}

/// The day on which a listing opens again, and what else its alert says, as [`say_closed_until`] writes it.
pub(crate) fn closed_until(alert: &str) -> Option<(NaiveDate, &str)> {
    let said = alert.strip_prefix(CLOSED_UNTIL)?;
    let (day, more) = said.split_once(". ").unwrap_or((said, ""));
    Some((NaiveDate::parse_from_str(day, "%d %B %Y").ok()?, more))
}

/// Whether an alert says nothing but until when, beside the words that stood there before.
fn says_only_until_when(alert: &str, before: &Value) -> bool {
    let beside = |alert| closed_until(alert).map_or(alert, |(_, more)| more);
    let more = beside(alert);
    more.is_empty() || before.as_str().is_some_and(|before| beside(before) == more)
}

/// What is said about times in words, or in numbers with room for a telephone number, and where they lead.
fn words_of_times(schedules: &Value) -> Vec<String> {
    let members = |one: &Value| -> Vec<String> {
        match one {
            Value::Object(members) => {
                let said = members.iter().filter(|(name, value)| !only_says_when(name, value));
                said.map(|(name, value)| format!("{name}: {value}")).filter(|words| words != TERM_ONLY).collect()
            }
            Value::Null => Vec::new(),
            other => vec![other.to_string()],
        }
    };
    match schedules {
        Value::Array(all) => all.iter().flat_map(members).collect(),
        other => members(other),
    }
}

/// Whether a member of a schedule can say nothing but a time. Numbers of weeks and of days in the year are
/// not among them: a list of them has room for a telephone number, and our own form writes none. For the same
/// reason numbers are whole and small, years are of this century, and days of a month go up.
fn only_says_when(name: &str, value: &Value) -> bool {
    let text = value.as_str().unwrap_or_default();
    match name {
        "id" | "service_id" | "location_id" | "service_at_location_id" => text.parse::<Uuid>().is_ok(),
        "freq" => FREQUENCIES.contains(&text),
        "interval" | "count" => is_whole(value, 1.0..=366.0),
        "opens_at" | "closes_at" => text.parse::<TimeOfDay>().is_ok(),
        "valid_from" | "valid_to" | "dtstart" | "until" => {
            text.parse::<NaiveDate>().is_ok_and(|day| (2000..2100).contains(&day.year()))
        }
        "byday" | "wkst" => are_days(text),
        "bymonthday" => are_days_of_a_month(text),
        "timezone" => value.as_f64().is_some_and(|hours| is_whole(&json!(hours * 4.0), -48.0..=56.0)),
        _ => false,
    }
}

const FREQUENCIES: [&str; 2] = ["WEEKLY", "MONTHLY"];

fn is_whole(value: &Value, within: RangeInclusive<f64>) -> bool {
    value.as_f64().is_some_and(|number| number.fract() == 0.0 && within.contains(&number))
}

/// Days of the week as iCalendar writes them, each at most once: of a month, one of its five weeks.
fn are_days(text: &str) -> bool {
    let days = schedule::by_days(text);
    let weeks = days.iter().all(|day| day.which.is_none_or(|which| (-5..=5).contains(&which)));
    let once = days.iter().enumerate().all(|(at, day)| !days[..at].contains(day));
    weeks && once && schedule::byday(text).as_deref() == Some(text)
}

fn are_days_of_a_month(text: &str) -> bool {
    let days: Vec<i16> = text.split(',').filter_map(|day| day.parse().ok()).collect();
    // The last days of a month, which count from its end, stand behind the first.
    days.is_sorted_by(|a, b| a.rem_euclid(64) < b.rem_euclid(64))
        && schedule::numbers_of_days(text, schedule::DAYS_OF_A_MONTH).as_deref() == Some(text)
}

/// A note that the form has a box for.
const TERM_ONLY: &str = "notes: \"Not in school holidays\"";

/// A group may always hide its place at once.
fn makes_stricter(change: &Change) -> bool {
    match change.field.as_str() {
        "location_policy" => policy(&change.after) > policy(&change.before),
        "service_at_locations" => only_stricter(change),
        _ => false,
    }
}

fn policy(value: &Value) -> LocationPolicy {
    value.as_str().and_then(LocationPolicy::from_text).unwrap_or_default()
}

/// The same links, some told less openly than before, and nothing else.
fn only_stricter(change: &Change) -> bool {
    let (Some(before), Some(after)) = (change.before.as_array(), change.after.as_array()) else { return false };
    let stricter = |(before, after): (&Value, &Value)| {
        let bare = |link: &Value| link.as_object().map(|link| without(link, &["location_policy"]));
        bare(before) == bare(after) && policy(&after["location_policy"]) >= policy(&before["location_policy"])
    };
    before.len() == after.len() && before.iter().zip(after).all(stricter)
}

/// Single dates that take place somewhere else than before.
fn moves_to_another_place(change: &Change) -> bool {
    let places = |value: &Value| -> Vec<Value> {
        value.as_array().into_iter().flatten().map(|date| date["location_id"].clone()).filter(|place| !place.is_null()).collect()
    };
    let known = places(&change.before);
    places(&change.after).iter().any(|place| !known.contains(place))
}

/// The same places as before, with other hours or phone numbers, or told less openly.
fn links(change: &Change) -> Risk {
    let places = |value: &Value| -> Option<Vec<Map<String, Value>>> {
        let links = value.as_array()?;
        links.iter().map(|link| link.as_object().map(|link| without(link, LOW_OF_A_LINK))).collect()
    };
    let (Some(before), Some(after)) = (places(&change.before), places(&change.after)) else { return Risk::High };
    let same = |(before, after): (&Map<String, Value>, &Map<String, Value>)| {
        let bare = |link| without(link, &["location_policy"]);
        let told = |link: &Map<String, Value>| link.get("location_policy").map(policy).unwrap_or_default();
        bare(before) == bare(after) && told(after) >= told(before)
    };
    if before.len() == after.len() && before.iter().zip(&after).all(same) && !misleads(change) { Risk::Low } else { Risk::High }
}

fn without(object: &Map<String, Value>, members: &[&str]) -> Map<String, Value> {
    object
        .iter()
        .filter(|(name, _)| !members.contains(&name.as_str()))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(kind: Kind, protected: bool, field: &str, before: Value, after: Value) -> Risk {
        risk(kind, protected, &Change { field: field.to_owned(), before, after })
    }

    #[test]
    fn times_and_phones_stand_at_once_names_and_links_wait() {
        assert_eq!(of(Kind::Service, false, "schedules", json!([]), json!([{"byday": "TU"}])), Risk::Low);
        assert_eq!(of(Kind::Service, false, "phones", json!([]), json!([{"number": "01632 960123"}])), Risk::Low);
        for field in ["name", "url", "attributes", "organization_id", "accreditations", "an_unknown_member"] {
            assert_eq!(of(Kind::Service, false, field, json!("a"), json!("b")), Risk::High, "{field}");
        }
        assert_eq!(of(Kind::Location, false, "addresses", json!([]), json!([{}])), Risk::High);
    }

    #[test]
    fn a_text_that_gains_a_link_or_a_claim_waits_wherever_it_stands() {
        let said = |text: &str| of(Kind::Service, false, "description", json!("Food."), json!(text));
        assert_eq!(said("Food and tea."), Risk::Low);
        assert_eq!(said("Food. See quick-loans.example"), Risk::High);
        assert_eq!(said("All our staff are DBS checked."), Risk::High);
        let link = |words: &str| json!([{"id": "1", "location_id": "2", "description": words}]);
        let at = |words: &str| of(Kind::Service, false, "service_at_locations", link("Upstairs"), link(words));
        assert_eq!(at("Upstairs, on the left"), Risk::Low);
        assert_eq!(at("Upstairs. Book at bit.ly/x"), Risk::High);
    }

    #[test]
    fn nothing_that_leads_somewhere_stands_at_once_on_a_protected_listing() {
        for field in ["phones", "email", "contacts", "description", "service_at_locations"] {
            assert_eq!(of(Kind::Service, true, field, json!("a"), json!("b")), Risk::High, "{field}");
        }
        for alert in ["Closed on Friday", "New number: 07700 900666", "Closed until you ring 07700 900666"] {
            assert_eq!(of(Kind::Service, true, "alert", json!(null), json!(alert)), Risk::High, "{alert}");
        }
        assert_eq!(of(Kind::Service, true, "alert", json!(null), json!("Closed until 12 January 2027")), Risk::Low);
        assert_eq!(of(Kind::Service, true, "alert", json!("x"), json!(null)), Risk::Low);
        // Closed and opened with one tap: what else the alert says has been public before.
        let (cold, closed) = (json!("The hall is cold."), json!("Closed until 12 January 2027. The hall is cold."));
        assert_eq!(of(Kind::Service, true, "alert", cold.clone(), closed.clone()), Risk::Low);
        assert_eq!(of(Kind::Service, true, "alert", closed, cold.clone()), Risk::Low);
        let other = json!("Closed until 12 January 2027. Ring 07700 900666");
        assert_eq!(of(Kind::Service, true, "alert", cold, other), Risk::High);
        let times = |notes: &str| json!([{"byday": "MO", "notes": notes}]);
        assert_eq!(of(Kind::Service, true, "schedules", json!([]), times("Not in school holidays")), Risk::Low);
        assert_eq!(of(Kind::Service, true, "schedules", json!([]), times("Ring 07700 900666")), Risk::High);
        let only = |name: &str, value: Value| of(Kind::Service, true, "schedules", json!([]), json!([{ name: value }]));
        for (name, value) in [
            ("wkst", json!("Ring 07700 900666")),
            ("bymonthday", json!("07700900666")),
            ("byweekno", json!("07700,900,666")),
            ("byyearday", json!("77,009,006,66")),
            ("byday", json!("7MO,70TU,-90WE")),
            ("byday", json!("1MO,1MO,1MO")),
            ("bymonthday", json!("7,7,9,6,6,6")),
            ("timezone", json!(7_700_900_666_u64)),
            ("timezone", json!(0.077_009_006_66)),
            ("count", json!(77_009)),
            ("interval", json!(7_700.900_666)),
            ("valid_from", json!("+77009-06-06")),
            ("opens_at", json!("07700 900666")),
            ("freq", json!("Ring 07700 900666")),
            ("id", json!("07700 900666")),
            ("schedule_link", json!("https://loans.example")),
        ] {
            assert_eq!(only(name, value), Risk::High, "{name}");
        }
        for (name, value) in [
            ("wkst", json!("MO")),
            ("bymonthday", json!("1,-1")),
            ("byday", json!("1TU")),
            ("byday", json!("MO,WE")),
            ("timezone", json!(5.5)),
            ("interval", json!(2)),
            ("count", json!(10)),
            ("until", json!("2027-07-20")),
            ("opens_at", json!("09:30")),
        ] {
            assert_eq!(only(name, value), Risk::Low, "{name}");
        }
        for (field, said) in [
            ("status", json!("Ring 07700 900666")),
            ("schedules", json!("Ring 07700 900666")),
            ("schedules", json!(["07700 900666"])),
        ] {
            assert_eq!(of(Kind::Organization, true, field, json!(null), said), Risk::High, "{field}");
        }
        let link = |policy: &str| json!([{"id": "1", "location_id": "2", "location_policy": policy}]);
        assert_eq!(
            of(Kind::Service, true, "service_at_locations", link("exact"), link("on_request")),
            Risk::Low,
            "hiding is never late"
        );
    }

    #[test]
    fn a_place_can_be_hidden_at_once_and_not_shown_at_once() {
        let link = |policy: &str| json!([{"id": "1", "location_id": "2", "location_policy": policy}]);
        assert_eq!(of(Kind::Service, false, "service_at_locations", link("exact"), link("on_request")), Risk::Low);
        assert_eq!(of(Kind::Service, false, "service_at_locations", link("on_request"), link("exact")), Risk::High);
        assert_eq!(of(Kind::Location, true, "location_policy", json!(null), json!("withheld")), Risk::Low);
    }

    #[test]
    fn a_single_date_somewhere_else_waits() {
        let at = |place: Value| json!([{"start": "2026-12-01T10:00:00", "status": "moved", "location_id": place}]);
        assert_eq!(of(Kind::Event, false, "changes", json!([]), at(json!("2"))), Risk::High);
        assert_eq!(of(Kind::Event, false, "changes", json!([]), at(Value::Null)), Risk::Low);
        assert_eq!(of(Kind::Event, false, "changes", at(json!("2")), at(json!("2"))), Risk::Low);
    }

    #[test]
    fn other_hours_at_the_same_place_stand_at_once_and_another_place_waits() {
        let at = |place: &str, day: &str| json!([{"id": "1", "location_id": place, "schedules": [{"byday": day}]}]);
        assert_eq!(of(Kind::Service, false, "service_at_locations", at("2", "MO"), at("2", "TU")), Risk::Low);
        assert_eq!(of(Kind::Service, false, "service_at_locations", at("2", "MO"), at("3", "MO")), Risk::High);
    }

    fn members_of_a_schedule() -> Vec<String> {
        let known = crate::model::shape::entity("Schedule").unwrap().fields.keys().cloned();
        known.chain(["a_member_nobody_knows".to_owned()]).collect()
    }

    proptest! {
        /// Whatever member of a schedule it is put into, in whatever form, a telephone number waits.
        #[test]
        fn no_member_of_a_schedule_has_room_for_a_number(
            name in prop::sample::select(members_of_a_schedule()),
            number in "0[0-9]{2,3}[ ,.-]?[0-9]{3}[ ,.-]?[0-9]{3,4}",
            form in 0..4,
        ) {
            let digits: String = number.chars().filter(char::is_ascii_digit).collect();
            let said = match form {
                0 => json!(number),
                1 => json!(digits.parse::<u64>().unwrap()),
                2 => json!(format!("0.{digits}").parse::<f64>().unwrap()),
                _ => json!(digits.chars().map(String::from).collect::<Vec<_>>().join(",")),
            };
            prop_assume!(digits.trim_start_matches('0').len() > 6);
            prop_assert_eq!(of(Kind::Service, true, "schedules", json!([]), json!([{ name: said }])), Risk::High);
        }
    }
}
