//! A list to take along: made by ticking, kept nowhere.

use fingerpost::published::render::projected_service_id;
use http::Method;

use super::{evening, id, pantry, refuge};
use crate::support::{Answer, TestApp, fact};

async fn send(app: &TestApp, path: &str, body: &str) -> Answer {
    app.ask(Method::POST, path, &[("content-type", "application/x-www-form-urlencoded")], body).await
}

async fn with_two(app: &TestApp) {
    app.import(format!("{}\n{}\n", pantry(), refuge())).await;
    app.follow().await;
}

fact! {
    async fn what_is_ticked_among_results_becomes_a_list_to_print_and_send(app) {
        with_two(&app).await;
        let results = send(&app, "/directory/search", "q=larder").await.text();
        let tick = format!("name=\"keep\" value=\"{}\" form=\"shortlist\"", id("pantry"));
        assert!(results.contains(&tick), "{results}");
        let answer = send(&app, "/directory/shortlist", &format!("keep={}&q=larder", id("pantry"))).await;
        let text = answer.text();
        assert_eq!(answer.header("cache-control"), "no-store");
        for part in ["Meadow larder", "01632 960123", "Go back to the results", "name=\"q\" value=\"larder\"", "sms:?&amp;body=Places%20to%20ask"] {
            assert!(text.contains(part), "{part}: {text}");
        }
        let link = format!("value=\"https://directory.luton.example.org/directory/shortlist#{}\"", id("pantry"));
        assert!(text.contains(&link), "the link says which listing it is, behind #: {text}");
        assert!(text.contains("<title>Your list"), "{text}");

        let back = send(&app, "/directory/search", &format!("keep={}&q=larder", id("pantry"))).await.text();
        assert!(back.contains(&format!("{tick} checked")), "what was ticked stays ticked: {back}");
        let other = send(&app, "/directory/search", &format!("keep={}&q=larder", id("refuge"))).await.text();
        assert!(other.contains(&format!("type=\"hidden\" name=\"keep\" value=\"{}\"", id("refuge"))), "{other}");
    }
}

fact! {
    async fn a_list_for_somebody_else_says_so_and_a_listing_is_taken_off_again(app) {
        with_two(&app).await;
        let both = format!("keep={}&keep={}", id("pantry"), id("refuge"));
        let theirs = send(&app, "/directory/shortlist", &format!("{both}&helper=yes")).await.text();
        assert!(theirs.contains("Their list") && theirs.contains("Here%20are%20places%20that%20may%20help%20you"), "{theirs}");
        assert!(!theirs.contains("Hidden"), "{theirs}");
        let one = send(&app, "/directory/shortlist", &format!("{both}&drop={}", id("refuge"))).await.text();
        assert!(one.contains("Meadow larder") && !one.contains("Rowan House"), "{one}");
        app.withdraw(id("pantry"), "closed").await;
        app.follow().await;
        let gone = send(&app, "/directory/shortlist", &both).await.text();
        assert!(gone.contains("1 listing is no longer here") && gone.contains("Rowan House"), "{gone}");
    }
}

fact! {
    async fn what_others_had_better_not_see_is_in_no_message_and_no_link_and_the_list_says_so(app) {
        with_two(&app).await;
        let both = format!("keep={}&keep={}", id("pantry"), id("refuge"));
        let list = send(&app, "/directory/shortlist", &both).await.text();
        assert!(list.contains("Rowan House") && list.contains("1 place is left out:"), "{list}");
        assert!(list.contains(&format!("/directory/shortlist#{}\"", id("pantry"))) && list.contains("The private ones are not in the link."), "{list}");
        let private = send(&app, "/directory/shortlist", &format!("keep={}", id("refuge"))).await.text();
        assert!(private.contains("1 place is left out:"), "{private}");
        assert!(!private.contains("sms:") && !private.contains("mailto:") && !private.contains("shortlist#"), "there is nothing to send: {private}");
        let open = send(&app, "/directory/shortlist", &format!("keep={}", id("pantry"))).await.text();
        assert!(!open.contains("left out:") && !open.contains("The private ones"), "{open}");
    }
}

fact! {
    async fn what_one_place_alone_says_that_others_had_better_not_see_is_in_no_message_either(app) {
        let mut one = pantry();
        one["service_at_locations"][0]["attributes"] = serde_json::json!([{"id": id("here"), "link_entity": "service_at_location", "taxonomy_term": {
            "id": id("gambling"), "code": "health-gambling", "name": "Gambling harm", "description": "Support to stop.",
        }}]);
        app.import(one.to_string()).await;
        let list = send(&app, "/directory/shortlist", &format!("keep={}", id("pantry"))).await.text();
        assert!(list.contains("Meadow larder") && list.contains("1 place is left out:"), "{list}");
        assert!(!list.contains("sms:") && !list.contains("shortlist#"), "{list}");
    }
}

fact! {
    async fn an_event_of_a_quiet_service_is_in_no_message_either(app) {
        with_two(&app).await;
        app.import(format!("{}\n", evening())).await;
        app.follow().await;
        let list = send(&app, "/directory/shortlist", &format!("keep={}", projected_service_id(id("evening")))).await.text();
        assert!(list.contains("Evening for you") && list.contains("1 place is left out:"), "{list}");
        assert!(!list.contains("sms:") && !list.contains("mailto:") && !list.contains("shortlist#"), "{list}");
    }
}

fact! {
    async fn what_is_no_id_is_no_listing_and_a_list_has_an_end(app) {
        with_two(&app).await;
        let many: Vec<String> = (0..60).map(|number| format!("keep={}&", id(&format!("nothing {number}")))).collect();
        let many = many.concat();
        let answer = send(&app, "/directory/shortlist", &format!("{many}keep=%3Cscript%3E")).await;
        assert_eq!(answer.status, 200);
        assert!(answer.text().contains("40 listings are no longer here") && !answer.text().contains("<script>"), "{}", answer.text());
        assert!(app.page("/directory/shortlist").await.text().contains("nothing on your list yet"));
    }
}
