//! What people need, in their own words: for other tools that ask the same questions.

use std::{collections::BTreeMap, sync::Arc};

use axum::{Router, extract::State, response::Response, routing::get};
use http::HeaderMap;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::Directory;
use crate::{
    http::{Problem, api, caching, openapi::json_answer},
    model::shape,
};

/// A need.
#[derive(Debug, Default, Serialize, JsonSchema)]
struct Need {
    /// Its code, as `need` filters by it.
    #[schemars(extend("examples" = ["housing-eviction"]))]
    code: String,
    /// What it is called here, where the directory has a term with the code.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = ["Eviction or being told to leave"]))]
    name: Option<String>,
    /// What people write who mean it.
    phrases: Vec<Phrase>,
}

/// What people write.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "EverydayPhrase")]
struct Phrase {
    /// The words.
    #[schemars(extend("examples" = ["landlord wants me out"]))]
    #[serde(rename = "phrase")]
    words: String,
    /// Whether it is the main need that the phrase stands for.
    #[schemars(extend("examples" = [true]))]
    main: bool,
    /// Whether somebody who writes it may be in danger, or on the street today.
    #[schemars(extend("examples" = [false]))]
    urgent: bool,
    /// Whether others had better not see that somebody wrote it.
    #[schemars(extend("examples" = [false]))]
    sensitive: bool,
}

/// The route.
pub fn needs_route(directory: Arc<Directory>) -> Router {
    Router::new().route("/api/v1/needs", api(get(show))).with_state(directory)
}

async fn show(State(directory): State<Arc<Directory>>, headers: HeaderMap) -> Result<Response, Problem> {
    let (words, vocabulary) = (directory.search.words(), directory.vocabulary()?);
    let mut needs: BTreeMap<&str, Need> = BTreeMap::new();
    for code in words.needs() {
        needs.entry(code).or_default();
    }
    for phrase in words.phrases() {
        for (at, code) in phrase.needs.iter().enumerate() {
            needs.entry(code).or_default().phrases.push(Phrase {
                words: phrase.text.clone(),
                main: at == 0,
                urgent: phrase.urgent,
                sensitive: phrase.sensitive,
            });
        }
    }
    let needs: Vec<Need> = needs
        .into_iter()
        .map(|(code, need)| Need { code: code.to_owned(), name: vocabulary.name_of(code).map(str::to_owned), ..need })
        .collect();
    let body = json!(Needs { needs }).to_string();
    let version = caching::Version { etag: caching::etag_of_bytes(body.as_bytes()), changed_at: None };
    Ok(caching::respond::<Problem>(&headers, &version, "application/json", || Ok(body.into())))
}

/// Every need.
#[derive(Debug, Serialize, JsonSchema)]
struct Needs {
    /// By code.
    needs: Vec<Need>,
}

/// The route in the description, and the schemas that it uses. `common` are the answers of every route.
pub(super) fn described(common: Map<String, Value>) -> (Value, Map<String, Value>) {
    let mut generator = shape::generator("/components/schemas");
    let list = generator.root_schema_for::<Needs>();
    let schemas = shape::components(generator, [("NeedList", list)]);
    let mut answers = common;
    let schema = json!({"$ref": "#/components/schemas/NeedList"});
    answers.insert("200".to_owned(), json_answer("Needs by code, with what people type when they mean them.", &schema, &[]));
    answers.insert("304".to_owned(), json!({"description": "What the client has is still right."}));
    let path = json!({"get": {
        "operationId": "listNeeds",
        "summary": "What people need, and the everyday words they use for it",
        "tags": ["self-help"],
        "responses": answers
    }});
    (path, schemas)
}
