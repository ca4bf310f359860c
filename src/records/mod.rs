//! The truth, and the only way to change it.
//!
//! [`Records::save`] takes documents, decides what of each may be kept and told, stores it with
//! its history, renders everything that shows it, numbers and publishes that, in one transaction.
//! The order in which it does so is what keeps readers from missing anything or seeing anything
//! stale (`docs/decisions/0001-positions.md`): records first; then the counter is locked; then
//! what is rendered is read; then it is written. After the counter no record is touched.

mod ageing;
mod annotations;
mod copies;
mod erasure;
mod freshness;
mod masking;
mod pictures;
mod places;
mod preview;
mod proposals;
mod publish;
mod reading;
mod scrubs;
mod staleness;
mod store;

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    clock::Clock,
    db::{self, Database, Transaction},
    model::{Document, Kind, LocationPolicy, Reference, annotation, provenance},
    published::{BECAME, Position},
    signing::Signer,
};
pub use annotations::{Annotated, Annotation};
pub use copies::Copied;
pub use erasure::{Forgotten, FoundContact};
pub use freshness::{CHECKED_HOW, Check, Fresh, How, Limits, Mark, day_of};
pub use pictures::Kept as KeptPicture;
pub use proposals::{Decided, Decision, Edit, Message, Part, Proposal, Verdict};
pub use staleness::{Stale, Step};
pub use store::{Remembered, Stored, Version};

use reading::read;

/// Whether a record is to be seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// By everybody.
    #[default]
    Published,
    /// Only by those who keep it.
    Unpublished,
    /// By nobody any more; a tombstone says so.
    Gone,
}

impl State {
    fn from_number(number: i16) -> Self {
        match number {
            0 => Self::Published,
            1 => Self::Unpublished,
            _ => Self::Gone,
        }
    }
}

/// Which version of a record it is, and how it came about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// Counts the record's versions, from 1.
    pub revision: i64,
    /// When.
    pub changed_at: DateTime<Utc>,
    /// Who.
    pub changed_by: String,
    /// Why.
    pub why: String,
}

/// Through which door a change comes; they differ in what they may decide.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entrance {
    /// A person who may decide how much of a place is told.
    Person,
    /// A feed or a file: it may make a place stricter, never more open, and its contacts stay as
    /// private as somebody here has made them.
    Feed,
    /// Our own complete export. What was scrubbed since stays scrubbed.
    OwnExport,
}

/// Who changes something, and why.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Who, as history shows it.
    pub name: String,
    /// Why, as history shows it.
    pub why: String,
    /// Through which door.
    pub entrance: Entrance,
}

/// A document on its way in.
#[derive(Clone, Debug)]
pub struct Draft {
    /// The document: references by id, nothing nested.
    pub document: Document,
    /// Whether it is to be seen.
    pub state: State,
    /// Which directory it comes from; empty for our own.
    pub origin: String,
    /// What its source called it, where that was not a UUID.
    pub source_id: Option<String>,
    /// The version that the writer has read; anything else is a conflict.
    pub expected_revision: Option<i64>,
    /// The version it was in the directory that exported it.
    pub kept: Option<Kept>,
}

impl Draft {
    /// A new public document of our own.
    pub fn new(document: Document) -> Self {
        Self { document, state: State::Published, origin: String::new(), source_id: None, expected_revision: None, kept: None }
    }
}

/// What became of a draft.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Saved {
    /// It was not there before.
    Created,
    /// It was different before.
    Updated,
    /// It was the same before; nothing was written.
    Unchanged,
}

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
}

impl Scrub {
    fn to_json(&self) -> String {
        serde_json::to_string(self).expect("a scrub has string keys only")
    }
}

/// Why something was not changed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database failed.
    #[error(transparent)]
    Database(#[from] db::Error),
    /// Somebody else was quicker.
    #[error("record {id} is at revision {found}, not {expected}")]
    Stale {
        /// The record.
        id: Uuid,
        /// What the writer had read.
        expected: i64,
        /// What is there.
        found: i64,
    },
    /// There is nothing under this id.
    #[error("record {0} does not exist")]
    NotFound(Uuid),
    /// What another directory publishes is followed from there, and is not ours to change or to take over.
    #[error("record {id} belongs to {origin} and comes from there; you can hide it here or add to it")]
    Foreign {
        /// The record.
        id: Uuid,
        /// Whose it is.
        origin: String,
    },
    /// Only records of other directories are annotated; our own are edited.
    #[error("record {0} is our own: change it instead of annotating it")]
    NotForeign(Uuid),
    /// More is to be added to a record than can be.
    #[error("at most 50 terms and a note of 2,000 characters can be added to record {0}")]
    TooMuch(Uuid),
    /// The record has no such contact, and never had.
    #[error("record {record} does not have, and has never had, contact {contact}")]
    NoContact {
        /// The record.
        record: Uuid,
        /// The contact.
        contact: Uuid,
    },
    /// The id belongs to a record of another kind.
    #[error("{id} is the id of a {found}, so it cannot be used for a {wanted}")]
    OtherKind {
        /// The id.
        id: Uuid,
        /// What has it.
        found: Kind,
        /// What wants it.
        wanted: Kind,
    },
    /// Somebody has decided it already, or its author took it back.
    #[error("proposal {0} has already been decided or withdrawn")]
    Decided(Uuid),
    /// What was accepted of a change gives no document that can stand.
    #[error("this {kind} cannot be published: {problem}")]
    Unfit {
        /// Kind of the record.
        kind: Kind,
        /// What is wrong.
        problem: String,
    },
    /// What is stored cannot be read. Never the fault of the caller.
    #[error("record {id} is damaged: {problem}")]
    Damaged {
        /// The record.
        id: Uuid,
        /// What is wrong with it.
        problem: String,
    },
}

