//! Which VAT a sale bears: reverse charge once VIES confirms a number, split payment, and what an order keeps of it.

use std::rc::Rc;

use negozio::customers::billing_profiles::jobs::check_again;
use negozio::platform::config::{Config, EuConsumers, RateLimits};
use serde_json::{Value, json};

use crate::support::actors::{Caller, customer, customer_again, plan_id, ready_cart};
use crate::support::expect::{cents, items, text, texts};
use crate::support::peer::Peer;
use crate::support::server::TestServer;
use crate::support::suite::Suite;

/// Puts this module's tests on the list.
pub fn register(suite: &mut Suite) {
    suite.on_both("vat::a_confirmed_number_pays_no_italian_vat", a_confirmed_number_pays_no_italian_vat);
    suite.on_both("vat::an_unknown_number_pays_italian_vat", an_unknown_number_pays_italian_vat);
    suite.on_both("vat::a_changed_number_is_checked_anew", a_changed_number_is_checked_anew);
    suite.on_both("vat::while_vies_is_out_italian_vat_is_charged", while_vies_is_out_italian_vat_is_charged);
    suite.on_both("vat::an_answer_that_ages_is_asked_for_again", an_answer_that_ages_is_asked_for_again);
    suite.on_both("vat::the_sandbox_plays_an_outage_too", the_sandbox_plays_an_outage_too);
    suite.on_both("vat::businesses_outside_the_union_are_taxed_there", businesses_outside_the_union_are_taxed_there);
    suite.on_both("vat::a_public_body_pays_the_net", a_public_body_pays_the_net);
    suite.on_both_with(
        "vat::split_payment_ends",
        |config| config.split_payment_until = last_year(),
        split_payment_ends,
    );
    suite.on_both_with(
        "vat::who_names_what_is_due_learns_that_split_payment_ended",
        |config| config.split_payment_until = tomorrow(),
        who_names_what_is_due_learns_that_split_payment_ended,
    );
    suite.on_both_with(
        "vat::consumers_elsewhere_in_the_union_can_be_refused",
        |config| config.eu_consumers = EuConsumers::Refused,
        consumers_elsewhere_in_the_union_can_be_refused,
    );
    suite.on_both_with(
        "vat::numbers_to_check_are_limited_by_account",
        |config| config.rate_limits = RateLimits::On,
        numbers_to_check_are_limited_by_account,
    );
    suite.on_both("vat::what_was_bought_never_changes", what_was_bought_never_changes);
}

fn last_year() -> Option<chrono::NaiveDate> {
    chrono::NaiveDate::from_ymd_opt(2020, 6, 30)
}

fn tomorrow() -> Option<chrono::NaiveDate> {
    negozio::platform::clock::Clock::default().now().italian_date().succ_opt()
}

/// A business of another state.
fn business(country: &str, vat_number: &str) -> Value {
    json!({
        "kind": "foreign", "business_name": "Beispiel GmbH", "vat_number": vat_number,
        "address": { "street": "Beispielweg 1", "postal_code": "10115", "municipality": "Berlin", "country": country },
    })
}

/// Saves a profile and puts it on a cart of its own: the paths of both.
async fn cart_for(server: &TestServer, caller: &Caller, profile: Value) -> (String, String) {
    let cart = ready_cart(server, caller).await;
    let profile = text(&caller.post("/v1/billing-profiles", profile).await.created(), "/id");
    let path = format!("/v1/carts/{cart}");
    caller.put(&format!("{path}/billing-profile"), json!({ "billing_profile_id": profile })).await.ok();
    (path, format!("/v1/billing-profiles/{profile}"))
}

async fn check_out(caller: &Caller, path: &str) -> Value {
    caller.put(&format!("{path}/payment-method"), json!({ "method": "card" })).await.ok();
    caller.check_out(path.trim_start_matches("/v1/carts/")).await.created()
}

/// A profile's warnings, by code.
fn codes(profile: &Value) -> Vec<String> {
    profile["warnings"].as_array().expect("warnings").iter().map(|warning| text(warning, "/code")).collect()
}

