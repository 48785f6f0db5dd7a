//! Cards at Stripe, played by a fake that keeps to what Stripe publishes.

use std::rc::Rc;

use futures_util::future::join_all;
use negozio::platform::config::{Config, Secret};
use negozio::shop::orders::jobs::expire_overdue;
use negozio::shop::payments::jobs::owe_questions;
use serde_json::{Value, json};

use crate::support::actors::{AT_ONCE, Caller, customer};
use crate::support::expect::{cents, items, text};
use crate::support::payments::{GROSS, kinds, order_by, wait_for_order};
use crate::support::server::TestServer;
use crate::support::stripe::{Act, SECRET_KEY, Stripe, WEBHOOK_SECRET};

crate::on_both_engines!(
    a_card_is_charged_once_however_often_stripe_says_so,
    many_words_at_once_confirm_once,
    words_in_any_order_lead_to_one_state,
    money_that_never_came_leaves_the_order_payable,
    money_for_an_expired_order_is_to_review_and_given_back,
    what_stripe_did_not_sign_changes_nothing,
    an_outage_leaves_the_order_payable,
    what_stripe_refuses_can_be_paid_another_way,
    another_amount_confirms_nothing,
    what_stripe_did_not_tell_is_asked_for,
    stripe_gives_money_back_once,
    what_the_desk_gave_back_is_seen_in_any_order,
    what_was_given_up_cannot_be_paid,
    one_page_of_many_that_begin_at_once_stays_open,
    money_on_its_way_is_waited_for,
    what_was_paid_before_its_page_closed_is_seen,
    a_mismatch_that_was_looked_at_does_not_come_back,
    the_mail_of_a_card_order_links_to_the_page,
);

/// A shop of its own whose cards Stripe takes.
async fn shop(server: &TestServer, stripe: &Stripe) -> TestServer {
    let url = stripe.url.clone();
    TestServer::start(server.engine, move |config: &mut Config| {
        config.stripe_api_url = url;
        config.stripe_secret_key = Some(Secret(SECRET_KEY.to_owned()));
        config.stripe_webhook_secret = Some(Secret(WEBHOOK_SECRET.to_owned()));
    })
    .await
}

fn webhook(shop: &TestServer) -> String {
    format!("{}/v1/payment-notifications/stripe", shop.url)
}

async fn ordered(shop: &TestServer, email: &str) -> (Caller, String, String) {
    let caller = customer(shop, email).await;
    let order = order_by(shop, &caller, "card").await;
    (caller, text(&order, "/id"), text(&order, "/payments/0/redirect_url"))
}

async fn end(shop: TestServer, stripe: Stripe) {
    shop.wait_for_jobs().await.expect("no job is left");
    shop.stop().await;
    stripe.stop().await;
}

async fn refund(shop: &TestServer, order: &str, cents: i64) -> Value {
    let administrator = shop.visitor().logged_in_as("admin@example.com").await;
    let key = negozio::platform::ids::fresh_uuid().to_string();
    let body = json!({ "amount": { "amount": cents, "currency": "EUR" }, "reason": "customer_request" });
    let path = format!("/v1/back-office/orders/{order}/refunds");
    administrator.with("idempotency-key", &key).post(&path, body).await.created()
}

