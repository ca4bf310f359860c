//! What the forms of a listing say: nothing is dropped in silence, and everybody reads the same.

use fingerpost::{
    identity::PlatformRole,
    records::{Draft, State},
};

use super::{id, public, with_pantry};
use crate::support::{Answer, TestApp, browser::Browser, fact};

const AMINA: &str = "amina@lark-hill.example.org";

async fn amina(app: &TestApp) -> Browser<'_> {
    with_pantry(app).await;
    Browser::keeper(app, AMINA, id("marsh farm")).await
}

fn at(name: &str, section: &str) -> String {
    format!("/account/listings/{}/{section}", id(name))
}

async fn change(browser: &Browser<'_>, name: &str, section: &str, with: &[(&str, &str)]) -> Answer {
    let path = at(name, section);
    let page = browser.open(&path).await;
    let with: Vec<(&str, &str)> = with.iter().copied().chain([("do", "save")]).collect();
    browser.submit(&page, &path, &with).await
}

fact! {
    async fn a_time_without_a_day_is_said_beside_the_day(app) {
        let amina = amina(&app).await;
        let asked = change(&amina, "pantry", "times", &[("from-1", "14:00"), ("to-1", "16:00"), ("note-1", "Upstairs")]).await;
        for said in ["href=\"#day-1\"", "id=\"day-1-error\"", "value=\"14:00\"", "value=\"Upstairs\""] {
            assert!(asked.text().contains(said), "{said}: {}", asked.text());
        }
        assert_eq!(public(&app, "pantry").await["schedules"].as_array().unwrap().len(), 1);
        let saved = amina.submit(&asked, &at("pantry", "times"), &[("day-1", "SA"), ("do", "save")]).await;
        assert!(saved.text().contains("Saturdays, 2pm to 4pm (Upstairs)"), "{}", saved.text());
        // A time that stood there goes without its day.
        change(&amina, "pantry", "times", &[("day-0", "")]).await;
        assert_eq!(public(&app, "pantry").await["schedules"].as_array().unwrap().len(), 1);
    }
}

fact! {
    async fn an_event_says_that_it_is_not_in_school_holidays(app) {
        let amina = amina(&app).await;
        let path = format!("/account/organisations/{}/events/new", id("marsh farm"));
        let page = amina.open(&path).await;
        let with = [("name", "Cooking on a budget"), ("description", "Cook a meal."), ("date", "2026-12-02"), ("from", "10:00"), ("to", "12:00"), ("terms", "yes")];
        let dates = amina.submit(&page, &path, &with).await;
        let listing = dates.text().split("/account/listings/").nth(1).unwrap()[..36].to_owned();
        let path = format!("/account/listings/{listing}/dates");
        let saved = amina.submit(&dates, &path, &[("round", "FREQ=WEEKLY"), ("term", "yes"), ("note", "Bring a bowl"), ("do", "save")]).await;
        assert!(saved.text().contains("Bring a bowl; Not in school holidays"), "{}", saved.text());
        let form = amina.open(&path).await.text();
        assert!(form.contains("id=\"term\" name=\"term\" value=\"yes\" checked") && form.contains("value=\"Bring a bowl\""), "{form}");
        let stored = app.app().records.find(listing.parse().unwrap()).await.unwrap().unwrap();
        app.save(vec![Draft { state: State::Published, ..Draft::new(stored.read().unwrap()) }]).await;
        for path in [format!("/directory/events/{listing}"), format!("/events/{listing}.ics"), format!("/events/{listing}")] {
            let page = app.get(&path).await.text().replace("\r\n ", "");
            assert!(page.contains("Not in school holidays"), "{path}: {page}");
        }
        // Who knows only the standard reads it, too.
        let services = app.get("/services?full=true").await.json();
        let projected = services["contents"].as_array().unwrap().iter().find(|one| one["name"] == "Cooking on a budget").unwrap().clone();
        assert_eq!(projected["schedules"][0]["notes"], "Bring a bowl; Not in school holidays");
        let cleared = amina.open(&path).await;
        amina.submit(&cleared, &path, &[("-term", ""), ("note", ""), ("do", "save")]).await;
        assert!(app.get(&format!("/events/{listing}")).await.json().get("notes").is_none());
    }
}

fact! {
    async fn the_dates_of_an_event_are_questioned_beside_fields_that_the_form_has(app) {
        let amina = amina(&app).await;
        let path = format!("/account/organisations/{}/events/new", id("marsh farm"));
        let page = amina.open(&path).await;
        let with = [("name", "Cooking on a budget"), ("description", "Cook a meal."), ("date", "2026-12-02"), ("from", "12:00"), ("to", "10:00"), ("terms", "yes")];
        let asked = amina.submit(&page, &path, &with).await;
        assert!(asked.text().contains("enter the end date below") && asked.text().contains("id=\"last_day\""), "{}", asked.text());
        let dates = amina.submit(&asked, &path, &[("last_day", "2026-12-03")]).await;
        let listing = dates.text().split("/account/listings/").nth(1).unwrap()[..36].to_owned();
        let stored = app.app().records.find(listing.parse().unwrap()).await.unwrap().unwrap();
        assert!(stored.document.contains("2026-12-03T10:00:00"), "{}", stored.document);
        let path = format!("/account/listings/{listing}/dates");
        let refused = amina.submit(&dates, &path, &[("add", "2020-12-09"), ("do", "save")]).await;
        assert!(refused.text().contains("href=\"#add\"") && refused.text().contains("That date is in the past"), "{}", refused.text());
        let added = amina.submit(&refused, &path, &[("add", "2026-12-09"), ("do", "save")]).await;
        assert!(added.text().contains("Wednesday 9 December 2026") && added.text().contains("is added"), "{}", added.text());
    }
}

