//! When a coupon may be used, what a stranger learns, and that a held one stays good.

use std::rc::Rc;

use negozio::platform::config::{Config, RateLimits};
use reqwest::Method;
use serde_json::json;

use super::{CAMPAIGNS, add_code, administrator, campaign, coupon, due, loose_cart, merge, pay, used};
use crate::support::actors::{Caller, customer, plan_id, ready_cart};
use crate::support::expect::text;
use crate::support::server::{TestServer, make_live};
use crate::support::suite::Suite;

/// Puts this module's tests on the list.
pub fn register(suite: &mut Suite) {
    suite.on_both("coupons::a_coupon_says_why_it_is_refused", a_coupon_says_why_it_is_refused);
    suite.on_both("coupons::a_first_order_is_told_by_the_fiscal_subject", a_first_order_is_told_by_the_fiscal_subject);
    suite.on_both("coupons::coupons_do_not_add_up", coupons_do_not_add_up);
    suite.on_both("coupons::strangers_cannot_tell_codes_apart", strangers_cannot_tell_codes_apart);
    suite.on_both("coupons::a_held_coupon_stays_good", a_held_coupon_stays_good);
    suite.on_both("coupons::a_campaign_may_keep_the_uses_of_cancelled_orders", a_campaign_may_keep_uses);
    suite.on_both_with("coupons::guessing_is_limited_by_caller_and_by_cart", make_limited_shop, guessing_is_limited);
}

async fn a_coupon_says_why_it_is_refused(server: Rc<TestServer>) {
    let administrator = administrator(&server).await;
    let start = plan_id(&server, "legalinvoice-start").await;
    let minimum = json!({ "amount": 5_800, "currency": "EUR" });
    let cases = [
        ("MINIMO", json!({ "minimum_total": minimum }), "coupon_minimum_total"),
        ("PUBBLICO", json!({ "audiences": ["multi_company"] }), "coupon_not_for_audience"),
        ("PIANO", json!({ "plan_ids": [plan_id(&server, "legalinvoice-pro").await] }), "coupon_not_for_plan"),
        ("DOMANI", json!({ "starts_at": "2999-01-01T00:00:00Z" }), "coupon_not_started"),
        ("IERI", json!({ "ends_at": "2020-01-01T00:00:00Z" }), "coupon_expired"),
        ("SPENTO", json!({ "active": false }), "coupon_not_valid"),
    ];
    let (holder, cart) = loose_cart(&server, "legalinvoice-start", 1).await;
    for (code, terms, reason) in cases {
        let campaign = campaign(&administrator, terms).await;
        add_code(&administrator, &campaign, code).await;
        let problem = holder.put(&format!("{cart}/coupon"), coupon(code)).await.refused(422, reason);
        assert!(code != "MINIMO" || problem["minimum_total"] == minimum, "{problem:#}");
        let check = json!({ "code": code, "plan_id": start });
        server.visitor().post("/v1/coupon-checks", check).await.refused(422, reason);
    }
    // Two of € 29 come to the minimum, net and before the discount; with one of them taken out the cart says what is amiss.
    let (holder, cart) = loose_cart(&server, "legalinvoice-start", 2).await;
    let filled = holder.put(&format!("{cart}/coupon"), coupon("minimo")).await.ok();
    assert_eq!((due(&filled), &filled["coupon"]["reason"]), (0, &json!(null)));
    let item = format!("{cart}/items/{}", text(&filled, "/items/0/id"));
    let smaller = holder.send(Method::PATCH, &item, Some(json!({ "quantity": 1 }))).await.ok();
    assert_eq!((due(&smaller), &smaller["coupon"]["reason"]), (3_538, &json!("coupon_minimum_total")));
    assert_eq!(smaller["warnings"], json!(["coupon_not_applied"]));
    let (holder, cart) = loose_cart(&server, "legalinvoice-pro", 1).await;
    holder.put(&format!("{cart}/coupon"), coupon("PIANO")).await.ok();
}

