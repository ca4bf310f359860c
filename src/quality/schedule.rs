//! When somebody is asked about a listing, and whom. Pure: it looks at how things are on a day, so it
//! does not matter when it last looked, how often, or whether a clock was wrong in between.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::{Owned, Owner};
use crate::records::Fresh;

/// A letter takes along what will be due in so many days, so that nobody with ten listings gets ten
/// letters.
const TAKEN_ALONG_DAYS: i64 = 14;

/// The days after the last check on which somebody is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    days: Vec<i64>,
}

impl Schedule {
    /// Asking on these days, which rise.
    pub fn new(days: &[u16]) -> Self {
        Self { days: days.iter().map(|&day| day.into()).collect() }
    }

    /// Which reminder is due after so many days, counted from 0: the last whose day has come. Those
    /// that were missed are not made up for.
    ///
    /// ```
    /// use fingerpost::quality::Schedule;
    /// let schedule = Schedule::new(&[75, 90, 104, 118]);
    /// assert_eq!([74, 75, 89, 90, 300].map(|days| schedule.stage(days)), [None, Some(0), Some(0), Some(1), Some(3)]);
    /// ```
    pub fn stage(&self, days: i64) -> Option<usize> {
        self.days.iter().rposition(|day| *day <= days)
    }

    /// Whether no reminder comes after this one.
    pub fn is_last(&self, stage: usize) -> bool {
        stage + 1 >= self.days.len()
    }
}

/// A listing in a letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// The listing.
    pub record: Uuid,
    /// From when its days count: with another check the reminders begin anew.
    pub base: DateTime<Utc>,
    /// Whether anybody here has ever checked it.
    pub was_checked: bool,
    /// Which reminder it is, from 0.
    pub stage: usize,
    /// Days since.
    pub days: i64,
}

/// A letter that is to go out: everything that one person is to be asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing {
    /// Who is asked.
    pub to: Owner,
    /// About what.
    pub items: Vec<Item>,
}

/// What a mailbox got about a listing since a check.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sent {
    /// Which reminder was the latest, from 0.
    pub stage: usize,
    /// How many letters there were: reminders that were missed are not made up for.
    pub letters: usize,
}

impl Sent {
    /// Once one more has gone out.
    pub fn add(&mut self, stage: usize) {
        self.stage = self.stage.max(stage);
        self.letters += 1;
    }
}

/// What went out about each listing since a check, to each mailbox by its [`recipient`].
pub type Ledger = HashMap<(Uuid, String, DateTime<Utc>), Sent>;

/// The letters that are due at `now`: one for each person, never one that `ledger` has already. The
/// first reminder goes to whoever leads; the later ones to everybody who keeps the listing, and the
/// first as well where the mailbox of the lead is among those that `bounced`.
pub fn letters(
    schedule: &Schedule,
    fresh: &[Fresh],
    owned: &[Owned],
    (ledger, bounced): (&Ledger, &BTreeSet<String>),
    now: DateTime<Utc>,
) -> Vec<Outgoing> {
    let fresh: HashMap<Uuid, &Fresh> = fresh.iter().map(|fresh| (fresh.record, fresh)).collect();
    let mut due: BTreeMap<String, Outgoing> = BTreeMap::new();
    let mut along: BTreeMap<String, Vec<Item>> = BTreeMap::new();
    for one in owned {
        let Some(fresh) = fresh.get(&one.record) else { continue };
        let days = fresh.days(now);
        let base = fresh.base();
        let new_for = |owner: &Owner, stage: usize| {
            ledger.get(&(one.record, recipient(&owner.email), base)).is_none_or(|sent| sent.stage < stage)
        };
        let item = |stage| Item { record: one.record, base, was_checked: fresh.checked_at.is_some(), stage, days };
        if let Some(stage) = schedule.stage(days) {
            for owner in asked(one, stage, bounced).filter(|owner| new_for(owner, stage)) {
                let letter = due.entry(key(&owner.email)).or_insert_with(|| Outgoing { to: owner.clone(), items: Vec::new() });
                letter.items.push(item(stage));
            }
        }
        if let Some(stage) = schedule.stage(days + TAKEN_ALONG_DAYS) {
            for owner in asked(one, stage, bounced).filter(|owner| new_for(owner, stage)) {
                along.entry(key(&owner.email)).or_default().push(item(stage));
            }
        }
    }
    for (email, items) in along {
        let Some(letter) = due.get_mut(&email) else { continue };
        for item in items {
            // What is due now keeps its own reminder: the next one comes on its day.
            if !letter.items.iter().any(|there| there.record == item.record) {
                letter.items.push(item);
            }
        }
    }
    due.into_values().collect()
}

/// Those who are asked about a listing with this reminder.
fn asked<'a>(owned: &'a Owned, stage: usize, bounced: &'a BTreeSet<String>) -> impl Iterator<Item = &'a Owner> {
    let reachable = || owned.owners.iter().filter(|owner| !bounced.contains(&key(&owner.email)));
    let lead_is_reached = owned.owners.first().is_some_and(|lead| !bounced.contains(&key(&lead.email)));
    let only_lead = stage == 0 && lead_is_reached;
    reachable().take(if only_lead { 1 } else { usize::MAX })
}

/// How spellings of one mailbox are known as the same.
pub(super) fn key(email: &str) -> String {
    email.trim().to_lowercase()
}

/// What stands for a mailbox in the ledger, where it is only compared: whom we wrote to is kept with
/// the letters, and forgotten with them.
pub fn recipient(email: &str) -> String {
    hex::encode(Sha256::digest(key(email)))
}
