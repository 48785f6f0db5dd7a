//! Money given back: all of it, a part, too much, and by whom.

use std::rc::Rc;

use futures_util::future::{join, join_all};
use negozio::shop::orders;
use negozio::shop::orders::rules::{OrderId, OrderStatus};
use serde_json::{Value, json};

use crate::support::actors::{AT_ONCE, Caller, customer, ready_cart};
use crate::support::expect::{Answer, cents, items, text};
use crate::support::payments::{GROSS, kinds, order_by, paid_by_card, record_transfer, wait_for_order};
use crate::support::server::TestServer;

crate::on_both_engines!(
    a_card_payment_is_given_back_in_parts_and_then_closes_the_order,
    no_more_is_given_back_than_came_however_many_ask_at_once,
    a_transfer_is_pending_until_somebody_paid_it_out,
    a_failed_refund_leaves_the_money_here_and_is_looked_at,
    what_came_too_much_is_to_review_until_it_is_given_back,
    what_was_paid_for_a_service_that_will_not_come_is_to_review,
    money_for_a_cancelled_order_is_given_back,
    a_refund_is_asked_for_once_a_key,
    a_full_refund_ends_the_services_and_gives_the_coupon_back_as_its_campaign_says,
    a_withdrawal_whose_refund_failed_stays_to_review,
    what_is_read_of_an_order_is_of_one_moment,
);

fn refund(cents: i64, reason: &str) -> Value {
    json!({ "amount": { "amount": cents, "currency": "EUR" }, "reason": reason })
}

async fn ask(administrator: &Caller, order: &str, body: Value) -> Answer {
    let key = negozio::platform::ids::fresh_uuid().to_string();
    administrator.with("idempotency-key", &key).post(&format!("/v1/back-office/orders/{order}/refunds"), body).await
}

async fn settle(administrator: &Caller, order: &str, refund: &str, outcome: &str) -> Answer {
    let key = negozio::platform::ids::fresh_uuid().to_string();
    let path = format!("/v1/back-office/orders/{order}/refunds/{refund}/settlement");
    administrator.with("idempotency-key", &key).post(&path, json!({ "outcome": outcome, "reference": "TRN 1" })).await
}

async fn a_card_payment_is_given_back_in_parts_and_then_closes_the_order(server: Rc<TestServer>) {
    let caller = customer(&server, "parts@example.com").await;
    let order = paid_by_card(&server, &caller).await;
    let administrator = server.visitor().logged_in_as("admin@example.com").await;
    ask(&caller, &order, refund(100, "other")).await.refused(403, "forbidden");
    let asked = ask(&administrator, &order, refund(198, "customer_request")).await.created();
    assert_eq!((&asked["refunds"][0]["status"], &asked["status"]), (&json!("pending"), &json!("confirmed")));
    let part = wait_for_order(&caller, &order, |order| order["refunds"][0]["status"] == "succeeded").await;
    assert_eq!((&part["status"], cents(&part, "/payments/0/refunded")), (&json!("confirmed"), 198));
    ask(&administrator, &order, refund(GROSS, "other")).await.refused(409, "refund_exceeds_received");
    ask(&administrator, &order, refund(GROSS - 198, "customer_request")).await.created();
    let whole = wait_for_order(&caller, &order, |order| order["status"] == "refunded").await;
    assert_eq!(cents(&whole, "/payments/0/refunded"), GROSS);
    assert_eq!((&whole["review"], cents(&whole, "/excess")), (&Value::Null, 0));
    let problem = ask(&administrator, &order, refund(1, "other")).await.refused(409, "refund_exceeds_received");
    assert_eq!(cents(&problem, "/refundable"), 0);
    server.wait_for_jobs().await.expect("the mails are sent");
    let mails = items(&server.visitor().get("/v1/sandbox/mailbox?to=parts@example.com").await.ok());
    let subject = format!("Rimborso dell'ordine {}", text(&whole, "/number"));
    assert_eq!(mails.iter().filter(|mail| text(mail, "/subject") == subject).count(), 2);
    assert!(mails.iter().any(|mail| text(mail, "/text").contains("1,98 €")), "the mail names the amount");
    let happened = kinds(&caller, &order).await;
    for kind in ["refund_requested", "refund_succeeded", "order_refunded"] {
        assert!(happened.contains(&kind.to_owned()), "{happened:?}");
    }
    let log = items(&administrator.get("/v1/back-office/audit-log").await.ok());
    assert_eq!(log.iter().filter(|entry| text(entry, "/action") == "refund_requested").count(), 2);
}

