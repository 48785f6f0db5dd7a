//! Who may call each route, and that nobody else gets anything out of it. The table is in `table.rs`.

mod outside;
mod table;
mod tokens;

use std::collections::BTreeSet;
use std::rc::Rc;

use serde_json::{Value, json};

use crate::support::actors::{Caller, customer, ready_cart};
use crate::support::expect::Answer;
use crate::support::operations::{self, Operation};
use crate::support::owner::Owner;
use crate::support::server::TestServer;
use crate::support::suite::Suite;
use table::{ROUTES, Who};

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

/// A route, who may call it, and a body that it takes.
struct Route {
    who: Who,
    body: &'static str,
    operation: Operation,
}

impl Route {
    /// Calls it at a path.
    async fn call(&self, owner: &Owner, caller: &Caller, path: &str) -> Answer {
        owner.call(caller, &self.operation.method, path, self.body).await
    }

    fn is_get(&self) -> bool {
        self.operation.method == reqwest::Method::GET
    }
}

/// The routes that some may call.
fn routes_for(who: &[Who]) -> Vec<Route> {
    let row_of = |operation: &Operation| ROUTES.iter().find(|row| row.1 == operation.route());
    let all = operations::all().into_iter();
    let routes = all.filter_map(|operation| row_of(&operation).map(|row| Route { who: row.0, body: row.2, operation }));
    let mut routes: Vec<Route> = routes.filter(|route| who.contains(&route.who)).collect();
    // After it nobody is known any more.
    routes.sort_by_key(|route| route.operation.path == "/v1/sandbox/reset");
    routes
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
    for (who, route, _) in ROUTES {
        let expected = match who {
            Who::Public | Who::Tester | Who::Provider => Value::Null,
            Who::CartHolder => json!([{ "cart_token": [] }, { "bearer": [] }]),
            Who::Provisioner => json!([{ "provisioning": [] }]),
            Who::Payer => json!([{ "payment_provider": [] }]),
            Who::Claimant => json!([{ "bearer": [], "cart_token": [] }]),
            Who::Customer | Who::Reviewer | Who::Administrator => json!([{ "bearer": [] }]),
        };
        let operation = operations::all().into_iter().find(|operation| operation.route() == *route);
        assert_eq!(operation.expect("a route").says["security"], expected, "{route} is for {who:?}");
    }
}

/// Without this, a route that refuses everybody would pass the other tests. What belongs to somebody is read by its
/// owner in those.
async fn whoever_may_call_passes(server: Rc<TestServer>) {
    let owner = Owner::create(&server).await;
    let visitor = server.visitor();
    let reviewer = visitor.logged_in_as("reviewer@example.com").await;
    let administrator = visitor.logged_in_as("admin@example.com").await;
    for route in routes_for(&[Who::Public, Who::Tester, Who::Reviewer, Who::Administrator]) {
        let callers: &[&Caller] = match route.who {
            Who::Reviewer => &[&reviewer, &administrator],
            Who::Administrator => &[&administrator],
            _ => &[&visitor, &owner.caller],
        };
        for caller in callers {
            let answer = route.call(&owner, caller, &owner.path(&route.operation)).await;
            assert!(answer.status < 500, "{} answered {}: {}", answer.asked, answer.status, answer.text());
            let code = if answer.status < 400 { Value::Null } else { answer.problem()["code"].clone() };
            assert!(code != "unauthenticated" && code != "forbidden", "{} answered {code}", answer.asked);
        }
    }
}

async fn roles_are_asked_for(server: Rc<TestServer>) {
    let owner = Owner::create(&server).await;
    let reviewer = server.visitor().logged_in_as("reviewer@example.com").await;
    let administrator = server.visitor().logged_in_as("admin@example.com").await;
    let back_office = routes_for(&[Who::Reviewer, Who::Administrator]);
    let before = lists(&administrator, &back_office).await;
    for route in &back_office {
        let refused: &[&Caller] =
            if route.who == Who::Reviewer { &[&owner.caller] } else { &[&owner.caller, &reviewer] };
        for caller in refused {
            // What exists is not told from what does not.
            for path in [owner.path(&route.operation), route.operation.absent_path()] {
                route.call(&owner, caller, &path).await.refused(403, "forbidden");
            }
        }
    }
    assert_eq!(lists(&administrator, &back_office).await, before);
}

