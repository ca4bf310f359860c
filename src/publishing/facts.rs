//! What filters look at in a published document of any kind. Read from the published bytes, so a
//! filter can never see what the world cannot.

use serde::Deserialize;
use uuid::Uuid;

use crate::{
    geo::Point,
    model::{text::fold, values::Postcode},
};

/// The members that filters look at; all of them may be missing.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Facts {
    name: String,
    alternate_name: String,
    description: String,
    status: String,
    assured_date: String,
    taxonomy_id: Option<Uuid>,
    parent_id: Option<Uuid>,
    code: String,
    minimum_age: Option<f64>,
    maximum_age: Option<f64>,
    organization: Option<Named>,
    attributes: Vec<Attribute>,
    schedules: Vec<Schedule>,
    service_at_locations: Vec<Link>,
    service_areas: Vec<Area>,
    location: Option<Place>,
    addresses: Vec<Address>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Named {
    name: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Attribute {
    taxonomy_term_id: Option<Uuid>,
    taxonomy_term: Option<Term>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Term {
    code: String,
    name: String,
    taxonomy_id: Option<Uuid>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Schedule {
    byday: String,
    opens_at: String,
    closes_at: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Link {
    location: Option<Place>,
    schedules: Vec<Schedule>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Area {
    name: String,
    extent: String,
}

/// A place as far as it may be told.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Place {
    latitude: Option<f64>,
    longitude: Option<f64>,
    addresses: Vec<Address>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Address {
    postal_code: String,
    city: String,
}

impl Place {
    /// Where it is.
    pub fn point(&self) -> Option<Point> {
        Point::new(self.latitude?, self.longitude?)
    }

    /// The postcodes of its addresses.
    pub fn postcodes(&self) -> impl Iterator<Item = Postcode> {
        self.addresses.iter().filter_map(|address| address.postal_code.parse().ok())
    }
}

impl Facts {
    /// How well the words fit: none unless each begins a word somewhere in the document; more for
    /// words that stand in the name.
    pub fn fit(&self, words: &[String]) -> Option<u32> {
        let name = format!(" {}", fold(&format!("{} {}", self.name, self.alternate_name)));
        let mut rest = String::new();
        let mut score = 0;
        for word in words {
            let wanted = format!(" {word}");
            if name.contains(&wanted) {
                score += 1;
                continue;
            }
            if rest.is_empty() {
                rest = self.rest();
            }
            if !rest.contains(&wanted) {
                return None;
            }
        }
        Some(score)
    }

    fn rest(&self) -> String {
        let mut text = format!("{} {} {}", self.description, self.code, self.status);
        let organization = self.organization.as_ref().map(|organization| organization.name.as_str());
        let terms =
            self.attributes.iter().filter_map(|attribute| attribute.taxonomy_term.as_ref()).map(|term| term.name.as_str());
        let towns = self.places().flat_map(|place| &place.addresses).chain(&self.addresses).map(|address| address.city.as_str());
        for more in organization.into_iter().chain(terms).chain(towns) {
            text.push(' ');
            text.push_str(more);
        }
        format!(" {}", fold(&text))
    }

    /// Whether it carries the term with this id, or is below it.
    pub fn has_term(&self, term: Uuid) -> bool {
        self.attributes.iter().any(|attribute| attribute.taxonomy_term_id == Some(term)) || self.parent_id == Some(term)
    }

    /// Whether it carries a term with this code or name.
    pub fn has_need(&self, need: &str) -> bool {
        let wanted = fold(need);
        self.attributes
            .iter()
            .filter_map(|attribute| attribute.taxonomy_term.as_ref())
            .any(|term| fold(&term.code) == wanted || fold(&term.name) == wanted)
    }

    /// Whether it belongs to the taxonomy, or carries a term of it.
    pub fn has_taxonomy(&self, taxonomy: Uuid) -> bool {
        self.taxonomy_id == Some(taxonomy)
            || self
                .attributes
                .iter()
                .filter_map(|attribute| attribute.taxonomy_term.as_ref())
                .any(|term| term.taxonomy_id == Some(taxonomy))
    }

    /// Whether the term has this parent.
    pub fn is_below(&self, parent: Uuid) -> bool {
        self.parent_id == Some(parent)
    }

    /// Whether the term has no parent.
    pub fn is_top(&self) -> bool {
        self.parent_id.is_none()
    }

    /// Whether the status is this one.
    pub fn has_status(&self, status: &str) -> bool {
        self.status == status
    }

    /// Whether somebody between these ages, in years, can use it. A limit that is not said is none.
    pub fn takes_ages(&self, from: f64, to: f64) -> bool {
        self.minimum_age.is_none_or(|least| least <= to) && self.maximum_age.is_none_or(|most| most >= from)
    }

    /// Whether it was checked on this day or later; both as YYYY-MM-DD.
    pub fn is_checked_since(&self, day: &str) -> bool {
        !self.assured_date.is_empty() && self.assured_date.as_str() >= day
    }

    /// Whether any schedule has a session on the day (MO…SU), overlapping the times (HH:MM).
    pub fn is_open(&self, day: Option<&str>, from: &str, to: &str) -> bool {
        let schedules = self.schedules.iter().chain(self.service_at_locations.iter().flat_map(|link| &link.schedules));
        schedules.into_iter().any(|schedule| {
            let on_day = day.is_none_or(|day| schedule.byday.split(',').any(|by| by.trim().ends_with(day)));
            let opens = if schedule.opens_at.is_empty() { "00:00" } else { &schedule.opens_at };
            let closes = if schedule.closes_at.is_empty() { "23:59" } else { &schedule.closes_at };
            // A time before the opening time is on the next day.
            on_day && if closes < opens { from <= "23:59" && to >= opens } else { closes >= from && opens <= to }
        })
    }

    /// The places where it is to be had, as far as they may be told.
    pub fn places(&self) -> impl Iterator<Item = &Place> {
        self.service_at_locations.iter().filter_map(|link| link.location.as_ref()).chain(self.location.as_ref())
    }

    /// Metres from `point` to the nearest of its places.
    pub fn distance(&self, point: Point) -> Option<f64> {
        self.places().filter_map(Place::point).map(|place| place.metres_to(point)).min_by(f64::total_cmp)
    }

    /// Whether its areas name the outcode or, where it names no area, one of its places has it.
    pub fn covers(&self, postcode: &Postcode) -> bool {
        let outcode = postcode.outcode();
        let names_it = |text: &str| text.split(|c: char| !c.is_alphanumeric()).any(|word| word == outcode);
        let by_area = self.service_areas.iter().any(|area| names_it(&area.extent) || names_it(&area.name));
        by_area || self.places().flat_map(Place::postcodes).any(|place| place.outcode() == outcode)
    }
}
