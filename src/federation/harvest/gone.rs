//! A peer that is held because nothing was there any more is asked once a day whether it is back. Where it is the same
//! as before, it is followed again.

use std::time::Duration;

use super::{
    super::peers::{self, Peer, PeerKind, PeerState, Trouble},
    End, Harvester, Run,
};

/// Why nothing can be read: nothing is there.
pub(super) const NOT_THERE: &str = "not-there";
/// How often it is asked whether it is back: a fifth more is a day.
pub(super) const LOOKS: Duration = Duration::from_hours(20);

/// Why a peer is held, where that is only because nothing was there any more.
pub(super) fn gone(peer: &Peer) -> Option<&Trouble> {
    peer.held.as_ref().filter(|held| peer.state == PeerState::Held && held.code == NOT_THERE)
}

impl Harvester {
    /// Where the peer was not there any more, ask whether it is what it was, and let it go on. Whoever says what they
    /// are has to say that first; of others the list itself shows it.
    pub(super) async fn look_whether_it_is_back(&self, run: &mut Run) -> Result<(), End> {
        if run.gone.is_none() {
            return Ok(());
        }
        if run.peer.kind == PeerKind::OpenDirectory {
            self.rediscover(run).await?;
        }
        let tx = self.under_lease(run).await?;
        if !peers::let_go_on(&tx, run.peer.id, NOT_THERE).await? {
            tx.roll_back().await?;
            return Err(End::held("held", "an officer put it on hold during the pull".to_owned()));
        }
        tx.commit().await?;
        run.peer.state = PeerState::Following;
        run.peer.held = None;
        Ok(())
    }
}
