//! Carts, coupons, checkout, orders and payments.

use std::rc::Rc;

use reqwest::Method;
use serde_json::{Value, json};

use crate::on_both_engines;
use crate::support::actors::{Caller, Customer};
use crate::support::expect::{cents, items, text, texts};
use crate::support::people::{address, fresh_key, fresh_partita_iva};
use crate::support::server::TestServer;

on_both_engines!(
    a_cart_says_what_it_comes_to_and_what_is_missing,
    items_are_added_changed_and_removed,
    a_cart_is_its_holders_alone,
    a_stale_cart_is_not_overwritten,
    coupons_take_off_what_they_promise,
    coupons_are_refused_for_a_reason,
    a_coupon_holds_for_its_window_plans_and_customers,
    a_zero_total_is_confirmed_at_once,
    checkout_needs_a_key_and_a_whole_cart,
    checkout_is_done_once,
    a_changed_total_is_not_charged,
    order_numbers_have_no_gaps,
    a_card_payment_confirms_the_order_or_may_be_tried_again,
    a_bank_transfer_confirms_the_order_when_all_has_come,
    an_unpaid_order_expires_and_gives_its_coupon_back,
    a_pending_order_can_be_cancelled_once,
    a_public_body_pays_the_net,
    a_forged_notification_changes_nothing,
);

async fn a_cart_says_what_it_comes_to_and_what_is_missing(server: Rc<TestServer>) {
    let visitor = server.visitor();
    let plan = visitor.get("/v1/plans/legalinvoice-multi").await.ok();
    let empty = visitor.post("/v1/carts", &json!({})).await.created();
    assert!(texts(&empty["missing"]).contains(&"items".to_owned()));
    let body = json!({ "items": [{ "plan_id": plan["id"], "quantity": 3 }] });
    let opened = visitor.post("/v1/carts", &body).await.with_status(201);
    assert!(opened.header("etag").starts_with('"') && opened.header("cache-control").contains("no-store"));
    let cart = opened.json();
    let net = 3 * cents(&plan, "/price/net");
    assert_eq!(cents(&cart, "/totals/net"), net);
    assert_eq!(cents(&cart, "/totals/vat"), (net * 2_200 + 5_000) / 10_000);
    assert_eq!(cents(&cart, "/totals/gross"), net + cents(&cart, "/totals/vat"));
    assert_eq!(cents(&cart, "/totals/due"), cents(&cart, "/totals/gross"));
    assert_eq!(cents(&cart, "/totals/discount"), 0);
    let missing = texts(&cart["missing"]);
    assert_eq!(missing, ["account", "billing_profile", "payment_method"]);
    let read = visitor.with_cart_token(&text(&cart, "/token")).get(&opened.header("location")).await.ok();
    assert!(read.get("token").is_none(), "the token is shown once");
    for (name, value) in read.as_object().expect("a cart") {
        assert_eq!(&cart[name], value, "{name}");
    }
}

async fn items_are_added_changed_and_removed(server: Rc<TestServer>) {
    let visitor = server.visitor();
    let cart = visitor.open_cart("legalinvoice-pro", 1).await;
    let holder = visitor.with_cart_token(&cart.token);
    let start = visitor.plan_id("legalinvoice-start").await;
    let added = holder.post(&cart.path("/items"), &json!({ "plan_id": start, "quantity": 2 })).await.created();
    assert_eq!(added["items"].as_array().map(Vec::len), Some(2));
    let item = added["items"].as_array().expect("items").iter().find(|item| item["plan_id"] == start.as_str()).expect("the new item");
    let path = cart.path(&format!("/items/{}", text(item, "/id")));
    let changed = holder.patch(&path, &json!({ "quantity": 5 })).await.ok();
    assert!(cents(&changed, "/totals/net") > cents(&added, "/totals/net"));
    for quantity in [json!(0), json!(-1), json!(101), json!(1.5), json!("2"), json!(99_999_999_999_i64)] {
        holder.patch(&path, &json!({ "quantity": quantity })).await.refused(422, "invalid_fields");
    }
    holder.delete(&path).await.ok();
    holder.delete(&path).await.refused(404, "not_found");
    let left = holder.get(&cart.path("")).await.ok();
    assert_eq!(left["items"].as_array().map(Vec::len), Some(1));
    let unknown = json!({ "plan_id": "plan_01kawz3h8mf5ttb4c5v3e8n0qx", "quantity": 1 });
    holder.post(&cart.path("/items"), &unknown).await.refused(422, "plan_not_available");
}

