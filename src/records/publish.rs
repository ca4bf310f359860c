//! From changed records to published rows: what has to be rendered again, with what around it.

use std::collections::{BTreeSet, HashMap, HashSet};

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{Error, LastModified, Records, State, annotations, read, staleness, store};
use crate::{
    db::Transaction,
    model::{Document, Kind, LocationPolicy},
    parallel::in_parallel,
    published::{
        self, Locked, Position, Published,
        redaction::Known,
        render::{Around, Rendered, render},
    },
    signing::{self, About},
};

/// Why something is published now.
pub(super) struct Cause<'a> {
    /// What a tombstone says.
    pub(super) reason: &'a str,
    /// Whether derived copies must destroy what stood there before.
    pub(super) urgent: bool,
    /// Records of which something was taken out for good: what stands of them is told once more, as
    /// urgent, where nothing else is told of them.
    pub(super) scrubbed: &'a HashSet<Uuid>,
    /// Whether a person has opened a place again.
    pub(super) reopened: bool,
    /// The moment.
    pub(super) now: DateTime<Utc>,
    /// Moments of last change that came along.
    pub(super) last_modified: &'a LastModified,
}

/// Records that are to be rendered, and whatever they need around them.
#[derive(Default)]
struct Scene {
    /// To be rendered; `None` for those that are not to be seen.
    dirty: HashMap<Uuid, (String, Option<Document>)>,
    around: Around,
}

impl Records {
    /// Lock the counter, and look which key signs now: keys change under the counter only.
    pub(super) async fn lock(&self, tx: &Transaction) -> Result<Locked, crate::db::Error> {
        let locked = published::lock(tx).await?;
        if let Err(error) = self.signer.look_again() {
            tracing::error!(error = %error, "cannot read the keys again; signing with those that were read before");
        }
        Ok(locked)
    }

    /// Lock the counter, render everything that shows the changed records, and publish it. Where the
    /// order stood before, and where it stands now.
    pub(super) async fn publish(
        &self,
        tx: &Transaction,
        changed: HashMap<Uuid, (String, State, Document)>,
        touched: &[Uuid],
        cause: &Cause<'_>,
    ) -> Result<(Position, Position), Error> {
        let mut locked = self.lock(tx).await?;
        let began = locked.position();
        let scene = self.gather(tx, changed, touched, cause).await?;
        let dirty: Vec<Uuid> = scene.dirty.keys().copied().collect();
        let mut current: HashMap<Uuid, Published> = HashMap::new();
        let mut derived: HashMap<Uuid, Vec<Uuid>> = HashMap::new();
        for row in published::current(tx, &dirty).await? {
            current.insert(row.id, row);
        }
        for row in published::derived_from(tx, &dirty).await? {
            derived.entry(row.derived_from.unwrap_or(row.id)).or_default().push(row.id);
            current.insert(row.id, row);
        }

        let mut order: Vec<(Uuid, (String, Option<Document>))> = scene.dirty.into_iter().collect();
        // The order of numbers inside one transaction is the order of kinds, then of ids, so that
        // the same import gives the same order again.
        order
            .sort_unstable_by_key(|(id, (_, document))| (document.as_ref().map_or(Kind::ServiceAtLocation, Document::kind), *id));
        // What was taken out of an organization stood in its services as well.
        let scrubbed: HashSet<Uuid> = order
            .iter()
            .filter(|(id, (_, document))| {
                let organization = document.as_ref().and_then(organization_of);
                [Some(*id), organization].into_iter().flatten().any(|id| cause.scrubbed.contains(&id))
            })
            .map(|(id, _)| *id)
            .collect();
        let all: Vec<(Uuid, String, Changed)> = in_parallel(order, |(id, (origin, document))| {
            let at = Moments {
                kept: current.get(&id).filter(|row| row.live).map(|row| row.changed_at),
                new: cause.last_modified.get(&id).copied().unwrap_or(cause.now),
            };
            let standing = |id: &Uuid| current.get(id).filter(|row| row.live);
            let rendered = match document {
                Some(document) => render_changed(document, &scene.around, at, origin.is_empty(), standing),
                None => Changed::default(),
            };
            (id, origin, rendered)
        });
        let owners = owners(tx, &all, &current).await?;
        let mut numbered = Vec::new();
        for (id, origin, rendered) in all {
            let mut before: Vec<Uuid> = derived.remove(&id).unwrap_or_default();
            before.push(id);
            let different: HashSet<Uuid> = rendered.different.iter().map(|one| one.id).collect();
            for one in rendered.different {
                if owners.get(&one.id).is_some_and(|owner| *owner != id) {
                    // Two records must not take the same id from each other again and again.
                    tracing::warn!(record.id = %id, taken = %one.id, kind = %one.kind, "this id belongs to another record, so the part is not published");
                    continue;
                }
                numbered.push((locked.take(), Next::Shown(one, id, origin.clone(), rendered.at)));
            }
            let scrubbed = scrubbed.contains(&id);
            for row in before.iter().filter_map(|id| current.get(id)) {
                if row.live && !rendered.all.contains(&row.id) {
                    numbered.push((locked.take(), Next::Gone(row.clone())));
                } else if scrubbed && !different.contains(&row.id) && !is_urgent(row) {
                    numbered.push((locked.take(), Next::Again(Published { urgent: true, ..row.clone() })));
                }
            }
        }
        let epoch = locked.epoch().to_owned();
        // A reader that lags behind sees only what stands now: once urgent, an id stays so, or what was
        // scrubbed would lie in its files for good because of a harmless edit that came after.
        let was_urgent = |id: &Uuid| current.get(id).is_some_and(is_urgent);
        let rows = in_parallel(numbered, |(position, next)| match next {
            Next::Shown(one, record, origin, changed_at) => {
                let numbered = Numbered { epoch: &epoch, position, urgent: cause.urgent || was_urgent(&one.id) };
                self.row(&numbered, one, record, origin, changed_at)
            }
            Next::Gone(row) => self.tombstone(&epoch, position, row, cause),
            Next::Again(row) => self.again(&epoch, position, row),
        });
        if cause.urgent {
            // What has to be destroyed may stand in what their origins signed as well.
            let foreign: Vec<Uuid> = rows.iter().filter(|row| !row.origin.is_empty()).map(|row| row.id).collect();
            published::evidence::blank(tx, &foreign).await?;
        }
        // One number each, in the order in which they were taken.
        Ok((began, published::write(tx, locked, &rows, &current).await?))
    }

