//! What attackers try at the doors that people use, where it is not tried beside what it attacks.

use fingerpost::identity::{MemberRole, PlatformRole};
use serde_json::json;

use super::{
    claims::{claim, latest_code},
    id, public, with_pantry,
};
use crate::support::{Answer, PUBLIC_URL, browser::Browser, fact, provider::FakeProvider, sink::Sink};

fact! {
    async fn fields_that_a_form_does_not_have_change_nothing(app) {
        with_pantry(&app).await;
        let amina = Browser::keeper(&app, "amina@lark-hill.example.org", id("marsh farm")).await;
        let path = format!("/account/listings/{}/about", id("pantry"));
        let page = amina.open(&path).await;
        let rowan = id("rowan").to_string();
        let with = [
            ("description", "Food for less."), ("organization_id", rowan.as_str()), ("assured_date", "2030-01-01"), ("freshness", "current"),
            ("state", "gone"), ("origin", "evil.example"), ("status", "defunct"), ("id", rowan.as_str()), ("attributes", "[]"), ("do", "save"),
        ];
        amina.submit(&page, &path, &with).await;
        let now = public(&app, "pantry").await;
        assert_eq!((&now["description"], &now["status"], &now["assured_date"]), (&"Food for less.".into(), &"active".into(), &"2026-11-02".into()));
        assert_eq!(now["organization"]["id"], id("marsh farm").to_string());
        assert_eq!(now["attributes"].as_array().unwrap().len(), 1);
        let stored = app.app().records.find(id("pantry")).await.unwrap().unwrap();
        assert_eq!(stored.origin, "");

        let page = amina.open("/account/profile").await;
        let with = [("name", "Amina"), ("role", "administrator"), ("email", "admin@council.example.org"), ("terms_at", "0")];
        amina.submit(&page, "/account/profile", &with).await;
        let person = app.app().identity().person_at(&"amina@lark-hill.example.org".parse().unwrap()).await.unwrap().unwrap();
        assert_eq!((person.name.as_str(), person.role), ("Amina", None));
        // And a moderator decides nothing that is not waiting by naming it.
        let moderator = Browser::officer(&app, PlatformRole::Moderator).await;
        let path = format!("/moderation/records/{}", id("pantry"));
        let page = moderator.open(&path).await;
        moderator.submit(&page, &path, &[("do", "publish everything"), ("reason", "x")]).await;
        assert_eq!(public(&app, "pantry").await["status"], "active");
    }
}

fact! {
    async fn a_forged_link_lets_nobody_in_and_keeps_nobody_out(app) {
        let thief = Browser::new(&app);
        let forged = format!("/sign-in/link/{}", "A".repeat(43));
        assert_eq!(thief.open(&forged).await.status, 410);
        for nonsense in ["/sign-in/link/short", "/sign-in/link/..%2F..%2Faccount"] {
            assert_eq!(thief.open(nonsense).await.status, 410, "{nonsense}");
        }
        let link = async || {
            let identity = app.app().identity();
            let tx = identity.write().await.unwrap();
            let secret = identity.link_for(&tx, &"amina@lark-hill.example.org".parse().unwrap(), "").await.unwrap();
            tx.commit().await.unwrap();
            secret.as_str().to_owned()
        };
        let right = link().await;
        let page = thief.open(&format!("/sign-in/link/{right}")).await;
        for _ in 0..60 {
            assert_eq!(thief.submit_only(&page, "/sign-in/link", &[("secret", &"A".repeat(43))]).await.status, 410);
        }
        assert!(thief.cookie("__Host-session").is_none());
        // Somebody of the same office, with a link of their own.
        let amina = Browser::new(&app);
        let page = amina.open(&format!("/sign-in/link/{right}")).await;
        let late = thief.open(&format!("/sign-in/link/{right}")).await;
        assert_eq!(amina.submit_only(&page, "/sign-in/link", &[]).await.status, 303);
        assert_eq!(amina.submit_only(&page, "/sign-in/link", &[]).await.status, 410, "once");
        assert_eq!(thief.submit_only(&late, "/sign-in/link", &[]).await.status, 410, "once");
        assert!(thief.cookie("__Host-session").is_none());
    }
}

