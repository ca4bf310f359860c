//! Going through what fits a query: what is asked of columns, the order, the counts. One pass.

mod days;
mod hit;
mod whom;

use std::{
    collections::{BTreeMap, BinaryHeap, HashMap},
    sync::Arc,
};

use tantivy::{
    DocId, Score, SegmentOrdinal, SegmentReader,
    collector::{Collector, SegmentCollector},
    columnar::{BytesColumn, Column, StrColumn},
};
use uuid::Uuid;

use super::{
    columns::{Columns, Opened},
    query::{AHEAD, EACH, MOST_COUNTED},
};
use crate::geo::Point;
pub(super) use days::Window;
use days::{DAYS, DaysOfHours, EventDays};
pub use hit::Hit;
use hit::Place;
use whom::Whom;

/// A mile in metres: the middle of an outcode or a town is about so far from most who live there.
const A_MILE: f64 = 1_609.344;

/// In which order the hits come.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Order {
    /// Of ids.
    Id,
    /// What fits the words best.
    Relevance,
    /// Nearest first.
    Distance,
    /// What takes place first.
    Start,
    /// As the services stand that places are of.
    Service,
}

/// Something that one number of a document must be. A document without the number passes where
/// `or_missing` says so.
#[derive(Clone, Debug)]
pub(super) struct Between<T> {
    pub(super) field: &'static str,
    pub(super) least: T,
    pub(super) most: T,
    pub(super) or_missing: bool,
}

/// Which values of a dictionary column pass, for one segment; none where a value does not decide.
pub(super) type Passing = Arc<Vec<Option<bool>>>;
/// Says for a segment and its column of that name which values pass.
pub(super) type Judge = Arc<dyn Fn(&SegmentReader, &str, &BytesColumn) -> Passing + Send + Sync>;

/// Something that opening hours must say.
#[derive(Clone)]
pub(super) struct Open {
    pub(super) judge: Judge,
    /// For places of services: what the usual hours of the services say, by the group of their
    /// ids. A place that says no hours of its own has those of its service, else those of the house.
    pub(super) usual: Option<Arc<HashMap<u64, bool>>>,
}

/// What a document must be beside fitting the query.
#[derive(Clone, Default)]
pub(super) struct Checks {
    /// Is of the kind with this number, where the query does not see to that.
    pub(super) kind: Option<u64>,
    pub(super) whole: Vec<Between<i64>>,
    pub(super) numbers: Vec<Between<f64>>,
    /// What opening hours must say.
    pub(super) hours: Vec<Open>,
    /// Documents whose service areas do not decide pass where one of their places has this outcode.
    pub(super) covers: Option<(Judge, String)>,
    /// Is a place of one of these services, by the group of their ids: where each stands among them.
    pub(super) services: Option<Arc<HashMap<u64, i64>>>,
    /// Takes place in this time.
    pub(super) window: Option<Window>,
    /// Distance from here, and at most so many metres.
    pub(super) near: Option<(Point, Option<f64>)>,
    /// Whether "here" is only roughly known.
    pub(super) roughly: bool,
    /// Says of service areas whether they hold where somebody is.
    pub(super) home: Option<Judge>,
}

/// How many hits have each value, for each facet.
pub(super) type Counts = BTreeMap<&'static str, BTreeMap<String, usize>>;

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Collected {
    pub(super) total: usize,
    pub(super) hits: Vec<Hit>,
    pub(super) counts: Counts,
    /// Whether it was scored how well each fits.
    pub(super) ranked: bool,
}

/// Collects the first `keep` hits in the order, and counts all.
#[derive(Clone)]
pub(super) struct Hits {
    pub(super) order: Order,
    /// What helps somebody in danger comes before everything that is nearer.
    pub(super) danger_first: bool,
    /// Of what fits several parts of the words, that which fits more of them comes before what is nearer.
    pub(super) counted: bool,
    /// Marks of what comes before what is nearer because it is for whoever asks; none where that decides nothing.
    pub(super) for_them: Vec<&'static str>,
    pub(super) keep: usize,
    pub(super) checks: Checks,
    /// Columns that are open already.
    pub(super) opened: Arc<Opened>,
    /// Text columns whose values are counted.
    pub(super) facets: &'static [&'static str],
    /// Says for each day of the week whether hours have something on it; none where days are not counted.
    pub(super) days: Vec<Judge>,
    /// For places of services: each of those days, for places that say no hours of their own.
    pub(super) usual_days: Vec<Open>,
    /// For events: days of the week on which they begin in this time are counted instead.
    pub(super) event_days: Option<Window>,
}

