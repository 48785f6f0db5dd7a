//! Somebody with one of everything, for whoever tries to get at it, and what tells whether any of it was touched.

use std::collections::BTreeMap;

use negozio_pictures::specimen::{PhotoClass, photograph};
use reqwest::Method;
use serde_json::{Value, json};

use super::activation::{applicant, holder};
use super::actors::{Caller, customer, ready_cart};
use super::authenticator::enrol;
use super::expect::{Answer, items, text};
use super::operations::{self, Operation};
use super::server::TestServer;

/// The body of a route that takes an identity document.
pub const FORM: &str = "FORM";
/// The body of a route that takes a PDF.
pub const PDF_FORM: &str = "PDF_FORM";
const EMAIL: &str = "owner@example.com";

/// Somebody with one of everything.
pub struct Owner {
    pub caller: Caller,
    /// By the prefix of their identifiers, and a few more: `email`, `code`, and the session as `id`.
    pub things: BTreeMap<String, String>,
    /// A cart that nobody has claimed: whoever has this token holds it.
    pub loose_cart: String,
    pub loose_cart_token: String,
}

impl Owner {
    /// Registers, buys and begins to activate, until there is one of everything.
    pub async fn create(server: &TestServer) -> Self {
        let visitor = server.visitor();
        let caller = customer(server, EMAIL).await;
        let mut things = BTreeMap::from([("email".to_owned(), EMAIL.to_owned())]);
        let mut keep = |name: &str, value: String| things.insert(name.to_owned(), value);
        keep("plan", text(&visitor.get("/v1/plans/legalinvoice-pro").await.ok(), "/id"));
        let documents = visitor.get("/v1/consent-documents").await.ok();
        keep("cdoc", text(&documents, "/items/0/id"));

        let verified = buy(server, &caller).await;
        prove_email(server, &caller, &verified).await;
        let fields =
            [("kind", "passport"), ("number", "YA1234567"), ("issued_on", "2020-01-01"), ("expires_on", "2030-01-01")];
        let upload = format!("/v1/activation-requests/{verified}/identity-documents");
        // That it fails the quality rules does not matter here.
        let document = caller.upload(&upload, &fields, photograph(PhotoClass::Small, 1)).await.created();
        keep("idoc", text(&document, "/id"));
        let person = visitor.get("/v1/sandbox/specimens/person").await.ok();
        let request = format!("/v1/activation-requests/{verified}");
        caller.put(&format!("{request}/holder"), holder(&person)).await.ok();
        caller.put(&format!("{request}/applicant"), applicant(&person)).await.ok();
        let contracts = caller.get(&format!("{request}/contracts")).await.ok();
        keep("ctr", text(&contracts, "/items/0/id"));
        keep("areq", verified);

        let unproved = buy(server, &caller).await;
        let (challenge, code) = ask_for_code(server, &caller, &unproved).await;
        keep("otp", challenge);
        keep("code", code);

        let paid = buy_by_card(server, &caller).await;
        let outcome = format!("/v1/sandbox/payments/{}/outcome", text(&paid, "/payments/0/id"));
        visitor.post(&outcome, json!({ "outcome": "succeeded" })).await.ok();
        let paid = caller.get(&format!("/v1/orders/{}", text(&paid, "/id"))).await.ok();
        keep("inv", text(&paid, "/invoice/id"));

        let unpaid = buy_by_card(server, &caller).await;
        keep("pay", text(&unpaid, "/payments/0/id"));
        keep("ord", text(&unpaid, "/id"));

        let cart = ready_cart(server, &caller).await;
        let filled = caller.get(&format!("/v1/carts/{cart}")).await.ok();
        keep("item", text(&filled, "/items/0/id"));
        keep("bprof", text(&filled, "/billing_profile_id"));
        keep("cart", cart);
        keep("acct", text(&caller.get("/v1/account").await.ok(), "/id"));
        keep("authn", text(&enrol(&caller).await, "/id"));
        let sessions = caller.get("/v1/sessions").await.ok();
        keep("id", text(&sessions, "/items/0/id"));
        let loose = visitor.post("/v1/carts", json!({})).await.created();
        server.wait_for_jobs().await.expect("the mails are sent");
        Self { caller, things, loose_cart: text(&loose, "/id"), loose_cart_token: text(&loose, "/token") }
    }

    /// The path of an operation on the owner's things.
    pub fn path(&self, operation: &Operation) -> String {
        operation.path_with(|name| self.things.get(name).cloned())
    }

    /// A text with the owner's things in the place of `<plan>` and its like; `<fresh>` is new each time.
    pub fn fill(&self, text: &str) -> String {
        let fresh = negozio::platform::ids::fresh_uuid().simple().to_string();
        let known = self.things.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        known
            .chain([("fresh", fresh.as_str())])
            .fold(text.to_owned(), |text, (name, value)| text.replace(&format!("<{name}>"), value))
    }

