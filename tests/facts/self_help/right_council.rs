//! Listings beside the answers: of the right council alone, and safety first.

use fingerpost::model::{Document, ServiceStatus};
use serde_json::json;

use super::{evaluate, ready, send, today};
use crate::support::{TestApp, fact};

async fn with_the_neighbour(app: &TestApp) {
    ready(app).await;
    app.import(std::fs::read("fixtures/central-bedfordshire/directory.ndjson").unwrap()).await;
}

const OURS: &str = "Borough housing advice (sample)";
const THEIRS: &str = "District housing help (sample)";

fact! {
    async fn a_councils_own_listing_is_shown_to_those_alone_who_surely_live_there(app) {
        with_the_neighbour(&app).await;
        for (place, ours, theirs) in [
            ("postcode=LU1+2AA", true, false), ("postcode=LU1+4AA", false, true), ("council=E06000056", false, true), ("council=E06000032", true, false),
            ("postcode=LU1", false, false), ("postcode=luton", false, false), ("postcode=Atlantis", false, false), ("postcode=HP1+1AA", false, false), ("", false, false),
        ] {
            for (path, fields) in [("/help/check", "helper=yes&a.risk=notice&go=result"), ("/help/plan", "helper=yes&a.risk=notice")] {
                let page = send(&app, path, &format!("{fields}&{place}")).await.text();
                assert_eq!((page.contains(OURS), page.contains(THEIRS)), (ours, theirs), "{path} {place}");
            }
        }
        let unsure = send(&app, "/help/check", "a.risk=notice&go=result").await.text();
        assert!(unsure.contains("Listings of councils are left out") && unsure.contains("Help near you"), "{unsure}");
        assert!(!send(&app, "/help/check", "a.risk=notice&go=result&postcode=LU1+2AA").await.text().contains("Listings of councils are left out"));
        let budget = send(&app, "/help/budget", "in-wages=100&out-rent=900&debt-rent-owed=500&debt-rent=50").await.text();
        assert!(budget.contains("Help near you") && !budget.contains("Extra help towards rent (sample)") && !budget.contains("Emergency grant and rent top-up (sample)"), "{budget}");
    }
}

fact! {
    async fn a_refuge_over_the_border_is_among_what_is_near(app) {
        with_the_neighbour(&app).await;
        let refuge = json!({"id": crate::facts::id("over the border"), "name": "Larkspur house", "status": "active", "description": "A refuge from domestic abuse.",
            "organization": {"id": crate::facts::id("a group"), "name": "Lark Hill Group", "description": "A group."},
            "service_areas": [{"id": crate::facts::id("its area"), "name": "Central Bedfordshire", "uri": "http://statistics.data.gov.uk/id/statistical-geography/E06000056"}],
            "attributes": [{"id": crate::facts::id("kind"), "link_entity": "service", "value": "yes", "taxonomy_term": {"id": crate::facts::id("abuse"), "name": "Abuse at home", "code": "safety-domestic-abuse", "description": ""}}]});
        // Nothing else helps with that, so it depends on nobody's place in the list.
        for other in app.ids("/services?need=safety-domestic-abuse").await {
            let other = other.parse().unwrap();
            if app.app().records.find(other).await.unwrap().is_some() {
                app.edit(other, |document| {
                    if let Document::Service(service) = document {
                        service.status = ServiceStatus::Inactive;
                    }
                })
                .await;
            }
        }
        app.import(refuge.to_string()).await;
        for (path, fields) in [("/help/check", "helper=yes&a.safe=afraid&go=result&postcode=LU1+2AA"), ("/help/plan", "helper=yes&a.safe=afraid&postcode=LU1+2AA")] {
            let page = send(&app, path, fields).await.text();
            assert!(page.contains("Larkspur house"), "{path}: {page}");
        }
    }
}

fact! {
    async fn nobody_is_asked_for_a_full_postcode_that_they_have_given(app) {
        app.clock.set(today());
        app.fixtures().await;
        let asked = "Enter your full postcode to see those of your council.";
        // No postcodes were imported: where LU1 2AA is follows from the listings there, and not in which council.
        let near = send(&app, "/help/budget", "in-wages=100&out-rent=900&debt-rent-owed=500&postcode=LU1+2AA").await.text();
        assert!(near.contains("Listings of councils are left out") && near.contains("We do not know which council your postcode is in.") && !near.contains(asked), "{near}");
        let half = send(&app, "/help/budget", "in-wages=100&out-rent=900&debt-rent-owed=500&postcode=LU1").await.text();
        assert!(half.contains(asked), "{half}");
    }
}

