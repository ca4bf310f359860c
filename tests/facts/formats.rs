//! The formats that go out: the same documents whichever way they are asked for.

use std::collections::BTreeSet;

use fingerpost::model::{Document, Kind};
use serde_json::{Value, json};

use super::{id, pantry, refuge};
use crate::support::{PUBLIC_URL, TestApp, fact};

/// Lists and their formats.
const LISTS: [(&str, &[&str]); 7] = [
    ("/services", &["ndjson", "csv", "geojson", "ics", "atom", "jsonld"]),
    ("/events", &["ndjson", "csv", "geojson", "ics", "atom", "jsonld"]),
    ("/organizations", &["ndjson", "csv", "atom", "jsonld"]),
    ("/service_at_locations", &["ndjson", "csv", "geojson"]),
    ("/locations", &["ndjson", "csv", "geojson"]),
    ("/taxonomies", &["ndjson", "csv"]),
    ("/taxonomy_terms", &["ndjson", "csv"]),
];

fn sheet(text: &str) -> Vec<Vec<String>> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
    reader.records().map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect()
}

/// The lines of a calendar, unfolded.
fn lines(calendar: &str) -> Vec<String> {
    calendar.replace("\r\n ", "").split("\r\n").map(str::to_owned).collect()
}

/// The UUIDs behind `before`, each once.
fn ids_behind(text: &str, before: &str) -> BTreeSet<String> {
    text.match_indices(before)
        .filter_map(|(at, _)| text.get(at + before.len()..at + before.len() + 36))
        .map(str::to_owned)
        .collect()
}

/// An event series of the pantry's.
fn cooking(more: &Value) -> String {
    let mut event = json!({
        "id": id("cooking"), "organization_id": id("marsh farm"), "name": "Cooking on a budget", "status": "scheduled",
        "location_id": id("centre"), "start": "2026-10-20T10:00:00", "end": "2026-10-20T12:00:00", "timezone": "Europe/London",
        "rrule": "FREQ=WEEKLY;BYDAY=TU",
    });
    event.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!({"kind": "event", "document": event}).to_string()
}

fact! {
    async fn a_format_is_named_in_small_letters_or_capitals(app) {
        app.import(pantry().to_string()).await;
        for (path, format) in [("/services", "JSON"), ("/services", "Csv"), ("/services", "GeoJSON"), ("/services", "JsonLD"), ("/events", "ICS")] {
            let (asked, usual) = (app.get(&format!("{path}?format={format}")).await, app.get(&format!("{path}?format={}", format.to_lowercase())).await);
            assert_eq!((asked.status.as_u16(), asked.header("content-type")), (200, usual.header("content-type")), "{path} {format}");
            assert_eq!(asked.body, usual.body, "{path} {format}");
        }
        let refused = app.get("/locations?format=ICS").await;
        assert_eq!((refused.status.as_u16(), refused.json()["parameter"].as_str()), (400, Some("format")), "places have no calendar");
    }
}

fact! {
    async fn a_formula_is_guarded_in_every_sheet(app) {
        let risky = |what: &str| json!(format!("{what}HYPERLINK(\"https://evil.example\",\"Click\")"));
        let mut service = pantry();
        service["name"] = risky("=");
        service["organization"]["name"] = risky("@");
        service["fees_description"] = risky("＝");
        service["service_at_locations"][0]["location"]["name"] = risky("+");
        service["attributes"][0]["taxonomy_term"]["name"] = risky("-");
        service["attributes"][0]["taxonomy_term"]["taxonomy_detail"]["name"] = risky("=");
        app.import(format!("{service}\n{}\n", cooking(&json!({"name": risky("=")})))).await;
        for (list, _) in LISTS {
            let answer = app.get(&format!("{list}?format=csv")).await;
            assert!(["'=HYPER", "'+HYPER", "'-HYPER", "'@HYPER"].iter().any(|planted| answer.text().contains(planted)), "{list}: {}", answer.text());
            for cell in sheet(&answer.text()).concat() {
                let formula = cell.starts_with(['=', '+', '-', '@', '＝', '\t', '\r']) && cell.parse::<f64>().is_err();
                assert!(!formula, "{list}: {cell}");
            }
        }
    }
}

