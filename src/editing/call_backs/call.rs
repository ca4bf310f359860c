//! What a moderator says of a call, held against what was known before it: rules that need no database.

use chrono::{DateTime, DurationRound as _, NaiveDateTime, TimeDelta, TimeZone as _, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    clock::rfc3339,
    editing::Error,
    http::Fault,
    model::{Contact, Document, Phone, text::shorten},
};

/// The longest text, in characters.
const LONGEST: usize = 500;

/// What a moderator says of a call, as a form, a request or a command brings it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
pub struct Call {
    /// The phone number that was rung: one of those that were known before.
    #[serde(default)]
    #[schemars(extend("examples" = ["01632 960123"]))]
    pub number: Option<String>,
    /// How else they made sure, where no known number could be reached, in a sentence.
    #[serde(default)]
    #[schemars(extend("examples" = ["I asked at the desk of the centre."]))]
    pub otherwise: Option<String>,
    /// Whom they spoke to, by name or by what they do there.
    #[serde(default)]
    #[schemars(extend("examples" = ["the duty manager"]))]
    pub spoke_to: Option<String>,
    /// When, RFC 3339 or local time such as 2026-11-22T09:30; without it just now.
    #[serde(default)]
    #[schemars(extend("examples" = ["2026-11-22T09:30"]))]
    pub at: Option<String>,
}

/// A telephone number that the world could read before the change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct KnownNumber {
    /// The number.
    pub number: String,
    /// What it is the number of.
    pub of: String,
}

/// How a moderator made sure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// They phoned this number, which was known before.
    Number(String),
    /// In another way, which they explain.
    Otherwise(String),
}

/// A call back that fits what was known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Called {
    /// How they made sure.
    pub way: Way,
    /// Whom they spoke to; may be empty.
    pub spoke_to: String,
    /// When.
    pub at: DateTime<Utc>,
}

impl Called {
    /// What was said, as those who decide read it.
    pub fn words(&self) -> String {
        let spoke_to = if self.spoke_to.is_empty() { String::new() } else { format!(", spoke to {}", self.spoke_to) };
        match &self.way {
            Way::Number(number) => format!("called back on {number}{spoke_to}"),
            Way::Otherwise(how) => format!("no known number was called; made sure in another way: {how}{spoke_to}"),
        }
    }
}

fn fault(field: &str, problem: impl Into<String>) -> Error {
    Error::NeedsCallBack(Fault { field: format!("called_back.{field}"), problem: problem.into() })
}

