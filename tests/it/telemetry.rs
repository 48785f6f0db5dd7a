//! What a server tells whoever runs it: metrics and the log.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::actors::registration;
use crate::support::database::{Database, Engine};
use crate::support::process::{Process, logged};
use crate::support::suite::Suite;

/// Puts this module's tests on the list. Each has a process of its own: servers in one process share their metrics.
pub fn register(suite: &mut Suite) {
    suite.on_each_engine("telemetry::requests_are_counted_by_route_and_status_and_jobs_by_kind", |engine| {
        actix_web::rt::System::new().block_on(requests_are_counted_by_route_and_status_and_jobs_by_kind(engine));
    });
    suite.on_each_engine("telemetry::a_json_log_is_one_object_a_line", |engine| {
        actix_web::rt::System::new().block_on(a_json_log_is_one_object_a_line(engine));
    });
}

/// What the series of this name and these labels, whatever else it has, says.
fn series(metrics: &str, name: &str, labels: &[&str]) -> Option<f64> {
    let lines = metrics.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix('{')?.split_once("} "));
    let mut values = lines.filter(|(said, _)| labels.iter().all(|label| said.contains(label)));
    let value = values.next().map(|(_, value)| value.parse().expect("a number"));
    assert!(values.next().is_none(), "{name} {labels:?} is more than one series:\n{metrics}");
    value
}

async fn requests_are_counted_by_route_and_status_and_jobs_by_kind(engine: Engine) {
    let database = Database::create(engine);
    let process = Process::start(&database);
    let visitor = process.visitor();
    let count = |metrics: &str, method: &str, route: &str, status: &str| {
        let labels = [format!("method=\"{method}\""), format!("route=\"{route}\""), format!("status=\"{status}\"")];
        let labels: Vec<&str> = labels.iter().map(String::as_str).collect();
        series(metrics, "http_request_duration_seconds_count", &labels).unwrap_or_default()
    };
    for _ in 0..3 {
        visitor.get("/v1/plans").await.ok();
    }
    for slug in ["no-plan-of-ours", "nor-this"] {
        visitor.get(&format!("/v1/plans/{slug}")).await.refused(404, "not_found");
    }
    visitor.get("/v1/plans/legalinvoice-pro").await.ok();
    visitor.get("/nothing/is-here").await.refused(404, "not_found");
    visitor.post("/v1/accounts", registration("counted@example.com")).await.created();
    visitor.post("/v1/accounts", registration("counted@example.com")).await.refused(409, "email_taken");

    let started = Instant::now();
    let metrics = loop {
        let metrics = visitor.get("/metrics").await.with_status(200).text();
        if series(&metrics, "jobs_total", &["outcome=\"done\""]).is_some() {
            break metrics;
        }
        assert!(started.elapsed() < Duration::from_secs(30), "no job is counted:\n{metrics}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    assert_eq!(count(&metrics, "GET", "/v1/plans", "2xx"), 3.0, "{metrics}");
    assert_eq!(count(&metrics, "GET", "/v1/plans/{id_or_slug}", "4xx"), 2.0, "{metrics}");
    assert_eq!(count(&metrics, "GET", "/v1/plans/{id_or_slug}", "2xx"), 1.0, "{metrics}");
    assert_eq!(count(&metrics, "GET", "unknown", "4xx"), 1.0, "{metrics}");
    assert_eq!(count(&metrics, "POST", "/v1/accounts", "2xx"), 1.0, "{metrics}");
    assert_eq!(count(&metrics, "POST", "/v1/accounts", "4xx"), 1.0, "{metrics}");
    // Whatever callers send is no label: neither memory nor a dashboard fills with it.
    for sent in ["no-plan-of-ours", "legalinvoice-pro", "is-here", "counted"] {
        assert!(!metrics.contains(sent), "{sent} is in the metrics:\n{metrics}");
    }
}

async fn a_json_log_is_one_object_a_line(engine: Engine) {
    let database = Database::create(engine);
    let process = Process::start_with(&database, &[("NEGOZIO_LOG_FORMAT", "json")]);
    let trace = "0af7651916cd43dd8448eb211c80319c";
    let caller = process.visitor().with("x-request-id", "what-I-call-it");
    let caller = caller.with("traceparent", &format!("00-{trace}-b7ad6b7169203331-01"));
    caller.post("/v1/accounts", registration("logged@example.com")).await.created();
    let refused = caller.post("/v1/accounts", registration("logged@example.com")).await;
    assert_eq!(refused.refused(409, "email_taken")["request_id"], "what-I-call-it");
    let log = logged(&database);
    let lines: Vec<Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{line:?} is no JSON: {error}")))
        .collect();
    assert!(lines.iter().all(|line| line.is_object() && line["level"].is_string() && line["timestamp"].is_string()));
    let mut statuses = Vec::new();
    for line in lines.iter().filter(|line| line["request_id"] == "what-I-call-it") {
        assert_eq!(
            (&line["method"], &line["route"], &line["trace_id"]),
            (&"POST".into(), &"/v1/accounts".into(), &trace.into()),
            "{line:#}"
        );
        assert!(line["micros"].is_u64(), "{line:#}");
        statuses.push(line["status"].as_u64());
    }
    assert_eq!(statuses, [Some(201), Some(409)], "{log}");
    assert!(!log.contains("logged@example.com"), "personal data is in the log: {log}");
}
