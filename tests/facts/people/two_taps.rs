//! What people see who tap twice, or whose form comes when it is over: what became of it, and no error.

use std::time::Duration;

use fingerpost::{
    db::Transaction,
    editing::{Submission, Write},
    identity::{Actor, ClaimState, Identity, MemberRole, NewToken, PlatformRole, Scope},
    model::Document,
};
use uuid::Uuid;

use super::{
    claims::latest_code,
    council::{AMINA, second_moderator},
    id, public, with_pantry,
};
use crate::support::{Answer, PUBLIC_URL, TestApp, browser::Browser, fact, sink::Sink};

const BEN: &str = "ben@lark-hill.example.org";

fn home() -> String {
    format!("/account/organisations/{}", id("marsh farm"))
}

/// How many letters to an address say this.
async fn letters(app: &TestApp, to: &str, said: &str) -> usize {
    let sink = Sink::start().await;
    sink.mailer(app).send_due().await.unwrap();
    let says = |text: String| text.split_whitespace().collect::<Vec<_>>().join(" ").contains(said);
    sink.received().iter().filter(|letter| letter.to == [to] && says(letter.text())).count()
}

/// Commit what the first of two taps does a moment after the second has begun.
async fn a_moment_later(first: Transaction) {
    tokio::time::sleep(Duration::from_millis(400)).await;
    first.commit().await.unwrap();
}

fact! {
    async fn of_two_tokens_that_are_made_at_the_same_moment_one_is_left_and_told_of(app) {
        with_pantry(&app).await;
        let amina = Browser::keeper(&app, AMINA, id("marsh farm")).await;
        let _ben = Browser::keeper(&app, BEN, id("marsh farm")).await;
        let (page, path) = (amina.open(&home()).await, format!("{}/tokens", home()));
        let identity = app.app().identity();
        let person = identity.person_at(&AMINA.parse().unwrap()).await.unwrap().unwrap().id;
        let new = NewToken {
            name: "Website".to_owned(), organisation: id("marsh farm"), scope: Scope::Read,
            person: Some(person), life: chrono::Duration::days(90),
        };
        let first = identity.write().await.unwrap();
        app.app().records.hold(&first, &[id("marsh farm")]).await.unwrap();
        identity.make_token(&first, new).await.unwrap();
        let fields = [("name", "Website"), ("scope", "read"), ("days", "90"), ("do", "make"), ("-token", "")];
        let second = amina.submit_only(&page, &path, &fields);
        let (made, ()) = Box::pin(async { tokio::join!(second, a_moment_later(first)) }).await;
        assert_eq!(made.status, 303, "{}", made.text());
        let tokens = identity.tokens(Some(id("marsh farm"))).await.unwrap();
        assert_eq!(tokens.len(), 1, "{tokens:?}");
        assert_eq!(letters(&app, BEN, "Website").await, 0, "the first tap has told everybody");
        // Revoked twice it is revoked, and that is no error.
        let end = [("token", tokens[0].id.to_string()), ("do", "end".to_owned()), ("-name", String::new())];
        let end = end.each_ref().map(|(name, value)| (*name, value.as_str()));
        let page = amina.open(&home()).await;
        for _ in 0..2 {
            assert_eq!(amina.submit_only(&page, &path, &end).await.header("location"), home());
        }
        assert!(identity.tokens(Some(id("marsh farm"))).await.unwrap().is_empty());
    }
}

fact! {
    async fn a_token_whose_form_is_sent_twice_is_told_of_once(app) {
        with_pantry(&app).await;
        let amina = Browser::keeper(&app, AMINA, id("marsh farm")).await;
        let _ben = Browser::keeper(&app, BEN, id("marsh farm")).await;
        let (page, path) = (amina.open(&home()).await, format!("{}/tokens", home()));
        let fields = [("name", "Website"), ("scope", "read"), ("days", "90"), ("do", "make"), ("-token", "")];
        for _ in 0..2 {
            amina.submit_only(&page, &path, &fields).await;
        }
        assert_eq!(letters(&app, BEN, "Website").await, 1);
    }
}

