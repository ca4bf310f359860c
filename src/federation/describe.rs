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
    for (name, schema) in
        [("Discovery", generator.root_schema_for::<Discovery>()), ("ChangePage", generator.root_schema_for::<Page>())]
    {
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
    let paths =
        [("/.well-known/open-directory", discovery), ("/federation/v1/changes", changes), ("/federation/v1/dataset", dataset)];
    (paths.into_iter().map(|(path, item)| (path.to_owned(), item)).collect(), definitions)
}

fn get(id: &str, summary: &str, answers_with: &str, parameters: &[Parameter]) -> Value {
    let mut answers = problems(COMMON);
    answers.insert("304".to_owned(), json!({"description": "What the client has is still right."}));
    let schema = json!({"$ref": format!("#/components/schemas/{answers_with}")});
    answers.insert("200".to_owned(), json_answer(summary, &schema, &[]));
    let parameters: Vec<Value> = parameters.iter().map(Parameter::describe).collect();
    json!({"get": {"operationId": id, "summary": summary, "tags": ["federation"], "parameters": parameters, "responses": answers}})
}
