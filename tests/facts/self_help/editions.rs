//! It fails closed: without somebody who reviewed it, and lately, there is no checker.

use fingerpost::self_help::{self, Part, PublishError};
use http::Method;
use serde_json::json;

use super::{checked_contacts, draft, evaluate, known, lines, part, publish, ready, reviewed_checker, send, today};
use crate::support::{On, TestApp, fact};

/// Take the latest edition away.
async fn withdraw(app: &TestApp, why: &str) -> Option<i64> {
    let tx = app.app().db.write().await.unwrap();
    let number = self_help::withdraw(&tx, &app.clock, why).await.unwrap();
    tx.commit().await.unwrap();
    number
}

/// Every way to the checker says that there is none, and gives numbers to ring.
async fn is_closed(app: &TestApp, why: &str) {
    for answer in [
        app.page("/help/check").await,
        send(app, "/help/check", "a.safe=afraid&go=result").await,
        send(app, "/help/plan", "a.safe=afraid").await,
    ] {
        assert_eq!(answer.status, 503);
        let page = answer.text();
        assert!(page.contains("not available") && page.contains(why) && page.contains("tel:999"), "{page}");
        assert!(!page.contains("not to blame"), "nothing of the checker");
        assert_eq!(answer.header("cache-control"), "no-store");
    }
    let definition = app.get("/api/v1/checker").await;
    let evaluated = app.ask(Method::POST, "/api/v1/checker/evaluate", &[], "{\"answers\":{}}").await;
    for answer in [definition, evaluated] {
        assert_eq!(
            (answer.status.as_u16(), answer.header("content-type"), answer.header("cache-control")),
            (503, "application/problem+json", "no-store")
        );
        let problem = answer.json();
        assert!(problem["detail"].as_str().unwrap().contains(why), "{problem}");
        assert_eq!(problem["urgent_help"][0]["number"], "999");
        assert!(problem["questions"].is_null() && problem["level"].is_null());
    }
    let hub = app.page("/help").await;
    assert!(hub.status == 200 && hub.text().contains(why) && !hub.text().contains("href=\"/help/check\""));
}

fact! {
    async fn the_sample_is_not_shown_to_the_public_outside_the_demonstration(app) {
        app.clock.set(today());
        is_closed(&app, "the questions have not been reviewed yet").await;
        let page = app.page("/help/check").await.text();
        assert!(page.contains("0808 2000 247"), "a national number that was checked");
        assert!(!page.contains("01632"), "none of a council, which nobody has checked");
        // A number is not given for ever.
        app.clock.set("2027-06-01T12:00:00Z".parse().unwrap());
        let page = app.page("/help/check").await.text();
        assert!(page.contains("999") && !page.contains("0808 2000 247"));
    }
}

fact! {
    async fn the_demonstration_shows_the_sample_and_says_so(app) {
        app.clock.set("2030-01-01T12:00:00Z".parse().unwrap());
        let demo = crate::support::Demo(app.served.router(true));
        let page = demo.page("/help/check").await;
        assert!(page.status == 200 && page.text().contains("Sample.") && page.text().contains("No council has reviewed"));
        assert_eq!(demo.get("/api/v1/checker").await.json()["status"], "sample");
    }
}

