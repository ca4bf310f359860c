//! Generated files are what the code generates, and what we send follows them.

use std::process::Command;

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

#[test]
fn every_example_is_what_its_schema_allows() {
    // The same definitions stand in each file.
    let schema: Value = serde_json::from_str(&std::fs::read_to_string("schema/records/service.json").unwrap()).unwrap();
    for (title, of) in schema["$defs"].as_object().unwrap() {
        for (name, property) in of["properties"].as_object().unwrap() {
            let reference = format!("#/$defs/{title}/properties/{name}");
            let property_alone = serde_json::json!({"$ref": reference, "$defs": schema["$defs"]});
            let validator = jsonschema::options().should_validate_formats(true).build(&property_alone).unwrap();
            let examples = property["examples"].as_array();
            assert!(examples.is_some_and(|all| !all.is_empty()), "{title}.{name} has no example");
            for example in examples.into_iter().flatten() {
                let wrong: Vec<String> = validator.iter_errors(example).map(|error| error.to_string()).collect();
                assert!(wrong.is_empty(), "{title}.{name}: {example}: {wrong:?}");
            }
        }
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
