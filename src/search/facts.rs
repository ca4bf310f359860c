//! What the index takes from a published document of any kind. Read from the published bytes, so a
//! search can never find what the world cannot see.

mod dates;
mod members;

use std::collections::BTreeSet;

use chrono::{DateTime, Datelike as _, NaiveDate, TimeDelta, Utc};
use tantivy::{TantivyDocument, schema::Field};
use uuid::Uuid;

use super::{
    fields::Fields,
    free::{names_a_price, says_free},
    groups, signs,
    words::Words,
};
use crate::{
    geo::Point,
    model::{Kind, Schedule, hours::Hours, languages, text::fold, whereabouts::Postcode},
    places::coverage::Coverage,
    published::{Published, shelf::group_of},
};

pub use dates::PAST_DAYS;
use dates::add_dates;
pub(super) use dates::{minutes, moved_to};
use members::{Attribute, Cost, Facts, Place, Term, can_be_rung};

/// Stands between two parts of a text.
const PARTED: &str = " \u{2022} ";
/// Text of one document that is indexed, in bytes.
const LONGEST_TEXT: usize = 40_000;

/// The document of the index for a published row, as things are at `now`.
/// Dates of events are those up to `horizon`.
pub(super) fn document(
    fields: &Fields,
    words: &Words,
    row: &Published,
    now: DateTime<Utc>,
    horizon: TimeDelta,
) -> TantivyDocument {
    // What cannot be read whole is found by its id and kind at least.
    let facts: Facts = serde_json::from_str(&row.full).unwrap_or_default();
    let facts = facts.of_the_schema(row.kind);
    let mut out = TantivyDocument::default();
    let (high, low) = row.id.as_u64_pair();
    out.add_bytes(fields.id, row.id.as_bytes());
    out.add_u64(fields.high, high);
    out.add_u64(fields.low, low);
    out.add_u64(fields.kind, kind_number(row.kind));
    out.add_u64(fields.group, facts.owner(row.kind).map_or(0, group_of));
    out.add_i64(fields.changed, row.changed_at.timestamp_micros());
    out.add_text(fields.source, if row.origin.is_empty() { "own" } else { &row.origin });
    // A place of a service is found through its service; only what is its own is held for it.
    if row.kind != Kind::ServiceAtLocation {
        facts.add_words(fields, words, row.kind, &mut out);
        facts.add_terms(fields, row.kind, &mut out);
        facts.add_people(fields, row.kind, &mut out);
        facts.add_groups(fields, words, row.kind, &mut out);
    }
    if matches!(row.kind, Kind::Service | Kind::ServiceAtLocation) {
        facts.add_own_terms(fields, &mut out);
    }
    facts.add_places(fields, row.kind, &mut out);
    facts.add_times(fields, row.kind, &mut out);
    if row.kind == Kind::Event {
        add_dates(fields, row, now, horizon, &mut out);
        for place in moved_to(row) {
            out.add_text(fields.moved, place.to_string());
        }
    }
    out
}

/// The number that stands for a kind in the index.
pub(super) fn kind_number(kind: Kind) -> u64 {
    u64::from(kind.number().unsigned_abs())
}

impl Facts {
    /// Where a kind has no place of its own, members that look like one say nothing that is understood.
    fn of_the_schema(mut self, kind: Kind) -> Self {
        if kind != Kind::Location {
            (self.latitude, self.longitude, self.addresses) = (None, None, Vec::new());
        }
        if !matches!(kind, Kind::Event | Kind::ServiceAtLocation) {
            self.location = None;
        }
        self
    }

    fn owner(&self, kind: Kind) -> Option<Uuid> {
        match kind {
            Kind::Service | Kind::Event | Kind::Location => self.organization_id,
            Kind::ServiceAtLocation => self.service_id,
            Kind::TaxonomyTerm => self.taxonomy_id,
            Kind::Taxonomy | Kind::Organization => None,
        }
    }

