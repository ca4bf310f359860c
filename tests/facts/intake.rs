//! More ways in: tables, older services, pages, calendars, spreadsheets with a mapping.

use std::{
    io::{Cursor, Write as _},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use fingerpost::{
    importing::{Format, Mapping, Options, Report},
    model::Kind,
};
use serde_json::{Value, json};
use zip::{ZipWriter, write::SimpleFileOptions};

use super::{id, pantry, refuge};
use crate::support::{TestApp, fact};

/// Files as a zip, in a folder of their own as most programmes pack them.
pub fn zipped<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in files {
        zip.start_file(format!("export 2026-11/{name}"), SimpleFileOptions::default()).unwrap();
        zip.write_all(content.as_bytes()).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

pub async fn import_folder(app: &TestApp, folder: impl Into<PathBuf>) -> Report {
    let options = Options { source: "a test".to_owned(), ..Options::default() };
    let report = app.app().importer().run_folder(folder.into(), &options, |_| {}).await.unwrap();
    app.follow().await;
    report
}

async fn refused(app: &TestApp, bytes: Vec<u8>) -> String {
    let options = Options { source: "a test".to_owned(), ..Options::default() };
    let error = app.app().importer().run(Cursor::new(bytes), &options, |_| {}).await.unwrap_err();
    app.follow().await;
    for path in ["/services", "/organizations", "/locations", "/events"] {
        assert!(app.ids(path).await.is_empty(), "nothing of it was taken");
    }
    error.to_string()
}

/// The report without what is long and the same everywhere.
pub fn said(report: &Report) -> Vec<String> {
    let rejected = report.rejected.iter().map(|rejected| format!("rejected line {}: {}", rejected.line, rejected.reason));
    let left = report
        .dropped
        .iter()
        .map(|left| format!("left out of line {}: {} | {}", left.line, left.dropped.path, left.dropped.reason));
    let waiting = report
        .personal
        .iter()
        .map(|waiting| format!("waiting, line {}: {} {}", waiting.line, waiting.personal.name, waiting.personal.reason));
    rejected.chain(left).chain(waiting).collect()
}

fact! {
    async fn a_package_of_tables_becomes_services_with_everything_nested(app) {
        let report = import_folder(&app, "fixtures/as-sent/hsds-package").await;
        insta::allow_duplicates! { insta::assert_json_snapshot!(said(&report), @r#"
        [
          "rejected line 8: name is missing; a service needs it",
          "left out of line 8: attributes.csv | the package has no term \"dnn-trm-88\"; it is only shown if the directory has one",
          "left out of line 7: phones.csv | has nothing to belong to: there is no service \"dnn-svc-77\"",
          "left out of line 2: schedules[0].freq | \"YEARLY\" is not one of: WEEKLY, MONTHLY (schedules.csv, line 7)",
          "left out of line 3: service_at_locations[0].location.latitude | has no longitude to go with it (locations.csv, line 5)",
          "left out of line 5: cost_options[1].amount | expected a number, found the text \"nothing\" (cost_options.csv, line 5)",
          "left out of line 5: url | \"watling-kitchen dot example\" has a space or a character that web addresses cannot have",
          "left out of line 7: organization.email | \"walks at five-knolls\" is not an email address (expected something like name@example.org) (organizations.csv, line 5)",
          "left out of line 7: phones[0] | number is missing; a phone needs it (phones.csv, line 8)",
          "left out of line 9: organization_id | the package has no organization \"dnn-org-09\"; it is only shown if the directory has one",
          "waiting, line 3: Shopping lift a mobile number beside a person's name"
        ]
        "#) };
        insta::allow_duplicates! { insta::assert_json_snapshot!(report.records.iter().map(|(kind, counts)| format!("{kind} {}", counts.created)).collect::<Vec<_>>(), @r#"
        [
          "taxonomy 1",
          "taxonomy_term 5",
          "organization 5",
          "location 5",
          "service 7"
        ]
        "#) };
        let supper = app.get("/services?search=thursday+supper&full=true").await.json()["contents"][0].clone();
        assert_eq!(supper["organization"]["website"], "https://www.watling-kitchen.example.org");
        assert_eq!(supper["service_at_locations"][0]["location"]["addresses"][0]["postal_code"], "LU6 9XA");
        assert_eq!(supper["service_at_locations"][0]["schedules"][0]["byday"], "TH");
        assert_eq!(supper["attributes"][0]["taxonomy_term"]["code"], "meals");
        let organizations = app.get("/organizations?full=true").await.text();
        assert!(organizations.contains("Priory Bell Ringers"), "an organisation without services is taken too");
        let places = app.app().records.by_kind(Kind::Location, None, 50).await.unwrap();
        assert!(places.iter().any(|stored| stored.document.contains("Priory Barn")), "and a place without services");
        // What a volunteer gave to be rung on waits until somebody asks.
        assert!(!app.get("/services?format=ndjson&full=true").await.text().contains("07700 900701"));
    }
}

fact! {
    async fn a_package_twice_or_as_a_zip_changes_nothing(app) {
        import_folder(&app, "fixtures/as-sent/hsds-package").await;
        let head = app.app().head().await.unwrap();
        let again = import_folder(&app, "fixtures/as-sent/hsds-package").await;
        assert_eq!((again.created, again.updated, again.unchanged), (0, 0, 7));
        let mut files: Vec<(String, String)> = Vec::new();
        for entry in std::fs::read_dir("fixtures/as-sent/hsds-package").unwrap() {
            let path = entry.unwrap().path();
            files.push((path.file_name().unwrap().to_string_lossy().to_uppercase().replace(".CSV", ".csv"), std::fs::read_to_string(path).unwrap()));
        }
        let zip = zipped(files.iter().map(|(name, content)| (name.as_str(), content.as_str())));
        let zipped = app.import(zip).await;
        assert_eq!((zipped.created, zipped.updated, zipped.unchanged, zipped.dropped_total), (0, 0, 7, again.dropped_total));
        assert_eq!(app.app().head().await.unwrap(), head, "nothing was numbered");
    }
}

fact! {
    async fn two_sources_that_both_count_from_1_are_told_apart_by_their_names(app) {
        let package = |name: &str| zipped([
            ("organizations.csv", format!("id,name,description\n1,{name},A group.\n").as_str()),
            ("services.csv", format!("id,organization_id,name,status\n1,1,{name} lunch,active\n").as_str()),
        ]);
        let of = |source: &str| Options { ids_of: source.to_owned(), source: "a test".to_owned(), ..Options::default() };
        app.import_with(package("Elm"), &of("elm network")).await;
        let second = app.import_with(package("Oak"), &of("oak network")).await;
        assert_eq!((second.created, second.updated), (1, 0));
        assert_eq!(app.ids("/organizations").await.len(), 2);
        let again = app.import_with(package("Elm"), &of("elm network")).await;
        assert_eq!((again.created, again.updated, again.unchanged), (0, 0, 1), "the same file under the same name");
        let nameless = app.import_with(package("Elm"), &of("")).await;
        assert_eq!(nameless.created, 1, "without a name they are what they always were");
        let without = fingerpost::ids::from_source("", "service", "1");
        assert_eq!(app.get(&format!("/services/{without}")).await.json()["name"], "Elm lunch");
    }
}

fact! {
    async fn an_older_package_comes_in_with_the_names_of_today(app) {
        let report = import_folder(&app, "fixtures/as-sent/older-package").await;
        insta::allow_duplicates! { insta::assert_json_snapshot!(said(&report), @r#"
        [
          "left out of line 0: review.csv | this directory does not store reviews of services (1 rows)"
        ]
        "#) };
        let beds = app.get("/services?search=raised+beds&full=true").await.json()["contents"][0].clone();
        let link = &beds["service_at_locations"][0];
        assert_eq!(link["schedules"].as_array().unwrap().iter().map(|schedule| schedule["byday"].as_str().unwrap()).collect::<Vec<_>>(), ["TU", "SA"]);
        assert_eq!(link["schedules"][0]["notes"], "Closed from 22 December 2026 to 8 January 2027");
        assert_eq!(link["location"]["accessibility"][0]["description"], "Raised beds that a wheelchair fits under");
        assert_eq!((beds["minimum_age"].clone(), beds["eligibility_description"].clone()), (json!(18), json!("Anyone without a garden")));
        assert_eq!(beds["contacts"][0]["phones"][0]["languages"][1]["name"], "Polish");
        let term = &beds["attributes"][0]["taxonomy_term"];
        assert_eq!((term["name"].clone(), term["taxonomy_detail"]["name"].clone()), (json!("Community gardens"), json!("esdServiceTypes")));
        assert_eq!(app.ids(&format!("/taxonomy_terms?parent_id={}", term["parent_id"].as_str().unwrap())).await.len(), 2);
        let again = import_folder(&app, "fixtures/as-sent/older-package").await;
        assert_eq!((again.created, again.updated, again.unchanged), (0, 0, 2));
    }
}

/// The luton fixtures' services as tables, for what tables can say.
fn as_tables(services: &[Value]) -> Vec<u8> {
    let mut tables: std::collections::BTreeMap<&str, Vec<serde_json::Map<String, Value>>> = std::collections::BTreeMap::new();
    let mut seen = std::collections::HashSet::new();
    let mut add = |table: &'static str, row: &Value, more: &[(&str, &Value)]| {
        let mut row: serde_json::Map<String, Value> = row
            .as_object()
            .unwrap()
            .iter()
            .filter(|(_, value)| !value.is_array() && !value.is_object())
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        row.extend(more.iter().map(|(name, value)| ((*name).to_owned(), (*value).clone())));
        if seen.insert((table, row["id"].clone())) {
            tables.entry(table).or_default().push(row);
        }
    };
    let list = |value: &Value, name: &str| value[name].as_array().cloned().unwrap_or_default();
    for service in services {
        add("services", service, &[]);
        add("organizations", &service["organization"], &[]);
        for (table, name) in [
            ("phones", "phones"),
            ("schedules", "schedules"),
            ("cost_options", "cost_options"),
            ("languages", "languages"),
            ("service_areas", "service_areas"),
            ("contacts", "contacts"),
            ("required_documents", "required_documents"),
            ("funding", "funding"),
            ("urls", "additional_urls"),
        ] {
            for part in list(service, name) {
                add(table, &part, &[("service_id", &service["id"])]);
                for phone in list(&part, "phones") {
                    add("phones", &phone, &[("contact_id", &part["id"])]);
                }
            }
        }
        for link in list(service, "service_at_locations") {
            add("service_at_locations", &link, &[("service_id", &service["id"])]);
            for part in list(&link, "schedules") {
                add("schedules", &part, &[("service_at_location_id", &link["id"])]);
            }
            let place = &link["location"];
            add("locations", place, &[]);
            for (table, name) in [("addresses", "addresses"), ("accessibility", "accessibility")] {
                for part in list(place, name) {
                    add(table, &part, &[("location_id", &place["id"])]);
                }
            }
        }
        for attribute in list(service, "attributes") {
            let term = &attribute["taxonomy_term"];
            add(
                "attributes",
                &attribute,
                &[("link_id", &service["id"]), ("link_entity", &json!("service")), ("taxonomy_term_id", &term["id"])],
            );
            add("taxonomy_terms", term, &[]);
            add("taxonomies", &term["taxonomy_detail"], &[]);
        }
    }
    let files: Vec<(String, String)> = tables
        .into_iter()
        .map(|(table, rows)| {
            let columns: std::collections::BTreeSet<&String> = rows.iter().flat_map(|row| row.keys()).collect();
            let mut sheet = csv::Writer::from_writer(Vec::new());
            sheet.write_record(&columns).unwrap();
            for row in &rows {
                let cell = |name: &&String| {
                    row.get(*name).map_or(String::new(), |value| value.as_str().map_or_else(|| value.to_string(), str::to_owned))
                };
                sheet.write_record(columns.iter().map(cell)).unwrap();
            }
            (format!("{table}.csv"), String::from_utf8(sheet.into_inner().unwrap()).unwrap())
        })
        .collect();
    zipped(files.iter().map(|(name, content)| (name.as_str(), content.as_str())))
}

/// The tables have no rows for what belongs to organizations.
fn with_a_plain_organization(mut service: Value) -> Value {
    service["organization"].as_object_mut().unwrap().retain(|_, value| !value.is_array());
    service
}

fact! {
    async fn services_as_tables_and_as_lines_are_the_same(app) {
        app.fixtures().await;
        let public = app.get("/services?format=ndjson&full=true").await.text();
        let services: Vec<Value> = public.lines().map(|line| serde_json::from_str(line).unwrap()).filter(|service: &Value| service.get("event_id").is_none()).map(with_a_plain_organization).collect();
        let mut lines = String::new();
        for service in &services {
            lines.push_str(&service.to_string());
            lines.push('\n');
        }
        let Some(by_lines) = TestApp::start(app.on).await else { return };
        by_lines.import(lines).await;
        let Some(by_tables) = TestApp::start(app.on).await else { return };
        let report = by_tables.import(as_tables(&services)).await;
        assert_eq!((report.created, report.rejected_total), (services.len() as u64, 0), "{:?}", said(&report));
        for service in &services {
            let path = format!("/services/{}", service["id"].as_str().unwrap());
            let (mut one, mut other) = (by_lines.get(&path).await.json(), by_tables.get(&path).await.json());
            for part in [&mut one, &mut other] {
                part["last_modified"].take();
            }
            for (name, value) in one.as_object().unwrap() {
                assert_eq!(&other[name], value, "{name} of {path}");
            }
            assert_eq!(other, one);
        }
        by_lines.end().await;
        by_tables.end().await;
    }
}

fact! {
    async fn a_place_whose_service_was_rejected_is_not_taken_alone(app) {
        let zip = zipped([
            ("services.csv", "id,name,organization_id\n1,,1\n"), ("organizations.csv", "id,name\n1,Rowan House\n"), ("locations.csv", "id,name\n1,Hidden House\n"),
            ("service_at_locations.csv", "id,service_id,location_id\n1,1,1\n"), ("addresses.csv", "id,location_id,address_1,city,postal_code\n1,1,7 Hidden Lane,Luton,LU2 9ZZ\n"),
        ]);
        let report = app.import(zip).await;
        assert_eq!(said(&report), ["rejected line 2: name is missing; a service needs it", "left out of line 2: locations.csv | no service at this location was imported, so the location was left out too"]);
        let locations = app.app().records.by_kind(Kind::Location, None, 10).await.unwrap();
        assert!(locations.is_empty());
        assert_eq!(app.ids("/organizations").await.len(), 1);
    }
}

/// A zip with one entry whose name nobody has checked.
fn with_entry(name: &str) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    zip.start_file("services.csv", SimpleFileOptions::default()).unwrap();
    zip.write_all(b"id,name,organization_id\n1,A,1\n").unwrap();
    zip.start_file(name, SimpleFileOptions::default()).unwrap();
    zip.write_all(b"id,name\n1,B\n").unwrap();
    zip.finish().unwrap().into_inner()
}

fact! {
    async fn archives_that_could_harm_are_refused_and_nothing_of_them_is_taken(app) {
        for name in ["../organizations.csv", "/tmp/organizations.csv", "a/../../organizations.csv"] {
            assert!(refused(&app, with_entry(name)).await.contains("leads outside the zip"), "{name}");
        }
        assert!(refused(&app, with_entry("more.zip")).await.contains("\"more.zip\" is itself an archive"));
        let mut link = ZipWriter::new(Cursor::new(Vec::new()));
        link.add_symlink("services.csv", "/etc/passwd", SimpleFileOptions::default()).unwrap();
        assert!(refused(&app, link.finish().unwrap().into_inner()).await.contains("is a link"));
        let mut locked = zipped([("services.csv", "id,name\n1,A\n")]);
        let directory = locked.windows(4).rposition(|four| four == b"PK\x01\x02").unwrap();
        locked[directory + 8] |= 1;
        locked[6] |= 1;
        assert!(refused(&app, locked).await.contains("is encrypted"));
        let bomb = zipped([("services.csv", format!("id,name,organization_id\n{}", "1,A,1\n".repeat(2 << 20)).as_str())]);
        let began = Instant::now();
        assert!(refused(&app, bomb).await.contains("looks like a zip bomb"));
        assert!(began.elapsed() < Duration::from_secs(30));
        assert!(refused(&app, b"PK\x03\x04 and nothing more".to_vec()).await.contains("cannot read the zip"));
        assert!(refused(&app, zipped([("readme.csv", "a,b\n1,2\n")])).await.contains("it has no table of services"));
    }
}

#[cfg(unix)]
fact! {
    async fn a_link_in_a_folder_of_tables_is_not_followed(app) {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("services.csv"), "id,name,organization_id\n1,A,1\n").unwrap();
        std::os::unix::fs::symlink("/etc/passwd", folder.path().join("organizations.csv")).unwrap();
        let options = Options { source: "a test".to_owned(), ..Options::default() };
        let error = app.app().importer().run_folder(folder.path().to_path_buf(), &options, |_| {}).await.unwrap_err();
        assert!(error.to_string().contains("organizations.csv is a link"), "{error}");
        assert!(app.ids("/services").await.is_empty());
    }
}

/// A service as an Open Referral UK 1 API answers it.
fn older(name: &str) -> Value {
    json!({
        "id": format!("svc-{name}"), "name": name, "description": "A warm meal.", "status": "active",
        "organization": {"id": "org-3", "name": "Larkspur Hall Trust", "description": "A hall.", "url": "https://larkspur-hall.example.org"},
        "eligibilitys": [{"id": "e1", "eligibility": "Older people", "minimum_age": 60, "maximum_age": 0, "taxonomys": []}],
        "service_taxonomys": [{"id": format!("st-{name}"), "taxonomy": {"id": "esdServiceTypes:1106", "name": "Lunch clubs", "vocabulary": "esdServiceTypes",
            "parent": {"id": "esdServiceTypes:11", "name": "Meals", "vocabulary": "esdServiceTypes"}}}],
        "contacts": [{"id": format!("c-{name}"), "name": "Hall desk", "phones": [{"id": format!("p-{name}"), "number": "01632 960123"}]}],
        "fundings": [], "reviews": [{"id": "r", "score": "5"}], "regular_schedules": [],
        "service_at_locations": [{"id": format!("sal-{name}"), "regular_schedule": [{"id": format!("rs-{name}"), "freq": "WEEKLY", "byday": "Tuesday", "opens_at": "12:00:00", "closes_at": "14:00:00"}],
            "location": {"id": "loc-1", "name": "Larkspur Hall", "latitude": 51.9163, "longitude": -0.4486,
                "physical_addresses": [{"id": "ad1", "address_1": "4 Larkspur Way", "city": "Luton", "state_province": "", "postal_code": "LU3 9XQ", "country": "GB"}],
                "accessibility_for_disabilities": [{"id": "x1", "accessibility": "Step-free entrance"}]}}]
    })
}

fact! {
    async fn services_of_an_older_api_come_in_as_page_list_lines_or_one(app) {
        let page = json!({"totalElements": 2, "totalPages": 1, "number": 1, "size": 2, "first": true, "last": true, "content": [older("Lunch"), older("Tea")]});
        let report = app.import(serde_json::to_string_pretty(&page).unwrap()).await;
        assert_eq!((report.created, report.rejected_total), (2, 0), "{report:?}");
        let of = |line: u64, at: u64| [
            format!("left out of line {line}: content[{at}].reviews | this directory does not store reviews of services (1 here)"),
            format!("left out of line {line}: content[{at}].eligibilitys[0].maximum_age | is 0, which older feeds write where there is no oldest age; none was imported"),
        ];
        assert_eq!(said(&report), [of(3, 0), of(95, 1)].concat());
        let lunch = app.get("/services?search=lunch&full=true").await.json()["contents"][0].clone();
        assert_eq!((lunch["minimum_age"].clone(), lunch["attributes"][0]["taxonomy_term"]["code"].clone()), (json!(60), json!("esdServiceTypes:1106")));
        assert_eq!(lunch["service_at_locations"][0]["location"]["addresses"][0]["address_1"], "4 Larkspur Way");
        assert_eq!(lunch["service_at_locations"][0]["schedules"][0]["byday"], "TU");
        assert_eq!(app.ids("/taxonomy_terms").await.len(), 2, "the wider term came along");
        for same in [page.to_string(), json!([older("Lunch"), older("Tea")]).to_string(), format!("{}\n{}\n", older("Lunch"), older("Tea")), format!("[\n{},\n{}\n]", older("Lunch"), older("Tea"))] {
            let again = app.import(same.clone()).await;
            assert_eq!((again.created, again.updated, again.unchanged, again.rejected_total), (0, 0, 2, 0), "{same}");
        }
        let one = app.import_with(serde_json::to_string_pretty(&older("Tea")).unwrap(), &Options { format: Format::Oruk1, ..Options::default() }).await;
        assert_eq!((one.unchanged, one.rejected_total), (1, 0));
    }
}

fact! {
    async fn a_page_of_full_services_is_taken_and_a_brief_one_is_refused(app) {
        app.fixtures().await;
        let full = app.get("/services?full=true&per_page=1000").await.text();
        let report = app.import(full).await;
        assert_eq!((report.created, report.rejected_total), (0, 0), "{:?}", report.rejected);
        let brief = app.get("/services?per_page=5").await.text();
        for brief in [brief.clone(), serde_json::to_string_pretty(&serde_json::from_str::<Value>(&brief).unwrap()).unwrap()] {
            let report = app.import(brief).await;
            assert_eq!(report.rejected_total, 1);
            assert!(report.rejected[0].reason.starts_with("the services on this page are summaries"), "{:?}", report.rejected);
        }
        let broken = "{\n  \"contents\": [\n    {\"id\": 1},\n    {\"id\": }\n  ]\n}";
        let report = app.import(broken).await;
        assert_eq!((report.rejected_total, report.rejected[0].line), (1, 4), "{:?}", report.rejected);
    }
}

fact! {
    async fn a_calendar_as_a_programme_exports_it_becomes_events(app) {
        let file = std::fs::read("fixtures/as-sent/village-hall.ics").unwrap();
        let report = app.import(file.clone()).await;
        insta::allow_duplicates! { insta::assert_json_snapshot!(said(&report), @r#"
        [
          "rejected line 115: DTEND: it ends before it begins",
          "left out of line 107: CLASS | is marked private, so it was not imported",
          "left out of line 27: CATEGORIES | \"Meals\" is neither the code nor the name of a term here",
          "left out of line 27: CATEGORIES | \"Company\" is neither the code nor the name of a term here",
          "left out of line 70: STATUS | is tentative, which a directory cannot say; the event is shown as taking place",
          "left out of line 82: ATTENDEE | 2 people are invited in the calendar; their names are not imported",
          "left out of line 82: ORGANIZER | the organiser's email address may be personal, so it is not imported"
        ]
        "#) };
        let events = app.get("/events?full=true").await.json();
        let event = |name: &str| events["contents"].as_array().unwrap().iter().find(|event| event["name"] == name).unwrap_or_else(|| panic!("{name}: {events}")).clone();
        let soup = event("Soup Thursday");
        assert_eq!((soup["organization"]["name"].as_str(), soup["rrule"].as_str()), (Some("Larkspur Hall"), Some("FREQ=WEEKLY;UNTIL=20270722T235959Z;BYDAY=TH")));
        assert_eq!((soup["start"].as_str(), soup["end"].as_str(), soup["timezone"].as_str()), (Some("2026-09-10T12:30:00"), Some("2026-09-10T14:00:00"), Some("Europe/London")));
        assert_eq!(soup["exdates"], json!(["2026-12-24T12:30:00", "2026-12-31T12:30:00"]));
        assert_eq!(soup["changes"], json!([
            {"start": "2026-12-10T12:30:00", "status": "moved", "new_start": "2026-12-10T17:30:00", "new_end": "2026-12-10T19:30:00", "note": "Soup Thursday with carols"},
            {"start": "2027-01-07T12:30:00", "status": "cancelled"}
        ]));
        assert_eq!(soup["description"], "Soup, bread and company.\nFree; a coin for the pot if you can. Ring 01632 960721.");
        assert_eq!(soup["location"]["addresses"][0]["postal_code"], "LU3 9XQ");
        let fair = event("Winter fair");
        assert_eq!((fair["start"].as_str(), fair["end"].as_str(), fair["url"].as_str()), (Some("2026-12-05T00:00:00"), Some("2026-12-06T23:59:00"), Some("https://larkspur-hall.example.org/winter-fair")));
        let evening = event("Open committee evening");
        assert_eq!((evening["start"].as_str(), evening["online_url"].as_str()), (Some("2026-12-03T19:00:00"), Some("https://meet.example.org/larkspur-committee")));
        assert_eq!(event("Mending table")["timezone"], "Europe/London");
        let everything = app.get("/events?format=ndjson&full=true").await.text() + &app.get("/services?format=ndjson&full=true").await.text();
        for person in ["Pellew", "Ambrose", "Violet", "dorothy", "Cistern"] {
            assert!(!everything.contains(person), "{person}");
            assert!(app.files_with(person).is_empty(), "{person} is not kept either");
            assert!(!serde_json::to_string(&report).unwrap().contains(person), "{person} is not in the report");
        }
        let stored = app.app().records.find(soup["id"].as_str().unwrap().parse().unwrap()).await.unwrap().unwrap();
        assert_eq!(stored.source_id.as_deref(), Some("4k2soup7lark@calendar.example.org"));
        let head = app.app().head().await.unwrap();
        let again = app.import(file).await;
        assert_eq!((again.created, again.updated, again.unchanged), (0, 0, report.created));
        assert_eq!(app.app().head().await.unwrap(), head, "nothing was numbered");
    }
}

const MEETING: &str = "BEGIN:VCALENDAR\nX-WR-CALNAME:Sheila Hopcroft\nBEGIN:VEVENT\nUID:1\nSUMMARY:Tea\nDTSTART:20261205T100000\nEND:VEVENT\nEND:VCALENDAR\n";

fact! {
    async fn a_calendar_that_does_not_say_whose_it_is_needs_to_be_told(app) {
        let report = app.import(MEETING).await;
        assert_eq!(said(&report), ["rejected line 1: the calendar (it is called \"Sheila Hopcroft\") does not say which organisation runs its events: name one with --organisation"]);
        app.import(pantry().to_string()).await;
        let told = |organisation: &str| Options { organisation: Some(organisation.to_owned()), source: "a test".to_owned(), ..Options::default() };
        // The organisation that is here already is meant, and stays as it is.
        let report = app.import_with(MEETING, &told("lark hill community pantry")).await;
        assert_eq!((report.created, report.records.get(&Kind::Organization)), (1, None), "{report:?}");
        let event = app.get("/events?full=true").await.json()["contents"][0].clone();
        assert_eq!((event["organization_id"].clone(), event["organization"]["description"].clone()), (json!(id("marsh farm")), json!("A volunteer-run pantry.")));
        let by_id = app.import_with(MEETING, &told(&id("marsh farm").to_string())).await;
        assert_eq!((by_id.unchanged, by_id.rejected_total), (1, 0));
        let unknown = app.app().importer().run(Cursor::new(MEETING), &told(&id("nobody").to_string()), |_| {}).await.unwrap_err();
        assert!(unknown.to_string().starts_with("there is no organisation with id"), "{unknown}");
    }
}

fact! {
    async fn hostile_calendars_are_refused_quickly(app) {
        let began = Instant::now();
        let nested = format!("BEGIN:VCALENDAR\n{}", "BEGIN:VEVENT\nBEGIN:VALARM\n".repeat(1_000));
        let report = app.import(nested).await;
        assert!(report.rejected[0].reason.contains("nested more than"), "{report:?}");
        let options = Options { organisation: Some("Larkspur Hall".to_owned()), ..Options::default() };
        let line = format!("{}DESCRIPTION:{}\nEND:VEVENT", MEETING.split("END:VEVENT").next().unwrap(), "x".repeat(10 << 20));
        let report = app.import_with(line, &options).await;
        assert_eq!((report.created, report.dropped[0].dropped.path.as_str()), (1, "DESCRIPTION"));
        let endless = std::io::Read::chain(Cursor::new("BEGIN:VCALENDAR\n"), std::io::repeat(b' '));
        let error = app.app().importer().run(std::io::BufReader::new(endless), &options, |_| {}).await.unwrap_err();
        assert!(error.to_string().contains("the calendar is longer than 64 MiB, or has no end"), "{error}");
        assert!(began.elapsed() < Duration::from_mins(1), "{:?}, without optimisation", began.elapsed());
    }
}

const SHEET: &str = "Name of club,What you get,Who to ring,Where,Colour\nGorse Friends,Tea and talk,01632 960731,\"Gorse Hut, LU3 9XB\",red\nGorse Friends,Walks,,,blue\n";

fact! {
    async fn a_mapping_says_what_headings_mean_and_what_all_rows_share(app) {
        let mapping = Mapping::parse(
            "[columns]\n\"Name of club\" = \"organisation\"\n\"What you get\" = \"service\"\n\"Who to ring\" = \"phone\"\n\"Where\" = \"ignore\"\n\
             [constants]\ncounty = \"Bedfordshire\"\neligibility = \"Everybody\"\n[defaults]\nphone = \"01632 960799\"\n",
        ).unwrap();
        assert!(app.import(SHEET).await.rejected[0].reason.contains("the column for the organisation"));
        let options = Options { mapping: Some(mapping), source: "a test".to_owned(), ..Options::default() };
        let report = app.import_with(SHEET, &options).await;
        assert_eq!((report.created, said(&report)), (2, vec!["left out of line 1: Colour | the mapping does not mention this heading, so the column is ignored".to_owned()]));
        let phone = async |name: &str| app.get(&format!("/services?search={name}&full=true")).await.json()["contents"][0]["phones"][0]["number"].clone();
        assert_eq!((phone("talk").await, phone("walks").await), (json!("01632 960731"), json!("01632 960799")));
        assert!(app.get("/services?full=true").await.text().contains("Everybody"));
        let other = app.import_with("Club\nGorse\n", &options).await;
        assert_eq!(said(&other), ["rejected line 1: columns.\"Name of club\": the sheet does not have this heading; its headings are \"Club\""]);
        let not_a_sheet = app.app().importer().run(Cursor::new(pantry().to_string()), &options, |_| {}).await.unwrap_err();
        assert!(not_a_sheet.to_string().contains("a mapping only applies to spreadsheets"), "{not_a_sheet}");
    }
}

fact! {
    async fn an_organisation_named_for_what_is_no_calendar_is_refused_and_not_passed_over(app) {
        let options = Options { organisation: Some("Gorse Friends".to_owned()), source: "a test".to_owned(), ..Options::default() };
        for file in [pantry().to_string(), SHEET.to_owned()] {
            let refused = app.app().importer().run(Cursor::new(file), &options, |_| {}).await.unwrap_err();
            assert!(refused.to_string().contains("an organisation is only named for calendars"), "{refused}");
        }
        assert_eq!(app.get("/services").await.json()["total_items"], 0);
    }
}

/// A refuge, told by every door that there is now: the door, the word that only its house and lane
/// have, and the file.
pub fn doors_of_a_refuge() -> Vec<(&'static str, &'static str, Vec<u8>)> {
    let mut today = refuge();
    today["service_at_locations"][0]["location_policy"] = json!("exact");
    today["service_at_locations"][0]["location"]["name"] = json!("Quillon House");
    today["service_at_locations"][0]["location"]["addresses"][0]["address_1"] = json!("7 Quillon Lane");
    let older = |word: &str| {
        let mut service = older(word);
        service["name"] = json!("Rowan House");
        service["description"] = json!(format!("A safe place. We are at 7 {word} Lane, LU2 9ZZ."));
        service["service_taxonomys"] =
            json!([{"id": word, "taxonomy": {"id": "esd:9", "name": "Women's refuge", "vocabulary": "esd"}}]);
        service["service_at_locations"][0]["location"] = json!({
            "id": word, "name": format!("{word} House"), "latitude": 51.8811, "longitude": -0.4177,
            "physical_addresses": [{"id": word, "address_1": format!("7 {word} Lane"), "city": "Luton", "postal_code": "LU2 9ZZ"}],
            "accessibility_for_disabilities": [{"id": word, "accessibility": "The bell behind the chapel"}]
        });
        service
    };
    let page = json!({"totalElements": 1, "content": [older("Merrow")], "contents": null});
    let tables = |word: &str, term: &str| {
        zipped([
            (
                "services.csv",
                format!("id,organization_id,name,description\n{word},{word},Rowan House,We are at 7 {word} Lane\n").as_str(),
            ),
            ("organizations.csv", &format!("id,name,description\n{word},Rowan House,\"Find us at 7 {word} Lane, LU2 9ZZ\"\n")),
            (
                "locations.csv",
                &format!("id,name,latitude,longitude,description\n{word},{word} House,51.8811,-0.4177,Behind the chapel\n"),
            ),
            ("service_at_locations.csv", &format!("id,service_id,location_id\n{word},{word},{word}\n")),
            ("addresses.csv", &format!("id,location_id,address_1,city,postal_code\n{word},{word},7 {word} Lane,Luton,LU2 9ZZ\n")),
            ("taxonomy_terms.csv", &format!("id,code,name\n{word},{term}\n")),
            ("attributes.csv", &format!("id,link_id,link_entity,taxonomy_term_id\n{word},{word},service,{word}\n")),
        ])
    };
    let older_tables = zipped([
        ("service.csv", "id,organization_id,name\n1,1,Rowan House\n"),
        ("organization.csv", "id,name\n1,Rowan House\n"),
        ("location.csv", "id,name,latitude,longitude\n1,Bryony House,51.8811,-0.4177\n"),
        ("service_at_location.csv", "id,service_id,location_id\n1,1,1\n"),
        ("physical_address.csv", "id,location_id,address_1,city,postal_code\n1,1,7 Bryony Lane,Luton,LU2 9ZZ\n"),
        ("taxonomy.csv", "id,name,vocabulary\n1,Refuge,esd\n"),
        ("service_taxonomy.csv", "id,service_id,taxonomy_id\n1,1,1\n"),
    ]);
    let calendar = "BEGIN:VCALENDAR\nX-WR-CALNAME:Rowan House Women's Project\nBEGIN:VEVENT\nUID:1@rowan.example.org\nSUMMARY:House supper\nDTSTART:20261205T180000\nDTEND:20261205T200000\n\
        CATEGORIES:Supper,Refuge\nLOCATION:Teasel House\\, 7 Teasel Lane\\, Luton LU2 9ZZ\nGEO:51.8811;-0.4177\nDESCRIPTION:Come to 7 Teasel Lane\\, behind the chapel in LU2 9ZZ.\nRRULE:FREQ=WEEKLY\nEND:VEVENT\n\
        BEGIN:VEVENT\nUID:1@rowan.example.org\nRECURRENCE-ID:20261212T180000\nSUMMARY:House supper\nDTSTART:20261212T180000\nDTEND:20261212T200000\nLOCATION:Teasel Annexe\\, Teasel Lane\\, Luton LU2 9ZZ\nEND:VEVENT\nEND:VCALENDAR\n";
    let words_only = "BEGIN:VCALENDAR\nX-WR-CALNAME:Rowan House Group\nBEGIN:VEVENT\nUID:2@rowan.example.org\nSUMMARY:Open evening\nDTSTART:20261206T180000\nCATEGORIES:Refuge\nDESCRIPTION:Come to 7 Fennel Lane\\, LU2 9ZZ.\nEND:VEVENT\nEND:VCALENDAR\n";
    // One event says that the place is secret, and holds for the other.
    let one_of_two = "BEGIN:VCALENDAR\nX-WR-CALNAME:Rowan House Circle\nBEGIN:VEVENT\nUID:3@rowan.example.org\nSUMMARY:Quiz\nDTSTART:20261206T180000\nLOCATION:Borage House\\, 7 Borage Lane\\, Luton LU2 9ZZ\nEND:VEVENT\n\
        BEGIN:VEVENT\nUID:4@rowan.example.org\nSUMMARY:Supper\nDTSTART:20261207T180000\nCATEGORIES:Refuge\nLOCATION:Borage House\\, 7 Borage Lane\\, Luton LU2 9ZZ\nGEO:51.8811;-0.4177\nEND:VEVENT\nEND:VCALENDAR\n";
    let sheet = "organisation,service,address_1,postcode,latitude,longitude,needs,city\nRowan House,Safe rooms,7 Comfrey Lane,LU2 9ZZ,51.8811,-0.4177,refuge,Luton\n";
    vec![
        // Those whose category nobody has set up yet come first.
        ("a sheet", "Comfrey", sheet.as_bytes().to_vec()),
        ("a calendar", "Teasel", calendar.as_bytes().to_vec()),
        ("a calendar without places", "Fennel", words_only.as_bytes().to_vec()),
        ("a calendar of which one event is secret", "Borage", one_of_two.as_bytes().to_vec()),
        ("a page of today", "Quillon", json!({"total_items": 1, "contents": [today]}).to_string().into_bytes()),
        ("an older page", "Merrow", serde_json::to_vec_pretty(&page).unwrap()),
        ("an older line", "Tansy", older("Tansy").to_string().into_bytes()),
        ("tables", "Sorrel", tables("Sorrel", ",Refuge")),
        ("tables whose term has only a code", "Yarrow", tables("Yarrow", "refuge,Places to stay")),
        ("older tables", "Bryony", older_tables),
    ]
}

#[test]
fn anything_at_all_can_be_read_without_harm_by_every_reader() {
    let files: Vec<Vec<u8>> = vec![
        b"".to_vec(),
        b"\0".to_vec(),
        b"PK\x03\x04".to_vec(),
        b"BEGIN:VCALENDAR".to_vec(),
        b"{\"content\":[{}]}".to_vec(),
        b"{\"contents\":[".to_vec(),
        b"[[[[".to_vec(),
        b"[{},\n{\"id\":1}]".to_vec(),
        std::fs::read("fixtures/as-sent/village-hall.ics").unwrap(),
        std::fs::read("fixtures/as-sent/volunteer-centre.csv").unwrap(),
        zipped([("services.csv", "id\n\"")]),
    ];
    for bytes in &files {
        for format in [Format::Auto, Format::Ndjson, Format::Csv, Format::HsdsTabular, Format::Oruk1, Format::Ical] {
            let _ = fingerpost::importing::read_anything(bytes, format);
        }
    }
}

proptest::proptest! {
    #[test]
    fn a_damaged_file_harms_no_reader(which in 0_usize..3, at in 0_usize..20_000, with in proptest::collection::vec(proptest::arbitrary::any::<u8>(), 0..4)) {
        let mut bytes = match which {
            0 => std::fs::read("fixtures/as-sent/village-hall.ics").unwrap(),
            1 => zipped([("services.csv", "id,name,organization_id\n1,A,1\n"), ("organizations.csv", "id,name\n1,B\n")]),
            _ => serde_json::to_vec_pretty(&json!({"totalElements": 1, "content": [older("Tea")]})).unwrap(),
        };
        let at = at % bytes.len();
        bytes.splice(at..(at + 2).min(bytes.len()), with);
        let _ = fingerpost::importing::read_anything(&bytes, Format::Auto);
    }
}

fn fingerpost(folder: &Path, arguments: &[&str]) -> (i32, String, String) {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_fingerpost"))
        .args(arguments)
        .env_clear()
        .env("FINGERPOST_DATA_DIR", folder.join("data"))
        .current_dir(folder)
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code().unwrap_or(-1), text(&output.stdout), text(&output.stderr))
}

#[test]
fn the_command_takes_every_way_in_and_errors_name_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let fixtures = std::env::current_dir().unwrap().join("fixtures/as-sent");
    let path = |name: &str| fixtures.join(name).to_str().unwrap().to_owned();
    let (code, out, _) = fingerpost(folder.path(), &["import", &path("hsds-package")]);
    assert_eq!(code, 1, "one row has no name: {out}");
    assert!(out.starts_with("7 were created, 0 updated, 0 unchanged, 1 rejected"), "{out}");
    assert!(
        fingerpost(folder.path(), &["import", &path("older-package"), "--format", "hsds-tabular"])
            .1
            .starts_with("2 were created")
    );
    assert!(
        fingerpost(folder.path(), &["import", &path("village-hall.ics"), "--organisation", "Larkspur Hall Trust"])
            .1
            .starts_with("4 were created")
    );
    // A folder of different files: each is read as what it is, and the report says which.
    let mixed = folder.path().join("mixed");
    std::fs::create_dir(&mixed).unwrap();
    std::fs::write(mixed.join("hall.ics"), MEETING).unwrap();
    std::fs::write(
        mixed.join("old.json"),
        serde_json::to_vec_pretty(&json!({"totalElements": 1, "content": [older("Tea")]})).unwrap(),
    )
    .unwrap();
    let (code, out, _) = fingerpost(folder.path(), &["import", "mixed"]);
    assert_eq!(code, 1);
    assert!(
        out.contains("rejected line 1: hall.ics: the calendar (it is called")
            && out.contains("left out of line 3: old.json: content[0].reviews"),
        "{out}"
    );
    std::fs::write(mixed.join("bad.zip"), with_entry("../x.csv")).unwrap();
    let (code, out, _) = fingerpost(folder.path(), &["import", "mixed"]);
    assert!(code == 1 && out.contains("bad.zip") && out.contains("leads outside the zip"), "{out}");
    assert!(out.contains("old.json"), "the others are read all the same: {out}");
}

/// The files of a folder and of those in it, with what is in them. What the database keeps is asked of it.
fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let (folders, files): (Vec<PathBuf>, Vec<PathBuf>) =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).partition(|path| path.is_dir());
    let files = files.into_iter().filter(|path| !path.display().to_string().contains("fingerpost.db"));
    let mut found: Vec<_> = files.map(|path| (path.display().to_string(), std::fs::read(path).unwrap())).collect();
    found.extend(folders.iter().flat_map(|folder| self::files(folder)));
    found.sort();
    found
}

#[test]
fn a_dry_run_makes_nothing_where_nothing_is_and_changes_nothing_where_something_is() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    std::fs::write(folder.path().join("feed.ndjson"), pantry().to_string()).unwrap();
    let (code, out, said) = fingerpost(folder.path(), &["import", "feed.ndjson", "--dry-run"]);
    assert!(code == 0 && out.starts_with("1 would be created") && !data.exists(), "{out}{said}");
    std::fs::create_dir(&data).unwrap();
    assert_eq!(fingerpost(folder.path(), &["import", "feed.ndjson", "--dry-run"]).0, 0);
    assert_eq!(std::fs::read_dir(&data).unwrap().count(), 0, "no database, no keys");
    assert_eq!(fingerpost(folder.path(), &["import", "feed.ndjson"]).0, 0);
    // With something that was taken out for good, and the derived files.
    let place = ["record", "place", &id("centre").to_string(), "--policy", "withheld", "--why", "a threat"];
    assert_eq!(fingerpost(folder.path(), &place).0, 0);
    assert_eq!(fingerpost(folder.path(), &["reindex"]).0, 0);
    let kept = || fingerpost(folder.path(), &["export", "--complete"]).1;
    let before = (files(&data), kept());
    let (_, out, _) = fingerpost(folder.path(), &["import", "feed.ndjson", "--dry-run"]);
    assert!(out.starts_with("0 would be created, 0 updated, 1 unchanged"), "it looks at what is there: {out}");
    assert!((files(&data), kept()) == before, "and leaves it to the last byte");
}

fact! {
    async fn services_within_their_organisation_are_taken_as_if_each_stood_alone(app) {
        let (mut larder, mut group) = (pantry(), pantry()["organization"].clone());
        larder.as_object_mut().unwrap().remove("organization");
        let mut nameless = larder.clone();
        (nameless["id"], nameless["name"]) = (json!(id("nameless")), json!(null));
        group["services"] = json!([larder, nameless]);
        let page = json!({"total_pages": 1, "contents": [group]});
        for (file, place) in [(page.to_string(), "contents[0]: "), (serde_json::to_string_pretty(&page).unwrap(), "contents[0]: "), (group.to_string(), "")] {
            let report = app.import(file).await;
            assert_eq!(report.created + report.unchanged, 2, "the organisation and the larder: {report:?}");
            let reason = &report.rejected[0].reason;
            assert!(reason.starts_with(&format!("{place}services[1]: ")) && reason.contains("name is missing"), "{reason}");
        }
        let whole = app.get(&format!("/services/{}", id("pantry"))).await.json();
        assert_eq!((&whole["organization"]["name"], &whole["phones"][0]["number"]), (&json!("Lark Hill Community Pantry"), &json!("01632 960123")));
        // A summary would replace a better record.
        group["services"] = json!([{"id": id("pantry"), "name": "Meadow larder", "status": "active"}]);
        let report = app.import(group.to_string()).await;
        assert_eq!((report.unchanged, report.rejected_total, &*report.dropped[0].dropped.path), (1, 0, "services"), "{report:?}");
        assert_eq!(app.get(&format!("/services/{}", id("pantry"))).await.json(), whole);
        // What an API gives with full_service is what it takes back.
        let given = app.get("/organizations?full=true&full_service=true").await.text();
        let report = app.import(given).await;
        assert_eq!((report.created, report.updated + report.unchanged, report.rejected_total), (0, 2, 0), "{report:?}");
        assert_eq!(app.get(&format!("/services/{}", id("pantry"))).await.json(), whole);
    }
}

fact! {
    async fn a_file_that_trickles_in_is_known_by_more_than_its_first_byte(app) {
        let sheet = "\u{feff}organisation;service;phone\nGorse Friends;Tea, talk and cake;01632 960731\n";
        for (file, created) in [(sheet.to_owned(), 1), (format!("\u{feff}{}\n", pantry()), 1)] {
            let slow = std::io::BufReader::with_capacity(1, Cursor::new(file.into_bytes()));
            let options = Options { source: "a pipe".to_owned(), ..Options::default() };
            let report = app.app().importer().run(slow, &options, |_| {}).await.unwrap();
            assert_eq!((report.created, report.rejected_total), (created, 0), "{report:?}");
        }
    }
}

fact! {
    async fn a_dry_run_does_not_even_begin_the_epoch_of_a_directory(app) {
        use sea_orm::ConnectionTrait as _;
        let database = app.config.database_url.as_str().to_owned();
        let db = sea_orm::Database::connect(&database).await.unwrap();
        // As a database is that was brought up to date and never used.
        for table in ["head", "own_bucket"] {
            assert!(db.execute_unprepared(&format!("DELETE FROM {table}")).await.unwrap().rows_affected() > 0, "{table}");
        }
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("feed.ndjson"), pantry().to_string()).unwrap();
        let ran = std::process::Command::new(env!("CARGO_BIN_EXE_fingerpost"))
            .args(["import", "feed.ndjson", "--dry-run"])
            .env_clear()
            .env("FINGERPOST_DATA_DIR", folder.path().join("data"))
            .env("FINGERPOST_DATABASE_URL", &database)
            .current_dir(folder.path())
            .output()
            .unwrap();
        assert!(ran.status.success() && ran.stdout.starts_with(b"1 would be created"), "{ran:?}");
        for table in ["head", "own_bucket", "record"] {
            let left = db.execute_unprepared(&format!("DELETE FROM {table}")).await.unwrap().rows_affected();
            assert_eq!(left, 0, "{table}");
        }
        db.close().await.unwrap();
    }
}

#[test]
fn a_dry_run_does_not_bring_a_database_up_to_date() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("data/fingerpost.db");
    std::fs::create_dir(folder.path().join("data")).unwrap();
    std::fs::write(&database, "").unwrap();
    std::fs::write(folder.path().join("feed.ndjson"), pantry().to_string()).unwrap();
    let try_it = || fingerpost(folder.path(), &["import", "feed.ndjson", "--dry-run"]);
    let (code, out, said) = try_it();
    assert!(code == 1 && said.contains("run fingerpost doctor first"), "{out}{said}");
    assert_eq!(std::fs::metadata(&database).unwrap().len(), 0);
    fingerpost(folder.path(), &["doctor"]);
    let (code, out, said) = try_it();
    assert!(code == 0 && out.starts_with("1 would be created"), "{out}{said}");
}

