//! What must hold of the answers: an option, all of several, any of several, so many of several, so
//! many options with a tag. There is no "not", so an answer more can only make more hold.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Deeper than this nobody reads, and a document made to harm could exhaust the stack.
pub(super) const DEEPEST: usize = 16;
/// The option that stands for "nothing was answered".
pub(super) const UNANSWERED: &str = "unanswered";

/// What must hold of the answers. There is no "not", so an answer more can only make more hold.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(
    untagged,
    deny_unknown_fields,
    expecting = "expected \"question.option\", or an object with all, any, count_of and at_least, or tag_count and at_least, and nothing else; there is no \"not\""
)]
#[schemars(rename = "CheckerCondition")]
pub enum Expression {
    /// `question.option`, or `question.unanswered`.
    Answer(Answer),
    /// All of these hold.
    All {
        /// Conditions, all of which must hold.
        all: Vec<Expression>,
    },
    /// Any of these holds.
    Any {
        /// Conditions, one of which must hold.
        any: Vec<Expression>,
    },
    /// At least so many of these hold.
    Count {
        /// Conditions, some of which must hold.
        count_of: Vec<Expression>,
        /// How many of them must hold, as a whole number.
        #[schemars(extend("examples" = [2]))]
        at_least: usize,
    },
    /// At least so many chosen options have the tag.
    Tags {
        /// The tag, as options name it.
        #[schemars(extend("examples" = ["priority"]))]
        tag_count: String,
        /// How many chosen options must have it, as a whole number.
        #[schemars(extend("examples" = [1]))]
        at_least: usize,
    },
}

/// `question.option`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct Answer {
    /// The question.
    pub question: String,
    /// The option.
    pub option: String,
}

impl TryFrom<String> for Answer {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        match text.split_once('.') {
            Some((question, option)) if !question.is_empty() && !option.is_empty() => {
                Ok(Self { question: question.to_owned(), option: option.to_owned() })
            }
            _ => Err(format!("{text:?} is not question.option")),
        }
    }
}

impl From<Answer> for String {
    fn from(answer: Answer) -> Self {
        answer.to_string()
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.question, self.option)
    }
}

impl Expression {
    /// Whether it holds. `chosen` says whether an option was chosen (or a question left open),
    /// `tagged` how many chosen options have a tag.
    pub(super) fn holds(&self, chosen: &impl Fn(&Answer) -> bool, tagged: &impl Fn(&str) -> usize) -> bool {
        match self {
            Self::Answer(answer) => chosen(answer),
            Self::All { all } => all.iter().all(|part| part.holds(chosen, tagged)),
            Self::Any { any } => any.iter().any(|part| part.holds(chosen, tagged)),
            Self::Count { count_of, at_least } => count_of.iter().filter(|part| part.holds(chosen, tagged)).count() >= *at_least,
            Self::Tags { tag_count, at_least } => tagged(tag_count) >= *at_least,
        }
    }

    /// Visit it and its parts, with where each stands below `path`.
    pub(super) fn visit<'a>(&'a self, path: &str, see: &mut impl FnMut(&str, &'a Self)) {
        see(path, self);
        let (name, parts) = match self {
            Self::All { all } => ("all", all),
            Self::Any { any } => ("any", any),
            Self::Count { count_of, .. } => ("count_of", count_of),
            Self::Answer(_) | Self::Tags { .. } => return,
        };
        for (at, part) in parts.iter().enumerate() {
            part.visit(&format!("{path}.{name}[{at}]"), see);
        }
    }

    /// How deep its parts stand in each other.
    pub(super) fn depth(&self) -> usize {
        match self {
            Self::All { all: parts } | Self::Any { any: parts } | Self::Count { count_of: parts, .. } => {
                1 + parts.iter().map(Self::depth).max().unwrap_or(0)
            }
            Self::Answer(_) | Self::Tags { .. } => 1,
        }
    }
}
