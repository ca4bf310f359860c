//! Two people at the same moment.

use std::{net::IpAddr, time::Duration};

use fingerpost::{
    editing::Judgement,
    identity::{Email, MemberRole, PlatformRole, Secret},
    model::{Document, LocationPolicy},
    records::{Draft, LastModified, State},
};
use serde_json::json;

use super::{id, with_pantry};
use crate::support::{TestApp, browser::Browser, fact};

fact! {
    async fn an_edit_and_a_decision_that_meet_do_not_wait_for_each_other(app) {
        with_pantry(&app).await;
        let amina = Browser::keeper(&app, "amina@lark-hill.example.org", id("marsh farm")).await;
        let _moderator = Browser::officer(&app, PlatformRole::Moderator).await;
        let identity = app.app().identity();
        let editing = app.app().editing(&crate::support::PUBLIC_URL.parse().unwrap());
        let person = identity.person_at(&"moderator@council.example.org".parse().unwrap()).await.unwrap().unwrap();
        let moderator = fingerpost::identity::Actor::person(person.id, person.role, Vec::new());
        let path = format!("/account/listings/{}/about", id("pantry"));
        for round in 0..8 {
            let page = amina.open(&path).await;
            let name = format!("The larder {round}");
            amina.submit_only(&page, &path, &[("name", &name), ("do", "save")]).await;
            let waiting = app.app().records.waiting(None, None, 10).await.unwrap().remove(0);
            let standing = app.app().records.find(id("pantry")).await.unwrap().unwrap();
            let page = amina.open(&path).await;
            let again = format!("The pantry {round}");
            let judgement = Judgement { revision: standing.kept.revision, version: waiting.version(), ..Judgement::default() };
            let with = [("name", again.as_str()), ("do", "save")];
            let edit = amina.submit_only(&page, &path, &with);
            let decide = editing.decide(&moderator, waiting.id, judgement);
            let both = tokio::time::timeout(Duration::from_secs(20), async { tokio::join!(edit, decide) });
            let (edited, decided) = Box::pin(both).await.expect("neither waits for ever");
            // One was quicker: the other is told so, and nobody that the directory is out of order.
            assert!(edited.status.as_u16() < 500, "round {round}: {}", edited.text());
            if let Err(error) = decided {
                let problem = fingerpost::http::Problem::from(error);
                assert!(problem.status < 500, "round {round}: {problem:?}");
            }
        }
    }
}

fact! {
    async fn of_two_who_save_at_the_same_moment_one_is_told_and_nothing_is_lost(app) {
        with_pantry(&app).await;
        let amina = Browser::keeper(&app, "amina@lark-hill.example.org", id("marsh farm")).await;
        let ben = Browser::keeper(&app, "ben@lark-hill.example.org", id("marsh farm")).await;
        let path = format!("/account/listings/{}/cost", id("pantry"));
        for round in 0..8 {
            let (first, second) = (amina.open(&path).await, ben.open(&path).await);
            let costs = [format!("£{round}"), format!("£{round} and tea")];
            let saved = costs.each_ref().map(|cost| [("free", "no"), ("cost", cost.as_str()), ("do", "save")]);
            let (a, b) = tokio::join!(
                amina.submit_only(&first, &path, &saved[0]),
                ben.submit_only(&second, &path, &saved[1]),
            );
            let mut statuses = [a.status.as_u16(), b.status.as_u16()];
            statuses.sort_unstable();
            assert_eq!(statuses, [303, 409], "round {round}: {} {}", a.text(), b.text());
            let won = usize::from(b.status.as_u16() == 303);
            let stands = app.app().records.find(id("pantry")).await.unwrap().unwrap().document;
            assert!(stands.contains(&format!("\"{}\"", costs[won])), "round {round}: {stands}");
            let lost = [&a, &b][1 - won].text();
            assert!(lost.contains(&costs[1 - won]), "their words are still there: {lost}");
        }
    }
}

