//! Events and workshops. Neither standard has them, so this entity is ours: a series, with the
//! rule of its dates and what was changed on single dates. Its fields follow schema.org and
//! iCalendar. What happens on which day is worked out from it, never stored.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    contact::{Contact, Phone, to_ring},
    entity,
    location::{Location, LocationPolicy},
    organization::Organization,
    parts::{Accessibility, CostOption, Language},
    taxonomy::Attribute,
    values::{LocalDateTime, Number, WebAddress, Zone},
};
use crate::ids::{self, EventId, LocationId, OrganizationId, ServiceId};

/// Whether a series takes place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum EventStatus {
    /// As announced.
    Scheduled,
    /// Cancelled: it does not take place.
    Cancelled,
    /// Postponed to a time not yet known.
    Postponed,
}

/// What happened to one date of a series.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum DateChange {
    /// It does not take place.
    Cancelled,
    /// It takes place at a different time or place.
    Moved,
    /// It takes place, but there is no room left.
    Full,
}

entity! {
    /// An event, workshop or course: a series of dates, or one date.
    Event {
        /// Identifier, a UUID that never changes.
        req id: EventId = "6d1f2e3c-4b5a-4678-9abc-def012345678",
        /// The organization that runs it.
        req organization_id: OrganizationId = "d9d5e0f5-d3ce-4f73-9a2f-4dd0ecc6c610",
        /// The service it is part of.
        opt service_id: ServiceId = "ac148810-d857-441c-9679-408f346de14b",
        /// Name of the event.
        #[schemars(length(max = 1_000))]
        req name: String = "Cooking on a budget",
        /// What happens, in plain words.
        opt description: String = "Cook a meal for four for under £5 and take it home.",
        /// A page about it.
        opt url: WebAddress = "https://marsh-farm-pantry.example.org/cooking",
        /// Whether it takes place.
        req status: EventStatus = "scheduled",
        /// Where it takes place.
        opt location_id: LocationId = "1f4b0f2e-7a38-4f8e-9ad5-6d3d0f1b2c3d",
        /// How much of the location may be shown; everything if missing.
        opt location_policy: LocationPolicy = "exact",
        /// Web address for joining online.
        opt online_url: WebAddress = "https://meet.example.org/cooking",
        /// Start of the first date, local time.
        req start: LocalDateTime = "2026-09-08T10:00:00",
        /// End of the first date, local time. The difference is the length of every date.
        req end: LocalDateTime = "2026-09-08T12:00:00",
        /// IANA zone of all local times here.
        req timezone: Zone = "Europe/London",
        /// How it repeats: an RFC 5545 rule without its name. Without a rule there is one date.
        opt rrule: String = "FREQ=WEEKLY;BYDAY=TU",
        /// Starts of dates that do not take place, local time.
        many exdates: LocalDateTime = "2026-12-29T10:00:00",
        /// Starts of further dates, local time.
        many rdates: LocalDateTime = "2027-01-06T10:00:00",
        /// Changes to single dates.
        many changes: EventChange,
        /// What else is to be known about the dates.
        #[schemars(length(max = 1_000))]
        opt notes: String = "Not in school holidays",
        /// Youngest age, in whole years, inclusive.
        #[schemars(range(min = 0, max = 150))]
        opt minimum_age: Number = 16,
        /// Oldest age, in whole years, inclusive.
        #[schemars(range(min = 0, max = 150))]
        opt maximum_age: Number = 25,
        /// Description of who can come.
        opt eligibility_description: String = "Anyone over 16",
        /// What it costs.
        many cost_options: CostOption,
        /// Where to book.
        opt booking_url: WebAddress = "https://marsh-farm-pantry.example.org/book",
        /// How many people can attend.
        #[schemars(range(min = 0, max = 1_000_000))]
        opt capacity: Number = 12,
        /// Access.
        many accessibility: Accessibility,
        /// Languages spoken.
        many languages: Language,
        /// Phone lines.
        many phones: Phone,
        /// People or desks to contact. Only those marked public are published.
        many contacts: Contact,
        /// Classifications: needs, kinds, audiences.
        many attributes: Attribute,
        /// When the published content last changed.
        opt last_modified: DateTime<Utc> = "2026-11-20T09:00:00.000Z",
        /// The organization itself, if included.
        nested organization: Organization,
        /// The location itself, if included.
        nested location: Location,
    }
}

entity! {
    /// A change to one date of a series.
    EventChange {
        /// Start of the date according to the rule, local time.
        req start: LocalDateTime = "2026-11-24T10:00:00",
        /// What has changed.
        req status: DateChange = "moved",
        /// The new start, local time.
        opt new_start: LocalDateTime = "2026-11-24T14:00:00",
        /// The new end, local time.
        opt new_end: LocalDateTime = "2026-11-24T16:00:00",
        /// The new place.
        opt location_id: LocationId = "1f4b0f2e-7a38-4f8e-9ad5-6d3d0f1b2c3d",
        /// A note for people who planned to come.
        opt note: String = "The hall is a polling station in the morning",
    }
}

impl Event {
    /// The numbers to ring, of a public document.
    pub fn numbers(&self) -> Vec<&Phone> {
        to_ring(&self.phones, &self.contacts)
    }

    /// What was changed on which date: of two changes of one date the later in the list is the later word.
    pub fn changed_dates(&self) -> BTreeMap<NaiveDateTime, &EventChange> {
        self.changes.iter().map(|change| (change.start.naive(), change)).collect()
    }
}

/// What stands for a place that is not told, to which the date of an event has moved that would start at `start`: that
/// it is not at the usual place is no secret.
pub fn place_not_told(event: EventId, start: &LocalDateTime) -> LocationId {
    ids::derived(event.into(), &format!("moved {start}")).into()
}
