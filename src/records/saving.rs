//! The only way to change records: what comes is set beside what stands, what may be kept and told is decided,
//! it is stored with its history, and what follows from it is published, in one transaction.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{
    Caller, Draft, Error, Kept, LastModified, Outcome, Records, Remembered, Saved, State, Stored, Whence, places::Decided,
    proposals, publish, read, references, scrubs, store,
};
use crate::{
    db::Transaction,
    model::{Document, LocationPolicy, Reference, annotation, provenance},
    published::BECAME,
};

/// What tombstones say where nobody has given a reason.
pub(super) const NOT_PUBLISHED: &str = "it is no longer published";

/// What the world is told of what leaves.
#[derive(Clone, Copy)]
pub(super) struct Told<'a> {
    /// What its tombstone says.
    pub(super) reason: &'a str,
    /// Whether followers have to drop their copies at once.
    pub(super) urgent: bool,
    /// Records of which something was taken out for good, be it in their history only: whoever was told of
    /// it before has to hear so, also where nothing else is told of them now.
    pub(super) scrubbed: &'a [Uuid],
    /// Words that were erased, which stand in no tombstone any more.
    pub(super) erased: &'a [Remembered],
}

impl Told<'static> {
    /// No more than that it is gone.
    const NOTHING: Self = Self { reason: NOT_PUBLISHED, urgent: false, scrubbed: &[], erased: &[] };
}

/// Drafts, and of the records that they replace those which the transaction holds and has read: they are not read again.
pub(super) struct InHand {
    drafts: Vec<Draft>,
    held: HashMap<Uuid, Stored>,
}

impl InHand {
    pub(super) fn of(drafts: Vec<Draft>) -> Self {
        Self { drafts, held: HashMap::new() }
    }

    /// A draft that takes the place of one that is held.
    fn in_place_of(held: Stored, draft: Draft) -> Self {
        Self { drafts: vec![draft], held: HashMap::from([(held.id, held)]) }
    }
}

/// A draft beside what is stored under its id.
#[derive(Debug)]
pub(super) struct Pending {
    pub(super) draft: Draft,
    pub(super) before: Option<Stored>,
    pub(super) references: Vec<Reference>,
}

impl Pending {
    pub(super) fn id(&self) -> Uuid {
        self.draft.document.id()
    }

    /// What becomes of it, whose document is `json`.
    fn outcome(&self, json: &str) -> Saved {
        match &self.before {
            None => Saved::Created,
            Some(before) if before.document == json && before.state == self.draft.state && before.origin == self.draft.origin => {
                Saved::Unchanged
            }
            Some(_) => Saved::Updated,
        }
    }

    /// Which version it will be: the one that it was in the directory that exported it, if that is ahead.
    fn version(&self, caller: &Caller, now: DateTime<Utc>) -> Kept {
        let revision = self.before.as_ref().map_or(1, |before| before.kept.revision + 1);
        self.draft.kept.clone().filter(|kept| kept.revision >= revision).unwrap_or_else(|| Kept {
            revision,
            changed_at: now,
            changed_by: caller.name.clone(),
            why: caller.why.clone(),
            from: Whence::of(caller),
        })
    }

    /// What its source calls it. Of a withheld place that is not kept: it may be its address.
    fn source_id(&self) -> Option<String> {
        let before = self.before.as_ref().and_then(|before| before.source_id.as_ref());
        self.draft.source_id.as_ref().or(before).filter(|_| !self.is_withheld_place()).cloned()
    }

    fn is_withheld_place(&self) -> bool {
        matches!(&self.draft.document, Document::Location(place) if place.location_policy == Some(LocationPolicy::Withheld))
    }

    /// Whether it keeps a place from everybody, its own or that of a link.
    fn withholds_a_place(&self) -> bool {
        self.is_withheld_place() || self.references.iter().any(|reference| reference.policy == Some(LocationPolicy::Withheld))
    }
}

