//! What people said beside records, as a copy has it, without what was erased of these records since it was made.
//! Records themselves, and what was proposed, are cleaned once they stand; this is cleaned before it does.

use std::collections::HashMap;

use serde_json::Value as Json;
use uuid::Uuid;

use super::store::Row;
use crate::{
    published::redaction::{Known, REMOVED},
    records::{Remembered, Scrub},
};

/// Take out of rows of people what was erased, just as it is where somebody asks for it.
pub(super) fn take_out(rows: &mut Vec<Row>, scrubs: &[Remembered]) {
    let mut erased: HashMap<Uuid, Vec<Known>> = HashMap::new();
    for scrub in scrubs.iter().filter(|scrub| scrub.lifted_at.is_none()) {
        if let Scrub::Words(words) = &scrub.what {
            erased.entry(scrub.record_id).or_default().push(Known::of_erased(scrub.record_id, words));
        }
    }
    if erased.is_empty() {
        return;
    }
    // Appeals and messages name what they are about, which names the record.
    let records: HashMap<Uuid, Uuid> = rows.iter().filter_map(record_of_thread).collect();
    rows.retain_mut(|row| {
        let record = match row.table.as_str() {
            "claim" => id(row, "organisation_id"),
            "appeal" | "message" => id(row, "proposal_id").and_then(|about| records.get(&about).copied()),
            _ => id(row, "record_id"),
        };
        record.and_then(|record| erased.get(&record)).is_none_or(|known| is_left(row, known))
    });
}

/// What has a thread or an appeal, and the record that it is about.
fn record_of_thread(row: &Row) -> Option<(Uuid, Uuid)> {
    let record = match row.table.as_str() {
        "claim" => "organisation_id",
        "proposal" => "record_id",
        _ => return None,
    };
    Some((id(row, "id")?, id(row, record)?))
}

fn id(row: &Row, column: &str) -> Option<Uuid> {
    row.row.get(column).and_then(Json::as_str).and_then(|id| id.parse().ok())
}

/// Take out of a row what tells of somebody. Whether anything is left of it.
fn is_left(row: &mut Row, known: &[Known]) -> bool {
    let tells = |row: &Row, column: &&str| {
        let said = row.row.get(*column).and_then(Json::as_str);
        said.is_some_and(|said| known.iter().any(|known| known.is_told_in(said)))
    };
    let said: &[&str] = match row.table.as_str() {
        "message" => return !tells(row, &"words"),
        "appeal" | "report" => &["words", "answer"],
        "call_back" => &["number", "otherwise", "spoke_to"],
        "claim" => &["words", "reason"],
        _ => &[],
    };
    let telling: Vec<&str> = said.iter().copied().filter(|column| tells(row, column)).collect();
    if row.table == "report" && !telling.is_empty() {
        // An answer tells what was asked.
        for column in said {
            row.row.insert((*column).to_owned(), Json::Null);
        }
    } else {
        for column in telling {
            row.row.insert(column.to_owned(), REMOVED.into());
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use serde_json::{Value, json};

    use super::*;
    use crate::published::redaction::Erased;

    const NAME: &str = "Winifred Ogundipe-Larkspur";

    fn row(table: &str, columns: &Value) -> Row {
        serde_json::from_value(json!({"table": table, "row": columns})).unwrap()
    }

    #[test]
    fn what_was_erased_of_a_record_is_taken_out_of_everything_that_was_said_beside_it() {
        let (record, other, change) = (Uuid::from_u128(1), Uuid::from_u128(2), Uuid::from_u128(3));
        let what = Scrub::Words(Erased::of(record, NAME).remove(0));
        let (by_whom, why) = ("a moderator".to_owned(), "asked".to_owned());
        let scrub = Remembered { record_id: record, what, at: DateTime::UNIX_EPOCH, by_whom, why, lifted_at: None };
        let told = format!("Ask {NAME}.");
        let mut rows = vec![
            row("message", &json!({"proposal_id": change, "words": told})),
            row("message", &json!({"proposal_id": change, "words": "Why?"})),
            row("proposal", &json!({"id": change, "record_id": record})),
            row("appeal", &json!({"proposal_id": change, "words": told, "answer": "No."})),
            row("report", &json!({"record_id": record, "words": "Nobody answers", "answer": told, "reply_to": null})),
            row("report", &json!({"record_id": other, "words": told, "answer": null})),
            row("call_back", &json!({"record_id": record, "number": "0808 157 0114", "otherwise": null, "spoke_to": NAME})),
            row("claim", &json!({"id": Uuid::from_u128(4), "organisation_id": record, "words": told, "reason": null})),
        ];
        take_out(&mut rows, &[scrub]);
        let left: Vec<Value> = rows.iter().map(|row| Value::Object(row.row.clone())).collect();
        assert_eq!(
            left,
            [
                json!({"proposal_id": change, "words": "Why?"}),
                json!({"id": change, "record_id": record}),
                json!({"proposal_id": change, "words": "[removed]", "answer": "No."}),
                json!({"record_id": record, "words": null, "answer": null, "reply_to": null}),
                json!({"record_id": other, "words": told, "answer": null}),
                json!({"record_id": record, "number": "0808 157 0114", "otherwise": null, "spoke_to": "[removed]"}),
                json!({"id": Uuid::from_u128(4), "organisation_id": record, "words": "[removed]", "reason": null}),
            ]
        );
    }
}
