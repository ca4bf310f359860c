//! What a program gets that runs a command with `--json`: one document, whatever becomes of it.

use std::path::Path;

use serde_json::Value;

use super::{
    commands::{fingerpost, text},
    pantry,
};

/// The exit code and the only document on stdout.
fn told(folder: &Path, arguments: &[&str], settings: &[(&str, &str)]) -> (i32, Value) {
    let (code, said, aside) = text(&fingerpost(folder, arguments).envs(settings.iter().copied()).output().unwrap());
    let document = serde_json::from_str(&said).unwrap_or_else(|error| panic!("{arguments:?}: {error}: {said:?}, {aside}"));
    (code, document)
}

fn why(folder: &Path, arguments: &[&str], settings: &[(&str, &str)]) -> (i32, String, String) {
    let (code, document) = told(folder, arguments, settings);
    let member = |name: &str| document["error"][name].as_str().unwrap_or_else(|| panic!("{document}")).to_owned();
    (code, member("code"), member("detail"))
}

#[test]
fn a_command_that_comes_to_nothing_says_why_in_one_document() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("empty")).unwrap();
    for (arguments, settings, code, name, word) in [
        (&["import", "nofile", "--json"][..], &[][..], 1, "io", "nofile"),
        (&["import", "empty", "--json"], &[], 2, "wrong-call", "contains no .ndjson"),
        (&["import", "--json"], &[], 2, "wrong-call", "FILE|DIR|-"),
        (&["import", "nofile", "--json", "--no-such-option"], &[], 2, "wrong-call", "--no-such-option"),
        (&["peer", "show", "7", "--json"], &[], 1, "no-peer", "7"),
        (&["postcodes", "import", "nofile", "--json"], &[], 1, "io", "nofile"),
        (&["config", "--json"], &[("FINGERPOST_LOG", ":::")], 2, "wrong-setting", "FINGERPOST_LOG"),
        (
            &["doctor", "--json"],
            &[("FINGERPOST_PUBLIC_URL", "https://luton.example.org/directory")],
            2,
            "wrong-setting",
            "expected https://luton.example.org/",
        ),
    ] {
        let (exit, said, detail) = why(folder.path(), arguments, settings);
        assert_eq!((exit, &*said), (code, name), "{arguments:?}: {detail}");
        assert!(detail.contains(word), "{arguments:?}: {detail}");
    }
}

#[test]
fn a_command_that_reports_what_it_could_not_do_has_said_so() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("feed.ndjson"), format!("{}\n{{}}\n", pantry())).unwrap();
    let (code, report) = told(folder.path(), &["import", "feed.ndjson", "--json"], &[]);
    assert_eq!((code, &report["created"], &report["rejected"][0]["line"]), (1, &1.into(), &2.into()), "{report}");
    assert!(report.get("error").is_none(), "{report}");
}

#[test]
fn what_takes_long_tells_a_program_what_it_did() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("feed.ndjson"), pantry().to_string()).unwrap();
    assert_eq!(told(folder.path(), &["import", "feed.ndjson", "--json"], &[]).0, 0);
    let (code, rebuilt) = told(folder.path(), &["reindex", "--json"], &[]);
    assert!(code == 0 && rebuilt["published"]["documents"].as_u64() > Some(0), "{rebuilt}");
    assert_eq!(rebuilt["index"]["documents"].as_u64().map(|many| many > 0), Some(true), "{rebuilt}");
    let (code, saved) = told(folder.path(), &["backup", "today.backup", "--json"], &[]);
    assert!(code == 0 && saved["saved"].as_u64() > Some(0), "{saved}");
    assert_eq!(saved["file"], "today.backup");
    let (code, restored) = told(folder.path(), &["restore", "today.backup", "--json"], &[]);
    assert!(code == 0 && restored["restored"].as_u64() > Some(0), "{restored}");
    assert!(restored["epoch"].as_str().is_some_and(|epoch| !epoch.is_empty()), "{restored}");
    let (code, why, _) = self::why(folder.path(), &["restore", "nofile", "--json"], &[]);
    assert_eq!((code, &*why), (1, "io"));
}

#[test]
fn nothing_is_said_on_stdout_to_people_for_whom_there_is_no_result() {
    let folder = tempfile::tempdir().unwrap();
    let (code, said, aside) = text(&fingerpost(folder.path(), &["import", "nofile"]).output().unwrap());
    assert_eq!((code, &*said), (1, ""));
    assert!(aside.contains("nofile"), "{aside}");
}
