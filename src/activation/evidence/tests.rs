//! A bundle holds, and whatever is changed in it shows (invariant 19 of the design).

use std::sync::LazyLock;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::archive::{Files, pack, unpack};
use super::rules::{
    ContractFiles, EVIDENCE, ListedFile, MANIFEST, Manifest, Proofs, SIGNATURE, SIGNATURE_TYPE, TIMELINE,
};
use super::verification::{Verification, verify};
use crate::activation::contracts::clauses::listed;
use crate::activation::contracts::rules::{Consent, Contract, ContractId, ContractKind, ContractStatus};
use crate::activation::contracts::signed_copies::{SignedCopy, check};
use crate::activation::identity_documents::rules::{
    DocumentKind, DocumentStatus, IdentityDocument, IdentityDocumentId, Page, Side,
};
use crate::activation::otp_challenges::rules::{ChallengePurpose, ChallengeStatus, OtpChallenge, OtpChallengeId};
use crate::activation::requests::holder::HolderType;
use crate::activation::requests::rules::RequestStatus;
use crate::activation::requests::specimen::complete_request;
use crate::activation::requests::timeline::{ActivationEvent, Happening, proof_sha256};
use crate::platform::auth::signatures::PublicKey;
use crate::platform::auth::tokens::Tokens;
use crate::platform::clock::{Clock, Time};
use crate::platform::crypto::sha256;
use crate::platform::db::types::Json;
use crate::platform::locale::Locale;

/// A bundle's files and the key that signed them; made once, since a key and its files don't change.
static SPECIMEN: LazyLock<(Files, Tokens)> = LazyLock::new(|| {
    let tokens = Tokens::new(&Tokens::generate_key().unwrap()).unwrap();
    (files_of(&proofs(), &tokens), tokens)
});

/// The document that was signed elsewhere in the specimen, and its signed copy.
const SIGNED_DOCUMENT: &[u8] = include_bytes!("../contracts/signed_copies/specimens/tiny.pdf");
const SIGNED_COPY: &[u8] = include_bytes!("../contracts/signed_copies/specimens/ecdsa.pdf");

fn pdf(kind: ContractKind) -> Vec<u8> {
    match kind {
        ContractKind::GeneralConditions => SIGNED_DOCUMENT.to_vec(),
        kind => format!("%PDF-1.7 {kind}").into_bytes(),
    }
}

fn signed_copy(now: Time) -> SignedCopy {
    SignedCopy {
        sha256: hex::encode(sha256(SIGNED_COPY)),
        size: SIGNED_COPY.len(),
        path: String::new(),
        signature: check(SIGNED_COPY, SIGNED_DOCUMENT.len(), &sha256(SIGNED_DOCUMENT)).unwrap(),
        uploaded_at: now,
    }
}

fn files_of(proofs: &Proofs, tokens: &Tokens) -> Files {
    let contents = proofs.contracts.iter().map(|contract| ContractFiles {
        document: pdf(contract.kind),
        signed_copy: contract.signed_copy.as_ref().map(|_| SIGNED_COPY.to_vec()),
    });
    proofs.files(contents.collect(), |manifest| tokens.sign_file(SIGNATURE_TYPE, manifest)).unwrap()
}

fn proofs() -> Proofs {
    let now = Clock::default().now();
    let mut request = complete_request(now);
    request.submit(now).unwrap();
    let challenge = OtpChallenge {
        id: OtpChallengeId::new(),
        request_id: request.id,
        purpose: ChallengePurpose::Applicant,
        email: "mario.rossi@example.com".to_owned(),
        sealed_secret: Vec::new(),
        status: ChallengeStatus::Verified,
        attempts: 1,
        issued_at: now,
        expires_at: now.plus_seconds(600),
        verified_at: Some(now),
    };
    let document = IdentityDocument {
        id: IdentityDocumentId::new(),
        request_id: request.id,
        kind: DocumentKind::Passport,
        number: "YA1234567".to_owned(),
        issued_on: now.italian_date(),
        expires_on: now.italian_date(),
        mrz: None,
        status: DocumentStatus::PendingReview,
        quality: Vec::new(),
        warnings: Vec::new(),
        pages: vec![Page { side: Side::Front, path: String::new(), upload_sha256: vec![7; 32] }],
        created_at: now,
    };
    let contract = |kind: &ContractKind| contract(*kind, &request, now);
    let contracts: Vec<Contract> = ContractKind::ALL.iter().map(contract).collect();
    let mut proofs =
        Proofs { challenge, invitation: None, documents: vec![document], contracts, events: Vec::new(), request };
    proofs.events = events(&proofs, now);
    proofs
}

