//! Sends the journey's requests, prints them with their answers, and stops at the first surprise.

use std::time::{Duration, Instant};

use reqwest::Method;
use reqwest::header::HeaderMap;
use serde_json::Value;

/// How long something that a job brings about may take.
const PATIENCE: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(200);
/// Characters of a text, and items of a list, that are printed.
const LONGEST_TEXT: usize = 100;
const LONGEST_LIST: usize = 3;
/// Members whose value is nobody's business.
const SECRETS: [&str; 5] = ["password", "token", "access_token", "refresh_token", "otp"];

/// What was not as the journey expects it.
pub type Surprise = String;

/// One caller of a server.
pub struct Client {
    http: reqwest::Client,
    url: String,
    bearer: Option<String>,
    cart_token: Option<String>,
}

/// What the server answered.
pub struct Answer {
    asked: String,
    /// The HTTP status.
    pub status: u16,
    headers: HeaderMap,
    /// The bytes.
    pub body: Vec<u8>,
}

impl Client {
    /// A visitor of a server.
    ///
    /// # Errors
    /// When no TLS can be set up.
    pub fn new(url: &str) -> Result<Self, Surprise> {
        let http = reqwest::Client::builder().timeout(Duration::from_secs(60)).build();
        let http = http.map_err(|error| error.to_string())?;
        Ok(Self { http, url: url.trim_end_matches('/').to_owned(), bearer: None, cart_token: None })
    }

    /// The same server, called by nobody in particular.
    #[must_use]
    pub fn anonymous(&self) -> Self {
        Self { http: self.http.clone(), url: self.url.clone(), bearer: None, cart_token: None }
    }

    /// The same server, called with an access token.
    #[must_use]
    pub fn logged_in(&self, token: &str) -> Self {
        Self { bearer: Some(token.to_owned()), ..self.anonymous() }
    }

    /// The same caller, holding a cart.
    #[must_use]
    pub fn with_cart(mut self, token: &str) -> Self {
        self.cart_token = Some(token.to_owned());
        self
    }

    /// Reads something.
    pub async fn get(&self, path: &str) -> Result<Answer, Surprise> {
        self.send(Method::GET, path, None, true).await
    }

    /// Sends JSON.
    pub async fn post(&self, path: &str, body: Value) -> Result<Answer, Surprise> {
        self.send(Method::POST, path, Some(body), true).await
    }

    /// Sends JSON.
    pub async fn put(&self, path: &str, body: Value) -> Result<Answer, Surprise> {
        self.send(Method::PUT, path, Some(body), true).await
    }

