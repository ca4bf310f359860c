//! `fingerpost checker`: the support checker from a draft to what the public sees, and back.

use std::{
    fs,
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use chrono::{NaiveDate, TimeDelta};
use clap::{Subcommand, ValueEnum};
use serde_json::{Value, json};

use super::{WrongCall, on_record, say, stdout};
use crate::{
    app::App,
    identity::Deed,
    safekeeping::doctor::{Finding, Verdict},
    self_help::{
        self, Draft, Part, PublishError, SelfHelp, Unavailable,
        checker::{self, Case, Checker, Known, cases, validate},
        contacts::{self, Contacts},
    },
};

/// A checker that ends within this time is said to need looking at.
const SOON: TimeDelta = TimeDelta::days(30);
/// Longest file that is read, in bytes.
const LONGEST: u64 = 4 << 20;

#[derive(Debug, Subcommand)]
pub(super) enum Checkers {
    /// Show what the public sees, what the drafts contain, and what must be fixed before they can be published.
    Show {
        /// Print one JSON document.
        #[arg(long)]
        json: bool,
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
        /// Print the result as one JSON document.
        #[arg(long)]
        json: bool,
    },
    /// Test questions from a file against test cases, without saving either.
    Check {
        /// Questions (support-checker/1), or - for standard input.
        #[arg(value_name = "FILE|-")]
        file: PathBuf,
        /// Test cases (default: those of the draft).
        #[arg(long, value_name = "FILE")]
        cases: Option<PathBuf>,
        /// Print the result as one JSON document.
        #[arg(long)]
        json: bool,
    },
    /// Publish the drafts. Refused while anything needs fixing, such as a test case that fails or a phone number
    /// that nobody has checked.
    Publish {
        /// Who has reviewed every line: a person's name and job title.
        #[arg(long, value_name = "NAME")]
        reviewed_by: String,
        /// Print the result as one JSON document.
        #[arg(long)]
        json: bool,
    },
    /// Withdraw the checker from the public immediately. Visitors see a notice with numbers to call instead.
    Withdraw {
        /// The reason, for the record.
        #[arg(long, value_name = "TEXT")]
        why: String,
        /// Print the result as one JSON document.
        #[arg(long)]
        json: bool,
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
            Self::Show { json } => show(&app, json).await,
            Self::Import { file, dry_run, json } => import(&app, &read(&file)?, dry_run, json).await,
            Self::Check { file, cases, json } => check(&app, &file, cases.as_deref(), json).await,
            Self::Publish { reviewed_by, json } => publish(&app, &reviewed_by, json).await,
            Self::Withdraw { why, json } => withdraw(&app, &why, json).await,
            Self::Export { part, edition } => export(&app, part.into(), edition).await,
        }
    }
}