fact! {
    async fn each_format_holds_what_the_list_with_the_same_filter_holds(app) {
        app.fixtures().await;
        for list in ["/services", "/events"] {
            for filter in ["", "need=food-emergency", "search=advice", "day=TU", "postcode=LU1%202AA&proximity=1500", "search=zzqxjkvw", "minimum_age=60"] {
                let wanted: Vec<String> = app.ids(&format!("{list}?{filter}")).await;
                let set: BTreeSet<String> = wanted.iter().cloned().collect();
                let get = async |format: &str| {
                    let answer = app.get(&format!("{list}?{filter}&format={format}")).await;
                    assert_eq!(answer.status, 200, "{list} {filter} {format}");
                    answer.text()
                };
                let rows = sheet(&get("csv").await);
                assert_eq!(rows.iter().skip(1).map(|row| row[0].clone()).collect::<Vec<_>>(), wanted, "{list} {filter}: in the same order");
                let graph: Value = serde_json::from_str(&get("jsonld").await).unwrap();
                assert_eq!(graph["@graph"].as_array().unwrap().iter().map(|one| one["identifier"].as_str().unwrap().to_owned()).collect::<Vec<_>>(), wanted);
                let map: Value = serde_json::from_str(&get("geojson").await).unwrap();
                let mapped: BTreeSet<String> = map["features"].as_array().unwrap().iter().map(|one| one["properties"]["id"].as_str().unwrap().to_owned()).collect();
                assert!(mapped.is_subset(&set));
                assert_eq!(mapped.len() as u64 + map["without_point"].as_u64().unwrap(), set.len() as u64, "{list} {filter}");
                let feed = get("atom").await;
                let fed: BTreeSet<String> = feed.split("<entry>").skip(1).flat_map(|entry| ids_behind(entry, "<id>urn:uuid:")).collect();
                assert!(fed.is_subset(&set));
                assert_eq!(fed.len(), set.len().min(50));
                let calendar = lines(&get("ics").await).join("\n");
                let dated = ids_behind(&calendar, "UID:");
                if list == "/events" {
                    assert_eq!(dated, set, "{filter}");
                } else {
                    // Only what has hours that are not over; what stands for an event is that event.
                    let full = app.get(&format!("/services?{filter}&full=true&per_page=1000")).await.json();
                    let with_hours: BTreeSet<String> = full["contents"].as_array().unwrap().iter().filter_map(|service| {
                        let timed = |of: &Value| of["schedules"].as_array().is_some_and(|all| all.iter().any(|one| {
                            let over = one["valid_to"].as_str().is_some_and(|last| last < "2026-11-22");
                            one["opens_at"].is_string() && !over && (one["byday"].is_string() || one["bymonthday"].is_string())
                        }));
                        let hours = timed(service) || service["service_at_locations"].as_array().is_some_and(|links| links.iter().any(timed));
                        service["event_id"].as_str().or(hours.then_some(service["id"].as_str()).flatten()).map(str::to_owned)
                    }).collect();
                    assert_eq!(dated.symmetric_difference(&with_hours).collect::<Vec<_>>(), Vec::<&String>::new(), "{filter}");
                }
            }
        }
    }
}

