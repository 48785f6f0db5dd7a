//! Invariant 1 of the design: no limit is ever exceeded, and the ledger replays to the counters, whatever is done at once.

use std::collections::BTreeMap;
use std::rc::Rc;

use diesel::connection::SimpleConnection as _;
use futures_util::future::join_all;
use negozio::platform::db::DbConnection;
use negozio::shop::coupons::store::ledger::discrepancies;
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};

use super::{add_code, administrator, campaign, coupon, pay};
use crate::support::actors::{Caller, customer, person_profile, plan_id, ready_cart};
use crate::support::expect::{items, text};
use crate::support::server::TestServer;
use crate::support::suite::Suite;

/// Puts this module's tests on the list.
pub fn register(suite: &mut Suite) {
    suite.on_both("coupons::the_ledger_replays_to_the_counters", the_ledger_replays_to_the_counters);
    suite.on_both("coupons::a_counter_that_differs_is_told", a_counter_that_differs_is_told);
}

/// `negozio reconcile` tells an auditor which counters do not say what the ledger says, and names nobody.
async fn a_counter_that_differs_is_told(server: Rc<TestServer>) {
    let administrator = administrator(&server).await;
    let campaign = campaign(&administrator, json!({ "max_uses_per_customer": 5 })).await;
    let code = add_code(&administrator, &campaign, "CONTATO").await;
    let caller = customer(&server, "counted@example.com").await;
    let cart = ready_cart(&server, &caller).await;
    caller.put(&format!("/v1/carts/{cart}/coupon"), coupon("CONTATO")).await.ok();
    caller.check_out(&cart).await.created();
    server.wait_for_jobs().await.expect("nothing is under way");
    let told = || {
        let told = server.reconcile_by_command(&[]);
        (told.status.success(), String::from_utf8_lossy(&told.stdout).into_owned())
    };
    let (is_well, said) = told();
    assert!(is_well && said.contains("0 counters of coupons differ"), "{said}");
    let tamper = "UPDATE coupon_campaigns SET used = used + 2 WHERE used > 0;
        UPDATE coupon_codes SET used = used - 1 WHERE used > 0;
        UPDATE coupon_subject_uses SET used = used + 1;";
    let db = server.with_platform(|platform| platform.db.clone());
    let tampered = db.write(move |tx| match tx {
        DbConnection::Sqlite(sqlite) => Ok(sqlite.batch_execute(tamper)?),
        DbConnection::Postgres(postgres) => Ok(postgres.batch_execute(tamper)?),
    });
    tampered.await.expect("the counters are changed");
    let (is_well, said) = told();
    let id = campaign.rsplit('/').next().expect("an identifier");
    for line in [
        format!("{id}: the counter says 3, the ledger 1"),
        format!("{code}: the ledger says 1, no counter does"),
        format!("{id}, one of its customers: the counter says 2, the ledger 1"),
        "3 counters of coupons differ from the ledger".to_owned(),
    ] {
        assert!(said.lines().any(|said| said == line), "{line} is not in {said}");
    }
    assert!(!is_well && !said.contains("RSSMRA85T10A562S"), "{said}");
}

/// One thing that somebody does.
#[derive(Debug, Clone)]
enum Step {
    Buy { caller: Index, profile: Index, code: Index },
    Cancel(Index),
    Pay(Index),
    Refund(Index),
}

fn any_step() -> impl Strategy<Value = Step> {
    let buy = (any::<Index>(), any::<Index>(), any::<Index>());
    prop_oneof![
        3 => buy.prop_map(|(caller, profile, code)| Step::Buy { caller, profile, code }),
        2 => any::<Index>().prop_map(Step::Cancel),
        1 => any::<Index>().prop_map(Step::Pay),
        1 => any::<Index>().prop_map(Step::Refund),
    ]
}

const CODES: [&str; 3] = ["RILASCIA", "RILASCIADUE", "TRATTIENE"];
const MOST_A_SUBJECT: usize = 2;

struct Shop {
    server: Rc<TestServer>,
    callers: Vec<Caller>,
    campaigns: Vec<String>,
    plan: String,
}

async fn the_ledger_replays_to_the_counters(server: Rc<TestServer>) {
    let shop = Shop::open(server).await;
    let mut runner = TestRunner::deterministic();
    for _ in 0..6 {
        let steps = proptest::collection::vec(any_step(), 10).new_tree(&mut runner).expect("steps").current();
        let orders = shop.orders().await;
        join_all(steps.iter().map(|step| shop.take(step, &orders))).await;
        shop.assert_sound(&format!("{steps:?}")).await;
    }
    let spent = shop.orders().await.into_iter().filter(|(_, order)| !order["coupon"].is_null()).count();
    assert!(spent > 5, "only {spent} orders used a coupon: the test tries nothing");
}

impl Shop {
    async fn open(server: Rc<TestServer>) -> Self {
        let administrator = administrator(&server).await;
        let terms = json!({ "kind": "percentage", "percent_basis_points": 1_000, "max_uses": 8, "max_uses_per_customer": MOST_A_SUBJECT });
        let mut keeping = terms.clone();
        super::merge(&mut keeping, json!({ "release_policy": "keep", "max_uses": 5 }));
        let (releasing, keeping) = (campaign(&administrator, terms).await, campaign(&administrator, keeping).await);
        for (campaign, code, max_uses) in
            [(&releasing, CODES[0], 3), (&releasing, CODES[1], 7), (&keeping, CODES[2], 4)]
        {
            let code = json!({ "code": code, "max_uses": max_uses });
            administrator.post(&format!("{campaign}/codes"), code).await.created();
        }
        let plan = plan_id(&server, "legalinvoice-start").await;
        let mut callers = Vec::new();
        for name in ["uno", "due", "tre"] {
            callers.push(customer(&server, &format!("{name}@example.com")).await);
        }
        Self { server, callers, campaigns: vec![releasing, keeping], plan }
    }

