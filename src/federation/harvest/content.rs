//! The content of a record as it is hashed.

use serde_json::Value;

use crate::{
    formats::digits::{self, Step},
    signing,
};

/// A record larger than this as canonical JSON is not taken, in bytes.
pub(super) const LARGEST: usize = 256 << 10;
/// Larger whole numbers are not the same everywhere, so what has them cannot be hashed.
const LARGEST_WHOLE: u64 = 1 << 53;

/// Why a record cannot be hashed: a name that does not change, and words.
pub(super) type Unfit = (&'static str, String);

/// A record as it is hashed.
#[derive(Clone, Debug)]
pub(super) struct Content {
    /// Canonical JSON.
    pub(super) canonical: Vec<u8>,
    /// Its hash, as statements write it.
    pub(super) hash: String,
}

impl Content {
    /// What `data` is hashed as that somebody has signed: nothing in it may be changed or left out.
    pub(super) fn signed(data: &Value) -> Result<Self, Unfit> {
        if let Some(way) = inexact_number(data) {
            let detail = format!(
                "{} is a whole number beyond 2^53, which programs read differently; nothing can be left out of what is signed, so its publisher has to send it as text",
                digits::path_of(&way)
            );
            return Err(("inexact-number", detail));
        }
        Self::told(data)
    }

    /// What `data` is hashed as that is somebody's unsigned word: what it lacks is seen to where it is read.
    pub(super) fn told(data: &Value) -> Result<Self, Unfit> {
        let canonical = signing::canonical_of(data);
        if canonical.len() > LARGEST {
            return Err(("too-large", format!("is {} bytes long; the limit is {LARGEST}", canonical.len())));
        }
        Ok(Self { hash: signing::hash_of(&canonical), canonical })
    }
}

/// Where the first whole number stands that is not the same everywhere.
fn inexact_number(value: &Value) -> Option<Vec<Step>> {
    let below = |step: Step, value: &Value| {
        let mut way = inexact_number(value)?;
        way.insert(0, step);
        Some(way)
    };
    match value {
        Value::Number(number) => {
            let whole = number.as_u64().or_else(|| number.as_i64().map(i64::unsigned_abs));
            whole.filter(|whole| *whole > LARGEST_WHOLE).map(|_| Vec::new())
        }
        Value::Array(items) => items.iter().enumerate().find_map(|(at, item)| below(Step::Item(at), item)),
        Value::Object(members) => members.iter().find_map(|(name, value)| below(Step::Member(name.clone()), value)),
        _ => None,
    }
}
