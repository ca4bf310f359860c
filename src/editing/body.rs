//! The bodies of writes over HTTP. Whoever sends one has not misread what is published, so nothing in it is changed in
//! silence: a number with more digits than a number can keep is refused.

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{
    formats::{
        digits,
        json::{self, Noted},
    },
    http::{Fault, Problem},
    model::{Kind, text::shorten},
};

/// A document of this kind, or a change to one.
/// # Errors
/// What is no JSON, or cannot be kept as it is.
pub(super) fn document(kind: Kind, body: &[u8]) -> Result<Value, Problem> {
    exact(kind, "", read(body)?)
}

/// Something that has a document under `document` and says its kind beside it.
/// # Errors
/// The same, and what lacks something.
pub(super) fn with_document<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    let noted = read(body)?;
    let kind = noted.value.get("kind").and_then(Value::as_str).and_then(|kind| kind.parse().ok()).unwrap_or(Kind::Service);
    serde_json::from_value(exact(kind, "document", noted)?)
        .map_err(|error| Problem::bad_request(format!("expected {{\"kind\": …, \"document\": …}}: {error}")))
}

/// Anything else that holds documents, or changes to them.
/// # Errors
/// What is no JSON, has a number that cannot be kept as it is, or is not of the shape that is `expected`.
pub(super) fn of_shape<T: DeserializeOwned>(body: &[u8], expected: &str) -> Result<T, Problem> {
    let Noted { value, rounded } = read(body)?;
    if let Some(one) = rounded.first() {
        let number = shorten(&one.written, 40);
        return Err(Problem::bad_request(format!("{number} has more digits than a number can keep: send it as text")));
    }
    serde_json::from_value(value).map_err(|error| Problem::bad_request(format!("expected {expected}: {error}")))
}

fn read(body: &[u8]) -> Result<Noted, Problem> {
    json::parse_noting(body).map_err(|error| Problem::bad_request(format!("the body is not JSON: {error}")))
}

fn exact(kind: Kind, under: &str, Noted { mut value, rounded }: Noted) -> Result<Value, Problem> {
    let told = digits::keep(kind, &mut value, under, &rounded);
    let faults: Vec<Fault> = told
        .into_iter()
        .filter(|told| told.lost)
        .map(|told| {
            let field = told.about.path.strip_prefix(under).map_or(&*told.about.path, |rest| rest.trim_start_matches('.'));
            let problem = "has more digits than a number can keep: send it as text, in quotation marks".to_owned();
            Fault { field: field.to_owned(), problem }
        })
        .collect();
    if faults.is_empty() {
        return Ok(value);
    }
    Err(Problem::unfit("the document has a number that cannot be kept as it is".to_owned(), faults))
}
