//! Lists of plain APIs that lie about their pages: they are read as far as they make sense, and nothing goes because of
//! what they do not say.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use fingerpost::federation::{
    neighbours::New,
    peers::{Outcome, Peer, PeerKind, Report, Trust},
};
use serde_json::{Value, json};

use super::crawls::{asked, is_list, modern};
use crate::support::{
    network::{self, Node, fact_between},
    peer::{HostilePeer, Reply, Seen},
};

/// Follow a plain API.
async fn crawls(here: &Node, server: &HostilePeer) -> Peer {
    let licence = Some("https://creativecommons.org/licenses/by/4.0/".to_owned());
    let new = New { licence, ..network::new(&server.url("/api"), Trust::Auto) };
    let peer = here.harvester().add_peer(new).await.unwrap();
    assert_eq!(peer.kind, PeerKind::Oruk3, "found out by asking");
    server.lately();
    peer
}

/// The pages of the list that were asked for since a test last looked, in order.
fn pages(server: &HostilePeer) -> Vec<String> {
    let lists = server.lately().into_iter().filter_map(|path| path.strip_prefix("/api/services?page=").map(str::to_owned));
    lists.map(|rest| rest.split('&').next().unwrap().to_owned()).collect()
}

/// The list gives itself away: what came before that stays, whether or not it goes on lying.
async fn is_found_out(here: &Node, server: &HostilePeer, peer: &Peer, asked: &[&str], services: usize) {
    let found_out = |report: &Report| {
        let code = report.error.as_ref().map(|trouble| trouble.code.as_str());
        assert_eq!(
            (report.outcome, code, report.deleted, report.held_deletes),
            (Outcome::Failed, Some("same-page"), 0, 0),
            "{report:?}"
        );
    };
    found_out(&here.pull(peer).await);
    assert_eq!((pages(server), here.services().await.len()), (asked.iter().map(|page| (*page).to_owned()).collect(), services));
    let stood = here.state(peer).await;
    for failures in 2..=4 {
        found_out(&here.pull(peer).await);
        // It looks as it did, so nothing of it is fetched: what robots may do, and the list again.
        let again = ["/robots.txt".to_owned()].into_iter();
        let again = again.chain(asked.iter().map(|page| format!("/api/services?page={page}&per_page=50&source=own")));
        assert_eq!(server.lately(), again.collect::<Vec<_>>());
        assert_eq!(here.state(peer).await, stood);
        let now = here.peer(peer).await;
        assert_eq!((now.failures, now.cursor.pages), (failures, None), "the next crawl begins anew");
        assert!((10..=21_600).contains(&(now.next_due_at - here.app.clock.now()).num_seconds()));
    }
}

/// Whether a server lies already.
#[derive(Clone, Default)]
struct Lies(Arc<AtomicBool>);

