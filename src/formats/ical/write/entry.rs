//! An entry of a calendar that is written: a series, or one date of it on which something is different.

use chrono::{DateTime, NaiveDateTime, Utc};
use chrono_tz::Tz;

use crate::{
    formats::one_line,
    ids::LocationId,
    model::{
        Location, LocationPolicy, LocationType,
        event::{DateChange, EventChange},
        values::LocalDateTime,
    },
};

/// Whether it takes place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Confirmed,
    Tentative,
    Cancelled,
}

/// What becomes one VEVENT: a series, or one changed date of it.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) uid: String,
    /// The date of the series that this is about, where it is about one.
    pub(super) of_date: Option<NaiveDateTime>,
    pub(super) zone: Tz,
    pub(super) start: NaiveDateTime,
    pub(super) end: Option<NaiveDateTime>,
    pub(super) rule: Option<String>,
    pub(super) without: Vec<NaiveDateTime>,
    pub(super) also: Vec<NaiveDateTime>,
    pub(super) modified: DateTime<Utc>,
    pub(super) name: String,
    pub(super) state: State,
    pub(super) paragraphs: Vec<String>,
    pub(super) place: Option<Location>,
    pub(super) online: Option<String>,
    pub(super) page: String,
    pub(super) categories: Vec<String>,
    /// Whether it leaves whoever has it in their calendar free.
    pub(super) free: bool,
}

impl Entry {
    pub(super) fn new(uid: String, name: String, zone: Tz, start: NaiveDateTime) -> Self {
        Self {
            uid,
            of_date: None,
            zone,
            start,
            end: None,
            rule: None,
            without: Vec::new(),
            also: Vec::new(),
            modified: DateTime::UNIX_EPOCH,
            name,
            state: State::Confirmed,
            paragraphs: Vec::new(),
            place: None,
            online: None,
            page: String::new(),
            categories: Vec::new(),
            free: false,
        }
    }

    /// The state also stands before the name: not every calendar shows it.
    pub(super) fn set_state(&mut self, state: State, word: &str) {
        self.state = state;
        self.name = format!("{word}: {}", self.name);
    }

    /// One date of this series, as the rule has it.
    pub(super) fn at(&self, date: NaiveDateTime) -> Self {
        Self {
            of_date: Some(date),
            start: date,
            end: self.end.map(|end| date + (end - self.start)),
            rule: None,
            without: Vec::new(),
            also: Vec::new(),
            ..self.clone()
        }
    }

    /// What is different on its date.
    pub(super) fn change(&mut self, change: &EventChange, elsewhere: &dyn Fn(LocationId) -> Option<Location>) {
        match change.status {
            DateChange::Cancelled => self.set_state(State::Cancelled, "Cancelled"),
            DateChange::Full => self.name = format!("Full: {}", self.name),
            DateChange::Moved => {
                self.name = format!("Moved: {}", self.name);
                let length = self.end.map(|end| end - self.start);
                self.start = change.new_start.as_ref().map_or(self.start, LocalDateTime::naive);
                let end = change.new_end.as_ref().map(LocalDateTime::naive).or_else(|| Some(self.start + length?));
                self.end = end.filter(|end| *end > self.start);
                if let Some(id) = change.location_id.filter(|id| self.place.as_ref().is_none_or(|place| place.id != *id)) {
                    self.place = elsewhere(id);
                    if self.place.is_none() {
                        self.paragraphs.insert(0, "It is at a different place this time. See its web page.".to_owned());
                    }
                }
            }
        }
        if let Some(note) = &change.note {
            self.paragraphs.insert(0, note.clone());
        }
    }
}

/// Where to go, for a place that is shown whole.
pub(super) fn place_in_words(place: &Location) -> Option<String> {
    if place.location_policy.unwrap_or_default() != LocationPolicy::Exact {
        return None;
    }
    if place.location_type == LocationType::Virtual {
        return place.url.as_ref().map(ToString::to_string).or_else(|| place.name.clone());
    }
    let line = place.address().map(one_line);
    let name = place.name.clone().filter(|name| line.as_ref().is_none_or(|line| !line.starts_with(name.as_str())));
    let parts: Vec<String> = name.into_iter().chain(line).collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

/// What to say of a place that is not shown whole. It stands in the text and not where calendars
/// look for a place: they would lead people to the middle of the town.
pub(super) fn hidden_place(place: &Location) -> Option<String> {
    match (place.location_policy?, &place.name) {
        (LocationPolicy::Exact, _) => None,
        (LocationPolicy::Area, Some(town)) => Some(format!("In {town}. The exact address is not published.")),
        _ => Some("The address is given when you book.".to_owned()),
    }
}
