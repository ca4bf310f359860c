//! What somebody wrote is kept as they meant it, or it is told what became of it: by whichever way it comes in.

use fingerpost::{
    federation::peers::Trust,
    ids::from_source,
    importing::{Format, Options, Report},
    model::{Document, Kind, LocationPolicy},
};
use serde_json::{Value, json};

use super::{id, intake::zipped, pantry};
use crate::support::{
    On, fact,
    liar::{self, Liar},
    network::Node,
    peer::Reply,
};

/// More digits than a number can keep.
const LONG: &str = "12345678901234567890123";

fn told(report: &Report) -> Vec<String> {
    assert_eq!(report.rejected, [], "everything was taken");
    report.dropped.iter().map(|left| format!("{}: {}", left.dropped.path, left.dropped.reason)).collect()
}

fact! {
    async fn a_time_is_told_once_where_it_is_read_as_another_one(app) {
        let mut service = pantry();
        let day = |name: &str, byday: &str, opens: &str, closes: &str| {
            json!({"id": id(name), "freq": "WEEKLY", "byday": byday, "opens_at": opens, "closes_at": closes})
        };
        service["schedules"] = json!([
            day("east", "MO", "10:00:00+05:00", "12:00Z"),
            day("west", "TU", "10:00:00-05:00", "12:00:00-00:00"),
            day("precise", "WE", "10:00:30.5Z", "12:00:00.000"),
            day("late", "FR", "18:00", "24:00"),
            day("a range", "SA", "10:00-12:00", "13:00"),
        ]);
        assert_eq!(told(&app.import(service.to_string()).await), [
            "schedules[4].opens_at: \"10:00-12:00\" is not a time of day (expected HH:MM, such as 09:30)",
            "schedules[0].opens_at: \"10:00:00+05:00\" is in another time zone; treated as 10:00 UK time",
            "schedules[1].opens_at: \"10:00:00-05:00\" is in another time zone; treated as 10:00 UK time",
            "schedules[2].opens_at: \"10:00:30.5Z\" is taken as 10:00: opening hours have no seconds",
            "schedules[3].closes_at: \"24:00\" is written as 23:59, which stands for midnight at the end of the day",
        ]);
        let schedules = app.get(&format!("/services/{}", id("pantry"))).await.json()["schedules"].clone();
        let times: Vec<String> = schedules.as_array().unwrap().iter().map(|one| format!("{} {} {}", one["byday"], one["opens_at"], one["closes_at"]).replace('"', "")).collect();
        assert_eq!(times, ["MO 10:00 12:00", "TU 10:00 12:00", "WE 10:00 12:00", "FR 18:00 23:59", "SA null 13:00"]);
    }
}

fact! {
    async fn a_spreadsheet_says_midnight_in_the_ways_that_people_do(app) {
        let sheet = "organisation,service,days,opens_at,closes_at\nLark Hill,Late café,Fri,18:00,24:00\nLark Hill,Night café,Sat,6pm,midnight\n";
        assert_eq!(told(&app.import(sheet).await), [""; 0]);
        let services = app.get("/services?full=true").await.json();
        for service in services["contents"].as_array().unwrap() {
            assert_eq!(service["schedules"][0]["closes_at"], "23:59", "{service}");
        }
    }
}

fact! {
    async fn nothing_was_checked_on_a_day_that_is_still_to_come(app) {
        let on = |name: &str, day: &str| {
            let mut service = pantry();
            (service["id"], service["assured_date"]) = (json!(id(name)), json!(day));
            service["service_at_locations"] = json!([]);
            service.to_string()
        };
        let lines = [on("today", "2026-11-22"), on("tomorrow", "2026-11-23"), on("one day", "2199-01-01T00:00:00Z")].join("\n");
        let report = app.import(lines).await;
        assert_eq!((report.created, report.dropped_total), (3, 2), "{report:?}");
        assert_eq!(told(&report), [
            "assured_date: 2026-11-23 is still to come, so nothing can have been checked then",
            "assured_date: 2199-01-01 is still to come, so nothing can have been checked then",
        ]);
        for (name, day) in [("today", json!("2026-11-22")), ("tomorrow", Value::Null), ("one day", Value::Null)] {
            let stored = app.app().records.find(id(name)).await.unwrap().unwrap();
            assert_eq!(stored.value().unwrap()["assured_date"], day, "{name}");
        }
        assert_eq!(app.ids("/services?checked_since=2026-11-22").await, [id("today").to_string()]);
    }
}

