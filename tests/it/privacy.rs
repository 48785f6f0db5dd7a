//! What goes and what stays when personal data are erased.

use std::rc::Rc;

use negozio::activation::identity_documents::jobs::purge_overdue;
use serde_json::json;

use crate::support::activation::bought;
use crate::support::actors::{customer, plan_id, ready_cart};
use crate::support::expect::text;
use crate::support::payments::{GROSS, order_by, record_transfer};
use crate::support::server::TestServer;

crate::on_both_engines!(
    an_export_holds_orders_and_requests,
    an_export_holds_money_withdrawals_invoices_and_carts,
    an_erased_account_leaves_no_cart,
    a_checkout_and_an_erasure_at_once_leave_no_order_without_an_account,
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

async fn an_export_holds_money_withdrawals_invoices_and_carts(server: Rc<TestServer>) {
    let administrator = server.visitor().logged_in_as("admin@example.com").await;
    let caller = customer(&server, "export-all@example.com").await;
    let order = order_by(&server, &caller, "bank_transfer").await;
    record_transfer(&administrator, &text(&order, "/id"), GROSS).await;
    let withdrawal = json!({ "name": "Mario Rossi", "contract": "il mio abbonamento" });
    let withdrawn = caller.post(&format!("/v1/orders/{}/withdrawal", text(&order, "/id")), withdrawal).await.created();
    let settlement = format!(
        "/v1/back-office/orders/{}/refunds/{}/settlement",
        text(&order, "/id"),
        text(&withdrawn, "/refunds/0/id")
    );
    let settled = json!({ "outcome": "succeeded", "reference": "TRN-BACK" });
    administrator.with("idempotency-key", "settled").post(&settlement, settled).await.ok();
    server.wait_for_jobs().await.expect("the documents are issued");
    let cart = ready_cart(&server, &caller).await;
    caller.put(&format!("/v1/carts/{cart}/coupon"), json!({ "code": "SCONTO20" })).await.ok();

    let sections = caller.get("/v1/account/export").await.ok()["sections"].clone();
    let exported = &sections["orders"][0];
    assert_eq!((&exported["status"], &exported["due_cents"]), (&json!("refunded"), &json!(GROSS)), "{exported:#}");
    let payment = &exported["payments"][0];
    assert_eq!((&payment["received_cents"], &payment["refunded_cents"]), (&json!(GROSS), &json!(GROSS)));
    assert!(text(exported, "/bank_transfers/0/reference").starts_with("TRN "), "{exported:#}");
    let refund = &exported["refunds"][0];
    assert_eq!((&refund["amount_cents"], text(refund, "/provider_reference")), (&json!(GROSS), "TRN-BACK".to_owned()));
    assert_eq!(text(exported, "/withdrawal/contract"), "il mio abbonamento");
    assert_eq!(text(exported, "/withdrawal/confirmation_email"), "export-all@example.com");
    let documents = exported["invoices"].as_array().expect("documents");
    let kinds: Vec<String> = documents.iter().map(|document| text(document, "/kind")).collect();
    assert_eq!(kinds, ["invoice", "credit_note"]);
    for document in documents {
        let (number, xml) = (text(document, "/number"), text(document, "/xml"));
        assert!(xml.contains(&format!("<Numero>{number}</Numero>")), "{number} {xml}");
        assert_eq!(document["total_cents"], GROSS);
        assert!(document["issued_on"].is_string(), "{document:#}");
    }
    let open = sections["carts"].as_array().expect("carts").iter().find(|found| found["id"] == cart.as_str());
    let open = open.expect("the open cart");
    assert_eq!((text(open, "/status"), text(open, "/coupon")), ("open".to_owned(), "SCONTO20".to_owned()));
    assert_eq!((&open["items"][0]["quantity"], &open["items"][0]["unit_net_cents"]), (&json!(1), &json!(5_900)));
    assert!(open["billing_profile_id"].is_string(), "{open:#}");
}

async fn an_erased_account_leaves_no_cart(server: Rc<TestServer>) {
    let caller = customer(&server, "no-cart@example.com").await;
    let plan = plan_id(&server, "legalinvoice-pro").await;
    let mut carts = Vec::new();
    for merge in [false, true, true] {
        let opened = json!({ "items": [{ "plan_id": plan, "quantity": 1 }] });
        let cart = server.visitor().post("/v1/carts", opened).await.created();
        let holder = caller.with("x-cart-token", &text(&cart, "/token"));
        let path = format!("/v1/carts/{}", text(&cart, "/id"));
        holder.post(&format!("{path}/claim"), json!({ "merge": merge })).await.ok();
        carts.push((path, text(&cart, "/token")));
    }
    assert_eq!(caller.get(&carts[0].0).await.ok()["status"], "merged");
    assert_eq!(caller.get(&carts[2].0).await.ok()["status"], "open");
    // Another's cart stays.
    let other = customer(&server, "keeps-cart@example.com").await;
    let kept = ready_cart(&server, &other).await;
    assert_eq!(caller.send(reqwest::Method::DELETE, "/v1/account", None).await.status, 204);
    for (path, token) in &carts {
        let holder = server.visitor().with("x-cart-token", token);
        holder.get(path).await.refused(404, "not_found");
        let claimant = other.with("x-cart-token", token);
        claimant.post(&format!("{path}/claim"), json!({})).await.refused(404, "not_found");
        let keyed = claimant.with("idempotency-key", "erased");
        keyed.post(&format!("{path}/checkout"), json!({})).await.refused(404, "not_found");
    }
    assert_eq!(other.get(&format!("/v1/carts/{kept}")).await.ok()["status"], "open");
}

/// Whichever comes first, the other is refused.
async fn a_checkout_and_an_erasure_at_once_leave_no_order_without_an_account(server: Rc<TestServer>) {
    for round in 0..8 {
        let caller = customer(&server, &format!("at-once-{round}@example.com")).await;
        let cart = ready_cart(&server, &caller).await;
        caller.put(&format!("/v1/carts/{cart}/payment-method"), json!({ "method": "bank_transfer" })).await.ok();
        let (ordered, erased) =
            futures_util::join!(caller.check_out(&cart), caller.send(reqwest::Method::DELETE, "/v1/account", None));
        match (ordered.status, erased.status) {
            (201, 409) => assert_eq!(erased.refused(409, "orders_open")["code"], "orders_open"),
            (401 | 404, 204) => {}
            both => panic!("{both:?}: {} {}", ordered.text(), erased.text()),
        }
    }
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
