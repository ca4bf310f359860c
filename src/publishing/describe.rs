//! The API described as `OpenAPI` 3.1, from the same list of collections that makes the routes and
//! from the same types that make the documents.

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
    parameter("page", Form::Whole(1, 1_000_000_000), "Which page, from 1. A page beyond the last is empty."),
    parameter(
        "per_page",
        Form::Whole(1, 1_000_000_000),
        "Items on a page; 50 unless asked for, and at most 1,000: more is cut to that.",
    ),
    parameter("full", Form::Flag, "Whole documents instead of brief ones; for json and ndjson."),
    parameter("minimal", Form::Flag, "Only the id and the moment of last change of each item; for json and ndjson."),
    parameter(
        "search",
        Form::Text,
        "Words, at most 300 characters. All of them must be found, each itself, in another form, or as what a slip of the pen \
         stands for. Everyday phrases also find what helps with the needs they stand for; `interpreted` says what was understood.",
    ),
    parameter(
        "relaxed",
        Form::Flag,
        "With search: where nothing has all of the words, what has some of them will do. The site's own search does this.",
    ),
    parameter("snippets", Form::Flag, "With search: the part of each text that has the words, as HTML with the words in mark."),
];
const TAXONOMY: &[Parameter] =
    &[parameter("taxonomy_id", Form::Formatted("uuid"), "Only what belongs to this taxonomy or carries a term of it.")];
const TERMS: &[Parameter] = &[
    parameter("top_only", Form::Flag, "Only terms without a parent."),
    parameter("parent_id", Form::Formatted("uuid"), "Only terms right below this one."),
];
const CLASSIFIED: &[Parameter] = &[
    parameter("taxonomy_term_id", Form::Formatted("uuid"), "Only what carries this term."),
    parameter(
        "need",
        Form::Text,
        "Only what helps with this need, such as housing-eviction: carries a term with this code or name, or says so in its own words. Several with | between them.",
    ),
    parameter("modified_after", Form::Formatted("date-time"), "Only what changed at this moment or later."),
    parameter("updated_since", Form::Formatted("date-time"), "The same as modified_after."),
    parameter("source", Form::Text, "own: only this directory's records; otherwise the origin of another directory."),
];
const ORGANIZATIONS: &[Parameter] = &[parameter(
    "full_service",
    Form::Flag,
    "Each organization with its full services; in its calendar, also the hours of its services.",
)];
const HELP: &[Parameter] = &[
    parameter("organization_id", Form::Formatted("uuid"), "Only what this organization provides."),
    parameter(
        "status",
        Form::Text,
        "Only what has this status: active, inactive, defunct or temporarily closed; of events scheduled, cancelled or postponed. Lists hold every status unless asked.",
    ),
    parameter("checked_since", Form::Formatted("date"), "Only what somebody has checked on this day or later."),
    parameter("minimum_age", Form::Number(0.0, 150.0), "Only what takes people of this age or older, in years."),
    parameter("maximum_age", Form::Number(0.0, 150.0), "Only what takes people of this age or younger, in years."),
    parameter(
        "day",
        Form::Choice(&["MO", "TU", "WE", "TH", "FR", "SA", "SU"]),
        "Only what is there, or takes place, on this day of the week; names of days work too.",
    ),
    parameter("start_time", Form::Text, "Only what is there at this time or later, HH:MM."),
    parameter("end_time", Form::Text, "Only what is there at this time or earlier, HH:MM."),
    parameter(
        "postcode",
        Form::Text,
        "Only what covers this postcode, by the areas that it names, or by its places where these cannot tell; with proximity, what is near it.",
    ),
    parameter(
        "near",
        Form::Text,
        "latitude,longitude in degrees, or a postcode or its first half: nearest first, with distances.",
    ),
    parameter("proximity", Form::Number(0.0, 2_000_000.0), "Only what is at most so many metres from postcode or near."),
    parameter("free", Form::Flag, "Only what costs nothing."),
    parameter("language", Form::Text, "Only what is given in this language, by code or name."),
    parameter("delivery", Form::Choice(&["in_person", "phone", "online"]), "Only what can be had in this way."),
    parameter("online", Form::Flag, "The same as delivery=online."),
    parameter("accessibility", Form::Text, "Only what says these words about access, such as hearing loop."),
    parameter("times", Form::Flag, "When each is open and takes place, worked out at this moment."),
];
const OPEN: &[Parameter] = &[parameter(
    "open_now",
    Form::Flag,
    "Only what is open at this moment. On a bank holiday, only what says that it is open then.",
)];
const DATES: &[Parameter] = &[
    parameter("from", Form::Text, "Only what takes place on this day (a date, in London) or at this moment or later."),
    parameter("to", Form::Text, "Only what takes place until the end of this day, or before this moment."),
];

