//! `/v1/back-office/coupon-campaigns/{id}/codes`: codes that a person chose, and codes generated in bulk.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, get, patch, post, web};
use bytes::Bytes;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use validator::Validate;

use crate::customers::sessions::extract::Administrator;
use crate::platform::Platform;
use crate::platform::clock::Time;
use crate::platform::http::body::{ValidJson, ValidQuery};
use crate::platform::http::idempotency_key::IdempotencyKey;
use crate::platform::http::openapi::Conflict;
use crate::platform::http::page::{Page, PageQuery, position};
use crate::platform::idempotency::Answer;
use crate::platform::problem::{NOT_FOUND, Problem};
use crate::shop::coupons::batches::{self, FreshCode};
use crate::shop::coupons::codes::chosen;
use crate::shop::coupons::rules::{Batch, BatchId, BatchState, CampaignId, CodeRecord, CouponCodeId, CouponCodeState};
use crate::shop::coupons::{flow, store};

/// A code to add to a campaign, or how many to generate.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct CouponCodeRequest {
    /// A code of one's own: letters and digits; capitals, spaces and hyphens do not matter.
    #[validate(length(min = 4, max = 40))]
    #[schema(min_length = 4, max_length = 40, example = "MILANO2026")]
    code: Option<String>,
    /// Instead of it, how many single-use codes to generate; they are answered as CSV, this once.
    #[validate(range(min = 1, max = 100_000))]
    #[schema(minimum = 1, maximum = 100_000)]
    quantity: Option<i64>,
    /// Uses of this code. Generated codes have one.
    #[validate(range(min = 1))]
    #[schema(minimum = 1)]
    max_uses: Option<i64>,
}

/// Whether a code can be used.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct CouponCodeChange {
    active: bool,
}

/// A code of a campaign.
#[derive(Serialize, ToSchema)]
pub struct CouponCode {
    id: CouponCodeId,
    /// In its canonical form; null for a generated one, which nobody can read again.
    #[schema(required = true)]
    code: Option<String>,
    /// The batch that it was generated with.
    #[schema(required = true)]
    batch_id: Option<BatchId>,
    #[schema(required = true)]
    max_uses: Option<i64>,
    /// Uses that count.
    used: i64,
    state: CouponCodeState,
    created_at: Time,
}

/// Codes that were generated in one request.
#[derive(Serialize, ToSchema)]
pub struct CouponBatch {
    id: BatchId,
    /// How many were asked for.
    quantity: i64,
    /// How many were made; their codes count only if the batch is complete.
    stored: i64,
    state: BatchState,
    /// The account that asked for them.
    created_by: String,
    created_at: Time,
    /// When the last of them was handed over.
    #[schema(required = true)]
    completed_at: Option<Time>,
}

impl From<CodeRecord> for CouponCode {
    fn from(record: CodeRecord) -> Self {
        let CodeRecord { id, code, batch_id, max_uses, used, state, created_at } = record;
        Self { id, code, batch_id, max_uses, used, state, created_at }
    }
}

impl From<Batch> for CouponBatch {
    fn from(batch: Batch) -> Self {
        let Batch { id, quantity, stored, state, created_by, created_at, completed_at, .. } = batch;
        Self { id, quantity, stored, state, created_by, created_at, completed_at }
    }
}

/// What a request for codes asks for.
enum Wanted {
    Chosen { code: String, max_uses: Option<i64> },
    Generated { quantity: i64 },
}

impl CouponCodeRequest {
    fn wanted(self) -> Result<Wanted, Problem> {
        let wrong = |pointer, code, it, en| Err(Problem::invalid_field(pointer, code, it, en));
        match (self.code, self.quantity) {
            (Some(typed), None) => Ok(Wanted::Chosen { code: chosen(&typed)?, max_uses: self.max_uses }),
            (None, Some(_)) if self.max_uses.is_some_and(|uses| uses != 1) => {
                wrong("/max_uses", "range", "Un codice generato si usa una volta", "A generated code is used once")
            }
            (None, Some(quantity)) => Ok(Wanted::Generated { quantity }),
            (Some(_), Some(_)) => wrong("/quantity", "exclusive", "O questo o il codice", "Either this or the code"),
            (None, None) => wrong("/code", "required", "Campo obbligatorio", "This field is required"),
        }
    }
}

