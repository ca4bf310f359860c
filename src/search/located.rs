//! Where postcodes and towns are, learned from the places in the directory.

use std::collections::{BTreeSet, HashSet};

use tantivy::{
    DocAddress, Searcher, TantivyError, Term,
    collector::DocSetCollector,
    query::{BooleanQuery, Occur, Query, TermQuery},
    schema::IndexRecordOption,
};
use uuid::Uuid;

use super::{Error, Search, facts, fields::words_of, query::Builder, small::is_common};
use crate::{
    geo::Point,
    model::{
        Kind,
        text::fold,
        whereabouts::{Postcode, Whereabouts},
    },
    places::Precision,
};

/// A town is no wider than this from its middle, in metres.
const FAR: f64 = 20_000.0;

impl Search {
    /// Where a postcode is, learned from the places in the directory: those with the same postcode,
    /// else with the same sector, else with the same outcode.
    /// # Errors
    /// When the index fails.
    pub fn learned(&self, at: &Whereabouts) -> Result<Option<(Point, Precision)>, Error> {
        let full = matches!(at, Whereabouts::Postcode(_)).then(|| (at.as_str().to_owned(), Precision::Postcode));
        let sector = at.sector().map(|sector| (sector, Precision::Sector));
        for (value, precision) in full.into_iter().chain(sector).chain([(at.outcode().to_owned(), Precision::Outcode)]) {
            if let Some(point) = self.middle_of(&value)? {
                return Ok(Some((point, precision)));
            }
        }
        Ok(None)
    }

    /// Where a town is, learned from the places in the directory whose addresses name it: in the midst of them.
    /// # Errors
    /// When the index fails.
    pub fn town(&self, name: &str) -> Result<Option<Point>, Error> {
        let name = fold(name);
        if name.is_empty() {
            return Ok(None);
        }
        let mut points = self.points_of(Term::from_field_text(self.fields.town, &name))?;
        // One place with a wrong position does not move the town.
        let mut middle = |of: fn(&Point) -> f64| {
            points.sort_unstable_by(|a, b| of(a).total_cmp(&of(b)));
            points.get(points.len() / 2).map(of)
        };
        let (north, east) = (middle(|point| point.latitude), middle(|point| point.longitude));
        let middle = north.zip(east).and_then(|(north, east)| Point::new(north, east));
        // Of two towns with one name nobody can say which is meant.
        let near = |middle: &Point| points.iter().filter(|point| point.metres_to(*middle) <= FAR).count();
        Ok(middle.filter(|middle| 2 * near(middle) > points.len()))
    }

    /// The towns that addresses in the directory name, folded.
    /// # Errors
    /// When the index fails.
    pub fn towns(&self) -> Result<BTreeSet<String>, Error> {
        let (searcher, words) = (self.shown(), self.words());
        let builder = Builder { fields: &self.fields, searcher: &searcher, words: &words };
        let mut towns = BTreeSet::new();
        for segment in searcher.segment_readers() {
            let index = segment.inverted_index(self.fields.town)?;
            let mut named = index.terms().stream().map_err(TantivyError::from)?;
            while named.advance() {
                towns.extend(std::str::from_utf8(named.key()).map(str::to_owned));
            }
        }
        let mut living = BTreeSet::new();
        for town in towns {
            if builder.is_there(&Term::from_field_text(self.fields.town, &town))? {
                living.insert(town);
            }
        }
        Ok(living)
    }

    /// Ids of some places in a town, at most `most` of them.
    /// # Errors
    /// When the index fails.
    pub fn in_town(&self, name: &str, most: usize) -> Result<Vec<Uuid>, Error> {
        let searcher = self.shown();
        let places = self.places_with(&searcher, Term::from_field_text(self.fields.town, &fold(name)))?;
        let mut ids = Vec::new();
        for place in places.into_iter().take(most) {
            let columns = searcher.segment_reader(place.segment_ord).fast_fields();
            let half = |name: &str| Ok::<_, Error>(columns.u64(name)?.first(place.doc_id).unwrap_or_default());
            ids.push(Uuid::from_u64_pair(half("high")?, half("low")?));
        }
        Ok(ids)
    }

    /// The whole postcodes of the places in a town.
    /// # Errors
    /// When the index fails.
    pub fn postcodes_in_town(&self, name: &str) -> Result<BTreeSet<String>, Error> {
        let searcher = self.shown();
        let mut postcodes = BTreeSet::new();
        for place in self.places_with(&searcher, Term::from_field_text(self.fields.town, &fold(name)))? {
            let Some(column) = searcher.segment_reader(place.segment_ord).fast_fields().str("postcode")? else { continue };
            for value in column.term_ords(place.doc_id) {
                let mut postcode = String::new();
                column.ord_to_str(value, &mut postcode).map_err(TantivyError::from)?;
                // The same column has the first halves as well.
                if postcode.parse::<Postcode>().is_ok() {
                    postcodes.insert(postcode);
                }
            }
        }
        Ok(postcodes)
    }

    /// Whether a listing has any of these words, or one of them is no name: "near me".
    /// # Errors
    /// When the index fails.
    pub fn has_any_word_of(&self, text: &str) -> Result<bool, Error> {
        let (searcher, words) = (self.shown(), self.words());
        let builder = Builder { fields: &self.fields, searcher: &searcher, words: &words };
        for word in words_of(text) {
            if is_common(&word.text) || builder.is_known(&word.stem)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The middle of the places with this postcode, sector or outcode.
    #[expect(clippy::cast_precision_loss, reason = "places are far fewer than 2^53")]
    fn middle_of(&self, postcode: &str) -> Result<Option<Point>, Error> {
        let points = self.points_of(Term::from_field_text(self.fields.postcode, postcode))?;
        let mean = |of: fn(&Point) -> f64| points.iter().map(of).sum::<f64>() / points.len() as f64;
        let middle = || Point::new(mean(|point| point.latitude), mean(|point| point.longitude));
        Ok(if points.is_empty() { None } else { middle() })
    }

    /// The points of the places with this term, where they are told.
    fn points_of(&self, term: Term) -> Result<Vec<Point>, Error> {
        let searcher = self.shown();
        let mut points = Vec::new();
        for place in self.places_with(&searcher, term)? {
            let columns = searcher.segment_reader(place.segment_ord).fast_fields();
            let point = (columns.f64("latitude")?.first(place.doc_id), columns.f64("longitude")?.first(place.doc_id));
            if let (Some(latitude), Some(longitude)) = point {
                points.extend(Point::new(latitude, longitude));
            }
        }
        Ok(points)
    }

    /// The places with this term.
    fn places_with(&self, searcher: &Searcher, term: Term) -> Result<HashSet<DocAddress>, Error> {
        let with = |term| Box::new(TermQuery::new(term, IndexRecordOption::Basic)) as Box<dyn Query>;
        let places = BooleanQuery::new(vec![
            (Occur::Must, with(Term::from_field_u64(self.fields.kind, facts::kind_number(Kind::Location)))),
            (Occur::Must, with(term)),
        ]);
        Ok(searcher.search(&places, &DocSetCollector)?)
    }
}
