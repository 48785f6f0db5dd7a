//! `GET /v1/activation-requests/{id}/contracts` and `/v1/contracts`.

pub mod signed_copies;

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, get, post, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use validator::{Validate, ValidationError};

use self::signed_copies::SignedCopyView;
use super::clauses::ListedClause;
use super::flow::{self, ConsentGiven};
use super::rendering::ContractTemplates;
use super::rules::{Contract, ContractId, ContractKind, ContractStatus};
use crate::activation::requests::rules::ActivationRequestId;
use crate::customers::sessions::extract::Customer;
use crate::platform::Platform;
use crate::platform::clock::Time;
use crate::platform::http::body::ValidJson;
use crate::platform::http::idempotency_key::IdempotencyKey;
use crate::platform::http::openapi::{Binary, Conflict};
use crate::platform::http::request::Sender;
use crate::platform::idempotency::{Answer, Key};
use crate::platform::problem::Problem;

/// A contract document.
#[derive(Serialize, ToSchema)]
#[schema(as = Contract)]
pub struct ContractView {
    id: ContractId,
    activation_request_id: ActivationRequestId,
    kind: ContractKind,
    status: ContractStatus,
    /// SHA-256 of the PDF, in hexadecimal.
    #[schema(example = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")]
    document_sha256: String,
    /// Those that the document lists, to be approved by name after its acceptance; none in any other document.
    onerous_clauses: Vec<ListedClause>,
    /// Language and version of the template.
    #[schema(example = "it/v1")]
    template_version: String,
    /// How often the PDF was served.
    downloads: i32,
    #[schema(required = true)]
    accepted_at: Option<Time>,
    #[schema(required = true)]
    specifically_approved_at: Option<Time>,
    /// The copy that was signed elsewhere, if there is one.
    #[schema(required = true)]
    signed_copy: Option<SignedCopyView>,
    created_at: Time,
}

impl From<Contract> for ContractView {
    fn from(contract: Contract) -> Self {
        Self {
            document_sha256: contract.sha256_text(),
            onerous_clauses: contract.onerous_clauses(),
            id: contract.id,
            activation_request_id: contract.request_id,
            kind: contract.kind,
            status: contract.status,
            template_version: contract.template_version,
            downloads: contract.downloads,
            accepted_at: contract.acceptance.map(|consent| consent.given_at),
            specifically_approved_at: contract.specific_approval.map(|consent| consent.given_at),
            signed_copy: contract.signed_copy.map(SignedCopyView::from),
            created_at: contract.created_at,
        }
    }
}

/// The documents of a request.
#[derive(Serialize, ToSchema)]
pub struct Contracts {
    items: Vec<ContractView>,
}

/// Accepts a document.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct AcceptanceRequest {
    /// SHA-256 of the PDF that was read, in hexadecimal.
    #[validate(custom(function = "sha256_text"))]
    #[schema(
        pattern = "^[0-9A-Fa-f]{64}$",
        example = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
    )]
    document_sha256: String,
}

/// Approves the onerous clauses of a document, each by its name.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct SpecificApprovalRequest {
    /// SHA-256 of the PDF that was read, in hexadecimal.
    #[validate(custom(function = "sha256_text"))]
    #[schema(
        pattern = "^[0-9A-Fa-f]{64}$",
        example = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
    )]
    document_sha256: String,
    /// Every one of the document's `onerous_clauses`.
    #[validate(length(max = 50))]
    #[schema(max_items = 50, example = json!(["tacit_renewal", "unilateral_changes", "suspension_of_service", "limitation_of_liability", "provider_withdrawal", "exclusive_jurisdiction"]))]
    clause_ids: Vec<String>,
}

fn sha256_text(text: &str) -> Result<(), ValidationError> {
    let is_hash = text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_hash { Ok(()) } else { Err(ValidationError::new("not_a_sha256")) }
}

/// Shows the contract documents
///
/// They are made the first time, and again after a change of data has voided them.
#[utoipa::path(tag = "activation", params(("id" = ActivationRequestId, Path)), responses((status = 200, description = "The documents", body = Contracts), Conflict), security(("bearer" = [])))]
#[get("/activation-requests/{id}/contracts")]
pub async fn list_contracts(
    platform: web::Data<Platform>,
    templates: web::Data<ContractTemplates>,
    id: web::Path<ActivationRequestId>,
    customer: Customer,
) -> Result<HttpResponse, Problem> {
    let (platform, templates) = (platform.into_inner(), templates.into_inner());
    let contracts = flow::of_request(&platform, &templates, customer.account_id, *id).await?;
    Ok(HttpResponse::Ok().json(Contracts { items: contracts.into_iter().map(ContractView::from).collect() }))
}

