use proptest::prelude::*;
use serde_json::json;

use super::*;

/// A service as an Open Referral UK 1 API answers it.
fn lunch_club() -> Value {
    json!({
        "id": "svc-12", "name": "Larkspur lunch club", "description": "A warm meal and company.", "status": "active",
        "url": "www.larkspur-hall.example.org", "email": "hello@larkspur-hall.example.org", "fees": "£3", "deliverable_type": null,
        "organization": {"id": "org-3", "name": "Larkspur Hall Trust", "description": "", "url": "https://larkspur-hall.example.org", "logo": null},
        "eligibilitys": [
            {"id": "e1", "eligibility": "Older people", "minimum_age": 60, "maximum_age": 0, "taxonomys": [{"id": "circ:5", "name": "Over 60", "vocabulary": "esdCircumstances"}]},
            {"id": "e2", "eligibility": "Their carers", "minimum_age": 0, "maximum_age": 0}
        ],
        "service_taxonomys": [{"id": "st1", "taxonomy": {"id": "esdServiceTypes:1106", "name": "Lunch clubs", "vocabulary": "esdServiceTypes",
            "parent": {"id": "esdServiceTypes:11", "name": "Meals", "vocabulary": "esdServiceTypes", "parent": null}}}],
        "regular_schedules": [{"id": "r1", "freq": "WEEKLY", "byday": "Tuesday, Thursday", "opens_at": "12:00:00", "closes_at": "14:00:00"}],
        "holiday_schedules": [
            {"id": "h1", "closed": true, "start_date": "2026-12-25T00:00:00Z", "end_date": "2026-12-28"},
            {"id": "h2", "closed": "false", "start_date": "2026-12-31", "end_date": "2026-12-31", "opens_at": "12:00", "closes_at": "13:00"}
        ],
        "contacts": [{"id": "c1", "name": "Hall desk", "phones": [{"id": "p1", "number": "01632 960123", "language": "English, ur"}]}],
        "languages": [{"id": "l1", "language": "Urdu"}], "service_areas": [{"id": "a1", "service_area": "Luton", "extent": null}],
        "fundings": [{"id": "f1", "source": "A parish grant"}], "reviews": [{"id": "rev", "score": "5"}],
        "service_at_locations": [{"id": "sal-1", "regular_schedule": [{"freq": "daily", "opens_at": "09:00", "closes_at": "17:00"}], "location": {
            "id": "loc-1", "name": "Larkspur Hall", "latitude": 51.9163, "longitude": -0.4486,
            "physical_addresses": [{"id": "ad1", "address_1": "4 Larkspur Way", "city": "Luton", "postal_code": "LU3 9XQ"}],
            "accessibility_for_disabilities": [{"id": "x1", "accessibility": "Step-free entrance"}]
        }}]
    })
}

