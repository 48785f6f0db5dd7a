//! `/v1/back-office/orders`: what an administrator does with orders.

use actix_web::http::header::{self, Accept};
use actix_web::{HttpRequest, HttpResponse, get, post, web};
use chrono::NaiveDate;
use futures_util::TryStreamExt as _;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use validator::Validate;

use super::respond_with_page;
use super::view::OrderView;
use crate::customers::accounts::rules::AccountId;
use crate::customers::sessions::extract::Administrator;
use crate::platform::Platform;
use crate::platform::clock::{Time, optional_calendar_day};
use crate::platform::db::DbConnection;
use crate::platform::http::body::{EmptyBody, ValidJson, ValidQuery};
use crate::platform::http::idempotency_key::RequiredIdempotencyKey;
use crate::platform::http::openapi::Conflict;
use crate::platform::http::page::{Page, default_limit, position};
use crate::platform::idempotency::Answer;
use crate::platform::money::Money;
use crate::platform::problem::Problem;
use crate::shop::orders::rules::{OrderId, OrderStatus};
use crate::shop::orders::store::OrderFilter;
use crate::shop::orders::{export, flow};
use crate::shop::payments;
use crate::shop::payments::flow::arrival::SeenTransfer;
use crate::shop::payments::rules::{BankTransferId, checked_transfer, checked_transfer_reference, checked_value_date};
use crate::shop::payments::store::BankTransferRow;

/// A bank transfer that was seen on the account.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct BankTransferRequest {
    /// What came; less or more than was due is recorded too.
    amount: Money,
    /// The bank's reference: what tells an order's transfers apart. One that is recorded already is refused.
    #[validate(length(min = 1, max = 140))]
    #[schema(min_length = 1, max_length = 140, example = "TRN 0123456789")]
    reference: String,
    /// Value date; not in the future.
    #[serde(deserialize_with = "crate::platform::clock::calendar_day")]
    #[schema(example = "2026-11-24")]
    received_on: NaiveDate,
}

/// A bank transfer that is recorded.
#[derive(Serialize, ToSchema)]
#[schema(as = BankTransfer)]
pub struct BankTransferView {
    id: BankTransferId,
    /// What came.
    amount: Money,
    /// The bank's reference.
    #[schema(example = "TRN 0123456789")]
    reference: String,
    /// Value date.
    received_on: NaiveDate,
    /// Who saw it on the account.
    recorded_by: AccountId,
    recorded_at: Time,
}

impl From<BankTransferRow> for BankTransferView {
    fn from(row: BankTransferRow) -> Self {
        Self {
            id: row.id,
            amount: Money::euro(row.amount_cents),
            reference: row.reference,
            received_on: row.received_on,
            recorded_by: row.recorded_by,
            recorded_at: row.recorded_at,
        }
    }
}

/// An order as the back office sees it.
#[derive(Serialize, ToSchema)]
pub struct BackOfficeOrder {
    #[serde(flatten)]
    order: OrderView,
    /// Oldest first.
    bank_transfers: Vec<BankTransferView>,
}

impl BackOfficeOrder {
    fn read(connection: &mut DbConnection, id: OrderId) -> Result<Self, Problem> {
        let details = flow::details(connection, id)?;
        let transfers = payments::store::bank_transfers_of(connection, &[id])?;
        let bank_transfers = transfers.into_iter().map(BankTransferView::from).collect();
        Ok(Self { order: OrderView::of(&details), bank_transfers })
    }
}

/// Which orders.
#[derive(Deserialize, Validate, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct OrderSearch {
    /// Only the order of this number, those of the customer with this address, or those made out to this codice fiscale,
    /// partita IVA or VAT number.
    #[validate(length(min = 1, max = 254))]
    #[param(min_length = 1, max_length = 254, nullable = false, example = "2026-000001")]
    search: Option<String>,
    /// Only orders in this state.
    #[param(inline, nullable = false)]
    status: Option<OrderStatus>,
    /// Only orders whose money a person must look at.
    #[serde(default)]
    #[param(default = false)]
    to_review: bool,
    /// Only orders placed on this day, by the Italian calendar, or later.
    #[serde(default, deserialize_with = "optional_calendar_day")]
    #[param(nullable = false, example = "2026-01-01")]
    placed_from: Option<NaiveDate>,
    /// Only orders placed on this day or before.
    #[serde(default, deserialize_with = "optional_calendar_day")]
    #[param(nullable = false, example = "2026-12-31")]
    placed_to: Option<NaiveDate>,
    /// How many items at most; CSV holds all.
    #[serde(default = "default_limit")]
    #[validate(range(min = 1, max = 100))]
    #[param(minimum = 1, maximum = 100, default = 20)]
    limit: i64,
    /// The `next_cursor` of the page before.
    #[validate(length(max = 100))]
    #[param(max_length = 100, nullable = false)]
    cursor: Option<String>,
}

