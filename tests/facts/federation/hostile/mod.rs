//! A peer that lies, breaks off, floods and forges. The numbers are those of section 4 of the protocol
//! (`docs/federation.md` has the table). Each fact looks at everything that can be seen before and after.

mod agreed;
mod deletions;
mod keys;
mod pages;
mod records;
mod turns;

use fingerpost::federation::peers::{self, Outcome, Peer, Trust};
use uuid::Uuid;

use crate::support::{
    liar::{Liar, id},
    network::Node,
    peer::Seen,
};

fn is_feed(seen: &Seen) -> bool {
    seen.path.contains("/changes")
}

/// Follow a liar that tells an organisation and three services, and pull once.
async fn three_services(here: &Node, liar: &Liar) -> Peer {
    liar.tell_services(3);
    let peer = here.follows(&liar.url(), Trust::Auto).await;
    let report = here.pull(&peer).await;
    assert_eq!((report.outcome, report.created, report.error), (Outcome::Ok, 4, None));
    peer
}

/// Pull from a peer that lies now: nothing here may change, it is asked for this and nothing else, and the report says
/// why.
async fn nothing_changes(here: &Node, liar: &Liar, peer: &Peer, code: &str, asked: &[&str]) -> peers::Report {
    let (before, cursor) = (here.state(peer).await, here.peer(peer).await.cursor);
    liar.lately();
    let report = here.pull(peer).await;
    assert_eq!(report.error.as_ref().map(|trouble| trouble.code.as_str()), Some(code), "{report:?}");
    assert_eq!(liar.lately(), asked, "{code}");
    assert_eq!(here.state(peer).await, before, "{code}: nothing has happened");
    let now = here.peer(peer).await;
    assert_eq!((now.cursor.after, now.cursor.next), (cursor.after, cursor.next), "{code}: we stand where we stood");
    report
}

/// The page behind the four records of [`three_services`].
const NEXT: &[&str] = &["changes after 4"];

/// What a service of a peer is called here.
fn here_id(liar: &Liar, name: &str) -> Uuid {
    fingerpost::ids::from_source(liar.url().as_str(), "service", &id(name).to_string())
}

/// What could not be taken, by reason.
async fn quarantine(here: &Node, peer: &Peer) -> Vec<(String, i64)> {
    peers::quarantined_by_code(&here.app.app().db, peer.id).await.unwrap()
}