async fn a_card_is_charged_once_however_often_stripe_says_so(server: Rc<TestServer>) {
    let stripe = Stripe::start();
    let shop = shop(&server, &stripe).await;
    stripe.notify(&webhook(&shop));
    let (caller, order, page) = ordered(&shop, "card@example.com").await;
    let session = stripe.sessions().remove(0);
    assert_eq!((&session["amount_total"], &session["currency"]), (&json!(GROSS), &json!("eur")));
    assert_eq!((&session["customer_email"], &session["locale"]), (&json!("card@example.com"), &json!("it")));
    assert!(text(&session, "/success_url").starts_with(&format!("{}/orders/{order}", shop.url)));
    stripe.act(&page, Act::Decline).await;
    assert_eq!(caller.get(&format!("/v1/orders/{order}")).await.ok()["status"], "pending_payment");
    stripe.act(&page, Act::Pay).await;
    let paid = wait_for_order(&caller, &order, |order| order["status"] == "confirmed").await;
    assert_eq!((&paid["payments"][0]["status"], cents(&paid, "/payments/0/received")), (&json!("succeeded"), GROSS));
    for event in stripe.events() {
        assert_eq!(stripe.send(&webhook(&shop), &event).await, 204);
    }
    let happened = kinds(&caller, &order).await;
    assert_eq!(happened.iter().filter(|kind| *kind == "payment_received").count(), 1, "{happened:?}");
    assert_eq!(caller.get(&format!("/v1/orders/{order}")).await.ok()["review"], Value::Null);
    end(shop, stripe).await;
}

async fn many_words_at_once_confirm_once(server: Rc<TestServer>) {
    let stripe = Stripe::start();
    let shop = shop(&server, &stripe).await;
    let (caller, order, page) = ordered(&shop, "many@example.com").await;
    stripe.act(&page, Act::Pay).await;
    let event = stripe.events().pop().expect("an event");
    let other = |index: usize| {
        let mut event = event.clone();
        event["id"] = json!(format!("evt_other_{}", index % 8));
        event
    };
    let events: Vec<Value> =
        (0..AT_ONCE).map(|index| if index < AT_ONCE / 2 { event.clone() } else { other(index) }).collect();
    let webhook = webhook(&shop);
    let statuses = join_all(events.iter().map(|event| stripe.send(&webhook, event))).await;
    assert!(statuses.iter().all(|status| *status == 204), "{statuses:?}");
    let happened = kinds(&caller, &order).await;
    for kind in ["payment_received", "order_confirmed"] {
        assert_eq!(happened.iter().filter(|happened| *happened == kind).count(), 1, "{happened:?}");
    }
    let shown = caller.get(&format!("/v1/orders/{order}")).await.ok();
    assert_eq!((cents(&shown, "/payments/0/received"), &shown["review"]), (GROSS, &Value::Null));
    end(shop, stripe).await;
}

async fn words_in_any_order_lead_to_one_state(server: Rc<TestServer>) {
    let stripe = Stripe::start();
    let shop = shop(&server, &stripe).await;
    let orders: [&[usize]; 4] = [&[0, 1, 2], &[2, 1, 0], &[1, 2, 1, 0, 2], &[2, 2, 0, 1]];
    let mut ends = Vec::new();
    for (index, sequence) in orders.iter().enumerate() {
        let (caller, order, page) = ordered(&shop, &format!("words{index}@example.com")).await;
        let before = stripe.events().len();
        stripe.act(&page, Act::PayLater).await;
        let session = stripe.sessions().pop().expect("a session");
        stripe.settle_later(&text(&session, "/id"), true);
        let events = stripe.events().split_off(before);
        for event in *sequence {
            assert_eq!(stripe.send(&webhook(&shop), &events[*event]).await, 204);
        }
        let order = caller.get(&format!("/v1/orders/{order}")).await.ok();
        ends.push((order["status"].clone(), order["payments"][0]["status"].clone(), order["review"].clone()));
    }
    assert!(ends.iter().all(|end| *end == (json!("confirmed"), json!("succeeded"), Value::Null)), "{ends:?}");
    end(shop, stripe).await;
}

