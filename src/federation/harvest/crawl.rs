//! The adapter for a plain Open Referral UK API, of version 3 or 1: a crawl over all pages of `/services`.
//!
//! The standard has no feed of changes and no deletions. So each page is compared with what was seen
//! before, whole services are fetched where something is different, and what two whole crawls in a
//! row have not met, and the server says is not there, is gone.

use chrono::{DateTime, Utc};
use futures_util::{StreamExt as _, stream};
use serde_json::Value;
use url::Url;
use uuid::Uuid;

use super::{
    super::peers::{self, Crawl, Cursor, Foreign, PeerKind, Report},
    End, Harvester, Run, admit,
    directory::mind_the_cap,
    event::{Event, Items, Unreadable},
};
use crate::{
    formats::{
        digits::{self, Step},
        json::{self, Noted},
        oruk1,
    },
    model::Kind,
    outbound::{Answer, Ask},
    signing,
};

/// Services on a page.
const PER_PAGE: u64 = 50;
/// Services that are fetched at once.
const AT_ONCE: usize = 2;
/// Whole crawls in a row that must miss a record before it is taken for gone.
const MISSING: i32 = 2;
/// Records that are looked at together when a crawl is over.
const ROWS: u64 = 200;

/// A service is fetched as often as that, however it looks in the list, in seconds.
const WEEK: i64 = 7 * 86_400;
/// Why everything of a source goes that has become empty.
pub(super) const EMPTY: &str = "its source no longer has any records";

/// A page of the list.
struct Page {
    items: Vec<Value>,
    total: Option<u64>,
    last: bool,
}

/// What a page of the list comes to.
struct Looked {
    items: Items,
    /// Services that are as they were.
    seen: Vec<Uuid>,
    /// Why no more of them could be fetched now.
    stopped: Option<End>,
}

impl Harvester {
    /// Walk over all pages once, or go on with a walk that was broken off.
    pub(super) async fn crawl(&self, run: &mut Run, progress: &mut (impl FnMut(&Report) + Send)) -> Result<(), End> {
        if run.peer.cursor.pages.is_none() {
            let list = below(&run.peer.url, "services")?;
            self.mind_the_robots(run, &list).await?;
            let page = if run.peer.kind == PeerKind::Oruk1 { self.first_page(run).await? } else { 1 };
            let begin = Crawl { page, ..Crawl::default() };
            let Cursor { crawl, may_be_empty, .. } = run.peer.cursor;
            run.peer.cursor = Cursor { crawl: crawl + 1, may_be_empty, pages: Some(begin), ..Cursor::default() };
        }
        loop {
            let mut crawl = run.peer.cursor.pages.clone().unwrap_or_default();
            let page = self.list(run, crawl.page).await?;
            run.report.pages += 1;
            let fingerprint = fingerprint(&page.items);
            if !page.items.is_empty() && fingerprint == crawl.fingerprint {
                run.peer.cursor.pages = None;
                let detail = format!("page {} of {} repeats the previous page", crawl.page, run.peer.url);
                return Err(End::failed("same-page", detail));
            }
            crawl.total = crawl.total.or(page.total);
            crawl.met += page.items.len() as u64;
            crawl.fingerprint = fingerprint;
            crawl.page += 1;
            if page.items.is_empty() && crawl.met == 0 && run.live > 0 {
                if !run.peer.cursor.may_be_empty {
                    run.peer.cursor.pages = None;
                    let detail = format!("it had {} records and its list is now empty", run.live);
                    return Err(End::held("suddenly-empty", detail));
                }
                run.report.deleted += self.take_out_all(&run.peer, EMPTY, false).await?;
            }
            let Looked { items, seen, stopped } = self.look_at(run, page.items).await?;
            if let Some(end) = stopped {
                // What came stays; the page is asked for once more, and then for the rest of it.
                let cursor = run.peer.cursor.clone();
                self.apply(run, items, seen, cursor).await?;
                return Err(end);
            }
            let cursor = Cursor { pages: Some(crawl.clone()), may_be_empty: false, ..run.peer.cursor.clone() };
            self.apply(run, items, seen, cursor).await?;
            progress(&run.report);
            mind_the_cap(run)?;
            if page.last {
                return self.close(run, &crawl, page.total).await;
            }
            if run.is_long(self.most_pages) {
                return Err(End::Later);
            }
        }
    }

    /// Some servers of the older standard count their pages from 0, some from 1: where the pages 0 and
    /// 1 are two that hold something, there is a page 0.
    async fn first_page(&self, run: &mut Run) -> Result<u64, End> {
        let zero = match self.list(run, 0).await {
            Ok(zero) => zero,
            Err(End::Failed(trouble, _)) if trouble.code == "bad-status" || trouble.code == "not-there" => return Ok(1),
            Err(other) => return Err(other),
        };
        if zero.items.is_empty() || zero.last && zero.total.is_none_or(|total| total <= zero.items.len() as u64) {
            return Ok(u64::from(zero.items.is_empty()));
        }
        let one = self.list(run, 1).await?;
        Ok(u64::from(fingerprint(&zero.items) == fingerprint(&one.items)))
    }