    /// Asks until the answer is as wanted; only the last answer is printed.
    pub async fn get_until(&self, path: &str, is_wanted: impl Fn(&Value) -> bool) -> Result<Value, Surprise> {
        let started = Instant::now();
        loop {
            let answer = self.send(Method::GET, path, None, false).await?.with_status(200)?;
            let value = answer.json()?;
            if is_wanted(&value) {
                answer.print(None);
                return Ok(value);
            }
            if started.elapsed() > PATIENCE {
                answer.print(None);
                return Err(format!("GET {path}: still not as expected after {} s", PATIENCE.as_secs()));
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Uploads pictures with the fields of a form.
    pub async fn upload(
        &self,
        path: &str,
        fields: &[(&'static str, String)],
        files: Vec<(&'static str, Vec<u8>)>,
    ) -> Result<Answer, Surprise> {
        let mut form = reqwest::multipart::Form::new();
        for (name, value) in fields {
            form = form.text(*name, value.clone());
        }
        let mut names = Vec::new();
        for (name, bytes) in files {
            names.push(format!("{name} ({} bytes)", bytes.len()));
            form = form.part(name, reqwest::multipart::Part::bytes(bytes).file_name(format!("{name}.jpg")));
        }
        let shown = fields.iter().map(|(name, value)| format!("{name}={value}")).chain(names);
        let shown = shown.collect::<Vec<_>>().join(", ");
        let request = self.authorised(self.http.post(format!("{}{path}", self.url))).multipart(form);
        let answer = Self::answer(request, format!("POST {path}")).await?;
        answer.print(Some(&shown));
        Ok(answer)
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
        is_printed: bool,
    ) -> Result<Answer, Surprise> {
        let asked = format!("{method} {path}");
        let key = crate::platform::ids::fresh_uuid().to_string();
        let mut request = self.authorised(self.http.request(method.clone(), format!("{}{path}", self.url)));
        if method == Method::POST {
            request = request.header("Idempotency-Key", key);
        }
        if let Some(body) = &body {
            request = request.json(body);
        }
        let answer = Self::answer(request, asked).await?;
        if is_printed {
            answer.print(body.as_ref().map(readable).as_deref());
        }
        Ok(answer)
    }

    fn authorised(&self, mut request: reqwest::RequestBuilder) -> reqwest::RequestBuilder {
        if let Some(token) = &self.bearer {
            request = request.bearer_auth(token);
        }
        if let Some(token) = &self.cart_token {
            request = request.header("X-Cart-Token", token);
        }
        request
    }

    async fn answer(request: reqwest::RequestBuilder, asked: String) -> Result<Answer, Surprise> {
        let answer = request.send().await.map_err(|error| format!("{asked}: {error}"))?;
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let body = answer.bytes().await.map_err(|error| format!("{asked}: {error}"))?.to_vec();
        Ok(Answer { asked, status, headers, body })
    }
}

impl Answer {
    /// A header; an empty text where it is missing.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The answer, if it has this status.
    pub fn with_status(self, status: u16) -> Result<Self, Surprise> {
        if self.status == status {
            Ok(self)
        } else {
            let body = String::from_utf8_lossy(&self.body).into_owned();
            Err(format!("{} answered {} instead of {status}: {body}", self.asked, self.status))
        }
    }

    /// The JSON of an answer with this status.
    pub fn expect(self, status: u16) -> Result<Value, Surprise> {
        self.with_status(status)?.json()
    }

    fn json(&self) -> Result<Value, Surprise> {
        serde_json::from_slice(&self.body).map_err(|error| format!("{}: the answer is not JSON: {error}", self.asked))
    }

    fn print(&self, sent: Option<&str>) {
        println!("\n  → {}", self.asked);
        if let Some(sent) = sent {
            println!("{}", indented(sent));
        }
        let kind = self.header("content-type");
        println!("  ← {} {kind}", self.status);
        match self.json() {
            Ok(value) => println!("{}", indented(&readable(&value))),
            Err(_) => println!("      {} bytes", self.body.len()),
        }
    }
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("      {line}")).collect::<Vec<_>>().join("\n")
}

fn readable(value: &Value) -> String {
    serde_json::to_string_pretty(&shortened(value)).unwrap_or_default()
}

/// What a reader wants to see of a document: no secrets, no endless texts and lists.
fn shortened(value: &Value) -> Value {
    match value {
        Value::String(text) if text.chars().count() > LONGEST_TEXT => {
            Value::String(text.chars().take(LONGEST_TEXT).chain("…".chars()).collect())
        }
        Value::Array(items) => {
            let more = items.len().saturating_sub(LONGEST_LIST);
            let shown = items.iter().take(LONGEST_LIST).map(shortened);
            shown.chain((more > 0).then(|| Value::String(format!("… and {more} more")))).collect()
        }
        Value::Object(members) => members
            .iter()
            .map(|(name, member)| {
                let is_secret = SECRETS.contains(&name.as_str()) && member.is_string();
                (name.clone(), if is_secret { Value::String("•••".to_owned()) } else { shortened(member) })
            })
            .collect(),
        other => other.clone(),
    }
}

/// The text at a JSON pointer.
pub fn text(value: &Value, pointer: &str) -> Result<String, Surprise> {
    let found = value.pointer(pointer).and_then(Value::as_str);
    found.map(str::to_owned).ok_or_else(|| format!("no text at {pointer} in {value}"))
}

/// Passes where the value at a JSON pointer is the expected one.
pub fn expect_value(value: &Value, pointer: &str, expected: &Value) -> Result<(), Surprise> {
    match value.pointer(pointer) {
        Some(found) if found == expected => Ok(()),
        found => Err(format!("{pointer} is {} instead of {expected}", found.unwrap_or(&Value::Null))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_printed_is_short_and_keeps_secrets() {
        let value = json!({ "password": "p", "token": null, "items": [1, 2, 3, 4, 5], "text": "x".repeat(101) });
        let shown = shortened(&value);
        assert_eq!(shown["password"], "•••");
        assert_eq!(shown["token"], Value::Null);
        assert_eq!(shown["items"], json!([1, 2, 3, "… and 2 more"]));
        assert_eq!(shown["text"].as_str().map(|text| text.chars().count()), Some(101));
    }
}
