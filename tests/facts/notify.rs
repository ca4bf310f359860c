//! GOV.UK Notify as the way for mails and text messages: a stand-in that checks who asks, over real
//! sockets, and answers as Notify does.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::TimeDelta;
use fingerpost::{
    mail::{self, Kind, Letter, Part, Sent, State, Text},
    model::{Document, Visibility},
};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;
use uuid::Uuid;

use crate::support::{
    TestApp, fact, noon,
    peer::{HostilePeer, Reply, Seen},
    sink::Sink,
};

const SERVICE: &str = "26785a09-ab16-4eb0-8407-a37497a57506";
const SECRET: &str = "3d844edf-8d35-48ac-975b-e847b4f122b0";
const MAILS: &str = "f33517ff-2a88-4f6e-b855-c550268ce08a";
const TEXTS: &str = "f33517ff-2a88-4f6e-b855-c550268ce08b";

/// Who asks, by the token; none where it is not signed with the secret.
fn caller(seen: &Seen) -> Option<Value> {
    let token = seen.header("authorization")?.strip_prefix("Bearer ")?;
    let (text, signature) = token.rsplit_once('.')?;
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    mac.update(text.as_bytes());
    mac.verify_slice(&URL_SAFE_NO_PAD.decode(signature).unwrap()).ok()?;
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text.split_once('.')?.1).unwrap()).ok()
}

fn refusal(status: u16, error: &str, message: &str) -> Reply {
    let body = json!({"status_code": status, "errors": [{"error": error, "message": message}]}).to_string();
    Reply::Full { status, headers: vec![], body: body.into() }.with("content-type", "application/json")
}

fn taken() -> Reply {
    Reply::Full { status: 201, headers: vec![], body: json!({"id": Uuid::nil()}).to_string().into() }
        .with("content-type", "application/json")
}

/// A stand-in that answers with `replies`, one after the other, and then takes everything.
async fn notify(replies: Vec<Reply>) -> HostilePeer {
    let replies = Arc::new(Mutex::new(replies.into_iter()));
    HostilePeer::start(move |seen| {
        let fresh = |caller: &Value| (0..600).contains(&(caller["iat"].as_i64().unwrap() - noon().timestamp()));
        if caller(seen).is_none_or(|caller| caller["iss"] != SERVICE || !fresh(&caller)) {
            return refusal(403, "AuthError", "Invalid token: API key not found");
        }
        replies.lock().unwrap().next().unwrap_or_else(taken)
    })
    .await
}

/// The application, with an account at the stand-in.
async fn with_account(app: &mut TestApp, peer: &HostilePeer, secret: &str) {
    app.config.notify_key = Some(format!("directory-{SERVICE}-{secret}").into());
    app.config.notify_url = peer.url("/");
    app.config.notify_mail_template = Some(MAILS.parse().unwrap());
    app.config.notify_text_template = Some(TEXTS.parse().unwrap());
    app.restart().await;
}

async fn queue_letter(app: &TestApp) -> Uuid {
    let body = [Part::paragraph("It was accepted."), Part::link("See it", "https://directory.example.org/x".parse().unwrap())];
    let tx = app.app().db.write().await.unwrap();
    let letter = Letter::new("a@example.org", Kind::ChangeDecided, "Your change", &body);
    let id = mail::queue(&tx, &letter, app.clock.now()).await.unwrap();
    tx.commit().await.unwrap();
    id
}

async fn queue_text(app: &TestApp, to: &str) -> Uuid {
    let tx = app.app().db.write().await.unwrap();
    let text = Text { to: to.to_owned(), kind: Kind::Code, text: "Your code is 123456".to_owned() };
    let id = mail::queue_text(&tx, &text, app.clock.now()).await.unwrap();
    tx.commit().await.unwrap();
    id
}

async fn send(app: &TestApp) -> Sent {
    app.app().mailer().send_due().await.unwrap()
}

async fn state(app: &TestApp, id: Uuid) -> State {
    mail::status(&app.app().db, id).await.unwrap().unwrap().state
}