/// The columns of one segment that are looked at.
pub(super) struct Segment {
    wanted: Hits,
    columns: Arc<Columns>,
    whole: Vec<(Column<i64>, Between<i64>)>,
    numbers: Vec<(Column<f64>, Between<f64>)>,
    open: Vec<SaysOpen>,
    covers: Option<Covers>,
    home: Option<Judged>,
    whom: Option<Whom>,
    counted: Vec<(&'static str, StrColumn, Vec<usize>)>,
    hours: Option<DaysOfHours>,
    usual_days: Vec<(SaysOpen, usize)>,
    event_days: Option<EventDays>,
    total: usize,
    heap: BinaryHeap<Hit>,
}

/// A column whose values were judged.
type Judged = (Option<BytesColumn>, Passing);

/// What says whether something is open.
struct SaysOpen {
    own: Judged,
    /// For places of services.
    otherwise: Option<(Arc<HashMap<u64, bool>>, Judged)>,
}

/// What says whether a document covers a postcode.
struct Covers {
    areas: Judged,
    /// The column of postcodes, and the value that the outcode has in it.
    place: Option<(StrColumn, u64)>,
}

impl Collector for Hits {
    type Fruit = Collected;
    type Child = Segment;

    fn for_segment(&self, _: SegmentOrdinal, reader: &SegmentReader) -> tantivy::Result<Segment> {
        let columns = reader.fast_fields();
        let judged = |field: &str, judge: &Judge| -> tantivy::Result<Judged> {
            let column = columns.bytes(field)?;
            let passing = column.as_ref().map_or_else(Passing::default, |column| judge(reader, field, column));
            Ok((column, passing))
        };
        let open = |Open { judge, usual }: &Open| -> tantivy::Result<SaysOpen> {
            let otherwise =
                usual.as_ref().map(|usual| Ok::<_, tantivy::TantivyError>((usual.clone(), judged("house_hours", judge)?)));
            Ok(SaysOpen { own: judged("hours", judge)?, otherwise: otherwise.transpose()? })
        };
        let checks = &self.checks;
        let covers = match &checks.covers {
            None => None,
            Some((judge, outcode)) => {
                let place = match columns.str("postcode")? {
                    None => None,
                    Some(column) => column.dictionary().term_ord(outcode.as_bytes())?.map(|value| (column, value)),
                };
                Some(Covers { areas: judged("coverage", judge)?, place })
            }
        };
        let home = checks.home.as_ref().map(|judge| judged("coverage", judge)).transpose()?;
        let counted = self.facets.iter().map(|field| Ok(columns.str(field)?.map(|column| (*field, column))));
        let counted: Vec<_> = counted.collect::<tantivy::Result<Vec<_>>>()?;
        Ok(Segment {
            wanted: self.clone(),
            columns: self.opened.of(reader)?,
            whole: checks
                .whole
                .iter()
                .map(|check| Ok((columns.i64(check.field)?, check.clone())))
                .collect::<tantivy::Result<_>>()?,
            numbers: checks
                .numbers
                .iter()
                .map(|check| Ok((columns.f64(check.field)?, check.clone())))
                .collect::<tantivy::Result<_>>()?,
            open: checks.hours.iter().map(open).collect::<tantivy::Result<_>>()?,
            covers,
            home,
            whom: Whom::of(reader, &self.for_them)?,
            counted: counted
                .into_iter()
                .flatten()
                .map(|(field, column)| {
                    let values = column.num_terms();
                    (field, column, vec![0; values])
                })
                .collect(),
            usual_days: self.usual_days.iter().map(|day| Ok((open(day)?, 0))).collect::<tantivy::Result<_>>()?,
            event_days: self.event_days.map(|window| EventDays { window, counts: [0; 7] }),
            hours: if self.days.is_empty() { None } else { columns.bytes("hours")? }.map(|column| {
                let days = self.days.iter().map(|day| day(reader, "hours", &column)).collect();
                DaysOfHours { counts: vec![0; column.num_terms()], days, column }
            }),
            total: 0,
            heap: BinaryHeap::new(),
        })
    }

    fn requires_scoring(&self) -> bool {
        self.order == Order::Relevance || self.order == Order::Distance
    }

