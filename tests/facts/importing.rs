//! Taking a directory in.

use std::{
    io::{BufReader, Write as _},
    time::Duration,
};

use fingerpost::{
    app::App,
    db::Durability,
    importing::{Exposed, Format, Options, export},
    model::{Document, Kind, Visibility},
    records::State,
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
    async fn importing_twice_changes_nothing(app) {
        let file = std::fs::read("fixtures/luton/directory.ndjson").unwrap();
        app.fixtures().await;
        let head = app.app().head().await.unwrap();
        let again = app.import(file).await;
        assert_eq!((again.created, again.updated), (0, 0));
        assert_eq!(app.app().head().await.unwrap(), head, "nothing was numbered");
        // Two copies of an organization that differ: the first stands, in every run.
        let mut other = pantry();
        other["id"] = json!(id("second service"));
        other["service_at_locations"] = json!([]);
        other["organization"]["name"] = json!("Another name");
        let both = format!("{}\n{other}\n", pantry());
        let first = app.import(both.clone()).await;
        assert_eq!((first.created, first.dropped_total), (2, 1), "{first:?}");
        let second = app.import(both).await;
        assert_eq!((second.created, second.updated, second.unchanged), (0, 0, 2));
    }
}

/// The pantry, and what people did to it since it was imported.
async fn edited_pantry(app: &TestApp) {
    app.import(pantry().to_string()).await;
    app.edit(id("pantry"), |document| {
        let Document::Service(service) = document else { panic!() };
        service.alert = Some("Closed until 5 December 2026. The hall is flooded".to_owned());
        service.fees_description = Some("£5 a visit".to_owned());
    })
    .await;
    app.edit(id("centre"), |document| {
        let Document::Location(place) = document else { panic!() };
        "Marsh Farm Centre, side door".clone_into(&mut place.addresses[0].address_1);
    })
    .await;
}

fact! {
    async fn the_same_file_again_leaves_everything_that_people_did(app) {
        edited_pantry(&app).await;
        let standing = (app.get(&format!("/services/{}", id("pantry"))).await.text(), app.app().head().await.unwrap());
        for _ in 0..2 {
            let again = app.import(pantry().to_string()).await;
            assert_eq!((again.created, again.updated, again.unchanged, again.dropped_total), (0, 0, 1, 0), "{again:?}");
        }
        assert_eq!((app.get(&format!("/services/{}", id("pantry"))).await.text(), app.app().head().await.unwrap()), standing);
    }
}

fact! {
    async fn what_is_hidden_or_was_taken_out_stays_so_whatever_the_file_says(app) {
        app.import(format!("{}\n{}", pantry(), refuge())).await;
        let tx = app.app().db.write().await.unwrap();
        app.app().records.hide(&tx, &TestApp::person("Unsafe, do not show"), id("pantry")).await.unwrap();
        tx.commit().await.unwrap();
        app.withdraw(id("refuge"), "closed").await;
        app.follow().await;
        let mut changed = pantry();
        changed["description"] = json!("Come and see.");
        for (file, overwrite, updated) in [(pantry(), false, 0), (changed.clone(), false, 1), (changed, true, 0)] {
            let options = Options { source: "a test".to_owned(), overwrite, ..Options::default() };
            let report = app.import_with(format!("{file}\n{}", refuge()), &options).await;
            assert_eq!((report.created, report.updated), (0, updated), "{report:?}");
            let told: Vec<(u64, &str)> = report.dropped.iter().map(|left| (left.line, left.dropped.reason.as_str())).collect();
            assert_eq!(told, [
                (1, "the service “Meadow larder” is hidden here, and stays hidden"),
                (2, "the service “Rowan House” was withdrawn here, and stays withdrawn"),
            ]);
            for gone in ["pantry", "refuge"] {
                assert_eq!(app.get(&format!("/services/{}", id(gone))).await.status, 410, "{gone}");
            }
        }
        let hidden = app.app().records.find(id("pantry")).await.unwrap().unwrap();
        assert!(hidden.document.contains("Come and see."), "whoever shows it again shows what is true now");
    }
}

