//! Backups, restores and the doctor.

use std::os::unix::fs::PermissionsExt as _;

use fingerpost::{
    jobs,
    mail::{self, Kind, Letter, Part},
    model::{Document, LocationPolicy},
    records::{Copied, Draft, LastModified},
    safekeeping::{self, doctor::Verdict, keep_scrubs},
};

use super::{id, pantry, refuge};
use crate::support::{
    On, TestApp, fact,
    sink::{Act, At, Sink},
};

const LISTS: [&str; 7] =
    ["/services", "/organizations", "/service_at_locations", "/taxonomies", "/taxonomy_terms", "/locations", "/events"];

async fn everything(app: &TestApp) -> Vec<(String, String)> {
    let mut all = Vec::new();
    for path in LISTS {
        for form in ["?per_page=1000", "?full=true&per_page=1000"] {
            let answer = app.get(&format!("{path}{form}")).await;
            all.push((answer.text(), answer.header("etag").to_owned()));
        }
    }
    all
}

fact! {
    async fn a_restored_backup_gives_the_same_bytes_in_a_new_epoch(app) {
        app.fixtures().await;
        app.clock.set(crate::support::noon() + chrono::Duration::hours(2));
        app.edit("49dc41c0-ed23-5c36-bccd-580511ca0ad4".parse().unwrap(), |document| if let Document::Service(doc) = document { doc.alert = Some("New hours".into()) }).await;
        app.withdraw("2083d6e6-c6ed-5677-ad32-076b74fa8ce6".parse().unwrap(), "ended").await;
        let before = everything(&app).await;
        let history = app.app().records.history("49dc41c0-ed23-5c36-bccd-580511ca0ad4".parse().unwrap()).await.unwrap();
        let head = app.app().head().await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("today.backup");
        safekeeping::backup(&app.app().records, &file).await.unwrap();
        assert_eq!(std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&file).unwrap().permissions()) & 0o777, 0o600);
        app.edit(id_of_any(&app).await, |document| if let Document::Service(doc) = document { doc.name = "Changed since".into() }).await;
        // From either database into either.
        for into in [On::Sqlite, On::Postgres] {
            let Some(other) = TestApp::start(into).await else { continue };
            other.clock.set(crate::support::noon() + chrono::Duration::days(9));
            safekeeping::restore(&other.app().records, &file, &other.config.data_dir).await.unwrap();
            other.follow().await;
            assert_eq!(everything(&other).await, before);
            assert_eq!(other.get("/services/2083d6e6-c6ed-5677-ad32-076b74fa8ce6").await.status, 410);
            assert_eq!(other.app().records.history("49dc41c0-ed23-5c36-bccd-580511ca0ad4".parse().unwrap()).await.unwrap(), history);
            other.end().await;
        }
        safekeeping::restore(&app.app().records, &file, &app.config.data_dir).await.unwrap();
        app.follow().await;
        assert_eq!(everything(&app).await, before);
        let restored = app.app().head().await.unwrap();
        assert!(restored.epoch != head.epoch && restored.position > head.position, "later than everything that was ever numbered");
    }
}

fact! {
    async fn after_a_restore_the_server_is_ready_again_once_the_search_finds_what_was_restored(app) {
        app.import(pantry().to_string()).await;
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("today.backup");
        safekeeping::backup(&app.app().records, &file).await.unwrap();
        app.edit(id("pantry"), |document| if let Document::Service(doc) = document { doc.name = "Changed since".into() }).await;
        assert_eq!(app.get("/readyz").await.status, 200);
        safekeeping::restore(&app.app().records, &file, &app.config.data_dir).await.unwrap();
        assert_eq!(app.get("/readyz").await.status, 503, "the search still finds what was there before");
        app.follow().await;
        assert_eq!((app.get("/readyz").await.status.as_u16(), app.ids("/services?search=larder").await.len()), (200, 1));
    }
}

async fn id_of_any(app: &TestApp) -> uuid::Uuid {
    let service = app.app().records.by_kind(fingerpost::model::Kind::Service, None, 1).await.unwrap().remove(0);
    service.id
}

