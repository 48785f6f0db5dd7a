//! Making, serving and accepting the contract documents.

use std::sync::Arc;

use serde_json::json;

use super::data::{Matter, data};
use super::rendering::{ContractTemplates, Rendering};
use super::rules::{Consent, Contract, ContractCommand, ContractId, ContractKind, ContractStatus};
use super::signed_copies::SignedCopy;
use super::store;
use crate::activation::problems::REQUEST_STATE_FORBIDS;
use crate::activation::requests;
use crate::activation::requests::requirements::Requirement;
use crate::activation::requests::rules::{ActivationRequest, ActivationRequestId};
use crate::activation::requests::timeline::proof_sha256;
use crate::customers::accounts::rules::AccountId;
use crate::platform::Platform;
use crate::platform::clock::Time;
use crate::platform::crypto::sha256;
use crate::platform::db::DbConnection;
use crate::platform::db::types::Json;
use crate::platform::http::request::Sender;
use crate::platform::jobs;
use crate::platform::problem::{CONFLICT, NOT_FOUND, Problem};
use crate::platform::storage::EraseFile;
use crate::shop::orders;
use crate::shop::orders::rules::Order;

/// What rendering needs beside the templates.
struct Draft {
    request: ActivationRequest,
    order: Order,
}

/// The documents of an account's request, made when it has none that still holds.
///
/// Rendering takes tenths of a second, so it happens outside any transaction; the documents are kept only if the data
/// that they name are still the request's.
///
/// # Errors
/// `not_found`; `request_state_forbids` while holder or applicant are missing; `conflict` when they were changed
/// meanwhile.
pub async fn of_request(
    platform: &Arc<Platform>,
    templates: &Arc<ContractTemplates>,
    account: AccountId,
    id: ActivationRequestId,
) -> Result<Vec<Contract>, Problem> {
    let (current, draft) = platform
        .db
        .read(move |connection| {
            let request = requests::flow::own(connection, account, id)?;
            let current = store::current(connection, id)?;
            let draft = if current.is_empty() { Some(draft(connection, request)?) } else { None };
            Ok((current, draft))
        })
        .await?;
    let Some(draft) = draft else { return Ok(current) };
    let matter = draft.request.clone();
    let made = make(platform, templates, draft).await?;
    let (placed, documents) = (made.clone(), made);
    let now = platform.clock.now();
    let kept = platform.db.write(move |tx| place(tx, account, &matter, &placed, now)).await;
    if !matches!(&kept, Ok(Placed::Kept)) {
        // No row names these files, so nobody would ever remove them.
        for document in &documents {
            platform.storage.delete(&document.path).await?;
        }
    }
    match kept? {
        Placed::Kept => Ok(documents),
        Placed::AlreadyThere(current) => Ok(current),
    }
}

fn draft(connection: &mut DbConnection, request: ActivationRequest) -> Result<Draft, Problem> {
    if !request.status.is_with_customer() {
        return Err(request.state_forbids());
    }
    if request.email_verified_at.is_none() || request.holder.is_none() || request.applicant.is_none() {
        return Err(REQUEST_STATE_FORBIDS
            .detail("Save the holder and the applicant first: the documents name them.")
            .member("request_status", request.status.as_str().into()));
    }
    let order = orders::store::find(connection, request.order_id)?.ok_or_else(|| NOT_FOUND.problem())?;
    Ok(Draft { request, order })
}

/// Renders and stores every document of a draft.
async fn make(
    platform: &Arc<Platform>,
    templates: &Arc<ContractTemplates>,
    draft: Draft,
) -> Result<Vec<Contract>, Problem> {
    let made_at = platform.clock.now();
    let (shared, templates) = (platform.clone(), templates.clone());
    let render_all = move || -> Result<Vec<_>, Problem> {
        ContractKind::ALL.iter().map(|kind| render(&shared, &templates, &draft, *kind, made_at)).collect()
    };
    let mut contracts = Vec::new();
    for (contract, bytes) in platform.document_bench.run(render_all).await?? {
        platform.storage.put(&contract.path, &bytes).await?;
        contracts.push(contract);
    }
    Ok(contracts)
}

fn render(
    platform: &Platform,
    templates: &ContractTemplates,
    draft: &Draft,
    kind: ContractKind,
    made_at: Time,
) -> Result<(Contract, Vec<u8>), Problem> {
    let missing = || Problem::internal("a draft without holder or applicant");
    let unordered = || Problem::internal("an activation of what its order did not buy");
    let locale = draft.order.snapshot.customer.locale;
    let holder = draft.request.holder.as_ref().ok_or_else(missing)?;
    let bought = draft.order.snapshot.line_of(draft.request.plan_id).ok_or_else(unordered)?;
    let template = templates.choose(locale, kind, holder.holder_type, &bought.slug)?;
    let data = data(
        kind,
        &Matter {
            request: &draft.request,
            holder,
            applicant: draft.request.applicant.as_ref().ok_or_else(missing)?,
            order: &draft.order,
            bought,
            provider: &templates.provider,
            template_version: &template.version,
            locale,
            made_at,
        },
    );
    let request_id = draft.request.id;
    let bytes = template.render(&platform.documents, &Rendering { request_id, kind, locale, data: &data, made_at })?;
    let id = ContractId::new();
    let contract = Contract {
        id,
        request_id,
        kind,
        template_version: template.version.clone(),
        locale,
        data: Json(data),
        sha256: sha256(&bytes).to_vec(),
        path: format!("contracts/{id}.pdf"),
        status: ContractStatus::Rendered,
        downloads: 0,
        acceptance: None,
        specific_approval: None,
        signed_copy: None,
        created_at: made_at,
    };
    Ok((contract, bytes))
}

