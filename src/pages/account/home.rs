//! What somebody has here: their organisations and listings, and how their changes stand.

use std::collections::HashSet;

use axum::{extract::State, response::Response};
use http::{HeaderMap, StatusCode};
use maud::{Markup, html};
use uuid::Uuid;

use super::terms;
use crate::{
    editing::Error,
    http::Problem,
    identity::{Action, Claim, ClaimState, Deed, Identity, Invitation, Membership},
    model::Kind,
    pages::{
        desk::{Desk, Path, Posted, Signed, go_to},
        fields::Mistakes,
        layout::Page,
        words::{date, london_day},
    },
    records::{Decision, Proposal, State as Seen, Stored},
};

/// What is said of what somebody else has said the last word about.
const ASKED: &str = "A moderator has asked you something.";
/// Changes that are shown.
const CHANGES: u64 = 30;

/// An organisation that somebody keeps, with its listings.
struct Kept {
    membership: Membership,
    name: String,
    listings: Vec<Listing>,
}

/// A listing in a list.
pub(super) struct Listing {
    pub(super) id: Uuid,
    pub(super) name: String,
    pub(super) state: &'static str,
    pub(super) good: bool,
}

/// GET `/account`.
pub(super) async fn show(State(desk): State<Desk>, signed: Signed, headers: HeaderMap) -> Response {
    let page = page(&desk, &signed, &Mistakes::default()).await.map_err(Problem::from);
    desk.answer(&headers, &signed, page)
}

async fn page(desk: &Desk, signed: &Signed, mistakes: &Mistakes) -> Result<Page, Error> {
    let mut kept = Vec::new();
    for membership in signed.actor.memberships() {
        if let Some(organisation) = desk.editing.records().find(membership.organisation).await? {
            let name = organisation.read()?.name().to_owned();
            let listings = listings(desk, membership.organisation).await?;
            kept.push(Kept { membership: membership.clone(), name, listings });
        }
    }
    let invitations = desk.identity().invitations_for(&signed.person.email).await?;
    let mut invited = Vec::new();
    for invitation in invitations {
        invited.push((name_of(desk, invitation.organisation).await?, invitation));
    }
    let mut claims = Vec::new();
    for claim in desk.identity().claims_of(signed.person.id).await? {
        if claim.state != ClaimState::Accepted && claim.state != ClaimState::Withdrawn {
            let thread = desk.editing.records().thread(claim.id).await?;
            let asked = thread.last().is_some_and(|last| last.by != signed.actor.known_as());
            claims.push((name_of(desk, claim.organisation).await?, asked, claim));
        }
    }
    let changes = desk.editing.records().proposed_by(&signed.actor.known_as(), CHANGES).await?;
    let mut asked = HashSet::new();
    for change in changes.iter().filter(|change| change.decision == Decision::Waiting) {
        let thread = desk.editing.records().thread(change.id).await?;
        asked.extend(thread.last().filter(|last| last.by != change.by).map(|_| change.id));
    }
    let body = html! {
        (mistakes.summary())
        h1 { "Your listings" }
        @if kept.is_empty() && invited.is_empty() {
            p { "You do not manage an organisation yet. Find yours first: it may already be listed." }
            p { "If somebody has invited you, sign in with the email address that the invitation was sent to. You are signed in as " strong { (signed.person.email) } "." }
        }
        @if signed.may(Action::SeeQueue) { p { a href="/moderation/find" { "Find any listing to edit or hide (officers)" } } }
        (invitations_to(signed, &invited, mistakes))
        @for one in &kept { (organisation(one)) }
        p { a class="button" href="/account/find" { "Find or add your organisation" } }
        (claims_of(&claims))
        (changes_of(&changes, &asked)?)
    };
    Ok(Page::new(mistakes.title("Your listings"), body))
}

