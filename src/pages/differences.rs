//! What a change changes, for people: each part with what stood there and what would, in words.

mod readable;

use std::collections::HashMap;

use maud::{Markup, html};
use serde_json::Value;
use similar::{ChangeTag, TextDiff};
use uuid::Uuid;

use self::readable::readable;
use super::words::capital;
use crate::{
    editing::{Editing, Error, words_for},
    model::changes::Change,
};

/// Texts that are longer are compared line by line: word by word it would take too long.
const LONGEST_BY_WORDS: usize = 20_000;

/// Texts that have less in common are shown whole, one after the other: mixed, nobody can read either.
const ALIKE: f32 = 0.5;

/// Changes, one below the other.
pub(super) fn list(changes: &[Change]) -> Markup {
    html! {
        @if changes.is_empty() { p { "Nothing differs from the current version." } }
        dl class="summary differences" {
            @for change in changes {
                div { dt { (heading(&change.field)) } dd { (one(change)) } }
            }
        }
    }
}

/// Put names in place of what refers to categories, organisations and services, since nobody reads ids; and
/// leave out what goes without saying.
pub(super) async fn for_people(editing: &Editing, changes: &mut Vec<Change>) -> Result<(), Error> {
    changes.retain(|change| !goes_without_saying(change));
    join_the_point(changes);
    for change in changes.iter_mut().filter(|change| [CATEGORIES, "organization_id", "service_id"].contains(&&*change.field)) {
        let ids: Vec<Uuid> = named(&change.before).into_iter().chain(named(&change.after)).collect();
        let mut names: HashMap<Uuid, String> = HashMap::new();
        for (id, stored) in editing.records().find_all(&ids).await? {
            names.insert(id, stored.read()?.name().to_owned());
        }
        for side in [&mut change.before, &mut change.after] {
            let named = named(side).into_iter().map(|id| names.get(&id).cloned().unwrap_or_else(|| id.to_string()));
            *side = named.map(Value::from).collect::<Vec<_>>().into();
        }
    }
    for change in changes.iter_mut().filter(|change| WITH_PLACES.contains(&&*change.field)) {
        let mut ids = Vec::new();
        for side in [&change.before, &change.after] {
            ids.extend(side.as_array().into_iter().flatten().filter_map(|item| place_of(item)?.parse::<Uuid>().ok()));
        }
        let known = editing.records().find_all(&ids).await?;
        for item in [&mut change.before, &mut change.after].into_iter().filter_map(Value::as_array_mut).flatten() {
            let place = place_of(item).and_then(|id| id.parse::<Uuid>().ok()).and_then(|id| known.get(&id));
            if let Some(place) = place {
                item["location_id"] = name_of_place(&place.value()?).into();
            }
        }
    }
    Ok(())
}

/// The member that holds addresses.
const ADDRESSES: &str = "addresses";

/// The members whose items say at which place.
const WITH_PLACES: [&str; 2] = ["service_at_locations", "changes"];

fn place_of(item: &Value) -> Option<&str> {
    item.get("location_id")?.as_str()
}

/// How people call a place: its name, or else the first line of its address.
fn name_of_place(place: &Value) -> String {
    let line = |line: &str| place["addresses"][0][line].as_str().map(str::to_owned);
    let named = place["name"].as_str().filter(|name| !name.is_empty()).map(str::to_owned);
    named.or_else(|| line("address_1")).or_else(|| line("postal_code")).unwrap_or_else(|| "a place without an address".to_owned())
}

/// Put both numbers of a point on the map into one change: one of them alone says nothing.
fn join_the_point(changes: &mut Vec<Change>) {
    let find = |field: &str| changes.iter().position(|change| change.field == field);
    let (Some(latitude), Some(longitude)) = (find("latitude"), find("longitude")) else { return };
    let point = |of: fn(&Change) -> &Value| match (of(&changes[latitude]), of(&changes[longitude])) {
        (Value::Null, _) | (_, Value::Null) => Value::Null,
        (north, east) => Value::from(format!("{north}, {east}")),
    };
    let (before, after) = (point(|change| &change.before), point(|change| &change.after));
    changes[latitude] = Change { field: "latitude".to_owned(), before, after };
    changes.remove(longitude);
}

