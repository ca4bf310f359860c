//! Secrets that somebody holds and we only recognise.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest as _, Sha256};

/// 256 random bits as 43 characters that can stand in an address, a cookie or a header. Shown to
/// whoever it is for, once; never logged.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

/// What is kept of a [`Secret`]: its SHA-256. Guessing a secret of 256 bits from it is hopeless, so no
/// salt and no slow hash are needed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Hashed(pub(super) String);

impl Secret {
    /// A new one, from the operating system's randomness.
    /// # Panics
    /// When the operating system has no randomness to give.
    pub fn new() -> Self {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).expect("the operating system gives randomness");
        Self(URL_SAFE_NO_PAD.encode(bytes))
    }

    /// One that somebody presents; `None` when it cannot be one of ours.
    pub fn presented(text: &str) -> Option<Self> {
        let looks_right = text.len() == 43 && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
        looks_right.then(|| Self(text.to_owned()))
    }

    /// The secret that follows from this one and another, for one use: only who holds both can make it.
    #[must_use]
    pub fn with(&self, other: &Self, purpose: &str) -> Self {
        Self(URL_SAFE_NO_PAD.encode(Sha256::digest(format!("{purpose}\n{}\n{}", self.0, other.0))))
    }

    /// The characters.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What is kept of it.
    pub fn hashed(&self) -> Hashed {
        self.hashed_for("")
    }

    /// Another hash of it for another use, from which neither the secret nor its other hashes follow.
    pub fn hashed_for(&self, purpose: &str) -> Hashed {
        Hashed::of(&format!("{purpose}\n{}", self.0))
    }
}

impl Default for Secret {
    fn default() -> Self {
        Self::new()
    }
}

/// Not its characters.
impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl Hashed {
    /// The hash of a text.
    pub(super) fn of(text: &str) -> Self {
        Self(hex::encode(Sha256::digest(text)))
    }

    /// As lower-case hexadecimal digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether `text` is this hash, in a time that does not tell how much of it is right.
    pub fn is(&self, text: &str) -> bool {
        let difference = self.0.bytes().zip(text.bytes()).fold(self.0.len() ^ text.len(), |sum, (a, b)| sum | usize::from(a ^ b));
        difference == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_recognised_and_never_printed() {
        let secret = Secret::new();
        assert_eq!(Secret::presented(secret.as_str()), Some(secret.clone()));
        assert!(!format!("{secret:?}").contains(secret.as_str()));
        assert_ne!(secret.hashed(), Secret::new().hashed());
        assert_ne!(secret.hashed(), secret.hashed_for("a form"));
        assert!(secret.hashed().is(secret.hashed().as_str()));
        assert!(!secret.hashed().is(secret.hashed_for("a form").as_str()));
    }

    #[test]
    fn what_follows_from_two_secrets_follows_from_no_others() {
        let [one, other, third] = [Secret::new(), Secret::new(), Secret::new()];
        let both = one.with(&other, "a session");
        assert_eq!(Secret::presented(both.as_str()), Some(both.clone()));
        assert_eq!(one.with(&other, "a session"), both);
        for different in [other.with(&one, "a session"), one.with(&third, "a session"), one.with(&other, "a form")] {
            assert_ne!(different, both);
        }
    }

    #[test]
    fn what_cannot_be_one_of_ours_is_not_looked_up() {
        for text in ["", "short", &"a".repeat(44), &"é".repeat(43), &format!("{}'", "a".repeat(42))] {
            assert_eq!(Secret::presented(text), None, "{text}");
        }
    }
}
