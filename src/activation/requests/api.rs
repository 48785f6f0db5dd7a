//! `/v1/activation-requests` and `GET /v1/holder-types`.

pub mod holder_types;

use actix_web::{HttpRequest, HttpResponse, get, post, put, web};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use super::holder::{Applicant, Holder};
use super::rules::{ActivationRequest, ActivationRequestId, RequestStatus, Requirements, requirements};
use super::{flow, store};
use crate::customers::sessions::extract::Customer;
use crate::platform::Platform;
use crate::platform::clock::Time;
use crate::platform::http::body::{ValidJson, ValidQuery};
use crate::platform::http::openapi::Conflict;
use crate::platform::http::page::{Page, PageQuery, position};
use crate::platform::problem::{NOT_FOUND, Problem};
use crate::shop::orders::rules::OrderId;
use crate::shop::plans::rules::PlanId;

/// An activation request.
#[derive(Serialize, ToSchema)]
#[schema(as = ActivationRequest)]
pub struct RequestView {
    id: ActivationRequestId,
    order_id: OrderId,
    /// Which unit of the order, from 1.
    order_unit: i32,
    plan_id: PlanId,
    status: RequestStatus,
    /// The address that was proved.
    #[schema(required = true)]
    email: Option<String>,
    #[schema(required = true)]
    holder: Option<Holder>,
    #[schema(required = true)]
    applicant: Option<Applicant>,
    requirements: Requirements,
    created_at: Time,
}

impl From<ActivationRequest> for RequestView {
    fn from(request: ActivationRequest) -> Self {
        Self {
            requirements: requirements(&request),
            id: request.id,
            order_id: request.order_id,
            order_unit: request.order_unit,
            plan_id: request.plan_id,
            status: request.status,
            email: request.email,
            holder: request.holder,
            applicant: request.applicant,
            created_at: request.created_at,
        }
    }
}

/// An address on offer.
#[derive(Serialize, ToSchema)]
pub struct EmailOption {
    email: String,
    /// `account` or `pec`.
    #[schema(example = "account")]
    source: &'static str,
}

/// The addresses that the code may go to.
#[derive(Serialize, ToSchema)]
pub struct EmailOptions {
    items: Vec<EmailOption>,
}

/// An entry of a timeline.
#[derive(Serialize, ToSchema)]
pub struct TimelineEntry {
    /// From 1, without gaps.
    sequence: i64,
    /// What happened.
    #[schema(example = "holder_saved")]
    kind: String,
    at: Time,
    /// SHA-256 over this entry and the hash before it.
    hash: String,
}

/// A request's timeline.
#[derive(Serialize, ToSchema)]
pub struct ActivationTimeline {
    /// Oldest first.
    items: Vec<TimelineEntry>,
}

/// Lists one's activation requests
#[utoipa::path(tag = "activation", params(PageQuery), responses((status = 200, description = "One page", body = Page<RequestView>, headers(("Link" = Option<String>)))), security(("bearer" = [])))]
#[get("/activation-requests")]
pub async fn list_activation_requests(
    platform: web::Data<Platform>,
    request: HttpRequest,
    customer: Customer,
    query: ValidQuery<PageQuery>,
) -> Result<HttpResponse, Problem> {
    let (limit, before) = (query.0.limit, position(query.0.cursor.as_deref())?);
    let found =
        platform.db.read(move |connection| store::list(connection, customer.account_id, before, limit + 1)).await?;
    let views: Vec<RequestView> = found.into_iter().map(RequestView::from).collect();
    Ok(Page::cut(views, limit, |view| view.id.to_string()).to_response(&request))
}

/// Shows an activation request
#[utoipa::path(tag = "activation", params(("id" = ActivationRequestId, Path)), responses((status = 200, description = "The request", body = RequestView)), security(("bearer" = [])))]
#[get("/activation-requests/{id}")]
pub async fn get_activation_request(
    platform: web::Data<Platform>,
    id: web::Path<ActivationRequestId>,
    customer: Customer,
) -> Result<HttpResponse, Problem> {
    let found = platform.db.read(move |connection| store::find_own(connection, customer.account_id, *id)).await?;
    Ok(HttpResponse::Ok().json(RequestView::from(found.ok_or_else(|| NOT_FOUND.problem())?)))
}

