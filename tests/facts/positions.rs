//! Positions: whoever asks "what came after n?" misses nothing and is shown nothing stale, however
//! many write at once. Two controls show that the obvious ways do miss, and do go stale.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
    time::Duration,
};

use fingerpost::{
    db::Database,
    model::{Document, Kind},
    published::{
        self, Position, Published,
        render::{self, Around},
    },
    records::{Draft, LastModified, Records},
};
use sea_orm::{ConnectionTrait as _, Statement};
use serde_json::{Value, json};
use uuid::Uuid;

use super::id;
use crate::support::{TestApp, fact};

const WRITERS: u64 = 16;
const ROUNDS: u64 = 25;

/// Numbers that look random and are the same every time.
fn dice(seed: u64) -> u64 {
    let mut x = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5851_f42d_4c95_7f2d;
    x ^= x >> 29;
    x.wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 40
}

async fn pause(seed: u64) {
    tokio::time::sleep(Duration::from_micros(dice(seed) % 3_000)).await;
}

fn organization(name: &str) -> Document {
    let value = json!({"id": id("the organization"), "name": name, "description": "They help."});
    Document::from_value(Kind::Organization, value).unwrap()
}

fn service(number: u64, name: &str) -> Document {
    let value = json!({"id": id(&format!("service {number}")), "name": name, "status": "active", "organization_id": id("the organization")});
    Document::from_value(Kind::Service, value).unwrap()
}

/// One writer: saves its own service, now and then the organization that all of them show, commits
/// slowly, and rolls some of it back.
async fn writer(records: Records, number: u64) {
    for round in 0..ROUNDS {
        let seed = number * 1_000 + round;
        let document = if dice(seed).is_multiple_of(4) {
            organization(&format!("Name {number}.{round}"))
        } else {
            service(number, &format!("Round {round}"))
        };
        let tx = records.database().write().await.unwrap();
        let saved = records.save(&tx, &TestApp::person("a race"), vec![Draft::new(document)], &LastModified::new()).await;
        saved.unwrap();
        pause(seed).await;
        if dice(seed + 7).is_multiple_of(5) {
            tx.roll_back().await.unwrap();
        } else {
            tx.commit().await.unwrap();
        }
        pause(seed + 13).await;
    }
}

/// A reader that polls: what it has seen of each id.
async fn reader(db: Database, stop: Arc<AtomicBool>) -> HashMap<Uuid, (Position, String)> {
    let mut seen = HashMap::new();
    let mut position = Position::ZERO;
    loop {
        let last_round = stop.load(Ordering::SeqCst);
        let rows = published::after(&db, position, 7).await.unwrap();
        for row in &rows {
            assert!(row.position > position, "positions only grow");
            position = row.position;
            seen.insert(row.id, (row.position, row.full.clone()));
        }
        if rows.is_empty() && last_round {
            return seen;
        }
        if rows.is_empty() {
            tokio::time::sleep(Duration::from_micros(300)).await;
        }
    }
}

/// How often a service was seen that shows another name of its organisation than this has at that moment.
async fn stale(db: Database, stop: Arc<AtomicBool>) -> u64 {
    let mut seen = 0;
    while !stop.load(Ordering::SeqCst) {
        let snapshot = db.snapshot().await.unwrap();
        let rows = published::after_in(&snapshot, Position::ZERO, 1_000).await.unwrap();
        snapshot.roll_back().await.unwrap();
        let read = |row: &Published| serde_json::from_str::<Value>(&row.full).unwrap();
        let name = rows.iter().find(|row| row.kind == Kind::Organization).map(read).unwrap()["name"].clone();
        let services = rows.iter().filter(|row| row.kind == Kind::Service).map(read);
        seen += services.filter(|service| service["organization"]["name"] != name).count() as u64;
        tokio::time::sleep(Duration::from_micros(300)).await;
    }
    seen
}