    /// The languages, each as it is called in English.
    fn tongues(&self) -> impl Iterator<Item = &str> {
        self.languages.iter().map(|language| {
            let said = if language.name.is_empty() { &*language.code } else { &*language.name };
            languages::known(said).map_or(said, |known| known.name)
        })
    }

    fn add_words(&self, fields: &Fields, words: &Words, kind: Kind, out: &mut TantivyDocument) {
        let names = [self.name.as_str(), self.alternate_name.as_str()];
        let terms: Vec<&str> = self.terms().map(|term| term.name.as_str()).collect();
        let name = names.join(" ");
        out.add_text(fields.terms, terms.join(PARTED));
        let mut text = String::with_capacity(self.description.len() + 256);
        let organization = self.organization.as_ref().map(|organization| organization.name.as_str());
        let places = self.places().flat_map(|place| {
            [place.name.as_str()].into_iter().chain(place.addresses.iter().map(|address| address.city.as_str()))
        });
        let own_address = self.addresses.iter().flat_map(|address| [&*address.first_line, &*address.city, &*address.postal_code]);
        let code = matches!(kind, Kind::TaxonomyTerm).then_some(self.code.as_str());
        let parts = names
            .into_iter()
            .chain([self.description.as_str(), self.eligibility_description.as_str()])
            .chain(organization)
            .chain(terms.iter().copied())
            .chain(places)
            .chain(own_address)
            .chain(code);
        for part in parts.filter(|part| !part.is_empty()) {
            // Words of two parts are not beside each other.
            text.push_str(part);
            text.push_str(PARTED);
            if text.len() > LONGEST_TEXT {
                break;
            }
        }
        for (need, steps) in signs::of(words, &self.needs(), &name, &text) {
            out.add_text(fields.sign, signs::written(&need, steps));
        }
        for language in self.tongues().filter(|tongue| *tongue != "English") {
            text.push_str(language);
            text.push_str(PARTED);
        }
        out.add_text(fields.name, name);
        out.add_text(fields.spelling, &text);
        out.add_text(fields.text, text);
    }

    fn add_terms(&self, fields: &Fields, kind: Kind, out: &mut TantivyDocument) {
        let mut taxonomies: Vec<Uuid> = self.terms().filter_map(|term| term.taxonomy_id).chain(self.taxonomy_id).collect();
        let mut terms: Vec<Uuid> = self.classified().filter_map(|attribute| attribute.taxonomy_term_id).collect();
        taxonomies.sort_unstable();
        taxonomies.dedup();
        terms.sort_unstable();
        terms.dedup();
        for id in &taxonomies {
            out.add_text(fields.taxonomy, id.simple().to_string());
        }
        for id in &terms {
            out.add_text(fields.term, id.simple().to_string());
        }
        if kind == Kind::TaxonomyTerm {
            out.add_text(fields.parent, self.parent_id.map_or_else(|| "top".to_owned(), |id| id.simple().to_string()));
        }
        if !self.status.is_empty() {
            out.add_text(fields.status, &self.status);
        }
    }

    fn add_own_terms(&self, fields: &Fields, out: &mut TantivyDocument) {
        let terms: BTreeSet<Uuid> = self.attributes.iter().filter_map(|attribute| attribute.taxonomy_term_id).collect();
        for id in terms {
            out.add_text(fields.own_term, id.simple().to_string());
        }
        let of_terms = self.attributes.iter().filter_map(|attribute| attribute.taxonomy_term.as_ref());
        let taxonomies: BTreeSet<Uuid> = of_terms.filter_map(|term| term.taxonomy_id).collect();
        for id in taxonomies {
            out.add_text(fields.own_taxonomy, id.simple().to_string());
        }
    }