async fn a_first_order_is_told_by_the_fiscal_subject(server: Rc<TestServer>) {
    let administrator = administrator(&server).await;
    let campaign = campaign(&administrator, json!({ "first_order_only": true })).await;
    add_code(&administrator, &campaign, "PRIMAVOLTA").await;
    let first = customer(&server, "first@example.com").await;
    let cart = ready_cart(&server, &first).await;
    first.put(&format!("/v1/carts/{cart}/payment-method"), json!({ "method": "card" })).await.ok();
    let bought = first.check_out(&cart).await.created();
    // Another account of the same person: an e-mail address is easily had.
    let second = customer(&server, "second@example.com").await;
    let cart = ready_cart(&server, &second).await;
    let path = format!("/v1/carts/{cart}/coupon");
    second.put(&path, coupon("PRIMAVOLTA")).await.refused(422, "coupon_first_order_only");
    first.post(&format!("/v1/orders/{}/cancellation", text(&bought, "/id")), json!({})).await.ok();
    assert_eq!(due(&second.put(&path, coupon("PRIMAVOLTA")).await.ok()), 0);
    let order = second.check_out(&cart).await.created();
    assert_eq!(order["status"], "confirmed");
    // While nobody is known it may be put on a cart; who is chosen afterwards decides.
    let (holder, cart) = loose_cart(&server, "legalinvoice-pro", 1).await;
    holder.put(&format!("{cart}/coupon"), coupon("PRIMAVOLTA")).await.ok();
    let token = holder.header("x-cart-token").expect("a token");
    first.with("x-cart-token", token).post(&format!("{cart}/claim"), json!({})).await.ok();
    let profile = text(&first.get("/v1/billing-profiles").await.ok(), "/items/0/id");
    let chosen = json!({ "billing_profile_id": profile });
    let shown = first.put(&format!("{cart}/billing-profile"), chosen).await.ok();
    assert_eq!((&shown["coupon"]["applied"], due(&shown)), (&json!(false), 7_198));
    first.put(&format!("{cart}/payment-method"), json!({ "method": "card" })).await.ok();
    let refusal = first.check_out(cart.trim_start_matches("/v1/carts/")).await;
    assert_eq!(refusal.refused(409, "coupon_no_longer_applies")["reason"], "coupon_first_order_only");
}

async fn coupons_do_not_add_up(server: Rc<TestServer>) {
    let (holder, cart) = loose_cart(&server, "legalinvoice-pro", 1).await;
    let path = format!("{cart}/coupon");
    holder.put(&path, coupon("SCONTO20")).await.ok();
    let problem = holder.put(&path, coupon("BENVENUTO100")).await.refused(409, "coupon_already_applied");
    assert_eq!(problem["coupon"], "SCONTO20");
    // Of a code that nobody could use, nothing else is said than on an empty cart.
    holder.put(&path, coupon("NESSUNO")).await.refused(422, "coupon_not_valid");
    let shown = holder.put(&path, coupon("sconto-20")).await.ok();
    assert_eq!((&shown["coupon"]["code"], due(&shown)), (&json!("SCONTO20"), 5_758));
    holder.send(Method::DELETE, &path, None).await.with_status(200);
    assert_eq!(due(&holder.put(&path, coupon("BENVENUTO100")).await.ok()), 0);
}

async fn strangers_cannot_tell_codes_apart(server: Rc<TestServer>) {
    let administrator = administrator(&server).await;
    let switched_off = campaign(&administrator, json!({})).await;
    let code = add_code(&administrator, &switched_off, "CODICESPENTO").await;
    administrator.patch(&format!("{switched_off}/codes/{code}"), json!({ "active": false })).await.ok();
    let inactive = campaign(&administrator, json!({ "active": false })).await;
    add_code(&administrator, &inactive, "CAMPAGNASPENTA").await;
    let archived = campaign(&administrator, json!({})).await;
    add_code(&administrator, &archived, "ARCHIVIATA").await;
    administrator.send(Method::DELETE, &archived, None).await.with_status(204);
    let exhausted = campaign(&administrator, json!({ "max_uses": 1 })).await;
    add_code(&administrator, &exhausted, "CAMPAGNAESAURITA").await;
    let free = campaign(&administrator, json!({})).await;
    let once = json!({ "code": "CODICEESAURITO", "max_uses": 1 });
    administrator.post(&format!("{free}/codes"), once).await.created();
    let buyer = customer(&server, "buyer@example.com").await;
    for code in ["CAMPAGNAESAURITA", "CODICEESAURITO"] {
        let cart = ready_cart(&server, &buyer).await;
        buyer.put(&format!("/v1/carts/{cart}/coupon"), coupon(code)).await.ok();
        buyer.check_out(&cart).await.created();
    }
    let (holder, cart) = loose_cart(&server, "legalinvoice-pro", 1).await;
    let plan = plan_id(&server, "legalinvoice-pro").await;
    let answers = |code: &'static str| {
        // The same identifier, so that nothing at all may differ.
        let (holder, cart, plan) = (holder.with("x-request-id", "same"), cart.clone(), plan.clone());
        async move {
            let put = holder.put(&format!("{cart}/coupon"), coupon(code)).await.with_status(422);
            let check =
                holder.post("/v1/coupon-checks", json!({ "code": code, "plan_id": plan })).await.with_status(422);
            (put.body, check.body)
        }
    };
    let unknown = answers("NESSUNO").await;
    // Its check character is right.
    assert_eq!(answers("2222222222222222").await, unknown);
    for code in ["CODICESPENTO", "CAMPAGNASPENTA", "ARCHIVIATA", "CAMPAGNAESAURITA", "CODICEESAURITO"] {
        assert_eq!(answers(code).await, unknown, "{code} is told from a code that does not exist");
    }
}

