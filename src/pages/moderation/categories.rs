//! Categories that somebody suggests: each is confirmed or not.

use maud::{Markup, html};
use serde_json::Value;
use uuid::Uuid;

use crate::{
    editing::Error,
    model::changes::Change,
    pages::{
        desk::{Desk, Fields},
        differences::terms,
        fields::{Field, Mistakes},
    },
    records::Stored,
};

/// A category that would come, or go.
#[derive(Clone, Debug)]
pub(super) struct Suggested {
    term: Uuid,
    name: String,
    comes: bool,
}

/// What a change of categories suggests.
pub(super) async fn suggested(desk: &Desk, change: &Change) -> Result<Vec<Suggested>, Error> {
    let (before, after) = (terms(&change.before), terms(&change.after));
    let mut all: Vec<(Uuid, bool)> = after.iter().filter(|term| !before.contains(term)).map(|term| (*term, true)).collect();
    all.extend(before.iter().filter(|term| !after.contains(term)).map(|term| (*term, false)));
    let ids: Vec<Uuid> = all.iter().map(|(term, _)| *term).collect();
    let found = desk.editing.records().find_all(&ids).await?;
    let mut suggested = Vec::new();
    for (term, comes) in all {
        let name = found.get(&term).map(Stored::read).transpose()?;
        let name = name.map_or_else(|| "a category that no longer exists".to_owned(), |document| document.name().to_owned());
        suggested.push(Suggested { term, name, comes });
    }
    Ok(suggested)
}

/// A box for each, ticked until somebody thinks otherwise.
pub(super) fn form(suggested: &[Suggested], fields: &Fields, mistakes: &Mistakes) -> Markup {
    let first = !fields.has("categories");
    html! {
        section class="decision" {
            h2 { "Categories" }
            input type="hidden" name="categories" value="seen";
            fieldset {
                legend { "Which of these changes do you accept?" }
                p class="hint" { "What you leave unticked stays as it is now." }
                @for one in suggested {
                    div class="choice" {
                        input type="checkbox" id=(format!("category-{}", one.term)) name="category" value=(one.term) checked[first || is_ticked(fields, one)];
                        label for=(format!("category-{}", one.term)) { @if one.comes { "Add “" } @else { "Remove “" } (one.name) "”" }
                    }
                }
            }
            (Field::new("reason-attributes", "Why are the unticked ones not accepted?", fields.text("reason-attributes")).hint("The author will see this. Needed if you leave one out.").line(mistakes, "text", "off"))
        }
    }
}

fn is_ticked(fields: &Fields, one: &Suggested) -> bool {
    let id = one.term.to_string();
    fields.all("category").any(|ticked| ticked == id)
}

/// What was decided: the attributes as they are to be, and what is not taken.
pub(super) struct Confirmed {
    pub(super) attributes: Value,
    /// What became of what was refused, for its author; empty where nothing was. That a category was not taken away
    /// is told as what it means: the listing keeps it.
    pub(super) refused: String,
    pub(super) taken: usize,
}

/// What becomes of suggestions that are refused.
fn in_words(refused: &[&Suggested]) -> String {
    let names = |comes: bool| -> Vec<String> {
        refused.iter().filter(|one| one.comes == comes).map(|one| format!("“{}”", one.name)).collect()
    };
    let (not_added, kept) = (names(true), names(false));
    let mut said = Vec::new();
    if !not_added.is_empty() {
        said.push(format!("Not added: {}.", not_added.join(", ")));
    }
    if !kept.is_empty() {
        said.push(format!("Not removed, so the listing keeps: {}.", kept.join(", ")));
    }
    said.join(" ")
}

pub(super) fn confirmed(change: &Change, suggested: &[Suggested], fields: &Fields) -> Confirmed {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let (taken, left): (Vec<_>, Vec<_>) = suggested.iter().partition(|one| is_ticked(fields, one));
    let is = |attribute: &Value, one: &Suggested| attribute["taxonomy_term_id"].as_str() == Some(&one.term.to_string());
    let mut attributes = list(&change.before);
    attributes.retain(|attribute| !taken.iter().any(|one| !one.comes && is(attribute, one)));
    let come = list(&change.after);
    attributes.extend(come.into_iter().filter(|attribute| taken.iter().any(|one| one.comes && is(attribute, one))));
    Confirmed { attributes: attributes.into(), refused: in_words(&left), taken: taken.len() }
}
