//! A JSON file that is not one document a line: a page of an API, a list of documents, one document, or several of
//! these one after the other, each written over several lines. It is cut into the bytes of its documents, so that a
//! large page does not stand in memory twice.

use std::{fmt, ops::Range};

use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Value, value::RawValue};

use super::json::{self, Malformed};

/// A page of more documents than this is refused.
pub const MOST_DOCUMENTS: usize = 1_000_000;

/// Of an object with more members than this, the others are not looked at: it is no page.
const MOST_MEMBERS: usize = 200;

/// What an envelope says besides its list is not longer, in bytes: a number or a flag.
const LONGEST_SAID: usize = 1_000;

/// What the standards call the documents of a page: Open Referral UK 3, and 1.
const STANDARD: [&str; 2] = ["contents", "content"];
/// What others call them.
const OTHERS: [&str; 5] = ["services", "data", "results", "items", "records"];

/// One value of a JSON file.
#[derive(Debug, PartialEq, Eq)]
pub struct Page<'a> {
    /// The line on which it begins, from 1.
    pub line: u64,
    /// The member under which the documents stand (see [`list_in`]), nothing for a plain list, `None` for one
    /// document.
    pub under: Option<&'static str>,
    /// The documents.
    pub documents: Vec<Document<'a>>,
    /// How many pages there are, where that is said.
    pub pages: Option<u64>,
    /// Members that hold other lists of objects.
    pub besides: Vec<String>,
}

/// The member of an object under which the documents of a page stand; none where it is a document itself. `holds` says
/// of a member whether it is a list, and nothing where there is none.
///
/// ```
/// use fingerpost::formats::page::list_in;
/// let saved = |name: &str| ["meta", "services"].contains(&name).then_some(true);
/// assert_eq!(list_in(saved), Some("services"));
/// let group = |name: &str| ["id", "name", "services"].contains(&name).then_some(true);
/// assert_eq!(list_in(group), None, "an organisation has services as well");
/// ```
pub fn list_in(holds: impl Fn(&str) -> Option<bool>) -> Option<&'static str> {
    let first = |names: &[&'static str]| names.iter().copied().find(|name| holds(name) == Some(true));
    let is_a_document = ["id", "name"].iter().any(|name| holds(name).is_some());
    first(&STANDARD).or_else(|| if is_a_document { None } else { first(&OTHERS) })
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

/// Cut `bytes` into the documents of one value after the other. They are only skimmed here: each has to be read with
/// [`json::parse`].
/// # Errors
/// What is wrong and where, when the file as a whole is not JSON or holds too many documents.
///
/// ```
/// use fingerpost::formats::page::cut;
/// let pages = cut(b"{\"total_items\": 2, \"contents\": [\n{\"id\": 1},\n{\"id\": 2}]}").unwrap();
/// assert_eq!((pages.len(), pages[0].under), (1, Some("contents")));
/// assert_eq!((pages[0].documents[1].line, pages[0].documents[1].bytes), (3, &b"{\"id\": 2}"[..]));
/// ```
pub fn cut(bytes: &[u8]) -> Result<Vec<Page<'_>>, Malformed> {
    let text = json::text(bytes)?;
    let (mut line, mut at) = (1, 0);
    // The documents are slices of the text: where one lies in memory says where it stands.
    let mut reach = |raw: &[u8]| {
        let start = raw.as_ptr() as usize - bytes.as_ptr() as usize;
        line += memchr::memchr_iter(b'\n', &bytes[at..start]).count() as u64;
        at = start;
        (line, start + raw.len())
    };
    let mut pages = Vec::new();
    for value in serde_json::Deserializer::from_str(text).into_iter::<&RawValue>() {
        let value = value.map_err(|error| Malformed::said_by(&error))?;
        let (begins, _) = reach(value.get().as_bytes());
        let found = Found::within(value).map_err(|error| {
            let within = Malformed::said_by(&error);
            Malformed { line: begins + within.line.saturating_sub(1), ..within }
        })?;
        let documents = found.documents.into_iter().map(|raw| {
            let bytes = raw.get().as_bytes();
            let (line, end) = reach(bytes);
            Document { line, bytes, end }
        });
        let documents = documents.collect();
        pages.push(Page { line: begins, under: found.under, documents, pages: found.pages, besides: found.besides });
        if pages.len() > MOST_DOCUMENTS {
            let reason = format!("the file has more than {MOST_DOCUMENTS} values; send them one per line");
            return Err(Malformed { reason, column: 1, line: begins, unfinished: false });
        }
    }
    Ok(pages)
}

/// A page of a list as an API answers it: where its documents stand, and what stands around them.
#[derive(Debug)]
pub struct Listed<'a> {
    /// Where in the bytes each document stands, of the first so many.
    pub documents: Vec<Range<usize>>,
    /// How many there are in all.
    pub many: usize,
    around: Vec<(String, &'a RawValue)>,
}

