//! Checking a bundle with nothing but its bytes: no server, no network, no clock.

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::archive::Files;
use super::rules::{
    ContractEvidence, EVIDENCE, Evidence, FORMAT, ListedFile, MANIFEST, Manifest, SIGNATURE, SIGNATURE_TYPE, TIMELINE,
    Timeline, signed_copy_of,
};
use crate::activation::contracts::rules::{Consent, made};
use crate::activation::contracts::signed_copies::check;
use crate::activation::requests::holder::ApplicantRole;
use crate::activation::requests::rules::parties_sha256;
use crate::activation::requests::timeline::{self, ActivationEvent, proof_sha256};
use crate::platform::auth::signatures::{self, PublicKey};
use crate::platform::crypto::sha256;

/// One thing that was checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// What.
    pub what: &'static str,
    /// Why it does not hold.
    pub fault: Option<String>,
}

/// What came of checking a bundle.
pub struct Verification {
    /// In the order in which they were made; what cannot be checked for want of a file is missing.
    pub checks: Vec<Check>,
    /// The key that signed it.
    pub key: Option<PublicKey>,
    /// What the bundle says, where it can be read.
    pub evidence: Option<Evidence>,
}

impl Verification {
    /// Whether every check holds. Each one is made where its files can be read, and those that cannot are a fault.
    pub fn is_sound(&self) -> bool {
        !self.checks.is_empty() && self.checks.iter().all(|check| check.fault.is_none())
    }

    fn check(&mut self, what: &'static str, held: Result<(), String>) {
        self.checks.push(Check { what, fault: held.err() });
    }
}

/// Checks the files of a bundle. With `trusted`, the key must be one of these.
pub fn verify(files: &Files, trusted: Option<&[PublicKey]>) -> Verification {
    let mut verification = Verification { checks: Vec::new(), key: None, evidence: None };
    let manifest = content(files, MANIFEST);
    match manifest.and_then(|manifest| signing_key(files, manifest)) {
        Ok(key) => {
            verification.check("the manifest is signed", Ok(()));
            if let Some(trusted) = trusted {
                let known = trusted.contains(&key).then_some(()).ok_or("the key is not in the key set".to_owned());
                verification.check("the signing key is one of the key set", known);
            }
            verification.key = Some(key);
        }
        Err(fault) => verification.check("the manifest is signed", Err(fault)),
    }
    let manifest: Result<Manifest, String> = read(files, MANIFEST);
    let timeline: Result<Timeline, String> = read(files, TIMELINE);
    let evidence: Result<Evidence, String> = read(files, EVIDENCE);
    match (manifest, timeline, evidence) {
        (Ok(manifest), Ok(timeline), Ok(evidence)) => {
            check_contents(&mut verification, files, &manifest, &timeline, &evidence);
            verification.evidence = Some(evidence);
        }
        (manifest, timeline, evidence) => {
            let fault = [manifest.err(), timeline.err(), evidence.err()].into_iter().flatten().next();
            verification.check("the files can be read", Err(fault.unwrap_or_default()));
        }
    }
    verification
}

fn check_contents(
    verification: &mut Verification,
    files: &Files,
    manifest: &Manifest,
    timeline: &Timeline,
    evidence: &Evidence,
) {
    verification.check("every file is the one that the manifest lists", every_file_is_listed(files, manifest));
    verification.check("the files speak of one request", one_request(manifest, timeline, evidence));
    let events: Vec<ActivationEvent> = timeline.events.iter().filter_map(|record| record.to_event()).collect();
    verification.check("the timeline's hash chain is whole", chain_is_whole(manifest, timeline, &events));
    verification.check("the address was proved", address_was_proved(evidence, &events));
    verification.check("a delegate has the representative's confirmation", delegation_was_confirmed(evidence, &events));
    verification.check("holder and applicant are those handed in", parties_were_handed_in(evidence, &events));
    verification.check("the identity documents are those uploaded", documents_were_uploaded(evidence, &events));
    verification.check("the contracts are those that were made", contracts_were_made(evidence, &events));
    for contract in &evidence.contracts {
        verification
            .check("a contract was served, accepted and approved", contract_was_agreed(files, contract, &events));
        verification.check("a signed copy is the one uploaded last", copy_was_uploaded(files, contract, &events));
    }
}

fn content<'a>(files: &'a Files, name: &str) -> Result<&'a [u8], String> {
    let found = files.iter().find(|(known, _)| known == name);
    found.map(|(_, content)| content.as_slice()).ok_or_else(|| format!("{name} is missing"))
}

fn read<T: DeserializeOwned>(files: &Files, name: &str) -> Result<T, String> {
    serde_json::from_slice(content(files, name)?).map_err(|error| format!("{name}: {error}"))
}

fn signing_key(files: &Files, manifest: &[u8]) -> Result<PublicKey, String> {
    let signature = std::str::from_utf8(content(files, SIGNATURE)?).map_err(|error| error.to_string())?;
    signatures::verify(signature, SIGNATURE_TYPE, manifest).map_err(|fault| format!("{SIGNATURE}: {fault}"))
}

