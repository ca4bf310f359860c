//! The adapter for a plain Open Referral UK API, of version 3 or 1: a crawl over all pages of `/services`, and then of
//! `/organizations`, where it has them.
//!
//! The standard has no feed of changes and no deletions. So each page is compared with what was seen
//! before, whole records are fetched where something is different, and what two whole crawls in a
//! row have not met, and the server says is not there, is gone.

use super::{
    super::peers::{self, Crawl, Cursor, Foreign, Listing, Peer, PeerKind, Report},
    End, Harvester, NOT_THERE, Run,
    directory::mind_the_cap,
    event::{Event, Items},
};
use crate::{outbound::Ask, records::State};
pub(in crate::federation) use list::cost_of_a_page;
use list::{below, is_beyond_the_end, lacks_some, one};
use looking::Looked;

mod list;
mod looking;

/// Whole crawls in a row that must miss a record before it is taken for gone.
const MISSING: i32 = 2;
/// Records that are looked at together when a crawl is over.
const ROWS: u64 = 200;

/// Why a list is not read on that gives pages again.
const SAME_PAGE: &str = "same-page";
/// Why everything of a source goes that has become empty.
pub(super) const EMPTY: &str = "its source no longer has any records";

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
            if !page.items.is_empty() && page.fingerprint == before.fingerprint {
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
            let looked = match self.look_at(run, crawl.of, &page).await {
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
        let Looked { items, seen, stopped } = self.look_at(run, crawl.of, &page).await?;
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

fn is_reading(run: &Run, of: Listing) -> bool {
    run.peer.cursor.pages.as_ref().is_some_and(|pages| pages.of == of)
}

/// Whether organizations are read by themselves. Nothing says in which area one is, and the older standard has another
/// shape for them.
fn wants_organizations(peer: &Peer) -> bool {
    peer.kind == PeerKind::Oruk3 && !peer.scope.is_of_an_area()
}
