//! Facets: how many of what is wanted have each value, so that whoever filters sees where it leads.

use std::{collections::BTreeMap, sync::Arc};

use axum::{extract::State, response::Response};
use http::HeaderMap;
use serde_json::{Value, json};

use super::{COLLECTIONS, Directory, Filters};
use crate::{
    http::{Parameters, Problem, caching},
    model::Kind,
};

/// Values of one facet that are shown, the most frequent ones.
const MOST: usize = 200;

/// The facets of what the parameters want.
pub(super) async fn show(
    State(directory): State<Arc<Directory>>,
    parameters: Parameters,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let kind = kind(&parameters)?;
    let filters = Filters::read(kind, &parameters, directory.clock.now(), directory.search.horizon())?;
    let answer = filters.count(&directory, kind).await?;
    let mut facets = serde_json::Map::new();
    for (name, counts) in &answer.found.counts {
        match *name {
            "term" => {
                facets.insert("term".to_owned(), terms(&directory, counts)?);
            }
            "mark" => {
                facets.insert("free".to_owned(), json!(counts.get("free").copied().unwrap_or(0)));
                if kind == Kind::Service {
                    facets.insert("event".to_owned(), json!(counts.get("event").copied().unwrap_or(0)));
                }
            }
            "tongue" => {
                facets.insert("language".to_owned(), values(counts));
            }
            "delivery" => {
                let named = counts.iter().map(|(value, count)| (value.replace(' ', "_"), *count)).collect();
                facets.insert("delivery".to_owned(), values(&named));
            }
            other => {
                facets.insert(other.to_owned(), values(counts));
            }
        }
    }
    let mut body = json!({"total_items": answer.found.total, "facets": facets});
    if let Some(interpreted) = answer.interpreted(&directory)? {
        body["interpreted"] = interpreted;
    }
    let body = body.to_string();
    let version = caching::Version { etag: caching::etag_of(body.bytes().map(u64::from)), changed_at: None };
    Ok(caching::respond::<Problem>(&headers, &version, "application/json", || Ok(body.into())))
}

/// What is counted: services unless `of` says otherwise.
fn kind(parameters: &Parameters) -> Result<Kind, Problem> {
    let Some(text) = parameters.text("of")? else { return Ok(Kind::Service) };
    COLLECTIONS
        .iter()
        .find(|collection| collection.path.trim_start_matches('/') == text)
        .map(|collection| collection.kind)
        .ok_or_else(|| Problem::bad_parameter("of", text, "expected the name of a list, such as services or events"))
}

/// Values with their counts, the most frequent first.
fn values(counts: &BTreeMap<String, usize>) -> Value {
    let mut sorted: Vec<(&String, &usize)> = counts.iter().collect();
    sorted.sort_by(|a, b| b.1.cmp(a.1).then(a.0.cmp(b.0)));
    sorted.into_iter().take(MOST).map(|(value, count)| json!({"value": value, "count": count})).collect()
}

/// Terms with what they are called and their counts.
fn terms(directory: &Directory, counts: &BTreeMap<String, usize>) -> Result<Value, Problem> {
    let vocabulary = directory.vocabulary()?;
    let mut sorted: Vec<(&String, &usize)> = counts.iter().collect();
    sorted.sort_by(|a, b| b.1.cmp(a.1).then(a.0.cmp(b.0)));
    let named = sorted.into_iter().filter_map(|(id, count)| {
        let term = vocabulary.term(id.parse().ok()?)?;
        let mut value = json!({"id": term.id, "name": term.name, "count": count});
        if let Some(code) = &term.code {
            value["code"] = json!(code);
        }
        if let Some(taxonomy) = term.taxonomy_id {
            value["taxonomy_id"] = json!(taxonomy);
        }
        Some(value)
    });
    Ok(named.take(MOST).collect())
}
