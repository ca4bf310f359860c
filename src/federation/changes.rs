//! The change feed: every own record once, at its latest position, in order; an aggregator has a second
//! one that holds those of others as well. RPDE 1.0 feeds by change number; what the protocol adds stands
//! beside what RPDE asks for.
//!
//! A page is read as everything stands at one moment, and is a pure function of the table: any cache may keep
//! it, and whoever follows `next` from an old copy still gets to the end.

use std::time::Duration;

use axum::{
    extract::{OriginalUri, State},
    response::Response,
};
use http::{HeaderMap, HeaderName, HeaderValue, header};
use serde_json::json;
use url::Url;

use super::{
    Outlet,
    protocol::{ALL, OWN, PAGE_ITEMS},
    relay,
};
use crate::{
    db::{self, Transaction},
    http::{Parameters, Problem, caching},
    published::{
        self, Position,
        evidence::{self, Row},
        own::{self, OwnRow},
    },
};

/// A page has at most so many bytes of records, or a single larger one: with what stands around them less than 4 MiB.
const PAGE_BYTES: usize = (4 << 20) - (4 << 10);
/// Rows that are read at once, so that large ones do not fill the memory.
const ROWS: u64 = 100;
/// A page with items leads on to the end however old it is. Caches that many share keep it for a
/// shorter time, so that they forget what had to be taken out in a hurry.
const WITH_ITEMS: HeaderValue = HeaderValue::from_static("public, max-age=3600, s-maxage=300");
/// The end of the feed.
const TAIL: HeaderValue = HeaderValue::from_static("public, max-age=8");
/// How long a follower may wait for news, in seconds.
const LONGEST_WAIT: u64 = 25;
/// How often to look for what other processes have published meanwhile.
const LOOK: Duration = Duration::from_secs(1);

const EPOCH_RESET: HeaderName = HeaderName::from_static("fed-epoch-reset");
const PREFER: HeaderName = HeaderName::from_static("prefer");
const PREFERENCE_APPLIED: HeaderName = HeaderName::from_static("preference-applied");

/// A page of the feed.
pub(super) async fn show(
    State(outlet): State<Outlet>,
    OriginalUri(uri): OriginalUri,
    parameters: Parameters,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let asked = Asked::read(&outlet, &parameters)?;
    let mut page = page(&outlet, &asked, uri.query()).await?;
    // Whoever names a number that was never given here has not come so far.
    if asked.after <= page.head.unwrap_or_default() {
        let stands = if page.reset.is_some() { Position::ZERO } else { asked.after };
        outlet.followers.note(&headers, stands, outlet.clock.now());
    }
    let mut waited = None;
    if page.items == 0
        && let Some(seconds) = asked_to_wait(&headers)
        && let Ok(_place) = outlet.waiting.try_acquire()
    {
        waited = Some(seconds);
        if news(&outlet, asked.scope, page.after, Duration::from_secs(seconds)).await? {
            page = self::page(&outlet, &asked, uri.query()).await?;
        }
    }
    let version = caching::Version { etag: caching::etag_of_bytes(&page.body), changed_at: None };
    let kept = if page.items == 0 { TAIL } else { WITH_ITEMS };
    let mut response = caching::respond::<Problem>(&headers, &version, "application/json", || Ok(page.body.into()));
    let said = response.headers_mut();
    said.insert(header::CACHE_CONTROL, kept);
    said.append(header::VARY, HeaderValue::from_name(PREFER));
    if let Some(applied) = waited.and_then(|seconds| HeaderValue::from_str(&format!("wait={seconds}")).ok()) {
        said.insert(PREFERENCE_APPLIED, applied);
        said.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    if let Some(reset) = page.reset.and_then(|epoch| HeaderValue::from_str(&epoch).ok()) {
        said.insert(EPOCH_RESET, reset);
    }
    Ok(response)
}

/// Whose records a feed holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scope {
    Own,
    All,
}

