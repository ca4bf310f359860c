//! What of an edit may stand at once, and what somebody should look at first.
//!
//! Whatever is not named here as harmless is risky, and so is a text that newly names a web address or
//! says that somebody was checked or approved (`says.rs`).

mod closed;
mod says;
mod times;

use serde::Serialize;
use serde_json::{Map, Value};

pub(crate) use self::closed::{closed_until, say_closed_until};
use self::{
    closed::says_only_until_when,
    says::{gains_a_claim, gains_an_address},
    times::{TERM_ONLY, words_of_times},
};
use crate::model::{Kind, LocationPolicy, changes::Change};

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
    use serde_json::json;

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
