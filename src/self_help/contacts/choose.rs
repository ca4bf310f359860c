//! Which lines and first steps somebody is given, by where they are, what day it is, and who answers at this hour.

use chrono::{DateTime, NaiveDate, Utc};

use super::{
    area::{Area, Nation},
    dated::{Dated, Standing},
    document::{Action, Call, Contacts, FirstDebt, Line, Panel, Tip},
};
use crate::self_help::{budget::Situation, checker::Pressing};

/// First steps that are told at most: more is not done.
const MOST_STEPS: usize = 3;
/// Lines beside each other from which somebody chooses the one that is for them, at most.
const MOST_TO_CHOOSE_FROM: usize = 3;
/// Lines that stand in for each other, at most: a circle of fallbacks ends.
const MOST_FALLBACKS: usize = 5;

/// What may be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trust {
    /// Only what somebody has checked, and not too long ago.
    Checked,
    /// Everything: for a demonstration that says so on every page.
    Everything,
}

/// Chooses among contacts for one person.
#[derive(Clone, Copy, Debug)]
pub struct Chooser<'a> {
    /// What there is.
    pub contacts: &'a Contacts,
    /// Where the person is, if they said so and it is certain.
    pub area: Option<&'a Area>,
    /// The day.
    pub today: NaiveDate,
    /// The moment at which somebody would ring; none for what is kept and read on another day.
    pub now: Option<DateTime<Utc>>,
    /// What may be shown.
    pub trust: Trust,
}

