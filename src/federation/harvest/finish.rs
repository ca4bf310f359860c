//! The end of a pull: what its report says, whether the peer is held, and when it is asked next.

use std::{collections::HashMap, time::Duration};

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{
    super::peers::{self, Outcome, Peer, Report, Trouble},
    End, Error, Harvester, Run,
};

/// The longest time between two attempts.
const LONGEST_BACKOFF: Duration = Duration::from_hours(6);
/// Nothing there for so long, and somebody has to look.
const GONE_AFTER: chrono::Duration = chrono::Duration::days(3);
/// Nobody is asked again before that, whatever they say.
const SHORTEST_WAIT: Duration = Duration::from_secs(10);
/// What the report says where the peer has done nothing wrong.
const OUR_SIDE: &str = "our-side";

impl Harvester {
    /// Write how it went, and when to ask next.
    pub(super) async fn finish(&self, run: Run, ended: Result<(), End>) -> Result<Report, Error> {
        let Run { mut peer, lease, mut report, held_at, quarantined, .. } = run;
        let now = self.clock.now();
        let ended = match held_at {
            None => ended,
            Some((cursor, why)) => {
                peer.cursor = cursor;
                match ended {
                    Err(End::Broken(error)) => Err(End::Broken(error)),
                    _ => Err(End::Held(why)),
                }
            }
        };
        peer.tried_at = Some(now);
        report.cursor = peer.cursor.after;
        report.links_only = peer.is_links_only();
        let every = peer.every();
        let mut hold = None;
        let wait = match ended {
            Ok(()) => {
                peer.failures = 0;
                peer.problem = None;
                peer.succeeded_at = Some(now);
                jitter(every)
            }
            Err(End::Later) => {
                report.outcome = Outcome::Partial;
                peer.failures = 0;
                peer.problem = None;
                Duration::ZERO
            }
            Err(End::Held(trouble)) => {
                report.outcome = Outcome::Held;
                report.error = Some(trouble.clone());
                hold = Some(trouble);
                jitter(every)
            }
            Err(End::Broken(error)) => {
                // A record that our database does not accept is met again each time: others have their turn meanwhile.
                tracing::error!(peer = peer.name, error = %error, "a pull failed on our side");
                let trouble = Trouble { code: OUR_SIDE.to_owned(), detail: error.to_string() };
                peer.failures += 1;
                report.outcome = Outcome::Failed;
                report.error = Some(trouble.clone());
                peer.problem = Some(trouble);
                backoff(peer.failures)
            }
            Err(End::Failed(trouble, asked)) => {
                peer.failures += 1;
                let again = peer.problem.as_ref().is_some_and(|before| before.code == trouble.code);
                let since = now - peer.succeeded_at.unwrap_or(peer.added_at);
                let gone = trouble.code == "not-there" && again && since >= GONE_AFTER;
                report.outcome = if gone { Outcome::Held } else { Outcome::Failed };
                report.error = Some(trouble.clone());
                hold = gone.then(|| trouble.clone());
                peer.problem = Some(trouble);
                asked.map_or_else(|| backoff(peer.failures), |wait| wait.max(SHORTEST_WAIT))
            }
        };
        peer.next_due_at = later(now, wait);
        peer.report = Some(report.clone());
        let tx = self.db.write().await?;
        if peers::release(&tx, lease).await? {
            peers::save_progress(&tx, &peer).await?;
            peers::due_now(&tx, peer.id, peer.next_due_at).await?;
            if let Some(why) = hold {
                peers::hold(&tx, peer.id, &why).await?;
            }
            tx.commit().await?;
        } else {
            tx.roll_back().await?;
        }
        count(&peer, &report, &quarantined);
        Ok(report)
    }
}

pub(super) fn tell(report: &Report) {
    let error = report.error.as_ref();
    match report.outcome {
        Outcome::Ok if report.created + report.updated + report.deleted + report.quarantined == 0 => {
            tracing::debug!(peer = report.peer, "nothing new");
        }
        Outcome::Ok | Outcome::Partial => tracing::info!(
            peer = report.peer,
            pages = report.pages,
            created = report.created,
            updated = report.updated,
            deleted = report.deleted,
            quarantined = report.quarantined,
            "pulled"
        ),
        Outcome::Held | Outcome::Failed => tracing::warn!(
            peer = report.peer,
            code = error.map_or("", |error| &error.code),
            detail = error.map_or("", |error| &error.detail),
            "cannot pull; records imported before are kept"
        ),
    }
}

/// What Prometheus is told about a pull; how the peer stands then is asked of the database.
fn count(peer: &Peer, report: &Report, quarantined: &HashMap<Uuid, String>) {
    let labels = [("peer", peer.name.clone())];
    metrics::counter!("federation_pages_total", &labels).increment(report.pages);
    metrics::counter!("federation_requests_total", &labels).increment(report.requests);
    metrics::counter!("federation_not_modified_total", &labels).increment(report.not_modified);
    metrics::counter!("federation_bytes_total", &labels).increment(report.bytes);
    for code in quarantined.values() {
        let labels = [("peer", peer.name.clone()), ("reason", code.clone())];
        metrics::counter!("federation_quarantined_total", &labels).increment(1);
    }
    metrics::counter!("federation_echo_total", &labels).increment(report.left_out.get("echo").copied().unwrap_or(0));
}

pub(super) fn later(now: DateTime<Utc>, wait: Duration) -> DateTime<Utc> {
    chrono::Duration::from_std(wait).ok().and_then(|wait| now.checked_add_signed(wait)).unwrap_or(now)
}

/// A number from 0 to 1 that nobody can foresee, so that many followers do not ask at one moment.
pub(super) fn chance() -> f64 {
    f64::from(getrandom::u32().unwrap_or(u32::MAX / 2)) / f64::from(u32::MAX)
}

/// A fifth more or less.
pub(super) fn jitter(wait: Duration) -> Duration {
    wait.mul_f64(0.8 + 0.4 * chance())
}

/// How long to wait after so many failures in a row: up to twice as long each time.
fn backoff(failures: i32) -> Duration {
    let doublings = u32::try_from(failures.clamp(1, 10) - 1).unwrap_or(0);
    let most = (Duration::from_mins(1) * 2_u32.pow(doublings)).min(LONGEST_BACKOFF);
    Duration::from_secs(10).max(most.mul_f64(chance()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiting_grows_with_failures_and_never_beyond_six_hours() {
        for failures in 1..100 {
            let wait = backoff(failures);
            assert!((Duration::from_secs(10)..=LONGEST_BACKOFF).contains(&wait), "{failures}: {wait:?}");
        }
        let hour = Duration::from_hours(1);
        assert!((Duration::from_mins(48)..=Duration::from_mins(72)).contains(&jitter(hour)));
    }
}
