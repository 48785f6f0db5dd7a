//! The contract: what utoipa collects from the handlers, made exact.
//!
//! Every operation can answer some problems by its nature (a body can be malformed, a path can name nothing), so these
//! are added here by rule rather than written at each handler; a handler lists only the problems that are its own.

use serde_json::{Map, Value, json};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};

/// The schema of a TypeID with a prefix.
pub fn type_id_schema(prefix: &str) -> RefOr<Schema> {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .description(Some(format!("TypeID with the prefix `{prefix}`.")))
        .pattern(Some(format!("^{prefix}_[0-7][0-9a-hjkmnp-tv-z]{{25}}$")))
        .examples([format!("{prefix}_01kawz3h8mf5ttb4c5v3e8n0qx")])
        .into()
}

/// Bytes that are no JSON: a picture or a document.
pub struct Binary;

impl utoipa::PartialSchema for Binary {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(utoipa::openapi::SchemaFormat::KnownFormat(utoipa::openapi::KnownFormat::Binary)))
            .into()
    }
}

impl utoipa::ToSchema for Binary {}

/// Declares responses that are a problem of one status: `problem_responses!(/// Not found. NotFound = "404");`.
#[macro_export]
macro_rules! problem_responses {
    ($($(#[doc = $doc:literal])* $name:ident = $status:literal;)*) => {$(
        $(#[doc = $doc])*
        pub struct $name;
        impl utoipa::IntoResponses for $name {
            fn responses() -> std::collections::BTreeMap<String, utoipa::openapi::RefOr<utoipa::openapi::Response>> {
                let description = concat!($($doc),*).trim();
                [($status.to_owned(), $crate::platform::http::openapi::problem_response(description))].into()
            }
        }
    )*};
}

problem_responses! {
    /// The state forbids it; the problem says which.
    Conflict = "409";
    /// It has changed since the version that If-Match names.
    StaleVersion = "412";
    /// An outside service does not answer.
    ProviderUnavailable = "503";
}

/// A response whose body is a problem.
pub fn problem_response(description: &str) -> RefOr<utoipa::openapi::Response> {
    let content =
        utoipa::openapi::ContentBuilder::new().schema(Some(utoipa::openapi::Ref::from_schema_name("Problem"))).build();
    utoipa::openapi::ResponseBuilder::new()
        .description(description)
        .content(super::problem_response::PROBLEM_JSON, content)
        .build()
        .into()
}

/// The finished document.
///
/// # Errors
/// When the collected document has no JSON form.
pub fn finish(collected: &utoipa::openapi::OpenApi, codes: &[&str]) -> Result<Value, serde_json::Error> {
    let mut document = serde_json::to_value(collected)?;
    restore_references(&mut document);
    if let Some(paths) = document.get_mut("paths").and_then(Value::as_object_mut) {
        for operation in paths
            .values_mut()
            .filter_map(Value::as_object_mut)
            .flat_map(Map::values_mut)
            .filter_map(Value::as_object_mut)
        {
            limit_idempotency_key(operation);
            add_problems(operation);
            add_headers(operation);
        }
    }
    if let Some(code) =
        document.pointer_mut("/components/schemas/Problem/properties/code").and_then(Value::as_object_mut)
    {
        code.insert("enum".to_owned(), json!(codes));
    }
    Ok(document)
}

/// utoipa writes the type argument of a generic in full (`Page<Order>`); such copies point to the named schema instead.
fn restore_references(document: &mut Value) {
    let Some(schemas) = document.pointer("/components/schemas").and_then(Value::as_object) else { return };
    let named: Vec<(String, Value)> = schemas
        .iter()
        .filter(|(_, schema)| schema["type"] == "object")
        .map(|(name, schema)| (name.clone(), schema.clone()))
        .collect();
    if let Some(schemas) = document.pointer_mut("/components/schemas").and_then(Value::as_object_mut) {
        for schema in schemas.values_mut() {
            refer(schema, &named, true);
        }
    }
}

fn refer(value: &mut Value, named: &[(String, Value)], is_root: bool) {
    if !is_root && let Some((name, _)) = named.iter().find(|(_, schema)| schema == value) {
        *value = json!({ "$ref": format!("#/components/schemas/{name}") });
        return;
    }
    match value {
        Value::Object(members) => members.values_mut().for_each(|member| refer(member, named, false)),
        Value::Array(items) => items.iter_mut().for_each(|item| refer(item, named, false)),
        _ => {}
    }
}

const IDEMPOTENCY_KEY: &str = "Idempotency-Key";

/// What the header takes is written once, here, as [`super::idempotency_key`] checks it.
fn limit_idempotency_key(operation: &mut Map<String, Value>) {
    let parameters = operation.get_mut("parameters").and_then(Value::as_array_mut);
    for parameter in parameters.into_iter().flatten().filter(|parameter| parameter["name"] == IDEMPOTENCY_KEY) {
        parameter["schema"] = json!({ "type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$" });
    }
}

/// The problems that an operation can answer by its nature.
fn add_problems(operation: &mut Map<String, Value>) {
    let has_body = operation.contains_key("requestBody");
    let parameters = operation.get("parameters").and_then(Value::as_array).cloned().unwrap_or_default();
    let has = |place: &str| parameters.iter().any(|parameter| parameter["in"] == place);
    let is_idempotent = parameters.iter().any(|parameter| parameter["name"] == IDEMPOTENCY_KEY);
    let is_limited = operation.remove("x-rate-limited").is_some();
    let is_protected = operation.get("security").and_then(Value::as_array).is_some_and(|alternatives| {
        !alternatives.is_empty() && alternatives.iter().all(|alternative| alternative != &json!({}))
    });
    let by_nature = [
        ("400", has_body || has("header"), "The request cannot be parsed."),
        ("401", is_protected, "Credentials are missing or not valid."),
        ("403", is_protected, "Known, but not allowed."),
        ("404", has("path"), "There is no such thing, or it is not yours."),
        ("408", has_body, "The request took too long to arrive."),
        ("409", is_idempotent, "The same request is still being worked on."),
        ("413", has_body, "The content is too large."),
        ("415", has_body, "That content type is not accepted."),
        ("422", has_body || has("query") || is_idempotent, "Some fields are not valid."),
        ("429", is_limited, "Too many requests; Retry-After says when to come back."),
        ("500", true, "Something went wrong on our side."),
        ("503", true, "The service is busy; Retry-After says when to come back."),
    ];
    let Some(responses) = operation.get_mut("responses").and_then(Value::as_object_mut) else { return };
    for (status, applies, description) in by_nature {
        if applies && !responses.contains_key(status) {
            let content = json!({ super::problem_response::PROBLEM_JSON: { "schema": { "$ref": "#/components/schemas/Problem" } } });
            responses.insert(status.to_owned(), json!({ "description": description, "content": content }));
        }
    }
    let mut sorted: Vec<_> = std::mem::take(responses).into_iter().collect();
    sorted.sort_by(|one, other| one.0.cmp(&other.0));
    responses.extend(sorted);
}

/// The headers that every answer carries.
fn add_headers(operation: &mut Map<String, Value>) {
    let Some(responses) = operation.get_mut("responses").and_then(Value::as_object_mut) else { return };
    for (status, response) in responses {
        let Some(response) = response.as_object_mut() else { continue };
        let headers = response.entry("headers").or_insert_with(|| json!({}));
        headers["X-Request-Id"] = json!({ "description": "The request's identifier.", "schema": { "type": "string" } });
        if matches!(status.as_str(), "429" | "503") {
            headers["Retry-After"] = json!({ "description": "Seconds to wait.", "schema": { "type": "integer" } });
        }
    }
}
