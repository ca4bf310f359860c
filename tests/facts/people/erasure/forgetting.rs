//! Accounts that go, and what is old.

use chrono::TimeDelta;
use fingerpost::{identity::PlatformRole, jobs};

use super::super::{id, with_pantry};
use crate::support::{PUBLIC_URL, browser::Browser, fact, noon};

fact! {
    async fn an_account_goes_with_what_waits_messages_drafts_and_letters(app) {
        with_pantry(&app).await;
        let email = "gwen.thistlewood@lark-hill.example.org";
        let gwen = Browser::keeper(&app, email, id("marsh farm")).await;
        let path = format!("/account/listings/{}/about", id("pantry"));
        let page = gwen.open(&path).await;
        gwen.submit(&page, &path, &[("name", "The larder"), ("do", "save")]).await;
        let path = format!("/account/organisations/{}/services/new", id("marsh farm"));
        let page = gwen.open(&path).await;
        gwen.submit(&page, &path, &[("name", "Thistlewood’s secret draft"), ("description", "Not yet."), ("terms", "yes")]).await;
        let waiting = app.app().records.waiting(None, None, 10).await.unwrap().remove(0);
        let change = format!("/account/changes/{}", waiting.id);
        let page = gwen.open(&change).await;
        gwen.submit(&page, &change, &[("words", "Ring Thistlewood about it"), ("do", "say")]).await;

        let moderator = Browser::officer(&app, PlatformRole::Moderator).await;
        let page = moderator.open("/moderation/erase").await;
        let found = moderator.submit(&page, "/moderation/erase", &[("q", "thistlewood"), ("do", "find")]).await;
        assert!(found.text().contains("Only another administrator can delete it"), "{}", found.text());
        let administrator = Browser::officer(&app, PlatformRole::Administrator).await;
        let person = app.app().identity().person_at(&email.parse().unwrap()).await.unwrap().unwrap();
        let page = administrator.open("/moderation/erase").await;
        let reason = format!("reason-{}", person.id);
        let with = [("person", person.id.to_string()), (reason.as_str(), "asked by phone".to_owned()), ("do", "person".to_owned())];
        let pairs: Vec<(&str, &str)> = with.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let done = administrator.submit(&page, "/moderation/erase", &pairs).await;
        assert!(done.text().contains("Erased. Followers"), "{}", done.text());
        assert!(gwen.open("/account").await.text().contains("Send me a link"));
        assert_eq!(app.app().records.waiting(None, None, 10).await.unwrap(), []);
        app.app().db.sweep_now().await.unwrap();
        assert_eq!(app.files_with("thistlewood"), Vec::<String>::new());
        let audit = administrator.open("/moderation/audit").await.text();
        assert!(audit.contains(">forget</td>") && audit.contains("asked by phone"));
    }
}

fact! {
    async fn what_is_old_is_forgotten_once_and_what_is_not_stays(app) {
        with_pantry(&app).await;
        let amina = Browser::keeper(&app, "amina@lark-hill.example.org", id("marsh farm")).await;
        let path = format!("/account/listings/{}/about", id("pantry"));
        let page = amina.open(&path).await;
        amina.submit(&page, &path, &[("name", "The larder"), ("do", "save")]).await;
        let waiting = app.app().records.waiting(None, None, 10).await.unwrap().remove(0);
        let moderator = Browser::officer(&app, PlatformRole::Moderator).await;
        let change = format!("/moderation/changes/{}", waiting.id);
        let page = moderator.open(&change).await;
        moderator.submit(&page, &change, &[("do", "decide")]).await;
        let page = amina.open(&path).await;
        amina.submit(&page, &path, &[("name", "The new larder"), ("do", "save")]).await;
        let here = PUBLIC_URL.parse().unwrap();
        let run = async || jobs::retention(app.app(), &here).await.unwrap();
        assert_eq!(run().await, jobs::Aged::default(), "nothing is old yet");
        app.clock.set(noon() + TimeDelta::days(366));
        let aged = run().await;
        assert!(aged.audit >= 2, "who signed in: {aged:?}");
        assert_eq!(aged.proposals, 0);
        let lines = app.app().identity().audit(None, None, 100).await.unwrap();
        assert!(!lines.is_empty() && lines.iter().all(|line| line.what != "sign in"), "{lines:?}");
        app.clock.set(noon() + TimeDelta::days(1_100));
        let aged = run().await;
        assert_eq!(aged.proposals, 1);
        assert_eq!(app.app().identity().audit(None, None, 100).await.unwrap(), []);
        assert_eq!(run().await, jobs::Aged::default(), "twice is once");
        assert_eq!(app.app().records.waiting(None, None, 10).await.unwrap().len(), 1, "what waits, waits");
        assert!(app.app().records.history(id("pantry")).await.unwrap().len() > 1, "the history stays");
    }
}

