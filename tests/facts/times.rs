//! Events as time goes by.

use fingerpost::jobs;
use serde_json::{Value, json};

use super::{evening, id, pantry, refuge};
use crate::support::{TestApp, fact};

fn lines(rule: &str) -> String {
    let organization =
        json!({"kind": "organization", "document": {"id": id("kitchen"), "name": "Kitchen", "description": "Cooks."}});
    let event = json!({"kind": "event", "document": {
        "id": id("lunch"), "organization_id": id("kitchen"), "name": "Tuesday lunch", "status": "scheduled", "timezone": "Europe/London",
        "start": "2026-11-17T12:00:00", "end": "2026-11-17T13:30:00", "rrule": rule,
        "changes": [{"start": "2026-11-24T12:00:00", "status": "cancelled"}]
    }});
    format!("{organization}\n{event}\n")
}

async fn service(app: &TestApp) -> Value {
    app.get("/services?full=true").await.json()["contents"][0].clone()
}

fact! {
    async fn after_its_last_date_a_series_is_inactive_without_anybody_touching_it(app) {
        let report = app.import(lines("FREQ=WEEKLY;COUNT=3")).await;
        assert_eq!(report.rejected, []);
        let before = service(&app).await;
        assert_eq!(before["status"], "active");
        let dates: Vec<_> = before["schedules"].as_array().unwrap().iter().map(|one| one["dtstart"].clone()).collect();
        assert_eq!(dates, ["2026-11-17", "2026-12-01"], "the cancelled date is not among them");
        let start = app.app().head().await.unwrap();
        assert_eq!(jobs::events(app.app()).await.unwrap(), 0);
        app.clock.set("2026-12-01T13:29:00Z".parse().unwrap());
        assert_eq!(jobs::events(app.app()).await.unwrap(), 0);
        assert_eq!(app.app().head().await.unwrap(), start, "nothing is published while nothing is different");

        app.clock.set("2026-12-01T13:30:00Z".parse().unwrap());
        let event = app.get(&format!("/events/{}", id("lunch"))).await.text();
        assert_eq!(jobs::events(app.app()).await.unwrap(), 1);
        app.follow().await;
        let after = service(&app).await;
        assert_eq!((&after["status"], &after["id"]), (&json!("inactive"), &before["id"]));
        assert_eq!(after["last_modified"], "2026-12-01T13:30:00Z");
        assert_eq!(app.get(&format!("/events/{}", id("lunch"))).await.text(), event, "the event itself says the same");
        let end = app.app().head().await.unwrap();
        assert_eq!(end.position.0, start.position.0 + 1);
        assert_eq!(jobs::events(app.app()).await.unwrap(), 0, "once is enough");
        assert_eq!(app.app().head().await.unwrap(), end);
        app.clock.set("2026-12-02T09:00:00Z".parse().unwrap());
        app.app().records.refresh(&[id("lunch")]).await.unwrap();
        assert_eq!(app.app().head().await.unwrap(), end, "it keeps the moment at which it became different");
    }
}

fact! {
    async fn the_fixtures_do_not_age_on_the_day_that_they_are_imported(app) {
        app.fixtures().await;
        assert_eq!(jobs::events(app.app()).await.unwrap(), 0);
    }
}

fact! {
    async fn an_event_whose_rule_cannot_be_used_is_rejected_with_the_reason(app) {
        let report = app.import(lines("FREQ=SECONDLY;COUNT=4294967295")).await;
        assert_eq!(report.rejected.len(), 1);
        assert_eq!(report.rejected[0].line, 2);
        assert!(report.rejected[0].reason.contains("more often than daily"), "{}", report.rejected[0].reason);
        assert_eq!(app.get("/events").await.json()["total_items"], 0);
    }
}

fact! {
    async fn every_date_of_the_time_that_is_asked_for_is_given(app) {
        let report = app.import(lines("FREQ=DAILY;UNTIL=20270331T235959Z")).await;
        assert_eq!(report.rejected, []);
        let times = app.get("/events?from=2026-11-25&to=2027-12-01").await.json()["times"][id("lunch").to_string()].clone();
        let dates = times["occurrences"].as_array().unwrap();
        assert_eq!((dates.len(), dates.last().unwrap()["start"].as_str().unwrap()), (127, "2027-03-31T11:00:00Z"), "from 25 November to 31 March, by then in summer time");
        assert!(times["more"].is_null());
        let next = app.get(&format!("/events/{}", id("lunch"))).await.json();
        assert_eq!(next["occurrences"].as_array().unwrap().len(), 20, "where nobody asks for a time, the next ones");
        assert_eq!(next["more"], true, "and that there are more");
    }
}