/// What the back office could have changed.
async fn lists(administrator: &Caller, routes: &[Route]) -> Vec<Value> {
    let mut lists = Vec::new();
    for route in routes.iter().filter(|route| route.is_get() && !route.operation.path.contains('{')) {
        lists.push(administrator.get(&route.operation.path).await.ok());
    }
    lists
}

async fn what_is_somebody_elses_is_not_there(server: Rc<TestServer>) {
    let owner = Owner::create(&server).await;
    let other = customer(&server, "other@example.com").await;
    let others_cart = server.visitor().post("/v1/carts", json!({})).await.created();
    let others_token = others_cart["token"].as_str().expect("a token");
    let strangers = [
        other.clone(),
        server.visitor().logged_in_as("reviewer@example.com").await,
        server.visitor().logged_in_as("admin@example.com").await,
        other.with("x-cart-token", others_token),
    ];
    let holder = server.visitor().with("x-cart-token", others_token);
    let before = owner.state(&server).await;
    for route in routes_for(&[Who::CartHolder, Who::Claimant, Who::Customer]) {
        let (path, absent) = (owner.path(&route.operation), route.operation.absent_path());
        let holders = std::iter::once(&holder).filter(|_| route.who == Who::CartHolder);
        for stranger in strangers.iter().chain(holders) {
            if path != absent {
                let answer = route.call(&owner, stranger, &path).await;
                let unknown = route.call(&owner, stranger, &absent).await;
                assert_eq!(timeless(&answer), timeless(&unknown), "{} tells that it exists", answer.asked);
                assert_leaks_nothing(&owner, &route, &answer);
                answer.refused(404, "not_found");
            } else if route.is_get() {
                // Lists, and what stands for the caller itself: one's own, and nothing of anybody else's.
                let answer = route.call(&owner, stranger, &path).await.with_status(200);
                assert_leaks_nothing(&owner, &route, &answer);
            }
        }
    }
    let loose = format!("/v1/carts/{}", owner.loose_cart);
    for stranger in strangers.iter().chain([&holder]) {
        stranger.get(&loose).await.refused(404, "not_found");
        stranger.put(&format!("{loose}/coupon"), json!({ "code": "SCONTO20" })).await.refused(404, "not_found");
        stranger.with("x-cart-token", "guess").get(&loose).await.refused(404, "not_found");
    }
    assert_eq!(owner.state(&server).await, before);
}

/// An answer to a stranger names nothing of the owner's but what the question named.
#[track_caller]
fn assert_leaks_nothing(owner: &Owner, route: &Route, answer: &Answer) {
    let (said, asked) = (answer.text(), format!("{} {}", answer.asked, owner.fill(route.body)));
    let is_private = |name: &str| !["plan", "cdoc", "code"].contains(&name);
    for (name, value) in owner.things.iter().filter(|(name, _)| is_private(name)) {
        assert!(asked.contains(value) || !said.contains(value), "{} tells the {name}: {said}", answer.asked);
    }
}

/// A problem without what differs from one request to the next.
fn timeless(answer: &Answer) -> Value {
    let mut problem = answer.problem();
    if let Some(members) = problem.as_object_mut() {
        members.remove("request_id");
    }
    problem
}

/// Somebody else's things named in a body, in a query, or under one's own path.
async fn what_is_somebody_elses_cannot_be_named(server: Rc<TestServer>) {
    let owner = Owner::create(&server).await;
    let other = customer(&server, "other@example.com").await;
    let cart = ready_cart(&server, &other).await;
    let before = owner.state(&server).await;
    let choice = json!({ "billing_profile_id": owner.things["bprof"] });
    let path = format!("/v1/carts/{cart}/billing-profile");
    other.put(&path, choice).await.refused_field("/billing_profile_id", "unknown");
    let item = format!("/v1/carts/{cart}/items/{}", owner.things["item"]);
    other.send(reqwest::Method::PATCH, &item, Some(json!({ "quantity": 9 }))).await.refused(404, "not_found");
    other.send(reqwest::Method::DELETE, &item, None).await.refused(404, "not_found");
    // A cursor is an identifier: somebody else's is a moment in one's own list.
    let lists = [("orders", "ord"), ("activation-requests", "areq"), ("billing-profiles", "bprof"), ("sessions", "id")];
    for (list, name) in lists {
        let answer = other.get(&format!("/v1/{list}?cursor={}", owner.things[name])).await.with_status(200);
        assert!(!answer.text().contains(&owner.things[name]), "{}", answer.text());
    }
    assert_eq!(owner.state(&server).await, before);
}
