//! What a checker cannot be without, by day: a number for each panel of urgent help and each level,
//! and a first step. A day comes on which a check is no longer good, so this is asked when an
//! edition is published and each time that it is shown.

use chrono::{Days, NaiveDate};

use super::{
    checker::{Checker, Finding, Pressing},
    contacts::{Chooser, Contacts, Trust},
};

fn checked(contacts: &Contacts, today: NaiveDate) -> Chooser<'_> {
    Chooser { contacts, area: None, today, now: None, trust: Trust::Checked }
}

/// Panels and levels for which there would be no number when nothing is known of the place.
pub(super) fn unreachable(checker: &Checker, contacts: &Contacts, today: NaiveDate) -> Vec<Finding> {
    const NONE: &str = "none of its lines has been checked recently and is available to everyone";
    let chooser = checked(contacts, today);
    let panels = checker.panels().into_iter().filter_map(|id| {
        let panel = contacts.panel(id)?;
        chooser.lines(&panel.call).is_empty().then(|| Finding::new(format!("panels.{id}.call"), NONE))
    });
    let levels = checker.levels.iter().filter_map(|level| {
        let talk = contacts.talk.get(&level.id).map(Vec::as_slice).unwrap_or_default();
        chooser.first(talk).is_empty().then(|| Finding::new(format!("talk.{}", level.id), NONE))
    });
    panels.chain(levels).collect()
}

/// Levels on which nobody would be told what to do first, whatever they need.
pub(super) fn levels_without_a_step(checker: &Checker, contacts: &Contacts, today: NaiveDate) -> Vec<Finding> {
    let chooser = checked(contacts, today);
    let options = checker.questions.iter().flat_map(|question| &question.options);
    let weighed = options.flat_map(|option| &option.needs);
    let needs: Vec<Pressing> = weighed.map(|weighed| Pressing { need: weighed.need.clone(), rank: 0 }).collect();
    let without = checker.levels.iter().filter(|level| chooser.steps(&level.id, &needs, &[]).is_empty());
    let said = |id: &str| format!("level {id:?} has no first step: no step for it has a checked_on that is still valid");
    without.map(|level| Finding::new("actions", said(&level.id))).collect()
}

/// Steps for a tag that no answer has: nobody would be told them.
pub(super) fn steps_for_no_answer(checker: &Checker, contacts: &Contacts) -> Vec<Finding> {
    let options = || checker.questions.iter().flat_map(|question| &question.options);
    let unknown = contacts.actions.iter().flat_map(|action| action.tags.iter().map(move |tag| (action, tag)));
    let unknown = unknown.filter(|(_, tag)| !options().any(|option| option.tags.contains(tag)));
    unknown
        .map(|(action, tag)| Finding::new(format!("actions.{}.tags", action.id), format!("no answer has the tag {tag:?}")))
        .collect()
}

/// The last day on which a checker with these contacts is shown, as far as dates go: that of its
/// review, or the last one before a number that it needs is due for a check. None where it is not
/// shown today.
pub(super) fn shown_until(checker: &Checker, contacts: &Contacts, today: NaiveDate) -> Option<NaiveDate> {
    let review = checker.review_by.filter(|day| *day >= today)?;
    if !unreachable(checker, contacts, today).is_empty() {
        return None;
    }
    let mut ends: Vec<NaiveDate> = contacts.lines.iter().filter_map(|line| line.dated.good_until()).collect();
    ends.retain(|day| *day >= today && *day < review);
    ends.sort_unstable();
    ends.dedup();
    let is_last = |day: &NaiveDate| !unreachable(checker, contacts, *day + Days::new(1)).is_empty();
    Some(ends.into_iter().find(is_last).unwrap_or(review))
}
