//! The shape of a JSON body. serde takes a list of a struct's fields for the struct, at any depth; what the document
//! calls an object must come as one.

use std::collections::HashMap;

use serde_json::{Value, json};
use utoipa::ToSchema;

use super::body::escape_pointer;

/// The JSON Pointer to the first list that stands where the schema of `T` has an object.
pub fn misplaced_list<T: ToSchema>(body: &Value) -> Option<String> {
    let mut schemas = Vec::new();
    T::schemas(&mut schemas);
    let named = schemas.into_iter().map(|(name, schema)| (name, json!(schema))).collect();
    find(body, &json!(T::schema()), &named)
}

fn find(value: &Value, schema: &Value, named: &HashMap<String, Value>) -> Option<String> {
    if let Some(name) = schema["$ref"].as_str().and_then(|reference| reference.rsplit('/').next()) {
        return find(value, named.get(name)?, named);
    }
    if let Some(alternatives) = schema["oneOf"].as_array() {
        // Misplaced is what no alternative takes.
        let alternatives = alternatives.iter().filter(|alternative| alternative["type"] != "null");
        return alternatives.map(|alternative| find(value, alternative, named)).collect::<Option<Vec<_>>>()?.pop();
    }
    match value {
        Value::Array(_) if schema["type"] == "object" => Some(String::new()),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .find_map(|(index, item)| Some(format!("/{index}{}", find(item, &schema["items"], named)?))),
        Value::Object(members) => members.iter().find_map(|(name, member)| {
            Some(format!("/{}{}", escape_pointer(name), find(member, &schema["properties"][name], named)?))
        }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(ToSchema)]
    #[expect(dead_code, reason = "only its schema matters")]
    struct Outer {
        inner: Inner,
        maybe: Option<Inner>,
        many: Vec<Inner>,
        names: Vec<String>,
    }

    #[derive(ToSchema)]
    #[expect(dead_code, reason = "only its schema matters")]
    struct Inner {
        name: String,
    }

    #[test]
    fn a_list_is_found_where_an_object_belongs() {
        let found = |body: Value| misplaced_list::<Outer>(&body);
        assert_eq!(found(json!([])), Some(String::new()));
        assert_eq!(found(json!({ "inner": ["x"] })), Some("/inner".to_owned()));
        assert_eq!(found(json!({ "maybe": ["x"] })), Some("/maybe".to_owned()));
        assert_eq!(found(json!({ "many": [{ "name": "x" }, []] })), Some("/many/1".to_owned()));
        let right = json!({ "inner": { "name": ["x"] }, "maybe": null, "many": [], "names": ["x"], "other": [[]] });
        assert_eq!(found(right), None, "of lists elsewhere serde itself decides");
    }
}
