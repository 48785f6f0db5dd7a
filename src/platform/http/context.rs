//! What surrounds every request: its identifier, the caller's trace, the log line, the metrics, the language of problems.

use std::cell::RefCell;
use std::collections::HashMap;
use std::time::Instant;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage};
use metrics::Histogram;

use super::arrival::with_patience;
use super::problem_response::PROBLEM_JSON;
use super::rate_limit::RateLimitState;
use super::request::{RequestId, preferred_locale, text_header};
use crate::platform::problem::{
    CONTENT_TOO_LARGE, INTERNAL, MALFORMED_REQUEST, METHOD_NOT_ALLOWED, NOT_ACCEPTABLE, NOT_FOUND, Problem,
    REQUEST_TIMEOUT, UNSUPPORTED_MEDIA_TYPE,
};

const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The middleware that stands outermost.
///
/// # Errors
/// Those of an inner middleware, of which there is none: what a handler refuses is a response by now.
pub async fn request_context<B: MessageBody + 'static>(
    mut request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let started = Instant::now();
    let id = request_id(request.headers());
    // HEAD is answered as GET is (RFC 9110 §9.3.2); the server leaves the body out.
    if request.method() == Method::HEAD {
        request.head_mut().method = Method::GET;
    }
    request.extensions_mut().insert(RequestId(id.clone()));
    let body = with_patience(request.take_payload());
    request.set_payload(body);
    let mut response = next.call(request).await?.map_into_boxed_body();
    if response.status().is_client_error() || response.status().is_server_error() {
        response = as_problem(response, &id);
    }
    let headers = response.headers_mut();
    if let Ok(value) = HeaderValue::from_str(&id) {
        headers.insert(X_REQUEST_ID, value);
    }
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    let limit = response.request().extensions().get::<RateLimitState>().cloned();
    if let Some(state) = limit {
        tell_limit(response.headers_mut(), &state);
    }
    record(&response, &id, started);
    Ok(response)
}

/// The caller's identifier where it sent a sensible one, else a fresh one.
fn request_id(headers: &HeaderMap) -> String {
    match text_header(headers, X_REQUEST_ID.as_str()) {
        Some(id)
            if (1..=128).contains(&id.len())
                && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte)) =>
        {
            id.to_owned()
        }
        _ => crate::platform::ids::fresh_uuid().simple().to_string(),
    }
}

/// Whatever failed, by our own refusal or by the framework's, answers a problem in the caller's language.
fn as_problem(response: ServiceResponse<BoxBody>, id: &str) -> ServiceResponse<BoxBody> {
    let locale = preferred_locale(response.request().headers());
    let ours = response.response().error().and_then(|error| error.as_error::<Problem>()).cloned();
    let problem = match ours {
        Some(problem) => problem,
        None if response.headers().get(header::CONTENT_TYPE).is_some_and(|kind| kind == PROBLEM_JSON) => {
            return response;
        }
        None => framework_problem(&response),
    };
    if problem.code.status >= 500 {
        tracing::error!(
            request_id = id,
            code = problem.code.name,
            cause = problem.cause.as_ref().map(ToString::to_string),
            "request failed"
        );
    }
    let mut answer = problem.to_response(locale, id);
    for name in
        [header::ALLOW, header::VARY, header::ACCESS_CONTROL_ALLOW_ORIGIN, header::ACCESS_CONTROL_EXPOSE_HEADERS]
    {
        if let Some(value) = response.headers().get(&name).cloned() {
            answer.headers_mut().insert(name, value);
        }
    }
    response.into_response(answer)
}

fn framework_problem(response: &ServiceResponse<BoxBody>) -> Problem {
    match response.status().as_u16() {
        404 => NOT_FOUND.problem(),
        405 => METHOD_NOT_ALLOWED.problem(),
        406 => NOT_ACCEPTABLE.problem(),
        408 => REQUEST_TIMEOUT.problem(),
        413 => CONTENT_TOO_LARGE.problem(),
        415 => UNSUPPORTED_MEDIA_TYPE.problem(),
        status if status < 500 => MALFORMED_REQUEST.problem(),
        _ => INTERNAL.problem(),
    }
}

fn tell_limit(headers: &mut HeaderMap, state: &RateLimitState) {
    for (name, value) in [("ratelimit-policy", &state.policy), ("ratelimit", &state.limit)] {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
}

/// Catalogue reads are many and alike, so answers to GET that succeed are logged at `debug` only.
fn record(response: &ServiceResponse<BoxBody>, id: &str, started: Instant) {
    let request = response.request();
    let elapsed = started.elapsed();
    let status = response.status().as_u16();
    let route = request.match_pattern().unwrap_or_else(|| "unknown".to_owned());
    let method = request.method().as_str();
    let labels = Labels { method: known_method(method), route: route.clone(), status: status_class(status) };
    duration_of(labels).record(elapsed.as_secs_f64());
    let micros = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX);
    let trace_id = trace_id(request.headers());
    if method == "GET" && status < 400 {
        tracing::debug!(request_id = id, trace_id, method, route, status, micros, "request");
    } else {
        tracing::info!(request_id = id, trace_id, method, route, status, micros, "request");
    }
}

/// What the durations of requests are told apart by.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Labels {
    method: &'static str,
    route: String,
    status: &'static str,
}

/// The histogram of some requests. Each worker keeps those that it has used: to find one by its labels takes as long as
/// all else that is done around a handler.
fn duration_of(labels: Labels) -> Histogram {
    thread_local! {
        static KNOWN: RefCell<HashMap<Labels, Histogram>> = RefCell::default();
    }
    KNOWN.with_borrow_mut(|known| {
        known
            .entry(labels)
            .or_insert_with_key(|labels| {
                let (method, route, status) = (labels.method, labels.route.clone(), labels.status);
                metrics::histogram!("http_request_duration_seconds", "method" => method, "route" => route, "status" => status)
            })
            .clone()
    })
}

/// Whatever else a caller invents is one label, or it would fill the memory with series.
fn known_method(method: &str) -> &'static str {
    ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"]
        .into_iter()
        .find(|known| *known == method)
        .unwrap_or("other")
}

fn status_class(status: u16) -> &'static str {
    match status {
        200..=299 => "2xx",
        300..=399 => "3xx",
        400..=499 => "4xx",
        _ => "5xx",
    }
}

/// The trace that the caller names in `traceparent` (W3C Trace Context §3.2).
fn trace_id(headers: &HeaderMap) -> Option<&str> {
    let mut parts = text_header(headers, "traceparent")?.split('-');
    let (version, trace) = (parts.next()?, parts.next()?);
    let is_hex = |text: &str| text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    (version.len() == 2
        && version != "ff"
        && trace.len() == 32
        && is_hex(version)
        && is_hex(trace)
        && trace.bytes().any(|byte| byte != b'0'))
    .then_some(trace)
}
