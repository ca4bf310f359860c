//! How often listings are looked at: so many times on a day, and nothing about who looked.
//!
//! Counting costs a request nothing but a number in memory; now and then the numbers are added to those
//! in the database. What could tell that somebody looked for help in danger is never kept by listing:
//! whoever writes the numbers says which, and those are added up for the whole directory.

mod store;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use axum::extract::{MatchedPath, Request};
use chrono::{Datelike as _, Days, Months, NaiveDate};
use chrono_tz::Europe::London;
use http::{HeaderMap, Method, StatusCode, header};
use uuid::Uuid;

use crate::{
    clock::Clock,
    db::{self, Database},
};

/// What stands for the whole directory, where a listing is not to be named.
pub const EVERYTHING: Uuid = Uuid::nil();
/// Numbers that are held in memory at most; what is more is added up for the whole directory.
const MOST: usize = 50_000;
/// Fewer than this are not told.
const FEW: u64 = 10;
/// Numbers are told to the nearest of this.
const ROUNDED: u64 = 5;
/// Numbers are kept for so many months.
const KEPT: Months = Months::new(25);

/// What was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Seen {
    /// The page of the listing.
    Page,
    /// Its dates as a calendar.
    Calendar,
}

impl Seen {
    fn number(self) -> i16 {
        match self {
            Self::Page => 0,
            Self::Calendar => 1,
        }
    }
}

/// How often something was looked at on a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    /// The day, in London.
    pub day: NaiveDate,
    /// The listing, or [`EVERYTHING`].
    pub record: Uuid,
    /// What of it.
    pub seen: Seen,
}

/// How often a listing was looked at in a month.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Month {
    /// Its first day.
    pub first: NaiveDate,
    /// How often its page was.
    pub pages: u64,
    /// How often its calendar was.
    pub calendars: u64,
}

/// A number as it may be told: small ones could tell of somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// Nobody.
    None,
    /// Fewer than ten.
    Few,
    /// About so many.
    About(u64),
}

impl Told {
    /// As much of a number as may be told.
    ///
    /// ```
    /// use fingerpost::views::Told;
    /// assert_eq!([0, 9, 10, 12, 13].map(Told::of), [Told::None, Told::Few, Told::About(10), Told::About(10), Told::About(15)]);
    /// ```
    pub fn of(number: u64) -> Self {
        match number {
            0 => Self::None,
            few if few < FEW => Self::Few,
            many => Self::About((many + ROUNDED / 2) / ROUNDED * ROUNDED),
        }
    }

    /// In words.
    pub fn words(self) -> String {
        match self {
            Self::None => "none".to_owned(),
            Self::Few => "fewer than 10".to_owned(),
            Self::About(number) => format!("about {number}"),
        }
    }
}

/// The numbers. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Views {
    db: Database,
    clock: Clock,
    counts: Arc<Mutex<HashMap<Key, u32>>>,
}

impl Views {
    /// The numbers in `db`.
    pub fn new(db: Database, clock: Clock) -> Self {
        Self { db, clock, counts: Arc::default() }
    }

    fn today(&self) -> NaiveDate {
        self.clock.now().with_timezone(&London).date_naive()
    }

    /// Count what was looked at, where it was there.
    pub fn count(&self, looked_at: Option<(Uuid, Seen)>, status: StatusCode) {
        if let Some((record, seen)) = looked_at.filter(|_| matches!(status, StatusCode::OK | StatusCode::NOT_MODIFIED)) {
            self.note(record, seen);
        }
    }

    /// Count one more.
    pub fn note(&self, record: Uuid, seen: Seen) {
        let day = self.today();
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let key = Key { day, record, seen };
        let key = if counts.len() < MOST || counts.contains_key(&key) { key } else { Key { record: EVERYTHING, ..key } };
        let count = counts.entry(key).or_default();
        *count = count.saturating_add(1);
    }

    /// Take what was counted since the last time.
    pub fn take(&self) -> HashMap<Key, u32> {
        std::mem::take(&mut *self.counts.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Count again what could not be kept.
    pub fn put_back(&self, taken: &HashMap<Key, u32>) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        for (key, number) in taken {
            let count = counts.entry(*key).or_default();
            *count = count.saturating_add(*number);
        }
    }

    /// Add numbers to those that are kept, and forget what is too old.
    /// # Errors
    /// When the database fails; then nothing is added.
    pub async fn keep(&self, counts: &HashMap<Key, u32>) -> Result<(), db::Error> {
        if counts.is_empty() {
            return Ok(());
        }
        let oldest = self.today().checked_sub_months(KEPT).unwrap_or(NaiveDate::MIN);
        let tx = self.db.write().await?;
        store::add(&tx, counts).await?;
        store::forget_before(&tx, oldest).await?;
        tx.commit().await
    }

    /// The last `many` months of a listing, the present one first.
    /// # Errors
    /// When the database fails.
    pub async fn months(&self, record: Uuid, many: u32) -> Result<Vec<Month>, db::Error> {
        let this = self.today().with_day(1).unwrap_or_default();
        let firsts: Vec<NaiveDate> = (0..many).filter_map(|back| this.checked_sub_months(Months::new(back))).collect();
        let from = firsts.last().copied().unwrap_or(this);
        let rows = store::since(&self.db, record, from).await?;
        Ok(firsts
            .into_iter()
            .map(|first| {
                let next = first.checked_add_months(Months::new(1)).unwrap_or(first + Days::new(31));
                let sum = |seen: Seen| {
                    let of = |(key, _): &&(Key, u64)| key.seen == seen && key.day >= first && key.day < next;
                    rows.iter().filter(of).map(|(_, views)| views).sum()
                };
                Month { first, pages: sum(Seen::Page), calendars: sum(Seen::Calendar) }
            })
            .collect())
    }
}

/// The listing that a request asks to look at: its page, or its calendar. Robots and what a browser fetches in
/// advance are not counted.
pub fn looked_at(request: &Request) -> Option<(Uuid, Seen)> {
    if request.method() != Method::GET {
        return None;
    }
    let last = request.uri().path().rsplit('/').next()?;
    let seen = match request.extensions().get::<MatchedPath>()?.as_str() {
        "/directory/services/{id}" | "/directory/organisations/{id}" | "/directory/events/{id}" => {
            Some((last.parse().ok()?, Seen::Page))
        }
        "/organizations/{id}" | "/events/{id}" | "/services/{id}" => {
            Some((last.strip_suffix(".ics")?.parse().ok()?, Seen::Calendar))
        }
        _ => None,
    };
    seen.filter(|_| !is_robot(request.headers()))
}

fn is_robot(headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_lowercase();
    let agent = text(header::USER_AGENT.as_str());
    agent.is_empty()
        || ["bot", "crawl", "spider", "preview", "monitor"].iter().any(|word| agent.contains(word))
        || ["sec-purpose", "purpose"].iter().any(|name| text(name).contains("prefetch"))
}
