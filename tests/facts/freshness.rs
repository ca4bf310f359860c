//! Freshness: when listings were checked, who is asked about them, and what follows when nobody answers.

use std::collections::{BTreeSet, HashMap, HashSet};

use chrono::{DateTime, Duration, TimeDelta, Utc};
use fingerpost::{
    identity::{Email, Identity, MemberRole, PersonId, PlatformRole},
    jobs,
    quality::{self, Ledger, Owned, Owner, Quality, Reminded, Schedule, letters},
    records::{Fresh, How, Mark},
};
use http::{Method, StatusCode};
use serde_json::json;
use url::Url;
use uuid::Uuid;

use super::{id, listings, pantry};
use crate::support::{
    PUBLIC_URL, TestApp,
    browser::Browser,
    fact, noon,
    sink::{Act, At, Received, Sink},
};

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

fn here() -> Url {
    PUBLIC_URL.parse().unwrap()
}

fn quality_of(app: &TestApp) -> Quality {
    app.app().quality(&here())
}

fn days_later(app: &TestApp, days: i64) {
    app.clock.set(noon() + TimeDelta::days(days));
}

/// What the server does every quarter of an hour.
async fn look(app: &TestApp) -> (usize, Reminded) {
    let done = jobs::freshness(app.app(), &here()).await.unwrap();
    app.follow().await;
    done
}

async fn service(app: &TestApp, name: &str) -> serde_json::Value {
    app.get(&format!("/services/{}", id(name))).await.json()
}

/// Somebody who keeps the organisation of the listings.
async fn member(app: &TestApp, email: &str, role: MemberRole) -> PersonId {
    let identity: Identity = app.app().identity();
    let tx = app.app().db.write().await.unwrap();
    let person = identity.welcome(&tx, &email.parse::<Email>().unwrap()).await.unwrap();
    identity.add_member(&tx, id("marsh farm"), person.id, role).await.unwrap();
    tx.commit().await.unwrap();
    person.id
}

/// The letters that came since the last look, by mailbox.
async fn post(app: &TestApp, sink: &Sink, seen: &mut usize) -> Vec<Received> {
    sink.mailer(app).send_due().await.unwrap();
    let all = sink.received();
    let mut new: Vec<Received> = all[*seen..].to_vec();
    *seen = all.len();
    new.sort_by(|a, b| a.to.cmp(&b.to));
    new
}

fn to(letters: &[Received]) -> Vec<&str> {
    letters.iter().map(|letter| letter.to[0].as_str()).collect()
}

fact! {
    async fn a_check_stands_apart_from_editing_and_an_import_is_none(app) {
        app.import(pantry().to_string()).await;
        look(&app).await;
        assert_eq!(service(&app, "pantry").await["assured_date"], "2026-11-02", "what came with it, until somebody here checks it");
        days_later(&app, 30);
        let mut again = pantry();
        again["assured_date"] = json!("2026-12-20");
        app.import(again.to_string()).await;
        let [fresh] = &app.app().records.freshness().await.unwrap()[..] else { panic!("one service") };
        assert_eq!((fresh.checked_at, fresh.days(app.clock.now())), (None, 30), "nobody here has checked it");
        let before = app.app().records.find(id("pantry")).await.unwrap().unwrap();
        let checked = quality_of(&app).confirm(&[id("pantry"), id("marsh farm"), Uuid::nil()], "person:7", How::Phone).await.unwrap();
        app.follow().await;
        assert_eq!(checked, [id("pantry")], "organisations are not checked, and what is not there is not either");
        assert_eq!(service(&app, "pantry").await["assured_date"], "2026-12-22");
        let after = app.app().records.find(id("pantry")).await.unwrap().unwrap();
        assert_eq!(after.kept.revision, before.kept.revision, "it gets in nobody's way who is editing");
        let checks = app.app().records.checks(id("pantry")).await.unwrap();
        assert_eq!((checks.len(), checks[0].how, checks[0].by.as_str()), (1, How::Phone, "person:7"));
        // A later import says something else: it is our check that counts now.
        again["assured_date"] = json!("2027-06-01");
        again["description"] = json!("Choose about twelve items.");
        app.import(again.to_string()).await;
        let told = service(&app, "pantry").await;
        assert_eq!((told["assured_date"].as_str(), told["description"].as_str()), (Some("2026-12-22"), Some("Choose about twelve items.")));
        // Nor does an edit count as a check.
        days_later(&app, 60);
        app.edit(id("pantry"), |document| if let fingerpost::model::Document::Service(doc) = document { doc.description = Some("Another text.".to_owned()) }).await;
        assert_eq!(service(&app, "pantry").await["assured_date"], "2026-12-22");
        assert_eq!(app.get("/services?checked_since=2026-12-22").await.json()["total_items"], 1);
        assert_eq!(app.get("/services?checked_since=2026-12-23").await.json()["total_items"], 0);
    }
}

