//! Campaigns and codes, changed while orders have them.

use std::rc::Rc;

use reqwest::Method;
use serde_json::json;

use super::{CAMPAIGNS, add_code, administrator, campaign, coupon, due, loose_cart};
use crate::support::actors::{customer, ready_cart};
use crate::support::expect::{items, text};
use crate::support::server::TestServer;
use crate::support::suite::Suite;

/// Puts this module's tests on the list.
pub fn register(suite: &mut Suite) {
    suite.on_both("coupons::a_campaign_is_replaced_on_its_version", a_campaign_is_replaced_on_its_version);
    suite.on_both("coupons::an_archived_campaign_keeps_its_ledger", an_archived_campaign_keeps_its_ledger);
    suite.on_both("coupons::codes_are_listed_and_switched_off", codes_are_listed_and_switched_off);
    suite.on_both("coupons::a_chosen_code_is_added_once", a_chosen_code_is_added_once);
}

async fn a_campaign_is_replaced_on_its_version(server: Rc<TestServer>) {
    let administrator = administrator(&server).await;
    let terms = json!({
        "name": "Fiera", "kind": "percentage", "percent_basis_points": 2_000, "audiences": ["single_company"],
        "first_order_only": true, "minimum_total": { "amount": 1_000, "currency": "EUR" }, "max_uses": 9,
        "max_uses_per_customer": 2, "release_policy": "keep", "ends_at": "2999-01-01T00:00:00Z",
    });
    let created = administrator.post(CAMPAIGNS, terms.clone()).await.with_status(201);
    assert_eq!(created.header("etag"), "\"v1\"");
    let path = created.header("location");
    let shown = administrator.get(&path).await.with_status(200);
    assert_eq!((shown.header("etag"), shown.json()), ("\"v1\"".to_owned(), created.json()));
    for (name, value) in terms.as_object().expect("an object") {
        assert_eq!(&shown.json()[name], value, "{name}");
    }
    let plain = json!({ "name": "Nuova", "kind": "free", "active": false });
    let stale = administrator.with("if-match", "\"v0\"");
    stale.put(&path, plain.clone()).await.refused(412, "stale_version");
    stale.send(Method::DELETE, &path, None).await.refused(412, "stale_version");
    let replaced = administrator.with("if-match", "\"v1\"").put(&path, plain.clone()).await.with_status(200);
    assert_eq!(replaced.header("etag"), "\"v2\"");
    let replaced = replaced.json();
    for member in ["percent_basis_points", "audiences", "minimum_total", "max_uses", "max_uses_per_customer", "ends_at"]
    {
        assert_eq!(replaced[member], json!(null), "{member}");
    }
    assert_eq!((&replaced["name"], &replaced["first_order_only"]), (&json!("Nuova"), &json!(false)));
    assert_eq!((&replaced["release_policy"], &replaced["active"]), (&json!("release"), &json!(false)));
    administrator.with("if-match", "\"v1\"").put(&path, plain).await.refused(412, "stale_version");
    let log = administrator.get("/v1/back-office/audit-log").await.ok();
    assert_eq!(log["items"][0]["action"], "coupon_campaign_replaced");
}

async fn an_archived_campaign_keeps_its_ledger(server: Rc<TestServer>) {
    let administrator = administrator(&server).await;
    let campaign = campaign(&administrator, json!({})).await;
    let code = add_code(&administrator, &campaign, "PASSATO").await;
    let caller = customer(&server, "past@example.com").await;
    let cart = ready_cart(&server, &caller).await;
    caller.put(&format!("/v1/carts/{cart}/coupon"), coupon("PASSATO")).await.ok();
    let order = caller.check_out(&cart).await.created();
    let path = format!("/v1/orders/{}", text(&order, "/id"));
    let (mut bought, shown) = (caller.get(&path).await.ok(), caller.get(&format!("/v1/carts/{cart}")).await.ok());
    assert_eq!((&shown["coupon"]["applied"], due(&shown)), (&json!(true), 0));
    administrator.with("if-match", "\"v1\"").send(Method::DELETE, &campaign, None).await.with_status(204);
    administrator.send(Method::DELETE, &campaign, None).await.with_status(204);
    let archived = administrator.get(&campaign).await.ok();
    assert_eq!((&archived["used"], &archived["active"]), (&json!(1), &json!(false)));
    assert!(archived["archived_at"].is_string());
    let listed = administrator.get(&format!("{CAMPAIGNS}?limit=100")).await.ok();
    assert!(!items(&listed).iter().any(|item| item["id"] == archived["id"]));
    let terms = json!({ "name": "X", "kind": "free" });
    administrator.put(&campaign, terms).await.refused(409, "coupon_campaign_archived");
    for wanted in [json!({ "code": "NUOVOCODICE" }), json!({ "quantity": 3 })] {
        administrator.post(&format!("{campaign}/codes"), wanted).await.refused(409, "coupon_campaign_archived");
    }
    let switched = administrator.patch(&format!("{campaign}/codes/{code}"), json!({ "active": true })).await;
    switched.refused(409, "coupon_campaign_archived");
    assert_eq!(items(&administrator.get(&format!("{campaign}/codes")).await.ok()).len(), 1);
    // The order's activation request may meanwhile have gone on; what was bought has not changed.
    let mut after = caller.get(&path).await.ok();
    for order in [&mut bought, &mut after] {
        order.as_object_mut().expect("an order").remove("activation_requests");
    }
    assert_eq!(after, bought);
    assert_eq!(caller.get(&format!("/v1/carts/{cart}")).await.ok(), shown);
    let (holder, cart) = loose_cart(&server, "legalinvoice-pro", 1).await;
    holder.put(&format!("{cart}/coupon"), coupon("PASSATO")).await.refused(422, "coupon_not_valid");
}

