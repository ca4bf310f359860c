//! What kind of record a document is that does not say so. Our own lists, and those of other HSDS
//! APIs, leave it to their address; in a file that is gone.

use serde_json::{Map, Value};

use crate::model::Kind;

type Members = Map<String, Value>;

/// Members that one kind alone has, the first that fits.
const MARKS: [(Kind, &[&str]); 4] = [
    (Kind::Service, &["organization", "status", "service_at_locations", "cost_options", "eligibility_description"]),
    (Kind::Location, &["location_type", "addresses", "transportation"]),
    (Kind::TaxonomyTerm, &["taxonomy_detail", "taxonomy_id", "term_uri"]),
    (
        Kind::Organization,
        &[
            "website",
            "additional_websites",
            "organization_identifiers",
            "legal_status",
            "tax_status",
            "tax_id",
            "year_incorporated",
            "logo",
            "locations",
            "programs",
            "services",
            "parent_organization_id",
        ],
    ),
];

/// The kind that a document says it is (`type`), or that its members show. What shows nothing is taken
/// for a service, and has to stand as one.
/// # Errors
/// What to do, for documents that only stand inside others.
pub(super) fn of(members: &Members) -> Result<Kind, String> {
    if let Some(kind) = said(members) {
        return if kind == Kind::ServiceAtLocation { Err(LINK.to_owned()) } else { Ok(kind) };
    }
    let has = |name: &str| members.get(name).is_some_and(|value| !value.is_null());
    if has("start") && (has("timezone") || has("rrule") || has("end")) {
        return Ok(Kind::Event);
    }
    if (has("service_id") || has("service")) && !has("name") {
        return Err(LINK.to_owned());
    }
    let shown = MARKS.into_iter().find(|(_, marks)| marks.iter().any(|mark| has(mark)));
    match shown {
        Some((kind, _)) => Ok(kind),
        None if has("organization_id") => Ok(Kind::Service),
        // Of ours, services and events have an organization, and lists and terms no way to reach them.
        None if has("last_modified") && ["email", "phones", "contacts", "declarations", "funding"].into_iter().any(has) => {
            Ok(Kind::Organization)
        }
        None if has("last_modified") && has("description") => Err(UNKNOWN.to_owned()),
        None => Ok(Kind::Service),
    }
}

const LINK: &str = "a service_at_location is part of its service: import the services, which contain their own";
const UNKNOWN: &str = "it does not say what kind of record it is: add \"type\", such as \"organization\" or \"taxonomy\"";

fn said(members: &Members) -> Option<Kind> {
    members.get("type").and_then(Value::as_str).and_then(|kind| kind.parse().ok())
}

/// Take out what was only there to say the kind.
pub(super) fn forget(value: &mut Value) {
    if let Value::Object(members) = value
        && said(members).is_some()
    {
        members.remove("type");
    }
}
