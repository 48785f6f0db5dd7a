//! `GET /v1/activation-requests/{id}/evidence`, and the same for the back office.

use actix_web::http::header;
use actix_web::{HttpResponse, get, web};
use serde_json::json;
use utoipa_actix_web::service_config::ServiceConfig;

use super::flow;
use super::rules::Proofs;
use crate::activation::requests;
use crate::activation::requests::rules::ActivationRequestId;
use crate::customers::sessions::extract::{Customer, Reviewer};
use crate::platform::http::openapi::{Binary, Conflict};
use crate::platform::problem::{NOT_FOUND, Problem};
use crate::platform::{Platform, audit};

/// Downloads the evidence of an activation request
///
/// A ZIP with the contract PDFs, who agreed to what, when and from where, the timeline in its hash chain, and a signature
/// over it all; `negozio evidence verify` checks it offline. It exists once the contracts are final.
#[utoipa::path(tag = "activation", params(("id" = ActivationRequestId, Path)), responses((status = 200, description = "The bundle", body = Binary, content_type = "application/zip", headers(("Content-Disposition" = String))), Conflict), security(("bearer" = [])))]
#[get("/activation-requests/{id}/evidence")]
pub async fn download_evidence(
    platform: web::Data<Platform>,
    id: web::Path<ActivationRequestId>,
    customer: Customer,
) -> Result<HttpResponse, Problem> {
    let id = *id;
    let proofs = platform
        .db
        .read(move |connection| {
            let request = requests::flow::own(connection, customer.account_id, id)?;
            flow::gather(connection, request)
        })
        .await?;
    answer(&platform, &proofs).await
}

/// Downloads the evidence of anybody's activation request
///
/// Each look is told in the audit log.
#[utoipa::path(tag = "back office", params(("id" = ActivationRequestId, Path)), responses((status = 200, description = "The bundle", body = Binary, content_type = "application/zip", headers(("Content-Disposition" = String))), Conflict), security(("bearer" = [])))]
#[get("/back-office/activation-requests/{id}/evidence")]
pub async fn download_reviewed_evidence(
    platform: web::Data<Platform>,
    id: web::Path<ActivationRequestId>,
    reviewer: Reviewer,
) -> Result<HttpResponse, Problem> {
    let (id, by, now) = (*id, reviewer.0.account_id, platform.clock.now());
    let proofs = platform
        .db
        .write(move |tx| {
            let request = requests::store::find(tx, id)?.ok_or_else(|| NOT_FOUND.problem())?;
            let proofs = flow::gather(tx, request)?;
            audit::store::record(tx, by, "evidence_downloaded", id, json!({}), now)?;
            Ok(proofs)
        })
        .await?;
    answer(&platform, &proofs).await
}

async fn answer(platform: &Platform, proofs: &Proofs) -> Result<HttpResponse, Problem> {
    let bundle = flow::bundle(platform, proofs).await?;
    let name = format!("attachment; filename=\"evidence-{}.zip\"", proofs.request.id);
    Ok(HttpResponse::Ok()
        .content_type("application/zip")
        .insert_header((header::CONTENT_DISPOSITION, name))
        .body(bundle))
}

/// Mounts the evidence.
pub fn routes(config: &mut ServiceConfig) {
    config.service(download_evidence).service(download_reviewed_evidence);
}
