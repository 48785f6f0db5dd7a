//! `/v1/back-office/coupon-campaigns`: campaigns, begun, changed and archived.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, delete, get, post, put, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use validator::Validate;

use crate::customers::sessions::extract::Administrator;
use crate::platform::Platform;
use crate::platform::audit;
use crate::platform::clock::Time;
use crate::platform::http::body::{ValidJson, ValidQuery};
use crate::platform::http::conditions::{IfMatch, version_tag};
use crate::platform::http::idempotency_key::IdempotencyKey;
use crate::platform::http::openapi::{Conflict, StaleVersion};
use crate::platform::http::page::{Page, PageQuery, position};
use crate::platform::idempotency::Answer;
use crate::platform::money::Money;
use crate::platform::problem::{NOT_FOUND, Problem};
use crate::shop::coupons::rules::{Campaign, CampaignId, CouponKind, Discount, DiscountParts, Misfit, ReleasePolicy};
use crate::shop::coupons::{flow, store};
use crate::shop::plans::rules::{Audience, PlanId};

/// What a campaign is to be.
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
    /// Only for plans of these audiences; a plan must fit both this and `plan_ids`.
    #[validate(length(min = 1, max = 10))]
    #[schema(min_items = 1, max_items = 10)]
    audiences: Option<Vec<Audience>>,
    /// Only for whoever has no order yet that awaits its payment, is confirmed or active, told by codice fiscale or
    /// partita IVA.
    #[serde(default)]
    #[schema(default = false)]
    first_order_only: bool,
    /// What the cart must come to at least, net of VAT and before the discount.
    minimum_total: Option<Money>,
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
    /// What becomes of a use whose order is cancelled, expires, is withdrawn from or refunded.
    #[serde(default = "release")]
    #[schema(default = "release")]
    release_policy: ReleasePolicy,
    /// Whether its codes can be used.
    #[serde(default = "yes")]
    #[schema(default = true)]
    active: bool,
}

fn release() -> ReleasePolicy {
    ReleasePolicy::Release
}

fn yes() -> bool {
    true
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
    audiences: Option<Vec<Audience>>,
    first_order_only: bool,
    /// Net of VAT and before the discount.
    #[schema(required = true)]
    minimum_total: Option<Money>,
    #[schema(required = true)]
    starts_at: Option<Time>,
    #[schema(required = true)]
    ends_at: Option<Time>,
    #[schema(required = true)]
    max_uses: Option<i64>,
    #[schema(required = true)]
    max_uses_per_customer: Option<i64>,
    release_policy: ReleasePolicy,
    /// Uses that count: held, committed, or kept. They change without changing the version.
    used: i64,
    active: bool,
    /// When it was deleted; its codes count no more, and its uses stay for the orders that have them.
    #[schema(required = true)]
    archived_at: Option<Time>,
}

impl From<Campaign> for CampaignView {
    fn from(campaign: Campaign) -> Self {
        let DiscountParts { kind, percent_basis_points, amount_cents } = campaign.discount.into();
        Self {
            id: campaign.id,
            name: campaign.name,
            kind,
            percent_basis_points,
            amount: amount_cents.map(Money::euro),
            plan_ids: campaign.plan_ids,
            audiences: campaign.audiences,
            first_order_only: campaign.first_order_only,
            minimum_total: campaign.minimum_total_cents.map(Money::euro),
            starts_at: campaign.starts_at,
            ends_at: campaign.ends_at,
            max_uses: campaign.max_uses,
            max_uses_per_customer: campaign.max_uses_per_customer,
            release_policy: campaign.release_policy,
            used: campaign.used,
            active: campaign.active,
            archived_at: campaign.archived_at,
        }
    }
}

impl CampaignRequest {
    fn into_campaign(self, id: CampaignId) -> Result<Campaign, Problem> {
        let discount = self.discount()?;
        self.check_bounds()?;
        Ok(Campaign {
            id,
            plan_ids: self.plan_ids,
            audiences: self.audiences,
            first_order_only: self.first_order_only,
            minimum_total_cents: self.minimum_total.map(|minimum| minimum.amount),
            starts_at: self.starts_at,
            ends_at: self.ends_at,
            max_uses: self.max_uses,
            max_uses_per_customer: self.max_uses_per_customer,
            release_policy: self.release_policy,
            active: self.active,
            ..Campaign::unlimited(self.name, discount)
        })
    }

    fn discount(&self) -> Result<Discount, Problem> {
        let parts = DiscountParts {
            kind: self.kind,
            percent_basis_points: self.percent_basis_points,
            amount_cents: self.amount.map(|amount| amount.amount),
        };
        Discount::try_from(parts).map_err(|misfit| {
            let pointer = match misfit {
                Misfit::Percentage => "/percent_basis_points",
                Misfit::Amount => "/amount",
            };
            Problem::invalid_field(
                pointer,
                "kind_mismatch",
                "Non corrisponde al tipo di sconto",
                "It does not fit the kind of discount",
            )
        })
    }

    fn check_bounds(&self) -> Result<(), Problem> {
        if self.minimum_total.is_some_and(|minimum| minimum.amount <= 0) {
            return Err(Problem::invalid_field(
                "/minimum_total/amount",
                "range",
                "Deve essere positivo",
                "It must be positive",
            ));
        }
        if self.starts_at.zip(self.ends_at).is_some_and(|(start, end)| end <= start) {
            return Err(Problem::invalid_field(
                "/ends_at",
                "range",
                "Deve seguire l'inizio",
                "It must come after the start",
            ));
        }
        Ok(())
    }
}