/// What somebody says of a call beside what was known before it, `since` when there was something to call about.
pub(super) fn check(
    call: Option<&Call>,
    known: &[KnownNumber],
    since: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Result<Called, Error> {
    let call = call.cloned().unwrap_or_default();
    let text = |said: &Option<String>| said.as_deref().map(str::trim).map(|said| shorten(said, LONGEST));
    let way = match (text(&call.number).filter(|number| !number.is_empty()), text(&call.otherwise)) {
        (Some(_), Some(how)) if !how.is_empty() => {
            return Err(fault("otherwise", "name the number that you phoned or say how else you made sure, not both"));
        }
        (Some(number), _) => match known.iter().find(|one| digits(&one.number) == digits(&number)) {
            Some(one) => Way::Number(one.number.clone()),
            None => return Err(fault("number", format!("{number} is not a number that we already had"))),
        },
        (None, Some(how)) if how.is_empty() => {
            return Err(fault("otherwise", "explain how you made sure without phoning a known number"));
        }
        (None, Some(how)) => Way::Otherwise(how),
        (None, None) if known.is_empty() => {
            return Err(fault("otherwise", "this listing is protected, and we had no number for it: say how you made sure"));
        }
        (None, None) => {
            return Err(fault("number", "this listing is protected: say which number you phoned, of those we already had"));
        }
    };
    let at = match text(&call.at).filter(|at| !at.is_empty()) {
        None => now,
        Some(at) => moment(&at).ok_or_else(|| fault("at", "enter a date and time, such as 2026-11-22T09:30"))?,
    };
    if at > now {
        return Err(fault("at", "the call must not be in the future"));
    }
    // Forms say the minute.
    let minute = |at: DateTime<Utc>| at.duration_trunc(TimeDelta::minutes(1)).unwrap_or(at);
    if let Some(since) = since.filter(|since| minute(at) < minute(*since)) {
        return Err(fault("at", format!("the call must not be before the change was proposed, at {}", rfc3339(since))));
    }
    Ok(Called { way, spoke_to: text(&call.spoke_to).unwrap_or_default(), at })
}

/// A moment with its zone, or as the clocks in Britain show it.
fn moment(text: &str) -> Option<DateTime<Utc>> {
    if let Ok(at) = DateTime::parse_from_rfc3339(text) {
        return Some(at.to_utc());
    }
    let local = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"].iter().find_map(|form| NaiveDateTime::parse_from_str(text, form).ok())?;
    chrono_tz::Europe::London.from_local_datetime(&local).earliest().map(|at| at.to_utc())
}

/// The digits of a number, without the country.
pub(super) fn digits(number: &str) -> String {
    let digits: String = number.chars().filter(char::is_ascii_digit).collect();
    let national = if number.trim_start().starts_with('+') { digits.strip_prefix("44") } else { digits.strip_prefix("0044") };
    national.unwrap_or(&digits).trim_start_matches('0').to_owned()
}

/// The telephone numbers that the world can read in a document.
pub(super) fn numbers_of(document: &Document) -> Vec<&Phone> {
    fn of_contacts(contacts: &[Contact]) -> impl Iterator<Item = &Phone> {
        contacts.iter().filter(|contact| contact.is_public()).flat_map(|contact| &contact.phones)
    }
    let mut all: Vec<&Phone> = match document {
        Document::Organization(one) => one.phones.iter().chain(of_contacts(&one.contacts)).collect(),
        Document::Location(one) => one.phones.iter().chain(of_contacts(&one.contacts)).collect(),
        Document::Event(one) => one.phones.iter().chain(of_contacts(&one.contacts)).collect(),
        Document::Service(one) => {
            let links = one.service_at_locations.iter();
            let of_links = links.flat_map(|link| link.phones.iter().chain(of_contacts(&link.contacts)));
            one.phones.iter().chain(of_contacts(&one.contacts)).chain(of_links).collect()
        }
        Document::Taxonomy(_) | Document::TaxonomyTerm(_) => Vec::new(),
    };
    let mut whole = document.clone();
    let contacts = whole.contact_lists().into_iter().flatten().filter(|contact| contact.is_public());
    let shown: Vec<Uuid> = contacts.map(|contact| contact.id).collect();
    all.retain(|phone| phone.is_public_beside(&shown));
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn tried(call: &Call, known: &[&str]) -> Result<Called, String> {
        let known: Vec<KnownNumber> =
            known.iter().map(|number| KnownNumber { number: (*number).to_owned(), of: "Rowan House".to_owned() }).collect();
        let checked = check(Some(call), &known, Some(at("2026-07-22T10:00:30Z")), at("2026-07-22T12:00:00Z"));
        checked.map_err(|error| match error {
            Error::NeedsCallBack(fault) => fault.field,
            other => panic!("{other}"),
        })
    }

    #[test]
    fn only_a_known_number_can_have_been_called() {
        let number = |number: &str| Call { number: Some(number.to_owned()), ..Call::default() };
        let known = ["0808 157 0114"];
        for same in ["0808 157 0114", "08081570114", "+44 808 157 0114", "0044 808 1570114"] {
            assert_eq!(tried(&number(same), &known).unwrap().way, Way::Number("0808 157 0114".to_owned()), "{same}");
        }
        for other in ["07700 900666", "0808 157 011", "1"] {
            assert_eq!(tried(&number(other), &known).unwrap_err(), "called_back.number", "{other}");
        }
        assert_eq!(tried(&number(" "), &known).unwrap_err(), "called_back.number");
        assert_eq!(tried(&Call::default(), &known).unwrap_err(), "called_back.number");
        assert_eq!(tried(&Call::default(), &[]).unwrap_err(), "called_back.otherwise");
    }

    #[test]
    fn another_way_needs_an_explanation_and_stands_for_itself() {
        let said = |how: &str| Call { otherwise: Some(how.to_owned()), ..Call::default() };
        assert_eq!(tried(&said("  "), &[]).unwrap_err(), "called_back.otherwise");
        assert_eq!(tried(&said("I went there."), &[]).unwrap().way, Way::Otherwise("I went there.".to_owned()));
        let both = Call { number: Some("0808 157 0114".to_owned()), ..said("I went there.") };
        assert_eq!(tried(&both, &["0808 157 0114"]).unwrap_err(), "called_back.otherwise");
    }

    #[test]
    fn a_call_is_made_between_the_proposal_and_now() {
        let when = |at: &str| Call { otherwise: Some("I went there.".to_owned()), at: Some(at.to_owned()), ..Call::default() };
        // In July the clocks in Britain are an hour ahead.
        for (said, meant) in [("2026-07-22T11:00", "2026-07-22T10:00:00Z"), ("2026-07-22T12:00:00+01:00", "2026-07-22T11:00:00Z")]
        {
            assert_eq!(tried(&when(said), &[]).unwrap().at, at(meant), "{said}");
        }
        assert_eq!(tried(&when(""), &[]).unwrap().at, at("2026-07-22T12:00:00Z"));
        for wrong in ["2026-07-22T10:59", "2026-07-22T13:01", "2026-07-22T12:00:01Z", "yesterday", "2026-07-22"] {
            assert_eq!(tried(&when(wrong), &[]).unwrap_err(), "called_back.at", "{wrong}");
        }
    }
}
