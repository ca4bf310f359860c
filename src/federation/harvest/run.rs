//! A pull under way: what it was told to do, and what it has found out so far.

use std::{collections::HashMap, time::Duration};

use uuid::Uuid;

use super::{
    super::peers::{Cursor, Lease, Peer, Report, Trouble},
    deletions::Deletions,
    excess,
    gone::gone,
    sessions,
};
use crate::model::Kind;

/// A pull under way.
pub(super) struct Run {
    pub(super) peer: Peer,
    pub(super) lease: Lease,
    pub(super) report: Report,
    pub(super) began: tokio::time::Instant,
    /// For a held peer, where it was held: only what must not wait is applied, and we stay there.
    pub(super) held_at: Option<(Cursor, Trouble)>,
    /// For a peer that was not there any more, why it was held: it is asked whether it is back.
    pub(super) gone: Option<Trouble>,
    /// How long it was to be left alone after the pull before.
    pub(super) waited: Option<Duration>,
    /// Records of the peer that were there when it began.
    pub(super) live: u64,
    /// What goes, and what waits for a person instead.
    pub(super) deletions: Deletions,
    /// Records that were told and cannot be taken as they were told last, and why.
    pub(super) quarantined: HashMap<Uuid, String>,
    /// Parts of series that are kept beside the records.
    pub(super) parts: sessions::Parts,
    /// Terms and taxonomies here, by their addresses, once something has come that may name some.
    pub(super) vocabulary: Option<HashMap<String, Uuid>>,
    /// Terms and taxonomies of this peer that are called otherwise here.
    pub(super) shared: HashMap<(Kind, Uuid), Uuid>,
    /// Postcodes of places that were told, and may still be being written, by their ids here.
    pub(super) places: HashMap<Uuid, Vec<String>>,
    /// Origins that were asked for their keys.
    pub(super) asked: usize,
    /// Records that never were here and are remembered as gone, since all of them were counted.
    pub(super) absent: u64,
    /// Bytes of answers, as they were unpacked.
    pub(super) unpacked: u64,
}

impl Run {
    /// A pull that has not begun.
    pub(super) fn none(peer: Peer, lease: Lease, report: Report) -> Self {
        Self {
            held_at: None,
            gone: gone(&peer).cloned(),
            waited: peer.succeeded_at.and_then(|_| (peer.next_due_at - peer.tried_at?).to_std().ok()),
            live: 0,
            deletions: Deletions::default(),
            quarantined: HashMap::new(),
            parts: sessions::Parts::default(),
            vocabulary: None,
            shared: HashMap::new(),
            places: HashMap::new(),
            asked: 0,
            absent: excess::BETWEEN,
            unpacked: 0,
            began: tokio::time::Instant::now(),
            peer,
            lease,
            report,
        }
    }

    /// Records of the peer that are there now.
    pub(super) fn live_now(&self) -> u64 {
        (self.live + self.report.created).saturating_sub(self.report.deleted)
    }
}