    /// Everybody's orders, with whose they are.
    async fn orders(&self) -> Vec<(&Caller, Value)> {
        let mut orders = Vec::new();
        for caller in &self.callers {
            let own = items(&caller.get("/v1/orders?limit=100").await.ok());
            orders.extend(own.into_iter().map(|order| (caller, order)));
        }
        orders
    }

    async fn take(&self, step: &Step, orders: &[(&Caller, Value)]) {
        match step {
            Step::Buy { caller, profile, code } => {
                let code: &&str = code.get(&CODES);
                self.buy(caller.get(&self.callers), profile.get(&profiles()), code).await;
            }
            Step::Cancel(which) if !orders.is_empty() => {
                let (caller, order) = which.get(orders);
                let answer = caller.post(&format!("/v1/orders/{}/cancellation", text(order, "/id")), json!({})).await;
                assert!([200, 409].contains(&answer.status), "{}", answer.text());
            }
            Step::Pay(which) if !orders.is_empty() => pay(&self.server, &which.get(orders).1).await,
            Step::Refund(which) if !orders.is_empty() => self.refund(&which.get(orders).1).await,
            _ => {}
        }
    }

    /// Gives back all that came.
    async fn refund(&self, order: &Value) {
        let administrator = administrator(&self.server).await;
        let key = negozio::platform::ids::fresh_uuid().to_string();
        let path = format!("/v1/back-office/orders/{}/refunds", text(order, "/id"));
        let wanted = json!({ "amount": order["totals"]["due"], "reason": "other" });
        let answer = administrator.with("idempotency-key", &key).post(&path, wanted).await;
        assert!([201, 409].contains(&answer.status), "{}", answer.text());
    }

    async fn buy(&self, caller: &Caller, profile: &Value, code: &str) {
        let wanted = json!({ "items": [{ "plan_id": self.plan, "quantity": 1 }] });
        let cart = self.server.visitor().post("/v1/carts", wanted).await.created();
        let (id, holder) = (text(&cart, "/id"), caller.with("x-cart-token", &text(&cart, "/token")));
        let path = format!("/v1/carts/{id}");
        holder.post(&format!("{path}/claim"), json!({ "merge": false })).await.ok();
        let profile = text(&caller.post("/v1/billing-profiles", profile.clone()).await.created(), "/id");
        // Before it is known whom the order is for, so that checkout has to find out.
        let applied = caller.put(&format!("{path}/coupon"), coupon(code)).await;
        if applied.status != 200 {
            applied.refused(422, "coupon_not_valid");
            return;
        }
        caller.put(&format!("{path}/billing-profile"), json!({ "billing_profile_id": profile })).await.ok();
        caller.put(&format!("{path}/payment-method"), json!({ "method": "card" })).await.ok();
        let answer = caller.check_out(&id).await;
        if answer.status != 201 {
            let code = answer.problem()["code"].clone();
            assert!(code == "coupon_exhausted" || code == "coupon_limit_reached", "{}", answer.text());
        }
    }

    async fn assert_sound(&self, steps: &str) {
        // Refunds are made by jobs, and the ledger is read in several queries.
        self.server.wait_for_jobs().await.expect("the refunds are made");
        let db = self.server.with_platform(|platform| platform.db.clone());
        let differing = db.read(|connection| Ok(discrepancies(connection)?)).await.expect("the ledger is read");
        assert!(differing.is_empty(), "{differing:#?} after {steps}");
        let administrator = administrator(&self.server).await;
        for campaign in &self.campaigns {
            let shown = administrator.get(campaign).await.ok();
            assert!(shown["used"].as_i64() <= shown["max_uses"].as_i64(), "{shown:#} after {steps}");
            for code in items(&administrator.get(&format!("{campaign}/codes")).await.ok()) {
                assert!(code["used"].as_i64() <= code["max_uses"].as_i64(), "{code:#} after {steps}");
            }
        }
        let mut by_subject: BTreeMap<(String, String), usize> = BTreeMap::new();
        for (_, order) in self.orders().await {
            let is_kept = order["coupon"]["code"] == CODES[2];
            let counts =
                ["pending_payment", "confirmed", "active"].contains(&order["status"].as_str().unwrap_or_default());
            if !order["coupon"].is_null() && (is_kept || counts) {
                let profile = &order["billing_profile"];
                let subject = [&profile["partita_iva"], &profile["codice_fiscale"]].into_iter().find_map(Value::as_str);
                *by_subject.entry((is_kept.to_string(), subject.expect("a subject").to_owned())).or_default() += 1;
            }
        }
        assert!(by_subject.values().all(|count| *count <= MOST_A_SUBJECT), "{by_subject:?} after {steps}");
    }
}

/// Three fiscal subjects, which any account may name.
fn profiles() -> [Value; 3] {
    let address = person_profile()["address"].clone();
    [
        person_profile(),
        json!({ "kind": "company", "business_name": "Prova S.r.l.", "partita_iva": "12485671007", "codice_destinatario": "ABC1234", "address": address }),
        json!({ "kind": "association", "business_name": "Amici della Prova", "codice_fiscale": "00743110157", "address": address }),
    ]
}
