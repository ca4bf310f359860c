//! Parts of the directory in other websites.

use fingerpost::published::render::projected_service_id;
use serde_json::json;

use super::{evening, id, pantry, refuge};
use crate::support::{Demo, fact};

fact! {
    async fn a_search_stands_in_another_website_as_a_frame_or_a_fragment(app) {
        app.import(format!("{}\n{}\n", pantry(), refuge())).await;
        app.follow().await;
        let framed = app.get("/embed/services?need=food-affordable&title=Food").await;
        let text = framed.text();
        assert!(framed.header("content-security-policy").contains("frame-ancestors *"));
        assert!(framed.header("set-cookie").is_empty() && !text.contains("<script"), "{text}");
        for part in ["<!DOCTYPE html>", "target=\"_top\"", "<h1>Food</h1>", "Meadow larder", "Checked on 2 November 2026", "As of 22 November 2026"] {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert!(text.contains(&format!("href=\"https://directory.luton.example.org/directory/services/{}\"", id("pantry"))), "{text}");
        let fragment = app.get("/embed/services?need=food-affordable&as=fragment").await;
        assert!(fragment.text().starts_with("<section class=\"fingerpost\" lang=\"en-GB\" dir=\"ltr\""), "a page in another language is around it: {}", fragment.text());
        assert_eq!(fragment.header("access-control-allow-origin"), "*");
    }
}

fact! {
    async fn what_a_demonstration_shows_in_other_websites_says_that_it_is_made_up(app) {
        app.import(pantry().to_string()).await;
        app.follow().await;
        let demo = Demo(app.served.router(true));
        for path in [format!("/embed/services/{}", id("pantry")), "/embed/services?as=fragment".to_owned(), "/embed/events".to_owned()] {
            let text = demo.get(&path).await.text();
            assert!(text.contains("This is a demonstration. Every service, person and local phone number here is made up."), "{path}: {text}");
            assert!(!app.get(&path).await.text().contains("demonstration"), "{path}");
        }
    }
}

fact! {
    async fn listings_that_somebody_had_better_not_be_seen_reading_stand_in_no_other_website(app) {
        app.import(format!("{}\n{}\n", pantry(), refuge())).await;
        app.follow().await;
        for path in ["/embed/services?search=rowan".to_owned(), "/embed/services".to_owned()] {
            let text = app.get(&path).await.text();
            assert!(!text.contains("Rowan"), "{path}: {text}");
        }
        for path in [format!("/embed/services/{}", id("refuge")), format!("/embed/organizations/{}", id("rowan"))] {
            assert_eq!(app.get(&path).await.status, 403, "{path}");
            let framed = app.page(&path).await;
            assert_eq!((framed.status.as_u16(), framed.header("content-type")), (403, "text/html; charset=utf-8"));
            assert!(framed.text().contains("so that nobody can see who reads it.") && framed.text().contains("href=\"https://directory.luton.example.org/\""), "{}", framed.text());
        }
        assert!(app.get(&format!("/embed/organizations/{}", id("marsh farm"))).await.text().contains("Meadow larder"));
        assert!(app.get(&format!("/embed/services/{}", id("pantry"))).await.text().contains("Meadow larder"));
    }
}

fact! {
    async fn an_event_of_a_quiet_service_stands_in_no_other_website_either(app) {
        app.import(format!("{}\n{}\n{}\n", pantry(), refuge(), evening())).await;
        app.follow().await;
        assert!(app.page(&format!("/directory/events/{}", id("evening"))).await.text().contains("Evening for you"));
        for path in ["/embed/events".to_owned(), "/embed/services".to_owned(), format!("/embed/organizations/{}", id("marsh farm"))] {
            let text = app.get(&path).await.text();
            assert!(text.contains("class=\"fingerpost\"") && !text.contains("Evening for you"), "{path}: {text}");
        }
        for path in [format!("/embed/events/{}", id("evening")), format!("/embed/services/{}", projected_service_id(id("evening")))] {
            assert_eq!(app.get(&path).await.status, 403, "{path}");
        }
    }
}

fact! {
    async fn what_is_on_within_seven_days_stands_in_another_website_the_next_first(app) {
        let event = |name: &str, day: &str| json!({"kind": "event", "document": {
            "id": id(name), "organization_id": id("marsh farm"), "name": name, "status": "scheduled", "timezone": "Europe/London",
            "start": format!("{day}T10:00:00"), "end": format!("{day}T12:00:00")}});
        let events = [event("Seed swap", "2026-11-28"), event("Baby signing", "2026-11-24"), event("Panto", "2026-12-12"), event("Harvest", "2026-10-01")];
        app.import([pantry().to_string(), events.map(|event| event.to_string()).join("\n")].join("\n")).await;
        app.follow().await;
        let text = app.get("/embed/events").await.text();
        let at = |name: &str| text.find(name);
        assert!(at("Baby signing").is_some() && at("Baby signing") < at("Seed swap"), "{text}");
        assert!(at("Panto").is_none() && at("Harvest").is_none() && !text.contains("Nothing is listed here now"), "{text}");
    }
}

fact! {
    async fn bad_filters_of_a_part_are_named(app) {
        for (query, named) in [("most=0", "most"), ("most=x", "most"), ("near=here", "near"), ("need=a&need=b", "need")] {
            let answer = app.get(&format!("/embed/services?{query}")).await;
            assert_eq!(answer.status, 400, "{query}");
            assert!(answer.text().contains(named), "{query}: {}", answer.text());
        }
        assert_eq!(app.get("/embed/services/nothing").await.status, 404);
        assert_eq!(app.get("/embed/events?postcode=LU1").await.status, 400, "nobody knows where it is");
    }
}
