//! The parts that a listing is edited in: their words, their headings, what each of them changes.

use crate::model::Kind;

/// A part of a listing that has a page of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Section {
    About,
    Who,
    Times,
    Dates,
    Place,
    Cost,
    Contact,
    Status,
    Categories,
}

impl Section {
    /// The parts of a kind of listing, in the order in which people think of them.
    pub(super) fn of(kind: Kind) -> &'static [Self] {
        match kind {
            Kind::Service => {
                &[Self::Status, Self::About, Self::Who, Self::Times, Self::Place, Self::Cost, Self::Contact, Self::Categories]
            }
            Kind::Event => {
                &[Self::Status, Self::About, Self::Who, Self::Dates, Self::Place, Self::Cost, Self::Contact, Self::Categories]
            }
            Kind::Organization => &[Self::About, Self::Contact],
            _ => &[],
        }
    }

    /// Its word in addresses.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::About => "about",
            Self::Who => "who",
            Self::Times => "times",
            Self::Dates => "dates",
            Self::Place => "place",
            Self::Cost => "cost",
            Self::Contact => "contact",
            Self::Status => "status",
            Self::Categories => "categories",
        }
    }

    /// Its heading.
    pub(super) fn title(self) -> &'static str {
        match self {
            Self::About => "What it is",
            Self::Who => "Who it is for",
            Self::Times => "When",
            Self::Dates => "Dates",
            Self::Place => "Where",
            Self::Cost => "What it costs",
            Self::Contact => "How to get in touch",
            Self::Status => "Open or closed",
            Self::Categories => "Needs it helps with",
        }
    }

    /// The members of a document that it changes.
    pub(super) fn members(self, kind: Kind) -> &'static [&'static str] {
        match (self, kind) {
            (Self::About, _) => &["name", "description"],
            (Self::Who, _) => &["eligibility_description", "minimum_age", "maximum_age"],
            (Self::Times, _) => &["schedules"],
            (Self::Dates, _) => &["start", "end", "rrule", "exdates", "rdates", "changes", "notes"],
            (Self::Place, _) => &["addresses"],
            (Self::Cost, Kind::Event) => &["cost_options"],
            (Self::Cost, _) => &["fees", "fees_description", "cost_options"],
            (Self::Contact, Kind::Organization) => &["phones", "email", "website"],
            (Self::Contact, Kind::Event) => &["phones", "contacts", "booking_url"],
            (Self::Contact, _) => &["phones", "email", "url"],
            (Self::Status, _) => &["status", "alert"],
            (Self::Categories, _) => &["attributes"],
        }
    }
}

/// The part of a kind of listing that has this word.
pub(super) fn find(kind: Kind, word: &str) -> Option<Section> {
    Section::of(kind).iter().copied().find(|section| section.word() == word)
}

/// Whether this is the word of a part of some kind of listing.
pub(in crate::pages) fn is_section(word: &str) -> bool {
    [Kind::Service, Kind::Event, Kind::Organization].into_iter().any(|kind| find(kind, word).is_some())
}
