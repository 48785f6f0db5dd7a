//! The people who call: each helper goes through the public API only.

use reqwest::Method;
use serde_json::{Value, json};

use super::expect::{Answer, text};
use super::server::TestServer;

/// How many callers a race has.
pub const AT_ONCE: usize = 32;

/// Somebody with a client and, maybe, credentials.
#[derive(Clone)]
pub struct Caller {
    http: reqwest::Client,
    url: String,
    headers: Vec<(String, String)>,
}

impl Caller {
    /// Nobody yet.
    pub fn new(http: reqwest::Client, url: String) -> Self {
        Self { http, url, headers: Vec::new() }
    }

    /// The same caller with one more header.
    pub fn with(&self, name: &str, value: &str) -> Self {
        let mut caller = self.clone();
        caller.headers.push((name.to_owned(), value.to_owned()));
        caller
    }

    /// The same caller, who reaches the server at another address.
    pub fn at(&self, url: &str) -> Self {
        Self { url: url.to_owned(), ..self.clone() }
    }

    /// A header that the caller sends.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().rfind(|(sent, _)| sent == name).map(|(_, value)| value.as_str())
    }

    /// Sends a request.
    pub async fn send(&self, method: Method, path: &str, body: Option<Value>) -> Answer {
        let asked = format!("{method} {path}");
        self.try_send(method, path, body).await.unwrap_or_else(|error| panic!("{asked}: {error:?}"))
    }

    /// Sends a request to a server that may die over it.
    pub async fn try_send(&self, method: Method, path: &str, body: Option<Value>) -> Result<Answer, reqwest::Error> {
        self.try_finish(&method, path, |request| match body {
            Some(body) => request.json(&body),
            None => request,
        })
        .await
    }

    /// Sends a body as it is, for those that are no JSON or not what they say.
    pub async fn send_bytes(&self, method: Method, path: &str, content_type: &str, body: impl Into<Vec<u8>>) -> Answer {
        let body = body.into();
        self.finish(&method, path, |request| request.header("content-type", content_type).body(body)).await
    }

    /// Sends a form as it is.
    pub async fn send_form(&self, path: &str, form: reqwest::multipart::Form) -> Answer {
        self.finish(&Method::POST, path, |request| request.multipart(form)).await
    }

    async fn finish(
        &self,
        method: &Method,
        path: &str,
        fill: impl FnOnce(reqwest::RequestBuilder) -> reqwest::RequestBuilder,
    ) -> Answer {
        self.try_finish(method, path, fill).await.unwrap_or_else(|error| panic!("{method} {path}: {error:?}"))
    }

    async fn try_finish(
        &self,
        method: &Method,
        path: &str,
        fill: impl FnOnce(reqwest::RequestBuilder) -> reqwest::RequestBuilder,
    ) -> Result<Answer, reqwest::Error> {
        let mut request = self.http.request(method.clone(), format!("{}{path}", self.url));
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let answer = fill(request).send().await?;
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let body = answer.bytes().await?.to_vec();
        Ok(Answer { asked: format!("{method} {path}"), status, headers, body })
    }

    /// Opens a path whose answer comes bit by bit.
    pub async fn open(&self, path: &str) -> reqwest::Response {
        let request = self.http.get(format!("{}{path}", self.url));
        let request = self.headers.iter().fold(request, |request, (name, value)| request.header(name, value));
        request.send().await.unwrap_or_else(|error| panic!("GET {path}: {error:?}"))
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, None).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(Method::POST, path, Some(body)).await
    }

    pub async fn put(&self, path: &str, body: Value) -> Answer {
        self.send(Method::PUT, path, Some(body)).await
    }

    pub async fn patch(&self, path: &str, body: Value) -> Answer {
        self.send(Method::PATCH, path, Some(body)).await
    }

    /// Sends a form with one file, `front`.
    pub async fn upload(&self, path: &str, fields: &[(&'static str, &str)], front: Vec<u8>) -> Answer {
        let file = reqwest::multipart::Part::bytes(front).file_name("front.jpg");
        let form = fields
            .iter()
            .fold(reqwest::multipart::Form::new(), |form, (name, value)| form.text(*name, (*value).to_owned()));
        self.send_form(path, form.part("front", file)).await
    }

    /// Logs in with a demo account.
    pub async fn logged_in_as(&self, email: &str) -> Self {
        let session =
            self.post("/v1/sessions", json!({ "email": email, "password": "negozio-sandbox-2026" })).await.created();
        self.with("authorization", &format!("Bearer {}", text(&session, "/access_token")))
    }

    /// Buys what is in a cart, with a fresh key.
    pub async fn check_out(&self, cart: &str) -> Answer {
        let key = negozio::platform::ids::fresh_uuid().to_string();
        self.with("idempotency-key", &key).post(&format!("/v1/carts/{cart}/checkout"), json!({})).await
    }
}

/// What a registration says.
pub fn registration(email: &str) -> Value {
    json!({
        "email": email, "password": "una frase che ricordo", "first_name": "Mario", "last_name": "Rossi",
        "consents": { "terms_version": "2026-01", "privacy_notice_version": "2026-01", "marketing": "denied" },
    })
}

/// Mario Rossi's billing profile.
pub fn person_profile() -> Value {
    json!({
        "kind": "person", "first_name": "Mario", "last_name": "Rossi", "codice_fiscale": "RSSMRA85T10A562S",
        "address": { "street": "Via Roma 1", "postal_code": "20121", "municipality": "Milano", "province": "MI" },
    })
}

/// Registers somebody.
pub async fn customer(server: &TestServer, email: &str) -> Caller {
    let registered = server.visitor().post("/v1/accounts", registration(email)).await.created();
    server.visitor().with("authorization", &format!("Bearer {}", text(&registered, "/session/access_token")))
}

/// Somebody who registered before, with a token of now: tokens do not outlive the days that pass.
pub async fn customer_again(server: &TestServer, email: &str) -> Caller {
    let login = json!({ "email": email, "password": registration(email)["password"] });
    let session = server.visitor().post("/v1/sessions", login).await.created();
    server.visitor().with("authorization", &format!("Bearer {}", text(&session, "/access_token")))
}

/// The identifier of a demo plan.
pub async fn plan_id(server: &TestServer, slug: &str) -> String {
    plan_id_for(&server.visitor(), slug).await
}

/// The same, as a caller sees it.
pub async fn plan_id_for(caller: &Caller, slug: &str) -> String {
    text(&caller.get(&format!("/v1/plans/{slug}")).await.ok(), "/id")
}

/// A cart of the customer's, apart from others, with one plan and a billing profile, ready for checkout but for a coupon
/// or a payment method.
pub async fn ready_cart(server: &TestServer, customer: &Caller) -> String {
    ready_cart_for(server, customer, person_profile()).await
}

/// The same, made out to another profile.
pub async fn ready_cart_for(server: &TestServer, customer: &Caller, profile: Value) -> String {
    ready_cart_of(server, customer, profile, "legalinvoice-pro").await
}

/// The same, with another plan.
pub async fn ready_cart_of(server: &TestServer, customer: &Caller, profile: Value, slug: &str) -> String {
    let plan = plan_id(server, slug).await;
    let cart =
        server.visitor().post("/v1/carts", json!({ "items": [{ "plan_id": plan, "quantity": 1 }] })).await.created();
    let id = text(&cart, "/id");
    let claimant = customer.with("x-cart-token", &text(&cart, "/token"));
    claimant.post(&format!("/v1/carts/{id}/claim"), json!({ "merge": false })).await.ok();
    let profile = text(&customer.post("/v1/billing-profiles", profile).await.created(), "/id");
    customer.put(&format!("/v1/carts/{id}/billing-profile"), json!({ "billing_profile_id": profile })).await.ok();
    id
}