/// A listing that somebody begins, and leaves there.
async fn begun(browser: &Browser<'_>, path: &str, name: &str) -> uuid::Uuid {
    let page = browser.open(path).await;
    let made = browser.submit_only(&page, path, &[("name", name), ("description", "We mend."), ("terms", "yes")]).await;
    made.header("location").split("/listings/").nth(1).unwrap()[..36].parse().unwrap()
}

async fn throw_away(browser: &Browser<'_>, draft: uuid::Uuid) {
    let path = format!("/account/listings/{draft}/take-out");
    let page = browser.open(&path).await;
    assert_eq!(browser.submit_only(&page, &path, &[]).await.status, 303);
}

fact! {
    async fn a_draft_that_nobody_goes_on_with_is_deleted_and_what_waits_or_was_public_stays(app) {
        with_pantry(&app).await;
        let amina = Browser::keeper(&app, "amina@lark-hill.example.org", id("marsh farm")).await;
        let moderator = Browser::officer(&app, PlatformRole::Moderator).await;
        let new = format!("/account/organisations/{}/services/new", id("marsh farm"));
        let (left, thrown) = (begun(&amina, &new, "Abandoned choir").await, begun(&amina, &new, "Abandoned quilts").await);
        throw_away(&amina, thrown).await;
        let growing = begun(&amina, &new, "Growing group").await;
        let ben = Browser::signed_in(&app, "ben@kites.example.org").await;
        let club = begun(&ben, "/account/organisations/new", "Abandoned kites").await;
        super::super::super::sent_for_publication(&app, &amina, &moderator).await;
        let hide = format!("/moderation/records/{}", id("pantry"));
        let page = moderator.open(&hide).await;
        moderator.submit(&page, &hide, &[("reason", "It burns"), ("do", "hide")]).await;
        assert_eq!(app.get(&format!("/services/{}", id("pantry"))).await.status, 410);
        app.clock.set(noon() + TimeDelta::days(100));
        let amina = Browser::signed_in(&app, "amina@lark-hill.example.org").await;
        let path = format!("/account/listings/{growing}/cost");
        let page = amina.open(&path).await;
        amina.submit(&page, &path, &[("free", "yes"), ("do", "save")]).await;

        let here = PUBLIC_URL.parse().unwrap();
        let run = async || jobs::retention(app.app(), &here).await.unwrap().drafts;
        assert_eq!(run().await, 0, "nothing is old yet");
        app.clock.set(noon() + TimeDelta::days(181));
        assert_eq!(run().await, 3);
        for gone in [left, thrown, club] {
            assert_eq!(app.app().records.find(gone).await.unwrap(), None);
        }
        assert_eq!(app.app().identity().members(club).await.unwrap().len(), 0, "nobody keeps what is not there");
        app.app().db.sweep_now().await.unwrap();
        assert_eq!(app.files_with("Abandoned"), Vec::<String>::new());
        for stays in [growing, id("pantry")] {
            assert!(app.app().records.find(stays).await.unwrap().is_some(), "{stays}");
        }
        assert!(!app.app().records.waiting(None, None, 10).await.unwrap().is_empty(), "what waits, waits");
        app.clock.set(noon() + TimeDelta::days(281));
        assert_eq!((run().await, run().await), (1, 0), "what was gone on with has its own half year, and twice is once");
        assert_eq!(app.app().records.find(growing).await.unwrap(), None);
    }
}

