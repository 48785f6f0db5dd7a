//! The catalogue.

use std::rc::Rc;

use negozio::platform::config::Jobs;
use negozio::shop::plans::rules::{Plan, PlanChange, PlanId};
use negozio::shop::plans::store;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::actors::Caller;
use crate::support::expect::{items, text};
use crate::support::server::TestServer;
use crate::support::suite::Suite;

/// Puts this module's tests on the list.
pub fn register(suite: &mut Suite) {
    suite.on_both("plans::plans_are_listed_in_the_readers_language", plans_are_listed_in_the_readers_language);
    suite.on_both("plans::a_known_answer_is_304", a_known_answer_is_304);
    suite.on_both("plans::unknown_things_are_problems", unknown_things_are_problems);
    suite.on_both("plans::a_plan_is_added_changed_and_taken_off_offer", a_plan_is_added_changed_and_taken_off_offer);
    suite.on_both("plans::what_is_no_plan_is_refused", what_is_no_plan_is_refused);
    suite.on_both("plans::a_price_for_later_comes_into_force_in_time", a_price_for_later_comes_into_force_in_time);
    suite.on_both("plans::what_is_seeded_again_is_a_new_version_where_its_price_changed", what_is_seeded_again);
    suite.on_both_with(
        "plans::a_server_without_jobs_sees_what_another_process_changes",
        |config| config.jobs = Jobs::Off,
        a_server_without_jobs_sees_what_another_process_changes,
    );
}

async fn plans_are_listed_in_the_readers_language(server: Rc<TestServer>) {
    let italian = server.visitor().get("/v1/plans?audience=multi_company").await.ok();
    let english = server.visitor().with("accept-language", "en").get("/v1/plans?audience=multi_company").await.ok();
    assert_eq!(items(&italian).len(), 2);
    assert_ne!(italian["items"][0]["summary"], english["items"][0]["summary"]);
    assert!(items(&italian).iter().all(|plan| plan["audience"] == "multi_company"));
    let plan = &italian["items"][0];
    let (net, gross) = (plan["price"]["net"]["amount"].as_i64(), plan["price"]["gross"]["amount"].as_i64());
    assert_eq!((net, gross), (Some(12_900), Some(15_738)));
    let comparison = server.visitor().get("/v1/plan-comparison").await.ok();
    let columns = items(&server.visitor().get("/v1/plans").await.ok()).len();
    for row in comparison["features"].as_array().expect("rows") {
        assert_eq!(row["values"].as_array().map(Vec::len), Some(columns), "{}", text(row, "/key"));
    }
}

async fn a_known_answer_is_304(server: Rc<TestServer>) {
    let first = server.visitor().get("/v1/plans").await.with_status(200);
    let again = server.visitor().with("if-none-match", &first.header("etag")).get("/v1/plans").await.with_status(304);
    assert!(again.body.is_empty());
    assert!(first.header("cache-control").contains("public"));
}

async fn unknown_things_are_problems(server: Rc<TestServer>) {
    server.visitor().get("/v1/plans/nothing").await.refused(404, "not_found");
    server.visitor().get("/v1/nowhere").await.refused(404, "not_found");
    let wrong = server.visitor().post("/v1/plans", serde_json::json!({})).await;
    assert_eq!(wrong.header("allow"), "GET, HEAD");
    wrong.refused(405, "method_not_allowed");
    server.visitor().get("/v1/plans?colour=red").await.refused_field("/colour", "unknown_field");
    server.visitor().get("/v1/plans?audience=nobody").await.refused(422, "invalid_fields");
}

const PLANS: &str = "/v1/back-office/plans";

fn new_plan(slug: &str) -> Value {
    json!({
        "slug": slug, "audience": "single_company",
        "name": { "it": "Legalinvoice FLEX", "en": "Legalinvoice FLEX" },
        "summary": { "it": "Su misura", "en": "Made to measure" },
        "description": { "it": "Un piano nuovo.", "en": "A new plan." },
        "features": { "invoices_per_year": null, "companies": 1, "storage_gigabytes": 1, "preservation_years": 10, "users": 1, "api_access": true, "support": "email" },
        "price": { "net": { "amount": 4_900, "currency": "EUR" } },
    })
}

