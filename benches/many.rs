//! `cargo bench --bench many -- [PEERS [RECORDS [DAYS]]]`: one directory that follows many, of which one
//! record in a hundred changes each day. The peers are real sockets in this process; the clock is set, a
//! quarter of an hour at a time, so a day takes as long as the work in it. Says how many requests that
//! are, how many bytes, how old a change is when it is here, and how much of a core it takes.

#![allow(clippy::unwrap_used, missing_docs, reason = "a benchmark that cannot run has nothing to say")]

use std::{
    sync::{Arc, Mutex},
    time::Instant,
};

use axum::{
    Router,
    extract::{Query, State},
    response::{IntoResponse as _, Response},
    routing::get,
};
use chrono::{DateTime, Duration, Utc};
use fingerpost::{
    app::App,
    clock::Clock,
    config::Config,
    db::Durability,
    federation::{
        neighbours::New,
        peers::{self, Trust},
    },
};
use http::HeaderMap;
use serde_json::{Value, json};
use tokio::task::JoinSet;

/// Looks in a day.
const STEPS: i64 = 96;
/// One record in so many changes in a day.
const CHURN: usize = 100;
const BEGAN: i64 = 1_764_000_000_000_000;

/// A peer.
struct Town {
    origin: String,
    /// For each record, its latest number and how often it has changed.
    records: Vec<(i64, u32)>,
    head: i64,
    requests: u64,
    bytes: u64,
    /// Changes that are not there yet, with their moments.
    pending: Vec<(i64, DateTime<Utc>)>,
}

type Shared = Arc<Mutex<Town>>;

async fn discovery(State(town): State<Shared>) -> Response {
    let origin = town.lock().unwrap().origin.clone();
    let document = json!({
        "protocol": "open-directory/1", "versions": ["1.0"], "origin": origin, "level": 1, "publisher": {"name": origin}, "epoch": "first",
        "feeds": [{"scope": "own", "kinds": ["service"], "url": format!("{origin}federation/v1/changes"), "format": "rpde-1.0+fed"}],
        "license": {"url": "https://creativecommons.org/licenses/by/4.0/", "attribution": ""}
    });
    axum::Json(document).into_response()
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct After {
    #[serde(default)]
    after_change_number: i64,
}

async fn changes(State(town): State<Shared>, Query(after): Query<After>, headers: HeaderMap) -> Response {
    let mut town = town.lock().unwrap();
    town.requests += 1;
    let after = after.after_change_number;
    let tag = format!("\"{after}-{}\"", town.head);
    if headers.get("if-none-match").is_some_and(|known| known == tag.as_str()) {
        return http::StatusCode::NOT_MODIFIED.into_response();
    }
    let mut told: Vec<(i64, usize, u32)> = town
        .records
        .iter()
        .enumerate()
        .map(|(number, (rev, times))| (*rev, number, *times))
        .filter(|(rev, ..)| *rev > after)
        .collect();
    told.sort_unstable();
    told.truncate(500);
    let last = told.last().map_or(after, |(rev, ..)| *rev);
    let origin = &town.origin;
    let items: Vec<Value> = told
        .into_iter()
        .map(|(rev, number, times)| {
            let data = json!({
                "id": format!("service-{number}"), "name": format!("Club {number}"), "status": "active",
                "description": format!("A club for everybody who lives near it, told for the {times}th time. {}", "Tea and talk. ".repeat(60)),
                "organization_id": "holder"
            });
            let (kind, id, data) = if number == 0 {
                ("organization", "holder".to_owned(), json!({"id": "holder", "name": "Holder", "description": format!("{times}")}))
            } else {
                ("service", format!("service-{number}"), data)
            };
            json!({"state": "updated", "kind": kind, "id": id, "modified": rev, "data": data})
        })
        .collect();
    let body = json!({
        "items": items, "next": format!("{origin}federation/v1/changes?afterChangeNumber={last}"), "license": "x", "epoch": "first",
        "feed": {"origin": origin, "scope": "own", "head": town.head, "min_safe": BEGAN}
    })
    .to_string();
    town.bytes += body.len() as u64;
    ([("content-type", "application/json".to_owned()), ("etag", tag)], body).into_response()
}

async fn town(records: usize) -> Shared {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}/", listener.local_addr().unwrap());
    let records: Vec<(i64, u32)> = (0..=records).zip(BEGAN + 1..).map(|(_, rev)| (rev, 1)).collect();
    let head = BEGAN + i64::try_from(records.len()).unwrap();
    let town = Arc::new(Mutex::new(Town { origin, records, head, requests: 0, bytes: 0, pending: Vec::new() }));
    let router = Router::new()
        .route("/.well-known/open-directory", get(discovery))
        .route("/federation/v1/changes", get(changes))
        .with_state(town.clone());
    tokio::spawn(async move { axum::serve(listener, router).await });
    town
}

