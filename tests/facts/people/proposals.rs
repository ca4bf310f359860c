//! Proposing changes over HTTP: whatever they are, they wait.

use fingerpost::{
    identity::{PlatformRole, Scope},
    model::{Document, LocationPolicy},
    records::{Caller, Decision, Draft, Entrance},
};
use http::Method;
use serde_json::{Value, json};

use super::{
    api::{record, send, token},
    id, public, with_pantry,
};
use crate::support::{TestApp, browser::Browser, fact, sink::Sink};

const PROPOSALS: &str = "/api/v1/proposals";

/// How many proposals wait.
async fn waiting(app: &TestApp) -> usize {
    app.app().records.waiting(None, None, 10).await.unwrap().len()
}

/// The description of the organisation, as the world reads it.
async fn said_of_the_organisation(app: &TestApp) -> Value {
    app.follow().await;
    app.get(&format!("/organizations/{}", id("marsh farm"))).await.json()["description"].clone()
}

/// A change of the pantry's prices and one of its organisation, in one request.
fn two_changes() -> Value {
    json!({"why": "New prices from January", "changes": [
        {"record": id("pantry"), "revision": 1, "patch": {"fees_description": "£5 a visit"}},
        {"record": id("marsh farm"), "revision": 1, "patch": {"description": "Neighbours who feed each other."}},
    ]})
}

fact! {
    async fn what_a_program_proposes_waits_however_harmless_it_is(app) {
        with_pantry(&app).await;
        let token = token(&app, id("marsh farm"), Scope::Write).await;
        let change = json!({"record": id("pantry"), "revision": 1, "patch": {"fees_description": "£5 a visit"}});
        let said = send(&app, Method::POST, PROPOSALS, &token, "", &json!({"why": "New prices", "changes": [change]})).await;
        assert_eq!(said.status, 201, "{}", said.text());
        let address = said.header("location").to_owned();
        let expected = json!({
            "status": "proposed", "proposals": [address], "bundle": null,
            "proposed": [{"record": record("pantry"), "members": ["fees_description"]}],
        });
        assert_eq!(said.json(), expected);
        assert_eq!(public(&app, "pantry").await["fees_description"], "£4 a visit");
        let shown = send(&app, Method::GET, &address, &token, "", &Value::Null).await.json();
        assert_eq!((&shown["decision"], &shown["why"]), (&json!("waiting"), &json!("New prices")));
        let path = address.replace("/api/v1/proposals", "/moderation/changes");
        let moderator = Browser::officer(&app, PlatformRole::Moderator).await;
        moderator.submit(&moderator.open(&path).await, &path, &[("do", "decide")]).await;
        assert_eq!(public(&app, "pantry").await["fees_description"], "£5 a visit");
        // The same as a whole document. What is as it stands is no proposal.
        let mut document = send(&app, Method::GET, &record("pantry"), &token, "", &Value::Null).await.json()["document"].clone();
        let put = |document: &Value| json!({"changes": [{"record": id("pantry"), "revision": 2, "document": document}]});
        let same = send(&app, Method::POST, PROPOSALS, &token, "", &put(&document)).await;
        assert_eq!((same.status.as_u16(), same.json()["status"].as_str()), (200, Some("unchanged")), "{}", same.text());
        document["fees_description"] = json!("£6 a visit");
        let whole = send(&app, Method::POST, PROPOSALS, &token, "", &put(&document)).await;
        assert_eq!(whole.status, 201, "{}", whole.text());
        assert_eq!(public(&app, "pantry").await["fees_description"], "£5 a visit");
    }
}

