//! `/v1/sandbox/payments/{id}`: the provider's page, and the outcome that a tester chooses.

pub mod provider;

use actix_web::{HttpResponse, get, post, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use validator::Validate;

use super::client::NotificationSender;
use super::store as provider_store;
use crate::platform::Platform;
use crate::platform::http::body::ValidJson;
use crate::platform::http::openapi::Conflict;
use crate::platform::locale::Locale;
use crate::platform::money::Money;
use crate::platform::problem::{NOT_FOUND, Problem};
use crate::sandbox::extract::Tester;
use crate::shop::payments::gateways::sandbox::PROVIDER;
use crate::shop::payments::gateways::sandbox::rules::SandboxNotification;
use crate::shop::payments::rules::{MoneyOutcome, Payment, PaymentId, PaymentStatus};
use crate::shop::payments::store;
use crate::shop::problems::ORDER_STATE_FORBIDS;

/// What the customer's card does.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct OutcomeRequest {
    outcome: MoneyOutcome,
}

/// A payment after its notification was taken.
#[derive(Serialize, ToSchema)]
pub struct SandboxPayment {
    id: PaymentId,
    status: PaymentStatus,
}

/// Shows the provider's page
#[utoipa::path(tag = "sandbox", params(("id" = PaymentId, Path)), responses((status = 200, description = "A page with two buttons", body = String, content_type = "text/html")))]
#[get("/sandbox/payments/{id}")]
pub async fn show_sandbox_payment_page(
    platform: web::Data<Platform>,
    _tester: Tester,
    id: web::Path<PaymentId>,
) -> Result<HttpResponse, Problem> {
    let payment = find(&platform, *id).await?;
    let amount = Money::euro(payment.amount_cents).display(Locale::Italian);
    let page = include_str!("page.html").replace("{amount}", &amount).replace("{id}", &payment.id.to_string());
    Ok(HttpResponse::Ok().content_type("text/html; charset=utf-8").body(page))
}

/// Ends a payment at the provider
///
/// The provider then tells the server over HTTP, in a signed notification; this answers when it was taken.
#[utoipa::path(tag = "sandbox", params(("id" = PaymentId, Path)), request_body = OutcomeRequest, responses((status = 200, description = "The payment", body = SandboxPayment), Conflict))]
#[post("/sandbox/payments/{id}/outcome")]
pub async fn decide_sandbox_payment(
    platform: web::Data<Platform>,
    sender: web::Data<NotificationSender>,
    _tester: Tester,
    id: web::Path<PaymentId>,
    body: ValidJson<OutcomeRequest>,
) -> Result<HttpResponse, Problem> {
    let payment = find(&platform, *id).await?;
    if payment.provider_reference.is_none() {
        return Err(ORDER_STATE_FORBIDS.detail("The provider's page is not open yet."));
    }
    let (id, outcome, now) = (payment.id, body.value.outcome, platform.clock.now());
    platform.db.write(move |tx| Ok(provider_store::decide(tx, id, outcome, now)?)).await?;
    let amount = Money::euro(payment.amount_cents);
    sender.send(&platform, &SandboxNotification::Payment { reference: id, outcome, amount }).await?;
    let payment = find(&platform, id).await?;
    Ok(HttpResponse::Ok().json(SandboxPayment { id: payment.id, status: payment.status }))
}

async fn find(platform: &Platform, id: PaymentId) -> Result<Payment, Problem> {
    let found = platform.db.read(move |connection| Ok(store::find(connection, id)?)).await?;
    found.filter(|payment| payment.provider == PROVIDER).ok_or_else(|| NOT_FOUND.problem())
}

/// Mounts the provider.
pub fn routes(config: &mut ServiceConfig) {
    config.service(show_sandbox_payment_page).service(decide_sandbox_payment);
    provider::routes(config);
}
