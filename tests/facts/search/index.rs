//! The index: it follows what is published, says how far it is, and is built again where it is lost.

use fingerpost::{importing::Options, jobs, model::Document, published::Position, search};
use serde_json::json;

use super::{
    super::{id, pantry},
    service,
};
use crate::support::fact;

fact! {
    async fn an_edit_is_found_at_once_and_what_is_gone_is_not(app) {
        app.take(&[pantry().to_string()]).await;
        assert_eq!(app.names("/services?search=larder").await, ["Meadow larder"]);
        app.edit(id("pantry"), |document| {
            if let Document::Service(service) = document { "Harvest cupboard".clone_into(&mut service.name); }
        }).await;
        assert_eq!(app.names("/services?search=cupboard").await, ["Harvest cupboard"]);
        let none: [String; 0] = [];
        assert_eq!(app.names("/services?search=meadow").await, none);
        app.withdraw(id("pantry"), "closed").await;
        assert_eq!(app.names("/services?search=cupboard").await, none);
    }
}

fact! {
    async fn a_lost_or_old_index_is_built_anew(app) {
        app.fixtures().await;
        let before = app.get("/services?search=food&per_page=100").await.json();
        std::fs::remove_dir_all(app.folder.path().join("index")).unwrap();
        app.restart().await;
        assert_eq!(app.get("/services?search=food&per_page=100").await.json(), before);
        std::fs::write(app.folder.path().join("index").join("meta.json"), "{").unwrap();
        app.restart().await;
        assert_eq!(app.get("/services?search=food&per_page=100").await.json(), before);
        assert_eq!(app.get("/readyz").await.status, 200);
    }
}

fact! {
    async fn an_index_that_is_removed_while_the_server_runs_is_built_again_and_answered_from_meanwhile(app) {
        app.fixtures().await;
        let before = app.get("/services?search=food&per_page=100").await.json();
        std::fs::remove_dir_all(app.folder.path().join("index")).unwrap();
        assert_eq!(app.get("/services?search=food&per_page=100").await.json(), before, "what is open stays readable");
        let line = service("Elm club", "Meets.", json!({}));
        app.app().importer().run(std::io::Cursor::new(line.into_bytes()), &Options::default(), |_| {}).await.unwrap();
        let mut meanwhile = Vec::new();
        let mut each = |_| {
            let found = tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(app.get("/services?search=food&per_page=100")));
            meanwhile.push(found.json()["total_items"].clone());
        };
        jobs::index(&app.served, &mut each).await.unwrap();
        assert!(!meanwhile.is_empty() && meanwhile.iter().all(|total| *total == before["total_items"]), "{meanwhile:?}");
        jobs::follow(&app.served).await.unwrap();
        assert_eq!(app.get("/services?search=food&per_page=100").await.json(), before);
        assert_eq!(app.names("/services?search=elm").await, ["Elm club"]);
        assert_eq!((app.get("/readyz").await.status, app.served.directory.search.verify().is_ok()), (http::StatusCode::OK, true));
        std::fs::remove_dir_all(app.folder.path().join("index")).unwrap();
        jobs::verify(&app.served).await.unwrap();
        assert_eq!(app.names("/services?search=elm").await, ["Elm club"], "the nightly look finds it, too");
    }
}

fact! {
    async fn nothing_is_said_not_to_be_there_before_the_index_has_anything(app) {
        let file = std::fs::read("fixtures/luton/directory.ndjson").unwrap();
        app.app().importer().run(std::io::Cursor::new(file), &Options::default(), |_| {}).await.unwrap();
        // As at the first start after it was lost.
        app.served.directory.search.reset().await.unwrap();
        for path in ["/services?search=food", "/facets?search=food", "/services?search=food&format=csv", "/events?from=2026-12-01&to=2026-12-07"] {
            let asked = app.get(path).await;
            assert_eq!((asked.status.as_u16(), asked.header("retry-after"), asked.header("content-type")), (503, "10", "application/problem+json"), "{path}");
        }
        let form = [("content-type", "application/x-www-form-urlencoded"), ("accept", "text/html")];
        let page = app.ask(http::Method::POST, "/directory/search", &form, "q=food").await;
        assert!(page.status == 503 && page.text().contains("Not ready yet") && page.text().contains("/help#now"), "{}", page.text());
        assert_eq!(app.get("/services").await.status, 200, "what needs no index is there");
        jobs::follow(&app.served).await.unwrap();
        assert!(!app.names("/services?search=food").await.is_empty());
    }
}

fact! {
    async fn a_monitor_hears_where_the_index_cannot_follow_until_it_can(app) {
        app.fixtures().await;
        let folder = app.folder.path().join("index");
        std::fs::remove_dir_all(&folder).unwrap();
        std::fs::write(&folder, "a file where the folder was").unwrap();
        let line = service("Elm club", "Meets.", json!({}));
        app.app().importer().run(std::io::Cursor::new(line.into_bytes()), &Options::default(), |_| {}).await.unwrap();
        assert!(jobs::follow(&app.served).await.is_err(), "there can be no index");
        let answer = app.get("/readyz").await;
        assert_eq!(answer.status, 503);
        assert!(answer.text().contains("restart the server"), "{}", answer.text());
        std::fs::remove_file(&folder).unwrap();
        jobs::follow(&app.served).await.unwrap();
        assert_eq!(app.get("/readyz").await.status, 200);
    }
}

fact! {
    async fn a_server_whose_records_are_all_signed_again_is_not_ready_before_the_search_has_them(app) {
        app.fixtures().await;
        // What is signed again for another address stands in the order behind where that was when the server started.
        let mut served = app.served.clone();
        served.start = Position(0);
        served.directory.search.reset().await.unwrap();
        let mut ready = Vec::new();
        jobs::index(&served, &mut |_| ready.push(served.is_ready())).await.unwrap();
        assert!(ready.len() > 1 && !ready.contains(&true), "{ready:?}");
        assert!(served.is_ready());
    }
}

fact! {
    async fn a_rebuild_says_how_far_it_is(app) {
        app.fixtures().await;
        app.served.directory.search.reset().await.unwrap();
        let mut said: Vec<(String, u16, String)> = Vec::new();
        let mut each = |indexing: search::Indexing| {
            let ready = tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(app.get("/readyz")));
            said.push((indexing.to_string(), ready.status.as_u16(), ready.text()));
        };
        jobs::index(&app.served, &mut each).await.unwrap();
        assert!(said.len() > 1 && said[0].0.starts_with("indexing 500 of "), "{said:?}");
        assert!(said[0].1 == 503 && said[0].2.contains(&said[0].0), "{said:?}");
        assert_eq!((app.served.directory.search.indexing(), app.get("/readyz").await.status), (None, http::StatusCode::OK));
    }
}
