//! Taking out somebody's data, and forgetting what is old.

mod forgetting;
mod restored;

use fingerpost::{identity::PlatformRole, model::Document, safekeeping};
use serde_json::json;

use super::{id, pantry, with_pantry};
use crate::support::{PUBLIC_URL, TestApp, browser::Browser, fact};

const SECRET: &str = "Winifred Ogundipe-Larkspur";
const NUMBER: &str = "07700 900461";

/// The pantry names a person, and did so in an earlier version.
async fn with_winifred(app: &TestApp) {
    with_pantry(app).await;
    app.edit(id("pantry"), |document| {
        let Document::Service(service) = document else { panic!() };
        let contact = json!({"id": id("winifred"), "name": SECRET, "visibility": "public",
            "phones": [{"id": id("her phone"), "number": NUMBER}]});
        service.contacts = vec![serde_json::from_value(contact).unwrap()];
    })
    .await;
    app.edit(id("pantry"), |document| {
        let Document::Service(service) = document else { panic!() };
        service.fees_description = Some("Free".to_owned());
    })
    .await;
}

fact! {
    async fn a_named_contact_is_found_and_erased_everywhere(app) {
        with_winifred(&app).await;
        let amina = Browser::keeper(&app, "amina@lark-hill.example.org", id("marsh farm")).await;
        // A change that waits has her, too.
        let path = format!("/account/listings/{}/about", id("pantry"));
        let page = amina.open(&path).await;
        amina.submit(&page, &path, &[("name", "The larder"), ("do", "save")]).await;
        assert!(app.get(&format!("/services/{}", id("pantry"))).await.text().contains(SECRET));
        let moderator = Browser::officer(&app, PlatformRole::Moderator).await;
        for words in ["winifred", "OGUNDIPE larkspur", "07700900461"] {
            let page = moderator.open("/moderation/erase").await;
            let found = moderator.submit(&page, "/moderation/erase", &[("q", words), ("do", "find")]).await;
            assert!(found.text().contains(SECRET) && found.text().contains("1 earlier version"), "{words}: {}", found.text());
        }
        let erase = |reason: &'static str| [
            ("record", id("pantry").to_string()), ("contact", id("winifred").to_string()), ("do", "contact".to_owned()),
            ("q", "winifred".to_owned()), ("reason", reason.to_owned()),
        ];
        let page = moderator.open("/moderation/erase").await;
        let with = erase("asked by letter");
        let field = format!("reason-{}", id("winifred"));
        let pairs: Vec<(&str, &str)> = with.iter().map(|(name, value)| (if *name == "reason" { field.as_str() } else { *name }, value.as_str())).collect();
        let without: Vec<(&str, &str)> = pairs.iter().filter(|(name, _)| *name != field).copied().collect();
        let refused = moderator.submit(&page, "/moderation/erase", &without).await;
        assert!(refused.text().contains("There is a problem"), "it needs a reason");
        assert!(refused.text().contains(&format!("id=\"{field}-error\"")), "which is said beside its field: {}", refused.text());
        let done = moderator.submit(&page, "/moderation/erase", &pairs).await;
        assert!(done.text().contains("Erased. Followers"), "{}", done.text());
        for path in [format!("/services/{}", id("pantry")), "/services?full=true".to_owned(), "/federation/v1/changes".to_owned()] {
            assert!(!app.get(&path).await.text().contains("Winifred"), "{path}");
        }
        assert_eq!(app.files_with("Ogundipe"), Vec::<String>::new(), "nothing is left, in no version and no proposal");
        let audit = moderator.open("/moderation/audit").await.text();
        assert!(audit.contains(">erase a contact</td>") && audit.contains("asked by letter") && !audit.contains("Winifred"));
        let found = moderator.submit(&page, "/moderation/erase", &[("q", "winifred"), ("do", "find")]).await;
        assert!(found.text().contains("There is no contact with that name"));
    }
}

/// What is public of the only service, and what is kept of it.
async fn told_and_kept(app: &TestApp) -> (String, String) {
    let service = app.ids("/services").await[0].parse().unwrap();
    (app.get("/services?full=true").await.text(), app.app().records.find(service).await.unwrap().unwrap().document)
}

fn sheet(phone: &str) -> String {
    format!("organisation,service,phone\nElm,Tea,{phone}\n")
}

