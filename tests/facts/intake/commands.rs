//! `fingerpost import`: every way in, dry runs, drafts of mappings.

use std::path::{Path, PathBuf};

use serde_json::json;

use super::{
    super::{id, pantry},
    MEETING, SHEET, older, with_entry,
};
use crate::support::fact;

fn fingerpost(folder: &Path, arguments: &[&str]) -> (i32, String, String) {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_fingerpost"))
        .args(arguments)
        .env_clear()
        .env("FINGERPOST_DATA_DIR", folder.join("data"))
        .current_dir(folder)
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code().unwrap_or(-1), text(&output.stdout), text(&output.stderr))
}

#[test]
fn the_command_takes_every_way_in_and_errors_name_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let fixtures = std::env::current_dir().unwrap().join("fixtures/as-sent");
    let path = |name: &str| fixtures.join(name).to_str().unwrap().to_owned();
    let (code, out, _) = fingerpost(folder.path(), &["import", &path("hsds-package")]);
    assert_eq!(code, 1, "one row has no name: {out}");
    assert!(out.starts_with("7 were created, 0 updated, 0 unchanged, 1 rejected"), "{out}");
    assert!(
        fingerpost(folder.path(), &["import", &path("older-package"), "--format", "hsds-tabular"])
            .1
            .starts_with("2 were created")
    );
    assert!(
        fingerpost(folder.path(), &["import", &path("village-hall.ics"), "--organisation", "Larkspur Hall Trust"])
            .1
            .starts_with("4 were created")
    );
    // A folder of different files: each is read as what it is, and the report says which.
    let mixed = folder.path().join("mixed");
    std::fs::create_dir(&mixed).unwrap();
    std::fs::write(mixed.join("hall.ics"), MEETING).unwrap();
    std::fs::write(
        mixed.join("old.json"),
        serde_json::to_vec_pretty(&json!({"totalElements": 1, "content": [older("Tea")]})).unwrap(),
    )
    .unwrap();
    let (code, out, _) = fingerpost(folder.path(), &["import", "mixed"]);
    assert_eq!(code, 1);
    assert!(
        out.contains("rejected line 1: hall.ics: the calendar (it is called")
            && out.contains("left out of line 3: old.json: content[0].reviews"),
        "{out}"
    );
    std::fs::write(mixed.join("bad.zip"), with_entry("../x.csv")).unwrap();
    let (code, out, _) = fingerpost(folder.path(), &["import", "mixed"]);
    assert!(code == 1 && out.contains("bad.zip") && out.contains("leads outside the zip"), "{out}");
    assert!(out.contains("old.json"), "the others are read all the same: {out}");
}

/// The files of a folder and of those in it, with what is in them. What the database keeps is asked of it.
fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let (folders, files): (Vec<PathBuf>, Vec<PathBuf>) =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).partition(|path| path.is_dir());
    let files = files.into_iter().filter(|path| !path.display().to_string().contains("fingerpost.db"));
    let mut found: Vec<_> = files.map(|path| (path.display().to_string(), std::fs::read(path).unwrap())).collect();
    found.extend(folders.iter().flat_map(|folder| self::files(folder)));
    found.sort();
    found
}

#[test]
fn a_dry_run_makes_nothing_where_nothing_is_and_changes_nothing_where_something_is() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    std::fs::write(folder.path().join("feed.ndjson"), pantry().to_string()).unwrap();
    let (code, out, said) = fingerpost(folder.path(), &["import", "feed.ndjson", "--dry-run"]);
    assert!(code == 0 && out.starts_with("1 would be created") && !data.exists(), "{out}{said}");
    std::fs::create_dir(&data).unwrap();
    assert_eq!(fingerpost(folder.path(), &["import", "feed.ndjson", "--dry-run"]).0, 0);
    assert_eq!(std::fs::read_dir(&data).unwrap().count(), 0, "no database, no keys");
    let (_, _, said) = fingerpost(folder.path(), &["import", "elsewhere.ndjson", "--dry-run"]);
    assert!(said.contains("the dry run of elsewhere.ndjson stopped; nothing was changed"), "{said}");
    assert_eq!(fingerpost(folder.path(), &["import", "feed.ndjson"]).0, 0);
    // With something that was taken out for good, and the derived files.
    let place = ["record", "place", &id("centre").to_string(), "--policy", "withheld", "--why", "a threat"];
    assert_eq!(fingerpost(folder.path(), &place).0, 0);
    assert_eq!(fingerpost(folder.path(), &["reindex"]).0, 0);
    let kept = || fingerpost(folder.path(), &["export", "--complete"]).1;
    let before = (files(&data), kept());
    let (_, out, _) = fingerpost(folder.path(), &["import", "feed.ndjson", "--dry-run"]);
    assert!(out.starts_with("0 would be created, 0 updated, 1 unchanged"), "it looks at what is there: {out}");
    assert!((files(&data), kept()) == before, "and leaves it to the last byte");
}

