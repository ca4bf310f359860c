//! What an older backup brings back to a new machine, and what it does not.

use fingerpost::{editing::Theirs, identity::PlatformRole, safekeeping};

use super::{
    super::{
        call_backs::{decide, proposed},
        council::{AMINA, refused},
        id,
    },
    NUMBER, SECRET,
};
use crate::support::{PUBLIC_URL, TestApp, browser::Browser, fact};

/// Somebody reports something about the pantry.
async fn report(app: &TestApp, words: &str) {
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let path = format!("/directory/report/{}", id("pantry"));
    app.ask(http::Method::POST, &path, &form, &format!("wrong=phone&words={}&reply_to=", words.replace(' ', "+"))).await;
}

fact! {
    async fn an_older_backup_names_nobody_again_in_reports_calls_claims_second_reviews_or_messages(app) {
        let change = proposed(&app).await;
        let moderator = Browser::officer(&app, PlatformRole::Moderator).await;
        let with = [("called_back.number", "none"), ("called_back.otherwise", "They came by"), ("called_back.spoke_to", SECRET)];
        decide(&moderator, &format!("/moderation/changes/{change}"), &with).await;
        report(&app, &format!("{SECRET} never answers")).await;
        report(&app, "Nobody answers").await;
        let amina = Browser::keeper(&app, AMINA, id("marsh farm")).await;
        let refused = refused(&app, &amina, &moderator).await;
        let own = format!("/account/changes/{refused}");
        let why = format!("{SECRET} calls it so.");
        amina.submit(&amina.open(&own).await, &own, &[("appeal", why.as_str()), ("do", "appeal")]).await;
        let ben = Browser::signed_in(&app, "ben@gmail.com").await;
        let claim = format!("/account/organisations/{}/claim", id("marsh farm"));
        let why = format!("Ask {SECRET} about me.");
        ben.submit(&ben.open(&claim).await, &claim, &[("words", why.as_str()), ("terms", "yes")]).await;
        let waiting = app.app().identity().waiting_claims().await.unwrap().remove(0).id;
        let ask = format!("/moderation/claims/{waiting}");
        moderator.submit(&moderator.open(&ask).await, &format!("{ask}/ask"), &[("question", "Who else knows you?")]).await;
        let theirs = format!("/account/claims/{waiting}");
        ben.submit(&ben.open(&theirs).await, &theirs, &[("message", "Her, on 07700 900461."), ("do", "say")]).await;
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("yesterday.backup");
        safekeeping::backup(&app.app().records, &file).await.unwrap();

        app.edit(id("pantry"), |document| {
            let fingerpost::model::Document::Service(service) = document else { panic!() };
            service.alert = Some(format!("Ask for {SECRET}"));
        }).await;
        let editing = app.app().editing(&PUBLIC_URL.parse().unwrap());
        for (listing, words) in [("pantry", SECRET), ("refuge", SECRET), ("marsh farm", SECRET), ("marsh farm", NUMBER)] {
            editing.erase_as("a moderator", None, id(listing), &Theirs::Words(words.to_owned()), "asked by letter").await.unwrap();
        }
        safekeeping::keep_scrubs(&app.app().records, app.folder.path()).await.unwrap();

        // The machine is lost; what is left are the backup and the list.
        let Some(fresh) = TestApp::start(app.on).await else { return };
        std::fs::copy(app.folder.path().join("scrubs.ndjson"), fresh.folder.path().join("scrubs.ndjson")).unwrap();
        safekeeping::restore(&fresh.app().records, &file, fresh.folder.path()).await.unwrap();
        fresh.follow().await;
        let editing = fresh.app().editing(&PUBLIC_URL.parse().unwrap());
        let call = editing.calls_of(id("refuge")).await.unwrap().remove(0).called;
        assert_eq!((call.spoke_to.as_str(), call.words().contains("They came by")), ("[removed]", true), "{call:?}");
        let reports = fresh.app().quality(&PUBLIC_URL.parse().unwrap()).open_reports().await.unwrap();
        let mut said: Vec<Option<&str>> = reports.iter().map(|report| report.words.as_deref()).collect();
        said.sort_unstable();
        assert_eq!(said, [None, Some("Nobody answers")], "what is wrong stays");
        assert_eq!(editing.appeal_of(refused.parse().unwrap()).await.unwrap().unwrap().words, "[removed]");
        assert_eq!(fresh.app().identity().find_claim(waiting).await.unwrap().unwrap().words, "[removed]");
        let said: Vec<String> = fresh.app().records.thread(waiting).await.unwrap().into_iter().map(|message| message.words).collect();
        assert_eq!(said, ["Who else knows you?"]);
        fresh.app().db.sweep_now().await.unwrap();
        for secret in ["Ogundipe", "900461"] {
            assert_eq!(fresh.files_with(secret), Vec::<String>::new(), "{secret}");
        }
        fresh.end().await;
    }
}
