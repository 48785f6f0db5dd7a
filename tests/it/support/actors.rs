//! Who calls: a visitor, a customer, a reviewer, an administrator. They know the public API and nothing else.

use std::ops::Deref;
use std::time::{Duration, Instant};

use reqwest::Method;
use reqwest::header::{HeaderName, HeaderValue};
use serde_json::{Value, json};

use super::expect::{Answer, items, text};
use super::people::{DEMO_PASSWORD, PASSWORD, Person, fresh_key};
use super::server::TestServer;

/// How long a mail may take.
const MAIL: Duration = Duration::from_secs(20);

/// Somebody with an HTTP client, and the credentials that every call sends.
#[derive(Clone)]
pub struct Caller {
    http: reqwest::Client,
    url: String,
    bearer: Option<String>,
    cart_token: Option<String>,
}

impl Caller {
    /// Somebody without credentials.
    pub fn new(http: reqwest::Client, url: String) -> Self {
        Self { http, url, bearer: None, cart_token: None }
    }

    /// The same, logged in.
    pub fn with_bearer(&self, token: &str) -> Self {
        Self { bearer: Some(token.to_owned()), ..self.clone() }
    }

    /// The same, holding a cart.
    pub fn with_cart_token(&self, token: &str) -> Self {
        Self { cart_token: Some(token.to_owned()), ..self.clone() }
    }

    /// A call to be made.
    pub fn call(&self, method: Method, path: &str) -> Call {
        let mut request = self.http.request(method.clone(), format!("{}{path}", self.url));
        if let Some(token) = &self.bearer {
            request = request.bearer_auth(token);
        }
        if let Some(token) = &self.cart_token {
            request = request.header("X-Cart-Token", token);
        }
        Call { asked: format!("{method} {path}"), request }
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.call(Method::GET, path).send().await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.call(Method::POST, path).json(body).send().await
    }

    pub async fn put(&self, path: &str, body: &Value) -> Answer {
        self.call(Method::PUT, path).json(body).send().await
    }

    pub async fn patch(&self, path: &str, body: &Value) -> Answer {
        self.call(Method::PATCH, path).json(body).send().await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.call(Method::DELETE, path).send().await
    }

    /// A POST with an `Idempotency-Key`.
    pub async fn post_once(&self, path: &str, key: &str, body: &Value) -> Answer {
        self.call(Method::POST, path).header("Idempotency-Key", key).json(body).send().await
    }

    /// The plan of a slug.
    pub async fn plan_id(&self, slug: &str) -> String {
        text(&self.get(&format!("/v1/plans/{slug}")).await.ok(), "/id")
    }

    /// Opens a cart with one plan.
    pub async fn open_cart(&self, slug: &str, quantity: u32) -> Cart {
        let plan_id = self.plan_id(slug).await;
        let body = json!({ "items": [{ "plan_id": plan_id, "quantity": quantity }] });
        let opened = self.post("/v1/carts", &body).await.created();
        Cart { id: text(&opened, "/id"), token: text(&opened, "/token") }
    }

    /// Registers, with marketing denied.
    pub async fn register(&self, person: &Person) -> Customer {
        let body = registration(self, person).await;
        let registered = self.post("/v1/accounts", &body).await.created();
        Customer {
            caller: self.with_bearer(&text(&registered, "/session/access_token")),
            refresh_token: text(&registered, "/session/refresh_token"),
            account_id: text(&registered, "/account/id"),
            person: person.clone(),
        }
    }

    /// Logs in; the caller with the access token.
    pub async fn log_in(&self, email: &str, password: &str) -> Self {
        let session = self.post("/v1/sessions", &json!({ "email": email, "password": password })).await.created();
        self.with_bearer(&text(&session, "/access_token"))
    }

    /// The sandbox's reviewer.
    pub async fn reviewer(&self) -> Self {
        self.log_in("reviewer@example.com", DEMO_PASSWORD).await
    }

    /// The sandbox's administrator.
    pub async fn administrator(&self) -> Self {
        self.log_in("admin@example.com", DEMO_PASSWORD).await
    }

    /// The mails to an address, newest first.
    pub async fn mails(&self, to: &str) -> Vec<Value> {
        items(&self.get(&format!("/v1/sandbox/mailbox?to={to}")).await.ok())
    }

