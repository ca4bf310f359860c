//! What somebody is told: the outcome of their answers with the panels, steps and numbers for where
//! they are. The pages and the API show the same.

use std::cmp::Reverse;

use chrono::{DateTime, Utc};

use super::{
    Edition,
    checker::{Answers, Outcome, Pressing, document::worded},
    contacts::{Action, Area, Call, Chooser, Line, Panel},
};

/// See the module.
#[derive(Clone, Debug)]
pub struct Advice<'a> {
    /// Chooses the numbers.
    pub chooser: Chooser<'a>,
    /// What the answers mean.
    pub outcome: Outcome,
    /// Codes of needs in the order in which help is shown: the worst first, and of those that are as bad safety, then
    /// what the level comes from.
    pub needs: Vec<String>,
    /// What the level is called.
    pub title: &'a str,
    /// What that means, in a sentence or two.
    pub text: Option<&'a str>,
    /// Why it is so.
    pub reasons: Vec<String>,
    /// Urgent help.
    pub panels: Vec<Urgent<'a>>,
    /// What to do first, at most three things.
    pub steps: Vec<Step<'a>>,
    /// Somebody to talk to: where it is an emergency, whom the urgent help names beside 999.
    pub talk: Vec<&'a Line>,
    /// What to say to them, where the urgent help has words for it.
    pub talk_say: Option<&'a str>,
    talk_calls: &'a [Call],
    /// Whether nothing may come before urgent help.
    pub is_emergency: bool,
    /// Whether other numbers would be given if it were known where the person is.
    pub wants_the_place: bool,
}

/// Urgent help as it is told to this person.
#[derive(Clone, Debug)]
pub struct Urgent<'a> {
    /// The panel.
    pub panel: &'a Panel,
    /// Its heading.
    pub title: &'a str,
    /// What to do, one paragraph each; none where what the panel says does not hold where they are.
    pub body: &'a [String],
    /// What can be said on the phone.
    pub say: Option<&'a str>,
    /// Whether the panel was written for where they are, as far as that is known.
    pub holds_here: bool,
    /// Whom to ring.
    pub lines: Vec<&'a Line>,
    /// Whether the number of their council should be among them, and is not known.
    pub lacks_the_council: bool,
}

/// A first step as it is told to this person.
#[derive(Clone, Debug)]
pub struct Step<'a> {
    /// The step.
    pub action: &'a Action,
    /// What to do.
    pub title: &'a str,
    /// How.
    pub body: &'a str,
    /// Whom to ring for it.
    pub lines: Vec<&'a Line>,
}

/// Beginnings of the codes of needs that somebody may be in danger by.
const SAFETY: [&str; 2] = ["safety", "health-crisis"];

/// The needs in the order in which help with them is shown.
fn safety_first(mut pressing: Vec<Pressing>, outcome: &Outcome) -> Vec<String> {
    let severity = |need: &str| outcome.severities.get(need).copied().unwrap_or_default();
    let is_danger = |need: &str| SAFETY.iter().any(|begins| need.starts_with(begins));
    pressing.sort_by_key(|own| (Reverse(severity(&own.need)), !is_danger(&own.need), own.rank));
    pressing.into_iter().map(|own| own.need).collect()
}

