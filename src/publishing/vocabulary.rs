//! The terms that a directory has, by code: what an answer calls them.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, PoisonError},
};

use serde::Deserialize;
use uuid::Uuid;

use crate::{
    http::Problem,
    model::{Kind, text::fold},
    published::{
        Position,
        shelf::{Form, Shelf},
    },
};

/// A term as answers name it.
#[derive(Clone, Debug, Deserialize)]
pub struct Term {
    /// Its id.
    pub id: Uuid,
    /// Its name.
    pub name: String,
    /// Its code, where it has one.
    #[serde(default)]
    pub code: Option<String>,
    /// Its taxonomy.
    #[serde(default)]
    pub taxonomy_id: Option<Uuid>,
    /// The wider term, where there is one.
    #[serde(default)]
    pub parent_id: Option<Uuid>,
}

/// Every term of the directory.
#[derive(Debug, Default)]
pub struct Vocabulary {
    by_id: HashMap<Uuid, Term>,
    by_code: HashMap<String, Uuid>,
    narrower: HashMap<Uuid, Vec<Uuid>>,
}

impl Vocabulary {
    /// The term with this id.
    pub fn term(&self, id: Uuid) -> Option<&Term> {
        self.by_id.get(&id)
    }

    /// The term with this code or name.
    pub fn find(&self, code: &str) -> Option<&Term> {
        self.by_code.get(&fold(code)).and_then(|id| self.by_id.get(id))
    }

    /// These codes or names, and the codes (else names) of all terms below theirs.
    pub fn with_narrower(&self, codes: &[String]) -> Vec<String> {
        let mut all = codes.to_vec();
        let mut below: Vec<Uuid> = codes.iter().filter_map(|code| self.find(code)).map(|term| term.id).collect();
        // A feed may have terms that are below each other in a circle.
        let mut seen: HashSet<Uuid> = below.iter().copied().collect();
        while let Some(id) = below.pop() {
            for narrower in self.narrower.get(&id).into_iter().flatten().filter(|narrower| seen.insert(**narrower)) {
                below.push(*narrower);
                all.extend(self.term(*narrower).map(|term| term.code.clone().unwrap_or_else(|| term.name.clone())));
            }
        }
        all
    }

    /// What the need with this code is called.
    pub fn name_of(&self, code: &str) -> Option<&str> {
        self.find(code).map(|term| term.name.as_str())
    }
}

/// The latest vocabulary, made anew when the terms have changed: their number, and the latest of
/// their positions. They are looked at only when anything was published since.
#[derive(Debug, Default)]
pub struct Vocabularies(Mutex<Option<Held>>);

/// A vocabulary.
#[derive(Debug)]
struct Held {
    /// Where the shelf was when it was last known to be right.
    at: Position,
    /// The number and the latest position of the terms that it was made of.
    state: (usize, i64),
    vocabulary: Arc<Vocabulary>,
}

impl Vocabularies {
    /// The vocabulary as things are on the shelf.
    /// # Errors
    /// When the disk fails.
    pub(super) fn latest(&self, shelf: &Shelf) -> Result<Arc<Vocabulary>, Problem> {
        let at = shelf.position();
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(held) = held.as_ref().filter(|held| held.at == at && at != Position::ZERO) {
            return Ok(held.vocabulary.clone());
        }
        let entries = shelf.entries_after(Kind::TaxonomyTerm, None, usize::MAX);
        let state = (entries.len(), entries.iter().map(|entry| entry.position).max().unwrap_or(0));
        if let Some(held) = held.as_mut().filter(|held| held.state == state) {
            held.at = at;
            return Ok(held.vocabulary.clone());
        }
        let ids: Vec<Uuid> = entries.iter().map(|entry| entry.id).collect();
        let mut bytes = Vec::new();
        shelf.these(&ids, Form::Brief, b'\n', &mut bytes)?;
        let mut vocabulary = Vocabulary::default();
        for term in bytes.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice::<Term>(line).ok()) {
            for name in term.code.iter().chain([&term.name]) {
                vocabulary.by_code.entry(fold(name)).or_insert(term.id);
            }
            if let Some(wider) = term.parent_id {
                vocabulary.narrower.entry(wider).or_default().push(term.id);
            }
            vocabulary.by_id.insert(term.id, term);
        }
        let vocabulary = Arc::new(vocabulary);
        *held = Some(Held { at, state, vocabulary: vocabulary.clone() });
        Ok(vocabulary)
    }
}
