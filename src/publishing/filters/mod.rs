//! Filters of the API: which documents of a kind are wanted. Parameters are read here once; the
//! search index answers.

mod dates;
mod said;

use std::ops::Range;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use uuid::Uuid;

use super::{
    Directory,
    answer::{Answer, Position, locate},
};
use crate::{
    geo::Point,
    http::{Parameters, Problem},
    model::{
        Kind,
        shape::{self, Shape},
        text::fold,
        whereabouts::{Whereabouts, among_words},
    },
    places::postcode_in,
    search::{self, Delivery, Found, Search, Wanted},
};
pub(super) use dates::Window;
pub use dates::midnight;
use dates::{known_from, moment, times, window};

/// Longest search text, in characters.
pub const LONGEST_SEARCH: usize = 300;

/// Most needs that one request may name.
const MOST_NEEDS: usize = 20;

/// What a request wants, before it is known where its postcode is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filters {
    wanted: Wanted,
    /// What must be covered, or what is to be near.
    place: Option<(Whereabouts, Use)>,
    /// The first day of which dates are known, where the time that is asked for begins before it.
    known_from: Option<NaiveDate>,
}

/// What a postcode is for, and the parameter that it came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Use {
    Covered,
    Near(&'static str),
    /// It stands among the words of the search. Half a postcode that nobody knows is left there: it may be a word.
    Said,
}

impl Filters {
    /// Read the filters that lists of this kind have, as things are at `now`, where dates are known as far ahead as
    /// `horizon`. Others are ignored, as unknown ones are.
    /// # Errors
    /// The first parameter that cannot be used.
    pub fn read(kind: Kind, parameters: &Parameters, now: DateTime<Utc>, horizon: TimeDelta) -> Result<Self, Problem> {
        let mut filters = Self::default();
        let wanted = &mut filters.wanted;
        wanted.text = text(parameters)?;
        // Beside nothing to search for it asks for nothing.
        wanted.relaxed = parameters.flag("relaxed")? && !wanted.text.is_empty();
        let id = |name| parameters.parsed::<Uuid>(name, "an id (a UUID)");
        wanted.taxonomy = if kind == Kind::Taxonomy { None } else { id("taxonomy_id")? };
        if kind == Kind::TaxonomyTerm {
            wanted.parent = id("parent_id")?;
            wanted.top_only = parameters.flag("top_only")?;
            if wanted.top_only && wanted.parent.is_some() {
                return Err(Problem::bad_parameter("top_only", "true", "it contradicts parent_id; give one of them"));
            }
        }
        if matches!(kind, Kind::Taxonomy | Kind::TaxonomyTerm) {
            return Ok(filters);
        }
        wanted.term = id("taxonomy_term_id")?;
        wanted.needs = needs(parameters)?;
        // Both hold where both are given.
        wanted.modified_after = moment(parameters, "modified_after")?.max(moment(parameters, "updated_since")?);
        wanted.source = parameters.text("source")?.map(str::to_owned);
        if kind == Kind::Organization {
            return Ok(filters);
        }
        wanted.organization = id("organization_id")?;
        wanted.status = status(kind, parameters)?;
        // Lists tell of everything; whoever searches looks for what can be had.
        wanted.only_current =
            matches!(kind, Kind::Service | Kind::ServiceAtLocation) && wanted.status.is_none() && !wanted.text.is_empty();
        wanted.checked_since = parameters.parsed("checked_since", "a date such as 2026-11-01")?;
        wanted.ages = ages(parameters)?;
        wanted.times = times(parameters)?;
        wanted.free = parameters.flag("free")?;
        wanted.language = words(parameters, "language")?;
        wanted.accessibility = words(parameters, "accessibility")?;
        wanted.delivery = delivery(parameters)?;
        if kind == Kind::Event {
            if let Some((from, until)) = window(parameters, now, horizon)? {
                // Without this, the dates of an answer would begin long before those that it was found by.
                let (day, known) = known_from(now);
                wanted.window = Some((from.max(known), until));
                filters.known_from = (from < known).then_some(day);
            }
        } else {
            wanted.open_now = parameters.flag("open_now")?;
        }
        filters.read_place(kind, parameters)?;
        Ok(filters)
    }

