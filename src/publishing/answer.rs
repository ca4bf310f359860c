//! What a search of the API answers beside the documents: what was understood, and where it was looked for.

use chrono::NaiveDate;
use serde_json::{Value, json};

use super::{Directory, filters::Window};
use crate::{
    geo::Point,
    http::Problem,
    model::whereabouts::Whereabouts,
    places::{self, Precision},
    search::{self, Enough, Found, Times, Wanted},
};

/// Where a postcode is.
#[derive(Clone, Debug, PartialEq)]
pub struct Position {
    /// What was asked for.
    pub at: Whereabouts,
    /// Where that is.
    pub point: Point,
    /// How precisely that is known.
    pub precision: Precision,
    /// GSS codes of the areas it lies in, where they are known.
    pub areas: Vec<String>,
}

impl Position {
    /// The same for the areas of services. The middle of a sector or an outcode is not where somebody is: only
    /// codes and postcodes decide there.
    pub fn home(&self) -> places::Place {
        let point = (self.precision == Precision::Postcode).then_some(self.point);
        places::Place { at: Some(self.at.clone()), point, areas: self.areas.clone() }
    }

    /// Look for what is wanted from here.
    pub(super) fn stands_in(&self, wanted: &mut Wanted) {
        wanted.near = Some(self.point);
        wanted.roughly = self.precision != Precision::Postcode;
        wanted.home = Some(self.home());
    }
}

/// Where a postcode is: as an imported list says, else as the places of the directory tell.
/// # Errors
/// When the database or the index fails.
pub async fn locate(directory: &Directory, at: &Whereabouts) -> Result<Option<Position>, Problem> {
    let imported = places::locate(&directory.db, at).await?;
    if let Some(known) = imported {
        return Ok(Some(Position { at: at.clone(), point: known.point, precision: known.precision, areas: known.areas }));
    }
    let (index, asked) = (directory.search.clone(), at.clone());
    let learned =
        tokio::task::spawn_blocking(move || index.learned(&asked)).await.map_err(|error| Problem::internal(&error))??;
    Ok(learned.map(|(point, precision)| Position { at: at.clone(), point, precision, areas: Vec::new() }))
}

/// Where a town is, by its name, as the places of the directory tell.
/// # Errors
/// When the index fails.
pub async fn locate_town(directory: &Directory, name: &str) -> Result<Option<Point>, Problem> {
    let (index, name) = (directory.search.clone(), name.to_owned());
    let found = tokio::task::spawn_blocking(move || index.town(&name)).await.map_err(|error| Problem::internal(&error))?;
    found.map_err(Problem::from)
}

/// What was found, and where it was looked for.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    /// What was found.
    pub found: Found,
    /// Where the postcode is that was asked about.
    pub position: Option<Position>,
    /// A place among the words that nobody here knows, and that was left out.
    pub unknown_place: Option<String>,
    /// From when to when things were to take place.
    pub(super) window: Option<Window>,
    /// At what time of the week.
    pub(super) times: Option<Times>,
    /// The first day of which dates are known, where the time that was asked for begins before it.
    pub(super) known_from: Option<NaiveDate>,
}

impl Answer {
    /// What was understood, for whoever asked; none where there was nothing to understand.
    pub(super) fn interpreted(&self, directory: &Directory) -> Result<Option<Value>, Problem> {
        let understood = &self.found.understood;
        let mut said = serde_json::Map::new();
        if *understood != search::Understood::default() {
            let terms = directory.vocabulary()?;
            let needs: Vec<Value> = understood
                .needs
                .iter()
                .map(|need| {
                    let name = terms.name_of(&need.code);
                    json!({"code": need.code, "name": name, "phrase": need.phrase, "urgent": need.urgent, "sensitive": need.sensitive})
                })
                .collect();
            let corrected: Vec<Value> = understood.corrected.iter().map(|(from, to)| json!({"from": from, "to": to})).collect();
            said.insert("words".to_owned(), json!(understood.words));
            said.insert("needs".to_owned(), json!(needs));
            said.insert("corrected".to_owned(), json!(corrected));
            said.insert("unknown".to_owned(), json!(understood.unknown));
            said.insert("left_out".to_owned(), json!(understood.left_out));
            said.insert("enough".to_owned(), json!(how_much(understood.enough)));
            said.insert("urgent".to_owned(), json!(understood.urgent));
            said.insert("sensitive".to_owned(), json!(understood.sensitive));
        }
        if let Some(position) = &self.position {
            said.insert("place".to_owned(), position.describe());
        }
        if let Some(place) = &self.unknown_place {
            said.insert("unknown_place".to_owned(), json!(place));
        }
        if let Some(day) = self.known_from {
            said.insert("dates_known_from".to_owned(), json!(day));
        }
        Ok((!said.is_empty()).then(|| said.into()))
    }
}

/// The word for how much of what was written was enough.
fn how_much(enough: Enough) -> &'static str {
    match enough {
        Enough::All => "all",
        Enough::AnyNeed => "any_need",
        Enough::SomeWords => "some_words",
    }
}

impl Position {
    fn describe(&self) -> Value {
        let precision = match self.precision {
            Precision::Postcode => "postcode",
            Precision::Sector => "sector",
            Precision::Outcode => "outcode",
        };
        json!({
            "postcode": self.at.as_str(),
            "latitude": self.point.latitude,
            "longitude": self.point.longitude,
            "precision": precision,
            "approximate": self.precision != Precision::Postcode,
        })
    }
}
