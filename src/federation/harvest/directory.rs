//! The adapter for `open-directory/1`: discovery, and the change feed page by page.

use chrono::Duration;
use serde_json::Value;
use url::Url;

use super::{
    super::{
        peers::{self, Comparison, Cursor, Held, Peer, Report, Trouble},
        protocol::{ALL, Discovery, Item, OWN, PROTOCOL, WELL_KNOWN},
    },
    End, Harvester, Run,
    checkpoint::{self, Compared},
    event::{Event, Items, Route, Unreadable},
    keys,
};
use crate::{
    formats::json,
    model::Kind,
    outbound::{Answer, Ask, Outbound},
};

/// Records that are looked at together when a walk is over.
const ROWS: u64 = 500;

const OTHER_KEYS: &str = "it signs with a key that no approved key endorses. Ask them whether they have a new key, compare its fingerprint, then approve it again";
const NO_KEYS: &str = "its keys were approved but it no longer presents any, so nothing proves that it is still them";

/// What a directory says of itself.
/// # Errors
/// Why it cannot be known: nobody answers, what answers speaks otherwise, or claims to be another.
pub async fn discover(outbound: &Outbound, base: &Url) -> Result<Discovery, Trouble> {
    let trouble = |code: &str, detail: String| Trouble { code: code.to_owned(), detail };
    let mut root = base.clone();
    root.set_path("/");
    root.set_query(None);
    root.set_fragment(None);
    let url = root.join(WELL_KNOWN).map_err(|error| trouble("bad-url", error.to_string()))?;
    let answer = outbound.fetch(Ask::get(url)).await.map_err(|error| trouble(error.code(), error.to_string()))?;
    if answer.status != 200 || !answer.is_json() {
        return Err(trouble("no-discovery", format!("{} answers {} without a discovery document", answer.url, answer.status)));
    }
    let value = json::parse(&answer.body).map_err(|error| trouble("bad-json", format!("{}: {error}", answer.url)))?;
    let discovery: Discovery =
        serde_path_to_error::deserialize(value).map_err(|error| trouble("bad-discovery", format!("{}: {error}", answer.url)))?;
    if discovery.protocol != PROTOCOL {
        let detail = format!("it uses the protocol {:?}, but this directory uses {PROTOCOL}", discovery.protocol);
        return Err(trouble("other-protocol", detail));
    }
    if discovery.origin.origin() != answer.url.origin() || discovery.origin.path() != "/" {
        let detail = format!("the document at {} says that it belongs to {}", answer.url, discovery.origin);
        return Err(trouble("other-origin", detail));
    }
    if !keys::is_sound(&discovery) {
        return Err(trouble("bad-keys", format!("the list of keys at {} is not signed by the current signing key", answer.url)));
    }
    Ok(discovery)
}

/// What one page of the feed says.
pub(super) struct Page {
    pub(super) items: Items,
    next: Url,
    cursor: Cursor,
    /// Whether the numbers begin anew, so that everything has to be compared.
    pub(super) anew: bool,
    /// Whether there is nothing more at the moment.
    end: bool,
}

/// A page that is on its way, and its address.
type Ahead = (Url, Task);

/// A request that ends with whoever waits for it.
struct Task(tokio::task::JoinHandle<Result<Answer, crate::outbound::Error>>);

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Future for Task {
    type Output = <tokio::task::JoinHandle<Result<Answer, crate::outbound::Error>> as Future>::Output;

    fn poll(mut self: std::pin::Pin<&mut Self>, context: &mut std::task::Context<'_>) -> std::task::Poll<Self::Output> {
        std::pin::Pin::new(&mut self.0).poll(context)
    }
}

