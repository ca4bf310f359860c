//! From the first question to the plan, as a browser without JavaScript goes.

use fingerpost::self_help::Part;
use http::Method;
use serde_json::json;

use super::{checked_contacts, draft, evaluate, lines, publish, ready, reviewed_checker, send, today};
use crate::support::{Answer, TestApp, fact};

/// What every page of self-help promises.
fn is_kept_by_nobody(answer: &Answer) {
    assert_eq!((answer.header("cache-control"), answer.header("referrer-policy")), ("no-store", "no-referrer"));
    assert!(answer.headers.get("set-cookie").is_none() && answer.headers.get("etag").is_none());
}

fn title(page: &str) -> &str {
    page.split("<title>").nth(1).unwrap().split("</title>").next().unwrap()
}

async fn step(app: &TestApp, fields: &str) -> String {
    let answer = send(app, "/help/check", fields).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    is_kept_by_nobody(&answer);
    let page = answer.text();
    assert!(page.contains("Exit this page") && page.contains("does not clear your history"));
    for word in ["abuse", "suicide", "homeless", "debt", "eviction", "safe"] {
        assert!(!title(&page).to_lowercase().contains(word), "{}", title(&page));
    }
    assert!(!page.contains("og:title") && !page.contains("name=\"description\""), "no preview");
    page
}

fact! {
    async fn urgent_help_stands_on_the_very_next_page_and_stays_on_the_result(app) {
        ready(&app).await;
        let first = step(&app, "go=next&helper=no&postcode=LU1+2AA").await;
        assert!(first.contains("Are you safe right now?") && first.contains("name=\"postcode\" value=\"LU1 2AA\""));
        let urgent = step(&app, "at=safe&a.safe=afraid&go=next&postcode=LU1+2AA").await;
        assert!(urgent.contains("You are not to blame") && urgent.contains("tel:08082000247") && !urgent.contains("a safe place to sleep tonight"));
        assert!(urgent.contains("type=\"hidden\" name=\"a.safe\" value=\"afraid\""));
        let next = step(&app, "at=safe&shown=yes&a.safe=afraid&go=next&postcode=LU1+2AA").await;
        assert!(next.contains("a safe place to sleep tonight") && next.contains("You may need help straight away"));
        let result = step(&app, "at=tonight&a.safe=afraid&go=result&postcode=LU1+2AA").await;
        let (panel, steps) = (result.find("You are not to blame").unwrap(), result.find("Talk to a person").unwrap());
        assert!(result.contains("Get help straight away") && panel < steps);
        // Two answers together open one too, at the question that completes them.
        let under = step(&app, "at=who&a.tonight=few&a.who=u18&go=next&postcode=LU1+2AA").await;
        assert!(under.contains("Ring children’s services now") && under.contains("Luton Council (made up), children"), "{under}");
    }
}

fact! {
    async fn urgent_help_stands_on_the_next_page_whichever_way_somebody_goes(app) {
        ready(&app).await;
        let urgent = step(&app, "at=tonight&a.tonight=no&go=back&postcode=LU1+2AA").await;
        assert!(urgent.contains("Ring the council now") && urgent.contains("01632 960302"));
        let back = step(&app, "at=tonight&shown=yes&a.tonight=no&go=back&postcode=LU1+2AA").await;
        assert!(back.contains("Are you safe right now?"), "and then back");
    }
}

fact! {
    async fn somebody_to_talk_to_is_who_can_help_and_not_999_where_nobody_is_in_danger(app) {
        ready(&app).await;
        let talk = |page: &str| page.split("Talk to a person").nth(1).unwrap().split("<h2").next().unwrap().to_owned();
        let result = step(&app, "a.tonight=no&go=result&postcode=LU1+2AA").await;
        assert!(result.contains("tel:999"), "which stays one tap away");
        let bed = talk(&result);
        assert!(bed.contains("01632 960302") && bed.contains("I want to make a homeless application") && !bed.contains("tel:999"), "{bed}");
        let helper = talk(&step(&app, "helper=yes&a.tonight=no&go=result&postcode=LU1+2AA").await);
        assert!(helper.contains("They want to make a homeless application"), "{helper}");
        let danger = talk(&step(&app, "a.safe=danger&go=result&postcode=LU1+2AA").await);
        assert!(danger.contains("tel:999") && danger.contains("Say which service you need") && !danger.contains("filled in"), "{danger}");
        let money = talk(&step(&app, "a.bills=ctax&go=result&postcode=LU1+2AA").await);
        assert!(money.contains("I filled in some questions"), "{money}");
        let evaluated = evaluate(&app, json!({"answers": {"tonight": ["no"]}, "postcode": "LU1 2AA"})).await;
        assert_eq!((evaluated["talk"][0]["id"].as_str(), evaluated["talk_say"].as_str()), (Some("luton-homelessness"), Some("I have nowhere to sleep tonight. I want to make a homeless application.")));
    }
}