/// What a save did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// What became of each draft, in their order.
    pub saved: Vec<Saved>,
    /// Where the order of everything published stood before.
    pub began: Position,
    /// Where it stands now.
    pub position: Position,
    /// Whether something was taken out for good.
    pub scrubbed: bool,
}

/// What tombstones say where nobody has given a reason.
const NOT_PUBLISHED: &str = "it is no longer published";

/// Moments of last change that a directory's own export brings along, by record.
pub type LastModified = HashMap<Uuid, DateTime<Utc>>;

/// The records of this directory. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Records {
    db: Database,
    clock: Clock,
    signer: Arc<Signer>,
    withheld_categories: Arc<[String]>,
    limits: Option<Limits>,
}

/// What the world is told of what leaves.
#[derive(Clone, Copy)]
struct Told<'a> {
    /// What its tombstone says.
    reason: &'a str,
    /// Whether followers have to drop their copies at once.
    urgent: bool,
    /// Records of which something was taken out for good, be it in their history only: whoever was told of
    /// it before has to hear so, also where nothing else is told of them now.
    scrubbed: &'a [Uuid],
}

/// A draft beside what is stored under its id.
#[derive(Debug)]
struct Pending {
    draft: Draft,
    before: Option<Stored>,
    references: Vec<Reference>,
}

impl Pending {
    fn id(&self) -> Uuid {
        self.draft.document.id()
    }
}

impl Records {
    /// Records in `db`.
    pub fn new(db: Database, clock: Clock, signer: Arc<Signer>, withheld_categories: &[String]) -> Self {
        Self { db, clock, signer, withheld_categories: withheld_categories.into(), limits: None }
    }

    /// The database they are in.
    pub fn database(&self) -> &Database {
        &self.db
    }

    /// Who signs what is published.
    pub fn signer(&self) -> &Arc<Signer> {
        &self.signer
    }

    /// The clock they go by.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Words that name categories whose places are secret.
    pub fn withheld_categories(&self) -> &[String] {
        &self.withheld_categories
    }

    /// [`Records::save`] in a transaction of its own, committed.
    /// # Errors
    /// As [`Records::save`].
    pub async fn save_now(&self, caller: &Caller, drafts: Vec<Draft>, last_modified: &LastModified) -> Result<Outcome, Error> {
        let tx = self.db.write().await?;
        let outcome = self.save(&tx, caller, drafts, last_modified).await?;
        tx.commit().await?;
        Ok(outcome)
    }

    /// Store drafts and publish what follows from them. The transaction is the caller's to commit;
    /// it may hold one save, and nothing that changes records after it.
    /// # Errors
    /// [`Error::Stale`], [`Error::OtherKind`] and [`Error::Foreign`] before anything is written; or when the
    /// database fails.
    pub async fn save(
        &self,
        tx: &Transaction,
        caller: &Caller,
        drafts: Vec<Draft>,
        last_modified: &LastModified,
    ) -> Result<Outcome, Error> {
        self.save_and_purge(tx, caller, drafts, last_modified, &[]).await
    }

    /// [`Records::save`], and nothing is kept of what stood under the ids `purged` before: no history
    /// here, and readers destroy their copies.
    /// # Errors
    /// As [`Records::save`].
    pub async fn save_and_purge(
        &self,
        tx: &Transaction,
        caller: &Caller,
        drafts: Vec<Draft>,
        last_modified: &LastModified,
        purged: &[Uuid],
    ) -> Result<Outcome, Error> {
        let told = Told { reason: NOT_PUBLISHED, urgent: false, scrubbed: &[] };
        self.save_saying(tx, caller, drafts, last_modified, purged, told).await
    }

