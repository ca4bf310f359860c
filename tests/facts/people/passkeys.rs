//! The second step of officers.

use fingerpost::{config::SecondStep, identity::PlatformRole};

use super::{id, with_pantry};
use crate::support::{PUBLIC_URL, TestApp, authenticator::Authenticator, browser::Browser, fact, sink::Sink};

/// From now on officers have to show a passkey.
async fn required(app: &mut TestApp) {
    app.config.second_step = SecondStep::Officers;
    app.restart().await;
}

async fn add(browser: &Browser<'_>, key: &mut Authenticator, name: &str) {
    let page = browser.open("/account/passkeys/new").await;
    let answer = key.add(&page);
    let after = browser.submit(&page, "/account/passkeys/new", &[("answer", &answer), ("name", name)]).await;
    assert_eq!(after.status, 200, "{}", after.text());
    assert!(after.text().contains(name) || after.text().contains("Your listings"), "{}", after.text());
}

async fn show(browser: &Browser<'_>, key: &mut Authenticator) -> crate::support::Answer {
    let page = browser.open("/sign-in/passkey").await;
    let answer = key.show(&page);
    browser.submit(&page, "/sign-in/passkey", &[("answer", &answer)]).await
}

fact! {
    async fn an_officer_is_none_until_a_passkey_was_shown(app) {
        required(&mut app).await;
        let browser = Browser::officer(&app, PlatformRole::Moderator).await;
        let first = browser.open("/moderation").await.text();
        assert!(first.contains("<h1>Add a passkey</h1>") && first.contains("value=\"/moderation\""), "a link alone makes no officer: {first}");
        assert_eq!(browser.open("/account").await.status, 200, "what everybody can do, they can");
        let mut key = Authenticator::new(PUBLIC_URL);
        add(&browser, &mut key, "work phone").await;
        assert_eq!(browser.open("/moderation").await.status, 200, "who has just made it has shown it");

        let later = Browser::signed_in(&app, "moderator@council.example.org").await;
        assert!(later.open("/moderation").await.text().contains("<h1>Use your passkey</h1>"));
        assert_eq!(later.open("/account/passkeys/new").await.status, 403, "nobody adds one who has not shown one");
        assert_eq!(show(&later, &mut key).await.status, 200);
        assert_eq!(later.open("/moderation").await.status, 200);
        assert!(later.open("/account/passkeys").await.text().contains("work phone"));
    }
}

fact! {
    async fn signing_in_leads_to_the_second_step_and_then_where_one_wanted_to_go(app) {
        required(&mut app).await;
        let browser = Browser::officer(&app, PlatformRole::Administrator).await;
        let mut key = Authenticator::new(PUBLIC_URL);
        add(&browser, &mut key, "key ring").await;
        let again = Browser::new(&app);
        let identity = app.app().identity();
        let tx = identity.write().await.unwrap();
        let secret = identity.link_for(&tx, &"administrator@council.example.org".parse().unwrap(), "/moderation/people").await.unwrap();
        tx.commit().await.unwrap();
        let page = again.open(&format!("/sign-in/link/{}", secret.as_str())).await;
        let second = again.submit(&page, "/sign-in/link", &[]).await;
        assert!(second.text().contains("Use your passkey"), "{}", second.text());
        let answer = key.show(&second);
        let there = again.submit(&second, "/sign-in/passkey", &[("answer", &answer)]).await;
        assert!(there.text().contains("People and roles"), "{}", there.text());
    }
}

