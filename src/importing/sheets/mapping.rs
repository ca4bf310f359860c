//! The mapping file of a spreadsheet: which heading means which column, what is the same for every
//! row, what an empty cell stands for.

use std::collections::{BTreeMap, HashMap};

use serde::Deserialize;

use super::columns::{self, COLUMNS};
use crate::model::{
    text::{clean, fold, shorten},
    tidy::Dropped,
};

/// A heading that means nothing to us.
pub(super) const IGNORE: &str = "ignore";

/// A mapping file, read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Mapping {
    /// Columns by headings; `None` for those to ignore.
    headings: BTreeMap<String, Option<&'static str>>,
    constants: HashMap<&'static str, String>,
    defaults: HashMap<&'static str, String>,
}

/// The file as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    columns: BTreeMap<String, String>,
    #[serde(default)]
    constants: BTreeMap<String, toml::Value>,
    #[serde(default)]
    defaults: BTreeMap<String, toml::Value>,
}

/// What a mapping makes of a heading.
#[derive(Debug, Default)]
pub(super) struct Mapped {
    pub(super) at: HashMap<&'static str, usize>,
    pub(super) constants: HashMap<&'static str, String>,
    pub(super) defaults: HashMap<&'static str, String>,
    /// Headings that it does not mention.
    pub(super) unmentioned: Vec<Dropped>,
}

impl Mapping {
    /// Read a mapping file.
    /// # Errors
    /// What is wrong with it, naming the key.
    ///
    /// ```
    /// use fingerpost::importing::Mapping;
    /// assert!(Mapping::parse("[columns]\n\"Group\" = \"organisation\"\n\"Colour\" = \"ignore\"").is_ok());
    /// let wrong = Mapping::parse("[columns]\n\"Group\" = \"organizer\"").unwrap_err();
    /// assert!(wrong.starts_with("columns.\"Group\": \"organizer\" is not a column"));
    /// ```
    pub fn parse(text: &str) -> Result<Self, String> {
        let file: File = toml::from_str(text).map_err(|error| {
            let line = error.span().map_or(1, |span| text[..span.start.min(text.len())].matches('\n').count() + 1);
            format!("line {line}: {}", error.message().trim().replace('\n', ", "))
        })?;
        let mut mapping = Self::default();
        let mut taken: HashMap<&'static str, String> = HashMap::new();
        let mut take = |name: &'static str, key: &str| match taken.insert(name, key.to_owned()) {
            Some(first) => Err(format!("{key}: {first} is already mapped to {name}; remove one of them")),
            None => Ok(()),
        };
        for (heading, name) in file.columns {
            let key = format!("columns.{heading:?}");
            let column = if name == IGNORE { None } else { Some(column(&key, &name)?) };
            if let Some(name) = column {
                take(name, &key)?;
            }
            mapping.headings.insert(heading, column);
        }
        for (name, value) in file.constants {
            let key = format!("constants.{name}");
            let name = column(&key, &name)?;
            take(name, &key)?;
            mapping.constants.insert(name, words(&key, value)?);
        }
        for (name, value) in file.defaults {
            let key = format!("defaults.{name}");
            let name = column(&key, &name)?;
            if mapping.constants.contains_key(name) {
                return Err(format!("{key}: constants.{name} fills every row, so none of its cells is empty"));
            }
            mapping.defaults.insert(name, words(&key, value)?);
        }
        Ok(mapping)
    }

    /// Find the columns of a sheet by its heading.
    pub(super) fn apply(&self, heading: &[String]) -> Result<Mapped, String> {
        let mut mapped = Mapped { constants: self.constants.clone(), defaults: self.defaults.clone(), ..Mapped::default() };
        let mut mentioned = vec![false; heading.len()];
        for (wanted, column) in &self.headings {
            let key = format!("columns.{wanted:?}");
            let place = place_of(heading, wanted).map_err(|reason| format!("{key}: {reason}"))?;
            if std::mem::replace(&mut mentioned[place], true) {
                return Err(format!("{key}: another key already maps this heading"));
            }
            if let Some(name) = column {
                mapped.at.insert(name, place);
            }
        }
        mapped.unmentioned = heading
            .iter()
            .zip(mentioned)
            .filter(|(heading, mentioned)| !mentioned && !heading.is_empty())
            .map(|(heading, _)| Dropped {
                path: shorten(heading, 60),
                reason: "the mapping does not mention this heading, so the column is ignored".to_owned(),
            })
            .collect();
        let filled = |name: &str| {
            mapped.at.contains_key(name) || mapped.constants.contains_key(name) || mapped.defaults.contains_key(name)
        };
        for required in columns::REQUIRED {
            if !filled(required) {
                return Err(format!(
                    "the mapping does not say what the {required} is: add a heading under [columns], or a value under [constants]"
                ));
            }
        }
        Ok(mapped)
    }
}

