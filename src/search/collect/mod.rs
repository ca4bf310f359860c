//! Going through what fits a query: what is asked of columns, the order, the counts. One pass.

mod carries;
mod days;
mod hit;
mod segment;

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
};

use tantivy::{SegmentOrdinal, SegmentReader, collector::Collector, columnar::BytesColumn};

use super::columns::Opened;
use crate::geo::Point;
pub(super) use days::Window;
pub use hit::Hit;
use segment::Segment;

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

/// The services of which places are wanted.
pub(super) struct OfServices {
    /// Where each stands among them, by the group of their ids.
    pub(super) ranks: HashMap<u64, i64>,
    /// What a place must say itself, unless its service says it of all its places.
    pub(super) said: Vec<SaidOfPlaces>,
}

/// A value that a service, or one of its places, carries.
pub(super) struct SaidOfPlaces {
    pub(super) field: &'static str,
    pub(super) value: String,
    /// The services that carry it wherever they are given, by the group of their ids.
    pub(super) everywhere: HashSet<u64>,
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
    /// Is a place of one of these services.
    pub(super) services: Option<Arc<OfServices>>,
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

impl Collector for Hits {
    type Fruit = Collected;
    type Child = Segment;

    fn for_segment(&self, _: SegmentOrdinal, reader: &SegmentReader) -> tantivy::Result<Segment> {
        Segment::open(self, reader)
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
