//! Adding an organisation, a service, an event: begun with two or three fields, kept as a draft that can
//! be gone on with on any device, public once a moderator has said yes.

use axum::{extract::State, response::Response};
use chrono::Duration;
use http::HeaderMap;
use maud::{Markup, html};
use serde_json::json;
use uuid::Uuid;

use super::{about, dates};
use crate::{
    editing::{Error, Submission, Write},
    http::{Parameters, Problem},
    identity::{Action, Deed, Identity, MemberRole},
    model::{Document, Kind, with_only},
    pages::{
        account::{agree, candidates, is_alike, terms},
        desk::{Desk, Fields, Path, Posted, Signed, go_to},
        fields::{Mistakes, tick},
        layout::{Page, Step},
        words::count,
    },
};

/// Organisations that somebody may add within an hour.
const ADDED: i32 = 5;

/// What is added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum New {
    Organisation,
    /// To this organisation.
    Service(Uuid),
    /// To this organisation.
    Event(Uuid),
}

impl New {
    fn title(self) -> &'static str {
        match self {
            Self::Organisation => "Add your organisation",
            Self::Service(_) => "Add a service",
            Self::Event(_) => "Add an event or workshop",
        }
    }

    fn path(self) -> String {
        match self {
            Self::Organisation => "/account/organisations/new".to_owned(),
            Self::Service(id) => format!("/account/organisations/{id}/services/new"),
            Self::Event(id) => format!("/account/organisations/{id}/events/new"),
        }
    }

    fn kind(self) -> Kind {
        match self {
            Self::Organisation => Kind::Organization,
            Self::Service(_) => Kind::Service,
            Self::Event(_) => Kind::Event,
        }
    }

    /// What is asked next.
    fn next(self) -> &'static str {
        match self {
            Self::Organisation => "contact",
            Self::Service(_) => "times",
            Self::Event(_) => "dates",
        }
    }
}

/// The field that tells two forms from one form that is sent twice.
const BEGUN: &str = "begun";

/// The id of what a form adds: the same when the same form is sent twice, as by two taps. Nobody chooses it, since
/// it follows from who sends it; and whoever goes back and writes down something else adds something else.
fn id_of(signed: &Signed, fields: &Fields) -> Uuid {
    match fields.some(BEGUN) {
        Some(begun) => {
            let said = serde_json::to_string(&fields.written().collect::<Vec<_>>()).unwrap_or_default();
            crate::ids::derived(signed.person.id.0, &format!("added by a form: {begun} {said}"))
        }
        None => crate::ids::fresh(),
    }
}

/// Whether it has been added already by the same form.
async fn is_added(desk: &Desk, signed: &Signed, id: Uuid) -> Result<bool, Error> {
    let stored = desk.editing.records().find(id).await?;
    Ok(stored.is_some_and(|stored| stored.kept.changed_by == signed.actor.known_as()))
}

fn page(desk: &Desk, signed: &Signed, new: New, fields: &Fields, mistakes: &Mistakes, more: &Markup) -> Page {
    let title = new.title();
    let begun = fields.some(BEGUN).map_or_else(|| crate::ids::fresh().to_string(), str::to_owned);
    let days = count(desk.editing.about().keeps_drafts.into(), "day", "days");
    let body = html! {
        (mistakes.summary())
        h1 { (title) }
        p { "It is saved as a draft, which is deleted if nobody changes it for " (days) ". It is not public until you send it and a moderator has checked it. " a href="/directory/listing-policy" { "What is listed here, and what is not" } }
        form method="post" action=(new.path()) novalidate {
            (signed.proof())
            input type="hidden" name=(BEGUN) value=(begun);
            @if let Some(copy) = fields.some("copy") { input type="hidden" name="copy" value=(copy); }
            (about::form(new.kind(), fields, mistakes))
            @if matches!(new, New::Event(_)) { (dates::first_date(fields, mistakes)) }
            (more)
            (terms(signed, mistakes))
            button class="button" { "Continue" }
        }
    };
    Page { trail: vec![Step::to("/account", "Your listings")], ..Page::new(mistakes.title(title), body) }
}

/// The form, filled in with what somebody had written; none where there is no such form.
pub(in crate::pages) async fn written(
    desk: &Desk,
    signed: &Signed,
    organisation: Option<Uuid>,
    folder: &str,
    fields: &Fields,
) -> Result<Option<Page>, Error> {
    let new = match (organisation, folder) {
        (None, _) => New::Organisation,
        (Some(id), "services") => New::Service(id),
        (Some(id), "events") => New::Event(id),
        _ => return Ok(None),
    };
    if let Some(id) = organisation {
        may_add(desk, signed, id).await?;
    }
    Ok(Some(page(desk, signed, new, fields, &Mistakes::default(), &html! {})))
}