fn every_file_is_listed(files: &Files, manifest: &Manifest) -> Result<(), String> {
    let is_listed = |name: &str| manifest.files.iter().any(|listed| listed.name == name);
    if let Some((name, _)) = files.iter().find(|(name, _)| name != MANIFEST && name != SIGNATURE && !is_listed(name)) {
        return Err(format!("{name} is not listed"));
    }
    for listed in &manifest.files {
        let found = ListedFile::of(&listed.name, content(files, &listed.name)?);
        if (found.size, &found.sha256) != (listed.size, &listed.sha256) {
            return Err(format!("{} was changed", listed.name));
        }
    }
    Ok(())
}

fn one_request(manifest: &Manifest, timeline: &Timeline, evidence: &Evidence) -> Result<(), String> {
    let id = manifest.activation_request_id;
    if timeline.activation_request_id != id || evidence.activation_request.id != id {
        return Err("they name several".to_owned());
    }
    if manifest.format != FORMAT || evidence.format != FORMAT {
        return Err(format!("the format is not {FORMAT}"));
    }
    Ok(())
}

fn chain_is_whole(manifest: &Manifest, timeline: &Timeline, events: &[ActivationEvent]) -> Result<(), String> {
    if events.len() != timeline.events.len() || !timeline::verify(timeline.activation_request_id, events) {
        return Err("an entry was changed, added or left out".to_owned());
    }
    timeline::fold(events).ok_or("its steps lead to no state")?;
    let last = timeline.events.last().ok_or("it is empty")?;
    let head = &manifest.chain_head;
    if (last.sequence, &last.hash) == (head.sequence, &head.hash) {
        Ok(())
    } else {
        Err("its last entry is not the manifest's head".to_owned())
    }
}

/// Whether an entry of a kind has these details.
fn tells<'a>(
    events: &[ActivationEvent],
    kind: &str,
    details: impl IntoIterator<Item = (&'a str, Value)> + Clone,
) -> bool {
    let has = |event: &ActivationEvent| {
        details.clone().into_iter().all(|(pointer, value)| event.details.pointer(pointer) == Some(&value))
    };
    events.iter().any(|event| event.kind == kind && has(event))
}

fn address_was_proved(evidence: &Evidence, events: &[ActivationEvent]) -> Result<(), String> {
    let proof = proof_sha256(&evidence.email_challenge).map_err(|problem| problem.to_string())?;
    let id = Value::from(evidence.email_challenge.id.to_string());
    let is_told = tells(events, "email_verified", [("/challenge_id", id), ("/proof_sha256", proof.into())]);
    is_told.then_some(()).ok_or_else(|| "the timeline does not tell of the challenge".to_owned())
}

fn last<'a>(events: &'a [ActivationEvent], kind: &str) -> Result<&'a ActivationEvent, String> {
    events.iter().rfind(|event| event.kind == kind).ok_or_else(|| format!("the timeline has no entry {kind}"))
}

/// The request of this order, and whose it is, as its account handed them in last.
fn parties_were_handed_in(evidence: &Evidence, events: &[ActivationEvent]) -> Result<(), String> {
    let request = &evidence.activation_request;
    if last(events, "request_opened")?.details["order_id"] != request.order_id.to_string() {
        return Err("the request was opened for another order".to_owned());
    }
    let handed_in = last(events, "request_submitted")?;
    let parties = parties_sha256(request.id, Some(&evidence.holder), Some(&evidence.applicant));
    if handed_in.details["parties_sha256"] != parties.map_err(|problem| problem.to_string())? {
        return Err("others were handed in".to_owned());
    }
    if (Some(handed_in.at), &handed_in.actor) != (request.submitted_at, &request.account_id.to_string()) {
        return Err("they were handed in by somebody else, or at another time".to_owned());
    }
    Ok(())
}

/// Every document that was made last, none more, and with the clauses that it had then.
fn contracts_were_made(evidence: &Evidence, events: &[ActivationEvent]) -> Result<(), String> {
    let described = |contract: &ContractEvidence| {
        let made = made(contract.id, &contract.document_sha256, &contract.onerous_clauses);
        (contract.kind.to_string(), made)
    };
    let claimed: serde_json::Map<_, _> = evidence.contracts.iter().map(described).collect();
    let is_whole = claimed.len() == evidence.contracts.len();
    if is_whole && last(events, "contracts_rendered")?.details == Value::Object(claimed) {
        Ok(())
    } else {
        Err("the timeline tells of others".to_owned())
    }
}

