//! `POST /v1/contracts/{id}/signed-copy`, and the reviewer's look at it.

use actix_multipart::Multipart;
use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, get, post, web};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use super::ContractView;
use crate::activation::contracts::rules::{Contract, ContractId};
use crate::activation::contracts::signed_copies::{
    CopySignature, SignatureFormat, SignatureTrust, SignedCopy, SignedCopyRefusal, check,
};
use crate::activation::contracts::{flow, store};
use crate::activation::limits::ActivationLimits;
use crate::customers::sessions::extract::{Customer, Reviewer};
use crate::platform::clock::Time;
use crate::platform::crypto::sha256;
use crate::platform::http::idempotency_key::IdempotencyKey;
use crate::platform::http::multipart::{Form, FormFields};
use crate::platform::http::openapi::{Binary, Conflict};
use crate::platform::idempotency::{self, Answer, Key};
use crate::platform::ids::fresh_uuid;
use crate::platform::problem::{FieldProblem, NOT_FOUND, Problem};
use crate::platform::{Platform, audit};

const FIELDS: FormFields = FormFields { texts: &[], files: &["file"], file_limit: 10 * 1024 * 1024 };

/// The form of an upload.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "it only describes the form")]
pub struct SignedCopyForm {
    /// The PDF that was downloaded, signed as it is (PAdES, or PKCS #7 detached), up to 10 MiB.
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
}

/// A copy that was signed elsewhere.
#[derive(Serialize, ToSchema)]
#[schema(as = SignedCopy)]
pub struct SignedCopyView {
    /// SHA-256 of the signed PDF, in hexadecimal.
    sha256: String,
    /// Its bytes.
    size: usize,
    format: SignatureFormat,
    /// The certificate's subject.
    #[schema(example = "CN=Mario Rossi")]
    signer: String,
    /// The certificate's issuer.
    issuer: String,
    /// The certificate's serial number, in hexadecimal.
    serial_number: String,
    /// The signature is that of the certificate. Whether the certificate is to be trusted is for the reviewer to find out.
    trust: SignatureTrust,
    uploaded_at: Time,
}

impl From<SignedCopy> for SignedCopyView {
    fn from(copy: SignedCopy) -> Self {
        let CopySignature { format, signer, issuer, serial_number } = copy.signature;
        Self {
            sha256: copy.sha256,
            size: copy.size,
            format,
            signer,
            issuer,
            serial_number,
            trust: SignatureTrust::NotChecked,
            uploaded_at: copy.uploaded_at,
        }
    }
}

/// Uploads a contract document that its holder has signed
///
/// The stronger route, for the reviewer: the file is the PDF that was downloaded, with one signature over all of it added
/// by the signer's program. It takes the place of no acceptance, and another upload takes its place.
#[utoipa::path(tag = "activation", params(("id" = ContractId, Path), ("Idempotency-Key" = Option<String>, Header, nullable = false)), request_body(content = SignedCopyForm, content_type = "multipart/form-data"), extensions(("x-rate-limited" = json!(true))),
    responses((status = 201, description = "The document", body = ContractView), Conflict), security(("bearer" = [])))]
#[post("/contracts/{id}/signed-copy")]
pub async fn upload_signed_copy(
    platform: web::Data<Platform>,
    limits: web::Data<ActivationLimits>,
    id: web::Path<ContractId>,
    request: HttpRequest,
    customer: Customer,
    key: IdempotencyKey,
    multipart: Multipart,
) -> Result<HttpResponse, Problem> {
    // The whole upload is read before anything is refused: an answer in the middle of it would reset the connection.
    let form = Form::read(multipart, FIELDS).await?;
    limits.uploads_by_account.count(&request, customer.account_id)?;
    let (id, now, keys) = (*id, platform.clock.now(), platform.keys.clone());
    let key = key.of(customer.account_id, &form.sha256());
    let asked = key.clone();
    let (contract, answered) = platform
        .db
        .read(move |connection| {
            let contract = flow::own(connection, customer.account_id, id)?;
            Ok((contract, idempotency::answered(connection, asked.as_ref(), &keys, now)?))
        })
        .await?;
    if let Some(answer) = answered {
        return Ok(answer.into());
    }
    let upload = form
        .file("file")
        .ok_or_else(|| Problem::invalid_field("/file", "required", "Campo obbligatorio", "This field is required"))?;
    let copy = checked(&platform, &contract, upload.to_vec(), now).await?;
    platform.storage.put(&copy.path, upload).await?;
    let stored = keep(&platform, customer, key, id, copy.clone()).await;
    let is_kept = matches!(&stored, Ok(answer) if answer.body.contains(&copy.sha256));
    if !is_kept {
        // No row names this file, so nobody would ever remove it.
        platform.storage.delete(&copy.path).await?;
    }
    Ok(stored?.into())
}

/// Checks an upload against the document that was served.
async fn checked(platform: &Platform, contract: &Contract, upload: Vec<u8>, now: Time) -> Result<SignedCopy, Problem> {
    let length = platform.storage.get(&contract.path).await?.len();
    let (id, document_sha256) = (contract.id, contract.sha256.clone());
    let copy = platform.document_bench.run(move || {
        let signature = check(&upload, length, &document_sha256)?;
        Ok(SignedCopy {
            sha256: hex::encode(sha256(&upload)),
            size: upload.len(),
            path: format!("contracts/{id}-signed-{}.pdf", fresh_uuid()),
            signature,
            uploaded_at: now,
        })
    });
    copy.await?.map_err(|refusal: SignedCopyRefusal| {
        let message = refusal.explanation();
        Problem::invalid(vec![FieldProblem { pointer: "/file".to_owned(), code: refusal.code().into(), message }])
    })
}

async fn keep(
    platform: &Platform,
    customer: Customer,
    key: Option<Key>,
    id: ContractId,
    copy: SignedCopy,
) -> Result<Answer, Problem> {
    let now = copy.uploaded_at;
    platform
        .write_once(key, now, move |tx| {
            let contract = flow::take_signed_copy(tx, customer.account_id, id, &copy)?;
            Answer::json(201, &ContractView::from(contract))
        })
        .await
}

/// Downloads the signed copy of a contract document
///
/// Each look is told in the audit log.
#[utoipa::path(tag = "back office", params(("id" = ContractId, Path)), responses((status = 200, description = "The signed PDF", body = Binary, content_type = "application/pdf", headers(("Content-Disposition" = String)))), security(("bearer" = [])))]
#[get("/back-office/contracts/{id}/signed-copy")]
pub async fn download_signed_copy(
    platform: web::Data<Platform>,
    id: web::Path<ContractId>,
    reviewer: Reviewer,
) -> Result<HttpResponse, Problem> {
    let (id, by, now) = (*id, reviewer.0.account_id, platform.clock.now());
    let copy = platform
        .db
        .write(move |tx| {
            let copy = store::find(tx, id)?.and_then(|contract| contract.signed_copy);
            let copy = copy.ok_or_else(|| NOT_FOUND.problem())?;
            audit::store::record(tx, by, "signed_copy_viewed", id, json!({ "sha256": copy.sha256 }), now)?;
            Ok(copy)
        })
        .await?;
    let bytes = platform.storage.get(&copy.path).await?;
    Ok(HttpResponse::Ok()
        .content_type("application/pdf")
        .insert_header((header::CONTENT_DISPOSITION, format!("attachment; filename=\"{id}-signed.pdf\"")))
        .body(bytes))
}

/// Mounts the signed copies.
pub fn routes(config: &mut ServiceConfig) {
    config.service(upload_signed_copy).service(download_signed_copy);
}
