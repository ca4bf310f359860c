//! What the public says is wrong, by listing, as the queue shows it.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use maud::{Markup, html};

use crate::{
    editing::Error,
    http::Problem,
    pages::{desk::Desk, words::moment},
    quality::reports::Report,
};

/// A listing that is reported.
#[derive(Debug)]
pub(super) struct Reported {
    name: String,
    /// Whether it could be used to reach somebody in danger.
    protected: bool,
    /// The reports, the oldest first; at least one.
    reports: Vec<Report>,
}

impl Reported {
    /// Every listing with a report that nobody has settled.
    pub(super) async fn all(desk: &Desk) -> Result<Vec<Self>, Problem> {
        let mut all: Vec<Self> = Vec::new();
        for report in desk.quality.open_reports().await.map_err(super::problem)? {
            if let Some(known) = all.iter_mut().find(|known| known.reports[0].record == report.record) {
                known.reports.push(report);
                continue;
            }
            let stored = desk.editing.records().find(report.record).await.map_err(Error::from)?;
            let document = stored.map(|stored| stored.read()).transpose().map_err(Error::from)?;
            let name =
                document.map_or_else(|| "A listing that no longer exists".to_owned(), |document| document.name().to_owned());
            let protected = desk.editing.protects(report.record).await?;
            all.push(Self { name, protected, reports: vec![report] });
        }
        Ok(all)
    }

    /// Since when the oldest waits.
    pub(super) fn since(&self) -> DateTime<Utc> {
        self.reports[0].at
    }

    /// How much harm waiting could do, on the scale of [`crate::editing::Queued::harm`].
    pub(super) fn harm(&self) -> u8 {
        let said = self.reports.iter().map(Report::harm).max().unwrap_or_default();
        if self.protected { 3 } else { said.min(2) }
    }

    pub(super) fn row(&self, now: DateTime<Utc>) -> Markup {
        let first = &self.reports[0];
        let ticked: BTreeSet<&str> = self.reports.iter().flat_map(|report| &report.wrong).map(|wrong| wrong.words()).collect();
        let ticked: Vec<&str> = ticked.into_iter().collect();
        html! {
            li {
                h2 { a href=(format!("/moderation/reports/{}", first.id)) { (self.name) } }
                p { "Reported" @if !ticked.is_empty() { ": " (ticked.join("; ")) } }
                ul class="tags" {
                    @if self.protected { li class="warn" { "Protected" } }
                    @if first.is_late(now) { li class="doubt" { "Late" } }
                    @if self.reports.len() > 1 { li { (self.reports.len()) " reports" } }
                    li { "since " (moment(first.at)) }
                }
            }
        }
    }
}
