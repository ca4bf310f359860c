//! Contacts, their numbers, and what a history says.

use fingerpost::records::{Draft, State};
use serde_json::{Value, json};

use super::{
    super::{id, pantry},
    search,
};
use crate::support::{TestApp, fact};

fact! {
    async fn private_contacts_and_unpublished_records_stay_inside(app) {
        let mut listed = pantry();
        listed["contacts"] = json!([
            {"id": id("own mobile"), "name": "Sheila Hopcroft", "phones": [{"id": id("p1"), "number": "07700 900123"}]},
            {"id": id("marked"), "name": "Secret Desk", "visibility": "private", "email": "secretdesk@example.org"},
        ]);
        listed["email"] = json!("bluebell.winterbottom@gmail.com");
        listed["phones"] = json!([{"id": id("p2"), "number": "01632 960777", "visibility": "private"}]);
        listed["organization"]["contacts"] = json!([{"id": id("p3"), "name": "Mrs Primrose Quill", "phones": [{"id": id("p4"), "number": "+44 7700 900456"}]}]);
        listed["service_at_locations"][0]["contacts"] = json!([{"id": id("p5"), "name": "Violet Larkspur", "email": "vlarkspur@hotmail.co.uk"}]);
        listed["service_at_locations"][0]["location"]["addresses"][0]["attention"] = json!("Marigold Fennel");
        let report = app.import(listed.to_string()).await;
        assert_eq!(report.personal_total, 5, "{:?}", report.personal);
        let secrets = ["Hopcroft", "900123", "Secret Desk", "secretdesk", "bluebell", "960777", "Primrose", "900456", "Larkspur", "Marigold"];
        search(&app, &secrets, false).await;
        // Our own records, as an editor would keep them: a contact is private unless it says public.
        let mut document = app.app().records.find(id("marsh farm")).await.unwrap().unwrap().read().unwrap();
        for contact in document.contact_lists().into_iter().flatten() { contact.visibility = None; }
        app.save(vec![Draft::new(document)]).await;
        search(&app, &secrets, false).await;
        // An organization that is not to be seen takes its services along.
        let document = app.app().records.find(id("marsh farm")).await.unwrap().unwrap().read().unwrap();
        app.save(vec![Draft { state: State::Unpublished, ..Draft::new(document) }]).await;
        // This was not urgent, so the snapshot from before may stand until the next one is due.
        app.served.outlet.make_snapshot().await.unwrap();
        search(&app, &["Lark Hill", "Meadow larder", "LU3 9XQ"], false).await;
    }
}

/// A number that is this contact's, as the standard's third version says it.
fn number_of(contact: &str, number: &str) -> Value {
    json!({"id": id(number), "number": number, "contact_id": id(contact)})
}