/// What a delegate did counts because the holder's representative confirmed this very delegate for this very holder.
fn delegation_was_confirmed(evidence: &Evidence, events: &[ActivationEvent]) -> Result<(), String> {
    if evidence.applicant.role != ApplicantRole::Delegate {
        return Ok(());
    }
    let representative = evidence.representative.as_ref().ok_or("there is none")?;
    let confirmation = representative.confirmation.as_ref().ok_or("there is none")?;
    let names = (&confirmation.applicant_codice_fiscale, &confirmation.holder_fiscal_subject);
    if names != (&evidence.applicant.codice_fiscale, &evidence.holder.fiscal_subject()) {
        return Err("it is about somebody else".to_owned());
    }
    let proof = proof_sha256(confirmation).map_err(|problem| problem.to_string())?;
    let details = [
        ("/invitation_id", Value::from(representative.invitation_id.to_string())),
        ("/challenge_id", Value::from(confirmation.challenge_id.to_string())),
        ("/proof_sha256", Value::from(proof)),
    ];
    let is_told = tells(events, "representative_confirmed", details);
    is_told.then_some(()).ok_or_else(|| "the timeline does not tell of it".to_owned())
}

/// Every document that was uploaded, and none more.
fn documents_were_uploaded(evidence: &Evidence, events: &[ActivationEvent]) -> Result<(), String> {
    let uploads = events.iter().filter(|event| event.kind == "identity_document_uploaded").count();
    if uploads != evidence.identity_documents.len() {
        return Err(format!("the timeline tells of {uploads}"));
    }
    for document in &evidence.identity_documents {
        let id = ("/identity_document_id".to_owned(), Value::from(document.id.to_string()));
        let page =
            |page: &super::rules::PageEvidence| (format!("/pages/{}", page.side), page.upload_sha256.clone().into());
        let details: Vec<(String, Value)> = std::iter::once(id).chain(document.pages.iter().map(page)).collect();
        let details = details.iter().map(|(pointer, value)| (pointer.as_str(), value.clone()));
        if !tells(events, "identity_document_uploaded", details) {
            return Err(format!("the timeline does not tell of {}", document.id));
        }
    }
    Ok(())
}

fn contract_was_agreed(files: &Files, contract: &ContractEvidence, events: &[ActivationEvent]) -> Result<(), String> {
    let hash = &contract.document_sha256;
    let broken = |what: &str| Err(format!("{}: {what}", contract.kind));
    if ListedFile::of(&contract.file, content(files, &contract.file)?).sha256 != *hash {
        return broken("the document's bytes are not those that were accepted");
    }
    let served = [("/contract_id", Value::from(contract.id.to_string())), ("/sha256", Value::from(hash.as_str()))];
    if !tells(events, "contract_downloaded", served) {
        return broken("the timeline does not tell that it was served");
    }
    let Some(acceptance) = &contract.acceptance else { return broken("it was not accepted") };
    if !is_proved(contract, acceptance, "contract_accepted", events) {
        return broken("the timeline does not tell of its acceptance");
    }
    let Some(approval) = &contract.specific_approval else {
        return if contract.onerous_clauses.is_empty() { Ok(()) } else { broken("its clauses were not approved") };
    };
    if contract.onerous_clauses.iter().any(|clause| !approval.clause_ids.contains(clause)) {
        return broken("a clause was not approved by name");
    }
    if !is_proved(contract, approval, "onerous_clauses_approved", events) {
        return broken("the timeline does not tell of the approval");
    }
    Ok(())
}

/// The copy that was uploaded last, signed over the very bytes that were served; none where none was uploaded.
fn copy_was_uploaded(files: &Files, contract: &ContractEvidence, events: &[ActivationEvent]) -> Result<(), String> {
    let id = Value::from(contract.id.to_string());
    let is_about =
        |event: &&ActivationEvent| event.kind == "signed_copy_uploaded" && event.details["contract_id"] == id;
    match (&contract.signed_copy, events.iter().rfind(is_about)) {
        (None, None) => Ok(()),
        (Some(copy), Some(uploaded)) => {
            let proof = proof_sha256(copy).map_err(|problem| problem.to_string())?;
            let bytes = content(files, &signed_copy_of(contract.kind))?;
            if uploaded.details["proof_sha256"] != proof || hex::encode(sha256(bytes)) != copy.sha256 {
                return Err(format!("{}: the timeline tells of another", contract.kind));
            }
            let document = content(files, &contract.file)?;
            let signature = check(bytes, document.len(), &sha256(document)).map_err(|refusal| refusal.to_string())?;
            if signature == copy.signature { Ok(()) } else { Err(format!("{}: somebody else's", contract.kind)) }
        }
        _ => Err(format!("{}: it is missing, or was never uploaded", contract.kind)),
    }
}

/// Whether the chain holds the hash of a consent's proof, and the proof names the document.
fn is_proved(contract: &ContractEvidence, consent: &Consent, kind: &str, events: &[ActivationEvent]) -> bool {
    let proof = proof_sha256(consent).map(Value::from).unwrap_or_default();
    let details = [("/contract_id", Value::from(contract.id.to_string())), ("/proof_sha256", proof)];
    consent.document_sha256 == contract.document_sha256 && tells(events, kind, details)
}
