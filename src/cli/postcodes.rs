//! `fingerpost postcodes import`.

use std::{io, path::PathBuf, time::Duration};

use anyhow::Context as _;
use clap::{Args, Subcommand};

use super::{Answer, progress, say};
use crate::{
    app::App,
    clock::Clock,
    config::Config,
    db::Durability,
    places::{self, Report},
};

/// `postcodes` and what is to be done with them.
#[derive(Debug, Args)]
pub(super) struct Postcodes {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Import the positions of postcodes: the ONS Postcode Directory, Code-Point Open, or a CSV file with postcode
    /// (or outcode), latitude and longitude. Replaces what was imported before.
    Import {
        /// A CSV file, a zip as downloaded, or a folder.
        #[arg(value_name = "FILE|DIR")]
        from: PathBuf,
        #[command(flatten)]
        answer: Answer,
    },
}

impl Postcodes {
    pub(super) async fn run(self, config: Config) -> anyhow::Result<bool> {
        let What::Import { from, answer } = self.what;
        let app = App::open(config, Clock::System, Durability::Batched).await?;
        let bar = progress(Some(0), "bytes");
        bar.enable_steady_tick(Duration::from_millis(200));
        let shown = bar.clone();
        let outcome = places::import(&app.db, &from, app.clock.now(), move |progress| {
            shown.set_length(progress.of);
            shown.set_position(progress.bytes);
        })
        .await;
        bar.finish_and_clear();
        let report = outcome.context("no postcodes were imported; those imported before are unchanged")?;
        app.db.settle().await?;
        answer.give(&report, || print(&report))?;
        Ok(report.rejected_total == 0)
    }
}

/// The report for people.
fn print(report: &Report) -> io::Result<()> {
    const SHOWN: usize = 20;
    say!(
        "{}: {} postcodes in {} outcodes now known, {} before",
        report.format.as_str(),
        report.postcodes,
        report.outcodes,
        report.postcodes_before
    )?;
    for (reason, count) in &report.skipped {
        say!("  {count:>8} rows skipped: {reason}")?;
    }
    for file in &report.left_out {
        say!("ignored: {file} contains no postcodes, or has a different format from the first file")?;
    }
    for rejected in report.rejected.iter().take(SHOWN) {
        say!("rejected line {} of {}: {}", rejected.line, rejected.file, rejected.reason)?;
    }
    if report.rejected_total > SHOWN as u64 {
        say!("(only the first {SHOWN} of {} are shown; use --json to see up to a thousand)", report.rejected_total)?;
    }
    say!("{:.1} seconds", report.seconds)
}