async fn a_cart_is_its_holders_alone(server: Rc<TestServer>) {
    let visitor = server.visitor();
    let cart = visitor.open_cart("legalinvoice-pro", 1).await;
    let other = visitor.open_cart("legalinvoice-pro", 1).await;
    visitor.get(&cart.path("")).await.refused(401, "unauthenticated");
    visitor.with_cart_token(&other.token).get(&cart.path("")).await.refused(404, "not_found");
    let (owner, stranger) = (Customer::fresh(&server).await, Customer::fresh(&server).await);
    stranger.get(&cart.path("")).await.refused(404, "not_found");
    stranger.post(&cart.path("/claim"), &json!({})).await.refused(404, "not_found");
    let claimed = owner.with_cart_token(&cart.token).post(&cart.path("/claim"), &json!({})).await.ok();
    assert!(!texts(&claimed["missing"]).contains(&"account".to_owned()));
    owner.get(&cart.path("")).await.ok();
    // From now on the token alone opens nothing, not even for somebody who is logged in.
    visitor.with_cart_token(&cart.token).get(&cart.path("")).await.refused(404, "not_found");
    let stolen = stranger.with_cart_token(&cart.token);
    assert!([404, 409].contains(&stolen.post(&cart.path("/claim"), &json!({})).await.status));
    stolen.get(&cart.path("")).await.refused(404, "not_found");
    // Claiming again changes nothing.
    owner.with_cart_token(&cart.token).post(&cart.path("/claim"), &json!({})).await.ok();
}

async fn a_stale_cart_is_not_overwritten(server: Rc<TestServer>) {
    let visitor = server.visitor();
    let cart = visitor.open_cart("legalinvoice-pro", 1).await;
    let holder = visitor.with_cart_token(&cart.token);
    let tag = holder.get(&cart.path("")).await.with_status(200).header("etag");
    let put = |tag: String| {
        let call = holder.call(Method::PUT, &cart.path("/coupon")).header("If-Match", &tag);
        call.json(&json!({ "code": "SCONTO20" })).send()
    };
    let changed = put(tag.clone()).await.with_status(200);
    put(tag).await.refused(412, "stale_version");
    put(changed.header("etag")).await.with_status(200);
}

async fn coupons_take_off_what_they_promise(server: Rc<TestServer>) {
    let visitor = server.visitor();
    let plan = visitor.get("/v1/plans/legalinvoice-multi").await.ok();
    let net = cents(&plan, "/price/net");
    for (code, discount) in [("BENVENUTO100", net), ("sconto20", net / 5), ("MENO 10-euro", 1_000)] {
        let cart = visitor.open_cart("legalinvoice-multi", 1).await;
        let holder = visitor.with_cart_token(&cart.token);
        let priced = holder.put(&cart.path("/coupon"), &json!({ "code": code })).await.ok();
        assert_eq!(cents(&priced, "/totals/discount"), discount, "{code}");
        assert_eq!(cents(&priced, "/totals/vat"), ((net - discount) * 2_200 + 5_000) / 10_000);
        assert_eq!(cents(&priced, "/totals/gross"), net - discount + cents(&priced, "/totals/vat"));
        assert_eq!(priced["coupon"]["applied"], true);
        let check = visitor.post("/v1/coupon-checks", &json!({ "code": code, "plan_id": plan["id"] })).await.ok();
        assert_eq!(check["totals"], priced["totals"]);
        let needs_payment = texts(&priced["missing"]).contains(&"payment_method".to_owned());
        assert_eq!(needs_payment, cents(&priced, "/totals/due") > 0);
        let bare = holder.delete(&cart.path("/coupon")).await.ok();
        assert_eq!((cents(&bare, "/totals/discount"), &bare["coupon"]), (0, &Value::Null));
    }
}

async fn coupons_are_refused_for_a_reason(server: Rc<TestServer>) {
    let visitor = server.visitor();
    let cart = visitor.open_cart("legalinvoice-pro", 1).await;
    let holder = visitor.with_cart_token(&cart.token);
    holder.put(&cart.path("/coupon"), &json!({ "code": "SCONTO20" })).await.ok();
    for code in ["NONESISTE", "' OR 1=1 --", "💥"] {
        holder.put(&cart.path("/coupon"), &json!({ "code": code })).await.refused(422, "coupon_not_valid");
    }
    holder.put(&cart.path("/coupon"), &json!({ "code": "" })).await.refused(422, "invalid_fields");
    holder.put(&cart.path("/coupon"), &json!({ "code": "X".repeat(65) })).await.refused(422, "invalid_fields");
    let kept = holder.get(&cart.path("")).await.ok();
    assert_eq!(kept["coupon"]["code"], "SCONTO20", "a refused coupon leaves the other where it is");
}

