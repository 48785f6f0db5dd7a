//! The evidence bundle: from the server to the command that checks it offline.

use std::process::{Command, Output};
use std::rc::Rc;

use negozio::activation::evidence::archive::{pack, unpack};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::activation::{Activation, bought};
use crate::support::actors::{Caller, customer};
use crate::support::expect::text;
use crate::support::server::TestServer;

crate::on_both_engines!(
    a_bundle_holds_who_agreed_to_what_and_verifies_offline,
    there_is_no_evidence_before_the_contracts_are_final,
    evidence_outlives_the_account_and_the_pictures,
);

/// Runs `negozio evidence verify` on a bundle, with or without the server's key set.
fn verify(bundle: &[u8], key_set: Option<&Value>) -> Output {
    let folder = tempfile::tempdir().expect("a folder");
    let (archive, keys) = (folder.path().join("bundle.zip"), folder.path().join("jwks.json"));
    std::fs::write(&archive, bundle).expect("a file");
    let mut command = Command::new(env!("CARGO_BIN_EXE_negozio"));
    command.arg("evidence").arg("verify").arg(&archive).env_clear();
    if let Some(key_set) = key_set {
        std::fs::write(&keys, key_set.to_string()).expect("a file");
        command.arg("--jwks").arg(&keys);
    }
    command.output().expect("the command runs")
}

