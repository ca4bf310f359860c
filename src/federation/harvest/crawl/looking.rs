//! A page of a list, compared with what is here: what is new or looks different is fetched by itself, and all of it in
//! pieces, so that a page may be as long as a server likes.

use std::{collections::HashMap, slice::Chunks};

use chrono::{DateTime, Utc};
use futures_util::{StreamExt as _, stream};
use serde_json::Value;
use url::Url;
use uuid::Uuid;

use super::{
    super::{
        super::peers::{self, Foreign, Listing, PeerKind},
        End, Harvester, NOT_THERE, Run, admit,
        event::{Event, Items, Unreadable},
    },
    SAME_PAGE,
    list::{Item, Page, is_whole, one, parsed},
};
use crate::{
    clock::age,
    formats::{digits, json::Noted, oruk1},
    outbound::{Ask, Limits},
};

/// Records that are fetched at once.
const AT_ONCE: usize = 2;
/// An answer about one record is not larger, in bytes as it is unpacked: a record has a quarter of that at most.
pub(super) const LARGEST: u64 = 1 << 20;
/// Of a page, so many records are written together,
const MOST_AT_ONCE: usize = 50;
/// and no more than came in so many bytes.
const MOST_BYTES: usize = 8 << 20;
/// Of a page, so many records are compared with what is here at once.
const PIECE: usize = 1_000;
/// A record is fetched as often as that, however it looks in the list, in seconds.
const WEEK: i64 = 7 * 86_400;

/// What a page of the list, or a piece of it, comes to.
#[derive(Default)]
pub(super) struct Looked {
    pub(super) items: Items,
    /// Records that are as they were.
    pub(super) seen: Vec<Uuid>,
    /// Why no more of them could be fetched now.
    pub(super) stopped: Option<End>,
}

/// What is known here of the records of a piece of a page, by their ids here.
type Known = HashMap<Uuid, Foreign>;

/// A record of a page that has to be fetched.
struct Wanted<'a> {
    id: &'a str,
    /// What it is called here.
    local: Uuid,
    item: &'a Item,
    /// Whether it looks in the list as it did.
    is_same: bool,
}

impl Harvester {
    /// Fetch those records of a page that are new, look different in the list than before, or have not
    /// been fetched for a week: a list does not show everything. However many it has, they are worked on piece by piece.
    pub(super) async fn look_at(&self, run: &mut Run, of: Listing, page: &Page) -> Result<Looked, End> {
        let mut pieces = page.items.chunks(PIECE);
        let Some(first) = pieces.next() else { return Ok(Looked::default()) };
        let known = self.known_of(run, of, first).await?;
        if are_met(run, of, first, &known) && self.are_all_met(run, of, pieces.clone()).await? {
            run.peer.cursor.pages = None;
            let detail = format!("{} repeats pages that it has already sent", run.peer.url);
            return Err(End::failed(SAME_PAGE, detail));
        }
        let mut looked = self.look_at_piece(run, of, page, first, &known).await?;
        for piece in pieces {
            if looked.stopped.is_some() {
                break;
            }
            self.write_so_far(run, &mut looked).await?;
            let known = self.known_of(run, of, piece).await?;
            looked = self.look_at_piece(run, of, page, piece, &known).await?;
        }
        Ok(looked)
    }

    /// What is known here of the records of a piece of a page.
    async fn known_of(&self, run: &Run, of: Listing, piece: &[Item]) -> Result<Known, End> {
        let ids: Vec<Uuid> = piece.iter().filter_map(|item| item.id.as_deref()).map(|id| local_id(run, of, id)).collect();
        Ok(peers::foreign(&self.db, &ids).await?.into_iter().map(|known| (known.id, known)).collect())
    }

