//! What the documentation shows works as it is written.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use super::commands::{commands_of, fingerpost, text};

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
