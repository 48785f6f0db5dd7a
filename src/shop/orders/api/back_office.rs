//! `/v1/back-office/orders`: what an administrator does with orders.

use actix_web::{HttpRequest, HttpResponse, get, post, web};
use chrono::NaiveDate;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use validator::Validate;

use super::view::OrderView;
use super::{OrderQuery, respond_with_page};
use crate::customers::sessions::extract::Administrator;
use crate::platform::Platform;
use crate::platform::http::body::{ValidJson, ValidQuery};
use crate::platform::http::idempotency_key::RequiredIdempotencyKey;
use crate::platform::http::openapi::Conflict;
use crate::platform::http::page::Page;
use crate::platform::idempotency::{self, Answer};
use crate::platform::money::Money;
use crate::platform::problem::Problem;
use crate::shop::orders::flow;
use crate::shop::orders::rules::OrderId;
use crate::shop::payments;
use crate::shop::payments::flow::arrival::SeenTransfer;

/// Cents; far beyond any order, and far from what sums of transfers could overflow.
const LARGEST_TRANSFER: i64 = 1_000_000_000_000;

/// A bank transfer that was seen on the account.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct BankTransferRequest {
    /// What came; less or more than was due is recorded too.
    amount: Money,
    /// The bank's reference.
    #[validate(length(min = 1, max = 140))]
    #[schema(min_length = 1, max_length = 140, example = "TRN 0123456789")]
    reference: String,
    /// Value date.
    #[serde(deserialize_with = "crate::platform::clock::calendar_day")]
    #[schema(example = "2026-11-24")]
    received_on: NaiveDate,
}

/// Lists everybody's orders
#[utoipa::path(tag = "back office", params(OrderQuery), responses((status = 200, description = "One page", body = Page<OrderView>, headers(("Link" = Option<String>)))), security(("bearer" = [])))]
#[get("/back-office/orders")]
pub async fn list_all_orders(
    platform: web::Data<Platform>,
    request: HttpRequest,
    _administrator: Administrator,
    query: ValidQuery<OrderQuery>,
) -> Result<HttpResponse, Problem> {
    respond_with_page(&platform, &request, None, query.0).await
}

/// Shows anybody's order
#[utoipa::path(tag = "back office", params(("id" = OrderId, Path)), responses((status = 200, description = "The order", body = OrderView)), security(("bearer" = [])))]
#[get("/back-office/orders/{id}")]
pub async fn get_any_order(
    platform: web::Data<Platform>,
    id: web::Path<OrderId>,
    _administrator: Administrator,
) -> Result<HttpResponse, Problem> {
    let details = platform.db.read(move |connection| flow::details(connection, *id)).await?;
    Ok(HttpResponse::Ok().json(OrderView::of(&details)))
}

/// Records a bank transfer
///
/// When all that is due has come, the order is confirmed.
#[utoipa::path(tag = "back office", params(("id" = OrderId, Path), ("Idempotency-Key" = String, Header, description = "A fresh random value, the same when you retry")),
    request_body = BankTransferRequest, responses((status = 201, description = "The order", body = OrderView, headers(("Location" = String))), Conflict), security(("bearer" = [])))]
#[post("/back-office/orders/{id}/bank-transfers")]
pub async fn record_bank_transfer(
    platform: web::Data<Platform>,
    id: web::Path<OrderId>,
    administrator: Administrator,
    key: RequiredIdempotencyKey,
    body: ValidJson<BankTransferRequest>,
) -> Result<HttpResponse, Problem> {
    if !(1..=LARGEST_TRANSFER).contains(&body.value.amount.amount) {
        return Err(Problem::invalid_field(
            "/amount/amount",
            "range",
            "L'importo deve essere positivo e non oltre dieci miliardi di euro",
            "The amount must be positive and at most ten thousand million euro",
        ));
    }
    let by = administrator.0.account_id;
    let key = key.of(by, &body.sha256);
    let seen = SeenTransfer {
        amount_cents: body.value.amount.amount,
        reference: body.value.reference,
        received_on: body.value.received_on,
    };
    let now = platform.clock.now();
    let shared = platform.clone();
    let answer = platform
        .db
        .write(move |tx| {
            idempotency::once(tx, Some(&key), &shared.keys, now, |tx| {
                payments::flow::arrival::record_bank_transfer(tx, &shared.events, by, *id, &seen, now)?;
                Ok(Answer::json(201, &OrderView::of(&flow::details(tx, *id)?))?
                    .at(format!("/v1/back-office/orders/{}", *id)))
            })
        })
        .await?;
    Ok(answer.into())
}

/// Records that somebody looked at an order's money
///
/// The order is no longer to review. An excess is given back instead.
#[utoipa::path(tag = "back office", params(("id" = OrderId, Path)), responses((status = 200, description = "The order", body = OrderView), Conflict), security(("bearer" = [])))]
#[post("/back-office/orders/{id}/review-resolution")]
pub async fn resolve_order_review(
    platform: web::Data<Platform>,
    id: web::Path<OrderId>,
    administrator: Administrator,
) -> Result<HttpResponse, Problem> {
    let (by, now) = (administrator.0.account_id, platform.clock.now());
    let view = platform
        .db
        .write(move |tx| {
            flow::resolve_review(tx, by, *id, now)?;
            Ok(OrderView::of(&flow::details(tx, *id)?))
        })
        .await?;
    Ok(HttpResponse::Ok().json(view))
}

/// Mounts the back office's orders.
pub fn routes(config: &mut ServiceConfig) {
    config.service(list_all_orders).service(get_any_order).service(record_bank_transfer).service(resolve_order_review);
}
