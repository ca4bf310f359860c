use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::model::Document;

fn dropped(tidied: &Tidied) -> Vec<String> {
    tidied.dropped.iter().map(|d| format!("{}: {}", d.path, d.reason)).collect()
}

#[test]
fn an_invalid_optional_part_is_dropped_and_the_rest_goes_in() {
    let tidied = tidy(
        Kind::Service,
        json!({
            "id": "ac148810-d857-441c-9679-408f346de14b", "name": " Debt clinic ", "status": "Active",
            "email": "not an email", "url": "www.example.org/debt", "description": null, "alert": "",
            "minimum_age": "18", "maximum_age": 12,
            "service_at_locations": [{"id": "e94c9f38-1e8f-4564-91d4-d53501ab1765", "location": {
                "id": "1f4b0f2e-7a38-4f8e-9ad5-6d3d0f1b2c3d", "location_type": "physical", "latitude": 100, "longitude": -0.4,
                "addresses": [{"address_1": "1 Main St", "city": "Springfield", "postal_code": "62701", "country": "US"}]}}],
            "local_note": {"kept": "yes", "empty": "", "nothing": null}
        }),
        Names::Ours(""),
    )
    .unwrap();
    insta::assert_json_snapshot!(dropped(&tidied), @r#"
    [
      "email: \"not an email\" is not an email address (expected something like name@example.org)",
      "service_at_locations[0].location.addresses[0].country: is not in the United Kingdom; this directory only lists places that people in the UK can reach",
      "service_at_locations[0].location.latitude: 100 is not between -90 and 90",
      "service_at_locations[0].location.longitude: has no latitude to go with it",
      "minimum_age: is above the maximum age",
      "maximum_age: is below the minimum age"
    ]
    "#);
    insta::assert_json_snapshot!(tidied.value, @r#"
    {
      "id": "ac148810-d857-441c-9679-408f346de14b",
      "local_note": {
        "empty": "",
        "kept": "yes",
        "nothing": null
      },
      "name": "Debt clinic",
      "service_at_locations": [
        {
          "id": "e94c9f38-1e8f-4564-91d4-d53501ab1765",
          "location": {
            "id": "1f4b0f2e-7a38-4f8e-9ad5-6d3d0f1b2c3d",
            "location_type": "physical"
          }
        }
      ],
      "status": "active",
      "url": "https://www.example.org/debt"
    }
    "#);
}

#[test]
fn unknown_members_keep_their_nulls_and_one_that_has_no_value_is_named() {
    let note = json!({"visits": [1, null, "", {}], "ward": null, "tags": []});
    let tidied = tidy(
        Kind::TaxonomyTerm,
        json!({"id": "ac148810-d857-441c-9679-408f346de14b", "name": "Food", "description": "Food", "code": null,
            "local_note": note, "local_a": null, "local_b": " "}),
        Names::Ours(""),
    )
    .unwrap();
    assert_eq!(tidied.value["local_note"], note);
    assert_eq!((tidied.value.get("local_a"), tidied.value.get("local_b")), (None, None));
    let told: Vec<&str> = tidied.supposed.iter().map(|one| one.path.as_str()).collect();
    assert_eq!(told, ["local_a, local_b"], "{:?}", tidied.supposed);
}

#[test]
fn unknown_members_beyond_what_there_is_room_for_are_left_out_and_named() {
    let term = |large: usize| {
        json!({"id": "ac148810-d857-441c-9679-408f346de14b", "name": "Food", "description": "Food",
            "local_large": "x".repeat(large), "local_small": {"ward": "Northwell"}})
    };
    let tidied = tidy(Kind::TaxonomyTerm, term(65_000), Names::Ours("")).unwrap();
    assert!(tidied.dropped.is_empty() && tidied.value["local_large"].is_string());
    let tidied = tidy(Kind::TaxonomyTerm, term(66_000), Names::Ours("")).unwrap();
    assert!(
        dropped(&tidied)[0].starts_with("local_large: is not a member of the standard and is too large"),
        "{:?}",
        tidied.dropped
    );
    assert_eq!((tidied.value.get("local_large"), &tidied.value["local_small"]), (None, &json!({"ward": "Northwell"})));
}

#[test]
fn hours_whose_rule_cannot_be_read_and_costs_of_which_nothing_can_are_left_out_whole() {
    let schedule = |freq: Value, more: Value| {
        let mut schedule = json!({"byday": "TU", "opens_at": "10:00", "closes_at": "12:00", "freq": freq});
        schedule.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        schedule
    };
    let tidied = tidy(
        Kind::Service,
        json!({
            "id": "ac148810-d857-441c-9679-408f346de14b", "name": "Debt clinic", "status": "active",
            "schedules": [
                schedule(json!("now and then"), json!({})),
                schedule(json!("WEEKLY"), json!({"interval": "some"})),
                schedule(json!("WEEKLY"), json!({"until": "2026-99-01"})),
                schedule(json!("Fortnightly"), json!({})),
                schedule(json!("fortnightly"), json!({"interval": 3})),
            ],
            "cost_options": [{"amount": "lots"}, {"amount": "lots", "option": "Adults"}],
        }),
        Names::Ours(""),
    )
    .unwrap();
    let paths: Vec<&str> = tidied.dropped.iter().map(|dropped| dropped.path.as_str()).collect();
    assert_eq!(
        paths,
        [
            "cost_options[0].amount",
            "cost_options[0]",
            "cost_options[1].amount",
            "schedules[0].freq",
            "schedules[1].interval",
            "schedules[2].until",
            "schedules[4].freq"
        ]
    );
    assert_eq!(tidied.value["schedules"].as_array().unwrap().len(), 1);
    assert_eq!((&tidied.value["schedules"][0]["freq"], &tidied.value["schedules"][0]["interval"]), (&json!("WEEKLY"), &json!(2)));
    assert_eq!(tidied.value["cost_options"][0]["option"], "Adults");
    assert_eq!(tidied.supposed.iter().map(|supposed| supposed.path.as_str()).collect::<Vec<_>>(), ["schedules[3].freq"]);
}

#[test]
fn a_missing_required_part_refuses_the_document_and_says_where() {
    let refused = tidy(Kind::Service, json!({"id": "x", "description": "no name"}), Names::Ours("")).unwrap_err();
    assert_eq!(refused.reason, "name is missing; a service needs it");
    let refused = tidy(Kind::Organization, json!({"id": "x", "name": 5, "description": {"a": 1}}), Names::Ours("")).unwrap_err();
    assert_eq!((refused.path.as_str(), refused.reason.as_str()), ("description", "expected text, found an object"));
    let refused = tidy(Kind::Service, json!({"id": "x", "name": "a".repeat(1_000_000)}), Names::Ours("")).unwrap_err();
    assert_eq!(refused.reason, "is 1000000 characters long; the limit is 1000");
    assert!(tidy(Kind::Service, json!([1]), Names::Ours("")).is_err());
}

#[test]
fn ids_that_are_not_uuids_are_mapped_alike_wherever_they_stand() {
    let service = tidy(Kind::Service, json!({"id": 17, "name": "Club", "organization_id": "17"}), Names::Ours("")).unwrap();
    let organization = tidy(Kind::Organization, json!({"id": "17", "name": "Group"}), Names::Ours("")).unwrap();
    assert_eq!(service.value["organization_id"], organization.value["id"]);
    assert_ne!(service.value["id"], organization.value["id"]);
    assert_eq!(organization.value["description"], "Group");
    assert!(service.source_ids.iter().any(|(id, raw)| json!(id) == service.value["id"] && raw == "17"));
}

#[test]
fn links_to_places_without_ids_are_named_by_their_service_and_place_whatever_else_they_say() {
    let links = |service: &str, links: Value| -> Vec<Value> {
        let raw = json!({"id": service, "name": "Club", "service_at_locations": links});
        let tidied = tidy(Kind::Service, raw, Names::Ours("")).unwrap().value;
        tidied["service_at_locations"].as_array().unwrap().iter().map(|link| link["id"].clone()).collect()
    };
    let link = |place: Value, words: &str| json!({"location": place, "description": words});
    for place in [json!({"id": "hall", "name": "Hall"}), json!({"name": "Hall"})] {
        let first = links("s", json!([link(place.clone(), "until 8pm")]));
        assert_eq!(links("s", json!([link(place.clone(), "until 8.30pm")])), first, "the hours changed");
        assert_ne!(links("another", json!([link(place.clone(), "until 8pm")])), first);
        let two =
            links("s", json!([link(place.clone(), "upstairs"), link(place.clone(), "in the yard"), link(place, "upstairs")]));
        assert_eq!((two.len(), &two[0]), (2, &first[0]), "the same link twice is one link");
        assert_ne!(two[1], two[0]);
    }
    assert_eq!(
        links("s", json!([{"location_id": "hall"}])),
        links("s", json!([link(json!({"id": "hall", "name": "Hall"}), "told in full")]))
    );
}

#[test]
fn parts_without_ids_get_the_same_ids_every_time() {
    let raw = json!({"id": "s", "name": "Club", "phones": [{"number": "01632 960001"}, {"number": "01632 960002"}, {"number": "01632 960001"}]});
    let first = tidy(Kind::Service, raw.clone(), Names::Ours("")).unwrap().value;
    assert_eq!(first, tidy(Kind::Service, raw, Names::Ours("")).unwrap().value);
    assert_eq!(first["phones"].as_array().unwrap().len(), 2, "the same part twice is one part");
}

#[test]
fn a_series_whose_rule_cannot_be_used_is_refused_and_not_told_as_one_date() {
    let event = |rule: &str| {
        tidy(
            Kind::Event,
            json!({"id": "e", "organization_id": "o", "name": "Lunch", "start": "2026-11-24T12:00", "end": "2026-11-24T13:00", "rrule": rule}),
            Names::Ours(""),
        )
    };
    let refused = event("FREQ=SECONDLY").unwrap_err();
    assert_eq!(
        (refused.path.as_str(), refused.reason.as_str()),
        ("rrule", "\"FREQ=SECONDLY\" repeats more often than daily; give the days, and the times as BYHOUR")
    );
    assert!(event(&"x".repeat(60_000)).unwrap_err().reason.ends_with("is longer than 500 characters"));
    let kept = event("RRULE:FREQ=WEEKLY;BYDAY=TU").unwrap();
    assert_eq!(kept.value["rrule"], "FREQ=WEEKLY;BYDAY=TU");
    assert!(kept.dropped.is_empty());
}

/// Any JSON at all, weighted towards names that the schema knows.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        ".{0,20}".prop_map(Value::from),
        Just(json!("ac148810-d857-441c-9679-408f346de14b")),
        Just(json!("2026-02-30")),
        Just(json!("active")),
        Just(json!("2026-11-24T12:00")),
        Just(json!("FREQ=WEEKLY;BYDAY=TU")),
    ];
    let name = prop_oneof![
        Just("id"),
        Just("name"),
        Just("status"),
        Just("organization"),
        Just("location"),
        Just("latitude"),
        Just("longitude"),
        Just("phones"),
        Just("number"),
        Just("schedules"),
        Just("opens_at"),
        Just("service_at_locations"),
        Just("addresses"),
        Just("description"),
        Just("start"),
        Just("end"),
        Just("rrule"),
        Just("x\u{0}y"),
    ];
    leaf.prop_recursive(5, 60, 8, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((name.clone(), inner), 0..8)
                .prop_map(|members| Value::Object(members.into_iter().map(|(k, v)| (k.to_owned(), v)).collect())),
        ]
    })
}

