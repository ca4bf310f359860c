//! Signing in by a one-time link.

use axum::{
    extract::{Path, Request, State},
    response::{IntoResponse as _, Response},
};
use chrono::Duration;
use http::{HeaderMap, header, request::Parts};
use maud::{Markup, html};

use crate::{
    db::Transaction,
    http::{
        Parameters, Problem,
        visitor::{self, BROWSER, FORM_TOKEN, Presented, SESSION},
    },
    identity::{Deed, Email, Error, Identity, LINK_LIFE, Owed, Person, Secret, Strength, letters, path_of_ours},
    mail,
    pages::{
        desk::{Desk, Fields, Posted, go_to},
        fields::{Field, Mistakes},
        layout::{self, For, Page},
        unfinished,
    },
};

/// A browser is remembered for so many days.
pub(super) const REMEMBERED: u32 = 400;
/// A session's cookie stays for so many days at most; the session may end before.
const KEPT: u32 = 60;
/// Two taps on one button lie no farther apart, however slow the line is.
const TWO_TAPS: Duration = Duration::minutes(1);

/// A form that somebody has sent who is not signed in, proved to be ours by the browser's cookie.
struct Knock {
    fields: Fields,
    parts: Parts,
    browser: Secret,
}

impl Knock {
    async fn read(desk: &Desk, request: Request) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let fields = Fields::read(&parts.headers, body).await?;
        let browser = Presented::read(&parts.headers).browser;
        let ours = visitor::comes_from_us(&parts.headers, &desk.site.directory.public_url);
        match browser.filter(|browser| ours && visitor::form_token(browser).is(fields.text(FORM_TOKEN))) {
            Some(browser) => Ok(Self { fields, parts, browser }),
            None => Err(Problem::forbidden(
                "this form did not come from one of our pages, or your browser does not allow cookies; allow cookies for this site and open the page again",
            )),
        }
    }
}

/// A page for somebody who is not signed in, on a browser that is known from now on.
pub(super) fn page(desk: &Desk, headers: &HeaderMap, browser: &Secret, title: String, body: Markup) -> Response {
    let page = Page { unkept: true, audience: For::Arriving, ..Page::new(title, body) };
    let mut response = layout::answer(&desk.site, headers, Ok(page));
    response.headers_mut().append(header::SET_COOKIE, visitor::keep(BROWSER, browser, Some(REMEMBERED)));
    response
}

pub(super) fn refused(desk: &Desk, headers: &HeaderMap, problem: Problem) -> Response {
    layout::answer(&desk.site, headers, Err(problem))
}

fn proof(browser: &Secret) -> Markup {
    html! { input type="hidden" name=(FORM_TOKEN) value=(visitor::form_token(browser).as_str()); }
}

/// GET `/sign-in`: which address to send a link to.
pub(super) async fn ask(State(desk): State<Desk>, parameters: Parameters, headers: HeaderMap) -> Response {
    let browser = Presented::read(&headers).browser.unwrap_or_default();
    let back = parameters.text("return_to").ok().flatten().and_then(path_of_ours).unwrap_or_default();
    form(&desk, &headers, &browser, "", &back, &Mistakes::default())
}

fn form(desk: &Desk, headers: &HeaderMap, browser: &Secret, email: &str, back: &str, mistakes: &Mistakes) -> Response {
    let body = html! {
        (mistakes.summary())
        h1 { "Sign in" }
        @if back.starts_with(unfinished::PATH) {
            div class="banner" role="status" {
                p { strong { "Your session has ended. What you wrote is kept." } " Sign in with the same email address, in this browser, and you will be back where you were. Nobody else can read it, and it is deleted after a day." }
            }
        }
        p { "For people who keep listings up to date, and for council staff. You do not need an account to look for help." }
        form method="post" action="/sign-in" novalidate {
            (proof(browser))
            input type="hidden" name="return_to" value=(back);
            (Field::new("email", "Your email address", email)
                .hint("We will email you a link. There is no password. If you are new, start here too.")
                .line(mistakes, "email", "email"))
            button class="button" { "Send me a link" }
        }
        @if desk.providers.names().next().is_some() {
            h2 { "Or use another account" }
            ul class="plain" {
                @for name in desk.providers.names() {
                    li { a class="button" href=(door(name, back)) { "Sign in with " (name) } }
                }
            }
        }
    };
    page(desk, headers, browser, mistakes.title("Sign in"), body)
}

