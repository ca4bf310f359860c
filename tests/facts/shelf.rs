//! The file of published bytes.

use std::fs;

use fingerpost::{
    jobs,
    model::Document,
    records::{Draft, LastModified},
    safekeeping,
};
use serde_json::{Value, json};

use super::{id, pantry};
use crate::support::{TestApp, fact};

/// The files of the shelf, without its lock.
fn files(app: &crate::support::TestApp) -> Vec<std::path::PathBuf> {
    let all = fs::read_dir(app.folder.path().join("shelf")).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = all.filter(|file| file.file_name().unwrap() != "lock").collect();
    files.sort_unstable();
    files
}

fact! {
    async fn a_restart_goes_on_from_what_is_there(app) {
        app.fixtures().await;
        let before = app.get("/services?full=true&per_page=1000").await;
        app.restart().await;
        let after = app.get("/services?full=true&per_page=1000").await;
        assert_eq!((after.text(), after.header("etag")), (before.text(), before.header("etag")));
    }
}

fact! {
    async fn a_page_of_very_long_documents_is_sent_piece_by_piece_and_holds_each_as_it_is(app) {
        use axum::body::{Body, HttpBody as _};
        use tower::ServiceExt as _;
        let words = "Walk in. ".repeat(6_600);
        let listing = |number: usize| {
            let mut one = pantry();
            let name = format!("Long {number}");
            (one["id"], one["name"]) = (json!(id(&name)), json!(name));
            for member in ["schedules", "contacts", "service_at_locations", "attributes"] {
                one.as_object_mut().unwrap().remove(member);
            }
            let phone = |at: usize| json!({"id": id(&format!("{name} {at}")), "number": format!("01632 96010{at}"), "description": words});
            one["phones"] = (0..6).map(phone).collect();
            one.to_string()
        };
        let report = app.import((0..50).map(listing).collect::<Vec<_>>().join("\n")).await;
        assert_eq!((report.created, report.rejected_total), (50, 0));
        let length = async |path: &str| {
            let sent = app.router().oneshot(http::Request::get(path).body(Body::empty()).unwrap()).await.unwrap();
            sent.body().size_hint().exact()
        };
        let whole = "/services?full=true&per_page=100";
        for path in [whole, "/services?format=ndjson&full=true", "/organizations?full_service=true"] {
            assert_eq!(length(path).await, None, "{path} is not made before it is sent");
        }
        assert!(length("/services?minimal=true&per_page=100").await.is_some_and(|bytes| bytes < 100_000));
        let page = app.get(whole).await;
        let contents = page.json()["contents"].as_array().unwrap().clone();
        let lines = app.get("/services?format=ndjson&full=true").await.text();
        let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let organization = app.get("/organizations?full_service=true").await.json()["contents"][0].clone();
        assert_eq!((contents.len(), &lines, &organization["services"]), (50, &contents, &json!(contents)));
        let id = contents[7]["id"].as_str().unwrap();
        assert_eq!(contents[7], app.get(&format!("/services/{id}")).await.json());
        let again = app.ask(http::Method::GET, whole, &[("if-none-match", page.header("etag"))], "").await;
        assert_eq!((again.status.as_u16(), again.body.len()), (304, 0));
    }
}

fact! {
    async fn every_id_stands_on_one_page_however_many_there_are(app) {
        let organization = json!({"id": id("marsh farm"), "name": "Pantry", "description": "A pantry."});
        let listing = |number: usize| {
            let name = format!("Service {number}");
            json!({"id": id(&name), "name": name, "status": "active", "organization": organization}).to_string()
        };
        app.import((0..1_050).map(listing).collect::<Vec<_>>().join("\n")).await;
        let lines = app.get("/services?format=ndjson&minimal=true").await.text();
        let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        for filter in ["", &format!("&organization_id={}", id("marsh farm"))] {
            let answer = app.get(&format!("/services?minimal=true{filter}")).await;
            let page = answer.json();
            assert_eq!(page["contents"], json!(lines), "{filter}");
            let [total, pages, size, last] = ["total_items", "total_pages", "size", "last_page"].map(|name| page[name].clone());
            assert_eq!(json!([total, pages, size, last]), json!([1_050, 1, 1_050, true]), "{filter}");
            let again = app.ask(http::Method::GET, &format!("/services?minimal=true{filter}"), &[("if-none-match", answer.header("etag"))], "").await;
            assert_eq!((again.status.as_u16(), again.body.len()), (304, 0));
        }
        let second = app.get("/services?minimal=true&per_page=600&page=2").await.json();
        assert_eq!((&second["size"], &second["contents"][0]), (&json!(450), &lines[600]));
        for longer in ["/services", "/services?minimal=true&times=true"] {
            assert_eq!(app.get(longer).await.json()["size"], 50, "{longer}");
        }
    }
}

