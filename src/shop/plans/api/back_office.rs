//! `/v1/back-office/plans`: what an administrator does with the catalogue.

pub mod requests;

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, get, patch, post, web};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::customers::accounts::rules::AccountId;
use crate::customers::sessions::extract::Administrator;
use crate::platform::Platform;
use crate::platform::clock::Time;
use crate::platform::http::body::{ValidJson, ValidQuery};
use crate::platform::http::conditions::{IfMatch, version_tag};
use crate::platform::http::idempotency_key::IdempotencyKey;
use crate::platform::http::openapi::{Conflict, StaleVersion};
use crate::platform::http::page::{Page, PageQuery, position};
use crate::platform::idempotency::Answer;
use crate::platform::locale::Localized;
use crate::platform::problem::{NOT_FOUND, Problem};
use crate::shop::plans::catalogue::Catalogue;
use crate::shop::plans::flow;
use crate::shop::plans::rules::{
    Audience, Features, PlanChange, PlanId, PlanPrice, PlanRecord, PriceVersion, price_of,
};
use crate::shop::plans::store;
use requests::{PlanChangeRequest, PlanRequest, PriceRequest};

/// A price that was set for a plan.
#[derive(Serialize, ToSchema)]
pub struct PlanPriceVersion {
    /// What orders pin.
    version: i32,
    price: PlanPrice,
    valid_from: Time,
    /// Whether it is the one in force.
    in_force: bool,
    created_at: Time,
    /// The administrator who set it; null for the catalogue that was loaded.
    #[schema(required = true)]
    created_by: Option<AccountId>,
}

/// A plan as the back office sees it.
#[derive(Serialize, ToSchema)]
#[schema(as = BackOfficePlan)]
pub struct PlanRecordView {
    /// Which.
    pub id: PlanId,
    slug: String,
    /// What it is a plan of.
    #[schema(example = "legalinvoice")]
    product: String,
    audience: Audience,
    position: i32,
    name: Localized,
    summary: Localized,
    description: Localized,
    features: Features,
    /// The price of now.
    price: PlanPrice,
    price_version: i32,
    /// Every price that was set, oldest first; those to come are among them.
    prices: Vec<PlanPriceVersion>,
    active: bool,
    updated_at: Time,
}

impl PlanRecordView {
    fn of(record: &PlanRecord) -> Result<Self, Problem> {
        let plan = &record.plan;
        let version = |price: &PriceVersion| {
            Ok(PlanPriceVersion {
                version: price.version,
                price: price_of(price.net_cents, price.vat_rate_basis_points)?,
                valid_from: price.valid_from,
                in_force: price.version == plan.price_version,
                created_at: price.created_at,
                created_by: price.created_by,
            })
        };
        Ok(Self {
            id: plan.id,
            slug: plan.slug.clone(),
            product: plan.product.clone(),
            audience: plan.audience,
            position: record.position,
            name: plan.name.clone(),
            summary: plan.summary.clone(),
            description: plan.description.clone(),
            features: plan.features.clone(),
            price: plan.price()?,
            price_version: plan.price_version,
            prices: record.prices.iter().map(version).collect::<Result<_, Problem>>()?,
            active: record.active,
            updated_at: record.updated_at,
        })
    }
}

fn created(record: &PlanRecord) -> Result<Answer, Problem> {
    Ok(Answer::json(201, &PlanRecordView::of(record)?)?
        .at(format!("/v1/back-office/plans/{}", record.plan.id))
        .etag(version_tag(record.version)))
}

fn shown(record: &PlanRecord) -> Result<HttpResponse, Problem> {
    let view = PlanRecordView::of(record)?;
    Ok(HttpResponse::Ok().insert_header((header::ETAG, version_tag(record.version))).json(view))
}

/// Lists all plans, on offer or not
#[utoipa::path(tag = "back office", params(PageQuery), responses((status = 200, description = "One page", body = Page<PlanRecordView>, headers(("Link" = Option<String>)))), security(("bearer" = [])))]
#[get("/back-office/plans")]
pub async fn list_all_plans(
    platform: web::Data<Platform>,
    request: HttpRequest,
    _administrator: Administrator,
    query: ValidQuery<PageQuery>,
) -> Result<HttpResponse, Problem> {
    let (limit, before) = (query.0.limit, position(query.0.cursor.as_deref())?);
    let now = platform.clock.now();
    let records = platform.db.read(move |connection| store::list_records(connection, before, limit + 1, now)).await?;
    let views = records.iter().map(PlanRecordView::of).collect::<Result<Vec<_>, Problem>>()?;
    Ok(Page::cut(views, limit, |view| view.id.to_string()).to_response(&request))
}

