//! What the council asks, refuses and looks at again; the queue as a whole; how good the directory is.

use fingerpost::identity::PlatformRole;

use super::{id, public, with_pantry};
use crate::support::{TestApp, browser::Browser, fact, sink::Sink};

pub(super) const AMINA: &str = "amina@lark-hill.example.org";

/// Another moderator than the first.
pub(super) async fn second_moderator(app: &TestApp) -> Browser<'_> {
    let email = "second@council.example.org";
    let identity = app.app().identity();
    let tx = identity.write().await.unwrap();
    identity.give_role(&tx, &email.parse().unwrap(), Some(PlatformRole::Moderator)).await.unwrap();
    tx.commit().await.unwrap();
    Browser::signed_in(app, email).await
}

fact! {
    async fn a_group_declares_and_only_an_officer_says_that_it_was_seen(app) {
        with_pantry(&app).await;
        let amina = Browser::keeper(&app, AMINA, id("marsh farm")).await;
        let path = format!("/account/listings/{}/declarations", id("marsh farm"));
        let page = amina.open(&path).await;
        assert!(page.text().contains("Public liability insurance") && page.text().contains("/directory/listing-policy"), "{}", page.text());
        assert!(!page.text().contains("name=\"seen-0\""), "what was seen is not theirs to say");
        let told = amina.submit(&page, &path, &[("declared-0", "2027-06-01")]).await;
        assert!(told.text().contains("The date must not be in the future"), "{}", told.text());
        // What they send beside the form counts for nothing.
        let sent = amina.submit(&page, &path, &[("declared-0", "2026-03-01"), ("seen-0", "2026-03-02")]).await;
        assert!(sent.text().contains("A moderator will check it"), "{}", sent.text());
        let waiting = app.app().records.waiting(None, None, 10).await.unwrap();
        assert!(waiting[0].document.contains("declared_on") && !waiting[0].document.contains("seen_on"), "{}", waiting[0].document);
        let moderator = Browser::officer(&app, PlatformRole::Moderator).await;
        let change = format!("/moderation/changes/{}", waiting[0].id);
        let decide = moderator.open(&change).await;
        moderator.submit(&decide, &change, &[("do", "decide")]).await;
        let page = moderator.open(&path).await;
        moderator.submit(&page, &path, &[("seen-0", "2026-11-20")]).await;
        app.follow().await;
        let expected = "Safeguarding policy: declared from 1 March 2026; seen by Luton directory on 20 November 2026";
        for page in [format!("/directory/organisations/{}", id("marsh farm")), format!("/directory/services/{}", id("pantry"))] {
            let text = app.page(&page).await.text();
            assert!(text.contains(expected) && text.contains("A listing is not an endorsement."), "{page}: {text}");
        }
        let organisation = app.get(&format!("/organizations/{}", id("marsh farm"))).await.json();
        assert_eq!(organisation["declarations"][0]["seen_on"], "2026-11-20");
    }
}

fact! {
    async fn a_program_of_a_group_cannot_say_that_something_was_seen(app) {
        use fingerpost::{editing::{Error, Submission, Write}, identity::{Actor, Scope}, model::Document};
        with_pantry(&app).await;
        let editing = app.app().editing(&crate::support::PUBLIC_URL.parse().unwrap());
        let actor = Actor::token(id("a token"), id("marsh farm"), Scope::Write);
        let sight = editing.look(&actor, id("marsh farm")).await.unwrap();
        let mut document: serde_json::Value = serde_json::from_str(&sight.document.to_json()).unwrap();
        document["declarations"] = serde_json::json!([{"id": id("x"), "name": "Insurance", "seen_on": "2026-01-01"}]);
        let document = Document::from_value(sight.stored.kind, document).unwrap();
        let write = Write { document, expected_revision: Some(sight.stored.kept.revision) };
        let refused = editing.submit(&actor, Submission { writes: vec![write], why: "a test".to_owned(), ..Submission::default() }).await;
        assert!(matches!(refused, Err(Error::Unfit(_))), "{refused:?}");
    }
}

fact! {
    async fn the_council_writes_what_is_to_be_declared(app) {
        with_pantry(&app).await;
        let moderator = Browser::officer(&app, PlatformRole::Moderator).await;
        let path = "/moderation/declarations";
        let page = moderator.open(path).await;
        let told = moderator.submit(&page, path, &[("names", &"x".repeat(200))]).await;
        assert!(told.text().contains("href=\"#names\""), "{}", told.text());
        moderator.submit(&page, path, &[("names", "First aid certificate\n\nFirst aid certificate\nFood hygiene rating")]).await;
        let amina = Browser::keeper(&app, AMINA, id("marsh farm")).await;
        let page = amina.open(&format!("/account/listings/{}/declarations", id("marsh farm"))).await;
        assert_eq!(page.text().matches("First aid certificate").count(), 1);
        assert!(page.text().contains("Food hygiene rating") && !page.text().contains("Public liability"), "{}", page.text());
        assert_eq!(amina.open(path).await.status, 403);
    }
}

