//! How fresh our own services are: when somebody last said that everything about one is right. That
//! is apart from editing, and an import is never a check.
//!
//! The day of the last check is written over `assured_date` where a service is rendered, and the word
//! `freshness` beside it says when that is too long ago; the record itself stays as it is, so a check
//! gets in nobody's way who is editing. A service that nobody here has checked keeps the day that
//! came with it; its time counts from when it was first seen here.

mod store;

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use serde::Serialize;
use uuid::Uuid;

use super::{Error, LastModified, Records, State, publish};
use crate::{
    db::Transaction,
    model::{Document, Kind, Service, tidy::Dropped},
};

/// The member of a published service that says how it was found right: `owner`, `phone` or `visit`. Beside
/// `assured_date`, and only where that is the day of a check of ours.
pub const CHECKED_HOW: &str = "checked_how";

/// How many services are rendered again in one go.
const BATCH: usize = 200;

/// After how many days without a check something happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// It is said that a service needs checking.
    pub label_days: i64,
    /// It is left out of the search of the site; never, where it is none.
    pub hide_days: Option<i64>,
}

/// What everybody is told of a service that was not checked for long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Mark {
    /// Nothing: it was checked not long ago.
    Current,
    /// That it needs checking.
    NeedsChecking,
    /// That nobody has confirmed it for so long that the search of the site leaves it out.
    Unconfirmed,
}

impl Mark {
    /// As the published document says it; nothing while it is current.
    pub fn word(self) -> Option<&'static str> {
        match self {
            Self::Current => None,
            Self::NeedsChecking => Some("needs_checking"),
            Self::Unconfirmed => Some("unconfirmed"),
        }
    }

    fn number(self) -> i16 {
        self as i16
    }

    fn from_number(number: i16) -> Self {
        match number {
            0 => Self::Current,
            1 => Self::NeedsChecking,
            _ => Self::Unconfirmed,
        }
    }
}

impl Limits {
    /// The mark of something that was last checked, or first seen, at `base`.
    pub fn mark(self, base: DateTime<Utc>, now: DateTime<Utc>) -> Mark {
        let age = (now - base).num_days();
        if self.hide_days.is_some_and(|days| days <= age) {
            Mark::Unconfirmed
        } else if self.label_days <= age {
            Mark::NeedsChecking
        } else {
            Mark::Current
        }
    }

    /// Whether its mark will be a worse one within `soon`, unless somebody checks it.
    pub fn expires(self, base: DateTime<Utc>, now: DateTime<Utc>, soon: TimeDelta) -> bool {
        self.mark(base, now) < self.mark(base, now + soon)
    }
}

/// How somebody found that everything is right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum How {
    /// Whoever keeps the listing said so.
    Owner,
    /// They said so on the telephone.
    Phone,
    /// Somebody went there.
    Visit,
}

impl How {
    /// Its name in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Phone => "phone",
            Self::Visit => "visit",
        }
    }

    fn read(name: &str) -> Self {
        match name {
            "phone" => Self::Phone,
            "visit" => Self::Visit,
            _ => Self::Owner,
        }
    }
}

/// One check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    /// When.
    pub at: DateTime<Utc>,
    /// By whom, as history calls them.
    pub by: String,
    /// How.
    pub how: How,
}

/// How fresh a service is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fresh {
    /// The service.
    pub record: Uuid,
    /// When it was first seen here.
    pub since: DateTime<Utc>,
    /// When it was last checked.
    pub checked_at: Option<DateTime<Utc>>,
    /// What is published of it.
    pub mark: Mark,
}

impl Fresh {
    /// From when its days count.
    pub fn base(&self) -> DateTime<Utc> {
        self.checked_at.unwrap_or(self.since)
    }

    /// Whole days since then; none where the clock has gone back.
    pub fn days(&self, now: DateTime<Utc>) -> i64 {
        (now - self.base()).num_days().max(0)
    }
}

impl Records {
    /// The same, saying after so many days that services were not checked.
    #[must_use]
    pub fn with_limits(self, limits: Limits) -> Self {
        Self { limits: Some(limits), ..self }
    }

    /// After how many days something happens; none where nothing does.
    pub fn limits(&self) -> Option<Limits> {
        self.limits
    }

    /// Note that somebody has found everything right about these services, and publish that. Others
    /// than our own published services among them are left alone; those that were checked are given.
    /// The transaction is the caller's to commit; nothing may change records after it.
    /// # Errors
    /// When the database fails.
    pub async fn check(&self, tx: &Transaction, ids: &[Uuid], by: &str, how: How) -> Result<Vec<Uuid>, Error> {
        let now = self.clock.now();
        let found = super::store::load_locked(tx, ids).await?;
        let is_ours = |id: &&Uuid| {
            found.get(id).is_some_and(|stored| {
                stored.kind == Kind::Service && stored.origin.is_empty() && stored.state == State::Published
            })
        };
        let mut checked: Vec<Uuid> = ids.iter().filter(is_ours).copied().collect();
        checked.sort_unstable();
        checked.dedup();
        let check = Check { at: now, by: by.to_owned(), how };
        for id in &checked {
            store::put_check(tx, *id, &check).await?;
        }
        self.render_again(tx, &checked).await?;
        Ok(checked)
    }

