//! What records are called here: links that one service has already, organizations that are known by their name
//! only, ids that another kind of record has.

use std::collections::HashMap;

use uuid::Uuid;

use super::{Run, Seen};
use crate::{
    ids,
    importing::{Error, Read, Taken},
    model::{Document, Kind, apart::rename, text::fold, tidy::Dropped},
    records::{Records, State},
};

impl Run {
    /// Note whose the links of these lines are already, be it in an earlier file: a service that has another id
    /// at its source now does not take them from the one that it was.
    pub(super) async fn know_links(&mut self, records: &Records, batch: &[Read]) -> Result<(), Error> {
        let taken = batch.iter().filter_map(|one| one.taken.as_ref().ok()).filter(|one| !one.own_export);
        let asked: Vec<Uuid> = taken
            .filter_map(|one| match &one.main.as_ref()?.document {
                Document::Service(service) => Some(&service.service_at_locations),
                _ => None,
            })
            .flatten()
            .map(|link| link.id.into())
            .filter(|id| !self.seen.contains_key(id))
            .collect();
        for (link, owner) in records.link_owners(&asked).await? {
            self.seen.insert(link, (Kind::ServiceAtLocation, Seen::LinkOf(owner)));
        }
        Ok(())
    }

    /// A `service_at_location` belongs to one service: where a feed gives the same id to the links of
    /// several services, all but the first get their own. Our own export is put back exactly.
    pub(super) fn own_links(&mut self, taken: &mut Taken) {
        if taken.own_export {
            return;
        }
        let line = taken.line;
        let Some(Document::Service(service)) = taken.main.as_mut().map(|draft| &mut draft.document) else { return };
        let (event, links) = (service.event_id.map(Uuid::from), &mut service.service_at_locations);
        let service = Uuid::from(service.id);
        // What it is called here if its id is taken, and the event that it may only stand for.
        let itself = [Some(service), Some(ids::derived(service, Kind::Service.as_str())), event];
        for link in links {
            let id = Uuid::from(link.id);
            let (_, seen) = *self.seen.entry(id).or_insert((Kind::ServiceAtLocation, Seen::LinkOf(service)));
            if !matches!(seen, Seen::LinkOf(owner) if itself.contains(&Some(owner))) {
                link.id = ids::derived(service, &id.to_string()).into();
                let reason = format!("the id {id} belongs to a location of another service; here it gets the id {}", link.id);
                self.report.leave_out(line, Dropped { path: "service_at_locations.id".to_owned(), reason });
            }
        }
    }

    /// An organization of which only the name is known is the one of that name that is here. It stays
    /// as it is: a name alone says less than what is kept.
    pub(super) async fn find_providers(&mut self, records: &Records, taken: &mut [Taken]) -> Result<(), Error> {
        if self.organizations.is_none() && taken.iter().any(|one| one.provider.is_some()) {
            self.organizations = Some(organizations_by_name(records).await?);
        }
        let Some(known) = &self.organizations else { return Ok(()) };
        for one in taken {
            let Some(provider) = one.provider.take() else { continue };
            let Some(here) = known.get(&fold(&provider.name)).copied() else { continue };
            one.parts.retain(|draft| draft.document.id() != provider.id);
            if here != provider.id {
                self.renamed.insert((Kind::Organization, provider.id), here);
            }
        }
        Ok(())
    }

    /// Ids are unique across kinds, and a term that others name by its web address keeps the id it
    /// has here. What clashes is renamed, the same way each time, and so is whatever refers to it.
    pub(super) async fn rename_clashes(&mut self, records: &Records, taken: &mut [Taken]) -> Result<(), Error> {
        let asked: Vec<Uuid> = taken
            .iter()
            .flat_map(|one| one.parts.iter().chain(&one.main))
            .flat_map(|draft| [Some(draft.document.id()), draft.document.shared_id()])
            .flatten()
            .collect();
        let known = records.kinds(&asked).await?;
        for one in taken.iter_mut() {
            let (own_export, line) = (one.own_export, one.line);
            for draft in one.parts.iter_mut().chain(&mut one.main) {
                let (id, kind) = (draft.document.id(), draft.document.kind());
                let taken_by = |id: &Uuid| known.get(id).copied().or_else(|| self.seen.get(id).map(|(kind, _)| *kind));
                let shared =
                    draft.document.shared_id().filter(|shared| !own_export && *shared != id && taken_by(shared) == Some(kind));
                let clash = taken_by(&id).filter(|other| *other != kind).map(|_| ids::derived(id, kind.as_str()));
                if let Some(new) = shared.or(clash) {
                    draft.document.set_id(new);
                    self.renamed.insert((kind, id), new);
                    if clash.is_some() {
                        let reason = format!("the id {id} belongs to another kind of record; this {kind} gets the id {new} here");
                        self.report.leave_out(line, Dropped { path: "id".to_owned(), reason });
                    }
                }
            }
        }
        for draft in taken.iter_mut().flat_map(|one| one.parts.iter_mut().chain(&mut one.main)) {
            rename(&mut draft.document, &self.renamed);
        }
        for one in taken {
            one.call_as_here(&self.renamed);
        }
        self.report.call_as_here(&self.renamed);
        Ok(())
    }
}

async fn organizations_by_name(records: &Records) -> Result<HashMap<String, Uuid>, Error> {
    let mut found = HashMap::new();
    let mut after = None;
    loop {
        let page = records.by_kind(Kind::Organization, after, 500).await?;
        let Some(last) = page.last() else { return Ok(found) };
        after = Some(last.id);
        for stored in &page {
            if stored.state != State::Gone {
                // Of several with one name, the first by id: always the same one.
                found.entry(fold(stored.read()?.name())).or_insert(stored.id);
            }
        }
    }
}
