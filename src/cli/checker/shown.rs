//! What the public sees of the checker, and until when.

use std::{io, sync::Arc};

use chrono::{NaiveDate, TimeDelta};
use serde_json::{Value, json};

use super::{
    super::{Answer, say},
    known, tell,
};
use crate::{
    app::App,
    clock::rfc3339,
    safekeeping::doctor::{Finding, Verdict},
    self_help::{self, Draft, Edition, Publication, SelfHelp, Unavailable, contacts},
};

/// A checker that ends within this time is said to need looking at.
const SOON: TimeDelta = TimeDelta::days(30);

pub(super) async fn show(app: &App, answer: Answer) -> anyhow::Result<bool> {
    let self_help = SelfHelp::new(app.db.clone(), app.clock.clone(), false);
    let latest = self_help::publication(&app.db, None).await?;
    let in_force = self_help.in_force().await;
    let drafts = self_help::drafts(&app.db).await?;
    let in_the_way = self_help::in_the_way(&drafts, known(app).await?, "somebody", app.clock.now());
    let today = self_help.today();
    let (not_given, unchecked, until) = match &in_force {
        Ok(edition) => (
            contacts::not_given(&edition.contacts, today),
            contacts::given_unchecked(&edition.contacts, today),
            edition.shown_until(today),
        ),
        Err(_) => (Vec::new(), Vec::new(), None),
    };
    let edition = latest.as_ref().map(|edition| {
        json!({
            "number": edition.number, "reviewed_by": edition.reviewed_by, "published_at": rfc3339(edition.published_at),
            "withdrawn_at": edition.withdrawn.as_ref().map(|(at, _)| rfc3339(*at)),
            "withdrawn_why": edition.withdrawn.as_ref().map(|(_, why)| why),
        })
    });
    let document = json!({
        "public": in_force.is_ok(), "not_public_because": in_force.as_ref().err().map(|reason| reason.said()),
        "shown_until": until, "latest_edition": edition, "not_given": not_given, "given_unchecked": unchecked,
        "drafts": drafts.iter().map(described).collect::<Vec<_>>(), "in_the_way": in_the_way,
    });
    answer.give(&document, || {
        said_of_edition(&in_force, latest.as_ref(), until)?;
        tell("not shown to anyone", &not_given)?;
        tell("shown, but the text has not been checked recently", &unchecked)?;
        for draft in &drafts {
            match &draft.saved {
                Some((at, by)) => say!("draft of {}: imported at {} by {by}", draft.part.name(), rfc3339(*at))?,
                None => say!("draft of {}: the sample supplied with Fingerpost", draft.part.name())?,
            }
        }
        tell("to fix before the drafts can be published", &in_the_way)
    })?;
    Ok(true)
}

/// Which edition the public sees, or why it sees none.
fn said_of_edition(
    in_force: &Result<Arc<Edition>, Unavailable>,
    latest: Option<&Publication>,
    until: Option<NaiveDate>,
) -> io::Result<()> {
    match (in_force, latest) {
        (Ok(edition), Some(latest)) => say!(
            "the public sees edition {}, reviewed by {}, due for review by {}, until {}",
            latest.number,
            latest.reviewed_by,
            written(edition.checker.review_by),
            written(until)
        )?,
        (Err(reason), _) => say!("the public does not see the checker: {}", reason.said())?,
        (Ok(_), None) => {}
    }
    match latest.and_then(|latest| latest.withdrawn.as_ref()) {
        Some((at, why)) => say!("the latest edition was withdrawn at {}: {why}", rfc3339(*at)),
        None => Ok(()),
    }
}

/// What the doctor says of the checker.
pub(in crate::cli) async fn looked_at(app: &App) -> anyhow::Result<Finding> {
    let what = "support checker";
    let self_help = SelfHelp::new(app.db.clone(), app.clock.clone(), false);
    let today = self_help.today();
    let looked = |verdict, found: String, advice| Finding { what, verdict, found, advice };
    let edition = match self_help.in_force().await {
        Ok(edition) => edition,
        Err(Unavailable::NotThere) => {
            return Ok(looked(Verdict::Good, "none is published; visitors see a notice saying so".to_owned(), None));
        }
        Err(Unavailable::Withdrawn) => {
            return Ok(looked(Verdict::Good, "withdrawn; visitors see a notice saying so".to_owned(), None));
        }
        Err(reason) => {
            let found = format!("not shown to the public: {}", reason.said());
            return Ok(looked(
                Verdict::Careful,
                found,
                Some("check everything that is due, then publish again: fingerpost checker show"),
            ));
        }
    };
    let not_given =
        contacts::not_given(&edition.contacts, today).len() + contacts::given_unchecked(&edition.contacts, today).len();
    let until = edition.shown_until(today);
    let found = format!("shown until {}; {not_given} numbers, steps and panels need checking", written(until));
    let is_near = until.is_none_or(|day| day - today <= SOON);
    Ok(if is_near || not_given > 0 {
        looked(Verdict::Careful, found, Some("run fingerpost checker show to see what is due, check it, then publish again"))
    } else {
        looked(Verdict::Good, found, None)
    })
}

fn written(day: Option<NaiveDate>) -> String {
    day.map(|day| day.to_string()).unwrap_or_default()
}

fn described(draft: &Draft) -> Value {
    let (at, by) = draft.saved.clone().unzip();
    json!({"part": draft.part.name(), "sample": at.is_none(), "saved_at": at.map(rfc3339), "saved_by": by})
}
