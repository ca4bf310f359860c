//! What a server lets programs read, as its `robots.txt` says. It is heeded where nobody has published a feed for
//! others to follow, and we read a list page by page.

use url::Url;

use super::{End, Harvester, Run};
use crate::outbound::Ask;

/// The name that we go by in such files.
const NAME: &str = "fingerpost";
/// More of such a file is not read, in bytes.
const LONGEST: usize = 500 << 10;

impl Harvester {
    /// Ask whether a list may be read. A server without such a file lets everybody read everything.
    pub(super) async fn mind_the_robots(&self, run: &mut Run, list: &Url) -> Result<(), End> {
        let Ok(url) = list.join("/robots.txt") else { return Ok(()) };
        let ask = Ask { accept: "text/plain", ..Ask::get(url.clone()) };
        let answer = match self.ask(run, ask).await {
            Ok(answer) => answer,
            Err(end) if end.asks_us_to_wait() => return Err(end),
            // Whatever else is wrong with the server shows itself with the list.
            Err(_) => return Ok(()),
        };
        let is_text = answer.header("content-type").is_none_or(|kind| kind.starts_with("text/plain"));
        let text = String::from_utf8_lossy(&answer.body[..answer.body.len().min(LONGEST)]);
        if !is_text || allows(&text, list.path()) {
            return Ok(());
        }
        Err(End::failed("robots", format!("{url} says that programs may not read {}", list.path())))
    }
}

/// Whether such a file lets us read a path: the longest rule that fits decides, and what allows it where two are of one
/// length.
fn allows(text: &str, path: &str) -> bool {
    let rules = rules(text);
    let fitting = rules.iter().filter(|(_, rule)| !rule.is_empty() && fits(rule, path));
    fitting.max_by_key(|(allowed, rule)| (rule.len(), *allowed)).is_none_or(|(allowed, _)| *allowed)
}

/// The rules for us: those of the groups that name us, or else those for everybody.
fn rules(text: &str) -> Vec<(bool, String)> {
    let (mut ours, mut everybodys) = (Vec::new(), Vec::new());
    let (mut names_us, mut names_all, mut is_named, mut in_rules) = (false, false, false, false);
    for line in text.lines() {
        let line = line.split('#').next().unwrap_or_default();
        let Some((name, value)) = line.split_once(':') else { continue };
        let value = value.trim();
        match name.trim().to_ascii_lowercase().as_str() {
            "user-agent" => {
                if std::mem::take(&mut in_rules) {
                    (names_us, names_all) = (false, false);
                }
                names_us |= value.to_ascii_lowercase().starts_with(NAME);
                names_all |= value == "*";
                is_named |= names_us;
            }
            rule @ ("allow" | "disallow") => {
                in_rules = true;
                let rule = (rule == "allow", value.to_owned());
                ours.extend(names_us.then(|| rule.clone()));
                everybodys.extend(names_all.then_some(rule));
            }
            _ => {}
        }
    }
    if is_named { ours } else { everybodys }
}

/// Whether a path begins as a rule says: `*` stands for anything, and `$` at the end for the end.
fn fits(rule: &str, path: &str) -> bool {
    let (rule, is_whole) = rule.strip_suffix('$').map_or((rule, false), |rule| (rule, true));
    let mut parts = rule.split('*');
    let Some(mut rest) = path.strip_prefix(parts.next().unwrap_or_default()) else { return false };
    let mut last_at_end = rest.is_empty();
    for part in parts {
        if part.is_empty() {
            (rest, last_at_end) = ("", true);
            continue;
        }
        let found = if is_whole { rest.rfind(part) } else { rest.find(part) };
        let Some(at) = found else { return false };
        rest = &rest[at + part.len()..];
        last_at_end = rest.is_empty();
    }
    !is_whole || last_at_end
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_rule_for_us_decides() {
        let path = "/api/services";
        for (text, allowed) in [
            ("", true),
            ("<html>not: a file of rules</html>", true),
            ("User-agent: *\nDisallow:", true),
            ("User-agent: *\nDisallow: /", false),
            ("user-agent: *\r\ndisallow: /api # not for robots\r\n", false),
            ("User-agent: *\nDisallow: /\nAllow: /api/", true),
            ("User-agent: *\nAllow: /\nDisallow: /api/services", false),
            ("User-agent: *\nAllow: /api\nDisallow: /api", true),
            ("User-agent: *\nDisallow: /admin", true),
            ("User-agent: other\nDisallow: /", true),
            ("User-agent: *\nDisallow: /\n\nUser-agent: Fingerpost\nDisallow: /admin", true),
            ("User-agent: other\nUser-agent: fingerpost/0.1\nDisallow: /api", false),
            ("User-agent: fingerpost\nDisallow: /x\nUser-agent: *\nDisallow: /", true),
            ("User-agent: *\nDisallow: /*/services", false),
            ("User-agent: *\nDisallow: /*services$", false),
            ("User-agent: *\nDisallow: /api$", true),
            ("User-agent: *\nDisallow: /api/*", false),
        ] {
            assert_eq!(allows(text, path), allowed, "{text}");
        }
    }
}
