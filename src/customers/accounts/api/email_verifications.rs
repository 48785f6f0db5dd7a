//! `/v1/email-verifications`.

use actix_web::{HttpRequest, HttpResponse, post, web};
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

use crate::customers::accounts::rules::EmailVerificationId;
use crate::customers::accounts::{flow, link_token};
use crate::customers::limits::CustomerLimits;
use crate::customers::sessions::extract::Customer;
use crate::platform::Platform;
use crate::platform::http::body::{EmptyBody, ValidJson};
use crate::platform::http::openapi::Conflict;
use crate::platform::problem::Problem;

/// The token of a verification mail's link.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct VerificationRequest {
    #[validate(length(max = 200))]
    #[schema(max_length = 200)]
    token: String,
}

/// Sends the verification mail again
#[utoipa::path(tag = "accounts", extensions(("x-rate-limited" = json!(true))),
    responses((status = 202, description = "It is on its way"), Conflict), security(("bearer" = [])))]
#[post("/email-verifications")]
pub async fn resend_email_verification(
    platform: web::Data<Platform>,
    limits: web::Data<CustomerLimits>,
    request: HttpRequest,
    customer: Customer,
    _body: EmptyBody,
) -> Result<HttpResponse, Problem> {
    limits.verifications_by_account.count(&request, customer.account_id)?;
    let now = platform.clock.now();
    platform.db.write(move |tx| flow::resend_verification(tx, customer.account_id, now)).await?;
    Ok(HttpResponse::Accepted().finish())
}

/// Proves an e-mail address
///
/// With the token of a verification mail's link, once.
#[utoipa::path(tag = "accounts", request_body = VerificationRequest, extensions(("x-rate-limited" = json!(true))),
    responses((status = 204, description = "The address is proved")))]
#[post("/email-verifications/confirmation")]
pub async fn confirm_email(
    platform: web::Data<Platform>,
    limits: web::Data<CustomerLimits>,
    request: HttpRequest,
    body: ValidJson<VerificationRequest>,
) -> Result<HttpResponse, Problem> {
    limits.link_tokens_by_sender.count_sender(&request)?;
    let id: EmailVerificationId = link_token::read(&platform.keys, link_token::EMAIL_VERIFICATION, &body.value.token)?;
    let now = platform.clock.now();
    platform.db.write(move |tx| flow::confirm_email(tx, id, now)).await?;
    Ok(HttpResponse::NoContent().finish())
}
