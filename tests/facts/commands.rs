//! The program as people run it.

use std::{
    collections::BTreeMap,
    io::Write as _,
    path::Path,
    process::{Command, Output, Stdio},
};

use fingerpost::{
    app::App,
    clock::Clock,
    config::Config,
    db::Durability,
    model::Kind,
    search::{Search, Wanted, Words},
};
use serde_json::Value;

use super::{id, pantry};

pub(super) fn fingerpost(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fingerpost"));
    command
        .args(arguments)
        .env_clear()
        .env("FINGERPOST_DATA_DIR", folder)
        .env("FINGERPOST_LISTEN", "127.0.0.1:0")
        .current_dir(folder);
    command
}

pub(super) fn run(folder: &Path, arguments: &[&str]) -> Output {
    fingerpost(folder, arguments).output().unwrap()
}

pub(super) fn text(output: &Output) -> (i32, String, String) {
    (
        output.status.code().unwrap_or(-1),
        String::from_utf8_lossy(&output.stdout).into_owned(),
        String::from_utf8_lossy(&output.stderr).into_owned(),
    )
}

/// What the audit trail of a folder says was done, and with what.
pub(super) fn on_record(folder: &Path) -> Vec<String> {
    let database_url = format!("sqlite:{}", folder.join("fingerpost.db").display());
    let settings = [("FINGERPOST_DATA_DIR", folder.display().to_string()), ("FINGERPOST_DATABASE_URL", database_url)];
    let config = Config::read(None, settings.map(|(name, value)| (name.to_owned(), value))).unwrap();
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let app = App::open(config, Clock::System, Durability::Full).await.unwrap();
        let lines = app.identity().audit(None, None, 100).await.unwrap();
        lines.into_iter().map(|line| format!("{} {}", line.what, line.detail)).collect()
    })
}

