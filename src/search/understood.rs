//! What a search makes of somebody's words, so that they can be told.

use serde::Serialize;

use super::Phrase;

/// A need that somebody's words stand for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Understanding {
    /// Its code.
    pub code: String,
    /// Its name, if the directory has a term with this code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The phrase that led to it.
    pub phrase: String,
    /// Whether somebody who writes that may be in danger or on the street today.
    pub urgent: bool,
    /// Whether others had better not see that somebody wrote it.
    pub sensitive: bool,
}

/// How much of what somebody wrote was enough for something to be found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Enough {
    /// All of it, but for words that were left out.
    #[default]
    All,
    /// Help with any of several needs: so few help with all of them.
    AnyNeed,
    /// Any of the words: nothing has all of them.
    SomeWords,
}

/// What was made of somebody's words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Understood {
    /// Words that were searched for as given.
    pub words: Vec<String>,
    /// Needs that were searched for, the urgent ones first.
    pub needs: Vec<Understanding>,
    /// Misspelt words and their corrections.
    pub corrected: Vec<(String, String)>,
    /// Words that do not appear in any record.
    pub unknown: Vec<String>,
    /// Words that were made optional, because nothing matches all of them.
    pub left_out: Vec<String>,
    /// How much of it was enough.
    pub enough: Enough,
    /// Where less than all of it was enough, or words were left out: how many results match everything.
    pub with_all: usize,
    /// Whether somebody who writes this may be in danger or on the street today.
    pub urgent: bool,
    /// Whether others had better not see that somebody wrote it.
    pub sensitive: bool,
}

impl Understood {
    /// What a phrase stands for was searched for; `said` is how it is told.
    pub(super) fn add_needs(&mut self, phrase: &Phrase, said: &str) {
        for code in &phrase.needs {
            if let Some(known) = self.needs.iter_mut().find(|known| known.code == *code) {
                // The graver phrase is the one to tell of.
                if phrase.urgent && !known.urgent {
                    said.clone_into(&mut known.phrase);
                }
                (known.urgent, known.sensitive) = (known.urgent || phrase.urgent, known.sensitive || phrase.sensitive);
            } else {
                let Phrase { urgent, sensitive, .. } = *phrase;
                self.needs.push(Understanding { code: code.clone(), name: None, phrase: said.to_owned(), urgent, sensitive });
            }
        }
    }
}
