//! `/v1/accounts`, `/v1/account`, `/v1/email-verifications`, `/v1/password-resets` and `/v1/back-office/accounts`.

pub mod account;
pub mod audit_log;
pub mod back_office;
pub mod email_verifications;
pub mod password_resets;
pub mod registration;

use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use super::rules::{Account, AccountId, Role};
use crate::platform::clock::Time;
use crate::platform::locale::Locale;

/// An account.
#[derive(Serialize, ToSchema)]
#[schema(as = Account)]
pub struct AccountView {
    id: AccountId,
    #[schema(example = "mario.rossi@example.com")]
    email: String,
    /// Whether the address was proved.
    email_verified: bool,
    #[schema(example = "Mario")]
    first_name: String,
    #[schema(example = "Rossi")]
    last_name: String,
    #[schema(required = true, example = "+393331234567")]
    phone: Option<String>,
    /// The language of mails.
    locale: Locale,
    role: Role,
    created_at: Time,
}

impl From<Account> for AccountView {
    fn from(account: Account) -> Self {
        Self {
            id: account.id,
            email: account.email,
            email_verified: account.email_verified_at.is_some(),
            first_name: account.first_name,
            last_name: account.last_name,
            phone: account.phone,
            locale: account.locale,
            role: account.role,
            created_at: account.created_at,
        }
    }
}

/// Mounts the accounts.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(registration::register)
        .service(account::get_account)
        .service(account::update_account)
        .service(account::delete_account)
        .service(account::change_password)
        .service(account::export_account)
        .service(email_verifications::resend_email_verification)
        .service(email_verifications::confirm_email)
        .service(password_resets::request_password_reset)
        .service(password_resets::reset_password)
        .service(audit_log::list_audit_log)
        .service(back_office::list_accounts)
        .service(back_office::get_any_account)
        .service(back_office::invite_account)
        .service(back_office::decide_account)
        .service(back_office::remove_account_authenticators);
}
