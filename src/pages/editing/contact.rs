//! How to get in touch.

use std::fmt::Display;

use maud::{Markup, html};

use crate::{
    editing::Error,
    mail,
    model::{
        Contact, Document, Kind, Phone, Visibility,
        contact::{is_number, number_and_extension},
        personal::new_contact,
        values::{EmailAddress, Number, WebAddress},
    },
    pages::{
        desk::{Desk, Fields},
        fields::{Field, Mistakes, tick},
        moderation::comes_back,
    },
};

/// Word of the email addresses of a listing to which letters do not arrive: whoever writes there hears nothing either.
pub(super) async fn unreached(desk: &Desk, document: &Document) -> Result<Markup, Error> {
    let mut document = document.clone();
    let Some(reached) = ways(&mut document) else { return Ok(html! {}) };
    let own = reached.email.as_deref().and_then(Option::as_ref);
    let contacts = reached.contacts.iter().filter_map(|contact| contact.email.as_ref());
    let mut addresses: Vec<&str> = own.into_iter().chain(contacts).map(EmailAddress::as_str).collect();
    addresses.sort_unstable();
    addresses.dedup();
    let letters = mail::unreached(desk.editing.records().database(), &addresses).await?;
    Ok(html! { @for letter in &letters { p { (letter.to) } (comes_back(&letters, &letter.to)) } })
}

/// The parts of a document that the form is about.
struct Ways<'a> {
    phones: &'a mut Vec<Phone>,
    email: Option<&'a mut Option<EmailAddress>>,
    web: &'a mut Option<WebAddress>,
    contacts: &'a mut Vec<Contact>,
}

fn ways(document: &mut Document) -> Option<Ways<'_>> {
    Some(match document {
        Document::Service(one) => {
            Ways { phones: &mut one.phones, email: Some(&mut one.email), web: &mut one.url, contacts: &mut one.contacts }
        }
        Document::Organization(one) => {
            Ways { phones: &mut one.phones, email: Some(&mut one.email), web: &mut one.website, contacts: &mut one.contacts }
        }
        Document::Event(one) => {
            Ways { phones: &mut one.phones, email: None, web: &mut one.booking_url, contacts: &mut one.contacts }
        }
        _ => return None,
    })
}

/// More numbers than this beside the first are not asked about.
const MOST_NUMBERS: usize = 12;

/// The fields of a number that is not the first: the number itself, and what is said about it.
fn of_number(at: usize) -> (String, String) {
    (format!("phone-{at}"), format!("phone_note-{at}"))
}

/// The field that takes out a person who is not the first.
fn gone(at: usize) -> String {
    format!("person_gone-{at}")
}

/// The field that carries who a person is who is not the first.
fn other(at: usize) -> String {
    format!("person_other-{at}")
}

/// Who a contact is, in a line.
fn who(contact: &Contact) -> String {
    let email = contact.email.as_ref().map(|email| email.as_str().to_owned());
    let parts = contact.name.iter().cloned().chain(contact.phones.first().map(with_extension)).chain(email);
    parts.collect::<Vec<_>>().join(", ")
}

pub(super) fn fill(document: &Document) -> Fields {
    let mut fields = Fields::default();
    let mut document = document.clone();
    let Some(ways) = ways(&mut document) else { return fields };
    if let Some(phone) = ways.phones.first() {
        fields.set("phone", with_extension(phone));
        fields.set("phone_note", phone.description.clone().unwrap_or_default());
        fields.set("numbers", ways.phones.len().to_string());
    }
    for (at, phone) in ways.phones.iter().enumerate().skip(1) {
        let (number, note) = of_number(at);
        fields.set(&number, with_extension(phone));
        fields.set(&note, phone.description.clone().unwrap_or_default());
    }
    for (at, contact) in ways.contacts.iter().enumerate().skip(1) {
        fields.set(&other(at), who(contact));
    }
    if let Some(email) = ways.email {
        fields.set("email", email.as_ref().map(|email| email.as_str().to_owned()).unwrap_or_default());
    }
    fields.set("web", ways.web.as_ref().map(|web| web.as_str().to_owned()).unwrap_or_default());
    if let Some(contact) = ways.contacts.first() {
        fields.set("person", contact.name.clone().unwrap_or_default());
        fields.set("person_email", contact.email.as_ref().map(|email| email.as_str().to_owned()).unwrap_or_default());
        fields.set("person_phone", contact.phones.first().map(with_extension).unwrap_or_default());
        if contact.is_public() {
            fields.set("person_public", "yes");
        }
    }
    fields
}

