//! The API described as `OpenAPI` 3.1, from the same list of collections that makes the routes and
//! from the same types that make the documents.

mod pages;

use serde_json::{Map, Value, json};

use super::{
    COLLECTIONS, Collection, PROFILE,
    forms::{self, Format},
};
use crate::{
    http::{
        Problem,
        openapi::{Parameter, ParameterForm as Form, json_answer, problems},
    },
    model::{Kind, shape},
};

const fn parameter(name: &'static str, form: Form, description: &'static str) -> Parameter {
    Parameter { name, description, form }
}

const PAGING: &[Parameter] = &[
    parameter("page", Form::Whole(1, 1_000_000_000), "Page number, from 1. A page beyond the last is empty."),
    parameter(
        "per_page",
        Form::Whole(1, 1_000_000_000),
        "Items per page: 50 by default, 1,000 at most. Higher values are reduced to 1,000. With minimal, all are on one page by default, and there is no limit.",
    ),
    parameter("full", Form::Flag, "Return full documents instead of brief ones; for json and ndjson."),
    parameter("minimal", Form::Flag, "Return only the id and time of last change of each item; for json and ndjson."),
    parameter(
        "search",
        Form::Text,
        "Words to search for, at most 300 characters. All of them must match, exactly, in another form, or corrected for a typing mistake. Everyday phrases also find services for the needs they mean; `interpreted` says how the words were understood.",
    ),
    parameter(
        "relaxed",
        Form::Flag,
        "With search: if nothing matches all of the words, accept results that match some. The site's own search does this.",
    ),
    parameter(
        "snippets",
        Form::Flag,
        "With search: the part of each text that contains the words, as HTML with the words in mark.",
    ),
];
const TAXONOMY: &[Parameter] =
    &[parameter("taxonomy_id", Form::Formatted("uuid"), "Only records in this taxonomy or with a term from it.")];
const TERMS: &[Parameter] = &[
    parameter("top_only", Form::Flag, "Only terms without a parent."),
    parameter("parent_id", Form::Formatted("uuid"), "Only terms directly below this one."),
];
const CLASSIFIED: &[Parameter] = &[
    parameter("taxonomy_term_id", Form::Formatted("uuid"), "Only records with this term."),
    parameter(
        "need",
        Form::Text,
        "Only records that help with this need, such as housing-eviction: they have a term with this code or name, or say so in their own words. Separate several with commas, at most 20. One that the directory does not know is refused.",
    ),
    parameter("modified_after", Form::Formatted("date-time"), "Only records changed at or after this time."),
    parameter(
        "updated_since",
        Form::Formatted("date-time"),
        "The same as modified_after; where both are given, the later one counts.",
    ),
    parameter("source", Form::Text, "own for only this directory's records, or the origin of another directory."),
];
const ORGANIZATIONS: &[Parameter] = &[parameter(
    "full_service",
    Form::Flag,
    "Include each organization's full services; in its calendar, also the hours of its services.",
)];
const HELP: &[Parameter] = &[
    parameter("organization_id", Form::Formatted("uuid"), "Only services or events of this organization."),
    parameter(
        "status",
        Form::Text,
        "Only records with this status: active, inactive, defunct or temporarily closed; for events scheduled, cancelled or postponed. Without it, lists include every status, and a search leaves out services that are inactive or defunct, or that nobody has confirmed for too long.",
    ),
    parameter("checked_since", Form::Formatted("date"), "Only services checked on or after this date."),
    parameter("minimum_age", Form::Number(0.0, 150.0), "Only services for people of this age or older, in years."),
    parameter("maximum_age", Form::Number(0.0, 150.0), "Only services for people of this age or younger, in years."),
    parameter(
        "day",
        Form::Choice(&["MO", "TU", "WE", "TH", "FR", "SA", "SU"]),
        "Only services and events available on this day of the week, as a code or name.",
    ),
    parameter("start_time", Form::Text, "Only what is open or takes place at or after this time, HH:MM, in London."),
    parameter(
        "end_time",
        Form::Text,
        "Only what is open or takes place at or before this time, HH:MM; before start_time, one on the next day.",
    ),
    parameter(
        "postcode",
        Form::Text,
        "Only services that cover this postcode, judged by the areas they name or, if these are unclear, by their locations. With proximity, services near it.",
    ),
    parameter(
        "near",
        Form::Text,
        "latitude,longitude in degrees, or a postcode or its first half: nearest first, with distances. At a postcode, services whose areas say that they are not for people there come last.",
    ),
    parameter("proximity", Form::Number(0.0, 2_000_000.0), "Only records within this many metres of postcode or near."),
    parameter("free", Form::Flag, "Only free services and events."),
    parameter("language", Form::Text, "Only services offered in this language, by code or name."),
    parameter("delivery", Form::Choice(&["in_person", "phone", "online"]), "Only services delivered in this way."),
    parameter("online", Form::Flag, "The same as delivery=online; another delivery beside it is an error."),
    parameter("accessibility", Form::Text, "Only records whose access details contain these words, such as hearing loop."),
    parameter("times", Form::Flag, "Include when each is open or takes place, calculated at the time of the request."),
];
const OPEN: &[Parameter] =
    &[parameter("open_now", Form::Flag, "Only services open now. On a bank holiday, only those that say they are open then.")];