/// Adds a plan
///
/// Unless it is said to be active, it is not on offer yet.
#[utoipa::path(tag = "back office", params(("Idempotency-Key" = Option<String>, Header, nullable = false)), request_body = PlanRequest,
    responses((status = 201, description = "The plan", body = PlanRecordView, headers(("Location" = String), ("ETag" = String))), Conflict), security(("bearer" = [])))]
#[post("/back-office/plans")]
pub async fn create_plan(
    platform: web::Data<Platform>,
    catalogue: web::Data<Catalogue>,
    administrator: Administrator,
    key: IdempotencyKey,
    body: ValidJson<PlanRequest>,
) -> Result<HttpResponse, Problem> {
    let (by, now) = (administrator.0.account_id, platform.clock.now());
    let key = key.of(by, &body.sha256);
    let (place, active) = (body.value.position, body.value.active);
    let plan = body.value.into_plan()?;
    let answer =
        platform.write_once(key, now, move |tx| created(&flow::create(tx, by, &plan, place, active, now)?)).await?;
    catalogue.refresh(&platform.db, now).await?;
    Ok(answer.into())
}

/// Shows a plan with all its prices
#[utoipa::path(tag = "back office", params(("id" = PlanId, Path)), responses((status = 200, description = "The plan", body = PlanRecordView, headers(("ETag" = String)))), security(("bearer" = [])))]
#[get("/back-office/plans/{id}")]
pub async fn get_any_plan(
    platform: web::Data<Platform>,
    id: web::Path<PlanId>,
    _administrator: Administrator,
) -> Result<HttpResponse, Problem> {
    let now = platform.clock.now();
    let record = platform.db.read(move |connection| store::find_record(connection, *id, now)).await?;
    shown(&record.ok_or_else(|| NOT_FOUND.problem())?)
}

/// Changes a plan, or takes it on or off offer
///
/// Orders that were placed keep the plan as it was.
#[utoipa::path(tag = "back office", params(("id" = PlanId, Path), ("If-Match" = Option<String>, Header, nullable = false)), request_body = PlanChangeRequest,
    responses((status = 200, description = "The plan", body = PlanRecordView, headers(("ETag" = String))), StaleVersion), security(("bearer" = [])))]
#[patch("/back-office/plans/{id}")]
pub async fn update_plan(
    platform: web::Data<Platform>,
    catalogue: web::Data<Catalogue>,
    id: web::Path<PlanId>,
    administrator: Administrator,
    condition: IfMatch,
    body: ValidJson<PlanChangeRequest>,
) -> Result<HttpResponse, Problem> {
    let (by, now) = (administrator.0.account_id, platform.clock.now());
    let change = PlanChange::from(body.value);
    let record = platform.db.write(move |tx| flow::change(tx, by, *id, &condition, change.clone(), now)).await?;
    catalogue.refresh(&platform.db, now).await?;
    shown(&record)
}

/// Sets a plan's next price
///
/// At once or from a later moment on. Open carts are told `price_changed`; orders keep the version that they bought. Of
/// the prices whose time has come the one that was set last is in force.
#[utoipa::path(tag = "back office", params(("id" = PlanId, Path), ("If-Match" = Option<String>, Header, nullable = false), ("Idempotency-Key" = Option<String>, Header, nullable = false)),
    request_body = PriceRequest, responses((status = 201, description = "The plan", body = PlanRecordView, headers(("Location" = String), ("ETag" = String))), StaleVersion), security(("bearer" = [])))]
#[post("/back-office/plans/{id}/prices")]
pub async fn set_plan_price(
    platform: web::Data<Platform>,
    catalogue: web::Data<Catalogue>,
    id: web::Path<PlanId>,
    administrator: Administrator,
    condition: IfMatch,
    key: IdempotencyKey,
    body: ValidJson<PriceRequest>,
) -> Result<HttpResponse, Problem> {
    let (by, now) = (administrator.0.account_id, platform.clock.now());
    let key = key.of(by, &body.sha256);
    let price = body.value.into_price()?;
    let answer = platform
        .write_once(key, now, move |tx| created(&flow::set_price(tx, by, *id, &condition, price, now)?))
        .await?;
    catalogue.refresh(&platform.db, now).await?;
    Ok(answer.into())
}

/// Mounts the back office's plans.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(list_all_plans)
        .service(create_plan)
        .service(get_any_plan)
        .service(update_plan)
        .service(set_plan_price);
}
