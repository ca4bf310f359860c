//! Generated files are what the code generates, and what we send follows them.

use std::{collections::BTreeSet, process::Command};

use serde_json::Value;

use crate::support::fact;

#[test]
fn committed_schemas_are_those_of_the_types() {
    let output = Command::new(env!("CARGO_BIN_EXE_fingerpost")).args(["schema", "--check"]).output().unwrap();
    assert!(
        output.status.success(),
        "run `cargo run -- schema` and commit the result:\n{}",
        String::from_utf8_lossy(&output.stdout)
    );
}

/// The committed schemas, by their files.
fn committed() -> Vec<(String, Value)> {
    let folders = ["schema", "schema/federation", "schema/records", "schema/self-help"];
    let paths = folders.into_iter().flat_map(|folder| std::fs::read_dir(folder).unwrap()).map(|entry| entry.unwrap().path());
    let files = paths.filter(|path| path.extension().is_some_and(|extension| extension == "json"));
    files
        .map(|path| (path.display().to_string(), serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()))
        .collect()
}

/// Every field of every object that a schema describes, by where it stands.
fn fields<'a>(schema: &'a Value, at: &str, found: &mut Vec<(String, &'a Value)>) {
    match schema {
        Value::Object(members) => {
            for (name, member) in members {
                let at = format!("{at}/{name}");
                match (name.as_str(), member) {
                    // These hold values, in which a member is no field.
                    ("examples" | "default" | "const" | "enum", _) => {}
                    ("properties", Value::Object(properties)) => {
                        for (name, field) in properties {
                            let at = format!("{at}/{name}");
                            fields(field, &at, found);
                            found.push((at, field));
                        }
                    }
                    _ => fields(member, &at, found),
                }
            }
        }
        Value::Array(items) => items.iter().enumerate().for_each(|(place, item)| fields(item, &format!("{at}/{place}"), found)),
        _ => {}
    }
}

/// Whether a field gives an example, or names what gives one: its values, its own fields, another schema.
fn has_example(field: &Value) -> bool {
    let is_given = |name: &str| field.get(name).is_some();
    let has_own = field["examples"].as_array().is_some_and(|all| !all.is_empty());
    has_own || ["enum", "const", "properties"].into_iter().any(is_given) || field.to_string().contains("\"$ref\":")
}

/// Where the fields stand that do not have it.
fn lacking(fields: &[(String, &Value)], has: impl Fn(&Value) -> bool) -> Vec<String> {
    fields.iter().filter(|(_, field)| !has(field)).map(|(at, _)| at.clone()).collect()
}

#[test]
fn every_field_of_every_public_schema_has_a_description_and_an_example() {
    for (file, schema) in committed() {
        let mut all = Vec::new();
        fields(&schema, "", &mut all);
        assert!(!all.is_empty(), "{file} describes no field");
        let without_description = lacking(&all, |field| field["description"].as_str().is_some_and(|text| !text.is_empty()));
        let without_example = lacking(&all, has_example);
        assert!(without_description.is_empty(), "{file}: no description: {without_description:#?}");
        assert!(without_example.is_empty(), "{file}: no example: {without_example:#?}");
    }
}

#[test]
fn every_example_is_what_its_schema_allows() {
    for (file, schema) in committed() {
        let mut all = Vec::new();
        fields(&schema, "", &mut all);
        // All examples are one document, so that a schema is read once and not for each of its fields.
        let mut lists = serde_json::Map::new();
        let mut examples = serde_json::Map::new();
        for (at, field) in all {
            let mut one = field.clone();
            if let Some(keywords) = one.as_object_mut() {
                // A list of 256 hashes is shown by one of them.
                keywords.remove("minItems");
            }
            lists.insert(at.clone(), serde_json::json!({"items": one}));
            examples.extend(field.get("examples").map(|given| (at, given.clone())));
        }
        let mut of_examples = serde_json::json!({"properties": lists});
        for definitions in ["$defs", "components"] {
            if let Some(those) = schema.get(definitions) {
                of_examples[definitions] = those.clone();
            }
        }
        let validator = jsonschema::options().should_validate_formats(true).build(&of_examples).unwrap();
        let examples = Value::Object(examples);
        let wrong: Vec<String> =
            validator.iter_errors(&examples).map(|error| format!("{}: {error}", error.instance_path())).collect();
        assert!(wrong.is_empty(), "{file}: {wrong:#?}");
    }
}

/// Every `$ref` of a schema.
fn references(schema: &Value, found: &mut BTreeSet<String>) {
    match schema {
        Value::Object(members) => {
            found.extend(members.get("$ref").and_then(Value::as_str).map(str::to_owned));
            members.values().for_each(|member| references(member, found));
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        _ => {}
    }
}

#[test]
fn no_schema_refers_to_what_is_not_there() {
    for (file, schema) in committed() {
        let mut all = BTreeSet::new();
        references(&schema, &mut all);
        let inside = all.iter().filter_map(|reference| reference.strip_prefix('#'));
        let missing: Vec<&str> = inside.filter(|pointer| schema.pointer(pointer).is_none()).collect();
        assert!(missing.is_empty(), "{file}: {missing:?}");
    }
}

/// The names of settings that the program reads, by its source.
fn settings_that_are_read() -> Vec<String> {
    let sources = std::fs::read_dir("src/config").unwrap().map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap());
    let names = |source: String| -> Vec<String> {
        source.split("(values, \"").skip(1).map(|rest| rest.split('"').next().unwrap().to_owned()).collect()
    };
    sources.flat_map(names).collect()
}