const DATES: &[Parameter] = &[
    parameter(
        "from",
        Form::Text,
        "Only events from this date or time onwards, in London unless the time has a zone. Dates are known from 31 days ago; if this is earlier, interpreted.dates_known_from says so.",
    ),
    parameter(
        "to",
        Form::Text,
        "Only events up to the end of this date, or before this time, in London unless the time has a zone.",
    ),
];

fn parameters(kind: Kind) -> impl Iterator<Item = &'static Parameter> {
    let more: &[&[Parameter]] = match kind {
        Kind::Taxonomy => &[],
        Kind::TaxonomyTerm => &[TAXONOMY, TERMS],
        Kind::Organization => &[TAXONOMY, CLASSIFIED, ORGANIZATIONS],
        Kind::Event => &[TAXONOMY, CLASSIFIED, HELP, DATES],
        Kind::Service | Kind::ServiceAtLocation | Kind::Location => &[TAXONOMY, CLASSIFIED, HELP, OPEN],
    };
    // A location has no status of its own.
    let is_meant = move |parameter: &&Parameter| kind != Kind::Location || parameter.name != "status";
    PAGING.iter().chain(more.iter().copied().flatten()).filter(is_meant)
}

/// The `OpenAPI` document. `version` is that of this program.
pub fn openapi(version: &str) -> Value {
    let mut paths = Map::new();
    for path in ["/", "/api", "/api/"] {
        let mut answers = problems(COMMON);
        answers.insert("304".to_owned(), json!({"description": "What the client has is still right."}));
        answers.insert(
            "200".to_owned(),
            json_answer("What this API is.", &reference("Root"), &[("text/html", &json!({"type": "string"}))]),
        );
        let name = match path {
            "/" => "root",
            "/api" => "apiRoot",
            _ => "apiRootSlash",
        };
        paths.insert(
            path.to_owned(),
            json!({"get": {"operationId": name, "summary": "What this API is", "tags": ["standard"], "responses": answers}}),
        );
    }
    for (path, id, summary) in WATCHED {
        paths.insert(path.to_owned(), watched_path(id, summary));
    }
    paths.insert("/facets".to_owned(), facets_path());
    let (needs, of_needs) = super::needs::described(problems(COMMON));
    paths.insert("/api/v1/needs".to_owned(), needs);
    for collection in COLLECTIONS {
        let item = shape::title(collection.kind);
        paths.insert(collection.path.to_owned(), list_path(collection, item, None));
        paths.insert(format!("{}/{{id}}", collection.path), document_path(collection, item));
    }
    let mut schemas = schemas();
    schemas.extend(of_needs);
    for (path, kind, format) in forms::SHORTCUTS {
        if let Some(collection) = COLLECTIONS.into_iter().find(|collection| collection.kind == kind) {
            paths.insert(path.to_owned(), list_path(collection, shape::title(kind), Some(format)));
        }
    }
    json!({
        "openapi": "3.1.0",
        "jsonSchemaDialect": "https://json-schema.org/draft/2020-12/schema",
        "info": {
            "title": "Fingerpost directory API",
            "version": version,
            "summary": "Open Referral UK 3.0 and HSDS 3.1, and events.",
            "description": format!("Reading is public and needs no key. Follows {PROFILE}. The same addresses also work under /api. Fields without a value are left out; null is never sent."),
            "license": {"name": "The data is published under the licence that the directory states.", "identifier": "OGL-UK-3.0"}
        },
        "servers": [{"url": "/"}],
        "tags": [
            {"name": "standard", "description": "Part of Open Referral UK 3.0."},
            {"name": "extension", "description": "Our own additions."},
            {"name": "federation", "description": "For directories that follow this one."},
            {"name": "self-help", "description": "The support checker, for tools that run it themselves."},
            {"name": "operations", "description": "For whoever runs this directory."}
        ],
        "paths": paths,
        "components": {"schemas": schemas}
    })
}

