//! What a reader has to know of the directory: the terms that a sheet or a calendar may name.

use std::collections::HashMap;

use uuid::Uuid;

use crate::{model::text::fold, published::redaction::SecretWords};

/// Terms by what people call them.
#[derive(Clone, Debug, Default)]
pub(super) struct Vocabulary {
    terms: HashMap<String, Uuid>,
    secret: SecretWords,
}

impl Vocabulary {
    /// An empty one. `secret` are the words that name categories whose places are secret.
    pub(super) fn new(secret: &SecretWords) -> Self {
        Self { terms: HashMap::new(), secret: secret.clone() }
    }

    /// Know a term by this code or name.
    pub(super) fn add(&mut self, name: &str, id: Uuid) {
        self.terms.insert(fold(name), id);
    }

    /// Whether there is no term at all.
    pub(super) fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    /// The term of this code or name.
    pub(super) fn term(&self, name: &str) -> Option<Uuid> {
        self.terms.get(&fold(name)).copied()
    }

    /// Whether a word names a category whose places are secret, known as a term or not: a refuge
    /// whose category nobody has set up yet is a refuge all the same.
    pub(super) fn is_secret(&self, name: &str) -> bool {
        self.secret.are_in(name)
    }
}
