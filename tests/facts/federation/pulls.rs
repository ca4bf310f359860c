//! Directories that follow one another, each a whole Fingerpost.

use fingerpost::{
    federation::peers::{Outcome, Trust},
    model::Document,
    records::Draft,
    safekeeping,
};
use serde_json::json;

use super::{
    super::{id, pantry, refuge},
    local, rename,
};
use crate::support::{
    TestApp,
    network::{fact_of_two, new},
};

fact_of_two! {
    async fn what_a_neighbour_publishes_is_here_under_an_id_of_its_own_and_says_where_it_comes_from(luton, beds) {
        luton.app.import(pantry().to_string()).await;
        let peer = beds.follows(&luton.url, Trust::Auto).await;
        let report = beds.pull(&peer).await;
        assert_eq!((report.outcome, report.created, report.quarantined, report.error.clone()), (Outcome::Ok, 5, 0, None), "{report:?}");
        let here = local(&luton, "service", "pantry");
        let service = beds.app.get(&format!("/services/{here}")).await.json();
        assert_eq!(service["name"], "Meadow larder");
        assert_eq!(service["organization"]["id"], local(&luton, "organization", "marsh farm").to_string());
        assert_eq!(service["service_at_locations"][0]["location"]["id"], local(&luton, "location", "centre").to_string());
        let provenance = &service["provenance"];
        assert_eq!(provenance["origin"], luton.url.as_str());
        assert_eq!(provenance["source"], "Luton");
        assert_eq!(provenance["evidence"], "signed");
        assert_eq!(provenance["url"], format!("{}services/{}", luton.url, id("pantry")));
        assert_eq!(provenance["licence"], "https://www.nationalarchives.gov.uk/doc/open-government-licence/version/3/");
        assert_eq!(beds.app.get(&format!("/services/{}", id("pantry"))).await.status, 404, "their id is not ours");
        assert_eq!(beds.app.ids(&format!("/services?source={}", luton.url)).await, [here.to_string()]);
        assert_eq!(beds.app.ids("/services?source=own").await, Vec::<String>::new());
    }
}

fact_of_two! {
    async fn a_change_and_a_deletion_arrive_with_the_next_pull_and_nothing_new_costs_one_small_request(luton, beds) {
        luton.app.import(pantry().to_string()).await;
        let peer = beds.follows(&luton.url, Trust::Auto).await;
        beds.pull(&peer).await;
        let quiet = beds.pull(&peer).await;
        assert_eq!((quiet.requests, quiet.not_modified, quiet.created + quiet.updated), (1, 1, 0));
        assert!(quiet.bytes <= 1_024, "{}", quiet.bytes);
        rename(&luton, "pantry", "Meadow larder, Tuesdays").await;
        let report = beds.pull(&peer).await;
        assert_eq!((report.updated, report.pages, beds.services().await), (1, 2, vec!["Meadow larder, Tuesdays".to_owned()]));
        luton.app.withdraw(id("pantry"), "closed for good").await;
        let report = beds.pull(&peer).await;
        assert_eq!((report.deleted, beds.services().await), (2, vec![]), "the service, and the place that nothing else shows");
        assert_eq!(beds.app.get(&format!("/services/{}", local(&luton, "service", "pantry"))).await.status, 410);
    }
}

fact_of_two! {
    async fn case_39_two_that_follow_each_other_neither_grow_nor_echo(luton, beds) {
        luton.app.import(pantry().to_string()).await;
        let mut own = pantry();
        own["id"] = json!(id("bedfordshire club"));
        own["name"] = json!("Bedfordshire club");
        beds.app.import(own.to_string()).await;
        let of_luton = beds.follows(&luton.url, Trust::Auto).await;
        let of_beds = luton.follows(&beds.url, Trust::Auto).await;
        let both = vec!["Bedfordshire club".to_owned(), "Meadow larder".to_owned()];
        for round in 0..10 {
            beds.pull(&of_luton).await;
            let report = luton.pull(&of_beds).await;
            assert_eq!((luton.services().await, beds.services().await), (both.clone(), both.clone()), "round {round}");
            if round > 1 {
                assert_eq!((report.requests, report.created + report.updated), (1, 0), "round {round}");
            }
        }
        let feed = luton.app.get("/federation/v1/changes").await.text();
        assert!(!feed.contains("Bedfordshire club"), "what came from elsewhere is not told on");
    }
}

