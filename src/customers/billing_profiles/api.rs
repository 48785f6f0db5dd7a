//! `/v1/billing-profiles`.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, delete, get, post, put, web};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use super::rules::{BillingDetails, BillingKind, BillingProfile, BillingProfileId};
use super::vat_check::VatNumberCheck;
use super::{flow, store};
use crate::customers::address::Address;
use crate::customers::limits::CustomerLimits;
use crate::customers::sessions::extract::Customer;
use crate::platform::Platform;
use crate::platform::clock::Time;
use crate::platform::http::body::{ValidJson, ValidQuery};
use crate::platform::http::conditions::{IfMatch, version_tag};
use crate::platform::http::idempotency_key::IdempotencyKey;
use crate::platform::http::openapi::{Conflict, StaleVersion};
use crate::platform::http::page::{Page, PageQuery, position};
use crate::platform::http::problem_response::FieldProblemBody;
use crate::platform::idempotency::Answer;
use crate::platform::locale::Locale;
use crate::platform::problem::{NOT_FOUND, Problem};

/// A billing profile, as checked: identifiers in their normal form, the codice destinatario as it stands on invoices.
#[derive(Serialize, ToSchema)]
#[schema(as = BillingProfile)]
pub struct BillingProfileView {
    id: BillingProfileId,
    kind: BillingKind,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "Mario")]
    first_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "Rossi")]
    last_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    business_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "RSSMRA85T10A562S")]
    codice_fiscale: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    partita_iva: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    vat_number: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "0000000")]
    codice_destinatario: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pec: Option<String>,
    address: Address,
    /// What VIES says of the VAT number; left out where it knows no such numbers. It is asked after each change of the
    /// number, and the entity tag does not change with its answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    vat_number_check: Option<VatNumberCheck>,
    /// What is doubtful but accepted.
    warnings: Vec<FieldProblemBody>,
    created_at: Time,
    updated_at: Time,
}

impl BillingProfileView {
    fn new(profile: BillingProfile, locale: Locale) -> Self {
        let warnings = profile.warnings().into_iter().map(|warning| FieldProblemBody {
            message: warning.message.get(locale).to_owned(),
            pointer: warning.pointer,
            code: warning.code.into_owned(),
        });
        let warnings = warnings.collect();
        let BillingDetails {
            kind,
            first_name,
            last_name,
            business_name,
            codice_fiscale,
            partita_iva,
            vat_number,
            codice_destinatario,
            pec,
            address,
        } = profile.details;
        Self {
            id: profile.id,
            kind,
            first_name,
            last_name,
            business_name,
            codice_fiscale,
            partita_iva,
            vat_number,
            codice_destinatario,
            pec,
            address,
            vat_number_check: profile.vat_number_check,
            warnings,
            created_at: profile.created_at,
            updated_at: profile.updated_at,
        }
    }
}

/// Lists one's billing profiles
#[utoipa::path(tag = "billing profiles", params(PageQuery),
    responses((status = 200, description = "One page", body = Page<BillingProfileView>, headers(("Link" = String, description = "The next page")))), security(("bearer" = [])))]
#[get("/billing-profiles")]
pub async fn list_billing_profiles(
    platform: web::Data<Platform>,
    request: HttpRequest,
    customer: Customer,
    locale: Locale,
    query: ValidQuery<PageQuery>,
) -> Result<HttpResponse, Problem> {
    let (limit, before) = (query.0.limit, position(query.0.cursor.as_deref())?);
    let profiles =
        platform.db.read(move |connection| store::list(connection, customer.account_id, before, limit + 1)).await?;
    let views: Vec<BillingProfileView> =
        profiles.into_iter().map(|profile| BillingProfileView::new(profile, locale)).collect();
    Ok(Page::cut(views, limit, |view| view.id.to_string()).to_response(&request))
}

/// Saves a billing profile
///
/// Which fields are needed depends on the kind; the examples show one of each.
#[utoipa::path(tag = "billing profiles",
    params(("Idempotency-Key" = Option<String>, Header, description = "A fresh random value, and the same one on a retry", nullable = false)), extensions(("x-rate-limited" = json!(true))),
    request_body(content = BillingDetails, examples(
        ("person" = (summary = "A person", value = json!({"kind": "person", "first_name": "Mario", "last_name": "Rossi", "codice_fiscale": "RSSMRA85T10A562S", "address": {"street": "Via Roma 1", "postal_code": "20121", "municipality": "Milano", "province": "MI", "country": "IT"}}))),
        ("professional" = (summary = "A freelance or sole trader", value = json!({"kind": "professional", "first_name": "Mario", "last_name": "Rossi", "codice_fiscale": "RSSMRA85T10A562S", "partita_iva": "12485671007", "pec": "mario.rossi@pec.example.it", "address": {"street": "Via Roma 1", "postal_code": "20121", "municipality": "Milano", "province": "MI", "country": "IT"}}))),
        ("company" = (summary = "A company", value = json!({"kind": "company", "business_name": "Caffè Perù S.r.l.", "partita_iva": "12485671007", "codice_destinatario": "ABC1234", "address": {"street": "Via Roma 1", "postal_code": "20121", "municipality": "Milano", "province": "MI", "country": "IT"}}))),
        ("public_body" = (summary = "A public body, with the code of its office", value = json!({"kind": "public_body", "business_name": "Comune di Prova", "codice_fiscale": "00743110157", "codice_destinatario": "UFABC1", "address": {"street": "Piazza Roma 1", "postal_code": "20121", "municipality": "Milano", "province": "MI", "country": "IT"}}))),
        ("association" = (summary = "An association", value = json!({"kind": "association", "business_name": "Amici della Prova", "codice_fiscale": "00743110157", "address": {"street": "Via Roma 1", "postal_code": "20121", "municipality": "Milano", "province": "MI", "country": "IT"}}))),
        ("foreign" = (summary = "A business of another state of the EU", value = json!({"kind": "foreign", "business_name": "Beispiel GmbH", "vat_number": "DE123456789", "address": {"street": "Beispielweg 1", "postal_code": "10115", "municipality": "Berlin", "country": "DE"}}))))),
    responses((status = 201, description = "The profile", body = BillingProfileView, headers(("Location" = String, description = "The profile"), ("ETag" = String, description = "Its version"))), Conflict), security(("bearer" = [])))]
