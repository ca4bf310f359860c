//! Events and workshops: their dates, changed by those who know.

use super::{super::id, amina, at, at_the_moderators, change};
use crate::support::{Answer, TestApp, browser::Browser, fact};

/// A new event of the pantry, with the form for its dates.
async fn new_event(browser: &Browser<'_>) -> (String, Answer) {
    let path = format!("/account/organisations/{}/events/new", id("marsh farm"));
    let page = browser.open(&path).await;
    let said = [("name", "Cooking on a budget"), ("description", "Cook a meal."), ("terms", "yes")];
    let asked = browser.submit(&page, &path, &said).await;
    for missing in ["href=\"#date\"", "href=\"#from\"", "href=\"#to\""] {
        assert!(asked.text().contains(missing), "no date is made up: {}", asked.text());
    }
    let dates =
        browser.submit(&asked, &path, &[("date", "2026-12-02"), ("from", "10:00"), ("to", "12:00"), ("terms", "yes")]).await;
    (dates.text().split("/account/listings/").nth(1).unwrap()[..36].to_owned(), dates)
}

async fn stored(app: &TestApp, listing: &str) -> serde_json::Value {
    let stored = app.app().records.find(listing.parse().unwrap()).await.unwrap().unwrap();
    serde_json::from_str(&stored.document).unwrap()
}

fact! {
    async fn a_cancelled_date_stays_cancelled_when_the_series_moves(app) {
        let amina = amina(&app).await;
        let (listing, dates) = new_event(&amina).await;
        let path = format!("/account/listings/{listing}/dates");
        let first = [("date", "2026-12-03"), ("from", "11:30"), ("to", "13:30"), ("round", "FREQ=WEEKLY"), ("until", "2027-01-07"), ("do", "save")];
        amina.submit(&dates, &path, &first).await;
        let single = [("cancel", "2026-12-17"), ("cancel_note", "Hall is booked"), ("add", "2026-12-19"), ("do", "save")];
        amina.submit(&amina.open(&path).await, &path, &single).await;
        let saved = amina.submit(&amina.open(&path).await, &path, &[("from", "12:00"), ("to", "14:00"), ("do", "save")]).await;
        let now = stored(&app, &listing).await;
        assert_eq!((&now["changes"][0]["start"], &now["rdates"][0]), (&"2026-12-17T12:00:00".into(), &"2026-12-19T12:00:00".into()));
        for said in ["every week, until Thursday 7 January 2027", "Thursday 17 December 2026 is cancelled: Hall is booked", "Saturday 19 December 2026 at midday is added"] {
            assert!(saved.text().contains(said), "{said}: {}", saved.text());
        }
        // From Thursdays to Tuesdays.
        amina.submit(&amina.open(&path).await, &path, &[("date", "2026-12-01"), ("do", "save")]).await;
        let now = stored(&app, &listing).await;
        assert_eq!((&now["changes"][0]["start"], &now["rdates"][0]), (&"2026-12-15T12:00:00".into(), &"2026-12-19T12:00:00".into()));
        let form = amina.open(&path).await;
        let back = [("back-2026-12-15T12:00:00", "yes"), ("back-2026-12-19T12:00:00", "yes"), ("do", "save")];
        amina.submit(&form, &path, &back).await;
        let now = stored(&app, &listing).await;
        assert_eq!((now.get("changes"), now.get("rdates")), (None, None), "both are taken back");
    }
}

fact! {
    async fn moderators_read_a_new_event_in_words(app) {
        let amina = amina(&app).await;
        let (listing, dates) = new_event(&amina).await;
        let section = |word: &str| format!("/account/listings/{listing}/{word}");
        let first = [("date", "2026-12-03"), ("from", "11:30"), ("to", "13:30"), ("round", "FREQ=WEEKLY"), ("until", "2027-01-07"), ("cancel", "2026-12-24"), ("cancel_note", "Christmas Eve"), ("add", "2026-12-28"), ("do", "save")];
        amina.submit(&dates, &section("dates"), &first).await;
        let form = amina.open(&section("cost")).await;
        let page = amina.submit(&form, &section("cost"), &[("free", "yes"), ("do", "save")]).await;
        assert!(page.text().contains("first complete: how to get in touch"), "{}", page.text());
        let form = amina.open(&section("contact")).await;
        let page = amina.submit(&form, &section("contact"), &[("phone", "01632 960555"), ("do", "save")]).await;
        amina.submit(&page, &section("send"), &[]).await;
        let read = at_the_moderators(&app).await;
        for said in [
            "Lark Hill Community Pantry", "Start of the first date", "Thursday 3 December 2026 at 11:30am", "every week, until Thursday 7 January 2027",
            "Thursday 24 December 2026 is cancelled: Christmas Eve", "Dates added", "Monday 28 December 2026 at 11:30am", "Prices", "Free",
        ] {
            assert!(read.contains(said), "{said}: {read}");
        }
        for raw in ["FREQ=", "2026-12-03T", "Timezone", "Organization id", "amount"] {
            assert!(!read.contains(raw), "{raw}: {read}");
        }
    }
}