async fn no_more_is_given_back_than_came_however_many_ask_at_once(server: Rc<TestServer>) {
    let caller = customer(&server, "race@example.com").await;
    let order = paid_by_card(&server, &caller).await;
    let administrator = server.visitor().logged_in_as("admin@example.com").await;
    // Three of these are within what came, four are not.
    let answers = join_all((0..AT_ONCE).map(|_| ask(&administrator, &order, refund(2_000, "other")))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 3);
    for answer in answers.into_iter().filter(|answer| answer.status != 201) {
        answer.refused(409, "refund_exceeds_received");
    }
    let after = wait_for_order(&caller, &order, |order| cents(order, "/payments/0/refunded") == 6_000).await;
    assert_eq!((after["refunds"].as_array().map(Vec::len), &after["status"]), (Some(3), &json!("confirmed")));
}

async fn a_transfer_is_pending_until_somebody_paid_it_out(server: Rc<TestServer>) {
    let caller = customer(&server, "transfer@example.com").await;
    let order = order_by(&server, &caller, "bank_transfer").await;
    let order = text(&order, "/id");
    let administrator = server.visitor().logged_in_as("admin@example.com").await;
    ask(&administrator, &order, refund(1, "other")).await.refused(409, "refund_exceeds_received");
    record_transfer(&administrator, &order, GROSS).await;
    let asked = ask(&administrator, &order, refund(GROSS, "withdrawal")).await.created();
    let id = text(&asked, "/refunds/0/id");
    server.wait_for_jobs().await.expect("no job settles it");
    assert_eq!(caller.get(&format!("/v1/orders/{order}")).await.ok()["refunds"][0]["status"], "pending");
    let other = order_by(&server, &caller, "bank_transfer").await;
    settle(&administrator, &text(&other, "/id"), &id, "succeeded").await.refused(404, "not_found");
    settle(&caller, &order, &id, "succeeded").await.refused(403, "forbidden");
    let settled = settle(&administrator, &order, &id, "succeeded").await.ok();
    assert_eq!((&settled["status"], &settled["refunds"][0]["status"]), (&json!("refunded"), &json!("succeeded")));
    settle(&administrator, &order, &id, "failed").await.refused(409, "order_state_forbids");
}

async fn a_failed_refund_leaves_the_money_here_and_is_looked_at(server: Rc<TestServer>) {
    let caller = customer(&server, "fails@example.com").await;
    let order = text(&order_by(&server, &caller, "bank_transfer").await, "/id");
    let administrator = server.visitor().logged_in_as("admin@example.com").await;
    record_transfer(&administrator, &order, GROSS).await;
    let asked = ask(&administrator, &order, refund(GROSS, "customer_request")).await.created();
    let failed = settle(&administrator, &order, &text(&asked, "/refunds/0/id"), "failed").await.ok();
    assert_eq!((&failed["status"], &failed["review"]), (&json!("confirmed"), &json!("refund_failed")));
    assert_eq!((&failed["refunds"][0]["status"], cents(&failed, "/payments/0/refunded")), (&json!("failed"), 0));
    let looked_at = format!("/v1/back-office/orders/{order}/review-resolution");
    caller.post(&looked_at, json!({})).await.refused(403, "forbidden");
    assert_eq!(administrator.post(&looked_at, json!({})).await.ok()["review"], Value::Null);
    administrator.post(&looked_at, json!({})).await.refused(409, "order_state_forbids");
    let again = ask(&administrator, &order, refund(GROSS, "customer_request")).await.created();
    let settled = settle(&administrator, &order, &text(&again, "/refunds/1/id"), "succeeded").await.ok();
    assert_eq!(settled["status"], "refunded");
}

