//! Deciding, hiding and restoring.

use std::time::Duration;

use fingerpost::{
    identity::PlatformRole,
    model::{Document, Kind},
    records::{Draft, State},
};

use super::{id, pantry, public, sent_for_publication, with_pantry};
use crate::support::{TestApp, browser::Browser, fact, sink::Sink};

/// Somebody proposes another name and web page for the pantry; the page of the change.
async fn proposed(app: &TestApp) -> String {
    with_pantry(app).await;
    let amina = Browser::keeper(app, "amina@lark-hill.example.org", id("marsh farm")).await;
    let path = format!("/account/listings/{}/about", id("pantry"));
    let page = amina.open(&path).await;
    amina.submit(&page, &path, &[("name", "Lark Hill larder and loans"), ("do", "save")]).await;
    let path = format!("/account/listings/{}/contact", id("pantry"));
    let page = amina.open(&path).await;
    amina.submit(&page, &path, &[("web", "https://lark-hill.example.org/new"), ("do", "save")]).await;
    let waiting = app.app().records.waiting(None, None, 10).await.unwrap();
    let [one] = &waiting[..] else { panic!("one change waits: {waiting:?}") };
    format!("/moderation/changes/{}", one.id)
}

fact! {
    async fn a_change_is_decided_part_by_part_and_its_author_reads_why(app) {
        let path = proposed(&app).await;
        let moderator = Browser::officer(&app, PlatformRole::Moderator).await;
        let page = moderator.open(&path).await;
        assert!(page.text().contains("<ins>"), "words that differ are marked: {}", page.text());
        let again = moderator.submit(&page, &path, &[("refuse-name", "yes"), ("do", "decide")]).await;
        assert!(again.text().contains("href=\"#reason-name\""), "a refusal needs a reason: {}", again.text());
        let done = moderator.submit(&again, &path, &[("reason-name", "You do not lend money."), ("do", "decide")]).await;
        assert!(done.text().contains("Nothing is waiting."), "{}", done.text());
        let now = public(&app, "pantry").await;
        assert_eq!((now["name"].as_str(), now["url"].as_str()), (Some("Meadow larder"), Some("https://lark-hill.example.org/new")));
        let sink = Sink::start().await;
        sink.mailer(&app).send_due().await.unwrap();
        let [letter] = &sink.received()[..] else { panic!("the author is told") };
        assert_eq!(letter.to, ["amina@lark-hill.example.org"]);
        assert!(letter.text().contains("name: You do not lend money."), "{}", letter.text());
    }
}

fact! {
    async fn what_moved_while_a_moderator_looked_is_not_accepted_unseen(app) {
        let path = proposed(&app).await;
        let moderator = Browser::officer(&app, PlatformRole::Moderator).await;
        let page = moderator.open(&path).await;
        // Its author thinks of something else meanwhile.
        let amina = Browser::signed_in(&app, "amina@lark-hill.example.org").await;
        let about = format!("/account/listings/{}/about", id("pantry"));
        let form = amina.open(&about).await;
        amina.submit(&form, &about, &[("name", "Cheap loans here"), ("do", "save")]).await;
        let told = moderator.submit(&page, &path, &[("do", "decide")]).await;
        assert_eq!(told.status, 409, "{}", told.text());
        assert!(told.text().contains("Cheap loans here"), "a fresh view");
        assert_eq!(public(&app, "pantry").await["name"], "Meadow larder");
        // And the listing itself.
        let page = moderator.open(&path).await;
        app.edit(id("pantry"), |document| {
            let fingerpost::model::Document::Service(service) = document else { panic!() };
            service.alert = Some("Closed today".to_owned());
        }).await;
        assert_eq!(moderator.submit(&page, &path, &[("do", "decide")]).await.status, 409);
        let page = moderator.open(&path).await;
        moderator.submit(&page, &path, &[("do", "decide")]).await;
        let now = public(&app, "pantry").await;
        assert_eq!((now["name"].as_str(), now["alert"].as_str()), (Some("Cheap loans here"), Some("Closed today")), "nothing of the other edit is lost");
    }
}

