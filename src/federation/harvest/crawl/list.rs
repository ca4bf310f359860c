//! A page of a list of a plain API, read: its items, and what it says of the pages around it.

use std::{ops::Range, time::Duration};

use serde_json::{Value, value::RawValue};
use url::Url;

use super::{
    super::{
        super::peers::{self, Crawl, Foreign, Listing, PeerKind},
        End, Harvester, NOT_THERE, Run, admit,
    },
    looking::LARGEST,
};
use crate::{
    db,
    formats::{
        digits,
        json::{self, Malformed, Noted},
        page::listed,
    },
    model::Kind,
    outbound::{Answer, Ask, Limits},
    signing,
};

/// Records on a page, as we ask for them.
const PER_PAGE: u64 = 50;
/// Some servers give everything that they have on one page, whatever we ask for. More than that are not read.
const MOST_ITEMS: usize = 50_000;
/// What servers answer that refuse a parameter which they do not know.
const REFUSED: [u16; 2] = [400, 422];
/// No id is longer as it is written, in bytes.
const LONGEST_ID: usize = 2_000;
/// What the list of a page is called: today, by the older standard, and by some servers.
const NAMES: [&str; 3] = ["contents", "content", "items"];

/// What a page of a list may cost: as much as all records of a council at once, which take a while to be put together.
pub(in crate::federation) fn cost_of_a_page() -> Limits {
    let (headers, total) = (Duration::from_secs(30), Duration::from_mins(3));
    Limits { wire: 64 << 20, decoded: 64 << 20, headers, total, ..Limits::default() }
}

/// A page of the list. Of its records only what is needed of each stands here; they are read again where more is.
pub(super) struct Page {
    /// What came.
    body: Vec<u8>,
    pub(super) items: Vec<Item>,
    /// A hash of their ids.
    pub(super) fingerprint: String,
    pub(super) total: Option<u64>,
    /// Whether it says that it is the first one.
    pub(super) first: Option<bool>,
    /// Whether it says that it is the last one.
    pub(super) last: Option<bool>,
}

/// A record of a page.
pub(super) struct Item {
    pub(super) id: Option<String>,
    /// Of the record as the page shows it.
    pub(super) hash: String,
    /// Why it is left out that came to them from elsewhere, and would come to us from there.
    pub(super) elsewhere: Option<&'static str>,
    /// Where in the page it stands.
    pub(super) place: Range<usize>,
}

impl Item {
    /// What has to be known of the record that stands in `body` there; `here` is our own origin.
    fn read(kind: Kind, body: &[u8], place: Range<usize>, here: &str) -> Result<Self, Malformed> {
        let bytes = &body[place.clone()];
        if bytes.len() as u64 > LARGEST {
            // By itself it may be smaller.
            let id = id_in(bytes);
            return Ok(Self { id, hash: signing::hash_of(bytes), elsewhere: None, place });
        }
        let item = value_of(kind, bytes)?;
        let origin = item.pointer("/provenance/origin");
        let elsewhere = origin.map(|origin| if *origin == *here { "echo" } else { "third-party" });
        Ok(Self { id: id_of(&item), hash: signing::hash_of(&signing::canonical_of(&item)), elsewhere, place })
    }
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
        crawl.fingerprint.clone_from(&self.fingerprint);
        crawl.page += 1;
        let all_met = crawl.latest.map(|total| crawl.met >= total);
        let says_so = self.last == Some(true);
        crawl.may_be_over = says_so || all_met.unwrap_or(self.last.is_none());
        self.items.is_empty() || says_so && all_met != Some(false)
    }

    /// Read page `number` of the list at `url`; `here` is our own origin.
    fn read(answer: Answer, url: &Url, of: Listing, number: u64, here: &str) -> Result<Self, End> {
        if !answer.is_json() {
            return Err(not_json(&answer));
        }
        let malformed = |error: Malformed| End::failed("bad-json", format!("{url}: {error}"));
        let Skimmed { documents, many, total, first, last } = Skimmed::of(&answer.body, number)
            .map_err(malformed)?
            .ok_or_else(|| End::failed("bad-page", format!("{url} is not a list page: it has no contents")))?;
        if many > MOST_ITEMS {
            let detail = format!("{url} has {many} records on one page; at most {MOST_ITEMS} are read");
            return Err(End::failed("bad-page", detail));
        }
        let items = documents.into_iter().map(|place| Item::read(of.kind(), &answer.body, place, here));
        let items: Vec<Item> = items.collect::<Result<_, _>>().map_err(malformed)?;
        let ids: Vec<&str> = items.iter().filter_map(|item| item.id.as_deref()).collect();
        let fingerprint = signing::hash_of(ids.join("\n").as_bytes());
        Ok(Self { items, fingerprint, total, first, last, body: answer.body })
    }

    /// A record of the page as it stands there, unless it is too large to be one.
    pub(super) fn value(&self, kind: Kind, item: &Item) -> Option<Value> {
        let bytes = self.body.get(item.place.clone()).filter(|bytes| bytes.len() as u64 <= LARGEST)?;
        value_of(kind, bytes).ok()
    }
}

