//! How much of each place may be kept and told, decided before anything is stored.
//!
//! A place is told as openly as its own policy and the most open link to it both allow. A place
//! that nobody may know of is not kept either: its record is stripped, and so is its history.

mod deciding;
mod hidden;

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use uuid::Uuid;

use self::{deciding::Deciding, hidden::keep_local_decisions};
use super::{
    Caller, Draft, Entrance, Error, Pending, Records, Remembered, State, Stored, read, references, scrubs::Opened, store,
};
use crate::{
    db::Transaction,
    model::{Attribute, Document, Kind, LocationPolicy, Reference},
    published::redaction::{self, Known},
};

/// What was decided besides what now stands in the drafts.
#[derive(Debug, Default)]
pub(super) struct Decided {
    /// What is taken out for good.
    pub(super) scrubs: Vec<Remembered>,
    /// What a person decided may be told after all.
    pub(super) opened: Vec<Opened>,
    /// Places that are now told more, or less, than before.
    pub(super) touched_places: Vec<Uuid>,
    /// What was known of places that are stripped now, by place.
    pub(super) stripped: HashMap<Uuid, Known>,
    /// Records whose texts told of such a place until now, and what is known of it.
    pub(super) masked: HashMap<Uuid, Known>,
    /// What records that were there before referred to until now.
    pub(super) referred: HashMap<Uuid, Vec<Reference>>,
}

/// A link of a service or event to a place.
struct Link<'a> {
    /// The id of the `service_at_location`, or of the event itself.
    id: Uuid,
    place: Option<Uuid>,
    policy: &'a mut Option<LocationPolicy>,
}

fn links(document: &mut Document) -> Vec<Link<'_>> {
    match document {
        Document::Service(doc) => {
            let links = doc.service_at_locations.iter_mut();
            links
                .map(|link| Link {
                    id: link.id.into(),
                    place: link.location_id.map(Uuid::from),
                    policy: &mut link.location_policy,
                })
                .collect()
        }
        Document::Event(doc) if doc.location_id.is_some() => {
            vec![Link { id: doc.id.into(), place: doc.location_id.map(Uuid::from), policy: &mut doc.location_policy }]
        }
        _ => Vec::new(),
    }
}

/// What may say that a place is secret: terms of the record, and of its links to places.
fn attributes(document: &Document) -> impl Iterator<Item = &Attribute> {
    let (own, links) = match document {
        Document::Service(doc) => (&doc.attributes[..], &doc.service_at_locations[..]),
        Document::Event(doc) => (&doc.attributes[..], &[][..]),
        Document::Location(doc) => (&doc.attributes[..], &[][..]),
        _ => (&[][..], &[][..]),
    };
    own.iter().chain(links.iter().flat_map(|link| &link.attributes))
}

/// Take out of the links that nobody may know of what leads to their places.
pub(super) fn strip_withheld_links(document: &mut Document) {
    let Document::Service(service) = document else { return };
    for link in &mut service.service_at_locations {
        if link.location_policy == Some(LocationPolicy::Withheld) {
            redaction::strip_link(link);
        }
    }
}

/// Set the policy of the link with this id to at least `policy`.
pub(super) fn tighten_link(document: &mut Document, link: Uuid, policy: LocationPolicy) {
    for one in links(document).into_iter().filter(|one| one.id == link) {
        *one.policy = Some(one.policy.unwrap_or_default().max(policy));
    }
}

impl Records {
    /// Decide about every place that the drafts touch. Adds drafts of its own: places that have to
    /// be stripped because of a link.
    pub(super) async fn decide_places(
        &self,
        tx: &Transaction,
        caller: &Caller,
        pending: &mut Vec<Pending>,
        now: DateTime<Utc>,
    ) -> Result<Decided, Error> {
        self.add_records_of_newly_secret_terms(tx, pending).await?;
        let mut earlier = earlier_documents(pending)?;
        if caller.entrance == Entrance::Feed {
            for one in pending.iter_mut() {
                if let Some(before) = earlier.get_mut(&one.id()) {
                    keep_local_decisions(&mut one.draft.document, before);
                }
            }
        }
        if !caller.entrance.is_for_people() {
            self.keep_hidden(tx, caller, pending, &mut earlier).await?;
        }
        self.withhold_secret_categories(tx, caller, pending, &mut earlier).await?;
        for one in pending.iter_mut() {
            strip_withheld_links(&mut one.draft.document);
        }
        let mut deciding = Deciding::new(caller, now);
        for one in pending.iter_mut() {
            if let Some(before) = earlier.get_mut(&one.id()) {
                deciding.compare_links(one.id(), before, &mut one.draft.document);
            }
            one.references = one.draft.document.references();
            if one.draft.state != State::Published {
                one.references.iter_mut().for_each(|reference| reference.policy = None);
            }
        }
        self.decide_each_place(tx, pending, &earlier, &mut deciding).await?;
        let mut decided = deciding.decided;
        self.mask_what_is_stripped(tx, pending, &mut decided).await?;
        Ok(decided)
    }

