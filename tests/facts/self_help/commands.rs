//! `fingerpost checker`, as people run it.

use std::{
    path::Path,
    process::{Command, Output},
};

use fingerpost::self_help::Part;
use serde_json::{Value, json};

use super::{checked_contacts, part, reviewed_checker};

fn run(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fingerpost"));
    command.arg("checker").args(arguments).env_clear().env("FINGERPOST_DATA_DIR", folder).current_dir(folder).output().unwrap()
}

fn json_of(output: &Output) -> (i32, Value) {
    let out = String::from_utf8_lossy(&output.stdout);
    (
        output.status.code().unwrap(),
        serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out} {}", String::from_utf8_lossy(&output.stderr))),
    )
}

fn write(folder: &Path, name: &str, body: &Value) -> String {
    let file = folder.join(name);
    std::fs::write(&file, body.to_string()).unwrap();
    file.display().to_string()
}

/// Dates that are good on whatever day this runs.
fn for_ever(mut document: Value) -> Value {
    if document["review_by"].is_string() {
        document["review_by"] = json!("2999-01-01");
    }
    for list in ["lines", "actions", "panels", "tips", "first_debts"] {
        for record in document[list].as_array_mut().into_iter().flatten() {
            record["review_by"] = json!("2999-01-01");
        }
    }
    document
}

#[test]
fn from_the_sample_to_what_the_public_sees_and_away_again() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let (code, shown) = json_of(&run(folder, &["show", "--json"]));
    assert_eq!((code, &shown["public"], &shown["drafts"][0]["sample"]), (0, &json!(false), &json!(true)));
    let (code, refused) = json_of(&run(folder, &["publish", "--reviewed-by", "Ada", "--json"]));
    assert_eq!((code, &refused["published"]), (1, &json!(false)));
    assert!(refused["in_the_way"].to_string().contains("is sample"));
    let exported = run(folder, &["export"]);
    assert_eq!(serde_json::from_slice::<Value>(&exported.stdout).unwrap()["status"], "sample");

    let (code, sample) =
        json_of(&run(folder, &["import", &write(folder, "sample.json", &part(Part::Checker)), "--dry-run", "--json"]));
    assert_eq!(
        (code, &sample["problems"], &sample["in_the_way"][0]["at"]),
        (0, &json!([]), &json!("checker.status")),
        "{sample}"
    );
    let questions = write(folder, "questions.json", &for_ever(reviewed_checker()));
    let contacts = write(folder, "contacts.json", &for_ever(checked_contacts()));
    let (code, dry) = json_of(&run(folder, &["import", &questions, "--dry-run", "--json"]));
    assert_eq!((code, &dry["part"], &dry["taken"], &dry["problems"]), (0, &json!("checker"), &json!(false), &json!([])));
    assert_eq!(json_of(&run(folder, &["import", &questions, "--json"])).1["taken"], true);
    assert_eq!(json_of(&run(folder, &["import", &contacts, "--json"])).1["part"], "contacts");
    let (code, published) = json_of(&run(folder, &["publish", "--reviewed-by", " Ada, housing lead ", "--json"]));
    assert_eq!((code, &published["edition"], &published["reviewed_by"]), (0, &json!(1), &json!("Ada, housing lead")));
    let (_, shown) = json_of(&run(folder, &["show", "--json"]));
    assert_eq!((&shown["public"], &shown["latest_edition"]["reviewed_by"]), (&json!(true), &json!("Ada, housing lead")));
    let edition = run(folder, &["export", "--edition", "1"]);
    assert_eq!(serde_json::from_slice::<Value>(&edition.stdout).unwrap()["status"], "published");
    assert_eq!(
        json_of(&run(folder, &["withdraw", "--why", "a wrong number", "--json"])),
        (0, json!({"withdrawn": true, "edition": 1}))
    );
    assert_eq!(json_of(&run(folder, &["show", "--json"])).1["latest_edition"]["withdrawn_why"], "a wrong number");
}

/// Let nothing be written into the audit trail, or let it be written again.
async fn trail(folder: &Path, is_full: bool) {
    use sea_orm::ConnectionTrait as _;
    let sql = if is_full {
        "CREATE TRIGGER full BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END"
    } else {
        "DROP TRIGGER full"
    };
    let url = format!("sqlite:{}", folder.join("fingerpost.db").display());
    let db = sea_orm::Database::connect(url).await.unwrap();
    db.execute_unprepared(sql).await.unwrap();
    db.close().await.unwrap();
}

