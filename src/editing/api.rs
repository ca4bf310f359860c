//! Writing over HTTP: the same rules and outcomes as the pages, for programs with a token and for pages
//! of ours with a session.

use std::sync::Arc;

use axum::{
    Json, Router,
    body::Bytes,
    extract::{FromRequestParts, State},
    response::{IntoResponse as _, Response},
    routing::get,
};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header, request::Parts};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Became, Editing, Error, Judgement, Sight, Submission, Write, body};
use crate::{
    clock::rfc3339,
    http::{
        Fault, Problem, Segment,
        parameters::Parameters,
        visitor::{self, Presented},
    },
    identity::{Action, Actor, Subject, can},
    model::{Document, Kind, apart::apart},
    records::{self, Decision, Part, Proposal},
};

/// The header in which a page of ours proves that it sent the request, where a session is presented.
const PROOF: &str = "x-form-token";
/// Proposals that are listed.
const LISTED: u64 = 500;

/// The addresses.
pub fn routes(editing: Editing) -> Router {
    Router::new()
        .route("/api/v1/records", axum::routing::post(create))
        .route("/api/v1/records/{id}", get(read).put(replace).patch(change).delete(withdraw))
        .route("/api/v1/proposals", get(list_proposals))
        .route("/api/v1/proposals/{id}", get(read_proposal).post(decide_proposal))
        .method_not_allowed_fallback(|| async { Problem::method_not_allowed().into_response() })
        .with_state(Arc::new(editing))
}

type Api = State<Arc<Editing>>;

/// Who asks, by a token or by a session.
struct Asking(Actor);

/// The same, who has accepted the terms for contributors: whatever they write may be published.
struct Contributing(Actor);

const NOT_AGREED: &str = "accept the terms for contributors first: sign in, then start a listing or claim an organisation. For a token, the person who created it must accept them";

impl FromRequestParts<Arc<Editing>> for Contributing {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, editing: &Arc<Editing>) -> Result<Self, Response> {
        let Asking(actor) = Asking::from_request_parts(parts, editing).await?;
        let agreed =
            editing.identity.has_agreed(&actor).await.map_err(|error| Problem::from(Error::from(error)).into_response())?;
        if agreed { Ok(Self(actor)) } else { Err(Problem::forbidden(NOT_AGREED).into_response()) }
    }
}

impl FromRequestParts<Arc<Editing>> for Asking {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, editing: &Arc<Editing>) -> Result<Self, Response> {
        match who(&parts.headers, &parts.method, editing).await {
            Ok(actor) => {
                let client = visitor::client(&parts.extensions, &parts.headers, &editing.about.proxies);
                Ok(Self(actor.asking_from(client)))
            }
            Err(problem) => {
                let unknown = problem.status == StatusCode::UNAUTHORIZED.as_u16();
                let mut response = problem.into_response();
                if unknown {
                    response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
                }
                Err(response)
            }
        }
    }
}

async fn who(headers: &HeaderMap, method: &Method, editing: &Editing) -> Result<Actor, Problem> {
    let presented = Presented::read(headers);
    let problem = |error| Problem::from(Error::from(error));
    match (presented.bearer, presented.session) {
        (Some(Some(secret)), _) => {
            let found = editing.identity.presented(&secret).await.map_err(problem)?;
            found.map(|(_, actor)| actor).ok_or_else(|| Problem::unauthorized("this token is unknown, expired or revoked"))
        }
        (Some(None), _) => Err(Problem::unauthorized("this is not one of our tokens")),
        (None, Some(secret)) => {
            let found = editing.identity.signed_in(&secret).await.map_err(problem)?;
            let (_, _, actor) = found.ok_or_else(|| Problem::unauthorized("this session has ended; sign in again"))?;
            let proved = headers.get(PROOF).and_then(|value| value.to_str().ok()).unwrap_or_default();
            let ours = visitor::comes_from_us(headers, &editing.about.public_url) && visitor::form_token(&secret).is(proved);
            if *method == Method::GET || *method == Method::HEAD || ours {
                Ok(actor)
            } else {
                Err(Problem::forbidden("a session can only write from one of our pages, with its X-Form-Token"))
            }
        }
        (None, None) => Err(Problem::unauthorized("send a token as Authorization: Bearer …")),
    }
}

