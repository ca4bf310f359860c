//! A session that ends while somebody fills in a form: nothing that they wrote is lost, and nobody else reads it.

use chrono::Duration;
use fingerpost::identity::PlatformRole;

use super::{id, public, with_pantry};
use crate::support::{Answer, PUBLIC_URL, TestApp, browser::Browser, fact, noon, sink::Sink};

const AMINA: &str = "amina@lark-hill.example.org";
const SECRET: &str = "Ring the green bell, not the brass one";

async fn amina(app: &TestApp) -> Browser<'_> {
    with_pantry(app).await;
    Browser::keeper(app, AMINA, id("marsh farm")).await
}

fn times() -> String {
    format!("/account/listings/{}/times", id("pantry"))
}

/// The link of the newest letter.
pub(super) async fn link(app: &TestApp) -> String {
    let sink = Sink::start().await;
    sink.mailer(app).send_due().await.unwrap();
    let letters = sink.received();
    let letter = letters
        .iter()
        .rev()
        .map(crate::support::sink::Received::text)
        .find(|text| text.contains("/sign-in/link/"))
        .expect("a letter with a link");
    letter[letter.find("/sign-in/link/").unwrap()..].split_whitespace().next().unwrap().to_owned()
}

/// Ask for a link on the page that somebody was sent to, and follow it in `browser`.
async fn sign_in_from(app: &TestApp, asked: &Answer, browser: &Browser<'_>, on: &Browser<'_>, email: &str) -> Answer {
    browser.submit(asked, "/sign-in", &[("email", email)]).await;
    let page = on.open(&link(app).await).await;
    on.submit(&page, "/sign-in/link", &[]).await
}

/// Amina has written something, and is signed out by the time she sends it: the page that she sees.
async fn too_late(app: &TestApp, amina: &Browser<'_>) -> Answer {
    let page = amina.open(&times()).await;
    app.clock.set(noon() + Duration::days(15));
    amina.submit(&page, &times(), &[("day-0", "TU"), ("note-0", SECRET), ("do", "save")]).await
}

fact! {
    async fn whoever_is_signed_out_while_they_write_is_back_at_the_form_with_their_words(app) {
        let amina = amina(&app).await;
        let asked = too_late(&app, &amina).await;
        assert!(asked.text().contains("What you wrote is kept") && asked.text().contains("Send me a link"), "{}", asked.text());
        let form = sign_in_from(&app, &asked, &amina, &amina, AMINA).await;
        assert_eq!(form.status, 200);
        for said in [SECRET, "<option value=\"TU\" selected", "is not saved yet", "role=\"status\"", &times()] {
            assert!(form.text().contains(said), "{said}: {}", form.text());
        }
        assert_eq!(public(&app, "pantry").await["schedules"][0]["byday"], "TH", "signing in saves nothing");
        let saved = amina.submit(&form, &times(), &[("do", "save")]).await;
        assert!(saved.text().contains("It is public now"), "{}", saved.text());
        let now = public(&app, "pantry").await;
        assert_eq!((&now["schedules"][0]["byday"], &now["schedules"][0]["notes"]), (&"TU".into(), &SECRET.into()));
        let again = amina.open("/account/unfinished").await;
        assert!(again.text().contains("What you wrote is not here") && !again.text().contains(SECRET), "it was sent, and is kept no longer: {}", again.text());
    }
}

fact! {
    async fn nobody_else_reads_what_somebody_was_writing(app) {
        let amina = amina(&app).await;
        let asked = too_late(&app, &amina).await;
        app.app().db.sweep_now().await.unwrap();
        assert_eq!(app.files_with("green bell"), Vec::<String>::new(), "it lies sealed in the database");
        // Somebody else signs in on the same phone.
        let other = sign_in_from(&app, &asked, &amina, &amina, "bela@lark-hill.example.org").await;
        assert!(other.text().contains("What you wrote is not here") && !other.text().contains(SECRET), "{}", other.text());
        // She signs in elsewhere: she is told where it is, and comes to the form.
        let laptop = Browser::new(&app);
        let asked = laptop.open("/sign-in?return_to=%2Faccount%2Funfinished%3Fpage%3D%252Faccount%252Ffind").await;
        let elsewhere = sign_in_from(&app, &asked, &laptop, &laptop, AMINA).await;
        assert!(elsewhere.text().contains("href=\"/account/find\"") && !elsewhere.text().contains(SECRET), "{}", elsewhere.text());
        let away = laptop.open("/account/unfinished?page=https%3A%2F%2Fevil.example%2F").await;
        assert!(!away.text().contains("evil.example"), "{}", away.text());
        // Back on her phone, she has it.
        let asked = amina.open("/sign-in?return_to=%2Faccount%2Funfinished").await;
        assert!(sign_in_from(&app, &asked, &amina, &amina, AMINA).await.text().contains(SECRET));
        app.clock.set(noon() + Duration::days(16) + Duration::minutes(1));
        assert!(!amina.open("/account/unfinished").await.text().contains(SECRET), "after a day it is gone");
    }
}

