//! The budget, as a browser without JavaScript sends it.

use fingerpost::self_help::Part;
use http::Method;

use super::{FORM, checked_contacts, draft, publish, ready, send, today};
use crate::support::fact;

const SHORT: &str = "in-universal_credit=1120&in-universal_credit-how=monthly&in-wages=%C2%A388.50&in-wages-how=weekly&out-rent=231&out-rent-how=weekly\
&out-electric=30&out-electric-how=weekly&out-food=70&out-food-how=weekly&out-tv_licence=180&out-tv_licence-how=yearly&out-school_costs=60&out-school_costs-how=termly\
&out-council_tax=40&out-council_tax-how=monthly&debt-council_tax=20&debt-council_tax-how=monthly&debt-council_tax-owed=400&debt-catalogue=15&debt-catalogue-how=fortnightly";

fact! {
    async fn sums_debts_tips_and_services_follow_from_the_form(app) {
        ready(&app).await;
        let answer = send(&app, "/help/budget", &format!("{SHORT}&postcode=LU1+2AA")).await;
        assert_eq!((answer.status.as_u16(), answer.header("cache-control"), answer.header("referrer-policy")), (200, "no-store", "no-referrer"));
        let page = answer.text();
        for said in ["You are short by about £53 a month.", "£1,503.50", "£1,504.33", "£52.50", "-£0.83", "-£53.33", "-£12.31"] {
            assert!(page.contains(said), "{said}");
        }
        assert!(page.find("Pay these first").unwrap() < page.find("Pay these after that").unwrap());
        assert!(page.contains("Talk to a free debt adviser today") && page.contains("Check what you can claim"));
        assert!(page.contains("<svg class=\"chart\"") && page.contains("<caption>Where your money goes, each month</caption>"), "a picture, and the same in text");
        assert!(page.contains("Help near you") && page.contains("/directory/services/"));
        assert!(page.contains("value=\"£88.50\""), "what was written is there again");
        let paper = page.split("class=\"printed\"").nth(2).unwrap();
        assert!(paper.contains("Electric") && paper.contains("£130.00</span> a month"), "every line on paper: {paper}");
        let file = send(&app, "/help/budget/plan", SHORT).await;
        assert_eq!(file.header("content-disposition"), "attachment; filename=\"my-plan.html\"");
        assert!(file.text().contains("<title>My plan</title>") && file.text().contains("-£53.33") && !file.text().contains("<script"));
    }
}

fact! {
    async fn tips_that_nobody_has_reviewed_lately_are_not_shown(app) {
        app.clock.set(today());
        app.fixtures().await;
        let is_without = async |why: &str| {
            for (path, fields) in [("/help/budget", format!("{SHORT}&postcode=LU1")), ("/help/budget/plan", SHORT.to_owned())] {
                let page = send(&app, path, &fields).await.text();
                assert!(!page.contains("Talk to a free debt adviser today") && page.contains("We have no tips to show now"), "{why}: {path}");
                let said = page.split("We have no tips to show now").next().unwrap().rsplit("What to do next").next().unwrap();
                assert_eq!(said.contains("you lose this page and what you entered"), path == "/help/budget", "{why}: {path}: {said}");
                assert!(page.contains("/help#now") && page.contains("-£53.33") && page.contains("Help near you"), "{why}: sums, numbers and services are there");
            }
        };
        is_without("nothing was published").await;
        ready(&app).await;
        assert!(send(&app, "/help/budget", SHORT).await.text().contains("Talk to a free debt adviser today"));
        let mut contacts = checked_contacts();
        for tip in contacts["tips"].as_array_mut().unwrap() {
            tip.as_object_mut().unwrap().remove("checked_on");
        }
        draft(&app, Part::Contacts, &contacts).await;
        assert_eq!(publish(&app).await, Ok(2));
        is_without("nobody has checked them").await;
        draft(&app, Part::Contacts, &checked_contacts()).await;
        assert_eq!(publish(&app).await, Ok(3));
        app.clock.set("2027-06-01T12:00:00Z".parse().unwrap());
        is_without("the review is overdue").await;
        let none = send(&app, "/help/budget", "in-wages=1000").await.text();
        assert!(!none.contains("What to do next") && !none.contains("no tips"), "nothing to say tips about");
    }
}

