//! A form that somebody sent when their session was over, kept until they have signed in again.
//!
//! It is sealed with a key that follows from the cookie of the browser it came from, and opened only for whoever
//! the session belonged to. So the database tells nobody what was written, and whoever signs in next on the same
//! phone does not get it. A browser has one such form, for a day.

use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD};
use chrono::Duration;
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{Error, Hashed, Identity, PersonId, Secret};

/// It is kept for so long.
const KEPT: Duration = Duration::days(1);

/// A form as a browser sent it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SentForm {
    /// Where it went: a path of ours.
    pub path: String,
    /// Its fields, in their order.
    pub fields: Vec<(String, String)>,
}

impl Identity {
    /// Keep a form that came with the cookie of a session that is over. False, and nothing is kept, where this was
    /// never a session on this browser.
    /// # Errors
    /// When the database fails.
    pub async fn keep_form(&self, session: &Secret, browser: &Secret, form: &SentForm) -> Result<bool, Error> {
        let Some(person) = self.whose_session_was(session, browser).await? else { return Ok(false) };
        let tx = self.write().await?;
        self.keep_state(&tx, &place(browser), &seal(browser, person, form), self.clock.now() + KEPT).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// The form that is kept for somebody on this browser. Reading it does not take it out: a page may be loaded twice.
    /// # Errors
    /// When the database fails.
    pub async fn kept_form(&self, browser: &Secret, person: PersonId) -> Result<Option<SentForm>, Error> {
        let sealed = self.read_state(&place(browser)).await?;
        Ok(sealed.and_then(|sealed| open(browser, person, &sealed)))
    }

    /// Forget the form that is kept for whoever has this session on this browser, if it went to `path`: it has been
    /// sent again, and was taken.
    /// # Errors
    /// When the database fails.
    pub async fn forget_form(&self, session: &Secret, browser: &Secret, path: &str) -> Result<(), Error> {
        let Some(sealed) = self.read_state(&place(browser)).await? else { return Ok(()) };
        let Some((person, ..)) = self.signed_in(session).await? else { return Ok(()) };
        if open(browser, person.id, &sealed).is_some_and(|form| form.path == path) {
            let tx = self.write().await?;
            self.take_state(&tx, &place(browser)).await?;
            tx.commit().await?;
        }
        Ok(())
    }
}

/// Under which name it is kept.
fn place(browser: &Secret) -> Hashed {
    browser.hashed_for("a form that was kept")
}

fn key(browser: &Secret) -> LessSafeKey {
    let bytes: [u8; 32] = Sha256::digest(format!("the key of a form that was kept\n{}", browser.as_str())).into();
    LessSafeKey::new(UnboundKey::new(&CHACHA20_POLY1305, &bytes).expect("the key has 32 bytes"))
}

fn seal(browser: &Secret, person: PersonId, form: &SentForm) -> String {
    let mut nonce = [0; NONCE_LEN];
    getrandom::fill(&mut nonce).expect("the operating system gives randomness");
    let mut bytes = serde_json::to_vec(form).expect("it is made of texts");
    let whose = Aad::from(person.0.as_bytes());
    key(browser)
        .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), whose, &mut bytes)
        .expect("a form is shorter than what the cipher takes");
    STANDARD_NO_PAD.encode([&nonce[..], &bytes].concat())
}

/// What was sealed; none for another person or with another browser's cookie.
fn open(browser: &Secret, person: PersonId, sealed: &str) -> Option<SentForm> {
    let bytes = STANDARD_NO_PAD.decode(sealed).ok()?;
    let (nonce, sealed) = bytes.split_at_checked(NONCE_LEN)?;
    let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
    let mut sealed = sealed.to_vec();
    let form = key(browser).open_in_place(nonce, Aad::from(person.0.as_bytes()), &mut sealed).ok()?;
    serde_json::from_slice(form).ok()
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_sealed_form_opens_for_its_author_on_their_browser_and_for_nobody_else() {
        let (browser, author) = (Secret::new(), PersonId(Uuid::from_u128(1)));
        let form = SentForm {
            path: "/account/listings/1/times".to_owned(),
            fields: vec![("note".to_owned(), "Ring the bell".to_owned())],
        };
        let sealed = seal(&browser, author, &form);
        assert!(!sealed.contains("bell") && sealed != seal(&browser, author, &form));
        assert_eq!(open(&browser, author, &sealed), Some(form));
        assert_eq!(open(&Secret::new(), author, &sealed), None);
        assert_eq!(open(&browser, PersonId(Uuid::from_u128(2)), &sealed), None);
        for damaged in ["", "AAAA", "not base64!", &sealed[2..]] {
            assert_eq!(open(&browser, author, damaged), None, "{damaged}");
        }
    }
}