fact_of_two! {
    async fn a_place_that_is_secret_there_is_secret_here(luton, beds) {
        luton.app.import(refuge().to_string()).await;
        let peer = beds.follows(&luton.url, Trust::Auto).await;
        let report = beds.pull(&peer).await;
        assert_eq!(report.error, None);
        let all = beds.everything().await.join("\n");
        assert!(all.contains("Rowan House"));
        for secret in ["Hidden", "LU2 9ZZ", "51.8811"] {
            assert!(!all.contains(secret), "{secret}");
        }
        assert_eq!(beds.app.files_with("hidden lane"), Vec::<String>::new());
    }
}

fact_of_two! {
    async fn an_address_that_becomes_secret_is_destroyed_here_even_while_the_peer_is_held(luton, beds) {
        luton.app.import(pantry().to_string()).await;
        let mut other = pantry();
        other["id"] = json!(id("other"));
        other["name"] = json!("Other");
        other.as_object_mut().unwrap().remove("service_at_locations");
        luton.app.import(other.to_string()).await;
        let peer = beds.follows(&luton.url, Trust::Auto).await;
        beds.pull(&peer).await;
        let place = local(&luton, "location", "centre");
        assert!(beds.app.get(&format!("/locations/{place}")).await.text().contains("12 Gorse Close"));
        beds.harvester().hold_peer(&peer.id.to_string()).await.unwrap();
        rename(&luton, "other", "New name").await;
        luton.app.edit(id("centre"), |document| {
            if let Document::Location(place) = document {
                place.location_policy = Some(fingerpost::model::LocationPolicy::Withheld);
            }
        }).await;
        let report = beds.pull(&peer).await;
        assert_eq!(report.outcome, Outcome::Held);
        let all = beds.everything().await.join("\n");
        assert!(!all.contains("Gorse Close"), "{all}");
        assert!(!all.contains("New name"), "nothing but what is urgent is applied");
        assert_eq!(beds.app.files_with("gorse close"), Vec::<String>::new());
        let (held, _) = beds.harvester().release_peer(&peer.id.to_string()).await.unwrap();
        assert_eq!(beds.pull(&held).await.outcome, Outcome::Ok);
        assert_eq!(beds.services().await, ["Meadow larder", "New name"]);
    }
}

fact_of_two! {
    async fn what_is_taken_out_for_good_after_it_has_gone_is_destroyed_at_followers_as_well(luton, beds) {
        let mut other = pantry();
        other["id"] = json!(id("other"));
        other["contacts"][0]["id"] = json!(id("other desk"));
        other["contacts"][0]["email"] = json!("other@lark-hill.example.org");
        other.as_object_mut().unwrap().remove("service_at_locations");
        luton.app.import(format!("{}\n{other}", pantry())).await;
        let peer = beds.follows(&luton.url, Trust::Auto).await;
        beds.pull(&peer).await;
        // One is withdrawn; the other goes on without its contact.
        luton.app.withdraw(id("pantry"), "closed").await;
        luton.app.edit(id("other"), |document| if let Document::Service(service) = document { service.contacts.clear() }).await;
        beds.pull(&peer).await;
        let kept = async |kind: &str, name: &str| -> String {
            beds.app.app().records.history(local(&luton, kind, name)).await.unwrap().into_iter().map(|version| version.document).collect()
        };
        assert!(kept("location", "centre").await.contains("12 Gorse Close"));
        assert!(kept("service", "pantry").await.contains("desk@lark-hill") && kept("service", "other").await.contains("other@lark-hill"));

        luton.app.edit(id("centre"), |document| {
            if let Document::Location(place) = document {
                place.location_policy = Some(fingerpost::model::LocationPolicy::Withheld);
            }
        }).await;
        for (service, contact) in [("pantry", "desk"), ("other", "other desk")] {
            let records = luton.app.app().records.clone();
            let tx = luton.app.app().db.write().await.unwrap();
            records.erase_contact(&tx, &TestApp::person("asked"), id(service), id(contact)).await.unwrap();
            tx.commit().await.unwrap();
        }
        luton.app.follow().await;
        let report = beds.pull(&peer).await;
        assert_eq!((report.outcome, report.deleted, report.quarantined), (Outcome::Ok, 0, 0), "{report:?}");
        assert!(!kept("location", "centre").await.contains("12 Gorse Close"));
        assert!(!kept("service", "pantry").await.contains("desk@lark-hill"));
        let other = kept("service", "other").await;
        assert!(!other.contains("other@lark-hill") && other.contains("Meadow larder"), "{other}");
        assert_eq!(beds.services().await, ["Meadow larder"], "what stands still stands");

        // Told once, and not again with everything that is saved later.
        let head = luton.app.get("/federation/v1/checkpoint").await.json()["head"].clone();
        luton.app.edit(id("centre"), |_| {}).await;
        assert_eq!(luton.app.get("/federation/v1/checkpoint").await.json()["head"], head);
        assert_eq!(beds.pull(&peer).await.requests, 1);
    }
}

