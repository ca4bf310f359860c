//! `fingerpost texts`: what the council writes itself, as files: list, look, save, publish, take away.

use std::{
    collections::BTreeSet,
    io,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, anyhow, bail};
use clap::Subcommand;
use serde_json::{Value, json};

use super::{Answer, input::read_text, say};
use crate::{
    app::App,
    identity::Deed,
    texts::{Slug, Standing, Text, Texts, from_file, starting, to_file},
};

/// Longest file that is read, in bytes.
const LONGEST: u64 = 1 << 20;
/// Who publishes what no person is named for.
const BY: &str = "the command line";

#[derive(Debug, Subcommand)]
pub(super) enum Commands {
    /// List every text: guides, notices and pages about the site, and which of them are public.
    List {
        #[command(flatten)]
        answer: Answer,
    },
    /// Print a text as a file: details between lines of +++, then Markdown. Prints the latest version, or the text
    /// supplied with Fingerpost.
    Show {
        /// The name of the text.
        name: String,
    },
    /// Save files as drafts; the file name without its extension is the name of the text.
    Save {
        /// Markdown files with details between lines of +++, or - for standard input.
        #[arg(value_name = "FILE|-", required = true)]
        files: Vec<PathBuf>,
        /// The name of the text (default: from the file name).
        #[arg(long)]
        name: Option<String>,
        /// Publish them immediately.
        #[arg(long)]
        publish: bool,
        /// Who has reviewed every line: a person's name and job title. Needed with --publish.
        #[arg(long, value_name = "NAME", requires = "publish")]
        reviewed_by: Option<String>,
        #[command(flatten)]
        answer: Answer,
    },
    /// Withdraw a text from the public. Its versions are kept.
    Withdraw {
        /// The name of the text.
        name: String,
        #[command(flatten)]
        answer: Answer,
    },
}

impl Commands {
    pub(super) async fn run(self, app: App) -> anyhow::Result<bool> {
        let texts = Texts::new(app.db.clone(), app.clock.clone(), &app.config.name, false);
        match self {
            Self::List { answer } => list(&texts, answer).await,
            Self::Show { name } => show(&texts, &name).await,
            Self::Save { files, name, publish, reviewed_by, answer } => {
                if publish && reviewed_by.is_none() {
                    bail!("--publish needs --reviewed-by: say who has reviewed every line");
                }
                let standing = if publish { Standing::Published } else { Standing::Draft };
                save(&app, &texts, &files, name.as_deref(), (standing, reviewed_by.as_deref().unwrap_or(BY)), answer).await
            }
            Self::Withdraw { name, answer } => withdraw(&app, &texts, &name, answer).await,
        }
    }
}

async fn list(texts: &Texts, answer: Answer) -> anyhow::Result<bool> {
    texts.changed().await?;
    let shown = texts.shown();
    let mut rows = Vec::new();
    for (slug, text, version) in texts.list().await? {
        let public = shown.get(text.kind, slug.as_str()).is_some();
        rows.push(json!({
            "name": slug, "kind": text.kind, "title": text.title, "public": public, "review_by": text.review_by,
            "until": text.until, "version": version.as_ref().map(|version| version.number),
            "standing": version.as_ref().map(|version| version.standing.as_str()),
            "saved_by": version.as_ref().map(|version| &*version.by),
        }));
    }
    answer.give(&json!({"texts": rows}), || rows.iter().try_for_each(tell))?;
    Ok(true)
}

fn tell(row: &Value) -> io::Result<()> {
    let text = |member: &str| row[member].as_str().unwrap_or_default();
    let standing = if row["version"].is_null() { "supplied with Fingerpost" } else { text("standing") };
    let public = if row["public"] == true { "public" } else { "not public" };
    say!("{:<28} {:<7} {public:<11} {standing:<22} {}", text("name"), text("kind"), text("title"))
}

async fn show(texts: &Texts, name: &str) -> anyhow::Result<bool> {
    let slug: Slug = name.parse().map_err(|expected| anyhow!("{name:?} is not the name of a text: expected {expected}"))?;
    let latest = texts.latest(&slug).await?.map(|version| version.text);
    let own = || starting().find(|(own, _)| *own == slug).map(|(_, text)| text);
    let text =
        latest.or_else(own).with_context(|| format!("there is no text called {slug}; `fingerpost texts list` lists them all"))?;
    say!("{}", to_file(&text).trim_end())?;
    Ok(true)
}

