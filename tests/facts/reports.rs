//! "Something wrong?": reports of people who do not sign in, and what becomes of them.

use chrono::TimeDelta;
use fingerpost::{
    identity::{Email, MemberRole, PlatformRole},
    jobs,
    model::Document,
    quality::reports::{Report, Standing, Wrong},
};
use http::{Method, StatusCode};
use uuid::Uuid;

use super::{id, pantry, refuge};
use crate::support::{Answer, PUBLIC_URL, TestApp, browser::Browser, fact, sink::Sink};

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

async fn send(app: &TestApp, record: Uuid, body: &str) -> Answer {
    app.ask(Method::POST, &format!("/directory/report/{record}"), &[FORM], body).await
}

async fn reports(app: &TestApp) -> Vec<Report> {
    app.app().quality(&PUBLIC_URL.parse().unwrap()).open_reports().await.unwrap()
}

/// The pantry, with somebody who keeps it and a moderator.
async fn kept_pantry(app: &TestApp) {
    app.import(pantry().to_string()).await;
    let identity = app.app().identity();
    let tx = app.app().db.write().await.unwrap();
    let lead = identity.welcome(&tx, &"lead@lark-hill.example.org".parse::<Email>().unwrap()).await.unwrap();
    identity.add_member(&tx, id("marsh farm"), lead.id, MemberRole::Lead).await.unwrap();
    for (email, role) in [("moderator@luton.gov.uk", PlatformRole::Moderator), ("reader@luton.gov.uk", PlatformRole::Reader)] {
        identity.give_role(&tx, &email.parse::<Email>().unwrap(), Some(role)).await.unwrap();
    }
    tx.commit().await.unwrap();
}

fact! {
    async fn anybody_can_say_what_is_wrong_and_those_who_can_mend_it_hear_of_it(app) {
        kept_pantry(&app).await;
        let sink = Sink::start().await;
        let listing = app.page(&format!("/directory/services/{}", id("pantry"))).await.text();
        let path = format!("/directory/report/{}", id("pantry"));
        assert!(listing.contains(&format!("href=\"{path}\"")), "each listing leads there");
        let form = app.page(&path).await;
        assert_eq!((form.status, form.header("cache-control"), form.header("set-cookie")), (StatusCode::OK, "no-store", ""));
        assert_eq!(form.header("referrer-policy"), "same-origin", "or a browser would not say that the form is ours");
        for wrong in Wrong::ALL {
            assert!(form.text().contains(wrong.words()));
        }
        let sent = send(&app, id("pantry"), "wrong=phone&wrong=times&wrong=phone&wrong=nonsense&words=Nobody+answers+at+Xylograph+Mews&reply_to=").await;
        assert_eq!(sent.status, StatusCode::OK);
        assert!(sent.text().contains("<h1>Thank you</h1>"));
        let [report] = &reports(&app).await[..] else { panic!("one report") };
        assert_eq!((report.record, &report.wrong[..], report.wants_answer), (id("pantry"), &[Wrong::Phone, Wrong::Times][..], false));
        assert_eq!(report.due_at(), app.clock.now() + TimeDelta::hours(48));
        assert!(!report.is_late(report.due_at()) && report.is_late(report.due_at() + TimeDelta::seconds(1)));
        sink.mailer(&app).send_due().await.unwrap();
        let mut to: Vec<String> = sink.received().iter().map(|letter| letter.to[0].clone()).collect();
        to.sort_unstable();
        assert_eq!(to, ["lead@lark-hill.example.org", "moderator@luton.gov.uk"]);
        for letter in sink.received() {
            let text = letter.text();
            assert!(text.contains("* The phone number is wrong") && text.contains("It should be settled by Tuesday 24 November, 12:00."), "{text}");
            assert!(!letter.data.contains("Xylograph"), "strangers do not speak with the directory's voice");
        }
        // What was written comes out nowhere.
        for exit in ["/services?full=true", "/federation/v1/changes", "/directory/about", &path, &format!("/services/{}", id("pantry"))] {
            assert!(!app.page(exit).await.text().contains("Xylograph") && !app.get(exit).await.text().contains("Xylograph"), "{exit}");
        }
    }
}

