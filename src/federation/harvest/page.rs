//! A page of a feed of `open-directory/1`, read: whether it is one, in order and further than where we stand, and what
//! its items say. Nothing is decided here about what is believed.

use serde_json::Value;
use url::Url;

use super::{
    super::{
        peers::{Cursor, Peer},
        protocol::{Item, ItemState},
    },
    End,
    event::{Event, Items, Prepared, Route, Unreadable},
};
use crate::{
    formats::{
        digits::{self, Rounded, Step},
        json,
    },
    model::{Kind, text::line},
    outbound::Answer,
    parallel::in_parallel,
    signing::Listed,
};

/// Larger numbers are not the same to every program.
const LARGEST_NUMBER: i64 = (1 << 53) - 1;

/// Items on a page: ten times as many as a page has by the protocol.
pub(super) const MOST_ITEMS: usize = 5_000;
/// An address longer than this cannot be asked, in bytes: whoever stood there would stand there for good.
pub(super) const LONGEST_NEXT: usize = 2_048;
/// The name of an epoch is not longer, in bytes: it is part of that address.
pub(super) const LONGEST_EPOCH: usize = 200;
/// The licence of a record is shown with it, and cut beyond this, in bytes.
const LONGEST_LICENCE: usize = 500;

/// An item is no longer than this without its data, about, in bytes: a statement is kept with its record.
const LONGEST_ITEM: usize = 64 << 10;

/// What one page of the feed says.
pub(super) struct Page {
    pub(super) items: Items,
    pub(super) next: Url,
    pub(super) cursor: Cursor,
    /// Whether the numbers begin anew, so that everything has to be compared.
    pub(super) anew: bool,
    /// Whether there is nothing more at the moment.
    pub(super) end: bool,
}

/// The items of a page, for the fuzzer; none where the page is refused.
pub(super) fn items_of(peer: &Peer, url: &Url, answer: &Answer) -> Items {
    read_page(peer, url, answer).map(|page| page.items).unwrap_or_default()
}

/// Read a page of a peer, and see where it leads from where we stand.
pub(super) fn read_page(peer: &Peer, url: &Url, answer: &Answer) -> Result<Page, End> {
    Told::read(url, answer, &Reader::of(peer))?.place(peer, url)
}

/// Whose page is read, as far as it matters for that.
pub(super) struct Reader {
    /// The identity of a peer that passes on what others have signed.
    relay: Option<String>,
    /// The keys that may have signed.
    keys: Vec<Listed>,
}

impl Reader {
    pub(super) fn of(peer: &Peer) -> Self {
        let relay = peer.scope.relayed.then(|| peer.identity().to_owned());
        Self { relay, keys: peer.pinned_keys.clone().unwrap_or_default() }
    }

    /// Read an item of a page of this epoch, with those of its numbers that are not as they were written, and find out
    /// what can be found out of it by itself.
    pub(super) fn read(&self, item: Value, rounded: &[Rounded], epoch: &str) -> Result<Event, Box<Unreadable>> {
        let mut event = read_item(item, self.relay.as_deref(), epoch)?;
        let rounded = digits::below(rounded, &[Step::Member("data".to_owned())]);
        // What comes from elsewhere is signed there, whatever the peer itself does.
        let is_signed = !self.keys.is_empty() || event.route != Route::Direct;
        event.rounded = match &mut event.data {
            Some(data) if !is_signed => digits::keep(event.kind, data, "", &rounded).iter().filter(|told| told.lost).count(),
            _ => digits::lost(event.kind, &rounded),
        };
        event.prepare(&self.keys, is_signed);
        Ok(event)
    }
}

/// An item and its number.
type Numbered = (Option<i64>, Result<Event, Box<Unreadable>>);

/// What a page says, wherever we stand: everything that takes long, so that it can be read while the page before it is
/// written.
pub(super) struct Told {
    items: Vec<Numbered>,
    next: Url,
    epoch: Option<String>,
    head: i64,
    min_safe: i64,
    etag: Option<String>,
}