fact! {
    async fn the_answer_of_a_provider_lets_in_only_the_browser_that_went_there_and_once(app) {
        let provider = FakeProvider::start().await;
        app.config.sign_in_providers = vec![provider.settings("Luton staff")];
        app.restart().await;
        let went = async |browser: &Browser<'_>| {
            let sent = browser.open_only("/sign-in/with/Luton%20staff?return_to=%2F%2Fevil.example").await;
            let answer = provider.sign_in(&sent.header("location").parse().unwrap());
            format!("/sign-in/back?code={}&state={}", answer.code.unwrap(), answer.state.unwrap())
        };
        let is_refused = async |browser: &Browser<'_>, back: &str| {
            browser.open(back).await.text().contains("You are not signed in") && browser.cookie("__Host-session").is_none()
        };
        let officer = Browser::signed_in(&app, "somebody@example.org").await;
        let planted = officer.cookie("__Host-session").unwrap();
        let back = went(&officer).await;
        let thief = Browser::new(&app);
        assert!(is_refused(&thief, &back).await, "a browser that never went there");
        let own = went(&thief).await;
        assert!(is_refused(&thief, &back).await, "a browser that went there for itself");
        assert!(is_refused(&thief, &own).await, "what was begun is good for one answer");
        let inside = officer.open_only(&back).await;
        assert_eq!((inside.status.as_u16(), inside.header("location")), (303, "/account"), "{}", inside.text());
        assert_ne!(officer.cookie("__Host-session").unwrap(), planted);
        let identity = app.app().identity();
        assert!(identity.person_at(&"amina.officer@luton.gov.uk".parse().unwrap()).await.unwrap().is_some());
        thief.steal("__Host-session", &planted);
        assert!(thief.open("/account").await.text().contains("Sign in"), "the session that was there before is over");
        assert!(officer.open(&back).await.text().contains("You are not signed in"), "an answer is good once");
        // Nor does an address let anybody in that the provider has not verified.
        provider.lie(|token| token.claims["email_verified"] = json!(false));
        let other = Browser::new(&app);
        let back = went(&other).await;
        assert!(is_refused(&other, &back).await);
        let trail = identity.audit(None, None, 20).await.unwrap();
        assert!(trail.iter().any(|line| line.detail == "Luton staff: unverified"), "{trail:?}");
    }
}

