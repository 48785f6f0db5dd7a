//! What helps the reviewers: the queue's filters, what lies side by side, figures, and four eyes.

use std::rc::Rc;

use negozio::platform::config::FourEyes;
use serde_json::{Value, json};

use crate::support::activation::{Activation, bought, bought_by, mails};
use crate::support::actors::Caller;
use crate::support::expect::{items, text};
use crate::support::server::TestServer;
use crate::support::suite::Suite;

/// Puts this module's tests on the list.
pub fn register(suite: &mut Suite) {
    suite.on_both("review_figures::the_queue_is_filtered_and_counted", the_queue_is_filtered_and_counted);
    suite.on_both("review_figures::what_differs_lies_side_by_side", what_differs_lies_side_by_side);
    suite.on_both_with(
        "review_figures::under_four_eyes_two_reviewers_approve",
        |config| config.four_eyes = FourEyes::On,
        under_four_eyes_two_reviewers_approve,
    );
}

async fn queue(reviewer: &Caller, query: &str) -> Vec<String> {
    let found = items(&reviewer.get(&format!("/v1/back-office/activation-requests?{query}")).await.ok());
    found.iter().map(|request| text(request, "/id")).collect()
}

async fn the_queue_is_filtered_and_counted(server: Rc<TestServer>) {
    let reviewer = server.visitor().logged_in_as("reviewer@example.com").await;
    let figures = |reviewer: Caller| async move { reviewer.get("/v1/back-office/review-figures").await.ok() };
    let nothing = json!({
        "waiting": 0, "unclaimed": 0, "oldest_waiting_seconds": null,
        "decided": 0, "median_seconds": null, "p90_seconds": null,
    });
    assert_eq!(figures(reviewer.clone()).await, nothing);
    let first = bought(&server, "first@example.com").await.submitted(&server).await;
    server.visitor().post("/v1/sandbox/clock", json!({ "advance_seconds": 3600 })).await.ok();
    let second = bought(&server, "second@example.com").await.submitted(&server).await;
    let reviewer = server.visitor().logged_in_as("reviewer@example.com").await;
    reviewer.post(&format!("{}/claim", second.review_path()), json!({})).await.ok();

    let (one, other) = (vec![first.id.clone()], vec![second.id.clone()]);
    assert_eq!(queue(&reviewer, "status=in_review&older_than=3600").await, one);
    assert_eq!(queue(&reviewer, "unclaimed=true").await, one);
    assert_eq!(queue(&reviewer, "mine=true").await, other);
    assert_eq!(queue(&reviewer, "holder_type=person").await, [other, one].concat());
    assert!(queue(&reviewer, "holder_type=company").await.is_empty());
    for wrong in ["holder_type=nobody", "older_than=-1", "unclaimed=maybe"] {
        reviewer.get(&format!("/v1/back-office/activation-requests?{wrong}")).await.refused(422, "invalid_fields");
    }

    let waiting = figures(reviewer.clone()).await;
    assert_eq!((&waiting["waiting"], &waiting["unclaimed"], &waiting["decided"]), (&json!(2), &json!(1), &json!(0)));
    assert!(waiting["oldest_waiting_seconds"].as_i64().is_some_and(|seconds| (3600..3700).contains(&seconds)));
    for activation in [&first, &second] {
        activation.decide(&reviewer, "reject", json!(["holder_not_eligible"])).await.ok();
    }
    let decided = figures(reviewer.clone()).await;
    assert_eq!((&decided["waiting"], &decided["decided"]), (&json!(0), &json!(2)));
    assert!(decided["median_seconds"].as_i64().is_some_and(|seconds| seconds < 3600), "{decided}");
    assert!(decided["p90_seconds"].as_i64().is_some_and(|seconds| seconds >= 3600), "{decided}");
    server.visitor().post("/v1/sandbox/clock", json!({ "advance_seconds": 31 * 86_400 })).await.ok();
    let reviewer = server.visitor().logged_in_as("reviewer@example.com").await;
    assert_eq!(figures(reviewer).await, nothing, "thirty days later nothing of it counts");
}

