//! Editions: published, withdrawn, printed.

use std::io::Write as _;

use anyhow::Context as _;
use serde_json::json;

use super::{
    super::{Answer, on_record, say, stdout},
    known, tell,
};
use crate::{
    app::App,
    identity::Deed,
    self_help::{self, Part, PublishError},
};

pub(super) async fn publish(app: &App, reviewed_by: &str, answer: Answer) -> anyhow::Result<bool> {
    let known = known(app).await?;
    let tx = app.db.write().await?;
    match self_help::publish(&tx, &app.clock, known, reviewed_by).await {
        Ok(published) => {
            let (number, by) = (published.number, reviewed_by.trim());
            on_record(app, &tx, Deed::PublishChecker, "", &format!("edition {number}, reviewed by {by}")).await?;
            tx.commit().await?;
            let warnings = published.to_see_to;
            let document =
                json!({"published": true, "edition": number, "reviewed_by": by, "in_the_way": [], "warnings": warnings});
            answer.give(&document, || {
                say!("edition {number} is now public; reviewed by {by}")?;
                tell("to look at", &warnings)
            })?;
            Ok(true)
        }
        Err(PublishError::Refused(found)) => {
            let document = json!({"published": false, "edition": null, "in_the_way": found, "warnings": []});
            answer.give(&document, || tell("nothing was published; to fix first", &found))?;
            Ok(false)
        }
        Err(error) => Err(error.into()),
    }
}

pub(super) async fn withdraw(app: &App, why: &str, answer: Answer) -> anyhow::Result<bool> {
    let tx = app.db.write().await?;
    let number = self_help::withdraw(&tx, &app.clock, why).await?;
    if let Some(number) = number {
        on_record(app, &tx, Deed::WithdrawChecker, "", &format!("edition {number}: {why}")).await?;
        tx.commit().await?;
    }
    answer.give(&json!({"withdrawn": number.is_some(), "edition": number}), || match number {
        Some(number) => {
            say!("edition {number} is withdrawn; visitors now see a notice that the checker is unavailable, with numbers to call")
        }
        None => say!("nothing is published, so there is nothing to withdraw"),
    })?;
    Ok(number.is_some())
}

pub(super) async fn export(app: &App, part: Part, edition: Option<u32>) -> anyhow::Result<bool> {
    let body = match edition {
        None => self_help::drafts(&app.db).await?.into_iter().find(|draft| draft.part == part).map(|draft| draft.body),
        Some(number) => {
            let number = (number > 0).then_some(i64::from(number));
            let found = self_help::publication(&app.db, number)
                .await?
                .context("that edition does not exist; fingerpost checker show names the latest one")?;
            Some(match part {
                Part::Checker => found.checker,
                Part::Contacts => found.contacts,
                Part::Cases => found.cases,
            })
        }
    };
    writeln!(stdout(), "{}", body.unwrap_or_default().trim_end())?;
    Ok(true)
}
