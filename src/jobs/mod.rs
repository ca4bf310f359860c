//! What happens without being asked: following what is published, and tidying up. Each job is
//! idempotent and can be called from the schedule, the command line and tests.

mod following;
mod neighbours;
mod post;
mod schedule;

use std::{
    collections::{HashMap, hash_map::Entry},
    time::Duration,
};

use anyhow::ensure;
use serde::Serialize;
use url::Url;
use uuid::Uuid;

use crate::{
    app::{App, Served},
    federation::snapshot::Snapshot,
    pages,
    quality::{self, Reminded},
    safekeeping,
    views::{EVERYTHING, Key},
};
pub use following::{follow, index, verify};
pub use neighbours::{pull, tell_of_news};
pub use post::post;
pub use schedule::{run, tidy};

/// So long one call of [`sweep`] waits for those that read.
const PATIENCE: Duration = Duration::from_secs(1);

/// Remove what was destroyed from the side files of the database.
/// # Errors
/// When the database refuses, or somebody reads an earlier state of it for longer than a second; the next call
/// tries again.
pub async fn sweep(served: &Served) -> anyhow::Result<()> {
    ensure!(served.app.db.sweep_due(PATIENCE).await?, "another process is still reading what was deleted");
    Ok(())
}

/// Read the tables of everyday words again.
/// # Errors
/// When the database fails, or the tables are damaged.
pub async fn words(served: &Served) -> anyhow::Result<()> {
    served.directory.search.use_words(served.app.words().await?);
    Ok(())
}

/// Keep the list of what was taken out for good beside the database.
/// # Errors
/// When the database or the disk fails, or the list is damaged.
pub async fn scrubs(served: &Served) -> anyhow::Result<()> {
    Ok(safekeeping::keep_scrubs(&served.app.records, &served.app.config.data_dir).await?)
}

/// What was forgotten because it is old.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Aged {
    /// Lines of the audit trail.
    pub audit: u64,
    /// Letters.
    pub letters: u64,
    /// Drafts that nobody went on with.
    pub drafts: u64,
    /// Changes that were decided.
    pub proposals: u64,
    /// Claims that were decided.
    pub claims: u64,
    /// Appeals that were decided.
    pub appeals: u64,
    /// Call backs about protected listings, one for each record.
    pub calls: u64,
    /// Reports that were settled.
    pub reports: u64,
    /// Addresses of people who reported something.
    pub reporters: u64,
}

/// Forget about people what is older than the settings say, and secrets that have expired. Doing it twice
/// is doing it once.
/// # Errors
/// When the database fails.
pub async fn retention(app: &App, public_url: &Url) -> anyhow::Result<Aged> {
    let days = |days: u16| chrono::Duration::days(days.into());
    let keep = app.config.retention;
    let (identity, quality) = (app.identity(), app.quality(public_url));
    let tx = app.db.write().await?;
    identity.tidy_links(&tx).await?;
    identity.tidy_sessions(&tx).await?;
    let audit = identity.tidy_audit(&tx, days(keep.sign_ins), days(keep.audit)).await?;
    let claims = identity.tidy_claims(&tx, days(keep.claims)).await?;
    let long_ago = app.clock.now() - days(keep.proposals);
    let proposals = app.records.tidy_proposals(&tx, long_ago).await?;
    let drafts = app.editing(public_url).tidy_drafts(&tx, app.clock.now() - days(keep.drafts)).await?;
    app.records.tidy_threads(&tx).await?;
    let appeals = app.editing(public_url).tidy_appeals(&tx, long_ago).await?;
    let calls = app.editing(public_url).tidy_calls(&tx, app.clock.now() - days(keep.audit)).await?;
    tx.commit().await?;
    Ok(Aged {
        audit,
        claims,
        drafts,
        proposals,
        appeals,
        calls,
        letters: app.mailer().tidy(days(keep.letters)).await?,
        reports: quality.tidy_reports(days(keep.reports)).await?,
        reporters: quality.forget_reporters(days(keep.reporters)).await?,
    })
}

