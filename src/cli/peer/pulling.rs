//! Pulls from peers, and what came of them.

use std::time::Duration;

use serde_json::json;

use super::{
    super::{Answer, progress, say},
    said::said,
};
use crate::{
    app::App,
    federation::{
        harvest::{self, Harvester},
        peers::{self, Comparison, Outcome, Peer, PeerKind, Report, Trouble, Trust},
    },
};

/// For so long a pull waits for another one of the same peer, a little longer than that of a process that has died
/// keeps others out.
const PATIENCE: Duration = Duration::from_secs(70);

/// Pull, and say what the comparison found; only where there was one, it went well.
pub(super) async fn compare(app: &App, peer: &peers::Peer, answer: Answer) -> anyhow::Result<bool> {
    let good = pull(app, Some(peer.id.to_string()), false, answer).await?;
    let found = app.harvester().peer(&peer.id.to_string()).await?.report.and_then(|report| report.compared);
    match found {
        None if peer.kind != PeerKind::OpenDirectory && good => {
            answer.so_far(|| say!("  compared: it has no checkpoint; each pull compares everything it lists"))?;
            Ok(true)
        }
        None | Some(Comparison::Not { .. }) => Ok(false),
        Some(_) => Ok(good),
    }
}

pub(super) async fn pull(app: &App, peer: Option<String>, all: bool, answer: Answer) -> anyhow::Result<bool> {
    let harvester = app.harvester();
    let chosen = match peer.filter(|_| !all) {
        Some(peer) => vec![harvester.peer(&peer).await?],
        None => peers::all(&app.db).await?.into_iter().filter(|peer| peer.trust != Trust::Blocked).collect(),
    };
    let mut reports = Vec::new();
    for peer in chosen {
        let bar = progress(None, "records");
        let pulled = pull_in_turn(&harvester, &peer, &bar).await;
        bar.finish_and_clear();
        let report = match pulled {
            // The others are not to blame for it.
            Err(error) if all => {
                let trouble = Trouble { code: "our-side".to_owned(), detail: error.to_string() };
                Report { peer: peer.name, outcome: Outcome::Failed, error: Some(trouble), ..Report::default() }
            }
            pulled => pulled?,
        };
        answer.so_far(|| say!("{}", said(&report)))?;
        reports.push(report);
    }
    let document = if all { json!(reports) } else { json!(reports.first()) };
    answer.give(&document, || Ok(()))?;
    Ok(reports.iter().all(|report| matches!(report.outcome, Outcome::Ok | Outcome::Partial)))
}

/// Pull from a peer; where another process does so, wait for it.
async fn pull_in_turn(harvester: &Harvester, peer: &Peer, bar: &indicatif::ProgressBar) -> Result<Report, harvest::Error> {
    let began = tokio::time::Instant::now();
    loop {
        let seen = |report: &Report| bar.set_position(report.created + report.updated + report.unchanged);
        let report = harvester.pull(peer.id, seen).await?;
        if began.elapsed() >= PATIENCE || report.error.as_ref().is_none_or(|trouble| trouble.code != harvest::BUSY) {
            return Ok(report);
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}