    /// Calls a route with a body: JSON, [`FORM`], [`PDF_FORM`] or none.
    pub async fn call(&self, caller: &Caller, method: &Method, path: &str, body: &str) -> Answer {
        let caller = caller.with("idempotency-key", &negozio::platform::ids::fresh_uuid().to_string());
        match body {
            "" => caller.send(method.clone(), path, None).await,
            FORM => caller.send_form(path, form()).await,
            PDF_FORM => caller.send_form(path, pdf_form(b"%PDF-1.7")).await,
            body => caller.send_bytes(method.clone(), path, "application/json", self.fill(body)).await,
        }
    }

    /// Whatever the owner can read, as it is now.
    pub async fn state(&self, server: &TestServer) -> BTreeMap<String, Vec<u8>> {
        server.wait_for_jobs().await.expect("the jobs are done");
        let mut state = BTreeMap::new();
        let is_own = |operation: &&Operation| {
            // The back office is not the owner's, and the stand-ins take a token of their own.
            let is_elsewhere = ["/v1/back-office/", "/v1/sandbox/"].iter().any(|path| operation.path.starts_with(path));
            // A download is counted, a service that is not active has no access, what is not final no evidence, the events
            // of a request that is not over have no end, and an order that is not paid has neither receipt nor invoice.
            let left_out = ["/pdf", "/service-access", "/evidence", "/events", "/receipt", "/invoice"];
            let is_left_out = left_out.iter().any(|end| operation.path.ends_with(end));
            let is_read = operation.method == Method::GET && operation.says["security"].is_array();
            is_read && !is_elsewhere && !is_left_out
        };
        for operation in operations::all().iter().filter(is_own) {
            let answer = self.caller.get(&self.path(operation)).await.with_status(200);
            state.insert(answer.asked.clone(), without_time(&answer));
        }
        let holder = server.visitor().with("x-cart-token", &self.loose_cart_token);
        let loose = holder.get(&format!("/v1/carts/{}", self.loose_cart)).await.with_status(200);
        state.insert(loose.asked.clone(), loose.body);
        let mails = server.visitor().get(&format!("/v1/sandbox/mailbox?limit=100&to={EMAIL}")).await.with_status(200);
        state.insert(mails.asked.clone(), mails.body);
        state
    }
}

/// An export says when it was made.
fn without_time(answer: &Answer) -> Vec<u8> {
    if !answer.header("content-type").starts_with("application/json") {
        return answer.body.clone();
    }
    let mut body = answer.json();
    if let Some(members) = body.as_object_mut() {
        members.remove("exported_at");
    }
    body.to_string().into_bytes()
}

/// A form with a PDF.
pub fn pdf_form(bytes: &[u8]) -> reqwest::multipart::Form {
    let file = reqwest::multipart::Part::bytes(bytes.to_vec()).file_name("signed.pdf");
    reqwest::multipart::Form::new().part("file", file)
}

fn form() -> reqwest::multipart::Form {
    let front = reqwest::multipart::Part::bytes(vec![0xFF, 0xD8]).file_name("front.jpg");
    reqwest::multipart::Form::new().text("kind", "passport").text("number", "YA1234567").part("front", front)
}

/// Begins to pay by card; answers the order.
async fn buy_by_card(server: &TestServer, caller: &Caller) -> Value {
    let cart = ready_cart(server, caller).await;
    caller.put(&format!("/v1/carts/{cart}/payment-method"), json!({ "method": "card" })).await.ok();
    caller.check_out(&cart).await.created()
}

/// Buys for nothing; answers the activation request that comes of it.
async fn buy(server: &TestServer, caller: &Caller) -> String {
    let cart = ready_cart(server, caller).await;
    caller.put(&format!("/v1/carts/{cart}/coupon"), json!({ "code": "BENVENUTO100" })).await.ok();
    let order = caller.check_out(&cart).await.created();
    text(&order, "/activation_requests/0/id")
}

/// Has a code sent; answers the challenge and the code.
async fn ask_for_code(server: &TestServer, caller: &Caller, request: &str) -> (String, String) {
    let path = format!("/v1/activation-requests/{request}/otp-challenges");
    let challenge = text(&caller.post(&path, json!({ "email": EMAIL })).await.created(), "/id");
    server.wait_for_jobs().await.expect("the mail is sent");
    let mails = items(&server.visitor().get(&format!("/v1/sandbox/mailbox?to={EMAIL}")).await.ok());
    let code = mails.iter().find_map(|mail| mail["otp"].as_str()).expect("a code").to_owned();
    (challenge, code)
}

async fn prove_email(server: &TestServer, caller: &Caller, request: &str) {
    let (challenge, code) = ask_for_code(server, caller, request).await;
    caller.post(&format!("/v1/otp-challenges/{challenge}/verification"), json!({ "code": code })).await.ok();
}
