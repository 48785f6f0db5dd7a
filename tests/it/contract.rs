//! The committed OpenAPI document is what the code says.

use std::collections::HashSet;

use negozio::app::{contract, routes};

use crate::support::suite::Suite;

/// Puts this module's tests on the list.
pub fn register(suite: &mut Suite) {
    suite.once("contract::the_committed_document_has_not_drifted", the_committed_document_has_not_drifted);
    suite.once("contract::every_operation_is_described", every_operation_is_described);
    suite.once("contract::enums_are_written_as_on_the_wire", enums_are_written_as_on_the_wire);
    suite.once("contract::problem_codes_are_unique", problem_codes_are_unique);
}

fn the_committed_document_has_not_drifted() {
    for (name, text) in contract::files().expect("the document") {
        let committed = std::fs::read_to_string(format!("openapi/{name}")).unwrap_or_default();
        assert!(committed == text, "openapi/{name} has drifted: run `cargo run -- openapi`");
    }
}

fn every_operation_is_described() {
    let document = contract::document().expect("the document");
    let mut identifiers = HashSet::new();
    for (path, item) in document["paths"].as_object().expect("paths") {
        for (method, operation) in item.as_object().expect("operations") {
            let identifier = operation["operationId"].as_str().unwrap_or_default();
            assert!(identifiers.insert(identifier.to_owned()), "{method} {path}: {identifier} is not unique");
            assert!(operation["summary"].is_string(), "{method} {path} has no summary");
            assert_eq!(operation["tags"].as_array().map(Vec::len), Some(1), "{method} {path} has no tag");
        }
    }
}

fn enums_are_written_as_on_the_wire() {
    let document = contract::document().expect("the document");
    let wire: Vec<&str> = negozio::platform::locale::Locale::ALL.iter().map(|locale| locale.as_str()).collect();
    assert_eq!(document["components"]["schemas"]["Locale"]["enum"], serde_json::json!(wire));
    let kinds = &document["components"]["schemas"]["BillingKind"]["enum"];
    assert_eq!(kinds[0], "person");
}

fn problem_codes_are_unique() {
    let codes = routes::problem_codes();
    let unique: HashSet<&str> = codes.iter().map(|code| code.name).collect();
    assert_eq!(unique.len(), codes.len());
}