fact! {
    async fn what_nobody_checks_is_labelled_then_left_out_of_the_search_and_comes_back(app) {
        app.import(pantry().to_string()).await;
        look(&app).await;
        let page = app.page(&format!("/directory/services/{}", id("pantry"))).await.text();
        assert!(page.contains("Checked on 2 November 2026."), "as its source says: {page}");
        let found = async || app.ask(Method::POST, "/directory/search", &[FORM], "q=larder").await.text().contains("1 result");
        let feed = async || app.get("/federation/v1/changes").await.text();
        for (days, word, is_found) in [
            (119, None, true),
            (120, Some("needs_checking"), true),
            (179, Some("needs_checking"), true),
            (180, Some("unconfirmed"), false),
            (5000, Some("unconfirmed"), false),
        ] {
            days_later(&app, days);
            look(&app).await;
            assert_eq!(service(&app, "pantry").await["freshness"].as_str(), word, "after {days} days");
            assert_eq!(found().await, is_found, "after {days} days");
            assert_eq!(feed().await.contains("needs_checking") || feed().await.contains("unconfirmed"), word.is_some(), "in the feed after {days} days");
            assert_eq!(app.get("/services").await.json()["total_items"], 1, "the API keeps it, with its mark");
            let page = app.page(&format!("/directory/services/{}", id("pantry"))).await.text();
            assert_eq!(page.contains("Needs checking"), word.is_some(), "on its page after {days} days");
            assert_eq!(look(&app).await.0, 0, "looking twice changes nothing");
        }
        quality_of(&app).confirm(&[id("pantry")], "person:7", How::Owner).await.unwrap();
        app.follow().await;
        assert_eq!(service(&app, "pantry").await.get("freshness"), None);
        assert_eq!(service(&app, "pantry").await["checked_how"], "owner");
        let page = app.page(&format!("/directory/services/{}", id("pantry"))).await.text();
        assert!(page.contains("Confirmed by the group on "), "{page}");
        assert!(found().await);
        // A clock that was wrong does no lasting harm.
        days_later(&app, 5200);
        look(&app).await;
        days_later(&app, 5001);
        assert_eq!(look(&app).await.0, 1);
        assert_eq!(service(&app, "pantry").await.get("freshness"), None);
    }
}

fact! {
    async fn a_word_that_comes_in_from_outside_is_not_ours(app) {
        let mut told = pantry();
        told["freshness"] = json!("unconfirmed");
        app.import(told.to_string()).await;
        look(&app).await;
        let shown = service(&app, "pantry").await;
        assert_eq!((&shown["name"], shown.get("freshness")), (&json!("Meadow larder"), None));
    }
}