/// What is written of drafts: those that differ from what stands, with all that this entails.
#[derive(Default)]
struct Writing {
    /// Records whose writer has seen that they are not there yet, in order of ids.
    new: Vec<Stored>,
    /// All others as they will be, in order of ids.
    rows: Vec<Stored>,
    /// The versions that they replace.
    replaced: Vec<Stored>,
    references: Vec<(Uuid, Vec<Reference>)>,
    changed: HashMap<Uuid, (String, State, Document)>,
    /// What becomes of each draft, also of those of which nothing is written.
    outcomes: HashMap<Uuid, Saved>,
}

impl Writing {
    fn of(pending: Vec<Pending>, caller: &Caller, now: DateTime<Utc>) -> Self {
        let mut writing = Self { outcomes: HashMap::with_capacity(pending.len()), ..Self::default() };
        for one in pending {
            let json = one.draft.document.to_json();
            let outcome = one.outcome(&json);
            writing.outcomes.insert(one.id(), outcome);
            if outcome != Saved::Unchanged {
                writing.add(one, json, caller, now);
            }
        }
        // In one order everywhere, or two writers of the same records could wait for each other.
        writing.new.sort_unstable_by_key(|row| row.id);
        writing.rows.sort_unstable_by_key(|row| row.id);
        writing.references.sort_unstable_by_key(|(from, _)| *from);
        writing
    }

    fn add(&mut self, one: Pending, document: String, caller: &Caller, now: DateTime<Utc>) {
        let (id, kept, source_id) = (one.id(), one.version(caller, now), one.source_id());
        let Pending { draft, before, references } = one;
        let is_new = before.is_none() && draft.expected_revision.is_some();
        let rows = if is_new { &mut self.new } else { &mut self.rows };
        rows.push(Stored {
            id,
            kind: draft.document.kind(),
            state: draft.state,
            origin: draft.origin.clone(),
            source_id,
            document,
            kept,
        });
        self.replaced.extend(before);
        self.references.push((id, if draft.state == State::Gone { Vec::new() } else { references }));
        self.changed.insert(id, (draft.origin, draft.state, draft.document));
    }

    async fn store(&self, tx: &Transaction, purged: &[Uuid], referred: &HashMap<Uuid, Vec<Reference>>) -> Result<(), Error> {
        store::put(tx, &self.rows).await?;
        store::put_revisions(tx, &self.replaced).await?;
        store::forget_revisions(tx, purged).await?;
        if self.replaced.is_empty() {
            references::add(tx, &self.references).await?;
        } else {
            references::put(tx, &self.references, referred).await?;
        }
        Ok(())
    }
}

