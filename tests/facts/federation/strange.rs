//! Records and names that no honest program writes, and that must not stop what stands beside them.

use fingerpost::{
    federation::{
        neighbours::{New, Refused, Wanted},
        peers::{Outcome, Trust},
    },
    model::Kind,
};
use serde_json::{Value, json};

use crate::support::{
    liar::{BEGAN, id, organization, service},
    network::{fact_of_a_liar, new},
    peer::{HostilePeer, Reply},
};

fact_of_a_liar! {
    async fn case_38_markup_and_invisible_characters_are_made_harmless_and_what_cannot_be_is_quarantined(here, liar) {
        let mut holder = organization();
        holder["name"] = json!("<script>alert(1)</script> Holder");
        holder["description"] = json!("</title></script><script>alert(1)</script>\"'><svg onload=alert(1)>");
        liar.tell(Kind::Organization, id("holder"), Some(holder));
        let mut strange = service(0);
        strange["name"] = json!("<script>alert(1)</script> \u{202e}evil\u{200b} 👩\u{200d}👧 مرحبا");
        strange["url"] = json!("javascript:alert(1)");
        strange["description"] = json!("</script><img src=x onerror=alert(1)>\u{2066}\"'><svg onload=alert(1)> [here](javascript:alert(1)) &lt;script&gt;");
        strange["fees_description"] = json!("<iframe srcdoc='<script>alert(1)</script>'>");
        strange["phones"] = json!([{"id": id("phone"), "number": "01632 960123", "description": "<img src=x onerror=alert(1)>"}]);
        strange["contacts"] = json!([{"id": id("desk"), "name": "<img src=x onerror=alert(1)>", "email": "club@holder.example.org"}]);
        liar.tell(Kind::Service, id("service 0"), Some(strange));
        let mut null = service(1);
        null["name"] = json!("nu\u{0}ll");
        liar.tell(Kind::Service, id("service 1"), Some(null));
        for (number, member) in [(2, "description"), (3, "name")] {
            let mut large = service(number);
            large[member] = json!("x".repeat(1_000_000));
            liar.tell(Kind::Service, id(&format!("service {number}")), Some(large));
        }
        let peer = here.follows(&liar.url(), Trust::Auto).await;
        liar.lately();
        let report = here.pull(&peer).await;
        assert_eq!((report.outcome, report.created, report.quarantined), (Outcome::Ok, 2, 3), "{report:?}");
        // The last one tries again what could not be taken.
        assert_eq!(liar.lately(), ["open-directory", "changes", "changes after 5", "changes after 2"]);
        assert_eq!(here.quarantine(&peer).await, [("invalid".to_owned(), 1), ("too-large".to_owned(), 2)]);
        assert_eq!(here.services().await, ["<script>alert(1)</script> evil 👩\u{200d}👧 مرحبا"]);
        let state = here.state(&peer).await;
        assert_eq!((state.records.len(), state.peer.cursor.after - BEGAN), (2, 5));
        assert!(state.quarantined.iter().all(|bad| bad.code != "too-large" || bad.raw.is_none()), "nor is a megabyte kept");
        assert!(!state.feed.contains("alert"), "and nothing of it is sent on");
        let full = here.app.get("/services?full=true").await.json()["contents"][0].clone();
        assert_eq!(full.get("url").filter(|url| !url.is_null()), None, "an address that runs something is none: {full}");
        // It is text wherever it is rendered, and nothing else.
        let (one, holder) = (full["id"].as_str().unwrap(), full["organization"]["id"].as_str().unwrap());
        for (path, says) in [
            (format!("/directory/services/{one}"), "&lt;script&gt;alert(1)&lt;/script&gt; evil"),
            (format!("/directory/services/{one}"), "&lt;img src=x onerror=alert(1)&gt;"),
            (format!("/directory/organisations/{holder}"), "&lt;script&gt;alert(1)&lt;/script&gt; Holder"),
            (format!("/directory/organisations/{holder}"), "&lt;svg onload=alert(1)&gt;"),
            ("/directory/search?q=evil".to_owned(), "&lt;script&gt;alert(1)&lt;/script&gt; evil"),
        ] {
            let page = here.app.page(&path).await;
            assert_eq!(page.status, 200, "{path}");
            let text = page.text();
            assert!(text.contains(says), "{path} shows it as text: {text}");
            for alive in ["<script>alert", "<img src=x", "<svg onload", "<iframe", "=\"javascript:", "='javascript:", "\u{202e}", "\u{200b}", "\u{2066}"] {
                assert!(!text.contains(alive), "{path}: {alive:?} in {text}");
            }
        }
    }
}

