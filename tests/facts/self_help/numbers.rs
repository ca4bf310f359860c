//! Numbers to call now: by what is wrong, and above the results of a search by somebody who may be in danger.

use fingerpost::self_help::Part;
use serde_json::json;

use super::{checked_contacts, draft, evaluate, publish, ready, send, today};
use crate::support::{TestApp, fact};

/// What stands above the results of a search for these words.
async fn above_the_results(app: &TestApp, words: &str) -> String {
    let page = app.searched(&format!("q={}", words.replace(' ', "+"))).await;
    page.split("<main").nth(1).unwrap().split("<h1").next().unwrap().to_owned()
}

fact! {
    async fn numbers_to_call_now_stand_by_what_is_wrong_with_999_first(app) {
        app.clock.set(today());
        let page = app.page("/help").await.text();
        let numbers = page.split("id=\"now\"").nth(1).unwrap();
        for (name, link) in [
            ("Samaritans", "tel:116123"), ("NHS 111", "tel:111"), ("Shout", "sms:85258"), ("Text SHOUT to 85258", "sms:85258"), ("Childline", "tel:08001111"),
            ("National Domestic Abuse Helpline", "tel:08082000247"), ("Men’s Advice Line", "tel:08088010327"), ("Rape and Sexual Abuse Support Line", "tel:08085002222"),
            ("Gas emergency", "tel:0800111999"), ("Shelter", "tel:08088004444"), ("Stop Loan Sharks", "tel:03005552222"), ("National Debtline", "tel:08088084000"), ("NSPCC helpline", "tel:08088005000"),
        ] {
            assert!(numbers.contains(name) && numbers.contains(&format!("href=\"{link}\"")), "{name}: {numbers}");
        }
        let order = ["tel:999", "Chest pain", "ending your life", "tel:116123", "hurts or frightens you", "tel:08082000247", "sexually abused", "tel:08085002222", "A child is not safe", "tel:08001111", "nowhere to sleep", "tel:08088004444", "You smell gas", "tel:0800111999"];
        let at: Vec<usize> = order.iter().map(|said| numbers.find(said).unwrap_or_else(|| panic!("{said}: {numbers}"))).collect();
        assert!(at.is_sorted(), "{at:?}");
        let own = "To see your own council’s number, too: <a href=\"/\">Search in your own words</a>. Add your full postcode.";
        assert_eq!(numbers.matches(own).count(), 1, "once, and it leads there: {numbers}");
        // Each was checked on a day, and is not given for ever.
        app.clock.set("2027-06-01T12:00:00Z".parse().unwrap());
        let page = app.page("/help").await.text();
        let numbers = page.split("id=\"now\"").nth(1).unwrap();
        assert!(numbers.contains("tel:999") && !numbers.contains("tel:116123") && !numbers.contains("tel:08082000247"), "{numbers}");
    }
}

fact! {
    async fn above_the_results_stand_the_numbers_for_what_was_understood_after_999(app) {
        ready(&app).await;
        for (words, first) in [
            ("I want to kill myself", vec!["tel:116123", "sms:85258", "tel:111"]), ("my partner hits me", vec!["tel:08082000247", "tel:08088010327"]), ("I was raped", vec!["tel:08085002222"]),
            ("smell of gas", vec!["tel:0800111999"]), ("I can smell gas", vec!["tel:0800111999"]), ("worried about a child", vec!["tel:08001111", "tel:08088005000"]),
            ("chest pain", vec!["tel:999", "tel:111"]), ("she wont wake up", vec!["tel:999"]), ("loan shark", vec!["tel:03005552222"]), ("nowhere to sleep tonight", vec!["tel:08088004444"]),
        ] {
            let above = above_the_results(&app, words).await;
            let mut rest = above.split_once("tel:999").unwrap_or_else(|| panic!("{words}: {above}")).1;
            for number in first {
                rest = rest.split_once(number).unwrap_or_else(|| panic!("{words}: {number} in {above}")).1;
            }
            assert!(above.contains("/help#now"), "and the way to all of them: {words}");
        }
        for harmless in ["food bank", "they cut off my gas", "register with a doctor", "wool and cake"] {
            assert!(!above_the_results(&app, harmless).await.contains("tel:"), "{harmless}");
        }
        let gas = above_the_results(&app, "smell of gas").await;
        assert!(!gas.contains("tel:08082000247") && !gas.contains("tel:116123"), "and no others: {gas}");
    }
}

