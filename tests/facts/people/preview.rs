//! Seeing a listing as the public will, before anything is saved or decided.

use fingerpost::identity::PlatformRole;

use super::{id, public, with_pantry};
use crate::support::{browser::Browser, fact};

fact! {
    async fn what_is_typed_is_seen_as_the_public_will_and_is_not_stored(app) {
        with_pantry(&app).await;
        let amina = Browser::keeper(&app, "amina@lark-hill.example.org", id("marsh farm")).await;
        let path = format!("/account/listings/{}/place", id("pantry"));
        let page = amina.open(&path).await;
        let before = app.app().head().await.unwrap();
        let seen = amina.submit(&page, &path, &[("policy", "on_request"), ("do", "preview")]).await;
        let text = seen.text();
        assert!(text.contains("This is a preview.") && text.contains("Nothing has been saved yet"), "{text}");
        assert!(text.contains("Address given when you book") && text.contains("Meadow larder"), "the public page: {text}");
        let shown = text.split("</form>").nth(2).unwrap();
        assert!(!shown.contains("LU3 9XQ"), "redacted as it would be: {shown}");
        assert!(text.contains("noindex") && !text.contains("canonical") && !text.contains("ld+json"), "it is no public page");
        assert_eq!(seen.header("cache-control"), "no-store");
        assert_eq!(app.app().head().await.unwrap(), before, "nothing was published");
        assert!(public(&app, "pantry").await.to_string().contains("LU3 9XQ"));
        // What was typed is still there, to go on with or to save.
        let again = amina.submit(&seen, &path, &[("do", "again")]).await;
        assert!(again.text().contains("value=\"on_request\" checked"), "{}", again.text());
        let saved = amina.submit(&seen, &path, &[("do", "save")]).await;
        assert!(saved.text().contains("It is public now"), "{}", saved.text());
        assert!(!public(&app, "pantry").await.to_string().contains("LU3 9XQ"));
    }
}

fact! {
    async fn a_mistake_is_said_before_anything_is_shown(app) {
        with_pantry(&app).await;
        let amina = Browser::keeper(&app, "amina@lark-hill.example.org", id("marsh farm")).await;
        let path = format!("/account/listings/{}/about", id("pantry"));
        let page = amina.open(&path).await;
        let told = amina.submit(&page, &path, &[("name", ""), ("do", "preview")]).await;
        assert!(told.text().contains("There is a problem"), "{}", told.text());
    }
}

fact! {
    async fn a_moderator_sees_the_listing_with_the_change_before_deciding(app) {
        with_pantry(&app).await;
        let amina = Browser::keeper(&app, "amina@lark-hill.example.org", id("marsh farm")).await;
        let path = format!("/account/listings/{}/about", id("pantry"));
        let page = amina.open(&path).await;
        amina.submit(&page, &path, &[("name", "Lark Hill larder"), ("do", "save")]).await;
        // Its author sees how it would be, too.
        let own = amina.open(&format!("/account/listings/{}/preview", id("pantry"))).await;
        assert!(own.text().contains("<h1>Lark Hill larder</h1>"), "{}", own.text());
        let waiting = app.app().records.waiting(None, None, 10).await.unwrap();
        let path = format!("/moderation/changes/{}/preview", waiting[0].id);
        assert_eq!(amina.open(&path).await.status, 403, "it is for officers");
        let moderator = Browser::officer(&app, PlatformRole::Moderator).await;
        let seen = moderator.open(&path).await;
        assert!(seen.text().contains("<h1>Lark Hill larder</h1>"), "{}", seen.text());
        assert_eq!(public(&app, "pantry").await["name"], "Meadow larder");
    }
}

fact! {
    async fn a_draft_is_seen_before_it_is_sent(app) {
        with_pantry(&app).await;
        let amina = Browser::keeper(&app, "amina@lark-hill.example.org", id("marsh farm")).await;
        let path = format!("/account/organisations/{}/services/new", id("marsh farm"));
        let page = amina.open(&path).await;
        let next = amina.submit(&page, &path, &[("name", "Repair café"), ("description", "We mend."), ("terms", "yes")]).await;
        let listing = next.text().split("/account/listings/").nth(1).unwrap()[..36].to_owned();
        let seen = amina.open(&format!("/account/listings/{listing}/preview")).await;
        assert!(seen.text().contains("<h1>Repair café</h1>"), "{}", seen.text());
        assert_eq!(app.page(&format!("/directory/services/{listing}")).await.status, 404);
        let stranger = Browser::signed_in(&app, "stranger@example.org").await;
        assert_eq!(stranger.open(&format!("/account/listings/{listing}/preview")).await.status, 404);
    }
}
