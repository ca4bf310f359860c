//! Records as their editors see them, and changes of them.

use axum::{body::Bytes, extract::State, response::Response};
use http::{HeaderMap, StatusCode, header};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    Api, answer,
    asking::{Asking, Contributing},
    etag, id_of, proposal_path, stale,
};
use crate::{
    clock::rfc3339,
    editing::{Became, Call, Editing, Error, Sight, Submission, Write, body},
    http::{Fault, Problem, Segment, parameters::Parameters},
    identity::{Action, Actor},
    model::{Document, Kind, apart::apart},
    records::{self, Decision},
};

/// A record as its editors see it.
#[derive(Serialize, schemars::JsonSchema)]
pub(in crate::editing) struct RecordAnswer {
    /// Its id.
    #[schemars(extend("examples" = ["ac148810-d857-441c-9679-408f346de14b"]))]
    id: Uuid,
    /// Its kind, such as organization, service, location or event.
    #[schemars(with = "String")]
    #[schemars(extend("examples" = ["service"]))]
    kind: Kind,
    /// Whether the world sees it: published, unpublished or gone.
    #[schemars(extend("examples" = ["published"]))]
    state: String,
    /// Its version, counted from 1; what If-Match compares.
    #[schemars(extend("examples" = [7]))]
    revision: i64,
    /// When it last changed, in UTC, RFC 3339.
    #[schemars(extend("examples" = ["2026-11-01T09:30:00.000Z"]))]
    changed_at: String,
    /// Ids of the organisations that it belongs to.
    #[schemars(extend("examples" = [["5d6c1a52-1111-4c0e-9f8e-0d1f3f2b7a10"]]))]
    organisations: Vec<Uuid>,
    /// Web address of the directory that it comes from; empty for ours.
    #[schemars(extend("examples" = ["https://directory.bedfordshire.example.org/"]))]
    origin: String,
    /// Whether every change of contact, address or link waits until a moderator has called back.
    #[schemars(extend("examples" = [false]))]
    protected: bool,
    /// Addresses of the proposals that wait for a moderator.
    #[schemars(extend("examples" = [["/api/v1/proposals/0197b2c0-a1d4-7c1e-8a3f-0d7e5c6b4a39"]]))]
    proposals: Vec<String>,
    /// The document, as its kind has it.
    #[schemars(extend("examples" = [{"id": "ac148810-d857-441c-9679-408f346de14b", "name": "Bramble Street pantry"}]))]
    document: Value,
}

/// What became of a write.
#[derive(Serialize, schemars::JsonSchema)]
pub(in crate::editing) struct WriteAnswer {
    /// `published` when everything stands, `proposed` when some of it waits, `unchanged` when nothing differed.
    #[schemars(extend("examples" = ["proposed"]))]
    status: &'static str,
    /// Id of the record.
    #[schemars(extend("examples" = ["ac148810-d857-441c-9679-408f346de14b"]))]
    id: Uuid,
    /// Its version now, counted from 1.
    #[schemars(extend("examples" = [8]))]
    revision: i64,
    /// Names of the members that stand now.
    #[schemars(extend("examples" = [["fees_description"]]))]
    published: Vec<String>,
    /// Names of the members that wait for a moderator.
    #[schemars(extend("examples" = [["phones"]]))]
    proposed: Vec<String>,
    /// Addresses of the proposals that wait.
    #[schemars(extend("examples" = [["/api/v1/proposals/0197b2c0-a1d4-7c1e-8a3f-0d7e5c6b4a39"]]))]
    proposals: Vec<String>,
}

pub(super) async fn read(State(editing): Api, Asking(actor): Asking, Segment(id): Segment) -> Result<Response, Problem> {
    let sight = editing.look(&actor, id_of(&id)?).await?;
    let revision = sight.stored.kept.revision;
    let waiting = editing.records.proposed_about(&[sight.stored.id]).await.map_err(Error::from)?;
    let body = RecordAnswer {
        id: sight.stored.id,
        kind: sight.stored.kind,
        state: serde_json::to_value(sight.stored.state)
            .ok()
            .and_then(|state| state.as_str().map(str::to_owned))
            .unwrap_or_default(),
        revision,
        changed_at: rfc3339(sight.stored.kept.changed_at),
        organisations: sight.owners.clone(),
        origin: sight.stored.origin.clone(),
        protected: sight.protected,
        proposals: waiting.iter().filter(|one| one.decision == Decision::Waiting).map(|one| proposal_path(one.id)).collect(),
        document: sight.stored.value().map_err(Error::from)?,
    };
    Ok(answer(StatusCode::OK, &body, &[(header::ETAG, etag(revision))]))
}

/// The version that the client has read: 428 where it does not say, 412 where it is not the one there.
fn expected(headers: &HeaderMap, sight: &Sight) -> Result<i64, Problem> {
    let given = headers.get(header::IF_MATCH).ok_or_else(Problem::precondition_required)?;
    let found = sight.stored.kept.revision;
    let tags = given.to_str().unwrap_or_default();
    // * says that the client has read nothing. RFC 9110 compares strongly here, because equal weak tags
    // may name other bytes; ours names a version of the record, and is weak for no other reason than
    // that we, or somebody's proxy, compressed what it came with.
    let matches = tags.split(',').map(str::trim).any(|tag| tag.strip_prefix("W/").unwrap_or(tag) == etag(found));
    if matches {
        Ok(found)
    } else {
        Err(Problem::precondition_failed(format!(
            "the record is now at version {found}; read it again, then send the change again"
        )))
    }
}

