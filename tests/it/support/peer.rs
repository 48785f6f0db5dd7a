//! A small HTTP peer that plays an outside service: it answers what it was told to, and remembers what it was sent.

use std::collections::VecDeque;
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use actix_web::dev::ServerHandle;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use serde_json::Value;

/// What a peer was sent.
#[derive(Debug, Clone)]
pub struct Call {
    pub method: String,
    pub path: String,
    pub authorization: String,
    pub idempotency_key: String,
    pub body: Value,
}

#[derive(Default)]
struct State {
    answers: VecDeque<(u16, Value)>,
    calls: Vec<Call>,
}

/// A running peer.
pub struct Peer {
    pub url: String,
    state: Arc<Mutex<State>>,
    handle: ServerHandle,
}

impl Peer {
    /// Starts one that gives these answers in turn, the last one for ever.
    pub fn start(answers: impl IntoIterator<Item = (u16, Value)>) -> Self {
        let state = Arc::new(Mutex::new(State { answers: answers.into_iter().collect(), calls: Vec::new() }));
        let shared = state.clone();
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let server = HttpServer::new(move || {
            App::new().app_data(web::Data::new(shared.clone())).default_service(web::to(answer))
        })
        .workers(1)
        .disable_signals()
        .listen(listener)
        .expect("the peer listens")
        .run();
        let handle = server.handle();
        actix_web::rt::spawn(server);
        Self { url, state, handle }
    }

    /// What it was sent so far.
    pub fn calls(&self) -> Vec<Call> {
        self.state.lock().expect("the peer's state").calls.clone()
    }

    /// Stops it.
    pub async fn stop(&self) {
        self.handle.stop(false).await;
    }
}

async fn answer(request: HttpRequest, body: web::Bytes, state: web::Data<Arc<Mutex<State>>>) -> HttpResponse {
    let header =
        |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    let mut state = state.lock().expect("the peer's state");
    state.calls.push(Call {
        method: request.method().to_string(),
        path: request.path().to_owned(),
        authorization: header("authorization"),
        idempotency_key: header("idempotency-key"),
        body: serde_json::from_slice(&body).unwrap_or_default(),
    });
    let next = if state.answers.len() > 1 { state.answers.pop_front() } else { state.answers.front().cloned() };
    let (status, body) = next.unwrap_or((500, Value::Null));
    let status = actix_web::http::StatusCode::from_u16(status).expect("a status");
    HttpResponse::build(status).json(body)
}
