//! What is told of records: twice, of others, tampered with, of old, of a later standard, before what it needs.

use fingerpost::{
    federation::peers::{self, Outcome, Peer, Trust},
    model::Kind,
};
use serde_json::{Value, json};

use super::{here_id, is_feed, quarantine, three_services};
use crate::support::{
    liar::{BEGAN, Liar, Told, id, organization, service},
    network::{Node, fact_of_a_liar},
    peer::{Reply, Seen},
};

/// What is changed in each item before it is sent.
type Tampers = fn(&mut Value);

/// The numbers under which a service of the liar is known here: one row, or the record is there twice.
async fn numbers_of(here: &Node, liar: &Liar, peer: &Peer, name: &str) -> Vec<i64> {
    let (local, known) = (here_id(liar, name), here.state(peer).await.known);
    known.into_iter().filter(|row| row.id == local || row.foreign_id == id(name).to_string()).map(|row| row.rev - BEGAN).collect()
}

/// Tell something once more under another name, so many numbers later, and leave what was told before where it is.
fn tell_again(liar: &Liar, name: &str, called: &str, later: i64) {
    liar.edit(|told| {
        let mut again = told.iter().find(|told| told.id == id(name)).unwrap().clone();
        again.rev += later;
        again.data.as_mut().unwrap()["name"] = json!(called);
        told.push(again);
    });
}

fact_of_a_liar! {
    async fn case_14_an_id_that_stands_twice_is_one_record_and_the_later_version_wins(here, liar) {
        let peer = here.follows(&liar.url(), Trust::Auto).await;
        liar.tell_services(2);
        here.pull(&peer).await;
        let before = here.state(&peer).await;
        liar.tell(Kind::Service, id("service 0"), Some(service(0)));
        tell_again(&liar, "service 0", "Later", 5);
        liar.lately();
        let report = here.pull(&peer).await;
        assert_eq!((report.outcome, report.created, report.quarantined), (Outcome::Ok, 0, 0), "{report:?}");
        assert_eq!(liar.lately(), ["changes after 3", "changes after 9"]);
        assert_eq!(here.services().await, ["Club 1", "Later"]);
        assert_eq!(numbers_of(&here, &liar, &peer, "service 0").await, [9]);
        let now = here.state(&peer).await;
        assert_eq!((now.records.len(), now.published.len()), (before.records.len(), before.published.len()), "no row more");
        let one = [here_id(&liar, "service 0")];
        assert_eq!(now.but_for(&one), before.but_for(&one), "nothing else has changed");
    }
}

fact_of_a_liar! {
    async fn case_14_a_record_that_moves_to_a_later_page_while_its_feed_is_read_is_one_record(here, liar) {
        liar.tell_services(5);
        liar.page_items(2);
        tell_again(&liar, "service 0", "Moved", 5);
        let peer = here.follows(&liar.url(), Trust::Auto).await;
        liar.lately();
        let report = here.pull(&peer).await;
        assert_eq!((report.outcome, report.created, report.updated, report.quarantined), (Outcome::Ok, 6, 1, 0), "{report:?}");
        let asked = ["open-directory", "changes", "changes after 2", "changes after 4", "changes after 6", "changes after 7"];
        assert_eq!(liar.lately(), asked);
        assert_eq!(here.services().await, ["Club 1", "Club 2", "Club 3", "Club 4", "Moved"]);
        assert_eq!(numbers_of(&here, &liar, &peer, "service 0").await, [7]);
        let state = here.state(&peer).await;
        assert_eq!((state.records.len(), state.known.len(), state.peer.cursor.after - BEGAN), (6, 6, 7));
        assert_eq!(here.app.app().records.history(here_id(&liar, "service 0")).await.unwrap().len(), 2, "one version for each");
        // Whoever is told both once more has the later one already.
        here.loses_its_place(&peer).await;
        let report = here.pull(&peer).await;
        assert_eq!((report.updated, report.left_out.get("older")), (0, Some(&1)), "{report:?}");
        assert_eq!(here.state(&peer).await, state);
    }
}

