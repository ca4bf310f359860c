//! What has to be rendered again because of a change, and what stands around it.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{
    Error, Records, State, annotations,
    publish::Cause,
    read,
    references::{self, Link},
    staleness, store,
};
use crate::{
    db::Transaction,
    model::{Document, Kind, Location, LocationPolicy},
    published::{self, redaction::Known, render::Around},
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
    /// locked, `now` read behind that: whatever was committed before is seen, whatever comes later sees us.
    pub(super) async fn gather(
        &self,
        tx: &Transaction,
        changed: Documents,
        touched: &[Uuid],
        cause: &Cause<'_>,
        now: DateTime<Utc>,
    ) -> Result<Scene, Error> {
        let mut dirty: HashSet<Uuid> = changed.keys().chain(touched).chain(cause.scrubbed).copied().collect();
        dirty.extend(speaking_of_places(tx, &changed, touched, cause.reopened).await?);
        let mut documents = showing(tx, &mut dirty).await?;
        let is_changed = |id: Uuid| changed.contains_key(&id) || touched.contains(&id);
        if documents.values().filter_map(|(_, _, document)| organization_of(document)).any(is_changed) {
            // Services come and go with their organization, and the only links to places with them.
            let showing: Vec<Uuid> = documents.keys().copied().collect();
            let links = references::links_from(tx.connection(), &showing).await?;
            dirty.extend(links.into_iter().filter(|link| link.policy.is_some()).map(|link| link.to));
            // Events name the services that they belong to, whoever holds them.
            let is_service = |id: &Uuid| documents.get(id).is_some_and(|(_, _, document)| document.kind() == Kind::Service);
            let services: Vec<Uuid> = showing.into_iter().filter(is_service).collect();
            dirty.extend(references::links_to(tx.connection(), &services).await?.into_iter().map(|link| link.from));
        }
        documents.extend(changed);
        annotations::apply(tx, &mut documents).await?;
        staleness::apply(tx, &mut documents).await?;
        complete(tx, &dirty, &mut documents).await?;
        let fresh =
            documents.iter_mut().filter(|(id, _)| dirty.contains(id)).map(|(_, (origin, _, document))| (&*origin, document));
        self.freshen(tx, fresh, now).await?;
        let links = links_here(tx, &documents).await?;
        let around = Around {
            most_open_link: most_open_links(tx, &documents, &links).await?,
            discreet: discreet_organizations(tx, &documents, &links).await?,
            withheld_categories: self.withheld_categories.clone(),
            documents: HashMap::new(),
            unseen: HashMap::new(),
            now,
        };
        Ok(set(documents, &dirty, around))
    }
}

/// Organizations that speak more, or less, openly of themselves because of a change to the places of their
/// services.
async fn speaking_of_places(tx: &Transaction, changed: &Documents, touched: &[Uuid], reopened: bool) -> Result<Vec<Uuid>, Error> {
    let documents = changed.values().map(|(_, _, document)| document);
    let mut speaking: Vec<Uuid> =
        documents.filter(|document| reopened || hides_a_place(document)).filter_map(organization_of).collect();
    let own_policy =
        |document: &Document| matches!(document, Document::Location(place) if reopened || place.location_policy.is_some());
    let mut places: Vec<Uuid> = changed.iter().filter(|(_, (_, _, document))| own_policy(document)).map(|(id, _)| *id).collect();
    places.extend(shown_or_hidden(tx, changed, touched).await?);
    let linking: Vec<Uuid> = references::links_to(tx.connection(), &places).await?.into_iter().map(|link| link.from).collect();
    for stored in store::load(tx.connection(), &linking).await?.values() {
        speaking.extend(organization_of(&read(stored)?));
    }
    Ok(speaking)
}

