//! Files as people send them: what would send somebody to a locked door, or to a number that rings nowhere, is read
//! rightly or kept in words, and never silently turned into something else.

use fingerpost::{
    ids,
    importing::{Format, Options, Report, suggest_mapping},
    model::{Document, Kind, text::fold},
    records::{Caller, Draft, Entrance, LastModified},
};
use serde_json::{Value, json};

use super::{
    id,
    intake::zipped,
    listings, pantry,
    sheets::{hours, service, told},
};
use crate::support::{TestApp, fact};

fact! {
    async fn a_day_that_is_said_to_be_closed_is_not_among_the_open_ones(app) {
        let sheet = "organisation,service,opening hours\n\
            Elm,Desk,\"Mon-Sat 9am-5pm, closed Thursdays\"\n\
            Elm,Bank,\"Mon-Fri 9am-5pm, Wed closed\"\n\
            Elm,Shop,Mon-Fri 9am-5pm (closed Wednesdays)\n\
            Elm,Cafe,Mon-Sun 10am-4pm. Closed Tuesday\n\
            Elm,Yard,\"Mon-Fri 9am-5pm, closed weekends\"\n\
            Elm,Shed,9am-5pm closed\n";
        let report = app.import(sheet).await;
        for (name, days) in [("Desk", "MO,TU,WE,FR,SA"), ("Bank", "MO,TU,TH,FR"), ("Shop", "MO,TU,TH,FR"), ("Cafe", "MO,WE,TH,FR,SA,SU"), ("Yard", "MO,TU,WE,TH,FR")] {
            assert_eq!(hours(&app, name).await[0][0], days, "{name}");
        }
        assert_eq!(hours(&app, "Shed").await, [json!([null, null, null, "9am-5pm closed"])]);
        let told = told(&report);
        assert!(told.len() == 1 && told[0].starts_with("7: opening_hours | \"9am-5pm closed\" could not be read"), "{told:?}");
    }
}

fact! {
    async fn around_the_clock_is_on_every_day_unless_days_are_said(app) {
        let sheet = "organisation,service,days,opening hours\nElm,Line,,24 hours\nElm,Desk,Mon-Fri,24 hours\nElm,Club,term time,24 hours\n";
        app.import(sheet).await;
        assert_eq!(hours(&app, "Line").await, [json!(["MO,TU,WE,TH,FR,SA,SU", "00:00", "23:59", null])]);
        assert_eq!(hours(&app, "Desk").await, [json!(["MO,TU,WE,TH,FR", "00:00", "23:59", null])]);
        assert_eq!(hours(&app, "Club").await, [json!([null, "00:00", "23:59", "term time"])]);
    }
}

fact! {
    async fn only_a_status_that_says_so_makes_a_service_active(app) {
        let said = [
            ("Active", "active"), ("open", "active"), ("Y", "active"), ("", "active"),
            ("Closed permanently", "defunct"), ("No longer running", "defunct"), ("Ceased", "defunct"), ("Cancelled", "defunct"), ("Archived", "defunct"),
            ("Suspended", "temporarily closed"), ("On hold until May", "temporarily closed"),
            ("not active", "inactive"), ("Draft", "inactive"), ("N", "inactive"), ("Gone to Dunstable", "inactive"),
        ];
        let rows: Vec<String> = said.iter().enumerate().map(|(at, (word, _))| format!("Elm,Group number {at},{word}\n")).collect();
        let report = app.import(format!("organisation,service,status\n{}", rows.concat())).await;
        assert_eq!((report.created, report.rejected_total), (15, 0), "{report:?}");
        let all = app.get("/services?full=true&per_page=100").await.json()["contents"].clone();
        for (at, (word, status)) in said.iter().enumerate() {
            let name = format!("Group number {at}");
            let found = all.as_array().unwrap().iter().find(|one| one["name"] == name.as_str()).unwrap();
            assert_eq!(found["status"], *status, "{word}");
        }
        let told = told(&report);
        for expected in [
            "6: status | \"Closed permanently\" is taken as defunct",
            "15: status | \"N\" is taken as inactive",
            "16: status | \"Gone to Dunstable\" is not a known status; the service is treated as inactive",
        ] {
            assert!(told.iter().any(|line| line == expected), "{expected}: {told:?}");
        }
    }
}