/// Where in the heading a key's column stands: by its words, or by its number ("#3").
fn place_of(heading: &[String], wanted: &str) -> Result<usize, String> {
    if let Some(number) = wanted.strip_prefix('#').and_then(|number| number.parse::<usize>().ok()) {
        return if (1..=heading.len()).contains(&number) {
            Ok(number - 1)
        } else {
            Err(format!("the sheet has {} columns", heading.len()))
        };
    }
    let mut places = heading.iter().enumerate().filter(|(_, cell)| fold(cell) == fold(wanted)).map(|(place, _)| place);
    match (places.next(), places.next()) {
        (Some(place), None) => Ok(place),
        (Some(first), Some(_)) => {
            Err(format!("several headings of the sheet have this name; give the column by number, such as \"#{}\"", first + 1))
        }
        (None, _) => {
            let known: Vec<String> =
                heading.iter().filter(|cell| !cell.is_empty()).map(|cell| format!("{:?}", shorten(cell, 40))).collect();
            Err(format!("the sheet does not have this heading; its headings are {}", known.join(", ")))
        }
    }
}

fn column(key: &str, name: &str) -> Result<&'static str, String> {
    COLUMNS
        .iter()
        .find(|column| column.name == name)
        .map(|column| column.name)
        .ok_or_else(|| format!("{key}: {name:?} is not a column; choose one of {}, or {IGNORE}", columns::names()))
}

fn words(key: &str, value: toml::Value) -> Result<String, String> {
    match value {
        toml::Value::String(text) => Ok(clean(&text)),
        toml::Value::Integer(number) => Ok(number.to_string()),
        toml::Value::Float(number) => Ok(number.to_string()),
        other => Err(format!("{key}: expected text, found {}", other.type_str())),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn wrong_mappings_name_the_key() {
        for (text, expected) in [
            ("[colums]\n", "line 1: unknown field `colums`, expected one of `columns`, `constants`, `defaults`"),
            ("[columns]\n\"A\" = 5\n", "line 2: invalid type: integer `5`, expected a string"),
            (
                "[columns]\n\"A\" = \"phone\"\n\"B\" = \"phone\"\n",
                "columns.\"B\": columns.\"A\" is already mapped to phone; remove one of them",
            ),
            (
                "[columns]\n\"A\" = \"city\"\n[constants]\ncity = \"Luton\"\n",
                "constants.city: columns.\"A\" is already mapped to city; remove one of them",
            ),
            ("[constants]\ncity = [1]\n", "constants.city: expected text, found array"),
            (
                "[constants]\ncity = \"Luton\"\n[defaults]\ncity = \"Luton\"\n",
                "defaults.city: constants.city fills every row, so none of its cells is empty",
            ),
        ] {
            assert_eq!(Mapping::parse(text).unwrap_err(), expected, "{text}");
        }
        assert!(
            Mapping::parse("[defaults]\ncolour = \"red\"")
                .unwrap_err()
                .starts_with("defaults.colour: \"colour\" is not a column; choose one of id, organisation,")
        );
        assert!(Mapping::parse("columns = {").unwrap_err().starts_with("line 1: "));
        let heading = ["Group", "Phone", "phone", ""].map(str::to_owned);
        let applied = |text: &str| Mapping::parse(text).unwrap().apply(&heading).map(|mapped| mapped.at).unwrap_err();
        assert_eq!(
            applied("[columns]\n\"Grop\" = \"organisation\""),
            "columns.\"Grop\": the sheet does not have this heading; its headings are \"Group\", \"Phone\", \"phone\""
        );
        assert_eq!(
            applied("[columns]\n\"Phone\" = \"phone\""),
            "columns.\"Phone\": several headings of the sheet have this name; give the column by number, such as \"#2\""
        );
        assert_eq!(applied("[columns]\n\"#9\" = \"phone\""), "columns.\"#9\": the sheet has 4 columns");
        assert_eq!(
            applied("[columns]\n\"#1\" = \"phone\"\n\"group\" = \"service\""),
            "columns.\"group\": another key already maps this heading"
        );
        assert!(applied("[columns]\n\"Group\" = \"service\"").starts_with("the mapping does not say what the organisation is"));
    }

    proptest! {
        #[test]
        fn no_mapping_makes_it_panic(text in "(\\[columns\\]|\\[constants\\]|\n|=|\"|[a-zé#1]|[{}]){0,40}") {
            let _ = Mapping::parse(&text);
        }
    }
}