fact! {
    async fn changes_proposed_in_one_request_are_decided_together(app) {
        with_pantry(&app).await;
        let _lead = Browser::keeper(&app, "lead@lark-hill.example.org", id("marsh farm")).await;
        let token = token(&app, id("marsh farm"), Scope::Write).await;
        let said = send(&app, Method::POST, PROPOSALS, &token, "", &two_changes()).await;
        assert_eq!((said.status.as_u16(), waiting(&app).await), (201, 2), "{}", said.text());
        let bundle = said.json()["bundle"].as_str().unwrap().to_owned();
        let moderator = Browser::officer(&app, PlatformRole::Moderator).await;
        let queue = moderator.open("/moderation").await.text();
        assert!(queue.contains("Changes of several records, decided together") && !queue.contains("New listing"), "{queue}");
        let path = format!("/moderation/listings/{bundle}");
        let page = moderator.open(&path).await;
        assert!(page.text().contains("Changes by") && page.text().contains("New prices from January"), "{}", page.text());
        moderator.submit(&page, &path, &[("reason", "Which prices?"), ("do", "refuse")]).await;
        assert_eq!(public(&app, "pantry").await["fees_description"], "£4 a visit");
        let again = send(&app, Method::POST, PROPOSALS, &token, "", &two_changes()).await;
        let path = format!("/moderation/listings/{}", again.json()["bundle"].as_str().unwrap());
        moderator.submit(&moderator.open(&path).await, &path, &[("do", "accept")]).await;
        assert_eq!(public(&app, "pantry").await["fees_description"], "£5 a visit");
        assert_eq!(said_of_the_organisation(&app).await, "Neighbours who feed each other.");
        let sink = Sink::start().await;
        sink.mailer(&app).send_due().await.unwrap();
        let letters: Vec<String> = sink.received().iter().map(crate::support::sink::Received::text).collect();
        for said in ["all of it: Which prices?", "Your change to Meadow larder is now in"] {
            assert!(letters.iter().any(|letter| letter.contains(said)), "{said}: {letters:?}");
        }
        assert!(!letters.iter().any(|letter| letter.contains("new listing")), "{letters:?}");
    }
}

fact! {
    async fn a_proposal_names_the_versions_that_it_was_made_against(app) {
        with_pantry(&app).await;
        let token = token(&app, id("marsh farm"), Scope::Write).await;
        let with = |revision: Value| {
            let mut all = two_changes();
            all["changes"][1]["revision"] = revision;
            all
        };
        for (revision, status) in [(Value::Null, 428), (json!(7), 412), (json!(0), 412)] {
            let answer = send(&app, Method::POST, PROPOSALS, &token, "", &with(revision)).await;
            assert_eq!(answer.status, status, "{}", answer.text());
            assert!(answer.json()["detail"].as_str().unwrap().contains(&id("marsh farm").to_string()), "{}", answer.text());
        }
        assert_eq!(waiting(&app).await, 0, "all or nothing");
        app.edit(id("marsh farm"), |document| {
            let fingerpost::model::Document::Organization(organisation) = document else { panic!() };
            "Changed meanwhile.".clone_into(&mut organisation.description);
        }).await;
        assert_eq!(send(&app, Method::POST, PROPOSALS, &token, "", &two_changes()).await.status, 412);
        assert_eq!(send(&app, Method::POST, PROPOSALS, &token, "", &with(json!(2))).await.status, 201);
    }
}

