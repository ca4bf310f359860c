//! What an officer may decide about a peer after it was added: how far it is believed, which of its
//! records are taken, what we add to them.

use fingerpost::{
    federation::{
        neighbours::{New, Wanted},
        peers::{Outcome, PeerKind, Trust},
    },
    model::{Document, Kind},
    records::{self, Annotation, Draft},
    safekeeping,
};
use serde_json::{Value, json};

use super::{
    super::{id, pantry},
    local, rename,
};
use crate::support::{
    On, TestApp,
    liar::{self, Liar, service},
    network::{self, Node, fact_of_two},
};

async fn waiting(node: &Node) -> usize {
    node.app.app().records.waiting(None, None, 100).await.unwrap().len()
}

/// A service at a place with this postcode.
fn at(name: &str, postcode: &str) -> Value {
    json!({
        "id": id(name), "name": name, "status": "active", "description": "x",
        "organization": {"id": id("marsh farm"), "name": "Lark Hill Community Pantry", "description": "A volunteer-run pantry."},
        "service_at_locations": [{"id": id(&format!("{name} there")), "location": {"id": id(&format!("{name} place")), "location_type": "physical", "name": name,
            "addresses": [{"id": id(&format!("{name} address")), "address_1": "1 High Street", "city": "Town", "state_province": "x", "postal_code": postcode, "country": "GB", "address_type": "physical"}]}}]
    })
}

fact_of_two! {
    async fn what_waited_is_published_when_the_peer_is_believed_and_shown_as_links_when_it_is_not(luton, beds) {
        luton.app.import(pantry().to_string()).await;
        let peer = beds.follows(&luton.url, Trust::Review).await;
        let refused = beds.harvester().trust_peer("Luton", Trust::Auto).await.unwrap_err();
        assert!(refused.to_string().contains("approve"), "{refused}");
        beds.harvester().approve_peer("Luton").await.unwrap();
        beds.pull(&peer).await;
        assert_eq!((beds.services().await.len(), waiting(&beds).await), (0, 3));

        beds.harvester().trust_peer("Luton", Trust::Auto).await.unwrap();
        let report = beds.pull(&peer).await;
        assert_eq!((report.outcome, report.created, beds.services().await, waiting(&beds).await), (Outcome::Ok, 3, vec!["Meadow larder".to_owned()], 0));

        // Read once more because of a choice of ours, it is what it was.
        let before = beds.app.get("/services?full=true").await.json()["contents"].clone();
        beds.app.clock.set(beds.app.clock.now() + chrono::TimeDelta::hours(1));
        beds.harvester().trust_peer("Luton", Trust::Review).await.unwrap();
        beds.harvester().trust_peer("Luton", Trust::Auto).await.unwrap();
        let report = beds.pull(&peer).await;
        assert_eq!((report.created, report.updated), (0, 0), "{report:?}");
        beds.app.follow().await;
        assert_eq!(beds.app.get("/services?full=true").await.json()["contents"], before, "nobody has to read it again");

        beds.harvester().trust_peer("Luton", Trust::LinkOnly).await.unwrap();
        beds.pull(&peer).await;
        let service = beds.app.get("/services?full=true").await.json()["contents"][0].clone();
        assert_eq!((&service["name"], &service["description"], &service["phones"]), (&json!("Meadow larder"), &Value::Null, &Value::Null));

        // Looking at everything first does not take out what is here.
        beds.harvester().trust_peer("Luton", Trust::Review).await.unwrap();
        let report = beds.pull(&peer).await;
        assert_eq!((report.waiting, report.held_deletes, beds.services().await.len()), (3, 0, 1), "{report:?}");

        beds.harvester().trust_peer("Luton", Trust::Blocked).await.unwrap();
        assert_eq!(beds.pull(&peer).await.error.unwrap().code, "blocked");
        assert_eq!(beds.services().await.len(), 1);
    }
}

