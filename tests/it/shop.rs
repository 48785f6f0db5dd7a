//! From the cart to the confirmed order.

use std::rc::Rc;

use serde_json::json;

use crate::support::actors::{customer, ready_cart};
use crate::support::expect::{cents, items, text, texts};
use crate::support::payments::{kinds, order_by, record_transfer, send_transfer, transfer, transfer_as};
use crate::support::server::TestServer;

crate::on_both_engines!(
    a_free_purchase_is_confirmed_at_once,
    a_card_purchase_is_confirmed_by_a_signed_notification,
    a_bank_transfer_confirms_when_all_has_come,
    the_back_office_sees_which_transfers_came_and_each_counts_once,
    part_of_the_money_for_a_cancelled_order_is_to_review,
    an_unpaid_order_expires_and_gives_its_coupon_back,
    checkout_says_what_is_missing,
    a_retry_gives_the_same_bytes,
    a_cart_is_its_holders_alone,
    the_back_office_finds_and_exports_orders,
    paying_again_does_not_put_the_deadline_off_for_good,
    a_page_closes_when_the_money_comes_another_way,
);

async fn a_free_purchase_is_confirmed_at_once(server: Rc<TestServer>) {
    let caller = customer(&server, "free@example.com").await;
    let cart = ready_cart(&server, &caller).await;
    let priced = caller.put(&format!("/v1/carts/{cart}/coupon"), json!({ "code": "benvenuto-100" })).await.ok();
    assert_eq!(cents(&priced, "/totals/due"), 0);
    assert_eq!(texts(&priced["missing"]), Vec::<String>::new());
    let order = caller.check_out(&cart).await.created();
    assert_eq!(order["status"], "confirmed");
    assert_eq!(order["payments"], json!([]));
    caller.check_out(&cart).await.refused(409, "cart_not_open");
    server.wait_for_jobs().await.expect("the mails are sent");
    let mails = server.visitor().get("/v1/sandbox/mailbox?to=free@example.com").await.ok();
    // The verification mail may arrive before or after it.
    let number = text(&order, "/number");
    assert!(items(&mails).iter().any(|mail| text(mail, "/subject").contains(&number)));
}

async fn a_card_purchase_is_confirmed_by_a_signed_notification(server: Rc<TestServer>) {
    let caller = customer(&server, "card@example.com").await;
    let cart = ready_cart(&server, &caller).await;
    caller.put(&format!("/v1/carts/{cart}/payment-method"), json!({ "method": "card" })).await.ok();
    let order = caller.check_out(&cart).await.created();
    let (id, payment) = (text(&order, "/id"), text(&order, "/payments/0/id"));
    assert_eq!(order["payments"][0]["status"], "requires_action");
    let outcome = format!("/v1/sandbox/payments/{payment}/outcome");
    server.visitor().post(&outcome, json!({ "outcome": "failed" })).await.ok();
    assert_eq!(caller.get(&format!("/v1/orders/{id}")).await.ok()["status"], "pending_payment");
    server.visitor().post(&outcome, json!({ "outcome": "succeeded" })).await.ok();
    server.visitor().post(&outcome, json!({ "outcome": "succeeded" })).await.ok();
    server.visitor().post(&outcome, json!({ "outcome": "failed" })).await.ok();
    let order = caller.get(&format!("/v1/orders/{id}")).await.ok();
    assert_eq!((&order["status"], &order["payments"][0]["status"]), (&json!("confirmed"), &json!("succeeded")));
    assert_eq!(cents(&order, "/payments/0/received"), 7_198);
    let forged = json!({ "reference": payment, "outcome": "succeeded" });
    server.visitor().post("/v1/payment-notifications/sandbox", forged).await.refused(401, "signature_invalid");
}

async fn a_bank_transfer_confirms_when_all_has_come(server: Rc<TestServer>) {
    let caller = customer(&server, "bank@example.com").await;
    let cart = ready_cart(&server, &caller).await;
    caller.put(&format!("/v1/carts/{cart}/payment-method"), json!({ "method": "bank_transfer" })).await.ok();
    let id = text(&caller.check_out(&cart).await.created(), "/id");
    let administrator = server.visitor().logged_in_as("admin@example.com").await;
    let path = format!("/v1/back-office/orders/{id}/bank-transfers");
    let first = transfer(7_000);
    caller.with("idempotency-key", "t0").post(&path, transfer(7_198)).await.refused(403, "forbidden");
    administrator.post(&path, transfer(7_198)).await.refused(400, "idempotency_key_required");
    let part = administrator.with("idempotency-key", "t1").post(&path, first.clone()).await.created();
    assert_eq!(
        (&part["status"], &part["payments"][0]["status"]),
        (&json!("pending_payment"), &json!("partially_received"))
    );
    administrator.with("idempotency-key", "t1").post(&path, first).await.created();
    let whole = administrator.with("idempotency-key", "t2").post(&path, transfer(198)).await.created();
    assert_eq!((&whole["status"], cents(&whole, "/payments/0/received")), (&json!("confirmed"), 7_198));
    let more = administrator.with("idempotency-key", "t3").post(&path, transfer(100)).await.created();
    assert_eq!(cents(&more, "/payments/0/received"), 7_298);
    assert!(kinds(&caller, &id).await.contains(&"payment_to_review".to_owned()));
}

