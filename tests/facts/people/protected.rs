//! Which listings are protected, and what that keeps whoever has stolen a mailbox from.

use fingerpost::{
    identity::PlatformRole,
    model::{Attribute, Document, Kind},
};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{super::listings, id, pantry, public, with_pantry};
use crate::support::{PUBLIC_URL, TestApp, browser::Browser, fact, sink::Sink};

/// Codes of needs of people who can be reached, and harmed, through the number on a listing.
fn is_of_somebody_at_risk(code: &str) -> bool {
    code == "refuge" || code == "health-crisis" || code.starts_with("safety")
}

fn attributes(document: &Document) -> &[Attribute] {
    match document {
        Document::Service(one) => &one.attributes,
        Document::Event(one) => &one.attributes,
        Document::Organization(one) => &one.attributes,
        _ => &[],
    }
}

/// Everything of this kind that is here.
async fn all(app: &TestApp, kind: Kind) -> Vec<Document> {
    let stored = app.app().records.by_kind(kind, None, 5_000).await.unwrap();
    stored.iter().map(|one| one.read().unwrap()).collect()
}

/// The id of the service with this name.
async fn named(app: &TestApp, name: &str) -> (Uuid, Uuid) {
    let services = all(app, Kind::Service).await;
    let found = services.into_iter().find(|one| one.name() == name).unwrap_or_else(|| panic!("{name} is in the fixtures"));
    let Document::Service(service) = found else { panic!("a service") };
    (service.id.into(), service.organization_id.unwrap().into())
}

fact! {
    async fn every_listing_for_people_at_risk_is_protected(app) {
        app.fixtures().await;
        let neighbours = std::fs::read("fixtures/central-bedfordshire/directory.ndjson").unwrap();
        app.import_with(neighbours, &fingerpost::importing::Options { source: "neighbours".to_owned(), ..Default::default() }).await;
        let mut at_risk: Vec<Uuid> = Vec::new();
        for term in all(&app, Kind::TaxonomyTerm).await {
            let Document::TaxonomyTerm(term) = term else { continue };
            if term.code.as_deref().is_some_and(is_of_somebody_at_risk) {
                at_risk.push(term.id.into());
            }
        }
        let editing = app.app().editing(&PUBLIC_URL.parse().unwrap());
        let mut listings = 0;
        for kind in [Kind::Service, Kind::Event] {
            for document in all(&app, kind).await {
                let terms = attributes(&document).iter().filter_map(|one| one.taxonomy_term_id.map(Uuid::from));
                if terms.into_iter().any(|term| at_risk.contains(&term)) {
                    listings += 1;
                    assert!(editing.protects(document.id()).await.unwrap(), "{} is not protected", document.name());
                }
            }
        }
        assert!(at_risk.len() > 6 && listings >= 36, "{} needs, {listings} listings", at_risk.len());
        let plain = all(&app, Kind::Organization).await.into_iter().find(|one| one.name().contains("Pantry")).unwrap();
        assert!(!editing.protects(plain.id()).await.unwrap(), "{}: not everything is", plain.name());
    }
}

fact! {
    async fn a_listing_is_protected_by_a_category_that_only_one_of_its_places_carries(app) {
        let mut space = pantry();
        let crisis = json!({"id": id("crisis"), "code": "health-crisis", "name": "Mental health crisis", "description": "Help now."});
        space["service_at_locations"][0]["attributes"] =
            json!([{"id": id("crisis here"), "link_entity": "service_at_location", "taxonomy_term": crisis}]);
        app.import(format!("{space}\n{}\n", listings(&["lunch club"]))).await;
        let editing = app.app().editing(&PUBLIC_URL.parse().unwrap());
        for listing in ["pantry", "lunch club", "marsh farm"] {
            assert!(editing.protects(id(listing)).await.unwrap(), "{listing}: their office knows the way");
        }
    }
}

fact! {
    async fn a_stolen_mailbox_cannot_change_the_number_of_the_line_for_children_at_risk(app) {
        app.fixtures().await;
        for (listing, at) in [("Children's front desk (sample)", "desk@luton.example.org"), ("Evening crisis space", "still@room.example.org")] {
            let (service, organisation) = named(&app, listing).await;
            let thief = Browser::keeper(&app, at, organisation).await;
            let path = format!("/account/listings/{service}/contact");
            let form = thief.open(&path).await;
            let sent = thief.submit(&form, &path, &[("phone", "07700 900666"), ("do", "save")]).await;
            assert_eq!(sent.status, 200, "{}", sent.text());
            app.follow().await;
            let public: Value = app.get(&format!("/services/{service}")).await.json();
            assert!(!public["phones"].to_string().contains("900666"), "{listing}: {}", public["phones"]);
            assert_eq!(app.app().records.proposed_about(&[service]).await.unwrap().len(), 1, "{listing}: it waits");
        }
    }
}

fact! {
    async fn moderators_hear_when_a_protected_listing_is_marked_as_closed(app) {
        with_pantry(&app).await;
        let sink = Sink::start().await;
        let _moderator = Browser::officer(&app, PlatformRole::Moderator).await;
        let letters = async || {
            sink.mailer(&app).send_due().await.unwrap();
            sink.received().iter().filter(|letter| letter.text().contains("marked as closed")).count()
        };
        let pantry = Browser::keeper(&app, "lead@lark-hill.example.org", id("marsh farm")).await;
        let path = format!("/account/listings/{}/status", id("pantry"));
        let form = pantry.open(&path).await;
        pantry.submit(&form, &path, &[("status", "closed"), ("do", "save")]).await;
        assert_eq!(public(&app, "pantry").await["status"], "inactive");
        assert_eq!(letters().await, 0, "not of every listing");
        let thief = Browser::keeper(&app, "office@rowan.example.org", id("rowan")).await;
        let path = format!("/account/listings/{}/status", id("refuge"));
        let form = thief.open(&path).await;
        thief.submit(&form, &path, &[("status", "closed"), ("do", "save")]).await;
        assert_eq!(public(&app, "refuge").await["status"], "inactive");
        assert_eq!(letters().await, 1);
    }
}
