//! What people need a listing for: its keepers find the words, a moderator confirms them.

use maud::{Markup, html};
use serde_json::json;
use uuid::Uuid;

use super::sections::Section;
use crate::{
    editing::{Error, Sight},
    http::Problem,
    ids::TaxonomyTermId,
    model::{Attribute, Document, Kind, TaxonomyTerm, text::shorten, with_only},
    pages::{
        desk::{Desk, Fields, Signed},
        fields::{Field, Mistakes},
        needs,
    },
    publishing::ask_index,
    records::{Decision, Stored},
    search::Wanted,
};

/// Categories that one listing may have; more of them say less.
const MOST: usize = 10;
/// Categories that a search offers.
const OFFERED: usize = 12;

/// A category that can be ticked.
#[derive(Clone, Debug)]
struct Choice {
    id: Uuid,
    name: String,
    description: String,
}

/// The categories that a form shows.
#[derive(Clone, Debug, Default)]
pub(super) struct Choices {
    chosen: Vec<Choice>,
    found: Vec<Choice>,
    /// Whether the directory has no list of needs at all.
    none: bool,
}

fn attributes(document: &Document) -> &[Attribute] {
    match document {
        Document::Service(one) => &one.attributes,
        Document::Event(one) => &one.attributes,
        _ => &[],
    }
}

fn terms_of(document: &Document) -> Vec<Uuid> {
    attributes(document).iter().filter_map(|one| one.taxonomy_term_id.map(Uuid::from)).collect()
}

/// The names of the categories that stand.
pub(super) async fn names(desk: &Desk, document: &Document) -> Result<Vec<String>, Error> {
    let ids = terms_of(document);
    let found = desk.editing.records().find_all(&ids).await?;
    let mut names = Vec::new();
    for id in ids {
        if let Some(term) = found.get(&id).map(Stored::read).transpose()? {
            names.push(term.name().to_owned());
        }
    }
    Ok(names)
}

/// The categories that stand, or that whoever asks has suggested instead.
pub(super) async fn fill(desk: &Desk, signed: &Signed, sight: &Sight) -> Result<Fields, Error> {
    let mut terms = terms_of(&sight.document);
    for proposal in desk.editing.records().proposed_about(&[sight.stored.id]).await? {
        if proposal.decision == Decision::Waiting && proposal.by == signed.actor.known_as() {
            terms = terms_of(&proposal.read()?);
        }
    }
    let mut fields = Fields::default();
    for term in terms {
        fields.add("term", term.to_string());
    }
    Ok(fields)
}

/// What the form shows: what is chosen, and what was found for the words that were typed.
pub(super) async fn choices(desk: &Desk, section: Section, fields: &Fields) -> Result<Choices, Problem> {
    if section != Section::Categories {
        return Ok(Choices::default());
    }
    let needs = needs::overview(&desk.site).await?;
    let ids = ids(fields);
    let mut chosen = Vec::new();
    for (id, stored) in desk.editing.records().find_all(&ids).await.map_err(Error::from)? {
        if let Document::TaxonomyTerm(term) = stored.read().map_err(Error::from)? {
            chosen.push(Choice { id, name: term.name, description: term.description });
        }
    }
    chosen.sort_by_key(|choice| ids.iter().position(|id| *id == choice.id));
    let mut found = Vec::new();
    if let Some(words) = fields.some("find") {
        found = find(desk, &shorten(words, 200), needs.terms()).await?;
        found.retain(|choice| !ids.contains(&choice.id));
        found.truncate(OFFERED);
    }
    Ok(Choices { chosen, found, none: needs.terms().is_empty() })
}

