//! Signing in by a link.

use chrono::Duration;
use fingerpost::mail;

use crate::support::{PUBLIC_URL, TestApp, browser::Browser, fact, noon, sink::Sink};

/// Ask for a link, and read the letter that comes.
async fn ask<'a>(app: &'a TestApp, email: &str) -> (Browser<'a>, Option<String>) {
    let browser = Browser::new(app);
    let page = browser.open("/sign-in").await;
    let said = browser.submit(&page, "/sign-in", &[("email", email)]).await;
    assert_eq!(said.status, 200);
    assert!(said.text().contains("Check your email"), "{}", said.text());
    let sink = Sink::start().await;
    sink.mailer(app).send_due().await.unwrap();
    let letters = sink.received();
    (browser, letters.last().map(|letter| path_in(&letter.text())))
}

/// The path of the link in a letter.
fn path_in(letter: &str) -> String {
    let start = letter.find("/sign-in/link/").unwrap_or_else(|| panic!("no link in {letter}"));
    letter[start..].split_whitespace().next().unwrap().to_owned()
}

fact! {
    async fn a_link_signs_in_once_and_only_by_its_button(app) {
        let (browser, path) = ask(&app, "amina@lark-hill.example.org").await;
        let path = path.expect("a letter came");
        // Scanners open links, several times.
        for _ in 0..3 {
            assert_eq!(Browser::new(&app).open(&path).await.status, 200);
        }
        let page = browser.open(&path).await;
        assert!(!page.text().contains("another browser"));
        let inside = browser.submit(&page, "/sign-in/link", &[]).await;
        assert!(inside.text().contains("Your listings"), "{}", inside.text());
        assert_eq!(inside.header("cache-control"), "no-store");
        assert_eq!(inside.header("referrer-policy"), "same-origin");
        let again = Browser::new(&app);
        let used = again.open(&path).await;
        assert_eq!(used.status, 410);
        assert!(used.text().contains("does not work"));
    }
}

fact! {
    async fn a_link_ends_after_half_an_hour(app) {
        let (early, early_path) = ask(&app, "early@lark-hill.example.org").await;
        let (browser, path) = ask(&app, "amina@lark-hill.example.org").await;
        let early_page = early.open(&early_path.unwrap()).await;
        let page = browser.open(&path.unwrap()).await;
        app.clock.set(noon() + Duration::minutes(29));
        early.submit(&early_page, "/sign-in/link", &[]).await;
        assert!(early.cookie("__Host-session").is_some(), "until then it lets somebody in");
        app.clock.set(noon() + Duration::minutes(31));
        assert_eq!(browser.submit(&page, "/sign-in/link", &[]).await.status, 410);
        assert!(browser.cookie("__Host-session").is_none());
    }
}

fact! {
    async fn on_another_browser_it_is_said_before_anything_happens(app) {
        let (_, path) = ask(&app, "amina@lark-hill.example.org").await;
        let other = Browser::new(&app);
        let page = other.open(&path.unwrap()).await;
        assert!(page.text().contains("another browser or device"), "{}", page.text());
        assert!(page.text().contains("amina@lark-hill.example.org"));
    }
}

fact! {
    async fn asking_says_nothing_about_who_is_known(app) {
        let keep = |text: String| text.replace("known@lark-hill.example.org", "X").replace("unknown@lark-hill.example.org", "X");
        let known = Browser::signed_in(&app, "known@lark-hill.example.org").await;
        drop(known);
        let mut said = Vec::new();
        for email in ["known@lark-hill.example.org", "unknown@lark-hill.example.org"] {
            let browser = Browser::new(&app);
            let page = browser.open("/sign-in").await;
            let answer = browser.submit(&page, "/sign-in", &[("email", email)]).await;
            said.push((answer.status, keep(answer.text()).replace("unX", "X")));
        }
        assert_eq!(said[0], said[1]);
    }
}