/// Tell of a record, so many numbers after everything else, without taking back what was told of it before.
fn tell_besides(liar: &Liar, name: &str, later: i64, data: Option<Value>) {
    liar.edit(|told| {
        let last = told.iter().map(|told| told.rev).max().unwrap();
        let again = told.iter().find(|told| told.id == id(name)).unwrap().clone();
        told.push(Told { rev: last + later, data, ..again });
    });
}

fact_of_a_liar! {
    async fn case_14_a_record_that_goes_on_the_page_that_it_comes_on_is_gone(here, liar) {
        let peer = here.follows_services_of(&liar, 2).await;
        let before = here.state(&peer).await;
        liar.tell(Kind::Service, id("service 7"), Some(service(7)));
        tell_besides(&liar, "service 7", 1, None);
        liar.lately();
        let report = here.pull(&peer).await;
        assert_eq!((report.outcome, report.created, report.deleted, report.held_deletes), (Outcome::Ok, 1, 1, 0), "{report:?}");
        assert_eq!(liar.lately(), ["changes after 3", "changes after 5"]);
        assert_eq!(here.services().await, ["Club 0", "Club 1"], "nobody is sent to what has gone");
        let gone = [here_id(&liar, "service 7")];
        let now = here.state(&peer).await;
        let known: Vec<_> = now.known.iter().filter(|row| gone.contains(&row.id)).map(|row| (row.rev - BEGAN, row.live)).collect();
        assert_eq!((known, now.peer.cursor.after - BEGAN), (vec![(5, false)], 5));
        assert_eq!(now.but_for(&gone), before.but_for(&gone), "nothing else has changed");
    }
}

fact_of_a_liar! {
    async fn case_14_a_record_that_comes_back_on_the_page_that_it_goes_on_is_there(here, liar) {
        let peer = here.follows_services_of(&liar, 5).await;
        let before = here.state(&peer).await;
        tell_besides(&liar, "service 0", 1, None);
        let mut back = service(0);
        back["name"] = json!("Back again");
        tell_besides(&liar, "service 0", 1, Some(back));
        liar.lately();
        let report = here.pull(&peer).await;
        assert_eq!((report.outcome, report.created, report.deleted, report.held_deletes), (Outcome::Ok, 0, 0, 0), "{report:?}");
        assert_eq!(liar.lately(), ["changes after 6", "changes after 8"]);
        assert_eq!(here.services().await, ["Back again", "Club 1", "Club 2", "Club 3", "Club 4"]);
        assert_eq!(numbers_of(&here, &liar, &peer, "service 0").await, [8]);
        let one = [here_id(&liar, "service 0")];
        let now = here.state(&peer).await;
        assert!(now.known.iter().all(|row| row.live) && now.held.is_empty(), "nothing waits: {:?}", now.held);
        assert_eq!(now.but_for(&one), before.but_for(&one), "nothing else has changed");
    }
}

fact_of_a_liar! {
    async fn case_14_a_page_that_tells_of_a_record_twice_is_no_worse_than_all_of_its_records(here, liar) {
        let peer = here.follows_services_of(&liar, 2).await;
        liar.tell(Kind::Service, id("service 7"), Some(service(7)));
        for number in 10..20 {
            let bad = id(&format!("service {number}"));
            liar.tell(Kind::Service, bad, Some(json!({"id": bad, "description": "nameless"})));
        }
        let mut later = service(7);
        later["name"] = json!("Later");
        tell_besides(&liar, "service 7", 1, Some(later));
        for number in 30..90 {
            liar.tell(Kind::Service, id(&format!("service {number}")), Some(service(number)));
        }
        let report = here.pull(&peer).await;
        assert_eq!((report.outcome, report.created, report.updated, report.quarantined), (Outcome::Ok, 61, 1, 10), "{report:?}");
        let services = here.services().await;
        assert!(services.len() == 63 && services.contains(&"Later".to_owned()), "{services:?}");
    }
}

