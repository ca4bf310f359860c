//! Filters: which documents of a kind are wanted, and in which order. All of them hold together.

use std::collections::HashSet;

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use super::{Directory, Facts, Place};
use crate::{
    geo::Point,
    http::{Parameters, Problem},
    model::{
        Kind,
        text::fold,
        values::{LocalDateTime, Postcode, TimeOfDay},
    },
    published::shelf::{Entry, Form, Shelf, group_of},
};

/// What is wanted. Made by [`Filters::read`], or by pages themselves.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filters {
    /// Words that must all be there, folded.
    pub words: Vec<String>,
    /// Belongs to this organization.
    pub organization: Option<Uuid>,
    /// Belongs to this taxonomy or carries a term of it.
    pub taxonomy: Option<Uuid>,
    /// Carries this term.
    pub term: Option<Uuid>,
    /// Carries a term with this code or name.
    pub need: Option<String>,
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
    /// Comes from this directory; `own` for ours.
    pub source: Option<String>,
    /// Takes people between these ages.
    pub ages: Option<(f64, f64)>,
    /// Has a session on this day (MO…SU).
    pub day: Option<&'static str>,
    /// Has a session at this time or later, HH:MM.
    pub from_time: Option<String>,
    /// Has a session at this time or earlier, HH:MM.
    pub to_time: Option<String>,
    /// Covers this postcode, or is near it.
    pub postcode: Option<Postcode>,
    /// Nearest to here first.
    pub near: Option<Point>,
    /// Not farther than this, metres.
    pub proximity: Option<f64>,
    /// Leaves out what cannot be had (inactive, defunct).
    pub only_current: bool,
}

const DAYS: [(&str, &str); 7] =
    [("MO", "mo"), ("TU", "tu"), ("WE", "we"), ("TH", "th"), ("FR", "fr"), ("SA", "sa"), ("SU", "su")];
/// Documents that are read at once.
const BATCH: usize = 200;
/// Longest search text, in characters.
const LONGEST_SEARCH: usize = 300;

impl Filters {
    /// Read the filters that lists of this kind have. Others are ignored, as unknown ones are.
    /// # Errors
    /// The first parameter that cannot be used.
    pub fn read(kind: Kind, parameters: &Parameters) -> Result<Self, Problem> {
        let mut filters = Self { words: words(parameters)?, ..Self::default() };
        let id = |name| parameters.parsed::<Uuid>(name, "an id (a UUID)");
        filters.taxonomy = if kind == Kind::Taxonomy { None } else { id("taxonomy_id")? };
        if kind == Kind::TaxonomyTerm {
            filters.parent = id("parent_id")?;
            filters.top_only = parameters.flag("top_only")?;
        }
        if matches!(kind, Kind::Taxonomy | Kind::TaxonomyTerm) {
            return Ok(filters);
        }
        filters.term = id("taxonomy_term_id")?;
        filters.need = parameters.text("need")?.map(str::to_owned);
        filters.modified_after = match moment(parameters, "modified_after")? {
            None => moment(parameters, "updated_since")?,
            some => some,
        };
        filters.source = parameters.text("source")?.map(str::to_owned);
        if kind == Kind::Organization {
            return Ok(filters);
        }
        filters.organization = id("organization_id")?;
        filters.status = parameters.text("status")?.map(str::to_owned);
        filters.checked_since = parameters.parsed("checked_since", "a date such as 2026-11-01")?;
        filters.ages = ages(parameters)?;
        filters.day = day(parameters)?;
        let time =
            |name| Ok::<_, Problem>(parameters.parsed::<TimeOfDay>(name, "a time such as 09:30")?.map(|time| time.to_string()));
        filters.from_time = time("start_time")?;
        filters.to_time = time("end_time")?;
        filters.postcode = parameters.parsed("postcode", "a full UK postcode such as LU1 2AA")?;
        filters.proximity = parameters.number("proximity", 0.0, 2_000_000.0)?;
        filters.near = near(parameters)?;
        if filters.proximity.is_some() && filters.near.is_none() && filters.postcode.is_none() {
            return Err(Problem::bad_parameter("proximity", "", "it needs postcode or near beside it"));
        }
        Ok(filters)
    }

