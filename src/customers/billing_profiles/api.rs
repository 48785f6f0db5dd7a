//! `/v1/billing-profiles`.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, delete, get, post, put, web};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use super::rules::{BillingDetails, BillingProfile, BillingProfileId};
use super::store;
use crate::customers::sessions::extract::Customer;
use crate::platform::Platform;
use crate::platform::clock::Time;
use crate::platform::http::body::{ValidJson, ValidQuery};
use crate::platform::http::conditions::{IfMatch, version_tag};
use crate::platform::http::idempotency_key::IdempotencyKey;
use crate::platform::http::openapi::StaleVersion;
use crate::platform::http::page::{Page, PageQuery, position};
use crate::platform::idempotency::{self, Answer};
use crate::platform::problem::{NOT_FOUND, Problem, STALE_VERSION};

/// A billing profile.
#[derive(Serialize, ToSchema)]
#[schema(as = BillingProfile)]
pub struct BillingProfileView {
    id: BillingProfileId,
    /// What was given, in its normal form.
    #[serde(flatten)]
    details: BillingDetails,
    created_at: Time,
}

impl From<BillingProfile> for BillingProfileView {
    fn from(profile: BillingProfile) -> Self {
        Self { id: profile.id, details: profile.details, created_at: profile.created_at }
    }
}

/// Lists one's billing profiles
#[utoipa::path(tag = "billing profiles", params(PageQuery), responses((status = 200, description = "One page", body = Page<BillingProfileView>, headers(("Link" = Option<String>)))), security(("bearer" = [])))]
#[get("/billing-profiles")]
pub async fn list_billing_profiles(
    platform: web::Data<Platform>,
    request: HttpRequest,
    customer: Customer,
    query: ValidQuery<PageQuery>,
) -> Result<HttpResponse, Problem> {
    let (limit, before) = (query.0.limit, position(query.0.cursor.as_deref())?);
    let profiles =
        platform.db.read(move |connection| store::list(connection, customer.account_id, before, limit + 1)).await?;
    let views: Vec<BillingProfileView> = profiles.into_iter().map(BillingProfileView::from).collect();
    Ok(Page::cut(views, limit, |view| view.id.to_string()).to_response(&request))
}

/// Saves a billing profile
#[utoipa::path(tag = "billing profiles", params(("Idempotency-Key" = Option<String>, Header, nullable = false)),
    request_body(content = BillingDetails, examples(
        ("person" = (summary = "A person", value = json!({"kind": "person", "first_name": "Mario", "last_name": "Rossi", "codice_fiscale": "RSSMRA85T10A562S", "address": {"street": "Via Roma 1", "postal_code": "20121", "municipality": "Milano", "province": "MI", "country": "IT"}}))),
        ("company" = (summary = "A company", value = json!({"kind": "company", "business_name": "Caffè Perù S.r.l.", "partita_iva": "12485671007", "codice_destinatario": "ABC1234", "address": {"street": "Via Roma 1", "postal_code": "20121", "municipality": "Milano", "province": "MI", "country": "IT"}}))))),
    responses((status = 201, description = "The profile", body = BillingProfileView, headers(("Location" = String), ("ETag" = String)))), security(("bearer" = [])))]
#[post("/billing-profiles")]
pub async fn create_billing_profile(
    platform: web::Data<Platform>,
    customer: Customer,
    key: IdempotencyKey,
    body: ValidJson<BillingDetails>,
) -> Result<HttpResponse, Problem> {
    let key = key.of(customer.account_id, &body.sha256);
    let now = platform.clock.now();
    let profile =
        BillingProfile { id: BillingProfileId::new(), details: body.value.checked()?, version: 1, created_at: now };
    let keys = platform.keys.clone();
    let answer = platform
        .db
        .write(move |tx| {
            idempotency::once(tx, key.as_ref(), &keys, now, |tx| {
                store::insert(tx, customer.account_id, &profile)?;
                let location = format!("/v1/billing-profiles/{}", profile.id);
                Ok(Answer::json(201, &BillingProfileView::from(profile.clone()))?.at(location).etag(version_tag(1)))
            })
        })
        .await?;
    Ok(answer.into())
}

/// Shows a billing profile
#[utoipa::path(tag = "billing profiles", params(("id" = BillingProfileId, Path)), responses((status = 200, description = "The profile", body = BillingProfileView, headers(("ETag" = String)))), security(("bearer" = [])))]
#[get("/billing-profiles/{id}")]
pub async fn get_billing_profile(
    platform: web::Data<Platform>,
    id: web::Path<BillingProfileId>,
    customer: Customer,
) -> Result<HttpResponse, Problem> {
    let profile = platform.db.read(move |connection| store::find(connection, customer.account_id, *id)).await?;
    respond(profile)
}

/// Replaces a billing profile
#[utoipa::path(tag = "billing profiles", params(("id" = BillingProfileId, Path), ("If-Match" = Option<String>, Header, nullable = false)), request_body = BillingDetails,
    responses((status = 200, description = "The profile", body = BillingProfileView, headers(("ETag" = String))), StaleVersion), security(("bearer" = [])))]
#[put("/billing-profiles/{id}")]
pub async fn replace_billing_profile(
    platform: web::Data<Platform>,
    id: web::Path<BillingProfileId>,
    customer: Customer,
    condition: IfMatch,
    body: ValidJson<BillingDetails>,
) -> Result<HttpResponse, Problem> {
    let details = body.value.checked()?;
    let now = platform.clock.now();
    let profile = platform
        .db
        .write(move |tx| {
            let present = store::find(tx, customer.account_id, *id)?.ok_or_else(|| NOT_FOUND.problem())?;
            condition.check(present.version)?;
            if !store::replace(tx, *id, present.version, &details, now)? {
                return Err(STALE_VERSION.problem());
            }
            store::find(tx, customer.account_id, *id)
        })
        .await?;
    respond(profile)
}

/// Deletes a billing profile
#[utoipa::path(tag = "billing profiles", params(("id" = BillingProfileId, Path), ("If-Match" = Option<String>, Header, nullable = false)),
    responses((status = 204, description = "It is gone; orders keep their copy"), StaleVersion), security(("bearer" = [])))]
#[delete("/billing-profiles/{id}")]
pub async fn delete_billing_profile(
    platform: web::Data<Platform>,
    id: web::Path<BillingProfileId>,
    customer: Customer,
    condition: IfMatch,
) -> Result<HttpResponse, Problem> {
    let now = platform.clock.now();
    platform
        .db
        .write(move |tx| {
            let present = store::find(tx, customer.account_id, *id)?.ok_or_else(|| NOT_FOUND.problem())?;
            condition.check(present.version)?;
            store::delete(tx, *id, now)?;
            Ok(())
        })
        .await?;
    Ok(HttpResponse::NoContent().finish())
}

fn respond(profile: Option<BillingProfile>) -> Result<HttpResponse, Problem> {
    let profile = profile.ok_or_else(|| NOT_FOUND.problem())?;
    Ok(HttpResponse::Ok()
        .insert_header((header::ETAG, version_tag(profile.version)))
        .json(BillingProfileView::from(profile)))
}

/// Mounts the billing profiles.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(list_billing_profiles)
        .service(create_billing_profile)
        .service(get_billing_profile)
        .service(replace_billing_profile)
        .service(delete_billing_profile);
}
