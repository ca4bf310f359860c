//! Something is broken, and the program says how it is mended.

use super::{
    commands::{run, text},
    pantry,
};

#[test]
fn a_damaged_database_is_replaced_as_the_program_says_and_everything_is_back() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("feed.ndjson"), pantry().to_string()).unwrap();
    for arguments in [&["import", "feed.ndjson"][..], &["backup", "today.backup"]] {
        assert_eq!(text(&run(folder.path(), arguments)).0, 0, "{arguments:?}");
    }
    std::fs::write(folder.path().join("fingerpost.db"), "x".repeat(40_000)).unwrap();
    for arguments in [&["restore", "today.backup"][..], &["doctor"], &["serve"]] {
        let (code, out, error) = text(&run(folder.path(), arguments));
        assert_eq!(code, 1, "{arguments:?}: {out}{error}");
        assert!(format!("{out}{error}").contains("move the database out of the way"), "{arguments:?}: {out}{error}");
    }
    let aside = tempfile::tempdir().unwrap();
    for name in ["fingerpost.db", "fingerpost.db-wal", "fingerpost.db-shm"] {
        let file = folder.path().join(name);
        if file.exists() {
            std::fs::rename(file, aside.path().join(name)).unwrap();
        }
    }
    let (code, _, error) = text(&run(folder.path(), &["restore", "today.backup"]));
    assert_eq!(code, 0, "{error}");
    assert!(text(&run(folder.path(), &["export", "--format", "ndjson"])).1.contains("Meadow larder"));
}