/// Whatever happens to the campaign between checkout and payment, the money that was asked for is enough.
async fn a_held_coupon_stays_good(server: Rc<TestServer>) {
    let caller = customer(&server, "held@example.com").await;
    let mut held = Vec::new();
    for (code, happens) in
        [("FINISCE", "ends"), ("SISPEGNE", "switched off"), ("SPARISCE", "deleted"), ("CAMBIA", "changed")]
    {
        let administrator = administrator(&server).await;
        let terms = json!({ "kind": "percentage", "percent_basis_points": 5_000, "max_uses": 1 });
        let campaign = campaign(&administrator, terms.clone()).await;
        let id = add_code(&administrator, &campaign, code).await;
        let cart = ready_cart(&server, &caller).await;
        caller.put(&format!("/v1/carts/{cart}/coupon"), coupon(code)).await.ok();
        caller.put(&format!("/v1/carts/{cart}/payment-method"), json!({ "method": "card" })).await.ok();
        let order = caller.check_out(&cart).await.created();
        let replaced = |more| {
            let mut whole = json!({ "name": "Tutt'altro" });
            merge(&mut whole, terms.clone());
            merge(&mut whole, more);
            whole
        };
        match happens {
            "ends" => {
                drop(administrator.put(&campaign, replaced(json!({ "ends_at": "2020-01-01T00:00:00Z" }))).await.ok())
            }
            "switched off" => {
                administrator.patch(&format!("{campaign}/codes/{id}"), json!({ "active": false })).await.ok();
                administrator.put(&campaign, replaced(json!({ "active": false }))).await.ok();
            }
            "deleted" => drop(administrator.send(Method::DELETE, &campaign, None).await.with_status(204)),
            _ => drop(
                administrator
                    .put(&campaign, json!({ "name": "Niente", "kind": "percentage", "percent_basis_points": 1 }))
                    .await
                    .ok(),
            ),
        }
        assert_eq!(caller.get(&format!("/v1/orders/{}", text(&order, "/id"))).await.ok(), order, "{happens}");
        held.push((order, campaign));
    }
    for (order, campaign) in held {
        pay(&server, &order).await;
        let paid = caller.get(&format!("/v1/orders/{}", text(&order, "/id"))).await.ok();
        assert_eq!(paid["status"], "confirmed");
        assert_eq!(
            (&paid["totals"], &paid["coupon"], &paid["lines"]),
            (&order["totals"], &order["coupon"], &order["lines"])
        );
        assert_eq!(due(&paid), 3_599);
        assert_eq!(used(&administrator(&server).await, &campaign).await, 1);
    }
    a_coupon_that_expires_by_the_clock_stays_good(&server).await;
}

async fn a_coupon_that_expires_by_the_clock_stays_good(server: &TestServer) {
    let administrator = administrator(server).await;
    let now = server.with_platform(|platform| platform.clock.now());
    let terms = json!({ "kind": "percentage", "percent_basis_points": 5_000, "ends_at": now.plus_seconds(3_600) });
    let campaign = campaign(&administrator, terms).await;
    add_code(&administrator, &campaign, "SCADE").await;
    let caller = customer(server, "clock@example.com").await;
    let cart = ready_cart(server, &caller).await;
    caller.put(&format!("/v1/carts/{cart}/coupon"), coupon("SCADE")).await.ok();
    caller.put(&format!("/v1/carts/{cart}/payment-method"), json!({ "method": "card" })).await.ok();
    let order = caller.check_out(&cart).await.created();
    server.visitor().post("/v1/sandbox/clock", json!({ "advance_seconds": 7_200 })).await.ok();
    pay(server, &order).await;
    let administrator = super::administrator(server).await;
    let paid = administrator.get(&format!("/v1/back-office/orders/{}", text(&order, "/id"))).await.ok();
    assert_eq!((&paid["status"], due(&paid)), (&json!("confirmed"), due(&order)));
    let (holder, cart) = loose_cart(server, "legalinvoice-pro", 1).await;
    holder.put(&format!("{cart}/coupon"), coupon("SCADE")).await.refused(422, "coupon_expired");
}