/// Where a service is, by the name and the id of its place.
async fn place(app: &TestApp, name: &str) -> (Value, Value) {
    let place = service(app, name).await["service_at_locations"][0]["location"].clone();
    (place["name"].clone(), place["id"].clone())
}

fact! {
    async fn two_venues_of_one_name_without_a_postcode_are_two_places(app) {
        let heading = "organisation,service,venue,town,postcode\n";
        let (luton, dunstable) = ("PA,p1,St Mary's Church,Luton,\n", "PA,p2,St Mary's Church,Dunstable,\n");
        let (first, second) = ("PA,p3,Elm Hall,,LU1 somewhere\n", "PA,p4,Elm Hall,,LU2 somewhere\n");
        app.import(format!("{heading}{luton}{dunstable}{first}{second}")).await;
        let mut places = Vec::new();
        for name in ["p1", "p2", "p3", "p4"] {
            places.push(place(&app, name).await);
        }
        let names: Vec<&Value> = places.iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["St Mary's Church, Luton", "St Mary's Church, Dunstable", "Elm Hall, LU1 somewhere", "Elm Hall, LU2 somewhere"]);
        // The id that such a place has always had, and the same in every order of the rows and in sheets of their own.
        let key = format!("sheet\n{}\n\n{}", fold("St Mary's Church"), fold("PA"));
        assert_eq!(places[0].1, ids::from_source("", "location", &key).to_string());
        for again in [format!("{heading}{second}{first}{dunstable}{luton}"), format!("{heading}{dunstable}")] {
            let report = app.import(again).await;
            assert_eq!((report.created, report.updated), (0, 0), "{report:?}");
            assert_eq!(report.records.values().map(|counts| counts.created + counts.updated).sum::<u64>(), 0, "{report:?}");
        }
        app.import(format!("{heading}PA,p5,St Mary's Church,Flitwick,\nPA,p6,St Mary's Church,Luton,\n")).await;
        assert_eq!(place(&app, "p5").await.0, "St Mary's Church, Flitwick");
        assert_eq!(place(&app, "p6").await, places[0]);
        assert_eq!(place(&app, "p1").await, places[0]);
    }
}

fact! {
    async fn what_stands_beside_a_number_is_never_a_digit_of_it(app) {
        let sheet = "organisation,service,Tel No.\n\
            Elm,Desk,01632 960123 9am-5pm\n\
            Elm,Line,01632 960123 (24 hours)\n\
            Elm,Help,020 7946 0123 7 days a week\n\
            Elm,Mill,Tel 01632 960123 Fax 01632 960124\n\
            Elm,Barn,01632 960115 / 116\n";
        let report = app.import(sheet).await;
        let mut found = Vec::new();
        for name in ["Desk", "Line", "Help", "Mill", "Barn"] {
            for phone in service(&app, name).await["phones"].as_array().unwrap() {
                found.push(json!([name, phone["number"], phone["extension"], phone["description"], phone["type"]]));
            }
        }
        assert_eq!(found, [
            json!(["Desk", "01632 960123", null, "9am-5pm", null]),
            json!(["Line", "01632 960123", null, "24 hours", null]),
            json!(["Help", "020 7946 0123", null, "7 days a week", null]),
            json!(["Mill", "01632 960123", null, "Tel", null]),
            json!(["Mill", "01632 960124", null, "Fax", "fax"]),
            json!(["Barn", "01632 960115", null, null, null]),
        ]);
        assert_eq!(told(&report), ["6: phone | \"116\" is not a phone number"]);
    }
}

