//! What no client library sends: bytes written to the connection as they are.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::rc::Rc;
use std::time::Duration;

use crate::support::actors::customer;
use crate::support::expect::Answer;
use crate::support::server::TestServer;
use crate::support::suite::Suite;

/// Puts this module's tests on the list.
pub fn register(suite: &mut Suite) {
    suite.on_both("hostile::paths_lead_nowhere_else", paths_lead_nowhere_else);
    suite.on_both("hostile::odd_headers_are_ignored_or_refused", odd_headers_are_ignored_or_refused);
    suite.on_both("hostile::a_body_that_stops_halfway_is_given_up", a_body_that_stops_halfway_is_given_up);
    suite.on_both("hostile::what_is_no_http_gets_no_answer_of_ours", what_is_no_http_gets_no_answer_of_ours);
}

/// Writes bytes on a connection of their own and reads until the server closes it.
async fn exchange(server: &TestServer, bytes: impl Into<Vec<u8>>) -> Vec<u8> {
    let (address, bytes) = (server.url.trim_start_matches("http://").to_owned(), bytes.into());
    let exchanged = tokio::task::spawn_blocking(move || {
        let mut stream = TcpStream::connect(address).expect("a connection");
        stream.set_read_timeout(Some(Duration::from_secs(30))).expect("a time-out");
        // The server may close before it has read everything; what it answered is still there.
        let _ = stream.write_all(&bytes);
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        answer
    });
    exchanged.await.expect("the connection ends")
}

/// A request whose head is written as it is, and its answer.
async fn ask(server: &TestServer, head: &str) -> Answer {
    answer_to(head, &exchange(server, format!("{head}\r\nconnection: close\r\n\r\n")).await)
}

fn answer_to(request: &str, bytes: &[u8]) -> Answer {
    // An interim answer, such as the one that `Expect: 100-continue` asks for, is none (RFC 9110 §15.2).
    let bytes = bytes.strip_prefix(b"HTTP/1.1 100 Continue\r\n\r\n").unwrap_or(bytes);
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n");
    let end = end.unwrap_or_else(|| panic!("no answer to {request:?}"));
    let text = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let mut lines = text.split("\r\n");
    let status = lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok()).expect("a status");
    let mut headers = reqwest::header::HeaderMap::new();
    for (name, value) in lines.filter_map(|line| line.split_once(": ")) {
        let name: reqwest::header::HeaderName = name.parse().expect("a header");
        headers.append(name, value.parse().expect("a value"));
    }
    let asked = request.chars().take(80).collect();
    Answer { asked, status, headers, body: bytes[end + 4..].to_vec() }
}

/// Nobody keeps a connection for good by promising a body: JSON, a form, or what a provider signs.
async fn a_body_that_stops_halfway_is_given_up(server: Rc<TestServer>) {
    let caller = customer(&server, "slow@example.com").await;
    let token = caller.header("authorization").expect("a token");
    let upload = "/v1/activation-requests/areq_01kawz3h8mf5ttb4c5v3e8n0qx/identity-documents";
    let stop_halfway = |path: &str, content_type: &str, body: &str| {
        let request = format!(
            "POST {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: {token}\r\ncontent-type: {content_type}\r\ncontent-length: 1000\r\n\r\n{body}"
        );
        let server = &server;
        async move { answer_to(&request, &exchange(server, request.clone()).await) }
    };
    let form = "multipart/form-data; boundary=x";
    let answers = futures_util::future::join_all([
        stop_halfway("/v1/carts", "application/json", "{"),
        stop_halfway("/v1/carts", "application/json", ""),
        stop_halfway("/v1/payment-notifications/sandbox", "application/json", "{"),
        stop_halfway(upload, form, "--x\r\n"),
        stop_halfway(upload, form, "--x\r\ncontent-disposition: form-data; name=\"front\"\r\n\r\nbeginning"),
    ]);
    for answer in answers.await {
        answer.refused(408, "request_timeout");
    }
}

async fn paths_lead_nowhere_else(server: Rc<TestServer>) {
    for path in [
        "/v1/../../etc/passwd",
        "/../../../../etc/passwd",
        "/v1/plans/../../../etc/passwd",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/swagger-ui/../../Cargo.toml",
        "/swagger-ui/%2e%2e/%2e%2e/Cargo.toml",
        "/v1/plans/..;/orders",
        "/v1/plans\\..\\orders",
        "/v1/plans/%5c..%5c",
        "/.%00./etc/passwd",
    ] {
        ask(&server, &format!("GET {path} HTTP/1.1\r\nhost: x")).await.refused(404, "not_found");
    }
    // A path that leads back to one of ours is not taken for it: who is asked is what is written.
    ask(&server, "GET /v1/plans/../orders HTTP/1.1\r\nhost: x").await.refused(404, "not_found");
}