/// A record as its editors see it.
#[derive(Serialize, schemars::JsonSchema)]
pub(super) struct RecordAnswer {
    /// Its id.
    id: Uuid,
    /// Its kind.
    #[schemars(with = "String")]
    kind: Kind,
    /// Whether the world sees it: published, unpublished or gone.
    state: String,
    /// Its version; what If-Match compares.
    revision: i64,
    /// When it last changed, RFC 3339.
    changed_at: String,
    /// Whose it is.
    organisations: Vec<Uuid>,
    /// The directory that it comes from; empty for ours.
    origin: String,
    /// Whether every change of contact, address or link waits until a moderator has called back.
    protected: bool,
    /// What waits for a moderator.
    proposals: Vec<String>,
    /// The document.
    document: Value,
}

/// What became of a write.
#[derive(Serialize, schemars::JsonSchema)]
pub(super) struct WriteAnswer {
    /// `published` when everything stands, `proposed` when some of it waits, `unchanged` when nothing differed.
    status: &'static str,
    /// The record.
    id: Uuid,
    /// Its version now.
    revision: i64,
    /// Members that stand now.
    published: Vec<String>,
    /// Members that wait for a moderator.
    proposed: Vec<String>,
    /// Addresses of the proposals that wait.
    proposals: Vec<String>,
}

fn proposal_path(id: Uuid) -> String {
    format!("/api/v1/proposals/{id}")
}

fn etag(revision: i64) -> String {
    format!("\"{revision}\"")
}

fn answer(status: StatusCode, body: &impl Serialize, more: &[(header::HeaderName, String)]) -> Response {
    let mut response = (status, Json(json!(body))).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    for (name, value) in more {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name.clone(), value);
        }
    }
    response
}

fn id_of(text: &str) -> Result<Uuid, Problem> {
    text.parse().map_err(|_| Problem::not_found(format!("{:?} is not an id", crate::model::text::shorten(text, 80))))
}

