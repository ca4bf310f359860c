//! Somebody in trouble who does not know, is somewhere else, or finds nothing: there is always an answer, and somebody
//! to ring.

use std::path::Path;

use fingerpost::places;
use serde_json::json;

use super::{FORM, checked_contacts, draft, publish, ready, reviewed_checker, send, today};
use crate::{
    facts::{
        id,
        search::{at, service},
    },
    support::{Demo, TestApp, fact},
};

const LUTON: &str = "Luton Council (made up), housing help";
const BEDS: &str = "Central Bedfordshire Council (made up), housing help";

/// The page without what is folded away until somebody opens it.
fn unfolded(page: &str) -> String {
    let mut parts = page.split("<details");
    let first = parts.next().unwrap().to_owned();
    parts.fold(first, |shown, part| shown + part.split_once("</details>").unwrap().1)
}

/// The words of a piece of a page, without its markup.
fn words(html: &str) -> String {
    html.split('<').filter_map(|part| part.split_once('>')).map(|(_, text)| text).collect::<Vec<_>>().join(" ")
}

/// Where the postcodes of the demonstration are.
async fn with_postcodes(app: &TestApp) {
    app.clock.set(today());
    app.fixtures().await;
    places::import(&app.app().db, Path::new("fixtures/postcodes.csv"), today(), |_| {}).await.unwrap();
}

fact! {
    async fn who_does_not_know_their_council_is_given_national_lines_and_told_how_to_find_it(app) {
        ready(&app).await;
        for path in ["", "/pl", "/ur"] {
            for fields in ["at=tonight&a.tonight=no&go=next", "a.tonight=no&go=result"] {
                let before = send(&app, &format!("{path}/help/check"), fields).await.text();
                assert!(before.contains("/help/check#where") && before.contains("name=\"where\" value=\"asked\""), "{before}");
                assert!(!before.contains("role=\"status\"") && !before.contains("gov.uk/find-local-council"), "{before}");
                let after = send(&app, &format!("{path}/help/check"), &format!("{fields}&where=asked&postcode=&council=")).await.text();
                let form = after.split("id=\"where\"").nth(1).unwrap().split("</form>").next().unwrap();
                assert!(form.contains("role=\"status\"") && form.contains("tel:08088004444") && form.contains("https://www.gov.uk/find-local-council"), "{form}");
                if path.is_empty() {
                    assert!(form.contains("these are national lines") && form.contains("enter your full postcode here"), "{form}");
                }
                assert!(!after.contains("Council (made up)"), "no council's number is guessed");
            }
        }
        let known = send(&app, "/help/check", "a.tonight=no&go=result&where=asked&postcode=&council=E06000056").await.text();
        assert!(known.contains(BEDS) && !known.contains("these are national lines"), "{known}");
    }
}

fact! {
    async fn on_a_phone_nothing_long_stands_above_the_first_result(app) {
        ready(&app).await;
        for (form, most) in [("q=food+bank", 200), ("q=food+bank&postcode=LU1+2AA", 200), ("q=behind+with+rent&postcode=LU1", 260)] {
            let page = app.searched(form).await;
            let main = unfolded(page.split("id=\"main\"").nth(1).unwrap());
            let above = main.split("class=\"listings\"").next().unwrap();
            assert!(!above.contains("<fieldset") && !above.contains("<svg"), "{form}: {above}");
            let said = words(above);
            assert!(said.chars().count() <= most, "{form}: {} letters: {said}", said.chars().count());
            assert!(page.contains("<summary>Change or narrow your search</summary>") && page.contains("name=\"open_now\"") || page.contains("name=\"q\""), "and the form is there without a script");
        }
        let urgent = app.searched("q=nowhere+to+sleep+tonight&postcode=LU1+2AA").await;
        let (number, menu) = (urgent.find("tel:01632960302").unwrap(), urgent.find("aria-label=\"Main\"").unwrap());
        assert!(number < menu, "where it cannot wait, the menu is below: {urgent}");
    }
}

