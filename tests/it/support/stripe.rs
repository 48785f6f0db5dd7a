//! A small Stripe that keeps to what Stripe publishes of Checkout Sessions, refunds, idempotency keys and webhooks: a real
//! HTTP server with a hosted page, which tells what happens in signed notifications. A test says how they travel: at
//! once and again until they are taken, or one by one in whatever order and number.

use std::collections::HashMap;
use std::net::TcpListener;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use actix_web::dev::ServerHandle;
use actix_web::http::StatusCode;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;

/// The keys that the fake knows.
pub const SECRET_KEY: &str = "sk_test_negozio";
pub const WEBHOOK_SECRET: &str = "whsec_test_negozio";
/// How often a notification that is not taken is sent again.
const TRIES: usize = 20;

type Form = Vec<(String, String)>;

/// What a customer does on the hosted page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    Pay,
    /// The card is declined; Stripe keeps the page open for another try.
    Decline,
    /// Pays in a way whose money comes later.
    PayLater,
}

#[derive(Default)]
struct State {
    sessions: Vec<Value>,
    refunds: Vec<Value>,
    /// By key: what was asked and what was answered.
    answers: HashMap<String, (String, u16, Value)>,
    calls: Vec<(String, String)>,
    events: Vec<Value>,
    /// Statuses that the next calls get instead of an answer.
    outage: Vec<u16>,
    refund_status: Option<&'static str>,
    webhook: Option<String>,
}

/// A running fake.
pub struct Stripe {
    pub url: String,
    state: Arc<Mutex<State>>,
    handle: ServerHandle,
    http: reqwest::Client,
}

impl Stripe {
    pub fn start() -> Self {
        let state = Arc::new(Mutex::new(State::default()));
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let (shared, own_url) = (state.clone(), url.clone());
        let server = HttpServer::new(move || {
            App::new()
                .app_data(web::Data::new(shared.clone()))
                .app_data(web::Data::new(own_url.clone()))
                .default_service(web::to(answer))
        })
        .workers(1)
        .disable_signals()
        .listen(listener)
        .expect("the fake listens")
        .run();
        let handle = server.handle();
        actix_web::rt::spawn(server);
        let http = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build();
        let http = http.expect("an HTTP client");
        Self { url, state, handle, http }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("the fake's state")
    }

    /// From now on notifications travel by themselves: each is sent until it is taken, and once more after that; every
    /// other one overtakes the one before it.
    pub fn notify(&self, webhook: &str) {
        self.state().webhook = Some(webhook.to_owned());
    }

    /// The next calls get these statuses.
    pub fn fail(&self, statuses: impl IntoIterator<Item = u16>) {
        self.state().outage = statuses.into_iter().collect();
    }

    /// Refunds stand like this when they are made; `succeeded` otherwise.
    pub fn refunds_are(&self, status: &'static str) {
        self.state().refund_status = Some(status);
    }

    /// Method and path of the calls so far.
    pub fn calls(&self) -> Vec<(String, String)> {
        self.state().calls.clone()
    }

    pub fn sessions(&self) -> Vec<Value> {
        self.state().sessions.clone()
    }

    pub fn refunds(&self) -> Vec<Value> {
        self.state().refunds.clone()
    }

    /// What there is to tell so far, oldest first.
    pub fn events(&self) -> Vec<Value> {
        self.state().events.clone()
    }

    /// The customer acts on the hosted page.
    pub async fn act(&self, page: &str, act: Act) {
        let outcome = match act {
            Act::Pay => "paid",
            Act::Decline => "declined",
            Act::PayLater => "later",
        };
        let answer = self.http.post(page).form(&[("outcome", outcome)]).send().await.expect("the page answers");
        assert!(answer.status().as_u16() < 400, "{page} answered {}", answer.status());
    }

    /// The money of a session that was paid later came, or did not.
    pub fn settle_later(&self, session: &str, came: bool) {
        let mut state = self.state();
        let session = find(&mut state.sessions, session).expect("a session");
        session["payment_status"] = if came { json!("paid") } else { json!("unpaid") };
        session["payment_intent_status"] = if came { json!("succeeded") } else { json!("requires_payment_method") };
        let kind = if came { "async_payment_succeeded" } else { "async_payment_failed" };
        let object = session.clone();
        tell(&mut state, &format!("checkout.session.{kind}"), object);
    }

