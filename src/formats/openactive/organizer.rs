//! Who holds an event. People are never named: then it is the publisher of the feed.

use serde_json::{Value, json};

use super::values::{all, is_a, is_web_address, name_of, text};
use crate::model::text::fold;

/// Whoever is named where an event names nobody.
#[derive(Clone, Copy, Debug)]
pub struct Publisher<'a> {
    /// Its id among the organisations of the feed.
    pub id: &'a str,
    /// Its name.
    pub name: &'a str,
}

/// The organization that holds a thing.
pub(super) fn of(thing: &Value, publisher: Publisher<'_>) -> Value {
    let named = ["organizer", "provider"].into_iter().flat_map(|name| all(thing, name));
    let organisation = named.filter(|one| one.is_object() && !is_a(one, "Person")).find_map(organization);
    organisation.unwrap_or_else(|| json!({"id": publisher.id, "name": publisher.name}))
}

fn organization(one: &Value) -> Option<Value> {
    let name = text(one, "name").or_else(|| text(one, "legalName"))?;
    let id = name_of(one).unwrap_or_else(|| fold(&name));
    let phones: Vec<Value> = text(one, "telephone").map(|number| json!({"number": number})).into_iter().collect();
    Some(json!({
        "id": super::event::short(&id),
        "name": name,
        "description": text(one, "description"),
        "website": text(one, "url").filter(|url| is_web_address(url)),
        "email": text(one, "email"),
        "phones": phones,
    }))
}
