//! When each job runs: a table, and a task for each of its lines, so that no job waits for another.

use std::{pin::Pin, time::Duration};

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::{Aged, following, neighbours, post};
use crate::app::Served;

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_mins(1);
const QUARTER: Duration = Duration::from_mins(15);
const DAY: Duration = Duration::from_hours(24);

/// A line of the table.
struct Job {
    /// What it does, as it follows "cannot".
    name: &'static str,
    /// How long it rests between two runs.
    every: Duration,
    /// Whether it waits until everything that was published before the start can be read.
    when_ready: bool,
    run: fn(Served) -> Running,
}

type Running = Pin<Box<dyn Future<Output = anyhow::Result<()>> + Send>>;

/// From what has to happen soonest to what has time.
const JOBS: &[Job] = &[
    at_once("remove deleted content from the side files of the database", SECOND, |served| {
        Box::pin(async move { super::sweep(&served).await })
    }),
    at_once("delete a snapshot that holds what has been withheld since", SECOND, |served| {
        Box::pin(async move { served.outlet.forget_urgent().await })
    }),
    at_once("read the keys", SECOND, |served| Box::pin(async move { super::keys(&served.app) })),
    at_once("save the list of what was removed for good", MINUTE, |served| Box::pin(async move { super::scrubs(&served).await })),
    at_once("read the tables of everyday words", MINUTE, |served| Box::pin(async move { super::words(&served).await })),
    at_once("store who follows this directory", MINUTE, |served| {
        Box::pin(async move { Ok(served.outlet.keep_followers().await?) })
    }),
    at_once("make a new snapshot", MINUTE, |served| Box::pin(async move { super::snapshot(&served).await })),
    at_once("store how often listings were viewed", MINUTE, |served| {
        Box::pin(async move { super::views(&served).await.map(drop) })
    }),
    at_once("delete pictures that are no longer used", MINUTE, |served| {
        Box::pin(async move { Ok(served.app.records.tidy_pictures().await.map(drop)?) })
    }),
    at_once("forget clients that have gone, and single measurements", MINUTE, |served| {
        Box::pin(async move {
            served.guard.tidy();
            served.tidy_metrics();
            Ok(())
        })
    }),
    when_ready("look for events that have ended", QUARTER, |served| {
        Box::pin(async move {
            let events = super::events(&served.app).await?;
            if events > 0 {
                tracing::info!(events, "events republished because a date has passed");
            }
            Ok(())
        })
    }),
    when_ready("look for services to reopen", QUARTER, |served| {
        Box::pin(async move {
            let services = super::reopen(&served.app, &served.directory.public_url).await?;
            if services > 0 {
                tracing::info!(services, "services reopened on the planned date");
            }
            Ok(())
        })
    }),
    when_ready("look for listings to be checked", QUARTER, |served| {
        Box::pin(async move {
            let (marked, reminded) = super::freshness(&served.app, &served.directory.public_url).await?;
            if marked > 0 || reminded.letters > 0 {
                tracing::info!(marked, letters = reminded.letters, "listings not checked for a long time");
            }
            Ok(())
        })
    }),
    when_ready("send emails about reports", QUARTER, |served| {
        Box::pin(async move { super::reports(&served.app, &served.directory.public_url).await.map(drop) })
    }),
    when_ready("update records that have not been confirmed", QUARTER, |served| {
        Box::pin(async move {
            let sources = super::staleness(&served.app).await?;
            if sources > 0 {
                tracing::info!(sources, "records republished because their confirmation changed");
            }
            Ok(())
        })
    }),
    when_ready("delete old personal data", DAY, |served| {
        Box::pin(async move {
            let aged = super::retention(&served.app, &served.directory.public_url).await?;
            if aged != Aged::default() {
                tracing::info!(?aged, "old personal data deleted");
            }
            Ok(())
        })
    }),
];

const fn at_once(name: &'static str, every: Duration, run: fn(Served) -> Running) -> Job {
    Job { name, every, when_ready: false, run }
}

const fn when_ready(name: &'static str, every: Duration, run: fn(Served) -> Running) -> Job {
    Job { name, every, when_ready: true, run }
}

impl Job {
    async fn keep_running(&self, served: Served, stop: CancellationToken) {
        let mut failures = 0_u32;
        while !stop.is_cancelled() {
            let rest = if self.when_ready && !served.is_ready() {
                SECOND
            } else if let Err(error) = (self.run)(served.clone()).await {
                failures = failures.saturating_add(1);
                // What goes wrong every second is not said every second.
                if failures.is_power_of_two() {
                    tracing::warn!(error = format!("{error:#}"), failures, "cannot {}; trying again", self.name);
                }
                self.every.min(MINUTE)
            } else {
                failures = 0;
                self.every
            };
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(rest) => {}
            }
        }
    }
}

/// Do now what the server does every minute or more often. One that fails keeps no other from being done.
/// # Errors
/// What went wrong first.
pub async fn tidy(served: &Served) -> anyhow::Result<()> {
    let mut outcome = Ok(());
    for job in JOBS.iter().filter(|job| job.every <= MINUTE) {
        outcome = outcome.and((job.run)(served.clone()).await);
    }
    outcome
}

/// Run the jobs until `stop`.
pub async fn run(served: Served, stop: CancellationToken) {
    let mut tasks = JoinSet::new();
    tasks.spawn(following::keep_following(served.clone(), stop.clone()));
    tasks.spawn(following::verify_once(served.clone(), stop.clone()));
    // A pull that was cut short goes on from its last page at the next start.
    tasks.spawn(neighbours::pull(served.app.clone(), stop.clone()));
    tasks.spawn(neighbours::tell_of_news(served.app.clone(), stop.clone()));
    tasks.spawn(post::post(served.app.clone(), stop.clone()));
    for job in JOBS {
        tasks.spawn(job.keep_running(served.clone(), stop.clone()));
    }
    while let Some(ended) = tasks.join_next().await {
        if let Err(error) = ended {
            tracing::error!(error = %error, "a background job has crashed; restart the server");
        }
    }
    let (swept, kept) = (super::sweep(&served).await, super::views(&served).await);
    for error in [swept.err(), kept.err()].into_iter().flatten() {
        tracing::warn!(error = format!("{error:#}"), "not everything could be finished before stopping");
    }
}
