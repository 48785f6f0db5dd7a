//! Requests that come twice, too late, out of order, or on a condition that does not hold.

use std::rc::Rc;

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::actors::{Caller, customer, person_profile, ready_cart, registration};
use crate::support::expect::{items, text};
use crate::support::owner::Owner;
use crate::support::server::TestServer;
use crate::support::suite::Suite;

/// Puts this module's tests on the list.
pub fn register(suite: &mut Suite) {
    suite.on_both("hostile::a_key_binds_one_request_of_one_caller", a_key_binds_one_request_of_one_caller);
    suite.on_both("hostile::one_key_sent_at_once_has_one_effect", one_key_sent_at_once_has_one_effect);
    suite.on_both("hostile::keys_that_are_none_are_refused", keys_that_are_none_are_refused);
    suite.on_both("hostile::a_write_on_a_stale_version_changes_nothing", a_write_on_a_stale_version_changes_nothing);
    suite.on_both("hostile::steps_out_of_order_change_nothing", steps_out_of_order_change_nothing);
    suite.on_both("hostile::tokens_come_too_late", tokens_come_too_late);
    suite.on_both("hostile::money_that_no_ledger_holds_is_refused", money_that_no_ledger_holds_is_refused);
}

const PROFILES: &str = "/v1/billing-profiles";

async fn delete(caller: &Caller, path: &str) -> crate::support::expect::Answer {
    caller.send(Method::DELETE, path, None).await
}

async fn count_of_profiles(caller: &Caller) -> usize {
    items(&caller.get(PROFILES).await.ok()).len()
}

async fn a_key_binds_one_request_of_one_caller(server: Rc<TestServer>) {
    let caller = customer(&server, "keys@example.com").await;
    let keyed = caller.with("idempotency-key", "one");
    let mut wrong = person_profile();
    wrong["codice_fiscale"] = json!("RSSMRA85T10A562T");
    // A refusal is not kept: the same key serves the corrected request.
    keyed.post(PROFILES, wrong).await.refused(422, "invalid_fields");
    let first = keyed.post(PROFILES, person_profile()).await.with_status(201);
    let again = keyed.post(PROFILES, person_profile()).await.with_status(201);
    assert_eq!(
        (&first.body, first.header("location"), first.header("etag")),
        (&again.body, again.header("location"), again.header("etag"))
    );
    let mut other = person_profile();
    other["address"]["street"] = json!("Via Roma 2");
    keyed.post(PROFILES, other).await.refused(422, "idempotency_key_reused");
    // The same body with other spaces is another body.
    let spaced = serde_json::to_string_pretty(&person_profile()).expect("JSON");
    keyed.send_bytes(Method::POST, PROFILES, "application/json", spaced).await.refused(422, "idempotency_key_reused");
    let cart = ready_cart(&server, &caller).await;
    let elsewhere = format!("/v1/carts/{cart}/checkout");
    keyed.post(&elsewhere, json!({})).await.refused(422, "idempotency_key_reused");
    assert_eq!(count_of_profiles(&caller).await, 2, "one of them the cart's");
    // Keys are each caller's own.
    let stranger = customer(&server, "stranger@example.com").await;
    let theirs = stranger.with("idempotency-key", "one").post(PROFILES, person_profile()).await.created();
    assert_ne!(theirs["id"], first.json()["id"]);
    // Paths that know no caller ignore the key.
    let nobody = server.visitor().with("idempotency-key", "one");
    nobody.post("/v1/accounts", registration("new@example.com")).await.created();
    nobody.post("/v1/accounts", registration("new@example.com")).await.refused(409, "email_taken");
    // After a day the key is as good as new.
    server.visitor().post("/v1/sandbox/clock", json!({ "advance_seconds": 24 * 3600 })).await.ok();
    let login = json!({ "email": "keys@example.com", "password": "una frase che ricordo" });
    let session = server.visitor().post("/v1/sessions", login).await.created();
    let later = server.visitor().with("authorization", &format!("Bearer {}", text(&session, "/access_token")));
    later.with("idempotency-key", "one").post(PROFILES, person_profile()).await.created();
    assert_eq!(count_of_profiles(&later).await, 3);
}

