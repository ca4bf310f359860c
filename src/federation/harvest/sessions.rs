//! The adapter for OpenActive: feeds of changes (RPDE 1.0), one for series, one for their dates, found
//! on the page of a publisher or given by address.
//!
//! Series and dates come in any order, so each part is kept, and whenever one changes the whole event is
//! made anew of what there is. Parts, records and where we stand are written together.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use chrono::Duration;
use serde_json::{Value, json};
use url::Url;
use uuid::Uuid;

use super::{
    super::peers::{self, Cursor, Feed, Part, Report, Trouble},
    End, Harvester, Run, admit,
    directory::mind_the_cap,
    event::{Event, Items, Unreadable},
    repair::VERSION,
};
use crate::{
    formats::{
        digits,
        json::{self, Noted},
        openactive::{
            dataset::{self, Dataset, Said},
            event::{self as mapping, Mapped, Publisher, Refused},
            page::{self, Item, Role},
        },
    },
    ids,
    model::{Kind, text::fold},
    outbound::{Answer, Ask, Outbound},
    published::redaction,
};

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
/// The id of whoever publishes the feed.
const PUBLISHER: &str = "publisher";

/// Our own terms, by their names and codes.
type Terms = HashMap<String, Uuid>;

/// Parts that are to be written with the next page.
#[derive(Debug, Default)]
pub(super) struct Parts {
    pub(super) put: Vec<Part>,
    pub(super) gone: Vec<Uuid>,
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

/// Ask for what stands at an address.
pub(in crate::federation) async fn ask_for(outbound: &Outbound, url: &Url) -> Result<Answer, Trouble> {
    let ask = Ask { accept: "text/calendar, application/json, text/html;q=0.9, */*;q=0.5", ..Ask::get(url.clone()) };
    outbound.fetch(ask).await.map_err(|error| Trouble { code: error.code().to_owned(), detail: error.to_string() })
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
                let items = self.take_page(run, &terms, page.items).await?;
                parts += run.parts.put.len() as u64;
                self.apply(run, items, Vec::new(), cursor).await?;
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
                if run.is_long(self.most_pages) {
                    return Err(End::Later);
                }
            }
        }
        if run.peer.cursor.walking {
            self.take_out_what_was_not_told(run, &terms).await?;
            let tried_with = Some(VERSION.to_owned());
            let cursor = Cursor { walking: false, tried_with, ..run.peer.cursor.clone() };
            self.apply(run, Vec::new(), Vec::new(), cursor).await?;
        }
        Ok(())
    }

    /// Find the feeds, and begin to walk over everything.
    async fn find_feeds(&self, run: &mut Run) -> Result<(), End> {
        run.report.requests += 1;
        let url = run.peer.url.clone();
        let answer = ask_for(&self.outbound, &url).await.map_err(|trouble| End::Failed(trouble, None))?;
        if answer.status != 200 {
            let code = if matches!(answer.status, 404 | 410) { "not-there" } else { "bad-status" };
            return Err(End::failed(code, format!("{url} answers {}", answer.status)));
        }
        let said = said_by(&answer).map_err(|trouble| End::Failed(trouble, None))?;
        if run.peer.licence.is_none() {
            run.peer.licence = said.licence.and_then(|licence| Url::parse(&licence).ok()).map(String::from);
        }
        let feeds = said.feeds.iter().take(MOST_FEEDS).filter_map(|feed| Url::parse(feed).ok());
        let feeds = feeds.map(|url| Feed { next: url.clone(), url, etag: None }).collect();
        let Cursor { crawl, looked_at, .. } = run.peer.cursor;
        run.peer.cursor = Cursor { crawl: crawl + 1, walking: true, looked_at, feeds, ..Cursor::default() };
        Ok(())
    }

    /// The next page of a feed, and where we stand behind it; none where nothing is new.
    async fn page_of_sessions(&self, run: &mut Run, at: usize, feed: &Feed) -> Result<Option<(page::Page, Cursor)>, End> {
        let ask = Ask { if_none_match: feed.etag.clone(), ..Ask::get(feed.next.clone()) };
        let answer = match self.ask(run, ask).await {
            Err(End::Failed(trouble, wait)) if trouble.code == "not-there" && feed.url != run.peer.url => {
                // Perhaps the publisher's page names another address by now.
                run.peer.cursor.feeds.clear();
                return Err(End::Failed(trouble, wait));
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
        let next = url
            .join(&page.next)
            .map_err(|error| End::failed("bad-page", format!("{url} names a next page that is not valid: {error}")))?;
        if next.origin() != feed.url.origin() {
            return Err(End::held("next-elsewhere", format!("{url} redirects to {next}, which is not the same feed")));
        }
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

    /// What a page changes: every series of which something is told is made anew.
    async fn take_page(&self, run: &mut Run, terms: &Terms, items: Vec<Result<Item, page::Bad>>) -> Result<Items, End> {
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
        let mut made = self.made_of(run, terms, now).await?;
        made.extend(bad);
        Ok(made)
    }

    /// After a walk over everything, parts that were not told any more are gone.
    async fn take_out_what_was_not_told(&self, run: &mut Run, terms: &Terms) -> Result<(), End> {
        loop {
            let parts = peers::parts_not_walked(&self.db, run.peer.id, run.peer.cursor.crawl, ROWS).await?;
            if parts.is_empty() {
                return Ok(());
            }
            let gone = parts.into_iter().map(|part| (part.id, None)).collect();
            let items = self.made_of(run, terms, gone).await?;
            let cursor = run.peer.cursor.clone();
            self.apply(run, items, Vec::new(), cursor).await?;
        }
    }

    /// The events of every series that these changes touch, as they are with them.
    async fn made_of(&self, run: &mut Run, terms: &Terms, now: BTreeMap<Uuid, Option<Part>>) -> Result<Items, End> {
        let ids: Vec<Uuid> = now.keys().copied().collect();
        let before = peers::parts(&self.db, &ids).await?;
        // A part that has moved to another series is missing in the one it came from.
        let touched: BTreeSet<String> =
            before.into_iter().map(|part| part.series).chain(now.values().flatten().map(|part| part.series.clone())).collect();
        let touched: Vec<String> = touched.into_iter().collect();
        let mut parts: BTreeMap<Uuid, Part> =
            peers::parts_of_series(&self.db, run.peer.id, &touched).await?.into_iter().map(|part| (part.id, part)).collect();
        run.parts.gone.extend(now.iter().filter(|(_, part)| part.is_none()).map(|(id, _)| *id));
        let fresh: HashSet<Uuid> = now.iter().filter(|(_, part)| part.is_some()).map(|(id, _)| *id).collect();
        for (id, part) in now {
            match part {
                Some(part) => drop(parts.insert(id, part)),
                None => drop(parts.remove(&id)),
            }
        }
        let mut by_series: BTreeMap<&str, Vec<Part>> = touched.iter().map(|series| (series.as_str(), Vec::new())).collect();
        for part in parts.into_values() {
            let Some(of) = by_series.get_mut(part.series.as_str()) else { continue };
            if of.len() <= mapping::MOST_DATES {
                of.push(part);
            } else if fresh.contains(&part.id) {
                *run.report.left_out.entry("too-many-dates".to_owned()).or_default() += 1;
            }
        }
        let local = |series: &str| admit::local_id(&run.peer.origin, Kind::Event.as_str(), &mapping::short(series));
        let asked: Vec<Uuid> = touched.iter().map(|series| local(series)).collect();
        let here: HashSet<Uuid> =
            peers::foreign(&self.db, &asked).await?.into_iter().filter(|known| known.live).map(|known| known.id).collect();
        let mut items: Items = Vec::new();
        for (series, of) in by_series {
            let was_here = here.contains(&admit::local_id(&run.peer.origin, Kind::Event.as_str(), &mapping::short(series)));
            self.make(run, series, of, was_here, &fresh, terms, &mut items);
        }
        Ok(items)
    }

    /// One event of the parts of its series.
    #[expect(clippy::too_many_arguments, reason = "each is one thing that is known of the page")]
    fn make(
        &self,
        run: &mut Run,
        series: &str,
        of: Vec<Part>,
        was_here: bool,
        fresh: &HashSet<Uuid>,
        terms: &Terms,
        items: &mut Items,
    ) {
        let id = mapping::short(series);
        let mut leave = |why: &str, many: usize| *run.report.left_out.entry(why.to_owned()).or_default() += many as u64;
        let read: Vec<(bool, Value)> =
            of.iter().filter_map(|part| Some((part.is_date, serde_json::from_str(&part.data).ok()?))).collect();
        let dates: Vec<&Value> = read.iter().filter(|(is_date, _)| *is_date).map(|(_, value)| value).collect();
        // Dates may bring their series along; what the series says of itself comes first.
        let told = read.iter().find(|(is_date, _)| !is_date).map(|(_, value)| value);
        let main = told.or_else(|| dates.iter().find_map(|date| page::series_within(date)));
        let publisher = Publisher { id: PUBLISHER, name: &run.peer.name };
        let made = match main {
            Some(main) => mapping::event(&id, main, &dates, publisher).map_err(Some),
            None => Err(None),
        };
        match made {
            Ok(Mapped { mut event, places, categories, dropped }) => {
                leave("dropped-part", dropped);
                let words = self.records.withheld_categories();
                let subjects = read
                    .iter()
                    .flat_map(|(_, part)| mapping::subjects(part))
                    .chain(mapping::subjects(main.unwrap_or(&Value::Null)));
                if subjects.chain(categories.iter().cloned()).any(|name| redaction::is_withheld_name(&name, words)) {
                    // Its place is not kept, neither in the record nor in what came.
                    event["location_policy"] = "withheld".into();
                    run.parts.put.extend(of.into_iter().map(without_places));
                } else {
                    run.parts.put.extend(of.into_iter().filter(|part| fresh.contains(&part.id)));
                    items.extend(places.into_iter().filter_map(|place| {
                        let id = place["id"].as_str()?.to_owned();
                        Some(Ok(Event::told(Kind::Location, id, place)))
                    }));
                }
                let mut attributes = event["attributes"].as_array().cloned().unwrap_or_default();
                for category in categories {
                    if let Some(term) = terms.get(&fold(&category)) {
                        let id = mapping::short(&fold(&category));
                        run.shared.insert((Kind::TaxonomyTerm, admit::local_id(&run.peer.origin, "taxonomy_term", &id)), *term);
                        attributes.push(json!({"link_entity": "event", "taxonomy_term_id": id}));
                    }
                }
                event["attributes"] = attributes.into();
                items.push(Ok(Event::told(Kind::Event, id, event)));
            }
            Err(why) => {
                run.parts.put.extend(of.into_iter().filter(|part| fresh.contains(&part.id)));
                match why {
                    // It waits for its series, or for a date.
                    None if !dates.is_empty() => leave("no-series", dates.len()),
                    Some(Refused::NoDates) => leave("no-dates", 1),
                    Some(Refused::NoStart(said)) => {
                        let why = match said {
                            Some(said) => format!("startDate: {said:?} is not a date that can be read"),
                            None => "startDate: it does not say when it takes place".to_owned(),
                        };
                        items.push(Err(Box::new(unreadable(&id, "invalid", why))));
                        return;
                    }
                    Some(Refused::NoName) => {
                        let why = "neither the session nor its activity has a name".to_owned();
                        items.push(Err(Box::new(unreadable(&id, "invalid", why))));
                        return;
                    }
                    None => {}
                }
                if was_here {
                    items.push(Ok(Event::gone(Kind::Event, id)));
                }
            }
        }
    }
}

/// What is kept of an item; none where it is gone, or no event.
fn kept(run: &mut Run, id: Uuid, item: Item, secret: &[String]) -> Result<Option<Part>, Box<Unreadable>> {
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
    if mapping::subjects(&data).iter().any(|name| redaction::is_withheld_name(name, secret)) {
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

fn without_places(part: Part) -> Part {
    let mut data: Value = serde_json::from_str(&part.data).unwrap_or_default();
    page::forget_places(&mut data);
    Part { data: data.to_string(), ..part }
}

fn unreadable(id: &str, code: &'static str, detail: String) -> Unreadable {
    Unreadable { kind: Kind::Event.as_str().to_owned(), id: mapping::short(id), rev: 0, code, detail, raw: Value::Null }
}
