//! `/v1/back-office/orders/{id}/refunds`: what an administrator gives back.

use actix_web::{HttpResponse, post, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use validator::Validate;

use super::flow;
use super::rules::{Refund, RefundId, RefundReason, RefundStatus, WantedRefund, checked_refund};
use crate::customers::sessions::extract::Administrator;
use crate::platform::Platform;
use crate::platform::clock::Time;
use crate::platform::http::body::ValidJson;
use crate::platform::http::idempotency_key::RequiredIdempotencyKey;
use crate::platform::http::openapi::Conflict;
use crate::platform::idempotency::Answer;
use crate::platform::money::Money;
use crate::platform::problem::Problem;
use crate::shop::orders;
use crate::shop::orders::api::view::OrderView;
use crate::shop::orders::rules::OrderId;
use crate::shop::payments::gateways::RefundAnswer;
use crate::shop::payments::rules::{MoneyOutcome, PaymentId};

/// Money to give back.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct RefundRequest {
    /// At most what came and was not given back yet.
    amount: Money,
    reason: RefundReason,
    /// Of which payment; without it, what came last is given back first.
    payment_id: Option<PaymentId>,
}

/// What became of money that was sent back by bank transfer.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct RefundSettlementRequest {
    outcome: MoneyOutcome,
    /// The bank's reference.
    #[validate(length(min = 1, max = 140))]
    #[schema(min_length = 1, max_length = 140, example = "TRN 0123456789")]
    reference: Option<String>,
}

/// Money given back, or being given back.
#[derive(Serialize, ToSchema)]
#[schema(as = Refund)]
pub struct RefundView {
    id: RefundId,
    payment_id: PaymentId,
    amount: Money,
    reason: RefundReason,
    status: RefundStatus,
    requested_at: Time,
    /// When it succeeded or failed.
    #[schema(required = true)]
    settled_at: Option<Time>,
}

impl From<&Refund> for RefundView {
    fn from(refund: &Refund) -> Self {
        Self {
            id: refund.id,
            payment_id: refund.payment_id,
            amount: Money::euro(refund.amount_cents),
            reason: refund.reason,
            status: refund.status,
            requested_at: refund.requested_at,
            settled_at: refund.settled_at,
        }
    }
}

/// Gives money of an order back
///
/// All of it or a part, however the order stands. A card's provider makes the refund soon after; what came by bank
/// transfer stays pending until its settlement is recorded.
#[utoipa::path(tag = "back office", params(("id" = OrderId, Path), ("Idempotency-Key" = String, Header, description = "A fresh random value, the same when you retry")),
    request_body = RefundRequest, responses((status = 201, description = "The order with its refunds", body = OrderView, headers(("Location" = String))), Conflict), security(("bearer" = [])))]
#[post("/back-office/orders/{id}/refunds")]
pub async fn create_refund(
    platform: web::Data<Platform>,
    id: web::Path<OrderId>,
    administrator: Administrator,
    key: RequiredIdempotencyKey,
    body: ValidJson<RefundRequest>,
) -> Result<HttpResponse, Problem> {
    let by = administrator.0.account_id;
    let RefundRequest { amount, reason, payment_id } = body.value;
    let wanted = WantedRefund { cents: checked_refund(amount.amount)?, reason, payment_id, requested_by: by };
    let key = key.of(by, &body.sha256);
    let now = platform.clock.now();
    let answer = platform
        .write_once(Some(key), now, move |tx| {
            flow::request(tx, *id, &wanted, now)?;
            Ok(Answer::json(201, &OrderView::of(&orders::flow::details(tx, *id)?))?
                .at(format!("/v1/back-office/orders/{}", *id)))
        })
        .await?;
    Ok(answer.into())
}

/// Records what became of a refund by bank transfer
///
/// A card's refund is settled by its provider.
#[utoipa::path(tag = "back office", params(("id" = OrderId, Path), ("refund_id" = RefundId, Path), ("Idempotency-Key" = String, Header, description = "A fresh random value, the same when you retry")),
    request_body = RefundSettlementRequest, responses((status = 200, description = "The order with its refunds", body = OrderView), Conflict), security(("bearer" = [])))]
#[post("/back-office/orders/{id}/refunds/{refund_id}/settlement")]
pub async fn settle_refund(
    platform: web::Data<Platform>,
    path: web::Path<(OrderId, RefundId)>,
    administrator: Administrator,
    key: RequiredIdempotencyKey,
    body: ValidJson<RefundSettlementRequest>,
) -> Result<HttpResponse, Problem> {
    let (order, refund) = path.into_inner();
    let by = administrator.0.account_id;
    let key = key.of(by, &body.sha256);
    let RefundSettlementRequest { outcome, reference } = body.value;
    let said = RefundAnswer { reference, status: outcome.into(), said_at: None };
    let now = platform.clock.now();
    let shared = platform.clone();
    let answer = platform
        .write_once(Some(key), now, move |tx| {
            flow::record_settlement(tx, &shared.events, by, order, refund, &said, now)?;
            Answer::json(200, &OrderView::of(&orders::flow::details(tx, order)?))
        })
        .await?;
    Ok(answer.into())
}

/// Mounts the refunds.
pub fn routes(config: &mut ServiceConfig) {
    config.service(create_refund).service(settle_refund);
}