fact! {
    async fn times_that_are_surely_slips_are_asked_about(app) {
        let amina = amina(&app).await;
        let asked = change(&amina, "pantry", "times", &[("from-0", "11:00"), ("to-0", "09:30")]).await;
        assert!(asked.text().contains("It would end before it starts: from 11:00 to 09:30"), "{}", asked.text());
        let saved = amina.submit(&asked, &at("pantry", "times"), &[("night-0", "yes"), ("do", "save")]).await;
        assert!(saved.text().contains("It is public now"), "{}", saved.text());
        let (listing, dates) = new_event(&amina).await;
        let path = format!("/account/listings/{listing}/dates");
        let slips = [
            ("2026-12-03", "14:00", "12:00", "", "It would end before it starts. If it ends on another day"),
            ("2020-12-03", "12:00", "14:00", "", "That date is in the past."),
            ("2020-12-03", "12:00", "14:00", "2026-12-04", "It would last for more than a year."),
        ];
        for (date, from, to, last_day, said) in slips {
            let asked = amina.submit(&dates, &path, &[("date", date), ("from", from), ("to", to), ("last_day", last_day), ("do", "save")]).await;
            assert!(asked.text().contains(said), "{said}: {}", asked.text());
        }
        let night = [("date", "2026-12-03"), ("from", "22:00"), ("to", "02:00"), ("do", "save")];
        amina.submit(&dates, &path, &night).await;
        assert_eq!(stored(&app, &listing).await["end"], "2026-12-04T02:00:00");
        amina.submit(&amina.open(&path).await, &path, &[("from", "18:00"), ("to", "20:00"), ("do", "save")]).await;
        assert_eq!(stored(&app, &listing).await["end"], "2026-12-03T20:00:00", "nothing is left of a day that nobody said");
    }
}

fact! {
    async fn an_event_loses_one_date_and_gains_another(app) {
        let amina = amina(&app).await;
        let (listing, dates) = new_event(&amina).await;
        let path = format!("/account/listings/{listing}/dates");
        let first = [("date", "2026-12-01"), ("from", "10:00"), ("to", "12:00"), ("round", "FREQ=WEEKLY"), ("until", "2026-12-22"), ("do", "save")];
        amina.submit(&dates, &path, &first).await;
        let page = amina.open(&path).await;
        let wrong = amina.submit(&page, &path, &[("cancel", "2026-12-09"), ("do", "save")]).await;
        assert!(wrong.text().contains("There is no date on Wednesday 9 December 2026"), "{}", wrong.text());
        let page = amina.open(&path).await;
        let single = [("cancel", "2026-12-08"), ("cancel_note", "The hall is closed"), ("add", "2026-12-10"), ("do", "save")];
        amina.submit(&page, &path, &single).await;
        let stored = app.app().records.find(listing.parse().unwrap()).await.unwrap().unwrap();
        let document: serde_json::Value = serde_json::from_str(&stored.document).unwrap();
        assert_eq!(document["rrule"], "FREQ=WEEKLY;UNTIL=20261222T235959Z");
        assert_eq!(document["rdates"], serde_json::json!(["2026-12-10T10:00:00"]));
        assert_eq!(document["changes"][0]["status"], "cancelled");
        let unchanged = amina.open(&path).await;
        amina.submit(&unchanged, &path, &[("do", "save")]).await;
        assert_eq!(app.app().records.find(listing.parse().unwrap()).await.unwrap().unwrap(), stored, "the form says what stands");
    }
}
