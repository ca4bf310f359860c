//! The page on which a publisher names its feeds: HTML for people, with a schema.org `Dataset` in it.

use serde_json::Value;

use super::values::{all, as_text, is_a, is_web_address, local, member, text};
use crate::formats::json;

/// What such a page says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// A publisher's feeds.
    Dataset(Dataset),
    /// A list of such pages.
    Catalogue(Vec<String>),
}

/// A publisher's feeds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dataset {
    /// What the publisher is called.
    pub name: Option<String>,
    /// The licence of what is in the feeds.
    pub licence: Option<String>,
    /// The addresses of feeds that hold events, series first.
    pub feeds: Vec<String>,
}

/// Kinds of feeds that hold events, in the order in which they are read.
const KINDS: [&str; 3] = ["sessionseries", "event", "scheduledsession"];

/// What a page of HTML says in its scripts of JSON-LD.
pub fn read(html: &[u8]) -> Option<Said> {
    let html = String::from_utf8_lossy(html);
    let mut catalogue = None;
    for script in scripts(&html) {
        let Ok(value) = json::parse(script.as_bytes()) else { continue };
        for thing in things(&value) {
            if is_a(thing, "Dataset") {
                return Some(Said::Dataset(dataset(thing)));
            }
            if is_a(thing, "DataCatalog") && catalogue.is_none() {
                catalogue = Some(Said::Catalogue(listed(thing)));
            }
        }
    }
    catalogue
}

/// The insides of scripts that are JSON-LD.
fn scripts(html: &str) -> Vec<&str> {
    // Only ASCII is folded, so positions are the same in both.
    let lower = html.to_ascii_lowercase();
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(at) = lower[from..].find("<script").map(|at| from + at) {
        let Some(begin) = lower[at..].find('>').map(|end| at + end + 1) else { break };
        let Some(end) = lower[begin..].find("</script").map(|end| begin + end) else { break };
        if lower[at..begin].contains("application/ld+json") {
            found.push(&html[begin..end]);
        }
        from = end;
    }
    found
}

fn things(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(items) => items.iter().collect(),
        Value::Object(members) => match members.get("@graph") {
            Some(Value::Array(items)) => items.iter().collect(),
            _ => vec![value],
        },
        _ => Vec::new(),
    }
}

fn dataset(thing: &Value) -> Dataset {
    let mut feeds: Vec<(usize, String)> = all(thing, "distribution")
        .into_iter()
        .filter_map(|feed| {
            let address = text(feed, "contentUrl").filter(|address| is_web_address(address))?;
            let names = ["additionalType", "identifier", "name"].into_iter().filter_map(|name| text(feed, name));
            let kind = names
                .map(|name| local(&name).to_ascii_lowercase())
                .find_map(|name| KINDS.iter().position(|kind| name.trim_end_matches('s') == kind.trim_end_matches('s')))?;
            Some((kind, address))
        })
        .collect();
    feeds.sort();
    feeds.dedup_by(|one, other| one.1 == other.1);
    let publisher = member(thing, "publisher").and_then(|publisher| text(publisher, "name"));
    Dataset {
        name: publisher.or_else(|| text(thing, "name")),
        licence: text(thing, "license"),
        feeds: feeds.into_iter().map(|(_, address)| address).collect(),
    }
}

fn listed(catalogue: &Value) -> Vec<String> {
    let parts = ["dataset", "hasPart"].into_iter().flat_map(|name| all(catalogue, name));
    parts
        .filter_map(|one| as_text(one).or_else(|| text(one, "url")).or_else(|| text(one, "id")))
        .filter(|one| is_web_address(one))
        .collect()
}
