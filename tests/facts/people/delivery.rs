//! Emails that cannot be delivered, and who is told.

use std::{
    io::Write as _,
    process::{Output, Stdio},
};

use fingerpost::{
    identity::PlatformRole,
    mail::{Kind, Letter, Part, queue},
};

use super::{id, with_pantry};
use crate::support::{
    On, PUBLIC_URL, TestApp,
    browser::Browser,
    fact,
    sink::{Act, At, Sink},
};

const TOKEN: &str = "a-token-of-a-council-that-nobody-guesses";

async fn letter_to(app: &TestApp, to: &str) -> uuid::Uuid {
    letter_about(app, to, Kind::Reminder).await
}

async fn letter_about(app: &TestApp, to: &str, kind: Kind) -> uuid::Uuid {
    let tx = app.app().db.write().await.unwrap();
    let letter = Letter::new(to, kind, "Still right?".to_owned(), &[Part::paragraph("Is it?")]);
    let id = queue(&tx, &letter, app.clock.now()).await.unwrap();
    tx.commit().await.unwrap();
    id
}

async fn receipt(app: &TestApp, authorization: &str, body: &str) -> u16 {
    let headers = [("authorization", authorization), ("content-type", "application/json")];
    app.ask(http::Method::POST, "/mail/delivered", &headers, body).await.status.as_u16()
}