impl<'a> Chooser<'a> {
    /// A panel of urgent help for this person.
    pub fn told(&self, panel: &'a Panel, helper: bool) -> Urgent<'a> {
        let holds_here = self.holds_here(&panel.jurisdiction);
        let body: &[String] = panel.body_helper.as_ref().filter(|_| helper).unwrap_or(&panel.body);
        let say = panel.say_helper.as_deref().filter(|_| helper).or(panel.say.as_deref());
        Urgent {
            panel,
            title: worded(&panel.title, panel.title_helper.as_deref(), helper),
            body: if holds_here { body } else { &[] },
            say: say.filter(|_| holds_here),
            holds_here,
            lines: self.urgent(panel),
            lacks_the_council: self.lacks_the_council(&panel.call),
        }
    }

    fn step(&self, action: &'a Action, helper: bool) -> Step<'a> {
        Step {
            action,
            title: worded(&action.title, action.title_helper.as_deref(), helper),
            body: worded(&action.body, action.body_helper.as_deref(), helper),
            lines: self.first(&action.call),
        }
    }
}

impl Advice<'_> {
    /// Whether 999 is among the numbers that are given.
    pub fn gives_999(&self) -> bool {
        self.lines().any(Line::is_emergency)
    }

    /// Whether the only number to talk to somebody is 999.
    pub fn talks_to_999(&self) -> bool {
        self.talk.iter().all(|line| line.is_emergency())
    }

    /// Every line that is given, in order.
    fn lines(&self) -> impl Iterator<Item = &Line> {
        let of_panels = self.panels.iter().flat_map(|panel| &panel.lines);
        let of_steps = self.steps.iter().flat_map(|step| &step.lines);
        of_panels.chain(of_steps).chain(&self.talk).copied()
    }

    /// The lines among them that can be rung from everywhere, but for 999.
    pub fn national(&self) -> Vec<&Line> {
        let mut lines: Vec<&Line> = Vec::new();
        for line in self.lines().filter(|line| line.council.is_none() && !line.is_emergency()) {
            if !lines.iter().any(|there| there.id == line.id) {
                lines.push(line);
            }
        }
        lines
    }

    /// Names of the councils whose numbers are given, in order; what the line is called where the
    /// contacts do not list its council.
    pub fn councils(&self) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        for line in self.lines() {
            let Some(code) = &line.council else { continue };
            let name = self.chooser.contacts.council(code).map_or(line.title.as_str(), |council| council.name.as_str());
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names
    }

    /// Whether a step or somebody to talk to should be their council, and its number is not known. The
    /// panels say it themselves.
    pub fn lacks_the_council(&self) -> bool {
        let of_steps = self.steps.iter().map(|step| step.action.call.as_slice());
        of_steps.chain([self.talk_calls]).any(|calls| self.chooser.lacks_the_council(calls))
    }
}

impl Edition {
    /// What somebody is told who answered so, is here and asks at this moment. `helper` speaks to somebody who answers for
    /// another person.
    pub fn advise<'a>(&'a self, answers: &Answers, area: Option<&'a Area>, now: DateTime<Utc>, helper: bool) -> Advice<'a> {
        let (checker, contacts) = (&self.checker, &self.contacts);
        let chooser = self.chooser(area, now);
        let outcome = checker.evaluate(answers);
        let level = checker.level(&outcome.level);
        // In the order that the contacts have them in: what a rule opens may be whom to ring before what an answer opens.
        let panels: Vec<&Panel> = contacts.panels.iter().filter(|panel| outcome.urgent.contains(&panel.id)).collect();
        let pressing = checker.pressing_needs(answers, &outcome);
        let steps = chooser.steps(&outcome.level, &pressing, &outcome.tags);
        let talk: &[Call] = contacts.talk.get(&outcome.level).map(Vec::as_slice).unwrap_or_default();
        let of_panels = panels.iter().map(|panel| panel.call.as_slice());
        let of_steps = steps.iter().map(|step| step.call.as_slice());
        let is_emergency = checker.highest().is_some_and(|highest| highest.id == outcome.level);
        // 999 is for danger now. Somebody without a bed talks to the council.
        let beside_999 = panels
            .iter()
            .filter(|_| is_emergency)
            .find_map(|panel| Some((*panel, chooser.beside_the_emergency_number(&panel.call)?)));
        let (talk_say, to_talk_to) = match beside_999 {
            Some((panel, lines)) => (chooser.told(panel, helper).say, lines),
            None => (None, chooser.talk(talk)),
        };
        Advice {
            wants_the_place: of_panels.chain(of_steps).chain([talk]).any(|calls| chooser.would_know_better(calls)),
            is_emergency,
            title: level.map_or("", |level| worded(&level.title, level.title_helper.as_deref(), helper)),
            text: level.and_then(|level| level.text_helper.as_deref().filter(|_| helper).or(level.text.as_deref())),
            reasons: checker.reasons(&outcome, helper),
            talk: to_talk_to,
            talk_say,
            talk_calls: talk,
            panels: panels.into_iter().map(|panel| chooser.told(panel, helper)).collect(),
            steps: steps.into_iter().map(|action| chooser.step(action, helper)).collect(),
            needs: safety_first(pressing, &outcome),
            chooser,
            outcome,
        }
    }
}
