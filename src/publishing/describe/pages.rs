//! What lists and facets answer with, as schemas: the page around the documents, how the words were
//! understood, and how many records have each value.

use serde_json::{Map, Value, json};

use super::reference;

/// The record that examples speak of.
const ID: &str = "ac148810-d857-441c-9679-408f346de14b";

fn text(description: &str, example: &str) -> Value {
    json!({"type": "string", "description": description, "examples": [example]})
}

fn texts(description: &str, example: &str) -> Value {
    json!({"type": "array", "items": {"type": "string"}, "description": description, "examples": [[example]]})
}

fn id(description: &str, example: &str) -> Value {
    json!({"type": "string", "format": "uuid", "description": description, "examples": [example]})
}

fn flag(description: &str, example: bool) -> Value {
    json!({"type": "boolean", "description": description, "examples": [example]})
}

fn number(description: &str, example: f64) -> Value {
    json!({"type": "number", "description": description, "examples": [example]})
}

fn count(description: &str, example: u32) -> Value {
    json!({"type": "integer", "minimum": 0, "description": description, "examples": [example]})
}

/// How the words were understood, as a member says it.
fn interpreted() -> Value {
    let mut interpreted = reference("Interpreted");
    interpreted["description"] = "How the words and the postcode were understood, where either was given.".into();
    interpreted
}

/// What is said beside the contents of a page, and the facets.
pub(super) fn schemas() -> Map<String, Value> {
    let need = json!({"type": "object", "required": ["code", "phrase", "urgent", "sensitive"], "properties": {
        "code": text("Code of the need.", "housing-eviction"),
        "name": text("Its name, if the directory has a term with this code.", "Eviction or being told to leave"),
        "phrase": text("The phrase that led to it.", "landlord wants me out"),
        "urgent": flag("Whether someone who writes this phrase may be in danger or on the street today.", false),
        "sensitive": flag("Whether this need should be kept private from other people.", false)
    }});
    let with_dates = json!({"type": "object", "description": "An event with its next dates.", "allOf": [{"$ref": "#/components/schemas/Event"}], "properties": {
        "occurrences": {"type": "array", "items": {"type": "object"}, "description": "Its next 20 dates, in order, as far ahead as the directory works them out (400 days, unless it is set otherwise): start and end in UTC (RFC 3339), status (scheduled, moved, full or cancelled), and what has changed.", "examples": [[{"start": "2026-12-01T10:00:00Z", "end": "2026-12-01T12:00:00Z", "status": "scheduled"}]]}
    }});
    let correction = json!({"type": "object", "required": ["from", "to"], "properties": {
        "from": text("The word as written.", "buget"),
        "to": text("Its correction.", "budget")
    }});
    let interpreted_schema = json!({
        "type": "object",
        "description": "How the words and the postcode were understood.",
        "properties": {
            "words": texts("Words that were searched for as given.", "rent"),
            "needs": {"type": "array", "description": "Needs that were searched for, urgent ones first.", "items": need, "examples": [[{"code": "housing-eviction", "name": "Eviction or being told to leave", "phrase": "landlord wants me out", "urgent": false, "sensitive": false}]]},
            "corrected": {"type": "array", "description": "Misspelt words and their corrections.", "items": correction, "examples": [[{"from": "buget", "to": "budget"}]]},
            "unknown": texts("Words that do not appear in any record.", "zzqx"),
            "left_out": texts("Words that were made optional, because nothing matches all of them.", "flat"),
            "enough": {"type": "string", "enum": ["all", "any_need", "some_words"], "description": "What results have to match: everything that was understood; any of several needs, because few or none help with all of them; or any of the words, because nothing contains them all. Those that match most come first.", "examples": ["all"]},
            "urgent": flag("Whether someone who writes this may be in danger or on the street today: show urgent help first.", false),
            "sensitive": flag("Whether this search should be kept private from other people.", false),
            "place": {"type": "object", "description": "Where the postcode is.", "required": ["postcode", "latitude", "longitude", "precision", "approximate"], "properties": {
                "postcode": text("What was asked about.", "LU1 2AA"),
                "latitude": number("Degrees north.", 51.8787),
                "longitude": number("Degrees east.", -0.42),
                "precision": {"type": "string", "enum": ["postcode", "sector", "outcode"], "description": "How precisely that is known.", "examples": ["postcode"]},
                "approximate": flag("Whether it is the middle of a larger area.", false)
            }},
            "unknown_place": text("A place among the words (a postcode, or what follows near) that is not known here. It was left out.", "ZZ99 9ZZ"),
            "dates_known_from": {"type": "string", "format": "date", "description": "The first day of which dates of events are known: from is earlier, and what took place before this day is not listed.", "examples": ["2026-10-22"]}
        }
    });
    let values = json!({"type": "array", "items": {"type": "object", "required": ["count"], "properties": {
        "value": text("The value; of a term, there are its id and its name instead.", "in_person"),
        "id": id("Id of the term.", "5d6c1a52-1111-4c0e-9f8e-0d1f3f2b7a10"),
        "name": text("Name of the term.", "Eviction or being told to leave"),
        "code": text("Code of the term, if it has one.", "housing-eviction"),
        "taxonomy_id": id("Id of the taxonomy that the term is in.", "0197b2c0-a1d4-7c1e-8a3f-0d7e5c6b4a39"),
        "count": {"type": "integer", "minimum": 1, "description": "How many records have it.", "examples": [12]}
    }}});
    let facets = json!({
        "type": "object",
        "description": "How many matching records have each value, most frequent first.",
        "required": ["total_items", "facets"],
        "properties": {
            "total_items": count("How many records match in total.", 120),
            "facets": {"type": "object", "description": "By facet: term (with id, name and code), language, delivery, day, source, status; free and event are numbers of records.", "additionalProperties": {"oneOf": [{"type": "integer", "minimum": 0}, values]}, "examples": [{"delivery": [{"value": "in_person", "count": 97}, {"value": "phone", "count": 41}], "free": 112}]},
            "interpreted": interpreted()
        }
    });
    let named = [("Interpreted", interpreted_schema), ("Facets", facets), ("EventWithDates", with_dates)];
    named.into_iter().map(|(name, schema)| (name.to_owned(), schema)).collect()
}