fact! {
    async fn one_letter_asks_about_everything_that_somebody_keeps(app) {
        let sink = Sink::start().await;
        let mut seen = 0;
        app.import(listings(&["Larder", "Kitchen", "Garden"])).await;
        member(&app, "lead@lark-hill.example.org", MemberRole::Lead).await;
        member(&app, "editor@lark-hill.example.org", MemberRole::Editor).await;
        look(&app).await;
        days_later(&app, 10);
        quality_of(&app).confirm(&[id("Garden")], "person:7", How::Visit).await.unwrap();
        days_later(&app, 74);
        assert_eq!(look(&app).await.1, Reminded::default());
        days_later(&app, 75);
        assert_eq!(look(&app).await.1, Reminded { letters: 1, listings: 3 }, "what is due in a fortnight is taken along");
        assert_eq!(look(&app).await.1, Reminded::default(), "once");
        let letters = post(&app, &sink, &mut seen).await;
        assert_eq!(to(&letters), ["lead@lark-hill.example.org"]);
        assert_eq!(letters[0].header("Subject").unwrap(), "Are your 3 listings still correct?");
        let text = letters[0].text().split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(text.contains("* Larder (not checked for 75 days)") && text.contains("* Garden (last checked 65 days ago)"), "{text}");
        assert!(text.contains("it will be marked as needing to be checked from 22 March 2027") && text.contains("From 21 May 2027 it will be left out of searches"), "{text}");
        days_later(&app, 85);
        assert_eq!(look(&app).await.1, Reminded::default(), "the garden was asked about already");
        // From the second on everybody who keeps them is asked.
        days_later(&app, 90);
        assert_eq!(look(&app).await.1.letters, 2);
        assert_eq!(to(&post(&app, &sink, &mut seen).await), ["editor@lark-hill.example.org", "lead@lark-hill.example.org"]);
        // An answer ends it.
        quality_of(&app).confirm(&[id("Larder"), id("Kitchen"), id("Garden")], "person:7", How::Owner).await.unwrap();
        for days in 91..165 {
            days_later(&app, days);
            assert_eq!(look(&app).await.1, Reminded::default(), "on day {days}");
        }
        days_later(&app, 165);
        assert_eq!(look(&app).await.1, Reminded { letters: 1, listings: 3 });
    }
}

fact! {
    async fn whoever_answers_nothing_gets_a_letter_on_each_day_of_the_schedule_and_is_rung_up_after_three(app) {
        app.import(listings(&["Larder"])).await;
        member(&app, "lead@lark-hill.example.org", MemberRole::Lead).await;
        look(&app).await;
        let unanswered = async || {
            let owned = quality::owned(&app.app().records, &app.app().identity()).await.unwrap();
            quality_of(&app).board(&owned).await.unwrap()[0].unanswered
        };
        let mut written_on = Vec::new();
        for days in 1..200 {
            days_later(&app, days);
            if look(&app).await.1.letters > 0 {
                written_on.push((days, unanswered().await));
            }
        }
        assert_eq!(written_on, [(75, 0), (90, 0), (104, 1), (118, 1)]);
    }
}

fact! {
    async fn the_board_counts_what_will_be_marked_or_left_out_within_a_month_unless_somebody_checks_it(app) {
        app.import(listings(&["Larder", "Garden"])).await;
        look(&app).await;
        days_later(&app, 50);
        quality_of(&app).confirm(&[id("Garden")], "person:7", How::Visit).await.unwrap();
        let expiring = async || {
            let owned = quality::owned(&app.app().records, &app.app().identity()).await.unwrap();
            quality_of(&app).board(&owned).await.unwrap()[0].expiring
        };
        // Marked after 120 days, left out after 180; the garden fifty days later.
        for (days, wanted) in [(89, 0), (90, 1), (119, 1), (120, 0), (139, 0), (140, 1), (150, 2), (180, 0), (200, 1), (230, 0)] {
            days_later(&app, days);
            look(&app).await;
            assert_eq!(expiring().await, wanted, "after {days} days");
        }
        days_later(&app, 90);
        look(&app).await;
        let collector = Browser::officer(&app, PlatformRole::Collector).await;
        let table = collector.open("/moderation/quality.csv").await.text();
        assert!(table.starts_with("Category,Listings,\"Checked within 90 days, %\",Expiring within 30 days,"), "{table}");
        assert!(table.contains("All listings,2,50,1,"), "{table}");
        quality_of(&app).confirm(&[id("Larder")], "person:7", How::Phone).await.unwrap();
        assert_eq!(expiring().await, 0);
    }
}

