//! `/v1/account/authenticators` and `/v1/account/recovery-codes`.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, delete, get, post, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use validator::Validate;

use super::flow::{self, Moment, RecoveryCodes};
use super::rules::{Authenticator, AuthenticatorId};
use super::store;
use crate::customers::accounts::rules::check_name;
use crate::customers::limits::CustomerLimits;
use crate::customers::sessions::extract::Customer;
use crate::customers::sessions::gate::SessionGate;
use crate::platform::Platform;
use crate::platform::clock::Time;
use crate::platform::http::body::{EmptyBody, ValidJson, ValidQuery};
use crate::platform::http::openapi::Conflict;
use crate::platform::http::page::{Page, PageQuery, position};
use crate::platform::problem::Problem;

/// An authenticator to enrol.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct AuthenticatorEnrolment {
    /// What its owner calls it.
    #[validate(length(min = 1, max = 60))]
    #[schema(min_length = 1, max_length = 60, example = "Telefono")]
    label: Option<String>,
    /// The account's password.
    #[validate(length(max = 128))]
    #[schema(format = Password, max_length = 128, example = "una frase che ricordo")]
    password: String,
}

/// What an app must be told. It is answered once.
#[derive(Serialize, ToSchema)]
pub struct EnrolledAuthenticator {
    id: AuthenticatorId,
    #[schema(required = true, example = "Telefono")]
    label: Option<String>,
    /// The secret in base 32, for who types it in: six digits, SHA-1, steps of 30 seconds.
    #[schema(example = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")]
    secret: String,
    /// The same as an address, to be shown as a QR code.
    #[schema(
        example = "otpauth://totp/Negozio:mario.rossi%40example.com?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Negozio"
    )]
    otpauth_url: String,
}

/// The code that the app shows.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct AuthenticatorConfirmation {
    #[validate(length(max = 64))]
    #[schema(max_length = 64, example = "123456")]
    code: String,
}

/// An authenticator, without its secret.
#[derive(Serialize, ToSchema)]
#[schema(as = Authenticator)]
pub struct AuthenticatorView {
    id: AuthenticatorId,
    #[schema(required = true, example = "Telefono")]
    label: Option<String>,
    created_at: Time,
    /// When it proved that it works; null while it counts for nothing.
    #[schema(required = true)]
    confirmed_at: Option<Time>,
    /// When a code of it last opened a session.
    #[schema(required = true)]
    last_used_at: Option<Time>,
}

impl From<Authenticator> for AuthenticatorView {
    fn from(authenticator: Authenticator) -> Self {
        Self {
            id: authenticator.id,
            label: authenticator.label,
            created_at: authenticator.created_at,
            confirmed_at: authenticator.confirmed_at,
            last_used_at: authenticator.last_used_at,
        }
    }
}

/// An authenticator that counts from now on.
#[derive(Serialize, ToSchema)]
pub struct ConfirmedAuthenticator {
    authenticator: AuthenticatorView,
    /// With the account's first authenticator: ten codes, each good for one login without the app. They are answered
    /// once. Empty with any further one.
    #[schema(example = json!(["7h2k-9m4p-3x8w-6t5q"]))]
    recovery_codes: Vec<String>,
}

/// How many recovery codes are left.
#[derive(Serialize, ToSchema)]
pub struct RecoveryCodesLeft {
    #[schema(example = 10)]
    left: i64,
}

/// New recovery codes.
#[derive(Serialize, ToSchema)]
pub struct NewRecoveryCodes {
    /// Each good for one login without the app. They are answered once.
    #[schema(example = json!(["7h2k-9m4p-3x8w-6t5q"]))]
    recovery_codes: Vec<String>,
}

/// Begins to enrol an authenticator
///
/// The app is told the secret, most easily by a QR code of `otpauth_url`; it counts once `…/confirmation` has seen a code
/// of it. One that was begun before and never confirmed is dropped. Where another one counts already, the session's login
/// must not be older than 15 minutes; otherwise 403 `recent_login_required`.
#[utoipa::path(tag = "accounts", request_body = AuthenticatorEnrolment, extensions(("x-rate-limited" = json!(true))),
    responses((status = 201, description = "What the app must be told", body = EnrolledAuthenticator, headers(("Location" = String))), Conflict), security(("bearer" = [])))]
#[post("/account/authenticators")]
pub async fn enrol_authenticator(
    platform: web::Data<Platform>,
    limits: web::Data<CustomerLimits>,
    request: HttpRequest,
    customer: Customer,
    body: ValidJson<AuthenticatorEnrolment>,
) -> Result<HttpResponse, Problem> {
    limits.password_changes_by_account.count(&request, customer.account_id)?;
    let AuthenticatorEnrolment { label, password } = body.value;
    let label = label.map(|label| label.trim().to_owned());
    if let Some(problem) = label.as_deref().and_then(|label| check_name("/label", label)) {
        return Err(Problem::invalid(vec![problem]));
    }
    let caller = (customer.account_id, customer.session_id);
    let (authenticator, provisioning) = flow::enrol(&platform, caller, password, label).await?;
    let location = format!("/v1/account/authenticators/{}", authenticator.id);
    Ok(HttpResponse::Created().insert_header((header::LOCATION, location)).json(EnrolledAuthenticator {
        id: authenticator.id,
        label: authenticator.label,
        secret: provisioning.secret,
        otpauth_url: provisioning.otpauth_url,
    }))
}

