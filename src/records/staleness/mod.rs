//! Sources that nobody has heard of for long. What came from them stays as it is in the records; what is
//! published of it says since when it has not been confirmed, and after months it is not shown at all:
//! nobody may be sent to a door that has been closed for a season.

mod store;

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{Error, LastModified, Records, State, publish};
use crate::{
    clock,
    db::Transaction,
    model::{Document, provenance},
    published,
};

/// Records that are published again in one transaction.
const BATCH: u64 = 200;

/// How long a source has not been heard of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// For a week: its records say since when.
    Unconfirmed,
    /// For a month: they stand behind others as well.
    Doubtful,
    /// For three months: they are not shown.
    Hidden,
}

impl Step {
    fn number(step: Option<Self>) -> i16 {
        match step {
            None => 0,
            Some(Self::Unconfirmed) => 1,
            Some(Self::Doubtful) => 2,
            Some(Self::Hidden) => 3,
        }
    }

    fn from_number(number: i16) -> Option<Self> {
        match number {
            1 => Some(Self::Unconfirmed),
            2 => Some(Self::Doubtful),
            3 => Some(Self::Hidden),
            _ => None,
        }
    }
}

/// A source of which it is known how long it has not been heard of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stale {
    /// The source.
    pub origin: String,
    /// How long; none where it has been heard of again and not everything says so yet.
    pub step: Option<Step>,
    /// When it was last heard of.
    pub since: DateTime<Utc>,
    /// Whether everything that is published says so.
    pub done: bool,
}

impl Records {
    /// Sources that have not been heard of for long.
    /// # Errors
    /// When the database fails.
    pub async fn stale(&self) -> Result<Vec<Stale>, Error> {
        Ok(store::all(self.db.reader()).await?)
    }

    /// Note how long a source has not been heard of, and publish again what came from it: all of it,
    /// however often this was broken off before. The moments at which its records last changed stay.
    /// # Errors
    /// When the database fails.
    pub async fn set_stale(&self, origin: &str, step: Option<Step>, since: DateTime<Utc>) -> Result<(), Error> {
        let mut stale = Stale { origin: origin.to_owned(), step, since, done: false };
        let tx = self.db.write().await?;
        store::put(&tx, &stale).await?;
        tx.commit().await?;
        let mut after = None;
        loop {
            let some = store::of_origin(self.db.reader(), origin, after, BATCH).await?;
            let Some((last, _)) = some.last() else { break };
            after = Some(*last);
            self.publish_again(&some).await?;
        }
        let tx = self.db.write().await?;
        if step.is_none() {
            store::forget(&tx, origin).await?;
        } else {
            stale.done = true;
            store::put(&tx, &stale).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    async fn publish_again(&self, some: &[(Uuid, DateTime<Utc>)]) -> Result<(), Error> {
        let ids: Vec<Uuid> = some.iter().map(|(id, _)| *id).collect();
        let tx = self.db.write().await?;
        // That nobody has confirmed a record is no change to it.
        let mut moments: LastModified = some.iter().copied().collect();
        let standing = published::current(&tx, &ids).await?;
        moments.extend(standing.into_iter().filter(|row| row.live).map(|row| (row.id, row.changed_at)));
        let cause = publish::Cause {
            reason: "it has not been confirmed for months",
            urgent: false,
            scrubbed: &HashSet::new(),
            erased: &[],
            reopened: false,
            last_modified: &moments,
        };
        self.publish(&tx, HashMap::new(), &ids, &cause).await?;
        Ok(tx.commit().await?)
    }
}

/// Say of these documents how long their sources have not been heard of.
pub(super) async fn apply(tx: &Transaction, documents: &mut HashMap<Uuid, (String, State, Document)>) -> Result<(), Error> {
    if documents.values().all(|(origin, ..)| origin.is_empty()) {
        return Ok(());
    }
    let stale: HashMap<String, Stale> =
        store::all(tx.connection()).await?.into_iter().map(|stale| (stale.origin.clone(), stale)).collect();
    for (origin, state, document) in documents.values_mut() {
        let Some(Stale { step: Some(step), since, .. }) = stale.get(origin) else { continue };
        if *step == Step::Hidden && *state == State::Published {
            *state = State::Unpublished;
        }
        if let Some(from) = document.extra_mut().get_mut(provenance::MEMBER).and_then(serde_json::Value::as_object_mut) {
            from.insert("unconfirmed_since".to_owned(), clock::rfc3339(*since).into());
            if *step >= Step::Doubtful {
                from.insert("doubtful".to_owned(), true.into());
            }
        }
    }
    Ok(())
}
