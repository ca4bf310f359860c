//! What happens without being asked: following what is published, and tidying up. Each job is
//! idempotent and can be called from the scheduler, the command line and tests.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::{
    app::{App, Served},
    published::Head,
    safekeeping, search,
};

/// How often to look for what other processes have published.
const LOOK: Duration = Duration::from_millis(250);
/// How often to tidy up.
const TIDY: Duration = Duration::from_mins(1);
/// So many rows of a rebuild stand in one line of the log.
const SAID_EACH: u64 = 10_000;
/// How often to look for events that are over.
const EVENTS: Duration = Duration::from_mins(15);

/// Bring the shelf and the search index up to the head of what is published.
/// # Errors
/// When the database or the disk fails; the next call goes on from there.
pub async fn follow(served: &Served) -> anyhow::Result<()> {
    let head = served.app.head().await?;
    served.directory.shelf.catch_up(&served.app.db, &head).await?;
    let mut said = 0;
    let mut say = |indexing: search::Indexing| {
        if indexing.rows >= said + SAID_EACH {
            said = indexing.rows;
            tracing::info!("{indexing}");
        }
    };
    index(served, &head, &mut say).await
}

/// Bring the search index up to the head of what is published.
/// # Errors
/// When the database or the disk fails; the next call goes on from there.
pub async fn index(served: &Served, head: &Head, progress: search::Progress<'_>) -> anyhow::Result<()> {
    Ok(served.directory.search.catch_up(&served.app.db, head, served.app.clock.now(), progress).await?)
}

/// Compare the shelf and the search index with their hashes, and build anew what is damaged.
/// # Errors
/// When the disk fails.
pub async fn verify(served: &Served) -> anyhow::Result<usize> {
    let search = served.directory.search.clone();
    if let Err(error) = tokio::task::spawn_blocking(move || search.verify()).await? {
        tracing::error!(error = %error, "the search index is damaged and is built anew");
        served.directory.search.reset()?;
        follow(served).await?;
    }
    let shelf = served.directory.shelf.clone();
    match tokio::task::spawn_blocking(move || shelf.verify()).await? {
        Ok(checked) => Ok(checked),
        Err(error) => {
            tracing::error!(error = %error, "the published bytes are damaged and are built anew");
            served.directory.shelf.reset()?;
            follow(served).await?;
            Ok(0)
        }
    }
}

/// Forget clients that have gone, keep the list of scrubs beside the database, take new tables of
/// everyday words.
/// # Errors
/// When the database or the disk fails.
pub async fn tidy(served: &Served) -> anyhow::Result<()> {
    served.guard.tidy();
    served.directory.search.use_words(search::load(&served.app.db, &served.app.clock).await?.read()?);
    safekeeping::keep_scrubs(&served.app.records, &served.app.config.data_dir).await?;
    Ok(())
}

/// Publish events again that have become different because time has passed: the last date is over.
/// Gives how many there were; publishes nothing when there are none.
/// # Errors
/// When the database fails.
pub async fn events(app: &App) -> anyhow::Result<usize> {
    Ok(app.records.refresh_events().await?)
}

/// Run the jobs until `stop`.
pub async fn run(served: Served, stop: CancellationToken) {
    let mut commits = served.app.db.commits();
    let mut tidied = tokio::time::Instant::now();
    let mut looked: Option<tokio::time::Instant> = None;
    let mut verified = false;
    let mut failures = 0_u32;
    while !stop.is_cancelled() {
        match follow(&served).await {
            Ok(()) => failures = 0,
            Err(error) => {
                failures = failures.saturating_add(1);
                // Said once, not four times a second.
                if failures.is_power_of_two() {
                    tracing::warn!(error = format!("{error:#}"), failures, "cannot follow what is published; trying again");
                }
            }
        }
        if !verified && served.is_ready() {
            verified = true;
            let served = served.clone();
            tokio::spawn(async move {
                if let Err(error) = verify(&served).await {
                    tracing::error!(error = format!("{error:#}"), "cannot check the published bytes");
                }
            });
        }
        if tidied.elapsed() >= TIDY {
            tidied = tokio::time::Instant::now();
            if let Err(error) = tidy(&served).await {
                tracing::warn!(error = format!("{error:#}"), "cannot tidy up");
            }
        }
        if served.is_ready() && looked.is_none_or(|looked| looked.elapsed() >= EVENTS) {
            looked = Some(tokio::time::Instant::now());
            match events(&served.app).await {
                Ok(0) => {}
                Ok(events) => tracing::info!(events, "published again, because time has passed"),
                Err(error) => tracing::warn!(error = format!("{error:#}"), "cannot look for events that are over"),
            }
        }
        tokio::select! {
            () = stop.cancelled() => {}
            _ = commits.changed() => {}
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}