fact! {
    async fn a_place_of_what_has_closed_is_not_open_now_whatever_its_hours_say(app) {
        let lines = ["active", "inactive", "defunct", "temporarily closed"].map(|status| {
            let mut service = pantry();
            (service["id"], service["status"]) = (json!(id(status)), json!(status));
            service["service_at_locations"][0]["id"] = json!(id(&format!("{status} link")));
            service["service_at_locations"][0]["schedules"] =
                json!([{"id": id(&format!("{status} hours")), "freq": "WEEKLY", "byday": "MO,TU,WE,TH,FR,SA,SU", "opens_at": "00:00", "closes_at": "23:59"}]);
            service.to_string()
        });
        let report = app.import(lines.join("\n")).await;
        assert_eq!((report.created, report.rejected_total), (4, 0), "{report:?}");
        assert_eq!(app.ids("/service_at_locations").await.len(), 4);
        let open = [id("active link").to_string()];
        assert_eq!(app.ids("/service_at_locations?open_now=true").await, open);
        assert_eq!(app.ids("/service_at_locations?open_now=true&day=MO").await, open);
        assert_eq!(app.ids("/service_at_locations?open_now=true&status=defunct").await, [""; 0]);
        let said = app.get("/facets?of=service_at_locations&open_now=true").await.json();
        assert_eq!(said["total_items"], 1, "{said}");
    }
}

fact! {
    async fn how_often_something_takes_place_is_counted_alike_on_pages_in_answers_and_in_calendars(app) {
        // The 3rd, 10th, 17th and 24th of November; the schedule holds from the 17th on. It is the 22nd.
        let mut service = pantry();
        service["schedules"] = json!([{"id": id("four"), "freq": "WEEKLY", "byday": "TU", "dtstart": "2026-11-03", "valid_from": "2026-11-17",
            "count": 4, "opens_at": "10:00", "closes_at": "12:00"}]);
        app.import(service.to_string()).await;
        let next = async || app.get(&format!("/services/{}?times=true", id("pantry"))).await.json()["next"].clone();
        let starts: Vec<Value> = next().await.as_array().unwrap().iter().map(|one| one["start"].clone()).collect();
        assert_eq!(starts, ["2026-11-24T10:00:00.000Z"], "only one of the four is still to come");
        let page = app.page(&format!("/directory/services/{}", id("pantry"))).await.text();
        assert!(page.contains("Tuesdays, 10am to midday, until 24 November"), "{page}");
        let calendar = app.get(&format!("/services/{}.ics", id("pantry"))).await.text();
        for line in ["DTSTART;TZID=Europe/London:20261117T100000", "RRULE:FREQ=WEEKLY;UNTIL=20261124T235959Z;BYDAY=TU"] {
            assert!(calendar.contains(line), "{line} in {calendar}");
        }
        app.clock.set("2026-11-25T09:00:00Z".parse().unwrap());
        assert_eq!(next().await, json!([]));
        let page = app.page(&format!("/directory/services/{}", id("pantry"))).await.text();
        assert!(!page.contains("Tuesdays, 10am"), "{page}");
    }
}

fact! {
    async fn what_is_always_open_has_no_end_and_a_time_of_the_day_no_zone(app) {
        app.fixtures().await;
        let found = app.get("/services?search=refuge&times=true").await.json();
        let always = found["times"].as_object().unwrap().values().find(|times| times["open_now"] == true && times.get("open_until").is_none()).unwrap().clone();
        assert!(always["next"][0]["start"].is_string() && always["next"][0].get("end").is_none(), "{always}");
        for time in ["10:00%2B99:99", "10:00%2B01:00", "10:00Z", "25:00"] {
            let refused = app.get(&format!("/services?start_time={time}")).await;
            assert_eq!((refused.status.as_u16(), &refused.json()["parameter"]), (400, &serde_json::json!("start_time")), "{time}");
        }
    }
}