fact_of_two! {
    async fn case_15_the_same_id_at_two_directories_is_two_records_and_ours_stays(luton, beds) {
        luton.app.import(pantry().to_string()).await;
        let mut ours = pantry();
        ours["name"] = json!("Ours");
        beds.app.import(ours.to_string()).await;
        let before = beds.app.get(&format!("/services/{}", id("pantry"))).await.body;
        let peer = beds.follows(&luton.url, Trust::Auto).await;
        beds.pull(&peer).await;
        assert_eq!(beds.services().await, ["Meadow larder", "Ours"]);
        assert_eq!(beds.app.get(&format!("/services/{}", id("pantry"))).await.body, before);
    }
}

fact_of_two! {
    async fn a_term_that_both_know_by_its_address_is_one_term(luton, beds) {
        let with_uri = |name: &str| {
            let mut service = pantry();
            service["id"] = json!(id(name));
            service["attributes"][0]["taxonomy_term"]["term_uri"] = json!("https://vocabulary.example.org/food");
            service
        };
        luton.app.import(with_uri("pantry").to_string()).await;
        beds.app.import(with_uri("larder").to_string()).await;
        let peer = beds.follows(&luton.url, Trust::Auto).await;
        beds.pull(&peer).await;
        let terms = beds.app.get("/taxonomy_terms?per_page=100&full=true").await.json();
        let with_address: Vec<&str> = terms["contents"].as_array().unwrap().iter()
            .filter(|term| term["term_uri"] == "https://vocabulary.example.org/food").map(|term| term["id"].as_str().unwrap()).collect();
        assert_eq!(with_address.len(), 1, "{terms}");
        assert_eq!(beds.app.ids(&format!("/services?taxonomy_term_id={}", with_address[0])).await.len(), 2);
    }
}

fact_of_two! {
    async fn a_removed_peer_takes_its_records_with_it_and_only_those(luton, beds) {
        luton.app.import(pantry().to_string()).await;
        let mut ours = pantry();
        ours["name"] = json!("Ours");
        beds.app.import(ours.to_string()).await;
        let peer = beds.follows(&luton.url, Trust::Auto).await;
        let before = beds.everything().await;
        beds.pull(&peer).await;
        assert_eq!(beds.harvester().remove_peer("Luton").await.unwrap(), 5);
        beds.app.follow().await;
        assert_eq!(beds.everything().await, before);
        assert!(beds.harvester().peer("Luton").await.is_err());
    }
}

