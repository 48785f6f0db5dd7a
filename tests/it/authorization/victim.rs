//! Somebody with one of everything, and the answers that tell whether any of it was touched.

use std::collections::BTreeMap;

use reqwest::Method;
use serde_json::{Value, json};

use super::table::{FORM, ROUTES, Row, Who};
use crate::support::actors::{Caller, customer, ready_cart};
use crate::support::expect::{Answer, items, text};
use crate::support::operations::{self, Operation};
use crate::support::server::TestServer;

const EMAIL: &str = "victim@example.com";

/// The victim's things by the prefix of their identifiers, and what else a row names.
pub struct Victim {
    pub caller: Caller,
    pub things: BTreeMap<String, String>,
    /// A cart that nobody has claimed: whoever has this token holds it.
    pub loose_cart: String,
    pub loose_cart_token: String,
}

impl Victim {
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
        let document = caller.upload(&upload, &fields, small_picture()).await.created();
        keep("idoc", text(&document, "/id"));
        keep("areq", verified);

        let unproved = buy(server, &caller).await;
        let (challenge, code) = ask_for_code(server, &caller, &unproved).await;
        keep("otp", challenge);
        keep("code", code);

        let cart = ready_cart(server, &caller).await;
        caller.put(&format!("/v1/carts/{cart}/payment-method"), json!({ "method": "card" })).await.ok();
        let unpaid = caller.check_out(&cart).await.created();
        keep("pay", text(&unpaid, "/payments/0/id"));
        keep("ord", text(&unpaid, "/id"));

        let cart = ready_cart(server, &caller).await;
        let filled = caller.get(&format!("/v1/carts/{cart}")).await.ok();
        keep("item", text(&filled, "/items/0/id"));
        keep("bprof", text(&filled, "/billing_profile_id"));
        keep("cart", cart);
        let sessions = caller.get("/v1/sessions").await.ok();
        keep("id", text(&sessions, "/items/0/id"));
        let loose = visitor.post("/v1/carts", json!({})).await.created();
        server.wait_for_jobs().await.expect("the mails are sent");
        Self { caller, things, loose_cart: text(&loose, "/id"), loose_cart_token: text(&loose, "/token") }
    }

    /// The path of an operation on the victim's things.
    pub fn path(&self, operation: &Operation) -> String {
        operation.path_with(|name| self.things.get(name).cloned())
    }

    /// What a row's body says, with the victim's things in their places.
    pub fn body(&self, body: &str) -> String {
        let fresh = negozio::platform::ids::fresh_uuid().simple().to_string();
        let known = self.things.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        known
            .chain([("fresh", fresh.as_str())])
            .fold(body.to_owned(), |body, (name, value)| body.replace(&format!("<{name}>"), value))
    }

    /// Calls a row's route at a path.
    pub async fn call(&self, caller: &Caller, row: &Row, path: &str) -> Answer {
        let (_, route, body) = *row;
        let method: Method = route.split(' ').next().unwrap_or_default().parse().expect("a method");
        let caller = caller.with("idempotency-key", &negozio::platform::ids::fresh_uuid().to_string());
        match body {
            "" => caller.send(method, path, None).await,
            FORM => caller.send_form(path, form()).await,
            body => caller.send_bytes(method, path, "application/json", self.body(body)).await,
        }
    }

    /// Whatever the victim can read, as it is now.
    pub async fn state(&self, server: &TestServer) -> BTreeMap<String, Vec<u8>> {
        server.wait_for_jobs().await.expect("the jobs are done");
        let mut state = BTreeMap::new();
        for operation in operations::all().iter().filter(|operation| operation.method == Method::GET) {
            let owns = |row: &&Row| row.1 == operation.route() && matches!(row.0, Who::Customer | Who::CartHolder);
            if !ROUTES.iter().any(|row| owns(&row)) {
                continue;
            }
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

/// A picture that is taken in quickly; that it fails the quality rules does not matter here.
fn small_picture() -> Vec<u8> {
    let mut file = std::io::Cursor::new(Vec::new());
    image::RgbImage::from_pixel(64, 40, image::Rgb([200, 180, 90]))
        .write_to(&mut file, image::ImageFormat::Jpeg)
        .expect("a picture");
    file.into_inner()
}

fn form() -> reqwest::multipart::Form {
    let front = reqwest::multipart::Part::bytes(vec![0xFF, 0xD8]).file_name("front.jpg");
    reqwest::multipart::Form::new().text("kind", "passport").text("number", "YA1234567").part("front", front)
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

/// The victim's things that an answer to somebody else names although the question did not.
pub fn leaked(victim: &Victim, row: &Row, path: &str, answer: &Answer) -> Vec<String> {
    let (said, asked) = (answer.text(), format!("{path} {}", victim.body(row.2)));
    let private = |name: &str| !["plan", "cdoc", "code"].contains(&name);
    let things = victim.things.iter().filter(|(name, _)| private(name)).map(|(_, value)| value.clone());
    things.filter(|value| said.contains(value.as_str()) && !asked.contains(value.as_str())).collect()
}

/// A problem without what differs from one request to the next.
pub fn timeless(answer: &Answer) -> Value {
    let mut problem = answer.problem();
    if let Some(members) = problem.as_object_mut() {
        members.remove("request_id");
    }
    problem
}