fact! {
    async fn somebody_under_18_is_sent_to_childrens_services_and_to_no_place_for_adults(app) {
        ready(&app).await;
        let evaluated = evaluate(&app, json!({"answers": {"safe": ["afraid"], "tonight": ["few"], "risk": ["family"], "who": ["u18"]}, "postcode": "LU1 2AA"})).await;
        let steps: Vec<&str> = evaluated["steps"].as_array().unwrap().iter().map(|step| step["id"].as_str().unwrap()).collect();
        assert_eq!(steps, ["be-safe", "ring-children", "ring-housing"], "to be safe comes first");
        let alone = evaluate(&app, json!({"answers": {"tonight": ["no"], "who": ["u18"]}, "postcode": "LU1 2AA"})).await;
        assert_eq!((alone["steps"][0]["id"].as_str(), alone["steps"][0]["lines"][0]["id"].as_str()), (Some("ring-children"), Some("luton-children")));
        let adult = step(&app, "helper=yes&a.tonight=no&a.home=temp&go=result&postcode=LU1+2AA").await;
        assert!(adult.contains("Supported flats at Kestrel Court") && !adult.contains("children’s services"), "{adult}");
        let child = step(&app, "helper=yes&a.tonight=no&a.home=temp&a.who=u18&go=result&postcode=LU1+2AA").await;
        assert!(!child.contains("Supported flats at Kestrel Court") && !child.contains("aged 18 or over"), "{child}");
    }
}

fact! {
    async fn every_question_can_be_skipped_and_left_again(app) {
        ready(&app).await;
        let mut at = String::new();
        let mut asked = Vec::new();
        loop {
            let page = step(&app, &format!("{at}go=next")).await;
            let Some(id) = page.split("name=\"at\" value=\"").nth(1) else {
                assert!(page.contains("You can make a start on this yourself") && page.contains("01632") || page.contains("0800 144 8848"), "{page}");
                break;
            };
            asked.push(id.split('"').next().unwrap().to_owned());
            at = format!("at={}&", asked.last().unwrap());
        }
        assert_eq!(asked, ["safe", "tonight", "home", "risk", "bills", "today", "change", "who", "claimed", "more", "how"]);
        // "When" is asked of somebody who may have to leave, and Back leads past it as well.
        assert!(step(&app, "at=risk&a.risk=notice&go=next").await.contains("When might you have to leave?"));
        assert!(step(&app, "at=bills&a.risk=notice&go=back").await.contains("When might you have to leave?"));
        let back = step(&app, "at=bills&a.risk=behind&go=back").await;
        assert!(back.contains("putting your home at risk") && back.contains("value=\"behind\" checked"), "what was ticked is ticked");
        assert!(step(&app, "at=safe&go=back").await.contains("Who are you answering for?"));
    }
}

