//! Calling back: before something that leads somewhere changes on a protected listing, a moderator phones a number
//! that was known before, and says which.
//!
//! What was said is kept beside the decision and shown to those who decide, and to nobody else: whoever has stolen
//! a group's mailbox must not read there which number is phoned and who answers it.

mod erasing;
mod store;

use std::net::IpAddr;

use chrono::{DateTime, DurationRound as _, NaiveDateTime, TimeDelta, TimeZone as _, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Editing, Error, Risk, Sight, risk};
use crate::{
    clock::rfc3339,
    db::Transaction,
    http::Fault,
    identity::{Action, Actor, Deed, Subject, can},
    model::{Contact, Document, Phone, changes, text::shorten},
    records::State,
};

pub use self::erasing::FoundSaid;
pub(super) use self::erasing::REMOVED;
pub(super) use self::erasing::forget_words;

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

/// A call back as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CallBack {
    /// The record that it let through.
    pub record: Uuid,
    /// The version of the record that it let through; none where that changed none.
    pub revision: Option<i64>,
    /// The proposal, what was decided together, or the claim; none where somebody edited.
    pub cause: Option<Uuid>,
    /// The line of the audit trail that tells of it.
    pub line: Uuid,
    /// Who called, as history names them.
    pub by: String,
    /// When they said so.
    pub noted_at: DateTime<Utc>,
    /// What they said.
    #[serde(flatten)]
    pub called: Called,
}

/// What somebody was called back about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum About {
    /// An edit that stands at once.
    Edit,
    /// The proposal, or what was proposed together, that is decided.
    Proposal(Uuid),
    /// The claim that is decided: no record changes.
    Claim(Uuid),
}

fn fault(field: &str, problem: impl Into<String>) -> Error {
    Error::NeedsCallBack(Fault { field: format!("called_back.{field}"), problem: problem.into() })
}

