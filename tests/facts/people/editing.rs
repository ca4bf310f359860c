//! Keeping a listing right.

mod events;

use fingerpost::{
    identity::PlatformRole,
    jobs,
    model::{Document, personal::new_contact},
};

use super::{id, public, with_pantry};
use crate::support::{Answer, TestApp, browser::Browser, fact};

const AMINA: &str = "amina@lark-hill.example.org";

async fn amina(app: &TestApp) -> Browser<'_> {
    with_pantry(app).await;
    Browser::keeper(app, AMINA, id("marsh farm")).await
}

/// What moderators read of a new listing.
async fn at_the_moderators(app: &TestApp) -> String {
    let moderator = Browser::officer(app, PlatformRole::Moderator).await;
    let queue = moderator.open("/moderation").await;
    let bundle = queue.text().split("/moderation/listings/").nth(1).unwrap()[..36].to_owned();
    moderator.open(&format!("/moderation/listings/{bundle}")).await.text()
}

fn at(name: &str, section: &str) -> String {
    format!("/account/listings/{}/{section}", id(name))
}

/// Change a part of a listing, as its form lets one.
async fn change(browser: &Browser<'_>, name: &str, section: &str, with: &[(&str, &str)]) -> Answer {
    let path = at(name, section);
    let page = browser.open(&path).await;
    assert_eq!(page.status, 200, "{path}: {}", page.text());
    let mut with = with.to_vec();
    with.push(("do", "save"));
    browser.submit(&page, &path, &with).await
}

fact! {
    async fn we_moved_to_tuesdays(app) {
        let amina = amina(&app).await;
        let page = amina.open(&at("pantry", "times")).await;
        assert!(page.text().contains("What you save is public immediately. You can undo it."), "{}", page.text());
        let saved = change(&amina, "pantry", "times", &[("day-0", "TU")]).await;
        assert!(saved.text().contains("It is public now"), "{}", saved.text());
        assert_eq!(public(&app, "pantry").await["schedules"][0]["byday"], "TU");
        let undo = format!("/account/listings/{}/undo", id("pantry"));
        let undone = amina.submit(&saved, &undo, &[]).await;
        assert!(undone.text().contains("Undone."), "{}", undone.text());
        assert_eq!(public(&app, "pantry").await["schedules"][0]["byday"], "TH");
        let history = amina.open(&at("pantry", "history")).await;
        assert!(history.text().matches("Version ").count() >= 3, "nothing is deleted by it");
    }
}

fact! {
    async fn a_new_name_waits_and_the_phone_beside_it_does_not(app) {
        let amina = amina(&app).await;
        let saved = change(&amina, "pantry", "about", &[("name", "Lark Hill larder"), ("description", "Food for less.")]).await;
        assert!(saved.text().contains("Part of it is public now, and part is waiting"), "{}", saved.text());
        let now = public(&app, "pantry").await;
        assert_eq!((now["name"].as_str(), now["description"].as_str()), (Some("Meadow larder"), Some("Food for less.")));
        let changes = amina.open("/account").await;
        assert!(changes.text().contains("waiting for a moderator"));
        let link = changes.text().split("/account/changes/").nth(1).unwrap().split('"').next().unwrap().to_owned();
        let path = format!("/account/changes/{link}");
        let page = amina.open(&path).await;
        let back = amina.submit(&page, &path, &[("do", "take back"), ("-words", "")]).await;
        assert!(back.text().contains("withdrawn"), "{}", back.text());
    }
}

fact! {
    async fn a_later_change_takes_the_place_of_ones_own_earlier_one(app) {
        let amina = amina(&app).await;
        change(&amina, "pantry", "about", &[("name", "First try")]).await;
        change(&amina, "pantry", "about", &[("name", "Second try")]).await;
        let waiting = app.app().records.waiting(None, None, 10).await.unwrap();
        assert_eq!(waiting.len(), 1);
        assert!(waiting[0].document.contains("Second try"));
    }
}

