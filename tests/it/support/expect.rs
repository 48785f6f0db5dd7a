//! An answer, and what a test expects of it. Every check says what was asked and what came instead.

use reqwest::header::HeaderMap;
use serde_json::Value;

/// What the server answered.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Method and path.
    pub asked: String,
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Answer {
    /// The body as JSON; null where there is none.
    #[track_caller]
    pub fn json(&self) -> Value {
        if self.body.is_empty() {
            return Value::Null;
        }
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{}: the body is not JSON ({error}): {}", self.asked, self.text()))
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// A header, or an empty text.
    pub fn header(&self, name: &str) -> String {
        self.headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned()).unwrap_or_default()
    }

    /// The answer, if it has this status.
    #[track_caller]
    pub fn with_status(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{} answered {}: {}", self.asked, self.status, self.text());
        self
    }

    /// The JSON of a 200.
    #[track_caller]
    pub fn ok(self) -> Value {
        self.with_status(200).json()
    }

    /// The JSON of a 201.
    #[track_caller]
    pub fn created(self) -> Value {
        self.with_status(201).json()
    }

    /// A problem of this status and code, whole as RFC 9457 and the house want it.
    #[track_caller]
    pub fn refused(self, status: u16, code: &str) -> Value {
        let problem = self.problem();
        let got = (self.status, problem["code"].as_str().unwrap_or_default().to_owned());
        assert_eq!(got, (status, code.to_owned()), "{} answered {problem:#}", self.asked);
        problem
    }

    /// The problem that this is, whichever.
    #[track_caller]
    pub fn problem(&self) -> Value {
        assert!(self.status >= 400, "{} answered {}, not a problem: {}", self.asked, self.status, self.text());
        assert_eq!(self.header("content-type"), "application/problem+json", "{}: {}", self.asked, self.text());
        let problem = self.json();
        assert_eq!(problem["status"], self.status, "{}: {problem:#}", self.asked);
        for member in ["type", "title", "code", "request_id"] {
            let text = problem[member].as_str().unwrap_or_default();
            assert!(!text.is_empty(), "{}: the problem has no {member}: {problem:#}", self.asked);
        }
        assert_eq!(problem["request_id"], self.header("x-request-id"), "{}", self.asked);
        let text = self.text().to_lowercase();
        for leak in ["select ", "insert into", "diesel", "sqlite", "postgres", "panicked", ".rs:", "/dev/shm", "constraint"] {
            assert!(!text.contains(leak), "{} leaks `{leak}`: {text}", self.asked);
        }
        problem
    }

    /// A 422 that points at this field with this code.
    #[track_caller]
    pub fn refused_field(self, pointer: &str, code: &str) -> Value {
        let asked = self.asked.clone();
        let problem = self.refused(422, "invalid_fields");
        let errors = problem["errors"].as_array().cloned().unwrap_or_default();
        let found = errors.iter().any(|error| error["pointer"] == pointer && error["code"] == code);
        assert!(found, "{asked}: no error {code} at {pointer}: {problem:#}");
        problem
    }
}

/// The text at a JSON pointer.
#[track_caller]
pub fn text(value: &Value, pointer: &str) -> String {
    value
        .pointer(pointer)
        .and_then(Value::as_str)
        .unwrap_or_else(|| panic!("no text at {pointer} in {value:#}"))
        .to_owned()
}

/// The cents of an amount at a JSON pointer.
#[track_caller]
pub fn cents(value: &Value, pointer: &str) -> i64 {
    let amount = value.pointer(pointer).and_then(|money| money["amount"].as_i64());
    amount.unwrap_or_else(|| panic!("no amount at {pointer} in {value:#}"))
}

/// The texts of a list.
#[track_caller]
pub fn texts(value: &Value) -> Vec<String> {
    let items = value.as_array().unwrap_or_else(|| panic!("not a list: {value:#}"));
    items.iter().map(|item| item.as_str().unwrap_or_default().to_owned()).collect()
}

/// What `list_plans` and its like answer.
#[track_caller]
pub fn items(value: &Value) -> Vec<Value> {
    value["items"].as_array().cloned().unwrap_or_else(|| panic!("no items in {value:#}"))
}