/// What every new listing says.
fn goes_without_saying(change: &Change) -> bool {
    let usual: &[&str] = match change.field.as_str() {
        "timezone" => &["Europe/London"],
        "status" => &["active", "scheduled"],
        _ => return false,
    };
    change.before.is_null() && change.after.as_str().is_some_and(|said| usual.contains(&said))
}

/// What a value refers to: one record, or the terms of [`CATEGORIES`].
fn named(value: &Value) -> Vec<Uuid> {
    value.as_str().map_or_else(|| terms(value), |id| id.parse().into_iter().collect())
}

/// The member that holds categories.
pub(super) const CATEGORIES: &str = "attributes";

/// The terms that a value of [`CATEGORIES`] refers to.
pub(super) fn terms(attributes: &Value) -> Vec<Uuid> {
    let all = attributes.as_array().into_iter().flatten();
    all.filter_map(|one| one["taxonomy_term_id"].as_str()?.parse().ok()).collect()
}

/// A part of a document as a heading.
pub(super) fn heading(field: &str) -> String {
    capital(&words_for(field))
}

/// One change: what goes is struck out, what comes is marked. Words are marked within prose and within addresses;
/// numbers, times, links and prices stand whole, the old one and the new one: mixed, nobody could read either.
pub(super) fn one(change: &Change) -> Markup {
    let (before, after) = both(change);
    html! {
        @if before.is_empty() {
            p class="small" { "This was empty." }
            p class="difference" { (added(&after)) }
        } @else if after.is_empty() {
            p class="difference" { (removed(&before)) }
            p class="small" { "This would be empty." }
        } @else if change.field == ADDRESSES {
            (beside(&TextDiff::from_words(&before, &after)))
        } @else if is_prose(change) {
            (within(&before, &after))
        } @else {
            // With its end each line is the same wherever it stands.
            (beside(&TextDiff::from_lines(&format!("{before}\n"), &format!("{after}\n"))))
        }
    }
}

/// Members whose text is one value: half of it is of no use.
const VALUES: [&str; 15] = [
    "email",
    "url",
    "website",
    "booking_url",
    "online_url",
    "uri",
    "logo",
    "start",
    "end",
    "rrule",
    "timezone",
    "status",
    "latitude",
    "longitude",
    "location_policy",
];

/// Whether both sides are sentences that people wrote.
fn is_prose(change: &Change) -> bool {
    let is_text =
        |value: &Value| value.as_str().is_some_and(|text| !text.starts_with("http://") && !text.starts_with("https://"));
    !VALUES.contains(&change.field.as_str()) && is_text(&change.before) && is_text(&change.after)
}

fn removed(words: &str) -> Markup {
    html! { del { span class="unseen" { " removed: " } (words) } }
}

fn added(words: &str) -> Markup {
    html! { ins { span class="unseen" { " added: " } (words) } }
}

/// One text with the words marked that go and come.
fn within(before: &str, after: &str) -> Markup {
    let by_words = before.len() + after.len() <= LONGEST_BY_WORDS;
    let differences = if by_words { TextDiff::from_words(before, after) } else { TextDiff::from_lines(before, after) };
    if differences.ratio() < ALIKE {
        return html! { p class="difference" { (removed(before)) } p class="difference" { (added(after)) } };
    }
    html! {
        p class="difference" {
            @for (tag, words) in runs(differences.iter_all_changes().map(|piece| (piece.tag(), piece.value()))) {
                @match tag {
                    ChangeTag::Equal => (words),
                    ChangeTag::Delete => (removed(&words)),
                    ChangeTag::Insert => (added(&words)),
                }
            }
        }
    }
}

/// Both sides whole, one after the other, with what differs marked in each.
fn beside<'a>(differences: &TextDiff<'a, 'a, 'a, str>) -> Markup {
    let side = |own: ChangeTag| {
        let pieces = differences.iter_all_changes().map(|piece| (piece.tag(), piece.value()));
        runs(pieces.filter(move |(tag, _)| *tag == ChangeTag::Equal || *tag == own))
    };
    html! {
        p class="small" { strong { "Now" } }
        p class="difference" {
            @for (tag, words) in side(ChangeTag::Delete) {
                @if tag == ChangeTag::Delete { (removed(&words)) } @else { (words) }
            }
        }
        p class="small" { strong { "Proposed" } }
        p class="difference" {
            @for (tag, words) in side(ChangeTag::Insert) {
                @if tag == ChangeTag::Insert { (added(&words)) } @else { (words) }
            }
        }
    }
}

