//! Last year's event, held again.

use chrono::TimeDelta;
use fingerpost::{
    editing::{Submission, Write},
    identity::Actor,
    model::{Document, Event, Kind},
};
use uuid::Uuid;

use super::id;
use crate::{
    facts::pantry,
    support::{PUBLIC_URL, TestApp, browser::Browser, fact},
};

async fn event(app: &TestApp, name: &str) -> Option<Box<Event>> {
    let events = app.app().records.by_kind(Kind::Event, None, 1_000).await.unwrap();
    events.iter().find_map(|one| match one.read().unwrap() {
        Document::Event(event) if event.name == name => Some(event),
        _ => None,
    })
}

fact! {
    async fn last_years_event_at_a_shared_hall_can_be_copied(app) {
        app.fixtures().await;
        let club = event(&app, "Job club").await.expect("it is in the fixtures, at a centre that others use, too");
        let organisation: Uuid = club.organization_id.into();
        let lead = Browser::keeper(&app, "lead@job-club.example.org", organisation).await;
        let path = format!("/account/organisations/{organisation}/events/new");
        let form = lead.open(&format!("{path}?copy={}", club.id)).await;
        assert!(form.text().contains("value=\"Job club\""), "{}", form.text());
        let made = lead.submit(&form, &path, &[("name", "Job club again")]).await;
        assert_eq!(made.status, 200, "{}", made.text());
        let copy = event(&app, "Job club again").await.expect("nothing that was typed is lost");
        assert_eq!((copy.location_id, &copy.rrule), (club.location_id, &club.rrule), "at the same place, every Monday");
        assert_eq!(copy.start.naive() - club.start.naive(), TimeDelta::weeks(52));
    }
}

fact! {
    async fn a_hall_where_an_organisation_never_was_is_still_managed_by_others(app) {
        app.fixtures().await;
        app.import(pantry().to_string()).await;
        let hall = event(&app, "Job club").await.unwrap().location_id.unwrap();
        let _lead = Browser::keeper(&app, "lead@lark-hill.example.org", id("marsh farm")).await;
        let identity = app.app().identity();
        let lead = identity.person_at(&"lead@lark-hill.example.org".parse().unwrap()).await.unwrap().unwrap();
        let actor = Actor::person(lead.id, None, identity.memberships(lead.id).await.unwrap());
        let stored = app.app().records.find(id("pantry")).await.unwrap().unwrap();
        let Document::Service(mut service) = stored.read().unwrap() else { panic!("a service") };
        service.service_at_locations[0].location_id = Some(hall);
        let write = Write { document: Document::Service(service), expected_revision: Some(stored.kept.revision) };
        let submission = Submission { writes: vec![write], ..Submission::default() };
        let editing = app.app().editing(&PUBLIC_URL.parse().unwrap());
        let refused = editing.submit(&actor, submission).await.expect_err("it could tell where a place is");
        assert!(refused.to_string().contains("managed by others"), "{refused}");
    }
}
