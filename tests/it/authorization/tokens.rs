//! Whatever is no token of ours, or no longer, opens nothing.

use std::rc::Rc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use negozio::platform::auth::tokens::Tokens;
use serde_json::{Value, json};

use super::rows;
use super::table::{Row, Who};
use super::victim::Victim;
use crate::support::actors::Caller;
use crate::support::expect::text;
use crate::support::operations::Operation;
use crate::support::server::TestServer;
use crate::support::suite::Suite;

/// Puts this module's tests on the list.
pub fn register(suite: &mut Suite) {
    suite.on_both("authorization::nobody_passes_without_credentials", nobody_passes_without_credentials);
    suite.on_both("authorization::tokens_that_are_not_ours_are_refused", tokens_that_are_not_ours_are_refused);
    suite.on_both("authorization::tokens_end_with_their_session", tokens_end_with_their_session);
    suite.on_both("authorization::tokens_expire", tokens_expire);
    suite.on_both(
        "authorization::a_notification_needs_its_providers_signature",
        a_notification_needs_its_providers_signature,
    );
}

fn protected() -> impl Iterator<Item = (Row, Operation)> {
    let needs_token = [Who::CartHolder, Who::Claimant, Who::Customer, Who::Reviewer, Who::Administrator];
    rows().into_iter().filter(move |(row, _)| needs_token.contains(&row.0))
}

/// Each protected route refuses this caller, whether it asks rightly or not.
async fn assert_unknown(victim: &Victim, caller: &Caller) {
    for (row, operation) in protected() {
        for path in [victim.path(&operation), operation.absent_path()] {
            let answer = victim.call(caller, &row, &path).await;
            assert!(answer.header("www-authenticate").starts_with("Bearer"), "{} does not say how", answer.asked);
            answer.refused(401, "unauthenticated");
        }
    }
}

async fn nobody_passes_without_credentials(server: Rc<TestServer>) {
    let victim = Victim::create(&server).await;
    let before = victim.state(&server).await;
    assert_unknown(&victim, &server.visitor()).await;
    // Who asks is looked at before what they ask.
    for (_, operation) in protected() {
        let answer = server.visitor().send(operation.method.clone(), &victim.path(&operation), None).await;
        answer.refused(401, "unauthenticated");
    }
    // A cart's token alone does not tell whose account it is.
    let holder = server.visitor().with("x-cart-token", &victim.loose_cart_token);
    let loose = format!("/v1/carts/{}", victim.loose_cart);
    holder.post(&format!("{loose}/claim"), json!({})).await.refused(401, "unauthenticated");
    let buyer = holder.with("idempotency-key", "one");
    buyer.post(&format!("{loose}/checkout"), json!({})).await.refused(401, "unauthenticated");
    assert_eq!(victim.state(&server).await, before);
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

fn bearer(victim: &Victim) -> String {
    let header = victim.caller.header("authorization").expect("a token");
    header.trim_start_matches("Bearer ").to_owned()
}

async fn tokens_that_are_not_ours_are_refused(server: Rc<TestServer>) {
    let victim = Victim::create(&server).await;
    let before = victim.state(&server).await;
    for header in forgeries(&server, &bearer(&victim)) {
        assert_unknown(&victim, &server.visitor().with("authorization", &header)).await;
        // A bad token is not made good by a good cart token.
        let both = server.visitor().with("authorization", &header).with("x-cart-token", &victim.loose_cart_token);
        both.get(&format!("/v1/carts/{}", victim.loose_cart)).await.refused(401, "unauthenticated");
    }
    assert_eq!(victim.state(&server).await, before);
}

async fn tokens_end_with_their_session(server: Rc<TestServer>) {
    let victim = Victim::create(&server).await;
    let before = victim.state(&server).await;
    let closed = server.visitor().logged_in_as("admin@example.com").await;
    closed.send(reqwest::Method::DELETE, "/v1/sessions/current", None).await.with_status(204);
    assert_unknown(&victim, &closed).await;
    // Signed by our key, but of a session that never was.
    let token = server.with_platform(|platform| {
        let (account, session) = ("acct_01kawz3h8mf5ttb4c5v3e8n0qx", "sess_01kawz3h8mf5ttb4c5v3e8n0qx");
        platform.tokens.issue(account, session, "administrator", platform.clock.now()).expect("a token")
    });
    assert_unknown(&victim, &server.visitor().with("authorization", &format!("Bearer {token}"))).await;
    assert_eq!(victim.state(&server).await, before);
}

async fn tokens_expire(server: Rc<TestServer>) {
    let victim = Victim::create(&server).await;
    let administrator = server.visitor().logged_in_as("admin@example.com").await;
    administrator.get("/v1/back-office/orders").await.ok();
    server.visitor().post("/v1/sandbox/clock", json!({ "advance_seconds": 600 })).await.ok();
    for expired in [&administrator, &victim.caller] {
        assert_unknown(&victim, expired).await;
    }
    let again = server.visitor().logged_in_as("admin@example.com").await;
    again.get("/v1/back-office/orders").await.ok();
}

async fn a_notification_needs_its_providers_signature(server: Rc<TestServer>) {
    let victim = Victim::create(&server).await;
    let before = victim.state(&server).await;
    let now = server.with_platform(|platform| platform.clock.now().0.timestamp()).to_string();
    let administrator = server.visitor().logged_in_as("admin@example.com").await;
    for (row, operation) in rows().into_iter().filter(|(row, _)| row.0 == Who::Provider) {
        let signed = |id: &str, at: &str, signature: &str| {
            server.visitor().with("webhook-id", id).with("webhook-timestamp", at).with("webhook-signature", signature)
        };
        let zeros = format!("v1,{}", base64::engine::general_purpose::STANDARD.encode([0; 32]));
        let callers = [
            server.visitor(),
            administrator.clone(),
            signed("msg_1", &now, "v1,"),
            signed("msg_1", &now, &zeros),
            signed("msg_1", "0", &zeros),
            signed("msg_1", "yesterday", &zeros),
            signed("", &now, "v1a,AAAA v2,BBBB"),
        ];
        for caller in callers {
            let answer = victim.call(&caller, &row, &victim.path(&operation)).await;
            answer.refused(401, "signature_invalid");
        }
    }
    assert_eq!(victim.state(&server).await, before);
}