fact! {
    async fn above_results_the_way_to_the_own_councils_number_is_the_place_field_of_the_page_with_the_words_kept(app) {
        ready(&app).await;
        for query in ["q=nowhere+to+sleep+tonight", "q=nowhere+to+sleep+tonight&postcode=LU1", "q=nowhere+to+sleep+tonight&what=events&day=SU&age=99"] {
            let page = app.searched(query).await;
            let main = page.split("<main").nth(1).unwrap();
            let above = main.split("<h1").next().unwrap();
            assert!(above.contains("To see your own council’s number, too: <a href=\"#postcode\">Enter your full postcode</a>."), "{query}: {above}");
            let form = main.split("role=\"search\"").nth(1).unwrap().split("</form>").next().unwrap();
            assert!(form.contains("name=\"q\" value=\"nowhere to sleep tonight\"") && form.contains("id=\"postcode\""), "{query}: {form}");
            let before_it = main.split("role=\"search\"").next().unwrap();
            assert_eq!(before_it.matches("<details").count(), before_it.matches("</details>").count(), "{query}: it is not folded away: {before_it}");
            assert_eq!(form.contains("name=\"open_now\""), main.contains("class=\"listings\"") || query.contains("what="), "what narrows it down is there, too: {form}");
        }
        let known = app.searched("q=nowhere+to+sleep+tonight&postcode=LU1+2AA").await;
        assert!(!known.contains("#postcode") && known.contains("tel:01632960302") && known.contains("<details class=\"narrow\">"), "{known}");
    }
}

fact! {
    async fn whose_numbers_stand_there_is_what_the_council_wrote_in_its_contacts(app) {
        ready(&app).await;
        let mut contacts = checked_contacts();
        contacts["troubles"] = json!([{"id": "own", "title": "You are at the end of your tether", "needs": ["health-crisis"], "call": ["national-debtline"]}]);
        draft(&app, Part::Contacts, &contacts).await;
        assert_eq!(publish(&app).await, Ok(2));
        let above = above_the_results(&app, "I want to kill myself").await;
        assert!(above.contains("at the end of your tether") && above.contains("tel:08088084000") && !above.contains("tel:116123"), "{above}");
        assert!(!above_the_results(&app, "my partner hits me").await.contains("tel:0808"), "nothing but 999");
        let help = app.page("/help").await.text();
        assert!(help.contains("at the end of your tether") && help.contains("<h3>Something else</h3>") && help.contains("tel:116123"), "the others stand there, too: {help}");
        contacts["troubles"][0]["call"] = json!(["nobody"]);
        draft(&app, Part::Contacts, &contacts).await;
        let refused = publish(&app).await.unwrap_err();
        assert!(refused.iter().any(|why| why.contains("troubles[0].call: there is no line \"nobody\"")), "{refused:?}");
    }
}

fact! {
    async fn whoever_fears_a_lender_or_has_no_medicine_is_told_first_whom_to_ring_about_it(app) {
        ready(&app).await;
        for (answers, panel, step, line) in [
            (json!({"bills": ["shark"]}), "loan_shark", "loan-shark", "0300 555 2222"), (json!({"today": ["meds"]}), "medicine", "pharmacy", "111"),
            (json!({"bills": ["shark", "credit"], "today": ["food"]}), "loan_shark", "loan-shark", "0300 555 2222"),
        ] {
            let told = evaluate(&app, json!({"answers": answers, "postcode": "LU1 2AA"})).await;
            let (first, panels) = (&told["steps"][0], &told["panels"][0]);
            assert_eq!((&panels["id"], &panels["lines"][0]["number"]), (&json!(panel), &json!(line)), "{told}");
            assert!(told["steps"].as_array().unwrap().iter().any(|one| one["id"] == step && one["lines"][0]["number"] == line), "{told}");
            assert!(first["id"] == step || answers.get("today").is_some(), "{first}");
        }
    }
}