impl Harvester {
    /// Follow the feed to its end, and from time to time compare what is here with what is there.
    pub(super) async fn follow(&self, run: &mut Run, progress: &mut (impl FnMut(&Report) + Send)) -> Result<(), End> {
        self.follow_to_the_end(run, progress).await?;
        if run.held_at.is_none() {
            self.try_again(run).await?;
        }
        if run.held_at.is_some() || !checkpoint::is_due(run.peer.cursor.compared_at, self.clock.now()) {
            return Ok(());
        }
        let mut found = Comparison::Walked;
        let again = match self.compare(run).await? {
            Compared::Same(records) => {
                found = Comparison::Same { records };
                None
            }
            Compared::Not(why) => {
                found = Comparison::Not { why };
                None
            }
            // It said that there was nothing new, and there was.
            Compared::Behind => {
                found = Comparison::Behind;
                Some(Cursor { etag: None, ..run.peer.cursor.clone() })
            }
            Compared::Different(root) => {
                // What still differs then waits for a person, or cannot be taken: no walk would mend it.
                let repaired = self.repair(run, &root).await?;
                if repaired != Some(0) {
                    *run.report.left_out.entry("drift".to_owned()).or_default() += 1;
                }
                if let Some(records) = repaired {
                    found = Comparison::Repaired { records: records as u64 };
                }
                repaired.is_none().then(|| walk_anew(&run.peer.cursor))
            }
        };
        run.report.compared = Some(found.clone());
        if let Some(cursor) = again {
            self.apply(run, Vec::new(), Vec::new(), cursor).await?;
            self.follow_to_the_end(run, progress).await?;
        }
        let comparable = run.peer.cursor.comparable || !matches!(found, Comparison::Not { .. });
        let compared_at = Some(self.clock.now());
        let cursor = Cursor { compared_at, compared: Some(found), comparable, ..run.peer.cursor.clone() };
        self.apply(run, Vec::new(), Vec::new(), cursor).await
    }

    async fn follow_to_the_end(&self, run: &mut Run, progress: &mut (impl FnMut(&Report) + Send)) -> Result<(), End> {
        let now = self.clock.now();
        let known = run.peer.cursor.discovered_at.is_some_and(|at| now - at < Duration::days(1));
        if run.peer.discovered.is_none() || run.peer.cursor.next.is_none() {
            self.rediscover(run).await?;
        } else if !known {
            match self.rediscover(run).await {
                // What it said before stands until it says something else.
                Err(End::Failed(trouble, _)) => {
                    tracing::debug!(peer = run.peer.name, code = trouble.code, "cannot repeat discovery");
                }
                other => other?,
            }
        }
        if run.held_at.is_none() {
            self.keep_from_now(run).await?;
            if run.peer.scope.relayed {
                self.ask_missed(run).await?;
            }
        }
        // A snapshot holds what is the peer's own.
        if run.peer.cursor.next.is_none() && run.live == 0 && run.held_at.is_none() && !run.peer.scope.relayed {
            self.begin_with_snapshot(run, progress).await?;
        }
        let mut looked_again = false;
        let mut begun_anew = false;
        let mut ahead: Option<Ahead> = None;
        loop {
            let url = match &run.peer.cursor.next {
                Some(next) => next.clone(),
                None => feed_of(&run.peer)?,
            };
            let answer = match ahead.take() {
                Some((asked, answer)) if asked == url => {
                    let answer = answer.await.map_err(|error| End::failed("io", error.to_string()))?;
                    self.count(run, answer)?
                }
                _ => {
                    let ask = self.ask_for(&url, run.peer.cursor.etag.clone());
                    self.ask(run, ask).await?
                }
            };
            if answer.status == 304 {
                return self.caught_up(run, run.peer.cursor.clone()).await;
            }
            let page = read_page(&run.peer, &url, &answer)?;
            if page.anew {
                if std::mem::replace(&mut begun_anew, true) {
                    return Err(End::failed("loop", "its feed keeps starting again".to_owned()));
                }
                // Nothing of this page counts: everything is walked from the start.
                let mut walk = walk_anew(&page.cursor);
                let another_epoch = page.cursor.epoch != run.peer.cursor.epoch;
                self.rediscover(run).await?;
                if another_epoch && run.peer.pinned_keys.is_some() {
                    walk.floor = page.cursor.floor.max(page.cursor.after);
                } else if another_epoch {
                    // The numbers of another epoch are its word as all else is; the content can be compared.
                    let tx = self.db.write().await?;
                    peers::forget_numbers(&tx, run.peer.id).await?;
                    tx.commit().await?;
                }
                self.apply(run, Vec::new(), Vec::new(), walk).await?;
                continue;
            }
            run.report.pages += 1;
            if page.end {
                return self.caught_up(run, page.cursor).await;
            }
            // There is more: it is fetched while this page is worked on.
            if page.cursor.head > page.cursor.after && run.held_at.is_none() && !run.is_long(self.most_pages) {
                let (outbound, ask) = (self.outbound.clone(), self.ask_for(&page.next, None));
                ahead = Some((page.next.clone(), Task(tokio::spawn(async move { outbound.fetch(ask).await }))));
            }
            match self.apply(run, page.items, Vec::new(), Cursor { next: Some(page.next), ..page.cursor }).await {
                // Perhaps there is a new key that the old one vouches for: look once.
                Err(End::Held(trouble)) if trouble.code == "unknown-key" && !looked_again => {
                    looked_again = true;
                    self.rediscover(run).await?;
                    continue;
                }
                // Its list of keys is vouched for and does not have this one: perhaps not yet.
                Err(End::Held(trouble)) if trouble.code == "unknown-key" => return Err(End::Failed(trouble, None)),
                other => other?,
            }
            progress(&run.report);
            mind_the_cap(run)?;
            if run.is_long(self.most_pages) {
                return Err(End::Later);
            }
        }
    }

