//! The last moment at which a place is known that nobody may know of: whatever tells of it in the texts
//! of other records is masked before it goes.

use std::collections::{HashMap, HashSet};

use uuid::Uuid;

use super::{Error, Pending, Records, Stored, places::Decided, read, references, scene::organization_of, store};
use crate::{
    db::Transaction,
    published::redaction::{self, Known},
};

impl Records {
    /// Mask what was known of the stripped places in the records that lead to them, and in what their
    /// organizations say of themselves; the log names these records. Adds drafts of its own.
    pub(super) async fn mask_what_is_stripped(
        &self,
        tx: &Transaction,
        pending: &mut Vec<Pending>,
        decided: &mut Decided,
    ) -> Result<(), Error> {
        let places: Vec<Uuid> = decided.stripped.iter().filter(|(_, known)| !known.is_empty()).map(|(id, _)| *id).collect();
        if places.is_empty() {
            return Ok(());
        }
        let mut telling: HashMap<Uuid, Known> = HashMap::new();
        for link in references::links_to(tx.connection(), &places).await? {
            telling.entry(link.from).or_default().add(decided.stripped[&link.to].clone());
        }
        for one in pending.iter() {
            for known in one.references.iter().filter_map(|reference| decided.stripped.get(&reference.to)) {
                telling.entry(one.id()).or_default().add(known.clone());
            }
        }
        add_those_elsewhere(tx, pending, telling.keys().copied()).await?;
        let providers: Vec<(Uuid, Known)> = pending
            .iter()
            .filter_map(|one| Some((organization_of(&one.draft.document)?, telling.get(&one.id())?.clone())))
            .collect();
        for (organization, known) in providers {
            telling.entry(organization).or_default().add(known);
        }
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

/// Put those of the records that are not in hand among those that are.
async fn add_those_elsewhere(
    tx: &Transaction,
    pending: &mut Vec<Pending>,
    wanted: impl Iterator<Item = Uuid>,
) -> Result<(), Error> {
    let in_hand: HashSet<Uuid> = pending.iter().map(Pending::id).collect();
    let elsewhere: Vec<Uuid> = wanted.filter(|id| !in_hand.contains(id)).collect();
    for (_, stored) in store::load(tx.connection(), &elsewhere).await? {
        pending.push(Pending::again(stored)?);
    }
    Ok(())
}
