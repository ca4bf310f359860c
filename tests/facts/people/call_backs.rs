//! Calling back about protected listings: which number, whom, when; and who reads it.

use std::process::Output;

use fingerpost::{
    editing::{Error, Submission, Write},
    identity::{Actor, PlatformRole, Scope},
    model::Document,
    records::Draft,
    safekeeping,
};
use http::Method;
use serde_json::{Value, json};

use super::{
    api::{record, send, token},
    id, public, with_pantry,
};
use crate::support::{Answer, PUBLIC_URL, TestApp, browser::Browser, fact, sink::Sink};

const KNOWN: &str = "0808 157 0114";
const NEW: &str = "0808 157 0199";

/// Somebody at the refuge proposes another number; the id of the change.
pub(super) async fn proposed(app: &TestApp) -> String {
    with_pantry(app).await;
    let token = token(app, id("rowan"), Scope::Write).await;
    let change = json!({"phones": [{"id": id("helpline"), "number": NEW}]});
    let said = send(app, Method::PATCH, &record("refuge"), &token, "\"1\"", &change).await;
    assert_eq!(said.status, 202, "{}", said.text());
    app.app().records.waiting(None, None, 10).await.unwrap()[0].id.to_string()
}

async fn number(app: &TestApp) -> Value {
    public(app, "refuge").await["phones"][0]["number"].clone()
}

/// Fill in the page of a change.
pub(super) async fn decide(moderator: &Browser<'_>, path: &str, with: &[(&str, &str)]) -> Answer {
    let page = moderator.open(path).await;
    let with: Vec<(&str, &str)> = with.iter().copied().chain([("do", "decide")]).collect();
    moderator.submit(&page, path, &with).await
}

/// The program, beside the directory.
fn fingerpost(app: &TestApp, arguments: &[&str]) -> Output {
    app.command(arguments).output().unwrap()
}

fact! {
    async fn a_moderator_says_which_known_number_they_phoned_and_only_moderators_read_it(app) {
        let change = proposed(&app).await;
        let path = format!("/moderation/changes/{change}");
        let moderator = Browser::officer(&app, PlatformRole::Moderator).await;
        let page = moderator.open(&path).await.text();
        let choice = format!("name=\"called_back.number\" value=\"{KNOWN}\"");
        assert!(page.contains(&choice) && page.contains("the published number of Rowan House"), "{page}");
        assert!(!page.contains(&format!("value=\"{NEW}\"")), "what a change brings cannot be chosen: {page}");
        for (with, anchor) in [
            (vec![], "#called_back.number"),
            (vec![("called_back.number", NEW)], "#called_back.number"),
            (vec![("called_back.number", "none")], "#called_back.otherwise"),
            (vec![("called_back.number", KNOWN), ("called_back.at", "2026-11-22T12:01")], "#called_back.at"),
            (vec![("called_back.number", KNOWN), ("called_back.at", "2026-11-22T11:59")], "#called_back.at"),
        ] {
            let mut with = with;
            with.extend([("called_back.spoke_to", "the duty manager"), ("words", "Thank you")]);
            let told = decide(&moderator, &path, &with).await.text();
            assert!(told.contains(&format!("href=\"{anchor}\"")), "{with:?}: {told}");
            assert!(told.contains("value=\"the duty manager\"") && told.contains("Thank you"), "nothing is lost: {told}");
        }
        assert_eq!(number(&app).await, KNOWN);
        let with = [("called_back.number", KNOWN), ("called_back.spoke_to", "the duty manager"), ("called_back.at", "2026-11-22T12:00")];
        decide(&moderator, &path, &with).await;
        assert_eq!(number(&app).await, NEW);

        let said = "alled back on 0808 157 0114, spoke to the duty manager";
        let history = format!("/account/listings/{}/history", id("refuge"));
        let keeper = Browser::keeper(&app, "office@rowan.example.org", id("rowan")).await;
        let reader = Browser::officer(&app, PlatformRole::Reader).await;
        for path in [&path, &history, "/moderation/audit"] {
            assert!(moderator.open(path).await.text().contains(said), "{path}: {}", moderator.open(path).await.text());
            assert!(!reader.open(path).await.text().contains("duty manager"), "{path}");
        }
        assert!(reader.open("/moderation/audit").await.text().contains(">call back</td>"), "that there was one is no secret");
        for path in [history, format!("/account/changes/{change}"), format!("/account/listings/{}", id("refuge"))] {
            let page = keeper.open(&path).await;
            assert!(page.status == 200 && !page.text().contains("duty manager"), "{path}: {}", page.text());
        }
        let sink = Sink::start().await;
        sink.mailer(&app).send_due().await.unwrap();
        assert!(sink.received().iter().all(|letter| !letter.text().contains("duty manager")));
        for path in ["/services?full=true", "/federation/v1/changes", "/organizations"] {
            assert!(!app.get(path).await.text().contains("duty manager"), "{path}");
        }
    }
}