async fn a_plan_is_added_changed_and_taken_off_offer(server: Rc<TestServer>) {
    let administrator = server.visitor().logged_in_as("admin@example.com").await;
    let keyed = administrator.with("idempotency-key", "one");
    let created = keyed.post(PLANS, new_plan("legalinvoice-flex")).await.with_status(201);
    let again = keyed.post(PLANS, new_plan("legalinvoice-flex")).await.with_status(201);
    assert_eq!((created.header("etag"), &created.body), (again.header("etag"), &again.body));
    administrator.post(PLANS, new_plan("legalinvoice-flex")).await.refused(409, "plan_slug_taken");
    let path = created.header("location");
    let public = "/v1/plans/legalinvoice-flex";
    server.visitor().get(public).await.refused(404, "not_found");

    let patch = |caller: &Caller, change: Value| {
        let (caller, path) = (caller.clone(), path.clone());
        async move { caller.send(Method::PATCH, &path, Some(change)).await }
    };
    let current = administrator.with("if-match", &created.header("etag"));
    let on_offer = patch(&current, json!({ "active": true, "name": { "it": "Flessibile", "en": "Flexible" } })).await;
    let on_offer = on_offer.with_status(200);
    assert_eq!((on_offer.header("etag"), &on_offer.json()["active"]), ("\"v2\"".to_owned(), &json!(true)));
    patch(&current, json!({ "position": 1 })).await.refused(412, "stale_version");
    let shown = server.visitor().get(public).await.ok();
    assert_eq!((text(&shown, "/name"), &shown["price"]["gross"]["amount"]), ("Flessibile".to_owned(), &json!(5_978)));
    patch(&administrator, json!({ "active": false })).await.ok();
    server.visitor().get(public).await.refused(404, "not_found");
    assert!(items(&administrator.get(PLANS).await.ok()).iter().any(|plan| plan["slug"] == "legalinvoice-flex"));

    let audit = administrator.get("/v1/back-office/audit-log").await.ok();
    let actions: Vec<String> = items(&audit).iter().map(|entry| text(entry, "/action")).collect();
    for action in ["plan_created", "plan_activated", "plan_deactivated"] {
        assert!(actions.iter().any(|logged| logged == action), "{action} is not in {actions:?}");
    }
}

async fn what_is_no_plan_is_refused(server: Rc<TestServer>) {
    let administrator = server.visitor().logged_in_as("admin@example.com").await;
    for (pointer, value, code) in [
        ("/slug", json!("No Slug"), "invalid_value"),
        ("/product", json!("No Slug"), "invalid_value"),
        ("/name/it", json!(""), "length"),
        ("/name/en", json!("x".repeat(81)), "length"),
        ("/summary/it", json!("x".repeat(201)), "length"),
        ("/description/en", json!("x".repeat(2001)), "length"),
        ("/price/net/amount", json!(-1), "range"),
        ("/price/net/amount", json!(100_000_001), "range"),
        ("/position", json!(0), "range"),
        ("/features/companies", json!(-1), "invalid_value"),
    ] {
        let mut plan = new_plan("legalinvoice-flex");
        match plan.pointer_mut(pointer) {
            Some(place) => *place = value,
            None => plan[pointer.trim_start_matches('/')] = value,
        }
        administrator.post(PLANS, plan).await.refused_field(pointer, code);
    }
    for no_rate in [0, -400, 22, 2100, 2300, 10_000] {
        let mut taxed = new_plan("legalinvoice-flex");
        taxed["price"]["vat_rate"] = json!(no_rate);
        administrator.post(PLANS, taxed).await.refused_field("/price/vat_rate", "not_in_force");
    }
    let path = format!("{PLANS}/{}", crate::support::actors::plan_id(&server, "legalinvoice-pro").await);
    let before = administrator.get(&path).await.ok();
    let price = |cents: i64, from: Value| json!({ "net": { "amount": cents, "currency": "EUR" }, "valid_from": from });
    let prices = format!("{path}/prices");
    administrator
        .post(&prices, price(100, json!("2020-01-01T00:00:00Z")))
        .await
        .refused_field("/valid_from", "in_the_past");
    administrator.post(&prices, price(-1, Value::Null)).await.refused_field("/net/amount", "range");
    let mut taxed = price(100, Value::Null);
    taxed["vat_rate"] = json!(2000);
    administrator.post(&prices, taxed).await.refused_field("/vat_rate", "not_in_force");
    let stale = administrator.with("if-match", "\"v9\"");
    stale.post(&prices, price(100, Value::Null)).await.refused(412, "stale_version");
    administrator
        .send(Method::PATCH, &path, Some(json!({ "slug": "other" })))
        .await
        .refused_field("/slug", "unknown_field");
    assert_eq!(administrator.get(&path).await.ok(), before);
}

