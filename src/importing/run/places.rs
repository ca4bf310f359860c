//! Places that a sheet gives no postcode for. Two churches of one name in two towns are two places; the one that is
//! here keeps its id.

use std::collections::HashMap;

use uuid::Uuid;

use super::Run;
use crate::{
    importing::{Error, PlaceInWords, Read, edits::IMPORTER},
    model::{Document, Kind, apart::rename},
    records::{Records, State, Stored},
};

impl Run {
    /// Give a place an id of its own where another one has that of its first line, here or earlier in the file.
    pub(super) async fn tell_places_apart(&mut self, records: &Records, batch: &mut [Read]) -> Result<(), Error> {
        let named = batch.iter().filter_map(|one| one.taken.as_ref().ok()?.place_in_words.as_ref());
        let asked: Vec<Uuid> = named.map(|place| place.id).filter(|id| !self.places.contains_key(id)).collect();
        if !asked.is_empty() {
            for (id, stored) in records.find_all(&asked).await? {
                if let Some(words) = words_of(&stored)? {
                    self.places.insert(id, words);
                }
            }
        }
        for taken in batch.iter_mut().filter_map(|one| one.taken.as_mut().ok()) {
            let Some(place) = taken.place_in_words.take() else { continue };
            let here = self.places.entry(place.id).or_insert_with(|| Here::Said(place.words.clone()));
            if here.may_be(&place.words) {
                continue;
            }
            let renamed = HashMap::from([((Kind::Location, place.id), place.apart)]);
            for draft in taken.parts.iter_mut().chain(&mut taken.main) {
                if draft.document.kind() == Kind::Location && draft.document.id() == place.id {
                    draft.document.set_id(place.apart);
                }
                rename(&mut draft.document, &renamed);
            }
            taken.call_as_here(&renamed);
        }
        Ok(())
    }
}

/// What is known of where a place is that has the id of a first line.
#[derive(Clone, Debug)]
pub(super) enum Here {
    /// So the file says, or one before it: the pieces of its address.
    Said(Vec<String>),
    /// People here have decided about it. Whatever files say, it stays this place: what they withheld would come back
    /// under another id, and what they wrote would be lost.
    Decided,
}

impl Here {
    /// Whether a row that says these words of it may mean this place: it says no more of it, or one that says less is
    /// told in more words now.
    fn may_be(&self, words: &[String]) -> bool {
        match self {
            Self::Decided => true,
            Self::Said(here) => {
                words.iter().all(|word| here.contains(word)) || (!here.is_empty() && here.iter().all(|word| words.contains(word)))
            }
        }
    }
}

/// What is known of a place that is stored; nothing where none is.
fn words_of(stored: &Stored) -> Result<Option<Here>, Error> {
    if stored.state == State::Gone {
        return Ok(None);
    }
    let Document::Location(place) = stored.read()? else { return Ok(None) };
    let is_decided = stored.kept.changed_by != IMPORTER || place.location_policy.is_some() || !place.addresses.is_empty();
    if is_decided {
        return Ok(Some(Here::Decided));
    }
    // Its first line is what it shares with others of that id.
    let name = place.name.as_deref().unwrap_or_default();
    Ok(Some(Here::Said(PlaceInWords::pieces(name).skip(1).collect())))
}
