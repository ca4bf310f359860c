//! Atom (RFC 4287): what is new, for feed readers.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::{clock, ids};

/// What a feed says of itself.
#[derive(Clone, Debug)]
pub struct Feed {
    /// Its title.
    pub title: String,
    /// Who publishes it.
    pub author: String,
    /// Its own address, with the query that made it.
    pub this: String,
    /// The page that it belongs to.
    pub page: String,
}

/// One thing that is new or has changed.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Its id.
    pub id: Uuid,
    /// Its name.
    pub title: String,
    /// When it last changed.
    pub updated: DateTime<Utc>,
    /// Its page.
    pub page: String,
    /// Its document.
    pub document: String,
    /// Who provides it.
    pub author: Option<String>,
    /// What it is.
    pub summary: Option<String>,
}

/// The feed of these entries, which come newest first.
pub fn feed(feed: &Feed, entries: &[Entry]) -> String {
    // A feed has to say when it changed; one without entries never did.
    let updated = entries.first().map_or(DateTime::UNIX_EPOCH, |entry| entry.updated);
    let mut out = String::from(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<feed xmlns=\"http://www.w3.org/2005/Atom\" xml:lang=\"en-GB\">\n",
    );
    // The same feed keeps its id for as long as it keeps its address.
    element(&mut out, "  ", "id", &format!("urn:uuid:{}", ids::from_uri(&feed.this)));
    element(&mut out, "  ", "title", &feed.title);
    element(&mut out, "  ", "updated", &clock::rfc3339(updated));
    author(&mut out, "  ", &feed.author);
    link(&mut out, "  ", "self", "application/atom+xml", &feed.this);
    link(&mut out, "  ", "alternate", "text/html", &feed.page);
    out.push_str("  <generator>Fingerpost</generator>\n");
    for entry in entries {
        out.push_str("  <entry>\n");
        element(&mut out, "    ", "id", &format!("urn:uuid:{}", entry.id));
        element(&mut out, "    ", "title", &entry.title);
        element(&mut out, "    ", "updated", &clock::rfc3339(entry.updated));
        if let Some(name) = &entry.author {
            author(&mut out, "    ", name);
        }
        link(&mut out, "    ", "alternate", "text/html", &entry.page);
        link(&mut out, "    ", "alternate", "application/json", &entry.document);
        if let Some(summary) = &entry.summary {
            element(&mut out, "    ", "summary", summary);
        }
        out.push_str("  </entry>\n");
    }
    out.push_str("</feed>\n");
    out
}

fn element(out: &mut String, indent: &str, name: &str, text: &str) {
    out.extend([indent, "<", name, ">", &escaped(text), "</", name, ">\n"]);
}

fn author(out: &mut String, indent: &str, name: &str) {
    out.extend([indent, "<author><name>", &escaped(name), "</name></author>\n"]);
}

fn link(out: &mut String, indent: &str, relation: &str, media: &str, address: &str) {
    out.extend([indent, "<link rel=\"", relation, "\" type=\"", media, "\" href=\"", &escaped(address), "\"/>\n"]);
}

/// Text as it may stand in an element or an attribute. What XML cannot hold at all is left out.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\n' | '\t' => out.push(c),
            '\u{FFFE}' | '\u{FFFF}' => {}
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_write_cannot_become_markup() {
        let about = Feed {
            title: "Tea & <b>cake</b>".into(),
            author: "Luton \"directory\"".into(),
            this: "https://directory.example.org/services?a=1&format=atom".into(),
            page: "https://directory.example.org/".into(),
        };
        let entry = Entry {
            id: Uuid::nil(),
            title: "]]><script>\u{0}\u{b}".into(),
            updated: "2026-11-20T09:00:00Z".parse().unwrap(),
            page: "https://directory.example.org/directory/services/x".into(),
            document: "https://directory.example.org/services/x".into(),
            author: None,
            summary: Some("O'Neill's".into()),
        };
        insta::assert_snapshot!(feed(&about, &[entry]), @r#"
        <?xml version="1.0" encoding="utf-8"?>
        <feed xmlns="http://www.w3.org/2005/Atom" xml:lang="en-GB">
          <id>urn:uuid:3b470ccd-33fd-5cd0-9062-8730e8467b11</id>
          <title>Tea &amp; &lt;b&gt;cake&lt;/b&gt;</title>
          <updated>2026-11-20T09:00:00.000Z</updated>
          <author><name>Luton &quot;directory&quot;</name></author>
          <link rel="self" type="application/atom+xml" href="https://directory.example.org/services?a=1&amp;format=atom"/>
          <link rel="alternate" type="text/html" href="https://directory.example.org/"/>
          <generator>Fingerpost</generator>
          <entry>
            <id>urn:uuid:00000000-0000-0000-0000-000000000000</id>
            <title>]]&gt;&lt;script&gt;</title>
            <updated>2026-11-20T09:00:00.000Z</updated>
            <link rel="alternate" type="text/html" href="https://directory.example.org/directory/services/x"/>
            <link rel="alternate" type="application/json" href="https://directory.example.org/services/x"/>
            <summary>O&#39;Neill&#39;s</summary>
          </entry>
        </feed>
        "#);
    }
}