fact! {
    async fn the_dates_of_a_series_go_on_however_often_something_else_changes(app) {
        app.import(lines("FREQ=WEEKLY")).await;
        for days in [6, 12, 18] {
            app.clock.set(crate::support::noon() + chrono::Duration::days(days));
            let mut other = pantry();
            other["description"] = json!(format!("As it was after {days} days."));
            app.import(other.to_string()).await;
        }
        // More than 400 days after the first import, and fewer than 400 from now.
        let found = app.get("/events?from=2028-01-10&to=2028-01-12").await.json();
        assert_eq!(found["total_items"], 1, "{found}");
    }
}

fact! {
    async fn how_far_ahead_dates_are_known_is_a_setting(app) {
        app.import(lines("FREQ=DAILY;BYHOUR=0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23")).await;
        // 22 November 2026 and 31, 400 and 1,000 days.
        for (days, known, unknown) in [(31, "2026-12-23", "2026-12-25"), (400, "2027-12-26", "2027-12-29"), (1_000, "2029-08-17", "2029-08-20")] {
            app.config.event_days = days;
            app.restart().await;
            app.follow().await;
            let found = app.get(&format!("/events?from={known}&to={known}")).await.json();
            assert_eq!(found["total_items"], 1, "{days}: {found}");
            let refused = app.get(&format!("/events?from={unknown}&to={unknown}")).await;
            assert!(refused.status == 400 && refused.text().contains(&format!("to {days} days ahead")), "{days}: {}", refused.text());
        }
        let far = app.page("/directory/whats-on?week=2029-08-01").await.text();
        assert!(far.contains("30 July to 5 August 2029") && far.contains("Tuesday lunch"), "{far}");
        app.config.event_days = 31;
        app.restart().await;
        app.follow().await;
        let last = app.page("/directory/whats-on?week=2029-08-01").await.text();
        assert!(last.contains("7 to 13 December 2026") && !last.contains("Week after"), "the last whole week that is known: {last}");
    }
}

fact! {
    async fn what_takes_place_several_times_a_day_is_found_on_every_day(app) {
        app.import(lines("FREQ=DAILY;BYHOUR=10,12,14")).await;
        for day in ["2026-12-24", "2027-10-01", "2027-12-01"] {
            let found = app.get(&format!("/events?from={day}&to={day}")).await.json();
            assert_eq!(found["total_items"], 1, "{day}: {found}");
        }
        let week = app.page("/directory/whats-on?week=2026-11-30").await.text();
        assert!(week.contains("21 dates of events and workshops"), "{week}");
        assert!(week.contains("<a href=\"#d-2026-12-01\">Tuesday 1 December 2026</a> (3)") && week.contains("id=\"d-2026-12-01\""), "each day is one tap away: {week}");
    }
}

fact! {
    async fn a_week_with_more_series_than_a_page_holds_goes_on_on_the_next(app) {
        let organization = json!({"kind": "organization", "document": {"id": id("kitchen"), "name": "Kitchen", "description": "Cooks."}});
        let event = |number: usize| json!({"kind": "event", "document": {
            "id": id(&format!("walk {number}")), "organization_id": id("kitchen"), "name": format!("Walk {number:03}."), "status": "scheduled",
            "timezone": "Europe/London", "start": "2026-12-02T10:00:00", "end": "2026-12-02T11:00:00"}}).to_string();
        let report = app.import(std::iter::once(organization.to_string()).chain((0..151).map(event)).collect::<Vec<_>>().join("\n")).await;
        assert_eq!(report.rejected, []);
        let first = app.page("/directory/whats-on?week=2026-11-30").await.text();
        assert!(first.len() < 100_000 && first.contains("150 dates of events and workshops") && first.contains("week=2026-11-30&amp;page=2"), "{first}");
        let second = app.page("/directory/whats-on?week=2026-11-30&page=2").await.text();
        assert!(second.contains("1 date of events and workshops") && second.contains("(page 2 of 2)"), "{second}");
        for number in 0..151 {
            let name = format!("Walk {number:03}.");
            assert!(first.contains(&name) != second.contains(&name), "{name} is on one of the two");
        }
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        let near = app.ask(http::Method::POST, "/directory/whats-on", &headers, "week=2026-11-30&postcode=Atlantis").await.text();
        assert!(near.contains("form=\"narrow\" formaction=\"/directory/whats-on\" name=\"page\" value=\"2\""), "a place stays out of the address");
    }
}

