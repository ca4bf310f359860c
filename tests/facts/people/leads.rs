//! Who leads an organisation when its last lead has gone.

use fingerpost::identity::{MemberRole, PlatformRole};
use uuid::Uuid;

use super::{id, with_pantry};
use crate::support::{TestApp, browser::Browser, fact};

/// Who keeps an organisation, each with what they are.
async fn members(app: &TestApp, organisation: Uuid) -> Vec<(String, MemberRole)> {
    let members = app.app().identity().members(organisation).await.unwrap();
    members.into_iter().map(|member| (member.person.email.to_string(), member.membership.role)).collect()
}

/// Somebody invites an address as an editor.
async fn invite(app: &TestApp, organisation: Uuid, email: &str, by: &str) -> Uuid {
    let identity = app.app().identity();
    let tx = identity.write().await.unwrap();
    let invitation = identity.invite(&tx, organisation, &email.parse().unwrap(), MemberRole::Editor, by).await.unwrap();
    tx.commit().await.unwrap();
    invitation.id
}

/// Somebody takes an invitation on their own page.
async fn accept(app: &TestApp, email: &str, invitation: Uuid) {
    let browser = Browser::signed_in(app, email).await;
    let home = browser.open("/account").await;
    browser.submit(&home, &format!("/account/invitations/{invitation}"), &[("terms", "yes")]).await;
}

/// The only lead leaves.
async fn leave(app: &TestApp, organisation: Uuid, email: &str) {
    let identity = app.app().identity();
    let person = identity.person_at(&email.parse().unwrap()).await.unwrap().unwrap();
    let tx = identity.write().await.unwrap();
    identity.leave(&tx, organisation, person.id).await.unwrap();
    tx.commit().await.unwrap();
}

const LEAD: &str = "lead@lark-hill.example.org";
const NEXT: &str = "next@lark-hill.example.org";

fact! {
    async fn whoever_is_only_invited_leads_nothing_until_they_accept(app) {
        with_pantry(&app).await;
        let organisation = id("marsh farm");
        let _lead = Browser::keeper(&app, LEAD, organisation).await;
        let first = invite(&app, organisation, NEXT, "person:1").await;
        let second = invite(&app, organisation, "third@lark-hill.example.org", "person:1").await;
        leave(&app, organisation, LEAD).await;
        assert_eq!(members(&app, organisation).await, []);
        accept(&app, NEXT, first).await;
        assert_eq!(members(&app, organisation).await, [(NEXT.to_owned(), MemberRole::Lead)]);
        // The next one comes as what they were invited as.
        accept(&app, "third@lark-hill.example.org", second).await;
        assert_eq!(members(&app, organisation).await[1], ("third@lark-hill.example.org".to_owned(), MemberRole::Editor));
    }
}

fact! {
    async fn whose_grant_was_taken_leads_nothing_when_the_last_lead_leaves(app) {
        with_pantry(&app).await;
        let organisation = id("marsh farm");
        let _lead = Browser::keeper(&app, LEAD, organisation).await;
        let invitation = invite(&app, organisation, NEXT, "person:1").await;
        accept(&app, NEXT, invitation).await;
        let identity = app.app().identity();
        let next = identity.person_at(&NEXT.parse().unwrap()).await.unwrap().unwrap();
        let tx = identity.write().await.unwrap();
        identity.revoke(&tx, organisation, next.id).await.unwrap();
        tx.commit().await.unwrap();
        leave(&app, organisation, LEAD).await;
        assert_eq!(members(&app, organisation).await, []);
        // Nor does the invitation that they once took let them in again.
        let tx = identity.write().await.unwrap();
        assert!(identity.accept_invitation(&tx, &next, invitation, true).await.is_err());
        tx.roll_back().await.unwrap();
    }
}

fact! {
    async fn nobody_becomes_the_lead_of_a_protected_organisation_by_themselves(app) {
        with_pantry(&app).await;
        let organisation = id("rowan");
        let lead = "office@rowan.example.org";
        let keeper = Browser::keeper(&app, lead, organisation).await;
        let invitation = invite(&app, organisation, "thief@example.org", "person:1").await;
        let path = format!("/account/organisations/{organisation}/members");
        let page = keeper.open(&format!("/account/organisations/{organisation}")).await;
        let me = app.app().identity().person_at(&lead.parse().unwrap()).await.unwrap().unwrap().id.to_string();
        let asked = keeper.submit(&page, &path, &[("do", "leave"), ("person", &me)]).await.text();
        assert!(asked.contains("the council decides who leads") && !asked.contains("becomes lead"), "{asked}");
        leave(&app, organisation, lead).await;
        accept(&app, "thief@example.org", invitation).await;
        assert_eq!(members(&app, organisation).await, [("thief@example.org".to_owned(), MemberRole::Editor)]);
        // An officer does it.
        let moderator = Browser::officer(&app, PlatformRole::Moderator).await;
        let page = moderator.open(&format!("/account/organisations/{organisation}")).await;
        let thief = app.app().identity().person_at(&"thief@example.org".parse().unwrap()).await.unwrap().unwrap().id.to_string();
        moderator.submit(&page, &path, &[("do", "lead"), ("person", &thief), ("-email", ""), ("-role", "")]).await;
        assert_eq!(members(&app, organisation).await[0].1, MemberRole::Lead);
    }
}

fact! {
    async fn the_only_lead_of_several_is_asked_to_choose_another_before_they_are_asked_whether_they_are_sure(app) {
        with_pantry(&app).await;
        let organisation = id("marsh farm");
        let keeper = Browser::keeper(&app, LEAD, organisation).await;
        let invitation = invite(&app, organisation, NEXT, "person:1").await;
        accept(&app, NEXT, invitation).await;
        let path = format!("/account/organisations/{organisation}/members");
        let page = keeper.open(&format!("/account/organisations/{organisation}")).await;
        let me = app.app().identity().person_at(&LEAD.parse().unwrap()).await.unwrap().unwrap().id.to_string();
        let told = keeper.submit(&page, &path, &[("do", "leave"), ("person", &me)]).await;
        assert!(told.text().contains("You are the only lead") && !told.text().contains("name=\"sure\""), "{}", told.text());
        assert_eq!(members(&app, organisation).await.len(), 2);
    }
}
