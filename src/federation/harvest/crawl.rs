//! The adapter for a plain Open Referral UK API, of version 3 or 1: a crawl over all pages of `/services`, and then of
//! `/organizations`, where it has them.
//!
//! The standard has no feed of changes and no deletions. So each page is compared with what was seen
//! before, whole records are fetched where something is different, and what two whole crawls in a
//! row have not met, and the server says is not there, is gone.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use futures_util::{StreamExt as _, stream};
use serde_json::Value;
use uuid::Uuid;

use super::{
    super::peers::{self, Crawl, Cursor, Foreign, Listing, Peer, PeerKind, Report},
    End, Harvester, NOT_THERE, Run, admit,
    directory::mind_the_cap,
    event::{Event, Items, Unreadable},
};
use crate::{
    clock::age,
    formats::{digits, json::Noted, oruk1},
    outbound::{Ask, Limits},
    records::State,
    signing,
};
use list::{below, fingerprint, id_of, is_beyond_the_end, is_whole, lacks_some, one, parsed};

mod list;

/// Records that are fetched at once.
const AT_ONCE: usize = 2;
/// Whole crawls in a row that must miss a record before it is taken for gone.
const MISSING: i32 = 2;
/// An answer about one record is not larger, in bytes as it is unpacked: a record has a quarter of that at most.
const LARGEST: u64 = 1 << 20;
/// Of a page, so many records are written together,
const MOST_AT_ONCE: usize = 50;
/// and no more than came in so many bytes.
const MOST_BYTES: usize = 8 << 20;
/// Records that are looked at together when a crawl is over.
const ROWS: u64 = 200;

/// A record is fetched as often as that, however it looks in the list, in seconds.
const WEEK: i64 = 7 * 86_400;
/// Why a list is not read on that gives pages again.
const SAME_PAGE: &str = "same-page";
/// Why everything of a source goes that has become empty.
pub(super) const EMPTY: &str = "its source no longer has any records";

/// What a page of the list comes to.
struct Looked {
    items: Items,
    /// Records that are as they were.
    seen: Vec<Uuid>,
    /// Why no more of them could be fetched now.
    stopped: Option<End>,
}

impl Harvester {
    /// Walk over all pages of its lists once, or go on with a walk that was broken off.
    pub(super) async fn crawl(&self, run: &mut Run, progress: &mut (impl FnMut(&Report) + Send)) -> Result<(), End> {
        if run.peer.cursor.pages.is_none() {
            self.begin_crawl(run).await?;
        }
        if is_reading(run, Listing::Services) {
            self.walk(run, progress).await?;
            let next = Crawl { of: Listing::Organizations, page: 1, ..Crawl::default() };
            let pages = Some(next).filter(|_| wants_organizations(&run.peer));
            if pages.is_none() {
                self.take_organizations_from_services(run).await?;
            }
            self.turn_to(run, pages).await?;
        }
        if !is_reading(run, Listing::Organizations) {
            return Ok(());
        }
        match self.walk_over_organizations(run, progress).await {
            // Not every API has them, and nothing else of it is any worse for that.
            Err(end) if end.asks_us_to_wait() => Err(end),
            Err(End::Failed(trouble, _)) => {
                if trouble.code == NOT_THERE {
                    self.take_organizations_from_services(run).await?;
                } else {
                    tracing::debug!(
                        peer = run.peer.name,
                        code = trouble.code,
                        detail = trouble.detail,
                        "no list of organizations"
                    );
                    *run.report.left_out.entry("no-organizations".to_owned()).or_default() += 1;
                }
                self.turn_to(run, None).await
            }
            other => other,
        }
    }

    async fn begin_crawl(&self, run: &mut Run) -> Result<(), End> {
        self.look_once_a_week(run).await?;
        let list = below(&run.peer.url, Listing::Services.path())?;
        self.mind_the_robots(run, &list).await?;
        let page = if run.peer.kind == PeerKind::Oruk1 { self.first_page(run).await? } else { 1 };
        let begin = Crawl { page, ..Crawl::default() };
        let Cursor { crawl, may_be_empty, looked_at, .. } = run.peer.cursor;
        run.peer.cursor = Cursor { crawl: crawl + 1, may_be_empty, looked_at, pages: Some(begin), ..Cursor::default() };
        Ok(())
    }