/// What is asked beside the document.
struct Said {
    why: String,
    called_back: Option<Call>,
    /// Whether hours and dates that look like a slip are meant.
    meant: bool,
}

impl Said {
    fn read(parameters: &Parameters) -> Result<Self, Problem> {
        let text = |name: &str| Ok::<_, Problem>(parameters.text(name)?.map(|text| crate::model::text::shorten(text, 500)));
        let called_back = Call {
            number: text("called_back.number")?,
            otherwise: text("called_back.otherwise")?,
            spoke_to: text("called_back.spoke_to")?,
            at: text("called_back.at")?,
        };
        let why = text("why")?.unwrap_or_else(|| "over the API".to_owned());
        Ok(Self { why, called_back: Some(called_back), meant: parameters.flag("meant")? })
    }

    /// What is handed in with these words.
    fn submission(self, writes: Vec<Write>, publish: bool) -> Submission {
        let Self { why, called_back, meant: slips_are_meant } = self;
        Submission { writes, why, publish, called_back, slips_are_meant, ..Submission::default() }
    }
}

async fn written(editing: &Editing, id: Uuid, became: Became, status: StatusCode) -> Result<Response, Problem> {
    let revision = editing.records.find(id).await.map_err(Error::from)?.map_or(0, |stored| stored.kept.revision);
    let fields = |of: Vec<(Uuid, Vec<String>)>| {
        of.into_iter().filter(|(record, _)| *record == id).flat_map(|(_, fields)| fields).collect()
    };
    let body = WriteAnswer {
        status: match (became.is_nothing(), became.proposals.is_empty()) {
            (true, _) => "unchanged",
            (false, true) => "published",
            (false, false) => "proposed",
        },
        id,
        revision,
        proposals: became.proposals.iter().copied().map(proposal_path).collect(),
        published: fields(became.published),
        proposed: fields(became.waiting),
    };
    let status = if body.proposals.is_empty() { status } else { StatusCode::ACCEPTED };
    let location = body.proposals.first().cloned().unwrap_or_else(|| format!("/api/v1/records/{id}"));
    let etag = (header::ETAG, etag(revision));
    Ok(answer(status, &body, &[etag, (header::LOCATION, location)]))
}

async fn put(
    editing: &Editing,
    actor: &Actor,
    sight: &Sight,
    revision: i64,
    document: Document,
    said: Said,
) -> Result<Response, Problem> {
    let write = Write { document, expected_revision: Some(revision) };
    // Whoever needs nobody's yes shows a hidden listing by saying so, with a reason, on its page.
    let publish = sight.stored.state == records::State::Unpublished && !sight.lets(actor, Action::EditAtOnce);
    let became = Box::pin(editing.submit(actor, said.submission(vec![write], publish))).await.map_err(stale)?;
    written(editing, sight.stored.id, became, StatusCode::OK).await
}

/// The document that takes the place of the one that stands, without the records that are nested in it.
pub(super) fn replaced(sight: &Sight, mut value: Value) -> Result<Document, Problem> {
    let id = sight.stored.id;
    if let Some(members) = value.as_object_mut() {
        match members.get("id").and_then(Value::as_str).map(Uuid::try_parse) {
            None => {
                members.insert("id".to_owned(), json!(id));
            }
            Some(Ok(given)) if given == id => {}
            Some(_) => {
                let fault = Fault { field: "id".to_owned(), problem: format!("is not {id}, the id of the record") };
                return Err(Problem::unfit("the document belongs to another record".to_owned(), vec![fault]));
            }
        }
    }
    let mut document = alone(Editing::read(sight.stored.kind, value)?)?;
    leave_out_what_goes_without_saying(&mut document, &sight.document);
    Ok(document)
}

/// The document that stands, changed by a patch (RFC 7396).
pub(super) fn patched(sight: &Sight, patch: Value) -> Result<Document, Problem> {
    if !patch.is_object() {
        return Err(Problem::bad_request("a change must be an object with the members to change (RFC 7396)".to_owned()));
    }
    let mut value = sight.stored.value().map_err(Error::from)?;
    let own = ["last_modified"].into_iter().filter(|name| patch.get(name).is_some());
    let faults: Vec<Fault> =
        own.map(|name| Fault { field: name.to_owned(), problem: "is set by the directory, not by an edit".to_owned() }).collect();
    if !faults.is_empty() {
        return Err(Problem::unfit("the change names what no edit sets".to_owned(), faults));
    }
    merge(&mut value, patch);
    // What is stored has no records nested in it, so any that are there now are in the change.
    if let Some(nested) = parts_of(Editing::read(sight.stored.kind, value.clone())?)?.iter().rev().nth(1) {
        let problem = format!("is another record: change it at /api/v1/records/{}", nested.id());
        let fault = Fault { field: nested.kind().as_str().to_owned(), problem };
        return Err(Problem::unfit("the change has another record in it".to_owned(), vec![fault]));
    }
    replaced(sight, value)
}

