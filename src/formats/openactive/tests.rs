use proptest::prelude::*;
use serde_json::{Value, json};

use super::{
    dataset::{self, Dataset, Said},
    event::{Mapped, Publisher, Refused, event, short},
    page::{self, Bad, Item, Role},
};

const US: Publisher<'static> = Publisher { id: "publisher", name: "Vale Leisure" };

fn item(kind: &str, data: Value) -> Item {
    Item { kind: kind.to_owned(), id: "7".to_owned(), data: Some(data) }
}

/// A series as the guides for publishers write it.
fn tidy_series() -> Value {
    json!({
        "@context": ["https://openactive.io/"], "type": "SessionSeries", "id": "https://vale.example.org/series/7",
        "name": "Chair yoga", "description": "Gentle stretches.", "url": "https://vale.example.org/chair-yoga",
        "organizer": {"type": "Organization", "id": "https://vale.example.org/", "name": "Vale Leisure", "telephone": "01632 960123"},
        "location": {"type": "Place", "name": "Vale Centre", "geo": {"latitude": 51.9, "longitude": -0.4}, "address": {
            "type": "PostalAddress", "streetAddress": "1 Vale Road", "addressLocality": "Luton", "postalCode": "LU3 9XQ", "addressCountry": "GB"
        }},
        "activity": [{"type": "Concept", "id": "https://openactive.io/activity-list#yoga", "prefLabel": "Yoga", "inScheme": "https://openactive.io/activity-list"}],
        "ageRange": {"type": "QuantitativeValue", "minValue": 60}, "genderRestriction": "https://openactive.io/FemaleOnly",
        "level": ["Beginner"], "duration": "PT1H",
        "offers": [{"type": "Offer", "name": "Adult", "price": 4.5, "priceCurrency": "GBP", "url": "https://vale.example.org/book/7"}]
    })
}

/// The same as it is found in practice.
fn untidy_series() -> Value {
    json!({
        "@type": ["schema:SessionSeries"], "@id": "https://vale.example.org/series/7", "schema:name": {"@value": " Chair yoga "},
        "schema:description": ["Gentle stretches."], "url": "https://vale.example.org/chair-yoga",
        "organizer": [{"@type": "Organization", "@id": "https://vale.example.org/", "name": "Vale Leisure", "telephone": "01632 960123"}],
        "location": [{"@type": "Place", "name": "Vale Centre", "geo": {"latitude": "51.9", "longitude": "-0.4"}, "schema:address": {
            "streetAddress": "1 Vale Road\n", "addressLocality": "Luton", "postalCode": "LU3 9XQ", "addressCountry": "GB"
        }}],
        "activity": {"@id": "https://openactive.io/activity-list#yoga", "prefLabel": "Yoga", "inScheme": "https://openactive.io/activity-list"},
        "ageRange": {"minValue": "60", "maxValue": 0}, "genderRestriction": "oa:FemaleOnly", "level": "Beginner", "duration": "PT60M",
        "offers": {"name": "Adult", "price": "4.50", "priceCurrency": "GBP", "url": "https://vale.example.org/book/7"}
    })
}

fn session(start: &str, more: &Value) -> Value {
    let mut session = json!({"type": "ScheduledSession", "superEvent": "https://vale.example.org/series/7", "startDate": start});
    for (name, value) in more.as_object().into_iter().flatten() {
        session[name.as_str()] = value.clone();
    }
    session
}

fn mapped(series: &Value, dates: &[Value]) -> Mapped {
    event("7", series, &dates.iter().collect::<Vec<_>>(), US).unwrap()
}