fact! {
    async fn what_somebody_may_be_in_danger_by_comes_first_among_needs_that_are_as_bad(app) {
        ready(&app).await;
        let fields = "a.safe=afraid&a.tonight=no&a.risk=court&a.risk=lockout&a.bills=bailiff&a.bills=shark&a.today=food&a.today=power&a.today=money&go=result&postcode=LU1+2AA";
        let page = send(&app, "/help/check", fields).await.text();
        let near = page.split("Help near you").nth(1).unwrap();
        let needs: Vec<&str> = near.split("<h3>").skip(1).map(|rest| rest.split("</h3>").next().unwrap()).collect();
        assert_eq!(needs.first(), Some(&"Abuse from a partner or relative"), "{needs:?}");
        let evaluated = evaluate(&app, json!({"answers": {"safe": ["suicidal"], "risk": ["court"], "bills": ["bailiff"], "today": ["food", "power", "money"]}})).await;
        assert_ne!(evaluated["needs"][0], "health-crisis", "the document's own order is by sums and codes, and stays so");
        let page = send(&app, "/help/check", "a.safe=suicidal&a.risk=court&a.bills=bailiff&a.today=food&a.today=power&a.today=money&go=result&postcode=LU1+2AA").await.text();
        let first = page.split("Help near you").nth(1).unwrap().split("<h3>").nth(1).unwrap();
        assert!(first.starts_with("Mental health crisis"), "{first}");
    }
}

fact! {
    async fn medicine_is_not_the_option_for_mental_health(app) {
        ready(&app).await;
        let page = send(&app, "/help/check", "at=today&a.today=meds&go=next&postcode=LU1+2AA").await.text();
        let panel = page.split("Get your medicine today").nth(1).unwrap().split("</section>").next().unwrap();
        assert!(panel.contains("tel:111") && panel.contains("medicine") && !panel.contains("mental health"), "{panel}");
        let page = send(&app, "/help/check", "at=safe&a.safe=suicidal&go=next").await.text();
        let panel = page.split("You matter. Talk to someone now").nth(1).unwrap().split("</section>").next().unwrap();
        assert!(panel.contains("tel:111") && panel.contains("Choose option 2, for mental health"), "{panel}");
    }
}

fact! {
    async fn what_only_shares_words_with_a_need_and_says_what_else_it_helps_with_is_not_offered(app) {
        ready(&app).await;
        let term = |code: &str| json!({"id": crate::facts::id(code), "code": code, "name": code, "description": code});
        let all = app.get("/taxonomy_terms?per_page=500").await.json();
        let listed = |code: &str| all["contents"].as_array().unwrap().iter().find(|one| one["code"] == code).cloned().unwrap_or_else(|| term(code));
        let sleeping = |name: &str, code: Option<&str>| {
            let mut service = json!({"id": crate::facts::id(name), "name": name, "status": "active",
                "description": "A night outdoors for whoever has nowhere to sleep tonight, homeless or not.",
                "organization": {"id": crate::facts::id("sleepers"), "name": "Sleepers", "description": "A group."}});
            if let Some(code) = code {
                service["attributes"] = json!([{"id": crate::facts::id(&format!("{name} {code}")), "taxonomy_term": listed(code)}]);
            }
            service.to_string()
        };
        let lines = [sleeping("Nowhere to sleep tonight: sponsored sleep-out", Some("learning-skills")), sleeping("Church hall beds", None), sleeping("Borough beds", Some("housing-homeless-now"))];
        assert_eq!(app.import(lines.join("\n")).await.rejected, []);
        let page = send(&app, "/help/check", "a.tonight=no&go=result&postcode=LU1+2AA").await.text();
        assert!(!page.contains("sponsored sleep-out"), "{page}");
        let found = app.get("/services?need=housing-homeless-now&per_page=500").await.text();
        for offered in ["Church hall beds", "Borough beds", "sponsored sleep-out"] {
            assert!(found.contains(offered), "the search finds what says so in words: {offered}");
        }
    }
}
