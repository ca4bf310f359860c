//! A page of a feed (RPDE 1.0): items, and where to go on.

use serde_json::{Map, Value};

use super::values::{all, as_text, is_a, member, name_of, text};
use crate::model::text::fold;

/// A page.
#[derive(Debug)]
pub struct Page {
    /// Its items, in order; what is none, as it came.
    pub items: Vec<Result<Item, Bad>>,
    /// Where the next one is, as it is written.
    pub next: String,
    /// The licence of its items.
    pub licence: Option<String>,
}

/// An item of a feed.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    /// Its kind, in small letters.
    pub kind: String,
    /// Its id among those of its kind.
    pub id: String,
    /// What it is; none when it is gone.
    pub data: Option<Value>,
}

/// Something that is not an item.
#[derive(Clone, Debug, PartialEq)]
pub struct Bad {
    /// Its id, where it has one.
    pub id: String,
    /// What is wrong with it.
    pub reason: &'static str,
}

/// Read a page.
/// # Errors
/// Why it is none.
pub fn read(page: Value) -> Result<Page, &'static str> {
    let Value::Object(mut page) = page else { return Err("it is not an object") };
    let next = page.get("next").and_then(as_text).ok_or("it does not name a next page")?;
    let licence = ["license", "licence"].iter().find_map(|name| page.get(*name).and_then(as_text));
    let Some(Value::Array(items)) = page.remove("items") else { return Err("it has no items") };
    Ok(Page { items: items.into_iter().map(item).collect(), next, licence })
}

fn item(item: Value) -> Result<Item, Bad> {
    let id = item.get("id").and_then(as_text).unwrap_or_default();
    let bad = |reason| Bad { id: id.clone(), reason };
    let Value::Object(mut members) = item else { return Err(bad("it is not an object")) };
    if id.is_empty() {
        return Err(bad("it has no id"));
    }
    let kind = members.get("kind").and_then(as_text).ok_or_else(|| bad("it has no kind"))?.to_ascii_lowercase();
    let data = members.remove("data").filter(Value::is_object);
    match members.get("state").and_then(Value::as_str).unwrap_or_default() {
        "deleted" => Ok(Item { kind, id, data: None }),
        "updated" if data.is_some() => Ok(Item { kind, id, data }),
        "updated" => Err(bad("it is updated but has no data")),
        _ => Err(bad("it is neither updated nor deleted")),
    }
}

/// What an item is for us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// An event, or a series of dates.
    Series,
    /// A date of a series.
    Date,
}

impl Item {
    /// What it is; none for what is no event here: a court that can be booked, its free hours.
    pub fn role(&self) -> Option<Role> {
        let data = self.data.as_ref()?;
        if is_a(data, "ScheduledSession") {
            let alone = member(data, "superEvent").is_none();
            return Some(if alone { Role::Series } else { Role::Date });
        }
        (is_a(data, "SessionSeries") || is_a(data, "Event")).then_some(Role::Series)
    }

    /// What the series and all of its dates are called alike: the address of the series, or its id.
    pub fn group(&self) -> Option<String> {
        let data = self.data.as_ref()?;
        match self.role()? {
            Role::Date => member(data, "superEvent").and_then(|series| {
                let series = series.as_array().map_or(Some(series), |several| several.first())?;
                name_of(series)
            }),
            Role::Series => Some(text(data, "id").unwrap_or_else(|| {
                // Kinds number their items by themselves, and dates name their series by its number.
                if is_a(data, "SessionSeries") { self.id.clone() } else { format!("{}/{}", self.kind, self.id) }
            })),
        }
    }
}

/// The series that a date brings along, where it says more of it than its address.
pub fn series_within(date: &Value) -> Option<&Value> {
    all(date, "superEvent").into_iter().find(|series| text(series, "name").is_some() || member(series, "activity").is_some())
}

/// Members that are about people, or pictures, or cannot be of use here.
const LEFT_OUT: [&str; 20] = [
    "leader",
    "contributor",
    "attendee",
    "attendees",
    "performer",
    "performers",
    "instructor",
    "author",
    "director",
    "actor",
    "sponsor",
    "funder",
    "review",
    "aggregaterating",
    "image",
    "video",
    "logo",
    "photo",
    "formatteddescription",
    "context",
];

/// Take out of an item what is not kept: people, pictures. Gives how much that was.
pub fn leave_out(data: &mut Value) -> usize {
    match data {
        Value::Object(members) => {
            let (out, keep): (Map<String, Value>, Map<String, Value>) =
                std::mem::take(members).into_iter().partition(|(name, value)| {
                    let plain = fold(name.rsplit([':', '/', '@']).next().unwrap_or(name)).replace(' ', "");
                    LEFT_OUT.contains(&plain.as_str()) || is_a(value, "Person")
                });
            *members = keep;
            out.len() + members.values_mut().map(leave_out).sum::<usize>()
        }
        Value::Array(items) => {
            let before = items.len();
            items.retain(|item| !is_a(item, "Person"));
            before - items.len() + items.iter_mut().map(leave_out).sum::<usize>()
        }
        _ => 0,
    }
}

/// Take every place out of an item: what is kept of one that must not be known.
pub fn forget_places(data: &mut Value) {
    match data {
        Value::Object(members) => {
            members
                .retain(|name, _| !matches!(name.rsplit(':').next(), Some("location" | "meetingPoint" | "affiliatedLocation")));
            members.values_mut().for_each(forget_places);
        }
        Value::Array(items) => items.iter_mut().for_each(forget_places),
        _ => {}
    }
}
