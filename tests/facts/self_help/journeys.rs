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
        assert!(page.contains("Luton Council (made up), housing help") && page.contains("Council numbers here are those of Luton"));
        assert!(page.contains("Help near you") && page.contains("miles away") || page.contains("mile away"));
        let (eviction, energy) = (page.find("Eviction or being told to leave").unwrap(), page.find("Energy bills").unwrap());
        assert!(eviction < energy, "the worst need first");
        assert!(page.contains("mailto:?subject=My%20plan") && page.contains("sms:?"));
        let mail = page.split("mailto:?").nth(1).unwrap().split('"').next().unwrap();
        assert!(!mail.contains("notice") && !mail.contains("LU1"), "only places, no answers: {mail}");
    }
}

fact! {
    async fn where_nothing_is_listed_the_result_says_so_and_has_a_number(app) {
        draft(&app, Part::Checker, &reviewed_checker()).await;
        draft(&app, Part::Contacts, &checked_contacts()).await;
        app.clock.set(today());
        assert_eq!(publish(&app).await, Ok(1));
        let page = step(&app, "a.bills=ctax&go=result").await;
        assert!(page.contains("We found no listing") && page.contains("/directory/needs") && page.contains("tel:"));
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
        for (place, is_luton) in [("postcode=LU1+4AA", false), ("council=E06000056", false), ("postcode=LU1+2AA", true), ("", true)] {
            for (path, fields) in [("/help/check", "a.risk=notice&go=result"), ("/help/plan", "a.risk=notice")] {
                let page = send(&app, path, &format!("{fields}&{place}")).await.text();
                assert_eq!(page.contains("Borough housing advice (sample)"), is_luton, "{place} {path}");
            }
        }
        for postcode in ["LU1 4AA", "LU1", "HP1 1AA"] {
            let evaluated = evaluate(&app, json!({"answers": {"tonight": ["no"], "safe": ["child"]}, "postcode": postcode})).await;
            assert!(lines(&evaluated).iter().all(|line| !line.starts_with("luton")), "{postcode}: {evaluated}");
        }
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
    async fn a_postcode_that_cannot_be_read_is_said_beside_the_field(app) {
        ready(&app).await;
        let answer = send(&app, "/help/check", "go=next&helper=yes&postcode=nowhere").await;
        let page = answer.text();
        assert!(answer.status == 400 && page.contains("postcode-error") && page.contains("value=\"nowhere\"") && page.contains("id=\"helper-yes\" name=\"helper\" value=\"yes\" checked"));
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
        for body in ["", "[]", "{\"answers\":[]}", "{\"answers\":{\"a\":1}}", "{\"postcode\":\"secretplace\"}", "\u{0}"] {
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