    fn merge_fruits(&self, fruits: Vec<Collected>) -> tantivy::Result<Collected> {
        let mut all = Collected::default();
        for fruit in fruits {
            all.total += fruit.total;
            all.hits.extend(fruit.hits);
            for (field, counts) in fruit.counts {
                let sum = all.counts.entry(field).or_default();
                for (value, count) in counts {
                    *sum.entry(value).or_default() += count;
                }
            }
        }
        all.hits.sort_unstable();
        all.hits.truncate(self.keep);
        Ok(all)
    }
}

impl Segment {
    fn passes(&self, doc: DocId) -> bool {
        if self.wanted.checks.kind.is_some_and(|kind| self.columns.kind.first(doc) != Some(kind)) {
            return false;
        }
        let whole = self.whole.iter().all(|(column, check)| match column.first(doc) {
            None => check.or_missing,
            Some(value) => (check.least..=check.most).contains(&value),
        });
        whole
            && self.numbers.iter().all(|(column, check)| match column.first(doc) {
                None => check.or_missing,
                Some(value) => (check.least..=check.most).contains(&value),
            })
            && self.open.iter().all(|open| self.is_open(open, doc))
            && (self.wanted.checks.services.is_none() || self.rank(doc).is_some())
            && self.covers(doc)
    }

    /// Where its service stands among those that are wanted; none where it is none of them.
    fn rank(&self, doc: DocId) -> Option<i64> {
        self.wanted.checks.services.as_ref()?.get(&self.columns.group.first(doc)?).copied()
    }

    fn is_open(&self, open: &SaysOpen, doc: DocId) -> bool {
        let own = value_passes(&open.own, doc);
        let otherwise = || {
            let (usual, house) = open.otherwise.as_ref()?;
            let of_service = self.columns.group.first(doc).and_then(|service| usual.get(&service).copied());
            of_service.or_else(|| value_passes(house, doc))
        };
        own.or_else(otherwise).unwrap_or(false)
    }

    /// Areas that decide are believed: codes do not for a postcode of which no codes are known. Else it
    /// is covered by what is there.
    fn covers(&self, doc: DocId) -> bool {
        let Some(covers) = &self.covers else { return true };
        let in_the_outcode =
            || covers.place.as_ref().is_some_and(|(column, outcode)| column.term_ords(doc).any(|value| value == *outcode));
        value_passes(&covers.areas, doc).unwrap_or_else(in_the_outcode)
    }

    /// Whether its areas say that it is not for people where somebody is.
    fn is_for_elsewhere(&self, doc: DocId) -> bool {
        self.home.as_ref().and_then(|areas| value_passes(areas, doc)) == Some(false)
    }

    fn id(&self, doc: DocId) -> Uuid {
        let half = |column: &Column<u64>| column.first(doc).unwrap_or_default();
        Uuid::from_u64_pair(half(&self.columns.high), half(&self.columns.low))
    }

    /// Metres to the nearest place; none where it has none, or none near enough.
    fn metres(&self, doc: DocId) -> Option<f64> {
        let (point, most) = self.wanted.checks.near?;
        let Columns { latitude, longitude, .. } = &*self.columns;
        // A degree of latitude has at least 110 km everywhere: most of what is too far away is seen by that.
        let reach = most.map_or(f64::MAX, |most| most / 110_000.0);
        latitude
            .values_for_doc(doc)
            .zip(longitude.values_for_doc(doc))
            .filter(|(north, _)| (north - point.latitude).abs() <= reach)
            .filter_map(|(north, east)| Some(Point::new(north, east)?.metres_to(point)))
            .filter(|metres| most.is_none_or(|most| *metres <= most))
            .min_by(f64::total_cmp)
    }

    /// How far away something is, as far as that may decide: from a place that is only roughly known, whole miles.
    fn told_apart(&self, metres: f64) -> f64 {
        if self.wanted.checks.roughly { (metres / A_MILE).floor() } else { metres }
    }

    /// When it first takes place in the wanted time, in minutes since 1970.
    fn first_start(&self, doc: DocId) -> Option<i64> {
        let window = self.wanted.checks.window?;
        let dates = self.columns.starts.values_for_doc(doc).zip(self.columns.ends.values_for_doc(doc));
        dates.filter(|(start, end)| window.holds(*start, *end)).map(|(start, _)| start).min()
    }

    fn keep(&mut self, doc: DocId, place: Place, metres: Option<f64>) {
        let keep = self.wanted.keep;
        if keep == 0 {
            return;
        }
        if self.heap.len() >= keep && self.heap.peek().is_some_and(|worst| place > worst.place) {
            return;
        }
        let hit = Hit { id: self.id(doc), metres, place };
        if self.heap.len() < keep {
            self.heap.push(hit);
        } else if let Some(mut worst) = self.heap.peek_mut()
            && hit < *worst
        {
            *worst = hit;
        }
    }
}

/// Whether the value of the document passes; none where it has no value, or one that does not decide.
fn value_passes((column, passing): &Judged, doc: DocId) -> Option<bool> {
    let value = column.as_ref()?.term_ords(doc).next()?;
    usize::try_from(value).ok().and_then(|value| passing.get(value)).copied().flatten()
}

/// A score as a whole number, larger for better: sums of the same parts in another order are equal.
#[expect(clippy::cast_possible_truncation, reason = "scores are far below 2^53, and none is below nought")]
fn rounded(score: Score) -> i64 {
    (f64::from(score) * 1_000.0 + 0.5) as i64
}

/// How many parts of the words a score says that a document fits.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "scores are far below 2^31, and none is below nought"
)]
fn matched(score: Score) -> usize {
    ((score % AHEAD) / EACH) as usize
}