fact! {
    async fn mails_and_text_messages_go_through_the_templates(app) {
        let peer = notify(vec![]).await;
        with_account(&mut app, &peer, SECRET).await;
        assert!(app.app().mailer().sends_texts());
        let code = queue_text(&app, "07700 900123").await;
        let letter = queue_letter(&app).await;
        assert_eq!(send(&app).await, Sent { sent: 2, ..Sent::default() });
        let seen = peer.seen();
        let body = |at: usize| serde_json::from_slice::<Value>(&seen[at].body).unwrap();
        assert_eq!((seen[0].method.as_str(), seen[0].path.as_str()), ("POST", "/v2/notifications/sms"));
        assert_eq!(body(0), json!({
            "phone_number": "447700900123", "template_id": TEXTS, "reference": code,
            "personalisation": {"message": "Your code is 123456"}
        }));
        assert_eq!(seen[1].path, "/v2/notifications/email");
        assert_eq!(body(1), json!({
            "email_address": "a@example.org", "template_id": MAILS, "reference": letter,
            "personalisation": {"subject": "Your change", "message": "It was accepted.\n\nSee it\nhttps://directory.example.org/x"}
        }));
        assert_eq!(send(&app).await, Sent::default());
    }
}

fact! {
    async fn where_only_a_mobile_is_listed_the_code_for_a_claim_goes_there(app) {
        let peer = notify(vec![]).await;
        with_account(&mut app, &peer, SECRET).await;
        let mut listing = crate::facts::pantry();
        let service = listing.as_object_mut().unwrap();
        service.remove("email");
        service.remove("contacts");
        listing["phones"][0]["number"] = json!("07700 900123");
        app.import(listing.to_string()).await;
        let amina = crate::support::browser::Browser::signed_in(&app, "amina@gmail.com").await;
        let path = format!("/account/organisations/{}/claim", crate::facts::id("marsh farm"));
        let page = amina.open(&path).await;
        let waits = amina.submit(&page, &path, &[("words", "I run it."), ("terms", "yes")]).await;
        assert!(waits.text().contains("Do you have a code?"), "{}", waits.text());
        send(&app).await;
        let seen = peer.seen();
        let text = seen.iter().find(|seen| seen.path == "/v2/notifications/sms").expect("a text message");
        let body: Value = serde_json::from_slice(&text.body).unwrap();
        assert_eq!(body["phone_number"], "447700900123");
        let message = body["personalisation"]["message"].as_str().unwrap();
        let code = message.split(|c: char| !c.is_ascii_digit()).find(|word| word.len() == 8).expect("a code");
        let claim = app.app().identity().waiting_claims().await.unwrap().remove(0);
        let path = format!("/account/claims/{}", claim.id);
        amina.submit(&waits, &path, &[("code", code)]).await;
        assert_eq!(app.app().identity().members(crate::facts::id("marsh farm")).await.unwrap().len(), 1);
    }
}

fact! {
    async fn no_code_goes_to_the_number_of_a_contact_that_nobody_sees(app) {
        let peer = notify(vec![]).await;
        with_account(&mut app, &peer, SECRET).await;
        let mut listing = crate::facts::pantry();
        listing.as_object_mut().unwrap().remove("email");
        listing["contacts"] = json!([{"id": crate::facts::id("desk"), "name": "Pantry desk", "visibility": "private"}]);
        listing["phones"] = json!([{"id": crate::facts::id("mobile"), "number": "07700 900123", "contact_id": crate::facts::id("desk")}]);
        app.import(listing.to_string()).await;
        let path = format!("/account/organisations/{}/claim", crate::facts::id("marsh farm"));
        let asks = async |email: &str| {
            let somebody = crate::support::browser::Browser::signed_in(&app, email).await;
            let page = somebody.open(&path).await;
            let waits = somebody.submit(&page, &path, &[("words", "I run it."), ("terms", "yes")]).await;
            send(&app).await;
            let texts = peer.seen().iter().filter(|seen| seen.path == "/v2/notifications/sms").count();
            (waits.text().contains("Do you have a code?"), texts)
        };
        assert_eq!(asks("amina@gmail.com").await, (false, 0));
        // The same number of a contact that everybody sees.
        app.edit(crate::facts::id("pantry"), |document| {
            let Document::Service(service) = document else { panic!("a service") };
            service.contacts[0].visibility = Some(Visibility::Public);
        }).await;
        assert_eq!(asks("bela@gmail.com").await, (true, 1));
    }
}