    /// A term that becomes the name of a secret category makes the places of its services secret, and places
    /// that carry it themselves.
    async fn add_records_of_newly_secret_terms(&self, tx: &Transaction, pending: &mut Vec<Pending>) -> Result<(), Error> {
        let secret: Vec<Uuid> = pending
            .iter()
            .filter(|one| {
                one.before.is_none() || one.before.as_ref().is_some_and(|before| before.document != one.draft.document.to_json())
            })
            .filter_map(|one| match &one.draft.document {
                Document::TaxonomyTerm(term) if self.withheld_categories.are_of(term) => Some(one.id()),
                _ => None,
            })
            .collect();
        if secret.is_empty() {
            return Ok(());
        }
        let known: HashSet<Uuid> = pending.iter().map(Pending::id).collect();
        let from: Vec<Uuid> = references::links_to(tx.connection(), &secret)
            .await?
            .into_iter()
            .map(|link| link.from)
            .filter(|id| !known.contains(id))
            .collect();
        for (_, stored) in store::load_locked(tx, &from).await? {
            if matches!(stored.kind, Kind::Service | Kind::Event | Kind::Location) {
                pending.push(Pending::again(stored)?);
            }
        }
        Ok(())
    }

    /// Write `withheld` into links that say nothing, for services of a secret category; into all
    /// new links, whatever the source says, when it is a feed that speaks.
    async fn withhold_secret_categories(
        &self,
        tx: &Transaction,
        caller: &Caller,
        pending: &mut [Pending],
        earlier: &mut HashMap<Uuid, Document>,
    ) -> Result<(), Error> {
        let mut secret: HashSet<Uuid> = HashSet::new();
        let mut open: HashSet<Uuid> = HashSet::new();
        for one in pending.iter() {
            if let Document::TaxonomyTerm(term) = &one.draft.document {
                if self.withheld_categories.are_of(term) { &mut secret } else { &mut open }.insert(one.id());
            }
        }
        let wanted: HashSet<Uuid> = pending
            .iter()
            .flat_map(|one| attributes(&one.draft.document))
            .filter_map(|attribute| attribute.taxonomy_term_id.map(Uuid::from))
            .filter(|id| !secret.contains(id) && !open.contains(id))
            .collect();
        let wanted: Vec<Uuid> = wanted.into_iter().collect();
        for (id, stored) in store::load(tx.connection(), &wanted).await? {
            if let Document::TaxonomyTerm(term) = read(&stored)?
                && self.withheld_categories.are_of(&term)
            {
                secret.insert(id);
            }
        }
        for one in pending.iter_mut() {
            let is_secret =
                attributes(&one.draft.document).any(|a| a.taxonomy_term_id.is_some_and(|id| secret.contains(&id.into())));
            if !is_secret {
                continue;
            }
            if let Document::Location(place) = &mut one.draft.document {
                // A place that is itself a refuge, whoever uses it.
                place.location_policy.get_or_insert(LocationPolicy::Withheld);
            }
            let mut decided_before: HashSet<Uuid> = HashSet::new();
            for link in earlier.get_mut(&one.id()).map(links).into_iter().flatten().filter(|link| link.policy.is_some()) {
                decided_before.insert(link.id);
                decided_before.extend(link.place);
            }
            for link in links(&mut one.draft.document) {
                let decided =
                    decided_before.contains(&link.id) || link.place.is_some_and(|place| decided_before.contains(&place));
                if link.policy.is_none() || caller.entrance == Entrance::Feed && !decided {
                    *link.policy = Some(LocationPolicy::Withheld);
                }
            }
        }
        Ok(())
    }

