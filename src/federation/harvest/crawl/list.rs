//! A page of a list of a plain API, read: its items, and whether it is the last one.

use serde_json::Value;
use url::Url;

use super::super::{super::peers::Listing, End, Harvester, Run};
use crate::{
    formats::{
        digits,
        json::{self, Noted},
    },
    outbound::{Answer, Ask},
    signing,
};

/// Records on a page.
const PER_PAGE: u64 = 50;
/// More of them than that are not read, whatever we ask for.
const MOST_ITEMS: usize = 1_000;

/// A page of the list.
pub(super) struct Page {
    pub(super) items: Vec<Value>,
    pub(super) total: Option<u64>,
    pub(super) last: bool,
}

impl Harvester {
    pub(super) async fn list(&self, run: &mut Run, of: Listing, number: u64) -> Result<Page, End> {
        let mut url = below(&run.peer.url, of.path())?;
        url.query_pairs_mut()
            .append_pair("page", &number.to_string())
            .append_pair("per_page", &PER_PAGE.to_string())
            .append_pair("source", "own");
        let answer = self.ask(run, Ask::get(url.clone())).await?;
        let Noted { value, rounded } = read(&answer)?;
        let list = ["contents", "content", "items"].iter().find_map(|name| Some((*name, value.get(*name)?.as_array()?)));
        let (name, items) =
            list.ok_or_else(|| End::failed("bad-page", format!("{url} is not a list page: it has no contents")))?;
        if items.len() > MOST_ITEMS {
            let detail = format!("{url} has {} records on one page; at most {MOST_ITEMS} are read", items.len());
            return Err(End::failed("bad-page", detail));
        }
        let mut items = items.clone();
        for (at, rounded) in digits::by_item(rounded, name) {
            // What is told of them is told of the records themselves.
            if let Some(item) = items.get_mut(at) {
                digits::keep(of.kind(), item, "", &rounded);
            }
        }
        let whole = |names: [&str; 2]| names.iter().find_map(|name| value.get(*name)?.as_u64());
        let flag = |names: [&str; 2]| names.iter().find_map(|name| value.get(*name)?.as_bool());
        let is_last = || whole(["total_pages", "totalPages"]).is_some_and(|pages| number >= pages);
        let last = items.is_empty() || flag(["last_page", "last"]).unwrap_or_else(is_last);
        Ok(Page { items, total: whole(["total_items", "totalElements"]), last })
    }
}

pub(super) fn below(base: &Url, path: &str) -> Result<Url, End> {
    let mut base = base.clone();
    base.set_query(None);
    if !base.path().ends_with('/') {
        base.set_path(&format!("{}/", base.path()));
    }
    base.join(path).map_err(|error| End::failed("bad-url", error.to_string()))
}

/// The address of one record; an id is one part of a path, whatever stands in it.
pub(super) fn one(base: &Url, of: Listing, id: &str) -> Result<Url, End> {
    let mut url = below(base, of.path())?;
    if let Ok(mut parts) = url.path_segments_mut() {
        parts.push(id);
    }
    Ok(url)
}

fn read(answer: &Answer) -> Result<Noted, End> {
    if !answer.is_json() {
        let kind = answer.header("content-type").unwrap_or("no content type");
        return Err(End::failed("not-json", format!("{} returns {kind} instead of JSON", answer.url)));
    }
    parsed(answer)
}

pub(super) fn parsed(answer: &Answer) -> Result<Noted, End> {
    json::parse_mended_noting(&answer.body).map_err(|error| End::failed("bad-json", format!("{}: {error}", answer.url)))
}

pub(super) fn id_of(item: &Value) -> Option<String> {
    match item.get("id")? {
        Value::String(id) if !id.is_empty() && id != "." && id != ".." => Some(id.clone()),
        Value::Number(id) => Some(id.to_string()),
        _ => None,
    }
}

pub(super) fn fingerprint(items: &[Value]) -> String {
    let ids: Vec<String> = items.iter().filter_map(id_of).collect();
    signing::hash_of(ids.join("\n").as_bytes())
}
