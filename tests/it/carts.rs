//! Carts: merged when they are claimed, repriced when plans change, and closed in time.

use std::rc::Rc;

use futures_util::future::join_all;
use negozio::shop::carts::jobs::forget_closed;
use negozio::shop::orders::jobs::expire_overdue;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::actors::{AT_ONCE, Caller, customer, person_profile, plan_id};
use crate::support::expect::{Answer, cents, items, text, texts};
use crate::support::server::TestServer;

crate::on_both_engines!(
    the_open_cart_of_an_account_merges_into_the_one_it_claims,
    a_cart_can_be_kept_apart,
    carts_that_do_not_fit_together_stay_two,
    one_cart_claimed_by_thirty_two_at_once_merges_once,
    many_carts_claimed_at_once_end_up_in_one,
    a_price_that_rises_is_paid_by_nobody_who_has_not_seen_it,
    a_price_that_falls_is_simply_paid,
    a_cart_expires_and_is_forgotten,
);

const DAY: i64 = 24 * 3600;

/// A cart that nobody has claimed, with these plans in it: its path and token.
async fn opened(server: &TestServer, wanted: &[(&str, i32)]) -> (String, String) {
    let mut items = Vec::new();
    for (slug, quantity) in wanted {
        items.push(json!({ "plan_id": plan_id(server, slug).await, "quantity": quantity }));
    }
    let cart = server.visitor().post("/v1/carts", json!({ "items": items })).await.created();
    (format!("/v1/carts/{}", text(&cart, "/id")), text(&cart, "/token"))
}

async fn claim(caller: &Caller, (path, token): &(String, String), body: Value) -> Answer {
    caller.with("x-cart-token", token).post(&format!("{path}/claim"), body).await
}

/// How many of each plan are in a cart, by slug.
fn units(cart: &Value) -> Vec<(String, i64)> {
    let mut units: Vec<_> =
        items(cart).iter().map(|item| (text(item, "/slug"), item["quantity"].as_i64().expect("a quantity"))).collect();
    units.sort();
    units
}

fn expected(units: &[(&str, i64)]) -> Vec<(String, i64)> {
    units.iter().map(|(slug, quantity)| ((*slug).to_owned(), *quantity)).collect()
}

async fn the_open_cart_of_an_account_merges_into_the_one_it_claims(server: Rc<TestServer>) {
    let caller = customer(&server, "merge@example.com").await;
    let older = opened(&server, &[("legalinvoice-pro", 2), ("legalinvoice-multi", 1)]).await;
    claim(&caller, &older, json!({})).await.ok();
    caller.put(&format!("{}/coupon", older.0), json!({ "code": "SCONTO20" })).await.ok();
    let profile = text(&caller.post("/v1/billing-profiles", person_profile()).await.created(), "/id");
    caller.put(&format!("{}/billing-profile", older.0), json!({ "billing_profile_id": profile })).await.ok();
    caller.put(&format!("{}/payment-method", older.0), json!({ "method": "card" })).await.ok();

    let newer = opened(&server, &[("legalinvoice-start", 1), ("legalinvoice-pro", 1)]).await;
    let merged = claim(&caller, &newer, json!({})).await.with_status(200);
    let cart = merged.json();
    let all = expected(&[("legalinvoice-multi", 1), ("legalinvoice-pro", 3), ("legalinvoice-start", 1)]);
    assert_eq!(units(&cart), all);
    assert_eq!(text(&cart, "/coupon/code"), "SCONTO20");
    assert_eq!((text(&cart, "/billing_profile_id"), text(&cart, "/payment_method")), (profile, "card".to_owned()));
    assert_eq!((texts(&cart["missing"]), &cart["merged_into"]), (Vec::new(), &Value::Null));

    let ended = caller.get(&older.0).await.ok();
    assert_eq!((&ended["status"], &ended["merged_into"]), (&json!("merged"), &cart["id"]));
    let refused = caller.put(&format!("{}/coupon", older.0), json!({ "code": "SCONTO20" })).await;
    let problem = refused.refused(409, "cart_not_open");
    assert_eq!((&problem["cart_status"], &problem["merged_into"]), (&json!("merged"), &cart["id"]));
    caller.check_out(older.0.trim_start_matches("/v1/carts/")).await.refused(409, "cart_not_open");
    claim(&caller, &older, json!({})).await.ok();

    let again = claim(&caller, &newer, json!({})).await.with_status(200);
    assert_eq!((again.header("etag"), again.body), (merged.header("etag"), merged.body));
    let order = caller.check_out(&text(&cart, "/id")).await.created();
    assert_eq!(order["lines"].as_array().map(Vec::len), Some(3));
    // What was bought is no cart to merge any more.
    let next = opened(&server, &[("legalinvoice-start", 1)]).await;
    assert_eq!(units(&claim(&caller, &next, json!({})).await.ok()), expected(&[("legalinvoice-start", 1)]));
}