async fn money_that_never_came_leaves_the_order_payable(server: Rc<TestServer>) {
    let stripe = Stripe::start();
    let shop = shop(&server, &stripe).await;
    stripe.notify(&webhook(&shop));
    let (caller, order, page) = ordered(&shop, "never@example.com").await;
    stripe.act(&page, Act::PayLater).await;
    wait_for_order(&caller, &order, |order| order["payments"][0]["status"] == "processing").await;
    stripe.settle_later(&text(&stripe.sessions()[0], "/id"), false);
    wait_for_order(&caller, &order, |order| order["payments"][0]["status"] == "failed").await;
    let path = format!("/v1/orders/{order}/payments");
    let again = caller.with("idempotency-key", "again").post(&path, json!({ "method": "card" })).await.created();
    stripe.act(&text(&again, "/payments/1/redirect_url"), Act::Pay).await;
    wait_for_order(&caller, &order, |order| order["status"] == "confirmed").await;
    end(shop, stripe).await;
}

async fn money_for_an_expired_order_is_to_review_and_given_back(server: Rc<TestServer>) {
    let stripe = Stripe::start();
    let shop = shop(&server, &stripe).await;
    let (_, order, page) = ordered(&shop, "expired@example.com").await;
    stripe.act(&page, Act::Pay).await;
    shop.visitor().post("/v1/sandbox/clock", json!({ "advance_seconds": 90_000 })).await.ok();
    let session = json!({ "email": "expired@example.com", "password": "una frase che ricordo" });
    let session = shop.visitor().post("/v1/sessions", session).await.created();
    let bearer = format!("Bearer {}", text(&session, "/access_token"));
    let caller = shop.visitor().with("authorization", &bearer);
    wait_for_order(&caller, &order, |order| order["status"] == "expired").await;
    for event in stripe.events().iter().rev() {
        assert_eq!(stripe.send(&webhook(&shop), event).await, 204);
        assert_eq!(stripe.send(&webhook(&shop), event).await, 204);
    }
    let late = caller.get(&format!("/v1/orders/{order}")).await.ok();
    assert_eq!((&late["status"], &late["payments"][0]["status"]), (&json!("expired"), &json!("succeeded")));
    assert_eq!((&late["review"], cents(&late, "/excess")), (&json!("excess"), GROSS));
    assert!(kinds(&caller, &order).await.contains(&"payment_to_review".to_owned()));
    stripe.notify(&webhook(&shop));
    refund(&shop, &order, GROSS).await;
    let back = wait_for_order(&caller, &order, |order| order["refunds"][0]["status"] == "succeeded").await;
    assert_eq!((&back["status"], &back["review"]), (&json!("expired"), &Value::Null));
    end(shop, stripe).await;
}

async fn what_stripe_did_not_sign_changes_nothing(server: Rc<TestServer>) {
    let stripe = Stripe::start();
    let shop = shop(&server, &stripe).await;
    let (caller, order, page) = ordered(&shop, "forged@example.com").await;
    stripe.act(&page, Act::Pay).await;
    let event = stripe.events().pop().expect("an event");
    let webhook = webhook(&shop);
    for (age, secret) in [(400, WEBHOOK_SECRET), (-400, WEBHOOK_SECRET), (0, "whsec_guess"), (0, "")] {
        assert_eq!(stripe.send_signed(&webhook, &event, age, secret).await, 401, "{age} {secret}");
    }
    let path = "/v1/payment-notifications/stripe";
    shop.visitor().post(path, event.clone()).await.refused(401, "signature_invalid");
    for header in ["", "t=", "t=1,v1=", "v1=00", "t=99999999999999999999,v1=00", "t=1;v1=00"] {
        let caller = shop.visitor().with("stripe-signature", header);
        caller.post(path, event.clone()).await.refused(401, "signature_invalid");
    }
    assert_eq!(stripe.send(&webhook, &json!({ "id": "evt_1" })).await, 400);
    assert_eq!(stripe.send(&webhook, &json!({ "id": "evt_1", "type": "what.is.new" })).await, 204);
    shop.visitor().post("/v1/payment-notifications/sandbox", event.clone()).await.refused(404, "not_found");
    assert_eq!(caller.get(&format!("/v1/orders/{order}")).await.ok()["status"], "pending_payment");
    assert_eq!(stripe.send_signed(&webhook, &event, 200, WEBHOOK_SECRET).await, 204);
    assert_eq!(caller.get(&format!("/v1/orders/{order}")).await.ok()["status"], "confirmed");
    end(shop, stripe).await;
}

