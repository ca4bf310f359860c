//! Where a listing is: the place that it has, another one, or none.

use maud::{Markup, html};
use serde_json::json;
use uuid::Uuid;

use super::section::Open;
use crate::{
    editing::Error,
    ids::{LocationId, OrganizationId, ServiceAtLocationId},
    model::{
        Document, Location, LocationPolicy, Service, ServiceAtLocation,
        values::{Number, Postcode},
        whereabouts::Whereabouts,
        with_only,
    },
    pages::{
        desk::{Desk, Fields, Signed},
        fields::{Field, Mistakes, radios, tick},
    },
    publishing::locate,
};

/// Ticked by whoever knows a postcode better than we do.
const SURE: &str = "postcode_is_right";
/// How the question about a postcode begins that we do not know.
const UNKNOWN: &str = "We do not know where ";

/// Lines of an address: the field, its label, whether it has to be there.
const LINES: [(&str, &str, bool); 6] = [
    ("place_name", "Name of the place", false),
    ("address_1", "Building and street", true),
    ("address_2", "Address line 2", false),
    ("city", "Town", true),
    ("county", "County (optional)", false),
    ("postcode", "Postcode", true),
];
const POLICIES: [(&str, &str); 4] = [
    ("exact", "Show the whole address"),
    ("on_request", "Say “address given when you book”"),
    ("area", "Show only the town"),
    ("withheld", "Do not show that there is a place. The address is deleted here too."),
];

/// Which link of a service to a place the form is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Which {
    /// One that is not there yet.
    New,
    /// The one at this position.
    At(usize),
    /// One that is not there any more.
    Gone,
}

/// The link that is named; without a name the first, if there is one.
fn which_of(service: &Service, name: &str) -> Which {
    let links = &service.service_at_locations;
    match name {
        "new" => Which::New,
        "" if links.is_empty() => Which::New,
        "" => Which::At(0),
        id => links.iter().position(|link| link.id.to_string() == id).map_or(Which::Gone, Which::At),
    }
}

fn link_of<'a>(document: &'a Document, name: &str) -> Option<&'a ServiceAtLocation> {
    let Document::Service(service) = document else { return None };
    match which_of(service, name) {
        Which::At(at) => service.service_at_locations.get(at),
        Which::New | Which::Gone => None,
    }
}

/// Whether the form is about a link that somebody has taken away meanwhile.
fn is_gone(document: &Document, name: &str) -> bool {
    matches!(document, Document::Service(service) if which_of(service, name) == Which::Gone)
}

fn place_and_policy(document: &Document, which: &str) -> (Option<LocationId>, Option<LocationPolicy>) {
    match document {
        Document::Event(event) => (event.location_id, event.location_policy),
        other => link_of(other, which).map_or((None, None), |link| (link.location_id, link.location_policy)),
    }
}