proptest! {
    #[test]
    fn whatever_is_tidied_can_be_read_and_stays_tidy(value in any_json(), kind in prop::sample::select(Kind::RECORDS.to_vec())) {
        if let Ok(tidied) = tidy(kind, value, Names::Ours("https://peer.example.org")) {
            let document = Document::from_value(kind, tidied.value.clone());
            prop_assert!(document.is_ok(), "{kind}: {document:?}");
            let again = tidy(kind, tidied.value.clone(), Names::Ours("https://peer.example.org")).unwrap();
            prop_assert_eq!(&again.value, &tidied.value);
            prop_assert!(again.dropped.is_empty(), "{:?}", again.dropped);
        }
    }
}

#[test]
fn an_object_that_stands_alone_in_a_list_is_taken_for_itself() {
    let with = |organization: serde_json::Value| {
        tidy(Kind::Service, json!({"id": "s", "name": "Tea", "status": "active", "organization": organization}), Names::Ours(""))
            .unwrap()
    };
    let one = json!({"id": "o", "name": "Gorse Friends", "description": "Friends."});
    let tidied = with(json!([one]));
    assert_eq!((&tidied.value, tidied.dropped.len()), (&with(one.clone()).value, 0));
    assert_eq!(with(json!([one, one])).dropped[0].path, "organization", "of several, which is it?");
}
