//! What goes with a peer that is removed, and what others need of it.

use fingerpost::{federation::peers::Trust, ids, model::Kind};
use serde_json::{Value, json};

use super::super::{id, pantry};
use crate::support::{
    liar::{self, Liar},
    network::{Node, fact_between, fact_of_two},
};

const FOOD: &str = "https://vocabulary.example.org/food";

/// A service whose category, with the list that it is on, has an address.
fn larder() -> Value {
    let mut service = pantry();
    let term = &mut service["attributes"][0]["taxonomy_term"];
    term["term_uri"] = json!(FOOD);
    term["taxonomy_detail"]["uri"] = json!("https://vocabulary.example.org/");
    service
}

fact_of_two! {
    async fn a_term_with_an_address_goes_with_the_peer_that_brought_it_unless_something_here_uses_it(luton, beds) {
        luton.app.import(larder().to_string()).await;
        let empty = beds.everything().await;
        let peer = beds.follows(&luton.url, Trust::Auto).await;
        assert_eq!(beds.pull(&peer).await.created, 5);
        assert_eq!(beds.harvester().remove_peer("Luton").await.unwrap(), 5);
        beds.app.follow().await;
        assert_eq!(beds.everything().await, empty, "nothing else used it");

        // It comes again, and then a listing of our own is under it.
        let peer = beds.follows(&luton.url, Trust::Auto).await;
        beds.pull(&peer).await;
        let food = ids::from_uri(FOOD);
        let mut ours = pantry();
        ours["name"] = json!("Ours");
        ours["attributes"][0] = json!({"id": id("our need"), "link_entity": "service", "taxonomy_term_id": food});
        beds.app.import(ours.to_string()).await;
        let with_it = format!("/services?taxonomy_term_id={food}");
        assert_eq!(beds.app.ids(&with_it).await.len(), 2);
        assert_eq!(beds.harvester().remove_peer("Luton").await.unwrap(), 3, "neither the term nor the list that it is on");
        beds.app.follow().await;
        assert_eq!((beds.services().await, beds.app.ids(&with_it).await), (vec!["Ours".to_owned()], vec![id("pantry").to_string()]));
        let term = beds.app.get(&format!("/taxonomy_terms/{food}?full=true")).await.json();
        assert_eq!((&term["term_uri"], &term["taxonomy_detail"]["name"]), (&json!(FOOD), &json!("Needs")), "{term}");
    }
}

/// Tell a term under this address, by an id of one's own.
fn tell_food(liar: &Liar, name: &str) {
    let data = json!({"id": liar::id(name), "code": "food", "name": "Food", "description": "Food for less.", "term_uri": FOOD});
    liar.tell(Kind::TaxonomyTerm, liar::id(name), Some(data));
}

fact_between! {
    async fn a_term_that_another_peer_tells_as_well_stays_until_that_one_goes_too(
        here = |on| Node::start(on, "Here");
        one = Liar::start(),
        other = Liar::start()
    ) {
        tell_food(&one, "food of one");
        tell_food(&other, "food of the other");
        let (of_one, of_other) = (here.follows(&one.url(), Trust::Auto).await, here.follows(&other.url(), Trust::Auto).await);
        here.pull(&of_one).await;
        here.pull(&of_other).await;
        let food = ids::from_uri(FOOD).to_string();
        assert_eq!(here.app.ids("/taxonomy_terms").await, std::slice::from_ref(&food));
        assert_eq!(here.harvester().remove_peer(&of_one.id.to_string()).await.unwrap(), 0);
        here.app.follow().await;
        assert_eq!(here.app.ids("/taxonomy_terms").await, [food], "nobody knows whether it is the same as what the other tells");
        assert_eq!(here.harvester().remove_peer(&of_other.id.to_string()).await.unwrap(), 1);
        here.app.follow().await;
        assert_eq!(here.app.ids("/taxonomy_terms").await, Vec::<String>::new());
    }
}
