//! What somebody meets who sets up a directory and slips.

use std::net::TcpListener;

use super::commands::{fingerpost, run, text};

#[test]
fn an_address_that_cannot_be_listened_on_is_told_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken_at = taken.local_addr().unwrap().to_string();
    // 192.0.2.0/24 is for documents: no machine has an address there.
    for (listen, advice) in [
        (&*taken_at, "another program is using it: stop that one, or choose another port (FINGERPOST_LISTEN"),
        ("192.0.2.1:8080", "this machine does not have that address: set FINGERPOST_LISTEN"),
    ] {
        let (code, _, said) = text(&fingerpost(folder.path(), &["serve"]).env("FINGERPOST_LISTEN", listen).output().unwrap());
        assert!(code == 1 && said.contains(&format!("cannot listen on {listen}; {advice}")), "{code} {said}");
    }
}

#[test]
fn a_misspelt_setting_is_told_with_what_was_perhaps_meant() {
    let folder = tempfile::tempdir().unwrap();
    let misspelt = |command: &str| {
        let mut call = fingerpost(folder.path(), &[command]);
        text(&call.env("FINGERPOST_NMAE", "Luton").env("FINGERPOST_SOMETHING_ELSE", "1").output().unwrap())
    };
    let (code, _, log) = misspelt("config");
    assert!(code == 0 && log.contains("it has no effect; perhaps name was meant"), "{code} {log}");
    let (code, found, _) = misspelt("doctor");
    let told = "careful  unknown settings these have no effect: nmae (perhaps name was meant), something_else\n";
    assert!(code == 0 && found.contains(told), "{code} {found}");
    let (_, found, _) = text(&fingerpost(folder.path(), &["doctor"]).output().unwrap());
    assert!(!found.contains("unknown settings"), "{found}");
}

#[test]
fn a_database_or_backup_in_a_folder_that_is_not_there_is_told_with_that_folder() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("not there");
    let url = format!("sqlite:{}", missing.join("a.db").display());
    for command in ["serve", "doctor"] {
        let (code, out, said) =
            text(&fingerpost(folder.path(), &[command]).env("FINGERPOST_DATABASE_URL", &url).output().unwrap());
        let told = format!("{}: No such file or directory", missing.display());
        assert!(code == 1 && format!("{out}{said}").contains(&told), "{command}: {code} {out}{said}");
        assert!(format!("{out}{said}").contains("make this folder, or change FINGERPOST_DATABASE_URL"), "{command}: {out}{said}");
    }
    let file = missing.join("today.backup");
    let (code, _, said) = text(&fingerpost(folder.path(), &["backup", file.to_str().unwrap()]).output().unwrap());
    let told = format!("there is no folder {}; make it first", missing.display());
    assert!(code == 1 && said.contains(&told), "{code} {said}");
}

#[test]
fn a_logo_that_cannot_be_used_is_a_wrong_setting_for_the_server_and_the_doctor() {
    let folder = tempfile::tempdir().unwrap();
    let (words, large) = (folder.path().join("logo.doc"), folder.path().join("logo.png"));
    std::fs::write(&words, "our logo").unwrap();
    std::fs::write(&large, vec![0; 60_001]).unwrap();
    for (file, right) in [
        (folder.path().join("not there.svg"), "expected a file that the server can read (No such file"),
        (words, "expected a picture (SVG, PNG, JPEG or WebP)"),
        (large, "expected at most 60000 bytes"),
    ] {
        for command in ["serve", "doctor"] {
            let (code, _, said) = text(&fingerpost(folder.path(), &[command]).env("FINGERPOST_LOGO", &file).output().unwrap());
            let told = format!("setting FINGERPOST_LOGO (or logo in the settings file) is {file:?}: {right}");
            assert!(code == 2 && said.contains(&told), "{command}: {code} {said}");
        }
    }
}

#[test]
fn the_doctor_says_what_a_new_directory_lacks_before_people_can_work_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let doctor = |settings: &[(&str, &str)]| {
        let output = fingerpost(folder.path(), &["doctor"]).envs(settings.iter().copied()).output().unwrap();
        let (code, found, _) = text(&output);
        assert_eq!(code, 0, "{found}");
        found
    };
    let found = doctor(&[]);
    assert!(found.contains("careful  administrators   none") && found.contains("user add YOU@EXAMPLE.ORG"), "{found}");
    assert!(found.contains("careful  mail server      none: emails, with the links that sign people in"), "{found}");
    assert_eq!(text(&run(folder.path(), &["user", "add", "ada@luton.example.org", "--role", "administrator"])).0, 0);
    let found = doctor(&[("FINGERPOST_SMTP_URL", "smtp://localhost")]);
    assert!(found.contains("good     administrators   1\n") && found.contains("good     mail server"), "{found}");
}