fact_of_a_liar! {
    async fn case_16_a_statement_about_a_record_of_another_directory_is_not_believed(here, liar) {
        let peer = three_services(&here, &liar).await;
        liar.tell(Kind::Service, id("service 9"), Some(service(9)));
        liar.twist(|seen, mut page| {
            if is_feed(seen) {
                for item in page["items"].as_array_mut().unwrap() {
                    item["fed"]["origin"] = json!("https://directory.elsewhere.example.org/");
                }
            }
            Reply::json(page.to_string())
        });
        let before = here.state(&peer).await;
        liar.lately();
        here.pull(&peer).await;
        assert_eq!(liar.lately(), ["changes after 4", "changes after 5"], "nor is whoever it speaks for asked");
        assert_eq!(quarantine(&here, &peer).await, [("statement-of-another-origin".to_owned(), 1)]);
        let bad = [here_id(&liar, "service 9")];
        assert_eq!(here.state(&peer).await.but_for(&bad), before.but_for(&[]), "nothing has happened but that it waits");
    }
}

fact_of_a_liar! {
    async fn case_18_tampered_data_and_tampered_statements_are_quarantined_and_the_old_version_stays(here, liar) {
        let peer = three_services(&here, &liar).await;
        liar.tell(Kind::Service, id("service 0"), Some(json!({"name": "x"})));
        let tampered = |twist: fn(&mut Value)| {
            move |seen: &Seen, mut page: Value| {
                if is_feed(seen) {
                    page["items"].as_array_mut().unwrap().iter_mut().for_each(twist);
                }
                Reply::json(page.to_string())
            }
        };
        let twists: [(Tampers, &str); 4] = [
            (|item| item["data"]["name"] = json!("Tampered"), "hash-mismatch"),
            (|item| item["fed"]["license"] = json!("https://tampered.example.org/"), "bad-signature"),
            (|item| item["fed"]["kind"] = json!("organization"), "statement-of-another-record"),
            (|item| { item.as_object_mut().unwrap().remove("fed"); }, "bad-signature"),
        ];
        for (number, (twist, code)) in twists.into_iter().enumerate() {
            let mut data = service(0);
            data["name"] = json!(format!("Version {number}"));
            liar.tell(Kind::Service, id("service 0"), Some(data));
            liar.twist(tampered(twist));
            let report = here.pull(&peer).await;
            assert_eq!((report.quarantined, quarantine(&here, &peer).await), (1, vec![(code.to_owned(), 1)]), "{report:?}");
            assert!(here.services().await.contains(&"Club 0".to_owned()), "the good version stays");
        }
        liar.repent();
        liar.tell(Kind::Service, id("service 0"), Some(service(0)));
        here.pull(&peer).await;
        assert_eq!(quarantine(&here, &peer).await, [], "a good version ends the quarantine");
    }
}

fact_of_a_liar! {
    async fn case_19_an_older_version_and_what_was_deleted_do_not_come_back(here, liar) {
        let peer = three_services(&here, &liar).await;
        liar.tell(Kind::Service, id("service 0"), None);
        assert_eq!(here.pull(&peer).await.deleted, 1);
        let before = here.everything().await;
        // The cursor is lost, and the old page is told again.
        let tx = here.app.app().db.write().await.unwrap();
        let mut forgetful = here.peer(&peer).await;
        forgetful.cursor = peers::Cursor { epoch: forgetful.cursor.epoch, ..peers::Cursor::default() };
        peers::set_cursor(&tx, forgetful.id, &forgetful.cursor).await.unwrap();
        tx.commit().await.unwrap();
        liar.edit(|told| {
            let gone = told.iter_mut().find(|told| told.id == id("service 0")).unwrap();
            *gone = crate::support::liar::Told { rev: BEGAN + 2, data: Some(service(0)), ..gone.clone() };
            told.retain(|told| told.id == id("service 0") || told.rev > BEGAN + 2);
        });
        let report = here.pull(&peer).await;
        assert_eq!((report.created, report.left_out.get("older")), (0, Some(&1)), "{report:?}");
        assert_eq!(here.everything().await, before);
    }
}