impl Scope {
    fn as_str(self) -> &'static str {
        match self {
            Self::Own => OWN,
            Self::All => ALL,
        }
    }

    async fn head(self, db: &db::Database) -> Result<Option<Position>, db::Error> {
        match self {
            Self::Own => own::head(db).await,
            Self::All => evidence::head(db).await,
        }
    }

    async fn head_in(self, reading: &Transaction) -> Result<Option<Position>, db::Error> {
        match self {
            Self::Own => own::head_in(reading).await,
            Self::All => evidence::head_in(reading).await,
        }
    }

    async fn after(self, reading: &Transaction, position: Position, limit: u64) -> Result<Vec<Row>, db::Error> {
        match self {
            Self::Own => {
                let rows = own::after_in(reading, position, limit).await?;
                Ok(rows.into_iter().map(|row| Row { row, evidence: None }).collect())
            }
            Self::All => evidence::after_in(reading, position, limit).await,
        }
    }
}

/// Where a follower stands.
struct Asked {
    scope: Scope,
    after: Position,
    epoch: Option<String>,
}

impl Asked {
    fn read(outlet: &Outlet, parameters: &Parameters) -> Result<Self, Problem> {
        let name = "afterChangeNumber";
        let expected = "the change number given by the previous page, a whole number below 2^53";
        let after = parameters.parsed::<i64>(name, expected)?.unwrap_or(0);
        if !(0..1 << 53).contains(&after) {
            return Err(Problem::bad_parameter(name, &after.to_string(), &format!("expected {expected}")));
        }
        for other in ["afterTimestamp", "afterId"] {
            if let Some(value) = parameters.text(other)? {
                return Err(Problem::bad_parameter(other, value, &format!("this feed uses {name}")));
            }
        }
        let scope = match parameters.text("scope")? {
            None | Some(OWN) => Scope::Own,
            Some(ALL) if outlet.is_aggregator => Scope::All,
            Some(ALL) => {
                return Err(Problem::bad_parameter(
                    "scope",
                    ALL,
                    "this directory does not pass on other directories' records; leave this out to read its own",
                ));
            }
            Some(other) => return Err(Problem::bad_parameter("scope", other, "expected own or all")),
        };
        Ok(Self { scope, after: Position(after), epoch: parameters.text("epoch")?.map(str::to_owned) })
    }
}

struct Page {
    body: Vec<u8>,
    items: usize,
    /// The position that was read from.
    after: Position,
    /// How far the feed goes.
    head: Option<Position>,
    /// The present epoch, for a follower that comes with another one.
    reset: Option<String>,
}

async fn page(outlet: &Outlet, asked: &Asked, query: Option<&str>) -> Result<Page, Problem> {
    let present = published::head(&outlet.db, &outlet.clock).await?;
    // Rows are read some at a time. What changes meanwhile gets a number at the end, and would stand on the page twice;
    // and a restore would give it numbers of another epoch than the one that it names.
    let reading = outlet.db.snapshot().await?;
    let epoch = published::head_in(&reading).await?.unwrap_or(present);
    let reset = asked.epoch.as_ref().is_some_and(|asked| *asked != epoch.epoch).then(|| epoch.epoch.clone());
    // Numbers of another epoch mean nothing here: everything is told from the start.
    let after = if reset.is_some() { Position::ZERO } else { asked.after };
    let head = asked.scope.head_in(&reading).await?;
    let mut body = br#"{"items":["#.to_vec();
    let mut items = 0;
    let mut last = after;
    'page: while items < PAGE_ITEMS {
        let rows = asked.scope.after(&reading, last, ROWS.min(PAGE_ITEMS - items)).await?;
        if rows.is_empty() {
            break;
        }
        for row in rows {
            let before = body.len();
            if items > 0 {
                body.push(b',');
            }
            relay::write(outlet, &epoch.epoch, &row, &mut body);
            if items > 0 && body.len() > PAGE_BYTES {
                body.truncate(before);
                break 'page;
            }
            last = row.row.position;
            items += 1;
        }
    }
    reading.roll_back().await?;
    let here = outlet.publisher.address("federation/v1/changes");
    let next = if items == 0 { own_address(here, query) } else { address_after(here, asked.scope, last, &epoch.epoch) };
    let publisher = &outlet.publisher;
    let rest = json!({
        "next": next,
        "license": publisher.licence,
        "epoch": epoch.epoch,
        "feed": {
            "origin": publisher.origin,
            "scope": asked.scope.as_str(),
            "head": head.map_or(epoch.began.0, |head| head.0.max(last.0)),
            "min_safe": epoch.began,
        },
    });
    body.push(b']');
    body.push(b',');
    body.extend_from_slice(&rest.to_string().as_bytes()[1..]);
    Ok(Page { body, items: usize::try_from(items).unwrap_or(usize::MAX), after: last, head, reset })
}