fact! {
    async fn the_result_says_why_what_first_and_what_is_near(app) {
        ready(&app).await;
        let page = step(&app, "a.risk=notice&a.when=unsure&a.bills=energy&go=result&postcode=LU1+2AA").await;
        assert!(page.contains("Get in touch with the council now"));
        assert!(page.contains("within 8 weeks, or you do not know when"), "why");
        let steps = page.split("<ol class=\"steps\">").nth(1).unwrap().split("</ol>").next().unwrap();
        assert_eq!(steps.matches("<h3>").count(), 3, "at most three first steps");
        assert!(page.contains("Luton Council (made up), housing help") && page.contains("The council numbers here are for Luton"));
        assert!(page.contains("Help near you") && page.contains("miles away") || page.contains("mile away"));
        let (eviction, energy) = (page.find("Eviction or being told to leave").unwrap(), page.find("Energy bills").unwrap());
        assert!(eviction < energy, "the worst need first");
        let lost = page.find("you lose this page and what you entered").unwrap();
        assert!(lost < page.find("/directory/services/").unwrap() && page.contains("href=\"#keep\"") && page.contains("id=\"keep\""), "said before the first listing: {page}");
        assert!(!page.contains("target="), "and the answers stay in no tab behind another");
        assert!(page.contains("mailto:?subject=My%20plan") && page.contains("sms:?"));
        let mail = page.split("mailto:?").nth(1).unwrap().split('"').next().unwrap();
        assert!(!mail.contains("notice") && !mail.contains("LU1%202AA") && !mail.contains("mile"), "only places, no answers: {mail}");
    }
}

fact! {
    async fn before_every_link_that_leaves_the_result_stands_that_it_would_be_lost(app) {
        ready(&app).await;
        let result = step(&app, "a.bills=ctax&go=result&postcode=LU1+2AA").await;
        let steps = result.split("What to do first").nth(1).unwrap().split("Talk to a person").next().unwrap();
        let (said, link) = (steps.find("you lose this page and what you entered"), steps.find("href=\"/help/budget\"").unwrap());
        assert!(said.is_some_and(|said| said < link) && steps.contains("href=\"#keep\""), "{steps}");
        let without = step(&app, "a.tonight=no&go=result&postcode=LU1+2AA").await;
        let steps = without.split("What to do first").nth(1).unwrap().split("Talk to a person").next().unwrap();
        assert!(!steps.contains("you lose this page"), "no step leads away: {steps}");
        let file = send(&app, "/help/plan", "a.bills=ctax&postcode=LU1+2AA").await.text();
        assert!(!file.contains("you lose this page"), "what is kept is not lost: {file}");
    }
}

fact! {
    async fn before_the_way_to_the_list_of_councils_stands_that_what_was_entered_would_be_lost(app) {
        ready(&app).await;
        // Hemel Hempstead, whose council has no line here; a postcode that nobody here knows; and somebody who was asked
        // where they are, and does not know.
        for (answers, go) in [
            ("a.tonight=no&postcode=HP1+1AA", "at=tonight&go=next"),
            ("a.tonight=no&postcode=HP1+1AA", "go=result"),
            ("a.risk=notice&a.when=unsure&postcode=HP1+1AA", "go=result"),
            ("a.tonight=no&postcode=LU1+9ZZ", "at=tonight&go=next"),
            ("a.tonight=no&postcode=LU1+9ZZ", "go=result"),
            ("a.tonight=no&where=asked&postcode=&council=", "at=tonight&go=next"),
            ("a.tonight=no&where=asked&postcode=&council=", "go=result"),
        ] {
            let page = step(&app, &format!("{answers}&{go}")).await;
            let links: Vec<&str> = page.split("href=\"https://www.gov.uk/find-local-council\"").collect();
            assert!(links.len() > 1, "{answers}: {page}");
            for before in &links[..links.len() - 1] {
                let said = before.rsplit_once("you lose this page and what you entered").map(|(_, rest)| rest.matches("<p").count());
                assert_eq!(said, Some(1), "in the paragraph before it: {before}");
            }
            assert_eq!(page.contains("href=\"#keep\""), page.contains("id=\"keep\""), "what can be kept is said to be: {page}");
            let file = send(&app, "/help/plan", answers).await.text();
            assert!(!file.contains("you lose this page"), "what is kept is not lost: {file}");
        }
    }
}

fact! {
    async fn other_programs_are_told_which_page_of_ours_a_first_step_leads_to(app) {
        ready(&app).await;
        let evaluated = evaluate(&app, json!({"answers": {"bills": ["ctax"]}, "postcode": "LU1 2AA"})).await;
        let steps = evaluated["steps"].as_array().unwrap();
        assert!(steps.iter().any(|step| step["page"] == "/help/budget"), "{steps:?}");
        assert!(steps.iter().any(|step| step.get("page").is_none()), "the others lead to none: {steps:?}");
    }
}

