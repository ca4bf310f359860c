//! What moderators ask, what they see of it, and what they are told when somebody else was quicker.

use fingerpost::identity::{PlatformRole, Scope};
use http::Method;
use serde_json::json;

use super::{
    api::{send, token},
    id, sent_for_publication, with_pantry,
};
use crate::support::{TestApp, browser::Browser, fact, sink::Sink};

const AMINA: &str = "amina@lark-hill.example.org";

async fn letters(app: &TestApp, subject: &str) -> Vec<(String, String)> {
    let sink = Sink::start().await;
    sink.mailer(app).send_due().await.unwrap();
    let about = |said: Option<String>| said.is_some_and(|said| said.contains(subject));
    let all = sink.received();
    all.iter().filter(|letter| about(letter.header("Subject"))).map(|letter| (letter.to[0].clone(), letter.text())).collect()
}

/// The path of the first link of a letter to a page like this.
fn linked(text: &str, folder: &str) -> String {
    let at = text.find(folder).unwrap_or_else(|| panic!("{folder}: {text}"));
    text[at..at + folder.len() + 36].to_owned()
}

fact! {
    async fn a_question_about_a_new_listing_is_asked_answered_and_seen_in_the_queue(app) {
        with_pantry(&app).await;
        let amina = Browser::keeper(&app, AMINA, id("marsh farm")).await;
        let moderator = Browser::officer(&app, PlatformRole::Moderator).await;
        let path = sent_for_publication(&app, &amina, &moderator).await;
        let page = moderator.open(&path).await;
        moderator.submit(&page, &format!("{path}/ask"), &[("question", "Who checks the plugs?")]).await;
        assert!(moderator.open("/moderation").await.text().contains("Asked, no answer yet"));
        let asked = letters(&app, "A question about").await;
        assert_eq!((asked.len(), asked[0].0.as_str()), (1, AMINA));
        assert!(amina.open("/account").await.text().contains("A moderator has asked you something."));
        let theirs = linked(&asked[0].1, "/account/changes/");
        let page = amina.open(&theirs).await;
        assert!(page.text().contains("Who checks the plugs?"), "{}", page.text());
        amina.submit(&page, &theirs, &[("words", "An electrician does."), ("do", "say")]).await;
        let queue = moderator.open("/moderation").await.text();
        assert!(queue.contains("A message from the author") && !queue.contains("no answer yet"), "{queue}");
        let answered = letters(&app, "A question about").await;
        assert_eq!((answered.len(), linked(&answered[0].1, "/moderation/listings/")), (1, path.clone()));
        let page = moderator.open(&path).await;
        assert!(page.text().contains("An electrician does."), "{}", page.text());
        moderator.submit(&page, &path, &[("do", "accept")]).await;
        assert!(app.get("/services").await.text().contains("Repair café"), "asking decides nothing");
    }
}

fact! {
    async fn a_colleague_answers_for_the_author_and_whoever_decided_reads_a_reply(app) {
        with_pantry(&app).await;
        let amina = Browser::keeper(&app, AMINA, id("marsh farm")).await;
        let bela = Browser::keeper(&app, "bela@lark-hill.example.org", id("marsh farm")).await;
        let moderator = Browser::officer(&app, PlatformRole::Moderator).await;
        let about = format!("/account/listings/{}/about", id("pantry"));
        amina.submit(&amina.open(&about).await, &about, &[("name", "Cheap loans"), ("do", "save")]).await;
        let change = app.app().records.waiting(None, None, 10).await.unwrap()[0].id;
        let (theirs, path) = (format!("/account/changes/{change}"), format!("/moderation/changes/{change}"));
        let page = moderator.open(&path).await;
        moderator.submit(&page, &format!("{path}/ask"), &[("question", "Do you lend money?")]).await;
        letters(&app, "A question about").await;
        bela.submit(&bela.open(&theirs).await, &theirs, &[("words", "No, it was a joke."), ("do", "say")]).await;
        let told = letters(&app, "A question about").await;
        assert_eq!((told.len(), told[0].0.as_str()), (1, "moderator@council.example.org"), "{told:?}");
        assert!(moderator.open("/moderation").await.text().contains("A message from the author"));
        let page = moderator.open(&path).await;
        moderator.submit(&page, &path, &[("refuse-name", "yes"), ("reason-name", "No jokes, please."), ("do", "decide")]).await;
        letters(&app, "").await;
        amina.submit(&amina.open(&theirs).await, &theirs, &[("words", "Sorry."), ("do", "say")]).await;
        let told = letters(&app, "A question about").await;
        assert_eq!((told.len(), told[0].0.as_str()), (1, "moderator@council.example.org"), "{told:?}");
    }
}