async fn a_confirmed_number_pays_no_italian_vat(server: Rc<TestServer>) {
    let caller = customer(&server, "eu@example.com").await;
    let (path, profile) = cart_for(&server, &caller, business("DE", "DE123456789")).await;
    server.wait_for_jobs().await.expect("VIES is asked");
    let checked = caller.get(&profile).await.with_status(200);
    assert_eq!(checked.header("etag"), "\"v1\"", "an answer of VIES's is nobody's edit");
    let checked = checked.json();
    assert_eq!((text(&checked, "/vat_number_check/status"), codes(&checked)), ("valid".to_owned(), Vec::new()));
    assert!(text(&checked, "/vat_number_check/consultation_number").starts_with("SANDBOX"));
    let cart = caller.get(&path).await.ok();
    assert_eq!(texts(&cart["warnings"]), ["holder_must_be_italian"]);
    let line = &cart["items"][0];
    assert_eq!((&line["vat_rate"], &line["natura"]), (&json!(0), &json!("N2.1")));
    assert_eq!((cents(&cart, "/totals/vat"), cents(&cart, "/totals/due")), (0, 5_900));
    let group = json!([{ "rate": 0, "natura": "N2.1", "base": { "amount": 5_900, "currency": "EUR" }, "vat": { "amount": 0, "currency": "EUR" } }]);
    assert_eq!(cart["totals"]["vat_breakdown"], group);
    let order = check_out(&caller, &path).await;
    assert_eq!((&order["lines"][0]["natura"], &order["totals"]["vat_breakdown"]), (&json!("N2.1"), &group));
    assert_eq!(order["vat_number_check"], checked["vat_number_check"], "the evidence is pinned");
    assert_eq!(cents(&order, "/payments/0/amount"), 5_900);
}

async fn an_unknown_number_pays_italian_vat(server: Rc<TestServer>) {
    let caller = customer(&server, "unknown@example.com").await;
    let (path, profile) = cart_for(&server, &caller, business("GR", "EL123456780")).await;
    server.wait_for_jobs().await.expect("VIES is asked");
    let checked = caller.get(&profile).await.ok();
    assert_eq!(
        (text(&checked, "/vat_number_check/status"), codes(&checked)),
        ("invalid".to_owned(), vec!["vat_number_invalid".to_owned()])
    );
    let cart = caller.get(&path).await.ok();
    assert_eq!(texts(&cart["warnings"]), ["holder_must_be_italian", "vat_number_unverified"]);
    assert_eq!((cents(&cart, "/totals/vat"), cents(&cart, "/totals/due")), (1_298, 7_198));
    let order = check_out(&caller, &path).await;
    assert_eq!((&order["lines"][0]["natura"], &order["lines"][0]["vat_rate"]), (&Value::Null, &json!(2200)));
    assert_eq!(order["vat_number_check"]["status"], "invalid");
}

async fn a_changed_number_is_checked_anew(server: Rc<TestServer>) {
    let caller = customer(&server, "changed@example.com").await;
    let created = caller.post("/v1/billing-profiles", business("DE", "DE123456789")).await.created();
    assert_eq!(created["vat_number_check"]["status"], "unchecked");
    assert_eq!(codes(&created), ["vat_number_unverified"]);
    let path = format!("/v1/billing-profiles/{}", text(&created, "/id"));
    server.wait_for_jobs().await.expect("VIES is asked");
    let first = caller.get(&path).await.ok();
    // Another street is no other number.
    let mut moved = business("DE", "DE 123.456.789");
    moved["address"]["street"] = json!("Beispielweg 2");
    assert_eq!(caller.put(&path, moved).await.ok()["vat_number_check"], first["vat_number_check"]);
    assert_eq!(
        caller.put(&path, business("FR", "FR12345678901")).await.ok()["vat_number_check"]["status"],
        "unchecked"
    );
    server.wait_for_jobs().await.expect("VIES is asked");
    let second = caller.get(&path).await.ok();
    assert_eq!(second["vat_number_check"]["status"], "valid");
    assert_ne!(second["vat_number_check"]["consultation_number"], first["vat_number_check"]["consultation_number"]);
    // What VIES does not know is not checked.
    assert_eq!(caller.put(&path, business("CH", "CHE123456789")).await.ok().get("vat_number_check"), None);
}