#[test]
fn an_older_service_gets_the_names_and_shape_of_today() {
    let upgraded = service(lunch_club());
    insta::assert_json_snapshot!(upgraded.value, @r#"
    {
      "attributes": [
        {
          "link_entity": "service",
          "link_type": "eligibility",
          "taxonomy_term": {
            "code": "circ:5",
            "id": "circ:5",
            "name": "Over 60",
            "taxonomy": "esdCircumstances",
            "taxonomy_detail": {
              "id": "esdCircumstances",
              "name": "esdCircumstances"
            }
          }
        },
        {
          "id": "st1",
          "link_entity": "service",
          "taxonomy_term": {
            "code": "esdServiceTypes:1106",
            "id": "esdServiceTypes:1106",
            "name": "Lunch clubs",
            "parent_id": "esdServiceTypes:11",
            "taxonomy": "esdServiceTypes",
            "taxonomy_detail": {
              "id": "esdServiceTypes",
              "name": "esdServiceTypes"
            }
          }
        }
      ],
      "contacts": [
        {
          "id": "c1",
          "name": "Hall desk",
          "phones": [
            {
              "id": "p1",
              "languages": [
                {
                  "name": "English"
                },
                {
                  "code": "ur"
                }
              ],
              "number": "01632 960123"
            }
          ]
        }
      ],
      "deliverable_type": null,
      "description": "A warm meal and company.",
      "eligibility_description": "Older people; Their carers",
      "email": "hello@larkspur-hall.example.org",
      "fees": "£3",
      "funding": [
        {
          "id": "f1",
          "source": "A parish grant"
        }
      ],
      "id": "svc-12",
      "languages": [
        {
          "id": "l1",
          "name": "Urdu"
        }
      ],
      "minimum_age": 60.0,
      "name": "Larkspur lunch club",
      "organization": {
        "description": "",
        "id": "org-3",
        "logo": null,
        "name": "Larkspur Hall Trust",
        "website": "https://larkspur-hall.example.org"
      },
      "schedules": [
        {
          "byday": "TU,TH",
          "closes_at": "14:00:00",
          "freq": "WEEKLY",
          "id": "r1",
          "notes": "Closed from 25 December 2026 to 28 December 2026",
          "opens_at": "12:00:00"
        },
        {
          "byday": "MO,TU,WE,TH,FR,SA,SU",
          "closes_at": "13:00",
          "description": "Holiday hours",
          "freq": "WEEKLY",
          "id": "h2",
          "opens_at": "12:00",
          "valid_from": "2026-12-31",
          "valid_to": "2026-12-31"
        }
      ],
      "service_areas": [
        {
          "extent": null,
          "id": "a1",
          "name": "Luton"
        }
      ],
      "service_at_locations": [
        {
          "id": "sal-1",
          "location": {
            "accessibility": [
              {
                "description": "Step-free entrance",
                "id": "x1"
              }
            ],
            "addresses": [
              {
                "address_1": "4 Larkspur Way",
                "address_type": "physical",
                "city": "Luton",
                "id": "ad1",
                "postal_code": "LU3 9XQ"
              }
            ],
            "id": "loc-1",
            "latitude": 51.9163,
            "longitude": -0.4486,
            "name": "Larkspur Hall"
          },
          "schedules": [
            {
              "byday": "MO,TU,WE,TH,FR,SA,SU",
              "closes_at": "17:00",
              "freq": "WEEKLY",
              "opens_at": "09:00"
            }
          ]
        }
      ],
      "status": "active",
      "url": "www.larkspur-hall.example.org"
    }
    "#);
    insta::assert_json_snapshot!(upgraded.terms, @r#"
    [
      {
        "code": "esdServiceTypes:11",
        "id": "esdServiceTypes:11",
        "name": "Meals",
        "taxonomy": "esdServiceTypes",
        "taxonomy_detail": {
          "id": "esdServiceTypes",
          "name": "esdServiceTypes"
        }
      }
    ]
    "#);
    insta::assert_json_snapshot!(upgraded.dropped, @r#"
    [
      {
        "path": "reviews",
        "reason": "this directory does not store reviews of services (1 here)"
      },
      {
        "path": "eligibilitys[0].maximum_age",
        "reason": "is 0, which older feeds write where there is no oldest age; none was imported"
      },
      {
        "path": "eligibilitys[1].maximum_age",
        "reason": "is 0, which older feeds write where there is no oldest age; none was imported"
      }
    ]
    "#);
}

#[test]
fn older_and_todays_services_are_told_apart() {
    assert!(is_older(&lunch_club()));
    assert!(is_older(&json!({"service_at_locations": [{"location": {"physical_addresses": []}}]})));
    let today = json!({"id": "1", "name": "Pantry", "schedules": [], "fees": "free", "service_at_locations": [{"location": {"addresses": []}}],
        "attributes": [{"taxonomy_term": {"name": "Food", "taxonomy": "Needs"}}]});
    assert!(!is_older(&today));
    assert_eq!(service(today.clone()).value, today, "and today's is left as it is");
}

#[test]
fn a_closure_without_opening_hours_beside_it_is_reported() {
    let upgraded = service(json!({"holiday_schedules": [{"closed": true}], "eligibility": "words of their own"}));
    assert_eq!(upgraded.dropped[0].path, "holiday_schedules");
    assert_eq!(upgraded.value, json!({"eligibility": "words of their own"}));
}

fn anything() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        "[a-z0-9:T -]{0,8}".prop_map(Value::from),
        any::<i32>().prop_map(Value::from)
    ];
    let names = prop::sample::select(vec![
        "eligibilitys",
        "eligibility",
        "minimum_age",
        "taxonomys",
        "taxonomy",
        "parent",
        "id",
        "name",
        "regular_schedules",
        "byday",
        "freq",
        "holiday_schedules",
        "closed",
        "start_date",
        "opens_at",
        "closes_at",
        "service_at_locations",
        "location",
        "physical_addresses",
        "phones",
        "contacts",
        "language",
        "languages",
        "schedules",
        "service_taxonomys",
        "attributes",
        "notes",
        "fundings",
        "reviews",
    ]);
    leaf.prop_recursive(4, 40, 5, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((names.clone(), inner), 0..5)
                .prop_map(|members| Value::Object(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())),
        ]
    })
}

proptest! {
    #[test]
    fn nothing_makes_it_panic(value in anything()) {
        let _ = is_older(&value);
        let _ = service(value);
    }
}
