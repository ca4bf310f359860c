//! Categories: groups suggest them in everyday words, moderators confirm them.

use fingerpost::identity::PlatformRole;

use super::{id, public, with_pantry};
use crate::support::{TestApp, browser::Browser, fact, sink::Sink};

/// A service of the fixtures with the organisation that it belongs to.
async fn listed(app: &TestApp) -> (String, uuid::Uuid) {
    app.fixtures().await;
    for id in app.ids("/services").await {
        let service = app.get(&format!("/services/{id}")).await.json();
        let plain = service["attributes"].as_array().is_some_and(|all| {
            let codes: Vec<&str> = all.iter().filter_map(|one| one["taxonomy_term"]["code"].as_str()).collect();
            !codes.is_empty()
                && codes.iter().all(|code| !code.starts_with("safety") && !code.contains("debt") && !code.contains("rent"))
        });
        if plain && service["event_id"].is_null() {
            return (id, service["organization"]["id"].as_str().unwrap().parse().unwrap());
        }
    }
    panic!("the fixtures have a service with a need");
}

/// A letter without its line breaks and the marks of quotations.
fn in_one_line(text: &str) -> String {
    text.split_whitespace().filter(|word| *word != ">").collect::<Vec<_>>().join(" ")
}

fn codes(service: &serde_json::Value) -> Vec<String> {
    let all = service["attributes"].as_array().unwrap();
    all.iter().filter_map(|one| one["taxonomy_term"]["code"].as_str().map(str::to_owned)).collect()
}

fact! {
    async fn a_group_finds_needs_in_everyday_words_and_a_moderator_confirms_some(app) {
        let (service, organisation) = listed(&app).await;
        let amina = Browser::keeper(&app, "amina@lark-hill.example.org", organisation).await;
        let path = format!("/account/listings/{service}/categories");
        let page = amina.open(&path).await;
        let before = codes(&app.get(&format!("/services/{service}")).await.json());
        let found = amina.submit(&page, &path, &[("find", "can't pay rent"), ("do", "find")]).await;
        let text = found.text();
        let offered: Vec<String> = text
            .split("Tick the ones that fit").nth(1).unwrap()
            .split("name=\"term\" value=\"").skip(1).map(|rest| rest[..36].to_owned()).collect();
        assert!(offered.len() >= 2, "everyday words lead to needs: {text}");
        // Two of them, beside what stands.
        let two = [("+term", offered[0].as_str()), ("+term", offered[1].as_str()), ("do", "save")];
        let sent = amina.submit_only(&found, &path, &two).await;
        assert!(sent.header("location").ends_with("saved=waiting"), "{} {}", sent.header("location"), sent.text());
        assert_eq!(codes(&app.get(&format!("/services/{service}")).await.json()), before, "suggested is not confirmed");
        let again = amina.open(&path).await;
        assert!(again.text().contains(&offered[0]), "the suggestion is still there to go on with");

        let waiting = app.app().records.waiting(None, None, 10).await.unwrap();
        let path = format!("/moderation/changes/{}", waiting[0].id);
        let moderator = Browser::officer(&app, PlatformRole::Moderator).await;
        let page = moderator.open(&path).await;
        assert_eq!(page.text().matches("Add “").count(), 2, "{}", page.text());
        let only_first = [("category", offered[0].as_str()), ("do", "decide")];
        let told = moderator.submit(&page, &path, &only_first).await;
        assert!(told.text().contains("href=\"#reason-attributes\""), "what is left out needs a reason: {}", told.text());
        let done = moderator.submit(&told, &path, &[("category", offered[0].as_str()), ("reason-attributes", "You give no advice on debt."), ("do", "decide")]).await;
        assert!(done.text().contains("Nothing is waiting."), "{}", done.text());
        let after = app.get(&format!("/services/{service}")).await.json();
        assert_eq!(codes(&after).len(), before.len() + 1);
        assert!(after.to_string().contains(&offered[0]) && !after.to_string().contains(&offered[1]));
        let sink = Sink::start().await;
        sink.mailer(&app).send_due().await.unwrap();
        let letters = sink.received();
        assert!(letters.iter().any(|letter| in_one_line(&letter.text()).contains("You give no advice on debt.")), "the author reads why");
    }
}