#[post("/billing-profiles")]
pub async fn create_billing_profile(
    platform: web::Data<Platform>,
    limits: web::Data<CustomerLimits>,
    request: HttpRequest,
    customer: Customer,
    locale: Locale,
    key: IdempotencyKey,
    body: ValidJson<BillingDetails>,
) -> Result<HttpResponse, Problem> {
    let (account, now) = (customer.account_id, platform.clock.now());
    let key = key.of(account, &body.sha256);
    let (id, details) = (BillingProfileId::new(), body.value.checked()?);
    count_check(&limits, &request, &customer, &details)?;
    let answer = platform
        .write_once(key, now, move |tx| {
            let view = BillingProfileView::new(flow::create(tx, account, id, &details, now)?, locale);
            Ok(Answer::json(201, &view)?.at(format!("/v1/billing-profiles/{id}")).etag(version_tag(1)))
        })
        .await?;
    Ok(answer.into())
}

/// Shows a billing profile
#[utoipa::path(tag = "billing profiles", params(("id" = BillingProfileId, Path, description = "Identifier")),
    responses((status = 200, description = "The profile", body = BillingProfileView, headers(("ETag" = String, description = "Its version")))), security(("bearer" = [])))]
#[get("/billing-profiles/{id}")]
pub async fn get_billing_profile(
    platform: web::Data<Platform>,
    id: web::Path<BillingProfileId>,
    customer: Customer,
    locale: Locale,
) -> Result<HttpResponse, Problem> {
    let profile = platform.db.read(move |connection| store::find(connection, customer.account_id, *id)).await?;
    respond(profile, locale)
}

/// Replaces a billing profile
///
/// Orders that were placed keep the profile as it was.
#[utoipa::path(tag = "billing profiles", request_body = BillingDetails, extensions(("x-rate-limited" = json!(true))),
    params(("id" = BillingProfileId, Path, description = "Identifier"), ("If-Match" = Option<String>, Header, description = "The version that was read", nullable = false)),
    responses((status = 200, description = "The profile", body = BillingProfileView, headers(("ETag" = String, description = "Its version"))), StaleVersion), security(("bearer" = [])))]
#[put("/billing-profiles/{id}")]
pub async fn replace_billing_profile(
    (platform, limits): (web::Data<Platform>, web::Data<CustomerLimits>),
    request: HttpRequest,
    id: web::Path<BillingProfileId>,
    customer: Customer,
    locale: Locale,
    condition: IfMatch,
    body: ValidJson<BillingDetails>,
) -> Result<HttpResponse, Problem> {
    let details = body.value.checked()?;
    count_check(&limits, &request, &customer, &details)?;
    let now = platform.clock.now();
    let profile =
        platform.db.write(move |tx| flow::replace(tx, customer.account_id, *id, &condition, &details, now)).await?;
    respond(Some(profile), locale)
}

/// Deletes a billing profile
#[utoipa::path(tag = "billing profiles",
    params(("id" = BillingProfileId, Path, description = "Identifier"), ("If-Match" = Option<String>, Header, description = "The version that was read", nullable = false)),
    responses((status = 204, description = "It is gone; orders keep their copy"), StaleVersion), security(("bearer" = [])))]
#[delete("/billing-profiles/{id}")]
pub async fn delete_billing_profile(
    platform: web::Data<Platform>,
    id: web::Path<BillingProfileId>,
    customer: Customer,
    condition: IfMatch,
) -> Result<HttpResponse, Problem> {
    let now = platform.clock.now();
    platform.db.write(move |tx| flow::delete(tx, customer.account_id, *id, &condition, now)).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Whoever made us ask VIES without end would have it shut us out.
fn count_check(
    limits: &CustomerLimits,
    request: &HttpRequest,
    customer: &Customer,
    details: &BillingDetails,
) -> Result<(), Problem> {
    match details.vies_number() {
        Some(_) => limits.vat_checks_by_account.count(request, customer.account_id),
        None => Ok(()),
    }
}

fn respond(profile: Option<BillingProfile>, locale: Locale) -> Result<HttpResponse, Problem> {
    let profile = profile.ok_or_else(|| NOT_FOUND.problem())?;
    Ok(HttpResponse::Ok()
        .insert_header((header::ETAG, version_tag(profile.version)))
        .json(BillingProfileView::new(profile, locale)))
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
