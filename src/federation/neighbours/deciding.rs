//! What an officer decides of a peer that is followed: to hold it and to let it go on, what of it is taken, and how far
//! it is believed. Each writes what it means and nothing else, because a pull may write the same peer at that moment.

use super::{
    super::{
        harvest::Harvester,
        peers::{self, Cursor, Peer, PeerState, Scope, Trouble, Trust},
        protocol::{ALL, Discovery},
    },
    Refused, Wanted,
    anew::Anew,
    end, has_unapproved_keys,
};
use crate::places;

impl Harvester {
    /// A peer of which everything stored can be read: what is changed of any other would put defaults in the place of
    /// what cannot.
    async fn sound_peer(&self, name: &str) -> Result<Peer, Refused> {
        let peer = self.peer(name).await?;
        let Some(damaged) = peer.held.as_ref().filter(|held| held.code == peers::DAMAGED) else { return Ok(peer) };
        let detail = format!(
            "{}; compare the fingerprint of their key and run `fingerpost peer approve {}`, or remove it and add it again",
            damaged.detail, peer.id
        );
        Err(Refused::not_now(peers::DAMAGED, detail))
    }

    /// Stop asking a peer until somebody releases it. What came before stays.
    /// # Errors
    /// When there is no such peer, or nothing is pulled from it yet.
    pub async fn hold_peer(&self, name: &str) -> Result<Peer, Refused> {
        let peer = self.peer(name).await?;
        if peer.state == PeerState::New {
            let detail = format!("{} has not been approved yet, so nothing is pulled from it", peer.name);
            return Err(Refused::not_now("not-approved", detail));
        }
        let tx = self.database().write().await?;
        peers::hold(&tx, peer.id, &Trouble { code: "held".to_owned(), detail: "an officer put it on hold".to_owned() }).await?;
        tx.commit().await?;
        self.now_there(peer.id).await
    }

    /// Let a held peer go on, and carry out the deletions that waited. Gives how many those were.
    /// # Errors
    /// When there is no such peer, nobody has approved it, or it is pulled from at the moment.
    pub async fn release_peer(&self, name: &str) -> Result<(Peer, u64), Refused> {
        let known = self.sound_peer(name).await?;
        if let Some(refused) = why_not_released(&known) {
            return Err(refused);
        }
        let turn = self.in_turn(&known).await?;
        let peer = &turn.peer;
        let waiting = peers::held_for_people(self.database(), peer.id).await?;
        let many = waiting.len() as u64;
        self.carry_out(peer, None, &waiting, "its source no longer includes it").await?;
        let cursor = peer.cursor.clone();
        let tx = self.database().write().await?;
        match peer.held.as_ref().map(|held| held.code.as_str()) {
            // They went back to a backup, so the numbers that they gave since are not theirs any more.
            Some("head-went-back" | "numbers-went-back") if peer.has_to_prove() => {
                peers::set_cursor(&tx, peer.id, &Cursor { went_back_at: Some(self.now()), ..cursor }).await?;
            }
            Some("head-went-back" | "numbers-went-back") => {
                // Taken at the officer's word, and said from then on where it signs and nothing signed shows it.
                let unproved_at = peer.pinned_keys.is_some().then(|| self.now());
                let peer = Peer { cursor: Cursor { unproved_at, ..cursor }, ..Peer::clone(peer) };
                self.walk_again(&tx, &peer, Anew::Numbers).await?;
            }
            // Somebody has asked them. What they have at the next reading decides.
            Some("suddenly-empty") => {
                peers::set_cursor(&tx, peer.id, &Cursor { may_be_empty: true, ..cursor }).await?;
            }
            _ => {}
        }
        peers::follow(&tx, peer.id, self.now()).await?;
        end(turn, tx).await?;
        Ok((self.now_there(known.id).await?, many))
    }

    /// Compare what is here with what the peer has at the next pull, whenever that was done last.
    /// # Errors
    /// When there is no such peer, or it is pulled from at the moment.
    pub async fn compare_peer(&self, name: &str) -> Result<Peer, Refused> {
        let turn = self.in_turn(&self.sound_peer(name).await?).await?;
        let id = turn.peer.id;
        let tx = self.database().write().await?;
        peers::set_cursor(&tx, id, &Cursor { compared_at: None, ..turn.peer.cursor.clone() }).await?;
        end(turn, tx).await?;
        self.now_there(id).await
    }