async fn an_outage_leaves_the_order_payable(server: Rc<TestServer>) {
    let stripe = Stripe::start();
    let shop = shop(&server, &stripe).await;
    let caller = customer(&shop, "outage@example.com").await;
    // One try fails in a way that a moment mends, and nobody notices.
    stripe.fail([500, 429]);
    let noticed = order_by(&shop, &caller, "card").await;
    assert_eq!(noticed["payments"][0]["status"], "requires_action");
    stripe.fail([500, 503, 409]);
    let order = order_by(&shop, &caller, "card").await;
    assert_eq!((&order["status"], &order["payments"][0]["status"]), (&json!("pending_payment"), &json!("created")));
    assert_eq!(order["payments"][0]["redirect_url"], Value::Null);
    shop.visitor().post("/v1/sandbox/clock", json!({ "advance_seconds": 61 })).await.ok();
    let order = text(&order, "/id");
    let opened = wait_for_order(&caller, &order, |order| order["payments"][0]["status"] == "requires_action").await;
    assert_eq!(stripe.sessions().len(), 2, "one for each order");
    assert!(text(&opened, "/payments/0/redirect_url").starts_with(&stripe.url));
    end(shop, stripe).await;
}

async fn what_stripe_refuses_can_be_paid_another_way(server: Rc<TestServer>) {
    let stripe = Stripe::start();
    let shop = shop(&server, &stripe).await;
    let caller = customer(&shop, "refused@example.com").await;
    stripe.fail([400]);
    let order = order_by(&shop, &caller, "card").await;
    assert_eq!((&order["status"], &order["payments"][0]["status"]), (&json!("pending_payment"), &json!("failed")));
    let path = format!("/v1/orders/{}/payments", text(&order, "/id"));
    let again = caller.with("idempotency-key", "one").post(&path, json!({ "method": "bank_transfer" })).await.created();
    assert_eq!(again["payments"][1]["status"], "awaiting_funds");
    end(shop, stripe).await;
}

async fn another_amount_confirms_nothing(server: Rc<TestServer>) {
    let stripe = Stripe::start();
    let shop = shop(&server, &stripe).await;
    for (index, (amount, currency, received)) in
        [(GROSS - 1, "eur", GROSS - 1), (GROSS + 1, "eur", GROSS + 1), (GROSS, "usd", 0), (0, "eur", 0)]
            .iter()
            .enumerate()
    {
        let (caller, order, page) = ordered(&shop, &format!("amount{index}@example.com")).await;
        stripe.act(&page, Act::Pay).await;
        let mut event = stripe.events().pop().expect("an event");
        event["data"]["object"]["amount_total"] = json!(amount);
        event["data"]["object"]["currency"] = json!(currency);
        assert_eq!(stripe.send(&webhook(&shop), &event).await, 204);
        event["id"] = json!(format!("evt_again_{index}"));
        assert_eq!(stripe.send(&webhook(&shop), &event).await, 204);
        let order = caller.get(&format!("/v1/orders/{order}")).await.ok();
        assert_eq!((&order["status"], &order["review"]), (&json!("pending_payment"), &json!("amount_mismatch")));
        assert_eq!(cents(&order, "/payments/0/received"), *received);
        let happened = kinds(&caller, &text(&order, "/id")).await;
        assert_eq!(happened.iter().filter(|kind| *kind == "payment_to_review").count(), 1, "{happened:?}");
    }
    let administrator = shop.visitor().logged_in_as("admin@example.com").await;
    let list = administrator.get("/v1/back-office/orders?to_review=true").await.ok();
    assert_eq!(items(&list).len(), 4);
    end(shop, stripe).await;
}

