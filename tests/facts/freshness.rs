//! Freshness: when listings were checked, who is asked about them, and what follows when nobody answers.

mod links;
mod simulation;

use chrono::TimeDelta;
use fingerpost::{
    identity::{Email, Identity, MemberRole, PersonId, PlatformRole},
    jobs,
    quality::{self, Quality, Reminded},
    records::How,
};
use http::Method;
use serde_json::json;
use url::Url;
use uuid::Uuid;

use super::{id, listings, pantry};
use crate::support::{
    PUBLIC_URL, TestApp,
    browser::Browser,
    fact, noon,
    sink::{Act, At, Received, Sink},
};

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

fn here() -> Url {
    PUBLIC_URL.parse().unwrap()
}

fn quality_of(app: &TestApp) -> Quality {
    app.app().quality(&here())
}

fn days_later(app: &TestApp, days: i64) {
    app.clock.set(noon() + TimeDelta::days(days));
}

/// What the server does every quarter of an hour.
async fn look(app: &TestApp) -> (usize, Reminded) {
    let done = jobs::freshness(app.app(), &here()).await.unwrap();
    app.follow().await;
    done
}

async fn service(app: &TestApp, name: &str) -> serde_json::Value {
    app.get(&format!("/services/{}", id(name))).await.json()
}

/// Somebody who keeps the organisation of the listings.
async fn member(app: &TestApp, email: &str, role: MemberRole) -> PersonId {
    let identity: Identity = app.app().identity();
    let tx = app.app().db.write().await.unwrap();
    let person = identity.welcome(&tx, &email.parse::<Email>().unwrap()).await.unwrap();
    identity.add_member(&tx, id("marsh farm"), person.id, role).await.unwrap();
    tx.commit().await.unwrap();
    person.id
}

/// The letters that came since the last look, by mailbox.
async fn post(app: &TestApp, sink: &Sink, seen: &mut usize) -> Vec<Received> {
    sink.mailer(app).send_due().await.unwrap();
    let all = sink.received();
    let mut new: Vec<Received> = all[*seen..].to_vec();
    *seen = all.len();
    new.sort_by(|a, b| a.to.cmp(&b.to));
    new
}

fn to(letters: &[Received]) -> Vec<&str> {
    letters.iter().map(|letter| letter.to[0].as_str()).collect()
}

fact! {
    async fn a_check_stands_apart_from_editing_and_an_import_is_none(app) {
        app.import(pantry().to_string()).await;
        look(&app).await;
        assert_eq!(service(&app, "pantry").await["assured_date"], "2026-11-02", "what came with it, until somebody here checks it");
        days_later(&app, 30);
        let mut again = pantry();
        again["assured_date"] = json!("2026-12-20");
        app.import(again.to_string()).await;
        let [fresh] = &app.app().records.freshness().await.unwrap()[..] else { panic!("one service") };
        assert_eq!((fresh.checked_at, fresh.days(app.clock.now())), (None, 30), "nobody here has checked it");
        let before = app.app().records.find(id("pantry")).await.unwrap().unwrap();
        let checked = quality_of(&app).confirm(&[id("pantry"), id("marsh farm"), Uuid::nil()], "person:7", How::Phone).await.unwrap();
        app.follow().await;
        assert_eq!(checked, [id("pantry")], "organisations are not checked, and what is not there is not either");
        assert_eq!(service(&app, "pantry").await["assured_date"], "2026-12-22");
        let after = app.app().records.find(id("pantry")).await.unwrap().unwrap();
        assert_eq!(after.kept.revision, before.kept.revision, "it gets in nobody's way who is editing");
        let checks = app.app().records.checks(id("pantry")).await.unwrap();
        assert_eq!((checks.len(), checks[0].how, checks[0].by.as_str()), (1, How::Phone, "person:7"));
        // A later import says something else: it is our check that counts now.
        again["assured_date"] = json!("2027-06-01");
        again["description"] = json!("Choose about twelve items.");
        app.import(again.to_string()).await;
        let told = service(&app, "pantry").await;
        assert_eq!((told["assured_date"].as_str(), told["description"].as_str()), (Some("2026-12-22"), Some("Choose about twelve items.")));
        // Nor does an edit count as a check.
        days_later(&app, 60);
        app.edit(id("pantry"), |document| if let fingerpost::model::Document::Service(doc) = document { doc.description = Some("Another text.".to_owned()) }).await;
        assert_eq!(service(&app, "pantry").await["assured_date"], "2026-12-22");
        assert_eq!(app.get("/services?checked_since=2026-12-22").await.json()["total_items"], 1);
        assert_eq!(app.get("/services?checked_since=2026-12-23").await.json()["total_items"], 0);
    }
}

