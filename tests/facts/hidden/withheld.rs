//! Places that are withheld as such: what links say of them goes, and no other listing keeps their address.

use fingerpost::{
    model::{Document, LocationPolicy},
    safekeeping,
};
use serde_json::{Value, json};

use super::{
    super::{id, listings, pantry, refuge, secrets::search},
    set_place,
};
use crate::support::{TestApp, fact, noon};

/// What the pantry's link to its place says of it.
fn says_how_to_get_in(listed: &mut Value) {
    let link = &mut listed["service_at_locations"][0];
    link["description"] = json!("Ring at the blue door behind the bakery");
    link["metadata"] = json!([{"id": id("before"), "resource_type": "service_at_location", "field_name": "description", "previous_value": "The blue door",
        "replacement_value": "", "last_action_date": "2026-01-01", "last_action_type": "update", "updated_by": "us", "resource_id": id("pantry at the centre")}]);
    link["schedules"] = json!([{"id": id("link times"), "freq": "WEEKLY", "byday": "TU", "opens_at": "10:00", "closes_at": "12:00",
        "description": "By the blue door", "notes": "Knock at the blue door"}]);
}

async fn nowhere(app: &TestApp, words: &str) {
    assert_eq!(app.files_with(words), Vec::<String>::new());
    for record in ["pantry", "centre", "marsh farm"] {
        for version in app.app().records.history(id(record)).await.unwrap() {
            assert!(!version.document.to_lowercase().contains(words), "{}", version.document);
        }
    }
}

fact! {
    async fn what_links_say_of_a_place_goes_when_the_place_itself_is_withheld(app) {
        let mut listed = pantry();
        says_how_to_get_in(&mut listed);
        app.import(listed.to_string()).await;
        app.edit(id("pantry"), |document| if let Document::Service(service) = document { service.alert = Some("New times".into()) }).await;
        assert!(app.get("/services?full=true").await.text().contains("blue door"));
        set_place(&app, LocationPolicy::Withheld).await;
        nowhere(&app, "blue door").await;
        // Neither the feed, which says it again, nor somebody who does not know brings it back.
        app.import(listed.to_string()).await;
        nowhere(&app, "blue door").await;
        app.edit(id("pantry"), |document| if let Document::Service(service) = document {
            service.service_at_locations[0].description = Some("Ring at the blue door".into());
        }).await;
        nowhere(&app, "blue door").await;
    }
}

fact! {
    async fn no_other_listing_of_a_group_keeps_the_address_of_a_place_that_is_withheld(app) {
        let mut club: Value = serde_json::from_str(&listings(&["Cooking club"])).unwrap();
        club["description"] = json!("We cook at 12 Gorse Close, LU3 9XQ, like everybody at the Gorse Centre.");
        app.import(format!("{}\n{club}", pantry())).await;
        app.import(listings(&["Sewing club"])).await;
        app.edit(id("Cooking club"), |document| if let Document::Service(service) = document { service.fees_description = Some("Free".to_owned()); }).await;
        set_place(&app, LocationPolicy::Withheld).await;
        let told = app.get(&format!("/services/{}", id("Cooking club"))).await.json();
        assert_eq!(told["description"], "We cook at [address withheld], [address withheld], like everybody at the Gorse Centre.", "names may be anything's");
        let versions = app.app().records.history(id("Cooking club")).await.unwrap();
        assert!(versions.len() > 2 && versions.iter().all(|version| !version.document.contains("LU3 9XQ")), "{versions:?}");
        let other = app.app().records.history(id("Sewing club")).await.unwrap();
        assert_eq!(other.len(), 1, "what tells nothing stays as it is");
        // What comes with the place, and in one go, does not tell it either.
        let mut again = pantry();
        again["service_at_locations"][0]["location"]["addresses"][0]["address_1"] = json!("14 Gorse Close");
        let mut choir: Value = serde_json::from_str(&listings(&["Choir"])).unwrap();
        choir["description"] = json!("We sing at 14 Gorse Close.");
        app.import(format!("{again}\n{choir}")).await;
        let told = app.get(&format!("/services/{}", id("Choir"))).await.json();
        assert_eq!(told["description"], "We sing at [address withheld].");
    }
}

