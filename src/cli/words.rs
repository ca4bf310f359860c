//! `fingerpost words`: the tables of everyday words, taken out to be edited and put back.

use std::{
    fs,
    io::{self, Read as _, Write as _},
    path::PathBuf,
};

use anyhow::Context as _;
use clap::{Subcommand, ValueEnum};
use serde_json::json;

use super::{say, stdout};
use crate::{
    app::App,
    model::{Document, Kind},
    search::{self, SaveError},
};

/// Longest table that is read, in bytes.
const LONGEST: u64 = 4 << 20;
/// Terms that are read at once.
const TERMS: u64 = 500;

#[derive(Debug, Subcommand)]
pub(super) enum Words {
    /// Print a table as CSV.
    Export {
        /// The table to print.
        #[arg(long, value_enum, default_value = "everyday")]
        table: Table,
    },
    /// Replace a table with a CSV file. If any row cannot be used, nothing changes.
    Import {
        /// The CSV file, or - for standard input.
        #[arg(value_name = "FILE|-")]
        file: PathBuf,
        /// Which table it is (default: decided from its heading).
        #[arg(long, value_enum)]
        table: Option<Table>,
        /// Change nothing; only say whether it can be used.
        #[arg(long)]
        dry_run: bool,
        /// Print the result as one JSON document.
        #[arg(long)]
        json: bool,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Table {
    /// phrase,need,notes: what people type, and the needs they mean by it.
    Everyday,
    /// need,words: the words that show a listing helps with a need.
    Needs,
}

impl From<Table> for search::Table {
    fn from(table: Table) -> Self {
        match table {
            Table::Everyday => Self::Everyday,
            Table::Needs => Self::Needs,
        }
    }
}

impl Words {
    pub(super) async fn run(self, app: App) -> anyhow::Result<bool> {
        match self {
            Self::Export { table } => {
                write!(stdout(), "{}", search::load(&app.db, &app.clock).await?.table(table.into()))?;
                Ok(true)
            }
            Self::Import { file, table, dry_run, json } => {
                let body = read(&file)?;
                let table = table.map_or_else(|| by_heading(&body), search::Table::from);
                let outcome = if dry_run {
                    search::load(&app.db, &app.clock).await?.with(table, &body).read().map_err(SaveError::from)
                } else {
                    search::save(&app.db, &app.clock, table, &body, "the command line").await
                };
                let unknown = match &outcome {
                    Ok(words) => unknown_needs(&app, words).await?,
                    Err(_) => Vec::new(),
                };
                report(outcome, &unknown, dry_run, json)
            }
        }
    }
}

/// Needs that phrases stand for and by which nothing can be found: neither a term here has that code, nor are there words
/// for them.
async fn unknown_needs(app: &App, words: &search::Words) -> anyhow::Result<Vec<String>> {
    let mut unknown = words.needs_without_words();
    let mut after = None;
    while !unknown.is_empty() {
        let terms = app.records.by_kind(Kind::TaxonomyTerm, after, TERMS).await?;
        let Some(last) = terms.last() else { break };
        after = Some(last.id);
        for term in &terms {
            if let Document::TaxonomyTerm(term) = term.read()? {
                unknown.remove(term.code.as_deref().unwrap_or_default());
            }
        }
    }
    Ok(unknown.into_iter().map(str::to_owned).collect())
}

fn report(
    outcome: Result<std::sync::Arc<search::Words>, SaveError>,
    unknown: &[String],
    dry_run: bool,
    as_json: bool,
) -> anyhow::Result<bool> {
    let words = match outcome {
        Ok(words) => words,
        Err(SaveError::Refused(refused)) => {
            if as_json {
                say!("{}", json!({"taken": false, "rejected": [refused]}))?;
            } else {
                say!("nothing was changed: {refused}")?;
            }
            return Ok(false);
        }
        Err(error) => return Err(error.into()),
    };
    let (phrases, needs) = (words.phrases().len(), words.needs().count());
    if as_json {
        say!("{}", json!({"taken": !dry_run, "phrases": phrases, "needs": needs, "unknown_needs": unknown, "rejected": []}))?;
    } else {
        let verb = if dry_run { "would be" } else { "are" };
        if !unknown.is_empty() {
            say!("nothing is found by these needs, which have neither a term here nor words: {}", unknown.join(", "))?;
        }
        say!("{phrases} phrases and the words of {needs} needs {verb} in use; a running server picks them up within a minute")?;
    }
    Ok(true)
}

fn read(file: &PathBuf) -> anyhow::Result<String> {
    let mut text = String::new();
    let mut input: Box<dyn io::Read> = if file.as_os_str() == "-" {
        Box::new(io::stdin())
    } else {
        Box::new(fs::File::open(file).with_context(|| format!("cannot open {}", file.display()))?)
    };
    input
        .by_ref()
        .take(LONGEST + 1)
        .read_to_string(&mut text)
        .with_context(|| format!("cannot read {} as UTF-8 text", file.display()))?;
    if text.len() as u64 > LONGEST {
        anyhow::bail!("{} is longer than {} MiB", file.display(), LONGEST >> 20);
    }
    Ok(text)
}

/// A table of phrases has a column for them.
fn by_heading(body: &str) -> search::Table {
    let heading = body.lines().next().unwrap_or_default().to_lowercase();
    if heading.contains("phrase") { search::Table::Everyday } else { search::Table::Needs }
}