/// A page of which no record was read yet: where they stand, how many there are, and what it says of itself.
struct Skimmed {
    documents: Vec<Range<usize>>,
    many: usize,
    total: Option<u64>,
    first: Option<bool>,
    last: Option<bool>,
}

impl Skimmed {
    /// Skim page `number`; none where it has no list.
    fn of(body: &[u8], number: u64) -> Result<Option<Self>, Malformed> {
        let Some(list) = listed(body, &NAMES, MOST_ITEMS)? else { return Ok(None) };
        let whole = |names: [&str; 2]| names.iter().find_map(|name| number_in(&list.said(name)?));
        let flag = |names: [&str; 2]| names.iter().find_map(|name| flag_in(&list.said(name)?));
        let is_last = || whole(["total_pages", "totalPages"]).map(|pages| number >= pages);
        let (total, first) = (whole(["total_items", "totalElements"]), flag(["first_page", "first"]));
        let last = flag(["last_page", "last"]).or_else(is_last);
        Ok(Some(Self { many: list.many, total, first, last, documents: list.documents }))
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
        if zero.first != Some(true) || zero.fingerprint == page.fingerprint {
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
        let local = |id: &str| admit::local_id(&run.peer.origin, crawl.of.kind().as_str(), id);
        let ids = db::in_order(&page.items.iter().filter_map(|item| item.id.as_deref()).map(local).collect::<Vec<_>>());
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
        Ok(u64::from(zero.fingerprint == one.fingerprint))
    }

    pub(super) async fn list(&self, run: &mut Run, of: Listing, number: u64) -> Result<Page, End> {
        let mut url = below(&run.peer.url, of.path())?;
        url.query_pairs_mut().append_pair("page", &number.to_string()).append_pair("per_page", &PER_PAGE.to_string());
        let mut own = url.clone();
        own.query_pairs_mut().append_pair("source", "own");
        let ask = |url: Url| Ask { limits: cost_of_a_page(), ..Ask::get(url) };
        let mut answer = self.outbound.fetch(ask(own)).await;
        if answer.as_ref().is_ok_and(|answer| REFUSED.contains(&answer.status)) {
            // What came to them from elsewhere says so itself, where it is told.
            drop(self.count(run, answer, false));
            answer = self.outbound.fetch(ask(url.clone())).await;
        }
        let (answer, here) = (self.count(run, answer, false)?, self.here.clone());
        let reading = tokio::task::spawn_blocking(move || Page::read(answer, &url, of, number, &here));
        let page = reading.await.map_err(|error| End::failed("io", error.to_string()))??;
        run.report.pages += 1;
        Ok(page)
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

/// The id of a record that is too large to be read.
fn id_in(bytes: &[u8]) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct Named<'a> {
        #[serde(borrow)]
        id: &'a RawValue,
    }
    let id = serde_json::from_slice::<Named<'_>>(bytes).ok()?.id.get();
    let id = if id.len() <= LONGEST_ID { json::parse_mended(id.as_bytes()).ok()? } else { return None };
    id_of(&serde_json::json!({ "id": id }))
}

/// A record of a list, with what its numbers do not hold kept as text.
fn value_of(kind: Kind, bytes: &[u8]) -> Result<Value, Malformed> {
    let Noted { mut value, rounded } = json::parse_mended_noting(bytes)?;
    // What is told of them is told of the record itself.
    digits::keep(kind, &mut value, "", &rounded);
    Ok(value)
}
