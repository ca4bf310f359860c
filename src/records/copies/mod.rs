//! Everything that is kept, as it is at one moment, and put back: for backups.

mod erased;
mod store;
mod tables;

use std::collections::{HashMap, HashSet};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    Annotated, Error, KeptPicture, Records, Remembered, State, Stored, annotations, pictures, read, references, scrubs,
    store as kept,
};
use crate::{
    db::Transaction,
    identity::copies::{self as people, CopiedPerson},
    published::{self, Position, Published},
    signing::{self, About},
};

/// Rows that are read or written at once.
const ROWS: u64 = 500;
/// The same of rows that are nothing but numbers, of which there may be a million.
const NUMBERS: u64 = 20_000;

pub(super) use store::Row;

/// One thing of a copy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Copied {
    /// A record.
    Record(Stored),
    /// An earlier version of a record.
    Revision(Stored),
    /// A published row, in order of positions.
    Published(Published),
    /// Something that was scrubbed.
    Scrub(Remembered),
    /// What is added to a record of another directory.
    Annotation(Annotated),
    /// A picture.
    Picture(KeptPicture),
    /// Somebody who may edit or decide.
    Person(CopiedPerson),
    /// A row of another table, as it stands.
    Row(Row),
}

impl Records {
    /// Give everything that is kept to `each`, as it is at this moment, while others write.
    /// # Errors
    /// When the database fails, or `each` does.
    pub async fn copy<E>(&self, mut each: impl FnMut(Copied) -> Result<(), E>) -> Result<(), E>
    where
        E: From<Error>,
    {
        let db = |error| E::from(Error::Database(error));
        let snapshot = self.db.snapshot().await.map_err(db)?;
        let mut after = None;
        loop {
            let records = kept::after(&snapshot, after, ROWS).await.map_err(db)?;
            let Some(last) = records.last() else { break };
            after = Some(last.id);
            for record in records {
                if record.kept.revision > 1 {
                    for version in kept::revisions(snapshot.connection(), &record).await.map_err(db)? {
                        each(Copied::Revision(version))?;
                    }
                }
                each(Copied::Record(record))?;
            }
        }
        let mut position = Position::ZERO;
        loop {
            let rows = published::after_in(&snapshot, position, ROWS).await.map_err(db)?;
            let Some(last) = rows.last() else { break };
            position = last.position;
            for row in rows {
                each(Copied::Published(row))?;
            }
        }
        for scrub in scrubs::all(snapshot.connection()).await.map_err(db)? {
            each(Copied::Scrub(scrub))?;
        }
        for annotated in annotations::store::all(snapshot.connection()).await.map_err(db)? {
            each(Copied::Annotation(annotated))?;
        }
        for table in tables::TABLES {
            let mut read = 0;
            loop {
                let most = if table.is_of_numbers() { NUMBERS } else { ROWS };
                let rows = store::rows(&snapshot, table, read, most).await.map_err(db)?;
                read += rows.len() as u64;
                let is_last = (rows.len() as u64) < most;
                for row in rows {
                    each(Copied::Row(row))?;
                }
                if is_last {
                    break;
                }
            }
        }
        for (record, hash) in pictures::store::names(snapshot.connection()).await.map_err(db)? {
            if let Some(picture) = pictures::store::one(snapshot.connection(), record, &hash).await.map_err(db)? {
                each(Copied::Picture(picture))?;
            }
        }
        for person in people::copy(&snapshot).await.map_err(db)? {
            each(Copied::Person(person))?;
        }
        snapshot.roll_back().await.map_err(db)
    }

    /// Put back what [`Records::copy`] gave, in place of everything that is there, in a new epoch:
    /// positions are given anew in the same order and signed again, published bytes stay the same.
    /// What was scrubbed, here or in the copy, is scrubbed again before anything can be seen, also what was
    /// opened again only after the copy was made. `also` gives what a list beside the database says; it is asked
    /// when the change has begun, or what is scrubbed just then could be missing from it. People, and
    /// what is kept of their dealings with us, are put back only where there is nothing of the kind, without
    /// words that were erased of the record; what somebody wrote who is not here any more stays away.
    /// Gives how many records there are now.
    /// # Errors
    /// When the database, `also` or `next` fails; then everything is as before.
    pub async fn put_back<E>(
        &self,
        by: &super::Caller,
        also: impl FnOnce() -> Result<Vec<Remembered>, E>,
        mut next: impl FnMut() -> Result<Option<Copied>, E>,
    ) -> Result<u64, E>
    where
        E: From<Error>,
    {
        let db = |error| E::from(Error::Database(error));
        let mut copied_scrubs = Vec::new();
        let tx = self.db.write().await.map_err(db)?;
        let mut scrubs = kept::clear(&tx).await.map_err(db)?;
        scrubs.extend(also()?);
        annotations::store::clear(&tx).await.map_err(db)?;
        pictures::store::clear(&tx).await.map_err(db)?;
        published::clear(&tx).await.map_err(db)?;
        // What others have signed comes again from them.
        published::evidence::clear(&tx).await.map_err(db)?;
        published::new_epoch(&tx, &self.clock).await.map_err(db)?;
        let mut locked = self.lock(&tx).await.map_err(db)?;
        let mut batch = Batch::default();
        let mut records = 0;
        let mut copied_people = Vec::new();
        let mut open = store::Open::of(&tx).await.map_err(db)?;
        let nobody = HashSet::new();
        let mut rows: Vec<Row> = Vec::new();
        let mut rows_of_people: Vec<Row> = Vec::new();
        while let Some(copied) = next()? {
            match copied {
                Copied::Record(record) => {
                    records += 1;
                    batch.records.push(record);
                }
                Copied::Revision(version) => batch.revisions.push(version),
                Copied::Published(row) => {
                    let position = locked.take();
                    batch.published.push(self.again(locked.epoch(), position, Published { urgent: false, ..row }));
                }
                Copied::Scrub(scrub) => copied_scrubs.push(scrub),
                Copied::Annotation(annotated) => annotations::store::put(&tx, &[annotated]).await.map_err(db)?,
                Copied::Picture(picture) => pictures::store::put(&tx, &picture).await.map_err(db)?,
                Copied::Person(person) => copied_people.push(person),
                Copied::Row(row) if row.is_of_people() => rows_of_people.push(row),
                Copied::Row(row) => rows.push(row),
            }
            if rows.len() as u64 >= ROWS {
                open.put_back(&tx, &std::mem::take(&mut rows), &nobody).await.map_err(db)?;
            }
            if batch.is_full() {
                batch.write(&tx).await?;
            }
        }
        batch.write(&tx).await?;
        let scrubs = Remembered::after_restore(scrubs, copied_scrubs, self.clock.now());
        erased::take_out(&mut rows_of_people, &scrubs);
        people::put_back(&tx, &copied_people).await.map_err(db)?;
        let known = people::known(&tx).await.map_err(db)?;
        open.put_back(&tx, &rows, &known).await.map_err(db)?;
        open.put_back(&tx, &rows_of_people, &known).await.map_err(db)?;
        store::count_on(&tx).await.map_err(db)?;
        published::own::recount(&tx).await.map_err(db)?;
        published::finish(&tx, locked).await.map_err(db)?;
        if !scrubs.is_empty() {
            self.remember(&tx, by, scrubs).await?;
        }
        tx.sweep_later().await.map_err(db)?;
        tx.commit().await.map_err(db)?;
        Ok(records)
    }

