//! What is here already and may be the same as something new, beside it: whoever decides need not search for it.

use std::collections::BTreeSet;

use maud::{Markup, html};
use serde_json::Value;
use uuid::Uuid;

use crate::{
    http::Problem,
    model::{Kind, provenance, text::shorten},
    pages::{account::is_alike, desk::Desk, tables::table},
    published::shelf::Form,
    records::Proposal,
    search::Wanted,
};

/// Listings with words of the same name that are looked at.
const LOOKED_AT: usize = 20;
/// Listings that are shown beside each thing that is new.
const SHOWN: usize = 3;
/// So many characters of a description are shown.
const SUMMARY: usize = 200;

/// What is new, each beside what it may be a second copy of; nothing where there is nothing like it.
pub(super) fn beside(desk: &Desk, new: &[(&Proposal, Value)]) -> Result<Markup, Problem> {
    let mut found = Vec::new();
    for (proposal, proposed) in new {
        found.extend(alike(desk, proposal, proposed)?.into_iter().map(|(id, here)| (proposed, id, here)));
    }
    Ok(html! {
        @if !found.is_empty() {
            section {
                h2 { "Is it here already?" }
                p { "If it is the same, refuse the new one and say so: its author can ask to manage the one that is here." }
                @for (proposed, id, here) in &found {
                    h3 { a href=(format!("/account/listings/{id}")) { (said(here, "name")) } }
                    @if let Some(source) = here[provenance::MEMBER]["source"].as_str() { p class="by" { "Managed in another directory: " (source) } }
                    (table(&format!("The new listing beside {}", said(here, "name")), &["Part", "New", "Already here"], &rows(proposed, here), true))
                }
            }
        }
    })
}

/// The listings that something new may be a copy of, the likeliest first.
fn alike(desk: &Desk, proposal: &Proposal, proposed: &Value) -> Result<Vec<(Uuid, Value)>, Problem> {
    if !matches!(proposal.kind, Kind::Organization | Kind::Service | Kind::Event) {
        return Ok(Vec::new());
    }
    let directory = &desk.site.directory;
    let wanted = Wanted { text: said(proposed, "name").to_owned(), relaxed: true, ..Wanted::default() };
    let found = directory.search.find(proposal.kind, &wanted, desk.site.now(), 0..LOOKED_AT)?;
    let mut alike = Vec::new();
    for id in found.hits.iter().map(|hit| hit.id).filter(|id| *id != proposal.record_id) {
        let Some(document) = directory.shelf.get(id, Form::Full)? else { continue };
        let Ok(here) = serde_json::from_slice::<Value>(&document.bytes) else { continue };
        if may_be_the_same(proposal.kind, proposed, &here) {
            alike.push((id, here));
        }
    }
    alike.truncate(SHOWN);
    Ok(alike)
}

/// Many groups have a coffee morning: of services and events the name alone says nothing.
fn may_be_the_same(kind: Kind, one: &Value, other: &Value) -> bool {
    let names = is_alike(said(one, "name"), said(other, "name"));
    let reached = !numbers(one).is_disjoint(&numbers(other)) || {
        let email = said(one, "email");
        !email.is_empty() && email.eq_ignore_ascii_case(said(other, "email"))
    };
    match kind {
        Kind::Organization => names || reached,
        _ => names && (reached || owner(one).is_some_and(|owned| owner(other) == Some(owned))),
    }
}

fn said<'a>(document: &'a Value, member: &str) -> &'a str {
    document[member].as_str().unwrap_or_default()
}

/// Whose it is, as records and as published documents say it.
fn owner(document: &Value) -> Option<&str> {
    document["organization_id"].as_str().or_else(|| document["organization"]["id"].as_str())
}

fn phones(document: &Value) -> impl Iterator<Item = &str> {
    document["phones"].as_array().into_iter().flatten().filter_map(|phone| phone["number"].as_str())
}

/// The phone numbers, however they are written.
fn numbers(document: &Value) -> BTreeSet<String> {
    let digits = phones(document).map(|number| number.chars().filter(char::is_ascii_digit).collect::<String>());
    digits.filter(|digits| !digits.is_empty()).collect()
}

fn rows(new: &Value, here: &Value) -> Vec<Vec<Markup>> {
    let facts = |document: &Value| {
        let web = [said(document, "url"), said(document, "website")].concat();
        [
            ("Name", said(document, "name").to_owned()),
            ("What it does", shorten(said(document, "description"), SUMMARY)),
            ("Phone", phones(document).collect::<Vec<_>>().join(", ")),
            ("Email", said(document, "email").to_owned()),
            ("Website", web),
        ]
    };
    let both = facts(new).into_iter().zip(facts(here));
    let told = both.filter(|((_, new), (_, here))| !new.is_empty() || !here.is_empty());
    told.map(|((what, new), (_, here))| vec![html! { (what) }, html! { (new) }, html! { (here) }]).collect()
}
