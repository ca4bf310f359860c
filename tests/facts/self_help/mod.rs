//! Self-help: what the public is shown, what it is told, and that nothing is kept of it.

mod budget;
mod commands;
mod editions;
mod for_whom;
mod hours;
mod journeys;
mod numbers;
mod no_answer;
mod privacy;
mod right_council;
mod vectors;

use chrono::{DateTime, Utc};
use fingerpost::{
    places,
    search::Words,
    self_help::{self, Part, PublishError, checker::Known},
};
use http::Method;
use serde_json::{Value, json};

use crate::support::{Answer, TestApp};

/// The day on which these facts happen: the contacts that Fingerpost comes with are good on it.
fn today() -> DateTime<Utc> {
    "2026-11-30T12:00:00Z".parse().unwrap()
}

/// LU1 lies in two councils, and only its whole postcodes say in which; HP1 in a district with a
/// county above it.
const POSTCODES: &str = "\
pcd7,pcd8,pcds,dointr,doterm,cty25cd,lad25cd,wd25cd,gridind,ctry25cd,rgn25cd,lat,long
LU1 2AA,LU1  2AA,LU1 2AA,198001,,E99999999,E06000032,E05015270,1,E92000001,E12000006,51.878700,-0.420000
LU1 4AA,LU1  4AA,LU1 4AA,198001,,E99999999,E06000056,E05014210,1,E92000001,E12000006,51.848800,-0.440500
HP1 1AA,HP1  1AA,HP1 1AA,198001,,E10000015,E07000096,E05009000,1,E92000001,E12000006,51.750000,-0.470000
";

fn part(part: Part) -> Value {
    serde_json::from_str(part.starting()).unwrap()
}

/// The contacts as a council would have them that has rung every number this month.
fn checked_contacts() -> Value {
    let mut contacts = part(Part::Contacts);
    for list in ["lines", "actions", "panels", "tips", "first_debts"] {
        for record in contacts[list].as_array_mut().unwrap() {
            record["checked_on"] = json!("2026-11-10");
            record["review_by"] = json!("2027-02-10");
        }
    }
    contacts
}

/// The questions as a council would have them that has read every line.
fn reviewed_checker() -> Value {
    let mut checker = part(Part::Checker);
    checker["status"] = json!("draft");
    checker["review_by"] = json!("2027-05-31");
    checker
}

fn known() -> Known {
    let words = Words::starting();
    Known { needs: words.needs().map(str::to_owned).collect(), ..Known::default() }
}

async fn publish(app: &TestApp) -> Result<i64, Vec<String>> {
    let tx = app.app().db.write().await.unwrap();
    match self_help::publish(&tx, &app.clock, known(), "Ada Reviewer, housing lead").await {
        Ok(published) => {
            tx.commit().await.unwrap();
            Ok(published.number)
        }
        Err(PublishError::Refused(found)) => Err(found.iter().map(ToString::to_string).collect()),
        Err(error) => panic!("{error}"),
    }
}

async fn draft(app: &TestApp, part: Part, body: &Value) {
    self_help::save_draft(&app.app().db, &app.clock, part, &body.to_string(), "a test").await.unwrap();
}

/// A directory with the fixtures, where postcodes are, and a checker that was reviewed.
pub(super) async fn ready(app: &TestApp) {
    app.clock.set(today());
    app.fixtures().await;
    let file = app.folder.path().join("../").join(format!("{}.csv", fingerpost::ids::fresh()));
    std::fs::write(&file, POSTCODES).unwrap();
    places::import(&app.app().db, &file, today(), |_| {}).await.unwrap();
    std::fs::remove_file(file).unwrap();
    draft(app, Part::Checker, &reviewed_checker()).await;
    draft(app, Part::Contacts, &checked_contacts()).await;
    assert_eq!(publish(app).await, Ok(1));
}

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

async fn send(app: &TestApp, path: &str, fields: &str) -> Answer {
    app.ask(Method::POST, path, &[FORM, ("accept", "text/html")], fields).await
}

async fn evaluate(app: &TestApp, asked: Value) -> Value {
    let answer =
        app.ask(Method::POST, "/api/v1/checker/evaluate", &[("content-type", "application/json")], &asked.to_string()).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

/// Ids of the lines that an evaluation gives, wherever in it.
fn lines(evaluated: &Value) -> Vec<&str> {
    let groups = ["panels", "steps"].into_iter().flat_map(|name| evaluated[name].as_array().unwrap());
    let given = groups.flat_map(|shown| shown["lines"].as_array().unwrap()).chain(evaluated["talk"].as_array().unwrap());
    given.map(|line| line["id"].as_str().unwrap()).collect()
}