fact! {
    async fn an_answer_counts_once_for_its_session_its_site_and_its_owner(app) {
        required(&mut app).await;
        let browser = Browser::officer(&app, PlatformRole::Moderator).await;
        let mut key = Authenticator::new(PUBLIC_URL);
        add(&browser, &mut key, "work phone").await;
        let later = Browser::signed_in(&app, "moderator@council.example.org").await;
        let page = later.open("/sign-in/passkey").await;
        // Another key, another site, a finger that was not recognised, nonsense.
        let mut stranger = Authenticator::new(PUBLIC_URL);
        let foreign = stranger.show(&page);
        "https://directory.luton.example.org.evil.example".clone_into(&mut key.origin);
        let elsewhere = key.show(&page);
        PUBLIC_URL.trim_end_matches('/').clone_into(&mut key.origin);
        key.verified = false;
        let unverified = key.show(&page);
        key.verified = true;
        for answer in [foreign.as_str(), elsewhere.as_str(), unverified.as_str(), "", "{}", "[]"] {
            let page = later.open("/sign-in/passkey").await;
            let refused = later.submit(&page, "/sign-in/passkey", &[("answer", answer)]).await;
            assert!(refused.text().contains("There is a problem"), "{answer}");
        }
        assert!(later.open("/moderation").await.text().contains("<h1>Use your passkey</h1>"));
        // What was asked of one session is no use in another, nor twice.
        let other = Browser::signed_in(&app, "moderator@council.example.org").await;
        let asked = later.open("/sign-in/passkey").await;
        let answer = key.show(&asked);
        let page = other.open("/sign-in/passkey").await;
        let stolen = other.submit(&page, "/sign-in/passkey", &[("answer", &answer)]).await;
        assert!(stolen.text().contains("There is a problem"));
        assert_eq!(later.submit(&asked, "/sign-in/passkey", &[("answer", &answer)]).await.status, 200);
        assert_eq!(later.open("/moderation").await.status, 200);
        let again = later.submit(&asked, "/sign-in/passkey", &[("answer", &answer)]).await;
        assert!(again.text().contains("There is a problem"), "{}", again.text());
    }
}

