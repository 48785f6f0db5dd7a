//! What many callers do at once.

use std::rc::Rc;

use futures_util::future::join_all;
use negozio::shop::coupons::store::ledger::discrepancies;
use serde_json::{Value, json};

use crate::support::actors::{AT_ONCE, Caller, customer, ready_cart};
use crate::support::expect::{cents, items, text};
use crate::support::payments::{GROSS, kinds, order_by, send_transfer, transfer, transfer_as};
use crate::support::server::TestServer;

crate::on_both_engines!(
    one_cart_becomes_one_order,
    the_last_use_of_a_coupon_is_taken_once,
    the_last_use_of_a_code_is_taken_once,
    a_generated_code_is_used_once,
    the_last_use_of_a_fiscal_subject_is_taken_once,
    a_first_order_is_placed_once,
    one_payment_of_many_stays_open,
    an_order_is_given_up_or_confirmed_and_never_both,
    transfers_of_parts_add_up_and_confirm_once,
    one_transfer_said_by_many_counts_once,
);

/// How often a race of two ends is run.
const ROUNDS: usize = 6;

async fn one_cart_becomes_one_order(server: Rc<TestServer>) {
    let caller = customer(&server, "race@example.com").await;
    let cart = ready_cart(&server, &caller).await;
    caller.put(&format!("/v1/carts/{cart}/coupon"), json!({ "code": "BENVENUTO100" })).await.ok();
    let answers = join_all((0..AT_ONCE).map(|_| caller.check_out(&cart))).await;
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

/// Many checkouts at once with one coupon, from four accounts of the same fiscal subject: one is placed, all others
/// are refused alike.
async fn race(server: &TestServer, code: &str, refusal: &str) -> Value {
    let mut carts = Vec::new();
    for account in 0..4 {
        let caller = customer(server, &format!("racer{account}@example.com")).await;
        for _ in 0..AT_ONCE / 4 {
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

/// What an order's payments stand at.
fn statuses(order: &Value) -> Vec<String> {
    let payments = order["payments"].as_array().into_iter().flatten();
    payments.map(|payment| text(payment, "/status")).collect()
}

/// How often something happened to an order.
async fn times(caller: &Caller, order: &str, kind: &str) -> usize {
    kinds(caller, order).await.iter().filter(|happened| *happened == kind).count()
}

async fn one_payment_of_many_stays_open(server: Rc<TestServer>) {
    let caller = customer(&server, "payers@example.com").await;
    let id = text(&order_by(&server, &caller, "card").await, "/id");
    let path = format!("/v1/orders/{id}");
    let pay = |index: usize| {
        let (payer, path) = (caller.with("idempotency-key", &format!("payment-{index}")), format!("{path}/payments"));
        async move { payer.post(&path, json!({ "method": "card" })).await }
    };
    let answers = join_all((0..AT_ONCE).map(pay)).await;
    assert!(answers.iter().all(|answer| answer.status == 201), "each gives the one before it up");
    server.wait_for_jobs().await.expect("the pages that were given up are closed");
    let order = caller.get(&path).await.ok();
    let count = |status: &str| statuses(&order).iter().filter(|counted| *counted == status).count();
    assert_eq!((count("requires_action"), count("cancelled")), (1, AT_ONCE), "{order:#}");
    let payments = order["payments"].as_array().expect("payments");
    let open = payments.iter().find(|payment| payment["status"] == "requires_action").expect("one is open");
    let outcome = format!("/v1/sandbox/payments/{}/outcome", text(open, "/id"));
    let visitor = server.visitor();
    join_all((0..AT_ONCE).map(|_| visitor.post(&outcome, json!({ "outcome": "succeeded" })))).await;
    let order = caller.get(&path).await.ok();
    let received: i64 =
        payments.iter().enumerate().map(|(at, _)| cents(&order, &format!("/payments/{at}/received"))).sum();
    assert_eq!((&order["status"], received, cents(&order, "/excess")), (&json!("confirmed"), GROSS, 0), "{order:#}");
    assert_eq!(times(&caller, &id, "order_confirmed").await, 1);
    for (at, late) in join_all((0..4).map(|index| pay(AT_ONCE + index))).await.into_iter().enumerate() {
        let problem = late.refused(409, "order_state_forbids");
        assert_eq!(problem["order_status"], "confirmed", "{at}");
    }
}

async fn an_order_is_given_up_or_confirmed_and_never_both(server: Rc<TestServer>) {
    let caller = customer(&server, "undecided@example.com").await;
    let visitor = server.visitor();
    for round in 0..ROUNDS {
        let order = order_by(&server, &caller, "card").await;
        let (id, payment) = (text(&order, "/id"), text(&order, "/payments/0/id"));
        let calls = (0..AT_ONCE).map(|index| {
            // Every other round the money is ahead.
            let cancels = (index + round) % 2 == 0;
            let (caller, path, body) = if cancels {
                (caller.clone(), format!("/v1/orders/{id}/cancellation"), json!({}))
            } else {
                (visitor.clone(), format!("/v1/sandbox/payments/{payment}/outcome"), json!({ "outcome": "succeeded" }))
            };
            async move { (cancels, caller.post(&path, body).await) }
        });
        let answers = join_all(calls).await;
        let mut given_up = 0;
        for (cancels, answer) in answers {
            match (cancels, answer.status) {
                (true, 200) => given_up += 1,
                (true, _) => drop(answer.refused(409, "order_state_forbids")),
                (false, _) => drop(answer.ok()),
            }
        }
        let order = caller.get(&format!("/v1/orders/{id}")).await.ok();
        assert_eq!((statuses(&order), cents(&order, "/payments/0/received")), (vec!["succeeded".to_owned()], GROSS));
        let (cancelled, confirmed) =
            (times(&caller, &id, "order_cancelled").await, times(&caller, &id, "order_confirmed").await);
        let requests = order["activation_requests"].as_array().map(Vec::len);
        match order["status"].as_str() {
            Some("cancelled") => {
                assert_eq!((given_up, cancelled, confirmed, requests), (1, 1, 0, Some(0)), "{order:#}");
                assert_eq!((&order["review"], cents(&order, "/excess")), (&json!("excess"), GROSS), "{order:#}");
            }
            Some("confirmed") => {
                assert_eq!((given_up, cancelled, confirmed, requests), (0, 0, 1, Some(1)), "{order:#}");
                assert_eq!((&order["review"], cents(&order, "/excess")), (&Value::Null, 0), "{order:#}");
            }
            other => panic!("the order is {other:?}"),
        }
    }
}

async fn transfers_of_parts_add_up_and_confirm_once(server: Rc<TestServer>) {
    let caller = customer(&server, "parts@example.com").await;
    let id = text(&order_by(&server, &caller, "bank_transfer").await, "/id");
    let administrator = server.visitor().logged_in_as("admin@example.com").await;
    let others = AT_ONCE as i64 - 1;
    let part = GROSS / AT_ONCE as i64;
    let parts = (0..AT_ONCE).map(|index| if index == 0 { GROSS - others * part } else { part });
    let answers = join_all(parts.map(|cents| send_transfer(&administrator, &id, transfer(cents)))).await;
    let confirmed =
        answers.into_iter().filter(|answer| answer.clone().with_status(201).json()["status"] == "confirmed");
    assert_eq!(confirmed.count(), 1, "the last one alone confirms it");
    let order = administrator.get(&format!("/v1/back-office/orders/{id}")).await.ok();
    assert_eq!((&order["status"], &order["review"]), (&json!("confirmed"), &Value::Null));
    assert_eq!((cents(&order, "/payments/0/received"), cents(&order, "/excess")), (GROSS, 0));
    let recorded = items(&json!({ "items": order["bank_transfers"] }));
    assert_eq!(recorded.len(), AT_ONCE);
    assert_eq!(recorded.iter().map(|transfer| cents(transfer, "/amount")).sum::<i64>(), GROSS);
    assert_eq!(times(&caller, &id, "order_confirmed").await, 1);
    assert_eq!(times(&caller, &id, "payment_received").await, AT_ONCE);
}

async fn one_transfer_said_by_many_counts_once(server: Rc<TestServer>) {
    let caller = customer(&server, "once@example.com").await;
    let id = text(&order_by(&server, &caller, "bank_transfer").await, "/id");
    let administrator = server.visitor().logged_in_as("admin@example.com").await;
    let said = (0..AT_ONCE).map(|_| send_transfer(&administrator, &id, transfer_as("TRN 7", 1_000)));
    let (recorded, refused): (Vec<_>, Vec<_>) =
        join_all(said).await.into_iter().partition(|answer| answer.status == 201);
    assert_eq!(recorded.len(), 1);
    for answer in refused {
        answer.refused(409, "bank_transfer_already_recorded");
    }
    let order = administrator.get(&format!("/v1/back-office/orders/{id}")).await.ok();
    assert_eq!(
        (order["bank_transfers"].as_array().map(Vec::len), cents(&order, "/payments/0/received")),
        (Some(1), 1_000)
    );
    assert_eq!(times(&caller, &id, "payment_received").await, 1);
    let log = items(&administrator.get("/v1/back-office/audit-log").await.ok());
    assert_eq!(log.iter().filter(|entry| text(entry, "/action") == "bank_transfer_recorded").count(), 1);
}
