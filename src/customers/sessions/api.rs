//! `/v1/sessions`: login, refresh, list and logout.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, delete, get, post, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use validator::Validate;

use super::extract::Customer;
use super::flow::{self, Credentials, Opened};
use super::gate::SessionGate;
use super::rules::{Session, SessionId};
use super::store;
use crate::customers::email_address;
use crate::customers::limits::CustomerLimits;
use crate::platform::Platform;
use crate::platform::auth::tokens::ACCESS_TOKEN_LIFETIME;
use crate::platform::clock::Time;
use crate::platform::http::body::{ValidJson, ValidQuery};
use crate::platform::http::page::{Page, PageQuery, position};
use crate::platform::http::request::Sender;
use crate::platform::problem::{NOT_FOUND, Problem};

crate::problem_responses! {
    /// The credentials are not right; the problem's code says which kind.
    WrongCredentials = "401";
    /// The account is suspended.
    Suspended = "403";
}

/// What a client holds of an open session.
#[derive(Serialize, ToSchema)]
pub struct SessionTokens {
    session_id: SessionId,
    /// A JWT to send as `Authorization: Bearer …`.
    access_token: String,
    /// How to send it (RFC 6750).
    #[schema(example = "Bearer")]
    token_type: &'static str,
    /// Seconds that the access token lives.
    #[schema(example = 600)]
    expires_in: i64,
    /// Opaque. Trade it, once, at `POST /v1/sessions/refresh`.
    refresh_token: String,
}

impl SessionTokens {
    /// The tokens of a session that was just opened or refreshed.
    ///
    /// # Errors
    /// `internal_error` when signing fails.
    pub fn issue(platform: &Platform, opened: Opened) -> Result<Self, Problem> {
        let Opened { account, refresh_token } = opened;
        let session_id = refresh_token.session();
        let access_token = platform.tokens.issue(
            &account.id.to_string(),
            &session_id.to_string(),
            account.role.as_str(),
            platform.clock.now(),
        )?;
        Ok(Self {
            session_id,
            access_token,
            token_type: "Bearer",
            expires_in: ACCESS_TOKEN_LIFETIME,
            refresh_token: refresh_token.into_text(),
        })
    }
}

/// Who logs in.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Login {
    #[validate(length(max = 254))]
    #[schema(max_length = 254, example = "reviewer@example.com")]
    email: String,
    #[validate(length(max = 128))]
    #[schema(max_length = 128, format = Password, example = "negozio-sandbox-2026")]
    password: String,
    /// Where the account has an authenticator: the code that it shows, or a recovery code.
    #[validate(length(max = 64))]
    #[schema(max_length = 64, example = "123456")]
    totp: Option<String>,
}

/// The newest refresh token of a session.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Refresh {
    #[validate(length(max = 200))]
    #[schema(max_length = 200)]
    refresh_token: String,
}

/// An open session.
#[derive(Serialize, ToSchema)]
#[schema(as = Session)]
pub struct SessionView {
    id: SessionId,
    /// Whether it is the one that asks.
    current: bool,
    /// The address that it was last used from.
    #[schema(required = true)]
    ip: Option<String>,
    /// The program that it was last used with.
    #[schema(required = true)]
    user_agent: Option<String>,
    created_at: Time,
    /// When it was last refreshed.
    last_used_at: Time,
    /// When it ends if it is not refreshed.
    expires_at: Time,
}

/// Logs in
///
/// An unknown e-mail address and a wrong password answer alike, after the same time. An account with an authenticator also
/// takes a code, which opens one session: 401 `totp_required` asks for it, 401 `totp_invalid` for another; both come after
/// a right password only. From the fifth wrong code in a row on, the next one must wait (429 `too_many_totp_attempts`).
/// A suspended account answers 403 `account_suspended`.
#[utoipa::path(tag = "sessions", request_body = Login, extensions(("x-rate-limited" = json!(true))),
    responses((status = 201, description = "The session is open", body = SessionTokens, headers(("Location" = String, description = "The session"))),
              WrongCredentials, Suspended))]
