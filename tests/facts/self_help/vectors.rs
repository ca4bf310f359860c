//! Vectors: our own budgets, and those that other programs are held to as well, which are not part of this repository.

use fingerpost::self_help::{
    Part,
    budget::{Budget, DEBTS, Debted, Form, Often, Part as Line, Side, monthly, pounds, weekly},
    checker::{Case, Checker, cases, validate},
};
use serde_json::{Value, json};

/// A file of the folder that is shared; none where it is not there, which is then said.
fn shared(file: &str) -> Option<String> {
    let folder = std::env::var("FINGERPOST_SHARED").unwrap_or_else(|_| "../shared".to_owned());
    let text = std::fs::read_to_string(format!("{folder}/data/{file}")).ok();
    if text.is_none() {
        eprintln!("left out: {folder}/data/{file} is not there");
    }
    text
}

#[test]
fn every_case_holds_for_the_shared_checker_and_for_ours() {
    let (Some(vectors), Some(theirs)) = (shared("checker_vectors.json"), shared("checker_sample.json")) else { return };
    let vectors: Vec<Case> = serde_json::from_str(&vectors).unwrap();
    assert!(vectors.len() > 20);
    let mut known = super::known();
    let contacts = super::part(Part::Contacts);
    known.panels = contacts["panels"].as_array().unwrap().iter().map(|panel| panel["id"].as_str().unwrap().to_owned()).collect();
    for body in [theirs.as_str(), Part::Checker.starting()] {
        let checker: Checker = serde_json::from_str(body).unwrap();
        assert_eq!(cases::run(&checker, &vectors), []);
        assert_eq!(validate::problems(&checker, &known), []);
    }
}

/// The script in the browser is held to the same file (`tests/browser/budget.mjs`).
#[test]
fn our_own_budgets_come_out_as_they_were_worked_out_without_the_program() {
    let vectors: Value = serde_json::from_str(include_str!("budget_vectors.json")).unwrap();
    let cases = vectors["cases"].as_array().unwrap();
    assert!(cases.len() > 5);
    for case in cases {
        let fields = case["form"].as_object().unwrap().iter().map(|(name, value)| (name.as_str(), value.as_str().unwrap()));
        let (budget, mistakes) = Form::new(fields).read();
        assert_eq!(mistakes, [], "{}", case["case"]);
        let totals = budget.totals();
        let shown = |yearly: i64| json!([yearly, pounds(monthly(yearly)), pounds(weekly(yearly))]);
        let sums = json!({
            "income": shown(totals.income), "spending": shown(totals.spending), "before": shown(totals.before()),
            "debts": shown(totals.debts), "after": shown(totals.after()),
        });
        assert_eq!(sums, case["sums"], "{}", case["case"]);
    }
}

fn budget(case: &Value) -> Budget {
    let lines = |member: &str, side| -> Vec<Line> {
        let lines = case[member].as_array().unwrap().iter();
        let yearly = |line: &Value| line[1].as_i64().unwrap() * Often::named(line[2].as_str().unwrap()).times();
        lines.map(|line| Line { group: "test", line: line[0].as_str().unwrap().to_owned(), side, yearly: yearly(line) }).collect()
    };
    let debts = lines("debt_payments", Side::Out).into_iter();
    Budget {
        parts: lines("income", Side::In).into_iter().chain(lines("spending", Side::Out)).collect(),
        debts: debts.map(|line| Debted { debt: &DEBTS[0], owed: None, yearly: line.yearly }).collect(),
    }
}

#[test]
fn every_budget_comes_out_to_the_penny() {
    let Some(vectors) = shared("budget_vectors.json") else { return };
    let vectors: Value = serde_json::from_str(&vectors).unwrap();
    for (name, times) in vectors["occurrences_per_year"].as_object().unwrap() {
        let often = Often::named(name);
        assert_eq!((often.name(), often.times()), (name.as_str(), times.as_i64().unwrap()));
    }
    let cases = vectors["cases"].as_array().unwrap();
    assert!(cases.len() > 2);
    for case in cases {
        let totals = budget(case).totals();
        let got = [totals.income, totals.spending, totals.debts, totals.before(), totals.after()];
        let wanted = ["income", "spending", "debts", "left_before_debts", "left_after_debts"];
        assert_eq!(got, wanted.map(|sum| case["annual_pence"][sum].as_i64().unwrap()), "{}", case["case"]);
        // The vectors have no commas between thousands.
        let shown = got.map(|sum| pounds(monthly(sum)).replace(',', ""));
        let wanted = ["income", "spending", "debts", "before", "after"];
        assert_eq!(shown, wanted.map(|sum| case["monthly"][sum].as_str().unwrap().to_owned()), "{}", case["case"]);
        assert_eq!(pounds(weekly(totals.after())).replace(',', ""), case["weekly_after"].as_str().unwrap(), "{}", case["case"]);
    }
}