/// Where somebody goes who signs in at a provider.
fn door(name: &str, back: &str) -> String {
    let name = percent_encoding::utf8_percent_encode(name, percent_encoding::NON_ALPHANUMERIC);
    let query: String = url::form_urlencoded::Serializer::new(String::new()).append_pair("return_to", back).finish();
    format!("/sign-in/with/{name}?{query}")
}

/// POST `/sign-in`: send the link. Says the same whether or not the address is known.
pub(super) async fn send(State(desk): State<Desk>, request: Request) -> Response {
    let headers = request.headers().clone();
    match send_link(&desk, request).await {
        Ok(response) => response,
        Err(problem) => refused(&desk, &headers, problem),
    }
}

async fn send_link(desk: &Desk, request: Request) -> Result<Response, Problem> {
    let Knock { fields, parts, browser } = Knock::read(desk, request).await?;
    let back = path_of_ours(fields.text("return_to")).unwrap_or_default();
    let email: Email = match fields.text("email").parse() {
        Ok(email) => email,
        Err(error) => {
            let mut mistakes = Mistakes::default();
            let said = error.to_string();
            mistakes.add("email", crate::pages::words::capital(&said));
            return Ok(form(desk, &parts.headers, &browser, fields.text("email"), &back, &mistakes));
        }
    };
    let identity = desk.identity();
    let tx = identity.write().await.map_err(problem)?;
    let secret = identity.ask_for_link(&tx, &email, &browser, &back, desk.client(&parts)).await.map_err(problem)?;
    if let Some(secret) = secret {
        let about = desk.editing.about();
        let letter = letters::sign_in(&email, &secret, &about.public_url, &about.name);
        mail::queue(&tx, &letter, desk.site.now()).await?;
    }
    tx.commit().await?;
    let body = html! {
        h1 { "Check your email" }
        p { "If we can send email to " strong { (email) } ", a link is on its way to it. It works once, for " (LINK_LIFE.num_minutes()) " minutes." }
        p { "If it has not arrived after a few minutes, check your spam or junk folder, check the address, and " a href=(another_link(&back)) { "ask for another link" } "." }
    };
    Ok(page(desk, &parts.headers, &browser, "Check your email".to_owned(), body))
}

/// Where to ask for a link that leads `back` to where somebody wanted to go.
fn another_link(back: &str) -> String {
    if back.is_empty() {
        return "/sign-in".to_owned();
    }
    let query: String = url::form_urlencoded::Serializer::new(String::new()).append_pair("return_to", back).finish();
    format!("/sign-in?{query}")
}

/// GET `/sign-in/link/…`: opening a link changes nothing, because mail scanners open links, too.
pub(super) async fn open(State(desk): State<Desk>, Path(secret): Path<String>, headers: HeaderMap) -> Response {
    match open_link(&desk, &secret, &headers).await {
        Ok(response) => response,
        Err(problem) => refused(&desk, &headers, problem),
    }
}

async fn open_link(desk: &Desk, secret: &str, headers: &HeaderMap) -> Result<Response, Problem> {
    let browser = Presented::read(headers).browser.unwrap_or_default();
    let Some(secret) = Secret::presented(secret) else { return Ok(no_such_link(desk, headers, &browser, "")) };
    let Some(link) = desk.identity().link(&secret).await.map_err(problem)? else {
        // A letter may take longer than its link lives: whoever asks for another one still wants to go there.
        let back = desk.identity().wanted_by_link(&secret).await.map_err(problem)?;
        return Ok(used_up(desk, headers, (&secret, &browser), &back.unwrap_or_default()));
    };
    let elsewhere = link.browser.as_ref().is_some_and(|asked| *asked != browser.hashed());
    let body = html! {
        h1 { "Sign in" }
        @if elsewhere {
            p class="danger" {
                "This link was requested on another browser or device. Only continue if you asked for it yourself and nobody else sent it to you."
            }
        }
        p { "You are signing in as " strong { (link.email) } "." }
        form method="post" action="/sign-in/link" {
            (proof(&browser))
            input type="hidden" name="secret" value=(secret.as_str());
            input type="hidden" name="return_to" value=(link.return_to);
            button class="button" { "Sign in" }
        }
    };
    Ok(page(desk, headers, &browser, "Sign in".to_owned(), body))
}

