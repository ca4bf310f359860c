//! An organisation as those who keep it see it: its listings, its members, its tokens.

use axum::{extract::State, response::Response};
use http::{HeaderMap, header};
use maud::{Markup, html};
use uuid::Uuid;

use super::{
    home::{listing_list, listings},
    tokens,
};
use crate::{
    editing::{Error, Sight},
    http::{
        Parameters, Problem,
        visitor::{self, NEW_TOKEN, Presented},
    },
    identity::{self, Action, Deed, Email, Identity, Invitation, Member, MemberRole, PersonId, Secret, letters},
    mail,
    pages::{
        desk::{Desk, Fields, Path, Posted, Signed, go_to},
        fields::{Field, Mistakes},
        layout::{Page, Step},
        moderation::comes_back,
        words::{date, london_day},
    },
};

/// Invitations that somebody may send within an hour.
const INVITATIONS: i32 = 20;

/// The parameter of an address that says what was just done to the listings of an organisation.
const TOLD: &str = "told";

/// What was just done to them.
#[derive(Clone, Copy, Debug)]
pub(in crate::pages) enum Told {
    Closed,
    Opened,
    TakenOut,
}

impl Told {
    const ALL: [(Self, &str, &str); 3] = [
        (Self::Closed, "closed", "Saved. Everyone will see within a minute that they are closed."),
        (Self::Opened, "opened", "Saved. Everyone will see within a minute that they are open."),
        (Self::TakenOut, "taken-out", "It is taken out, and nobody will find it here from now on."),
    ];

    /// The page of an organisation, saying so.
    pub(in crate::pages) fn path(self, organisation: Uuid) -> String {
        format!("/account/organisations/{organisation}?{TOLD}={}", Self::ALL[self as usize].1)
    }

    fn words(word: &str) -> Option<&'static str> {
        Self::ALL.iter().find(|(_, known, _)| *known == word).map(|(_, _, words)| *words)
    }
}

/// GET `/account/organisations/{id}`.
pub(super) async fn show(
    State(desk): State<Desk>,
    Path(id): Path<Uuid>,
    signed: Signed,
    parameters: Parameters,
    headers: HeaderMap,
) -> Response {
    let told = parameters.text(TOLD).ok().flatten().and_then(Told::words);
    let secret = Presented::read(&headers).new_token;
    let none = (&Fields::default(), &Mistakes::default());
    let page = page(&desk, &signed, id, none, secret.as_ref()).await.map_err(Problem::from);
    let page = page.map(|page| match told {
        Some(words) => {
            let body = html! { div class="banner ok" role="status" tabindex="-1" autofocus { p { (words) } } (page.body) };
            Page { body, ..page }
        }
        None => page,
    });
    let mut response = desk.answer(&headers, &signed, page);
    if secret.is_some() {
        // Shown once: whoever loads the page again does not read it.
        response.headers_mut().append(header::SET_COOKIE, visitor::forget(NEW_TOKEN));
    }
    response
}

/// `secret` is a token that was just made: it is shown this once.
pub(super) async fn page(
    desk: &Desk,
    signed: &Signed,
    id: Uuid,
    (fields, mistakes): (&Fields, &Mistakes),
    secret: Option<&Secret>,
) -> Result<Page, Error> {
    let sight = desk.editing.look(&signed.actor, id).await?;
    let name = sight.document.name().to_owned();
    let members = desk.identity().members(id).await?;
    let invitations = desk.identity().invitations_of(id).await?;
    let kept = members.iter().map(|member| member.person.email.as_str());
    let addresses: Vec<&str> = kept.chain(invitations.iter().map(|invitation| invitation.email.as_str())).collect();
    let unreached = mail::unreached(desk.editing.records().database(), &addresses).await?;
    let made = desk.identity().tokens(Some(id)).await?;
    let listings = listings(desk, id).await?;
    let manages = sight.lets(&signed.actor, Action::ManageMembers);
    let makes_tokens = sight.lets(&signed.actor, Action::ManageTokens);
    let body = html! {
        (mistakes.summary())
        h1 { (name) }
        @if sight.protected { p class="danger" { "This is a protected listing: changes to contacts, addresses and links wait until a moderator has called back." } }
        p { a href=(format!("/account/listings/{id}")) { "Change the details of the organisation" } " · " a href=(format!("/directory/organisations/{id}")) { "See it as the public sees it" } " · " a href=(format!("/account/listings/{id}/share")) { "Calendar address, and how many times it was viewed" } }
        h2 { "Services and events" }
        (listing_list(&listings))
        p { a class="button" href=(format!("/account/organisations/{id}/services/new")) { "Add a service" } " " a class="button" href=(format!("/account/organisations/{id}/events/new")) { "Add an event or workshop" } }
        h2 { "Who manages it" }
        (member_list(signed, &sight, (&members, &unreached), &invitations, manages))
        @if manages && needs_an_officer(signed, &sight) { p class="hint" { (ASK_THE_COUNCIL) } }
        @else if manages { (invite(signed, id, fields, mistakes)) }
        @if makes_tokens { (tokens::list(signed, &sight, &made, secret, (fields, mistakes))) }
    };
    Ok(Page { trail: vec![Step::to("/account", "Your listings")], ..Page::new(mistakes.title(&name), body) })
}

