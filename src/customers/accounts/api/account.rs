//! `/v1/account`: the account that is logged in.

use std::collections::BTreeMap;

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, delete, get, patch, put, web};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use validator::Validate;

use super::AccountView;
use crate::customers::accounts::rules::{Account, PersonalDetails};
use crate::customers::accounts::{flow, store};
use crate::customers::limits::CustomerLimits;
use crate::customers::privacy::Privacy;
use crate::customers::sessions::extract::Customer;
use crate::customers::sessions::gate::SessionGate;
use crate::platform::Platform;
use crate::platform::clock::Time;
use crate::platform::http::body::ValidJson;
use crate::platform::http::openapi::Conflict;
use crate::platform::locale::Locale;
use crate::platform::problem::{Problem, UNAUTHENTICATED};

/// What changes; what is left out stays.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct AccountChange {
    #[validate(length(min = 1, max = 60))]
    #[schema(min_length = 1, max_length = 60, example = "Mario")]
    first_name: Option<String>,
    #[validate(length(min = 1, max = 60))]
    #[schema(min_length = 1, max_length = 60, example = "Rossi")]
    last_name: Option<String>,
    /// E.164 or national digits; null takes it away.
    #[serde(default, deserialize_with = "given")]
    #[validate(length(max = 30))]
    #[schema(value_type = Option<String>, max_length = 30, example = "+393331234567")]
    phone: Option<Option<String>>,
    /// The language of mails.
    locale: Option<Locale>,
}

/// Tells a field that is null from one that was left out (RFC 7396).
fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

impl AccountChange {
    fn apply(&self, present: &Account) -> Result<PersonalDetails, Problem> {
        PersonalDetails {
            first_name: self.first_name.clone().unwrap_or_else(|| present.first_name.clone()),
            last_name: self.last_name.clone().unwrap_or_else(|| present.last_name.clone()),
            phone: self.phone.clone().unwrap_or_else(|| present.phone.clone()),
            locale: self.locale.unwrap_or(present.locale),
        }
        .checked()
    }
}

/// A change of password.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct PasswordChange {
    #[validate(length(max = 128))]
    #[schema(format = Password, max_length = 128)]
    current_password: String,
    /// 15 to 128 characters, as at registration.
    #[validate(length(min = 15, max = 128))]
    #[schema(format = Password, min_length = 15, max_length = 128)]
    new_password: String,
}

/// Everything that is held of an account.
#[derive(Serialize, ToSchema)]
pub struct AccountExport {
    exported_at: Time,
    /// One section for each part of the house that holds something.
    #[schema(value_type = Object)]
    sections: BTreeMap<&'static str, Value>,
}

/// Shows the account that is logged in
#[utoipa::path(tag = "accounts", responses((status = 200, description = "The account", body = AccountView)), security(("bearer" = [])))]
#[get("/account")]
pub async fn get_account(platform: web::Data<Platform>, customer: Customer) -> Result<HttpResponse, Problem> {
    let account = platform.db.read(move |connection| store::find(connection, customer.account_id)).await?;
    Ok(HttpResponse::Ok().json(AccountView::from(account.ok_or_else(|| UNAUTHENTICATED.problem())?)))
}

/// Changes the account's names, telephone number and language
#[utoipa::path(tag = "accounts", request_body = AccountChange, responses((status = 200, description = "The account", body = AccountView)), security(("bearer" = [])))]
#[patch("/account")]
pub async fn update_account(
    platform: web::Data<Platform>,
    customer: Customer,
    body: ValidJson<AccountChange>,
) -> Result<HttpResponse, Problem> {
    let (id, now) = (customer.account_id, platform.clock.now());
    let account = platform
        .db
        .write(move |tx| {
            let present = store::find(tx, id)?.ok_or_else(|| UNAUTHENTICATED.problem())?;
            flow::update(tx, &present, &body.value.apply(&present)?, now)
        })
        .await?;
    Ok(HttpResponse::Ok().json(AccountView::from(account)))
}

/// Erases the account
///
/// Personal data go, all sessions are closed, and the e-mail address is free again. What the law makes us keep (orders
/// and their invoices, the proof of consents and contracts) stays, apart from the account. It cannot be undone, so the
/// session's login must not be older than 15 minutes; otherwise 403 `recent_login_required`.
#[utoipa::path(tag = "accounts", responses((status = 204, description = "It is erased"), Conflict), security(("bearer" = [])))]
#[delete("/account")]
pub async fn delete_account(
    platform: web::Data<Platform>,
    privacy: web::Data<Privacy>,
    gate: web::Data<SessionGate>,
    customer: Customer,
) -> Result<HttpResponse, Problem> {
    let now = platform.clock.now();
    let closed =
        platform.db.write(move |tx| flow::erase(tx, &privacy, customer.account_id, customer.session_id, now)).await?;
    gate.close(closed);
    Ok(HttpResponse::NoContent().finish())
}

/// Changes the password
///
/// All other sessions are closed, and a mail tells the owner.
#[utoipa::path(tag = "accounts", request_body = PasswordChange, extensions(("x-rate-limited" = json!(true))),
    responses((status = 204, description = "It is changed")), security(("bearer" = [])))]
#[put("/account/password")]
pub async fn change_password(
    platform: web::Data<Platform>,
    limits: web::Data<CustomerLimits>,
    gate: web::Data<SessionGate>,
    request: HttpRequest,
    customer: Customer,
    body: ValidJson<PasswordChange>,
) -> Result<HttpResponse, Problem> {
    limits.password_changes_by_account.count(&request, customer.account_id)?;
    let PasswordChange { current_password, new_password } = body.value;
    let passwords = (current_password, new_password);
    let closed = flow::change_password(&platform, customer.account_id, customer.session_id, passwords).await?;
    gate.close(closed);
    Ok(HttpResponse::NoContent().finish())
}

/// Exports everything that is held of the account
///
/// In a structured form that machines read (GDPR arts. 15 and 20).
#[utoipa::path(tag = "accounts", responses((status = 200, description = "The data", body = AccountExport, headers(("Content-Disposition" = String, description = "A file name")))), security(("bearer" = [])))]
#[get("/account/export")]
pub async fn export_account(
    platform: web::Data<Platform>,
    privacy: web::Data<Privacy>,
    customer: Customer,
) -> Result<HttpResponse, Problem> {
    let sections =
        platform.db.read_one_moment(move |connection| privacy.export(connection, customer.account_id)).await?;
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_DISPOSITION, "attachment; filename=\"account.json\""))
        .json(AccountExport { exported_at: platform.clock.now(), sections }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn null_is_told_from_left_out() {
        let change = |body: &str| serde_json::from_str::<AccountChange>(body).unwrap().phone;
        assert_eq!(change("{}"), None);
        assert_eq!(change(r#"{"phone":null}"#), Some(None));
        assert_eq!(change(r#"{"phone":"021234567"}"#), Some(Some("021234567".into())));
    }
}
