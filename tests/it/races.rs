//! What many callers do at once.

use std::rc::Rc;

use futures_util::future::join_all;
use negozio::shop::coupons::store::ledger::discrepancies;
use serde_json::{Value, json};

use crate::support::actors::{Caller, customer, ready_cart};
use crate::support::expect::text;
use crate::support::server::TestServer;

crate::on_both_engines!(
    one_cart_becomes_one_order,
    the_last_use_of_a_coupon_is_taken_once,
    the_last_use_of_a_code_is_taken_once,
    a_generated_code_is_used_once,
    the_last_use_of_a_fiscal_subject_is_taken_once,
    a_first_order_is_placed_once,
);

async fn one_cart_becomes_one_order(server: Rc<TestServer>) {
    let caller = customer(&server, "race@example.com").await;
    let cart = ready_cart(&server, &caller).await;
    caller.put(&format!("/v1/carts/{cart}/coupon"), json!({ "code": "BENVENUTO100" })).await.ok();
    let answers = join_all((0..16).map(|_| caller.check_out(&cart))).await;
    let placed = answers.iter().filter(|answer| answer.status == 201).count();
    assert_eq!(placed, 1);
    for answer in answers.into_iter().filter(|answer| answer.status != 201) {
        answer.refused(409, "cart_not_open");
    }
    let orders = caller.get("/v1/orders").await.ok();
    assert_eq!(orders["items"].as_array().map(Vec::len), Some(1));
}

async fn the_last_use_of_a_coupon_is_taken_once(server: Rc<TestServer>) {
    let administrator = server.visitor().logged_in_as("admin@example.com").await;
    let campaign = json!({ "name": "last", "kind": "free", "max_uses": 1 });
    let campaign = text(&administrator.post("/v1/back-office/coupon-campaigns", campaign).await.created(), "/id");
    let path = format!("/v1/back-office/coupon-campaigns/{campaign}");
    administrator.post(&format!("{path}/codes"), json!({ "code": "ULTIMO" })).await.created();
    let order = race(&server, "ULTIMO", "coupon_exhausted").await;
    assert_eq!(administrator.get(&path).await.ok()["used"], 1);
    // Those that came too late took no number.
    assert_eq!(text(&order, "/number").split('-').nth(1), Some("000001"));
}

/// Thirty-two checkouts at once with one coupon, from four accounts of the same fiscal subject: one is placed, all others
/// are refused alike.
async fn race(server: &TestServer, code: &str, refusal: &str) -> Value {
    let mut carts = Vec::new();
    for account in 0..4 {
        let caller = customer(server, &format!("racer{account}@example.com")).await;
        for _ in 0..8 {
            let cart = ready_cart(server, &caller).await;
            caller.put(&format!("/v1/carts/{cart}/coupon"), json!({ "code": code })).await.ok();
            carts.push((caller.clone(), cart));
        }
    }
    let answers = join_all(carts.iter().map(|(caller, cart)| caller.check_out(cart))).await;
    let (mut placed, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.status == 201);
    assert_eq!(placed.len(), 1);
    for answer in refused {
        let problem = answer.problem();
        let reason = if problem["reason"].is_null() { &problem["code"] } else { &problem["reason"] };
        assert_eq!((answer.status, reason), (409, &json!(refusal)), "{problem:#}");
    }
    let db = server.with_platform(|platform| platform.db.clone());
    let differing = db.read(|connection| Ok(discrepancies(connection)?)).await.expect("the ledger is read");
    assert_eq!(differing, Vec::<String>::new());
    placed.remove(0).created()
}

/// A campaign of what is free; answers its path.
async fn free_campaign(server: &TestServer, terms: Value) -> (Caller, String) {
    let administrator = server.visitor().logged_in_as("admin@example.com").await;
    let mut campaign = json!({ "name": "race", "kind": "free" });
    campaign.as_object_mut().expect("an object").extend(terms.as_object().cloned().expect("an object"));
    let campaign = text(&administrator.post("/v1/back-office/coupon-campaigns", campaign).await.created(), "/id");
    (administrator, format!("/v1/back-office/coupon-campaigns/{campaign}"))
}

async fn the_last_use_of_a_code_is_taken_once(server: Rc<TestServer>) {
    let (administrator, path) = free_campaign(&server, json!({})).await;
    let code = json!({ "code": "UNASOLAVOLTA", "max_uses": 1 });
    administrator.post(&format!("{path}/codes"), code).await.created();
    race(&server, "UNASOLAVOLTA", "coupon_exhausted").await;
    assert_eq!(administrator.get(&path).await.ok()["used"], 1);
}

async fn a_generated_code_is_used_once(server: Rc<TestServer>) {
    let (administrator, path) = free_campaign(&server, json!({})).await;
    let csv = administrator.post(&format!("{path}/codes"), json!({ "quantity": 1 })).await.with_status(201).text();
    let code = csv.trim_end().rsplit(',').next().expect("a code");
    race(&server, code, "coupon_exhausted").await;
    assert_eq!(administrator.get(&path).await.ok()["used"], 1);
}

async fn the_last_use_of_a_fiscal_subject_is_taken_once(server: Rc<TestServer>) {
    let (administrator, path) = free_campaign(&server, json!({ "max_uses_per_customer": 1 })).await;
    administrator.post(&format!("{path}/codes"), json!({ "code": "UNAATESTA" })).await.created();
    race(&server, "UNAATESTA", "coupon_limit_reached").await;
    assert_eq!(administrator.get(&path).await.ok()["used"], 1);
}

async fn a_first_order_is_placed_once(server: Rc<TestServer>) {
    let (administrator, path) = free_campaign(&server, json!({ "first_order_only": true })).await;
    administrator.post(&format!("{path}/codes"), json!({ "code": "BATTESIMO" })).await.created();
    race(&server, "BATTESIMO", "coupon_first_order_only").await;
    assert_eq!(administrator.get(&path).await.ok()["used"], 1);
}
