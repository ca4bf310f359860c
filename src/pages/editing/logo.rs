//! The logo of an organisation, with the words that stand for it.

use axum::{extract::State, response::Response};
use http::HeaderMap;
use maud::html;
use tokio::sync::Semaphore;
use uuid::Uuid;

use super::section::said;
use crate::{
    editing::{Error, Sight},
    formats::picture,
    http::Problem,
    identity::Action,
    model::{Document, Kind},
    pages::{
        call_back,
        desk::{Desk, Fields, Path, Signed, Uploaded, go_to},
        fields::{Field, Mistakes},
        layout::{Page, Step},
        pictures::private_path,
    },
};

/// Held while a picture is read.
static READING: Semaphore = Semaphore::const_new(1);

/// The field that says where a picture is kept that was sent before.
const KEPT: &str = "kept";

/// GET `/account/listings/{id}/logo`.
pub(super) async fn show(State(desk): State<Desk>, Path(id): Path<Uuid>, signed: Signed, headers: HeaderMap) -> Response {
    let done = async {
        let sight = open(&desk, &signed, id).await?;
        let mut fields = Fields::default();
        if let Document::Organization(organisation) = &sight.document {
            fields.set("alt", organisation.logo_alt.clone().unwrap_or_default());
        }
        Ok::<_, Problem>(page(&desk, &signed, &sight, &fields, &Mistakes::default()).await?)
    };
    let page = done.await;
    desk.answer(&headers, &signed, page)
}

async fn open(desk: &Desk, signed: &Signed, id: Uuid) -> Result<Sight, Error> {
    let sight = desk.editing.look(&signed.actor, id).await?;
    if sight.stored.kind != Kind::Organization {
        return Err(Error::NotFound(id));
    }
    if sight.is_foreign() {
        return Err(Error::Foreign { origin: sight.stored.origin.clone() });
    }
    if !sight.lets(&signed.actor, Action::Edit) {
        return Err(Error::Forbidden("you do not have permission to change this organisation"));
    }
    Ok(sight)
}

async fn page(desk: &Desk, signed: &Signed, sight: &Sight, fields: &Fields, mistakes: &Mistakes) -> Result<Page, Error> {
    let calling = desk.editing.numbers_to_call(&signed.actor, sight).await?;
    let id = sight.stored.id;
    let logo = match &sight.document {
        Document::Organization(organisation) => organisation.logo.as_deref(),
        _ => None,
    };
    // What was sent a moment before, with something missing, is not to be chosen again.
    let kept = fields.some(KEPT).filter(|kept| private_path(kept, &desk.site.directory.public_url).is_some());
    let shown = kept.or(logo).and_then(|logo| private_path(logo, &desk.site.directory.public_url));
    let wrong = mistakes.of("file");
    let body = html! {
        (mistakes.summary())
        p class="by" { (sight.document.name()) }
        h1 { "Logo" }
        @if let Some(src) = &shown { p { img class="logo" src=(src) alt=(fields.text("alt")); } }
        @else if logo.is_some() { p { "There is a logo at another web address; a new one will replace it." } }
        form method="post" action=(format!("/account/listings/{id}/logo")) enctype="multipart/form-data" novalidate {
            (signed.proof())
            @if let Some(kept) = kept {
                input type="hidden" name=(KEPT) value=(kept);
                p class="banner" { "Your picture is here already. Choose another one only if you want to replace it." }
            }
            div class=(if wrong.is_some() { "field wrong" } else { "field" }) {
                label for="file" { "Picture" }
                p class="hint" id="file-hint" { "PNG, JPEG or WebP, at most " (picture::LARGEST_FILE >> 20) " MB. You can use a photograph: we make it smaller and keep nothing else from the file." }
                @if let Some(said) = wrong { p class="error" id="file-error" { span class="unseen" { "Error: " } (said) } }
                input type="file" id="file" name="file" accept="image/png,image/jpeg,image/webp" aria-describedby=(if wrong.is_some() { "file-hint file-error" } else { "file-hint" });
            }
            (Field::new("alt", "What does it show?", fields.text("alt")).hint("Read out to people who cannot see it. For example: Marsh Farm Pantry, a green apple.").line(mistakes, "text", "off"))
            (call_back::form(calling.as_deref(), fields, mistakes))
            p class="hint" { @if sight.lets(&signed.actor, Action::EditAtOnce) { "You are a moderator: what you save is public immediately." } @else if sight.is_public() { "A moderator will check it before it is public." } @else { "This is not public yet." } }
            p {
                button class="button" name="do" value="save" { "Save" }
                @if logo.is_some() { " " button class="link" name="do" value="remove" { "Remove the logo" } }
            }
        }
        p { a href=(format!("/account/listings/{id}")) { "Cancel" } }
    };
    let trail = vec![Step::to("/account", "Your listings"), Step::to(format!("/account/listings/{id}"), sight.document.name())];
    Ok(Page { trail, ..Page::new(mistakes.title(&format!("Logo: {}", sight.document.name())), body) })
}

