//! Searches, fuzzed. What must hold stands in `checks/`, where the facts find it as well.
#![no_main]

#[path = "../checks/search.rs"]
mod check;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| check::check(bytes));