fact! {
    async fn a_listing_that_comes_later_and_tells_an_address_beside_a_withheld_one_is_named(app) {
        app.import(refuge().to_string()).await;
        let club = |name: &str, words: &str| {
            let mut club: Value = serde_json::from_str(&listings(&[name])).unwrap();
            club["description"] = json!(words);
            club
        };
        let mut later = club("Cooking club", "We cook at 7 Hidden Lane, LU2 9ZZ.");
        later["organization"] = refuge()["organization"].clone();
        // What everybody may see, and what others say, is nothing to look at.
        let mut open = pantry();
        (open["organization"], open["description"]) = (later["organization"].clone(), json!("We are at 12 Gorse Close, LU3 9XQ."));
        let other = club("Sewing club", "We sew at 4 Mill Street, LU1 1AA.");
        let report = app.import(format!("{later}\n{open}\n{other}\n")).await;
        let told: Vec<_> = report.in_words.iter().map(|one| (one.line, one.words.name.as_str(), one.words.path.as_str())).collect();
        assert_eq!((told, report.in_words_total), (vec![(1, "Cooking club", "description")], 1));
        assert_eq!(report.in_words[0].words.reason, "an address, and another listing of its organisation withholds one");
    }
}

fact! {
    async fn a_listing_of_a_first_file_that_tells_an_address_beside_a_withheld_one_far_above_it_is_named(app) {
        let names: Vec<String> = (0..900).map(|number| format!("Club {number}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let mut later: Value = serde_json::from_str(&listings(&["Cooking club"])).unwrap();
        (later["organization"], later["description"]) = (refuge()["organization"].clone(), json!("We cook at 7 Hidden Lane, LU2 9ZZ."));
        let report = app.import(format!("{}\n{}\n{later}\n", refuge(), listings(&names))).await;
        let told: Vec<_> = report.in_words.iter().map(|one| (one.line, one.words.name.as_str())).collect();
        assert_eq!((told, report.in_words_total), (vec![(902, "Cooking club")], 1));
    }
}

fact! {
    async fn a_proposal_that_still_has_what_a_link_said_goes_as_well(app) {
        let mut listed = pantry();
        says_how_to_get_in(&mut listed);
        app.import(listed.to_string()).await;
        let mut document = app.app().records.find(id("pantry")).await.unwrap().unwrap().read().unwrap();
        if let Document::Service(service) = &mut document {
            service.alert = Some("New times".into());
        }
        let tx = app.app().db.write().await.unwrap();
        let edit = fingerpost::records::Edit { waiting: vec![fingerpost::records::Draft::new(document)], ..Default::default() };
        app.app().records.edit(&tx, &TestApp::person("a change"), edit).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(app.app().records.waiting(None, None, 10).await.unwrap().len(), 1);
        set_place(&app, LocationPolicy::Withheld).await;
        assert_eq!(app.app().records.waiting(None, None, 10).await.unwrap(), []);
        nowhere(&app, "blue door").await;
    }
}

fact! {
    async fn an_older_backup_does_not_bring_back_what_was_scrubbed_before_the_place_was_opened_again(app) {
        let hour = |hours| noon() + chrono::Duration::hours(hours);
        app.import(pantry().to_string()).await;
        let folder = tempfile::tempdir().unwrap();
        let (monday, friday) = (folder.path().join("monday.backup"), folder.path().join("friday.backup"));
        safekeeping::backup(&app.app().records, &monday).await.unwrap();
        app.clock.set(hour(1));
        set_place(&app, LocationPolicy::Withheld).await;
        app.clock.set(hour(2));
        app.edit(id("centre"), |document| if let Document::Location(place) = document {
            (place.location_policy, place.name) = (Some(LocationPolicy::Exact), Some("The new house".into()));
        }).await;
        assert!(app.get("/locations").await.text().contains("The new house"));
        safekeeping::backup(&app.app().records, &friday).await.unwrap();
        safekeeping::keep_scrubs(&app.app().records, app.folder.path()).await.unwrap();
        app.clock.set(hour(3));
        safekeeping::restore(&app.app().records, &friday, app.folder.path()).await.unwrap();
        app.follow().await;
        assert!(app.get("/locations").await.text().contains("The new house"), "what was open when the backup was made");
        safekeeping::restore(&app.app().records, &monday, app.folder.path()).await.unwrap();
        app.follow().await;
        let secrets = ["Gorse Close", "LU3 9XQ", "51.9163", "Gorse Centre"];
        search(&app, &secrets, true).await;
        // That holds from now on: also on the list beside the database, until somebody opens the place again.
        safekeeping::keep_scrubs(&app.app().records, app.folder.path()).await.unwrap();
        app.import(pantry().to_string()).await;
        search(&app, &secrets, true).await;
        set_place(&app, LocationPolicy::Exact).await;
        app.import(pantry().to_string()).await;
        assert!(app.get("/locations").await.text().contains("Gorse Centre"));
    }
}