fact! {
    async fn publishing_is_refused_until_everything_holds(app) {
        app.clock.set(today());
        let refused = publish(&app).await.unwrap_err();
        assert!(refused.iter().any(|said| said == "checker.status: is sample; set it to draft once someone has reviewed every line"), "{refused:?}");
        let mut overdue = reviewed_checker();
        overdue["review_by"] = json!("2026-11-29");
        draft(&app, Part::Checker, &overdue).await;
        draft(&app, Part::Contacts, &checked_contacts()).await;
        assert_eq!(publish(&app).await, Err(vec!["checker.review_by: 2026-11-29 has passed".to_owned()]));
        // A rule that makes food less urgent breaks a stored case.
        let mut changed = reviewed_checker();
        changed["rules"].as_array_mut().unwrap().retain(|rule| rule["id"] != "r_no_money_kids");
        draft(&app, Part::Checker, &changed).await;
        let refused = publish(&app).await.unwrap_err();
        assert_eq!(refused, ["cases[17] (food runs out with children at home): the level is community, not council_now; rules is [], not [r_no_money_kids]"]);
        draft(&app, Part::Checker, &reviewed_checker()).await;
        draft(&app, Part::Cases, &json!([])).await;
        assert!(publish(&app).await.unwrap_err()[0].starts_with("cases: there are no test cases"));
        draft(&app, Part::Cases, &json!([{"answers": {"safe": ["danger"]}}])).await;
        assert!(publish(&app).await.unwrap_err()[0].starts_with("cases[0]: says nothing"));
        draft(&app, Part::Cases, &part(Part::Cases)).await;
        is_closed(&app, "the questions have not been reviewed yet").await;
        assert_eq!(publish(&app).await, Ok(1));
        let edition = self_help::publication(&app.app().db, None).await.unwrap().unwrap();
        assert_eq!((edition.reviewed_by.as_str(), edition.published_at), ("Ada Reviewer, housing lead", today()));
        let shown = app.get("/api/v1/checker").await.json();
        assert_eq!((shown["status"].as_str(), shown["reviewed_on"].as_str()), (Some("published"), Some("2026-11-30")));
        assert!(!shown.to_string().contains("Ada Reviewer"), "who it was is not for the public");
    }
}

fact! {
    async fn a_checker_is_gone_the_day_after_its_review_was_due_and_when_it_is_taken_away(app) {
        ready(&app).await;
        let mut contacts = checked_contacts();
        for line in contacts["lines"].as_array_mut().unwrap() {
            line["review_by"] = json!("2027-08-31");
        }
        draft(&app, Part::Contacts, &contacts).await;
        assert_eq!(publish(&app).await, Ok(2));
        assert_eq!(app.page("/help/check").await.status, 200);
        app.clock.set("2027-05-31T22:30:00Z".parse().unwrap());
        assert_eq!(app.page("/help/check").await.status, 200, "in London it is still that day");
        app.clock.set("2027-05-31T23:30:00Z".parse().unwrap());
        is_closed(&app, "the questions are due for review").await;
        app.clock.set(today());
        assert_eq!(app.page("/help/check").await.status, 200);
        assert_eq!(withdraw(&app, "a wrong number").await, Some(2));
        is_closed(&app, "the questions have been taken down for now").await;
        assert_eq!(withdraw(&app, "again").await, None);
        assert_eq!(publish(&app).await, Ok(3), "the next edition has the next number");
        assert_eq!(app.page("/help/check").await.status, 200);
    }
}

fact! {
    async fn an_overdue_line_falls_back_to_one_that_was_checked(app) {
        ready(&app).await;
        let asked = || json!({"answers": {"tonight": ["no"]}, "postcode": "LU1 2AA"});
        assert!(lines(&evaluate(&app, asked()).await).contains(&"luton-homelessness"));
        let mut contacts = checked_contacts();
        for line in contacts["lines"].as_array_mut().unwrap() {
            if line["duty"] == "homelessness" {
                line["review_by"] = json!("2026-12-01");
            }
        }
        draft(&app, Part::Contacts, &contacts).await;
        assert_eq!(publish(&app).await, Ok(2));
        assert!(lines(&evaluate(&app, asked()).await).contains(&"luton-homelessness"));
        app.clock.set("2026-12-02T12:00:00Z".parse().unwrap());
        let evaluated = evaluate(&app, asked()).await;
        assert!(lines(&evaluated).contains(&"shelter") && !evaluated.to_string().contains("luton-homelessness"), "{evaluated}");
        let shown = app.get("/api/v1/checker").await.text();
        assert!(!shown.contains("luton-homelessness\""), "nor does another tool get it");
    }
}

