//! From a draft to what the public sees. Everything must hold at once: the parts can be used, the
//! test cases hold, every number that may be needed was checked, and a person says that they
//! reviewed it.

use chrono::{DateTime, NaiveDate, Utc};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{
    checker::{Case, Checker, Finding, Known, Status, cases, validate},
    contacts::{self, Contacts},
    needed::{self, unreachable},
    store::{self, Draft, Part, Publication},
};
use crate::{
    clock::Clock,
    db::{self, Transaction},
};

/// Longest name of a reviewer, in characters.
const LONGEST_NAME: usize = 200;

/// Why a draft was not published.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// It has these problems.
    #[error("{} problems must be fixed before publishing", .0.len())]
    Refused(Vec<Finding>),
    /// Somebody else published an edition at the same moment, so what is public is not what was looked at.
    #[error("someone else has just published an edition of the support checker; look at that one, then publish again")]
    Overtaken,
    /// The database.
    #[error(transparent)]
    Database(#[from] db::Error),
}

/// The parts of a draft, read.
#[derive(Clone, Debug)]
struct Parts {
    checker: Checker,
    contacts: Contacts,
    cases: Vec<Case>,
}

/// Everything that is wrong with one part as it is handed in, beside the others as they are.
/// # Errors
/// When it cannot be read at all: the one finding that says where.
pub fn examine(part: Part, body: &str, others: &[Draft; 3], mut known: Known) -> Result<Vec<Finding>, Finding> {
    match part {
        Part::Checker => {
            let checker: Checker = read(part, body)?;
            if let Ok(contacts) = others.iter().find(|draft| draft.part == Part::Contacts).map_or_else(
                || read::<Contacts>(Part::Contacts, Part::Contacts.starting()),
                |draft| read(Part::Contacts, &draft.body),
            ) {
                known.panels = panels(&contacts);
            }
            Ok(validate::problems(&checker, &known))
        }
        Part::Contacts => Ok(contacts::problems(&read::<Contacts>(part, body)?)),
        Part::Cases => cases_of(body).map(|_| Vec::new()),
    }
}

/// The test cases of a draft or a file.
/// # Errors
/// When they cannot be read: the one finding that says where.
pub fn cases_of(body: &str) -> Result<Vec<Case>, Finding> {
    read(Part::Cases, body)
}

/// What was published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    /// The edition's number.
    pub number: i64,
    /// What is not wrong, and should be seen to: what is not given, or not for as long as the rest.
    pub to_see_to: Vec<Finding>,
}

/// Publish the drafts as `reviewed_by` reviewed them. The transaction is the caller's to commit, with a note of who
/// published it.
/// # Errors
/// What is in the way, all of it; [`PublishError::Overtaken`]; or the database.
pub async fn publish(tx: &Transaction, clock: &Clock, known: Known, reviewed_by: &str) -> Result<Published, PublishError> {
    let drafts = store::drafts_in(tx).await?;
    let now = clock.now();
    let found = in_the_way(&drafts, known, reviewed_by, now);
    if !found.is_empty() {
        return Err(PublishError::Refused(found));
    }
    let to_see_to = parts(&drafts).map(|parts| to_see_to(&parts, super::editions::london_day(now))).unwrap_or_default();
    let [checker, contacts, cases] = drafts;
    let edition = Publication {
        number: 0,
        checker: published(&checker.body),
        contacts: contacts.body,
        cases: cases.body,
        reviewed_by: reviewed_by.trim().to_owned(),
        published_at: now,
        withdrawn: None,
    };
    let number = store::insert(tx, edition).await?.ok_or(PublishError::Overtaken)?;
    Ok(Published { number, to_see_to })
}

fn to_see_to(parts: &Parts, today: NaiveDate) -> Vec<Finding> {
    let until = needed::shown_until(&parts.checker, &parts.contacts, today);
    let early = until.filter(|day| parts.checker.review_by.is_some_and(|review| *day < review)).map(|day| {
        let problem = format!("ends the checker after {day}, before its review_by: a number it needs must be checked by then");
        Finding::new("contacts.lines", problem)
    });
    early.into_iter().chain(below("contacts", contacts::to_look_at(&parts.contacts, today))).collect()
}

/// The same document with `status` saying that it is published. Members that this version does not
/// know stay.
fn published(body: &str) -> String {
    let mut document: Value = serde_json::from_str(body).unwrap_or_default();
    document["status"] = Value::from("published");
    document.to_string()
}

/// Everything that is in the way of publishing the drafts at this moment.
pub fn in_the_way(drafts: &[Draft; 3], mut known: Known, reviewed_by: &str, now: DateTime<Utc>) -> Vec<Finding> {
    let mut found = Vec::new();
    let name = reviewed_by.trim();
    if name.is_empty() || name.chars().count() > LONGEST_NAME || name.chars().any(char::is_control) {
        found.push(Finding::new(
            "reviewed_by",
            format!("expected the name of who reviewed it, at most {LONGEST_NAME} characters"),
        ));
    }
    let parts = match parts(drafts) {
        Ok(parts) => parts,
        Err(finding) => {
            found.push(finding);
            return found;
        }
    };
    let today = super::editions::london_day(now);
    known.panels = panels(&parts.contacts);
    found.extend(below("checker", validate::problems(&parts.checker, &known)));
    found.extend(below("contacts", contacts::problems(&parts.contacts)));
    found.extend(cases::run(&parts.checker, &parts.cases));
    found.extend(below("checker", review(&parts.checker, today)));
    found.extend(below("contacts", unreachable(&parts.checker, &parts.contacts, today)));
    found.extend(below("contacts", needed::levels_without_a_step(&parts.checker, &parts.contacts, today)));
    found.extend(below("contacts", needed::steps_for_no_answer(&parts.checker, &parts.contacts)));
    found
}

fn review(checker: &Checker, today: NaiveDate) -> Vec<Finding> {
    let mut found = Vec::new();
    if checker.status == Status::Sample {
        found.push(Finding::new("status", "is sample; set it to draft once someone has reviewed every line"));
    }
    match checker.review_by {
        None => found.push(Finding::new("review_by", "is missing: give the date by which it must be reviewed again")),
        Some(day) if day < today => found.push(Finding::new("review_by", format!("{day} has passed"))),
        Some(_) => {}
    }
    found
}

fn below(part: &str, findings: Vec<Finding>) -> impl Iterator<Item = Finding> {
    findings.into_iter().map(move |finding| Finding::new(format!("{part}.{}", finding.at), finding.problem))
}

fn panels(contacts: &Contacts) -> std::collections::BTreeSet<String> {
    contacts.panels.iter().filter(|panel| !panel.call.is_empty()).map(|panel| panel.id.clone()).collect()
}

fn parts(drafts: &[Draft; 3]) -> Result<Parts, Finding> {
    let [checker, contacts, cases] = drafts;
    Ok(Parts {
        checker: read(Part::Checker, &checker.body)?,
        contacts: read(Part::Contacts, &contacts.body)?,
        cases: cases_of(&cases.body)?,
    })
}

/// A part as what it is, or where it is not.
pub(super) fn read<T: DeserializeOwned>(part: Part, body: &str) -> Result<T, Finding> {
    let mut json = serde_json::Deserializer::from_str(body);
    serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let path = error.path().to_string();
        let at = match path.as_str() {
            "." => part.name().to_owned(),
            // Test cases are a list, and have no name of their own.
            of_a_list if of_a_list.starts_with('[') => format!("{}{path}", part.name()),
            _ => path,
        };
        Finding::new(at, error.into_inner().to_string())
    })
}