fact! {
    async fn every_list_has_its_formats_and_names_those_it_has_not(app) {
        app.import(format!("{}\n{}\n", pantry(), cooking(&json!({})))).await;
        let types = [
            ("ndjson", "application/x-ndjson"), ("csv", "text/csv; charset=utf-8; header=present"), ("geojson", "application/geo+json"),
            ("ics", "text/calendar; charset=utf-8"), ("atom", "application/atom+xml; charset=utf-8"), ("jsonld", "application/ld+json"),
        ];
        for (list, formats) in LISTS {
            for (format, content_type) in types {
                let answer = app.get(&format!("{list}?format={format}")).await;
                if !formats.contains(&format) {
                    assert_eq!((answer.status.as_u16(), answer.json()["parameter"].as_str()), (400, Some("format")), "{list} {format}");
                    assert!(answer.json()["detail"].as_str().unwrap().ends_with(&format!("{} or {}", formats[..formats.len() - 1].last().unwrap_or(&"json"), formats.last().unwrap())), "{}", answer.text());
                    continue;
                }
                assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, content_type), "{list}");
                assert_eq!((answer.header("access-control-allow-origin"), answer.header("cache-control")), ("*", "public, max-age=30"), "{list} {format}");
                let named = answer.header("content-disposition");
                assert_eq!(named.contains(&format!("filename=\"{}.{format}\"", &list[1..])), ["csv", "geojson", "ics"].contains(&format), "{list} {format}: {named}");
                let etag = answer.header("etag").to_owned();
                assert!(etag.starts_with('"'), "{list} {format}");
                let again = app.ask(http::Method::GET, &format!("{list}?format={format}"), &[("if-none-match", &etag)], "").await;
                assert_eq!((again.status.as_u16(), again.body.len()), (304, 0), "{list} {format}");
            }
            assert_eq!(app.get(&format!("{list}?format=xml")).await.json()["parameter"], "format");
        }
        for path in [format!("/services/{}?format=csv", id("pantry")), format!("/taxonomy_terms/{}?format=ics", id("food")), format!("/events/{}?format=atom", id("cooking"))] {
            let answer = app.get(&path).await;
            assert_eq!((answer.status.as_u16(), answer.json()["parameter"].as_str()), (400, Some("format")), "{path}");
        }
        let before = app.get("/services?format=ics").await.header("etag").to_owned();
        app.edit(id("cooking"), |document| if let Document::Event(event) = document { event.exdates = vec!["2026-12-22T10:00:00".parse().unwrap()] }).await;
        assert_ne!(app.get("/services?format=ics").await.header("etag"), before, "also when only the event behind a service changes");
    }
}

fact! {
    async fn single_documents_have_calendars_and_terms(app) {
        app.import(format!("{}\n{}\n", pantry(), cooking(&json!({})))).await;
        let event = format!("/events/{}", id("cooking"));
        let calendar = app.get(&format!("{event}?format=ics")).await;
        assert_eq!(calendar.text(), app.get(&format!("{event}.ics")).await.text());
        assert_eq!(calendar.header("content-disposition"), "inline; filename=\"calendar.ics\"");
        assert!(calendar.text().contains(&format!("UID:{}@directory.luton.example.org\r\n", id("cooking"))), "{}", calendar.text());
        let page = app.page(&format!("/directory{event}")).await.text();
        let data: Value = serde_json::from_str(page.split("application/ld+json\">").nth(1).unwrap().split("</script>").next().unwrap()).unwrap();
        assert_eq!(app.get(&format!("{event}?format=jsonld")).await.json(), data, "the page and the API say the same");
        assert_eq!(app.get(&format!("/services/{}?format=jsonld", id("pantry"))).await.json()["@type"], "Service");
        let organization = format!("/organizations/{}", id("marsh farm"));
        assert_eq!(app.get(&format!("{organization}?format=jsonld")).await.json()["name"], "Lark Hill Community Pantry");
        let theirs = lines(&app.get(&format!("{organization}.ics")).await.text());
        assert!(theirs.contains(&"X-WR-CALNAME:Lark Hill Community Pantry".to_owned()));
        assert_eq!(ids_behind(&theirs.join("\n"), "UID:"), BTreeSet::from([id("cooking").to_string()]), "their events");
        let with_hours = lines(&app.get(&format!("{organization}.ics?full_service=true")).await.text()).join("\n");
        assert_eq!(ids_behind(&with_hours, "UID:"), BTreeSet::from([id("cooking").to_string(), id("pantry").to_string()]), "and the hours of their services");
        assert_eq!(app.get(&format!("/events/{}.ics", id("nobody"))).await.status, 404);
        app.withdraw(id("cooking"), "the group has closed").await;
        assert_eq!(app.get(&format!("{event}.ics")).await.status, 410);
        assert_eq!(app.get("/events/.ics").await.status, 404);
        assert_eq!(app.get(&format!("/taxonomy_terms/{}.ics", id("food"))).await.status, 404);
    }
}