fact_of_two! {
    async fn only_listings_of_a_kind_and_an_area_are_taken_and_the_choice_can_change(luton, beds) {
        let event = json!({"id": id("cooking"), "organization_id": id("marsh farm"), "name": "Cooking", "status": "scheduled",
            "start": "2026-12-08T10:00:00", "end": "2026-12-08T12:00:00", "timezone": "Europe/London"});
        for service in [at("Here", "LU3 9XQ"), at("There", "MK45 2AB"), at("Far", "L1 8JQ")] {
            luton.app.import(service.to_string()).await;
        }
        luton.app.save(vec![Draft::new(Document::from_value(Kind::Event, event).unwrap())]).await;
        let peer = beds.follows(&luton.url, Trust::Auto).await;
        let wanted = |postcodes: &[&str], kinds: Vec<Kind>| Wanted { kinds, postcodes: postcodes.iter().map(|area| (*area).to_owned()).collect(), ..Wanted::default() };
        beds.harvester().scope_peer("Luton", wanted(&["LU"], vec![Kind::Service])).await.unwrap();
        let report = beds.pull(&peer).await;
        assert_eq!((beds.services().await, report.left_out.get("out-of-scope")), (vec!["Here".to_owned()], Some(&3)), "{report:?}");
        assert_eq!(report.left_out.get("drift"), None, "what is left out on purpose is no drift");

        beds.harvester().scope_peer("Luton", wanted(&["LU", "MK45"], Vec::new())).await.unwrap();
        beds.pull(&peer).await;
        assert_eq!(beds.services().await, ["Here", "There"]);
        // It moves out of the area.
        luton.app.import(at("There", "SG1 1AA").to_string()).await;
        let report = beds.pull(&peer).await;
        assert_eq!((beds.services().await, report.deleted), (vec!["Here".to_owned()], 1));

        beds.harvester().scope_peer("Luton", Wanted { everything: true, ..Wanted::default() }).await.unwrap();
        beds.pull(&peer).await;
        assert_eq!(beds.services().await, ["Cooking", "Far", "Here", "There"], "the event is shown as a service as well");
        let report = { beds.harvester().scope_peer("Luton", wanted(&["L"], vec![Kind::Service])).await.unwrap(); beds.pull(&peer).await };
        assert_eq!((beds.services().await, report.deleted, report.held_deletes), (vec!["Far".to_owned()], 3, 0));
    }
}