/// Pull from everybody who is due.
async fn pull_all(app: &App) {
    let harvester = app.harvester();
    let mut running = JoinSet::new();
    while !peers::due(&app.db, app.clock.now(), 1).await.unwrap().is_empty() {
        harvester.pull_due(&mut running).await.unwrap();
        running.join_next().await;
    }
    running.join_all().await;
}

/// Seconds of processor time that this process has taken.
fn processor() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let ticks: Vec<u32> =
        stat.rsplit(')').next().unwrap_or_default().split(' ').skip(12).take(2).filter_map(|part| part.parse().ok()).collect();
    f64::from(ticks.iter().sum::<u32>()) / 100.0
}

#[tokio::main]
async fn main() {
    // Run as a test (`cargo test --benches`) it only shows that it builds.
    let numbers: Vec<usize> = std::env::args().filter_map(|argument| argument.parse().ok()).collect();
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let (many, records, days) =
        (numbers.first().copied().unwrap_or(400), numbers.get(1).copied().unwrap_or(100), numbers.get(2).copied().unwrap_or(1));
    let folder = tempfile::tempdir().unwrap();
    let settings = [
        ("FINGERPOST_DATA_DIR".to_owned(), folder.path().display().to_string()),
        ("FINGERPOST_ALLOW_PRIVATE_PEERS".to_owned(), "127.0.0.0/8".to_owned()),
    ];
    let clock = Clock::fixed("2026-11-22T12:00:00Z".parse().unwrap());
    let app = App::open(Config::read(None, settings).unwrap(), clock.clone(), Durability::Batched).await.unwrap();
    let mut towns = Vec::new();
    for _ in 0..many {
        let town = town(records).await;
        let url = town.lock().unwrap().origin.parse().unwrap();
        let new = New { url, name: None, kind: None, trust: Trust::Auto, every_seconds: 900, licence: None };
        app.harvester().add_peer(new).await.unwrap();
        towns.push(town);
    }
    let began = Instant::now();
    pull_all(&app).await;
    let first = began.elapsed().as_secs_f64();
    let asked = |of: fn(&Town) -> u64| towns.iter().map(|town| of(&town.lock().unwrap())).sum::<u64>();
    let (requests, bytes, cores) = (asked(|town| town.requests), asked(|town| town.bytes), processor());
    let (began, mut lags, mut owed) = (Instant::now(), Vec::new(), 0.0_f64);
    let steps = STEPS * i64::try_from(days).unwrap();
    let mut chosen = 0_usize;
    for _ in 0..steps {
        clock.set(clock.now() + Duration::minutes(15));
        #[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
        let share = (many * records) as f64 / (CHURN as f64 * STEPS as f64);
        owed += share;
        while owed >= 1.0 {
            owed -= 1.0;
            // Spread over all peers and their records, the same in every run.
            chosen = (chosen * 25_173 + 13_849) % 65_536;
            let mut town = towns[chosen % many].lock().unwrap();
            town.head += 1;
            let (head, which) = (town.head, 1 + chosen / many % records);
            town.records[which] = (head, town.records[which].1 + 1);
            town.pending.push((head, clock.now()));
        }
        pull_all(&app).await;
        let known = peers::all(&app.db).await.unwrap();
        for town in &towns {
            let mut town = town.lock().unwrap();
            let after = known.iter().find(|peer| peer.origin == town.origin).map_or(0, |peer| peer.cursor.after);
            lags.extend(town.pending.extract_if(.., |(rev, _)| *rev <= after).map(|(_, at)| (clock.now() - at).num_seconds()));
        }
    }
    lags.sort_unstable();
    let took = began.elapsed().as_secs_f64();
    let waiting: usize = towns.iter().map(|town| town.lock().unwrap().pending.len()).sum();
    let at = |part: usize| lags.get((lags.len() * part / 100).min(lags.len().saturating_sub(1))).copied().unwrap_or(0);
    println!(
        "{}",
        json!({
            "peers": many, "records": many * records, "days": days, "first_pull_seconds": first, "seconds": took,
            "requests": asked(|town| town.requests) - requests, "bytes": asked(|town| town.bytes) - bytes,
            "processor_seconds": processor() - cores, "changes": lags.len(), "changes_waiting": waiting,
            "lag_seconds": {"median": at(50), "of_95": at(95), "most": at(100)}
        })
    );
}