fact! {
    async fn what_notify_refuses_is_told_from_what_it_does_not_like_about_us(app) {
        let peer = notify(vec![
            refusal(400, "ValidationError", "email_address is not a valid email address"),
            refusal(500, "Exception", "Internal server error"),
            refusal(429, "RateLimitError", "Exceeded rate limit for key type LIVE of 3000 requests per 60 seconds"),
            refusal(400, "BadRequestError", "Template not found"),
        ]).await;
        with_account(&mut app, &peer, SECRET).await;
        let bounced = queue_letter(&app).await;
        assert_eq!(send(&app).await, Sent { bounced: 1, ..Sent::default() });
        assert_eq!(state(&app, bounced).await, State::Bounced);
        let later = queue_letter(&app).await;
        assert_eq!(send(&app).await, Sent { later: 1, ..Sent::default() });
        for minutes in [1, 2] {
            app.clock.set(app.clock.now() + TimeDelta::minutes(minutes));
            let sent = send(&app).await;
            assert!(sent.trouble.is_some() && sent.later == 1, "{sent:?}");
            assert_eq!(state(&app, later).await, State::Waiting);
        }
        assert_eq!(peer.seen().len(), 4, "each was asked");
    }
}

fact! {
    async fn a_wrong_key_is_trouble_and_not_a_bounce(app) {
        let peer = notify(vec![]).await;
        with_account(&mut app, &peer, &SECRET.replace('3', "4")).await;
        let id = queue_letter(&app).await;
        let sent = send(&app).await;
        assert!(sent.trouble.unwrap().contains("API key not found"));
        assert_eq!(state(&app, id).await, State::Waiting);
    }
}

fact! {
    async fn an_answer_that_broke_off_is_unclear_and_one_that_never_began_is_not(app) {
        let peer = notify(vec![Reply::Raw(vec![]), refusal(504, "", "Gateway Timeout")]).await;
        with_account(&mut app, &peer, SECRET).await;
        for _ in 0..2 {
            let id = queue_letter(&app).await;
            assert_eq!(send(&app).await, Sent { unclear: 1, ..Sent::default() });
            assert_eq!(state(&app, id).await, State::Unclear);
        }
        drop(peer);
        tokio::time::sleep(Duration::from_millis(50)).await;
        let id = queue_letter(&app).await;
        let sent = send(&app).await;
        assert!(sent.trouble.unwrap().contains("cannot connect"), "nobody listens there");
        assert_eq!(state(&app, id).await, State::Waiting);
    }
}

fact! {
    async fn letters_that_come_back_later_are_noted_as_bounced(app) {
        let peer = notify(vec![]).await;
        with_account(&mut app, &peer, SECRET).await;
        let ids = [queue_letter(&app).await, queue_letter(&app).await];
        assert_eq!(send(&app).await.sent, 2);
        let page = json!({"notifications": [
            {"id": Uuid::nil(), "reference": ids[1], "status": "permanent-failure"},
            {"id": Uuid::nil(), "reference": null, "status": "permanent-failure"},
            {"id": Uuid::nil(), "reference": "somebody else's", "status": "permanent-failure"},
        ]});
        let told = notify(vec![Reply::json(page.to_string()), Reply::json(page.to_string()), Reply::json("[]")]).await;
        with_account(&mut app, &told, SECRET).await;
        let mailer = app.app().mailer();
        assert_eq!(mailer.look_for_bounces().await.unwrap(), 1);
        assert_eq!(mailer.look_for_bounces().await.unwrap(), 0, "it is no news any more");
        assert_eq!(mailer.look_for_bounces().await.unwrap(), 0, "an answer that makes no sense changes nothing");
        assert_eq!(told.paths()[0], "/v2/notifications?status=permanent-failure");
        assert_eq!((state(&app, ids[0]).await, state(&app, ids[1]).await), (State::Sent, State::Bounced));
        assert_eq!(mail::bounced(&app.app().db, &["a@example.org"]).await.unwrap().len(), 1);
    }
}

fact! {
    async fn a_mail_server_sends_no_text_messages(app) {
        let sink = Sink::start().await;
        app.config.smtp_url = Some(sink.url().into());
        app.restart().await;
        assert!(!app.app().mailer().sends_texts());
        let text = queue_text(&app, "07700 900123").await;
        let landline = queue_text(&app, "01632 960123").await;
        assert_eq!(send(&app).await, Sent { given_up: 1, ..Sent::default() });
        assert_eq!((state(&app, text).await, state(&app, landline).await), (State::GivenUp, State::Bounced));
        assert_eq!(sink.connections(), 0);
    }
}
