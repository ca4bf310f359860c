//! What stands by itself: deletions that wait for a person and that their origin does not take back, licences of single
//! records, and neighbours after a restore.

use chrono::Duration;
use fingerpost::{
    federation::{
        neighbours::Wanted,
        peers::{self, Outcome, Peer, Trust},
    },
    model::Kind,
    safekeeping,
};
use serde_json::json;

use super::super::pantry;
use crate::support::{
    liar::{Liar, id, service},
    network::{Node, fact_between, fact_of_a_liar},
};

/// So many hours later, here and there.
macro_rules! later {
    ($here:ident, $liar:ident, $hours:expr) => {{
        $here.app.clock.set($here.app.clock.now() + Duration::hours($hours));
        $liar.now($here.app.clock.now());
    }};
}

fact_of_a_liar! {
    async fn many_signed_deletions_go_by_themselves_once_their_origin_has_stood_by_them_for_six_days(here, liar) {
        liar.shows_checkpoints(true);
        let peer = here.follows_services_of(&liar, 100).await;
        for number in 0..60 {
            liar.tell(Kind::Service, id(&format!("service {number}")), None);
        }
        assert_eq!(here.pull(&peer).await.held_deletes, 60);
        for hours in [24, 24, 47, 1] {
            later!(here, liar, hours);
            let report = here.pull(&peer).await;
            assert_eq!((report.outcome, report.deleted), (Outcome::Ok, 0), "{report:?}");
        }
        // One of them is told again, and waits for nobody any more.
        liar.tell(Kind::Service, id("service 7"), Some(service(7)));
        later!(here, liar, 24);
        assert_eq!((here.pull(&peer).await.deleted, here.services().await.len()), (0, 100));
        later!(here, liar, 24);
        let report = here.pull(&peer).await;
        assert_eq!((report.outcome, report.deleted, here.services().await.len()), (Outcome::Ok, 59, 41), "{report:?}");
        let shown = here.harvester().describe_peer(&here.peer(&peer).await).await.unwrap();
        assert_eq!((shown.held_deletes, here.pull(&peer).await.deleted), (0, 0));
        // What was deleted is remembered by the number of its deletion.
        let known = peers::of_peer(&here.app.app().db, peer.id, None, 1_000).await.unwrap();
        let gone = known.iter().filter(|row| !row.live).map(|row| row.rev).min();
        assert!(gone > known.iter().filter(|row| row.live && row.foreign_id == id("service 99").to_string()).map(|row| row.rev).max());
    }
}

fact_of_a_liar! {
    async fn what_a_peer_says_while_it_is_held_or_without_a_checkpoint_counts_for_no_deletion(here, liar) {
        liar.shows_checkpoints(true);
        let peer = here.follows_services_of(&liar, 100).await;
        for number in 0..60 {
            liar.tell(Kind::Service, id(&format!("service {number}")), None);
        }
        here.pull(&peer).await;
        for _ in 0..2 {
            later!(here, liar, 49);
            assert_eq!(here.pull(&peer).await.deleted, 0);
        }
        // Somebody else answers for it: what was counted before does not count any more.
        liar.rotate(false, false);
        liar.tell(Kind::Service, id("service 200"), Some(service(200)));
        later!(here, liar, 49);
        assert_eq!(here.pull(&peer).await.outcome, Outcome::Held);
        here.harvester().approve_peer("1").await.unwrap();
        later!(here, liar, 49);
        let report = here.pull(&peer).await;
        assert_eq!((report.outcome, report.deleted), (Outcome::Ok, 0), "{report:?}");
        // Nobody knows without a checkpoint whether it has taken them back.
        liar.shows_checkpoints(false);
        for _ in 0..4 {
            later!(here, liar, 49);
            assert_eq!(here.pull(&peer).await.deleted, 0);
        }
        assert_eq!(here.services().await.len(), 101);
    }
}

fact_of_a_liar! {
    async fn the_last_records_of_a_peer_never_go_by_themselves(here, liar) {
        liar.shows_checkpoints(true);
        let peer = here.follows_services_of(&liar, 3).await;
        for number in 0..3 {
            liar.tell(Kind::Service, id(&format!("service {number}")), None);
        }
        liar.tell(Kind::Organization, id("holder"), None);
        assert_eq!(here.pull(&peer).await.held_deletes, 4);
        for _ in 0..5 {
            later!(here, liar, 49);
            assert_eq!(here.pull(&peer).await.deleted, 0);
        }
        assert_eq!(here.services().await.len(), 3);
    }
}

