//! Nothing is kept of the people: something distinctive is planted in every field, and the log, the
//! database, the index, every other file and the metrics are searched for it.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    process::{Command, Stdio},
};

use sea_orm::ConnectionTrait as _;
use serde_json::json;

use super::{evaluate, ready, reviewed_checker, send};
use crate::{
    facts::{
        id,
        search::{at, service},
    },
    support::{On, TestApp, fact},
};

/// A listing on somebody's list.
const KEPT: &str = "9e9e7b21-4c55-4d3a-8f10-2b7c6d9e9e9e";
/// What is planted: an answer, a postcode, amounts, words, a name for a line, what somebody searches, what is on a list.
const PLANTED: [&str; 8] = ["zq9answer", "LU1 2AA", "918273.64", "zq9alarm", "zq9search", "564738", "LU12AA", KEPT];

/// Everything that can be asked, with something planted in each field. Paths and bodies.
fn requests() -> Vec<(&'static str, String)> {
    let answers =
        "a.safe=afraid&a.safe=zq9answer&a.zq9answer=x&a.risk=notice&a.tonight=no&helper=yes&postcode=LU1+2AA&council=E06000032";
    let amounts = "in-wages=918273.64&in-wages-how=weekly&out-home-other1=5647.38&out-home-other1-name=zq9alarm&debt-cards-owed=564738&debt-cards=918273.64&postcode=LU12AA";
    let list = format!("keep={KEPT}&keep=zq9answer&q=zq9search+rent&postcode=LU1+2AA");
    vec![
        ("/help/check", format!("{answers}&go=next")),
        ("/help/check", format!("at=safe&{answers}&go=next")),
        ("/help/check", format!("at=zq9answer&{answers}&go=back")),
        ("/help/check", format!("{answers}&go=result")),
        ("/help/check", "go=next&postcode=zq9search".to_owned()),
        ("/help/plan", answers.to_owned()),
        ("/help/budget", amounts.to_owned()),
        ("/help/budget", format!("{amounts}&out-food=zq9alarm")),
        ("/help/budget/plan", amounts.to_owned()),
        ("/directory/search", "q=zq9search+rent&postcode=LU1+2AA".to_owned()),
        ("/directory/whats-on", "postcode=LU1+2AA".to_owned()),
        ("/directory/shortlist", format!("{list}&helper=yes")),
        ("/directory/shortlist", format!("{list}&drop={KEPT}")),
        ("/directory/shortlist/more", list.clone()),
        ("/directory/search", list),
    ]
}

/// The same in another language, which is another address.
fn in_every_language() -> Vec<(String, String)> {
    ["", "/ur"]
        .iter()
        .flat_map(|language| requests().into_iter().map(move |(path, fields)| (format!("{language}{path}"), fields)))
        .collect()
}

async fn ask_everything(app: &TestApp) {
    for (path, fields) in in_every_language() {
        let answer = send(app, &path, &fields).await;
        assert!(matches!(answer.status.as_u16(), 200 | 400), "{path} {}", answer.status);
        assert_eq!((answer.header("cache-control"), answer.header("referrer-policy")), ("no-store", "no-referrer"), "{path}");
        assert!(answer.headers.get("set-cookie").is_none());
        let headers = format!("{:?}", answer.headers).to_lowercase();
        assert!(PLANTED.iter().all(|planted| !headers.contains(&planted.to_lowercase())), "{path}: {headers}");
        // Nothing goes on in an address of ours, only in the body of the next form. A search can be had as a link.
        for address in answer.text().split("href=\"/").skip(1).chain(answer.text().split("action=\"").skip(1)) {
            let address = address.split('"').next().unwrap().to_lowercase();
            assert!(
                path.ends_with("/directory/search") || PLANTED.iter().all(|planted| !address.contains(&planted.to_lowercase())),
                "{path}: {address}"
            );
        }
    }
    evaluate(app, json!({"answers": {"safe": ["afraid", "zq9answer"], "zq9answer": ["x"]}, "postcode": "LU1 2AA"})).await;
}