fact! {
    async fn lines_that_were_cut_short_at_the_top_do_not_take_the_rest_with_them(app) {
        let good: Vec<String> = (0..5)
            .map(|number| {
                let mut one = pantry();
                (one["id"], one["name"]) = (json!(id(&format!("good {number}"))), json!(format!("Good {number}")));
                (one["phones"], one["contacts"], one["schedules"], one["service_at_locations"], one["attributes"]) = (json!([]), json!([]), json!([]), json!([]), json!([]));
                one.to_string()
            })
            .collect();
        let file = format!("{{\"id\":\"t1\",\"name\":\n{{\"id\":\"t2\",\"name\":\n{}\n", good.join("\n"));
        for (format, created, unchanged) in [(Format::Auto, 5, 0), (Format::Ndjson, 0, 5)] {
            let options = Options { source: "a test".to_owned(), format, ..Options::default() };
            let report = app.import_with(file.clone(), &options).await;
            let lines: Vec<u64> = report.rejected.iter().map(|rejected| rejected.line).collect();
            assert_eq!((report.created, report.unchanged, lines), (created, unchanged, vec![1, 2]), "{report:?}");
        }
        // Where no line is whole, one that was asked for as lines is told line by line, and a document once.
        let broken = "{\"id\": \"t1\",\n \"name\": \"Tea\",\n \"status\":\n";
        assert_eq!(app.import(broken).await.rejected_total, 1);
        let options = Options { source: "a test".to_owned(), format: Format::Ndjson, ..Options::default() };
        assert_eq!(app.import_with(broken, &options).await.rejected_total, 3);
        let page = serde_json::to_string_pretty(&json!({"contents": [pantry()]})).unwrap();
        assert_eq!(app.import_with(page, &options).await.created, 1, "a whole page is still one");
    }
}

fact! {
    async fn a_file_without_records_is_refused_whatever_it_is(app) {
        for empty in ["{\"contents\":[]}", "{\"contents\":[]}\n{\"contents\":[]}\n", "[\n]", " \n \n"] {
            let report = app.import(empty).await;
            assert_eq!(report.rejected_total, 1, "{empty}: {report:?}");
            assert_eq!(report.rejected[0].reason, "the file has no record in it: there is nothing to import", "{empty}");
        }
        let pages = format!("{}\n{{\"contents\":[]}}\n", json!({"contents": [pantry()]}));
        let report = app.import(pages).await;
        assert_eq!((report.created, report.rejected_total), (1, 0), "the last of many pages may be empty: {report:?}");
    }
}

fact! {
    async fn html_in_tables_becomes_its_text(app) {
        let tables = zipped([
            ("services.csv", "id,organization_id,name,description,status\n1,1,Lunch,<p>Soup &amp; <b>bread</b></p>,active\n"),
            ("organizations.csv", "id,name,description\n1,Elm,<p>A group.</p>\n"),
        ]);
        let report = app.import(tables).await;
        let lunch = service(&app, "Lunch").await;
        assert_eq!((&lunch["description"], &lunch["organization"]["description"]), (&json!("Soup & bread"), &json!("A group.")));
        let told = told(&report);
        assert!(told.contains(&"2: description | was HTML; its text is kept without the tags".to_owned()), "{told:?}");
    }
}

fact! {
    async fn daily_is_every_day_from_wherever_it_comes(app) {
        let mut line = pantry();
        line["schedules"] = json!([{"freq": "DAILY", "opens_at": "10:00", "closes_at": "13:00"}]);
        let report = app.import(line.to_string()).await;
        assert_eq!(hours(&app, "Meadow larder").await[0][0], "MO,TU,WE,TH,FR,SA,SU");
        assert_eq!(service(&app, "Meadow larder").await["schedules"][0]["freq"], "WEEKLY");
        assert_eq!(told(&report), ["1: schedules[0].freq | \"DAILY\" is taken as WEEKLY, on every day named"]);
    }
}

fact! {
    async fn what_a_line_names_and_nobody_has_is_told(app) {
        let mut line = pantry();
        line["service_at_locations"][0] = json!({"id": id("pantry at nowhere"), "location_id": id("nowhere")});
        line["attributes"][0] = json!({"id": id("no need"), "link_entity": "service", "taxonomy_term_id": id("no term")});
        let report = app.import(line.to_string()).await;
        assert_eq!(told(&report), [
            format!("1: service_at_locations[0].location_id | location {} is not here: it is not shown until it is", id("nowhere")),
            format!("1: attributes[0].taxonomy_term_id | taxonomy_term {} is not here: it is not shown until it is", id("no term")),
        ]);
        assert_eq!(told(&app.import(pantry().to_string()).await), [""; 0]);
    }
}