fact! {
    async fn addresses_with_the_format_in_them_are_the_same(app) {
        app.fixtures().await;
        for (path, kind, format) in fingerpost::publishing::forms::SHORTCUTS {
            let collection = fingerpost::publishing::COLLECTIONS.into_iter().find(|collection| collection.kind == kind).unwrap();
            let by_parameter = app.get(&format!("{}?search=advice&format={}", collection.path, format.name())).await;
            for base in ["", "/api"] {
                let by_path = app.get(&format!("{base}{path}?search=advice")).await;
                assert_eq!((by_path.status.as_u16(), by_path.text()), (200, by_parameter.text()), "{base}{path}");
            }
            assert_eq!(app.get(&format!("{path}?day=someday")).await.status == 400, kind != Kind::Organization, "{path}");
        }
    }
}

fact! {
    async fn a_calendar_shows_ten_o_clock_on_both_sides_of_the_change_of_the_clocks(app) {
        // The clocks go back on 25 October 2026 and forward on 28 March 2027.
        app.import(format!("{}\n{}\n", pantry(), cooking(&json!({"exdates": ["2026-11-03T10:00:00"], "rrule": "FREQ=WEEKLY;BYDAY=TU;UNTIL=20270330T100000"})))).await;
        let calendar = lines(&app.get(&format!("/events/{}.ics", id("cooking"))).await.text());
        let rule: Vec<&str> = calendar.iter().skip_while(|line| *line != "BEGIN:VEVENT").map(String::as_str)
            .filter(|line| ["DTSTART", "RRULE", "EXDATE"].iter().any(|name| line.starts_with(name))).collect();
        let dates = rule.join("\n").parse::<rrule::RRuleSet>().unwrap().all(100).dates;
        let said: Vec<String> = dates.iter().map(|at| format!("{} {}", at.format("%d %b %H:%M"), at.with_timezone(&chrono::Utc).format("%H:%MZ"))).collect();
        assert_eq!(said[..3], ["20 Oct 10:00 09:00Z", "27 Oct 10:00 10:00Z", "10 Nov 10:00 10:00Z"]);
        assert_eq!(said.last().unwrap(), "30 Mar 10:00 09:00Z", "the last one too");
        for line in ["TZID:Europe/London", "DTSTART:20001029T020000", "RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU", "TZOFFSETTO:+0000"] {
            assert!(calendar.contains(&line.to_owned()), "{line}");
        }
    }
}

fact! {
    async fn long_lines_with_emoji_are_folded_between_characters(app) {
        let name = "Tea 🫖, cake 🍰 and 👩‍👧 company; ".repeat(9);
        app.import(format!("{}\n{}\n", pantry(), cooking(&json!({"name": name, "description": "Ünïcode ✓\n".repeat(40)})))).await;
        let answer = app.get("/events.ics").await;
        for line in answer.body.split(|byte| *byte == b'\n') {
            assert!(line.len() <= 76, "75 octets and the CR: {}", String::from_utf8_lossy(line));
            assert!(std::str::from_utf8(line).is_ok());
            assert!(line.is_empty() || line.ends_with(b"\r"));
        }
        let summary = lines(&answer.text()).into_iter().find(|line| line.starts_with("SUMMARY:")).unwrap();
        assert_eq!(summary["SUMMARY:".len()..].replace("\\,", ",").replace("\\;", ";"), name.trim());
    }
}

fact! {
    async fn hidden_places_have_no_point_and_no_address_in_any_format(app) {
        let mut area = refuge();
        area["service_at_locations"][0]["location_policy"] = json!("area");
        area["attributes"] = json!([]);
        let event = json!({"location_id": id("house"), "location_policy": "on_request", "organization_id": id("rowan")});
        app.import(format!("{area}\n{}\n", cooking(&event))).await;
        let map = app.get("/services?format=geojson").await.json();
        assert_eq!((map["features"].as_array().unwrap().len(), map["without_point"].as_u64()), (0, Some(2)), "{map}");
        assert_eq!(app.get("/service_at_locations?format=geojson").await.json()["features"], json!([]));
        let calendar = lines(&app.get("/events.ics").await.text());
        assert!(!calendar.iter().any(|line| line.starts_with("LOCATION") || line.starts_with("GEO")), "{calendar:#?}");
        assert!(calendar.iter().any(|line| line.starts_with("DESCRIPTION") && line.contains("The address is given when you book.")));
        let rows = sheet(&app.get("/service_at_locations?format=csv").await.text());
        let place = rows[0].iter().position(|name| name == "location").unwrap();
        let mut told: Vec<&str> = rows[1..].iter().map(|row| row[place].as_str()).collect();
        told.sort_unstable();
        assert_eq!(told, ["Address given when you book", "Luton"]);
    }
}

