//! Drafts: taken from files, or tried without being kept.

use std::path::Path;

use serde_json::{Value, json};

use super::{
    super::{Answer, WrongCall, say},
    known, read, tell,
};
use crate::{
    app::App,
    self_help::{
        self, Draft, Part, SelfHelp,
        checker::{Checker, Finding, cases, validate},
        contacts::{self, Contacts},
    },
};

pub(super) async fn import(app: &App, body: &str, dry_run: bool, answer: Answer) -> anyhow::Result<bool> {
    let part = part_of(body)?;
    let drafts = self_help::drafts(&app.db).await?;
    let found = self_help::examine(part, body, &drafts, known(app).await?).unwrap_or_else(|finding| vec![finding]);
    let taken = found.is_empty() && !dry_run;
    let to_fix = if found.is_empty() { to_fix(app, part, body, &drafts).await? } else { Vec::new() };
    if taken {
        self_help::save_draft(&app.db, &app.clock, part, body, "the command line").await?;
    }
    let warnings = match (part, found.is_empty()) {
        (Part::Checker, true) => {
            serde_json::from_str::<Checker>(body).map(|checker| validate::warnings(&checker)).unwrap_or_default()
        }
        (Part::Contacts, true) => {
            let today = SelfHelp::new(app.db.clone(), app.clock.clone(), false).today();
            serde_json::from_str::<Contacts>(body).map(|own| contacts::to_look_at(&own, today)).unwrap_or_default()
        }
        _ => Vec::new(),
    };
    let name = part.name();
    let document = json!({"part": name, "taken": taken, "problems": found, "in_the_way": to_fix, "warnings": warnings});
    answer.give(&document, || {
        if !found.is_empty() {
            return tell(&format!("nothing was changed: the {name} cannot be used"), &found);
        }
        let said = if dry_run { "can be imported" } else { "is now the draft; the public will see it once it is published" };
        say!("{name} {said}")?;
        tell("to fix before it can be published", &to_fix)?;
        tell("to look at", &warnings)
    })?;
    Ok(found.is_empty())
}

/// What of this part would be in the way of publishing it.
async fn to_fix(app: &App, part: Part, body: &str, drafts: &[Draft; 3]) -> anyhow::Result<Vec<Finding>> {
    let mut drafts = drafts.clone();
    for draft in drafts.iter_mut().filter(|draft| draft.part == part) {
        body.clone_into(&mut draft.body);
    }
    let mut found = self_help::in_the_way(&drafts, known(app).await?, "somebody", app.clock.now());
    found.retain(|finding| finding.at.starts_with(part.name()));
    Ok(found)
}

/// Which part it is, by what it says of itself.
fn part_of(body: &str) -> anyhow::Result<Part> {
    let document: Value = serde_json::from_str(body).map_err(|error| WrongCall(format!("it is not JSON: {error}")))?;
    match (&document, document["schema"].as_str()) {
        (Value::Array(_), _) => Ok(Part::Cases),
        (_, Some(schema)) if schema == contacts::document::SCHEMA => Ok(Part::Contacts),
        (_, Some(schema)) if schema.starts_with("support-checker/") => Ok(Part::Checker),
        _ => Err(WrongCall(
            "its \"schema\" is neither support-checker/1 nor support-contacts/1, and it is not a list of test cases".to_owned(),
        )
        .into()),
    }
}

pub(super) async fn check(app: &App, file: &Path, cases_file: Option<&Path>, answer: Answer) -> anyhow::Result<bool> {
    let body = read(file)?;
    let drafts = self_help::drafts(&app.db).await?;
    let mut found = self_help::examine(Part::Checker, &body, &drafts, known(app).await?).unwrap_or_else(|finding| vec![finding]);
    let cases_body = match cases_file {
        Some(file) => read(file)?,
        None => drafts.iter().find(|draft| draft.part == Part::Cases).map(|draft| draft.body.clone()).unwrap_or_default(),
    };
    let tried = self_help::cases_of(&cases_body);
    match (&tried, serde_json::from_str::<Checker>(&body)) {
        (Err(unreadable), _) => found.push(unreadable.clone()),
        (Ok(tried), Ok(checker)) => found.extend(cases::run(&checker, tried)),
        (Ok(_), Err(_)) => {}
    }
    let tried = tried.map_or(0, |tried| tried.len());
    answer.give(&json!({"cases": tried, "problems": found}), || match &*found {
        [] => say!("no problems found, and all {tried} test cases pass"),
        found => tell("it cannot be published", found),
    })?;
    Ok(found.is_empty())
}
