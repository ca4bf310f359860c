//! The shape of every entity, read from the JSON Schemas that the types generate, so that what
//! is checked at the edge and what is published as the schema cannot differ.

use std::{
    collections::{BTreeMap, HashMap},
    sync::OnceLock,
};

use schemars::{Schema, SchemaGenerator, generate::SchemaSettings, transform::Transform};
use serde_json::{Map, Value};

use super::{Event, Kind, Location, Organization, Service, ServiceAtLocation, Taxonomy, TaxonomyTerm, contact};

/// What a field holds.
#[derive(Clone, Debug, PartialEq)]
pub enum Shape {
    /// Free text of at most so many characters.
    Text {
        /// Characters.
        max: usize,
    },
    /// Text with a format of its own, by its name in the schema.
    Formatted(String),
    /// An id, of the named kind of thing.
    Id(String),
    /// One of these words.
    Choice(Vec<String>),
    /// A number within bounds, both included.
    Number {
        /// Least.
        min: f64,
        /// Most.
        max: f64,
    },
    /// An entity, by name.
    Entity(String),
    /// A list.
    List(Box<Shape>),
    /// Anything.
    Any,
}

/// A field of an entity.
#[derive(Clone, Debug)]
pub struct Field {
    /// What it holds.
    pub shape: Shape,
    /// Whether the entity is nothing without it.
    pub required: bool,
}

/// An entity: its fields by name.
#[derive(Clone, Debug)]
pub struct Entity {
    /// Name in snake case, such as `cost_option`.
    pub name: String,
    /// Fields by name.
    pub fields: BTreeMap<String, Field>,
}

/// Free text is cut off here: 64 kB is longer than any honest description.
const LONGEST_TEXT: usize = 65_536;

/// The entity that the schema calls `title`, such as `ServiceAtLocation`.
pub fn entity(title: &str) -> Option<&'static Entity> {
    entities().get(title)
}

fn entities() -> &'static HashMap<String, Entity> {
    static ENTITIES: OnceLock<HashMap<String, Entity>> = OnceLock::new();
    ENTITIES.get_or_init(read_entities)
}

/// Whether there is an entity of this name in snake case, such as `service_at_location`.
pub fn has(name: &str) -> bool {
    entities().values().any(|entity| entity.name == name)
}

/// The schema title of a kind of record.
pub fn title(kind: Kind) -> &'static str {
    match kind {
        Kind::Taxonomy => "Taxonomy",
        Kind::TaxonomyTerm => "TaxonomyTerm",
        Kind::Organization => "Organization",
        Kind::Location => "Location",
        Kind::Service => "Service",
        Kind::Event => "Event",
        Kind::ServiceAtLocation => "ServiceAtLocation",
    }
}

/// A generator for schemas as we publish them: JSON Schema 2020-12, and no `null` anywhere,
/// because fields without a value are left out.
pub fn generator(definitions: &'static str) -> SchemaGenerator {
    SchemaSettings::draft2020_12()
        .with(|settings| settings.definitions_path = definitions.into())
        .with_transform(WithoutNull)
        .into_generator()
}

/// These schemas, which came from the generator, under the names that an `OpenAPI` document gives them, and the
/// definitions of everything that they use.
pub fn components<const N: usize>(mut generator: SchemaGenerator, named: [(&str, Schema); N]) -> Map<String, Value> {
    let mut all = generator.take_definitions(true);
    for (name, schema) in named {
        let mut schema = schema.to_value();
        if let Some(object) = schema.as_object_mut() {
            for member in ["$schema", "title", "components"] {
                object.remove(member);
            }
        }
        all.insert(name.to_owned(), schema);
    }
    all
}

/// The definitions of all entities, by title.
pub fn definitions(path: &'static str) -> Map<String, Value> {
    let mut generator = generator(path);
    generator.subschema_for::<Service>();
    generator.subschema_for::<ServiceAtLocation>();
    generator.subschema_for::<Organization>();
    generator.subschema_for::<Location>();
    generator.subschema_for::<Taxonomy>();
    generator.subschema_for::<TaxonomyTerm>();
    generator.subschema_for::<Event>();
    with_examples(generator.take_definitions(true))
}