fact! {
    async fn a_date_that_moves_to_a_hidden_place_is_not_at_the_usual_one(app) {
        let place = |name: &str, street: &str, policy: &str| {
            json!({"kind": "location", "document": {"id": id(name), "location_type": "physical", "name": name, "location_policy": policy,
                "addresses": [{"id": id(street), "address_1": street, "city": "Luton", "state_province": "Bedfordshire", "postal_code": "LU1 2AA", "country": "GB", "address_type": "physical"}]}})
        };
        let organization = json!({"kind": "organization", "document": {"id": id("kitchen"), "name": "Kitchen", "description": "Cooks."}});
        let event = json!({"kind": "event", "document": {
            "id": id("lunch"), "organization_id": id("kitchen"), "name": "Tuesday lunch", "status": "scheduled", "timezone": "Europe/London", "location_id": id("Open hall"),
            "start": "2026-11-17T12:00:00", "end": "2026-11-17T13:30:00", "rrule": "FREQ=WEEKLY",
            "changes": [{"start": "2026-12-01T12:00:00", "status": "moved", "location_id": id("Quiet house")}]
        }});
        let all = [place("Open hall", "1 Hall Street", "exact"), place("Quiet house", "7 Quillon Lane", "withheld"), organization, event];
        let report = app.import(all.map(|line| line.to_string()).join("\n")).await;
        assert_eq!(report.rejected, []);
        let event = app.get(&format!("/events/{}", id("lunch"))).await.json();
        let moved = event["changes"][0]["location_id"].as_str().unwrap_or_default().to_owned();
        assert!(!moved.is_empty() && moved != id("Open hall").to_string() && moved != id("Quiet house").to_string(), "{event}");
        let calendar = app.get(&format!("/events/{}.ics", id("lunch"))).await.text().replace("\r\n ", "");
        assert!(calendar.contains("It is at a different place this time") && !calendar.contains("Quillon"), "{calendar}");
        let page = app.page(&format!("/directory/events/{}", id("lunch"))).await.text();
        assert!(!page.contains(&moved), "nothing leads to where there is no page: {page}");
    }
}

fact! {
    async fn a_time_that_began_long_ago_is_answered_from_the_first_day_that_is_known_and_the_answer_says_which(app) {
        let report = app.import(lines("FREQ=WEEKLY").replace("2026-11-17T", "2020-01-07T")).await;
        assert_eq!(report.rejected, []);
        let found = app.get("/events?from=2020-01-01").await.json();
        assert_eq!((&found["total_items"], &found["interpreted"]), (&json!(1), &json!({"dates_known_from": "2026-10-22"})));
        let dates = found["times"][id("lunch").to_string()]["occurrences"].clone();
        assert_eq!(dates[0]["start"], "2026-10-27T12:00:00Z", "the dates are those by which it was found: {dates}");
        let sheet = app.get("/events?from=2020-01-01&format=csv").await.text();
        assert!(sheet.contains("2026-10-27T12:00:00") && !sheet.contains("2020-01-14T"), "{sheet}");
        let known = app.get("/events?from=2026-10-22").await.json();
        assert!(known["interpreted"].is_null(), "all of it is known: {known}");
        let past = app.get("/events?from=2020-01-01&to=2026-10-21").await;
        assert!(past.status == 400 && past.text().contains("from 31 days ago"), "{}", past.text());
    }
}

fact! {
    async fn what_goes_on_for_days_says_so_and_a_whole_day_has_no_hours(app) {
        let organization = json!({"kind": "organization", "document": {"id": id("kitchen"), "name": "Kitchen", "description": "Cooks."}});
        let event = |name: &str, start: &str, end: &str| json!({"kind": "event", "document": {
            "id": id(name), "organization_id": id("kitchen"), "name": name, "status": "scheduled", "timezone": "Europe/London", "start": start, "end": end,
        }});
        let camp = event("Camp", "2026-11-27T18:00:00", "2026-11-29T12:00:00");
        let fair = event("Fair", "2026-11-28T00:00:00", "2026-11-28T23:59:00");
        let report = app.import(format!("{organization}\n{camp}\n{fair}")).await;
        assert_eq!(report.rejected, []);
        let week = app.page("/directory/whats-on?week=2026-11-23").await.text();
        assert!(week.contains("6pm on Friday 27 November 2026 to midday on Sunday 29 November 2026"), "{week}");
        assert!(week.contains("id=\"d-2026-11-28\"") && !week.contains("11:59pm"), "{week}");
        let home = app.page("/").await.text();
        assert!(home.contains("Saturday 28 November 2026") && !home.contains("11:59pm"), "{home}");
        app.clock.set("2026-11-28T09:00:00Z".parse().unwrap());
        app.follow().await;
        let week = app.page("/directory/whats-on").await.text();
        assert!(week.contains("6pm on Friday 27 November 2026 to midday on Sunday 29 November 2026"), "what began before says when: {week}");
    }
}