fact! {
    async fn a_day_of_opening_again_is_not_ignored_and_not_ten_years_away(app) {
        let amina = amina(&app).await;
        for (with, said) in [
            ([("status", "open"), ("until", "2027-01-12")], "you chose that it is not closed for now"),
            ([("status", "closed"), ("until", "2027-01-12")], "you chose that it is not closed for now"),
            ([("status", "paused"), ("until", "2036-11-22")], "more than two years away"),
        ] {
            let asked = change(&amina, "pantry", "status", &with).await;
            assert!(asked.text().contains("href=\"#until\"") && asked.text().contains(said), "{with:?}: {}", asked.text());
            assert_eq!(public(&app, "pantry").await["status"], "active");
        }
        change(&amina, "pantry", "status", &[("status", "paused"), ("until", "2027-01-12")]).await;
        let opened = change(&amina, "pantry", "status", &[("status", "open")]).await;
        assert!(opened.text().contains("It is public now"), "the day that stood there is in nobody's way: {}", opened.text());
    }
}

fact! {
    async fn who_keeps_a_listing_reads_of_its_last_check_what_everybody_reads(app) {
        let amina = amina(&app).await;
        let (own, public) = (format!("/account/listings/{}", id("pantry")), format!("/directory/services/{}", id("pantry")));
        let said = "Checked on 2 November 2026.";
        let page = amina.open(&own).await;
        assert!(page.text().contains(said) && app.page(&public).await.text().contains(said), "{}", page.text());
        let confirm = format!("{own}/confirm");
        let page = amina.open(&own).await;
        amina.submit_only(&page, &confirm, &[("how", "owner")]).await;
        let said = "Confirmed by the group on 22 November 2026.";
        // At once, also before what is published follows.
        let page = amina.open(&format!("{own}?saved=confirmed")).await.text();
        assert!(page.contains(said), "{page}");
        let thanks = page.find("The listing now shows that it was checked today").unwrap();
        assert!(page[..thanks].contains("role=\"status\" tabindex=\"-1\" autofocus") && thanks < page.find("<h1>").unwrap(), "{page}");
        app.follow().await;
        assert!(app.page(&public).await.text().contains(said));
    }
}

fact! {
    async fn somebody_with_two_tabs_is_not_told_of_somebody_else(app) {
        let amina = amina(&app).await;
        let path = at("pantry", "cost");
        let (first, second) = (amina.open(&path).await, amina.open(&path).await);
        amina.submit(&first, &path, &[("free", "no"), ("cost", "£5 a visit"), ("do", "save")]).await;
        let told = amina.submit(&second, &path, &[("free", "no"), ("cost", "£6 a visit"), ("do", "save")]).await;
        assert_eq!(told.status, 409);
        assert!(told.text().contains("You have changed this listing in the meantime") && !told.text().contains("Someone else"), "{}", told.text());
        assert!(told.text().contains("£6 a visit"), "their words are still there");
        let bela = Browser::keeper(&app, "bela@lark-hill.example.org", id("marsh farm")).await;
        change(&bela, "pantry", "cost", &[("cost", "£7 a visit")]).await;
        let told = amina.submit(&second, &path, &[("free", "no"), ("cost", "£6 a visit"), ("do", "save")]).await;
        assert!(told.text().contains("Someone else has changed this listing"), "{}", told.text());
    }
}

fact! {
    async fn a_moderator_reads_a_change_of_address_as_two_addresses(app) {
        let amina = amina(&app).await;
        let saved = change(&amina, "pantry", "place", &[("address_1", "14 Gorse Close")]).await;
        assert!(saved.text().contains("A moderator will check it"), "{}", saved.text());
        let moderator = Browser::officer(&app, PlatformRole::Moderator).await;
        let waiting = app.app().records.waiting(None, None, 10).await.unwrap();
        let page = moderator.open(&format!("/moderation/changes/{}", waiting[0].id)).await.text();
        for said in [" removed: </span>12</del> Gorse Close\nLuton\nBedfordshire\nLU3 9XQ", " added: </span>14</ins> Gorse Close\nLuton\nBedfordshire\nLU3 9XQ"] {
            assert!(page.contains(said), "{said}: {page}");
        }
        assert!(!page.contains("state province") && !page.contains("country"), "{page}");
    }
}