#[test]
fn an_import_reports_as_documented() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("feed.ndjson");
    std::fs::write(&file, format!("{}\nnonsense\n", pantry())).unwrap();
    let (code, out, _) = text(&run(folder.path(), &["import", file.to_str().unwrap(), "--json", "--dry-run"]));
    let dry: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, &dry["created"], &dry["dry_run"]), (1, &1.into(), &true.into()));
    let (code, out, _) = text(&run(folder.path(), &["import", file.to_str().unwrap(), "--json", "--format", "ndjson"]));
    let report: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, &report["created"], &report["unchanged"]), (1, &1.into(), &0.into()));
    assert_eq!(report["rejected"][0]["line"], 2);
    let (code, out, _) = text(&run(folder.path(), &["import", folder.path().to_str().unwrap()]));
    assert_eq!(code, 1, "a folder is read file by file: {out}");
    assert!(out.starts_with("0 were created, 0 updated, 1 unchanged, 1 rejected"), "{out}");
    let mut child =
        fingerpost(folder.path(), &["import", "-", "--json"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(pantry().to_string().as_bytes()).unwrap();
    let (code, out, _) = text(&child.wait_with_output().unwrap());
    assert_eq!((code, serde_json::from_str::<Value>(&out).unwrap()["unchanged"].clone()), (0, 1.into()));
}

#[test]
fn an_import_warns_of_exact_addresses_of_listings_for_people_in_danger() {
    let folder = tempfile::tempdir().unwrap();
    let feed = folder.path().join("feed.ndjson");
    let mut listing = pantry();
    listing["name"] = "Domestic abuse drop-in".into();
    std::fs::write(&feed, listing.to_string()).unwrap();
    let (code, out, _) = text(&run(folder.path(), &["import", feed.to_str().unwrap()]));
    assert_eq!(code, 0, "{out}");
    assert!(out.contains("warning: 1 listing that helps people in danger shows everybody its exact address."), "{out}");
    let how = format!(
        "exact address shown, line 1: Domestic abuse drop-in (Domestic abuse drop-in) (fingerpost record place {} --policy withheld|on-request|exact",
        id("pantry")
    );
    assert!(out.contains(&how), "{out}");
}

#[test]
fn a_refused_file_does_not_keep_the_others_of_its_folder_out() {
    let folder = tempfile::tempdir().unwrap();
    let files = folder.path().join("in");
    std::fs::create_dir(&files).unwrap();
    std::fs::write(files.join("a.zip"), "PK\x03\x04 broken").unwrap();
    std::fs::write(files.join("b.ndjson"), pantry().to_string()).unwrap();
    let (code, out, said) = text(&run(folder.path(), &["import", files.to_str().unwrap(), "--json"]));
    let report: Value = serde_json::from_str(&out).unwrap_or_else(|_| panic!("{out}{said}"));
    assert_eq!((code, &report["created"], &report["rejected_total"]), (1, &1.into(), &1.into()));
    let reason = report["rejected"][0]["reason"].as_str().unwrap();
    assert!(reason.starts_with("a.zip: cannot read the file: cannot read the zip"), "{reason}");
    let (code, out, said) = text(&run(folder.path(), &["import", files.join("a.zip").to_str().unwrap()]));
    assert_eq!((code, out.matches("cannot read the zip").count()), (1, 1), "{out}{said}");
}

#[test]
fn the_doctor_sees_to_a_directory_whose_database_is_dead() {
    let folder = tempfile::tempdir().unwrap();
    let began = std::time::Instant::now();
    let output = fingerpost(folder.path(), &["doctor", "--json"])
        .env("FINGERPOST_DATABASE_URL", "postgres://postgres@127.0.0.1:1/nowhere")
        .output()
        .unwrap();
    let (code, out, said) = text(&output);
    let found: Value = serde_json::from_str(&out).unwrap_or_else(|_| panic!("{out}{said}"));
    let looked_at: Vec<&str> = found["findings"].as_array().unwrap().iter().map(|one| one["what"].as_str().unwrap()).collect();
    assert_eq!(
        (code, looked_at),
        (1, vec!["settings", "data folder", "disk", "signing key", "removals", "database", "clock", "server"])
    );
    assert_eq!(found["findings"][5]["verdict"], "bad");
    let why = found["findings"][5].to_string();
    assert!(why.contains("127.0.0.1:1: Connection refused"), "{why}");
    assert!(began.elapsed() < std::time::Duration::from_secs(20), "it does not wait for ever");
}

#[test]
fn an_export_comes_out_whole_and_the_private_one_is_private() {
    let folder = tempfile::tempdir().unwrap();
    let feed = folder.path().join("feed.ndjson");
    std::fs::write(&feed, pantry().to_string()).unwrap();
    assert_eq!(text(&run(folder.path(), &["import", feed.to_str().unwrap()])).0, 0);
    let (code, out, _) = text(&run(folder.path(), &["export", "--format", "ndjson"]));
    assert_eq!((code, serde_json::from_str::<Value>(&out).unwrap()["name"].clone()), (0, "Meadow larder".into()));
    let complete = folder.path().join("all.ndjson");
    // What an earlier one left behind is for everybody to read.
    for left in ["all.part", "all.ndjson.part"] {
        let file = folder.path().join(left);
        std::fs::write(&file, "").unwrap();
        std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
    }
    assert_eq!(text(&run(folder.path(), &["export", "--complete", "--out", complete.to_str().unwrap()])).0, 0);
    assert_eq!(std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&complete).unwrap().permissions()) & 0o777, 0o600);
    assert!(!folder.path().join("all.ndjson.part").exists());
    let trail = on_record(folder.path());
    let feed_in = "import feed.ndjson: 1 created, 0 updated, 0 rejected".to_owned();
    assert!(trail.contains(&feed_in), "{trail:?}");
    assert!(
        trail.iter().any(|line| line.starts_with("export everything, private parts too ") && line.ends_with("all.ndjson")),
        "{trail:?}"
    );
    let (_, sheet, _) = text(&run(folder.path(), &["export", "--format", "csv"]));
    assert!(sheet.starts_with("id,organisation,organisation_description,service,"), "{sheet}");
    let map = folder.path().join("map.geojson");
    assert_eq!(text(&run(folder.path(), &["export", "--format", "geojson", "--out", map.to_str().unwrap()])).0, 0);
    let map: Value = serde_json::from_slice(&std::fs::read(map).unwrap()).unwrap();
    assert_eq!(map["features"][0]["geometry"]["coordinates"], serde_json::json!([-0.4486, 51.9163]));
    let (_, hours, _) = text(&run(folder.path(), &["export", "--format", "ics", "--list", "services"]));
    assert!(hours.contains("RRULE:FREQ=WEEKLY;BYDAY=TH\r\n") && hours.ends_with("END:VCALENDAR\r\n"), "{hours}");
    let (_, events, _) = text(&run(folder.path(), &["export", "--format", "ics"]));
    assert!(!events.contains("BEGIN:VEVENT"), "events, unless asked for others: {events}");
    let (code, _, error) = text(&run(folder.path(), &["export", "--format", "ics", "--list", "taxonomies"]));
    assert_eq!(code, 2);
    assert!(error.contains("cannot be written as ics; choose ndjson, csv"), "{error}");
}

