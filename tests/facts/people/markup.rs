//! Markup in whatever somebody can write is text, wherever it is shown.

use fingerpost::identity::PlatformRole;
use uuid::Uuid;

use super::{id, with_pantry};
use crate::support::{Answer, TestApp, browser::Browser, fact};

const MARKUP: &str = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>";

fn is_text(page: &Answer, what: &str) {
    let text = page.text();
    assert!(!text.contains("<script>alert") && !text.contains("<img src=x"), "{what}: {text}");
}

/// The fields of the form that goes to `action` in which somebody can write what they like.
fn fields(page: &str, action: &str) -> Vec<String> {
    let form = page.split("<form").find(|form| form.split('>').next().unwrap().contains(&format!("action=\"{action}\"")));
    let form = form.unwrap_or_else(|| panic!("no form goes to {action}: {page}")).split("</form>").next().unwrap();
    let tags = form.split('<').skip(1).map(|rest| rest.split('>').next().unwrap());
    let typed = tags.filter(|tag| {
        let is = |kind: &str| tag.contains(&format!("type=\"{kind}\""));
        tag.starts_with("textarea") || tag.starts_with("input") && !["hidden", "checkbox", "radio", "file"].into_iter().any(is)
    });
    typed.filter_map(|tag| Some(tag.split(" name=\"").nth(1)?.split('"').next()?.to_owned())).collect()
}

/// Everything that shows a listing.
async fn look_round(app: &TestApp, somebody: &Browser<'_>, listing: Uuid, public: &str, what: &str) {
    app.follow().await;
    is_text(&app.page(&format!("/directory/{public}/{listing}")).await, what);
    for page in ["", "/history", "/preview", "/share"] {
        is_text(&somebody.open(&format!("/account/listings/{listing}{page}")).await, &format!("{what}, {page}"));
    }
}

fact! {
    async fn in_every_field_of_a_listing(app) {
        with_pantry(&app).await;
        let lead = Browser::keeper(&app, "lead@lark-hill.example.org", id("marsh farm")).await;
        let moderator = Browser::officer(&app, PlatformRole::Moderator).await;
        let event = {
            let path = format!("/account/organisations/{}/events/new", id("marsh farm"));
            let form = lead.open(&path).await;
            let said = [("name", "A walk"), ("description", "Five miles."), ("date", "2027-05-07"), ("from", "10:00"), ("to", "12:00")];
            let made = lead.submit(&form, &path, &said).await;
            made.text().split("/account/listings/").nth(1).unwrap()[..36].parse().unwrap()
        };
        let service = ["about", "who", "times", "place", "cost", "contact", "status", "categories"];
        let mut written = 0;
        for (listing, public, sections) in [
            (id("pantry"), "services", &service[..]),
            (id("marsh farm"), "organisations", &["about", "contact"][..]),
            (event, "events", &["about", "who", "dates", "place", "cost", "contact"][..]),
        ] {
            for section in sections {
                let path = format!("/account/listings/{listing}/{section}");
                let form = lead.open(&path).await;
                for field in fields(&form.text(), &path) {
                    let what = format!("{public}, {section}, {field}");
                    let form = lead.open(&path).await;
                    let saved = lead.submit(&form, &path, &[(field.as_str(), MARKUP), ("do", "save")]).await;
                    assert!(!saved.status.is_server_error(), "{what}: {}", saved.text());
                    is_text(&saved, &what);
                    let preview = lead.submit(&form, &path, &[(field.as_str(), MARKUP), ("do", "preview")]).await;
                    is_text(&preview, &what);
                    written += 1;
                }
            }
            look_round(&app, &lead, listing, public, public).await;
            look_round(&app, &moderator, listing, public, public).await;
        }
        assert!(written > 30, "{written} fields");
        for waiting in app.app().records.waiting(None, None, 100).await.unwrap() {
            is_text(&moderator.open(&format!("/moderation/changes/{}", waiting.id)).await, "a change");
            is_text(&lead.open(&format!("/account/changes/{}", waiting.id)).await, "a change of one's own");
        }
        is_text(&moderator.open("/moderation").await, "the queue");
    }
}

fact! {
    async fn in_what_people_say_about_themselves_and_to_each_other(app) {
        with_pantry(&app).await;
        let lead = Browser::keeper(&app, "lead@lark-hill.example.org", id("marsh farm")).await;
        let moderator = Browser::officer(&app, PlatformRole::Moderator).await;
        // A name, a claim, a report, a change, a message about it, a refusal and the answer to it.
        let profile = lead.open("/account/profile").await;
        is_text(&lead.submit(&profile, "/account/profile", &[("name", MARKUP)]).await, "a name");
        is_text(&lead.open(&format!("/account/organisations/{}", id("marsh farm"))).await, "members");
        let stranger = Browser::signed_in(&app, "stranger@gmail.com").await;
        let path = format!("/account/organisations/{}/claim", id("marsh farm"));
        let form = stranger.open(&path).await;
        is_text(&stranger.submit(&form, &path, &[("words", MARKUP), ("terms", "yes")]).await, "a claim");
        let claim = app.app().identity().waiting_claims().await.unwrap().remove(0).id;
        let path = format!("/moderation/claims/{claim}");
        let form = moderator.open(&path).await;
        is_text(&form, "a claim that waits");
        moderator.submit(&form, &path, &[("do", "refuse"), ("reason", MARKUP)]).await;
        is_text(&stranger.open(&format!("/account/claims/{claim}")).await, "why it was refused");
        let body = url::form_urlencoded::Serializer::new(String::new()).append_pair("words", MARKUP).finish();
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        app.ask(http::Method::POST, &format!("/directory/report/{}", id("pantry")), &headers, body).await;
        let report = app.app().quality(&crate::support::PUBLIC_URL.parse().unwrap()).open_reports().await.unwrap().remove(0).id;
        let path = format!("/moderation/reports/{report}");
        let form = moderator.open(&path).await;
        is_text(&form, "a report");
        moderator.submit(&form, &path, &[("standing", "unchanged"), ("answer", MARKUP)]).await;
        is_text(&moderator.open(&path).await, "the answer to a report");
        let path = format!("/account/listings/{}/about", id("pantry"));
        let form = lead.open(&path).await;
        lead.submit(&form, &path, &[("name", MARKUP), ("do", "save")]).await;
        let change = app.app().records.waiting(None, None, 10).await.unwrap().remove(0).id;
        let path = format!("/moderation/changes/{change}");
        let form = moderator.open(&path).await;
        moderator.submit(&form, &format!("{path}/ask"), &[("words", MARKUP)]).await;
        is_text(&moderator.open(&path).await, "a message");
        is_text(&lead.open(&format!("/account/changes/{change}")).await, "a message to somebody");
        is_text(&moderator.open("/moderation/audit").await, "the audit trail");
        is_text(&moderator.open("/moderation").await, "the queue");
    }
}