fact! {
    async fn somebody_who_was_erased_does_not_come_back_when_a_sheet_writes_the_number_otherwise(app) {
        app.import(sheet("Sheila Hopcroft 01632 960111")).await;
        assert!(told_and_kept(&app).await.0.contains("Sheila Hopcroft"));
        let service = app.ids("/services").await[0].parse().unwrap();
        let Document::Service(stored) = app.app().records.find(service).await.unwrap().unwrap().read().unwrap() else { panic!() };
        let tx = app.app().db.write().await.unwrap();
        app.app().records.erase_contact(&tx, &TestApp::person("asked"), service, stored.contacts[0].id).await.unwrap();
        tx.commit().await.unwrap();
        for phone in ["Sheila Hopcroft 01632 960111", "Sheila Hopcroft 01632 960 111", "Sheila Hopcroft +44 1632 960111", "Sheila Hopcroft 01632 960222"] {
            assert_eq!(app.import(sheet(phone)).await.rejected_total, 0);
            let (told, kept) = told_and_kept(&app).await;
            for text in [told, kept] {
                assert!(!text.contains("Hopcroft") && !text.contains("1632"), "{phone}: {text}");
            }
        }
        app.import(sheet("Violet Larkspur 01632 960333")).await;
        assert!(told_and_kept(&app).await.0.contains("Violet Larkspur"), "nobody else is left out");
    }
}

fact! {
    async fn what_an_erased_contact_shares_with_its_listing_stays_in_the_listing(app) {
        let mut listed = pantry();
        listed["contacts"] = json!([{"id": id("winifred"), "name": SECRET, "phones": [{"id": id("her phone"), "number": "01632 960123"}]}]);
        app.import(listed.to_string()).await;
        let tx = app.app().db.write().await.unwrap();
        app.app().records.erase_contact(&tx, &TestApp::person("asked"), id("pantry"), id("winifred")).await.unwrap();
        tx.commit().await.unwrap();
        app.import(listed.to_string()).await;
        let service = app.get(&format!("/services/{}", id("pantry"))).await.json();
        assert_eq!((service["phones"][0]["number"].as_str(), service.get("contacts")), (Some("01632 960123"), None), "{service}");
    }
}

fact! {
    async fn a_contact_that_was_made_private_stays_so_when_a_sheet_writes_it_otherwise(app) {
        app.import(sheet("Sheila Hopcroft 01632 960111")).await;
        let service = app.ids("/services").await[0].parse().unwrap();
        app.edit(service, |document| if let Document::Service(service) = document {
            service.contacts[0].visibility = Some(fingerpost::model::Visibility::Private);
        }).await;
        for phone in ["Sheila Hopcroft 01632 960 111", "Sheila Hopcroft 01632 960222", "Violet Larkspur +44 1632 960222"] {
            app.import(sheet(phone)).await;
            let (told, kept) = told_and_kept(&app).await;
            assert!(!told.contains("Hopcroft") && !told.contains("1632") && kept.contains("1632"), "{phone}: {told} {kept}");
        }
    }
}

fact! {
    async fn numbers_that_stand_beside_a_contact_and_name_it_are_found_and_erased_with_it(app) {
        for (listing, by_words) in [("pantry", false), ("larder", true)] {
            let mut listed = pantry();
            listed["id"] = json!(id(listing));
            listed["contacts"] = json!([{"id": id("winifred"), "name": SECRET, "visibility": "private"}, {"id": id("front desk"), "name": "Pantry desk"}]);
            let number = |number: &str, of: &str| json!({"id": id(number), "number": number, "contact_id": id(of)});
            listed["phones"] = json!([number(NUMBER, "winifred"), number("01632 960799", "front desk")]);
            listed["service_at_locations"][0]["id"] = json!(id(&format!("{listing} at the centre")));
            listed["service_at_locations"][0]["phones"] = json!([number("01632 960461", "winifred")]);
            app.import(listed.to_string()).await;
            let records = &app.app().records;
            let found = records.find_person("07700900461").await.unwrap();
            assert!(found.contacts.iter().any(|one| one.record == id(listing) && one.says.contains(SECRET) && one.says.contains("960461")), "{found:?}");
            let tx = app.app().db.write().await.unwrap();
            if by_words {
                records.erase_words(&tx, &TestApp::person("asked"), id(listing), SECRET).await.unwrap();
            } else {
                records.erase_contact(&tx, &TestApp::person("asked"), id(listing), id("winifred")).await.unwrap();
            }
            tx.commit().await.unwrap();
            for version in records.history(id(listing)).await.unwrap() {
                let kept = version.document;
                assert!(!kept.contains("900461") && !kept.contains("960461") && kept.contains("01632 960799"), "{listing}: {kept}");
            }
        }
    }
}

