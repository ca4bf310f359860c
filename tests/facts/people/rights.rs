//! Who may do what, tried on every page.

use fingerpost::identity::{PlatformRole, ROLES, RULES};

use super::{
    council::{AMINA, refused, second_moderator},
    id, public, with_pantry,
};
use crate::support::{PUBLIC_URL, browser::Browser, fact};

fact! {
    async fn nobody_who_is_not_signed_in_reads_a_page_for_people(app) {
        with_pantry(&app).await;
        let visitor = Browser::new(&app);
        let listing = id("pantry");
        let organisation = id("marsh farm");
        for path in [
            "/account".to_owned(), "/account/profile".to_owned(), "/account/find".to_owned(), "/moderation".to_owned(),
            "/moderation/people".to_owned(), "/moderation/audit".to_owned(), format!("/account/listings/{listing}"),
            format!("/account/listings/{listing}/history"), format!("/account/listings/{listing}/about"),
            format!("/account/organisations/{organisation}"), format!("/moderation/records/{listing}"),
        ] {
            let page = visitor.open(&path).await;
            assert!(page.text().contains("Send me a link"), "{path}: {}", page.text());
        }
        for path in [format!("/account/listings/{listing}/about"), format!("/moderation/records/{listing}"), "/moderation/people".to_owned()] {
            let answer = visitor.post(&path, "https://directory.luton.example.org", &[("do", "hide"), ("reason", "x"), ("name", "x")]).await;
            assert_eq!(answer.status, 303, "{path}");
            assert!(answer.header("location").starts_with("/sign-in"), "{path}");
        }
    }
}

fact! {
    async fn another_groups_record_is_not_there_for_an_editor(app) {
        with_pantry(&app).await;
        let mallory = Browser::keeper(&app, "mallory@rowan.example.org", id("rowan")).await;
        let own = mallory.open(&format!("/account/listings/{}/about", id("refuge"))).await;
        for (path, name) in [
            (format!("/account/listings/{}", id("pantry")), "pantry"), (format!("/account/listings/{}/history", id("pantry")), "pantry"),
            (format!("/account/listings/{}/about", id("pantry")), "pantry"), (format!("/account/organisations/{}", id("marsh farm")), "marsh farm"),
            (format!("/account/organisations/{}/services/new", id("marsh farm")), "marsh farm"),
        ] {
            assert_eq!(mallory.open(&path).await.status, 404, "{path} {name}");
        }
        // A form of one's own, sent to somebody else's listing.
        let body = own.text();
        let token = body.split("name=\"form\" value=\"").nth(1).unwrap().split('"').next().unwrap();
        let path = format!("/account/listings/{}/about", id("pantry"));
        let fields = [("form", token), ("revision", "1"), ("name", "Hacked"), ("description", "Hacked"), ("do", "save")];
        let answer = mallory.post(&path, "https://directory.luton.example.org", &fields).await;
        assert_eq!(answer.status, 404, "{}", answer.text());
        let officer_only = [("form", token), ("do", "hide"), ("reason", "x")];
        for path in [format!("/moderation/records/{}", id("pantry")), format!("/moderation/records/{}", id("refuge"))] {
            let answer = mallory.post(&path, "https://directory.luton.example.org", &officer_only).await;
            assert!([403, 404].contains(&answer.status.as_u16()), "{path}: {}", answer.status);
        }
        let answer = mallory.post("/moderation/people", "https://directory.luton.example.org", &[("form", token), ("email", "mallory@rowan.example.org"), ("role", "administrator")]).await;
        assert_eq!(answer.status, 403);
    }
}

