//! The records of a file, judged beside whoever writes those before them. What that gives is not known here yet: so no
//! record may stand in a piece and in the one before it, and in an honest file none stands twice at all. Where the places
//! of the piece before are, which may be the places of the next services, is remembered.

use std::collections::{HashMap, HashSet};

use uuid::Uuid;

use super::super::{super::peers::Report, End, Harvester, Run, admit, apply::Plan, event::Items, whereabouts};
use crate::model::Kind;

/// Who judges, by what a pull believes and by what is here.
pub(super) struct Judge {
    harvester: Harvester,
    /// What the pull believes. It reports nothing and moves nowhere.
    run: Run,
    /// What the piece before told of, which may still be being written.
    before: HashSet<(Kind, String)>,
}

impl Judge {
    /// One who believes what `run` does.
    pub(super) fn of(harvester: &Harvester, run: &Run) -> Self {
        let believes = Run {
            vocabulary: run.vocabulary.clone(),
            shared: run.shared.clone(),
            ..Run::none(run.peer.clone(), run.lease, Report::default())
        };
        Self { harvester: harvester.clone(), run: believes, before: HashSet::new() }
    }

    /// What a piece comes to; none where it tells of a record twice, or of one that the piece before told of.
    pub(super) async fn judge(&mut self, items: Items) -> Option<Result<Plan, End>> {
        let mut told = HashSet::with_capacity(items.len());
        for event in items.iter().flatten() {
            let record = (event.kind, event.id.clone());
            if self.before.contains(&record) || !told.insert(record) {
                return None;
            }
        }
        self.before = told;
        let places = if self.run.peer.scope.is_of_an_area() { places_in(&items, &self.run.peer.origin) } else { HashMap::new() };
        let judged = self.harvester.judge(&mut self.run, items).await;
        self.run.places = places;
        Some(judged)
    }
}

/// Postcodes of the places that a piece tells of, by their ids here.
fn places_in(items: &Items, origin: &str) -> HashMap<Uuid, Vec<String>> {
    let places = items.iter().flatten().filter(|event| event.kind == Kind::Location);
    let told = places.filter_map(|event| {
        let postcodes = whereabouts::postcodes(event.data.as_ref()?).map(str::to_owned).collect();
        Some((admit::local_id(origin, Kind::Location.as_str(), &event.id), postcodes))
    });
    told.collect()
}