#[track_caller]
fn printed(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// A bundle's file as JSON.
#[track_caller]
fn file(bundle: &[u8], name: &str) -> Value {
    let files = unpack(bundle).expect("a bundle");
    let (_, content) = files.iter().find(|(known, _)| known == name).expect("the file");
    serde_json::from_slice(content).expect("JSON")
}

async fn download(caller: &Caller, activation: &Activation) -> Vec<u8> {
    caller.get(&format!("{}/evidence", activation.path)).await.with_status(200).body
}

async fn a_bundle_holds_who_agreed_to_what_and_verifies_offline(server: Rc<TestServer>) {
    let activation = bought(&server, "proofs@example.com").await.agreed(&server).await;
    let caller = activation.caller.with("user-agent", "a browser of ours");
    activation.submit().await;
    let answer = caller.get(&format!("{}/evidence", activation.path)).await.with_status(200);
    assert_eq!(answer.header("content-type"), "application/zip");
    assert_eq!(answer.header("cache-control"), "no-store");
    assert!(answer.header("content-disposition").contains(&activation.id));
    let bundle = answer.body;
    assert!(bundle == download(&activation.caller, &activation).await, "the same state makes the same bytes");

    let evidence = file(&bundle, "evidence.json");
    assert_eq!(text(&evidence, "/email_challenge/email"), "proofs@example.com");
    assert_eq!(evidence["activation_request"]["id"], activation.id.as_str());
    assert!(text(&evidence, "/signature_kind").contains("simple electronic signature"));
    assert_eq!(text(&evidence, "/contracts/0/acceptance/ip"), "127.0.0.1");
    let list = evidence["contracts"].as_array().into_iter().flatten().find(|one| one["kind"] == "onerous_clauses");
    let list = list.expect("the list of onerous clauses");
    assert!(list["onerous_clauses"].as_array().is_some_and(|clauses| !clauses.is_empty()));
    assert_eq!(list["specific_approval"]["clause_ids"], list["onerous_clauses"]);
    assert!(unpack(&bundle).expect("a bundle").iter().any(|(name, _)| name == "contracts/onerous_clauses.pdf"));
    assert_eq!(text(&evidence, "/identity_documents/0/pages/0/upload_sha256").len(), 64);
    assert!(!evidence.to_string().contains("YA1234567"), "the document's number is not kept for as long");
    for contract in activation.contracts().await {
        let served = caller.get(&format!("/v1/contracts/{}/pdf", text(&contract, "/id"))).await.with_status(200).body;
        let name = format!("contracts/{}.pdf", text(&contract, "/kind"));
        let files = unpack(&bundle).expect("a bundle");
        assert!(
            files.iter().any(|(known, content)| *known == name && *content == served),
            "{name} is as it was served"
        );
    }
    assert!(bundle == download(&activation.caller, &activation).await, "a look at a document changes no evidence");

    let key_set = server.visitor().get("/.well-known/jwks.json").await.ok();
    let verified = verify(&bundle, Some(&key_set));
    assert!(verified.status.success(), "{}", printed(&verified));
    assert!(printed(&verified).contains("proofs@example.com") && !printed(&verified).contains("FAILS"));
    assert!(verify(&bundle, None).status.success());
    let strangers = json!({ "keys": [] });
    assert!(!verify(&bundle, Some(&strangers)).status.success());
    let mut files = unpack(&bundle).expect("a bundle");
    let last = files.last_mut().expect("a file");
    let middle = last.1.len() / 2;
    last.1[middle] ^= 1;
    let changed = verify(&pack(&files).expect("an archive"), None);
    assert!(!changed.status.success() && printed(&changed).contains("FAILS"), "{}", printed(&changed));
    assert!(!verify(b"no archive", None).status.success());

    let reviewer = server.visitor().logged_in_as("reviewer@example.com").await;
    let reviewed = reviewer.get(&format!("{}/evidence", activation.review_path())).await.with_status(200).body;
    assert!(reviewed == bundle);
    let stranger = customer(&server, "nosy@example.com").await;
    stranger.get(&format!("{}/evidence", activation.path)).await.refused(404, "not_found");
}

async fn there_is_no_evidence_before_the_contracts_are_final(server: Rc<TestServer>) {
    let activation = bought(&server, "early@example.com").await;
    let path = format!("{}/evidence", activation.path);
    activation.caller.get(&path).await.refused(409, "request_state_forbids");
    let activation = activation.agreed(&server).await;
    let problem = activation.caller.get(&path).await.refused(409, "request_state_forbids");
    assert_eq!(problem["request_status"], "ready_to_submit");
    activation.submit().await;
    let before = download(&activation.caller, &activation).await;
    let reviewer = server.visitor().logged_in_as("reviewer@example.com").await;
    let wanted = activation.decide(&reviewer, "request_resubmission", json!(["document_unreadable"])).await;
    assert_eq!(wanted.ok()["status"], "resubmission_requested");
    let after = download(&activation.caller, &activation).await;
    assert!(after != before && verify(&after, None).status.success(), "the contracts stay final");
    let wanted = activation.decide(&reviewer, "approve", json!([])).await;
    wanted.refused(409, "request_state_forbids");
}

async fn evidence_outlives_the_account_and_the_pictures(server: Rc<TestServer>) {
    let activation = bought(&server, "erased@example.com").await.submitted(&server).await;
    let reviewer = server.visitor().logged_in_as("reviewer@example.com").await;
    activation.decide(&reviewer, "approve", json!([])).await.ok();
    server.wait_for_jobs().await.expect("the service is provisioned");
    let before = download(&activation.caller, &activation).await;
    let erased = activation.caller.send(Method::DELETE, "/v1/account", None).await;
    assert_eq!(erased.status, 204, "{}", erased.text());
    server.visitor().post("/v1/sandbox/clock", json!({ "advance_seconds": 91 * 86_400 })).await.ok();
    negozio::activation::identity_documents::jobs::purge_overdue(server.shared_platform()).await.expect("the chore");
    server.wait_for_jobs().await.expect("the pictures are erased");
    let reviewer = server.visitor().logged_in_as("reviewer@example.com").await;
    let after = reviewer.get(&format!("{}/evidence", activation.review_path())).await.with_status(200).body;
    assert!(after == before, "erasure takes nothing from the evidence (invariant 21 of the design)");
    assert!(verify(&after, None).status.success());
}