async fn the_back_office_sees_which_transfers_came_and_each_counts_once(server: Rc<TestServer>) {
    let caller = customer(&server, "transfers@example.com").await;
    let id = text(&order_by(&server, &caller, "bank_transfer").await, "/id");
    let administrator = server.visitor().logged_in_as("admin@example.com").await;
    let path = format!("/v1/back-office/orders/{id}");
    assert_eq!(administrator.get(&path).await.ok()["bank_transfers"], json!([]));
    let day = "2026-11-20";
    let mut first = transfer_as(" TRN 1 ", 7_000);
    first["received_on"] = json!(day);
    let recorded = send_transfer(&administrator, &id, first).await.created();
    // Whoever records it again, with another sum or day, or after it was recorded that more came, is told.
    for again in [transfer_as("TRN 1", 7_000), transfer_as("TRN 1", 198)] {
        send_transfer(&administrator, &id, again).await.refused(409, "bank_transfer_already_recorded");
    }
    assert_eq!(administrator.get(&path).await.ok(), recorded);
    send_transfer(&administrator, &id, transfer_as("TRN 2", 198)).await.created();
    send_transfer(&administrator, &id, transfer_as("TRN 2", 198)).await.refused(409, "bank_transfer_already_recorded");
    let mut tomorrow = transfer_as("TRN 3", 1);
    tomorrow["received_on"] = json!("2999-12-31");
    send_transfer(&administrator, &id, tomorrow).await.refused_field("/received_on", "in_future");
    send_transfer(&administrator, &id, transfer_as("  ", 1)).await.refused_field("/reference", "length");
    // The same reference for another order is another transfer: one may pay two orders.
    let other = text(&order_by(&server, &caller, "bank_transfer").await, "/id");
    send_transfer(&administrator, &other, transfer_as("TRN 1", 1)).await.created();

    let order = administrator.get(&path).await.ok();
    assert_eq!((&order["status"], cents(&order, "/payments/0/received")), (&json!("confirmed"), 7_198));
    let seen = |at: usize| {
        let transfer = &order["bank_transfers"][at];
        (text(transfer, "/reference"), cents(transfer, "/amount"), text(transfer, "/received_on"))
    };
    assert_eq!(order["bank_transfers"].as_array().map(Vec::len), Some(2), "{order:#}");
    assert_eq!(seen(0), ("TRN 1".to_owned(), 7_000, day.to_owned()));
    assert_eq!(seen(1), ("TRN 2".to_owned(), 198, "2026-11-24".to_owned()));
    let first = &order["bank_transfers"][0];
    assert!(text(first, "/id").starts_with("btr_") && first["recorded_at"].is_string(), "{first:#}");
    assert_eq!(first["recorded_by"], administrator.get("/v1/account").await.ok()["id"]);
    assert!(caller.get(&format!("/v1/orders/{id}")).await.ok().get("bank_transfers").is_none());

    let log = items(&administrator.get("/v1/back-office/audit-log").await.ok());
    let entry = log.iter().rfind(|entry| text(entry, "/action") == "bank_transfer_recorded").expect("an entry");
    assert_eq!(entry["details"], json!({ "amount": 7_000, "reference": "TRN 1", "received_on": day }));
}

async fn part_of_the_money_for_a_cancelled_order_is_to_review(server: Rc<TestServer>) {
    let caller = customer(&server, "part@example.com").await;
    let cart = ready_cart(&server, &caller).await;
    caller.put(&format!("/v1/carts/{cart}/payment-method"), json!({ "method": "bank_transfer" })).await.ok();
    let id = text(&caller.check_out(&cart).await.created(), "/id");
    caller.post(&format!("/v1/orders/{id}/cancellation"), json!({})).await.ok();
    let administrator = server.visitor().logged_in_as("admin@example.com").await;
    let order = record_transfer(&administrator, &id, 100).await;
    assert_eq!((&order["status"], cents(&order, "/payments/0/received")), (&json!("cancelled"), 100));
    assert!(kinds(&caller, &id).await.contains(&"payment_to_review".to_owned()));
}

