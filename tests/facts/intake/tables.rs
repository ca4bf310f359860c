//! Packages of tables, as folders and as zips.

use std::{
    io::{Cursor, Write as _},
    time::{Duration, Instant},
};

use fingerpost::{importing::Options, model::Kind};
use serde_json::{Value, json};
use zip::{ZipWriter, write::SimpleFileOptions};

use super::{import_folder, refused, said, with_entry, zipped};
use crate::support::{TestApp, fact};

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