async fn what_stripe_did_not_tell_is_asked_for(server: Rc<TestServer>) {
    let stripe = Stripe::start();
    let shop = shop(&server, &stripe).await;
    let (caller, order, page) = ordered(&shop, "silent@example.com").await;
    let (_, open, _) = ordered(&shop, "open@example.com").await;
    stripe.act(&page, Act::Pay).await;
    let before = stripe.calls().len();
    let soon = shop.reconcile(3600).await;
    assert_eq!((soon.len(), stripe.calls().len()), (0, before), "it is too soon to ask");
    stripe.fail([500, 500, 500, 500, 500, 500]);
    let unanswered = shop.reconcile(0).await;
    assert_eq!(unanswered.iter().filter(|said| said.is_none()).count(), 2);
    let mut said = shop.reconcile(0).await;
    said.sort_unstable();
    assert_eq!(said, [Some("open"), Some("succeeded")]);
    assert_eq!(caller.get(&format!("/v1/orders/{order}")).await.ok()["status"], "confirmed");
    // The notification comes at last, and says nothing new.
    for event in stripe.events() {
        assert_eq!(stripe.send(&webhook(&shop), &event).await, 204);
    }
    let happened = kinds(&caller, &order).await;
    assert_eq!(happened.iter().filter(|kind| *kind == "payment_received").count(), 1, "{happened:?}");
    assert_eq!(shop.reconcile(0).await, [Some("open")], "{open} can still be paid");
    // The server asks by itself too, once an hour.
    shop.visitor().post("/v1/sandbox/clock", json!({ "advance_seconds": 3600 })).await.ok();
    let before = stripe.calls().len();
    for _ in 0..2 {
        owe_questions(shop.shared_platform()).await.expect("the chore runs");
        shop.wait_for_jobs().await.expect("the questions are asked");
    }
    assert_eq!(stripe.calls().len(), before + 1);
    let asked = reconcile_by_command(&shop, &stripe);
    let said = String::from_utf8_lossy(&asked.stdout).into_owned();
    assert!(asked.status.success() && said.contains("  open") && said.contains("0 without an answer"), "{asked:?}");
    stripe.fail([500, 500, 500]);
    let asked = reconcile_by_command(&shop, &stripe);
    let said = String::from_utf8_lossy(&asked.stdout).into_owned();
    assert!(!asked.status.success() && said.contains("1 without an answer"), "{asked:?}");
    end(shop, stripe).await;
}

/// `negozio reconcile`, as a process of its own.
fn reconcile_by_command(shop: &TestServer, stripe: &Stripe) -> std::process::Output {
    shop.reconcile_by_command(&[
        ("NEGOZIO_STRIPE_API_URL", &stripe.url),
        ("NEGOZIO_STRIPE_SECRET_KEY", SECRET_KEY),
        ("NEGOZIO_STRIPE_WEBHOOK_SECRET", WEBHOOK_SECRET),
    ])
}