    fn add_people(&self, fields: &Fields, kind: Kind, out: &mut TantivyDocument) {
        if let Some(age) = self.minimum_age {
            out.add_f64(fields.youngest, age);
        }
        if let Some(age) = self.maximum_age {
            out.add_f64(fields.oldest, age);
        }
        if let Some(day) = self.assured_date.get(..10).and_then(|day| day.parse::<NaiveDate>().ok()) {
            out.add_i64(fields.checked, i64::from(day.num_days_from_ce()));
        }
        let mut languages: Vec<String> = self
            .languages
            .iter()
            .flat_map(|language| [language_value(&language.code), language_value(&language.name)])
            .filter(|name| !name.is_empty())
            .collect();
        languages.sort_unstable();
        languages.dedup();
        for language in &languages {
            out.add_text(fields.language, language);
        }
        let mut tongues: Vec<&str> = self.tongues().collect();
        tongues.sort_unstable();
        tongues.dedup();
        for tongue in tongues.iter().filter(|tongue| !tongue.is_empty()) {
            out.add_text(fields.tongue, tongue);
        }
        for way in self.delivery() {
            out.add_text(fields.delivery, way);
        }
        if self.is_free() {
            out.add_text(fields.mark, "free");
        }
        if self.event_id.is_some() {
            out.add_text(fields.mark, "event");
        }
        let runs = if kind == Kind::Event { "scheduled" } else { "active" };
        if self.status == runs && !self.provenance.doubtful {
            out.add_text(fields.mark, "runs");
        }
        if self.freshness == "unconfirmed" {
            out.add_text(fields.mark, "unconfirmed");
        }
    }

    fn add_groups(&self, fields: &Fields, words: &Words, kind: Kind, out: &mut TantivyDocument) {
        let of_event = (kind == Kind::Event || self.event_id.is_some()).then_some(self.description.as_str());
        for group in groups::marks_of(words, &self.name, &self.eligibility_description, of_event) {
            out.add_text(fields.mark, group);
        }
    }

