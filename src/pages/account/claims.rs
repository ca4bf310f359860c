//! Claiming an organisation.

use axum::{extract::State, response::Response};
use http::{HeaderMap, StatusCode};
use maud::html;
use uuid::Uuid;

use super::{agree, home, messages, terms, thread};
use crate::{
    editing::{Claimed, Error},
    http::Problem,
    identity::{self, Claim, ClaimState},
    model::text::shorten,
    pages::{
        desk::{Desk, Fields, Path, Posted, Signed, go_to},
        fields::{Field, Mistakes},
        layout::{Page, Step},
        parts::paragraphs,
    },
};

/// The longest message, in characters.
const LONGEST: usize = 4_000;

/// GET `/account/organisations/{id}/claim`.
pub(super) async fn ask(State(desk): State<Desk>, Path(id): Path<Uuid>, signed: Signed, headers: HeaderMap) -> Response {
    let page = form(&desk, &signed, id, "", &Mistakes::default()).await.map_err(Problem::from);
    desk.answer(&headers, &signed, page)
}

async fn name_of(desk: &Desk, organisation: Uuid) -> Result<String, Error> {
    let stored = desk.editing.records().find(organisation).await?;
    let public = stored
        .filter(|stored| stored.kind == crate::model::Kind::Organization && stored.state == crate::records::State::Published);
    Ok(public.ok_or(Error::NotFound(organisation))?.read()?.name().to_owned())
}

async fn form(desk: &Desk, signed: &Signed, id: Uuid, words: &str, mistakes: &Mistakes) -> Result<Page, Error> {
    let name = name_of(desk, id).await?;
    // As the claim is decided: nobody starts by themselves where it is protected, or kept by somebody.
    let at_once = !desk.editing.protects(id).await? && desk.identity().members(id).await?.is_empty();
    let title = format!("Ask to manage {name}");
    let body = html! {
        (mistakes.summary())
        h1 { (title) }
        @if at_once { p { "If your email address is on the listing, you can start straight away. If not, someone from the council will look at your request." } }
        @else { p { "Someone from the council will look at your request before you can change anything. We will email you the decision." } }
        form method="post" action=(format!("/account/organisations/{id}/claim")) novalidate {
            (signed.proof())
            (Field::new("words", "What is your role there?", words)
                .hint("Only the person who decides will see this. For example: I run the Thursday session.")
                .lines(mistakes, 3))
            (terms(signed, mistakes))
            button class="button" { "Send request" }
        }
    };
    Ok(Page { trail: vec![Step::to("/account", "Your listings")], ..Page::new(mistakes.title(&title), body) })
}

/// The form of a claim, filled in with what somebody had written.
pub(in crate::pages) async fn written(desk: &Desk, signed: &Signed, id: Uuid, fields: &Fields) -> Result<Page, Problem> {
    Ok(form(desk, signed, id, fields.text("words"), &Mistakes::default()).await?)
}

/// POST `/account/organisations/{id}/claim`.
pub(super) async fn make(State(desk): State<Desk>, Path(id): Path<Uuid>, posted: Posted) -> Response {
    let signed = &posted.signed;
    let done = async {
        let mut mistakes = Mistakes::default();
        agree(&desk, &posted, &mut mistakes).await?;
        let words = posted.fields.text("words");
        if !mistakes.none() {
            return form(&desk, signed, id, words, &mistakes).await.map(Err);
        }
        desk.editing.claim(&signed.actor, &signed.person, id, &shorten(words, 2_000)).await.map(Ok)
    };
    match done.await {
        Ok(Ok(Claimed::Granted)) => go_to(&format!("/account/organisations/{id}")),
        Ok(Ok(Claimed::Waiting { claim, .. })) => go_to(&format!("/account/claims/{claim}")),
        Ok(Err(page)) => desk.answer(&posted.headers, signed, Ok(page)),
        Err(error) => desk.answer(&posted.headers, signed, Err(error.into())),
    }
}

async fn own_claim(desk: &Desk, signed: &Signed, id: Uuid) -> Result<(Claim, String), Error> {
    let claim =
        desk.identity().find_claim(id).await?.filter(|claim| claim.person == signed.person.id).ok_or(Error::NotFound(id))?;
    // Also where it is hidden meanwhile: they can still read what became of their request, and take it back.
    let name = home::name_of(desk, claim.organisation).await?;
    Ok((claim, name))
}

/// GET `/account/claims/{id}`.
pub(super) async fn show(State(desk): State<Desk>, Path(id): Path<Uuid>, signed: Signed, headers: HeaderMap) -> Response {
    let none = (&Fields::default(), &Mistakes::default());
    let page = async { claim_page(&desk, &signed, &own_claim(&desk, &signed, id).await?, none).await };
    let page = page.await.map_err(Problem::from);
    desk.answer(&headers, &signed, page)
}

