//! Letters: queued with their cause, sent once, and what becomes of those that cannot be sent.

use std::time::Duration;

use chrono::TimeDelta;
use fingerpost::{
    jobs,
    mail::{self, Kind, Letter, Mailer, Part, Sent, Server, State, Text},
};
use rcgen::{CertificateParams, KeyPair};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::support::{
    On, TestApp, fact,
    sink::{Act, At, Sink, mailer},
};

const LINK: &str = "https://directory.luton.example.org/sign-in/4f2ab9";

fn letter(to: &str) -> Letter {
    let body = [Part::paragraph("Use this link to sign in to Luton directory."), Part::link("Sign in", LINK.parse().unwrap())];
    Letter::new(to, Kind::Invitation, "You are invited", &body)
}

async fn queue(app: &TestApp, letter: &Letter) -> Uuid {
    let tx = app.app().db.write().await.unwrap();
    let id = mail::queue(&tx, letter, app.clock.now()).await.unwrap();
    tx.commit().await.unwrap();
    id
}

async fn status(app: &TestApp, id: Uuid) -> mail::Status {
    mail::status(&app.app().db, id).await.unwrap().unwrap()
}

async fn state(app: &TestApp, id: Uuid) -> State {
    status(app, id).await.state
}

async fn send(mailer: &Mailer) -> Sent {
    mailer.send_due().await.unwrap()
}

fn later(app: &TestApp, by: TimeDelta) {
    app.clock.set(app.clock.now() + by);
}

/// What the database holds of letters, as text.
async fn in_database(app: &TestApp) -> String {
    use sea_orm::{ConnectionTrait as _, Statement};
    let db = sea_orm::Database::connect(app.config.database_url.as_str()).await.unwrap();
    let statement = Statement::from_string(db.get_database_backend(), "SELECT subject, text, html FROM letter");
    let rows = db.query_all_raw(statement).await.unwrap();
    db.close().await.unwrap();
    let column = |row: &sea_orm::QueryResult, name| row.try_get::<Option<String>>("", name).unwrap().unwrap_or_default();
    rows.iter().flat_map(|row| ["subject", "text", "html"].map(|name| column(row, name))).collect()
}

fact! {
    async fn a_letter_arrives_as_text_and_as_html_and_its_words_are_forgotten(app) {
        let sink = Sink::start().await;
        let id = queue(&app, &letter("Pantry@Lark-Hill.example.org")).await;
        assert!(in_database(&app).await.contains(LINK));
        assert_eq!(send(&sink.mailer(&app)).await, Sent { sent: 1, ..Sent::default() });
        let [received] = &sink.received()[..] else { panic!("one letter") };
        assert_eq!((received.from.as_str(), &received.to[..]), ("directory@luton.example.org", &["Pantry@lark-hill.example.org".to_owned()][..]));
        assert_eq!(received.header("From").unwrap(), "\"Luton directory\" <directory@luton.example.org>");
        assert_eq!(received.header("Subject").unwrap(), "You are invited");
        assert_eq!(received.header("Message-ID").unwrap(), format!("<{id}@luton.example.org>"));
        assert_eq!(received.header("Date").unwrap(), "Sun, 22 Nov 2026 12:00:00 +0000");
        assert_eq!(received.header("Auto-Submitted").unwrap(), "auto-generated");
        assert_eq!(received.link("https:"), LINK);
        assert!(received.html().contains(&format!("href=\"{LINK}\"")));
        assert_eq!(state(&app, id).await, State::Sent);
        assert_eq!(in_database(&app).await, "", "what it said may be a key");
        assert_eq!(send(&sink.mailer(&app)).await, Sent::default());
        assert_eq!(sink.received().len(), 1);
    }
}

fact! {
    async fn a_letter_without_its_cause_does_not_exist(app) {
        let sink = Sink::start().await;
        let tx = app.app().db.write().await.unwrap();
        let id = mail::queue(&tx, &letter("a@example.org"), app.clock.now()).await.unwrap();
        tx.roll_back().await.unwrap();
        assert_eq!(send(&sink.mailer(&app)).await, Sent::default());
        assert_eq!(mail::status(&app.app().db, id).await.unwrap(), None);
        assert_eq!(sink.connections(), 0, "nobody is disturbed for nothing");
    }
}

