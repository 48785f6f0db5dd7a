//! `/v1/back-office/accounts`: what an administrator does with accounts.

use actix_web::{HttpRequest, HttpResponse, delete, get, patch, post, web};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use super::AccountView;
use crate::customers::accounts::back_office::{self, AccountDecision};
use crate::customers::accounts::rules::{
    Account, AccountId, AccountStatus, BackOfficeRole, PersonalDetails, Role, Standing, check_search, checked_email,
};
use crate::customers::accounts::store::back_office::{self as store, AccountFilter, AccountRecord};
use crate::customers::sessions::extract::Administrator;
use crate::customers::sessions::gate::SessionGate;
use crate::platform::clock::Time;
use crate::platform::http::body::{ValidJson, ValidQuery};
use crate::platform::http::idempotency_key::IdempotencyKey;
use crate::platform::http::openapi::Conflict;
use crate::platform::http::page::{Page, default_limit, position};
use crate::platform::idempotency::Answer;
use crate::platform::locale::Locale;
use crate::platform::problem::{NOT_FOUND, Problem};
use crate::platform::{Platform, audit};

/// Which accounts to list.
#[derive(Deserialize, IntoParams, Validate)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AccountQuery {
    /// Only those whose e-mail address or names hold this, whatever its capitals and accents.
    #[validate(length(min = 1, max = 100))]
    #[param(min_length = 1, max_length = 100, nullable = false, example = "rossi")]
    search: Option<String>,
    /// Only those with this role.
    #[param(inline, nullable = false)]
    role: Option<Role>,
    /// Only those with this status.
    #[param(inline, nullable = false)]
    status: Option<AccountStatus>,
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

/// Who is let into the back office.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct Invitation {
    /// Kept in small letters.
    #[validate(length(max = 254))]
    #[schema(format = "email", max_length = 254, example = "anna.bianchi@example.com")]
    email: String,
    #[validate(length(min = 1, max = 60))]
    #[schema(min_length = 1, max_length = 60, example = "Anna")]
    first_name: String,
    #[validate(length(min = 1, max = 60))]
    #[schema(min_length = 1, max_length = 60, example = "Bianchi")]
    last_name: String,
    role: BackOfficeRole,
    /// The language of mails; by default that of the request.
    locale: Option<Locale>,
}

impl Invitation {
    fn into_account(self, language: Locale, now: Time) -> Result<Account, Problem> {
        let details = PersonalDetails {
            first_name: self.first_name,
            last_name: self.last_name,
            phone: None,
            locale: self.locale.unwrap_or(language),
        };
        let (email, details) = match (checked_email(&self.email), details.checked()) {
            (Ok(email), Ok(details)) => (email, details),
            (email, details) => {
                let refusals = [email.err(), details.err()].into_iter().flatten();
                return Err(Problem::invalid(refusals.flat_map(|refusal| refusal.errors).collect()));
            }
        };
        Ok(Account {
            id: AccountId::new(),
            email,
            first_name: details.first_name,
            last_name: details.last_name,
            phone: details.phone,
            locale: details.locale,
            role: self.role.into(),
            email_verified_at: None,
            created_at: now,
        })
    }
}

/// What becomes of an account; what is left out stays.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct AccountDecisionRequest {
    role: Option<Role>,
    /// A suspended account cannot log in.
    status: Option<Standing>,
}

/// An account as the back office sees it.
#[derive(Serialize, ToSchema)]
pub struct BackOfficeAccount {
    #[serde(flatten)]
    account: AccountView,
    status: AccountStatus,
    #[schema(required = true)]
    suspended_at: Option<Time>,
    /// Whether its logins take a code of an authenticator.
    has_second_factor: bool,
}

impl From<AccountRecord> for BackOfficeAccount {
    fn from(record: AccountRecord) -> Self {
        Self {
            account: record.account.into(),
            status: record.status,
            suspended_at: record.suspended_at,
            has_second_factor: record.has_second_factor,
        }
    }
}

/// Lists accounts
#[utoipa::path(tag = "back office", params(AccountQuery), responses((status = 200, description = "One page, newest first", body = Page<BackOfficeAccount>, headers(("Link" = Option<String>)))), security(("bearer" = [])))]
#[get("/back-office/accounts")]
pub async fn list_accounts(
    platform: web::Data<Platform>,
    request: HttpRequest,
    _administrator: Administrator,
    query: ValidQuery<AccountQuery>,
) -> Result<HttpResponse, Problem> {
    let AccountQuery { search, role, status, limit, cursor } = query.0;
    search.as_deref().map_or(Ok(()), check_search)?;
    let filter = AccountFilter { search, role, status, before: position(cursor.as_deref())? };
    let found = platform.db.read(move |connection| Ok(store::list(connection, &filter, limit + 1)?)).await?;
    let views: Vec<BackOfficeAccount> = found.into_iter().map(BackOfficeAccount::from).collect();
    Ok(Page::cut(views, limit, |view| view.account.id.to_string()).to_response(&request))
}

