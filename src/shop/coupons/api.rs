//! `POST /v1/coupon-checks`, and the back office's campaigns.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, get, post, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use validator::Validate;

use super::rules::{Campaign, CampaignId, CouponCodeId, CouponKind, Discount, canonical_code};
use super::store;
use crate::customers::sessions::extract::Administrator;
use crate::platform::Platform;
use crate::platform::audit;
use crate::platform::clock::Time;
use crate::platform::http::body::{ValidJson, ValidQuery};
use crate::platform::http::idempotency_key::IdempotencyKey;
use crate::platform::http::openapi::Conflict;
use crate::platform::http::page::{Page, PageQuery, position};
use crate::platform::idempotency::{self, Answer};
use crate::platform::money::Money;
use crate::platform::problem::{NOT_FOUND, Problem};
use crate::shop::ShopLimits;
use crate::shop::carts::api::view::Totals;
use crate::shop::plans;
use crate::shop::plans::rules::PlanId;
use crate::shop::pricing::rules::{Purchase, net_of, price_purchases};
use crate::shop::pricing::treatment::SaleTreatment;
use crate::shop::problems::{COUPON_CODE_TAKEN, COUPON_NOT_VALID, PLAN_NOT_AVAILABLE};

/// A code and a plan to try it on.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct CouponCheckRequest {
    /// Capitals, spaces and hyphens do not matter.
    #[validate(length(min = 1, max = 64))]
    #[schema(min_length = 1, max_length = 64, example = "SCONTO20")]
    code: String,
    plan_id: PlanId,
}

/// What a coupon would make of a plan's price.
#[derive(Serialize, ToSchema)]
pub struct CouponCheck {
    /// In its canonical form.
    code: String,
    /// The campaign's name.
    campaign: String,
    /// The price of one.
    totals: Totals,
}

/// A campaign to run.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct CampaignRequest {
    /// For the back office.
    #[validate(length(min = 1, max = 80))]
    #[schema(min_length = 1, max_length = 80, example = "Fiera di Milano")]
    name: String,
    kind: CouponKind,
    /// Basis points off, for `percentage`.
    #[validate(range(min = 1, max = 10000))]
    #[schema(minimum = 1, maximum = 10000, example = 2000)]
    percent_basis_points: Option<i32>,
    /// What is taken off, for `fixed_amount`.
    amount: Option<Money>,
    /// The plans that it is for; all where it is left out.
    #[validate(length(min = 1, max = 100))]
    #[schema(min_items = 1, max_items = 100)]
    plan_ids: Option<Vec<PlanId>>,
    /// From when.
    starts_at: Option<Time>,
    /// Until when.
    ends_at: Option<Time>,
    /// Uses in all.
    #[validate(range(min = 1))]
    #[schema(minimum = 1)]
    max_uses: Option<i64>,
    /// Uses by one customer, told by codice fiscale or partita IVA.
    #[validate(range(min = 1))]
    #[schema(minimum = 1)]
    max_uses_per_customer: Option<i64>,
}

/// A code to add to a campaign.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct CouponCodeRequest {
    /// Letters and digits; capitals, spaces and hyphens do not matter.
    #[validate(length(min = 4, max = 40))]
    #[schema(min_length = 4, max_length = 40, example = "MILANO2026")]
    code: String,
    /// Uses of this code.
    #[validate(range(min = 1))]
    #[schema(minimum = 1)]
    max_uses: Option<i64>,
}

/// A campaign.
#[derive(Serialize, ToSchema)]
#[schema(as = CouponCampaign)]
pub struct CampaignView {
    id: CampaignId,
    name: String,
    kind: CouponKind,
    #[schema(required = true)]
    percent_basis_points: Option<i32>,
    #[schema(required = true)]
    amount: Option<Money>,
    #[schema(required = true)]
    plan_ids: Option<Vec<PlanId>>,
    #[schema(required = true)]
    starts_at: Option<Time>,
    #[schema(required = true)]
    ends_at: Option<Time>,
    #[schema(required = true)]
    max_uses: Option<i64>,
    #[schema(required = true)]
    max_uses_per_customer: Option<i64>,
    /// Held or committed.
    used: i64,
    active: bool,
}

/// A code of a campaign.
#[derive(Serialize, ToSchema)]
pub struct CouponCode {
    id: CouponCodeId,
    /// In its canonical form.
    code: String,
    #[schema(required = true)]
    max_uses: Option<i64>,
}