    fn row(&self, numbered: &Numbered<'_>, one: Rendered, record: Uuid, origin: String, changed_at: DateTime<Utc>) -> Published {
        let statement = one.canonical.as_deref().map(|canonical| {
            self.signer.sign(About {
                kind: one.kind,
                id: one.id,
                epoch: numbered.epoch,
                position: numbered.position.0,
                urgent: numbered.urgent,
                changed: changed_at,
                canonical: Some(canonical),
            })
        });
        Published {
            id: one.id,
            kind: one.kind,
            position: numbered.position,
            live: true,
            urgent: numbered.urgent,
            origin,
            derived_from: one.derived.then_some(record),
            full: one.full,
            brief: one.brief,
            statement,
            changed_at,
            reason: None,
        }
    }

    fn tombstone(&self, epoch: &str, position: Position, row: Published, cause: &Cause<'_>) -> Published {
        let own_record = row.origin.is_empty() && row.derived_from.is_none();
        let statement = own_record.then(|| {
            self.signer.sign(About {
                kind: row.kind,
                id: row.id,
                epoch,
                position: position.0,
                urgent: cause.urgent || row.urgent,
                changed: cause.now,
                canonical: None,
            })
        });
        Published {
            position,
            live: false,
            urgent: cause.urgent || row.urgent,
            full: String::new(),
            brief: String::new(),
            statement,
            changed_at: cause.now,
            reason: Some(cause.reason.to_owned()),
            ..row
        }
    }

