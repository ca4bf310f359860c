//! Where somebody says that they are: a postcode, its first half, or a town, as far as it is known here.

use super::{Site, language::say_with, search_form::Mistake};
use crate::{
    geo::Point,
    http::Problem,
    model::{
        text::line,
        whereabouts::{Whereabouts, among_words},
    },
    places::{self, Precision},
    publishing::{LONGEST_SEARCH, Position, locate, locate_town},
};

/// Longest name of a place that is said back, in characters.
const LONGEST_NAME: usize = 60;

/// Where somebody is, as far as they said so and it is known.
#[derive(Clone, Debug)]
pub(super) struct Here {
    /// What they called it.
    pub(super) said: String,
    /// Where that is.
    pub(super) point: Point,
    /// How exactly that is known.
    pub(super) precision: Precision,
    /// GSS codes of the areas it lies in, where they are known.
    pub(super) areas: Vec<String>,
    /// The same for the areas of services; none for a town, which may lie in several.
    pub(super) home: Option<places::Place>,
}

impl Here {
    /// The first half of the postcode, where it is one.
    pub(super) fn outcode(&self) -> Option<String> {
        self.home.as_ref()?.at.as_ref().map(|at| at.outcode().to_owned())
    }
}

impl From<Position> for Here {
    fn from(position: Position) -> Self {
        Self {
            said: position.at.to_string(),
            home: Some(position.home()),
            point: position.point,
            precision: position.precision,
            areas: position.areas,
        }
    }
}

/// Where a postcode or a town is that somebody wrote, or that nobody here knows it.
pub(super) async fn located(site: &Site, written: &str) -> Result<Result<Option<Here>, Mistake>, Problem> {
    if written.trim().is_empty() {
        return Ok(Ok(None));
    }
    let here = match written.parse::<Whereabouts>() {
        Ok(at) => locate(&site.directory, &at).await?.map(Here::from),
        Err(_) => locate_town(&site.directory, written).await?.map(|point| Here {
            said: written.to_owned(),
            point,
            precision: Precision::Outcode,
            areas: Vec::new(),
            home: None,
        }),
    };
    Ok(here.map(Some).ok_or_else(|| unknown(written)))
}

fn unknown(written: &str) -> Mistake {
    let said = say_with(
        "We do not know the place “{place}”. Check it, try a postcode such as LU1 2AA or LU1, or leave it empty.",
        &[("place", &line(written, LONGEST_NAME))],
    );
    Mistake { field: "postcode", said }
}

/// A postcode among the words, if no other place is given: where it is, and the words without it. A whole one is
/// one even where nobody knows it, since no listing has it among its words; half of one may be a word.
pub(super) async fn among(site: &Site, words: &str, place: &str) -> Result<Option<(String, String)>, Problem> {
    if !place.is_empty() || words.chars().count() > LONGEST_SEARCH {
        return Ok(None);
    }
    let Some((at, rest)) = among_words(words) else { return Ok(None) };
    let is_one = matches!(at, Whereabouts::Postcode(_)) || locate(&site.directory, &at).await?.is_some();
    Ok(is_one.then(|| (at.to_string(), rest)))
}
