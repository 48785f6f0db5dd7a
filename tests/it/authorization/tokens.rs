//! Whatever is no token of ours, or no longer, opens nothing.

use std::rc::Rc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use negozio::platform::auth::tokens::Tokens;
use serde_json::{Value, json};

use super::table::Who;
use super::{Route, routes_for};
use crate::support::actors::Caller;
use crate::support::expect::text;
use crate::support::owner::Owner;
use crate::support::server::TestServer;
use crate::support::suite::Suite;

/// Puts this module's tests on the list.
pub fn register(suite: &mut Suite) {
    suite.on_both("authorization::nobody_passes_without_credentials", nobody_passes_without_credentials);
    suite.on_both("authorization::tokens_that_are_not_ours_are_refused", tokens_that_are_not_ours_are_refused);
    suite.on_both("authorization::tokens_end_with_their_session", tokens_end_with_their_session);
    suite.on_both("authorization::tokens_expire", tokens_expire);
    suite.on_both("authorization::the_stand_ins_ask_for_their_own_tokens", the_stand_ins_ask_for_their_own_tokens);
    suite.on_both(
        "authorization::a_notification_needs_its_providers_signature",
        a_notification_needs_its_providers_signature,
    );
}

const KNOWN: [Who; 5] = [Who::CartHolder, Who::Claimant, Who::Customer, Who::Reviewer, Who::Administrator];

/// Each of these routes refuses this caller, whatever is asked for.
async fn assert_unknown(owner: &Owner, caller: &Caller, routes: &[Route]) {
    for route in routes {
        for path in [owner.path(&route.operation), route.operation.absent_path()] {
            let answer = route.call(owner, caller, &path).await;
            assert!(answer.header("www-authenticate").starts_with("Bearer"), "{} does not say how", answer.asked);
            answer.refused(401, "unauthenticated");
        }
    }
}

/// A route for each kind of caller, where trying them all would take long.
fn one_for_each() -> Vec<Route> {
    KNOWN.iter().filter_map(|who| routes_for(&[*who]).pop()).collect()
}

async fn nobody_passes_without_credentials(server: Rc<TestServer>) {
    let owner = Owner::create(&server).await;
    let before = owner.state(&server).await;
    let visitor = server.visitor();
    let protected = routes_for(&KNOWN);
    assert_unknown(&owner, &visitor, &protected).await;
    // Who asks is looked at before what they ask.
    for route in &protected {
        let answer = visitor.send(route.operation.method.clone(), &owner.path(&route.operation), None).await;
        answer.refused(401, "unauthenticated");
    }
    // A cart's token alone does not tell whose account it is.
    let holder = visitor.with("x-cart-token", &owner.loose_cart_token).with("idempotency-key", "one");
    for step in ["claim", "checkout"] {
        let path = format!("/v1/carts/{}/{step}", owner.loose_cart);
        holder.post(&path, json!({})).await.refused(401, "unauthenticated");
    }
    assert_eq!(owner.state(&server).await, before);
}

async fn the_stand_ins_ask_for_their_own_tokens(server: Rc<TestServer>) {
    let administrator = server.visitor().logged_in_as("admin@example.com").await;
    for route in routes_for(&[Who::Provisioner, Who::Payer]) {
        for caller in [server.visitor(), administrator.clone(), server.visitor().with("authorization", "Bearer x")] {
            let body = (!route.is_get()).then(|| json!({}));
            let path = route.operation.absent_path();
            caller.send(route.operation.method.clone(), &path, body).await.refused(401, "unauthenticated");
        }
    }
}

fn part(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

/// Headers that name nobody, from nonsense to what a forger would send.
fn forgeries(server: &TestServer, genuine: &str) -> Vec<String> {
    let parts: Vec<&str> = genuine.split('.').collect();
    let mut claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(parts[1]).expect("base64")).expect("claims");
    let (account, session) = (text(&claims, "/sub"), text(&claims, "/sid"));
    let now = server.with_platform(|platform| platform.clock.now());
    let others = Tokens::new(&Tokens::generate_key().expect("a key")).expect("tokens");
    let foreign = others.issue(&account, &session, "administrator", now).expect("a token");
    claims["role"] = json!("administrator");
    let promoted = format!("{}.{}.{}", parts[0], part(&claims), parts[2]);
    let unsigned = format!("{}.{}.", part(&json!({ "alg": "none", "typ": "JWT" })), part(&claims));
    // The public key as the secret of a symmetric signature: an old confusion of JWT libraries.
    let keys = server.with_platform(|platform| platform.tokens.key_set());
    let public = URL_SAFE_NO_PAD.decode(text(&keys, "/keys/0/x")).expect("base64");
    let secret = jsonwebtoken::EncodingKey::from_secret(&public);
    let confused = jsonwebtoken::encode(&jsonwebtoken::Header::default(), &claims, &secret).expect("a token");
    let mut flipped = genuine.to_owned().into_bytes();
    let last = flipped.len() - 5;
    flipped[last] = if flipped[last] == b'A' { b'B' } else { b'A' };
    let flipped = String::from_utf8(flipped).expect("ASCII");
    let bearers = [
        "not-a-token",
        "a.b.c",
        "..",
        &foreign,
        &promoted,
        &unsigned,
        &confused,
        &flipped,
        &parts[..2].join("."),
        &"x".repeat(6000),
    ];
    let mut headers: Vec<String> = bearers.iter().map(|token| format!("Bearer {token}")).collect();
    headers.extend(["Bearer", "Basic YWRtaW46YWRtaW4=", "Token abc"].map(str::to_owned));
    headers.extend([genuine.to_owned(), format!("Bearer{genuine}"), format!("Bearer {genuine} {genuine}")]);
    headers
}

