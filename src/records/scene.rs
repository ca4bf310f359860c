//! What has to be rendered again because of a change, and what stands around it.

use std::collections::{HashMap, HashSet};

use uuid::Uuid;

use super::{Error, Records, State, annotations, publish::Cause, read, references, staleness, store};
use crate::{
    db::Transaction,
    model::{Document, Kind, LocationPolicy},
    published::{redaction::Known, render::Around},
};

/// Documents by id: where each comes from, and whether it is to be seen.
type Documents = HashMap<Uuid, (String, State, Document)>;

/// Records that are to be rendered, and whatever they need around them.
pub(super) struct Scene {
    /// To be rendered, with where each comes from; no document for those that are not to be seen.
    pub(super) dirty: HashMap<Uuid, (String, Option<Document>)>,
    pub(super) around: Around,
}

impl Records {
    /// Find what is to be rendered again, and read it and what it needs. Called with the counter
    /// locked: whatever was committed before is seen, whatever comes later sees us.
    pub(super) async fn gather(
        &self,
        tx: &Transaction,
        changed: Documents,
        touched: &[Uuid],
        cause: &Cause<'_>,
    ) -> Result<Scene, Error> {
        let mut dirty: HashSet<Uuid> = changed.keys().chain(touched).chain(cause.scrubbed).copied().collect();
        dirty.extend(speaking_of_places(tx, &changed, cause.reopened).await?);
        let mut documents = showing(tx, &mut dirty).await?;
        if changed.values().any(|(_, _, document)| document.kind() == Kind::Organization) {
            // Services come and go with their organization, and the only links to places with them.
            let services: Vec<Uuid> = documents.keys().copied().collect();
            let links = references::links_from(tx.connection(), &services).await?;
            dirty.extend(links.into_iter().filter(|link| link.policy.is_some()).map(|link| link.to));
        }
        documents.extend(changed);
        annotations::apply(tx, &mut documents).await?;
        staleness::apply(tx, &mut documents).await?;
        complete(tx, &dirty, &mut documents).await?;
        let fresh =
            documents.iter_mut().filter(|(id, _)| dirty.contains(id)).map(|(_, (origin, _, document))| (&*origin, document));
        self.freshen(tx, fresh, cause.now).await?;
        let around = Around {
            most_open_link: most_open_links(tx, &documents).await?,
            discreet: discreet_organizations(tx, &documents).await?,
            withheld_categories: self.withheld_categories.to_vec(),
            documents: HashMap::new(),
            unseen: HashMap::new(),
            now: cause.now,
        };
        Ok(set(documents, &dirty, around))
    }
}

/// Organizations that speak more, or less, openly of themselves because of a change to the places of their
/// services.
async fn speaking_of_places(tx: &Transaction, changed: &Documents, reopened: bool) -> Result<Vec<Uuid>, Error> {
    let documents = changed.values().map(|(_, _, document)| document);
    let mut speaking: Vec<Uuid> =
        documents.filter(|document| reopened || hides_a_place(document)).filter_map(organization_of).collect();
    let own_policy =
        |document: &Document| matches!(document, Document::Location(place) if reopened || place.location_policy.is_some());
    let places: Vec<Uuid> = changed.iter().filter(|(_, (_, _, document))| own_policy(document)).map(|(id, _)| *id).collect();
    let linking: Vec<Uuid> = references::links_to(tx.connection(), &places).await?.into_iter().map(|link| link.from).collect();
    for stored in store::load(tx.connection(), &linking).await?.values() {
        speaking.extend(organization_of(&read(stored)?));
    }
    Ok(speaking)
}