/// A campaign with one code.
pub async fn campaign(administrator: &Caller, code: &str, settings: Value) -> Value {
    let mut body = json!({ "name": code, "kind": "free" });
    body.as_object_mut().expect("an object").extend(settings.as_object().cloned().unwrap_or_default());
    let campaign = administrator.post("/v1/back-office/coupon-campaigns", &body).await.created();
    let codes = format!("/v1/back-office/coupon-campaigns/{}/codes", text(&campaign, "/id"));
    administrator.post(&codes, &json!({ "code": code })).await.created();
    campaign
}

async fn a_coupon_holds_for_its_window_plans_and_customers(server: Rc<TestServer>) {
    let administrator = server.visitor().administrator().await;
    let customer = Customer::fresh(&server).await;
    let (pro, multi) = (customer.plan_id("legalinvoice-pro").await, customer.plan_id("legalinvoice-multi").await);
    campaign(&administrator, "DOMANI", json!({ "starts_at": "2099-01-01T00:00:00Z" })).await;
    campaign(&administrator, "IERI", json!({ "ends_at": "2020-01-01T00:00:00Z" })).await;
    campaign(&administrator, "SOLOMULTI", json!({ "plan_ids": [multi] })).await;
    campaign(&administrator, "UNAVOLTA", json!({ "max_uses_per_customer": 1 })).await;
    let check = |code: &'static str, plan: String| {
        let customer = customer.clone();
        async move { customer.post("/v1/coupon-checks", &json!({ "code": code, "plan_id": plan })).await }
    };
    check("DOMANI", pro.clone()).await.refused(422, "coupon_not_started");
    check("IERI", pro.clone()).await.refused(422, "coupon_expired");
    check("SOLOMULTI", pro).await.refused(422, "coupon_not_for_plan");
    check("SOLOMULTI", multi).await.ok();
    let first = customer.filled_cart("legalinvoice-pro", 1, Some("UNAVOLTA")).await;
    let second = customer.filled_cart("legalinvoice-pro", 1, Some("UNAVOLTA")).await;
    customer.check_out(&first).await.created();
    // Another profile of the same codice fiscale is the same customer.
    customer.check_out(&second).await.refused(409, "coupon_limit_reached");
    let duplicate = json!({ "code": "una-volta" });
    let campaigns = items(&administrator.get("/v1/back-office/coupon-campaigns").await.ok());
    let path = format!("/v1/back-office/coupon-campaigns/{}/codes", text(&campaigns[0], "/id"));
    administrator.post(&path, &duplicate).await.refused(409, "coupon_code_taken");
}

async fn a_zero_total_is_confirmed_at_once(server: Rc<TestServer>) {
    let customer = Customer::fresh(&server).await;
    let cart = customer.filled_cart("legalinvoice-multi", 1, Some("BENVENUTO100")).await;
    let methods = customer.get(&cart.path("/payment-methods")).await.ok();
    assert!(items(&methods).is_empty(), "none is needed at zero: {methods:#}");
    let placed = customer.check_out(&cart).await.with_status(201);
    let order = placed.json();
    assert_eq!((&order["status"], cents(&order, "/totals/gross")), (&json!("confirmed"), 0));
    assert_eq!(order["payments"], json!([]));
    assert_eq!(placed.header("location"), format!("/v1/orders/{}", text(&order, "/id")));
    let read = customer.get(&placed.header("location")).await.ok();
    assert_eq!(read["lines"], order["lines"]);
    assert_eq!(read["activation_requests"].as_array().map(Vec::len), Some(1), "{read:#}");
    let mail = customer
        .wait_for_mail(&customer.person.email, |mail| text(mail, "/text").contains(&text(&order, "/number")))
        .await;
    assert!(text(&mail, "/html").contains(&text(&order, "/number")));
    let timeline = customer.get(&format!("{}/timeline", placed.header("location"))).await.ok();
    assert!(!items(&timeline).is_empty());
    customer.get(&cart.path("")).await.ok();
    let holder = customer.put(&cart.path("/coupon"), &json!({ "code": "SCONTO20" })).await;
    holder.refused(409, "cart_not_open");
}

