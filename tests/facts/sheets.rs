//! Spreadsheets as people really fill them in: nothing is guessed, and nothing is lost without a word.

use fingerpost::importing::{Mapping, Options, Report, suggest_mapping};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{TestApp, fact};

/// What a report says of what was left out, or read otherwise.
pub fn told(report: &Report) -> Vec<String> {
    report.dropped.iter().map(|left| format!("{}: {} | {}", left.line, left.dropped.path, left.dropped.reason)).collect()
}

pub async fn service(app: &TestApp, name: &str) -> Value {
    let found = app.get(&format!("/services?search={}&full=true", name.replace(' ', "+"))).await.json();
    found["contents"]
        .as_array()
        .unwrap()
        .iter()
        .find(|service| service["name"] == name)
        .unwrap_or_else(|| panic!("{name}: {found}"))
        .clone()
}

/// The schedules of a service without a place: days, times, words.
pub async fn hours(app: &TestApp, name: &str) -> Vec<Value> {
    let service = service(app, name).await;
    let schedules = service["schedules"].as_array().cloned().unwrap_or_default();
    schedules.iter().map(|one| json!([one["byday"], one["opens_at"], one["closes_at"], one["description"]])).collect()
}

fact! {
    async fn hours_of_no_day_are_told_and_a_day_that_is_closed_is_no_riddle(app) {
        let sheet = "organisation,service,days,opening hours\n\
            Elm,Coffee,,9am-5pm\n\
            Elm,Soup,,Mon-Sat 9am-5pm; Sunday - closed\n";
        let report = app.import(sheet).await;
        assert_eq!(hours(&app, "Coffee").await, [json!([null, "09:00", "17:00", null])]);
        assert_eq!(hours(&app, "Soup").await, [json!(["MO,TU,WE,TH,FR,SA", "09:00", "17:00", null])]);
        assert_eq!(
            told(&report),
            ["2: opening_hours | nothing says on which days; the hours are shown, and searches for a day or for what is open cannot use them"]
        );
    }
}

fact! {
    async fn all_hours_that_the_csv_gives_come_back_by_it(app) {
        let weekly = |id: u32, day: &str, from: &str, to: &str, said: Value| {
            json!({"id": Uuid::from_u128(id.into()), "freq": "WEEKLY", "byday": day, "opens_at": from, "closes_at": to, "description": said})
        };
        let service = |name: &str, schedules: Value| {
            let organization = json!({"id": Uuid::from_u128(77), "name": "Elm", "description": "Elm."});
            json!({"id": Uuid::new_v5(&Uuid::NAMESPACE_URL, name.as_bytes()), "name": name, "description": name, "status": "active", "organization": organization, "schedules": schedules}).to_string()
        };
        let monthly = json!({"id": Uuid::from_u128(9), "freq": "MONTHLY", "byday": "1WE,3WE", "opens_at": "10:00", "closes_at": "12:00"});
        let fortnight = json!({"id": Uuid::from_u128(10), "freq": "WEEKLY", "interval": 2, "byday": "TU", "opens_at": "10:00", "closes_at": "12:00"});
        let lines = [
            service("Coffee", json!([weekly(1, "TU", "10:00", "12:00", Value::Null)])),
            service("Soup", json!([weekly(2, "MO,WE", "09:00", "17:00", json!("in term time; ring first")), weekly(3, "SA", "10:00", "12:00", Value::Null)])),
            service("Choir", json!([weekly(4, "TH", "19:00", "21:00", json!("not in August"))])),
            service("Walks", json!([monthly])),
            service("Knitting", json!([fortnight])),
        ];
        app.import(lines.join("\n")).await;
        let csv = app.get("/services?format=csv").await.text();
        for said in ["TU,10:00,12:00,", "TH,19:00,21:00,", ",not in August", "\"Mon, Wed 09:00-17:00 (in term time; ring first); Sat 10:00-12:00\"", "1st Wed 10:00-12:00; 3rd Wed 10:00-12:00", "every 2 weeks: Tue 10:00-12:00"] {
            assert!(csv.contains(said), "{said}: {csv}");
        }
        let report = app.import(csv).await;
        let [left] = &told(&report)[..] else { panic!("{:?}", told(&report)) };
        assert!(left.contains("opening_hours | \"every 2 weeks: Tue 10:00-12:00\" could not be read as opening hours; it is kept as text"), "{left}");
        assert_eq!(hours(&app, "Coffee").await, [json!(["TU", "10:00", "12:00", null])]);
        let mut soup = hours(&app, "Soup").await;
        soup.sort_by_key(ToString::to_string);
        assert_eq!(soup, [json!(["MO,WE", "09:00", "17:00", "in term time; ring first"]), json!(["SA", "10:00", "12:00", null])]);
        assert_eq!(hours(&app, "Choir").await, [json!(["TH", "19:00", "21:00", "not in August"])]);
        let mut walks = hours(&app, "Walks").await;
        walks.sort_by_key(ToString::to_string);
        assert_eq!(walks, [json!(["1WE", "10:00", "12:00", null]), json!(["3WE", "10:00", "12:00", null])]);
        assert_eq!(hours(&app, "Knitting").await, [json!([null, null, null, "every 2 weeks: Tue 10:00-12:00"])]);
    }
}