fact! {
    async fn a_quiet_page_has_no_calendar_of_its_own_and_a_quiet_week_has_that_of_everything(app) {
        let course = json!({"kind": "event", "document": {
            "id": id("course"), "organization_id": id("rowan"), "name": "Freedom course", "status": "scheduled", "timezone": "Europe/London",
            "start": "2026-12-02T10:00:00", "end": "2026-12-02T12:00:00",
            "attributes": [{"id": id("of the course"), "link_entity": "event", "taxonomy_term_id": id("refuge term")}]}});
        app.import(format!("{}\n{}\n{course}\n", pantry(), refuge())).await;
        app.follow().await;
        let week = app.page("/directory/whats-on?week=2026-11-30").await.text();
        assert!(week.contains("Freedom course") && week.contains("Exit this page"), "{week}");
        assert!(week.contains("href=\"/events?format=ics\"") && !week.contains(".ics\""), "{week}");
        for path in [format!("/directory/organisations/{}", id("rowan")), format!("/directory/events/{}", id("course"))] {
            let page = app.page(&path).await.text();
            assert!(page.contains("Freedom course") && page.contains("Exit this page") && !page.contains(".ics\""), "{path}: {page}");
        }
    }
}

fact! {
    async fn an_event_of_a_quiet_service_is_as_quiet_although_its_own_terms_say_nothing(app) {
        let part_of = |name: &str, organization: &str, service: &str| json!({"kind": "event", "document": {
            "id": id(name), "organization_id": id(organization), "service_id": id(service), "name": name, "status": "scheduled", "timezone": "Europe/London",
            "start": "2026-12-02T10:00:00", "end": "2026-12-02T12:00:00"}});
        app.import(format!("{}\n{}\n{}\n", pantry(), refuge(), part_of("Evening for you", "rowan", "refuge"))).await;
        app.import(format!("{}\n", part_of("Soup", "marsh farm", "pantry"))).await;
        app.follow().await;
        let page = app.page(&format!("/directory/events/{}", id("Evening for you"))).await.text();
        assert!(page.contains("<title>An event") && page.contains("class=\"exit\"") && !page.contains(".ics\""), "{page}");
        let page = app.page(&format!("/directory/events/{}", id("Soup"))).await.text();
        assert!(page.contains("<title>Soup") && !page.contains("class=\"exit\""), "{page}");
        assert!(app.page("/directory/whats-on?week=2026-11-30").await.text().contains("class=\"exit\""));
        app.clock.set("2026-11-30T12:00:00Z".parse().unwrap());
        let home = app.page("/").await.text();
        assert!(home.contains("Soup") && !home.contains("Evening for you"), "{home}");
    }
}

fact! {
    async fn an_organisation_with_an_event_of_a_quiet_service_has_a_page_as_quiet(app) {
        app.import(format!("{}\n", pantry())).await;
        app.follow().await;
        let path = format!("/directory/organisations/{}", id("marsh farm"));
        assert!(!app.page(&path).await.text().contains("class=\"exit\""));
        app.import(format!("{}\n{}\n", refuge(), evening())).await;
        app.follow().await;
        let page = app.page(&path).await.text();
        assert!(page.contains("Evening for you") && page.contains("class=\"exit\"") && !page.contains(".ics\""), "{page}");
    }
}

fact! {
    async fn results_with_an_event_of_a_quiet_service_can_be_left_at_once(app) {
        app.import(format!("{}\n{}\n{}\n", pantry(), refuge(), evening())).await;
        app.follow().await;
        let found = app.page("/directory/search?q=evening").await.text();
        assert!(found.contains("Evening for you") && !found.contains("Rowan House") && found.contains("class=\"exit\""), "{found}");
        let other = app.page("/directory/search?q=larder").await.text();
        assert!(other.contains("Meadow larder") && !other.contains("class=\"exit\""), "{other}");
    }
}
