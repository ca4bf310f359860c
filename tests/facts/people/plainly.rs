//! What pages say plainly where somebody could lose something, do it twice or misread it.

use chrono::TimeDelta;
use fingerpost::{identity::PlatformRole, jobs};
use http::Method;

use super::{id, with_pantry};
use crate::support::{PUBLIC_URL, TestApp, browser::Browser, fact, sink::Sink};

const AMINA: &str = "amina@lark-hill.example.org";

async fn amina(app: &TestApp) -> Browser<'_> {
    with_pantry(app).await;
    Browser::keeper(app, AMINA, id("marsh farm")).await
}

async fn save(browser: &Browser<'_>, section: &str, with: &[(&str, &str)]) -> crate::support::Answer {
    let path = format!("/account/listings/{}/{section}", id("pantry"));
    let with: Vec<(&str, &str)> = with.iter().copied().chain([("do", "save")]).collect();
    browser.submit(&browser.open(&path).await, &path, &with).await
}

fact! {
    async fn an_undo_that_comes_too_late_says_who_was_quicker_and_what_to_do(app) {
        let amina = amina(&app).await;
        let saved = save(&amina, "cost", &[("free", "no"), ("cost", "£5 a visit")]).await;
        let bela = Browser::keeper(&app, "bela@lark-hill.example.org", id("marsh farm")).await;
        save(&bela, "cost", &[("free", "no"), ("cost", "£6 a visit")]).await;
        let undo = format!("/account/listings/{}/undo", id("pantry"));
        let told = amina.submit(&saved, &undo, &[]).await;
        assert_eq!(told.status, 409);
        for said in ["Nothing was undone", "Someone else has changed this listing in the meantime", &format!("/account/listings/{}/history", id("pantry"))] {
            assert!(told.text().contains(said), "{said}: {}", told.text());
        }
        assert!(!told.text().contains("revision") && !told.text().contains("version 2"), "{}", told.text());
    }
}

fact! {
    async fn officers_read_of_a_check_what_the_public_reads(app) {
        with_pantry(&app).await;
        jobs::freshness(app.app(), &PUBLIC_URL.parse().unwrap()).await.unwrap();
        let moderator = Browser::officer(&app, PlatformRole::Moderator).await;
        let public = format!("/directory/services/{}", id("pantry"));
        let checks = moderator.open("/moderation/checks").await.text();
        let said = "Checked on 2 November 2026.";
        assert!(app.page(&public).await.text().contains(said) && checks.contains(said), "{checks}");
        assert!(!checks.contains("Not checked yet"), "{checks}");
        let tx = app.app().db.write().await.unwrap();
        app.app().records.check(&tx, &[id("pantry")], "person:7", fingerpost::records::How::Phone).await.unwrap();
        tx.commit().await.unwrap();
        app.follow().await;
        let checks = moderator.open("/moderation/checks").await.text();
        let said = "Confirmed by phone on 22 November 2026.";
        assert!(app.page(&public).await.text().contains(said) && checks.contains(said), "{checks}");
    }
}

fact! {
    async fn a_new_token_is_shown_once_and_reloading_its_page_makes_no_other(app) {
        let amina = amina(&app).await;
        let home = format!("/account/organisations/{}", id("marsh farm"));
        let (page, path) = (amina.open(&home).await, format!("{home}/tokens"));
        let fields = [("scope", "write"), ("days", "30"), ("do", "make"), ("-token", "")];
        let asked = amina.submit(&page, &path, &[&[("name", " ")], &fields[..]].concat()).await;
        assert!(asked.text().contains("Enter what the token is for") && asked.text().contains("value=\"write\" selected"), "{}", asked.text());
        let tokens = async || app.app().identity().tokens(Some(id("marsh farm"))).await.unwrap();
        assert_eq!(tokens().await, []);
        let made = amina.submit_only(&page, &path, &[&[("name", "Our website")], &fields[..]].concat()).await;
        assert_eq!((made.status.as_u16(), made.header("location")), (303, home.as_str()), "{}", made.text());
        let shown = amina.open(&home).await;
        assert!(shown.text().contains("shown only this once") && shown.header("cache-control").contains("no-store"), "{}", shown.text());
        let secret = shown.text().split("<code>").nth(1).unwrap().split('<').next().unwrap().to_owned();
        let headers = [("authorization", format!("Bearer {secret}"))];
        let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        assert_eq!(app.ask(Method::GET, &format!("/api/v1/records/{}", id("pantry")), &headers, "").await.status, 200);
        let again = amina.open(&home).await;
        assert!(!again.text().contains("shown only this once") && !again.text().contains(&secret), "{}", again.text());
        assert_eq!((tokens().await.len(), tokens().await[0].name.as_str()), (1, "Our website"));
    }
}

