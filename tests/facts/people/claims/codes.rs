//! Codes from the listed mailbox.

use chrono::TimeDelta;
use fingerpost::identity::PlatformRole;

use super::{
    super::{id, with_pantry},
    claim, keeps, latest_code,
};
use crate::support::{browser::Browser, fact, sink::Sink};

fact! {
    async fn the_code_from_the_listed_mailbox_opens_the_listing(app) {
        with_pantry(&app).await;
        let amina = Browser::signed_in(&app, "amina@gmail.com").await;
        let page = claim(&amina, id("marsh farm")).await;
        let sink = Sink::start().await;
        sink.mailer(&app).send_due().await.unwrap();
        let letter = sink.received().into_iter().find(|letter| letter.to == ["desk@lark-hill.example.org"] || letter.to == ["hello@lark-hill.example.org"] || letter.to == ["pantry@lark-hill.example.org"]).expect("a code went to the listing");
        let code: String = letter.text().split(|c: char| !c.is_ascii_digit()).find(|word| word.len() == 8).expect("a code").to_owned();
        let claim = app.app().identity().waiting_claims().await.unwrap().remove(0);
        let path = format!("/account/claims/{}", claim.id);
        let wrong = amina.submit(&page, &path, &[("code", "00000000")]).await;
        assert!(wrong.text().contains("does not work"));
        let page = amina.open(&path).await;
        amina.submit(&page, &path, &[("code", &format!("{} {}", &code[..4], &code[4..]))]).await;
        assert!(keeps(&app, "amina@gmail.com", id("marsh farm")).await);
    }
}

fact! {
    async fn a_code_that_has_expired_is_made_anew_when_somebody_asks_again(app) {
        with_pantry(&app).await;
        let sink = Sink::start().await;
        let amina = Browser::signed_in(&app, "amina@gmail.com").await;
        claim(&amina, id("marsh farm")).await;
        // The mail server is away for a day.
        app.clock.set(app.clock.now() + TimeDelta::hours(26));
        let sent = sink.mailer(&app).send_due().await.unwrap();
        assert_eq!(sent.given_up, 0, "it is tried as long as it is of use");
        let first = latest_code(&sink);
        app.clock.set(app.clock.now() + TimeDelta::days(3));
        let amina = Browser::signed_in(&app, "amina@gmail.com").await;
        let number = app.app().identity().waiting_claims().await.unwrap().remove(0).id;
        let path = format!("/account/claims/{number}");
        let page = amina.open(&path).await;
        assert!(page.text().contains("no longer works") && !page.text().contains("name=\"code\""), "{}", page.text());
        claim(&amina, id("marsh farm")).await;
        sink.mailer(&app).send_due().await.unwrap();
        let second = latest_code(&sink);
        assert_ne!(first, second);
        let page = amina.open(&path).await;
        amina.submit(&page, &path, &[("code", &second)]).await;
        assert!(keeps(&app, "amina@gmail.com", id("marsh farm")).await);
    }
}

fact! {
    async fn a_code_lets_nobody_in_beside_somebody_who_was_let_in_since(app) {
        with_pantry(&app).await;
        let mallory = Browser::signed_in(&app, "mallory@gmail.com").await;
        claim(&mallory, id("marsh farm")).await;
        let sink = Sink::start().await;
        sink.mailer(&app).send_due().await.unwrap();
        let code = latest_code(&sink);
        let waiting = app.app().identity().waiting_claims().await.unwrap().remove(0);
        let path = format!("/account/claims/{}", waiting.id);
        let page = mallory.open(&path).await;
        let _amina = Browser::keeper(&app, "amina@lark-hill.example.org", id("marsh farm")).await;
        let refused = mallory.submit(&page, &path, &[("code", &code)]).await;
        assert_eq!(refused.status, 403, "{}", refused.text());
        assert!(refused.text().contains("manages this organisation by now"), "{}", refused.text());
        assert!(!keeps(&app, "mallory@gmail.com", id("marsh farm")).await);
        // A moderator can still decide.
        let moderator = Browser::officer(&app, PlatformRole::Moderator).await;
        assert!(moderator.open("/moderation").await.text().contains("asks to manage it"));
    }
}

fact! {
    async fn a_grant_by_code_is_told_and_on_record(app) {
        with_pantry(&app).await;
        let sink = Sink::start().await;
        let amina = Browser::signed_in(&app, "amina@gmail.com").await;
        let page = claim(&amina, id("marsh farm")).await;
        sink.mailer(&app).send_due().await.unwrap();
        let path = format!("/account/claims/{}", app.app().identity().waiting_claims().await.unwrap().remove(0).id);
        amina.submit(&page, &path, &[("code", &latest_code(&sink))]).await;
        assert!(keeps(&app, "amina@gmail.com", id("marsh farm")).await);
        sink.mailer(&app).send_due().await.unwrap();
        assert!(sink.received().iter().any(|letter| letter.text().contains("amina@gmail.com can now edit")), "the listed address hears of it");
        let trail = app.app().identity().audit(None, None, 10).await.unwrap();
        assert!(trail.iter().any(|line| line.what == "decide a claim" && line.detail.contains("the code")), "{trail:?}");
    }
}

fact! {
    async fn a_code_can_be_tried_five_times(app) {
        with_pantry(&app).await;
        let mallory = Browser::signed_in(&app, "mallory@evil.example").await;
        claim(&mallory, id("marsh farm")).await;
        let identity = app.app().identity();
        let claim = identity.waiting_claims().await.unwrap().remove(0);
        let tx = identity.write().await.unwrap();
        let code = identity.make_code(&tx, claim.id).await.unwrap();
        tx.commit().await.unwrap();
        let path = format!("/account/claims/{}", claim.id);
        for _ in 0..5 {
            let page = mallory.open(&path).await;
            mallory.submit(&page, &path, &[("code", "12345678")]).await;
        }
        // Asking again gives no new tries.
        self::claim(&mallory, id("marsh farm")).await;
        let page = mallory.open(&path).await;
        mallory.submit(&page, &path, &[("code", &code)]).await;
        assert!(!keeps(&app, "mallory@evil.example", id("marsh farm")).await, "the right one comes too late");
    }
}

fact! {
    async fn whoever_asks_withdraws_and_asks_again_gets_no_tries_without_end(app) {
        with_pantry(&app).await;
        let mallory = Browser::signed_in(&app, "mallory@evil.example").await;
        let identity = app.app().identity();
        for _ in 0..7 {
            let page = claim(&mallory, id("marsh farm")).await;
            let path = format!("/account/claims/{}", identity.waiting_claims().await.unwrap().remove(0).id);
            mallory.submit(&page, &path, &[("do", "withdraw")]).await;
        }
        let sink = Sink::start().await;
        sink.mailer(&app).send_due().await.unwrap();
        let codes = sink.received().iter().filter(|letter| letter.text().contains("give them this code")).count();
        assert_eq!(codes, 5, "five codes of five tries each within an hour");
        // A moderator still decides.
        let page = claim(&mallory, id("marsh farm")).await;
        assert!(page.text().contains("Someone from the council will decide") && !page.text().contains("name=\"code\""), "{}", page.text());
    }
}
