//! The form that `GET /v1/holder-types` describes is the one that `PUT holder` takes.

use std::rc::Rc;

use serde_json::{Value, json};

use crate::support::activation::bought;
use crate::support::expect::{items, text};
use crate::support::server::TestServer;

crate::on_both_engines!(the_form_that_is_described_is_the_one_that_is_taken);

/// A value that a field takes, for a holder of this type.
fn sample(holder_type: &str, field: &Value) -> Value {
    let fields = || field["fields"].as_array().into_iter().flatten();
    let is_person = ["person", "professional"].contains(&holder_type);
    match text(field, "/name").as_str() {
        "first_name" => json!("Mario"),
        "last_name" => json!("Rossi"),
        "business_name" => json!("Rossi S.r.l."),
        "codice_fiscale" if is_person => json!("RSSMRA85T10A562S"),
        "codice_fiscale" | "partita_iva" => json!("00743110157"),
        "pec" => json!("rossi@pec.example.com"),
        "phone" => json!("+39021234567"),
        "street" => json!("Via Roma 1"),
        "postal_code" => json!("20121"),
        "municipality" => json!("Milano"),
        "province" => json!("MI"),
        "country" => json!("IT"),
        "address" => fields().map(|inner| (text(inner, "/name"), sample(holder_type, inner))).collect(),
        name => panic!("a field that the test knows nothing of: {name}"),
    }
}

/// Every field with its pointer, those of groups too.
fn all_fields(of: &Value, above: &str) -> Vec<(String, Value)> {
    let fields = of["fields"].as_array().into_iter().flatten();
    let with_inner = fields.flat_map(|field| {
        let pointer = format!("{above}/{}", text(field, "/name"));
        let inner = all_fields(field, &pointer);
        std::iter::once((pointer, field.clone())).chain(inner)
    });
    with_inner.collect()
}

/// The holder without one field.
fn without(holder: &Value, pointer: &str) -> Value {
    let mut holder = holder.clone();
    let (above, name) = pointer.rsplit_once('/').expect("a pointer");
    let members = holder.pointer_mut(above).and_then(Value::as_object_mut).expect("an object");
    members.remove(name).expect("the field");
    holder
}

/// The holder with another value of a field.
fn with(holder: &Value, pointer: &str, value: Value) -> Value {
    let mut holder = holder.clone();
    *holder.pointer_mut(pointer).expect("the field") = value;
    holder
}

async fn the_form_that_is_described_is_the_one_that_is_taken(server: Rc<TestServer>) {
    let activation = bought(&server, "form@example.com").await.verified(&server).await;
    let path = format!("{}/holder", activation.path);
    let types = items(&server.visitor().get("/v1/holder-types").await.ok());
    assert_eq!(types.len(), 5);
    let in_english = server.visitor().with("accept-language", "en").get("/v1/holder-types").await.ok();
    for (of, english) in types.iter().zip(items(&in_english)) {
        let holder_type = text(of, "/holder_type");
        assert_ne!(of["label"], english["label"]);
        let fields = all_fields(of, "");
        let whole = of["fields"].as_array().into_iter().flatten();
        let mut whole: Value = whole.map(|field| (text(field, "/name"), sample(&holder_type, field))).collect();
        whole["holder_type"] = json!(holder_type);
        let put = |holder: Value| activation.caller.put(&path, holder);
        let saved = put(whole.clone()).await.ok();
        assert_eq!(saved["holder"], whole, "{holder_type} comes back as it was given");
        let optional = fields.iter().filter(|(_, field)| field["required"] == false).map(|(pointer, _)| pointer);
        let least = optional.fold(whole.clone(), |holder, pointer| without(&holder, pointer));
        put(least).await.ok();
        for (pointer, field) in &fields {
            assert!(!text(field, "/label").is_empty());
            if field["required"] == true {
                put(without(&whole, pointer)).await.refused_field(pointer, "required");
            }
            if let Some(pattern) = field["pattern"].as_str() {
                let pattern = regex::Regex::new(pattern).expect("a regular expression");
                let given = whole.pointer(pointer).and_then(Value::as_str).expect("a text");
                assert!(pattern.is_match(given), "{pattern} does not match {given}");
                assert!(!pattern.is_match("?"));
                let problem = put(with(&whole, pointer, json!("?"))).await.refused(422, "invalid_fields");
                assert!(problem["errors"].to_string().contains(&format!("\"{pointer}\"")), "{pointer}: {problem:#}");
            }
            if let Some(longest) = field["max_length"].as_u64() {
                let too_long = "a".repeat(usize::try_from(longest).expect("a length") + 1);
                let problem = put(with(&whole, pointer, json!(too_long))).await.refused(422, "invalid_fields");
                assert!(problem["errors"].to_string().contains(&format!("\"{pointer}\"")), "{pointer}: {problem:#}");
            }
        }
        let described = |name: &str| whole.get(name).is_some();
        for name in ["first_name", "last_name", "business_name", "partita_iva"] {
            if !described(name) {
                let mut more = whole.clone();
                more[name] = json!("Rossi");
                put(more).await.refused_field(&format!("/{name}"), "not_for_this_kind");
            }
        }
    }
}