/// Needs for everyday words: those that the words stand for, then those that have the words.
async fn find(desk: &Desk, words: &str, terms: &[TaxonomyTerm]) -> Result<Vec<Choice>, Problem> {
    let wanted = Wanted { text: words.to_owned(), relaxed: true, ..Wanted::default() };
    let search = move |search: &crate::search::Search, wanted: &Wanted, now| search.find(Kind::TaxonomyTerm, wanted, now, 0..50);
    let found = ask_index(&desk.site.directory, wanted, search).await?;
    let codes: Vec<String> = found.understood.needs.into_iter().map(|need| need.code).collect();
    let hits: Vec<Uuid> = found.hits.into_iter().map(|hit| hit.id).collect();
    let rank = |term: &TaxonomyTerm| {
        let understood = term.code.as_ref().and_then(|code| codes.iter().position(|known| known == code));
        let named = hits.iter().position(|id| *id == Uuid::from(term.id));
        understood.map(|at| (0, at)).or(named.map(|at| (1, at)))
    };
    let mut ranked: Vec<_> = terms.iter().filter_map(|term| rank(term).map(|rank| (rank, term))).collect();
    ranked.sort_by_key(|(rank, _)| *rank);
    let choice =
        |term: &TaxonomyTerm| Choice { id: term.id.into(), name: term.name.clone(), description: term.description.clone() };
    Ok(ranked.into_iter().map(|(_, term)| choice(term)).collect())
}

fn ids(fields: &Fields) -> Vec<Uuid> {
    fields.all("term").filter_map(|id| id.parse().ok()).take(50).collect()
}

pub(super) fn form(fields: &Fields, choices: &Choices, mistakes: &Mistakes) -> Markup {
    let boxes = |choices: &[Choice], ticked: bool| {
        html! {
            @for choice in choices {
                div class="choice" {
                    input type="checkbox" id=(format!("term-{}", choice.id)) name="term" value=(choice.id) checked[ticked];
                    label for=(format!("term-{}", choice.id)) { strong { (choice.name) } @if choice.description != choice.name { span class="hint" { " " (choice.description) } } }
                }
            }
        }
    };
    html! {
        p { "People find this listing by these words. You suggest them and a moderator confirms them. Three that fit well are better than ten that nearly fit." }
        @if choices.none { p { "This directory has no list of needs yet." } }
        fieldset class=(if mistakes.of("term").is_some() { "wrong" } else { "" }) {
            legend id="term" { "It helps with" }
            @if let Some(said) = mistakes.of("term") { p class="error" { span class="unseen" { "Error: " } (said) } }
            @if choices.chosen.is_empty() { p class="hint" { "Nothing yet. Search below." } }
            (boxes(&choices.chosen, true))
        }
        (Field::new("find", "What would someone who needs you say?", fields.text("find")).hint("In everyday words. For example: cannot pay the rent, lonely, food.").line(mistakes, "text", "off"))
        p { button class="button" name="do" value="find" { "Find" } }
        @if !fields.text("find").is_empty() {
            @if choices.found.is_empty() { p role="status" { "Nothing else fits these words. Try others." } }
            @else { fieldset { legend { "Tick the ones that fit" } (boxes(&choices.found, false)) } }
        }
    }
}

pub(super) async fn take(desk: &Desk, fields: &Fields, document: &mut Document, mistakes: &mut Mistakes) -> Result<(), Error> {
    let wanted = ids(fields);
    let known = terms_of(document);
    if wanted.len() > MOST && wanted.len() > known.len() {
        mistakes.add("term", format!("Choose no more than {MOST}: the ones that fit best"));
        return Ok(());
    }
    let there = desk.editing.records().find_all(&wanted).await?;
    let is_term = |id: &Uuid| there.get(id).is_some_and(|stored| stored.kind == Kind::TaxonomyTerm);
    let id = document.id();
    let entity = document.kind().as_str();
    let more: Vec<Attribute> =
        wanted.iter().filter(|term| !known.contains(term) && is_term(term)).map(|term| attribute(id, entity, *term)).collect();
    let attributes = match document {
        Document::Service(one) => &mut one.attributes,
        Document::Event(one) => &mut one.attributes,
        _ => return Ok(()),
    };
    attributes.retain(|one| one.taxonomy_term_id.is_none_or(|term| wanted.contains(&term.into())));
    attributes.extend(more);
    Ok(())
}

fn attribute(of: Uuid, entity: &str, term: Uuid) -> Attribute {
    // The same suggestion twice is the same attribute, so that nothing differs when it is sent again.
    let id = crate::ids::derived(of, &format!("category\n{term}"));
    let term = TaxonomyTermId::from(term);
    with_only(json!({"id": id, "link_id": of, "link_entity": entity, "link_type": "need", "taxonomy_term_id": term}))
}