fact! {
    async fn many_reports_of_one_thing_make_one_letter_and_one_client_cannot_send_for_ever(app) {
        kept_pantry(&app).await;
        let sink = Sink::start().await;
        let mut answers = Vec::new();
        for _ in 0..12 {
            answers.push(send(&app, id("pantry"), "wrong=closed").await.status);
        }
        assert_eq!(answers[..10], [StatusCode::OK; 10]);
        assert_eq!(answers[10..], [StatusCode::TOO_MANY_REQUESTS; 2]);
        let held = send(&app, id("pantry"), "wrong=closed&words=Nobody+answers").await.text();
        assert!(held.contains("send it later") && held.contains(">Nobody answers</textarea>"), "nothing that was typed is lost: {held}");
        assert_eq!(reports(&app).await.len(), 10);
        sink.mailer(&app).send_due().await.unwrap();
        assert_eq!(sink.received().len(), 2, "one for each of them");
    }
}

fact! {
    async fn two_reports_at_the_same_moment_make_one_letter(app) {
        kept_pantry(&app).await;
        for round in 0..4 {
            app.clock.set(app.clock.now() + TimeDelta::days(7));
            let sink = Sink::start().await;
            let (one, other) = tokio::join!(send(&app, id("pantry"), "wrong=phone&words=&reply_to="), send(&app, id("pantry"), "wrong=phone&words=&reply_to="));
            assert_eq!((one.status, other.status), (StatusCode::OK, StatusCode::OK), "{} {}", one.text(), other.text());
            sink.mailer(&app).send_due().await.unwrap();
            let mut to: Vec<String> = sink.received().iter().map(|letter| letter.to[0].clone()).collect();
            to.sort_unstable();
            assert_eq!(to, ["lead@lark-hill.example.org", "moderator@luton.gov.uk"], "round {round}");
        }
    }
}

/// Whom letters went to since the last look, and what they were about.
async fn letters(app: &TestApp, sink: &Sink, seen: &mut usize) -> Vec<String> {
    sink.mailer(app).send_due().await.unwrap();
    let all = sink.received();
    let new =
        all[*seen..].iter().filter(|letter| letter.to == ["moderator@luton.gov.uk"]).map(crate::support::sink::Received::text);
    let new = new.collect();
    *seen = all.len();
    new
}

fact! {
    async fn whoever_reports_a_listing_again_and_again_silences_nobody(app) {
        kept_pantry(&app).await;
        let sink = Sink::start().await;
        let mut seen = 0;
        let mut told = 0;
        for _ in 0..6 {
            send(&app, id("pantry"), "wrong=times").await;
            app.clock.set(app.clock.now() + TimeDelta::hours(5));
            jobs::reports(app.app(), &PUBLIC_URL.parse().unwrap()).await.unwrap();
            told += letters(&app, &sink, &mut seen).await.len();
        }
        assert!((3..=5).contains(&told), "a letter every six hours, not one for ever: {told}");
    }
}

