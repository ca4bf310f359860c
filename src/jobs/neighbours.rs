//! Asking other directories, and telling them that there is something new.

use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::{
    app::App,
    published::{Position, own},
};

/// How often to look for peers that are due.
const PEERS: Duration = Duration::from_secs(2);
/// How often at most to tell others that there is something new.
const TELL: Duration = Duration::from_mins(1);

/// Ask peers that are due, over and over, until `stop`.
pub async fn pull(app: App, stop: CancellationToken) {
    let harvester = app.harvester();
    let mut running = tokio::task::JoinSet::new();
    while !stop.is_cancelled() {
        if let Err(error) = harvester.pull_due(&mut running).await {
            tracing::warn!(error = %error, "cannot look for peers that are due");
        }
        wait(&stop).await;
    }
}

/// Tell others, once a minute at most, that there is something new, until `stop`. Apart from the pulls: one
/// that does not answer must not hold them up.
pub async fn tell_of_news(app: App, stop: CancellationToken) {
    let harvester = app.harvester();
    let mut told: Option<Position> = None;
    let mut at = Instant::now();
    while !stop.is_cancelled() {
        let telling = async {
            let head = own::head(&app.db).await?;
            // What was there before the start is no news.
            if told.is_none() || (head > told && at.elapsed() >= TELL) {
                if let (Some(_), Some(head)) = (told, head) {
                    drop(harvester.tell_of_news(head.0).await?);
                }
                told = head.or(Some(Position::ZERO));
                at = Instant::now();
            }
            Ok::<_, anyhow::Error>(())
        };
        let outcome = tokio::select! {
            () = stop.cancelled() => break,
            outcome = telling => outcome,
        };
        if let Err(error) = outcome {
            tracing::warn!(error = format!("{error:#}"), "cannot notify followers of changes");
        }
        wait(&stop).await;
    }
}

async fn wait(stop: &CancellationToken) {
    tokio::select! {
        () = stop.cancelled() => {}
        () = tokio::time::sleep(PEERS) => {}
    }
}