fact! {
    async fn a_feed_begins_with_what_changed_last(app) {
        app.import(pantry().to_string()).await;
        app.clock.set("2026-11-23T09:00:00Z".parse().unwrap());
        let mut other = pantry();
        other["id"] = json!(id("other"));
        other["name"] = json!("Tea <b>& toast</b>");
        other["service_at_locations"] = json!([]);
        app.import(other.to_string()).await;
        let feed = app.get("/services.atom?status=active&search=food").await.text();
        let titles: Vec<&str> = feed.split("<title>").skip(2).map(|rest| rest.split("</title>").next().unwrap()).collect();
        assert_eq!(titles, ["Tea &lt;b&gt;&amp; toast&lt;/b&gt;", "Meadow larder"], "{feed}");
        assert!(feed.contains("<updated>2026-11-23T09:00:00.000Z</updated>"));
        assert!(feed.contains(&format!("rel=\"self\" type=\"application/atom+xml\" href=\"{PUBLIC_URL}services?status=active&amp;search=food&amp;format=atom\"")), "{feed}");
        assert!(feed.contains(&format!("href=\"{PUBLIC_URL}directory/services/{}\"", id("other"))) && feed.contains(&format!("href=\"{PUBLIC_URL}services/{}\"", id("other"))));
        let one = app.get("/services.atom?per_page=1").await.text();
        assert_eq!(one.matches("<entry>").count(), 1);
        assert_eq!(app.get("/services.atom?per_page=many").await.status, 400);
    }
}

/// More services than an answer is made of as a whole.
async fn many(app: &TestApp) -> usize {
    let lines = (0..1_050).map(|number| {
        let name = format!("Service {number}");
        json!({
            "id": id(&name), "name": name, "status": "active", "organization": {"id": id("marsh farm"), "name": "Pantry", "description": "A pantry."},
            "schedules": [{"id": id(&format!("hours {number}")), "freq": "WEEKLY", "byday": "TH", "opens_at": "10:00", "closes_at": "13:00"}],
        }).to_string()
    });
    app.import(lines.collect::<Vec<_>>().join("\n")).await;
    1_050
}

fact! {
    async fn long_lists_are_streams_and_whole(app) {
        let all = many(&app).await;
        let get = async |format: &str| {
            let answer = app.get(&format!("/services?format={format}")).await;
            assert_eq!((answer.header("etag").is_empty(), answer.header("cache-control")), (format != "ndjson", "public, max-age=30"), "{format}");
            answer.text()
        };
        assert_eq!(get("ndjson").await.lines().count(), all);
        assert_eq!(sheet(&get("csv").await).len(), all + 1);
        let graph: Value = serde_json::from_str(&get("jsonld").await).unwrap();
        assert_eq!(graph["@graph"].as_array().unwrap().len(), all);
        let map: Value = serde_json::from_str(&get("geojson").await).unwrap();
        assert_eq!(map["without_point"], all);
        let calendar = get("ics").await;
        assert_eq!((calendar.matches("BEGIN:VEVENT\r\n").count(), calendar.matches("BEGIN:VTIMEZONE").count()), (all, 1));
        assert!(calendar.ends_with("END:VCALENDAR\r\n"));
        assert_eq!(app.get("/services.atom").await.text().matches("<entry>").count(), 50);
        assert_eq!(app.get("/services.atom?per_page=1000").await.text().matches("<entry>").count(), 100);
        assert!(!app.get("/services?format=csv&search=17").await.header("etag").is_empty(), "what a filter leaves is short");
    }
}

