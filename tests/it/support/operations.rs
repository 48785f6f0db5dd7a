//! The operations of the OpenAPI document, so that a test can go through all of them and none is left out.

use std::sync::LazyLock;

use negozio::app::contract;
use reqwest::Method;
use serde_json::Value;

static DOCUMENT: LazyLock<Value> = LazyLock::new(|| contract::document().expect("the document"));

/// One operation.
pub struct Operation {
    pub method: Method,
    /// With its parameters in braces.
    pub path: String,
    /// What the document says of it.
    pub says: &'static Value,
}

/// Every operation.
pub fn all() -> Vec<Operation> {
    let paths = DOCUMENT["paths"].as_object().into_iter().flatten();
    let operations = paths.flat_map(|(path, item)| {
        item.as_object().into_iter().flatten().map(|(method, says)| Operation {
            method: method.to_uppercase().parse().expect("a method"),
            path: path.clone(),
            says,
        })
    });
    operations.collect()
}

impl Operation {
    /// `GET /v1/plans`.
    pub fn route(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    /// The path with each parameter filled in: `thing` knows identifiers by their prefix, and other parameters by their
    /// name; what it does not know is well-formed and names nothing.
    pub fn path_with(&self, thing: impl Fn(&str) -> Option<String>) -> String {
        let mut path = self.path.clone();
        for parameter in self.parameters("path") {
            let name = parameter["name"].as_str().unwrap_or_default();
            let schema = resolved(&parameter["schema"]);
            let prefix =
                schema["pattern"].as_str().and_then(|pattern| pattern.trim_start_matches('^').split('_').next());
            let example =
                [&schema["examples"][0], &schema["enum"][0], &parameter["example"]].into_iter().find_map(Value::as_str);
            let value = thing(prefix.unwrap_or(name)).or_else(|| example.map(str::to_owned));
            let value = value.unwrap_or_else(|| panic!("{}: nothing to fill in for {name}", self.route()));
            path = path.replace(&format!("{{{name}}}"), &value);
        }
        path
    }

    /// The path, filled in with what names nothing.
    pub fn absent_path(&self) -> String {
        self.path_with(|name| (name == "id").then(|| "sess_01kawz3h8mf5ttb4c5v3e8n0qx".to_owned()))
    }

    /// The parameters in the path, the query or the headers.
    pub fn parameters(&self, place: &str) -> Vec<&'static Value> {
        let parameters = self.says["parameters"].as_array().into_iter().flatten();
        parameters.filter(|parameter| parameter["in"] == place).collect()
    }

    /// Whether it reads nothing before a token that only another service of ours has.
    pub fn takes_a_services_token(&self) -> bool {
        ["provisioning", "payment_provider"].iter().any(|token| !self.says["security"][0][token].is_null())
    }

    /// The schema of its JSON body.
    pub fn json_body(&self) -> Option<&'static Value> {
        self.says.pointer("/requestBody/content/application~1json/schema").map(resolved)
    }
}

/// The schema that a reference leads to; any other is its own.
pub fn resolved(schema: &'static Value) -> &'static Value {
    let reference = schema["$ref"].as_str().map(|reference| reference.trim_start_matches('#'));
    reference.map_or(schema, |pointer| DOCUMENT.pointer(pointer).unwrap_or_else(|| panic!("no {pointer}")))
}
