//! What the write API says of itself in `openapi.json`.

use serde_json::{Map, Value, json};

use super::api::{DecideProposal, NewRecord, Propose, ProposeAnswer, RecordAnswer, WriteAnswer};
use crate::{http::openapi::problems, model::shape};

/// The addresses of the write API, and the schemas that they use.
pub fn openapi_paths() -> (Map<String, Value>, Map<String, Value>) {
    let mut generator = shape::generator("/components/schemas");
    let named = [
        ("RecordAnswer", generator.root_schema_for::<RecordAnswer>()),
        ("WriteAnswer", generator.root_schema_for::<WriteAnswer>()),
        ("NewRecord", generator.root_schema_for::<NewRecord>()),
        ("DecideProposal", generator.root_schema_for::<DecideProposal>()),
        ("Propose", generator.root_schema_for::<Propose>()),
        ("ProposeAnswer", generator.root_schema_for::<ProposeAnswer>()),
    ];
    let all = shape::components(generator, named);

    let id = |of: &str| {
        let schema = json!({"type": "string", "format": "uuid"});
        json!({"name": "id", "in": "path", "required": true, "description": format!("The id of the {of}."), "schema": schema})
    };
    let (record, proposal) = (id("record"), id("proposal"));
    let document = json!({"required": true, "content": {"application/json": {"schema": {"type": "object"}}}});
    let paths = json!({
        "/api/v1/records": {
            "post": operation("createRecord", "Add a record; it waits for a moderator", &[], Some(body("NewRecord")), &write_answers("201", "It is public.")),
        },
        "/api/v1/records/{id}": {
            "get": operation("readRecord", "A record as its editors see it", &[&record], None, &answers("200", "The record.", "RecordAnswer", &[404])),
            "put": operation("replaceRecord", "Replace a document", &[&record, &if_match()], Some(document.clone()), &changed()),
            "patch": operation("changeRecord", "Change members of a document (RFC 7396)", &[&record, &if_match()], Some(document), &changed()),
            "delete": operation("withdrawRecord", "Withdraw a listing", &[&record, &if_match()], None, &withdrawn()),
        },
        "/api/v1/proposals": {
            "get": operation("listProposals", "Your proposals; for officers, everything that is waiting", &[], None, &plain("The proposals.", &[])),
            "post": operation("propose", "Propose changes; all of them wait for a moderator, who decides them together", &[], Some(body("Propose")), &proposed()),
        },
        "/api/v1/proposals/{id}": {
            "get": operation("readProposal", "One proposal, with its changes and messages", &[&proposal], None, &plain("The proposal.", &[404])),
            "post": operation("decideProposal", "Accept, reject, withdraw or comment", &[&proposal], Some(body("DecideProposal")), &plain("The proposal as it is now.", &[404, 408, 409, 413, 422])),
        },
    });
    let paths = match paths {
        Value::Object(paths) => paths,
        _ => Map::new(),
    };
    (paths, all)
}

fn if_match() -> Value {
    json!({"name": "If-Match", "in": "header", "required": true, "description": "The ETag of the version you have read.", "schema": {"type": "string"}})
}

fn body(schema: &str) -> Value {
    json!({"required": true, "content": {"application/json": {"schema": {"$ref": format!("#/components/schemas/{schema}")}}}})
}

fn operation(id: &str, summary: &str, parameters: &[&Value], body: Option<Value>, answers: &Map<String, Value>) -> Value {
    let mut operation = json!({
        "operationId": id, "summary": summary, "parameters": parameters, "responses": answers, "security": [{"token": []}],
    });
    if let (Some(body), Some(members)) = (body, operation.as_object_mut()) {
        members.insert("requestBody".to_owned(), body);
    }
    operation
}

fn refusals(more: &[u16]) -> Map<String, Value> {
    let known: [(u16, &str); 13] = [
        (400, "Invalid request."),
        (401, "The token is missing, unknown, expired or revoked."),
        (403, "You do not have permission to do this."),
        (404, "Not found, or you do not have permission to see it."),
        (408, "What was sent stopped arriving before it was complete."),
        (409, "It has changed or been decided in the meantime."),
        (412, "The version that you have read is not the current one."),
        (413, "What was sent is larger than 1 MiB."),
        (422, "The document cannot be published; every fault is named."),
        (428, "The version that you have read is missing."),
        (429, "Too many requests."),
        (500, "A fault on our side."),
        (503, "The directory is starting."),
    ];
    let wanted: Vec<(u16, &str)> = known
        .into_iter()
        .filter(|(status, _)| [400, 401, 403, 429, 500, 503].contains(status) || more.contains(status))
        .collect();
    problems(&wanted)
}

fn answers(status: &str, said: &str, schema: &str, more: &[u16]) -> Map<String, Value> {
    let mut answers = refusals(more);
    let content = json!({"application/json": {"schema": {"$ref": format!("#/components/schemas/{schema}")}}});
    answers.insert(status.to_owned(), json!({"description": said, "content": content}));
    answers
}

fn write_answers(status: &str, said: &str) -> Map<String, Value> {
    let mut all = answers(status, said, "WriteAnswer", &[404, 408, 409, 412, 413, 422]);
    let waits = answers("202", "Some of it is waiting for a moderator.", "WriteAnswer", &[]);
    all.extend(waits);
    all
}

fn changed() -> Map<String, Value> {
    let mut all = write_answers("200", "Everything was published, or nothing was different.");
    all.extend(refusals(&[404, 428]));
    all
}

fn proposed() -> Map<String, Value> {
    let mut all = answers(
        "201",
        "Everything is waiting; Location is the address of the proposal.",
        "ProposeAnswer",
        &[404, 408, 412, 413, 422, 428],
    );
    all.extend(answers("200", "Nothing was different, so nothing is waiting.", "ProposeAnswer", &[]));
    all
}

fn withdrawn() -> Map<String, Value> {
    plain("It is withdrawn.", &[404, 409, 412, 428])
}

fn plain(said: &str, more: &[u16]) -> Map<String, Value> {
    let mut answers = refusals(more);
    answers
        .insert("200".to_owned(), json!({"description": said, "content": {"application/json": {"schema": {"type": "object"}}}}));
    answers
}
