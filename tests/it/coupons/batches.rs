//! Codes generated in bulk: handed over once, kept as hashes, good only if all were handed over.

use std::collections::BTreeSet;
use std::rc::Rc;
use std::time::Duration;

use serde_json::{Value, json};

use super::{add_code, administrator, campaign, coupon, due, loose_cart, used};
use crate::support::actors::{Caller, customer, ready_cart};
use crate::support::expect::{Answer, items, text};
use crate::support::server::TestServer;
use crate::support::suite::Suite;

/// Puts this module's tests on the list.
pub fn register(suite: &mut Suite) {
    suite.on_both("coupons::generated_codes_are_shown_once_and_used_once", shown_once_and_used_once);
    suite.on_both("coupons::a_batch_of_a_hundred_thousand_is_streamed", a_batch_of_a_hundred_thousand_is_streamed);
    suite.on_both("coupons::a_batch_that_breaks_off_gives_no_live_codes", a_batch_that_breaks_off_gives_no_live_codes);
}

/// The identifiers and codes of a CSV answer.
fn rows(answer: &Answer) -> Vec<(String, String)> {
    let text = answer.text();
    let mut lines = text.split("\r\n");
    assert_eq!(lines.next(), Some("id,code"));
    assert!(text.ends_with("\r\n"));
    let row =
        |line: &str| line.split_once(',').map(|(id, code)| (id.to_owned(), code.to_owned())).expect("two columns");
    lines.filter(|line| !line.is_empty()).map(row).collect()
}

async fn generate(administrator: &Caller, campaign: &str, quantity: i64) -> Answer {
    administrator.post(&format!("{campaign}/codes"), json!({ "quantity": quantity })).await.with_status(201)
}

async fn shown_once_and_used_once(server: Rc<TestServer>) {
    let administrator = administrator(&server).await;
    let campaign = campaign(&administrator, json!({})).await;
    add_code(&administrator, &campaign, "LEGGIBILE").await;
    let keyed = administrator.with("idempotency-key", "one");
    let answer = generate(&keyed, &campaign, 3).await;
    assert_eq!(answer.header("content-type"), "text/csv; charset=utf-8; header=present");
    assert_eq!(answer.header("cache-control"), "no-store");
    assert!(answer.header("content-disposition").starts_with("attachment; filename=\"cbat_"));
    let codes = rows(&answer);
    assert_eq!(codes.len(), 3);
    // A secret is not told again: the same key makes other codes.
    let others = rows(&generate(&keyed, &campaign, 3).await);
    assert!(codes.iter().all(|code| !others.contains(code)));
    let batch = administrator.get(&answer.header("location")).await.ok();
    assert_eq!((&batch["state"], &batch["quantity"], &batch["stored"]), (&json!("complete"), &json!(3), &json!(3)));
    assert!(text(&batch, "/created_by").starts_with("acct_"), "{batch:#}");
    assert_eq!(items(&administrator.get(&format!("{campaign}/batches")).await.ok())[1], batch);
    let (id, code) = codes[0].clone();
    let (holder, cart) = loose_cart(&server, "legalinvoice-pro", 1).await;
    let path = format!("{cart}/coupon");
    let shown = holder.put(&path, coupon(&code.to_lowercase().replace('-', " "))).await.ok();
    assert_eq!(due(&shown), 0);
    let covered = text(&shown, "/coupon/code");
    assert!(covered.starts_with("••••••••••••••") && covered.ends_with(&code[code.len() - 2..]), "{covered}");
    let mut typo = code.clone().into_bytes();
    typo.swap(2, 3);
    if typo == code.as_bytes() {
        typo[2] = if typo[2] == b'7' { b'8' } else { b'7' };
    }
    let typo = String::from_utf8(typo).expect("a code");
    holder.put(&path, coupon(&typo)).await.refused(422, "coupon_code_mistyped");
    let buyer = customer(&server, "generated@example.com").await;
    let cart = ready_cart(&server, &buyer).await;
    buyer.put(&format!("/v1/carts/{cart}/coupon"), coupon(&code)).await.ok();
    let order = buyer.check_out(&cart).await.created();
    assert_eq!(text(&order, "/coupon/code"), covered);
    let again = ready_cart(&server, &buyer).await;
    buyer.put(&format!("/v1/carts/{again}/coupon"), coupon(&code)).await.refused(422, "coupon_not_valid");
    let listed = administrator.get(&format!("{campaign}/codes?limit=100")).await.ok();
    let secrets = codes.iter().chain(&others).map(|(_, code)| code);
    assert_told_nowhere(&administrator, &listed, secrets).await;
    let of = |id: &str| items(&listed).into_iter().find(|code| code["id"] == id).expect("the code is listed");
    assert_eq!((&of(&id)["code"], &of(&id)["state"]), (&json!(null), &json!("exhausted")));
    assert_eq!((&of(&codes[1].0)["state"], &of(&codes[1].0)["batch_id"]), (&json!("active"), &batch["id"]));
    let off = json!({ "active": false });
    administrator.patch(&format!("{campaign}/codes/{}", codes[1].0), off).await.ok();
    let path = format!("/v1/carts/{again}/coupon");
    buyer.put(&path, coupon(&codes[1].1)).await.refused(422, "coupon_not_valid");
    buyer.put(&path, coupon(&codes[2].1)).await.ok();
    assert_eq!(used(&administrator, &campaign).await, 1);
}