/// Both sides in words; as they are written, where words would not tell them apart.
fn both(change: &Change) -> (String, String) {
    let (before, after) = (readable(&change.field, &change.before), readable(&change.field, &change.after));
    if before == after { (readable("", &change.before), readable("", &change.after)) } else { (before, after) }
}

/// Pieces of the same fate as one: nobody wants to hear "added" before each word.
fn runs<'a>(pieces: impl Iterator<Item = (ChangeTag, &'a str)>) -> Vec<(ChangeTag, String)> {
    let mut runs: Vec<(ChangeTag, String)> = Vec::new();
    for (tag, words) in pieces {
        match runs.last_mut() {
            Some((last, run)) if *last == tag => run.push_str(words),
            _ => runs.push((tag, words.to_owned())),
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_address_is_shown_as_one_beside_the_other_with_the_words_marked_that_differ() {
        let at = |street: &str, postcode: &str| {
            json!([{"id": "5a", "location_id": "5b", "address_1": street, "city": "Luton", "state_province": "Luton",
                "postal_code": postcode, "country": "GB", "address_type": "physical"}])
        };
        let (before, after) = (at("12 Dunstable Road", "LU1 1AA"), at("14 Dunstable Road", "LU1 1AB"));
        let shown = one(&Change { field: ADDRESSES.to_owned(), before, after }).into_string();
        for part in ["removed: </span>12</del> Dunstable Road\nLuton\nLU1 ", "added: </span>14</ins> Dunstable Road\nLuton\nLU1 "]
        {
            assert!(shown.contains(part), "{part}: {shown}");
        }
        for noise in ["GB", "physical", "5a", "postal code", "{"] {
            assert!(!shown.contains(noise), "{noise}: {shown}");
        }
    }

    #[test]
    fn numbers_times_links_and_prices_stand_whole_and_words_are_marked_only_in_prose() {
        let shown =
            |field: &str, before: Value, after: Value| one(&Change { field: field.to_owned(), before, after }).into_string();
        let phones =
            |number: &str| json!([{"id": "1", "number": number, "type": "voice"}, {"id": "2", "number": "01582 123456"}]);
        let page = shown("phones", phones("0808 157 0114"), phones("0808 157 9999"));
        for part in ["removed: </span>0808 157 0114", "added: </span>0808 157 9999"] {
            assert!(page.contains(part), "{part}: {page}");
        }
        assert_eq!(page.matches("<del>").count(), 1, "the other number stays: {page}");
        assert_eq!(page.matches("01582 123456").count(), 2, "and is on both sides: {page}");
        let page = shown("url", json!("https://lark.example.org/a"), json!("https://lark.example.org/b"));
        assert!(
            page.contains("removed: </span>https://lark.example.org/a")
                && page.contains("added: </span>https://lark.example.org/b"),
            "{page}"
        );
        let page = shown("start", json!("2026-12-01T10:00:00"), json!("2026-12-01T11:30:00"));
        assert!(page.contains("1 December 2026") && page.matches("1 December 2026").count() == 2, "{page}");
        let page = shown("description", json!("We lend out tins and jars."), json!("We give out tins and jars."));
        assert!(page.contains("removed: </span>lend</del>") && page.contains("added: </span>give</ins>"), "{page}");
    }

    #[test]
    fn nothing_of_an_address_is_accepted_unseen() {
        let before = json!([{"address_1": "12 Dunstable Road", "city": "Luton", "postal_code": "LU1 1AA", "country": "GB"}]);
        for (member, value, said) in [
            ("country", "FR", "country: FR"),
            ("address_type", "postal", "address type: postal"),
            ("door", "The green one", "door: The green one"),
        ] {
            let mut after = before.clone();
            after[0][member] = json!(value);
            let shown = one(&Change { field: ADDRESSES.to_owned(), before: before.clone(), after }).into_string();
            assert!(shown.contains(said), "{said}: {shown}");
        }
    }
}