fact! {
    async fn what_has_closed_is_asked_about_no_more(app) {
        let closed = listings(&["Larder"]).replace("\"active\"", "\"inactive\"");
        app.import(format!("{closed}\n{}", listings(&["Kitchen"]))).await;
        member(&app, "lead@lark-hill.example.org", MemberRole::Lead).await;
        look(&app).await;
        days_later(&app, 75);
        assert_eq!(look(&app).await.1, Reminded { letters: 1, listings: 1 }, "of two one has closed");
        let open = listings(&["Kitchen"]).replace("\"active\"", "\"defunct\"");
        app.import(open).await;
        days_later(&app, 91);
        assert_eq!(look(&app).await.1, Reminded::default());
    }
}

fact! {
    async fn runs_that_were_missed_and_processes_side_by_side_make_no_letter_too_many(app) {
        let sink = Sink::start().await;
        let mut seen = 0;
        app.import(listings(&["Larder", "Kitchen"])).await;
        member(&app, "lead@lark-hill.example.org", MemberRole::Lead).await;
        look(&app).await;
        // Nothing ran for four months: one letter, not four.
        days_later(&app, 130);
        let owned = quality::owned(&app.app().records, &app.app().identity()).await.unwrap();
        let (a, b, c) = (quality_of(&app), quality_of(&app), quality_of(&app));
        let (a, b, c) = tokio::join!(a.remind(&owned), b.remind(&owned), c.remind(&owned));
        assert_eq!(a.unwrap().letters + b.unwrap().letters + c.unwrap().letters, 1);
        let letters = post(&app, &sink, &mut seen).await;
        assert_eq!(to(&letters), ["lead@lark-hill.example.org"]);
        assert!(letters[0].text().contains("It is already marked as needing to be checked."), "{}", letters[0].text());
        days_later(&app, 20);
        assert_eq!(look(&app).await.1, Reminded::default(), "a clock that goes back asks nobody");
        days_later(&app, 131);
        assert_eq!(look(&app).await.1, Reminded::default());
    }
}

fact! {
    async fn a_mailbox_that_is_gone_is_passed_by(app) {
        let sink = Sink::start().await;
        let mut seen = 0;
        app.import(listings(&["Larder"])).await;
        member(&app, "lead@lark-hill.example.org", MemberRole::Lead).await;
        member(&app, "editor@lark-hill.example.org", MemberRole::Editor).await;
        look(&app).await;
        days_later(&app, 75);
        look(&app).await;
        sink.then([Act::Say(At::Rcpt, "550 5.1.1 no such mailbox")]);
        assert_eq!(post(&app, &sink, &mut seen).await.len(), 0);
        assert_eq!(look(&app).await.1.letters, 1, "then another one is asked, at once");
        assert_eq!(to(&post(&app, &sink, &mut seen).await), ["editor@lark-hill.example.org"]);
    }
}

/// A reminder about these listings, and its link.
async fn reminded(app: &TestApp, names: &[&str]) -> String {
    reminded_of(app, listings(names)).await
}

/// The same about the listings of a feed.
async fn reminded_of(app: &TestApp, feed: String) -> String {
    let sink = Sink::start().await;
    app.import(feed).await;
    member(app, "lead@lark-hill.example.org", MemberRole::Lead).await;
    look(app).await;
    days_later(app, 75);
    look(app).await;
    let letters = post(app, &sink, &mut 0).await;
    letters[0].link(PUBLIC_URL).strip_prefix("https://directory.luton.example.org").unwrap().to_owned()
}

