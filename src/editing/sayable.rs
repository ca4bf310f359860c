//! What no edit may say, whatever the schema allows: what the directory says itself, and numbers that nobody
//! can ring. Only what an edit changes is looked at: what came in from elsewhere gets in nobody's way.

use serde_json::Value;

use crate::{
    http::Fault,
    model::{annotation, changes::Change, contact::is_number, provenance, text::shorten},
    records::CHECKED_HOW,
};

/// Members that only checking a listing changes.
const BY_CHECKING: [&str; 4] = ["assured_date", "assurer_email", "freshness", CHECKED_HOW];

/// Members that say of a listing what only the directory knows: whether it is public, which version it is,
/// where it comes from.
const BY_THE_DIRECTORY: [&str; 10] = [
    "state",
    "revision",
    "rev",
    "position",
    "modified",
    "changed_at",
    "origin",
    "protected",
    provenance::MEMBER,
    annotation::MEMBER,
];

/// Every change that nobody may make, whatever their role.
pub(super) fn faults(changes: &[Change]) -> Vec<Fault> {
    changes.iter().filter_map(fault).collect()
}

fn fault(change: &Change) -> Option<Fault> {
    let field = change.field.as_str();
    let said = |problem: String| Some(Fault { field: field.to_owned(), problem });
    if BY_CHECKING.contains(&field) {
        return said("is set by checking the listing, not by an edit".to_owned());
    }
    // What is there already, from a time before this rule, can be removed.
    if BY_THE_DIRECTORY.contains(&field) && !change.after.is_null() {
        return said("is set by the directory, not by an edit".to_owned());
    }
    let known = numbers(&change.before);
    let wrong = numbers(&change.after).into_iter().find(|number| !known.contains(number) && !is_number(number))?;
    said(format!("{:?} is not a phone number (expected something like 01582 123456)", shorten(wrong, 60)))
}

/// The phone numbers within a member: its own, those of contacts, those of places.
fn numbers(value: &Value) -> Vec<&str> {
    match value {
        Value::Array(items) => items.iter().flat_map(numbers).collect(),
        Value::Object(members) => {
            let own = members.get("number").and_then(Value::as_str);
            own.into_iter().chain(members.values().flat_map(numbers)).collect()
        }
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(field: &str, before: Value, after: Value) -> Vec<String> {
        faults(&[Change { field: field.to_owned(), before, after }]).into_iter().map(|fault| fault.field).collect()
    }

    #[test]
    fn what_the_directory_says_itself_is_nobodys_to_write() {
        for field in ["state", "origin", "provenance", "checked_how", "assured_date"] {
            assert_eq!(of(field, Value::Null, json!("x")), [field]);
        }
        assert_eq!(of("origin", json!("x"), Value::Null), Vec::<String>::new());
        assert_eq!(of("name", json!("x"), json!("y")), Vec::<String>::new());
    }

    #[test]
    fn a_new_number_is_one_that_can_be_rung_and_an_old_one_gets_in_nobodys_way() {
        let phones = |number: &str| json!([{"number": number}]);
        assert_eq!(of("phones", Value::Null, phones("hello <script>alert(1)</script>")), ["phones"]);
        assert_eq!(of("contacts", Value::Null, json!([{"phones": phones("ring the bell 12345")}])), ["contacts"]);
        assert_eq!(of("phones", Value::Null, phones("+44 (0)1582 123456")), Vec::<String>::new());
        let with_note = json!([{"number": "0800 FLOWERS", "description": "Weekdays"}]);
        assert_eq!(of("phones", phones("0800 FLOWERS"), with_note), Vec::<String>::new());
    }
}