    async fn list(&self, run: &mut Run, number: u64) -> Result<Page, End> {
        let mut url = below(&run.peer.url, "services")?;
        url.query_pairs_mut()
            .append_pair("page", &number.to_string())
            .append_pair("per_page", &PER_PAGE.to_string())
            .append_pair("source", "own");
        let answer = self.ask(run, Ask::get(url.clone())).await?;
        let Noted { value, rounded } = read(&answer)?;
        let list = ["contents", "content", "items"].iter().find_map(|name| Some((*name, value.get(*name)?.as_array()?)));
        let (name, items) =
            list.ok_or_else(|| End::failed("bad-page", format!("{url} is not a list page: it has no contents")))?;
        let mut items = items.clone();
        for (at, item) in items.iter_mut().enumerate().filter(|_| !rounded.is_empty()) {
            // What is told of them is told of the services themselves.
            let place = [Step::Member(name.to_owned()), Step::Item(at)];
            digits::keep(Kind::Service, item, "", &digits::below(&rounded, &place));
        }
        let whole = |names: [&str; 2]| names.iter().find_map(|name| value.get(*name)?.as_u64());
        let flag = |names: [&str; 2]| names.iter().find_map(|name| value.get(*name)?.as_bool());
        let is_last = || whole(["total_pages", "totalPages"]).is_some_and(|pages| number >= pages);
        let last = items.is_empty() || flag(["last_page", "last"]).unwrap_or_else(is_last);
        Ok(Page { items, total: whole(["total_items", "totalElements"]), last })
    }

    /// Fetch those services of a page that are new, look different in the list than before, or have not
    /// been fetched for a week: a list does not show everything.
    async fn look_at(&self, run: &mut Run, listed: Vec<Value>) -> Result<Looked, End> {
        let origin = run.peer.origin.clone();
        let local = |id: &str| admit::local_id(&origin, Kind::Service.as_str(), id);
        let mut items: Items = Vec::new();
        let mut ask = Vec::new();
        let ids: Vec<Uuid> = listed.iter().filter_map(id_of).map(|id| local(&id)).collect();
        let known: Vec<Foreign> = peers::foreign(&self.db, &ids).await?;
        let crawl = run.peer.cursor.crawl;
        let is_met = |id: &Uuid| known.iter().any(|known| known.id == *id && known.crawl == crawl);
        if !ids.is_empty() && ids.len() == listed.len() && ids.iter().all(is_met) {
            run.peer.cursor.pages = None;
            let detail = format!("{} repeats pages that it has already sent", run.peer.url);
            return Err(End::failed("same-page", detail));
        }
        let now = self.clock.now();
        let mut seen = Vec::new();
        for item in listed {
            let Some(id) = id_of(&item) else {
                let detail = "a service in the list has no id".to_owned();
                items.push(Err(Box::new(unreadable(String::new(), "bad-item", detail, item))));
                continue;
            };
            if let Some(origin) = item.pointer("/provenance/origin") {
                // It came to them from elsewhere, and would come to us from there.
                let why = if *origin == *self.here { "echo" } else { "third-party" };
                *run.report.left_out.entry(why.to_owned()).or_default() += 1;
                continue;
            }
            let hash = signing::hash_of(&signing::canonical_of(&item));
            let here = known.iter().find(|known| known.id == local(&id) && known.live);
            let same = here.filter(|known| known.listed.as_deref() == Some(&hash));
            match same {
                Some(known) if !is_to_be_read_again(known, now) => seen.push(known.id),
                same => ask.push((id, hash, same.map(|known| known.id))),
            }
        }
        let base = run.peer.url.clone();
        let mut fetched = stream::iter(ask)
            .map(|(id, hash, same)| {
                let url = one(&base, &id);
                async move {
                    let answer = match url {
                        Ok(url) => Ok(self.outbound.fetch(Ask::get(url)).await),
                        Err(end) => Err(end),
                    };
                    (answer, id, hash, same)
                }
            })
            .buffered(AT_ONCE);
        while let Some((answer, id, hash, same)) = fetched.next().await {
            let answer = answer.and_then(|answer| self.count(run, answer));
            match answer.and_then(|answer| parsed(&answer)) {
                Ok(Noted { value: mut data, rounded }) => {
                    let rounded = digits::keep(Kind::Service, &mut data, "", &rounded).iter().filter(|told| told.lost).count();
                    let data = upgraded(run, data);
                    items.push(Ok(Event { listed: Some(hash), rounded, ..Event::told(Kind::Service, id, data) }));
                }
                Err(end) if asks_us_to_wait(&end) => return Ok(Looked { items, seen, stopped: Some(end) }),
                // It is in the list as it was.
                Err(End::Failed(..) | End::Held(_)) if same.is_some() => seen.extend(same),
                Err(End::Failed(trouble, _) | End::Held(trouble)) => {
                    items.push(Err(Box::new(unreadable(id, "not-answered", trouble.detail, Value::Null))));
                }
                Err(end) => return Err(end),
            }
        }
        Ok(Looked { items, seen, stopped: None })
    }