impl Records {
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
    /// [`Error::Stale`], [`Error::OtherKind`] and [`Error::Foreign`], after which nothing of the transaction may be
    /// committed; or when the database fails.
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
        self.save_saying(tx, caller, InHand::of(drafts), last_modified, purged, Told::NOTHING).await
    }

    /// [`Records::save`], where those of the records that the transaction holds already are as they were `held`.
    pub(super) async fn save_held(
        &self,
        tx: &Transaction,
        caller: &Caller,
        drafts: Vec<Draft>,
        held: HashMap<Uuid, Stored>,
    ) -> Result<Outcome, Error> {
        self.save_saying(tx, caller, InHand { drafts, held }, &LastModified::new(), &[], Told::NOTHING).await
    }

    /// [`Records::save`], with what the tombstones of whatever leaves say to everybody. What
    /// history says is for those who keep the records.
    pub(super) async fn save_saying(
        &self,
        tx: &Transaction,
        caller: &Caller,
        in_hand: InHand,
        last_modified: &LastModified,
        purged: &[Uuid],
        told: Told<'_>,
    ) -> Result<Outcome, Error> {
        let now = self.clock.now();
        let asked: Vec<Uuid> = in_hand.drafts.iter().map(|draft| draft.document.id()).collect();
        let mut pending = self.prepare(tx, in_hand).await?;
        let erased = self.apply_remembered(tx, caller, &mut pending).await?;
        let mut decided = self.decide_places(tx, caller, &mut pending, now).await?;
        decided.scrubs.extend(erased);
        let withholds = pending.iter().any(Pending::withholds_a_place);
        let writing = Writing::of(pending, caller, now);
        if !store::add(tx, &writing.new).await? {
            return Err(self.added_by_others(&writing.new).await?);
        }
        writing.store(tx, purged, &decided.referred).await?;
        let scrubbed = self.take_out_for_good(tx, &decided).await?;
        self.lift_opened(tx, &decided.opened).await?;

        let scrubbed: HashSet<Uuid> = scrubbed.iter().chain(purged).chain(told.scrubbed).copied().collect();
        let urgent = told.urgent || !scrubbed.is_empty();
        if urgent {
            tx.sweep_later().await?;
        }
        let cause = publish::Cause {
            reason: told.reason,
            urgent,
            scrubbed: &scrubbed,
            erased: told.erased,
            reopened: !decided.opened.is_empty(),
            last_modified,
        };
        let (began, position) = self.publish(tx, writing.changed, &decided.touched_places, &cause).await?;
        let saved = asked.iter().map(|id| writing.outcomes.get(id).copied().unwrap_or(Saved::Unchanged)).collect();
        Ok(Outcome { saved, began, position, scrubbed: !scrubbed.is_empty(), withholds })
    }

    /// Take out of the history and of what waits whatever may be kept nowhere, and remember it. Gives the
    /// records that it stood in.
    async fn take_out_for_good(&self, tx: &Transaction, decided: &Decided) -> Result<Vec<Uuid>, Error> {
        self.scrub_history(tx, &decided.scrubs).await?;
        self.mask_history(tx, &decided.masked).await?;
        scrubs::put(tx, &decided.scrubs).await?;
        let mut from: Vec<Uuid> = decided.scrubs.iter().map(|scrub| scrub.record_id).collect();
        from.extend(decided.masked.keys());
        proposals::forget(tx, &from).await?;
        Ok(from)
    }

    /// Take a record of ours out of everything public, with what waits to change it; its tombstone says why.
    /// # Errors
    /// [`Error::NotFound`], [`Error::Foreign`], [`Error::Stale`], or when the database fails.
    pub async fn withdraw(
        &self,
        tx: &Transaction,
        caller: &Caller,
        id: Uuid,
        expected_revision: Option<i64>,
    ) -> Result<Outcome, Error> {
        let stored = store::load_locked(tx, &[id]).await?.remove(&id).ok_or(Error::NotFound(id))?;
        if !stored.origin.is_empty() {
            // Its source would bring it back with its next version.
            return Err(Error::Foreign { id, origin: stored.origin });
        }
        self.settle(tx, &[id], |_| true, &caller.name, "the listing was withdrawn").await?;
        let source_id = stored.source_id.clone();
        let draft = Draft { state: State::Gone, source_id, expected_revision, ..Draft::new(read(&stored)?) };
        let told = Told { reason: &caller.why, ..Told::NOTHING };
        self.save_saying(tx, caller, InHand::in_place_of(stored, draft), &LastModified::new(), &[], told).await
    }

    /// Take a record out because another one of its kind has taken its place, as its tombstone says.
    /// # Errors
    /// [`Error::NotFound`], or when the database fails.
    pub async fn give_way(&self, tx: &Transaction, caller: &Caller, id: Uuid, successor: Uuid) -> Result<Outcome, Error> {
        let stored = store::load_locked(tx, &[id]).await?.remove(&id).ok_or(Error::NotFound(id))?;
        let (origin, source_id) = (stored.origin.clone(), stored.source_id.clone());
        let draft = Draft { state: State::Gone, origin, source_id, ..Draft::new(read(&stored)?) };
        let reason = format!("{BECAME}{successor}");
        let told = Told { reason: &reason, ..Told::NOTHING };
        self.save_saying(tx, caller, InHand::in_place_of(stored, draft), &LastModified::new(), &[], told).await
    }

    /// Let a record be seen by nobody but those who keep it, at once: followers are told that it is
    /// urgent, so they drop their copies. The reason is for history; the world is told none. A record of
    /// another directory stays as it is, and is hidden by what we add to it, so that its next version is too.
    /// # Errors
    /// [`Error::NotFound`], or when the database fails.
    pub async fn hide(&self, tx: &Transaction, caller: &Caller, id: Uuid) -> Result<Outcome, Error> {
        // Held while it is read: what somebody saves at this moment is hidden with it, and is not lost.
        let stored = store::load_locked(tx, &[id]).await?.remove(&id).ok_or(Error::NotFound(id))?;
        if !stored.origin.is_empty() {
            return self.show_here(tx, caller, id, false).await;
        }
        let draft = Draft { state: State::Unpublished, source_id: stored.source_id.clone(), ..Draft::new(read(&stored)?) };
        let told = Told { urgent: true, ..Told::NOTHING };
        self.save_saying(tx, caller, InHand::in_place_of(stored, draft), &LastModified::new(), &[], told).await
    }

    /// Hold these records until the transaction ends: others that hold or change them wait. Gives them
    /// as they are.
    /// # Errors
    /// When the database fails.
    pub async fn hold(&self, tx: &Transaction, ids: &[Uuid]) -> Result<HashMap<Uuid, Stored>, Error> {
        Ok(store::load_locked(tx, ids).await?)
    }

    /// That somebody else has added one of the records that were to be new.
    async fn added_by_others(&self, new: &[Stored]) -> Result<Error, Error> {
        let ids: Vec<Uuid> = new.iter().map(|row| row.id).collect();
        // Not in the transaction, which has added the others of them.
        let theirs = store::load(self.db.reader(), &ids).await?;
        let (id, found) = theirs.values().map(|row| (row.id, row.kept.revision)).min().unwrap_or_default();
        Ok(Error::Stale { id, expected: 0, found })
    }

    /// Drafts beside what is stored, each id once (the last draft of an id stands).
    async fn prepare(&self, tx: &Transaction, InHand { drafts, held: mut before }: InHand) -> Result<Vec<Pending>, Error> {
        let unread = drafts.iter().map(|draft| draft.document.id()).filter(|id| !before.contains_key(id));
        let unread: Vec<Uuid> = unread.collect();
        before.extend(store::load_locked(tx, &unread).await?);
        let mut pending: Vec<Pending> = Vec::with_capacity(drafts.len());
        let mut places: HashMap<Uuid, usize> = HashMap::with_capacity(drafts.len());
        for mut draft in drafts {
            leave_out_what_is_ours_to_say(&mut draft);
            let id = draft.document.id();
            if let Some(place) = places.get(&id) {
                pending[*place].draft = draft;
                continue;
            }
            places.insert(id, pending.len());
            let before = before.remove(&id);
            may_replace(&draft, before.as_ref())?;
            pending.push(Pending { draft, before, references: Vec::new() });
        }
        Ok(pending)
    }
}

