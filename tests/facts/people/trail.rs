//! Where things came from, what is on record of them, and in which words.

use fingerpost::{
    identity::{Deed, PlatformRole, Scope},
    records::{Caller, Draft, Entrance, LastModified, Whence},
    safekeeping,
};
use http::Method;
use sea_orm::ConnectionTrait as _;
use serde_json::{Value, json};

use super::{
    api::{record, send, token},
    id, with_pantry,
};
use crate::support::{browser::Browser, fact};

fact! {
    async fn the_history_says_from_where_each_version_came(app) {
        with_pantry(&app).await;
        let token = token(&app, id("marsh farm"), Scope::Write).await;
        send(&app, Method::PATCH, &record("pantry"), &token, "\"1\"", &json!({"fees_description": "£5"})).await;
        let amina = Browser::keeper(&app, "amina@lark-hill.example.org", id("marsh farm")).await;
        let path = format!("/account/listings/{}/cost", id("pantry"));
        amina.submit(&amina.open(&path).await, &path, &[("free", "no"), ("cost", "£6"), ("do", "save")]).await;
        let id_of_it = id("pantry").to_string();
        let hidden = app.command(&["record", "hide", &id_of_it, "--why", "a test"]).output().unwrap();
        assert!(hidden.status.success(), "{}", String::from_utf8_lossy(&hidden.stderr));
        let versions = app.app().records.history(id("pantry")).await.unwrap();
        let from: Vec<Option<Whence>> = versions.iter().map(|version| version.kept.from).collect();
        assert_eq!(from, [Some(Whence::Import), Some(Whence::Api), Some(Whence::Page), Some(Whence::Command)]);
        let history = amina.open(&format!("/account/listings/{}/history", id("pantry"))).await.text();
        for said in [
            "by import, from a file: imported from a test",
            "by a program (a program), over the API",
            "by amina@lark-hill.example.org, on this website",
            "by command line, by a command on the server: a test",
        ] {
            assert!(history.contains(said), "{said}: {history}");
        }
        assert!(!history.contains("127.0.0"), "from no network: {history}");
        // It is in what is exported of the history, and in a backup.
        let exported = serde_json::to_value(&versions[1].kept).unwrap();
        assert_eq!(exported["from"], "api");
        let file = app.folder.path().join("a.backup");
        safekeeping::backup(&app.app().records, &file).await.unwrap();
        safekeeping::restore(&app.app().records, &file, app.folder.path()).await.unwrap();
        assert_eq!(app.app().records.history(id("pantry")).await.unwrap(), versions);
    }
}

fact! {
    async fn a_version_that_was_harvested_names_the_directory_and_one_from_before_is_not_made_up(app) {
        with_pantry(&app).await;
        let stored = app.app().records.find(id("pantry")).await.unwrap().unwrap();
        let mut draft = Draft { origin: "https://hub.example.org".to_owned(), ..Draft::new(stored.read().unwrap()) };
        let fingerpost::model::Document::Service(service) = &mut draft.document else { panic!() };
        service.id = fingerpost::ids::fresh().into();
        service.service_at_locations.clear();
        let there = draft.document.id();
        let by = Caller { name: "peer hub".to_owned(), why: "pulled from https://hub.example.org".to_owned(), entrance: Entrance::Feed };
        app.app().records.save_now(&by, vec![draft], &LastModified::new()).await.unwrap();
        let moderator = Browser::officer(&app, PlatformRole::Moderator).await;
        let history = moderator.open(&format!("/account/listings/{there}/history")).await.text();
        assert!(history.contains("by peer hub, from a directory that we follow: pulled from https://hub.example.org"), "{history}");
        // What was written before this was kept.
        let db = sea_orm::Database::connect(app.config.database_url.as_str()).await.unwrap();
        db.execute_unprepared("UPDATE record SET whence = NULL").await.unwrap();
        db.execute_unprepared("UPDATE record SET changed_by = 'person:1' WHERE origin = ''").await.unwrap();
        db.close().await.unwrap();
        let of = async |record| app.app().records.find(record).await.unwrap().unwrap().kept.whence();
        assert_eq!((of(there).await, of(id("pantry")).await), (Some(Whence::Harvest), None));
    }
}

/// The table in the guide is what the code puts on record. Set `UPDATE` to write it anew.
#[test]
fn the_guide_has_everything_that_is_put_on_record() {
    let mut table = "| What the trail says | What it means |\n|---|---|\n".to_owned();
    for deed in Deed::ALL {
        table.extend(["| ", deed.as_str(), " | ", deed.meaning(), " |\n"]);
    }
    let file = "docs/guides/people-and-roles.md";
    let guide = std::fs::read_to_string(file).unwrap();
    let (start, rest) = guide.split_once("<!-- deeds -->\n").expect("a place for the table");
    let (found, end) = rest.split_once("<!-- end of deeds -->").expect("an end of the table");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(file, format!("{start}<!-- deeds -->\n{table}<!-- end of deeds -->{end}")).unwrap();
        return;
    }
    assert_eq!(found, table, "run the tests with UPDATE=1 to write it anew");
}

fact! {
    async fn the_page_of_the_trail_explains_its_words(app) {
        with_pantry(&app).await;
        let moderator = Browser::officer(&app, PlatformRole::Moderator).await;
        let page = moderator.open("/moderation/audit").await.text();
        for deed in Deed::ALL {
            let meaning = deed.meaning().replace('\'', "&#39;");
            assert!(page.contains(&meaning) || page.contains(deed.meaning()), "{meaning}: {page}");
        }
        let lines = app.app().identity().audit(None, None, 10).await.unwrap();
        assert_eq!(lines[0].what, Deed::SignIn.as_str());
        let shown: Value = serde_json::to_value(&lines[0]).unwrap();
        assert_eq!(shown["what"], "sign in");
    }
}
