//! Calling back: before something that leads somewhere changes on a protected listing, a moderator phones a number
//! that was known before, and says which.
//!
//! What was said is kept beside the decision and shown to those who decide, and to nobody else: whoever has stolen
//! a group's mailbox must not read there which number is phoned and who answers it.

mod call;
mod erasing;
mod store;

use std::net::IpAddr;

use chrono::{DateTime, Utc};
use serde::Serialize;
use uuid::Uuid;

use super::{Editing, Error, Risk, Sight, risk};
use crate::{
    db::Transaction,
    identity::{Action, Actor, Deed, Subject, can},
    model::{Document, changes},
    records::State,
};
use call::{check, digits, numbers_of};

pub(super) use self::erasing::forget_words;
pub use self::{
    call::{Call, Called, KnownNumber, Way},
    erasing::FoundSaid,
};

/// A call back as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CallBack {
    /// The record that it let through.
    pub record: Uuid,
    /// The version of the record that it let through; none where that changed none.
    pub revision: Option<i64>,
    /// The proposal, what was decided together, or the claim; none where somebody edited.
    pub cause: Option<Uuid>,
    /// The line of the audit trail that tells of it.
    pub line: Uuid,
    /// Who called, as history names them.
    pub by: String,
    /// When they said so.
    pub noted_at: DateTime<Utc>,
    /// What they said.
    #[serde(flatten)]
    pub called: Called,
}

/// What somebody was called back about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum About {
    /// An edit that stands at once.
    Edit,
    /// The proposal, or what was proposed together, that is decided.
    Proposal(Uuid),
    /// The claim that is decided: no record changes.
    Claim(Uuid),
}

impl Editing {
    /// The telephone numbers that are, or were until they were hidden, published for these records and for whatever
    /// else their organisations list: whoever calls back rings one of these. What is proposed is not among them.
    /// # Errors
    /// When the database fails, or a record is damaged.
    pub async fn known_numbers(&self, records: &[Uuid]) -> Result<Vec<KnownNumber>, Error> {
        let mut documents: Vec<Document> = Vec::new();
        let mut owners: Vec<Uuid> = Vec::new();
        for id in records {
            let Some(stored) = self.records.find(*id).await? else { continue };
            let mut of = self.owners(&stored.read()?).await?;
            if let Some(public) = self.last_public(stored).await? {
                let document = public.read()?;
                of = self.owners(&document).await?;
                documents.push(document);
            }
            owners.extend(of);
        }
        owners.sort_unstable();
        owners.dedup();
        for owner in owners {
            if let Some(stored) = self.records.find(owner).await?
                && let Some(public) = self.last_public(stored).await?
            {
                documents.push(public.read()?);
            }
            for stored in self.records.referring_to(owner).await? {
                if stored.state == State::Published && stored.origin.is_empty() {
                    documents.push(stored.read()?);
                }
            }
        }
        let mut known: Vec<KnownNumber> = Vec::new();
        for document in &documents {
            for phone in numbers_of(document) {
                if !known.iter().any(|one| digits(&one.number) == digits(&phone.number)) {
                    let of = if document.name().is_empty() { "a place" } else { document.name() };
                    known.push(KnownNumber { number: phone.number.clone(), of: of.to_owned() });
                }
            }
        }
        Ok(known)
    }

    /// The numbers of which an officer has to have called one before they change this listing at once; none where
    /// nobody has to call.
    /// # Errors
    /// When the database fails, or a record is damaged.
    pub async fn numbers_to_call(&self, actor: &Actor, sight: &Sight) -> Result<Option<Vec<KnownNumber>>, Error> {
        if sight.protected && sight.is_public() && sight.lets(actor, Action::EditAtOnce) {
            return self.known_numbers(&[sight.stored.id]).await.map(Some);
        }
        Ok(None)
    }

    /// What somebody says of a call about these records, `since` when there was something to call about.
    /// # Errors
    /// [`Error::NeedsCallBack`] with the field that is missing or wrong; or when the database fails.
    pub(super) async fn checked_call(
        &self,
        call: Option<&Call>,
        records: &[Uuid],
        since: Option<DateTime<Utc>>,
    ) -> Result<Called, Error> {
        check(call, &self.known_numbers(records).await?, since, self.records.clock().now())
    }