async fn claim_page(
    desk: &Desk,
    signed: &Signed,
    (claim, name): &(Claim, String),
    (fields, mistakes): (&Fields, &Mistakes),
) -> Result<Page, Error> {
    let thread = thread(&desk.editing, claim.id).await?;
    let action = format!("/account/claims/{}", claim.id);
    let body = html! {
        (mistakes.summary())
        h1 { (name) }
        @match claim.state {
            ClaimState::Waiting => {
                p { "Someone from the council will decide. We will email you the decision." }
                @match desk.identity().code_works(claim) {
                    Some(true) => {
                        h2 { "Do you have a code?" }
                        p { "We have sent one to the email address or the mobile phone on the listing. Ask the person who reads it to give it to you." }
                        form method="post" action=(action) novalidate {
                            (signed.proof())
                            (Field::new("code", "Code", fields.text("code")).hint("Eight digits").short(mistakes, "text"))
                            button class="button" { "Continue" }
                        }
                    },
                    Some(false) => p { "The code that we sent to the contact on the listing no longer works. Codes work for three days and five tries. Three days after it was sent you can " a href=(format!("/account/organisations/{}/claim", claim.organisation)) { "ask for a new one" } "." },
                    None => {},
                }
                form method="post" action=(action) {
                    (signed.proof())
                    button class="link" name="do" value="withdraw" { "Withdraw your request" }
                }
            },
            ClaimState::Accepted => p { a href=(format!("/account/organisations/{}", claim.organisation)) { "You can now edit it." } },
            ClaimState::Rejected => {
                p { "Your request was refused." }
                @if let Some(reason) = &claim.reason { blockquote { (reason) } }
                p { "If you think this is wrong, ask again and say why. A moderator will look at it again." }
                p { a class="button" href=(format!("/account/organisations/{}/claim", claim.organisation)) { "Ask again" } }
            },
            ClaimState::Withdrawn => p { "You withdrew your request." },
        }
        (messages(&thread))
        @if claim.state == ClaimState::Waiting {
            form method="post" action=(action) novalidate {
                (signed.proof())
                (Field::new("message", "Message to the moderators", "").lines(mistakes, 3))
                button class="button" name="do" value="say" { "Send" }
            }
        }
    };
    Ok(Page { trail: vec![Step::to("/account", "Your listings")], ..Page::new(mistakes.title(name), body) })
}

/// POST `/account/claims/{id}`: a code from the listed contact, or taking the claim back.
pub(super) async fn answer(State(desk): State<Desk>, Path(id): Path<Uuid>, posted: Posted) -> Response {
    let signed = &posted.signed;
    let action = format!("/account/claims/{id}");
    let done = async {
        let known = own_claim(&desk, signed, id).await?;
        if known.0.state != ClaimState::Waiting {
            return after_it_is_over(&desk, signed, &known, &posted).await;
        }
        if posted.fields.text("do") == "withdraw" {
            desk.editing.take_back_claim(&signed.actor, &signed.person, id).await?;
            return Ok::<_, Error>(Ok(action.clone()));
        }
        if posted.fields.text("do") == "say" {
            let words = shorten(posted.fields.text("message"), LONGEST);
            if words.is_empty() {
                let mut mistakes = Mistakes::default();
                mistakes.add("message", "Enter a message");
                return claim_page(&desk, signed, &known, (&posted.fields, &mistakes)).await.map(Err);
            }
            desk.editing.say_about_claim(&signed.actor, id, &words).await?;
            return Ok(Ok(action.clone()));
        }
        name_of(&desk, known.0.organisation).await?;
        if desk.editing.claim_by_code(&signed.actor, &signed.person, id, posted.fields.text("code")).await? {
            return Ok(Ok(format!("/account/organisations/{}", known.0.organisation)));
        }
        // As it stands after the try.
        let known = own_claim(&desk, signed, id).await?;
        let mut mistakes = Mistakes::default();
        mistakes.add("code", "This code does not work. It may be mistyped, have expired, or have been tried too often");
        claim_page(&desk, signed, &known, (&posted.fields, &mistakes)).await.map(Err)
    };
    let done = match done.await {
        // It was decided at this moment, by the first of two taps say.
        Err(error @ Error::Identity(identity::Error::NotFound { what: "claim", .. })) => {
            match own_claim(&desk, signed, id).await {
                Ok(known) if known.0.state != ClaimState::Waiting => after_it_is_over(&desk, signed, &known, &posted).await,
                _ => Err(error),
            }
        }
        done => done,
    };
    match done {
        Ok(Ok(path)) => go_to(&path),
        Ok(Err(page)) => desk.answer(&posted.headers, signed, Ok(page)),
        Err(error) => desk.answer(&posted.headers, signed, Err(error.into())),
    }
}

/// Where a form leads that comes once its claim is over: of two taps the first has done what it asks for; otherwise
/// the page of the claim says what became of it, with the message that nobody got.
async fn after_it_is_over(
    desk: &Desk,
    signed: &Signed,
    known: &(Claim, String),
    posted: &Posted,
) -> Result<Result<String, Page>, Error> {
    let (claim, fields) = (&known.0, &posted.fields);
    if fields.text("do") == "withdraw" && claim.state == ClaimState::Withdrawn {
        return Ok(Ok(format!("/account/claims/{}", claim.id)));
    }
    if fields.has("code") && claim.state == ClaimState::Accepted {
        return Ok(Ok(format!("/account/organisations/{}", claim.organisation)));
    }
    let page = claim_page(desk, signed, known, (&Fields::default(), &Mistakes::default())).await?;
    let words = fields.text("message");
    let body = html! {
        div class="banner" role="alert" tabindex="-1" autofocus {
            p { strong { "This request is not waiting any more, so nothing was sent or changed." } " Below is what became of it." }
            @if !words.is_empty() { p { "You wrote:" } blockquote { (paragraphs(words)) } }
        }
        (page.body)
    };
    Ok(Err(Page { body, status: StatusCode::CONFLICT, ..page }))
}