fact! {
    async fn a_dry_run_does_not_even_begin_the_epoch_of_a_directory(app) {
        use sea_orm::ConnectionTrait as _;
        let database = app.config.database_url.as_str().to_owned();
        let db = sea_orm::Database::connect(&database).await.unwrap();
        // As a database is that was brought up to date and never used.
        for table in ["head", "own_bucket"] {
            assert!(db.execute_unprepared(&format!("DELETE FROM {table}")).await.unwrap().rows_affected() > 0, "{table}");
        }
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("feed.ndjson"), pantry().to_string()).unwrap();
        let ran = std::process::Command::new(env!("CARGO_BIN_EXE_fingerpost"))
            .args(["import", "feed.ndjson", "--dry-run"])
            .env_clear()
            .env("FINGERPOST_DATA_DIR", folder.path().join("data"))
            .env("FINGERPOST_DATABASE_URL", &database)
            .current_dir(folder.path())
            .output()
            .unwrap();
        assert!(ran.status.success() && ran.stdout.starts_with(b"1 would be created"), "{ran:?}");
        for table in ["head", "own_bucket", "record"] {
            let left = db.execute_unprepared(&format!("DELETE FROM {table}")).await.unwrap().rows_affected();
            assert_eq!(left, 0, "{table}");
        }
        db.close().await.unwrap();
    }
}

#[test]
fn a_dry_run_does_not_bring_a_database_up_to_date() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("data/fingerpost.db");
    std::fs::create_dir(folder.path().join("data")).unwrap();
    std::fs::write(&database, "").unwrap();
    std::fs::write(folder.path().join("feed.ndjson"), pantry().to_string()).unwrap();
    let try_it = || fingerpost(folder.path(), &["import", "feed.ndjson", "--dry-run"]);
    let (code, out, said) = try_it();
    assert!(code == 1 && said.contains("run fingerpost doctor first"), "{out}{said}");
    assert_eq!(std::fs::metadata(&database).unwrap().len(), 0);
    fingerpost(folder.path(), &["doctor"]);
    let (code, out, said) = try_it();
    assert!(code == 0 && out.starts_with("1 would be created"), "{out}{said}");
}

#[test]
fn a_mapping_is_drafted_and_used() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("clubs.csv"), SHEET).unwrap();
    let (code, draft, _) = fingerpost(folder.path(), &["import", "clubs.csv", "--suggest-mapping"]);
    assert_eq!(code, 0);
    assert!(draft.contains("\"What you get\" = \"ignore\"") && draft.contains("# Tea and talk; Walks"), "{draft}");
    assert!(!folder.path().join("data").exists(), "nothing was touched");
    std::fs::write(
        folder.path().join("mapping.toml"),
        draft
            .replace("\"What you get\" = \"ignore\"", "\"What you get\" = \"service\"")
            .replace("\"Name of club\" = \"service\"", "\"Name of club\" = \"organisation\""),
    )
    .unwrap();
    let (code, out, error) = fingerpost(folder.path(), &["import", "clubs.csv", "--mapping", "mapping.toml"]);
    assert_eq!(code, 0, "{out}{error}");
    assert!(out.starts_with("2 were created"), "{out}");
    std::fs::write(folder.path().join("wrong.toml"), "[columns]\n\"Where\" = \"venu\"\n").unwrap();
    let (code, _, error) = fingerpost(folder.path(), &["import", "clubs.csv", "--mapping", "wrong.toml"]);
    assert!(
        code == 2 && error.contains("wrong.toml") && error.contains("columns.\"Where\": \"venu\" is not a column"),
        "{error}"
    );
    assert_eq!(fingerpost(folder.path(), &["import", "clubs.csv", "--suggest-mapping", "--dry-run"]).0, 2);
    assert_eq!(fingerpost(folder.path(), &["import", ".", "--suggest-mapping"]).0, 2);
}