    /// What somebody at the command line says of a call before a record stands like this at once; none where nobody
    /// has to call: the record is not protected, or nothing changes that leads somewhere.
    /// # Errors
    /// [`Error::NotFound`]; [`Error::NeedsCallBack`] with the field that is missing or wrong; or when the database fails.
    pub async fn called_before(
        &self,
        id: Uuid,
        after: &Document,
        goes_public: bool,
        call: &Call,
    ) -> Result<Option<Called>, Error> {
        let sight = self.sight(id).await?;
        if !sight.protected {
            return Ok(None);
        }
        let changes = changes::between(&sight.stored.value()?, &after.to_value());
        let leads_somewhere = |change: &changes::Change| risk(after.kind(), true, change) == Risk::High;
        if !goes_public && !changes.iter().any(leads_somewhere) {
            return Ok(None);
        }
        self.checked_call(Some(call), &[id], None).await.map(Some)
    }

    /// Put it on record, behind what it lets through.
    /// # Errors
    /// When the database fails.
    pub async fn keep_call_as(&self, tx: &Transaction, by: &str, called: &Called, record: Uuid) -> Result<(), Error> {
        self.keep_call(tx, (by, None), called, &[record], About::Edit).await
    }

    /// Put a call back on record, within the transaction of what it lets through and behind it: one line of the
    /// audit trail, and what was said for each record of which there is a new version.
    pub(super) async fn keep_call(
        &self,
        tx: &Transaction,
        (by, from): (&str, Option<IpAddr>),
        called: &Called,
        records: &[Uuid],
        about: About,
    ) -> Result<(), Error> {
        let (cause, changes) = match about {
            About::Edit => (None, true),
            About::Proposal(id) => (Some(id), true),
            About::Claim(id) => (Some(id), false),
        };
        let to = if changes { cause.or(records.first().copied()) } else { records.first().copied() };
        let about = to.map(|id| id.to_string()).unwrap_or_default();
        let line = self.identity.note(tx, by, Deed::CallBack, &about, "", from).await?;
        let now = self.records.clock().now();
        let standing = self.records.find_in(tx, records).await?;
        for record in records {
            let version = standing.get(record).map(|stored| &stored.kept).filter(|_| changes);
            let kept = CallBack {
                record: *record,
                revision: version.filter(|kept| kept.changed_by == by).map(|kept| kept.revision),
                cause,
                line,
                by: by.to_owned(),
                noted_at: now,
                called: called.clone(),
            };
            store::put(tx, &kept).await?;
        }
        Ok(())
    }

    /// Who was called back about a record, and what they said; nothing for those who do not decide.
    /// # Errors
    /// When the database fails.
    pub async fn calls_about(&self, actor: &Actor, record: Uuid) -> Result<Vec<CallBack>, Error> {
        if !can(actor, Action::Decide, &Subject::Directory) {
            return Ok(Vec::new());
        }
        self.calls_of(record).await
    }

    /// The same, whoever may read it is for the caller to decide.
    /// # Errors
    /// When the database fails.
    pub async fn calls_of(&self, record: Uuid) -> Result<Vec<CallBack>, Error> {
        Ok(store::about(self.records.database().reader(), record).await?)
    }

    /// Who was called back before something was decided: a proposal, what was decided together, a claim. Nothing
    /// for those who do not decide.
    /// # Errors
    /// When the database fails.
    pub async fn call_for(&self, actor: &Actor, causes: &[Uuid]) -> Result<Option<CallBack>, Error> {
        if !can(actor, Action::Decide, &Subject::Directory) {
            return Ok(None);
        }
        Ok(store::for_causes(self.records.database().reader(), causes).await?)
    }

    /// What these lines of the audit trail tell of, by line. Nothing for those who do not decide.
    /// # Errors
    /// When the database fails.
    pub async fn calls_on_lines(&self, actor: &Actor, lines: &[Uuid]) -> Result<Vec<CallBack>, Error> {
        if !can(actor, Action::Decide, &Subject::Directory) {
            return Ok(Vec::new());
        }
        Ok(store::on_lines(self.records.database().reader(), lines).await?)
    }

    /// Forget what was said of calls before a moment; gives of how many records.
    /// # Errors
    /// When the database fails.
    pub async fn tidy_calls(&self, tx: &Transaction, before: DateTime<Utc>) -> Result<u64, Error> {
        Ok(store::tidy(tx, before).await?)
    }
}
