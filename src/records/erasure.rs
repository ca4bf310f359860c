//! Finding where somebody is named, and forgetting what somebody wrote here.

use std::collections::{BTreeMap, HashSet};

use chrono::{DateTime, Utc};
use serde::Serialize;
use uuid::Uuid;

use super::{Decision, Error, Proposal, Records, State, Stored, drafts, proposals, read, references, store};
use crate::{
    db::Transaction,
    model::{Contact, Document, Kind, Phone, text, values::EmailAddress},
    published::{
        self,
        redaction::{self, Known},
    },
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

/// Words that somebody looked for, outside contacts, and where they stand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FoundWords {
    /// The record.
    pub record: Uuid,
    /// What it is called.
    pub listing: String,
    /// Which directory it comes from; empty for our own.
    pub origin: String,
    /// The texts that have them, now or in the latest version that has.
    pub says: Vec<String>,
    /// Whether they stand in the record now.
    pub stands: bool,
    /// Whether the world can read the record now.
    pub public: bool,
    /// In how many earlier versions they stand.
    pub versions: usize,
    /// In how many changes that were proposed they stand.
    pub proposals: usize,
}

/// What was found of somebody.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct FoundPerson {
    /// Contacts with these words in them.
    pub contacts: Vec<FoundContact>,
    /// Everything else that has exactly these words.
    pub words: Vec<FoundWords>,
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

    fn is(&self, contact: &Contact, elsewhere: &[Phone]) -> bool {
        let said = [contact.name.as_deref(), contact.email.as_ref().map(EmailAddress::as_str)];
        let by_words = !self.words.is_empty() && said.into_iter().flatten().any(|text| text::fold(text).contains(&self.words));
        let by_number =
            self.digits.len() >= NUMBER && contact.numbers(elsewhere).any(|phone| digits(&phone.number).contains(&self.digits));
        by_words || by_number
    }
}

fn digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

fn says(contact: &Contact, elsewhere: &[Phone]) -> String {
    let email = contact.email.as_ref().map(|email| email.as_str().to_owned());
    let phones = contact.numbers(elsewhere).map(|phone| phone.number.clone());
    contact.name.clone().into_iter().chain(email).chain(phones).collect::<Vec<_>>().join(", ")
}

/// What is looked for, and what was found of it so far.
struct Search {
    wanted: Wanted,
    known: Known,
    /// What every document with the words has in it, letters and digits only: most have it not, and reading them
    /// costs.
    sign: String,
    contacts: BTreeMap<(Uuid, Uuid), FoundContact>,
    words: BTreeMap<Uuid, FoundWords>,
}

impl Search {
    fn new(words: &str) -> Self {
        let sign = plain(words);
        // Numbers are written with and without the country.
        let national =
            if sign.chars().all(|c| c.is_ascii_digit()) { sign.trim_start_matches("44").trim_start_matches('0') } else { &sign };
        Self {
            wanted: Wanted::new(words),
            known: Known::of_person(words),
            sign: national.to_owned(),
            contacts: BTreeMap::new(),
            words: BTreeMap::new(),
        }
    }

    fn is_full(&self) -> bool {
        self.contacts.len() >= MOST || self.words.len() >= MOST
    }

    fn look_into(&mut self, stored: &Stored, stands: bool) -> Result<(), Error> {
        let has_sign = |text: &str| plain(&text.replace("\\n", " ")).contains(&self.sign);
        let has_words = !self.sign.is_empty() && (has_sign(&stored.document) || has_sign(&stored.kept.why));
        if !has_words && !stored.document.contains("\"contacts\"") {
            return Ok(());
        }
        let mut document = read(stored)?;
        look_for_contacts(stored, &mut document, &self.wanted, &mut self.contacts, stands);
        if has_words {
            self.look_for_words(stored, document, stands);
        }
        Ok(())
    }

    fn look_for_words(&mut self, stored: &Stored, mut document: Document, stands: bool) {
        document.contact_lists().into_iter().for_each(Vec::clear);
        let mut says = redaction::texts_with(&document, &self.known);
        says.extend(Some(&stored.kept.why).filter(|why| self.known.is_told_in(why)).cloned());
        if says.is_empty() {
            return;
        }
        let one = self.found_in(stored, document.name());
        one.says = says;
        if stands {
            (one.stands, one.public) = (true, stored.state == State::Published);
        } else {
            one.versions += 1;
        }
    }

    fn found_in(&mut self, stored: &Stored, listing: &str) -> &mut FoundWords {
        self.words.entry(stored.id).or_insert_with(|| FoundWords {
            record: stored.id,
            listing: listing.to_owned(),
            origin: stored.origin.clone(),
            says: Vec::new(),
            stands: false,
            public: false,
            versions: 0,
            proposals: 0,
        })
    }
}

impl Records {
    /// Contacts whose name, address or number has these words or digits, and everything else that has exactly these
    /// words, in records as they stand, in their earlier versions and in proposals; at most 200 of each.
    /// # Errors
    /// When the database fails, or a document cannot be read.
    pub async fn find_person(&self, words: &str) -> Result<FoundPerson, Error> {
        let mut search = Search::new(words);
        let mut after = None;
        while !search.is_full() {
            let page = store::revisions_after(self.db.reader(), after, ROWS).await?;
            let Some(last) = page.last() else { break };
            after = Some((last.id, last.kept.revision));
            for version in &page {
                search.look_into(version, false)?;
            }
        }
        // What stands is what is shown of it.
        for kind in Kind::RECORDS {
            let mut after = None;
            while !search.is_full() {
                let page = store::by_kind(&self.db, kind, after, ROWS).await?;
                let Some(last) = page.last() else { break };
                after = Some(last.id);
                for record in &page {
                    search.look_into(record, true)?;
                }
            }
        }
        for (record, says) in proposals::with_words(self.db.reader(), &search.known).await? {
            let stored = store::load(self.db.reader(), &[record]).await?.remove(&record);
            let Some(stored) = stored else { continue };
            let name = read(&stored)?.name().to_owned();
            let one = search.found_in(&stored, &name);
            one.proposals += 1;
            if one.says.is_empty() {
                one.says = says;
            }
        }
        let (contacts, words) = (search.contacts.into_values(), search.words.into_values());
        Ok(FoundPerson { contacts: contacts.take(MOST).collect(), words: words.take(MOST).collect() })
    }

