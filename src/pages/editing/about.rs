//! What a listing is, and who it is for.

use maud::{Markup, html};

use crate::{
    model::{Document, Kind, values::Number},
    pages::{
        desk::Fields,
        fields::{Field, Mistakes},
    },
};

/// The longest name and description, in characters.
const LONGEST_NAME: usize = 200;
const LONGEST_TEXT: usize = 10_000;

pub(super) fn fill(document: &Document) -> Fields {
    let mut fields = Fields::default();
    fields.set("name", document.name());
    let description = match document {
        Document::Service(one) => one.description.clone().unwrap_or_default(),
        Document::Event(one) => one.description.clone().unwrap_or_default(),
        Document::Organization(one) => one.description.clone(),
        _ => String::new(),
    };
    fields.set("description", description);
    fields
}

pub(super) fn form(kind: Kind, fields: &Fields, mistakes: &Mistakes) -> Markup {
    let hint = match kind {
        Kind::Organization => "In two or three sentences, in plain words.",
        Kind::Event => "What happens, and what people get out of it.",
        _ => "What people get, in plain words. You do not need to describe the organisation here.",
    };
    html! {
        (Field::new("name", "Name", fields.text("name")).line(mistakes, "text", "off"))
        (Field::new("description", "What do you do?", fields.text("description")).hint(hint).lines(mistakes, 6))
    }
}

pub(super) fn take(fields: &Fields, document: &mut Document, mistakes: &mut Mistakes) {
    let (name, description) = (fields.text("name"), fields.text("description"));
    if name.is_empty() {
        mistakes.add("name", "Enter a name");
    } else if name.chars().count() > LONGEST_NAME {
        mistakes.add("name", format!("The name must be {LONGEST_NAME} characters or fewer"));
    }
    if description.is_empty() {
        mistakes.add("description", "Enter a sentence or two about what you do");
    } else if description.chars().count() > LONGEST_TEXT {
        mistakes.add("description", "The description must be 10,000 characters or fewer");
    }
    let (name, description) = (name.to_owned(), description.to_owned());
    match document {
        Document::Service(one) => (one.name, one.description) = (name, Some(description)),
        Document::Event(one) => (one.name, one.description) = (name, Some(description)),
        Document::Organization(one) => (one.name, one.description) = (name, description),
        _ => {}
    }
}

pub(super) fn fill_who(document: &Document) -> Fields {
    let mut fields = Fields::default();
    let (words, least, most) = match document {
        Document::Service(one) => (&one.eligibility_description, one.minimum_age, one.maximum_age),
        Document::Event(one) => (&one.eligibility_description, one.minimum_age, one.maximum_age),
        _ => return fields,
    };
    fields.set("who", words.clone().unwrap_or_default());
    for (name, age) in [("least", least), ("most", most)] {
        fields.set(name, age.map(|age| age.to_string()).unwrap_or_default());
    }
    fields
}

pub(super) fn form_who(fields: &Fields, mistakes: &Mistakes) -> Markup {
    html! {
        (Field::new("who", "Who is it for?", fields.text("who")).hint("For example: anyone in Luton; parents of children under 5.").lines(mistakes, 3))
        (Field::new("least", "Youngest age (optional)", fields.text("least")).short(mistakes, "text"))
        (Field::new("most", "Oldest age (optional)", fields.text("most")).short(mistakes, "text"))
    }
}

pub(super) fn take_who(fields: &Fields, document: &mut Document, mistakes: &mut Mistakes) {
    let mut age = |name: &str| match fields.some(name).map(str::parse::<u8>) {
        None => None,
        Some(Ok(age)) if age <= 150 => Some(Number(age.into())),
        Some(_) => {
            mistakes.add(name, "Enter an age in whole years, such as 16");
            None
        }
    };
    let (least, most) = (age("least"), age("most"));
    if least.zip(most).is_some_and(|(least, most)| least > most) {
        mistakes.add("most", "The oldest age must not be below the youngest");
    }
    let words = fields.some("who").map(str::to_owned);
    match document {
        Document::Service(one) => (one.eligibility_description, one.minimum_age, one.maximum_age) = (words, least, most),
        Document::Event(one) => (one.eligibility_description, one.minimum_age, one.maximum_age) = (words, least, most),
        _ => {}
    }
}