fact! {
    async fn what_puts_ones_own_waiting_change_right_takes_its_place(app) {
        let amina = amina(&app).await;
        let waiting = async || app.app().records.waiting(None, None, 10).await.unwrap();
        let link = "See https://lark-hill.example.org/offers for what there is.";
        change(&amina, "pantry", "about", &[("description", link)]).await;
        assert!(waiting().await[0].document.contains("/offers"));
        // Words without an address wait for nobody, and nothing old comes after them.
        let saved = change(&amina, "pantry", "about", &[("description", "Ask us what there is.")]).await;
        assert!(saved.text().contains("It is public now"), "{}", saved.text());
        assert_eq!(waiting().await, []);
        // Of two things that wait, the other one waits on.
        change(&amina, "pantry", "about", &[("name", "The larder"), ("description", link)]).await;
        change(&amina, "pantry", "about", &[("description", "Ask us.")]).await;
        let [left] = &waiting().await[..] else { panic!("one change waits") };
        assert!(left.document.contains("The larder") && !left.document.contains("/offers"), "{}", left.document);
        assert_eq!(public(&app, "pantry").await["description"], "Ask us.");
    }
}

fact! {
    async fn every_number_and_person_of_a_listing_can_be_changed_and_taken_out(app) {
        let amina = amina(&app).await;
        let numbers = async || {
            let now = public(&app, "pantry").await;
            let all = now["phones"].as_array().cloned().unwrap_or_default();
            all.iter().map(|phone| phone["number"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        change(&amina, "pantry", "contact", &[("phone", "01632 960001")]).await;
        change(&amina, "pantry", "contact", &[("phone-1", "01632 960002"), ("phone_note-1", "At weekends")]).await;
        change(&amina, "pantry", "contact", &[("phone-2", "01632 960003")]).await;
        assert_eq!(numbers().await, ["01632 960001", "01632 960002", "01632 960003"]);
        let page = amina.open(&at("pantry", "contact")).await;
        assert!(page.text().contains("At weekends") && page.text().contains("Another phone number"), "{}", page.text());
        change(&amina, "pantry", "contact", &[("phone", ""), ("phone_note", "")]).await;
        assert_eq!(numbers().await, ["01632 960002", "01632 960003"]);
        change(&amina, "pantry", "contact", &[("phone-1", "")]).await;
        assert_eq!(numbers().await, ["01632 960002"]);
        app.edit(id("pantry"), |document| {
            let Document::Service(service) = document else { panic!() };
            service.contacts = ["Ann Lark", "Ben Wren"].map(|name| new_contact(id(name), Some(name.to_owned()), None, Vec::new())).into();
        }).await;
        let page = amina.open(&at("pantry", "contact")).await;
        assert!(page.text().contains("Take out the contact Ben Wren"), "{}", page.text());
        change(&amina, "pantry", "contact", &[("person_gone-1", "yes")]).await;
        let stands = app.app().records.find(id("pantry")).await.unwrap().unwrap().document;
        assert!(stands.contains("Ann Lark") && !stands.contains("Ben Wren"), "{stands}");
    }
}

fact! {
    async fn of_several_places_each_has_its_own_page_and_its_own_times(app) {
        let amina = amina(&app).await;
        let add = [("has", "place"), ("place_name", "Reed Hall"), ("address_1", "2 Reed Lane"), ("city", "Luton"), ("postcode", "LU3 9XB"), ("postcode_is_right", "yes"), ("policy", "exact")];
        let page = amina.open(&format!("{}?place=new", at("pantry", "place"))).await;
        amina.submit(&page, &at("pantry", "place"), &[&add[..], &[("do", "save")]].concat()).await;
        let moderator = Browser::officer(&app, PlatformRole::Moderator).await;
        while let Some(one) = app.app().records.waiting(None, None, 1).await.unwrap().first() {
            let path = match one.bundle {
                Some(bundle) => format!("/moderation/listings/{bundle}"),
                None => format!("/moderation/changes/{}", one.id),
            };
            let what = if one.bundle.is_some() { "accept" } else { "decide" };
            let decided = moderator.submit_only(&moderator.open(&path).await, &path, &[("do", what)]).await;
            assert_eq!(decided.status, 303, "{}", decided.text());
        }
        let overview = amina.open(&format!("/account/listings/{}", id("pantry"))).await.text();
        assert!(overview.contains("Change Reed Hall") && overview.contains("Change the times at Reed Hall"), "{overview}");
        let links = |document: &Document| match document {
            Document::Service(service) => service.service_at_locations.clone(),
            _ => panic!(),
        };
        let stands = async || app.app().records.find(id("pantry")).await.unwrap().unwrap().read().unwrap();
        let before = stands().await;
        let second = links(&before)[1].id;
        let page = amina.open(&format!("{}?place={second}", at("pantry", "times"))).await;
        assert!(page.text().contains("These are the times at one of its places"), "{}", page.text());
        let saved = amina.submit(&page, &at("pantry", "times"), &[("day-0", "SU"), ("from-0", "14:00"), ("to-0", "16:00"), ("do", "save")]).await;
        assert!(saved.text().contains("It is public now"), "{}", saved.text());
        let after = stands().await;
        let (Document::Service(was), Document::Service(is)) = (&before, &after) else { panic!() };
        assert_eq!(is.schedules, was.schedules, "those of the service stay");
        assert_eq!(links(&after)[0], links(&before)[0], "and those of the other place");
        assert_eq!(links(&after)[1].schedules[0].byday.as_deref(), Some("SU"));
    }
}

fact! {
    async fn a_version_is_not_restored_over_an_edit_that_nobody_has_seen(app) {
        let amina = amina(&app).await;
        change(&amina, "pantry", "cost", &[("free", "no"), ("cost", "£5 a visit")]).await;
        let history = at("pantry", "history");
        let page = amina.open(&history).await;
        let bela = Browser::keeper(&app, "bela@lark-hill.example.org", id("marsh farm")).await;
        change(&bela, "pantry", "cost", &[("free", "no"), ("cost", "£6 a visit")]).await;
        let told = amina.submit(&page, &history, &[("revision", "1")]).await;
        assert_eq!(told.status, 409);
        assert!(told.text().contains("The listing has changed since you opened this page"), "{}", told.text());
        assert_eq!(public(&app, "pantry").await["fees_description"], "£6 a visit");
        assert_eq!(amina.submit(&told, &history, &[("revision", "1")]).await.status, 200);
        assert_ne!(public(&app, "pantry").await["fees_description"], "£6 a visit");
    }
}

fact! {
    async fn a_group_takes_out_its_listing_with_what_waits_of_it(app) {
        let amina = amina(&app).await;
        change(&amina, "pantry", "about", &[("name", "The larder")]).await;
        let path = at("pantry", "take-out");
        let page = amina.open(&path).await;
        assert!(page.text().contains("Only a moderator can bring it back"), "{}", page.text());
        // Somebody changes it meanwhile: nothing is taken out that nobody has looked at.
        change(&amina, "pantry", "times", &[("day-0", "TU")]).await;
        assert_eq!(amina.submit_only(&page, &path, &[]).await.status, 409);
        let page = amina.open(&path).await;
        assert_eq!(amina.submit_only(&page, &path, &[("why", "We have merged.")]).await.status, 303);
        let told = amina.submit(&page, &path, &[]).await;
        assert!(told.status == 200 && told.text().contains("It is taken out"), "two taps: {}", told.text());
        app.follow().await;
        assert_eq!(app.get(&format!("/services/{}", id("pantry"))).await.status, 410);
        assert_eq!(app.app().records.waiting(None, None, 10).await.unwrap(), []);
        // What is protected, only a moderator takes out.
        let rowan = Browser::keeper(&app, "office@rowan.example.org", id("rowan")).await;
        assert_eq!(rowan.open(&at("refuge", "take-out")).await.status, 403);
    }
}

fact! {
    async fn of_two_editors_the_second_is_told_and_loses_nothing(app) {
        let amina = amina(&app).await;
        let bela = Browser::keeper(&app, "bela@lark-hill.example.org", id("marsh farm")).await;
        let path = at("pantry", "cost");
        let (first, second) = (amina.open(&path).await, bela.open(&path).await);
        amina.submit(&first, &path, &[("free", "no"), ("cost", "£5 a visit"), ("do", "save")]).await;
        let told = bela.submit(&second, &path, &[("free", "no"), ("cost", "£6, or £3 for students"), ("do", "save")]).await;
        assert_eq!(told.status, 409);
        assert!(told.text().contains("Someone else has changed this listing"), "{}", told.text());
        assert!(told.text().contains("£6, or £3 for students"), "their words are still there");
        assert_eq!(public(&app, "pantry").await["fees_description"], "£5 a visit");
        let again = bela.submit(&told, &path, &[("do", "save")]).await;
        assert!(again.text().contains("It is public now"), "{}", again.text());
        assert_eq!(public(&app, "pantry").await["fees_description"], "£6, or £3 for students");
    }
}

fact! {
    async fn an_import_between_reading_and_saving_is_not_overwritten(app) {
        let amina = amina(&app).await;
        let path = at("pantry", "who");
        let page = amina.open(&path).await;
        let mut newer = crate::facts::pantry();
        newer["eligibility_description"] = serde_json::json!("Anybody in Luton");
        app.import(format!("{newer}\n")).await;
        let told = amina.submit(&page, &path, &[("who", "Only adults"), ("do", "save")]).await;
        assert_eq!(told.status, 409);
        assert_eq!(public(&app, "pantry").await["eligibility_description"], "Anybody in Luton");
    }
}

fact! {
    async fn what_is_wrong_is_said_beside_its_field_and_the_rest_is_kept(app) {
        let amina = amina(&app).await;
        let page = change(&amina, "pantry", "contact", &[("phone", "call us!"), ("email", "new@lark-hill.example.org"), ("web", "not a page")]).await;
        let text = page.text();
        assert!(text.contains("There is a problem"), "{text}");
        for (anchor, kept) in [("href=\"#phone\"", "call us!"), ("href=\"#web\"", "not a page"), ("", "new@lark-hill.example.org")] {
            assert!(text.contains(anchor) && text.contains(kept), "{anchor} {kept}");
        }
        assert_eq!(public(&app, "pantry").await["email"], "pantry@lark-hill.example.org");
    }
}

fact! {
    async fn closed_for_now_shows_everywhere(app) {
        let amina = amina(&app).await;
        change(&amina, "pantry", "status", &[("status", "paused"), ("until", "2027-01-12")]).await;
        let now = public(&app, "pantry").await;
        assert_eq!((now["status"].as_str(), now["alert"].as_str()), (Some("temporarily closed"), Some("Closed until 12 January 2027")));
        let page = app.page(&format!("/directory/services/{}", id("pantry"))).await;
        assert!(page.text().contains("This is closed for now.") && page.text().contains("Closed until 12 January 2027"));
        change(&amina, "pantry", "status", &[("status", "open"), ("until", "")]).await;
        let now = public(&app, "pantry").await;
        assert_eq!((now["status"].as_str(), now.get("alert")), (Some("active"), None));
    }
}

fact! {
    async fn closed_until_a_day_keeps_what_else_people_should_know(app) {
        let amina = amina(&app).await;
        let words = "Boiler broken. Go to St Mary instead.";
        change(&amina, "pantry", "status", &[("status", "paused"), ("until", "2026-12-15"), ("alert", words)]).await;
        let said = "Closed until 15 December 2026. Boiler broken. Go to St Mary instead.";
        assert_eq!(public(&app, "pantry").await["alert"], said);
        change(&amina, "pantry", "status", &[]).await;
        assert_eq!(public(&app, "pantry").await["alert"], said, "the form says what stands");
        let past = change(&amina, "pantry", "status", &[("until", "2020-01-01")]).await;
        assert!(past.text().contains("That date is not in the future.") && past.text().contains(words), "{}", past.text());
        assert_eq!(public(&app, "pantry").await["alert"], said);
        // The day comes.
        let here = app.served.directory.public_url.clone();
        app.clock.set("2026-12-14T23:00:00Z".parse().unwrap());
        assert_eq!(jobs::reopen(app.app(), &here).await.unwrap(), 0);
        app.clock.set("2026-12-15T00:30:00Z".parse().unwrap());
        assert_eq!(jobs::reopen(app.app(), &here).await.unwrap(), 1);
        let now = public(&app, "pantry").await;
        assert_eq!((now["status"].as_str(), now["alert"].as_str()), (Some("active"), Some(words)));
        assert_eq!(jobs::reopen(app.app(), &here).await.unwrap(), 0);
    }
}

fact! {
    async fn a_group_hides_its_address_at_once_and_shows_it_only_through_a_moderator(app) {
        let amina = amina(&app).await;
        let saved = change(&amina, "pantry", "place", &[("policy", "on_request")]).await;
        assert!(saved.text().contains("It is public now"), "{}", saved.text());
        assert!(!public(&app, "pantry").await.to_string().contains("LU3 9XQ"));
        let saved = change(&amina, "pantry", "place", &[("policy", "exact")]).await;
        assert!(saved.text().contains("A moderator will check it"), "{}", saved.text());
        assert!(!public(&app, "pantry").await.to_string().contains("LU3 9XQ"));
    }
}

fact! {
    async fn a_contact_is_private_unless_somebody_says_otherwise(app) {
        let amina = amina(&app).await;
        change(&amina, "pantry", "contact", &[("person", "Bela Wexham"), ("person_phone", "07700 900123"), ("-person_public", "")]).await;
        assert!(!public(&app, "pantry").await.to_string().contains("Wexham"));
        let stored = app.app().records.find(id("pantry")).await.unwrap().unwrap();
        assert!(stored.document.contains("Wexham"), "it is kept for us");
    }
}

fact! {
    async fn markup_is_text_in_every_field(app) {
        let amina = amina(&app).await;
        let evil = "<script>alert(1)</script><img src=x onerror=alert(1)>";
        change(&amina, "pantry", "about", &[("description", evil)]).await;
        change(&amina, "pantry", "status", &[("status", "open"), ("alert", evil)]).await;
        change(&amina, "pantry", "who", &[("who", evil)]).await;
        let paths = [format!("/directory/services/{}", id("pantry")), at("pantry", "about"), at("pantry", "history"), format!("/account/listings/{}", id("pantry"))];
        app.follow().await;
        for path in paths {
            let page = amina.open(&path).await;
            assert!(page.text().contains("&lt;script&gt;"), "{path}");
            for raw in ["<script>alert", "<img src=x"] {
                assert!(!page.text().contains(raw), "{path}");
            }
            assert!(page.header("content-security-policy").contains("default-src 'none'"));
        }
    }
}

fact! {
    async fn a_new_service_is_a_draft_until_a_moderator_has_seen_it(app) {
        let amina = amina(&app).await;
        let path = format!("/account/organisations/{}/services/new", id("marsh farm"));
        let page = amina.open(&path).await;
        let times = amina.submit(&page, &path, &[("name", "Repair café"), ("description", "We mend what is broken."), ("terms", "yes")]).await;
        assert!(times.text().contains("This listing is not public yet"), "{}", times.text());
        let listing = times.text().split("/account/listings/").nth(1).unwrap()[..36].to_owned();
        let section = |word: &str| format!("/account/listings/{listing}/{word}");
        amina.submit(&times, &section("times"), &[("day-0", "SA"), ("from-0", "10:00"), ("to-0", "13:00"), ("do", "save")]).await;
        let page = amina.open(&section("cost")).await;
        amina.submit(&page, &section("cost"), &[("free", "yes"), ("do", "save")]).await;
        // Gone on with on another device.
        let laptop = Browser::signed_in(&app, AMINA).await;
        let page = laptop.open(&section("place")).await;
        let place = [("has", "place"), ("address_1", "3 Mill Yard"), ("city", "Luton"), ("county", "Bedfordshire"), ("postcode", "lu3 9xq"), ("policy", "exact"), ("do", "save")];
        laptop.submit(&page, &section("place"), &place).await;
        let page = laptop.open(&format!("/account/listings/{listing}")).await;
        assert!(page.text().contains("To publish it, first complete: how to get in touch"), "{}", page.text());
        let page = laptop.open(&section("contact")).await;
        let page = laptop.submit(&page, &section("contact"), &[("phone", "01632 960555"), ("do", "save")]).await;
        assert_eq!(app.get(&format!("/services/{listing}")).await.status, 404);
        let sent = laptop.submit(&page, &format!("/account/listings/{listing}/send"), &[]).await;
        assert!(sent.text().contains("Sent. A moderator will check it"), "{}", sent.text());
        assert_eq!(app.get(&format!("/services/{listing}")).await.status, 404);

        let moderator = Browser::officer(&app, PlatformRole::Moderator).await;
        let queue = moderator.open("/moderation").await;
        let bundle = queue.text().split("/moderation/listings/").nth(1).unwrap()[..36].to_owned();
        let path = format!("/moderation/listings/{bundle}");
        let page = moderator.open(&path).await;
        for shown in ["Repair café", "3 Mill Yard", "Saturdays"] {
            assert!(page.text().contains(shown), "{shown}: {}", page.text());
        }
        // Its author thinks of something else meanwhile.
        let form = laptop.open(&section("about")).await;
        laptop.submit(&form, &section("about"), &[("description", "We mend, and we lend money."), ("do", "save")]).await;
        let told = moderator.submit(&page, &path, &[("do", "accept")]).await;
        assert_eq!(told.status, 409, "{}", told.text());
        assert!(told.text().contains("lend money"), "a fresh view");
        moderator.submit(&told, &path, &[("do", "accept")]).await;
        app.follow().await;
        let service = app.get(&format!("/services/{listing}")).await;
        assert_eq!(service.status, 200);
        let service = service.json();
        assert_eq!(service["service_at_locations"][0]["location"]["addresses"][0]["postal_code"], "LU3 9XQ");
        assert!(service["service_at_locations"][0]["location"]["latitude"].is_number(), "the postcode places the point: {service}");
    }
}

fact! {
    async fn an_organisation_that_is_there_already_is_not_added_twice_by_mistake(app) {
        with_pantry(&app).await;
        let somebody = Browser::signed_in(&app, "somebody@example.org").await;
        let path = "/account/organisations/new";
        let page = somebody.open(path).await;
        let with = [("name", "Lark Hill Pantry"), ("description", "Food."), ("terms", "yes")];
        let asked = somebody.submit(&page, path, &with).await;
        assert!(asked.text().contains("Is it one of these?"), "{}", asked.text());
        assert!(asked.text().contains(&format!("/account/organisations/{}/claim", id("marsh farm"))));
        let made = somebody.submit(&asked, path, &[("none_of_these", "yes")]).await;
        assert!(made.text().contains("How to get in touch"), "{}", made.text());
        assert_eq!(app.ids("/organizations").await.len(), 2, "nobody else sees it");
    }
}

fact! {
    async fn somebody_who_is_forgotten_leaves_a_former_editor(app) {
        let amina = amina(&app).await;
        change(&amina, "pantry", "cost", &[("free", "yes")]).await;
        let page = amina.open("/account/profile/forget").await;
        amina.submit_only(&page, "/account/profile/forget", &[]).await;
        assert!(amina.open("/account").await.text().contains("Send me a link"));
        let moderator = Browser::officer(&app, PlatformRole::Moderator).await;
        let history = moderator.open(&at("pantry", "history")).await;
        assert!(history.text().contains("a former editor"), "{}", history.text());
        app.app().db.sweep_now().await.unwrap();
        assert_eq!(app.files_with(AMINA), Vec::<String>::new(), "the address is nowhere");
    }
}

fact! {
    async fn a_postcode_that_nobody_knows_is_asked_about_before_the_place_leaves_the_map(app) {
        let amina = amina(&app).await;
        let path = format!("/account/listings/{}/place", id("pantry"));
        let form = amina.open(&path).await;
        let asked = amina.submit(&form, &path, &[("postcode", "ZE9 9ZZ"), ("do", "save")]).await;
        assert!(asked.text().contains("We do not know where ZE9 9ZZ is. Check that it is right."), "{}", asked.text());
        assert_eq!(app.app().records.waiting(None, None, 10).await.unwrap(), []);
        amina.submit(&asked, &path, &[("postcode_is_right", "yes"), ("do", "save")]).await;
        let waiting = app.app().records.waiting(None, None, 10).await.unwrap();
        let moderator = Browser::officer(&app, PlatformRole::Moderator).await;
        let page = moderator.open(&format!("/moderation/changes/{}", waiting[0].id)).await.text();
        assert!(page.contains("the listing would not be on the map"), "{page}");
    }
}

fact! {
    async fn a_member_who_never_saw_the_terms_sees_them_before_the_first_form(app) {
        with_pantry(&app).await;
        let identity = app.app().identity();
        let tx = identity.write().await.unwrap();
        let email = "bob@mailbox.example.net".parse().unwrap();
        let bob = identity.welcome(&tx, &email).await.unwrap();
        identity.add_member(&tx, id("marsh farm"), bob.id, fingerpost::identity::MemberRole::Editor).await.unwrap();
        tx.commit().await.unwrap();
        let bob = Browser::signed_in(&app, "bob@mailbox.example.net").await;
        let path = format!("/account/listings/{}/about", id("pantry"));
        let asked = bob.open(&path).await;
        assert!(asked.text().contains("<h1>Before you change a listing</h1>"), "{}", asked.text());
        let again = bob.submit(&asked, "/account/terms", &[]).await;
        assert!(again.text().contains("href=\"#terms\""), "{}", again.text());
        let form = bob.submit(&again, "/account/terms", &[("terms", "yes")]).await;
        assert!(form.text().contains("<h1>What it is</h1>"), "{}", form.text());
    }
}
