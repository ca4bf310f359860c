//! What comes first is what the person needs first: by who they are, and whom they look after.

use serde_json::{Value, json};

use super::{
    super::{id, pantry},
    evaluate, ready, send,
};
use crate::support::fact;

/// The need of unpaid carers, in the fixtures.
const CARERS: &str = "e7935343-5ae2-54aa-8502-1a620b32b82a";

fn ids<'a>(evaluated: &'a Value, list: &str) -> Vec<&'a str> {
    evaluated[list].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap()).collect()
}

fact! {
    async fn somebody_under_18_without_a_bed_is_sent_to_childrens_services_first(app) {
        ready(&app).await;
        for answers in [json!({"tonight": ["no"], "who": ["u18"]}), json!({"who": ["u18"], "tonight": ["no"], "risk": ["family"]})] {
            let evaluated = evaluate(&app, json!({"answers": answers, "postcode": "LU1 2AA"})).await;
            assert_eq!(ids(&evaluated, "panels"), ["under18", "nowhere_tonight"], "{answers}");
            assert_eq!(ids(&evaluated, "talk")[0], "luton-children", "{answers}");
            assert_eq!(evaluated["talk_say"], "I am under 18 and I have no safe place to stay tonight.");
        }
        let grown_up = evaluate(&app, json!({"answers": {"tonight": ["no"]}, "postcode": "LU1 2AA"})).await;
        assert_eq!((ids(&grown_up, "panels"), ids(&grown_up, "talk")[0]), (vec!["nowhere_tonight"], "luton-homelessness"));
        let danger = evaluate(&app, json!({"answers": {"safe": ["danger"], "tonight": ["no"], "who": ["u18"]}})).await;
        assert_eq!(ids(&danger, "panels")[0], "call_999", "danger comes before everything");
    }
}

fact! {
    async fn a_child_is_shown_groups_for_care_leavers_only_if_they_were_in_care_and_is_told_of_childline(app) {
        ready(&app).await;
        let group = "Young people who were in care";
        let child = send(&app, "/help/check", "a.who=u18&go=result&postcode=LU1+2AA").await.text();
        assert!(!child.contains(group) && child.contains("Talk to Childline") && child.contains("tel:08001111"), "{child}");
        let plan = send(&app, "/help/plan", "a.who=u18&postcode=LU1+2AA").await.text();
        assert!(!plan.contains(group) && plan.contains("Talk to Childline"), "{plan}");
        for answers in ["a.who=care", "a.who=u18&a.who=care"] {
            let page = send(&app, "/help/check", &format!("{answers}&go=result&postcode=LU1+2AA")).await.text();
            assert!(page.contains(group), "{answers}: {page}");
        }
    }
}

fact! {
    async fn whoever_looks_after_a_grown_up_is_told_what_carers_can_ask_for_and_not_of_young_carers_first(app) {
        ready(&app).await;
        let shown = async |who: &str| send(&app, "/help/check", &format!("{who}&helper=yes&go=result&postcode=LU1+2AA")).await.text();
        let page = shown("a.who=carer").await;
        let first = page.split("What to do first").nth(1).unwrap().split("<h3>").nth(1).unwrap();
        assert!(first.starts_with("Ask the council with them for help as a carer"), "{first}");
        let order = |page: &str| (page.find(">Carers' support worker<").unwrap(), page.find(">Young carers' supper<").unwrap());
        let (grown_up, young) = order(&page);
        assert!(grown_up < young, "what is for children alone comes last: {page}");
        let (grown_up, young) = order(&shown("a.who=carer&a.who=kids").await);
        assert!(young < grown_up, "the nearest is first where there are children");
    }
}

fact! {
    async fn what_is_for_children_alone_comes_after_what_suits_less_but_is_for_everybody(app) {
        ready(&app).await;
        let mut line = pantry();
        (line["name"], line["minimum_age"], line["maximum_age"], line["assured_date"]) = (json!("Young carers' line"), json!(8), json!(17), json!("2026-11-20"));
        (line["service_at_locations"], line["schedules"]) = (json!([]), json!([]));
        line["attributes"] = json!([{"id": id("for carers"), "link_entity": "service", "taxonomy_term_id": CARERS}]);
        app.import(line.to_string()).await;
        let page = send(&app, "/help/check", "a.who=carer&a.how=phone&helper=yes&go=result&postcode=LU1+2AA").await.text();
        let at = |name: &str| page.find(&format!(">{name}<")).unwrap_or_else(|| panic!("{name}: {page}"));
        assert!(at("Sitting service") < at("Carers' support worker"), "what suits them is first: {page}");
        assert!(at("Carers' support worker") < at("Young carers' line"), "and what is for children alone last: {page}");
    }
}

fact! {
    async fn whom_a_line_is_for_is_said_in_the_language_of_the_page(app) {
        ready(&app).await;
        for (language, women, men) in [("", "For women.", "For men."), ("/pl", "Dla: kobiet.", "Dla: mężczyzn."), ("/ur", "خواتین کے لیے۔", "مردوں کے لیے۔")] {
            let page = send(&app, &format!("{language}/help/check"), "at=safe&a.safe=afraid&go=next").await.text();
            assert!(page.contains(women) && page.contains(men), "{language}: {page}");
        }
    }
}

fact! {
    async fn whoever_has_no_food_on_a_sunday_is_shown_what_is_open_on_it(app) {
        ready(&app).await;
        let shown = async || {
            let page = send(&app, "/help/check", "a.today=food&go=result&postcode=LU1+2AA").await.text();
            page.split(">Food today<").nth(1).unwrap().split("<h3>").next().unwrap().to_owned()
        };
        let monday = shown().await;
        assert!(monday.contains(">Day room with showers<") || monday.contains(">Street meals van<"), "{monday}");
        app.clock.set("2026-12-06T12:00:00Z".parse().unwrap());
        let sunday = shown().await;
        let evening = sunday.find(">Free hot meal<").unwrap_or_else(|| panic!("it is there every evening: {sunday}"));
        assert!(sunday.find(">Day room with showers<").is_none_or(|weekdays| evening < weekdays), "{sunday}");
        assert!(!sunday.contains(">Pay-what-you-can lunch<"), "that is from Wednesday to Friday: {sunday}");
    }
}