fact! {
    async fn a_form_of_one_person_does_nothing_for_another(app) {
        with_pantry(&app).await;
        let amina = Browser::keeper(&app, "amina@lark-hill.example.org", id("marsh farm")).await;
        let mallory = Browser::signed_in(&app, "mallory@example.org").await;
        let page = mallory.open("/account/profile").await.text();
        let token = page.split("name=\"form\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
        let path = format!("/account/listings/{}/about", id("pantry"));
        let fields = [("form", token.as_str()), ("revision", "1"), ("name", "Hacked"), ("description", "Hacked"), ("do", "save")];
        let answer = amina.post(&path, PUBLIC_URL.trim_end_matches('/'), &fields).await;
        assert_eq!(answer.status, 403);
        assert_eq!(public(&app, "pantry").await["description"], "Choose about ten items of food. No referral needed.");
    }
}

fact! {
    async fn an_address_that_only_looks_like_the_one_on_the_listing_opens_nothing(app) {
        with_pantry(&app).await;
        // A Cyrillic a, a Greek o, a word more, a word less: other domains, whatever they look like.
        for email in ["amina@l\u{430}rk-hill.example.org", "amina@lark-hill.example.\u{3bf}rg", "amina@x-lark-hill.example.org", "amina@example.org"] {
            let thief = Browser::signed_in(&app, email).await;
            let path = format!("/account/organisations/{}/claim", id("marsh farm"));
            let page = thief.open(&path).await;
            let said = thief.submit(&page, &path, &[("words", "It is me."), ("terms", "yes")]).await;
            assert!(said.text().contains("Someone from the council will decide"), "{email}: {}", said.text());
        }
        assert_eq!(app.app().identity().members(id("marsh farm")).await.unwrap().len(), 0);
        // The same letters in another case are the same mailbox, and the same person.
        for email in ["Amina@Lark-Hill.example.ORG", "amina@lark-hill.example.org"] {
            Browser::signed_in(&app, email).await;
        }
        let people = app.app().identity().everybody().await.unwrap();
        assert_eq!(people.iter().filter(|person| person.email.domain() == "lark-hill.example.org").count(), 1, "{people:?}");
    }
}

fact! {
    async fn an_invitation_that_is_too_old_lets_nobody_in(app) {
        with_pantry(&app).await;
        let email = "next@example.org";
        let identity = app.app().identity();
        let tx = identity.write().await.unwrap();
        let invitation = identity.invite(&tx, id("marsh farm"), &email.parse().unwrap(), MemberRole::Lead, "person:1").await.unwrap();
        tx.commit().await.unwrap();
        app.clock.set(app.clock.now() + chrono::Duration::days(15));
        let next = Browser::signed_in(&app, email).await;
        assert!(!next.open("/account").await.text().contains(&invitation.id.to_string()));
        let profile = next.open("/account/profile").await.text();
        let proof = profile.split("name=\"form\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
        let path = format!("/account/invitations/{}", invitation.id);
        let tried = next.post(&path, PUBLIC_URL.trim_end_matches('/'), &[("form", &proof), ("terms", "yes")]).await;
        assert_eq!(tried.status, 410, "{}", tried.text());
        assert_eq!(identity.members(id("marsh farm")).await.unwrap().len(), 0);
    }
}

fact! {
    async fn a_code_is_good_only_for_the_claim_that_it_was_made_for(app) {
        with_pantry(&app).await;
        let sink = Sink::start().await;
        let amina = Browser::signed_in(&app, "amina@gmail.com").await;
        let asked = claim(&amina, id("marsh farm")).await;
        sink.mailer(&app).send_due().await.unwrap();
        let code = latest_code(&sink);
        // Somebody who has overheard it claims the same organisation.
        let thief = Browser::signed_in(&app, "thief@gmail.com").await;
        let own = claim(&thief, id("marsh farm")).await;
        let path = |page: &Answer| format!("/account/claims/{}", &page.text().split("/account/claims/").nth(1).unwrap()[..36]);
        let tried = thief.submit(&own, &path(&own), &[("code", &code)]).await;
        assert!(tried.text().contains("does not work"), "{}", tried.text());
        let text = own.text();
        let proof = text.split("name=\"form\" value=\"").nth(1).unwrap().split('"').next().unwrap();
        let foreign = thief.post(&path(&asked), PUBLIC_URL.trim_end_matches('/'), &[("form", proof), ("code", &code)]).await;
        assert_eq!(foreign.status, 404, "{}", foreign.text());
        assert_eq!(app.app().identity().members(id("marsh farm")).await.unwrap(), []);
        amina.submit(&asked, &path(&asked), &[("code", &code)]).await;
        let members = app.app().identity().members(id("marsh farm")).await.unwrap();
        assert_eq!(members.iter().map(|member| member.person.email.as_str()).collect::<Vec<_>>(), ["amina@gmail.com"]);
    }
}

fact! {
    async fn who_agrees_to_the_terms_on_the_way_is_sent_to_no_other_site(app) {
        let amina = Browser::signed_in(&app, "amina@lark-hill.example.org").await;
        for wanted in ["https://evil.example/", "//evil.example", "/\\evil.example", "/.//evil.example"] {
            let query: String = url::form_urlencoded::Serializer::new(String::new()).append_pair("return_to", wanted).finish();
            let page = amina.open(&format!("/account/terms?{query}")).await;
            assert!(!page.text().contains("evil.example"), "{wanted}");
            let agreed = amina.submit_only(&page, "/account/terms", &[("return_to", wanted), ("terms", "yes")]).await;
            assert_eq!((agreed.status.as_u16(), agreed.header("location")), (303, "/account"), "{wanted}");
        }
    }
}
