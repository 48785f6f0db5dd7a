//! `/v1/activation-requests` and `GET /v1/holder-types`.

pub mod events;
pub mod holder_types;

use actix_web::{HttpRequest, HttpResponse, get, post, put, web};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use super::holder::{Applicant, Holder};
use super::requirements::{Requirement, requirements};
use super::rules::{ActivationRequest, ActivationRequestId, RequestStatus};
use super::timeline::{ActivationEvent, REPRESENTATIVE, SYSTEM};
use super::{flow, store};
use crate::customers::sessions::extract::Customer;
use crate::platform::Platform;
use crate::platform::clock::Time;
use crate::platform::db::DbConnection;
use crate::platform::documents::Documents;
use crate::platform::http::body::{EmptyBody, ValidJson, ValidQuery};
use crate::platform::http::idempotency_key::IdempotencyKey;
use crate::platform::http::openapi::Conflict;
use crate::platform::http::page::{Page, PageQuery, position};
use crate::platform::idempotency::{Answer, Key};
use crate::platform::locale::Locale;
use crate::platform::problem::{FieldProblem, Problem};
use crate::shop::orders::rules::OrderId;
use crate::shop::plans::rules::PlanId;

/// What is wrong with a requirement.
#[derive(Serialize, ToSchema)]
#[schema(as = RequirementError)]
pub struct RequirementErrorView {
    /// Stable, in snake_case.
    #[schema(example = "document_unreadable")]
    code: String,
    requirement: Requirement,
    /// For a reader.
    reason: String,
}

/// What a request still needs.
#[derive(Serialize, ToSchema)]
#[schema(as = Requirements)]
pub struct RequirementsView {
    /// What must be given before it can be submitted.
    #[schema(example = json!(["holder", "applicant"]))]
    currently_due: Vec<Requirement>,
    /// What a reviewer is looking at.
    pending_review: Vec<Requirement>,
    /// What was given and is not right.
    errors: Vec<RequirementErrorView>,
}

/// An activation request.
#[derive(Serialize, ToSchema)]
#[schema(as = ActivationRequest)]
pub struct RequestView {
    /// Which.
    pub id: ActivationRequestId,
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
    requirements: RequirementsView,
    /// When it was last handed in.
    #[schema(required = true)]
    submitted_at: Option<Time>,
    /// When the review last decided.
    #[schema(required = true)]
    decided_at: Option<Time>,
    /// When the service came up.
    #[schema(required = true)]
    activated_at: Option<Time>,
    created_at: Time,
}

