//! A postcode directory in memory, as its rows come in, and what of it goes into the database: a
//! row for each sector with its postcodes, a row for each outcode with its centre.
//!
//! The whole country's 1.8 million postcodes take some 150 MB here for as long as the import runs.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{
    packed::{self, Micro, Unit},
    rows::is_area_code,
};
use crate::model::whereabouts::{Outcode, Postcode};

/// More codes than any postcode has areas.
const MOST_CODES: usize = 50;
/// The kingdom has some 20,000 combinations of areas. What comes after so many, in a file made to
/// harm, has none.
const MOST_COMBINATIONS: usize = 200_000;
/// The place of a postcode's outcode, padded, of its digit and of its last two letters in a key.
const OUTCODE: usize = 4;
const SECTOR: usize = 5;

/// A postcode as seven characters, the outcode padded to four: postcodes in order of their keys
/// stand sector by sector and outcode by outcode.
type Key = [u8; 7];

struct Entry {
    key: Key,
    at: Micro,
    areas: u32,
}

/// See the module.
#[derive(Default)]
pub(super) struct Directory {
    entries: Vec<Entry>,
    outcodes: BTreeMap<Outcode, (Micro, u32)>,
    combinations: Combinations,
}

/// A sector or outcode, as it goes into the database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Named {
    pub(super) name: String,
    pub(super) at: Micro,
    /// Codes of areas, a blank between them, in order.
    pub(super) areas: String,
    /// Its postcodes, packed; empty for an outcode.
    pub(super) units: Vec<u8>,
}

/// What goes into the database, and how much it is.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Laid {
    pub(super) rows: Vec<Named>,
    pub(super) postcodes: u64,
    pub(super) outcodes: u64,
    pub(super) repeated: u64,
}

/// Combinations of areas: few thousand for all the postcodes, so each is kept once.
#[derive(Default)]
struct Combinations {
    /// By the cells as they stood in the row.
    known: HashMap<Vec<u8>, u32>,
    by_text: HashMap<String, u32>,
    texts: Vec<String>,
    raw: Vec<u8>,
}

impl Combinations {
    fn number<'a>(&mut self, cells: impl Iterator<Item = &'a str> + Clone) -> u32 {
        self.raw.clear();
        for cell in cells.clone() {
            self.raw.extend(cell.as_bytes());
            self.raw.push(0);
        }
        if let Some(number) = self.known.get(&self.raw) {
            return *number;
        }
        let codes: BTreeSet<&str> = cells
            .flat_map(|cell| cell.split(|c: char| !c.is_ascii_alphanumeric()))
            .filter(|code| is_area_code(code))
            .take(MOST_CODES)
            .collect();
        let text = codes.into_iter().collect::<Vec<_>>().join(" ");
        if self.texts.len() >= MOST_COMBINATIONS && !self.by_text.contains_key(&text) {
            return u32::MAX;
        }
        let number = *self.by_text.entry(text.clone()).or_insert_with(|| {
            self.texts.push(text);
            u32::try_from(self.texts.len() - 1).expect("fewer combinations than rows, which are bounded")
        });
        if self.known.len() < MOST_COMBINATIONS {
            self.known.insert(self.raw.clone(), number);
        }
        number
    }

    fn text(&self, number: u32) -> &str {
        self.texts.get(number as usize).map_or("", String::as_str)
    }

    /// Every code of these combinations, in order.
    fn union(&self, numbers: impl Iterator<Item = u32>) -> String {
        let numbers: BTreeSet<u32> = numbers.collect();
        let codes: BTreeSet<&str> = numbers.iter().flat_map(|number| self.text(*number).split_whitespace()).collect();
        codes.into_iter().collect::<Vec<_>>().join(" ")
    }
}

impl Directory {
    /// How many rows were taken.
    pub(super) fn len(&self) -> usize {
        self.entries.len() + self.outcodes.len()
    }

