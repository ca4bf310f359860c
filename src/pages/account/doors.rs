//! Signing in at somebody else's door: the council's own accounts, or any provider of the settings.

use axum::{
    extract::{Path, Query, Request, State},
    response::Response,
};
use http::{HeaderMap, header};
use maud::html;

use super::sign_in::{Arrival, begin, page, problem, refused};
use crate::{
    http::{
        Parameters, Problem,
        visitor::{self, Presented},
    },
    identity::{
        Deed, Identity, Secret, Strength, path_of_ours,
        providers::{Callback, Refused},
    },
    pages::{desk::Desk, words::sentence},
};

/// GET `/sign-in/with/{name}`: off to the provider. Changes nothing that matters: what comes back is only
/// taken by the browser that went.
pub(super) async fn leave(
    State(desk): State<Desk>,
    Path(name): Path<String>,
    parameters: Parameters,
    headers: HeaderMap,
) -> Response {
    let browser = Presented::read(&headers).browser.unwrap_or_default();
    let back = parameters.text("return_to").ok().flatten().and_then(path_of_ours).unwrap_or_default();
    let begun = match desk.providers.begin(&name, &back).await {
        Ok(begun) => begun,
        Err(error) => return not_let_in(&desk, &headers, &error),
    };
    let kept = async {
        let identity = desk.identity();
        let tx = identity.write().await?;
        identity.keep_pending(&tx, &browser, &begun.pending).await?;
        tx.commit().await?;
        Ok::<_, crate::identity::Error>(())
    };
    if let Err(error) = kept.await {
        return refused(&desk, &headers, problem(error));
    }
    let mut response = crate::pages::desk::go_to(begun.redirect.as_str());
    response
        .headers_mut()
        .append(header::SET_COOKIE, visitor::keep(visitor::BROWSER, &browser, Some(super::sign_in::REMEMBERED)));
    response
}

/// GET `/sign-in/back`: what the provider says, through the browser.
pub(super) async fn come_back(State(desk): State<Desk>, Query(callback): Query<Callback>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    match finish(&desk, &callback, &parts).await {
        Ok(Ok(response)) => response,
        Ok(Err(error)) => not_let_in(&desk, &parts.headers, &error),
        Err(problem) => refused(&desk, &parts.headers, problem),
    }
}

async fn finish(desk: &Desk, callback: &Callback, parts: &http::request::Parts) -> Result<Result<Response, Refused>, Problem> {
    let identity = desk.identity();
    let Some(browser) = Presented::read(&parts.headers).browser else { return Ok(Err(Refused::Foreign)) };
    // Taken before anything is asked: it is good for one attempt.
    let tx = identity.write().await.map_err(problem)?;
    let pending = identity.take_pending(&tx, &browser).await.map_err(problem)?;
    tx.commit().await?;
    let Some(pending) = pending else { return Ok(Err(Refused::Foreign)) };
    let client = desk.client(parts);
    let identified = match Box::pin(desk.providers.finish(&pending, callback)).await {
        Ok(identified) => identified,
        Err(error) => {
            let tx = identity.write().await.map_err(problem)?;
            identity
                .note(&tx, "somebody", Deed::BeRefused, "", &format!("{}: {}", pending.provider, error.code()), Some(client))
                .await
                .map_err(problem)?;
            tx.commit().await?;
            return Ok(Err(error));
        }
    };
    let tx = identity.write().await.map_err(problem)?;
    let mut person = identity.welcome(&tx, &identified.email).await.map_err(problem)?;
    if person.name.is_empty() {
        person.name = identified.name.unwrap_or_default();
    }
    person.seen_at = Some(desk.site.now());
    identity.keep_person(&tx, &person).await.map_err(problem)?;
    let who = Identity::known_as(person.id);
    identity.note(&tx, &who, Deed::SignIn, "", &format!("through {}", pending.provider), Some(client)).await.map_err(problem)?;
    let through = pending.provider.clone();
    let strength = if identified.at_home { Strength::Provider(through) } else { Strength::OtherProvider(through) };
    let arrival = Arrival { person: &person, strength, session: Secret::new(), return_to: &pending.return_to };
    begin(desk, tx, parts, &browser, arrival).await.map(Ok)
}

fn not_let_in(desk: &Desk, headers: &HeaderMap, error: &Refused) -> Response {
    tracing::info!(reason = error.code(), "a sign-in through a provider failed");
    let browser = Presented::read(headers).browser.unwrap_or_default();
    let body = html! {
        h1 { "You are not signed in" }
        p { (sentence(&error.to_string())) }
        p { a class="button" href="/sign-in" { "Try again, or sign in with an emailed link" } }
    };
    page(desk, headers, &browser, "You are not signed in".to_owned(), body)
}