fact_of_a_liar! {
    async fn a_record_under_a_licence_of_its_own_that_is_not_open_is_a_link_until_it_is(here, liar) {
        const CLOSED: &str = "https://creativecommons.org/licenses/by-nc/4.0/";
        liar.tell_services(2);
        liar.licence_of(id("service 1"), CLOSED);
        let peer = here.follows(&liar.url(), Trust::Auto).await;
        let report = here.pull(&peer).await;
        assert_eq!((report.outcome, report.created, report.links_only), (Outcome::Ok, 3, false), "{report:?}");
        let shown = |page: serde_json::Value, name: &str| {
            let found = page["contents"].as_array().unwrap().iter().find(|one| one["name"] == name).unwrap().clone();
            (found["description"].is_string(), found["provenance"]["licence"].as_str().unwrap().to_owned())
        };
        let list = here.app.get("/services?full=true").await.json();
        assert_eq!(shown(list.clone(), "Club 0"), (true, crate::support::liar::OGL.to_owned()));
        assert_eq!(shown(list, "Club 1"), (false, CLOSED.to_owned()), "only a link to it");
        // The same content under another licence is another version.
        liar.licence_of(id("service 1"), crate::support::liar::OGL);
        liar.tell(Kind::Service, id("service 1"), Some(service(1)));
        assert_eq!(here.pull(&peer).await.updated, 1);
        let list = here.app.get("/services?full=true").await.json();
        assert_eq!(shown(list, "Club 1"), (true, crate::support::liar::OGL.to_owned()));
        liar.licence_of(id("service 0"), CLOSED);
        liar.tell(Kind::Service, id("service 0"), Some(service(0)));
        assert_eq!(here.pull(&peer).await.updated, 1);
        let list = here.app.get("/services?full=true").await.json();
        assert!(!shown(list, "Club 0").0, "and one that was closed since is a link again");
    }
}

fact_between! {
    async fn a_backup_brings_the_neighbours_and_their_keys_to_a_new_machine(
        luton = |on| Node::start(on, "Luton"), beds = |on| Node::start(on, "Central Bedfordshire"),
        fresh = |on| Node::start(on, "Central Bedfordshire");
        liar = Liar::start()
    ) {
        luton.app.import(pantry().to_string()).await;
        let mut other = pantry();
        other["id"] = json!(super::super::super::id("other"));
        other["name"] = json!("Closed since");
        luton.app.import(other.to_string()).await;
        let followed = beds.follows(&luton.url, Trust::Auto).await;
        beds.harvester().scope_peer("1", Wanted { most: Some(77), ..Wanted::default() }).await.unwrap();
        beds.pull(&followed).await;
        let file = beds.app.folder.path().join("today.backup");
        safekeeping::backup(&beds.app.app().records, &file).await.unwrap();
        luton.app.withdraw(super::super::super::id("other"), "closed").await;

        safekeeping::restore(&fresh.app.app().records, &file, fresh.app.folder.path()).await.unwrap();
        fresh.harvester().start_over().await.unwrap();
        fresh.app.follow().await;
        let (before, after) = (beds.peer(&followed).await, fresh.peer(&followed).await);
        let known = |peer: &Peer| (peer.name.clone(), peer.trust, peer.state, peer.scope.clone(), peer.pinned_keys.clone(), peer.every_seconds);
        assert_eq!(known(&after), known(&before));
        assert!(after.pinned_keys.is_some() && after.scope.most == 77);
        // What went there since the backup goes here.
        let report = fresh.pull(&after).await;
        assert_eq!((report.outcome, report.deleted, report.created), (Outcome::Ok, 1, 0), "{report:?}");
        assert_eq!(fresh.services().await, ["Meadow larder"]);
        assert_eq!(fresh.follows(&liar.url(), Trust::Auto).await.id, 2, "the next neighbour has a number of its own");

        // Who has neighbours keeps those that it has.
        safekeeping::restore(&fresh.app.app().records, &file, fresh.app.folder.path()).await.unwrap();
        fresh.harvester().start_over().await.unwrap();
        assert_eq!(peers::all(&fresh.app.app().db).await.unwrap().len(), 2);
    }
}
