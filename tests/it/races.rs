//! What many callers do at once.

use std::rc::Rc;

use futures_util::future::join_all;
use serde_json::json;

use crate::support::actors::{customer, ready_cart};
use crate::support::expect::text;
use crate::support::server::TestServer;

crate::on_both_engines!(one_cart_becomes_one_order, the_last_use_of_a_coupon_is_taken_once);

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
    let caller = customer(&server, "last@example.com").await;
    let mut carts = Vec::new();
    for _ in 0..32 {
        let cart = ready_cart(&server, &caller).await;
        caller.put(&format!("/v1/carts/{cart}/coupon"), json!({ "code": "ULTIMO" })).await.ok();
        carts.push(cart);
    }
    let answers = join_all(carts.iter().map(|cart| caller.check_out(cart))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 1);
    for answer in answers.into_iter().filter(|answer| answer.status != 201) {
        answer.refused(409, "coupon_exhausted");
    }
    assert_eq!(administrator.get(&path).await.ok()["used"], 1);
    let orders = caller.get("/v1/orders").await.ok();
    assert_eq!(text(&orders, "/items/0/number").split('-').nth(1), Some("000001"));
}