fact! {
    async fn of_a_save_and_an_import_at_the_same_moment_neither_undoes_the_other(app) {
        with_pantry(&app).await;
        let amina = Browser::keeper(&app, "amina@lark-hill.example.org", id("marsh farm")).await;
        let path = format!("/account/listings/{}/cost", id("pantry"));
        let mut listing = crate::facts::pantry();
        listing["organization"]["email"] = json!("hello@lark-hill.example.org");
        for round in 0..6 {
            let page = amina.open(&path).await;
            listing["description"] = json!(format!("From the feed, {round}."));
            let cost = format!("£{round} a visit");
            let with = [("free", "no"), ("cost", cost.as_str()), ("do", "save")];
            let (saved, _) = tokio::join!(amina.submit_only(&page, &path, &with), app.import(listing.to_string()));
            assert!(matches!(saved.status.as_u16(), 303 | 409), "{}", saved.text());
            let stands = app.app().records.find(id("pantry")).await.unwrap().unwrap().document;
            assert_eq!(stands.contains(&cost), saved.status == 303, "round {round}: {stands}");
        }
    }
}

/// The pantry as somebody saves it who says that it is closed today.
async fn closed_today(app: &TestApp) -> Draft {
    let stored = app.app().records.find(id("pantry")).await.unwrap().unwrap();
    let mut draft = Draft::new(stored.read().unwrap());
    let Document::Service(service) = &mut draft.document else { panic!("{stored:?}") };
    service.alert = Some("Closed today".to_owned());
    draft
}

/// What becomes of something that begins when a draft has been saved, and ends when that has been committed.
async fn while_saving<T>(app: &TestApp, draft: Draft, other: impl Future<Output = T>) -> T {
    let tx = app.app().db.write().await.unwrap();
    app.app().records.save(&tx, &TestApp::person("a save"), vec![draft], &LastModified::new()).await.unwrap();
    let commit = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        tx.commit().await.unwrap();
    };
    Box::pin(async { tokio::join!(other, commit) }).await.0
}

fact! {
    async fn a_listing_is_hidden_whatever_somebody_saves_at_that_moment(app) {
        with_pantry(&app).await;
        let moderator = Browser::officer(&app, PlatformRole::Moderator).await;
        let path = format!("/moderation/records/{}", id("pantry"));
        let page = moderator.open(&path).await;
        let with = [("do", "hide"), ("reason", "A complaint about safety")];
        let draft = closed_today(&app).await;
        let hidden = while_saving(&app, draft, moderator.submit_only(&page, &path, &with)).await;
        assert_eq!(hidden.status, 303, "{}", hidden.text());
        let now = app.app().records.find(id("pantry")).await.unwrap().unwrap();
        assert_eq!((now.state, now.kept.revision), (State::Unpublished, 3));
        assert!(now.document.contains("Closed today"), "nor is what was saved lost: {}", now.document);
        app.follow().await;
        assert_eq!(app.get(&format!("/services/{}", id("pantry"))).await.status, 410);
    }
}

fact! {
    async fn what_somebody_saves_while_a_contact_is_erased_is_not_undone(app) {
        with_pantry(&app).await;
        let erase = async {
            let tx = app.app().db.write().await.unwrap();
            app.app().records.erase_contact(&tx, &TestApp::person("asked"), id("pantry"), id("desk")).await.unwrap();
            tx.commit().await.unwrap();
        };
        let draft = closed_today(&app).await;
        Box::pin(while_saving(&app, draft, erase)).await;
        let now = app.app().records.find(id("pantry")).await.unwrap().unwrap().document;
        assert!(now.contains("Closed today") && !now.contains("desk@"), "{now}");
    }
}

fact! {
    async fn a_version_of_a_place_that_is_saved_while_a_link_withholds_it_is_in_its_history(app) {
        with_pantry(&app).await;
        let records = app.app().records.clone();
        let mut hall = Draft::new(records.find(id("centre")).await.unwrap().unwrap().read().unwrap());
        let Document::Location(place) = &mut hall.document else { panic!("a place") };
        place.name = Some("Gorse Hall".to_owned());
        let mut withholding = closed_today(&app).await;
        let Document::Service(service) = &mut withholding.document else { panic!("a service") };
        service.service_at_locations[0].location_policy = Some(LocationPolicy::Withheld);
        let withhold = async {
            records.save_now(&TestApp::person("it is not safe"), vec![withholding], &LastModified::new()).await.unwrap();
        };
        Box::pin(while_saving(&app, hall, withhold)).await;
        let versions = records.history(id("centre")).await.unwrap();
        assert_eq!(versions.iter().map(|version| version.kept.revision).collect::<Vec<_>>(), [1, 2, 3]);
        assert!(versions.iter().all(|version| !version.document.contains("Gorse Close")), "{versions:?}");
    }
}