fact! {
    async fn a_sheet_may_name_its_separator_first(app) {
        let report = app.import("sep=;\r\norganisation;service;description\r\nElm;Tea;Hot, and cold\r\nElm;;x\r\n").await;
        assert_eq!((report.created, report.rejected[0].line), (1, 4), "{report:?}");
        assert_eq!(service(&app, "Tea").await["description"], "Hot, and cold");
    }
}

fact! {
    async fn a_saved_page_is_taken_whatever_it_calls_its_list(app) {
        app.import(pantry().to_string()).await;
        for name in ["services", "data", "results", "items", "records"] {
            let page = json!({"meta": {"total": 1}, "next": null, (name): [pantry()]});
            for page in [page.to_string(), serde_json::to_string_pretty(&page).unwrap()] {
                let report = app.import(page).await;
                assert_eq!((report.unchanged, report.rejected_total, told(&report)), (1, 0, Vec::new()), "{name}");
            }
        }
        let of_two = json!({"services": [pantry()], "venues": [{"id": "1"}]});
        for of_two in [of_two.to_string(), serde_json::to_string_pretty(&of_two).unwrap()] {
            let report = app.import(of_two).await;
            assert_eq!(told(&report), ["1: venues | is a list beside \"services\", so it was not imported: send it as a file of its own"]);
        }
        let long = json!({"services": [pantry()], ("v".repeat(100_000)): [{"id": "1"}]});
        assert!(told(&app.import(long.to_string()).await)[0].len() < 200, "the report stays one that people can read");
        // An organisation has services too, and is a record for all that.
        let group = json!({"id": id("elm"), "name": "Elm", "description": "A group.", "services": [{"id": id("tea"), "name": "Tea", "status": "active", "phones": []}]});
        let report = app.import(serde_json::to_string_pretty(&group).unwrap()).await;
        assert_eq!((report.created, report.rejected_total), (2, 0), "{report:?}");
    }
}

fact! {
    async fn records_over_several_lines_are_taken_one_after_the_other(app) {
        let mut other: Value = serde_json::from_str(&listings(&["Other larder"])).unwrap();
        let mut bad = pantry();
        (other["phones"], bad["name"]) = (json!([]), json!(null));
        let pretty = |value: &Value| serde_json::to_string_pretty(value).unwrap();
        let (first, second) = (pretty(&pantry()), pretty(&bad));
        let report = app.import(format!("{first}\n{second}\n{}\n", pretty(&json!({"contents": [other]})))).await;
        assert_eq!((report.created, report.rejected_total), (2, 1), "{report:?}");
        assert_eq!(report.rejected[0].line, first.lines().count() as u64 + 1, "the line on which it begins");
        let report = app.import(format!("{first}\n{{\n\"id\": }}\n")).await;
        let reason = &report.rejected[0].reason;
        assert!(report.rejected_total == 1 && reason.starts_with("not valid JSON: expected value"), "{reason}");
    }
}

fact! {
    async fn a_carriage_return_alone_ends_a_line_of_json_and_of_a_sheet(app) {
        let report = app.import(format!("{}\r{{\"id\": }}\r{}\r", pantry(), listings(&["Tea"]))).await;
        assert_eq!((report.created, report.rejected_total, report.rejected[0].line), (2, 1, 2), "{report:?}");
        let pretty = serde_json::to_string_pretty(&pantry()).unwrap().replace('\n', "\r");
        assert_eq!(app.import(pretty).await.unchanged, 1);
        let report = app.import("organisation,service\rElm,Soup\rElm,\r").await;
        assert_eq!((report.created, report.rejected[0].line), (1, 3), "{report:?}");
    }
}

