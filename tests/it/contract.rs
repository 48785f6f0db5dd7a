//! The OpenAPI document: committed as the code says, complete, and with examples that validate.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use negozio::app::{contract, routes};
use serde_json::{Map, Value};

use crate::support::suite::Suite;

pub fn register(suite: &mut Suite) {
    suite.once("contract::the_committed_files_are_what_the_code_says", the_committed_files_are_what_the_code_says);
    suite.once("contract::every_operation_is_described", every_operation_is_described);
    suite.once("contract::problem_codes_are_unique_and_all_listed", problem_codes_are_unique_and_all_listed);
    suite.once("contract::every_reference_leads_somewhere", every_reference_leads_somewhere);
    suite.once("contract::every_example_fits_its_schema", every_example_fits_its_schema);
    suite.once("contract::every_request_body_refuses_unknown_fields", every_request_body_refuses_unknown_fields);
}

/// The document that the code makes.
pub fn document() -> Value {
    contract::document().expect("the document")
}

/// Every operation: method, path and what it says.
pub fn operations(document: &Value) -> Vec<(String, String, Value)> {
    let paths = document["paths"].as_object().expect("paths");
    let methods = |(path, item): (&String, &Value)| {
        let item = item.as_object().cloned().unwrap_or_default();
        let path = path.clone();
        item.into_iter()
            .filter(|(method, _)| ["get", "post", "put", "patch", "delete"].contains(&method.as_str()))
            .map(move |(method, operation)| (method.to_uppercase(), path.clone(), operation))
            .collect::<Vec<_>>()
    };
    paths.iter().flat_map(methods).collect()
}

fn the_committed_files_are_what_the_code_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("openapi");
    for (name, text) in contract::files().expect("the files") {
        let committed = std::fs::read_to_string(folder.join(name)).unwrap_or_default();
        assert!(committed == text, "openapi/{name} is not what the code says: run `cargo run -- openapi`");
    }
}

fn every_operation_is_described() {
    let document = document();
    let mut identifiers = BTreeSet::new();
    let tags: BTreeSet<&str> =
        document["tags"].as_array().expect("tags").iter().filter_map(|tag| tag["name"].as_str()).collect();
    for (method, path, operation) in operations(&document) {
        let id = operation["operationId"].as_str().unwrap_or_default().to_owned();
        assert!(!id.is_empty() && identifiers.insert(id.clone()), "{method} {path}: operationId `{id}` missing or taken");
        let summary = operation["summary"].as_str().unwrap_or_default();
        assert!(!summary.is_empty() && !summary.ends_with('.'), "{id}: summary `{summary}`");
        let own = operation["tags"].as_array().cloned().unwrap_or_default();
        assert_eq!(own.len(), 1, "{id}: one tag");
        assert!(tags.contains(own[0].as_str().unwrap_or_default()), "{id}: the tag {} is not described", own[0]);
        let responses = operation["responses"].as_object().expect("responses");
        assert!(responses.keys().any(|status| status.starts_with('2')), "{id}: no success");
        for (status, response) in responses {
            assert!(!response["description"].as_str().unwrap_or_default().is_empty(), "{id}: {status} undescribed");
            if status.starts_with(['4', '5']) {
                assert!(response["content"].get("application/problem+json").is_some(), "{id}: {status} is no problem");
            }
        }
        for placeholder in path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')) {
            let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
            let described = parameters.iter().any(|it| it["name"] == placeholder && it["in"] == "path");
            assert!(described, "{id}: the parameter {placeholder} is not described");
        }
    }
}