fact! {
    async fn where_nothing_is_listed_the_result_says_so_and_has_a_number(app) {
        draft(&app, Part::Checker, &reviewed_checker()).await;
        draft(&app, Part::Contacts, &checked_contacts()).await;
        app.clock.set(today());
        assert_eq!(publish(&app).await, Ok(1));
        let page = step(&app, "a.bills=ctax&go=result").await;
        assert!(page.contains("We did not find a listing") && page.contains("/directory/needs") && page.contains("tel:"));
        let ways_on = page.split("We did not find a listing").nth(1).unwrap();
        assert!(ways_on.find("you lose this page").unwrap() < ways_on.find("/directory/needs").unwrap(), "{ways_on}");
        assert!(!page.contains("We also looked in"), "it follows nobody");
    }
}

fact! {
    async fn a_helper_is_spoken_to_as_one(app) {
        ready(&app).await;
        let page = step(&app, "helper=yes&go=next").await;
        assert!(page.contains("Are they safe right now?") && page.contains("They are in danger, or someone is hurt"));
        let page = step(&app, "helper=yes&a.risk=notice&go=result").await;
        assert!(page.contains("They should get in touch with the council now") && page.contains("They may have to leave their home"));
    }
}

fact! {
    async fn a_neighbours_postcode_never_gets_lutons_numbers(app) {
        ready(&app).await;
        // Everything that has a council's number, by every door.
        let worst = "a.safe=child&a.tonight=no&a.risk=lockout&a.risk=court&a.who=u18&a.today=food&a.today=power&a.bills=ctax";
        for (place, theirs) in [("postcode=LU1+4AA", Some("Central Bedfordshire Council (made up)")), ("postcode=LU1", None), ("postcode=HP1+1AA", None), ("", None), ("council=E06000056", Some("Central Bedfordshire Council (made up)"))] {
            for (path, fields) in [("/help/check", format!("{worst}&go=result&{place}")), ("/help/check", format!("at=risk&{worst}&go=next&{place}")), ("/help/plan", format!("{worst}&{place}"))] {
                let page = send(&app, path, &fields).await.text();
                assert!(!page.contains("Luton Council (made up)") && !page.contains("01632 9603"), "{place} {path}");
                assert_eq!(page.contains("Central Bedfordshire Council (made up)"), theirs.is_some() , "{place} {path}");
                if theirs.is_none() && path == "/help/check" && !place.contains("HP1") {
                    assert!(page.contains("Get the number of the right council") && page.contains("0808 800 4444"), "it asks, and gives a national line: {place}");
                }
            }
        }
        // A desk of the borough's, which says that it is for the borough.
        for (place, is_luton) in [("postcode=LU1+4AA", false), ("council=E06000056", false), ("postcode=LU1+2AA", true), ("postcode=LU1", false), ("", false)] {
            for (path, fields) in [("/help/check", "a.risk=notice&go=result"), ("/help/plan", "a.risk=notice")] {
                let page = send(&app, path, &format!("{fields}&{place}")).await.text();
                assert_eq!(page.contains("Borough housing advice (sample)"), is_luton, "{place} {path}");
            }
        }
        for postcode in ["LU1 4AA", "LU1", "HP1 1AA"] {
            let evaluated = evaluate(&app, json!({"answers": {"tonight": ["no"], "safe": ["child"]}, "postcode": postcode})).await;
            assert!(lines(&evaluated).iter().all(|line| !line.starts_with("luton")), "{postcode}: {evaluated}");
        }
        // A tool of Luton's that always names its own council, and somebody from over the border.
        let both = json!({"answers": {"tonight": ["no"], "safe": ["child"]}, "postcode": "LU1 4AA", "council": "E06000032"});
        let evaluated = evaluate(&app, both).await;
        assert!(lines(&evaluated).iter().all(|line| !line.starts_with("luton")), "{evaluated}");
        assert_eq!(evaluated["council"], "E06000056");
        let luton = evaluate(&app, json!({"answers": {"tonight": ["no"], "safe": ["child"]}, "postcode": "LU1 2AA"})).await;
        assert!(lines(&luton).contains(&"luton-homelessness") && lines(&luton).contains(&"luton-children"));
        assert_eq!((luton["council"].as_str(), luton["place_wanted"].as_bool()), (Some("E06000032"), Some(false)));
    }
}

