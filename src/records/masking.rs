//! The last moment at which a place is known that nobody may know of: whatever tells of it in the texts
//! of other records is masked before it goes.

use std::collections::{HashMap, HashSet};

use uuid::Uuid;

use super::{Error, Pending, Records, Stored, places::Decided, read, references, scene::organization_of, store};
use crate::{
    db::Transaction,
    model::{Document, LocationPolicy},
    published::redaction::{self, Known},
};

impl Records {
    /// Take what was known of the stripped places out of the records that lead to them, and out of what their
    /// organizations say of themselves; and addresses out of the organizations' other listings. The log names these
    /// records. Adds drafts of its own.
    pub(super) async fn mask_what_is_stripped(
        &self,
        tx: &Transaction,
        pending: &mut Vec<Pending>,
        decided: &mut Decided,
    ) -> Result<(), Error> {
        let places: Vec<Uuid> = decided.stripped.iter().filter(|(_, known)| !known.is_empty()).map(|(id, _)| *id).collect();
        let mut telling: HashMap<Uuid, Known> = HashMap::new();
        for link in references::links_to(tx.connection(), &places).await? {
            telling.entry(link.from).or_default().add(decided.stripped[&link.to].clone());
        }
        let withheld = withheld_elsewhere(tx, pending, decided).await?;
        for one in pending.iter() {
            let places = one.references.iter().map(|reference| reference.to);
            for known in places.filter_map(|place| decided.stripped.get(&place).or_else(|| withheld.get(&place))) {
                telling.entry(one.id()).or_default().add(known.clone());
            }
        }
        if telling.is_empty() {
            return Ok(());
        }
        add_those_elsewhere(tx, pending, telling.keys().copied()).await?;
        let providers: Vec<(Uuid, Known)> = pending
            .iter()
            .filter_map(|one| Some((organization_of(&one.draft.document)?, telling.get(&one.id())?.clone())))
            .collect();
        let mut organizations: HashMap<Uuid, Known> = HashMap::new();
        for (organization, known) in providers {
            organizations.entry(organization).or_default().add(known.clone().exact());
            telling.entry(organization).or_default().add(known);
        }
        add_other_listings(tx, pending, &mut telling, &organizations).await?;
        add_those_elsewhere(tx, pending, telling.keys().copied()).await?;
        for one in pending.iter_mut() {
            let Some(known) = telling.remove(&one.id()) else { continue };
            let known = known.but_for([one.draft.document.name()]);
            let masked = redaction::forget_places(&mut one.draft.document, &known);
            // A feed says the same every night; that is said once.
            if masked && one.before.as_ref().is_none_or(|before| before.document != one.draft.document.to_json()) {
                tracing::warn!(record.id = %one.id(), "its text revealed a withheld place; that part was masked");
            }
            if let Some(before) = &one.before
                && redaction::forget_places(&mut read(before)?, &known)
            {
                decided.masked.insert(one.id(), known);
            }
        }
        Ok(())
    }

    /// Mask it in their history as well.
    pub(super) async fn mask_history(&self, tx: &Transaction, masked: &HashMap<Uuid, Known>) -> Result<(), Error> {
        let ids: Vec<Uuid> = masked.keys().copied().collect();
        for (id, record) in store::load(tx.connection(), &ids).await? {
            let mut cleaned = Vec::new();
            for version in store::revisions(tx.connection(), &record).await? {
                let mut document = read(&version)?;
                if redaction::forget_places(&mut document, &masked[&id]) {
                    cleaned.push(Stored { document: document.to_json(), ..version });
                }
            }
            store::put_revisions(tx, &cleaned).await?;
        }
        Ok(())
    }
}

/// The places that nobody may know of, whatever the links say, and of which links of these services say something:
/// they were stripped before, and are not in hand now.
async fn withheld_elsewhere(tx: &Transaction, pending: &[Pending], decided: &Decided) -> Result<HashMap<Uuid, Known>, Error> {
    let services = pending.iter().filter_map(|one| match &one.draft.document {
        Document::Service(service) => Some(service),
        _ => None,
    });
    let telling = services.flat_map(|service| &service.service_at_locations).filter(|link| !redaction::is_stripped_link(link));
    let mut places: Vec<Uuid> = telling.filter_map(|link| link.location_id).map(Uuid::from).collect();
    places.sort_unstable();
    places.dedup();
    places.retain(|id| !decided.stripped.contains_key(id) && pending.iter().all(|one| one.id() != *id));
    let mut withheld = HashMap::new();
    for stored in store::load_places_told_less(tx.connection(), &places).await? {
        if matches!(read(&stored)?, Document::Location(place) if place.location_policy == Some(LocationPolicy::Withheld)) {
            withheld.insert(stored.id, Known::of_id(stored.id));
        }
    }
    Ok(withheld)
}

/// Let listings of these organizations be among those that tell of such a place, wherever they are: those that are not in
/// hand are read, and put there if they do.
async fn add_other_listings(
    tx: &Transaction,
    pending: &mut Vec<Pending>,
    telling: &mut HashMap<Uuid, Known>,
    organizations: &HashMap<Uuid, Known>,
) -> Result<(), Error> {
    let known_of = |document: &Document| organizations.get(&organization_of(document)?);
    for one in pending.iter() {
        if let Some(known) = known_of(&one.draft.document) {
            telling.entry(one.id()).or_default().add(known.clone());
        }
    }
    let in_hand: HashSet<Uuid> = pending.iter().map(Pending::id).collect();
    let ids: Vec<Uuid> = organizations.keys().copied().collect();
    let linking = references::links_to(tx.connection(), &ids).await?;
    let elsewhere: Vec<Uuid> = linking.into_iter().map(|link| link.from).filter(|id| !in_hand.contains(id)).collect();
    for (id, stored) in store::load(tx.connection(), &elsewhere).await? {
        let mut document = read(&stored)?;
        let Some(known) = known_of(&document) else { continue };
        let but_for_its_name = known.clone().but_for([document.name()]);
        if redaction::forget_places(&mut document, &but_for_its_name) {
            telling.entry(id).or_default().add(known.clone());
            pending.push(Pending::again(stored)?);
        }
    }
    Ok(())
}

/// Put those of the records that are not in hand among those that are.
async fn add_those_elsewhere(
    tx: &Transaction,
    pending: &mut Vec<Pending>,
    wanted: impl Iterator<Item = Uuid>,
) -> Result<(), Error> {
    let in_hand: HashSet<Uuid> = pending.iter().map(Pending::id).collect();
    let elsewhere: Vec<Uuid> = wanted.filter(|id| !in_hand.contains(id)).collect();
    for (_, stored) in store::load_locked(tx, &elsewhere).await? {
        pending.push(Pending::again(stored)?);
    }
    Ok(())
}