fact! {
    async fn case_42_sixteen_writers_and_a_polling_reader_miss_nothing_and_show_nothing_stale(app) {
        let records = app.app().records.clone();
        app.save(vec![Draft::new(organization("First name"))]).await;
        let stop = Arc::new(AtomicBool::new(false));
        let reading = tokio::spawn(reader(app.app().db.clone(), stop.clone()));
        let looking = tokio::spawn(stale(app.app().db.clone(), stop.clone()));
        let writing: Vec<_> = (0..WRITERS).map(|number| tokio::spawn(writer(records.clone(), number))).collect();
        for one in writing {
            one.await.unwrap();
        }
        stop.store(true, Ordering::SeqCst);
        let seen = reading.await.unwrap();
        assert_eq!(looking.await.unwrap(), 0, "at no moment");
        let name = match records.find(id("the organization")).await.unwrap().unwrap().read().unwrap() {
            Document::Organization(doc) => doc.name,
            other => panic!("{other:?}"),
        };
        let mut services = 0;
        for kind in [Kind::Organization, Kind::Service] {
            for row in published::by_kind(&app.app().db, kind, None, 1_000).await.unwrap() {
                assert_eq!(seen.get(&row.id), Some(&(row.position, row.full.clone())), "the reader has the latest of {}", row.id);
                if kind == Kind::Service {
                    services += 1;
                    assert!(row.full.contains(&format!("{name:?}")), "{} shows the organization as it is now: {}", row.id, row.full);
                }
            }
        }
        assert!(services > 10, "{services}");
        let head = app.app().head().await.unwrap();
        app.follow().await;
        assert_eq!(app.served.directory.shelf.position(), head.position);
    }
}

fact! {
    async fn what_is_published_behind_something_does_not_say_that_it_changed_before_it(app) {
        app.save(vec![Draft::new(organization("First name")), Draft::new(service(1, "First"))]).await;
        let tx = app.app().db.write().await.unwrap();
        let locked = published::lock(&tx).await.unwrap();
        let records = app.app().records.clone();
        let slow = tokio::spawn(async move {
            records.save_now(&TestApp::person("a slow one"), vec![Draft::new(service(1, "Second"))], &LastModified::new()).await
        });
        tokio::time::sleep(Duration::from_millis(300)).await;
        // What was published meanwhile is the latest that a reader knows, and what it asks from.
        app.clock.set(app.clock.now() + chrono::Duration::seconds(1));
        let known = fingerpost::clock::rfc3339(app.clock.now());
        published::finish(&tx, locked).await.unwrap();
        tx.commit().await.unwrap();
        slow.await.unwrap().unwrap();
        app.follow().await;
        assert_eq!(app.ids(&format!("/services?modified_after={known}")).await, [id("service 1").to_string()]);
    }
}

/// A connection of the test's own, for tables that the product does not have.
async fn plain(app: &TestApp) -> Plain {
    Plain(sea_orm::Database::connect(app.config.database_url.as_str()).await.unwrap())
}

#[derive(Clone)]
struct Plain(sea_orm::DatabaseConnection);

impl Plain {
    async fn execute(&self, sql: &str) {
        self.0.execute_unprepared(sql).await.unwrap();
    }

    async fn column<T: sea_orm::TryGetable>(&self, sql: &str) -> Vec<T> {
        let rows = self.0.query_all_raw(Statement::from_string(self.0.get_database_backend(), sql)).await.unwrap();
        rows.iter().map(|row| row.try_get_by_index(0).unwrap()).collect()
    }
}

