//! Finding a listing for those who decide, also one that nobody else sees.

use std::collections::{HashMap, HashSet};

use uuid::Uuid;

use super::{Editing, Error};
use crate::{
    identity::{Action, Actor, Subject},
    model::{Contact, Document, Kind, Phone, text::fold, values::EmailAddress},
    records::Stored,
};

/// Records that are read at once.
const BATCH: u64 = 500;
/// More are not shown: another word narrows it down.
pub const MOST: usize = 50;
/// So many digits can be a part of a phone number.
const FEWEST_DIGITS: usize = 5;

/// A listing that was found.
#[derive(Clone, Debug)]
pub struct Found {
    /// It.
    pub stored: Stored,
    /// Its document.
    pub document: Document,
    /// Whether its name has all the words; otherwise its phone, its address or the like has.
    pub by_name: bool,
}

impl Editing {
    /// The services, events and organisations whose name, phone, email or address has all these words, those
    /// that are hidden or were taken out as well; by name first. Reads everything that is kept: the index
    /// of the public search knows neither what is hidden nor what of a place is secret. What is private
    /// in them is found, too: somebody rings who is known by it, and whoever sees the queue may read it.
    /// # Errors
    /// [`Error::Forbidden`], or when the database fails.
    pub async fn find(&self, actor: &Actor, words: &str) -> Result<Vec<Found>, Error> {
        Self::require(actor, Action::SeeQueue, &Subject::Directory, "only officers can find hidden listings")?;
        let wanted = Words::of(words);
        let mut found = HashMap::new();
        if wanted.all.is_empty() {
            return Ok(Vec::new());
        }
        for kind in [Kind::Organization, Kind::Service, Kind::Event, Kind::Location] {
            self.find_kind(kind, &wanted, &mut found).await?;
        }
        let mut found: Vec<Found> = found.into_values().collect();
        found.sort_by_cached_key(|one| (!one.by_name, fold(one.document.name()), one.stored.id));
        found.truncate(MOST);
        Ok(found)
    }

    async fn find_kind(&self, kind: Kind, wanted: &Words, found: &mut HashMap<Uuid, Found>) -> Result<(), Error> {
        let mut after = None;
        loop {
            let some = self.records.by_kind(kind, after, BATCH).await?;
            let Some(last) = some.last() else { return Ok(()) };
            after = Some(last.id);
            for stored in some {
                let document = stored.read()?;
                let by_name = wanted.are_in(document.name());
                if !by_name && !wanted.are_in(&what_is_said(&document)) {
                    continue;
                }
                if kind == Kind::Location {
                    self.add_what_is_there(stored.id, found).await?;
                } else {
                    found.insert(stored.id, Found { stored, document, by_name });
                }
            }
        }
    }

    /// What takes place at a place that has the words.
    async fn add_what_is_there(&self, place: Uuid, found: &mut HashMap<Uuid, Found>) -> Result<(), Error> {
        for stored in self.records.referring_to(place).await? {
            if matches!(stored.kind, Kind::Service | Kind::Event) && !found.contains_key(&stored.id) {
                let document = stored.read()?;
                found.insert(stored.id, Found { stored, document, by_name: false });
            }
        }
        Ok(())
    }
}

/// What somebody looks for.
struct Words {
    all: HashSet<String>,
    /// The digits, where it can be nothing but a phone number.
    number: Option<String>,
}

impl Words {
    fn of(text: &str) -> Self {
        let digits: String = text.chars().filter(char::is_ascii_digit).collect();
        let is_number = digits.len() >= FEWEST_DIGITS && !text.chars().any(char::is_alphabetic);
        let all = fold(text).split_whitespace().map(str::to_owned).collect();
        Self { all, number: is_number.then_some(digits) }
    }

    fn are_in(&self, text: &str) -> bool {
        if let Some(number) = &self.number {
            return text.chars().filter(char::is_ascii_digit).collect::<String>().contains(number);
        }
        let text = fold(text);
        self.all.iter().all(|word| text.contains(word.as_str()))
    }
}

/// How a listing is reached, and where it is.
fn what_is_said(document: &Document) -> String {
    let mut said: Vec<&str> = vec![document.name()];
    let of = |phones: &[Phone], contacts: &[Contact]| -> Vec<String> {
        let numbers = phones.iter().chain(contacts.iter().flat_map(|contact| &contact.phones)).map(|phone| phone.number.clone());
        let people = contacts.iter().filter_map(|contact| contact.email.as_ref().map(|email| email.as_str().to_owned()));
        numbers.chain(people).collect()
    };
    let reached = match document {
        Document::Service(one) => {
            said.extend(one.alternate_name.as_deref());
            said.extend(one.email.as_ref().map(EmailAddress::as_str));
            of(&one.phones, &one.contacts)
        }
        Document::Event(one) => of(&one.phones, &one.contacts),
        Document::Organization(one) => {
            said.extend(one.alternate_name.as_deref());
            said.extend(one.email.as_ref().map(EmailAddress::as_str));
            of(&one.phones, &one.contacts)
        }
        Document::Location(place) => {
            for address in &place.addresses {
                let lines =
                    [Some(&address.address_1), address.address_2.as_ref(), Some(&address.city), Some(&address.postal_code)];
                said.extend(lines.into_iter().flatten().map(String::as_str));
            }
            of(&place.phones, &place.contacts)
        }
        _ => Vec::new(),
    };
    // Between two numbers stands something, or the end of one and the beginning of the next would be found.
    [said.join(" "), reached.join(" | ")].join(" | ")
}