fact_of_a_liar! {
    async fn case_20_the_same_version_with_other_content_is_an_alarm(here, liar) {
        let peer = three_services(&here, &liar).await;
        let tx = here.app.app().db.write().await.unwrap();
        let mut forgetful = here.peer(&peer).await;
        forgetful.cursor = peers::Cursor { epoch: forgetful.cursor.epoch, ..peers::Cursor::default() };
        peers::set_cursor(&tx, forgetful.id, &forgetful.cursor).await.unwrap();
        tx.commit().await.unwrap();
        liar.edit(|told| told.iter_mut().find(|told| told.id == id("service 1")).unwrap().data.as_mut().unwrap()["name"] = json!("Another"));
        let before = here.everything().await;
        here.pull(&peer).await;
        assert_eq!(quarantine(&here, &peer).await, [("equivocation".to_owned(), 1)]);
        assert_eq!(here.everything().await, before);
    }
}

fact_of_a_liar! {
    async fn case_37_a_later_version_of_the_standard_waits_and_unknown_members_are_kept(here, liar) {
        let mut with_more = service(0);
        with_more["x_more"] = json!({"colour": "green"});
        liar.tell_services(0);
        liar.tell(Kind::Service, id("service 0"), Some(with_more));
        let peer = here.follows(&liar.url(), Trust::Auto).await;
        assert_eq!(here.pull(&peer).await.quarantined, 0);
        let page = here.app.get("/services?full=true").await.json();
        assert_eq!(page["contents"][0]["x_more"], json!({"colour": "green"}));
        liar.tell(Kind::Service, id("service 1"), Some(service(1)));
        liar.twist(|seen, mut page| {
            if is_feed(seen) {
                page["items"].as_array_mut().unwrap().iter_mut().for_each(|item| item["fed"]["schema"] = json!("https://openreferraluk.org/specifications/4.0"));
            }
            Reply::json(page.to_string())
        });
        here.pull(&peer).await;
        assert_eq!(quarantine(&here, &peer).await, [("schema-future".to_owned(), 1)]);
    }
}

fact_of_a_liar! {
    async fn case_37_what_an_older_version_of_ours_could_not_take_is_tried_again_by_a_newer_one(here, liar) {
        liar.tell_services(3);
        liar.twist(|seen, mut said| {
            if is_feed(seen) {
                for item in said["items"].as_array_mut().unwrap().iter_mut().filter(|item| item["id"] == id("service 1").to_string()) {
                    item["fed"]["v"] = json!(2);
                }
            }
            Reply::json(said.to_string())
        });
        let peer = here.follows(&liar.url(), Trust::Auto).await;
        here.pull(&peer).await;
        let waiting = || async { peers::quarantined_by_code(&here.app.app().db, peer.id).await.unwrap() };
        assert_eq!((waiting().await, here.services().await.len()), (vec![("schema-future".to_owned(), 1)], 2));
        liar.repent();
        here.pull(&peer).await;
        assert_eq!((waiting().await.len(), here.services().await.len()), (1, 2), "the feed has nothing new");

        assert_eq!(here.peer(&peer).await.cursor.tried_with.as_deref(), Some(env!("CARGO_PKG_VERSION")));
        here.upgraded(&peer).await;
        let report = here.pull(&peer).await;
        assert_eq!((report.created, waiting().await.len(), here.services().await.len()), (1, 0, 3), "{report:?}");
        let asked = liar.asked().len();
        here.pull(&peer).await;
        assert_eq!(liar.asked().len(), asked + 1, "once");
    }
}

