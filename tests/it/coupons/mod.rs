//! Coupons: conditions, holding, the back office, codes generated in bulk, and the ledger.

mod back_office;
mod batches;
mod conditions;
mod ledger;

use serde_json::{Value, json};

use crate::support::actors::{Caller, plan_id};
use crate::support::expect::{cents, text};
use crate::support::server::TestServer;
use crate::support::suite::Suite;

/// Puts these modules' tests on the list.
pub fn register(suite: &mut Suite) {
    conditions::register(suite);
    back_office::register(suite);
    batches::register(suite);
    ledger::register(suite);
}

const CAMPAIGNS: &str = "/v1/back-office/coupon-campaigns";

async fn administrator(server: &TestServer) -> Caller {
    server.visitor().logged_in_as("admin@example.com").await
}

/// Starts a campaign, everything for free where `terms` say nothing else; answers its path.
async fn campaign(administrator: &Caller, terms: Value) -> String {
    let mut whole = json!({ "name": "Prova", "kind": "free" });
    merge(&mut whole, terms);
    format!("{CAMPAIGNS}/{}", text(&administrator.post(CAMPAIGNS, whole).await.created(), "/id"))
}

fn merge(whole: &mut Value, part: Value) {
    let members = part.as_object().expect("an object").clone();
    whole.as_object_mut().expect("an object").extend(members);
}

/// Adds a code to a campaign; answers its identifier.
async fn add_code(administrator: &Caller, campaign: &str, code: &str) -> String {
    text(&administrator.post(&format!("{campaign}/codes"), json!({ "code": code })).await.created(), "/id")
}

/// A visitor's cart with so many of a plan; the caller who holds it, and its path.
async fn loose_cart(server: &TestServer, slug: &str, quantity: i64) -> (Caller, String) {
    let items = json!({ "items": [{ "plan_id": plan_id(server, slug).await, "quantity": quantity }] });
    let cart = server.visitor().post("/v1/carts", items).await.created();
    let holder = server.visitor().with("x-cart-token", &text(&cart, "/token"));
    (holder, format!("/v1/carts/{}", text(&cart, "/id")))
}

/// A code as it is put on a cart.
fn coupon(code: &str) -> Value {
    json!({ "code": code })
}

/// Pays what an order awaits by card.
async fn pay(server: &TestServer, order: &Value) {
    let outcome = format!("/v1/sandbox/payments/{}/outcome", text(order, "/payments/0/id"));
    server.visitor().post(&outcome, json!({ "outcome": "succeeded" })).await.ok();
}

/// How many uses of a campaign count.
async fn used(administrator: &Caller, campaign: &str) -> i64 {
    administrator.get(campaign).await.ok()["used"].as_i64().expect("a number")
}

/// What is due of a cart or an order.
fn due(value: &Value) -> i64 {
    cents(value, "/totals/due")
}
