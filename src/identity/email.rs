//! Email addresses as names of people.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::model::personal::is_everybodys_domain;

/// The address of one mailbox, in the one form in which we compare: lower case, the domain in ASCII.
///
/// Names of mailboxes may differ in case by the standard and never do in practice. Look-alikes from
/// other alphabets are refused before the `@`, and stand as `xn--…` behind it, where people see them.
///
/// ```
/// use fingerpost::identity::Email;
/// let email: Email = " Amina@Pantry.Example.org ".parse().unwrap();
/// assert_eq!(email.as_str(), "amina@pantry.example.org");
/// assert!("аmina@pantry.example.org".parse::<Email>().is_err(), "that а is Cyrillic");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Email(String);

/// What is wrong with a text that should be an email address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAnEmail {
    /// There is none.
    #[error("enter an email address")]
    Missing,
    /// It has no name, no `@` or no domain with a dot.
    #[error("enter an email address in the form name@example.org")]
    Shape,
    /// Letters in it can be mistaken for others.
    #[error("the part before the @ has a letter that we cannot use; use plain letters and digits")]
    Letters,
    /// It is longer than mail allows.
    #[error("the email address is too long")]
    Long,
}

impl FromStr for Email {
    type Err = NotAnEmail;

    fn from_str(text: &str) -> Result<Self, NotAnEmail> {
        let text = text.trim();
        if text.is_empty() {
            return Err(NotAnEmail::Missing);
        }
        let (name, domain) = text.rsplit_once('@').ok_or(NotAnEmail::Shape)?;
        if !name.is_ascii() {
            return Err(NotAnEmail::Letters);
        }
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+/=?^_`{|}~.-".contains(&b);
        let dots = name.starts_with('.') || name.ends_with('.') || name.contains("..");
        if name.is_empty() || dots || !name.bytes().all(allowed) {
            return Err(NotAnEmail::Shape);
        }
        let Ok(url::Host::Domain(domain)) = url::Host::parse(domain) else { return Err(NotAnEmail::Shape) };
        let labels = || domain.split('.');
        let label_is_right = |label: &str| {
            !label.is_empty()
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        };
        if labels().count() < 2 || !labels().all(label_is_right) {
            return Err(NotAnEmail::Shape);
        }
        if name.len() > 64 || name.len() + 1 + domain.len() > 254 {
            return Err(NotAnEmail::Long);
        }
        Ok(Self(format!("{}@{domain}", name.to_ascii_lowercase())))
    }
}

impl TryFrom<String> for Email {
    type Error = NotAnEmail;
    fn try_from(text: String) -> Result<Self, NotAnEmail> {
        text.parse()
    }
}

impl From<Email> for String {
    fn from(email: Email) -> Self {
        email.0
    }
}

impl Email {
    /// The address.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What stands behind the `@`.
    pub fn domain(&self) -> &str {
        self.0.rsplit_once('@').map_or("", |(_, domain)| domain)
    }

    /// Whether anybody can have an address in this domain, so that sharing it proves nothing.
    pub fn is_generic(&self) -> bool {
        is_everybodys_domain(self.domain())
    }

    /// The address with most of its name hidden: `a…@example.org`.
    pub fn masked(&self) -> String {
        format!("{}…@{}", self.0.chars().next().unwrap_or_default(), self.domain())
    }
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parse(text: &str) -> Result<String, NotAnEmail> {
        text.parse::<Email>().map(String::from)
    }

    #[test]
    fn the_same_mailbox_is_the_same_text() {
        for text in ["amina@example.org", "AMINA@example.org", "Amina@EXAMPLE.ORG ", "amina@ｅｘａｍｐｌｅ.org"] {
            assert_eq!(parse(text).as_deref(), Ok("amina@example.org"), "{text}");
        }
        assert_eq!(parse("o'brien+pantry@münchen.example").as_deref(), Ok("o'brien+pantry@xn--mnchen-3ya.example"));
    }

    #[test]
    fn what_could_end_up_in_another_header_or_mailbox_is_refused() {
        let hostile = [
            "a@b",
            "a",
            "@example.org",
            "a@",
            "a b@example.org",
            "a@example.org\nBcc: b@example.org",
            "a@example.org,b@example.org",
            "\"a b\"@example.org",
            "a@[127.0.0.1]",
            "a@127.0.0.1",
            "<a@example.org>",
            "a@example..org",
            ".a@example.org",
            "a..b@example.org",
            "a@-example.org",
            "a\0@example.org",
            "а@example.org",
            "a@b@example.org",
            "a;b@example.org",
        ];
        for text in hostile {
            assert!(parse(text).is_err(), "{text:?}");
        }
        assert_eq!(parse(&format!("{}@example.org", "a".repeat(65))), Err(NotAnEmail::Long));
    }

    #[test]
    fn a_shared_provider_is_known_as_one() {
        for text in ["a@gmail.com", "a@GMAIL.com", "a@yahoo.fr", "a@hotmail.co.uk"] {
            assert!(text.parse::<Email>().unwrap().is_generic(), "{text}");
        }
        assert!(!"a@pantry.example.org".parse::<Email>().unwrap().is_generic());
    }

    proptest! {
        #[test]
        fn what_is_taken_stays_as_it_is(text in "[a-zA-Z.+'@ -]{1,12}@[a-zA-Zé.-]{1,12}") {
            if let Ok(email) = text.parse::<Email>() {
                prop_assert_eq!(parse(email.as_str()), Ok(email.as_str().to_owned()));
                prop_assert!(email.as_str().bytes().all(|b| b.is_ascii_graphic() && !b.is_ascii_uppercase()));
            }
        }
    }
}
