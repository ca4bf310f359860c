//! Where somebody is sent back to once they are signed in: always a page of ours.

use url::Url;

/// Longer than any address that our pages make.
const LONGEST: usize = 1_000;

/// `text` as a path of ours with its query, or none where it is not one: nobody is sent to another host
/// from here. What browsers would make of it is looked at, not only what it says: they take `//host`,
/// `/\host` and `/.//host` for addresses of other hosts.
pub fn path_of_ours(text: &str) -> Option<String> {
    let base = Url::parse("https://ours.invalid/").expect("a constant address");
    let is_path = |text: &str| text.starts_with('/') && !text.starts_with("//") && !text.contains('\\');
    if !is_path(text) || text.len() > LONGEST || text.chars().any(char::is_control) {
        return None;
    }
    let url = base.join(text).ok().filter(|url| url.origin() == base.origin())?;
    Some(url[url::Position::BeforePath..url::Position::AfterQuery].to_owned()).filter(|path| is_path(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_sent_to_another_host() {
        for ours in ["/", "/account", "/account?tab=2&x=%2F%2Fevil.example", "/a//b", "/moderation/audit?about=x"] {
            assert_eq!(path_of_ours(ours).as_deref(), Some(ours));
        }
        assert_eq!(path_of_ours("/account?x=1#y").as_deref(), Some("/account?x=1"));
        for foreign in [
            "",
            "account",
            "//evil.example",
            "/.//evil.example",
            "/a/..//evil.example",
            "/%2e//evil.example",
            "/\\evil.example",
            "https://evil.example/",
            "javascript:alert(1)",
            "/\t/evil.example",
            "/a\r\nSet-Cookie: x",
            "\\\\evil",
        ] {
            assert_eq!(path_of_ours(foreign), None, "{foreign:?}");
        }
    }
}