/// How many rows some tables have.
async fn rows(app: &TestApp) -> Vec<i64> {
    use sea_orm::{ConnectionTrait as _, Statement};
    let db = sea_orm::Database::connect(app.config.database_url.as_str()).await.unwrap();
    let mut counted = Vec::new();
    for table in ["attempt", "sign_in_link", "letter", "person", "session", "audit"] {
        let statement = Statement::from_string(db.get_database_backend(), format!("SELECT COUNT(*) AS n FROM {table}"));
        counted.push(db.query_one_raw(statement).await.unwrap().unwrap().try_get::<i64>("", "n").unwrap());
    }
    db.close().await.unwrap();
    counted
}

fact! {
    async fn asking_does_the_same_work_for_whoever_is_known_and_whoever_is_not(app) {
        // As long as each other, so that the answers are.
        let emails = ["somebody@lark-hill.example.org", "no-one-x@lark-hill.example.org"];
        drop(Browser::signed_in(&app, emails[0]).await);
        let ask = async |email: &str| {
            let browser = Browser::new(&app);
            let page = browser.open("/sign-in").await;
            let before = rows(&app).await;
            let answer = browser.submit_only(&page, "/sign-in", &[("email", email)]).await;
            let written: Vec<i64> = rows(&app).await.iter().zip(before).map(|(after, before)| after - before).collect();
            let headers: Vec<(String, usize)> = answer.headers.iter().map(|(name, value)| (name.to_string(), value.len())).collect();
            let [letter] = &mail::letters_to(&app.app().db, email).await.unwrap()[..] else { panic!("one letter") };
            let sent = (letter.state, letter.attempts, letter.kind);
            (answer.status, headers, answer.text().replace(email, "X"), written, sent)
        };
        ask("first@lark-hill.example.org").await;
        let (known, unknown) = (ask(emails[0]).await, ask(emails[1]).await);
        assert_eq!(known, unknown);
        assert_eq!(known.3, [1, 1, 1, 0, 0, 0], "a count, a link and a letter");
        assert_eq!(known.4, (mail::State::Waiting, 0, mail::Kind::SignIn), "it is sent afterwards, by somebody else");
    }
}

fact! {
    async fn nobody_gets_more_than_five_links_an_hour_and_is_not_told(app) {
        let sink = Sink::start().await;
        for _ in 0..8 {
            let browser = Browser::new(&app);
            let page = browser.open("/sign-in").await;
            let said = browser.submit(&page, "/sign-in", &[("email", "amina@lark-hill.example.org")]).await;
            assert!(said.text().contains("Check your email"));
        }
        sink.mailer(&app).send_due().await.unwrap();
        assert_eq!(sink.received().len(), 5);
        app.clock.set(noon() + Duration::minutes(61));
        let (_, path) = ask(&app, "amina@lark-hill.example.org").await;
        assert!(path.is_some(), "an hour later it works again");
    }
}

fact! {
    async fn a_wrong_address_is_said_beside_its_field_and_kept(app) {
        let browser = Browser::new(&app);
        let page = browser.open("/sign-in").await;
        for wrong in ["amina", "a@example.org\r\nBcc: thief@example.org", "аmina@lark-hill.example.org", ""] {
            let answer = browser.submit(&page, "/sign-in", &[("email", wrong)]).await;
            assert!(answer.text().contains("There is a problem"), "{wrong:?}");
        }
        let answer = browser.submit(&page, "/sign-in", &[("email", "<b>amina")]).await;
        assert!(answer.text().contains("value=\"&lt;b&gt;amina\""), "{}", answer.text());
    }
}

fact! {
    async fn a_form_that_another_site_sends_does_nothing(app) {
        let browser = Browser::signed_in(&app, "amina@lark-hill.example.org").await;
        for (origin, fields) in [
            ("https://evil.example", &[("name", "Mallory")][..]),
            ("null", &[("name", "Mallory")]),
            (PUBLIC_URL.trim_end_matches('/'), &[("name", "Mallory"), ("form", "0000")]),
        ] {
            let answer = browser.post("/account/profile", origin, fields).await;
            assert_eq!(answer.status, 403, "{origin}");
        }
        assert!(!browser.open("/account/profile").await.text().contains("Mallory"));
        // Signing somebody in as somebody else is an attack, too.
        let (attacker, path) = ask(&app, "mallory@evil.example").await;
        let secret = path.unwrap().rsplit('/').next().unwrap().to_owned();
        let victim = Browser::new(&app);
        victim.open("/sign-in").await;
        let answer = victim.post("/sign-in/link", "https://evil.example", &[("secret", &secret)]).await;
        assert_eq!(answer.status, 403);
        assert!(victim.cookie("__Host-session").is_none());
        drop(attacker);
    }
}