fact! {
    async fn which_debts_come_first_is_told_in_the_order_and_words_that_somebody_reviewed_lately(app) {
        let debts = "in-wages=1000&debt-rent-owed=300&debt-energy-owed=80&debt-cards=20";
        let told = async || (app.page("/help/budget").await.text(), send(&app, "/help/budget", debts).await.text(), send(&app, "/help/budget/plan", debts).await.text());
        let is_not_told = async |why: &str| {
            let (blank, page, plan) = told().await;
            for text in [&blank, &page, &plan] {
                assert!(!text.contains("comes first") && !text.contains("Pay these") && !text.contains("You could lose"), "{why}: {text}");
            }
            assert!(page.contains("What you owe") && page.contains("Rent you owe") && page.contains("Help near you"), "{why}: the debts and help with them are there: {page}");
        };
        app.fixtures().await;
        is_not_told("nothing was published").await;
        ready(&app).await;
        let (blank, page, plan) = told().await;
        assert!(blank.contains("comes first"), "{blank}");
        for text in [&page, &plan] {
            let at = |words: &str| text.find(words).unwrap_or_else(|| panic!("{words}: {text}"));
            assert!(at("Pay these first") < at("You could lose your home.") && at("You could lose your home.") < at("You could be without heat or light.") && at("without heat") < at("Pay these after that"));
        }
        assert!(send(&app, "/pl/help/budget", debts).await.text().contains("Możesz stracić dom."), "our own words are translated");
        let mut contacts = checked_contacts();
        let first = contacts["first_debts"].as_array_mut().unwrap();
        first.retain(|one| one["debt"] == "energy" || one["debt"] == "rent");
        first.reverse();
        first[0]["why"] = "They may cut you off.".into();
        draft(&app, Part::Contacts, &contacts).await;
        assert_eq!(publish(&app).await, Ok(2));
        let page = send(&app, "/pl/help/budget", debts).await.text();
        assert!(page.find("<span lang=\"en\" dir=\"ltr\">They may cut you off.</span>").unwrap() < page.find("Możesz stracić dom.").unwrap(), "the council's order, and its words as it wrote them: {page}");
        app.clock.set("2027-06-01T12:00:00Z".parse().unwrap());
        is_not_told("the review is overdue").await;
        contacts["first_debts"][0]["debt"] = "yacht".into();
        draft(&app, Part::Contacts, &contacts).await;
        let refused = publish(&app).await.unwrap_err();
        assert!(refused.iter().any(|why| why.contains("the budget has no debt \"yacht\"")), "{refused:?}");
    }
}