/// Give what holds an entity, or a list of them, an example of the entity. Everything else brings its own.
fn with_examples(mut definitions: Map<String, Value>) -> Map<String, Value> {
    let examples: HashMap<String, Value> =
        definitions.iter().map(|(title, schema)| (title.clone(), example_of(schema))).collect();
    let of = |schema: &Value| examples.get(schema.get("$ref")?.as_str()?.rsplit('/').next()?).cloned();
    for schema in definitions.values_mut() {
        let properties = schema.get_mut("properties").and_then(Value::as_object_mut);
        for property in properties.into_iter().flat_map(Map::values_mut).filter_map(Value::as_object_mut) {
            let property_schema = Value::Object(property.clone());
            let list = || Some(Value::Array(vec![of(property_schema.get("items")?)?]));
            if let Some(example) = of(&property_schema).or_else(list) {
                property.insert("examples".to_owned(), Value::Array(vec![example]));
            }
        }
    }
    definitions
}

/// Members that say what something is, before others.
const TELLING: [&str; 3] = ["name", "description", "label"];

/// A small example of an entity: what it is nothing without, and of the rest what makes three.
fn example_of(schema: &Value) -> Value {
    let mut example = Map::new();
    let properties = schema.get("properties").and_then(Value::as_object);
    let required: Vec<&str> =
        schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
    let names = || properties.into_iter().flat_map(Map::keys).map(String::as_str);
    let telling = TELLING.into_iter().filter(|name| properties.is_some_and(|all| all.contains_key(*name)));
    for name in required.iter().copied().chain(telling).chain(names()) {
        let given = properties.and_then(|all| all.get(name)?.get("examples")?.get(0));
        if let Some(given) = given.filter(|_| example.len() < 3 || required.contains(&name)) {
            example.insert(name.to_owned(), given.clone());
        }
    }
    example.into()
}

#[derive(Clone, Debug)]
struct WithoutNull;

impl Transform for WithoutNull {
    fn transform(&mut self, schema: &mut Schema) {
        schemars::transform::transform_subschemas(self, schema);
        let Some(object) = schema.as_object_mut() else { return };
        if let Some(Value::Array(types)) = object.get_mut("type") {
            types.retain(|kind| kind != "null");
            if let [only] = types.as_slice() {
                let only = only.clone();
                object.insert("type".to_owned(), only);
            }
        }
        if let Some(Value::Array(choices)) = object.get_mut("anyOf") {
            choices.retain(|choice| choice.get("type").is_none_or(|kind| kind != "null"));
            if let [Value::Object(only)] = choices.as_slice() {
                let only = only.clone();
                object.remove("anyOf");
                for (key, value) in only {
                    object.entry(key).or_insert(value);
                }
            }
        }
    }
}

fn read_entities() -> HashMap<String, Entity> {
    definitions("/$defs")
        .into_iter()
        .filter_map(|(title, schema)| {
            let properties = schema.get("properties")?.as_object()?;
            let required: Vec<&str> =
                schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
            let name = snake_case(&title);
            let fields = properties
                .iter()
                .map(|(field, schema)| {
                    let mut shape = read_shape(schema);
                    if field == "id" && shape == Shape::Formatted("uuid".to_owned()) {
                        shape = Shape::Id(name.clone());
                    }
                    (field.clone(), Field { shape, required: required.contains(&field.as_str()) })
                })
                .chain(named_elsewhere(&title))
                .collect();
            Some((title, Entity { name, fields }))
        })
        .collect()
}