    /// The end of a crawl: where it was a whole one, what it has not met may be gone.
    async fn close(&self, run: &mut Run, crawl: &Crawl, total: Option<u64>) -> Result<(), End> {
        let near = |a: u64, b: u64| a.abs_diff(b) * 100 <= b;
        let steady = match (crawl.total, total) {
            (Some(first), Some(last)) => near(first, last) && crawl.met * 100 >= last * 99,
            _ => false,
        };
        // Where this breaks off, the next crawl is another one.
        run.peer.cursor.pages = None;
        if steady {
            self.take_out_what_is_gone(run).await?;
        } else {
            *run.report.left_out.entry("not-whole".to_owned()).or_default() += 1;
        }
        let cursor = Cursor { pages: None, ..run.peer.cursor.clone() };
        self.apply(run, Vec::new(), Vec::new(), cursor).await
    }

    async fn take_out_what_is_gone(&self, run: &mut Run) -> Result<(), End> {
        let crawl = run.peer.cursor.crawl;
        let mut after = None;
        let mut gone = Items::new();
        loop {
            let rows = peers::not_seen(&self.db, run.peer.id, crawl, after, ROWS).await?;
            let Some(last) = rows.last() else { break };
            after = Some(last.place());
            let mut missed: Vec<Foreign> = Vec::new();
            for mut row in rows {
                row.missing += 1;
                if row.missing >= MISSING && self.is_gone(run, &row.foreign_id).await? {
                    gone.push(Ok(Event::gone(row.kind, row.foreign_id)));
                } else {
                    missed.push(row);
                }
            }
            let tx = self.under_lease(run).await?;
            peers::put_foreign(&tx, &missed).await?;
            tx.commit().await?;
        }
        self.take_out_together(run, gone).await
    }

    /// Whether the server itself says that a service is not there.
    async fn is_gone(&self, run: &mut Run, id: &str) -> Result<bool, End> {
        let url = one(&run.peer.url, id)?;
        match self.ask(run, Ask::get(url)).await {
            Err(End::Failed(trouble, _)) if trouble.code == "not-there" => Ok(true),
            Err(end) if asks_us_to_wait(&end) => Err(end),
            Ok(_) | Err(End::Failed(..) | End::Held(_)) => Ok(false),
            Err(end) => Err(end),
        }
    }
}

/// Whether a service that looks in the list as it did has to be fetched all the same: once a week, each at
/// a moment of its own, so that a seventh of them is fetched in a day.
fn is_to_be_read_again(known: &Foreign, now: DateTime<Utc>) -> bool {
    let own = i64::from(known.id.as_fields().0) % WEEK;
    let week = |at: DateTime<Utc>| (at.timestamp() - own).div_euclid(WEEK);
    week(now) > week(known.fetched_at)
}

/// Whether a server has said that we are asking too much: whatever else there is to ask waits as well.
fn asks_us_to_wait(end: &End) -> bool {
    matches!(end, End::Failed(trouble, wait) if trouble.code == "too-many-requests" || wait.is_some())
}

/// A service of the older standard in today's shape; what has no place today is counted.
fn upgraded(run: &mut Run, data: Value) -> Value {
    if run.peer.kind != PeerKind::Oruk1 && !oruk1::is_older(&data) {
        return data;
    }
    let upgraded = oruk1::service(data);
    if !upgraded.dropped.is_empty() {
        *run.report.left_out.entry("dropped-part".to_owned()).or_default() += upgraded.dropped.len() as u64;
    }
    upgraded.value
}

fn below(base: &Url, path: &str) -> Result<Url, End> {
    let mut base = base.clone();
    base.set_query(None);
    if !base.path().ends_with('/') {
        base.set_path(&format!("{}/", base.path()));
    }
    base.join(path).map_err(|error| End::failed("bad-url", error.to_string()))
}

/// The address of one service; an id is one part of a path, whatever stands in it.
fn one(base: &Url, id: &str) -> Result<Url, End> {
    let mut url = below(base, "services")?;
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

fn parsed(answer: &Answer) -> Result<Noted, End> {
    json::parse_mended_noting(&answer.body).map_err(|error| End::failed("bad-json", format!("{}: {error}", answer.url)))
}

fn id_of(item: &Value) -> Option<String> {
    match item.get("id")? {
        Value::String(id) if !id.is_empty() && id != "." && id != ".." => Some(id.clone()),
        Value::Number(id) => Some(id.to_string()),
        _ => None,
    }
}

fn fingerprint(items: &[Value]) -> String {
    let ids: Vec<String> = items.iter().filter_map(id_of).collect();
    signing::hash_of(ids.join("\n").as_bytes())
}

fn unreadable(id: String, code: &'static str, detail: String, raw: Value) -> Unreadable {
    Unreadable { kind: Kind::Service.as_str().to_owned(), id, rev: 0, code, detail, raw }
}