impl Lies {
    fn begin(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    fn end(&self) {
        self.0.store(false, Ordering::SeqCst);
    }

    fn is(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }

    /// A server of 120 services that does this while it lies, and is honest before and after that.
    async fn server(self, lying: fn(&Seen) -> Reply) -> (HostilePeer, Self) {
        self.server_of(|seen| modern(seen, |_, _| {}), lying).await
    }

    /// A server that is like this, and like that while it lies.
    async fn server_of(self, honest: fn(&Seen) -> Reply, lying: fn(&Seen) -> Reply) -> (HostilePeer, Self) {
        let lies = self.clone();
        (HostilePeer::start(move |seen| if lies.is() { lying(seen) } else { honest(seen) }).await, self)
    }

    async fn from_the_beginning(lying: fn(&Seen) -> Reply) -> (HostilePeer, Self) {
        let lies = Self::default();
        lies.begin();
        lies.server(lying).await
    }
}

/// Give another page than the one that was asked for.
fn turned(seen: &Seen, to: impl Fn(u64) -> u64, change: impl Fn(u64, &mut Value)) -> Reply {
    let mut turned = seen.clone();
    if let Some(page) = asked(seen, "page").filter(|_| is_list(seen)) {
        turned.path = format!("/api/services?page={}", to(page));
    }
    modern(&turned, change)
}

/// The first page whatever is asked, of a thousand by its word.
fn always_the_first(seen: &Seen) -> Reply {
    turned(
        seen,
        |_| 1,
        |_, answer| {
            answer["total_pages"] = json!(1_000);
            answer["last_page"] = json!(false);
        },
    )
}

/// Page 3 is page 1 again, page 4 is page 2, and none is the last.
fn goes_round(seen: &Seen) -> Reply {
    turned(seen, |page| (page - 1) % 2 + 1, |_, answer| answer["last_page"] = json!(false))
}

/// Say how many pages there are, and nothing of which is the last.
fn names_pages(seen: &Seen, pages: u64, items: u64) -> Reply {
    modern(seen, |_, answer| {
        answer.as_object_mut().unwrap().remove("last_page");
        answer["total_pages"] = json!(pages);
        answer["total_items"] = json!(items);
    })
}

/// The first page is number 0.
fn from_0(seen: &Seen) -> Reply {
    turned(seen, |page| page + 1, |_, _| {})
}

/// The same, and nothing says of a page whether it is the first.
fn from_0_unsaid(seen: &Seen) -> Reply {
    turned(seen, |page| page + 1, |_, answer| drop(answer.as_object_mut().unwrap().remove("first_page")))
}

fact_between! {
    async fn case_36_a_server_that_gives_the_same_page_again_and_again_is_found_out(
        here = |on| Node::start(on, "Here");
        lying = Lies::from_the_beginning(always_the_first)
    ) {
        let (server, lies) = lying;
        let peer = crawls(&here, &server).await;
        is_found_out(&here, &server, &peer, &["1", "2"], 50).await;
        assert!(here.advice(&peer).await.ends_with("Tell them: only they can put that right."), "{}", here.advice(&peer).await);
        lies.end();
        assert_eq!((here.pull(&peer).await.outcome, here.services().await.len()), (Outcome::Ok, 120));
    }
}

fact_between! {
    async fn case_36_a_server_whose_pages_go_round_is_found_out(
        here = |on| Node::start(on, "Here");
        lying = Lies::from_the_beginning(goes_round)
    ) {
        let (server, lies) = lying;
        let peer = crawls(&here, &server).await;
        is_found_out(&here, &server, &peer, &["1", "2", "3"], 100).await;
        lies.end();
        assert_eq!((here.pull(&peer).await.outcome, here.services().await.len()), (Outcome::Ok, 120));
    }
}

/// A server of which everything is here begins to lie: it is read without complaint, so often that what is gone would go,
/// and nothing does; `told` is how often each time it is told that the list was not whole.
async fn loses_nothing(here: &Node, server: &HostilePeer, lies: &Lies, asked: &[&str], told: Option<&u64>) {
    let peer = crawls(here, server).await;
    assert_eq!((here.pull(&peer).await.outcome, here.services().await.len()), (Outcome::Ok, 120));
    let before = here.state(&peer).await;
    lies.begin();
    server.lately();
    for _ in 0..4 {
        let report = here.pull(&peer).await;
        assert_eq!((report.outcome, report.deleted, report.held_deletes, report.created), (Outcome::Ok, 0, 0, 0), "{report:?}");
        assert_eq!(report.left_out.get("not-whole"), told, "{report:?}");
        assert_eq!(pages(server), asked);
        assert_eq!(here.state(&peer).await, before);
    }
    let advice = here.advice(&peer).await;
    assert_eq!(advice.contains("could not be recognised, and stay here"), told.is_some(), "{advice}");
    lies.end();
    let report = here.pull(&peer).await;
    assert_eq!((report.outcome, report.left_out.get("not-whole"), report.deleted), (Outcome::Ok, None, 0), "{report:?}");
    assert_eq!(here.state(&peer).await, before);
}

fact_between! {
    async fn case_36_a_server_that_names_more_pages_than_it_has_is_read_to_the_first_empty_one_and_nothing_goes(
        here = |on| Node::start(on, "Here");
        lying = Lies::default().server(|seen| names_pages(seen, 1_000, 5_000))
    ) {
        let (server, lies) = lying;
        loses_nothing(&here, &server, &lies, &["1", "2", "3", "4"], Some(&1)).await;
    }
}

/// Its first page is all that it has, by its word.
fn names_fewer(seen: &Seen) -> Reply {
    modern(seen, |_, answer| {
        answer["total_items"] = json!(50);
        answer["total_pages"] = json!(1);
        answer["last_page"] = json!(true);
    })
}

fact_between! {
    async fn case_36_a_server_that_names_fewer_records_than_it_has_loses_none_that_it_still_answers_for(
        here = |on| Node::start(on, "Here");
        lying = Lies::default().server(names_fewer)
    ) {
        let (server, lies) = lying;
        loses_nothing(&here, &server, &lies, &["1"], None).await;
    }
}

/// A server of which nothing is here yet is read to its end, as often as it is read; `told` is how often it is told that
/// the list was not whole.
async fn has_everything(here: &Node, server: &HostilePeer, asked: &[&str], told: Option<&u64>) {
    let peer = crawls(here, server).await;
    for _ in 0..2 {
        let report = here.pull(&peer).await;
        assert_eq!((report.outcome, report.deleted, report.quarantined), (Outcome::Ok, 0, 0), "{report:?}");
        assert_eq!((here.services().await.len(), report.left_out.get("not-whole")), (120, told), "{report:?}");
        assert_eq!(pages(server), asked);
    }
}

/// Every page is the last one by its word.
fn always_the_last(seen: &Seen) -> Reply {
    modern(seen, |_, answer| answer["last_page"] = json!(true))
}

/// Say how many there are, and of no page whether it is the last one.
fn says_only_how_many(seen: &Seen) -> Reply {
    modern(seen, |_, answer| {
        for name in ["first_page", "last_page", "total_pages"] {
            answer.as_object_mut().unwrap().remove(name);
        }
    })
}

/// The same, and nothing is there behind the last page.
fn has_nothing_behind_its_last(seen: &Seen) -> Reply {
    if is_list(seen) && asked(seen, "page") > Some(3) { Reply::status(404) } else { says_only_how_many(seen) }
}

/// The same, and behind the last page it begins again.
fn begins_again(seen: &Seen) -> Reply {
    let mut turned = seen.clone();
    if let Some(page) = asked(seen, "page").filter(|_| is_list(seen)) {
        turned.path = format!("/api/services?page={}", (page - 1) % 3 + 1);
    }
    says_only_how_many(&turned)
}

/// Write numbers and flags as text.
fn writes_text(seen: &Seen) -> Reply {
    modern(seen, |_, answer| {
        for name in ["total_items", "total_pages", "page_number", "first_page", "last_page"] {
            answer[name] = json!(answer[name].to_string());
        }
    })
}

/// Each service of a list, whole.
fn in_full(answer: &mut Value) {
    for item in answer["contents"].as_array_mut().unwrap() {
        item["status"] = json!("active");
        item["description"] = json!("A club.");
        item["organization"] = json!({"id": "7", "name": "Holder", "description": "Holds clubs."});
    }
}

/// Lists without an envelope.
fn has_no_envelope(seen: &Seen) -> Reply {
    modern(seen, |_, answer| {
        in_full(answer);
        *answer = answer["contents"].take();
    })
}

/// Services stand in the list, and none has an address of its own.
fn has_only_a_list(seen: &Seen) -> Reply {
    if is_list(seen) { modern(seen, |_, answer| in_full(answer)) } else { Reply::status(404) }
}

fact_between! {
    async fn case_36_a_server_that_names_fewer_pages_than_it_has_is_read_until_everything_was_met(
        here = |on| Node::start(on, "Here");
        lying = Lies::from_the_beginning(|seen| names_pages(seen, 1, 120))
    ) {
        has_everything(&here, &lying.0, &["1", "2", "3"], None).await;
    }
}

fact_between! {
    async fn case_36_a_server_that_calls_each_page_its_last_is_read_until_everything_was_met(
        here = |on| Node::start(on, "Here");
        lying = Lies::from_the_beginning(always_the_last)
    ) {
        has_everything(&here, &lying.0, &["1", "2", "3"], None).await;
    }
}

fact_between! {
    async fn case_36_a_server_that_counts_from_0_where_it_should_not_is_read_from_there(
        here = |on| Node::start(on, "Here");
        lying = Lies::from_the_beginning(from_0)
    ) {
        has_everything(&here, &lying.0, &["1", "0", "1", "2"], None).await;
    }
}

fact_between! {
    async fn case_36_a_server_that_counts_from_0_and_does_not_say_so_is_asked_for_what_is_missing(
        here = |on| Node::start(on, "Here");
        lying = Lies::from_the_beginning(from_0_unsaid)
    ) {
        has_everything(&here, &lying.0, &["1", "2", "3", "0"], None).await;
    }
}

fact_between! {
    async fn a_server_that_has_no_page_behind_its_last_one_is_read_to_its_end(
        here = |on| Node::start(on, "Here");
        lying = Lies::from_the_beginning(has_nothing_behind_its_last)
    ) {
        has_everything(&here, &lying.0, &["1", "2", "3", "4"], None).await;
    }
}

fact_between! {
    async fn a_server_that_begins_again_behind_its_last_page_is_read_once(
        here = |on| Node::start(on, "Here");
        lying = Lies::from_the_beginning(begins_again)
    ) {
        has_everything(&here, &lying.0, &["1", "2", "3", "4"], None).await;
    }
}

fact_between! {
    async fn a_server_that_writes_its_numbers_as_text_is_understood(
        here = |on| Node::start(on, "Here");
        lying = Lies::from_the_beginning(writes_text)
    ) {
        has_everything(&here, &lying.0, &["1", "2", "3"], None).await;
    }
}

fact_between! {
    async fn lists_without_an_envelope_are_read_and_nothing_goes_because_of_them(
        here = |on| Node::start(on, "Here");
        lying = Lies::from_the_beginning(has_no_envelope)
    ) {
        has_everything(&here, &lying.0, &["1", "2", "3", "4"], Some(&1)).await;
    }
}

fact_between! {
    async fn services_that_only_a_list_tells_are_taken_from_there(
        here = |on| Node::start(on, "Here");
        lying = Lies::from_the_beginning(has_only_a_list)
    ) {
        has_everything(&here, &lying.0, &["1", "2", "3"], None).await;
    }
}

/// How many services a server has that gives all of them on one page, and how long what it says of each there is.
const ON_ONE_PAGE: (u64, usize) = (1_050, 8_400);

/// Everything on one page, whatever is asked for: more than the standard's pages hold, and more bytes than a page of a
/// feed may have. `gone` is one that it does not have any more.
fn gives_everything(seen: &Seen, gone: u64) -> Reply {
    let (many, long) = ON_ONE_PAGE;
    if !is_list(seen) {
        return if seen.path.ends_with(&format!("/service-{gone}")) { Reply::status(404) } else { modern(seen, |_, _| {}) };
    }
    let words = "words ".repeat(long / 6);
    let items: Vec<Value> = (0..many)
        .filter(|number| *number != gone)
        .map(|number| json!({"id": format!("service-{number}"), "name": format!("Club {number}"), "description": words}))
        .collect();
    let answer = json!({
        "total_items": items.len(), "total_pages": 1, "page_number": 1, "size": items.len(), "first_page": true, "last_page": true,
        "empty": false, "contents": items
    });
    Reply::json(answer.to_string())
}

/// How many services can be seen here.
async fn how_many(here: &Node) -> Value {
    here.app.get("/services?per_page=1").await.json()["total_items"].take()
}

fact_between! {
    async fn a_server_that_gives_everything_on_one_page_is_followed_whatever_it_is_asked_for(
        here = |on| Node::start(on, "Here");
        server = HostilePeer::start(|seen| gives_everything(seen, u64::MAX))
    ) {
        let peer = crawls(&here, &server).await;
        let report = here.pull(&peer).await;
        assert_eq!((report.outcome, report.quarantined, report.left_out.get("not-whole")), (Outcome::Ok, 0, None), "{report:?}");
        assert_eq!((report.created, how_many(&here).await), (1_050, json!(1_050)), "{report:?}");
        assert!(report.bytes > 8 << 20, "the page alone is larger than one of a feed may be: {report:?}");
        assert_eq!(pages(&server), ["1"]);
        // Nothing has changed: the page is read, and nothing is fetched.
        let report = here.pull(&peer).await;
        assert_eq!((report.outcome, report.created + report.updated + report.deleted), (Outcome::Ok, 0), "{report:?}");
        assert_eq!(server.paths().iter().filter(|path| path.starts_with("/api/services/")).count(), 1_050);
        assert_eq!(pages(&server), ["1"]);
    }
}

fact_between! {
    async fn a_service_that_a_list_of_one_long_page_does_not_have_any_more_goes_after_two_readings(
        here = |on| Node::start(on, "Here");
        lying = Lies::default().server_of(|seen| gives_everything(seen, u64::MAX), |seen| gives_everything(seen, 1_049))
    ) {
        let (server, lies) = lying;
        let peer = crawls(&here, &server).await;
        assert_eq!((here.pull(&peer).await.outcome, how_many(&here).await), (Outcome::Ok, json!(1_050)));
        lies.begin();
        let (first, second) = (here.pull(&peer).await, here.pull(&peer).await);
        assert_eq!((first.deleted, second.deleted, how_many(&here).await), (0, 1, json!(1_049)), "{first:?} {second:?}");
    }
}

/// The same as [`gives_everything`], and after so many services it asks once to be left alone.
fn asks_to_wait_once() -> impl Fn(&Seen) -> Reply + Send + Sync + 'static {
    let waited = AtomicBool::new(false);
    move |seen: &Seen| {
        if seen.path.ends_with("/service-1020") && !waited.swap(true, Ordering::SeqCst) {
            return Reply::status(429).with("retry-after", "60");
        }
        gives_everything(seen, u64::MAX)
    }
}