    /// A refund ends.
    pub fn settle_refund(&self, index: usize, status: &str) {
        let mut state = self.state();
        state.refunds[index]["status"] = json!(status);
        let object = state.refunds[index].clone();
        tell(&mut state, "refund.updated", object);
    }

    /// Sends a notification as it was when it happened; answers the status.
    pub async fn send(&self, webhook: &str, event: &Value) -> u16 {
        send(&self.http, webhook, event, unix_now(), WEBHOOK_SECRET).await
    }

    /// Sends one that was signed at another time or with another secret.
    pub async fn send_signed(&self, webhook: &str, event: &Value, age: i64, secret: &str) -> u16 {
        send(&self.http, webhook, event, unix_now() - age, secret).await
    }

    pub async fn stop(&self) {
        self.handle.stop(false).await;
    }
}

#[expect(clippy::disallowed_methods, reason = "the outside has a clock of its own")]
fn unix_now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("a time after 1970");
    i64::try_from(since.as_secs()).expect("a time")
}

async fn send(http: &reqwest::Client, webhook: &str, event: &Value, time: i64, secret: &str) -> u16 {
    let body = event.to_string();
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("a key");
    mac.update(format!("{time}.{body}").as_bytes());
    let signature = hex::encode(mac.finalize().into_bytes());
    let request = http
        .post(webhook)
        .header("content-type", "application/json; charset=utf-8")
        .header("stripe-signature", format!("t={time},v1={signature},v0={}", "0".repeat(64)))
        .body(body);
    request.send().await.map_or(0, |answer| answer.status().as_u16())
}

fn find<'a>(objects: &'a mut [Value], id: &str) -> Option<&'a mut Value> {
    objects.iter_mut().find(|object| object["id"] == id)
}

fn fresh(prefix: &str) -> String {
    format!("{prefix}_{}", negozio::platform::ids::fresh_uuid().simple())
}

/// Notes an event and, where notifications travel by themselves, sends it.
fn tell(state: &mut State, kind: &str, object: Value) {
    let event = json!({
        "id": fresh("evt"), "object": "event", "api_version": "2024-06-20", "created": unix_now(), "livemode": false,
        "type": kind, "data": { "object": object },
    });
    state.events.push(event.clone());
    let Some(webhook) = state.webhook.clone() else { return };
    // Later events overtake earlier ones.
    let pause = Duration::from_millis(if state.events.len().is_multiple_of(2) { 5 } else { 60 });
    actix_web::rt::spawn(async move {
        let http = reqwest::Client::builder().no_proxy().build().expect("an HTTP client");
        actix_web::rt::time::sleep(pause).await;
        let mut taken = 0;
        for _ in 0..TRIES {
            let status = send(&http, &webhook, &event, unix_now(), WEBHOOK_SECRET).await;
            taken += usize::from((200..300).contains(&status));
            if taken == 2 {
                return;
            }
            actix_web::rt::time::sleep(Duration::from_millis(50)).await;
        }
    });
}

fn error(status: u16, kind: &str, message: &str) -> (u16, Value) {
    (status, json!({ "error": { "type": kind, "message": message } }))
}

async fn answer(
    request: HttpRequest,
    body: web::Bytes,
    state: web::Data<Arc<Mutex<State>>>,
    url: web::Data<String>,
) -> HttpResponse {
    let mut state = state.lock().expect("the fake's state");
    let form: Form = serde_urlencoded(&body);
    let path = request.path().to_owned();
    if let Some(session) = path.strip_prefix("/pay/") {
        return hosted_page(&mut state, &request, session, &form);
    }
    state.calls.push((request.method().to_string(), path.clone()));
    if !state.outage.is_empty() {
        let status = state.outage.remove(0);
        return build(error(status, "api_error", "we are down"));
    }
    let header =
        |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    if header("authorization") != format!("Bearer {SECRET_KEY}") {
        return build(error(401, "invalid_request_error", "Invalid API Key provided"));
    }
    let (key, asked) = (header("idempotency-key"), format!("{path} {}", String::from_utf8_lossy(&body)));
    if let Some((before, status, answered)) = state.answers.get(&key) {
        let other =
            error(400, "idempotency_error", "Keys for idempotent requests can only be used with the same parameters");
        return build(if *before == asked { (*status, answered.clone()) } else { other });
    }
    let is_post = request.method() == actix_web::http::Method::POST;
    let query = serde_urlencoded(request.query_string().as_bytes());
    let (status, answered) =
        if is_post { post(&mut state, &url, &path, &form) } else { get(&mut state, &path, &query) };
    if is_post && !key.is_empty() {
        state.answers.insert(key, (asked, status, answered.clone()));
    }
    build((status, answered))
}