fact! {
    async fn a_new_listing_a_claim_and_a_decision_survive_a_session_too(app) {
        let amina = amina(&app).await;
        let path = format!("/account/organisations/{}/services/new", id("marsh farm"));
        let page = amina.open(&path).await;
        app.clock.set(noon() + Duration::days(15));
        let asked = amina.submit(&page, &path, &[("name", "Repair café"), ("description", SECRET)]).await;
        let form = sign_in_from(&app, &asked, &amina, &amina, AMINA).await;
        assert!(form.text().contains("value=\"Repair café\"") && form.text().contains(SECRET), "{}", form.text());

        let path = format!("/account/listings/{}/about", id("pantry"));
        amina.submit(&amina.open(&path).await, &path, &[("name", "The larder"), ("do", "save")]).await;
        let change = app.app().records.waiting(None, None, 10).await.unwrap().remove(0).id;
        let moderator = Browser::officer(&app, PlatformRole::Moderator).await;
        let path = format!("/moderation/changes/{change}");
        let page = moderator.open(&path).await;
        app.clock.set(noon() + Duration::days(16));
        let with = [("refuse-name", "yes"), ("reason-name", SECRET), ("do", "decide")];
        let asked = moderator.submit(&page, &path, &with).await;
        assert_eq!(app.app().records.waiting(None, None, 10).await.unwrap().len(), 1, "nothing is decided");
        let form = sign_in_from(&app, &asked, &moderator, &moderator, "moderator@council.example.org").await;
        assert!(form.text().contains(SECRET) && form.text().contains("The larder"), "{}", form.text());
        moderator.submit(&form, &path, &[("do", "decide")]).await;
        assert_eq!(app.app().records.waiting(None, None, 10).await.unwrap(), []);
        // A page that cannot be filled in keeps the words and asks before it sends them.
        let page = moderator.open(&path).await;
        app.clock.set(noon() + Duration::days(17));
        let ask = format!("{path}/ask");
        let asked = moderator.submit(&page, &ask, &[("question", SECRET)]).await;
        let form = sign_in_from(&app, &asked, &moderator, &moderator, "moderator@council.example.org").await;
        assert!(form.text().contains(SECRET) && app.app().records.thread(change).await.unwrap().is_empty(), "{}", form.text());
        moderator.submit(&form, &ask, &[]).await;
        assert_eq!(app.app().records.thread(change).await.unwrap()[0].words, SECRET);
    }
}

fact! {
    async fn a_form_from_before_somebody_signed_in_again_is_shown_and_not_done(app) {
        let amina = amina(&app).await;
        let old = amina.open(&times()).await;
        let asked = amina.open("/sign-in").await;
        sign_in_from(&app, &asked, &amina, &amina, AMINA).await;
        let with = [("note-0", SECRET), ("do", "save")];
        let shown = amina.submit(&old, &times(), &with).await;
        assert_eq!(shown.status, 403);
        assert!(shown.text().contains(SECRET) && shown.text().contains("is not saved yet"), "{}", shown.text());
        assert!(public(&app, "pantry").await["schedules"][0].get("notes").is_none());
        amina.submit(&shown, &times(), &[("do", "save")]).await;
        assert_eq!(public(&app, "pantry").await["schedules"][0]["notes"], SECRET);
        // Whoever is signed in there by then is not shown what she wrote.
        let asked = amina.open("/sign-in").await;
        sign_in_from(&app, &asked, &amina, &amina, "bela@lark-hill.example.org").await;
        let refused = amina.submit(&old, &times(), &with).await;
        assert!(refused.status == 403 && !refused.text().contains(SECRET), "{}", refused.text());
        // Of what another site sends nothing is shown: it would look as if they had written it.
        let forged = amina.post(&times(), "https://evil.example", &[("form", "0000"), ("note-0", "Send money to Mallory")]).await;
        assert!(forged.status == 403 && !forged.text().contains("Mallory"), "{}", forged.text());
    }
}

fact! {
    async fn only_what_a_page_of_the_session_sent_is_kept(app) {
        let amina = amina(&app).await;
        amina.open(&times()).await;
        app.clock.set(noon() + Duration::days(15));
        let back = format!("/sign-in?return_to={}", times().replace('/', "%2F"));
        for (origin, form) in [(PUBLIC_URL.trim_end_matches('/'), "0000"), ("https://evil.example", "0000")] {
            let sent = amina.post(&times(), origin, &[("form", form), ("note-0", SECRET)]).await;
            assert_eq!((sent.status.as_u16(), sent.header("location")), (303, back.as_str()), "{origin}");
        }
        // What was sent to an action leads back to its page.
        let sent = amina.post(&format!("/account/listings/{}/undo", id("pantry")), PUBLIC_URL.trim_end_matches('/'), &[]).await;
        assert!(sent.header("location").ends_with(&format!("%2Flistings%2F{}", id("pantry"))), "{}", sent.header("location"));
    }
}