fact! {
    async fn from_the_letter_to_still_correct_in_two_pages(app) {
        let link = reminded(&app, &["Larder"]).await;
        let page = app.page(&link).await;
        assert_eq!((page.status, page.header("cache-control")), (StatusCode::OK, "no-store"));
        assert_eq!(page.header("referrer-policy"), "no-referrer", "the secret of the link goes nowhere");
        let text = page.text();
        for said in ["Is this still correct?", "Larder", "£4 a visit", "Still correct", "Change the times", "Change something else", &format!("/account/listings/{}", id("Larder"))] {
            assert!(text.contains(said), "{said} in {text}");
        }
        // Programs that look at mail open links; nothing has changed by that.
        assert_eq!(app.page(&link).await.text(), text);
        assert_eq!(app.app().records.checks(id("Larder")).await.unwrap(), []);
        let sent = app.ask(Method::POST, &link, &AS_A_BROWSER, &format!("listing={}", id("Larder"))).await;
        assert_eq!((sent.status, sent.header("location")), (StatusCode::SEE_OTHER, link.as_str()));
        app.follow().await;
        assert!(app.page(&link).await.text().contains("<h1>Thank you</h1>"));
        assert_eq!(service(&app, "Larder").await["assured_date"], "2027-02-05");
        let checks = app.app().records.checks(id("Larder")).await.unwrap();
        assert!(checks[0].by.starts_with("person:") && checks[0].how == How::Owner, "{checks:?}");
    }
}

fact! {
    async fn whoever_is_asked_sees_the_numbers_and_the_hours_wherever_a_feed_keeps_them(app) {
        let mut one = pantry();
        (one["service_at_locations"][0]["schedules"], one["phones"]) = (one["schedules"].take(), json!([]));
        one["schedules"] = json!([]);
        one["contacts"] = json!([{"id": id("enquiries"), "name": "Enquiries desk", "phones": [{"id": id("desk line"), "number": "01632 960177"}]}]);
        let link = reminded_of(&app, one.to_string()).await;
        let text = app.page(&link).await.text();
        for said in ["Meadow larder", "01632 960177", "Gorse Centre, Luton: "] {
            assert!(text.contains(said), "{said} in {text}");
        }
    }
}

fact! {
    async fn several_are_confirmed_one_by_one_or_all_at_once(app) {
        let link = reminded(&app, &["Larder", "Kitchen", "Garden"]).await;
        app.import(listings(&["Elsewhere"])).await;
        let send = async |body: String| app.ask(Method::POST, &link, &[FORM], &body).await.status;
        // A listing that the letter did not ask about is not confirmed by its link.
        assert_eq!(send(format!("listing={}", id("Elsewhere"))).await, StatusCode::SEE_OTHER);
        assert_eq!(send("listing=nonsense".to_owned()).await, StatusCode::SEE_OTHER);
        let checked = async || {
            let fresh = app.app().records.freshness().await.unwrap();
            fresh.iter().filter(|fresh| fresh.checked_at.is_some()).count()
        };
        assert_eq!(checked().await, 0);
        send(format!("listing={}", id("Kitchen"))).await;
        assert_eq!(checked().await, 1);
        app.follow().await;
        let page = app.page(&link).await.text();
        let told = page.find("Checked today: Kitchen. 2 listings are left.").unwrap_or_else(|| panic!("{page}"));
        let banner = page.find("role=\"status\" tabindex=\"-1\" autofocus").expect("it has the focus");
        assert!(banner < told && told < page.find("<h1>").unwrap(), "what was done comes first: {page}");
        send("all=yes".to_owned()).await;
        assert_eq!(checked().await, 3);
        app.withdraw(id("Garden"), "closed").await;
        assert!(!app.page(&link).await.text().contains("Garden"), "what has gone is not asked about any more");
    }
}