/// GET `/account/organisations/new`, with the `name` that somebody has looked for before.
pub(super) async fn ask_organisation(
    State(desk): State<Desk>,
    signed: Signed,
    parameters: Parameters,
    headers: HeaderMap,
) -> Response {
    let mut fields = Fields::default();
    fields.set("name", parameters.text("name").ok().flatten().unwrap_or_default());
    let page = page(&desk, &signed, New::Organisation, &fields, &Mistakes::default(), &html! {});
    desk.answer(&headers, &signed, Ok(page))
}

/// Organisations that are there already and may be this one.
fn alike(desk: &Desk, name: &str) -> Result<Vec<(Uuid, String)>, Problem> {
    let mut found: Vec<(Uuid, String)> = candidates(desk, name)?.into_iter().map(|one| (one.id, one.name)).collect();
    found.retain(|(_, known)| is_alike(known, name));
    Ok(found)
}

/// POST `/account/organisations/new`.
pub(super) async fn make_organisation(State(desk): State<Desk>, posted: Posted) -> Response {
    let (signed, fields) = (&posted.signed, &posted.fields);
    let done = async {
        let mut mistakes = Mistakes::default();
        let id = id_of(signed, fields);
        if is_added(&desk, signed, id).await? {
            becomes_lead(&desk, signed, id).await?;
            return Ok(Ok(id));
        }
        let mut document = Document::Organization(Box::new(with_only(json!({"id": id, "name": "", "description": ""}))));
        about::take(fields, &mut document, &mut mistakes);
        agree(&desk, &posted, &mut mistakes).await?;
        let alike = alike(&desk, fields.text("name"))?;
        if !alike.is_empty() && !fields.has("none_of_these") {
            mistakes.add("none_of_these", "There are organisations with similar names. Check whether yours is one of them");
        }
        if !mistakes.none() {
            let same = html! {
                @if !alike.is_empty() {
                    h2 { "Is it one of these?" }
                    ul { @for (id, name) in &alike { li { a href=(format!("/account/organisations/{id}/claim")) { (name) } } } }
                    (tick("none_of_these", "No, add a new organisation", fields.has("none_of_these"), &mistakes))
                }
            };
            return Ok(Err(page(&desk, signed, New::Organisation, fields, &mistakes, &same)));
        }
        let tx = desk.identity().write().await.map_err(Error::from)?;
        let who = Identity::known_as(signed.person.id);
        let few = desk.identity().within(&tx, "organisations added by a person", ADDED, &who).await.map_err(Error::from)?;
        tx.commit().await?;
        if !few {
            return Err(Error::Forbidden("you have added too many organisations within an hour; try again later").into());
        }
        add(&desk, signed, document, "new organisation").await?;
        becomes_lead(&desk, signed, id).await?;
        Ok::<_, Problem>(Ok(id))
    };
    match done.await {
        Ok(Ok(id)) => go_to(&format!("/account/listings/{id}/{}", New::Organisation.next())),
        Ok(Err(page)) => desk.answer(&posted.headers, signed, Ok(page)),
        Err(problem) => desk.answer(&posted.headers, signed, Err(problem)),
    }
}

/// Whoever adds an organisation keeps it; nobody else sees it yet. Had it stopped in between, nobody could open what
/// they added, so it is seen to again when the form comes again: as long as nothing was done with it since. Whoever has
/// left, or was removed, comes back by no old form.
async fn becomes_lead(desk: &Desk, signed: &Signed, id: Uuid) -> Result<(), Error> {
    let (identity, who) = (desk.identity(), Identity::known_as(signed.person.id));
    let tx = identity.write().await?;
    desk.editing.records().hold(&tx, &[id]).await?;
    let is_new = desk.editing.records().find(id).await?.is_some_and(|stored| stored.kept.revision == 1);
    if !is_new || identity.is_kept(&tx, id).await? {
        return Ok(());
    }
    identity.add_member(&tx, id, signed.person.id, MemberRole::Lead).await?;
    identity.note(&tx, &who, Deed::AddOrganisation, &id.to_string(), "", signed.actor.client()).await?;
    Ok(tx.commit().await?)
}

/// Add a draft, unless the same form has added it a moment before.
async fn add(desk: &Desk, signed: &Signed, document: Document, why: &str) -> Result<(), Error> {
    let id = document.id();
    let writes = vec![Write { document, expected_revision: None }];
    // The form has asked.
    let submission = Submission { writes, why: why.to_owned(), slips_are_meant: true, ..Submission::default() };
    match desk.editing.submit(&signed.actor, submission).await {
        // However the records say so.
        Err(_) if is_added(desk, signed, id).await? => Ok(()),
        done => done.map(drop),
    }
}

/// That somebody may add listings to an organisation.
async fn may_add(desk: &Desk, signed: &Signed, organisation: Uuid) -> Result<(), Error> {
    let sight = desk.editing.look(&signed.actor, organisation).await?;
    let may = sight.stored.kind == Kind::Organization && !sight.is_foreign() && sight.lets(&signed.actor, Action::Edit);
    if may { Ok(()) } else { Err(Error::Forbidden("you do not have permission to add listings to this organisation")) }
}