    fn ask_for(&self, url: &Url, if_none_match: Option<String>) -> Ask {
        let follower = vec![("fed-follower", self.here.to_string())];
        Ask { if_none_match, headers: follower, ..Ask::get(url.clone()) }
    }

    /// Where what origins have signed is kept from now on, everything is walked once more to keep it.
    async fn keep_from_now(&self, run: &mut Run) -> Result<(), End> {
        if run.peer.cursor.kept == self.keeps_evidence {
            return Ok(());
        }
        let begun = self.keeps_evidence && run.peer.cursor.next.is_some();
        let from = if begun { walk_anew(&run.peer.cursor) } else { run.peer.cursor.clone() };
        let cursor = Cursor { kept: self.keeps_evidence, ..from };
        self.apply(run, Vec::new(), Vec::new(), cursor).await
    }

    /// Read the discovery document again, and take over keys that trusted ones vouch for.
    async fn rediscover(&self, run: &mut Run) -> Result<(), End> {
        if run.held_at.is_some() {
            return Ok(()); // whatever it says of itself now, an officer has to look first
        }
        run.report.requests += 1;
        let discovery = discover(&self.outbound, &run.peer.url).await.map_err(|trouble| End::Failed(trouble, None))?;
        if discovery.origin.as_str() != run.peer.identity() {
            let detail = format!("{} was followed, but {} now answers", run.peer.identity(), discovery.origin);
            return Err(End::held("other-origin", detail));
        }
        if let Some(pinned) = &run.peer.pinned_keys {
            let Some(trusted) = keys::trusted(pinned, &discovery) else {
                let detail = if discovery.keys.is_empty() { NO_KEYS } else { OTHER_KEYS };
                // Shown to whoever has to decide.
                run.peer.discovered = Some(discovery);
                return Err(End::held("key-changed", detail.to_owned()));
            };
            run.peer.pinned_keys = Some(trusted);
        }
        let licence = Some(discovery.license.url.clone());
        if run.peer.discovered.is_some() && run.peer.licence != licence && run.peer.cursor.next.is_some() {
            // What may be shown of its records is another question now.
            let tx = self.db.write().await?;
            peers::forget_versions(&tx, run.peer.id).await?;
            tx.commit().await?;
            run.peer.cursor = walk_anew(&run.peer.cursor);
        }
        run.peer.licence = licence;
        run.peer.cursor.discovered_at = Some(self.clock.now());
        run.peer.attribution = Some(discovery.license.attribution.clone()).filter(|text| !text.is_empty());
        run.peer.discovered = Some(discovery);
        Ok(())
    }

    /// Nothing more at the moment. After a walk over everything, what it has not met waits for a person.
    async fn caught_up(&self, run: &mut Run, mut cursor: Cursor) -> Result<(), End> {
        if cursor.walking && run.held_at.is_none() {
            let held = self.hold_what_was_not_met(run, &cursor).await?;
            run.report.held_deletes += held;
            cursor.walking = false;
        }
        if cursor != run.peer.cursor {
            self.apply(run, Vec::new(), Vec::new(), cursor).await?;
        }
        Ok(())
    }

    /// After a new epoch, records that are not told any more may have been made after the backup that
    /// the peer went back to: nobody knows but its people.
    async fn hold_what_was_not_met(&self, run: &Run, cursor: &Cursor) -> Result<u64, End> {
        let mut after = None;
        let mut many = 0;
        loop {
            let rows = peers::not_seen(&self.db, run.peer.id, cursor.crawl, after, ROWS).await?;
            let Some(last) = rows.last() else { return Ok(many) };
            after = Some(last.id);
            let now = self.clock.now();
            let held: Vec<Held> = rows
                .into_iter()
                .map(|row| Held {
                    id: row.id,
                    peer: row.peer,
                    rev: row.rev,
                    why: "the peer has started a new epoch and no longer includes it".to_owned(),
                    at: now,
                })
                .collect();
            many += held.len() as u64;
            let tx = self.under_lease(run).await?;
            peers::put_held(&tx, &held).await?;
            tx.commit().await?;
        }
    }
}

