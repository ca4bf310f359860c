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
    let paths = [
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