fact! {
    async fn whoever_only_reads_writes_nobody_a_letter(app) {
        with_pantry(&app).await;
        let amina = Browser::keeper(&app, AMINA, id("marsh farm")).await;
        let about = format!("/account/listings/{}/about", id("pantry"));
        amina.submit(&amina.open(&about).await, &about, &[("name", "Cheap loans"), ("do", "save")]).await;
        let change = app.app().records.waiting(None, None, 10).await.unwrap()[0].id;
        letters(&app, "").await;
        let theirs = format!("/account/changes/{change}");
        let reader = Browser::officer(&app, PlatformRole::Reader).await;
        let page = reader.open(&theirs).await;
        assert_eq!(page.status, 200, "{}", page.text());
        assert_eq!(reader.submit_only(&page, &theirs, &[("words", "Hello."), ("do", "say")]).await.status, 403);
        let token = token(&app, id("marsh farm"), Scope::Read).await;
        let said = send(&app, Method::POST, &format!("/api/v1/proposals/{change}"), &token, "", &json!({"decision": "say", "reason": "Hello."})).await;
        assert_eq!(said.status, 403, "{}", said.text());
        assert!(!amina.open(&theirs).await.text().contains("Hello."));
        assert_eq!(letters(&app, "A question about").await, []);
    }
}

fact! {
    async fn whoever_claims_is_asked_and_what_was_said_goes_with_them(app) {
        with_pantry(&app).await;
        let ben = Browser::signed_in(&app, "ben@gmail.com").await;
        let claim = format!("/account/organisations/{}/claim", id("marsh farm"));
        ben.submit(&ben.open(&claim).await, &claim, &[("words", "I run the till."), ("terms", "yes")]).await;
        let waiting = app.app().identity().waiting_claims().await.unwrap().remove(0).id;
        let (path, theirs) = (format!("/moderation/claims/{waiting}"), format!("/account/claims/{waiting}"));
        let moderator = Browser::officer(&app, PlatformRole::Moderator).await;
        let page = moderator.open(&path).await;
        moderator.submit(&page, &format!("{path}/ask"), &[("question", "Which day do you open?")]).await;
        assert!(moderator.open("/moderation").await.text().contains("Asked, no answer yet"));
        assert!(ben.open("/account").await.text().contains("A moderator has asked you something."));
        let asked = letters(&app, "A question about").await;
        assert_eq!((asked[0].0.as_str(), linked(&asked[0].1, "/account/claims/")), ("ben@gmail.com", theirs.clone()));
        let page = ben.open(&theirs).await;
        let empty = ben.submit(&page, &theirs, &[("message", ""), ("do", "say")]).await;
        assert!(empty.text().contains("Enter a message"), "{}", empty.text());
        ben.submit(&page, &theirs, &[("message", "Thursdays, at ten."), ("do", "say")]).await;
        let page = moderator.open(&path).await;
        assert!(page.text().contains("Which day do you open?") && page.text().contains("Thursdays, at ten."), "{}", page.text());
        assert!(moderator.open("/moderation").await.text().contains("A message from the author"));
        assert_eq!(letters(&app, "A question about").await[0].0, "moderator@council.example.org");
        // Nobody else reads or says anything there.
        let stranger = Browser::keeper(&app, "office@rowan.example.org", id("rowan")).await;
        assert_eq!(stranger.open(&theirs).await.status, 404);
        let person = app.app().identity().person_at(&"ben@gmail.com".parse().unwrap()).await.unwrap().unwrap();
        let tx = app.app().db.write().await.unwrap();
        app.app().editing(&crate::support::PUBLIC_URL.parse().unwrap()).forget_person(&tx, "an administrator", person.id, "asked").await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(app.app().records.thread(waiting).await.unwrap(), [], "also what others said to them");
    }
}