/// Lead on whoever pressed a link's button twice: the link is used up for the second tap, which was sent before the
/// first was answered, and so without the session that it began on this browser. None for anybody else.
async fn let_through(
    desk: &Desk,
    headers: &HeaderMap,
    (link, browser): (&Secret, &Secret),
    return_to: &str,
) -> Result<Option<Response>, Problem> {
    let identity = desk.identity();
    let secret = Identity::secret_by_link(link, browser);
    if Presented::read(headers).session.as_ref() == Some(&secret) {
        return Ok(None);
    }
    let Some((person, session, _)) = identity.signed_in(&secret).await.map_err(problem)? else { return Ok(None) };
    if desk.site.now() - session.began_at >= TWO_TAPS {
        return Ok(None);
    }
    let owed = match session.second_at {
        Some(_) => None,
        None => identity.owed(&person, &session.strength).await.map_err(problem)?,
    };
    enter(desk, browser, &secret, (&person, owed), return_to).await.map(Some)
}

/// What is said of a link that has been used: to the browser that it has signed in, where to go on.
fn used_up(desk: &Desk, headers: &HeaderMap, (link, browser): (&Secret, &Secret), back: &str) -> Response {
    if Presented::read(headers).session.as_ref() != Some(&Identity::secret_by_link(link, browser)) {
        return no_such_link(desk, headers, browser, back);
    }
    let body = html! {
        h1 { "You have used this link" }
        p { "It signed you in on this browser. It does not work a second time." }
        p { a class="button" href="/account" { "Go on" } }
    };
    gone(page(desk, headers, browser, "You have used this link".to_owned(), body))
}

fn gone(mut response: Response) -> Response {
    *response.status_mut() = http::StatusCode::GONE;
    response
}

fn no_such_link(desk: &Desk, headers: &HeaderMap, browser: &Secret, back: &str) -> Response {
    let body = html! {
        h1 { "This link does not work" }
        p { "It has already been used, is older than " (LINK_LIFE.num_minutes()) " minutes, or is incomplete." }
        p { a class="button" href=(another_link(back)) { "Get a new link" } }
    };
    gone(page(desk, headers, browser, "This link does not work".to_owned(), body))
}

/// POST `/sign-in/link`: use the link up and begin a session.
pub(super) async fn redeem(State(desk): State<Desk>, request: Request) -> Response {
    let headers = request.headers().clone();
    match redeem_link(&desk, request).await {
        Ok(response) => response,
        Err(problem) => refused(&desk, &headers, problem),
    }
}

async fn redeem_link(desk: &Desk, request: Request) -> Result<Response, Problem> {
    let Knock { fields, parts, browser } = Knock::read(desk, request).await?;
    let back = path_of_ours(fields.text("return_to")).unwrap_or_default();
    let Some(secret) = Secret::presented(fields.text("secret")) else {
        return Ok(no_such_link(desk, &parts.headers, &browser, &back));
    };
    let identity = desk.identity();
    let client = desk.client(&parts);
    let tx = identity.write().await.map_err(problem)?;
    let Some((person, link)) = identity.redeem(&tx, &secret).await.map_err(problem)? else {
        tx.roll_back().await?;
        let link = (&secret, &browser);
        let through = let_through(desk, &parts.headers, link, &back).await?;
        return Ok(through.unwrap_or_else(|| used_up(desk, &parts.headers, link, &back)));
    };
    let words = visitor::browser(&parts.headers);
    identity.note(&tx, &Identity::known_as(person.id), Deed::SignIn, "", &words, Some(client)).await.map_err(problem)?;
    let session = Identity::secret_by_link(&secret, &browser);
    let arrival = Arrival { person: &person, strength: Strength::Link, session, return_to: &link.return_to };
    begin(desk, tx, &parts, &browser, arrival).await
}

/// Somebody who has proved who they are.
pub(super) struct Arrival<'a> {
    pub(super) person: &'a Person,
    /// How they have.
    pub(super) strength: Strength,
    /// The secret of the session that begins.
    pub(super) session: Secret,
    /// Where they wanted to go.
    pub(super) return_to: &'a str,
}

