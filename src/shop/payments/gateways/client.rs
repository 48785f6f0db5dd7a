//! The HTTP behind the gateways: one call to a provider, tried again where that may help, its answer read within bounds.

use std::time::Duration;

use reqwest::header::{HeaderMap, RETRY_AFTER};
use serde_json::Value;

use crate::platform::http::client::{Outbound, bounded_body};
use crate::platform::problem::{PROVIDER_UNAVAILABLE, Problem};

/// How long one try may take.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Bytes of an answer that are read at most.
const ANSWER_LIMIT: usize = 1024 * 1024;
/// Pauses before the second try and the third. Behind them are jobs, which go on trying for half a day.
const PAUSES: [Duration; 2] = [Duration::from_millis(250), Duration::from_millis(1000)];

/// Calls one provider.
pub struct ProviderClient {
    client: reqwest::Client,
    url: String,
    token: String,
    /// Headers that every call carries.
    headers: Vec<(&'static str, String)>,
}

/// What is sent.
pub enum Content {
    /// `application/x-www-form-urlencoded`.
    Form(Vec<(String, String)>),
    /// `application/json`.
    Json(Value),
}

/// What came back.
#[derive(Debug, Clone)]
pub struct ProviderAnswer {
    /// The HTTP status.
    pub status: u16,
    /// JSON; null where it is none.
    pub body: Value,
}

impl ProviderAnswer {
    /// Whether it says yes.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

impl ProviderClient {
    /// A client of the provider at an address, with its bearer token.
    pub fn new(outbound: &Outbound, url: String, token: String, headers: Vec<(&'static str, String)>) -> Self {
        Self { client: outbound.0.clone(), url, token, headers }
    }

    /// Asks.
    ///
    /// # Errors
    /// `provider_unavailable`.
    pub async fn get(&self, path: &str, query: &[(&str, &str)]) -> Result<ProviderAnswer, Problem> {
        self.call(|| self.client.get(format!("{}{path}", self.url)).query(query)).await
    }

    /// Has something done, once under a key.
    ///
    /// # Errors
    /// `provider_unavailable`.
    pub async fn post(&self, path: &str, content: &Content, key: &str) -> Result<ProviderAnswer, Problem> {
        self.call(|| {
            let request = self.client.post(format!("{}{path}", self.url)).header("Idempotency-Key", key);
            match content {
                Content::Form(fields) => request.form(fields),
                Content::Json(value) => request.json(value),
            }
        })
        .await
    }

    /// Calls up to three times: what is busy, broken or away for a moment is tried again, under the same key.
    async fn call(&self, request: impl Fn() -> reqwest::RequestBuilder) -> Result<ProviderAnswer, Problem> {
        let mut pauses = PAUSES.into_iter();
        loop {
            let failure = match self.try_once(request()).await {
                Ok(Tried::Answered(answer)) => return Ok(answer),
                Ok(Tried::Again(reason)) => reason,
                Err(error) => error,
            };
            match pauses.next() {
                Some(pause) => tokio::time::sleep(pause).await,
                None => return Err(PROVIDER_UNAVAILABLE.problem().retry_after(30).caused_by(failure)),
            }
        }
    }

    async fn try_once(&self, request: reqwest::RequestBuilder) -> Result<Tried, String> {
        let request = self
            .headers
            .iter()
            .fold(request.bearer_auth(&self.token), |request, (name, value)| request.header(*name, value));
        let answer = request.timeout(TIMEOUT).send().await.map_err(|error| error.without_url().to_string())?;
        let status = answer.status().as_u16();
        let may_help = may_help(status, answer.headers());
        let bytes = bounded_body(answer, ANSWER_LIMIT).await?;
        if may_help {
            return Ok(Tried::Again(format!("it answered {status}")));
        }
        Ok(Tried::Answered(ProviderAnswer { status, body: serde_json::from_slice(&bytes).unwrap_or_default() }))
    }
}

enum Tried {
    Answered(ProviderAnswer),
    Again(String),
}

/// Whether the same call may do better a little later: the provider says so itself (`Stripe-Should-Retry`), or it is
/// broken, busy, or still at work on the same key.
fn may_help(status: u16, headers: &HeaderMap) -> bool {
    match headers.get("stripe-should-retry").and_then(|value| value.to_str().ok()) {
        Some("true") => true,
        Some("false") => false,
        _ => status >= 500 || status == 409 || status == 429 || headers.contains_key(RETRY_AFTER),
    }
}