fact! {
    async fn of_two_invitations_at_the_same_moment_one_is_sent_also_where_nobody_keeps_the_organisation_yet(app) {
        with_pantry(&app).await;
        let officer = Browser::officer(&app, PlatformRole::Administrator).await;
        let (page, path) = (officer.open(&home()).await, format!("{}/members", home()));
        let identity = app.app().identity();
        let person = identity.person_at(&"administrator@council.example.org".parse().unwrap()).await.unwrap().unwrap().id;
        let first = identity.write().await.unwrap();
        app.app().records.hold(&first, &[id("marsh farm")]).await.unwrap();
        let by = Identity::known_as(person);
        let invited = identity.invite(&first, id("marsh farm"), &BEN.parse().unwrap(), MemberRole::Editor, &by).await.unwrap();
        let fields = [("email", BEN), ("role", "editor"), ("do", "invite")];
        let second = officer.submit_only(&page, &path, &fields);
        let (sent, ()) = Box::pin(async { tokio::join!(second, a_moment_later(first)) }).await;
        assert_eq!(sent.status, 303, "{}", sent.text());
        let standing = identity.invitations_of(id("marsh farm")).await.unwrap();
        assert_eq!(standing.iter().map(|one| one.id).collect::<Vec<_>>(), [invited.id], "the link of the first stays good");
        assert_eq!(letters(&app, BEN, "").await, 0);
    }
}

fact! {
    async fn whoever_is_made_lead_by_two_taps_hears_of_it_once(app) {
        with_pantry(&app).await;
        let amina = Browser::keeper(&app, AMINA, id("marsh farm")).await;
        let _ben = Browser::keeper(&app, BEN, id("marsh farm")).await;
        let identity = app.app().identity();
        let ben = identity.person_at(&BEN.parse().unwrap()).await.unwrap().unwrap().id;
        let tx = identity.write().await.unwrap();
        identity.add_member(&tx, id("marsh farm"), ben, MemberRole::Editor).await.unwrap();
        tx.commit().await.unwrap();
        let (page, path, ben) = (amina.open(&home()).await, format!("{}/members", home()), ben.to_string());
        for _ in 0..2 {
            let made = amina.submit_only(&page, &path, &[("do", "lead"), ("person", &ben), ("-email", ""), ("-role", "")]).await;
            assert_eq!(made.header("location"), home(), "{}", made.text());
        }
        assert_eq!(letters(&app, BEN, "a lead, who also decides").await, 1);
    }
}

fact! {
    async fn a_right_code_that_is_sent_twice_leads_to_what_one_manages_now(app) {
        with_pantry(&app).await;
        let amina = Browser::signed_in(&app, "amina@gmail.com").await;
        let claim = format!("{}/claim", home());
        amina.submit(&amina.open(&claim).await, &claim, &[("words", "I run it."), ("terms", "yes")]).await;
        let sink = Sink::start().await;
        sink.mailer(&app).send_due().await.unwrap();
        let code = latest_code(&sink);
        let waiting = app.app().identity().waiting_claims().await.unwrap().remove(0).id;
        let path = format!("/account/claims/{waiting}");
        let page = amina.open(&path).await;
        // One that is wrong is still in its field, to be looked at.
        let wrong = amina.submit(&page, &path, &[("code", "0000 0001")]).await;
        assert!(wrong.text().contains("value=\"0000 0001\"") && wrong.text().contains("href=\"#code\""), "{}", wrong.text());
        for _ in 0..2 {
            let taken = amina.submit_only(&page, &path, &[("code", &code)]).await;
            assert_eq!((taken.status.as_u16(), taken.header("location")), (303, home().as_str()), "{}", taken.text());
        }
        // A message that comes too late is not said to be sent, and is not lost.
        let late = amina.post(&path, PUBLIC_URL.trim_end_matches('/'), &[("form", &proof(&page)), ("do", "say"), ("message", "Ring me at noon")]).await;
        assert!(late.status == 409 && late.text().contains("nothing was sent") && late.text().contains("Ring me at noon"), "{}", late.text());
    }
}

