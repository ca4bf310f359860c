//! The hosts that peers are on. Several may be on one, which is asked by one pull at a time; and one that fails over and
//! over, whichever of its peers is asked, is left alone for a while. Then one pull tries it for all.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use chrono::{DateTime, Duration, Utc};
use url::Url;

use super::super::peers::{Outcome, Report};

/// After so many failures in a row a host is left alone.
const MOST_FAILURES: u32 = 3;
/// For so long at first, and twice as long with each further failure.
const SHORTEST: Duration = Duration::minutes(1);
/// Never for longer.
const LONGEST: Duration = Duration::hours(1);
/// What goes wrong with a host rather than with one of its feeds.
const OF_THE_HOST: [&str; 9] =
    ["dns", "connect", "tls", "timeout", "too-slow", "truncated", "io", "bad-status", "too-many-requests"];

/// What is known of a host.
#[derive(Debug, Default)]
struct Host {
    /// Whether a pull asks it now.
    is_asked: bool,
    /// How many pulls in a row have failed.
    failures: u32,
    /// Until when it is left alone.
    alone_until: Option<DateTime<Utc>>,
}

/// All hosts of which something is known. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(super) struct Hosts(Arc<Mutex<HashMap<String, Host>>>);

/// The turn to ask a host, until it is dropped.
#[derive(Debug)]
pub(super) struct Asking {
    hosts: Hosts,
    name: String,
}

/// The host that an address is on, with its port.
pub(super) fn host_of(url: &Url) -> String {
    url.origin().ascii_serialization()
}

impl Hosts {
    fn all(&self) -> MutexGuard<'_, HashMap<String, Host>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The turn to ask the host of this address; none where it is asked already, or left alone.
    pub(super) fn turn(&self, url: &Url, now: DateTime<Utc>) -> Option<Asking> {
        let name = host_of(url);
        let mut all = self.all();
        let host = all.entry(name.clone()).or_default();
        // A clock that was wrong for a moment must not stop it for good.
        let is_alone = host.alone_until.is_some_and(|until| now < until && until - now <= LONGEST);
        if host.is_asked || is_alone {
            return None;
        }
        host.is_asked = true;
        Some(Asking { hosts: self.clone(), name })
    }
}

impl Asking {
    /// Note how a pull from the host has ended.
    pub(super) fn note(&self, report: &Report, now: DateTime<Utc>) {
        if report.requests == 0 {
            return;
        }
        let mut all = self.hosts.all();
        let host = all.entry(self.name.clone()).or_default();
        let code = report.error.as_ref().map_or("", |trouble| trouble.code.as_str());
        let has_failed = report.outcome == Outcome::Failed && OF_THE_HOST.contains(&code);
        host.failures = if has_failed { host.failures.saturating_add(1) } else { 0 };
        host.alone_until = alone_for(host.failures).map(|wait| now + wait);
    }
}

impl Drop for Asking {
    fn drop(&mut self) {
        let mut all = self.hosts.all();
        if let Some(host) = all.get_mut(&self.name) {
            host.is_asked = false;
            if host.failures == 0 {
                all.remove(&self.name);
            }
        }
    }
}

/// How long a host is left alone after so many failures in a row.
fn alone_for(failures: u32) -> Option<Duration> {
    let doublings = failures.checked_sub(MOST_FAILURES)?.min(6);
    Some((SHORTEST * 2_i32.pow(doublings)).min(LONGEST))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_more_often_it_fails_the_longer_a_host_is_left_alone() {
        let minutes = |failures| alone_for(failures).map(|wait| wait.num_minutes());
        let said: Vec<Option<i64>> = (0..12).map(minutes).collect();
        let wanted = [0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60].map(|minutes| (minutes > 0).then_some(minutes));
        assert_eq!(said, wanted);
    }
}