#[post("/sessions")]
pub async fn log_in(
    request: HttpRequest,
    platform: web::Data<Platform>,
    limits: web::Data<CustomerLimits>,
    sender: Sender,
    body: ValidJson<Login>,
) -> Result<HttpResponse, Problem> {
    let Login { email, password, totp } = body.value;
    limits.logins_by_sender.count_sender(&request)?;
    limits.logins_by_email.count(&request, email_address::normalise(&email).unwrap_or_default())?;
    let opened = flow::log_in(&platform, Credentials { email, password, totp }, sender).await?;
    let tokens = SessionTokens::issue(&platform, opened)?;
    let location = format!("/v1/sessions/{}", tokens.session_id);
    Ok(HttpResponse::Created().insert_header((header::LOCATION, location)).json(tokens))
}

/// Trades a refresh token for fresh tokens
///
/// Each refresh token is good for one trade. One that comes a second time closes its session.
#[utoipa::path(tag = "sessions", request_body = Refresh, extensions(("x-rate-limited" = json!(true))),
    responses((status = 200, description = "The session goes on", body = SessionTokens), WrongCredentials))]
#[post("/sessions/refresh")]
pub async fn refresh_session(
    request: HttpRequest,
    platform: web::Data<Platform>,
    limits: web::Data<CustomerLimits>,
    gate: web::Data<SessionGate>,
    sender: Sender,
    body: ValidJson<Refresh>,
) -> Result<HttpResponse, Problem> {
    limits.refreshes_by_sender.count_sender(&request)?;
    let opened = flow::refresh(&platform, &gate, &body.value.refresh_token, sender).await?;
    Ok(HttpResponse::Ok().json(SessionTokens::issue(&platform, opened)?))
}

/// Lists the account's open sessions
#[utoipa::path(tag = "sessions", security(("bearer" = [])), params(PageQuery),
    responses((status = 200, description = "The sessions", body = Page<SessionView>, headers(("Link" = String, description = "The next page")))))]
#[get("/sessions")]
pub async fn list_sessions(
    request: HttpRequest,
    caller: Customer,
    platform: web::Data<Platform>,
    query: ValidQuery<PageQuery>,
) -> Result<HttpResponse, Problem> {
    let (limit, before) = (query.0.limit, position::<SessionId>(query.0.cursor.as_deref())?);
    let (account, now) = (caller.account_id, platform.clock.now());
    let sessions =
        platform.db.read(move |connection| Ok(store::list_open(connection, account, before, limit + 1, now)?)).await?;
    let items: Vec<SessionView> = sessions.into_iter().map(|session| view(session, caller.session_id)).collect();
    Ok(Page::cut(items, limit, |session| session.id.to_string()).to_response(&request))
}

/// Logs a session out
///
/// Its refresh token and its access tokens are refused from now on.
#[utoipa::path(tag = "sessions", security(("bearer" = [])),
    params(("id" = String, Path, description = "Identifier, or `current` for the session that asks", example = "current")),
    responses((status = 204, description = "It is closed")))]
#[delete("/sessions/{id}")]
pub async fn log_out(
    caller: Customer,
    platform: web::Data<Platform>,
    gate: web::Data<SessionGate>,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let session = match id.as_str() {
        "current" => caller.session_id,
        id => id.parse().map_err(|_| NOT_FOUND.problem())?,
    };
    let now = platform.clock.now();
    let closed = platform.db.write(move |tx| Ok(store::revoke_own(tx, caller.account_id, session, now)?)).await?;
    if !closed {
        return Err(NOT_FOUND.problem());
    }
    gate.close([session]);
    Ok(HttpResponse::NoContent().finish())
}

/// Mounts the sessions.
pub fn routes(config: &mut ServiceConfig) {
    config.service(log_in).service(refresh_session).service(list_sessions).service(log_out);
}

fn view(session: Session, current: SessionId) -> SessionView {
    SessionView {
        id: session.id,
        current: session.id == current,
        ip: session.ip,
        user_agent: session.user_agent,
        created_at: session.created_at,
        last_used_at: session.last_used_at,
        expires_at: session.expires_at,
    }
}