    /// Whether everything is wanted.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The ids of what is wanted: nearest first where `near` is given, then what fits the words
    /// best, then in order of ids. Runs beside the requests that need no search.
    /// # Errors
    /// When the disk fails, or the postcode is not known.
    pub async fn run(self, directory: &Directory, kind: Kind) -> Result<Vec<Uuid>, Problem> {
        let permit = directory.searches.clone().acquire_owned().await.map_err(|error| Problem::internal(&error))?;
        let shelf = directory.shelf.clone();
        let found = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            self.find(&shelf, kind)
        });
        found.await.map_err(|error| Problem::internal(&error))?
    }

    fn find(mut self, shelf: &Shelf, kind: Kind) -> Result<Vec<Uuid>, Problem> {
        if let Some(postcode) = self.postcode.take() {
            if self.proximity.is_some() && self.near.is_none() {
                self.near = Some(learn(shelf, &postcode)?.ok_or_else(|| unknown(&postcode))?);
            } else {
                self.postcode = Some(postcode);
            }
        }
        // A place of a service carries only the service's brief form: what is asked of the service
        // is asked of the service itself.
        let of_services = if kind == Kind::ServiceAtLocation { self.services_wanted(shelf)? } else { None };
        let mut found: Vec<(f64, u32, Uuid)> = Vec::new();
        let mut after = None;
        loop {
            let entries = shelf.entries_after(kind, after, BATCH);
            let Some(last) = entries.last() else { break };
            after = Some(last.id);
            let wanted: Vec<Uuid> = entries
                .iter()
                .filter(|entry| self.fits_entry(entry, kind))
                .filter(|entry| of_services.as_ref().is_none_or(|services| services.contains(&entry.group)))
                .map(|entry| entry.id)
                .collect();
            if !self.reads_documents() {
                found.extend(wanted.into_iter().map(|id| (0.0, 0, id)));
                continue;
            }
            let mut bytes = Vec::new();
            let entries = shelf.these(&wanted, Form::Full, b'\n', &mut bytes)?;
            for (entry, line) in entries.iter().zip(bytes.split(|byte| *byte == b'\n')) {
                let Ok(facts) = serde_json::from_slice::<Facts>(line) else { continue };
                if let Some((distance, fit)) = self.fits(&facts) {
                    found.push((distance, fit, entry.id));
                }
            }
        }
        found.sort_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(&a.1)).then(a.2.cmp(&b.2)));
        Ok(found.into_iter().map(|(_, _, id)| id).collect())
    }

    /// The filters that ask about a service rather than about a place of it, taken out and answered.
    fn services_wanted(&mut self, shelf: &Shelf) -> Result<Option<HashSet<u64>>, Problem> {
        let of_service = Self {
            words: std::mem::take(&mut self.words),
            organization: self.organization.take(),
            taxonomy: self.taxonomy.take(),
            term: self.term.take(),
            need: self.need.take(),
            status: self.status.take(),
            checked_since: self.checked_since.take(),
            ages: self.ages.take(),
            ..Self::default()
        };
        if of_service.is_empty() {
            return Ok(None);
        }
        Ok(Some(of_service.find(shelf, Kind::Service)?.into_iter().map(group_of).collect()))
    }

    /// What can be told without reading the document.
    fn fits_entry(&self, entry: &Entry, kind: Kind) -> bool {
        let source = match self.source.as_deref() {
            None => true,
            Some("own") => entry.own,
            Some(_) => !entry.own,
        };
        source
            && self.organization.is_none_or(|id| entry.group == group_of(id))
            && self.modified_after.is_none_or(|at| entry.changed_at >= at.timestamp_micros())
            && (kind != Kind::TaxonomyTerm || self.taxonomy.is_none_or(|id| entry.group == group_of(id)))
            && !(self.only_current && entry.inactive)
    }

    fn reads_documents(&self) -> bool {
        let by_entry = Self {
            organization: self.organization,
            modified_after: self.modified_after,
            only_current: self.only_current,
            source: self.source.clone().filter(|source| source == "own"),
            ..Self::default()
        };
        *self != by_entry
    }

    /// Metres away and how well the words fit, for a document that is wanted.
    fn fits(&self, facts: &Facts) -> Option<(f64, u32)> {
        let holds = self.taxonomy.is_none_or(|id| facts.has_taxonomy(id))
            && self.term.is_none_or(|id| facts.has_term(id))
            && self.need.as_ref().is_none_or(|need| facts.has_need(need))
            && self.parent.is_none_or(|id| facts.is_below(id))
            && (!self.top_only || facts.is_top())
            && self.status.as_ref().is_none_or(|status| facts.has_status(status))
            && self.checked_since.is_none_or(|day| facts.is_checked_since(&day.to_string()))
            && self.ages.is_none_or(|(from, to)| facts.takes_ages(from, to))
            && self.postcode.as_ref().is_none_or(|postcode| facts.covers(postcode))
            && self.fits_times(facts);
        if !holds {
            return None;
        }
        let distance = match self.near {
            None => 0.0,
            Some(point) => match facts.distance(point) {
                Some(metres) if self.proximity.is_none_or(|most| metres <= most) => metres,
                None if self.proximity.is_none() => f64::MAX,
                _ => return None,
            },
        };
        Some((distance, facts.fit(&self.words)?))
    }

    fn fits_times(&self, facts: &Facts) -> bool {
        if self.day.is_none() && self.from_time.is_none() && self.to_time.is_none() {
            return true;
        }
        facts.is_open(self.day, self.from_time.as_deref().unwrap_or("00:00"), self.to_time.as_deref().unwrap_or("23:59"))
    }
}

