//! `/v1/back-office/activation-requests`: what a reviewer sees.

pub mod decisions;

use actix_web::{HttpRequest, HttpResponse, get, web};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use validator::Validate;

use super::comparison::{ComparedField, compare};
use super::figures::{DAYS, TimesToDecide};
use super::findings::Finding;
use super::rules::{ReopenableRequirement, ReviewDecision, ReviewDecisionId, ReviewOutcome};
use super::{flow, store};
use crate::activation::contracts::api::ContractView;
use crate::activation::identity_documents::api::views::DocumentView;
use crate::activation::identity_documents::rules::{IdentityDocumentId, Side};
use crate::activation::requests::api::RequestView;
use crate::activation::requests::holder::HolderType;
use crate::activation::requests::rules::{ActivationRequest, ActivationRequestId, RequestStatus};
use crate::activation::requests::store::RequestFilter;
use crate::activation::requests::timeline;
use crate::activation::{contracts, identity_documents, requests};
use crate::customers::accounts::rules::AccountId;
use crate::customers::sessions::extract::Reviewer;
use crate::platform::clock::Time;
use crate::platform::http::body::ValidQuery;
use crate::platform::http::openapi::Binary;
use crate::platform::http::page::{Page, default_limit, position};
use crate::platform::locale::Locale;
use crate::platform::problem::{NOT_FOUND, Problem};
use crate::platform::{Platform, audit};
use crate::shop::orders;

/// Which requests to list.
#[derive(Deserialize, IntoParams, Validate)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ReviewQuery {
    /// Only those in this state.
    #[param(inline, nullable = false)]
    status: Option<RequestStatus>,
    /// Only those that the caller has claimed.
    #[serde(default)]
    #[param(default = false)]
    mine: bool,
    /// Only those that nobody has claimed.
    #[serde(default)]
    #[param(default = false)]
    unclaimed: bool,
    /// Only those of a holder of this type.
    #[param(inline, nullable = false)]
    holder_type: Option<HolderType>,
    /// Only those handed in so many seconds ago, or longer.
    #[validate(range(min = 0, max = 1_000_000_000))]
    #[param(minimum = 0, maximum = 1_000_000_000, nullable = false)]
    older_than: Option<i64>,
    /// Items a page.
    #[serde(default = "default_limit")]
    #[validate(range(min = 1, max = 100))]
    #[param(minimum = 1, maximum = 100, default = 20)]
    limit: i64,
    /// Where the page begins: `next_cursor` of the page before.
    #[validate(length(max = 100))]
    #[param(max_length = 100, nullable = false)]
    cursor: Option<String>,
}

/// A request as the back office sees it.
#[derive(Serialize, ToSchema)]
pub struct ReviewRequest {
    #[serde(flatten)]
    request: RequestView,
    account_id: AccountId,
    /// Who has claimed it.
    #[schema(required = true)]
    reviewer_id: Option<AccountId>,
    /// Seconds since it was handed in; null before.
    #[schema(required = true)]
    waiting_seconds: Option<i64>,
}

impl ReviewRequest {
    fn of(request: ActivationRequest, locale: Locale, now: Time) -> Self {
        Self {
            account_id: request.account_id,
            reviewer_id: request.reviewer_id,
            waiting_seconds: request.submitted_at.map(|at| now.seconds_since(at)),
            request: RequestView::of(request, locale, now),
        }
    }
}

/// A reason of a decision.
#[derive(Serialize, ToSchema)]
pub struct DecisionReason {
    requirement: ReopenableRequirement,
    code: String,
    /// For the customer.
    reason: String,
}

/// A decision.
#[derive(Serialize, ToSchema)]
#[schema(as = ReviewDecision)]
pub struct DecisionView {
    id: ReviewDecisionId,
    reviewer_id: AccountId,
    outcome: ReviewOutcome,
    /// Whether it ended the review: where two reviewers must approve, the first approval does not.
    is_final: bool,
    reasons: Vec<DecisionReason>,
    /// For the customer.
    #[schema(required = true)]
    message: Option<String>,
    /// For the back office only.
    #[schema(required = true)]
    internal_note: Option<String>,
    decided_at: Time,
}