fact! {
    async fn whoever_was_removed_since_the_letter_reads_that_their_answer_was_not_recorded(app) {
        let link = reminded(&app, &["Larder"]).await;
        let identity = app.app().identity();
        let lead = identity.members(id("marsh farm")).await.unwrap().remove(0).person.id;
        let tx = identity.write().await.unwrap();
        identity.revoke(&tx, id("marsh farm"), lead).await.unwrap();
        tx.commit().await.unwrap();
        for body in [format!("listing={}", id("Larder")), format!("closed={}", id("Larder")), "all=yes".to_owned()] {
            let answer = app.ask(Method::POST, &link, &AS_A_BROWSER, &body).await;
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{body}: {}", answer.text());
            assert!(answer.text().contains("no longer manage this listing"), "{body}: {}", answer.text());
        }
        assert_eq!(app.app().records.checks(id("Larder")).await.unwrap(), []);
        assert_eq!(service(&app, "Larder").await["status"], "active");
    }
}

fact! {
    async fn a_link_that_is_forged_or_too_old_does_nothing(app) {
        let link = reminded(&app, &["Larder"]).await;
        let body = format!("listing={}", id("Larder"));
        let forged = format!("/still-correct/{}", "A".repeat(43));
        for wrong in [forged.as_str(), "/still-correct/short", &link[..link.len() - 1]] {
            assert_eq!(app.page(wrong).await.status, StatusCode::NOT_FOUND);
            assert_eq!(app.ask(Method::POST, wrong, &[FORM], &body).await.status, StatusCode::NOT_FOUND);
        }
        assert_eq!(app.ask(Method::POST, &link, &[("content-type", "text/plain")], &body).await.status, StatusCode::BAD_REQUEST);
        assert_eq!(app.ask(Method::DELETE, &link, &[], "").await.status, StatusCode::METHOD_NOT_ALLOWED);
        days_later(&app, 75 + 61);
        assert_eq!(app.page(&link).await.status, StatusCode::NOT_FOUND);
        assert_eq!(app.ask(Method::POST, &link, &[FORM], &body).await.status, StatusCode::NOT_FOUND);
        assert_eq!(app.app().records.checks(id("Larder")).await.unwrap(), []);
    }
}

/// What a browser says of a form on a page without referrers.
const AS_A_BROWSER: [(&str, &str); 3] = [FORM, ("origin", "null"), ("sec-fetch-site", "same-origin")];

/// Numbers that look drawn and are the same each time.
struct Dice(u64);

impl Dice {
    /// Whether something happens that happens in so many of a hundred cases.
    fn falls(&mut self, percent: u64) -> bool {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (x ^ (x >> 31)) % 100 < percent
    }
}

/// What people do, as assumed: nobody has measured it. Of a hundred letters so many are answered, by
/// which reminder it is.
const ANSWERED: [u64; 4] = [40, 30, 25, 20];
/// Of a hundred groups so many have no mailbox that works.
const UNREACHABLE: u64 = 8;
/// Of a hundred calls so many reach somebody who can say.
const REACHED: u64 = 60;
/// Minutes that a call takes, reached or not.
const CALL: i64 = 6;
/// Days between two calls to the same group.
const BETWEEN_CALLS: i64 = 14;