#[tokio::test]
async fn an_edition_is_published_or_withdrawn_with_its_line_in_the_audit_trail_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    for (name, body) in [("questions.json", reviewed_checker()), ("contacts.json", checked_contacts())] {
        let file = write(folder, name, &for_ever(body));
        assert_eq!(json_of(&run(folder, &["import", &file, "--json"])).1["taken"], true);
    }
    let is_public = || json_of(&run(folder, &["show", "--json"])).1["public"].clone();
    let failed = |output: Output| {
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && said.contains("audit trail"), "{said}");
    };
    trail(folder, true).await;
    failed(run(folder, &["publish", "--reviewed-by", "Ada"]));
    assert_eq!(is_public(), false);
    trail(folder, false).await;
    assert_eq!(json_of(&run(folder, &["publish", "--reviewed-by", "Ada", "--json"])).1["edition"], 1);
    trail(folder, true).await;
    failed(run(folder, &["withdraw", "--why", "a wrong number"]));
    assert_eq!(is_public(), true);
}

#[test]
fn what_cannot_be_used_is_told_with_where_it_stands() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let mut wrong = reviewed_checker();
    wrong["questions"][1]["options"][2]["urgent"] = json!("nothing");
    wrong["rules"][0]["when"] = json!({"not": "safe.danger"});
    let (code, said) = json_of(&run(folder, &["import", &write(folder, "wrong.json", &wrong), "--json"]));
    assert_eq!((code, &said["taken"]), (1, &json!(false)));
    assert_eq!(said["problems"][0]["at"], "rules[0].when", "{said}");
    assert!(said["problems"][0]["problem"].to_string().contains("there is no \\\"not\\\""), "{said}");
    wrong["rules"][0]["when"] = json!("safe.danger");
    let (_, said) = json_of(&run(folder, &["import", &write(folder, "wrong.json", &wrong), "--json"]));
    assert_eq!(
        said["problems"],
        json!([{"at": "questions[1].options[2].urgent", "problem": "there is no panel \"nothing\" with a number to call"}])
    );
    assert_eq!(run(folder, &["import", &write(folder, "other.json", &json!({"schema": "recipe/1"}))]).status.code(), Some(2));
    assert_eq!(json_of(&run(folder, &["show", "--json"])).1["drafts"][0]["sample"], true, "nothing was saved");
}

#[test]
fn questions_of_somebody_else_are_tried_without_being_kept() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let questions = write(
        folder,
        "questions.json",
        &json!({
            "schema": "support-checker/1", "id": "other",
            "levels": [{"id": "calm", "rank": 1, "title": "Calm"}, {"id": "now", "rank": 2, "title": "Now"}],
            "questions": [{"id": "fire", "kind": "one", "text": "Is there a fire?", "options": [{"id": "yes", "label": "Yes", "floor": "now", "urgent": "call_999"}, {"id": "no", "label": "No"}]}],
        }),
    );
    let cases = write(
        folder,
        "cases.json",
        &json!([{"answers": {"fire": ["yes"]}, "level": "now", "urgent": ["call_999"]}, {"answers": {"fire": ["no"]}, "level": "now"}]),
    );
    let (code, said) = json_of(&run(folder, &["check", &questions, "--cases", &cases, "--json"]));
    assert_eq!((code, said), (1, json!({"cases": 2, "problems": [{"at": "cases[1]", "problem": "the level is calm, not now"}]})));
}

#[test]
fn a_misspelt_member_of_a_test_case_is_named_with_its_place_and_not_taken() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let mut stored = part(Part::Cases);
    stored[2]["levle"] = json!("self_help");
    let cases = write(folder, "cases.json", &stored);
    let questions = write(folder, "questions.json", &reviewed_checker());
    for arguments in [vec!["import", &cases, "--json"], vec!["check", &questions, "--cases", &cases, "--json"]] {
        let (code, said) = json_of(&run(folder, &arguments));
        assert_eq!((code, &said["problems"][0]["at"]), (1, &json!("cases[2].levle")), "{arguments:?}: {said}");
        assert!(said["problems"][0]["problem"].as_str().unwrap().starts_with("unknown field `levle`, expected one of"), "{said}");
    }
    assert_eq!(json_of(&run(folder, &["show", "--json"])).1["drafts"][2]["sample"], true, "nothing was saved");
}