fn parameters(kind: Kind) -> impl Iterator<Item = &'static Parameter> {
    let more: &[&[Parameter]] = match kind {
        Kind::Taxonomy => &[],
        Kind::TaxonomyTerm => &[TAXONOMY, TERMS],
        Kind::Organization => &[TAXONOMY, CLASSIFIED, ORGANIZATIONS],
        Kind::Event => &[TAXONOMY, CLASSIFIED, HELP, DATES],
        Kind::Service | Kind::ServiceAtLocation | Kind::Location => &[TAXONOMY, CLASSIFIED, HELP, OPEN],
    };
    PAGING.iter().chain(more.iter().copied().flatten())
}

/// The `OpenAPI` document. `version` is that of this program.
pub fn openapi(version: &str) -> Value {
    let mut paths = Map::new();
    for path in ["/", "/api", "/api/"] {
        let mut answers = problems(COMMON);
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
            "description": format!("Everything here is public and needs no key. Follows {PROFILE}. The same addresses answer below /api. Fields without a value are left out; null is never sent."),
            "license": {"name": "The data is under the licence that the directory states.", "identifier": "OGL-UK-3.0"}
        },
        "servers": [{"url": "/"}],
        "tags": [
            {"name": "standard", "description": "Part of Open Referral UK 3.0."},
            {"name": "extension", "description": "Our own additions."},
            {"name": "federation", "description": "For other directories that follow this one."},
            {"name": "self-help", "description": "The support checker, for tools that run it themselves."}
        ],
        "paths": paths,
        "components": {"schemas": schemas}
    })
}

