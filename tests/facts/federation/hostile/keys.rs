//! Keys that change, are given up or belong to somebody else, and directories that move.

use fingerpost::{
    federation::peers::{Outcome, Trust},
    model::Kind,
};
use serde_json::json;

use super::{is_feed, nothing_changes, quarantine, three_services};
use crate::support::{
    liar::{BEGAN, id, service},
    network::fact_of_a_liar,
    peer::Reply,
};

fact_of_a_liar! {
    async fn case_24_a_new_key_that_the_old_one_vouches_for_is_taken_over(here, liar) {
        let peer = three_services(&here, &liar).await;
        for round in 0..2 {
            liar.rotate(true, false);
            liar.tell(Kind::Service, id(&format!("service {}", 10 + round)), Some(service(10 + round)));
        }
        liar.lately();
        let report = here.pull(&peer).await;
        assert_eq!((report.outcome, report.created, report.quarantined), (Outcome::Ok, 2, 0), "{report:?}");
        assert_eq!(liar.lately(), ["changes after 4", "open-directory", "changes after 4", "changes after 6"], "the list of keys once");
        assert_eq!(here.peer(&peer).await.pinned_keys.unwrap().len(), 3);
    }
}

fact_of_a_liar! {
    async fn case_25_a_new_key_that_nobody_vouches_for_holds_the_peer_until_it_is_approved(here, liar) {
        let peer = three_services(&here, &liar).await;
        liar.rotate(false, false);
        liar.tell(Kind::Service, id("service 9"), Some(service(9)));
        assert_eq!(nothing_changes(&here, &liar, &peer, "key-changed", &["changes after 4", "open-directory"]).await.outcome, Outcome::Held);
        let shown = here.harvester().describe_peer(&here.peer(&peer).await).await.unwrap();
        assert!(shown.advice.contains("whether they have a new key"), "{}", shown.advice);
        here.harvester().approve_peer("1").await.unwrap();
        assert_eq!(here.pull(&peer).await.created, 1);
    }
}

fact_of_a_liar! {
    async fn case_26_what_a_given_up_key_signs_is_not_believed_and_what_is_signed_again_is(here, liar) {
        let peer = three_services(&here, &liar).await;
        liar.rotate(true, true);
        liar.tell(Kind::Service, id("service 9"), Some(service(9)));
        let report = here.pull(&peer).await;
        assert_eq!((report.outcome, report.created), (Outcome::Ok, 1), "{report:?}");
        let old = here.peer(&peer).await.pinned_keys.unwrap()[0].kid.clone();
        liar.tell(Kind::Service, id("service 10"), Some(service(10)));
        liar.twist(move |seen, mut page| {
            if is_feed(seen) {
                page["items"].as_array_mut().unwrap().iter_mut().for_each(|item| item["fed"]["kid"] = json!(old));
            }
            Reply::json(page.to_string())
        });
        let before = here.everything().await;
        here.pull(&peer).await;
        assert_eq!(quarantine(&here, &peer).await, [("revoked-key".to_owned(), 1)]);
        assert_eq!(here.everything().await, before);
    }
}

fact_of_a_liar! {
    async fn a_key_that_was_given_up_cannot_be_made_good_again_by_whoever_has_it(here, liar) {
        let peer = three_services(&here, &liar).await;
        liar.rotate(true, true);
        liar.tell(Kind::Service, id("service 9"), Some(service(9)));
        assert_eq!(here.pull(&peer).await.outcome, Outcome::Ok);
        // The thief has the old key and the host, and says that it is the one that counts.
        liar.thief();
        liar.tell(Kind::Service, id("service 10"), Some(service(10)));
        let before = here.everything().await;
        here.pull(&peer).await;
        assert_eq!(quarantine(&here, &peer).await, [("revoked-key".to_owned(), 1)]);
        here.app.clock.set(crate::support::noon() + chrono::Duration::days(2));
        assert_eq!(nothing_changes(&here, &liar, &peer, "key-changed", &["open-directory"]).await.outcome, Outcome::Held);
        assert_eq!(here.everything().await, before);
    }
}

fact_of_a_liar! {
    async fn somebody_has_to_approve_the_keys_before_anything_is_pulled(here, liar) {
        liar.tell_services(1);
        let peer = here.follows(&liar.url(), Trust::Review).await;
        let report = here.pull(&peer).await;
        assert_eq!((report.outcome, report.requests, report.error.map(|trouble| trouble.code)), (Outcome::Held, 0, Some("not-approved".to_owned())));
    }
}

fact_of_a_liar! {
    async fn a_directory_that_moves_and_takes_its_keys_along_goes_on_under_the_ids_that_its_records_had(here, liar) {
        let mut liar = liar;
        let peer = three_services(&here, &liar).await;
        let ids = here.app.ids("/services").await;
        let old = liar.moves(true).await;
        liar.new_epoch("second", BEGAN + 1_000_000);
        let mut renamed = service(1);
        renamed["name"] = json!("Club of the new address");
        liar.tell(Kind::Service, id("service 1"), Some(renamed));
        let report = here.pull(&peer).await;
        assert_eq!((report.outcome, report.left_out.get("moved"), report.created, report.updated, report.deleted), (Outcome::Ok, Some(&1), 0, 1, 0), "{report:?}");
        assert_eq!((here.app.ids("/services").await, here.services().await[0].as_str()), (ids, "Club 0"));
        let now = here.peer(&peer).await;
        assert_eq!((now.url.clone(), now.identity(), &now.origin), (liar.url(), liar.url().as_str(), &peer.origin));

        // From now on only the new address is asked, and what is signed there is believed.
        let asked = old.paths().len();
        liar.tell(Kind::Service, id("service 2"), None);
        let report = here.pull(&peer).await;
        assert_eq!((report.deleted, report.quarantined, here.services().await.len(), old.paths().len()), (1, 0, 2, asked), "{report:?}");
        let twice = here.harvester().add_peer(crate::support::network::new(&liar.url(), Trust::Auto)).await.unwrap_err();
        assert!(twice.to_string().contains("already followed"), "{twice}");
    }
}

fact_of_a_liar! {
    async fn nobody_takes_a_directory_over_by_saying_that_it_has_moved(here, liar) {
        let mut liar = liar;
        let peer = three_services(&here, &liar).await;
        let before = here.everything().await;
        // It leads somewhere else and does not say so, signed.
        let _old = liar.moves(false).await;
        let report = here.pull(&peer).await;
        assert_eq!((report.outcome, report.error.unwrap().code.as_str()), (Outcome::Held, "next-elsewhere"));
        // It says so, signed with another key than the one that was approved.
        let folder = tempfile::tempdir().unwrap();
        let ring = fingerpost::signing::Keyring::open(folder.path(), chrono::DateTime::UNIX_EPOCH).unwrap();
        let forger = fingerpost::signing::Signer::new(ring, liar.url().to_string(), "x".to_owned());
        let forged = forger.moved(&peer.url, chrono::DateTime::UNIX_EPOCH);
        liar.twist(move |seen, mut said| {
            if seen.path.contains("well-known") {
                said["moved_from"] = json!([forged]);
            }
            Reply::json(said.to_string())
        });
        here.harvester().release_peer("1").await.unwrap();
        let report = here.pull(&peer).await;
        assert_eq!(report.outcome, Outcome::Held, "{report:?}");
        let now = here.peer(&peer).await;
        assert_eq!((here.everything().await, now.url, now.moved_to), (before, peer.url, None));
    }
}