fact! {
    async fn a_session_that_was_there_before_is_not_the_one_after(app) {
        let browser = Browser::signed_in(&app, "amina@lark-hill.example.org").await;
        let planted = browser.cookie("__Host-session").unwrap();
        let identity = app.app().identity();
        let tx = identity.write().await.unwrap();
        let secret = identity.link_for(&tx, &"officer@council.example.org".parse().unwrap(), "").await.unwrap();
        tx.commit().await.unwrap();
        let page = browser.open(&format!("/sign-in/link/{}", secret.as_str())).await;
        browser.submit(&page, "/sign-in/link", &[]).await;
        assert_ne!(browser.cookie("__Host-session").unwrap(), planted);
        let thief = Browser::new(&app);
        thief.steal("__Host-session", &planted);
        assert!(thief.open("/account").await.text().contains("Sign in"), "the earlier session is over");
    }
}

fact! {
    async fn nobody_is_sent_to_another_site_after_signing_in(app) {
        let browser = Browser::new(&app);
        for wanted in ["https://evil.example/", "//evil.example", "/\\evil.example"] {
            let query: String = url::form_urlencoded::Serializer::new(String::new()).append_pair("return_to", wanted).finish();
            let page = browser.open(&format!("/sign-in?{query}")).await;
            assert!(!page.text().contains("evil.example"), "{wanted}");
            let said = browser.submit(&page, "/sign-in", &[("email", "amina@lark-hill.example.org"), ("return_to", wanted)]).await;
            assert_eq!(said.status, 200);
        }
        let sink = Sink::start().await;
        sink.mailer(&app).send_due().await.unwrap();
        let page = browser.open(&path_in(&sink.received()[0].text())).await;
        let answer = browser.submit_only(&page, "/sign-in/link", &[]).await;
        assert_eq!(answer.header("location"), "/account");
    }
}

fact! {
    async fn somebody_sees_and_ends_their_sessions(app) {
        let phone = Browser::signed_in(&app, "amina@lark-hill.example.org").await;
        let laptop = Browser::signed_in(&app, "amina@lark-hill.example.org").await;
        let page = phone.open("/account/profile").await;
        assert_eq!(page.text().matches("Firefox on Android").count(), 4, "each is named once for all and once for its button");
        let text = page.text();
        let laptops = text.split("<li>").find(|entry| entry.contains("/account/sessions/") && !entry.contains("(this one)")).unwrap();
        let path = format!("/account/sessions/{}/end", &laptops.split("/account/sessions/").nth(1).unwrap()[..36]);
        assert!(laptop.open("/account").await.text().contains("Your listings"));
        phone.submit_only(&page, &path, &[]).await;
        assert!(laptop.open("/account").await.text().contains("Send me a link"), "it was signed out from the phone");
    }
}

fact! {
    async fn a_session_ends_when_it_is_not_used_and_after_a_time_anyway(app) {
        use fingerpost::identity::PlatformRole;
        let editor = Browser::signed_in(&app, "amina@lark-hill.example.org").await;
        let officer = Browser::officer(&app, PlatformRole::Moderator).await;
        app.clock.set(noon() + Duration::hours(13));
        assert!(officer.open("/account").await.text().contains("Send me a link"), "officers are signed out after half a day");
        assert!(editor.open("/account").await.text().contains("Your listings"));
        for day in (1..=60).step_by(10) {
            app.clock.set(noon() + Duration::days(day));
            editor.open("/account").await;
        }
        app.clock.set(noon() + Duration::days(60));
        assert!(editor.open("/account").await.text().contains("Send me a link"));
    }
}