impl Listed<'_> {
    /// What stands under this name, where it is short.
    pub fn said(&self, name: &str) -> Option<Value> {
        let raw = self.around.iter().find(|(known, _)| known == name)?.1.get();
        if raw.len() > LONGEST_SAID { None } else { json::parse(raw.as_bytes()).ok() }
    }
}

/// Find the documents of a page whose list stands under one of these names, or is the whole of it; at most so many of
/// them. They are only skimmed here: each has to be read with [`json::parse`]. None where there is no list.
/// # Errors
/// What is wrong and where, when the page as a whole is not JSON.
///
/// ```
/// use fingerpost::formats::page::listed;
/// let bytes = b"{\"total_items\": 3, \"contents\": [{\"id\": 1}, {\"id\": 2}, {}]}";
/// let page = listed(bytes, &["contents"], 2).unwrap().unwrap();
/// assert_eq!((page.many, page.documents.len(), &bytes[page.documents[1].clone()]), (3, 2, &b"{\"id\": 2}"[..]));
/// assert_eq!(page.said("total_items"), Some(3.into()));
/// ```
pub fn listed<'a>(bytes: &'a [u8], names: &[&str], most: usize) -> Result<Option<Listed<'a>>, Malformed> {
    let said = |error: serde_json::Error| Malformed::said_by(&error);
    let whole: &RawValue = serde_json::from_str(json::text(bytes)?).map_err(said)?;
    let around =
        if whole.get().starts_with('{') { serde_json::from_str::<Members<'_>>(whole.get()).map_err(said)?.0 } else { Vec::new() };
    let is_list = |raw: &&RawValue| raw.get().starts_with('[');
    let under = |name: &&str| around.iter().find(|(known, _)| known == name).map(|(_, raw)| *raw).filter(is_list);
    let Some(list) = Some(whole).filter(is_list).or_else(|| names.iter().find_map(under)) else { return Ok(None) };
    let (found, many) = First(most).deserialize(&mut serde_json::Deserializer::from_str(list.get())).map_err(said)?;
    // They are slices of the bytes: where one lies in memory says where it stands.
    let place = |raw: &RawValue| {
        let start = raw.get().as_ptr() as usize - bytes.as_ptr() as usize;
        start..start + raw.get().len()
    };
    Ok(Some(Listed { documents: found.into_iter().map(place).collect(), many, around }))
}

/// What stands in one value.
struct Found<'a> {
    under: Option<&'static str>,
    documents: Vec<&'a RawValue>,
    pages: Option<u64>,
    besides: Vec<String>,
}

