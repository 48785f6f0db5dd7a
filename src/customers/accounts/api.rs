//! `POST /v1/accounts`, `/v1/email-verifications`, `GET /v1/account`.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, get, post, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use validator::Validate;

use super::rules::{Account, AccountId, EmailVerificationId, Role, check_password, normal_email};
use super::{flow, jobs, store};
use crate::customers::CustomerLimits;
use crate::customers::consents::rules::RegistrationConsents;
use crate::customers::problems::INVALID_TOKEN;
use crate::customers::sessions::api::SessionTokens;
use crate::customers::sessions::extract::Customer;
use crate::customers::sessions::rules::NewSession;
use crate::platform::Platform;
use crate::platform::clock::Time;
use crate::platform::crypto::equal_in_constant_time;
use crate::platform::http::body::ValidJson;
use crate::platform::http::openapi::Conflict;
use crate::platform::http::request::Sender;
use crate::platform::locale::Locale;
use crate::platform::problem::{Problem, UNAUTHENTICATED};

/// Who registers, and what they chose.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct RegistrationRequest {
    #[validate(email, length(max = 254))]
    #[schema(format = "email", max_length = 254, example = "mario.rossi@example.com")]
    email: String,
    /// 15 to 128 characters.
    #[validate(length(min = 15, max = 128))]
    #[schema(format = "password", min_length = 15, max_length = 128, example = "una frase che ricordo")]
    password: String,
    #[validate(length(min = 1, max = 60))]
    #[schema(min_length = 1, max_length = 60, example = "Mario")]
    first_name: String,
    #[validate(length(min = 1, max = 60))]
    #[schema(min_length = 1, max_length = 60, example = "Rossi")]
    last_name: String,
    #[validate(length(min = 5, max = 20))]
    #[schema(min_length = 5, max_length = 20, example = "+393331234567", nullable = false)]
    phone: Option<String>,
    /// The language of mails; by default that of the request.
    #[schema(nullable = false)]
    locale: Option<Locale>,
    #[validate(nested)]
    consents: RegistrationConsents,
}

/// An account.
#[derive(Serialize, ToSchema)]
#[schema(as = Account)]
pub struct AccountView {
    id: AccountId,
    email: String,
    first_name: String,
    last_name: String,
    #[schema(required = true)]
    phone: Option<String>,
    locale: Locale,
    role: Role,
    /// Whether the address was proved.
    email_verified: bool,
    created_at: Time,
}

impl From<Account> for AccountView {
    fn from(account: Account) -> Self {
        Self {
            id: account.id,
            email: account.email,
            first_name: account.first_name,
            last_name: account.last_name,
            phone: account.phone,
            locale: account.locale,
            role: account.role,
            email_verified: account.email_verified_at.is_some(),
            created_at: account.created_at,
        }
    }
}

/// A fresh account, logged in.
#[derive(Serialize, ToSchema)]
pub struct Registration {
    account: AccountView,
    session: SessionTokens,
}

/// The token of a verification mail's link.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct VerificationRequest {
    #[validate(length(max = 200))]
    #[schema(max_length = 200)]
    token: String,
}

/// Registers an account
///
/// The choice on marketing must be made, either way, before registration ends.
#[utoipa::path(tag = "accounts", request_body = RegistrationRequest, extensions(("x-rate-limited" = json!(true))),
    responses((status = 201, description = "The account, logged in", body = Registration, headers(("Location" = String))), Conflict))]
#[post("/accounts")]
pub async fn register(
    platform: web::Data<Platform>,
    limits: web::Data<CustomerLimits>,
    request: HttpRequest,
    sender: Sender,
    language: Locale,
    body: ValidJson<RegistrationRequest>,
) -> Result<HttpResponse, Problem> {
    limits.registrations.count_sender(&request)?;
    let body = body.value;
    let email = normal_email(&body.email);
    check_password(&body.password, &email)?;
    let password_hash = platform.passwords.hash(body.password).await?;
    let account = Account {
        id: AccountId::new(),
        email,
        first_name: body.first_name.trim().to_owned(),
        last_name: body.last_name.trim().to_owned(),
        phone: body.phone,
        locale: body.locale.unwrap_or(language),
        role: Role::Customer,
        email_verified_at: None,
        created_at: platform.clock.now(),
    };
    let session = NewSession::make()?;
    let (saved, new_session) = (account.clone(), session.clone());
    platform
        .db
        .write(move |tx| flow::register(tx, &saved, &password_hash, &body.consents, &new_session, &sender))
        .await?;
    let session = SessionTokens::of(&platform, &account, &session)?;
    Ok(HttpResponse::Created()
        .insert_header((header::LOCATION, "/v1/account"))
        .json(Registration { account: account.into(), session }))
}

/// Shows the account that is logged in
#[utoipa::path(tag = "accounts", responses((status = 200, description = "The account", body = AccountView)), security(("bearer" = [])))]
#[get("/account")]
pub async fn get_account(platform: web::Data<Platform>, customer: Customer) -> Result<HttpResponse, Problem> {
    let account = platform.db.read(move |connection| store::find(connection, customer.account_id)).await?;
    Ok(HttpResponse::Ok().json(AccountView::from(account.ok_or_else(|| UNAUTHENTICATED.problem())?)))
}

/// Sends the verification mail again
#[utoipa::path(tag = "accounts", responses((status = 202, description = "It is on its way, unless the address is proved")), security(("bearer" = [])))]
#[post("/email-verifications")]
pub async fn resend_email_verification(
    platform: web::Data<Platform>,
    customer: Customer,
) -> Result<HttpResponse, Problem> {
    let now = platform.clock.now();
    platform
        .db
        .write(move |tx| match store::find(tx, customer.account_id)? {
            Some(account) if account.email_verified_at.is_none() => flow::owe_verification(tx, &account, now),
            _ => Ok(()),
        })
        .await?;
    Ok(HttpResponse::Accepted().finish())
}

/// Proves an e-mail address
#[utoipa::path(tag = "accounts", request_body = VerificationRequest, responses((status = 204, description = "The address is proved")))]
#[post("/email-verifications/confirmation")]
pub async fn confirm_email(
    platform: web::Data<Platform>,
    body: ValidJson<VerificationRequest>,
) -> Result<HttpResponse, Problem> {
    let id = body.value.token.split('.').next().and_then(|id| id.parse::<EmailVerificationId>().ok());
    let id = id.ok_or_else(|| INVALID_TOKEN.problem())?;
    if !equal_in_constant_time(jobs::token(&platform, id)?.as_bytes(), body.value.token.as_bytes()) {
        return Err(INVALID_TOKEN.problem());
    }
    let now = platform.clock.now();
    platform.db.write(move |tx| flow::confirm(tx, id, now)).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Mounts the accounts.
pub fn routes(config: &mut ServiceConfig) {
    config.service(register).service(get_account).service(confirm_email).service(resend_email_verification);
}
