//! What is asked of a search: words, and what must hold beside them. All of it holds together.

use chrono::{DateTime, NaiveDate, NaiveTime, Utc, Weekday};
use uuid::Uuid;

use super::{collect::Window, facts};
use crate::{geo::Point, places::coverage};

/// How help can be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// At a place.
    InPerson,
    /// On the phone.
    Phone,
    /// On the internet.
    Online,
}

impl Delivery {
    /// Every way, with the word that the API uses for it.
    pub const ALL: [(Self, &'static str); 3] = [(Self::InPerson, "in_person"), (Self::Phone, "phone"), (Self::Online, "online")];

    /// As the index holds it.
    pub(super) fn value(self) -> &'static str {
        match self {
            Self::InPerson => "in person",
            Self::Phone => "phone",
            Self::Online => "online",
        }
    }
}

/// A time of the week in local time, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Times {
    /// The day; any day where it is none.
    pub day: Option<Weekday>,
    /// From this time of day.
    pub from: NaiveTime,
    /// To this time of day.
    pub to: NaiveTime,
}

impl Times {
    /// The whole of a day of the week.
    pub fn on(day: Weekday) -> Self {
        let to = NaiveTime::from_hms_opt(23, 59, 59).unwrap_or_default();
        Self { day: Some(day), from: NaiveTime::MIN, to }
    }
}

/// When dates of events are to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    /// From this moment.
    pub from: DateTime<Utc>,
    /// Before this one.
    pub until: DateTime<Utc>,
    /// At this time of the week, in London.
    pub times: Option<Times>,
}

impl Period {
    /// Whether a date is in it, be it with a part, as the search finds events.
    pub fn holds(self, start: DateTime<Utc>, end: DateTime<Utc>) -> bool {
        Window::from(self).holds(facts::minutes(start), facts::minutes(end))
    }
}

/// What is wanted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Wanted {
    /// What somebody wrote.
    pub text: String,
    /// Whether, where nothing has all of the words, words that nobody here knows may be left out beside
    /// an understood phrase, and without such a phrase any of the words is enough.
    pub relaxed: bool,
    /// Belongs to this organization.
    pub organization: Option<Uuid>,
    /// Belongs to this taxonomy or carries a term of it.
    pub taxonomy: Option<Uuid>,
    /// Carries this term.
    pub term: Option<Uuid>,
    /// Of a service: both of these wherever it is given, not at one of its places only.
    pub everywhere: bool,
    /// Helps with one of these needs (codes or names): carries the term, or says so in its own words.
    pub needs: Vec<String>,
    /// Is a term right below this one.
    pub parent: Option<Uuid>,
    /// Is a term without a parent.
    pub top_only: bool,
    /// Changed at this moment or later.
    pub modified_after: Option<DateTime<Utc>>,
    /// Was checked on this day or later.
    pub checked_since: Option<NaiveDate>,
    /// Has this status.
    pub status: Option<String>,
    /// Leaves out what cannot be had (inactive, defunct), and what nobody has confirmed for too long.
    pub only_current: bool,
    /// Comes from this directory; `own` for ours.
    pub source: Option<String>,
    /// Takes people between these ages, in years.
    pub ages: Option<(f64, f64)>,
    /// Is there, or takes place, at this time of the week.
    pub times: Option<Times>,
    /// Is open at this moment.
    pub open_now: bool,
    /// Is active: the hours of what has closed say nothing.
    pub is_active: bool,
    /// Costs nothing.
    pub free: bool,
    /// Stands for an event (true), or does not (false).
    pub events: Option<bool>,
    /// Is given in this language (code or name).
    pub language: Option<String>,
    /// Can be had in this way.
    pub delivery: Option<Delivery>,
    /// Says these words about access.
    pub accessibility: Option<String>,
    /// Covers this place.
    pub covers: Option<coverage::Place>,
    /// Nearest to here first.
    pub near: Option<Point>,
    /// Whether that is only roughly where somebody is: of what is about as near, what fits better comes first.
    pub roughly: bool,
    /// Where somebody is: what says that it is not for people there comes last, however near it is.
    pub home: Option<coverage::Place>,
    /// Not farther than this, metres.
    pub proximity: Option<f64>,
    /// Takes place from the first moment to the second.
    pub window: Option<(DateTime<Utc>, DateTime<Utc>)>,
}

impl Wanted {
    /// Whether everything is wanted.
    pub fn is_everything(&self) -> bool {
        *self == Self::default()
    }

    /// What a place may say itself, where its service does not say it of all its places: the column of the index, the value
    /// there, and what finds the services that do.
    pub(super) fn said_of_places(&self) -> Vec<(&'static str, String, Self)> {
        let everywhere = || Self { everywhere: true, ..Self::default() };
        let term = self.term.map(|id| ("own_term", id, Self { term: Some(id), ..everywhere() }));
        let taxonomy = self.taxonomy.map(|id| ("own_taxonomy", id, Self { taxonomy: Some(id), ..everywhere() }));
        term.into_iter().chain(taxonomy).map(|(field, id, wanted)| (field, id.simple().to_string(), wanted)).collect()
    }

    /// What is asked of a service rather than of a place of it, taken out.
    pub(super) fn take_service_part(&mut self) -> Self {
        Self {
            text: std::mem::take(&mut self.text),
            relaxed: self.relaxed,
            organization: self.organization.take(),
            taxonomy: self.taxonomy.take(),
            term: self.term.take(),
            needs: std::mem::take(&mut self.needs),
            checked_since: self.checked_since.take(),
            status: self.status.take(),
            is_active: self.open_now,
            only_current: std::mem::take(&mut self.only_current),
            ages: self.ages.take(),
            free: std::mem::take(&mut self.free),
            events: self.events.take(),
            language: self.language.take(),
            delivery: self.delivery.take(),
            covers: self.covers.take(),
            ..Self::default()
        }
    }
}