fact! {
    async fn a_name_that_was_looked_for_is_not_typed_again_and_nothing_is_no_search(app) {
        let amina = amina(&app).await;
        let found = amina.open("/account/find?q=Tea+%26+toast").await.text();
        assert!(found.contains("href=\"/account/organisations/new?name=Tea+%26amp%3B+toast\"") || found.contains("href=\"/account/organisations/new?name=Tea+%26+toast\""), "{found}");
        let form = amina.open("/account/organisations/new?name=Tea+%26+toast").await.text();
        assert!(form.contains("name=\"name\" value=\"Tea &amp; toast\""), "{form}");
        assert!(!amina.open("/account/find").await.text().contains("There is a problem"));
        for nothing in ["", "+", "-", "%3F"] {
            let page = amina.open(&format!("/account/find?q={nothing}")).await.text();
            assert!(page.contains("Enter the name of your organisation") && !page.contains("This is us"), "{nothing}: {page}");
        }
    }
}

fact! {
    async fn whoever_claims_what_is_protected_reads_that_somebody_decides(app) {
        with_pantry(&app).await;
        let ben = Browser::signed_in(&app, "ben@gmail.com").await;
        let at_once = "you can start straight away";
        for (organisation, said) in [("marsh farm", true), ("rowan", false)] {
            let page = ben.open(&format!("/account/organisations/{}/claim", id(organisation))).await.text();
            assert_eq!((page.contains(at_once), page.contains("before you can change anything")), (said, !said), "{organisation}: {page}");
        }
        let _lead = Browser::keeper(&app, AMINA, id("marsh farm")).await;
        let page = ben.open(&format!("/account/organisations/{}/claim", id("marsh farm"))).await.text();
        assert!(!page.contains(at_once), "nor where somebody keeps it: {page}");
    }
}

fact! {
    async fn whoever_has_another_role_now_hears_of_it(app) {
        with_pantry(&app).await;
        let administrator = Browser::officer(&app, PlatformRole::Administrator).await;
        let give = async |role: &str| {
            let page = administrator.open("/moderation/people").await;
            administrator.submit(&page, "/moderation/people", &[("email", "kit@council.example.org"), ("role", role)]).await;
            let sink = Sink::start().await;
            sink.mailer(&app).send_due().await.unwrap();
            sink.received().into_iter().filter(|letter| letter.to == ["kit@council.example.org"]).map(|letter| letter.text().split_whitespace().collect::<Vec<_>>().join(" ")).collect::<Vec<_>>()
        };
        let told = give("moderator").await;
        assert!(told.len() == 1 && told[0].contains("has made you a moderator of Luton directory"), "{told:?}");
        assert_eq!(give("moderator").await, Vec::<String>::new(), "nothing has changed");
        let told = give("none").await;
        assert!(told.len() == 1 && told[0].contains("has ended your role"), "{told:?}");
    }
}

fact! {
    async fn letters_that_wait_do_not_keep_the_name_of_somebody_who_is_forgotten(app) {
        let lead = amina(&app).await;
        let identity = app.app().identity();
        let gwen = Browser::keeper(&app, "gwen@lark-hill.example.org", id("marsh farm")).await;
        let page = gwen.open("/account/profile").await;
        gwen.submit(&page, "/account/profile", &[("name", "Gwenllian Thistlewood")]).await;
        let home = format!("/account/organisations/{}", id("marsh farm"));
        let invite = [("email", "next@lark-hill.example.org"), ("role", "editor"), ("do", "invite")];
        gwen.submit(&gwen.open(&home).await, &format!("{home}/members"), &invite).await;
        assert!(!app.files_with("Thistlewood").is_empty() || app.on == crate::support::On::Postgres, "a letter to the other lead names her");
        let person = identity.person_at(&"gwen@lark-hill.example.org".parse().unwrap()).await.unwrap().unwrap();
        let tx = app.app().db.write().await.unwrap();
        app.app().editing(&PUBLIC_URL.parse().unwrap()).forget_person(&tx, "an administrator", person.id, "asked").await.unwrap();
        tx.commit().await.unwrap();
        app.app().db.sweep_now().await.unwrap();
        assert_eq!(app.files_with("Thistlewood"), Vec::<String>::new());
        let sink = Sink::start().await;
        sink.mailer(&app).send_due().await.unwrap();
        assert!(sink.received().iter().all(|letter| !letter.text().contains("Thistlewood")));
        drop(lead);
    }
}

