//! Stored test cases: answers and what they must come to. They stand beside a checker, and it is not
//! published until they hold.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    document::{Answers, Checker},
    evaluate::Outcome,
    validate::Finding,
};

/// Answers and the outcome they must have. Anything a case leaves out is not compared, but it must have at least one of
/// level, urgent, rules and needs. Members with other names are refused: a misspelt one would compare nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// Description of the case, shown if it fails: a few words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = ["a notice, and energy bills"]))]
    pub about: Option<String>,
    /// The answers: for each question, ids of the options that were chosen.
    #[schemars(extend("examples" = [{"risk": ["notice"], "bills": ["energy"]}]))]
    pub answers: Answers,
    /// Id of the level.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = ["council_now"]))]
    pub level: Option<String>,
    /// Ids of the panels shown, in any order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [["nowhere_tonight"]]))]
    pub urgent: Option<Vec<String>>,
    /// Ids of the rules that apply, in any order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [["notice-soon"]]))]
    pub rules: Option<Vec<String>>,
    /// Codes of the needs, in this order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [["housing-eviction", "energy-bills"]]))]
    pub needs: Option<Vec<String>>,
}

impl Case {
    /// Whether it says nothing that the outcome must be: such a case holds whatever the checker does.
    fn asserts_nothing(&self) -> bool {
        self.level.is_none() && self.urgent.is_none() && self.rules.is_none() && self.needs.is_none()
    }

    /// In what the outcome differs from what the case says.
    fn differences(&self, outcome: &Outcome) -> Vec<String> {
        let sorted = |items: &[String]| {
            let mut items = items.to_vec();
            items.sort();
            items
        };
        let mut said = Vec::new();
        if self.asserts_nothing() {
            said.push("says nothing that must come out of it: give at least one of level, urgent, rules and needs".to_owned());
        }
        if let Some(level) = self.level.as_ref().filter(|level| **level != outcome.level) {
            said.push(format!("the level is {}, not {level}", outcome.level));
        }
        let lists = [("urgent", &self.urgent, &outcome.urgent), ("rules", &self.rules, &outcome.rules)];
        for (name, wanted, got) in lists {
            if let Some(wanted) = wanted.as_ref().filter(|wanted| sorted(wanted) != sorted(got)) {
                said.push(format!("{name} is [{}], not [{}]", got.join(", "), wanted.join(", ")));
            }
        }
        if let Some(needs) = self.needs.as_ref().filter(|needs| **needs != outcome.needs) {
            said.push(format!("needs is [{}], not [{}]", outcome.needs.join(", "), needs.join(", ")));
        }
        said
    }
}

/// Which cases do not hold, and how. None at all is a finding, too, and so is one that asserts nothing: then nothing was
/// tried.
pub fn run(checker: &Checker, cases: &[Case]) -> Vec<Finding> {
    if cases.is_empty() {
        return vec![Finding::new("cases", "there are no test cases to check that the levels are right")];
    }
    let failures = cases.iter().enumerate().filter_map(|(at, case)| {
        let said = case.differences(&checker.evaluate(&case.answers));
        let about = case.about.as_ref().map(|about| format!(" ({about})")).unwrap_or_default();
        (!said.is_empty()).then(|| Finding::new(format!("cases[{at}]{about}"), said.join("; ")))
    });
    failures.collect()
}