/// Erase these words from a listing, as a moderator does who has looked for them.
async fn erase_words(moderator: &Browser<'_>, words: &str, listing: &str) -> String {
    let page = moderator.open("/moderation/erase").await;
    let found = moderator.submit(&page, "/moderation/erase", &[("q", words), ("do", "find")]).await.text();
    let (record, reason) = (id(listing).to_string(), format!("reason-{}", id(listing)));
    let fields = [("q", words), ("record", &record), (&reason, "asked by letter"), ("do", "words")];
    let done = moderator.submit(&page, "/moderation/erase", &fields).await;
    assert!(done.text().contains("Erased. Followers"), "{words}: {}", done.text());
    found
}

fn described(words: &str) -> String {
    let mut listing = pantry();
    (listing["description"], listing["email"]) = (json!(words), json!("winifred@larkspur.example.org"));
    listing.to_string()
}

fact! {
    async fn a_person_is_found_and_erased_outside_contacts_too(app) {
        with_pantry(&app).await;
        let told = format!("Ring {SECRET} on +44 7700-900461, or write to winifred@larkspur.example.org. Not Winifred Larkspur.");
        app.edit(id("pantry"), |document| {
            let Document::Service(service) = document else { panic!() };
            service.description = Some(told.clone());
            service.email = Some("winifred@larkspur.example.org".parse().unwrap());
            service.phones.push(serde_json::from_value(json!({"id": id("mobile"), "number": NUMBER, "description": "Evenings"})).unwrap());
        }).await;
        app.edit(id("pantry"), |document| {
            let Document::Service(service) = document else { panic!() };
            service.phones.pop();
        }).await;
        app.edit(id("centre"), |document| {
            let Document::Location(place) = document else { panic!() };
            place.addresses[0].attention = Some(SECRET.to_owned());
        }).await;
        let amina = Browser::keeper(&app, "amina@lark-hill.example.org", id("marsh farm")).await;
        let path = format!("/account/listings/{}/about", id("pantry"));
        let page = amina.open(&path).await;
        amina.submit(&page, &path, &[("name", "The larder"), ("do", "save")]).await;
        assert_eq!(app.app().records.waiting(None, None, 10).await.unwrap().len(), 1);
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("before.backup");
        safekeeping::backup(&app.app().records, &file).await.unwrap();

        let moderator = Browser::officer(&app, PlatformRole::Moderator).await;
        let found = erase_words(&moderator, "07700 900461", "pantry").await;
        assert!(found.contains("the current version, our pages") && found.contains("1 earlier version") && found.contains("1 proposed change"), "{found}");
        erase_words(&moderator, "winifred@larkspur.example.org", "pantry").await;
        let found = erase_words(&moderator, "winifred ogundipe larkspur", "pantry").await;
        assert!(found.contains("Meadow larder") && found.contains("Gorse Centre"), "{found}");
        erase_words(&moderator, SECRET, "centre").await;

        let is_gone = async || {
            let service = app.get(&format!("/services/{}", id("pantry"))).await.json();
            assert_eq!(service["description"], "Ring [removed] on +[removed], or write to [removed]. Not Winifred Larkspur.");
            assert_eq!((service.get("email"), service["phones"].as_array().unwrap().len()), (None, 1));
            for secret in ["Ogundipe", "900461", "winifred@larkspur"] {
                assert_eq!(app.files_with(secret), Vec::<String>::new());
                for listing in ["pantry", "centre"] {
                    for version in app.app().records.history(id(listing)).await.unwrap() {
                        assert!(!version.document.contains(secret), "{}", version.document);
                    }
                }
            }
        };
        is_gone().await;
        assert_eq!(app.app().records.waiting(None, None, 10).await.unwrap(), []);
        // Nor does a feed or a backup bring it back.
        app.import(described(&told)).await;
        is_gone().await;
        safekeeping::restore(&app.app().records, &file, app.folder.path()).await.unwrap();
        app.follow().await;
        is_gone().await;
        let audit = moderator.open("/moderation/audit").await.text();
        assert!(audit.contains(">erase somebody's details</td>"), "{audit}");
        assert!(!audit.contains("Ogundipe") && !audit.contains("900461"));
        // Whoever writes it again has asked.
        app.edit(id("pantry"), |document| {
            let Document::Service(service) = document else { panic!() };
            service.description = Some(format!("Ask for {SECRET}."));
        }).await;
        assert!(app.get(&format!("/services/{}", id("pantry"))).await.text().contains(SECRET));
    }
}

