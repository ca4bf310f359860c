//! What is written down for the first time, twice at the same moment: there is one of it, and nobody reads that the
//! directory is out of order.

use std::time::Duration;

use fingerpost::{
    editing::Error,
    identity::{Actor, Email, Identity, PlatformRole},
    model::Document,
    records::{Draft, Error as Kept, LastModified},
};
use uuid::Uuid;

use super::{
    council::{AMINA, refused, second_moderator},
    id, with_pantry,
};
use crate::support::{PUBLIC_URL, TestApp, browser::Browser, fact, sink::Sink};

/// What becomes of something that begins before a transaction is committed, and ends after that.
async fn while_open<T>(tx: fingerpost::db::Transaction, other: impl Future<Output = T>) -> T {
    let commit = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        tx.commit().await.unwrap();
    };
    Box::pin(async { tokio::join!(other, commit) }).await.0
}

async fn actor(app: &TestApp, email: &str) -> Actor {
    let person = app.app().identity().person_at(&email.parse().unwrap()).await.unwrap().unwrap();
    Actor::person(person.id, person.role, Vec::new())
}

fact! {
    async fn somebody_who_comes_for_the_first_time_twice_is_one_person(app) {
        let identity = app.app().identity();
        let email: Email = "new@lark-hill.example.org".parse().unwrap();
        let welcome = async |identity: &Identity| {
            let tx = identity.write().await.unwrap();
            let person = identity.welcome(&tx, &email).await.unwrap();
            (tx, person)
        };
        let (tx, first) = welcome(&identity).await;
        let again = async {
            let (tx, person) = welcome(&identity).await;
            tx.commit().await.unwrap();
            person
        };
        let second = while_open(tx, again).await;
        assert_eq!(second, first);
        assert_eq!(identity.everybody().await.unwrap(), [first]);
    }
}

fact! {
    async fn two_links_of_one_new_address_both_sign_in(app) {
        let identity = app.app().identity();
        let email: Email = "new@lark-hill.example.org".parse().unwrap();
        let (phone, laptop) = (Browser::new(&app), Browser::new(&app));
        let mut pages = Vec::new();
        for browser in [&phone, &laptop] {
            let tx = identity.write().await.unwrap();
            let secret = identity.link_for(&tx, &email, "").await.unwrap();
            tx.commit().await.unwrap();
            pages.push(browser.open(&format!("/sign-in/link/{}", secret.as_str())).await);
        }
        let (one, other) =
            tokio::join!(phone.submit_only(&pages[0], "/sign-in/link", &[]), laptop.submit_only(&pages[1], "/sign-in/link", &[]));
        assert_eq!((one.status.as_u16(), other.status.as_u16()), (303, 303), "{} {}", one.text(), other.text());
        assert_eq!(identity.everybody().await.unwrap().len(), 1);
    }
}

fact! {
    async fn of_two_who_add_a_record_under_one_id_one_is_told(app) {
        with_pantry(&app).await;
        let records = app.app().records.clone();
        let new = async |name: &str| {
            let mut draft = Draft::new(records.find(id("pantry")).await.unwrap().unwrap().read().unwrap());
            let Document::Service(service) = &mut draft.document else { panic!("a service") };
            (service.id, service.name) = (id("a new one").into(), name.to_owned());
            service.service_at_locations.clear();
            Draft { expected_revision: Some(0), ..draft }
        };
        let (first, second) = (new("The first").await, new("The second").await);
        let tx = app.app().db.write().await.unwrap();
        records.save(&tx, &TestApp::person("one"), vec![first], &LastModified::new()).await.unwrap();
        let last_modified = LastModified::new();
        let caller = TestApp::person("another");
        let told = while_open(tx, records.save_now(&caller, vec![second], &last_modified)).await;
        assert!(matches!(told, Err(Kept::Stale { found: 1, expected: 0, id: of }) if of == id("a new one")), "{told:?}");
        let versions = records.history(id("a new one")).await.unwrap();
        assert!(versions.len() == 1 && versions[0].document.contains("The first"), "{versions:?}");
    }
}

fact! {
    async fn an_organisation_whose_form_is_sent_twice_at_once_is_added_once(app) {
        let amina = Browser::signed_in(&app, AMINA).await;
        let path = "/account/organisations/new";
        for round in 0..4 {
            let page = amina.open(path).await;
            let name = format!("Zebra Choir {round}");
            let with = [("name", name.as_str()), ("description", "We sing."), ("terms", "yes")];
            let (one, other) = tokio::join!(amina.submit_only(&page, path, &with), amina.submit_only(&page, path, &with));
            assert_eq!((one.status.as_u16(), other.status.as_u16()), (303, 303), "{} {}", one.text(), other.text());
            assert_eq!(one.header("location"), other.header("location"));
            let added: Uuid = one.header("location").split('/').nth(3).unwrap().parse().unwrap();
            assert_eq!(app.app().records.history(added).await.unwrap().len(), 1);
            assert_eq!(app.app().identity().members(added).await.unwrap().len(), 1);
            // Only so many may be added within an hour.
            app.clock.set(app.clock.now() + chrono::Duration::hours(2));
        }
    }
}