async fn an_unpaid_order_expires_and_gives_its_coupon_back(server: Rc<TestServer>) {
    let administrator = server.visitor().logged_in_as("admin@example.com").await;
    let campaign = json!({ "name": "one", "kind": "percentage", "percent_basis_points": 1000, "max_uses": 1 });
    let campaign = text(&administrator.post("/v1/back-office/coupon-campaigns", campaign).await.created(), "/id");
    let path = format!("/v1/back-office/coupon-campaigns/{campaign}");
    administrator.post(&format!("{path}/codes"), json!({ "code": "SOLOUNO" })).await.created();
    let caller = customer(&server, "late@example.com").await;
    let cart = ready_cart(&server, &caller).await;
    caller.put(&format!("/v1/carts/{cart}/coupon"), json!({ "code": "SOLOUNO" })).await.ok();
    caller.put(&format!("/v1/carts/{cart}/payment-method"), json!({ "method": "card" })).await.ok();
    let order = text(&caller.check_out(&cart).await.created(), "/id");
    assert_eq!(administrator.get(&path).await.ok()["used"], 1);
    server.visitor().post("/v1/sandbox/clock", json!({ "advance_seconds": 90_000 })).await.ok();
    for _ in 0..100 {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        let administrator = server.visitor().logged_in_as("admin@example.com").await;
        if administrator.get(&path).await.ok()["used"] == 0 {
            let order = administrator.get(&format!("/v1/back-office/orders/{order}")).await.ok();
            assert_eq!((&order["status"], &order["payments"][0]["status"]), (&json!("expired"), &json!("expired")));
            return;
        }
    }
    panic!("the order never expired");
}

async fn checkout_says_what_is_missing(server: Rc<TestServer>) {
    let caller = customer(&server, "missing@example.com").await;
    let cart = ready_cart(&server, &caller).await;
    let problem = caller.check_out(&cart).await.refused(409, "cart_incomplete");
    assert_eq!(texts(&problem["missing"]), ["payment_method"]);
    let path = format!("/v1/carts/{cart}/checkout");
    caller.post(&path, json!({})).await.refused(400, "idempotency_key_required");
    caller.put(&format!("/v1/carts/{cart}/coupon"), json!({ "code": "BENVENUTO100" })).await.ok();
    let other = json!({ "expected_total": { "amount": 1, "currency": "EUR" } });
    let problem = caller.with("idempotency-key", "e").post(&path, other).await.refused(409, "total_changed");
    assert_eq!(cents(&problem, "/totals/gross"), 0);
    caller
        .put(&format!("/v1/carts/{cart}/coupon"), json!({ "code": "NESSUNO" }))
        .await
        .refused(422, "coupon_not_valid");
}

async fn a_retry_gives_the_same_bytes(server: Rc<TestServer>) {
    let caller = customer(&server, "retry@example.com").await;
    let cart = ready_cart(&server, &caller).await;
    caller.put(&format!("/v1/carts/{cart}/coupon"), json!({ "code": "BENVENUTO100" })).await.ok();
    let path = format!("/v1/carts/{cart}/checkout");
    customer(&server, "stranger@example.com").await.check_out(&cart).await.refused(404, "not_found");
    let keyed = caller.with("idempotency-key", "one");
    let first = keyed.post(&path, json!({})).await.with_status(201);
    let again = keyed.post(&path, json!({})).await.with_status(201);
    assert_eq!((first.header("location"), &first.body), (again.header("location"), &again.body));
    let other = json!({ "expected_total": { "amount": 0, "currency": "EUR" } });
    keyed.post(&path, other).await.refused(422, "idempotency_key_reused");
}

async fn a_cart_is_its_holders_alone(server: Rc<TestServer>) {
    let cart = server.visitor().post("/v1/carts", json!({})).await.created();
    let path = format!("/v1/carts/{}", text(&cart, "/id"));
    server.visitor().get(&path).await.refused(401, "unauthenticated");
    server.visitor().with("x-cart-token", "guess").get(&path).await.refused(404, "not_found");
    let holder = server.visitor().with("x-cart-token", &text(&cart, "/token"));
    assert_eq!(texts(&holder.get(&path).await.ok()["missing"]), ["items", "account", "billing_profile"]);
    let owner = customer(&server, "owner@example.com").await;
    owner.post(&format!("{path}/claim"), json!({})).await.refused(404, "not_found");
    owner.with("x-cart-token", &text(&cart, "/token")).post(&format!("{path}/claim"), json!({})).await.ok();
    holder.get(&path).await.refused(404, "not_found");
    owner
        .with("if-match", "\"v1\"")
        .put(&format!("{path}/coupon"), json!({ "code": "SCONTO20" }))
        .await
        .refused(412, "stale_version");
}