fact! {
    async fn control_numbers_taken_before_the_commit_are_missed(app) {
        let db = plain(&app).await;
        db.execute("CREATE TABLE naive (number BIGINT PRIMARY KEY)").await;
        let sequence = Arc::new(AtomicI64::new(0));
        let stop = Arc::new(AtomicBool::new(false));
        let (reading_db, reading_stop) = (db.clone(), stop.clone());
        let reading = tokio::spawn(async move {
            let (mut seen, mut last) = (0_u64, 0_i64);
            loop {
                let last_round = reading_stop.load(Ordering::SeqCst);
                let found: Vec<i64> = reading_db.column(&format!("SELECT number FROM naive WHERE number > {last} ORDER BY number")).await;
                seen += found.len() as u64;
                last = found.last().copied().unwrap_or(last);
                if found.is_empty() && last_round {
                    return seen;
                }
                tokio::time::sleep(Duration::from_micros(200)).await;
            }
        });
        let writing: Vec<_> = (0..WRITERS)
            .map(|number| {
                let (db, sequence) = (db.clone(), sequence.clone());
                tokio::spawn(async move {
                    for round in 0..ROUNDS {
                        // As a database sequence does: the number is taken at once, and for good.
                        let taken = sequence.fetch_add(1, Ordering::SeqCst) + 1;
                        pause(number * 1_000 + round).await;
                        db.execute(&format!("INSERT INTO naive VALUES ({taken})")).await;
                    }
                })
            })
            .collect();
        for one in writing {
            one.await.unwrap();
        }
        stop.store(true, Ordering::SeqCst);
        let seen = reading.await.unwrap();
        assert!(seen < WRITERS * ROUNDS, "a sequence would have done: {seen} of {}", WRITERS * ROUNDS);
    }
}

/// What is published of a document beside an organisation that is read at the moment.
fn render(document: Document, organization: &Published) -> Published {
    let beside = Document::from_json(Kind::Organization, &organization.full).unwrap();
    let around = Around { documents: HashMap::from([(organization.id, beside)]), ..Around::default() };
    let (id, kind) = (document.id(), document.kind());
    let rendered = render::render(document, &around, organization.changed_at, false).remove(0);
    Published { id, kind, full: rendered.full, brief: rendered.brief, ..organization.clone() }
}

/// The same writer, but that it renders its service before it takes the lock.
async fn hasty_writer(db: Database, number: u64) {
    let standing = async |kind| published::by_kind(&db, kind, None, 1_000).await.unwrap();
    for round in 0..ROUNDS {
        let seed = number * 1_000 + round;
        let mut early = Vec::new();
        if !dice(seed).is_multiple_of(4) {
            early.push(render(service(number, &format!("Round {round}")), &standing(Kind::Organization).await[0]));
            pause(seed).await;
        }
        let tx = db.write().await.unwrap();
        let mut locked = published::lock(&tx).await.unwrap();
        let rows = if early.is_empty() {
            let before = standing(Kind::Organization).await.remove(0);
            let renamed = render(organization(&format!("Name {number}.{round}")), &before);
            let services = standing(Kind::Service).await.into_iter();
            let services = services.map(|row| render(Document::from_json(Kind::Service, &row.full).unwrap(), &renamed));
            services.chain([renamed.clone()]).collect()
        } else {
            early
        };
        let rows: Vec<Published> = rows.into_iter().map(|row| Published { position: locked.take(), ..row }).collect();
        published::put(&tx, &rows).await.unwrap();
        published::finish(&tx, locked).await.unwrap();
        tx.commit().await.unwrap();
        pause(seed + 13).await;
    }
}

fact! {
    async fn control_rendering_before_the_lock_goes_stale(app) {
        app.save(vec![Draft::new(organization("First name"))]).await;
        let stop = Arc::new(AtomicBool::new(false));
        let looking = tokio::spawn(stale(app.app().db.clone(), stop.clone()));
        let writing: Vec<_> = (0..WRITERS).map(|number| tokio::spawn(hasty_writer(app.app().db.clone(), number))).collect();
        for one in writing {
            one.await.unwrap();
        }
        stop.store(true, Ordering::SeqCst);
        assert!(looking.await.unwrap() > 0, "rendering early would have done");
    }
}
