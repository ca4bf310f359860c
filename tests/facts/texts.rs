//! What the council writes itself: who may, what the public sees of it and when, what is kept.

use std::process::{Command, Output};

use chrono::TimeDelta;
use fingerpost::{identity::PlatformRole, self_help::reading};
use serde_json::{Value, json};

use super::{id, pantry, people::with_pantry};
use crate::support::{browser::Browser, fact};

const GUIDE: [(&str, &str); 6] = [
    ("title", "Your landlord wants more rent"),
    ("summary", "What you can say, and who helps."),
    ("needs", "food-affordable"),
    ("review_by", "2027-05-26"),
    ("body", "## First\n\nRing **{name}**. <script>alert(1)</script> [Bad](javascript:alert(1))"),
    ("do", "draft"),
];

/// A guide that the public may read.
pub(super) async fn publish_guide(app: &crate::support::TestApp) {
    let officer = Browser::officer(app, PlatformRole::Moderator).await;
    let form = officer.open("/moderation/texts/new/guide").await;
    let saved = officer.submit(&form, "/moderation/texts", &GUIDE).await;
    officer.submit(&saved, "/moderation/texts", &[("do", "publish")]).await;
    assert!(app.page("/directory/guides").await.text().contains("Your landlord wants more rent"));
}

fact! {
    async fn a_guide_is_read_by_the_public_once_a_moderator_has_published_it(app) {
        with_pantry(&app).await;
        app.follow().await;
        let officer = Browser::officer(&app, PlatformRole::Moderator).await;
        let form = officer.open("/moderation/texts/new/guide").await;
        let saved = officer.submit(&form, "/moderation/texts", &GUIDE).await;
        assert!(saved.text().contains("Version 1, draft"), "{}", saved.text());
        let address = "/directory/guides/your-landlord-wants-more-rent";
        assert_eq!(app.page(address).await.status, 404, "a draft is not public");

        let published = officer.submit(&saved, "/moderation/texts", &[("do", "publish")]).await;
        assert!(published.text().contains("Your landlord wants more rent"), "{}", published.text());
        let read = app.page(address).await;
        let text = read.text();
        assert_eq!(read.status, 200);
        assert!(text.contains("Ring <strong>Luton"), "{text}");
        assert!(text.contains("&lt;script&gt;") && !text.contains("javascript:"), "{text}");
        assert!(text.contains("Last reviewed on") && text.contains("Meadow larder"), "{text}");
        assert!(app.page("/").await.text().contains(address), "the first page leads to it");

        let away = officer.open("/moderation/texts/your-landlord-wants-more-rent").await;
        officer.submit(&away, "/moderation/texts", &[("do", "withdraw")]).await;
        assert_eq!(app.page(address).await.status, 404);
        let again = officer.open("/moderation/texts/your-landlord-wants-more-rent").await;
        assert!(again.text().contains("3 versions"), "{}", again.text());
    }
}

fact! {
    async fn what_is_wrong_with_a_text_is_said_beside_the_field_and_nothing_is_lost(app) {
        let officer = Browser::officer(&app, PlatformRole::Administrator).await;
        let form = officer.open("/moderation/texts/new/guide").await;
        let wrong = [("needs", "no-such-need"), ("review_by", "soon"), ("do", "publish")];
        let fields: Vec<_> = GUIDE.iter().filter(|(name, _)| !wrong.iter().any(|(own, _)| own == name)).copied().chain(wrong).collect();
        let answer = officer.submit(&form, "/moderation/texts", &fields).await;
        let text = answer.text();
        for said in ["There is no need called no-such-need", "Enter a date such as", "Your landlord wants more rent", "What you can say"] {
            assert!(text.contains(said), "{said}: {text}");
        }
        assert_eq!(app.page("/directory/guides/your-landlord-wants-more-rent").await.status, 404);
    }
}