async fn one_key_sent_at_once_has_one_effect(server: Rc<TestServer>) {
    let caller = customer(&server, "atonce@example.com").await;
    let keyed = caller.with("idempotency-key", "one");
    let answers = join_all((0..12).map(|_| keyed.post(PROFILES, person_profile()))).await;
    let first = answers.iter().find(|answer| answer.status == 201).expect("one was done").body.clone();
    for answer in answers {
        match answer.status {
            201 => assert_eq!(answer.body, first),
            _ => drop(answer.refused(409, "idempotency_in_progress")),
        }
    }
    assert_eq!(count_of_profiles(&caller).await, 1);
    // The same for an order that leaves the transaction to open a payment.
    let cart = ready_cart(&server, &caller).await;
    caller.put(&format!("/v1/carts/{cart}/payment-method"), json!({ "method": "card" })).await.ok();
    let path = format!("/v1/carts/{cart}/checkout");
    let buyer = caller.with("idempotency-key", "two");
    let answers = join_all((0..12).map(|_| buyer.post(&path, json!({})))).await;
    let first = answers.iter().find(|answer| answer.status == 201).expect("one was done").body.clone();
    for answer in answers {
        match answer.status {
            201 => assert_eq!(answer.body, first),
            _ => drop(answer.refused(409, "idempotency_in_progress")),
        }
    }
    let order = &items(&caller.get("/v1/orders").await.ok())[0];
    assert_eq!(
        (order["payments"].as_array().map(Vec::len), items(&caller.get("/v1/orders").await.ok()).len()),
        (Some(1), 1)
    );
    assert_eq!(buyer.post(&path, json!({})).await.with_status(201).body, first);
}

async fn keys_that_are_none_are_refused(server: Rc<TestServer>) {
    let caller = customer(&server, "nokeys@example.com").await;
    for key in ["", " ", "k k", "k\tk", "clé", &"k".repeat(256)] {
        let answer = caller.with("idempotency-key", key).post(PROFILES, person_profile()).await;
        answer.refused(400, "malformed_request");
    }
    assert_eq!(count_of_profiles(&caller).await, 0);
    let longest = caller.with("idempotency-key", &"k".repeat(255));
    longest.post(PROFILES, person_profile()).await.created();
}

