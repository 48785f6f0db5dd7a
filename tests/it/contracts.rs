//! The contract documents: byte-stable, accepted by their hash, voided by a change of data.

use std::rc::Rc;

use negozio::activation::contracts::rendering::{ContractTemplates, Rendering};
use negozio::activation::contracts::store;
use negozio::activation::requests::holder::HolderType;
use negozio::platform::crypto::sha256;
use negozio::shop::provider::Provider;
use serde_json::json;

use crate::support::activation::{bought, clause_ids, holder, mario_rossi};
use crate::support::actors::{customer, plan_id};
use crate::support::expect::{text, texts};
use crate::support::owner::pdf_form;
use crate::support::server::TestServer;

crate::on_both_engines!(
    a_contract_is_accepted_by_the_hash_of_the_bytes_that_were_served,
    onerous_clauses_are_approved_by_name_in_their_own_call,
    a_change_of_data_voids_the_contracts,
    contracts_made_by_four_at_once_are_made_once,
    contracts_tell_what_was_bought_whatever_the_catalogue_says_since,
    a_copy_that_is_not_signed_is_refused,
);

/// What a signer's program makes is taken in `tests/peers/signed_copies.py`.
async fn a_copy_that_is_not_signed_is_refused(server: Rc<TestServer>) {
    let activation = bought(&server, "signs@example.com").await.verified(&server).await;
    activation.save_person(&mario_rossi()).await;
    let contract = activation.contracts().await.remove(0);
    let path = format!("/v1/contracts/{}", text(&contract, "/id"));
    let pdf = activation.caller.get(&format!("{path}/pdf")).await.with_status(200).body;
    let copies = format!("{path}/signed-copy");
    let specimen = std::fs::read("src/activation/contracts/signed_copies/specimens/ecdsa.pdf").expect("a specimen");
    for (upload, code) in [
        (b"PK\x03\x04".to_vec(), "copy_is_no_pdf"),
        (specimen, "copy_of_another_document"),
        (pdf[..pdf.len() - 1].to_vec(), "copy_of_another_document"),
        (pdf.clone(), "copy_not_signed"),
        ([pdf.as_slice(), b"9 0 obj <</ByteRange [0 1 2 3]>> endobj"].concat(), "copy_not_covered"),
    ] {
        activation.caller.send_form(&copies, pdf_form(&upload)).await.refused_field("/file", code);
    }
    let large = vec![0; 10 * 1024 * 1024 + 1];
    activation.caller.send_form(&copies, pdf_form(&large)).await.refused(413, "content_too_large");
    let stranger = customer(&server, "nosy@example.com").await;
    stranger.send_form(&copies, pdf_form(&pdf)).await.refused(404, "not_found");
    assert!(activation.caller.get(&path).await.ok()["signed_copy"].is_null());
    let reviewer = server.visitor().logged_in_as("reviewer@example.com").await;
    let look = format!("/v1/back-office/contracts/{}/signed-copy", text(&contract, "/id"));
    reviewer.get(&look).await.refused(404, "not_found");
}

