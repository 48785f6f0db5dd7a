//! Who may call each route, and that nobody else gets anything out of it. The table is in `table.rs`.

mod outside;
mod table;
mod tokens;
mod victim;

use std::collections::BTreeSet;
use std::rc::Rc;

use serde_json::{Value, json};

use crate::support::actors::{Caller, customer, ready_cart};
use crate::support::expect::Answer;
use crate::support::operations::{self, Operation};
use crate::support::server::TestServer;
use crate::support::suite::Suite;
use table::{ROUTES, Row, Who};
use victim::{Victim, leaked, timeless};

/// Puts this module's tests on the list.
pub fn register(suite: &mut Suite) {
    suite.once("authorization::every_route_has_a_row", every_route_has_a_row);
    suite.once("authorization::the_document_says_who_may_call", the_document_says_who_may_call);
    suite.on_both("authorization::whoever_may_call_passes", whoever_may_call_passes);
    suite.on_both("authorization::roles_are_asked_for", roles_are_asked_for);
    suite.on_both("authorization::what_is_somebody_elses_is_not_there", what_is_somebody_elses_is_not_there);
    suite.on_both("authorization::what_is_somebody_elses_cannot_be_named", what_is_somebody_elses_cannot_be_named);
    tokens::register(suite);
    outside::register(suite);
}

/// Every row with its operation.
fn rows() -> Vec<(Row, Operation)> {
    let operations = operations::all().into_iter();
    let with_row = |operation: Operation| {
        let row = ROUTES.iter().find(|row| row.1 == operation.route())?;
        Some((*row, operation))
    };
    operations.filter_map(with_row).collect()
}

fn every_route_has_a_row() {
    let rows: BTreeSet<String> = ROUTES.iter().map(|row| row.1.to_owned()).collect();
    assert_eq!(rows.len(), ROUTES.len(), "a route has two rows");
    let routes: BTreeSet<String> = operations::all().iter().map(Operation::route).collect();
    let without_row: Vec<&String> = routes.difference(&rows).collect();
    let without_route: Vec<&String> = rows.difference(&routes).collect();
    assert!(without_row.is_empty(), "say in authorization/table.rs who may call {without_row:#?}");
    assert!(without_route.is_empty(), "the document has no {without_route:#?}");
}

fn the_document_says_who_may_call() {
    for (row, operation) in rows() {
        let expected = match row.0 {
            Who::Public | Who::Tester | Who::Provider => Value::Null,
            Who::CartHolder => json!([{ "cart_token": [] }, { "bearer": [] }]),
            Who::Claimant => json!([{ "bearer": [], "cart_token": [] }]),
            Who::Customer | Who::Reviewer | Who::Administrator => json!([{ "bearer": [] }]),
        };
        assert_eq!(operation.says["security"], expected, "{} is for {:?}", row.1, row.0);
    }
}

/// Whether an answer says that the caller is not the right one.
fn is_turned_away(answer: &Answer) -> bool {
    [401, 403].contains(&answer.status) && ["unauthenticated", "forbidden"].contains(&code(answer).as_str())
}

fn code(answer: &Answer) -> String {
    answer.problem()["code"].as_str().unwrap_or_default().to_owned()
}

/// Without this, a route that refuses everybody would pass the other tests.
async fn whoever_may_call_passes(server: Rc<TestServer>) {
    let victim = Victim::create(&server).await;
    let reviewer = server.visitor().logged_in_as("reviewer@example.com").await;
    let administrator = server.visitor().logged_in_as("admin@example.com").await;
    for (row, operation) in rows() {
        let callers: &[&Caller] = match row.0 {
            Who::Public | Who::Tester => &[&server.visitor(), &victim.caller],
            Who::Reviewer => &[&reviewer, &administrator],
            Who::Administrator => &[&administrator],
            // Their own things are read in the other tests, where nothing that was done here is in the way.
            Who::CartHolder | Who::Claimant | Who::Customer | Who::Provider => continue,
        };
        for caller in callers {
            let answer = victim.call(caller, &row, &victim.path(&operation)).await;
            assert!(answer.status < 500, "{} answered {}: {}", answer.asked, answer.status, answer.text());
            assert!(!(400..500).contains(&answer.status) || !is_turned_away(&answer), "{}", answer.text());
        }
    }
}

