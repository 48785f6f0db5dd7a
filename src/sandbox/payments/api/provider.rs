//! `/v1/sandbox/provider`: the provider's API, which takes the provider's own token.

use actix_web::{HttpResponse, get, post, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use validator::Validate;

use crate::platform::Platform;
use crate::platform::http::body::ValidJson;
use crate::platform::http::idempotency_key::RequiredIdempotencyKey;
use crate::platform::jobs;
use crate::platform::money::Money;
use crate::platform::problem::{NOT_FOUND, Problem};
use crate::sandbox::extract::PaymentsCaller;
use crate::sandbox::payments::jobs::TellRefund;
use crate::sandbox::payments::store::{self, SandboxRefundId};
use crate::shop::payments;
use crate::shop::payments::gateways::sandbox::PROVIDER;
use crate::shop::payments::gateways::sandbox::rules::SandboxPaymentState;
use crate::shop::payments::refunds::rules::{RefundId, RefundStatus};
use crate::shop::payments::rules::PaymentId;

/// A refund that the shop asks for.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct SandboxRefundRequest {
    payment: PaymentId,
    /// The shop's name for it.
    refund: RefundId,
    amount: Money,
}

/// A refund at the provider.
#[derive(Serialize, ToSchema)]
pub struct SandboxRefund {
    id: SandboxRefundId,
    status: RefundStatus,
}

/// Gives money back, as the payment provider would
///
/// It takes the bearer token of the payment provider, not one of a session. The same key makes one refund; a signed
/// notification says a moment later that it succeeded.
#[utoipa::path(tag = "sandbox", params(("Idempotency-Key" = String, Header, description = "The same when the call is repeated")), request_body = SandboxRefundRequest,
    responses((status = 201, description = "The refund", body = SandboxRefund)), security(("payment_provider" = [])))]
#[post("/sandbox/provider/refunds")]
pub async fn create_sandbox_refund(
    platform: web::Data<Platform>,
    _caller: PaymentsCaller,
    key: RequiredIdempotencyKey,
    body: ValidJson<SandboxRefundRequest>,
) -> Result<HttpResponse, Problem> {
    let SandboxRefundRequest { payment, refund, amount } = body.value;
    let now = platform.clock.now();
    let id = platform
        .db
        .write(move |tx| {
            payments::store::find(tx, payment)?.ok_or_else(|| NOT_FOUND.problem())?;
            let (id, is_new) = store::refund(tx, key.text(), amount.amount, now)?;
            if is_new {
                jobs::enqueue(tx, &TellRefund { reference: refund }, now)?;
            }
            Ok(id)
        })
        .await?;
    Ok(HttpResponse::Created().json(SandboxRefund { id, status: RefundStatus::Pending }))
}

/// Says how a payment stands, as the payment provider would
///
/// It takes the bearer token of the payment provider, not one of a session.
#[utoipa::path(tag = "sandbox", params(("id" = PaymentId, Path)), responses((status = 200, description = "How it stands", body = SandboxPaymentState)), security(("payment_provider" = [])))]
#[get("/sandbox/provider/payments/{id}")]
pub async fn get_sandbox_payment(
    platform: web::Data<Platform>,
    _caller: PaymentsCaller,
    id: web::Path<PaymentId>,
) -> Result<HttpResponse, Problem> {
    let id = *id;
    let state = platform
        .db
        .read(move |connection| {
            let found = payments::store::find(connection, id)?.filter(|payment| payment.provider == PROVIDER);
            let payment = found.ok_or_else(|| NOT_FOUND.problem())?;
            let outcome = store::outcome(connection, id)?;
            Ok(SandboxPaymentState { outcome, amount: Money::euro(payment.amount_cents) })
        })
        .await?;
    Ok(HttpResponse::Ok().json(state))
}

/// Mounts the provider's API.
pub fn routes(config: &mut ServiceConfig) {
    config.service(create_sandbox_refund).service(get_sandbox_payment);
}
