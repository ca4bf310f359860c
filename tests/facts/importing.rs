//! Taking a directory in.

mod again;
mod copies;
mod trials;

use fingerpost::{
    importing::{Format, Options, export},
    model::{Document, Kind},
};
use serde_json::{Value, json};

use super::{id, pantry, refuge};
use crate::support::{TestApp, fact};

fact! {
    async fn a_service_with_everything_nested_becomes_records_of_their_own(app) {
        let report = app.import(pantry().to_string()).await;
        assert_eq!((report.created, report.updated, report.unchanged, report.rejected_total), (1, 0, 0, 0));
        insta::allow_duplicates! { insta::assert_json_snapshot!(report.records, @r#"
        {
          "taxonomy": {
            "created": 1,
            "updated": 0,
            "unchanged": 0
          },
          "taxonomy_term": {
            "created": 1,
            "updated": 0,
            "unchanged": 0
          },
          "organization": {
            "created": 1,
            "updated": 0,
            "unchanged": 0
          },
          "location": {
            "created": 1,
            "updated": 0,
            "unchanged": 0
          },
          "service": {
            "created": 1,
            "updated": 0,
            "unchanged": 0
          }
        }
        "#) };
        for path in ["/services", "/organizations", "/service_at_locations", "/taxonomies", "/taxonomy_terms", "/locations"] {
            assert_eq!(app.ids(path).await.len(), 1, "{path}");
        }
    }
}

fact! {
    async fn bad_lines_are_rejected_with_their_number_and_the_rest_goes_in(app) {
        let mut nameless = pantry();
        nameless.as_object_mut().unwrap().remove("name");
        let lines = [
            "\u{feff}{\"id\": 1".to_owned(), pantry().to_string(), String::new(), nameless.to_string(), "[1, 2]".to_owned(),
            json!({"id": "x", "name": "No organization"}).to_string(), json!({"contents": []}).to_string(), pantry().to_string(),
        ];
        let report = app.import(lines.join("\r\n")).await;
        insta::allow_duplicates! { insta::assert_json_snapshot!(report.rejected, @r#"
        [
          {
            "line": 1,
            "reason": "not valid JSON: EOF while parsing an object (at character 8)"
          },
          {
            "line": 4,
            "reason": "name is missing; a service needs it"
          },
          {
            "line": 5,
            "reason": "expected a JSON object: one full service per line"
          },
          {
            "line": 6,
            "reason": "organization: a service must name the organization that provides it (organization or organization_id)"
          },
          {
            "line": 8,
            "reason": "the service ab364569-423e-5da4-90c5-7c39b4c42d39 also appears on an earlier line; the first is used"
          }
        ]
        "#) };
        assert_eq!(app.ids("/services").await, [id("pantry").to_string()]);
    }
}

fact! {
    async fn a_place_within_an_organization_is_a_record_of_its_own(app) {
        let place = json!({"id": id("head office"), "location_type": "physical", "name": "Head office", "latitude": 51.88, "longitude": -0.42});
        let group = json!({"type": "organization", "id": id("a group"), "name": "Group", "description": "d", "locations": [place, {"id": id("nobody knows")}]});
        let report = app.import(group.to_string()).await;
        assert_eq!((report.created, report.records[&Kind::Location].created), (1, 1), "{report:?}");
        // A place is shown once a service allows it.
        let service = json!({"id": id("desk"), "name": "Desk", "status": "active", "organization_id": id("a group"),
            "service_at_locations": [{"id": id("desk there"), "location_id": id("head office")}]});
        app.import(service.to_string()).await;
        app.follow().await;
        let place = app.get(&format!("/locations/{}", id("head office"))).await.json();
        assert_eq!((&place["name"], &place["organization_id"]), (&json!("Head office"), &json!(id("a group"))));
        let group = app.get(&format!("/organizations/{}", id("a group"))).await.json();
        assert_eq!(group["locations"], json!([{"id": id("head office")}]));
        let far = json!({"type": "organization", "id": id("b group"), "name": "B", "description": "d", "locations": [{"id": id("bad"), "name": "Far", "latitude": 99}]});
        assert_eq!(app.import(far.to_string()).await.dropped_total, 1);
    }
}

/// A directory of so many services, each with an organization for every three, a place, and details
/// of its own.
fn generated(count: u32) -> String {
    let mut lines = String::new();
    for number in 0..count {
        let mut listed = pantry();
        let name = |what: &str, number: u32| json!(id(&format!("{what} {number}")));
        listed["id"] = name("generated service", number);
        listed["name"] = json!(format!("Club {number} – café & crèche “{}”", number * 7));
        listed["minimum_age"] = json!(number % 90);
        listed["organization"]["id"] = name("generated organization", number / 3);
        listed["organization"]["name"] = json!(format!("Group {}", number / 3));
        listed["cost_options"] =
            json!([{"id": name("generated cost", number), "amount": f64::from(number) / 4.0, "currency": "GBP"}]);
        let link = &mut listed["service_at_locations"][0];
        link["id"] = name("generated link", number);
        link["location"]["id"] = name("generated place", number);
        link["location"]["latitude"] = json!(51.5 + f64::from(number) / 997.0);
        link["location"]["addresses"][0]["id"] = name("generated address", number);
        lines.push_str(&listed.to_string());
        lines.push('\n');
    }
    lines
}

fact! {
    async fn our_own_export_comes_back_exactly(app) {
        app.fixtures().await;
        app.import(generated(300)).await;
        app.edit("b8f9bb69-9f8b-5901-8730-685675f748c6".parse().unwrap(), |document| {
            if let fingerpost::model::Document::Service(doc) = document { doc.alert = Some("Open again soon".into()); }
        }).await;
        let mut exported = Vec::new();
        export::complete(&app.app().records, &mut exported, |_| {}).await.unwrap();
        let Some(other) = TestApp::start(app.on).await else { return };
        // Later, but not so late that a series is over by then.
        other.clock.set(crate::support::noon() + chrono::Duration::hours(1));
        let report = other.import(exported.clone()).await;
        assert_eq!((report.rejected_total, report.dropped_total), (0, 0), "{:?}", report.dropped);
        let mut again = Vec::new();
        export::complete(&other.app().records, &mut again, |_| {}).await.unwrap();
        assert_eq!(String::from_utf8(again).unwrap(), String::from_utf8(exported).unwrap());
        for path in ["/services", "/organizations", "/service_at_locations", "/taxonomies", "/taxonomy_terms", "/locations", "/events"] {
            let path = format!("{path}?full=true&per_page=1000");
            assert_eq!(other.get(&path).await.text(), app.get(&path).await.text(), "{path}");
        }
        other.end().await;
    }
}

fact! {
    async fn a_sheet_as_a_person_sends_it_is_read_and_every_doubt_is_reported(app) {
        app.fixtures().await;
        let services = app.ids("/services").await.len();
        let report = app.import(std::fs::read("fixtures/as-sent/volunteer-centre.csv").unwrap()).await;
        assert!(report.created >= 18, "{report:#?}");
        assert_eq!(app.ids("/services").await.len(), services + usize::try_from(report.created).unwrap());
        let patchwork = app.get("/services?search=patchwork+mornings&full=true").await.json()["contents"][0].clone();
        assert_eq!(patchwork["url"], "https://www.putteridge-patchwork.example.org");
        assert_eq!(patchwork["minimum_age"], 55);
        let link = &patchwork["service_at_locations"][0];
        assert_eq!((link["schedules"][0]["byday"].clone(), link["schedules"][0]["opens_at"].clone(), link["schedules"][0]["closes_at"].clone()), (json!("TU,TH"), json!("09:30"), json!("12:00")));
        let reasons: Vec<&str> = report.rejected.iter().map(|rejected| rejected.reason.as_str()).collect();
        assert!(reasons.iter().any(|reason| reason.contains("the name of the organisation is missing")), "{reasons:?}");
        assert!(reasons.iter().any(|reason| reason.contains("the name of the service is missing")), "{reasons:?}");
        assert!(report.personal_total >= 2, "volunteers' own numbers wait: {:?}", report.personal);
        let everything = app.get("/services?format=ndjson&full=true").await.text();
        assert!(!everything.contains("Winterbottom") && !everything.contains("sheila.hopcroft@gmail.com"), "and are not shown");
    }
}

fact! {
    async fn a_sheet_without_its_columns_is_refused_with_what_is_known(app) {
        let report = app.import("colour,size\nred,3\n").await;
        assert_eq!(report.rejected_total, 1);
        assert!(report.rejected[0].reason.starts_with("no heading names the column for the organisation; the headings understood are: id, organisation,"));
    }
}

fact! {
    async fn ids_that_are_not_uuids_are_kept_as_source_ids(app) {
        let mut foreign = pantry();
        foreign["id"] = json!("svc-17");
        foreign["organization"]["id"] = json!(17);
        app.import(foreign.to_string()).await;
        let service = app.get("/services").await.json()["contents"][0].clone();
        let stored = app.app().records.find(service["id"].as_str().unwrap().parse().unwrap()).await.unwrap().unwrap();
        assert_eq!(stored.source_id.as_deref(), Some("svc-17"));
        assert_eq!(app.ids("/organizations").await, [service["organization_id"].as_str().unwrap()]);
    }
}

fact! {
    async fn an_id_of_another_kind_is_minted_anew_and_reported(app) {
        let mut clash = pantry();
        clash["organization"]["id"] = clash["id"].clone();
        let first = app.import(clash.to_string()).await;
        assert_eq!((first.created, first.dropped_total), (1, 1), "{first:?}");
        let organization = app.ids("/organizations").await;
        assert_eq!(app.ids(&format!("/services?organization_id={}", organization[0])).await.len(), 1);
        let again = app.import(clash.to_string()).await;
        assert_eq!((again.created, again.updated), (0, 0), "the same way every time");
    }
}

fact! {
    async fn a_service_waits_until_its_organization_is_there(app) {
        let mut orphan = pantry();
        let organization = orphan.as_object_mut().unwrap().remove("organization").unwrap();
        orphan["organization_id"] = organization["id"].clone();
        app.import(orphan.to_string()).await;
        assert!(app.ids("/services").await.is_empty());
        app.import(json!({"kind": "organization", "document": organization}).to_string()).await;
        assert_eq!(app.ids("/services").await.len(), 1);
        assert_eq!(app.ids("/service_at_locations").await.len(), 1);
    }
}

fact! {
    async fn unknown_members_are_kept_and_given_back(app) {
        let mut more = pantry();
        more["local_reference"] = json!({"ward": "Northwell", "visits": [1, 2.5, null, ""], "until": null});
        more["phones"][0]["textphone"] = json!(true);
        app.import(more.to_string()).await;
        let given = app.get(&format!("/services/{}", id("pantry"))).await.json();
        assert_eq!((given["local_reference"].clone(), given["phones"][0]["textphone"].clone()), (more["local_reference"].clone(), Value::Bool(true)));
    }
}

fact! {
    async fn our_own_public_lines_and_sheet_can_be_taken_in_again(app) {
        app.fixtures().await;
        let lines = app.get("/services?format=ndjson&full=true").await.body;
        let services = app.ids("/services").await;
        let report = app.import(lines).await;
        assert_eq!((report.created, report.rejected_total), (0, 0), "{report:?}");
        assert_eq!(report.dropped.iter().filter(|left| left.dropped.path == "event_id").count(), 46);
        assert_eq!(app.ids("/services").await, services);
        let days: Vec<_> = report.dropped.iter().filter(|left| left.dropped.path != "event_id").collect();
        assert!(days.is_empty(), "{days:?}");
    }
}

fact! {
    async fn a_number_with_more_digits_than_can_be_kept_is_named_and_an_id_keeps_them_all(app) {
        let long = "12345678901234567890123";
        let with = |text: String, name: &str| text.replacen("{\"", &format!("{{\"{name}\":{long},\""), 1);
        let one = with(pantry().to_string(), "local_count");
        let mut other = pantry();
        other["id"] = json!(id("other"));
        other["service_at_locations"] = json!([]);
        other.as_object_mut().unwrap().remove("organization");
        let other = with(with(other.to_string(), "organization_id"), "alternate_name");
        let report = app.import(format!("{one}\n{other}\n")).await;
        assert_eq!((report.created, report.rejected_total), (2, 0), "{report:?}");
        let said: Vec<String> = report.dropped.iter().map(|left| format!("{}: {} {}", left.line, left.dropped.path, left.dropped.reason)).collect();
        assert_eq!(said[0], format!("1: local_count the number {long} has more digits than a number can keep, so it was rounded; to keep them all, send it as text, in quotation marks"));
        assert!(said.contains(&format!("2: alternate_name is the number {long}; taken as text")), "{said:?}");
        let stored = app.app().records.find(id("other")).await.unwrap().unwrap();
        assert!(stored.document.contains(&format!("\"alternate_name\":\"{long}\"")), "{}", stored.document);
        let organization = fingerpost::ids::from_source("", "organization", long);
        assert!(stored.document.contains(&organization.to_string()), "the id is made of every digit");
        // What fits is the same to the last digit, here and in what goes out; beyond 2^53 the digits are text, or nobody
        // could follow us.
        let exact = pantry().to_string().replacen("{\"", "{\"local_size\":31.245270191439438,\"local_serial\":18446744073709551615,\"", 1);
        app.import(exact).await;
        let given = app.get(&format!("/services/{}", id("pantry"))).await.text();
        assert!(given.contains("\"local_size\":31.245270191439438") && given.contains("\"local_serial\":\"18446744073709551615\""), "{given}");
    }
}

/// Help after abuse, at an address that its feed tells.
fn safe_steps() -> Value {
    let mut service = pantry();
    (service["id"], service["name"]) = (json!(id("safe steps")), json!("Safe Steps"));
    service["service_at_locations"][0]["id"] = json!(id("safe steps at the centre"));
    service["attributes"] = json!([{"id": id("safe steps need"), "link_entity": "service", "taxonomy_term": {
        "id": id("abuse"), "code": "safety-domestic-abuse", "name": "Domestic abuse", "description": "Help after abuse."
    }}]);
    service
}

fact! {
    async fn a_listing_for_people_in_danger_at_an_exact_address_is_named_until_somebody_decides(app) {
        let file = format!("{}\n{}\n{}\n", pantry(), safe_steps(), refuge());
        let dry = Options { dry_run: true, source: "a test".to_owned(), ..Options::default() };
        let would = app.import_with(file.clone(), &dry).await;
        let report = app.import(file.clone()).await;
        let named: Vec<(u64, &str, &str)> = report.exposed.iter().map(|one| (one.line, one.name.as_str(), one.because.as_str())).collect();
        assert_eq!((named, report.exposed_total), (vec![(2, "Safe Steps", "Domestic abuse")], 1), "a refuge is withheld, a larder is no secret");
        assert_eq!(would.exposed, report.exposed);
        assert_eq!(app.import(file.clone()).await.exposed_total, 1, "nobody has decided yet");
        for policy in [fingerpost::model::LocationPolicy::Exact, fingerpost::model::LocationPolicy::OnRequest] {
            app.edit(id("safe steps"), |document| {
                let Document::Service(service) = document else { panic!() };
                service.service_at_locations[0].location_policy = Some(policy);
            })
            .await;
            assert_eq!(app.import(file.clone()).await.exposed_total, 0, "somebody has decided: {policy:?}");
        }
    }
}

fact! {
    async fn a_name_tells_that_a_listing_is_for_people_in_danger_as_well_as_a_term_does(app) {
        let mut named = pantry();
        named["name"] = json!("Domestic abuse drop-in");
        let mut by_phone = pantry();
        (by_phone["id"], by_phone["name"], by_phone["service_at_locations"]) = (json!(id("line")), json!("Domestic abuse line"), json!([]));
        let report = app.import(format!("{named}\n{by_phone}\n")).await;
        assert_eq!(report.exposed.iter().map(|one| one.name.as_str()).collect::<Vec<_>>(), ["Domestic abuse drop-in"]);
    }
}

#[test]
fn anything_at_all_can_be_read_without_harm() {
    for bytes in
        [&b""[..], b"\0", b"\xff\xfe{\0}\0", b"{", b"name\n\"", b",,,\n,,,", b"\xEF\xBB\xBF", b"organisation,service\n\"a,b\nc"]
    {
        for format in [Format::Auto, Format::Ndjson, Format::Csv] {
            let _ = fingerpost::importing::read_anything(bytes, format);
        }
    }
}

/// The same pantry under another id, at the same link.
fn renumbered(to: &str) -> Value {
    let mut service = pantry();
    service["id"] = json!(to);
    for part in ["phones", "contacts", "schedules", "attributes"] {
        service.as_object_mut().unwrap().remove(part);
    }
    service
}

fact! {
    async fn services_whose_ids_begin_alike_do_not_share_a_link(app) {
        let (one, two) = ("00000000-0000-4000-8000-000000000001", "00000000-0000-4000-8000-000000000002");
        let report = app.import(format!("{}\n{}\n", renumbered(one), renumbered(two))).await;
        let said: Vec<&str> = report.dropped.iter().filter(|left| left.line == 2).map(|left| left.dropped.path.as_str()).collect();
        assert!(said.contains(&"service_at_locations.id"), "{:?}", report.dropped);
        assert_eq!(app.ids("/service_at_locations").await.len(), 2);
    }
}

fact! {
    async fn a_service_that_has_another_id_at_its_source_keeps_a_place_of_its_own(app) {
        let (old, new) = ("50000000-0000-4000-8000-000000000001", "51000000-0000-4000-8000-000000000001");
        app.import(renumbered(old).to_string()).await;
        let report = app.import(renumbered(new).to_string()).await;
        assert!(report.dropped.iter().any(|left| left.dropped.path == "service_at_locations.id"), "{:?}", report.dropped);
        app.withdraw(old.parse().unwrap(), "renumbered").await;
        let again = app.import(renumbered(new).to_string()).await;
        assert_eq!((again.unchanged, again.updated), (1, 0));
        let links = app.ids("/service_at_locations").await;
        assert_eq!(links.len(), 1);
        assert!(app.get(&format!("/services/{new}")).await.text().contains(&links[0]), "nested and alone under the same id");
        // Put into another directory, everything is called what it was called.
        let mut complete = Vec::new();
        export::complete(&app.app().records, &mut complete, |_| {}).await.unwrap();
        let Some(other) = TestApp::start(app.on).await else { return };
        other.import(complete).await;
        assert_eq!(other.ids("/service_at_locations").await, links);
        other.end().await;
    }
}

fact! {
    async fn what_is_read_otherwise_than_it_was_written_is_named(app) {
        let mut service = pantry();
        (service["status"], service["alternate_name"]) = (json!("open"), json!(42));
        let report = app.import(service.to_string()).await;
        let named: Vec<&str> = report.dropped.iter().map(|left| left.dropped.path.as_str()).collect();
        assert!(named.contains(&"status") && named.contains(&"alternate_name"), "{:?}", report.dropped);
        let shown = app.get(&format!("/services/{}", id("pantry"))).await.json();
        assert_eq!((&shown["status"], &shown["alternate_name"]), (&json!("active"), &json!("42")));
    }
}

fact! {
    async fn a_sheet_that_is_cut_short_says_so(app) {
        let sheet = "organisation,service,description,postcode\nA1,First,Tea.,LU1 1AA\nA2,Second,\"an open mark,LU1 1AB\nA3,Third,Tea.,LU1 1AC\n";
        let report = app.import(sheet).await;
        assert_eq!((report.created, report.rejected_total), (1, 1), "{report:?}");
        assert!(report.rejected[0].line == 3 && report.rejected[0].reason.contains("never closed"), "{:?}", report.rejected);
        let report = app.import("organisation,service,description\n").await;
        assert!(report.rejected[0].reason.contains("no rows"), "{:?}", report.rejected);
    }
}
