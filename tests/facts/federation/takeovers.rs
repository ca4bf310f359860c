//! What belongs to a neighbour stays theirs, whoever here has a file, a form or a command.

use fingerpost::{
    federation::peers::Trust,
    identity::PlatformRole,
    ids,
    importing::export,
    model::Document,
    records::{self, Draft, Outcome},
};
use serde_json::{Value, json};

use super::{
    super::{id, pantry},
    local, rename,
};
use crate::support::{
    TestApp,
    browser::Browser,
    fact,
    network::{Node, fact_of_two},
};

async fn complete(node: &Node) -> String {
    let mut lines = Vec::new();
    export::complete(&node.app.app().records, &mut lines, |_| {}).await.unwrap();
    String::from_utf8(lines).unwrap()
}

/// The same lines, as if everything were our own and called otherwise.
fn claimed(lines: &str) -> String {
    let claim = |line: &str| {
        let mut line: Value = serde_json::from_str(line).unwrap();
        line.as_object_mut().unwrap().remove("origin");
        line.as_object_mut().unwrap().remove("revision");
        line["document"]["name"] = json!("Edited");
        line.to_string()
    };
    lines.lines().filter(|line| line.contains("\"origin\"")).map(claim).collect::<Vec<_>>().join("\n")
}

fact_of_two! {
    async fn a_file_does_not_make_ours_what_a_neighbour_publishes(luton, beds) {
        luton.app.import(pantry().to_string()).await;
        let mut ours = pantry();
        ours["id"] = json!(id("ours"));
        ours["name"] = json!("Ours");
        beds.app.import(ours.to_string()).await;
        let peer = beds.follows(&luton.url, Trust::Auto).await;
        beds.pull(&peer).await;
        let before = beds.state(&peer).await;
        let of_luton = format!("/services?source={}", luton.url);
        let ndjson = beds.app.get(&format!("{of_luton}&format=ndjson&full=true")).await.text();
        let csv = beds.app.get(&format!("{of_luton}&format=csv")).await.text();
        let lines = complete(&beds).await;
        for text in [ndjson.clone(), ndjson.replace("Meadow larder", "Edited"), csv.replace("Meadow larder", "Edited"), claimed(&lines)] {
            assert!(text.contains("larder") || text.contains("Edited"), "{text}");
            let report = beds.app.import(text).await;
            assert_eq!((report.created, report.updated, report.rejected_total), (0, 0, 0), "{report:?}");
            assert!(report.dropped.iter().any(|left| left.dropped.reason.contains(&format!("belongs to {}", luton.url))), "{report:?}");
            assert_eq!(beds.state(&peer).await, before);
        }
        // What it is by our own complete export, it is again.
        let report = beds.app.import(lines.clone()).await;
        assert_eq!((report.created, report.updated, report.dropped_total), (0, 0, 0), "{report:?}");
        assert_eq!((complete(&beds).await, beds.state(&peer).await), (lines, before));
        rename(&luton, "pantry", "Pantry").await;
        beds.pull(&peer).await;
        assert_eq!(beds.services().await, ["Ours", "Pantry"], "and it is followed as before");
    }
}

fact_of_two! {
    async fn a_neighbours_organisation_that_a_line_of_ours_brings_along_is_only_referred_to(luton, beds) {
        let mut listed = pantry();
        listed["organization"]["description"] = json!("Volunteers run it: text 07700 900123.");
        luton.app.import(listed.to_string()).await;
        let peer = beds.follows(&luton.url, Trust::Auto).await;
        beds.pull(&peer).await;
        let holder = local(&luton, "organization", "marsh farm");
        let theirs = beds.app.get(&format!("/organizations/{holder}")).await.body;
        let ours = json!({"id": id("ours"), "name": "Ours", "status": "active", "description": "x",
            "organization": {"id": holder, "name": "Hijacked", "description": "Text 07700 900123."}});
        let report = beds.app.import(ours.to_string()).await;
        assert_eq!((report.created, report.dropped_total), (1, 1), "{report:?}");
        assert_eq!(report.in_words_total, 0, "what they say in their own words is not ours to look at: {report:?}");
        assert_eq!(beds.services().await, ["Meadow larder", "Ours"]);
        assert_eq!(beds.app.get(&format!("/organizations/{holder}")).await.body, theirs);
        let feed = beds.app.get("/federation/v1/changes").await.json();
        let told: Vec<&str> = feed["items"].as_array().unwrap().iter().map(|item| item["kind"].as_str().unwrap()).collect();
        assert_eq!(told, ["service"], "{feed}");
    }
}

async fn hide(node: &Node, record: uuid::Uuid, shown: bool) -> Outcome {
    let app = node.app.app();
    let tx = app.db.write().await.unwrap();
    let why = TestApp::person("dangerous");
    let done = if shown {
        app.records.show_here(&tx, &why, record, true).await.unwrap()
    } else {
        app.records.hide(&tx, &why, record).await.unwrap()
    };
    tx.commit().await.unwrap();
    node.app.follow().await;
    done
}

fact_of_two! {
    async fn a_neighbours_listing_is_not_withdrawn_and_what_is_hidden_stays_so_whatever_they_change(luton, beds) {
        luton.app.import(pantry().to_string()).await;
        let peer = beds.follows(&luton.url, Trust::Auto).await;
        beds.pull(&peer).await;
        let here = local(&luton, "service", "pantry");
        let tx = beds.app.app().db.write().await.unwrap();
        let refused = beds.app.app().records.withdraw(&tx, &TestApp::person("dangerous"), here, None).await;
        tx.roll_back().await.unwrap();
        assert!(matches!(&refused, Err(records::Error::Foreign { origin, .. }) if *origin == luton.url.as_str()), "{refused:?}");

        hide(&beds, here, false).await;
        assert_eq!(beds.services().await.len(), 0);
        rename(&luton, "pantry", "Pantry").await;
        assert_eq!(beds.pull(&peer).await.updated, 1);
        assert_eq!(beds.services().await.len(), 0, "hidden stays hidden");
        hide(&beds, here, true).await;
        assert_eq!(beds.services().await, ["Pantry"]);
    }
}

fact! {
    async fn a_moderator_hides_a_neighbours_listing_in_the_same_way(app) {
        app.import(pantry().to_string()).await;
        let here = ids::from_source("https://elsewhere.example.org/", "service", "x");
        let mut told = app.app().records.find(id("pantry")).await.unwrap().unwrap().read().unwrap();
        told.set_id(here);
        let tell = async |name: &str| {
            let mut told = told.clone();
            if let Document::Service(service) = &mut told {
                name.clone_into(&mut service.name);
                service.service_at_locations.clear();
            }
            app.save(vec![Draft { origin: "https://elsewhere.example.org/".into(), ..Draft::new(told) }]).await;
        };
        let shown = async || app.ids("/services?source=https://elsewhere.example.org/").await.len();
        tell("Theirs").await;
        assert_eq!(shown().await, 1);
        let moderator = Browser::officer(&app, PlatformRole::Moderator).await;
        let path = format!("/moderation/records/{here}");
        let page = moderator.open(&path).await;
        let page = moderator.submit(&page, &path, &[("reason", "dangerous"), ("do", "hide")]).await;
        assert!(page.text().contains("Hidden here"), "{}", page.text());
        app.follow().await;
        tell("Theirs again").await;
        assert_eq!(shown().await, 0, "hidden stays hidden");
        let page = moderator.open(&path).await;
        moderator.submit(&page, &path, &[("reason", "they have mended it"), ("do", "show")]).await;
        app.follow().await;
        assert_eq!(shown().await, 1);
    }
}