async fn a_cart_can_be_kept_apart(server: Rc<TestServer>) {
    let caller = customer(&server, "apart@example.com").await;
    let first = opened(&server, &[("legalinvoice-pro", 1)]).await;
    let second = opened(&server, &[("legalinvoice-start", 1)]).await;
    claim(&caller, &first, json!({})).await.ok();
    let kept = claim(&caller, &second, json!({ "merge": false })).await.ok();
    assert_eq!(units(&kept), expected(&[("legalinvoice-start", 1)]));
    assert_eq!(caller.get(&first.0).await.ok()["status"], "open");
    claim(&caller, &second, json!({ "merge": "no" })).await.refused_field("/merge", "invalid_value");
    claim(&caller, &second, json!({ "merges": true })).await.refused_field("/merges", "unknown_field");
}

async fn carts_that_do_not_fit_together_stay_two(server: Rc<TestServer>) {
    let caller = customer(&server, "full@example.com").await;
    let first = opened(&server, &[("legalinvoice-pro", 60), ("legalinvoice-start", 1)]).await;
    claim(&caller, &first, json!({})).await.ok();
    let second = opened(&server, &[("legalinvoice-pro", 41)]).await;
    assert_eq!(units(&claim(&caller, &second, json!({})).await.ok()), expected(&[("legalinvoice-pro", 41)]));
    let kept = caller.get(&first.0).await.ok();
    assert_eq!(units(&kept), expected(&[("legalinvoice-pro", 60), ("legalinvoice-start", 1)]));
    assert_eq!(kept["status"], "open");
}

async fn one_cart_claimed_by_thirty_two_at_once_merges_once(server: Rc<TestServer>) {
    let caller = customer(&server, "once@example.com").await;
    let older = opened(&server, &[("legalinvoice-pro", 2)]).await;
    claim(&caller, &older, json!({})).await.ok();
    let newer = opened(&server, &[("legalinvoice-pro", 1)]).await;
    let answers = join_all((0..AT_ONCE).map(|_| claim(&caller, &newer, json!({})))).await;
    for answer in answers {
        assert_eq!(units(&answer.ok()), expected(&[("legalinvoice-pro", 3)]));
    }
    assert_eq!(caller.get(&newer.0).await.with_status(200).header("etag"), "\"v2\"");
    assert_eq!(caller.get(&older.0).await.ok()["status"], "merged");
}

async fn many_carts_claimed_at_once_end_up_in_one(server: Rc<TestServer>) {
    let caller = customer(&server, "many@example.com").await;
    let mut carts = Vec::new();
    for _ in 0..12 {
        carts.push(opened(&server, &[("legalinvoice-pro", 2), ("legalinvoice-start", 1)]).await);
    }
    // Some write to their carts meanwhile: nobody waits for anybody in a circle.
    let claims = join_all(carts.iter().map(|cart| claim(&caller, cart, json!({}))));
    let writes = join_all(carts.iter().map(|(path, token)| {
        let holder = caller.with("x-cart-token", token);
        let path = format!("{path}/payment-method");
        async move { holder.put(&path, json!({ "method": "card" })).await }
    }));
    let (claimed, written) = futures_util::join!(claims, writes);
    for answer in claimed {
        answer.ok();
    }
    for answer in written {
        assert!([200, 409].contains(&answer.status), "{}", answer.text());
    }
    let mut open = Vec::new();
    for (path, _) in &carts {
        let cart = caller.get(path).await.ok();
        if cart["status"] == "open" {
            open.push(units(&cart));
        } else {
            assert_eq!(cart["status"], "merged");
        }
    }
    assert_eq!(open, [expected(&[("legalinvoice-pro", 24), ("legalinvoice-start", 12)])]);
}

/// Sets the net price of a plan.
async fn set_price(server: &TestServer, slug: &str, net_cents: i64) {
    let administrator = server.visitor().logged_in_as("admin@example.com").await;
    let path = format!("/v1/back-office/plans/{}/prices", plan_id(server, slug).await);
    let price = json!({ "net": { "amount": net_cents, "currency": "EUR" } });
    administrator.post(&path, price).await.created();
}