    /// Say which records of a peer are taken, how many, and under which further licences. Where that
    /// leaves out or lets in others than before, everything is looked at again.
    /// # Errors
    /// When there is no such peer, it is pulled from at the moment, or an area is named and no postcode directory was
    /// imported.
    pub async fn scope_peer(&self, name: &str, wanted: Wanted) -> Result<Peer, Refused> {
        let peer = self.sound_peer(name).await?;
        if let Some(relayed) = wanted.relayed {
            offers(peer.discovered.as_ref(), relayed).map_err(Refused::Senseless)?;
        }
        if !wanted.areas.is_empty() && places::is_empty(self.database()).await? {
            let why = "nobody knows here which postcodes lie in an area: import a postcode directory first (fingerpost postcodes import), or name the beginnings of postcodes";
            return Err(Refused::Senseless(why.to_owned()));
        }
        let scope = with(peer.scope.clone(), wanted);
        let what = |scope: &Scope| {
            (scope.kinds.clone(), scope.postcodes.clone(), scope.areas.clone(), scope.licences.clone(), scope.relayed)
        };
        if what(&peer.scope) == what(&scope) {
            let tx = self.database().write().await?;
            peers::set_scope(&tx, peer.id, &scope).await?;
            tx.commit().await?;
        } else {
            let turn = self.in_turn(&peer).await?;
            if peer.scope.relayed && !scope.relayed {
                self.take_out_relayed(&peer).await?;
            }
            let tx = self.database().write().await?;
            peers::set_scope(&tx, peer.id, &scope).await?;
            self.walk_again(&tx, &turn.peer, Anew::Versions).await?;
            end(turn, tx).await?;
        }
        self.now_there(peer.id).await
    }

    /// Believe a peer more, or less, than before. What is here stays as it is where it is now to be
    /// looked at first; where it is to be shown otherwise, or need not wait any more, everything is
    /// looked at again with the next pull.
    /// # Errors
    /// When there is no such peer, it is pulled from at the moment, or its keys have not been approved.
    pub async fn trust_peer(&self, name: &str, trust: Trust) -> Result<Peer, Refused> {
        let peer = self.sound_peer(name).await?;
        if trust == Trust::Auto && has_unapproved_keys(&peer) {
            let detail = format!(
                "the keys of {} have not been approved: compare their fingerprint, then run `fingerpost peer approve {}`",
                peer.name, peer.id
            );
            return Err(Refused::not_now("not-approved", detail));
        }
        let more_or_less = peer.trust == Trust::LinkOnly || matches!(trust, Trust::LinkOnly | Trust::Auto);
        if peer.trust != trust && trust != Trust::Blocked && more_or_less {
            let turn = self.in_turn(&peer).await?;
            let tx = self.database().write().await?;
            peers::set_trust(&tx, peer.id, trust).await?;
            self.walk_again(&tx, &turn.peer, Anew::Versions).await?;
            end(turn, tx).await?;
        } else {
            let tx = self.database().write().await?;
            peers::set_trust(&tx, peer.id, trust).await?;
            tx.commit().await?;
        }
        self.now_there(peer.id).await
    }
}

/// Why a peer cannot be released.
fn why_not_released(peer: &Peer) -> Option<Refused> {
    if peer.state == PeerState::New || peer.trust != Trust::LinkOnly && has_unapproved_keys(peer) {
        let detail = format!("{} has not been approved yet; run `fingerpost peer approve {}`", peer.name, peer.id);
        return Some(Refused::not_now("not-approved", detail));
    }
    None
}

/// What is taken where this is wanted beside what was.
fn with(mut scope: Scope, wanted: Wanted) -> Scope {
    scope.most = wanted.most.unwrap_or(scope.most);
    scope.licences.extend(wanted.licences);
    scope.licences.sort();
    scope.licences.dedup();
    if wanted.everything {
        scope.kinds.clear();
        scope.postcodes.clear();
        scope.areas.clear();
    }
    if !wanted.kinds.is_empty() {
        scope.kinds = wanted.kinds;
    }
    if !wanted.postcodes.is_empty() {
        scope.postcodes = wanted.postcodes;
    }
    if !wanted.areas.is_empty() {
        scope.areas = wanted.areas;
    }
    scope.relayed = wanted.relayed.unwrap_or(scope.relayed);
    scope
}

/// Whether a peer can be asked for what it passes on.
fn offers(said: Option<&Discovery>, relayed: bool) -> Result<(), String> {
    let feeds = said.map(|said| said.feeds.as_slice()).unwrap_or_default();
    if !relayed || feeds.iter().any(|feed| feed.scope == ALL) {
        return Ok(());
    }
    Err("it does not pass on other directories' records: its discovery document names no feed with scope all".to_owned())
}
