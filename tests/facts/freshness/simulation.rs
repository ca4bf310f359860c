//! A thousand listings for three years, with the real schedule and people as they are assumed to be.

use std::collections::{BTreeSet, HashMap, HashSet};

use chrono::{DateTime, Duration, Utc};
use fingerpost::{
    quality::{self, Ledger, Owned, Owner, Schedule, letters},
    records::{Fresh, Mark},
};
use uuid::Uuid;

use crate::support::noon;

/// Numbers that look drawn and are the same each time.
struct Dice(u64);

impl Dice {
    /// Whether something happens that happens in so many of a hundred cases.
    fn falls(&mut self, percent: u64) -> bool {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (x ^ (x >> 31)) % 100 < percent
    }
}

/// What people do, as assumed: nobody has measured it. Of a hundred letters so many are answered, by
/// which reminder it is.
const ANSWERED: [u64; 4] = [40, 30, 25, 20];

/// Of a hundred groups so many have no mailbox that works.
const UNREACHABLE: u64 = 8;

/// Of a hundred calls so many reach somebody who can say.
const REACHED: u64 = 60;

/// Minutes that a call takes, reached or not.
const CALL: i64 = 6;

/// Days between two calls to the same group.
const BETWEEN_CALLS: i64 = 14;

/// A thousand listings of 400 groups for three years, day by day, with the real schedule. The last two
/// count. `cargo test simulation -- --nocapture` shows the numbers.
#[test]
fn a_simulation_of_a_thousand_listings() {
    const GROUPS: usize = 400;
    let mut dice = Dice(2026);
    let start = noon();
    let groups: Vec<Owner> = (0..GROUPS)
        .map(|n| Owner { email: format!("group-{n}@example.org"), name: String::new(), known_as: format!("group:{n}") })
        .collect();
    let unreachable: HashSet<usize> = (0..GROUPS).filter(|_| dice.falls(UNREACHABLE)).collect();
    // Some groups keep one listing, some five.
    let group_of: Vec<usize> = (0..1000).map(|n| if n < GROUPS { n } else { (n * 7) % 150 }).collect();
    let owned: Vec<Owned> = group_of
        .iter()
        .enumerate()
        .map(|(n, group)| {
            let owners = if unreachable.contains(group) { vec![] } else { vec![groups[*group].clone()] };
            Owned { record: Uuid::from_u128(n as u128), owners }
        })
        .collect();
    let mut fresh: Vec<Fresh> = (0..1000_i64)
        .map(|n| {
            // They came in over a year.
            let since = start - Duration::days(n % 365);
            Fresh { record: Uuid::from_u128(n.unsigned_abs().into()), since, checked_at: Some(since), mark: Mark::Current }
        })
        .collect();
    let schedule = Schedule::new(&[75, 90, 104, 118]);
    let (mut ledger, none) = (Ledger::new(), BTreeSet::new());
    let mut called: HashMap<usize, DateTime<Utc>> = HashMap::new();
    let (mut sent, mut calls) = (0_i64, 0_i64);
    let (mut days, mut within_90, mut labelled, mut hidden) = (0_i64, 0_i64, 0_i64, 0_i64);
    for day in 0..(3 * 365) {
        let now = start + Duration::days(day);
        let counts = day >= 365;
        for letter in letters(&schedule, &fresh, &owned, (&ledger, &none), now) {
            sent += i64::from(counts);
            let stage = letter.items.iter().map(|item| item.stage).max().unwrap_or_default();
            for item in &letter.items {
                ledger.entry((item.record, quality::recipient(&letter.to.email), item.base)).or_default().add(item.stage);
            }
            if dice.falls(ANSWERED[stage]) {
                for item in &letter.items {
                    let n = usize::try_from(item.record.as_u128()).unwrap();
                    fresh[n].checked_at = Some(now);
                }
            }
        }
        // Officers ring up who cannot be written to, and who has answered no letter.
        let mut to_call: Vec<usize> = (0..1000)
            .filter(|&n| {
                let age = fresh[n].days(now);
                age >= if unreachable.contains(&group_of[n]) { 80 } else { 125 }
            })
            .map(|n| group_of[n])
            .collect();
        to_call.sort_unstable();
        to_call.dedup();
        for group in to_call {
            if called.get(&group).is_some_and(|last| (now - *last).num_days() < BETWEEN_CALLS) {
                continue;
            }
            called.insert(group, now);
            calls += i64::from(counts);
            if dice.falls(REACHED) {
                for n in (0..1000).filter(|n| group_of[*n] == group) {
                    fresh[n].checked_at = Some(now);
                }
            }
        }
        if counts {
            days += 1;
            for one in &fresh {
                within_90 += i64::from(one.days(now) <= 90);
                labelled += i64::from(one.days(now) >= 120);
                hidden += i64::from(one.days(now) >= 180);
            }
        }
    }
    let percent = |sum: i64| sum * 100 / (days * 1000);
    let hours = calls * CALL / 60 / 2;
    println!(
        "1,000 listings of {GROUPS} groups, {UNREACHABLE}% without a mailbox; letters answered {ANSWERED:?}%, calls reached {REACHED}%, {CALL} minutes each:\n\
         on an average day {}% were checked within 90 days, {}% say that they need checking, {}% are left out of the search;\n\
         in a year {} letters and {} calls, which are {hours} hours of an officer",
        percent(within_90),
        percent(labelled),
        percent(hidden),
        sent / 2,
        calls / 2
    );
    assert!(percent(within_90) >= 75, "{}% within 90 days", percent(within_90));
    assert!(percent(hidden) <= 1);
    assert!(hours <= 120, "{hours} hours");
    assert!(sent / 2 <= 8 * 400, "a group gets a letter in six weeks at most, on average: {}", sent / 2);
}