fact! {
    async fn a_search_for_the_name_of_a_line_shows_its_number_first(app) {
        ready(&app).await;
        app.take(&[service("Bus shelter club", "We look after the bus shelter.", json!({}))]).await;
        for (words, number) in [
            ("samaritans", "tel:116123"), ("Samaratans+phone+number", "tel:116123"), ("childline", "tel:08001111"), ("shelter", "tel:08088004444"), ("citizens+advice", "tel:08001448848"),
            ("CAB", "tel:08001448848"), ("step+change", "tel:08001381111"), ("national+debtline", "tel:08088084000"), ("police", "tel:999"), ("0800+1111", "tel:08001111"),
        ] {
            let page = app.searched(&format!("q={words}")).await;
            let main = page.split("id=\"main\"").nth(1).unwrap();
            let first = main.split("tel:").nth(1).unwrap_or_else(|| panic!("{words}: {main}")).split('"').next().unwrap();
            assert_eq!(format!("tel:{first}"), number, "{words}");
            assert!(main.find(number).unwrap() < main.find("<h1").unwrap(), "{words}: above everything");
        }
        for other in ["bus+shelter", "food+bank", "wool"] {
            assert!(!app.searched(&format!("q={other}")).await.contains("class=\"called\""), "{other}");
        }
        // A line that nobody has checked lately gives way to the one that stands in for it, and to 999 never.
        let mut contacts = checked_contacts();
        for line in contacts["lines"].as_array_mut().unwrap() {
            if ["stepchange", "shelter"].contains(&line["id"].as_str().unwrap()) {
                line["review_by"] = json!("2026-11-20");
            }
        }
        contacts["duties"]["homelessness"]["fallback"] = json!(["citizens-advice"]);
        contacts["duties"]["private_renting"]["fallback"] = json!(["citizens-advice"]);
        contacts["talk"]["council_now"] = json!(["duty:front_desk"]);
        draft(&app, fingerpost::self_help::Part::Checker, &reviewed_checker()).await;
        draft(&app, fingerpost::self_help::Part::Contacts, &contacts).await;
        publish(&app).await.unwrap();
        let page = app.searched("q=stepchange").await;
        assert!(page.contains("class=\"called\"") && page.contains("tel:08088084000") && !page.contains("tel:08001381111"), "{page}");
        assert!(!app.searched("q=shelter").await.contains("class=\"called\""), "whoever looks for Shelter does not look for the police");
    }
}

fact! {
    async fn what_the_directory_covers_is_said_and_where_to_ask_outside_of_it(app) {
        with_postcodes(&app).await;
        let home = app.page("/").await.text();
        assert!(home.contains("This directory covers <strong>Luton</strong>."), "{home}");
        assert!(app.page("/pl/").await.text().contains("Ten katalog obejmuje obszar"));
        for place in ["Leeds", "Edinburgh", "LS1 1UR"] {
            let words = place.replace(' ', "+");
            for form in [format!("q=food+bank&postcode={words}"), format!("q=&postcode={words}"), format!("q=zzqxjkvw&postcode={words}")] {
                let page = app.searched(&form).await;
                assert!(page.contains(&format!("We do not know the place “{place}”.")), "{form}: {page}");
                assert!(page.contains("This directory covers Luton.") && page.contains("href=\"https://www.gov.uk/find-local-council\"") && page.contains("tel:08001448848"), "{form}: {page}");
            }
        }
        let near = app.searched("q=food+bank&postcode=LU1+2AA").await;
        assert!(!near.contains("find-local-council"), "{near}");
        let over_the_border = app.searched("q=food+bank&postcode=MK45+1FW").await;
        assert!(over_the_border.contains("Your own council may list more"), "{over_the_border}");
        ready(&app).await;
        let asked = send(&app, "/help/check", "helper=no&go=next&postcode=Leeds").await.text();
        assert!(asked.contains("We do not know the place “Leeds”") && asked.contains("gov.uk/find-local-council"), "{asked}");
    }
}

