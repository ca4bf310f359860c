//! The content of a record as it is hashed.

use serde_json::Value;

use crate::signing;

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
    /// What `data` is hashed as.
    pub(super) fn of(data: &Value) -> Result<Self, Unfit> {
        if has_inexact_number(data) {
            return Err(("inexact-number", "contains a whole number beyond 2^53, which programs read differently".to_owned()));
        }
        let canonical = signing::canonical_of(data);
        if canonical.len() > LARGEST {
            return Err(("too-large", format!("is {} bytes long; the limit is {LARGEST}", canonical.len())));
        }
        Ok(Self { hash: signing::hash_of(&canonical), canonical })
    }
}

fn has_inexact_number(value: &Value) -> bool {
    match value {
        Value::Number(number) => match (number.as_u64(), number.as_i64()) {
            (Some(whole), _) => whole > LARGEST_WHOLE,
            (None, Some(whole)) => whole.unsigned_abs() > LARGEST_WHOLE,
            (None, None) => false,
        },
        Value::Array(items) => items.iter().any(has_inexact_number),
        Value::Object(members) => members.values().any(has_inexact_number),
        _ => false,
    }
}