fact! {
    async fn opening_hours_in_one_cell_are_read_or_kept_in_words(app) {
        let sheet = "organisation,service,days,opening hours\n\
            Elm,Coffee,Tuesdays,10am - 12 noon\n\
            Elm,Soup,Weds,10:00–12:00\n\
            Elm,Music,Fridays,7pm til late\n\
            Elm,Desk,,\"Mon-Fri 9-5, Sat 10-1\"\n\
            Elm,Choir,Thursdays,7-9\n\
            Elm,Line,,24/7\n\
            Elm,Walks,,by appointment\n";
        let report = app.import(sheet).await;
        assert_eq!((report.created, report.rejected_total), (7, 0));
        assert_eq!(hours(&app, "Coffee").await, [json!(["TU", "10:00", "12:00", null])]);
        assert_eq!(hours(&app, "Soup").await, [json!(["WE", "10:00", "12:00", null])]);
        assert_eq!(hours(&app, "Music").await, [json!(["FR", "19:00", null, "7pm til late"])]);
        assert_eq!(hours(&app, "Desk").await, [json!(["MO,TU,WE,TH,FR", "09:00", "17:00", null]), json!(["SA", "10:00", "13:00", null])]);
        assert_eq!(hours(&app, "Choir").await, [json!(["TH", null, null, "7-9"])], "in the morning or in the evening?");
        assert_eq!(hours(&app, "Line").await, [json!(["MO,TU,WE,TH,FR,SA,SU", "00:00", "23:59", null])]);
        assert_eq!(hours(&app, "Walks").await, [json!([null, null, null, "by appointment"])]);
        insta::allow_duplicates! { insta::assert_json_snapshot!(told(&report), @r#"
        [
          "4: opening_hours | \"7pm til late\" does not give a closing time; it is kept as text as well",
          "6: opening_hours | \"7-9\" could not be read as opening hours; it is kept as text (expected 10am - 12 noon, or Mon-Fri 9am-5pm; Sat 10:00-12:00)",
          "8: opening_hours | \"by appointment\" could not be read as opening hours; it is kept as text (expected 10am - 12 noon, or Mon-Fri 9am-5pm; Sat 10:00-12:00)"
        ]
        "#) };
    }
}

fact! {
    async fn hours_are_read_as_offices_halls_and_schools_write_them_where_there_is_no_doubt(app) {
        let sheet = "organisation,service,opening hours\n\
            Elm,Coffee,1st and 3rd Tues 2pm-4pm\n\
            Elm,Desk,M-F 0900hrs-1700hrs\n\
            Elm,Soup,weekdays 9.30 - 4\n\
            Elm,Playgroup,\"Mondays 10am-12, term time only\"\n\
            Elm,Choir,every other Wed 2pm to 4pm\n\
            Elm,Walks,Tuesday of each month 2pm-4pm\n\
            Elm,Tea,term time only\n";
        let report = app.import(sheet).await;
        assert_eq!((report.created, report.rejected_total), (7, 0));
        assert_eq!(hours(&app, "Coffee").await, [json!(["1TU,3TU", "14:00", "16:00", null])]);
        assert_eq!(hours(&app, "Desk").await, [json!(["MO,TU,WE,TH,FR", "09:00", "17:00", null])]);
        assert_eq!(hours(&app, "Soup").await, [json!(["MO,TU,WE,TH,FR", "09:30", "16:00", null])]);
        assert_eq!(hours(&app, "Playgroup").await, [json!(["MO", "10:00", "12:00", "term time only"])]);
        for (name, words) in [("Choir", "every other Wed 2pm to 4pm"), ("Walks", "Tuesday of each month 2pm-4pm"), ("Tea", "term time only")] {
            assert_eq!(hours(&app, name).await, [json!([null, null, null, words])], "nobody can tell which weeks: {name}");
        }
        let mut on_tuesdays = app.names("/services?day=TU&start_time=14:30&end_time=15:00").await;
        on_tuesdays.sort_unstable();
        assert_eq!(on_tuesdays, ["Coffee", "Desk", "Soup"]);
        // On Monday, 23 November 2026, a playgroup may be there: terms differ by school.
        app.clock.set("2026-11-23T10:30:00Z".parse().unwrap());
        let mut open = app.names("/services?open_now=true").await;
        open.sort_unstable();
        assert_eq!(open, ["Desk", "Soup"]);
    }
}

fact! {
    async fn days_of_a_month_and_of_school_terms_are_read_where_they_stand(app) {
        let sheet = "organisation,service,days,opens,closes,opening hours\n\
            Elm,Carers,last Thurs of month,10:00,12:00,\n\
            Elm,Playgroup,Weds (term time),10:00,12:00,\n\
            Elm,Stay and play,\"Mon & Fri, term time only\",,,9.30am - 11am (ring first)\n\
            Elm,Talk,every 2nd Tuesday,14:00,16:00,\n";
        let report = app.import(sheet).await;
        assert_eq!(hours(&app, "Carers").await, [json!(["-1TH", "10:00", "12:00", null])]);
        assert_eq!(hours(&app, "Playgroup").await, [json!(["WE", "10:00", "12:00", "term time"])]);
        assert_eq!(hours(&app, "Talk").await, [json!([null, "14:00", "16:00", "every 2nd Tuesday"])], "the second of a month, or every other one?");
        assert!(told(&report).iter().all(|line| !line.starts_with("2:") && !line.starts_with("3:")), "{:?}", told(&report));
        // On Thursday, 26 November 2026, the last of its month, and on the Wednesday before.
        app.clock.set("2026-11-26T10:30:00Z".parse().unwrap());
        assert_eq!(app.names("/services?open_now=true").await, ["Carers"]);
        app.clock.set("2026-11-25T10:30:00Z".parse().unwrap());
        assert_eq!(app.names("/services?open_now=true").await, [""; 0], "terms differ by school");
        assert_eq!(app.names("/services?day=WE").await, ["Playgroup"]);
    }
}

fact! {
    async fn times_in_columns_of_their_own_are_read_or_kept_in_words(app) {
        let sheet = "organisation,service,days,opens,closes\n\
            Elm,Coffee,Tuesdays,10am - 12 noon,\n\
            Elm,Music,Fridays,7pm,late\n\
            Elm,Choir,Thursdays,7.30,9.30\n\
            Elm,Desk,Mon-Fri,10,4\n\
            Elm,Games,Mondays,,9pm\n\
            Elm,Tech,Tuesdays 10-12,,\n";
        let report = app.import(sheet).await;
        assert_eq!(hours(&app, "Coffee").await, [json!(["TU", "10:00", "12:00", null])]);
        assert_eq!(hours(&app, "Music").await, [json!(["FR", "19:00", null, "7pm – late"])]);
        assert_eq!(hours(&app, "Choir").await, [json!(["TH", null, null, "7.30 – 9.30"])]);
        assert_eq!(hours(&app, "Desk").await, [json!(["MO,TU,WE,TH,FR", "10:00", "16:00", null])]);
        assert_eq!(hours(&app, "Games").await, [json!(["MO", null, null, "9pm"])]);
        assert_eq!(hours(&app, "Tech").await, [json!(["TU", "10:00", "12:00", null])]);
        insta::allow_duplicates! { insta::assert_json_snapshot!(told(&report), @r#"
        [
          "3: closes_at | \"late\" is not a time; it is kept as text (expected 09:30, 9.30am or noon)",
          "4: opens_at | \"7.30\" may be in the morning or the afternoon; it is kept as text (expected 09:30, 9.30am or noon)",
          "4: closes_at | \"9.30\" may be in the morning or the afternoon; it is kept as text (expected 09:30, 9.30am or noon)",
          "6: closes_at | there is no opening time to go with \"9pm\"; it is kept as text"
        ]
        "#) };
    }
}

#[test]
fn a_draft_of_a_mapping_knows_opening_hours_by_their_heading_and_by_their_cells() {
    let sheet = "Group,Activity,Opening times,We are there\nElm,Soup,Mon 10-12,Tue 2pm - 4pm\nElm,Tea,9am-5pm,\n";
    let draft = suggest_mapping(sheet.as_bytes(), "groups.csv").unwrap();
    assert!(draft.contains("\"Opening times\" = \"opening_hours\""), "{draft}");
    let sheet = sheet.replace("Opening times", "Colour");
    let draft = suggest_mapping(sheet.as_bytes(), "groups.csv").unwrap();
    assert!(draft.contains("\"Colour\" = \"opening_hours\"") && draft.contains("(judging by its cells) Mon 10-12"), "{draft}");
    assert!(draft.contains("\"We are there\" = \"ignore\""), "there is one already: {draft}");
}

fact! {
    async fn rows_that_do_not_fit_their_heading_say_so(app) {
        let sheet = "organisation,service,description,website,\n\
            Elm,Short\n\
            Elm,Whole,Tea.,https://elm.example.org/,\n\
            Elm,Stray,Tea.,,thanks!!\n\
            Elm,Long,Soup, bread, and cheese,https://elm.example.org/\n";
        let report = app.import(sheet).await;
        assert_eq!((report.created, report.rejected_total), (3, 1), "{report:?}");
        insta::allow_duplicates! { insta::assert_json_snapshot!(told(&report), @r#"
        [
          "2: cells | the row has 2 cells under 4 headings; the missing ones count as empty, from \"description\" on",
          "4: column 5 | has no heading, so \"thanks!!\" was not imported"
        ]
        "#) };
        let tables = crate::facts::intake::zipped([("services.csv", "id,organization_id,name,status\n1,1,Lunch\n"), ("organizations.csv", "id,name,description\n1,Elm,A group.\n")]);
        let report = app.import(tables).await;
        assert_eq!(told(&report)[0], "2: services.csv | the row has 3 cells under 4 headings; the missing ones count as empty");
    }
}

fact! {
    async fn a_column_that_nobody_knows_is_named_once(app) {
        let report = app.import("organisation,service,Colour\nElm,Tea,red\nElm,Soup,blue\n").await;
        assert_eq!(told(&report), ["1: Colour | is not a heading that is understood, so the column was not imported; a mapping can say what it means (--suggest-mapping)"]);
    }
}

fact! {
    async fn a_null_character_in_a_cell_is_told_with_its_column(app) {
        let report = app.import("organisation,Service name,description\nElm,Tea,Hot\0 drinks\nElm,So\0up,Hot.\nElm,Walks,Slow.\n").await;
        assert_eq!((report.created, report.rejected_total), (2, 1), "{report:?}");
        let said = "the cell contains a null character (U+0000), which is not shown in a spreadsheet and cannot be stored: type the cell anew";
        assert_eq!(told(&report), [format!("2: description | {said}")]);
        assert_eq!((report.rejected[0].line, report.rejected[0].reason.as_str()), (3, format!("Service name: {said}").as_str()));
    }
}

fact! {
    async fn a_county_is_no_town_and_neither_is_a_line_of_the_address(app) {
        let sheet = "organisation,service,address,county,postcode\nElm,Tea,12 Elm Street,Bedfordshire,LU1 2AA\n";
        let report = app.import(sheet).await;
        let place = service(&app, "Tea").await["service_at_locations"][0]["location"].clone();
        let address = &place["addresses"][0];
        assert_eq!((&address["city"], &address["state_province"]), (&json!("LU1"), &json!("Bedfordshire")));
        assert_eq!(told(&report), ["2: city | there is no town; LU1, the district of the postcode, is used in its place"]);
    }
}

fact! {
    async fn an_address_that_is_not_whole_is_kept_in_words(app) {
        let sheet = "organisation,service,address,town,postcode\nElm,Tea,Elm Hall,Luton,behind the pub\nElm,Soup,,Flitwick,MK45 1FW\nElm,Walks,Car park,Luton,\nElm,Calls,,Luton,\n";
        let report = app.import(sheet).await;
        let mut names = Vec::new();
        for name in ["Tea", "Soup", "Walks", "Calls"] {
            names.push(service(&app, name).await["service_at_locations"][0]["location"]["name"].clone());
        }
        assert_eq!(names, [json!("Elm Hall, Luton, behind the pub"), json!("Flitwick, MK45 1FW"), json!("Car park, Luton"), Value::Null]);
        insta::allow_duplicates! { insta::assert_json_snapshot!(told(&report), @r#"
        [
          "2: postcode | \"behind the pub\" is not a UK postcode, so there is no full address; what there is of it is kept as the name of the place",
          "3: postcode | there is no first line of an address to go with it, so there is no full address; what there is of it is kept as the name of the place",
          "4: address_1 | there is no postcode, so there is no full address; what there is of it is kept as the name of the place",
          "5: city | \"Luton\" was not imported: there is no address or postcode to go with it"
        ]
        "#) };
    }
}

fact! {
    async fn titles_above_the_headings_and_a_total_below_the_rows_are_no_services(app) {
        let sheet = "Luton Volunteer Centre groups,,,\nUpdated 12 November,,,\n,,,\nOrganisation,Service,Tel,\nElm,Tea,01632 960123,\nTOTAL,1,,\n";
        let report = app.import(sheet).await;
        assert_eq!((report.created, report.rejected_total), (1, 0), "{report:?}");
        assert_eq!(told(&report), [
            "1: row | \"Luton Volunteer Centre groups\" is above the headings, so it was not imported",
            "2: row | \"Updated 12 November\" is above the headings, so it was not imported",
            "6: row | is a total of the rows above, so it was not imported",
        ]);
        let draft = suggest_mapping(sheet.as_bytes(), "groups.csv").unwrap();
        assert!(draft.contains("\"Tel\" = \"phone\""), "{draft}");
        let wrong = app.import("Groups,,,\nClub,Does,Tel,Colour\nElm,Tea,01632 960123,red\n").await;
        let said = &wrong.rejected[0];
        assert!(said.line == 2 && said.reason.contains("no heading names the column for the organisation") && said.reason.contains("--suggest-mapping"), "{said:?}");
    }
}

fact! {
    async fn cells_as_spreadsheets_and_volunteers_fill_them_are_read(app) {
        let sheet = "organisation,service,email,ages,address,start date,opening hours\n\
            Elm,Tea,mailto:tea@elm.example.org; jo@elm.example.org,0-5yrs,\"Elm Hall, 12 Elm Street, Luton LU1 2AA\",46000,Mon-Fri 0.375-0.708333333\n";
        let report = app.import(sheet).await;
        assert_eq!(told(&report), [
            "1: start date | is not a heading that is understood, so the column was not imported; a mapping can say what it means (--suggest-mapping)",
            "2: email | \"jo@elm.example.org\" was not imported: a service has one email address, and the first is used",
        ]);
        let tea = service(&app, "Tea").await;
        assert_eq!((&tea["email"], &tea["minimum_age"], &tea["maximum_age"]), (&json!("tea@elm.example.org"), &json!(0), &json!(5)));
        let link = &tea["service_at_locations"][0];
        let address = &link["location"]["addresses"][0];
        let lines = ["address_1", "address_2", "city", "postal_code"].map(|line| address[line].as_str().unwrap_or_default());
        assert_eq!(lines, ["Elm Hall", "12 Elm Street", "Luton", "LU1 2AA"]);
        let hours = &link["schedules"][0];
        assert_eq!((&hours["byday"], &hours["opens_at"], &hours["closes_at"]), (&json!("MO,TU,WE,TH,FR"), &json!("09:00"), &json!("17:00")));
    }
}

fact! {
    async fn categories_in_one_cell_are_told_apart_by_a_stroke_as_well(app) {
        app.fixtures().await;
        let report = app.import("organisation,service,categories\nElm,Tea,food-emergency / social-company; unicorns/griffins\n").await;
        assert_eq!(told(&report), [
            "2: needs | \"unicorns\" is neither the code nor the name of a term here",
            "2: needs | \"griffins\" is neither the code nor the name of a term here",
        ]);
        assert_eq!(service(&app, "Tea").await["attributes"].as_array().map(Vec::len), Some(2));
    }
}

fact! {
    async fn a_mapping_can_name_opening_hours(app) {
        let mapping = Mapping::parse("[columns]\n\"Who\" = \"organisation\"\n\"What\" = \"service\"\n\"When\" = \"opening_hours\"\n").unwrap();
        let options = Options { mapping: Some(mapping), source: "a test".to_owned(), ..Options::default() };
        let report = app.import_with("Who,What,When\nElm,Tea,1st Saturday 10am-1pm\n", &options).await;
        assert_eq!(told(&report), [""; 0]);
        assert_eq!(hours(&app, "Tea").await, [json!(["1SA", "10:00", "13:00", null])]);
    }
}

fact! {
    async fn a_name_beside_a_number_is_somebodys_be_it_only_a_first_name(app) {
        let sheet = "organisation,service,phone,address_1,city,postcode\n\
            Lark Hill,Lunch,01632 960123 (Sheila); 01632 960124 (office); 01632 960125 (Luton); 01632 960126 (Tuesdays); 01632 960127 Landline,12 Gorse Close,Luton,LU3 9XQ\n";
        let report = app.import(sheet).await;
        assert_eq!((report.created, report.rejected_total, report.personal_total), (1, 0, 0), "{report:?}");
        let service = app.get("/services?full=true").await.json()["contents"][0].clone();
        let beside: Vec<&str> = service["phones"].as_array().unwrap().iter().map(|phone| phone["description"].as_str().unwrap()).collect();
        assert_eq!(beside, ["office", "Luton", "Tuesdays", "Landline"]);
        assert_eq!(service["contacts"].as_array().unwrap().len(), 1, "{service}");
        assert_eq!((&service["contacts"][0]["name"], &service["contacts"][0]["phones"][0]["number"]), (&"Sheila".into(), &"01632 960123".into()));
    }
}

fact! {
    async fn a_sheet_that_is_not_utf_8_is_read_and_said_so_once(app) {
        let report = app.import(b"organisation,service\nElm,Caf\xE9\nElm,Th\xE9 dansant\n".to_vec()).await;
        let said = "encoding | the text is not UTF-8, and was read as Windows-1252, as Excel saves it; look whether £, ’ and letters with accents came out right";
        assert_eq!(told(&report), [format!("2: {said}")]);
        assert_eq!(service(&app, "Café").await["name"], "Café");
        let report = app.import(b"organisation,service,\xA3\nElm,Soup,\n".to_vec()).await;
        assert_eq!(told(&report).iter().filter(|one| one.contains("Windows-1252")).count(), 1, "in the heading, too: {report:?}");
        let report = app.import("organisation,service\nElm,Café au lait\n").await;
        assert_eq!(told(&report), [""; 0]);
    }
}