async fn what_came_too_much_is_to_review_until_it_is_given_back(server: Rc<TestServer>) {
    let caller = customer(&server, "excess@example.com").await;
    let order = text(&order_by(&server, &caller, "bank_transfer").await, "/id");
    let administrator = server.visitor().logged_in_as("admin@example.com").await;
    record_transfer(&administrator, &order, 100).await;
    let list = "/v1/back-office/orders?to_review=true";
    assert_eq!(administrator.get(list).await.ok()["items"], json!([]));
    let paid = record_transfer(&administrator, &order, GROSS).await;
    assert_eq!((&paid["status"], &paid["review"]), (&json!("confirmed"), &json!("excess")));
    assert_eq!((cents(&paid, "/excess"), cents(&paid, "/payments/0/received")), (100, GROSS + 100));
    assert_eq!(text(&administrator.get(list).await.ok(), "/items/0/id"), order);
    let asked = ask(&administrator, &order, refund(100, "overpayment")).await.created();
    assert_eq!((cents(&asked, "/excess"), &asked["review"]), (0, &Value::Null));
    assert_eq!(administrator.get(list).await.ok()["items"], json!([]));
    let settled = settle(&administrator, &order, &text(&asked, "/refunds/0/id"), "succeeded").await.ok();
    assert_eq!(settled["status"], "confirmed", "what was due stays paid");
}

async fn what_was_paid_for_a_service_that_will_not_come_is_to_review(server: Rc<TestServer>) {
    let caller = customer(&server, "ended@example.com").await;
    let order = text(&order_by(&server, &caller, "bank_transfer").await, "/id");
    let administrator = server.visitor().logged_in_as("admin@example.com").await;
    let paid = record_transfer(&administrator, &order, GROSS).await;
    let request = text(&paid, "/activation_requests/0/id");
    caller.post(&format!("/v1/activation-requests/{request}/cancellation"), json!({})).await.ok();
    server.wait_for_jobs().await.expect("the mail is sent");
    let mails = server.visitor().get("/v1/sandbox/mailbox?to=ended@example.com").await.ok();
    let told = items(&mails).into_iter().find(|mail| text(mail, "/subject").contains("annullata"));
    assert!(told.is_some_and(|mail| text(&mail, "/text").contains("all'esame")), "{mails:#}");
    let list = administrator.get("/v1/back-office/orders?to_review=true").await.ok();
    assert_eq!((&list["items"][0]["id"], &list["items"][0]["review"]), (&json!(order), &json!("activation_ended")));
    let asked = ask(&administrator, &order, refund(GROSS, "other")).await.created();
    let settled = settle(&administrator, &order, &text(&asked, "/refunds/0/id"), "succeeded").await.ok();
    assert_eq!((&settled["status"], &settled["review"]), (&json!("refunded"), &Value::Null));
}

async fn money_for_a_cancelled_order_is_given_back(server: Rc<TestServer>) {
    let caller = customer(&server, "cancelled@example.com").await;
    let order = text(&order_by(&server, &caller, "bank_transfer").await, "/id");
    let administrator = server.visitor().logged_in_as("admin@example.com").await;
    record_transfer(&administrator, &order, 500).await;
    let cancelled = caller.post(&format!("/v1/orders/{order}/cancellation"), json!({})).await.ok();
    assert_eq!((&cancelled["review"], cents(&cancelled, "/excess")), (&json!("excess"), 500));
    let more = record_transfer(&administrator, &order, 300).await;
    assert_eq!((&more["status"], cents(&more, "/excess")), (&json!("cancelled"), 800));
    let asked = ask(&administrator, &order, refund(800, "other")).await.created();
    let settled = settle(&administrator, &order, &text(&asked, "/refunds/0/id"), "succeeded").await.ok();
    assert_eq!((&settled["status"], &settled["review"]), (&json!("cancelled"), &Value::Null));
}

async fn a_refund_is_asked_for_once_a_key(server: Rc<TestServer>) {
    let caller = customer(&server, "key@example.com").await;
    let order = paid_by_card(&server, &caller).await;
    let administrator = server.visitor().logged_in_as("admin@example.com").await;
    let path = format!("/v1/back-office/orders/{order}/refunds");
    administrator.post(&path, refund(100, "other")).await.refused(400, "idempotency_key_required");
    let keyed = administrator.with("idempotency-key", "one");
    let first = keyed.post(&path, refund(100, "other")).await.with_status(201);
    let again = keyed.post(&path, refund(100, "other")).await.with_status(201);
    assert_eq!(first.body, again.body);
    keyed.post(&path, refund(200, "other")).await.refused(422, "idempotency_key_reused");
    ask(&administrator, &order, refund(0, "other")).await.refused_field("/amount/amount", "range");
    ask(&administrator, &order, refund(i64::MAX, "other")).await.refused(409, "refund_exceeds_received");
    let mut other = refund(1, "other");
    other["payment_id"] = json!("pay_01kawz3h8mf5ttb4c5v3e8n0qx");
    ask(&administrator, &order, other).await.refused_field("/payment_id", "unknown");
    let absent = "ord_01kawz3h8mf5ttb4c5v3e8n0qx";
    ask(&administrator, absent, refund(1, "other")).await.refused(404, "not_found");
    wait_for_order(&caller, &order, |order| cents(order, "/payments/0/refunded") == 100).await;
}