#[test]
fn a_command_whose_output_nobody_reads_to_the_end_does_its_work_and_ends_quietly() {
    let folder = tempfile::tempdir().unwrap();
    let feed = folder.path().join("feed.ndjson");
    std::fs::write(&feed, pantry().to_string()).unwrap();
    let unread = |arguments: &[&str]| {
        let mut child = fingerpost(folder.path(), arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        text(&child.wait_with_output().unwrap())
    };
    for arguments in [
        &["import", feed.to_str().unwrap()] as &[&str],
        &["export", "--complete"],
        &["export", "--format", "csv"],
        &["words", "export"],
        &["record", "find-person", "Pantry desk"],
        &["record", "history", &id("pantry").to_string()],
        &["reindex"],
        &["doctor"],
    ] {
        let (code, _, error) = unread(arguments);
        assert_eq!((code, error.contains("nobody reads") || error.contains("panicked")), (141, false), "{arguments:?}: {error}");
    }
    assert!(text(&run(folder.path(), &["export", "--format", "ndjson"])).1.contains("Meadow larder"), "it was imported");
}

/// Opened with the tables that the server has: what a wordless index says is not found here.
fn helps_with_food(folder: &Path) -> Vec<uuid::Uuid> {
    let index = Search::open(folder, Words::starting()).unwrap();
    let wanted = Wanted { needs: vec!["food-emergency".to_owned()], ..Wanted::default() };
    index.find(Kind::Service, &wanted, Clock::System.now(), 0..10).unwrap().hits.iter().map(|hit| hit.id).collect()
}

#[test]
fn an_index_built_by_hand_is_the_one_that_the_server_answers_from() {
    let folder = tempfile::tempdir().unwrap();
    let feed = folder.path().join("feed.ndjson");
    let mut larder = pantry();
    // It says in its own words what it helps with, and has no term of ours.
    larder["attributes"] = serde_json::json!([]);
    larder["description"] = "A food bank.".into();
    std::fs::write(&feed, larder.to_string()).unwrap();
    assert_eq!(text(&run(folder.path(), &["import", feed.to_str().unwrap()])).0, 0);
    assert_eq!(text(&run(folder.path(), &["reindex"])).0, 0);
    assert_eq!(helps_with_food(folder.path()), [id("pantry")]);
    let built = std::fs::read(folder.path().join("index/meta.json")).unwrap();
    assert_eq!(text(&run(folder.path(), &["run", "follow"])).0, 0);
    assert_eq!(std::fs::read(folder.path().join("index/meta.json")).unwrap(), built, "there was nothing to follow");
    assert_eq!(helps_with_food(folder.path()), [id("pantry")]);
}

#[test]
fn the_doctor_leaves_the_published_bytes_as_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let shelf = folder.path().join("shelf");
    let feed = folder.path().join("feed.ndjson");
    std::fs::write(&feed, pantry().to_string()).unwrap();
    assert_eq!(text(&run(folder.path(), &["import", "feed.ndjson"])).0, 0);
    let (_, said, _) = text(&run(folder.path(), &["doctor"]));
    assert!(said.contains("not created yet") && !shelf.exists(), "{said}");
    assert_eq!(text(&run(folder.path(), &["run", "follow"])).0, 0);
    let (code, said, _) = text(&run(folder.path(), &["doctor"]));
    assert!(code == 0 && said.contains("documents checked and intact, 0 behind"), "{said}");
    let bytes = std::fs::read(shelf.join("full-0.ndjson")).unwrap();
    std::fs::write(shelf.join("full-0.ndjson"), &bytes[..bytes.len() / 2]).unwrap();
    let files = || {
        let all = std::fs::read_dir(&shelf).unwrap().map(|file| file.unwrap().path());
        let mut files: Vec<_> = all.map(|file| (file.clone(), std::fs::read(&file).unwrap())).collect();
        files.sort_unstable();
        files
    };
    let before = files();
    let (code, said, _) = text(&run(folder.path(), &["doctor"]));
    assert!(code == 1 && said.contains("they are damaged"), "{said}");
    assert!(files() == before, "nothing was made, cut or removed");
}

