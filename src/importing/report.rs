//! What an import did, for people and for programs.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use serde::Serialize;
use uuid::Uuid;

use super::Exposed;
use crate::{
    model::{
        Kind,
        personal::{InWords, Personal},
        tidy::Dropped,
    },
    records::Saved,
};

/// Lists in a report are cut here, so that a file of nothing but mistakes does not fill the memory.
const MOST: usize = 10_000;

/// How many records were what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Not there before.
    pub created: u64,
    /// Different before.
    pub updated: u64,
    /// The same before.
    pub unchanged: u64,
}

impl Counts {
    fn count(&mut self, saved: Saved) {
        match saved {
            Saved::Created => self.created += 1,
            Saved::Updated => self.updated += 1,
            Saved::Unchanged => self.unchanged += 1,
        }
    }
}

/// A line that was not taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Rejected {
    /// Its number, from 1.
    pub line: u64,
    /// Why, in words a person can act on.
    pub reason: String,
}

/// A part that was left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Left {
    /// Line, from 1.
    pub line: u64,
    /// What and why.
    #[serde(flatten)]
    pub dropped: Dropped,
}

/// A contact that looks like a person's own, and the line it stands in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Waiting {
    /// Line, from 1.
    pub line: u64,
    /// The contact.
    #[serde(flatten)]
    pub personal: Personal,
}

/// Words that everybody can read and that tell something somebody has to look at, and the line they stand in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Telling {
    /// Line, from 1.
    pub line: u64,
    /// The words.
    #[serde(flatten)]
    pub words: InWords,
}

/// What an import did.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Report {
    /// Lines whose record was not there before.
    pub created: u64,
    /// Lines whose record was different before.
    pub updated: u64,
    /// Lines whose record was the same before.
    pub unchanged: u64,
    /// Lines that were not taken.
    pub rejected: Vec<Rejected>,
    /// How many lines were not taken, also where the list is cut.
    pub rejected_total: u64,
    /// Parts that were left out.
    pub dropped: Vec<Left>,
    /// How many parts were left out, also where the list is cut.
    pub dropped_total: u64,
    /// Contacts that look like a person's own. They stay unseen until somebody confirms them.
    pub personal: Vec<Waiting>,
    /// How many such contacts, also where the list is cut.
    pub personal_total: u64,
    /// Words in which a mobile number or a private mailbox stands that the record does not give as its own, or an
    /// address beside a withheld one. Everybody can read them.
    pub in_words: Vec<Telling>,
    /// How many such words, also where the list is cut.
    pub in_words_total: u64,
    /// Listings that help people in danger, and whose exact address everybody can see, without anybody having
    /// decided that.
    pub exposed: Vec<Exposed>,
    /// How many such listings, also where the list is cut.
    pub exposed_total: u64,
    /// Every record by kind, those made from nested parts included.
    pub records: BTreeMap<Kind, Counts>,
    /// Whether nothing was written.
    pub dry_run: bool,
    /// How long it took, in seconds.
    pub seconds: f64,
    /// What is in its lists, to be found at once.
    #[serde(skip)]
    pub(super) told: Told,
}

/// What a run has told already: its lists can be long, and each line asks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Told {
    /// Lines, and the paths of what was left out of them.
    left_out: BTreeSet<(u64, String)>,
    /// Records, and their contacts that wait.
    waiting: HashSet<(Uuid, Uuid)>,
    /// Records, and where words stand in them.
    in_words: HashSet<(Uuid, String)>,
}

impl Report {
    /// The report of a file that was refused as a whole.
    pub fn refused(reason: String) -> Self {
        let mut report = Self::default();
        report.reject(0, reason);
        report
    }

    pub(super) fn reject(&mut self, line: u64, reason: String) {
        self.rejected_total += 1;
        if self.rejected.len() < MOST {
            self.rejected.push(Rejected { line, reason });
        }
    }

    /// Whether it is told already that this part of a line was left out.
    pub(super) fn has_left_out(&self, line: u64, path: &str) -> bool {
        // The first that does not come before it begins with it, if any does.
        let first = self.told.left_out.range((line, path.to_owned())..).next();
        first.is_some_and(|(of, told)| *of == line && told.starts_with(path))
    }