fact! {
    async fn a_reader_sees_and_changes_nothing(app) {
        with_pantry(&app).await;
        let reader = Browser::officer(&app, PlatformRole::Reader).await;
        for path in ["/moderation", "/moderation/audit"] {
            assert_eq!(reader.open(path).await.status, 200, "{path}");
        }
        assert_eq!(reader.open("/moderation/people").await.status, 403);
        assert_eq!(reader.open(&format!("/account/listings/{}", id("pantry"))).await.status, 200);
        let page = reader.open("/account/profile").await.text();
        let proof = page.split("name=\"form\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
        for path in [format!("/account/listings/{}/about", id("pantry")), format!("/moderation/records/{}", id("pantry"))] {
            assert_eq!(reader.open(&path).await.status, 403, "{path}");
            let fields = [("form", proof.as_str()), ("do", "hide"), ("reason", "closed"), ("name", "Closed"), ("version", "1")];
            let tried = reader.post(&path, PUBLIC_URL.trim_end_matches('/'), &fields).await;
            assert!(tried.status.is_client_error(), "{path}: {}", tried.text());
        }
        assert_eq!(public(&app, "pantry").await["name"], "Meadow larder");
        assert_eq!(app.app().records.find(id("pantry")).await.unwrap().unwrap().kept.revision, 1);
    }
}

fact! {
    async fn a_role_that_is_taken_takes_its_sessions_along(app) {
        let moderator = Browser::officer(&app, PlatformRole::Moderator).await;
        assert_eq!(moderator.open("/moderation").await.status, 200);
        let identity = app.app().identity();
        let tx = identity.write().await.unwrap();
        identity.give_role(&tx, &"moderator@council.example.org".parse().unwrap(), None).await.unwrap();
        tx.commit().await.unwrap();
        assert!(moderator.open("/moderation").await.text().contains("Send me a link"));
    }
}

fact! {
    async fn people_survive_in_a_backup_and_their_secrets_do_not(app) {
        use fingerpost::safekeeping;
        with_pantry(&app).await;
        let amina = Browser::keeper(&app, "amina@lark-hill.example.org", id("marsh farm")).await;
        let _moderator = Browser::officer(&app, PlatformRole::Moderator).await;
        let file = app.folder.path().join("a.backup");
        safekeeping::backup(&app.app().records, &file).await.unwrap();
        let session = amina.cookie("__Host-session").unwrap();
        let unpacked = String::from_utf8(zstd::decode_all(std::fs::File::open(&file).unwrap()).unwrap()).unwrap();
        assert!(unpacked.contains("amina@lark-hill.example.org") && !unpacked.contains(&session));
        // Somebody who is forgotten stays forgotten, although the backup knows them.
        let page = amina.open("/account/profile/forget").await;
        amina.submit_only(&page, "/account/profile/forget", &[]).await;
        safekeeping::restore(&app.app().records, &file, app.folder.path()).await.unwrap();
        let identity = app.app().identity();
        assert_eq!(identity.person_at(&"amina@lark-hill.example.org".parse().unwrap()).await.unwrap(), None);
        // On a new machine everybody is back.
        let fresh = crate::support::TestApp::start(app.on).await.unwrap();
        safekeeping::restore(&fresh.app().records, &file, fresh.folder.path()).await.unwrap();
        let there = fresh.app().identity();
        let amina = there.person_at(&"amina@lark-hill.example.org".parse().unwrap()).await.unwrap().expect("she is back");
        assert_eq!(there.memberships(amina.id).await.unwrap()[0].organisation, id("marsh farm"));
        assert_eq!(there.officers().await.unwrap()[0].role, Some(PlatformRole::Moderator));
        fresh.end().await;
    }
}

fact! {
    async fn what_people_dealt_with_us_about_survives_in_a_backup(app) {
        use fingerpost::{quality::reports, safekeeping, self_help::{self, Part}};
        with_pantry(&app).await;
        let amina = Browser::keeper(&app, "amina@lark-hill.example.org", id("marsh farm")).await;
        let path = format!("/account/listings/{}/about", id("pantry"));
        let page = amina.open(&path).await;
        amina.submit(&page, &path, &[("name", "The larder"), ("do", "save")]).await;
        let waiting = app.app().records.waiting(None, None, 10).await.unwrap();
        let change = format!("/account/changes/{}", waiting[0].id);
        let page = amina.open(&change).await;
        amina.submit(&page, &change, &[("words", "We have moved"), ("do", "say")]).await;
        let page = amina.open(&format!("/account/listings/{}", id("pantry"))).await;
        amina.submit(&page, &format!("/account/listings/{}/confirm", id("pantry")), &[("do", "owner")]).await;
        let ben = Browser::signed_in(&app, "ben@gmail.com").await;
        let path = format!("/account/organisations/{}/claim", id("marsh farm"));
        let page = ben.open(&path).await;
        ben.submit(&page, &path, &[("words", "I am the treasurer"), ("terms", "yes")]).await;
        let quality = app.app().quality(&crate::support::PUBLIC_URL.parse().unwrap());
        let report = reports::New { record: id("pantry"), words: "The door was shut".to_owned(), ..reports::New::default() };
        quality.report(&report, &[], &[]).await.unwrap();
        self_help::save_draft(&app.app().db, &app.clock, Part::Checker, "{\"id\": \"ours\"}", "Mo").await.unwrap();
        let audit = app.app().identity().audit(None, None, 100).await.unwrap();
        let file = app.folder.path().join("a.backup");
        safekeeping::backup(&app.app().records, &file).await.unwrap();
        for into in [crate::support::On::Sqlite, crate::support::On::Postgres] {
            let Some(fresh) = crate::support::TestApp::start(into).await else { continue };
            safekeeping::restore(&fresh.app().records, &file, fresh.folder.path()).await.unwrap();
            let records = &fresh.app().records;
            assert_eq!(records.waiting(None, None, 10).await.unwrap(), waiting);
            assert_eq!(records.thread(waiting[0].id).await.unwrap()[0].words, "We have moved");
            assert_eq!(fresh.app().identity().waiting_claims().await.unwrap()[0].words, "I am the treasurer");
            assert_eq!(fresh.app().identity().audit(None, None, 100).await.unwrap(), audit);
            assert_eq!(records.checks(id("pantry")).await.unwrap().len(), 1);
            let quality = fresh.app().quality(&crate::support::PUBLIC_URL.parse().unwrap());
            assert_eq!(quality.open_reports().await.unwrap()[0].words.as_deref(), Some("The door was shut"));
            assert!(self_help::drafts(&fresh.app().db).await.unwrap()[0].body.contains("ours"));
            fresh.end().await;
        }
        // Here nothing comes back that was decided since, nor what somebody said who is gone.
        let page = ben.open("/account/profile/forget").await;
        ben.submit_only(&page, "/account/profile/forget", &[]).await;
        safekeeping::restore(&app.app().records, &file, app.folder.path()).await.unwrap();
        assert_eq!(app.app().identity().waiting_claims().await.unwrap(), []);
        assert_eq!(app.app().records.waiting(None, None, 10).await.unwrap(), waiting);
        assert_eq!(quality.open_reports().await.unwrap().len(), 1, "not twice");
    }
}

fact! {
    async fn what_the_council_has_set_up_and_what_was_counted_survive_in_a_backup(app) {
        use fingerpost::{jobs, safekeeping, search::{self, Table}, views::Seen};
        with_pantry(&app).await;
        let moderator = Browser::officer(&app, PlatformRole::Moderator).await;
        let second = second_moderator(&app).await;
        let amina = Browser::keeper(&app, AMINA, id("marsh farm")).await;
        let change = refused(&app, &amina, &second).await;
        let own = format!("/account/changes/{change}");
        let page = amina.open(&own).await;
        amina.submit(&page, &own, &[("appeal", "We changed it in May."), ("do", "appeal")]).await;
        let path = "/moderation/declarations";
        moderator.submit(&moderator.open(path).await, path, &[("names", "Food hygiene rating")]).await;
        let words = search::load(&app.app().db, &app.clock).await.unwrap();
        let table = format!("{}nithered,energy-heating,local word\n", words.table(Table::Everyday));
        search::save(&app.app().db, &app.clock, Table::Everyday, &table, "an officer").await.unwrap();
        for _ in 0..3 {
            app.served.views.note(id("pantry"), Seen::Page);
        }
        jobs::views(&app.served).await.unwrap();
        let file = app.folder.path().join("a.backup");
        safekeeping::backup(&app.app().records, &file).await.unwrap();
        let url = crate::support::PUBLIC_URL.parse().unwrap();
        for into in [crate::support::On::Sqlite, crate::support::On::Postgres] {
            let Some(fresh) = crate::support::TestApp::start(into).await else { continue };
            safekeeping::restore(&fresh.app().records, &file, fresh.folder.path()).await.unwrap();
            let editing = fresh.app().editing(&url);
            assert_eq!(editing.asked_for().await.unwrap(), ["Food hygiene rating"], "and none of those that it began with");
            assert_eq!(editing.appeal_of(change.parse().unwrap()).await.unwrap().unwrap().words, "We changed it in May.");
            assert_eq!(search::load(&fresh.app().db, &fresh.clock).await.unwrap().table(Table::Everyday), table);
            let seen: u64 = fresh.served.views.months(id("pantry"), 12).await.unwrap().iter().map(|month| month.pages).sum();
            assert_eq!(seen, 3);
            fresh.end().await;
        }
        // Here nothing is lost that was written since.
        let newer = format!("{table}fankled,food-emergency,local word\n");
        search::save(&app.app().db, &app.clock, Table::Everyday, &newer, "an officer").await.unwrap();
        safekeeping::restore(&app.app().records, &file, app.folder.path()).await.unwrap();
        assert_eq!(search::load(&app.app().db, &app.clock).await.unwrap().table(Table::Everyday), newer);
    }
}

fact! {
    async fn a_place_that_others_keep_secret_cannot_be_shown_by_a_link_from_outside(app) {
        with_pantry(&app).await;
        app.edit(id("pantry"), |document| {
            let fingerpost::model::Document::Service(service) = document else { panic!() };
            service.service_at_locations[0].location_policy = Some(fingerpost::model::LocationPolicy::OnRequest);
        }).await;
        let mallory = Browser::keeper(&app, "mallory@rowan.example.org", id("rowan")).await;
        let page = mallory.open("/account").await.text();
        let proof = page.split("name=\"form\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
        let cookie = format!("__Host-session={}", mallory.cookie("__Host-session").unwrap());
        let headers = [("cookie", cookie.as_str()), ("x-form-token", &proof)];
        let link = serde_json::json!([{"id": id("a link"), "location_id": id("centre")}]);
        let changes = serde_json::json!([{"start": "2026-12-01T10:00:00", "status": "moved", "location_id": id("centre")}]);
        for (kind, more) in [("service", serde_json::json!({"status": "active", "service_at_locations": link})),
            ("event", serde_json::json!({"status": "scheduled", "start": "2026-12-01T10:00:00", "end": "2026-12-01T12:00:00", "timezone": "Europe/London", "changes": changes})),
            ("event", serde_json::json!({"status": "scheduled", "start": "2026-12-01T10:00:00", "end": "2026-12-01T12:00:00", "timezone": "Europe/London", "location_id": id("centre")}))] {
            let mut document = more;
            document["name"] = "Fake".into();
            document["description"] = "Fake".into();
            document["organization_id"] = id("rowan").to_string().into();
            let body = serde_json::json!({"kind": kind, "document": document}).to_string();
            let answer = app.ask(http::Method::POST, "/api/v1/records", &headers, &body).await;
            assert_eq!(answer.status, 403, "{kind}: {}", answer.text());
        }
        app.follow().await;
        for path in ["/services?full=true", "/events", "/locations", "/federation/v1/changes"] {
            assert!(!app.get(path).await.text().contains("LU3 9XQ"), "{path}");
        }
    }
}

fact! {
    async fn what_was_read_before_a_role_was_taken_does_not_bring_it_back(app) {
        let _moderator = Browser::officer(&app, PlatformRole::Moderator).await;
        let identity = app.app().identity();
        let email = "moderator@council.example.org".parse().unwrap();
        let mut read_before = identity.person_at(&email).await.unwrap().unwrap();
        let tx = identity.write().await.unwrap();
        identity.give_role(&tx, &email, None).await.unwrap();
        tx.commit().await.unwrap();
        read_before.name = String::from("Mo");
        let tx = identity.write().await.unwrap();
        identity.keep_person(&tx, &read_before).await.unwrap();
        tx.commit().await.unwrap();
        let now = identity.person_at(&email).await.unwrap().unwrap();
        assert_eq!((now.role, now.name.as_str()), (None, "Mo"));
        let tx = identity.write().await.unwrap();
        identity.forget(&tx, now.id).await.unwrap();
        identity.keep_person(&tx, &read_before).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(identity.person_at(&email).await.unwrap(), None, "nor is somebody who was forgotten back");
    }
}

/// The table in the guide is the table in the code. Set `UPDATE` to write it anew.
#[test]
fn the_guide_has_every_action_and_role() {
    let name = |role: &fingerpost::identity::Role| serde_json::to_value(role).unwrap().as_str().unwrap().replace('_', " ");
    let mut table =
        format!("| | {} |\n|---|{}\n", ROLES.iter().map(name).collect::<Vec<_>>().join(" | "), "---|".repeat(ROLES.len()));
    for (action, allowed) in RULES {
        let cells: Vec<&str> = ROLES.iter().map(|role| if allowed.contains(role) { "yes" } else { "" }).collect();
        table.extend(["| ", action.words(), " | ", &cells.join(" | "), " |\n"]);
    }
    let file = "docs/guides/people-and-roles.md";
    let guide = std::fs::read_to_string(file).unwrap();
    let (start, rest) = guide.split_once("<!-- table -->\n").expect("a place for the table");
    let (found, end) = rest.split_once("<!-- end of table -->").expect("an end of the table");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(file, format!("{start}<!-- table -->\n{table}<!-- end of table -->{end}")).unwrap();
        return;
    }
    assert_eq!(found, table, "run the tests with UPDATE=1 to write it anew");
}

fact! {
    async fn half_an_id_is_the_address_of_no_page(app) {
        with_pantry(&app).await;
        let moderator = Browser::officer(&app, PlatformRole::Moderator).await;
        for path in ["/account/listings/abc", "/moderation/changes/abc", "/account/claims/zzz", "/account/organisations/5f0a"] {
            let page = moderator.open(path).await;
            assert_eq!((page.status.as_u16(), page.header("content-type")), (404, "text/html; charset=utf-8"), "{path}");
            assert!(page.text().contains("Page not found") && !page.text().contains("UUID"), "{path}: {}", page.text());
        }
    }
}

fact! {
    async fn whoever_signs_in_comes_back_to_the_page_with_its_query(app) {
        with_pantry(&app).await;
        let asked = app.page("/moderation/audit?about=person%3A5").await;
        assert_eq!(asked.status, 303);
        assert_eq!(asked.header("location"), "/sign-in?return_to=%2Fmoderation%2Faudit%3Fabout%3Dperson%253A5");
    }
}

fact! {
    async fn a_token_that_a_role_allowed_does_not_come_back_with_the_role(app) {
        with_pantry(&app).await;
        let identity = app.app().identity();
        let email: fingerpost::identity::Email = "admin@luton.example.org".parse().unwrap();
        let tx = identity.write().await.unwrap();
        let admin = identity.give_role(&tx, &email, Some(PlatformRole::Administrator)).await.unwrap();
        identity.add_member(&tx, id("rowan"), admin.id, fingerpost::identity::MemberRole::Lead).await.unwrap();
        let mut secrets = Vec::new();
        for organisation in [id("marsh farm"), id("rowan")] {
            let new = fingerpost::identity::NewToken {
                name: "a program".to_owned(), organisation, scope: fingerpost::identity::Scope::Write, person: Some(admin.id), life: chrono::Duration::days(90),
            };
            secrets.push(identity.make_token(&tx, new).await.unwrap().0);
        }
        identity.give_role(&tx, &email, None).await.unwrap();
        identity.give_role(&tx, &email, Some(PlatformRole::Administrator)).await.unwrap();
        tx.commit().await.unwrap();
        assert!(identity.presented(&secrets[0]).await.unwrap().is_none(), "it was a right of the role");
        assert!(identity.presented(&secrets[1]).await.unwrap().is_some(), "this one is a right of a member");
    }
}
