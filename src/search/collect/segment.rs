//! One segment of the index: which of its documents pass, where each stands in the order, what is counted.

use std::{
    collections::{BTreeMap, BinaryHeap, HashMap},
    sync::Arc,
};

use tantivy::{
    DocId, Score, SegmentReader,
    collector::SegmentCollector,
    columnar::{BytesColumn, Column, StrColumn},
};
use uuid::Uuid;

use super::{
    Between, Collected, Counts, Hits, Judge, Open, Order, Passing,
    carries::Carries,
    days::{DAYS, DaysOfHours, EventDays},
    hit::{ForWhom, Hit, Place},
};
use crate::search::{
    Point,
    columns::Columns,
    query::{AHEAD, EACH, MOST_COUNTED},
    wanted::Delivery,
};

/// A mile in metres: the middle of an outcode or a town is about so far from most who live there.
const A_MILE: f64 = 1_609.344;

/// How far away help for everybody may be and still come before help for one group that is nearer, in metres: 25 miles,
/// about as far as the other end of a county. Nobody gets to a food bank in the next one but two.
const REACH: f64 = 25.0 * A_MILE;

/// The columns of one segment that are looked at.
pub(in crate::search) struct Segment {
    wanted: Hits,
    columns: Arc<Columns>,
    whole: Vec<(Column<i64>, Between<i64>)>,
    numbers: Vec<(Column<f64>, Between<f64>)>,
    open: Vec<SaysOpen>,
    covers: Option<Covers>,
    home: Option<Judged>,
    /// The marks of what is for whoever asks.
    whom: Option<Carries>,
    /// How help is given for which nobody has to travel.
    remote: Option<Carries>,
    /// For each value that a place must carry where its service does not: the column, and the value in it.
    said: Vec<Option<(StrColumn, u64)>>,
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

impl Segment {
    /// Open what is looked at in a segment, and judge the values of its columns.
    pub(super) fn open(hits: &Hits, reader: &SegmentReader) -> tantivy::Result<Self> {
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
        let checks = &hits.checks;
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
        let mut said = Vec::new();
        for one in checks.services.iter().flat_map(|services| &services.said) {
            said.push(match columns.str(one.field)? {
                None => None,
                Some(column) => column.dictionary().term_ord(one.value.as_bytes())?.map(|value| (column, value)),
            });
        }
        let counted = hits.facets.iter().map(|field| Ok(columns.str(field)?.map(|column| (*field, column))));
        let counted: Vec<_> = counted.collect::<tantivy::Result<Vec<_>>>()?;
        Ok(Self {
            wanted: hits.clone(),
            columns: hits.opened.of(reader)?,
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
            whom: Carries::one_of(reader, "mark", &hits.for_them)?,
            remote: Carries::one_of(reader, "delivery", &[Delivery::Phone.value(), Delivery::Online.value()])?,
            said,
            counted: counted
                .into_iter()
                .flatten()
                .map(|(field, column)| {
                    let values = column.num_terms();
                    (field, column, vec![0; values])
                })
                .collect(),
            usual_days: hits.usual_days.iter().map(|day| Ok((open(day)?, 0))).collect::<tantivy::Result<_>>()?,
            event_days: hits.event_days.map(|window| EventDays { window, counts: [0; 7] }),
            hours: if hits.days.is_empty() { None } else { columns.bytes("hours")? }.map(|column| {
                let days = hits.days.iter().map(|day| day(reader, "hours", &column)).collect();
                DaysOfHours { counts: vec![0; column.num_terms()], days, column }
            }),
            total: 0,
            heap: BinaryHeap::new(),
        })
    }

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
            && (self.wanted.checks.services.is_none() || (self.rank(doc).is_some() && self.says(doc)))
            && self.covers(doc)
    }

    /// Where its service stands among those that are wanted; none where it is none of them.
    fn rank(&self, doc: DocId) -> Option<i64> {
        self.wanted.checks.services.as_ref()?.ranks.get(&self.columns.group.first(doc)?).copied()
    }

    /// Whether it carries what it must, or its service does wherever it is given.
    fn says(&self, doc: DocId) -> bool {
        let service = self.columns.group.first(doc);
        let mut must = self.wanted.checks.services.iter().flat_map(|services| &services.said).zip(&self.said);
        must.all(|(one, own)| {
            service.is_some_and(|service| one.everywhere.contains(&service))
                || own.as_ref().is_some_and(|(column, value)| column.term_ords(doc).any(|carried| carried == *value))
        })
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

    /// For whom it is, where that comes before distance. What has no place, such as a line to ring, is in everybody's reach,
    /// and so is what is given on the phone or online from wherever its office is.
    fn for_whom(&self, doc: DocId, metres: Option<f64>) -> ForWhom {
        match &self.whom {
            None => ForWhom::Them,
            Some(_) if metres.is_some_and(|metres| metres > REACH) && !self.is_remote(doc) => ForWhom::OutOfReach,
            Some(whom) if whom.holds(doc) => ForWhom::Them,
            Some(_) => ForWhom::Others,
        }
    }

    fn is_remote(&self, doc: DocId) -> bool {
        self.remote.as_ref().is_some_and(|remote| remote.holds(doc))
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
            whom: self.for_whom(doc, metres),
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