/// A server of its own whose VIES is the peer.
async fn checked_by(server: &TestServer, peer: &Peer) -> TestServer {
    let url = peer.url.clone();
    TestServer::start(server.engine, move |config: &mut Config| config.vies_url = Some(url)).await
}

async fn advance(server: &TestServer, seconds: i64) {
    server.visitor().post("/v1/sandbox/clock", json!({ "advance_seconds": seconds })).await.ok();
}

async fn while_vies_is_out_italian_vat_is_charged(server: Rc<TestServer>) {
    let outage = json!({ "actionSucceed": false, "errorWrappers": [{ "error": "MS_UNAVAILABLE" }] });
    let yes = json!({ "countryCode": "DE", "vatNumber": "123456789", "valid": true, "requestIdentifier": "WAPI1" });
    let peer = Peer::start([(503, Value::Null), (200, outage), (500, yes.clone()), (200, yes)]);
    let server = checked_by(&server, &peer).await;
    let caller = customer(&server, "outage@example.com").await;
    let (path, profile) = cart_for(&server, &caller, business("DE", "DE123456789")).await;
    for tries in 1..=4 {
        server.until(|| peer.calls().len() >= tries).await;
        server.until_no_job_runs().await;
        if tries < 4 {
            let checked = caller.get(&profile).await.ok();
            assert_eq!(checked["vat_number_check"]["status"], "unavailable");
            assert_eq!(codes(&checked), ["vat_number_unverified"]);
            let cart = caller.get(&path).await.ok();
            assert_eq!(texts(&cart["warnings"]), ["holder_must_be_italian", "vat_number_unverified"]);
            assert_eq!(cents(&cart, "/totals/due"), 7_198);
        }
        advance(&server, 60).await;
    }
    server.wait_for_jobs().await.expect("VIES answers in the end");
    assert_eq!(caller.get(&profile).await.ok()["vat_number_check"]["consultation_number"], "WAPI1");
    assert_eq!(cents(&caller.get(&path).await.ok(), "/totals/due"), 5_900);
    let call = &peer.calls()[0];
    assert_eq!(call.path, "/check-vat-number");
    let asked = json!({ "countryCode": "DE", "vatNumber": "123456789", "requesterMemberStateCode": "IT", "requesterNumber": "12345678903" });
    assert_eq!(call.body, asked);
    server.stop().await;
    peer.stop().await;
}

async fn an_answer_that_ages_is_asked_for_again(server: Rc<TestServer>) {
    let yes = |number: &str| json!({ "valid": true, "requestIdentifier": number });
    let peer = Peer::start([(200, yes("WAPI1")), (503, Value::Null), (200, yes("WAPI2"))]);
    let server = checked_by(&server, &peer).await;
    let day = 24 * 3600;
    customer(&server, "age@example.com")
        .await
        .post("/v1/billing-profiles", business("DE", "DE123456789"))
        .await
        .created();
    server.wait_for_jobs().await.expect("VIES is asked");
    check_again(server.shared_platform()).await.expect("the chore runs");
    assert_eq!(peer.calls().len(), 1, "the answer is fresh");
    advance(&server, 16 * day).await;
    for _ in 0..2 {
        check_again(server.shared_platform()).await.expect("the chore runs");
    }
    server.until(|| peer.calls().len() == 2).await;
    server.until_no_job_runs().await;
    let caller = customer_again(&server, "age@example.com").await;
    let profile = || async { items(&caller.get("/v1/billing-profiles").await.ok())[0]["vat_number_check"].clone() };
    let kept = profile().await;
    assert_eq!((text(&kept, "/status"), text(&kept, "/consultation_number")), ("valid".to_owned(), "WAPI1".to_owned()));
    advance(&server, 60).await;
    server.wait_for_jobs().await.expect("VIES answers again");
    assert_eq!((text(&profile().await, "/consultation_number"), peer.calls().len()), ("WAPI2".to_owned(), 3));
    server.stop().await;
    peer.stop().await;
}

