//! Federation in the `OpenAPI` document, and its JSON Schemas.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde_json::{Map, Value, json};

use super::protocol::{Discovery, Page, Ping, Statement};
use crate::{
    http::openapi::{Parameter, ParameterForm as Form, json_answer, problems},
    model::shape,
};

/// Answers that every address may give.
const COMMON: &[(u16, &str)] =
    &[(429, "Too many requests; Retry-After says when to ask again."), (503, "Not ready yet."), (500, "A mistake of ours.")];

const CHANGES: &[Parameter] = &[
    Parameter {
        name: "afterChangeNumber",
        form: Form::Text,
        description: "What came after this change number. Take the whole address from `next` of the page before; without it \
                      the feed begins at its start.",
    },
    Parameter {
        name: "scope",
        form: Form::Text,
        description: "own, which is meant without it, or all: records of other directories as well, as they signed them. Only \
                      where the discovery document names such a feed.",
    },
    Parameter {
        name: "epoch",
        form: Form::Text,
        description: "The epoch that the change number belongs to, as `next` says it. Another one than the present one is \
                      answered from the start, with the present one in Fed-Epoch-Reset.",
    },
];

/// The schemas of the protocol, by name.
pub fn schemas() -> BTreeMap<&'static str, Value> {
    BTreeMap::from([
        ("discovery", schema::<Discovery>()),
        ("changes", schema::<Page>()),
        ("statement", schema::<Statement>()),
        ("ping", schema::<Ping>()),
    ])
}

fn schema<T: JsonSchema>() -> Value {
    shape::generator("/$defs").into_root_schema_for::<T>().to_value()
}