fact! {
    async fn an_officer_without_a_passkey_is_none_over_the_api_either(app) {
        required(&mut app).await;
        with_pantry(&app).await;
        let browser = Browser::officer(&app, PlatformRole::Administrator).await;
        let page = browser.open("/account").await.text();
        let proof = page.split("name=\"form\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
        let cookie = format!("__Host-session={}", browser.cookie("__Host-session").unwrap());
        let headers = [("cookie", cookie.as_str()), ("x-form-token", proof.as_str()), ("if-match", "\"1\"")];
        let record = format!("/api/v1/records/{}", id("pantry"));
        for (method, path, body) in [
            (http::Method::GET, record.as_str(), ""),
            (http::Method::PATCH, record.as_str(), "{\"fees_description\": \"£9\"}"),
            (http::Method::DELETE, record.as_str(), ""),
        ] {
            let answer = app.ask(method.clone(), path, &headers, body).await;
            assert!([403, 404].contains(&answer.status.as_u16()), "{method}: {}", answer.text());
        }
        let proposals = app.ask(http::Method::GET, "/api/v1/proposals", &headers, "").await;
        assert_eq!(proposals.json()["proposals"], serde_json::json!([]), "nor do they see what waits");
    }
}

fact! {
    async fn who_came_through_a_provider_owes_nothing_and_a_reader_neither(app) {
        required(&mut app).await;
        let reader = Browser::officer(&app, PlatformRole::Reader).await;
        assert_eq!(reader.open("/moderation").await.status, 200);
        let identity = app.app().identity();
        let tx = identity.write().await.unwrap();
        let person = identity.give_role(&tx, &"mo@council.example.org".parse().unwrap(), Some(PlatformRole::Moderator)).await.unwrap();
        tx.commit().await.unwrap();
        let through = fingerpost::identity::Strength::Provider("Council".to_owned());
        assert_eq!(identity.owed(&person, &through).await.unwrap(), None);
        assert!(identity.owed(&person, &fingerpost::identity::Strength::Link).await.unwrap().is_some());
        // One that knows of their address only that its mail was read is no better than a link.
        let anybodys = fingerpost::identity::Strength::OtherProvider("Google".to_owned());
        assert!(identity.owed(&person, &anybodys).await.unwrap().is_some());
    }
}

fact! {
    async fn nobody_has_to_unless_the_council_wants_it_or_they_have_one(app) {
        let browser = Browser::officer(&app, PlatformRole::Moderator).await;
        assert_eq!(browser.open("/moderation").await.status, 200);
        let mut key = Authenticator::new(PUBLIC_URL);
        add(&browser, &mut key, "my own").await;
        let later = Browser::signed_in(&app, "moderator@council.example.org").await;
        assert!(later.open("/moderation").await.text().contains("<h1>Use your passkey</h1>"), "who has one is asked for it");
        show(&later, &mut key).await;
        let page = later.open("/account/passkeys").await;
        let id = page.text().split("/account/passkeys/").nth(1).unwrap().split('"').next().unwrap().to_owned();
        let action = format!("/account/passkeys/{id}");
        let renamed = later.submit(&page, &action, &[("do", "rename"), ("name", "<b>mine</b>")]).await;
        assert!(renamed.text().contains("&lt;b&gt;mine&lt;/b&gt;"), "{}", renamed.text());
        let gone = later.submit(&renamed, &action, &[("do", "remove")]).await;
        assert!(gone.text().contains("You do not have any yet."));
    }
}

fact! {
    async fn the_only_passkey_that_is_needed_stays_and_a_lost_one_is_reset_by_somebody_else(app) {
        required(&mut app).await;
        let sink = Sink::start().await;
        let moderator = Browser::officer(&app, PlatformRole::Moderator).await;
        let mut lost = Authenticator::new(PUBLIC_URL);
        add(&moderator, &mut lost, "lost phone").await;
        let page = moderator.open("/account/passkeys").await;
        let id = page.text().split("/account/passkeys/").nth(1).unwrap().split('"').next().unwrap().to_owned();
        let kept = moderator.submit(&page, &format!("/account/passkeys/{id}"), &[("do", "remove")]).await;
        assert!(kept.text().contains("add another before you remove this one"), "{}", kept.text());

        let administrator = Browser::officer(&app, PlatformRole::Administrator).await;
        let mut key = Authenticator::new(PUBLIC_URL);
        add(&administrator, &mut key, "key ring").await;
        let people = administrator.open("/moderation/people").await;
        let person = app.app().identity().person_at(&"moderator@council.example.org".parse().unwrap()).await.unwrap().unwrap();
        let action = format!("/moderation/people/{}/passkeys", person.id);
        let after = administrator.submit(&people, &action, &[]).await;
        assert!(!after.text().contains(&action), "{}", after.text());
        assert!(moderator.open("/moderation").await.text().contains("Send me a link"), "their sessions ended");
        let fresh = Browser::signed_in(&app, "moderator@council.example.org").await;
        let mut new = Authenticator::new(PUBLIC_URL);
        add(&fresh, &mut new, "new phone").await;
        assert_eq!(fresh.open("/moderation").await.status, 200);

        sink.mailer(&app).send_due().await.unwrap();
        let letters: Vec<String> = sink.received().iter().map(crate::support::sink::Received::text).collect();
        assert!(letters.iter().any(|letter| letter.contains("were reset")), "{letters:?}");
        assert!(letters.iter().filter(|letter| letter.contains("was added")).count() >= 3, "{letters:?}");
        let audit = administrator.open("/moderation/audit").await.text();
        for what in ["reset passkeys", "add a passkey"] {
            assert!(audit.contains(&format!(">{what}</td>")), "{what}");
        }
        // Nobody gets rid of their own key like this, and no moderator of anybody's.
        let own = app.app().identity().person_at(&"administrator@council.example.org".parse().unwrap()).await.unwrap().unwrap();
        let proof = administrator.open("/account/profile").await;
        let token = proof.text().split("name=\"form\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
        let path = format!("/moderation/people/{}/passkeys", own.id);
        assert_eq!(administrator.post(&path, PUBLIC_URL.trim_end_matches('/'), &[("form", &token)]).await.status, 403);
    }
}

#[test]
fn a_directory_that_is_reached_by_a_number_cannot_require_passkeys() {
    use fingerpost::config::Config;
    let read = |url: &str| {
        let settings = [("FINGERPOST_SECOND_STEP", "officers"), ("FINGERPOST_PUBLIC_URL", url)];
        Config::read(None, settings.map(|(name, value)| (name.to_owned(), value.to_owned())))
    };
    assert!(read("https://directory.example.org/").is_ok());
    assert!(read("http://192.0.2.1/").unwrap_err().to_string().contains("second_step"));
}

/// Break what is stored, as a disk or another version does.
async fn damage(app: &TestApp, sql: &str) {
    use sea_orm::ConnectionTrait as _;
    let db = sea_orm::Database::connect(app.config.database_url.as_str()).await.unwrap();
    db.execute_unprepared(sql).await.unwrap();
    db.close().await.unwrap();
}

fact! {
    async fn a_passkey_that_cannot_be_read_is_a_fault_and_never_none(app) {
        required(&mut app).await;
        let browser = Browser::officer(&app, PlatformRole::Moderator).await;
        let mut key = Authenticator::new(PUBLIC_URL);
        add(&browser, &mut key, "work phone").await;
        let later = Browser::signed_in(&app, "moderator@council.example.org").await;
        let asked = later.open("/sign-in/passkey").await;
        let answer = key.show(&asked);
        damage(&app, "UPDATE passkey SET public = '{\"of\": \"another version\"}'").await;
        let shown = later.submit(&asked, "/sign-in/passkey", &[("answer", &answer)]).await;
        assert_eq!(shown.status, 500, "{}", shown.text());
        assert_eq!(later.open("/sign-in/passkey").await.status, 500, "nor is anything asked as if there were none");
        assert_eq!(later.open("/account/passkeys/new").await.status, 403, "nor may a first one be added");
        // An administrator helps, as with one that is lost.
        let identity = app.app().identity();
        let person = identity.person_at(&"moderator@council.example.org".parse().unwrap()).await.unwrap().unwrap();
        let tx = identity.write().await.unwrap();
        assert_eq!(identity.reset_passkeys(&tx, person.id).await.unwrap(), 1);
        tx.commit().await.unwrap();
        let fresh = Browser::signed_in(&app, "moderator@council.example.org").await;
        add(&fresh, &mut Authenticator::new(PUBLIC_URL), "new phone").await;
    }
}

fact! {
    async fn what_is_kept_of_a_question_or_a_person_and_cannot_be_read_is_a_fault(app) {
        let browser = Browser::officer(&app, PlatformRole::Moderator).await;
        let page = browser.open("/account/passkeys/new").await;
        let answer = Authenticator::new(PUBLIC_URL).add(&page);
        damage(&app, "UPDATE sign_in_pending SET pending = '{}'").await;
        let added = browser.submit(&page, "/account/passkeys/new", &[("answer", &answer), ("name", "x")]).await;
        assert_eq!(added.status, 500, "{}", added.text());
        // Asked anew, it works.
        add(&browser, &mut Authenticator::new(PUBLIC_URL), "work phone").await;
        damage(&app, "UPDATE person SET role = 'a role of a later version'").await;
        assert_eq!(browser.open("/account").await.status, 500, "a role that is not known is not no role");
    }
}

fact! {
    async fn a_thief_of_an_officers_mail_destroys_nothing_without_the_passkey(app) {
        required(&mut app).await;
        let officer = Browser::officer(&app, PlatformRole::Administrator).await;
        let mut key = Authenticator::new(PUBLIC_URL);
        add(&officer, &mut key, "key ring").await;
        let thief = Browser::signed_in(&app, "administrator@council.example.org").await;
        let profile = thief.open("/account/profile").await;
        let text = profile.text();
        let other = text.split("<li>").find(|one| one.contains("/account/sessions/") && !one.contains("(this one)")).unwrap();
        let path = format!("/account/sessions/{}/end", &other.split("/account/sessions/").nth(1).unwrap()[..36]);
        assert_eq!(thief.submit_only(&profile, &path, &[]).await.status, 403);
        let page = thief.open("/account/profile/forget").await;
        assert_eq!(thief.submit_only(&page, "/account/profile/forget", &[]).await.status, 403);
        assert_eq!(officer.open("/moderation").await.status, 200);
        // Nor does the only administrator go, however they came.
        let page = officer.open("/account/profile/forget").await;
        let told = officer.submit_only(&page, "/account/profile/forget", &[]).await;
        assert_eq!(told.status, 403, "{}", told.text());
        assert!(told.text().contains("only administrator"), "{}", told.text());
    }
}

fact! {
    async fn what_an_officer_wrote_before_the_second_step_was_asked_for_is_still_there_after_it(app) {
        with_pantry(&app).await;
        let desk = Browser::officer(&app, PlatformRole::Moderator).await;
        let path = format!("/moderation/records/{}", id("pantry"));
        let page = desk.open(&path).await;
        // Meanwhile they add a passkey on another device, and from then on it is asked for everywhere.
        let mut key = Authenticator::new(PUBLIC_URL);
        add(&Browser::signed_in(&app, "moderator@council.example.org").await, &mut key, "work phone").await;
        let asked = desk.submit(&page, &path, &[("do", "hide"), ("reason", "A complaint about safety")]).await;
        assert!(asked.text().contains("<h1>Use your passkey</h1>"), "{}", asked.text());
        let answer = key.show(&asked);
        let form = desk.submit(&asked, "/sign-in/passkey", &[("answer", &answer)]).await;
        assert!(form.text().contains("value=\"A complaint about safety\"") && form.text().contains("is not saved yet"), "{}", form.text());
        assert_eq!(app.get(&format!("/services/{}", id("pantry"))).await.status, 200, "nothing was hidden by that");
        desk.submit(&form, &path, &[("do", "hide")]).await;
        assert_eq!(app.get(&format!("/services/{}", id("pantry"))).await.status, 410);
    }
}