/// A new name for the pantry that a moderator has refused; the id of the change.
pub(super) async fn refused(app: &TestApp, amina: &Browser<'_>, moderator: &Browser<'_>) -> String {
    let path = format!("/account/listings/{}/about", id("pantry"));
    let page = amina.open(&path).await;
    amina.submit(&page, &path, &[("name", "Lark Hill larder"), ("do", "save")]).await;
    let change = app.app().records.waiting(None, None, 10).await.unwrap()[0].id.to_string();
    let path = format!("/moderation/changes/{change}");
    let page = moderator.open(&path).await;
    moderator
        .submit(&page, &path, &[("refuse-name", "yes"), ("reason-name", "Nobody knows it by this name."), ("do", "decide")])
        .await;
    change
}

fact! {
    async fn a_refusal_is_looked_at_again_by_somebody_else(app) {
        with_pantry(&app).await;
        let amina = Browser::keeper(&app, AMINA, id("marsh farm")).await;
        let first = Browser::officer(&app, PlatformRole::Moderator).await;
        let second = second_moderator(&app).await;
        let change = refused(&app, &amina, &first).await;
        let own = format!("/account/changes/{change}");
        let page = amina.open(&own).await;
        let told = amina.submit(&page, &own, &[("appeal", ""), ("do", "appeal")]).await;
        assert!(told.text().contains("href=\"#appeal\""), "{}", told.text());
        let asked = amina.submit(&page, &own, &[("appeal", "We changed it in May: see the sign."), ("do", "appeal")]).await;
        assert!(asked.text().contains("Someone else will look at it"), "{}", asked.text());
        assert_eq!(amina.submit_only(&page, &own, &[("appeal", "Again!"), ("do", "appeal")]).await.status, 403, "once");
        // It stands in the queue of the other one only.
        let path = format!("/moderation/appeals/{change}");
        assert!(!first.open("/moderation").await.text().contains(&path));
        assert!(second.open("/moderation").await.text().contains(&path));
        let page = second.open(&path).await;
        for said in ["We changed it in May", "Nobody knows it by this name.", "Second review: Meadow larder", "Lark"] {
            assert!(page.text().contains(said), "{said}: {}", page.text());
        }
        let told = second.submit(&page, &path, &[("answer", ""), ("do", "again")]).await;
        assert!(told.text().contains("href=\"#answer\""));
        second.submit(&page, &path, &[("answer", "The sign says so, too."), ("do", "again")]).await;
        let decide = format!("/moderation/changes/{change}");
        let page = second.open(&decide).await;
        second.submit(&page, &decide, &[("do", "decide")]).await;
        assert_eq!(public(&app, "pantry").await["name"], "Lark Hill larder");
        let sink = Sink::start().await;
        sink.mailer(&app).send_due().await.unwrap();
        assert!(sink.received().iter().any(|letter| letter.text().contains("The sign says so, too.")));
        let stranger = Browser::signed_in(&app, "stranger@example.org").await;
        assert_eq!(stranger.open(&path).await.status, 403);
        // What was decided is forgotten in time.
        let editing = app.app().editing(&fingerpost::app::public_url(&app.app().config, app.app().config.listen));
        let proposal = change.parse().unwrap();
        assert!(editing.appeal_of(proposal).await.unwrap().is_some());
        app.app().clock.set(app.app().clock.now() + chrono::TimeDelta::days(4_000));
        let here = fingerpost::app::public_url(&app.app().config, app.app().config.listen);
        assert_eq!(fingerpost::jobs::retention(app.app(), &here).await.unwrap().appeals, 1);
        assert!(editing.appeal_of(proposal).await.unwrap().is_none());
    }
}

/// Changes that touch nothing risky and wait for a decision, as a followed directory under review makes them.
async fn harmless(app: &TestApp, fees: &str) -> uuid::Uuid {
    use fingerpost::{
        model::Document,
        records::{Caller, Draft, Entrance},
    };
    let stored = app.app().records.find(id("pantry")).await.unwrap().unwrap();
    let mut draft = Draft::new(stored.read().unwrap());
    let Document::Service(service) = &mut draft.document else { panic!() };
    service.fees_description = Some(fees.to_owned());
    let caller = Caller { name: "a neighbour".to_owned(), why: "it changed there".to_owned(), entrance: Entrance::Feed };
    let tx = app.app().db.write().await.unwrap();
    app.app().records.propose(&tx, &caller, vec![draft]).await.unwrap();
    tx.commit().await.unwrap();
    app.app().records.waiting(None, None, 10).await.unwrap()[0].id
}

