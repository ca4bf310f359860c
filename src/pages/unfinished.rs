//! What somebody had written when their session was over. They sign in again and are back at the same form with
//! every word still in it. Nothing is saved by that: they look at it, and send it once more.

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use http::{HeaderMap, Method, StatusCode, header};
use maud::{Markup, html};
use uuid::Uuid;

use super::{
    account,
    desk::{Desk, Fields, Signed},
    editing,
    layout::{Page, Step},
    moderation,
};
use crate::{
    http::{
        Parameters, Problem,
        visitor::{self, FORM_TOKEN, Presented},
    },
    identity::{SentForm, path_of_ours},
};

/// Where somebody is led back to.
pub(super) const PATH: &str = "/account/unfinished";

/// Keep what was sent to `path` by somebody whose session is over, or who has to do something else first, where a page
/// of that session sent it. Gives where they find it again; none where it is not kept.
pub(super) async fn keep(desk: &Desk, headers: &HeaderMap, path: &str, fields: &Fields) -> Option<String> {
    let Presented { session: Some(session), browser: Some(browser), .. } = Presented::read(headers) else { return None };
    let ours = visitor::comes_from_us(headers, &desk.site.directory.public_url)
        && visitor::form_token(&session).is(fields.text(FORM_TOKEN));
    let sent = fields.sent_to(path);
    // Signing out is done; and of a button alone there is nothing to keep, least of all in place of what was written.
    if !ours || path == "/sign-out" || is_a_button(&sent) {
        return None;
    }
    match desk.identity().keep_form(&session, &browser, &sent).await {
        Ok(kept) => kept.then(|| address(&page_of(path))),
        Err(error) => {
            tracing::error!(%error, "a form that was sent after a session could not be kept");
            None
        }
    }
}

/// What forms carry that ask for nothing to be written.
const OF_BUTTONS: [&str; 11] =
    ["do", "revision", "how", "person", "token", "invitation", "sure", "seen", "ticked", "terms", "return_to"];

/// Whether a form is a button and nothing else.
fn is_a_button(sent: &SentForm) -> bool {
    sent.fields.iter().all(|(name, _)| OF_BUTTONS.contains(&name.as_str()) || name.starts_with("seen-"))
}

/// Where what is kept of the form of a page is shown again.
pub(super) fn address(page: &str) -> String {
    let query: String = url::form_urlencoded::Serializer::new(String::new()).append_pair("page", page).finish();
    format!("{PATH}?{query}")
}

/// The page on which the form stands that is sent to `path`.
pub(super) fn page_of(path: &str) -> String {
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    match parts[..] {
        ["sign-out"] => "/".to_owned(),
        ["account", "invitations", _] => "/account".to_owned(),
        ["account", "sessions", _, "end"] => "/account/profile".to_owned(),
        ["account", "passkeys", one] if one != "new" => "/account/passkeys".to_owned(),
        ["account", "listings", id, "undo" | "confirm" | "send"] => format!("/account/listings/{id}"),
        ["account", "organisations", id, "members" | "tokens"] => format!("/account/organisations/{id}"),
        ["moderation", "changes", id, "ask"] => format!("/moderation/changes/{id}"),
        ["moderation", "people", _, "passkeys"] => "/moderation/people".to_owned(),
        _ => path.to_owned(),
    }
}

/// GET `/account/unfinished`.
pub(super) async fn show(State(desk): State<Desk>, signed: Signed, parameters: Parameters, headers: HeaderMap) -> Response {
    let kept = match Presented::read(&headers).browser {
        Some(browser) => desk.identity().kept_form(&browser, signed.person.id).await,
        None => Ok(None),
    };
    match kept {
        Ok(Some(sent)) => Box::pin(show_again(&desk, &headers, &signed, &sent, StatusCode::OK)).await,
        Ok(None) => {
            let page = parameters.text("page").ok().flatten().and_then(path_of_ours);
            desk.answer(&headers, &signed, Ok(not_here(page.as_deref().unwrap_or("/account"))))
        }
        Err(error) => desk.answer(&headers, &signed, Err(crate::editing::Error::from(error).into())),
    }
}

fn not_here(page: &str) -> Page {
    let title = "What you wrote is not here";
    let body = html! {
        h1 { (title) }
        p { "It is kept for one day, only for you, and only in the browser in which you wrote it. If that was another browser or another device, sign in there to continue." }
        p { a class="button" href=(page) { "Open the form again" } }
    };
    Page::new(title, body)
}