/// Taken apart, a link says which service it is of. Where it did not say so before, that is no change.
fn leave_out_what_goes_without_saying(document: &mut Document, standing: &Document) {
    let (Document::Service(service), Document::Service(standing)) = (document, standing) else { return };
    for link in service.service_at_locations.iter_mut().filter(|link| link.service_id == Some(standing.id)) {
        let before = standing.service_at_locations.iter().find(|before| before.id == link.id);
        if before.is_some_and(|before| before.service_id.is_none()) {
            link.service_id = None;
        }
    }
}

/// The document without the records that were nested in it: each has an address of its own.
fn alone(document: Document) -> Result<Document, Problem> {
    let mut parts = parts_of(document)?;
    parts.pop().ok_or_else(|| Problem::bad_request("the document is missing".to_owned()))
}

fn parts_of(document: Document) -> Result<Vec<Document>, Problem> {
    apart(document).map_err(|problem| {
        let fault = Fault { field: "organization_id".to_owned(), problem: problem.clone() };
        Problem::unfit(problem, vec![fault])
    })
}

pub(super) async fn replace(
    State(editing): Api,
    Contributing(actor): Contributing,
    Segment(id): Segment,
    parameters: Parameters,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let sight = editing.look(&actor, id_of(&id)?).await?;
    let revision = expected(&headers, &sight)?;
    let document = replaced(&sight, body::document(sight.stored.kind, &body)?)?;
    Box::pin(put(&editing, &actor, &sight, revision, document, Said::read(&parameters)?)).await
}

/// RFC 7396: members that are given replace those that stand, `null` takes one away.
fn merge(into: &mut Value, patch: Value) {
    let Value::Object(patch) = patch else {
        *into = patch;
        return;
    };
    if !into.is_object() {
        *into = json!({});
    }
    let Some(members) = into.as_object_mut() else { return };
    for (name, value) in patch {
        if value.is_null() {
            members.remove(&name);
        } else {
            merge(members.entry(name).or_insert(Value::Null), value);
        }
    }
}

pub(super) async fn change(
    State(editing): Api,
    Contributing(actor): Contributing,
    Segment(id): Segment,
    parameters: Parameters,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let sight = editing.look(&actor, id_of(&id)?).await?;
    let revision = expected(&headers, &sight)?;
    let document = patched(&sight, body::document(sight.stored.kind, &body)?)?;
    Box::pin(put(&editing, &actor, &sight, revision, document, Said::read(&parameters)?)).await
}

pub(super) async fn withdraw(
    State(editing): Api,
    Asking(actor): Asking,
    Segment(id): Segment,
    parameters: Parameters,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let sight = editing.look(&actor, id_of(&id)?).await?;
    let revision = expected(&headers, &sight)?;
    let said = Said::read(&parameters)?;
    Box::pin(editing.withdraw(&actor, &sight, revision, &said.why)).await.map_err(stale)?;
    Ok(answer(StatusCode::OK, &json!({"status": "withdrawn", "id": sight.stored.id}), &[]))
}

/// A new record: `{"kind": …, "document": …}`.
#[derive(Deserialize, schemars::JsonSchema)]
pub(in crate::editing) struct NewRecord {
    /// Its kind: organization, service, location or event.
    #[schemars(with = "String")]
    #[schemars(extend("examples" = ["service"]))]
    kind: Kind,
    /// The document, as its kind has it. Records that are nested in it and are not there yet are made with it.
    #[schemars(extend("examples" = [{"name": "Bramble Street pantry", "organization_id": "5d6c1a52-1111-4c0e-9f8e-0d1f3f2b7a10"}]))]
    document: Value,
}

pub(super) async fn create(
    State(editing): Api,
    Contributing(actor): Contributing,
    parameters: Parameters,
    body: Bytes,
) -> Result<Response, Problem> {
    let new: NewRecord = body::with_document(&body)?;
    let mut value = new.document;
    if let Some(members) = value.as_object_mut() {
        members.entry("id").or_insert_with(|| json!(crate::ids::fresh()));
    }
    let parts = parts_of(Editing::read(new.kind, value)?)?;
    let ids: Vec<Uuid> = parts.iter().map(Document::id).collect();
    let known = editing.records.kinds(&ids).await.map_err(Error::from)?;
    let id = ids.last().copied().unwrap_or_default();
    if known.contains_key(&id) {
        return Err(Problem::conflict(format!("record {id} already exists; change it at /api/v1/records/{id}")));
    }
    let writes: Vec<Write> = parts
        .into_iter()
        .filter(|part| !known.contains_key(&part.id()))
        .map(|document| Write { document, expected_revision: None })
        .collect();
    let said = Said::read(&parameters)?;
    let became = Box::pin(editing.submit(&actor, said.submission(writes, true))).await.map_err(stale)?;
    written(&editing, id, became, StatusCode::CREATED).await
}