fact! {
    async fn what_somebody_overtook_is_said_beside_what_stands_and_is_not_accepted_in_passing(app) {
        let path = proposed(&app).await;
        app.edit(id("pantry"), |document| {
            let fingerpost::model::Document::Service(service) = document else { panic!() };
            service.url = Some("https://lark-hill.example.org/mended".parse().unwrap());
        }).await;
        let moderator = Browser::officer(&app, PlatformRole::Moderator).await;
        let page = moderator.open(&path).await.text();
        assert_eq!(page.matches("Somebody has changed this since it was proposed").count(), 1, "{page}");
        assert!(page.contains("/mended"), "what stands now is what it is compared with: {page}");
        // What is proposed and stands by now is no difference any more.
        app.edit(id("pantry"), |document| {
            let fingerpost::model::Document::Service(service) = document else { panic!() };
            service.url = Some("https://lark-hill.example.org/new".parse().unwrap());
        }).await;
        let page = moderator.open(&path).await;
        assert!(!page.text().contains("refuse-url"), "{}", page.text());
        moderator.submit(&page, &path, &[("do", "decide")]).await;
        assert_eq!(public(&app, "pantry").await["name"], "Lark Hill larder and loans");
    }
}

fact! {
    async fn part_of_a_new_listing_is_left_out_for_a_reason_and_the_rest_is_published(app) {
        with_pantry(&app).await;
        let amina = Browser::keeper(&app, "amina@lark-hill.example.org", id("marsh farm")).await;
        let moderator = Browser::officer(&app, PlatformRole::Moderator).await;
        let path = super::super::sent_for_publication(&app, &amina, &moderator).await;
        let part = app.app().records.bundle(path.rsplit('/').next().unwrap().parse().unwrap()).await.unwrap().remove(0);
        let contact = format!("/account/listings/{}/contact", part.record_id);
        let page = amina.open(&contact).await;
        amina.submit(&page, &contact, &[("email", "somebody.else@example.org"), ("do", "save")]).await;
        let [email, phones, name] = ["email", "phones", "name"].map(|field| (format!("leave-{}-{field}", part.id), format!("why-{}-{field}", part.id)));
        let page = moderator.open(&path).await;
        assert!(page.text().contains(&email.0) && page.text().contains(&phones.0) && !page.text().contains(&name.0), "{}", page.text());
        for (with, said) in [
            (&[(email.0.as_str(), "yes")][..], "Say why"),
            (&[(email.1.as_str(), "It is not theirs.")], "Tick this to leave it out"),
            (&[(email.0.as_str(), "yes"), (email.1.as_str(), "Why?"), (phones.0.as_str(), "yes"), (phones.1.as_str(), "Why?")], "say how to get in touch"),
            (&[(name.0.as_str(), "yes"), (name.1.as_str(), "Why?")], "cannot be left out"),
        ] {
            let asked = moderator.submit(&page, &path, &[with, &[("do", "accept")]].concat()).await;
            assert!(asked.text().contains(said), "{said}: {}", asked.text());
        }
        assert_eq!(app.get(&format!("/services/{}", part.record_id)).await.status, 404, "nothing of it is published yet");
        let with = [(email.0.as_str(), "yes"), (email.1.as_str(), "It is not theirs."), ("do", "accept")];
        let done = moderator.submit(&page, &path, &with).await;
        assert!(done.text().contains("Partly published"), "{}", done.text());
        let listing = app.get(&format!("/services/{}", part.record_id)).await.json();
        assert_eq!((&listing["name"], listing.get("email")), (&"Repair café".into(), None));
        assert_eq!(listing["phones"][0]["number"], "01632 960555");
        let theirs = amina.open(&format!("/account/changes/{}", part.id)).await.text();
        assert!(theirs.contains("not accepted: It is not theirs."), "{theirs}");
        let sink = Sink::start().await;
        sink.mailer(&app).send_due().await.unwrap();
        let told: Vec<String> = sink.received().iter().map(|one| one.text().split_whitespace().collect::<Vec<_>>().join(" ")).collect();
        assert!(told.iter().any(|text| text.contains("but for part of it") && text.contains("It is not theirs.")), "{told:?}");
    }
}

fact! {
    async fn of_two_moderators_only_one_decides(app) {
        let path = proposed(&app).await;
        let first = Browser::officer(&app, PlatformRole::Moderator).await;
        let second = Browser::officer(&app, PlatformRole::Administrator).await;
        let (one, other) = (first.open(&path).await, second.open(&path).await);
        let (a, b) = tokio::join!(
            first.submit_only(&one, &path, &[("do", "decide")]),
            second.submit_only(&other, &path, &[("refuse-name", "yes"), ("reason-name", "No"), ("refuse-url", "yes"), ("reason-url", "No"), ("do", "decide")]),
        );
        let won = [a.status, b.status].iter().filter(|status| status.as_u16() == 303).count();
        assert_eq!(won, 1, "{} and {}: {} {}", a.status, b.status, a.text(), b.text());
        assert!([a.status, b.status].iter().any(|status| status.as_u16() == 409));
    }
}

