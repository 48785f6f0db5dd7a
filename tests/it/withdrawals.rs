//! The consumer's right of withdrawal, from the declaration to the receipt.

use std::rc::Rc;

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::review::provisioned_by;
use crate::support::activation::{Activation, bought, mails};
use crate::support::actors::{AT_ONCE, Caller, customer, plan_id, ready_cart};
use crate::support::expect::{cents, items, text};
use crate::support::peer::Peer;
use crate::support::server::TestServer;

crate::on_both_engines!(
    a_consumer_withdraws_before_the_service_is_active,
    a_withdrawal_switches_an_active_service_off,
    a_withdrawal_finds_and_ends_what_may_have_come_up,
    the_period_ends_after_fourteen_days,
    what_was_paid_comes_back,
    only_consumers_withdraw,
    one_withdrawal_of_many_counts,
);

/// The order that a request came from.
async fn order_of(activation: &Activation) -> String {
    format!("/v1/orders/{}", text(&activation.view().await, "/order_id"))
}

async fn kinds(caller: &Caller, path: &str) -> Vec<String> {
    let timeline = caller.get(&format!("{path}/timeline")).await.ok();
    items(&timeline).iter().map(|event| text(event, "/kind")).collect()
}

async fn a_consumer_withdraws_before_the_service_is_active(server: Rc<TestServer>) {
    let activation = bought(&server, "withdraws@example.com").await.submitted(&server).await;
    let order = order_of(&activation).await;
    let before = activation.caller.get(&order).await.ok();
    assert!(before["withdrawal_until"].is_string() && before["withdrawal"].is_null(), "{before:#}");
    let declaration =
        json!({ "name": "Mario Rossi", "contract": "il mio abbonamento", "confirmation_email": "Altra@Example.com" });
    let caller = activation.caller.with("idempotency-key", "withdrawal");
    let withdrawal = format!("{order}/withdrawal");
    let withdrawn = caller.post(&withdrawal, declaration.clone()).await.created();
    assert_eq!(withdrawn["status"], "withdrawn");
    assert_eq!(withdrawn["withdrawal"]["confirmation_email"], "altra@example.com");
    assert_eq!(caller.post(&withdrawal, declaration).await.created(), withdrawn);
    activation.caller.post(&withdrawal, json!({})).await.refused(409, "order_state_forbids");
    assert_eq!(activation.view().await["status"], "cancelled");
    assert!(kinds(&activation.caller, &order).await.contains(&"order_withdrawn".to_owned()));
    server.wait_for_jobs().await.expect("the receipt is sent");
    let receipts = mails(&server, "altra@example.com").await;
    let receipt = text(receipts.first().expect("a receipt"), "/text");
    assert!(receipt.contains("il mio abbonamento") && receipt.contains("Mario Rossi"), "{receipt}");
    // The use of the coupon was given back, and a person's next order may use it again.
    let again = bought(&server, "again@example.com").await;
    assert_eq!(again.view().await["status"], "awaiting_email");
}

async fn a_withdrawal_switches_an_active_service_off(server: Rc<TestServer>) {
    let activation = bought(&server, "off@example.com").await.submitted(&server).await;
    let reviewer = server.visitor().logged_in_as("reviewer@example.com").await;
    activation.decide(&reviewer, "approve", json!([])).await.ok();
    server.wait_for_jobs().await.expect("the service is provisioned");
    let access = format!("{}/service-access", activation.path);
    let page = text(&activation.caller.get(&access).await.ok(), "/access_url").replace(&server.url, "");
    server.visitor().get(&page).await.with_status(200);
    let order = order_of(&activation).await;
    activation.caller.post(&format!("{order}/withdrawal"), json!({})).await.created();
    server.wait_for_jobs().await.expect("the service is switched off");
    server.visitor().get(&page).await.refused(404, "not_found");
    activation.caller.get(&access).await.refused(409, "request_state_forbids");
    assert_eq!(activation.view().await["status"], "withdrawn");
    let details = reviewer.get(&activation.review_path()).await.ok();
    assert_eq!(details["timeline_intact"], true);
}

async fn a_withdrawal_finds_and_ends_what_may_have_come_up(server: Rc<TestServer>) {
    let service = json!({ "service_id": "svc-1", "access_url": "https://service.example.com/svc-1" });
    // The first answer is lost, and nobody knows whether the service came up.
    let peer = Peer::start([(502, Value::Null), (503, Value::Null), (201, service), (204, Value::Null)]);
    let server = provisioned_by(&server, &peer).await;
    let activation = bought(&server, "lost@example.com").await.submitted(&server).await;
    let reviewer = server.visitor().logged_in_as("reviewer@example.com").await;
    activation.decide(&reviewer, "approve", json!([])).await.ok();
    server.until(|| !peer.calls().is_empty()).await;
    server.until_no_job_runs().await;
    let order = order_of(&activation).await;
    activation.caller.post(&format!("{order}/withdrawal"), json!({})).await.created();
    server.until(|| peer.calls().len() >= 2).await;
    server.until_no_job_runs().await;
    server.visitor().post("/v1/sandbox/clock", json!({ "advance_seconds": 60 })).await.ok();
    server.wait_for_jobs().await.expect("the service is found and switched off");
    assert_eq!(activation.view().await["status"], "cancelled");
    let calls = peer.calls();
    let asked: Vec<String> = calls.iter().map(|call| format!("{} {}", call.method, call.path)).collect();
    assert_eq!(asked, ["POST /services", "POST /services", "POST /services", "DELETE /services/svc-1"]);
    assert!(calls[..3].iter().all(|call| call.idempotency_key == activation.id && call.body == calls[0].body));
    server.stop().await;
    peer.stop().await;
}