#[test]
fn tidy_and_untidy_feeds_say_the_same() {
    let dates = [session("2026-12-01T10:00:00Z", &json!({}))];
    let (tidy, untidy) = (mapped(&tidy_series(), &dates).event, mapped(&untidy_series(), &dates).event);
    insta::assert_json_snapshot!(tidy, @r#"
    {
      "accessibility": [],
      "attributes": [
        {
          "link_entity": "event",
          "link_type": "activity",
          "taxonomy_term": {
            "id": "https://openactive.io/activity-list#yoga",
            "name": "Yoga",
            "taxonomy_detail": {
              "id": "https://openactive.io/activity-list",
              "name": "OpenActive activity list",
              "uri": "https://openactive.io/activity-list"
            },
            "term_uri": "https://openactive.io/activity-list#yoga"
          }
        }
      ],
      "booking_url": "https://vale.example.org/book/7",
      "capacity": null,
      "changes": [],
      "cost_options": [
        {
          "amount": 4.5,
          "amount_description": null,
          "currency": "GBP",
          "option": "Adult"
        }
      ],
      "description": "Gentle stretches.",
      "eligibility_description": "Women and girls only. Level: Beginner",
      "end": "2026-12-01T11:00:00",
      "exdates": [],
      "id": "7",
      "location": {
        "addresses": [
          {
            "address_1": "1 Vale Road",
            "address_type": "physical",
            "city": "Luton",
            "country": "GB",
            "postal_code": "LU3 9XQ",
            "region": null
          }
        ],
        "id": "sha-256:TzCUEIoHHcBaqGngfMj9a5iXprjnkwwCgTqyDZySyL8",
        "latitude": 51.9,
        "location_type": "physical",
        "longitude": -0.4,
        "name": "Vale Centre",
        "url": null
      },
      "maximum_age": null,
      "minimum_age": 60.0,
      "name": "Chair yoga",
      "online_url": null,
      "organization": {
        "description": null,
        "email": null,
        "id": "https://vale.example.org/",
        "name": "Vale Leisure",
        "phones": [
          {
            "number": "01632 960123"
          }
        ],
        "website": null
      },
      "organization_id": "https://vale.example.org/",
      "rdates": [],
      "rrule": null,
      "start": "2026-12-01T10:00:00",
      "status": "scheduled",
      "timezone": "Europe/London",
      "url": "https://vale.example.org/chair-yoga"
    }
    "#);
    assert_eq!(untidy, tidy);
}

#[test]
fn each_date_is_as_it_is_told_on_the_clocks_here() {
    let dates = [
        session("2026-07-08T09:00:00Z", &json!({"eventStatus": "https://schema.org/EventCancelled"})),
        session("2026-07-01T10:00+01:00", &json!({})),
        session("2026-07-15T10:00:00+01:00", &json!({"duration": "PT2H"})),
        session("2026-07-22T10:00:00", &json!({"remainingAttendeeCapacity": 0})),
        session(
            "2026-07-29T10:00:00+01:00",
            &json!({"location": {"name": "Gorse Centre", "address": "Gorse Road, Luton LU2 7AB"}}),
        ),
        session("soon", &json!({})),
    ];
    let found = mapped(&tidy_series(), &dates);
    let event = found.event;
    assert_eq!((&event["start"], &event["end"]), (&json!("2026-07-01T10:00:00"), &json!("2026-07-01T11:00:00")));
    assert_eq!(
        event["rdates"],
        json!(["2026-07-08T10:00:00", "2026-07-15T10:00:00", "2026-07-22T10:00:00", "2026-07-29T10:00:00"])
    );
    let changes: Vec<_> =
        event["changes"].as_array().unwrap().iter().map(|one| (one["status"].as_str().unwrap(), &one["new_end"])).collect();
    assert_eq!(
        changes,
        [
            ("cancelled", &Value::Null),
            ("moved", &json!("2026-07-15T12:00:00")),
            ("full", &Value::Null),
            ("moved", &json!("2026-07-29T11:00:00"))
        ]
    );
    assert_eq!((found.places.len(), &found.places[0]["id"], found.dropped), (1, &event["changes"][3]["location_id"], 1));
}

#[test]
fn without_dates_the_rule_of_the_series_counts() {
    let mut series = tidy_series();
    series["eventSchedule"] = json!({
        "type": "Schedule", "startDate": "2026-12-01", "endDate": "2027-03-31", "startTime": "20:15", "endTime": "21:00:00",
        "repeatFrequency": "P7D", "byDay": ["https://schema.org/Wednesday", "schema:Friday"], "exceptDate": ["2026-12-25"]
    });
    let event = mapped(&series, &[]).event;
    assert_eq!((&event["start"], &event["end"]), (&json!("2026-12-02T20:15:00"), &json!("2026-12-02T21:00:00")));
    assert_eq!(event["rrule"], "FREQ=WEEKLY;INTERVAL=1;BYDAY=WE,FR;UNTIL=20270331T235959");
    assert_eq!(event["exdates"], json!(["2026-12-25T20:15:00"]));
    assert_eq!(mapped(&series, &[session("2026-12-05T10:00:00Z", &json!({}))]).event["rrule"], Value::Null, "dates come first");
    assert_eq!(self::event("7", &tidy_series(), &[], US).unwrap_err(), Refused::NoDates);
    let unreadable = session("soon", &json!({}));
    assert_eq!(self::event("7", &tidy_series(), &[&unreadable], US).unwrap_err(), Refused::NoStart(Some("soon".to_owned())));
    let never = json!({"type": "Event", "name": "Fun run"});
    assert_eq!(self::event("7", &never, &[], US).unwrap_err(), Refused::NoStart(None));
}

#[test]
fn an_event_alone_is_its_own_date_and_takes_its_name_from_what_is_done_there() {
    let alone = json!({
        "type": "Event", "startDate": "2026-12-05T09:00:00Z", "endDate": "2026-12-05T10:30:00Z", "activity": ["Running"],
        "organizer": {"type": "Person", "name": "Sheila Hopcroft"}, "isAccessibleForFree": true, "location": "The Green, Luton LU3 9XQ"
    });
    let found = mapped(&alone, &[]);
    let event = &found.event;
    assert_eq!((&event["name"], &event["end"]), (&json!("Running"), &json!("2026-12-05T10:30:00")));
    assert_eq!(event["organization"], json!({"id": "publisher", "name": "Vale Leisure"}), "people are not named");
    assert_eq!(event["cost_options"], json!([{"option": "Free", "amount": 0}]));
    assert_eq!((&event["location"]["name"], found.categories.as_slice()), (&json!("The Green"), &["Running".to_owned()][..]));
    let nameless = json!({"type": "Event", "startDate": "2026-12-05T09:00:00Z"});
    assert_eq!(self::event("7", &nameless, &[], US).unwrap_err(), Refused::NoName);
}

#[test]
fn people_and_pictures_are_not_kept() {
    let mut series = tidy_series();
    series["leader"] = json!([{"type": "Person", "name": "Sheila Hopcroft"}]);
    series["organizer"] = json!({"type": "Person", "name": "Sheila Hopcroft"});
    series["beta:formattedDescription"] = json!("<p>Sheila Hopcroft</p>");
    series["subEvent"] = json!([{"startDate": "2026-12-05T09:00:00Z", "schema:contributor": {"name": "Sheila Hopcroft"}}]);
    assert!(page::leave_out(&mut series) >= 4);
    assert!(!series.to_string().contains("Sheila"), "{series}");
    page::forget_places(&mut series);
    assert!(!series.to_string().contains("Vale Road"), "{series}");
}

#[test]
fn dates_and_series_meet_by_the_address_of_the_series_or_its_number() {
    let series = item("sessionseries", tidy_series());
    assert_eq!((series.role(), series.group().as_deref()), (Some(Role::Series), Some("https://vale.example.org/series/7")));
    for above in
        [json!("https://vale.example.org/series/7"), json!({"@id": "https://vale.example.org/series/7"}), json!([tidy_series()])]
    {
        let date = item("scheduledsession", json!({"@type": "oa:ScheduledSession", "superEvent": above}));
        assert_eq!((date.role(), date.group()), (Some(Role::Date), series.group()));
    }
    let numbered = item("sessionseries", json!({"type": "SessionSeries", "name": "Yoga"}));
    let date = item("scheduledsession", json!({"type": "ScheduledSession", "superEvent": {"identifier": 7}}));
    assert_eq!(numbered.group(), date.group());
    assert_eq!(item("event", json!({"type": "Event"})).group().as_deref(), Some("event/7"), "kinds number by themselves");
    assert_eq!(item("slot", json!({"type": "Slot"})).role(), None);
}

#[test]
fn ids_are_short_and_hold_nothing_invisible() {
    assert_eq!(short("a\u{0}b\u{200B}c"), "abc");
    assert!(short(&"x".repeat(300)).starts_with("sha-256:") && short("\u{0}").starts_with("sha-256:"));
}

#[test]
fn a_page_is_read_item_by_item() {
    let page = page::read(json!({
        "next": "/feed?afterChangeNumber=3", "license": "https://creativecommons.org/licenses/by/4.0/", "items": [
            {"state": "updated", "kind": "Event", "id": 1, "modified": 1, "data": {"type": "Event"}},
            {"state": "deleted", "kind": "Event", "id": "2", "modified": "2"},
            {"state": "updated", "kind": "Event", "id": "3", "modified": 3},
            {"kind": "Event"}, 5
        ]
    }))
    .unwrap();
    let of = |id: &str, data| Ok(Item { kind: "event".to_owned(), id: id.to_owned(), data });
    let bad = |id: &str, reason| Err(Bad { id: id.to_owned(), reason });
    assert_eq!(
        page.items,
        [
            of("1", Some(json!({"type": "Event"}))),
            of("2", None),
            bad("3", "it is updated but has no data"),
            bad("", "it has no id"),
            bad("", "it is not an object")
        ]
    );
    assert_eq!(page::read(json!({"items": []})).unwrap_err(), "it does not name a next page");
}

#[test]
fn a_publishers_page_names_its_feeds_and_a_catalogue_its_publishers() {
    let html = r#"<html><script>var x = "</b>";</script><SCRIPT type="application/ld+json">not json</SCRIPT>
        <script type='application/ld+json'>{"@context": "https://schema.org/", "@type": "Dataset", "name": "Vale sessions",
        "publisher": {"@type": "Organization", "name": "Vale Leisure"}, "license": "https://creativecommons.org/licenses/by/4.0/",
        "distribution": [
            {"@type": "DataDownload", "name": "Slot", "contentUrl": "https://feeds.example.org/slots"},
            {"@type": "DataDownload", "additionalType": "https://openactive.io/ScheduledSession", "contentUrl": "https://feeds.example.org/sessions"},
            {"@type": "DataDownload", "name": "SessionSeries", "contentUrl": "https://feeds.example.org/series"},
            {"@type": "DataDownload", "name": "Event", "contentUrl": "javascript:alert(1)"}
        ]}</script></html>"#;
    let expected = Dataset {
        name: Some("Vale Leisure".to_owned()),
        licence: Some("https://creativecommons.org/licenses/by/4.0/".to_owned()),
        feeds: ["https://feeds.example.org/series", "https://feeds.example.org/sessions"].map(str::to_owned).to_vec(),
    };
    assert_eq!(dataset::read(html.as_bytes()), Some(Said::Dataset(expected)));
    let html = r#"<script type="application/ld+json">{"@graph": [{"@type": "DataCatalog", "dataset": ["https://vale.example.org/data"]}]}</script>"#;
    assert_eq!(dataset::read(html.as_bytes()), Some(Said::Catalogue(vec!["https://vale.example.org/data".to_owned()])));
    assert_eq!(dataset::read(b"<html>no data</html>"), None);
}

/// Anything in the place of a member, as feeds have it.
fn anything() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        "[a-zA-Z0-9:/#. -]{0,24}".prop_map(Value::from),
        Just(json!("2026-12-01T10:00:00Z")),
        Just(json!("PT1H")),
        Just(json!("P1W")),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        let names = prop::sample::select(vec![
            "@id",
            "id",
            "name",
            "prefLabel",
            "startDate",
            "endDate",
            "address",
            "geo",
            "price",
            "byDay",
            "superEvent",
        ]);
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(names, inner, 0..5).prop_map(|members| members
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value))
                .collect::<serde_json::Map<_, _>>()
                .into()),
        ]
    })
}