fact! {
    async fn a_moderator_takes_a_change_in_other_words(app) {
        let path = proposed(&app).await;
        let moderator = Browser::officer(&app, PlatformRole::Moderator).await;
        let page = moderator.open(&path).await;
        moderator.submit(&page, &path, &[("wording-name", "Lark Hill larder"), ("do", "decide")]).await;
        assert_eq!(public(&app, "pantry").await["name"], "Lark Hill larder");
    }
}

fact! {
    async fn a_question_and_its_answer_stand_in_one_thread(app) {
        let path = proposed(&app).await;
        let moderator = Browser::officer(&app, PlatformRole::Moderator).await;
        let page = moderator.open(&path).await;
        moderator.submit(&page, &format!("{path}/ask"), &[("question", "Do you lend money?")]).await;
        let amina = Browser::signed_in(&app, "amina@lark-hill.example.org").await;
        let own = path.replace("/moderation/", "/account/");
        let asked = "A moderator has asked you something.";
        assert!(amina.open("/account").await.text().contains(asked));
        let page = amina.open(&own).await;
        assert!(page.text().contains("Do you lend money?"));
        amina.submit(&page, &own, &[("words", "No, only tins."), ("do", "say")]).await;
        assert!(!amina.open("/account").await.text().contains(asked), "it is answered");
        assert!(moderator.open(&path).await.text().contains("No, only tins."));
        let sink = Sink::start().await;
        sink.mailer(&app).send_due().await.unwrap();
        let questions = sink.received().into_iter().filter(|letter| letter.header("Subject").unwrap().contains("A question about"));
        let mut to: Vec<String> = questions.flat_map(|letter| letter.to).collect();
        to.sort();
        assert_eq!(to, ["amina@lark-hill.example.org", "moderator@council.example.org"]);
    }
}

fact! {
    async fn a_stolen_mailbox_cannot_change_the_number_of_a_refuge(app) {
        with_pantry(&app).await;
        let thief = Browser::keeper(&app, "office@rowan.example.org", id("rowan")).await;
        let path = format!("/account/listings/{}/contact", id("refuge"));
        let page = thief.open(&path).await;
        assert!(page.text().contains("A moderator will check this before it is public"), "{}", page.text());
        thief.submit(&page, &path, &[("phone", "07700 900666"), ("do", "save")]).await;
        assert_eq!(public(&app, "refuge").await["phones"][0]["number"], "0808 157 0114");
        // Nor its words, nor its organisation's number.
        for (name, section, field) in [("refuge", "about", "description"), ("rowan", "contact", "phone"), ("rowan", "about", "description")] {
            let path = format!("/account/listings/{}/{section}", id(name));
            let page = thief.open(&path).await;
            thief.submit(&page, &path, &[(field, "07700 900666"), ("do", "save")]).await;
        }
        let feed = app.get("/federation/v1/changes").await.text();
        assert!(!feed.contains("900666"));
        // A moderator who has not called back cannot let it through by mistake, either.
        let moderator = Browser::officer(&app, PlatformRole::Moderator).await;
        let waiting = app.app().records.proposed_about(&[id("refuge")]).await.unwrap();
        let path = format!("/moderation/changes/{}", waiting[0].id);
        let page = moderator.open(&path).await;
        let refused = moderator.submit(&page, &path, &[("do", "decide")]).await;
        assert!(refused.text().contains("which number you phoned"), "{}", refused.text());
        assert_eq!(public(&app, "refuge").await["phones"][0]["number"], "0808 157 0114");
    }
}

fact! {
    async fn hiding_takes_two_clicks_and_reaches_everything(app) {
        with_pantry(&app).await;
        let moderator = Browser::officer(&app, PlatformRole::Moderator).await;
        let path = format!("/moderation/records/{}", id("pantry"));
        let page = moderator.open(&path).await;
        let asked = moderator.submit(&page, &path, &[("do", "hide")]).await;
        assert!(asked.text().contains("Enter a reason"));
        let before = std::time::Instant::now();
        moderator.submit(&page, &path, &[("do", "hide"), ("reason", "A complaint about safety")]).await;
        app.follow().await;
        assert!(before.elapsed() < Duration::from_mins(1));
        assert_eq!(app.get(&format!("/services/{}", id("pantry"))).await.status, 410);
        assert!(!app.get("/services?format=ndjson&full=true").await.text().contains("Meadow larder"));
        let feed = app.get("/federation/v1/changes").await.json();
        let item = feed["items"].as_array().unwrap().iter().find(|item| item["id"] == id("pantry").to_string()).unwrap().clone();
        assert_eq!(item["state"], "deleted");
        assert!(!item.to_string().contains("complaint"), "the reason is for those who keep it: {item}");
        let page = moderator.open(&path).await;
        moderator.submit(&page, &path, &[("do", "show"), ("reason", "It was looked into")]).await;
        app.follow().await;
        assert_eq!(app.get(&format!("/services/{}", id("pantry"))).await.status, 200);
        let history = moderator.open(&format!("/account/listings/{}/history", id("pantry"))).await;
        for said in ["hidden: A complaint about safety", "shown again: It was looked into"] {
            assert!(history.text().contains(said), "{said}");
        }
    }
}