fact! {
    async fn an_invitation_that_is_withdrawn_at_that_moment_lets_nobody_in(app) {
        with_pantry(&app).await;
        let identity = app.app().identity();
        let email: Email = "next@example.org".parse().unwrap();
        let tx = identity.write().await.unwrap();
        let invitation = identity.invite(&tx, id("marsh farm"), &email, MemberRole::Editor, "person:1").await.unwrap();
        let next = identity.welcome(&tx, &email).await.unwrap();
        tx.commit().await.unwrap();
        let withdrawing = identity.write().await.unwrap();
        identity.withdraw_invitation(&withdrawing, id("marsh farm"), invitation.id).await.unwrap();
        let accept = async {
            let tx = identity.write().await.unwrap();
            let accepted = identity.accept_invitation(&tx, &next, invitation.id, true).await;
            tx.commit().await.unwrap();
            accepted
        };
        let withdraw = async {
            tokio::time::sleep(Duration::from_millis(500)).await;
            withdrawing.commit().await.unwrap();
        };
        let (accepted, ()) = Box::pin(async { tokio::join!(accept, withdraw) }).await;
        assert!(accepted.is_err(), "{accepted:?}");
        assert!(identity.members(id("marsh farm")).await.unwrap().is_empty());
    }
}

fact! {
    async fn of_links_that_are_asked_for_at_the_same_moment_each_counts(app) {
        let identity = app.app().identity();
        let email: Email = "amina@lark-hill.example.org".parse().unwrap();
        let client: IpAddr = "192.0.2.7".parse().unwrap();
        let ask = async || {
            let tx = identity.write().await.unwrap();
            let made = identity.ask_for_link(&tx, &email, &Secret::new(), "", client).await.unwrap();
            (tx, usize::from(made.is_some()))
        };
        let mut made = 0;
        for _ in 0..4 {
            let (first, one) = ask().await;
            let second = async {
                let (tx, one) = ask().await;
                tx.commit().await.unwrap();
                one
            };
            let end = async {
                tokio::time::sleep(Duration::from_millis(200)).await;
                first.commit().await.unwrap();
            };
            made += one + Box::pin(async { tokio::join!(second, end) }).await.0;
        }
        assert_eq!(made, 5, "of eight within an hour");
    }
}

fact! {
    async fn of_two_who_claim_at_once_one_leads_and_the_other_waits(app) {
        with_pantry(&app).await;
        let emails = ["amina@lark-hill.example.org", "ben@lark-hill.example.org", "cara@lark-hill.example.org"];
        let identity = app.app().identity();
        let editing = app.app().editing(&crate::support::PUBLIC_URL.parse().unwrap());
        let mut people = Vec::new();
        for email in emails {
            let tx = identity.write().await.unwrap();
            people.push(identity.welcome(&tx, &email.parse().unwrap()).await.unwrap());
            tx.commit().await.unwrap();
        }
        let claims = people.iter().map(|person| {
            let (editing, person) = (editing.clone(), person.clone());
            tokio::spawn(async move {
                let actor = fingerpost::identity::Actor::person(person.id, None, Vec::new());
                editing.claim(&actor, &person, id("marsh farm"), "").await
            })
        });
        for claim in claims.collect::<Vec<_>>() {
            claim.await.unwrap().unwrap();
        }
        let members = identity.members(id("marsh farm")).await.unwrap();
        assert_eq!(members.len(), 1, "{members:?}");
        assert_eq!(identity.waiting_claims().await.unwrap().len(), 2);
    }
}

