//! Emails that cannot be delivered, and who is told.

use fingerpost::{
    identity::PlatformRole,
    mail::{Kind, Letter, Part, queue},
};

use super::{id, with_pantry};
use crate::support::{
    On, PUBLIC_URL, TestApp,
    browser::Browser,
    fact, noon,
    sink::{Act, At, Sink},
};

const TOKEN: &str = "a-token-of-a-council-that-nobody-guesses";

async fn letter_to(app: &TestApp, to: &str) -> uuid::Uuid {
    let tx = app.app().db.write().await.unwrap();
    let letter = Letter::new(to, Kind::Reminder, "Still right?".to_owned(), &[Part::paragraph("Is it?")]);
    let id = queue(&tx, &letter, noon()).await.unwrap();
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