async fn a_campaign_may_keep_uses(server: Rc<TestServer>) {
    let administrator = administrator(&server).await;
    let caller = customer(&server, "keeps@example.com").await;
    for (policy, left) in [("release", 0), ("keep", 1)] {
        let terms = json!({
            "kind": "percentage", "percent_basis_points": 1_000, "max_uses_per_customer": 1, "release_policy": policy,
        });
        let campaign = campaign(&administrator, terms).await;
        let code = format!("POLITICA{}", policy.to_uppercase());
        add_code(&administrator, &campaign, &code).await;
        let cart = ready_cart(&server, &caller).await;
        caller.put(&format!("/v1/carts/{cart}/coupon"), coupon(&code)).await.ok();
        caller.put(&format!("/v1/carts/{cart}/payment-method"), json!({ "method": "card" })).await.ok();
        let order = text(&caller.check_out(&cart).await.created(), "/id");
        // The policy of the day it was held is what counts.
        let other = json!({ "name": "Altro", "kind": "free", "max_uses_per_customer": 1, "release_policy": if left == 1 { "release" } else { "keep" } });
        administrator.put(&campaign, other).await.ok();
        caller.post(&format!("/v1/orders/{order}/cancellation"), json!({})).await.ok();
        assert_eq!(used(&administrator, &campaign).await, left);
        let again = ready_cart(&server, &caller).await;
        let answer = caller.put(&format!("/v1/carts/{again}/coupon"), coupon(&code)).await;
        if left == 0 { drop(answer.ok()) } else { drop(answer.refused(409, "coupon_limit_reached")) }
    }
    let listed = administrator.get(CAMPAIGNS).await.ok();
    assert_eq!(listed["items"][0]["release_policy"], "release", "as it was replaced");
}

/// A sandbox allows a hundred times as much, so that the limits of a shop are met in a live one.
fn make_limited_shop(config: &mut Config) {
    make_live(config);
    config.rate_limits = RateLimits::On;
}

async fn guessing_is_limited(server: Rc<TestServer>) {
    let open = || async {
        let cart = server.visitor().post("/v1/carts", json!({})).await.created();
        let holder = server.visitor().with("x-cart-token", &text(&cart, "/token"));
        (holder, format!("/v1/carts/{}/coupon", text(&cart, "/id")))
    };
    let guess = |holder: &Caller, path: &str| {
        let (holder, path) = (holder.clone(), path.to_owned());
        async move { holder.put(&path, coupon("NESSUNO")).await }
    };
    let ((one, first), (other, second)) = (open().await, open().await);
    for _ in 0..20 {
        let answer = guess(&one, &first).await;
        assert!(answer.header("ratelimit").starts_with("\"coupons-by-cart\";r="), "{:?}", answer.headers);
        answer.refused(422, "coupon_not_valid");
    }
    let answer = guess(&one, &first).await;
    assert!(answer.header("retry-after").parse::<u64>().is_ok_and(|seconds| seconds > 0));
    assert_eq!(answer.header("ratelimit-policy"), "\"coupons-by-cart\";q=20;w=600");
    answer.refused(429, "too_many_requests");
    // Whoever does not hold the cart uses up nothing of its holder's tries, nor learns anything.
    guess(&one, &second).await.refused(404, "not_found");
    let mut refusal = None;
    for _ in 0..12 {
        let answer = guess(&other, &second).await;
        if answer.status == 429 {
            refusal = Some(answer);
            break;
        }
        answer.refused(422, "coupon_not_valid");
    }
    let refusal = refusal.expect("thirty tries a minute from one address");
    assert!(refusal.header("ratelimit-policy").starts_with("\"coupons\";"), "{:?}", refusal.headers);
    refusal.refused(429, "too_many_requests");
    let plan = "plan_01kawz3h8mf5ttb4c5v3e8n0qx";
    let check = json!({ "code": "NESSUNO", "plan_id": plan });
    server.visitor().post("/v1/coupon-checks", check).await.refused(429, "too_many_requests");
}