fact! {
    async fn a_worse_report_is_told_at_once_and_another_when_the_quiet_is_over(app) {
        kept_pantry(&app).await;
        let here = PUBLIC_URL.parse().unwrap();
        let sink = Sink::start().await;
        let mut seen = 0;
        send(&app, id("pantry"), "wrong=times").await;
        assert_eq!(letters(&app, &sink, &mut seen).await.len(), 1);
        app.clock.set(app.clock.now() + TimeDelta::hours(1));
        send(&app, id("pantry"), "wrong=address").await;
        let [worse] = &letters(&app, &sink, &mut seen).await[..] else { panic!("an address that is shown cannot wait") };
        assert!(worse.contains("* The address is wrong"), "{worse}");
        app.clock.set(app.clock.now() + TimeDelta::hours(1));
        send(&app, id("pantry"), "wrong=closed").await;
        send(&app, id("pantry"), "wrong=phone").await;
        assert_eq!(letters(&app, &sink, &mut seen).await.len(), 0, "one letter about it has just gone");
        assert_eq!(jobs::reports(app.app(), &here).await.unwrap(), 0);
        app.clock.set(app.clock.now() + TimeDelta::hours(6));
        assert_eq!(jobs::reports(app.app(), &here).await.unwrap(), 1);
        let [later] = &letters(&app, &sink, &mut seen).await[..] else { panic!("nothing is never told") };
        assert!(later.contains("2 reports say") && later.contains("It has closed") && later.contains("The phone number is wrong"), "{later}");
        assert_eq!(jobs::reports(app.app(), &here).await.unwrap(), 0, "once");
        // What is settled is not told any more.
        send(&app, id("pantry"), "wrong=closed").await;
        let quality = app.app().quality(&here);
        let open: Vec<Uuid> = reports(&app).await.iter().map(|one| one.id).collect();
        quality.settle(&app.app().identity(), &open, ("person:9", None), (Standing::Unchanged, "")).await.unwrap();
        app.clock.set(app.clock.now() + TimeDelta::hours(7));
        assert_eq!(jobs::reports(app.app(), &here).await.unwrap(), 0);
    }
}

fact! {
    async fn a_report_about_a_refuge_comes_before_older_ones_and_only_moderators_read_its_words(app) {
        kept_pantry(&app).await;
        app.import(refuge().to_string()).await;
        send(&app, id("pantry"), "wrong=times").await;
        app.clock.set(app.clock.now() + TimeDelta::hours(1));
        send(&app, id("refuge"), "wrong=address&words=It+is+by+the+Xylograph+chapel").await;
        let reader = Browser::officer(&app, PlatformRole::Reader).await;
        let queue = reader.open("/moderation").await.text();
        let list = queue.split("id=\"queue\"").nth(1).expect("the list that the keys go through").split("</ol>").next().unwrap().to_owned();
        let (first, second) = (list.find("Rowan House").unwrap(), list.find("Meadow larder").unwrap());
        assert!(first < second && list[..second].contains("Protected"), "{list}");
        let path = format!("/moderation/reports/{}", reports(&app).await.iter().find(|one| one.record == id("refuge")).unwrap().id);
        let page = reader.open(&path).await.text();
        assert!(page.contains("The address is wrong") && !page.contains("Xylograph"), "a reader does not need it: {page}");
        let collector = Browser::officer(&app, PlatformRole::Collector).await;
        assert!(!collector.open(&path).await.text().contains("Xylograph"));
        let moderator = Browser::officer(&app, PlatformRole::Moderator).await;
        assert!(moderator.open(&path).await.text().contains("Xylograph"));
    }
}

fact! {
    async fn whoever_has_a_listing_at_a_place_hears_what_is_wrong_with_the_place(app) {
        kept_pantry(&app).await;
        let sink = Sink::start().await;
        send(&app, id("centre"), "wrong=address").await;
        sink.mailer(&app).send_due().await.unwrap();
        assert!(sink.received().iter().any(|letter| letter.to == ["lead@lark-hill.example.org"]), "the place names no organisation");
    }
}