proptest! {
    /// Whatever stands in the place of two members, it is an event that can be tidied, or it is refused.
    #[test]
    fn no_item_makes_it_panic(
        first in prop::sample::select(vec!["name", "location", "offers", "organizer", "activity", "eventSchedule", "subEvent", "startDate", "superEvent", "ageRange", "level"]),
        second in prop::sample::select(vec!["duration", "eventStatus", "potentialAction", "accessibilitySupport", "type", "endDate"]),
        one in anything(), other in anything(), start in "[0-9T:+Z-]{0,26}",
    ) {
        let mut series = tidy_series();
        series[first] = one;
        series[second] = other;
        page::leave_out(&mut series);
        let item = item("sessionseries", series.clone());
        let _ = (item.role(), item.group());
        let dates = [session("2026-12-01T10:00:00Z", &json!({})), session(&start, &json!({}))];
        if let Ok(found) = event("7", &series, &dates.iter().collect::<Vec<_>>(), US) {
            prop_assert!(found.event["name"].is_string() && found.event["start"].is_string());
        }
    }

    #[test]
    fn no_page_makes_it_panic(html in "(<script type=\"application/ld\\+json\">|</script>|\\{\"@type\": \"Dataset\"\\}|[a-z<>\u{e9}]{0,5}){0,8}") {
        let _ = dataset::read(html.as_bytes());
    }
}