fact! {
    async fn a_wrong_amount_is_said_beside_its_field_and_nothing_is_lost(app) {
        let answer = send(&app, "/help/budget", "in-wages=1850&out-food=a+lot&out-rent=-5&out-home-other1-name=%3Cb%3EAlarm&out-home-other1=2000000&debt-cards-owed=x&postcode=nowhere").await;
        let page = answer.text();
        assert!(answer.status == 400 && page.contains("There is a problem") && page.contains("<title>Error: "));
        for (field, said) in [("out-food", "Enter the amount in numbers"), ("out-rent", "Enter the amount without a minus sign"), ("out-home-other1", "Enter an amount of £1,000,000 or less"), ("debt-cards-owed", "Enter the amount in numbers")] {
            let beside = page.split(&format!("id=\"{field}-error\"")).nth(1).unwrap_or_else(|| panic!("{field}"));
            assert!(beside.split("</p>").next().unwrap().contains(said), "{field}");
            assert!(page.contains(&format!("href=\"#{field}\"")) && page.contains(&format!("aria-describedby=\"{field}-error\"")));
        }
        assert!(page.contains("value=\"a lot\"") && page.contains("value=\"-5\"") && page.contains("value=\"&lt;b&gt;Alarm\"") && page.contains("value=\"1850\""));
        for worked_out in ["id=\"sums\"", "id=\"sentence\"", "What to do next", "Help near you", "Save as a file"] {
            assert!(!page.contains(worked_out), "nothing follows from half of the amounts: {worked_out}");
        }
        let file = send(&app, "/help/budget/plan", "in-wages=1200&out-gas=banana").await;
        assert_eq!((file.status.as_u16(), file.headers.get("content-disposition")), (400, None));
        assert!(file.text().contains("out-gas-error") && file.text().contains("value=\"1200\""), "the form again");
    }
}

fact! {
    async fn a_place_that_nobody_knows_keeps_the_sums_and_everything_that_was_written(app) {
        ready(&app).await;
        let answer = send(&app, "/help/budget", "in-wages=1%2C250&out-rent=%C2%A3900.50&debt-rent-owed=500&postcode=Atlantis").await;
        let page = answer.text();
        assert_eq!(answer.status, 200, "{page}");
        for said in ["There is a problem", "id=\"postcode-error\"", "We do not know the place “Atlantis”", "value=\"Atlantis\"", "value=\"1,250\"", "value=\"£900.50\"", "id=\"sums\"", "£349.50"] {
            assert!(page.contains(said), "{said}: {page}");
        }
    }
}

fact! {
    async fn whoever_writes_how_often_into_the_amount_is_told_where_to_choose_it(app) {
        ready(&app).await;
        let page = send(&app, "/help/budget", "in-wages=100+pw&in-benefits=450.50").await.text();
        let beside = page.split("id=\"in-wages-error\"").nth(1).unwrap().split("</p>").next().unwrap();
        assert!(beside.contains("choose how often beside it") && page.contains("value=\"100 pw\"") && page.contains("value=\"450.50\""), "{beside}");
    }
}

fact! {
    async fn an_amount_is_read_as_it_is_written_in_polish_and_in_urdu(app) {
        ready(&app).await;
        // 1 200,50 £ a month in, and ۲۰۰ out.
        let fields = "in-wages=1+200%2C50+%C2%A3&out-rent=%DB%B2%DB%B0%DB%B0&out-rent-how=monthly";
        for path in ["/help/budget", "/ur/help/budget"] {
            let page = send(&app, path, fields).await;
            let text = page.text();
            assert!(page.status == 200 && text.contains("£1,200.50") && text.contains("£1,000.50"), "{path}: {text}");
            assert!(text.contains("value=\"1 200,50 £\"") && text.contains("value=\"۲۰۰\""), "as it was written: {text}");
        }
    }
}

fact! {
    async fn a_form_with_every_field_filled_is_taken(app) {
        let page = app.page("/help/budget").await.text();
        let names: Vec<&str> = page.split("name=\"").skip(1).filter_map(|rest| rest.split('"').next()).filter(|name| name.starts_with("in-") || name.starts_with("out-") || name.starts_with("debt-")).collect();
        assert!(names.len() > 150, "{}", names.len());
        let fields: Vec<String> = names.iter().map(|name| if name.ends_with("-how") { format!("{name}=weekly") } else if name.ends_with("-name") { format!("{name}={}", "%E2%82%AC".repeat(60)) } else { format!("{name}=1000000") }).collect();
        let answer = send(&app, "/help/budget", &fields.join("&")).await;
        assert_eq!(answer.status, 200);
        assert_eq!(app.ask(Method::POST, "/help/budget", &[FORM], &"a=1&".repeat(20_000)).await.status, 400, "but not just anything");
    }
}
