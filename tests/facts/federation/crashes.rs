//! A pull that is killed in the middle, as a process: whatever was written belongs together.

use std::{
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use fingerpost::{
    federation::peers::{self, Outcome, Trust},
    model::Kind,
};
use sea_orm::{ConnectionTrait as _, DatabaseConnection};
use serde_json::Value;

use super::super::listings;
use crate::support::{On, liar::Liar, network::Node, peer::Reply};

/// `fingerpost peer pull` in a process of its own, on the node's database.
fn pull_as_a_process(here: &Node) -> Child {
    Command::new(env!("CARGO_BIN_EXE_fingerpost"))
        .args(["peer", "pull", "1", "--json"])
        .env("FINGERPOST_DATA_DIR", here.app.folder.path())
        .env("FINGERPOST_DATABASE_URL", here.app.config.database_url.as_str())
        .env("FINGERPOST_PUBLIC_URL", here.url.as_str())
        .env("FINGERPOST_ALLOW_PRIVATE_PEERS", "127.0.0.1/32")
        .env("FINGERPOST_LOG", "error")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

async fn tried_on(on: On) {
    let Some(killed) = Node::start(on, "Killed").await else { return };
    let Some(calm) = Node::start(on, "Calm").await else { return };
    let liar = Liar::start().await;
    liar.tell_services(60);
    liar.page_items(10);
    let of_calm = calm.follows(&liar.url(), Trust::Auto).await;
    calm.pull(&of_calm).await;
    let of_killed = killed.follows(&liar.url(), Trust::Auto).await;

    for kill_at in 1..=3 {
        // The page after the last one that is applied takes long enough to be killed in it.
        let pages = Arc::new(AtomicUsize::new(0));
        let count = pages.clone();
        liar.twist(move |seen, page| {
            let is_page = seen.path.contains("/changes");
            let reply = Reply::json(page.to_string());
            if is_page && count.fetch_add(1, Ordering::SeqCst) >= kill_at { reply.late(Duration::from_mins(1)) } else { reply }
        });
        let mut child = pull_as_a_process(&killed);
        while pages.load(Ordering::SeqCst) <= kill_at {
            assert!(child.try_wait().unwrap().is_none(), "it ended by itself");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        child.kill().unwrap();
        child.wait().unwrap();
        let standing = killed.peer(&of_killed).await.cursor.after;
        let there = many(&killed).await;
        // Nothing is applied before the first page, however far the next one is under way.
        let pages_applied = (standing - crate::support::liar::BEGAN).max(0) / 10;
        assert_eq!(i64::try_from(there).unwrap(), pages_applied * 10, "records and cursor belong together");
        // Whoever was killed still has the lease; five minutes later somebody else may go on.
        let after = peers::lease(
            &killed.app.app().db,
            of_killed.id,
            chrono::Utc::now() + chrono::Duration::minutes(6),
            chrono::Duration::seconds(-600),
        );
        assert!(after.await.unwrap().is_some());
    }
    liar.repent();
    let child = pull_as_a_process(&killed);
    let output = tokio::task::spawn_blocking(move || child.wait_with_output()).await.unwrap().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(output.status.success(), "{report}");
    assert_eq!(report["outcome"], "ok");
    killed.app.follow().await;
    assert_eq!(killed.services().await, calm.services().await);
    assert_eq!(killed.peer(&of_killed).await.cursor.after, calm.peer(&of_calm).await.cursor.after);
    let asked = liar.asked().len();
    killed.pull(&of_killed).await;
    assert_eq!(liar.asked().len(), asked + 1, "nothing more to ask for");
    killed.end().await;
    calm.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn case_02_a_pull_that_is_killed_between_pages_goes_on_and_ends_as_one_that_was_not_on_sqlite() {
    Box::pin(tried_on(On::Sqlite)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn case_02_a_pull_that_is_killed_between_pages_goes_on_and_ends_as_one_that_was_not_on_postgres() {
    Box::pin(tried_on(On::Postgres)).await;
}

/// A database in which whoever publishes one document more stands still.
struct StandingStill {
    on: On,
    db: DatabaseConnection,
}

impl StandingStill {
    /// From when on `full` documents are published.
    async fn at(here: &Node, full: u64) -> Self {
        let slow = match here.app.on {
            On::Sqlite => format!(
                "CREATE TRIGGER slow BEFORE INSERT ON published WHEN (SELECT COUNT(*) FROM published) >= {full} BEGIN \
                 SELECT COUNT(*) FROM (WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c LIMIT 1000000000) SELECT x FROM c); END"
            ),
            On::Postgres => format!(
                "CREATE FUNCTION wait() RETURNS trigger AS $$ BEGIN IF (SELECT COUNT(*) FROM published) >= {full} THEN \
                 PERFORM pg_sleep(60); END IF; RETURN NEW; END $$ LANGUAGE plpgsql; \
                 CREATE TRIGGER slow BEFORE INSERT ON published FOR EACH ROW EXECUTE FUNCTION wait()"
            ),
        };
        let db = sea_orm::Database::connect(here.app.config.database_url.as_str()).await.unwrap();
        db.execute_unprepared(&slow).await.unwrap();
        Self { on: here.app.on, db }
    }

    /// Kill whoever stands still in it, and let others go on.
    async fn kill(self, mut child: Child) {
        assert!(child.try_wait().unwrap().is_none(), "it stands still");
        child.kill().unwrap();
        child.wait().unwrap();
        let mend = match self.on {
            On::Sqlite => "DROP TRIGGER slow",
            On::Postgres => {
                // It does not notice by itself that nobody waits for it any more.
                self.db.execute_unprepared(END_SLEEPERS).await.unwrap();
                "DROP TRIGGER slow ON published"
            }
        };
        self.db.execute_unprepared(mend).await.unwrap();
        self.db.close().await.unwrap();
    }
}

const END_SLEEPERS: &str =
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'";

async fn tried_in_the_middle_on(on: On) {
    let Some(here) = Node::start(on, "Killed").await else { return };
    let liar = Liar::start().await;
    let peer = here.follows_services_of(&liar, 3).await;
    let before = here.state(&peer).await;
    liar.tell_services(6);
    // In the middle of a page: its records are written, and what is published is not.
    let still = StandingStill::at(&here, 0).await;
    let asked = liar.asked().len();
    let mut child = pull_as_a_process(&here);
    while liar.asked().len() == asked {
        assert!(child.try_wait().unwrap().is_none(), "it ended by itself");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    // Judging so few records takes no time.
    tokio::time::sleep(Duration::from_secs(3)).await;
    still.kill(child).await;
    assert_eq!(here.state(&peer).await, before, "neither records nor the cursor");
    here.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn case_02_a_pull_that_is_killed_in_the_middle_of_a_page_has_applied_nothing_of_it_on_sqlite() {
    Box::pin(tried_in_the_middle_on(On::Sqlite)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn case_02_a_pull_that_is_killed_in_the_middle_of_a_page_has_applied_nothing_of_it_on_postgres() {
    Box::pin(tried_in_the_middle_on(On::Postgres)).await;
}

/// Records of other directories that are here.
async fn many(here: &Node) -> usize {
    let records = &here.app.app().records;
    records.by_kind(Kind::Service, None, 10_000).await.unwrap().len()
        + records.by_kind(Kind::Organization, None, 10_000).await.unwrap().len()
}

async fn tried_in_a_snapshot_on(on: On) {
    let Some(there) = Node::start(on, "Luton").await else { return };
    let Some(here) = Node::start(on, "Killed").await else { return };
    let Some(calm) = Node::start(on, "Calm").await else { return };
    let names: Vec<String> = (0..900).map(|number| format!("Listing {number}")).collect();
    there.app.import(listings(&names.iter().map(String::as_str).collect::<Vec<_>>())).await;
    let of_calm = calm.follows(&there.url, Trust::Auto).await;
    let whole = calm.pull(&of_calm).await;
    assert_eq!(whole.left_out.get("snapshot"), Some(&1), "it begins with a file: {whole:?}");

    let peer = here.follows(&there.url, Trust::Auto).await;
    let still = StandingStill::at(&here, 600).await;
    let mut child = pull_as_a_process(&here);
    let mut before = usize::MAX;
    loop {
        // What was written last stands for a while: it stands still.
        tokio::time::sleep(Duration::from_secs(3)).await;
        assert!(child.try_wait().unwrap().is_none(), "it ended by itself");
        let now = many(&here).await;
        if now > 0 && now == before {
            break;
        }
        before = now;
    }
    still.kill(child).await;
    let cursor = here.peer(&peer).await.cursor;
    assert!((1..900).contains(&many(&here).await), "some of it is here");
    assert_eq!((cursor.after, cursor.next), (0, None), "and nobody thinks that all of it is");

    let later = chrono::Utc::now() + chrono::Duration::minutes(6);
    // By the clocks of these directories, which stand still, it was given up long ago.
    let given_up = peers::lease(&here.app.app().db, peer.id, later, chrono::Duration::days(-3_650)).await;
    assert!(given_up.unwrap().is_some());
    let report = here.pull(&peer).await;
    assert_eq!(report.outcome, Outcome::Ok, "{report:?}");
    here.app.follow().await;
    assert_eq!((here.services().await, many(&here).await), (calm.services().await, many(&calm).await));
    assert_eq!(here.everything().await.len(), calm.everything().await.len(), "each once");
    assert_eq!(here.peer(&peer).await.cursor.after, calm.peer(&of_calm).await.cursor.after);
    for node in [there, here, calm] {
        node.end().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn case_02_a_pull_that_is_killed_in_the_middle_of_a_snapshot_ends_as_one_that_was_not_on_sqlite() {
    Box::pin(tried_in_a_snapshot_on(On::Sqlite)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn case_02_a_pull_that_is_killed_in_the_middle_of_a_snapshot_ends_as_one_that_was_not_on_postgres() {
    Box::pin(tried_in_a_snapshot_on(On::Postgres)).await;
}
