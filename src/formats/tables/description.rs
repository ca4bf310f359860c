//! What a package says of its files (`datapackage.json`). Only files of the package itself count: a path that
//! leads out of it is refused.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Package, Problem, file_name, folder_of, known, stem};
use crate::{
    formats::{archive::leads_elsewhere, json},
    model::text::shorten,
};

/// A description may name at most so many files: a zip may have no more either.
const MOST_FILES: usize = 1_000;

/// A file that the description names.
#[derive(Debug)]
pub(super) struct Described {
    /// Its path, with the folder of the description before it.
    pub(super) path: String,
    /// What the description calls it.
    pub(super) name: String,
}

impl Described {
    pub(super) fn is(&self, path: &str) -> bool {
        self.path.eq_ignore_ascii_case(path)
    }

    /// Whether the file has that name, in whatever folder: many describe a folder, and then send the files without it.
    pub(super) fn is_called(&self, file: &str) -> bool {
        file_name(&self.path).eq_ignore_ascii_case(file)
    }
}

impl Package {
    /// Take the description of a package, a file of it, which may call the other ones what it likes, cut one table
    /// into several, and keep them in folders.
    pub fn describe(&mut self, file: &str, description: &[u8]) {
        let description = match json::parse(description) {
            Ok(description) => description,
            Err(malformed) => {
                self.pass_over(file, &format!("is not valid JSON, so it names no files: {malformed}"));
                return;
            }
        };
        let mut named = 0;
        for resource in description.get("resources").and_then(Value::as_array).into_iter().flatten() {
            let name = resource.get("name").and_then(Value::as_str).unwrap_or_default();
            let path = resource.get("path");
            let one = path.and_then(Value::as_str);
            let several = path.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
            for path in one.into_iter().chain(several) {
                named += 1;
                if named > MOST_FILES {
                    self.pass_over(file, &format!("names more than {MOST_FILES} files; only those were looked for"));
                    return;
                }
                self.describe_file(file, name, path);
            }
        }
    }

    fn describe_file(&mut self, description: &str, name: &str, path: &str) {
        let wrong = if path.contains("://") {
            Some("is an address on the web, and an import fetches nothing: put the file into the package")
        } else if leads_elsewhere(path) {
            Some("leads outside the package, so it was not read")
        } else {
            None
        };
        if let Some(wrong) = wrong {
            let of = known::by_name(stem(path)).or(known::by_name(name));
            let rejected = of.is_some_and(|known| known.name == "service");
            let reason = format!("the file {:?} {wrong}", shorten(path, 80));
            self.problems.push(Problem { file: file_name(description).to_owned(), line: 0, reason, rejected });
            return;
        }
        let folders = folder_of(description).split('/').chain(path.split('/'));
        let parts: Vec<&str> = folders.filter(|part| !part.is_empty() && *part != ".").collect();
        self.described.push(Described { path: parts.join("/"), name: name.to_owned() });
    }

    /// The folders in which the files lie that the description names, as it writes them.
    pub fn folders(&self) -> BTreeSet<String> {
        self.described.iter().map(|described| folder_of(&described.path).to_owned()).collect()
    }

    /// Those of these files that the description names. Which it names besides is said of it.
    pub fn described_among<'a>(&mut self, names: &[&'a str], description: &str) -> Vec<&'a str> {
        let is_there = |described: &Described| names.iter().any(|name| described.is_called(file_name(name)));
        let missing: Vec<&str> =
            self.described.iter().filter(|described| !is_there(described)).map(|described| described.path.as_str()).collect();
        let missing = shorten(&missing.join(", "), 200);
        let found = names.iter().copied().filter(|name| self.described.iter().any(|described| described.is(name))).collect();
        if !missing.is_empty() {
            self.pass_over(description, &format!("names files that are not here, or not as CSV: {missing}"));
        }
        found
    }
}