fact! {
    async fn whoever_is_hurt_at_home_is_given_the_lines_for_women_men_and_everybody_else_without_being_asked(app) {
        ready(&app).await;
        let told = evaluate(&app, json!({"answers": {"safe": ["afraid"]}, "postcode": "LU1 2AA"})).await;
        let ids = |lines: &serde_json::Value| -> Vec<String> { lines.as_array().unwrap().iter().map(|line| line["id"].as_str().unwrap().to_owned()).collect() };
        let three = ["domestic-abuse", "mens-advice", "lgbt-abuse"];
        assert_eq!((ids(&told["talk"]), ids(&told["steps"][0]["lines"])), (three.map(str::to_owned).to_vec(), three.map(str::to_owned).to_vec()), "{told}");
        let page = send(&app, "/help/check", "a.safe=afraid&go=result&postcode=LU1+2AA").await.text();
        for part in [page.split("Talk to a person").nth(1).unwrap(), page.split("Make a plan to be safe").nth(1).unwrap()] {
            let part = part.split("<h").next().unwrap();
            for said in ["For women.", "For men.", "For LGBT+ people.", "check the hours first"] {
                assert!(part.contains(said), "{said}: {part}");
            }
        }
    }
}

/// The page of a need.
async fn need_page(app: &TestApp, code: &str) -> String {
    let all = app.get("/taxonomy_terms?per_page=500").await.json();
    let term =
        all["contents"].as_array().unwrap().iter().find(|term| term["code"] == code).unwrap_or_else(|| panic!("{code}")).clone();
    app.page(&format!("/directory/needs/{}", term["id"].as_str().unwrap())).await.text()
}

fact! {
    async fn pages_of_needs_that_cannot_wait_begin_with_the_numbers_for_them(app) {
        ready(&app).await;
        for (code, number) in [("safety-domestic-abuse", "tel:08082000247"), ("health-crisis", "tel:116123"), ("housing-homeless-now", "tel:08088004444")] {
            let page = need_page(&app, code).await;
            let above = page.split("<main").nth(1).unwrap().split("<h1").next().unwrap();
            assert!(above.contains("tel:999") && above.contains(number), "{code}: {above}");
            assert_eq!(above.contains("your own council’s number, too: <a href=\"/\">"), code == "housing-homeless-now", "{code}: {above}");
        }
        let calm = need_page(&app, "food-affordable").await;
        assert!(!calm.split("<main").nth(1).unwrap().split("<h1").next().unwrap().contains("tel:"), "{calm}");
    }
}

fact! {
    async fn every_quiet_page_can_be_left_at_once(app) {
        ready(&app).await;
        let refuge = app.get("/services?search=refuge").await.json();
        let refuge = format!("/directory/services/{}", refuge["contents"][0]["id"].as_str().unwrap());
        for (what, page) in [
            ("results", app.searched("q=my+partner+hits+me").await), ("need", need_page(&app, "safety-domestic-abuse").await),
            ("listing", app.page(&refuge).await.text()), ("checker", app.page("/help/check").await.text()), ("budget", app.page("/help/budget").await.text()),
        ] {
            assert!(page.contains("Exit this page"), "{what}: {page}");
            assert_eq!(page.matches("/assets/exit.js").count(), 1, "{what}: the keys work as well, once: {page}");
        }
        for (what, page) in [("results", app.searched("q=food+bank").await), ("need", need_page(&app, "food-affordable").await)] {
            assert!(!page.contains("Exit this page"), "{what} give nobody away: {page}");
        }
    }
}

fact! {
    async fn a_page_that_says_what_went_wrong_can_be_left_at_once_as_the_page_before_it(app) {
        ready(&app).await;
        let no_form = [("content-type", "text/plain"), ("accept", "text/html")];
        for (what, status, answer) in [
            ("no such page", 404, app.page("/help/nothing").await),
            ("no such page in Polish", 404, app.page("/pl/help/nothing").await),
            ("a plan without answers", 405, app.page("/help/plan").await),
            ("no form of the checker", 400, app.ask(http::Method::POST, "/help/check", &no_form, "afraid").await),
            ("no form of the budget", 400, app.ask(http::Method::POST, "/help/budget", &no_form, "100").await),
            ("no form of the search", 400, app.ask(http::Method::POST, "/directory/search", &no_form, "refuge").await),
            ("no such listing", 404, app.page("/directory/services/00000000-0000-4000-8000-000000000000").await),
            ("no such listing to report", 404, app.page("/directory/report/nonsense").await),
        ] {
            let page = answer.text();
            assert_eq!(answer.status.as_u16(), status, "{what}: {page}");
            assert_eq!((page.matches("class=\"exit\"").count(), page.matches("/assets/exit.js").count()), (1, 1), "{what}: {page}");
            assert!(answer.header("content-security-policy").contains("script-src 'self'"), "{what}: the keys work, too");
        }
        assert!(!app.page("/nothing").await.text().contains("class=\"exit\""), "elsewhere nobody has anything to leave");
    }
}