/// Answers that every address may give.
const COMMON: &[(u16, &str)] =
    &[(429, "Too many requests; Retry-After says when to ask again."), (503, "Not ready yet."), (500, "A fault on our side.")];

/// What is asked by whoever watches over the server: address, name, and what it tells.
const WATCHED: [(&str, &str, &str); 3] = [
    ("/healthz", "isAlive", "Whether the process answers"),
    ("/readyz", "isReady", "Whether the database answers, and everything published can be read and found"),
    ("/metrics", "getMetrics", "Metrics, as Prometheus reads them"),
];

fn watched_path(id: &str, summary: &str) -> Value {
    let mut answers = problems(COMMON);
    answers.insert("200".to_owned(), json!({"description": summary, "content": {"text/plain": {"schema": {"type": "string"}}}}));
    json!({"get": {"operationId": id, "summary": summary, "tags": ["operations"], "responses": answers}})
}

fn reference(name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}")})
}

fn tag(kind: Kind) -> &'static str {
    if matches!(kind, Kind::Event | Kind::Location) { "extension" } else { "standard" }
}

/// What stands in an answer of a format other than JSON.
fn content(format: Format) -> Value {
    let text = |description: &str| json!({"type": "string", "description": description});
    match format {
        Format::Json => json!({}),
        Format::Ndjson => text("One document per line."),
        Format::Csv => text("A spreadsheet with a heading row (RFC 4180). Cells that could be read as formulas are escaped."),
        Format::Ics => text("A calendar (RFC 5545)."),
        Format::Atom => text("A feed (RFC 4287) of the latest changes, newest first: 50 entries, up to 100 with per_page."),
        Format::Jsonld => json!({"type": "object", "description": "schema.org terms (JSON-LD 1.1); a graph for a list."}),
        Format::Geojson => json!({
            "type": "object",
            "description": "A FeatureCollection (RFC 7946).",
            "required": ["type", "features", "without_point"],
            "properties": {
                "type": {"const": "FeatureCollection", "description": "What it is."},
                "features": {"type": "array", "description": "One for each location with a public position.", "items": {"type": "object"}, "examples": [[{"type": "Feature", "geometry": {"type": "Point", "coordinates": [-0.42, 51.8787]}, "properties": {"name": "Bramble Street pantry"}}]]},
                "without_point": {"type": "integer", "minimum": 0, "description": "How many records have no public position and so no feature.", "examples": [2]}
            }
        }),
    }
}

/// The answers in formats other than JSON, by their media types.
fn contents(names: &[&str]) -> Vec<(&'static str, Value)> {
    let formats = names.iter().filter_map(|name| Format::from_name(name)).filter(|format| *format != Format::Json);
    formats.map(|format| (format.media(), content(format))).collect()
}

fn list_path(collection: Collection, item: &str, only: Option<Format>) -> Value {
    let mut answers = problems(COMMON);
    answers.extend(problems(&[(400, "A parameter is invalid; the problem names it.")]));
    answers.insert("304".to_owned(), json!({"description": "What the client has is still right."}));
    let formats = forms::of_list(collection.kind);
    let contents = contents(formats);
    let more: Vec<(&str, &Value)> = contents.iter().map(|(media, schema)| (*media, schema)).collect();
    let mut parameters: Vec<Value> = parameters(collection.kind).map(Parameter::describe).collect();
    if let Some(format) = only {
        let mut ok = json_answer("All matching records, in this format.", &json!({}), &[]);
        ok["content"] = json!({format.media(): {"schema": content(format)}});
        answers.insert("200".to_owned(), ok);
        let name = format!("{}{item}", format.name());
        let summary = format!("{} as {}, the same as format={}", collection.title, format.media(), format.name());
        return json!({"get": {"operationId": format!("list{name}"), "summary": summary, "tags": ["extension"], "parameters": parameters, "responses": answers}});
    }
    let mut ok = json_answer("A page or, in the other formats, all matching records.", &reference(&format!("{item}Page")), &more);
    ok["links"] = json!({format!("get{item}"): {"operationId": format!("get{item}"), "parameters": {"id": "$response.body#/contents/0/id"}}});
    answers.insert("200".to_owned(), ok);
    parameters.push(
        parameter("format", Form::Choice(formats), "json returns a page; every other format returns all matching records.")
            .describe(),
    );
    // Whether a client has an answer already is not asked by POST.
    let mut by_post = answers.clone();
    by_post.remove("304");
    let operation = |id: &str, summary: String, answers: &Map<String, Value>| json!({"operationId": id, "summary": summary, "tags": [tag(collection.kind)], "parameters": parameters, "responses": answers});
    json!({
        "get": operation(&format!("list{item}"), format!("List {}", collection.title), &answers),
        "post": operation(&format!("search{item}"), format!("List {} (the same by POST, with the parameters in the query)", collection.title), &by_post),
    })
}