/// Places that only those who keep them may see from now on, or could until now.
async fn shown_or_hidden(tx: &Transaction, changed: &Documents, touched: &[Uuid]) -> Result<Vec<Uuid>, Error> {
    let places = changed.iter().filter(|(_, (_, _, document))| document.kind() == Kind::Location).map(|(id, _)| *id);
    let asked: Vec<Uuid> = places.chain(touched.iter().copied()).collect();
    let mut found = published::gone(tx, &asked).await?;
    found.extend(annotations::hidden(tx, &asked).await?);
    found.extend(asked.into_iter().filter(|id| changed.get(id).is_some_and(|(_, state, _)| *state == State::Unpublished)));
    Ok(found)
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

/// Every link to the places and the organizations here.
async fn links_here(tx: &Transaction, documents: &Documents) -> Result<Vec<Link>, Error> {
    let wanted = |document: &Document| matches!(document.kind(), Kind::Location | Kind::Organization);
    let here: Vec<Uuid> = documents.iter().filter(|(_, (_, _, document))| wanted(document)).map(|(id, _)| *id).collect();
    Ok(references::links_to(tx.connection(), &here).await?)
}

/// Those of the links that lead to something of this kind.
fn to_kind<'a>(links: &'a [Link], documents: &'a Documents, kind: Kind) -> impl Iterator<Item = &'a Link> {
    links.iter().filter(move |link| documents.get(&link.to).is_some_and(|(_, _, document)| document.kind() == kind))
}

/// The most open link to each place, of those that anybody can see: a service whose organization is
/// not to be seen tells of no place either.
async fn most_open_links(tx: &Transaction, documents: &Documents, here: &[Link]) -> Result<HashMap<Uuid, LocationPolicy>, Error> {
    let (in_hand, mut others): (Vec<Link>, Vec<Link>) =
        to_kind(here, documents, Kind::Location).copied().partition(|link| documents.contains_key(&link.from));
    let state_of = |id: Uuid| documents.get(&id).map(|(_, state, _)| *state);
    let mut most_open = HashMap::new();
    for link in in_hand {
        let Some((_, state, document)) = documents.get(&link.from) else { continue };
        open(&mut most_open, link, *state, organization_of(document).and_then(state_of));
    }
    // What is told whole gets no more open by whatever else is there, as in a shared hall, so that is not read.
    others.retain(|link| most_open.get(&link.to) != Some(&LocationPolicy::Exact));
    let mut elsewhere: HashMap<Uuid, (State, Option<Uuid>)> = HashMap::new();
    for (id, stored) in store::load(tx.connection(), &each_once(others.iter().map(|link| link.from))).await? {
        elsewhere.insert(id, (stored.state, organization_of(&read(&stored)?)));
    }
    let missing = elsewhere.values().filter_map(|(_, organization)| *organization).filter(|id| !documents.contains_key(id));
    let organizations = store::load(tx.connection(), &each_once(missing)).await?;
    for link in others {
        let Some((state, organization)) = elsewhere.get(&link.from).copied() else { continue };
        let state_of = |id: Uuid| state_of(id).or_else(|| organizations.get(&id).map(|stored| stored.state));
        open(&mut most_open, link, state, organization.and_then(state_of));
    }
    Ok(most_open)
}

/// Take in a link of something in this state, of an organization in that one. It tells of its place where both are seen.
fn open(most_open: &mut HashMap<Uuid, LocationPolicy>, link: Link, state: State, organization: Option<State>) {
    let is_seen = state == State::Published && organization == Some(State::Published);
    if let Some(policy) = link.policy.filter(|_| is_seen) {
        most_open.entry(link.to).and_modify(|known| *known = (*known).min(policy)).or_insert(policy);
    }
}

/// The same ids, each once: each takes a place in the statement that asks for them.
fn each_once(ids: impl Iterator<Item = Uuid>) -> Vec<Uuid> {
    ids.collect::<HashSet<Uuid>>().into_iter().collect()
}

/// Whether a link of the document tells less than the whole place.
fn hides_a_place(document: &Document) -> bool {
    document.references().iter().any(|reference| reference.policy.is_some_and(|policy| policy > LocationPolicy::Exact))
}

/// Those of the organizations here that have a service or an event at a place which is not told
/// whole, by the link or by the place itself, or that its keepers have hidden, and what is known of these places.
async fn discreet_organizations(tx: &Transaction, documents: &Documents, here: &[Link]) -> Result<HashMap<Uuid, Known>, Error> {
    let provider: HashMap<Uuid, Uuid> = to_kind(here, documents, Kind::Organization).map(|link| (link.from, link.to)).collect();
    let services: Vec<Uuid> = provider.keys().copied().collect();
    let links = references::links_from(tx.connection(), &services).await?;
    let hidden = |policy: Option<LocationPolicy>| policy.is_some_and(|policy| policy > LocationPolicy::Exact);
    let is_elsewhere = |id: &Uuid| !documents.contains_key(id);
    let places = links.iter().filter(|link| link.policy.is_some());
    let places = each_once(places.map(|link| link.to).filter(is_elsewhere));
    let mut elsewhere = Documents::new();
    let by_themselves = store::load_places_told_less(tx.connection(), &places).await?;
    let hidden_here = annotations::hidden(tx, &places).await?;
    let by_their_link = links.iter().filter(|link| hidden(link.policy)).map(|link| link.to).filter(is_elsewhere);
    let others: Vec<Uuid> = by_their_link.chain(hidden_here).collect();
    for stored in by_themselves.into_iter().chain(store::load(tx.connection(), &others).await?.into_values()) {
        let document = read(&stored)?;
        elsewhere.insert(stored.id, (stored.origin, stored.state, document));
    }
    annotations::apply(tx, &mut elsewhere).await?;
    let place = |id: &Uuid| match documents.get(id).or_else(|| elsewhere.get(id)) {
        Some((_, state, Document::Location(place))) => Some((*state, &**place)),
        _ => None,
    };
    let mut discreet: HashMap<Uuid, Known> = HashMap::new();
    for link in links.iter().filter(|link| link.policy.is_some()) {
        let place = place(&link.to);
        let told_less = |(state, place): (State, &Location)| state == State::Unpublished || hidden(place.location_policy);
        if !hidden(link.policy) && !place.is_some_and(told_less) {
            continue;
        }
        if let Some(organization) = provider.get(&link.from) {
            discreet.entry(*organization).or_default().add(place.map(|(_, place)| Known::of(place)).unwrap_or_default());
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
