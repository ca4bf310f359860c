//! An aggregator passes on what other directories have signed, as they signed it. Only what is shown here
//! whole is passed on: what we hide, tell less of, or may not show, we do not let others have from us either.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::{
    Outlet,
    changes::write_item,
    protocol::{Hop, MOST_HOPS},
};
use crate::{
    clock,
    model::provenance,
    published::evidence::{Evidence, Row},
    signing::{self, Listed},
};

/// Stands before a hop that is signed.
const VIA: &[u8] = b"open-directory-via-v1\n";
/// Members that are no content: ids are others here, and when we changed something is our own affair.
const NO_CONTENT: [&str; 3] = ["id", provenance::MEMBER, "last_modified"];

/// Write an item of the feed of everything.
pub(super) fn write(outlet: &Outlet, epoch: &str, row: &Row, body: &mut Vec<u8>) {
    let Some(evidence) = &row.evidence else { return write_item(&row.row, body) };
    let said = passed_on(row, evidence);
    let signature = said.as_ref().map_or("", |(statement, _)| statement["sig"].as_str().unwrap_or_default());
    let mut via: Vec<Value> = serde_json::from_str(&evidence.via).unwrap_or_default();
    via.push(outlet.hop(epoch, row, evidence, signature));
    let (state, data) = match &said {
        Some((_, Some(data))) => ("updated", Some(*data)),
        _ => ("deleted", None),
    };
    let row = &row.row;
    let start = format!(r#"{{"state":"{state}","kind":"{}","id":"{}","modified":{},"#, row.kind.as_str(), row.id, row.position.0);
    body.extend_from_slice(start.as_bytes());
    if let Some(data) = data {
        body.extend_from_slice(br#""data":"#);
        body.extend_from_slice(data.as_bytes());
        body.push(b',');
    }
    if said.is_some()
        && let Some(statement) = &evidence.statement
    {
        body.extend_from_slice(br#""fed":"#);
        body.extend_from_slice(statement.as_bytes());
        body.push(b',');
    }
    body.extend_from_slice(br#""via":"#);
    body.extend_from_slice(Value::Array(via).to_string().as_bytes());
    body.push(b'}');
}

/// What is passed on of a record: its origin's statement, and the content unless that is about a deletion.
/// Nothing where it is not shown here as its origin tells it.
fn passed_on<'a>(row: &Row, evidence: &'a Evidence) -> Option<(Value, Option<&'a str>)> {
    let statement: Value = serde_json::from_str(evidence.statement.as_deref()?).ok()?;
    let hops: Vec<Value> = serde_json::from_str(&evidence.via).ok()?;
    if hops.len() >= MOST_HOPS {
        return None;
    }
    let Some(data) = evidence.data.as_deref() else { return Some((statement, None)) };
    let original: Value = serde_json::from_str(data).ok()?;
    let ours: Value = serde_json::from_str(&row.row.full).ok()?;
    (row.row.live && shows_all(&original, &ours)).then_some((statement, Some(data)))
}

/// Whether everything that `original` says is said by `ours` as well. Every text and every number has to
/// be there: whatever was taken out, be it an address, a contact or a word that was masked, is missed.
fn shows_all(original: &Value, ours: &Value) -> bool {
    let (mut theirs, mut here) = (HashSet::new(), HashSet::new());
    collect(original, &mut theirs);
    collect(ours, &mut here);
    theirs.is_subset(&here)
}

fn collect(value: &Value, into: &mut HashSet<String>) {
    match value {
        Value::String(text) => drop(into.insert(text.clone())),
        Value::Number(number) => drop(into.insert(number.to_string())),
        Value::Array(items) => items.iter().for_each(|item| collect(item, into)),
        Value::Object(members) => {
            let content = members.iter().filter(|(name, _)| !NO_CONTENT.contains(&name.as_str()) && !name.ends_with("_id"));
            content.for_each(|(_, member)| collect(member, into));
        }
        Value::Null | Value::Bool(_) => {}
    }
}

impl Outlet {
    /// That a record came through here, signed.
    fn hop(&self, epoch: &str, row: &Row, evidence: &Evidence, of: &str) -> Value {
        let mut hop = self.signer.seal(
            VIA,
            json!({
                "origin": self.publisher.origin, "received": clock::rfc3339(evidence.received_at), "epoch": epoch,
                "seq": row.row.position, "of": of,
            }),
        );
        if let Some(members) = hop.as_object_mut() {
            members.remove("of");
        }
        hop
    }
}

/// Whether a hop is signed by one of these keys, for a statement with the signature `of`.
pub(super) fn verifies(hop: &Hop, of: &str, keys: &[Listed]) -> bool {
    let mut sealed = json!(hop);
    sealed["of"] = of.into();
    signing::seal_verifies(VIA, &sealed, keys)
}

/// A hop as a directory signs it, for tests that play one.
pub fn sign_hop(signer: &signing::Signer, seq: i64, of: &str) -> Value {
    let mut hop = signer.seal(
        VIA,
        json!({"origin": signer.origin(), "received": "2026-11-22T12:00:00.000Z", "epoch": "first", "seq": seq, "of": of}),
    );
    if let Some(members) = hop.as_object_mut() {
        members.remove("of");
    }
    hop
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_is_not_shown_here_is_missed() {
        let original =
            json!({"id": "a", "name": "Pantry", "addresses": [{"id": "b", "postal_code": "LU3 9XQ"}], "latitude": 51.88});
        let ours = |value: Value| shows_all(&original, &value);
        assert!(ours(
            json!({"id": "x", "name": "Pantry", "addresses": [{"postal_code": "LU3 9XQ"}], "latitude": 51.88, "note": "more"})
        ));
        assert!(!ours(json!({"name": "Pantry", "latitude": 51.88})));
        assert!(!ours(json!({"name": "Pantry", "addresses": [{"postal_code": "LU3 9XQ"}]})));
        assert!(!ours(json!({"name": "(removed)", "addresses": [{"postal_code": "LU3 9XQ"}], "latitude": 51.88})));
    }
}
