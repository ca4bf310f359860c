//! What happens without being asked: following what is published, and tidying up. Each job is
//! idempotent and can be called from the scheduler, the command line and tests.

use std::{
    collections::{HashMap, hash_map::Entry},
    sync::atomic::Ordering,
    time::Duration,
};

use tokio_util::sync::CancellationToken;
use url::Url;
use uuid::Uuid;

use crate::{
    app::{App, Served},
    federation::{harvest::Harvester, snapshot::Snapshot},
    mail, pages,
    published::{Head, Position, own},
    quality::{self, Reminded},
    safekeeping, search,
    signing::Keyring,
    views::{EVERYTHING, Key},
};

/// How often to look for what other processes have published.
const LOOK: Duration = Duration::from_millis(250);
/// How often to tidy up.
const TIDY: Duration = Duration::from_mins(1);
/// How often at most to tell others that there is something new.
const TELL: Duration = Duration::from_mins(1);
/// How often to look for peers that are due.
const PEERS: Duration = Duration::from_secs(2);
/// So many rows of a rebuild stand in one line of the log.
const SAID_EACH: u64 = 10_000;
/// How often to look for letters that other processes have queued.
const POST: Duration = Duration::from_secs(1);
/// How often to ask which letters came back.
const BOUNCES: Duration = Duration::from_mins(10);
/// How long after a commit to look for letters: an import makes many.
const GATHER: Duration = Duration::from_millis(100);
/// How long at most to leave a mail server in peace that is in trouble.
const LONGEST_PAUSE: Duration = Duration::from_mins(1);
/// How long a letter may take that is under way when the server stops.
const LAST_LETTER: Duration = Duration::from_secs(10);
/// How often to look for events that are over, for what opens again, and for listings that have to be checked.
const EVENTS: Duration = Duration::from_mins(15);
/// How often to forget what is old.
const FORGET: Duration = Duration::from_hours(24);

