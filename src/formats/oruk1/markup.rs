//! Feeds of Open Referral UK 1, and tables, often come out of web sites, with the HTML of their pages in the text.

use serde_json::Value;

use crate::model::tidy::Dropped;

/// Make every text with HTML in it plain. Says where they stood.
pub(in crate::formats) fn to_plain_text(value: &mut Value) -> Vec<Dropped> {
    let mut found = Vec::new();
    each(value, "", &mut found);
    let reason = "was HTML; its text is kept without the tags";
    found.into_iter().map(|path| Dropped { path, reason: reason.to_owned() }).collect()
}

fn each(value: &mut Value, path: &str, found: &mut Vec<String>) {
    match value {
        Value::String(text) if has_tags(text) => {
            *text = plain(text);
            found.push(path.to_owned());
        }
        Value::Array(items) => {
            for (at, item) in items.iter_mut().enumerate() {
                each(item, &format!("{path}[{at}]"), found);
            }
        }
        Value::Object(members) => {
            for (name, value) in members {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                each(value, &path, found);
            }
        }
        _ => {}
    }
}

/// The elements of running text; "a < b" and "<me@example.org>" are none.
const TAGS: [&str; 24] = [
    "a",
    "b",
    "blockquote",
    "br",
    "div",
    "em",
    "font",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "hr",
    "i",
    "img",
    "li",
    "ol",
    "p",
    "script",
    "span",
    "strong",
    "style",
    "u",
    "ul",
];
/// Those that begin a line.
const LINES: [&str; 11] = ["blockquote", "br", "div", "h1", "h2", "h3", "h4", "h5", "hr", "li", "p"];

/// The element whose tag begins at the front of `text`, and the length of the tag.
fn tag(text: &str) -> Option<(&'static str, usize)> {
    let inside = text.strip_prefix('<')?;
    let inside = inside.strip_prefix('/').unwrap_or(inside);
    let length = inside.find(|c: char| !c.is_ascii_alphanumeric())?;
    let name = TAGS.iter().copied().find(|known| known.eq_ignore_ascii_case(&inside[..length]))?;
    let fits = inside[length..].starts_with(['>', '/', ' ', '\n', '\t', '\r']);
    let end = text.find('>').filter(|_| fits)?;
    Some((name, end + 1))
}

fn has_tags(text: &str) -> bool {
    text.match_indices('<').any(|(at, _)| tag(&text[at..]).is_some())
}

fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('<') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let Some((name, length)) = tag(rest) else {
            out.push('<');
            rest = &rest[1..];
            continue;
        };
        let opens = !rest.starts_with("</");
        rest = &rest[length..];
        if LINES.contains(&name) && !out.is_empty() && !out.ends_with('\n') {
            out.push('\n');
        }
        if opens && matches!(name, "script" | "style") {
            // What is in it is for machines.
            rest = rest.find("</").map_or("", |end| &rest[end..]);
        }
    }
    out.push_str(rest);
    unescape(&out).trim().to_owned()
}

fn unescape(text: &str) -> String {
    let known = [
        ("&nbsp;", " "),
        ("&#160;", " "),
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#34;", "\""),
        ("&#39;", "'"),
        ("&#039;", "'"),
        ("&apos;", "'"),
        ("&pound;", "£"),
        ("&#163;", "£"),
        ("&rsquo;", "’"),
        ("&#8217;", "’"),
        ("&lsquo;", "‘"),
        ("&#8216;", "‘"),
        ("&ldquo;", "“"),
        ("&#8220;", "“"),
        ("&rdquo;", "”"),
        ("&#8221;", "”"),
        ("&ndash;", "–"),
        ("&#8211;", "–"),
        ("&mdash;", "—"),
        ("&hellip;", "…"),
        ("&eacute;", "é"),
        // Last, so that nothing is unescaped twice.
        ("&#38;", "&"),
        ("&amp;", "&"),
    ];
    known.iter().fold(text.to_owned(), |text, (entity, character)| text.replace(entity, character))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn html_becomes_its_text_and_other_signs_stay() {
        for (html, text) in [
            ("<p>Cost of <b>living</b> help</p>", "Cost of living help"),
            ("<p>One &amp; two</p><p>Three<br/>four</p>", "One & two\nThree\nfour"),
            ("<ul><li>Tea</li><li>Cake &pound;2</li></ul>", "Tea\nCake £2"),
            ("Hi<script>alert('x')</script> all", "Hi all"),
            ("<a href=\"https://example.org\">Site</a> &amp;lt;", "Site &lt;"),
        ] {
            let mut value = serde_json::json!({"description": html});
            let paths: Vec<String> = to_plain_text(&mut value).into_iter().map(|told| told.path).collect();
            assert_eq!((paths, value["description"].as_str()), (vec!["description".to_owned()], Some(text)));
        }
        for kept in ["ages < 5 & > 3", "write to <me@example.org>", "<b", "a <p", "<", "&amp;"] {
            let mut value = serde_json::json!({"description": kept});
            assert_eq!((to_plain_text(&mut value).len(), value["description"].as_str()), (0, Some(kept)));
        }
    }
}