impl From<Campaign> for CampaignView {
    fn from(campaign: Campaign) -> Self {
        let (kind, percent_basis_points, amount) = match campaign.discount {
            Discount::Percentage(points) => (CouponKind::Percentage, Some(points), None),
            Discount::FixedAmount(cents) => (CouponKind::FixedAmount, None, Some(Money::euro(cents))),
            Discount::Free => (CouponKind::Free, None, None),
        };
        Self {
            id: campaign.id,
            name: campaign.name,
            kind,
            percent_basis_points,
            amount,
            plan_ids: campaign.plan_ids,
            starts_at: campaign.starts_at,
            ends_at: campaign.ends_at,
            max_uses: campaign.max_uses,
            max_uses_per_customer: campaign.max_uses_per_customer,
            used: campaign.used,
            active: campaign.active,
        }
    }
}

impl CampaignRequest {
    fn into_campaign(self) -> Result<Campaign, Problem> {
        let wrong = |pointer| {
            Problem::invalid_field(
                pointer,
                "kind_mismatch",
                "Non corrisponde al tipo di sconto",
                "It does not fit the kind of discount",
            )
        };
        let discount = match (self.kind, self.percent_basis_points, self.amount) {
            (CouponKind::Percentage, Some(points), None) => Discount::Percentage(points),
            (CouponKind::FixedAmount, None, Some(amount)) if amount.amount > 0 => Discount::FixedAmount(amount.amount),
            (CouponKind::Free, None, None) => Discount::Free,
            (CouponKind::FixedAmount, None, _) => return Err(wrong("/amount")),
            (_, Some(_) | None, None) => return Err(wrong("/percent_basis_points")),
            _ => return Err(wrong("/amount")),
        };
        if let (Some(start), Some(end)) = (self.starts_at, self.ends_at)
            && end <= start
        {
            return Err(Problem::invalid_field(
                "/ends_at",
                "range",
                "Deve seguire l'inizio",
                "It must come after the start",
            ));
        }
        Ok(Campaign {
            id: CampaignId::new(),
            name: self.name,
            discount,
            plan_ids: self.plan_ids,
            starts_at: self.starts_at,
            ends_at: self.ends_at,
            max_uses: self.max_uses,
            max_uses_per_customer: self.max_uses_per_customer,
            used: 0,
            active: true,
        })
    }
}

/// Tries a coupon on a plan
#[utoipa::path(tag = "coupons", request_body = CouponCheckRequest, responses((status = 200, description = "It may be used", body = CouponCheck)), extensions(("x-rate-limited" = json!(true))))]
#[post("/coupon-checks")]
pub async fn check_coupon(
    platform: web::Data<Platform>,
    limits: web::Data<ShopLimits>,
    request: HttpRequest,
    body: ValidJson<CouponCheckRequest>,
) -> Result<HttpResponse, Problem> {
    limits.coupons.count_sender(&request)?;
    let now = platform.clock.now();
    let check = platform
        .db
        .read(move |connection| {
            let plan = plans::store::find_active(connection, body.value.plan_id, now)?
                .ok_or_else(|| PLAN_NOT_AVAILABLE.problem())?;
            let coupon = store::find_by_code(connection, &canonical_code(&body.value.code))?
                .ok_or_else(|| COUPON_NOT_VALID.problem())?;
            coupon.check(&[plan.id], now)?;
            let purchases = [Purchase { plan, quantity: 1 }];
            let priced =
                price_purchases(&purchases, coupon.campaign.discount.off(net_of(&purchases)), SaleTreatment::ORDINARY)?;
            Ok(CouponCheck { code: coupon.code, campaign: coupon.campaign.name, totals: (&priced).into() })
        })
        .await?;
    Ok(HttpResponse::Ok().json(check))
}

/// Lists the coupon campaigns
#[utoipa::path(tag = "back office", params(PageQuery), responses((status = 200, description = "One page", body = Page<CampaignView>, headers(("Link" = Option<String>)))), security(("bearer" = [])))]
#[get("/back-office/coupon-campaigns")]
pub async fn list_coupon_campaigns(
    platform: web::Data<Platform>,
    request: HttpRequest,
    _administrator: Administrator,
    query: ValidQuery<PageQuery>,
) -> Result<HttpResponse, Problem> {
    let (limit, before) = (query.0.limit, position(query.0.cursor.as_deref())?);
    let campaigns = platform.db.read(move |connection| store::list_campaigns(connection, before, limit + 1)).await?;
    let views: Vec<CampaignView> = campaigns.into_iter().map(CampaignView::from).collect();
    Ok(Page::cut(views, limit, |view| view.id.to_string()).to_response(&request))
}

