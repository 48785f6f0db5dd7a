//! `GET /v1/plans`, `GET /v1/plans/{id or slug}`, `GET /v1/plan-comparison`: public, localised, cached.

pub mod back_office;

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, get, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use validator::Validate;

use super::catalogue::{Catalogue, Question, Representation};
use super::rules::{Audience, BillingPeriod, ComparedFeature, Features, Plan, PlanId, PlanPrice, compare};
use crate::platform::http::body::ValidQuery;
use crate::platform::http::conditions::is_known;
use crate::platform::http::page::Page;
use crate::platform::locale::Locale;
use crate::platform::problem::{NOT_FOUND, Problem};

/// Seconds that a cache may serve the catalogue without asking again.
const CACHE_CONTROL: &str = "public, max-age=60";

/// A plan in one language.
#[derive(Serialize, ToSchema)]
#[schema(as = Plan)]
pub struct PlanView {
    id: PlanId,
    /// Readable and unique.
    #[schema(example = "legalinvoice-pro")]
    slug: String,
    audience: Audience,
    name: String,
    summary: String,
    description: String,
    price: PlanPrice,
    billing_period: BillingPeriod,
    features: Features,
}

/// Plans side by side.
#[derive(Serialize, ToSchema)]
pub struct PlanComparison {
    /// The columns.
    plans: Vec<PlanView>,
    /// The rows.
    features: Vec<ComparedFeature>,
}

/// Which plans.
#[derive(Deserialize, Validate, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct PlanQuery {
    /// Only plans for this audience.
    #[param(inline, nullable = false)]
    audience: Option<Audience>,
}

/// Lists the plans on offer
#[utoipa::path(tag = "catalogue", params(PlanQuery, ("Accept-Language" = Option<String>, Header, description = "it or en", nullable = false)),
    responses((status = 200, description = "The plans", body = Page<PlanView>, headers(("ETag" = String, description = "Version of the answer"))),
              (status = 304, description = "As If-None-Match knows it")))]
#[get("/plans")]
pub async fn list_plans(
    request: HttpRequest,
    catalogue: web::Data<Catalogue>,
    query: ValidQuery<PlanQuery>,
    locale: Locale,
) -> Result<HttpResponse, Problem> {
    serve(&request, catalogue.answer(Question::List(query.0.audience), locale), locale)
}

/// Shows one plan in full
#[utoipa::path(tag = "catalogue", params(("id_or_slug" = String, Path, description = "Identifier or slug", example = "legalinvoice-pro"),
    ("Accept-Language" = Option<String>, Header, description = "it or en", nullable = false)),
    responses((status = 200, description = "The plan", body = PlanView, headers(("ETag" = String, description = "Version of the answer"))),
              (status = 304, description = "As If-None-Match knows it")))]
#[get("/plans/{id_or_slug}")]
pub async fn get_plan(
    request: HttpRequest,
    catalogue: web::Data<Catalogue>,
    id_or_slug: web::Path<String>,
    locale: Locale,
) -> Result<HttpResponse, Problem> {
    let answer = catalogue.find(&id_or_slug).and_then(|id| catalogue.answer(Question::Plan(id), locale));
    serve(&request, answer, locale)
}

/// Compares plans feature by feature
#[utoipa::path(tag = "catalogue", params(PlanQuery, ("Accept-Language" = Option<String>, Header, description = "it or en", nullable = false)),
    responses((status = 200, description = "Features by plans", body = PlanComparison, headers(("ETag" = String, description = "Version of the answer"))),
              (status = 304, description = "As If-None-Match knows it")))]
#[get("/plan-comparison")]
pub async fn compare_plans(
    request: HttpRequest,
    catalogue: web::Data<Catalogue>,
    query: ValidQuery<PlanQuery>,
    locale: Locale,
) -> Result<HttpResponse, Problem> {
    serve(&request, catalogue.answer(Question::Comparison(query.0.audience), locale), locale)
}

/// Mounts the catalogue.
pub fn routes(config: &mut ServiceConfig) {
    config.service(list_plans).service(get_plan).service(compare_plans);
    back_office::routes(config);
}

fn serve(request: &HttpRequest, answer: Option<Representation>, locale: Locale) -> Result<HttpResponse, Problem> {
    let Representation { body, etag } = answer.ok_or_else(|| NOT_FOUND.problem())?;
    let is_known = is_known(request.headers(), &etag);
    let mut response = if is_known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    response
        .insert_header((header::ETAG, etag))
        .insert_header((header::CACHE_CONTROL, CACHE_CONTROL))
        .insert_header((header::VARY, "Accept-Language"))
        .insert_header((header::CONTENT_LANGUAGE, locale.as_str()));
    Ok(if is_known { response.finish() } else { response.content_type("application/json").body(body) })
}

/// The answer to one question about a list of plans.
///
/// # Errors
/// `internal_error` for a price out of bounds.
pub fn render(plans: &[Plan], question: &Question, locale: Locale) -> Result<Representation, Problem> {
    let of_audience = |audience: &Option<Audience>| -> Vec<Plan> {
        plans.iter().filter(|plan| audience.is_none_or(|audience| plan.audience == audience)).cloned().collect()
    };
    let body = match question {
        Question::List(audience) => {
            serde_json::to_vec(&Page { items: views(&of_audience(audience), locale)?, next_cursor: None })
        }
        Question::Comparison(audience) => {
            let plans = of_audience(audience);
            serde_json::to_vec(&PlanComparison { plans: views(&plans, locale)?, features: compare(&plans, locale) })
        }
        Question::Plan(id) => {
            let plan = plans.iter().find(|plan| plan.id == *id).ok_or_else(|| NOT_FOUND.problem())?;
            serde_json::to_vec(&view(plan, locale)?)
        }
    };
    body.map(Representation::new).map_err(Problem::internal)
}

fn views(plans: &[Plan], locale: Locale) -> Result<Vec<PlanView>, Problem> {
    plans.iter().map(|plan| view(plan, locale)).collect()
}

fn view(plan: &Plan, locale: Locale) -> Result<PlanView, Problem> {
    Ok(PlanView {
        id: plan.id,
        slug: plan.slug.clone(),
        audience: plan.audience,
        name: plan.name.get(locale).to_owned(),
        summary: plan.summary.get(locale).to_owned(),
        description: plan.description.get(locale).to_owned(),
        price: plan.price()?,
        billing_period: BillingPeriod::Year,
        features: plan.features.clone(),
    })
}
