//! What answers mean: the level, why, which panels of urgent help, which needs in which order. Pure:
//! nothing is looked up, kept or logged.

use std::collections::{BTreeMap, BTreeSet};

use schemars::{JsonSchema, Schema};
use serde::Serialize;
use serde_json::{Map, Value};

use super::{
    document::{Answers, Checker, Choice, Kind, Question, worded},
    expression::{Answer, Expression, UNANSWERED},
};

/// What answers mean.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Outcome {
    /// Id of the level: the highest of what options and rules say, otherwise the lowest.
    #[schemars(extend("examples" = ["council_now"]))]
    pub level: String,
    /// Ids of panels of urgent help, in the order of the questions, then of the rules.
    #[schemars(extend("examples" = [["nowhere_tonight"]]))]
    pub urgent: Vec<String>,
    /// Ids of the rules that hold.
    #[schemars(extend("examples" = [["notice-soon"]]))]
    pub rules: Vec<String>,
    /// Codes of needs: the worst first, then what stands behind it most, then by code.
    #[schemars(extend("examples" = [["housing-eviction", "energy-bills"]]))]
    pub needs: Vec<String>,
    /// Tags of what was chosen, each once, in order.
    #[schemars(extend("examples" = [["priority"]]))]
    pub tags: Vec<String>,
    /// How badly each need is felt, by its code: whole numbers from 1 to 3; 3 is the strongest.
    #[schemars(extend("examples" = [{"housing-eviction": 3, "energy-bills": 2}]))]
    pub severities: BTreeMap<String, u32>,
    /// Why the level is what it is.
    pub why: Vec<Why>,
}

/// A need, and how soon something is to be done about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pressing {
    /// Its code.
    pub need: String,
    /// The lower, the sooner; the same where one is as pressing as the other.
    pub rank: usize,
}

/// A reason for the level.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "CheckerReason")]
pub enum Why {
    /// An answer that asks for this level.
    #[schemars(transform = describe_member)]
    Answer {
        /// Id of the question.
        #[schemars(extend("examples" = ["tonight"]))]
        question: String,
        /// Id of the option.
        #[schemars(extend("examples" = ["no"]))]
        option: String,
    },
    /// A rule that holds.
    #[schemars(transform = describe_member)]
    Rule {
        /// Id of the rule.
        #[schemars(extend("examples" = ["notice-soon"]))]
        rule: String,
    },
}

/// The member that a variant is written as says what the variant says: the derive gives it no description.
fn describe_member(variant: &mut Schema) {
    let description = variant.get("description").cloned();
    let members = variant.get_mut("properties").and_then(Value::as_object_mut);
    for member in members.into_iter().flat_map(Map::values_mut).filter_map(Value::as_object_mut) {
        member.extend(description.clone().map(|description| ("description".to_owned(), description)));
    }
}

/// An answer that the checker does not have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "CheckerUnknown")]
pub struct Unknown {
    /// Id of the question.
    #[schemars(extend("examples" = ["bills"]))]
    pub question: String,
    /// Id of the option, where one was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = ["gas"]))]
    pub option: Option<String>,
}

/// Answers as they count: of the questions that are asked, the options that are there.
#[derive(Debug)]
pub(super) struct Counted<'a> {
    chosen: BTreeMap<&'a str, Vec<&'a Choice>>,
}

impl<'a> Counted<'a> {
    fn is(&self, answer: &Answer) -> bool {
        let Some(chosen) = self.chosen.get(answer.question.as_str()) else { return false };
        if answer.option == UNANSWERED && chosen.is_empty() {
            return true;
        }
        chosen.iter().any(|option| option.id == answer.option)
    }

    fn tagged(&self, tag: &str) -> usize {
        self.options().filter(|(_, option)| option.tags.iter().any(|own| own == tag)).count()
    }

    fn options(&self) -> impl Iterator<Item = (&'a str, &'a Choice)> {
        self.chosen.iter().flat_map(|(question, options)| options.iter().map(|option| (*question, *option)))
    }

    fn holds(&self, expression: &Expression) -> bool {
        expression.holds(&|answer| self.is(answer), &|tag| self.tagged(tag))
    }
}

impl Checker {
    /// What the answers mean.
    pub fn evaluate(&self, answers: &Answers) -> Outcome {
        let counted = self.count(answers);
        let rank = |id: &str| self.level(id).map_or(i64::MIN, |level| level.rank);
        let mut reasons: Vec<(&str, Why)> = Vec::new();
        let mut urgent: Vec<String> = Vec::new();
        let mut open = |panel: &Option<String>| urgent.extend(panel.iter().filter(|panel| !panel.is_empty()).cloned());
        let mut weights: BTreeMap<&str, (u32, u32)> = BTreeMap::new();
        let mut tags: Vec<String> = Vec::new();
        for question in &self.questions {
            for option in counted.chosen.get(question.id.as_str()).into_iter().flatten() {
                if let Some(floor) = &option.floor {
                    let (question, option) = (question.id.clone(), option.id.clone());
                    reasons.push((floor, Why::Answer { question, option }));
                }
                open(&option.urgent);
                for weighed in &option.needs {
                    let (most, sum) = weights.entry(&weighed.need).or_default();
                    *most = weighed.severity.max(*most);
                    *sum = sum.saturating_add(weighed.severity);
                }
                tags.extend(option.tags.iter().cloned());
            }
        }
        let rules: Vec<_> = self.rules.iter().filter(|rule| counted.holds(&rule.when)).collect();
        for rule in &rules {
            reasons.push((&rule.level, Why::Rule { rule: rule.id.clone() }));
            open(&rule.urgent);
        }
        let lowest = self.levels.iter().min_by_key(|level| level.rank).map_or("", |level| level.id.as_str());
        let level = reasons.iter().map(|(level, _)| *level).fold(lowest, |a, b| if rank(b) > rank(a) { b } else { a }).to_owned();
        let why = reasons.into_iter().filter(|(reason, _)| *reason == level && level != lowest).map(|(_, why)| why).collect();
        let mut needs: Vec<(&str, (u32, u32))> = weights.into_iter().collect();
        needs.sort_by(|(a, (most_a, sum_a)), (b, (most_b, sum_b))| most_b.cmp(most_a).then(sum_b.cmp(sum_a)).then(a.cmp(b)));
        Outcome {
            level,
            urgent: once(urgent),
            rules: rules.into_iter().map(|rule| rule.id.clone()).collect(),
            needs: needs.iter().map(|(need, _)| (*need).to_owned()).collect(),
            tags: once(tags),
            severities: needs.iter().map(|(need, (most, _))| ((*need).to_owned(), *most)).collect(),
            why,
        }
    }

