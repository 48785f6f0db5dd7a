//! `GET /v1/activation-requests/{id}/service-access` (guide: "Accedi a Legalinvoice").

use actix_web::{HttpResponse, get, web};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::activation::requests;
use crate::activation::requests::rules::{ActivationRequestId, RequestStatus};
use crate::customers::sessions::extract::Customer;
use crate::platform::Platform;
use crate::platform::clock::Time;
use crate::platform::http::openapi::Conflict;
use crate::platform::problem::Problem;

/// How an active service is used.
#[derive(Serialize, ToSchema)]
pub struct ServiceAccess {
    /// Where it is used.
    #[schema(format = "uri", example = "https://legalinvoice.example/s/svc_01")]
    access_url: String,
    /// What support calls it.
    service_reference: String,
    activated_at: Time,
}

/// Shows where the active service is used
#[utoipa::path(tag = "activation", params(("id" = ActivationRequestId, Path)), responses((status = 200, description = "The link", body = ServiceAccess), Conflict), security(("bearer" = [])))]
#[get("/activation-requests/{id}/service-access")]
pub async fn get_service_access(
    platform: web::Data<Platform>,
    id: web::Path<ActivationRequestId>,
    customer: Customer,
) -> Result<HttpResponse, Problem> {
    let request = platform.db.read(move |connection| requests::flow::own(connection, customer.account_id, *id)).await?;
    if request.status != RequestStatus::Active {
        return Err(request.state_forbids());
    }
    match (&request.access_url, &request.service_reference, request.activated_at) {
        (Some(access_url), Some(service_reference), Some(activated_at)) => Ok(HttpResponse::Ok().json(ServiceAccess {
            access_url: access_url.clone(),
            service_reference: service_reference.clone(),
            activated_at,
        })),
        _ => Err(request.state_forbids()),
    }
}

/// Mounts the access to services.
pub fn routes(config: &mut ServiceConfig) {
    config.service(get_service_access);
}
