//! Following a request: server-sent events.

use std::rc::Rc;
use std::time::{Duration, Instant};

use negozio::app::Server;
use reqwest::{Method, Response};
use serde_json::{Value, json};

use crate::support::activation::{Activation, bought};
use crate::support::actors::{Caller, customer};
use crate::support::server::TestServer;

crate::on_both_engines!(
    a_stream_tells_what_happens_and_goes_on_where_it_broke_off,
    a_stream_ends_with_its_session,
    an_account_has_so_many_streams_at_once,
    a_stream_tells_what_another_process_wrote,
    a_server_that_stops_ends_its_streams,
);

/// How long an event may take.
const SOON: Duration = Duration::from_secs(20);

/// An open stream.
struct Stream {
    answer: Response,
    received: String,
}

impl Stream {
    async fn open(caller: &Caller, activation: &Activation) -> Self {
        let answer = caller.open(&format!("{}/events", activation.path)).await;
        assert_eq!(answer.status().as_u16(), 200);
        assert_eq!(answer.headers()["content-type"], "text/event-stream");
        assert_eq!(answer.headers()["cache-control"], "no-store");
        Self { answer, received: String::new() }
    }

    /// Reads until a text came.
    async fn until(&mut self, text: &str) {
        while !self.received.contains(text) {
            let chunk = tokio::time::timeout(SOON, self.answer.chunk()).await;
            let chunk = chunk.unwrap_or_else(|_| panic!("no {text} in {}", self.received)).expect("a chunk");
            let chunk = chunk.unwrap_or_else(|| panic!("the stream ended without {text}: {}", self.received));
            self.received.push_str(&String::from_utf8_lossy(&chunk));
        }
    }

    /// Reads to the end, which must come soon.
    async fn until_the_end(mut self) -> String {
        let started = Instant::now();
        loop {
            assert!(started.elapsed() < SOON, "the stream does not end: {}", self.received);
            match tokio::time::timeout(SOON, self.answer.chunk()).await.expect("the end").expect("a chunk") {
                Some(chunk) => self.received.push_str(&String::from_utf8_lossy(&chunk)),
                None => return self.received,
            }
        }
    }
}

/// The identifiers and kinds of events, in the order in which they came.
fn entries(received: &str) -> Vec<(i64, String)> {
    let of_event = |event: &str| {
        let id = event.lines().find_map(|line| line.strip_prefix("id: "))?.parse().ok()?;
        let data: Value = serde_json::from_str(event.lines().find_map(|line| line.strip_prefix("data: "))?).ok()?;
        assert_eq!(data["sequence"], id);
        Some((id, data["kind"].as_str()?.to_owned()))
    };
    received.split("\n\n").filter_map(of_event).collect()
}

async fn a_stream_tells_what_happens_and_goes_on_where_it_broke_off(server: Rc<TestServer>) {
    let activation = bought(&server, "follow@example.com").await;
    let path = format!("{}/events", activation.path);
    let mut first = Stream::open(&activation.caller, &activation).await;
    first.until("request_opened").await;
    let activation = activation.verified(&server).await;
    first.until("email_verified").await;
    assert!(first.received.starts_with("retry: "), "{}", first.received);
    let kinds = |received: &str| entries(received).into_iter().map(|(_, kind)| kind).collect::<Vec<_>>();
    assert_eq!(kinds(&first.received), ["request_opened", "otp_issued", "email_verified"]);
    drop(first);
    let resumed = activation.caller.with("last-event-id", "1");
    let mut second = Stream::open(&resumed, &activation).await;
    second.until("email_verified").await;
    activation.caller.post(&format!("{}/cancellation", activation.path), json!({})).await.ok();
    let received = second.until_the_end().await;
    let expected = [(2, "otp_issued"), (3, "email_verified"), (4, "request_cancelled")];
    assert_eq!(entries(&received), expected.map(|(id, kind)| (id, kind.to_owned())));
    assert!(received.trim_end().ends_with("event: end\ndata: {\"status\":\"cancelled\"}"), "{received}");
    let late = Stream::open(&resumed, &activation).await.until_the_end().await;
    assert_eq!(late, received, "what is over is told from there and ends");
    assert_eq!(activation.caller.with("last-event-id", "4").get(&path).await.status, 204);
    for wrong in ["x", "-1", "1.5", "99999999999999999999"] {
        activation.caller.with("last-event-id", wrong).get(&path).await.refused(400, "malformed_request");
    }
    customer(&server, "curious@example.com").await.get(&path).await.refused(404, "not_found");
    server.visitor().get(&path).await.refused(401, "unauthenticated");
}

async fn a_stream_ends_with_its_session(server: Rc<TestServer>) {
    let activation = bought(&server, "revoked@example.com").await;
    let mut stream = Stream::open(&activation.caller, &activation).await;
    stream.until("request_opened").await;
    let closed = activation.caller.send(Method::DELETE, "/v1/sessions/current", None).await;
    assert_eq!(closed.status, 204, "{}", closed.text());
    assert_eq!(entries(&stream.until_the_end().await).len(), 1);
}

async fn an_account_has_so_many_streams_at_once(server: Rc<TestServer>) {
    let activation = bought(&server, "many@example.com").await;
    let path = format!("{}/events", activation.path);
    let mut streams = Vec::new();
    for _ in 0..5 {
        streams.push(Stream::open(&activation.caller, &activation).await);
    }
    let refused = activation.caller.get(&path).await;
    assert!(!refused.header("retry-after").is_empty());
    refused.refused(429, "too_many_requests");
    let other = bought(&server, "other@example.com").await;
    drop(Stream::open(&other.caller, &other).await);
    drop(streams);
    let started = Instant::now();
    while activation.caller.open(&path).await.status() != 200 {
        assert!(started.elapsed() < SOON, "the places are not given back");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

async fn a_stream_tells_what_another_process_wrote(server: Rc<TestServer>) {
    let activation = bought(&server, "elsewhere@example.com").await;
    let config = server.with_platform(|platform| platform.config.clone());
    let elsewhere = Server::start(config).await.expect("a second server on the same database");
    let there = activation.caller.at(&format!("http://{}", elsewhere.address()));
    let mut stream = Stream::open(&there, &activation).await;
    stream.until("request_opened").await;
    activation.caller.post(&format!("{}/cancellation", activation.path), json!({})).await.ok();
    assert_eq!(entries(&stream.until_the_end().await).len(), 2);
    elsewhere.stop().await;
}

async fn a_server_that_stops_ends_its_streams(server: Rc<TestServer>) {
    let server = TestServer::start(server.engine, |_| {}).await;
    let activation = bought(&server, "stopping@example.com").await;
    let mut stream = Stream::open(&activation.caller, &activation).await;
    stream.until("request_opened").await;
    let started = Instant::now();
    let (received, ()) = tokio::join!(stream.until_the_end(), server.stop());
    assert!(!received.contains("event: end"), "the request is not over: {received}");
    assert!(started.elapsed() < SOON);
}