fn bearer(owner: &Owner) -> String {
    let header = owner.caller.header("authorization").expect("a token");
    header.trim_start_matches("Bearer ").to_owned()
}

async fn tokens_that_are_not_ours_are_refused(server: Rc<TestServer>) {
    let owner = Owner::create(&server).await;
    let before = owner.state(&server).await;
    let forgeries = forgeries(&server, &bearer(&owner));
    let bad = |header: &String| server.visitor().with("authorization", header);
    for header in &forgeries {
        assert_unknown(&owner, &bad(header), &one_for_each()).await;
        // A bad token is not made good by a good cart token.
        let both = bad(header).with("x-cart-token", &owner.loose_cart_token);
        both.get(&format!("/v1/carts/{}", owner.loose_cart)).await.refused(401, "unauthenticated");
    }
    assert_unknown(&owner, &bad(&forgeries[0]), &routes_for(&KNOWN)).await;
    assert_eq!(owner.state(&server).await, before);
}

async fn tokens_end_with_their_session(server: Rc<TestServer>) {
    let owner = Owner::create(&server).await;
    let before = owner.state(&server).await;
    let closed = server.visitor().logged_in_as("admin@example.com").await;
    closed.send(reqwest::Method::DELETE, "/v1/sessions/current", None).await.with_status(204);
    assert_unknown(&owner, &closed, &routes_for(&KNOWN)).await;
    // Signed by our key, but of a session that never was.
    let token = server.with_platform(|platform| {
        let (account, session) = ("acct_01kawz3h8mf5ttb4c5v3e8n0qx", "sess_01kawz3h8mf5ttb4c5v3e8n0qx");
        platform.tokens.issue(account, session, "administrator", platform.clock.now()).expect("a token")
    });
    let unheard_of = server.visitor().with("authorization", &format!("Bearer {token}"));
    assert_unknown(&owner, &unheard_of, &routes_for(&KNOWN)).await;
    assert_eq!(owner.state(&server).await, before);
}

async fn tokens_expire(server: Rc<TestServer>) {
    let owner = Owner::create(&server).await;
    let administrator = server.visitor().logged_in_as("admin@example.com").await;
    administrator.get("/v1/back-office/orders").await.ok();
    server.visitor().post("/v1/sandbox/clock", json!({ "advance_seconds": 600 })).await.ok();
    for expired in [&administrator, &owner.caller] {
        assert_unknown(&owner, expired, &routes_for(&KNOWN)).await;
    }
    let again = server.visitor().logged_in_as("admin@example.com").await;
    again.get("/v1/back-office/orders").await.ok();
}

async fn a_notification_needs_its_providers_signature(server: Rc<TestServer>) {
    let owner = Owner::create(&server).await;
    let before = owner.state(&server).await;
    let now = server.with_platform(|platform| platform.clock.now().0.timestamp()).to_string();
    let signed = |id: &str, at: &str, signature: &str| {
        server.visitor().with("webhook-id", id).with("webhook-timestamp", at).with("webhook-signature", signature)
    };
    let zeros = format!("v1,{}", base64::engine::general_purpose::STANDARD.encode([0; 32]));
    let callers = [
        server.visitor(),
        server.visitor().logged_in_as("admin@example.com").await,
        signed("msg_1", &now, "v1,"),
        signed("msg_1", &now, &zeros),
        signed("msg_1", "0", &zeros),
        signed("msg_1", "yesterday", &zeros),
        signed("", &now, "v1a,AAAA v2,BBBB"),
    ];
    for route in routes_for(&[Who::Provider]) {
        for caller in &callers {
            let answer = route.call(&owner, caller, &owner.path(&route.operation)).await;
            answer.refused(401, "signature_invalid");
        }
    }
    assert_eq!(owner.state(&server).await, before);
}
