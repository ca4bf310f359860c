//! What groups get back: numbers that tell of nobody, sheets to pin up, addresses to pass on.

use fingerpost::{
    jobs,
    published::render::projected_service_id,
    views::{EVERYTHING, Told},
};

use super::{id, with_pantry};
use crate::{
    facts::evening,
    support::{TestApp, browser::Browser, fact},
};

const PHONE: &str = "Mozilla/5.0 (Android 14; Mobile; rv:133.0) Gecko/133.0 Firefox/133.0";

async fn look(app: &TestApp, path: &str, agent: &str, times: usize) {
    for _ in 0..times {
        let answer = app.ask(http::Method::GET, path, &[("accept", "text/html"), ("user-agent", agent)], "").await;
        assert!(answer.status.is_success(), "{path}: {}", answer.status);
    }
}

async fn pages(app: &TestApp, record: uuid::Uuid) -> u64 {
    app.served.views.months(record, 12).await.unwrap().iter().map(|month| month.pages).sum()
}

fact! {
    async fn a_group_sees_about_how_often_its_listing_was_opened(app) {
        with_pantry(&app).await;
        let page = format!("/directory/services/{}", id("pantry"));
        look(&app, &page, PHONE, 13).await;
        look(&app, &page, "Examplebot/2.1 (+https://search.example.org)", 20).await;
        look(&app, &format!("/organizations/{}.ics", id("marsh farm")), PHONE, 3).await;
        assert_eq!(pages(&app, id("pantry")).await, 0, "a request writes nothing");
        jobs::views(&app.served).await.unwrap();
        assert_eq!(jobs::views(&app.served).await.unwrap(), 0, "and nothing is added twice");
        assert_eq!(pages(&app, id("pantry")).await, 13);
        let amina = Browser::keeper(&app, "amina@lark-hill.example.org", id("marsh farm")).await;
        let text = amina.open(&format!("/account/listings/{}/share", id("pantry"))).await.text();
        assert!(text.contains("November 2026 so far") && text.contains("<td>about 15</td>"), "{text}");
        assert!(!text.contains(">13<"));
        let frame = format!("&lt;iframe src=&quot;https://directory.luton.example.org/embed/services/{}&quot;", id("pantry"));
        assert!(text.contains(&frame), "what one pastes into a page: {text}");
        let text = amina.open(&format!("/account/listings/{}/share", id("marsh farm"))).await.text();
        assert!(text.contains("<td>fewer than 10</td>"), "the calendar: {text}");
        assert!(text.contains(&format!("value=\"https://directory.luton.example.org/organizations/{}.ics\"", id("marsh farm"))), "{text}");
        // The next month begins anew, and what was kept is added to.
        app.clock.set(crate::support::noon() + chrono::Duration::days(10));
        look(&app, &page, PHONE, 11).await;
        jobs::views(&app.served).await.unwrap();
        let months = app.served.views.months(id("pantry"), 2).await.unwrap();
        assert_eq!((months[0].pages, months[1].pages), (11, 13));
    }
}

fact! {
    async fn nobody_can_tell_that_somebody_looked_for_a_refuge(app) {
        with_pantry(&app).await;
        for path in [format!("/directory/services/{}", id("refuge")), format!("/directory/organisations/{}", id("rowan"))] {
            look(&app, &path, PHONE, 30).await;
        }
        jobs::views(&app.served).await.unwrap();
        assert_eq!((pages(&app, id("refuge")).await, pages(&app, id("rowan")).await), (0, 0));
        assert_eq!(pages(&app, EVERYTHING).await, 60, "for the whole directory it counts");
        let keeper = Browser::keeper(&app, "office@rowan.example.org", id("rowan")).await;
        let text = keeper.open(&format!("/account/listings/{}/share", id("refuge"))).await.text();
        assert!(text.contains("We do not count views") && !text.contains("/poster") && !text.contains("/embed/"), "{text}");
        assert_eq!(app.page(&format!("/directory/services/{}/poster", id("refuge"))).await.status, 404);
    }
}

fact! {
    async fn an_event_of_a_quiet_service_has_no_poster_and_nobody_can_tell_that_somebody_looked_at_whose_it_is(app) {
        with_pantry(&app).await;
        app.import(format!("{}\n", evening())).await;
        app.follow().await;
        let stands_for_it = projected_service_id(id("evening"));
        for there in [format!("/events/{}", id("evening")), format!("/services/{stands_for_it}")] {
            assert_eq!(app.get(&there).await.status, 200, "{there}");
            for sheet in ["leaflet", "poster"] {
                let answer = app.page(&format!("/directory{there}/{sheet}")).await;
                assert_eq!(answer.status, 404, "{there}/{sheet}: {}", answer.text());
            }
        }
        look(&app, &format!("/directory/organisations/{}", id("marsh farm")), PHONE, 30).await;
        jobs::views(&app.served).await.unwrap();
        assert_eq!(pages(&app, id("marsh farm")).await, 0);
        assert!(pages(&app, EVERYTHING).await >= 30, "for the whole directory it counts");
    }
}

fact! {
    async fn numbers_are_for_those_who_keep_the_listing(app) {
        with_pantry(&app).await;
        let path = format!("/account/listings/{}/share", id("pantry"));
        let stranger = Browser::signed_in(&app, "stranger@example.org").await;
        assert_eq!(stranger.open(&path).await.status, 404);
        let amina = Browser::keeper(&app, "amina@lark-hill.example.org", id("marsh farm")).await;
        let page = amina.open(&path).await;
        assert!(page.status == 200 && page.text().contains("November 2026 so far"), "{}", page.text());
    }
}

fact! {
    async fn a_poster_says_what_is_public_and_leads_to_it(app) {
        with_pantry(&app).await;
        for sheet in ["leaflet", "poster"] {
            let answer = app.page(&format!("/directory/services/{}/{sheet}", id("pantry"))).await;
            let text = answer.text();
            assert_eq!(answer.status, 200, "{text}");
            for said in ["Meadow larder", "LU3 9XQ", "Scan it with a phone", "<svg role=\"img\"", "/assets/poster.css", "noindex"] {
                assert!(text.contains(said), "{said}: {text}");
            }
            assert!(text.contains(&format!("directory.luton.example.org/directory/services/{}", id("pantry"))));
            assert!(text.len() < 100_000);
        }
        assert_eq!(app.page(&format!("/directory/services/{}/billboard", id("pantry"))).await.status, 404);
    }
}

#[test]
fn small_numbers_are_not_told() {
    for few in 1..10 {
        assert_eq!(Told::of(few), Told::Few);
    }
    for many in 10..500 {
        let Told::About(told) = Told::of(many) else { panic!("{many}") };
        assert!(told % 5 == 0 && told.abs_diff(many) <= 2, "{many} is told as {told}");
    }
}