fact_of_two! {
    async fn a_plain_open_referral_api_is_followed_by_crawling_it(luton, beds) {
        luton.app.fixtures().await;
        let plain = fingerpost::federation::neighbours::New {
            kind: Some(fingerpost::federation::peers::PeerKind::Oruk3),
            licence: Some("https://creativecommons.org/licenses/by/4.0/".to_owned()),
            ..new(&luton.url, Trust::Auto)
        };
        let peer = beds.harvester().add_peer(plain).await.unwrap();
        let report = beds.pull(&peer).await;
        assert_eq!((report.outcome, report.error.clone(), report.quarantined), (Outcome::Ok, None, 0), "{report:?}");
        assert_eq!(beds.services().await, luton.services().await);
        let again = beds.pull(&peer).await;
        assert_eq!((again.created, again.updated), (0, 0), "{again:?}");
        assert!(again.requests < 10, "unchanged services are not fetched again: {}", again.requests);
        let gone = luton.app.app().records.by_kind(fingerpost::model::Kind::Service, None, 1).await.unwrap()[0].id;
        luton.app.withdraw(gone, "closed").await;
        let first = beds.pull(&peer).await;
        assert_eq!((first.deleted, beds.services().await.len()), (0, luton.services().await.len() + 1), "one crawl that misses it is not enough");
        let second = beds.pull(&peer).await;
        assert_eq!((second.deleted, beds.services().await), (1, luton.services().await));
    }
}

fact_of_two! {
    async fn two_that_follow_each_other_by_crawling_do_not_echo_either(luton, beds) {
        luton.app.import(pantry().to_string()).await;
        let plain = |url: &url::Url| fingerpost::federation::neighbours::New {
            kind: Some(fingerpost::federation::peers::PeerKind::Oruk3), ..new(url, Trust::Auto)
        };
        let of_luton = beds.harvester().add_peer(plain(&luton.url)).await.unwrap();
        let of_beds = luton.harvester().add_peer(plain(&beds.url)).await.unwrap();
        for _ in 0..4 {
            beds.pull(&of_luton).await;
            luton.pull(&of_beds).await;
        }
        assert_eq!((luton.services().await.len(), beds.services().await.len()), (1, 1));
    }
}

fact_of_two! {
    async fn case_22_a_directory_that_went_back_to_a_backup_is_walked_anew_and_nothing_goes_at_once(luton, beds) {
        luton.app.import(pantry().to_string()).await;
        let peer = beds.follows(&luton.url, Trust::Auto).await;
        let file = luton.app.folder.path().join("yesterday.backup");
        safekeeping::backup(&luton.app.app().records, &file).await.unwrap();
        let mut later = pantry();
        later["id"] = json!(id("later"));
        later["name"] = json!("Made after the backup");
        luton.app.import(later.to_string()).await;
        beds.pull(&peer).await;
        safekeeping::restore(&luton.app.app().records, &file, luton.app.folder.path()).await.unwrap();
        luton.app.follow().await;
        assert_eq!(luton.services().await, ["Meadow larder"]);
        let report = beds.pull(&peer).await;
        assert_eq!((report.outcome, report.deleted, report.held_deletes), (Outcome::Ok, 0, 1), "{report:?}");
        assert_eq!(beds.services().await, ["Made after the backup", "Meadow larder"], "it waits for a person");
        let (_, deleted) = beds.harvester().release_peer("Luton").await.unwrap();
        beds.app.follow().await;
        assert_eq!((deleted, beds.services().await), (1, vec!["Meadow larder".to_owned()]));
        assert_eq!(beds.pull(&peer).await.requests, 1, "and from then on it is followed as before");
    }
}

fact_of_two! {
    async fn following_oneself_or_somebody_twice_is_refused(luton, beds) {
        let _ = beds.follows(&luton.url, Trust::Auto).await;
        let twice = beds.harvester().add_peer(new(&luton.url, Trust::Auto)).await.unwrap_err().to_string();
        assert!(twice.contains("is already followed, as peer 1 (Luton)"), "{twice}");
        let oneself = beds.harvester().add_peer(new(&beds.url, Trust::Auto)).await.unwrap_err().to_string();
        assert!(oneself.ends_with("is this directory"), "{oneself}");
        let nobody = beds.harvester().add_peer(new(&"http://127.0.0.1:9/".parse().unwrap(), Trust::Auto)).await.unwrap_err().to_string();
        assert!(nobody.contains("cannot be followed") && nobody.contains("check that the address is right"), "{nobody}");
        let inside = beds.harvester().add_peer(new(&"http://10.1.2.3/".parse().unwrap(), Trust::Auto)).await.unwrap_err().to_string();
        assert!(inside.contains("FINGERPOST_ALLOW_PRIVATE_PEERS"), "{inside}");
    }
}