fact! {
    async fn a_checker_whose_numbers_fell_overdue_is_gone_and_999_is_there_to_the_last(app) {
        ready(&app).await;
        // The checker lasts until May, its lines until the tenth of February.
        app.clock.set("2027-02-10T12:00:00Z".parse().unwrap());
        assert_eq!(app.page("/help/check").await.status, 200);
        app.clock.set("2027-02-11T12:00:00Z".parse().unwrap());
        is_closed(&app, "the phone numbers are due to be checked").await;
        app.clock.set(today());
        // One line of each level stays good: it is shown, and no panel is without a number.
        let mut contacts = checked_contacts();
        for line in contacts["lines"].as_array_mut().unwrap() {
            if line["id"] == "national-debtline" {
                line["review_by"] = json!("2027-05-31");
            }
        }
        contacts["talk"]["council_now"] = json!(["national-debtline"]);
        draft(&app, Part::Contacts, &contacts).await;
        assert_eq!(publish(&app).await, Ok(2));
        app.clock.set("2027-03-01T12:00:00Z".parse().unwrap());
        let evaluated = evaluate(&app, json!({"answers": {"safe": ["danger", "suicidal"], "tonight": ["no"]}})).await;
        for panel in evaluated["panels"].as_array().unwrap() {
            assert_eq!(panel["lines"][0]["number"], "999", "{panel}");
        }
        assert_eq!(evaluated["talk"][0]["number"], "999");
        let page = send(&app, "/help/check", "a.safe=danger&at=safe&go=next").await.text();
        assert!(page.split("<main").nth(1).unwrap().contains("tel:999"), "{page}");
    }
}

fact! {
    async fn what_will_not_be_given_is_said_when_it_is_published(app) {
        app.clock.set(today());
        draft(&app, Part::Checker, &reviewed_checker()).await;
        let mut contacts = checked_contacts();
        for action in contacts["actions"].as_array_mut().unwrap() {
            action.as_object_mut().unwrap().remove("checked_on");
        }
        draft(&app, Part::Contacts, &contacts).await;
        let refused = publish(&app).await.unwrap_err();
        assert_eq!(refused.len(), 4, "no level has a first step: {refused:?}");
        assert!(refused[0].starts_with("contacts.actions: level \"self_help\" has no first step"), "{refused:?}");
        let mut contacts = checked_contacts();
        contacts["actions"][0].as_object_mut().unwrap().remove("checked_on");
        contacts["panels"][0].as_object_mut().unwrap().remove("checked_on");
        draft(&app, Part::Contacts, &contacts).await;
        let tx = app.app().db.write().await.unwrap();
        let published = self_help::publish(&tx, &app.clock, known(), "Ada").await.unwrap();
        tx.commit().await.unwrap();
        let said: Vec<&str> = published.to_see_to.iter().map(|finding| finding.at.as_str()).collect();
        assert_eq!(said, ["contacts.lines", "contacts.actions.be-safe", "contacts.panels.call_999"]);
        assert!(published.to_see_to[0].problem.contains("after 2027-02-10"), "{:?}", published.to_see_to);
        let panel = evaluate(&app, json!({"answers": {"safe": ["danger"]}})).await["panels"][0].clone();
        assert!(panel["id"] == "call_999" && panel["body"].as_array().unwrap().len() == 3, "a panel is given all the same: {panel}");
    }
}

fact! {
    async fn of_two_who_publish_at_the_same_moment_the_second_looks_at_what_the_first_has_published(app) {
        ready(&app).await;
        let db = &app.app().db;
        let first = db.write().await.unwrap();
        assert_eq!(self_help::publish(&first, &app.clock, known(), "Ada").await.unwrap().number, 2);
        let second = async {
            let tx = db.write().await.unwrap();
            let published = self_help::publish(&tx, &app.clock, known(), "Ben").await;
            if published.is_ok() {
                tx.commit().await.unwrap();
            }
            published.map(|published| published.number)
        };
        let end = async {
            tokio::time::sleep(std::time::Duration::from_millis(400)).await;
            first.commit().await.unwrap();
        };
        let (second, ()) = Box::pin(async { tokio::join!(second, end) }).await;
        // SQLite lets them in one by one, so that there the second reads what the first has done and follows it.
        match second {
            Ok(number) => assert_eq!((app.on, number), (On::Sqlite, 3)),
            Err(error) => assert!(matches!(error, PublishError::Overtaken) && app.on == On::Postgres, "{error}"),
        }
        let latest = self_help::publication(db, None).await.unwrap().unwrap();
        let (number, by) = if app.on == On::Sqlite { (3, "Ben") } else { (2, "Ada") };
        assert_eq!((latest.number, latest.reviewed_by.as_str()), (number, by));
    }
}