fact! {
    async fn what_nobody_checks_is_labelled_then_left_out_of_the_search_and_comes_back(app) {
        app.import(pantry().to_string()).await;
        look(&app).await;
        let page = app.page(&format!("/directory/services/{}", id("pantry"))).await.text();
        assert!(page.contains("Checked on 2 November 2026."), "as its source says: {page}");
        let found = async || app.ask(Method::POST, "/directory/search", &[FORM], "q=larder").await.text().contains("1 result");
        let feed = async || app.get("/federation/v1/changes").await.text();
        for (days, word, is_found) in [
            (119, None, true),
            (120, Some("needs_checking"), true),
            (179, Some("needs_checking"), true),
            (180, Some("unconfirmed"), false),
            (5000, Some("unconfirmed"), false),
        ] {
            days_later(&app, days);
            look(&app).await;
            assert_eq!(service(&app, "pantry").await["freshness"].as_str(), word, "after {days} days");
            assert_eq!(found().await, is_found, "after {days} days");
            assert_eq!(feed().await.contains("needs_checking") || feed().await.contains("unconfirmed"), word.is_some(), "in the feed after {days} days");
            assert_eq!(app.get("/services").await.json()["total_items"], 1, "the API keeps it, with its mark");
            let page = app.page(&format!("/directory/services/{}", id("pantry"))).await.text();
            assert_eq!(page.contains("Needs checking"), word.is_some(), "on its page after {days} days");
            assert_eq!(look(&app).await.0, 0, "looking twice changes nothing");
        }
        quality_of(&app).confirm(&[id("pantry")], "person:7", How::Owner).await.unwrap();
        app.follow().await;
        assert_eq!(service(&app, "pantry").await.get("freshness"), None);
        assert_eq!(service(&app, "pantry").await["checked_how"], "owner");
        let page = app.page(&format!("/directory/services/{}", id("pantry"))).await.text();
        assert!(page.contains("Confirmed by the group on "), "{page}");
        assert!(found().await);
        // A clock that was wrong does no lasting harm.
        days_later(&app, 5200);
        look(&app).await;
        days_later(&app, 5001);
        assert_eq!(look(&app).await.0, 1);
        assert_eq!(service(&app, "pantry").await.get("freshness"), None);
    }
}

fact! {
    async fn a_word_that_comes_in_from_outside_is_not_ours(app) {
        let mut told = pantry();
        told["freshness"] = json!("unconfirmed");
        app.import(told.to_string()).await;
        look(&app).await;
        let shown = service(&app, "pantry").await;
        assert_eq!((&shown["name"], shown.get("freshness")), (&json!("Meadow larder"), None));
    }
}

fact! {
    async fn one_letter_asks_about_everything_that_somebody_keeps(app) {
        let sink = Sink::start().await;
        let mut seen = 0;
        app.import(listings(&["Larder", "Kitchen", "Garden"])).await;
        member(&app, "lead@lark-hill.example.org", MemberRole::Lead).await;
        member(&app, "editor@lark-hill.example.org", MemberRole::Editor).await;
        look(&app).await;
        days_later(&app, 10);
        quality_of(&app).confirm(&[id("Garden")], "person:7", How::Visit).await.unwrap();
        days_later(&app, 74);
        assert_eq!(look(&app).await.1, Reminded::default());
        days_later(&app, 75);
        assert_eq!(look(&app).await.1, Reminded { letters: 1, listings: 3 }, "what is due in a fortnight is taken along");
        assert_eq!(look(&app).await.1, Reminded::default(), "once");
        let letters = post(&app, &sink, &mut seen).await;
        assert_eq!(to(&letters), ["lead@lark-hill.example.org"]);
        assert_eq!(letters[0].header("Subject").unwrap(), "Are your 3 listings still correct?");
        let text = letters[0].text().split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(text.contains("* Larder (not checked for 75 days)") && text.contains("* Garden (last checked 65 days ago)"), "{text}");
        assert!(text.contains("it will be marked as needing to be checked from 22 March 2027") && text.contains("From 21 May 2027 it will be left out of searches"), "{text}");
        days_later(&app, 85);
        assert_eq!(look(&app).await.1, Reminded::default(), "the garden was asked about already");
        // From the second on everybody who keeps them is asked.
        days_later(&app, 90);
        assert_eq!(look(&app).await.1.letters, 2);
        assert_eq!(to(&post(&app, &sink, &mut seen).await), ["editor@lark-hill.example.org", "lead@lark-hill.example.org"]);
        // An answer ends it.
        quality_of(&app).confirm(&[id("Larder"), id("Kitchen"), id("Garden")], "person:7", How::Owner).await.unwrap();
        for days in 91..165 {
            days_later(&app, days);
            assert_eq!(look(&app).await.1, Reminded::default(), "on day {days}");
        }
        days_later(&app, 165);
        assert_eq!(look(&app).await.1, Reminded { letters: 1, listings: 3 });
    }
}

fact! {
    async fn whoever_answers_nothing_gets_a_letter_on_each_day_of_the_schedule_and_is_rung_up_after_three(app) {
        app.import(listings(&["Larder"])).await;
        member(&app, "lead@lark-hill.example.org", MemberRole::Lead).await;
        look(&app).await;
        let unanswered = async || {
            let owned = quality::owned(&app.app().records, &app.app().identity()).await.unwrap();
            quality_of(&app).board(&owned).await.unwrap()[0].unanswered
        };
        let mut written_on = Vec::new();
        for days in 1..200 {
            days_later(&app, days);
            if look(&app).await.1.letters > 0 {
                written_on.push((days, unanswered().await));
            }
        }
        assert_eq!(written_on, [(75, 0), (90, 0), (104, 1), (118, 1)]);
    }
}