/// The addresses of federation, and the schemas that they use.
pub fn openapi_paths() -> (Map<String, Value>, Map<String, Value>) {
    let mut generator = shape::generator("/components/schemas");
    let mut named = Map::new();
    for (name, schema) in [
        ("Discovery", generator.root_schema_for::<Discovery>()),
        ("ChangePage", generator.root_schema_for::<Page>()),
        ("Ping", generator.root_schema_for::<Ping>()),
    ] {
        let mut schema = schema.to_value();
        if let Some(object) = schema.as_object_mut() {
            for member in ["$schema", "title", "components"] {
                object.remove(member);
            }
        }
        named.insert(name.to_owned(), schema);
    }
    let mut definitions = generator.take_definitions(true);
    definitions.extend(named);
    let discovery = get("discover", "Who publishes here, what, and under which keys", "Discovery", &[]);
    let mut changes = get("listChanges", "Own records in the order in which they changed (RPDE 1.0)", "ChangePage", CHANGES);
    changes["get"]["responses"]["400"] = problems(&[(400, "A parameter cannot be used; the problem names it.")])["400"].clone();
    let mut dataset = get("describeDataset", "The dataset in DCAT and schema.org terms", "Discovery", &[]);
    dataset["get"]["responses"]["200"]["content"] = json!({"application/ld+json": {"schema": {"type": "object"}}});
    let mut status = get("federationStatus", "How fresh what comes from other directories is, and who follows", "Discovery", &[]);
    status["get"]["responses"]["200"]["content"] = json!({"application/json": {"schema": {
        "type": "object",
        "required": ["origin", "following", "followers"],
        "properties": {
            "origin": {"type": "string", "description": "This directory.", "examples": ["https://directory.luton.example.org/"]},
            "head": {"type": ["integer", "null"], "description": "The latest change number of the feed.", "examples": [1_764_000_000_000_123_i64]},
            "following": {"type": "array", "description": "Directories that are followed, each with its records here and when it was last complete.", "items": {"type": "object"}},
            "followers": {"type": "array", "description": "Those of them that follow this directory, and whether they have caught up.", "items": {"type": "object"}}
        }
    }}});
    let open = |id: &str, summary: &str, members: Value| {
        let mut described = get(id, summary, "Discovery", &[]);
        let required: Vec<&String> = members.as_object().map(|members| members.keys().collect()).unwrap_or_default();
        let schema = json!({"type": "object", "required": required, "properties": members});
        described["get"]["responses"]["200"]["content"] = json!({"application/json": {"schema": schema}});
        described
    };
    let text = |said: &str, example: &str| json!({"type": "string", "description": said, "examples": [example]});
    let whole = |said: &str, example: i64| json!({"type": "integer", "description": said, "examples": [example]});
    let origin = text("This directory.", "https://directory.luton.example.org/");
    let epoch = text("The epoch of the numbers.", "0197b2c0a1d47c1e8a3f0d7e5c6b4a39");
    let (kid, sig) = (text("The key that signed.", "9a0d5b3c7e11"), text("The signature, base64url.", "R0tLq0…"));
    let checkpoint = open(
        "getCheckpoint",
        "Where everything of ours stands, signed",
        json!({
            "origin": origin, "epoch": epoch, "kid": kid, "sig": sig,
            "head": whole("The latest change number.", 1_764_000_000_000_123), "min_safe": whole("Whoever stands before this compares everything.", 1_763_000_000_000_000),
            "count_live": whole("Records that are there.", 1_200), "count_deleted": whole("Tombstones.", 34),
            "digest_root": text("SHA-256 over the values of all buckets, hexadecimal.", "e3b0c442…"),
            "issued": text("When it was signed, RFC 3339.", "2026-11-22T06:00:00.000Z"), "expires": text("Until when it is good, RFC 3339.", "2026-11-23T06:00:00.000Z")
        }),
    );
    let digest = open(
        "getDigest",
        "Sums over our own records, in 256 buckets",
        json!({
            "origin": origin, "epoch": epoch, "seq": whole("The latest change number in the sums.", 1_764_000_000_000_123),
            "root": text("SHA-256 over the values of all buckets, hexadecimal.", "e3b0c442…"),
            "buckets": {"type": "array", "description": "The values, hexadecimal, from bucket 0 on.", "items": {"type": "string"}}
        }),
    );
    let mut bucket = open(
        "getDigestBucket",
        "The records of one bucket",
        json!({
            "origin": origin, "epoch": epoch, "bucket": whole("Which bucket.", 17), "seq": whole("The latest change number that was looked at.", 1_764_000_000_000_123),
            "items": {"type": "array", "description": "Its records: kind, id, rev, state, hash.", "items": {"type": "object"}}
        }),
    );
    bucket["get"]["parameters"] = json!([{"name": "bucket", "in": "path", "required": true, "description": "From 0 to 255.", "schema": {"type": "integer", "minimum": 0, "maximum": 255}}]);
    bucket["get"]["responses"]["404"] = problems(&[(404, "There is no such bucket.")])["404"].clone();
    let snapshot = open(
        "getSnapshot",
        "Which file holds everything of ours, signed",
        json!({
            "origin": origin, "epoch": epoch, "kid": kid, "sig": sig, "url": text("The file.", "https://directory.luton.example.org/federation/v1/snapshots/e3b0c442….ndjson.zst"),
            "seq": whole("The latest change number in it.", 1_764_000_000_000_123), "records": whole("Items in it.", 1_234), "bytes": whole("Size of the file, in bytes.", 456_789),
            "sha256": text("Hash of the file, hexadecimal.", "e3b0c442…"), "issued": text("When it was made, RFC 3339.", "2026-11-22T06:00:00.000Z")
        }),
    );
    let mut file = get(
        "getSnapshotFile",
        "Everything of ours: items of the feed, one a line, compressed with zstd; the last line counts them",
        "Discovery",
        &[],
    );
    file["get"]["parameters"] = json!([{"name": "name", "in": "path", "required": true, "description": "As /federation/v1/snapshot names it.", "schema": {"type": "string"}}]);
    file["get"]["responses"]["200"]["content"] = json!({"application/zstd": {"schema": {"type": "string", "format": "binary"}}});
    file["get"]["responses"]["206"] = json!({"description": "A part of it, as Range asked.", "content": {"application/zstd": {"schema": {"type": "string", "format": "binary"}}}});
    file["get"]["responses"]["404"] = problems(&[(404, "This file is not there, or not any more.")])["404"].clone();
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
        (400, "The hint cannot be read."),
        (403, "Only directories that are followed here can tell of news."),
        (413, "The hint is too large."),
    ]));
    answers.insert("202".to_owned(), json_answer("It is asked soon.", &json!({"type": "object"}), &[]));
    json!({"post": {
        "operationId": "ping",
        "summary": "Tell that you have something new; nothing in the hint is believed",
        "tags": ["federation"],
        "requestBody": {"required": true, "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Ping"}}}},
        "responses": answers
    }})
}

fn get(id: &str, summary: &str, answers_with: &str, parameters: &[Parameter]) -> Value {
    let mut answers = problems(COMMON);
    answers.insert("304".to_owned(), json!({"description": "What the client has is still right."}));
    let schema = json!({"$ref": format!("#/components/schemas/{answers_with}")});
    answers.insert("200".to_owned(), json_answer(summary, &schema, &[]));
    let parameters: Vec<Value> = parameters.iter().map(Parameter::describe).collect();
    json!({"get": {"operationId": id, "summary": summary, "tags": ["federation"], "parameters": parameters, "responses": answers}})
}