fact! {
    async fn a_second_review_that_is_asked_for_twice_at_once_is_asked_for_once(app) {
        with_pantry(&app).await;
        let amina = Browser::keeper(&app, AMINA, id("marsh farm")).await;
        let moderator = Browser::officer(&app, PlatformRole::Moderator).await;
        let _second = second_moderator(&app).await;
        let change: Uuid = refused(&app, &amina, &moderator).await.parse().unwrap();
        let editing = app.app().editing(&PUBLIC_URL.parse().unwrap());
        let author = actor(&app, AMINA).await;
        let ask = |words: &'static str| {
            let (editing, author) = (editing.clone(), author.clone());
            tokio::spawn(async move { editing.appeal(&author, change, words).await })
        };
        let asked = ["In May.", "In May.", "In May.", "In June."].map(ask);
        let (mut done, mut told) = (0, 0);
        for one in asked {
            match one.await.unwrap() {
                Ok(()) => done += 1,
                // In other words it is another one.
                Err(Error::Forbidden(_)) => told += 1,
                Err(error) => panic!("{error}"),
            }
        }
        assert!((done, told) == (3, 1) || (done, told) == (1, 3), "{done} and {told}");
        let trail = app.app().identity().audit(None, None, 20).await.unwrap();
        assert_eq!(trail.iter().filter(|line| line.to == change.to_string() && line.who == author.known_as()).count(), 1, "{trail:?}");
    }
}

fact! {
    async fn of_two_lists_of_declarations_that_are_saved_at_once_one_stands(app) {
        let _administrator = Browser::officer(&app, PlatformRole::Administrator).await;
        let editing = app.app().editing(&PUBLIC_URL.parse().unwrap());
        let officer = actor(&app, "administrator@council.example.org").await;
        let lists = [vec!["Insurance"], vec!["Safeguarding policy", "Insurance", "DBS checks"], vec![], vec!["DBS checks", "Training"]]
            .map(|names| names.into_iter().map(str::to_owned).collect::<Vec<String>>());
        for round in 0..4 {
            let saved = lists.clone().map(|names| {
                let (editing, officer) = (editing.clone(), officer.clone());
                tokio::spawn(async move { editing.ask_for(&officer, &names).await })
            });
            for one in saved {
                one.await.unwrap().unwrap();
            }
            let stands = editing.asked_for().await.unwrap();
            assert!(lists.contains(&stands), "round {round}: {stands:?}");
        }
    }
}

fact! {
    async fn a_claim_that_is_made_twice_at_once_is_made_once(app) {
        with_pantry(&app).await;
        let lead = "lead@lark-hill.example.org";
        let _lead = Browser::keeper(&app, lead, id("marsh farm")).await;
        let sink = Sink::start().await;
        sink.mailer(&app).send_due().await.unwrap();
        let stranger = Browser::signed_in(&app, "stranger@example.org").await;
        let path = format!("/account/organisations/{}/claim", id("marsh farm"));
        let page = stranger.open(&path).await;
        let with = [("words", "I run it."), ("terms", "yes")];
        let (one, other) = tokio::join!(stranger.submit_only(&page, &path, &with), stranger.submit_only(&page, &path, &with));
        assert_eq!((one.status.as_u16(), other.status.as_u16()), (303, 303), "{} {}", one.text(), other.text());
        assert_eq!(app.app().identity().waiting_claims().await.unwrap().len(), 1);
        sink.mailer(&app).send_due().await.unwrap();
        assert_eq!(sink.received().iter().filter(|letter| letter.to == [lead]).count(), 1, "the lead hears of it once");
    }
}

fact! {
    async fn whoever_is_on_the_listing_claims_it_by_two_taps_and_waits_for_nothing(app) {
        with_pantry(&app).await;
        let amina = Browser::signed_in(&app, AMINA).await;
        let path = format!("/account/organisations/{}/claim", id("marsh farm"));
        let page = amina.open(&path).await;
        let with = [("words", "I run it."), ("terms", "yes")];
        let (one, other) = tokio::join!(amina.submit_only(&page, &path, &with), amina.submit_only(&page, &path, &with));
        assert_eq!((one.status.as_u16(), other.status.as_u16()), (303, 303), "{} {}", one.text(), other.text());
        assert_eq!(one.header("location"), other.header("location"));
        let identity = app.app().identity();
        assert_eq!(identity.members(id("marsh farm")).await.unwrap().len(), 1);
        assert_eq!(identity.waiting_claims().await.unwrap(), []);
    }
}
