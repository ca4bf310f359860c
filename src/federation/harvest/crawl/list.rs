//! A page of a list of a plain API, read: its items, and what it says of the pages around it.

use serde_json::{Map, Value};
use url::Url;

use super::super::{
    super::peers::{self, Crawl, Foreign, Listing, PeerKind},
    End, Harvester, NOT_THERE, Run, admit,
};
use crate::{
    db,
    formats::{
        digits::{self, Step},
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
    /// Whether it says that it is the first one.
    pub(super) first: Option<bool>,
    /// Whether it says that it is the last one.
    pub(super) last: Option<bool>,
}

impl Page {
    /// Count it as read. Whether the list ends with it: it holds nothing, or says so and everything was met.
    pub(super) fn count_in(&self, crawl: &mut Crawl) -> bool {
        crawl.total = crawl.total.or(self.total);
        crawl.latest = self.total.or(crawl.latest);
        if crawl.page == 1 && crawl.met == 0 {
            crawl.may_begin_at_0 = self.first.is_none();
        }
        crawl.met += self.items.len() as u64;
        crawl.fingerprint = fingerprint(&self.items);
        crawl.page += 1;
        let all_met = crawl.latest.map(|total| crawl.met >= total);
        let says_so = self.last == Some(true);
        crawl.may_be_over = says_so || all_met.unwrap_or(self.last.is_none());
        self.items.is_empty() || says_so && all_met != Some(false)
    }
}

impl Harvester {
    /// Where the page that should be the first says that it is not, and there is one before it: that one.
    pub(super) async fn page_0(&self, run: &mut Run, crawl: &mut Crawl, page: &Page) -> Result<Option<Page>, End> {
        // Of the older standard, that was found out when the crawl began.
        if run.peer.kind == PeerKind::Oruk1 || crawl.page != 1 || crawl.met != 0 || page.first != Some(false) {
            return Ok(None);
        }
        let zero = match self.list(run, crawl.of, 0).await {
            Err(end @ End::Failed(..)) if !end.asks_us_to_wait() => return Ok(None),
            zero => zero?,
        };
        if zero.first != Some(true) || fingerprint(&zero.items) == fingerprint(&page.items) {
            return Ok(None);
        }
        crawl.page = 0;
        Ok(Some(zero))
    }

    /// Page 0, at the end of a list of which fewer were met than there are, and of which nothing has said that page 1 is the
    /// first: some servers count from 0 and do not say so. None where it holds nothing that was not met.
    pub(super) async fn left_page_0(&self, run: &mut Run, crawl: &Crawl) -> Result<Option<(Page, u64)>, End> {
        if run.peer.kind == PeerKind::Oruk1 || !crawl.may_begin_at_0 || !lacks_some(crawl) {
            return Ok(None);
        }
        let page = match self.list(run, crawl.of, 0).await {
            Err(end @ End::Failed(..)) if !end.asks_us_to_wait() => return Ok(None),
            page => page?,
        };
        let local = |id: String| admit::local_id(&run.peer.origin, crawl.of.kind().as_str(), &id);
        let ids = db::in_order(&page.items.iter().filter_map(id_of).map(local).collect::<Vec<_>>());
        let known = peers::foreign(&self.db, &ids).await?;
        let walk = run.peer.cursor.crawl;
        let met = known.iter().filter(|known| known.own_item && known.crawl == walk).count();
        let fresh = (ids.len() - met) as u64;
        Ok((fresh > 0).then_some((page, fresh)))
    }

    /// Some servers of the older standard count their pages from 0, some from 1: where the pages 0 and
    /// 1 are two that hold something, there is a page 0.
    pub(super) async fn first_page(&self, run: &mut Run) -> Result<u64, End> {
        let zero = match self.list(run, Listing::Services, 0).await {
            Ok(zero) => zero,
            Err(end) if end.asks_us_to_wait() => return Err(end),
            Err(End::Failed(trouble, _)) if trouble.code == "bad-status" || trouble.code == NOT_THERE => return Ok(1),
            Err(other) => return Err(other),
        };
        if zero.items.is_empty() || zero.last == Some(true) && zero.total.is_none_or(|total| total <= zero.items.len() as u64) {
            return Ok(u64::from(zero.items.is_empty()));
        }
        let one = self.list(run, Listing::Services, 1).await?;
        Ok(u64::from(fingerprint(&zero.items) == fingerprint(&one.items)))
    }

    pub(super) async fn list(&self, run: &mut Run, of: Listing, number: u64) -> Result<Page, End> {
        let mut url = below(&run.peer.url, of.path())?;
        url.query_pairs_mut()
            .append_pair("page", &number.to_string())
            .append_pair("per_page", &PER_PAGE.to_string())
            .append_pair("source", "own");
        let answer = self.ask(run, Ask::get(url.clone())).await?;
        let Noted { value, rounded } = in_an_envelope(read(&answer)?);
        run.report.pages += 1;
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
        let whole = |names: [&str; 2]| names.iter().find_map(|name| number_in(value.get(*name)?));
        let flag = |names: [&str; 2]| names.iter().find_map(|name| flag_in(value.get(*name)?));
        let is_last = || whole(["total_pages", "totalPages"]).map(|pages| number >= pages);
        Ok(Page {
            items,
            total: whole(["total_items", "totalElements"]),
            first: flag(["first_page", "first"]),
            last: flag(["last_page", "last"]).or_else(is_last),
        })
    }
}

/// Whether fewer were met than the list says that there are.
pub(super) fn lacks_some(crawl: &Crawl) -> bool {
    crawl.latest.is_some_and(|total| crawl.met * 100 < total * 99)
}

/// Whether a page that could not be had is none of the list, which may have ended before it. Where nothing says how many
/// there are, only the server's word that it is not there counts.
pub(super) fn is_beyond_the_end(crawl: &Crawl, end: &End) -> bool {
    let is_failure = matches!(end, End::Failed(..)) && !end.asks_us_to_wait() && !end.is_over();
    is_failure && (end.is_not_there() || crawl.latest.is_some())
}

/// Whether an item of a list is the record itself: an organization, or a service with whoever holds it, of which nothing
/// more is here than a list has told.
pub(super) fn is_whole(of: Listing, item: &Value, known: Option<&Foreign>) -> bool {
    let has_holder =
        || ["organization", "organization_id"].iter().any(|name| item.get(*name).is_some_and(|held| !held.is_null()));
    let told_more = known.is_some_and(|known| known.live && known.own_item && known.listed.as_ref() != Some(&known.hash));
    of == Listing::Organizations || has_holder() && !told_more
}

/// A number of an envelope, which some servers write as text.
fn number_in(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.trim().parse().ok())
}

fn flag_in(value: &Value) -> Option<bool> {
    value.as_bool().or_else(|| value.as_str()?.trim().parse().ok())
}

/// A list without an envelope, read as if it had one.
fn in_an_envelope(noted: Noted) -> Noted {
    const LIST: &str = "contents";
    if !noted.value.is_array() {
        return noted;
    }
    let mut rounded = noted.rounded;
    for one in &mut rounded {
        one.path.insert(0, Step::Member(LIST.to_owned()));
    }
    Noted { value: Value::Object(Map::from_iter([(LIST.to_owned(), noted.value)])), rounded }
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
    if answer.is_json() { parsed(answer) } else { Err(not_json(answer)) }
}

fn not_json(answer: &Answer) -> End {
    let kind = answer.header("content-type").unwrap_or("no content type");
    End::failed("not-json", format!("{} returns {kind} instead of JSON", answer.url))
}

pub(super) fn parsed(answer: &Answer) -> Result<Noted, End> {
    json::parse_mended_noting(&answer.body).map_err(|error| {
        let is_json = answer.is_json();
        if is_json { End::failed("bad-json", format!("{}: {error}", answer.url)) } else { not_json(answer) }
    })
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
