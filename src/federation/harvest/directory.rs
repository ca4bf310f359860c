//! The adapter for `open-directory/1`: discovery, and the change feed page by page.

use chrono::Duration;
use url::Url;

use super::{
    super::{
        peers::{self, Comparison, Cursor, Peer, Report},
        protocol::{ALL, OWN},
    },
    End, Error, Harvester, Run,
    checkpoint::{self, Compared},
    damage::Damage,
    discover::said_by,
    keys,
    page::{Page, Reader, Told},
    task::Task,
};
use crate::{
    outbound::{self, Answer, Ask, Outbound},
    records,
};

/// For so long a discovery document may be cached; what is new is judged by one that is not older.
const FRESH: Duration = Duration::minutes(5);

const OTHER_KEYS: &str = "it signs with a key that no approved key endorses. Ask them whether they have a new key, compare its fingerprint, then approve it again";
const NO_KEYS: &str = "its keys were approved but it no longer presents any, so nothing proves that it is still them";

/// A page that is on its way, and its address.
type Ahead = (Url, Task<Fetched>);

/// A walk over the pages of a feed.
#[derive(Default)]
struct Walk {
    /// The next page, where it is on its way.
    ahead: Option<Ahead>,
    /// Whether it has begun anew: once is enough.
    begun_anew: bool,
    /// Whether the list of keys is one of this walk.
    refreshed: bool,
    /// Whether the list of keys was read because of a key that it did not have.
    looked_again: bool,
}

/// An answer, and what it says, as far as that can be read whatever stands before it; nothing but where that is a page.
struct Fetched {
    answer: Result<Answer, outbound::Error>,
    is_conditional: bool,
    /// Bytes of the page, of which the answer has none any more.
    unpacked: u64,
    told: Option<Result<Told, End>>,
}

impl Fetched {
    /// Ask for a page and read it, beside whoever waits for the runtime.
    async fn by(outbound: Outbound, ask: Ask, reader: Reader) -> Self {
        let (url, is_conditional) = (ask.url.clone(), ask.is_conditional());
        let mut answer = match outbound.fetch(ask).await {
            Ok(answer) if answer.status == 200 => answer,
            other => return Self { answer: other, is_conditional, unpacked: 0, told: None },
        };
        let unpacked = answer.body.len() as u64;
        let reading = tokio::task::spawn_blocking(move || {
            let told = Told::read(&url, &answer, &reader);
            answer.body = Vec::new();
            (answer, told)
        });
        match reading.await {
            Ok((answer, told)) => Self { answer: Ok(answer), is_conditional, unpacked, told: Some(told) },
            Err(error) => Self { answer: Err(outbound::Error::Io(error.into())), is_conditional, unpacked: 0, told: None },
        }
    }
}

impl Harvester {
    /// Follow the feed to its end, and from time to time compare what is here with what is there.
    pub(super) async fn follow(&self, run: &mut Run, progress: &mut (impl FnMut(&Report) + Send)) -> Result<(), End> {
        self.begin_behind(run).await?;
        let mut looked = None;
        match self.follow_to_the_end(run, progress).await {
            // Something that cannot be read is in the way. What came from this peer comes again.
            Err(End::Broken(Error::Records(records::Error::Damaged { .. }))) if run.held_at.is_none() => {
                looked = Some(self.look_at_records(run).await?);
                run.peer.cursor.compared_at = None;
                self.follow_to_the_end(run, progress).await?;
            }
            other => other?,
        }
        if run.held_at.is_none() {
            self.try_again(run).await?;
            self.carry_out_what_is_stood_by(run).await?;
        }
        if run.held_at.is_some() || !checkpoint::is_due(run.peer.cursor.compared_at, self.clock.now()) {
            return Ok(());
        }
        let damage = match looked {
            Some(damage) => damage,
            // What has just come for the first time is as it was written.
            None if run.peer.cursor.compared.is_none() => Damage::default(),
            None => self.look_at_records(run).await?,
        };
        // A checkpoint is signed by the key of the moment.
        self.refresh(run, FRESH).await?;
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
        let is_to_be_walked = self.is_still_lost(&damage).await?;
        let again = if is_to_be_walked { Some(walk_anew(&run.peer.cursor)) } else { again };
        run.report.compared = Some(found.clone());
        if let Some(cursor) = again {
            self.apply(run, Vec::new(), Vec::new(), cursor).await?;
            self.follow_to_the_end(run, progress).await?;
        }
        self.publish_again(run, &damage).await?;
        let comparable = run.peer.cursor.comparable || !matches!(found, Comparison::Not { .. });
        let compared_at = Some(self.clock.now());
        let cursor = Cursor { compared_at, compared: Some(found), comparable, ..run.peer.cursor.clone() };
        self.apply(run, Vec::new(), Vec::new(), cursor).await
    }