fact! {
    async fn no_address_and_no_subject_can_smuggle_in_a_header(app) {
        let sink = Sink::start().await;
        let mut refused = Vec::new();
        for to in ["a@example.org\r\nBcc: thief@example.com", "a@example.org, thief@example.com", "a@example.org> RCPT TO:<thief@example.com", "Anne", "", "a\0@example.org"] {
            refused.push(queue(&app, &letter(to)).await);
        }
        let mut bent = letter("a@example.org");
        bent.subject = String::from("Hello\r\nBcc: thief@example.com\r\n\r\n<script>\0");
        bent.text = String::from("one\r\n.\r\nMAIL FROM:<thief@example.com>\r\n");
        queue(&app, &bent).await;
        let sent = send(&sink.mailer(&app)).await;
        assert_eq!(sent, Sent { sent: 1, ..Sent::default() });
        for id in refused {
            assert_eq!(state(&app, id).await, State::Bounced);
        }
        let [received] = &sink.received()[..] else { panic!("one letter") };
        assert_eq!(received.to, ["a@example.org"]);
        assert_eq!(received.header("Bcc"), None);
        assert_eq!(received.header("Subject").unwrap(), "Hello Bcc: thief@example.com <script>");
        assert_eq!(received.text(), "one\n.\nMAIL FROM:<thief@example.com>");
        assert!(!sink.commands().iter().any(|line| line.contains("thief")), "{:?}", sink.commands());
    }
}

fact! {
    async fn two_processes_never_send_one_letter_twice(app) {
        let sink = Sink::start().await;
        for n in 0..60 {
            queue(&app, &letter(&format!("person-{n}@example.org"))).await;
        }
        let mailers = [sink.mailer(&app), sink.mailer(&app), sink.mailer(&app)];
        let [a, b, c] = &mailers;
        let (a, b, c) = tokio::join!(a.send_due(), b.send_due(), c.send_due());
        assert_eq!(a.unwrap().sent + b.unwrap().sent + c.unwrap().sent, 60);
        let mut to: Vec<String> = sink.received().into_iter().flat_map(|letter| letter.to).collect();
        to.sort_unstable();
        to.dedup();
        assert_eq!((to.len(), sink.received().len()), (60, 60));
    }
}

fact! {
    async fn what_was_surely_not_taken_is_tried_again(app) {
        let sink = Sink::start().await;
        let mailer = sink.mailer(&app);
        for (act, seen) in [
            (Act::Say(At::Rcpt, "451 4.7.1 come back later"), "451"),
            (Act::Say(At::Data, "452 4.3.1 the disk is full"), "452"),
            (Act::Say(At::Text, "451 4.3.0 not now"), "451"),
            (Act::Say(At::Mail, "451 4.3.0 not now"), "451"),
            (Act::Say(At::Mail, "550 5.7.1 we do not know you"), "550"),
            (Act::Say(At::Rcpt, "530 5.7.0 authenticate first"), "530"),
            (Act::HangUp(At::Rcpt), "cannot be used"),
            (Act::HangUp(At::Data), "cannot be used"),
        ] {
            let before = sink.received().len();
            let id = queue(&app, &letter("a@example.org")).await;
            sink.then([act.clone()]);
            let first = send(&mailer).await;
            assert_eq!((first.later, first.sent), (1, 0), "{act:?}");
            let stands = status(&app, id).await;
            assert_eq!((stands.state, stands.attempts), (State::Waiting, 1), "{act:?}");
            assert!(stands.problem.as_ref().unwrap().contains(seen), "{act:?}: {stands:?}");
            assert_eq!(send(&mailer).await, Sent::default(), "not at once: {act:?}");
            later(&app, TimeDelta::minutes(1));
            assert_eq!(send(&mailer).await.sent, 1, "{act:?}");
            assert_eq!(sink.received().len(), before + 1, "{act:?}");
            assert_eq!(status(&app, id).await.problem, None);
        }
    }
}

fact! {
    async fn what_is_refused_for_good_has_bounced_and_is_found_by_its_address(app) {
        let sink = Sink::start().await;
        let mailer = sink.mailer(&app);
        sink.then([Act::Take, Act::Say(At::Rcpt, "550-5.1.1 no such\r\n550 5.1.1 mailbox"), Act::Say(At::Text, "554 5.6.0 we take no letters like this"), Act::Take]);
        let ids = [
            queue(&app, &letter("first@example.org")).await,
            queue(&app, &letter("Gone@example.org")).await,
            queue(&app, &letter("strict@example.org")).await,
            queue(&app, &letter("last@example.org")).await,
        ];
        // All of this moment: by which act each was met, the sink tells.
        let sent = send(&mailer).await;
        assert_eq!((sent.sent, sent.bounced, sent.later), (2, 2, 0));
        assert_eq!(sink.connections(), 1, "a refusal does not end the conversation");
        let mut bounced = Vec::new();
        for id in ids {
            let stands = status(&app, id).await;
            if stands.state == State::Bounced {
                bounced.push(stands.to);
            }
        }
        assert_eq!(bounced.len(), 2);
        let upper: Vec<String> = bounced.iter().map(|to| to.to_uppercase()).collect();
        let asked: Vec<&str> = upper.iter().map(String::as_str).chain(["nobody@example.org"]).collect();
        let found = mail::bounced(&app.app().db, &asked).await.unwrap();
        assert_eq!(found.len(), 2);
        assert!(found.iter().any(|one| one.problem.as_ref().unwrap().contains("no such")), "{found:?}");
        later(&app, TimeDelta::minutes(5));
        queue(&app, &letter(&bounced[0])).await;
        assert_eq!(send(&mailer).await.sent, 1, "the mailbox may have come back");
        assert_eq!(mail::bounced(&app.app().db, &[&bounced[0]]).await.unwrap(), []);
        assert_eq!(mail::letters_to(&app.app().db, &upper[0]).await.unwrap().len(), 2);
    }
}