/// A thousand listings of 400 groups for three years, day by day, with the real schedule. The last two
/// count. `cargo test simulation -- --nocapture` shows the numbers.
#[test]
fn a_simulation_of_a_thousand_listings() {
    const GROUPS: usize = 400;
    let mut dice = Dice(2026);
    let start = noon();
    let groups: Vec<Owner> = (0..GROUPS)
        .map(|n| Owner { email: format!("group-{n}@example.org"), name: String::new(), known_as: format!("group:{n}") })
        .collect();
    let unreachable: HashSet<usize> = (0..GROUPS).filter(|_| dice.falls(UNREACHABLE)).collect();
    // Some groups keep one listing, some five.
    let group_of: Vec<usize> = (0..1000).map(|n| if n < GROUPS { n } else { (n * 7) % 150 }).collect();
    let owned: Vec<Owned> = group_of
        .iter()
        .enumerate()
        .map(|(n, group)| {
            let owners = if unreachable.contains(group) { vec![] } else { vec![groups[*group].clone()] };
            Owned { record: Uuid::from_u128(n as u128), owners }
        })
        .collect();
    let mut fresh: Vec<Fresh> = (0..1000_i64)
        .map(|n| {
            // They came in over a year.
            let since = start - Duration::days(n % 365);
            Fresh { record: Uuid::from_u128(n.unsigned_abs().into()), since, checked_at: Some(since), mark: Mark::Current }
        })
        .collect();
    let schedule = Schedule::new(&[75, 90, 104, 118]);
    let (mut ledger, none) = (Ledger::new(), BTreeSet::new());
    let mut called: HashMap<usize, DateTime<Utc>> = HashMap::new();
    let (mut sent, mut calls) = (0_i64, 0_i64);
    let (mut days, mut within_90, mut labelled, mut hidden) = (0_i64, 0_i64, 0_i64, 0_i64);
    for day in 0..(3 * 365) {
        let now = start + Duration::days(day);
        let counts = day >= 365;
        for letter in letters(&schedule, &fresh, &owned, (&ledger, &none), now) {
            sent += i64::from(counts);
            let stage = letter.items.iter().map(|item| item.stage).max().unwrap_or_default();
            for item in &letter.items {
                ledger.entry((item.record, quality::recipient(&letter.to.email), item.base)).or_default().add(item.stage);
            }
            if dice.falls(ANSWERED[stage]) {
                for item in &letter.items {
                    let n = usize::try_from(item.record.as_u128()).unwrap();
                    fresh[n].checked_at = Some(now);
                }
            }
        }
        // Officers ring up who cannot be written to, and who has answered no letter.
        let mut to_call: Vec<usize> = (0..1000)
            .filter(|&n| {
                let age = fresh[n].days(now);
                age >= if unreachable.contains(&group_of[n]) { 80 } else { 125 }
            })
            .map(|n| group_of[n])
            .collect();
        to_call.sort_unstable();
        to_call.dedup();
        for group in to_call {
            if called.get(&group).is_some_and(|last| (now - *last).num_days() < BETWEEN_CALLS) {
                continue;
            }
            called.insert(group, now);
            calls += i64::from(counts);
            if dice.falls(REACHED) {
                for n in (0..1000).filter(|n| group_of[*n] == group) {
                    fresh[n].checked_at = Some(now);
                }
            }
        }
        if counts {
            days += 1;
            for one in &fresh {
                within_90 += i64::from(one.days(now) <= 90);
                labelled += i64::from(one.days(now) >= 120);
                hidden += i64::from(one.days(now) >= 180);
            }
        }
    }
    let percent = |sum: i64| sum * 100 / (days * 1000);
    let hours = calls * CALL / 60 / 2;
    println!(
        "1,000 listings of {GROUPS} groups, {UNREACHABLE}% without a mailbox; letters answered {ANSWERED:?}%, calls reached {REACHED}%, {CALL} minutes each:\n\
         on an average day {}% were checked within 90 days, {}% say that they need checking, {}% are left out of the search;\n\
         in a year {} letters and {} calls, which are {hours} hours of an officer",
        percent(within_90),
        percent(labelled),
        percent(hidden),
        sent / 2,
        calls / 2
    );
    assert!(percent(within_90) >= 75, "{}% within 90 days", percent(within_90));
    assert!(percent(hidden) <= 1);
    assert!(hours <= 120, "{hours} hours");
    assert!(sent / 2 <= 8 * 400, "a group gets a letter in six weeks at most, on average: {}", sent / 2);
}

fact! {
    async fn a_council_that_gives_listings_more_time_says_so_on_their_pages(app) {
        app.config.label_days = 365;
        app.config.hide_days = 0;
        app.restart().await;
        app.import(pantry().to_string()).await;
        for (days, fresh) in [(200, true), (344, true), (400, false)] {
            days_later(&app, days);
            look(&app).await;
            let page = app.page(&format!("/directory/services/{}", id("pantry"))).await.text();
            assert_eq!(page.contains("Checked on 2 November 2026"), fresh, "after {days} days: {page}");
            assert_eq!(page.contains("Needs checking"), !fresh, "after {days} days: {page}");
        }
    }
}