fn contract(
    kind: ContractKind,
    request: &crate::activation::requests::rules::ActivationRequest,
    now: Time,
) -> Contract {
    let hash = sha256(&pdf(kind));
    let consent = |clause_ids| Consent {
        account_id: request.account_id,
        email: request.email.clone(),
        document_sha256: hex::encode(hash),
        clause_ids,
        given_at: now,
        ip: Some("192.0.2.1".to_owned()),
        user_agent: Some("a browser".to_owned()),
    };
    let clauses = listed(Locale::Italian, HolderType::Company);
    let named = || clauses.iter().map(|clause| clause.id.clone()).collect();
    Contract {
        id: ContractId::new(),
        request_id: request.id,
        kind,
        template_version: "it/v1".to_owned(),
        locale: Locale::Italian,
        data: Json(json!({ "clauses": clauses })),
        sha256: hash.to_vec(),
        path: String::new(),
        status: ContractStatus::Final,
        downloads: 1,
        acceptance: Some(consent(Vec::new())),
        specific_approval: kind.is_onerous().then(|| consent(named())),
        signed_copy: (kind == ContractKind::GeneralConditions).then(|| signed_copy(now)),
        created_at: now,
    }
}

fn events(proofs: &Proofs, now: Time) -> Vec<ActivationEvent> {
    use RequestStatus::{AwaitingEmail, Collecting, InReview, ReadyToSubmit};
    let document = &proofs.documents[0];
    let pages = json!({ "front": hex::encode(&document.pages[0].upload_sha256) });
    let address = proof_sha256(&proofs.challenge.proof(now)).unwrap();
    let made: serde_json::Map<_, _> =
        proofs.contracts.iter().map(|contract| (contract.kind.to_string(), contract.made())).collect();
    let mut happened = vec![
        ("request_opened", AwaitingEmail, json!({ "order_id": proofs.request.order_id })),
        ("email_verified", Collecting, json!({ "challenge_id": proofs.challenge.id, "proof_sha256": address })),
        ("identity_document_uploaded", Collecting, json!({ "identity_document_id": document.id, "pages": pages })),
        ("contracts_rendered", Collecting, made.into()),
    ];
    for contract in &proofs.contracts {
        let (id, hash) = (contract.id, contract.sha256_text());
        happened.push(("contract_downloaded", Collecting, json!({ "contract_id": id, "sha256": hash })));
        if let Some(copy) = &contract.signed_copy {
            let proof = proof_sha256(&copy.evidence()).unwrap();
            happened.push(("signed_copy_uploaded", Collecting, json!({ "contract_id": id, "proof_sha256": proof })));
        }
        let consents =
            [("contract_accepted", &contract.acceptance), ("onerous_clauses_approved", &contract.specific_approval)];
        for (kind, consent) in consents {
            let Some(consent) = consent else { continue };
            let proof = proof_sha256(consent).unwrap();
            happened.push((kind, Collecting, json!({ "contract_id": id, "sha256": hash, "proof_sha256": proof })));
        }
    }
    happened.push(("contract_accepted", ReadyToSubmit, json!({})));
    let parties = json!({ "parties_sha256": proofs.request.parties_sha256().unwrap() });
    happened.push(("request_submitted", InReview, parties));
    let account = proofs.request.account_id.to_string();
    let mut events: Vec<ActivationEvent> = Vec::new();
    for (kind, status, details) in happened {
        let happening = Happening { kind, actor: &account, status, details, at: now };
        events.push(ActivationEvent::following(proofs.request.id, events.last(), happening));
    }
    events
}

#[track_caller]
fn assert_faulty(verification: &Verification, what: &str) {
    let faults: Vec<_> = verification.checks.iter().filter(|check| check.fault.is_some()).collect();
    assert!(faults.iter().any(|check| check.what == what), "{what} is no fault among {faults:?}");
}

/// The same proofs, changed by somebody who signs what they made up under a key of their own.
fn forged(change: impl FnOnce(&mut Proofs)) -> Verification {
    let mut proofs = proofs();
    change(&mut proofs);
    verify(&files_of(&proofs, &SPECIMEN.1), None)
}