fn member_list(
    signed: &Signed,
    sight: &Sight,
    (members, unreached): (&[Member], &[mail::Status]),
    invitations: &[Invitation],
    manages: bool,
) -> Markup {
    let action = format!("/account/organisations/{}/members", sight.stored.id);
    let leads = members.iter().filter(|member| member.membership.role == MemberRole::Lead).count();
    html! {
        @if members.is_empty() { p { "Nobody yet." } }
        ul class="listings" {
            @for member in members {
                @let own = member.person.id == signed.person.id;
                li {
                    p { strong { (member.person.shown()) } @if own { " (you)" } ", " (member.membership.role.as_str()) " since " (date(london_day(member.membership.since))) }
                    @if manages || own { (comes_back(unreached, member.person.email.as_str())) }
                    @if manages || own {
                        form method="post" action=(action) {
                            (signed.proof())
                            input type="hidden" name="person" value=(member.person.id);
                            @if manages && member.membership.role == MemberRole::Editor { button class="link" name="do" value="lead" { "Make lead" span class="unseen" { ": " (member.person.shown()) } } " " }
                            @if manages && member.membership.role == MemberRole::Lead && leads > 1 { button class="link" name="do" value="editor" { "Make editor" span class="unseen" { ": " (member.person.shown()) } } " " }
                            @if own { button class="link" name="do" value="leave" { "Leave" } }
                            @else { button class="link" name="do" value="remove" { "Remove" span class="unseen" { ": " (member.person.shown()) } } }
                        }
                    }
                }
            }
            @for invitation in invitations {
                li {
                    p { (invitation.email) ", invited as " (invitation.role.as_str()) " until " (date(london_day(invitation.expires_at))) }
                    @if manages {
                        (comes_back(unreached, invitation.email.as_str()))
                        form method="post" action=(action) {
                            (signed.proof())
                            input type="hidden" name="invitation" value=(invitation.id);
                            button class="link" name="do" value="withdraw" { "Withdraw the invitation" span class="unseen" { ": " (invitation.email) } }
                        }
                    }
                }
            }
        }
    }
}

fn invite(signed: &Signed, id: Uuid, fields: &Fields, mistakes: &Mistakes) -> Markup {
    let role = fields.some("role").unwrap_or("editor");
    html! {
        form method="post" action=(format!("/account/organisations/{id}/members")) novalidate {
            (signed.proof())
            (Field::new("email", "Email address of the person to invite", fields.text("email")).hint("It helps if more than one person can update a listing.").line(mistakes, "email", "off"))
            (Field::new("role", "As", role).one_of(mistakes, &[("editor", "editor: updates listings"), ("lead", "lead: also decides who else can")]))
            button class="button" name="do" value="invite" { "Invite" }
        }
    }
}

/// What those who keep a protected organisation read where others add people and programs.
pub(super) const ASK_THE_COUNCIL: &str =
    "This organisation is protected. To let someone else manage it, or to create a token for a program, ask the council.";

/// Whether only an officer lets further people and programs in: a thief of a lead's mail must not let theirs in.
pub(super) fn needs_an_officer(signed: &Signed, sight: &Sight) -> bool {
    sight.protected && !sight.lets(&signed.actor, Action::EditAtOnce)
}