/// The sandbox's own VIES: a number that gets no answer, until it is mended.
async fn the_sandbox_plays_an_outage_too(server: Rc<TestServer>) {
    let caller = customer(&server, "played@example.com").await;
    let created = caller.post("/v1/billing-profiles", business("DE", "DE123456999")).await.created();
    let path = format!("/v1/billing-profiles/{}", text(&created, "/id"));
    let started = std::time::Instant::now();
    while caller.get(&path).await.ok()["vat_number_check"]["status"] != "unavailable" {
        assert!(started.elapsed().as_secs() < 30, "VIES is not asked");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    caller.put(&path, business("DE", "DE123456789")).await.ok();
    server.until_no_job_runs().await;
    advance(&server, 60).await;
    server.wait_for_jobs().await.expect("VIES is asked for the new number");
    assert_eq!(caller.get(&path).await.ok()["vat_number_check"]["status"], "valid");
}

async fn businesses_outside_the_union_are_taxed_there(server: Rc<TestServer>) {
    let caller = customer(&server, "swiss@example.com").await;
    let (path, _) = cart_for(&server, &caller, business("CH", "CHE123456789")).await;
    let cart = caller.get(&path).await.ok();
    assert_eq!((&cart["items"][0]["natura"], cents(&cart, "/totals/vat")), (&json!("N2.1"), 0));
    let mut nameless = business("CH", "CHE123456789");
    nameless.as_object_mut().expect("an object").remove("vat_number");
    let (path, _) = cart_for(&server, &caller, nameless).await;
    assert_eq!(cents(&caller.get(&path).await.ok(), "/totals/vat"), 1_298);
}

fn public_body() -> Value {
    json!({
        "kind": "public_body", "business_name": "Comune di Prova", "codice_fiscale": "00743110157", "codice_destinatario": "UFABC1",
        "address": { "street": "Piazza Roma 1", "postal_code": "20121", "municipality": "Milano", "province": "MI" },
    })
}

async fn a_public_body_pays_the_net(server: Rc<TestServer>) {
    let caller = customer(&server, "body@example.com").await;
    let (path, _) = cart_for(&server, &caller, public_body()).await;
    let order = check_out(&caller, &path).await;
    let totals = &order["totals"];
    assert_eq!(
        (cents(totals, "/gross"), cents(totals, "/due"), &totals["split_payment"]),
        (7_198, 5_900, &json!(true))
    );
    assert_eq!((cents(totals, "/vat_breakdown/0/base"), cents(totals, "/vat_breakdown/0/vat")), (5_900, 1_298));
    assert_eq!(cents(&order, "/payments/0/amount"), 5_900);
}

async fn split_payment_ends(server: Rc<TestServer>) {
    let caller = customer(&server, "ended@example.com").await;
    let (path, _) = cart_for(&server, &caller, public_body()).await;
    let cart = caller.get(&path).await.ok();
    assert_eq!((cents(&cart, "/totals/due"), &cart["totals"]["split_payment"]), (7_198, &json!(false)));
}

async fn who_names_what_is_due_learns_that_split_payment_ended(server: Rc<TestServer>) {
    let euro = |amount: i64| json!({ "amount": amount, "currency": "EUR" });
    let caller = customer(&server, "due@example.com").await;
    let (path, _) = cart_for(&server, &caller, public_body()).await;
    let (other, _) = cart_for(&server, &caller, public_body()).await;
    for cart in [&path, &other] {
        caller.put(&format!("{cart}/payment-method"), json!({ "method": "bank_transfer" })).await.ok();
    }
    let shown = caller.get(&path).await.ok()["totals"].clone();
    assert_eq!((cents(&shown, "/gross"), cents(&shown, "/due")), (7_198, 5_900));
    server.visitor().post("/v1/sandbox/clock", json!({ "advance_seconds": 48 * 3600 })).await.ok();
    let caller = customer_again(&server, "due@example.com").await;
    let buy = async |cart: &str, key: &str, body: Value| {
        caller.with("idempotency-key", key).post(&format!("{cart}/checkout"), body).await
    };
    // The gross is as it was, so whoever names that alone is not told.
    let gross_only = buy(&other, "gross", json!({ "expected_total": shown["gross"] })).await.created();
    assert_eq!(cents(&gross_only, "/totals/due"), 7_198);
    for (key, body) in [
        ("both", json!({ "expected_total": shown["gross"], "expected_due": shown["due"] })),
        ("due", json!({ "expected_due": shown["due"] })),
        ("another-gross", json!({ "expected_total": euro(7_197), "expected_due": euro(7_198) })),
    ] {
        let problem = buy(&path, key, body).await.refused(409, "total_changed");
        let totals = &problem["totals"];
        assert_eq!((cents(totals, "/gross"), cents(totals, "/due")), (7_198, 7_198), "{key}");
        assert_eq!(totals["split_payment"], false, "{key}");
    }
    let order = buy(&path, "new", json!({ "expected_due": euro(7_198) })).await.created();
    assert_eq!(cents(&order, "/payments/0/amount"), 7_198);
}

async fn consumers_elsewhere_in_the_union_can_be_refused(server: Rc<TestServer>) {
    let caller = customer(&server, "consumer@example.com").await;
    let consumer = json!({
        "kind": "foreign", "first_name": "Jean", "last_name": "Dupont",
        "address": { "street": "Rue 1", "postal_code": "75001", "municipality": "Paris", "country": "FR" },
    });
    let (path, _) = cart_for(&server, &caller, consumer).await;
    caller.put(&format!("{path}/payment-method"), json!({ "method": "card" })).await.ok();
    let cart = caller.get(&path).await.ok();
    assert_eq!(texts(&cart["warnings"]), ["holder_must_be_italian", "consumer_not_served"]);
    let problem = caller.check_out(&text(&cart, "/id")).await.refused(409, "cart_incomplete");
    assert_eq!(texts(&problem["warnings"]), ["consumer_not_served"]);
}

async fn numbers_to_check_are_limited_by_account(server: Rc<TestServer>) {
    let caller = customer(&server, "limited@example.com").await;
    let limit_of =
        async |profile: Value| caller.post("/v1/billing-profiles", profile).await.with_status(201).header("ratelimit");
    assert!(limit_of(business("DE", "DE123456789")).await.starts_with("\"vat-checks-by-account\";r="));
    assert_eq!(limit_of(public_body()).await, "", "nobody is asked for it");
}

/// Invariant 5: whatever changes after it, the order says what was bought.
async fn what_was_bought_never_changes(server: Rc<TestServer>) {
    let caller = customer(&server, "pinned@example.com").await;
    let (path, profile) = cart_for(&server, &caller, business("DE", "DE123456789")).await;
    caller.put(&format!("{path}/coupon"), json!({ "code": "SCONTO20" })).await.ok();
    server.wait_for_jobs().await.expect("VIES is asked");
    let order = format!("/v1/orders/{}", text(&check_out(&caller, &path).await, "/id"));
    let bought = || async {
        let order = caller.get(&order).await.ok();
        let parts = ["number", "lines", "totals", "coupon", "billing_profile", "vat_number_check", "placed_at"];
        parts.map(|part| order[part].to_string()).join("\n")
    };
    let before = bought().await;
    let administrator = server.visitor().logged_in_as("admin@example.com").await;
    let plan = format!("/v1/back-office/plans/{}", plan_id(&server, "legalinvoice-pro").await);
    let price = json!({ "net": { "amount": 9_900, "currency": "EUR" }, "vat_rate": 1000 });
    administrator.post(&format!("{plan}/prices"), price).await.created();
    let change = json!({ "name": { "it": "Altro", "en": "Other" }, "active": false });
    administrator.send(reqwest::Method::PATCH, &plan, Some(change)).await.ok();
    caller.put(&profile, business("FR", "FR12345678900")).await.ok();
    server.wait_for_jobs().await.expect("VIES is asked again");
    assert_eq!(caller.get(&profile).await.ok()["vat_number_check"]["status"], "invalid");
    assert_eq!(bought().await, before);
    caller.send(reqwest::Method::DELETE, &profile, None).await.with_status(204);
    assert_eq!(bought().await, before);
    // The version that the order has pinned can be looked up for ever.
    let pinned = &caller.get(&order).await.ok()["lines"][0];
    let record = administrator.get(&plan).await.ok();
    let prices = record["prices"].as_array().expect("prices");
    let version = prices.iter().find(|price| price["version"] == pinned["price_version"]).expect("the version");
    assert_eq!(version["price"]["net"], pinned["unit_price"]);
}