fn build((status, body): (u16, Value)) -> HttpResponse {
    HttpResponse::build(StatusCode::from_u16(status).expect("a status")).json(body)
}

fn serde_urlencoded(bytes: &[u8]) -> Form {
    web::Query::<Form>::from_query(&String::from_utf8_lossy(bytes)).map(web::Query::into_inner).unwrap_or_default()
}

fn value<'a>(form: &'a Form, name: &str) -> Option<&'a str> {
    form.iter().find(|(field, _)| field == name).map(|(_, value)| value.as_str())
}

/// `metadata[a]` and its like.
fn nested(form: &Form, name: &str) -> Value {
    let inner = form.iter().filter_map(|(field, value)| {
        Some((field.strip_prefix(name)?.strip_prefix('[')?.strip_suffix(']')?.to_owned(), json!(value)))
    });
    Value::Object(inner.collect())
}

fn get(state: &mut State, path: &str, query: &Form) -> (u16, Value) {
    if path == "/v1/refunds" {
        let of_intent = state.refunds.iter().filter(|refund| {
            Some(refund["payment_intent"].as_str().unwrap_or_default()) == value(query, "payment_intent")
        });
        return (200, json!({ "object": "list", "has_more": false, "data": of_intent.cloned().collect::<Vec<_>>() }));
    }
    let Some(session) = path.strip_prefix("/v1/checkout/sessions/").and_then(|id| find(&mut state.sessions, id)) else {
        return error(404, "invalid_request_error", "No such checkout.session");
    };
    let mut shown = session.clone();
    if query.iter().any(|(name, value)| name == "expand[]" && value == "payment_intent")
        && shown["payment_intent"].is_string()
    {
        shown["payment_intent"] = json!({ "id": shown["payment_intent"], "status": shown["payment_intent_status"] });
    }
    (200, shown)
}

fn post(state: &mut State, url: &str, path: &str, form: &Form) -> (u16, Value) {
    match path {
        "/v1/checkout/sessions" => create_session(state, url, form),
        "/v1/refunds" => create_refund(state, form),
        _ => {
            let id = path.strip_prefix("/v1/checkout/sessions/").and_then(|rest| rest.strip_suffix("/expire"));
            let Some(session) = id.and_then(|id| find(&mut state.sessions, id)) else {
                return error(404, "invalid_request_error", "Unrecognized request URL");
            };
            if session["status"] != "open" {
                return error(
                    400,
                    "invalid_request_error",
                    "Only Checkout Sessions with a status in open can be expired",
                );
            }
            session["status"] = json!("expired");
            let object = session.clone();
            tell(state, "checkout.session.expired", object.clone());
            (200, object)
        }
    }
}

const SESSION_FIELDS: [&str; 12] = [
    "mode",
    "client_reference_id",
    "payment_intent_data[metadata][payment_id]",
    "line_items[0][quantity]",
    "line_items[0][price_data][currency]",
    "line_items[0][price_data][unit_amount]",
    "line_items[0][price_data][product_data][name]",
    "customer_email",
    "locale",
    "expires_at",
    "success_url",
    "cancel_url",
];