/// A member that the standard has and the types keep among those that they do not name. It is an id, and goes by what
/// the ids of its source become.
fn named_elsewhere(title: &str) -> Option<(String, Field)> {
    let field = Field { shape: Shape::Id("contact".to_owned()), required: false };
    (title == "Phone").then(|| (contact::CONTACT.to_owned(), field))
}

fn read_shape(schema: &Value) -> Shape {
    if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
        return Shape::Entity(reference.rsplit('/').next().unwrap_or_default().to_owned());
    }
    let words = |list: &Vec<Value>, key: Option<&str>| -> Vec<String> {
        list.iter().filter_map(|v| key.map_or(Some(v), |k| v.get(k)).and_then(Value::as_str).map(str::to_owned)).collect()
    };
    if let Some(Value::Array(choices)) = schema.get("oneOf") {
        return Shape::Choice(words(choices, Some("const")));
    }
    if let Some(Value::Array(choices)) = schema.get("enum") {
        return Shape::Choice(words(choices, None));
    }
    if let Some(of) = schema.get("x-id-of").and_then(Value::as_str) {
        return Shape::Id(of.to_owned());
    }
    let bound = |name: &str, otherwise: f64| schema.get(name).and_then(Value::as_f64).unwrap_or(otherwise);
    match schema.get("type").and_then(Value::as_str) {
        Some("array") => Shape::List(Box::new(schema.get("items").map_or(Shape::Any, read_shape))),
        Some("number" | "integer") => Shape::Number { min: bound("minimum", -9e15), max: bound("maximum", 9e15) },
        Some("string") => match schema.get("format").and_then(Value::as_str) {
            Some(format) => Shape::Formatted(format.to_owned()),
            None => Shape::Text {
                max: schema
                    .get("maxLength")
                    .and_then(Value::as_u64)
                    .map_or(LONGEST_TEXT, |n| usize::try_from(n).unwrap_or(LONGEST_TEXT)),
            },
        },
        _ => Shape::Any,
    }
}

fn snake_case(title: &str) -> String {
    let mut out = String::new();
    for (at, c) in title.char_indices() {
        if c.is_ascii_uppercase() && at > 0 {
            out.push('_');
        }
        out.push(c.to_ascii_lowercase());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_follow_the_types() {
        let service = entity("Service").unwrap();
        assert!(service.fields["name"].required && !service.fields["description"].required);
        assert_eq!(service.fields["id"].shape, Shape::Id("service".to_owned()));
        assert_eq!(service.fields["url"].shape, Shape::Formatted("uri".to_owned()));
        assert_eq!(service.fields["organization"].shape, Shape::Entity("Organization".to_owned()));
        assert_eq!(
            service.fields["status"].shape,
            Shape::Choice(["active", "inactive", "defunct", "temporarily closed"].map(str::to_owned).to_vec())
        );
        assert_eq!(service.fields["minimum_age"].shape, Shape::Number { min: 0.0, max: 150.0 });
        assert_eq!(entity("Phone").unwrap().fields["id"].shape, Shape::Id("phone".to_owned()));
        assert_eq!(entity("Schedule").unwrap().fields["opens_at"].shape, Shape::Formatted("time-of-day".to_owned()));
        assert!(entity("Address").unwrap().fields["state_province"].required);
    }

    #[test]
    fn every_public_field_is_described_and_has_an_example() {
        for (title, schema) in definitions("/$defs") {
            for (field, property) in schema["properties"].as_object().into_iter().flatten() {
                assert!(property.get("description").is_some(), "{title}.{field} has no description");
                let examples = property.get("examples").and_then(Value::as_array);
                let first = examples.and_then(|all| all.first());
                assert!(first.is_some(), "{title}.{field} has no example");
                let list = property.get("items").map(|_| first.and_then(Value::as_array).map_or(0, Vec::len));
                assert!(list != Some(0), "the example of {title}.{field} is a list of something");
            }
        }
    }

    #[test]
    fn no_schema_allows_null() {
        assert!(!serde_json::to_string(&definitions("/$defs")).unwrap().contains("\"null\""));
    }
}
