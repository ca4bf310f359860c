//! What an organisation declares, and what officers have seen of it.

use axum::{extract::State, response::Response};
use chrono::NaiveDate;
use http::HeaderMap;
use maud::html;
use uuid::Uuid;

use super::{meanwhile::Meanwhile, section::said};
use crate::{
    editing::{Error, Said, Sight},
    http::Problem,
    identity::Action,
    model::{Document, Kind},
    pages::{
        call_back,
        desk::{Desk, Fields, Path, Posted, Signed, go_to},
        fields::{Field, Mistakes},
        layout::{Page, Step},
        words::date,
    },
};

/// GET `/account/listings/{id}/declarations`.
pub(super) async fn show(State(desk): State<Desk>, Path(id): Path<Uuid>, signed: Signed, headers: HeaderMap) -> Response {
    let done = async {
        let (sight, names) = open(&desk, &signed, id).await?;
        let fields = fill(&sight.document, &names);
        Ok::<_, Problem>(page(&desk, &signed, &sight, &names, (&fields, &Mistakes::default())).await?)
    };
    let page = done.await;
    desk.answer(&headers, &signed, page)
}

/// The organisation, and what is asked for or was declared before.
async fn open(desk: &Desk, signed: &Signed, id: Uuid) -> Result<(Sight, Vec<String>), Error> {
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
    let mut names = desk.editing.asked_for().await?;
    if let Document::Organization(organisation) = &sight.document {
        for one in &organisation.declarations {
            if !names.contains(&one.name) {
                names.push(one.name.clone());
            }
        }
    }
    Ok((sight, names))
}

fn fill(document: &Document, names: &[String]) -> Fields {
    let mut fields = Fields::default();
    let Document::Organization(organisation) = document else { return fields };
    let day = |day: Option<NaiveDate>| day.map(|day| day.to_string()).unwrap_or_default();
    for (at, name) in names.iter().enumerate() {
        let known = organisation.declarations.iter().find(|one| one.name == *name);
        fields.set(&format!("declared-{at}"), day(known.and_then(|one| one.declared_on)));
        fields.set(&format!("seen-{at}"), day(known.and_then(|one| one.seen_on)));
    }
    fields
}

async fn page(
    desk: &Desk,
    signed: &Signed,
    sight: &Sight,
    names: &[String],
    (fields, mistakes): (&Fields, &Mistakes),
) -> Result<Page, Error> {
    let calling = desk.editing.numbers_to_call(&signed.actor, sight).await?;
    let id = sight.stored.id;
    let officer = sight.lets(&signed.actor, Action::EditAtOnce);
    let title = "Declarations";
    let body = html! {
        (mistakes.summary())
        p class="by" { (sight.document.name()) }
        h1 { (title) }
        p { "Give the date from which you have each of these. Leave empty any that you do not have or that do not apply. Your listing will show them with the date. " a href="/directory/listing-policy" { "What is listed here" } }
        @if names.is_empty() { p { "There is nothing to declare at the moment." } } @else {
            form method="post" action=(format!("/account/listings/{id}/declarations")) novalidate {
                (signed.proof())
                input type="hidden" name="revision" value=(sight.stored.kept.revision);
                @for (at, name) in names.iter().enumerate() {
                    fieldset class="times" {
                        legend { (name) }
                        (Field::new(&format!("declared-{at}"), "We have it, from", fields.text(&format!("declared-{at}"))).short(mistakes, "date"))
                        @if officer { (Field::new(&format!("seen-{at}"), "An officer has seen it on", fields.text(&format!("seen-{at}"))).short(mistakes, "date")) }
                        @else if let Some(Ok(day)) = fields.some(&format!("seen-{at}")).map(str::parse::<NaiveDate>) { p { "An officer has seen it on " (date(day)) "." } }
                    }
                }
                (call_back::form(calling.as_deref(), fields, mistakes))
                p class="hint" { @if officer { "You are a moderator: what you save is public immediately." } @else if sight.is_public() { "A moderator will check it before it is public." } @else { "This is not public yet." } }
                button class="button" { "Save" }
            }
        }
        p { a href=(format!("/account/listings/{id}")) { "Cancel" } }
    };
    let trail = vec![Step::to("/account", "Your listings"), Step::to(format!("/account/listings/{id}"), sight.document.name())];
    Ok(Page { trail, ..Page::new(mistakes.title(&format!("{title}: {}", sight.document.name())), body) })
}

/// POST `/account/listings/{id}/declarations`.
pub(super) async fn save(State(desk): State<Desk>, Path(id): Path<Uuid>, posted: Posted) -> Response {
    let (signed, fields) = (&posted.signed, &posted.fields);
    let done = async {
        let (sight, names) = open(&desk, signed, id).await?;
        let mut mistakes = Mistakes::default();
        let today = desk.site.today();
        let mut day = |name: String| match fields.some(&name).map(str::parse::<NaiveDate>) {
            None => None,
            Some(Ok(day)) if day <= today => Some(day),
            Some(Ok(_)) => {
                mistakes.add(name, "The date must not be in the future");
                None
            }
            Some(Err(_)) => {
                mistakes.add(name, "Enter a date, such as 2026-03-01");
                None
            }
        };
        let mut all = Vec::new();
        for (at, name) in names.iter().enumerate() {
            let (declared_on, seen_on) = (day(format!("declared-{at}")), day(format!("seen-{at}")));
            all.push(Said { name: name.clone(), declared_on, seen_on });
        }
        if mistakes.none() && fields.text("revision") != sight.stored.kept.revision.to_string() {
            let seen = fields.text("revision").parse().unwrap_or(-1);
            let who = Meanwhile::since(&desk, signed, id, seen).await?.words().unwrap_or_default();
            mistakes.add("declared-0", format!("{who} Check it again, then save"));
        }
        if mistakes.none() {
            let called = Some(call_back::said(fields));
            match desk.editing.declare(&signed.actor, &sight, &all, called).await {
                Ok(became) => return Ok(Ok(became)),
                Err(Error::NeedsCallBack(fault)) => call_back::mistake(&mut mistakes, &fault),
                Err(error) => return Err(error.into()),
            }
        }
        Ok::<_, Problem>(Err(page(&desk, signed, &sight, &names, (fields, &mistakes)).await?))
    };
    match done.await {
        Ok(Ok(became)) => go_to(&format!("/account/listings/{id}?saved={}", said(&became))),
        Ok(Err(page)) => desk.answer(&posted.headers, signed, Ok(page)),
        Err(problem) => desk.answer(&posted.headers, signed, Err(problem)),
    }
}