async fn a_write_on_a_stale_version_changes_nothing(server: Rc<TestServer>) {
    let owner = Owner::create(&server).await;
    let before = owner.state(&server).await;
    let writes: &[(&str, &str)] = &[
        ("POST /v1/carts/<cart>/items", r#"{"plan_id":"<plan>","quantity":1}"#),
        ("PATCH /v1/carts/<cart>/items/<item>", r#"{"quantity":2}"#),
        ("DELETE /v1/carts/<cart>/items/<item>", ""),
        ("PUT /v1/carts/<cart>/coupon", r#"{"code":"SCONTO20"}"#),
        ("DELETE /v1/carts/<cart>/coupon", ""),
        ("PUT /v1/carts/<cart>/billing-profile", r#"{"billing_profile_id":"<bprof>"}"#),
        ("PUT /v1/carts/<cart>/payment-method", r#"{"method":"card"}"#),
        ("POST /v1/carts/<cart>/claim", ""),
        ("POST /v1/carts/<cart>/checkout", "{}"),
        (
            "PUT /v1/billing-profiles/<bprof>",
            r#"{"kind":"association","business_name":"Amici","codice_fiscale":"00743110157","address":{"street":"Via Roma 1","postal_code":"20121","municipality":"Milano","province":"MI"}}"#,
        ),
        ("DELETE /v1/billing-profiles/<bprof>", ""),
    ];
    let cart = owner.caller.get(&owner.fill("/v1/carts/<cart>")).await.with_status(200).header("etag");
    let profile = owner.caller.get(&owner.fill("/v1/billing-profiles/<bprof>")).await.with_status(200).header("etag");
    for (route, body) in writes {
        let (method, path) = route.split_once(' ').expect("a method and a path");
        let method: Method = method.parse().expect("a method");
        let current = if path.starts_with("/v1/carts") { &cart } else { &profile };
        // RFC 9110 §13.1.1: a weak tag never matches here.
        let weak = format!("W/{current}");
        let bare = current.trim_matches('"');
        for tag in ["\"v0\"", "\"v999999\"", "\"\"", "garbage", "\"v1", &weak, bare, "\"v0\", \"v999\"", "v", "**"] {
            let caller = owner.caller.with("if-match", tag);
            owner.call(&caller, &method, &owner.fill(path), body).await.refused(412, "stale_version");
        }
    }
    let claimant = owner.caller.with("x-cart-token", &owner.loose_cart_token);
    let claim = format!("/v1/carts/{}/claim", owner.loose_cart);
    let claim_if = |tag: &str| {
        let (claimant, claim) = (claimant.with("if-match", tag), claim.clone());
        async move { claimant.post(&claim, json!({ "merge": false })).await }
    };
    claim_if("\"v0\"").await.refused(412, "stale_version");
    assert_eq!(owner.state(&server).await, before);
    let holder = server.visitor().with("x-cart-token", &owner.loose_cart_token);
    let loose = holder.get(&format!("/v1/carts/{}", owner.loose_cart)).await.with_status(200).header("etag");
    let claimed = claim_if(&loose).await.with_status(200);
    claim_if(&claimed.header("etag")).await.ok();
    claim_if(&loose).await.refused(412, "stale_version");
    for tag in ["*", &cart, &format!("\"v0\", {cart}")] {
        let path = owner.fill("/v1/carts/<cart>/payment-method");
        let fresh = owner.caller.get(&owner.fill("/v1/carts/<cart>")).await.header("etag");
        let tag = tag.replace(&cart, &fresh);
        owner.caller.with("if-match", &tag).put(&path, json!({ "method": "card" })).await.ok();
    }
    // What was bought under its version is answered to a retry, whose version is an old one by then.
    let fresh = owner.caller.get(&owner.fill("/v1/carts/<cart>")).await.header("etag");
    let buyer = owner.caller.with("if-match", &fresh).with("idempotency-key", "on-condition");
    let bought = buyer.post(&owner.fill("/v1/carts/<cart>/checkout"), json!({})).await.with_status(201);
    let again = buyer.post(&owner.fill("/v1/carts/<cart>/checkout"), json!({})).await.with_status(201);
    assert_eq!(bought.body, again.body);
}

async fn steps_out_of_order_change_nothing(server: Rc<TestServer>) {
    let owner = Owner::create(&server).await;
    let caller = &owner.caller;
    // Before its time.
    let unproved = text(&caller.get(&owner.fill("/v1/otp-challenges/<otp>")).await.ok(), "/activation_request_id");
    let before = owner.state(&server).await;
    let request = format!("/v1/activation-requests/{unproved}");
    let address = json!({ "street": "Via Roma 1", "postal_code": "20121", "municipality": "Milano", "province": "MI" });
    let holder = json!({ "holder_type": "person", "first_name": "Mario", "last_name": "Rossi", "codice_fiscale": "RSSMRA85T10A562S", "address": address });
    caller.put(&format!("{request}/holder"), holder.clone()).await.refused(409, "request_state_forbids");
    let applicant = json!({ "role": "holder", "first_name": "Mario", "last_name": "Rossi", "sex": "M", "birth_date": "1985-12-10", "birth_place": "Pisa", "codice_fiscale": "RSSMRA85T10A562S" });
    let proved = owner.fill("/v1/activation-requests/<areq>");
    caller.put(&format!("{request}/applicant"), applicant.clone()).await.refused(409, "request_state_forbids");
    caller.put(&format!("{proved}/applicant"), applicant.clone()).await.refused_field("/role", "not_the_holder");
    caller.post(&format!("{proved}/submission"), json!({})).await.refused(409, "requirements_due");
    caller.get(&format!("{proved}/service-access")).await.refused(409, "request_state_forbids");
    caller.post(&owner.fill("/v1/otp-challenges/<otp>/resend"), json!({})).await.refused(429, "otp_cool_down");
    assert_eq!(owner.state(&server).await, before);
    // A second time.
    let unpaid = owner.fill("/v1/orders/<ord>");
    caller.post(&format!("{unpaid}/cancellation"), json!({})).await.ok();
    let item = owner.fill("/v1/carts/<cart>/items/<item>");
    delete(caller, &item).await.with_status(200);
    caller.post(&format!("{proved}/cancellation"), json!({})).await.ok();
    let before = owner.state(&server).await;
    caller.post(&format!("{unpaid}/cancellation"), json!({})).await.refused(409, "order_state_forbids");
    let payer = caller.with("idempotency-key", "late");
    payer.post(&format!("{unpaid}/payments"), json!({ "method": "card" })).await.refused(409, "order_state_forbids");
    delete(caller, &item).await.refused(404, "not_found");
    for (step, body) in [("holder", &holder), ("applicant", &applicant)] {
        caller.put(&format!("{proved}/{step}"), body.clone()).await.refused(409, "request_state_forbids");
    }
    let code = json!({ "email": owner.things["email"] });
    caller.post(&format!("{proved}/otp-challenges"), code).await.refused(409, "request_state_forbids");
    caller.post(&format!("{proved}/cancellation"), json!({})).await.refused(409, "request_state_forbids");
    assert_eq!(owner.state(&server).await, before);
    // The cart of an order is closed.
    let cart = ready_cart(&server, caller).await;
    caller.put(&format!("/v1/carts/{cart}/coupon"), json!({ "code": "BENVENUTO100" })).await.ok();
    caller.check_out(&cart).await.created();
    let closed = caller.get(&format!("/v1/carts/{cart}")).await.ok();
    let method = json!({ "method": "card" });
    caller.put(&format!("/v1/carts/{cart}/payment-method"), method).await.refused(409, "cart_not_open");
    delete(caller, &format!("/v1/carts/{cart}/coupon")).await.refused(409, "cart_not_open");
    caller.check_out(&cart).await.refused(409, "cart_not_open");
    assert_eq!(caller.get(&format!("/v1/carts/{cart}")).await.ok(), closed);
}

async fn tokens_come_too_late(server: Rc<TestServer>) {
    let visitor = server.visitor();
    let registered = visitor.post("/v1/accounts", registration("late@example.com")).await.created();
    let advance = |seconds: i64| {
        let visitor = visitor.clone();
        async move { visitor.post("/v1/sandbox/clock", json!({ "advance_seconds": seconds })).await.ok() }
    };
    let refresh = |token: String| {
        let visitor = visitor.clone();
        async move { visitor.post("/v1/sessions/refresh", json!({ "refresh_token": token })).await }
    };
    let bearer = |session: &Value| visitor.with("authorization", &format!("Bearer {}", text(session, "/access_token")));
    let first = bearer(&registered["session"]);
    advance(540).await;
    first.get("/v1/account").await.ok();
    advance(60).await;
    first.get("/v1/account").await.refused(401, "unauthenticated");
    let old = text(&registered, "/session/refresh_token");
    let second = refresh(old.clone()).await.ok();
    bearer(&second).get("/v1/account").await.ok();
    // Whoever comes with the old one after that may have stolen it: the family dies, and every token of it.
    refresh(old.clone()).await.refused(401, "refresh_token_reused");
    bearer(&second).get("/v1/account").await.refused(401, "unauthenticated");
    refresh(text(&second, "/refresh_token")).await.refused(401, "invalid_refresh_token");
    refresh(old).await.refused(401, "invalid_refresh_token");
    // A session that nobody used for thirty days has ended.
    let login = json!({ "email": "late@example.com", "password": "una frase che ricordo" });
    let idle = visitor.post("/v1/sessions", login).await.created();
    advance(30 * 24 * 3600).await;
    refresh(text(&idle, "/refresh_token")).await.refused(401, "invalid_refresh_token");
}

async fn money_that_no_ledger_holds_is_refused(server: Rc<TestServer>) {
    let caller = customer(&server, "rich@example.com").await;
    let cart = ready_cart(&server, &caller).await;
    caller.put(&format!("/v1/carts/{cart}/payment-method"), json!({ "method": "bank_transfer" })).await.ok();
    let order = text(&caller.check_out(&cart).await.created(), "/id");
    let administrator = server.visitor().logged_in_as("admin@example.com").await;
    let path = format!("/v1/back-office/orders/{order}/bank-transfers");
    let transfer = |cents: i64, on: &str| {
        let mut transfer = crate::support::payments::transfer(cents);
        transfer["received_on"] = json!(on);
        transfer
    };
    let send = |key: &'static str, body: Value| {
        let (administrator, path) = (administrator.with("idempotency-key", key), path.clone());
        async move { administrator.post(&path, body).await }
    };
    send("one", transfer(100, "2026-11-24")).await.created();
    let before = caller.get(&format!("/v1/orders/{order}")).await.ok();
    for (key, cents) in [("two", i64::MAX), ("three", i64::MAX - 100), ("four", 1_000_000_000_001)] {
        send(key, transfer(cents, "2026-11-24")).await.refused_field("/amount/amount", "range");
    }
    // RFC 3339 has years of four digits.
    for (key, day) in [("five", "+12345-01-01"), ("six", "-0001-01-01"), ("seven", "12345-01-01")] {
        send(key, transfer(100, day)).await.refused_field("/received_on", "invalid_value");
    }
    assert_eq!(caller.get(&format!("/v1/orders/{order}")).await.ok(), before);
    for time in ["+12345-01-01T00:00:00Z", "-0001-01-01T00:00:00Z", "2026-11-24", "2026-11-24T25:00:00Z", "1e9"] {
        let campaign = json!({ "name": "X", "kind": "free", "ends_at": time });
        let answer = administrator.post("/v1/back-office/coupon-campaigns", campaign).await;
        answer.refused_field("/ends_at", "invalid_value");
    }
    let large = json!({ "name": "X", "kind": "fixed_amount", "amount": { "amount": i64::MAX, "currency": "EUR" } });
    let large = administrator.post("/v1/back-office/coupon-campaigns", large).await.created();
    let codes = format!("/v1/back-office/coupon-campaigns/{}/codes", text(&large, "/id"));
    administrator.post(&codes, json!({ "code": "TUTTOVIA" })).await.created();
    let check =
        json!({ "code": "TUTTOVIA", "plan_id": crate::support::actors::plan_id(&server, "legalinvoice-pro").await });
    let checked = server.visitor().post("/v1/coupon-checks", check).await.ok();
    assert_eq!(crate::support::expect::cents(&checked, "/totals/due"), 0);
    administrator.get("/v1/back-office/coupon-campaigns").await.ok();
}