fact_of_two! {
    async fn what_is_ours_cannot_be_taken_over_by_saying_that_it_came_from_us(luton, beds) {
        luton.app.import(pantry().to_string()).await;
        let peer = beds.follows(&luton.url, Trust::Auto).await;
        beds.pull(&peer).await;
        let here = local(&luton, "service", "pantry");
        let stored = beds.app.app().records.find(here).await.unwrap().unwrap();
        let draft = Draft { origin: stored.origin.clone(), ..Draft::new(stored.read().unwrap()) };
        let tx = beds.app.app().db.write().await.unwrap();
        let outcome = beds.app.app().records.save(&tx, &TestApp::person("an edit"), vec![draft], &fingerpost::records::LastModified::new()).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(outcome.saved, [fingerpost::records::Saved::Unchanged]);
    }
}

fact_of_two! {
    async fn everybody_can_see_how_fresh_a_neighbour_is_and_who_has_not_caught_up(luton, beds) {
        luton.app.import(pantry().to_string()).await;
        let of_luton = beds.follows(&luton.url, Trust::Auto).await;
        luton.follows(&beds.url, Trust::Auto).await;
        beds.pull(&of_luton).await;
        beds.pull(&of_luton).await;
        let status = beds.app.get("/federation/v1/status").await.json();
        assert_eq!(status["following"][0]["name"], "Luton");
        assert_eq!(status["following"][0]["records"], 5);
        assert_eq!(status["following"][0]["complete_at"], "2026-11-22T12:00:00Z");
        let followers = luton.app.get("/federation/v1/status").await.json()["followers"].clone();
        assert_eq!((&followers[0]["name"], &followers[0]["caught_up"]), (&json!("Central Bedfordshire"), &json!(true)));
        luton.app.withdraw(id("pantry"), "closed").await;
        let followers = luton.app.get("/federation/v1/status").await.json()["followers"].clone();
        assert_eq!(followers[0]["caught_up"], false);
        let page = beds.app.page("/directory/sources").await.text();
        assert!(page.contains("5 records") && page.contains("Last compared on 22 November 2026"), "{page}");
    }
}

fact_of_two! {
    async fn a_page_and_a_list_say_which_directory_something_comes_from(luton, beds) {
        luton.app.import(pantry().to_string()).await;
        let peer = beds.follows(&luton.url, Trust::Auto).await;
        beds.pull(&peer).await;
        let page = beds.app.page(&format!("/directory/services/{}", local(&luton, "service", "pantry"))).await.text();
        let there = format!("<a href=\"{}services/{}\" rel=\"noreferrer\">Luton</a>, as published there on 22 November 2026", luton.url, id("pantry"));
        assert!(page.contains(&there), "{page}");
        let how = format!("where its id is {}. Signed by its source. <a href=\"/directory/sources\">When it was last checked</a>", id("pantry"));
        assert!(page.contains(&how), "{page}");
        assert!(page.contains("Open Government Licence v3.0"));
        let nothing = beds.app.page("/directory/search?q=zzqxjkvw").await.text();
        assert!(nothing.contains("We also looked in <a href=\"/directory/sources\">neighbouring directories</a>."), "{nothing}");
        let form = [("content-type", "application/x-www-form-urlencoded")];
        let budget = beds.app.ask(http::Method::POST, "/help/budget", &form, "in-wages=1000&debt-energy-owed=80").await.text();
        assert!(budget.contains("We did not find a listing") && budget.contains("We also looked in <a href"), "{budget}");
        let results = beds.app.page("/directory/search?q=larder").await.text();
        assert!(results.contains("From Luton"), "{results}");
        let own = luton.app.page(&format!("/directory/services/{}", id("pantry"))).await.text();
        assert!(!own.contains("as published there on"));
    }
}

