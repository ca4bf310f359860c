//! Commands about the directory as a whole.

use std::{collections::BTreeMap, fs, io, path::Path, time::Duration};

use anyhow::Context as _;
use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use super::{Answer, at_work, beginnings, checker, progress, say};
use crate::{
    app::{self, App},
    clock::Clock,
    config::{self, Config},
    db::{self, Durability},
    federation, jobs,
    model::{Kind, shape},
    pages::Brand,
    published::shelf::Shelf,
    quality::Reminded,
    safekeeping,
    safekeeping::doctor::{Finding, Verdict},
    search::{self, Search},
    self_help,
};

/// A job that can be run by hand.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Job {
    /// Bring the published bytes and the search index up to date.
    Follow,
    /// Write the list of scrubbed details to a file beside the database.
    KeepScrubs,
    /// Republish events whose last date has passed. The server does this every 15 minutes.
    Events,
    /// Reopen services whose temporary closure has ended. The server does this every 15 minutes.
    Reopen,
    /// Mark listings that have not been checked for a long time, and queue the reminders that are due. The server
    /// does this every 15 minutes.
    Freshness,
    /// Send the emails about reports that had to wait for an earlier one. The server does this every 15 minutes.
    Reports,
    /// Mark the records of directories that have not answered for long. The server does this every 15 minutes.
    Staleness,
    /// Delete personal data older than the keep_…_days settings allow. The server does this every day.
    Retention,
    /// Send the emails that are due. The server does this within a second.
    Mail,
}

pub(super) async fn run_job(app: App, job: Job, answer: Answer) -> anyhow::Result<bool> {
    let here = app::public_url(&app.config, app.config.listen);
    let mut trouble = None;
    let (did, words) = match job {
        Job::Follow => {
            Shelf::open(&app.config.data_dir, &app.head().await?)?.catch_up(&app.db, &app.clock).await?;
            let index = Search::open(&app.config.data_dir, app.words().await?)?.looking_ahead(app.config.event_days);
            index.catch_up(&app.db, &app.clock, &mut |_| {}).await?;
            (json!({"up_to_date": true}), "the published bytes and the search index are up to date".to_owned())
        }
        Job::KeepScrubs => {
            safekeeping::keep_scrubs(&app.records, &app.config.data_dir).await?;
            (json!({"written": true}), "the list of scrubbed details is written".to_owned())
        }
        Job::Events => {
            let events = jobs::events(&app).await?;
            (json!({"republished": events}), format!("{events} events republished, because a date has passed"))
        }
        Job::Reopen => {
            let services = jobs::reopen(&app, &here).await?;
            (json!({"reopened": services}), format!("{services} services reopened"))
        }
        Job::Freshness => {
            let (marked, reminded) = jobs::freshness(&app, &here).await?;
            let Reminded { letters, listings } = reminded;
            let words = format!("{marked} listings republished; {letters} reminders about {listings} listings queued");
            (json!({"republished": marked, "reminders": reminded}), words)
        }
        Job::Reports => {
            let listings = jobs::reports(&app, &here).await?;
            (json!({"listings": listings}), format!("emails about reports of {listings} listings queued"))
        }
        Job::Staleness => {
            let sources = jobs::staleness(&app).await?;
            let words = format!("records of {sources} directories republished, because their confirmation changed");
            (json!({"directories": sources}), words)
        }
        Job::Retention => {
            let aged = jobs::retention(&app, &here).await?;
            (json!({"deleted": aged}), forgotten(&aged))
        }
        Job::Mail => {
            let sent = app.mailer().send_due().await?;
            let words = format!(
                "{} emails sent, {} bounced, {} to be tried again, {} given up",
                sent.sent, sent.bounced, sent.later, sent.given_up
            );
            let did = json!(sent);
            trouble = sent.trouble;
            (did, words)
        }
    };
    answer.give(&did, || say!("{words}"))?;
    trouble.map_or(Ok(true), |trouble| Err(anyhow::anyhow!(trouble)))
}

/// What was deleted because it is old.
fn forgotten(aged: &jobs::Aged) -> String {
    format!(
        "deleted: {} lines of the audit trail, {} emails, {} drafts, {} changes, {} claims, {} appeals, {} call backs, {} reports, {} addresses of people who reported something",
        aged.audit,
        aged.letters,
        aged.drafts,
        aged.proposals,
        aged.claims,
        aged.appeals,
        aged.calls,
        aged.reports,
        aged.reporters
    )
}