fact! {
    async fn missing_or_damaged_files_are_built_anew(app) {
        app.fixtures().await;
        let before = app.get("/services?full=true&per_page=1000").await.text();
        for damage in 0..4 {
            // As after a few changes of the layout: what is damaged is not the first that was ever written.
            for _ in 0..3 {
                app.served.directory.shelf.rebuild(&app.app().db, &app.clock).await.unwrap();
            }
            for file in files(&app) {
                let bytes = fs::read(&file).unwrap();
                match damage {
                    0 => fs::remove_file(&file).unwrap(),
                    1 => fs::write(&file, &bytes[..bytes.len() / 2]).unwrap(),
                    2 => fs::write(&file, b"nonsense").unwrap(),
                    _ if file.extension().unwrap() == "table" => fs::write(&file, [&bytes[..bytes.len() - 40], &[7; 40]].concat()).unwrap(),
                    _ => {}
                }
            }
            app.restart().await;
            assert_eq!(app.get("/services?full=true&per_page=1000").await.text(), before, "damage {damage}");
            let built = files(&app);
            assert_eq!(built.len(), 3, "nothing of what was damaged is left: {built:?}");
            app.restart().await;
            assert_eq!(files(&app), built, "it is built once, not at every start");
        }
    }
}

fact! {
    async fn what_a_restore_has_made_useless_is_overwritten_and_removed_at_the_next_start(app) {
        app.import(pantry().to_string()).await;
        for _ in 0..3 {
            app.served.directory.shelf.rebuild(&app.app().db, &app.clock).await.unwrap();
        }
        let full = files(&app).into_iter().find(|file| file.to_str().unwrap().contains("full-")).unwrap();
        // Another name for the same bytes shows what becomes of them.
        let bytes = app.folder.path().join("the same bytes");
        fs::hard_link(&full, &bytes).unwrap();
        assert!(fs::read_to_string(&bytes).unwrap().contains("Meadow larder"));
        let file = app.folder.path().join("today.backup");
        safekeeping::backup(&app.app().records, &file).await.unwrap();
        // Nobody follows before the next start, as when the server was stopped for it.
        safekeeping::restore(&app.app().records, &file, app.folder.path()).await.unwrap();
        app.restart().await;
        assert!(fs::read(&bytes).unwrap().iter().all(|byte| *byte == b' '), "the old bytes are gone");
        let built = files(&app);
        assert_eq!(built.len(), 3, "{built:?}");
        assert!(!built.contains(&full), "{built:?}");
        app.restart().await;
        assert_eq!(files(&app), built, "it is built once, not at every start");
    }
}

fact! {
    async fn changed_bytes_are_noticed(app) {
        app.fixtures().await;
        let before = app.get("/services?full=true&per_page=1000").await.text();
        for file in files(&app).into_iter().filter(|file| file.to_str().unwrap().contains("full-")) {
            let mut bytes = fs::read(&file).unwrap();
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
            fs::write(&file, bytes).unwrap();
        }
        assert_eq!(fingerpost::jobs::verify(&app.served).await.unwrap(), 0, "the damage was found");
        assert_eq!(app.get("/services?full=true&per_page=1000").await.text(), before);
        assert!(fingerpost::jobs::verify(&app.served).await.unwrap() > 100);
    }
}

fact! {
    async fn bytes_that_a_power_cut_has_lost_are_noticed_at_the_next_start(app) {
        app.import(pantry().to_string()).await;
        let (full, brief) = (app.get("/services?full=true").await.text(), app.get("/services").await.text());
        for form in ["full-", "brief-"] {
            let file = files(&app).into_iter().find(|file| file.to_str().unwrap().contains(form)).unwrap();
            // Their length was kept, so everything lies where the table says.
            let length = fs::metadata(&file).unwrap().len();
            fs::write(&file, vec![0; usize::try_from(length).unwrap()]).unwrap();
            app.restart().await;
            assert_eq!(app.get("/services?full=true").await.text(), full, "{form}");
            assert_eq!(app.get("/services").await.text(), brief, "{form}");
        }
    }
}