/// What is published is JSON already and stands in the item as it is.
pub(super) fn write_item(row: &OwnRow, body: &mut Vec<u8>) {
    let state = if row.live { "updated" } else { "deleted" };
    let start = format!(r#"{{"state":"{state}","kind":"{}","id":"{}","modified":{},"#, row.kind.as_str(), row.id, row.position.0);
    body.extend_from_slice(start.as_bytes());
    if row.live {
        body.extend_from_slice(br#""data":"#);
        body.extend_from_slice(row.full.as_bytes());
        body.push(b',');
    }
    body.extend_from_slice(br#""fed":"#);
    body.extend_from_slice(row.statement.as_bytes());
    body.push(b'}');
}

/// RPDE: the end of a feed names its own address, exactly as it was asked for.
fn own_address(mut here: Url, query: Option<&str>) -> Url {
    here.set_query(query.filter(|query| !query.is_empty()));
    here
}

fn address_after(mut here: Url, scope: Scope, last: Position, epoch: &str) -> Url {
    if scope == Scope::All {
        here.query_pairs_mut().append_pair("scope", ALL);
    }
    here.query_pairs_mut().append_pair("afterChangeNumber", &last.0.to_string()).append_pair("epoch", epoch);
    here
}

/// `Prefer: wait=25` (RFC 7240).
fn asked_to_wait(headers: &HeaderMap) -> Option<u64> {
    let preferences = headers.get_all(PREFER);
    let mut preferences = preferences.iter().filter_map(|value| value.to_str().ok()).flat_map(|value| value.split([',', ';']));
    let seconds = preferences.find_map(|one| one.trim().strip_prefix("wait=")?.trim_matches('"').parse::<u64>().ok())?;
    (seconds > 0).then(|| seconds.min(LONGEST_WAIT))
}

/// Wait until a record comes after `position`, at most `longest`. Whether one did.
async fn news(outlet: &Outlet, scope: Scope, position: Position, longest: Duration) -> Result<bool, Problem> {
    let mut commits = outlet.db.commits();
    let until = tokio::time::Instant::now() + longest;
    loop {
        // Another process may have published while this one was not looking.
        if scope.head(&outlet.db).await?.is_some_and(|head| head > position) {
            return Ok(true);
        }
        if tokio::time::Instant::now() >= until {
            return Ok(false);
        }
        let next_look = (tokio::time::Instant::now() + LOOK).min(until);
        tokio::select! {
            _ = commits.changed() => {}
            () = tokio::time::sleep_until(next_look) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wish_to_wait_is_granted_up_to_a_limit() {
        let with = |value: &'static str| HeaderMap::from_iter([(PREFER, HeaderValue::from_static(value))]);
        assert_eq!(asked_to_wait(&with("respond-async, wait=10")), Some(10));
        assert_eq!(asked_to_wait(&with("wait=9999")), Some(LONGEST_WAIT));
        assert_eq!(asked_to_wait(&with("wait=0")), None);
        assert_eq!(asked_to_wait(&with("wait=soon")), None);
        assert_eq!(asked_to_wait(&HeaderMap::new()), None);
    }
}