impl SegmentCollector for Segment {
    type Fruit = Collected;

    fn collect(&mut self, doc: DocId, score: Score) {
        if !self.passes(doc) {
            return;
        }
        let metres = self.metres(doc);
        if metres.is_none() && self.wanted.checks.near.is_some_and(|(_, most)| most.is_some()) {
            return;
        }
        let start = self.first_start(doc);
        if start.is_none() && self.wanted.checks.window.is_some() {
            return;
        }
        self.total += 1;
        for (_, column, counts) in &mut self.counted {
            count(column.term_ords(doc), counts);
        }
        if let Some(hours) = &mut self.hours {
            count(hours.column.term_ords(doc), &mut hours.counts);
        }
        for day in 0..self.usual_days.len() {
            let open = &self.usual_days[day].0;
            let borrowed = value_passes(&open.own, doc).is_none() && self.is_open(open, doc);
            self.usual_days[day].1 += usize::from(borrowed);
        }
        if let Some(days) = &mut self.event_days {
            days.count(&self.columns, doc);
        }
        #[expect(clippy::cast_precision_loss, reason = "minutes, scores and ranks are far below 2^53")]
        let first = match self.wanted.order {
            Order::Id => 0.0,
            Order::Relevance => -(rounded(score) as f64),
            Order::Distance => metres.map_or(f64::MAX, |metres| self.told_apart(metres)),
            Order::Start => start.unwrap_or(i64::MAX) as f64,
            Order::Service => self.rank(doc).unwrap_or(i64::MAX) as f64,
        };
        // Of what is as near, that which fits better: a place of a service has no words of its own.
        let fits = || self.rank(doc).unwrap_or_else(|| -rounded(score));
        let second = if self.wanted.order == Order::Distance { fits() } else { 0 };
        let place = Place {
            danger_last: self.wanted.danger_first && score < AHEAD,
            elsewhere: self.is_for_elsewhere(doc),
            for_others: self.whom.as_ref().is_some_and(|whom| !whom.holds(doc)),
            lacks: if self.wanted.counted { MOST_COUNTED.saturating_sub(matched(score)) } else { 0 },
            first,
            second,
            metres: metres.unwrap_or(f64::MAX),
        };
        self.keep(doc, place, metres);
    }

    fn harvest(self) -> Collected {
        let mut counts = Counts::new();
        for (field, column, numbers) in self.counted {
            counts.insert(field, named(&column, &numbers));
        }
        let of_hours = self.hours.iter().flat_map(DaysOfHours::by_day);
        let usual = self.usual_days.iter().map(|(_, number)| *number);
        let of_events = self.event_days.iter().flat_map(|days| days.counts);
        let by_day = DAYS.iter().zip(of_hours).chain(DAYS.iter().zip(usual)).chain(DAYS.iter().zip(of_events));
        for (day, number) in by_day.filter(|(_, number)| *number > 0) {
            *counts.entry("day").or_default().entry((*day).to_owned()).or_default() += number;
        }
        Collected { total: self.total, hits: self.heap.into_vec(), counts, ranked: false }
    }
}

/// Numbers of the values of a column by the values themselves, read in one pass over its dictionary.
fn named(column: &StrColumn, numbers: &[usize]) -> BTreeMap<String, usize> {
    let (at, counts): (Vec<u64>, Vec<usize>) = (0..).zip(numbers.iter().copied()).filter(|(_, count)| *count > 0).unzip();
    let (mut named, mut counts) = (BTreeMap::new(), counts.into_iter());
    let read = column.dictionary().sorted_ords_to_term_cb(&at, |value| {
        if let (Ok(value), Some(count)) = (std::str::from_utf8(value), counts.next()) {
            named.insert(value.to_owned(), count);
        }
    });
    if read.is_ok() { named } else { BTreeMap::new() }
}

fn count(values: impl Iterator<Item = u64>, counts: &mut [usize]) {
    for value in values {
        if let Some(count) = usize::try_from(value).ok().and_then(|value| counts.get_mut(value)) {
            *count += 1;
        }
    }
}
