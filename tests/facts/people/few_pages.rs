//! How many pages a volunteer opens between a letter and a listing that is right.

use fingerpost::{identity::Identity, jobs};
use url::Url;

use super::{council::AMINA, id, public, unfinished, with_pantry};
use crate::support::{Answer, PUBLIC_URL, browser::Browser, fact};

/// No page of the way is heavier, in bytes.
const HEAVIEST: usize = 100_000;

fact! {
    async fn from_the_letter_to_another_opening_time_in_six_pages_and_a_new_sign_in(app) {
        with_pantry(&app).await;
        let _elsewhere = Browser::keeper(&app, AMINA, id("marsh farm")).await;
        let person = app.app().identity().person_at(&AMINA.parse().unwrap()).await.unwrap().unwrap().id;
        let here: Url = PUBLIC_URL.parse().unwrap();
        jobs::freshness(app.app(), &here).await.unwrap();
        let asks = app.app().quality(&here).link_for(&Identity::known_as(person), &[id("pantry")]).await.unwrap();
        let times = format!("/account/listings/{}/times", id("pantry"));
        let phone = Browser::new(&app);
        let asked = phone.open(asks.path()).await;
        assert!(asked.text().contains(&format!("href=\"{times}\"")), "what changes most often is one page away: {}", asked.text());
        let door = phone.open(&times).await;
        let told = phone.submit(&door, "/sign-in", &[("email", AMINA)]).await;
        let button = phone.open(&unfinished::link(&app).await).await;
        let form = phone.submit(&button, "/sign-in/link", &[]).await;
        let saved = phone.submit(&form, &times, &[("day-0", "TU"), ("do", "save")]).await;
        let pages: [Answer; 6] = [asked, door, told, button, form, saved];
        assert!(pages[5].text().contains("It is public now"), "{}", pages[5].text());
        assert_eq!(public(&app, "pantry").await["schedules"][0]["byday"], "TU");
        for page in &pages {
            assert!(page.status == 200 && page.body.len() < HEAVIEST, "{} bytes: {}", page.body.len(), page.text());
        }
    }
}