async fn save(
    app: &App,
    texts: &Texts,
    files: &[PathBuf],
    name: Option<&str>,
    (standing, by): (Standing, &str),
    answer: Answer,
) -> anyhow::Result<bool> {
    if name.is_some() && files.len() > 1 {
        bail!("--name can only be used with one file");
    }
    // All of them are read before any is kept.
    let words = app.words().await?;
    let known: BTreeSet<&str> = words.needs().collect();
    let mut read = Vec::new();
    let mut rejected = Vec::new();
    for file in files {
        match one(app, file, name, &known) {
            Ok(text) => read.push(text),
            Err(error) => rejected.push(json!({"file": file.display().to_string(), "reason": super::chain(&error)})),
        }
    }
    if rejected.is_empty() {
        let tx = app.db.write().await?;
        for (slug, text) in &read {
            let base = texts.latest(slug).await?.map_or(0, |version| version.number);
            texts.save(&tx, slug, text.clone(), (base, standing), by).await?;
            let said = if standing == Standing::Published { Deed::PublishText } else { Deed::WriteText };
            app.identity().note(&tx, by, said, slug.as_str(), &text.title, None).await?;
        }
        tx.commit().await?;
    }
    let taken = rejected.is_empty();
    let saved: Vec<&str> = read.iter().filter(|_| taken).map(|(slug, _)| slug.as_str()).collect();
    answer.give(&json!({"saved": saved, "standing": standing.as_str(), "rejected": rejected}), || {
        for refused in &rejected {
            say!("{}: {}", refused["file"].as_str().unwrap_or_default(), refused["reason"].as_str().unwrap_or_default())?;
        }
        if !taken {
            return say!("nothing was saved");
        }
        let became = if standing == Standing::Draft { "saved" } else { "public" };
        say!("{became} as {}: {}", standing.as_str(), saved.join(", "))
    })?;
    Ok(taken)
}

/// A text from a file, fit to be kept.
fn one(app: &App, file: &Path, name: Option<&str>, known: &BTreeSet<&str>) -> anyhow::Result<(Slug, Text)> {
    let body = read_text(file, LONGEST)?;
    let stem = file.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    let name = name.unwrap_or(stem);
    let slug: Slug = name.parse().map_err(|expected| anyhow!("{name:?} cannot be the name of a text: expected {expected}"))?;
    let text = from_file(&body)?;
    if let Some(need) = text.needs.iter().find(|need| !known.contains(need.as_str())) {
        bail!("needs: there is no need called {need}");
    }
    let wrong = text.mistakes(&slug, app.clock.now());
    if !wrong.is_empty() {
        let said: Vec<String> = wrong.iter().map(|wrong| format!("{}: {}", wrong.field, wrong.said)).collect();
        bail!(said.join("; "));
    }
    Ok((slug, text))
}

async fn withdraw(app: &App, texts: &Texts, name: &str, answer: Answer) -> anyhow::Result<bool> {
    let slug: Slug = name.parse().map_err(|expected| anyhow!("{name:?} is not the name of a text: expected {expected}"))?;
    let version = texts.latest(&slug).await?.with_context(|| format!("no text called {slug} has been saved here"))?;
    let tx = app.db.write().await?;
    texts.save(&tx, &slug, version.text.clone(), (version.number, Standing::Withdrawn), BY).await?;
    app.identity().note(&tx, BY, Deed::WithdrawText, slug.as_str(), &version.text.title, None).await?;
    tx.commit().await?;
    texts.changed().await?;
    let supplied_is_shown = texts.shown().get(version.text.kind, slug.as_str()).is_some();
    answer.give(&json!({"withdrawn": slug, "supplied_is_shown": supplied_is_shown}), || {
        let instead = if supplied_is_shown { "; the text supplied with Fingerpost is shown again" } else { "" };
        say!("{slug} is no longer shown{instead}")
    })?;
    Ok(true)
}
