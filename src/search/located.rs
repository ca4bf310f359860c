//! Where postcodes and towns are, learned from the places in the directory.

use tantivy::{
    Term,
    collector::DocSetCollector,
    query::{BooleanQuery, Occur, Query, TermQuery},
    schema::IndexRecordOption,
};

use super::{Error, Search, facts, fields::words_of, query::Builder, small::is_common};
use crate::{
    geo::Point,
    model::{Kind, text::fold, whereabouts::Whereabouts},
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

    /// Whether a listing has any of these words, or one of them is no name: "near me".
    /// # Errors
    /// When the index fails.
    pub fn has_any_word_of(&self, text: &str) -> Result<bool, Error> {
        let (searcher, words) = (self.reader.searcher(), self.words());
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
        let searcher = self.reader.searcher();
        let with = |term| Box::new(TermQuery::new(term, IndexRecordOption::Basic)) as Box<dyn Query>;
        let places = BooleanQuery::new(vec![
            (Occur::Must, with(Term::from_field_u64(self.fields.kind, facts::kind_number(Kind::Location)))),
            (Occur::Must, with(term)),
        ]);
        let mut points = Vec::new();
        for place in searcher.search(&places, &DocSetCollector)? {
            let columns = searcher.segment_reader(place.segment_ord).fast_fields();
            let point = (columns.f64("latitude")?.first(place.doc_id), columns.f64("longitude")?.first(place.doc_id));
            if let (Some(latitude), Some(longitude)) = point {
                points.extend(Point::new(latitude, longitude));
            }
        }
        Ok(points)
    }
}