/// Shows an account
///
/// That it was looked at is told in the audit log.
#[utoipa::path(tag = "back office", params(("id" = AccountId, Path)), responses((status = 200, description = "The account", body = BackOfficeAccount)), security(("bearer" = [])))]
#[get("/back-office/accounts/{id}")]
pub async fn get_any_account(
    platform: web::Data<Platform>,
    administrator: Administrator,
    id: web::Path<AccountId>,
) -> Result<HttpResponse, Problem> {
    let (by, id, now) = (administrator.0.account_id, *id, platform.clock.now());
    let record = platform
        .db
        .write(move |tx| {
            let record = store::find(tx, id)?.ok_or_else(|| NOT_FOUND.problem())?;
            audit::store::record(tx, by, "account_viewed", id, json!({}), now)?;
            Ok(record)
        })
        .await?;
    Ok(HttpResponse::Ok().json(BackOfficeAccount::from(record)))
}

/// Invites a reviewer or administrator
///
/// A mail carries the link that sets the password, at `POST /v1/password-resets/confirmation`; it lives for seven days.
/// After that an ordinary password reset does the same.
#[utoipa::path(tag = "back office", params(("Idempotency-Key" = Option<String>, Header, nullable = false), ("Accept-Language" = Option<String>, Header, description = "it or en", nullable = false)), request_body = Invitation,
    responses((status = 201, description = "The account", body = BackOfficeAccount, headers(("Location" = String))), Conflict), security(("bearer" = [])))]
#[post("/back-office/accounts")]
pub async fn invite_account(
    platform: web::Data<Platform>,
    administrator: Administrator,
    language: Locale,
    key: IdempotencyKey,
    body: ValidJson<Invitation>,
) -> Result<HttpResponse, Problem> {
    let (by, now) = (administrator.0.account_id, platform.clock.now());
    let key = key.of(by, &body.sha256);
    let account = body.value.into_account(language, now)?;
    let answer = platform
        .write_once(key, now, move |tx| {
            let record = back_office::invite(tx, by, &account, now)?;
            let location = format!("/v1/back-office/accounts/{}", account.id);
            Ok(Answer::json(201, &BackOfficeAccount::from(record))?.at(location))
        })
        .await?;
    Ok(answer.into())
}

/// Changes an account's role, suspends it or lets it in again
///
/// Either closes all its sessions. Nobody decides on their own account (409 `own_account`), so that an administrator is
/// always left.
#[utoipa::path(tag = "back office", params(("id" = AccountId, Path)), request_body = AccountDecisionRequest,
    responses((status = 200, description = "The account", body = BackOfficeAccount), Conflict), security(("bearer" = [])))]
#[patch("/back-office/accounts/{id}")]
pub async fn decide_account(
    platform: web::Data<Platform>,
    gate: web::Data<SessionGate>,
    administrator: Administrator,
    id: web::Path<AccountId>,
    body: ValidJson<AccountDecisionRequest>,
) -> Result<HttpResponse, Problem> {
    let (by, now) = (administrator.0.account_id, platform.clock.now());
    let decision = AccountDecision { role: body.value.role, standing: body.value.status };
    let (record, closed) = platform.db.write(move |tx| back_office::decide(tx, by, *id, decision, now)).await?;
    gate.close(closed);
    Ok(HttpResponse::Ok().json(BackOfficeAccount::from(record)))
}

/// Removes the authenticators of an account
///
/// For who is locked out: the recovery codes go too, and a mail tells the owner.
#[utoipa::path(tag = "back office", params(("id" = AccountId, Path)), responses((status = 204, description = "It has none"), Conflict), security(("bearer" = [])))]
#[delete("/back-office/accounts/{id}/authenticators")]
pub async fn remove_account_authenticators(
    platform: web::Data<Platform>,
    administrator: Administrator,
    id: web::Path<AccountId>,
) -> Result<HttpResponse, Problem> {
    let (by, now) = (administrator.0.account_id, platform.clock.now());
    platform.db.write(move |tx| back_office::remove_authenticators(tx, by, *id, now)).await?;
    Ok(HttpResponse::NoContent().finish())
}