    /// Where no list tells them, organizations are what services say of them.
    async fn take_organizations_from_services(&self, run: &Run) -> Result<(), End> {
        if !peers::has_live(&self.db, run.peer.id, Listing::Organizations.kind()).await? {
            return Ok(());
        }
        let tx = self.under_lease(run).await?;
        peers::make_parts(&tx, run.peer.id, Listing::Organizations.kind()).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Read another list from now on, or none.
    async fn turn_to(&self, run: &mut Run, pages: Option<Crawl>) -> Result<(), End> {
        let cursor = Cursor { pages, ..run.peer.cursor.clone() };
        self.apply(run, Vec::new(), Vec::new(), cursor).await
    }

    async fn walk_over_organizations(&self, run: &mut Run, progress: &mut (impl FnMut(&Report) + Send)) -> Result<(), End> {
        if run.peer.cursor.pages.as_ref().is_some_and(|pages| pages.page == 1) {
            let list = below(&run.peer.url, Listing::Organizations.path())?;
            self.mind_the_robots(run, &list).await?;
        }
        self.walk(run, progress).await?;
        self.turn_to(run, None).await
    }

    /// Walk over the pages of one list to its end.
    async fn walk(&self, run: &mut Run, progress: &mut (impl FnMut(&Report) + Send)) -> Result<(), End> {
        loop {
            let before = run.peer.cursor.pages.clone().unwrap_or_default();
            let mut crawl = before.clone();
            let page = match self.list(run, crawl.of, crawl.page).await {
                Err(end) if before.may_be_over && is_beyond_the_end(&before, &end) => return self.close(run, &before).await,
                page => page?,
            };
            let page = self.page_0(run, &mut crawl, &page).await?.unwrap_or(page);
            if !page.items.is_empty() && fingerprint(&page.items) == before.fingerprint {
                if before.may_be_over {
                    return self.close(run, &before).await;
                }
                run.peer.cursor.pages = None;
                let detail = format!("page {} of {} repeats the previous page", crawl.page, run.peer.url);
                return Err(End::failed(SAME_PAGE, detail));
            }
            let is_end = page.count_in(&mut crawl);
            if page.items.is_empty() && crawl.met == 0 && crawl.of == Listing::Services {
                self.has_become_empty(run).await?;
            }
            let looked = match self.look_at(run, crawl.of, page.items).await {
                // Some servers begin again behind their last page; and what the last one held may have moved up.
                Err(End::Failed(trouble, _)) if trouble.code == SAME_PAGE && (before.may_be_over || is_end) => {
                    return self.close(run, &before).await;
                }
                looked => looked?,
            };
            let Looked { items, seen, stopped } = looked;
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
            if is_end {
                return self.close(run, &crawl).await;
            }
            if self.is_long(run) {
                return Err(End::Later);
            }
        }
    }

    /// A list of services that has none: where it had some, a person has to look, and after that they are gone.
    async fn has_become_empty(&self, run: &mut Run) -> Result<(), End> {
        if !peers::has_live(&self.db, run.peer.id, Listing::Services.kind()).await? {
            return Ok(());
        }
        if !run.peer.cursor.may_be_empty {
            run.peer.cursor.pages = None;
            let detail = format!("it had {} records and its list is now empty", run.live);
            return Err(End::held("suddenly-empty", detail));
        }
        run.report.deleted += self.take_out_all(&run.peer, Some(run.lease), EMPTY, false).await?;
        Ok(())
    }

    /// Fetch those records of a page that are new, look different in the list than before, or have not
    /// been fetched for a week: a list does not show everything.
    async fn look_at(&self, run: &mut Run, of: Listing, listed: Vec<Value>) -> Result<Looked, End> {
        let origin = run.peer.origin.clone();
        let local = |id: &str| admit::local_id(&origin, of.kind().as_str(), id);
        let mut items: Items = Vec::new();
        let mut ask = Vec::new();
        let ids: Vec<Uuid> = listed.iter().filter_map(id_of).map(|id| local(&id)).collect();
        let known: HashMap<Uuid, Foreign> =
            peers::foreign(&self.db, &ids).await?.into_iter().map(|known| (known.id, known)).collect();
        let crawl = run.peer.cursor.crawl;
        let is_met = |id: &Uuid| known.get(id).is_some_and(|known| known.own_item && known.crawl == crawl);
        if !ids.is_empty() && ids.len() == listed.len() && ids.iter().all(is_met) {
            run.peer.cursor.pages = None;
            let detail = format!("{} repeats pages that it has already sent", run.peer.url);
            return Err(End::failed(SAME_PAGE, detail));
        }
        let now = self.clock.now();
        let mut seen = Vec::new();
        for item in listed {
            let Some(id) = id_of(&item) else {
                let detail = "a record in the list has no id".to_owned();
                items.push(Err(Box::new(unreadable(of, String::new(), "bad-item", detail, item))));
                continue;
            };
            if let Some(origin) = item.pointer("/provenance/origin") {
                // It came to them from elsewhere, and would come to us from there.
                let why = if *origin == *self.here { "echo" } else { "third-party" };
                *run.report.left_out.entry(why.to_owned()).or_default() += 1;
                continue;
            }
            let hash = signing::hash_of(&signing::canonical_of(&item));
            let here = known.get(&local(&id)).filter(|known| known.live && known.own_item);
            let same = here.filter(|known| known.listed.as_deref() == Some(&hash));
            match same {
                Some(known) if !is_to_be_read_again(known, now) => seen.push(known.id),
                same => ask.push((id, hash, same.map(|known| known.id), item)),
            }
        }
        let base = run.peer.url.clone();
        let limits = Limits { decoded: LARGEST, ..Limits::default() };
        let mut bytes = 0;
        let mut fetched = stream::iter(ask)
            .map(|(id, hash, same, item)| {
                let url = one(&base, of, &id);
                async move {
                    let answer = match url {
                        Ok(url) => Ok(self.outbound.fetch(Ask { limits, ..Ask::get(url) }).await),
                        Err(end) => Err(end),
                    };
                    (answer, id, hash, same, item)
                }
            })
            .buffered(AT_ONCE);
        while let Some((answer, id, hash, same, item)) = fetched.next().await {
            if items.len() >= MOST_AT_ONCE || bytes >= MOST_BYTES {
                // What came so far is written, and the page is gone on with. One more is to come, so the page is not yet
                // one that was met whole.
                let (some, cursor) = (std::mem::take(&mut items), run.peer.cursor.clone());
                self.apply(run, some, std::mem::take(&mut seen), cursor).await?;
                bytes = 0;
            }
            if let Err(end) = self.mind_the_time(run) {
                return Ok(Looked { items, seen, stopped: Some(end) });
            }
            let answer = answer.and_then(|answer| self.count(run, answer, false));
            bytes += answer.as_ref().map_or(0, |answer| answer.body.len());
            match answer.and_then(|answer| parsed(&answer)) {
                Ok(Noted { value: mut data, rounded }) => {
                    let rounded = digits::keep(of.kind(), &mut data, "", &rounded).iter().filter(|told| told.lost).count();
                    let data = if of == Listing::Services { upgraded(run, data) } else { data };
                    items.push(Ok(Event { listed: Some(hash), rounded, ..Event::told(of.kind(), id, data) }));
                }
                Err(end) if end.asks_us_to_wait() => return Ok(Looked { items, seen, stopped: Some(end) }),
                // It is in the list as it was.
                Err(End::Failed(..) | End::Held(_)) if same.is_some() => seen.extend(same),
                // An API need not tell by itself what its list tells whole.
                Err(End::Failed(trouble, _)) if trouble.code == NOT_THERE && is_whole(of, &item, known.get(&local(&id))) => {
                    let data = if of == Listing::Services { upgraded(run, item) } else { item };
                    items.push(Ok(Event { listed: Some(hash), ..Event::told(of.kind(), id, data) }));
                }
                Err(End::Failed(trouble, _) | End::Held(trouble)) => {
                    items.push(Err(Box::new(unreadable(of, id, "not-answered", trouble.detail, Value::Null))));
                }
                Err(end) => return Err(end),
            }
        }
        Ok(Looked { items, seen, stopped: None })
    }

    /// The end of a crawl: where it was a whole one, what it has not met may be gone.
    async fn close(&self, run: &mut Run, crawl: &Crawl) -> Result<(), End> {
        let crawl = self.with_page_0(run, crawl).await?;
        let near = |a: u64, b: u64| a.abs_diff(b) * 100 <= b;
        let steady = match (crawl.total, crawl.latest) {
            (Some(first), Some(last)) => near(first, last) && !lacks_some(&crawl),
            _ => false,
        };
        // Where this breaks off, the next crawl is another one.
        run.peer.cursor.pages = None;
        if steady {
            self.take_out_what_is_gone(run, crawl.of).await?;
        } else {
            let what = if crawl.of == Listing::Services { "not-whole" } else { "no-organizations" };
            *run.report.left_out.entry(what.to_owned()).or_default() += 1;
        }
        Ok(())
    }

    /// The same crawl, once page 0 was read as well, where there may be one.
    async fn with_page_0(&self, run: &mut Run, crawl: &Crawl) -> Result<Crawl, End> {
        let Some((page, fresh)) = self.left_page_0(run, crawl).await? else { return Ok(crawl.clone()) };
        let Looked { items, seen, stopped } = self.look_at(run, crawl.of, page.items).await?;
        let cursor = run.peer.cursor.clone();
        self.apply(run, items, seen, cursor).await?;
        mind_the_cap(run)?;
        stopped.map_or_else(|| Ok(Crawl { met: crawl.met + fresh, ..crawl.clone() }), Err)
    }

    async fn take_out_what_is_gone(&self, run: &mut Run, of: Listing) -> Result<(), End> {
        let crawl = run.peer.cursor.crawl;
        let mut after = None;
        let mut gone = Items::new();
        loop {
            let rows = peers::not_seen(&self.db, run.peer.id, crawl, after, ROWS).await?;
            let Some(last) = rows.last() else { break };
            after = Some(last.place());
            let mut missed: Vec<Foreign> = Vec::new();
            for mut row in rows.into_iter().filter(|row| row.kind == of.kind()) {
                row.missing += 1;
                if row.missing >= MISSING && self.is_gone(run, of, &row).await? {
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

    /// Whether the server itself says that a record is not there. An organization that a service here still names is.
    async fn is_gone(&self, run: &mut Run, of: Listing, row: &Foreign) -> Result<bool, End> {
        self.mind_the_time(run)?;
        if of == Listing::Organizations {
            let naming = self.records.referring_to(row.id).await?;
            if naming.iter().any(|naming| naming.state != State::Gone) {
                return Ok(false);
            }
        }
        let url = one(&run.peer.url, of, &row.foreign_id)?;
        match self.ask(run, Ask::get(url)).await {
            Err(end) if end.is_not_there() => Ok(true),
            Err(end) if end.asks_us_to_wait() => Err(end),
            Ok(_) | Err(End::Failed(..) | End::Held(_)) => Ok(false),
            Err(end) => Err(end),
        }
    }
}

/// Whether a record that looks in the list as it did has to be fetched all the same: once a week, each at
/// a moment of its own, so that a seventh of them is fetched in a day.
fn is_to_be_read_again(known: &Foreign, now: DateTime<Utc>) -> bool {
    let own = i64::from(known.id.as_fields().0) % WEEK;
    let week = |at: DateTime<Utc>| (at.timestamp() - own).div_euclid(WEEK);
    week(now) > week(known.fetched_at) || age(now, known.fetched_at).num_seconds() > WEEK
}

fn is_reading(run: &Run, of: Listing) -> bool {
    run.peer.cursor.pages.as_ref().is_some_and(|pages| pages.of == of)
}

/// Whether organizations are read by themselves. Nothing says in which area one is, and the older standard has another
/// shape for them.
fn wants_organizations(peer: &Peer) -> bool {
    peer.kind == PeerKind::Oruk3 && !peer.scope.is_of_an_area()
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

fn unreadable(of: Listing, id: String, code: &'static str, detail: String, raw: Value) -> Unreadable {
    Unreadable { kind: of.kind().as_str().to_owned(), id, rev: 0, code, detail, raw }
}
