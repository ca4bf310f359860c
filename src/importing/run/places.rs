//! Places that a sheet gives no postcode for. Two churches of one name in two towns are two places; the one that is
//! here keeps its id.

use std::collections::HashMap;

use uuid::Uuid;

use super::Run;
use crate::{
    importing::{Error, PlaceInWords, Read},
    model::{Kind, apart::rename},
    records::{Records, State},
};

impl Run {
    /// Give a place an id of its own where another one has that of its first line, here or earlier in the file.
    pub(super) async fn tell_places_apart(&mut self, records: &Records, batch: &mut [Read]) -> Result<(), Error> {
        let named = batch.iter().filter_map(|one| one.taken.as_ref().ok()?.place_in_words.as_ref());
        let asked: Vec<Uuid> = named.map(|place| place.id).filter(|id| !self.places.contains_key(id)).collect();
        if !asked.is_empty() {
            for (id, stored) in records.find_all(&asked).await? {
                if stored.kind == Kind::Location && stored.state != State::Gone {
                    self.places.insert(id, PlaceInWords::pieces(stored.read()?.name()).collect());
                }
            }
        }
        for taken in batch.iter_mut().filter_map(|one| one.taken.as_mut().ok()) {
            let Some(place) = taken.place_in_words.take() else { continue };
            let here = self.places.entry(place.id).or_insert_with(|| place.words.clone());
            if place.words.iter().all(|word| here.contains(word)) {
                continue;
            }
            let renamed = HashMap::from([((Kind::Location, place.id), place.apart)]);
            for draft in taken.parts.iter_mut().chain(&mut taken.main) {
                if draft.document.kind() == Kind::Location && draft.document.id() == place.id {
                    draft.document.set_id(place.apart);
                }
                rename(&mut draft.document, &renamed);
            }
        }
        Ok(())
    }
}