#[test]
fn a_restore_removes_the_derived_files_that_no_server_has() {
    let folder = tempfile::tempdir().unwrap();
    let feed = folder.path().join("feed.ndjson");
    std::fs::write(&feed, pantry().to_string()).unwrap();
    for arguments in [&["import", "feed.ndjson"][..], &["run", "follow"], &["backup", "today.backup"]] {
        assert_eq!(text(&run(folder.path(), arguments)).0, 0, "{arguments:?}");
    }
    assert!(folder.path().join("shelf/full-0.ndjson").exists() && folder.path().join("index/meta.json").exists());
    assert_eq!(text(&run(folder.path(), &["restore", "today.backup"])).0, 0);
    let left: Vec<_> = std::fs::read_dir(folder.path().join("shelf")).unwrap().map(|file| file.unwrap().file_name()).collect();
    assert_eq!(left, ["lock"]);
    assert!(!folder.path().join("index").exists());
}

#[test]
fn a_wrong_call_says_what_would_be_right_and_exits_with_two() {
    let folder = tempfile::tempdir().unwrap();
    let wrong =
        |variable: &str, value: &str| text(&fingerpost(folder.path(), &["config"]).env(variable, value).output().unwrap());
    let (code, _, error) = wrong("FINGERPOST_LISTEN", "everywhere");
    assert_eq!(code, 2);
    assert!(error.contains("FINGERPOST_LISTEN") && error.contains("everywhere") && error.contains("127.0.0.1:8080"), "{error}");
    assert_eq!(wrong("FINGERPOST_LOG_FORMAT", "xml").0, 2);
    assert_eq!(text(&run(folder.path(), &["import"])).0, 2);
    assert_eq!(text(&run(folder.path(), &["export", "--complete", "--format", "csv"])).0, 2);
    assert_eq!(text(&run(folder.path(), &["frobnicate"])).0, 2);
    assert_eq!(text(&run(folder.path(), &["demo", "--port", "65535"])).0, 2, "the second directory would have no port");
    let (code, _, error) = text(&run(folder.path(), &["import", "no-such-file"]));
    assert_eq!(code, 1);
    assert!(error.contains("no-such-file"), "{error}");
    std::fs::write(folder.path().join("fingerpost.toml"), "name = \"From the file\"\nlisten = 5\n").unwrap();
    let (code, _, error) = text(&fingerpost(folder.path(), &["config"]).env_remove("FINGERPOST_LISTEN").output().unwrap());
    assert_eq!(code, 2, "{error}");
    let (code, out, log) = text(&fingerpost(folder.path(), &["config"]).env("FINGERPOST_FLAVOUR", "sweet").output().unwrap());
    assert!(log.contains("flavour") && log.contains("no effect"), "{log}");
    assert_eq!(code, 0);
    assert!(out.contains("name = \"From the file\""), "{out}");
}

#[test]
fn postcodes_are_imported_before_the_server_runs() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("places.csv");
    std::fs::write(&file, "postcode,latitude,longitude\nLU1 2AA,51.8787,-0.42\n").unwrap();
    assert!(text(&run(folder.path(), &["doctor"])).1.contains("none imported"));
    let (code, out, _) = text(&run(folder.path(), &["postcodes", "import", file.to_str().unwrap(), "--json"]));
    let report: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, &report["format"], &report["postcodes"], &report["outcodes"]), (0, &"simple".into(), &1.into(), &1.into()));
    std::fs::write(&file, "postcode,latitude,longitude\nLU1 2AA,51.8787,-0.42\nLU1 2AD,here,there\n").unwrap();
    let (code, out, _) = text(&run(folder.path(), &["postcodes", "import", file.to_str().unwrap()]));
    assert_eq!(code, 1, "a row was rejected");
    assert!(out.starts_with("simple CSV: 1 postcodes in 1 outcodes now known, 1 before"), "{out}");
    assert!(out.contains("rejected line 3 of places.csv: its latitude \"here\" is not a number"), "{out}");
    let (code, _, error) = text(&run(folder.path(), &["postcodes", "import", "no-such-file"]));
    assert!(code == 1 && error.contains("no-such-file") && error.contains("are unchanged"), "{error}");
    assert!(text(&run(folder.path(), &["doctor"])).1.contains("1 postcodes and 1 outcodes from simple CSV (places.csv)"));
    assert_eq!(text(&run(folder.path(), &["postcodes"])).0, 2);
}

