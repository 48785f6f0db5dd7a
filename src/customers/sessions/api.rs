//! `/v1/sessions`: login, refresh, logout.

use actix_web::{HttpRequest, HttpResponse, delete, post, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use validator::Validate;

use super::extract::Customer;
use super::rules::{NewSession, SessionId, hash_of, session_of};
use super::store;
use crate::customers::CustomerLimits;
use crate::customers::accounts;
use crate::customers::accounts::rules::{Account, normal_email};
use crate::customers::problems::{INVALID_CREDENTIALS, REFRESH_TOKEN_REUSED};
use crate::platform::Platform;
use crate::platform::auth::tokens::ACCESS_TOKEN_LIFETIME;
use crate::platform::http::body::ValidJson;
use crate::platform::http::problem_response::ProblemBody;
use crate::platform::http::request::Sender;
use crate::platform::problem::{NOT_FOUND, Problem};

/// Who logs in.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct LoginRequest {
    #[validate(length(max = 254))]
    #[schema(format = "email", max_length = 254, example = "reviewer@example.com")]
    email: String,
    #[validate(length(max = 512))]
    #[schema(format = "password", max_length = 512, example = "negozio-sandbox-2026")]
    password: String,
}

/// The current refresh token.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct RefreshRequest {
    #[validate(length(max = 200))]
    #[schema(max_length = 200)]
    refresh_token: String,
}

/// The tokens of a session.
#[derive(Serialize, ToSchema)]
pub struct SessionTokens {
    /// A JWT for `Authorization: Bearer`.
    access_token: String,
    #[schema(example = "Bearer")]
    token_type: &'static str,
    /// Seconds.
    #[schema(example = 600)]
    expires_in: i64,
    /// Good once: refreshing answers the next one.
    refresh_token: String,
}

impl SessionTokens {
    /// The tokens of a session.
    ///
    /// # Errors
    /// `internal_error` when signing fails.
    pub fn of(platform: &Platform, account: &Account, session: &NewSession) -> Result<Self, Problem> {
        let now = platform.clock.now();
        let (subject, session_id) = (account.id.to_string(), session.id.to_string());
        Ok(Self {
            access_token: platform.tokens.issue(&subject, &session_id, account.role.as_str(), now)?,
            token_type: "Bearer",
            expires_in: ACCESS_TOKEN_LIFETIME,
            refresh_token: session.refresh_token.clone(),
        })
    }
}

/// Logs in
///
/// An unknown address and a wrong password answer alike, and take as long.
#[utoipa::path(tag = "sessions", request_body = LoginRequest, extensions(("x-rate-limited" = json!(true))),
    responses((status = 201, description = "The session", body = SessionTokens), (status = 401, description = "The e-mail or the password is wrong", body = ProblemBody, content_type = "application/problem+json")))]
#[post("/sessions")]
pub async fn log_in(
    platform: web::Data<Platform>,
    limits: web::Data<CustomerLimits>,
    request: HttpRequest,
    sender: Sender,
    body: ValidJson<LoginRequest>,
) -> Result<HttpResponse, Problem> {
    let email = normal_email(&body.value.email);
    limits.logins.count_sender(&request)?;
    limits.logins_by_email.count(&request, &email)?;
    let found = platform.db.read(move |connection| Ok(accounts::store::find_with_hash(connection, &email)?)).await?;
    let (account, hash) = found.unzip();
    let is_right = platform.passwords.verify(body.value.password, hash).await?;
    let account = account.filter(|_| is_right).ok_or_else(|| INVALID_CREDENTIALS.problem())?;
    let session = NewSession::make()?;
    let (begun, account_id, now) = (session.clone(), account.id, platform.clock.now());
    platform.db.write(move |tx| Ok(store::insert(tx, account_id, &begun, &sender, now)?)).await?;
    Ok(HttpResponse::Created().json(SessionTokens::of(&platform, &account, &session)?))
}

/// Exchanges a refresh token
///
/// A token that was used before ends the whole session, for whoever holds it may have stolen it (RFC 9700 §4.14.2).
#[utoipa::path(tag = "sessions", request_body = RefreshRequest,
    responses((status = 200, description = "The next tokens", body = SessionTokens), (status = 401, description = "Unknown, expired or used before", body = ProblemBody, content_type = "application/problem+json")))]
#[post("/sessions/refresh")]
pub async fn refresh_session(
    platform: web::Data<Platform>,
    body: ValidJson<RefreshRequest>,
) -> Result<HttpResponse, Problem> {
    let id = session_of(&body.value.refresh_token).ok_or_else(|| INVALID_CREDENTIALS.problem())?;
    let used_hash = hash_of(&body.value.refresh_token);
    let next = NewSession::next(id)?;
    let (rotated, now) = (next.clone(), platform.clock.now());
    let account = platform
        .db
        .write(move |tx| match store::rotate(tx, &used_hash, &rotated, now)? {
            Some(account) => accounts::store::find(tx, account),
            None => {
                store::revoke(tx, id, None, now)?;
                Ok(None)
            }
        })
        .await?;
    let account = account.ok_or_else(|| REFRESH_TOKEN_REUSED.problem())?;
    Ok(HttpResponse::Ok().json(SessionTokens::of(&platform, &account, &next)?))
}

/// Logs out
#[utoipa::path(tag = "sessions", params(("id" = String, Path, description = "A session of one's own, or `current`", example = "current")), responses((status = 204, description = "The session is over")), security(("bearer" = [])))]
#[delete("/sessions/{id}")]
pub async fn log_out(
    platform: web::Data<Platform>,
    id: web::Path<String>,
    customer: Customer,
) -> Result<HttpResponse, Problem> {
    let session = match id.as_str() {
        "current" => customer.session_id,
        other => other.parse::<SessionId>().map_err(|_| NOT_FOUND.problem())?,
    };
    let now = platform.clock.now();
    let ended = platform.db.write(move |tx| Ok(store::revoke(tx, session, Some(customer.account_id), now)?)).await?;
    if ended { Ok(HttpResponse::NoContent().finish()) } else { Err(NOT_FOUND.problem()) }
}

/// Mounts the sessions.
pub fn routes(config: &mut ServiceConfig) {
    config.service(log_in).service(refresh_session).service(log_out);
}
