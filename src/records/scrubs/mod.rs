//! What was taken out for good: remembered, so that neither a feed that sends it again nor a
//! backup that still has it brings it back.

mod people;
mod store;

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    Caller, Draft, Entrance, Error, InHand, LastModified, NOT_PUBLISHED, Outcome, Pending, Records, Stored, Told, places,
    proposals, read, store as kept,
};
use crate::{
    db::Transaction,
    ids,
    model::{Contact, Document, LocationPolicy},
    published::{
        self,
        redaction::{self, Erased, Known},
    },
};
pub(super) use people::{keep_visibility, without_erased};
pub(super) use store::{all, of, put, take};

/// Of so many records it is asked at once what is scrubbed of them; of more only where anything is.
const FEW: usize = 8;

/// Something that is taken out for good, and stays out when a backup is restored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scrub {
    /// The place may not be told more openly than this.
    Place(LocationPolicy),
    /// This link of a service or event to a place may not tell more than this.
    Link {
        /// The id of the `service_at_location`, or of the event itself.
        link: Uuid,
        /// Not more than this.
        policy: LocationPolicy,
    },
    /// The contact with this id is erased.
    Contact(Uuid),
    /// These words are erased: somebody's name, address or number.
    Words(Erased),
}

impl Scrub {
    fn to_json(&self) -> String {
        serde_json::to_string(self).expect("a scrub has string keys only")
    }
}

/// A scrub as it is stored: what was taken out for good, of which record, and by whom.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remembered {
    /// The record.
    pub record_id: Uuid,
    /// What.
    pub what: Scrub,
    /// When.
    pub at: DateTime<Utc>,
    /// By whom.
    pub by_whom: String,
    /// Why.
    pub why: String,
    /// When somebody decided that it may be told after all. That is remembered as well, or a list that knows
    /// of the scrub only would bring it back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lifted_at: Option<DateTime<Utc>>,
}

impl Remembered {
    /// The same scrub of the same record has the same id.
    fn id(&self) -> Uuid {
        ids::derived(self.record_id, &self.what.to_json())
    }

    /// What holds once a copy of the directory was put back in place of what is known here. A copy that was made
    /// before somebody opened something again still says what stood there before that, so it is scrubbed anew.
    pub(super) fn after_restore(known: Vec<Self>, copied: Vec<Self>, now: DateTime<Utc>) -> Vec<Self> {
        let opened_then: HashMap<Uuid, Option<DateTime<Utc>>> =
            copied.iter().map(|scrub| (scrub.id(), scrub.lifted_at)).collect();
        let mut all = Self::latest(known.into_iter().chain(copied));
        for scrub in &mut all {
            let of_the_copy = opened_then.get(&scrub.id()).copied().flatten();
            if let Some(lifted) = scrub.lifted_at.filter(|at| of_the_copy.is_none_or(|then| then < *at)) {
                (scrub.at, scrub.lifted_at) = (now.max(lifted), None);
            }
        }
        all
    }

    /// Each scrub once, as it was decided last, in order of time: the same one may be known from the database,
    /// a backup and the list beside it.
    pub fn latest(all: impl IntoIterator<Item = Self>) -> Vec<Self> {
        let decided = |scrub: &Self| (scrub.lifted_at.unwrap_or(scrub.at), scrub.lifted_at.is_none());
        let mut latest: HashMap<Uuid, Self> = HashMap::new();
        for scrub in all {
            let known = latest.entry(scrub.id()).or_insert_with(|| scrub.clone());
            if decided(&scrub) > decided(known) {
                *known = scrub;
            }
        }
        let mut latest: Vec<(Uuid, Self)> = latest.into_iter().collect();
        latest.sort_unstable_by_key(|(id, scrub)| (scrub.at, *id));
        latest.into_iter().map(|(_, scrub)| scrub).collect()
    }
}

/// A place, or a link to one, that a person has decided to tell more of.
#[derive(Clone, Copy, Debug)]
pub(super) struct Opened {
    /// The record.
    pub(super) record_id: Uuid,
    /// The link; none for a place as such.
    pub(super) link: Option<Uuid>,
    /// How much may be told now.
    pub(super) policy: LocationPolicy,
}