fact! {
    async fn a_draft_that_was_thrown_away_goes_with_its_author(app) {
        with_pantry(&app).await;
        let gwen = Browser::keeper(&app, "gwen@lark-hill.example.org", id("marsh farm")).await;
        let new = format!("/account/organisations/{}/services/new", id("marsh farm"));
        throw_away(&gwen, begun(&gwen, &new, "Thistlewood’s first idea").await).await;
        let identity = app.app().identity();
        let person = identity.person_at(&"gwen@lark-hill.example.org".parse().unwrap()).await.unwrap().unwrap();
        let tx = app.app().db.write().await.unwrap();
        let editing = app.app().editing(&PUBLIC_URL.parse().unwrap());
        assert_eq!(editing.forget_person(&tx, "an administrator", person.id, "asked").await.unwrap().drafts, 1);
        tx.commit().await.unwrap();
        app.app().db.sweep_now().await.unwrap();
        assert_eq!(app.files_with("Thistlewood"), Vec::<String>::new());
    }
}

fact! {
    async fn names_of_tokens_go_with_the_token_and_with_whoever_made_it(app) {
        with_pantry(&app).await;
        let lead = Browser::keeper(&app, "lead@lark-hill.example.org", id("marsh farm")).await;
        let gwen = Browser::keeper(&app, "gwen@lark-hill.example.org", id("marsh farm")).await;
        let path = format!("/account/organisations/{}/tokens", id("marsh farm"));
        let home = format!("/account/organisations/{}", id("marsh farm"));
        let make = async |browser: &Browser<'_>, name: &str| {
            let page = browser.open(&home).await;
            let made = browser.submit(&page, &path, &[("name", name), ("scope", "write"), ("days", "90"), ("do", "make"), ("-token", "")]).await;
            assert!(made.text().contains("shown only this once"), "{}", made.text());
            app.clock.set(app.clock.now() + TimeDelta::minutes(1));
        };
        make(&gwen, "Thistlewood’s spreadsheet").await;
        make(&gwen, "Thistlewood’s laptop").await;
        // One is revoked: what remains is that there was one.
        let identity = app.app().identity();
        let revoked = identity.tokens(Some(id("marsh farm"))).await.unwrap().into_iter().find(|token| token.name.contains("laptop")).unwrap().id.to_string();
        let page = gwen.open(&home).await;
        gwen.submit(&page, &path, &[("token", &revoked), ("do", "end"), ("-name", ""), ("-scope", ""), ("-days", "")]).await;
        assert!(!lead.open(&home).await.text().contains("laptop"));
        app.app().db.sweep_now().await.unwrap();
        let trail = identity.audit(None, None, 50).await.unwrap();
        assert!(trail.iter().any(|line| line.what == "revoke a token" && line.detail == revoked), "{trail:?}");
        assert!(trail.iter().all(|line| !line.detail.contains("Thistlewood")), "the trail names none: {trail:?}");
        // The other leads were told of them; letters are forgotten once they are sent.
        let sink = crate::support::sink::Sink::start().await;
        sink.mailer(&app).send_due().await.unwrap();
        let person = identity.person_at(&"gwen@lark-hill.example.org".parse().unwrap()).await.unwrap().unwrap();
        let tx = app.app().db.write().await.unwrap();
        app.app().editing(&PUBLIC_URL.parse().unwrap()).forget_person(&tx, "an administrator", person.id, "asked").await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(identity.tokens(Some(id("marsh farm"))).await.unwrap(), []);
        app.app().db.sweep_now().await.unwrap();
        assert_eq!(app.files_with("Thistlewood"), Vec::<String>::new());
    }
}