/// GET `/account/organisations/{id}/services/new`.
pub(super) async fn ask_service(State(desk): State<Desk>, Path(id): Path<Uuid>, signed: Signed, headers: HeaderMap) -> Response {
    let done = may_add(&desk, &signed, id)
        .await
        .map(|()| page(&desk, &signed, New::Service(id), &Fields::default(), &Mistakes::default(), &html! {}));
    desk.answer(&headers, &signed, done.map_err(Problem::from))
}

/// POST `/account/organisations/{id}/services/new`.
pub(super) async fn make_service(State(desk): State<Desk>, Path(organisation): Path<Uuid>, posted: Posted) -> Response {
    let id = id_of(&posted.signed, &posted.fields);
    let value = json!({"id": id, "name": "", "status": "active", "organization_id": organisation});
    let document = Document::Service(Box::new(with_only(value)));
    make(&desk, &posted, New::Service(organisation), organisation, document).await
}

/// GET `/account/organisations/{id}/events/new`; with `copy`, beginning with another event.
pub(super) async fn ask_event(
    State(desk): State<Desk>,
    Path(id): Path<Uuid>,
    signed: Signed,
    parameters: Parameters,
    headers: HeaderMap,
) -> Response {
    let done = async {
        may_add(&desk, &signed, id).await?;
        let mut fields = Fields::default();
        if let Some(copied) = parameters.text("copy").ok().flatten().and_then(|copy| copy.parse::<Uuid>().ok()) {
            let mut sight = desk.editing.look(&signed.actor, copied).await?;
            if let Document::Event(event) = &mut sight.document {
                a_year_later(event);
            }
            fields = about::fill(&sight.document);
            for (name, value) in dates::fill(&sight.document).starting("") {
                fields.set(name, value);
            }
            fields.set("copy", copied.to_string());
        }
        Ok::<_, Error>(page(&desk, &signed, New::Event(id), &fields, &Mistakes::default(), &html! {}))
    };
    desk.answer(&headers, &signed, done.await.map_err(Problem::from))
}

/// POST `/account/organisations/{id}/events/new`.
pub(super) async fn make_event(State(desk): State<Desk>, Path(organisation): Path<Uuid>, posted: Posted) -> Response {
    let id = id_of(&posted.signed, &posted.fields);
    let copied = match posted.fields.some("copy").and_then(|copy| copy.parse::<Uuid>().ok()) {
        Some(copied) => desk.editing.look(&posted.signed.actor, copied).await.ok(),
        None => None,
    };
    let document = if let Some(Document::Event(mut event)) = copied.map(|sight| sight.document) {
        // Last year's event, a year later, without what was different on single dates.
        event.id = id.into();
        event.changes.clear();
        event.exdates.clear();
        event.rdates.clear();
        a_year_later(&mut event);
        Document::Event(event)
    } else {
        // Its date comes from the form before anything is kept.
        let nowhen = "1970-01-01T00:00:00";
        let value = json!({
            "id": id, "name": "", "status": "scheduled", "organization_id": organisation,
            "start": nowhen, "end": nowhen, "timezone": "Europe/London",
        });
        Document::Event(Box::new(with_only(value)))
    };
    make(&desk, &posted, New::Event(organisation), organisation, document).await
}

/// Move an event on by whole weeks, so that it stays on its day of the week.
fn a_year_later(event: &mut crate::model::Event) {
    let later = |at: &crate::model::values::LocalDateTime| {
        (at.naive() + Duration::weeks(52)).format("%Y-%m-%dT%H:%M:%S").to_string().parse().ok()
    };
    if let (Some(start), Some(end)) = (later(&event.start), later(&event.end)) {
        (event.start, event.end) = (start, end);
    }
    if let Some(rule) = &event.rrule {
        let kept: Vec<&str> = rule.split(';').filter(|part| !part.starts_with("UNTIL=")).collect();
        event.rrule = Some(kept.join(";"));
    }
}

async fn make(desk: &Desk, posted: &Posted, new: New, organisation: Uuid, mut document: Document) -> Response {
    let (signed, fields) = (&posted.signed, &posted.fields);
    let id = document.id();
    let done = async {
        may_add(desk, signed, organisation).await?;
        if is_added(desk, signed, id).await? {
            return Ok(Ok(()));
        }
        let mut mistakes = Mistakes::default();
        about::take(fields, &mut document, &mut mistakes);
        if matches!(new, New::Event(_)) {
            dates::take_first_date(fields, &mut document, desk.site.today(), &mut mistakes);
        }
        agree(desk, posted, &mut mistakes).await?;
        if !mistakes.none() {
            return Ok(Err(page(desk, signed, new, fields, &mistakes, &html! {})));
        }
        add(desk, signed, document, "new listing started").await.map(Ok)
    };
    match done.await {
        Ok(Ok(())) => go_to(&format!("/account/listings/{id}/{}", new.next())),
        Ok(Err(page)) => desk.answer(&posted.headers, signed, Ok(page)),
        Err(error) => desk.answer(&posted.headers, signed, Err(error.into())),
    }
}
