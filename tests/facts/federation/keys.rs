//! Keys that do not sign any more, or were given up: what those that find them can do, which is nothing.

use fingerpost::{
    federation::peers::{self, Outcome, Peer, PeerState, Trust},
    model::Kind,
    signing::Status,
};
use serde_json::json;

use crate::support::{
    liar::{Liar, id, service},
    network::{Node, fact_of_a_liar},
    peer::Reply,
};

async fn codes(here: &Node, peer: &Peer) -> Vec<(String, i64)> {
    peers::quarantined_by_code(&here.app.app().db, peer.id).await.unwrap()
}

/// Follow a liar that has changed its key properly since.
async fn rotated(here: &Node, liar: &Liar) -> Peer {
    liar.tell_services(1);
    let peer = here.follows(&liar.url(), Trust::Auto).await;
    here.pull(&peer).await;
    liar.rotate(true, false);
    liar.tell(Kind::Service, id("service 1"), Some(service(1)));
    let report = here.pull(&peer).await;
    assert_eq!((report.outcome, report.created, report.error), (Outcome::Ok, 1, None));
    here.peer(&peer).await
}

fact_of_a_liar! {
    async fn a_key_that_does_not_sign_any_more_vouches_for_nobody_new(here, liar) {
        let peer = rotated(&here, &liar).await;
        // Whoever has the old file and the host lists the old key, and a new one that it vouches for.
        liar.thief();
        liar.rotate(true, false);
        liar.tell(Kind::Service, id("service 2"), Some(service(2)));
        let report = here.pull(&peer).await;
        assert_eq!((report.outcome, report.error.unwrap().code.as_str()), (Outcome::Held, "key-changed"));
        assert_eq!(here.services().await, ["Club 0", "Club 1"]);
        let described = here.harvester().describe_peer(&here.peer(&peer).await).await.unwrap();
        let approved: Vec<_> = described.keys.iter().filter(|key| key["approved"] == true && key["listed"] == false).collect();
        assert_eq!(approved.len(), 1, "the key that was approved is shown all the same: {:?}", described.keys);
    }
}

fact_of_a_liar! {
    async fn what_a_key_signs_after_it_was_retired_is_not_taken(here, liar) {
        let peer = rotated(&here, &liar).await;
        assert_eq!(peer.pinned_keys.as_ref().unwrap()[0].status, Status::Retired);
        // What it signed in its time is still good.
        let before = liar.items();
        liar.thief();
        liar.tell(Kind::Service, id("service 2"), Some(service(2)));
        let forged = liar.items().pop().unwrap();
        assert_ne!(before.last().unwrap()["fed"]["kid"], forged["fed"]["kid"]);
        liar.twist(move |seen, page| if seen.path.contains("/changes") { Reply::json(page.to_string()) } else { Reply::status(500) });
        let report = here.pull(&peer).await;
        assert_eq!((report.created, codes(&here, &peer).await), (0, vec![("retired-key".to_owned(), 1)]), "{report:?}");
    }
}

fact_of_a_liar! {
    async fn what_is_new_is_judged_by_a_list_of_keys_that_is(here, liar) {
        liar.tell_services(1);
        let peer = here.follows(&liar.url(), Trust::Auto).await;
        here.pull(&peer).await;
        liar.rotate(true, true);
        // Stopped on the way: signed with the stolen key before anybody has read that it was given up.
        liar.tell(Kind::Service, id("service 1"), Some(service(1)));
        let item = liar.signed_with_first_key().pop().unwrap();
        liar.twist(move |seen, mut page| {
            for told in page["items"].as_array_mut().into_iter().flatten().filter(|_| seen.path.contains("/changes")) {
                if told["id"] == item["id"] {
                    *told = item.clone();
                }
            }
            Reply::json(page.to_string())
        });
        here.app.clock.set(here.app.clock.now() + chrono::Duration::minutes(6));
        let report = here.pull(&peer).await;
        assert_eq!(codes(&here, &peer).await, [("revoked-key".to_owned(), 1)], "{report:?}");
        assert_eq!(here.services().await, ["Club 0"]);
    }
}

fact_of_a_liar! {
    async fn after_somebody_else_has_answered_for_a_peer_its_own_keys_are_shown_again(here, liar) {
        liar.tell_services(1);
        let peer = here.follows(&liar.url(), Trust::Auto).await;
        here.pull(&peer).await;
        let own = here.peer(&peer).await.discovered.unwrap().keys;
        liar.twist(|_, mut page| {
            if page.get("keys").is_some() {
                page["keys"] = json!([]);
            }
            Reply::json(page.to_string())
        });
        here.app.clock.set(here.app.clock.now() + chrono::Duration::days(2));
        assert_eq!(here.pull(&peer).await.error.unwrap().code, "key-changed");
        assert_eq!(here.peer(&peer).await.state, PeerState::Held);
        liar.repent();
        here.harvester().release_peer("1").await.unwrap();
        assert_eq!(here.pull(&peer).await.outcome, Outcome::Ok);
        assert_eq!(here.peer(&peer).await.discovered.unwrap().keys, own);
    }
}
