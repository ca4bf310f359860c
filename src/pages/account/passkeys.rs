//! Passkeys: adding, naming and removing them, and showing one after signing in.

use axum::{extract::State, response::Response};
use http::HeaderMap;
use maud::{Markup, html};
use uuid::Uuid;

use crate::{
    editing::Error,
    http::{Parameters, Problem},
    identity::{self, Deed, Identity, Owed, Passkeys, letters, path_of_ours},
    mail,
    model::text::shorten,
    pages::{
        desk::{Desk, Path, Posted, Signed, go_to},
        fields::{Field, Mistakes},
        files,
        layout::{Page, Step},
        words::{capital, date, london_day},
    },
};

/// The longest name of a passkey, in characters.
const LONGEST_NAME: usize = 60;

const NOT_HERE: Error =
    Error::Forbidden("passkeys need a web address with a domain name, but this directory only has an IP address");
const SHOW_FIRST: Error = Error::Forbidden("use one of your passkeys first: sign out, then sign in again");

fn passkeys(desk: &Desk) -> Result<&Passkeys, Error> {
    desk.passkeys.as_ref().ok_or(NOT_HERE)
}

/// Where somebody goes who still owes something after signing in, before they go where they wanted.
pub(super) fn before(owed: Option<Owed>, return_to: &str) -> Option<String> {
    let path = match owed? {
        Owed::Show => "/sign-in/passkey",
        Owed::Add => "/account/passkeys/new",
    };
    let query: String = url::form_urlencoded::Serializer::new(String::new()).append_pair("return_to", return_to).finish();
    Some(format!("{path}?{query}"))
}

/// A form whose answer the browser gives by a passkey.
fn form(signed: &Signed, what: &str, action: &str, back: &str, question: &str, inside: &Markup, button: &str) -> Markup {
    html! {
        form method="post" action=(action) data-passkey=(what) data-question=(question) {
            (signed.proof())
            input type="hidden" name="return_to" value=(back);
            input type="hidden" name="answer" value="";
            (inside)
            p id="passkey-said" role="status" {}
            button class="button" { (button) }
        }
        noscript { p class="danger" { "This step needs JavaScript: allow it for this site, or use another browser. No other page needs it." } }
    }
}

fn back(parameters: &Parameters) -> String {
    parameters.text("return_to").ok().flatten().and_then(path_of_ours).unwrap_or_default()
}

/// GET `/account/passkeys`.
pub(super) async fn list(State(desk): State<Desk>, signed: Signed, headers: HeaderMap) -> Response {
    let page = listed(&desk, &signed, &Mistakes::default()).await.map_err(Problem::from);
    desk.answer(&headers, &signed, page)
}

async fn listed(desk: &Desk, signed: &Signed, mistakes: &Mistakes) -> Result<Page, Error> {
    let identity = desk.identity();
    let known = identity.passkeys(signed.person.id).await?;
    let may = identity.may_change_passkeys(&signed.session).await?;
    let body = html! {
        (mistakes.summary())
        h1 { "Your passkeys" }
        p { "A passkey is your phone, your computer or a security key, unlocked by you. We ask for it after the emailed link, so that someone who can only read your email cannot act as you." }
        @if known.is_empty() { p { "You do not have any yet." } }
        ul class="listings" {
            @for one in &known {
                li id=(format!("passkey-{}", one.id)) {
                    h2 { (one.name) }
                    p { "since " (date(london_day(one.added_at))) @if let Some(used) = one.used_at { ", last used " (date(london_day(used))) } }
                    @if may {
                        form method="post" action=(format!("/account/passkeys/{}", one.id)) {
                            (signed.proof())
                            div class="field" {
                                label for=(format!("name-{}", one.id)) { "New name for " (one.name) }
                                input type="text" id=(format!("name-{}", one.id)) name="name" value=(one.name) autocomplete="off";
                            }
                            button class="link" name="do" value="rename" { "Rename" span class="unseen" { " " (one.name) } }
                            " "
                            button class="link" name="do" value="remove" { "Remove" span class="unseen" { " " (one.name) } }
                        }
                    }
                }
            }
        }
        @if desk.passkeys.is_none() { p { "Passkeys need a web address with a domain name, but this directory only has an IP address." } }
        @else if may { p { a class="button" href="/account/passkeys/new" { "Add a passkey" } } }
        @else { p { a class="button" href="/sign-in/passkey?return_to=/account/passkeys" { "Use a passkey to change them" } } }
        p class="hint" { "Add two, on different devices. If you lose all of them, an administrator can reset them." }
    };
    Ok(Page { trail: vec![Step::to("/account/profile", "You")], ..Page::new(mistakes.title("Your passkeys"), body) })
}

