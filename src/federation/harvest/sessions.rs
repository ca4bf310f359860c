//! The adapter for OpenActive: feeds of changes (RPDE 1.0), one for series, one for their dates, found
//! on the page of a publisher or given by address.
//!
//! Series and dates come in any order, so each part is kept, and whenever one changes the whole event is
//! made anew of what there is. Parts, records and where we stand are written together.

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::Duration;
use serde_json::Value;
use url::Url;
use uuid::Uuid;

use super::{
    super::peers::{self, Cursor, Feed, Part, Report, Trouble},
    End, Harvester, Run,
    crawl::EMPTY,
    directory::mind_the_cap,
    event::{Items, Unreadable},
    page::{LONGEST_NEXT, MOST_ITEMS},
    repair::VERSION,
};
use crate::{
    formats::{
        digits,
        json::{self, Noted},
        openactive::{
            dataset::{self, Dataset, Said},
            event as mapping,
            page::{self, Item, Role},
        },
    },
    ids,
    model::Kind,
    outbound::{Answer, Ask, Outbound},
    published::redaction::SecretWords,
};

mod made;

/// Feeds keep what is gone for so long: whoever was away for longer may have missed it.
const TOLD_FOR: Duration = Duration::days(7);
/// Of a publisher, so many feeds are read.
const MOST_FEEDS: usize = 20;
/// Parts may be so many for each record that was agreed.
const PARTS_A_RECORD: u64 = 20;
/// Larger items are not kept, in bytes.
const LARGEST: usize = 256 << 10;
/// Parts that are looked at together when a walk is over.
const ROWS: u64 = 200;

/// Our own terms, by their names and codes.
type Terms = HashMap<String, Uuid>;

/// Parts that are to be written with the next page.
#[derive(Debug, Default)]
pub(super) struct Parts {
    pub(super) put: Vec<Part>,
    pub(super) gone: Vec<Uuid>,
    /// The same, of parts that were not told any more, with their events: each goes only where its event does not wait.
    pub(super) missed: Vec<(Uuid, Uuid)>,
}

/// What stands at an address: the page of a publisher, or a feed.
/// # Errors
/// Why it is neither.
pub(in crate::federation) fn said_by(answer: &Answer) -> Result<Dataset, Trouble> {
    let trouble = |code: &str, detail: String| Trouble { code: code.to_owned(), detail };
    if answer.is_json() {
        let value = json::parse(&answer.body).map_err(|error| trouble("bad-json", format!("{}: {error}", answer.url)))?;
        let page = page::read(value).map_err(|why| trouble("bad-page", format!("{} is not a feed page: {why}", answer.url)))?;
        return Ok(Dataset { name: None, licence: page.licence, feeds: vec![answer.url.to_string()] });
    }
    match dataset::read(&answer.body) {
        Some(Said::Dataset(said)) if !said.feeds.is_empty() => Ok(said),
        Some(Said::Dataset(_)) => Err(trouble("no-feed", format!("{} does not name a feed of sessions or events", answer.url))),
        Some(Said::Catalogue(pages)) => {
            // As addresses they hold nothing that a terminal would take for a command.
            let some = pages.iter().filter_map(|page| Url::parse(page).ok()).take(5).map(String::from);
            let some = some.collect::<Vec<_>>().join(", ");
            let detail = format!("{} is a list of publishers; follow one of them: {some}", answer.url);
            Err(trouble("catalogue", detail))
        }
        None => Err(trouble("no-feed", format!("{} is neither a feed nor a page that lists feeds", answer.url))),
    }
}

/// The question what stands at an address.
fn asking(url: &Url) -> Ask {
    Ask { accept: "text/calendar, application/json, text/html;q=0.9, */*;q=0.5", ..Ask::get(url.clone()) }
}

/// Ask for what stands at an address.
pub(in crate::federation) async fn ask_for(outbound: &Outbound, url: &Url) -> Result<Answer, Trouble> {
    outbound.fetch(asking(url)).await.map_err(|error| Trouble { code: error.code().to_owned(), detail: error.to_string() })
}