fact! {
    async fn what_was_said_about_a_claim_is_found_and_erased(app) {
        with_pantry(&app).await;
        let ben = Browser::signed_in(&app, "ben@gmail.com").await;
        let claim = format!("/account/organisations/{}/claim", id("marsh farm"));
        ben.submit(&ben.open(&claim).await, &claim, &[("words", "Ask Winifred Ogundipe-Larkspur about me."), ("terms", "yes")]).await;
        let waiting = app.app().identity().waiting_claims().await.unwrap().remove(0).id;
        let (path, theirs) = (format!("/moderation/claims/{waiting}"), format!("/account/claims/{waiting}"));
        let moderator = Browser::officer(&app, PlatformRole::Moderator).await;
        moderator.submit(&moderator.open(&path).await, &format!("{path}/ask"), &[("question", "Who else knows you?")]).await;
        ben.submit(&ben.open(&theirs).await, &theirs, &[("message", "Her, on 07700 900461."), ("do", "say")]).await;
        let found = erase_words(&moderator, SECRET, "marsh farm").await;
        assert!(found.contains("In what was said about claims") && found.contains("about me"), "{found}");
        assert!(erase_words(&moderator, NUMBER, "marsh farm").await.contains("Her, on"));
        let kept = app.app().identity().find_claim(waiting).await.unwrap().unwrap();
        assert_eq!(kept.words, "[removed]", "that there was a claim stays");
        let said: Vec<String> = app.app().records.thread(waiting).await.unwrap().into_iter().map(|message| message.words).collect();
        assert_eq!(said, ["Who else knows you?"]);
        for secret in ["Ogundipe", "900461"] {
            assert_eq!(app.files_with(secret), Vec::<String>::new(), "{secret}");
        }
    }
}

fact! {
    async fn what_a_report_says_of_somebody_is_found_and_erased(app) {
        with_pantry(&app).await;
        let form = [("content-type", "application/x-www-form-urlencoded")];
        let path = format!("/directory/report/{}", id("pantry"));
        app.ask(http::Method::POST, &path, &form, "wrong=phone&words=Winifred+Ogundipe-Larkspur+never+answers&reply_to=").await;
        let moderator = Browser::officer(&app, PlatformRole::Moderator).await;
        let report = app.app().quality(&PUBLIC_URL.parse().unwrap()).open_reports().await.unwrap().remove(0).id.to_string();
        let page = moderator.open("/moderation/erase").await;
        let found = moderator.submit(&page, "/moderation/erase", &[("q", SECRET), ("do", "find")]).await;
        assert!(found.text().contains("never answers"), "{}", found.text());
        let done = moderator.submit(&page, "/moderation/erase", &[("q", SECRET), ("report", &report), ("do", "report")]).await;
        assert!(done.text().contains("Erased. Followers"), "{}", done.text());
        app.app().db.sweep_now().await.unwrap();
        assert_eq!(app.files_with("Ogundipe"), Vec::<String>::new());
        assert_eq!(app.app().quality(&PUBLIC_URL.parse().unwrap()).open_reports().await.unwrap().len(), 1, "what is wrong stays");
    }
}

fact! {
    async fn of_words_that_stand_everywhere_the_first_are_shown_and_how_many_there_are(app) {
        let names: Vec<String> = (0..25).map(|number| format!("Larder {number}")).collect();
        app.import(crate::facts::listings(&names.iter().map(String::as_str).collect::<Vec<_>>())).await;
        let moderator = Browser::officer(&app, PlatformRole::Moderator).await;
        let page = moderator.open("/moderation/erase").await;
        let found = moderator.submit(&page, "/moderation/erase", &[("q", "no referral needed"), ("do", "find")]).await.text();
        assert!(found.contains("the first 20 of 25"), "{found}");
        assert_eq!(found.matches("value=\"words\"").count(), 20);
    }
}