/// Publish events again that have become different because time has passed: the last date is over.
/// Gives how many there were; publishes nothing when there are none.
/// # Errors
/// When the database fails.
pub async fn events(app: &App) -> anyhow::Result<usize> {
    Ok(app.records.refresh_events().await?)
}

/// Open again what was closed until a day that has come. Gives how many services there were.
/// # Errors
/// When the database fails.
pub async fn reopen(app: &App, public_url: &Url) -> anyhow::Result<usize> {
    Ok(app.editing(public_url).reopen().await?)
}

/// Publish again what was not checked for too long, and queue the reminders that are due. Gives how
/// many listings were published again, and what was queued.
/// # Errors
/// When the database fails.
pub async fn freshness(app: &App, public_url: &Url) -> anyhow::Result<(usize, Reminded)> {
    let marked = app.records.refresh_freshness().await?;
    let quality = app.quality(public_url);
    let owned = quality::owned(&app.records, &app.identity()).await?;
    let reminded = quality.remind(&owned).await?;
    quality.tidy().await?;
    Ok((marked, reminded))
}

/// Tell of reports that came while there had just been letters about the same listing. Gives how many listings that
/// concerned.
/// # Errors
/// When the database fails.
pub async fn reports(app: &App, public_url: &Url) -> anyhow::Result<usize> {
    Ok(app.quality(public_url).tell_of_reports(&app.identity()).await?)
}

/// Keep how often listings were looked at. What is looked for in danger or in private is counted for the
/// whole directory only. Gives how many numbers there were.
/// # Errors
/// When the database or the disk fails; what was counted is kept the next time.
pub async fn views(served: &Served) -> anyhow::Result<usize> {
    let taken = served.views.take();
    let kept = keep_views(served, &taken).await;
    if kept.is_err() {
        served.views.put_back(&taken);
    }
    kept
}

async fn keep_views(served: &Served, taken: &HashMap<Key, u32>) -> anyhow::Result<usize> {
    let editing = served.app.editing(&served.directory.public_url);
    let mut quiet: HashMap<Uuid, bool> = HashMap::from([(EVERYTHING, false)]);
    let mut counts: HashMap<Key, u32> = HashMap::new();
    for (key, number) in taken {
        let is_quiet = match quiet.entry(key.record) {
            Entry::Occupied(known) => *known.get(),
            Entry::Vacant(unknown) => {
                let by_its_page = pages::keeps_quiet(&served.directory, key.record);
                let by_its_page = by_its_page.map_err(|problem| anyhow::anyhow!(problem.detail))?;
                *unknown.insert(by_its_page || editing.protects(key.record).await?)
            }
        };
        let record = if is_quiet { EVERYTHING } else { key.record };
        *counts.entry(Key { record, ..*key }).or_default() += number;
    }
    served.views.keep(&counts).await?;
    Ok(counts.len())
}

/// Make a new snapshot when the one that is there is a day old. The first is made when somebody asks.
/// # Errors
/// When the database or the disk fails.
pub async fn snapshot(served: &Served) -> anyhow::Result<()> {
    let old = |latest: &Snapshot| served.app.clock.now() - latest.issued >= chrono::Duration::days(1);
    if served.outlet.latest_snapshot().is_some_and(|latest| old(&latest)) {
        served.outlet.make_snapshot().await?;
    }
    Ok(())
}

/// Take over keys that a command has made beside this process.
/// # Errors
/// When the files of the keys are damaged.
pub fn keys(app: &App) -> anyhow::Result<()> {
    Ok(app.records.signer().look_again()?)
}

/// Mind what nobody has confirmed for long. Gives how many directories that concerned.
/// # Errors
/// When the database fails.
pub async fn staleness(app: &App) -> anyhow::Result<usize> {
    Ok(app.harvester().mind_staleness().await?)
}
