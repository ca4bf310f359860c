//! People are told what was done, by whom and in which words, and nobody is credited with what they did not do.

use fingerpost::identity::{MemberRole, PlatformRole};
use serde_json::json;

use super::{id, pantry, public, sent_for_publication, with_pantry};
use crate::support::{TestApp, browser::Browser, fact, sink::Sink};

const LEAD: &str = "lead@lark-hill.example.org";
const NEXT: &str = "next@lark-hill.example.org";

/// Who was sent a letter with this subject, in order.
async fn told(app: &TestApp, subject: &str) -> Vec<String> {
    let sink = Sink::start().await;
    sink.mailer(app).send_due().await.unwrap();
    let about = |said: Option<String>| said.is_some_and(|said| said.contains(subject));
    let letters = sink.received();
    let mut to: Vec<String> =
        letters.iter().filter(|letter| about(letter.header("Subject"))).flat_map(|letter| letter.to.clone()).collect();
    to.sort();
    to
}

async fn roles(app: &TestApp) -> Vec<MemberRole> {
    let members = app.app().identity().members(id("marsh farm")).await.unwrap();
    members.into_iter().map(|member| member.membership.role).collect()
}

fact! {
    async fn an_officer_never_confirms_in_the_name_of_the_group(app) {
        with_pantry(&app).await;
        let moderator = Browser::officer(&app, PlatformRole::Moderator).await;
        let own = format!("/account/listings/{}", id("pantry"));
        let confirm = format!("{own}/confirm");
        let page = moderator.open(&own).await;
        assert!(!page.text().contains("It is all still correct") && page.text().contains("They confirmed it on the phone"), "{}", page.text());
        assert_eq!(moderator.submit(&page, &confirm, &[("how", "owner")]).await.status, 403);
        moderator.submit(&page, &confirm, &[("how", "phone")]).await;
        let said = app.page(&format!("/directory/services/{}", id("pantry"))).await.text();
        assert!(said.contains("Confirmed by phone on 22 November 2026") && !said.contains("Confirmed by the group"), "{said}");
    }
}

fact! {
    async fn the_only_lead_stays_lead_until_somebody_else_leads(app) {
        with_pantry(&app).await;
        let lead = Browser::keeper(&app, LEAD, id("marsh farm")).await;
        let (home, members) = (format!("/account/organisations/{}", id("marsh farm")), format!("/account/organisations/{}/members", id("marsh farm")));
        let page = lead.open(&home).await;
        assert!(!page.text().contains("Make editor"), "{}", page.text());
        let person = app.app().identity().person_at(&LEAD.parse().unwrap()).await.unwrap().unwrap().id.to_string();
        let refused = lead.submit(&page, &members, &[("person", &person), ("do", "editor")]).await;
        assert_eq!((refused.status.as_u16(), roles(&app).await), (409, vec![MemberRole::Lead]), "{}", refused.text());
        let _other = Browser::keeper(&app, NEXT, id("marsh farm")).await;
        let page = lead.open(&home).await;
        assert!(page.text().contains("Make editor"), "{}", page.text());
    }
}

fact! {
    async fn the_leads_hear_of_everybody_who_can_change_their_listings_from_now_on(app) {
        with_pantry(&app).await;
        let _lead = Browser::keeper(&app, LEAD, id("marsh farm")).await;
        let identity = app.app().identity();
        let tx = identity.write().await.unwrap();
        let invitation = identity.invite(&tx, id("marsh farm"), &NEXT.parse().unwrap(), MemberRole::Editor, "person:1").await.unwrap();
        tx.commit().await.unwrap();
        let next = Browser::signed_in(&app, NEXT).await;
        let home = next.open("/account").await;
        next.submit(&home, &format!("/account/invitations/{}", invitation.id), &[("terms", "yes")]).await;
        assert_eq!(told(&app, "Who can change").await, [LEAD]);

        let stranger = Browser::signed_in(&app, "ben@gmail.com").await;
        let claim = format!("/account/organisations/{}/claim", id("marsh farm"));
        let page = stranger.open(&claim).await;
        stranger.submit(&page, &claim, &[("words", "I run the till."), ("terms", "yes")]).await;
        let moderator = Browser::officer(&app, PlatformRole::Moderator).await;
        let waiting = app.app().identity().waiting_claims().await.unwrap();
        let path = format!("/moderation/claims/{}", waiting[0].id);
        let page = moderator.open(&path).await;
        moderator.submit(&page, &path, &[("do", "accept")]).await;
        assert_eq!(told(&app, "Who can change").await, [LEAD], "and not whoever has claimed it: they are told that it was accepted");
    }
}

fact! {
    async fn whoever_keeps_a_hidden_listing_hears_that_it_is_shown_again(app) {
        with_pantry(&app).await;
        let _lead = Browser::keeper(&app, LEAD, id("marsh farm")).await;
        let moderator = Browser::officer(&app, PlatformRole::Moderator).await;
        let path = format!("/moderation/records/{}", id("pantry"));
        for (what, subject) in [("hide", "Hidden: Meadow larder"), ("show", "Shown again: Meadow larder")] {
            let page = moderator.open(&path).await;
            moderator.submit(&page, &path, &[("do", what), ("reason", "It was looked into")]).await;
            assert_eq!(told(&app, subject).await, [LEAD], "{what}");
        }
    }
}