impl Told {
    /// Read the page at `url`.
    pub(super) fn read(url: &Url, answer: &Answer, reader: &Reader) -> Result<Self, End> {
        if !answer.is_json() {
            let kind = answer.header("content-type").unwrap_or("no content type").to_owned();
            return Err(End::failed("not-json", format!("{url} returns {kind} instead of JSON")));
        }
        let noted =
            json::parse_mended_noting(&answer.body).map_err(|error| End::failed("bad-json", format!("{url}: {error}")))?;
        let Value::Object(mut page) = noted.value else {
            return Err(End::failed("bad-page", format!("{url} is not a feed page: it is not an object")));
        };
        let Some(Value::Array(items)) = page.remove("items") else {
            return Err(End::failed("bad-page", format!("{url} is not a feed page: it has no items")));
        };
        if items.len() > MOST_ITEMS {
            let detail = format!("{url} has {} items on one page; at most {MOST_ITEMS} are read", items.len());
            return Err(End::failed("bad-page", detail));
        }
        let next = page.get("next").and_then(Value::as_str).and_then(|next| Url::parse(next).ok());
        let next = next.ok_or_else(|| End::failed("bad-page", format!("{url} does not name a next page")))?;
        if next.as_str().len() > LONGEST_NEXT {
            return Err(End::failed(
                "bad-page",
                format!("{url} names a next page whose address is longer than {LONGEST_NEXT} bytes"),
            ));
        }
        let epoch = page.get("epoch").and_then(Value::as_str).map(str::to_owned);
        if epoch.as_ref().is_some_and(|epoch| epoch.len() > LONGEST_EPOCH) {
            return Err(End::failed("bad-page", format!("{url} names an epoch that is longer than {LONGEST_EPOCH} bytes")));
        }
        let feed = |name: &str| page.get("feed").and_then(|feed| feed.get(name)).and_then(Value::as_i64).unwrap_or(0);
        let mut rounded = digits::by_item(noted.rounded, "items");
        let items = items.into_iter().enumerate().map(|(at, item)| (item, rounded.remove(&at).unwrap_or_default())).collect();
        let items = in_parallel(items, |(item, rounded): (Value, Vec<Rounded>)| {
            let number = item.get("modified").and_then(Value::as_i64);
            (number, reader.read(item, &rounded, epoch.as_deref().unwrap_or_default()))
        });
        let (head, min_safe, etag) = (feed("head"), feed("min_safe"), answer.header("etag").map(str::to_owned));
        Ok(Self { items, next, epoch, head, min_safe, etag })
    }

    /// Where the page at `url` leads, from where we stand with the peer.
    pub(super) fn place(self, peer: &Peer, url: &Url) -> Result<Page, End> {
        let Self { items, next, epoch, head, min_safe, etag } = self;
        let mut cursor = Cursor { epoch: epoch.clone(), head, next: Some(url.clone()), etag: None, ..peer.cursor.clone() };
        let another_epoch = peer.cursor.epoch.is_some() && epoch != peer.cursor.epoch;
        if peer.cursor.next.is_none() && peer.cursor.after == 0 {
            cursor.whole_from = cursor.head.max(min_safe);
        }
        let missed_tombstones = peer.cursor.after != 0 && min_safe > peer.cursor.after.max(peer.cursor.whole_from);
        if another_epoch {
            let least = items.iter().filter_map(|(number, _)| *number).min();
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
            cursor.etag = etag;
            return Ok(Page { items: Vec::new(), next, cursor, anew: false, end: true });
        }
        let mut last = peer.cursor.after;
        let mut read = Vec::with_capacity(items.len());
        for (number, item) in items {
            match number {
                Some(rev) if rev > LARGEST_NUMBER => {
                    let detail = format!("{url} has the change number {rev}, which is beyond 2^53 - 1");
                    return Err(End::failed("bad-page", detail));
                }
                Some(rev) if rev > last => last = is_beyond(peer, rev, peer.cursor.floor).map(|()| rev)?,
                _ => {
                    let detail = format!("{url}: the items are not in order of their change numbers");
                    return Err(End::failed("not-in-order", detail));
                }
            }
            read.push(item);
        }
        let number = next.query_pairs().find(|(name, _)| name == "afterChangeNumber");
        match number.and_then(|(_, number)| number.parse::<i64>().ok()) {
            Some(number) if number >= last && number > peer.cursor.after => cursor.after = number,
            _ => return Err(End::failed("loop", format!("{url} names {next} as the next page, which is no further on"))),
        }
        Ok(Page { items: read, next, cursor, anew: false, end: false })
    }
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
fn read_item(item: Value, relay: Option<&str>, epoch: &str) -> Result<Event, Box<Unreadable>> {
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
    if length(&item) > LONGEST_ITEM {
        let detail = format!("it has more than {LONGEST_ITEM} bytes besides its data");
        return Err(bad("bad-item", detail, Value::Null, None));
    }
    let read: Item = match serde_path_to_error::deserialize(&item) {
        Ok(read) => read,
        Err(error) => return Err(bad("bad-item", error.to_string(), item, data)),
    };
    let known = Kind::RECORDS.into_iter().find(|known| known.as_str() == read.kind);
    let Some(known) = known else {
        return Err(bad("unknown-kind", format!("{:?} is not a kind of record known here", read.kind), item, data));
    };
    let is_there = read.state == ItemState::Updated;
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
    let licence = read.fed.as_ref().map(|fed| line(&fed.license, LONGEST_LICENCE)).filter(|licence| !licence.is_empty());
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
        licence,
        rounded: 0,
        prepared: Prepared::default(),
    })
}

/// How long a value is as it is written, about, in bytes.
fn length(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len() + 2,
        Value::Array(items) => items.iter().map(|item| length(item) + 1).sum::<usize>() + 2,
        Value::Object(members) => members.iter().map(|(name, member)| name.len() + length(member) + 4).sum::<usize>() + 2,
        Value::Null | Value::Bool(_) | Value::Number(_) => 8,
    }
}