/// Answers that every address may give.
const COMMON: &[(u16, &str)] =
    &[(429, "Too many requests; Retry-After says when to ask again."), (503, "Not ready yet."), (500, "A fault on our side.")];

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
        Format::Ndjson => text("One document a line."),
        Format::Csv => text("A sheet with a heading (RFC 4180). No cell begins like a formula."),
        Format::Ics => text("A calendar (RFC 5545)."),
        Format::Atom => text("A feed (RFC 4287) of what changed last, newest first: 50 entries, per_page up to 100."),
        Format::Jsonld => json!({"type": "object", "description": "schema.org terms (JSON-LD 1.1); of a list, a graph."}),
        Format::Geojson => json!({
            "type": "object",
            "description": "A FeatureCollection (RFC 7946).",
            "required": ["type", "features", "without_point"],
            "properties": {
                "type": {"const": "FeatureCollection", "description": "What it is."},
                "features": {"type": "array", "description": "One for each place with a public point.", "items": {"type": "object"}},
                "without_point": {"type": "integer", "minimum": 0, "description": "How many of the list have no public point and so no feature."}
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
        let mut ok = json_answer("All that the filters leave, in this format.", &json!({}), &[]);
        ok["content"] = json!({format.media(): {"schema": content(format)}});
        answers.insert("200".to_owned(), ok);
        let name = format!("{}{item}", format.name());
        let summary = format!("{} as {}, the same as format={}", collection.title, format.media(), format.name());
        return json!({"get": {"operationId": format!("list{name}"), "summary": summary, "tags": ["extension"], "parameters": parameters, "responses": answers}});
    }
    let mut ok =
        json_answer("A page, or in the other formats all that the filters leave.", &reference(&format!("{item}Page")), &more);
    ok["links"] = json!({format!("get{item}"): {"operationId": format!("get{item}"), "parameters": {"id": "$response.body#/contents/0/id"}}});
    answers.insert("200".to_owned(), ok);
    parameters.push(
        parameter("format", Form::Choice(formats), "json gives a page; every other format gives all that the filters leave.")
            .describe(),
    );
    let operation = |id: &str, summary: String| json!({"operationId": id, "summary": summary, "tags": [tag(collection.kind)], "parameters": parameters, "responses": answers});
    json!({
        "get": operation(&format!("list{item}"), format!("List {}", collection.title)),
        "post": operation(&format!("search{item}"), format!("List {} (the same by POST, with the parameters in the query)", collection.title)),
    })
}

/// Parameters that say how a page looks, not what is wanted.
const PAGES: [&str; 8] = ["page", "per_page", "format", "full", "minimal", "snippets", "relaxed", "times"];

fn facets_path() -> Value {
    let mut answers = problems(COMMON);
    answers.extend(problems(&[(400, "A parameter is invalid; the problem names it.")]));
    answers.insert("304".to_owned(), json!({"description": "What the client has is still right."}));
    answers.insert("200".to_owned(), json_answer("How many of what is wanted have each value.", &reference("Facets"), &[]));
    let lists: Vec<&str> = COLLECTIONS.iter().map(|collection| collection.path.trim_start_matches('/')).collect();
    let of = json!({"name": "of", "in": "query", "required": false, "description": "What is counted; services unless it says otherwise.", "schema": {"type": "string", "enum": lists}});
    let filters = parameters(Kind::Service).chain(DATES).filter(|parameter| !PAGES.contains(&parameter.name));
    let parameters: Vec<Value> = std::iter::once(of).chain(filters.map(Parameter::describe)).collect();
    json!({"get": {
        "operationId": "countFacets",
        "summary": "How many of what is wanted have each value",
        "tags": ["extension"],
        "parameters": parameters,
        "responses": answers
    }})
}

/// What is said behind the contents of a page, and the facets.
fn search_schemas() -> Map<String, Value> {
    let text = |description: &str, example: &str| json!({"type": "string", "description": description, "examples": [example]});
    let flag = |description: &str| json!({"type": "boolean", "description": description, "examples": [false]});
    let texts = |description: &str, example: &str| json!({"type": "array", "items": {"type": "string"}, "description": description, "examples": [[example]]});
    let number = |description: &str, example: f64| json!({"type": "number", "description": description, "examples": [example]});
    let interpreted = json!({
        "type": "object",
        "description": "What was made of the words and of the postcode.",
        "properties": {
            "words": texts("Words that were looked for as such.", "rent"),
            "needs": {"type": "array", "description": "Needs that were looked for.", "items": {"type": "object", "required": ["code", "phrase"], "properties": {
                "code": text("Code of the need.", "housing-eviction"),
                "name": text("Its name, where the directory has a term with the code.", "Eviction or being told to leave"),
                "phrase": text("The phrase that stands for it.", "landlord wants me out")
            }}},
            "corrected": {"type": "array", "description": "Words with a slip in them, and what they were taken for.", "items": {"type": "object", "required": ["from", "to"], "properties": {
                "from": text("As it was written.", "buget"), "to": text("What it was taken for.", "budget")
            }}},
            "unknown": texts("Words that nothing here has.", "zzqx"),
            "left_out": texts("Words that need not be there, because nothing has all of them.", "flat"),
            "urgent": flag("Whether somebody who writes this may be in danger or on the street today: show urgent help first."),
            "sensitive": flag("Whether others had better not see that somebody wrote this."),
            "place": {"type": "object", "description": "Where the postcode is.", "required": ["postcode", "latitude", "longitude", "precision", "approximate"], "properties": {
                "postcode": text("What was asked about.", "LU1 2AA"),
                "latitude": number("Degrees north.", 51.8787),
                "longitude": number("Degrees east.", -0.42),
                "precision": {"type": "string", "enum": ["postcode", "sector", "outcode"], "description": "How exactly that is known.", "examples": ["postcode"]},
                "approximate": flag("Whether it is the middle of a larger area.")
            }}
        }
    });
    let value = json!({"type": "array", "items": {"type": "object", "required": ["count"], "properties": {
        "value": text("The value.", "English"),
        "count": {"type": "integer", "minimum": 1, "description": "How many have it.", "examples": [12]}
    }}});
    let facets = json!({
        "type": "object",
        "description": "How many of what is wanted have each value, the most frequent first.",
        "required": ["total_items", "facets"],
        "properties": {
            "total_items": {"type": "integer", "minimum": 0, "description": "How many are wanted in all.", "examples": [120]},
            "facets": {"type": "object", "description": "By facet: term (with id, name and code), language, delivery, day, source, status; free and event are numbers.", "additionalProperties": {"oneOf": [{"type": "integer", "minimum": 0}, value]}},
            "interpreted": reference("Interpreted")
        }
    });
    Map::from_iter([("Interpreted".to_owned(), interpreted), ("Facets".to_owned(), facets)])
}

fn document_path(collection: Collection, item: &str) -> Value {
    let mut answers = problems(COMMON);
    answers.extend(problems(&[
        (400, "A parameter is invalid; the problem names it."),
        (404, "There never was anything under this id."),
        (410, "It was here and is gone; the problem says when and why."),
    ]));
    answers.insert("304".to_owned(), json!({"description": "What the client has is still right."}));
    let formats = forms::of_document(collection.kind);
    let contents = contents(formats);
    let more: Vec<(&str, &Value)> = contents.iter().map(|(media, schema)| (*media, schema)).collect();
    answers.insert("200".to_owned(), json_answer("The whole document.", &reference(item), &more));
    let mut parameters = vec![
        json!({"name": "id", "in": "path", "required": true, "description": "Its id.", "schema": {"type": "string", "format": "uuid"}}),
    ];
    if formats.len() > 1 {
        let said = "json gives the document, ics a calendar (so does .ics behind the id), jsonld schema.org terms.";
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
    schemas.extend(search_schemas());
    for collection in COLLECTIONS {
        let item = shape::title(collection.kind);
        // Brief and minimal items are documents with less in them.
        let brief = json!({"type": "object", "required": ["id"], "properties": {"id": {"type": "string", "format": "uuid", "description": "Its id.", "examples": ["ac148810-d857-441c-9679-408f346de14b"]}}});
        schemas.insert(format!("{item}Page"), page(&brief, item));
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
    let problem = generator.root_schema_for::<Problem>();
    let mut problem = serde_json::to_value(problem).unwrap_or_default();
    if let Some(object) = problem.as_object_mut() {
        object.remove("$schema");
        object.remove("title");
    }
    schemas.insert("Problem".to_owned(), problem);
    schemas
}

fn page(brief: &Value, item: &str) -> Value {
    let count = |description: &str, example: u32| json!({"type": "integer", "minimum": 0, "description": description, "examples": [example]});
    let flag = |description: &str| json!({"type": "boolean", "description": description, "examples": [true]});
    json!({
        "type": "object",
        "description": format!("A page of {item} documents: brief ones, whole ones with full=true."),
        "required": ["total_items", "total_pages", "page_number", "size", "first_page", "last_page", "empty", "contents"],
        "properties": {
            "total_items": count("Items in all.", 120),
            "total_pages": count("Pages in all, at least 1.", 3),
            "page_number": count("This page, from 1.", 1),
            "size": count("Items on this page.", 50),
            "per_page": count("Items on a page, where what was asked for was cut.", 1_000),
            "note": {"type": "string", "description": "What was not done as asked.", "examples": ["per_page was cut to 1000"]},
            "first_page": flag("Whether this is the first page."),
            "last_page": flag("Whether this is the last page."),
            "empty": flag("Whether there is nothing on this page."),
            "contents": {"type": "array", "description": "The documents.", "items": brief},
            "interpreted": reference("Interpreted"),
            "distances": {"type": "object", "description": "Metres from near or postcode, by id.", "additionalProperties": {"type": "number"}},
            "snippets": {"type": "object", "description": "With snippets=true: name and description with the words in mark, as HTML, by id.", "additionalProperties": {"type": "object"}},
            "times": {"type": "object", "description": "With times=true, and for events between from and to: open_now, open_until, next, or occurrences, by id; with more where there are further dates than 500.", "additionalProperties": {"type": "object"}}
        }
    })
}
