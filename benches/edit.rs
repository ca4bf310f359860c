//! `cargo bench --bench edit`: a single durable edit of one service among many, against the line
//! of SQLite alone (document, full text and R-tree in one durable commit), in turn in one run.

#![allow(clippy::unwrap_used, missing_docs, reason = "a benchmark that cannot run has nothing to say")]

use std::time::{Duration, Instant};

use fingerpost::{
    app::App,
    clock::Clock,
    config::Config,
    db::Durability,
    importing::Options,
    model::{Document, Kind},
    records::{Caller, Draft, Entrance, LastModified},
};
use sea_orm::ConnectionTrait as _;

/// Edits in a round.
const EDITS: u32 = 200;
/// Rounds, each of us and of the line.
const ROUNDS: usize = 5;

async fn ours(app: &App, ids: &[uuid::Uuid], round: u32) -> Duration {
    let caller = Caller { name: "bench".to_owned(), why: "a measurement".to_owned(), entrance: Entrance::Person };
    let began = Instant::now();
    for (number, id) in (0..EDITS).zip(ids.iter().cycle()) {
        let stored = app.records.find(*id).await.unwrap().unwrap();
        let mut document = stored.read().unwrap();
        if let Document::Service(service) = &mut document {
            service.alert = Some(format!("Round {round}, edit {number}"));
        }
        let draft = Draft { expected_revision: Some(stored.kept.revision), ..Draft::new(document) };
        app.records.save_now(&caller, vec![draft], &LastModified::new()).await.unwrap();
    }
    began.elapsed() / EDITS
}

async fn line(db: &sea_orm::DatabaseConnection, document: &str, round: u32) -> Duration {
    let text = document.replace('\'', "''");
    let began = Instant::now();
    for number in 0..EDITS {
        let rid = round * EDITS + number;
        let sql = format!(
            "BEGIN IMMEDIATE; INSERT INTO doc VALUES ({rid}, '{text}'); INSERT INTO words (rowid, name, description) VALUES ({rid}, 'Debt advice {rid}', 'Help with debts and letters'); INSERT INTO places VALUES ({rid}, 51.8, 51.8, -0.4, -0.4); COMMIT"
        );
        db.execute_unprepared(&sql).await.unwrap();
    }
    began.elapsed() / EDITS
}

#[tokio::main]
async fn main() {
    // Run as a test (`cargo test --benches`) it only shows that it builds.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let settings = [("FINGERPOST_DATA_DIR".to_owned(), folder.path().display().to_string())];
    let app = App::open(Config::read(None, settings).unwrap(), Clock::System, Durability::Full).await.unwrap();
    let fixtures = std::fs::read("fixtures/luton/directory.ndjson").unwrap();
    app.importer().run(std::io::Cursor::new(fixtures), &Options::default(), |_| {}).await.unwrap();
    let services = app.records.by_kind(Kind::Service, None, 100).await.unwrap();
    let ids: Vec<uuid::Uuid> = services.iter().map(|stored| stored.id).collect();

    let mut options = sea_orm::ConnectOptions::new(format!("sqlite:{}?mode=rwc", folder.path().join("line.db").display()));
    options
        .max_connections(1)
        .sqlx_logging(false)
        .map_sqlx_sqlite_opts(|sqlite| sqlite.pragma("journal_mode", "WAL").pragma("synchronous", "FULL"));
    let db = sea_orm::Database::connect(options).await.unwrap();
    for sql in [
        "CREATE TABLE doc (rid INTEGER PRIMARY KEY, doc TEXT)",
        "CREATE VIRTUAL TABLE words USING fts5(name, description)",
        "CREATE VIRTUAL TABLE places USING rtree(id, minlat, maxlat, minlon, maxlon)",
    ] {
        db.execute_unprepared(sql).await.unwrap();
    }

    let mut rounds = Vec::new();
    for round in 0..u32::try_from(ROUNDS).unwrap() {
        rounds.push((ours(&app, &ids, round).await, line(&db, &services[0].document, round).await));
    }
    let mut ratios: Vec<f64> = rounds.iter().map(|(ours, line)| line.as_secs_f64() / ours.as_secs_f64()).collect();
    ratios.sort_by(f64::total_cmp);
    for (ours, line) in &rounds {
        println!("an edit {ours:?}, the line {line:?}");
    }
    println!(
        "ratio (line / ours; more is better): {:.2}, from {:.2} to {:.2}; goal 0.5",
        ratios[ROUNDS / 2],
        ratios[0],
        ratios[ROUNDS - 1]
    );
    // For benches/run.
    let in_us = |pick: fn(&(Duration, Duration)) -> Duration| {
        rounds.iter().map(|round| pick(round).as_secs_f64() * 1e6).collect::<Vec<_>>()
    };
    println!("MEASURED {}", serde_json::json!({"ours_us": in_us(|round| round.0), "line_us": in_us(|round| round.1)}));
}
