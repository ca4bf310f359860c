//! Where somebody says that they are: a postcode, its first half, or a town, as far as it is known here.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::{Site, data, language::say_with, search_form::Mistake};
use crate::{
    geo::Point,
    http::Problem,
    model::{
        text::{fold, line},
        whereabouts::{Whereabouts, among_words},
    },
    places::{self, Precision, Reading},
    published::shelf::Form,
    publishing::{Directory, LONGEST_SEARCH, Position, locate, locate_town},
    self_help::contacts::Area,
};

/// Postcodes of a town that are looked up.
const POSTCODES_OF_A_TOWN: usize = 50;
/// Longest name of a place that is said back, in characters.
const LONGEST_NAME: usize = 60;

/// Where somebody is, as far as they said so and it is known.
#[derive(Clone, Debug)]
pub(super) struct Here {
    /// What they called it, or what that was taken for.
    pub(super) said: String,
    /// That it was taken for something else than what they wrote, and why.
    pub(super) taken: Option<String>,
    /// Where that is.
    pub(super) point: Point,
    /// How exactly that is known.
    pub(super) precision: Precision,
    /// GSS codes of the areas it lies in, where they are known.
    pub(super) areas: Vec<String>,
    /// The same for the areas of services; of a town, the areas that all its places here lie in.
    pub(super) home: Option<places::Place>,
}

impl Here {
    /// The first half of the postcode, where it is one.
    pub(super) fn outcode(&self) -> Option<String> {
        self.home.as_ref()?.at.as_ref().map(|at| at.outcode().to_owned())
    }

    /// Whether only roughly known is where that is.
    pub(super) fn is_rough(&self) -> bool {
        self.precision != Precision::Postcode
    }

    /// Whether it is a whole postcode.
    pub(super) fn is_whole(&self) -> bool {
        matches!(self.home.as_ref().and_then(|home| home.at.as_ref()), Some(Whereabouts::Postcode(_)))
    }

    /// The councils there, if that is certain: every page asks this.
    pub(super) fn council(&self) -> Option<Area> {
        Area::certain(self.precision, self.areas.iter().map(String::as_str))
    }
}

impl From<Position> for Here {
    fn from(position: Position) -> Self {
        let mut home = position.home();
        // A postcode that the imported list lacks lies among others, which may be another council's.
        if position.precision != Precision::Postcode && matches!(position.at, Whereabouts::Postcode(_)) {
            home.areas.clear();
        }
        Self {
            said: position.at.to_string(),
            taken: None,
            home: Some(home),
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
    for reading in &places::readings(written) {
        let found = match reading {
            Reading::At(at) => locate(&site.directory, at).await?.map(Here::from),
            Reading::Begun(at) => locate(&site.directory, at).await?.map(|position| Here {
                taken: Some(say_with(
                    "“{written}” is not a whole postcode, so we used {place}.",
                    &[("written", &line(written, LONGEST_NAME)), ("place", at.as_str())],
                )),
                ..Here::from(position)
            }),
            Reading::Town(name) => town(site, name).await?,
        };
        if found.is_some() {
            return Ok(Ok(found));
        }
    }
    // The last words of an address alone are soon close to something else: "Road" is not Roade.
    let names = written.split([',', ';', '\n']).map(fold).rev().chain([fold(written)]).collect();
    let Some(name) = with_a_slip(site, names).await? else { return Ok(Err(unknown(written))) };
    let taken = say_with(
        "We do not know the place “{written}”, so we used {place}.",
        &[("written", &line(written, LONGEST_NAME)), ("place", &name)],
    );
    let here = town(site, &name).await?.map(|here| Here { taken: Some(taken), ..here });
    Ok(here.map(Some).ok_or_else(|| unknown(written)))
}

async fn town(site: &Site, name: &str) -> Result<Option<Here>, Problem> {
    let Some(point) = locate_town(&site.directory, name).await? else { return Ok(None) };
    let areas = areas_of_town(site, name).await?;
    let home = (!areas.is_empty()).then_some(places::Place { at: None, point: None, areas });
    Ok(Some(Here { said: name.to_owned(), taken: None, point, precision: Precision::Outcode, areas: Vec::new(), home }))
}

/// The areas that all places in a town lie in, as far as the imported directory of postcodes knows them: a town on a
/// border lies in none for sure.
async fn areas_of_town(site: &Site, name: &str) -> Result<Vec<String>, Problem> {
    let town = name.to_owned();
    let postcodes = site.aside(move |directory| Ok(directory.search.postcodes_in_town(&town)?)).await?;
    let mut common: Option<Vec<String>> = None;
    for at in postcodes.iter().filter_map(|postcode| postcode.parse().ok()).take(POSTCODES_OF_A_TOWN) {
        let Some(position) = locate(&site.directory, &at).await? else { continue };
        if position.precision == Precision::Postcode && !position.areas.is_empty() {
            let before = common.take().unwrap_or_else(|| position.areas.clone());
            common = Some(before.into_iter().filter(|area| position.areas.contains(area)).collect());
        }
    }
    Ok(common.unwrap_or_default())
}

/// The town that is surely meant by one of these names, each written with a slip: "Lutn" is Luton, as long as no other
/// town here is as close.
async fn with_a_slip(site: &Site, names: Vec<String>) -> Result<Option<String>, Problem> {
    site.aside(move |directory| {
        let towns = directory.search.towns()?;
        let meant = names.iter().find_map(|name| closest(name, &towns));
        meant.map_or(Ok(None), |town| as_it_is_spelt(directory, town))
    })
    .await
}

/// The name of a town as one of its places writes it.
fn as_it_is_spelt(directory: &Directory, folded: &str) -> Result<Option<String>, Problem> {
    let places = directory.search.in_town(folded, 1)?;
    let places = data::these::<Addressed>(directory, &places, Form::Full)?;
    let mut towns = places.into_iter().flat_map(|place| place.document.addresses).map(|address| address.city);
    Ok(towns.find(|town| fold(town) == folded))
}

/// A place, as far as its town goes.
#[derive(Deserialize)]
struct Addressed {
    #[serde(default)]
    addresses: Vec<Addresses>,
}

#[derive(Deserialize)]
struct Addresses {
    #[serde(default)]
    city: String,
}

/// The only town that this is a slip of: one letter for a name of at least four, two for one of at least eight.
fn closest<'a>(name: &str, towns: &'a BTreeSet<String>) -> Option<&'a str> {
    let forgiven = match name.chars().count() {
        0..4 => return None,
        4..8 => 1,
        _ => 2,
    };
    let near = towns.iter().map(|town| (strsim::osa_distance(name, town), town.as_str()));
    let mut near: Vec<_> = near.filter(|(distance, _)| *distance <= forgiven).collect();
    near.sort_unstable();
    match near[..] {
        [(_, only)] => Some(only),
        [(first, town), (second, _), ..] if first < second => Some(town),
        _ => None,
    }
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