async fn stripe_gives_money_back_once(server: Rc<TestServer>) {
    let stripe = Stripe::start();
    let shop = shop(&server, &stripe).await;
    stripe.notify(&webhook(&shop));
    let (caller, order, page) = ordered(&shop, "back@example.com").await;
    stripe.act(&page, Act::Pay).await;
    wait_for_order(&caller, &order, |order| order["status"] == "confirmed").await;
    // The call fails for longer than its three tries; the job makes it later, once.
    stripe.fail([500, 500, 500]);
    refund(&shop, &order, 100).await;
    shop.until(|| stripe.calls().iter().filter(|(_, path)| path.contains("/sessions/")).count() >= 3).await;
    shop.until_no_job_runs().await;
    shop.visitor().post("/v1/sandbox/clock", json!({ "advance_seconds": 60 })).await.ok();
    wait_for_order(&caller, &order, |order| cents(order, "/payments/0/refunded") == 100).await;
    assert_eq!(stripe.refunds().len(), 1);
    // One that takes its time and succeeds, and one that fails in the end.
    stripe.refunds_are("pending");
    refund(&shop, &order, 200).await;
    shop.until(|| stripe.refunds().len() == 2).await;
    stripe.settle_refund(1, "succeeded");
    wait_for_order(&caller, &order, |order| cents(order, "/payments/0/refunded") == 300).await;
    refund(&shop, &order, 400).await;
    shop.until(|| stripe.refunds().len() == 3).await;
    stripe.settle_refund(2, "failed");
    let failed = wait_for_order(&caller, &order, |order| order["refunds"][2]["status"] == "failed").await;
    assert_eq!((cents(&failed, "/payments/0/refunded"), &failed["review"]), (300, &json!("refund_failed")));
    let happened = kinds(&caller, &order).await;
    assert_eq!(happened.iter().filter(|kind| *kind == "refund_succeeded").count(), 2, "{happened:?}");
    assert!(stripe.refunds().iter().all(|refund| refund["reason"] == "requested_by_customer"));
    end(shop, stripe).await;
}

/// A refund of ours fails, and the same amount is given back at Stripe's own desk: whatever comes first or twice, a person
/// looks at it.
async fn what_the_desk_gave_back_is_seen_in_any_order(server: Rc<TestServer>) {
    let stripe = Stripe::start();
    let shop = shop(&server, &stripe).await;
    stripe.refunds_are("pending");
    let orders: [&[usize]; 5] = [&[0, 1, 2], &[2, 1, 0], &[1, 2, 1, 0, 2], &[2, 0, 2, 1], &[0, 2, 1, 1]];
    for (index, sequence) in orders.iter().enumerate() {
        let (caller, order, page) = ordered(&shop, &format!("desk{index}@example.com")).await;
        stripe.act(&page, Act::Pay).await;
        let paid = stripe.events().pop().expect("an event");
        assert_eq!(stripe.send(&webhook(&shop), &paid).await, 204);
        refund(&shop, &order, 400).await;
        shop.until(|| stripe.refunds().len() == index + 1).await;
        shop.until_no_job_runs().await;
        let total = stripe.events().into_iter().rfind(|event| event["type"] == "charge.refunded").expect("a total");
        stripe.settle_refund(index, "failed");
        let failed = stripe.events().pop().expect("an event");
        let mut desk = total.clone();
        desk["id"] = json!(format!("evt_desk_{index}"));
        let mut words = [total, failed, desk];
        for (seconds, word) in (-9..).step_by(3).zip(&mut words) {
            word["created"] = json!(word["created"].as_i64().expect("a time") + seconds);
        }
        for word in *sequence {
            assert_eq!(stripe.send(&webhook(&shop), &words[*word]).await, 204);
            // The same said in another notification.
            let mut again = words[*word].clone();
            again["id"] = json!(format!("{}_again", text(&again, "/id")));
            assert_eq!(stripe.send(&webhook(&shop), &again).await, 204);
        }
        let end = caller.get(&format!("/v1/orders/{order}")).await.ok();
        assert_eq!(
            (&end["review"], &end["refunds"][0]["status"]),
            (&json!("refund_unknown"), &json!("failed")),
            "{sequence:?}"
        );
        let happened = kinds(&caller, &order).await;
        assert_eq!(happened.iter().filter(|kind| *kind == "refund_to_review").count(), 1, "{happened:?}");
    }
    // Without the desk, what was said of the whole before the refund failed is no riddle, whenever it comes.
    let (caller, order, page) = ordered(&shop, "no-desk@example.com").await;
    stripe.act(&page, Act::Pay).await;
    let paid = stripe.events().pop().expect("an event");
    assert_eq!(stripe.send(&webhook(&shop), &paid).await, 204);
    refund(&shop, &order, 400).await;
    shop.until(|| stripe.refunds().len() == orders.len() + 1).await;
    shop.until_no_job_runs().await;
    stripe.settle_refund(orders.len(), "failed");
    for event in stripe.events().iter().rev() {
        assert_eq!(stripe.send(&webhook(&shop), event).await, 204);
    }
    assert_eq!(caller.get(&format!("/v1/orders/{order}")).await.ok()["review"], "refund_failed");
    end(shop, stripe).await;
}