async fn codes_are_listed_and_switched_off(server: Rc<TestServer>) {
    let administrator = administrator(&server).await;
    let campaign = campaign(&administrator, json!({})).await;
    let codes = format!("{campaign}/codes");
    let once = json!({ "code": "una volta", "max_uses": 1 });
    let once = administrator.post(&codes, once).await.created();
    assert_eq!((&once["code"], &once["state"]), (&json!("UNAVOLTA"), &json!("active")));
    administrator.post(&codes, json!({ "code": "UNAVOLTA" })).await.refused(409, "coupon_code_taken");
    let other = add_code(&administrator, &campaign, "ALTROCODICE").await;
    let caller = customer(&server, "once@example.com").await;
    let cart = ready_cart(&server, &caller).await;
    caller.put(&format!("/v1/carts/{cart}/coupon"), coupon("UNAVOLTA")).await.ok();
    caller.check_out(&cart).await.created();
    let switched = administrator.patch(&format!("{codes}/{other}"), json!({ "active": false })).await.ok();
    assert_eq!((&switched["code"], &switched["state"]), (&json!("ALTROCODICE"), &json!("inactive")));
    let page = administrator.get(&format!("{codes}?limit=1")).await.ok();
    assert_eq!(page["items"], json!([switched]));
    let next = administrator.get(&format!("{codes}?limit=1&cursor={}", text(&page, "/next_cursor"))).await.ok();
    assert_eq!((&next["items"][0]["code"], &next["items"][0]["state"]), (&json!("UNAVOLTA"), &json!("exhausted")));
    let (holder, cart) = loose_cart(&server, "legalinvoice-pro", 1).await;
    let path = format!("{cart}/coupon");
    holder.put(&path, coupon("ALTROCODICE")).await.refused(422, "coupon_not_valid");
    administrator.patch(&format!("{codes}/{other}"), json!({ "active": true })).await.ok();
    holder.put(&path, coupon("ALTROCODICE")).await.ok();
    // A code is reached by its own campaign only.
    let elsewhere = super::campaign(&administrator, json!({})).await;
    let answer = administrator.patch(&format!("{elsewhere}/codes/{other}"), json!({ "active": false })).await;
    answer.refused(404, "not_found");
}

/// A chosen code is no secret, so that a retry gets the same answer; generated ones are, so that it gets others.
async fn a_chosen_code_is_added_once(server: Rc<TestServer>) {
    let administrator = administrator(&server).await;
    let codes = format!("{}/codes", campaign(&administrator, json!({})).await);
    let keyed = administrator.with("idempotency-key", "chosen");
    let wanted = json!({ "code": "RIPETUTO", "max_uses": 3 });
    let first = keyed.post(&codes, wanted.clone()).await.with_status(201);
    let again = keyed.post(&codes, wanted.clone()).await.with_status(201);
    assert_eq!(first.body, again.body);
    administrator.post(&codes, wanted).await.refused(409, "coupon_code_taken");
    keyed.post(&codes, json!({ "code": "ALTRO" })).await.refused(422, "idempotency_key_reused");
    assert_eq!(items(&administrator.get(&codes).await.ok()).len(), 1);
    let generated = administrator.with("idempotency-key", "generated");
    let first = generated.post(&codes, json!({ "quantity": 2 })).await.with_status(201);
    let again = generated.post(&codes, json!({ "quantity": 2 })).await.with_status(201);
    assert_ne!(first.text(), again.text());
}