pub(super) fn form(kind: Kind, fields: &Fields, mistakes: &Mistakes) -> Markup {
    let web = if kind == Kind::Event { "Booking web page" } else { "Web page" };
    html! {
        p { "Give at least one way to get in touch. Everything here is public, except the part about a person." }
        (Field::new("phone", "Phone number", fields.text("phone")).line(mistakes, "tel", "tel"))
        (Field::new("phone_note", "About this number", fields.text("phone_note")).hint("For example: weekdays 9am to 5pm.").line(mistakes, "text", "off"))
        @let numbers = numbers(fields);
        @if numbers > 0 { input type="hidden" name="numbers" value=(numbers); }
        @for at in 1..=numbers {
            @let (number, note) = of_number(at);
            @let label = if at == numbers { "Another phone number".to_owned() } else { format!("Phone number {}", at + 1) };
            (Field::new(&number, &label, fields.text(&number)).line(mistakes, "tel", "off"))
            (Field::new(&note, &format!("About {}", if at == numbers { "that number".to_owned() } else { format!("number {}", at + 1) }), fields.text(&note)).line(mistakes, "text", "off"))
        }
        @if kind != Kind::Event { (Field::new("email", "Email address", fields.text("email")).hint("A group address is better than a personal one.").line(mistakes, "email", "email")) }
        (Field::new("web", web, fields.text("web")).line(mistakes, "url", "url"))
        h2 { "Contact person" }
        p class="hint" { "Not public unless you tick the box. It tells us and other groups who to ask about this listing." }
        (Field::new("person", "Name", fields.text("person")).line(mistakes, "text", "off"))
        (Field::new("person_phone", "Their phone number", fields.text("person_phone")).line(mistakes, "tel", "off"))
        (Field::new("person_email", "Their email address", fields.text("person_email")).line(mistakes, "email", "off"))
        (tick("person_public", "They agree to make this public", fields.has("person_public"), mistakes))
        @for at in others(fields) {
            input type="hidden" name=(other(at)) value=(fields.text(&other(at)));
            (tick(&gone(at), &format!("Take out the contact {}", fields.text(&other(at))), fields.has(&gone(at)), mistakes))
        }
    }
}

/// How many numbers beside the first the form asks about: those that are there, and one more; none where there is none.
fn numbers(fields: &Fields) -> usize {
    fields.text("numbers").parse().unwrap_or(0).min(MOST_NUMBERS)
}

/// The contacts beside the first that the form was filled in with.
fn others(fields: &Fields) -> Vec<usize> {
    let known = fields.starting("person_other-").filter_map(|(name, _)| name.rsplit('-').next()?.parse().ok());
    known.collect()
}

/// A value that may be left out; a mistake where it cannot be read.
fn optional<T: std::str::FromStr<Err: Display>>(fields: &Fields, name: &str, what: &str, mistakes: &mut Mistakes) -> Option<T> {
    match fields.some(name)?.parse() {
        Ok(value) => Some(value),
        Err(error) => {
            mistakes.add(name, format!("{what} {error}"));
            None
        }
    }
}

/// A number as people write it: "01978 265000 ext. 12".
fn with_extension(phone: &Phone) -> String {
    let extension = phone.extension.map(|extension| format!(" ext. {extension}")).unwrap_or_default();
    format!("{}{extension}", phone.number)
}

