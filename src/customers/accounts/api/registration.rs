//! `POST /v1/accounts`.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, post, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::AccountView;
use crate::customers::accounts::flow;
use crate::customers::accounts::rules::{self, Account, AccountId, PersonalDetails, Role};
use crate::customers::consents::rules::RegistrationConsents;
use crate::customers::limits::CustomerLimits;
use crate::customers::sessions::api::SessionTokens;
use crate::customers::sessions::flow::Opened;
use crate::customers::sessions::refresh_token::RefreshToken;
use crate::customers::sessions::rules::SessionId;
use crate::platform::Platform;
use crate::platform::http::body::ValidJson;
use crate::platform::http::openapi::Conflict;
use crate::platform::http::request::Sender;
use crate::platform::locale::Locale;
use crate::platform::problem::Problem;

/// Who registers, and what they chose.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct RegistrationRequest {
    /// Kept in small letters.
    #[validate(length(max = 254))]
    #[schema(format = "email", max_length = 254, example = "mario.rossi@example.com")]
    email: String,
    /// 15 to 128 characters, not one over and over, and more than the e-mail address with a little around it.
    #[validate(length(min = 15, max = 128))]
    #[schema(format = Password, min_length = 15, max_length = 128, example = "una frase che ricordo")]
    password: String,
    #[validate(length(min = 1, max = 60))]
    #[schema(min_length = 1, max_length = 60, example = "Mario")]
    first_name: String,
    #[validate(length(min = 1, max = 60))]
    #[schema(min_length = 1, max_length = 60, example = "Rossi")]
    last_name: String,
    /// E.164 or national digits.
    #[validate(length(max = 30))]
    #[schema(max_length = 30, example = "+393331234567")]
    phone: Option<String>,
    /// The language of mails; by default that of the request.
    locale: Option<Locale>,
    #[validate(nested)]
    consents: RegistrationConsents,
}

/// A fresh account, logged in.
#[derive(Serialize, ToSchema)]
pub struct Registration {
    account: AccountView,
    session: SessionTokens,
}

impl RegistrationRequest {
    /// The account that it asks for, with the password and the choices; or everything that is wrong.
    fn into_account(
        self,
        platform: &Platform,
        language: Locale,
    ) -> Result<(Account, String, RegistrationConsents), Problem> {
        let email = rules::checked_email(&self.email);
        let password = rules::check_password("/password", &self.password, email.as_deref().unwrap_or_default());
        let details = PersonalDetails {
            first_name: self.first_name,
            last_name: self.last_name,
            phone: self.phone,
            locale: self.locale.unwrap_or(language),
        };
        let (email, details) = match (email, password, details.checked()) {
            (Ok(email), Ok(()), Ok(details)) => (email, details),
            (email, password, details) => {
                let refusals = [email.err(), password.err(), details.err()].into_iter().flatten();
                return Err(Problem::invalid(refusals.flat_map(|refusal| refusal.errors).collect()));
            }
        };
        let account = Account {
            id: AccountId::new(),
            email,
            first_name: details.first_name,
            last_name: details.last_name,
            phone: details.phone,
            locale: details.locale,
            role: Role::Customer,
            email_verified_at: None,
            created_at: platform.clock.now(),
        };
        Ok((account, self.password, self.consents))
    }
}

/// Registers an account
///
/// The choice on marketing must be made, either way, before registration ends; the versions of the documents are those
/// of `GET /v1/consent-documents`. The account is logged in at once, and gets a mail to prove its address.
#[utoipa::path(tag = "accounts", request_body = RegistrationRequest, extensions(("x-rate-limited" = json!(true))),
    params(("Accept-Language" = Option<String>, Header, description = "it or en", nullable = false)),
    responses((status = 201, description = "The account, logged in", body = Registration, headers(("Location" = String, description = "The account"))), Conflict))]
#[post("/accounts")]
pub async fn register(
    platform: web::Data<Platform>,
    limits: web::Data<CustomerLimits>,
    request: HttpRequest,
    sender: Sender,
    language: Locale,
    body: ValidJson<RegistrationRequest>,
) -> Result<HttpResponse, Problem> {
    limits.registrations_by_sender.count_sender(&request)?;
    let (account, password, consents) = body.value.into_account(&platform, language)?;
    let email = account.email.clone();
    platform.db.read(move |connection| flow::refuse_taken(connection, &email)).await?;
    let password_hash = platform.passwords.hash(password).await?;
    let refresh_token = RefreshToken::issue(&platform.keys, SessionId::new())?;
    let (fresh, session) = (account.clone(), refresh_token.clone());
    platform.db.write(move |tx| flow::register(tx, &fresh, &password_hash, &consents, &session, &sender)).await?;
    let session = SessionTokens::issue(&platform, Opened { account: account.clone(), refresh_token })?;
    Ok(HttpResponse::Created()
        .insert_header((header::LOCATION, "/v1/account"))
        .json(Registration { account: account.into(), session }))
}