fact! {
    async fn a_letter_in_doubt_is_not_sent_again(app) {
        let sink = Sink::start().await;
        let mailer = sink.mailer(&app);
        sink.then([Act::HangUp(At::Text)]);
        let id = queue(&app, &letter("a@example.org")).await;
        assert_eq!(send(&mailer).await, Sent { unclear: 1, ..Sent::default() });
        assert_eq!(state(&app, id).await, State::Unclear);
        later(&app, TimeDelta::hours(2));
        assert_eq!(send(&mailer).await, Sent::default());
        assert_eq!(sink.received().len(), 1, "the server had taken it");
        assert_eq!(in_database(&app).await, "");
    }
}

fact! {
    async fn a_process_that_dies_loses_nothing_and_sends_nothing_twice(app) {
        let sink = Sink::start().await;
        let mailer = sink.mailer(&app);
        // It dies while the server keeps it waiting for a mailbox: nothing has been handed over.
        sink.then([Act::Hush(At::Rcpt)]);
        let early = queue(&app, &letter("a@example.org")).await;
        tokio::time::timeout(Duration::from_millis(500), mailer.send_due()).await.unwrap_err();
        assert_eq!(send(&mailer).await, Sent::default(), "it is still the other process's");
        later(&app, TimeDelta::minutes(2));
        assert_eq!(send(&mailer).await.sent, 1);
        assert_eq!(state(&app, early).await, State::Sent);
        // It dies after the text has gone.
        sink.then([Act::Hush(At::Text)]);
        let late = queue(&app, &letter("b@example.org")).await;
        tokio::time::timeout(Duration::from_millis(500), mailer.send_due()).await.unwrap_err();
        assert_eq!(state(&app, late).await, State::HandingOver);
        later(&app, TimeDelta::minutes(5));
        assert_eq!(send(&mailer).await, Sent::default());
        later(&app, TimeDelta::minutes(5));
        assert_eq!(send(&mailer).await, Sent { unclear: 1, ..Sent::default() });
        assert_eq!(sink.received().len(), 2);
        assert_eq!(in_database(&app).await, "");
    }
}

fact! {
    async fn letters_are_tried_more_and_more_seldom_for_five_days(app) {
        let sink = Sink::start().await;
        let mailer = sink.mailer(&app);
        let id = queue(&app, &letter("a@example.org")).await;
        let mut link = letter("b@example.org");
        link.kind = Kind::SignIn;
        let link = queue(&app, &link).await;
        let mut tries = Vec::new();
        let mut now = 0;
        for minute in (0..=123).chain((183..=7323).step_by(60)) {
            later(&app, TimeDelta::minutes(minute - now));
            now = minute;
            sink.then([Act::Say(At::Rcpt, "451 not now"), Act::Say(At::Rcpt, "451 not now")]);
            let sent = send(&mailer).await;
            if sent != Sent::default() {
                tries.push((minute, sent.later, sent.given_up));
            }
        }
        assert_eq!(tries[..8], [(0, 2, 0), (1, 2, 0), (3, 2, 0), (7, 2, 0), (15, 1, 1), (31, 1, 0), (63, 1, 0), (123, 1, 0)]);
        assert_eq!(tries.last(), Some(&(7143, 0, 1)));
        for id in [id, link] {
            assert_eq!(state(&app, id).await, State::GivenUp);
        }
        assert_eq!(in_database(&app).await, "");
    }
}