fact! {
    async fn the_plan_is_one_file_that_needs_nothing_else(app) {
        ready(&app).await;
        let answer = send(&app, "/help/plan", "a.safe=afraid&a.risk=notice&postcode=LU1+2AA").await;
        is_kept_by_nobody(&answer);
        assert_eq!((answer.status.as_u16(), answer.header("content-disposition")), (200, "attachment; filename=\"my-plan.html\""));
        let file = answer.text();
        assert_eq!(title(&file), "My plan");
        assert!(file.contains("0808 2000 247") && file.contains("Help") && file.contains("https://directory.luton.example.org/directory/services/"));
        for needs_more in ["<script", "<link", "src=", "url(", "<img", "href=\"/"] {
            assert!(!file.contains(needs_more), "{needs_more}");
        }
    }
}

fact! {
    async fn the_plan_says_what_the_level_means_and_where_its_rules_and_numbers_hold(app) {
        ready(&app).await;
        let mut contacts = checked_contacts();
        contacts["councils"].as_array_mut().unwrap().push(json!({"code": "S12000042", "name": "Dundee"}));
        draft(&app, Part::Contacts, &contacts).await;
        assert_eq!(publish(&app).await, Ok(2));
        let plan = async |place: &str| send(&app, "/help/plan", &format!("a.risk=notice&a.when=unsure{place}")).await.text();
        let (here, nowhere, elsewhere) = (plan("&postcode=LU1+2AA").await, plan("").await, plan("&council=S12000042").await);
        for file in [&here, &nowhere, &elsewhere] {
            assert!(file.contains("Ring today if you can. The sooner the council knows"), "what the level means: {file}");
            assert!(file.contains("It is for people who live in England."), "{file}");
        }
        assert!(nowhere.contains("Shelter") && nowhere.contains("Only in England."), "nobody knows where they are: {nowhere}");
        assert!(!here.contains("Only in England."), "they are there: {here}");
        assert!(elsewhere.contains("These questions are for England.") && elsewhere.contains("are different in Scotland"), "{elsewhere}");
        assert!(!here.contains("are different in") && step(&app, "a.risk=notice&go=result").await.contains("Only in England."));
    }
}

fact! {
    async fn the_name_of_a_town_shows_what_is_near_and_asks_for_the_council(app) {
        ready(&app).await;
        let first = step(&app, "go=next&helper=no&postcode=luton").await;
        assert!(first.contains("Are you safe right now?") && first.contains("name=\"postcode\" value=\"luton\""));
        let result = step(&app, "a.tonight=no&a.bills=ctax&go=result&postcode=luton").await;
        assert!(result.contains("mile") && result.contains("Get the number of the right council"), "{result}");
        assert!(!result.contains("01632 9603"), "a town may lie in two councils");
        let chosen = step(&app, "a.tonight=no&go=result&postcode=luton&council=E06000032").await;
        assert!(chosen.contains("01632 960302"));
    }
}

fact! {
    async fn a_postcode_that_cannot_be_read_is_said_beside_the_field(app) {
        ready(&app).await;
        let answer = send(&app, "/help/check", "go=next&helper=yes&postcode=nowhere").await;
        let page = answer.text();
        assert!(title(&page).starts_with("Error: A few questions"), "{}", title(&page));
        assert!(answer.status == 200 && page.contains("There is a problem") && page.contains("postcode-error") && page.contains("value=\"nowhere\"") && page.contains("id=\"helper-yes\" name=\"helper\" value=\"yes\" checked"));
        let (warned, away) = (page.find("If you open the link below").unwrap(), page.find("https://www.gov.uk/find-local-council").unwrap());
        assert!(warned < away, "the link leads away from what was entered");
        // Later it is no reason to hide urgent help.
        let result = step(&app, "a.tonight=no&go=result&postcode=nowhere").await;
        assert!(result.contains("Ring the council now") && result.contains("postcode-error"));
    }
}