fact! {
    async fn what_somebody_wrote_as_the_reason_for_a_change_is_found_and_erased(app) {
        with_pantry(&app).await;
        for (why, alert) in [(format!("{SECRET} rang on {NUMBER}"), "Closed on Monday"), (format!("{SECRET} rang once more"), "Open on Monday")] {
            let mut document = app.app().records.find(id("pantry")).await.unwrap().unwrap().read().unwrap();
            let Document::Service(service) = &mut document else { panic!() };
            service.alert = Some(alert.to_owned());
            let draft = fingerpost::records::Draft::new(document);
            app.app().records.save_now(&TestApp::person(&why), vec![draft], &fingerpost::records::LastModified::new()).await.unwrap();
        }
        let moderator = Browser::officer(&app, PlatformRole::Moderator).await;
        let found = erase_words(&moderator, SECRET, "pantry").await;
        assert!(found.contains("rang once more") && found.contains("1 earlier version"), "{found}");
        erase_words(&moderator, NUMBER, "pantry").await;
        let whys: Vec<String> = app.app().records.history(id("pantry")).await.unwrap().into_iter().map(|version| version.kept.why).collect();
        assert!(whys.contains(&"[removed] rang on [removed]".to_owned()) && whys.contains(&"[removed] rang once more".to_owned()), "{whys:?}");
        assert!(!whys.iter().any(|why| why.contains("Ogundipe") || why.contains("900461")), "{whys:?}");
    }
}

fact! {
    async fn what_everybody_is_told_of_why_a_listing_went_is_erased_as_well(app) {
        with_pantry(&app).await;
        app.withdraw(id("pantry"), &format!("{SECRET} ({NUMBER}) has moved away")).await;
        let path = format!("/services/{}", id("pantry"));
        let told = async || {
            app.follow().await;
            let gone = app.get(&path).await;
            assert_eq!(gone.status, 410);
            let place = app.get(&format!("/service_at_locations/{}", id("pantry at the centre"))).await;
            (gone.json()["detail"].as_str().unwrap().to_owned(), place.text())
        };
        assert!(told().await.0.ends_with(&format!(": {SECRET} ({NUMBER}) has moved away")), "before");
        // The second time, everybody was told already that what stood there has to be destroyed.
        for (words, left) in [(SECRET, format!("[removed] ({NUMBER}) has moved away")), (NUMBER, "[removed] ([removed]) has moved away".to_owned())] {
            let tx = app.app().db.write().await.unwrap();
            app.app().records.erase_words(&tx, &TestApp::person("asked"), id("pantry"), words).await.unwrap();
            tx.commit().await.unwrap();
            let (gone, place) = told().await;
            assert!(gone.ends_with(&format!(": {left}")), "{gone}");
            assert!(place.contains("[removed]") && !place.contains(words), "{place}");
        }
    }
}

fact! {
    async fn words_that_a_listing_never_had_are_not_erased(app) {
        with_pantry(&app).await;
        let tx = app.app().db.write().await.unwrap();
        let error = app.app().records.erase_words(&tx, &TestApp::person("asked"), id("pantry"), SECRET).await.unwrap_err();
        assert!(error.to_string().contains("has never had, these words"), "{error}");
    }
}

fact! {
    async fn whoever_may_not_erase_learns_nothing_there(app) {
        with_winifred(&app).await;
        let amina = Browser::keeper(&app, "amina@lark-hill.example.org", id("marsh farm")).await;
        let reader = Browser::officer(&app, PlatformRole::Reader).await;
        for browser in [&amina, &reader] {
            assert_eq!(browser.open("/moderation/erase").await.status, 403);
            let page = browser.open("/account/profile").await.text();
            let token = page.split("name=\"form\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
            let fields = [("form", token.as_str()), ("q", "winifred"), ("do", "find")];
            let answer = browser.post("/moderation/erase", PUBLIC_URL.trim_end_matches('/'), &fields).await;
            assert_eq!(answer.status, 403, "{}", answer.text());
            assert!(!answer.text().contains("Ogundipe"), "{}", answer.text());
        }
        let moderator = Browser::officer(&app, PlatformRole::Moderator).await;
        let page = moderator.open("/moderation/erase").await;
        let found = moderator.submit(&page, "/moderation/erase", &[("q", "winifred"), ("do", "find")]).await;
        assert!(found.text().contains("Ogundipe"), "whoever may erase finds her by the same words: {}", found.text());
    }
}
