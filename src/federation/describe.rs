//! Federation in the `OpenAPI` document, and its JSON Schemas.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde_json::{Map, Value, json};

use super::{
    proofs::{Bucket, Checkpoint, Digest, Sealed, SnapshotPointer},
    protocol::{Discovery, Hop, Page, Ping, Statement},
    status::Status,
};
use crate::{
    http::openapi::{Parameter, ParameterForm as Form, json_answer, problems},
    model::shape,
    signing::Moved,
};

/// Answers that every address may give.
const COMMON: &[(u16, &str)] =
    &[(429, "Too many requests; Retry-After says when to ask again."), (503, "Not ready yet."), (500, "A fault on our side.")];

const CHANGES: &[Parameter] = &[
    Parameter {
        name: "afterChangeNumber",
        form: Form::Text,
        description: "Only items after this change number. Use the whole address in `next` of the previous page. Without it, the feed starts from the beginning.",
    },
    Parameter {
        name: "scope",
        form: Form::Text,
        description: "own (the default), or all: also other directories' records, as they signed them. Only if the discovery document names such a feed.",
    },
    Parameter {
        name: "epoch",
        form: Form::Text,
        description: "The epoch the change number belongs to, as given in `next`. If it is not the current epoch, the answer starts from the beginning, with the current epoch in Fed-Epoch-Reset.",
    },
];

/// The schemas of the protocol, by name.
pub fn schemas() -> BTreeMap<&'static str, Value> {
    BTreeMap::from([
        ("discovery", schema::<Discovery>()),
        ("changes", schema::<Page>()),
        ("statement", schema::<Statement>()),
        ("via", schema::<Hop>()),
        ("move", schema::<Moved>()),
        ("ping", schema::<Ping>()),
        ("status", schema::<Status>()),
        ("checkpoint", schema::<Sealed<Checkpoint>>()),
        ("digest", schema::<Digest>()),
        ("digest-bucket", schema::<Bucket>()),
        ("snapshot", schema::<Sealed<SnapshotPointer>>()),
    ])
}

fn schema<T: JsonSchema>() -> Value {
    shape::generator("/$defs").into_root_schema_for::<T>().to_value()
}

/// The addresses of federation, and the schemas that they use.
pub fn openapi_paths() -> (Map<String, Value>, Map<String, Value>) {
    let mut generator = shape::generator("/components/schemas");
    let named = [
        ("Discovery", generator.root_schema_for::<Discovery>()),
        ("ChangePage", generator.root_schema_for::<Page>()),
        ("Ping", generator.root_schema_for::<Ping>()),
        ("Checkpoint", generator.root_schema_for::<Sealed<Checkpoint>>()),
        ("Digest", generator.root_schema_for::<Digest>()),
        ("DigestBucket", generator.root_schema_for::<Bucket>()),
        ("Snapshot", generator.root_schema_for::<Sealed<SnapshotPointer>>()),
        ("FederationStatus", generator.root_schema_for::<Status>()),
    ];
    let definitions = shape::components(generator, named);
    let discovery = get("discover", "Who publishes here, what, and under which keys", "Discovery", &[]);
    let mut changes = get("listChanges", "Own records in the order in which they changed (RPDE 1.0)", "ChangePage", CHANGES);
    changes["get"]["responses"]["400"] = problems(&[(400, "A parameter is invalid; the problem names it.")])["400"].clone();
    let mut dataset = get("describeDataset", "The dataset in DCAT and schema.org terms", "Discovery", &[]);
    dataset["get"]["responses"]["200"]["content"] = json!({"application/ld+json": {"schema": {"type": "object"}}});
    let status = get(
        "federationStatus",
        "How up to date records from other directories are, and who follows this one",
        "FederationStatus",
        &[],
    );
    let checkpoint = get("getCheckpoint", "The state of all our own records, signed", "Checkpoint", &[]);
    let digest = get("getDigest", "Sums over our own records, in 256 buckets", "Digest", &[]);
    let mut bucket = get("getDigestBucket", "The records of one bucket", "DigestBucket", &[]);
    bucket["get"]["parameters"] = json!([{"name": "bucket", "in": "path", "required": true, "description": "From 0 to 255.", "schema": {"type": "integer", "minimum": 0, "maximum": 255}}]);
    bucket["get"]["responses"]["404"] = problems(&[(404, "There is no such bucket.")])["404"].clone();
    let snapshot = get("getSnapshot", "Which file contains all our own records, signed", "Snapshot", &[]);
    let mut file = get(
        "getSnapshotFile",
        "All our own records: items of the feed, one per line, compressed with zstd; the last line counts them",
        "Discovery",
        &[],
    );
    file["get"]["parameters"] = json!([{"name": "name", "in": "path", "required": true, "description": "The name given by /federation/v1/snapshot.", "schema": {"type": "string"}}]);
    file["get"]["responses"]["200"]["content"] = json!({"application/zstd": {"schema": {"type": "string", "format": "binary"}}});
    file["get"]["responses"]["206"] = json!({"description": "Part of it, as requested by Range.", "content": {"application/zstd": {"schema": {"type": "string", "format": "binary"}}}});
    file["get"]["responses"]["404"] = problems(&[(404, "This file does not exist, or no longer does.")])["404"].clone();
    let paths = [
        ("/federation/v1/checkpoint", checkpoint),
        ("/federation/v1/digest", digest),
        ("/federation/v1/digest/{bucket}", bucket),
        ("/federation/v1/snapshot", snapshot),
        ("/federation/v1/snapshots/{name}", file),
        ("/.well-known/open-directory", discovery),
        ("/federation/v1/changes", changes),
        ("/federation/v1/dataset", dataset),
        ("/federation/v1/status", status),
        ("/federation/v1/ping", ping()),
    ];
    (paths.into_iter().map(|(path, item)| (path.to_owned(), item)).collect(), definitions)
}

fn ping() -> Value {
    let mut answers = problems(COMMON);
    answers.extend(problems(&[
        (400, "The hint is not valid."),
        (403, "Only directories followed here can send hints."),
        (408, "The hint stopped arriving before it was complete."),
        (413, "The hint is too large."),
    ]));
    answers.insert("202".to_owned(), json_answer("Accepted: the directory will be asked soon.", &json!({"type": "object"}), &[]));
    json!({"post": {
        "operationId": "ping",
        "summary": "Say that you have something new; nothing in the hint is trusted",
        "tags": ["federation"],
        "requestBody": {"required": true, "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Ping"}}}},
        "responses": answers
    }})
}

fn get(id: &str, summary: &str, answers_with: &str, parameters: &[Parameter]) -> Value {
    let mut answers = problems(COMMON);
    answers.insert("304".to_owned(), json!({"description": "The client's copy is still current."}));
    let schema = json!({"$ref": format!("#/components/schemas/{answers_with}")});
    answers.insert("200".to_owned(), json_answer(summary, &schema, &[]));
    let parameters: Vec<Value> = parameters.iter().map(Parameter::describe).collect();
    json!({"get": {"operationId": id, "summary": summary, "tags": ["federation"], "parameters": parameters, "responses": answers}})
}