/// Bring the shelf and the search index up to the head of what is published.
/// # Errors
/// When the database or the disk fails; the next call goes on from there.
pub async fn follow(served: &Served) -> anyhow::Result<()> {
    sign_for_here(served).await?;
    let head = served.app.head().await?;
    served.directory.shelf.catch_up(&served.app.db, &head).await?;
    served.outlet.forget_urgent().await?;
    let mut said = 0;
    let mut say = |indexing: search::Indexing| {
        if indexing.rows >= said + SAID_EACH {
            said = indexing.rows;
            tracing::info!("{indexing}");
        }
    };
    index(served, &head, &mut say).await
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
pub async fn index(served: &Served, head: &Head, progress: search::Progress<'_>) -> anyhow::Result<()> {
    Ok(served.directory.search.catch_up(&served.app.db, head, served.app.clock.now(), progress).await?)
}

/// Compare the shelf and the search index with their hashes, and build anew what is damaged.
/// # Errors
/// When the disk fails.
pub async fn verify(served: &Served) -> anyhow::Result<usize> {
    let search = served.directory.search.clone();
    if let Err(error) = tokio::task::spawn_blocking(move || search.verify()).await? {
        tracing::error!(error = %error, "the search index is damaged and will be rebuilt");
        served.directory.search.reset()?;
        follow(served).await?;
    }
    let shelf = served.directory.shelf.clone();
    match tokio::task::spawn_blocking(move || shelf.verify()).await? {
        Ok(checked) => Ok(checked),
        Err(error) => {
            tracing::error!(error = %error, "the published bytes are damaged and will be rebuilt");
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
    snapshot(served).await?;
    served.directory.search.use_words(search::load(&served.app.db, &served.app.clock).await?.read()?);
    safekeeping::keep_scrubs(&served.app.records, &served.app.config.data_dir).await?;
    views(served).await?;
    served.app.records.tidy_pictures().await?;
    Ok(())
}

/// What was forgotten because it is old.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Aged {
    /// Lines of the audit trail.
    pub audit: u64,
    /// Letters.
    pub letters: u64,
    /// Changes that were decided.
    pub proposals: u64,
    /// Claims that were decided.
    pub claims: u64,
    /// Appeals that were decided.
    pub appeals: u64,
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
    let appeals = app.editing(public_url).tidy_appeals(&tx, long_ago).await?;
    tx.commit().await?;
    Ok(Aged {
        audit,
        claims,
        proposals,
        appeals,
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
    let signer = app.records.signer();
    let ring = Keyring::open(&app.config.data_dir, app.clock.now())?;
    if ring.listed != signer.keyring().listed {
        signer.use_keys(ring);
    }
    Ok(())
}

/// Ask peers that are due, over and over, until `stop`.
pub async fn pull(app: App, stop: CancellationToken) {
    let harvester = app.harvester();
    let mut told = (None, tokio::time::Instant::now());
    let mut running = tokio::task::JoinSet::new();
    while !stop.is_cancelled() {
        if let Err(error) = harvester.pull_due(&mut running).await {
            tracing::warn!(error = %error, "cannot look for peers that are due");
        }
        if let Err(error) = keys(&app) {
            tracing::warn!(error = format!("{error:#}"), "cannot read the keys");
        }
        if let Err(error) = tell_of_news(&app, &harvester, &mut told).await {
            tracing::warn!(error = format!("{error:#}"), "cannot notify followers of changes");
        }
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(PEERS) => {}
        }
    }
}

/// Tell others once a minute at most that there is something new.
async fn tell_of_news(
    app: &App,
    harvester: &Harvester,
    told: &mut (Option<Position>, tokio::time::Instant),
) -> anyhow::Result<()> {
    let head = own::head(&app.db).await?;
    let (before, at) = *told;
    // What was there before the start is no news.
    if before.is_none() || (head > before && at.elapsed() >= TELL) {
        if let (Some(_), Some(head)) = (before, head) {
            drop(harvester.tell_of_news(head.0).await?);
        }
        *told = (head.or(Some(Position::ZERO)), tokio::time::Instant::now());
    }
    Ok(())
}

/// Send letters as they come, until `stop`.
pub async fn post(app: App, stop: CancellationToken) {
    let mailer = app.mailer();
    let mut commits = app.db.commits();
    let mut failures = 0_u32;
    let mut looked: Option<tokio::time::Instant> = None;
    while !stop.is_cancelled() {
        if looked.is_none_or(|looked| looked.elapsed() >= BOUNCES) {
            looked = Some(tokio::time::Instant::now());
            if let Err(error) = mailer.look_for_bounces().await {
                tracing::warn!(error = %error, "cannot record emails that could not be delivered");
            }
        }
        let sending = mailer.send_due();
        let sent = tokio::select! {
            sent = sending => sent,
            // What is being handed over may be handed over.
            () = async { stop.cancelled().await; tokio::time::sleep(LAST_LETTER).await } => break,
        };
        let wait = match sent {
            Ok(mail::Sent { trouble: None, .. }) => {
                failures = 0;
                POST
            }
            Ok(mail::Sent { trouble: Some(trouble), later, .. }) => {
                failures = failures.saturating_add(1);
                if failures.is_power_of_two() {
                    tracing::error!(trouble, waiting = later, failures, "emails cannot be sent; trying again");
                }
                (POST * 2_u32.pow(failures.min(8))).min(LONGEST_PAUSE)
            }
            Err(error) => {
                tracing::warn!(error = %error, "cannot look for emails to send");
                LONGEST_PAUSE
            }
        };
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(wait) => {}
            // A commit of this process may have queued one; but a server in trouble gets its rest.
            _ = commits.changed(), if failures == 0 => tokio::time::sleep(GATHER).await,
        }
    }
}

/// Mind what nobody has confirmed for long. Gives how many directories that concerned.
/// # Errors
/// When the database fails.
pub async fn staleness(app: &App) -> anyhow::Result<usize> {
    Ok(app.harvester().mind_staleness().await?)
}

/// Run the jobs until `stop`.
pub async fn run(served: Served, stop: CancellationToken) {
    let pulls = tokio::spawn(pull(served.app.clone(), stop.clone()));
    let post = tokio::spawn(post(served.app.clone(), stop.clone()));
    let mut commits = served.app.db.commits();
    let mut tidied = tokio::time::Instant::now();
    let mut looked: Option<tokio::time::Instant> = None;
    let mut forgot: Option<tokio::time::Instant> = None;
    let mut verified = false;
    let mut failures = 0_u32;
    while !stop.is_cancelled() {
        match follow(&served).await {
            Ok(()) => failures = 0,
            Err(error) => {
                failures = failures.saturating_add(1);
                // Said once, not four times a second.
                if failures.is_power_of_two() {
                    tracing::warn!(error = format!("{error:#}"), failures, "cannot read newly published records; trying again");
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
                Ok(events) => tracing::info!(events, "events republished because a date has passed"),
                Err(error) => tracing::warn!(error = format!("{error:#}"), "cannot look for events that have ended"),
            }
            match reopen(&served.app, &served.directory.public_url).await {
                Ok(0) => {}
                Ok(services) => tracing::info!(services, "services reopened on the planned date"),
                Err(error) => tracing::warn!(error = format!("{error:#}"), "cannot look for services to reopen"),
            }
            match freshness(&served.app, &served.directory.public_url).await {
                Ok((0, reminded)) if reminded.letters == 0 => {}
                Ok((marked, reminded)) => {
                    tracing::info!(marked, letters = reminded.letters, "listings not checked for a long time");
                }
                Err(error) => tracing::warn!(error = format!("{error:#}"), "cannot look for listings to be checked"),
            }
            match staleness(&served.app).await {
                Ok(0) => {}
                Ok(sources) => tracing::info!(sources, "records republished because their confirmation changed"),
                Err(error) => tracing::warn!(error = format!("{error:#}"), "cannot update records that have not been confirmed"),
            }
        }
        if served.is_ready() && forgot.is_none_or(|forgot| forgot.elapsed() >= FORGET) {
            forgot = Some(tokio::time::Instant::now());
            match retention(&served.app, &served.directory.public_url).await {
                Ok(aged) if aged == Aged::default() => {}
                Ok(aged) => tracing::info!(?aged, "old personal data deleted"),
                Err(error) => tracing::warn!(error = format!("{error:#}"), "cannot delete old personal data"),
            }
        }
        tokio::select! {
            () = stop.cancelled() => {}
            _ = commits.changed() => {}
            () = tokio::time::sleep(LOOK) => {}
        }
    }
    if let Err(error) = views(&served).await {
        tracing::warn!(error = format!("{error:#}"), "cannot store how often listings were viewed");
    }
    // A pull that was cut short goes on from its last page at the next start.
    let _ = pulls.await;
    let _ = post.await;
}