async fn roles_are_asked_for(server: Rc<TestServer>) {
    let victim = Victim::create(&server).await;
    let reviewer = server.visitor().logged_in_as("reviewer@example.com").await;
    let administrator = server.visitor().logged_in_as("admin@example.com").await;
    let before = back_office(&administrator).await;
    for (row, operation) in rows() {
        let refused: &[&Caller] = match row.0 {
            Who::Reviewer => &[&victim.caller],
            Who::Administrator => &[&victim.caller, &reviewer],
            _ => continue,
        };
        for caller in refused {
            // Neither what exists nor what does not is told from the other.
            for path in [victim.path(&operation), operation.absent_path()] {
                victim.call(caller, &row, &path).await.refused(403, "forbidden");
            }
        }
    }
    assert_eq!(back_office(&administrator).await, before);
}

/// What the back office could have changed.
async fn back_office(administrator: &Caller) -> Vec<Value> {
    let mut lists = Vec::new();
    for (row, operation) in rows() {
        let is_list = row.1.starts_with("GET ") && !operation.path.contains('{');
        if is_list && matches!(row.0, Who::Reviewer | Who::Administrator) {
            lists.push(administrator.get(&operation.path).await.ok());
        }
    }
    lists
}

async fn what_is_somebody_elses_is_not_there(server: Rc<TestServer>) {
    let victim = Victim::create(&server).await;
    let other = customer(&server, "other@example.com").await;
    let others_cart = server.visitor().post("/v1/carts", json!({})).await.created();
    let others_token = others_cart["token"].as_str().expect("a token");
    let strangers = [
        other.clone(),
        server.visitor().logged_in_as("reviewer@example.com").await,
        server.visitor().logged_in_as("admin@example.com").await,
    ];
    let with_tokens = [other.with("x-cart-token", others_token), server.visitor().with("x-cart-token", others_token)];
    let before = victim.state(&server).await;
    for (row, operation) in rows() {
        let (path, absent) = (victim.path(&operation), operation.absent_path());
        let callers: Vec<&Caller> = match row.0 {
            Who::Customer => strangers.iter().collect(),
            Who::CartHolder => strangers.iter().chain(&with_tokens).collect(),
            Who::Claimant => strangers.iter().chain(&with_tokens[..1]).collect(),
            _ => continue,
        };
        for caller in callers {
            if path != absent {
                let answer = victim.call(caller, &row, &path).await;
                let unknown = victim.call(caller, &row, &absent).await;
                assert_eq!(timeless(&answer), timeless(&unknown), "{} tells that it exists", answer.asked);
                assert_eq!(leaked(&victim, &row, &path, &answer), Vec::<String>::new(), "{}", answer.text());
                answer.refused(404, "not_found");
                continue;
            }
            // Lists, and what stands for the caller itself: one's own, and nothing of anybody else's.
            if row.1.starts_with("GET ") {
                let answer = victim.call(caller, &row, &path).await.with_status(200);
                assert_eq!(leaked(&victim, &row, &path, &answer), Vec::<String>::new(), "{}", answer.text());
            }
        }
    }
    for caller in strangers.iter().chain(&with_tokens) {
        let loose = format!("/v1/carts/{}", victim.loose_cart);
        caller.get(&loose).await.refused(404, "not_found");
        caller.put(&format!("{loose}/coupon"), json!({ "code": "SCONTO20" })).await.refused(404, "not_found");
        let asks = caller.with("x-cart-token", "guess");
        asks.get(&loose).await.refused(404, "not_found");
    }
    assert_eq!(victim.state(&server).await, before);
}

/// Somebody else's things named in a body, or under one's own path.
async fn what_is_somebody_elses_cannot_be_named(server: Rc<TestServer>) {
    let victim = Victim::create(&server).await;
    let other = customer(&server, "other@example.com").await;
    let cart = ready_cart(&server, &other).await;
    let before = victim.state(&server).await;
    let choice = json!({ "billing_profile_id": victim.things["bprof"] });
    let path = format!("/v1/carts/{cart}/billing-profile");
    other.put(&path, choice).await.refused_field("/billing_profile_id", "unknown");
    let item = format!("/v1/carts/{cart}/items/{}", victim.things["item"]);
    other.send(reqwest::Method::PATCH, &item, Some(json!({ "quantity": 9 }))).await.refused(404, "not_found");
    other.send(reqwest::Method::DELETE, &item, None).await.refused(404, "not_found");
    // A cursor is an identifier: somebody else's is a place in time and shows nothing of theirs.
    for (list, name) in
        [("orders", "ord"), ("activation-requests", "areq"), ("billing-profiles", "bprof"), ("sessions", "id")]
    {
        let answer = other.get(&format!("/v1/{list}?cursor={}", victim.things[name])).await.with_status(200);
        assert!(!answer.text().contains(&victim.things[name]), "{}", answer.text());
    }
    assert_eq!(victim.state(&server).await, before);
}