fact_between! {
    async fn a_long_page_that_breaks_off_is_gone_on_with_and_nothing_of_it_is_fetched_twice(
        here = |on| Node::start(on, "Here");
        server = HostilePeer::start(asks_to_wait_once())
    ) {
        let peer = crawls(&here, &server).await;
        let report = here.pull(&peer).await;
        let code = report.error.as_ref().map(|trouble| trouble.code.as_str());
        assert_eq!((report.outcome, code, how_many(&here).await), (Outcome::Failed, Some("too-many-requests"), json!(1_020)), "{report:?}");
        let report = here.pull(&peer).await;
        assert_eq!((report.outcome, how_many(&here).await), (Outcome::Ok, json!(1_050)), "{report:?}");
        assert_eq!(pages(&server), ["1", "1"]);
        let mut asked: Vec<String> = server.paths().into_iter().filter(|path| path.starts_with("/api/services/")).collect();
        let requests = asked.len();
        asked.sort_unstable();
        asked.dedup();
        // The one that was refused, and perhaps the one that was on its way beside it.
        assert!(asked.len() == 1_050 && requests <= 1_052, "{requests}");
    }
}

/// A list of more records than a directory has.
fn gives_too_many(seen: &Seen) -> Reply {
    if is_list(seen) { Reply::json(format!("{{\"contents\": [{}0]}}", "0,".repeat(50_000))) } else { Reply::status(404) }
}