fact! {
    async fn the_second_to_decide_sees_who_was_first(app) {
        let path = proposed(&app).await;
        let first = Browser::officer(&app, PlatformRole::Moderator).await;
        let second = Browser::officer(&app, PlatformRole::Administrator).await;
        let (page, same) = (first.open(&path).await, second.open(&path).await);
        let done = first.submit(&page, &path, &[("refuse-name", "yes"), ("reason-name", "No loans."), ("do", "decide")]).await;
        assert!(done.text().contains("Partly published, partly refused"), "{}", done.text());
        let told = second.submit(&same, &path, &[("do", "decide")]).await;
        assert_eq!(told.status, 409);
        for said in ["Already decided by moderator@council.example.org", "No loans.", "href=\"/moderation\""] {
            assert!(told.text().contains(said), "{said}: {}", told.text());
        }
    }
}

fact! {
    async fn those_who_keep_a_hidden_listing_read_why_and_lose_nothing(app) {
        with_pantry(&app).await;
        let amina = Browser::keeper(&app, "amina@lark-hill.example.org", id("marsh farm")).await;
        let moderator = Browser::officer(&app, PlatformRole::Moderator).await;
        let path = format!("/moderation/records/{}", id("pantry"));
        let page = moderator.open(&path).await;
        moderator.submit(&page, &path, &[("do", "hide"), ("reason", "A complaint about safety")]).await;
        let sink = Sink::start().await;
        sink.mailer(&app).send_due().await.unwrap();
        let [letter] = &sink.received()[..] else { panic!("its keeper is told") };
        assert_eq!(letter.to, ["amina@lark-hill.example.org"]);
        assert!(letter.text().contains("A complaint about safety") && letter.text().contains("send it for publication"), "{}", letter.text());
        let listing = format!("/account/listings/{}", id("pantry"));
        let page = amina.open(&listing).await;
        for said in ["Hidden by the council on 22 November 2026", "A complaint about safety", "12 Gorse Close"] {
            assert!(page.text().contains(said), "{said}: {}", page.text());
        }
        let place = format!("{listing}/place");
        let form = amina.open(&place).await;
        assert!(form.text().contains("12 Gorse Close"), "the place is still theirs: {}", form.text());
        // A second place, which nobody else sees, comes with it.
        let form = amina.open(&format!("{place}?place=new")).await;
        let second = [("has", "place"), ("address_1", "3 Mill Yard"), ("city", "Luton"), ("postcode", "LU3 9XQ"), ("policy", "exact"), ("postcode_is_right", "yes"), ("do", "save")];
        let saved = amina.submit(&form, &place, &second).await;
        assert!(saved.text().contains("It is not public yet."), "{}", saved.text());
        let page = moderator.open(&path).await;
        assert!(page.text().contains("3 Mill Yard"), "{}", page.text());
        let shown = [("do", "show"), ("reason", "It was looked into")];
        let unseen = moderator.submit(&page, &path, &[("places", ""), shown[0], shown[1]]).await;
        assert_eq!(unseen.status, 409, "only what was looked at is shown");
        moderator.submit(&page, &path, &shown).await;
        let now = public(&app, "pantry").await.to_string();
        assert!(now.contains("12 Gorse Close") && now.contains("3 Mill Yard"), "{now}");
    }
}

fact! {
    async fn what_a_hidden_listing_names_since_gives_no_right_to_a_place(app) {
        with_pantry(&app).await;
        let amina = Browser::keeper(&app, "amina@lark-hill.example.org", id("marsh farm")).await;
        let moderator = Browser::officer(&app, PlatformRole::Moderator).await;
        let path = format!("/moderation/records/{}", id("pantry"));
        moderator.submit(&moderator.open(&path).await, &path, &[("do", "hide"), ("reason", "x")]).await;
        let stored = app.app().records.find(id("pantry")).await.unwrap().unwrap();
        let elsewhere = stored.document.replace(&id("centre").to_string(), &id("house").to_string());
        let document = Document::from_json(Kind::Service, &elsewhere).unwrap();
        app.save(vec![Draft { state: State::Unpublished, ..Draft::new(document) }]).await;
        assert_eq!(amina.open(&format!("/account/listings/{}", id("house"))).await.status, 404);
        let form = amina.open(&format!("/account/listings/{}/place", id("pantry"))).await;
        assert!(form.text().contains("It is at a place managed by others") && !form.text().contains("Hidden Lane"), "{}", form.text());
    }
}