/// What proves that a form is ours.
fn proof(page: &Answer) -> String {
    page.text().split("name=\"form\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned()
}

fact! {
    async fn a_request_that_is_withdrawn_twice_is_withdrawn_also_where_its_organisation_is_hidden_by_then(app) {
        with_pantry(&app).await;
        let stranger = Browser::signed_in(&app, "stranger@example.org").await;
        let claim = format!("{}/claim", home());
        let page = stranger.submit(&stranger.open(&claim).await, &claim, &[("words", "I run it."), ("terms", "yes")]).await;
        let waiting = app.app().identity().waiting_claims().await.unwrap().remove(0).id;
        let path = format!("/account/claims/{waiting}");
        let moderator = Browser::officer(&app, PlatformRole::Moderator).await;
        let hide = format!("/moderation/records/{}", id("marsh farm"));
        moderator.submit(&moderator.open(&hide).await, &hide, &[("do", "hide"), ("reason", "A complaint")]).await;
        assert_eq!(stranger.open(&path).await.status, 200);
        for _ in 0..2 {
            let gone = stranger.submit_only(&page, &path, &[("do", "withdraw"), ("-code", "")]).await;
            assert_eq!((gone.status.as_u16(), gone.header("location")), (303, path.as_str()), "{}", gone.text());
        }
        let state = app.app().identity().find_claim(waiting).await.unwrap().unwrap().state;
        assert_eq!(state, ClaimState::Withdrawn);
    }
}

fact! {
    async fn a_change_that_is_withdrawn_twice_is_withdrawn_and_one_that_was_decided_is_not_said_to_be(app) {
        with_pantry(&app).await;
        let amina = Browser::keeper(&app, AMINA, id("marsh farm")).await;
        let path = format!("/account/listings/{}/about", id("pantry"));
        let propose = async |name: &str| {
            amina.submit(&amina.open(&path).await, &path, &[("name", name), ("do", "save")]).await;
            app.app().records.waiting(None, None, 10).await.unwrap().remove(0).id
        };
        let own = format!("/account/changes/{}", propose("The larder").await);
        let page = amina.open(&own).await;
        for _ in 0..2 {
            let gone = amina.submit_only(&page, &own, &[("do", "take back")]).await;
            assert_eq!((gone.status.as_u16(), gone.header("location")), (303, own.as_str()), "{}", gone.text());
        }
        let change = propose("The pantry").await;
        let own = format!("/account/changes/{change}");
        let page = amina.open(&own).await;
        let moderator = Browser::officer(&app, PlatformRole::Moderator).await;
        let decide = format!("/moderation/changes/{change}");
        moderator.submit(&moderator.open(&decide).await, &decide, &[("do", "decide")]).await;
        let late = amina.submit(&page, &own, &[("do", "take back")]).await;
        assert!(late.status == 409 && late.text().contains("It was not withdrawn"), "{}", late.text());
        assert_eq!(public(&app, "pantry").await["name"], "The pantry");
    }
}

fact! {
    async fn what_is_erased_twice_is_gone_and_nobody_reads_of_a_fault(app) {
        with_pantry(&app).await;
        let administrator = Browser::officer(&app, PlatformRole::Administrator).await;
        let _ben = Browser::keeper(&app, BEN, id("rowan")).await;
        let ben = app.app().identity().person_at(&BEN.parse().unwrap()).await.unwrap().unwrap().id.to_string();
        let (pantry, desk) = (id("pantry").to_string(), id("desk").to_string());
        let page = administrator.open("/moderation/erase").await;
        let reason = |of: &str| format!("reason-{of}");
        let (of_words, of_desk, of_ben) = (reason(&pantry), reason(&desk), reason(&ben));
        let buttons: [Vec<(&str, &str)>; 3] = [
            vec![("q", "No referral needed"), ("record", pantry.as_str()), (of_words.as_str(), "asked"), ("do", "words")],
            vec![("q", "Pantry desk"), ("record", pantry.as_str()), ("contact", desk.as_str()), (of_desk.as_str(), "asked"), ("do", "contact")],
            vec![("q", "ben"), ("person", ben.as_str()), (of_ben.as_str(), "asked"), ("do", "person")],
        ];
        for button in &buttons {
            let first = administrator.submit(&page, "/moderation/erase", button).await;
            assert!(first.text().contains("Erased. Followers"), "{}", first.text());
            let second = administrator.submit(&page, "/moderation/erase", button).await;
            assert_eq!(second.status, 200, "{}", second.text());
            assert!(second.text().contains("It is not there any more") && !second.text().contains("Erased. Followers"), "{}", second.text());
        }
    }
}

fact! {
    async fn a_listing_that_is_shown_again_twice_is_shown_and_words_outlive_a_newer_version(app) {
        with_pantry(&app).await;
        let amina = Browser::keeper(&app, AMINA, id("marsh farm")).await;
        let moderator = Browser::officer(&app, PlatformRole::Moderator).await;
        let path = format!("/moderation/records/{}", id("pantry"));
        moderator.submit(&moderator.open(&path).await, &path, &[("do", "hide"), ("reason", "A complaint")]).await;
        let page = moderator.open(&path).await;
        let cost = format!("/account/listings/{}/cost", id("pantry"));
        amina.submit(&amina.open(&cost).await, &cost, &[("free", "no"), ("cost", "£5 a visit"), ("do", "save")]).await;
        let with = [("do", "show"), ("reason", "The complaint was about somebody else")];
        let fresh = moderator.submit(&page, &path, &with).await;
        assert_eq!(fresh.status, 409);
        for said in ["value=\"The complaint was about somebody else\"", "£5", "href=\"#reason\""] {
            assert!(fresh.text().contains(said), "{said}: {}", fresh.text());
        }
        for _ in 0..2 {
            let shown = moderator.submit_only(&fresh, &path, &with).await;
            assert_eq!((shown.status.as_u16(), shown.header("location")), (303, path.as_str()), "{}", shown.text());
        }
        assert_eq!(public(&app, "pantry").await["fees_description"], "£5 a visit");
    }
}

fact! {
    async fn a_question_about_a_request_that_was_decided_meanwhile_is_not_lost_nor_said_to_be_sent(app) {
        with_pantry(&app).await;
        let stranger = Browser::signed_in(&app, "stranger@example.org").await;
        let claim = format!("{}/claim", home());
        stranger.submit(&stranger.open(&claim).await, &claim, &[("words", "I run it."), ("terms", "yes")]).await;
        let path = format!("/moderation/claims/{}", app.app().identity().waiting_claims().await.unwrap().remove(0).id);
        let (first, second) = (Browser::officer(&app, PlatformRole::Moderator).await, second_moderator(&app).await);
        let (page, other) = (first.open(&path).await, second.open(&path).await);
        let ask = format!("{path}/ask");
        assert_eq!(first.submit_only(&page, &ask, &[("question", " ")]).await.header("location"), format!("{path}#question"));
        second.submit(&other, &path, &[("do", "accept")]).await;
        let told = first.submit(&page, &ask, &[("question", "Which day do you open?")]).await;
        assert!(told.status == 409 && told.text().contains("Your question was not sent"), "{}", told.text());
        assert!(told.text().contains("Which day do you open?") && letters(&app, "stranger@example.org", "Which day").await == 0);
    }
}

/// A change that touches nothing risky and waits, as a program of a group may ask for.
async fn harmless(app: &TestApp, actor: &Actor, listing: &str) -> Uuid {
    let editing = app.app().editing(&PUBLIC_URL.parse().unwrap());
    let sight = editing.look(actor, id(listing)).await.unwrap();
    let expected_revision = Some(sight.stored.kept.revision);
    let mut document = sight.document;
    let Document::Service(service) = &mut document else { panic!("a service") };
    service.fees_description = Some("£5 a visit".to_owned());
    let submission = Submission { writes: vec![Write { document, expected_revision }], all_waits: true, ..Submission::default() };
    editing.submit(actor, submission).await.unwrap().proposals[0]
}

fact! {
    async fn what_somebody_else_has_to_decide_keeps_nothing_else_from_being_accepted(app) {
        with_pantry(&app).await;
        app.import(crate::facts::listings(&["Lunch club", "Repair café"])).await;
        let amina = Browser::keeper(&app, AMINA, id("marsh farm")).await;
        let identity = app.app().identity();
        let person = identity.person_at(&AMINA.parse().unwrap()).await.unwrap().unwrap().id;
        let actor = Actor::person(person, None, identity.memberships(person).await.unwrap());
        let (first, second) = (Browser::officer(&app, PlatformRole::Moderator).await, second_moderator(&app).await);
        // One was refused by the first before, and is to be decided again by somebody else.
        let change = harmless(&app, &actor, "Lunch club").await;
        let path = format!("/moderation/changes/{change}");
        let with = [("refuse-fees_description", "yes"), ("reason-fees_description", "No."), ("do", "decide")];
        first.submit(&first.open(&path).await, &path, &with).await;
        let own = format!("/account/changes/{change}");
        amina.submit(&amina.open(&own).await, &own, &[("appeal", "It is what we ask for."), ("do", "appeal")]).await;
        let again = format!("/moderation/appeals/{change}");
        second.submit(&second.open(&again).await, &again, &[("answer", "So it is."), ("do", "again")]).await;
        harmless(&app, &actor, "Repair café").await;
        let told = first.submit(&first.open("/moderation").await, "/moderation", &[("do", "all")]).await;
        let said = "1 change is published. 1 change has been edited since you looked, or cannot be accepted like this";
        assert!(told.status == 200 && told.text().contains(said), "{}", told.text());
        assert_eq!(public(&app, "Repair café").await["fees_description"], "£5 a visit");
        let told = second.submit(&second.open("/moderation").await, "/moderation", &[("do", "all")]).await;
        assert!(told.text().contains("1 change is published."), "{}", told.text());
        assert_eq!(public(&app, "Lunch club").await["fees_description"], "£5 a visit");
    }
}