impl<'a> Chooser<'a> {
    /// The lines for these calls, each once, in order; those that nobody answers now come last.
    pub fn lines(&self, calls: &[Call]) -> Vec<&'a Line> {
        let mut lines: Vec<&Line> = Vec::new();
        for call in calls {
            let own = self.lines_for(call);
            let instead = self.answering_instead(call, &own);
            add(&mut lines, own.into_iter().chain(instead));
        }
        self.answered_first(lines)
    }

    /// The lines of a panel of urgent help. Never none: where nothing else may be given, the emergency
    /// number is.
    pub fn urgent(&self, panel: &Panel) -> Vec<&'a Line> {
        or_emergency(self.lines(&panel.call))
    }

    /// Somebody to talk to: the first of these calls that is for everybody, else the emergency number.
    pub fn talk(&self, calls: &[Call]) -> Vec<&'a Line> {
        or_emergency(self.first(calls))
    }

    /// The first of these calls that there is a line for. One that is only for some people does not settle it, because
    /// nobody is asked who they are, nor does one that nobody answers now, nor 999 where it only stands in: the next ones
    /// are given, too. What somebody answers now comes first, and of that what is for everybody.
    pub fn first(&self, calls: &[Call]) -> Vec<&'a Line> {
        self.until_settled(calls, |_| true)
    }

    fn until_settled(&self, calls: &[Call], fits: impl Fn(&&'a Line) -> bool) -> Vec<&'a Line> {
        let (mut lines, mut instead): (Vec<&'a Line>, Vec<&'a Line>) = (Vec::new(), Vec::new());
        for call in calls {
            let own: Vec<&'a Line> = self.lines_for(call).into_iter().filter(&fits).collect();
            let settles =
                |line: &&Line| line.only_for.is_none() && (!line.is_emergency() || line.id == *call) && !self.is_closed(line);
            let is_settled = own.iter().any(settles);
            instead.extend(self.answering_instead(call, &own));
            add(&mut lines, own);
            if is_settled || lines.len() >= MOST_TO_CHOOSE_FROM {
                break;
            }
        }
        // Stable: of those that are for everybody, and of the others, the one that stands first.
        lines.sort_by_key(|line| line.only_for.is_some());
        add(&mut lines, instead);
        self.answered_first(lines)
    }

    /// Whether nobody answers it now.
    fn is_closed(&self, line: &Line) -> bool {
        self.now.is_some_and(|now| line.is_closed(now))
    }

    /// What stands in for the lines of a call that nobody answers now: the next one of its fallbacks that somebody may
    /// answer. 999 stands in for none that is only closed.
    pub(super) fn answering_instead(&self, call: &str, own: &[&'a Line]) -> Option<&'a Line> {
        let last = own.last().filter(|_| own.iter().all(|line| self.is_closed(line)))?;
        let of_duty = call.strip_prefix("duty:").and_then(|name| self.contacts.duties.get(name));
        let mut next: Vec<&str> = of_duty.into_iter().flat_map(|duty| &duty.fallback).map(String::as_str).collect();
        next.extend(last.fallback.as_deref());
        let contacts: &'a Contacts = self.contacts;
        let mut at = 0;
        while let Some(line) = next.get(at).and_then(|id| contacts.line(id)).filter(|_| at < MOST_FALLBACKS) {
            let helps = line.council.is_none() && !line.is_emergency() && self.may_be_given(line) && !self.is_closed(line);
            if helps {
                return Some(line);
            }
            next.extend(line.fallback.as_deref());
            at += 1;
        }
        None
    }

    /// The lines with those last that nobody answers now. 999 stays where it was: it is for danger, not for what is closed.
    fn answered_first(&self, lines: Vec<&'a Line>) -> Vec<&'a Line> {
        let mut others: Vec<&Line> = lines.iter().copied().filter(|line| !line.is_emergency()).collect();
        // Stable, too.
        others.sort_by_cached_key(|line| self.is_closed(line));
        let mut others = others.into_iter();
        lines.into_iter().filter_map(|line| if line.is_emergency() { Some(line) } else { others.next() }).collect()
    }

    /// Whom to ask what help there is: the main line of the council where somebody is, else the one that is named
    /// for everybody. What only stands in for that one may be for something else altogether, so it is not given.
    pub fn front_desk(&self) -> Vec<&'a Line> {
        let named = self.contacts.duties.get("front_desk").map(|duty| &duty.fallback);
        let fits = |line: &&Line| line.council.is_some() || named.is_some_and(|named| named.contains(&line.id));
        self.lines_for("duty:front_desk").into_iter().filter(fits).collect()
    }

    /// Whether one of these calls would give another line if we knew where the person is.
    pub fn would_know_better(&self, calls: &[Call]) -> bool {
        self.area.is_none() && calls.iter().any(|call| call.starts_with("duty:"))
    }

    /// Whether we know where the person is and one of these calls is for their council, of which there
    /// is no line.
    pub fn lacks_the_council(&self, calls: &[Call]) -> bool {
        let is_theirs = |line: &&Line| line.council.is_some();
        let of_council = |call: &&Call| call.starts_with("duty:");
        self.area.is_some() && calls.iter().filter(of_council).any(|call| !self.lines_for(call).iter().any(is_theirs))
    }

    /// First steps for this level, these needs and these tags of what was answered: those for the most
    /// pressing needs first, then those for everybody on the level.
    pub fn steps(&self, level: &str, needs: &[Pressing], tags: &[String]) -> Vec<&'a Action> {
        let rank = |action: &Action| {
            let of_needs = needs.iter().filter(|own| action.needs.contains(&own.need)).map(|own| own.rank).min();
            of_needs.or_else(|| action.needs.is_empty().then_some(usize::MAX))
        };
        let fits = |action: &&Action| {
            (action.levels.is_empty() || action.levels.iter().any(|own| own == level))
                && (action.tags.is_empty() || action.tags.iter().any(|tag| tags.contains(tag)))
                && self.holds_here(&action.jurisdiction)
                && self.may_give(&action.dated)
        };
        let mut steps: Vec<(usize, &Action)> =
            self.contacts.actions.iter().filter(fits).filter_map(|action| Some((rank(action)?, action))).collect();
        // Stable: of two that are as pressing, the one that stands first.
        steps.sort_by_key(|(rank, _)| *rank);
        steps.into_iter().take(MOST_STEPS).map(|(_, action)| action).collect()
    }

    /// Tips for somebody whose budget shows this.
    pub fn tips(&self, situations: &[Situation]) -> Vec<&'a Tip> {
        let fits = |tip: &&Tip| situations.contains(&tip.when) && self.holds_here(&tip.jurisdiction) && self.may_give(&tip.dated);
        self.contacts.tips.iter().filter(fits).collect()
    }

    /// Debts to pay before others, the most important first.
    pub fn first_debts(&self) -> Vec<&'a FirstDebt> {
        let fits = |first: &&FirstDebt| self.holds_here(&first.jurisdiction) && self.may_give(&first.dated);
        self.contacts.first_debts.iter().filter(fits).collect()
    }

    /// Whom of these calls somebody is given beside the emergency number; none where there is nobody else.
    pub fn beside_the_emergency_number(&self, calls: &[Call]) -> Option<Vec<&'a Line>> {
        Some(self.until_settled(calls, |line| !line.is_emergency())).filter(|lines| !lines.is_empty())
    }

    /// The lines for one call, whether or not somebody answers them now.
    pub(super) fn lines_for(&self, call: &str) -> Vec<&'a Line> {
        let Some(name) = call.strip_prefix("duty:") else { return self.usable(call).into_iter().collect() };
        let Some(duty) = self.contacts.duties.get(name) else { return Vec::new() };
        let council = self.area.and_then(|area| area.council_for(duty.tier, self.contacts));
        let is_theirs = |line: &&Line| line.duty.as_deref() == Some(name) && line.council.is_some() && line.council == council;
        let theirs: Vec<&Line> = self.contacts.lines.iter().filter(is_theirs).filter(|line| self.may_be_given(line)).collect();
        if !theirs.is_empty() {
            return theirs;
        }
        duty.fallback.iter().find_map(|line| self.usable(line)).into_iter().collect()
    }

    /// The line, or the one that stands in for it. A council's own line never comes this way: it is
    /// for its own area only.
    fn usable(&self, id: &str) -> Option<&'a Line> {
        let mut at = self.contacts.line(id);
        for _ in 0..MOST_FALLBACKS {
            let line = at?;
            if line.council.is_none() && self.may_be_given(line) {
                return Some(line);
            }
            at = self.contacts.line(line.fallback.as_deref()?);
        }
        None
    }

    /// Whether something with this date may be given today.
    pub fn may_give(&self, dated: &Dated) -> bool {
        self.trust == Trust::Everything || dated.standing(self.today) == Standing::Checked
    }

    fn may_be_given(&self, line: &Line) -> bool {
        self.holds_here(&line.jurisdiction) && (line.is_emergency() || self.may_give(&line.dated))
    }

    /// Whether something for this jurisdiction is for where the person is, as far as that is known.
    pub fn holds_here(&self, jurisdiction: &str) -> bool {
        self.area.and_then(Area::nation).is_none_or(|nation: Nation| nation.is_in(jurisdiction))
    }
}

/// Add those that are not there yet.
fn add<'a>(lines: &mut Vec<&'a Line>, more: impl IntoIterator<Item = &'a Line>) {
    for line in more {
        if !lines.iter().any(|there| there.id == line.id) {
            lines.push(line);
        }
    }
}

fn or_emergency(lines: Vec<&Line>) -> Vec<&Line> {
    if lines.is_empty() { vec![Line::emergency()] } else { lines }
}