fact! {
    async fn a_number_is_as_private_as_the_contact_that_it_names_wherever_it_stands(app) {
        let mut listed = pantry();
        listed["contacts"] = json!([{"id": id("sheila"), "name": "Sheila Hopcroft"}, {"id": id("marked"), "name": "Back office", "visibility": "private"},
            {"id": id("front desk"), "name": "Pantry desk"}]);
        // A mobile number beside a person's name, although it does not stand in the contact.
        listed["phones"] = json!([number_of("sheila", "07700 900771"), number_of("marked", "01632 960772"), number_of("nobody here", "01632 960773"),
            number_of("front desk", "01632 960799"), {"id": id("whose"), "number": "01632 960770", "contact_id": ["?"]}]);
        listed["organization"]["contacts"] = json!([{"id": id("secretary"), "name": "Group secretary", "visibility": "private"}]);
        listed["organization"]["phones"] = json!([number_of("secretary", "01632 960774")]);
        let link = &mut listed["service_at_locations"][0];
        link["phones"] = json!([number_of("marked", "01632 960775"), number_of("front desk", "01632 960798")]);
        link["location"]["contacts"] = json!([{"id": id("keys"), "name": "Key desk", "visibility": "private"}]);
        link["location"]["phones"] = json!([number_of("keys", "01632 960776")]);
        let supper = json!({"id": id("supper"), "organization_id": id("marsh farm"), "name": "Harvest supper", "status": "scheduled", "timezone": "Europe/London",
            "start": "2026-12-01T19:00:00", "end": "2026-12-01T21:00:00", "phones": [number_of("cook", "01632 960778"), number_of("secretary", "01632 960779")],
            "contacts": [{"id": id("cook"), "name": "Kitchen desk", "visibility": "private"}]});
        app.import(format!("{listed}\n{}", json!({"kind": "event", "document": supper}))).await;
        let secrets = ["900771", "960772", "960773", "960770", "960774", "960775", "960776", "960778", "960779", "Hopcroft"];
        search(&app, &secrets, false).await;
        let numbers = async || -> Vec<String> {
            let told = app.get(&format!("/services/{}", id("pantry"))).await.json();
            let lists = [&told["phones"], &told["service_at_locations"][0]["phones"], &told["organization"]["phones"]];
            lists.into_iter().flat_map(|list| list.as_array().cloned().unwrap_or_default()).map(|one| one["number"].as_str().unwrap().to_owned()).collect()
        };
        assert_eq!(numbers().await, ["01632 960799", "01632 960798"], "whose contact is public");
        // Whoever may say so lets the world see it, and so its numbers.
        for record in ["pantry", "marsh farm"] {
            app.edit(id(record), |document| for contact in document.contact_lists().into_iter().flatten() {
                contact.visibility = Some(fingerpost::model::Visibility::Public);
            }).await;
        }
        let told = numbers().await;
        assert_eq!(told, ["07700 900771", "01632 960772", "01632 960799", "01632 960775", "01632 960798", "01632 960774"]);
        let supper = app.get(&format!("/events/{}", id("supper"))).await.json();
        assert_eq!((supper["phones"].as_array().map(Vec::len), &supper["phones"][0]["number"]), (Some(1), &json!("01632 960779")));
    }
}

fact! {
    async fn what_history_says_is_not_told_to_everybody(app) {
        app.import(pantry().to_string()).await;
        let document = app.app().records.find(id("marsh farm")).await.unwrap().unwrap().read().unwrap();
        let caller = TestApp::person("a neighbour called Bluebell complained");
        let hidden = Draft { state: State::Unpublished, ..Draft::new(document) };
        app.app().records.save_now(&caller, vec![hidden], &fingerpost::records::LastModified::new()).await.unwrap();
        app.follow().await;
        search(&app, &["Bluebell"], false).await;
        assert_eq!(app.get(&format!("/services/{}", id("pantry"))).await.status, 410);
    }
}

fact! {
    async fn what_a_part_of_a_listing_said_before_is_told_to_nobody(app) {
        let changed = |name: &str, field: &str, value: &str| json!([{"id": id(name), "resource_id": id("pantry"), "resource_type": "phone", "field_name": field,
            "previous_value": value, "replacement_value": "as it is", "last_action_date": "2026-01-01", "last_action_type": "update", "updated_by": "Bluebell Quill"}]);
        let mut listed = pantry();
        listed["phones"][0]["metadata"] = changed("an older number", "number", "07700 900129");
        listed["contacts"][0]["metadata"] = changed("an older name", "name", "Primrose Fennel");
        listed["service_at_locations"][0]["location"]["addresses"][0]["metadata"] = changed("an older street", "address_1", "3 Cobnut Row");
        listed["organization"]["phones"] = json!([{"id": id("office"), "number": "01632 960124", "metadata": changed("an older office", "number", "01632 960666")}]);
        app.import(listed.to_string()).await;
        search(&app, &["Bluebell", "900129", "Primrose", "Cobnut", "960666"], false).await;
        let told = app.get(&format!("/services/{}", id("pantry"))).await.json();
        assert_eq!(told["phones"][0]["metadata"], json!([{"id": id("an older number"), "resource_id": id("pantry"), "resource_type": "phone",
            "field_name": "number", "last_action_date": "2026-01-01", "last_action_type": "update"}]));
    }
}

fact! {
    async fn erasing_a_contact_that_is_not_there_is_an_error(app) {
        app.import(pantry().to_string()).await;
        let tx = app.app().db.write().await.unwrap();
        let error = app.app().records.erase_contact(&tx, &TestApp::person("a request"), id("pantry"), id("nobody")).await.unwrap_err();
        assert!(error.to_string().contains("has never had, contact"), "{error}");
    }
}
