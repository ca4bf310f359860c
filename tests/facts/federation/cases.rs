//! The table of failure cases in `docs/federation.md`.

use std::{fs, path::Path};

/// Names of tests that stand in a row of the table, as far as they are numbered.
fn numbered(row: &str) -> Vec<&str> {
    row.split('`').filter(|word| word.starts_with("case_")).map(|word| word.split(['(', ' ']).next().unwrap()).collect()
}

fn sources(folder: &Path, text: &mut String) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, text);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            text.push_str(&fs::read_to_string(path).unwrap());
        }
    }
}

#[test]
fn every_failure_case_has_a_test_with_its_number_and_a_change_that_makes_it_fail() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = fs::read_to_string(root.join("docs/federation.md")).unwrap();
    let mut code = String::new();
    for folder in ["src", "tests"] {
        sources(&root.join(folder), &mut code);
    }
    for number in 1..=55 {
        let start = format!("| {number} | ");
        let row = page.lines().find(|line| line.starts_with(&start)).unwrap_or_else(|| panic!("no row {number}"));
        let cells: Vec<&str> = row.trim_matches('|').split(" | ").collect();
        assert!(cells.last().is_some_and(|change| change.trim().len() > 10), "case {number} names no change: {row}");
        let tests = numbered(row);
        assert!(tests.iter().any(|name| name.starts_with(&format!("case_{number:02}_"))), "case {number} names no test: {row}");
        for name in tests {
            // A test for each database may stand under the name of the fact.
            let stem = name.trim_end_matches("_on_sqlite").trim_end_matches("_on_postgres");
            assert!(code.contains(stem), "there is no test {name}");
        }
    }
}

/// The files of our code that a row says to change, each with the function that is named behind it.
fn changed(row: &str) -> Vec<(&str, Option<&str>)> {
    let words: Vec<&str> = row.rsplit(" | ").next().unwrap().split('`').collect();
    let named = |at: usize| words.get(at + 1).filter(|between| **between == ", ").and_then(|_| words.get(at + 2));
    let files =
        (1..words.len()).step_by(2).filter(|at| std::path::Path::new(words[*at]).extension().is_some_and(|of| of == "rs"));
    files.map(|at| (words[at], named(at).map(|name| name.rsplit("::").next().unwrap()))).collect()
}

#[test]
fn the_changes_that_make_cases_fail_are_to_functions_that_there_are() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = fs::read_to_string(root.join("docs/federation.md")).unwrap();
    let table = page.split("## Failure cases").nth(1).unwrap();
    let rows: Vec<&str> = table.lines().filter(|line| line.starts_with("| ") && line.contains(".rs`")).collect();
    assert!(rows.len() >= 55, "{}", rows.len());
    for row in rows {
        for (file, function) in changed(row) {
            let text =
                ["src/federation/harvest", ""].iter().find_map(|folder| fs::read_to_string(root.join(folder).join(file)).ok());
            let text = text.unwrap_or_else(|| panic!("there is no {file}: {row}"));
            let has = |name: &str| ["(", "<"].iter().any(|behind| text.contains(&format!("fn {name}{behind}")));
            assert!(function.is_none_or(has), "there is no {function:?} in {file}: {row}");
        }
    }
}
