//! `fingerpost words`: the tables of everyday words, taken out to be edited and put back.

use std::{io::Write as _, path::PathBuf};

use clap::{Subcommand, ValueEnum};
use serde_json::json;

use super::{Answer, input::read_text, say, stdout};
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
        #[command(flatten)]
        answer: Answer,
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
            Self::Import { file, table, dry_run, answer } => {
                let body = read_text(&file, LONGEST)?;
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
                report(outcome, &unknown, dry_run, answer)
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
    answer: Answer,
) -> anyhow::Result<bool> {
    let words = match outcome {
        Ok(words) => words,
        Err(SaveError::Refused(refused)) => {
            let document = json!({"taken": false, "rejected": [refused]});
            answer.give(&document, || say!("nothing was changed: {refused}"))?;
            return Ok(false);
        }
        Err(error) => return Err(error.into()),
    };
    let (phrases, needs) = (words.phrases().len(), words.needs().count());
    let document = json!({"taken": !dry_run, "phrases": phrases, "needs": needs, "unknown_needs": unknown, "rejected": []});
    answer.give(&document, || {
        let verb = if dry_run { "would be" } else { "are" };
        if !unknown.is_empty() {
            say!("nothing is found by these needs, which have neither a term here nor words: {}", unknown.join(", "))?;
        }
        say!("{phrases} phrases and the words of {needs} needs {verb} in use; a running server picks them up within a minute")
    })?;
    Ok(true)
}

/// A table of phrases has a column for them.
fn by_heading(body: &str) -> search::Table {
    let heading = body.lines().next().unwrap_or_default().to_lowercase();
    if heading.contains("phrase") { search::Table::Everyday } else { search::Table::Needs }
}
