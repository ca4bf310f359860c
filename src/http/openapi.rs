//! Pieces of an `OpenAPI` 3.1 document. What there is to describe is said by the capabilities
//! themselves; this only knows the form.

use serde_json::{Map, Value, json};

/// A parameter of a query.
#[derive(Clone, Copy, Debug)]
pub struct Parameter {
    /// Name.
    pub name: &'static str,
    /// What it does.
    pub description: &'static str,
    /// Its form.
    pub form: ParameterForm,
}

/// The form of a parameter.
#[derive(Clone, Copy, Debug)]
pub enum ParameterForm {
    /// Text.
    Text,
    /// Text with a format.
    Formatted(&'static str),
    /// A whole number within bounds, both included.
    Whole(u32, u32),
    /// A number within bounds, both included.
    Number(f64, f64),
    /// Yes or no.
    Flag,
    /// One of these words.
    Choice(&'static [&'static str]),
}

impl Parameter {
    /// As an `OpenAPI` parameter.
    pub fn describe(&self) -> Value {
        let schema = match self.form {
            ParameterForm::Text => json!({"type": "string"}),
            ParameterForm::Formatted(format) => json!({"type": "string", "format": format}),
            ParameterForm::Whole(least, most) => json!({"type": "integer", "minimum": least, "maximum": most}),
            ParameterForm::Number(least, most) => json!({"type": "number", "minimum": least, "maximum": most}),
            ParameterForm::Flag => json!({"type": "boolean", "default": false}),
            ParameterForm::Choice(words) => json!({"type": "string", "enum": words}),
        };
        json!({"name": self.name, "in": "query", "required": false, "description": self.description, "schema": schema})
    }
}

/// The answers that any address may give beside its own.
pub fn problems(statuses: &[(u16, &str)]) -> Map<String, Value> {
    let content = json!({"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}});
    statuses
        .iter()
        .map(|(status, description)| (status.to_string(), json!({"description": description, "content": content})))
        .collect()
}

/// An answer with JSON of the given schema.
pub fn json_answer(description: &str, schema: &Value, more: &[(&str, &Value)]) -> Value {
    let mut content = Map::from_iter([("application/json".to_owned(), json!({"schema": schema}))]);
    content.extend(more.iter().map(|(media, schema)| ((*media).to_owned(), json!({"schema": schema}))));
    json!({
        "description": description,
        "headers": {
            "ETag": {"description": "Strong entity tag; send it back as If-None-Match.", "schema": {"type": "string"}},
            "X-Request-Id": {"description": "Id of this request; quote it when you contact us.", "schema": {"type": "string"}}
        },
        "content": content
    })
}
