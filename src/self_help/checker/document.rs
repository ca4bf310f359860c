//! The support checker as a document: `support-checker/1`. Questions with options, levels, and rules
//! over what was ticked. It holds no code and no negation, so whoever edits it cannot make a person
//! less urgent by saying more.
//!
//! Members that this version does not know are left alone, but refused in a condition, whose meaning they could turn
//! around. Members with `helper` in their name say the same to somebody who answers for another person.

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
    /// The format of the document: `support-checker/1`.
    #[schemars(extend("examples" = ["support-checker/1"]))]
    pub schema: String,
    /// Its name for programs.
    #[schemars(extend("examples" = ["hardship-luton"]))]
    pub id: String,
    /// Its version, as its editors number it.
    #[serde(default)]
    #[schemars(extend("examples" = ["2"]))]
    pub version: String,
    /// Its language, as an IETF language tag.
    #[serde(default = "english")]
    #[schemars(extend("examples" = ["en"]))]
    pub lang: String,
    /// The country whose law and services it describes, such as `England`.
    #[serde(default)]
    #[schemars(extend("examples" = ["England"]))]
    pub jurisdiction: String,
    /// Its status.
    #[serde(default)]
    pub status: Status,
    /// A notice at the top of every page that shows it, in a sentence or two.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = ["These questions are new. Tell us if one of them is hard to answer."]))]
    pub notice: Option<String>,
    /// The date by which every line must be reviewed again, YYYY-MM-DD. It is not shown after that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = ["2027-02-28"]))]
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
    /// How soon, as a whole number: a higher one means sooner.
    #[schemars(extend("examples" = [3]))]
    pub rank: i64,
    /// The heading of the result.
    #[schemars(extend("examples" = ["Get in touch with the council now"]))]
    pub title: String,
    /// The heading for a helper.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = ["They should get in touch with the council now"]))]
    pub title_helper: Option<String>,
    /// What that means, in a sentence or two.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = ["Ring today if you can."]))]
    pub text: Option<String>,
    /// What it means for a helper.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = ["Ring with them today if you can."]))]
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
    /// The question, as the person reads it.
    #[schemars(extend("examples" = ["Do you owe money on any of these?"]))]
    pub text: String,
    /// The question for a helper.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = ["Do they owe money on any of these?"]))]
    pub text_helper: Option<String>,
    /// A hint for answering it, in a sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = ["Tick all that are true."]))]
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
    /// Its text, as the person reads it.
    #[schemars(extend("examples" = ["A letter says that I must leave"]))]
    pub label: String,
    /// Its text for a helper.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = ["A letter says that they must leave"]))]
    pub label_helper: Option<String>,
    /// Id of a level: choosing it raises the level to at least this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = ["community"]))]
    pub floor: Option<String>,
    /// Needs of someone who chooses it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub needs: Vec<Weighed>,
    /// Id of the panel of urgent help it shows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = ["nowhere_tonight"]))]
    pub urgent: Option<String>,
    /// Words that help choose services, and that rules count.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("examples" = [["priority"]]))]
    pub tags: Vec<String>,
    /// Whether it means "none of the others": it is dropped when another one is chosen too.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[schemars(extend("examples" = [true]))]
    pub exclusive: bool,
}

/// A need and how strong it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "WeighedNeed")]
pub struct Weighed {
    /// Code of a need.
    #[schemars(extend("examples" = ["energy-bills"]))]
    pub need: String,
    /// How badly it is felt: a whole number from 1 to 3; 3 is the strongest.
    #[schemars(extend("examples" = [2]))]
    pub severity: u32,
}

/// What several answers mean in combination.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "CheckerRule")]
pub struct Rule {
    /// Its name for programs.
    #[schemars(extend("examples" = ["notice-soon"]))]
    pub id: String,
    /// The condition.
    pub when: Expression,
    /// Id of a level: if the condition is true, the level is at least this.
    #[schemars(extend("examples" = ["council_now"]))]
    pub level: String,
    /// Id of the panel of urgent help it shows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = ["nowhere_tonight"]))]
    pub urgent: Option<String>,
    /// The reason, in a sentence to the person.
    #[schemars(extend("examples" = ["You may have to leave your home within 8 weeks."]))]
    pub why: String,
    /// The reason for a helper.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = ["They may have to leave their home within 8 weeks."]))]
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
