//! Whether a checker can be used: everything that is wrong with it, each with where it stands.

use std::collections::{BTreeSet, HashMap};

use serde::Serialize;

use super::{
    document::{Checker, Kind, Question, SCHEMA},
    expression::{Answer, DEEPEST, Expression, UNANSWERED},
};
use crate::self_help::reading;

/// More questions than this nobody answers in distress.
const MOST_QUESTIONS: usize = 14;
/// Options of one question.
const MOST_OPTIONS: usize = 20;
/// A sentence above this age is hard to read for many. Reading ages of 9 to 11 are aimed at.
const READING_AGE: f64 = 13.0;

/// Something wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Where in the document, such as `questions[3].options[1].floor`.
    pub at: String,
    /// What is wrong.
    pub problem: String,
}

impl Finding {
    /// A finding.
    pub fn new(at: impl Into<String>, problem: impl Into<String>) -> Self {
        Self { at: at.into(), problem: problem.into() }
    }
}

impl std::fmt::Display for Finding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.at, self.problem)
    }
}

/// What a checker may name beside itself.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// Codes of needs.
    pub needs: BTreeSet<String>,
    /// Panels of urgent help that have a number to ring.
    pub panels: BTreeSet<String>,
}

/// Everything that is wrong with the checker.
pub fn problems(checker: &Checker, known: &Known) -> Vec<Finding> {
    let mut found = Vec::new();
    if checker.schema != SCHEMA {
        found.push(Finding::new("schema", format!("is {:?}, expected {SCHEMA:?}", checker.schema)));
    }
    levels(checker, &mut found);
    questions(checker, known, &mut found);
    rules(checker, known, &mut found);
    if !reaches_the_highest(checker) {
        found.push(Finding::new("questions", "no answer leads to the highest level with a panel of urgent help"));
    }
    found
}

/// What is not wrong, and could be better: sentences that are hard to read.
pub fn warnings(checker: &Checker) -> Vec<Finding> {
    let mut texts: Vec<(String, &str)> = Vec::new();
    for (at, question) in checker.questions.iter().enumerate() {
        texts.push((format!("questions[{at}].text"), &question.text));
        texts.extend(question.hint.as_deref().map(|hint| (format!("questions[{at}].hint"), hint)));
        texts.extend(
            question
                .options
                .iter()
                .enumerate()
                .map(|(o, option)| (format!("questions[{at}].options[{o}].label"), option.label.as_str())),
        );
    }
    texts.extend(checker.rules.iter().enumerate().map(|(at, rule)| (format!("rules[{at}].why"), rule.why.as_str())));
    let hard = texts.into_iter().filter_map(|(at, text)| {
        let age = reading::age(text)?;
        (age > READING_AGE).then(|| Finding::new(at, format!("suits readers aged about {age:.0}; aim for 9 to 11")))
    });
    hard.collect()
}

fn levels(checker: &Checker, found: &mut Vec<Finding>) {
    if checker.levels.len() < 2 {
        found.push(Finding::new("levels", "there must be at least two"));
    }
    unique("levels", "id", checker.levels.iter().map(|level| level.id.clone()), found);
    unique("levels", "rank", checker.levels.iter().map(|level| level.rank.to_string()), found);
}

fn questions(checker: &Checker, known: &Known, found: &mut Vec<Finding>) {
    if checker.questions.is_empty() || checker.questions.len() > MOST_QUESTIONS {
        found.push(Finding::new(
            "questions",
            format!("there are {}; the limit is 1 to {MOST_QUESTIONS}", checker.questions.len()),
        ));
    }
    unique("questions", "id", checker.questions.iter().map(|question| question.id.clone()), found);
    let mentioned = mentioned(checker);
    for (at, question) in checker.questions.iter().enumerate() {
        let path = format!("questions[{at}]");
        if !is_name(&question.id) {
            found.push(Finding::new(
                format!("{path}.id"),
                format!("{:?} is not a name: letters, digits, - and _ only", question.id),
            ));
        }
        if question.options.is_empty() || question.options.len() > MOST_OPTIONS {
            found.push(Finding::new(
                format!("{path}.options"),
                format!("there are {}; the limit is 1 to {MOST_OPTIONS}", question.options.len()),
            ));
        }
        unique(&format!("{path}.options"), "id", question.options.iter().map(|option| option.id.clone()), found);
        if let Some(shown) = &question.show_if {
            expression(shown, &format!("{path}.show_if"), &checker.questions[..at], found);
        }
        options(checker, question, &path, known, &mentioned, found);
    }
}