fact! {
    async fn json_that_holds_no_records_says_once_what_it_is(app) {
        let map = json!({"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {"name": "Elm"}, "geometry": null}]});
        let root = json!({"version": "HSDS-UK-3.0", "profile": "https://profile.example.org", "openapi_url": "https://elm.example.org/openapi.json"});
        let deep = json!({"meta": {}, "directory": {"services": [pantry()]}});
        for (file, expected) in [
            (map, "this is GeoJSON: "),
            (root, "this tells about an API and holds no data: "),
            (deep, "this is no record: it has neither id nor name. If the records stand within \"directory\" or \"meta\", send that list alone, "),
        ] {
            for file in [file.to_string(), serde_json::to_string_pretty(&file).unwrap()] {
                let report = app.import(file).await;
                let (line, reason) = (report.rejected[0].line, &report.rejected[0].reason);
                assert!((report.rejected_total, line) == (1, 1) && reason.starts_with(expected), "{report:?}");
            }
        }
    }
}

fact! {
    async fn a_mobile_number_in_a_sentence_is_told_unless_it_is_the_groups_own_or_erased(app) {
        let mut listed = pantry();
        listed["description"] = json!("Food for all. Text Sheila on 07700 900461 before you come.");
        listed["alert"] = json!("Closed in August; write to sheila.hopcroft@gmail.com");
        listed["organization"]["description"] = json!("Ring Sheila, +44 7700 900 461.");
        let second = listed.to_string().replace(&id("pantry").to_string(), &id("another").to_string());
        let of = |report: &Report| {
            let told = report.in_words.iter().map(|one| (one.line, one.words.name.clone(), one.words.path.clone(), one.words.reason));
            (told.collect::<Vec<_>>(), report.in_words_total)
        };
        let (group, name) = ("Lark Hill Community Pantry".to_owned(), "Meadow larder".to_owned());
        let expected = vec![
            (1, group.clone(), "description".to_owned(), "a mobile number"),
            (1, name.clone(), "alert".to_owned(), "an email address that looks personal"),
            (1, name, "description".to_owned(), "a mobile number"),
        ];
        let file = listed.to_string();
        let dry = Options { dry_run: true, source: "a test".to_owned(), ..Options::default() };
        assert_eq!(of(&app.import_with(file.clone(), &dry).await), (expected.clone(), 3));
        assert_eq!(of(&app.import(file.clone()).await), (expected, 3));
        // A copy of the same organisation is not told again.
        assert!(of(&app.import(format!("{file}\n{second}")).await).0.iter().filter(|(_, told, ..)| *told == group).count() == 1);
        let tx = app.app().db.write().await.unwrap();
        let records = &app.app().records;
        records.erase_words(&tx, &TestApp::person("asked"), id("marsh farm"), "07700 900461").await.unwrap();
        tx.commit().await.unwrap();
        app.follow().await;
        listed["alert"] = Value::Null;
        listed["phones"] = json!([{"id": id("pantry phone"), "number": "07700900461"}]);
        assert_eq!(of(&app.import(listed.to_string()).await), (Vec::new(), 0));
    }
}

fact! {
    async fn what_looks_like_a_persons_is_told_under_the_id_that_its_record_has_here(app) {
        let mut listed = pantry();
        // The organisation has that id first.
        listed["id"] = json!(id("marsh farm"));
        listed["description"] = json!("Text Sheila on 07700 900461.");
        listed["contacts"] = json!([{"id": id("sheila"), "name": "Sheila Hopcroft", "phones": [{"id": id("her mobile"), "number": "07700 900462"}]}]);
        let report = app.import(listed.to_string()).await;
        let here = app.ids("/services").await;
        assert_ne!(here, [id("marsh farm").to_string()]);
        let words: Vec<String> = report.in_words.iter().map(|one| one.words.record.to_string()).collect();
        let waiting: Vec<String> = report.personal.iter().map(|one| one.personal.record.to_string()).collect();
        assert_eq!((&words, &waiting), (&here, &here), "{report:?}");
    }
}

fact! {
    async fn cells_may_be_separated_by_strokes_and_tabs_below_a_title(app) {
        for (separator, name) in [("|", "Tea"), ("\t", "Soup"), (";", "Choir")] {
            let rows = [["organisation", "service", "description"], ["Elm, the group", name, "Hot, cold, and, iced"]];
            let sheet = rows.map(|cells| cells.join(separator)).join("\n");
            let report = app.import(format!("Our groups\n{sheet}\n")).await;
            assert_eq!((report.created, report.rejected_total), (1, 0), "{separator:?}: {report:?}");
            let listed = service(&app, name).await;
            assert_eq!((&listed["description"], &listed["organization"]["name"]), (&json!("Hot, cold, and, iced"), &json!("Elm, the group")));
        }
    }
}

#[test]
fn a_draft_of_a_mapping_is_refused_for_what_is_no_sheet() {
    let wide: Vec<u8> = "Group,Activity\nElm,Tea\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    for (file, reason) in [
        (b"BEGIN:VCALENDAR\nEND:VCALENDAR\n".to_vec(), "this is a calendar"),
        (zipped([("services.csv", "id,name\n")]), "this is a zip"),
        (pantry().to_string().into_bytes(), "this is JSON"),
        (wide, "the file is in UTF-16"),
    ] {
        let error = suggest_mapping(file.as_slice(), "x").unwrap_err().to_string();
        assert!(error.contains(reason), "{error}");
    }
    assert!(suggest_mapping(&b"[Group],Activity\nElm,Tea\n"[..], "x").is_ok());
}

#[test]
fn a_file_that_is_refused_is_in_the_report() {
    let folder = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| {
        let program = env!("CARGO_BIN_EXE_fingerpost");
        let output = std::process::Command::new(program)
            .args(arguments)
            .env_clear()
            .env("FINGERPOST_DATA_DIR", folder.path())
            .current_dir(folder.path())
            .output()
            .unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap())
    };
    let mut twice = zipped([("service1.csv", "id,name\n1,A\n"), ("service2.csv", "id,name\n1,A\n")]);
    for at in 0..twice.len() - 12 {
        if &twice[at..at + 12] == b"service2.csv" {
            twice[at + 7] = b'1';
        }
    }
    std::fs::write(folder.path().join("twice.zip"), twice).unwrap();
    std::fs::write(folder.path().join("broken.zip"), b"PK\x03\x04 and nothing more").unwrap();
    for (file, reason) in [("twice.zip", "two of its files have the same name"), ("broken.zip", "cannot read the zip")] {
        let (code, out, error) = run(&["import", file, "--json", "--dry-run"]);
        let report: Value = serde_json::from_str(&out).unwrap_or_else(|_| panic!("{out}{error}"));
        assert_eq!((code, &report["rejected_total"], &report["rejected"][0]["line"]), (Some(1), &json!(1), &json!(0)), "{out}");
        assert_eq!(report["dry_run"], true, "{out}");
        assert!(report["rejected"][0]["reason"].as_str().unwrap().contains(reason), "{out}");
    }
    assert!(run(&["import", "broken.zip", "--dry-run"]).1.contains("0 would be created, 0 updated, 0 unchanged, 1 rejected"));
}

fact! {
    async fn what_people_decided_about_a_place_without_a_postcode_outlives_the_next_import(app) {
        let sheet = "organisation,service,address_1,town\nElm,Drop-in,12 Rose Street,Luton\n";
        app.import(sheet).await;
        let place = async || app.app().records.by_kind(Kind::Location, None, 9).await.unwrap();
        let stored = place().await.remove(0);
        let Document::Location(mut document) = stored.read().unwrap() else { panic!("a place") };
        document.name = Some("The garden room".to_owned());
        let draft = Draft::new(Document::Location(document));
        let caller = Caller { name: "person:an officer".to_owned(), why: "they asked for it".to_owned(), entrance: Entrance::Person };
        app.app().records.save_now(&caller, vec![draft], &LastModified::new()).await.unwrap();
        app.import(sheet).await;
        app.import("organisation,service,address_1,town,county\nElm,Drop-in,12 Rose Street,Luton,Bedfordshire\n").await;
        let after = place().await;
        assert_eq!((after.len(), after[0].id), (1, stored.id), "it is still the same place");
    }
}