    /// Forget what somebody wrote that nobody needs without them: changes that wait, what they said about
    /// changes, and drafts that only they have seen. What was published stays, and so does its history.
    /// # Errors
    /// When the database fails.
    pub async fn forget_author(&self, tx: &Transaction, who: &str) -> Result<Forgotten, Error> {
        let mut drafts = Vec::new();
        for record in drafts::by(tx, who).await? {
            let earlier = store::revisions(tx.connection(), &record).await?;
            if earlier.iter().all(|version| version.kept.changed_by == who && version.state != State::Published) {
                drafts.push(record.id);
            }
        }
        let drafts = unused(tx, drafts).await?;
        let (waiting, messages) = proposals::forget_by(tx, who).await?;
        proposals::forget(tx, &drafts).await?;
        drafts::delete(tx, &drafts).await?;
        Ok(Forgotten { proposals: waiting, messages, drafts: drafts.len() as u64 })
    }

    /// Delete listings that people began here and never published, also those that they threw away, when nobody has
    /// touched them since `before`. What waits for a moderator or was decided since stays, and so does what something
    /// else refers to, and what is to be spared. Gives which there were.
    /// # Errors
    /// When the database fails.
    pub async fn tidy_drafts(&self, tx: &Transaction, before: DateTime<Utc>, spared: &[Uuid]) -> Result<Vec<Uuid>, Error> {
        let known = drafts::before(tx, before).await?;
        // Asked once more of what is locked: somebody may have gone on with one since.
        let is_old = |stored: &Stored| stored.state != State::Published && stored.kept.changed_at < before;
        let locked = store::load_locked(tx, &known).await?;
        let mut drafts: Vec<Uuid> = locked.into_values().filter(is_old).map(|stored| stored.id).collect();
        drafts.sort_unstable();
        let is_busy = |one: &&Proposal| {
            let decided = one.decided.as_ref().map_or(one.at, |decided| decided.at);
            one.decision == Decision::Waiting || decided >= before
        };
        let mut busy: HashSet<Uuid> =
            self.proposed_about(&drafts).await?.iter().filter(is_busy).map(|one| one.record_id).collect();
        // Whoever goes on with its place, or with its organisation, goes on with it.
        let links = references::links_from(tx.connection(), &drafts).await?;
        let whole: Vec<Uuid> = links.iter().map(|link| link.to).collect();
        let mut begun = store::load(tx.connection(), &whole).await?;
        begun.retain(|_, stored| stored.state == State::Unpublished && stored.kept.changed_at >= before);
        busy.extend(links.iter().filter(|link| begun.contains_key(&link.to)).map(|link| link.from));
        // A takedown takes history along: what the world was told of is known where it is told, too.
        busy.extend(published::current(tx, &drafts).await?.iter().map(|row| row.id));
        drafts.retain(|id| !busy.contains(id) && !spared.contains(id));
        let drafts = unused(tx, drafts).await?;
        proposals::forget(tx, &drafts).await?;
        drafts::delete(tx, &drafts).await?;
        Ok(drafts)
    }

    /// Forget proposals that were decided before this moment, with what was said about them; how many.
    /// # Errors
    /// When the database fails.
    pub async fn tidy_proposals(&self, tx: &Transaction, before: DateTime<Utc>) -> Result<u64, Error> {
        Ok(proposals::forget_decided(tx, before).await?)
    }
}

/// Those of these records that only each other refer to: a place that others use by now is theirs, too.
async fn unused(tx: &Transaction, mut records: Vec<Uuid>) -> Result<Vec<Uuid>, Error> {
    loop {
        let own: HashSet<Uuid> = records.iter().copied().collect();
        let linked = references::links_to(tx.connection(), &records).await?;
        let used: HashSet<Uuid> = linked.iter().filter(|link| !own.contains(&link.from)).map(|link| link.to).collect();
        if used.is_empty() {
            return Ok(records);
        }
        records.retain(|id| !used.contains(id));
    }
}

/// The letters and digits of a text, folded.
fn plain(text: &str) -> String {
    text::fold(text).chars().filter(|c| c.is_alphanumeric()).collect()
}

fn look_for_contacts(
    stored: &Stored,
    document: &mut Document,
    wanted: &Wanted,
    found: &mut BTreeMap<(Uuid, Uuid), FoundContact>,
    stands: bool,
) {
    let listing = document.name().to_owned();
    let elsewhere = document.phones_of_contacts();
    for contact in document.contact_lists().into_iter().flatten().filter(|contact| wanted.is(contact, &elsewhere)) {
        let one = found.entry((stored.id, contact.id)).or_insert_with(|| FoundContact {
            record: stored.id,
            listing: listing.clone(),
            origin: stored.origin.clone(),
            contact: contact.id,
            says: says(contact, &elsewhere),
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
}