async fn details(reviewer: &Caller, activation: &Activation) -> Value {
    reviewer.get(&activation.review_path()).await.ok()
}

fn finding_codes(details: &Value) -> Vec<String> {
    let findings = details["findings"].as_array().cloned().unwrap_or_default();
    findings.iter().map(|finding| text(finding, "/code")).collect()
}

async fn what_differs_lies_side_by_side(server: Rc<TestServer>) {
    let activation = bought(&server, "compared@example.com").await.submitted(&server).await;
    let reviewer = server.visitor().logged_in_as("reviewer@example.com").await;
    let seen = details(&reviewer, &activation).await;
    let compared = seen["comparison"].as_array().cloned().unwrap_or_default();
    let row = |field: &str| compared.iter().find(|row| row["field"] == field).cloned().unwrap_or_default();
    // The order was made out to Mario Rossi; the service is somebody else's.
    let code = row("codice_fiscale");
    assert_eq!(code["billing_profile"], "RSSMRA85T10A562S");
    assert_eq!((&code["holder"], &code["agrees"]), (&seen["holder"]["codice_fiscale"], &json!(false)));
    assert_eq!(row("address")["agrees"], true);
    assert_eq!(row("partita_iva"), Value::Null, "what nobody says is left out");
    assert!(!finding_codes(&seen).contains(&"holder_requested_elsewhere".to_owned()));

    activation.decide(&reviewer, "reject", json!(["holder_not_eligible"])).await.ok();
    let again = bought_by(&server, activation.caller.clone(), "compared@example.com").await.verified(&server).await;
    again.caller.put(&format!("{}/holder", again.path), seen["holder"].clone()).await.ok();
    let seen = details(&reviewer, &again).await;
    assert!(finding_codes(&seen).contains(&"holder_requested_elsewhere".to_owned()), "{seen:#}");
}

async fn under_four_eyes_two_reviewers_approve(server: Rc<TestServer>) {
    let activation = bought(&server, "four@example.com").await.submitted(&server).await;
    let reviewer = server.visitor().logged_in_as("reviewer@example.com").await;
    let administrator = server.visitor().logged_in_as("admin@example.com").await;
    reviewer.post(&format!("{}/claim", activation.review_path()), json!({})).await.ok();
    let first = activation.decide(&reviewer, "approve", json!([])).await.ok();
    assert_eq!((&first["status"], &first["reviewer_id"]), (&json!("in_review"), &Value::Null));
    activation.decide(&reviewer, "approve", json!([])).await.refused(409, "second_reviewer_needed");
    server.wait_for_jobs().await.expect("nothing is provisioned");
    assert_eq!(activation.view().await["status"], "in_review");
    let told = mails(&server, "four@example.com").await;
    assert!(!told.iter().any(|mail| text(mail, "/subject").contains("superata")), "{told:#?}");
    assert_eq!(activation.decide(&administrator, "approve", json!([])).await.ok()["status"], "approved");
    server.wait_for_jobs().await.expect("the service is provisioned");
    let seen = details(&reviewer, &activation).await;
    assert_eq!((&seen["status"], &seen["timeline_intact"]), (&json!("active"), &json!(true)));
    let endings: Vec<&Value> = seen["decisions"].as_array().into_iter().flatten().map(|it| &it["is_final"]).collect();
    assert_eq!(endings, [false, true]);
    let figures = reviewer.get("/v1/back-office/review-figures").await.ok();
    assert_eq!(figures["decided"], 1, "two approvals are one review");

    let refused = bought(&server, "one@example.com").await.submitted(&server).await;
    refused.decide(&reviewer, "approve", json!([])).await.ok();
    let rejected = refused.decide(&reviewer, "reject", json!(["document_not_genuine"])).await.ok();
    assert_eq!(rejected["status"], "rejected", "one is enough to refuse, and may think again");
}