/// Adds a code to a coupon campaign, or generates many
///
/// With `code`, that code is added and answered as JSON. With `quantity`, so many single-use codes are generated and
/// streamed as CSV with the columns `id` and `code`. They are shown this once: only hashes are kept, and a repeated request
/// makes other codes. They count when the last of them was handed over; if the connection breaks before, none of them does.
#[utoipa::path(tag = "back office", params(("id" = CampaignId, Path), ("Idempotency-Key" = Option<String>, Header, nullable = false, description = "Honoured for `code`; generated codes are secret, so their answer is not kept")), request_body(content = CouponCodeRequest, examples(
        ("chosen" = (summary = "A code of one's own", value = json!({"code": "MILANO2026", "max_uses": 500}))),
        ("generated" = (summary = "Single-use codes", value = json!({"quantity": 1000}))))),
    responses((status = 201, description = "The code, or the generated codes", content((CouponCode = "application/json"), (String = "text/csv")),
        headers(("Location" = Option<String>, description = "The batch of generated codes"))), Conflict), security(("bearer" = [])))]
#[post("/back-office/coupon-campaigns/{id}/codes")]
pub async fn create_coupon_code(
    platform: web::Data<Platform>,
    id: web::Path<CampaignId>,
    administrator: Administrator,
    key: IdempotencyKey,
    body: ValidJson<CouponCodeRequest>,
) -> Result<HttpResponse, Problem> {
    let (by, now) = (administrator.0.account_id, platform.clock.now());
    let key = key.of(by, &body.sha256);
    match body.value.wanted()? {
        Wanted::Chosen { code, max_uses } => {
            let answer = platform
                .write_once(key, now, move |tx| {
                    Answer::json(201, &CouponCode::from(flow::add_code(tx, by, *id, &code, max_uses, now)?))
                })
                .await?;
            Ok(answer.into())
        }
        Wanted::Generated { quantity } => {
            let batch = batches::begin(&platform, by.to_string(), *id, quantity).await?;
            Ok(hand_over(platform, batch))
        }
    }
}

/// The answer that carries a batch's codes, made while it is sent.
fn hand_over(platform: web::Data<Platform>, batch: Batch) -> HttpResponse {
    let id = batch.id;
    let location = format!("/v1/back-office/coupon-campaigns/{}/batches/{id}", batch.campaign_id);
    let heading = stream::once(async { Ok(Bytes::from_static(b"id,code\r\n")) });
    let codes = batches::codes(platform.into_inner(), batch)
        .map_ok(|codes| Bytes::from(codes.iter().map(line).collect::<String>()))
        .inspect_err(move |problem| tracing::error!(batch = %id, %problem, "a batch of coupon codes broke off"));
    HttpResponse::Created()
        .content_type("text/csv; charset=utf-8; header=present")
        .insert_header((header::LOCATION, location))
        .insert_header((header::CONTENT_DISPOSITION, format!("attachment; filename=\"{id}.csv\"")))
        .streaming(heading.chain(codes))
}

/// RFC 4180 §2.
fn line(fresh: &FreshCode) -> String {
    format!("{},{}\r\n", fresh.id, fresh.code.written())
}

