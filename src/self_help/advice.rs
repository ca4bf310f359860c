//! What somebody is told: the outcome of their answers with the panels, steps and numbers for where
//! they are. The pages and the API show the same.

use chrono::NaiveDate;

use super::{
    Edition,
    checker::{Answers, Outcome, document::worded},
    contacts::{Action, Area, Call, Chooser, Line, Panel},
};

/// See the module.
#[derive(Clone, Debug)]
pub struct Advice<'a> {
    /// Chooses the numbers.
    pub chooser: Chooser<'a>,
    /// What the answers mean.
    pub outcome: Outcome,
    /// What the level is called.
    pub title: &'a str,
    /// What that means, in a sentence or two.
    pub text: Option<&'a str>,
    /// Why it is so.
    pub reasons: Vec<String>,
    /// Urgent help.
    pub panels: Vec<&'a Panel>,
    /// What to do first, at most three things.
    pub steps: Vec<&'a Action>,
    /// Somebody to talk to.
    pub talk: Vec<&'a Line>,
    /// Whether nothing may come before urgent help.
    pub is_emergency: bool,
    /// Whether other numbers would be given if it were known where the person is.
    pub wants_the_place: bool,
}

impl Edition {
    /// What somebody is told who answered so and is here. `helper` speaks to somebody who answers for
    /// another person.
    pub fn advise<'a>(&'a self, answers: &Answers, area: Option<&'a Area>, today: NaiveDate, helper: bool) -> Advice<'a> {
        let (checker, contacts) = (&self.checker, &self.contacts);
        let chooser = self.chooser(area, today);
        let outcome = checker.evaluate(answers);
        let level = checker.level(&outcome.level);
        let panels: Vec<&Panel> = outcome.urgent.iter().filter_map(|id| contacts.panel(id)).collect();
        let steps = chooser.steps(&outcome.level, &outcome.needs);
        let talk: &[Call] = contacts.talk.get(&outcome.level).map(Vec::as_slice).unwrap_or_default();
        let of_panels = panels.iter().map(|panel| panel.call.as_slice());
        let of_steps = steps.iter().map(|step| step.call.as_slice());
        Advice {
            wants_the_place: of_panels.chain(of_steps).chain([talk]).any(|calls| chooser.would_know_better(calls)),
            is_emergency: checker.highest().is_some_and(|highest| highest.id == outcome.level),
            title: level.map_or("", |level| worded(&level.title, level.title_helper.as_deref(), helper)),
            text: level.and_then(|level| level.text.as_deref()),
            reasons: checker.reasons(&outcome, helper),
            talk: chooser.talk(talk),
            panels,
            steps,
            chooser,
            outcome,
        }
    }
}
