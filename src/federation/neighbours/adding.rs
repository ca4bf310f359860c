//! Following another directory, and approving the keys that it shows.

use url::Url;

use super::{
    super::{
        detect,
        harvest::{Harvester, discover},
        peers::{self, Cursor, Peer, PeerKind, PeerState, Trouble, Trust},
        protocol::Discovery,
    },
    New, Refused,
    anew::Anew,
    end,
};
use crate::signing::Listed;

impl Harvester {
    /// Follow another directory. With [`Trust::Auto`] its present keys are approved with it.
    /// # Errors
    /// When it cannot be reached, speaks nothing that we know, is ourselves, or is followed already.
    pub async fn add_peer(&self, new: New) -> Result<Peer, Refused> {
        let mut url = detect::plain_address(&new.url);
        if detect::is_secret_address(&url) {
            return Err(Refused::Senseless(
                "this address contains a secret, and the sources of records are public: ask them for a public address".to_owned(),
            ));
        }
        let mut found = Box::pin(self.find_out(&url, new.kind)).await;
        // Councils often send the address of the list itself.
        if let (Err(_), Some(above)) = (&found, detect::above_the_list(&url))
            && let Ok(better) = Box::pin(self.find_out(&above, new.kind)).await
        {
            (url, found) = (above, Ok(better));
        }
        let found = found.map_err(|trouble| Refused::Peer { url: url.clone(), trouble })?;
        let origin = match &found.discovered {
            Some(said) => said.origin.to_string(),
            None => detect::plain_origin(found.kind, &url),
        };
        let is_here = |here: Url| found.discovered.is_none() && url.origin() == here.origin();
        if origin == self.here() || Url::parse(self.here()).is_ok_and(is_here) {
            return Err(Refused::Senseless(format!("{origin} is this directory")));
        }
        let followed = peers::all(self.database()).await?;
        if let Some(known) = followed.iter().find(|peer| peer.origin == origin || peer.identity() == origin) {
            let detail = format!("{origin} is already followed, as peer {} ({})", known.id, known.name);
            return Err(Refused::not_now("followed-already", detail));
        }
        if let Some(said) = found.discovered.clone()
            && let Some(plain) = followed.iter().find(|peer| is_plain_api_of(peer, &said))
        {
            return Box::pin(self.follow_as_directory(plain, said, &new)).await;
        }
        let now = self.now();
        let name = new.name.clone().or(found.name);
        let said = found.discovered.as_ref().map(|said| &said.license);
        if let Some(said) = said.filter(|said| new.licence.as_ref().is_some_and(|given| *given != said.url)) {
            return Err(Refused::Senseless(format!(
                "it already states the licence of its records: {}. Add it without --licence; if they may be shown under that licence, then run `fingerpost peer scope N --licence {0}`",
                said.url
            )));
        }
        let mut peer = Peer {
            name: name.filter(|name| !name.trim().is_empty()).unwrap_or_else(|| url.host_str().unwrap_or("peer").to_owned()),
            origin,
            kind: found.kind,
            trust: new.trust,
            state: if new.trust == Trust::Review { PeerState::New } else { PeerState::Following },
            licence: new.licence.clone().or(found.licence),
            attribution: said.map(|licence| licence.attribution.clone()).filter(|text| !text.is_empty()),
            every_seconds: new.every_seconds,
            discovered: found.discovered,
            next_due_at: now,
            added_at: now,
            ..Peer::unknown(&url)
        };
        if new.trust == Trust::Auto {
            peer.pinned_keys = peer.discovered.as_ref().and_then(keys_of);
        }
        let tx = self.database().write().await?;
        peer.id = peers::add(&tx, &peer).await?;
        tx.commit().await?;
        Ok(peer)
    }

    /// A peer whose lists were read has become a directory with a feed: its records keep the ids that they have here,
    /// and everything is compared with what the feed tells. Its keys are approved as those of any other.
    async fn follow_as_directory(&self, plain: &Peer, said: Discovery, new: &New) -> Result<Peer, Refused> {
        let turn = self.in_turn(plain).await?;
        let at_once = new.trust == Trust::Auto;
        let peer = Peer {
            name: new.name.clone().unwrap_or_else(|| turn.peer.name.clone()),
            url: said.origin.clone(),
            moved_to: Some(said.origin.to_string()),
            kind: PeerKind::OpenDirectory,
            trust: if new.trust == Trust::Review { turn.peer.trust } else { new.trust },
            state: if at_once { PeerState::Following } else { PeerState::New },
            licence: Some(said.license.url.clone()),
            attribution: Some(said.license.attribution.clone()).filter(|text| !text.is_empty()),
            pinned_keys: keys_of(&said).filter(|_| at_once),
            discovered: Some(said),
            held: None,
            failures: 0,
            ..*turn.peer.clone()
        };
        let tx = self.database().write().await?;
        peers::set_protocol(&tx, &peer).await?;
        // What is the same is rendered again as well: it is signed now.
        self.walk_again(&tx, &peer, Anew::Versions).await?;
        end(turn, tx).await?;
        self.now_there(peer.id).await
    }