impl OrderSearch {
    fn filter(&self) -> Result<OrderFilter, Problem> {
        Ok(OrderFilter {
            account: None,
            status: self.status,
            to_review: self.to_review,
            search: self.search.as_deref().map(|search| search.trim().to_owned()),
            placed_from: self.placed_from.map(Time::start_of_italian_day),
            placed_before: self.placed_to.and_then(|day| day.succ_opt()).map(Time::start_of_italian_day),
            before: position(self.cursor.as_deref())?,
        })
    }
}

/// Lists everybody's orders
///
/// A page of JSON, or with `Accept: text/csv` all of them, for a spreadsheet: amounts in euro, times in UTC.
#[utoipa::path(tag = "back office", params(OrderSearch), responses((status = 200, description = "One page, or all as CSV", content((Page<OrderView> = "application/json"), (String = "text/csv")), headers(("Link" = Option<String>)))), security(("bearer" = [])))]
#[get("/back-office/orders")]
pub async fn list_all_orders(
    platform: web::Data<Platform>,
    request: HttpRequest,
    _administrator: Administrator,
    accept: web::Header<Accept>,
    query: ValidQuery<OrderSearch>,
) -> Result<HttpResponse, Problem> {
    let filter = query.0.filter()?;
    if accept.preference().essence_str() != "text/csv" {
        return respond_with_page(&platform, &request, filter, query.0.limit).await;
    }
    let rows = export::rows(platform.into_inner(), filter)
        .map_ok(web::Bytes::from)
        .inspect_err(|problem| tracing::error!(%problem, "an export of orders broke off"));
    Ok(HttpResponse::Ok()
        .content_type("text/csv; charset=utf-8; header=present")
        .insert_header((header::CONTENT_DISPOSITION, "attachment; filename=\"orders.csv\""))
        .streaming(rows))
}

/// Shows anybody's order
#[utoipa::path(tag = "back office", params(("id" = OrderId, Path)), responses((status = 200, description = "The order", body = BackOfficeOrder)), security(("bearer" = [])))]
#[get("/back-office/orders/{id}")]
pub async fn get_any_order(
    platform: web::Data<Platform>,
    id: web::Path<OrderId>,
    _administrator: Administrator,
) -> Result<HttpResponse, Problem> {
    let order = platform.db.read_one_moment(move |connection| BackOfficeOrder::read(connection, *id)).await?;
    Ok(HttpResponse::Ok().json(order))
}

/// Records a bank transfer
///
/// When all that is due has come, the order is confirmed. A transfer counts once: its reference a second time is refused.
#[utoipa::path(tag = "back office", params(("id" = OrderId, Path), ("Idempotency-Key" = String, Header, description = "A fresh random value, the same when you retry")),
    request_body = BankTransferRequest, responses((status = 201, description = "The order", body = BackOfficeOrder, headers(("Location" = String))), Conflict), security(("bearer" = [])))]
#[post("/back-office/orders/{id}/bank-transfers")]
pub async fn record_bank_transfer(
    platform: web::Data<Platform>,
    id: web::Path<OrderId>,
    administrator: Administrator,
    key: RequiredIdempotencyKey,
    body: ValidJson<BankTransferRequest>,
) -> Result<HttpResponse, Problem> {
    let by = administrator.0.account_id;
    let key = key.of(by, &body.sha256);
    let now = platform.clock.now();
    let seen = SeenTransfer {
        amount_cents: checked_transfer(body.value.amount.amount)?,
        reference: checked_transfer_reference(&body.value.reference)?,
        received_on: checked_value_date(body.value.received_on, now.italian_date())?,
    };
    let shared = platform.clone();
    let answer = platform
        .write_once(Some(key), now, move |tx| {
            payments::flow::arrival::record_bank_transfer(tx, &shared.events, by, *id, &seen, now)?;
            Ok(Answer::json(201, &BackOfficeOrder::read(tx, *id)?)?.at(format!("/v1/back-office/orders/{}", *id)))
        })
        .await?;
    Ok(answer.into())
}

/// Records that somebody looked at an order's money
///
/// The order is no longer to review. An excess is given back instead.
#[utoipa::path(tag = "back office", params(("id" = OrderId, Path)), responses((status = 200, description = "The order", body = BackOfficeOrder), Conflict), security(("bearer" = [])))]
#[post("/back-office/orders/{id}/review-resolution")]
pub async fn resolve_order_review(
    platform: web::Data<Platform>,
    id: web::Path<OrderId>,
    administrator: Administrator,
    _body: EmptyBody,
) -> Result<HttpResponse, Problem> {
    let (by, now) = (administrator.0.account_id, platform.clock.now());
    let view = platform
        .db
        .write(move |tx| {
            flow::resolve_review(tx, by, *id, now)?;
            BackOfficeOrder::read(tx, *id)
        })
        .await?;
    Ok(HttpResponse::Ok().json(view))
}

/// Mounts the back office's orders.
pub fn routes(config: &mut ServiceConfig) {
    config.service(list_all_orders).service(get_any_order).service(record_bank_transfer).service(resolve_order_review);
}