fact! {
    async fn reports_of_one_listing_are_settled_together_and_those_who_keep_it_see_them(app) {
        kept_pantry(&app).await;
        let sink = Sink::start().await;
        for wrong in ["phone", "times", "phone"] {
            send(&app, id("pantry"), &format!("wrong={wrong}&words=Words+about+{wrong}")).await;
            app.clock.set(app.clock.now() + TimeDelta::minutes(1));
        }
        sink.mailer(&app).send_due().await.unwrap();
        let [first, ..] = &reports(&app).await[..] else { panic!("reports") };
        let path = format!("/moderation/reports/{}", first.id);
        let told = sink.received().into_iter().find(|letter| letter.to == ["moderator@luton.gov.uk"]).unwrap();
        assert!(told.text().contains(&path), "the letter leads to the report: {}", told.text());
        let lead = Browser::signed_in(&app, "lead@lark-hill.example.org").await;
        let identity = app.app().identity();
        let tx = identity.write().await.unwrap();
        let mut person = identity.person_at(&"lead@lark-hill.example.org".parse().unwrap()).await.unwrap().unwrap();
        person.terms_at = Some(app.clock.now());
        identity.keep_person(&tx, &person).await.unwrap();
        tx.commit().await.unwrap();
        let listing = lead.open(&format!("/account/listings/{}", id("pantry"))).await.text();
        assert!(listing.contains("<li>The opening times are wrong</li>") && !listing.contains("Words about"), "{listing}");
        app.clock.set(app.clock.now() + TimeDelta::minutes(5));
        app.edit(id("pantry"), |document| if let Document::Service(doc) = document { doc.fees_description = Some("£5".to_owned()) }).await;

        let moderator = Browser::officer(&app, PlatformRole::Moderator).await;
        let queue = moderator.open("/moderation").await.text();
        assert_eq!(queue.matches("/moderation/reports/").count(), 1, "one entry for one listing: {queue}");
        assert!(queue.contains("3 reports"));
        let page = moderator.open(&path).await;
        assert!(page.text().contains("It was changed since then") && page.text().contains("Words about times"), "{}", page.text());
        // One that comes while somebody looks is not settled unseen.
        send(&app, id("pantry"), "wrong=closed").await;
        moderator.submit(&page, &path, &[("standing", "corrected")]).await;
        let [late] = &reports(&app).await[..] else { panic!("one is left") };
        assert_eq!(late.wrong, [Wrong::Closed]);
    }
}

fact! {
    async fn a_change_of_a_refuge_stands_above_any_number_of_reports(app) {
        kept_pantry(&app).await;
        app.import(refuge().to_string()).await;
        for _ in 0..3 {
            send(&app, id("pantry"), "wrong=closed").await;
        }
        let thief = Browser::keeper(&app, "office@rowan.example.org", id("rowan")).await;
        let path = format!("/account/listings/{}/contact", id("refuge"));
        let form = thief.open(&path).await;
        thief.submit(&form, &path, &[("phone", "07700 900666"), ("do", "save")]).await;
        let moderator = Browser::officer(&app, PlatformRole::Moderator).await;
        let queue = moderator.open("/moderation").await.text();
        let (change, report) = (queue.find("/moderation/changes/").unwrap(), queue.find("/moderation/reports/").unwrap());
        assert!(change < report, "{queue}");
        assert_eq!(queue.matches("/moderation/changes/").count(), 1);
    }
}

fact! {
    async fn a_form_that_says_nothing_or_too_much_comes_back_with_what_was_in_it(app) {
        kept_pantry(&app).await;
        let too_long = format!("words={}", "a".repeat(1_001));
        for (body, said) in [
            ("", "Tick what is wrong, or describe it in your own words"),
            ("words=+%0A", "Tick what is wrong"),
            ("wrong=phone&reply_to=not+an+address", "Enter an email address in the form"),
            ("wrong=phone&reply_to=a%40example.org%0d%0aBcc%3A+b%40example.org", "Enter an email address in the form"),
            (too_long.as_str(), "Use at most 1000 characters"),
        ] {
            let answer = send(&app, id("pantry"), body).await;
            assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{body}");
            assert!(answer.text().contains(said), "{said}");
        }
        let again = send(&app, id("pantry"), "wrong=times&words=%3Cscript%3Ealert(1)%3C%2Fscript%3E&reply_to=x").await.text();
        assert!(again.contains("value=\"times\" checked") && again.contains("&lt;script&gt;alert(1)"), "{again}");
        assert!(!again.contains("<script>alert"));
        assert_eq!(reports(&app).await, []);
    }
}

