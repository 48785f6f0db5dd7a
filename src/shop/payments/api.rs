//! `POST /v1/payment-notifications/{provider}`: signed by the provider.

use actix_web::{HttpRequest, HttpResponse, post, web};
use utoipa_actix_web::service_config::ServiceConfig;

use super::flow;
use super::gateways::{Gateways, SignedCall};
use super::refunds;
use crate::platform::Platform;
use crate::platform::http::body::body_error;
use crate::platform::http::openapi::Conflict;
use crate::platform::problem::Problem;

/// Takes a provider's word about a payment
///
/// Signed by the provider; without a valid signature nothing is read. The same notification may come any number of times.
#[utoipa::path(tag = "payments", params(("provider" = String, Path, example = "sandbox"),
    ("stripe-signature" = Option<String>, Header, nullable = false, description = "Stripe signs so"), ("webhook-id" = Option<String>, Header, nullable = false, description = "The sandbox signs as Standard Webhooks says"), ("webhook-timestamp" = Option<String>, Header, nullable = false), ("webhook-signature" = Option<String>, Header, nullable = false)),
    request_body(content = String, content_type = "application/json"), responses((status = 204, description = "Taken"), (status = 401, description = "The signature is not valid", body = crate::platform::http::problem_response::ProblemBody, content_type = "application/problem+json"), Conflict))]
#[post("/payment-notifications/{provider}")]
pub async fn receive_payment_notification(
    platform: web::Data<Platform>,
    gateways: web::Data<Gateways>,
    provider: web::Path<String>,
    request: HttpRequest,
    body: Result<web::Bytes, actix_web::Error>,
) -> Result<HttpResponse, Problem> {
    let body = body.map_err(body_error)?;
    let gateway = gateways.named(&provider)?;
    let text = |value: &actix_web::http::header::HeaderValue| value.to_str().ok().map(str::to_owned);
    let headers =
        request.headers().iter().filter_map(|(name, value)| Some((name.as_str().to_owned(), text(value)?))).collect();
    let now = platform.clock.now();
    let said = gateway.read(&SignedCall { headers, body: &body }, platform.clock.outside())?;
    let shared = platform.clone();
    platform.db.write(move |tx| flow::arrival::take_notification(tx, &shared.events, &provider, &said, now)).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Mounts the notifications.
pub fn routes(config: &mut ServiceConfig) {
    config.service(receive_payment_notification);
    refunds::api::routes(config);
}
