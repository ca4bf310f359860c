//! What the documentation shows works as it is written.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use super::commands::{commands_of, fingerpost, helps, text};
use crate::support::fact;

/// The words of every call of the program that a page shows, be it a line of its own or within a sentence.
fn calls_of(page: &str) -> Vec<Vec<String>> {
    let lines = page.split('`').skip(1).step_by(2).flat_map(str::lines);
    let calls = lines.filter_map(|line| {
        // Settings before the call, as in FINGERPOST_DATA_DIR=/tmp/a.
        let mut words = line.split_whitespace().skip_while(|word| word.starts_with("FINGERPOST_")).peekable();
        let is_ours = |word: &&str| ["fingerpost", "fp", "$fp", "target/release/fingerpost"].contains(word);
        words.next_if(is_ours)?;
        let ends = |word: &&str| !word.starts_with(['#', '>', '<', '|', '&', ';', '\\']);
        Some(words.take_while(ends).map(|word| word.trim_matches(['[', ']']).to_owned()).collect::<Vec<_>>())
    });
    calls.filter(|words: &Vec<String>| !words.is_empty()).collect()
}

fn pages(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            pages(&path, found);
        } else if path.extension().is_some_and(|end| end == "md") {
            found.push(path);
        }
    }
}

#[test]
fn every_call_that_the_documentation_shows_is_one_that_the_program_understands() {
    let folder = tempfile::tempdir().unwrap();
    let mut helps = BTreeMap::new();
    let mut help = |command: &[String]| -> String {
        let ask = || {
            let arguments: Vec<&str> = command.iter().map(String::as_str).chain(["--help"]).collect();
            text(&fingerpost(folder.path(), &arguments).output().unwrap()).1
        };
        helps.entry(command.to_vec()).or_insert_with(ask).clone()
    };
    let mut found = vec!["README.md".into(), "SECURITY.md".into()];
    pages(Path::new("docs"), &mut found);
    let mut calls = 0;
    for page in found {
        for words in calls_of(&fs::read_to_string(&page).unwrap()) {
            calls += 1;
            let mut command: Vec<String> = Vec::new();
            for word in words.iter().take_while(|word| !word.starts_with('-')) {
                let below = commands_of(&help(&command));
                if below.is_empty() {
                    break;
                }
                assert!(below.contains(word), "{}: {words:?}: there is no {word:?} among {below:?}", page.display());
                command.push(word.clone());
            }
            let known = help(&command);
            for option in words.iter().filter(|word| word.starts_with("--")) {
                let name = option.split('=').next().unwrap();
                let is_there = known.split([' ', '\n', ',', '<', '=', '[', ']']).any(|word| word == name);
                assert!(is_there, "{}: {words:?}: {command:?} has no {name}: {known}", page.display());
            }
        }
    }
    assert!(calls > 100, "{calls} calls were found");
}

#[test]
fn every_command_stands_in_the_guide_to_commands() {
    let guide = fs::read_to_string("docs/guides/commands.md").unwrap();
    let calls: Vec<String> = calls_of(&guide).into_iter().map(|words| format!("{} ", words.join(" "))).collect();
    for (command, _) in helps().iter().filter(|(_, help)| commands_of(help).is_empty()) {
        assert!(calls.iter().any(|call| call.starts_with(&format!("{command} "))), "{command} is not in {calls:?}");
    }
}

fact! {
    async fn every_number_for_monitors_is_explained(app) {
        let pages = ["docs/guides/install.md", "docs/federation.md"].map(|page| fs::read_to_string(page).unwrap()).concat();
        app.get("/services").await;
        let numbers = app.get("/metrics").await.text();
        let names: Vec<&str> = numbers.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next()).collect();
        assert!(names.contains(&"index_position"), "{numbers}");
        let unexplained: Vec<&&str> = names.iter().filter(|name| !pages.contains(&format!("`{name}`"))).collect();
        assert!(unexplained.is_empty(), "{unexplained:?}");
    }
}