/// A peer that tells more than was agreed is held, so that one cannot fill the directory.
pub(super) fn mind_the_cap(run: &Run) -> Result<(), End> {
    let there = run.live + run.report.created + run.report.waiting;
    if there <= run.peer.scope.most {
        return Ok(());
    }
    let detail = format!(
        "it has sent {there} records, but {} were agreed; `fingerpost peer scope {} --most N` allows more",
        run.peer.scope.most, run.peer.id
    );
    Err(End::held("too-many-records", detail))
}

/// Everything from the start: what is met is compared, what is not waits for a person.
pub(super) fn walk_anew(from: &Cursor) -> Cursor {
    Cursor {
        crawl: from.crawl + 1,
        walking: true,
        epoch: from.epoch.clone(),
        head: from.head,
        compared_at: from.compared_at,
        discovered_at: from.discovered_at,
        tried_with: from.tried_with.clone(),
        kept: from.kept,
        floor: from.floor,
        compared: from.compared.clone(),
        comparable: from.comparable,
        ..Cursor::default()
    }
}

pub(super) fn feed_of(peer: &Peer) -> Result<Url, End> {
    let feeds = peer.discovered.as_ref().map(|discovery| discovery.feeds.as_slice()).unwrap_or_default();
    let (scope, what) = if peer.scope.relayed { (ALL, "of records it passes on") } else { (OWN, "of its own records") };
    let feed = feeds.iter().find(|feed| feed.scope == scope);
    let feed = feed.ok_or_else(|| End::held("no-feed", format!("its discovery document names no feed {what}")))?;
    if feed.url.origin() != peer.discovered.as_ref().map_or_else(|| peer.url.origin(), |said| said.origin.origin()) {
        return Err(End::held("feed-elsewhere", format!("its feed is at {}, which is another directory", feed.url)));
    }
    Ok(feed.url.clone())
}

/// The items of a page, for the fuzzer; none where the page is refused.
pub(super) fn items_of(peer: &Peer, url: &Url, answer: &Answer) -> Items {
    read_page(peer, url, answer).map(|page| page.items).unwrap_or_default()
}

pub(super) fn read_page(peer: &Peer, url: &Url, answer: &Answer) -> Result<Page, End> {
    if !answer.is_json() {
        let kind = answer.header("content-type").unwrap_or("no content type").to_owned();
        return Err(End::failed("not-json", format!("{url} returns {kind} instead of JSON")));
    }
    let value = json::parse(&answer.body).map_err(|error| End::failed("bad-json", format!("{url}: {error}")))?;
    let Value::Object(mut page) = value else {
        return Err(End::failed("bad-page", format!("{url} is not a feed page: it is not an object")));
    };
    let Some(Value::Array(items)) = page.remove("items") else {
        return Err(End::failed("bad-page", format!("{url} is not a feed page: it has no items")));
    };
    let next = page.get("next").and_then(Value::as_str).and_then(|next| Url::parse(next).ok());
    let next = next.ok_or_else(|| End::failed("bad-page", format!("{url} does not name a next page")))?;
    let text = |name: &str| page.get(name).and_then(Value::as_str).map(str::to_owned);
    let feed = |name: &str| page.get("feed").and_then(|feed| feed.get(name)).and_then(Value::as_i64);
    let epoch = text("epoch");
    let mut cursor = Cursor {
        epoch: epoch.clone(),
        head: feed("head").unwrap_or(0),
        next: Some(url.clone()),
        etag: None,
        ..peer.cursor.clone()
    };
    let another_epoch = peer.cursor.epoch.is_some() && epoch != peer.cursor.epoch;
    let missed_tombstones = peer.cursor.after != 0 && feed("min_safe").is_some_and(|least| least > peer.cursor.after);
    if another_epoch {
        let least = items.iter().filter_map(|item| item.get("modified").and_then(Value::as_i64)).min();
        least.map_or(Ok(()), |least| is_beyond(peer, least, peer.cursor.floor.max(peer.cursor.after)))?;
    }
    if another_epoch || missed_tombstones {
        return Ok(Page { items: Vec::new(), next, cursor, anew: true, end: false });
    }
    if cursor.head != 0 && cursor.head < peer.cursor.after {
        let detail = format!("its feed went up to {} and now ends at {}", peer.cursor.after, cursor.head);
        return Err(End::held("head-went-back", detail));
    }
    if next.origin() != url.origin() || next.path() != url.path() {
        return Err(End::held("next-elsewhere", format!("{url} redirects to {next}, which is not the same feed")));
    }
    if items.is_empty() && next == *url {
        cursor.etag = answer.header("etag").map(str::to_owned);
        return Ok(Page { items: Vec::new(), next, cursor, anew: false, end: true });
    }
    let relay = peer.scope.relayed.then(|| peer.identity());
    let mut last = peer.cursor.after;
    let mut read = Vec::with_capacity(items.len());
    for item in items {
        let rev = item.get("modified").and_then(Value::as_i64);
        match rev {
            Some(rev) if rev > last => last = is_beyond(peer, rev, peer.cursor.floor).map(|()| rev)?,
            _ => return Err(End::failed("not-in-order", format!("{url}: the items are not in order of their change numbers"))),
        }
        read.push(read_item(item, relay, epoch.as_deref().unwrap_or_default()));
    }
    let leads_to =
        next.query_pairs().find(|(name, _)| name == "afterChangeNumber").and_then(|(_, number)| number.parse::<i64>().ok());
    match leads_to {
        Some(number) if number >= last && number > peer.cursor.after => cursor.after = number,
        _ => return Err(End::failed("loop", format!("{url} names {next} as the next page, which is no further on"))),
    }
    Ok(Page { items: read, next, cursor, anew: false, end: false })
}