/// POST `/account/organisations/{id}/members`.
pub(super) async fn change_members(State(desk): State<Desk>, Path(id): Path<Uuid>, posted: Posted) -> Response {
    if posted.fields.text("do") == "leave" && !posted.fields.has("sure") {
        let page = leaving(&desk, &posted.signed, id).await.map_err(Problem::from);
        return desk.answer(&posted.headers, &posted.signed, page);
    }
    // Two taps: they have left by the first.
    if posted.fields.text("do") == "leave" && !posted.signed.actor.organisations().contains(&id) {
        return go_to("/account");
    }
    match members(&desk, id, &posted).await {
        Ok(None) => go_to(&after(&posted, id)),
        Ok(Some(mistakes)) => {
            let page = page(&desk, &posted.signed, id, (&posted.fields, &mistakes), None).await.map_err(Problem::from);
            desk.answer(&posted.headers, &posted.signed, page)
        }
        Err(error) => desk.answer(&posted.headers, &posted.signed, Err(error.into())),
    }
}

/// What leaving means, before it is done.
async fn leaving(desk: &Desk, signed: &Signed, id: Uuid) -> Result<Page, Error> {
    let sight = desk.editing.look(&signed.actor, id).await?;
    let (members, invitations) = (desk.identity().members(id).await?, desk.identity().invitations_of(id).await?);
    let alone = members.iter().all(|member| member.person.id == signed.person.id);
    let title = format!("Leave {}?", sight.document.name());
    let trail = vec![Step::to("/account", "Your listings")];
    let mut leads = members.iter().filter(|member| member.membership.role == MemberRole::Lead);
    let is_only_lead = leads.next().is_some_and(|lead| lead.person.id == signed.person.id) && leads.next().is_none();
    if is_only_lead && !alone {
        let body = html! {
            h1 { (title) }
            p { "You are the only lead, and others still manage it with you. Make one of them a lead first; then you can leave." }
            p { a class="button" href=(format!("/account/organisations/{id}")) { "Go back and choose a lead" } }
        };
        return Ok(Page { trail, ..Page::new(title, body) });
    }
    let body = html! {
        h1 { (title) }
        p { "You will no longer be able to change its listings. Tokens you created for it will stop working." }
        @if alone {
            p class="danger" { "Nobody else manages it. Its listings will stay public, but nobody will keep them up to date or answer when something is reported." }
            @if invitations.is_empty() { p { "To hand over, go back and invite someone as a lead first." } }
        }
        @if !invitations.is_empty() {
            p { "These people are invited. Their invitations stay valid" @if alone && sight.protected { ", and the council decides who leads" } @else if alone { ", and the first to accept becomes lead" } ":" }
            ul { @for invitation in &invitations { li { (invitation.email) ", until " (date(london_day(invitation.expires_at))) } } }
        }
        form method="post" action=(format!("/account/organisations/{id}/members")) {
            (signed.proof())
            input type="hidden" name="person" value=(signed.person.id);
            input type="hidden" name="sure" value="yes";
            p { button class="button warn" name="do" value="leave" { "Leave" } " " a href=(format!("/account/organisations/{id}")) { "Stay" } }
        }
    };
    Ok(Page { trail, ..Page::new(title, body) })
}

fn after(posted: &Posted, id: Uuid) -> String {
    if posted.fields.text("do") == "leave" { "/account".to_owned() } else { format!("/account/organisations/{id}") }
}

/// Whom a form invites, or what is wrong with it.
fn invited(fields: &Fields, members: &[Member]) -> Result<Email, Mistakes> {
    let wrong = |said: String| {
        let mut mistakes = Mistakes::default();
        mistakes.add("email", said);
        mistakes
    };
    let email = fields.text("email").parse::<Email>().map_err(|error| wrong(error.to_string()))?;
    if members.iter().any(|member| member.person.email == email) {
        return Err(wrong(format!("{email} already manages this organisation")));
    }
    Ok(email)
}

