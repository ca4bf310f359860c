//! What strangers send does no harm. What the fuzzer tries for hours with a nightly compiler is tried here on the seeds and
//! on some hundred inputs made of them, so that it is known to compile, to run and to hold.

#[path = "../../fuzz/checks/changes.rs"]
mod changes;
#[path = "../../fuzz/checks/csv.rs"]
mod csv;
#[path = "../../fuzz/checks/ical.rs"]
mod ical;
#[path = "../../fuzz/checks/ndjson.rs"]
mod ndjson;
#[path = "../../fuzz/checks/postcode.rs"]
mod postcode;
#[path = "../../fuzz/checks/rrule.rs"]
mod rrule;
#[path = "../../fuzz/checks/search.rs"]
mod search;

use std::{fs, path::Path};

use proptest::{prelude::*, test_runner::TestRunner};

type Check = fn(&[u8]);

/// Each check, and how many inputs are made for it.
const CHECKS: [(&str, Check, u32); 7] = [
    ("changes", changes::check, 300),
    ("csv", csv::check, 300),
    ("ical", ical::check, 300),
    ("ndjson", ndjson::check, 300),
    ("postcode", postcode::check, 300),
    ("rrule", rrule::check, 300),
    ("search", search::check, 60),
];

fn seeds(of: &str) -> Vec<Vec<u8>> {
    let folder = Path::new("fuzz/seeds").join(of);
    let mut files: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.iter().map(|file| fs::read(file).unwrap()).collect()
}

/// A seed with up to five pieces of it replaced; now and then bytes that have nothing to do with one.
fn made_of(seeds: Vec<Vec<u8>>) -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![prop::collection::vec(any::<u8>(), 0..8), "[ -~]{0,8}".prop_map(String::into_bytes)];
    let change = (any::<prop::sample::Index>(), 0..30_usize, piece);
    let changed = (prop::sample::select(seeds), prop::collection::vec(change, 1..6)).prop_map(|(mut bytes, changes)| {
        for (at, length, piece) in changes {
            let from = at.index(bytes.len() + 1);
            let to = (from + length).min(bytes.len());
            bytes.splice(from..to, piece);
        }
        bytes
    });
    prop_oneof![1 => prop::collection::vec(any::<u8>(), 0..400), 5 => changed]
}

fn stands(name: &str) {
    let (_, check, inputs) = CHECKS.into_iter().find(|(known, ..)| *known == name).unwrap();
    let seeds = seeds(name);
    assert!(!seeds.is_empty(), "{name} has seeds");
    for seed in &seeds {
        check(seed);
    }
    let mut runner = TestRunner::new(ProptestConfig { cases: inputs, failure_persistence: None, ..ProptestConfig::default() });
    runner
        .run(&made_of(seeds), |bytes| {
            check(&bytes);
            Ok(())
        })
        .unwrap();
}

#[test]
fn pages_of_a_change_feed_do_no_harm_whatever_their_bytes() {
    stands("changes");
}

#[test]
fn spreadsheets_do_no_harm_whatever_their_bytes() {
    stands("csv");
}

#[test]
fn calendars_do_no_harm_whatever_their_bytes() {
    stands("ical");
}

#[test]
fn lines_of_json_do_no_harm_whatever_their_bytes() {
    stands("ndjson");
}

#[test]
fn postcodes_and_service_areas_do_no_harm_whatever_their_bytes() {
    stands("postcode");
}

#[test]
fn recurrence_rules_do_no_harm_whatever_their_bytes() {
    stands("rrule");
}

#[test]
fn searches_do_no_harm_whatever_their_bytes() {
    stands("search");
}

#[test]
fn every_fuzz_target_is_one_of_these_checks_and_nothing_more() {
    let mut targets: Vec<String> = fs::read_dir("fuzz/fuzz_targets")
        .unwrap()
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    targets.sort();
    assert_eq!(targets, CHECKS.map(|(name, ..)| name));
    let (manifest, guide) = (fs::read_to_string("fuzz/Cargo.toml").unwrap(), fs::read_to_string("fuzz/README.md").unwrap());
    for name in targets {
        let file = format!("fuzz_targets/{name}.rs");
        let code = fs::read_to_string(Path::new("fuzz").join(&file)).unwrap();
        let line = format!(
            "#![no_main]\n\n#[path = \"../checks/{name}.rs\"]\nmod check;\n\nlibfuzzer_sys::fuzz_target!(|bytes: &[u8]| check::check(bytes));\n"
        );
        assert!(code.starts_with("//! ") && code.split_once('\n').unwrap().1 == line, "{file}: {code}");
        assert!(manifest.contains(&format!("name = \"{name}\"\npath = \"{file}\"")), "{name} is built");
        assert!(guide.contains(&format!("cargo fuzz run {name} ")), "{name} is in fuzz/README.md");
    }
}