async fn a_price_for_later_comes_into_force_in_time(server: Rc<TestServer>) {
    let administrator = server.visitor().logged_in_as("admin@example.com").await;
    let path = format!("{PLANS}/{}", crate::support::actors::plan_id(&server, "legalinvoice-pro").await);
    let now = server.with_platform(|platform| platform.clock.now());
    let price = json!({ "net": { "amount": 6_400, "currency": "EUR" }, "valid_from": now.plus_seconds(3600) });
    let set = administrator.post(&format!("{path}/prices"), price).await.created();
    assert_eq!((&set["price_version"], &set["price"]["net"]["amount"]), (&json!(1), &json!(5_900)));
    assert_eq!((&set["prices"][1]["version"], &set["prices"][1]["in_force"]), (&json!(2), &json!(false)));
    let shown =
        || async { server.visitor().get("/v1/plans/legalinvoice-pro").await.ok()["price"]["net"]["amount"].as_i64() };
    assert_eq!(shown().await, Some(5_900));
    server.visitor().post("/v1/sandbox/clock", json!({ "advance_seconds": 3601 })).await.ok();
    let started = std::time::Instant::now();
    while shown().await != Some(6_400) {
        assert!(started.elapsed().as_secs() < 30, "the price does not come into force");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    // A cart asks the database, which knows at once.
    let plan = crate::support::actors::plan_id(&server, "legalinvoice-pro").await;
    let cart = server.visitor().post("/v1/carts", json!({ "items": [{ "plan_id": plan }] })).await.created();
    assert_eq!(crate::support::expect::cents(&cart, "/items/0/unit_price"), 6_400);
}

async fn what_is_seeded_again(server: Rc<TestServer>) {
    let id = crate::support::actors::plan_id(&server, "legalinvoice-pro").await.parse().expect("an identifier");
    let db = server.with_platform(|platform| platform.db.clone());
    let now = server.with_platform(|platform| platform.clock.now());
    let seed = async |net_cents: i64| {
        db.write(move |tx| {
            let known = store::find(tx, id, now)?.expect("the plan");
            store::put(tx, &Plan { id: PlanId::new(), net_cents, ..known }, 2, now)?;
            store::find_record(tx, id, now)
        })
        .await
        .expect("it is seeded")
        .expect("the plan")
    };
    assert_eq!(seed(5_900).await.prices.len(), 1);
    let changed = seed(6_100).await;
    let prices: Vec<_> = changed.prices.iter().map(|price| (price.version, price.net_cents)).collect();
    assert_eq!((prices, changed.plan.price_version), (vec![(1, 5_900), (2, 6_100)], 2));
}

/// Whoever serves keeps the catalogue fresh, also where another process runs the jobs.
async fn a_server_without_jobs_sees_what_another_process_changes(server: Rc<TestServer>) {
    let plan = crate::support::actors::plan_id(&server, "legalinvoice-pro").await.parse().expect("an identifier");
    let db = server.with_platform(|platform| platform.db.clone());
    let now = server.with_platform(|platform| platform.clock.now());
    db.write(move |tx| {
        let record = store::find_record_locked(tx, plan, now)?.expect("the plan");
        let change = PlanChange { active: Some(false), ..PlanChange::default() };
        store::update(tx, &record.changed(change), now)
    })
    .await
    .expect("the plan is changed");
    let started = std::time::Instant::now();
    while server.visitor().get("/v1/plans/legalinvoice-pro").await.status != 404 {
        assert!(started.elapsed().as_secs() < 30, "the server does not notice");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
}