    /// How it can be had: at a place, on the phone, on the internet.
    fn delivery(&self) -> Vec<&'static str> {
        let physical = |kind: &str| kind != "virtual";
        let in_person = self.places().any(|place| physical(&place.location_type));
        let attending = |word: &str| {
            self.all_schedules().any(|schedule| schedule.attending_type.as_deref().is_some_and(|kind| fold(kind).contains(word)))
        };
        let virtual_place = self.places().any(|place| !physical(&place.location_type));
        let online =
            virtual_place || !self.online_url.is_empty() || attending("online") || attending("virtual") || attending("video");
        let phone = attending("phone") || (!in_person && !online && can_be_rung(&self.phones, &self.contacts));
        // A listing with nothing but a web page or an address to write to is had on the internet.
        let by_page = !in_person && !phone && !online && (!self.url.is_empty() || !self.email.is_empty());
        [(in_person, "in person"), (phone, "phone"), (online || by_page, "online")]
            .into_iter()
            .filter_map(|(is, name)| is.then_some(name))
            .collect()
    }

    /// Whether the listing says that it costs nothing, to everybody.
    fn is_free(&self) -> bool {
        let costs_nothing = |cost: &Cost| match cost.amount {
            Some(amount) => amount == 0.0,
            None => says_free(&cost.option) || says_free(&cost.amount_description),
        };
        let words = if self.fees_description.is_empty() { &self.fees } else { &self.fees_description };
        let priced = self.cost_options.iter().any(|cost| cost.amount.is_some_and(|amount| amount > 0.0));
        let all_cost_nothing = !self.cost_options.is_empty() && self.cost_options.iter().all(costs_nothing);
        !priced && (says_free(words) || (all_cost_nothing && !names_a_price(words)))
    }

    fn add_places(&self, fields: &Fields, kind: Kind, out: &mut TantivyDocument) {
        let accessibility = self.accessibility.iter().chain(self.places().flat_map(|place| &place.accessibility));
        let access: Vec<&str> = accessibility.flat_map(|access| [access.description.as_str(), access.details.as_str()]).collect();
        if !access.is_empty() {
            out.add_text(fields.access, access.join(" "));
        }
        let own = self.latitude.zip(self.longitude);
        let of_places = self.places().filter_map(|place| place.latitude.zip(place.longitude));
        for point in of_places.chain(own).filter_map(|(latitude, longitude)| Point::new(latitude, longitude)) {
            out.add_f64(fields.latitude, point.latitude);
            out.add_f64(fields.longitude, point.longitude);
        }
        if kind == Kind::Location {
            let towns: BTreeSet<String> = self.addresses.iter().map(|address| fold(&address.city)).collect();
            towns.iter().filter(|town| !town.is_empty()).for_each(|town| out.add_text(fields.town, town));
        }
        let addresses = self.places().flat_map(|place| &place.addresses).chain(&self.addresses);
        let mut postcodes: Vec<String> = addresses
            .filter_map(|address| address.postal_code.parse::<Postcode>().ok())
            .flat_map(|postcode| [postcode.as_str().to_owned(), postcode.sector().to_owned(), postcode.outcode().to_owned()])
            .collect();
        postcodes.sort_unstable();
        postcodes.dedup();
        for postcode in &postcodes {
            out.add_text(fields.postcode, postcode);
        }
        let areas = self.service_areas.iter().chain(self.service_at_locations.iter().flat_map(|link| &link.service_areas));
        let coverage = Coverage::of(areas);
        if !coverage.is_empty() {
            out.add_bytes(fields.coverage, &coverage.encode());
        }
    }

    fn add_times(&self, fields: &Fields, kind: Kind, out: &mut TantivyDocument) {
        // Schedules that say nothing that is understood are kept for places of services and what these
        // fall back on: they do not mean that another's hours hold.
        let house = self.location.iter().flat_map(|place| &place.schedules);
        match kind {
            Kind::ServiceAtLocation => {
                add_hours(fields.hours, &self.schedules, out);
                add_hours(fields.house_hours, house, out);
            }
            Kind::Service => {
                add_hours(fields.hours, self.all_schedules(), out);
                add_hours(fields.usual_hours, &self.schedules, out);
            }
            _ => add_hours(fields.hours, &self.schedules, out),
        }
    }

    fn all_schedules(&self) -> impl Iterator<Item = &Schedule> {
        self.schedules.iter().chain(self.service_at_locations.iter().flat_map(|link| &link.schedules))
    }

    /// How it is classified: what is so at one of its places is so of a service.
    fn classified(&self) -> impl Iterator<Item = &Attribute> {
        self.attributes.iter().chain(self.service_at_locations.iter().flat_map(|link| &link.attributes))
    }

    fn terms(&self) -> impl Iterator<Item = &Term> {
        self.classified().filter_map(|attribute| attribute.taxonomy_term.as_ref())
    }

    /// Codes and names of the terms that it carries, folded.
    fn needs(&self) -> BTreeSet<String> {
        self.terms().flat_map(|term| [fold(&term.code), fold(&term.name)]).filter(|need| !need.is_empty()).collect()
    }

    fn places(&self) -> impl Iterator<Item = &Place> {
        self.service_at_locations.iter().filter_map(|link| link.location.as_ref()).chain(self.location.as_ref())
    }
}

/// What stands in the index for a language that was written as a name or a code.
pub(super) fn language_value(name_or_code: &str) -> String {
    languages::known(name_or_code).map_or_else(|| fold(name_or_code), |known| known.code.to_owned())
}

fn add_hours<'a>(field: Field, schedules: impl IntoIterator<Item = &'a Schedule>, out: &mut TantivyDocument) {
    let mut schedules = schedules.into_iter().peekable();
    if schedules.peek().is_some() {
        out.add_bytes(field, &Hours::of(schedules).encode());
    }
}

/// The point of a place.
pub(super) fn point_of(place: &Published) -> Option<Point> {
    let facts: Facts = serde_json::from_str(&place.full).ok()?;
    Point::new(facts.latitude?, facts.longitude?)
}