    pub(super) fn postcode<'a>(&mut self, postcode: &Postcode, at: Micro, areas: impl Iterator<Item = &'a str> + Clone) {
        let mut key = [b' '; 7];
        let outcode = postcode.outcode().as_bytes();
        key[..outcode.len()].copy_from_slice(outcode);
        key[OUTCODE..].copy_from_slice(&postcode.as_str().as_bytes()[outcode.len() + 1..]);
        self.entries.push(Entry { key, at, areas: self.combinations.number(areas) });
    }

    /// False when this outcode was there before; the first stands.
    pub(super) fn outcode<'a>(&mut self, outcode: Outcode, at: Micro, areas: impl Iterator<Item = &'a str> + Clone) -> bool {
        let areas = self.combinations.number(areas);
        let known = self.outcodes.len();
        self.outcodes.entry(outcode).or_insert((at, areas));
        self.outcodes.len() > known
    }

    /// Sort it into sectors and outcodes. Of a postcode that is there twice, the first stands.
    pub(super) fn lay_out(mut self) -> Laid {
        let all = self.entries.len();
        self.entries.sort_by_key(|entry| entry.key);
        self.entries.dedup_by_key(|entry| entry.key);
        let mut laid =
            Laid { postcodes: self.entries.len() as u64, repeated: (all - self.entries.len()) as u64, ..Laid::default() };
        for outcode in self.entries.chunk_by(|a, b| a.key[..OUTCODE] == b.key[..OUTCODE]) {
            for sector in outcode.chunk_by(|a, b| a.key[..SECTOR] == b.key[..SECTOR]) {
                laid.rows.push(self.sector(sector));
            }
            let name = text(&outcode[0].key[..OUTCODE]);
            let given = name.parse().ok().and_then(|outcode: Outcode| self.outcodes.remove(&outcode));
            let areas = outcode.iter().map(|entry| entry.areas).chain(given.map(|(_, areas)| areas));
            let areas = self.combinations.union(areas);
            // A centre that the file names is better than one that is computed.
            let at = given.map_or_else(|| centre(outcode), |(at, _)| at);
            laid.rows.push(Named { name, at, areas, units: Vec::new() });
            laid.outcodes += 1;
        }
        for (outcode, (at, areas)) in &self.outcodes {
            let areas = self.combinations.text(*areas).to_owned();
            laid.rows.push(Named { name: outcode.to_string(), at: *at, areas, units: Vec::new() });
            laid.outcodes += 1;
        }
        laid
    }

    fn sector(&self, entries: &[Entry]) -> Named {
        let key = entries[0].key;
        let units: Vec<Unit<'_>> = entries
            .iter()
            .map(|entry| Unit {
                letters: [entry.key[SECTOR], entry.key[SECTOR + 1]],
                at: entry.at,
                areas: self.combinations.text(entry.areas),
            })
            .collect();
        Named {
            name: format!("{} {}", text(&key[..OUTCODE]), char::from(key[OUTCODE])),
            at: centre(entries),
            areas: self.combinations.union(entries.iter().map(|entry| entry.areas)),
            units: packed::pack(&units),
        }
    }
}

fn text(padded: &[u8]) -> String {
    String::from_utf8_lossy(padded).trim_end().to_owned()
}

/// The mean of their positions.
fn centre(entries: &[Entry]) -> Micro {
    let count = i64::try_from(entries.len()).unwrap_or(i64::MAX).max(1);
    let mean = |of: fn(&Micro) -> i32| {
        let sum: i64 = entries.iter().map(|entry| i64::from(of(&entry.at))).sum();
        i32::try_from(sum.div_euclid(count)).expect("a mean of numbers is between them")
    };
    Micro { latitude: mean(|at| at.latitude), longitude: mean(|at| at.longitude) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(latitude: i32, longitude: i32) -> Micro {
        Micro { latitude, longitude }
    }

    fn directory(postcodes: &[(&str, Micro, &[&str])]) -> Directory {
        let mut directory = Directory::default();
        for (postcode, at, areas) in postcodes {
            directory.postcode(&postcode.parse().unwrap(), *at, areas.iter().copied());
        }
        directory
    }

    #[test]
    fn postcodes_are_laid_out_by_sector_and_outcode_with_their_centres() {
        let laid = directory(&[
            ("LU1 2AB", at(51_880_000, -410_000), &["E06000032", "E05000001", "E99999999", ""]),
            ("LU1 3AA", at(51_860_000, -400_000), &["E06000056"]),
            ("LU1 2AA", at(51_870_000, -420_000), &["E06000032", "E05000002"]),
            ("LU1 2AA", at(0, 0), &[]),
            ("LU11 2AA", at(51_000_000, 0), &[]),
        ])
        .lay_out();
        let rows: Vec<(&str, Micro, &str)> =
            laid.rows.iter().map(|row| (row.name.as_str(), row.at, row.areas.as_str())).collect();
        assert_eq!(
            rows,
            [
                ("LU1 2", at(51_875_000, -415_000), "E05000001 E05000002 E06000032"),
                ("LU1 3", at(51_860_000, -400_000), "E06000056"),
                ("LU1", at(51_870_000, -410_000), "E05000001 E05000002 E06000032 E06000056"),
                ("LU11 2", at(51_000_000, 0), ""),
                ("LU11", at(51_000_000, 0), ""),
            ]
        );
        assert_eq!((laid.postcodes, laid.outcodes, laid.repeated), (4, 2, 1));
        let found = packed::find(&laid.rows[0].units, *b"AB").unwrap();
        assert_eq!((found.at, found.areas), (at(51_880_000, -410_000), "E05000001 E06000032"));
    }

    #[test]
    fn a_centre_that_is_given_goes_before_one_that_is_computed() {
        let mut directory = directory(&[("LU1 2AA", at(51_870_000, -420_000), &["E06000032"])]);
        assert!(directory.outcode("LU1".parse().unwrap(), at(51_900_000, -400_000), ["E06000056"].into_iter()));
        assert!(directory.outcode("LU2".parse().unwrap(), at(51_950_000, -400_000), [].into_iter()));
        assert!(!directory.outcode("LU2".parse().unwrap(), at(0, 0), [].into_iter()), "the first stands");
        let laid = directory.lay_out();
        let outcodes: Vec<_> = laid
            .rows
            .iter()
            .filter(|row| row.units.is_empty())
            .map(|row| (row.name.as_str(), row.at.latitude, row.areas.as_str()))
            .collect();
        assert_eq!(outcodes, [("LU1", 51_900_000, "E06000032 E06000056"), ("LU2", 51_950_000, "")]);
    }
}