/// Lists the codes of a coupon campaign
///
/// Generated codes show as their identifier and state only.
#[utoipa::path(tag = "back office", params(("id" = CampaignId, Path), PageQuery), responses((status = 200, description = "One page", body = Page<CouponCode>, headers(("Link" = Option<String>)))), security(("bearer" = [])))]
#[get("/back-office/coupon-campaigns/{id}/codes")]
pub async fn list_coupon_codes(
    platform: web::Data<Platform>,
    request: HttpRequest,
    id: web::Path<CampaignId>,
    _administrator: Administrator,
    query: ValidQuery<PageQuery>,
) -> Result<HttpResponse, Problem> {
    let (limit, before) = (query.0.limit, position(query.0.cursor.as_deref())?);
    let codes = platform
        .db
        .read(move |connection| {
            store::find_campaign(connection, *id)?.ok_or_else(|| NOT_FOUND.problem())?;
            Ok(store::codes::list(connection, *id, before, limit + 1)?)
        })
        .await?;
    let views: Vec<CouponCode> = codes.into_iter().map(CouponCode::from).collect();
    Ok(Page::cut(views, limit, |view| view.id.to_string()).to_response(&request))
}

/// Switches a code of a coupon campaign on or off
///
/// Orders that were placed with it keep it.
#[utoipa::path(tag = "back office", params(("id" = CampaignId, Path), ("code_id" = CouponCodeId, Path)), request_body = CouponCodeChange,
    responses((status = 200, description = "The code", body = CouponCode), Conflict), security(("bearer" = [])))]
#[patch("/back-office/coupon-campaigns/{id}/codes/{code_id}")]
pub async fn update_coupon_code(
    platform: web::Data<Platform>,
    path: web::Path<(CampaignId, CouponCodeId)>,
    administrator: Administrator,
    body: ValidJson<CouponCodeChange>,
) -> Result<HttpResponse, Problem> {
    let (campaign, id) = path.into_inner();
    let (by, active, now) = (administrator.0.account_id, body.value.active, platform.clock.now());
    let code = platform.db.write(move |tx| flow::switch_code(tx, by, campaign, id, active, now)).await?;
    Ok(HttpResponse::Ok().json(CouponCode::from(code)))
}

/// Lists the batches of generated codes of a coupon campaign
#[utoipa::path(tag = "back office", params(("id" = CampaignId, Path), PageQuery), responses((status = 200, description = "One page", body = Page<CouponBatch>, headers(("Link" = Option<String>)))), security(("bearer" = [])))]
#[get("/back-office/coupon-campaigns/{id}/batches")]
pub async fn list_coupon_batches(
    platform: web::Data<Platform>,
    request: HttpRequest,
    id: web::Path<CampaignId>,
    _administrator: Administrator,
    query: ValidQuery<PageQuery>,
) -> Result<HttpResponse, Problem> {
    let (limit, before) = (query.0.limit, position(query.0.cursor.as_deref())?);
    let now = platform.clock.now();
    let batches = platform
        .db
        .read(move |connection| {
            store::find_campaign(connection, *id)?.ok_or_else(|| NOT_FOUND.problem())?;
            Ok(store::batches::list(connection, *id, before, limit + 1, now)?)
        })
        .await?;
    let views: Vec<CouponBatch> = batches.into_iter().map(CouponBatch::from).collect();
    Ok(Page::cut(views, limit, |view| view.id.to_string()).to_response(&request))
}

/// Shows a batch of generated codes
#[utoipa::path(tag = "back office", params(("id" = CampaignId, Path), ("batch_id" = BatchId, Path)), responses((status = 200, description = "The batch", body = CouponBatch)), security(("bearer" = [])))]
#[get("/back-office/coupon-campaigns/{id}/batches/{batch_id}")]
pub async fn get_coupon_batch(
    platform: web::Data<Platform>,
    path: web::Path<(CampaignId, BatchId)>,
    _administrator: Administrator,
) -> Result<HttpResponse, Problem> {
    let ((campaign, id), now) = (path.into_inner(), platform.clock.now());
    let batch = platform.db.read(move |connection| Ok(store::batches::find(connection, campaign, id, now)?)).await?;
    Ok(HttpResponse::Ok().json(CouponBatch::from(batch.ok_or_else(|| NOT_FOUND.problem())?)))
}

/// Mounts the codes.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(create_coupon_code)
        .service(list_coupon_codes)
        .service(update_coupon_code)
        .service(list_coupon_batches)
        .service(get_coupon_batch);
}