fact_between! {
    async fn a_page_of_more_records_than_can_be_a_directory_is_refused(
        here = |on| Node::start(on, "Here");
        lying = Lies::default().server(gives_too_many)
    ) {
        let (server, lies) = lying;
        let peer = crawls(&here, &server).await;
        assert_eq!((here.pull(&peer).await.outcome, here.services().await.len()), (Outcome::Ok, 120));
        let before = here.state(&peer).await;
        lies.begin();
        server.lately();
        let report = here.pull(&peer).await;
        assert_eq!(server.lately(), ["/robots.txt", "/api/services?page=1&per_page=50&source=own"], "none of its records is fetched");
        let said = report.error.as_ref().map(|trouble| (trouble.code.as_str(), trouble.detail.contains("50001 records on one page")));
        assert_eq!((report.outcome, said), (Outcome::Failed, Some(("bad-page", true))), "{report:?}");
        assert_eq!(here.state(&peer).await, before);
    }
}

/// One record of the list is far larger than any that is taken; by itself it is not.
fn has_one_giant(seen: &Seen) -> Reply {
    modern(seen, |page, answer| {
        if page == 2 {
            answer["contents"][7]["description"] = json!("x".repeat(2 << 20));
        }
    })
}

fact_between! {
    async fn a_record_that_is_too_large_in_the_list_is_fetched_by_itself(
        here = |on| Node::start(on, "Here");
        lying = Lies::from_the_beginning(has_one_giant)
    ) {
        has_everything(&here, &lying.0, &["1", "2", "3"], None).await;
    }
}