fact! {
    async fn two_people_who_write_one_text_do_not_lose_each_others_words(app) {
        let officer = Browser::officer(&app, PlatformRole::Moderator).await;
        let form = officer.open("/moderation/texts/privacy").await;
        officer.submit(&form, "/moderation/texts", &[("body", "We keep nothing."), ("do", "publish")]).await;
        let late = officer.submit(&form, "/moderation/texts", &[("body", "We keep no more than we must."), ("do", "publish")]).await;
        let text = late.text();
        assert!(text.contains("Someone else saved this text") && text.contains("We keep no more than we must."), "{text}");
        assert!(app.page("/directory/privacy").await.text().contains("We keep nothing."));
        let twice = officer.submit(&late, "/moderation/texts", &[("do", "publish")]).await;
        assert_eq!(twice.status, 200);
        assert!(app.page("/directory/privacy").await.text().contains("no more than we must"));
    }
}

fact! {
    async fn a_notice_stands_on_every_page_from_its_beginning_to_its_end_where_it_is_for(app) {
        with_pantry(&app).await;
        // Somebody elsewhere, whose place is known as well.
        let mut elsewhere = pantry();
        elsewhere["id"] = json!(id("elsewhere"));
        for member in ["phones", "schedules", "contacts", "attributes"] {
            elsewhere.as_object_mut().unwrap().remove(member);
        }
        elsewhere["service_at_locations"] = json!([{"id": id("larder at the hall"), "location": {
            "id": id("hall"), "location_type": "physical", "name": "Thistle Hall", "latitude": 51.8787, "longitude": -0.42,
            "addresses": [{"id": id("hall address"), "address_1": "3 Thistle Lane", "city": "Luton", "state_province": "Bedfordshire", "postal_code": "LU1 9XQ", "country": "GB", "address_type": "physical"}]
        }}]);
        assert_eq!(app.import(elsewhere.to_string()).await.rejected, []);
        app.follow().await;
        let officer = Browser::officer(&app, PlatformRole::Moderator).await;
        let form = officer.open("/moderation/texts/new/notice").await;
        let now = app.app().clock.now();
        let local = |hours: i64| (now + TimeDelta::hours(hours)).with_timezone(&chrono_tz::Europe::London).format("%Y-%m-%dT%H:%M").to_string();
        let (from, until) = (local(1), local(3));
        let fields = [("title", "Snow until Friday"), ("level", "weather"), ("from", from.as_str()), ("until", until.as_str()), ("places", "LU3"), ("body", "The warm room at the Gorse Centre is open all night."), ("do", "publish")];
        officer.submit(&form, "/moderation/texts", &fields).await;
        let stands = async |app: &crate::support::TestApp, path: &str| app.page(path).await.text().contains("warm room");
        assert!(!stands(&app, "/").await, "not yet");
        app.app().clock.set(now + TimeDelta::minutes(61));
        assert!(stands(&app, "/").await && stands(&app, "/help").await && stands(&app, "/directory/needs").await);
        let search = async |postcode: &str| {
            let answer = app.ask(http::Method::POST, "/directory/search", &[("content-type", "application/x-www-form-urlencoded")], &format!("q=larder&postcode={postcode}")).await;
            answer.text()
        };
        for here in ["LU3", "LU3+9XQ", ""] {
            assert!(search(here).await.contains("warm room"), "{here:?}");
        }
        for other in ["LU1", "LU1+9XQ"] {
            let page = search(other).await;
            assert!(page.contains("mile") && !page.contains("There is a problem"), "the place is known: {page}");
            assert!(!page.contains("warm room"), "it is not for {other}: {page}");
        }
        let week = async |postcode: &str| {
            let answer = app.ask(http::Method::POST, "/directory/whats-on", &[("content-type", "application/x-www-form-urlencoded")], &format!("postcode={postcode}")).await;
            answer.text()
        };
        assert!(week("LU3").await.contains("warm room") && !week("LU1").await.contains("warm room"), "what’s on as well");
        app.app().clock.set(now + TimeDelta::hours(3));
        assert!(!stands(&app, "/").await && !search("LU3").await.contains("warm room"), "it is over");
    }
}