    async fn decide_each_place(
        &self,
        tx: &Transaction,
        pending: &mut Vec<Pending>,
        earlier: &HashMap<Uuid, Document>,
        deciding: &mut Deciding<'_>,
    ) -> Result<(), Error> {
        let in_hand: HashSet<Uuid> = pending.iter().map(Pending::id).collect();
        let with_history: Vec<Uuid> = pending.iter().filter(|one| one.before.is_some()).map(Pending::id).collect();
        let mut places: HashSet<Uuid> =
            pending.iter().filter(|one| matches!(one.draft.document, Document::Location(_))).map(Pending::id).collect();
        let places_of =
            |references: &[Reference]| references.iter().filter(|r| r.policy.is_some()).map(|r| r.to).collect::<Vec<_>>();
        places.extend(pending.iter().flat_map(|one| places_of(&one.references)));
        let referred = &mut deciding.decided.referred;
        referred.extend(with_history.iter().map(|id| (*id, Vec::new())));
        for link in references::links_from(tx.connection(), &with_history).await? {
            places.extend(link.policy.map(|_| link.to));
            referred.entry(link.from).or_default().push(Reference { to: link.to, policy: link.policy });
        }
        let places: Vec<Uuid> = places.into_iter().collect();

        let mut before: HashMap<Uuid, LocationPolicy> = HashMap::new();
        let mut after: HashMap<Uuid, LocationPolicy> = HashMap::new();
        let open = |links: &mut HashMap<Uuid, LocationPolicy>, to: Uuid, policy: Option<LocationPolicy>| {
            if let Some(policy) = policy {
                links.entry(to).and_modify(|known| *known = (*known).min(policy)).or_insert(policy);
            }
        };
        for link in references::links_to(tx.connection(), &places).await? {
            open(&mut before, link.to, link.policy);
            if !in_hand.contains(&link.from) {
                open(&mut after, link.to, link.policy);
            }
        }
        for one in pending.iter().filter(|one| one.draft.state != State::Gone) {
            for reference in &one.references {
                open(&mut after, reference.to, reference.policy);
            }
        }

        let elsewhere: Vec<Uuid> =
            places.iter().copied().filter(|id| !in_hand.contains(id) && before.get(id) != after.get(id)).collect();
        let mut elsewhere = store::load_locked(tx, &elsewhere).await?;
        let at: HashMap<Uuid, usize> = pending.iter().enumerate().map(|(at, one)| (one.id(), at)).collect();
        for id in places {
            let links = (before.get(&id).copied(), after.get(&id).copied());
            if let Some(one) = at.get(&id).and_then(|at| pending.get_mut(*at)) {
                let own_before = match earlier.get(&id) {
                    Some(Document::Location(place)) => Some(place.location_policy.unwrap_or_default()),
                    _ => one.before.as_ref().map(|_| own_policy(&one.draft.document)),
                };
                deciding.decide_place(one, own_before, links);
            } else if let Some(stored) = elsewhere.remove(&id) {
                let mut one = Pending::again(stored)?;
                let own_before = Some(own_policy(&one.draft.document));
                deciding.decide_place(&mut one, own_before, links);
                one.references = one.draft.document.references();
                pending.push(one);
            }
        }
        Ok(())
    }
}

impl Pending {
    /// A stored record as a draft that changes nothing. It is held before it is read, as all that is written: what
    /// somebody else saves at this moment would be lost.
    pub(super) fn again(stored: Stored) -> Result<Self, Error> {
        let document = read(&stored)?;
        let mut references = document.references();
        if stored.state != State::Published {
            for reference in &mut references {
                reference.policy = None;
            }
        }
        let draft = Draft {
            state: stored.state,
            origin: stored.origin.clone(),
            source_id: stored.source_id.clone(),
            ..Draft::new(document)
        };
        Ok(Self { draft, before: Some(stored), references })
    }
}

/// The documents that drafts replace, where they differ from them and can speak about places.
fn earlier_documents(pending: &[Pending]) -> Result<HashMap<Uuid, Document>, Error> {
    pending
        .iter()
        .filter_map(|one| one.before.as_ref().map(|before| (one, before)))
        .filter(|(one, before)| before.document != one.draft.document.to_json())
        .map(|(one, before)| Ok((one.id(), read(before)?)))
        .collect()
}

fn own_policy(document: &Document) -> LocationPolicy {
    match document {
        Document::Location(place) => place.location_policy.unwrap_or_default(),
        _ => LocationPolicy::Exact,
    }
}
