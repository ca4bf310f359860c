//! What comes from a peer under review waits for a person.

use fingerpost::{
    federation::{
        neighbours::Wanted,
        peers::{Outcome, Peer, Trust},
    },
    model::{Document, Kind},
    records::{Draft, Error, Part, Verdict},
};
use serde_json::json;
use uuid::Uuid;

use crate::support::{
    On, TestApp,
    liar::{Liar, id, service},
    network::{Node, fact_of_a_liar},
};

async fn waiting(here: &Node) -> Vec<(Uuid, String)> {
    let proposals = here.app.app().records.waiting(None, None, 100).await.unwrap();
    let mut names: Vec<(Uuid, String)> =
        proposals.into_iter().map(|one| (one.id, one.read().unwrap().name().to_owned())).collect();
    names.sort_by(|a, b| a.1.cmp(&b.1));
    names
}

async fn under_review(here: &Node, liar: &Liar) -> Peer {
    let peer = here.follows(&liar.url(), Trust::Review).await;
    here.harvester().approve_peer(&peer.id.to_string()).await.unwrap();
    peer
}

async fn tried_on(on: On) {
    let Some(here) = Node::start(on, "Here").await else { return };
    let liar = Liar::start().await;
    liar.tell_services(2);
    let peer = under_review(&here, &liar).await;
    let report = here.pull(&peer).await;
    assert_eq!((report.outcome, report.created, report.waiting), (Outcome::Ok, 0, 3), "{report:?}");
    assert_eq!(here.services().await, Vec::<String>::new(), "nothing is published before somebody has looked");
    let all = waiting(&here).await;
    assert_eq!(all.iter().map(|(_, name)| name.as_str()).collect::<Vec<_>>(), ["Club 0", "Club 1", "Holder"]);

    // Two are taken, one is refused.
    let records = here.app.app().records.clone();
    let caller = TestApp::person("looked at");
    records.accept(&caller, &[all[0].0, all[2].0]).await.unwrap();
    records.reject(&caller, &[all[1].0]).await.unwrap();
    here.app.follow().await;
    assert_eq!((here.services().await, waiting(&here).await.len()), (vec!["Club 0".to_owned()], 0));
    assert!(matches!(records.accept(&caller, &[all[1].0]).await, Err(Error::NotFound(_))), "what was decided is decided");

    // A change of what was taken waits, the version that stands stays.
    let mut changed = service(0);
    changed["name"] = json!("Club 0, Tuesdays");
    liar.tell(Kind::Service, id("service 0"), Some(changed.clone()));
    here.pull(&peer).await;
    assert_eq!(here.services().await, ["Club 0"]);
    let first = waiting(&here).await[0].0;
    // A later change takes the place of the earlier one.
    changed["name"] = json!("Club 0, Wednesdays");
    liar.tell(Kind::Service, id("service 0"), Some(changed));
    here.pull(&peer).await;
    assert_eq!(waiting(&here).await, [(first, "Club 0, Wednesdays".to_owned())]);

    // Somebody changes the record meanwhile: the proposal was made against another version.
    let proposal = records.proposal(first).await.unwrap().unwrap();
    let stored = records.find(proposal.record_id).await.unwrap().unwrap();
    let mut draft = Draft { origin: stored.origin.clone(), ..Draft::new(stored.read().unwrap()) };
    if let Document::Service(service) = &mut draft.document {
        service.alert = Some("Closed today".to_owned());
    }
    here.app.save(vec![draft]).await;
    assert!(matches!(records.accept(&caller, &[first]).await, Err(Error::Stale { .. })));
    assert_eq!(here.services().await, ["Club 0"]);

    // A deletion needs nobody, and what waited goes with it.
    liar.tell(Kind::Service, id("service 0"), None);
    assert_eq!(here.pull(&peer).await.deleted, 1);
    assert_eq!((here.services().await.len(), waiting(&here).await.len()), (0, 0));
    // It comes again, in other words and urgently: that waits, and nothing is kept of what stood before.
    let mut milder = service(0);
    milder["name"] = json!("Another name");
    liar.tell_urgently(Kind::Service, id("service 0"), Some(milder), true);
    here.pull(&peer).await;
    let all = waiting(&here).await;
    assert_eq!(all.iter().map(|(_, name)| name.as_str()).collect::<Vec<_>>(), ["Another name"]);
    let kept = records.history(proposal.record_id).await.unwrap();
    assert!(kept.iter().all(|version| !version.document.contains("Club 0")), "{kept:?}");
    records.accept(&caller, &[all[0].0]).await.unwrap();
    here.app.follow().await;
    assert_eq!(here.services().await, ["Another name"]);
    here.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_peer_under_review_tells_waits_for_a_person_on_sqlite() {
    Box::pin(tried_on(On::Sqlite)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_peer_under_review_tells_waits_for_a_person_on_postgres() {
    Box::pin(tried_on(On::Postgres)).await;
}

async fn erased_words_do_not_come_back_to_be_read(on: On) {
    const SECRET: &str = "Winifred Ogundipe-Larkspur";
    let Some(here) = Node::start(on, "Here").await else { return };
    let liar = Liar::start().await;
    liar.tell_services(1);
    let told = |words: &str| {
        let mut service = service(0);
        service["description"] = json!(format!("{words} Ring {SECRET}."));
        service["contacts"] =
            json!([{"id": "her", "name": "Her desk", "email": "desk@larkspur.example.org", "visibility": "public"}]);
        liar.tell(Kind::Service, id("service 0"), Some(service));
    };
    told("A club.");
    let peer = under_review(&here, &liar).await;
    here.pull(&peer).await;
    let records = here.app.app().records.clone();
    let all: Vec<Uuid> = waiting(&here).await.into_iter().map(|(id, _)| id).collect();
    let caller = TestApp::person("looked at");
    records.accept(&caller, &all).await.unwrap();
    here.app.follow().await;
    let service = Uuid::parse_str(&here.app.ids("/services").await[0]).unwrap();
    let Document::Service(stored) = records.find(service).await.unwrap().unwrap().read().unwrap() else { panic!() };
    let tx = here.app.app().db.write().await.unwrap();
    records.erase_words(&tx, &caller, service, SECRET).await.unwrap();
    tx.commit().await.unwrap();
    let tx = here.app.app().db.write().await.unwrap();
    records.erase_contact(&tx, &caller, service, stored.contacts[0].id).await.unwrap();
    tx.commit().await.unwrap();
    here.app.follow().await;

    told("A club on Tuesdays.");
    here.pull(&peer).await;
    let proposals = records.waiting(None, None, 10).await.unwrap();
    assert_eq!(proposals.len(), 1, "{proposals:?}");
    assert!(proposals[0].document.contains("A club on Tuesdays. Ring [removed]."), "{}", proposals[0].document);
    assert!(!proposals[0].document.contains("Her desk"), "{}", proposals[0].document);
    here.app.follow().await;
    assert_eq!(here.app.files_with("Ogundipe"), Vec::<String>::new());
    // What it says is what stands, but for what was taken out: there is nothing to decide.
    records.accept(&caller, &[proposals[0].id]).await.unwrap();
    told("A club on Tuesdays.");
    here.pull(&peer).await;
    assert_eq!(waiting(&here).await, []);
    here.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_erased_is_not_in_what_waits_to_be_looked_at_on_sqlite() {
    Box::pin(erased_words_do_not_come_back_to_be_read(On::Sqlite)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_erased_is_not_in_what_waits_to_be_looked_at_on_postgres() {
    Box::pin(erased_words_do_not_come_back_to_be_read(On::Postgres)).await;
}

/// Everything of the peer is compared again with the next pull.
async fn compare_everything(here: &Node, licence: &str) {
    let wanted = Wanted { licences: vec![licence.to_owned()], ..Wanted::default() };
    here.harvester().scope_peer("1", wanted).await.unwrap();
}

fact_of_a_liar! {
    async fn what_was_decided_part_by_part_does_not_wait_again_when_everything_is_compared(here, liar) {
        liar.tell_services(1);
        let peer = under_review(&here, &liar).await;
        here.pull(&peer).await;
        let (records, caller) = (here.app.app().records.clone(), TestApp::person("looked at"));
        let all: Vec<Uuid> = waiting(&here).await.into_iter().map(|(proposal, _)| proposal).collect();
        records.accept(&caller, &all).await.unwrap();
        let mut changed = service(0);
        (changed["name"], changed["description"]) = (json!("Club 0!!!"), json!("A club for everybody, on Tuesdays."));
        liar.tell(Kind::Service, id("service 0"), Some(changed.clone()));
        here.pull(&peer).await;
        let proposal = records.proposal(waiting(&here).await[0].0).await.unwrap().unwrap();
        let refused = Part::refused("name", "no shouting");
        let (revision, version) = (proposal.base_revision, proposal.version());
        let verdict = Verdict { revision, version, rejected: vec![refused], amended: Vec::new() };
        let tx = here.app.app().db.write().await.unwrap();
        records.decide_parts(&tx, &caller, &proposal, verdict).await.unwrap();
        tx.commit().await.unwrap();
        here.app.follow().await;
        let stands = here.everything().await;
        assert!(stands.concat().contains("on Tuesdays") && !stands.concat().contains("!!!"));
        compare_everything(&here, "https://example.org/one-licence").await;
        let report = here.pull(&peer).await;
        assert_eq!((report.outcome, report.waiting, waiting(&here).await.len()), (Outcome::Ok, 0, 0), "{report:?}");
        assert_eq!(here.everything().await, stands);
        // What it says next is another matter.
        changed["description"] = json!("A club for everybody, on Wednesdays.");
        liar.tell(Kind::Service, id("service 0"), Some(changed));
        here.pull(&peer).await;
        assert_eq!(waiting(&here).await.len(), 1);
    }
}