fact_of_a_liar! {
    async fn an_officer_and_a_monitor_see_what_was_not_taken_and_how_long_ago_everything_was_here(here, liar) {
        liar.tell_services(3);
        liar.tell(Kind::Service, id("service 0"), Some(json!({"id": id("service 0"), "status": "active"})));
        let peer = here.follows(&liar.url(), Trust::Auto).await;
        here.pull(&peer).await;
        let shown = here.harvester().describe_peer(&here.peer(&peer).await).await.unwrap();
        let bad: Vec<_> = shown.not_taken.iter().map(|one| (one.kind.as_str(), one.foreign_id.clone(), one.code.as_str())).collect();
        assert_eq!(bad, [("service", id("service 0").to_string(), "invalid")]);
        assert!(shown.not_taken[0].detail.contains("name"), "{}", shown.not_taken[0].detail);

        // An officer holds it, and nobody pulls: an hour is an hour all the same.
        here.harvester().hold_peer("1").await.unwrap();
        here.app.clock.set(here.app.clock.now() + chrono::Duration::hours(1));
        let metrics = here.app.get("/metrics").await.text();
        for line in [
            "federation_quarantined{peer=\"Liar\",reason=\"invalid\"} 1",
            "federation_lag_seconds{peer=\"Liar\"} 3600",
            "federation_held_deletes{peer=\"Liar\"} 0",
            "federation_lag_positions{peer=\"Liar\"} 0",
        ] {
            assert!(metrics.lines().any(|said| said == line), "{line} in {metrics}");
        }
        assert_eq!(metrics.matches("# TYPE federation_lag_seconds gauge").count(), 1);
    }
}

fact_of_a_liar! {
    async fn two_peers_of_one_name_are_told_apart_by_a_monitor(here, liar) {
        let other = Liar::start().await;
        for peer in [&liar, &other] {
            here.follows(&peer.url(), Trust::Auto).await;
        }
        let metrics = here.app.get("/metrics").await.text();
        for line in ["federation_lag_seconds{peer=\"Liar (1)\"} 0", "federation_lag_seconds{peer=\"Liar (2)\"} 0"] {
            assert!(metrics.lines().any(|said| said == line), "{line} in {metrics}");
        }
    }
}

fact_of_a_liar! {
    async fn what_waits_or_was_refused_is_not_said_to_be_listed_here(here, liar) {
        liar.tell_services(3);
        let peer = here.follows(&liar.url(), Trust::Review).await;
        here.harvester().approve_peer("1").await.unwrap();
        assert_eq!(here.pull(&peer).await.waiting, 4);
        let listed = async || {
            let shown = here.harvester().describe_peer(&here.peer(&peer).await).await.unwrap();
            let status = here.app.get("/federation/v1/status").await.json()["following"][0]["records"].clone();
            (shown.records, status)
        };
        assert_eq!(listed().await, (0, json!(0)));
        let records = here.app.app().records.clone();
        let waiting: Vec<_> = records.waiting(None, None, 10).await.unwrap();
        let holder = waiting.iter().find(|one| one.kind == Kind::Organization).unwrap().id;
        records.accept(&crate::support::TestApp::person("looked at"), &[holder]).await.unwrap();
        assert_eq!(listed().await, (1, json!(1)));
    }
}

fact_of_a_liar! {
    async fn a_service_waits_until_its_organisation_is_there(here, liar) {
        liar.tell(Kind::Service, id("service 0"), Some(service(0)));
        let peer = here.follows(&liar.url(), Trust::Auto).await;
        here.pull(&peer).await;
        assert_eq!(here.services().await, Vec::<String>::new());
        liar.tell(Kind::Organization, id("holder"), Some(organization()));
        here.pull(&peer).await;
        assert_eq!(here.services().await, ["Club 0"]);
        let organizations = here.app.get("/organizations?full=true").await.json();
        assert_eq!(organizations["contents"][0]["name"], "Holder", "what it says of itself, not what the service says of it");
    }
}