fact! {
    async fn what_is_ticked_is_accepted_and_what_has_moved_is_not(app) {
        with_pantry(&app).await;
        let change = harmless(&app, "£5 a visit").await.to_string();
        let moderator = Browser::officer(&app, PlatformRole::Moderator).await;
        let queue = moderator.open("/moderation").await;
        assert!(queue.text().contains("Accept the ticked changes") && queue.text().contains("id=\"keys-on\""), "{}", queue.text());
        let nothing = moderator.submit(&queue, "/moderation", &[("do", "ticked")]).await;
        assert!(nothing.text().contains("0 changes are published"), "{}", nothing.text());
        // The source changes its mind while somebody looks.
        harmless(&app, "£50 a visit").await;
        let told = moderator.submit(&queue, "/moderation", &[("+ticked", &change), ("do", "ticked")]).await;
        assert!(told.text().contains("1 change has been edited since you looked, or cannot be accepted like this, and still waits for a decision on its own page"), "{}", told.text());
        assert_ne!(public(&app, "pantry").await["fees_description"], "£50 a visit");
        let done = moderator.submit(&told, "/moderation", &[("do", "all")]).await;
        assert!(done.text().contains("1 change is published"), "{}", done.text());
        assert_eq!(public(&app, "pantry").await["fees_description"], "£50 a visit");
    }
}

fact! {
    async fn what_is_risky_is_never_accepted_in_bulk(app) {
        with_pantry(&app).await;
        let amina = Browser::keeper(&app, AMINA, id("marsh farm")).await;
        let path = format!("/account/listings/{}/about", id("pantry"));
        let page = amina.open(&path).await;
        amina.submit(&page, &path, &[("name", "Cheap loans"), ("do", "save")]).await;
        let risky = app.app().records.waiting(None, None, 10).await.unwrap()[0].clone();
        let moderator = Browser::officer(&app, PlatformRole::Moderator).await;
        let seen = format!("1:{}", risky.version());
        let name = format!("seen-{}", risky.id);
        let ticked = risky.id.to_string();
        let queue = moderator.open("/moderation").await;
        let forged = moderator.submit(&queue, "/moderation", &[(&name, &seen), ("+ticked", &ticked), ("do", "ticked")]).await;
        assert!(forged.text().contains("cannot be accepted like this, and still waits for a decision on its own page"), "{}", forged.text());
        assert_eq!(public(&app, "pantry").await["name"], "Meadow larder");
    }
}

fact! {
    async fn an_officer_confirms_several_at_once_and_says_how(app) {
        with_pantry(&app).await;
        app.app().records.refresh_freshness().await.unwrap();
        let collector = Browser::officer(&app, PlatformRole::Collector).await;
        let path = "/moderation/checks";
        let page = collector.open(path).await;
        assert!(page.text().contains("Meadow larder") && page.text().contains("Rowan House"), "{}", page.text());
        let (pantry, refuge) = (id("pantry").to_string(), id("refuge").to_string());
        let told = collector.submit(&page, path, &[("+listing", &pantry), ("+listing", &refuge)]).await;
        assert!(told.text().contains("Choose how you know"), "{}", told.text());
        let done = collector.submit(&told, path, &[("how", "visit")]).await;
        assert!(done.text().contains("2 listings are confirmed"), "{}", done.text());
        let checks = app.app().records.checks(id("pantry")).await.unwrap();
        assert_eq!(checks[0].how, fingerpost::records::How::Visit);
        assert_eq!(public(&app, "pantry").await["assured_date"], "2026-11-22");
        let amina = Browser::keeper(&app, AMINA, id("marsh farm")).await;
        assert_eq!(amina.open(path).await.status, 403);
    }
}

fact! {
    async fn the_quality_board_counts_by_category_and_can_be_taken_along(app) {
        app.fixtures().await;
        app.app().records.refresh_freshness().await.unwrap();
        let moderator = Browser::officer(&app, PlatformRole::Moderator).await;
        let page = moderator.open("/moderation/quality").await;
        let text = page.text();
        assert!(text.contains("All listings") && text.contains("<th scope=\"row\""), "{text}");
        let table = moderator.open("/moderation/quality.csv").await;
        assert_eq!(table.header("content-type"), "text/csv; charset=utf-8");
        let table = table.text();
        let mut lines = table.lines();
        assert_eq!(lines.next().unwrap(), "Category,Listings,\"Checked within 90 days, %\",Expiring within 30 days,\"Complete, %\",No answer to three reminders,Email undeliverable,No editor");
        let all: Vec<&str> = lines.next().unwrap().split(',').collect();
        assert_eq!((all[0], all[2]), ("All listings", "0"), "an import is no check: {table}");
        let services: usize = all[1].parse().unwrap();
        assert!(services > 50 && lines.count() > 10, "{table}");
        let complete: usize = all[4].parse().unwrap();
        assert!((30..=100).contains(&complete), "{complete}");
        let stranger = Browser::signed_in(&app, "stranger@example.org").await;
        assert_eq!(stranger.open("/moderation/quality.csv").await.status, 403);
    }
}