fact! {
    async fn a_line_like_those_of_our_own_export_has_no_more_rights_over_what_is_here_than_a_feed(app) {
        app.import(pantry().to_string()).await;
        let stored = async |name: &str| app.app().records.find(id(name)).await.unwrap().unwrap();
        let mut document: Value = serde_json::from_str(&stored("pantry").await.document).unwrap();
        app.edit(id("pantry"), |document| if let Document::Service(service) = document {
            service.contacts[0].visibility = Some(Visibility::Private);
            service.fees_description = Some("£5 a visit".into());
        }).await;
        let tx = app.app().db.write().await.unwrap();
        app.app().records.hide(&tx, &TestApp::person("Unsafe, do not show"), id("pantry")).await.unwrap();
        tx.commit().await.unwrap();
        let jo = json!({"id": id("jo"), "name": "Jo Bloggs", "visibility": "public", "phones": [{"id": id("jo's mobile"), "number": "07700 900123"}]});
        document["contacts"].as_array_mut().unwrap().push(jo);
        let line = json!({"kind": "service", "state": "published", "revision": 99, "changed_at": "2026-01-01T00:00:00Z",
            "changed_by": "the council", "why": "checked", "document": document});
        let report = app.import(line.to_string()).await;
        let told: Vec<&str> = report.dropped.iter().map(|left| left.dropped.reason.as_str()).collect();
        assert_eq!((told, report.personal_total), (vec!["the service “Meadow larder” is hidden here, and stays hidden"], 1), "{report:?}");
        let now = stored("pantry").await;
        assert_eq!((now.state, now.kept.revision, now.kept.changed_by.as_str()), (State::Unpublished, 4, "import"));
        let now: Value = serde_json::from_str(&now.document).unwrap();
        assert_eq!((&now["contacts"][0]["visibility"], &now["contacts"][1]["visibility"]), (&json!("private"), &json!("unconfirmed")));
        assert_eq!(now["fees_description"], "£5 a visit");
        assert_eq!(app.get(&format!("/services/{}", id("pantry"))).await.status, 410);

        let group: Value = serde_json::from_str(&stored("marsh farm").await.document).unwrap();
        let report = app.import(json!({"kind": "organization", "state": "gone", "origin": "https://elsewhere.example.org/", "document": group}).to_string()).await;
        assert!(report.dropped[0].dropped.reason.contains("is public here, and stays public"), "{report:?}");
        let group = stored("marsh farm").await;
        assert_eq!((group.state, group.origin.as_str()), (State::Published, ""));
    }
}

fact! {
    async fn a_refuge_in_a_line_of_our_export_is_withheld_unless_a_whole_directory_is_restored(app) {
        let told = refuge();
        let link = &told["service_at_locations"][0];
        let mut service = told.clone();
        service.as_object_mut().unwrap().remove("organization");
        service["organization_id"] = told["organization"]["id"].clone();
        service["description"] = json!("A safe place to stay.");
        service["service_at_locations"] = json!([{"id": link["id"], "location_id": link["location"]["id"], "location_policy": "exact"}]);
        service["attributes"] = json!([{"id": id("refuge kind"), "link_entity": "service", "taxonomy_term_id": id("refuge term")}]);
        let line = |kind: &str, document: &Value| json!({"kind": kind, "document": document}).to_string();
        let file = [
            line("taxonomy_term", &told["attributes"][0]["taxonomy_term"]), line("organization", &told["organization"]),
            line("location", &link["location"]), line("service", &service),
        ].join("\n");
        let Some(empty) = TestApp::start(app.on).await else { return };
        app.import(pantry().to_string()).await;
        for (app, is_told) in [(&app, false), (&empty, true)] {
            let report = app.import(file.clone()).await;
            assert_eq!((report.created, report.rejected_total), (4, 0), "{report:?}");
            let shown = app.get("/services?full=true").await.text();
            assert!(shown.contains("Rowan House") && shown.contains("Hidden House") == is_told, "{shown}");
        }
        empty.end().await;
    }
}

