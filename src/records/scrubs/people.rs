//! What somebody's contact is known by when its id is another one: sources without ids make a new one of whatever the
//! contact says.

use uuid::Uuid;

use super::{super::Kept, Remembered, Scrub, store};
use crate::{
    db::Transaction,
    model::{Contact, Document, Phone, Visibility, personal, text, values::EmailAddress},
    published::redaction::{self, Erased, Known},
    records::{Caller, Error, Records},
};

/// What contacts with other ids may be known by: the same person, written otherwise.
#[derive(PartialEq, Eq)]
struct Says {
    name: String,
    email: String,
    numbers: Vec<String>,
}

impl Says {
    fn of(contact: &Contact, elsewhere: &[Phone]) -> Self {
        // 01632 960111 is +44 (0)1632 960111, too.
        let number = |text: &str| {
            let digits: String = text.chars().filter(char::is_ascii_digit).collect();
            let digits = digits.trim_start_matches('0');
            digits.strip_prefix("44").unwrap_or(digits).trim_start_matches('0').to_owned()
        };
        let mut numbers: Vec<String> = contact.numbers(elsewhere).map(|phone| number(&phone.number)).collect();
        numbers.sort_unstable();
        Self {
            name: text::fold(contact.name.as_deref().unwrap_or_default()),
            email: text::fold(contact.email.as_ref().map(EmailAddress::as_str).unwrap_or_default()),
            numbers,
        }
    }

    /// Whether they have a name, an address or a number in common.
    fn shares(&self, other: &Self) -> bool {
        let same = |ours: &String, theirs: &String| !ours.is_empty() && ours == theirs;
        same(&self.name, &other.name)
            || same(&self.email, &other.email)
            || self.numbers.iter().any(|number| !number.is_empty() && other.numbers.contains(number))
    }
}

/// A contact that comes again from its source stays as private, or as confirmed, as it was made here. Under another id,
/// it is the one that says the same; and what it has in common with one that the world may not see keeps it out of sight.
pub(in crate::records) fn keep_visibility(document: &mut Document, before: &mut Document) {
    let elsewhere = before.phones_of_contacts();
    let known: Vec<(Uuid, Says, Option<Visibility>)> = before
        .contact_lists()
        .into_iter()
        .flatten()
        .map(|contact| (contact.id, Says::of(contact, &elsewhere), contact.visibility))
        .collect();
    let is_public = |visibility: Option<Visibility>| visibility == Some(Visibility::Public);
    let elsewhere = document.phones_of_contacts();
    for contact in document.contact_lists().into_iter().flatten() {
        let says = Says::of(contact, &elsewhere);
        let itself = known.iter().find(|(id, ..)| *id == contact.id);
        let alike = || {
            let alike = known.iter().filter(|(_, other, _)| *other == says && other.shares(&says));
            alike.min_by_key(|(.., visibility)| is_public(*visibility))
        };
        let hidden = || known.iter().find(|(_, other, visibility)| !is_public(*visibility) && other.shares(&says));
        if let Some((.., visibility)) = itself.or_else(alike).or_else(hidden) {
            contact.visibility = *visibility;
        }
    }
}

/// So many digits make a telephone number; shorter ones, such as 999, are nobody's own.
const NUMBER: usize = 7;

/// What a contact says that is a person's own wherever it stands: their full name, email address and numbers.
pub(super) fn own_words(contact: &Contact) -> Vec<String> {
    let is_full_name = |name: &&str| name.trim().contains(char::is_whitespace) && personal::is_somebodys(name, "");
    let name = contact.name.as_deref().filter(is_full_name);
    let email = contact.email.as_ref().map(EmailAddress::as_str);
    let numbers = contact.phones.iter().map(|phone| phone.number.as_str());
    let numbers = numbers.filter(|number| number.chars().filter(char::is_ascii_digit).count() >= NUMBER);
    name.into_iter().chain(email).chain(numbers).map(str::to_owned).collect()
}

/// How a version came about, without words that were erased: why somebody made it is their own text as well.
pub(super) fn without_words(scrub: &Remembered, kept: &Kept) -> Kept {
    let why = without_erased(scrub.record_id, &kept.why, std::slice::from_ref(scrub));
    Kept { why: why.unwrap_or_else(|| kept.why.clone()), ..kept.clone() }
}

/// What is `said` of a record, without the words that were erased of it. None where none of them stand there.
pub(in crate::records) fn without_erased(record: Uuid, said: &str, scrubs: &[Remembered]) -> Option<String> {
    scrubs.iter().filter(|scrub| scrub.record_id == record).fold(None::<String>, |left, scrub| {
        let Scrub::Words(erased) = &scrub.what else { return left };
        redaction::without_person(left.as_deref().unwrap_or(said), &Known::of_erased(record, erased)).or(left)
    })
}

impl Records {
    /// Remember that words were erased of what was said beside a record that never had them itself, so that no backup
    /// brings them back.
    /// # Errors
    /// When the database fails.
    pub async fn remember_words(&self, tx: &Transaction, caller: &Caller, record_id: Uuid, words: &str) -> Result<(), Error> {
        let erased = Erased::of(record_id, words).into_iter();
        let scrubs: Vec<Remembered> = erased.map(|one| self.scrub(caller, record_id, Scrub::Words(one))).collect();
        Ok(store::put(tx, &scrubs).await?)
    }
}