async fn told_by_notify(on: On) {
    let settings = [("FINGERPOST_NOTIFY_CALLBACK_TOKEN", TOKEN)];
    let Some(app) = TestApp::start_with(on, PUBLIC_URL, "Luton directory", &settings).await else { return };
    with_pantry(&app).await;
    let amina = Browser::keeper(&app, "amina@lark-hill.example.org", id("marsh farm")).await;
    let letter = letter_to(&app, "amina@lark-hill.example.org").await;
    let sink = Sink::start().await;
    sink.mailer(&app).send_due().await.unwrap();
    let body = |status: &str| {
        format!(r#"{{"id": "{letter}", "reference": "{letter}", "to": "amina@lark-hill.example.org", "status": "{status}"}}"#)
    };
    let moderator = Browser::officer(&app, PlatformRole::Moderator).await;
    for (authorization, body, status) in [
        ("", body("permanent-failure"), 401),
        ("Bearer something else", body("permanent-failure"), 401),
        (&format!("Bearer {TOKEN}x"), body("permanent-failure"), 401),
        (&format!("Bearer {TOKEN}"), "nonsense".to_owned(), 400),
        (&format!("Bearer {TOKEN}"), body("delivered"), 204),
        (&format!("Bearer {TOKEN}"), body("temporary-failure"), 204),
        (&format!("Bearer {TOKEN}"), r#"{"reference": null, "status": "permanent-failure"}"#.to_owned(), 204),
    ] {
        assert_eq!(receipt(&app, authorization, &body).await, status, "{authorization} {body}");
    }
    assert!(!moderator.open("/moderation").await.text().contains("Emails that cannot be delivered"));
    for _ in 0..2 {
        assert_eq!(receipt(&app, &format!("Bearer {TOKEN}"), &body("permanent-failure")).await, 204);
    }
    let queue = moderator.open("/moderation").await.text();
    assert!(queue.contains("Emails that cannot be delivered") && queue.contains("amina@lark-hill.example.org"), "{queue}");
    let organisation = amina.open(&format!("/account/organisations/{}", id("marsh farm"))).await.text();
    assert!(organisation.contains("Emails cannot be delivered"), "{organisation}");
    app.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn notify_tells_of_a_letter_that_came_back_on_sqlite() {
    told_by_notify(On::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn notify_tells_of_a_letter_that_came_back_on_postgres() {
    told_by_notify(On::Postgres).await;
}

fact! {
    async fn nobody_tells_of_letters_where_no_token_is_set(app) {
        for authorization in ["", "Bearer ", "Bearer x"] {
            assert_eq!(receipt(&app, authorization, "{}").await, 401);
        }
    }
}

fact! {
    async fn an_officer_whose_letters_come_back_is_marked_among_people(app) {
        let administrator = Browser::officer(&app, PlatformRole::Administrator).await;
        let _moderator = Browser::officer(&app, PlatformRole::Moderator).await;
        letter_to(&app, "moderator@council.example.org").await;
        let sink = Sink::start().await;
        sink.then([Act::Say(At::Rcpt, "550 5.1.1 no such mailbox")]);
        sink.mailer(&app).send_due().await.unwrap();
        let people = administrator.open("/moderation/people").await.text();
        assert!(people.contains("Emails cannot be delivered") && people.contains("no such mailbox"), "{people}");
    }
}

fact! {
    async fn letters_that_never_arrived_are_shown_to_officers_and_whose_they_were_to_those_who_may_know(app) {
        with_pantry(&app).await;
        let _amina = Browser::keeper(&app, "amina@lark-hill.example.org", id("marsh farm")).await;
        let sink = Sink::start().await;
        sink.mailer(&app).send_due().await.unwrap();
        letter_about(&app, "amina@lark-hill.example.org", Kind::Reminder).await;
        letter_about(&app, "newcomer@example.org", Kind::Invitation).await;
        letter_about(&app, "neighbour@example.org", Kind::ReportSettled).await;
        letter_about(&app, "mistyped@example.org", Kind::SignIn).await;
        app.clock.set(app.clock.now() + chrono::Duration::days(5));
        sink.then([Act::Say(At::Rcpt, "451 4.2.2 the box is full"), Act::Say(At::Rcpt, "451 4.2.2 the box is full"), Act::Say(At::Rcpt, "451 4.2.2 the box is full")]);
        assert_eq!(sink.mailer(&app).send_due().await.unwrap().given_up, 4);
        let moderator = Browser::officer(&app, PlatformRole::Moderator).await;
        let queue = moderator.open("/moderation").await.text();
        for shown in ["amina@lark-hill.example.org", "newcomer@example.org", "A reminder, given up", "An invitation, given up", "The reply to a report, given up", "the box is full"] {
            assert!(queue.contains(shown), "{shown}: {queue}");
        }
        for hidden in ["neighbour@example.org", "mistyped@example.org", "Still right?"] {
            assert!(!queue.contains(hidden), "{hidden}: {queue}");
        }
        let collector = Browser::officer(&app, PlatformRole::Collector).await;
        let queue = collector.open("/moderation").await.text();
        assert!(queue.contains("amina@lark-hill.example.org") && queue.contains("An invitation, given up"), "{queue}");
        assert!(!queue.contains("newcomer@example.org") && !queue.contains("neighbour@example.org"), "{queue}");
        assert_eq!(queue.matches("the box is full").count(), 1, "a mail server may repeat the address: {queue}");
        let organisation = moderator.open(&format!("/account/organisations/{}", id("marsh farm"))).await.text();
        assert!(organisation.contains("The last email did not arrive"), "{organisation}");
        // What arrives shows that the mailbox works again.
        letter_to(&app, "amina@lark-hill.example.org").await;
        sink.mailer(&app).send_due().await.unwrap();
        let queue = moderator.open("/moderation").await.text();
        assert!(!queue.contains("amina@lark-hill.example.org") && queue.contains("newcomer@example.org"), "{queue}");
        app.clock.set(app.clock.now() + chrono::Duration::days(31));
        let moderator = Browser::signed_in(&app, "moderator@council.example.org").await;
        assert!(!moderator.open("/moderation").await.text().contains("newcomer@example.org"), "not for ever");
    }
}

fact! {
    async fn a_bounce_is_noted_beside_the_address_on_the_listing(app) {
        with_pantry(&app).await;
        let moderator = Browser::officer(&app, PlatformRole::Moderator).await;
        let listing = format!("/account/listings/{}", id("marsh farm"));
        assert!(!moderator.open(&listing).await.text().contains("Emails cannot be delivered"));
        let sink = Sink::start().await;
        sink.mailer(&app).send_due().await.unwrap();
        letter_about(&app, "hello@lark-hill.example.org", Kind::Code).await;
        sink.then([Act::Say(At::Rcpt, "550 5.1.1 no such mailbox")]);
        assert_eq!(sink.mailer(&app).send_due().await.unwrap().bounced, 1);
        let page = moderator.open(&listing).await.text();
        assert!(page.contains("Emails cannot be delivered") && page.contains("no such mailbox"), "{page}");
    }
}

/// `fingerpost mail bounced`, with this on standard input.
fn bounced(app: &TestApp, arguments: &[&str], message: &str) -> Output {
    let mut child = app
        .command(&["mail", "bounced"])
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A command that does not read it may have ended already.
    let _ = child.stdin.take().unwrap().write_all(message.as_bytes());
    child.wait_with_output().unwrap()
}

/// What a mail server sends to the sender of a letter.
fn returned(letter: uuid::Uuid, action: &str, status: &str) -> String {
    format!(
        "From: MAILER-DAEMON@mail.luton.example.org\r\nMessage-ID: <1@mail.luton.example.org>\r\n\r\n\
         Final-Recipient: rfc822; amina@lark-hill.example.org\r\nAction: {action}\r\nStatus: {status}\r\n\
         Diagnostic-Code: smtp; 550 5.1.1 this box was closed\r\n\r\nMessage-ID: <{letter}@luton.example.org>\r\n"
    )
}

fact! {
    async fn a_letter_that_comes_back_hours_after_the_mail_server_took_it_is_noted(app) {
        with_pantry(&app).await;
        let _amina = Browser::keeper(&app, "amina@lark-hill.example.org", id("marsh farm")).await;
        let sink = Sink::start().await;
        sink.mailer(&app).send_due().await.unwrap();
        app.clock.set(app.clock.now() + chrono::Duration::hours(1));
        let letter = letter_to(&app, "amina@lark-hill.example.org").await;
        sink.mailer(&app).send_due().await.unwrap();
        let moderator = Browser::officer(&app, PlatformRole::Moderator).await;
        let strangers = returned(uuid::Uuid::max(), "failed", "5.1.1");
        for other in [returned(letter, "delayed", "4.4.1"), returned(letter, "failed", "4.2.2"), strangers, format!("In-Reply-To: <{letter}@luton.example.org>")] {
            let output = bounced(&app, &["-", "--json"], &other);
            assert!(output.status.success(), "other mail to that address is no failure: {}", String::from_utf8_lossy(&output.stderr));
            assert_eq!(String::from_utf8_lossy(&output.stdout), "{\"recorded\":0}\n", "{other}");
        }
        assert!(!moderator.open("/moderation").await.text().contains("this box was closed"));
        for recorded in [1, 0] {
            let output = bounced(&app, &["-", "--json"], &returned(letter, "failed", "5.1.1"));
            assert_eq!(String::from_utf8_lossy(&output.stdout), format!("{{\"recorded\":{recorded}}}\n"));
        }
        let queue = moderator.open("/moderation").await.text();
        assert!(queue.contains("amina@lark-hill.example.org") && queue.contains("this box was closed"), "{queue}");
    }
}

fact! {
    async fn a_person_can_record_that_emails_to_an_address_come_back(app) {
        with_pantry(&app).await;
        let _amina = Browser::keeper(&app, "amina@lark-hill.example.org", id("marsh farm")).await;
        assert_eq!(bounced(&app, &["nobody@lark-hill.example.org"], "").status.code(), Some(1), "nothing was sent there");
        assert_eq!(bounced(&app, &["Amina"], "").status.code(), Some(2));
        let sink = Sink::start().await;
        sink.mailer(&app).send_due().await.unwrap();
        app.clock.set(app.clock.now() + chrono::Duration::hours(1));
        letter_to(&app, "amina@lark-hill.example.org").await;
        sink.mailer(&app).send_due().await.unwrap();
        let output = bounced(&app, &["Amina@lark-hill.example.org", "--why", "no such mailbox, says the web mail"], "");
        assert_eq!((output.status.code(), &*String::from_utf8_lossy(&output.stdout)), (Some(0), "1 recorded as bounced\n"));
        let moderator = Browser::officer(&app, PlatformRole::Moderator).await;
        let queue = moderator.open("/moderation").await.text();
        assert!(queue.contains("no such mailbox, says the web mail"), "{queue}");
    }
}