/// POST `/account/passkeys/{id}`: rename or remove one.
pub(super) async fn change(State(desk): State<Desk>, Path(id): Path<Uuid>, posted: Posted) -> Response {
    let signed = &posted.signed;
    match changed(&desk, &posted, id).await {
        Ok(()) => go_to("/account/passkeys"),
        Err(Error::Identity(error @ identity::Error::LastPasskey)) => {
            let mut mistakes = Mistakes::default();
            mistakes.add(format!("passkey-{id}"), capital(&error.to_string()));
            let page = listed(&desk, signed, &mistakes).await.map_err(Problem::from);
            desk.answer(&posted.headers, signed, page)
        }
        Err(error) => desk.answer(&posted.headers, signed, Err(error.into())),
    }
}

async fn changed(desk: &Desk, posted: &Posted, id: Uuid) -> Result<(), Error> {
    let (identity, person) = (desk.identity(), &posted.signed.person);
    if !identity.may_change_passkeys(&posted.signed.session).await? {
        return Err(SHOW_FIRST);
    }
    let tx = identity.write().await?;
    match posted.fields.text("do") {
        "remove" => {
            identity.remove_passkey(&tx, person, id).await?;
            identity.note(&tx, &Identity::known_as(person.id), Deed::RemovePasskey, "", "", posted.signed.actor.client()).await?;
            tell(desk, &tx, &posted.signed, "was removed").await?;
        }
        _ => identity.rename_passkey(&tx, person.id, id, &named(posted.fields.text("name"))).await?,
    }
    Ok(tx.commit().await?)
}

/// Whoever reads the mail learns of it: a passkey that somebody else added is the way in of a thief.
async fn tell(desk: &Desk, tx: &crate::db::Transaction, signed: &Signed, what: &str) -> Result<(), Error> {
    let about = desk.editing.about();
    let letter = letters::passkey(&signed.person.email, what, &about.public_url, &about.name);
    mail::queue(tx, &letter, desk.site.now()).await?;
    Ok(())
}

fn named(name: &str) -> String {
    let name = shorten(name.trim(), LONGEST_NAME);
    if name.is_empty() { "My passkey".to_owned() } else { name }
}

/// GET `/account/passkeys/new`: the question is kept for this session; nothing else changes.
pub(super) async fn ask(State(desk): State<Desk>, signed: Signed, parameters: Parameters, headers: HeaderMap) -> Response {
    let page = asked(&desk, &signed, &back(&parameters), false).await.map_err(Problem::from);
    desk.answer(&headers, &signed, page)
}

async fn asked(desk: &Desk, signed: &Signed, back: &str, failed: bool) -> Result<Page, Error> {
    let identity = desk.identity();
    let passkeys = passkeys(desk)?;
    if !identity.may_change_passkeys(&signed.session).await? {
        return Err(SHOW_FIRST);
    }
    let tx = identity.write().await?;
    let question = identity.ask_to_add(&tx, passkeys, &signed.person, &signed.session).await?;
    tx.commit().await?;
    let question = question.ok_or(Error::Forbidden("you have the most passkeys allowed: remove one first"))?;
    let name = Field::new("name", "Name of the passkey", "").hint("For example “work phone”. Only you can see it.");
    let title = "Add a passkey";
    let body = html! {
        @if failed { (did_not_work()) }
        h1 { (title) }
        @if signed.actor.owes_second_step() {
            p { "This council asks everyone who decides about listings for a second step after the emailed link. Until you add a passkey you can only do what every user can." }
        }
        p { "Your browser will ask for your fingerprint, your face, a PIN or a security key. None of this leaves your device." }
        (form(signed, "add", "/account/passkeys/new", back, &question, &name.line(&Mistakes::default(), "text", "off"), title))
        p { a href="/account" { "Not now" } }
    };
    let scripts = vec![files::passkey_address()];
    Ok(Page { scripts, trail: vec![Step::to("/account/profile", "You")], ..Page::new(title_of(failed, title), body) })
}

fn title_of(failed: bool, title: &str) -> String {
    if failed { format!("Error: {title}") } else { title.to_owned() }
}