fact! {
    async fn the_queue_names_a_listing_as_the_world_does_and_the_new_name_as_a_change(app) {
        with_pantry(&app).await;
        let amina = Browser::keeper(&app, AMINA, id("marsh farm")).await;
        let about = format!("/account/listings/{}/about", id("pantry"));
        amina.submit(&amina.open(&about).await, &about, &[("name", "Cheap loans here"), ("do", "save")]).await;
        let moderator = Browser::officer(&app, PlatformRole::Moderator).await;
        let queue = moderator.open("/moderation").await.text();
        assert!(queue.contains(">Meadow larder</a>") && queue.contains("Change: name, to “Cheap loans here”"), "{queue}");
        let path = queue.split("href=\"/moderation/changes/").nth(1).unwrap()[..36].to_owned();
        let page = moderator.open(&format!("/moderation/changes/{path}")).await.text();
        assert!(page.contains("<h1>Meadow larder</h1>") && page.contains("Cheap loans here"), "{page}");
        // Its author reads in the form that it waits.
        let form = amina.open(&about).await.text();
        assert!(form.contains("is waiting for a moderator") && form.contains(&format!("/account/changes/{path}")), "{form}");
        let cost = amina.open(&about.replace("/about", "/cost")).await.text();
        assert!(!cost.contains("is waiting for a moderator"), "another part says nothing of it: {cost}");
    }
}

fact! {
    async fn the_second_moderator_is_told_that_theirs_counts_for_nothing(app) {
        with_pantry(&app).await;
        let amina = Browser::keeper(&app, AMINA, id("marsh farm")).await;
        let about = format!("/account/listings/{}/about", id("pantry"));
        amina.submit(&amina.open(&about).await, &about, &[("name", "Cheap loans here"), ("do", "save")]).await;
        let (first, second) = (Browser::officer(&app, PlatformRole::Moderator).await, Browser::officer(&app, PlatformRole::Administrator).await);
        let new = sent_for_publication(&app, &amina, &first).await;
        let change = app.app().records.waiting(None, None, 10).await.unwrap().into_iter().find(|one| one.bundle.is_none()).unwrap().id;
        let refuse = [("refuse-name", "yes"), ("reason-name", "No loans."), ("do", "decide")];
        for (path, one, other) in [
            (format!("/moderation/changes/{change}"), &refuse[..], &[("do", "decide")][..]),
            (new, &[("do", "refuse"), ("reason", "We have one.")][..], &[("do", "accept")][..]),
        ] {
            let same = second.open(&path).await;
            first.submit(&first.open(&path).await, &path, one).await;
            let told = second.submit(&same, &path, other).await;
            assert_eq!(told.status, 409, "{path}");
            assert!(told.text().contains("Your decision was not saved.") && told.text().contains("moderator@council.example.org"), "{}", told.text());
            assert!(!second.open(&path).await.text().contains("was not saved"), "who only looks is told of no decision of theirs");
        }
    }
}

fact! {
    async fn a_moderator_reads_two_numbers_and_not_half_of_each(app) {
        with_pantry(&app).await;
        let keeper = Browser::keeper(&app, "office@rowan.example.org", id("rowan")).await;
        let contact = format!("/account/listings/{}/contact", id("refuge"));
        keeper.submit(&keeper.open(&contact).await, &contact, &[("phone", "0808 157 9999"), ("do", "save")]).await;
        let change = app.app().records.proposed_about(&[id("refuge")]).await.unwrap().remove(0).id;
        let moderator = Browser::officer(&app, PlatformRole::Moderator).await;
        let page = moderator.open(&format!("/moderation/changes/{change}")).await.text();
        for said in ["removed: </span>0808 157 0114", "added: </span>0808 157 9999"] {
            assert!(page.contains(said), "{said}: {page}");
        }
    }
}