#[test]
fn a_mapping_is_drafted_and_used() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("clubs.csv"), SHEET).unwrap();
    let (code, draft, _) = fingerpost(folder.path(), &["import", "clubs.csv", "--suggest-mapping"]);
    assert_eq!(code, 0);
    assert!(draft.contains("\"What you get\" = \"ignore\"") && draft.contains("# Tea and talk; Walks"), "{draft}");
    assert!(!folder.path().join("data").exists(), "nothing was touched");
    std::fs::write(
        folder.path().join("mapping.toml"),
        draft
            .replace("\"What you get\" = \"ignore\"", "\"What you get\" = \"service\"")
            .replace("\"Name of club\" = \"service\"", "\"Name of club\" = \"organisation\""),
    )
    .unwrap();
    let (code, out, error) = fingerpost(folder.path(), &["import", "clubs.csv", "--mapping", "mapping.toml"]);
    assert_eq!(code, 0, "{out}{error}");
    assert!(out.starts_with("2 were created"), "{out}");
    std::fs::write(folder.path().join("wrong.toml"), "[columns]\n\"Where\" = \"venu\"\n").unwrap();
    let (code, _, error) = fingerpost(folder.path(), &["import", "clubs.csv", "--mapping", "wrong.toml"]);
    assert!(
        code == 2 && error.contains("wrong.toml") && error.contains("columns.\"Where\": \"venu\" is not a column"),
        "{error}"
    );
    assert_eq!(fingerpost(folder.path(), &["import", "clubs.csv", "--suggest-mapping", "--dry-run"]).0, 2);
    assert_eq!(fingerpost(folder.path(), &["import", ".", "--suggest-mapping"]).0, 2);
}