fn did_not_work() -> Markup {
    html! {
        div class="summary-of-errors" role="alert" {
            h2 { "There is a problem" }
            p { "Your passkey could not be verified: the answer came too late or twice, or the passkey is not one of yours. Try again." }
        }
    }
}

/// POST `/account/passkeys/new`.
pub(super) async fn add(State(desk): State<Desk>, posted: Posted) -> Response {
    let back = path_of_ours(posted.fields.text("return_to"));
    match added(&desk, &posted).await {
        Ok(true) => go_to(back.as_deref().unwrap_or("/account/passkeys")),
        Ok(false) => {
            let page = asked(&desk, &posted.signed, &back.unwrap_or_default(), true).await.map_err(Problem::from);
            desk.answer(&posted.headers, &posted.signed, page)
        }
        Err(error) => desk.answer(&posted.headers, &posted.signed, Err(error.into())),
    }
}

async fn added(desk: &Desk, posted: &Posted) -> Result<bool, Error> {
    let (identity, signed) = (desk.identity(), &posted.signed);
    let (name, answer) = (named(posted.fields.text("name")), posted.fields.text("answer"));
    let tx = identity.write().await?;
    let added = identity.add_passkey(&tx, passkeys(desk)?, &signed.session, &name, answer).await?;
    if added {
        identity.note(&tx, &Identity::known_as(signed.person.id), Deed::AddPasskey, "", "", signed.actor.client()).await?;
        tell(desk, &tx, signed, "was added").await?;
    }
    tx.commit().await?;
    Ok(added)
}

/// GET `/sign-in/passkey`: the second step.
pub(super) async fn ask_to_show(
    State(desk): State<Desk>,
    signed: Signed,
    parameters: Parameters,
    headers: HeaderMap,
) -> Response {
    let back = back(&parameters);
    match desk.identity().passkeys(signed.person.id).await {
        Ok(known) if known.is_empty() => go_to(&before(Some(Owed::Add), &back).unwrap_or_default()),
        Ok(_) => {
            let page = asked_to_show(&desk, &signed, &back, false).await.map_err(Problem::from);
            desk.answer(&headers, &signed, page)
        }
        Err(error) => desk.answer(&headers, &signed, Err(Error::from(error).into())),
    }
}

async fn asked_to_show(desk: &Desk, signed: &Signed, back: &str, failed: bool) -> Result<Page, Error> {
    let identity = desk.identity();
    let tx = identity.write().await?;
    let question = identity.ask_for_passkey(&tx, passkeys(desk)?, &signed.session).await?;
    tx.commit().await?;
    let question = question.ok_or(Error::Forbidden("you do not have a passkey"))?;
    let title = "Use your passkey";
    let body = html! {
        @if failed { (did_not_work()) }
        h1 { (title) }
        p { "Use the phone, computer or security key that you added here. Until then you can only do what every user can." }
        (form(signed, "show", "/sign-in/passkey", back, &question, &html! {}, title))
        h2 { "Lost it?" }
        p { "Ask an administrator of this directory to reset your passkeys." }
        p { a href="/account" { "Continue without it" } }
    };
    Ok(Page { scripts: vec![files::passkey_address()], ..Page::new(title_of(failed, title), body) })
}

/// POST `/sign-in/passkey`.
pub(super) async fn show(State(desk): State<Desk>, posted: Posted) -> Response {
    let back = path_of_ours(posted.fields.text("return_to"));
    match shown(&desk, &posted.signed, posted.fields.text("answer")).await {
        Ok(true) => go_to(back.as_deref().unwrap_or("/account")),
        Ok(false) => {
            let page = asked_to_show(&desk, &posted.signed, &back.unwrap_or_default(), true).await.map_err(Problem::from);
            desk.answer(&posted.headers, &posted.signed, page)
        }
        Err(error) => desk.answer(&posted.headers, &posted.signed, Err(error.into())),
    }
}

async fn shown(desk: &Desk, signed: &Signed, answer: &str) -> Result<bool, Error> {
    let (identity, session) = (desk.identity(), &signed.session);
    let tx = identity.write().await?;
    let shown = identity.show_passkey(&tx, passkeys(desk)?, session, answer).await?;
    let what = if shown { Deed::ShowPasskey } else { Deed::FailPasskey };
    identity.note(&tx, &Identity::known_as(session.person), what, "", "", signed.actor.client()).await?;
    tx.commit().await?;
    Ok(shown)
}