async fn read(State(editing): Api, Asking(actor): Asking, Segment(id): Segment) -> Result<Response, Problem> {
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

fn stale(error: Error) -> Problem {
    match error {
        Error::Records(records::Error::Stale { found, .. }) => Problem::precondition_failed(format!(
            "the record is now at version {found}; read it again, then send the change again"
        )),
        other => other.into(),
    }
}

/// What is asked beside the document.
struct Said {
    why: String,
    called_back: Option<String>,
}

impl Said {
    fn read(parameters: &Parameters) -> Result<Self, Problem> {
        let text = |name: &str| Ok::<_, Problem>(parameters.text(name)?.map(|text| crate::model::text::shorten(text, 500)));
        Ok(Self { why: text("why")?.unwrap_or_else(|| "over the API".to_owned()), called_back: text("called_back")? })
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
    value: Value,
    said: Said,
) -> Result<Response, Problem> {
    let id = sight.stored.id;
    let mut value = value;
    if let Some(members) = value.as_object_mut() {
        match members.get("id").and_then(Value::as_str).map(Uuid::try_parse) {
            None => {
                members.insert("id".to_owned(), json!(id));
            }
            Some(Ok(given)) if given == id => {}
            Some(_) => {
                let fault = Fault { field: "id".to_owned(), problem: format!("is not {id}, the id in the address") };
                return Err(Problem::unfit("the document belongs to another record".to_owned(), vec![fault]));
            }
        }
    }
    let mut document = alone(Editing::read(sight.stored.kind, value)?)?;
    leave_out_what_goes_without_saying(&mut document, &sight.document);
    let write = Write { document, expected_revision: Some(revision) };
    // Whoever needs nobody's yes shows a hidden listing by saying so, with a reason, on its page.
    let publish = sight.stored.state == records::State::Unpublished && !sight.lets(actor, Action::EditAtOnce);
    let submission = Submission { writes: vec![write], why: said.why, called_back: said.called_back, publish };
    let became = Box::pin(editing.submit(actor, submission)).await.map_err(stale)?;
    written(editing, id, became, StatusCode::OK).await
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

async fn replace(
    State(editing): Api,
    Contributing(actor): Contributing,
    Segment(id): Segment,
    parameters: Parameters,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let sight = editing.look(&actor, id_of(&id)?).await?;
    let revision = expected(&headers, &sight)?;
    Box::pin(put(&editing, &actor, &sight, revision, body::document(sight.stored.kind, &body)?, Said::read(&parameters)?)).await
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

async fn change(
    State(editing): Api,
    Contributing(actor): Contributing,
    Segment(id): Segment,
    parameters: Parameters,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let sight = editing.look(&actor, id_of(&id)?).await?;
    let revision = expected(&headers, &sight)?;
    let patch = body::document(sight.stored.kind, &body)?;
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
    Box::pin(put(&editing, &actor, &sight, revision, value, Said::read(&parameters)?)).await
}

async fn withdraw(
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
pub(super) struct NewRecord {
    /// Its kind: organization, service, location, event.
    #[schemars(with = "String")]
    kind: Kind,
    /// The document. Records that are nested in it and are not there yet are made with it.
    document: Value,
}

async fn create(
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
    let submission = Submission { writes, why: said.why, called_back: said.called_back, publish: true };
    let became = Box::pin(editing.submit(&actor, submission)).await.map_err(stale)?;
    written(&editing, id, became, StatusCode::CREATED).await
}

/// A proposal as its author and those who decide read it.
async fn shown(editing: &Editing, actor: &Actor, id: Uuid) -> Result<Value, Problem> {
    let (proposal, changes, protected) = editing.change(actor, id).await?;
    let thread = editing.records.thread(id).await.map_err(Error::from)?;
    let revision = editing.records.find(proposal.record_id).await.map_err(Error::from)?.map_or(0, |stored| stored.kept.revision);
    let mut body = brief(&proposal);
    if let Some(members) = body.as_object_mut() {
        members.insert("changes".to_owned(), json!(changes));
        members.insert("protected".to_owned(), json!(protected));
        members.insert("revision".to_owned(), json!(revision));
        members.insert("thread".to_owned(), json!(thread));
        members.insert("parts".to_owned(), json!(proposal.parts));
        // What is decided together is named together.
        if let Some(bundle) = proposal.bundle.filter(|_| proposal.decision == Decision::Waiting) {
            let mut parts = editing.records.bundle(bundle).await.map_err(Error::from)?;
            parts.retain(|part| part.decision == Decision::Waiting);
            members.insert("version".to_owned(), json!(editing.records.bundle_version(&parts).await.map_err(Error::from)?));
        }
    }
    Ok(body)
}

fn brief(proposal: &Proposal) -> Value {
    json!({
        "id": proposal.id,
        "record": format!("/api/v1/records/{}", proposal.record_id),
        "kind": proposal.kind,
        "by": proposal.by,
        "why": proposal.why,
        "at": rfc3339(proposal.at),
        "version": proposal.version(),
        "decision": proposal.decision,
        "reason": proposal.decided.as_ref().map(|decided| decided.reason.clone()),
        "bundle": proposal.bundle,
    })
}

async fn list_proposals(State(editing): Api, Asking(actor): Asking) -> Result<Response, Problem> {
    let all = can(&actor, Action::SeeQueue, &Subject::Directory);
    let proposals = if all {
        editing.records.waiting(None, None, LISTED).await
    } else {
        editing.records.proposed_by(&actor.known_as(), LISTED).await
    };
    let proposals = proposals.map_err(Error::from)?;
    Ok(answer(StatusCode::OK, &json!({"proposals": proposals.iter().map(brief).collect::<Vec<_>>()}), &[]))
}

async fn read_proposal(State(editing): Api, Asking(actor): Asking, Segment(id): Segment) -> Result<Response, Problem> {
    let body = shown(&editing, &actor, id_of(&id)?).await?;
    Ok(answer(StatusCode::OK, &body, &[]))
}

/// What is decided about a proposal.
#[derive(Deserialize, schemars::JsonSchema)]
pub(super) struct DecideProposal {
    /// `accept` or `reject` by those who decide, `withdraw` by its author, `say` by either.
    decision: Deciding,
    /// The version of the record that was looked at.
    #[serde(default)]
    revision: Option<i64>,
    /// The `version` of the proposal that was looked at.
    #[serde(default)]
    version: Option<String>,
    /// Parts that are refused while the rest is accepted.
    #[serde(default)]
    rejected: Vec<Refused>,
    /// Why everything is refused, or what is said.
    #[serde(default)]
    reason: String,
    /// Who was called back about a protected listing, and what they confirmed.
    #[serde(default)]
    called_back: Option<String>,
}

/// A part that is refused.
#[derive(Deserialize, schemars::JsonSchema)]
struct Refused {
    /// The member of the document.
    field: String,
    /// Why: its author is told.
    reason: String,
}

#[derive(Clone, Copy, Deserialize, PartialEq, Eq, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
enum Deciding {
    Accept,
    Reject,
    Withdraw,
    Say,
}

async fn decide_proposal(
    State(editing): Api,
    Asking(actor): Asking,
    Segment(id): Segment,
    body: Bytes,
) -> Result<Response, Problem> {
    let id = id_of(&id)?;
    let wanted: DecideProposal =
        serde_json::from_slice(&body).map_err(|error| Problem::bad_request(format!("expected {{\"decision\": …}}: {error}")))?;
    let (proposal, changes, _) = editing.change(&actor, id).await?;
    match wanted.decision {
        Deciding::Withdraw => editing.take_back(&actor, id).await?,
        Deciding::Say => editing.say(&actor, id, &wanted.reason).await?,
        Deciding::Accept | Deciding::Reject if proposal.bundle.is_some() => {
            let accept = wanted.decision == Deciding::Accept;
            let bundle = proposal.bundle.unwrap_or_default();
            let seen = wanted.version.unwrap_or_default();
            let said = (wanted.reason.as_str(), wanted.called_back.as_deref());
            Box::pin(editing.decide_listing(&actor, bundle, accept, &seen, said)).await?;
        }
        Deciding::Accept | Deciding::Reject => {
            let missing = |field: &str| {
                let fault = Fault { field: field.to_owned(), problem: "is missing: name the version you have read".to_owned() };
                Problem::unfit(format!("{field} is missing"), vec![fault])
            };
            let all = wanted.decision == Deciding::Reject;
            let part = |field: String, reason: String| Part { field, accepted: false, reason };
            let rejected = if all {
                changes.iter().map(|change| part(change.field.clone(), wanted.reason.clone())).collect()
            } else {
                wanted.rejected.into_iter().map(|refused| part(refused.field, refused.reason)).collect()
            };
            let judgement = Judgement {
                revision: wanted.revision.ok_or_else(|| missing("revision"))?,
                version: wanted.version.ok_or_else(|| missing("version"))?,
                rejected,
                amended: Vec::new(),
                called_back: wanted.called_back,
                words: String::new(),
            };
            Box::pin(editing.decide(&actor, id, judgement)).await?;
        }
    }
    let body = shown(&editing, &actor, id).await?;
    Ok(answer(StatusCode::OK, &body, &[]))
}