/// What somebody says of a call beside what was known before it, `since` when there was something to call about.
fn check(call: Option<&Call>, known: &[KnownNumber], since: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Result<Called, Error> {
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
fn digits(number: &str) -> String {
    let digits: String = number.chars().filter(char::is_ascii_digit).collect();
    let national = if number.trim_start().starts_with('+') { digits.strip_prefix("44") } else { digits.strip_prefix("0044") };
    national.unwrap_or(&digits).trim_start_matches('0').to_owned()
}

/// The telephone numbers that the world can read in a document.
fn numbers_of(document: &Document) -> Vec<&Phone> {
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

impl Editing {
    /// The telephone numbers that are, or were until they were hidden, published for these records and for whatever
    /// else their organisations list: whoever calls back rings one of these. What is proposed is not among them.
    /// # Errors
    /// When the database fails, or a record is damaged.
    pub async fn known_numbers(&self, records: &[Uuid]) -> Result<Vec<KnownNumber>, Error> {
        let mut documents: Vec<Document> = Vec::new();
        let mut owners: Vec<Uuid> = Vec::new();
        for id in records {
            let Some(stored) = self.records.find(*id).await? else { continue };
            let mut of = self.owners(&stored.read()?).await?;
            if let Some(public) = self.last_public(stored).await? {
                let document = public.read()?;
                of = self.owners(&document).await?;
                documents.push(document);
            }
            owners.extend(of);
        }
        owners.sort_unstable();
        owners.dedup();
        for owner in owners {
            if let Some(stored) = self.records.find(owner).await?
                && let Some(public) = self.last_public(stored).await?
            {
                documents.push(public.read()?);
            }
            for stored in self.records.referring_to(owner).await? {
                if stored.state == State::Published && stored.origin.is_empty() {
                    documents.push(stored.read()?);
                }
            }
        }
        let mut known: Vec<KnownNumber> = Vec::new();
        for document in &documents {
            for phone in numbers_of(document) {
                if !known.iter().any(|one| digits(&one.number) == digits(&phone.number)) {
                    let of = if document.name().is_empty() { "a place" } else { document.name() };
                    known.push(KnownNumber { number: phone.number.clone(), of: of.to_owned() });
                }
            }
        }
        Ok(known)
    }

    /// The numbers of which an officer has to have called one before they change this listing at once; none where
    /// nobody has to call.
    /// # Errors
    /// When the database fails, or a record is damaged.
    pub async fn numbers_to_call(&self, actor: &Actor, sight: &Sight) -> Result<Option<Vec<KnownNumber>>, Error> {
        if sight.protected && sight.is_public() && sight.lets(actor, Action::EditAtOnce) {
            return self.known_numbers(&[sight.stored.id]).await.map(Some);
        }
        Ok(None)
    }

    /// What somebody says of a call about these records, `since` when there was something to call about.
    /// # Errors
    /// [`Error::NeedsCallBack`] with the field that is missing or wrong; or when the database fails.
    pub(super) async fn checked_call(
        &self,
        call: Option<&Call>,
        records: &[Uuid],
        since: Option<DateTime<Utc>>,
    ) -> Result<Called, Error> {
        check(call, &self.known_numbers(records).await?, since, self.records.clock().now())
    }

    /// What somebody at the command line says of a call before a record stands like this at once; none where nobody
    /// has to call: the record is not protected, or nothing changes that leads somewhere.
    /// # Errors
    /// [`Error::NotFound`]; [`Error::NeedsCallBack`] with the field that is missing or wrong; or when the database fails.
    pub async fn called_before(
        &self,
        id: Uuid,
        after: &Document,
        goes_public: bool,
        call: &Call,
    ) -> Result<Option<Called>, Error> {
        let sight = self.sight(id).await?;
        if !sight.protected {
            return Ok(None);
        }
        let changes = changes::between(&sight.stored.value()?, &after.to_value());
        let leads_somewhere = |change: &changes::Change| risk(after.kind(), true, change) == Risk::High;
        if !goes_public && !changes.iter().any(leads_somewhere) {
            return Ok(None);
        }
        self.checked_call(Some(call), &[id], None).await.map(Some)
    }

    /// Put it on record, behind what it lets through.
    /// # Errors
    /// When the database fails.
    pub async fn keep_call_as(&self, tx: &Transaction, by: &str, called: &Called, record: Uuid) -> Result<(), Error> {
        self.keep_call(tx, (by, None), called, &[record], About::Edit).await
    }

    /// Put a call back on record, within the transaction of what it lets through and behind it: one line of the
    /// audit trail, and what was said for each record of which there is a new version.
    pub(super) async fn keep_call(
        &self,
        tx: &Transaction,
        (by, from): (&str, Option<IpAddr>),
        called: &Called,
        records: &[Uuid],
        about: About,
    ) -> Result<(), Error> {
        let (cause, changes) = match about {
            About::Edit => (None, true),
            About::Proposal(id) => (Some(id), true),
            About::Claim(id) => (Some(id), false),
        };
        let to = if changes { cause.or(records.first().copied()) } else { records.first().copied() };
        let about = to.map(|id| id.to_string()).unwrap_or_default();
        let line = self.identity.note(tx, by, Deed::CallBack, &about, "", from).await?;
        let now = self.records.clock().now();
        let standing = self.records.find_in(tx, records).await?;
        for record in records {
            let version = standing.get(record).map(|stored| &stored.kept).filter(|_| changes);
            let kept = CallBack {
                record: *record,
                revision: version.filter(|kept| kept.changed_by == by).map(|kept| kept.revision),
                cause,
                line,
                by: by.to_owned(),
                noted_at: now,
                called: called.clone(),
            };
            store::put(tx, &kept).await?;
        }
        Ok(())
    }

    /// Who was called back about a record, and what they said; nothing for those who do not decide.
    /// # Errors
    /// When the database fails.
    pub async fn calls_about(&self, actor: &Actor, record: Uuid) -> Result<Vec<CallBack>, Error> {
        if !can(actor, Action::Decide, &Subject::Directory) {
            return Ok(Vec::new());
        }
        self.calls_of(record).await
    }

    /// The same, whoever may read it is for the caller to decide.
    /// # Errors
    /// When the database fails.
    pub async fn calls_of(&self, record: Uuid) -> Result<Vec<CallBack>, Error> {
        Ok(store::about(self.records.database().reader(), record).await?)
    }

    /// Who was called back before something was decided: a proposal, what was decided together, a claim. Nothing
    /// for those who do not decide.
    /// # Errors
    /// When the database fails.
    pub async fn call_for(&self, actor: &Actor, causes: &[Uuid]) -> Result<Option<CallBack>, Error> {
        if !can(actor, Action::Decide, &Subject::Directory) {
            return Ok(None);
        }
        Ok(store::for_causes(self.records.database().reader(), causes).await?)
    }

    /// What these lines of the audit trail tell of, by line. Nothing for those who do not decide.
    /// # Errors
    /// When the database fails.
    pub async fn calls_on_lines(&self, actor: &Actor, lines: &[Uuid]) -> Result<Vec<CallBack>, Error> {
        if !can(actor, Action::Decide, &Subject::Directory) {
            return Ok(Vec::new());
        }
        Ok(store::on_lines(self.records.database().reader(), lines).await?)
    }

    /// Forget what was said of calls before a moment; gives of how many records.
    /// # Errors
    /// When the database fails.
    pub async fn tidy_calls(&self, tx: &Transaction, before: DateTime<Utc>) -> Result<u64, Error> {
        Ok(store::tidy(tx, before).await?)
    }
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