/// Rows of the database that hold the text, by table.
async fn rows_with(app: &TestApp, text: &str) -> Vec<String> {
    let db = sea_orm::Database::connect(app.config.database_url.as_str()).await.unwrap();
    let backend = db.get_database_backend();
    let ask = |sql: String| sea_orm::Statement::from_string(backend, sql);
    let tables = db
        .query_all_raw(ask("SELECT table_name::text FROM information_schema.tables WHERE table_schema = 'public'".to_owned()))
        .await
        .unwrap();
    let mut found = Vec::new();
    for table in tables {
        let table: String = table.try_get_by_index(0).unwrap();
        let sql = format!("SELECT count(*) FROM \"{table}\" AS t WHERE t::text ILIKE '%{text}%'");
        let count: i64 = db.query_one_raw(ask(sql)).await.unwrap().unwrap().try_get_by_index(0).unwrap();
        if count > 0 {
            found.push(format!("{table}: {count}"));
        }
    }
    db.close().await.unwrap();
    found
}

fact! {
    async fn nothing_of_the_people_is_in_database_files_or_metrics(app) {
        ready(&app).await;
        // What the directory itself holds anyway is told apart: this many before, as many after.
        let mut before = Vec::new();
        for planted in PLANTED {
            before.push((app.files_with(planted), if app.on == On::Postgres { rows_with(&app, planted).await } else { Vec::new() }));
        }
        assert!(before.iter().flat_map(|(files, rows)| files.iter().chain(rows)).count() < 20, "most of it is planted by nobody else: {before:?}");
        ask_everything(&app).await;
        app.follow().await;
        fingerpost::jobs::tidy(&app.served).await.unwrap();
        app.app().db.settle().await.unwrap();
        for (planted, before) in PLANTED.into_iter().zip(before) {
            let after = (app.files_with(planted), if app.on == On::Postgres { rows_with(&app, planted).await } else { Vec::new() });
            assert_eq!(after.1, before.1, "{planted}");
            let new: Vec<_> = after.0.iter().filter(|file| !before.0.contains(file) && !before.0.iter().any(|there| file.starts_with(there.trim_end_matches("-wal")))).collect();
            assert_eq!(new, Vec::<&String>::new(), "{planted}");
            let metrics = app.get("/metrics").await.text().to_lowercase();
            assert!(!metrics.contains(&planted.to_lowercase()), "{planted} in the metrics");
        }
    }
}

fact! {
    async fn browsers_may_fill_in_a_postcode_where_people_search_and_nothing_where_they_answer(app) {
        ready(&app).await;
        let field = |page: &str, name: &str| page.split(&format!("name=\"{name}\"")).nth(1).unwrap().split('>').next().unwrap().to_owned();
        for path in ["/", "/directory/search", "/directory/whats-on"] {
            let page = app.page(path).await.text();
            assert!(field(&page, "postcode").contains("autocomplete=\"postal-code\""), "{path}: {page}");
            assert!(!page.contains("name=\"q\"") || field(&page, "q").contains("autocomplete=\"off\""), "{path}: {page}");
        }
        let asked = send(&app, "/help/check", "a.tonight=no&go=result").await.text();
        for page in [app.page("/help/check").await.text(), app.page("/help/budget").await.text(), asked] {
            assert!(field(&page, "postcode").contains("autocomplete=\"off\""), "{page}");
            assert!(!page.contains("postal-code"), "{page}");
        }
    }
}

fact! {
    async fn who_is_not_safe_at_home_reads_what_the_device_keeps(app) {
        ready(&app).await;
        for fields in ["at=safe&a.safe=afraid&go=next", "a.safe=afraid&go=result"] {
            let page = send(&app, "/help/check", fields).await.text();
            for kept in ["may show in the history", "A call may show in its list of calls"] {
                assert!(page.contains(kept), "{fields}: {kept}: {page}");
            }
        }
        let demo = crate::support::Demo(app.served.router(true));
        let address = demo.page("/directory/guides/not-safe-at-home").await.header("location").to_owned();
        let guide = demo.page(&address).await.text();
        assert!(guide.contains("does not clear your history") && guide.contains("in the list of calls"), "{guide}");
    }
}

