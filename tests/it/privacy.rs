//! What goes and what stays when personal data are erased.

use std::rc::Rc;

use negozio::activation::identity_documents::jobs::purge_overdue;
use serde_json::json;

use crate::support::activation::bought;
use crate::support::actors::{customer, ready_cart};
use crate::support::expect::text;
use crate::support::server::TestServer;

crate::on_both_engines!(
    an_export_holds_orders_and_requests,
    erasure_forgets_a_request_that_was_not_handed_in,
    what_is_under_way_forbids_the_erasure,
    pictures_are_erased_ninety_days_after_the_end,
);

/// The files that lie in the server's folder.
fn stored_files(server: &TestServer) -> usize {
    fn count(folder: &std::path::Path) -> usize {
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        entries.map(|entry| if entry.path().is_dir() { count(&entry.path()) } else { 1 }).sum()
    }
    server.with_platform(|platform| count(&platform.config.data_dir.join("files")))
}

async fn an_export_holds_orders_and_requests(server: Rc<TestServer>) {
    let activation = bought(&server, "export@example.com").await.agreed(&server).await;
    let export = activation.caller.get("/v1/account/export").await.ok();
    let sections = &export["sections"];
    assert_eq!(text(sections, "/orders/0/snapshot/customer/email"), "export@example.com");
    let request = &sections["activation_requests"][0];
    assert_eq!(text(request, "/identity_documents/0/number"), "YA1234567");
    assert_eq!(request["contracts"].as_array().map(Vec::len), Some(4));
    assert!(request["contracts"][3]["specific_approval"]["clause_ids"].is_array(), "{request:#}");
}

async fn erasure_forgets_a_request_that_was_not_handed_in(server: Rc<TestServer>) {
    let activation = bought(&server, "forget@example.com").await.agreed(&server).await;
    assert_eq!(stored_files(&server), 5, "a picture and four contracts");
    let response = activation.caller.send(reqwest::Method::DELETE, "/v1/account", None).await;
    assert_eq!(response.status, 204, "{}", response.text());
    server.wait_for_jobs().await.expect("the files are erased");
    assert_eq!(stored_files(&server), 0);
    let reviewer = server.visitor().logged_in_as("reviewer@example.com").await;
    let left = reviewer.get(&activation.review_path()).await.ok();
    assert_eq!(left["status"], "cancelled");
    assert!(left["holder"].is_null() && left["applicant"].is_null() && left["email"].is_null());
    assert_eq!(text(&left, "/identity_documents/0/status"), "purged");
    assert_eq!(text(&left, "/identity_documents/0/number"), "");
}

async fn what_is_under_way_forbids_the_erasure(server: Rc<TestServer>) {
    let activation = bought(&server, "underway@example.com").await.submitted(&server).await;
    let erase = |caller: crate::support::actors::Caller| async move {
        caller.send(reqwest::Method::DELETE, "/v1/account", None).await
    };
    erase(activation.caller.clone()).await.refused(409, "activation_under_way");
    assert_eq!(activation.view().await["status"], "in_review");
    let buyer = customer(&server, "unpaid@example.com").await;
    let cart = ready_cart(&server, &buyer).await;
    buyer.put(&format!("/v1/carts/{cart}/payment-method"), json!({ "method": "bank_transfer" })).await.ok();
    let order = buyer.check_out(&cart).await.created();
    erase(buyer.clone()).await.refused(409, "orders_open");
    buyer.post(&format!("/v1/orders/{}/cancellation", text(&order, "/id")), json!({})).await.ok();
    assert_eq!(erase(buyer).await.status, 204);
}

async fn pictures_are_erased_ninety_days_after_the_end(server: Rc<TestServer>) {
    let activation = bought(&server, "ninety@example.com").await.submitted(&server).await;
    let reviewer = server.visitor().logged_in_as("reviewer@example.com").await;
    activation.decide(&reviewer, "approve", json!([])).await.ok();
    server.wait_for_jobs().await.expect("the service is provisioned");
    let before = stored_files(&server);
    server.visitor().post("/v1/sandbox/clock", json!({ "advance_seconds": 91 * 86_400 })).await.ok();
    purge_overdue(server.shared_platform()).await.expect("the chore runs");
    server.wait_for_jobs().await.expect("the picture is erased");
    assert_eq!(stored_files(&server), before - 1, "the contracts stay");
    let reviewer = server.visitor().logged_in_as("reviewer@example.com").await;
    let left = reviewer.get(&activation.review_path()).await.ok();
    assert_eq!(
        (text(&left, "/identity_documents/0/status"), text(&left, "/status")),
        ("purged".into(), "active".into())
    );
}