async fn members(desk: &Desk, id: Uuid, posted: &Posted) -> Result<Option<Mistakes>, Error> {
    let (signed, fields) = (&posted.signed, &posted.fields);
    let sight = desk.editing.look(&signed.actor, id).await?;
    let manages = sight.lets(&signed.actor, Action::ManageMembers);
    let person = fields.text("person").parse().ok().map(PersonId);
    let what = fields.text("do");
    let leaves = what == "leave" && person == Some(signed.person.id);
    if !manages && !leaves {
        return Err(Error::Forbidden("only a lead can decide who manages an organisation"));
    }
    if matches!(what, "invite" | "lead") && needs_an_officer(signed, &sight) {
        return Err(Error::Forbidden(ASK_THE_COUNCIL));
    }
    let identity = desk.identity();
    let who = Identity::known_as(signed.person.id);
    let before = identity.members(id).await?;
    let concerned = before.iter().map(|member| &member.person).find(|known| Some(known.id) == person);
    let name = concerned.map_or_else(String::new, |person| person.shown().to_owned());
    let by = signed.person.shown();
    let mut news = None;
    let tx = identity.write().await?;
    // Of two taps that come at once the second sees what the first has done, also where nobody manages it yet.
    desk.editing.records().hold(&tx, &[id]).await?;
    let detail = match (what, person) {
        ("leave", Some(person)) if leaves => {
            identity.leave(&tx, id, person).await?;
            news = Some(format!("{by} has left and can no longer change the listings"));
            "leave".to_owned()
        }
        // Nobody who is none of theirs loses anything by a form of theirs; of two taps the first has done it.
        ("remove", Some(_)) if concerned.is_none() => return Ok(None),
        ("remove", Some(person)) => {
            identity.revoke(&tx, id, person).await?;
            news = Some(format!("{by} has removed {name}, who can no longer change the listings"));
            format!("remove {}", Identity::known_as(person))
        }
        ("lead" | "editor", Some(person)) => {
            let role = if what == "lead" { MemberRole::Lead } else { MemberRole::Editor };
            // Two taps: the first has done it, and everybody has been told.
            if identity.members(id).await?.iter().any(|one| one.person.id == person && one.membership.role == role) {
                return Ok(None);
            }
            match identity.change_role(&tx, id, person, role).await {
                Err(identity::Error::NotFound { .. }) => {
                    return Err(Error::Forbidden("they do not manage this organisation, or have left; open the page again"));
                }
                done => done?,
            }
            news = Some(match role {
                MemberRole::Lead => format!("{by} has made {name} a lead, who also decides who else can change the listings"),
                MemberRole::Editor => {
                    format!("{by} has made {name} an editor, who no longer decides who else can change the listings")
                }
            });
            format!("make {} {what}", Identity::known_as(person))
        }
        ("invite", _) => {
            let email = match invited(fields, &before) {
                Ok(email) => email,
                Err(mistakes) => return Ok(Some(mistakes)),
            };
            let role = fields.text("role").parse().unwrap_or(MemberRole::Editor);
            if identity.has_just_invited(&tx, id, &email, role, &who).await? {
                return Ok(None);
            }
            if !identity.within(&tx, "invitations by a person", INVITATIONS, &who).await? {
                tx.commit().await?;
                return Err(Error::Forbidden("you have invited too many people within an hour; try again later"));
            }
            let invitation = identity.invite(&tx, id, &email, role, &who).await?;
            let about = desk.editing.about();
            let letter = letters::invitation(&invitation, sight.document.name(), &about.public_url, &about.name);
            mail::queue(&tx, &letter, desk.site.now()).await?;
            news = Some(format!("{by} has invited {email} as {} to change the listings", role.as_str()));
            format!("invite as {}", role.as_str())
        }
        ("withdraw", _) => {
            let invitation = fields.text("invitation").parse().map_err(|_| Error::Forbidden("this invitation does not exist"))?;
            identity.withdraw_invitation(&tx, id, invitation).await?;
            "withdraw an invitation".to_owned()
        }
        _ => return Err(Error::Forbidden("this form is incomplete; go back and try again")),
    };
    identity.note(&tx, &who, Deed::Members, &id.to_string(), &detail, signed.actor.client()).await?;
    if let Some(news) = news {
        desk.editing.tell_of_rights(&tx, Some(signed.person.id), id, (&before, concerned), &news).await?;
    }
    tx.commit().await?;
    Ok(None)
}
