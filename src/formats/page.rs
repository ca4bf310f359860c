//! A JSON file that is one value: a page of an API, a list of documents, or one document. It is cut
//! into the bytes of its documents, so that a large page does not stand in memory twice.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, IgnoredAny, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::json::{self, Malformed};

/// A page of more documents than this is refused.
pub const MOST_DOCUMENTS: usize = 1_000_000;

/// What a JSON file holds.
#[derive(Debug, PartialEq, Eq)]
pub struct Page<'a> {
    /// The member under which the documents stand: `contents` (Open Referral UK 3), `content`
    /// (Open Referral UK 1), nothing for a plain list, `None` for one document.
    pub under: Option<&'static str>,
    /// The documents.
    pub documents: Vec<Document<'a>>,
    /// How many pages there are, where that is said.
    pub pages: Option<u64>,
}

/// How many pages there are in all, as an envelope says it.
pub fn pages_of(total: Option<&serde_json::Value>, older: Option<&serde_json::Value>) -> Option<u64> {
    [total, older].into_iter().flatten().find_map(|pages| pages.as_u64().or_else(|| pages.as_str()?.trim().parse().ok()))
}

/// One document of a page, and where it stands.
#[derive(Debug, PartialEq, Eq)]
pub struct Document<'a> {
    /// The line on which it begins, from 1.
    pub line: u64,
    /// Its JSON.
    pub bytes: &'a [u8],
    /// Where in the file it ends, in bytes.
    pub end: usize,
}

/// Cut `bytes` into documents. They are only skimmed here: each has to be read with [`json::parse`].
/// # Errors
/// What is wrong and where, when the file as a whole is not JSON or holds too many documents.
///
/// ```
/// use fingerpost::formats::page::cut;
/// let page = cut(b"{\"total_items\": 2, \"contents\": [\n{\"id\": 1},\n{\"id\": 2}]}").unwrap();
/// assert_eq!(page.under, Some("contents"));
/// assert_eq!((page.documents[1].line, page.documents[1].bytes), (3, &b"{\"id\": 2}"[..]));
/// ```
pub fn cut(bytes: &[u8]) -> Result<Page<'_>, Malformed> {
    let text = json::text(bytes)?;
    let read = |error: serde_json::Error| Malformed::said_by(&error);
    let mut pages = None;
    let (under, found) = if text.trim_start().starts_with('[') {
        (Some(""), serde_json::from_str::<Items<'_>>(text).map_err(read)?.0)
    } else {
        let envelope: Envelope<'_> = serde_json::from_str(text).map_err(read)?;
        let lists = [("contents", envelope.contents), ("content", envelope.content)];
        match lists.into_iter().find_map(|(name, list)| Some((name, list.filter(|list| list.get().starts_with('['))?))) {
            Some((name, list)) => {
                let number =
                    |raw: Option<&RawValue>| raw.and_then(|raw| serde_json::from_str::<serde_json::Value>(raw.get()).ok());
                pages = pages_of(number(envelope.total_pages).as_ref(), number(envelope.total_pages_of_old).as_ref());
                (Some(name), serde_json::from_str::<Items<'_>>(list.get()).map_err(read)?.0)
            }
            None => (None, vec![serde_json::from_str::<&RawValue>(text).map_err(read)?]),
        }
    };
    let (mut line, mut at) = (1, 0);
    let documents = found
        .into_iter()
        .map(|raw| {
            let raw = raw.get().as_bytes();
            // The documents are slices of the text: where one lies in memory says where it stands.
            let start = raw.as_ptr() as usize - bytes.as_ptr() as usize;
            line += memchr::memchr_iter(b'\n', &bytes[at..start]).count() as u64;
            at = start;
            Document { line, bytes: raw, end: start + raw.len() }
        })
        .collect();
    Ok(Page { under, documents, pages })
}

/// The members of a page that say where its documents are.
#[derive(serde::Deserialize)]
struct Envelope<'a> {
    #[serde(borrow, default)]
    contents: Option<&'a RawValue>,
    #[serde(borrow, default)]
    content: Option<&'a RawValue>,
    #[serde(borrow, default)]
    total_pages: Option<&'a RawValue>,
    #[serde(borrow, default, rename = "totalPages")]
    total_pages_of_old: Option<&'a RawValue>,
}

/// A list of bounded length.
struct Items<'a>(Vec<&'a RawValue>);

impl<'de> Deserialize<'de> for Items<'de> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_seq(ItemsVisitor)
    }
}

struct ItemsVisitor;

impl<'de> Visitor<'de> for ItemsVisitor {
    type Value = Items<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of documents")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut from: A) -> Result<Items<'de>, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = from.next_element::<&RawValue>()? {
            items.push(item);
            if items.len() >= MOST_DOCUMENTS && from.next_element::<IgnoredAny>()?.is_some() {
                return Err(A::Error::custom(format!("has more than {MOST_DOCUMENTS} documents; send them one per line")));
            }
        }
        Ok(Items(items))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn documents(bytes: &[u8]) -> (Option<&'static str>, Vec<(u64, &str)>) {
        let page = cut(bytes).unwrap();
        (page.under, page.documents.iter().map(|one| (one.line, std::str::from_utf8(one.bytes).unwrap())).collect())
    }

    #[test]
    fn pages_lists_and_single_documents_are_told_apart() {
        assert_eq!(
            documents(b"\xEF\xBB\xBF[\n {\"a\": 1},\n\n {\"b\": 2} ]"),
            (Some(""), vec![(2, "{\"a\": 1}"), (4, "{\"b\": 2}")])
        );
        let first = br#"{"totalElements": 1, "content": [{"id": "7"}], "last": true}"#;
        assert_eq!(documents(first), (Some("content"), vec![(1, r#"{"id": "7"}"#)]));
        assert_eq!(documents(br#"{"name": "one", "content": "words"}"#).0, None);
        assert_eq!(documents(br#"{"contents": []}"#), (Some("contents"), vec![]));
    }

    #[test]
    fn what_is_not_json_is_refused_with_its_place() {
        let said = |bytes: &[u8]| cut(bytes).unwrap_err();
        assert_eq!((said(b"{\"contents\": [\n{}\n{}]}").line, said(b"[1").unfinished), (3, true));
        assert!(said(br#"{"contents": [], "contents": []}"#).reason.contains("duplicate"));
        assert!(said(b"\xFF\xFE[").reason.contains("UTF-16"));
    }

    proptest! {
        #[test]
        fn nothing_makes_it_panic(text in "[\\[\\]{}\",: a-c0-2contents\n]{0,60}") {
            let _ = cut(text.as_bytes());
        }
    }
}