/// The contacts with this id, each with all of its numbers.
fn contacts_with(document: &mut Document, id: Uuid) -> Vec<Contact> {
    let elsewhere = document.phones_of_contacts();
    let contacts = document.contact_lists().into_iter().flatten().filter(|contact| contact.id == id);
    contacts.map(|contact| Contact { phones: contact.numbers(&elsewhere).cloned().collect(), ..contact.clone() }).collect()
}

/// Take somebody's contact, or words, out of a document. Whether they were there.
fn takes_out(scrub: &Remembered, document: &mut Document) -> bool {
    match &scrub.what {
        Scrub::Contact(contact) => document.remove_contact(*contact),
        Scrub::Words(erased) => redaction::forget_person(document, &Known::of_erased(scrub.record_id, erased)),
        Scrub::Place(_) | Scrub::Link { .. } => false,
    }
}

/// Apply a scrub to a document that comes in through this door. Whether somebody's contact, or words, stood in it.
fn apply(scrub: &Remembered, document: &mut Document, entrance: Entrance) -> bool {
    match &scrub.what {
        Scrub::Contact(_) => return takes_out(scrub, document),
        _ if entrance.is_for_people() => {}
        Scrub::Words(_) => return takes_out(scrub, document),
        Scrub::Place(policy) => {
            if let Document::Location(place) = document {
                place.location_policy = Some(place.location_policy.unwrap_or_default().max(*policy));
            }
        }
        Scrub::Link { link, policy } => places::tighten_link(document, *link, *policy),
    }
    false
}

/// Whether what is erased stands in the record as it is stored.
fn stands(scrub: &Remembered, stored: Option<&Stored>) -> Result<bool, Error> {
    Ok(stored.map(read).transpose()?.is_some_and(|mut document| takes_out(scrub, &mut document)))
}

impl Records {
    /// Apply what is remembered about the drafts' records. Whether an erased contact was taken out
    /// of a record that still had it, so that its history must be cleaned as well.
    pub(super) async fn apply_remembered(
        &self,
        tx: &Transaction,
        caller: &Caller,
        pending: &mut [Pending],
    ) -> Result<Vec<Remembered>, Error> {
        if pending.len() > FEW && !store::any(tx.connection()).await? {
            return Ok(Vec::new());
        }
        let ids: Vec<Uuid> = pending.iter().map(Pending::id).collect();
        let mut erased = Vec::new();
        for scrub in store::of(tx.connection(), &ids).await? {
            let Some(one) = pending.iter_mut().find(|one| one.id() == scrub.record_id) else { continue };
            // A feed may send it every night: the history has to be cleaned only where it stood here.
            if apply(&scrub, &mut one.draft.document, caller.entrance) && stands(&scrub, one.before.as_ref())? {
                erased.push(scrub);
            }
        }
        Ok(erased)
    }

    /// Apply what is remembered to documents that are to wait for a person: nobody who decides about them is to read what
    /// was taken out for good.
    pub(super) async fn apply_to_waiting(&self, tx: &Transaction, caller: &Caller, drafts: &mut [Draft]) -> Result<(), Error> {
        if !store::any(tx.connection()).await? {
            return Ok(());
        }
        let ids: Vec<Uuid> = drafts.iter().map(|draft| draft.document.id()).collect();
        for scrub in store::of(tx.connection(), &ids).await? {
            for draft in drafts.iter_mut().filter(|draft| draft.document.id() == scrub.record_id) {
                apply(&scrub, &mut draft.document, caller.entrance);
                match &mut draft.document {
                    Document::Location(place) if place.location_policy == Some(LocationPolicy::Withheld) => {
                        redaction::strip_place(place);
                    }
                    document => places::strip_withheld_links(document),
                }
            }
        }
        Ok(())
    }

    /// Lift what was remembered of places and links that a person has opened again: everything
    /// stricter than what that person has now decided.
    pub(super) async fn lift_opened(&self, tx: &Transaction, opened: &[Opened]) -> Result<(), Error> {
        let ids: Vec<Uuid> = opened.iter().map(|one| one.record_id).collect();
        let mut lifted = store::of(tx.connection(), &ids).await?;
        lifted.retain(|scrub| {
            opened.iter().filter(|one| one.record_id == scrub.record_id).any(|one| match (&scrub.what, one.link) {
                (Scrub::Place(policy), None) => *policy > one.policy,
                (Scrub::Link { link, policy }, Some(opened)) => *link == opened && *policy > one.policy,
                _ => false,
            })
        });
        for scrub in &mut lifted {
            scrub.lifted_at = Some(self.clock.now());
        }
        Ok(store::put(tx, &lifted).await?)
    }

