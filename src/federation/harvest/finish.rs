//! The end of a pull: what its report says, whether the peer is held, and when it is asked next.

use std::{collections::HashMap, time::Duration};

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{
    super::peers::{self, Cursor, Lease, Outcome, Peer, Report, Trouble},
    End, Error, Harvester, Run,
    gone::{LOOKS, NOT_THERE},
};
use crate::clock::age;

/// The longest time between two attempts.
const LONGEST_BACKOFF: Duration = Duration::from_hours(6);
/// Nothing there for so long, and somebody has to look.
const GONE_AFTER: chrono::Duration = chrono::Duration::days(3);
/// Nobody is asked again before that, whatever they say.
const SHORTEST_WAIT: Duration = Duration::from_secs(10);
/// What the report says where the peer has done nothing wrong.
const OUR_SIDE: &str = "our-side";

/// What follows from how a pull has ended: when to ask again, and why the peer is held, if it is.
struct Next {
    wait: Duration,
    hold: Option<Trouble>,
}

impl Next {
    fn after(wait: Duration) -> Self {
        Self { wait, hold: None }
    }
}

impl Harvester {
    /// Write how it went, and when to ask next.
    pub(super) async fn finish(&self, run: Run, ended: Result<(), End>) -> Result<Report, Error> {
        let is_much = self.is_much(&run);
        let Run { mut peer, lease, mut report, held_at, gone, waited, quarantined, .. } = run;
        let now = self.clock.now();
        let ended = as_it_counts(&mut peer, held_at, gone, ended);
        peer.tried_at = Some(now);
        // What is yet to come was written while a clock was wrong: it counts from now on.
        peer.succeeded_at = peer.succeeded_at.map(|at| at.min(now));
        report.cursor = peer.cursor.after;
        report.links_only = peer.is_links_only();
        let Next { wait, hold } = match ended {
            Ok(()) => went_well(&mut peer, &report, waited, now),
            Err(End::Later) => goes_on(&mut peer, &mut report, is_much),
            Err(End::Held(trouble)) => is_held(&peer, &mut report, trouble),
            Err(End::Broken(error)) => broke(&mut peer, &mut report, &error),
            Err(End::Failed(trouble, asked)) => failed(&mut peer, &mut report, trouble, asked, now),
        };
        peer.next_due_at = later(now, wait);
        peer.report = Some(report.clone());
        self.write_how_it_went(&peer, lease, hold, now).await?;
        count(&peer, &report, &quarantined);
        Ok(report)
    }

    /// Write how a peer stands now, and give the lease back; nothing where it is somebody else's.
    async fn write_how_it_went(&self, peer: &Peer, lease: Lease, hold: Option<Trouble>, now: DateTime<Utc>) -> Result<(), Error> {
        let tx = self.db.write().await?;
        if !peers::release(&tx, lease).await? {
            return Ok(tx.roll_back().await?);
        }
        peers::save_progress(&tx, peer).await?;
        peers::due_now(&tx, peer.id, peer.next_due_at).await?;
        if let Some(why) = hold {
            peers::hold(&tx, peer.id, &why).await?;
            // Whatever it says in that state, it does not stand by its deletions.
            peers::doubt_held(&tx, peer.id, now).await?;
        }
        Ok(tx.commit().await?)
    }
}

/// How a pull has ended as far as the peer is concerned. One that was held stays so, at the cursor where it was; and one
/// that was gone is not back, whatever is wrong with it.
fn as_it_counts(
    peer: &mut Peer,
    held_at: Option<(Cursor, Trouble)>,
    gone: Option<Trouble>,
    ended: Result<(), End>,
) -> Result<(), End> {
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
    match (gone, ended) {
        (Some(why), Err(End::Failed(..))) => Err(End::Held(why)),
        (_, ended) => ended,
    }
}

fn went_well(peer: &mut Peer, report: &Report, waited: Option<Duration>, now: DateTime<Utc>) -> Next {
    peer.failures = 0;
    peer.problem = None;
    peer.succeeded_at = Some(now);
    Next::after(about(peer, pace(peer, waited, has_news(report))))
}

/// There is more: others have their turn, and then it goes on; later where very much has come.
fn goes_on(peer: &mut Peer, report: &mut Report, is_much: bool) -> Next {
    report.outcome = Outcome::Partial;
    report.unfinished = peer.report.as_ref().map_or(0, |before| before.unfinished) + 1;
    peer.failures = 0;
    peer.problem = None;
    Next::after(if is_much { about(peer, peer.every()) } else { Duration::ZERO })
}

fn is_held(peer: &Peer, report: &mut Report, trouble: Trouble) -> Next {
    report.outcome = Outcome::Held;
    report.error = Some(trouble.clone());
    let wait = if trouble.code == NOT_THERE { LOOKS.max(peer.every()) } else { peer.every() };
    Next { wait: about(peer, wait), hold: Some(trouble) }
}