/// The form, filled in with what somebody had written. A picture that nobody has read yet is to be chosen again.
pub(in crate::pages) async fn written(desk: &Desk, signed: &Signed, id: Uuid, fields: &Fields) -> Result<Page, Problem> {
    let sight = open(desk, signed, id).await?;
    let mut mistakes = Mistakes::default();
    if fields.some(KEPT).is_none() {
        mistakes.add("file", "Choose the picture again: you were signed out before it was read");
    }
    Ok(page(desk, signed, &sight, fields, &mistakes).await?)
}

/// POST `/account/listings/{id}/logo`.
pub(super) async fn save(State(desk): State<Desk>, Path(id): Path<Uuid>, uploaded: Uploaded) -> Response {
    let Uploaded { signed, mut fields, file, headers } = uploaded;
    let mut mistakes = Mistakes::default();
    let done = async {
        let sight = open(&desk, &signed, id).await?;
        let called = Some(call_back::said(&fields));
        let remove = fields.text("do") == "remove";
        let has_one = matches!(&sight.document, Document::Organization(one) if one.logo.is_some());
        if !remove && (!file.is_empty() || !has_one && fields.some(KEPT).is_none()) {
            // Reading a picture takes a while, and memory: beside the requests that need none, one at a time.
            let _turn = READING.acquire().await.map_err(|error| Problem::internal(&error))?;
            match desk.site.aside(move |_| Ok(picture::read(&file))).await? {
                Ok(picture) => fields.set(KEPT, desk.editing.keep_logo(&signed.actor, &sight, &picture).await?),
                Err(refused) => mistakes.add("file", crate::pages::words::capital(&refused.to_string())),
            }
        }
        if mistakes.none() {
            let alt = (!remove).then(|| fields.text("alt"));
            let logo = fields.some(KEPT).filter(|_| !remove);
            match desk.editing.set_logo(&signed.actor, &sight, logo, alt, called).await {
                Ok(became) => return Ok(Ok(became)),
                Err(Error::Unfit(faults)) => {
                    for fault in faults {
                        mistakes.add(fault.field, crate::pages::words::capital(&fault.problem));
                    }
                }
                Err(Error::NeedsCallBack(fault)) => call_back::mistake(&mut mistakes, &fault),
                Err(error) => return Err(error.into()),
            }
        }
        Ok::<_, Problem>(Err(page(&desk, &signed, &sight, &fields, &mistakes).await?))
    };
    match done.await {
        Ok(Ok(became)) => go_to(&format!("/account/listings/{id}?saved={}", said(&became))),
        Ok(Err(page)) => desk.answer(&headers, &signed, Ok(page)),
        Err(problem) => desk.answer(&headers, &signed, Err(problem)),
    }
}