async fn odd_headers_are_ignored_or_refused(server: Rc<TestServer>) {
    let long = "x".repeat(60_000);
    for header in [
        "accept-language: ;;;q=9,,*",
        "accept-language: è",
        "if-none-match: \"\"\"\"\",",
        "if-none-match: è",
        "traceparent: 00-zz-zz-zz",
        "accept: text/csv",
        "range: bytes=9-1",
        "range: bytes=0-1",
        "x-request-id: ../../x\"y",
        "x-request-id: \u{e8}",
        "accept-encoding: br;q=zz, *;q=0",
        "cookie: a=b; c",
        "expect: 100-continue",
        "x-forwarded-for: 1.2.3.4, '; DROP TABLE accounts; --",
        "origin: null",
        "x-http-method-override: DELETE",
        "content-length: 0",
        &format!("x-long: {long}"),
        &format!("user-agent: {long}"),
        &format!("accept-language: {long}"),
        &format!("x-request-id: {long}"),
    ] {
        let answer = ask(&server, &format!("GET /v1/plans HTTP/1.1\r\nhost: x\r\n{header}")).await;
        let shown: String = header.chars().take(40).collect();
        assert_eq!(answer.status, 200, "{shown}: {}", answer.text());
        assert!(answer.header("x-request-id").bytes().all(|byte| byte.is_ascii_alphanumeric()), "{shown}");
    }
    let given = ask(&server, "GET /v1/nowhere HTTP/1.1\r\nhost: x\r\nx-request-id: my-own_id.1").await;
    assert_eq!(given.refused(404, "not_found")["request_id"], "my-own_id.1");
    for header in [
        "authorization: Bearer è",
        "authorization: ",
        &format!("authorization: Bearer {long}"),
        "authorization: Bearer a\r\nauthorization: Bearer b",
    ] {
        let answer = ask(&server, &format!("GET /v1/account HTTP/1.1\r\nhost: x\r\n{header}")).await;
        answer.refused(401, "unauthenticated");
    }
    let caller = customer(&server, "agent@example.com").await;
    for agent in ["Mozilla/5.0 '; --", &long, "\u{9}tab"] {
        caller.with("user-agent", agent).get("/v1/account").await.ok();
    }
    // A cart's token that is no text names no cart.
    let cart = server.visitor().post("/v1/carts", serde_json::json!({})).await.created();
    let path = format!("GET /v1/carts/{} HTTP/1.1\r\nhost: x", cart["id"].as_str().unwrap_or_default());
    ask(&server, &format!("{path}\r\nx-cart-token: è")).await.refused(401, "unauthenticated");
    ask(&server, &format!("{path}\r\nx-cart-token: {long}")).await.refused(404, "not_found");
}

/// The HTTP library answers these by itself, before any of our code runs: a bare 400, 408 or 431, or nothing.
async fn what_is_no_http_gets_no_answer_of_ours(server: Rc<TestServer>) {
    let slow = exchange(&server, "GET /v1/plans HTTP/1.1\r\nhost: x\r\n");
    let fast = async {
        let many: String = (0..200).map(|number| format!("x-{number}: y\r\n")).collect();
        for bytes in [
            "nonsense\r\n\r\n".to_owned(),
            "GET /v1/plans\r\n\r\n".to_owned(),
            "GET  /v1/plans HTTP/1.1\r\nhost: x\r\n\r\n".to_owned(),
            "GET /v1/plans HTTP/9.9\r\nhost: x\r\n\r\n".to_owned(),
            "GET /v1/pl\u{0}ans HTTP/1.1\r\nhost: x\r\n\r\n".to_owned(),
            "GET /v1/plans HTTP/1.1\r\nhost: x\r\nbad header\r\n\r\n".to_owned(),
            "GET /v1/plans HTTP/1.1\r\nhost: x\r\nx: a\u{0}b\r\n\r\n".to_owned(),
            "POST /v1/carts HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n{}".to_owned(),
            "POST /v1/carts HTTP/1.1\r\nhost: x\r\ncontent-length: 99999999999999999999\r\n\r\n{}".to_owned(),
            "POST /v1/carts HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{}".to_owned(),
            "POST /v1/carts HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"
                .to_owned(),
            "POST /v1/carts HTTP/1.1\r\nhost: x\r\ntransfer-encoding: xchunked\r\n\r\n{}".to_owned(),
            format!("GET /v1/plans HTTP/1.1\r\nhost: x\r\n{many}\r\n"),
            format!("GET /v1/plans HTTP/1.1\r\nhost: x\r\nx: {}\r\n\r\n", "x".repeat(400_000)),
        ] {
            let answer = exchange(&server, bytes.clone()).await;
            let (shown, said) = (&bytes[..bytes.len().min(70)], String::from_utf8_lossy(&answer).into_owned());
            let status = said.split(' ').nth(1).unwrap_or("400");
            assert!(["400", "408", "413", "431", "501", "505"].contains(&status), "{shown:?} was answered {said}");
            assert!(said.matches("HTTP/1.1 ").count() <= 1, "{shown:?} was taken for several requests: {said}");
        }
    };
    let (slow, ()) = futures_util::join!(slow, fast);
    let said = String::from_utf8_lossy(&slow).into_owned();
    assert!(said.is_empty() || said.starts_with("HTTP/1.1 408"), "{said}");
    server.visitor().get("/v1/plans").await.ok();
}