/// Lists the addresses that the one-time code may go to
#[utoipa::path(tag = "activation", params(("id" = ActivationRequestId, Path)), responses((status = 200, description = "The addresses", body = EmailOptions)), security(("bearer" = [])))]
#[get("/activation-requests/{id}/email-options")]
pub async fn list_email_options(
    platform: web::Data<Platform>,
    id: web::Path<ActivationRequestId>,
    customer: Customer,
) -> Result<HttpResponse, Problem> {
    let options = platform
        .db
        .read(move |connection| {
            let request = store::find_own(connection, customer.account_id, *id)?.ok_or_else(|| NOT_FOUND.problem())?;
            flow::email_options(connection, &request)
        })
        .await?;
    let items = options.into_iter().map(|(email, source)| EmailOption { email, source }).collect();
    Ok(HttpResponse::Ok().json(EmailOptions { items }))
}

/// Saves the service's holder
#[utoipa::path(tag = "activation", params(("id" = ActivationRequestId, Path)),
    request_body(content = Holder, example = json!({"holder_type": "person", "first_name": "Mario", "last_name": "Rossi", "codice_fiscale": "RSSMRA85T10A562S", "address": {"street": "Via Roma 1", "postal_code": "20121", "municipality": "Milano", "province": "MI", "country": "IT"}})),
    responses((status = 200, description = "The request", body = RequestView), Conflict), security(("bearer" = [])))]
#[put("/activation-requests/{id}/holder")]
pub async fn put_holder(
    platform: web::Data<Platform>,
    id: web::Path<ActivationRequestId>,
    customer: Customer,
    body: ValidJson<Holder>,
) -> Result<HttpResponse, Problem> {
    let holder = body.value.checked()?;
    let now = platform.clock.now();
    let saved = platform
        .db
        .write(move |tx| {
            let mut request = flow::own_locked(tx, customer.account_id, *id)?;
            flow::save_holder(tx, &mut request, holder.clone(), now)?;
            Ok(request)
        })
        .await?;
    Ok(HttpResponse::Ok().json(RequestView::from(saved)))
}

/// Saves the natural person who applies
#[utoipa::path(tag = "activation", params(("id" = ActivationRequestId, Path)), request_body = Applicant,
    responses((status = 200, description = "The request", body = RequestView), Conflict), security(("bearer" = [])))]
#[put("/activation-requests/{id}/applicant")]
pub async fn put_applicant(
    platform: web::Data<Platform>,
    id: web::Path<ActivationRequestId>,
    customer: Customer,
    body: ValidJson<Applicant>,
) -> Result<HttpResponse, Problem> {
    let now = platform.clock.now();
    let saved = platform
        .db
        .write(move |tx| {
            let mut request = flow::own_locked(tx, customer.account_id, *id)?;
            flow::save_applicant(tx, &mut request, body.value.clone(), now)?;
            Ok(request)
        })
        .await?;
    Ok(HttpResponse::Ok().json(RequestView::from(saved)))
}

/// Gives up an activation request
#[utoipa::path(tag = "activation", params(("id" = ActivationRequestId, Path)), responses((status = 200, description = "The request", body = RequestView), Conflict), security(("bearer" = [])))]
#[post("/activation-requests/{id}/cancellation")]
pub async fn cancel_activation_request(
    platform: web::Data<Platform>,
    id: web::Path<ActivationRequestId>,
    customer: Customer,
) -> Result<HttpResponse, Problem> {
    let now = platform.clock.now();
    let cancelled = platform
        .db
        .write(move |tx| {
            let mut request = flow::own_locked(tx, customer.account_id, *id)?;
            flow::cancel(tx, &mut request, now)?;
            Ok(request)
        })
        .await?;
    Ok(HttpResponse::Ok().json(RequestView::from(cancelled)))
}

/// Shows what happened to an activation request
#[utoipa::path(tag = "activation", params(("id" = ActivationRequestId, Path)), responses((status = 200, description = "Oldest first", body = ActivationTimeline)), security(("bearer" = [])))]
#[get("/activation-requests/{id}/timeline")]
pub async fn get_activation_timeline(
    platform: web::Data<Platform>,
    id: web::Path<ActivationRequestId>,
    customer: Customer,
) -> Result<HttpResponse, Problem> {
    let events = platform
        .db
        .read(move |connection| {
            store::find_own(connection, customer.account_id, *id)?.ok_or_else(|| NOT_FOUND.problem())?;
            Ok(store::timeline(connection, *id)?)
        })
        .await?;
    let entry = |event: super::timeline::ActivationEvent| TimelineEntry {
        sequence: event.sequence,
        kind: event.kind,
        at: event.at,
        hash: hex::encode(event.hash),
    };
    Ok(HttpResponse::Ok().json(ActivationTimeline { items: events.into_iter().map(entry).collect() }))
}

/// Mounts the requests.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(list_activation_requests)
        .service(get_activation_request)
        .service(list_email_options)
        .service(put_holder)
        .service(put_applicant)
        .service(cancel_activation_request)
        .service(get_activation_timeline);
    holder_types::routes(config);
}