async fn the_period_ends_after_fourteen_days(server: Rc<TestServer>) {
    let activation = bought(&server, "late@example.com").await;
    let order = order_of(&activation).await;
    // Twenty days: fourteen, and whatever holidays stand at their end.
    server.visitor().post("/v1/sandbox/clock", json!({ "advance_seconds": 20 * 24 * 3600 })).await.ok();
    let login = json!({ "email": "late@example.com", "password": "una frase che ricordo" });
    let session = server.visitor().post("/v1/sessions", login).await.created();
    let caller = server.visitor().with("authorization", &format!("Bearer {}", text(&session, "/access_token")));
    let problem = caller.post(&format!("{order}/withdrawal"), json!({})).await.refused(409, "withdrawal_period_over");
    assert!(problem["withdrawal_until"].is_string());
    assert_eq!(caller.get(&order).await.ok()["status"], "confirmed");
}

async fn what_was_paid_comes_back(server: Rc<TestServer>) {
    let caller = customer(&server, "paid@example.com").await;
    let cart = ready_cart(&server, &caller).await;
    caller.put(&format!("/v1/carts/{cart}/payment-method"), json!({ "method": "card" })).await.ok();
    let placed = caller.check_out(&cart).await.created();
    let order = format!("/v1/orders/{}", text(&placed, "/id"));
    caller.post(&format!("{order}/withdrawal"), json!({})).await.refused(409, "order_state_forbids");
    let outcome = format!("/v1/sandbox/payments/{}/outcome", text(&placed, "/payments/0/id"));
    server.visitor().post(&outcome, json!({ "outcome": "succeeded" })).await.ok();
    let withdrawn = caller.post(&format!("{order}/withdrawal"), json!({})).await.created();
    let due = cents(&withdrawn, "/totals/due");
    assert_eq!(
        (cents(&withdrawn, "/refunds/0/amount"), &withdrawn["refunds"][0]["reason"]),
        (due, &json!("withdrawal"))
    );
    server.wait_for_jobs().await.expect("the money goes back");
    let refunded = caller.get(&order).await.ok();
    assert_eq!((&refunded["status"], &refunded["refunds"][0]["status"]), (&json!("refunded"), &json!("succeeded")));
}

/// A cart of the customer's with one plan, for a profile of theirs.
async fn free_order(server: &TestServer, caller: &Caller, profile: Value) -> String {
    let plan = plan_id(server, "legalinvoice-pro").await;
    let wanted = json!({ "items": [{ "plan_id": plan, "quantity": 1 }] });
    let cart = caller.post("/v1/carts", wanted).await.created();
    let path = format!("/v1/carts/{}", text(&cart, "/id"));
    caller.with("x-cart-token", &text(&cart, "/token")).post(&format!("{path}/claim"), json!({})).await.ok();
    let profile = text(&caller.post("/v1/billing-profiles", profile).await.created(), "/id");
    caller.put(&format!("{path}/billing-profile"), json!({ "billing_profile_id": profile })).await.ok();
    caller.put(&format!("{path}/coupon"), json!({ "code": "BENVENUTO100" })).await.ok();
    text(&caller.check_out(path.trim_start_matches("/v1/carts/")).await.created(), "/id")
}

async fn only_consumers_withdraw(server: Rc<TestServer>) {
    let caller = customer(&server, "company@example.com").await;
    let company = json!({
        "kind": "company", "business_name": "Rossi S.r.l.", "partita_iva": "12485671007", "codice_destinatario": "ABCDEFG",
        "address": { "street": "Via Roma 1", "postal_code": "20121", "municipality": "Milano", "province": "MI" },
    });
    let order = format!("/v1/orders/{}", free_order(&server, &caller, company).await);
    assert!(caller.get(&order).await.ok()["withdrawal_until"].is_null());
    let withdrawal = format!("{order}/withdrawal");
    caller.post(&withdrawal, json!({})).await.refused(409, "withdrawal_for_consumers");
    caller.post(&withdrawal, json!({ "confirmation_email": "no" })).await.refused(422, "invalid_fields");
    caller
        .post(&withdrawal, json!({ "confirmation_email": "not an address" }))
        .await
        .refused_field("/confirmation_email", "email");
    let stranger = customer(&server, "stranger@example.com").await;
    stranger.post(&withdrawal, json!({})).await.refused(404, "not_found");

    let abroad = json!({
        "kind": "foreign", "first_name": "Jean", "last_name": "Dupont",
        "address": { "street": "Rue 1", "postal_code": "75001", "municipality": "Paris", "country": "FR" },
    });
    let order = format!("/v1/orders/{}", free_order(&server, &stranger, abroad).await);
    assert!(stranger.get(&order).await.ok()["withdrawal_until"].is_string());
    stranger.post(&format!("{order}/withdrawal"), json!({})).await.created();
}

async fn one_withdrawal_of_many_counts(server: Rc<TestServer>) {
    let activation = bought(&server, "many@example.com").await;
    let withdrawal = format!("{}/withdrawal", order_of(&activation).await);
    let answers = join_all((0..AT_ONCE).map(|_| activation.caller.post(&withdrawal, json!({})))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 1);
    for answer in answers.into_iter().filter(|answer| answer.status != 201) {
        answer.refused(409, "order_state_forbids");
    }
}