fact! {
    async fn where_no_number_was_known_another_way_is_explained(app) {
        let mut refuge = crate::facts::refuge();
        refuge.as_object_mut().unwrap().remove("phones");
        app.import(refuge.to_string()).await;
        let token = token(&app, id("rowan"), Scope::Write).await;
        let change = json!({"phones": [{"id": id("helpline"), "number": NEW}]});
        send(&app, Method::PATCH, &record("refuge"), &token, "\"1\"", &change).await;
        let change = app.app().records.waiting(None, None, 10).await.unwrap()[0].id;
        let path = format!("/moderation/changes/{change}");
        let moderator = Browser::officer(&app, PlatformRole::Moderator).await;
        let page = moderator.open(&path).await.text();
        assert!(page.contains("we had no phone number for it") && !page.contains("type=\"radio\""), "{page}");
        let told = decide(&moderator, &path, &[("called_back.number", NEW)]).await.text();
        assert!(told.contains("is not a number that we already had"), "{told}");
        let told = decide(&moderator, &path, &[]).await.text();
        assert!(told.contains("href=\"#called_back.otherwise\""), "{told}");
        decide(&moderator, &path, &[("called_back.otherwise", "I met their manager at the town hall.")]).await;
        assert_eq!(number(&app).await, NEW);
        let history = moderator.open(&format!("/account/listings/{}/history", id("refuge"))).await.text();
        assert!(history.contains("No known number was called; made sure in another way: I met their manager at the town hall."), "{history}");
    }
}