fn phone(fields: &Fields, name: &str, known: Option<&Phone>, mistakes: &mut Mistakes) -> Option<Phone> {
    let typed = fields.some(name)?;
    let (number, extension) =
        number_and_extension(typed).map_or_else(|| (typed.to_owned(), None), |(number, extension)| (number, Some(extension)));
    // A number that came in from elsewhere gets in nobody's way who changes something beside it.
    let stands = known.is_some_and(|known| with_extension(known) == typed);
    if !stands && !is_number(&number) {
        mistakes.add(name, "Enter a phone number, such as 01582 123456 or 01582 123456 ext. 12");
        return None;
    }
    let mut phone = known.cloned().unwrap_or_else(|| Phone::new(crate::ids::fresh(), ""));
    if !stands {
        phone.number = number;
        phone.extension = extension.map(|extension| Number(extension.into()));
    }
    Some(phone)
}

/// Whether there is a way to get in touch, in the form or beside it. Where there never was one, the rest may be saved.
fn can_be_reached(fields: &Fields, document: &Document) -> bool {
    let another = |fields: &Fields| (1..=numbers(fields)).any(|at| fields.some(&of_number(at).0).is_some());
    let filled = |fields: &Fields| another(fields) || ["phone", "email", "web"].iter().any(|name| fields.some(name).is_some());
    let by_a_person =
        fields.has("person_public") && (fields.some("person_phone").is_some() || fields.some("person_email").is_some());
    let elsewhere = matches!(document, Document::Event(event) if event.url.is_some() || event.online_url.is_some());
    filled(fields) || by_a_person || elsewhere || !filled(&fill(document))
}

pub(super) fn take(fields: &Fields, document: &mut Document, mistakes: &mut Mistakes) {
    if !can_be_reached(fields, document) {
        mistakes.add("phone", "Give at least one way to get in touch: a phone number, an email address or a web page");
    }
    let Some(ways) = ways(document) else { return };
    let first = phone(fields, "phone", ways.phones.first(), mistakes).map(|mut phone| {
        phone.description = fields.some("phone_note").map(str::to_owned);
        phone
    });
    let known: Vec<Phone> = ways.phones.drain(..).skip(1).collect();
    ways.phones.extend(first);
    ways.phones.extend(other_numbers(fields, known, mistakes));
    if let Some(email) = ways.email {
        *email = optional(fields, "email", "The email address", mistakes);
    }
    *ways.web = optional(fields, "web", "The web page", mistakes);
    let known = ways.contacts.first().cloned();
    let phones: Vec<Phone> =
        phone(fields, "person_phone", known.as_ref().and_then(|known| known.phones.first()), mistakes).into_iter().collect();
    let email: Option<EmailAddress> = optional(fields, "person_email", "Their email address", mistakes);
    let name = fields.some("person").map(str::to_owned);
    let others = ways.contacts.drain(..).enumerate().skip(1).filter(|(at, _)| !fields.has(&gone(*at)));
    let others: Vec<Contact> = others.map(|(_, contact)| contact).collect();
    if name.is_some() || email.is_some() || !phones.is_empty() {
        let mut contact = known.unwrap_or_else(|| new_contact(crate::ids::fresh(), None, None, Vec::new()));
        (contact.name, contact.email, contact.phones) = (name, email, phones);
        contact.visibility = Some(if fields.has("person_public") { Visibility::Public } else { Visibility::Private });
        ways.contacts.push(contact);
    }
    ways.contacts.extend(others);
}

/// The numbers behind the first, of which `known` are there: those that the form says, and those it did not ask about.
fn other_numbers(fields: &Fields, known: Vec<Phone>, mistakes: &mut Mistakes) -> Vec<Phone> {
    let asked = numbers(fields);
    let mut phones = Vec::new();
    for at in 1..=asked {
        let (number, note) = of_number(at);
        phones.extend(phone(fields, &number, known.get(at - 1), mistakes).map(|mut phone| {
            phone.description = fields.some(&note).map(str::to_owned);
            phone
        }));
    }
    phones.extend(known.into_iter().skip(asked));
    phones
}