    fn read_place(&mut self, kind: Kind, parameters: &Parameters) -> Result<(), Problem> {
        self.wanted.proximity = parameters.number("proximity", 0.0, 2_000_000.0)?;
        let read = |text| postcode_in(text).map_err(|refused| Problem::bad_parameter("postcode", text, &refused.to_string()));
        let postcode = parameters.text("postcode")?.map(read).transpose()?;
        match (near(parameters)?, postcode) {
            (Some(Near::Point(point)), postcode) => {
                self.wanted.near = Some(point);
                self.place = postcode.map(|at| (at, Use::Covered));
            }
            (Some(Near::At(at)), Some(_)) => {
                return Err(Problem::bad_parameter("near", at.as_str(), "give the postcode once, as near or as postcode"));
            }
            (Some(Near::At(at)), None) => self.place = Some((at, Use::Near("near"))),
            (None, Some(at)) if self.wanted.proximity.is_some() => self.place = Some((at, Use::Near("postcode"))),
            (None, Some(at)) => self.place = Some((at, Use::Covered)),
            (None, None) if self.wanted.proximity.is_some() => {
                let written = parameters.text("proximity")?.unwrap_or_default();
                return Err(Problem::bad_parameter("proximity", written, "it needs postcode or near as well"));
            }
            // Places are looked for by their own postcodes.
            (None, None) if kind == Kind::Location => {}
            (None, None) => self.place = among_words(&self.wanted.text).map(|(at, _)| (at, Use::Said)),
        }
        Ok(())
    }

    /// Whether everything is wanted.
    pub fn is_everything(&self) -> bool {
        *self == Self::default()
    }

    /// Only what can be had now and somebody has confirmed, as the pages show it.
    #[must_use]
    pub fn current(mut self) -> Self {
        self.wanted.only_current = true;
        self
    }

    /// Only events that take place from the first moment to the second.
    #[must_use]
    pub fn events_between(mut self, from: DateTime<Utc>, to: DateTime<Utc>) -> Self {
        self.wanted.window = Some((from, to));
        self
    }

    /// Only what belongs to this organization.
    #[must_use]
    pub fn of_organization(mut self, organization: Uuid) -> Self {
        self.wanted.organization = Some(organization);
        self
    }

    /// What was written, as somebody wants it.
    pub fn wanted(&self) -> &Wanted {
        &self.wanted
    }

    /// Find out where the postcode is, and give what is wanted with that.
    /// # Errors
    /// When nobody knows where it is, or the database fails.
    async fn placed(self, directory: &Directory) -> Result<(Wanted, Option<Position>), Problem> {
        let mut wanted = self.wanted;
        let Some((at, purpose)) = self.place else { return Ok((wanted, None)) };
        let position = locate(directory, &at).await?;
        let other_words = || among_words(&wanted.text).map(|(_, words)| words).unwrap_or_default();
        match (purpose, &position) {
            (Use::Near(_), Some(position)) => position.stands_in(&mut wanted),
            (Use::Near(parameter), None) => return Err(unknown(parameter, &at)),
            (Use::Said, Some(position)) => {
                wanted.text = other_words();
                position.stands_in(&mut wanted);
            }
            // No listing has a whole postcode among its words: the rest is looked for, and the answer says so.
            (Use::Said, None) if is_whole(&at) => {
                wanted.text = other_words();
                if wanted.text.is_empty() {
                    return Err(unknown("search", &at));
                }
            }
            (Use::Said, None) => {}
            // The middle of half a postcode is not where somebody is.
            (Use::Covered, _) => {
                let home = position.as_ref().map(Position::home);
                wanted.covers = Some(home.unwrap_or_else(|| search::place(at, None, Vec::new())));
            }
        }
        Ok((wanted, position))
    }

    /// The documents that are wanted, in order: nearest first where a place to be near is given, else
    /// what fits the words best, else what takes place first, else in order of ids. Runs beside the
    /// requests that need no search.
    /// # Errors
    /// When the index fails, or the postcode is not known.
    pub async fn find(self, directory: &Directory, kind: Kind, range: Range<usize>) -> Result<Answer, Problem> {
        self.ask(directory, move |search, wanted, now| search.find(kind, wanted, now, range)).await
    }