fact! {
    async fn laying_out_anew_changes_no_answer(app) {
        app.fixtures().await;
        app.withdraw("3ccb4135-88e2-5120-82f9-fb785f3c7105".parse().unwrap(), "closed").await;
        let words = "x".repeat(60_000);
        for round in 0..80 {
            app.edit("b8f9bb69-9f8b-5901-8730-685675f748c6".parse().unwrap(), |document| {
                if let Document::Service(doc) = document { doc.description = Some(format!("Round {round} {words}")); }
            }).await;
        }
        let shelf = &app.served.directory.shelf;
        assert!(shelf.size().1 < 80 * words.len() as u64, "dead bytes are gone");
        let before = app.get("/services?full=true&per_page=1000").await.text();
        assert!(before.contains("Round 79 "));
        shelf.rebuild(&app.app().db, &app.clock).await.unwrap();
        assert_eq!(app.get("/services?full=true&per_page=1000").await.text(), before);
        assert_eq!(app.get("/services/3ccb4135-88e2-5120-82f9-fb785f3c7105").await.status, 410);
        app.restart().await;
        assert_eq!(app.get("/services?full=true&per_page=1000").await.text(), before);
    }
}

fact! {
    async fn two_servers_do_not_share_a_folder(app) {
        let head = app.app().head().await.unwrap();
        let error = fingerpost::published::shelf::Shelf::open(app.folder.path(), &head).unwrap_err();
        assert!(error.to_string().starts_with("another server is using the data folder"), "{error}");
    }
}

fact! {
    async fn a_change_is_seen_in_everything_that_shows_it(app) {
        app.import(pantry().to_string()).await;
        app.clock.set(crate::support::noon() + chrono::Duration::hours(1));
        app.edit(id("marsh farm"), |document| if let Document::Organization(doc) = document { doc.name = "Lark Hill Food Club".into() }).await;
        for path in ["/services", "/service_at_locations", "/organizations"] {
            let text = app.get(path).await.text();
            assert!(text.contains("Lark Hill Food Club") && !text.contains("Community Pantry"), "{path}: {text}");
        }
        let service = app.get(&format!("/services/{}", id("pantry"))).await.json();
        assert_eq!(service["last_modified"], "2026-11-22T13:00:00Z", "what is nested counts");
        app.edit(id("needs"), |document| if let Document::Taxonomy(doc) = document { doc.name = "What people need".into() }).await;
        assert!(app.get(&format!("/services/{}", id("pantry"))).await.text().contains("What people need"), "two steps away");
        let history = app.app().records.history(id("marsh farm")).await.unwrap();
        assert_eq!(history.iter().map(|version| version.kept.revision).collect::<Vec<_>>(), [1, 2]);
        assert!(history[0].document.contains("Community Pantry"));
    }
}

fact! {
    async fn whoever_follows_at_the_same_time_takes_turns(app) {
        app.fixtures().await;
        for round in 0..3 {
            let with = |document: &mut Document| {
                if let Document::Service(service) = document {
                    service.alert = Some(format!("round {round}"));
                }
            };
            let service = "49dc41c0-ed23-5c36-bccd-580511ca0ad4".parse().unwrap();
            let stored = app.app().records.find(service).await.unwrap().unwrap();
            let mut draft = Draft::new(stored.read().unwrap());
            with(&mut draft.document);
            app.app().records.save_now(&TestApp::person("a test"), vec![draft], &LastModified::new()).await.unwrap();
            let (served, search) = (&app.served, app.served.directory.search.clone());
            let (one, two, three, reset) =
                tokio::join!(jobs::follow(served), jobs::follow(served), jobs::verify(served), search.reset());
            one.unwrap();
            two.unwrap();
            three.unwrap();
            reset.unwrap();
        }
        app.follow().await;
        assert!(app.get("/services/49dc41c0-ed23-5c36-bccd-580511ca0ad4").await.text().contains("round 2"));
        assert!(!app.ids("/services?search=food").await.is_empty());
    }
}