fact! {
    async fn only_what_everybody_sees_can_be_reported_and_only_from_here(app) {
        kept_pantry(&app).await;
        let path = format!("/directory/report/{}", id("pantry"));
        let from = async |headers: &[(&str, &str)]| {
            let headers: Vec<(&str, &str)> = [FORM].iter().chain(headers).copied().collect();
            app.ask(Method::POST, &path, &headers, "wrong=phone&wrong=nonsense&reply_to=x").await.status
        };
        for elsewhere in [&[("origin", "https://evil.example")][..], &[("origin", "null")], &[("origin", "null"), ("sec-fetch-site", "cross-site")]] {
            assert_eq!(from(elsewhere).await, StatusCode::FORBIDDEN, "{elsewhere:?}");
        }
        for here in [&[("origin", "https://directory.luton.example.org")][..], &[("origin", "null"), ("sec-fetch-site", "same-origin")]] {
            assert_eq!(from(here).await, StatusCode::BAD_REQUEST, "taken, and then its address is wrong: {here:?}");
        }
        assert_eq!(app.ask(Method::POST, &path, &[("content-type", "application/json")], "{}").await.status, StatusCode::BAD_REQUEST);
        assert_eq!(send(&app, Uuid::nil(), "wrong=phone").await.status, StatusCode::NOT_FOUND);
        assert_eq!(app.page("/directory/report/nonsense").await.status, StatusCode::NOT_FOUND);
        for kind in ["marsh farm", "centre"] {
            assert_eq!(app.page(&format!("/directory/report/{}", id(kind))).await.status, StatusCode::OK, "{kind}");
        }
        let tx = app.app().db.write().await.unwrap();
        app.app().records.hide(&tx, &TestApp::person("a test"), id("pantry")).await.unwrap();
        tx.commit().await.unwrap();
        app.follow().await;
        let hidden = send(&app, id("pantry"), "wrong=phone").await;
        assert_eq!(hidden.status, StatusCode::GONE);
        assert!(!hidden.text().contains("Meadow larder"), "nobody learns what it was called");
        assert_eq!(reports(&app).await, []);
    }
}

fact! {
    async fn whoever_left_an_address_is_answered_once_and_forgotten(app) {
        kept_pantry(&app).await;
        let sink = Sink::start().await;
        send(&app, id("pantry"), "wrong=phone&reply_to=Someone%40example.org").await;
        sink.mailer(&app).send_due().await.unwrap();
        let before = sink.received().len();
        assert!(!sink.received().iter().any(|letter| letter.to[0].starts_with("Someone")), "nobody is written to because somebody typed their address");
        let [report] = &reports(&app).await[..] else { panic!("one report") };
        assert!(report.wants_answer);
        let quality = app.app().quality(&PUBLIC_URL.parse().unwrap());
        let identity = app.app().identity();
        let settle = |standing| quality.settle(&identity, std::slice::from_ref(&report.id), ("person:9", None), (standing, "The number is 01632 960124 now."));
        // Two moderators decide at once: one of them is told that the other was quicker.
        let (a, b) = tokio::join!(settle(Standing::Corrected), settle(Standing::Corrected));
        assert_eq!(usize::from(a.is_ok()) + usize::from(b.is_ok()), 1);
        sink.mailer(&app).send_due().await.unwrap();
        let letters = &sink.received()[before..];
        let [letter] = letters else { panic!("one answer") };
        assert_eq!(letter.to, ["Someone@example.org"]);
        let text = letter.text().split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(text.contains("We have corrected it.") && text.contains("> The number is 01632 960124 now."), "{text}");
        let settled = quality.find_report(report.id).await.unwrap().unwrap();
        assert_eq!((settled.standing, settled.wants_answer, settled.settled_by.as_deref()), (Standing::Corrected, false, Some("person:9")));
        assert_eq!(reports(&app).await, []);
        let trail = identity.audit(None, None, 10).await.unwrap();
        assert!(trail.iter().any(|line| line.who == "person:9" && line.to == id("pantry").to_string() && line.detail == "corrected"), "{trail:?}");
        assert_eq!(quality.reports_about(id("pantry")).await.unwrap().len(), 1);
        app.clock.set(app.clock.now() + TimeDelta::days(366));
        assert_eq!(quality.tidy_reports(TimeDelta::days(365)).await.unwrap(), 1);
    }
}

