//! Contacts that look like a person's own: a named mobile, a private mailbox, a letter for
//! somebody's home. They come in, but stay unseen until somebody here confirms that they may be
//! public. A guess that is wrong costs a click; the other way round it costs a person.

use serde::Serialize;
use uuid::Uuid;

use super::{Contact, Document, Phone, Visibility, text::fold, values::EmailAddress};
use crate::ids;

/// A contact that looks like a person's own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Personal {
    /// The record.
    pub record: Uuid,
    /// Its name.
    pub name: String,
    /// The contact.
    pub contact: Uuid,
    /// Why it looks so. Says nothing of the person.
    pub reason: &'static str,
}

/// Domains where anybody can have a mailbox, so that sharing one proves nothing.
const EVERYBODYS: &[&str] = &[
    "aol.co.uk",
    "aol.com",
    "blueyonder.co.uk",
    "btconnect.com",
    "btinternet.com",
    "btopenworld.com",
    "email.com",
    "fastmail.com",
    "gmail.com",
    "googlemail.com",
    "icloud.com",
    "mac.com",
    "mail.com",
    "mail.ru",
    "me.com",
    "msn.com",
    "ntlworld.com",
    "o2.co.uk",
    "onetel.com",
    "orange.net",
    "plus.com",
    "plusnet.com",
    "proton.me",
    "protonmail.com",
    "rocketmail.com",
    "sky.com",
    "talktalk.net",
    "tiscali.co.uk",
    "tutanota.com",
    "virgin.net",
    "virginmedia.com",
    "wp.pl",
    "yandex.com",
    "ymail.com",
    "zoho.com",
];

/// Providers that have a domain in every country.
const EVERYBODYS_BEGIN: &[&str] = &["gmx.", "hotmail.", "live.", "outlook.", "yahoo."];

/// Whether anybody can have a mailbox in this domain.
pub fn is_everybodys_domain(domain: &str) -> bool {
    EVERYBODYS.contains(&domain) || EVERYBODYS_BEGIN.iter().any(|start| domain.starts_with(start))
}

/// Words that name a desk or a group, not a person.
const ROLES: [&str; 60] = [
    "team",
    "desk",
    "adviser",
    "advisor",
    "advice",
    "reception",
    "manager",
    "office",
    "officer",
    "service",
    "services",
    "referrals",
    "referral",
    "duty",
    "enquiries",
    "enquiry",
    "helpline",
    "council",
    "centre",
    "center",
    "coordinator",
    "admin",
    "administrator",
    "line",
    "support",
    "lead",
    "the",
    "community",
    "group",
    "club",
    "info",
    "hello",
    "contact",
    "help",
    "mail",
    "volunteer",
    "volunteers",
    "worker",
    "secretary",
    "chair",
    "treasurer",
    "trust",
    "project",
    "charity",
    "church",
    "hall",
    "pantry",
    "bank",
    "hub",
    "house",
    "library",
    "school",
    "bookings",
    "booking",
    "general",
    "main",
    "head",
    "director",
    "housing",
    "customer",
];

const TITLES: [&str; 9] = ["mr", "mrs", "ms", "miss", "mx", "dr", "rev", "revd", "cllr"];

/// Whether `name` looks like that of a person: two or three words with capitals, none of which
/// names a role.
pub fn is_a_persons_name(name: &str) -> bool {
    let words: Vec<&str> = name.split_whitespace().collect();
    let Some(first) = words.first() else { return false };
    if TITLES.contains(&fold(first).as_str()) {
        return words.len() > 1;
    }
    let like_a_name = |word: &&str| {
        word.chars().next().is_some_and(char::is_uppercase)
            && word.chars().all(|c| c.is_alphabetic() || matches!(c, '-' | '\'' | '’' | '.'))
            && word.chars().any(char::is_lowercase)
            && !ROLES.contains(&fold(word).as_str())
    };
    (2..=3).contains(&words.len()) && words.iter().all(like_a_name)
}

fn is_mobile(number: &str) -> bool {
    let digits: String = number.chars().filter(char::is_ascii_digit).collect();
    let national = digits
        .strip_prefix("0044")
        .or_else(|| digits.strip_prefix("44"))
        .map_or(digits.clone(), |rest| format!("0{}", rest.trim_start_matches('0')));
    national.starts_with("07") && !national.starts_with("070")
}

/// A mailbox at a provider for anybody, whose name has neither a role nor a word of the record's name in it.
fn is_private_mailbox(email: &EmailAddress, record: &str) -> bool {
    let Some((local, domain)) = email.as_str().rsplit_once('@') else { return false };
    if !is_everybodys_domain(domain) {
        return false;
    }
    let local = fold(local).replace(' ', "");
    let record = fold(record);
    let words = record.split(' ').filter(|word| word.len() > 3).chain(ROLES.into_iter().filter(|word| word.len() > 3));
    !words.into_iter().any(|word| local.contains(word))
}

fn reason(contact: &Contact, record: &str) -> Option<&'static str> {
    if contact.email.as_ref().is_some_and(|email| is_private_mailbox(email, record)) {
        return Some("an email address that looks like somebody's own");
    }
    let named = contact.name.as_deref().is_some_and(is_a_persons_name);
    (named && contact.phones.iter().any(|phone| is_mobile(&phone.number))).then_some("a mobile number beside a person's name")
}

/// Decide who may see the contacts of a document from a public feed: everybody, unless they look
/// like a person's own. Gives those that do.
pub fn decide(document: &mut Document) -> Vec<Personal> {
    let (record, name) = (document.id(), document.name().to_owned());
    set_aside_private_mailbox(document, &name);
    let mut found = Vec::new();
    for contact in document.contact_lists().into_iter().flatten() {
        match reason(contact, &name) {
            Some(reason) if contact.visibility != Some(Visibility::Private) => {
                contact.visibility = Some(Visibility::Unconfirmed);
                found.push(Personal { record, name: name.clone(), contact: contact.id, reason });
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
                    name: name.clone(),
                    contact: address.id,
                    reason: "an address for the attention of a person; the name was left out",
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_are_told_from_desks() {
        for person in ["Sheila Hopcroft", "Mrs Khan", "Jean-Luc O’Neill", "Dr A Patel"] {
            assert!(is_a_persons_name(person), "{person}");
        }
        for desk in ["Duty adviser", "Reception", "Service Manager", "Referrals Team", "Marsh Farm Pantry", "", "LUTON HUB"] {
            assert!(!is_a_persons_name(desk), "{desk}");
        }
    }

    #[test]
    fn mobiles_and_private_mailboxes_are_recognised() {
        assert!(
            is_mobile("07700 900123") && is_mobile("+44 (0)7700 900123") && !is_mobile("01632 960123") && !is_mobile("070 1632")
        );
        let private = |email: &str| is_private_mailbox(&email.parse().unwrap(), "Marsh Farm Pantry");
        assert!(private("sheila.hopcroft@gmail.com"));
        assert!(!private("marshfarmpantry@gmail.com") && !private("info.mf@gmail.com") && !private("sheila@pantry.example.org"));
    }
}