fact_of_two! {
    async fn a_browser_that_follows_the_link_to_where_something_comes_from_gets_the_page(luton, beds) {
        luton.app.import(pantry().to_string()).await;
        let peer = beds.follows(&luton.url, Trust::Auto).await;
        beds.pull(&peer).await;
        for (collection, pages, name) in [("services", "services", "pantry"), ("organizations", "organisations", "marsh farm"), ("locations", "places", "centre")] {
            let here = beds.app.get(&format!("/{collection}/{}", local(&luton, collection.trim_end_matches('s'), name))).await.json();
            let link = here["provenance"]["url"].as_str().unwrap().to_owned();
            let path = link.strip_prefix(luton.url.as_str()).unwrap();
            assert_eq!(luton.app.get(&format!("/{path}")).await.json()["id"], json!(id(name)), "programs get the record");
            let sent = luton.app.page(&format!("/{path}")).await;
            assert_eq!((sent.status.as_u16(), sent.header("location")), (303, format!("/directory/{pages}/{}", id(name)).as_str()));
            assert!(sent.header("vary").to_lowercase().contains("accept"), "{}", sent.header("vary"));
            for program in ["text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2", "text/html", "application/json, text/html, application/xhtml+xml"] {
                let asked = luton.app.ask(http::Method::GET, &format!("/{path}"), &[("accept", program)], "").await;
                assert_eq!(asked.json()["id"], json!(id(name)), "a library that asks for HTML by itself is no browser: {program}");
            }
            assert_eq!(luton.app.page(sent.header("location")).await.status, 200);
            assert_eq!(luton.app.page(&format!("/api/{path}")).await.json()["id"], json!(id(name)), "below /api it is data");
        }
    }
}

fact_of_two! {
    async fn case_50_a_ping_is_a_hint_from_those_that_are_followed_once_a_minute_and_never_an_address(luton, beds) {
        luton.app.import(pantry().to_string()).await;
        let peer = beds.follows(&luton.url, Trust::Auto).await;
        beds.pull(&peer).await;
        let canary = crate::support::peer::HostilePeer::canary_on("127.0.0.1").await;
        let ping = async |origin: &str| beds.app.ask(http::Method::POST, "/federation/v1/ping", &[], &json!({"origin": origin, "head": 0}).to_string()).await;
        assert_eq!(ping(canary.url("/").as_str()).await.status, 403);
        assert_eq!(canary.connections(), 0);
        let now = beds.app.clock.now();
        assert!(beds.peer(&peer).await.next_due_at > now);
        assert_eq!(ping(luton.url.as_str()).await.status, 202);
        assert_eq!(beds.peer(&peer).await.next_due_at, now + chrono::Duration::minutes(1), "no more often than it wants");
        for _ in 0..20 {
            assert_eq!(ping(luton.url.as_str()).await.status, 429);
        }
        assert_eq!(beds.app.ask(http::Method::POST, "/federation/v1/ping", &[], "[]").await.status, 400);
    }
}

fact_of_two! {
    async fn a_directory_that_changes_its_key_goes_on_being_followed_and_after_a_theft_signs_everything_again(luton, beds) {
        luton.app.fixtures().await;
        let peer = beds.follows(&luton.url, Trust::Auto).await;
        beds.pull(&peer).await;
        safekeeping::rotate_keys(&luton.app.app().records, true).await.unwrap();
        let again = luton.app.app().records.sign_again().await.unwrap();
        assert!(again > 100, "{again}");
        let before = beds.everything().await;
        let report = beds.pull(&peer).await;
        assert_eq!((report.outcome, report.quarantined, report.unchanged, report.updated), (Outcome::Ok, 0, again, 0), "{report:?}");
        assert_eq!(beds.everything().await, before);
        assert_eq!(luton.app.app().records.sign_again().await.unwrap(), 0);
    }
}

fact_of_two! {
    async fn case_24_a_checkpoint_by_a_new_key_is_no_alarm_before_the_list_of_keys_was_read_again(luton, beds) {
        luton.app.import(pantry().to_string()).await;
        let peer = beds.follows(&luton.url, Trust::Auto).await;
        beds.pull(&peer).await;
        safekeeping::rotate_keys(&luton.app.app().records, false).await.unwrap();
        beds.harvester().compare_peer("Luton").await.unwrap();
        let report = beds.pull(&peer).await;
        assert_eq!((report.outcome, &report.error), (Outcome::Ok, &None), "{report:?}");
        assert!(report.compared.is_some(), "{report:?}");
    }
}