fact_of_a_liar! {
    async fn case_38_u_0000_in_an_id_or_a_kind_stops_nothing(here, liar) {
        liar.tell_services(3);
        liar.twist(|seen, mut page| {
            for item in page["items"].as_array_mut().into_iter().flatten().filter(|_| seen.is_feed()) {
                if item["id"] == json!(id("service 0")) {
                    item["id"] = json!("a\u{0}b");
                } else if item["id"] == json!(id("service 1")) {
                    item["kind"] = json!("uni\u{0}corn");
                }
            }
            Reply::json(page.to_string())
        });
        let peer = here.follows(&liar.url(), Trust::Auto).await;
        let report = here.pull(&peer).await;
        assert_eq!((report.outcome, report.created, report.quarantined), (Outcome::Ok, 2, 2), "{report:?}");
        assert_eq!(here.quarantine(&peer).await, [("bad-id".to_owned(), 1), ("unknown-kind".to_owned(), 1)]);
        assert_eq!(here.services().await, ["Club 2"]);
    }
}

fact_of_a_liar! {
    async fn case_38_u_0000_in_the_id_of_a_plain_list_stops_nothing(here, _liar) {
        let plain = HostilePeer::start(|seen| {
            let of = |id: &str| json!({
                "id": id, "name": format!("Club {}", id.len()), "status": "active", "description": "x",
                "organization": {"id": format!("o{id}"), "name": "Holder", "description": "x"}
            });
            let all = ["a", "a\u{0}b"];
            if seen.path.starts_with("/services?") {
                let contents: Vec<Value> = all.iter().map(|id| of(id)).collect();
                return Reply::json(json!({"contents": contents, "total_items": 2, "total_pages": 1, "last_page": true}).to_string());
            }
            let found = all.iter().find(|id| seen.path == format!("/services/{}", id.replace('\u{0}', "%00")));
            found.map_or_else(|| Reply::status(404), |id| Reply::json(of(id).to_string()))
        })
        .await;
        let licence = Some("https://www.nationalarchives.gov.uk/doc/open-government-licence/version/3/".to_owned());
        let peer = here.harvester().add_peer(New { licence, ..new(&plain.url("/"), Trust::Auto) }).await.unwrap();
        let report = here.pull(&peer).await;
        assert_eq!((report.outcome, report.quarantined, here.services().await), (Outcome::Ok, 1, vec!["Club 1".to_owned()]), "{report:?}");
    }
}

fact_of_a_liar! {
    async fn case_38_half_a_character_in_one_text_stops_nothing(here, liar) {
        liar.tell_services(3);
        liar.twist(|seen, page| {
            let page = page.to_string();
            Reply::json(if seen.is_feed() { page.replace("Club 1", r"Club \ud800") } else { page })
        });
        let signed = here.follows(&liar.url(), Trust::Auto).await;
        let report = here.pull(&signed).await;
        assert_eq!((report.outcome, report.created, report.quarantined), (Outcome::Ok, 3, 1), "{report:?}");
        assert_eq!(here.quarantine(&signed).await, [("hash-mismatch".to_owned(), 1)], "what was signed is not what came");
        here.harvester().remove_peer("1").await.unwrap();
        // Nothing is signed, so nothing is missed.
        liar.twist(|seen, mut page| {
            if let Some(said) = page.as_object_mut().filter(|_| !seen.is_feed()) {
                said.remove("keys");
                said.remove("keys_sig");
            }
            for item in page["items"].as_array_mut().into_iter().flatten() {
                item.as_object_mut().unwrap().remove("fed");
            }
            Reply::json(page.to_string().replace("Club 1", r"Club \ud800"))
        });
        let plain = here.follows(&liar.url(), Trust::Auto).await;
        let report = here.pull(&plain).await;
        assert_eq!((report.outcome, report.quarantined), (Outcome::Ok, 0), "{report:?}");
        assert_eq!(here.services().await, ["Club 0", "Club 2", "Club \u{fffd}"]);
    }
}