fact! {
    async fn what_strangers_send_becomes_neither_markup_nor_an_error(app) {
        ready(&app).await;
        let page = step(&app, "go=next&at=%3Cscript%3E&a.safe=%22%3E%3Cb%3E&a.zzz=1&a.=&council=%3Ci%3E&postcode=").await;
        assert!(!page.contains("<script>") && !page.contains("<b>") && !page.contains("<i>"));
        let many: String = (0..300).map(|_| "a.bills=ctax&").collect();
        let page = step(&app, &format!("{many}go=result")).await;
        let forms = page.matches("action=\"/help/").count();
        assert_eq!((page.matches("name=\"a.bills\" value=\"ctax\"").count(), forms), (3, 3), "once in each form");
        assert_eq!(send(&app, "/help/check", &"x".repeat(20_000)).await.status, 400);
        for body in ["", "[]", "{}", "{\"answer\":{\"safe\":[\"danger\"]}}", "{\"answers\":{},\"Postcode\":\"LU1\"}", "{\"answers\":[]}", "{\"answers\":{\"a\":1}}", "{\"answers\":{\"safe\":[\"danger\"],\"safe\":[\"ok\"]}}", "{\"answers\":{\"safe\":\"danger\"},\"answers\":{}}", "{\"postcode\":\"secretplace\"}", "\u{0}"] {
            let answer = app.ask(Method::POST, "/api/v1/checker/evaluate", &[], body).await;
            assert_eq!((answer.status.as_u16(), answer.header("content-type")), (400, "application/problem+json"), "{body}");
            assert!(!answer.text().contains("secretplace"), "what was sent is not repeated");
        }
    }
}

fact! {
    async fn other_tools_get_needs_and_everyday_words(app) {
        ready(&app).await;
        let needs = app.get("/api/v1/needs").await.json();
        let eviction = needs["needs"].as_array().unwrap().iter().find(|need| need["code"] == "housing-eviction").unwrap();
        assert_eq!(eviction["name"], "Eviction or being told to leave");
        let phrase = eviction["phrases"].as_array().unwrap().iter().find(|phrase| phrase["phrase"] == "landlord wants me out").unwrap();
        assert_eq!(phrase, &json!({"phrase": "landlord wants me out", "main": true, "urgent": false, "sensitive": false}));
        let checker = app.get("/api/v1/checker").await;
        assert!(checker.json()["questions"].as_array().unwrap().len() == 12 && checker.header("etag").len() > 2);
        assert_eq!(app.get("/api/v1/checker/evaluate").await.status, 405);
    }
}

fact! {
    async fn what_a_tool_answers_that_the_checker_does_not_have_is_named(app) {
        ready(&app).await;
        let evaluated = evaluate(&app, json!({"answers": {"safe": ["danger", "dangr"], "sfe": ["danger"]}, "postcode": " "})).await;
        assert_eq!(evaluated["ignored"], json!([{"question": "safe", "option": "dangr"}, {"question": "sfe", "option": "danger"}]));
        assert_eq!((evaluated["level"].as_str(), evaluated["council"].is_null()), (Some("emergency"), true), "an empty postcode is none");
        assert_eq!(evaluate(&app, json!({"answers": {}})).await["ignored"], json!([]));
    }
}

fact! {
    async fn an_emergency_is_what_is_done_first(app) {
        ready(&app).await;
        let answers = json!({"safe": ["afraid"], "risk": ["notice", "behind"], "bills": ["ctax", "energy"], "today": ["food"], "who": ["kids"]});
        let evaluated = evaluate(&app, json!({"answers": answers, "postcode": "LU1 2AA"})).await;
        let steps: Vec<&str> = evaluated["steps"].as_array().unwrap().iter().map(|step| step["id"].as_str().unwrap()).collect();
        assert_eq!(steps, ["be-safe", "ring-housing", "crisis-payment"], "of what is as bad, in the order of the file");
        for alone in ["afraid", "suicidal", "child"] {
            let evaluated = evaluate(&app, json!({"answers": {"safe": [alone]}})).await;
            assert_ne!(evaluated["steps"], json!([]), "{alone}");
        }
    }
}