fact! {
    async fn a_backup_is_of_one_moment_whatever_is_saved_while_it_is_made(app) {
        app.fixtures().await;
        let service = id_of_any(&app).await;
        let (begin, begun) = tokio::sync::oneshot::channel();
        let (tell, told) = std::sync::mpsc::channel();
        let records = app.app().records.clone();
        let saving = tokio::spawn(async move {
            begun.await.unwrap();
            let stored = records.find(service).await.unwrap().unwrap();
            let mut draft = Draft { state: stored.state, ..Draft::new(stored.read().unwrap()) };
            let Document::Service(document) = &mut draft.document else { panic!("it is a service") };
            document.name = "Saved meanwhile".into();
            records.save_now(&TestApp::person("a test"), vec![draft], &LastModified::new()).await.unwrap();
            tell.send(()).unwrap();
        });
        let (mut begin, mut copied) = (Some(begin), Vec::new());
        let each = |one: Copied| {
            // What is published is read after the records are.
            if let Some(begin) = begin.take() {
                begin.send(()).unwrap();
                tokio::task::block_in_place(|| told.recv().unwrap());
            }
            copied.push(format!("{one:?}"));
            Ok::<_, fingerpost::records::Error>(())
        };
        app.app().records.copy(each).await.unwrap();
        saving.await.unwrap();
        assert!(copied.len() > 500, "{}", copied.len());
        assert_eq!(copied.iter().find(|one| one.contains("Saved meanwhile")), None);
        app.follow().await;
        assert!(app.get(&format!("/services/{service}")).await.text().contains("Saved meanwhile"));
    }
}

fact! {
    async fn half_a_backup_changes_nothing(app) {
        app.import(pantry().to_string()).await;
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("today.backup");
        safekeeping::backup(&app.app().records, &file).await.unwrap();
        let whole = std::fs::read(&file).unwrap();
        let before = everything(&app).await;
        for (name, bytes) in [("half", &whole[..whole.len() / 2]), ("empty", &[][..]), ("other", b"not a backup")] {
            let damaged = folder.path().join(name);
            std::fs::write(&damaged, bytes).unwrap();
            let error = safekeeping::restore(&app.app().records, &damaged, &app.config.data_dir).await.unwrap_err().to_string();
            assert!(error.contains("not a complete Fingerpost backup") || error.contains("cannot use the backup"), "{error}");
            app.follow().await;
            assert_eq!(everything(&app).await, before, "{name}");
        }
        let error = safekeeping::backup(&app.app().records, &file).await.unwrap_err().to_string();
        assert!(error.contains("it already exists; choose another name"), "{error}");
    }
}

fact! {
    async fn a_backup_in_which_a_single_bit_has_flipped_is_refused_and_changes_nothing(app) {
        app.import(pantry().to_string()).await;
        let folder = tempfile::tempdir().unwrap();
        let (file, rotten) = (folder.path().join("today.backup"), folder.path().join("rotten.backup"));
        safekeeping::backup(&app.app().records, &file).await.unwrap();
        let whole = std::fs::read(&file).unwrap();
        let before = everything(&app).await;
        // What stands at either end says how the file is made up; what people wrote stands between.
        let (written, mut refused) = (whole.len() / 4..whole.len() * 3 / 4, 0);
        for at in written.clone().step_by(written.len() / 60) {
            let mut bytes = whole.clone();
            bytes[at] ^= 1 << (at % 8);
            std::fs::write(&rotten, &bytes).unwrap();
            match safekeeping::restore(&app.app().records, &rotten, &app.config.data_dir).await.map_err(|error| error.to_string()) {
                // It pointed to the same words elsewhere in the file.
                Ok(_) => assert_eq!(zstd::decode_all(&*bytes).unwrap(), zstd::decode_all(&*whole).unwrap()),
                Err(error) => {
                    assert!(error.contains("is not a complete Fingerpost backup") && error.ends_with("nothing was changed"), "{error}");
                    refused += 1;
                }
            }
        }
        assert!(refused > 50, "{refused}");
        std::fs::write(&rotten, [&whole[..], &whole[..]].concat()).unwrap();
        let error = safekeeping::restore(&app.app().records, &rotten, &app.config.data_dir).await.unwrap_err().to_string();
        assert!(error.contains(" lines but has "), "{error}");
        app.follow().await;
        assert_eq!(everything(&app).await, before);
    }
}