    /// Waits for a mail to an address that fits.
    pub async fn wait_for_mail(&self, to: &str, fits: impl Fn(&Value) -> bool) -> Value {
        let started = Instant::now();
        loop {
            let mails = self.mails(to).await;
            if let Some(mail) = mails.iter().find(|mail| fits(mail)) {
                return mail.clone();
            }
            let subjects: Vec<&Value> = mails.iter().map(|mail| &mail["subject"]).collect();
            assert!(started.elapsed() < MAIL, "the mail to {to} does not come; there are {subjects:?}");
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
    }

    /// Moves the sandbox's clock forward.
    pub async fn advance_clock(&self, seconds: i64) {
        self.post("/v1/sandbox/clock", &json!({ "advance_seconds": seconds })).await.ok();
    }

    /// Asks until the answer to a GET fits.
    pub async fn wait_until(&self, path: &str, fits: impl Fn(&Value) -> bool) -> Value {
        let started = Instant::now();
        loop {
            let value = self.get(path).await.ok();
            if fits(&value) {
                return value;
            }
            assert!(started.elapsed() < MAIL, "{path} does not become what it should: {value:#}");
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
    }
}

/// The body of a registration with the current versions of the documents.
pub async fn registration(caller: &Caller, person: &Person) -> Value {
    let documents = items(&caller.get("/v1/consent-documents").await.ok());
    let version = |purpose: &str| {
        let document = documents.iter().find(|document| document["purpose"] == purpose);
        document.unwrap_or_else(|| panic!("no document on {purpose}"))["version"].clone()
    };
    json!({
        "email": person.email,
        "password": PASSWORD,
        "first_name": person.first_name,
        "last_name": person.last_name,
        "consents": {
            "terms_version": version("terms"),
            "privacy_notice_version": version("privacy_notice"),
            "marketing": "denied",
        },
    })
}

/// A call on its way.
pub struct Call {
    asked: String,
    request: reqwest::RequestBuilder,
}

impl Call {
    pub fn header(mut self, name: &str, value: &str) -> Self {
        let name: HeaderName = name.parse().expect("a header's name");
        self.request = self.request.header(name, HeaderValue::from_str(value).expect("a header's value"));
        self
    }

    pub fn json(mut self, body: &Value) -> Self {
        self.request = self.request.json(body);
        self
    }

    /// A body as it stands, of whatever type.
    pub fn body(mut self, content_type: &str, body: impl Into<reqwest::Body>) -> Self {
        self.request = self.request.header("content-type", content_type).body(body);
        self
    }

    pub fn multipart(mut self, form: reqwest::multipart::Form) -> Self {
        self.request = self.request.multipart(form);
        self
    }

    pub async fn send(self) -> Answer {
        let response = self.request.send().await.unwrap_or_else(|error| panic!("{}: {error}", self.asked));
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = response.bytes().await.unwrap_or_else(|error| panic!("{}: {error}", self.asked));
        Answer { asked: self.asked, status, headers, body: body.to_vec() }
    }
}

/// An open cart and the secret that opens it.
#[derive(Debug, Clone)]
pub struct Cart {
    pub id: String,
    pub token: String,
}

impl Cart {
    /// A path below the cart.
    pub fn path(&self, rest: &str) -> String {
        format!("/v1/carts/{}{rest}", self.id)
    }
}

/// A customer with an account.
#[derive(Clone)]
pub struct Customer {
    caller: Caller,
    pub refresh_token: String,
    pub account_id: String,
    pub person: Person,
}

impl Deref for Customer {
    type Target = Caller;

    fn deref(&self) -> &Caller {
        &self.caller
    }
}

impl Customer {
    /// A customer who has just registered.
    pub async fn fresh(server: &TestServer) -> Self {
        server.visitor().register(&Person::fresh()).await
    }

    /// Saves a billing profile; its identifier.
    pub async fn billing_profile(&self, details: &Value) -> String {
        text(&self.post("/v1/billing-profiles", details).await.created(), "/id")
    }

    /// Opens a cart and claims it.
    pub async fn claimed_cart(&self, slug: &str, quantity: u32) -> Cart {
        let cart = self.open_cart(slug, quantity).await;
        self.with_cart_token(&cart.token).post(&cart.path("/claim"), &json!({})).await.ok();
        cart
    }

    /// A claimed cart with everything that checkout needs but a payment method.
    pub async fn filled_cart(&self, slug: &str, quantity: u32, coupon: Option<&str>) -> Cart {
        let cart = self.claimed_cart(slug, quantity).await;
        if let Some(code) = coupon {
            self.put(&cart.path("/coupon"), &json!({ "code": code })).await.ok();
        }
        let profile = self.billing_profile(&self.person.billing_details()).await;
        self.put(&cart.path("/billing-profile"), &json!({ "billing_profile_id": profile })).await.ok();
        cart
    }

    /// Checks a cart out with a fresh key.
    pub async fn check_out(&self, cart: &Cart) -> Answer {
        self.check_out_with(cart, &fresh_key()).await
    }

    /// Checks a cart out with this key.
    pub async fn check_out_with(&self, cart: &Cart, key: &str) -> Answer {
        self.post_once(&cart.path("/checkout"), key, &json!({})).await
    }

    /// Buys one plan at a total of zero: the confirmed order.
    pub async fn buy_for_nothing(&self, slug: &str) -> Value {
        let cart = self.filled_cart(slug, 1, Some("BENVENUTO100")).await;
        self.check_out(&cart).await.created()
    }

    /// Buys one plan, to be paid in this way: the pending order.
    pub async fn buy(&self, slug: &str, method: &str) -> Value {
        let cart = self.filled_cart(slug, 1, None).await;
        self.put(&cart.path("/payment-method"), &json!({ "method": method })).await.ok();
        self.check_out(&cart).await.created()
    }
}