    /// [`Records::save`], with what the tombstones of whatever leaves say to everybody. What
    /// history says is for those who keep the records.
    async fn save_saying(
        &self,
        tx: &Transaction,
        caller: &Caller,
        drafts: Vec<Draft>,
        last_modified: &LastModified,
        purged: &[Uuid],
        told: Told<'_>,
    ) -> Result<Outcome, Error> {
        let now = self.clock.now();
        let asked: Vec<Uuid> = drafts.iter().map(|draft| draft.document.id()).collect();
        let mut pending = self.prepare(tx, drafts).await?;
        let erased = self.apply_remembered(tx, caller, &mut pending).await?;
        let mut decided = self.decide_places(tx, caller, &mut pending, now).await?;
        decided.scrubs.extend(erased);

        let mut outcomes: HashMap<Uuid, Saved> = HashMap::with_capacity(pending.len());
        let mut rows = Vec::new();
        let mut replaced = Vec::new();
        let mut references = Vec::new();
        let mut changed = HashMap::new();
        let mut fresh = true;
        for one in pending {
            let document = one.draft.document.to_json();
            let same = one.before.as_ref().is_some_and(|before| {
                before.document == document && before.state == one.draft.state && before.origin == one.draft.origin
            });
            let id = one.id();
            let outcome = match (&one.before, same) {
                (_, true) => Saved::Unchanged,
                (Some(_), false) => Saved::Updated,
                (None, false) => Saved::Created,
            };
            outcomes.insert(id, outcome);
            if same {
                continue;
            }
            let revision = one.before.as_ref().map_or(1, |before| before.kept.revision + 1);
            let kept = one.draft.kept.filter(|kept| kept.revision >= revision).unwrap_or_else(|| Kept {
                revision,
                changed_at: now,
                changed_by: caller.name.clone(),
                why: caller.why.clone(),
            });
            fresh &= one.before.is_none();
            // What a source calls a place may be its address.
            let nameless = matches!(&one.draft.document, Document::Location(place) if place.location_policy == Some(LocationPolicy::Withheld));
            let source_id = one.draft.source_id.or_else(|| one.before.as_ref().and_then(|before| before.source_id.clone()));
            let source_id = source_id.filter(|_| !nameless);
            rows.push(Stored {
                id,
                kind: one.draft.document.kind(),
                state: one.draft.state,
                origin: one.draft.origin.clone(),
                source_id,
                document,
                kept,
            });
            replaced.extend(one.before);
            references.push((id, if one.draft.state == State::Gone { Vec::new() } else { one.references }));
            changed.insert(id, (one.draft.origin, one.draft.state, one.draft.document));
        }

        // In one order everywhere, or two writers of the same records could wait for each other.
        rows.sort_unstable_by_key(|row| row.id);
        store::put(tx, &rows).await?;
        store::put_revisions(tx, &replaced).await?;
        store::forget_revisions(tx, purged).await?;
        store::put_references(tx, &references, fresh).await?;
        self.scrub_history(tx, &decided.scrubs).await?;
        self.mask_history(tx, &decided.masked).await?;
        store::put_scrubs(tx, &decided.scrubs).await?;
        let scrubbed_records: Vec<Uuid> = decided.scrubs.iter().map(|scrub| scrub.record_id).collect();
        proposals::forget(tx, &scrubbed_records).await?;
        self.lift_opened(tx, &decided.opened).await?;

        let masked: Vec<Uuid> = decided.masked.keys().copied().collect();
        let scrubbed: HashSet<Uuid> =
            [scrubbed_records.as_slice(), &masked, purged, told.scrubbed].into_iter().flatten().copied().collect();
        let urgent = told.urgent || !scrubbed.is_empty();
        if urgent {
            tx.sweep_later().await?;
        }
        let cause = publish::Cause {
            reason: told.reason,
            urgent,
            scrubbed: &scrubbed,
            reopened: !decided.opened.is_empty(),
            now,
            last_modified,
        };
        let (began, position) = self.publish(tx, changed, &decided.touched_places, &cause).await?;
        let saved = asked.iter().map(|id| outcomes.get(id).copied().unwrap_or(Saved::Unchanged)).collect();
        Ok(Outcome { saved, began, position, scrubbed: !scrubbed.is_empty() })
    }

    /// Take a record of ours out of everything public; its tombstone says why.
    /// # Errors
    /// [`Error::NotFound`], [`Error::Foreign`], [`Error::Stale`], or when the database fails.
    pub async fn withdraw(
        &self,
        tx: &Transaction,
        caller: &Caller,
        id: Uuid,
        expected_revision: Option<i64>,
    ) -> Result<Outcome, Error> {
        let stored = store::load(tx.connection(), &[id]).await?.remove(&id).ok_or(Error::NotFound(id))?;
        if !stored.origin.is_empty() {
            // Its source would bring it back with its next version.
            return Err(Error::Foreign { id, origin: stored.origin });
        }
        let document = read(&stored)?;
        let draft = Draft { state: State::Gone, source_id: stored.source_id, expected_revision, ..Draft::new(document) };
        let told = Told { reason: &caller.why, urgent: false, scrubbed: &[] };
        self.save_saying(tx, caller, vec![draft], &LastModified::new(), &[], told).await
    }