    /// Sign everything of our own again that another key than the present one has signed: that key is
    /// not to be believed any more. Gives how many records there were.
    /// # Errors
    /// When the database fails; what was signed before stays signed.
    pub async fn sign_again(&self) -> Result<u64, Error> {
        let mut many = 0;
        let mut position = Position::ZERO;
        loop {
            let rows = published::own::after(&self.db, position, ROWS).await?;
            let Some(last) = rows.last() else { return Ok(many) };
            position = last.position;
            // Asked each time: another process may have changed the key in the meantime.
            let kid = self.signer.keyring().active.kid().to_owned();
            let ids: Vec<Uuid> = rows.iter().filter(|row| !row.statement.contains(&kid)).map(|row| row.id).collect();
            many += self.sign(&ids).await?;
        }
    }

    /// Sign for the present address of this directory what came after `position` and was signed for
    /// another one: by a command that did not know it, or before the directory moved. Gives how many
    /// records there were.
    /// # Errors
    /// When the database fails.
    pub async fn sign_for_here(&self, position: Position) -> Result<u64, Error> {
        let mut many = 0;
        let ids = published::own::signed_elsewhere(&self.db, position, self.signer.origin()).await?;
        for some in ids.chunks(usize::try_from(ROWS).unwrap_or(usize::MAX)) {
            many += self.sign(some).await?;
        }
        Ok(many)
    }

    /// Sign these published rows again, under new positions; their bytes stay the same.
    async fn sign(&self, ids: &[Uuid]) -> Result<u64, Error> {
        if ids.is_empty() {
            return Ok(0);
        }
        let tx = self.db.write().await?;
        let mut locked = self.lock(&tx).await?;
        let rows = published::current(&tx, ids).await?;
        let before: HashMap<Uuid, Published> = rows.iter().map(|row| (row.id, row.clone())).collect();
        let mut signed = Vec::with_capacity(rows.len());
        for row in rows {
            let position = locked.take();
            signed.push(self.again(locked.epoch(), position, row));
        }
        published::write(&tx, locked, &signed, &before).await?;
        tx.commit().await?;
        Ok(signed.len() as u64)
    }

    /// A published row under its new number.
    pub(super) fn again(&self, epoch: &str, position: Position, mut row: Published) -> Published {
        row.position = position;
        if row.statement.is_some() {
            let value: Option<serde_json::Value> = serde_json::from_str(&row.full).ok();
            let canonical = value.filter(|_| row.live).map(|value| signing::canonical_of(&value));
            let about = About {
                kind: row.kind,
                id: row.id,
                epoch,
                position: position.0,
                urgent: row.urgent || row.statement.as_deref().is_some_and(signing::is_urgent),
                changed: row.changed_at,
                canonical: canonical.as_deref(),
            };
            row.statement = Some(self.signer.sign(about));
        }
        row
    }
}

/// Rows that are written together.
#[derive(Default)]
struct Batch {
    records: Vec<Stored>,
    revisions: Vec<Stored>,
    published: Vec<Published>,
}

impl Batch {
    fn is_full(&self) -> bool {
        self.records.len() + self.revisions.len() + self.published.len() >= 500
    }

    async fn write(&mut self, tx: &Transaction) -> Result<(), Error> {
        kept::put(tx, &self.records).await?;
        kept::put_revisions(tx, &self.revisions).await?;
        let mut references: Vec<(Uuid, Vec<crate::model::Reference>)> = Vec::new();
        for record in &self.records {
            if record.state == State::Gone {
                continue;
            }
            let mut of_record = read(record)?.references();
            if record.state == State::Unpublished {
                for reference in &mut of_record {
                    reference.policy = None;
                }
            }
            references.push((record.id, of_record));
        }
        references::add(tx, &references).await?;
        published::put(tx, &self.published).await?;
        *self = Self::default();
        Ok(())
    }
}