async fn the_back_office_finds_and_exports_orders(server: Rc<TestServer>) {
    let (found, other) = (customer(&server, "found@example.com").await, customer(&server, "=1+1@example.com").await);
    let mut numbers = Vec::new();
    for caller in [&found, &other] {
        let cart = ready_cart(&server, caller).await;
        caller.put(&format!("/v1/carts/{cart}/coupon"), json!({ "code": "BENVENUTO100" })).await.ok();
        numbers.push(text(&caller.check_out(&cart).await.created(), "/number"));
    }
    let administrator = server.visitor().logged_in_as("admin@example.com").await;
    let search = |query: String| {
        let administrator = administrator.clone();
        async move {
            let page = administrator.get(&format!("/v1/back-office/orders?{query}")).await.ok();
            items(&page).iter().map(|order| text(order, "/number")).collect::<Vec<_>>()
        }
    };
    assert_eq!(search(format!("search={}", numbers[1])).await, [numbers[1].as_str()]);
    assert_eq!(search("search=FOUND%40example.com".to_owned()).await, [numbers[0].as_str()]);
    assert_eq!(search("search=rssmra85t10a562s".to_owned()).await.len(), 2);
    assert_eq!(search("search=%25".to_owned()).await.len(), 0);
    assert_eq!(search("placed_from=2026-01-01&placed_to=2999-12-31&status=confirmed".to_owned()).await.len(), 2);
    assert_eq!(search("placed_to=2026-01-01".to_owned()).await.len(), 0);
    administrator.get("/v1/back-office/orders?placed_to=2026-13-01").await.refused(422, "invalid_fields");
    let table = administrator.with("accept", "text/csv").get("/v1/back-office/orders?limit=1").await.with_status(200);
    assert!(table.header("content-type").starts_with("text/csv"));
    let table = table.text();
    let lines: Vec<&str> = table.split("\r\n").collect();
    assert_eq!(lines.len(), 4, "{table}");
    assert!(lines[0].starts_with("number,status,placed_at") && lines[1].contains("'=1+1@example.com"), "{table}");
    assert!(lines[2].starts_with(&format!("{},confirmed,", numbers[0])), "{table}");
}

async fn paying_again_does_not_put_the_deadline_off_for_good(server: Rc<TestServer>) {
    let caller = customer(&server, "puts-off@example.com").await;
    let placed = order_by(&server, &caller, "bank_transfer").await;
    server.visitor().post("/v1/sandbox/clock", json!({ "advance_seconds": 13 * 24 * 3600 + 12 * 3600 })).await.ok();
    let login = json!({ "email": "puts-off@example.com", "password": "una frase che ricordo" });
    let session = server.visitor().post("/v1/sessions", login).await.created();
    let caller = server.visitor().with("authorization", &format!("Bearer {}", text(&session, "/access_token")));
    let path = format!("/v1/orders/{}/payments", text(&placed, "/id"));
    for (key, method) in [("one", "card"), ("two", "bank_transfer")] {
        let again = caller.with("idempotency-key", key).post(&path, json!({ "method": method })).await.created();
        assert_eq!(again["expires_at"], placed["expires_at"], "{method}");
    }
}

/// Who began to pay by card and then paid by bank transfer is not let pay twice.
async fn a_page_closes_when_the_money_comes_another_way(server: Rc<TestServer>) {
    let caller = customer(&server, "twice@example.com").await;
    let placed = order_by(&server, &caller, "bank_transfer").await;
    let (id, path) = (text(&placed, "/id"), format!("/v1/orders/{}", text(&placed, "/id")));
    let payer = caller.with("idempotency-key", "card");
    payer.post(&format!("{path}/payments"), json!({ "method": "card" })).await.created();
    let administrator = server.visitor().logged_in_as("admin@example.com").await;
    record_transfer(&administrator, &id, 7_198).await;
    server.wait_for_jobs().await.expect("the page is closed");
    let order = caller.get(&path).await.ok();
    let mut payments: Vec<(String, String)> = items(&json!({ "items": order["payments"] }))
        .iter()
        .map(|it| (text(it, "/method"), text(it, "/status")))
        .collect();
    payments.sort_unstable();
    let ended = [("bank_transfer", "succeeded"), ("card", "cancelled")];
    assert_eq!(payments, ended.map(|(method, status)| (method.to_owned(), status.to_owned())));
    assert_eq!(order["status"], "confirmed");
}