fact! {
    async fn what_a_feed_leaves_unsaid_is_filled_in_aloud(app) {
        let mut unsaid = pantry();
        unsaid.as_object_mut().unwrap().remove("status");
        unsaid["contacts"] = json!([null]);
        unsaid["schedules"] = json!([{"id": id("hours"), "freq": "WEEKLY", "byday": "MO", "opens_at": "10:00+05:00", "closes_at": "12:00Z"}]);
        unsaid["phones"] = json!([{"number": "call us"}, {"number": "01978 265000 ext. 12"}, {"number": "999"}]);
        unsaid["service_at_locations"].as_array_mut().unwrap().push(json!({"id": id("nowhere")}));
        let report = app.import(unsaid.to_string()).await;
        insta::allow_duplicates! { insta::assert_json_snapshot!(said(&report), @r#"
        [
          "left out of line 1: phones[0].number | has no digits, so it is not a phone number",
          "left out of line 1: status | is missing; treated as active",
          "left out of line 1: contacts[0] | is empty; it was left out",
          "left out of line 1: schedules[0].opens_at | \"10:00+05:00\" is in another time zone; treated as 10:00 UK time",
          "left out of line 1: service_at_locations[1] | names no location; it is not shown"
        ]
        "#) };
        let service = app.get(&format!("/services/{}", id("pantry"))).await.json();
        assert_eq!(service["status"], "active");
        let phones: Vec<(&Value, &Value)> = service["phones"].as_array().unwrap().iter().map(|phone| (&phone["number"], &phone["extension"])).collect();
        assert_eq!(phones, [(&json!("01978 265000"), &json!(12)), (&json!("999"), &Value::Null)]);
        // Whoever waits for an organization is named by every door, unless the file brings it later.
        let orphan = json!({"kind": "service", "document": {"id": id("orphan"), "name": "Orphan", "status": "active", "organization_id": id("nobody")}});
        let report = app.import(orphan.to_string()).await;
        assert_eq!(said(&report), [format!("left out of line 1: organization_id | organization {} is not here: the record is hidden until it is", id("nobody"))]);
        let organization = json!({"kind": "organization", "document": {"id": id("nobody"), "name": "Somebody", "description": "After all."}});
        let report = app.import(format!("{orphan}\n{organization}\n")).await;
        assert_eq!(said(&report), [""; 0]);
        let child = json!({"kind": "organization", "document": {"id": id("child"), "name": "Child", "description": "d", "parent_organization_id": id("no parent")}});
        let report = app.import(child.to_string()).await;
        assert_eq!(said(&report), [format!("left out of line 1: parent_organization_id | organization {} is not here: it is not shown until it is", id("no parent"))]);
    }
}

fact! {
    async fn programs_of_a_package_belong_to_their_organization_and_its_services(app) {
        let zip = zipped([
            ("organizations.csv", "id,name,description\no1,Hall Trust,We keep the hall.\n"),
            ("services.csv", "id,organization_id,program_id,name,status\ns1,o1,p1,Lunch,active\n"),
            ("programs.csv", "id,organization_id,name,description\np1,o1,Warm hub,Warm rooms\np2,,Nobody's,Of nobody\n"),
        ]);
        let report = app.import(zip).await;
        assert_eq!(said(&report), ["left out of line 3: programs.csv | does not name what it belongs to (organization_id)"]);
        let service = app.get("/services?full=true").await.json()["contents"][0].clone();
        let program = service["organization"]["programs"][0].clone();
        assert_eq!((&program["name"], &program["id"]), (&json!("Warm hub"), &service["program_id"]));
        assert_eq!(service["program"]["name"], "Warm hub");
    }
}

fact! {
    async fn an_older_feed_out_of_a_web_site_becomes_plain_text(app) {
        let older = json!({"id": "7", "name": "Help", "description": "<p>Cost of <b>living</b> help &amp; advice</p>", "status": "active",
            "organization": {"id": "o", "name": "Hall", "description": "Ages < 5"}, "reviews": []});
        let report = app.import(older.to_string()).await;
        assert_eq!(said(&report), [
            "left out of line 1: description | was HTML; its text is kept without the tags",
        ]);
        let service = app.get("/services?full=true").await.json()["contents"][0].clone();
        assert_eq!((&service["description"], &service["organization"]["description"]), (&json!("Cost of living help & advice"), &json!("Ages < 5")));
    }
}

fact! {
    async fn a_file_with_nothing_in_it_or_in_another_encoding_says_so_once(app) {
        let sheet: Vec<u8> = "organisation,service\nA,B\nC,D\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let wide: Vec<u8> = "organisation,service\nA,B\n".chars().flat_map(|c| u32::from(c).to_le_bytes()).collect();
        let noise: Vec<u8> = (0..2_000_u32).map(|at| u8::try_from(at.wrapping_mul(2_654_435_761) >> 24).unwrap()).collect();
        for (file, reason) in [
            (Vec::new(), "the file is empty: there is nothing to import"),
            (sheet, "the file is in UTF-16 (Excel calls it “Unicode Text”): save it as UTF-8 (in Excel, “CSV UTF-8”)"),
            (wide, "the file is in UTF-32, which few programs read: save it as UTF-8"),
            (noise, "the file holds no text (it may be a picture, a program, or damaged): send NDJSON, CSV, a zip of tables, or a calendar (.ics)"),
            (b"\x1F\x8B\x08\0\0\0".to_vec(), "the file is compressed: unpack it first, then import what is in it"),
            (b"<!DOCTYPE html>\n<title>Sign in</title>".to_vec(), "the file is a web page, not data: perhaps its address needs a sign-in, or only tells about the feed; ask for the feed’s own"),
        ] {
            assert_eq!(said(&app.import(file).await), [format!("rejected line 0: {reason}")]);
        }
        let mut workbook = ZipWriter::new(Cursor::new(Vec::new()));
        workbook.start_file("xl/workbook.xml", SimpleFileOptions::default()).unwrap();
        let workbook = workbook.finish().unwrap().into_inner();
        assert!(refused(&app, workbook).await.contains("this is an Excel workbook (.xlsx): open it, save each sheet as “CSV UTF-8”"));
    }
}

fact! {
    async fn half_a_character_is_told_in_words_that_say_what_to_do(app) {
        let half = pantry().to_string().replace("Meadow larder", "Meadow \\ud83d larder");
        let report = app.import(half).await;
        let reason = &report.rejected[0].reason;
        assert!(reason.starts_with("not valid JSON: \\ud83d is one half of a character, and means nothing without the other; "), "{reason}");
        assert!(reason.contains("write it whole, or take it out (at character "), "{reason}");
    }
}

fact! {
    async fn ages_of_an_older_feed_that_are_not_taken_are_named(app) {
        let mut older = older("Tea");
        older["eligibilitys"] = json!([{"id": "e", "eligibility": "Anyone", "minimum_age": "18", "maximum_age": "0"}, {"id": "f", "minimum_age": "over 55"}]);
        let report = app.import(older.to_string()).await;
        let ages: Vec<String> = said(&report).into_iter().filter(|line| line.contains("_age")).collect();
        assert_eq!(ages, [
            "left out of line 1: eligibilitys[0].maximum_age | is 0, which older feeds write where there is no oldest age; none was imported",
            "left out of line 1: eligibilitys[1].minimum_age | \"over 55\" is not an age in years, so it was not imported",
        ]);
        assert_eq!(app.get("/services?full=true").await.json()["contents"][0]["minimum_age"], 18);
    }
}

fact! {
    async fn what_a_package_holds_besides_its_tables_is_named(app) {
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, content) in [
            ("services.csv", "id,organization_id,name,status,,email,email\n1,1,Lunch,active,see notes,a@elm.example.org,b@elm.example.org\n"),
            ("organizations.csv", "id,name,description\n1,Elm,A group.\n"),
            ("more/phones.csv", "id,service_id,number\n1,1,01632 960123\n"),
            ("schedules.tsv", "id\tservice_id\n1\t1\n"),
            ("readme.txt", "Ask us."),
        ] {
            zip.start_file(name, SimpleFileOptions::default()).unwrap();
            zip.write_all(content.as_bytes()).unwrap();
        }
        let report = app.import(zip.finish().unwrap().into_inner()).await;
        assert_eq!((report.created, said(&report)), (1, vec![
            "left out of line 0: more/phones.csv | lies in another folder than the services, so it was not imported".to_owned(),
            "left out of line 1: services.csv | has two columns headed \"email\"; where both are filled in, the last one counts".to_owned(),
            "left out of line 2: services.csv | the cell \"see notes\" stands under no heading, so it was not imported".to_owned(),
            "left out of line 0: schedules.tsv | is not CSV, so it was not imported: save it as “CSV UTF-8”".to_owned(),
        ]));
    }
}

fact! {
    async fn one_page_of_many_and_an_empty_one_say_so(app) {
        let page = json!({"total_items": 120, "total_pages": 3, "page_number": 1, "contents": [pantry()]});
        let older = json!({"totalElements": 0, "totalPages": "0", "content": []});
        for page in [page.to_string(), serde_json::to_string_pretty(&page).unwrap()] {
            assert_eq!(said(&app.import(page).await), ["left out of line 1: contents | this is one page of 3; only what is on it was imported"]);
        }
        for page in [older.to_string(), serde_json::to_string_pretty(&older).unwrap()] {
            assert_eq!(said(&app.import(page).await), [
                "rejected line 1: the file has no record in it: there is nothing to import",
                "left out of line 1: content | the list is empty: there is nothing in it to import",
            ]);
        }
    }
}

fact! {
    async fn terms_and_words_of_an_older_feed_in_another_shape_are_not_lost(app) {
        let mut older = older("Tea");
        older["service_taxonomys"] = json!(["esd:1", {"id": "t1"}]);
        older["eligibilitys"] = json!(["Over 60s"]);
        let report = app.import(older.to_string()).await;
        let terms: Vec<String> = said(&report).into_iter().filter(|line| line.contains("attributes")).collect();
        assert_eq!(terms, [
            "left out of line 1: attributes | \"esd:1\" names no term, so it was not imported",
            "left out of line 1: attributes | {\"id\":\"t1\"} names no term, so it was not imported",
        ]);
        assert_eq!(app.get("/services?full=true").await.json()["contents"][0]["eligibility_description"], "Over 60s");
    }
}

fact! {
    async fn what_a_calendar_says_and_a_directory_cannot_is_named(app) {
        let calendar = "BEGIN:VCALENDAR\nX-WR-CALNAME:Larkspur Hall\nBEGIN:VEVENT\nUID:1\nSUMMARY:Tea\nDTSTART:20261205T100000\nSTATUS:TENTATIVE\n\
            LOCATION:https://meet.example.org/hall\nCONFERENCE:tel:+441632960123\nX-GOOGLE-CONFERENCE:https://meet.example.org/tea\nEND:VEVENT\nEND:VCALENDAR\n";
        let report = app.import(calendar).await;
        assert_eq!((report.created, said(&report)), (1, vec![
            "left out of line 3: CONFERENCE | \"tel:+441632960123\" is not a web address, so nobody is told to join there".to_owned(),
            "left out of line 3: LOCATION | there is another address to join at; \"https://meet.example.org/hall\" was not imported".to_owned(),
            "left out of line 3: STATUS | is tentative, which a directory cannot say; the event is shown as taking place".to_owned(),
        ]));
        assert_eq!(app.get("/events?full=true").await.json()["contents"][0]["online_url"], "https://meet.example.org/tea");
    }
}

fact! {
    async fn of_two_versions_of_an_event_in_one_calendar_the_later_one_is_imported(app) {
        let event = |sequence: u32, name: &str| {
            format!("BEGIN:VEVENT\nUID:1\nSEQUENCE:{sequence}\nSUMMARY:{name}\nDTSTART:20261205T100000\nEND:VEVENT\n")
        };
        let calendar = format!("BEGIN:VCALENDAR\nX-WR-CALNAME:Larkspur Hall\n{}{}END:VCALENDAR\n", event(2, "High tea"), event(1, "Tea"));
        let report = app.import(calendar).await;
        assert_eq!((report.created, said(&report)), (1, vec!["left out of line 9: SEQUENCE | a later version of the event is in the file".to_owned()]));
        assert_eq!(app.names("/events").await, ["High tea"]);
    }
}

fact! {
    async fn two_different_parts_with_one_id_are_not_one_without_a_word(app) {
        let mut service = pantry();
        let phone = |number: &str| json!({"id": id("pantry phone"), "number": number});
        service["phones"] = json!([phone("01632 960123"), phone("01632 960124"), phone("01632 960123")]);
        let report = app.import(service.to_string()).await;
        assert_eq!(said(&report), ["left out of line 1: phones[1] | has the same id as an earlier one in its list; the first is used"]);
        assert_eq!(app.get(&format!("/services/{}", id("pantry"))).await.json()["phones"].as_array().unwrap().len(), 1);
    }
}