    /// Approve a peer: the keys that it shows now are pinned, and it is followed. Whoever had keys once has to
    /// show some.
    /// # Errors
    /// When there is no such peer, it cannot be asked, it shows other keys than before, or none any more, or it is
    /// pulled from at the moment.
    pub async fn approve_peer(&self, name: &str) -> Result<Peer, Refused> {
        let known = self.peer(name).await?;
        let said = if known.kind == PeerKind::OpenDirectory { Some(self.ask_for_keys(&known).await?) } else { None };
        let turn = self.in_turn(&known).await?;
        let peer = &turn.peer;
        let refused = said.as_ref().and_then(|said| why_not_approved(peer, said));
        let tx = self.database().write().await?;
        if let Some(said) = &said {
            peers::set_discovered(&tx, peer.id, said).await?;
        }
        if refused.is_none() {
            if let Some(said) = &said {
                peers::pin(&tx, peer.id, keys_of(said).as_deref()).await?;
            }
            if peer.held.as_ref().is_some_and(|held| held.code == peers::DAMAGED) {
                peers::set_scope(&tx, peer.id, &peer.scope).await?; // what cannot be read of it begins anew
            }
            peers::set_cursor(&tx, peer.id, &Cursor { unproved_at: None, ..peer.cursor.clone() }).await?;
            peers::follow(&tx, peer.id, self.now()).await?;
        }
        end(turn, tx).await?;
        match refused {
            Some(refused) => Err(refused),
            None => self.now_there(known.id).await,
        }
    }

    /// What a peer says of itself now.
    async fn ask_for_keys(&self, peer: &Peer) -> Result<Discovery, Refused> {
        let refused = |trouble| Refused::Peer { url: peer.url.clone(), trouble };
        let said = discover(self.outbound(), &peer.url).await.map_err(refused)?;
        if said.origin.as_str() == peer.identity() {
            return Ok(said);
        }
        let detail = format!("{} was added, but {} now answers", peer.identity(), said.origin);
        Err(refused(Trouble { code: "other-origin".to_owned(), detail }))
    }
}

/// Whether a peer is the plain API of a directory that says this of itself. Below other paths of its host may be the APIs
/// of others.
fn is_plain_api_of(peer: &Peer, said: &Discovery) -> bool {
    let is_same = |api: &Url| api.as_str().trim_end_matches('/') == peer.url.as_str().trim_end_matches('/');
    let is_its_api =
        said.api.oruk_v3.as_ref().is_some_and(is_same) || matches!(peer.url.path().trim_end_matches('/'), "" | "/api");
    matches!(peer.kind, PeerKind::Oruk3 | PeerKind::Oruk1) && peer.url.origin() == said.origin.origin() && is_its_api
}

/// Why what a peer says of itself now cannot be approved.
fn why_not_approved(peer: &Peer, said: &Discovery) -> Option<Refused> {
    if peer.discovered.as_ref().is_none_or(|shown| shown.keys != said.keys) {
        let detail = format!(
            "the keys of {} have changed since they were shown; check again with `fingerpost peer show {}`",
            peer.name, peer.id
        );
        return Some(Refused::not_now("keys-changed", detail));
    }
    if peer.pinned_keys.is_some() && said.keys.is_empty() {
        let detail = format!(
            "the keys of {0} were approved but it no longer presents any, so nothing it says can be verified. Ask them to publish their keys again. If they no longer sign and you want to trust them anyway, run `fingerpost peer remove {1}` and add it again",
            peer.name, peer.id
        );
        return Some(Refused::not_now("no-keys", detail));
    }
    None
}

/// The keys that are approved with what a peer says of itself. A peer without keys is taken at its word.
fn keys_of(said: &Discovery) -> Option<Vec<Listed>> {
    Some(said.keys.clone()).filter(|keys| !keys.is_empty())
}
