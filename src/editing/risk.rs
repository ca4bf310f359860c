//! What of an edit may stand at once, and what somebody should look at first.
//!
//! Whatever is not named here as harmless is risky.

use serde::Serialize;
use serde_json::{Map, Value};

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

/// Members that a protected listing may change at once: they tell nobody where to go or whom to ring.
const LOW_WHEN_PROTECTED: &[&str] = &["status", "alert", "schedules", "wait_time", "capacities"];

/// Members of a link of a service to a place that say nothing about where it is.
const LOW_OF_A_LINK: &[&str] = &["schedules", "phones", "description", "contacts"];

/// How risky a change of a record is.
pub fn risk(kind: Kind, protected: bool, change: &Change) -> Risk {
    let field = change.field.as_str();
    if makes_stricter(change) {
        return Risk::Low;
    }
    if protected {
        return if LOW_WHEN_PROTECTED.contains(&field) { Risk::Low } else { Risk::High };
    }
    if field == "service_at_locations" {
        return links(change);
    }
    let harmless = LOW.iter().any(|(of, fields)| *of == kind && fields.contains(&field));
    if harmless && !gains_an_address(change) { Risk::Low } else { Risk::High }
}

/// A group may always hide its place at once.
fn makes_stricter(change: &Change) -> bool {
    let policy = |value: &Value| value.as_str().and_then(LocationPolicy::from_text).unwrap_or_default();
    change.field == "location_policy" && policy(&change.after) > policy(&change.before)
}

/// A text that names a web address that it did not name before leads people somewhere new.
fn gains_an_address(change: &Change) -> bool {
    let before = change.before.to_string().to_lowercase();
    let after = change.after.to_string().to_lowercase();
    let is_address = |word: &&str| word.contains("://") || word.contains("www.");
    let words = |text: &'_ str| {
        text.split(|c: char| c.is_whitespace() || "\"'<>()[],".contains(c)).map(str::to_owned).collect::<Vec<_>>()
    };
    let known = words(&before);
    words(&after).iter().map(String::as_str).filter(is_address).any(|word| !known.iter().any(|one| one == word))
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
        let policy = |link: &Map<String, Value>| {
            link.get("location_policy").and_then(Value::as_str).and_then(LocationPolicy::from_text).unwrap_or_default()
        };
        bare(before) == bare(after) && policy(after) >= policy(before)
    };
    if before.len() == after.len() && before.iter().zip(&after).all(same) && !gains_an_address(change) {
        Risk::Low
    } else {
        Risk::High
    }
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
    fn a_description_that_gains_a_link_waits() {
        assert_eq!(of(Kind::Service, false, "description", json!("Food."), json!("Food and tea.")), Risk::Low);
        assert_eq!(of(Kind::Service, false, "description", json!("Food."), json!("Food. See WWW.loans.example")), Risk::High);
        let (ours, theirs) = (json!("See https://pantry.example"), json!("See https://loans.example"));
        assert_eq!(of(Kind::Service, false, "description", ours, theirs), Risk::High, "one for another is a new one");
    }

    #[test]
    fn nothing_that_leads_somewhere_stands_at_once_on_a_protected_listing() {
        for field in ["phones", "email", "contacts", "description", "service_at_locations"] {
            assert_eq!(of(Kind::Service, true, field, json!("a"), json!("b")), Risk::High, "{field}");
        }
        assert_eq!(of(Kind::Service, true, "alert", json!(null), json!("Closed on Friday")), Risk::Low);
    }

    #[test]
    fn a_place_can_be_hidden_at_once_and_not_shown_at_once() {
        let link = |policy: &str| json!([{"id": "1", "location_id": "2", "location_policy": policy}]);
        assert_eq!(of(Kind::Service, false, "service_at_locations", link("exact"), link("on_request")), Risk::Low);
        assert_eq!(of(Kind::Service, false, "service_at_locations", link("on_request"), link("exact")), Risk::High);
        assert_eq!(of(Kind::Location, true, "location_policy", json!(null), json!("withheld")), Risk::Low);
    }

    #[test]
    fn other_hours_at_the_same_place_stand_at_once_and_another_place_waits() {
        let at = |place: &str, day: &str| json!([{"id": "1", "location_id": place, "schedules": [{"byday": day}]}]);
        assert_eq!(of(Kind::Service, false, "service_at_locations", at("2", "MO"), at("2", "TU")), Risk::Low);
        assert_eq!(of(Kind::Service, false, "service_at_locations", at("2", "MO"), at("3", "MO")), Risk::High);
    }
}
