//! What a program gets that runs a command with `--json`: one document, whatever becomes of it.

use std::path::Path;

use serde_json::{Value, json};

use super::{
    commands::{commands_of, fingerpost, helps, text},
    id, pantry,
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
fn every_command_that_reports_something_can_do_so_to_a_program() {
    let mut has_no_report: Vec<String> = Vec::new();
    for (command, help) in helps() {
        let is_a_group = !commands_of(&help).is_empty();
        if !is_a_group && !help.split_whitespace().any(|word| word == "--json") {
            has_no_report.push(command);
        }
    }
    // These run until they are stopped, or what they print is itself the result: a table, a document, a text.
    assert_eq!(has_no_report, ["checker export", "demo", "export", "serve", "texts show", "words export"]);
}

#[test]
fn what_is_done_to_records_people_and_tokens_is_told_to_a_program() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("feed.ndjson"), pantry().to_string()).unwrap();
    let done = |arguments: &[&str]| {
        let (code, said) = told(folder.path(), &[arguments, &["--json"][..]].concat(), &[]);
        assert_eq!(code, 0, "{arguments:?}: {said}");
        said
    };
    done(&["import", "feed.ndjson"]);
    let (pantry, desk, farm) = (id("pantry").to_string(), id("desk").to_string(), id("marsh farm").to_string());
    assert_eq!(done(&["record", "hide", &pantry, "--why", "a threat"])["record"], pantry.as_str());
    assert_eq!(done(&["record", "show", &pantry])["state"], "unpublished");
    let erased = done(&["record", "erase-contact", &pantry, &desk, "--why", "a request"]);
    assert_eq!(erased, json!({"record": pantry, "removed_from_history": true}));
    assert_eq!(done(&["record", "find-person", "Pantry desk"])["contacts"], json!([]));

    let token = done(&["token", "create", "--organisation", &farm])["id"].clone();
    assert_eq!(done(&["token", "revoke", token.as_str().unwrap()]), json!({"revoked": token}));

    let ada = "ada@luton.example.org";
    assert_eq!(done(&["user", "add", ada, "--role", "moderator"])["role"], "moderator");
    assert_eq!(done(&["user", "reset-passkeys", ada]), json!({"email": ada, "deleted": 0}));
    assert_eq!(done(&["user", "remove", ada, "--forget"]), json!({"email": ada, "forgotten": true}));

    let moved = done(&["keys", "moved-from", "https://old.luton.example.org/"]);
    assert_eq!(moved["moved_from"], "https://old.luton.example.org/");
    assert_eq!(done(&["keys", "moved-to", "https://beds.example.org/"])["to"], "https://beds.example.org/");
}

#[test]
fn jobs_and_schemas_tell_a_program_what_they_did() {
    let folder = tempfile::tempdir().unwrap();
    let done = |arguments: &[&str]| told(folder.path(), &[arguments, &["--json"][..]].concat(), &[]);
    for (job, did) in [
        ("follow", json!({"up_to_date": true})),
        ("events", json!({"republished": 0})),
        ("freshness", json!({"republished": 0, "reminders": {"letters": 0, "listings": 0}})),
        ("mail", json!({"sent": 0, "bounced": 0, "later": 0, "given_up": 0, "unclear": 0, "trouble": null})),
    ] {
        assert_eq!(done(&["run", job]), (0, did), "{job}");
    }
    assert_eq!(done(&["run", "retention"]).1["deleted"]["letters"], 0);
    let (code, schemas) = done(&["schema", "--out", "new"]);
    assert!(code == 0 && schemas["written"].as_array().unwrap().contains(&json!("new/openapi.json")), "{schemas}");
    std::fs::write(folder.path().join("new/config.json"), "{}").unwrap();
    assert_eq!(done(&["schema", "--out", "new", "--check"]), (1, json!({"differing": ["new/config.json"]})));
}

#[test]
fn nothing_is_said_on_stdout_to_people_for_whom_there_is_no_result() {
    let folder = tempfile::tempdir().unwrap();
    let (code, said, aside) = text(&fingerpost(folder.path(), &["import", "nofile"]).output().unwrap());
    assert_eq!((code, &*said), (1, ""));
    assert!(aside.contains("nofile"), "{aside}");
}