    /// How many documents have each value.
    /// # Errors
    /// When the index fails, or the postcode is not known.
    pub async fn count(self, directory: &Directory, kind: Kind) -> Result<Answer, Problem> {
        self.ask(directory, move |search, wanted, now| search.count(kind, wanted, now)).await
    }

    async fn ask(
        mut self,
        directory: &Directory,
        with: impl FnOnce(&Search, &Wanted, DateTime<Utc>) -> Result<Found, search::Error> + Send + 'static,
    ) -> Result<Answer, Problem> {
        self.wanted.needs = with_narrower(directory, &self.wanted.needs)?;
        let (unlocated, known_from) = (self.place.clone(), self.known_from);
        let (mut wanted, position) = self.placed(directory).await?;
        let is_left_out = |(at, purpose): &&(Whereabouts, Use)| *purpose == Use::Said && position.is_none() && is_whole(at);
        let mut unknown_place = unlocated.as_ref().filter(is_left_out).map(|(at, _)| at.as_str().to_owned());
        if let Some(said) = said::unknown_place(directory, &wanted.text).await? {
            wanted.text = said.words;
            unknown_place = Some(said.place);
        }
        let (window, times) = (wanted.window, wanted.times);
        let found = ask_index(directory, wanted, with).await?;
        // An empty list would look as if there were no help; where the place is known it says the truth.
        if let (Some((at, Use::Covered)), None, 0) = (&unlocated, &position, found.total) {
            return Err(unknown("postcode", at));
        }
        Ok(Answer { found, position, unknown_place, window, times, known_from })
    }
}

/// Search beside the requests that need no search, at most so many at once.
/// # Errors
/// When the index fails.
pub async fn ask_index(
    directory: &Directory,
    wanted: Wanted,
    with: impl FnOnce(&Search, &Wanted, DateTime<Utc>) -> Result<Found, search::Error> + Send + 'static,
) -> Result<Found, Problem> {
    if directory.search.is_yet_to_be_filled() {
        // "Nothing found" would be wrong, and would be believed.
        return Err(Problem::unavailable("the search is being prepared; /readyz says how far it is. Try again in a minute"));
    }
    let permit = directory.searches.clone().acquire_owned().await.map_err(|error| Problem::internal(&error))?;
    let (index, now) = (directory.search.clone(), directory.clock.now());
    let found = tokio::task::spawn_blocking(move || {
        let _permit = permit;
        with(&index, &wanted, now)
    });
    found.await.map_err(|error| Problem::internal(&error))?.map_err(Problem::from)
}

fn is_whole(at: &Whereabouts) -> bool {
    matches!(at, Whereabouts::Postcode(_))
}

fn unknown(parameter: &str, at: &Whereabouts) -> Problem {
    Problem::bad_parameter(parameter, at.as_str(), "this postcode, or one like it, is not known here")
}

/// These needs with all that are narrower: help with food is help with food today, too. A need that nobody here knows
/// is refused: an empty list would look as if there were no help with it.
fn with_narrower(directory: &Directory, needs: &[String]) -> Result<Vec<String>, Problem> {
    if needs.is_empty() {
        return Ok(Vec::new());
    }
    let (words, terms) = (directory.search.words(), directory.vocabulary()?);
    let is_known = |need: &&String| terms.find(need).is_some() || words.has_need(need);
    match needs.iter().find(|need| !is_known(need)) {
        None => Ok(terms.with_narrower(needs)),
        Some(need) => {
            let unknown = "there is no need with this code or name here; /api/v1/needs lists those there are";
            Err(Problem::bad_parameter("need", need, unknown))
        }
    }
}

/// A search text, if it can be searched for.
fn text(parameters: &Parameters) -> Result<String, Problem> {
    let Some(text) = parameters.text("search")? else { return Ok(String::new()) };
    let length = text.chars().count();
    if length > LONGEST_SEARCH {
        return Err(Problem::bad_parameter(
            "search",
            text,
            &format!("it has {length} characters; the limit is {LONGEST_SEARCH}"),
        ));
    }
    Ok(words(parameters, "search")?.unwrap_or_default())
}