impl DecisionView {
    fn of(decision: ReviewDecision, locale: Locale) -> Self {
        let ReviewDecision { id, verdict, is_final, .. } = decision;
        let reasons = verdict.reasons.into_iter().map(|reason| DecisionReason {
            requirement: reason.requirement,
            code: reason.code,
            reason: reason.reason.get(locale).to_owned(),
        });
        Self {
            id,
            reviewer_id: verdict.reviewer_id,
            outcome: verdict.outcome,
            is_final,
            reasons: reasons.collect(),
            message: verdict.message,
            internal_note: verdict.internal_note,
            decided_at: verdict.decided_at,
        }
    }
}

/// What the reviewer's eye is led to. It decides nothing.
#[derive(Serialize, ToSchema)]
#[schema(as = ReviewFinding)]
pub struct FindingView {
    /// Stable, in snake_case.
    #[schema(example = "mrz_last_name_differs")]
    code: &'static str,
    /// What a resubmission would ask for again because of it.
    requirement: ReopenableRequirement,
    /// For a reader.
    text: String,
}

/// A request with everything that is compared.
#[derive(Serialize, ToSchema)]
pub struct ReviewDetails {
    #[serde(flatten)]
    request: ReviewRequest,
    /// Newest first.
    identity_documents: Vec<DocumentView>,
    contracts: Vec<ContractView>,
    /// Oldest first.
    decisions: Vec<DecisionView>,
    /// What billing profile, holder and applicant say, side by side.
    comparison: Vec<ComparedField>,
    /// Found without anybody looking for it.
    findings: Vec<FindingView>,
    /// Whether every hash of the timeline is right and its steps lead to the request's state.
    timeline_intact: bool,
}

/// Lists the requests to review
#[utoipa::path(tag = "back office", params(ReviewQuery), responses((status = 200, description = "One page, newest first", body = Page<ReviewRequest>, headers(("Link" = Option<String>)))), security(("bearer" = [])))]
#[get("/back-office/activation-requests")]
pub async fn list_review_requests(
    platform: web::Data<Platform>,
    request: HttpRequest,
    reviewer: Reviewer,
    locale: Locale,
    query: ValidQuery<ReviewQuery>,
) -> Result<HttpResponse, Problem> {
    let now = platform.clock.now();
    let filter = RequestFilter {
        status: query.0.status,
        reviewer: query.0.mine.then_some(reviewer.0.account_id),
        is_unclaimed: query.0.unclaimed,
        holder_type: query.0.holder_type,
        submitted_until: query.0.older_than.map(|seconds| now.plus_seconds(-seconds)),
        before: position(query.0.cursor.as_deref())?,
    };
    let limit = query.0.limit;
    let found = platform.db.read(move |connection| requests::store::list_all(connection, &filter, limit + 1)).await?;
    let views: Vec<ReviewRequest> = found.into_iter().map(|request| ReviewRequest::of(request, locale, now)).collect();
    Ok(Page::cut(views, limit, |view| view.request.id.to_string()).to_response(&request))
}

/// Shows a request with its documents, contracts and decisions
#[utoipa::path(tag = "back office", params(("id" = ActivationRequestId, Path)), responses((status = 200, description = "The request", body = ReviewDetails)), security(("bearer" = [])))]
#[get("/back-office/activation-requests/{id}")]
pub async fn get_review_request(
    platform: web::Data<Platform>,
    id: web::Path<ActivationRequestId>,
    reviewer: Reviewer,
    locale: Locale,
) -> Result<HttpResponse, Problem> {
    let now = platform.clock.now();
    let (id, by) = (*id, reviewer.0.account_id);
    // Looking at somebody's identity is itself told in the audit log.
    let details = platform
        .db
        .write(move |tx| {
            let details = details(tx, id, locale, now)?;
            audit::store::record(tx, by, "request_viewed", id, json!({}), now)?;
            Ok(details)
        })
        .await?;
    Ok(HttpResponse::Ok().json(details))
}