async fn a_contract_is_accepted_by_the_hash_of_the_bytes_that_were_served(server: Rc<TestServer>) {
    let activation = bought(&server, "hash@example.com").await;
    let list = format!("{}/contracts", activation.path);
    activation.caller.get(&list).await.refused(409, "request_state_forbids");
    let activation = activation.verified(&server).await;
    activation.caller.get(&list).await.refused(409, "request_state_forbids");
    activation.save_person(&mario_rossi()).await;
    let contracts = activation.contracts().await;
    let kinds: Vec<String> = contracts.iter().map(|contract| text(contract, "/kind")).collect();
    assert_eq!(kinds, ["general_conditions", "service_order", "privacy_notice", "onerous_clauses"]);
    assert_eq!(activation.contracts().await, contracts, "asked again, they are the same");
    let order = &contracts[1];
    let path = format!("/v1/contracts/{}", text(order, "/id"));
    let hash = text(order, "/document_sha256");
    let acceptance = format!("{path}/acceptance");
    activation
        .caller
        .post(&acceptance, json!({ "document_sha256": hash }))
        .await
        .refused(409, "contract_state_forbids");
    let pdf = activation.caller.get(&format!("{path}/pdf")).await.with_status(200);
    assert_eq!(pdf.header("content-type"), "application/pdf");
    assert_eq!(pdf.header("etag"), format!("\"{hash}\""));
    assert_eq!(hex::encode(sha256(&pdf.body)), hash);
    assert!(pdf.body.starts_with(b"%PDF-"));
    assert_eq!(activation.caller.get(&path).await.ok()["downloads"], 1);
    let other = json!({ "document_sha256": "ab".repeat(32) });
    activation.caller.post(&acceptance, other).await.refused(409, "contract_not_current");
    activation
        .caller
        .post(&acceptance, json!({ "document_sha256": "x" }))
        .await
        .refused_field("/document_sha256", "not_a_sha256");
    let accepted = activation.caller.post(&acceptance, json!({ "document_sha256": hash })).await.ok();
    assert_eq!((text(&accepted, "/status").as_str(), accepted["accepted_at"].is_string()), ("accepted", true));
    activation
        .caller
        .post(&acceptance, json!({ "document_sha256": hash }))
        .await
        .refused(409, "contract_state_forbids");
    let stranger = customer(&server, "strange@example.com").await;
    stranger.get(&path).await.refused(404, "not_found");
    stranger.get(&format!("{path}/pdf")).await.refused(404, "not_found");
    assert_eq!(rendered_again(&server, &text(order, "/id")).await, pdf.body, "the same data make the same bytes");
}

/// Renders a contract once more from the data that were kept with it.
async fn rendered_again(server: &TestServer, id: &str) -> Vec<u8> {
    let id = id.parse().expect("a contract's identifier");
    let db = server.with_platform(|platform| platform.db.clone());
    let contract = db.read(move |connection| store::find(connection, id)).await.expect("a read").expect("a contract");
    let templates = ContractTemplates::new(Provider::demo().expect("a provider"), None).expect("templates");
    let template = templates.choose(contract.locale, contract.kind, HolderType::Person, "legalinvoice-pro");
    let template = template.expect("a template");
    let rendering = Rendering {
        request_id: contract.request_id,
        kind: contract.kind,
        locale: contract.locale,
        data: &contract.data.0,
        made_at: contract.created_at,
    };
    server.with_platform(|platform| template.render(&platform.documents, &rendering)).expect("a PDF")
}

async fn onerous_clauses_are_approved_by_name_in_their_own_call(server: Rc<TestServer>) {
    let activation = bought(&server, "clauses@example.com").await.verified(&server).await;
    activation.save_person(&mario_rossi()).await;
    let contracts = activation.contracts().await;
    let (list, others) = contracts.split_last().expect("documents");
    assert_eq!((text(list, "/kind").as_str(), others.len()), ("onerous_clauses", 3));
    assert!(others.iter().all(|other| clause_ids(other).is_empty()), "they are approved where they are listed");
    let path = format!("/v1/contracts/{}", text(list, "/id"));
    let (hash, clauses) = (text(list, "/document_sha256"), clause_ids(list));
    let expected = ["tacit_renewal", "unilateral_changes", "suspension_of_service", "provider_withdrawal"];
    assert_eq!(clauses, expected, "a consumer is not asked to approve what art. 33 of the Codice del consumo forbids");
    let approval = format!("{path}/specific-approval");
    let all = json!({ "document_sha256": hash, "clause_ids": clauses });
    activation.caller.get(&format!("{path}/pdf")).await.with_status(200);
    activation.caller.post(&approval, all.clone()).await.refused(409, "contract_state_forbids");
    activation.caller.post(&format!("{path}/acceptance"), json!({ "document_sha256": hash })).await.ok();
    let some = json!({ "document_sha256": hash, "clause_ids": clauses[1..] });
    activation.caller.post(&approval, some).await.refused_field("/clause_ids", "clauses_missing");
    let mut named = clauses.clone();
    named.push("tacit_renewal".to_owned());
    let twice = json!({ "document_sha256": hash, "clause_ids": named });
    activation.caller.post(&approval, twice).await.refused_field("/clause_ids/4", "unknown_clause");
    let approved = activation.caller.post(&approval, all.clone()).await.ok();
    assert_eq!(approved["status"], "specifically_approved");
    activation.caller.post(&approval, all).await.refused(409, "contract_state_forbids");
    for other in others {
        let path = format!("/v1/contracts/{}", text(other, "/id"));
        activation.agree_to(other).await;
        let approval = json!({ "document_sha256": other["document_sha256"], "clause_ids": [] });
        activation
            .caller
            .post(&format!("{path}/specific-approval"), approval)
            .await
            .refused(409, "contract_state_forbids");
        assert_eq!(activation.caller.get(&path).await.ok()["status"], "accepted");
    }
    let due = texts(&activation.view().await["requirements"]["currently_due"]);
    assert_eq!(due, ["identity_document"]);
}