fact! {
    async fn an_export_of_everything_is_not_sent_again_while_nothing_has_changed(app) {
        many(&app).await;
        let ask = async |path: &str, tag: &str| app.ask(http::Method::GET, path, &[("if-none-match", tag)], "").await;
        let path = "/services?format=ndjson&full=true";
        let tag = app.get(path).await.header("etag").to_owned();
        let again = ask(path, &tag).await;
        assert_eq!((again.status.as_u16(), again.body.len(), again.header("etag")), (304, 0, tag.as_str()));
        for other in ["/services?format=ndjson", "/services?format=ndjson&minimal=true"] {
            assert_eq!(ask(other, &tag).await.status, 200, "{other} is another answer");
        }
        let first: uuid::Uuid = app.ids("/services").await[0].parse().unwrap();
        app.withdraw(first, "closed").await;
        let changed = ask(path, &tag).await;
        assert_eq!(changed.status, 200);
        assert!(!changed.header("etag").is_empty() && changed.header("etag") != tag, "{:?}", changed.headers);
        assert!(!changed.text().contains(&first.to_string()));
    }
}

fact! {
    async fn the_dates_of_a_series_are_told_with_their_changes_in_every_format(app) {
        // Tuesdays at ten; it is Sunday 22 November.
        app.import(format!("{}\n{}\n", pantry(), cooking(&json!({
            "exdates": ["2026-12-01T10:00:00"], "rdates": ["2026-12-05T10:00:00"],
            "changes": [
                {"start": "2026-12-08T10:00:00", "status": "moved", "new_start": "2026-12-09T16:00:00", "new_end": "2026-12-09T18:00:00"},
                {"start": "2026-12-15T10:00:00", "status": "cancelled"},
                {"start": "2026-12-17T10:00:00", "status": "cancelled"},
            ],
        })))).await;
        let event = format!("/events/{}", id("cooking"));
        let data = app.get(&format!("{event}?format=jsonld")).await.json();
        let told: Vec<String> = data["subEvent"].as_array().unwrap().iter().take(5).map(|date| {
            format!("{} {} {}", date["startDate"].as_str().unwrap(), date["eventStatus"].as_str().unwrap().trim_start_matches("https://schema.org/Event"), date["previousStartDate"].as_str().unwrap_or("-"))
        }).collect();
        assert_eq!(told, [
            "2026-11-24T10:00:00+00:00 Scheduled -",
            "2026-12-05T10:00:00+00:00 Scheduled -",
            "2026-12-09T16:00:00+00:00 Rescheduled 2026-12-08T10:00:00+00:00",
            "2026-12-15T10:00:00+00:00 Cancelled -",
            "2026-12-22T10:00:00+00:00 Scheduled -",
        ]);
        assert_eq!(data["eventSchedule"]["exceptDate"], json!(["2026-12-01", "2026-12-08", "2026-12-15"]), "{data}");
        assert_eq!(data["subEvent"][0]["superEvent"]["@id"], data["@id"]);
        assert_eq!(data.get("endDate"), None, "it goes on");
        let calendar = app.get(&format!("{event}.ics")).await.text();
        assert!(calendar.contains("RECURRENCE-ID;TZID=Europe/London:20261215T100000") && !calendar.contains("20261217T"), "a date that it does not have is not cancelled: {calendar}");
        let rows = sheet(&app.get("/events?format=csv&from=2026-12-06&to=2026-12-16").await.text());
        let next = rows[0].iter().position(|name| name == "next_start").unwrap();
        assert_eq!(rows[1][next], "2026-12-09T16:00:00.000Z");
        let map = app.get("/events?format=geojson&from=2026-12-16&to=2026-12-31").await.json();
        assert_eq!(map["features"][0]["properties"]["next_start"], "2026-12-22T10:00:00.000Z");
        app.edit(id("cooking"), |document| if let Document::Event(event) = document {
            event.rrule = Some("FREQ=MONTHLY;BYDAY=MO,TU,WE;BYSETPOS=-1".to_owned());
            event.rdates.clear();
        }).await;
        let data = app.get(&format!("{event}?format=jsonld")).await.json();
        assert_eq!((data.get("eventSchedule"), &data["subEvent"][0]["startDate"]), (None, &json!("2026-11-30T10:00:00+00:00")), "what the schedule cannot say, the dates do");
        app.edit(id("cooking"), |document| if let Document::Event(event) = document {
            event.rrule = None;
            event.changes.clear();
        }).await;
        let data = app.get(&format!("{event}?format=jsonld")).await.json();
        assert_eq!((data.get("subEvent"), data["endDate"].is_string()), (None, true));
    }
}