/// Forget the form that is kept once it was sent again and taken: whoever presses the button of an old page would save
/// old words over new ones.
pub(super) async fn forget_what_was_taken(State(desk): State<Desk>, request: Request, next: Next) -> Response {
    let sent = (request.method() == Method::POST).then(|| (Presented::read(request.headers()), request.uri().path().to_owned()));
    let response = next.run(request).await;
    if let Some((Presented { session: Some(session), browser: Some(browser), .. }, path)) = sent
        && was_taken(&response)
        && let Err(error) = desk.identity().forget_form(&session, &browser, &path).await
    {
        tracing::error!(%error, "a form that was sent again could not be forgotten");
    }
    response
}

/// Whether a form was done what it asks for: that leads to another page, and not to signing in first.
fn was_taken(response: &Response) -> bool {
    let leads_to = response.headers().get(header::LOCATION).and_then(|path| path.to_str().ok());
    response.status().is_redirection() && leads_to.is_some_and(|path| !path.contains("return_to="))
}

/// The form with what was written, to be sent once more.
pub(super) async fn show_again(
    desk: &Desk,
    headers: &HeaderMap,
    signed: &Signed,
    sent: &SentForm,
    status: StatusCode,
) -> Response {
    let page = match Box::pin(written(desk, signed, &sent.path, &Fields::of(sent))).await {
        Ok(Some(page)) => Page { body: html! { (notice()) (page.body) }, ..page },
        Ok(None) | Err(_) if is_a_button(sent) => press_again(sent),
        // Where the page of the form cannot be shown any more, at least the words are.
        Ok(None) | Err(_) => send_again(signed, sent),
    };
    desk.answer(headers, signed, Ok(Page { status, ..page }))
}

fn notice() -> Markup {
    html! {
        div class="banner" role="status" tabindex="-1" autofocus {
            p { strong { "What you wrote is still here, and is not saved yet." } " Check it, then save or send it." }
        }
    }
}

/// The page of a form, filled in; none where the page has no way to be filled in.
async fn written(desk: &Desk, signed: &Signed, path: &str, fields: &Fields) -> Result<Option<Page>, Problem> {
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    let id = parts.get(2).and_then(|id| id.parse::<Uuid>().ok());
    Ok(match (&parts[..], id) {
        (["account", "listings", _, word], Some(id)) if editing::is_section(word) => {
            Some(editing::section_written(desk, signed, id, word, fields).await?)
        }
        (["account", "listings", _, "logo"], Some(id)) => Some(editing::logo_written(desk, signed, id, fields).await?),
        (["account", "organisations", "new"], _) => editing::listing_written(desk, signed, None, "", fields).await?,
        (["account", "organisations", _, folder, "new"], Some(id)) => {
            editing::listing_written(desk, signed, Some(id), folder, fields).await?
        }
        (["account", "organisations", _, "claim"], Some(id)) => Some(account::claim_written(desk, signed, id, fields).await?),
        (["moderation", what, _], Some(id)) => moderation::written(desk, signed, what, id, fields).await?,
        _ => None,
    })
}

/// That a button of an old page did nothing. It is not offered here, where nobody sees what it was about.
fn press_again(sent: &SentForm) -> Page {
    let title = "Nothing was done";
    let body = html! {
        h1 { (title) }
        p { "You pressed a button on a page from before you signed in again. Open the page and press it there." }
        p { a class="button" href=(page_of(&sent.path)) { "Open the page" } }
    };
    Page { trail: vec![Step::to("/account", "Your listings")], ..Page::new(title, body) }
}

/// The same form without its fields to be seen, for pages that cannot be filled in from here.
fn send_again(signed: &Signed, sent: &SentForm) -> Page {
    let title = "Continue where you were";
    // What people write has more than one word; the rest is ours.
    let typed = sent.fields.iter().map(|(_, value)| value.trim()).filter(|value| value.contains([' ', '@']));
    let body = html! {
        (notice())
        h1 { (title) }
        @for text in typed { blockquote { (text) } }
        form method="post" action=(sent.path) {
            (signed.proof())
            @for (name, value) in &sent.fields { input type="hidden" name=(name) value=(value); }
            p { button class="button" { "Send it now" } }
        }
        p { a href=(page_of(&sent.path)) { "Open the page again without it" } }
    };
    Page { trail: vec![Step::to("/account", "Your listings")], ..Page::new(title, body) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_comes_back_to_a_page_that_can_be_opened() {
        for (sent, page) in [
            ("/account/listings/5/times", "/account/listings/5/times"),
            ("/account/listings/5/undo", "/account/listings/5"),
            ("/account/organisations/5/members", "/account/organisations/5"),
            ("/account/passkeys/new", "/account/passkeys/new"),
            ("/account/passkeys/5", "/account/passkeys"),
            ("/account/invitations/5", "/account"),
            ("/moderation/changes/5/ask", "/moderation/changes/5"),
            ("/moderation/erase", "/moderation/erase"),
            ("/sign-out", "/"),
        ] {
            assert_eq!(page_of(sent), page);
        }
    }
}