fn create_session(state: &mut State, url: &str, form: &Form) -> (u16, Value) {
    let unknown =
        form.iter().find(|(name, _)| !SESSION_FIELDS.contains(&name.as_str()) && !name.starts_with("metadata["));
    if let Some((name, _)) = unknown {
        return error(400, "invalid_request_error", &format!("Received unknown parameter: {name}"));
    }
    let number = |name| value(form, name).and_then(|text| text.parse::<i64>().ok()).unwrap_or_default();
    let amount = number("line_items[0][price_data][unit_amount]") * number("line_items[0][quantity]");
    let open_for = number("expires_at") - unix_now();
    if value(form, "mode") != Some("payment") || amount < 50 || !(1800..=86_400).contains(&open_for) {
        return error(400, "invalid_request_error", "mode, amount or expires_at cannot be");
    }
    let id = fresh("cs_test");
    let session = json!({
        "id": id, "object": "checkout.session", "status": "open", "payment_status": "unpaid", "amount_total": amount,
        "currency": value(form, "line_items[0][price_data][currency]"), "metadata": nested(form, "metadata"),
        "client_reference_id": value(form, "client_reference_id"), "customer_email": value(form, "customer_email"),
        "locale": value(form, "locale"), "expires_at": number("expires_at"), "success_url": value(form, "success_url"),
        "cancel_url": value(form, "cancel_url"), "payment_intent": null, "livemode": false, "url": format!("{url}/pay/{id}"),
    });
    state.sessions.push(session.clone());
    (200, session)
}

fn create_refund(state: &mut State, form: &Form) -> (u16, Value) {
    let intent = value(form, "payment_intent").unwrap_or_default().to_owned();
    let Some(session) = state.sessions.iter().find(|session| session["payment_intent"] == intent.as_str()) else {
        return error(404, "invalid_request_error", "No such payment_intent");
    };
    let session = session.clone();
    let amount = value(form, "amount").and_then(|text| text.parse::<i64>().ok()).unwrap_or_default();
    let of_intent = state.refunds.iter().filter(|refund| refund["payment_intent"] == intent.as_str());
    let before: i64 =
        of_intent.filter(|refund| refund["status"] != "failed").filter_map(|refund| refund["amount"].as_i64()).sum();
    if amount < 1 || before + amount > session["amount_total"].as_i64().unwrap_or_default() {
        return error(400, "invalid_request_error", "Refund amount is greater than unrefunded amount on charge");
    }
    let refund = json!({
        "id": fresh("re"), "object": "refund", "amount": amount, "currency": "eur", "payment_intent": intent,
        "reason": value(form, "reason"), "metadata": nested(form, "metadata"),
        "status": state.refund_status.unwrap_or("succeeded"),
    });
    state.refunds.push(refund.clone());
    let charge = json!({
        "id": fresh("ch"), "object": "charge", "payment_intent": intent, "amount": session["amount_total"],
        "amount_refunded": before + amount, "metadata": { "payment_id": session["metadata"]["payment_id"] },
    });
    tell(state, "charge.refunded", charge);
    tell(state, "refund.created", refund.clone());
    (200, refund)
}

fn hosted_page(state: &mut State, request: &HttpRequest, id: &str, form: &Form) -> HttpResponse {
    let Some(session) = find(&mut state.sessions, id) else { return HttpResponse::NotFound().finish() };
    if session["status"] != "open" {
        return HttpResponse::Gone().body("This page has expired");
    }
    if request.method() != actix_web::http::Method::POST {
        return HttpResponse::Ok().content_type("text/html").body(format!("<h1>{}</h1>", session["amount_total"]));
    }
    let outcome = value(form, "outcome").unwrap_or_default();
    if outcome == "declined" {
        let intent = json!({ "id": fresh("pi"), "object": "payment_intent", "status": "requires_payment_method" });
        tell(state, "payment_intent.payment_failed", intent);
        return HttpResponse::Ok().body("Your card was declined");
    }
    let is_paid = outcome == "paid";
    session["status"] = json!("complete");
    session["payment_intent"] = json!(fresh("pi"));
    session["payment_status"] = if is_paid { json!("paid") } else { json!("unpaid") };
    session["payment_intent_status"] = if is_paid { json!("succeeded") } else { json!("processing") };
    let object = session.clone();
    tell(state, "payment_intent.created", json!({ "id": object["payment_intent"], "object": "payment_intent" }));
    tell(state, "checkout.session.completed", object.clone());
    HttpResponse::SeeOther().insert_header(("location", object["success_url"].as_str().unwrap_or_default())).finish()
}