    async fn render_again(&self, tx: &Transaction, ids: &[Uuid]) -> Result<(), Error> {
        let brought = LastModified::new();
        let cause = publish::Cause {
            reason: "it is no longer published",
            urgent: false,
            scrubbed: &HashSet::new(),
            erased: &[],
            reopened: false,
            last_modified: &brought,
        };
        self.publish(tx, HashMap::new(), ids, &cause).await.map(drop)
    }

    /// Every check of a service, the latest first.
    /// # Errors
    /// When the database fails.
    pub async fn checks(&self, id: Uuid) -> Result<Vec<Check>, Error> {
        Ok(store::checks(&self.db, id).await?)
    }

    /// How fresh each of our own published services is, in order of ids.
    /// # Errors
    /// When the database fails.
    pub async fn freshness(&self) -> Result<Vec<Fresh>, Error> {
        Ok(store::all(&self.db).await?)
    }

    /// Begin to count for services that are new, and publish again those whose mark has changed only
    /// because time has passed. Gives how many there were of these. Can be run as often and as late as
    /// one likes: it looks at how things are, not at what happened since.
    /// # Errors
    /// When the database fails.
    pub async fn refresh_freshness(&self) -> Result<usize, Error> {
        let Some(limits) = self.limits else { return Ok(0) };
        let now = self.clock.now();
        store::begin(&self.db, now).await?;
        let changed: Vec<(Uuid, Mark)> = store::all(&self.db)
            .await?
            .iter()
            .map(|fresh| (fresh, limits.mark(fresh.base(), now)))
            .filter(|(fresh, mark)| fresh.mark != *mark)
            .map(|(fresh, mark)| (fresh.record, mark))
            .collect();
        for some in changed.chunks(BATCH) {
            let tx = self.db.write().await?;
            store::mark(&tx, some).await?;
            let ids: Vec<Uuid> = some.iter().map(|(id, _)| *id).collect();
            self.render_again(&tx, &ids).await?;
            tx.commit().await?;
        }
        Ok(changed.len())
    }

    /// Write what is known of their freshness into those documents that are our own services.
    pub(super) async fn freshen<'a>(
        &self,
        tx: &Transaction,
        documents: impl Iterator<Item = (&'a String, &'a mut Document)>,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let mut services: HashMap<Uuid, &mut Service> = documents
            .filter(|(origin, _)| origin.is_empty())
            .filter_map(|(_, document)| match document {
                Document::Service(service) => Some((service.id.into(), &mut **service)),
                _ => None,
            })
            .collect();
        // Only we say it.
        for service in services.values_mut() {
            service.freshness = None;
            service.extra.remove(CHECKED_HOW);
        }
        let ids: Vec<Uuid> = services.keys().copied().collect();
        let known = store::some(tx, &ids).await?;
        let checked: Vec<Uuid> = known.iter().filter(|fresh| fresh.checked_at.is_some()).map(|fresh| fresh.record).collect();
        let hows = store::hows(tx, &checked).await?;
        for fresh in known {
            let Some(service) = services.get_mut(&fresh.record) else { continue };
            if let Some(at) = fresh.checked_at {
                service.assured_date = Some(london_day(at).to_string());
                if let Some(how) = hows.get(&fresh.record) {
                    service.extra.insert(CHECKED_HOW.to_owned(), how.as_str().into());
                }
            }
            service.freshness = self.limits.and_then(|limits| limits.mark(fresh.base(), now).word()).map(str::to_owned);
        }
        Ok(())
    }
}

/// Take the day of a check that is still to come out of a service that comes from elsewhere: nobody can have checked
/// anything then, and it would pass for checked until long after that day. Gives what is to be told of it.
pub fn leave_out_a_check_to_come(document: &mut Document, now: DateTime<Utc>) -> Option<Dropped> {
    let Document::Service(service) = document else { return None };
    let day: NaiveDate = service.assured_date.as_deref()?.get(..10)?.parse().ok()?;
    if day <= london_day(now) {
        return None;
    }
    service.assured_date = None;
    let reason = format!("{day} is still to come, so nothing can have been checked then");
    Some(Dropped { path: "assured_date".to_owned(), reason })
}

fn london_day(at: DateTime<Utc>) -> NaiveDate {
    at.with_timezone(&chrono_tz::Europe::London).date_naive()
}

/// The day on which something that was last checked at `base` reaches so many days.
pub fn day_of(base: DateTime<Utc>, days: u64) -> NaiveDate {
    london_day(base).checked_add_days(Days::new(days)).unwrap_or(NaiveDate::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::Duration;

    #[test]
    fn marks_follow_the_days_whatever_the_clock_did() {
        let base: DateTime<Utc> = "2026-03-01T09:00:00Z".parse().unwrap();
        let limits = Limits { label_days: 120, hide_days: Some(180) };
        let after = |days, hours| limits.mark(base, base + Duration::days(days) + Duration::hours(hours));
        for (days, hours, mark) in [
            (0, 0, Mark::Current),
            (-400, 0, Mark::Current),
            (119, 23, Mark::Current),
            (120, 0, Mark::NeedsChecking),
            (179, 23, Mark::NeedsChecking),
            (180, 0, Mark::Unconfirmed),
            (4000, 0, Mark::Unconfirmed),
        ] {
            assert_eq!(after(days, hours), mark, "{days} days");
        }
        let never = Limits { hide_days: None, ..limits };
        assert_eq!(never.mark(base, base + Duration::days(4000)), Mark::NeedsChecking);
    }
}