fact! {
    async fn a_server_out_of_reach_is_asked_once_and_not_for_each_letter(app) {
        let gone = Sink::start().await;
        let mailer = gone.mailer(&app);
        drop(gone);
        for n in 0..30 {
            queue(&app, &letter(&format!("person-{n}@example.org"))).await;
        }
        let sent = send(&mailer).await;
        assert!(sent.trouble.as_ref().unwrap().starts_with("the mail server 127.0.0.1 cannot be used"), "{sent:?}");
        assert_eq!((sent.later, sent.sent), (20, 0));
    }
}

fact! {
    async fn a_sign_in_link_goes_before_a_thousand_reminders(app) {
        let sink = Sink::start().await;
        let mut many = letter("many@example.org");
        many.kind = Kind::Reminder;
        for _ in 0..30 {
            queue(&app, &many).await;
        }
        later(&app, TimeDelta::seconds(1));
        let mut link = letter("waiting@example.org");
        link.kind = Kind::SignIn;
        queue(&app, &link).await;
        assert_eq!(send(&sink.mailer(&app)).await.sent, 31);
        assert_eq!(sink.received()[0].to, ["waiting@example.org"]);
        // One that comes half an hour late opens nothing any more.
        queue(&app, &link).await;
        later(&app, TimeDelta::minutes(31));
        assert_eq!(send(&sink.mailer(&app)).await, Sent { given_up: 1, ..Sent::default() });
    }
}

fact! {
    async fn a_password_travels_only_where_nobody_listens(app) {
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(["localhost".to_owned()]).unwrap().self_signed(&key).unwrap();
        let tls = rustls::ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key.serialize_der().try_into().unwrap())
            .unwrap();
        let sink = Sink::start_tls(std::sync::Arc::new(tls).into()).await;
        let port = sink.address.port();
        let server = |user: &str| Server::new(&format!("smtps://{user}@localhost:{port}").parse().unwrap());
        let id = queue(&app, &letter("a@example.org")).await;
        let stranger = send(&mailer(&app, server("directory:pass%20word"))).await;
        assert!(stranger.trouble.unwrap().contains("certificate"), "its certificate is nobody's");
        assert!(!sink.commands().iter().any(|line| line.starts_with("AUTH")));
        later(&app, TimeDelta::minutes(1));
        let wrong = send(&mailer(&app, server("directory:wrong").trusting(certificate.der()))).await;
        assert!(wrong.trouble.unwrap().contains("535"), "the password is wrong, and that is no bounce");
        later(&app, TimeDelta::minutes(2));
        assert_eq!(send(&mailer(&app, server("directory:pass%20word").trusting(certificate.der()))).await.sent, 1);
        assert_eq!(state(&app, id).await, State::Sent);
    }
}

fact! {
    async fn whoever_asks_to_be_forgotten_is(app) {
        let sink = Sink::start().await;
        queue(&app, &letter("a.person@example.org")).await;
        send(&sink.mailer(&app)).await;
        queue(&app, &letter("A.Person@example.org")).await;
        queue(&app, &letter("other@example.org")).await;
        let tx = app.app().db.write().await.unwrap();
        assert_eq!(mail::forget(&tx, "a.person@EXAMPLE.org").await.unwrap(), 2);
        tx.commit().await.unwrap();
        assert_eq!(send(&sink.mailer(&app)).await.sent, 1);
        later(&app, TimeDelta::days(91));
        assert_eq!(sink.mailer(&app).tidy(TimeDelta::days(90)).await.unwrap(), 1);
        assert_eq!(mail::letters_to(&app.app().db, "other@example.org").await.unwrap(), []);
    }
}

fact! {
    async fn without_a_mail_server_letters_count_as_sent_once_they_stand_in_the_log(app) {
        let id = queue(&app, &letter("a@example.org")).await;
        let tx = app.app().db.write().await.unwrap();
        let text = Text { to: "07700 900123".to_owned(), kind: Kind::Code, text: "Your code is 123456".to_owned() };
        let text = mail::queue_text(&tx, &text, app.clock.now()).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(send(app.app().mailer()).await.sent, 2);
        assert_eq!((state(&app, id).await, state(&app, text).await), (State::Sent, State::Sent));
    }
}

/// While the server runs, whoever asks for a link does not wait for it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_letter_leaves_within_a_second_of_its_commit() {
    let sink = Sink::start().await;
    let mut app = TestApp::start(On::Sqlite).await.unwrap();
    app.config.smtp_url = Some(sink.url().into());
    app.restart().await;
    let stop = CancellationToken::new();
    let post = tokio::spawn(jobs::post(app.app().clone(), stop.clone()));
    queue(&app, &letter("a@example.org")).await;
    let arrived = async {
        while sink.received().is_empty() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(1), arrived).await.unwrap();
    stop.cancel();
    post.await.unwrap();
    app.end().await;
}