fact! {
    async fn numbers_are_said_to_be_those_of_the_councils_whose_they_are(app) {
        ready(&app).await;
        // Hemel Hempstead: of its two councils none is listed. Then a line of the county is.
        let fields = "a.safe=child&go=result&postcode=HP1+1AA";
        let page = step(&app, fields).await;
        assert!(!page.contains("The council numbers here are for") && page.contains("We do not have your council’s number"), "{page}");
        let next = step(&app, "a.tonight=no&at=tonight&go=next&postcode=HP1+1AA").await;
        assert!(next.contains("Ring the council now") && next.contains("We do not have your council’s number"), "{next}");
        let mut contacts = checked_contacts();
        let mut county = contacts["lines"].as_array().unwrap().iter().find(|line| line["id"] == "luton-children").unwrap().clone();
        (county["id"], county["council"]) = (json!("county-children"), json!("E10000015"));
        contacts["lines"].as_array_mut().unwrap().push(county);
        contacts["councils"].as_array_mut().unwrap().push(json!({"code": "E10000015", "name": "Hertfordshire"}));
        contacts["councils"].as_array_mut().unwrap().push(json!({"code": "E07000096", "name": "Dacorum", "county": "E10000015"}));
        draft(&app, Part::Contacts, &contacts).await;
        assert_eq!(publish(&app).await, Ok(2));
        let page = step(&app, fields).await;
        assert!(page.contains("The council numbers here are for Hertfordshire."), "{page}");
        let asked = step(&app, "a.tonight=no&go=result").await;
        assert!(asked.contains("value=\"E07000096\"") && !asked.contains("value=\"E10000015\""), "nobody lives in a county alone");
    }
}

fact! {
    async fn what_holds_in_one_nation_is_not_told_in_another(app) {
        ready(&app).await;
        let mut contacts = checked_contacts();
        contacts["councils"].as_array_mut().unwrap().push(json!({"code": "S12000042", "name": "Dundee"}));
        draft(&app, Part::Contacts, &contacts).await;
        assert_eq!(publish(&app).await, Ok(2));
        let panel = evaluate(&app, json!({"answers": {"tonight": ["no"]}, "council": "S12000042"})).await["panels"][0].clone();
        assert_eq!((&panel["holds_here"], &panel["body"], panel["say"].is_null()), (&json!(false), &json!([]), true));
        assert_eq!(panel["lines"][0]["number"], "999");
        let page = step(&app, "a.tonight=no&go=result&council=S12000042").await;
        assert!(page.contains("The rules are different where you are") && !page.contains("homeless application"), "{page}");
    }
}

fact! {
    async fn a_helper_reads_panels_and_steps_about_them(app) {
        ready(&app).await;
        let page = step(&app, "helper=yes&a.safe=afraid&a.tonight=no&a.risk=notice&go=result&postcode=LU1+2AA").await;
        for theirs in ["They are not to blame", "The council has to talk to them", "I am helping someone who has nowhere to sleep tonight", "Help them make a plan to be safe"] {
            assert!(page.contains(theirs), "{theirs}: {page}");
        }
        assert!(!page.contains("You are not to blame") && !page.contains("I have nowhere to sleep tonight."), "{page}");
    }
}

fact! {
    async fn a_plan_is_read_on_another_day_and_leads_to_the_door(app) {
        ready(&app).await;
        let fields = "a.today=food&a.bills=energy&postcode=LU1+2AA";
        let file = send(&app, "/help/plan", fields).await.text();
        let page = step(&app, &format!("{fields}&go=result")).await;
        for said in [&file, &page] {
            assert!(!said.contains("Tomorrow,") && !said.contains("Today,"), "days by their dates: {said}");
            assert!(said.contains(", LU1 ") || said.contains(", LU2 "), "whole addresses: {said}");
        }
        let list = file.find("Help near you").unwrap();
        assert!(file.find("Talk to a person").unwrap() < list && list < file.find("Food").map_or(usize::MAX, |_| file.rfind("<h3>").unwrap()));
        assert!(!file.contains("</span><span"), "words do not run together: {file}");
        assert!(page.contains("Printed on 30 November 2026"));
    }
}

fact! {
    async fn what_others_had_better_not_read_is_not_in_a_message(app) {
        ready(&app).await;
        let page = step(&app, "helper=yes&a.safe=afraid&a.today=food&go=result&postcode=LU1+2AA").await;
        let text = page.split("sms:?&amp;body=").nth(1).or_else(|| page.split("sms:?&body=").nth(1)).unwrap().split('"').next().unwrap();
        assert!(!text.to_lowercase().contains("refuge") && !text.to_lowercase().contains("abuse"), "{text}");
        assert!(page.contains("left out:"), "and it is said");
    }
}
