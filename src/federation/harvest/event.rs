//! What every adapter gives: something that a peer says about one record.

use serde_json::Value;

use super::{
    super::protocol::{Hop, Statement},
    content::{Content, Unfit},
    keys::Carried,
};
use crate::{model::Kind, signing::Listed};

/// Something that a peer says about one record.
#[derive(Clone, Debug)]
pub(super) struct Event {
    /// Its kind.
    pub(super) kind: Kind,
    /// Its id at the peer.
    pub(super) id: String,
    /// Which version: larger is later. 0 where the peer does not number them.
    pub(super) rev: i64,
    /// The epoch that the version is of: by the word of the page, or of the origin where it was passed on.
    pub(super) epoch: String,
    /// Its number in the peer's feed: the version, unless it came through a relay.
    pub(super) at: i64,
    /// How it came from its origin.
    pub(super) route: Route,
    /// The record as it is now; none when it is gone.
    pub(super) data: Option<Value>,
    /// What the origin signed, as it came and as it was read.
    pub(super) statement: Option<(Value, Statement)>,
    /// Whether nested records have items of their own, so that only their ids count here.
    pub(super) alone: bool,
    /// For a crawl: the hash of the record as lists show it.
    pub(super) listed: Option<String>,
    /// Whether it went only because its time was over, or because its owner keeps it private now: many at once are no
    /// alarm, and nobody has to be asked.
    pub(super) over: bool,
    /// The licence of this record, where its statement names one.
    pub(super) licence: Option<String>,
    /// How many of its numbers have more digits than a number can keep.
    pub(super) rounded: usize,
    /// What was found out before.
    pub(super) prepared: Prepared,
}

/// What can be found out about an event without asking what is here, while what came before it is written.
#[derive(Clone, Debug, Default)]
pub(super) struct Prepared {
    /// The content of the record, or why it has none that can be hashed; none where that is not known yet.
    pub(super) content: Option<Result<Content, Unfit>>,
    /// Whether its statement is signed; none where that is not known yet.
    pub(super) carried: Option<Carried>,
}

impl Event {
    /// A record of a peer that numbers and signs nothing; nested ones count.
    pub(super) fn told(kind: Kind, id: String, data: Value) -> Self {
        Self { data: Some(data), ..Self::gone(kind, id) }
    }

    /// A record that such a peer does not have any more.
    pub(super) fn gone(kind: Kind, id: String) -> Self {
        Self {
            kind,
            id,
            rev: 0,
            epoch: String::new(),
            at: 0,
            route: Route::Direct,
            data: None,
            statement: None,
            alone: false,
            listed: None,
            over: false,
            licence: None,
            rounded: 0,
            prepared: Prepared::default(),
        }
    }

    /// Find out what can be found out before; `keys` are those that may have signed, where anything is signed.
    pub(super) fn prepare(&mut self, keys: &[Listed], is_signed: bool) {
        self.prepared = Prepared {
            content: self.data.as_ref().map(if is_signed { Content::signed } else { Content::told }),
            carried: self.statement.as_ref().and_then(|(raw, statement)| Carried::by(raw, statement, keys)),
        };
    }

    /// The content of the record; none where it is gone. What was not prepared comes from a list, a calendar or a feed
    /// that signs nothing.
    pub(super) fn content(&mut self) -> Result<Option<Content>, Unfit> {
        let prepared = self.prepared.content.take();
        prepared.or_else(|| self.data.as_ref().map(Content::told)).transpose()
    }
}

/// How a record came from its origin.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Route {
    /// The peer is its origin.
    Direct,
    /// The peer passes it on.
    Relayed {
        /// Its origin.
        origin: String,
        /// The directories that it came through, the peer being the last one.
        via: Vec<Hop>,
    },
    /// The peer has passed it on and does not do so any more. Its id is the one here and at the peer.
    Withdrawn,
}

/// An item that is not even an event.
#[derive(Clone, Debug)]
pub(super) struct Unreadable {
    /// Its kind, by the peer's word.
    pub(super) kind: String,
    /// Its id at the peer.
    pub(super) id: String,
    /// Which version.
    pub(super) rev: i64,
    /// A name for the reason that does not change.
    pub(super) code: &'static str,
    /// The reason in words.
    pub(super) detail: String,
    /// What came.
    pub(super) raw: Value,
}

/// What a page holds.
pub(super) type Items = Vec<Result<Event, Box<Unreadable>>>;
