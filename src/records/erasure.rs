//! Finding where somebody's contact stands, and forgetting what somebody wrote here.

use std::collections::{BTreeMap, HashSet};

use chrono::{DateTime, Utc};
use serde::Serialize;
use uuid::Uuid;

use super::{Error, Records, State, Stored, proposals, read, references, store};
use crate::{
    db::Transaction,
    model::{Contact, Kind, text, values::EmailAddress},
};

/// Rows that are read at once.
const ROWS: u64 = 500;
/// More contacts than this are not told at once: whoever asks should ask more closely.
const MOST: usize = 200;
/// So many digits are looked for as a telephone number.
const NUMBER: usize = 5;

/// A contact that somebody looked for, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FoundContact {
    /// The record.
    pub record: Uuid,
    /// What it is called.
    pub listing: String,
    /// Which directory it comes from; empty for our own.
    pub origin: String,
    /// The contact.
    pub contact: Uuid,
    /// Who it is: the name, the address, the numbers.
    pub says: String,
    /// Whether it stands in the record now.
    pub stands: bool,
    /// Whether the world can read it now.
    pub public: bool,
    /// In how many earlier versions it stands.
    pub versions: usize,
}

/// What was forgotten of somebody.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Forgotten {
    /// Changes of theirs that waited.
    pub proposals: u64,
    /// What they said about changes.
    pub messages: u64,
    /// Listings that nobody but them had seen.
    pub drafts: u64,
}

/// What somebody looks for: words, and digits where there are enough of them.
struct Wanted {
    words: String,
    digits: String,
}

impl Wanted {
    fn new(words: &str) -> Self {
        Self { words: text::fold(words), digits: digits(words) }
    }

    fn is(&self, contact: &Contact) -> bool {
        let said = [contact.name.as_deref(), contact.email.as_ref().map(EmailAddress::as_str)];
        let by_words = !self.words.is_empty() && said.into_iter().flatten().any(|text| text::fold(text).contains(&self.words));
        let by_number =
            self.digits.len() >= NUMBER && contact.phones.iter().any(|phone| digits(&phone.number).contains(&self.digits));
        by_words || by_number
    }
}

fn digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

fn says(contact: &Contact) -> String {
    let email = contact.email.as_ref().map(|email| email.as_str().to_owned());
    let phones = contact.phones.iter().map(|phone| phone.number.clone());
    contact.name.clone().into_iter().chain(email).chain(phones).collect::<Vec<_>>().join(", ")
}

impl Records {
    /// Contacts whose name, address or number has these words or digits, in records as they stand and in
    /// their earlier versions, at most 200 of them.
    /// # Errors
    /// When the database fails, or a document cannot be read.
    pub async fn find_contacts(&self, words: &str) -> Result<Vec<FoundContact>, Error> {
        let wanted = Wanted::new(words);
        let mut found: BTreeMap<(Uuid, Uuid), FoundContact> = BTreeMap::new();
        for kind in [Kind::Organization, Kind::Service, Kind::Location, Kind::Event] {
            let mut after = None;
            while found.len() < MOST {
                let page = store::by_kind(&self.db, kind, after, ROWS).await?;
                let Some(last) = page.last() else { break };
                after = Some(last.id);
                for record in &page {
                    look_into(record, &wanted, &mut found, true)?;
                }
            }
        }
        let mut after = None;
        while found.len() < MOST {
            let page = store::revisions_after(self.db.reader(), after, ROWS).await?;
            let Some(last) = page.last() else { break };
            after = Some((last.id, last.kept.revision));
            for version in &page {
                look_into(version, &wanted, &mut found, false)?;
            }
        }
        Ok(found.into_values().take(MOST).collect())
    }

    /// Forget what somebody wrote that nobody needs without them: changes that wait, what they said about
    /// changes, and drafts that only they have seen. What was published stays, and so does its history.
    /// # Errors
    /// When the database fails.
    pub async fn forget_author(&self, tx: &Transaction, who: &str) -> Result<Forgotten, Error> {
        let mut drafts = Vec::new();
        for record in store::unpublished_by(tx, who).await? {
            let earlier = store::revisions(tx.connection(), &record).await?;
            if earlier.iter().all(|version| version.kept.changed_by == who && version.state == State::Unpublished) {
                drafts.push(record.id);
            }
        }
        // A place that others use by now is theirs, too.
        let linked = references::links_to(tx.connection(), &drafts).await?;
        let own: HashSet<Uuid> = drafts.iter().copied().collect();
        let used: HashSet<Uuid> = linked.iter().filter(|link| !own.contains(&link.from)).map(|link| link.to).collect();
        drafts.retain(|id| !used.contains(id));
        let (waiting, messages) = proposals::forget_by(tx, who).await?;
        proposals::forget(tx, &drafts).await?;
        store::delete(tx, &drafts).await?;
        Ok(Forgotten { proposals: waiting, messages, drafts: drafts.len() as u64 })
    }

    /// Forget proposals that were decided before this moment, with what was said about them; how many.
    /// # Errors
    /// When the database fails.
    pub async fn tidy_proposals(&self, tx: &Transaction, before: DateTime<Utc>) -> Result<u64, Error> {
        Ok(proposals::forget_decided(tx, before).await?)
    }
}

fn look_into(
    stored: &Stored,
    wanted: &Wanted,
    found: &mut BTreeMap<(Uuid, Uuid), FoundContact>,
    stands: bool,
) -> Result<(), Error> {
    // Most have none, and reading a document is what costs.
    if !stored.document.contains("\"contacts\"") {
        return Ok(());
    }
    let mut document = read(stored)?;
    let listing = document.name().to_owned();
    for contact in document.contact_lists().into_iter().flatten().filter(|contact| wanted.is(contact)) {
        let one = found.entry((stored.id, contact.id)).or_insert_with(|| FoundContact {
            record: stored.id,
            listing: listing.clone(),
            origin: stored.origin.clone(),
            contact: contact.id,
            says: says(contact),
            stands: false,
            public: false,
            versions: 0,
        });
        if stands {
            one.stands = true;
            one.public = stored.state == State::Published && contact.is_public();
        } else {
            one.versions += 1;
        }
    }
    Ok(())
}