fact! {
    async fn many_decisions_at_once_do_not_starve_each_other_of_connections(app) {
        with_pantry(&app).await;
        let identity = app.app().identity();
        let editing = app.app().editing(&crate::support::PUBLIC_URL.parse().unwrap());
        let mut all = Vec::new();
        for number in 0..24 {
            let (identity, editing) = (identity.clone(), editing.clone());
            all.push(tokio::spawn(async move {
                let email = format!("person{number}@elsewhere.example").parse().unwrap();
                let tx = identity.write().await.unwrap();
                let person = identity.welcome(&tx, &email).await.unwrap();
                tx.commit().await.unwrap();
                let actor = fingerpost::identity::Actor::person(person.id, None, Vec::new());
                editing.claim(&actor, &person, id("marsh farm"), "").await.map(drop)
            }));
        }
        for one in all {
            let done = tokio::time::timeout(Duration::from_secs(25), one).await.expect("nobody waits for ever").unwrap();
            done.unwrap();
        }
    }
}

fact! {
    async fn what_was_taken_out_for_good_is_not_said_to_wait(app) {
        with_pantry(&app).await;
        let amina = Browser::keeper(&app, "amina@lark-hill.example.org", id("marsh farm")).await;
        let proof = amina.open("/account").await.text();
        let proof = proof.split("name=\"form\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
        let cookie = format!("__Host-session={}", amina.cookie("__Host-session").unwrap());
        let stored = app.app().records.find(id("centre")).await.unwrap().unwrap();
        let etag = format!("\"{}\"", stored.kept.revision);
        let headers = [("cookie", cookie.as_str()), ("x-form-token", proof.as_str()), ("if-match", etag.as_str())];
        let change = async |body: serde_json::Value| {
            let answer = app.ask(http::Method::PATCH, &format!("/api/v1/records/{}", id("centre")), &headers, &body.to_string()).await;
            assert!(answer.status.is_success(), "{}", answer.text());
            answer.json()
        };
        let is_there = async |proposal: &str| app.ask(http::Method::GET, proposal, &headers[..1], "").await.status.as_u16();
        let waits = change(json!({"name": "Somewhere else"})).await["proposals"][0].as_str().unwrap().to_owned();
        assert_eq!(is_there(&waits).await, 200);
        // What is taken out for good takes along what waits, also what came with it.
        let told = change(json!({"location_policy": "withheld", "name": "Somewhere else"})).await;
        assert_eq!((&told["status"], &told["proposed"], &told["proposals"]), (&json!("published"), &json!([]), &json!([])), "{told}");
        assert_eq!((is_there(&waits).await, app.app().records.waiting(None, None, 10).await.unwrap().len()), (404, 0));
        let stands = app.app().records.find(id("centre")).await.unwrap().unwrap().document;
        assert!(stands.contains("withheld") && !stands.contains("Somewhere else"), "{stands}");
    }
}

fact! {
    async fn a_program_of_somebody_who_has_agreed_to_nothing_writes_nothing(app) {
        with_pantry(&app).await;
        let identity = app.app().identity();
        let tx = identity.write().await.unwrap();
        let person = identity.welcome(&tx, &"amina@lark-hill.example.org".parse().unwrap()).await.unwrap();
        identity.add_member(&tx, id("marsh farm"), person.id, fingerpost::identity::MemberRole::Lead).await.unwrap();
        let new = fingerpost::identity::NewToken {
            name: "a program".to_owned(), organisation: id("marsh farm"), scope: fingerpost::identity::Scope::Write,
            person: Some(person.id), life: chrono::Duration::days(90),
        };
        let (secret, _) = identity.make_token(&tx, new).await.unwrap();
        tx.commit().await.unwrap();
        let token = format!("Bearer {}", secret.as_str());
        let body = json!({"fees_description": "£5"}).to_string();
        let path = format!("/api/v1/records/{}", id("pantry"));
        let headers = [("authorization", token.as_str()), ("if-match", "\"1\"")];
        let refused = app.ask(http::Method::PATCH, &path, &headers, &body).await;
        assert_eq!(refused.status, 403);
        assert!(refused.text().contains("terms for contributors"), "{}", refused.text());
        assert_eq!(app.ask(http::Method::GET, &path, &headers, "").await.status, 200, "reading is another thing");
        let mut person = person;
        person.terms_at = Some(app.clock.now());
        let tx = identity.write().await.unwrap();
        identity.keep_person(&tx, &person).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(app.ask(http::Method::PATCH, &path, &headers, &body).await.status, 200);
    }
}