    async fn follow_to_the_end(&self, run: &mut Run, progress: &mut (impl FnMut(&Report) + Send)) -> Result<(), End> {
        self.begin_to_follow(run, progress).await?;
        let mut walk = Walk::default();
        loop {
            let url = match &run.peer.cursor.next {
                Some(next) => next.clone(),
                None => feed_of(&run.peer)?,
            };
            // Where there is no page and that was no failure, nothing has changed.
            let Some(told) = self.page_at(run, &url, walk.ahead.take()).await? else {
                return self.caught_up(run, run.peer.cursor.clone()).await;
            };
            let mut page = told.place(&run.peer, &url)?;
            run.report.pages += 1;
            if page.anew {
                self.walk_from_the_start(run, &page.cursor, &mut walk).await?;
                continue;
            }
            if page.end {
                return self.caught_up(run, page.cursor).await;
            }
            if !self.is_judged_by_fresh_keys(run, &mut page, &mut walk).await? {
                continue; // everything is looked at again
            }
            // There is more: it is fetched and read while this page is worked on.
            run.deletions.more_follows = page.cursor.head > page.cursor.after;
            walk.ahead = self.fetch_ahead(run, &page);
            if !self.apply_page(run, page, &mut walk).await? {
                continue;
            }
            progress(&run.report);
            mind_the_cap(run)?;
            if self.is_long(run) {
                return Err(End::Later);
            }
        }
    }