/// What shows one of these records, made one of them and read. Terms stand in places and organizations, and
/// all of them in services: what shows a record may be shown itself by another.
async fn showing(tx: &Transaction, dirty: &mut HashSet<Uuid>) -> Result<Documents, Error> {
    let mut documents = Documents::new();
    let mut frontier: Vec<Uuid> = dirty.iter().copied().collect();
    while !frontier.is_empty() {
        let showing: HashSet<Uuid> =
            references::links_to(tx.connection(), &frontier).await?.into_iter().map(|link| link.from).collect();
        let fresh: Vec<Uuid> = showing.into_iter().filter(|id| dirty.insert(*id)).collect();
        frontier.clear();
        for (id, stored) in store::load(tx.connection(), &fresh).await? {
            if matches!(stored.kind, Kind::Location | Kind::TaxonomyTerm | Kind::Organization) {
                frontier.push(id);
            }
            let document = read(&stored)?;
            documents.insert(id, (stored.origin, stored.state, document));
        }
    }
    Ok(documents)
}

/// Read those that are still missing, and what all of them need around them: what they refer to, and what that
/// refers to.
async fn complete(tx: &Transaction, dirty: &HashSet<Uuid>, documents: &mut Documents) -> Result<(), Error> {
    let needs = |documents: &Documents| -> Vec<Uuid> {
        documents.values().flat_map(|(_, _, document)| document.references()).map(|reference| reference.to).collect()
    };
    let mut wanted: HashSet<Uuid> = dirty.iter().copied().chain(needs(documents)).collect();
    let mut tried: HashSet<Uuid> = HashSet::new();
    loop {
        let missing: Vec<Uuid> = wanted.drain().filter(|id| !documents.contains_key(id) && tried.insert(*id)).collect();
        if missing.is_empty() {
            return Ok(());
        }
        let mut loaded = Documents::new();
        for (id, stored) in store::load(tx.connection(), &missing).await? {
            let document = read(&stored)?;
            loaded.insert(id, (stored.origin, stored.state, document));
        }
        annotations::apply(tx, &mut loaded).await?;
        staleness::apply(tx, &mut loaded).await?;
        wanted.extend(needs(&loaded));
        documents.extend(loaded);
    }
}

/// Put what is to be rendered in its place, and what may be seen around it.
fn set(documents: Documents, dirty: &HashSet<Uuid>, around: Around) -> Scene {
    let wanted_by_events: HashSet<Uuid> = documents
        .values()
        .filter_map(|(_, _, document)| match document {
            Document::Event(event) => event.service_id.map(Uuid::from),
            _ => None,
        })
        .collect();
    let mut scene = Scene { dirty: HashMap::new(), around };
    for (id, (origin, state, document)) in documents {
        if let (State::Unpublished, Document::Location(place)) = (state, &document) {
            scene.around.unseen.insert(id, Known::of(place));
        }
        let shown = state == State::Published;
        // Nothing shows a service but its own places, so it need not stand around as well.
        let around = shown && (document.kind() != Kind::Service || !dirty.contains(&id) || wanted_by_events.contains(&id));
        if around {
            if dirty.contains(&id) {
                scene.dirty.insert(id, (origin, Some(document.clone())));
            }
            scene.around.documents.insert(id, document);
        } else if dirty.contains(&id) {
            scene.dirty.insert(id, (origin, shown.then_some(document)));
        }
    }
    scene
}