fact! {
    async fn an_earlier_version_is_put_back_as_a_new_one(app) {
        with_pantry(&app).await;
        let moderator = Browser::officer(&app, PlatformRole::Moderator).await;
        let path = format!("/account/listings/{}/about", id("pantry"));
        for name in ["Second name", "Third name"] {
            let page = moderator.open(&path).await;
            moderator.submit(&page, &path, &[("name", name), ("do", "save")]).await;
        }
        let history = format!("/account/listings/{}/history", id("pantry"));
        let compared = moderator.open(&format!("{history}?from=1&to=3")).await;
        assert!(compared.text().contains("Version 1 compared with version 3"), "{}", compared.text());
        let others = moderator.open(&format!("{history}?from=2&to=3")).await.text();
        let chosen = "<select id=\"from\" name=\"from\"><option>1</option><option selected>2</option><option>3</option></select>";
        assert!(others.contains("Version 2 compared with version 3") && others.contains(chosen), "what was chosen stays so: {others}");
        let page = moderator.open(&history).await;
        moderator.submit(&page, &history, &[("revision", "1")]).await;
        assert_eq!(public(&app, "pantry").await["name"], "Meadow larder");
        let stored = app.app().records.find(id("pantry")).await.unwrap().unwrap();
        assert_eq!(stored.kept.revision, 4);
    }
}

fact! {
    async fn an_officer_finds_any_listing_to_edit_or_hide_it(app) {
        with_pantry(&app).await;
        let public = app.page(&format!("/directory/services/{}", id("pantry"))).await.text();
        assert!(public.contains(&format!("href=\"/moderation/records/{}\"", id("pantry"))), "a way from the public page: {public}");
        let moderator = Browser::officer(&app, PlatformRole::Moderator).await;
        assert!(moderator.open("/moderation").await.text().contains("action=\"/moderation/find\""));
        let tx = app.app().db.write().await.unwrap();
        app.app().records.hide(&tx, &TestApp::person("Unsafe"), id("pantry")).await.unwrap();
        tx.commit().await.unwrap();
        app.follow().await;
        let empty = moderator.open("/moderation/find?q=rowan").await;
        assert!(!empty.text().contains("2 listings"), "an address that says what was looked for is none of ours");
        let found = async |words: &str| moderator.submit(&empty, "/moderation/find", &[("q", words)]).await.text();
        let number = pantry()["phones"][0]["number"].as_str().unwrap().replace(' ', "");
        for words in ["meadow LARDER", &number, "LU3 9XQ", "gorse"] {
            let page = found(words).await;
            for path in ["/account/listings", "/moderation/records"] {
                assert!(page.contains(&format!("href=\"{path}/{}\"", id("pantry"))), "{words}: {page}");
            }
        }
        assert!(found("rowan").await.contains("2 listings"), "a service and its organisation");
        assert!(found("no such thing").await.contains("Nothing found"));
        let stranger = Browser::keeper(&app, "amina@lark-hill.example.org", id("marsh farm")).await;
        assert_eq!(stranger.open("/moderation/find").await.status, 403);
    }
}

fact! {
    async fn whoever_decides_about_a_new_listing_sees_it_beside_one_that_is_here_and_may_be_the_same(app) {
        with_pantry(&app).await;
        assert_eq!(app.import(crate::facts::listings(&["Repair cafe", "Garden"])).await.rejected, []);
        let amina = Browser::keeper(&app, "amina@lark-hill.example.org", id("marsh farm")).await;
        let moderator = Browser::officer(&app, PlatformRole::Moderator).await;
        let page = moderator.open(&sent_for_publication(&app, &amina, &moderator).await).await.text();
        let beside = page.split("Is it here already?").nth(1).unwrap_or_else(|| panic!("{page}")).split("</section>").next().unwrap();
        assert!(beside.contains(&format!("href=\"/account/listings/{}\"", id("Repair cafe"))), "{beside}");
        for said in ["Repair café", "Repair cafe", "We mend.", "01632 960555"] {
            assert!(beside.contains(said), "{said}: {beside}");
        }
        assert!(!beside.contains("Garden") && !beside.contains("Meadow larder"), "{beside}");
    }
}