fact! {
    async fn an_author_reads_in_which_words_a_change_was_published(app) {
        with_pantry(&app).await;
        let amina = Browser::keeper(&app, "amina@lark-hill.example.org", id("marsh farm")).await;
        let about = format!("/account/listings/{}/about", id("pantry"));
        let page = amina.open(&about).await;
        amina.submit(&page, &about, &[("name", "Lark Hill larder and loans"), ("do", "save")]).await;
        let waiting = app.app().records.waiting(None, None, 10).await.unwrap();
        let path = format!("/moderation/changes/{}", waiting[0].id);
        let moderator = Browser::officer(&app, PlatformRole::Moderator).await;
        let page = moderator.open(&path).await;
        moderator.submit(&page, &path, &[("wording-name", "Lark Hill larder"), ("do", "decide")]).await;
        assert_eq!(public(&app, "pantry").await["name"], "Lark Hill larder");
        let said = "published in other words: “Lark Hill larder”";
        let theirs = amina.open(&format!("/account/changes/{}", waiting[0].id)).await.text();
        assert!(theirs.contains(said), "{theirs}");
        assert!(moderator.open(&path).await.text().contains(said), "and so does who looks at it later");
        let sink = Sink::start().await;
        sink.mailer(&app).send_due().await.unwrap();
        let letters = sink.received();
        let letter = letters.iter().find(|letter| letter.to == ["amina@lark-hill.example.org"]).expect("the author is told");
        assert!(letter.text().contains("name: published in other words: “Lark Hill larder”"), "{}", letter.text());
    }
}

fact! {
    async fn a_new_listing_that_is_decided_says_so_to_whoever_opens_it(app) {
        with_pantry(&app).await;
        let amina = Browser::keeper(&app, "amina@lark-hill.example.org", id("marsh farm")).await;
        let moderator = Browser::officer(&app, PlatformRole::Moderator).await;
        let path = sent_for_publication(&app, &amina, &moderator).await;
        let page = moderator.open(&path).await;
        moderator.submit(&page, &path, &[("do", "refuse"), ("reason", "We have one of these.")]).await;
        let later = moderator.open(&path).await;
        assert_eq!(later.status, 200, "{}", later.text());
        assert!(later.text().contains("It was refused by") && later.text().contains("We have one of these."), "{}", later.text());
        assert!(!later.text().contains("What you sent was not saved"), "{}", later.text());
    }
}

fact! {
    async fn a_form_does_not_throw_away_what_somebody_wrote_beside_its_choice(app) {
        with_pantry(&app).await;
        let amina = Browser::keeper(&app, "amina@lark-hill.example.org", id("marsh farm")).await;
        let at = |section: &str| format!("/account/listings/{}/{section}", id("pantry"));
        let page = amina.open(&at("cost")).await;
        let asked = amina.submit(&page, &at("cost"), &[("free", "yes"), ("cost", "Free but £2 for nappies"), ("do", "save")]).await;
        assert!(asked.text().contains("You chose that it is free.") && asked.text().contains("Free but £2 for nappies"), "{}", asked.text());
        let page = amina.open(&at("contact")).await;
        let nobody = amina.submit(&page, &at("contact"), &[("phone", ""), ("email", ""), ("web", ""), ("person_email", ""), ("person_phone", ""), ("do", "save")]).await;
        assert!(nobody.text().contains("Give at least one way to get in touch: a phone number"), "{}", nobody.text());
        assert!(!public(&app, "pantry").await["phones"].as_array().unwrap().is_empty(), "the number that people know stays");
    }
}

fact! {
    async fn opening_hours_stand_in_the_order_of_the_week(app) {
        let mut listing = pantry();
        let hours = |day: &str, opens: &str, closes: &str| json!({"id": id(&format!("{day} {opens}")), "freq": "WEEKLY", "byday": day, "opens_at": opens, "closes_at": closes});
        listing["schedules"] = json!([hours("TH", "16:00", "18:30"), hours("WE", "14:00", "15:00"), hours("FR", "09:00", "10:00"), hours("WE", "10:00", "11:00")]);
        let report = app.import(format!("{listing}\n")).await;
        assert_eq!(report.rejected, []);
        let page = app.page(&format!("/directory/services/{}", id("pantry"))).await.text();
        let said = ["Wednesdays, 10am to 11am", "Wednesdays, 2pm to 3pm", "Thursdays, 4pm to 6:30pm", "Fridays, 9am to 10am"];
        let found: Vec<Option<usize>> = said.iter().map(|said| page.find(said)).collect();
        assert!(found.iter().all(Option::is_some) && found.is_sorted(), "{found:?} {page}");
    }
}
