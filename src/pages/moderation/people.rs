//! Who has a role for the whole directory.

use axum::{extract::State, response::Response};
use http::HeaderMap;
use maud::{Markup, html};
use uuid::Uuid;

use crate::{
    editing::Error,
    http::Problem,
    identity::{Action, Deed, Email, Identity, PersonId, PlatformRole, letters},
    mail,
    pages::{
        desk::{Desk, Fields, Path, Posted, Signed, go_to},
        fields::{Field, Mistakes},
        layout::{Page, Step},
        words::{count, moment},
    },
};

const ROLES: [(&str, &str); 5] = [
    ("reader", "reader: sees what is waiting and what happened"),
    ("collector", "collector: confirms listings by phone"),
    ("moderator", "moderator: decides, hides, edits everything"),
    ("administrator", "administrator: also gives and removes roles"),
    ("none", "no role"),
];

/// GET `/moderation/people`.
pub(super) async fn show(State(desk): State<Desk>, signed: Signed, headers: HeaderMap) -> Response {
    let page = page(&desk, &signed, &Fields::default(), &Mistakes::default()).await.map_err(Problem::from);
    desk.answer(&headers, &signed, page)
}

async fn page(desk: &Desk, signed: &Signed, fields: &Fields, mistakes: &Mistakes) -> Result<Page, Error> {
    if !signed.may(Action::ManagePeople) {
        return Err(Error::Forbidden("only an administrator gives roles"));
    }
    let mut officers = Vec::new();
    for person in desk.identity().officers().await? {
        let passkeys = desk.identity().passkeys(person.id).await?.len();
        officers.push((person, passkeys));
    }
    let addresses: Vec<&str> = officers.iter().map(|(person, _)| person.email.as_str()).collect();
    let unreached = mail::unreached(desk.editing.records().database(), &addresses).await?;
    let body = html! {
        (mistakes.summary())
        h1 { "People and roles" }
        ul class="listings" {
            @for (person, passkeys) in &officers {
                li {
                    p { strong { (person.shown()) } ", " (person.email) }
                    p { (person.role.map_or("no role", PlatformRole::as_str)) @if let Some(seen) = person.seen_at { ", last signed in " (moment(seen)) } @else { ", has not signed in yet" } }
                    (comes_back(&unreached, person.email.as_str()))
                    @if *passkeys > 0 {
                        form method="post" action=(format!("/moderation/people/{}/passkeys", person.id)) {
                            (signed.proof())
                            p { (count(*passkeys, "passkey", "passkeys")) @if person.id != signed.person.id { ". " button class="link" { "They have lost their passkeys: reset them" span class="unseen" { " for " (person.shown()) } } } }
                        }
                    }
                }
            }
        }
        h2 { "Give or remove a role" }
        form method="post" action="/moderation/people" novalidate {
            (signed.proof())
            (Field::new("email", "Email address", fields.text("email")).line(mistakes, "email", "off"))
            (Field::new("role", "Role", fields.text("role")).one_of(mistakes, &ROLES))
            button class="button" { "Save" }
        }
        p class="hint" { "Their sessions end, so that no right outlives its role." }
    };
    Ok(Page { trail: vec![Step::to("/moderation", "Waiting")], ..Page::new(mistakes.title("People and roles"), body) })
}

/// Word that letters to an address do not arrive.
pub(in crate::pages) fn comes_back(unreached: &[mail::Status], email: &str) -> Markup {
    let letter = unreached.iter().find(|letter| letter.to.eq_ignore_ascii_case(email));
    html! {
        @if let Some(letter) = letter {
            ul class="tags" { li class="warn" { @if letter.state == mail::State::GivenUp { "The last email did not arrive" } @else { "Emails cannot be delivered" } } }
            p class="hint" { "The last one, of " (moment(letter.settled_at.unwrap_or(letter.queued_at))) ": " (letter.problem.as_deref().unwrap_or("no reason given")) }
        }
    }
}

/// POST `/moderation/people`.
pub(super) async fn change(State(desk): State<Desk>, posted: Posted) -> Response {
    let signed = &posted.signed;
    match give(&desk, &posted).await {
        Ok(None) => go_to("/moderation/people"),
        Ok(Some(mistakes)) => {
            let page = page(&desk, signed, &posted.fields, &mistakes).await.map_err(Problem::from);
            desk.answer(&posted.headers, signed, page)
        }
        Err(error) => desk.answer(&posted.headers, signed, Err(error.into())),
    }
}

/// POST `/moderation/people/{id}/passkeys`: forget the passkeys of somebody who has lost them.
pub(super) async fn reset_passkeys(State(desk): State<Desk>, Path(id): Path<Uuid>, posted: Posted) -> Response {
    match reset(&desk, &posted.signed, PersonId(id)).await {
        Ok(()) => go_to("/moderation/people"),
        Err(error) => desk.answer(&posted.headers, &posted.signed, Err(error.into())),
    }
}

async fn reset(desk: &Desk, signed: &Signed, id: PersonId) -> Result<(), Error> {
    // Who has stolen an administrator's session must not get rid of the key that they do not have.
    if !signed.may(Action::ManagePeople) || id == signed.person.id {
        return Err(Error::Forbidden("another administrator has to reset passkeys"));
    }
    let identity = desk.identity();
    let person = identity.person(id).await?.ok_or(Error::NotFound(id.0))?;
    let tx = identity.write().await?;
    identity.reset_passkeys(&tx, id).await?;
    let (by, who) = (Identity::known_as(signed.person.id), Identity::known_as(id));
    identity.note(&tx, &by, Deed::ResetPasskeys, &who, "", signed.actor.client()).await?;
    let about = desk.editing.about();
    let letter = letters::passkey(&person.email, "were reset", &about.public_url, &about.name);
    mail::queue(&tx, &letter, desk.site.now()).await?;
    Ok(tx.commit().await?)
}

async fn give(desk: &Desk, posted: &Posted) -> Result<Option<Mistakes>, Error> {
    let (signed, fields) = (&posted.signed, &posted.fields);
    if !signed.may(Action::ManagePeople) {
        return Err(Error::Forbidden("only an administrator gives roles"));
    }
    let mut mistakes = Mistakes::default();
    let email = fields.text("email").parse::<Email>().map_err(|error| mistakes.add("email", error.to_string())).ok();
    let role = match fields.text("role") {
        "none" => Some(None),
        role => role.parse::<PlatformRole>().ok().map(Some),
    };
    if role.is_none() {
        mistakes.add("role", "Choose a role");
    }
    if email.as_ref() == Some(&signed.person.email) {
        mistakes.add("email", "Someone else must change your own role");
    }
    let (Some(email), Some(role), true) = (email, role, mistakes.none()) else { return Ok(Some(mistakes)) };
    let identity = desk.identity();
    let before = identity.person_at(&email).await?.and_then(|person| person.role);
    let tx = identity.write().await?;
    let person = identity.give_role(&tx, &email, role).await?;
    if before != role {
        let about = desk.editing.about();
        let letter = letters::role_given(&person.email, role, signed.person.shown(), &about.public_url, &about.name);
        mail::queue(&tx, &letter, desk.site.now()).await?;
    }
    let said = role.map_or("no role", PlatformRole::as_str);
    identity
        .note(
            &tx,
            &Identity::known_as(signed.person.id),
            Deed::GiveRole,
            &Identity::known_as(person.id),
            said,
            signed.actor.client(),
        )
        .await?;
    tx.commit().await?;
    Ok(None)
}
