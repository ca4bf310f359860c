//! Following what is published: the shelf, the search index, and their health.

use std::{sync::atomic::Ordering, time::Duration};

use tokio_util::sync::CancellationToken;

use crate::{app::Served, published::Position, search};

/// How often to look for what other processes have published.
const LOOK: Duration = Duration::from_millis(250);
/// How long it may go on when the server stops.
const LAST_ROWS: Duration = Duration::from_secs(10);
/// A rebuild of so many rows is worth a line before the first of them.
const SAID_FROM: u64 = 2_000;
/// So many rows of a rebuild stand in one line of the log.
const SAID_EACH: u64 = 10_000;

/// Bring the shelf and the search index up to the head of what is published.
/// # Errors
/// When the database or the disk fails; the next call goes on from there.
pub async fn follow(served: &Served) -> anyhow::Result<()> {
    let outcome = follow_to_the_head(served).await;
    served.falls_behind.store(outcome.is_err(), Ordering::Relaxed);
    outcome
}

async fn follow_to_the_head(served: &Served) -> anyhow::Result<()> {
    sign_for_here(served).await?;
    served.directory.shelf.catch_up(&served.app.db, &served.app.clock).await?;
    let mut said = 0;
    let mut say = |indexing: search::Indexing| {
        if (said == 0 && indexing.of >= SAID_FROM) || indexing.rows >= said + SAID_EACH {
            said = indexing.rows.max(1);
            tracing::info!("{indexing}");
        }
    };
    index(served, &mut say).await
}

/// Sign for our present address what was signed for another one.
async fn sign_for_here(served: &Served) -> anyhow::Result<()> {
    let up_to = served.app.head().await?.position;
    let looked = served.signed_up_to.load(Ordering::Relaxed);
    if up_to.0 > looked {
        let signed = served.app.records.sign_for_here(Position(looked)).await?;
        if signed > 0 {
            tracing::info!(
                records = signed,
                origin = served.app.records.signer().origin(),
                "records signed again for this address"
            );
        }
        served.signed_up_to.store(up_to.0, Ordering::Relaxed);
    }
    Ok(())
}

/// Bring the search index up to the head of what is published.
/// # Errors
/// When the database or the disk fails; the next call goes on from there.
pub async fn index(served: &Served, progress: search::Progress<'_>) -> anyhow::Result<()> {
    Ok(served.directory.search.catch_up(&served.app.db, &served.app.clock, progress).await?)
}

/// Compare the shelf and the search index with their hashes, and rebuild what is damaged.
/// # Errors
/// When the disk fails.
pub async fn verify(served: &Served) -> anyhow::Result<usize> {
    let search = served.directory.search.clone();
    if let Err(error) = tokio::task::spawn_blocking(move || search.verify()).await? {
        tracing::error!(error = %error, "the search index is damaged and will be rebuilt");
        served.directory.search.reset().await?;
        index(served, &mut |_| {}).await?;
    }
    let shelf = served.directory.shelf.clone();
    match tokio::task::spawn_blocking(move || shelf.verify()).await? {
        Ok(checked) => Ok(checked),
        Err(error) => {
            tracing::error!(error = %error, "the published bytes are damaged and will be rebuilt");
            served.directory.shelf.rebuild(&served.app.db, &served.app.clock).await?;
            Ok(0)
        }
    }
}

/// Follow until `stop`: each commit of this process at once, those of others a moment later.
pub(super) async fn keep_following(served: Served, stop: CancellationToken) {
    let mut commits = served.app.db.commits();
    let mut failures = 0_u32;
    while !stop.is_cancelled() {
        let followed = tokio::select! {
            followed = follow(&served) => followed,
            // Filling an index takes minutes, and whoever stops the server waits for half of one: the next start goes on.
            () = async { stop.cancelled().await; tokio::time::sleep(LAST_ROWS).await } => break,
        };
        match followed {
            Ok(()) => failures = 0,
            Err(error) => {
                failures = failures.saturating_add(1);
                // Said once, not four times a second.
                if failures.is_power_of_two() {
                    tracing::warn!(error = format!("{error:#}"), failures, "cannot read newly published records; trying again");
                }
            }
        }
        tokio::select! {
            () = stop.cancelled() => {}
            _ = commits.changed() => {}
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}

/// Check everything once, when it is there.
pub(super) async fn verify_once(served: Served, stop: CancellationToken) {
    let checking = async {
        while !served.is_ready() {
            tokio::time::sleep(LOOK).await;
        }
        if let Err(error) = verify(&served).await {
            tracing::error!(error = format!("{error:#}"), "cannot check the published bytes");
        }
    };
    tokio::select! {
        () = stop.cancelled() => {}
        () = checking => {}
    }
}