/// Numbers of a new epoch are larger than all earlier ones. Nobody signs the name of an epoch, but each number
/// stands in a signed statement: so what was signed before cannot come back under another name.
fn is_beyond(peer: &Peer, rev: i64, floor: i64) -> Result<(), End> {
    if peer.pinned_keys.is_none() || rev > floor {
        return Ok(());
    }
    let detail = format!("its feed starts again at {rev} although it had reached {floor}: that is not a new version");
    Err(End::held("numbers-went-back", detail))
}

/// Read an item of a page of this epoch; `relay` is the identity of a peer that passes on what others have signed.
pub(super) fn read_item(item: Value, relay: Option<&str>, epoch: &str) -> Result<Event, Box<Unreadable>> {
    let mut item = item;
    // The record itself is large and is not to be copied.
    let data = item.as_object_mut().and_then(|members| members.remove("data")).filter(|data| !data.is_null());
    let text = |name: &str| item.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (kind, id, rev) = (text("kind"), text("id"), item.get("modified").and_then(Value::as_i64).unwrap_or(0));
    let raw_statement = item.get("fed").cloned();
    let bad = |code: &'static str, detail: String, mut raw: Value, data: Option<Value>| {
        if let (Some(members), Some(data)) = (raw.as_object_mut(), data) {
            members.insert("data".to_owned(), data);
        }
        Box::new(Unreadable { kind: kind.clone(), id: id.clone(), rev, code, detail, raw })
    };
    let read: Item = match serde_path_to_error::deserialize(&item) {
        Ok(read) => read,
        Err(error) => return Err(bad("bad-item", error.to_string(), item, data)),
    };
    let known = Kind::RECORDS.into_iter().find(|known| known.as_str() == read.kind);
    let Some(known) = known else {
        return Err(bad("unknown-kind", format!("{:?} is not a kind of record known here", read.kind), item, data));
    };
    let is_there = read.state == super::super::protocol::ItemState::Updated;
    if is_there != data.is_some() {
        return Err(bad("bad-item", "an updated item must have data, a deleted one must not".to_owned(), item, data));
    }
    let at = read.modified;
    let (id, rev, epoch, route) = match (&read.fed, relay) {
        (Some(fed), Some(relay)) if fed.origin != relay => {
            (fed.id.clone(), fed.rev, fed.epoch.clone(), Route::Relayed { origin: fed.origin.clone(), via: read.via })
        }
        (None, Some(_)) if !is_there && !read.via.is_empty() => (read.id, at, epoch.to_owned(), Route::Withdrawn),
        _ => (read.id, at, epoch.to_owned(), Route::Direct),
    };
    Ok(Event {
        kind: known,
        id,
        rev,
        epoch,
        at,
        route,
        data,
        statement: raw_statement.zip(read.fed),
        alone: true,
        listed: None,
        over: false,
    })
}