fn options(
    checker: &Checker,
    question: &Question,
    path: &str,
    known: &Known,
    mentioned: &BTreeSet<(String, String)>,
    found: &mut Vec<Finding>,
) {
    for (at, option) in question.options.iter().enumerate() {
        let path = format!("{path}.options[{at}]");
        if !is_name(&option.id) || option.id == UNANSWERED {
            found.push(Finding::new(format!("{path}.id"), format!("{:?} cannot be the name of an option", option.id)));
        }
        if let Some(floor) = option.floor.as_ref().filter(|floor| checker.level(floor).is_none()) {
            found.push(Finding::new(format!("{path}.floor"), format!("there is no level {floor:?}")));
        }
        for (need, weighed) in option.needs.iter().enumerate() {
            if !known.needs.contains(&weighed.need) {
                found.push(Finding::new(format!("{path}.needs[{need}].need"), format!("there is no need {:?}", weighed.need)));
            }
            if !(1..=3).contains(&weighed.severity) {
                found.push(Finding::new(
                    format!("{path}.needs[{need}].severity"),
                    format!("is {}, expected 1, 2 or 3", weighed.severity),
                ));
            }
        }
        panel(option.urgent.as_deref(), &path, known, found);
        // It is dropped when another option is ticked: were it to count, ticking more could lower the level.
        let counts = option.floor.is_some()
            || option.urgent.is_some()
            || !option.tags.is_empty()
            || mentioned.contains(&(question.id.clone(), option.id.clone()));
        if question.kind == Kind::Any && option.exclusive && counts {
            let problem = "an exclusive option among several must not have a floor, panel or tag, or be named in a rule: ticking another box would then lower the level";
            found.push(Finding::new(path, problem));
        }
    }
}

fn rules(checker: &Checker, known: &Known, found: &mut Vec<Finding>) {
    unique("rules", "id", checker.rules.iter().map(|rule| rule.id.clone()), found);
    for (at, rule) in checker.rules.iter().enumerate() {
        let path = format!("rules[{at}]");
        if checker.level(&rule.level).is_none() {
            found.push(Finding::new(format!("{path}.level"), format!("there is no level {:?}", rule.level)));
        }
        panel(rule.urgent.as_deref(), &path, known, found);
        expression(&rule.when, &format!("{path}.when"), &checker.questions, found);
    }
}

/// What an expression may name: questions that stand before it, and their options.
fn expression(expression: &Expression, path: &str, before: &[Question], found: &mut Vec<Finding>) {
    if expression.depth() > DEEPEST {
        found.push(Finding::new(path, format!("is nested deeper than {DEEPEST}")));
        return;
    }
    expression.visit(path, &mut |path, part| match part {
        Expression::Answer(answer) => {
            let Some(question) = before.iter().find(|question| question.id == answer.question) else {
                let problem = format!("names the question {:?}, which does not come before this", answer.question);
                found.push(Finding::new(path, problem));
                return;
            };
            if answer.option == UNANSWERED {
                if question.kind != Kind::One {
                    let problem = format!("{answer}: a question with several answers cannot be asked about as unanswered, since ticking one would then lower the level");
                    found.push(Finding::new(path, problem));
                }
            } else if !question.options.iter().any(|option| option.id == answer.option) {
                found.push(Finding::new(path, format!("names {answer}, which is not an option")));
            }
        }
        Expression::Count { count_of: parts, at_least } => {
            if *at_least == 0 || *at_least > parts.len() {
                found.push(Finding::new(path, format!("at_least is {at_least}, of {}", parts.len())));
            }
        }
        Expression::Tags { tag_count, at_least } => {
            let carried = before.iter().flat_map(|question| &question.options).any(|option| option.tags.contains(tag_count));
            if *at_least == 0 || !carried {
                found.push(Finding::new(path, format!("counts the tag {tag_count:?}, at least {at_least}: no option before this has that tag, or at_least is 0")));
            }
        }
        Expression::All { all: parts } | Expression::Any { any: parts } => {
            if parts.is_empty() {
                found.push(Finding::new(path, "is empty"));
            }
        }
    });
}

fn panel(panel: Option<&str>, path: &str, known: &Known, found: &mut Vec<Finding>) {
    if let Some(panel) = panel.filter(|panel| !known.panels.contains(*panel)) {
        found.push(Finding::new(format!("{path}.urgent"), format!("there is no panel {panel:?} with a number to call")));
    }
}

/// Options that rules or conditions name.
fn mentioned(checker: &Checker) -> BTreeSet<(String, String)> {
    let mut named = BTreeSet::new();
    let shown = checker.questions.iter().filter_map(|question| question.show_if.as_ref());
    for expression in shown.chain(checker.rules.iter().map(|rule| &rule.when)) {
        expression.visit("", &mut |_, part| {
            if let Expression::Answer(Answer { question, option }) = part {
                named.insert((question.clone(), option.clone()));
            }
        });
    }
    named
}

fn reaches_the_highest(checker: &Checker) -> bool {
    let Some(highest) = checker.highest().map(|level| level.id.as_str()) else { return false };
    let option = checker
        .questions
        .iter()
        .flat_map(|question| &question.options)
        .any(|option| option.floor.as_deref() == Some(highest) && option.urgent.is_some());
    option || checker.rules.iter().any(|rule| rule.level == highest && rule.urgent.is_some())
}

fn unique(path: &str, member: &str, values: impl Iterator<Item = String>, found: &mut Vec<Finding>) {
    let mut first: HashMap<String, usize> = HashMap::new();
    for (at, value) in values.enumerate() {
        if let Some(before) = first.get(&value) {
            found.push(Finding::new(format!("{path}[{at}].{member}"), format!("{value:?} is already at {path}[{before}]")));
        } else {
            first.insert(value, at);
        }
    }
}

/// A name that can stand in a form without being escaped.
fn is_name(text: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    (1..=60).contains(&text.len()) && text.chars().all(allowed)
}