async fn a_full_refund_ends_the_services_and_gives_the_coupon_back_as_its_campaign_says(server: Rc<TestServer>) {
    let administrator = server.visitor().logged_in_as("admin@example.com").await;
    for (policy, code, left) in [("release", "RIMBORSA", 0), ("keep", "TIENE", 1)] {
        let terms =
            json!({ "name": code, "kind": "percentage", "percent_basis_points": 1_000, "release_policy": policy });
        let campaign = administrator.post("/v1/back-office/coupon-campaigns", terms).await.created();
        let campaign = format!("/v1/back-office/coupon-campaigns/{}", text(&campaign, "/id"));
        administrator.post(&format!("{campaign}/codes"), json!({ "code": code })).await.created();
        let caller = customer(&server, &format!("{policy}@example.com")).await;
        let cart = ready_cart(&server, &caller).await;
        caller.put(&format!("/v1/carts/{cart}/coupon"), json!({ "code": code })).await.ok();
        caller.put(&format!("/v1/carts/{cart}/payment-method"), json!({ "method": "bank_transfer" })).await.ok();
        let placed = caller.check_out(&cart).await.created();
        let (order, due) = (text(&placed, "/id"), cents(&placed, "/totals/due"));
        let paid = record_transfer(&administrator, &order, due).await;
        let request = format!("/v1/activation-requests/{}", text(&paid, "/activation_requests/0/id"));
        assert_eq!(administrator.get(&campaign).await.ok()["used"], 1);
        let asked = ask(&administrator, &order, refund(due, "customer_request")).await.created();
        let settled = settle(&administrator, &order, &text(&asked, "/refunds/0/id"), "succeeded").await.ok();
        assert_eq!(settled["status"], "refunded");
        assert_eq!(administrator.get(&campaign).await.ok()["used"], left, "{policy}");
        assert_eq!(caller.get(&request).await.ok()["status"], "cancelled");
    }
}

async fn a_withdrawal_whose_refund_failed_stays_to_review(server: Rc<TestServer>) {
    let caller = customer(&server, "withdrawn@example.com").await;
    let order = text(&order_by(&server, &caller, "bank_transfer").await, "/id");
    let administrator = server.visitor().logged_in_as("admin@example.com").await;
    record_transfer(&administrator, &order, GROSS).await;
    let withdrawn = caller.post(&format!("/v1/orders/{order}/withdrawal"), json!({})).await.created();
    assert_eq!((&withdrawn["review"], cents(&withdrawn, "/excess")), (&Value::Null, 0));
    settle(&administrator, &order, &text(&withdrawn, "/refunds/0/id"), "failed").await.ok();
    let looked_at = format!("/v1/back-office/orders/{order}/review-resolution");
    let left = administrator.post(&looked_at, json!({})).await.ok();
    assert_eq!((&left["review"], cents(&left, "/excess")), (&json!("excess"), GROSS));
}

async fn what_is_read_of_an_order_is_of_one_moment(server: Rc<TestServer>) {
    let caller = customer(&server, "moment@example.com").await;
    let order = text(&order_by(&server, &caller, "bank_transfer").await, "/id");
    let administrator = server.visitor().logged_in_as("admin@example.com").await;
    let id: OrderId = order.parse().expect("an identifier");
    let (say_begun, begun) = tokio::sync::oneshot::channel();
    let (say_paid, paid) = std::sync::mpsc::channel::<()>();
    let platform = server.shared_platform();
    let reading = platform.db.read_one_moment(move |connection| {
        let before = orders::store::find(connection, id)?.map(|order| order.status);
        let _ = say_begun.send(());
        let _ = paid.recv();
        Ok((before, orders::store::find(connection, id)?.map(|order| order.status)))
    });
    let paying = async {
        begun.await.expect("the reading begins");
        let paid = record_transfer(&administrator, &order, GROSS).await;
        say_paid.send(()).expect("the reading waits");
        paid
    };
    let (read, paid) = join(reading, paying).await;
    assert_eq!(paid["status"], "confirmed");
    let waiting = Some(OrderStatus::PendingPayment);
    assert_eq!(read.expect("the order is read"), (waiting, waiting));
}