/// The words of a search text, folded.
pub(super) fn words(parameters: &Parameters) -> Result<Vec<String>, Problem> {
    let Some(text) = parameters.text("search")? else { return Ok(Vec::new()) };
    let length = text.chars().count();
    if length > LONGEST_SEARCH {
        return Err(Problem::bad_parameter(
            "search",
            text,
            &format!("it has {length} characters; at most {LONGEST_SEARCH} are read"),
        ));
    }
    let words: Vec<String> = fold(text).split(' ').filter(|word| !word.is_empty()).map(str::to_owned).collect();
    if words.is_empty() {
        return Err(Problem::bad_parameter("search", text, "it has no letter or digit"));
    }
    Ok(words)
}

fn moment(parameters: &Parameters, name: &str) -> Result<Option<DateTime<Utc>>, Problem> {
    let Some(text) = parameters.text(name)? else { return Ok(None) };
    // A + that was not encoded arrives as a space.
    let text = text.replace(' ', "+");
    let read = DateTime::parse_from_rfc3339(&text)
        .map(|at| at.to_utc())
        .ok()
        .or_else(|| text.parse::<LocalDateTime>().ok().map(|at| at.naive().and_utc()))
        .or_else(|| text.parse::<NaiveDate>().ok().and_then(|day| day.and_hms_opt(0, 0, 0)).map(|at| at.and_utc()));
    read.map(Some).ok_or_else(|| Problem::bad_parameter(name, &text, "expected a date and time such as 2026-11-01T00:00:00Z"))
}

fn ages(parameters: &Parameters) -> Result<Option<(f64, f64)>, Problem> {
    let from = parameters.number("minimum_age", 0.0, 150.0)?;
    let to = parameters.number("maximum_age", 0.0, 150.0)?;
    if let (Some(from), Some(to)) = (from, to)
        && from > to
    {
        return Err(Problem::bad_parameter("minimum_age", &from.to_string(), &format!("it is above maximum_age, {to}")));
    }
    Ok((from.is_some() || to.is_some()).then(|| (from.unwrap_or(0.0), to.unwrap_or(150.0))))
}

fn day(parameters: &Parameters) -> Result<Option<&'static str>, Problem> {
    let Some(text) = parameters.text("day")? else { return Ok(None) };
    let start = text.to_lowercase();
    let found = DAYS.iter().find(|(_, short)| start.starts_with(short) && start.chars().all(char::is_alphabetic));
    found
        .map(|(day, _)| Some(*day))
        .ok_or_else(|| Problem::bad_parameter("day", text, "expected a day of the week such as MO or Monday"))
}

fn near(parameters: &Parameters) -> Result<Option<Point>, Problem> {
    let Some(text) = parameters.text("near")? else { return Ok(None) };
    let point = text.split_once(',').and_then(|(lat, lon)| Point::new(lat.trim().parse().ok()?, lon.trim().parse().ok()?));
    point
        .map(Some)
        .ok_or_else(|| Problem::bad_parameter("near", text, "expected latitude,longitude in degrees such as 51.8787,-0.42"))
}

fn unknown(postcode: &Postcode) -> Problem {
    Problem::bad_parameter("postcode", postcode.as_str(), "no place with this postcode, or one like it, is known here")
}

/// Where a postcode is, learned from the places in the directory: those with the same postcode,
/// else with the same sector, else with the same outcode.
/// # Errors
/// When the disk fails.
pub fn learn(shelf: &Shelf, postcode: &Postcode) -> Result<Option<Point>, Problem> {
    let sector_length = postcode.as_str().len() - 2;
    let mut sums = [(0.0, 0.0, 0.0); 3];
    let mut after = None;
    loop {
        let entries = shelf.entries_after(Kind::Location, after, BATCH);
        let Some(last) = entries.last() else { break };
        after = Some(last.id);
        let ids: Vec<Uuid> = entries.iter().map(|entry| entry.id).collect();
        let mut bytes = Vec::new();
        shelf.these(&ids, Form::Full, b'\n', &mut bytes)?;
        for place in bytes.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice::<Place>(line).ok()) {
            let Some(point) = place.point() else { continue };
            for other in place.postcodes() {
                let levels = [
                    other == *postcode,
                    other.as_str().get(..sector_length) == postcode.as_str().get(..sector_length),
                    other.outcode() == postcode.outcode(),
                ];
                for (sum, _) in sums.iter_mut().zip(levels).filter(|(_, same)| *same) {
                    *sum = (sum.0 + point.latitude, sum.1 + point.longitude, sum.2 + 1.0);
                }
            }
        }
    }
    Ok(sums.into_iter().find(|sum| sum.2 > 0.0).and_then(|sum| Point::new(sum.0 / sum.2, sum.1 / sum.2)))
}
