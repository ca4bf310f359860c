//! Reading whatever may come as a page, for the fuzzer and for property tests.

use std::collections::HashMap;

use chrono::DateTime;
use url::Url;

use super::{
    super::peers::Peer,
    admit::{Gate, Verdict},
    page,
};
use crate::outbound::Answer;

/// Read a page as one of a peer, judge every item, keep nothing.
/// Gives how many would be taken, and how many not; none for a page that is refused as a whole.
pub fn read_anything(bytes: &[u8]) -> (usize, usize) {
    let url: Url = "https://peer.example.org/federation/v1/changes".parse().expect("a constant address");
    let peer = Peer::unknown(&url);
    let headers = http::HeaderMap::from_iter([(http::header::CONTENT_TYPE, http::HeaderValue::from_static("application/json"))]);
    let wire_bytes = bytes.len() as u64;
    let answer = Answer { status: 200, headers, body: bytes.to_vec(), wire_bytes, url: url.clone(), redirected: false };
    let items = page::items_of(&peer, &url, &answer);
    let (known, shared) = (HashMap::new(), HashMap::new());
    let gate = Gate {
        peer: &peer,
        here: "https://here.example.org/",
        now: DateTime::UNIX_EPOCH,
        crawl: 0,
        known: &known,
        shared: &shared,
        places: &HashMap::new(),
        areas: &HashMap::new(),
        through: None,
    };
    let judged = items.into_iter().map(|item| gate.judge(item));
    let (taken, left): (Vec<_>, Vec<_>) = judged.partition(|verdict| matches!(verdict, Verdict::Take { .. }));
    (taken.len(), left.len())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    /// A page as it should be.
    fn page() -> Value {
        json!({
            "items": [
                {"state": "updated", "kind": "service", "id": "a", "modified": 1, "data": {
                    "id": "a", "name": "Pantry", "status": "active", "description": "Food.",
                    "organization": {"id": "o", "name": "Holder", "description": "x"},
                    "schedules": [{"id": "s", "freq": "WEEKLY", "byday": "TU", "opens_at": "10:00"}],
                }},
                {"state": "deleted", "kind": "event", "id": "b", "modified": 2},
                {"state": "updated", "kind": "organization", "id": "o", "modified": 3, "data": {"id": "o", "name": "Holder"}},
            ],
            "next": "https://peer.example.org/federation/v1/changes?afterChangeNumber=3",
            "license": "x",
        })
    }

    /// Every value below `value`, as a path to it.
    fn places(value: &Value, path: &str, found: &mut Vec<String>) {
        found.push(path.to_owned());
        match value {
            Value::Object(members) => {
                members.iter().for_each(|(name, member)| places(member, &format!("{path}/{name}"), found));
            }
            Value::Array(items) => {
                items.iter().enumerate().for_each(|(at, item)| places(item, &format!("{path}/{at}"), found));
            }
            _ => {}
        }
    }

    /// What may stand where something else should.
    fn anything() -> impl Strategy<Value = Value> {
        prop_oneof![
            Just(Value::Null),
            Just(json!([])),
            Just(json!({})),
            Just(json!([[{"id": "a"}]])),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            ".{0,12}".prop_map(Value::from),
            Just(Value::from("x".repeat(70_000))),
            Just(json!("a\u{0}b\u{202e}")),
        ]
    }

    proptest::proptest! {
        /// Pages that are JSON, and nearly right: a value here and there is another one. The judge sees them.
        #[test]
        fn no_page_makes_it_panic(changes in proptest::collection::vec((any::<prop::sample::Index>(), anything()), 0..4)) {
            let mut page = page();
            let changed = changes.len();
            for (at, other) in changes {
                let mut found = Vec::new();
                places(&page, "", &mut found);
                if let Some(there) = page.pointer_mut(&found[at.index(found.len())]) {
                    *there = other;
                }
            }
            let (taken, left) = read_anything(page.to_string().as_bytes());
            prop_assert!(changed > 0 || (taken, left) == (2, 1), "{taken} taken, {left} left");
        }

        /// The same with bytes that are another, so that most are no JSON.
        #[test]
        fn no_bytes_make_it_panic(changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4)) {
            let mut bytes = page().to_string().into_bytes();
            for (at, byte) in changes {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
            read_anything(&bytes);
        }
    }

    #[test]
    fn a_page_as_it_should_be_is_taken() {
        let page =
            br#"{"items":[{"state":"updated","kind":"organization","id":"o","modified":3,"data":{"id":"o","name":"Holder"}},
            {"state":"updated","kind":"nonsense","id":"n","modified":4,"data":{}}],
            "next":"https://peer.example.org/federation/v1/changes?afterChangeNumber=4","license":"x"}"#;
        assert_eq!(read_anything(page), (1, 1));
        assert_eq!(read_anything(b"[]"), (0, 0));
    }

    #[test]
    fn an_item_that_has_far_too_much_beside_its_data_is_not_taken() {
        let with = |long: usize| {
            let note = "x".repeat(long);
            let item = json!({
                "state": "updated", "kind": "organization", "id": "o", "modified": 3, "data": {"id": "o", "name": "Holder"}, "note": note
            });
            let next = "https://peer.example.org/federation/v1/changes?afterChangeNumber=3";
            read_anything(json!({"items": [item], "next": next, "license": "x"}).to_string().as_bytes())
        };
        assert_eq!((with(60_000), with(66_000)), ((1, 0), (0, 1)));
    }
}