    /// Take a record out because another one of its kind has taken its place, as its tombstone says.
    /// # Errors
    /// [`Error::NotFound`], or when the database fails.
    pub async fn give_way(&self, tx: &Transaction, caller: &Caller, id: Uuid, successor: Uuid) -> Result<Outcome, Error> {
        let stored = store::load(tx.connection(), &[id]).await?.remove(&id).ok_or(Error::NotFound(id))?;
        let document = read(&stored)?;
        let draft = Draft { state: State::Gone, origin: stored.origin, source_id: stored.source_id, ..Draft::new(document) };
        let reason = format!("{BECAME}{successor}");
        let told = Told { reason: &reason, urgent: false, scrubbed: &[] };
        self.save_saying(tx, caller, vec![draft], &LastModified::new(), &[], told).await
    }

    /// Let a record be seen by nobody but those who keep it, at once: followers are told that it is
    /// urgent, so they drop their copies. The reason is for history; the world is told none. A record of
    /// another directory stays as it is, and is hidden by what we add to it, so that its next version is too.
    /// # Errors
    /// [`Error::NotFound`], [`Error::Stale`], or when the database fails.
    pub async fn hide(
        &self,
        tx: &Transaction,
        caller: &Caller,
        id: Uuid,
        expected_revision: Option<i64>,
    ) -> Result<Outcome, Error> {
        let stored = store::load(tx.connection(), &[id]).await?.remove(&id).ok_or(Error::NotFound(id))?;
        if !stored.origin.is_empty() {
            return self.show_here(tx, caller, id, false).await;
        }
        let document = read(&stored)?;
        let draft = Draft { state: State::Unpublished, source_id: stored.source_id, expected_revision, ..Draft::new(document) };
        let told = Told { reason: NOT_PUBLISHED, urgent: true, scrubbed: &[] };
        self.save_saying(tx, caller, vec![draft], &LastModified::new(), &[], told).await
    }

    /// Hold these records until the transaction ends: others that hold or change them wait. Gives them
    /// as they are.
    /// # Errors
    /// When the database fails.
    pub async fn hold(&self, tx: &Transaction, ids: &[Uuid]) -> Result<HashMap<Uuid, Stored>, Error> {
        Ok(store::load_locked(tx, ids).await?)
    }

    /// Drafts beside what is stored, each id once (the last draft of an id stands).
    async fn prepare(&self, tx: &Transaction, drafts: Vec<Draft>) -> Result<Vec<Pending>, Error> {
        let ids: Vec<Uuid> = drafts.iter().map(|draft| draft.document.id()).collect();
        let mut before = store::load_locked(tx, &ids).await?;
        let mut pending: Vec<Pending> = Vec::with_capacity(drafts.len());
        let mut places: HashMap<Uuid, usize> = HashMap::with_capacity(drafts.len());
        for mut draft in drafts {
            // What we add to records stands beside them, whatever they say.
            draft.document.extra_mut().remove(annotation::MEMBER);
            if draft.origin.is_empty() {
                // Ours comes from here, whatever it says of itself.
                draft.document.extra_mut().remove(provenance::MEMBER);
            }
            let id = draft.document.id();
            if let Some(place) = places.get(&id) {
                pending[*place].draft = draft;
                continue;
            }
            places.insert(id, pending.len());
            let stored = before.remove(&id);
            if let Some(stored) = &stored
                && stored.kind != draft.document.kind()
            {
                return Err(Error::OtherKind { id, found: stored.kind, wanted: draft.document.kind() });
            }
            if let Some(stored) = stored.as_ref().filter(|stored| is_taken_over(stored, &draft)) {
                return Err(Error::Foreign { id, origin: stored.origin.clone() });
            }
            let found = stored.as_ref().map_or(0, |stored| stored.kept.revision);
            if let Some(expected) = draft.expected_revision.filter(|expected| *expected != found) {
                return Err(Error::Stale { id, expected, found });
            }
            pending.push(Pending { draft, before: stored, references: Vec::new() });
        }
        Ok(pending)
    }
}

/// Whether a draft would make a record of another directory our own. Vocabulary that is known by its address is
/// nobody's, and becomes ours when a listing of ours brings it along.
fn is_taken_over(stored: &Stored, draft: &Draft) -> bool {
    let is_shared = draft.document.shared_id() == Some(stored.id);
    !stored.origin.is_empty() && draft.origin.is_empty() && !is_shared
}