fact! {
    async fn a_file_that_changed_changes_what_nobody_edited_and_says_what_it_did_not(app) {
        edited_pantry(&app).await;
        let mut changed = pantry();
        changed["description"] = json!("Twelve items, chosen by you.");
        changed["fees_description"] = json!("£6 a visit");
        changed["service_at_locations"][0]["location"]["latitude"] = json!(51.95);
        let report = app.import(changed.to_string()).await;
        assert_eq!(report.updated, 1, "{report:?}");
        let mut told: Vec<&str> = report.dropped.iter().map(|left| left.dropped.path.as_str()).collect();
        told.sort_unstable();
        assert_eq!(told, ["addresses", "fees_description"], "{report:?}");
        let now = app.get(&format!("/services/{}", id("pantry"))).await.json();
        assert_eq!((&now["description"], &now["fees_description"]), (&json!("Twelve items, chosen by you."), &json!("£5 a visit")));
        assert!(now["alert"].as_str().unwrap().starts_with("Closed until"));
        let place = &now["service_at_locations"][0]["location"];
        assert_eq!(place["addresses"][0]["address_1"], "Marsh Farm Centre, side door");
        assert_eq!(place["latitude"], pantry()["service_at_locations"][0]["location"]["latitude"], "no point that belongs to another address");
        // And so the night after, and with the old file.
        for file in [changed.clone(), pantry()] {
            app.import(file.to_string()).await;
            assert_eq!(app.get(&format!("/services/{}", id("pantry"))).await.json()["fees_description"], "£5 a visit");
        }
        let forced = Options { source: "a test".to_owned(), overwrite: true, ..Options::default() };
        assert_eq!(app.import_with(changed.to_string(), &forced).await.dropped_total, 0);
        let now = app.get(&format!("/services/{}", id("pantry"))).await.json();
        assert_eq!((&now["fees_description"], now.get("alert")), (&json!("£6 a visit"), None));
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
    async fn a_dry_run_reports_the_same_and_changes_nothing(app) {
        let file = std::fs::read("fixtures/luton/directory.ndjson").unwrap();
        let dry = Options { dry_run: true, source: "a test".to_owned(), ..Options::default() };
        let would = app.import_with(file.clone(), &dry).await;
        assert!(app.ids("/services").await.is_empty());
        let did = app.import(file).await;
        assert_eq!((would.created, would.dropped, would.rejected, would.personal, would.records), (did.created, did.dropped, did.rejected, did.personal, did.records));
    }
}

fact! {
    async fn a_dry_run_knows_of_a_long_file_what_the_import_knows(app) {
        let category = json!({"kind": "taxonomy_term", "document": {"id": id("a refuge's term"), "name": "Refuge", "description": "Refuges"}});
        let abuse = json!({"kind": "taxonomy_term", "document": {"id": id("abuse term"), "name": "Domestic abuse", "description": "Abuse"}});
        let listing = |name: &str, term: &str| {
            let mut listing = pantry();
            listing["id"] = json!(id(name));
            listing["name"] = json!(name);
            listing["attributes"] = json!([{"id": id(&format!("{name} of {term}")), "link_id": id(name), "taxonomy_term_id": id(term)}]);
            let link = &mut listing["service_at_locations"][0];
            link["id"] = json!(id(&format!("{name} link")));
            link["location"]["id"] = json!(id(&format!("{name} place")));
            listing.to_string()
        };
        let between = generated(600);
        let file = [category.to_string(), abuse.to_string(), between, listing("Quiet house", "a refuge's term"), listing("Safe steps", "abuse term")].join("\n");
        let dry = Options { dry_run: true, source: "a test".to_owned(), ..Options::default() };
        let would = app.import_with(file.clone().into_bytes(), &dry).await;
        assert!(app.ids("/services").await.is_empty());
        let did = app.import(file).await;
        let named = |exposed: &[Exposed]| exposed.iter().map(|one| one.name.clone()).collect::<Vec<_>>();
        assert_eq!(named(&would.exposed), named(&did.exposed));
        assert_eq!((would.created, would.dropped, would.rejected), (did.created, did.dropped, did.rejected));
    }
}

fact! {
    async fn others_save_while_a_long_file_is_tried(app) {
        app.import(pantry().to_string()).await;
        // Another process, as the command is.
        let trying = App::open_to_look(app.config.clone(), app.clock.clone(), Durability::Batched).await.unwrap();
        let (file, mut into) = std::io::pipe().unwrap();
        // Two batches, and a part of the third.
        let lines = generated(700);
        let writing = std::thread::spawn(move || {
            into.write_all(lines.as_bytes()).unwrap();
            into
        });
        let dry = Options { dry_run: true, source: "a test".to_owned(), ..Options::default() };
        let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
        let importer = trying.importer();
        let trial = importer.run(BufReader::new(file), &dry, |until| tell.send(until).unwrap());
        let meanwhile = async {
            told.recv().await.unwrap();
            let change = app.edit(id("pantry"), |document| if let Document::Service(service) = document { service.alert = Some("New times".into()) });
            tokio::time::timeout(Duration::from_secs(20), change).await.expect("the trial keeps nobody from saving");
            assert_eq!(app.get(&format!("/services/{}", id("pantry"))).await.json()["alert"], "New times");
            drop(writing.join().unwrap());
        };
        let (report, ()) = tokio::join!(trial, meanwhile);
        let report = report.unwrap();
        assert_eq!((report.created, report.rejected_total), (700, 0));
        assert_eq!(app.ids("/services").await, [id("pantry").to_string()], "nothing of it is left");
        trying.db.close().await.unwrap();
    }
}

fact! {
    async fn a_long_file_is_tried_while_what_was_deleted_before_is_still_to_be_swept(app) {
        app.import(pantry().to_string()).await;
        let tx = app.app().db.write().await.unwrap();
        tx.sweep_later().await.unwrap();
        tx.commit().await.unwrap();
        // The file deletes something else.
        let mut hidden = pantry();
        hidden["service_at_locations"][0]["location_policy"] = json!("withheld");
        let dry = Options { dry_run: true, source: "a test".to_owned(), ..Options::default() };
        let report = app.import_with(format!("{}{hidden}", generated(600)), &dry).await;
        assert_eq!((report.created, report.updated, report.rejected_total), (600, 1, 0), "{report:?}");
        assert!(app.get(&format!("/services/{}", id("pantry"))).await.text().contains("Gorse Close"), "nothing was hidden");
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

/// A service of the pantry's organization, of which it says little.
fn brief_copy() -> Value {
    let mut brief = pantry();
    brief["id"] = json!(id("a second service"));
    brief["service_at_locations"] = json!([]);
    let organization = brief["organization"]["id"].clone();
    brief["organization"] = json!({"id": organization, "name": "The Pantry", "alternate_name": "Marsh Farm"});
    brief
}

/// The pantry, of whose organization much is known.
fn well_known() -> Value {
    let mut known = pantry();
    let organization = known["organization"].as_object_mut().unwrap();
    organization.insert("description".into(), json!("Run by volunteers."));
    organization.insert("email".into(), json!("hello@pantry.example.org"));
    organization.insert("phones".into(), json!([{"id": id("line of the pantry"), "number": "01632 960100"}]));
    organization.insert("ward_code".into(), json!("E05013303"));
    known
}

fact! {
    async fn a_brief_copy_takes_nothing_away_and_what_it_lacks_is_named(app) {
        let known = well_known();
        app.import(known.to_string()).await;
        let of_it = format!("/organizations/{}", known["organization"]["id"].as_str().unwrap());
        let report = app.import(brief_copy().to_string()).await;
        let now = app.get(&of_it).await.json();
        assert_eq!((&now["name"], &now["alternate_name"]), (&json!("The Pantry"), &json!("Marsh Farm")), "what it says counts");
        assert_eq!(now["description"], "Run by volunteers.", "a name is no description");
        assert_eq!((&now["email"], &now["ward_code"]), (&json!("hello@pantry.example.org"), &json!("E05013303")));
        assert_eq!(now["phones"][0]["number"], "01632 960100");
        let told: Vec<&str> = report.dropped.iter().map(|left| left.dropped.reason.as_str()).collect();
        let id = known["organization"]["id"].as_str().unwrap();
        assert_eq!(told, [format!("the copy of the organization {id} has less detail than the one here; what it lacks was kept: email, phones, ward_code")]);
        let again = app.import(brief_copy().to_string()).await;
        assert_eq!((again.created, again.updated), (0, 0), "{:?}", again.records);
    }
}

fact! {
    async fn copies_in_one_file_make_one_record_whatever_their_order(app) {
        let of_it = format!("/organizations/{}", pantry()["organization"]["id"].as_str().unwrap());
        let mut brief = brief_copy();
        brief["organization"]["name"] = well_known()["organization"]["name"].clone();
        let (known, brief) = (well_known().to_string(), brief.to_string());
        for file in [format!("{brief}\n{known}\n"), format!("{known}\n{brief}\n")] {
            let Some(other) = TestApp::start(app.on).await else { return };
            let first = other.import(file.clone()).await;
            assert_eq!((first.created, first.dropped_total), (2, 0), "{:?}", first.dropped);
            let mut now = other.get(&of_it).await.json();
            now.as_object_mut().unwrap().remove("last_modified");
            let mut whole = well_known()["organization"].clone();
            whole["alternate_name"] = json!("Marsh Farm");
            assert_eq!(now, whole);
            let again = other.import(file).await;
            assert_eq!(again.records.values().map(|counts| counts.updated).sum::<u64>(), 0, "{:?}", again.records);
            other.end().await;
        }
    }
}

fact! {
    async fn every_list_of_ours_can_be_taken_in_by_another_directory(app) {
        app.fixtures().await;
        let mut alone = well_known()["organization"].clone();
        alone["id"] = json!(id("an organization without services"));
        app.import(json!({"kind": "organization", "document": alone}).to_string()).await;
        let Some(other) = TestApp::start(app.on).await else { return };
        let mut everything = String::new();
        for list in ["/taxonomy_terms", "/organizations", "/locations", "/events", "/services"] {
            everything += &app.get(&format!("{list}?format=ndjson&full=true")).await.text();
        }
        let report = other.import(everything.clone()).await;
        assert_eq!(report.rejected, []);
        for list in ["/organizations", "/events", "/services", "/locations", "/service_at_locations", "/taxonomy_terms"] {
            assert_eq!(other.ids(list).await, app.ids(list).await, "{list}");
        }
        let again = other.import(everything).await;
        assert_eq!((again.created, again.updated), (0, 0), "{:?}", again.records);
        let link = app.get("/service_at_locations?format=ndjson&full=true").await.text();
        let report = other.import(link.lines().next().unwrap()).await;
        assert!(report.rejected[0].reason.starts_with("a service_at_location is part of its service"), "{:?}", report.rejected);
        other.end().await;
    }
}

fact! {
    async fn a_service_nests_all_that_is_public_of_its_organization(app) {
        let mut known = well_known();
        known["organization"]["organization_identifiers"] = json!([{"id": id("number"), "identifier_scheme": "GB-CHC", "identifier_type": "Charity number", "identifier": "1234567"}]);
        known["organization"]["contacts"] = json!([{"id": id("chair"), "name": "Chair", "email": "chair-xylem@pantry.example.org", "visibility": "private"}]);
        known["organization"]["attributes"] = json!([{"id": id("faith"), "link_entity": "organization", "taxonomy_term": {"id": id("kind"), "code": "charity", "name": "Charity", "description": "A charity."}}]);
        app.import(known.to_string()).await;
        let of_it = format!("/services/{}", id("pantry"));
        let nested = app.get(&of_it).await.json()["organization"].clone();
        assert_eq!(nested["organization_identifiers"][0]["identifier"], "1234567");
        assert_eq!(nested["phones"][0]["number"], "01632 960100");
        assert_eq!(nested["attributes"][0]["taxonomy_term"]["name"], "Charity");
        let mut itself = app.get(&format!("/organizations/{}", id("marsh farm"))).await.json();
        itself.as_object_mut().unwrap().remove("last_modified");
        assert_eq!(nested, itself);
        let everywhere = app.get("/services?format=ndjson&full=true").await.text() + &app.get("/services").await.text();
        assert!(!everywhere.contains("xylem"), "a private contact is nobody's business");
        let brief = app.get("/services").await.json()["contents"][0]["organization"].clone();
        assert_eq!((&brief["email"], &brief["phones"]), (&json!("hello@pantry.example.org"), &Value::Null), "lists stay short");
        let link = app.get(&format!("/service_at_locations/{}", id("pantry at the centre"))).await.json();
        assert_eq!(link["service"]["organization"]["phones"], Value::Null);
        // Whatever changes in it, also two steps away, changes in its services.
        app.edit(id("kind"), |document| {
            if let fingerpost::model::Document::TaxonomyTerm(term) = document { term.name = "Registered charity".into(); }
        }).await;
        app.edit(id("marsh farm"), |document| {
            if let fingerpost::model::Document::Organization(doc) = document { doc.phones.clear(); }
        }).await;
        let nested = app.get(&of_it).await.json()["organization"].clone();
        assert_eq!((&nested["phones"], &nested["attributes"][0]["taxonomy_term"]["name"]), (&Value::Null, &json!("Registered charity")));
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
    async fn nobody_is_asked_again_about_a_contact_that_was_erased(app) {
        let mut service = pantry();
        service["contacts"] = json!([{"id": id("sheila"), "name": "Sheila Winterbottom", "phones": [{"id": id("her phone"), "number": "07700 900123"}]}]);
        assert_eq!(app.import(service.to_string()).await.personal_total, 1);
        let tx = app.app().db.write().await.unwrap();
        app.app().records.erase_contact(&tx, &TestApp::person("she asked"), id("pantry"), id("sheila")).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(app.import(service.to_string()).await.personal_total, 0);
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
