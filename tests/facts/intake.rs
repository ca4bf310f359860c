//! More ways in: tables, older services, pages, calendars, spreadsheets with a mapping.

mod calendars;
mod commands;
mod tables;

use std::{
    io::{Cursor, Write as _},
    path::PathBuf,
};

use fingerpost::importing::{Format, Mapping, Options, Report};
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

/// A zip with one entry whose name nobody has checked.
fn with_entry(name: &str) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    zip.start_file("services.csv", SimpleFileOptions::default()).unwrap();
    zip.write_all(b"id,name,organization_id\n1,A,1\n").unwrap();
    zip.start_file(name, SimpleFileOptions::default()).unwrap();
    zip.write_all(b"id,name\n1,B\n").unwrap();
    zip.finish().unwrap().into_inner()
}

#[cfg(unix)]
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

const MEETING: &str = "BEGIN:VCALENDAR\nX-WR-CALNAME:Sheila Hopcroft\nBEGIN:VEVENT\nUID:1\nSUMMARY:Tea\nDTSTART:20261205T100000\nEND:VEVENT\nEND:VCALENDAR\n";

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
    async fn two_different_parts_with_one_id_are_not_one_without_a_word(app) {
        let mut service = pantry();
        let phone = |number: &str| json!({"id": id("pantry phone"), "number": number});
        service["phones"] = json!([phone("01632 960123"), phone("01632 960124"), phone("01632 960123")]);
        let report = app.import(service.to_string()).await;
        assert_eq!(said(&report), ["left out of line 1: phones[1] | has the same id as an earlier one in its list; the first is used"]);
        assert_eq!(app.get(&format!("/services/{}", id("pantry"))).await.json()["phones"].as_array().unwrap().len(), 1);
    }
}
