//! `fingerpost checker`: the support checker from a draft to what the public sees, and back.

mod drafts;
mod editions;
mod shown;

use std::{
    io,
    path::{Path, PathBuf},
};

use clap::{Subcommand, ValueEnum};

use super::{Answer, input::read_text, say};
use crate::{
    app::App,
    self_help::{
        Part,
        checker::{Finding, Known},
    },
};
use drafts::{check, import};
use editions::{export, publish, withdraw};
pub(super) use shown::looked_at;
use shown::show;

/// Longest file that is read, in bytes.
const LONGEST: u64 = 4 << 20;

#[derive(Debug, Subcommand)]
pub(super) enum Checkers {
    /// Show what the public sees, what the drafts contain, and what must be fixed before they can be published.
    Show {
        #[command(flatten)]
        answer: Answer,
    },
    /// Import a part as a draft: questions (support-checker/1), contacts (support-contacts/1) or a list of test
    /// cases. What the public sees does not change.
    Import {
        /// The JSON file, or - for standard input.
        #[arg(value_name = "FILE|-")]
        file: PathBuf,
        /// Save nothing; only say whether it can be used.
        #[arg(long)]
        dry_run: bool,
        #[command(flatten)]
        answer: Answer,
    },
    /// Test questions from a file against test cases, without saving either.
    Check {
        /// Questions (support-checker/1), or - for standard input.
        #[arg(value_name = "FILE|-")]
        file: PathBuf,
        /// Test cases (default: those of the draft).
        #[arg(long, value_name = "FILE")]
        cases: Option<PathBuf>,
        #[command(flatten)]
        answer: Answer,
    },
    /// Publish the drafts. Refused while anything needs fixing, such as a test case that fails or a phone number
    /// that nobody has checked.
    Publish {
        /// Who has reviewed every line: a person's name and job title.
        #[arg(long, value_name = "NAME")]
        reviewed_by: String,
        #[command(flatten)]
        answer: Answer,
    },
    /// Withdraw the checker from the public immediately. Visitors see a notice with numbers to call instead.
    Withdraw {
        /// The reason, for the record.
        #[arg(long, value_name = "TEXT")]
        why: String,
        #[command(flatten)]
        answer: Answer,
    },
    /// Print a part as JSON, to edit and import again.
    Export {
        /// The part to print.
        #[arg(long, value_enum, default_value = "checker")]
        part: Which,
        /// Print it from this edition instead of the draft; 0 is the latest edition.
        #[arg(long, value_name = "NUMBER")]
        edition: Option<u32>,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Which {
    /// Questions, levels and rules.
    Checker,
    /// Phone lines, panels and first steps.
    Contacts,
    /// Test cases.
    Cases,
}

impl From<Which> for Part {
    fn from(which: Which) -> Self {
        match which {
            Which::Checker => Self::Checker,
            Which::Contacts => Self::Contacts,
            Which::Cases => Self::Cases,
        }
    }
}

impl Checkers {
    pub(super) async fn run(self, app: App) -> anyhow::Result<bool> {
        match self {
            Self::Show { answer } => show(&app, answer).await,
            Self::Import { file, dry_run, answer } => import(&app, &read(&file)?, dry_run, answer).await,
            Self::Check { file, cases, answer } => check(&app, &file, cases.as_deref(), answer).await,
            Self::Publish { reviewed_by, answer } => publish(&app, &reviewed_by, answer).await,
            Self::Withdraw { why, answer } => withdraw(&app, &why, answer).await,
            Self::Export { part, edition } => export(&app, part.into(), edition).await,
        }
    }
}

fn tell(what: &str, findings: &[Finding]) -> io::Result<()> {
    if !findings.is_empty() {
        say!("{what}:")?;
    }
    for finding in findings {
        say!("  {finding}")?;
    }
    Ok(())
}

/// What a checker may name: needs from the tables of everyday words.
async fn known(app: &App) -> anyhow::Result<Known> {
    let words = app.words().await?;
    let of_phrases = words.phrases().iter().flat_map(|phrase| phrase.needs.iter().cloned());
    Ok(Known { needs: words.needs().map(str::to_owned).chain(of_phrases).collect(), ..Known::default() })
}

fn read(file: &Path) -> anyhow::Result<String> {
    read_text(file, LONGEST)
}