fact! {
    async fn a_new_browser_is_told_to_its_owner(app) {
        let sink = Sink::start().await;
        let first = Browser::signed_in(&app, "amina@lark-hill.example.org").await;
        sink.mailer(&app).send_due().await.unwrap();
        assert_eq!(sink.received().len(), 0, "the first time is no news");
        drop(first);
        app.clock.set(noon() + Duration::hours(1));
        Browser::signed_in(&app, "amina@lark-hill.example.org").await;
        sink.mailer(&app).send_due().await.unwrap();
        let [letter] = &sink.received()[..] else { panic!("one letter") };
        assert!(letter.text().contains("Firefox on Android"), "{}", letter.text());
    }
}

/// Sign in by a link on a browser that is there.
async fn again(app: &TestApp, browser: &Browser<'_>, email: &str) {
    let identity = app.app().identity();
    let tx = identity.write().await.unwrap();
    let secret = identity.link_for(&tx, &email.parse().unwrap(), "").await.unwrap();
    tx.commit().await.unwrap();
    let page = browser.open(&format!("/sign-in/link/{}", secret.as_str())).await;
    assert_eq!(browser.submit(&page, "/sign-in/link", &[]).await.status, 200);
}

fact! {
    async fn who_comes_rarely_is_told_of_a_thief_and_not_of_themselves(app) {
        const EMAIL: &str = "amina@lark-hill.example.org";
        let phone = Browser::signed_in(&app, EMAIL).await;
        // The reminder comes after 75 days; the session was over after 60.
        app.clock.set(noon() + Duration::days(75));
        fingerpost::jobs::retention(app.app(), &PUBLIC_URL.parse().unwrap()).await.unwrap();
        assert!(phone.open("/account").await.text().contains("Send me a link"));
        let sink = Sink::start().await;
        again(&app, &phone, EMAIL).await;
        sink.mailer(&app).send_due().await.unwrap();
        assert_eq!(sink.received().len(), 0, "it is the same phone");
        Browser::signed_in(&app, EMAIL).await;
        sink.mailer(&app).send_due().await.unwrap();
        assert_eq!(sink.received().len(), 1, "this one is another");
        // After a year nothing is known of it any more.
        app.clock.set(noon() + Duration::days(75 + 365 + 61));
        fingerpost::jobs::retention(app.app(), &PUBLIC_URL.parse().unwrap()).await.unwrap();
        Browser::signed_in(&app, EMAIL).await;
        sink.mailer(&app).send_due().await.unwrap();
        assert_eq!(sink.received().len(), 1);
    }
}

fact! {
    async fn nobody_uses_up_the_links_of_somebody_on_their_own_browser(app) {
        const EMAIL: &str = "amina@lark-hill.example.org";
        let own = Browser::signed_in(&app, EMAIL).await;
        own.forget("__Host-session");
        for _ in 0..8 {
            ask(&app, EMAIL).await;
        }
        let sink = Sink::start().await;
        let page = own.open("/sign-in").await;
        own.submit(&page, "/sign-in", &[("email", EMAIL)]).await;
        sink.mailer(&app).send_due().await.unwrap();
        assert_eq!(sink.received().len(), 1, "hers still comes");
        // And on it there are as many as anywhere.
        for _ in 0..8 {
            let page = own.open("/sign-in").await;
            own.submit(&page, "/sign-in", &[("email", EMAIL)]).await;
        }
        sink.mailer(&app).send_due().await.unwrap();
        assert_eq!(sink.received().len(), 5);
    }
}

fact! {
    async fn no_secret_stands_in_the_data(app) {
        let browser = Browser::signed_in(&app, "amina@lark-hill.example.org").await;
        let session = browser.cookie("__Host-session").unwrap();
        let identity = app.app().identity();
        let tx = identity.write().await.unwrap();
        let link = identity.link_for(&tx, &"amina@lark-hill.example.org".parse().unwrap(), "").await.unwrap();
        tx.commit().await.unwrap();
        app.app().db.sweep_now().await.unwrap();
        assert_eq!(app.files_with(&session), Vec::<String>::new());
        assert_eq!(app.files_with(link.as_str()), Vec::<String>::new());
    }
}
