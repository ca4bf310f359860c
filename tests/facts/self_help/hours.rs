//! Who answers at this hour: what is closed says so, and stands behind what is not.

use fingerpost::self_help::Part;
use serde_json::{Value, json};

use super::{checked_contacts, draft, evaluate, publish, ready, send};
use crate::support::{TestApp, fact};

/// A Saturday in the morning.
async fn on_saturday(app: &TestApp) {
    ready(app).await;
    app.clock.set("2026-12-05T11:00:00Z".parse().unwrap());
}

fn ids(lines: &Value) -> Vec<&str> {
    lines.as_array().unwrap().iter().map(|line| line["id"].as_str().unwrap()).collect()
}

/// What a page says of a line.
fn said_of<'a>(page: &'a str, line: &str) -> &'a str {
    page.split(&format!("<span class=\"who\">{line}</span>"))
        .nth(1)
        .unwrap_or_else(|| panic!("{line}: {page}"))
        .split("</li>")
        .next()
        .unwrap()
}

fact! {
    async fn a_line_that_nobody_answers_on_a_saturday_says_so_and_when_it_opens(app) {
        on_saturday(&app).await;
        let help = app.page("/help").await.text();
        let opens = "Closed now. It opens next: Monday 7 December 2026";
        assert!(said_of(&help, "StepChange").contains(&format!("{opens}, 9am to 5pm.")), "{help}");
        assert!(said_of(&help, "Men’s Advice Line").contains(&format!("{opens}.")), "of some only the days are known: {help}");
        for open in ["Samaritans", "Childline", "National Debtline", "Shelter"] {
            assert!(!said_of(&help, open).contains("Closed"), "{open}: {help}");
        }
        assert!(help.contains("<span class=\"closed\">"), "so that it is left out on paper: {help}");
        app.clock.set("2026-12-07T08:00:00Z".parse().unwrap());
        assert!(said_of(&app.page("/help").await.text(), "StepChange").contains("It opens next: Today, 9am to 5pm."));
        app.clock.set("2026-12-07T11:00:00Z".parse().unwrap());
        assert!(!app.page("/help").await.text().contains("Closed now"));
    }
}

fact! {
    async fn whoever_has_no_bed_on_a_saturday_is_not_sent_to_the_desk_that_is_closed_first(app) {
        on_saturday(&app).await;
        let asked = json!({"answers": {"tonight": ["no"]}, "postcode": "LU1 2AA"});
        let told = evaluate(&app, asked.clone()).await;
        assert_eq!(ids(&told["panels"][0]["lines"]), ["luton-homelessness-night", "shelter", "luton-homelessness"], "{told}");
        // A council that has no line at night: the national one that may be answered comes before its own.
        let mut contacts = checked_contacts();
        contacts["lines"].as_array_mut().unwrap().retain(|line| line["id"] != "luton-homelessness-night");
        draft(&app, Part::Contacts, &contacts).await;
        assert_eq!(publish(&app).await, Ok(2));
        let told = evaluate(&app, asked.clone()).await;
        assert_eq!(ids(&told["panels"][0]["lines"]), ["shelter", "luton-homelessness"], "{told}");
        assert_eq!(ids(&told["talk"])[0], "shelter", "{told}");
        let page = send(&app, "/help/check", "at=tonight&a.tonight=no&go=next&postcode=LU1+2AA").await.text();
        assert!(page.find("tel:08088004444").unwrap() < page.find("tel:01632960302").unwrap(), "{page}");
        assert!(said_of(&page, "Luton Council (made up), housing help").contains("Closed now. It opens next: Monday 7 December 2026, 9am to 5pm."));
        app.clock.set("2026-12-07T11:00:00Z".parse().unwrap());
        assert_eq!(ids(&evaluate(&app, asked).await["panels"][0]["lines"]), ["luton-homelessness", "shelter"]);
    }
}

fact! {
    async fn what_stands_in_for_a_closed_line_is_given_with_it_and_never_999(app) {
        on_saturday(&app).await;
        let told = evaluate(&app, json!({"answers": {"safe": ["afraid"]}, "postcode": "LU1 2AA"})).await;
        let (step, panel) = (&told["steps"][0]["lines"], &told["panels"][0]["lines"]);
        assert_eq!(ids(step), ["domestic-abuse", "victim-support", "mens-advice", "lgbt-abuse"], "{told}");
        assert_eq!(ids(panel).last(), Some(&"police"), "999 stands where it stood: {told}");
        let told = evaluate(&app, json!({"answers": {"today": ["money"], "who": ["kids"]}, "postcode": "LU1 2AA"})).await;
        let crisis = told["steps"].as_array().unwrap().iter().find(|step| step["id"] == "crisis-payment").unwrap();
        assert_eq!(ids(&crisis["lines"]), ["national-debtline", "luton-crisis-help"], "Citizens Advice is closed, too: {told}");
        let named = app.searched("q=stepchange").await;
        let called = named.split("class=\"called\"").nth(1).unwrap().split("</section>").next().unwrap();
        assert!(called.contains("Closed now") && called.find("tel:08001381111").unwrap() < called.find("tel:08088084000").unwrap(), "who looks for a line finds it first: {called}");
    }
}

fact! {
    async fn a_plan_that_is_kept_says_nothing_of_who_answers_now(app) {
        on_saturday(&app).await;
        let answers = "a.today=money&a.who=kids&postcode=LU1+2AA";
        assert!(send(&app, "/help/check", &format!("{answers}&go=result")).await.text().contains("Closed now"));
        let plan = send(&app, "/help/plan", answers).await.text();
        assert!(plan.contains("Monday to Friday, 9am to 4pm") && !plan.contains("Closed now"), "{plan}");
        let amounts = "in-wages=100&out-home-rent=500&debt-rent=50&postcode=LU1+2AA";
        let file = send(&app, "/help/budget/plan", amounts).await.text();
        assert!(file.contains("tel:") && !file.contains("Closed now"), "{file}");
    }
}

fact! {
    async fn when_a_line_is_answered_is_said_in_the_language_of_the_page(app) {
        on_saturday(&app).await;
        for (prefix, always, closed) in [("/pl", "Całą dobę, bezpłatnie", "Teraz nieczynne."), ("/ur", "کسی بھی وقت، مفت", "ابھی بند ہے۔")] {
            let page = app.page(&format!("{prefix}/help")).await.text();
            assert!(page.contains(always) && page.contains(closed) && !page.contains("Any time, free"), "{prefix}: {page}");
        }
        let mut contacts = checked_contacts();
        contacts["lines"].as_array_mut().unwrap().iter_mut().find(|line| line["id"] == "gas").unwrap()["hours"] = json!("Day and night");
        draft(&app, Part::Contacts, &contacts).await;
        assert_eq!(publish(&app).await, Ok(2));
        let page = app.page("/pl/help").await.text();
        assert!(page.contains("<span lang=\"en\">Day and night.</span>"), "what a council writes itself is marked as English: {page}");
    }
}