/// Begin a session for somebody, and send them where they wanted to go. The session that the browser had before ends:
/// nobody plants one.
pub(super) async fn begin(
    desk: &Desk,
    tx: Transaction,
    parts: &Parts,
    browser: &Secret,
    arrival: Arrival<'_>,
) -> Result<Response, Problem> {
    let Arrival { person, strength, session, return_to } = arrival;
    let identity = desk.identity();
    if let Some(before) = Presented::read(&parts.headers).session {
        identity.sign_out(&tx, &before).await.map_err(problem)?;
    }
    let words = visitor::browser(&parts.headers);
    let owed = identity.owed(person, &strength).await.map_err(problem)?;
    if identity.begin_session(&tx, &session, person, strength, &words, browser).await.map_err(problem)? {
        let about = desk.editing.about();
        let letter = letters::new_browser(&person.email, &words, &about.public_url, &about.name);
        mail::queue(&tx, &letter, desk.site.now()).await?;
    }
    tx.commit().await?;
    enter(desk, browser, &session, (person, owed), return_to).await
}

/// Send somebody whose session it is where they wanted to go, on a browser that is known from now on.
async fn enter(
    desk: &Desk,
    browser: &Secret,
    session: &Secret,
    (person, owed): (&Person, Option<Owed>),
    return_to: &str,
) -> Result<Response, Problem> {
    let officer = person.role.is_some() && desk.identity().memberships(person.id).await.map_err(problem)?.is_empty();
    let back = path_of_ours(return_to);
    // Whoever had been writing when their session ended, and came by another link than the one they were sent to ask
    // for, still finds it.
    let kept = match &back {
        None => desk.identity().kept_form(browser, person.id).await.map_err(problem)?,
        Some(_) => None,
    };
    let wanted = match (back, kept) {
        (None, Some(form)) => unfinished::address(&unfinished::page_of(&form.path)),
        // Officers who keep no listings have their work where things wait.
        (None, None) => if officer { "/moderation" } else { "/account" }.to_owned(),
        (Some(page), _) if officer && page == "/account" => "/moderation".to_owned(),
        (Some(page), _) => page,
    };
    let mut response = go_to(&super::passkeys::before(owed, &wanted).unwrap_or(wanted));
    let headers = response.headers_mut();
    headers.append(header::SET_COOKIE, visitor::keep(SESSION, session, Some(KEPT)));
    headers.append(header::SET_COOKIE, visitor::keep(BROWSER, browser, Some(REMEMBERED)));
    Ok(response)
}

/// POST `/sign-out`.
pub(super) async fn sign_out(State(desk): State<Desk>, posted: Posted) -> Response {
    let done = async {
        let tx = desk.identity().write().await?;
        desk.identity().end_session(&tx, posted.signed.person.id, posted.signed.session.id).await?;
        tx.commit().await?;
        Ok::<_, Error>(())
    };
    match done.await {
        Ok(()) => {
            let mut response = match elsewhere(&desk, &posted).await {
                Some(page) => page,
                None => go_to("/"),
            };
            response.headers_mut().append(header::SET_COOKIE, visitor::forget(SESSION));
            // Nothing of what they saw stays in this browser.
            response.headers_mut().insert("clear-site-data", http::HeaderValue::from_static("\"cache\""));
            response.into_response()
        }
        Err(error) => desk.answer(&posted.headers, &posted.signed, Err(problem(error))),
    }
}

/// What to do where somebody came through a provider that still knows them: the next person at this desk could
/// sign in as them. None where there is no such provider, or no way to sign out of it.
async fn elsewhere(desk: &Desk, posted: &Posted) -> Option<Response> {
    let name = posted.signed.session.strength.provider()?;
    let leave = desk.providers.end_session(name, &desk.editing.about().public_url).await?;
    let browser = Presented::read(&posted.headers).browser.unwrap_or_default();
    let body = html! {
        h1 { "You are signed out here" }
        p { "You are still signed in to " (name) ". If others use this device, sign out there as well." }
        p { a class="button" href=(leave) { "Sign out of " (name) } " " a href="/" { "Not now" } }
    };
    Some(page(desk, &posted.headers, &browser, "You are signed out".to_owned(), body))
}

pub(super) fn problem(error: Error) -> Problem {
    crate::editing::Error::from(error).into()
}
