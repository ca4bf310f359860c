//! Keys that do not sign any more, or were given up: what those that find them can do, which is nothing.

use fingerpost::{
    app::App,
    db::Durability,
    federation::peers::{Outcome, Peer, PeerState, Trust},
    jobs,
    model::Kind,
    safekeeping,
    signing::{Keyring, Status},
};
use serde_json::json;

use super::super::pantry;
use crate::support::{
    liar::{Liar, id, service},
    network::{Node, fact_of_a_liar, fact_of_two},
    peer::Reply,
};

/// Follow a liar that has changed its key properly since.
async fn rotated(here: &Node, liar: &Liar) -> Peer {
    let peer = here.follows_services_of(liar, 1).await;
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
        liar.twist(move |seen, page| if seen.is_feed() { Reply::json(page.to_string()) } else { Reply::status(500) });
        let report = here.pull(&peer).await;
        assert_eq!((report.created, here.quarantine(&peer).await), (0, vec![("retired-key".to_owned(), 1)]), "{report:?}");
    }
}

fact_of_a_liar! {
    async fn what_is_new_is_judged_by_a_list_of_keys_that_is(here, liar) {
        let peer = here.follows_services_of(&liar, 1).await;
        liar.rotate(true, true);
        // Stopped on the way: signed with the stolen key before anybody has read that it was given up.
        liar.tell(Kind::Service, id("service 1"), Some(service(1)));
        let item = liar.signed_with_first_key().pop().unwrap();
        liar.twist(move |seen, mut page| {
            for told in page["items"].as_array_mut().into_iter().flatten().filter(|_| seen.is_feed()) {
                if told["id"] == item["id"] {
                    *told = item.clone();
                }
            }
            Reply::json(page.to_string())
        });
        here.app.clock.set(here.app.clock.now() + chrono::Duration::minutes(6));
        let report = here.pull(&peer).await;
        assert_eq!(here.quarantine(&peer).await, [("revoked-key".to_owned(), 1)], "{report:?}");
        assert_eq!(here.services().await, ["Club 0"]);
    }
}

fact_of_a_liar! {
    async fn after_somebody_else_has_answered_for_a_peer_its_own_keys_are_shown_again(here, liar) {
        let peer = here.follows_services_of(&liar, 1).await;
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

/// Another process of the same directory: a command, or a further server on the same database.
async fn another_process(node: &Node) -> App {
    App::open(node.app.config.clone(), node.app.clock.clone(), Durability::Full).await.unwrap()
}

fact_of_two! {
    async fn of_two_rotations_at_the_same_moment_the_second_goes_on_from_the_first(luton, beds) {
        luton.app.fixtures().await;
        let peer = beds.follows(&luton.url, Trust::Auto).await;
        beds.pull(&peer).await;
        let before = beds.everything().await;
        let (one, other) = (another_process(&luton).await, another_process(&luton).await);
        let (first, second) =
            tokio::join!(safekeeping::rotate_keys(&one.records, true), safekeeping::rotate_keys(&other.records, false));
        first.unwrap();
        second.unwrap();
        let keys = Keyring::open(&luton.app.config.data_dir, luton.app.clock.now()).unwrap();
        assert_eq!(keys.listed.len(), 3, "none was lost: {:?}", keys.listed);
        assert_eq!(keys.listed[2].status, Status::Active);
        assert!(keys.listed[..2].iter().all(|key| key.status != Status::Active), "{:?}", keys.listed);
        // Both sign everything again, as after a theft; the server has not looked yet.
        let (first, second) = tokio::join!(one.records.sign_again(), other.records.sign_again());
        assert!(first.unwrap() + second.unwrap() > 100);
        jobs::keys(luton.app.app()).unwrap();
        let report = beds.pull(&peer).await;
        assert_eq!((report.outcome, report.error, report.quarantined, report.updated), (Outcome::Ok, None, 0, 0));
        assert_eq!((beds.peer(&peer).await.pinned_keys.unwrap().len(), beds.everything().await), (3, before));
    }
}

fact_of_two! {
    async fn a_server_that_has_not_looked_yet_signs_nothing_with_a_retired_key(luton, beds) {
        luton.app.fixtures().await;
        let peer = beds.follows(&luton.url, Trust::Auto).await;
        beds.pull(&peer).await;
        let old = luton.app.app().records.signer().keyring().active.kid().to_owned();
        let command = another_process(&luton).await;
        safekeeping::rotate_keys(&command.records, false).await.unwrap();
        assert_eq!(luton.app.app().records.signer().keyring().active.kid(), old, "the server knows nothing of it yet");
        luton.app.import(pantry().to_string()).await;
        let feed = luton.app.get("/federation/v1/changes").await.json();
        let signed: Vec<&str> = feed["items"].as_array().unwrap().iter().filter_map(|item| item["fed"]["kid"].as_str()).collect();
        assert_eq!((signed.first() == Some(&old.as_str()), signed.last() == Some(&old.as_str())), (true, false), "{signed:?}");
        let new = signed.iter().position(|kid| *kid != old).unwrap();
        assert!(signed[new..].iter().all(|kid| *kid != old), "the old one signs nothing behind the new one: {signed:?}");
        let report = beds.pull(&peer).await;
        assert_eq!((report.outcome, report.quarantined, report.created > 0), (Outcome::Ok, 0, true), "{report:?}");
    }
}
