//! Whatever is sent, the answer is a problem of the closed list and never a failure of ours. The paths come from the
//! OpenAPI document, so a new operation is tried without a word here.

use std::rc::Rc;

use reqwest::Method;
use serde_json::{Value, json};

use crate::contract::{document, operations};
use crate::on_both_engines;
use crate::support::actors::{Call, Caller, Customer};
use crate::support::expect::Answer;
use crate::support::people::fresh_key;
use crate::support::server::TestServer;

on_both_engines!(
    bodies_that_cannot_be_read_are_refused_everywhere,
    unknown_fields_are_refused_everywhere,
    bodies_of_the_wrong_shape_never_fail,
    identifiers_that_name_nothing_are_not_found,
    queries_out_of_bounds_are_refused,
    headers_that_make_no_sense_are_refused_or_ignored,
    texts_of_any_script_come_back_as_they_were,
);

/// An administrator who sends every credential there is, so that only the body can be wrong.
async fn almighty(server: &TestServer) -> Caller {
    server.visitor().administrator().await.with_cart_token("no-cart-has-this-token")
}

/// An operation with identifiers filled in that name nothing.
struct Operation {
    method: Method,
    path: String,
    has_path: bool,
    query: Vec<String>,
    takes_json: bool,
    body_may_be_left_out: bool,
    is_signed: bool,
}

fn all() -> Vec<Operation> {
    let document = document();
    let operations = operations(&document);
    assert!(operations.len() > 30);
    operations.iter().map(|(method, path, operation)| Operation::new(&document, method, path, operation)).collect()
}

impl Operation {
    fn new(document: &Value, method: &str, path: &str, operation: &Value) -> Self {
        let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
        let mut filled = path.to_owned();
        for parameter in parameters.iter().filter(|parameter| parameter["in"] == "path") {
            let name = parameter["name"].as_str().unwrap_or_default();
            filled = filled.replace(&format!("{{{name}}}"), &absent(document, parameter));
        }
        let query = parameters.iter().filter(|parameter| parameter["in"] == "query");
        Self {
            method: method.parse().expect("a method"),
            has_path: filled != path,
            path: filled,
            query: query.filter_map(|parameter| parameter["name"].as_str().map(str::to_owned)).collect(),
            takes_json: operation.pointer("/requestBody/content/application~1json").is_some(),
            body_may_be_left_out: operation["requestBody"]["required"] != true,
            is_signed: parameters.iter().any(|parameter| parameter["name"] == "webhook-signature"),
        }
    }

    fn call(&self, caller: &Caller) -> Call {
        caller.call(self.method.clone(), &self.path).header("Idempotency-Key", &fresh_key())
    }

    fn reads_json(&self) -> bool {
        self.takes_json && !self.is_signed
    }
}

/// An identifier of the right form that names nothing.
fn absent(document: &Value, parameter: &Value) -> String {
    let schema = &parameter["schema"];
    let schema = match schema["$ref"].as_str() {
        Some(reference) => document.pointer(reference.trim_start_matches('#')).unwrap_or(schema),
        None => schema,
    };
    match (schema["pattern"].as_str(), schema["enum"][0].as_str()) {
        (Some(pattern), _) => {
            let prefix = pattern.trim_start_matches('^').split('_').next().unwrap_or_default();
            format!("{prefix}_01kawz3h8mf5ttb4c5v3e8n0qx")
        }
        (None, Some(first)) => first.to_owned(),
        _ => "nothing-of-that-name".to_owned(),
    }
}

/// A refusal, and whole as a problem.
#[track_caller]
fn assert_refused(answer: &Answer, sent: &str) {
    assert!((400..500).contains(&answer.status), "{} with {sent} answered {}: {}", answer.asked, answer.status, answer.text());
    answer.problem();
}

async fn bodies_that_cannot_be_read_are_refused_everywhere(server: Rc<TestServer>) {
    let caller = almighty(&server).await;
    let deep = "[".repeat(20_000);
    let large = format!("{{\"padding\":\"{}\"}}", "x".repeat(300 * 1024));
    for operation in all().iter().filter(|operation| operation.reads_json()) {
        let send = |kind: &'static str, body: Vec<u8>| operation.call(&caller).body(kind, body).send();
        for malformed in ["{", "{\"a\":}", "nul", "'a'", "{} {}", deep.as_str()] {
            let answer = send("application/json", malformed.as_bytes().to_vec()).await;
            answer.refused(400, "malformed_request");
        }
        send("application/json", vec![b'"', 0xff, 0xfe, b'"']).await.refused(400, "malformed_request");
        if !operation.body_may_be_left_out {
            send("application/json", Vec::new()).await.refused(400, "malformed_request");
        }
        for kind in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/jsonx"] {
            send(kind, b"{}".to_vec()).await.refused(415, "unsupported_media_type");
        }
        send("application/json", large.clone().into_bytes()).await.refused(413, "content_too_large");
    }
}

async fn unknown_fields_are_refused_everywhere(server: Rc<TestServer>) {
    let caller = almighty(&server).await;
    for operation in all().iter().filter(|operation| operation.reads_json()) {
        let problem = operation.call(&caller).json(&json!({ "no_such_field": 1 })).send().await.refused(422, "invalid_fields");
        let named = problem["errors"].as_array().expect("errors").iter().any(|error| error["pointer"] == "/no_such_field");
        assert!(named, "{} {}: {problem:#}", operation.method, operation.path);
    }
}

