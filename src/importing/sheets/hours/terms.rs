//! Hours that hold in school terms only: "Mondays 10-12, term time only".

use super::{Session, cells};
use crate::model::text::fold;

/// How that is said, the longest first.
const IN_TERM_TIME: [&str; 6] =
    ["during term time only", "in term time only", "term time only", "during term time", "in term time", "term time"];

/// What else a cell says, and what it says of terms, be it in brackets: "Weds (term time)", "Mondays 10-12, term time only",
/// "Mon (term time) 10-12". Nothing where it says that of some of its times only.
pub(in super::super) fn apart(cell: &str) -> Option<(String, &str)> {
    // The same length, so that a place in one is the place in the other.
    let plain = cell.replace('-', " ").to_ascii_lowercase();
    let (at, said) = IN_TERM_TIME.iter().find_map(|said| Some((plain.find(said)?, said)))?;
    let (before, rest) = cell.split_at_checked(at)?;
    let (remark, behind) = rest.split_at_checked(said.len())?;
    let (mut before, mut behind) = (before.trim_end(), behind.trim_start());
    let within = before.strip_suffix('(').zip(behind.strip_prefix(')'));
    if let Some(around) = within {
        (before, behind) = around;
    }
    // "Mon (term time), Fri", "10-12 (term time), 2-4"; and "10-12; 2-4 (term time)", which our own export writes: it is
    // not said of all of them.
    let names_days = |text: &str| fold(text).split(' ').any(|word| cells::day(word).is_some());
    let has_times = |text: &str| text.contains(|c: char| c.is_ascii_digit());
    if names_days(before) && names_days(behind)
        || has_times(before) && has_times(behind)
        || within.is_some() && before.contains(';')
    {
        return None;
    }
    let parts = |c: char| matches!(c, ' ' | ',' | ';' | '.' | ':' | '-' | '–');
    let rest = format!("{} {}", before.trim_end_matches(parts), behind.trim_matches(parts));
    Some((rest.trim().to_owned(), remark))
}

/// The sessions with the remark, where it is certain that it holds for all of them, and on which days.
pub(super) fn only(sessions: Vec<Session>, remark: &str) -> Option<Vec<Session>> {
    let days = sessions.first()?.days.clone()?;
    let are_alike = sessions.iter().all(|session| session.days.as_ref() == Some(&days));
    are_alike.then(|| sessions.into_iter().map(|session| Session { remark: Some(remark.to_owned()), ..session }).collect())
}
