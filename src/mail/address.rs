//! Where a letter can go to: one mailbox, or one telephone that takes text messages.

use lettre::Address;
use url::Host;

/// The longest address that mail can be sent to. Source: RFC 5321, section 4.5.3.1.3, without its brackets.
const LONGEST: usize = 254;

/// The mailbox that `text` names, with its domain as mail servers know it (lower case, `xn--`);
/// none where it is not exactly one mailbox. A quoted name and an address in place of a domain are
/// refused: people have neither, and both have been used to get something past a mail server.
///
/// ```
/// use fingerpost::mail::address;
/// assert_eq!(address(" Pantry@Lark-Hill.Example.ORG ").as_deref(), Some("Pantry@lark-hill.example.org"));
/// assert_eq!(address("a@example.org, b@example.org"), None);
/// assert_eq!(address("a@example.org\r\nBcc: b@example.org"), None);
/// ```
pub fn address(text: &str) -> Option<String> {
    mailbox(text).map(|mailbox| mailbox.to_string())
}

pub(super) fn mailbox(text: &str) -> Option<Address> {
    let text = text.trim();
    if text.len() > LONGEST || text.contains(|c: char| c.is_control() || c.is_whitespace() || "\"<>(),:;[]\\".contains(c)) {
        return None;
    }
    let (user, domain) = text.rsplit_once('@')?;
    let Ok(Host::Domain(domain)) = Host::parse(domain) else { return None };
    Address::new(user, domain).ok()
}

/// How two spellings of one mailbox are recognised as the same. No mail server of today tells apart
/// names by their case.
pub(super) fn key(address: &str) -> String {
    mailbox(address).map_or_else(|| address.trim().to_lowercase(), |mailbox| mailbox.to_string().to_lowercase())
}

/// The number of a British mobile telephone as `447…`, or another one as it is dialled from abroad;
/// none where text messages cannot be sent to it.
///
/// ```
/// use fingerpost::mail::mobile;
/// assert_eq!(mobile("07700 900 123").as_deref(), Some("447700900123"));
/// assert_eq!(mobile("+44 (0)7700 900123").as_deref(), Some("447700900123"));
/// assert_eq!(mobile("447700900123").as_deref(), Some("447700900123"), "as it was given back");
/// assert_eq!(mobile("01632 960123"), None, "a landline");
/// ```
pub fn mobile(text: &str) -> Option<String> {
    let text = text.trim().replace("(0)", "");
    if text.contains(|c: char| !(c.is_ascii_digit() || " +-.()".contains(c))) {
        return None;
    }
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let international = if text.starts_with('+') {
        digits
    } else if let Some(rest) = digits.strip_prefix("00") {
        rest.to_owned()
    } else if digits.starts_with("447") {
        digits // as it is kept here, and as some people write it
    } else {
        format!("44{}", digits.strip_prefix('0')?)
    };
    let british = international.strip_prefix("44");
    let fits = match british {
        Some(rest) => rest.len() == 10 && rest.starts_with('7') && !rest.starts_with("70"),
        None => (8..=15).contains(&international.len()) && !international.starts_with('0'),
    };
    fits.then_some(international)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn one_mailbox_and_nothing_else() {
        for good in ["a@example.org", "first.last+tag@mail.example.org", "o'neill@example.org", "directory@localhost"] {
            assert_eq!(address(good).as_deref(), Some(good));
        }
        assert_eq!(address("frank@bücher.example").as_deref(), Some("frank@xn--bcher-kva.example"));
        for bad in [
            "",
            "example.org",
            "@example.org",
            "a@",
            "a@b@example.org",
            "a b@example.org",
            "\"a b\"@example.org",
            "a@[127.0.0.1]",
            "a@127.0.0.1",
            "a@example.org>",
            "Anne <a@example.org>",
            "a@example.org;b@example.org",
            "a@example.org\nBcc: b@example.org",
            "a@example.org\r\nRCPT TO:<b@example.org>",
            "a\0@example.org",
            "a@exa\tmple.org",
            "..a@example.org",
        ] {
            assert_eq!(address(bad), None, "{bad:?}");
        }
        assert_eq!(address(&format!("{}@example.org", "a".repeat(250))), None);
    }

    #[test]
    fn spellings_of_one_mailbox_are_the_same() {
        assert_eq!(key(" A.Person@Example.ORG"), key("a.person@example.org"));
        assert_ne!(key("a.person@example.org"), key("a.person@example.com"));
    }

    #[test]
    fn text_messages_go_to_mobiles() {
        for (written, number) in [
            ("07700 900123", Some("447700900123")),
            ("+447700900123", Some("447700900123")),
            ("0044 7700 900123", Some("447700900123")),
            ("+353 85 123 4567", Some("353851234567")),
            ("07012 345678", None),
            ("0808 157 0114", None),
            ("7700 900123", None),
            ("07700 900123; 07700 900124", None),
            ("07700 900123\n", Some("447700900123")),
            ("07700 9001234", None),
            ("", None),
        ] {
            assert_eq!(mobile(written).as_deref(), number, "{written:?}");
        }
    }

    proptest! {
        #[test]
        fn an_address_never_holds_what_ends_a_header(text in ".*@.*") {
            if let Some(address) = address(&text) {
                prop_assert!(!address.contains(|c: char| c.is_control() || c.is_whitespace()));
                prop_assert_eq!(super::address(&address), Some(address.clone()));
            }
        }
    }
}