async fn a_price_that_rises_is_paid_by_nobody_who_has_not_seen_it(server: Rc<TestServer>) {
    let caller = customer(&server, "rise@example.com").await;
    let cart = crate::support::actors::ready_cart(&server, &caller).await;
    let path = format!("/v1/carts/{cart}");
    caller.put(&format!("{path}/payment-method"), json!({ "method": "card" })).await.ok();
    set_price(&server, "legalinvoice-pro", 6_900).await;
    let changed = caller.get(&path).await.ok();
    assert_eq!(texts(&changed["warnings"]), ["price_changed"]);
    let item = &changed["items"][0];
    assert_eq!((cents(item, "/previous_unit_price"), cents(item, "/unit_price")), (5_900, 6_900));
    assert_eq!(cents(&changed, "/totals/gross"), 8_418);

    let problem = caller.check_out(&cart).await.refused(409, "total_changed");
    assert_eq!(
        (cents(&problem, "/totals/gross"), texts(&problem["warnings"])),
        (8_418, vec!["price_changed".to_owned()])
    );
    let old = json!({ "expected_total": { "amount": 7_198, "currency": "EUR" } });
    let checkout = format!("{path}/checkout");
    let keyed = caller.with("idempotency-key", "old");
    let problem = keyed.post(&checkout, old).await.refused(409, "total_changed");
    assert_eq!(cents(&problem, "/totals/gross"), 8_418);
    // Setting the quantity accepts the price.
    let item_path = format!("{path}/items/{}", text(item, "/id"));
    let accepted = caller.send(Method::PATCH, &item_path, Some(json!({ "quantity": 1 }))).await.ok();
    assert_eq!(
        (texts(&accepted["warnings"]), &accepted["items"][0]["previous_unit_price"]),
        (Vec::new(), &Value::Null)
    );
    // So does naming the new total.
    set_price(&server, "legalinvoice-pro", 7_000).await;
    caller.check_out(&cart).await.refused(409, "total_changed");
    let new = json!({ "expected_total": { "amount": 8_540, "currency": "EUR" } });
    let order = caller.with("idempotency-key", "new").post(&checkout, new).await.created();
    assert_eq!((&order["lines"][0]["price_version"], cents(&order, "/totals/due")), (&json!(3), 8_540));
}

async fn a_price_that_falls_is_simply_paid(server: Rc<TestServer>) {
    let caller = customer(&server, "fall@example.com").await;
    let cart = crate::support::actors::ready_cart(&server, &caller).await;
    caller.put(&format!("/v1/carts/{cart}/payment-method"), json!({ "method": "card" })).await.ok();
    set_price(&server, "legalinvoice-pro", 4_900).await;
    assert_eq!(texts(&caller.get(&format!("/v1/carts/{cart}")).await.ok()["warnings"]), ["price_changed"]);
    assert_eq!(cents(&caller.check_out(&cart).await.created(), "/totals/gross"), 5_978);
}

async fn a_cart_expires_and_is_forgotten(server: Rc<TestServer>) {
    let (path, token) = opened(&server, &[("legalinvoice-pro", 1)]).await;
    let holder = server.visitor().with("x-cart-token", &token);
    let advance = async |seconds: i64| {
        server.visitor().post("/v1/sandbox/clock", json!({ "advance_seconds": seconds })).await.ok();
    };
    advance(29 * DAY).await;
    // Whoever touches it puts its end off.
    holder.put(&format!("{path}/payment-method"), json!({ "method": "card" })).await.ok();
    advance(29 * DAY).await;
    assert_eq!(holder.get(&path).await.ok()["status"], "open");
    advance(DAY + 1).await;
    assert_eq!(holder.get(&path).await.ok()["status"], "expired");
    let problem =
        holder.put(&format!("{path}/coupon"), json!({ "code": "SCONTO20" })).await.refused(409, "cart_not_open");
    assert_eq!(problem["cart_status"], "expired");
    let late = customer(&server, "late@example.com").await;
    claim(&late, &(path.clone(), token.clone()), json!({})).await.refused(409, "cart_not_open");
    forget_closed(server.shared_platform()).await.expect("the chore runs");
    holder.get(&path).await.ok();
    expire_overdue(server.shared_platform()).await.expect("the expiry is written down");
    advance(91 * DAY).await;
    forget_closed(server.shared_platform()).await.expect("the chore runs");
    holder.get(&path).await.refused(404, "not_found");
}