impl RequestView {
    /// The request as it stands.
    pub fn of(request: ActivationRequest, locale: Locale, now: Time) -> Self {
        let needs = requirements(&request, now.italian_date());
        let error = |error: super::requirements::RequirementError| RequirementErrorView {
            code: error.code,
            requirement: error.requirement,
            reason: error.reason.get(locale).to_owned(),
        };
        Self {
            requirements: RequirementsView {
                currently_due: needs.currently_due,
                pending_review: needs.pending_review,
                errors: needs.errors.into_iter().map(error).collect(),
            },
            id: request.id,
            order_id: request.order_id,
            order_unit: request.order_unit,
            plan_id: request.plan_id,
            status: request.status,
            email: request.email,
            holder: request.holder,
            applicant: request.applicant,
            submitted_at: request.submitted_at,
            decided_at: request.decided_at,
            activated_at: request.activated_at,
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

crate::text_enum!(
    /// Who did something.
    TimelineActor {
        Customer = "customer",
        BackOffice = "back_office",
        Representative = "representative",
        System = "system",
    }
);

/// An entry of a timeline.
#[derive(Serialize, ToSchema)]
pub struct TimelineEntry {
    /// From 1, without gaps.
    sequence: i64,
    /// What happened.
    #[schema(example = "holder_saved")]
    kind: String,
    actor: TimelineActor,
    /// Where the request stood then.
    status: RequestStatus,
    at: Time,
    /// SHA-256 over this entry and the hash before it.
    hash: String,
}

impl TimelineEntry {
    /// The entry as the owner of the request, whose identifier is `account`, sees it.
    fn of(event: ActivationEvent, account: &str) -> Self {
        Self {
            sequence: event.sequence,
            kind: event.kind,
            actor: match event.actor.as_str() {
                actor if actor == account => TimelineActor::Customer,
                SYSTEM => TimelineActor::System,
                REPRESENTATIVE => TimelineActor::Representative,
                _ => TimelineActor::BackOffice,
            },
            status: event.status,
            at: event.at,
            hash: hex::encode(event.hash),
        }
    }
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
    locale: Locale,
    query: ValidQuery<PageQuery>,
) -> Result<HttpResponse, Problem> {
    let (limit, before) = (query.0.limit, position(query.0.cursor.as_deref())?);
    let found =
        platform.db.read(move |connection| store::list(connection, customer.account_id, before, limit + 1)).await?;
    let now = platform.clock.now();
    let views: Vec<RequestView> = found.into_iter().map(|request| RequestView::of(request, locale, now)).collect();
    Ok(Page::cut(views, limit, |view| view.id.to_string()).to_response(&request))
}

/// Shows an activation request
#[utoipa::path(tag = "activation", params(("id" = ActivationRequestId, Path)), responses((status = 200, description = "The request", body = RequestView)), security(("bearer" = [])))]
#[get("/activation-requests/{id}")]
pub async fn get_activation_request(
    platform: web::Data<Platform>,
    id: web::Path<ActivationRequestId>,
    customer: Customer,
    locale: Locale,
) -> Result<HttpResponse, Problem> {
    let found = platform.db.read(move |connection| flow::own(connection, customer.account_id, *id)).await?;
    Ok(HttpResponse::Ok().json(RequestView::of(found, locale, platform.clock.now())))
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
            let request = flow::own(connection, customer.account_id, *id)?;
            flow::email_options(connection, &request)
        })
        .await?;
    let items = options.into_iter().map(|(email, source)| EmailOption { email, source }).collect();
    Ok(HttpResponse::Ok().json(EmailOptions { items }))
}

/// Changes a request of the customer's in one transaction, and answers it as it is then.
async fn change(
    platform: &Platform,
    customer: Customer,
    id: ActivationRequestId,
    locale: Locale,
    key: Option<Key>,
    change: impl Fn(&mut DbConnection, &mut ActivationRequest, Time) -> Result<(), Problem> + Send + 'static,
) -> Result<HttpResponse, Problem> {
    let now = platform.clock.now();
    let answer = platform
        .write_once(key, now, move |tx| {
            let mut request = flow::own_locked(tx, customer.account_id, id)?;
            change(tx, &mut request, now)?;
            Answer::json(200, &RequestView::of(request, locale, now))
        })
        .await?;
    Ok(answer.into())
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
    locale: Locale,
    body: ValidJson<Holder>,
) -> Result<HttpResponse, Problem> {
    let holder = body.value.checked()?;
    require_printable(&platform, &holder)?;
    change(&platform, customer, *id, locale, None, move |tx, request, now| {
        flow::save_holder(tx, request, holder.clone(), now)
    })
    .await
}

/// Saves the natural person who applies
#[utoipa::path(tag = "activation", params(("id" = ActivationRequestId, Path)), request_body = Applicant,
    responses((status = 200, description = "The request", body = RequestView), Conflict), security(("bearer" = [])))]
#[put("/activation-requests/{id}/applicant")]
pub async fn put_applicant(
    platform: web::Data<Platform>,
    id: web::Path<ActivationRequestId>,
    customer: Customer,
    locale: Locale,
    body: ValidJson<Applicant>,
) -> Result<HttpResponse, Problem> {
    require_printable(&platform, &body.value)?;
    change(&platform, customer, *id, locale, None, move |tx, request, now| {
        flow::save_applicant(tx, request, body.value.clone(), now)
    })
    .await
}