proptest! {
    #[test]
    fn one_flipped_bit_of_any_file_shows(file in any::<prop::sample::Index>(), at in any::<prop::sample::Index>(), bit in 0..8_u8) {
        let mut files = SPECIMEN.0.clone();
        let file = file.index(files.len());
        let content = &mut files[file].1;
        let at = at.index(content.len());
        content[at] ^= 1 << bit;
        prop_assert!(!verify(&files, None).is_sound());
    }

    #[test]
    fn one_flipped_bit_of_the_archive_shows_or_changes_no_file(at in any::<prop::sample::Index>(), bit in 0..8_u8) {
        let mut archive = pack(&SPECIMEN.0).unwrap();
        let at = at.index(archive.len());
        archive[at] ^= 1 << bit;
        if let Ok(files) = unpack(&archive) {
            prop_assert!(files == SPECIMEN.0 || !verify(&files, None).is_sound());
        }
    }

    #[test]
    fn no_bytes_are_too_wild_to_be_refused(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
        prop_assert!(unpack(&bytes).is_err());
    }
}

#[test]
fn a_bundle_holds_under_its_key_and_under_no_other() {
    let (files, tokens) = &*SPECIMEN;
    let others = Tokens::new(&Tokens::generate_key().unwrap()).unwrap();
    let verification = verify(files, None);
    assert!(verification.is_sound(), "{:?}", verification.checks);
    assert!(verify(files, Some(&PublicKey::of_set(&tokens.key_set()))).is_sound());
    let elsewhere = verify(files, Some(&PublicKey::of_set(&others.key_set())));
    assert_faulty(&elsewhere, "the signing key is one of the key set");
}

#[test]
fn equal_proofs_make_equal_bytes() {
    let proofs = proofs();
    let tokens = &SPECIMEN.1;
    let one = pack(&files_of(&proofs, tokens)).unwrap();
    assert_eq!(one, pack(&files_of(&proofs, tokens)).unwrap());
    assert_eq!(unpack(&one).unwrap(), files_of(&proofs, tokens));
    let names: Vec<String> = unpack(&one).unwrap().into_iter().map(|(name, _)| name).collect();
    let contracts = [
        "contracts/general_conditions.pdf",
        "contracts/general_conditions-signed.pdf",
        "contracts/service_order.pdf",
        "contracts/privacy_notice.pdf",
        "contracts/onerous_clauses.pdf",
    ];
    assert_eq!(names, [[MANIFEST, SIGNATURE, EVIDENCE, TIMELINE].as_slice(), &contracts].concat());
}

#[test]
fn a_file_that_is_missing_or_added_shows() {
    for index in 0..SPECIMEN.0.len() {
        let mut files = SPECIMEN.0.clone();
        files.remove(index);
        assert!(!verify(&files, None).is_sound(), "without {}", SPECIMEN.0[index].0);
    }
    let mut files = SPECIMEN.0.clone();
    files.push(("more.txt".to_owned(), Vec::new()));
    assert_faulty(&verify(&files, None), "every file is the one that the manifest lists");
    assert!(!verify(&Files::new(), None).is_sound());
}

#[test]
fn proofs_that_the_chain_does_not_hold_show_though_they_are_signed() {
    const AGREED: &str = "a contract was served, accepted and approved";
    let moved = forged(|proofs| {
        if let Some(consent) = &mut proofs.contracts[1].acceptance {
            consent.ip = Some("198.51.100.9".to_owned());
        }
    });
    assert_faulty(&moved, AGREED);
    assert_faulty(&forged(|proofs| proofs.contracts[3].specific_approval = None), AGREED);
    assert_faulty(&forged(|proofs| proofs.contracts[2].acceptance = None), AGREED);
    assert_faulty(&forged(|proofs| proofs.challenge.id = OtpChallengeId::new()), "the address was proved");
    let other_picture = forged(|proofs| proofs.documents[0].pages[0].upload_sha256 = vec![8; 32]);
    assert_faulty(&other_picture, "the identity documents are those uploaded");
    let delegate = forged(|proofs| {
        if let Some(applicant) = &mut proofs.request.applicant {
            applicant.role = crate::activation::requests::holder::ApplicantRole::Delegate;
        }
    });
    assert_faulty(&delegate, "a delegate has the representative's confirmation");
    let shorter = forged(|proofs| {
        proofs.events.remove(1);
    });
    assert_faulty(&shorter, "the timeline's hash chain is whole");
}

