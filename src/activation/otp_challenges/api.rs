//! `POST /v1/activation-requests/{id}/otp-challenges` and `/v1/otp-challenges`.

use actix_web::{HttpRequest, HttpResponse, get, post, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use validator::{Validate, ValidationError};

use super::flow::{self, Verification};
use super::rules::{COOL_DOWN, ChallengePurpose, ChallengeStatus, MAX_ATTEMPTS, OtpChallenge, OtpChallengeId, masked};
use crate::activation::limits::ActivationLimits;
use crate::activation::requests::rules::ActivationRequestId;
use crate::customers::sessions::extract::Customer;
use crate::platform::Platform;
use crate::platform::clock::Time;
use crate::platform::http::body::{EmptyBody, ValidJson};
use crate::platform::http::idempotency_key::IdempotencyKey;
use crate::platform::http::openapi::Conflict;
use crate::platform::idempotency::{Answer, Key};
use crate::platform::problem::Problem;

/// Where the code is to go.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct ChallengeRequest {
    /// One of the request's e-mail options.
    #[validate(length(max = 254))]
    #[schema(max_length = 254, format = "email", example = "mario.rossi@example.com")]
    email: String,
}

/// The code that was received.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct CodeRequest {
    /// Six digits.
    #[validate(custom(function = "six_digits"))]
    #[schema(min_length = 6, max_length = 6, pattern = "^[0-9]{6}$", example = "123456")]
    code: String,
}

/// What cannot be a code is refused before it is counted as a try.
///
/// # Errors
/// `six_digits`.
pub fn six_digits(code: &str) -> Result<(), ValidationError> {
    let is_code = code.len() == 6 && code.bytes().all(|byte| byte.is_ascii_digit());
    if is_code { Ok(()) } else { Err(ValidationError::new("six_digits")) }
}

/// A challenge.
#[derive(Serialize, ToSchema)]
#[schema(as = OtpChallenge)]
pub struct ChallengeView {
    id: OtpChallengeId,
    activation_request_id: ActivationRequestId,
    /// Where the code went, masked.
    #[schema(example = "m***i@e***.com")]
    destination: String,
    status: ChallengeStatus,
    attempts_left: i32,
    issued_at: Time,
    expires_at: Time,
    /// From when another code may be asked for.
    resend_available_at: Time,
}

impl ChallengeView {
    /// The challenge as it stands.
    pub fn of(challenge: &OtpChallenge, now: Time) -> Self {
        let is_over = challenge.status == ChallengeStatus::Issued && now >= challenge.expires_at;
        Self {
            id: challenge.id,
            activation_request_id: challenge.request_id,
            destination: masked(&challenge.email),
            status: if is_over { ChallengeStatus::Expired } else { challenge.status },
            attempts_left: MAX_ATTEMPTS - challenge.attempts,
            issued_at: challenge.issued_at,
            expires_at: challenge.expires_at,
            resend_available_at: challenge.issued_at.plus_seconds(COOL_DOWN),
        }
    }
}

/// Sends a one-time code
#[utoipa::path(tag = "activation", params(("id" = ActivationRequestId, Path), ("Idempotency-Key" = Option<String>, Header, nullable = false)), request_body = ChallengeRequest, extensions(("x-rate-limited" = json!(true))),
    responses((status = 201, description = "The challenge", body = ChallengeView, headers(("Location" = String))), Conflict), security(("bearer" = [])))]
#[post("/activation-requests/{id}/otp-challenges")]
pub async fn issue_otp_challenge(
    platform: web::Data<Platform>,
    limits: web::Data<ActivationLimits>,
    id: web::Path<ActivationRequestId>,
    request: HttpRequest,
    customer: Customer,
    key: IdempotencyKey,
    body: ValidJson<ChallengeRequest>,
) -> Result<HttpResponse, Problem> {
    limits.otp_by_account.count(&request, customer.account_id)?;
    let key = key.of(customer.account_id, &body.sha256);
    issue(&platform, *id, customer, key, &body.value.email).await
}

async fn issue(
    platform: &Platform,
    request: ActivationRequestId,
    customer: Customer,
    key: Option<Key>,
    email: &str,
) -> Result<HttpResponse, Problem> {
    let now = platform.clock.now();
    let challenge = flow::prepare(platform, request, ChallengePurpose::Applicant, email, now)?;
    let view = ChallengeView::of(&challenge, now);
    let answer = platform
        .write_once(key, now, move |tx| {
            flow::issue(tx, customer.account_id, &challenge)?;
            Ok(Answer::json(201, &view)?.at(format!("/v1/otp-challenges/{}", view.id)))
        })
        .await?;
    Ok(answer.into())
}

/// Shows a challenge
#[utoipa::path(tag = "activation", params(("id" = OtpChallengeId, Path)), responses((status = 200, description = "The challenge", body = ChallengeView)), security(("bearer" = [])))]
#[get("/otp-challenges/{id}")]
pub async fn get_otp_challenge(
    platform: web::Data<Platform>,
    id: web::Path<OtpChallengeId>,
    customer: Customer,
) -> Result<HttpResponse, Problem> {
    let challenge = platform.db.read(move |connection| flow::find_own(connection, customer.account_id, *id)).await?;
    Ok(HttpResponse::Ok().json(ChallengeView::of(&challenge, platform.clock.now())))
}

/// Verifies the code
///
/// Five tries, each counted before it is compared.
#[utoipa::path(tag = "activation", params(("id" = OtpChallengeId, Path)), request_body = CodeRequest, responses((status = 200, description = "The challenge", body = ChallengeView), Conflict), security(("bearer" = [])))]
#[post("/otp-challenges/{id}/verification")]
pub async fn verify_otp(
    platform: web::Data<Platform>,
    id: web::Path<OtpChallengeId>,
    customer: Customer,
    body: ValidJson<CodeRequest>,
) -> Result<HttpResponse, Problem> {
    let now = platform.clock.now();
    let (shared, id) = (platform.clone(), *id);
    let outcome =
        platform.db.write(move |tx| flow::verify(tx, &shared, customer.account_id, id, &body.value.code, now)).await?;
    if let Verification::Refused(problem) = outcome {
        return Err(problem);
    }
    let challenge = platform.db.read(move |connection| flow::find_own(connection, customer.account_id, id)).await?;
    Ok(HttpResponse::Ok().json(ChallengeView::of(&challenge, now)))
}

/// Sends another code to the same address
#[utoipa::path(tag = "activation", params(("id" = OtpChallengeId, Path), ("Idempotency-Key" = Option<String>, Header, nullable = false)), extensions(("x-rate-limited" = json!(true))),
    responses((status = 201, description = "The new challenge", body = ChallengeView, headers(("Location" = String))), Conflict), security(("bearer" = [])))]
#[post("/otp-challenges/{id}/resend")]
pub async fn resend_otp(
    platform: web::Data<Platform>,
    limits: web::Data<ActivationLimits>,
    id: web::Path<OtpChallengeId>,
    request: HttpRequest,
    customer: Customer,
    key: IdempotencyKey,
    body: EmptyBody,
) -> Result<HttpResponse, Problem> {
    limits.otp_by_account.count(&request, customer.account_id)?;
    let key = key.of(customer.account_id, &body.sha256);
    let challenge = platform.db.read(move |connection| flow::find_own(connection, customer.account_id, *id)).await?;
    issue(&platform, challenge.request_id, customer, key, &challenge.email).await
}

/// Mounts the challenges.
pub fn routes(config: &mut ServiceConfig) {
    config.service(issue_otp_challenge).service(get_otp_challenge).service(verify_otp).service(resend_otp);
}
