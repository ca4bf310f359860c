//! Categories whose places are secret, by the words of the settings.

use std::sync::Arc;

use crate::model::{TaxonomyTerm, text::fold, values::WebAddress};

/// Words that name categories, as they are compared: each term of each listing is set beside all of them. Cheap to clone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SecretWords(Arc<[String]>);

impl SecretWords {
    /// These words.
    pub fn new(words: &[String]) -> Self {
        Self(words.iter().map(|word| as_words(word)).filter(|word| !word.trim().is_empty()).collect())
    }

    /// Whether `name` names such a category, of whatever list. Whole words count, so "refuge" is one and "refugee" is not.
    pub fn are_in(&self, name: &str) -> bool {
        let name = as_words(name);
        self.0.iter().any(|word| name.contains(word.as_str()))
    }

    /// Whether a term stands for such a category.
    pub fn are_of(&self, term: &TaxonomyTerm) -> bool {
        let names = [Some(term.name.as_str()), term.code.as_deref(), term.term_uri.as_ref().map(WebAddress::as_str)];
        names.into_iter().flatten().any(|name| self.are_in(name))
    }
}

/// So that one text is within another only as whole words.
fn as_words(text: &str) -> String {
    format!(" {} ", fold(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_words_name_a_secret_category() {
        let term = |name: &str| TaxonomyTerm {
            id: uuid::Uuid::nil().into(),
            code: None,
            name: name.into(),
            description: String::new(),
            parent_id: None,
            taxonomy: None,
            taxonomy_id: None,
            taxonomy_detail: None,
            language: None,
            term_uri: None,
            term: None,
            metadata: vec![],
            extra: serde_json::Map::new(),
        };
        let words = SecretWords::new(&["refuge".to_owned(), "Forced marriage".to_owned(), " ".to_owned()]);
        assert!(words.are_of(&term("Women's Refuge")));
        assert!(words.are_of(&term("Forced-marriage help")));
        assert!(!words.are_of(&term("Refugees and asylum")));
        assert!(!words.are_in(""));
    }
}
