//! Finding somebody in what was said of calls, and taking them out of it.

use std::collections::BTreeMap;

use serde::Serialize;
use uuid::Uuid;

use super::{Called, Way, store};
use crate::{
    db::Transaction,
    editing::{Editing, Error},
    published::redaction::{Known, REMOVED},
    records::Stored,
};

/// What was said beside a listing, of calls or about claims, that tells of somebody; by record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FoundSaid {
    /// The record that it is about.
    pub record: Uuid,
    /// What it is called.
    pub listing: String,
    /// What was said.
    pub says: Vec<String>,
}

impl Editing {
    /// What was said of calls that has these words: a name, an email address, a telephone number. A number that was
    /// phoned is found, too.
    /// # Errors
    /// When the database fails, or a record is damaged.
    pub async fn calls_with(&self, words: &str) -> Result<Vec<FoundSaid>, Error> {
        let known = Known::of_person(words);
        let mut found: BTreeMap<Uuid, Vec<String>> = BTreeMap::new();
        for (record, called) in store::everything(self.records.database().reader()).await? {
            if texts_of(&called).iter().any(|text| known.is_told_in(text)) {
                found.entry(record).or_default().push(called.words());
            }
        }
        self.with_names(found).await
    }

    /// What was said, with what the records are called.
    pub(in crate::editing) async fn with_names(&self, found: BTreeMap<Uuid, Vec<String>>) -> Result<Vec<FoundSaid>, Error> {
        let ids: Vec<Uuid> = found.keys().copied().collect();
        let stored = self.records.find_all(&ids).await?;
        let named = |record: &Uuid| -> Result<String, Error> {
            let read = stored.get(record).map(Stored::read).transpose()?;
            Ok(read.map_or_else(|| "a listing that no longer exists".to_owned(), |document| document.name().to_owned()))
        };
        found.into_iter().map(|(record, says)| Ok(FoundSaid { listing: named(&record)?, record, says })).collect()
    }
}

/// The texts in which somebody can be named.
fn texts_of(called: &Called) -> [&str; 2] {
    let (Way::Number(said) | Way::Otherwise(said)) = &called.way;
    [said, &called.spoke_to]
}

/// Take out of what was said about a record whatever tells of somebody. Gives of how many calls.
pub(in crate::editing) async fn forget_words(tx: &Transaction, record: Uuid, known: &Known) -> Result<u64, Error> {
    let mut cleaned = 0;
    for (id, mut called) in store::all_about(tx, record).await? {
        let before = called.clone();
        let (Way::Number(said) | Way::Otherwise(said)) = &mut called.way;
        for text in [said, &mut called.spoke_to] {
            if known.is_told_in(text) {
                REMOVED.clone_into(text);
            }
        }
        if called != before {
            store::say(tx, id, &called).await?;
            cleaned += 1;
        }
    }
    Ok(cleaned)
}
