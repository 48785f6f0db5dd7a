//! `GET /v1/activation-requests/{id}/service-access` (guide: "Accedi a Legalinvoice").

use actix_web::{HttpResponse, get, web};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use super::sign_in::{self, SignIn, with_ticket};
use crate::activation::requests;
use crate::activation::requests::rules::{ActivationRequestId, RequestStatus};
use crate::customers::sessions::extract::Customer;
use crate::platform::Platform;
use crate::platform::clock::Time;
use crate::platform::http::openapi::Conflict;
use crate::platform::ids::fresh_uuid;
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
    /// The same address with a ticket that signs the customer in, once and for a minute (`docs/provisioning.md`).
    #[schema(format = "uri", example = "https://legalinvoice.example/s/svc_01?ticket=eyJ…")]
    sign_in_url: String,
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
    let (Some(access_url), Some(service_reference), Some(activated_at)) =
        (&request.access_url, &request.service_reference, request.activated_at)
    else {
        return Err(request.state_forbids());
    };
    let (account, jti) = (customer.account_id.to_string(), fresh_uuid().to_string());
    let ticket = SignIn::new(&platform.public_url, access_url, account, service_reference, jti, platform.clock.now());
    let ticket = platform.tokens.sign_ticket(sign_in::KIND, &ticket)?;
    Ok(HttpResponse::Ok().json(ServiceAccess {
        access_url: access_url.clone(),
        service_reference: service_reference.clone(),
        activated_at,
        sign_in_url: with_ticket(access_url, &ticket),
    }))
}

/// Mounts the access to services.
pub fn routes(config: &mut ServiceConfig) {
    config.service(get_service_access);
}
