mod api;
mod as_meant;
mod as_sent;
mod bad_input;
mod commands;
mod commands_about_records;
mod commands_for_programs;
mod documentation;
mod embed;
mod federation;
mod formats;
mod filters;
mod first_steps;
mod freshness;
mod fuzzing;
mod hidden;
mod importing;
mod places;
mod intake;
mod languages;
mod long_pages;
mod mail;
mod notify;
mod numbers_to_ring;
mod outbound;
mod packages;
mod people;
mod positions;
mod reports;
mod rescue;
mod right_help;
mod safekeeping;
mod schema;
mod search;
mod secrets;
mod self_help;
mod serving;
mod sheets;
mod shelf;
mod shortlist;
mod sign_in_providers;
mod strangers;
mod texts;
mod times;
mod troubles;
mod whereabouts;
mod words;

use serde_json::{Value, json};
use uuid::Uuid;

/// The same name gives the same id.
pub fn id(name: &str) -> Uuid {
    Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes())
}

/// A full service as a neighbour's feed would send it.
pub fn pantry() -> Value {
    json!({
        "id": id("pantry"), "name": "Meadow larder", "status": "active", "description": "Choose about ten items of food. No referral needed.",
        "email": "pantry@lark-hill.example.org", "minimum_age": 18, "assured_date": "2026-11-02", "fees_description": "£4 a visit",
        "organization": {"id": id("marsh farm"), "name": "Lark Hill Community Pantry", "description": "A volunteer-run pantry."},
        "phones": [{"id": id("pantry phone"), "number": "01632 960123"}],
        "contacts": [{"id": id("desk"), "name": "Pantry desk", "email": "desk@lark-hill.example.org"}],
        "schedules": [{"id": id("thursdays"), "freq": "WEEKLY", "byday": "TH", "opens_at": "10:00", "closes_at": "13:00"}],
        "service_at_locations": [{"id": id("pantry at the centre"), "location": {
            "id": id("centre"), "location_type": "physical", "name": "Gorse Centre", "latitude": 51.9163, "longitude": -0.4486,
            "addresses": [{"id": id("centre address"), "address_1": "12 Gorse Close", "city": "Luton", "state_province": "Bedfordshire", "postal_code": "LU3 9XQ", "country": "GB", "address_type": "physical"}]
        }}],
        "attributes": [{"id": id("pantry need"), "link_entity": "service", "taxonomy_term": {
            "id": id("food"), "code": "food-affordable", "name": "Affordable food", "description": "Food for less.",
            "taxonomy_detail": {"id": id("needs"), "name": "Needs", "description": "What people need."}
        }}]
    })
}

/// Services of the pantry's organisation, with our own ids.
pub fn listings(names: &[&str]) -> String {
    let one = |name: &&str| {
        let mut listing = pantry();
        listing["id"] = json!(id(name));
        listing["name"] = json!(name);
        for member in ["phones", "schedules", "contacts", "service_at_locations", "attributes"] {
            listing.as_object_mut().unwrap().remove(member);
        }
        listing.to_string()
    };
    names.iter().map(one).collect::<Vec<_>>().join("\n")
}

/// A refuge at a place that the feed tells although it should not.
pub fn refuge() -> Value {
    json!({
        "id": id("refuge"), "name": "Rowan House", "status": "active", "description": "A safe place to stay. Ring us; we are at 7 Hidden Lane, LU2 9ZZ.",
        "organization": {"id": id("rowan"), "name": "Rowan House", "description": "We help women."},
        "phones": [{"id": id("helpline"), "number": "0808 157 0114"}],
        "service_at_locations": [{"id": id("refuge at the house"), "description": "Behind the chapel in Hidden Lane", "location": {
            "id": id("house"), "location_type": "physical", "name": "Hidden House", "latitude": 51.8811, "longitude": -0.4177, "transportation": "Bus 9 to Hidden Lane",
            "addresses": [{"id": id("house address"), "address_1": "7 Hidden Lane", "city": "Luton", "state_province": "Bedfordshire", "postal_code": "LU2 9ZZ", "country": "GB", "address_type": "physical"}]
        }}],
        "attributes": [{"id": id("refuge kind"), "link_entity": "service", "taxonomy_term": {"id": id("refuge term"), "code": "refuge", "name": "Refuge", "description": "A safe place."}}]
    })
}

/// An evening that the refuge gives at the pantry's, of which its own terms do not say so.
pub fn evening() -> Value {
    json!({"kind": "event", "document": {
        "id": id("evening"), "organization_id": id("marsh farm"), "service_id": id("refuge"), "name": "Evening for you", "status": "scheduled",
        "timezone": "Europe/London", "start": "2026-11-25T18:00:00", "end": "2026-11-25T20:00:00"}})
}