/// Parameters that say how a page looks, not what is wanted.
const PAGES: [&str; 8] = ["page", "per_page", "format", "full", "minimal", "snippets", "relaxed", "times"];

fn facets_path() -> Value {
    let mut answers = problems(COMMON);
    answers.extend(problems(&[(400, "A parameter is invalid; the problem names it.")]));
    answers.insert("304".to_owned(), json!({"description": "What the client has is still right."}));
    answers.insert("200".to_owned(), json_answer("How many matching records have each value.", &reference("Facets"), &[]));
    let lists: Vec<&str> = COLLECTIONS.iter().map(|collection| collection.path.trim_start_matches('/')).collect();
    let of = json!({"name": "of", "in": "query", "required": false, "description": "The list to count; services by default.", "schema": {"type": "string", "enum": lists}});
    let filters = parameters(Kind::Service).chain(DATES).filter(|parameter| !PAGES.contains(&parameter.name));
    let parameters: Vec<Value> = std::iter::once(of).chain(filters.map(Parameter::describe)).collect();
    json!({"get": {
        "operationId": "countFacets",
        "summary": "How many matching records have each value",
        "tags": ["extension"],
        "parameters": parameters,
        "responses": answers
    }})
}

fn document_path(collection: Collection, item: &str) -> Value {
    let mut answers = problems(COMMON);
    answers.extend(problems(&[
        (400, "A parameter is invalid; the problem names it."),
        (404, "No record has ever had this id."),
        (410, "The record has been withdrawn; the problem says when and why."),
    ]));
    answers.insert("304".to_owned(), json!({"description": "What the client has is still right."}));
    let formats = forms::of_document(collection.kind);
    let contents = contents(formats);
    let more: Vec<(&str, &Value)> = contents.iter().map(|(media, schema)| (*media, schema)).collect();
    if matches!(collection.kind, Kind::Service | Kind::Event | Kind::Organization | Kind::Location) {
        let said =
            "At the root base, a browser (which accepts application/xhtml+xml, and no JSON) is sent to the page for people.";
        answers.insert("303".to_owned(), json!({"description": said}));
    }
    let schema = if collection.kind == Kind::Event { reference("EventWithDates") } else { reference(item) };
    answers.insert("200".to_owned(), json_answer("The whole document.", &schema, &more));
    let mut parameters = vec![
        json!({"name": "id", "in": "path", "required": true, "description": "Its id.", "schema": {"type": "string", "format": "uuid"}}),
    ];
    if formats.len() > 1 {
        let said = "json returns the document, ics a calendar (so does .ics after the id), jsonld schema.org terms.";
        parameters.push(parameter("format", Form::Choice(formats), said).describe());
    }
    if collection.kind == Kind::Organization {
        parameters.extend(ORGANIZATIONS.iter().map(Parameter::describe));
    }
    if matches!(collection.kind, Kind::Service | Kind::ServiceAtLocation | Kind::Location) {
        parameters.extend(HELP.iter().filter(|parameter| parameter.name == "times").map(Parameter::describe));
    }
    json!({"get": {
        "operationId": format!("get{item}"),
        "summary": format!("One of the {}", collection.title),
        "tags": [tag(collection.kind)],
        "parameters": parameters,
        "responses": answers
    }})
}

fn schemas() -> Map<String, Value> {
    let mut schemas = shape::definitions("/components/schemas");
    schemas.extend(pages::schemas());
    for collection in COLLECTIONS {
        let item = shape::title(collection.kind);
        schemas.insert(format!("{item}Page"), pages::page(item));
    }
    schemas.insert("Root".to_owned(), json!({
        "type": "object",
        "description": "What this API is.",
        "required": ["version", "profile", "openapi_url"],
        "properties": {
            "version": {"type": "string", "description": "Version of the standard.", "examples": [super::VERSION]},
            "profile": {"type": "string", "format": "uri", "description": "The profile of the standard.", "examples": [PROFILE]},
            "openapi_url": {"type": "string", "format": "uri", "description": "Address of this document.", "examples": ["https://directory.example.org/openapi.json"]},
            "name": {"type": "string", "description": "The publisher's name.", "examples": ["Luton directory of support"]}
        }
    }));
    let mut generator = shape::generator("/components/schemas");
    generator.subschema_for::<Problem>();
    schemas.extend(generator.take_definitions(true));
    schemas
}