fact! {
    async fn the_doctor_finds_what_is_wrong_and_says_what_to_do(app) {
        app.fixtures().await;
        let examine = async || {
            let head = app.app().head().await.unwrap();
            safekeeping::doctor::examine(&app.config, &app.app().db, &head, app.clock.now(), true).await
        };
        let findings = examine().await;
        let wanting: Vec<&str> = findings.iter().filter(|finding| finding.verdict != Verdict::Good).map(|finding| finding.what).collect();
        assert_eq!(wanting, ["postcodes"], "{findings:#?}");
        let postcodes = app.folder.path().join("postcodes.csv");
        std::fs::write(&postcodes, "LU1 2AA,51.8787,-0.42\n").unwrap();
        fingerpost::places::import(&app.app().db, &postcodes, app.clock.now(), |_| {}).await.unwrap();
        let findings = examine().await;
        assert!(findings.iter().all(|finding| finding.verdict == Verdict::Good), "{findings:#?}");
        let key = app.folder.path().join("keys/signing.json");
        std::fs::set_permissions(&key, std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
        app.clock.set(crate::support::noon() - chrono::Duration::days(365));
        let findings = examine().await;
        let found = |what: &str| findings.iter().find(|finding| finding.what == what).unwrap().verdict;
        assert_eq!((found("signing key"), found("clock"), found("database")), (Verdict::Bad, Verdict::Careful, Verdict::Good));
        assert!(findings.iter().filter(|finding| finding.verdict != Verdict::Good).all(|finding| finding.advice.is_some()));
    }
}

fact! {
    async fn the_doctor_counts_letters_that_never_arrived_and_says_what_to_do(app) {
        let emails = async || {
            let head = app.app().head().await.unwrap();
            let findings = safekeeping::doctor::examine(&app.config, &app.app().db, &head, app.clock.now(), false).await;
            findings.into_iter().find(|finding| finding.what == "emails").unwrap()
        };
        let queue = async |kind| {
            let tx = app.app().db.write().await.unwrap();
            let letter = Letter::new("a@example.org", kind, "Still right?", &[Part::paragraph("Is it?")]);
            mail::queue(&tx, &letter, app.clock.now()).await.unwrap();
            tx.commit().await.unwrap();
        };
        let later = |by: chrono::Duration| app.clock.set(app.clock.now() + by);
        let sink = Sink::start().await;
        queue(Kind::Invitation).await;
        assert_eq!(emails().await.verdict, Verdict::Good, "it is not late");
        later(chrono::Duration::hours(3));
        let found = emails().await;
        assert_eq!((found.verdict, found.found.starts_with("1 waiting for more than 2 hours")), (Verdict::Careful, true), "{found:?}");
        assert!(found.advice.unwrap().contains("fingerpost run mail"), "{found:?}");
        later(chrono::Duration::days(5));
        sink.then([Act::Say(At::Rcpt, "451 4.2.2 not now")]);
        sink.mailer(&app).send_due().await.unwrap();
        queue(Kind::Reminder).await;
        // Somebody mistypes their address.
        queue(Kind::SignIn).await;
        sink.then([Act::Say(At::Rcpt, "550 5.1.1 no such mailbox"), Act::Say(At::Rcpt, "550 5.1.1 no such mailbox")]);
        sink.mailer(&app).send_due().await.unwrap();
        let found = emails().await;
        assert_eq!(found.found, "0 waiting for more than 2 hours; in the last 7 days 1 given up and 1 refused by the mail server");
        assert!(found.verdict == Verdict::Careful && found.advice.unwrap().contains("/moderation"), "{found:?}");
        later(chrono::Duration::days(8));
        assert_eq!(emails().await.verdict, Verdict::Good, "that is long ago");
    }
}

fact! {
    async fn the_doctor_notices_a_clock_that_was_set_back_by_an_hour(app) {
        app.import(pantry().to_string()).await;
        let hour = |hours| crate::support::noon() + chrono::Duration::hours(hours);
        let clock = async || {
            let head = app.app().head().await.unwrap();
            let findings = safekeeping::doctor::examine(&app.config, &app.app().db, &head, app.clock.now(), false).await;
            findings.into_iter().find(|finding| finding.what == "clock").unwrap()
        };
        app.clock.set(hour(5));
        app.edit(id("pantry"), |document| if let Document::Service(doc) = document { doc.alert = Some("New hours".into()) }).await;
        assert_eq!(clock().await.verdict, Verdict::Good);
        // Long after the directory began, and yet before its latest change.
        app.clock.set(hour(4));
        let found = clock().await;
        assert_eq!(found.verdict, Verdict::Careful);
        assert!(found.found.ends_with("3600 seconds before the latest change"), "{}", found.found);
    }
}

fact! {
    async fn the_doctor_advises_a_restore_only_where_the_database_is_damaged(app) {
        app.import(pantry().to_string()).await;
        let head = app.app().head().await.unwrap();
        app.app().db.clone().close().await.unwrap();
        let findings = safekeeping::doctor::examine(&app.config, &app.app().db, &head, app.clock.now(), false).await;
        let database = findings.iter().find(|finding| finding.what == "database").unwrap();
        let advice = database.advice.unwrap();
        assert_eq!(database.verdict, Verdict::Bad);
        assert!(advice.contains("try again") && !advice.contains("restore"), "{advice}");
    }
}

fact! {
    async fn what_was_withdrawn_comes_back_as_a_new_version(app) {
        app.import(pantry().to_string()).await;
        app.withdraw(id("pantry"), "closed").await;
        let gone = app.app().records.find(id("pantry")).await.unwrap().unwrap();
        app.save(vec![Draft::new(gone.read().unwrap())]).await;
        assert_eq!(app.get(&format!("/services/{}", id("pantry"))).await.status, 200);
        assert_eq!(app.app().records.history(id("pantry")).await.unwrap().len(), 3);
    }
}

/// What the list of what was taken out for good says.
fn list(app: &TestApp) -> String {
    std::fs::read_to_string(app.folder.path().join("scrubs.ndjson")).unwrap_or_default()
}

async fn set_policy(app: &TestApp, policy: LocationPolicy, name: &str) {
    let with = |document: &mut Document| {
        if let Document::Location(place) = document {
            (place.location_policy, place.name) = (Some(policy), Some(name.to_owned()));
        }
    };
    app.edit(id("centre"), with).await;
}

fact! {
    async fn the_list_of_what_was_taken_out_is_kept_when_the_database_is_new(app) {
        app.import(pantry().to_string()).await;
        set_policy(&app, LocationPolicy::Withheld, "Gorse Centre").await;
        keep_scrubs(&app.app().records, app.folder.path()).await.unwrap();
        let before = list(&app);
        assert!(before.contains("withheld"), "{before}");
        // As the guide says for a new machine: the list first, then whatever comes.
        let Some(other) = TestApp::start(app.on).await else { return };
        std::fs::write(other.folder.path().join("scrubs.ndjson"), &before).unwrap();
        other.import(refuge().to_string()).await;
        jobs::tidy(&other.served).await.unwrap();
        assert!(list(&other).contains(before.trim_end()), "{}", list(&other));
        other.end().await;
    }
}

fact! {
    async fn what_somebody_opened_again_stays_open_after_a_restore(app) {
        app.import(pantry().to_string()).await;
        set_policy(&app, LocationPolicy::Withheld, "Gorse Centre").await;
        keep_scrubs(&app.app().records, app.folder.path()).await.unwrap();
        app.clock.set(crate::support::noon() + chrono::Duration::hours(1));
        set_policy(&app, LocationPolicy::Exact, "Gorse Centre, rebuilt").await;
        keep_scrubs(&app.app().records, app.folder.path()).await.unwrap();
        assert!(list(&app).contains("lifted_at"), "{}", list(&app));
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("today.backup");
        safekeeping::backup(&app.app().records, &file).await.unwrap();
        safekeeping::restore(&app.app().records, &file, app.folder.path()).await.unwrap();
        app.follow().await;
        assert!(app.get("/locations").await.text().contains("Gorse Centre, rebuilt"));
    }
}

fact! {
    async fn what_is_taken_out_just_as_a_restore_begins_stays_out(app) {
        app.import(pantry().to_string()).await;
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("today.backup");
        safekeeping::backup(&app.app().records, &file).await.unwrap();
        let tx = app.app().db.write().await.unwrap();
        app.app().records.erase_contact(&tx, &TestApp::person("she asked"), id("pantry"), id("desk")).await.unwrap();
        let erasing = async {
            // The restore has begun, and waits.
            tokio::time::sleep(std::time::Duration::from_millis(500)).await;
            tx.commit().await.unwrap();
        };
        let (restored, ()) = tokio::join!(safekeeping::restore(&app.app().records, &file, app.folder.path()), erasing);
        restored.unwrap();
        assert!(!app.app().records.remembered().await.unwrap().is_empty());
        let stored = app.app().records.find(id("pantry")).await.unwrap().unwrap();
        assert!(!stored.document.contains("Pantry desk"), "{}", stored.document);
        app.follow().await;
        let told = app.get("/services?full=true").await.text();
        assert!(told.contains("Meadow larder") && !told.contains("Pantry desk"), "{told}");
    }
}

fact! {
    async fn a_damaged_list_of_what_was_taken_out_stops_a_restore_and_stays_as_it_is(app) {
        app.import(pantry().to_string()).await;
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("today.backup");
        safekeeping::backup(&app.app().records, &file).await.unwrap();
        set_policy(&app, LocationPolicy::Withheld, "Gorse Centre").await;
        keep_scrubs(&app.app().records, app.folder.path()).await.unwrap();
        let whole = list(&app);
        let cut = format!("{whole}{}", &whole[..whole.len() / 2]);
        std::fs::write(app.folder.path().join("scrubs.ndjson"), &cut).unwrap();
        let error = safekeeping::restore(&app.app().records, &file, app.folder.path()).await.unwrap_err().to_string();
        assert!(error.starts_with("line 2 of ") && error.contains("cannot be read"), "{error}");
        app.follow().await;
        assert!(!app.get("/locations").await.text().contains("Gorse Centre"));
        keep_scrubs(&app.app().records, app.folder.path()).await.unwrap_err();
        assert_eq!(list(&app), cut);
    }
}

fact! {
    async fn a_backup_is_its_owners_alone_whatever_lies_there_and_overwrites_nothing(app) {
        app.import(pantry().to_string()).await;
        let folder = tempfile::tempdir().unwrap();
        let (file, partial) = (folder.path().join("today.backup"), folder.path().join("today.backup.part"));
        std::fs::write(&partial, "left by somebody").unwrap();
        std::fs::set_permissions(&partial, std::fs::Permissions::from_mode(0o644)).unwrap();
        safekeeping::backup(&app.app().records, &file).await.unwrap();
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(!partial.exists());
        // A folder in the way of the partial file: nothing is left behind, and nothing else is touched.
        std::fs::create_dir(folder.path().join("next.backup.part")).unwrap();
        safekeeping::backup(&app.app().records, &folder.path().join("next.backup")).await.unwrap_err();
        assert!(!folder.path().join("next.backup").exists());
    }
}

fact! {
    async fn a_snapshot_that_cannot_be_made_keeps_nothing_else_from_being_done(app) {
        app.import(pantry().to_string()).await;
        set_policy(&app, LocationPolicy::Withheld, "Gorse Centre").await;
        app.served.outlet.snapshot().await.unwrap();
        app.clock.set(crate::support::noon() + chrono::Duration::days(2));
        let snapshots = app.folder.path().join("snapshots");
        std::fs::remove_dir_all(&snapshots).unwrap();
        std::fs::write(&snapshots, "no folder").unwrap();
        jobs::tidy(&app.served).await.unwrap_err();
        assert!(list(&app).contains("withheld"), "the list is kept all the same");
    }
}