/// Needs, separated by commas. Nothing between them would ask for everything, as if it were what somebody wanted.
fn needs(parameters: &Parameters) -> Result<Vec<String>, Problem> {
    let Some(text) = parameters.text("need")? else { return Ok(Vec::new()) };
    let needs: Vec<String> = text.split(['|', ',']).map(str::trim).filter(|need| !need.is_empty()).map(str::to_owned).collect();
    if needs.iter().all(|need| fold(need).is_empty()) {
        return Err(Problem::bad_parameter("need", text, "it names no need; give codes or names, separated by commas"));
    }
    if needs.len() > MOST_NEEDS {
        let many = format!("it names {} needs; the limit is {MOST_NEEDS}", needs.len());
        return Err(Problem::bad_parameter("need", text, &many));
    }
    Ok(needs)
}

/// Words to be looked for; text without any would ask for everything.
fn words(parameters: &Parameters, name: &str) -> Result<Option<String>, Problem> {
    let text = parameters.text(name)?;
    if let Some(text) = text.filter(|text| fold(text).is_empty()) {
        return Err(Problem::bad_parameter(name, text, "it contains no letter or digit"));
    }
    Ok(text.map(str::to_owned))
}

/// The word of the standard, however it is written.
fn status(kind: Kind, parameters: &Parameters) -> Result<Option<String>, Problem> {
    let Some(text) = parameters.text("status")? else { return Ok(None) };
    if kind == Kind::Location {
        let none = "a location has no status of its own; /service_at_locations lists the places of services with a status";
        return Err(Problem::bad_parameter("status", text, none));
    }
    let shape = shape::entity(shape::title(if kind == Kind::Event { kind } else { Kind::Service }));
    let words = match shape.and_then(|entity| entity.fields.get("status")).map(|field| &field.shape) {
        Some(Shape::Choice(words)) => words.as_slice(),
        _ => &[],
    };
    let found = words.iter().find(|word| fold(word) == fold(text)).cloned();
    found.map(Some).ok_or_else(|| Problem::bad_parameter("status", text, &format!("expected one of: {}", words.join(", "))))
}

fn delivery(parameters: &Parameters) -> Result<Option<Delivery>, Problem> {
    let online = parameters.flag("online")?.then_some(Delivery::Online);
    let Some(text) = parameters.text("delivery")? else { return Ok(online) };
    let wanted = text.to_lowercase().replace([' ', '-'], "_");
    let found = Delivery::ALL.iter().find(|(_, name)| *name == wanted).map(|(delivery, _)| *delivery);
    match found {
        None => Err(Problem::bad_parameter("delivery", text, "expected in_person, phone or online")),
        Some(other) if online.is_some_and(|online| online != other) => {
            Err(Problem::bad_parameter("delivery", text, "it contradicts online=true; give one of them"))
        }
        found => Ok(found),
    }
}

fn ages(parameters: &Parameters) -> Result<Option<(f64, f64)>, Problem> {
    let from = parameters.number("minimum_age", 0.0, 150.0)?;
    let to = parameters.number("maximum_age", 0.0, 150.0)?;
    if let (Some(from), Some(to)) = (from, to)
        && from > to
    {
        return Err(Problem::bad_parameter("minimum_age", &from.to_string(), &format!("it must not be above maximum_age, {to}")));
    }
    Ok((from.is_some() || to.is_some()).then(|| (from.unwrap_or(0.0), to.unwrap_or(150.0))))
}

/// What somebody wants to be near.
enum Near {
    Point(Point),
    At(Whereabouts),
}

fn near(parameters: &Parameters) -> Result<Option<Near>, Problem> {
    let Some(text) = parameters.text("near")? else { return Ok(None) };
    let point = text.split_once(',').and_then(|(lat, lon)| Point::new(lat.trim().parse().ok()?, lon.trim().parse().ok()?));
    let turned = point.filter(|point| !point.is_in_uk()).and_then(|point| Point::new(point.longitude, point.latitude));
    if let Some(Point { latitude, longitude }) = turned.filter(|point| point.is_in_uk()) {
        // The nearest would be thousands of miles away, and within a few miles there would be none.
        let meant = format!("latitude comes first: did you mean {latitude},{longitude}?");
        return Err(Problem::bad_parameter("near", text, &meant));
    }
    point.map(Near::Point).or_else(|| postcode_in(text).ok().map(Near::At)).map(Some).ok_or_else(|| {
        Problem::bad_parameter("near", text, "expected latitude,longitude in degrees such as 51.8787,-0.42, or a postcode")
    })
}