async fn asks_to_be_asked_less(on: On) {
    let Some(here) = Node::start(on, "Here").await else { return };
    let liar = Liar::start().await;
    liar.tell(Kind::Organization, liar::id("holder"), Some(liar::organization()));
    liar.tell(Kind::Service, liar::id("service 0"), Some(service(0)));
    liar.twist(|seen, mut said| {
        if seen.path.contains("well-known") {
            said["feeds"][0]["min_poll_seconds"] = json!(7_200);
        }
        crate::support::peer::Reply::json(said.to_string())
    });
    let peer = here.follows(&liar.url(), Trust::Auto).await;
    assert_eq!(here.pull(&peer).await.outcome, Outcome::Ok);
    let wait = here.peer(&peer).await.next_due_at - here.app.clock.now();
    assert!((7_200..=8_640).contains(&wait.num_seconds()), "two hours, or up to a fifth more: {wait}");
    here.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_peer_that_asks_to_be_asked_less_often_is_on_sqlite() {
    Box::pin(asks_to_be_asked_less(On::Sqlite)).await;
}
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_peer_that_asks_to_be_asked_less_often_is_on_postgres() {
    Box::pin(asks_to_be_asked_less(On::Postgres)).await;
}

fact_of_two! {
    async fn what_we_add_to_a_record_of_theirs_survives_the_next_pull_and_is_told_to_nobody(luton, beds) {
        luton.app.import(pantry().to_string()).await;
        beds.app.save(vec![Draft::new(Document::from_value(Kind::TaxonomyTerm, json!({"id": id("larders"), "name": "Larders", "description": "x"})).unwrap())]).await;
        let peer = beds.follows(&luton.url, Trust::Auto).await;
        beds.pull(&peer).await;
        let feed = beds.app.get("/federation/v1/changes").await.body;
        let records = beds.app.app().records.clone();
        let here = local(&luton, "service", "pantry");
        let annotate = |annotation: Annotation| {
            let records = records.clone();
            async move { records.annotate(&TestApp::person("the team decided"), here, annotation).await }
        };
        let noted = Annotation { hidden: false, terms: vec![id("larders")], note: Some("Closed\u{200B} in August".to_owned()) };
        annotate(noted.clone()).await.unwrap();
        beds.app.follow().await;
        let check = |service: Value| {
            let names: Vec<&str> = service["attributes"].as_array().unwrap().iter().filter_map(|one| one.pointer("/taxonomy_term/name")?.as_str()).collect();
            assert_eq!((names, &service["local_annotation"]["note"]), (vec!["Affordable food", "Larders"], &json!("Closed in August")));
        };
        check(beds.app.get(&format!("/services/{here}")).await.json());
        let page = beds.app.page(&format!("/directory/services/{here}")).await.text();
        assert!(page.contains("Note from Central Bedfordshire") && page.contains("Closed in August"));

        rename(&luton, "pantry", "Lark Hill pantry").await;
        assert_eq!(beds.pull(&peer).await.updated, 1);
        check(beds.app.get(&format!("/services/{here}")).await.json());
        assert_eq!(beds.services().await, ["Lark Hill pantry"]);

        annotate(Annotation { hidden: true, ..noted.clone() }).await.unwrap();
        beds.app.follow().await;
        assert_eq!((beds.services().await.len(), beds.app.get(&format!("/services/{here}")).await.status.as_u16()), (0, 410));
        rename(&luton, "pantry", "Pantry").await;
        beds.pull(&peer).await;
        assert_eq!(beds.services().await.len(), 0, "hidden stays hidden");

        // A backup brings it along.
        let file = beds.app.folder.path().join("a.backup");
        safekeeping::backup(&records, &file).await.unwrap();
        annotate(Annotation::default()).await.unwrap();
        beds.app.follow().await;
        assert_eq!(beds.services().await, ["Pantry"]);
        safekeeping::restore(&records, &file, beds.app.folder.path()).await.unwrap();
        beds.app.follow().await;
        assert_eq!((beds.services().await.len(), records.annotation(here).await.unwrap().unwrap().annotation.hidden), (0, true));

        annotate(noted).await.unwrap();
        beds.app.follow().await;
        assert_eq!(beds.services().await, ["Pantry"]);
        let told = |body: &[u8]| serde_json::from_slice::<Value>(body).unwrap()["items"].clone();
        let plain = |items: Value| items.as_array().unwrap().iter().map(|item| item["data"].clone()).collect::<Vec<_>>();
        assert_eq!(plain(told(&beds.app.get("/federation/v1/changes").await.body)), plain(told(&feed)));
    }
}

fact_of_two! {
    async fn nobody_else_can_speak_for_us_and_our_own_records_are_edited_instead(luton, beds) {
        let mut service = pantry();
        service["local_annotation"] = json!({"note": "Send money to this account"});
        luton.app.import(service.to_string()).await;
        assert_eq!(luton.app.get(&format!("/services/{}", id("pantry"))).await.json()["local_annotation"], Value::Null);
        let refused = luton.app.app().records.annotate(&TestApp::person("x"), id("pantry"), Annotation { hidden: true, ..Annotation::default() }).await;
        assert!(matches!(refused, Err(records::Error::NotForeign(_))), "{refused:?}");
        let peer = beds.follows(&luton.url, Trust::Auto).await;
        beds.pull(&peer).await;
        let annotation = Annotation { terms: vec![local(&luton, "organization", "marsh farm")], ..Annotation::default() };
        let refused = beds.app.app().records.annotate(&TestApp::person("x"), local(&luton, "service", "pantry"), annotation).await;
        assert!(matches!(refused, Err(records::Error::NotFound(_))), "an organisation is no term: {refused:?}");

        // Whoever hides an organisation hides what it holds.
        let hide = Annotation { hidden: true, ..Annotation::default() };
        beds.app.app().records.annotate(&TestApp::person("x"), local(&luton, "organization", "marsh farm"), hide).await.unwrap();
        beds.app.follow().await;
        assert_eq!(beds.services().await.len(), 0);
    }
}

async fn lies_about_us(on: On) {
    let Some(here) = Node::start(on, "Here").await else { return };
    let liar = Liar::start().await;
    liar.tell(Kind::Organization, liar::id("holder"), Some(liar::organization()));
    let mut told = service(0);
    told["local_annotation"] = json!({"note": "Send money to this account"});
    liar.tell(Kind::Service, liar::id("service 0"), Some(told));
    let peer = here.follows(&liar.url(), Trust::Auto).await;
    here.pull(&peer).await;
    assert_eq!(here.services().await, ["Club 0"]);
    assert!(!here.everything().await.concat().contains("Send money"));
    here.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_peer_cannot_put_a_note_of_ours_into_its_records_on_sqlite() {
    Box::pin(lies_about_us(On::Sqlite)).await;
}
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_peer_cannot_put_a_note_of_ours_into_its_records_on_postgres() {
    Box::pin(lies_about_us(On::Postgres)).await;
}

fact_of_two! {
    async fn what_nobody_has_confirmed_says_so_falls_behind_and_is_hidden_until_it_is_heard_of_again(luton, beds) {
        luton.app.import(pantry().to_string()).await;
        beds.app.import(pantry().to_string()).await;
        let peer = beds.follows(&luton.url, Trust::Auto).await;
        beds.pull(&peer).await;
        let here = local(&luton, "service", "pantry");
        let theirs = || async { beds.app.get(&format!("/services/{here}")).await.json() };
        let days = |days: i64| beds.app.clock.set(beds.app.clock.now() + chrono::Duration::days(days));
        let mind = || async {
            let many = beds.harvester().mind_staleness().await.unwrap();
            beds.app.follow().await;
            many
        };
        let before = theirs().await;
        days(6);
        assert_eq!((mind().await, theirs().await), (0, before.clone()));

        days(2);
        assert_eq!((mind().await, mind().await), (1, 0), "once is enough");
        let now = theirs().await;
        assert_eq!(now["provenance"]["unconfirmed_since"], "2026-11-22T12:00:00.000Z");
        assert_eq!(now["last_modified"], before["last_modified"], "that nobody confirms it is no change to it");
        let page = beds.app.page(&format!("/directory/services/{here}")).await.text();
        assert!(page.contains("Not confirmed since 22 November 2026"), "{page}");

        days(24);
        assert_eq!(mind().await, 1);
        let found = beds.app.get("/services?search=larder").await.json();
        let order: Vec<&str> = found["contents"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap()).collect();
        assert_eq!(order, [id("pantry").to_string(), here.to_string()], "ours first");

        days(60);
        assert_eq!(mind().await, 1);
        assert_eq!(beds.app.get(&format!("/services/{here}")).await.status.as_u16(), 410);
        assert_eq!(beds.services().await.len(), 1, "our own stays");
        luton.app.clock.set(beds.app.clock.now());
        rename(&luton, "pantry", "Pantry").await;
        assert_eq!(beds.pull(&peer).await.outcome, Outcome::Ok);
        assert_eq!(mind().await, 1);
        assert_eq!((theirs().await["name"].clone(), theirs().await["provenance"]["unconfirmed_since"].clone()), (json!("Pantry"), Value::Null));
        days(91);
        mind().await;
        beds.harvester().remove_peer("Luton").await.unwrap();
        mind().await;
        assert_eq!(beds.app.app().records.stale().await.unwrap(), []);
    }
}

fact_of_two! {
    async fn the_address_of_a_calendar_is_followed_as_that_calendar_also_where_its_host_is_a_directory(luton, beds) {
        luton.app.fixtures().await;
        let calendar = luton.url.join("events.ics").unwrap();
        let licence = Some("https://creativecommons.org/licenses/by/4.0/".to_owned());
        let peer = beds.harvester().add_peer(New { licence, ..network::new(&calendar, Trust::Auto) }).await.unwrap();
        assert_eq!((peer.kind, peer.origin.as_str()), (PeerKind::Ical, calendar.as_str()));
        beds.pull(&peer).await;
        assert_eq!(beds.app.ids("/events").await.len(), luton.app.ids("/events").await.len());
        assert!(beds.app.ids("/services?source=own").await.is_empty());

        let nothing = network::new(&luton.url.join("nothing.ics").unwrap(), Trust::Auto);
        let refused = beds.harvester().add_peer(nothing.clone()).await.unwrap_err().to_string();
        assert!(refused.contains(&format!("to follow all of that, add {}", luton.url)), "{refused}");
        let own = luton.harvester().add_peer(network::new(&calendar, Trust::Auto)).await.unwrap_err().to_string();
        assert!(own.contains("is this directory"), "{own}");
        let decided = beds.harvester().add_peer(New { kind: Some(PeerKind::OpenDirectory), ..nothing }).await.unwrap();
        assert_eq!((decided.kind, decided.origin.as_str()), (PeerKind::OpenDirectory, luton.url.as_str()));
    }
}

fact_of_two! {
    async fn only_listings_in_an_area_are_taken_by_its_code_where_a_postcode_directory_says_what_lies_in_it(luton, beds) {
        for service in [at("Here", "LU3 9XQ"), at("There", "MK45 2AB"), at("Unknown", "L1 8JQ")] {
            luton.app.import(service.to_string()).await;
        }
        let peer = beds.follows(&luton.url, Trust::Auto).await;
        let wanted = || Wanted { areas: vec!["E06000032".to_owned()], ..Wanted::default() };
        let refused = beds.harvester().scope_peer("Luton", wanted()).await.unwrap_err().to_string();
        assert!(refused.contains("import a postcode directory first"), "{refused}");
        let file = beds.app.folder.path().join("postcodes.csv");
        std::fs::write(&file, "postcode,latitude,longitude,gss\nLU3 9XQ,51.9163,-0.4486,E06000032\nMK45 2AB,52.0271,-0.4933,E06000056\n").unwrap();
        fingerpost::places::import(&beds.app.app().db, &file, beds.app.clock.now(), |_| {}).await.unwrap();
        beds.harvester().scope_peer("Luton", wanted()).await.unwrap();
        let report = beds.pull(&peer).await;
        assert_eq!(beds.services().await, ["Here", "Unknown"], "of what is not known it may lie there: {report:?}");
        assert_eq!(report.left_out.get("out-of-scope"), Some(&1), "{report:?}");
        // It moves into the area.
        luton.app.import(at("There", "LU3 9XQ").to_string()).await;
        beds.pull(&peer).await;
        assert_eq!(beds.services().await, ["Here", "There", "Unknown"]);
    }
}

fact_of_two! {
    async fn a_plain_api_that_becomes_a_directory_is_followed_as_one_and_its_records_keep_their_ids(luton, beds) {
        for service in [at("Here", "LU3 9XQ"), at("There", "MK45 2AB")] {
            luton.app.import(service.to_string()).await;
        }
        let licence = Some(liar::OGL.to_owned());
        let as_api = New { licence, kind: Some(PeerKind::Oruk3), ..network::new(&luton.url, Trust::Auto) };
        let plain = beds.harvester().add_peer(as_api).await.unwrap();
        beds.pull(&plain).await;
        let before = beds.app.ids("/services").await;
        assert_eq!((plain.kind, before.len()), (PeerKind::Oruk3, 2));

        let peer = beds.harvester().add_peer(network::new(&luton.url, Trust::Auto)).await.unwrap();
        assert_eq!((peer.id, peer.kind, &peer.origin), (plain.id, PeerKind::OpenDirectory, &plain.origin), "it is no other one");
        let report = beds.pull(&peer).await;
        assert_eq!((report.outcome, report.deleted, report.held_deletes, report.quarantined), (Outcome::Ok, 0, 0, 0), "{report:?}");
        assert_eq!(beds.app.ids("/services").await, before);
        let all = beds.app.get("/services?full=true").await.json();
        assert!(all["contents"].as_array().unwrap().iter().all(|one| one["provenance"]["evidence"] == "signed"), "{all}");
        luton.app.withdraw(id("Here"), "ended").await;
        // Its place goes with it: nothing else is there.
        assert_eq!((beds.pull(&peer).await.deleted, beds.services().await), (2, vec!["There".to_owned()]));
    }
}