    /// Whether this crawl has met everything of these pieces already.
    async fn are_all_met(&self, run: &Run, of: Listing, pieces: Chunks<'_, Item>) -> Result<bool, End> {
        for piece in pieces {
            if !are_met(run, of, piece, &self.known_of(run, of, piece).await?) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Write what has come of a page so far, of which more is to come, and stay on the page.
    async fn write_so_far(&self, run: &mut Run, looked: &mut Looked) -> Result<(), End> {
        let cursor = run.peer.cursor.clone();
        self.apply(run, std::mem::take(&mut looked.items), std::mem::take(&mut looked.seen), cursor).await
    }

    async fn look_at_piece(&self, run: &mut Run, of: Listing, page: &Page, piece: &[Item], known: &Known) -> Result<Looked, End> {
        let (mut looked, wanted) = self.sort_out(run, of, page, piece, known);
        let base = run.peer.url.clone();
        let addresses: Vec<Result<Url, End>> = wanted.iter().map(|wanted| one(&base, of, wanted.id)).collect();
        let limits = Limits { decoded: LARGEST, ..Limits::default() };
        let mut bytes = 0;
        let mut fetched = stream::iter(addresses)
            .map(|url| async move {
                match url {
                    Ok(url) => Ok(self.outbound.fetch(Ask { limits, ..Ask::get(url) }).await),
                    Err(end) => Err(end),
                }
            })
            .buffered(AT_ONCE);
        for wanted in &wanted {
            let Some(answer) = fetched.next().await else { break };
            if looked.items.len() >= MOST_AT_ONCE || bytes >= MOST_BYTES {
                // One more is to come, so the page is not yet one that was met whole.
                self.write_so_far(run, &mut looked).await?;
                bytes = 0;
            }
            if let Err(end) = self.mind_the_time(run) {
                looked.stopped = Some(end);
                return Ok(looked);
            }
            let answer = answer.and_then(|answer| self.count(run, answer, false));
            bytes += answer.as_ref().map_or(0, |answer| answer.body.len());
            let told = answer.and_then(|answer| parsed(&answer));
            take_answer(run, of, page, wanted, told, known.get(&wanted.local), &mut looked)?;
            if looked.stopped.is_some() {
                break;
            }
        }
        Ok(looked)
    }

    /// What can be said of a piece of a page without asking, and what has to be fetched of it.
    fn sort_out<'a>(
        &self,
        run: &mut Run,
        of: Listing,
        page: &Page,
        piece: &'a [Item],
        known: &Known,
    ) -> (Looked, Vec<Wanted<'a>>) {
        let now = self.clock.now();
        let mut looked = Looked::default();
        let (mut wanted, mut bytes) = (Vec::new(), 0);
        for item in piece {
            let Some(id) = item.id.as_deref() else {
                let detail = "a record in the list has no id".to_owned();
                bytes += item.place.len();
                // In memory it may take many times as much as on the page.
                let raw = if bytes <= MOST_BYTES { page.value(of.kind(), item).unwrap_or_default() } else { Value::Null };
                looked.items.push(Err(Box::new(unreadable(of, String::new(), "bad-item", detail, raw))));
                continue;
            };
            if let Some(why) = item.elsewhere {
                *run.report.left_out.entry(why.to_owned()).or_default() += 1;
                continue;
            }
            let local = local_id(run, of, id);
            let here = known.get(&local).filter(|known| known.live && known.own_item);
            match here.filter(|known| known.listed.as_deref() == Some(&item.hash)) {
                Some(known) if !is_to_be_read_again(known, now) => looked.seen.push(known.id),
                same => wanted.push(Wanted { id, local, item, is_same: same.is_some() }),
            }
        }
        (looked, wanted)
    }
}

/// Whether a record that looks in the list as it did has to be fetched all the same: once a week, each at
/// a moment of its own, so that a seventh of them is fetched in a day.
fn is_to_be_read_again(known: &Foreign, now: DateTime<Utc>) -> bool {
    let own = i64::from(known.id.as_fields().0) % WEEK;
    let week = |at: DateTime<Utc>| (at.timestamp() - own).div_euclid(WEEK);
    week(now) > week(known.fetched_at) || age(now, known.fetched_at).num_seconds() > WEEK
}

fn local_id(run: &Run, of: Listing, id: &str) -> Uuid {
    admit::local_id(&run.peer.origin, of.kind().as_str(), id)
}

/// Whether this crawl has met everything of a piece of a page already.
fn are_met(run: &Run, of: Listing, piece: &[Item], known: &Known) -> bool {
    let crawl = run.peer.cursor.crawl;
    let is_met = |id: &str| known.get(&local_id(run, of, id)).is_some_and(|known| known.own_item && known.crawl == crawl);
    piece.iter().all(|item| item.id.as_deref().is_some_and(is_met))
}

/// Put what a server says of one record to what has come of its page.
fn take_answer(
    run: &mut Run,
    of: Listing,
    page: &Page,
    wanted: &Wanted<'_>,
    told: Result<Noted, End>,
    known: Option<&Foreign>,
    looked: &mut Looked,
) -> Result<(), End> {
    let Wanted { id, local, item, is_same } = *wanted;
    let trouble = match told {
        Ok(Noted { value: mut data, rounded }) => {
            let rounded = digits::keep(of.kind(), &mut data, "", &rounded).iter().filter(|told| told.lost).count();
            looked.items.push(Ok(Event { rounded, ..listed_as(run, of, id, item, data) }));
            return Ok(());
        }
        Err(end) if end.asks_us_to_wait() => {
            looked.stopped = Some(end);
            return Ok(());
        }
        // It is in the list as it was.
        Err(End::Failed(..) | End::Held(_)) if is_same => {
            looked.seen.push(local);
            return Ok(());
        }
        Err(End::Failed(trouble, _) | End::Held(trouble)) => trouble,
        Err(end) => return Err(end),
    };
    // An API need not tell by itself what its list tells whole.
    let told = (trouble.code == NOT_THERE).then(|| page.value(of.kind(), item)).flatten();
    looked.items.push(match told.filter(|told| is_whole(of, told, known)) {
        Some(data) => Ok(listed_as(run, of, id, item, data)),
        None => Err(Box::new(unreadable(of, id.to_owned(), "not-answered", trouble.detail, Value::Null))),
    });
    Ok(())
}

/// A record of a list as it is told.
fn listed_as(run: &mut Run, of: Listing, id: &str, item: &Item, data: Value) -> Event {
    let data = if of == Listing::Services { upgraded(run, data) } else { data };
    Event { listed: Some(item.hash.clone()), ..Event::told(of.kind(), id.to_owned(), data) }
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