pub(super) async fn reindex(app: App, answer: Answer) -> anyhow::Result<bool> {
    let head = app.head().await?;
    let shelf = Shelf::open(&app.config.data_dir, &head)
        .context("the running server rebuilds its files itself; stop it first if you must do it by hand")?;
    let bar = at_work();
    shelf.rebuild(&app.db, &app.clock).await?;
    bar.finish_and_clear();
    let (published, published_bytes) = shelf.size();
    answer.so_far(|| say!("{published} published documents, {published_bytes} bytes"))?;
    // Nobody else writes the index while the shelf is ours.
    Search::discard(&app.config.data_dir)?;
    let index = Search::open(&app.config.data_dir, app.words().await?)?.looking_ahead(app.config.event_days);
    let bar = progress(Some(0), "documents");
    let show = &mut |indexing: search::Indexing| {
        bar.set_length(indexing.of);
        bar.set_position(indexing.rows);
    };
    index.catch_up(&app.db, &app.clock, show).await?;
    bar.finish_and_clear();
    let (documents, bytes) = index.size();
    let document = json!({
        "published": {"documents": published, "bytes": published_bytes},
        "index": {"documents": documents, "bytes": bytes},
    });
    answer.give(&document, || say!("{documents} documents in the search index, {bytes} bytes"))?;
    Ok(true)
}

pub(super) async fn backup(app: App, file: &Path, answer: Answer) -> anyhow::Result<bool> {
    let bar = at_work();
    let lines = safekeeping::backup(&app.records, file).await;
    bar.finish_and_clear();
    let lines = lines?;
    let keys = app.config.data_dir.join("keys");
    let document = json!({"file": file.display().to_string(), "saved": lines, "keys": keys.display().to_string()});
    answer.give(&document, || {
        say!("saved {lines} records, versions and published documents to {}", file.display())?;
        say!("it contains private records: keep it where only you can read it. Back up {} as well.", keys.display())
    })?;
    Ok(true)
}

pub(super) async fn restore(app: App, file: &Path, answer: Answer) -> anyhow::Result<bool> {
    let bar = at_work();
    let records = safekeeping::restore(&app.records, file, &app.config.data_dir).await;
    bar.finish_and_clear();
    let records = records?;
    // They tell of another epoch: nobody can use them any more, and what is in them may have been taken out for good.
    let discarded = super::exchange::discard_derived(&app);
    // What neighbours told since is not in the backup: it is asked for again, also where a file cannot be removed.
    app.harvester().start_over().await?;
    discarded?;
    super::exchange::after_changes(&app).await?;
    let epoch = app.head().await?.epoch;
    answer.give(&json!({"restored": records, "epoch": epoch}), || {
        say!("{records} records restored, in a new epoch; a running server picks them up automatically")
    })?;
    Ok(true)
}

/// So long the doctor waits for a database.
const WAITS: Duration = Duration::from_secs(5);

/// What is looked at, and how closely.
#[derive(Debug, Args)]
pub(super) struct Doctor {
    /// Skip reading the whole database: for checks that run every minute.
    #[arg(long)]
    quick: bool,
    /// Count it as a problem when no server answers at the configured address: for checks of its health.
    #[arg(long)]
    server: bool,
    #[command(flatten)]
    answer: Answer,
}

impl Doctor {
    pub(super) async fn run(self, config: &Config) -> anyhow::Result<bool> {
        // A logo that cannot be used keeps the server from starting.
        Brand::open(config)?;
        let mut findings = self.examine(config).await?;
        findings.push(safekeeping::doctor::server(config.listen, self.server).await);
        self.answer.give(&json!({"findings": findings}), || findings.iter().try_for_each(tell))?;
        Ok(findings.iter().all(|finding| finding.verdict != Verdict::Bad))
    }