async fn show(app: &App, as_json: bool) -> anyhow::Result<bool> {
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
    if as_json {
        let drafts: Vec<Value> = drafts.iter().map(described).collect();
        let latest = latest.map(|edition| {
            json!({
                "number": edition.number, "reviewed_by": edition.reviewed_by, "published_at": crate::clock::rfc3339(edition.published_at),
                "withdrawn_at": edition.withdrawn.as_ref().map(|(at, _)| crate::clock::rfc3339(*at)), "withdrawn_why": edition.withdrawn.map(|(_, why)| why),
            })
        });
        let (public, why) = (in_force.is_ok(), in_force.as_ref().err().map(|reason| reason.said()));
        say!(
            "{}",
            json!({"public": public, "not_public_because": why, "shown_until": until, "latest_edition": latest, "not_given": not_given, "given_unchecked": unchecked, "drafts": drafts, "in_the_way": in_the_way})
        )?;
        return Ok(true);
    }
    match (&in_force, &latest) {
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
    if let Some((at, why)) = latest.and_then(|latest| latest.withdrawn) {
        say!("the latest edition was withdrawn at {}: {why}", crate::clock::rfc3339(at))?;
    }
    tell("not shown to anyone", &not_given)?;
    tell("shown, but the text has not been checked recently", &unchecked)?;
    for draft in &drafts {
        match &draft.saved {
            Some((at, by)) => say!("draft of {}: imported at {} by {by}", draft.part.name(), crate::clock::rfc3339(*at))?,
            None => say!("draft of {}: the sample supplied with Fingerpost", draft.part.name())?,
        }
    }
    tell("to fix before the drafts can be published", &in_the_way)?;
    Ok(true)
}

/// What the doctor says of the checker.
pub(super) async fn looked_at(app: &App) -> anyhow::Result<Finding> {
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
    json!({"part": draft.part.name(), "sample": at.is_none(), "saved_at": at.map(crate::clock::rfc3339), "saved_by": by})
}

fn tell(what: &str, findings: &[checker::Finding]) -> io::Result<()> {
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

async fn import(app: &App, body: &str, dry_run: bool, as_json: bool) -> anyhow::Result<bool> {
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
    if as_json {
        say!("{}", json!({"part": part.name(), "taken": taken, "problems": found, "in_the_way": to_fix, "warnings": warnings}))?;
    } else if found.is_empty() {
        let said = if dry_run { "can be imported" } else { "is now the draft; the public will see it once it is published" };
        say!("{} {said}", part.name())?;
        tell("to fix before it can be published", &to_fix)?;
        tell("to look at", &warnings)?;
    } else {
        tell(&format!("nothing was changed: the {} cannot be used", part.name()), &found)?;
    }
    Ok(found.is_empty())
}

/// What of this part would be in the way of publishing it.
async fn to_fix(app: &App, part: Part, body: &str, drafts: &[Draft; 3]) -> anyhow::Result<Vec<checker::Finding>> {
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

async fn check(app: &App, file: &Path, cases_file: Option<&Path>, as_json: bool) -> anyhow::Result<bool> {
    let body = read(file)?;
    let drafts = self_help::drafts(&app.db).await?;
    let mut found = self_help::examine(Part::Checker, &body, &drafts, known(app).await?).unwrap_or_else(|finding| vec![finding]);
    let cases_body = match cases_file {
        Some(file) => read(file)?,
        None => drafts.iter().find(|draft| draft.part == Part::Cases).map(|draft| draft.body.clone()).unwrap_or_default(),
    };
    let tried: Vec<Case> = serde_json::from_str(&cases_body).context("cannot read the test cases")?;
    if let Ok(checker) = serde_json::from_str::<Checker>(&body) {
        found.extend(cases::run(&checker, &tried));
    }
    if as_json {
        say!("{}", json!({"cases": tried.len(), "problems": found}))?;
    } else if found.is_empty() {
        say!("no problems found, and all {} test cases pass", tried.len())?;
    } else {
        tell("it cannot be published", &found)?;
    }
    Ok(found.is_empty())
}

async fn publish(app: &App, reviewed_by: &str, as_json: bool) -> anyhow::Result<bool> {
    match self_help::publish(&app.db, &app.clock, known(app).await?, reviewed_by).await {
        Ok(published) => {
            let (number, by) = (published.number, reviewed_by.trim());
            let tx = app.db.write().await?;
            on_record(app, &tx, Deed::PublishChecker, "", &format!("edition {number}, reviewed by {by}")).await?;
            tx.commit().await?;
            if as_json {
                say!(
                    "{}",
                    json!({"published": true, "edition": number, "reviewed_by": by, "in_the_way": [], "warnings": published.to_see_to})
                )?;
            } else {
                say!("edition {number} is now public; reviewed by {by}")?;
                tell("to look at", &published.to_see_to)?;
            }
            Ok(true)
        }
        Err(PublishError::Refused(found)) => {
            if as_json {
                say!("{}", json!({"published": false, "edition": null, "in_the_way": found, "warnings": []}))?;
            } else {
                tell("nothing was published; to fix first", &found)?;
            }
            Ok(false)
        }
        Err(error) => Err(error.into()),
    }
}

async fn withdraw(app: &App, why: &str, as_json: bool) -> anyhow::Result<bool> {
    let number = self_help::withdraw(&app.db, &app.clock, why).await?;
    if let Some(number) = number {
        let tx = app.db.write().await?;
        on_record(app, &tx, Deed::WithdrawChecker, "", &format!("edition {number}: {why}")).await?;
        tx.commit().await?;
    }
    if as_json {
        say!("{}", json!({"withdrawn": number.is_some(), "edition": number}))?;
    } else if let Some(number) = number {
        say!("edition {number} is withdrawn; visitors now see a notice that the checker is unavailable, with numbers to call")?;
    } else {
        say!("nothing is published, so there is nothing to withdraw")?;
    }
    Ok(number.is_some())
}

async fn export(app: &App, part: Part, edition: Option<u32>) -> anyhow::Result<bool> {
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

fn read(file: &Path) -> anyhow::Result<String> {
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
