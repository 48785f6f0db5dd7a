//! Many at once: what may happen once happens once, on both engines.

use std::rc::Rc;

use futures_util::future::join_all;
use serde_json::json;

use crate::on_both_engines;
use crate::shop::campaign;
use crate::support::actors::{Cart, Customer};
use crate::support::expect::{Answer, items, text};
use crate::support::people::fresh_key;
use crate::support::server::TestServer;

on_both_engines!(
    one_cart_checked_out_by_sixteen_makes_one_order,
    one_key_sent_by_sixteen_gives_one_answer,
    the_last_use_of_a_coupon_goes_to_one_of_thirty_two,
    order_numbers_stay_contiguous_when_many_buy,
    one_refresh_token_used_by_eight_gives_one_session,
);

fn count(answers: &[Answer], status: u16) -> usize {
    answers.iter().filter(|answer| answer.status == status).count()
}

async fn one_cart_checked_out_by_sixteen_makes_one_order(server: Rc<TestServer>) {
    let customer = Customer::fresh(&server).await;
    let cart = customer.filled_cart("legalinvoice-multi", 1, Some("BENVENUTO100")).await;
    let answers = join_all((0..16).map(|_| customer.check_out(&cart))).await;
    assert_eq!(count(&answers, 201), 1, "{:?}", answers.iter().map(|answer| answer.status).collect::<Vec<_>>());
    for answer in answers.into_iter().filter(|answer| answer.status != 201) {
        answer.refused(409, "cart_not_open");
    }
    let orders = items(&customer.get("/v1/orders").await.ok());
    assert_eq!(orders.len(), 1);
    assert_eq!(orders[0]["activation_requests"].as_array().map(Vec::len), Some(1));
}

async fn one_key_sent_by_sixteen_gives_one_answer(server: Rc<TestServer>) {
    let customer = Customer::fresh(&server).await;
    let cart = customer.filled_cart("legalinvoice-pro", 1, None).await;
    customer.put(&cart.path("/payment-method"), &json!({ "method": "card" })).await.ok();
    let key = fresh_key();
    let answers = join_all((0..16).map(|_| customer.check_out_with(&cart, &key))).await;
    let mut bodies: Vec<_> = answers.iter().filter(|answer| answer.status == 201).map(Answer::text).collect();
    assert!(!bodies.is_empty());
    bodies.dedup();
    assert_eq!(bodies.len(), 1, "the same answer, byte for byte");
    for answer in answers.into_iter().filter(|answer| answer.status != 201) {
        answer.refused(409, "idempotency_in_progress");
    }
    let orders = items(&customer.get("/v1/orders").await.ok());
    assert_eq!(orders.len(), 1);
    assert_eq!(orders[0]["payments"].as_array().map(Vec::len), Some(1), "and one payment");
    let late = customer.check_out_with(&cart, &key).await.with_status(201);
    assert_eq!(late.text(), bodies[0]);
}

async fn the_last_use_of_a_coupon_goes_to_one_of_thirty_two(server: Rc<TestServer>) {
    let administrator = server.visitor().administrator().await;
    let campaign = campaign(&administrator, "ULTIMO", json!({ "max_uses": 3 })).await;
    let buyers: Vec<(Customer, Cart)> = join_all((0..32).map(|_| async {
        let customer = Customer::fresh(&server).await;
        let cart = customer.filled_cart("legalinvoice-start", 1, Some("ULTIMO")).await;
        (customer, cart)
    }))
    .await;
    // Two uses go first, so that the thirty that follow race for the last one.
    for (customer, cart) in &buyers[..2] {
        customer.check_out(cart).await.created();
    }
    let answers = join_all(buyers[2..].iter().chain(&buyers[..2]).map(|(customer, cart)| customer.check_out(cart))).await;
    assert_eq!(count(&answers[..30], 201), 1);
    for answer in answers.into_iter().take(30).filter(|answer| answer.status != 201) {
        answer.refused(409, "coupon_exhausted");
    }
    let path = format!("/v1/back-office/coupon-campaigns/{}", text(&campaign, "/id"));
    assert_eq!(administrator.get(&path).await.ok()["used"], 3);
    let orders = items(&administrator.get("/v1/back-office/orders?limit=100").await.ok());
    assert_eq!(orders.len(), 3, "who lost has no order");
}

async fn order_numbers_stay_contiguous_when_many_buy(server: Rc<TestServer>) {
    let orders = join_all((0..16).map(|_| async {
        let customer = Customer::fresh(&server).await;
        customer.buy_for_nothing("legalinvoice-pro").await
    }))
    .await;
    let mut numbers: Vec<u32> =
        orders.iter().map(|order| text(order, "/number").rsplit('-').next().unwrap_or_default().parse().expect("a number")).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=16).collect::<Vec<_>>());
}

async fn one_refresh_token_used_by_eight_gives_one_session(server: Rc<TestServer>) {
    let customer = Customer::fresh(&server).await;
    let body = json!({ "refresh_token": customer.refresh_token });
    let visitor = server.visitor();
    let answers = join_all((0..8).map(|_| visitor.post("/v1/sessions/refresh", &body))).await;
    assert!(count(&answers, 200) <= 1);
    for answer in answers.iter().filter(|answer| answer.status != 200) {
        assert_eq!(answer.problem()["status"], 401);
    }
}
