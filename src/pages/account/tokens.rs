//! Tokens of an organisation, for its own programs.

use axum::{extract::State, response::Response};
use chrono::Duration;
use http::header;
use maud::{Markup, html};
use uuid::Uuid;

use super::organisation::{ASK_THE_COUNCIL, needs_an_officer, page};
use crate::{
    editing::{Error, Sight},
    http::{
        Problem,
        visitor::{self, NEW_TOKEN},
    },
    identity::{Action, ApiToken, Deed, Identity, NewToken, Scope, Secret},
    model::text::shorten,
    pages::{
        desk::{Desk, Fields, Path, Posted, Signed, go_to},
        fields::{Field, Mistakes},
        words::{date, london_day},
    },
};

/// The tokens of an organisation, and a form for another one.
pub(super) fn list(
    signed: &Signed,
    sight: &Sight,
    tokens: &[ApiToken],
    secret: Option<&Secret>,
    (fields, mistakes): (&Fields, &Mistakes),
) -> Markup {
    let action = format!("/account/organisations/{}/tokens", sight.stored.id);
    html! {
        details open[secret.is_some() || mistakes.of("name").is_some()] {
            summary { "Tokens for programs" }
            p { "With a token, your own software can read and write through our API. Most groups do not need one." }
            @if let Some(secret) = secret {
                p class="banner" { "Your token, shown only this once: " code { (secret.as_str()) } }
            }
            ul class="listings" {
                @for token in tokens {
                    li {
                        p {
                            strong { (token.name) } ", may " @if token.scope == Scope::Write { "write" } @else { "read" }
                            ", until " (date(london_day(token.expires_at)))
                            @if let Some(used) = token.used_at { ", last used " (date(london_day(used))) } @else { ", never used" }
                        }
                        form method="post" action=(action) {
                            (signed.proof())
                            input type="hidden" name="token" value=(token.id);
                            button class="link" name="do" value="end" { "Revoke it" span class="unseen" { ": " (token.name) } }
                        }
                    }
                }
            }
            @if needs_an_officer(signed, sight) { p class="hint" { (ASK_THE_COUNCIL) } }
            @else { form method="post" action=(action) novalidate {
                (signed.proof())
                (Field::new("name", "What is the token for?", fields.text("name")).hint("For example: our website. You will see it in the list above.").line(mistakes, "text", "off"))
                (Field::new("scope", "It can", fields.some("scope").unwrap_or("read")).one_of(mistakes, &[("read", "read"), ("write", "read and write")]))
                (Field::new("days", "It is valid for", fields.some("days").unwrap_or("90")).one_of(mistakes, &[("30", "30 days"), ("90", "90 days"), ("365", "a year")]))
                button class="button" name="do" value="make" { "Create a token" }
            } }
        }
    }
}

/// POST `/account/organisations/{id}/tokens`.
pub(super) async fn change(State(desk): State<Desk>, Path(id): Path<Uuid>, posted: Posted) -> Response {
    let signed = &posted.signed;
    match tokens(&desk, id, &posted).await {
        Ok(Tokens::Ended) => go_to(&format!("/account/organisations/{id}")),
        Ok(Tokens::Made(secret)) => {
            // To the page that shows it by the browser alone: nothing here keeps it, and reloading makes no other.
            let mut response = go_to(&format!("/account/organisations/{id}"));
            response.headers_mut().append(header::SET_COOKIE, visitor::keep(NEW_TOKEN, &secret, None));
            response
        }
        Ok(Tokens::Wrong(mistakes)) => {
            let page = page(&desk, signed, id, (&posted.fields, &mistakes), None).await.map_err(Problem::from);
            desk.answer(&posted.headers, signed, page)
        }
        Err(error) => desk.answer(&posted.headers, signed, Err(error.into())),
    }
}

/// What became of the tokens of an organisation.
enum Tokens {
    /// One was ended.
    Ended,
    /// One was made, with this secret.
    Made(Secret),
    /// Nothing: the form has mistakes.
    Wrong(Mistakes),
}

async fn tokens(desk: &Desk, id: Uuid, posted: &Posted) -> Result<Tokens, Error> {
    let (signed, fields) = (&posted.signed, &posted.fields);
    let sight = desk.editing.look(&signed.actor, id).await?;
    if !sight.lets(&signed.actor, Action::ManageTokens) {
        return Err(Error::Forbidden("only a lead can create tokens"));
    }
    let identity = desk.identity();
    let who = Identity::known_as(signed.person.id);
    let tx = identity.write().await?;
    // Of two taps that come at once the second sees what the first has done.
    desk.editing.records().hold(&tx, &[id]).await?;
    if fields.text("do") == "end" {
        let token: Uuid = fields.text("token").parse().map_err(|_| Error::Forbidden("this token does not exist"))?;
        let known = identity.tokens(Some(id)).await?.iter().any(|one| one.id == token);
        if !known {
            // Two taps: the first has ended it. Those of other organisations are not theirs to end.
            return Ok(Tokens::Ended);
        }
        identity.end_token(&tx, token).await?;
        identity.note(&tx, &who, Deed::RevokeToken, &id.to_string(), &token.to_string(), signed.actor.client()).await?;
        tx.commit().await?;
        return Ok(Tokens::Ended);
    }
    if needs_an_officer(signed, &sight) {
        return Err(Error::Forbidden(ASK_THE_COUNCIL));
    }
    let name = shorten(fields.text("name"), 100);
    if name.is_empty() {
        let mut mistakes = Mistakes::default();
        mistakes.add("name", "Enter what the token is for");
        return Ok(Tokens::Wrong(mistakes));
    }
    let days = fields.text("days").parse().unwrap_or(90).clamp(1, 365);
    let new = NewToken {
        name,
        organisation: id,
        scope: if fields.text("scope") == "write" { Scope::Write } else { Scope::Read },
        person: Some(signed.person.id),
        life: Duration::days(days),
    };
    let is_told = identity.has_just_made(&tx, &new).await?;
    let (secret, token) = identity.make_token(&tx, new).await?;
    identity.note(&tx, &who, Deed::CreateToken, &id.to_string(), &token.id.to_string(), signed.actor.client()).await?;
    let may = if token.scope == Scope::Write { "change" } else { "read" };
    let news =
        format!("{} has created a token, “{}”, with which a program can {may} the listings", signed.person.shown(), token.name);
    if !is_told {
        let members = identity.members(id).await?;
        desk.editing.tell_of_rights(&tx, Some(signed.person.id), id, (&members, None), &news).await?;
    }
    tx.commit().await?;
    Ok(Tokens::Made(secret))
}