/// A page of documents of this title.
pub(super) fn page(item: &str) -> Value {
    // Brief and minimal items are documents with less in them.
    let brief = json!({"type": "object", "required": ["id"], "properties": {"id": id("Its id.", ID)}});
    let by_id = |said: Value| Value::Object(Map::from_iter([(ID.to_owned(), said)]));
    let distances = by_id(json!(352));
    let snippets = by_id(json!({"description": "Come to us as soon as a <mark>landlord</mark> gives you a notice, …"}));
    let session = json!({"start": "2026-11-23T10:00:00.000Z", "end": "2026-11-23T16:00:00.000Z"});
    let times = by_id(json!({"open_now": true, "open_until": "2026-11-22T16:00:00.000Z", "next": [session]}));
    json!({
        "type": "object",
        "description": format!("A page of {item} documents: brief ones, whole ones with full=true."),
        "required": ["total_items", "total_pages", "page_number", "size", "first_page", "last_page", "empty", "contents"],
        "properties": {
            "total_items": count("Total number of items.", 120),
            "total_pages": count("Total number of pages, at least 1.", 3),
            "page_number": count("Number of this page, from 1.", 1),
            "size": count("Items on this page.", 50),
            "per_page": count("Items per page, if the requested number was reduced.", 1_000),
            "note": text("What was not done as requested.", "per_page was cut to 1000"),
            "first_page": flag("Whether this is the first page.", true),
            "last_page": flag("Whether this is the last page.", false),
            "empty": flag("Whether there is nothing on this page.", false),
            "contents": {"type": "array", "description": "The documents; each has an id at least.", "items": brief, "examples": [[{"id": ID}]]},
            "interpreted": interpreted(),
            "distances": {"type": "object", "description": "Distance from near or postcode in metres, by id.", "additionalProperties": {"type": "number"}, "examples": [distances]},
            "for_elsewhere": {"type": "array", "description": "Ids of those of this page whose areas say that they are not for people at the postcode. They come last.", "items": {"type": "string", "format": "uuid"}, "examples": [[ID]]},
            "snippets": {"type": "object", "description": "With snippets=true: name and description with the words in mark, as HTML, by id.", "additionalProperties": {"type": "object"}, "examples": [snippets]},
            "times": {"type": "object", "description": "With times=true, and for events between from and to: open_now, open_until, next, or occurrences, by id, with day, start_time or end_time only the dates then; with more where there are further dates than 500. Moments are in UTC, RFC 3339.", "additionalProperties": {"type": "object"}, "examples": [times]}
        }
    })
}