/// Shows a contract document
#[utoipa::path(tag = "activation", params(("id" = ContractId, Path)), responses((status = 200, description = "The document", body = ContractView)), security(("bearer" = [])))]
#[get("/contracts/{id}")]
pub async fn get_contract(
    platform: web::Data<Platform>,
    id: web::Path<ContractId>,
    customer: Customer,
) -> Result<HttpResponse, Problem> {
    let contract = platform.db.read(move |connection| flow::own(connection, customer.account_id, *id)).await?;
    Ok(HttpResponse::Ok().json(ContractView::from(contract)))
}

/// Downloads the PDF of a contract document
///
/// The `ETag` is the hash that the acceptance names.
#[utoipa::path(tag = "activation", params(("id" = ContractId, Path)), responses((status = 200, description = "PDF/A-2a", body = Binary, content_type = "application/pdf", headers(("ETag" = String), ("Content-Disposition" = String)))), security(("bearer" = [])))]
#[get("/contracts/{id}/pdf")]
pub async fn download_contract(
    platform: web::Data<Platform>,
    id: web::Path<ContractId>,
    customer: Customer,
) -> Result<HttpResponse, Problem> {
    let account = customer.account_id;
    let contract = platform.db.read(move |connection| flow::own(connection, account, *id)).await?;
    let bytes = platform.storage.get(&contract.path).await?;
    let now = platform.clock.now();
    let contract = platform.db.write(move |tx| flow::count_download(tx, account, contract.id, now)).await?;
    Ok(HttpResponse::Ok()
        .content_type("application/pdf")
        .insert_header((header::ETAG, format!("\"{}\"", contract.sha256_text())))
        .insert_header((header::CONTENT_DISPOSITION, format!("inline; filename=\"{}.pdf\"", contract.kind)))
        .body(bytes))
}

/// Accepts a contract document
#[utoipa::path(tag = "activation", params(("id" = ContractId, Path), ("Idempotency-Key" = Option<String>, Header, nullable = false)), request_body = AcceptanceRequest, responses((status = 200, description = "The document", body = ContractView), Conflict), security(("bearer" = [])))]
#[post("/contracts/{id}/acceptance")]
pub async fn accept_contract(
    platform: web::Data<Platform>,
    id: web::Path<ContractId>,
    customer: Customer,
    request: HttpRequest,
    key: IdempotencyKey,
    body: ValidJson<AcceptanceRequest>,
) -> Result<HttpResponse, Problem> {
    let key = key.of(customer.account_id, &body.sha256);
    let document_sha256 = body.value.document_sha256;
    let given = ConsentGiven { document_sha256, clause_ids: None, sender: Sender::of(&request) };
    give_consent(&platform, customer, *id, key, given).await
}

/// Approves the onerous clauses that a contract document lists
///
/// Art. 1341, second paragraph, of the Codice civile: apart from the acceptance, naming each.
#[utoipa::path(tag = "activation", params(("id" = ContractId, Path), ("Idempotency-Key" = Option<String>, Header, nullable = false)), request_body = SpecificApprovalRequest, responses((status = 200, description = "The document", body = ContractView), Conflict), security(("bearer" = [])))]
#[post("/contracts/{id}/specific-approval")]
pub async fn approve_onerous_clauses(
    platform: web::Data<Platform>,
    id: web::Path<ContractId>,
    customer: Customer,
    request: HttpRequest,
    key: IdempotencyKey,
    body: ValidJson<SpecificApprovalRequest>,
) -> Result<HttpResponse, Problem> {
    let key = key.of(customer.account_id, &body.sha256);
    let SpecificApprovalRequest { document_sha256, clause_ids } = body.value;
    let given = ConsentGiven { document_sha256, clause_ids: Some(clause_ids), sender: Sender::of(&request) };
    give_consent(&platform, customer, *id, key, given).await
}

async fn give_consent(
    platform: &Platform,
    customer: Customer,
    id: ContractId,
    key: Option<Key>,
    given: ConsentGiven,
) -> Result<HttpResponse, Problem> {
    let now = platform.clock.now();
    let answer = platform
        .write_once(key, now, move |tx| {
            let consented = flow::consent(tx, customer.account_id, id, given.clone(), now)?;
            Answer::json(200, &ContractView::from(consented))
        })
        .await?;
    Ok(answer.into())
}

/// Mounts the contracts.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(list_contracts)
        .service(get_contract)
        .service(download_contract)
        .service(accept_contract)
        .service(approve_onerous_clauses);
    signed_copies::routes(config);
}
