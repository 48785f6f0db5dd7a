//! Claiming, releasing and deciding a request.

use actix_web::{HttpResponse, post, web};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use validator::Validate;

use super::ReviewRequest;
use crate::activation::requests::rules::ActivationRequestId;
use crate::activation::review::flow;
use crate::activation::review::rules::{ReasonGiven, ReviewOutcome, Verdict};
use crate::customers::accounts::rules::Role;
use crate::customers::sessions::extract::Reviewer;
use crate::platform::Platform;
use crate::platform::config::FourEyes;
use crate::platform::http::body::{EmptyBody, ValidJson};
use crate::platform::http::idempotency_key::IdempotencyKey;
use crate::platform::http::openapi::Conflict;
use crate::platform::idempotency::Answer;
use crate::platform::locale::Locale;
use crate::platform::problem::Problem;

/// A decision on a request.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct DecisionRequest {
    outcome: ReviewOutcome,
    /// At least one, unless it is approved; a resubmission reopens exactly what they are about.
    #[serde(default)]
    #[validate(length(max = 20))]
    #[schema(max_items = 20, example = json!([]))]
    reasons: Vec<ReasonGiven>,
    /// For the customer.
    #[validate(length(max = 2000))]
    #[schema(max_length = 2000, example = "Va tutto bene")]
    message: Option<String>,
    /// For the back office only.
    #[validate(length(max = 2000))]
    #[schema(max_length = 2000)]
    internal_note: Option<String>,
}

/// Claims a request
///
/// Another reviewer can neither claim nor decide it until it is released.
#[utoipa::path(tag = "back office", params(("id" = ActivationRequestId, Path)), responses((status = 200, description = "The request", body = ReviewRequest), Conflict), security(("bearer" = [])))]
#[post("/back-office/activation-requests/{id}/claim")]
pub async fn claim_review_request(
    platform: web::Data<Platform>,
    id: web::Path<ActivationRequestId>,
    reviewer: Reviewer,
    locale: Locale,
    _body: EmptyBody,
) -> Result<HttpResponse, Problem> {
    let now = platform.clock.now();
    let claimed = platform.db.write(move |tx| flow::claim(tx, reviewer.0.account_id, *id, now)).await?;
    Ok(HttpResponse::Ok().json(ReviewRequest::of(claimed, locale, now)))
}

/// Releases a claimed request
#[utoipa::path(tag = "back office", params(("id" = ActivationRequestId, Path)), responses((status = 200, description = "The request", body = ReviewRequest), Conflict), security(("bearer" = [])))]
#[post("/back-office/activation-requests/{id}/release")]
pub async fn release_review_request(
    platform: web::Data<Platform>,
    id: web::Path<ActivationRequestId>,
    reviewer: Reviewer,
    locale: Locale,
    _body: EmptyBody,
) -> Result<HttpResponse, Problem> {
    let now = platform.clock.now();
    let is_administrator = reviewer.0.role == Role::Administrator;
    let released =
        platform.db.write(move |tx| flow::release(tx, reviewer.0.account_id, is_administrator, *id, now)).await?;
    Ok(HttpResponse::Ok().json(ReviewRequest::of(released, locale, now)))
}

/// Decides a request
///
/// The customer is told by mail. Approval starts the provisioning; a resubmission reopens what its reasons are about.
/// Where two reviewers must approve, the first approval leaves the request in review and releases it.
#[utoipa::path(tag = "back office", params(("id" = ActivationRequestId, Path), ("Idempotency-Key" = Option<String>, Header, nullable = false)), request_body(content = DecisionRequest, example = json!({"outcome": "approve", "reasons": [], "message": null})),
    responses((status = 200, description = "The request", body = ReviewRequest), Conflict), security(("bearer" = [])))]
#[post("/back-office/activation-requests/{id}/decision")]
pub async fn decide_review_request(
    platform: web::Data<Platform>,
    id: web::Path<ActivationRequestId>,
    reviewer: Reviewer,
    locale: Locale,
    key: IdempotencyKey,
    body: ValidJson<DecisionRequest>,
) -> Result<HttpResponse, Problem> {
    let now = platform.clock.now();
    let key = key.of(reviewer.0.account_id, &body.sha256);
    let body = body.value;
    let reasons = body.reasons.into_iter().enumerate().map(|(index, reason)| reason.checked(index));
    let verdict = Verdict {
        request_id: *id,
        reviewer_id: reviewer.0.account_id,
        outcome: body.outcome,
        reasons: reasons.collect::<Result<_, _>>()?,
        message: body.message.filter(|message| !message.trim().is_empty()),
        internal_note: body.internal_note,
        decided_at: now,
    };
    let four_eyes = platform.config.four_eyes == FourEyes::On;
    let answer = platform
        .write_once(key, now, move |tx| {
            let decided = flow::conclude_review(tx, &verdict, four_eyes)?;
            Answer::json(200, &ReviewRequest::of(decided, locale, now))
        })
        .await?;
    Ok(answer.into())
}

/// Mounts the decisions.
pub fn routes(config: &mut ServiceConfig) {
    config.service(claim_review_request).service(release_review_request).service(decide_review_request);
}