/// The place, where whoever asks may see all of it.
async fn location(desk: &Desk, signed: &Signed, id: Option<LocationId>) -> Result<Option<(Location, i64)>, Error> {
    let Some(id) = id else { return Ok(None) };
    match desk.editing.look(&signed.actor, id.into()).await {
        Ok(sight) => Ok(match sight.document {
            Document::Location(place) => Some((*place, sight.stored.kept.revision)),
            _ => None,
        }),
        Err(Error::NotFound(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

pub(super) async fn fill(desk: &Desk, signed: &Signed, document: &Document, which: &str) -> Result<Fields, Error> {
    let mut fields = Fields::default();
    if is_gone(document, which) {
        return Err(Error::NotFound(document.id()));
    }
    let (id, link_policy) = place_and_policy(document, which);
    let place = location(desk, signed, id).await?;
    let has_none = place.is_none();
    fields.set("which", link_of(document, which).map_or_else(|| which.to_owned(), |link| link.id.to_string()));
    fields.set("has", if has_none && which != "new" { "" } else { "place" });
    if id.is_some() && place.is_none() {
        // How much of it may be told is not known here, so that is asked.
        fields.set("elsewhere", "yes");
        fields.set("has", "place");
        return Ok(fields);
    }
    let own_policy = place.as_ref().and_then(|(place, _)| place.location_policy);
    let policy = link_policy.unwrap_or_default().max(own_policy.unwrap_or_default());
    fields.set("policy", policy.as_str());
    if let Some((place, _)) = &place {
        fields.set("place_name", place.name.clone().unwrap_or_default());
        fields.set("access", place.transportation.clone().unwrap_or_default());
        if let Some(address) = place.addresses.first() {
            fields.set("address_1", address.address_1.clone());
            fields.set("address_2", address.address_2.clone().unwrap_or_default());
            fields.set("city", address.city.clone());
            fields.set("county", address.state_province.clone());
            fields.set("postcode", address.postal_code.clone());
        }
    }
    Ok(fields)
}

pub(super) fn form(fields: &Fields, mistakes: &Mistakes) -> Markup {
    html! {
        input type="hidden" name="which" value=(fields.text("which"));
        @if fields.has("elsewhere") {
            input type="hidden" name="elsewhere" value="yes";
            p class="banner" { "It is at a place managed by others, so its address is not shown here. Cancel to leave it there. If you enter an address it will replace this one." }
        }
        (radios("has", "Is there a place people can go to?", "", fields.text("has"), &[("place", "Yes"), ("none", "No: by phone, online, or at people’s homes")], mistakes))
        @for (name, label, _) in LINES { (Field::new(name, label, fields.text(name)).line(mistakes, "text", "off")) }
        @if fields.has(SURE) || mistakes.of("postcode").is_some_and(|said| said.starts_with(UNKNOWN)) {
            (tick(SURE, "The postcode is right. Save it without a position on the map", fields.has(SURE), mistakes))
        }
        (Field::new("access", "How to get there", fields.text("access")).hint("Bus stops, parking, step-free way in.").lines(mistakes, 2))
        (radios("policy", "What can the public see about the place?", "If someone could be in danger if others find it, do not show it.", fields.text("policy"), &POLICIES, mistakes))
    }
}

pub(super) async fn take(
    desk: &Desk,
    signed: &Signed,
    fields: &Fields,
    edited: &mut Open,
    mistakes: &mut Mistakes,
) -> Result<(), Error> {
    let which = fields.text("which").to_owned();
    if is_gone(&edited.document, &which) {
        mistakes.add("has", "This place is no longer part of the listing. Go to the listing and change the place there");
        return Ok(());
    }
    match fields.text("has") {
        "none" => {
            unlink(&mut edited.document, &which);
            return Ok(());
        }
        "place" => {}
        _ => {
            mistakes.add("has", "Choose one");
            return Ok(());
        }
    }
    let Some(said) = read(fields, mistakes) else { return Ok(()) };
    let known = location(desk, signed, place_and_policy(&edited.document, &which).0).await?;
    let owner = owner_of(&edited.document);
    // A place that others keep or use, too, is not theirs to move: they get one of their own.
    let shared = match (&known, owner) {
        (Some((place, _)), Some(owner)) => is_shared(desk, signed, place, owner).await?,
        _ => false,
    };
    let same = known.as_ref().is_some_and(|(place, _)| says_the_same(place, fields));
    let place_id = match (&known, shared && !same) {
        (Some((place, _)), false) => place.id,
        _ => LocationId(crate::ids::fresh()),
    };
    set_link(&mut edited.document, &which, place_id, said.policy);
    if same && said.is_told() {
        return Ok(());
    }
    let kept = known.filter(|_| !shared);
    let revision = kept.as_ref().map(|(_, revision)| *revision);
    let mut place =
        kept.map_or_else(|| with_only::<Location>(json!({"id": place_id, "location_type": "physical"})), |(place, _)| place);
    if place.organization_id.is_none() && revision.is_none() {
        place.organization_id = owner;
    }
    if said.is_told() {
        describe(desk, fields, said.postcode, &mut place, mistakes).await;
        if !mistakes.none() {
            return Ok(());
        }
    } else {
        // Nothing of it is kept, here or in a proposal.
        place.location_policy = Some(LocationPolicy::Withheld);
        crate::published::redaction::strip_place(&mut place);
    }
    edited.place = Some(place);
    edited.place_revision = revision;
    Ok(())
}

/// What the form says, where everything that is needed is there and can be read.
struct Said {
    policy: LocationPolicy,
    postcode: Option<Postcode>,
}

impl Said {
    fn is_told(&self) -> bool {
        self.policy != LocationPolicy::Withheld
    }
}

/// What the form says, or what is wrong with it.
fn read(fields: &Fields, mistakes: &mut Mistakes) -> Option<Said> {
    let policy = LocationPolicy::from_text(fields.text("policy"));
    if policy.is_none() {
        mistakes.add("policy", "Choose one");
    }
    let mut said = Said { policy: policy.unwrap_or_default(), postcode: None };
    for (name, label, needed) in LINES {
        if needed && said.is_told() && fields.text(name).is_empty() {
            mistakes.add(name, format!("Enter the {}", label.to_lowercase()));
        }
    }
    match fields.some("postcode").map(str::parse::<Postcode>).transpose() {
        Ok(postcode) => said.postcode = postcode,
        Err(error) => mistakes.add("postcode", format!("{} {error}", fields.text("postcode"))),
    }
    mistakes.none().then_some(said)
}

fn owner_of(document: &Document) -> Option<OrganizationId> {
    match document {
        Document::Service(service) => service.organization_id,
        Document::Event(event) => Some(event.organization_id),
        _ => None,
    }
}

/// Whether others than this organisation keep or use a place.
async fn is_shared(desk: &Desk, signed: &Signed, place: &Location, owner: OrganizationId) -> Result<bool, Error> {
    let sight = desk.editing.look(&signed.actor, place.id.into()).await?;
    Ok(sight.owners.iter().any(|other| *other != Uuid::from(owner)))
}

/// Take what is told of a place, and look up where that is on the map.
async fn describe(desk: &Desk, fields: &Fields, postcode: Option<Postcode>, place: &mut Location, mistakes: &mut Mistakes) {
    place.name = fields.some("place_name").map(str::to_owned);
    place.transportation = fields.some("access").map(str::to_owned);
    let Some(postcode) = postcode else { return };
    let moved = place.addresses.first().is_none_or(|address| address.postal_code != postcode.to_string());
    set_address(place, fields, &postcode);
    if !moved {
        return;
    }
    let point = match locate(&desk.site.directory, &Whereabouts::Postcode(postcode)).await {
        Ok(found) => found.map(|position| position.point),
        Err(problem) => {
            tracing::warn!(problem = problem.detail, "cannot look a postcode up");
            mistakes.add("postcode", "The postcode cannot be looked up at the moment. Save again in a minute");
            return;
        }
    };
    if point.is_none() && !fields.has(SURE) {
        let said = format!("{UNKNOWN}{} is. Check that it is right.", fields.text("postcode").to_uppercase());
        mistakes.add("postcode", format!("{said} Without a position on the map, the place cannot be found by distance"));
        return;
    }
    place.latitude = point.map(|point| Number(point.latitude));
    place.longitude = point.map(|point| Number(point.longitude));
}

fn says_the_same(place: &Location, fields: &Fields) -> bool {
    let address = place.addresses.first();
    let line = |get: fn(&crate::model::Address) -> &str| address.map_or("", get).trim().to_owned();
    place.name.as_deref().unwrap_or_default() == fields.text("place_name")
        && place.transportation.as_deref().unwrap_or_default() == fields.text("access")
        && line(|a| &a.address_1) == fields.text("address_1")
        && line(|a| a.address_2.as_deref().unwrap_or_default()) == fields.text("address_2")
        && line(|a| &a.city) == fields.text("city")
        && line(|a| &a.state_province) == fields.text("county")
        && line(|a| &a.postal_code) == fields.text("postcode")
}

fn set_address(place: &mut Location, fields: &Fields, postcode: &Postcode) {
    if place.addresses.is_empty() {
        place.addresses.push(with_only(json!({
            "id": crate::ids::fresh(), "location_id": place.id, "address_1": "", "city": "", "state_province": "",
            "postal_code": "", "country": "GB", "address_type": "physical",
        })));
    }
    let address = &mut place.addresses[0];
    fields.text("address_1").clone_into(&mut address.address_1);
    address.address_2 = fields.some("address_2").map(str::to_owned);
    fields.text("city").clone_into(&mut address.city);
    // The standard wants one; many towns have none.
    fields.some("county").unwrap_or(fields.text("city")).clone_into(&mut address.state_province);
    address.postal_code = postcode.to_string();
}

fn set_link(document: &mut Document, which: &str, place: LocationId, policy: LocationPolicy) {
    let said = (policy != LocationPolicy::Exact).then_some(policy);
    match document {
        Document::Event(event) => {
            event.location_id = Some(place);
            event.location_policy = said.or(event.location_policy.map(|_| policy));
        }
        Document::Service(service) => {
            let service_id = service.id;
            let at = if let Which::At(at) = which_of(service, which) {
                at
            } else {
                let id = ServiceAtLocationId(crate::ids::fresh());
                service.service_at_locations.push(with_only(json!({"id": id, "service_id": service_id})));
                service.service_at_locations.len() - 1
            };
            let link = &mut service.service_at_locations[at];
            link.location_id = Some(place);
            link.location_policy = said.or(link.location_policy.map(|_| policy));
        }
        _ => {}
    }
}

fn unlink(document: &mut Document, which: &str) {
    match document {
        Document::Event(event) => event.location_id = None,
        Document::Service(service) => {
            if let Which::At(at) = which_of(service, which) {
                service.service_at_locations.remove(at);
            }
        }
        _ => {}
    }
}
