//! Orders that are paid, and how their money stands.

use std::time::{Duration, Instant};

use negozio::platform::ids::fresh_uuid;
use serde_json::{Value, json};

use super::actors::{Caller, ready_cart};
use super::expect::{Answer, items, text};
use super::server::TestServer;

/// What the cart of [`ready_cart`] comes to, cents.
pub const GROSS: i64 = 7_198;
/// How long word of money may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// Buys, to be paid that way.
pub async fn order_by(server: &TestServer, caller: &Caller, method: &str) -> Value {
    let cart = ready_cart(server, caller).await;
    caller.put(&format!("/v1/carts/{cart}/payment-method"), json!({ "method": method })).await.ok();
    caller.check_out(&cart).await.created()
}

/// Buys and pays by card at the sandbox's provider; answers the order's identifier.
pub async fn paid_by_card(server: &TestServer, caller: &Caller) -> String {
    let order = order_by(server, caller, "card").await;
    let outcome = format!("/v1/sandbox/payments/{}/outcome", text(&order, "/payments/0/id"));
    server.visitor().post(&outcome, json!({ "outcome": "succeeded" })).await.ok();
    text(&order, "/id")
}

/// What the back office says of a bank transfer, under a reference of its own.
pub fn transfer(cents: i64) -> Value {
    transfer_as(&format!("TRN {}", fresh_uuid().simple()), cents)
}

/// The same, under this reference.
pub fn transfer_as(reference: &str, cents: i64) -> Value {
    json!({ "amount": { "amount": cents, "currency": "EUR" }, "reference": reference, "received_on": "2026-11-24" })
}

/// Says that a bank transfer came, with a fresh key.
pub async fn send_transfer(administrator: &Caller, order: &str, transfer: Value) -> Answer {
    let path = format!("/v1/back-office/orders/{order}/bank-transfers");
    administrator.with("idempotency-key", &fresh_uuid().to_string()).post(&path, transfer).await
}

/// Records a bank transfer; answers the order.
pub async fn record_transfer(administrator: &Caller, order: &str, cents: i64) -> Value {
    send_transfer(administrator, order, transfer(cents)).await.created()
}

/// Waits until an order is as it should be.
pub async fn wait_for_order(caller: &Caller, order: &str, is_so: impl Fn(&Value) -> bool) -> Value {
    let started = Instant::now();
    loop {
        let shown = caller.get(&format!("/v1/orders/{order}")).await.ok();
        if is_so(&shown) {
            return shown;
        }
        assert!(started.elapsed() < PATIENCE, "it did not happen within {PATIENCE:?}: {shown:#}");
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
}

/// What happened to an order.
pub async fn kinds(caller: &Caller, order: &str) -> Vec<String> {
    let timeline = caller.get(&format!("/v1/orders/{order}/timeline")).await.ok();
    items(&timeline).iter().map(|event| text(event, "/kind")).collect()
}
