//! Commands about the directory as a whole.

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::Context as _;
use clap::ValueEnum;
use serde_json::{Value, json};

use super::{checker, progress, say};
use crate::{
    app::{self, App},
    clock::Clock,
    config::{self, Config},
    db::Durability,
    federation, jobs,
    model::{Kind, shape},
    published::shelf::Shelf,
    safekeeping,
    safekeeping::doctor::Verdict,
    search::{self, Search, Words},
    self_help,
};

/// A job that can be run by hand.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Job {
    /// Bring the file of published bytes and the search index up to date.
    Follow,
    /// Keep the list of what was scrubbed beside the database.
    KeepScrubs,
    /// Publish events again whose last date has passed. The server does so every quarter of an hour.
    Events,
    /// Open again what was closed until a day that has come. The server does so every quarter of an hour.
    Reopen,
    /// Mark listings that nobody has checked for long, and queue the reminders that are due. The server does
    /// so every quarter of an hour.
    Freshness,
    /// Forget about people what is older than the settings say (keep_…_days). The server does so every day.
    Retention,
    /// Send the letters that are due. The server does so within a second.
    Mail,
}

pub(super) async fn run_job(app: App, job: Job) -> anyhow::Result<bool> {
    match job {
        Job::Follow => {
            let head = app.head().await?;
            Shelf::open(&app.config.data_dir, &head)?.catch_up(&app.db, &head).await?;
            Search::open(&app.config.data_dir, Words::default())?.catch_up(&app.db, &head, app.clock.now(), &mut |_| {}).await?;
        }
        Job::KeepScrubs => safekeeping::keep_scrubs(&app.records, &app.config.data_dir).await?,
        Job::Events => {
            let events = jobs::events(&app).await?;
            say!("{events} events published again, because time has passed")?;
        }
        Job::Reopen => {
            let here = app::public_url(&app.config, app.config.listen);
            let services = jobs::reopen(&app, &here).await?;
            say!("{services} services are open again")?;
        }
        Job::Freshness => {
            let here = app::public_url(&app.config, app.config.listen);
            let (marked, reminded) = jobs::freshness(&app, &here).await?;
            say!(
                "{marked} listings published again; {} reminders about {} listings queued",
                reminded.letters,
                reminded.listings
            )?;
        }
        Job::Retention => {
            let here = app::public_url(&app.config, app.config.listen);
            let aged = jobs::retention(&app, &here).await?;
            say!(
                "forgotten: {} lines of the audit trail, {} letters, {} changes, {} claims, {} appeals, {} reports, {} addresses of reporters",
                aged.audit,
                aged.letters,
                aged.proposals,
                aged.claims,
                aged.appeals,
                aged.reports,
                aged.reporters
            )?;
        }
        Job::Mail => {
            let sent = app.mailer().send_due().await?;
            say!(
                "{} letters sent, {} bounced, {} tried again later, {} given up",
                sent.sent,
                sent.bounced,
                sent.later,
                sent.given_up
            )?;
            if let Some(trouble) = sent.trouble {
                anyhow::bail!(trouble);
            }
        }
    }
    Ok(true)
}

pub(super) async fn reindex(app: App) -> anyhow::Result<bool> {
    let head = app.head().await?;
    let shelf = Shelf::open(&app.config.data_dir, &head).context("the running server builds its files by itself")?;
    shelf.reset()?;
    let bar = progress(None, "records");
    shelf.catch_up(&app.db, &head).await?;
    bar.finish_and_clear();
    let (entries, bytes) = shelf.size();
    say!("{entries} published documents, {bytes} bytes")?;
    // Nobody else writes the index while the shelf is ours.
    Search::discard(&app.config.data_dir)?;
    let index = Search::open(&app.config.data_dir, Words::default())?;
    let bar = progress(Some(0), "documents");
    let show = &mut |indexing: search::Indexing| {
        bar.set_length(indexing.of);
        bar.set_position(indexing.rows);
    };
    index.catch_up(&app.db, &head, app.clock.now(), show).await?;
    bar.finish_and_clear();
    let (documents, bytes) = index.size();
    say!("{documents} documents in the search index, {bytes} bytes")?;
    Ok(true)
}

pub(super) async fn backup(app: App, file: &Path) -> anyhow::Result<bool> {
    let lines = safekeeping::backup(&app.records, file).await?;
    say!("saved {lines} records, versions and published documents to {}", file.display())?;
    say!(
        "it holds private records: keep it where only you can read it. Keep {} too.",
        app.config.data_dir.join("keys").display()
    )?;
    Ok(true)
}

pub(super) async fn restore(app: App, file: &Path) -> anyhow::Result<bool> {
    let records = safekeeping::restore(&app.records, file, &app.config.data_dir).await?;
    // What neighbours told since is not in the backup: it is asked for again.
    app.harvester().start_over().await?;
    super::exchange::after_changes(&app).await?;
    say!("{records} records are back, in a new epoch; a running server follows by itself")?;
    Ok(true)
}

pub(super) async fn doctor(config: Config, as_json: bool, thorough: bool) -> anyhow::Result<bool> {
    let clock = Clock::System;
    let app = App::open(config, clock.clone(), Durability::Full).await.context(
        "the doctor cannot begin: check the settings with `fingerpost config`, that the data folder belongs to you, and that the database runs",
    )?;
    let head = app.head().await?;
    let mut findings = safekeeping::doctor::examine(&app.config, &app.db, &head, clock.now(), thorough).await;
    findings.push(checker::looked_at(&app).await?);
    if as_json {
        say!("{}", serde_json::to_string(&json!({"findings": findings}))?)?;
    } else {
        for finding in &findings {
            let sign = match finding.verdict {
                Verdict::Good => "good   ",
                Verdict::Careful => "careful",
                Verdict::Bad => "bad    ",
            };
            say!("{sign}  {:<16} {}", finding.what, finding.found)?;
            if let Some(advice) = finding.advice {
                say!("{:>27}{advice}", "what to do: ")?;
            }
        }
    }
    Ok(findings.iter().all(|finding| finding.verdict != Verdict::Bad))
}

pub(super) fn show_config(config: &Config, as_json: bool) -> anyhow::Result<bool> {
    let shown = config.shown();
    if as_json {
        say!("{}", serde_json::to_string(&shown)?)?;
    } else {
        for (name, value) in shown {
            say!("{name} = {}", Value::from(value))?;
        }
    }
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

pub(super) fn schema(out: &Path, check: bool) -> anyhow::Result<bool> {
    let mut same = true;
    for (name, schema) in schemas() {
        let file = out.join(&name);
        let text = format!("{}\n", serde_json::to_string_pretty(&schema)?);
        let fresh = fs::read_to_string(&file).is_ok_and(|there| there == text);
        if check {
            if !fresh {
                say!("{} is not what `fingerpost schema` writes", file.display())?;
            }
            same &= fresh;
        } else if !fresh {
            if let Some(folder) = file.parent() {
                fs::create_dir_all(folder)?;
            }
            fs::write(&file, text).with_context(|| format!("cannot write {}", file.display()))?;
            say!("wrote {}", file.display())?;
        }
    }
    Ok(same)
}