async fn a_change_of_data_voids_the_contracts(server: Rc<TestServer>) {
    let activation = bought(&server, "void@example.com").await.agreed(&server).await;
    assert_eq!(activation.view().await["status"], "ready_to_submit");
    let before = activation.contracts().await;
    let statuses: Vec<String> = before.iter().map(|contract| text(contract, "/status")).collect();
    assert_eq!(statuses, ["accepted", "accepted", "accepted", "specifically_approved"]);
    activation.caller.put(&format!("{}/holder", activation.path), holder(&mario_rossi())).await.ok();
    let view = activation.view().await;
    assert_eq!(view["status"], "collecting");
    assert_eq!(texts(&view["requirements"]["currently_due"]), ["applicant", "contracts"]);
    let old = format!("/v1/contracts/{}", text(&before[1], "/id"));
    assert_eq!(activation.caller.get(&old).await.ok()["status"], "voided");
    let hash = json!({ "document_sha256": before[1]["document_sha256"] });
    activation.caller.post(&format!("{old}/acceptance"), hash).await.refused(409, "contract_state_forbids");
    activation.save_person(&mario_rossi()).await;
    let after = activation.contracts().await;
    assert_ne!(after[1]["document_sha256"], before[1]["document_sha256"]);
    assert_eq!(after[1]["status"], "rendered");
    activation.save_person(&mario_rossi()).await;
    assert_eq!(activation.contracts().await, after, "saving the same again voids nothing");
}

async fn contracts_made_by_four_at_once_are_made_once(server: Rc<TestServer>) {
    let activation = bought(&server, "four@example.com").await.verified(&server).await;
    activation.save_person(&mario_rossi()).await;
    let made = futures_util::future::join_all((0..4).map(|_| activation.contracts())).await;
    assert!(made.iter().all(|contracts| contracts == &made[0] && contracts.len() == 4));
}

async fn contracts_tell_what_was_bought_whatever_the_catalogue_says_since(server: Rc<TestServer>) {
    let activation = bought(&server, "bought@example.com").await.verified(&server).await;
    let administrator = server.visitor().logged_in_as("admin@example.com").await;
    let path = format!("/v1/back-office/plans/{}", plan_id(&server, "legalinvoice-pro").await);
    let bought = administrator.get(&path).await.ok();
    let mut features = bought["features"].clone();
    features["invoices_per_year"] = json!(1);
    let other = json!({ "it": "Un altro piano", "en": "Another plan" });
    let change = json!({ "name": other, "description": other, "features": features });
    administrator.patch(&path, change).await.ok();
    activation.save_person(&mario_rossi()).await;
    let order = activation.contracts().await.remove(1);
    assert_eq!(order["kind"], "service_order");
    let id = text(&order, "/id").parse().expect("a contract's identifier");
    let db = server.with_platform(|platform| platform.db.clone());
    let contract = db.read(move |connection| store::find(connection, id)).await.expect("a read").expect("a contract");
    let plan = &contract.data.0["plan"];
    assert_eq!((&plan["name"], &plan["description"]), (&bought["name"]["it"], &bought["description"]["it"]));
    let features = plan["features"].as_array().expect("features");
    assert!(features.contains(&json!({ "label": "Fatture all'anno", "value": "500" })), "{features:?}");
    assert!(!contract.data.0.to_string().contains("Un altro piano"));
}
