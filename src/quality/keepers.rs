//! Whom letters about listings go to: those who keep them, and the officers.

use std::collections::{BTreeSet, HashMap};

use uuid::Uuid;

use super::{Error, Owned, Owner};
use crate::{
    identity::{self, Action, Identity, Member, MemberRole, Membership, Person},
    model::{Document, Kind, Service, ServiceStatus},
    records::{Records, State},
};

/// Records that are read in one go.
const PAGE: u64 = 500;

impl From<identity::Error> for Error {
    fn from(error: identity::Error) -> Self {
        Self::Identity(Box::new(error))
    }
}

impl From<Person> for Owner {
    fn from(person: Person) -> Self {
        Self { known_as: Identity::known_as(person.id), email: person.email.into(), name: person.name }
    }
}

/// Each of our own published services that have not closed, with those who keep its organisation, leads first.
/// # Errors
/// When the database fails.
pub async fn owned(records: &Records, identity: &Identity) -> Result<Vec<Owned>, Error> {
    let mut by_organisation: HashMap<Uuid, Vec<Membership>> = HashMap::new();
    for membership in identity.all_memberships().await? {
        by_organisation.entry(membership.organisation).or_default().push(membership);
    }
    let mut keepers: HashMap<Uuid, Vec<Owner>> = HashMap::new();
    for (organisation, mut memberships) in by_organisation {
        in_order(&mut memberships);
        let mut owners = Vec::new();
        for membership in memberships {
            owners.extend(identity.person(membership.person).await?.map(Owner::from));
        }
        keepers.insert(organisation, owners);
    }
    let mut owned = Vec::new();
    let mut after = None;
    loop {
        let page = records.by_kind(Kind::Service, after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(owned) };
        after = Some(last.id);
        for stored in page.iter().filter(|stored| stored.origin.is_empty() && stored.state == State::Published) {
            let Document::Service(service) = stored.read()? else { continue };
            if is_over(&service) {
                continue;
            }
            let owners = service.organization_id.and_then(|id| keepers.get(&id.into()));
            if let Some(owners) = owners.filter(|owners| !owners.is_empty()) {
                owned.push(Owned { record: stored.id, owners: owners.clone() });
            }
        }
    }
}

/// Whether nobody needs to say any more that it is right: it has closed.
fn is_over(service: &Service) -> bool {
    matches!(service.status, ServiceStatus::Inactive | ServiceStatus::Defunct)
}

/// Those who keep the organisations that a record belongs to, leads first. A place that names none belongs to all
/// whose listings are there.
/// # Errors
/// When the database fails.
pub async fn keepers_of(records: &Records, identity: &Identity, record: Uuid) -> Result<Vec<Owner>, Error> {
    let Some(stored) = records.find(record).await? else { return Ok(Vec::new()) };
    let mut organisations: BTreeSet<Uuid> = BTreeSet::new();
    match stored.read()? {
        Document::Location(place) if place.organization_id.is_none() => {
            for user in records.referring_to(record).await? {
                if user.state == State::Published && user.origin.is_empty() {
                    organisations.extend(organisation_of(&user.read()?));
                }
            }
        }
        document => organisations.extend(organisation_of(&document)),
    }
    let mut members: Vec<Member> = Vec::new();
    for organisation in organisations {
        for member in identity.members(organisation).await? {
            if !members.iter().any(|known| known.person.id == member.person.id) {
                members.push(member);
            }
        }
    }
    members.sort_by_key(|member| (member.membership.role != MemberRole::Lead, member.membership.since));
    Ok(members.into_iter().map(|member| member.person.into()).collect())
}

fn organisation_of(document: &Document) -> Option<Uuid> {
    match document {
        Document::Organization(organisation) => Some(organisation.id.into()),
        Document::Service(service) => service.organization_id.map(Uuid::from),
        Document::Event(event) => Some(event.organization_id.into()),
        Document::Location(place) => place.organization_id.map(Uuid::from),
        _ => None,
    }
}

fn in_order(memberships: &mut [Membership]) {
    memberships.sort_by_key(|membership| (membership.role != MemberRole::Lead, membership.since));
}

/// Those who decide.
/// # Errors
/// When the database fails.
pub async fn moderators(identity: &Identity) -> Result<Vec<Owner>, Error> {
    let officers = identity.officers().await?;
    Ok(officers.into_iter().filter(|person| person.may(Action::Decide)).map(Owner::from).collect())
}