#[test]
fn the_guide_to_settings_has_every_setting_that_the_program_reads_and_no_other() {
    let guide = std::fs::read_to_string("docs/guides/settings.md").unwrap();
    let schema: Value = serde_json::from_str(&std::fs::read_to_string("schema/config.json").unwrap()).unwrap();
    let known = schema["properties"].as_object().unwrap();
    let read = settings_that_are_read();
    assert!(read.len() > 20 && read.contains(&"notify_url".to_owned()), "{read:?}");
    for name in read {
        assert!(known.contains_key(&name), "{name} is read, and stands in no table");
    }
    let mut rows: Vec<&str> = guide.lines().filter(|line| line.starts_with("| `FINGERPOST_")).collect();
    for (name, setting) in known.iter().filter(|(name, _)| *name != "oidc") {
        let variable = format!("FINGERPOST_{}", name.to_uppercase());
        let text = |member: &Value| member.as_str().unwrap().to_owned();
        let code = |text: String| if text.is_empty() { text } else { format!("`{text}`") };
        let meaning = text(&setting["description"]).replace(&format!(" Environment: {variable}."), "");
        let row = format!(
            "| `{variable}` | {} | {meaning} | {} |",
            code(text(&setting["default"])),
            code(text(&setting["examples"][0]))
        );
        assert!(rows.contains(&&*row), "docs/guides/settings.md has no such row:\n{row}");
        rows.retain(|one| *one != row);
    }
    assert_eq!(rows, [""; 0], "settings that there are not");
    for member in schema["properties"]["oidc"]["items"]["properties"].as_object().unwrap().keys() {
        assert!(guide.contains(&format!("\n{member} = ")), "{member} of [[oidc]] is missing in docs/guides/settings.md");
    }
}

#[test]
fn the_guide_to_spreadsheets_names_every_column() {
    let guide = std::fs::read_to_string("docs/guides/spreadsheets.md").unwrap();
    let missing: Vec<&str> = fingerpost::importing::COLUMNS
        .iter()
        .map(|column| column.name)
        .filter(|name| !guide.contains(&format!("| `{name}` |")))
        .collect();
    assert!(missing.is_empty(), "docs/guides/spreadsheets.md lacks {missing:?}");
}

fact! {
    async fn every_document_follows_its_schema(app) {
        app.fixtures().await;
        for collection in fingerpost::publishing::COLLECTIONS {
            let schema: Value = serde_json::from_str(&std::fs::read_to_string(format!("schema/records/{}.json", collection.kind)).unwrap()).unwrap();
            let validator = jsonschema::options().should_validate_formats(true).build(&schema).unwrap();
            let lines = app.get(&format!("{}?format=ndjson&full=true", collection.path)).await.text();
            assert!(lines.lines().count() > 0, "{}", collection.path);
            for line in lines.lines() {
                let document: Value = serde_json::from_str(line).unwrap();
                let wrong: Vec<String> = validator.iter_errors(&document).map(|error| format!("{}: {error}", error.instance_path())).collect();
                assert!(wrong.is_empty(), "{} {}: {wrong:?}", collection.path, document["id"]);
            }
        }
    }
}

fact! {
    async fn what_every_address_for_programs_and_monitors_answers_is_described(app) {
        let described = app.get("/openapi.json").await.json();
        for path in ["/", "/api", "/api/", "/facets", "/services", "/healthz", "/readyz", "/metrics"] {
            let answers = &described["paths"][path]["get"]["responses"];
            let answer = app.get(path).await;
            assert_eq!(answer.status, 200, "{path}");
            assert!(answers["200"].is_object(), "{path}");
            let etag = answer.header("etag");
            if !etag.is_empty() {
                let again = app.ask(http::Method::GET, path, &[("if-none-match", etag)], "").await;
                assert!(answers[again.status.as_str()].is_object(), "{path} answers {}", again.status);
            }
        }
    }
}

fact! {
    async fn the_served_description_is_the_committed_one(app) {
        let committed: Value = serde_json::from_str(&std::fs::read_to_string("schema/openapi.json").unwrap()).unwrap();
        assert_eq!(app.get("/openapi.json").await.json(), committed);
        for (path, methods) in committed["paths"].as_object().unwrap() {
            for (method, operation) in methods.as_object().unwrap() {
                let answers = operation["responses"].as_object().unwrap();
                assert!(operation["operationId"].is_string() && answers.keys().any(|status| status.starts_with('2')), "{method} {path}");
            }
        }
    }
}
