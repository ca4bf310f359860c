//! The support checker as a document: `support-checker/1`. Questions with options, levels, and rules
//! over what was ticked. It holds no code and no negation, so whoever edits it cannot make a person
//! less urgent by saying more.
//!
//! Members that this version does not know are left alone. Members with `helper` in their name say
//! the same to somebody who answers for another person.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::expression::Expression;

/// The `schema` of the document.
pub const SCHEMA: &str = "support-checker/1";

/// The status of a document.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(rename = "CheckerStatus")]
pub enum Status {
    /// A sample to start from, not endorsed by any council.
    Sample,
    /// A draft.
    #[default]
    Draft,
    /// Reviewed and published.
    Published,
}

/// A checker.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Checker {
    /// `support-checker/1`.
    #[schemars(extend("examples" = ["support-checker/1"]))]
    pub schema: String,
    /// Its name for programs.
    #[schemars(extend("examples" = ["hardship-luton"]))]
    pub id: String,
    /// Its version, numbered by its editors.
    #[serde(default)]
    pub version: String,
    /// Its language.
    #[serde(default = "english")]
    pub lang: String,
    /// The country whose law and services it describes, such as `England`.
    #[serde(default)]
    pub jurisdiction: String,
    /// Its status.
    #[serde(default)]
    pub status: Status,
    /// A notice at the top of every page that shows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notice: Option<String>,
    /// The date by which every line must be reviewed again. It is not shown after that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub review_by: Option<NaiveDate>,
    /// The levels.
    pub levels: Vec<Level>,
    /// The questions, in order.
    pub questions: Vec<Question>,
    /// What several answers mean in combination.
    #[serde(default)]
    pub rules: Vec<Rule>,
}

fn english() -> String {
    "en".to_owned()
}

/// How soon someone needs help.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "CheckerLevel")]
pub struct Level {
    /// Its name for programs.
    #[schemars(extend("examples" = ["council_now"]))]
    pub id: String,
    /// A higher rank means sooner.
    pub rank: i64,
    /// The heading of the result.
    pub title: String,
    /// The same for a helper.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title_helper: Option<String>,
    /// What that means, in a sentence or two.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The same for a helper.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text_helper: Option<String>,
}

/// Whether one answer can be given or several.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(rename = "QuestionKind")]
pub enum Kind {
    /// One.
    One,
    /// Any number.
    Any,
}

/// A question. Every one can be skipped.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "CheckerQuestion")]
pub struct Question {
    /// Its name for programs.
    #[schemars(extend("examples" = ["bills"]))]
    pub id: String,
    /// One answer or several.
    pub kind: Kind,
    /// The question.
    pub text: String,
    /// The same for a helper.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text_helper: Option<String>,
    /// A hint for answering it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// Asked only if this is true of the answers to earlier questions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub show_if: Option<Expression>,
    /// The possible answers.
    pub options: Vec<Choice>,
}

/// One answer to a question.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "CheckerOption")]
pub struct Choice {
    /// Its name for programs, within its question.
    #[schemars(extend("examples" = ["energy"]))]
    pub id: String,
    /// Its text.
    pub label: String,
    /// The same for a helper.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label_helper: Option<String>,
    /// Choosing it raises the level to at least this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub floor: Option<String>,
    /// Needs of someone who chooses it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub needs: Vec<Weighed>,
    /// The panel of urgent help it shows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub urgent: Option<String>,
    /// Words that help choose services, and that rules count.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Whether it means "none of the others": it is dropped when another one is chosen too.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub exclusive: bool,
}

/// A need and how strong it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "WeighedNeed")]
pub struct Weighed {
    /// Code of a need.
    #[schemars(extend("examples" = ["energy-bills"]))]
    pub need: String,
    /// From 1 to 3; 3 is the strongest.
    pub severity: u32,
}

/// What several answers mean in combination.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "CheckerRule")]
pub struct Rule {
    /// Its name for programs.
    pub id: String,
    /// The condition.
    pub when: Expression,
    /// If it is true, the level is at least this.
    pub level: String,
    /// The panel of urgent help it shows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub urgent: Option<String>,
    /// The reason, for the person.
    pub why: String,
    /// The same for a helper.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why_helper: Option<String>,
}

/// Answers: for each question the options that were chosen. Questions and options that the document does not have
/// are ignored.
pub type Answers = BTreeMap<String, Vec<String>>;

impl Checker {
    /// The question with this id.
    pub fn question(&self, id: &str) -> Option<&Question> {
        self.questions.iter().find(|question| question.id == id)
    }

    /// The level with this id.
    pub fn level(&self, id: &str) -> Option<&Level> {
        self.levels.iter().find(|level| level.id == id)
    }

    /// The highest level: urgent help and nothing else first.
    pub fn highest(&self) -> Option<&Level> {
        self.levels.iter().max_by_key(|level| level.rank)
    }

    /// Every panel of urgent help that can be opened, each once, in order of first mention.
    pub fn panels(&self) -> Vec<&str> {
        let of_options =
            self.questions.iter().flat_map(|question| &question.options).filter_map(|option| option.urgent.as_deref());
        let mut panels: Vec<&str> = Vec::new();
        for panel in of_options.chain(self.rules.iter().filter_map(|rule| rule.urgent.as_deref())) {
            if !panels.contains(&panel) {
                panels.push(panel);
            }
        }
        panels
    }
}

/// What to call a person who answers for another one.
pub fn worded<'a>(plain: &'a str, to_a_helper: Option<&'a str>, helper: bool) -> &'a str {
    to_a_helper.filter(|_| helper).unwrap_or(plain)
}
