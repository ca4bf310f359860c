//! Trying a file: the report is that of the import, nothing changes, and nobody waits for it.

use std::{
    io::{BufReader, Write as _},
    time::Duration,
};

use fingerpost::{
    app::App,
    db::Durability,
    importing::{Exposed, Options},
    model::Document,
};
use serde_json::json;

use super::{
    super::{id, pantry},
    generated,
};
use crate::support::fact;

fact! {
    async fn a_dry_run_reports_the_same_and_changes_nothing(app) {
        let file = std::fs::read("fixtures/luton/directory.ndjson").unwrap();
        let dry = Options { dry_run: true, source: "a test".to_owned(), ..Options::default() };
        let would = app.import_with(file.clone(), &dry).await;
        assert!(app.ids("/services").await.is_empty());
        let did = app.import(file).await;
        assert_eq!((would.created, would.dropped, would.rejected, would.personal, would.records), (did.created, did.dropped, did.rejected, did.personal, did.records));
    }
}

fact! {
    async fn a_dry_run_knows_of_a_long_file_what_the_import_knows(app) {
        let category = json!({"kind": "taxonomy_term", "document": {"id": id("a refuge's term"), "name": "Refuge", "description": "Refuges"}});
        let abuse = json!({"kind": "taxonomy_term", "document": {"id": id("abuse term"), "name": "Domestic abuse", "description": "Abuse"}});
        let listing = |name: &str, term: &str| {
            let mut listing = pantry();
            listing["id"] = json!(id(name));
            listing["name"] = json!(name);
            listing["attributes"] = json!([{"id": id(&format!("{name} of {term}")), "link_id": id(name), "taxonomy_term_id": id(term)}]);
            let link = &mut listing["service_at_locations"][0];
            link["id"] = json!(id(&format!("{name} link")));
            link["location"]["id"] = json!(id(&format!("{name} place")));
            listing.to_string()
        };
        let between = generated(600);
        let file = [category.to_string(), abuse.to_string(), between, listing("Quiet house", "a refuge's term"), listing("Safe steps", "abuse term")].join("\n");
        let dry = Options { dry_run: true, source: "a test".to_owned(), ..Options::default() };
        let would = app.import_with(file.clone().into_bytes(), &dry).await;
        assert!(app.ids("/services").await.is_empty());
        let did = app.import(file).await;
        let named = |exposed: &[Exposed]| exposed.iter().map(|one| one.name.clone()).collect::<Vec<_>>();
        assert_eq!(named(&would.exposed), named(&did.exposed));
        assert_eq!((would.created, would.dropped, would.rejected), (did.created, did.dropped, did.rejected));
    }
}

fact! {
    async fn others_save_while_a_long_file_is_tried(app) {
        app.import(pantry().to_string()).await;
        // Another process, as the command is.
        let trying = App::open_to_look(app.config.clone(), app.clock.clone(), Durability::Batched).await.unwrap();
        let (file, mut into) = std::io::pipe().unwrap();
        // Two batches, and a part of the third.
        let lines = generated(700);
        let writing = std::thread::spawn(move || {
            into.write_all(lines.as_bytes()).unwrap();
            into
        });
        let dry = Options { dry_run: true, source: "a test".to_owned(), ..Options::default() };
        let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
        let importer = trying.importer();
        let trial = importer.run(BufReader::new(file), &dry, |until| tell.send(until).unwrap());
        let meanwhile = async {
            told.recv().await.unwrap();
            let change = app.edit(id("pantry"), |document| if let Document::Service(service) = document { service.alert = Some("New times".into()) });
            tokio::time::timeout(Duration::from_secs(20), change).await.expect("the trial keeps nobody from saving");
            assert_eq!(app.get(&format!("/services/{}", id("pantry"))).await.json()["alert"], "New times");
            drop(writing.join().unwrap());
        };
        let (report, ()) = tokio::join!(trial, meanwhile);
        let report = report.unwrap();
        assert_eq!((report.created, report.rejected_total), (700, 0));
        assert_eq!(app.ids("/services").await, [id("pantry").to_string()], "nothing of it is left");
        trying.db.close().await.unwrap();
    }
}

fact! {
    async fn a_long_file_is_tried_while_what_was_deleted_before_is_still_to_be_swept(app) {
        app.import(pantry().to_string()).await;
        let tx = app.app().db.write().await.unwrap();
        tx.sweep_later().await.unwrap();
        tx.commit().await.unwrap();
        // The file deletes something else.
        let mut hidden = pantry();
        hidden["service_at_locations"][0]["location_policy"] = json!("withheld");
        let dry = Options { dry_run: true, source: "a test".to_owned(), ..Options::default() };
        let report = app.import_with(format!("{}{hidden}", generated(600)), &dry).await;
        assert_eq!((report.created, report.updated, report.rejected_total), (600, 1, 0), "{report:?}");
        assert!(app.get(&format!("/services/{}", id("pantry"))).await.text().contains("Gorse Close"), "nothing was hidden");
    }
}