async fn checkout_needs_a_key_and_a_whole_cart(server: Rc<TestServer>) {
    let customer = Customer::fresh(&server).await;
    let cart = customer.claimed_cart("legalinvoice-pro", 1).await;
    customer.post(&cart.path("/checkout"), &json!({})).await.refused(400, "idempotency_key_required");
    for key in ["", " ", &"k".repeat(256)] {
        let answer = customer.post_once(&cart.path("/checkout"), key, &json!({})).await;
        assert_eq!(answer.problem()["status"], 400, "key `{key}`");
    }
    let problem = customer.check_out(&cart).await.refused(409, "cart_incomplete");
    assert_eq!(texts(&problem["missing"]), ["billing_profile", "payment_method"]);
    let unclaimed = customer.open_cart("legalinvoice-pro", 1).await;
    let holder = customer.with_cart_token(&unclaimed.token);
    let answer = holder.post_once(&unclaimed.path("/checkout"), &fresh_key(), &json!({})).await;
    assert_eq!(answer.problem()["status"], 409);
    let method = customer.put(&cart.path("/payment-method"), &json!({ "method": "cash" })).await;
    method.refused(422, "invalid_fields");
    assert!(items(&customer.get("/v1/orders").await.ok()).is_empty());
}

async fn checkout_is_done_once(server: Rc<TestServer>) {
    let customer = Customer::fresh(&server).await;
    let cart = customer.filled_cart("legalinvoice-pro", 1, Some("BENVENUTO100")).await;
    let key = fresh_key();
    let first = customer.post_once(&cart.path("/checkout"), &key, &json!({})).await.with_status(201);
    let again = customer.post_once(&cart.path("/checkout"), &key, &json!({})).await.with_status(201);
    assert_eq!(first.body, again.body, "byte for byte");
    let other_body = json!({ "expected_total": { "amount": 1, "currency": "EUR" } });
    customer.post_once(&cart.path("/checkout"), &key, &other_body).await.refused(422, "idempotency_key_reused");
    let other_key = customer.check_out(&cart).await.refused(409, "cart_not_open");
    assert!(other_key.to_string().contains(&text(&first.json(), "/id")), "it names the order: {other_key:#}");
    assert_eq!(items(&customer.get("/v1/orders").await.ok()).len(), 1);
}

async fn a_changed_total_is_not_charged(server: Rc<TestServer>) {
    let customer = Customer::fresh(&server).await;
    let cart = customer.filled_cart("legalinvoice-pro", 1, None).await;
    let shown = customer.put(&cart.path("/payment-method"), &json!({ "method": "bank_transfer" })).await.ok();
    let gross = cents(&shown, "/totals/gross");
    let expecting = |amount: i64| json!({ "expected_total": { "amount": amount, "currency": "EUR" } });
    let refused = customer.post_once(&cart.path("/checkout"), &fresh_key(), &expecting(gross - 1)).await;
    let refused = refused.refused(409, "total_changed");
    assert_eq!(cents(&refused, "/totals/gross"), gross);
    customer.post_once(&cart.path("/checkout"), &fresh_key(), &expecting(gross)).await.created();
}

async fn order_numbers_have_no_gaps(server: Rc<TestServer>) {
    let customer = Customer::fresh(&server).await;
    let mut numbers = Vec::new();
    for _ in 0..3 {
        numbers.push(text(&customer.buy_for_nothing("legalinvoice-start").await, "/number"));
        // A checkout that fails takes no number.
        let incomplete = customer.claimed_cart("legalinvoice-start", 1).await;
        customer.check_out(&incomplete).await.refused(409, "cart_incomplete");
    }
    let last = |number: &String| number.rsplit('-').next().and_then(|digits| digits.parse::<u32>().ok()).expect("a number");
    let counted: Vec<u32> = numbers.iter().map(last).collect();
    assert_eq!(counted, [1, 2, 3], "{numbers:?}");
    let listed: Vec<String> = items(&customer.get("/v1/orders").await.ok()).iter().map(|order| text(order, "/number")).collect();
    numbers.reverse();
    assert_eq!(listed, numbers, "newest first");
}