async fn what_was_given_up_cannot_be_paid(server: Rc<TestServer>) {
    let stripe = Stripe::start();
    let shop = shop(&server, &stripe).await;
    stripe.notify(&webhook(&shop));
    let (caller, order, _) = ordered(&shop, "given-up@example.com").await;
    let path = format!("/v1/orders/{order}/payments");
    let again = caller.with("idempotency-key", "one").post(&path, json!({ "method": "card" })).await.created();
    shop.until(|| stripe.sessions()[0]["status"] == "expired").await;
    stripe.act(&text(&again, "/payments/1/redirect_url"), Act::Pay).await;
    let paid = wait_for_order(&caller, &order, |order| order["status"] == "confirmed").await;
    assert_eq!(paid["payments"][0]["status"], "cancelled");
    // What somebody gave back at Stripe's own desk is noticed.
    let desk = json!({
        "id": "evt_desk", "type": "charge.refunded",
        "data": { "object": { "amount_refunded": 500, "metadata": { "payment_id": paid["payments"][1]["id"] } } },
    });
    assert_eq!(stripe.send(&webhook(&shop), &desk).await, 204);
    assert_eq!(caller.get(&format!("/v1/orders/{order}")).await.ok()["review"], "refund_unknown");
    end(shop, stripe).await;
}

/// The customer again, after the clock was moved beyond their session.
async fn later(shop: &TestServer, email: &str, seconds: i64) -> Caller {
    shop.visitor().post("/v1/sandbox/clock", json!({ "advance_seconds": seconds })).await.ok();
    let login = json!({ "email": email, "password": "una frase che ricordo" });
    let session = shop.visitor().post("/v1/sessions", login).await.created();
    shop.visitor().with("authorization", &format!("Bearer {}", text(&session, "/access_token")))
}

async fn one_page_of_many_that_begin_at_once_stays_open(server: Rc<TestServer>) {
    let stripe = Stripe::start();
    let shop = shop(&server, &stripe).await;
    let (caller, order, _) = ordered(&shop, "pages@example.com").await;
    let path = format!("/v1/orders/{order}/payments");
    let pay = |index: usize| {
        let (payer, path) = (caller.with("idempotency-key", &format!("page-{index}")), path.clone());
        async move { payer.post(&path, json!({ "method": "card" })).await.created() }
    };
    join_all((0..AT_ONCE).map(pay)).await;
    shop.wait_for_jobs().await.expect("what was given up is closed, also where it was opened only then");
    let open: Vec<String> = stripe
        .sessions()
        .iter()
        .filter(|session| session["status"] == "open")
        .map(|session| text(session, "/url"))
        .collect();
    let shown = caller.get(&format!("/v1/orders/{order}")).await.ok();
    let payments = items(&json!({ "items": shown["payments"] }));
    let payable = payments.iter().filter(|payment| payment["status"] == "requires_action");
    let pages: Vec<String> = payable.map(|payment| text(payment, "/redirect_url")).collect();
    assert_eq!((open.len(), &open), (1, &pages), "{shown:#}");
    end(shop, stripe).await;
}