/// Hands an activation request in for review
///
/// From here on its data are frozen and its contracts final.
#[utoipa::path(tag = "activation", params(("id" = ActivationRequestId, Path), ("Idempotency-Key" = Option<String>, Header, nullable = false)), responses((status = 200, description = "The request", body = RequestView), Conflict), security(("bearer" = [])))]
#[post("/activation-requests/{id}/submission")]
pub async fn submit_activation_request(
    platform: web::Data<Platform>,
    id: web::Path<ActivationRequestId>,
    customer: Customer,
    locale: Locale,
    key: IdempotencyKey,
    body: EmptyBody,
) -> Result<HttpResponse, Problem> {
    let key = key.of(customer.account_id, &body.sha256);
    change(&platform, customer, *id, locale, key, flow::submit).await
}

/// Gives up an activation request
#[utoipa::path(tag = "activation", params(("id" = ActivationRequestId, Path), ("Idempotency-Key" = Option<String>, Header, nullable = false)), responses((status = 200, description = "The request", body = RequestView), Conflict), security(("bearer" = [])))]
#[post("/activation-requests/{id}/cancellation")]
pub async fn cancel_activation_request(
    platform: web::Data<Platform>,
    id: web::Path<ActivationRequestId>,
    customer: Customer,
    locale: Locale,
    key: IdempotencyKey,
    body: EmptyBody,
) -> Result<HttpResponse, Problem> {
    let key = key.of(customer.account_id, &body.sha256);
    change(&platform, customer, *id, locale, key, flow::cancel).await
}

/// Shows what happened to an activation request
#[utoipa::path(tag = "activation", params(("id" = ActivationRequestId, Path)), responses((status = 200, description = "Oldest first", body = ActivationTimeline)), security(("bearer" = [])))]
#[get("/activation-requests/{id}/timeline")]
pub async fn get_activation_timeline(
    platform: web::Data<Platform>,
    id: web::Path<ActivationRequestId>,
    customer: Customer,
) -> Result<HttpResponse, Problem> {
    let (account, events) = platform
        .db
        .read(move |connection| {
            let request = flow::own(connection, customer.account_id, *id)?;
            Ok((request.account_id.to_string(), store::timeline(connection, *id)?))
        })
        .await?;
    let items = events.into_iter().map(|event| TimelineEntry::of(event, &account)).collect();
    Ok(HttpResponse::Ok().json(ActivationTimeline { items }))
}

/// The contracts name these texts, so every character must be one that they can show.
fn require_printable(platform: &Platform, named: &impl Serialize) -> Result<(), Problem> {
    let mut errors = Vec::new();
    let value = serde_json::to_value(named).map_err(Problem::internal)?;
    collect_unprintable(&platform.documents, &value, "", &mut errors);
    if errors.is_empty() { Ok(()) } else { Err(Problem::invalid(errors)) }
}

fn collect_unprintable(documents: &Documents, value: &Value, pointer: &str, errors: &mut Vec<FieldProblem>) {
    match value {
        Value::String(text) if documents.first_unprintable(text).is_some() => errors.push(FieldProblem::new(
            pointer,
            "unprintable_character",
            "Contiene caratteri che i documenti non possono riportare",
            "It holds characters that the documents cannot show",
        )),
        Value::Object(members) => {
            for (name, member) in members {
                collect_unprintable(documents, member, &format!("{pointer}/{name}"), errors);
            }
        }
        _ => {}
    }
}

/// Mounts the requests.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(list_activation_requests)
        .service(get_activation_request)
        .service(list_email_options)
        .service(put_holder)
        .service(put_applicant)
        .service(submit_activation_request)
        .service(cancel_activation_request)
        .service(get_activation_timeline);
    events::routes(config);
    holder_types::routes(config);
}