pub(super) async fn name_of(desk: &Desk, organisation: Uuid) -> Result<String, Error> {
    let stored = desk.editing.records().find(organisation).await?;
    Ok(stored
        .map(|stored| stored.read())
        .transpose()?
        .map_or_else(|| "an organisation that no longer exists".to_owned(), |document| document.name().to_owned()))
}

/// The services and events of an organisation, by name.
pub(super) async fn listings(desk: &Desk, organisation: Uuid) -> Result<Vec<Listing>, Error> {
    let mut listings = Vec::new();
    for stored in desk.editing.records().referring_to(organisation).await? {
        if matches!(stored.kind, Kind::Service | Kind::Event) && stored.state != Seen::Gone {
            let document = stored.read()?;
            let (state, good) = state_of(&stored, &document);
            listings.push(Listing { id: stored.id, name: document.name().to_owned(), state, good });
        }
    }
    listings.sort_by_cached_key(|listing| crate::model::text::fold(&listing.name));
    Ok(listings)
}

/// How the world sees a listing.
pub(in crate::pages) fn state_of(stored: &Stored, document: &crate::model::Document) -> (&'static str, bool) {
    use crate::model::{Document, ServiceStatus, event::EventStatus};
    match (stored.state, document) {
        (Seen::Unpublished, _) => ("Not public", false),
        (Seen::Gone, _) => ("Withdrawn", false),
        (Seen::Published, Document::Service(service)) => match service.status {
            ServiceStatus::Active => ("Public", true),
            ServiceStatus::TemporarilyClosed => ("Closed for now", false),
            ServiceStatus::Inactive | ServiceStatus::Defunct => ("Closed", false),
        },
        (Seen::Published, Document::Event(event)) if event.status == EventStatus::Cancelled => ("Cancelled", false),
        (Seen::Published, Document::Event(event)) if event.status == EventStatus::Postponed => ("Postponed", false),
        (Seen::Published, _) => ("Public", true),
    }
}

fn organisation(one: &Kept) -> Markup {
    let id = one.membership.organisation;
    html! {
        section {
            h2 { a href=(format!("/account/organisations/{id}")) { (one.name) } }
            (listing_list(&one.listings))
            p { a href=(format!("/account/organisations/{id}/services/new")) { "Add a service" } " · " a href=(format!("/account/organisations/{id}/events/new")) { "Add an event or workshop" } }
        }
    }
}

/// Listings with how they stand, each leading to its page.
pub(super) fn listing_list(listings: &[Listing]) -> Markup {
    html! {
        @if listings.is_empty() { p { "Nothing is listed yet." } }
        ul class="listings" {
            @for listing in listings {
                li {
                    h3 { a href=(format!("/account/listings/{}", listing.id)) { (listing.name) } }
                    ul class="tags" { li class=(if listing.good { "good" } else { "doubt" }) { (listing.state) } }
                }
            }
        }
    }
}

fn invitations_to(signed: &Signed, invited: &[(String, Invitation)], mistakes: &Mistakes) -> Markup {
    let Some((_, first)) = invited.first() else { return html! {} };
    let accept = |invitation: &Invitation| format!("/account/invitations/{}", invitation.id);
    html! {
        form method="post" action=(accept(first)) novalidate {
            (signed.proof())
            @for (name, invitation) in invited {
                section class="banner" {
                    h2 { "You are invited to help " (name) }
                    // What they agree to is said once, with the first.
                    @if invitation.id == first.id { (terms(signed, mistakes)) }
                    p { button class="button" formaction=(accept(invitation)) { "Accept" span class="unseen" { ": " (name) } } }
                }
            }
        }
    }
}

/// Somebody's claims; those that they were asked about are said to be.
fn claims_of(claims: &[(String, bool, Claim)]) -> Markup {
    html! {
        @if !claims.is_empty() {
            h2 { "Organisations you asked to manage" }
            ul {
                @for (name, asked, claim) in claims {
                    li {
                        a href=(format!("/account/claims/{}", claim.id)) { (name) } ": "
                        @if claim.state == ClaimState::Waiting { "waiting for a decision" } @else { "refused" }
                        @if *asked && claim.state == ClaimState::Waiting { ". " strong { (ASKED) } }
                    }
                }
            }
        }
    }
}