/// Neither lists nor the audit log say a code again, with or without its hyphens.
async fn assert_told_nowhere<'a>(administrator: &Caller, listed: &Value, secrets: impl Iterator<Item = &'a String>) {
    let said = format!("{listed} {}", administrator.get("/v1/back-office/audit-log?limit=100").await.ok());
    for secret in secrets {
        assert!(!said.contains(secret.as_str()) && !said.contains(&secret.replace('-', "")), "{said}");
    }
}

async fn a_batch_of_a_hundred_thousand_is_streamed(server: Rc<TestServer>) {
    let administrator = administrator(&server).await;
    let campaign = campaign(&administrator, json!({})).await;
    let mut streamed = begin(&server, &administrator, &campaign, 100_000).await;
    let mut body = Vec::new();
    while body.iter().filter(|byte| **byte == b'\n').count() < 2 {
        body.extend_from_slice(&streamed.chunk().await.expect("a chunk").expect("more"));
    }
    // Others write meanwhile.
    loose_cart(&server, "legalinvoice-pro", 1).await;
    let batch = items(&administrator.get(&format!("{campaign}/batches")).await.ok())[0].clone();
    assert_eq!(batch["state"], "generating", "{batch:#}");
    let early = String::from_utf8_lossy(&body).into_owned();
    let early = early.lines().nth(1).and_then(|line| line.split(',').nth(1)).expect("a code");
    let (holder, cart) = loose_cart(&server, "legalinvoice-pro", 1).await;
    holder.put(&format!("{cart}/coupon"), coupon(early)).await.refused(422, "coupon_not_valid");
    while let Some(chunk) = streamed.chunk().await.expect("a chunk") {
        body.extend_from_slice(&chunk);
    }
    let text = String::from_utf8(body).expect("text");
    let codes: BTreeSet<&str> = text.lines().skip(1).filter_map(|line| line.split(',').nth(1)).collect();
    assert_eq!(codes.len(), 100_000, "all are different");
    let batch = items(&administrator.get(&format!("{campaign}/batches")).await.ok())[0].clone();
    assert_eq!((&batch["state"], &batch["stored"]), (&json!("complete"), &json!(100_000)));
    holder.put(&format!("{cart}/coupon"), coupon(early)).await.ok();
}

async fn begin(server: &TestServer, administrator: &Caller, campaign: &str, quantity: i64) -> reqwest::Response {
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    let request = client
        .post(format!("{}{campaign}/codes", server.url))
        .header("authorization", administrator.header("authorization").expect("a token"))
        .json(&json!({ "quantity": quantity }));
    let answer = request.send().await.expect("an answer");
    assert_eq!(answer.status(), 201);
    answer
}

async fn a_batch_that_breaks_off_gives_no_live_codes(server: Rc<TestServer>) {
    let administrator = administrator(&server).await;
    let campaign = campaign(&administrator, json!({})).await;
    let mut streamed = begin(&server, &administrator, &campaign, 100_000).await;
    let mut body = String::new();
    while body.lines().count() < 3 {
        body += &String::from_utf8_lossy(&streamed.chunk().await.expect("a chunk").expect("more"));
    }
    drop(streamed);
    let (id, code) = body.lines().nth(1).and_then(|line| line.split_once(',')).expect("a code");
    let batches = format!("{campaign}/batches");
    let mut before = json!(null);
    let batch = loop {
        tokio::time::sleep(Duration::from_millis(300)).await;
        let batch = items(&administrator.get(&batches).await.ok())[0].clone();
        if batch == before {
            break batch;
        }
        before = batch;
    };
    assert_eq!(batch["state"], "generating");
    assert!(batch["stored"].as_i64().is_some_and(|stored| (1..100_000).contains(&stored)), "{batch:#}");
    let (holder, cart) = loose_cart(&server, "legalinvoice-pro", 1).await;
    let path = format!("{cart}/coupon");
    holder.put(&path, coupon(code)).await.refused(422, "coupon_not_valid");
    let switched = administrator.patch(&format!("{campaign}/codes/{id}"), json!({ "active": true })).await.ok();
    assert_eq!((&switched["code"], &switched["state"]), (&json!(null), &json!("pending")));
    server.visitor().post("/v1/sandbox/clock", json!({ "advance_seconds": 3_600 })).await.ok();
    let administrator = super::administrator(&server).await;
    assert_eq!(items(&administrator.get(&batches).await.ok())[0]["state"], "abandoned");
    holder.put(&path, coupon(code)).await.refused(422, "coupon_not_valid");
}