/// Lists the coupon campaigns that are not archived
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
#[utoipa::path(tag = "back office", params(("Idempotency-Key" = Option<String>, Header, nullable = false)), request_body(content = CampaignRequest, examples(
        ("percentage" = (summary = "A fifth off a first order of € 50 or more", value = json!({"name": "Fiera di Milano", "kind": "percentage", "percent_basis_points": 2000, "first_order_only": true, "minimum_total": {"amount": 5000, "currency": "EUR"}, "max_uses_per_customer": 1}))),
        ("fixed_amount" = (summary = "Ten euro off", value = json!({"name": "Meno 10 euro", "kind": "fixed_amount", "amount": {"amount": 1000, "currency": "EUR"}, "max_uses": 100}))))),
    responses((status = 201, description = "The campaign", body = CampaignView, headers(("Location" = String), ("ETag" = String)))), security(("bearer" = [])))]
#[post("/back-office/coupon-campaigns")]
pub async fn create_coupon_campaign(
    platform: web::Data<Platform>,
    administrator: Administrator,
    key: IdempotencyKey,
    body: ValidJson<CampaignRequest>,
) -> Result<HttpResponse, Problem> {
    let by = administrator.0.account_id;
    let key = key.of(by, &body.sha256);
    let campaign = body.value.into_campaign(CampaignId::new())?;
    let now = platform.clock.now();
    let answer = platform
        .write_once(key, now, move |tx| {
            store::insert_campaign(tx, &campaign, now)?;
            audit::store::record(tx, by, "coupon_campaign_created", campaign.id, serde_json::json!({}), now)?;
            Ok(Answer::json(201, &CampaignView::from(campaign.clone()))?
                .at(format!("/v1/back-office/coupon-campaigns/{}", campaign.id))
                .etag(version_tag(campaign.version)))
        })
        .await?;
    Ok(answer.into())
}

/// Shows a coupon campaign, archived or not
#[utoipa::path(tag = "back office", params(("id" = CampaignId, Path)), responses((status = 200, description = "The campaign", body = CampaignView, headers(("ETag" = String)))), security(("bearer" = [])))]
#[get("/back-office/coupon-campaigns/{id}")]
pub async fn get_coupon_campaign(
    platform: web::Data<Platform>,
    id: web::Path<CampaignId>,
    _administrator: Administrator,
) -> Result<HttpResponse, Problem> {
    let campaign = platform.db.read(move |connection| store::find_campaign(connection, *id)).await?;
    Ok(respond(campaign.ok_or_else(|| NOT_FOUND.problem())?))
}

/// Replaces a coupon campaign
///
/// What is left out is as in a new campaign. Orders that were placed keep the coupon as it was, paid or not, and so do the
/// uses that they hold.
#[utoipa::path(tag = "back office", params(("id" = CampaignId, Path), ("If-Match" = Option<String>, Header, nullable = false)), request_body(content = CampaignRequest, examples(
        ("percentage" = (summary = "A fifth off a first order of € 50 or more", value = json!({"name": "Fiera di Milano", "kind": "percentage", "percent_basis_points": 2000, "first_order_only": true, "minimum_total": {"amount": 5000, "currency": "EUR"}, "max_uses_per_customer": 1}))),
        ("fixed_amount" = (summary = "Ten euro off", value = json!({"name": "Meno 10 euro", "kind": "fixed_amount", "amount": {"amount": 1000, "currency": "EUR"}, "max_uses": 100}))))),
    responses((status = 200, description = "The campaign", body = CampaignView, headers(("ETag" = String))), Conflict, StaleVersion), security(("bearer" = [])))]
#[put("/back-office/coupon-campaigns/{id}")]
pub async fn replace_coupon_campaign(
    platform: web::Data<Platform>,
    id: web::Path<CampaignId>,
    administrator: Administrator,
    condition: IfMatch,
    body: ValidJson<CampaignRequest>,
) -> Result<HttpResponse, Problem> {
    let (by, now) = (administrator.0.account_id, platform.clock.now());
    let campaign = body.value.into_campaign(*id)?;
    let replaced = platform.db.write(move |tx| flow::replace_campaign(tx, by, &campaign, &condition, now)).await?;
    Ok(respond(replaced))
}

/// Archives a coupon campaign
///
/// Its codes count no more. Uses that are held or spent stay, and so do the orders that have them.
#[utoipa::path(tag = "back office", params(("id" = CampaignId, Path), ("If-Match" = Option<String>, Header, nullable = false)),
    responses((status = 204, description = "It is archived"), StaleVersion), security(("bearer" = [])))]
#[delete("/back-office/coupon-campaigns/{id}")]
pub async fn delete_coupon_campaign(
    platform: web::Data<Platform>,
    id: web::Path<CampaignId>,
    administrator: Administrator,
    condition: IfMatch,
) -> Result<HttpResponse, Problem> {
    let (by, now) = (administrator.0.account_id, platform.clock.now());
    platform.db.write(move |tx| flow::archive_campaign(tx, by, *id, &condition, now)).await?;
    Ok(HttpResponse::NoContent().finish())
}

fn respond(campaign: Campaign) -> HttpResponse {
    let tag = version_tag(campaign.version);
    HttpResponse::Ok().insert_header((header::ETAG, tag)).json(CampaignView::from(campaign))
}

/// Mounts the campaigns.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(list_coupon_campaigns)
        .service(create_coupon_campaign)
        .service(get_coupon_campaign)
        .service(replace_coupon_campaign)
        .service(delete_coupon_campaign);
}