async fn a_card_payment_confirms_the_order_or_may_be_tried_again(server: Rc<TestServer>) {
    let customer = Customer::fresh(&server).await;
    let order = customer.buy("legalinvoice-multi", "card").await;
    assert_eq!(order["status"], "pending_payment");
    assert!(text(&order, "/payments/0/redirect_url").starts_with("http"));
    assert_eq!(cents(&order, "/payments/0/amount"), cents(&order, "/totals/due"));
    let path = format!("/v1/orders/{}", text(&order, "/id"));
    let decide = |payment: String, outcome: &'static str| {
        let customer = customer.clone();
        async move {
            customer.post(&format!("/v1/sandbox/payments/{payment}/outcome"), &json!({ "outcome": outcome })).await
        }
    };
    let page = customer.get(&format!("/v1/sandbox/payments/{}", text(&order, "/payments/0/id"))).await.with_status(200);
    assert!(page.header("content-type").starts_with("text/html"));
    decide(text(&order, "/payments/0/id"), "failed").await.ok();
    assert_eq!(customer.get(&path).await.ok()["status"], "pending_payment");
    customer.post(&format!("{path}/payments"), &json!({ "method": "card" })).await.refused(400, "idempotency_key_required");
    let key = fresh_key();
    let retried = customer.post_once(&format!("{path}/payments"), &key, &json!({ "method": "card" })).await.with_status(201);
    let same = customer.post_once(&format!("{path}/payments"), &key, &json!({ "method": "card" })).await.with_status(201);
    assert_eq!(retried.body, same.body);
    let open = retried.json()["payments"].as_array().expect("payments").last().cloned().expect("a payment");
    decide(text(&open, "/id"), "succeeded").await.ok();
    let confirmed = customer.get(&path).await.ok();
    assert_eq!(confirmed["status"], "confirmed", "{confirmed:#}");
    assert_eq!(confirmed["activation_requests"].as_array().map(Vec::len), Some(1));
    // The same word again, and a contrary one, change nothing.
    decide(text(&open, "/id"), "succeeded").await;
    decide(text(&open, "/id"), "failed").await;
    assert_eq!(customer.get(&path).await.ok()["status"], "confirmed");
    assert_eq!(customer.get(&path).await.ok()["activation_requests"].as_array().map(Vec::len), Some(1));
    let again = customer.post_once(&format!("{path}/payments"), &fresh_key(), &json!({ "method": "card" })).await;
    assert_eq!(again.problem()["status"], 409);
}

async fn a_bank_transfer_confirms_the_order_when_all_has_come(server: Rc<TestServer>) {
    let (customer, administrator) = (Customer::fresh(&server).await, server.visitor().administrator().await);
    let order = customer.buy("legalinvoice-pro", "bank_transfer").await;
    assert_eq!((&order["status"], &order["payments"][0]["status"]), (&json!("pending_payment"), &json!("awaiting_funds")));
    let due = cents(&order, "/totals/due");
    let path = format!("/v1/back-office/orders/{}/bank-transfers", text(&order, "/id"));
    let record = |amount: i64, key: String| {
        let body = json!({ "amount": { "amount": amount, "currency": "EUR" }, "reference": "TRN 1", "received_on": "2026-11-24" });
        let (administrator, path) = (administrator.clone(), path.clone());
        async move { administrator.post_once(&path, &key, &body).await }
    };
    for amount in [0, -1] {
        record(amount, fresh_key()).await.refused(422, "invalid_fields");
    }
    let key = fresh_key();
    let partial = record(due - 100, key.clone()).await.created();
    assert_eq!((&partial["status"], &partial["payments"][0]["status"]), (&json!("pending_payment"), &json!("partially_received")));
    assert_eq!(record(due - 100, key).await.created(), partial, "the retry is not a second transfer");
    let whole = record(100, fresh_key()).await.created();
    assert_eq!((&whole["status"], &whole["payments"][0]["status"]), (&json!("confirmed"), &json!("succeeded")));
    assert_eq!(cents(&whole, "/payments/0/received"), due);
}

