//! A value of a record in words, as people know it: dates, prices, hours, addresses.

use chrono::NaiveDate;
use serde_json::Value;

use super::ADDRESSES;
use crate::{
    editing::words_for,
    model::{Schedule, parts::CostOption, values::LocalDateTime},
    pages::{
        editing::{changed, repeats},
        times,
        words::costs,
    },
};

/// A value in words, one thing a line.
pub(super) fn readable(field: &str, value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => match field {
            "start" | "end" | "rdates" | "exdates" => moment(text).unwrap_or_else(|| text.clone()),
            "rrule" => repeats(text),
            _ => text.clone(),
        },
        Value::Array(items) => items.iter().map(|item| item_in_words(field, item)).collect::<Vec<_>>().join("\n"),
        Value::Object(_) => item_in_words(field, value),
        other => other.to_string(),
    }
}

fn item_in_words(field: &str, item: &Value) -> String {
    let in_words = match field {
        "schedules" => schedule(item),
        "changes" => serde_json::from_value(item.clone()).ok().map(|change| changed(&change)),
        "cost_options" => price(item),
        ADDRESSES => address(item),
        _ => None,
    };
    if let Some(words) = in_words {
        return words;
    }
    let Value::Object(members) = item else { return readable(field, item) };
    let mut said = Vec::new();
    for (name, value) in members {
        // What people would not recognise.
        if name == "id" || name.ends_with("_id") && name != "location_id" {
            continue;
        }
        let words = readable(name, value);
        if words.is_empty() {
            continue;
        }
        let obvious = matches!(
            name.as_str(),
            "number"
                | "name"
                | "email"
                | "value"
                | "url"
                | "address_1"
                | "address_2"
                | "city"
                | "postal_code"
                | "schedules"
                | "description"
        );
        said.push(if obvious { words } else { format!("{}: {words}", words_for(name)) });
    }
    said.join(", ")
}

/// An address as it stands on an envelope, a line each; what no envelope has follows by name, so that nothing is
/// accepted unseen.
fn address(item: &Value) -> Option<String> {
    const LINES: [&str; 7] = ["attention", "address_1", "address_2", "city", "region", "state_province", "postal_code"];
    let members = item.as_object()?;
    let said = |name: &str| members.get(name).and_then(Value::as_str).map(str::trim).unwrap_or_default();
    let mut lines: Vec<String> = Vec::new();
    for name in LINES {
        // Our form repeats the town where there is no county: the standard wants one.
        let repeated = name == "state_province" && said(name) == said("city");
        if !said(name).is_empty() && !repeated {
            lines.push(said(name).to_owned());
        }
    }
    for (name, value) in members {
        let usual = match name.as_str() {
            "id" | "location_id" => true,
            "country" => value == "GB",
            "address_type" => value == "physical",
            line => LINES.contains(&line) && (value.is_string() || value.is_null()),
        };
        let words = readable(name, value);
        if !usual && !words.is_empty() {
            lines.push(format!("{}: {words}", words_for(name)));
        }
    }
    Some(lines.join("\n"))
}

fn moment(text: &str) -> Option<String> {
    text.parse::<LocalDateTime>().ok().map(|at| times::at(at.naive()))
}

fn price(item: &Value) -> Option<String> {
    let one: CostOption = serde_json::from_value(item.clone()).ok()?;
    costs(None, &[one]).pop()
}

fn schedule(item: &Value) -> Option<String> {
    let one: Schedule = serde_json::from_value(item.clone()).ok()?;
    times::schedule(&one, NaiveDate::MIN)
}