fn problem_codes_are_unique_and_all_listed() {
    let codes = routes::problem_codes();
    let mut seen = BTreeMap::new();
    for code in &codes {
        assert!(
            code.name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_' || byte.is_ascii_digit()),
            "{}: a code is in snake_case",
            code.name
        );
        assert!((400..600).contains(&code.status), "{}: {}", code.name, code.status);
        assert_eq!(seen.insert(code.name, code.status), None, "{} is declared twice", code.name);
    }
    let listed: BTreeSet<String> = document()
        .pointer("/components/schemas/Problem/properties/code/enum")
        .and_then(Value::as_array)
        .expect("the closed list")
        .iter()
        .filter_map(|code| code.as_str().map(str::to_owned))
        .collect();
    assert_eq!(listed, seen.keys().map(|name| (*name).to_owned()).collect());
    for declared in codes_in_the_source() {
        assert!(listed.contains(&declared), "{declared} is declared, but `app::routes::problem_codes` does not gather it");
    }
}

/// The names in every `problem_codes!` of the source.
fn codes_in_the_source() -> Vec<String> {
    let mut codes = Vec::new();
    for (_, text) in crate::architecture::sources() {
        for block in text.split("problem_codes! {").skip(1) {
            let block = block.split('}').next().unwrap_or_default();
            codes.extend(block.lines().filter_map(|line| line.split('"').nth(1)).map(str::to_owned));
        }
    }
    assert!(codes.len() > 20, "the declarations were not found");
    codes
}

fn every_reference_leads_somewhere() {
    let document = document();
    let mut references = BTreeSet::new();
    collect_references(&document, &mut references);
    assert!(!references.is_empty());
    for reference in references {
        let pointer = reference.strip_prefix('#').expect("a reference within the document");
        assert!(document.pointer(pointer).is_some(), "{reference} leads nowhere");
    }
}

fn collect_references(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            if let Some(reference) = members.get("$ref").and_then(Value::as_str) {
                found.insert(reference.to_owned());
            }
            members.values().for_each(|member| collect_references(member, found));
        }
        Value::Array(items) => items.iter().for_each(|item| collect_references(item, found)),
        _ => {}
    }
}

fn every_example_fits_its_schema() {
    let document = document();
    let mut checked = 0;
    check_examples(&document, &document, "#", &mut checked);
    assert!(checked > 30, "only {checked} examples were found");
}

/// Checks the examples of every schema, and of every media type and parameter that has a schema.
fn check_examples(document: &Value, value: &Value, place: &str, checked: &mut usize) {
    if let Value::Object(members) = value {
        for (schema, example) in examples_of(members) {
            *checked += 1;
            if let Err(reason) = fits(document, &schema, &example) {
                panic!("the example {example} at {place} does not fit: {reason}");
            }
        }
        for (name, member) in members.iter().filter(|(name, _)| !["example", "examples"].contains(&name.as_str())) {
            check_examples(document, member, &format!("{place}/{name}"), checked);
        }
    } else if let Value::Array(items) = value {
        for (index, item) in items.iter().enumerate() {
            check_examples(document, item, &format!("{place}/{index}"), checked);
        }
    }
}

/// Schemas and the examples given for them, in this object itself.
fn examples_of(members: &Map<String, Value>) -> Vec<(Value, Value)> {
    let named = |examples: &Value| -> Vec<Value> {
        let values = examples.as_object().map(|named| named.values().filter_map(|one| one.get("value")).cloned().collect());
        values.or_else(|| examples.as_array().cloned()).unwrap_or_default()
    };
    let is_schema = members.get("type").is_some_and(|kind| kind.is_string() || kind.is_array());
    let schema = match members.get("schema") {
        Some(schema) => schema.clone(),
        None if is_schema => Value::Object(members.clone()),
        None => return Vec::new(),
    };
    let several = members.get("examples").map(named).unwrap_or_default();
    members.get("example").cloned().into_iter().chain(several).map(|example| (schema.clone(), example)).collect()
}

