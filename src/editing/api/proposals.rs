//! Proposals: what waits, what is decided about it, and changes that are to wait whatever they are.

use axum::{body::Bytes, extract::State, response::Response};
use http::{StatusCode, header};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    Api, answer,
    asking::{Asking, Contributing},
    id_of, proposal_path,
    records::{patched, replaced},
    stale,
};
use crate::{
    clock::rfc3339,
    editing::{Call, Editing, Error, Judgement, OneChange, Submission, Whole, Write, body},
    http::{Fault, Problem, Segment},
    identity::{Action, Actor, Subject, can},
    model::text::shorten,
    records::{self, Decision, LeftOut, Part, Proposal},
};

/// Proposals that are listed.
const LISTED: u64 = 500;
/// Records that one request may propose to change.
const MOST: usize = 50;

/// A proposal as its author and those who decide read it.
async fn shown(editing: &Editing, actor: &Actor, id: Uuid) -> Result<Value, Problem> {
    let OneChange { proposal, changes, protected, revision, .. } = editing.change(actor, id).await?;
    let thread = editing.records.thread(id).await.map_err(Error::from)?;
    let mut body = brief(&proposal);
    if let Some(members) = body.as_object_mut() {
        members.insert("changes".to_owned(), json!(changes));
        members.insert("protected".to_owned(), json!(protected));
        members.insert("revision".to_owned(), json!(revision));
        members.insert("thread".to_owned(), json!(thread));
        members.insert("parts".to_owned(), json!(proposal.parts));
        // Whom a moderator phones, and phoned, is for those who decide.
        if protected && can(actor, Action::Decide, &Subject::Directory) {
            let about: Vec<Uuid> = [id].into_iter().chain(proposal.bundle).collect();
            members.insert("called_back".to_owned(), json!(editing.call_for(actor, &about).await?));
            let records = match proposal.bundle {
                Some(bundle) => {
                    editing.records.bundle(bundle).await.map_err(Error::from)?.iter().map(|one| one.record_id).collect()
                }
                None => vec![proposal.record_id],
            };
            members.insert("known_numbers".to_owned(), json!(editing.known_numbers(&records).await?));
        }
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

pub(super) async fn list(State(editing): Api, Asking(actor): Asking) -> Result<Response, Problem> {
    let all = can(&actor, Action::SeeQueue, &Subject::Directory);
    let proposals = if all {
        editing.records.waiting(None, None, LISTED).await
    } else {
        editing.records.proposed_by(&actor.known_as(), LISTED).await
    };
    let proposals = proposals.map_err(Error::from)?;
    Ok(answer(StatusCode::OK, &json!({"proposals": proposals.iter().map(brief).collect::<Vec<_>>()}), &[]))
}

pub(super) async fn read(State(editing): Api, Asking(actor): Asking, Segment(id): Segment) -> Result<Response, Problem> {
    let body = shown(&editing, &actor, id_of(&id)?).await?;
    Ok(answer(StatusCode::OK, &body, &[]))
}

/// What is decided about a proposal.
#[derive(Deserialize, schemars::JsonSchema)]
pub(in crate::editing) struct DecideProposal {
    /// `accept` or `reject` by those who decide, `withdraw` by its author, `say` by either.
    decision: Deciding,
    /// The version of the record that was looked at, counted from 1.
    #[serde(default)]
    #[schemars(extend("examples" = [7]))]
    revision: Option<i64>,
    /// The `version` of the proposal that was looked at: 16 hexadecimal digits.
    #[serde(default)]
    #[schemars(extend("examples" = ["3f8a1c22d9015b7e"]))]
    version: Option<String>,
    /// Parts that are refused while the rest is accepted. Of what is decided together: members of this record, if it is
    /// new, that are left out.
    #[serde(default)]
    rejected: Vec<Refused>,
    /// Why everything is refused, or what is said, in a sentence or two.
    #[serde(default)]
    #[schemars(extend("examples" = ["The new number is not answered."]))]
    reason: String,
    /// What is said of a call back about a protected listing, where something is accepted.
    #[serde(default)]
    called_back: Option<Call>,
}

/// A part that is refused.
#[derive(Deserialize, schemars::JsonSchema)]
struct Refused {
    /// Name of the member of the document.
    #[schemars(extend("examples" = ["phones"]))]
    field: String,
    /// Why, in a sentence: its author is told.
    #[schemars(extend("examples" = ["The new number is not answered."]))]
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

pub(super) async fn decide(
    State(editing): Api,
    Asking(actor): Asking,
    Segment(id): Segment,
    body: Bytes,
) -> Result<Response, Problem> {
    let id = id_of(&id)?;
    let wanted: DecideProposal =
        serde_json::from_slice(&body).map_err(|error| Problem::bad_request(format!("expected {{\"decision\": …}}: {error}")))?;
    let OneChange { proposal, changes, .. } = editing.change(&actor, id).await?;
    match wanted.decision {
        Deciding::Withdraw => editing.take_back(&actor, id).await?,
        Deciding::Say => editing.say(&actor, id, &wanted.reason).await?,
        Deciding::Accept | Deciding::Reject if proposal.bundle.is_some() => {
            let accept = wanted.decision == Deciding::Accept;
            let bundle = proposal.bundle.unwrap_or_default();
            let left_out = wanted.rejected.into_iter();
            let left_out = left_out.map(|one| LeftOut { proposal: id, part: Part::refused(one.field, one.reason) }).collect();
            let seen = wanted.version.unwrap_or_default();
            let whole = Whole { accept, seen, reason: wanted.reason, called_back: wanted.called_back, left_out };
            Box::pin(editing.decide_listing(&actor, bundle, whole)).await?;
        }
        Deciding::Accept | Deciding::Reject => {
            let missing = |field: &str| {
                let fault = Fault { field: field.to_owned(), problem: "is missing: name the version you have read".to_owned() };
                Problem::unfit(format!("{field} is missing"), vec![fault])
            };
            let all = wanted.decision == Deciding::Reject;
            let part = |field: String, reason: String| Part::refused(field, reason);
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

/// Changes that are proposed: one, or several that are decided together.
#[derive(Deserialize, schemars::JsonSchema)]
pub(in crate::editing) struct Propose {
    /// Why, for those who decide and for the history, in at most 500 characters.
    #[serde(default)]
    #[schemars(extend("examples" = ["New prices from January"]))]
    why: String,
    /// Whether hours that end before they start, and dates in the past, are meant.
    #[serde(default)]
    #[schemars(extend("examples" = [false]))]
    meant: bool,
    /// The changes, each of another record.
    changes: Vec<ProposedChange>,
}

/// A change of a record: a whole `document`, or a `patch` of the one that stands.
#[derive(Deserialize, schemars::JsonSchema)]
struct ProposedChange {
    /// The id of the record.
    #[schemars(extend("examples" = ["ac148810-d857-441c-9679-408f346de14b"]))]
    record: Uuid,
    /// The version of the record that was read, counted from 1. Without it the answer is 428, and 412 where it is not the
    /// one there.
    #[serde(default)]
    #[schemars(extend("examples" = [7]))]
    revision: Option<i64>,
    /// The whole document as it is to be.
    #[serde(default)]
    #[schemars(extend("examples" = [{"id": "ac148810-d857-441c-9679-408f346de14b", "name": "Bramble Street pantry"}]))]
    document: Option<Value>,
    /// The members to change (RFC 7396).
    #[serde(default)]
    #[schemars(extend("examples" = [{"fees_description": "£5 a visit"}]))]
    patch: Option<Value>,
}

/// What became of what was proposed.
#[derive(Serialize, schemars::JsonSchema)]
pub(in crate::editing) struct ProposeAnswer {
    /// `proposed`, or `unchanged` when nothing differs from what stands.
    #[schemars(extend("examples" = ["proposed"]))]
    status: &'static str,
    /// Addresses of the proposals that wait, one for each record that would change.
    #[schemars(extend("examples" = [["/api/v1/proposals/0197b2c0-a1d4-7c1e-8a3f-0d7e5c6b4a39"]]))]
    proposals: Vec<String>,
    /// Id of what they are decided together under, where there are several.
    #[schemars(extend("examples" = ["0197b2c0-a1d4-7c1e-8a3f-0d7e5c6b4a40"]))]
    bundle: Option<Uuid>,
    /// The members that wait, by record.
    proposed: Vec<ProposedMembers>,
}

/// Members of a record that wait.
#[derive(Serialize, schemars::JsonSchema)]
struct ProposedMembers {
    /// The address of the record.
    #[schemars(extend("examples" = ["/api/v1/records/ac148810-d857-441c-9679-408f346de14b"]))]
    record: String,
    /// Names of the members.
    #[schemars(extend("examples" = [["fees_description"]]))]
    members: Vec<String>,
}

pub(super) async fn propose(State(editing): Api, Contributing(actor): Contributing, body: Bytes) -> Result<Response, Problem> {
    let wanted: Propose = body::of_shape(&body, r#"{"changes": [{"record", "revision", "patch"}]}"#)?;
    if wanted.changes.is_empty() || wanted.changes.len() > MOST {
        return Err(Problem::bad_request(format!("send from 1 to {MOST} changes, each of another record")));
    }
    let mut writes: Vec<Write> = Vec::new();
    for change in wanted.changes {
        let write = write_of(&editing, &actor, change).await?;
        let id = write.document.id();
        if writes.iter().any(|known| known.document.id() == id) {
            return Err(Problem::bad_request(format!("record {id} is changed twice; put both changes into one")));
        }
        writes.push(write);
    }
    let why = if wanted.why.trim().is_empty() { "over the API".to_owned() } else { shorten(wanted.why.trim(), 500) };
    let submission =
        Submission { writes, why, publish: true, all_waits: true, slips_are_meant: wanted.meant, ..Submission::default() };
    let became = Box::pin(editing.submit(&actor, submission)).await.map_err(stale)?;
    let first = match became.proposals.first() {
        Some(first) => editing.records.proposal(*first).await.map_err(Error::from)?,
        None => None,
    };
    let members = |(record, members)| ProposedMembers { record: format!("/api/v1/records/{record}"), members };
    let body = ProposeAnswer {
        status: if first.is_some() { "proposed" } else { "unchanged" },
        proposals: became.proposals.iter().copied().map(proposal_path).collect(),
        bundle: first.as_ref().and_then(|first| first.bundle),
        proposed: became.waiting.into_iter().map(members).collect(),
    };
    Ok(match first {
        Some(first) => answer(StatusCode::CREATED, &body, &[(header::LOCATION, proposal_path(first.id))]),
        None => answer(StatusCode::OK, &body, &[]),
    })
}

/// The write that a proposed change asks for, by somebody who may know of the record.
async fn write_of(editing: &Editing, actor: &Actor, change: ProposedChange) -> Result<Write, Problem> {
    let id = change.record;
    let revision = change.revision.ok_or_else(|| Problem::revision_required(id))?;
    let sight = editing.look(actor, id).await?;
    let found = sight.stored.kept.revision;
    if revision != found {
        return Err(stale(records::Error::Stale { id, expected: revision, found }.into()));
    }
    let document = match (change.document, change.patch) {
        (Some(document), None) => replaced(&sight, document)?,
        (None, Some(patch)) => patched(&sight, patch)?,
        _ => return Err(Problem::bad_request(format!("the change of record {id} needs either a document or a patch"))),
    };
    Ok(Write { document, expected_revision: Some(revision) })
}