    /// Find what is to be rendered again, and read it and what it needs. Called with the counter
    /// locked: whatever was committed before is seen, whatever comes later sees us.
    async fn gather(
        &self,
        tx: &Transaction,
        changed: HashMap<Uuid, (String, State, Document)>,
        touched: &[Uuid],
        cause: &Cause<'_>,
    ) -> Result<Scene, Error> {
        let reopened = cause.reopened;
        let mut dirty: HashSet<Uuid> = changed.keys().chain(touched).chain(cause.scrubbed).copied().collect();
        // An organization speaks more, or less, openly of itself with the places of its services.
        let mut speaking: Vec<Uuid> = changed
            .values()
            .map(|(_, _, document)| document)
            .filter(|document| reopened || hides_a_place(document))
            .filter_map(organization_of)
            .collect();
        let own_policy =
            |document: &Document| matches!(document, Document::Location(place) if reopened || place.location_policy.is_some());
        let places: Vec<Uuid> = changed.iter().filter(|(_, (_, _, document))| own_policy(document)).map(|(id, _)| *id).collect();
        let linking: Vec<Uuid> = store::links_to(tx.connection(), &places).await?.into_iter().map(|link| link.from).collect();
        for stored in store::load(tx.connection(), &linking).await?.values() {
            speaking.extend(organization_of(&read(stored)?));
        }
        dirty.extend(speaking);
        let mut documents: HashMap<Uuid, (String, State, Document)> = HashMap::new();
        let mut frontier: Vec<Uuid> = dirty.iter().copied().collect();
        // Terms stand in places and organizations, and all of them in services: what shows a changed
        // record may be shown itself by another.
        while !frontier.is_empty() {
            let showing: HashSet<Uuid> =
                store::links_to(tx.connection(), &frontier).await?.into_iter().map(|link| link.from).collect();
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
        if changed.values().any(|(_, _, document)| document.kind() == Kind::Organization) {
            // Services come and go with their organization, and the only links to places with them.
            let services: Vec<Uuid> = documents.keys().copied().collect();
            dirty.extend(
                store::links_from(tx.connection(), &services)
                    .await?
                    .into_iter()
                    .filter(|link| link.policy.is_some())
                    .map(|link| link.to),
            );
        }
        documents.extend(changed);
        self.complete(tx, dirty, documents, cause.now).await
    }

    /// Read what the dirty records need around them: what they refer to, and what that refers to.
    async fn complete(
        &self,
        tx: &Transaction,
        dirty: HashSet<Uuid>,
        mut documents: HashMap<Uuid, (String, State, Document)>,
        now: DateTime<Utc>,
    ) -> Result<Scene, Error> {
        annotations::apply(tx, &mut documents).await?;
        staleness::apply(tx, &mut documents).await?;
        let mut wanted: HashSet<Uuid> = dirty.iter().copied().filter(|id| !documents.contains_key(id)).collect();
        wanted.extend(documents.values().flat_map(|(_, _, document)| document.references()).map(|reference| reference.to));
        let mut tried: HashSet<Uuid> = HashSet::new();
        loop {
            let missing: Vec<Uuid> = wanted.drain().filter(|id| !documents.contains_key(id) && tried.insert(*id)).collect();
            if missing.is_empty() {
                break;
            }
            let mut loaded = HashMap::new();
            for (id, stored) in store::load(tx.connection(), &missing).await? {
                let document = read(&stored)?;
                loaded.insert(id, (stored.origin, stored.state, document));
            }
            annotations::apply(tx, &mut loaded).await?;
            staleness::apply(tx, &mut loaded).await?;
            wanted.extend(loaded.values().flat_map(|(_, _, document)| document.references()).map(|reference| reference.to));
            documents.extend(loaded);
        }
        let fresh =
            documents.iter_mut().filter(|(id, _)| dirty.contains(id)).map(|(_, (origin, _, document))| (&*origin, document));
        self.freshen(tx, fresh, now).await?;
        let most_open_link = most_open_links(tx, &documents).await?;
        let discreet = discreet_organizations(tx, &documents).await?;
        let wanted_by_events: HashSet<Uuid> = documents
            .values()
            .filter_map(|(_, _, document)| match document {
                Document::Event(event) => event.service_id.map(Uuid::from),
                _ => None,
            })
            .collect();
        let mut scene = Scene {
            dirty: HashMap::new(),
            around: Around {
                most_open_link,
                discreet,
                withheld_categories: self.withheld_categories.to_vec(),
                documents: HashMap::new(),
                now,
            },
        };
        for (id, (origin, state, document)) in documents {
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
        Ok(scene)
    }
}

/// The most open link to each place, of those that anybody can see: a service whose organization is
/// not to be seen tells of no place either.
async fn most_open_links(
    tx: &Transaction,
    documents: &HashMap<Uuid, (String, State, Document)>,
) -> Result<HashMap<Uuid, LocationPolicy>, Error> {
    let places: Vec<Uuid> =
        documents.iter().filter(|(_, (_, _, document))| document.kind() == Kind::Location).map(|(id, _)| *id).collect();
    let links = store::links_to(tx.connection(), &places).await?;
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
async fn discreet_organizations(
    tx: &Transaction,
    documents: &HashMap<Uuid, (String, State, Document)>,
) -> Result<HashMap<Uuid, Known>, Error> {
    let organizations: Vec<Uuid> =
        documents.iter().filter(|(_, (_, _, document))| document.kind() == Kind::Organization).map(|(id, _)| *id).collect();
    let mut provider: HashMap<Uuid, Uuid> = HashMap::new();
    for link in store::links_to(tx.connection(), &organizations).await? {
        provider.insert(link.from, link.to);
    }
    let services: Vec<Uuid> = provider.keys().copied().collect();
    let links = store::links_from(tx.connection(), &services).await?;
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
fn organization_of(document: &Document) -> Option<Uuid> {
    match document {
        Document::Service(service) => service.organization_id.map(Uuid::from),
        Document::Event(event) => Some(event.organization_id.into()),
        _ => None,
    }
}

/// The number that something gets, and whether what stood there before has to be destroyed.
struct Numbered<'a> {
    epoch: &'a str,
    position: Position,
    urgent: bool,
}

/// Whether everybody was told before that nothing earlier may be kept of it. After a restore only the
/// statement still says so.
fn is_urgent(row: &Published) -> bool {
    row.urgent || row.statement.as_deref().is_some_and(signing::is_urgent)
}

/// Something that gets a number.
enum Next {
    /// A document, the record that it is made of, where that comes from, and its moment.
    Shown(Rendered, Uuid, String, DateTime<Utc>),
    /// What stood there before it went.
    Gone(Published),
    /// What stands there, be it a tombstone, and what was told before it has to be destroyed.
    Again(Published),
}

/// Which record each id belongs to that is to be published: the one that has it, else the first
/// that wants it.
async fn owners(
    tx: &Transaction,
    all: &[(Uuid, String, Changed)],
    current: &HashMap<Uuid, Published>,
) -> Result<HashMap<Uuid, Uuid>, Error> {
    let owner = |row: &Published| row.derived_from.unwrap_or(row.id);
    let wanted: Vec<Uuid> = all
        .iter()
        .flat_map(|(_, _, rendered)| &rendered.different)
        .map(|one| one.id)
        .filter(|id| !current.contains_key(id))
        .collect();
    let mut owners: HashMap<Uuid, Uuid> = current.values().filter(|row| row.live).map(|row| (row.id, owner(row))).collect();
    owners.extend(published::current(tx, &wanted).await?.iter().filter(|row| row.live).map(|row| (row.id, owner(row))));
    for (id, _, rendered) in all {
        for one in &rendered.different {
            owners.entry(one.id).or_insert(*id);
        }
    }
    Ok(owners)
}

/// The moment that stood as the last change, and the one to stand if something is different.
#[derive(Clone, Copy)]
struct Moments {
    kept: Option<DateTime<Utc>>,
    new: DateTime<Utc>,
}

/// What rendering a record gave.
#[derive(Default)]
struct Changed {
    /// Every id that it now stands under.
    all: Vec<Uuid>,
    /// What is different from what stood there.
    different: Vec<Rendered>,
    /// The moment that was written into it.
    at: DateTime<Utc>,
}

/// Render a record, and keep what differs from what stands. Content that did not change keeps its
/// moment of last change, and is not published again.
fn render_changed<'a>(
    document: Document,
    around: &Around,
    at: Moments,
    own: bool,
    standing: impl Fn(&Uuid) -> Option<&'a Published>,
) -> Changed {
    let Some(kept) = at.kept else {
        let different = render(document, around, at.new, own);
        return Changed { all: different.iter().map(|one| one.id).collect(), different, at: at.new };
    };
    let same = |one: &Rendered| {
        standing(&one.id).is_some_and(|row| row.full == one.full && row.brief == one.brief && row.kind == one.kind)
    };
    let first = render(document.clone(), around, kept, own);
    let all = first.iter().map(|one| one.id).collect();
    let mut unchanged: HashSet<Uuid> = first.iter().filter(|one| same(one)).map(|one| one.id).collect();
    // What is made of a record may have changed at another moment than the record itself.
    let others: BTreeSet<DateTime<Utc>> = first
        .iter()
        .filter(|one| !unchanged.contains(&one.id))
        .filter_map(|one| standing(&one.id).map(|row| row.changed_at))
        .filter(|at| *at != kept)
        .collect();
    for other in others {
        unchanged.extend(render(document.clone(), around, other, false).iter().filter(|one| same(one)).map(|one| one.id));
    }
    if unchanged.len() == first.len() {
        return Changed { all, different: Vec::new(), at: kept };
    }
    let different = render(document, around, at.new, own).into_iter().filter(|one| !unchanged.contains(&one.id)).collect();
    Changed { all, different, at: at.new }
}