/// Starts a coupon campaign
#[utoipa::path(tag = "back office", params(("Idempotency-Key" = Option<String>, Header, nullable = false)), request_body = CampaignRequest,
    responses((status = 201, description = "The campaign", body = CampaignView, headers(("Location" = String)))), security(("bearer" = [])))]
#[post("/back-office/coupon-campaigns")]
pub async fn create_coupon_campaign(
    platform: web::Data<Platform>,
    administrator: Administrator,
    key: IdempotencyKey,
    body: ValidJson<CampaignRequest>,
) -> Result<HttpResponse, Problem> {
    let by = administrator.0.account_id;
    let key = key.of(by, &body.sha256);
    let campaign = body.value.into_campaign()?;
    let now = platform.clock.now();
    let keys = platform.keys.clone();
    let answer = platform
        .db
        .write(move |tx| {
            idempotency::once(tx, key.as_ref(), &keys, now, |tx| {
                store::insert_campaign(tx, &campaign, now)?;
                audit::store::record(tx, by, "coupon_campaign_created", campaign.id, serde_json::json!({}), now)?;
                Ok(Answer::json(201, &CampaignView::from(campaign.clone()))?
                    .at(format!("/v1/back-office/coupon-campaigns/{}", campaign.id)))
            })
        })
        .await?;
    Ok(answer.into())
}

/// Shows a coupon campaign
#[utoipa::path(tag = "back office", params(("id" = CampaignId, Path)), responses((status = 200, description = "The campaign", body = CampaignView)), security(("bearer" = [])))]
#[get("/back-office/coupon-campaigns/{id}")]
pub async fn get_coupon_campaign(
    platform: web::Data<Platform>,
    id: web::Path<CampaignId>,
    _administrator: Administrator,
) -> Result<HttpResponse, Problem> {
    let campaign = platform
        .db
        .read(move |connection| store::find_campaign(connection, *id))
        .await?
        .ok_or_else(|| NOT_FOUND.problem())?;
    Ok(HttpResponse::Ok().json(CampaignView::from(campaign)))
}

/// Adds a code to a coupon campaign
#[utoipa::path(tag = "back office", params(("id" = CampaignId, Path)), request_body = CouponCodeRequest, responses((status = 201, description = "The code", body = CouponCode), Conflict), security(("bearer" = [])))]
#[post("/back-office/coupon-campaigns/{id}/codes")]
pub async fn create_coupon_code(
    platform: web::Data<Platform>,
    id: web::Path<CampaignId>,
    administrator: Administrator,
    body: ValidJson<CouponCodeRequest>,
) -> Result<HttpResponse, Problem> {
    let code = canonical_code(&body.value.code);
    if code.len() < 4 || !code.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Err(Problem::invalid_field(
            "/code",
            "invalid_value",
            "Solo lettere e cifre",
            "Letters and digits only",
        ));
    }
    let (by, max_uses, now) = (administrator.0.account_id, body.value.max_uses, platform.clock.now());
    let created = platform
        .db
        .write(move |tx| {
            store::find_campaign(tx, *id)?.ok_or_else(|| NOT_FOUND.problem())?;
            let code_id = CouponCodeId::new();
            if !store::insert_code(tx, code_id, *id, &code, max_uses, now)? {
                return Err(COUPON_CODE_TAKEN.problem());
            }
            audit::store::record(
                tx,
                by,
                "coupon_code_created",
                code_id,
                serde_json::json!({ "campaign_id": *id }),
                now,
            )?;
            Ok(CouponCode { id: code_id, code: code.clone(), max_uses })
        })
        .await?;
    Ok(HttpResponse::Created().insert_header((header::CACHE_CONTROL, "no-store")).json(created))
}

/// Mounts the coupons.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(check_coupon)
        .service(list_coupon_campaigns)
        .service(create_coupon_campaign)
        .service(get_coupon_campaign)
        .service(create_coupon_code);
}