impl Harvester {
    /// Follow every feed to its end.
    pub(super) async fn follow_sessions(&self, run: &mut Run, progress: &mut (impl FnMut(&Report) + Send)) -> Result<(), End> {
        let away = run.peer.succeeded_at.is_some_and(|at| self.clock.now() - at > TOLD_FOR);
        if self.look_once_a_week(run).await? {
            run.peer.cursor.feeds.clear();
        }
        let anew = away || self.is_to_be_tried_again(run).await?;
        if run.peer.cursor.feeds.is_empty() || anew && !run.peer.cursor.walking {
            self.find_feeds(run).await?;
        }
        let most = run.peer.scope.most.saturating_mul(PARTS_A_RECORD);
        let mut parts = peers::count_parts(&self.db, run.peer.id).await?;
        let terms = self.terms_by_name().await?;
        for at in 0..run.peer.cursor.feeds.len() {
            let mut been: HashSet<Url> = HashSet::new();
            while let Some(feed) = run.peer.cursor.feeds.get(at).cloned() {
                let Some((page, cursor)) = self.page_of_sessions(run, at, &feed).await? else { break };
                let is_end = page.items.is_empty() && cursor.feeds.get(at).is_some_and(|after| after.next == feed.next);
                if !is_end && !been.insert(feed.next.clone()) {
                    return Err(End::failed("loop", format!("{} leads back to {}", feed.url, feed.next)));
                }
                run.report.pages += 1;
                parts += self.take_page(run, &terms, page.items, cursor).await?;
                progress(&run.report);
                mind_the_cap(run)?;
                if parts > most {
                    let detail = format!(
                        "it has sent more than {most} series and dates, when {} records were agreed",
                        run.peer.scope.most
                    );
                    return Err(End::held("too-many-records", detail));
                }
                if is_end {
                    break;
                }
                if self.is_long(run) {
                    return Err(End::Later);
                }
            }
        }
        if run.peer.cursor.walking {
            self.mind_empty_feeds(run).await?;
            self.take_out_what_was_not_told(run, &terms).await?;
            let tried_with = Some(VERSION.to_owned());
            let cursor = Cursor { walking: false, may_be_empty: false, tried_with, ..run.peer.cursor.clone() };
            self.apply(run, Vec::new(), Vec::new(), cursor).await?;
        }
        Ok(())
    }

    /// Find the feeds, and begin to walk over everything.
    async fn find_feeds(&self, run: &mut Run) -> Result<(), End> {
        let ask = asking(&run.peer.url);
        let answer = self.ask(run, ask).await?;
        let said = said_by(&answer).map_err(|trouble| End::Failed(trouble, None))?;
        if run.peer.licence.is_none() {
            run.peer.licence = said.licence.and_then(|licence| Url::parse(&licence).ok()).map(String::from);
        }
        let feeds = said.feeds.iter().take(MOST_FEEDS).filter_map(|feed| Url::parse(feed).ok());
        let feeds = feeds.map(|url| Feed { next: url.clone(), url, etag: None }).collect();
        let Cursor { crawl, looked_at, may_be_empty, .. } = run.peer.cursor;
        run.peer.cursor = Cursor { crawl: crawl + 1, walking: true, looked_at, may_be_empty, feeds, ..Cursor::default() };
        Ok(())
    }

    /// The next page of a feed, and where we stand behind it; none where nothing is new.
    async fn page_of_sessions(&self, run: &mut Run, at: usize, feed: &Feed) -> Result<Option<(page::Page, Cursor)>, End> {
        let ask = Ask { if_none_match: feed.etag.clone(), ..Ask::get(feed.next.clone()) };
        let answer = match self.ask(run, ask).await {
            Err(end) if end.is_not_there() && feed.url != run.peer.url => {
                // Perhaps the publisher's page names another address by now.
                run.peer.cursor.feeds.clear();
                return Err(end);
            }
            other => other?,
        };
        if answer.status == 304 {
            return Ok(None);
        }
        let url = &feed.next;
        if !answer.is_json() {
            let kind = answer.header("content-type").unwrap_or("no content type");
            return Err(End::failed("not-json", format!("{url} returns {kind} instead of JSON")));
        }
        let noted =
            json::parse_mended_noting(&answer.body).map_err(|error| End::failed("bad-json", format!("{url}: {error}")))?;
        let Noted { mut value, rounded } = noted;
        // Feeds number by 64 bits and more; what is read of them takes text for numbers.
        digits::as_text(&mut value, &rounded);
        let page = page::read(value).map_err(|why| End::failed("bad-page", format!("{url} is not a feed page: {why}")))?;
        if page.items.len() > MOST_ITEMS {
            let detail = format!("{url} has {} items on one page; at most {MOST_ITEMS} are read", page.items.len());
            return Err(End::failed("bad-page", detail));
        }
        let next = url
            .join(&page.next)
            .map_err(|error| End::failed("bad-page", format!("{url} names a next page that is not valid: {error}")))?;
        if next.as_str().len() > LONGEST_NEXT {
            return Err(End::failed(
                "bad-page",
                format!("{url} names a next page whose address is longer than {LONGEST_NEXT} bytes"),
            ));
        }
        if next.origin() != feed.url.origin() {
            return Err(End::held("next-elsewhere", format!("{url} redirects to {next}, which is not the same feed")));
        }
        // The same question in another order is the same question.
        let next = if is_same_question(&next, url) { url.clone() } else { next };
        if next == *url && !page.items.is_empty() {
            return Err(End::failed("loop", format!("{url} has items but names itself as the next page")));
        }
        let etag = answer.header("etag").filter(|_| next == *url).map(str::to_owned);
        let mut cursor = run.peer.cursor.clone();
        if let Some(here) = cursor.feeds.get_mut(at) {
            *here = Feed { url: feed.url.clone(), next, etag };
        }
        Ok(Some((page, cursor)))
    }