    /// The needs in the order in which something is to be done about them: first those of the answers
    /// that the level comes from, then the others, each as the outcome orders them.
    pub fn pressing_needs(&self, answers: &Answers, outcome: &Outcome) -> Vec<Pressing> {
        let counted = self.count(answers);
        let mut behind: BTreeSet<(&str, &str)> = BTreeSet::new();
        for why in &outcome.why {
            match why {
                Why::Answer { question, option } => {
                    behind.insert((question, option));
                }
                Why::Rule { rule } => {
                    let Some(rule) = self.rules.iter().find(|own| own.id == *rule) else { continue };
                    rule.when.visit("", &mut |_, part| {
                        if let Expression::Answer(answer) = part {
                            behind.insert((&answer.question, &answer.option));
                        }
                    });
                }
            }
        }
        let of_level = counted.options().filter(|(question, option)| behind.contains(&(*question, option.id.as_str())));
        let first: BTreeSet<&str> = of_level.flat_map(|(_, option)| &option.needs).map(|weighed| weighed.need.as_str()).collect();
        let (needs, others): (Vec<&String>, Vec<&String>) = outcome.needs.iter().partition(|need| first.contains(need.as_str()));
        let mut pressing: Vec<Pressing> = Vec::new();
        let mut last = None;
        for (is_other, need) in needs.into_iter().map(|need| (false, need)).chain(others.into_iter().map(|need| (true, need))) {
            let how = Some((is_other, outcome.severities.get(need)));
            let before = pressing.last().map_or(0, |before| before.rank);
            let rank = if last.is_none() || last == how { before } else { before + 1 };
            pressing.push(Pressing { need: need.clone(), rank });
            last = how;
        }
        pressing
    }

    /// What of these answers the checker does not have: a question, or an option of one.
    pub fn unknown(&self, answers: &Answers) -> Vec<Unknown> {
        let options = answers.iter().flat_map(|(question, given)| given.iter().map(move |option| (question, option)));
        let is_known = |question: &str, option: &str| {
            self.question(question).is_some_and(|own| own.options.iter().any(|choice| choice.id == option))
        };
        let of_options = options.filter(|(question, option)| !is_known(question, option));
        let empty = answers.iter().filter(|(question, given)| given.is_empty() && self.question(question).is_none());
        let said =
            |question: &str, option: Option<&str>| Unknown { question: question.to_owned(), option: option.map(str::to_owned) };
        of_options
            .map(|(question, option)| said(question, Some(option)))
            .chain(empty.map(|(question, _)| said(question, None)))
            .collect()
    }

    /// Why the level is what it is, in words: each reason once.
    pub fn reasons(&self, outcome: &Outcome, helper: bool) -> Vec<String> {
        let said = outcome.why.iter().filter_map(|why| match why {
            Why::Answer { question, option } => {
                let option = self.question(question)?.options.iter().find(|own| own.id == *option)?;
                let label = worded(&option.label, option.label_helper.as_deref(), helper);
                let question = self.question(question)?;
                let asked = worded(&question.text, question.text_helper.as_deref(), helper);
                Some(format!("{asked} You said: “{label}”."))
            }
            Why::Rule { rule } => {
                let rule = self.rules.iter().find(|own| own.id == *rule)?;
                Some(worded(&rule.why, rule.why_helper.as_deref(), helper).to_owned())
            }
        });
        once(said.collect())
    }

    /// Whether the question is asked of somebody who answered so.
    pub fn asks(&self, question: &Question, answers: &Answers) -> bool {
        self.count(answers).chosen.contains_key(question.id.as_str())
    }

    /// Take from the answers what counts. Questions come in order and look only back, so one walk does.
    fn count<'a>(&'a self, answers: &Answers) -> Counted<'a> {
        let mut counted = Counted { chosen: BTreeMap::new() };
        for question in &self.questions {
            if question.show_if.as_ref().is_none_or(|shown| counted.holds(shown)) {
                let given = answers.get(&question.id).map(Vec::as_slice).unwrap_or_default();
                counted.chosen.insert(&question.id, question.chosen(given));
            }
        }
        counted
    }
}

impl Question {
    /// The options that count among those that were given, in the document's order.
    fn chosen(&self, given: &[String]) -> Vec<&Choice> {
        let mut chosen: Vec<&Choice> = self.options.iter().filter(|option| given.contains(&option.id)).collect();
        // "None of these" beside one of these is a slip of the finger.
        if self.kind == Kind::Any && chosen.iter().any(|option| !option.exclusive) {
            chosen.retain(|option| !option.exclusive);
        }
        // Of several answers where a form sends one, all count: to drop one could make somebody less urgent.
        chosen
    }
}

fn once(items: Vec<String>) -> Vec<String> {
    let mut seen = BTreeSet::new();
    items.into_iter().filter(|item| seen.insert(item.clone())).collect()
}