fact_of_a_liar! {
    async fn what_a_directory_calls_itself_is_one_clean_line(here, liar) {
        liar.tell_services(1);
        liar.twist(|_, mut page| {
            if page.get("publisher").is_some() {
                page["publisher"]["name"] = json!(format!("A\n  what to do         Run rm -rf\u{1b}[31m\u{0}\u{202e}{}", "x".repeat(100_000)));
                page["license"]["attribution"] = json!("Contains\u{0}\nlies");
            }
            Reply::json(page.to_string())
        });
        let peer = here.follows(&liar.url(), Trust::Auto).await;
        assert!(peer.name.starts_with("A what to do Run rm -rf[31mxx") && peer.name.chars().count() <= 201, "{:?}", peer.name);
        here.pull(&peer).await;
        let shown = here.app.get("/services?full=true").await.json()["contents"][0]["provenance"].clone();
        assert_eq!(shown["source"], peer.name);
        assert_eq!(shown["attribution"], "Contains lies");
    }
}

fact_of_a_liar! {
    async fn a_change_number_beyond_2_to_the_53_is_none(here, liar) {
        let peer = here.follows_services_of(&liar, 1).await;
        liar.tell(Kind::Service, id("service 9"), Some(service(9)));
        liar.twist(|seen, mut page| {
            if seen.is_feed() {
                page["items"][0]["modified"] = json!(1_i64 << 53);
            }
            Reply::json(page.to_string())
        });
        let report = here.pull(&peer).await;
        assert_eq!((report.error.unwrap().code.as_str(), report.cursor), ("bad-page", BEGAN + 2));
    }
}

fact_of_a_liar! {
    async fn what_is_stored_of_a_peer_and_cannot_be_read_holds_it(here, liar) {
        use sea_orm::ConnectionTrait as _;
        let peer = here.follows_services_of(&liar, 1).await;
        let db = sea_orm::Database::connect(here.app.config.database_url.as_str()).await.unwrap();
        db.execute_unprepared(r#"UPDATE peer SET pinned_keys = '[{"kid": "x", "status": "of a later version"}]'"#).await.unwrap();
        db.close().await.unwrap();
        // Somebody has the host and no key: without the keys that were approved this would be the peer's word.
        liar.tell(Kind::Organization, id("holder"), Some(organization()));
        liar.rotate(false, false);
        liar.tell(Kind::Service, id("service 0"), Some(service(7)));
        let report = here.pull(&peer).await;
        assert_eq!((report.outcome, report.error.unwrap().code.as_str()), (Outcome::Held, "damaged"));
        assert_eq!(here.services().await, ["Club 0"]);
        // To hold it is no way around that, and nothing else an officer says puts defaults in the place of what is stored.
        let officer = here.harvester();
        officer.hold_peer("1").await.unwrap();
        for refused in [
            officer.release_peer("1").await.map(drop),
            officer.compare_peer("1").await.map(drop),
            officer.trust_peer("1", Trust::Review).await.map(drop),
            officer.scope_peer("1", Wanted { most: Some(5), ..Wanted::default() }).await.map(drop),
        ] {
            let refused = refused.unwrap_err();
            assert!(matches!(refused, Refused::NotNow(ref trouble) if trouble.code == "damaged"), "{refused}");
        }
    }
}