/// The most open link to each place, of those that anybody can see: a service whose organization is
/// not to be seen tells of no place either.
async fn most_open_links(tx: &Transaction, documents: &Documents) -> Result<HashMap<Uuid, LocationPolicy>, Error> {
    let places: Vec<Uuid> =
        documents.iter().filter(|(_, (_, _, document))| document.kind() == Kind::Location).map(|(id, _)| *id).collect();
    let links = references::links_to(tx.connection(), &places).await?;
    let mut elsewhere: HashMap<Uuid, (State, Option<Uuid>)> = HashMap::new();
    let missing: Vec<Uuid> = links.iter().map(|link| link.from).filter(|id| !documents.contains_key(id)).collect();
    for (id, stored) in store::load(tx.connection(), &missing).await? {
        elsewhere.insert(id, (stored.state, organization_of(&read(&stored)?)));
    }
    let missing: Vec<Uuid> =
        elsewhere.values().filter_map(|(_, organization)| *organization).filter(|id| !documents.contains_key(id)).collect();
    let organizations = store::load(tx.connection(), &missing).await?;
    let is_shown = |id: Uuid| {
        let state = documents.get(&id).map(|(_, state, _)| *state).or_else(|| organizations.get(&id).map(|stored| stored.state));
        state == Some(State::Published)
    };
    let mut most_open: HashMap<Uuid, LocationPolicy> = HashMap::new();
    for link in links {
        let from = match documents.get(&link.from) {
            Some((_, state, document)) => Some((*state, organization_of(document))),
            None => elsewhere.get(&link.from).copied(),
        };
        let seen = from.is_some_and(|(state, organization)| state == State::Published && organization.is_some_and(is_shown));
        if let Some(policy) = link.policy.filter(|_| seen) {
            most_open.entry(link.to).and_modify(|known| *known = (*known).min(policy)).or_insert(policy);
        }
    }
    Ok(most_open)
}

/// Whether a link of the document tells less than the whole place.
fn hides_a_place(document: &Document) -> bool {
    document.references().iter().any(|reference| reference.policy.is_some_and(|policy| policy > LocationPolicy::Exact))
}

/// Those of the organizations here that have a service or an event at a place which is not told
/// whole, by the link or by the place itself, and what is known of these places.
async fn discreet_organizations(tx: &Transaction, documents: &Documents) -> Result<HashMap<Uuid, Known>, Error> {
    let organizations: Vec<Uuid> =
        documents.iter().filter(|(_, (_, _, document))| document.kind() == Kind::Organization).map(|(id, _)| *id).collect();
    let mut provider: HashMap<Uuid, Uuid> = HashMap::new();
    for link in references::links_to(tx.connection(), &organizations).await? {
        provider.insert(link.from, link.to);
    }
    let services: Vec<Uuid> = provider.keys().copied().collect();
    let links = references::links_from(tx.connection(), &services).await?;
    let hidden = |policy: Option<LocationPolicy>| policy.is_some_and(|policy| policy > LocationPolicy::Exact);
    let is_elsewhere = |id: &Uuid| !documents.contains_key(id);
    let places = links.iter().filter(|link| link.policy.is_some());
    let places: Vec<Uuid> = places.clone().map(|link| link.to).filter(is_elsewhere).collect();
    let mut elsewhere: HashMap<Uuid, Document> = HashMap::new();
    for stored in store::load_places_with_a_policy(tx.connection(), &places).await? {
        elsewhere.insert(stored.id, read(&stored)?);
    }
    let by_their_link = links.iter().filter(|link| hidden(link.policy)).map(|link| link.to);
    let by_their_link: Vec<Uuid> = by_their_link.filter(|id| is_elsewhere(id) && !elsewhere.contains_key(id)).collect();
    for (id, stored) in store::load(tx.connection(), &by_their_link).await? {
        elsewhere.insert(id, read(&stored)?);
    }
    let place = |id: &Uuid| match documents.get(id).map(|(_, _, document)| document).or_else(|| elsewhere.get(id)) {
        Some(Document::Location(place)) => Some(place),
        _ => None,
    };
    let mut discreet: HashMap<Uuid, Known> = HashMap::new();
    for link in links.iter().filter(|link| link.policy.is_some()) {
        let place = place(&link.to);
        if !hidden(link.policy) && !place.is_some_and(|place| hidden(place.location_policy)) {
            continue;
        }
        if let Some(organization) = provider.get(&link.from) {
            discreet.entry(*organization).or_default().add(place.map(|place| Known::of(place)).unwrap_or_default());
        }
    }
    Ok(discreet)
}

/// The organization without which a service or an event is not to be seen.
pub(super) fn organization_of(document: &Document) -> Option<Uuid> {
    match document {
        Document::Service(service) => service.organization_id.map(Uuid::from),
        Document::Event(event) => Some(event.organization_id.into()),
        _ => None,
    }
}
