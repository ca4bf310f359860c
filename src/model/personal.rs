//! Contacts that look like a person's own: a named mobile, a private mailbox, a letter for
//! somebody's home. They come in, but stay unseen until somebody here confirms that they may be
//! public. A guess that is wrong costs a click; the other way round it costs a person.

mod in_words;
mod signs;

use serde::Serialize;
use uuid::Uuid;

pub use in_words::{InWords, each_text, in_words};
pub use signs::{is_a_persons_name, is_everybodys_domain, is_somebodys};
use signs::{is_mobile, is_private_mailbox, may_be_somebody};

use super::{Contact, Document, Kind, Phone, Visibility, values::EmailAddress};
use crate::ids;

/// A contact that looks like a person's own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Personal {
    /// The record.
    pub record: Uuid,
    /// Its kind.
    pub kind: Kind,
    /// Its name.
    pub name: String,
    /// The contact.
    pub contact: Uuid,
    /// Why it looks so. Says nothing of the person.
    pub reason: &'static str,
}

/// Why a contact looks like a person's own. `elsewhere` are the phones of the record that name a contact.
fn reason(contact: &Contact, record: &str, elsewhere: &[Phone]) -> Option<&'static str> {
    if contact.email.as_ref().is_some_and(|email| is_private_mailbox(email, record)) {
        return Some("an email address that looks personal");
    }
    let named = contact.name.as_deref().is_some_and(|name| may_be_somebody(name, record));
    (named && contact.numbers(elsewhere).any(|phone| is_mobile(&phone.number)))
        .then_some("a mobile number beside a person's name")
}

/// Decide who may see the contacts of a document from a public feed: everybody, unless they look
/// like a person's own. Gives those that do.
pub fn decide(document: &mut Document) -> Vec<Personal> {
    let (record, kind, name) = (document.id(), document.kind(), document.name().to_owned());
    set_aside_private_mailbox(document, &name);
    set_aside_phones_of_somebody(document, &name);
    let elsewhere = document.phones_of_contacts();
    let mut found = Vec::new();
    for contact in document.contact_lists().into_iter().flatten() {
        match reason(contact, &name, &elsewhere) {
            Some(reason) if contact.visibility != Some(Visibility::Private) => {
                contact.visibility = Some(Visibility::Unconfirmed);
                found.push(Personal { record, kind, name: name.clone(), contact: contact.id, reason });
            }
            None if contact.visibility.is_none() => contact.visibility = Some(Visibility::Public),
            _ => {}
        }
    }
    if let Document::Location(place) = document {
        for address in &mut place.addresses {
            // A letter for a person goes to a person's home; the name is what must not be told.
            if address.attention.as_deref().is_some_and(is_a_persons_name) {
                address.attention = None;
                found.push(Personal {
                    record,
                    kind,
                    name: name.clone(),
                    contact: address.id,
                    reason: "an address for the attention of a named person; the name was left out",
                });
            }
        }
    }
    found
}

/// A private mailbox in the record itself becomes a contact, which can wait for confirmation.
fn set_aside_private_mailbox(document: &mut Document, name: &str) {
    let id = document.id();
    let (email, contacts) = match document {
        Document::Organization(doc) => (&mut doc.email, &mut doc.contacts),
        Document::Service(doc) => (&mut doc.email, &mut doc.contacts),
        _ => return,
    };
    if let Some(own) = email.take_if(|email| is_private_mailbox(email, name)) {
        let id = ids::derived(id, &format!("mailbox\n{own}"));
        if !contacts.iter().any(|contact| contact.id == id) {
            contacts.push(new_contact(id, None, Some(own), Vec::new()));
        }
    }
}

/// A mobile number in the record itself with a name beside it becomes a contact, which can wait for confirmation.
fn set_aside_phones_of_somebody(document: &mut Document, record: &str) {
    match document {
        Document::Organization(doc) => set_aside_phones(&mut doc.phones, &mut doc.contacts, record),
        Document::Service(doc) => {
            set_aside_phones(&mut doc.phones, &mut doc.contacts, record);
            for link in &mut doc.service_at_locations {
                set_aside_phones(&mut link.phones, &mut link.contacts, record);
            }
        }
        Document::Event(doc) => set_aside_phones(&mut doc.phones, &mut doc.contacts, record),
        Document::Location(doc) => set_aside_phones(&mut doc.phones, &mut doc.contacts, record),
        Document::Taxonomy(_) | Document::TaxonomyTerm(_) => {}
    }
}

fn set_aside_phones(phones: &mut Vec<Phone>, contacts: &mut Vec<Contact>, record: &str) {
    let is_of_somebody = |phone: &mut Phone| {
        let words = phone.description.as_deref().unwrap_or_default();
        phone.visibility.is_none() && is_mobile(&phone.number) && is_somebodys(words, record)
    };
    for mut phone in phones.extract_if(.., is_of_somebody).collect::<Vec<_>>() {
        let id = ids::derived(phone.id, "contact");
        let name = phone.description.take();
        if !contacts.iter().any(|contact| contact.id == id) {
            contacts.push(new_contact(id, name, None, vec![phone]));
        }
    }
}

/// A contact with nothing but these.
pub fn new_contact(id: Uuid, name: Option<String>, email: Option<EmailAddress>, phones: Vec<Phone>) -> Contact {
    Contact {
        id,
        name,
        title: None,
        department: None,
        email,
        phones,
        attributes: Vec::new(),
        visibility: None,
        extra: serde_json::Map::new(),
    }
}