impl<'a> Found<'a> {
    fn within(value: &'a RawValue) -> serde_json::Result<Self> {
        let one = |under, documents| Self { under, documents, pages: None, besides: Vec::new() };
        let text = value.get();
        if text.starts_with('[') {
            return Ok(one(Some(""), serde_json::from_str::<Items<'_>>(text)?.0));
        }
        if !text.starts_with('{') {
            return Ok(one(None, vec![value]));
        }
        let Members(members) = serde_json::from_str(text)?;
        let member = |name: &str| members.iter().find(|(known, _)| known == name).map(|(_, raw)| raw.get());
        let holds = |name: &str| member(name).filter(|raw| *raw != "null").map(|raw| raw.starts_with('['));
        let Some((under, list)) = list_in(holds).and_then(|under| Some((under, member(under)?))) else {
            return Ok(one(None, vec![value]));
        };
        let number = |name| member(name).and_then(|raw| serde_json::from_str::<serde_json::Value>(raw).ok());
        let pages = pages_of(number("total_pages").as_ref(), number("totalPages").as_ref());
        let of_objects =
            |raw: &RawValue| raw.get().strip_prefix('[').is_some_and(|items| items.trim_ascii_start().starts_with('{'));
        let besides = members.iter().filter(|(name, raw)| name != under && of_objects(raw)).map(|(name, _)| name.clone());
        let besides = besides.collect();
        Ok(Self { under: Some(under), documents: serde_json::from_str::<Items<'_>>(list)?.0, pages, besides })
    }
}

/// The members of an object; of those that may be the list of a page, none stands twice.
struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_map(MembersVisitor)
    }
}

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Members<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut from: A) -> Result<Members<'de>, A::Error> {
        let mut members: Vec<(String, &'de RawValue)> = Vec::new();
        while let Some((name, value)) = from.next_entry::<String, &RawValue>()? {
            // Whatever else a document says twice is its own matter: it is refused alone, where it is read.
            let is_a_list = STANDARD.iter().chain(&OTHERS).any(|list| *list == name);
            if is_a_list && members.iter().any(|(known, _)| *known == name) {
                return Err(A::Error::custom(format!(
                    "{:?} appears twice in one object",
                    crate::model::text::shorten(&name, 60)
                )));
            }
            if members.len() < MOST_MEMBERS {
                members.push((name, value));
            }
        }
        Ok(Members(members))
    }
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

/// So many items of a list, and how many there are.
struct First(usize);

impl<'de> DeserializeSeed<'de> for First {
    type Value = (Vec<&'de RawValue>, usize);

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Self::Value, D::Error> {
        from.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for First {
    type Value = (Vec<&'de RawValue>, usize);

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of documents")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut from: A) -> Result<Self::Value, A::Error> {
        let mut items = Vec::new();
        while items.len() < self.0
            && let Some(item) = from.next_element::<&RawValue>()?
        {
            items.push(item);
        }
        let mut many = items.len();
        while from.next_element::<IgnoredAny>()?.is_some() {
            many += 1;
        }
        Ok((items, many))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn documents(bytes: &[u8]) -> (Option<&'static str>, Vec<(u64, &str)>) {
        let pages = cut(bytes).unwrap();
        let documents = pages.iter().flat_map(|page| &page.documents);
        (pages[0].under, documents.map(|one| (one.line, std::str::from_utf8(one.bytes).unwrap())).collect())
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
        assert_eq!(documents(b"{\n\"a\": 1}\r\n{\n\"b\": 2\n}").1, [(1, "{\n\"a\": 1}"), (3, "{\n\"b\": 2\n}")]);
        assert_eq!(documents(b"{\"a\": 1,\n\"a\": 2}\n{\n\"b\": 3}").1.len(), 2, "one that says something twice costs no other");
    }

    #[test]
    fn a_page_may_call_its_list_what_it_likes_and_what_lies_beside_it_is_named() {
        let saved = br#"{"meta": {"next": null}, "services": [{"a": 1}], "days": ["MO"], "groups": [ {"b": 2}]}"#;
        assert_eq!(documents(saved), (Some("services"), vec![(1, r#"{"a": 1}"#)]));
        assert_eq!(cut(saved).unwrap()[0].besides, ["groups"]);
        assert_eq!(documents(br#"{"id": "1", "name": "Elm", "services": [{"a": 1}]}"#).0, None, "an organisation");
        assert_eq!(documents(br#"{"id": null, "data": []}"#).0, Some("data"));
    }

    #[test]
    fn what_is_not_json_is_refused_with_its_place() {
        let said = |bytes: &[u8]| cut(bytes).unwrap_err();
        assert_eq!((said(b"{\"contents\": [\n{}\n{}]}").line, said(b"[1").unfinished), (3, true));
        let twice = said(b"{\"id\": 1}\n{\"contents\": [],\n\"contents\": []}");
        assert!(twice.line == 3 && twice.reason.contains("\"contents\" appears twice"), "{twice:?}");
        assert!(said(b"\xFF\xFE[").reason.contains("UTF-16"));
    }

    #[test]
    fn a_list_is_found_where_it_stands_and_counted_to_its_end() {
        let names = ["contents", "content", "items"];
        let found = |bytes: &'static [u8]| {
            let page = listed(bytes, &names, 2).unwrap()?;
            let text = |place: &Range<usize>| String::from_utf8(bytes[place.clone()].to_vec()).unwrap();
            Some((page.documents.iter().map(text).collect::<Vec<_>>(), page.many))
        };
        let some = |documents: &[&str], many| Some((documents.iter().map(|one| (*one).to_owned()).collect::<Vec<_>>(), many));
        assert_eq!(found(b"\xEF\xBB\xBF [1, {\"a\": 2}, [3], 4]"), some(&["1", "{\"a\": 2}"], 4));
        assert_eq!(found(br#"{"items": [1], "content": null, "contents": []}"#), some(&[], 0), "in the order of the names");
        assert_eq!(found(br#"{"items": [1], "contents": "none"}"#), some(&["1"], 1));
        assert_eq!((found(br#"{"services": [1]}"#), found(b"7")), (None, None));
        let page = listed(br#"{"last": "true", "items": [], "total": 5}"#, &names, 2).unwrap().unwrap();
        assert_eq!((page.said("last"), page.said("total"), page.said("none")), (Some("true".into()), Some(5.into()), None));
        let said = |bytes: &[u8]| listed(bytes, &names, 2).unwrap_err().reason;
        assert!(said(b"[] []").contains("behind the end"), "{}", said(b"[] []"));
        assert!(said(br#"{"items": [], "items": []}"#).contains("appears twice"));
        assert!(listed(b"[1, 2, 3", &names, 2).unwrap_err().unfinished);
        // However deep, it is only skimmed.
        let deep = format!("[{}{}]", "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(listed(deep.as_bytes(), &names, 2).unwrap().map(|page| page.many), Some(1));
    }

    proptest! {
        #[test]
        fn nothing_makes_it_panic(text in "[\\[\\]{}\",: a-c0-2contents\n]{0,60}") {
            let _ = cut(text.as_bytes());
            let _ = listed(text.as_bytes(), &STANDARD, 2);
        }
    }
}
