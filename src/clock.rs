//! The time, as an argument: the running server uses the system's clock, tests a fixed one.

use std::sync::{Arc, Mutex};

use chrono::{DateTime, Duration, SubsecRound, Utc};

/// Where the time comes from. Cheap to clone; clones of a fixed clock move together.
#[derive(Clone, Debug)]
pub enum Clock {
    /// The system's clock.
    System,
    /// A clock that stands still until it is set. For tests.
    Fixed(Arc<Mutex<DateTime<Utc>>>),
}

impl Clock {
    /// A clock that says `at` until [`Clock::set`].
    pub fn fixed(at: DateTime<Utc>) -> Self {
        Self::Fixed(Arc::new(Mutex::new(at)))
    }

    /// Now, in UTC, cut to microseconds: PostgreSQL keeps six digits, SQLite nine, and the two
    /// must answer alike.
    #[expect(clippy::disallowed_methods, reason = "the one place where the system's clock is read")]
    pub fn now(&self) -> DateTime<Utc> {
        let now = match self {
            Self::System => Utc::now(),
            Self::Fixed(at) => *at.lock().unwrap_or_else(std::sync::PoisonError::into_inner),
        };
        now.trunc_subsecs(6)
    }

    /// Move a fixed clock; the system's clock is left alone.
    pub fn set(&self, to: DateTime<Utc>) {
        if let Self::Fixed(at) = self {
            *at.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = to;
        }
    }
}

/// So far apart may clocks be that show the same time.
pub const SKEW: Duration = Duration::minutes(10);

/// How long ago `at` was. A moment that is yet to come was written while a clock was wrong, and nobody knows how long
/// ago that is: very long, so that nothing waits for it to come.
pub fn age(now: DateTime<Utc>, at: DateTime<Utc>) -> Duration {
    if at > now + SKEW { Duration::MAX } else { now - at }
}

/// The moment that a number of the database stands for, in microseconds since 1970.
pub fn moment(micros: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(micros).unwrap_or_default()
}

/// `at` as RFC 3339 in UTC with milliseconds, the form of every time we publish.
pub fn rfc3339(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(chrono::SecondsFormat::Millis, true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_21_what_is_yet_to_come_was_very_long_ago() {
        let now: DateTime<Utc> = "2026-11-22T12:00:00Z".parse().unwrap();
        assert_eq!(age(now, now - Duration::days(2)), Duration::days(2));
        assert_eq!(age(now, now + Duration::minutes(5)), Duration::minutes(-5), "clocks differ");
        assert!(age(now, now + Duration::hours(1)) > Duration::days(100_000));
    }
}