async fn bodies_of_the_wrong_shape_never_fail(server: Rc<TestServer>) {
    let caller = almighty(&server).await;
    let bodies = [
        "null", "true", "[]", "[[]]", "\"text\"", "0", "-1", "1e400", "123456789012345678901234567890",
        r#"{"":""}"#, r#"{"\u0000":1}"#, r#"{"email":"a\u0000b@example.com"}"#, r#"{"code":"\ud800"}"#,
        r#"{"code":{"$ne":null}}"#, r#"{"items":[{"plan_id":"plan_01kawz3h8mf5ttb4c5v3e8n0qx","quantity":2147483648}]}"#,
        r#"{"email":"x","email":"y"}"#, r#"{"code":["BENVENUTO100"]}"#, r#"{"amount":{"amount":9223372036854775808,"currency":"EUR"}}"#,
    ];
    for operation in all().iter().filter(|operation| operation.reads_json()) {
        for body in bodies {
            let answer = operation.call(&caller).body("application/json", body).send().await;
            // Only checkout and its like may take what is nothing.
            let is_nothing = operation.body_may_be_left_out && body == "null";
            if !is_nothing {
                assert_refused(&answer, body);
            }
        }
    }
}

async fn identifiers_that_name_nothing_are_not_found(server: Rc<TestServer>) {
    let caller = almighty(&server).await;
    for operation in all().iter().filter(|operation| operation.has_path && !operation.takes_json && !operation.is_signed) {
        let answer = operation.call(&caller).send().await;
        if answer.status != 415 && !operation.path.contains("/files/") {
            assert_eq!(answer.problem()["status"], 404, "{}", answer.asked);
        }
        let own = operation.path.split('/').find(|part| part.contains("_01kawz")).unwrap_or_default().to_owned();
        if own.is_empty() {
            continue;
        }
        let long = "a".repeat(3_000);
        for hostile in ["1", "%00", "..%2f..", "%27%20OR%201=1", "%F0%9F%92%A5", "cart_", "cart_zzzzzzzzzzzzzzzzzzzzzzzzzz", long.as_str()] {
            let path = operation.path.replace(&own, hostile);
            let answer = caller.call(operation.method.clone(), &path).header("Idempotency-Key", &fresh_key()).send().await;
            assert_refused(&answer, hostile);
        }
    }
}

async fn queries_out_of_bounds_are_refused(server: Rc<TestServer>) {
    let caller = almighty(&server).await;
    let lists: Vec<Operation> = all().into_iter().filter(|it| it.method == Method::GET && it.query.contains(&"limit".to_owned())).collect();
    assert!(lists.len() > 3);
    for list in lists {
        for wrong in ["limit=0", "limit=101", "limit=-1", "limit=x", "limit=", "limit=99999999999999999999", "cursor=x", "cursor=%00",
                      "cursor=cart_zzzzzzzzzzzzzzzzzzzzzzzzzz", "colour=red"] {
            let answer = caller.get(&format!("{}?{wrong}", list.path)).await;
            answer.refused(422, "invalid_fields");
        }
    }
}

async fn headers_that_make_no_sense_are_refused_or_ignored(server: Rc<TestServer>) {
    let customer = Customer::fresh(&server).await;
    let visitor = server.visitor();
    for hostile in ["Bearer", "Bearer ", "Basic YTpi", "bearer  a b", "Bearer eyJ.eyJ.sig"] {
        let answer = visitor.call(Method::GET, "/v1/account").header("Authorization", hostile).send().await;
        answer.refused(401, "unauthenticated");
    }
    for hostile in ["k\tk", &"k".repeat(256), "clé"] {
        let call = customer.call(Method::POST, "/v1/billing-profiles").header("Idempotency-Key", hostile);
        call.json(&customer.person.billing_details()).send().await.refused(400, "malformed_request");
    }
    for (name, value) in [("Accept-Language", ";;;q=9,,*"), ("If-None-Match", "\"\"\"\"\","), ("traceparent", "00-zz-zz-zz"), ("Accept", "text/csv"), ("Range", "bytes=9-1")] {
        visitor.call(Method::GET, "/v1/plans").header(name, value).send().await.with_status(200);
    }
}

async fn texts_of_any_script_come_back_as_they_were(server: Rc<TestServer>) {
    let customer = Customer::fresh(&server).await;
    for street in ["Piazza dell’Università 1", "<script>alert(1)</script>", "'; DROP TABLE accounts; --", "通り 1", "{{ 7 * 7 }}", "a\"b\\c\u{7f}"] {
        let mut details = customer.person.billing_details();
        details["address"]["street"] = json!(street);
        let answer = customer.post("/v1/billing-profiles", &details).await;
        // SdI takes Latin-1 only, so some scripts may be refused; none may be changed on the way.
        if answer.status == 201 {
            let path = answer.header("location");
            assert_eq!(customer.get(&path).await.ok()["address"]["street"], street);
        } else {
            answer.refused(422, "invalid_fields");
        }
    }
}