async fn an_unpaid_order_expires_and_gives_its_coupon_back(server: Rc<TestServer>) {
    let (customer, administrator) = (Customer::fresh(&server).await, server.visitor().administrator().await);
    let settings = json!({ "kind": "percentage", "percent_basis_points": 5_000, "max_uses": 1 });
    let campaign = campaign(&administrator, "ULTIMO", settings).await;
    let used = |administrator: Caller| {
        let path = format!("/v1/back-office/coupon-campaigns/{}", text(&campaign, "/id"));
        async move { administrator.get(&path).await.ok()["used"].clone() }
    };
    let cart = customer.filled_cart("legalinvoice-pro", 1, Some("ULTIMO")).await;
    customer.put(&cart.path("/payment-method"), &json!({ "method": "card" })).await.ok();
    let order = customer.check_out(&cart).await.created();
    assert_eq!(used(administrator.clone()).await, 1, "held from checkout on");
    let plan = customer.plan_id("legalinvoice-pro").await;
    let check = customer.post("/v1/coupon-checks", &json!({ "code": "ULTIMO", "plan_id": plan })).await;
    check.refused(422, "coupon_not_valid");
    customer.advance_clock(40 * 24 * 3600).await;
    let customer_again = server.visitor().log_in(&customer.person.email, crate::support::people::PASSWORD).await;
    let path = format!("/v1/orders/{}", text(&order, "/id"));
    customer_again.wait_until(&path, |order| order["status"] == "expired").await;
    let administrator = server.visitor().administrator().await;
    assert_eq!(used(administrator).await, 0, "given back");
    let late = customer_again.post_once(&format!("{path}/payments"), &fresh_key(), &json!({ "method": "card" })).await;
    assert_eq!(late.problem()["status"], 409);
}

async fn a_pending_order_can_be_cancelled_once(server: Rc<TestServer>) {
    let customer = Customer::fresh(&server).await;
    let order = customer.buy("legalinvoice-pro", "bank_transfer").await;
    let path = format!("/v1/orders/{}/cancellation", text(&order, "/id"));
    let cancelled = customer.post(&path, &json!({})).await;
    assert!([200, 201].contains(&cancelled.status), "{}", cancelled.text());
    assert_eq!(cancelled.json()["status"], "cancelled");
    assert_eq!(customer.post(&path, &json!({})).await.problem()["status"], 409);
    let confirmed = customer.buy_for_nothing("legalinvoice-pro").await;
    let path = format!("/v1/orders/{}/cancellation", text(&confirmed, "/id"));
    assert_eq!(customer.post(&path, &json!({})).await.problem()["status"], 409);
}

async fn a_public_body_pays_the_net(server: Rc<TestServer>) {
    let customer = Customer::fresh(&server).await;
    let cart = customer.claimed_cart("legalinvoice-multi", 1).await;
    let public_body = json!({ "kind": "public_body", "business_name": "Comune di Prova", "codice_fiscale": fresh_partita_iva(),
        "codice_destinatario": "UFABC1", "address": address() });
    let profile = customer.billing_profile(&public_body).await;
    let choice = json!({ "billing_profile_id": profile });
    let priced = customer.put(&cart.path("/billing-profile"), &choice).await.ok();
    assert!(cents(&priced, "/totals/vat") > 0);
    assert_eq!(cents(&priced, "/totals/due"), cents(&priced, "/totals/net"), "art. 17-ter");
    let foreign = json!({ "kind": "foreign", "business_name": "Beispiel GmbH", "vat_number": "DE123456789",
        "address": { "street": "Beispielweg 1", "postal_code": "10115", "municipality": "Berlin", "country": "DE" } });
    let profile = customer.billing_profile(&foreign).await;
    let warned = customer.put(&cart.path("/billing-profile"), &json!({ "billing_profile_id": profile })).await.ok();
    assert!(texts(&warned["warnings"]).contains(&"holder_must_be_italian".to_owned()));
    let stranger = Customer::fresh(&server).await;
    let theirs = stranger.billing_profile(&stranger.person.billing_details()).await;
    let answer = customer.put(&cart.path("/billing-profile"), &json!({ "billing_profile_id": theirs })).await;
    assert!([404, 422].contains(&answer.problem()["status"].as_u64().unwrap_or(0)), "another's profile");
}

async fn a_forged_notification_changes_nothing(server: Rc<TestServer>) {
    let customer = Customer::fresh(&server).await;
    let order = customer.buy("legalinvoice-pro", "card").await;
    let body = json!({ "reference": order["payments"][0]["id"], "outcome": "succeeded" }).to_string();
    let visitor = server.visitor();
    let send = |provider: &str, signature: &str| {
        visitor
            .call(Method::POST, &format!("/v1/payment-notifications/{provider}"))
            .header("webhook-id", "msg_1")
            .header("webhook-timestamp", "1790000000")
            .header("webhook-signature", signature)
            .body("application/json", body.clone())
            .send()
    };
    for signature in ["v1,AAAA", "", "v1,", "garbage"] {
        send("sandbox", signature).await.refused(401, "signature_invalid");
    }
    send("nobody", "v1,AAAA").await.refused(404, "not_found");
    let path = format!("/v1/orders/{}", text(&order, "/id"));
    assert_eq!(customer.get(&path).await.ok()["status"], "pending_payment");
}