fact! {
    async fn whoever_asks_for_another_link_still_finds_what_they_wrote(app) {
        let amina = amina(&app).await;
        let asked = too_late(&app, &amina).await;
        // The letter does not come: the way to another one leads back to the same place.
        let waiting = amina.submit(&asked, "/sign-in", &[("email", AMINA)]).await;
        let way = waiting.text().split("href=\"/sign-in?return_to=").nth(1).expect("a way to another link").split('"').next().unwrap().to_owned();
        assert!(way.contains("unfinished"), "{way}");
        // Nor is it lost by a letter that comes too late.
        let late = link(&app).await;
        app.clock.set(app.clock.now() + Duration::minutes(31));
        let expired = amina.open(&late).await;
        assert_eq!(expired.status, 410);
        assert!(expired.text().contains(&format!("href=\"/sign-in?return_to={way}\"")), "{}", expired.text());
        // Whoever begins at the first page again is led to it, too; somebody else is not.
        let other = sign_in_from(&app, &amina.open("/sign-in").await, &amina, &amina, "bela@lark-hill.example.org").await;
        assert!(!other.text().contains(SECRET) && other.text().contains("Your listings"), "{}", other.text());
        let form = sign_in_from(&app, &amina.open("/sign-in").await, &amina, &amina, AMINA).await;
        assert!(form.text().contains(SECRET) && form.text().contains("is not saved yet"), "{}", form.text());
        amina.submit(&form, &times(), &[("do", "save")]).await;
        let home = sign_in_from(&app, &amina.open("/sign-in").await, &amina, &amina, AMINA).await;
        assert!(home.text().contains("Your listings") && !home.text().contains(SECRET), "{}", home.text());
    }
}

fact! {
    async fn the_words_beside_a_logo_survive_a_session_and_its_picture_is_asked_for_again(app) {
        let amina = amina(&app).await;
        let path = format!("/account/listings/{}/logo", id("marsh farm"));
        let old = amina.open(&path).await;
        app.clock.set(noon() + Duration::days(15));
        let with = [("alt", "A green apple"), ("do", "save")];
        let asked = amina.upload(&old, &path, &with, &vec![7; 100_000]).await;
        assert!(asked.text().contains("What you wrote is kept"), "{}", asked.text());
        let form = sign_in_from(&app, &asked, &amina, &amina, AMINA).await;
        for said in ["value=\"A green apple\"", "Choose the picture again", "is not saved yet"] {
            assert!(form.text().contains(said), "{said}: {}", form.text());
        }
        // So do those of a form from before she signed in again.
        let shown = amina.upload(&old, &path, &with, &[7; 100]).await;
        assert!(shown.status == 403 && shown.text().contains("value=\"A green apple\""), "{}", shown.text());
        assert_eq!(app.app().records.waiting(None, None, 10).await.unwrap(), []);
        // Nothing is kept of what strangers send.
        let stranger = Browser::new(&app);
        let sent = stranger.upload(&old, &path, &with, &[7; 100]).await;
        assert!(sent.text().contains("Send me a link") && !sent.text().contains("is kept"), "{}", sent.text());
    }
}

fact! {
    async fn a_button_of_an_old_page_does_nothing_says_so_and_takes_no_words_place(app) {
        let amina = amina(&app).await;
        let profile = amina.open("/account/profile/forget").await;
        let listing = format!("/account/listings/{}", id("pantry"));
        let old = amina.open(&listing).await;
        let asked = too_late(&app, &amina).await;
        // Another tab sends a button: what was written before is still what is kept.
        let confirm = format!("{listing}/confirm");
        let sent = amina.submit_only(&old, &confirm, &[("how", "owner")]).await;
        assert_eq!((sent.status.as_u16(), sent.header("location")), (303, format!("/sign-in?return_to={}", listing.replace('/', "%2F")).as_str()));
        assert!(sign_in_from(&app, &asked, &amina, &amina, AMINA).await.text().contains(SECRET));
        let gone = amina.submit(&profile, "/account/profile/forget", &[]).await;
        assert_eq!(gone.status, 403);
        assert!(gone.text().contains("Nothing was done") && !gone.text().contains("Send it now"), "{}", gone.text());
        assert!(amina.open("/account").await.text().contains("Your listings"), "she is still there");
        assert_eq!(app.app().records.checks(id("pantry")).await.unwrap(), []);
    }
}
