//! Hours that hold in school terms only: "Mondays 10-12, term time only".

use super::Session;

/// How that is said, the longest first.
const IN_TERM_TIME: [&str; 6] =
    ["during term time only", "in term time only", "term time only", "during term time", "in term time", "term time"];

/// The hours, and what is said of terms behind them.
pub(super) fn behind(cell: &str) -> Option<(&str, &str)> {
    let cell = cell.trim_end_matches(['.', ' ']);
    IN_TERM_TIME.iter().find_map(|said| {
        let (hours, remark) = cell.split_at_checked(cell.len().checked_sub(said.len())?)?;
        let is_said = remark.replace('-', " ").eq_ignore_ascii_case(said);
        is_said.then(|| (hours.trim_end_matches([' ', ',', ';', '.', '-', '–']), remark))
    })
}

/// The sessions with the remark, where it is certain that it holds for all of them, and on which days.
pub(super) fn only(sessions: Vec<Session>, remark: &str) -> Option<Vec<Session>> {
    let days = sessions.first()?.days.clone()?;
    let are_alike = sessions.iter().all(|session| session.days.as_ref() == Some(&days));
    are_alike.then(|| sessions.into_iter().map(|session| Session { remark: Some(remark.to_owned()), ..session }).collect())
}