/// Confirms an authenticator
///
/// With a code that its app shows, which can then not be used for a login. From now on a login takes a code. The account's
/// first authenticator brings the recovery codes, and closes all other sessions.
#[utoipa::path(tag = "accounts", params(("id" = AuthenticatorId, Path)), request_body = AuthenticatorConfirmation, extensions(("x-rate-limited" = json!(true))),
    responses((status = 200, description = "It counts", body = ConfirmedAuthenticator), Conflict), security(("bearer" = [])))]
#[post("/account/authenticators/{id}/confirmation")]
pub async fn confirm_authenticator(
    platform: web::Data<Platform>,
    limits: web::Data<CustomerLimits>,
    gate: web::Data<SessionGate>,
    request: HttpRequest,
    customer: Customer,
    id: web::Path<AuthenticatorId>,
    body: ValidJson<AuthenticatorConfirmation>,
) -> Result<HttpResponse, Problem> {
    limits.authenticator_codes_by_account.count(&request, customer.account_id)?;
    let (caller, at) = ((customer.account_id, customer.session_id), Moment::of(&platform));
    let (keys, code) = (platform.keys.clone(), body.value.code);
    let recovery = RecoveryCodes::fresh(&keys, customer.account_id)?;
    let fresh = recovery.clone();
    let confirmed = platform.db.write(move |tx| flow::confirm(tx, &keys, caller, (*id, &code), &fresh, at)).await?;
    gate.close(confirmed.closed);
    Ok(HttpResponse::Ok().json(ConfirmedAuthenticator {
        authenticator: confirmed.authenticator.into(),
        recovery_codes: if confirmed.is_first { recovery.into_texts() } else { Vec::new() },
    }))
}

/// Lists the account's authenticators
#[utoipa::path(tag = "accounts", params(PageQuery), responses((status = 200, description = "One page, newest first", body = Page<AuthenticatorView>, headers(("Link" = Option<String>)))), security(("bearer" = [])))]
#[get("/account/authenticators")]
pub async fn list_authenticators(
    platform: web::Data<Platform>,
    request: HttpRequest,
    customer: Customer,
    query: ValidQuery<PageQuery>,
) -> Result<HttpResponse, Problem> {
    let (limit, before) = (query.0.limit, position(query.0.cursor.as_deref())?);
    let account = customer.account_id;
    let found = platform.db.read(move |connection| Ok(store::list(connection, account, before, limit + 1)?)).await?;
    let views: Vec<AuthenticatorView> = found.into_iter().map(AuthenticatorView::from).collect();
    Ok(Page::cut(views, limit, |view| view.id.to_string()).to_response(&request))
}

/// Removes an authenticator
///
/// The session's login must not be older than 15 minutes (otherwise 403 `recent_login_required`), unless it was never
/// confirmed. With the last one go the recovery codes, and a login takes the password alone again. Sessions stay open.
#[utoipa::path(tag = "accounts", params(("id" = AuthenticatorId, Path)), responses((status = 204, description = "It is removed")), security(("bearer" = [])))]
#[delete("/account/authenticators/{id}")]
pub async fn remove_authenticator(
    platform: web::Data<Platform>,
    customer: Customer,
    id: web::Path<AuthenticatorId>,
) -> Result<HttpResponse, Problem> {
    let (caller, now) = ((customer.account_id, customer.session_id), platform.clock.now());
    platform.db.write(move |tx| flow::remove(tx, caller, *id, now)).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Tells how many recovery codes are left
#[utoipa::path(tag = "accounts", responses((status = 200, description = "How many", body = RecoveryCodesLeft)), security(("bearer" = [])))]
#[get("/account/recovery-codes")]
pub async fn count_recovery_codes(platform: web::Data<Platform>, customer: Customer) -> Result<HttpResponse, Problem> {
    let account = customer.account_id;
    let left = platform.db.read(move |connection| Ok(store::recovery_codes::count_left(connection, account)?)).await?;
    Ok(HttpResponse::Ok().json(RecoveryCodesLeft { left }))
}

/// Makes new recovery codes
///
/// Those of before are void. The account must have an authenticator, and the session's login must not be older than 15
/// minutes; otherwise 403 `recent_login_required`.
#[utoipa::path(tag = "accounts", responses((status = 201, description = "The codes, once", body = NewRecoveryCodes), Conflict), security(("bearer" = [])))]
#[post("/account/recovery-codes")]
pub async fn replace_recovery_codes(
    platform: web::Data<Platform>,
    customer: Customer,
    _body: EmptyBody,
) -> Result<HttpResponse, Problem> {
    let (caller, now) = ((customer.account_id, customer.session_id), platform.clock.now());
    let recovery = RecoveryCodes::fresh(&platform.keys, customer.account_id)?;
    let fresh = recovery.clone();
    platform.db.write(move |tx| flow::replace_recovery_codes(tx, caller, &fresh, now)).await?;
    Ok(HttpResponse::Created().json(NewRecoveryCodes { recovery_codes: recovery.into_texts() }))
}

/// Mounts the authenticators.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(enrol_authenticator)
        .service(confirm_authenticator)
        .service(list_authenticators)
        .service(remove_authenticator)
        .service(count_recovery_codes)
        .service(replace_recovery_codes);
}
