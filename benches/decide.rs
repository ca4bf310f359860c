//! `cargo bench --bench decide`: what an editor's save and a moderator's decision take, against one
//! durable transaction of SQLite that writes the same document, in turn in one run.

#![allow(clippy::unwrap_used, missing_docs, reason = "a benchmark that cannot run has nothing to say")]

use std::time::{Duration, Instant};

use fingerpost::{
    app::App,
    clock::Clock,
    config::Config,
    db::Durability,
    editing::{Editing, Judgement, Submission, Write},
    identity::{Actor, MemberRole, Membership, PlatformRole},
    importing::Options,
    model::{Document, Kind},
};
use sea_orm::ConnectionTrait as _;
use uuid::Uuid;

/// Saves, decisions and transactions in a round.
const EACH: u32 = 100;
/// Rounds, each of all three.
const ROUNDS: u32 = 5;

struct Bench {
    app: App,
    editing: Editing,
    editor: Actor,
    moderator: Actor,
    services: Vec<Uuid>,
}

impl Bench {
    /// An edit of a service by somebody who keeps it: of what stands at once, or of what waits.
    async fn edit(&self, id: Uuid, with: impl FnOnce(&mut fingerpost::model::Service)) -> Vec<Uuid> {
        let stored = self.app.records.find(id).await.unwrap().unwrap();
        let Document::Service(mut service) = stored.read().unwrap() else { panic!("a service") };
        with(&mut service);
        let write = Write { document: Document::Service(service), expected_revision: Some(stored.kept.revision) };
        let submission = Submission { writes: vec![write], why: "a measurement".to_owned(), ..Submission::default() };
        self.editing.submit(&self.editor, submission).await.unwrap().proposals
    }

    async fn saves(&self, round: u32) -> Duration {
        let began = Instant::now();
        for (number, id) in (0..EACH).zip(self.services.iter().cycle()) {
            self.edit(*id, |service| service.fees_description = Some(format!("Round {round}, edit {number}"))).await;
        }
        began.elapsed() / EACH
    }

    async fn decisions(&self, round: u32) -> Duration {
        let mut taken = Duration::ZERO;
        for (number, id) in (0..EACH).zip(self.services.iter().cycle()) {
            let proposals = self.edit(*id, |service| service.name = format!("Round {round}, name {number}")).await;
            let proposal = self.app.records.proposal(proposals[0]).await.unwrap().unwrap();
            let revision = self.app.records.find(*id).await.unwrap().unwrap().kept.revision;
            let judgement = Judgement { revision, version: proposal.version(), ..Judgement::default() };
            let began = Instant::now();
            self.editing.decide(&self.moderator, proposal.id, judgement).await.unwrap();
            taken += began.elapsed();
        }
        taken / EACH
    }
}

async fn transactions(db: &sea_orm::DatabaseConnection, document: &str) -> Duration {
    let text = document.replace('\'', "''");
    let began = Instant::now();
    for _ in 0..EACH {
        let sql = format!("BEGIN IMMEDIATE; INSERT INTO doc (doc) VALUES ('{text}'); COMMIT");
        db.execute_unprepared(&sql).await.unwrap();
    }
    began.elapsed() / EACH
}

async fn bench(folder: &std::path::Path) -> Bench {
    let settings = [("FINGERPOST_DATA_DIR".to_owned(), folder.display().to_string())];
    let app = App::open(Config::read(None, settings).unwrap(), Clock::System, Durability::Full).await.unwrap();
    let fixtures = std::fs::read("fixtures/luton/directory.ndjson").unwrap();
    app.importer().run(std::io::Cursor::new(fixtures), &Options::default(), |_| {}).await.unwrap();
    let identity = app.identity();
    let tx = identity.write().await.unwrap();
    let editor = identity.welcome(&tx, &"editor@example.org".parse().unwrap()).await.unwrap();
    let moderator =
        identity.give_role(&tx, &"moderator@example.org".parse().unwrap(), Some(PlatformRole::Moderator)).await.unwrap();
    tx.commit().await.unwrap();
    let editing = app.editing(&"https://directory.example.org/".parse().unwrap());
    let mut kept = Vec::new();
    let mut services = Vec::new();
    let moderator = Actor::person(moderator.id, moderator.role, Vec::new());
    for stored in app.records.by_kind(Kind::Service, None, 200).await.unwrap() {
        let sight = editing.look(&moderator, stored.id).await.unwrap();
        // Of protected listings nothing stands at once.
        if sight.protected || !sight.is_public() {
            continue;
        }
        let since = stored.kept.changed_at;
        kept.extend(sight.owners.iter().map(|organisation| Membership {
            organisation: *organisation,
            person: editor.id,
            role: MemberRole::Lead,
            since,
        }));
        services.push(stored.id);
    }
    Bench { editor: Actor::person(editor.id, None, kept), app, editing, moderator, services }
}

fn middle(mut all: Vec<f64>) -> f64 {
    all.sort_by(f64::total_cmp);
    all[all.len() / 2]
}

#[tokio::main]
async fn main() {
    // Run as a test (`cargo test --benches`) it only shows that it builds.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let bench = bench(folder.path()).await;
    let document = bench.app.records.find(bench.services[0]).await.unwrap().unwrap().document;
    let mut options = sea_orm::ConnectOptions::new(format!("sqlite:{}?mode=rwc", folder.path().join("line.db").display()));
    options
        .max_connections(1)
        .sqlx_logging(false)
        .map_sqlx_sqlite_opts(|sqlite| sqlite.pragma("journal_mode", "WAL").pragma("synchronous", "FULL"));
    let db = sea_orm::Database::connect(options).await.unwrap();
    db.execute_unprepared("CREATE TABLE doc (rid INTEGER PRIMARY KEY, doc TEXT)").await.unwrap();

    let (mut saves, mut decisions) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let line = transactions(&db, &document).await;
        let saved = bench.saves(round).await;
        let decided = bench.decisions(round).await;
        let ratio = |took: Duration| took.as_secs_f64() / line.as_secs_f64();
        println!(
            "round {round}: one durable transaction {:.2} ms; save {:.2} ms, {:.2} of it; decide {:.2} ms, {:.2} of it",
            line.as_secs_f64() * 1e3,
            saved.as_secs_f64() * 1e3,
            ratio(saved),
            decided.as_secs_f64() * 1e3,
            ratio(decided)
        );
        saves.push(ratio(saved));
        decisions.push(ratio(decided));
    }
    println!(
        "in the middle: save {:.2}, decide {:.2} times one durable transaction (goal: at most 2)",
        middle(saves),
        middle(decisions)
    );
}
