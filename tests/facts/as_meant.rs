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