/// What we add to records stands beside them, and ours come from here, whatever they say of themselves.
fn leave_out_what_is_ours_to_say(draft: &mut Draft) {
    draft.document.extra_mut().remove(annotation::MEMBER);
    if draft.origin.is_empty() {
        draft.document.extra_mut().remove(provenance::MEMBER);
    }
}

/// Whether a draft may take the place of what is stored under its id.
fn may_replace(draft: &Draft, stored: Option<&Stored>) -> Result<(), Error> {
    let (id, kind) = (draft.document.id(), draft.document.kind());
    if let Some(other) = stored.filter(|stored| stored.kind != kind) {
        return Err(Error::OtherKind { id, found: other.kind, wanted: kind });
    }
    if let Some(theirs) = stored.filter(|stored| is_taken_over(stored, draft)) {
        return Err(Error::Foreign { id, origin: theirs.origin.clone() });
    }
    let found = stored.map_or(0, |stored| stored.kept.revision);
    match draft.expected_revision {
        Some(expected) if expected != found => Err(Error::Stale { id, expected, found }),
        _ => Ok(()),
    }
}

/// Whether a draft would make a record of another directory our own. Vocabulary that is known by its address is
/// nobody's, and becomes ours when a listing of ours brings it along.
fn is_taken_over(stored: &Stored, draft: &Draft) -> bool {
    let is_shared = draft.document.shared_id() == Some(stored.id);
    !stored.origin.is_empty() && draft.origin.is_empty() && !is_shared
}
