//! What a listing cannot be published without, whoever sends it and from wherever.

use super::{Editing, Error, Write};
use crate::{
    http::Fault,
    model::{Contact, Document, Kind, Location},
};

/// Something that a listing has to say before it is public.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Essential {
    /// What it is.
    About,
    /// When it is there.
    Times,
    /// What it costs.
    Cost,
    /// How to get in touch.
    Contact,
}

impl Essential {
    /// The member of a document that usually says it.
    pub(super) fn field(self) -> &'static str {
        match self {
            Self::About => "description",
            Self::Times => "schedules",
            Self::Cost => "cost_options",
            Self::Contact => "phones",
        }
    }

    /// What has to be said.
    pub(super) fn problem(self) -> &'static str {
        match self {
            Self::About => "say what it is before it can be published",
            Self::Times => "say when it is there before it can be published",
            Self::Cost => "say what it costs, or that it is free, before it can be published",
            Self::Contact => "say how to get in touch before it can be published: a phone number, an email or a web address",
        }
    }
}

/// What is to be said of what a public listing would say no more: what it is, and how to get in touch. Times and prices
/// may come to be unknown.
pub(super) fn lost(before: &Document, after: &Document) -> Vec<Fault> {
    let lacked = lacking(before, []);
    let kept = |essential: Essential| match essential {
        Essential::About => Some("a public listing says what it is; change the words, or take the listing out"),
        Essential::Contact => Some(
            "a public listing says how to get in touch; keep a phone number, an email or a web address, or take the listing out",
        ),
        Essential::Times | Essential::Cost => None,
    };
    let lost = lacking(after, []).into_iter().filter(|one| !lacked.contains(one));
    lost.filter_map(|one| Some(Fault { field: one.field().to_owned(), problem: kept(one)?.to_owned() })).collect()
}

/// What a listing does not say yet, of what it has to; it is at these places.
pub fn lacking<'a>(document: &Document, places: impl IntoIterator<Item = &'a Location>) -> Vec<Essential> {
    [
        (is_described(document), Essential::About),
        (has_times(document, places), Essential::Times),
        (is_priced(document), Essential::Cost),
        (is_reachable(document), Essential::Contact),
    ]
    .into_iter()
    .filter_map(|(said, essential)| (!said).then_some(essential))
    .collect()
}

impl Editing {
    /// That listings that are to be seen for the first time, or again, say what they have to. An organisation that is
    /// let out with one of its listings may be brief.
    pub(super) async fn require_essentials(&self, unseen: &[&Document], sent: &[Write]) -> Result<(), Error> {
        let of = |kinds: &[Kind]| unseen.iter().copied().filter(|one| kinds.contains(&one.kind())).collect::<Vec<_>>();
        let listings = of(&[Kind::Service, Kind::Event]);
        let asked = if listings.is_empty() { of(&[Kind::Organization]) } else { listings };
        for document in asked {
            let places = self.places_of(document, sent).await?;
            let fault = |one: Essential| Fault { field: one.field().to_owned(), problem: one.problem().to_owned() };
            let faults: Vec<Fault> = lacking(document, &places).into_iter().map(fault).collect();
            if !faults.is_empty() {
                return Err(Error::Unfit(faults));
            }
        }
        Ok(())
    }

    /// The places of a listing, as they would be.
    async fn places_of(&self, document: &Document, sent: &[Write]) -> Result<Vec<Location>, Error> {
        let mut places = Vec::new();
        for place in document.references().into_iter().filter(|one| one.policy.is_some()) {
            let found = match sent.iter().map(|write| &write.document).find(|sent| sent.id() == place.to) {
                Some(sent) => Some(sent.clone()),
                None => self.records.find(place.to).await?.map(|stored| stored.read()).transpose()?,
            };
            if let Some(Document::Location(place)) = found {
                places.push(*place);
            }
        }
        Ok(places)
    }
}

fn is_described(document: &Document) -> bool {
    match document {
        Document::Service(one) => one.description.is_some(),
        Document::Event(one) => one.description.is_some(),
        Document::Organization(one) => !one.description.is_empty(),
        _ => true,
    }
}

fn has_times<'a>(document: &Document, places: impl IntoIterator<Item = &'a Location>) -> bool {
    match document {
        Document::Service(one) => {
            !one.schedules.is_empty()
                || one.service_at_locations.iter().any(|link| !link.schedules.is_empty())
                || places.into_iter().any(|place| !place.schedules.is_empty())
        }
        _ => true,
    }
}

fn is_priced(document: &Document) -> bool {
    match document {
        Document::Service(one) => one.fees.is_some() || one.fees_description.is_some() || !one.cost_options.is_empty(),
        Document::Event(one) => !one.cost_options.is_empty(),
        _ => true,
    }
}

fn is_reachable(document: &Document) -> bool {
    match document {
        Document::Service(one) => !one.phones.is_empty() || one.email.is_some() || one.url.is_some(),
        Document::Event(one) => {
            !one.phones.is_empty()
                || one.contacts.iter().any(Contact::is_public)
                || [&one.booking_url, &one.url, &one.online_url].into_iter().any(Option::is_some)
        }
        Document::Organization(one) => !one.phones.is_empty() || one.email.is_some() || one.website.is_some(),
        _ => true,
    }
}