    /// What has to be known of a peer before its feed is read; and where nothing of it is here, its snapshot.
    async fn begin_to_follow(&self, run: &mut Run, progress: &mut (impl FnMut(&Report) + Send)) -> Result<(), End> {
        if run.peer.discovered.is_none() || run.peer.cursor.next.is_none() {
            self.rediscover(run).await?;
        } else {
            self.refresh(run, Duration::days(1)).await?;
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
        Ok(())
    }

    /// The page at `url`, which may be on its way already; none where nothing has changed there.
    async fn page_at(&self, run: &mut Run, url: &Url, ahead: Option<Ahead>) -> Result<Option<Told>, End> {
        let fetched = match ahead {
            Some((asked, fetched)) if asked == *url => fetched.await.map_err(|error| End::failed("io", error.to_string()))?,
            _ => {
                let ask = self.ask_for(url, run.peer.cursor.etag.clone());
                Fetched::by(self.outbound.clone(), ask, Reader::of(&run.peer)).await
            }
        };
        run.unpacked += fetched.unpacked;
        self.count(run, fetched.answer, fetched.is_conditional)?;
        fetched.told.transpose()
    }

    /// Nothing counts of a page whose numbers begin anew, and by which one would stand `there`: everything is walked from
    /// the start.
    async fn walk_from_the_start(&self, run: &mut Run, there: &Cursor, walk: &mut Walk) -> Result<(), End> {
        if std::mem::replace(&mut walk.begun_anew, true) {
            return Err(End::failed("loop", "its feed keeps starting again".to_owned()));
        }
        let mut from = walk_anew(there);
        let another_epoch = there.epoch != run.peer.cursor.epoch;
        self.rediscover(run).await?;
        if another_epoch && run.peer.pinned_keys.is_some() {
            from.floor = there.floor.max(there.after);
        } else if another_epoch {
            // The numbers of another epoch are its word as all else is; the content can be compared.
            let tx = self.under_lease(run).await?;
            peers::forget_numbers(&tx, run.peer.id).await?;
            tx.commit().await?;
        }
        self.apply(run, Vec::new(), Vec::new(), from).await
    }

    /// A key may have been given up since: what is new is judged by a list of keys that is. Not where everything has to
    /// be looked at again because of what it says.
    async fn is_judged_by_fresh_keys(&self, run: &mut Run, page: &mut Page, walk: &mut Walk) -> Result<bool, End> {
        if page.items.is_empty() || run.peer.pinned_keys.is_none() || std::mem::replace(&mut walk.refreshed, true) {
            return Ok(true);
        }
        let crawl = run.peer.cursor.crawl;
        self.refresh(run, FRESH).await?;
        page.cursor.discovered_at = run.peer.cursor.discovered_at;
        Ok(run.peer.cursor.crawl == crawl)
    }

    /// Ask for the page behind this one, where there is more and time for it. What is asked for ahead says nothing of how
    /// far we have come.
    fn fetch_ahead(&self, run: &Run, page: &Page) -> Option<Ahead> {
        if !run.deletions.more_follows || run.held_at.is_some() || self.is_long(run) {
            return None;
        }
        let (outbound, ask) = (self.outbound.clone(), Ask::get(page.next.clone()));
        Some((page.next.clone(), Task::spawn(Fetched::by(outbound, ask, Reader::of(&run.peer)))))
    }

    /// Apply a page. Whether it was: where a key is unknown, there may be a new one that the old one vouches for, and then
    /// the page is asked for once more.
    async fn apply_page(&self, run: &mut Run, page: Page, walk: &mut Walk) -> Result<bool, End> {
        match self.apply_in_turn(run, page.items, Cursor { next: Some(page.next), ..page.cursor }).await {
            Err(End::Held(trouble)) if trouble.code == "unknown-key" => {
                // Its list of keys is vouched for and does not have this one: perhaps not yet.
                if std::mem::replace(&mut walk.looked_again, true) {
                    return Err(End::Failed(trouble, None));
                }
                self.rediscover(run).await?;
                Ok(false)
            }
            other => other.map(|()| true),
        }
    }

    /// Ask for what comes after all that was applied: the directory is told who has come so far.
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

    /// Read the discovery document again where that was not done for so long. Where it cannot be read, what it said
    /// before counts until it says something else.
    async fn refresh(&self, run: &mut Run, after: Duration) -> Result<(), End> {
        let now = self.clock.now();
        if run.peer.cursor.discovered_at.is_some_and(|at| (Duration::zero()..after).contains(&(now - at))) {
            return Ok(());
        }
        match self.rediscover(run).await {
            Err(end) if end.asks_us_to_wait() || end.is_over() => Err(end),
            Err(End::Failed(trouble, _)) => {
                tracing::debug!(peer = run.peer.name, code = trouble.code, "cannot repeat discovery");
                Ok(())
            }
            other => other,
        }
    }

    /// Read the discovery document again, and take over keys that trusted ones vouch for.
    pub(super) async fn rediscover(&self, run: &mut Run) -> Result<(), End> {
        if run.held_at.is_some() {
            return Ok(()); // whatever it says of itself now, an officer has to look first
        }
        let url = run.peer.url.clone();
        let answer = self.ask_who(run, &url).await.map_err(|trouble| End::Failed(trouble, None))?;
        let wait = answer.retry_after(self.clock.now());
        let discovery = said_by(&answer).map_err(|trouble| End::Failed(trouble, wait))?;
        if discovery.origin.as_str() != run.peer.identity() {
            let detail = format!("{} was followed, but {} now answers", run.peer.identity(), discovery.origin);
            return Err(End::held("other-origin", detail));
        }
        if let Some(pinned) = &run.peer.pinned_keys {
            let Some(trusted) = keys::trusted(pinned, &discovery) else {
                let detail = if discovery.keys.is_empty() { NO_KEYS } else { OTHER_KEYS };
                // Shown to whoever has to decide, and read again at the next pull: this may have been somebody else.
                run.peer.discovered = Some(discovery);
                run.peer.cursor.discovered_at = None;
                return Err(End::held("key-changed", detail.to_owned()));
            };
            run.peer.pinned_keys = Some(trusted);
        }
        let licence = Some(discovery.license.url.clone());
        if run.peer.discovered.is_some() && run.peer.licence != licence && run.peer.cursor.next.is_some() {
            // What may be shown of its records is another question now.
            let tx = self.under_lease(run).await?;
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
        if run.held_at.is_none() {
            self.settle_deletions(run).await?;
            if cursor.walking {
                self.hold_what_was_not_met(run, &cursor).await?;
                cursor.walking = false;
            }
            keys::note_retired(&mut cursor, run.peer.pinned_keys.as_deref().unwrap_or_default());
        }
        if cursor != run.peer.cursor {
            self.apply(run, Vec::new(), Vec::new(), cursor).await?;
        }
        Ok(())
    }
}

/// A peer that tells more than was agreed is held, so that one cannot fill the directory. From one that is held already
/// nothing comes but what takes something back, and that may stand on its last page.
pub(super) fn mind_the_cap(run: &Run) -> Result<(), End> {
    too_many(run, 0).filter(|_| run.held_at.is_none()).map_or(Ok(()), Err)
}

/// Why so many more records of a peer are not taken.
pub(super) fn too_many(run: &Run, more: u64) -> Option<End> {
    let there = run.live + run.report.created + run.report.waiting + more;
    if there <= run.peer.scope.most {
        return None;
    }
    let detail = format!(
        "it has sent {there} records, but {} were agreed; `fingerpost peer scope {} --most N` allows more",
        run.peer.scope.most, run.peer.id
    );
    Some(End::held("too-many-records", detail))
}

/// Everything from the start: what is met is compared, what is not waits for a person.
pub(super) fn walk_anew(from: &Cursor) -> Cursor {
    Cursor {
        epoch: from.epoch.clone(),
        head: from.head,
        compared_at: from.compared_at,
        discovered_at: from.discovered_at,
        tried_with: from.tried_with.clone(),
        kept: from.kept,
        floor: from.floor,
        promised: from.promised,
        compared: from.compared.clone(),
        ..from.knowing_nothing()
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