fact! {
    async fn over_the_api_a_call_back_is_the_same(app) {
        let change = proposed(&app).await;
        let path = format!("/api/v1/proposals/{change}");
        let moderator = Browser::officer(&app, PlatformRole::Moderator).await;
        let page = moderator.open("/account/profile").await.text();
        let proof = page.split("name=\"form\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
        let cookie = format!("__Host-session={}", moderator.cookie("__Host-session").unwrap());
        let headers = [("cookie", cookie.as_str()), ("x-form-token", &proof)];
        let shown = app.ask(Method::GET, &path, &headers, "").await.json();
        assert_eq!(shown["known_numbers"], json!([{"number": KNOWN, "of": "Rowan House"}]));
        let decide = async |called_back: Value| {
            let body = json!({"decision": "accept", "revision": shown["revision"], "version": shown["version"], "called_back": called_back});
            app.ask(Method::POST, &path, &headers, &body.to_string()).await
        };
        for (called_back, field) in [
            (Value::Null, "called_back.number"),
            (json!({"number": NEW}), "called_back.number"),
            (json!({"number": KNOWN, "otherwise": "And I went there."}), "called_back.otherwise"),
            (json!({"number": KNOWN, "at": "2026-11-22T11:58:00Z"}), "called_back.at"),
            (json!({"number": KNOWN, "at": "2026-11-22T12:00:01Z"}), "called_back.at"),
        ] {
            let refused = decide(called_back.clone()).await;
            assert_eq!((refused.status.as_u16(), &refused.json()["faults"][0]["field"]), (422, &json!(field)), "{called_back}");
        }
        assert_eq!(number(&app).await, KNOWN);
        let done = decide(json!({"number": "+448081570114", "spoke_to": "the duty manager"})).await.json();
        assert_eq!(number(&app).await, NEW);
        assert_eq!(done["called_back"]["way"], json!({"number": KNOWN}), "{done}");
        assert_eq!((&done["called_back"]["spoke_to"], &done["called_back"]["revision"]), (&json!("the duty manager"), &json!(2)));
        // Its author does not read it.
        let theirs = token(&app, id("rowan"), Scope::Write).await;
        let shown = send(&app, Method::GET, &path, &theirs, "", &Value::Null).await;
        assert!(shown.status == 200 && !shown.text().contains("duty manager") && !shown.text().contains("known_numbers"), "{}", shown.text());
    }
}

fact! {
    async fn the_command_asks_for_a_known_number_too(app) {
        let change = proposed(&app).await;
        let _moderator = Browser::officer(&app, PlatformRole::Moderator).await;
        let by = ["--by", "moderator@council.example.org"];
        let shown = fingerpost(&app, &["proposal", "show", &change]);
        let shown: Value = serde_json::from_slice(&shown.stdout).unwrap();
        assert_eq!(shown["known_numbers"][0]["number"], KNOWN);
        let accept = |more: &[&str]| fingerpost(&app, &[&["proposal", "accept", &change, by[0], by[1]], more].concat());
        for (more, said) in [
            (&[][..], "say which number you phoned"),
            (&["--called", NEW], "is not a number that we already had"),
            (&["--called", KNOWN, "--called-at", "2026-11-22T09:00"], "must not be before the change was proposed"),
        ] {
            let refused = accept(more);
            let told = String::from_utf8_lossy(&refused.stderr).into_owned();
            assert_eq!(refused.status.code(), Some(2), "{more:?}: {told}");
            assert!(told.contains(said) && told.contains(KNOWN), "{more:?}: {told}");
        }
        assert_eq!(number(&app).await, KNOWN);
        let done = accept(&["--called", KNOWN, "--spoke-to", "the duty manager"]);
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        assert_eq!(number(&app).await, NEW);
        let history = fingerpost(&app, &["record", "history", &id("refuge").to_string()]);
        let history: Value = serde_json::from_slice(&history.stdout).unwrap();
        assert_eq!(history[1]["called_back"]["way"], json!({"number": KNOWN}), "{history}");
    }
}

fact! {
    async fn what_a_neighbour_changes_of_a_protected_listing_needs_a_call_on_the_server_as_well(app) {
        with_pantry(&app).await;
        let _moderator = Browser::officer(&app, PlatformRole::Moderator).await;
        let records = &app.app().records;
        let mut document = records.find(id("refuge")).await.unwrap().unwrap().read().unwrap();
        let Document::Service(service) = &mut document else { panic!() };
        service.alert = Some("Ring another number".to_owned());
        let draft = Draft { origin: "https://neighbour.example.org/".to_owned(), ..Draft::new(document) };
        let tx = app.app().db.write().await.unwrap();
        records.propose(&tx, &TestApp::person("pulled"), vec![draft]).await.unwrap();
        tx.commit().await.unwrap();
        let change = records.waiting(None, None, 10).await.unwrap()[0].id.to_string();
        for (more, said) in [
            (&[][..], "it is about a protected listing: say who decides"),
            (&["--by", "moderator@council.example.org"], "say which number you phoned"),
        ] {
            let refused = fingerpost(&app, &[&["proposal", "accept", &change], more].concat());
            let told = String::from_utf8_lossy(&refused.stderr).into_owned();
            assert_eq!(refused.status.code(), Some(2), "{more:?}: {told}");
            assert!(told.contains(said), "{more:?}: {told}");
        }
        assert!(public(&app, "refuge").await["alert"].is_null());
        let refused = fingerpost(&app, &["proposal", "reject", &change]);
        assert!(refused.status.success(), "to refuse it nobody has to call: {}", String::from_utf8_lossy(&refused.stderr));
        assert_eq!(records.waiting(None, None, 10).await.unwrap(), []);
    }
}

fact! {
    async fn an_officer_who_edits_a_protected_listing_or_restores_it_has_called_first(app) {
        with_pantry(&app).await;
        let moderator = Browser::officer(&app, PlatformRole::Moderator).await;
        let path = format!("/account/listings/{}/contact", id("refuge"));
        let page = moderator.open(&path).await;
        let told = moderator.submit(&page, &path, &[("phone", NEW), ("do", "save")]).await;
        assert!(told.text().contains("href=\"#called_back.number\"") && told.text().contains(NEW), "{}", told.text());
        let saved = [("phone", NEW), ("called_back.number", KNOWN), ("called_back.spoke_to", "the duty manager"), ("do", "save")];
        moderator.submit(&page, &path, &saved).await;
        assert_eq!(number(&app).await, NEW);
        let history = format!("/account/listings/{}/history", id("refuge"));
        let page = moderator.open(&history).await;
        assert!(page.text().contains("Called back on 0808 157 0114"), "{}", page.text());
        // Back again: by now the other number is the one that was known.
        let told = moderator.submit(&page, &history, &[("revision", "1"), ("called_back.number", KNOWN)]).await;
        assert!(told.text().contains("href=\"#called_back.number\""), "{}", told.text());
        moderator.submit(&page, &history, &[("revision", "1"), ("called_back.number", NEW)]).await;
        assert_eq!(number(&app).await, KNOWN);
        // A hidden one is known by the number that it had.
        let hide = format!("/moderation/records/{}", id("refuge"));
        moderator.submit(&moderator.open(&hide).await, &hide, &[("do", "hide"), ("reason", "They asked.")]).await;
        let page = moderator.open(&hide).await;
        let told = moderator.submit(&page, &hide, &[("do", "show"), ("reason", "They asked.")]).await;
        assert!(told.text().contains("href=\"#called_back.number\""), "{}", told.text());
        moderator.submit(&page, &hide, &[("do", "show"), ("reason", "They asked."), ("called_back.number", KNOWN)]).await;
        assert_eq!(number(&app).await, KNOWN);
    }
}

fact! {
    async fn what_was_changed_while_nobody_saw_it_comes_to_light_only_with_a_call(app) {
        with_pantry(&app).await;
        let moderator = Browser::officer(&app, PlatformRole::Moderator).await;
        let hide = format!("/moderation/records/{}", id("refuge"));
        moderator.submit(&moderator.open(&hide).await, &hide, &[("do", "hide"), ("reason", "Somebody reads their letters.")]).await;
        // Whoever has their mailbox changes the number where nobody sees it.
        let thief = Browser::keeper(&app, "office@rowan.example.org", id("rowan")).await;
        let listing = format!("/account/listings/{}", id("refuge"));
        let contact = format!("{listing}/contact");
        thief.submit(&thief.open(&contact).await, &contact, &[("phone", NEW), ("do", "save")]).await;
        let page = moderator.open(&listing).await;
        assert!(!page.text().contains("/send\"") && page.text().contains(&format!("href=\"{hide}\"")), "{}", page.text());
        let page = page.text();
        let token = page.split("name=\"form\" value=\"").nth(1).unwrap().split('"').next().unwrap();
        let sent = moderator.post(&format!("{listing}/send"), PUBLIC_URL.trim_end_matches('/'), &[("form", token)]).await;
        assert_eq!(sent.header("location"), hide);
        // Nor by any other door.
        let identity = app.app().identity();
        let tx = identity.write().await.unwrap();
        let person = identity.welcome(&tx, &"moderator@council.example.org".parse().unwrap()).await.unwrap();
        tx.commit().await.unwrap();
        let actor = Actor::person(person.id, person.role, Vec::new());
        let editing = app.app().editing(&PUBLIC_URL.parse().unwrap());
        let sight = editing.look(&actor, id("refuge")).await.unwrap();
        let mut document = sight.document;
        let Document::Service(service) = &mut document else { panic!() };
        let monday = json!({"id": id("mondays"), "freq": "WEEKLY", "byday": "MO", "opens_at": "09:00", "closes_at": "17:00"});
        (service.fees_description, service.schedules) = (Some("Free".to_owned()), vec![serde_json::from_value(monday).unwrap()]);
        let write = Write { expected_revision: Some(sight.stored.kept.revision), document };
        let submission = Submission { writes: vec![write], publish: true, slips_are_meant: true, ..Submission::default() };
        let refused = editing.submit(&actor, submission).await.unwrap_err();
        assert!(matches!(refused, Error::NeedsCallBack(_)), "{refused}");
        app.follow().await;
        assert_eq!(app.get(&format!("/services/{}", id("refuge"))).await.status, 410);
        // The number that was known is the one to ring.
        let form = moderator.open(&hide).await;
        let told = moderator.submit(&form, &hide, &[("do", "show"), ("reason", "Over."), ("called_back.number", NEW)]).await;
        assert!(told.text().contains("href=\"#called_back.number\""), "{}", told.text());
    }
}

fact! {
    async fn an_officer_begins_a_listing_for_a_protected_organisation_and_calls_before_it_is_seen(app) {
        with_pantry(&app).await;
        let moderator = Browser::officer(&app, PlatformRole::Moderator).await;
        let new = format!("/account/organisations/{}/services/new", id("rowan"));
        let page = moderator.open(&new).await;
        let made = moderator.submit_only(&page, &new, &[("name", "Somebody to talk to"), ("description", "We listen."), ("terms", "yes")]).await;
        let listing = made.header("location").split("/listings/").nth(1).unwrap()[..36].to_owned();
        let contact = format!("/account/listings/{listing}/contact");
        let saved = moderator.submit_only(&moderator.open(&contact).await, &contact, &[("phone", NEW), ("do", "save")]).await;
        assert_eq!(saved.status, 303, "{}", saved.text());
        app.follow().await;
        assert_eq!(app.get(&format!("/services/{listing}")).await.status, 404);
        let show = format!("/moderation/records/{listing}");
        let form = moderator.open(&show).await;
        let told = moderator.submit(&form, &show, &[("do", "show"), ("reason", "New.")]).await;
        assert!(told.text().contains("href=\"#called_back.number\""), "{}", told.text());
        moderator.submit(&form, &show, &[("do", "show"), ("reason", "New."), ("called_back.number", KNOWN)]).await;
        app.follow().await;
        assert_eq!(app.get(&format!("/services/{listing}")).await.status, 200);
    }
}

fact! {
    async fn what_was_said_of_a_call_is_in_backups_is_erased_on_request_and_goes_with_the_audit_trail(app) {
        let change = proposed(&app).await;
        let path = format!("/moderation/changes/{change}");
        let moderator = Browser::officer(&app, PlatformRole::Moderator).await;
        let with = [("called_back.number", KNOWN), ("called_back.spoke_to", "Winifred Ogundipe-Larkspur")];
        decide(&moderator, &path, &with).await;
        let editing = app.app().editing(&PUBLIC_URL.parse().unwrap());
        let calls = async || editing.calls_of(id("refuge")).await.unwrap();
        assert_eq!((calls().await.len(), calls().await[0].revision), (1, Some(2)));
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("before.backup");
        safekeeping::backup(&app.app().records, &file).await.unwrap();
        let tx = app.app().db.write().await.unwrap();
        editing.tidy_calls(&tx, app.clock.now() + chrono::TimeDelta::days(1)).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(calls().await, []);
        safekeeping::restore(&app.app().records, &file, app.folder.path()).await.unwrap();
        app.follow().await;
        assert_eq!(calls().await[0].called.spoke_to, "Winifred Ogundipe-Larkspur");

        app.edit(id("refuge"), |document| {
            let fingerpost::model::Document::Service(service) = document else { panic!() };
            service.alert = Some("Ask for Winifred Ogundipe-Larkspur".to_owned());
        }).await;
        let words = fingerpost::editing::Theirs::Words("Winifred Ogundipe-Larkspur".to_owned());
        editing.erase_as("a moderator", None, id("refuge"), &words, "asked by letter").await.unwrap();
        assert_eq!(calls().await[0].called.spoke_to, "[removed]");
        app.clock.set(app.clock.now() + chrono::TimeDelta::days(1_100));
        let here = PUBLIC_URL.parse().unwrap();
        assert_eq!(fingerpost::jobs::retention(app.app(), &here).await.unwrap().calls, 1);
        assert_eq!(calls().await, []);
    }
}

fact! {
    async fn words_of_a_call_are_found_and_erased_though_the_listing_has_none_of_them(app) {
        const NAME: &str = "Winifred Ogundipe-Larkspur";
        let change = proposed(&app).await;
        let moderator = Browser::officer(&app, PlatformRole::Moderator).await;
        let with = [("called_back.number", "none"), ("called_back.otherwise", "Winifred Ogundipe-Larkspur came by"), ("called_back.spoke_to", NAME)];
        decide(&moderator, &format!("/moderation/changes/{change}"), &with).await;
        let listed = fingerpost(&app, &["record", "find-person", NAME]);
        let listed: Value = serde_json::from_slice(&listed.stdout).unwrap();
        assert_eq!((&listed["words"], &listed["calls"][0]["record"]), (&json!([]), &json!(id("refuge"))), "{listed}");
        let page = moderator.open("/moderation/erase").await;
        let found = moderator.submit(&page, "/moderation/erase", &[("q", NAME), ("do", "find")]).await;
        assert!(found.text().contains("In what was said of calls") && found.text().contains("came by"), "{}", found.text());
        let (record, reason) = (id("refuge").to_string(), format!("reason-{}", id("refuge")));
        let fields = [("q", NAME), ("record", record.as_str()), (&reason, "asked by letter"), ("do", "words")];
        let done = moderator.submit(&page, "/moderation/erase", &fields).await;
        assert!(done.text().contains("Erased. Followers"), "{}", done.text());
        app.app().db.sweep_now().await.unwrap();
        assert_eq!(app.files_with("Ogundipe"), Vec::<String>::new());
        let editing = app.app().editing(&PUBLIC_URL.parse().unwrap());
        assert_eq!(editing.calls_of(id("refuge")).await.unwrap()[0].called.spoke_to, "[removed]", "that there was a call stays");
        assert_eq!(number(&app).await, NEW);
        // What was never said is not erased.
        assert!(editing.calls_with(NAME).await.unwrap().is_empty());
        let again = moderator.submit(&page, "/moderation/erase", &fields).await;
        assert!(!again.text().contains("Erased. Followers"), "{}", again.text());
    }
}

fact! {
    async fn a_command_that_shows_something_of_a_protected_listing_asks_for_a_call_too(app) {
        with_pantry(&app).await;
        let (refuge, contact) = (id("refuge").to_string(), id("manager").to_string());
        app.edit(id("refuge"), |document| {
            let fingerpost::model::Document::Service(service) = document else { panic!() };
            service.contacts = vec![serde_json::from_value(json!({"id": contact, "name": "Duty manager", "visibility": "private"})).unwrap()];
        }).await;
        let run = |more: &[&str]| fingerpost(&app, &[&["record"], more].concat());
        let hidden = run(&["hide", &refuge, "--why", "they asked"]);
        assert!(hidden.status.success(), "hiding never waits: {}", String::from_utf8_lossy(&hidden.stderr));
        for command in [
            &["hide", &refuge, "--publish", "--why", "they asked"][..],
            &["confirm-contact", &refuge, &contact, "--why", "they agreed"],
            &["place", &refuge, "--policy", "exact", "--why", "they agreed"],
        ] {
            for (more, said) in [(&[][..], "say which number you phoned"), (&["--called", NEW], "is not a number that we already had")] {
                let refused = run(&[command, more].concat());
                let told = String::from_utf8_lossy(&refused.stderr).into_owned();
                assert_eq!(refused.status.code(), Some(2), "{command:?} {more:?}: {told}");
                assert!(told.contains(said) && told.contains(KNOWN), "{command:?}: {told}");
            }
        }
        let shown = run(&["hide", &refuge, "--publish", "--why", "they asked", "--called", KNOWN, "--spoke-to", "the duty manager"]);
        assert!(shown.status.success(), "{}", String::from_utf8_lossy(&shown.stderr));
        assert_eq!(number(&app).await, KNOWN);
        let calls = app.app().editing(&PUBLIC_URL.parse().unwrap()).calls_of(id("refuge")).await.unwrap();
        assert_eq!((calls.len(), calls[0].by.as_str(), calls[0].called.spoke_to.as_str()), (1, "command line", "the duty manager"));
        assert!(calls[0].revision.is_some());
        // What hides more needs no call, nor does a listing that is not protected.
        assert!(run(&["place", &refuge, "--policy", "withheld", "--why", "they asked"]).status.success());
        assert!(run(&["hide", &id("pantry").to_string(), "--why", "a mistake"]).status.success());
        let back = run(&["hide", &id("pantry").to_string(), "--publish", "--why", "a mistake"]);
        assert!(back.status.success(), "{}", String::from_utf8_lossy(&back.stderr));
    }
}
