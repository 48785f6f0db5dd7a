//! `/v1/password-resets`.

use actix_web::{HttpRequest, HttpResponse, post, web};
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

use crate::customers::accounts::{flow, rules};
use crate::customers::limits::CustomerLimits;
use crate::customers::sessions::gate::SessionGate;
use crate::platform::Platform;
use crate::platform::http::body::ValidJson;
use crate::platform::problem::Problem;

/// Whose password was forgotten.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct PasswordResetRequest {
    #[validate(length(max = 254))]
    #[schema(format = "email", max_length = 254, example = "mario.rossi@example.com")]
    email: String,
}

/// A new password, with the token of a reset mail's link.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct PasswordResetConfirmation {
    #[validate(length(max = 200))]
    #[schema(max_length = 200)]
    token: String,
    /// 15 to 128 characters, as at registration.
    #[validate(length(min = 15, max = 128))]
    #[schema(format = Password, min_length = 15, max_length = 128)]
    password: String,
}

/// Asks for a mail that sets a new password
///
/// The answer is the same whether there is such an account or not.
#[utoipa::path(tag = "accounts", request_body = PasswordResetRequest, extensions(("x-rate-limited" = json!(true))),
    responses((status = 202, description = "If there is such an account, a mail is on its way")))]
#[post("/password-resets")]
pub async fn request_password_reset(
    platform: web::Data<Platform>,
    limits: web::Data<CustomerLimits>,
    request: HttpRequest,
    body: ValidJson<PasswordResetRequest>,
) -> Result<HttpResponse, Problem> {
    let email = rules::checked_email(&body.value.email)?;
    limits.resets_by_sender.count_sender(&request)?;
    limits.resets_by_email.count(&request, &email)?;
    flow::request_reset(&platform, &email).await?;
    Ok(HttpResponse::Accepted().finish())
}

/// Sets a new password
///
/// With the token of a reset mail's link, once and within an hour. All sessions are closed.
#[utoipa::path(tag = "accounts", request_body = PasswordResetConfirmation, extensions(("x-rate-limited" = json!(true))),
    responses((status = 204, description = "It is set; log in with it")))]
#[post("/password-resets/confirmation")]
pub async fn reset_password(
    platform: web::Data<Platform>,
    limits: web::Data<CustomerLimits>,
    gate: web::Data<SessionGate>,
    request: HttpRequest,
    body: ValidJson<PasswordResetConfirmation>,
) -> Result<HttpResponse, Problem> {
    limits.link_tokens_by_sender.count_sender(&request)?;
    let PasswordResetConfirmation { token, password } = body.value;
    gate.close(flow::reset_password(&platform, &token, password).await?);
    Ok(HttpResponse::NoContent().finish())
}