/// What became of fresh documents.
enum Placed {
    Kept,
    /// Somebody else made them at the same moment.
    AlreadyThere(Vec<Contract>),
}

fn place(
    tx: &mut DbConnection,
    account: AccountId,
    named: &ActivationRequest,
    contracts: &[Contract],
    now: Time,
) -> Result<Placed, Problem> {
    let mut request = requests::flow::own_locked(tx, account, named.id)?;
    let current = store::current(tx, named.id)?;
    if !current.is_empty() {
        return Ok(Placed::AlreadyThere(current));
    }
    if !request.status.is_with_customer() {
        return Err(request.state_forbids());
    }
    if (&request.holder, &request.applicant, &request.email) != (&named.holder, &named.applicant, &named.email) {
        return Err(CONFLICT.detail("Holder or applicant were changed meanwhile; ask again."));
    }
    for contract in contracts {
        store::insert(tx, contract)?;
    }
    let hashes: serde_json::Map<_, _> =
        contracts.iter().map(|contract| (contract.kind.to_string(), contract.made())).collect();
    requests::flow::conclude(tx, &mut request, "contracts_rendered", hashes.into(), now)?;
    Ok(Placed::Kept)
}

/// A document of an account's request.
///
/// # Errors
/// `not_found`.
pub fn own(connection: &mut DbConnection, account: AccountId, id: ContractId) -> Result<Contract, Problem> {
    let contract = store::find(connection, id)?.ok_or_else(|| NOT_FOUND.problem())?;
    requests::flow::own(connection, account, contract.request_id)?;
    Ok(contract)
}

/// Counts that a document's bytes are served to its customer.
///
/// # Errors
/// `not_found`.
pub fn count_download(
    tx: &mut DbConnection,
    account: AccountId,
    id: ContractId,
    now: Time,
) -> Result<Contract, Problem> {
    let request_id = own(tx, account, id)?.request_id;
    let request = requests::flow::own_locked(tx, account, request_id)?;
    let mut contract = store::find_locked(tx, id)?.ok_or_else(|| NOT_FOUND.problem())?;
    let is_first = contract.status == ContractStatus::Rendered;
    contract.advance(ContractCommand::Download)?;
    contract.downloads += 1;
    store::update(tx, &contract)?;
    if is_first {
        let details = json!({ "contract_id": id, "sha256": contract.sha256_text() });
        requests::flow::record(tx, &request, "contract_downloaded", &account.to_string(), details, now)?;
    }
    Ok(contract)
}

/// How a customer consents.
#[derive(Clone)]
pub struct ConsentGiven {
    /// SHA-256 of the document, as the customer saw it.
    pub document_sha256: String,
    /// The onerous clauses named; none for an acceptance.
    pub clause_ids: Option<Vec<String>>,
    /// From where.
    pub sender: Sender,
}

/// Records an acceptance or, where clauses are named, a specific approval, with its proof.
///
/// # Errors
/// `not_found`, `request_state_forbids`, `contract_not_current`, `contract_state_forbids`, `invalid_fields`.
pub fn consent(
    tx: &mut DbConnection,
    account: AccountId,
    id: ContractId,
    given: ConsentGiven,
    now: Time,
) -> Result<Contract, Problem> {
    let request_id = own(tx, account, id)?.request_id;
    let mut request = requests::flow::own_locked(tx, account, request_id)?;
    let mut contract = store::find_locked(tx, id)?.ok_or_else(|| NOT_FOUND.problem())?;
    request.begin_change(Requirement::Contracts, now)?;
    let is_approval = given.clause_ids.is_some();
    let proof = Consent {
        account_id: account,
        email: request.email.clone(),
        document_sha256: given.document_sha256.to_ascii_lowercase(),
        clause_ids: given.clause_ids.unwrap_or_default(),
        given_at: now,
        ip: given.sender.ip_text(),
        user_agent: given.sender.user_agent,
    };
    let details = json!({
        "contract_id": id,
        "sha256": proof.document_sha256,
        "clause_ids": proof.clause_ids,
        "proof_sha256": proof_sha256(&proof)?,
    });
    let kind = if is_approval {
        contract.approve_specifically(proof)?;
        "onerous_clauses_approved"
    } else {
        contract.accept(proof)?;
        "contract_accepted"
    };
    store::update(tx, &contract)?;
    requests::flow::conclude(tx, &mut request, kind, details, now)?;
    Ok(contract)
}

/// Takes a copy of a document that was signed elsewhere and checked; the one before it is erased.
///
/// # Errors
/// `not_found`, `request_state_forbids`, `requirement_frozen`, `contract_state_forbids`.
pub fn take_signed_copy(
    tx: &mut DbConnection,
    account: AccountId,
    id: ContractId,
    copy: &SignedCopy,
) -> Result<Contract, Problem> {
    let now = copy.uploaded_at;
    let request_id = own(tx, account, id)?.request_id;
    let mut request = requests::flow::own_locked(tx, account, request_id)?;
    let mut contract = store::find_locked(tx, id)?.ok_or_else(|| NOT_FOUND.problem())?;
    request.begin_change(Requirement::Contracts, now)?;
    if let Some(former) = contract.take_signed_copy(copy.clone())? {
        jobs::enqueue(tx, &EraseFile { path: former.path }, now)?;
    }
    store::update(tx, &contract)?;
    let details = json!({
        "contract_id": id,
        "document_sha256": contract.sha256_text(),
        "sha256": copy.sha256,
        "proof_sha256": proof_sha256(&copy.evidence())?,
    });
    requests::flow::conclude(tx, &mut request, "signed_copy_uploaded", details, now)?;
    Ok(contract)
}