fact_of_two! {
    async fn an_imported_record_cannot_say_that_it_comes_from_a_neighbour(luton, beds) {
        let mut spoofed = pantry();
        spoofed["provenance"] = json!({"origin": beds.url, "source": "Beds", "evidence": "signed", "fetched_at": "2026-11-22T00:00:00Z"});
        luton.app.import(spoofed.to_string()).await;
        assert_eq!(luton.app.get(&format!("/services/{}", id("pantry"))).await.json().get("provenance"), None);
    }
}

fact_of_two! {
    async fn case_44_what_has_drifted_apart_is_found_by_the_digest_and_repaired(luton, beds) {
        luton.app.fixtures().await;
        luton.app.withdraw(luton.app.app().records.by_kind(fingerpost::model::Kind::Service, None, 1).await.unwrap()[0].id, "gone").await;
        let peer = beds.follows(&luton.url, Trust::Auto).await;
        let first = beds.pull(&peer).await;
        assert_eq!(first.left_out.get("drift"), None, "what was just pulled is the same: {first:?}");
        let good = beds.everything().await;
        // Somebody has deleted rows here, and the directory does not know.
        let some: Vec<uuid::Uuid> = fingerpost::federation::peers::of_peer(&beds.app.app().db, peer.id, None, 500).await.unwrap()
            .into_iter().filter(|row| row.live && row.kind == fingerpost::model::Kind::Service).take(3).map(|row| row.id).collect();
        let mut drafts = Vec::new();
        for id in &some {
            let stored = beds.app.app().records.find(*id).await.unwrap().unwrap();
            drafts.push(Draft { state: fingerpost::records::State::Gone, origin: stored.origin.clone(), ..Draft::new(stored.read().unwrap()) });
        }
        beds.app.save(drafts).await;
        assert_eq!(beds.pull(&peer).await.updated, 0, "the feed has nothing new, so nothing is noticed");
        beds.harvester().compare_peer("Luton").await.unwrap();
        let report = beds.pull(&peer).await;
        assert_eq!((report.left_out.get("drift"), report.updated), (Some(&1), 3), "{report:?}");
        let without_moment = |all: Vec<String>| -> Vec<serde_json::Value> {
            all.iter().map(|text| {
                let mut value: serde_json::Value = serde_json::from_str(text).unwrap();
                value.as_object_mut().unwrap().remove("last_modified");
                value
            }).collect()
        };
        assert_eq!(without_moment(beds.everything().await), without_moment(good));
        beds.harvester().compare_peer("Luton").await.unwrap();
        assert_eq!(beds.pull(&peer).await.left_out.get("drift"), None);
    }
}

fact_of_two! {
    async fn case_45_a_peer_that_says_304_although_it_has_news_is_found_out_by_its_checkpoint(luton, beds) {
        luton.app.import(pantry().to_string()).await;
        let peer = beds.follows(&luton.url, Trust::Auto).await;
        beds.pull(&peer).await;
        rename(&luton, "pantry", "Changed").await;
        // The tag of the changed feed, as if a cache in between had kept the old page under it.
        let mut lied_to = beds.peer(&peer).await;
        let path = lied_to.cursor.next.clone().unwrap();
        let tag = luton.app.get(&format!("{}?{}", path.path(), path.query().unwrap())).await.header("etag").to_owned();
        lied_to.cursor.etag = Some(tag);
        let tx = beds.app.app().db.write().await.unwrap();
        fingerpost::federation::peers::set_cursor(&tx, lied_to.id, &lied_to.cursor).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!((beds.pull(&peer).await.not_modified, beds.services().await), (1, vec!["Meadow larder".to_owned()]));
        beds.harvester().compare_peer("Luton").await.unwrap();
        beds.pull(&peer).await;
        assert_eq!(beds.services().await, ["Changed"]);
    }
}
