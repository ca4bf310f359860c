//! `fingerpost record`: what it does, what is on record of it, and whom it tells what.

use serde_json::Value;

use super::{
    commands::{on_record, run, text},
    id, pantry,
};

#[test]
fn what_is_done_to_a_record_on_the_server_is_on_record() {
    let folder = tempfile::tempdir().unwrap();
    let feed = folder.path().join("feed.ndjson");
    std::fs::write(&feed, pantry().to_string()).unwrap();
    assert_eq!(text(&run(folder.path(), &["import", feed.to_str().unwrap()])).0, 0);
    let (pantry, centre, desk) = (id("pantry").to_string(), id("centre").to_string(), id("desk").to_string());
    for (arguments, said) in [
        (&["hide", &pantry][..], "hide a threat"),
        (&["hide", &pantry, "--publish"][..], "show a threat"),
        (&["place", &centre, "--policy", "area"][..], "decide how much of a place is shown a threat"),
        (&["confirm-contact", &pantry, &desk][..], "publish a contact a threat"),
        (&["erase-contact", &pantry, &desk][..], "erase a contact a threat"),
        (&["withdraw", &pantry][..], "withdraw a listing a threat"),
    ] {
        let all = [&["record"][..], arguments, &["--why", "a threat"][..]].concat();
        let (code, _, error) = text(&run(folder.path(), &all));
        assert_eq!(code, 0, "{all:?}: {error}");
        let trail = on_record(folder.path());
        assert!(trail.iter().any(|line| line == said), "{said}: {trail:?}");
    }
}

#[test]
fn whoever_gives_the_id_of_what_is_shown_of_a_record_is_told_which_record_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let holder = serde_json::json!({"kind": "organization", "document": {"id": id("kitchen"), "name": "Kitchen", "description": "Cooks."}});
    let lunch = serde_json::json!({"kind": "event", "document": {
        "id": id("lunch"), "organization_id": id("kitchen"), "name": "Tuesday lunch", "status": "scheduled", "timezone": "Europe/London",
        "start": "2099-11-17T12:00:00", "end": "2099-11-17T13:30:00"
    }});
    for (name, lines) in [("pantry.ndjson", pantry().to_string()), ("lunch.ndjson", format!("{holder}\n{lunch}\n"))] {
        std::fs::write(folder.path().join(name), lines).unwrap();
        let (code, said, error) = text(&run(folder.path(), &["import", name]));
        assert_eq!(code, 0, "{said} {error}");
    }
    let (_, services, _) = text(&run(folder.path(), &["export"]));
    let services: Vec<Value> = services.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let as_service =
        services.iter().find(|service| service["event_id"] == id("lunch").to_string()).unwrap()["id"].as_str().unwrap();
    let link = id("pantry at the centre").to_string();
    for (shown, record, name) in
        [(as_service, id("lunch"), "event \"Tuesday lunch\""), (&link, id("pantry"), "service \"Meadow larder\"")]
    {
        for command in
            [&["show", shown][..], &["history", shown], &["withdraw", shown, "--why", "x"], &["hide", shown, "--why", "x"]]
        {
            let (code, said, error) = text(&run(folder.path(), &[&["record"], command].concat()));
            assert_eq!((code, &*said), (2, ""), "{command:?}: {error}");
            assert!(error.contains(name) && error.contains(&format!("Use its id instead: {record}")), "{command:?}: {error}");
        }
    }
    let nobody = id("nobody").to_string();
    let (code, said, error) = text(&run(folder.path(), &["record", "history", &nobody]));
    assert_eq!((code, &*said), (1, ""));
    assert!(error.contains("does not exist"), "{error}");
}

#[test]
fn a_person_is_found_and_erased_from_the_command_line() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("feed.ndjson");
    let mut listing = pantry();
    listing["description"] = "Ring Winifred Ogundipe.".into();
    std::fs::write(&file, listing.to_string()).unwrap();
    assert_eq!(text(&run(folder.path(), &["import", file.to_str().unwrap()])).0, 0);
    let (code, out, _) = text(&run(folder.path(), &["record", "find-person", "winifred ogundipe"]));
    let found: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(
        (code, &found["words"][0]["record"], &found["contacts"]),
        (0, &id("pantry").to_string().into(), &serde_json::json!([]))
    );
    let record = id("pantry").to_string();
    let erase = ["record", "erase-words", &record, "Winifred Ogundipe", "--why", "asked by letter"];
    let (code, out, error) = text(&run(folder.path(), &erase));
    assert!(code == 0 && out.contains("removed from the history"), "{out}{error}");
    let (_, out, _) = text(&run(folder.path(), &["record", "history", &record]));
    assert!(out.contains("Ring [removed].") && !out.contains("Ogundipe"), "{out}");
    assert!(on_record(folder.path()).contains(&"erase somebody's details asked by letter".to_owned()));
    assert_eq!(text(&run(folder.path(), &erase)).0, 1, "it is not there any more");
}