fact! {
    async fn the_board_counts_what_will_be_marked_or_left_out_within_a_month_unless_somebody_checks_it(app) {
        app.import(listings(&["Larder", "Garden"])).await;
        look(&app).await;
        days_later(&app, 50);
        quality_of(&app).confirm(&[id("Garden")], "person:7", How::Visit).await.unwrap();
        let expiring = async || {
            let owned = quality::owned(&app.app().records, &app.app().identity()).await.unwrap();
            quality_of(&app).board(&owned).await.unwrap()[0].expiring
        };
        // Marked after 120 days, left out after 180; the garden fifty days later.
        for (days, wanted) in [(89, 0), (90, 1), (119, 1), (120, 0), (139, 0), (140, 1), (150, 2), (180, 0), (200, 1), (230, 0)] {
            days_later(&app, days);
            look(&app).await;
            assert_eq!(expiring().await, wanted, "after {days} days");
        }
        days_later(&app, 90);
        look(&app).await;
        let collector = Browser::officer(&app, PlatformRole::Collector).await;
        let table = collector.open("/moderation/quality.csv").await.text();
        assert!(table.starts_with("Category,Listings,\"Checked within 90 days, %\",Expiring within 30 days,"), "{table}");
        assert!(table.contains("All listings,2,50,1,"), "{table}");
        quality_of(&app).confirm(&[id("Larder")], "person:7", How::Phone).await.unwrap();
        assert_eq!(expiring().await, 0);
    }
}

fact! {
    async fn what_has_closed_is_asked_about_no_more(app) {
        let closed = listings(&["Larder"]).replace("\"active\"", "\"inactive\"");
        app.import(format!("{closed}\n{}", listings(&["Kitchen"]))).await;
        member(&app, "lead@lark-hill.example.org", MemberRole::Lead).await;
        look(&app).await;
        days_later(&app, 75);
        assert_eq!(look(&app).await.1, Reminded { letters: 1, listings: 1 }, "of two one has closed");
        let open = listings(&["Kitchen"]).replace("\"active\"", "\"defunct\"");
        app.import(open).await;
        days_later(&app, 91);
        assert_eq!(look(&app).await.1, Reminded::default());
    }
}

fact! {
    async fn runs_that_were_missed_and_processes_side_by_side_make_no_letter_too_many(app) {
        let sink = Sink::start().await;
        let mut seen = 0;
        app.import(listings(&["Larder", "Kitchen"])).await;
        member(&app, "lead@lark-hill.example.org", MemberRole::Lead).await;
        look(&app).await;
        // Nothing ran for four months: one letter, not four.
        days_later(&app, 130);
        let owned = quality::owned(&app.app().records, &app.app().identity()).await.unwrap();
        let (a, b, c) = (quality_of(&app), quality_of(&app), quality_of(&app));
        let (a, b, c) = tokio::join!(a.remind(&owned), b.remind(&owned), c.remind(&owned));
        assert_eq!(a.unwrap().letters + b.unwrap().letters + c.unwrap().letters, 1);
        let letters = post(&app, &sink, &mut seen).await;
        assert_eq!(to(&letters), ["lead@lark-hill.example.org"]);
        assert!(letters[0].text().contains("It is already marked as needing to be checked."), "{}", letters[0].text());
        days_later(&app, 20);
        assert_eq!(look(&app).await.1, Reminded::default(), "a clock that goes back asks nobody");
        days_later(&app, 131);
        assert_eq!(look(&app).await.1, Reminded::default());
    }
}

fact! {
    async fn a_mailbox_that_is_gone_is_passed_by(app) {
        let sink = Sink::start().await;
        let mut seen = 0;
        app.import(listings(&["Larder"])).await;
        member(&app, "lead@lark-hill.example.org", MemberRole::Lead).await;
        member(&app, "editor@lark-hill.example.org", MemberRole::Editor).await;
        look(&app).await;
        days_later(&app, 75);
        look(&app).await;
        sink.then([Act::Say(At::Rcpt, "550 5.1.1 no such mailbox")]);
        assert_eq!(post(&app, &sink, &mut seen).await.len(), 0);
        assert_eq!(look(&app).await.1.letters, 1, "then another one is asked, at once");
        assert_eq!(to(&post(&app, &sink, &mut seen).await), ["editor@lark-hill.example.org"]);
    }
}

fact! {
    async fn a_council_that_gives_listings_more_time_says_so_on_their_pages(app) {
        app.config.label_days = 365;
        app.config.hide_days = 0;
        app.restart().await;
        app.import(pantry().to_string()).await;
        for (days, fresh) in [(200, true), (344, true), (400, false)] {
            days_later(&app, days);
            look(&app).await;
            let page = app.page(&format!("/directory/services/{}", id("pantry"))).await.text();
            assert_eq!(page.contains("Checked on 2 November 2026"), fresh, "after {days} days: {page}");
            assert_eq!(page.contains("Needs checking"), !fresh, "after {days} days: {page}");
        }
    }
}
