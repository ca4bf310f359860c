//! Services that stand within their organisation, as an API gives them to whoever asks for organisations with their
//! services (`full_service`), and as some send a whole directory: each is a record.

use serde_json::Value;

use super::kinds;
use crate::model::{Kind, tidy::Dropped};

/// The member that they stand under.
pub(super) const SERVICES: &str = "services";

const BRIEF: &str = "are summaries: none has a list of phones, locations or opening hours, so they were not imported; ask the API for organisations with their full services (full_service=true), or for the services themselves";

/// What stood within an organisation.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Within {
    /// Its services, each with whose it is.
    pub(super) services: Vec<Value>,
    /// What is to be told of them where they are summaries, which would replace better records: none is taken then.
    pub(super) told: Option<Dropped>,
}

/// Take the services out of an organisation; nothing where a value is something else, or has none.
pub(super) fn services_of(value: &mut Value) -> Option<Within> {
    let Value::Object(members) = value else { return None };
    let has_some = members.get(SERVICES).is_some_and(Value::is_array) && !members.contains_key("document");
    if !has_some || kinds::of(members) != Ok(Kind::Organization) {
        return None;
    }
    let Some(Value::Array(mut services)) = members.remove(SERVICES) else { return None };
    let has_list = |one: &Value| one.as_object().is_some_and(|members| members.values().any(Value::is_array));
    if !services.iter().any(has_list) {
        let told = Dropped { path: SERVICES.to_owned(), reason: BRIEF.to_owned() };
        return Some(Within { services: Vec::new(), told: (!services.is_empty()).then_some(told) });
    }
    for service in services.iter_mut().filter_map(Value::as_object_mut) {
        let names_one = ["organization", "organization_id"].iter().any(|name| service.get(*name).is_some_and(|it| !it.is_null()));
        if let Some(id) = members.get("id")
            && !names_one
        {
            service.insert("organization_id".to_owned(), id.clone());
        }
    }
    Some(Within { services, told: None })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn services_within_an_organization_know_whose_they_are() {
        let mut group = json!({"id": "g1", "name": "Gorse Friends", "services": [
            {"id": "s1", "name": "Tea", "phones": []}, {"id": "s2", "name": "Walks", "organization_id": "g2"}, "s3",
        ]});
        let Within { services, told } = services_of(&mut group).unwrap();
        assert_eq!((&group, told), (&json!({"id": "g1", "name": "Gorse Friends"}), None));
        assert_eq!((&services[0]["organization_id"], &services[1]["organization_id"]), (&json!("g1"), &json!("g2")));
        assert_eq!(services[2], "s3");
    }

    #[test]
    fn summaries_and_what_is_no_organization_are_left() {
        let mut brief =
            json!({"id": "g1", "name": "Gorse Friends", "services": [{"id": "s1", "name": "Tea", "status": "active"}]});
        let Within { services, told } = services_of(&mut brief).unwrap();
        assert!(services.is_empty() && told.is_some_and(|told| told.path == "services"));
        for other in [
            json!({"phones": []}),
            json!({"status": "active", "services": [{"phones": []}]}),
            json!({"services": "tea"}),
            json!([1]),
        ] {
            let mut value = other.clone();
            assert_eq!(services_of(&mut value), None, "{other}");
            assert_eq!(value, other);
        }
    }
}