async fn money_on_its_way_is_waited_for(server: Rc<TestServer>) {
    let stripe = Stripe::start();
    let shop = shop(&server, &stripe).await;
    stripe.notify(&webhook(&shop));
    let (caller, order, page) = ordered(&shop, "waits@example.com").await;
    stripe.act(&page, Act::PayLater).await;
    wait_for_order(&caller, &order, |order| order["payments"][0]["status"] == "processing").await;
    let path = format!("/v1/orders/{order}/payments");
    let keyed = caller.with("idempotency-key", "one");
    keyed.post(&path, json!({ "method": "bank_transfer" })).await.refused(409, "order_state_forbids");
    let caller = later(&shop, "waits@example.com", 2 * 24 * 3600).await;
    expire_overdue(shop.shared_platform()).await.expect("the chore runs");
    let waiting = caller.get(&format!("/v1/orders/{order}")).await.ok();
    assert_eq!(
        (&waiting["status"], &waiting["payments"][0]["status"]),
        (&json!("pending_payment"), &json!("processing"))
    );
    stripe.settle_later(&text(&stripe.sessions()[0], "/id"), true);
    wait_for_order(&caller, &order, |order| order["status"] == "confirmed").await;
    // Nobody waits for good.
    let (caller, order, page) = ordered(&shop, "in-vain@example.com").await;
    stripe.act(&page, Act::PayLater).await;
    wait_for_order(&caller, &order, |order| order["payments"][0]["status"] == "processing").await;
    let caller = later(&shop, "in-vain@example.com", 15 * 24 * 3600).await;
    wait_for_order(&caller, &order, |order| order["status"] == "expired").await;
    end(shop, stripe).await;
}

async fn what_was_paid_before_its_page_closed_is_seen(server: Rc<TestServer>) {
    let stripe = Stripe::start();
    let shop = shop(&server, &stripe).await;
    let (caller, order, page) = ordered(&shop, "just-then@example.com").await;
    stripe.act(&page, Act::Pay).await;
    // Stripe tells nothing.
    caller.post(&format!("/v1/orders/{order}/cancellation"), json!({})).await.ok();
    let seen = wait_for_order(&caller, &order, |order| order["review"] == "excess").await;
    assert_eq!((&seen["status"], cents(&seen, "/excess")), (&json!("cancelled"), GROSS));
    end(shop, stripe).await;
}

async fn a_mismatch_that_was_looked_at_does_not_come_back(server: Rc<TestServer>) {
    let stripe = Stripe::start();
    let shop = shop(&server, &stripe).await;
    let (caller, order, page) = ordered(&shop, "looked-at@example.com").await;
    stripe.act(&page, Act::Pay).await;
    let mut event = stripe.events().pop().expect("an event");
    event["data"]["object"]["amount_total"] = json!(GROSS - 1);
    assert_eq!(stripe.send(&webhook(&shop), &event).await, 204);
    let administrator = shop.visitor().logged_in_as("admin@example.com").await;
    administrator.post(&format!("/v1/back-office/orders/{order}/review-resolution"), json!({})).await.ok();
    event["id"] = json!("evt_said_again");
    assert_eq!(stripe.send(&webhook(&shop), &event).await, 204);
    assert_eq!(caller.get(&format!("/v1/orders/{order}")).await.ok()["review"], Value::Null);
    // Another amount is another matter.
    event["id"] = json!("evt_another");
    event["data"]["object"]["amount_total"] = json!(GROSS - 2);
    assert_eq!(stripe.send(&webhook(&shop), &event).await, 204);
    assert_eq!(caller.get(&format!("/v1/orders/{order}")).await.ok()["review"], "amount_mismatch");
    end(shop, stripe).await;
}

async fn the_mail_of_a_card_order_links_to_the_page(server: Rc<TestServer>) {
    let stripe = Stripe::start();
    let shop = shop(&server, &stripe).await;
    let (_, _, page) = ordered(&shop, "linked@example.com").await;
    shop.wait_for_jobs().await.expect("the mail is sent");
    let mails = items(&shop.visitor().get("/v1/sandbox/mailbox?to=linked@example.com").await.ok());
    assert!(mails.iter().any(|mail| text(mail, "/text").contains(&page)), "{mails:#?}");
    end(shop, stripe).await;
}