    /// What can be seen without asking the server: of a database that cannot be reached, only that.
    async fn examine(&self, config: &Config) -> anyhow::Result<Vec<Finding>> {
        let clock = Clock::System;
        let opened = match db::reach(&config.database_url, WAITS).await {
            Ok(()) => App::open(config.clone(), clock.clone(), Durability::Full).await,
            Err(error) => Err(error.into()),
        };
        match opened {
            Ok(app) => {
                let head = app.head().await?;
                let bar = at_work();
                let mut findings = safekeeping::doctor::examine(&app.config, &app.db, &head, clock.now(), !self.quick).await;
                bar.finish_and_clear();
                findings.extend(beginnings::looked_at(&app).await?);
                findings.push(checker::looked_at(&app).await?);
                Ok(findings)
            }
            Err(error) if error.is::<db::Error>() => {
                let is_damaged = super::is_of_damage(&error);
                Ok(safekeeping::doctor::examine_without_database(config, super::chain(&error), is_damaged, clock.now()))
            }
            Err(error) => {
                let advice = "doctor cannot start: check the settings with `fingerpost config`, and that you own the data folder";
                Err(error.context(advice))
            }
        }
    }
}

fn tell(finding: &Finding) -> io::Result<()> {
    let sign = match finding.verdict {
        Verdict::Good => "good   ",
        Verdict::Careful => "careful",
        Verdict::Bad => "bad    ",
    };
    say!("{sign}  {:<16} {}", finding.what, finding.found)?;
    match finding.advice {
        Some(advice) => say!("{:>27}{advice}", "what to do: "),
        None => Ok(()),
    }
}

pub(super) fn show_config(config: &Config, answer: Answer) -> anyhow::Result<bool> {
    let shown = config.shown();
    answer.give(&shown, || shown.iter().try_for_each(|(name, value)| say!("{name} = {}", Value::from(value.as_str()))))?;
    Ok(true)
}

/// Every generated file by its path below `schema/`.
fn schemas() -> BTreeMap<String, Value> {
    let definitions = shape::definitions("#/$defs");
    let mut files = BTreeMap::new();
    for kind in Kind::PUBLISHED {
        let title = shape::title(kind);
        let Some(Value::Object(mut schema)) = definitions.get(title).cloned() else { continue };
        schema.insert("$schema".to_owned(), "https://json-schema.org/draft/2020-12/schema".into());
        schema.insert("title".to_owned(), title.into());
        schema.insert("$defs".to_owned(), Value::Object(definitions.clone()));
        files.insert(format!("records/{}.json", kind.as_str()), rooted(Value::Object(schema)));
    }
    files.insert("config.json".to_owned(), config::schema());
    files.insert("openapi.json".to_owned(), app::openapi());
    for (name, schema) in self_help::schemas() {
        files.insert(format!("self-help/{name}.json"), rooted(schema));
    }
    for (name, schema) in federation::schemas() {
        files.insert(format!("federation/{name}.json"), rooted(schema));
    }
    files
}

/// schemars names definitions by the path that it was given, below the root of the document.
fn rooted(mut value: Value) -> Value {
    fn mend(value: &mut Value) {
        match value {
            Value::Object(members) => {
                for (name, member) in members.iter_mut() {
                    match member {
                        Value::String(reference) if name == "$ref" => {
                            let title = reference.rsplit('/').next().unwrap_or_default().to_owned();
                            *reference = format!("#/$defs/{title}");
                        }
                        other => mend(other),
                    }
                }
            }
            Value::Array(items) => items.iter_mut().for_each(mend),
            _ => {}
        }
    }
    mend(&mut value);
    value
}

pub(super) fn schema(out: &Path, check: bool, answer: Answer) -> anyhow::Result<bool> {
    anyhow::ensure!(!check || out.is_dir(), "there is no folder {}: name the folder of schemas with --out", out.display());
    let mut stale = Vec::new();
    for (name, schema) in schemas() {
        let file = out.join(&name);
        let text = format!("{}\n", serde_json::to_string_pretty(&schema)?);
        if fs::read_to_string(&file).is_ok_and(|there| there == text) {
            continue;
        }
        if !check {
            if let Some(folder) = file.parent() {
                fs::create_dir_all(folder)?;
            }
            fs::write(&file, text).with_context(|| format!("cannot write {}", file.display()))?;
        }
        stale.push(file.display().to_string());
    }
    if check {
        let differs = |file: &String| say!("{file} differs from what `fingerpost schema` writes");
        answer.give(&json!({"differing": stale}), || stale.iter().try_for_each(differs))?;
        return Ok(stale.is_empty());
    }
    answer.give(&json!({"written": stale}), || stale.iter().try_for_each(|file| say!("wrote {file}")))?;
    Ok(true)
}