/// Somebody's changes. Of those that were `asked` about, the answer is theirs to give.
fn changes_of(changes: &[Proposal], asked: &HashSet<Uuid>) -> Result<Markup, Error> {
    let mut rows = Vec::new();
    for change in changes {
        rows.push((change, change.read()?.name().to_owned()));
    }
    Ok(html! {
        @if !rows.is_empty() {
            h2 { "Your changes" }
            ul class="plain" {
                @for (change, name) in rows {
                    li {
                        a href=(format!("/account/changes/{}", change.id)) { (name) } ", "
                        (date(london_day(change.at))) ": " (stands(change))
                        @if asked.contains(&change.id) { ". " strong { (ASKED) } }
                    }
                }
            }
        }
    })
}

/// How a change stands, in words.
pub(super) fn stands(change: &Proposal) -> &'static str {
    match change.decision {
        Decision::Waiting => "waiting for a moderator",
        Decision::Accepted if change.parts.iter().any(|part| !part.accepted) => "partly published",
        Decision::Accepted => "published",
        Decision::Rejected => "not accepted",
        Decision::Withdrawn => "withdrawn",
    }
}

/// What somebody has, where an invitation is not theirs to take, or not any more: of two taps the first has taken it.
async fn no_such_invitation(desk: &Desk, signed: &Signed) -> Result<Page, Error> {
    let page = page(desk, signed, &Mistakes::default()).await?;
    let body = html! {
        div class="banner" role="status" tabindex="-1" autofocus {
            p { "This invitation has been used already, was withdrawn, has expired, or is for another email address. This is what you manage." }
        }
        (page.body)
    };
    Ok(Page { body, status: StatusCode::GONE, ..page })
}

/// POST `/account/invitations/{id}`.
pub(super) async fn accept(State(desk): State<Desk>, Path(id): Path<Uuid>, posted: Posted) -> Response {
    let signed = &posted.signed;
    let done = async {
        let identity = desk.identity();
        let invited = identity.invitations_for(&signed.person.email).await?.into_iter().find(|one| one.id == id);
        let Some(invitation) = invited else { return no_such_invitation(&desk, signed).await.map(Err) };
        let mut mistakes = Mistakes::default();
        super::agree(&desk, &posted, &mut mistakes).await?;
        if !mistakes.none() {
            return page(&desk, signed, &mistakes).await.map(Err);
        }
        // Only an officer makes somebody the lead of a protected organisation.
        let may_follow = !desk.editing.protects(invitation.organisation).await?;
        let before = identity.members(invitation.organisation).await?;
        let tx = identity.write().await?;
        // In the order in which those who invite hold them.
        desk.editing.records().hold(&tx, &[invitation.organisation]).await?;
        let membership = identity.accept_invitation(&tx, &signed.person, id, may_follow).await?;
        let (who, organisation) = (Identity::known_as(signed.person.id), membership.organisation.to_string());
        identity.note(&tx, &who, Deed::AcceptInvitation, &organisation, membership.role.as_str(), signed.actor.client()).await?;
        let (name, role) = (signed.person.shown(), membership.role.as_str());
        let news = format!("{name} has accepted an invitation and, as {role}, can now change the listings");
        desk.editing.tell_of_rights(&tx, Some(signed.person.id), membership.organisation, (&before, None), &news).await?;
        tx.commit().await?;
        Ok::<_, Error>(Ok(membership.organisation))
    };
    match done.await {
        Ok(Err(page)) => desk.answer(&posted.headers, signed, Ok(page)),
        Ok(Ok(organisation)) => go_to(&format!("/account/organisations/{organisation}")),
        Err(error) => desk.answer(&posted.headers, signed, Err(error.into())),
    }
}