/// Two records of the list have no id.
fn has_two_without_ids(seen: &Seen) -> Reply {
    modern(seen, |page, answer| {
        if page == 2 {
            for at in [7, 8] {
                answer["contents"][at]["id"] = json!(null);
            }
        }
    })
}

fact_between! {
    async fn records_without_ids_are_left_out_and_the_others_come(
        here = |on| Node::start(on, "Here");
        server = HostilePeer::start(has_two_without_ids)
    ) {
        let peer = crawls(&here, &server).await;
        let report = here.pull(&peer).await;
        assert_eq!((report.outcome, how_many(&here).await), (Outcome::Ok, json!(118)), "{report:?}");
        assert_eq!(here.quarantine(&peer).await, [("bad-item".to_owned(), 1)], "they cannot be told apart");
    }
}

/// Refuse a parameter that is not in the standard.
fn refuses_what_it_does_not_know(seen: &Seen) -> Reply {
    if is_list(seen) && seen.path.contains("source=") { Reply::status(400) } else { modern(seen, |_, _| {}) }
}

fact_between! {
    async fn a_server_that_refuses_what_it_does_not_know_is_asked_without_it(
        here = |on| Node::start(on, "Here");
        lying = Lies::from_the_beginning(refuses_what_it_does_not_know)
    ) {
        has_everything(&here, &lying.0, &["1", "1", "2", "2", "3", "3"], None).await;
    }
}