/// A directory that follows the liar.
async fn following(on: On, liar: &Liar) -> Option<(Node, fingerpost::federation::peers::Peer)> {
    let here = Node::start(on, "Here").await?;
    let peer = here.follows(&liar.url(), Trust::Auto).await;
    here.harvester().approve_peer(&peer.id.to_string()).await.unwrap();
    Some((here, peer))
}

async fn a_neighbour_is_judged_alike(on: On) {
    let liar = Liar::start().await;
    let Some((here, peer)) = Box::pin(following(on, &liar)).await else { return };
    liar.tell_services(2);
    let mut ahead = liar::service(0);
    ahead["assured_date"] = json!("2027-03-01");
    liar.tell(Kind::Service, liar::id("service 0"), Some(ahead));
    let mut counting = liar::service(1);
    let read: f64 = LONG.parse().unwrap();
    counting["local_count"] = json!(read);
    liar.tell(Kind::Service, liar::id("service 1"), Some(counting));
    // As it is written, the number is signed all the same: canonical JSON has doubles.
    let short = json!(read).to_string();
    liar.twist(move |_, page| Reply::json(page.to_string().replace(&short, LONG)));
    let report = here.pull(&peer).await;
    assert_eq!((report.created, report.quarantined), (3, 0), "{report:?}");
    assert_eq!(report.left_out.get("dropped-part"), Some(&2), "a day that is still to come, and a number: {report:?}");
    here.app.follow().await;
    let all = here.app.get("/services?full=true").await.json();
    assert!(all["contents"].as_array().unwrap().iter().all(|one| one.get("assured_date").is_none()), "{all}");
    here.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_neighbour_cannot_mean_is_left_out_and_counted_on_sqlite() {
    Box::pin(a_neighbour_is_judged_alike(On::Sqlite)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_neighbour_cannot_mean_is_left_out_and_counted_on_postgres() {
    Box::pin(a_neighbour_is_judged_alike(On::Postgres)).await;
}

fact! {
    async fn a_column_of_text_named_like_a_list_is_told_and_takes_the_place_of_no_row(app) {
        let zip = zipped([
            ("organizations.csv", "id,name,description,phones\no1,Hall Trust,We keep the hall.,01632 960199\n"),
            ("services.csv", "id,organization_id,organization,name,status,contacts,schedules,service_at_locations\ns1,o1,Hall Trust Ltd,Lunch,active,Ask Pat,Tuesdays,The hall\n"),
            ("contacts.csv", "id,service_id,name\nc1,s1,Desk\n"),
            ("phones.csv", "id,service_id,organization_id,number\np1,s1,,01632 960123\np2,,o1,01632 960124\n"),
            ("schedules.csv", "id,service_id,freq,byday,opens_at,closes_at\nh1,s1,WEEKLY,TU,12:00,14:00\n"),
            ("locations.csv", "id,name,location_type,latitude,longitude\nl1,Hall,physical,51.9,-0.44\n"),
            ("service_at_locations.csv", "id,service_id,location_id\nx1,s1,l1\n"),
        ]);
        let options = Options { source: "a test".to_owned(), format: Format::HsdsTabular, ..Options::default() };
        let report = app.import_with(zip, &options).await;
        let mut told = told(&report);
        told.sort();
        assert_eq!(told, [
            "contacts: expected a list from a table of its own, found the text \"Ask Pat\"; it was not imported",
            "organization.phones: expected a list from a table of its own, found the text \"01632 960199\"; it was not imported",
            "organization: expected a record from a table of its own, found the text \"Hall Trust Ltd\"; it was not imported",
            "schedules: expected a list from a table of its own, found the text \"Tuesdays\"; it was not imported",
            "service_at_locations: expected a list from a table of its own, found the text \"The hall\"; it was not imported",
        ]);
        let service = app.get(&format!("/services/{}", from_source("", "service", "s1"))).await.json();
        assert_eq!((&service["contacts"][0]["name"], &service["phones"][0]["number"]), (&json!("Desk"), &json!("01632 960123")), "{service}");
        assert_eq!((&service["schedules"][0]["byday"], &service["service_at_locations"][0]["location"]["name"]), (&json!("TU"), &json!("Hall")));
        let organization = app.get(&format!("/organizations/{}", from_source("", "organization", "o1"))).await.json();
        assert_eq!((&organization["name"], &organization["phones"][0]["number"]), (&json!("Hall Trust"), &json!("01632 960124")));
    }
}

fact! {
    async fn a_member_of_text_named_like_a_list_is_told_and_everything_else_taken(app) {
        let mut service = pantry();
        service["phones"] = json!("01632 960123");
        service["contacts"] = json!("Ask Pat");
        assert_eq!(told(&app.import(service.to_string()).await), [
            "contacts: expected a list, found the text \"Ask Pat\"",
            "phones: expected a list, found the text \"01632 960123\"",
        ]);
        let mut older = pantry();
        older["id"] = json!(id("older"));
        older["schedules"] = json!("Tuesdays");
        older["service_at_locations"] = json!([]);
        older["regular_schedules"] = json!([{"id": "1", "opens_at": "10:00", "closes_at": "12:00", "byday": "TU", "freq": "WEEKLY"}]);
        let report = app.import(older.to_string()).await;
        assert!(told(&report).contains(&"schedules: expected a list, found \"Tuesdays\"; it was not imported".to_owned()), "{report:?}");
        let schedules = app.get(&format!("/services/{}", id("older"))).await.json()["schedules"].clone();
        assert_eq!((schedules.as_array().unwrap().len(), &schedules[0]["byday"]), (1, &json!("TU")), "{schedules}");
    }
}

fact! {
    async fn an_organization_names_its_places_while_these_may_be_told(app) {
        let lines = [
            json!({"type": "location", "id": "hall-1", "name": "Gorse Hall", "location_type": "physical", "latitude": 51.9, "longitude": -0.44}),
            json!({"type": "organization", "id": "org-1", "name": "Gorse Friends", "description": "Friends.", "locations": [{"id": "hall-1"}]}),
            json!({"type": "service", "id": "s-1", "name": "Tea", "status": "active", "organization_id": "org-1",
                "service_at_locations": [{"id": "x-1", "location_id": "hall-1"}]}),
            json!({"type": "event", "id": "e-1", "name": "Fair", "organization_id": "org-1", "start": "2026-12-05T10:00", "end": "2026-12-05T12:00",
                "rrule": "FREQ=WEEKLY;COUNT=2", "changes": [{"start": "2026-12-12T10:00", "status": "moved", "location_id": "hall-1"}]}),
        ];
        let report = app.import(lines.map(|line| line.to_string()).join("\n")).await;
        assert_eq!(told(&report), [""; 0]);
        let hall = from_source("", "location", "hall-1");
        let names = async || app.get(&format!("/organizations/{}", from_source("", "organization", "org-1"))).await.json()["locations"].clone();
        assert_eq!(names().await, json!([{"id": hall}]));
        let event = app.get(&format!("/events/{}", from_source("", "event", "e-1"))).await.json();
        assert_eq!(event["changes"][0]["location_id"], json!(hall), "{event}");
        app.edit(hall, |document| {
            let Document::Location(place) = document else { panic!() };
            place.location_policy = Some(LocationPolicy::OnRequest);
        })
        .await;
        assert_eq!(names().await, Value::Null, "at once, and not when somebody next edits the organization");
    }
}

fact! {
    async fn what_an_attribute_is_attached_to_is_called_as_it_is_here_whatever_its_id_was(app) {
        let mut service = pantry();
        let term = service["attributes"][0]["taxonomy_term"].clone();
        service["service_at_locations"][0]["id"] = json!("sal-7");
        // One says what it is attached to; the other stands there.
        service["service_at_locations"][0]["attributes"] = json!([
            {"id": "a1", "link_id": "sal-7", "link_entity": "service_at_location", "taxonomy_term": term},
            {"id": "a2", "link_id": "sal-7", "value": "step-free", "taxonomy_term_id": term["id"]}
        ]);
        assert_eq!(told(&app.import(service.to_string()).await), [""; 0]);
        let link = app.get("/service_at_locations?full=true").await.json()["contents"][0].clone();
        assert_eq!(link["id"], from_source("", "service_at_location", "sal-7").to_string());
        let attached: Vec<&Value> = link["attributes"].as_array().unwrap().iter().map(|attribute| &attribute["link_id"]).collect();
        assert_eq!(attached, [&link["id"], &link["id"]], "{link}");
    }
}