/// Our side failed. A record that our database does not accept is met again each time: others have their turn meanwhile.
fn broke(peer: &mut Peer, report: &mut Report, error: &Error) -> Next {
    tracing::error!(peer = peer.name, error = %error, "a pull failed on our side");
    let trouble = Trouble { code: OUR_SIDE.to_owned(), detail: error.to_string() };
    peer.failures += 1;
    report.outcome = Outcome::Failed;
    report.error = Some(trouble.clone());
    peer.problem = Some(trouble);
    Next::after(backoff(peer.failures, chance()))
}

/// It did not work, and `asked` is how long the peer wants to be left alone. Where nothing has been there for days,
/// somebody has to look.
fn failed(peer: &mut Peer, report: &mut Report, trouble: Trouble, asked: Option<Duration>, now: DateTime<Utc>) -> Next {
    peer.failures += 1;
    let again = peer.problem.as_ref().is_some_and(|before| before.code == trouble.code);
    let since = age(now, peer.succeeded_at.unwrap_or(peer.added_at));
    let gone = trouble.code == NOT_THERE && again && since >= GONE_AFTER;
    report.outcome = if gone { Outcome::Held } else { Outcome::Failed };
    report.error = Some(trouble.clone());
    peer.problem = Some(trouble.clone());
    if gone {
        return Next { wait: about(peer, LOOKS.max(peer.every())), hold: Some(trouble) };
    }
    Next::after(asked.map_or_else(|| backoff(peer.failures, chance()), |wait| wait.max(SHORTEST_WAIT)))
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

/// A fifth more or less, and never sooner than the peer wants to be asked.
fn about(peer: &Peer, wait: Duration) -> Duration {
    jitter(wait).max(peer.least())
}

/// Whether a pull has brought something.
fn has_news(report: &Report) -> bool {
    report.created + report.updated + report.deleted + report.waiting > 0
}

/// How long to leave a peer alone that has answered: half as long as before where it had news, half as long again where
/// it had none; never longer than the officer says.
fn pace(peer: &Peer, waited: Option<Duration>, has_news: bool) -> Duration {
    let (soonest, latest) = (peer.soonest(), peer.every());
    let wait = waited.map_or(latest, |waited| waited.mul_f64(if has_news { 0.5 } else { 1.5 }));
    wait.clamp(soonest, latest)
}

/// How long to wait after so many failures in a row: up to twice as long each time, by `chance` from 0 to 1.
fn backoff(failures: i32, chance: f64) -> Duration {
    let doublings = u32::try_from(failures.clamp(1, 10) - 1).unwrap_or(0);
    let most = (Duration::from_mins(1) * 2_u32.pow(doublings)).min(LONGEST_BACKOFF);
    SHORTEST_WAIT.max(most.mul_f64(chance))
}

#[cfg(test)]
mod tests {
    use super::{super::super::peers::PeerKind, *};

    #[test]
    fn waiting_grows_with_failures_and_never_beyond_six_hours() {
        let minutes = |failures, chance| backoff(failures, chance).as_secs() / 60;
        let longest: Vec<u64> = (1..=12).map(|failures| minutes(failures, 1.0)).collect();
        assert_eq!(longest, [1, 2, 4, 8, 16, 32, 64, 128, 256, 360, 360, 360]);
        let halfway: Vec<u64> = (1..=12).map(|failures| minutes(failures, 0.5)).collect();
        assert_eq!(halfway, [0, 1, 2, 4, 8, 16, 32, 64, 128, 180, 180, 180]);
        assert_eq!(backoff(1, 0.0), SHORTEST_WAIT);
        let hour = Duration::from_hours(1);
        assert!((Duration::from_mins(48)..=Duration::from_mins(72)).contains(&jitter(hour)));
    }

    #[test]
    fn a_busy_peer_is_asked_sooner_and_a_quiet_one_as_seldom_as_the_officer_says() {
        let minutes = Duration::from_mins;
        let url = "https://peer.example.org/".parse().unwrap();
        let peer = Peer { every_seconds: 3_600, ..Peer::unknown(&url) };
        assert_eq!(pace(&peer, None, true), minutes(60), "the first pull says nothing about how busy it is");
        assert_eq!(pace(&peer, Some(minutes(60)), true), minutes(30));
        assert_eq!(pace(&peer, Some(minutes(6)), true), minutes(5), "not sooner than that");
        assert_eq!(pace(&peer, Some(minutes(20)), false), minutes(30));
        assert_eq!(pace(&peer, Some(minutes(60)), false), minutes(60), "not later than that");
        let list = Peer { kind: PeerKind::Oruk3, ..peer.clone() };
        assert_eq!(pace(&list, Some(minutes(60)), true), minutes(60), "a whole list is not read more often");
        let often = Peer { every_seconds: 90, ..peer };
        assert_eq!(pace(&often, Some(minutes(20)), true), Duration::from_secs(90));
    }
}