    /// Take what was scrubbed out of the history too.
    pub(super) async fn scrub_history(&self, tx: &Transaction, scrubs: &[Remembered]) -> Result<(), Error> {
        let relevant: Vec<&Remembered> = scrubs
            .iter()
            .filter(|scrub| {
                matches!(
                    scrub.what,
                    Scrub::Contact(_)
                        | Scrub::Words(_)
                        | Scrub::Place(LocationPolicy::Withheld)
                        | Scrub::Link { policy: LocationPolicy::Withheld, .. }
                )
            })
            .collect();
        let ids: Vec<Uuid> = relevant.iter().map(|scrub| scrub.record_id).collect();
        let mut records = kept::load_locked(tx, &ids).await?;
        for scrub in relevant {
            let Some(record) = records.get_mut(&scrub.record_id) else { continue };
            let mut cleaned = Vec::new();
            for version in kept::revisions(tx.connection(), record).await? {
                let mut document = read(&version)?;
                match (&scrub.what, &mut document) {
                    (Scrub::Contact(_) | Scrub::Words(_), document) => {
                        takes_out(scrub, document);
                    }
                    (Scrub::Place(_), Document::Location(place)) => redaction::strip_place(place),
                    (Scrub::Link { link, .. }, Document::Service(service)) => {
                        let links = service.service_at_locations.iter_mut();
                        links.filter(|one| Uuid::from(one.id) == *link).for_each(redaction::strip_link);
                    }
                    _ => {}
                }
                let (text, said) = (document.to_json(), people::without_words(scrub, &version.kept));
                if text != version.document || said != version.kept {
                    cleaned.push(Stored { document: text, kept: said, ..version });
                }
            }
            kept::put_revisions(tx, &cleaned).await?;
            let said = people::without_words(scrub, &record.kept);
            if said != record.kept {
                record.kept = said;
                kept::put(tx, std::slice::from_ref(&*record)).await?;
            }
        }
        Ok(())
    }

    /// Erase a contact from a record, its history and everything derived, for good. A source may give it another id with
    /// the next change of it, so what it says is erased as words are, but for what the record says elsewhere as well:
    /// a group's own number stays.
    /// # Errors
    /// [`Error::NotFound`] when the record is not there, or when the database fails.
    pub async fn erase_contact(
        &self,
        tx: &Transaction,
        caller: &Caller,
        record_id: Uuid,
        contact: Uuid,
    ) -> Result<Outcome, Error> {
        let record = kept::load_locked(tx, &[record_id]).await?.remove(&record_id).ok_or(Error::NotFound(record_id))?;
        let mut standing = read(&record)?;
        let mut theirs = contacts_with(&mut standing, contact);
        for version in kept::revisions(tx.connection(), &record).await? {
            theirs.extend(contacts_with(&mut read(&version)?, contact));
        }
        if theirs.is_empty() && !proposals::holds_contact(tx, record_id, contact).await? {
            return Err(Error::NoContact { record: record_id, contact });
        }
        standing.remove_contact(contact);
        let mut words: Vec<String> = theirs.iter().flat_map(people::own_words).collect();
        words.sort_unstable();
        words.dedup();
        words.retain(|words| redaction::texts_with(&standing, &Known::of_person(words)).is_empty());
        let erased = words.iter().flat_map(|words| Erased::of(record_id, words));
        let scrubs = std::iter::once(Scrub::Contact(contact)).chain(erased.map(Scrub::Words));
        let scrubs = scrubs.map(|what| self.scrub(caller, record_id, what)).collect();
        self.remember(tx, caller, scrubs).await
    }

