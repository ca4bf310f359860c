//! What is said where a change needs a call back first: the same words for every command.

use crate::editing::KnownNumber;

/// How somebody makes sure, by which of the numbers that were known before.
pub(super) fn how_to_make_sure(known: &[KnownNumber]) -> String {
    let numbers: Vec<&str> = known.iter().map(|one| one.number.as_str()).collect();
    let numbers = if numbers.is_empty() { "none".to_owned() } else { numbers.join(", ") };
    format!("Say with --called which of the known numbers you phoned ({numbers}), or with --otherwise how else you made sure")
}