fact! {
    async fn search_and_questions_agree_on_which_council_a_postcode_is_in(app) {
        const UNKNOWN: &str = "We do not know which council your postcode is in.";
        with_postcodes(&app).await;
        let demo = Demo(app.served.router(true));
        // The list has MK45 1FW, and not MK45 1AA, which lies in the same sector and may be another council's.
        for (postcode, known) in [("LU1 2AA", Some(LUTON)), ("MK45 1FW", Some(BEDS)), ("MK45 1AA", None)] {
            let encoded = postcode.replace(' ', "+");
            let search = demo.page(&format!("/directory/search?q=nowhere+to+sleep+tonight&postcode={encoded}")).await.text();
            let answer = demo.post("/help/check", &[FORM, ("accept", "text/html")], &format!("a.tonight=no&go=result&postcode={encoded}")).await.text();
            for (page, what) in [(&search, "search"), (&answer, "questions")] {
                for line in [LUTON, BEDS] {
                    assert_eq!(page.contains(line), known == Some(line), "{what} {postcode}: {line}: {page}");
                }
                assert_eq!(page.contains(UNKNOWN), known.is_none(), "{what} {postcode}: {page}");
                assert!(page.contains("tel:08088004444") || known.is_some(), "{what} {postcode}");
            }
            assert!(!search.contains("For people who live in") || known.is_some(), "{postcode}: nobody knows that it is elsewhere: {search}");
        }
    }
}

fact! {
    async fn above_the_results_stands_the_number_of_the_council_where_somebody_is_and_of_no_other(app) {
        with_postcodes(&app).await;
        let demo = Demo(app.served.router(true));
        for (place, ours, theirs) in [("LU1+2AA", true, false), ("MK45+1FW", false, true), ("LU1", false, false), ("luton", false, false), ("", false, false)] {
            let page = demo.page(&format!("/directory/search?q=nowhere+to+sleep+tonight&postcode={place}")).await.text();
            let above = page.split("id=\"main\"").nth(1).unwrap().split("<h1").next().unwrap();
            assert_eq!((above.contains(LUTON), above.contains(BEDS)), (ours, theirs), "{place}: {above}");
            assert!(above.contains("tel:08088004444"), "and Shelter: {above}");
            assert_eq!(above.contains("Enter your full postcode"), !ours && !theirs, "{place}: {above}");
            assert_eq!(above.contains("This number has not been checked."), ours || theirs, "the sample says so: {above}");
        }
        ready(&app).await;
        let page = app.searched("q=nowhere+to+sleep+tonight&postcode=HP1+1AA").await;
        let above = page.split("<h1").next().unwrap();
        assert!(above.contains("We do not have your council’s number") && !above.contains("01632 960"), "{above}");
    }
}

fact! {
    async fn questions_in_english_say_so_on_pages_in_other_languages(app) {
        ready(&app).await;
        for (prefix, said) in [("/pl", "Pytania i porady są po angielsku"), ("/ur", "سوالات اور مشورے انگریزی میں ہیں")] {
            assert!(app.page(&format!("{prefix}/help/check")).await.text().contains(said));
            for fields in ["go=next", "at=tonight&a.tonight=no&go=next", "a.tonight=no&a.bills=ctax&go=result", "a.bills=ctax&go=result"] {
                let page = send(&app, &format!("{prefix}/help/check"), fields).await.text();
                assert!(page.contains(said), "{prefix} {fields}: {page}");
            }
            let page = send(&app, &format!("{prefix}/help/check"), "go=next").await.text();
            assert!(page.contains("<h1><span lang=\"en\" dir=\"ltr\">Are you safe right now?</span></h1>"), "{page}");
            assert!(page.contains("<span lang=\"en\" dir=\"ltr\">I am in danger, or someone is hurt</span>"), "{page}");
        }
        assert!(!app.page("/help/check").await.text().contains("are in English"));
    }
}

fact! {
    async fn where_nothing_is_found_somebody_to_ring_about_it_is_named_and_every_way_on(app) {
        ready(&app).await;
        // Nothing here helps with that.
        for (words, numbers) in [("behind+with+council+tax", ["tel:08088084000", "tel:08001448848"]), ("gambling+debts", ["tel:08088084000", "tel:08001448848"])] {
            let page = app.searched(&format!("q={words}&free=yes&open_now=yes&way=online&day=SU&age=99&language=pl")).await;
            assert!(page.contains("<h1>Nothing found</h1>"), "{page}");
            let below = page.split("<h1>Nothing found").nth(1).unwrap();
            for number in numbers {
                assert!(below.contains(number), "{words}: {number}: {below}");
            }
            assert!(below.contains("Look at everything about"), "the wider need: {below}");
        }
        let page = app.searched("q=behind+with+council+tax&free=yes&open_now=yes&way=online&day=SU&age=99&language=pl&postcode=LU1+2AA").await;
        assert!(page.contains("Luton Council (made up), council tax") && page.contains("Luton Council (made up), main line"), "{page}");
    }
}