fact! {
    async fn the_title_of_a_place_says_nothing_where_most_of_it_is_to_be_kept_quiet(app) {
        let here = |link: &str, code: &str| {
            let mut more = at("of the Gamblers", 51.8787, -0.42, "LU1 2AA");
            more["service_at_locations"][0]["id"] = json!(id(link));
            more["attributes"] = json!([{"id": id(&format!("need of {link}")), "taxonomy_term": {"id": id(code), "code": code, "name": code, "description": code}}]);
            more
        };
        let title = async || {
            let page = app.page(&format!("/directory/places/{}", id("place of the Gamblers"))).await.text();
            assert!(page.contains("<h1>Hall of the Gamblers</h1>") && page.contains("Exit this page") && page.contains("tel:999"), "{page}");
            page.split("<title>").nth(1).unwrap().split(" – ").next().unwrap().to_owned()
        };
        app.take(&[service("Evening circle", "We talk.", here("first", "health-gambling"))]).await;
        assert_eq!(title().await, "A place");
        app.take(&[service("Tea", "We drink.", here("second", "social-company"))]).await;
        assert_eq!(title().await, "Hall of the Gamblers", "one of many things that are here");
    }
}

/// The program itself, with a log that says everything that it can say.
#[test]
fn nothing_of_the_people_is_in_the_log() {
    let folder = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_fingerpost"));
        command
            .args(arguments)
            .env_clear()
            .env("FINGERPOST_DATA_DIR", folder.path())
            .env("FINGERPOST_LISTEN", "127.0.0.1:0")
            .env("FINGERPOST_LOG", "trace");
        command
    };
    let mut checker = reviewed_checker();
    checker["review_by"] = json!("2999-01-01");
    let mut contacts = super::checked_contacts();
    for list in ["lines", "actions", "panels"] {
        for record in contacts[list].as_array_mut().unwrap() {
            record["review_by"] = json!("2999-01-01");
        }
    }
    for (name, body) in [("checker.json", checker), ("contacts.json", contacts)] {
        let file = folder.path().join(name);
        std::fs::write(&file, body.to_string()).unwrap();
        assert!(run(&["checker", "import", file.to_str().unwrap()]).output().unwrap().status.success());
    }
    let fixtures = std::path::absolute("fixtures/luton/directory.ndjson").unwrap();
    assert!(run(&["import", fixtures.to_str().unwrap()]).output().unwrap().status.success());
    assert!(run(&["checker", "publish", "--reviewed-by", "a test"]).output().unwrap().status.success());
    let log = folder.path().join("log");
    let mut server = run(&["serve"]).stdout(Stdio::piped()).stderr(std::fs::File::create(&log).unwrap()).spawn().unwrap();
    let mut first = String::new();
    BufReader::new(server.stdout.as_mut().unwrap()).read_line(&mut first).unwrap();
    let address = first.split("http://").nth(1).and_then(|rest| rest.split('/').next()).unwrap().to_owned();
    let ask = |head: &str, body: &str| {
        let mut stream = TcpStream::connect(&address).unwrap();
        write!(stream, "{head} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAccept: text/html\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}", body.len()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    };
    for _ in 0..400 {
        if ask("GET /readyz", "").contains("200 OK") {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(25));
    }
    for (path, fields) in in_every_language() {
        let answer = ask(&format!("POST {path}"), &fields);
        assert!(
            answer.starts_with("HTTP/1.1 200") || answer.starts_with("HTTP/1.1 400"),
            "{path}: {}",
            answer.lines().next().unwrap()
        );
    }
    let metrics = ask("GET /metrics", "").to_lowercase();
    server.kill().unwrap();
    server.wait().unwrap();
    let log = std::fs::read_to_string(log).unwrap().to_lowercase();
    assert!(log.contains("answered") && log.contains("/help/check"), "the log says that something was asked: {log}");
    for planted in PLANTED.map(str::to_lowercase) {
        assert!(!log.contains(&planted), "{planted} in the log");
        assert!(!metrics.contains(&planted), "{planted} in the metrics");
    }
    assert!(!log.contains("afraid") && !log.contains("a.safe"), "nor what was answered");
}