fn details(
    connection: &mut crate::platform::db::DbConnection,
    id: ActivationRequestId,
    locale: Locale,
    now: Time,
) -> Result<ReviewDetails, Problem> {
    let request = requests::store::find(connection, id)?.ok_or_else(|| NOT_FOUND.problem())?;
    let documents = identity_documents::store::of_request(connection, id)?;
    let contracts = contracts::store::current(connection, id)?;
    let decisions = store::of_request(connection, id)?;
    let events = requests::store::timeline(connection, id)?;
    let findings = flow::findings(connection, &request, documents.first(), now)?;
    let order = orders::store::find(connection, request.order_id)?.ok_or_else(|| NOT_FOUND.problem())?;
    let finding = |finding: Finding| FindingView {
        code: finding.code,
        requirement: finding.requirement,
        text: finding.text.get(locale).to_owned(),
    };
    Ok(ReviewDetails {
        comparison: compare(&order.snapshot.billing, request.holder.as_ref(), request.applicant.as_ref()),
        findings: findings.into_iter().map(finding).collect(),
        timeline_intact: timeline::verify(id, &events) && timeline::fold(&events) == Some(request.status),
        request: ReviewRequest::of(request, locale, now),
        identity_documents: documents.into_iter().map(|document| DocumentView::new(document, locale)).collect(),
        contracts: contracts.into_iter().map(ContractView::from).collect(),
        decisions: decisions.into_iter().map(|decision| DecisionView::of(decision, locale)).collect(),
    })
}

/// How the review is doing.
#[derive(Serialize, ToSchema)]
pub struct ReviewFigures {
    /// Requests that wait.
    waiting: i64,
    /// Those of them that nobody has claimed.
    unclaimed: i64,
    /// Seconds for which the oldest has waited; null where none waits.
    #[schema(required = true)]
    oldest_waiting_seconds: Option<i64>,
    /// Reviews that ended within the last 30 days.
    decided: usize,
    /// Seconds from submission to decision that half of these did not exceed.
    #[schema(required = true)]
    median_seconds: Option<i64>,
    /// Seconds from submission to decision that nine of ten did not exceed.
    #[schema(required = true)]
    p90_seconds: Option<i64>,
}

/// Shows how the review is doing
#[utoipa::path(tag = "back office", responses((status = 200, description = "The figures", body = ReviewFigures)), security(("bearer" = [])))]
#[get("/back-office/review-figures")]
pub async fn get_review_figures(platform: web::Data<Platform>, _reviewer: Reviewer) -> Result<HttpResponse, Problem> {
    let now = platform.clock.now();
    let since = now.plus_seconds(-DAYS * 24 * 3600);
    let ((waiting, unclaimed, oldest), reviews) = platform
        .db
        .read(move |connection| {
            Ok((requests::store::waiting_for_review(connection)?, store::reviews_since(connection, since)?))
        })
        .await?;
    let times = TimesToDecide::of(&reviews);
    Ok(HttpResponse::Ok().json(ReviewFigures {
        waiting,
        unclaimed,
        oldest_waiting_seconds: oldest.map(|oldest| now.seconds_since(oldest)),
        decided: times.decided,
        median_seconds: times.median,
        p90_seconds: times.ninetieth,
    }))
}

/// Shows a page of an identity document to a reviewer
///
/// Each look is told in the audit log.
#[utoipa::path(tag = "back office", params(("id" = IdentityDocumentId, Path), ("side" = Side, Path)), responses((status = 200, description = "The picture, without metadata", body = Binary, content_type = "image/jpeg")), security(("bearer" = [])))]
#[get("/back-office/identity-documents/{id}/files/{side}")]
pub async fn get_reviewed_document_file(
    platform: web::Data<Platform>,
    path: web::Path<(IdentityDocumentId, Side)>,
    reviewer: Reviewer,
) -> Result<HttpResponse, Problem> {
    let (id, side) = path.into_inner();
    let now = platform.clock.now();
    let by = reviewer.0.account_id;
    let document = platform
        .db
        .write(move |tx| {
            let document = identity_documents::store::find(tx, id)?.ok_or_else(|| NOT_FOUND.problem())?;
            audit::store::record(tx, by, "identity_document_viewed", id, json!({ "side": side }), now)?;
            Ok(document)
        })
        .await?;
    let bytes = platform.storage.get(document.path_of(side).ok_or_else(|| NOT_FOUND.problem())?).await?;
    Ok(HttpResponse::Ok().content_type("image/jpeg").body(bytes))
}

/// Mounts the review.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(list_review_requests)
        .service(get_review_figures)
        .service(get_review_request)
        .service(get_reviewed_document_file);
    decisions::routes(config);
}
