//! Pages of much: nobody loads more at once than a slow phone takes, and nothing is out of reach.

use serde_json::{Value, json};

use super::{
    id,
    search::{at, service},
};
use crate::support::{TestApp, fact};

/// The most that a page may weigh, in bytes.
const MOST: usize = 100_000;

/// What stands on all pages of an address, which go on by their links.
async fn pages(app: &TestApp, path: &str, name: &str, all: usize) -> usize {
    let mut next = Some(path.to_owned());
    let (mut found, mut number) = (Vec::new(), 0);
    while let Some(here) = next {
        let page = app.page(&here).await.text();
        assert!(page.len() < MOST, "{here}: {} bytes", page.len());
        let main = page.split("<main").nth(1).unwrap();
        found.extend((0..all).filter(|at| main.contains(&format!(">{name} {at}<"))));
        let link = main.split("<a href=\"").skip(1).find(|link| link.contains("rel=\"next\""));
        next = link.map(|link| link.split('"').next().unwrap().replace("&amp;", "&"));
        number += 1;
        assert!(number < 50, "it ends");
    }
    found.sort_unstable();
    assert_eq!(found, (0..all).collect::<Vec<_>>(), "each once: {path}");
    number
}

fact! {
    async fn a_service_in_two_hundred_places_is_no_heavier_than_a_slow_phone_takes(app) {
        let places: Vec<Value> =
            (0..200).map(|number| at(&number.to_string(), 51.88, -0.42, "LU1 2AA")["service_at_locations"][0].clone()).collect();
        app.take(&[service("Library desk", "Books and warmth.", json!({"service_at_locations": places}))]).await;
        let path = format!("/directory/services/{}", id("Library desk"));
        assert_eq!(pages(&app, &path, "Hall", 200).await, 10);
        let second = app.page(&format!("{path}?page=2")).await.text();
        assert!(second.contains("Page 2 of 10") && second.contains("Books and warmth."), "{second}");
        assert!(second.contains("Library desk (page 2 of 10)"), "tabs are told apart: {second}");
        assert_eq!(app.page(&format!("{path}?page=no")).await.status, 400);
    }
}

fact! {
    async fn everything_that_an_organisation_or_a_house_has_can_be_reached_from_its_page(app) {
        let house = at("of all", 51.88, -0.42, "LU1 2AA");
        let lines: Vec<String> = (0..130)
            .map(|number| {
                let mut here = house.clone();
                here["service_at_locations"][0]["id"] = json!(id(&format!("link {number}")));
                service(&format!("Club {number}"), &"We meet, talk and drink tea. ".repeat(8), here)
            })
            .collect();
        app.take(&lines).await;
        assert_eq!(pages(&app, &format!("/directory/organisations/{}", id("a group")), "Club", 130).await, 7);
        assert_eq!(pages(&app, &format!("/directory/places/{}", id("place of all")), "Club", 130).await, 7);
    }
}