fact! {
    async fn only_moderators_and_administrators_write_texts(app) {
        for role in [PlatformRole::Reader, PlatformRole::Collector] {
            let officer = Browser::officer(&app, role).await;
            for path in ["/moderation/texts", "/moderation/texts/privacy", "/moderation/texts/new/notice"] {
                assert_eq!(officer.open(path).await.status, 403, "{role:?} {path}");
            }
        }
        let moderator = Browser::officer(&app, PlatformRole::Moderator).await;
        let page = moderator.open("/moderation/texts").await;
        assert!(page.text().contains("What is listed here") && page.text().contains("The text supplied with Fingerpost"), "{}", page.text());
    }
}

fact! {
    async fn outside_a_demonstration_no_guide_is_shown_that_nobody_has_reviewed(app) {
        assert!(app.page("/directory/guides").await.text().contains("There are no guides yet"));
        assert_eq!(app.page("/directory/guides/behind-with-rent").await.status, 404);
        assert!(app.page("/directory/listing-policy").await.text().contains("What we do not list"), "pages about the site are there from the start");
        let demo = crate::support::Demo(app.served.router(true));
        let named = demo.page("/directory/guides/not-safe-at-home").await;
        assert_eq!((named.status.as_u16(), named.header("cache-control")), (308, "no-store"), "an address is kept in histories");
        let address = named.header("location").to_owned();
        assert!(address.starts_with("/directory/guides/") && !address.contains("safe"), "{address}");
        let polish = demo.page("/pl/directory/guides/feeling-low").await;
        assert!(polish.status == 308 && polish.header("location").starts_with("/pl/directory/guides/") && !polish.header("location").contains("low"));
        let list = demo.page("/directory/guides").await.text();
        assert!(list.contains(&address) && !list.contains("not-safe-at-home") && list.contains("/directory/guides/behind-with-rent"));
        let text = demo.page(&address).await.text();
        assert!(!text.contains("not-safe-at-home"), "{text}");
        assert!(text.contains("The council has not reviewed this text"), "{text}");
        assert!(text.contains("<title>A guide") && text.contains("Exit this page"), "a guide that somebody may be seen with says nothing in its title");
    }
}

fact! {
    async fn each_link_in_a_sample_text_leads_to_a_page_and_to_a_part_that_it_has(app) {
        let demo = crate::support::Demo(app.served.router(true));
        let mut parts = 0;
        for (slug, text) in fingerpost::texts::starting() {
            let links = text.body.split("](").skip(1).filter_map(|rest| rest.split(')').next());
            for link in links.filter(|link| link.starts_with('/')) {
                let (path, part) = link.split_once('#').unwrap_or((link, ""));
                let page = demo.page(path).await;
                assert_eq!(page.status, 200, "{slug}: {link}");
                assert!(part.is_empty() || page.text().contains(&format!("id=\"{part}\"")), "{slug}: {link}");
                parts += usize::from(!part.is_empty());
            }
        }
        assert!(parts > 1, "some lead to the numbers");
    }
}

#[test]
fn no_sample_guide_has_a_number_that_nobody_would_check_again() {
    for (slug, text) in fingerpost::texts::starting() {
        let numbers = text.body.split("](tel:").skip(1).filter_map(|rest| rest.split(')').next());
        assert_eq!(numbers.filter(|number| *number != "999").collect::<Vec<_>>(), Vec::<&str>::new(), "{slug}");
    }
}

#[test]
fn each_sample_guide_and_page_alone_is_easy_to_read() {
    let mut measured = 0;
    for (slug, text) in fingerpost::texts::starting() {
        let age = reading::age(&text.body).unwrap_or_else(|| panic!("{slug} is too short to be measured"));
        assert!(age < 11.5, "{slug} is for people of {age:.1}");
        measured += 1;
    }
    assert!(measured > 10, "only {measured} were measured");
}