/// The part of JSON Schema 2020-12 that the document uses.
fn fits(document: &Value, schema: &Value, value: &Value) -> Result<(), String> {
    if let Some(reference) = schema["$ref"].as_str() {
        let target = document.pointer(reference.trim_start_matches('#')).ok_or_else(|| reference.to_owned())?;
        return fits(document, target, value);
    }
    for (keyword, all) in [("allOf", true), ("oneOf", false), ("anyOf", false)] {
        if let Some(parts) = schema[keyword].as_array() {
            let results: Vec<_> = parts.iter().map(|part| fits(document, part, value)).collect();
            let passes = if all { results.iter().all(Result::is_ok) } else { results.iter().any(Result::is_ok) };
            if !passes {
                return Err(format!("{keyword}: {results:?}"));
            }
        }
    }
    check_type(schema, value)?;
    if let Some(allowed) = schema["enum"].as_array()
        && !allowed.contains(value)
    {
        return Err(format!("{value} is not one of {allowed:?}"));
    }
    check_bounds(schema, value)?;
    if let Some(items) = value.as_array() {
        items.iter().try_for_each(|item| fits(document, &schema["items"], item))?;
    }
    match value.as_object() {
        Some(members) => check_members(document, schema, members),
        None => Ok(()),
    }
}

fn check_type(schema: &Value, value: &Value) -> Result<(), String> {
    let allowed: Vec<&str> = match &schema["type"] {
        Value::String(one) => vec![one],
        Value::Array(several) => several.iter().filter_map(Value::as_str).collect(),
        _ => return Ok(()),
    };
    let is = |name: &&str| match *name {
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        "null" => value.is_null(),
        _ => false,
    };
    if allowed.iter().any(is) { Ok(()) } else { Err(format!("{value} is not of type {allowed:?}")) }
}

fn check_bounds(schema: &Value, value: &Value) -> Result<(), String> {
    let bound = |name: &str| schema[name].as_f64();
    let size = value.as_str().map(|text| text.chars().count() as f64);
    let size = size.or_else(|| value.as_array().map(|items| items.len() as f64));
    let too_small = |least: Option<f64>, got: Option<f64>| least.zip(got).is_some_and(|(least, got)| got < least);
    let too_large = |most: Option<f64>, got: Option<f64>| most.zip(got).is_some_and(|(most, got)| got > most);
    let number = value.as_f64();
    let least = bound("minLength").or_else(|| bound("minItems"));
    let most = bound("maxLength").or_else(|| bound("maxItems"));
    if too_small(least, size) || too_large(most, size) || too_small(bound("minimum"), number) || too_large(bound("maximum"), number) {
        return Err(format!("{value} is out of bounds"));
    }
    let prefix = schema["pattern"].as_str().and_then(|pattern| pattern.strip_prefix('^')?.split('[').next());
    match (prefix, value.as_str()) {
        (Some(prefix), Some(text)) if !text.starts_with(prefix) => Err(format!("{text} does not begin with {prefix}")),
        _ => Ok(()),
    }
}

fn check_members(document: &Value, schema: &Value, members: &Map<String, Value>) -> Result<(), String> {
    let required = schema["required"].as_array().cloned().unwrap_or_default();
    if let Some(missing) = required.iter().filter_map(Value::as_str).find(|name| !members.contains_key(*name)) {
        return Err(format!("{missing} is missing"));
    }
    for (name, member) in members {
        match schema["properties"].get(name) {
            Some(property) => fits(document, property, member).map_err(|reason| format!("{name}: {reason}"))?,
            None if schema["additionalProperties"] == false => return Err(format!("{name} is unknown")),
            None => {}
        }
    }
    Ok(())
}

fn every_request_body_refuses_unknown_fields() {
    let document = document();
    for (method, path, operation) in operations(&document) {
        let schema = operation.pointer("/requestBody/content/application~1json/schema");
        let Some(schema) = schema else { continue };
        let candidates = match schema["oneOf"].as_array() {
            Some(alternatives) => alternatives.clone(),
            None => vec![schema.clone()],
        };
        for candidate in candidates {
            let resolved = match candidate["$ref"].as_str() {
                Some(reference) => document.pointer(reference.trim_start_matches('#')).expect("a schema").clone(),
                None => candidate,
            };
            if resolved["type"] == "object" {
                assert_eq!(resolved["additionalProperties"], false, "{method} {path}: a typo would be dropped silently");
            }
        }
    }
}