fact! {
    async fn what_became_of_a_category_that_was_to_go_cannot_be_misread(app) {
        let (service, organisation) = listed(&app).await;
        let amina = Browser::keeper(&app, "amina@lark-hill.example.org", organisation).await;
        let path = format!("/account/listings/{service}/categories");
        let page = amina.open(&path).await;
        amina.submit(&page, &path, &[("-term", ""), ("do", "save")]).await;
        let waiting = app.app().records.waiting(None, None, 10).await.unwrap();
        let [change] = &waiting[..] else { panic!("the removal waits: {waiting:?}") };
        let path = format!("/moderation/changes/{}", change.id);
        let moderator = Browser::officer(&app, PlatformRole::Moderator).await;
        let page = moderator.open(&path).await;
        assert!(page.text().contains("Remove “") && page.text().contains("What you leave unticked stays as it is now."), "{}", page.text());
        moderator.submit(&page, &path, &[("-category", ""), ("reason-attributes", "You still do this."), ("do", "decide")]).await;
        let said = amina.open(&format!("/account/changes/{}", change.id)).await.text();
        assert!(said.contains("Not removed, so the listing keeps: “") && said.contains("You still do this."), "{said}");
    }
}

fact! {
    async fn a_category_that_is_none_is_not_taken(app) {
        with_pantry(&app).await;
        let amina = Browser::keeper(&app, "amina@lark-hill.example.org", id("marsh farm")).await;
        let path = format!("/account/listings/{}/categories", id("pantry"));
        let page = amina.open(&path).await;
        let before = public(&app, "pantry").await;
        let pantry = id("pantry").to_string();
        let sent = amina.submit(&page, &path, &[("+term", &pantry), ("do", "save")]).await;
        assert_eq!(sent.status, 200, "{}", sent.text());
        assert!(!public(&app, "pantry").await["attributes"].to_string().contains(&pantry));
        assert_eq!(public(&app, "pantry").await["name"], before["name"]);
    }
}

fact! {
    async fn a_category_of_people_in_danger_can_be_confirmed_and_hides_the_place(app) {
        with_pantry(&app).await;
        let amina = Browser::keeper(&app, "amina@lark-hill.example.org", id("marsh farm")).await;
        let path = format!("/account/listings/{}/categories", id("pantry"));
        let page = amina.open(&path).await;
        let refuge = id("refuge term").to_string();
        amina.submit_only(&page, &path, &[("+term", &refuge), ("do", "save")]).await;
        let waiting = app.app().records.waiting(None, None, 10).await.unwrap();
        let [change] = &waiting[..] else { panic!("the category waits: {waiting:?}") };
        let moderator = Browser::officer(&app, PlatformRole::Moderator).await;
        let path = format!("/moderation/changes/{}", change.id);
        let page = moderator.open(&path).await;
        let done = moderator.submit(&page, &path, &[("do", "decide")]).await;
        assert!(done.text().contains("Nothing is waiting."), "{}", done.text());
        let after = public(&app, "pantry").await;
        assert!(codes(&after).contains(&"refuge".to_owned()), "{after}");
        assert!(!after.to_string().contains("Gorse"), "its place is not told any more: {after}");
        // Its author reads what was decided, without what was taken out for good.
        let said = amina.open(&format!("/account/changes/{}", change.id)).await;
        assert_eq!(said.status, 200, "{}", said.text());
        let kept = app.app().records.proposal(change.id).await.unwrap().unwrap();
        assert!(!serde_json::to_string(&kept).unwrap().contains("Gorse"), "{kept:?}");
        let sink = Sink::start().await;
        sink.mailer(&app).send_due().await.unwrap();
        let about_it = |letter: &crate::support::sink::Received| letter.text().contains(&format!("/account/changes/{}", change.id));
        assert!(sink.received().iter().any(about_it), "and is told by email");
    }
}