    /// Erase somebody's name, email address or telephone number from a record, its history and everything derived,
    /// for good, wherever it stands there: in descriptions, telephone numbers, addresses, contacts, changes that wait,
    /// in why somebody made a change, and in what the world is told of why it went. Whole words count. Only what they
    /// hash to is remembered of them. A person may write them again.
    /// # Errors
    /// [`Error::NotFound`] when the record is not there, [`Error::NoWords`] when it never said so, or when the
    /// database fails.
    pub async fn erase_words(&self, tx: &Transaction, caller: &Caller, record_id: Uuid, words: &str) -> Result<Outcome, Error> {
        let record = kept::load_locked(tx, &[record_id]).await?.remove(&record_id).ok_or(Error::NotFound(record_id))?;
        let known = Known::of_person(words);
        let mut told = redaction::forget_person(&mut read(&record)?, &known) || known.is_told_in(&record.kept.why);
        for version in kept::revisions(tx.connection(), &record).await? {
            told |= redaction::forget_person(&mut read(&version)?, &known) || known.is_told_in(&version.kept.why);
        }
        told |= proposals::forget_words(tx, record_id, &known).await? > 0;
        let tombstones = published::made_of(tx, &[record_id]).await?;
        told |= tombstones.iter().filter_map(|row| row.reason.as_deref()).any(|reason| known.is_told_in(reason));
        if !told {
            return Err(Error::NoWords(record_id));
        }
        let erased = Erased::of(record_id, words).into_iter();
        let scrubs = erased.map(|one| self.scrub(caller, record_id, Scrub::Words(one))).collect();
        self.remember(tx, caller, scrubs).await
    }

    pub(super) fn scrub(&self, caller: &Caller, record_id: Uuid, what: Scrub) -> Remembered {
        let (by_whom, why) = (caller.name.clone(), caller.why.clone());
        Remembered { record_id, what, at: self.clock.now(), by_whom, why, lifted_at: None }
    }

    /// The contacts of these records that were erased.
    /// # Errors
    /// When the database fails.
    pub async fn erased_contacts(&self, records: &[Uuid]) -> Result<HashSet<(Uuid, Uuid)>, Error> {
        let scrubs = store::of(self.db.reader(), records).await?;
        Ok(scrubs
            .into_iter()
            .filter_map(|scrub| match scrub.what {
                Scrub::Contact(contact) => Some((scrub.record_id, contact)),
                Scrub::Place(_) | Scrub::Link { .. } | Scrub::Words(_) => None,
            })
            .collect())
    }

    /// Everything that was ever scrubbed, also what may be told again, for keeping beside backups.
    /// # Errors
    /// When the database fails.
    pub async fn remembered(&self) -> Result<Vec<Remembered>, Error> {
        Ok(store::all(self.db.reader()).await?)
    }

    /// Scrub again what was scrubbed before, after a backup from earlier has been restored.
    /// # Errors
    /// When the database fails.
    pub async fn remember(&self, tx: &Transaction, caller: &Caller, scrubs: Vec<Remembered>) -> Result<Outcome, Error> {
        let mut scrubs = Remembered::latest(scrubs);
        // Held before anything of them is read: what somebody saves at this moment would be undone.
        let mut ids: Vec<Uuid> = scrubs.iter().filter(|scrub| scrub.lifted_at.is_none()).map(|scrub| scrub.record_id).collect();
        ids.sort_unstable();
        ids.dedup();
        kept::load_locked(tx, &ids).await?;
        store::put(tx, &scrubs).await?;
        scrubs.retain(|scrub| scrub.lifted_at.is_none());
        self.scrub_history(tx, &scrubs).await?;
        for scrub in &scrubs {
            // Saving forgets what waits only where what is scrubbed still stands.
            match &scrub.what {
                Scrub::Contact(contact) => {
                    proposals::forget_contact(tx, scrub.record_id, *contact).await?;
                }
                Scrub::Words(erased) => {
                    proposals::forget_words(tx, scrub.record_id, &Known::of_erased(scrub.record_id, erased)).await?;
                }
                Scrub::Place(_) | Scrub::Link { .. } => proposals::forget(tx, &[scrub.record_id]).await?,
            }
        }
        let mut stored = kept::load(tx.connection(), &ids).await?;
        let mut drafts = Vec::new();
        for id in &ids {
            if let Some(stored) = stored.remove(id) {
                let document = read(&stored)?;
                drafts.push(Draft {
                    state: stored.state,
                    origin: stored.origin,
                    source_id: stored.source_id,
                    ..Draft::new(document)
                });
            }
        }
        let caller = Caller { entrance: Entrance::OwnExport, ..caller.clone() };
        let told = Told { reason: NOT_PUBLISHED, urgent: false, scrubbed: &ids, erased: &scrubs };
        self.save_saying(tx, &caller, InHand::of(drafts), &LastModified::new(), &[], told).await
    }
}