    pub(super) fn leave_out(&mut self, line: u64, dropped: Dropped) {
        self.dropped_total += 1;
        if self.dropped.len() < MOST {
            self.told.left_out.insert((line, dropped.path.clone()));
            self.dropped.push(Left { line, dropped });
        }
    }

    /// Whether it is told already that this contact waits.
    pub(super) fn is_waiting(&self, one: &Personal) -> bool {
        self.told.waiting.contains(&(one.record, one.contact))
    }

    pub(super) fn wait(&mut self, line: u64, personal: Personal) {
        self.personal_total += 1;
        if self.personal.len() < MOST {
            self.told.waiting.insert((personal.record, personal.contact));
            self.personal.push(Waiting { line, personal });
        }
    }

    /// Tell what waits under the ids that records have here: some are only known when all of their lines were read.
    pub(super) fn call_as_here(&mut self, renamed: &HashMap<(Kind, Uuid), Uuid>) {
        for Waiting { personal, .. } in &mut self.personal {
            personal.record = renamed.get(&(personal.kind, personal.record)).copied().unwrap_or(personal.record);
        }
    }

    /// Tell of words once, however many copies of the record have them.
    pub(super) fn tell(&mut self, line: u64, words: InWords) {
        let known = (words.record, words.path.clone());
        if self.told.in_words.contains(&known) {
            return;
        }
        self.in_words_total += 1;
        if self.in_words.len() < MOST {
            self.told.in_words.insert(known);
            self.in_words.push(Telling { line, words });
        }
    }

    pub(super) fn expose(&mut self, exposed: Vec<Exposed>) {
        self.exposed_total += exposed.len() as u64;
        self.exposed.extend(exposed);
        self.exposed.truncate(MOST);
    }

    pub(super) fn count(&mut self, kind: Kind, main: bool, saved: Saved) {
        self.records.entry(kind).or_default().count(saved);
        if main {
            let mut counts = Counts { created: self.created, updated: self.updated, unchanged: self.unchanged };
            counts.count(saved);
            (self.created, self.updated, self.unchanged) = (counts.created, counts.updated, counts.unchanged);
        }
    }

    /// The report of one file among several: everything names the file.
    #[must_use]
    pub fn of_file(mut self, name: &str) -> Self {
        for rejected in &mut self.rejected {
            rejected.reason = format!("{name}: {}", rejected.reason);
        }
        for left in &mut self.dropped {
            left.dropped.path = format!("{name}: {}", left.dropped.path);
        }
        self
    }

    /// Put another file's report behind this one.
    pub fn add(&mut self, other: Self) {
        self.created += other.created;
        self.updated += other.updated;
        self.unchanged += other.unchanged;
        self.rejected.extend(other.rejected);
        self.rejected.truncate(MOST);
        self.rejected_total += other.rejected_total;
        self.dropped.extend(other.dropped);
        self.dropped.truncate(MOST);
        self.dropped_total += other.dropped_total;
        self.personal.extend(other.personal);
        self.personal.truncate(MOST);
        self.personal_total += other.personal_total;
        self.in_words.extend(other.in_words);
        self.in_words.truncate(MOST);
        self.in_words_total += other.in_words_total;
        self.exposed.extend(other.exposed);
        self.exposed.truncate(MOST);
        self.exposed_total += other.exposed_total;
        for (kind, counts) in other.records {
            let sum = self.records.entry(kind).or_default();
            sum.created += counts.created;
            sum.updated += counts.updated;
            sum.unchanged += counts.unchanged;
        }
        self.dry_run |= other.dry_run;
        self.seconds += other.seconds;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_left_out_of_a_line_is_known_by_where_it_stood_or_by_what_it_stood_in() {
        let mut report = Report::default();
        for (line, path) in [(2, "phones[0].number"), (2, "url"), (3, "alert")] {
            report.leave_out(line, Dropped { path: path.to_owned(), reason: String::new() });
        }
        let known = [(2, "phones[0].number"), (2, "phones[0]"), (2, "url"), (3, "al"), (3, "")];
        assert!(known.into_iter().all(|(line, path)| report.has_left_out(line, path)));
        let not_known = [(1, "url"), (2, "alert"), (2, "phones[1]"), (2, "urls"), (3, "url"), (4, "")];
        assert!(!not_known.into_iter().any(|(line, path)| report.has_left_out(line, path)));
    }
}