#[test]
fn a_table_of_words_with_a_slip_in_a_mark_changes_nothing_and_needs_that_nobody_has_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("words.csv");
    let import = |table: &str| {
        std::fs::write(&file, table).unwrap();
        let (code, out, said) = text(&run(folder.path(), &["words", "import", file.to_str().unwrap(), "--json"]));
        (code, serde_json::from_str::<Value>(&out).unwrap_or_else(|_| panic!("{out}{said}")))
    };
    let before = text(&run(folder.path(), &["words", "export"])).1;
    for (row, reason) in [
        ("want to end it,health-crisis,URGNT SENSITIVE", "line 3: the mark URGNT is not known: did you mean URGENT?"),
        ("Skint,money-crisis,", "line 3: the phrase \"Skint\" is there twice"),
    ] {
        let (code, report) = import(&format!("phrase,need,notes\nskint,money-crisis,\n{row}\n"));
        let said = format!("line {}: {}", report["rejected"][0]["line"], report["rejected"][0]["reason"].as_str().unwrap());
        assert_eq!((code, said.as_str(), &report["taken"]), (1, reason, &Value::Bool(false)));
        assert_eq!(text(&run(folder.path(), &["words", "export"])).1, before, "nothing has changed");
    }
    let (code, report) = import("phrase,need,notes\nskint,money-crisis|no-such-need,\n");
    assert_eq!((code, &report["taken"], &report["unknown_needs"]), (0, &Value::Bool(true), &serde_json::json!(["no-such-need"])));
}

/// Commands below these, as their help lists them.
pub(super) fn commands_of(help: &str) -> Vec<String> {
    let listed = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    // What a command is about may go on on a line of its own, further in.
    let names = listed.filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    names.filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "help").map(str::to_owned).collect()
}

#[test]
fn every_job_of_the_server_can_be_run_by_hand_and_says_what_it_did() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("feed.ndjson"), pantry().to_string()).unwrap();
    assert_eq!(text(&run(folder.path(), &["import", "feed.ndjson"])).0, 0);
    for (job, said) in [
        ("follow", ""),
        ("keep-scrubs", ""),
        ("events", "0 events republished, because a date has passed"),
        ("reopen", "0 services reopened"),
        ("freshness", "0 listings republished; 0 reminders about 0 listings queued"),
        ("reports", "emails about reports of 0 listings queued"),
        ("staleness", "records of 0 directories republished"),
        ("retention", "deleted: 0 lines of the audit trail, 0 emails, 0 drafts, 0 changes, 0 claims, 0 appeals, 0 call backs"),
        ("mail", "0 emails sent"),
    ] {
        let (code, out, error) = text(&run(folder.path(), &["run", job]));
        assert_eq!(code, 0, "{job}: {error}");
        assert!(out.starts_with(said), "{job}: {out}");
    }
}

/// Every command with its help; the program itself is the one without a name.
pub(super) fn helps() -> BTreeMap<String, String> {
    let folder = tempfile::tempdir().unwrap();
    let mut found = BTreeMap::new();
    let mut open: Vec<Vec<String>> = vec![Vec::new()];
    while let Some(command) = open.pop() {
        let arguments: Vec<&str> = command.iter().map(String::as_str).chain(["--help"]).collect();
        let (code, help, _) = text(&run(folder.path(), &arguments));
        assert_eq!(code, 0, "{command:?}");
        open.extend(commands_of(&help).into_iter().map(|below| command.iter().cloned().chain([below]).collect()));
        found.insert(command.join(" "), help);
    }
    found
}

#[test]
fn every_command_has_help() {
    let found = helps();
    for (command, help) in &found {
        assert!(help.contains("Usage:") && !help.lines().next().unwrap_or_default().trim().is_empty(), "{command}: {help}");
    }
    for command in ["serve", "import", "doctor", "peer", "peer add", "peer release", "proposal accept", "user", "keys rotate"] {
        assert!(found.contains_key(command), "{command} is among {:?}", found.keys());
    }
}

#[test]
fn variables_that_are_no_text_stop_nothing_unless_they_are_ours() {
    use std::os::unix::ffi::OsStrExt as _;
    let folder = tempfile::tempdir().unwrap();
    let no_text = std::ffi::OsStr::from_bytes(b"\xff");
    let (code, out, _) = text(&fingerpost(folder.path(), &["config"]).env("BAD", no_text).output().unwrap());
    assert!(code == 0 && out.contains("name"), "{code} {out}");
    let (code, _, said) = text(&fingerpost(folder.path(), &["config"]).env("FINGERPOST_NAME", no_text).output().unwrap());
    assert!(code == 2 && said.contains("FINGERPOST_NAME is not UTF-8"), "{code} {said}");
}
