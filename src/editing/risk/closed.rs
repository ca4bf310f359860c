//! Alerts that say until when a listing is closed.

use chrono::NaiveDate;
use serde_json::Value;

/// How the form begins an alert about a listing that is closed for a time.
const CLOSED_UNTIL: &str = "Closed until ";

/// An alert about a listing that opens again on `day`, with what else people should know: "Closed until 12
/// January 2027. The boiler is broken."
pub(crate) fn say_closed_until(day: NaiveDate, more: Option<&str>) -> String {
    let until = format!("{CLOSED_UNTIL}{}", day.format("%-d %B %Y"));
    more.map_or_else(|| until.clone(), |more| format!("{until}. {more}"))
}

/// The day on which a listing opens again, and what else its alert says, as [`say_closed_until`] writes it.
pub(crate) fn closed_until(alert: &str) -> Option<(NaiveDate, &str)> {
    let said = alert.strip_prefix(CLOSED_UNTIL)?;
    let (day, more) = said.split_once(". ").unwrap_or((said, ""));
    Some((NaiveDate::parse_from_str(day, "%d %B %Y").ok()?, more))
}

/// Whether an alert says nothing but until when, beside the words that stood there before.
pub(super) fn says_only_until_when(alert: &str, before: &Value) -> bool {
    let beside = |alert| closed_until(alert).map_or(alert, |(_, more)| more);
    let more = beside(alert);
    more.is_empty() || before.as_str().is_some_and(|before| beside(before) == more)
}