#[test]
fn each_sentence_of_the_pages_themselves_is_easy_to_read() {
    // What the pages say in English is what the translations are listed by.
    let strings: toml::Table = std::fs::read_to_string("content/strings/pl.toml").unwrap().parse().unwrap();
    let strings = strings["strings"].as_table().unwrap();
    let measured: Vec<(&String, f64)> = strings.keys().filter_map(|said| Some((said, reading::age(said)?))).collect();
    assert!(measured.len() > 80, "only {} were measured", measured.len());
    for (said, age) in measured {
        assert!(age < 13.1, "for people of {age:.1}: {said}");
    }
}

fact! {
    async fn the_accessibility_statement_has_the_parts_that_the_regulations_prescribe(app) {
        let page = app.page("/directory/accessibility").await.text();
        for heading in [
            "How accessible these pages are", "If something does not work for you", "If you are not happy with the answer", "Technical information",
            "Compliance status", "What is not accessible", "Non-compliance with the accessibility regulations", "Disproportionate burden",
            "Content that is not within the scope of the regulations", "What we are doing to improve this", "How this statement was prepared",
        ] {
            assert!(page.contains(&format!(">{heading}</h")), "{heading}: {page}");
        }
        for said in [
            "partially compliant", "WCAG", "version 2.2", "level AA", "was prepared on", "last reviewed on", "last tested on", "working days",
            "Public Sector Bodies (Websites and Mobile Applications) (No. 2) Accessibility Regulations 2018", "href=\"https://www.equalityadvisoryservice.com/\"",
        ] {
            assert!(page.contains(said), "{said}: {page}");
        }
        assert!(page.contains("TO FILL IN"), "what only the council knows is left to it");
    }
}

fn run(folder: &std::path::Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fingerpost"));
    command.arg("texts").args(arguments).env_clear().env("FINGERPOST_DATA_DIR", folder).current_dir(folder).output().unwrap()
}

#[test]
fn texts_are_kept_and_published_from_files() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let shown = run(folder, &["show", "behind-with-rent"]);
    let file = folder.join("behind-with-rent.md");
    let sample = String::from_utf8(shown.stdout).unwrap();
    std::fs::write(&file, sample.replace("2027-05-26", "2999-01-01")).unwrap();
    let name = file.to_str().unwrap();
    let list = |member: &str| -> Value {
        let listed: Value = serde_json::from_slice(&run(folder, &["list", "--json"]).stdout).unwrap();
        let all = listed["texts"].as_array().unwrap();
        all.iter().find(|text| text["name"] == "behind-with-rent").unwrap()[member].clone()
    };
    assert_eq!(list("public"), false);
    assert_eq!(run(folder, &["save", name, "--publish"]).status.code(), Some(1), "somebody has to have reviewed it");
    assert_eq!(run(folder, &["save", name, "--publish", "--reviewed-by", "Ada, housing team"]).status.code(), Some(0));
    assert_eq!((list("public"), list("saved_by")), (true.into(), "Ada, housing team".into()));
    std::fs::write(folder.join("Bad Name.md"), "no facts").unwrap();
    let refused = run(folder, &["save", name, "Bad Name.md", "--json"]);
    let said: Value = serde_json::from_slice(&refused.stdout).unwrap();
    assert_eq!(refused.status.code(), Some(1));
    assert!(
        said["saved"] == serde_json::json!([]) && said["rejected"][0]["reason"].as_str().unwrap().contains("lower-case letters"),
        "{said}"
    );
    assert_eq!(list("version"), 1, "nothing is kept when one file cannot be");
    assert_eq!(run(folder, &["withdraw", "behind-with-rent"]).status.code(), Some(0));
    assert_eq!((list("public"), list("version")), (false.into(), 2.into()));
    // What every page links to is there again as it was at first.
    let privacy = folder.join("privacy.md");
    std::fs::write(&privacy, run(folder, &["show", "privacy"]).stdout).unwrap();
    assert_eq!(run(folder, &["save", privacy.to_str().unwrap(), "--publish", "--reviewed-by", "Ada"]).status.code(), Some(0));
    let withdrawn = run(folder, &["withdraw", "privacy"]);
    assert_eq!(
        String::from_utf8_lossy(&withdrawn.stdout),
        "privacy is no longer shown; the text supplied with Fingerpost is shown again\n"
    );
}