fact! {
    async fn each_trouble_on_the_page_of_numbers_has_an_address(app) {
        app.clock.set(today());
        for prefix in ["", "/pl", "/ur"] {
            let page = app.page(&format!("{prefix}/help")).await.text();
            for trouble in ["life", "suicide", "abuse", "child", "bed", "gas", "power", "debt"] {
                assert_eq!(page.matches(&format!("<h3 id=\"{trouble}\">")).count(), 1, "{prefix} {trouble}: {page}");
            }
        }
        assert!(app.page("/help").await.text().contains("<h3 id=\"gas\">You smell gas, or an alarm says carbon monoxide, which has no smell</h3>"));
        let urgent = app.searched("q=smell+of+gas").await;
        assert!(urgent.contains("an alarm says carbon monoxide") && !urgent.contains("/help#gas"), "and no link says in the history what is wrong: {urgent}");
    }
}

fact! {
    async fn amounts_of_a_thousand_have_a_comma_and_tips_have_a_number(app) {
        ready(&app).await;
        let page = send(&app, "/help/budget", "in-wages=12%2C345&out-rent=900&debt-council_tax=20&debt-council_tax-owed=1%2C400&debt-energy-owed=30&postcode=LU1+2AA").await.text();
        for said in ["£12,345.00", "£900.00", "£1,400.00", "about £11,425 a month left", "value=\"12,345\""] {
            assert!(page.contains(said), "{said}: {page}");
        }
        let tip = |title: &str| page.split(title).nth(1).unwrap_or_else(|| panic!("{title}: {page}")).split("<h3>").next().unwrap().to_owned();
        assert!(tip("Talk to a free debt adviser today").contains("tel:08088084000"));
        assert!(tip("Ring your energy supplier").contains("on your bill"));
        let short = send(&app, "/help/budget", "in-wages=100&out-rent=900&postcode=LU1+2AA").await.text();
        let tax = short.split("Ask for money off your council tax").nth(1).unwrap();
        assert!(tax.split("<h3>").next().unwrap().contains("Luton Council (made up), council tax"), "{tax}");
        let file = send(&app, "/help/budget/plan", "in-wages=100&out-rent=1900").await.text();
        assert!(file.contains("tel:08001448848") && file.contains("£1,900.00"), "{file}");
    }
}

fact! {
    async fn what_is_shown_of_a_text_is_cut_between_words_and_where_a_sentence_ends(app) {
        let long = "The centre has run a programme of support for people across the whole of the town and its villages for many years".to_owned();
        let text = format!("{long}, and {long}. We don’t turn anybody away, and our drop-in kettle-corner is open to all. {long}, so that everybody who would like to come along on any day can do so. {long}.");
        app.take(&[service("Corner", &text, at("corner", 51.88, -0.42, "LU1 2AA"))]).await;
        for word in ["kettle", "villages", "drop"] {
            let found = app.get(&format!("/services?search={word}&snippets=true")).await.json();
            let snippet = found["snippets"][id("Corner").to_string()]["description"].as_str().unwrap().replace("<mark>", "").replace("</mark>", "");
            let shown = snippet.trim_start_matches("… ").trim_end_matches(" …");
            let at = text.find(shown).unwrap_or_else(|| panic!("{snippet}"));
            let (before, after) = (&text[..at], &text[at + shown.len()..]);
            assert!(before.is_empty() || before.ends_with(' '), "{word}: {snippet}");
            assert!(after.is_empty() || after.starts_with([' ', ',']), "{word}: {snippet}");
            assert_eq!((snippet.starts_with('…'), snippet.ends_with('…')), (!before.is_empty(), !after.is_empty()), "{word}: {snippet}");
        }
    }
}