fact! {
    async fn a_reply_address_goes_with_the_account_of_whoever_left_it(app) {
        kept_pantry(&app).await;
        let emails = ["Anna@example.org", "bert@example.org", "carla@example.org"];
        for email in emails {
            send(&app, id("pantry"), &format!("wrong=phone&reply_to={}", email.replace('@', "%40"))).await;
        }
        let waiting = async || reports(&app).await.iter().filter(|report| report.wants_answer).count();
        assert_eq!(waiting().await, 3);
        // By themselves, by an administrator, on the server.
        let anna = Browser::signed_in(&app, "anna@example.org").await;
        let page = anna.open("/account/profile/forget").await;
        anna.submit_only(&page, "/account/profile/forget", &[]).await;
        assert_eq!(waiting().await, 2);
        let _bert = Browser::signed_in(&app, "bert@example.org").await;
        let bert = app.app().identity().person_at(&"bert@example.org".parse().unwrap()).await.unwrap().unwrap().id.to_string();
        let administrator = Browser::officer(&app, PlatformRole::Administrator).await;
        let page = administrator.open("/moderation/erase").await;
        let reason = format!("reason-{bert}");
        administrator.submit(&page, "/moderation/erase", &[("person", &bert), (&reason, "asked by phone"), ("do", "person")]).await;
        assert_eq!(waiting().await, 1);
        let _carla = Browser::signed_in(&app, "carla@example.org").await;
        let forgotten = app.command(&["user", "remove", "carla@example.org", "--forget"]).output().unwrap();
        assert!(forgotten.status.success(), "{}", String::from_utf8_lossy(&forgotten.stderr));
        assert_eq!((waiting().await, reports(&app).await.len()), (0, 3), "what they reported stays");
        app.app().db.sweep_now().await.unwrap();
        for email in emails {
            assert_eq!(app.files_with(email), Vec::<String>::new(), "{email}");
        }
        // Nobody is written to any more when it is settled.
        let sink = Sink::start().await;
        sink.mailer(&app).send_due().await.unwrap();
        let before = sink.received().len();
        let quality = app.app().quality(&PUBLIC_URL.parse().unwrap());
        let all: Vec<_> = reports(&app).await.iter().map(|report| report.id).collect();
        quality.settle(&app.app().identity(), &all, ("person:9", None), (Standing::Corrected, "Thank you.")).await.unwrap();
        sink.mailer(&app).send_due().await.unwrap();
        assert_eq!(sink.received().len(), before);
    }
}

fact! {
    async fn a_reply_address_is_forgotten_when_its_time_is_over(app) {
        kept_pantry(&app).await;
        send(&app, id("pantry"), "wrong=phone&reply_to=anna%40example.org").await;
        let here = PUBLIC_URL.parse().unwrap();
        app.clock.set(app.clock.now() + TimeDelta::days(59));
        assert_eq!(fingerpost::jobs::retention(app.app(), &here).await.unwrap().reporters, 0);
        app.clock.set(app.clock.now() + TimeDelta::days(2));
        assert_eq!(fingerpost::jobs::retention(app.app(), &here).await.unwrap().reporters, 1);
        let [report] = &reports(&app).await[..] else { panic!("the report stays") };
        assert!(!report.wants_answer);
        app.app().db.sweep_now().await.unwrap();
        assert_eq!(app.files_with("anna@example.org"), Vec::<String>::new());
    }
}