    /// What a page changes: every series of which something is told is made anew. Gives how many parts were told.
    async fn take_page(
        &self,
        run: &mut Run,
        terms: &Terms,
        items: Vec<Result<Item, page::Bad>>,
        cursor: Cursor,
    ) -> Result<u64, End> {
        let count = items.len();
        let mut bad: Items = Vec::new();
        let mut now: BTreeMap<Uuid, Option<Part>> = BTreeMap::new();
        for item in items {
            match item {
                Ok(item) => {
                    let id = ids::from_source(&run.peer.origin, "openactive", &format!("{}\n{}", item.kind, item.id));
                    match kept(run, id, item, self.records.withheld_categories()) {
                        Ok(part) => {
                            now.insert(id, part);
                        }
                        Err(unreadable) => bad.push(Err(unreadable)),
                    }
                }
                Err(one) => bad.push(Err(Box::new(unreadable(&one.id, "bad-item", one.reason.to_owned())))),
            }
        }
        let told = now.values().flatten().count() as u64;
        run.parts.gone.extend(now.iter().filter(|(_, part)| part.is_none()).map(|(id, _)| *id));
        let mut rest = self.made_of(run, terms, now, HashMap::new()).await?;
        rest.extend(bad);
        run.deletions.more_follows = false;
        self.apply_rest(run, rest, cursor, count).await?;
        self.settle_deletions(run).await?;
        Ok(told)
    }

    /// Feeds that tell nothing although they told something before: a person has to look, and after that it is gone.
    async fn mind_empty_feeds(&self, run: &mut Run) -> Result<(), End> {
        let (peer, walk) = (run.peer.id, run.peer.cursor.crawl);
        let all = peers::count_parts(&self.db, peer).await?;
        let is_empty = all > 0 && peers::count_parts_not_walked(&self.db, peer, walk).await? == all;
        if !is_empty || !peers::has_live(&self.db, peer, Kind::Event).await? {
            return Ok(());
        }
        if !run.peer.cursor.may_be_empty {
            // Whatever somebody decides, everything is read from its start then.
            run.peer.cursor.feeds.clear();
            let detail = format!("it had {} records and its feeds are now empty", run.live);
            return Err(End::held("suddenly-empty", detail));
        }
        run.report.deleted += self.take_out_all(&run.peer, Some(run.lease), EMPTY, false).await?;
        Ok(())
    }

    /// After a walk over everything, parts that were not told any more are gone, where their events go.
    async fn take_out_what_was_not_told(&self, run: &mut Run, terms: &Terms) -> Result<(), End> {
        let mut after = None;
        loop {
            let parts = peers::parts_not_walked(&self.db, run.peer.id, run.peer.cursor.crawl, after, ROWS).await?;
            let Some(last) = parts.last() else { return Ok(()) };
            after = Some(last.id);
            let mut missed: HashMap<String, Vec<Uuid>> = HashMap::new();
            let mut gone = BTreeMap::new();
            for part in parts {
                gone.insert(part.id, None);
                missed.entry(part.series).or_default().push(part.id);
            }
            let items = self.made_of(run, terms, gone, missed).await?;
            self.apply_picked(run, items).await?;
        }
    }
}

/// Whether two addresses ask for the same page: their parameters may stand in another order, or be encoded otherwise.
fn is_same_question(one: &Url, other: &Url) -> bool {
    let parameters = |url: &Url| {
        let mut pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
        pairs.sort_unstable();
        pairs
    };
    one.origin() == other.origin() && one.path() == other.path() && parameters(one) == parameters(other)
}

/// What is kept of an item; none where it is gone, or no event.
fn kept(run: &mut Run, id: Uuid, item: Item, secret: &SecretWords) -> Result<Option<Part>, Box<Unreadable>> {
    if item.data.is_none() {
        return Ok(None);
    }
    let (Some(role), Some(series)) = (item.role(), item.group()) else {
        *run.report.left_out.entry("other-kind".to_owned()).or_default() += 1;
        return Ok(None);
    };
    let mut data = item.data.unwrap_or_default();
    *run.report.left_out.entry("dropped-part".to_owned()).or_default() += page::leave_out(&mut data) as u64;
    run.report.left_out.retain(|_, many| *many > 0);
    if mapping::subjects(&data).iter().any(|name| secret.are_in(name)) {
        page::forget_places(&mut data);
    }
    let data = data.to_string();
    if data.len() > LARGEST {
        return Err(Box::new(unreadable(&item.id, "too-large", format!("is {} bytes long; the limit is {LARGEST}", data.len()))));
    }
    Ok(Some(Part {
        id,
        peer: run.peer.id,
        is_date: role == Role::Date,
        series: mapping::short(&series),
        data,
        walk: run.peer.cursor.crawl,
    }))
}

fn unreadable(id: &str, code: &'static str, detail: String) -> Unreadable {
    Unreadable { kind: Kind::Event.as_str().to_owned(), id: mapping::short(id), rev: 0, code, detail, raw: Value::Null }
}