/// The specimen with another `evidence.json`, signed anew by whoever changed it.
fn retouched(change: impl FnOnce(&mut Value)) -> Verification {
    let mut files = SPECIMEN.0.clone();
    let place = |name: &str| SPECIMEN.0.iter().position(|(known, _)| known == name).unwrap();
    let mut evidence: Value = serde_json::from_slice(&files[place(EVIDENCE)].1).unwrap();
    change(&mut evidence);
    files[place(EVIDENCE)].1 = evidence.to_string().into_bytes();
    let mut manifest: Manifest = serde_json::from_slice(&files[place(MANIFEST)].1).unwrap();
    manifest.files = manifest
        .files
        .iter()
        .filter_map(|listed| files.iter().find(|(name, _)| *name == listed.name))
        .map(|(name, content)| ListedFile::of(name, content))
        .collect();
    files[place(MANIFEST)].1 = serde_json::to_vec(&manifest).unwrap();
    let signature = SPECIMEN.1.sign_file(SIGNATURE_TYPE, &files[place(MANIFEST)].1).unwrap();
    files[place(SIGNATURE)].1 = signature.into_bytes();
    verify(&files, None)
}

#[test]
fn evidence_that_is_retouched_and_signed_anew_shows() {
    assert!(retouched(|_| {}).is_sound());
    let proved = "the address was proved";
    assert_faulty(&retouched(|evidence| evidence["email_challenge"]["email"] = json!("other@example.com")), proved);
    let later = json!("2031-01-01T00:00:00Z");
    assert_faulty(&retouched(|evidence| evidence["email_challenge"]["verified_at"] = later.clone()), proved);

    let made = "the contracts are those that were made";
    let unapproved = retouched(|evidence| {
        evidence["contracts"][3]["onerous_clauses"] = json!([]);
        evidence["contracts"][3]["specific_approval"] = Value::Null;
    });
    assert_faulty(&unapproved, made);
    let fewer = retouched(|evidence| {
        evidence["contracts"].as_array_mut().unwrap().pop();
    });
    assert_faulty(&fewer, made);
    assert_faulty(&retouched(|evidence| evidence["contracts"] = json!([])), made);
    let twice = retouched(|evidence| {
        let again = evidence["contracts"][1].clone();
        evidence["contracts"].as_array_mut().unwrap().push(again);
    });
    assert_faulty(&twice, made);

    let signed = "a signed copy is the one uploaded last";
    assert_faulty(&retouched(|evidence| evidence["contracts"][0]["signed_copy"] = Value::Null), signed);
    let another = json!("CN=Anna Bianchi");
    assert_faulty(
        &retouched(|evidence| evidence["contracts"][0]["signed_copy"]["signature"]["signer"] = another),
        signed,
    );
    let elsewhere = retouched(|evidence| {
        evidence["contracts"][1]["signed_copy"] = evidence["contracts"][0]["signed_copy"].clone();
    });
    assert_faulty(&elsewhere, signed);

    let undocumented = retouched(|evidence| evidence["identity_documents"] = json!([]));
    assert_faulty(&undocumented, "the identity documents are those uploaded");

    let parties = "holder and applicant are those handed in";
    assert_faulty(&retouched(|evidence| evidence["holder"]["last_name"] = json!("Bianchi")), parties);
    assert_faulty(&retouched(|evidence| evidence["applicant"]["role"] = json!("legal_representative")), parties);
    assert_faulty(&retouched(|evidence| evidence["activation_request"]["submitted_at"] = later.clone()), parties);
    let order = json!(crate::shop::orders::rules::OrderId::new());
    assert_faulty(&retouched(|evidence| evidence["activation_request"]["order_id"] = order), parties);
    let account = json!(crate::customers::accounts::rules::AccountId::new());
    assert_faulty(&retouched(|evidence| evidence["activation_request"]["account_id"] = account), parties);
}

#[test]
fn bytes_that_were_not_served_make_no_bundle() {
    let proofs = proofs();
    let other = || ContractFiles { document: b"%PDF-other".to_vec(), signed_copy: None };
    let contents = proofs.contracts.iter().map(|_| other()).collect();
    assert!(proofs.files(contents, |_| Ok(String::new())).is_err());
}