fact! {
    async fn the_trail_is_searched_by_person_action_and_listing(app) {
        let amina = amina(&app).await;
        save(&amina, "about", &[("name", "The larder")]).await;
        let moderator = Browser::officer(&app, PlatformRole::Moderator).await;
        let change = app.app().records.waiting(None, None, 10).await.unwrap().remove(0).id;
        let path = format!("/moderation/changes/{change}");
        moderator.submit(&moderator.open(&path).await, &path, &[("do", "decide")]).await;
        app.follow().await;
        let rows = async |query: &str| {
            let page = moderator.open(&format!("/moderation/audit?{query}")).await.text();
            page.matches("data-column=\"When\"").count()
        };
        let all = rows("").await;
        assert!(all > 2, "{all}");
        assert_eq!(rows("what=decide+a+change").await, 1);
        assert_eq!(rows("who=amina").await, rows("who=amina%40lark-hill.example.org").await);
        assert!(rows("who=amina").await < all && rows("who=amina").await > 0);
        assert_eq!((rows("who=nobody-of-that-name").await, rows("record=no+such+listing").await), (0, 0));
        for record in ["larder", &id("pantry").to_string(), &format!("https%3A%2F%2Fdirectory.luton.example.org%2Fdirectory%2Fservices%2F{}", id("pantry"))] {
            assert_eq!(rows(&format!("record={record}&what=decide+a+change")).await, 1, "{record}");
        }
        assert_eq!(rows(&format!("record={}", id("refuge"))).await, 0);
        let page = moderator.open("/moderation/audit?who=amina").await.text();
        assert!(page.contains("name=\"who\" value=\"amina\"") && page.contains("method=\"get\""), "{page}");
        let stranger = Browser::signed_in(&app, "stranger@example.org").await;
        assert_eq!(stranger.open("/moderation/audit?who=amina").await.status, 403);
    }
}

fact! {
    async fn a_place_that_nobody_was_asked_about_is_not_answered_for_them(app) {
        let amina = amina(&app).await;
        let new = format!("/account/organisations/{}/services/new", id("marsh farm"));
        let page = amina.open(&new).await;
        let made = amina.submit_only(&page, &new, &[("name", "Repair café"), ("description", "We mend."), ("terms", "yes")]).await;
        let listing = made.header("location").split("/listings/").nth(1).unwrap()[..36].to_owned();
        let overview = amina.open(&format!("/account/listings/{listing}")).await.text();
        assert!(!overview.contains("No place of your own") && overview.contains("If there is no place that people go to"), "{overview}");
        let form = amina.open(&format!("/account/listings/{listing}/place")).await.text();
        let question = form.split("id=\"has\"").nth(1).unwrap().split("</fieldset>").next().unwrap().to_owned();
        assert!(!question.contains("checked"), "{question}");
        app.clock.set(app.clock.now() + TimeDelta::minutes(1));
    }
}

fact! {
    async fn the_form_of_a_place_says_that_a_new_address_waits_to_those_who_may_know(app) {
        let amina = amina(&app).await;
        let place = format!("/account/listings/{}/place", id("pantry"));
        let waits = "is waiting for a moderator";
        assert!(!amina.open(&place).await.text().contains(waits));
        save(&amina, "place", &[("address_1", "14 Gorse Close")]).await;
        assert!(amina.open(&place).await.text().contains(waits));
        assert!(!amina.open(&place.replace("/place", "/cost")).await.text().contains(waits));
    }
}