fact! {
    async fn what_cannot_be_proposed_is_refused(app) {
        with_pantry(&app).await;
        let (ours, reads) = (token(&app, id("marsh farm"), Scope::Write).await, token(&app, id("marsh farm"), Scope::Read).await);
        let theirs = token(&app, id("rowan"), Scope::Write).await;
        let fees = json!({"fees_description": "£5"});
        let of = |change: Value| json!({"changes": [change]});
        let good = of(json!({"record": id("pantry"), "revision": 1, "patch": fees}));
        let both = of(json!({"record": id("pantry"), "revision": 1, "patch": fees, "document": {}}));
        let neither = of(json!({"record": id("pantry"), "revision": 1}));
        let one = json!({"record": id("pantry"), "revision": 1, "patch": fees});
        let wrong = of(json!({"record": id("pantry"), "revision": 1, "patch": {"email": "not an address"}}));
        let steal = of(json!({"record": id("pantry"), "revision": 1, "patch": {"organization_id": id("rowan")}}));
        for (token, body, status) in [
            (&ours, json!({"changes": []}), 400),
            (&ours, json!({"changes": vec![&one; 51]}), 400),
            (&ours, json!({"changes": [one, one]}), 400),
            (&ours, json!([]), 400),
            (&ours, both, 400),
            (&ours, neither, 400),
            (&ours, wrong, 422),
            (&ours, steal, 403),
            (&reads, good.clone(), 403),
            (&theirs, good.clone(), 404),
        ] {
            let answer = send(&app, Method::POST, PROPOSALS, token, "", &body).await;
            assert_eq!(answer.status, status, "{body}: {}", answer.text());
        }
        assert_eq!(app.ask(Method::POST, PROPOSALS, &[], &good.to_string()).await.status, 401);
        assert_eq!(waiting(&app).await, 0);
    }
}

fact! {
    async fn what_an_officer_proposes_waits_like_anybody_elses(app) {
        with_pantry(&app).await;
        let officer = Browser::officer(&app, PlatformRole::Moderator).await;
        let page = officer.open("/account/profile").await.text();
        let proof = page.split("name=\"form\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
        let cookie = format!("__Host-session={}", officer.cookie("__Host-session").unwrap());
        let identity = app.app().identity();
        let tx = identity.write().await.unwrap();
        let mut person = identity.person_at(&"moderator@council.example.org".parse().unwrap()).await.unwrap().unwrap();
        person.terms_at = Some(app.clock.now());
        identity.keep_person(&tx, &person).await.unwrap();
        tx.commit().await.unwrap();
        // A protected listing, too: whoever decides calls back, not whoever proposes.
        let number = json!({"phones": [{"id": id("line"), "number": "0808 157 0199"}]});
        let body = json!({"changes": [{"record": id("refuge"), "revision": 1, "patch": number}]}).to_string();
        let headers = [("cookie", cookie.as_str()), ("x-form-token", &proof)];
        assert_eq!(app.ask(Method::POST, PROPOSALS, &headers[..1], &body).await.status, 403, "from a page of ours only");
        let said = app.ask(Method::POST, PROPOSALS, &headers, &body).await;
        assert_eq!((said.status.as_u16(), waiting(&app).await), (201, 1), "{}", said.text());
        assert_eq!(public(&app, "refuge").await["phones"][0]["number"], "0808 157 0114");
    }
}

fact! {
    async fn what_a_feed_proposed_stays_on_record_when_taking_it_takes_something_out_for_good(app) {
        with_pantry(&app).await;
        let records = app.app().records.clone();
        let mut draft = Draft::new(records.find(id("centre")).await.unwrap().unwrap().read().unwrap());
        let Document::Location(place) = &mut draft.document else { panic!("a place") };
        place.location_policy = Some(LocationPolicy::Withheld);
        let feed = Caller { name: "a feed".to_owned(), why: "fetched".to_owned(), entrance: Entrance::Feed };
        let tx = app.app().db.write().await.unwrap();
        assert_eq!(records.propose(&tx, &feed, vec![draft]).await.unwrap(), 1);
        tx.commit().await.unwrap();
        let proposal = records.waiting(None, None, 10).await.unwrap().remove(0);
        assert!(proposal.document.contains("Gorse Close"), "{}", proposal.document);
        let taken = records.accept(&TestApp::person("looked at"), &[proposal.id]).await.unwrap();
        assert!(taken.scrubbed, "{taken:?}");
        let kept = records.proposal(proposal.id).await.unwrap().expect("that it was decided is known");
        assert_eq!((kept.decision, kept.decided.unwrap().by.as_str()), (Decision::Accepted, "an officer"));
        assert!(!kept.document.contains("Gorse Close"), "{}", kept.document);
    }
}
