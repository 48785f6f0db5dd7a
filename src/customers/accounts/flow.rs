//! Registration: the account, its consents, its first session and the verification mail in one transaction.

use super::jobs::VerificationMail;
use super::rules::{Account, EmailVerificationId, VERIFICATION_LIFETIME};
use super::store;
use crate::customers::consents;
use crate::customers::consents::rules::RegistrationConsents;
use crate::customers::problems::{EMAIL_TAKEN, INVALID_TOKEN};
use crate::customers::sessions;
use crate::customers::sessions::rules::NewSession;
use crate::platform::clock::Time;
use crate::platform::db::DbConnection;
use crate::platform::http::request::Sender;
use crate::platform::jobs;
use crate::platform::problem::Problem;

/// Registers an account.
///
/// # Errors
/// `email_taken`, or `invalid_fields` for documents that are not the current ones.
pub fn register(
    tx: &mut DbConnection,
    account: &Account,
    password_hash: &str,
    consents: &RegistrationConsents,
    session: &NewSession,
    sender: &Sender,
) -> Result<(), Problem> {
    let now = account.created_at;
    if !store::insert(tx, account, password_hash)? {
        return Err(EMAIL_TAKEN.problem());
    }
    consents::flow::record_at_registration(tx, account.id, consents, sender, now)?;
    sessions::store::insert(tx, account.id, session, sender, now)?;
    owe_verification(tx, account, now)
}

/// Owes the mail that proves an account's address.
///
/// # Errors
/// When the database fails.
pub fn owe_verification(tx: &mut DbConnection, account: &Account, now: Time) -> Result<(), Problem> {
    let id = EmailVerificationId::new();
    store::insert_verification(tx, id, account, now, now.plus_seconds(VERIFICATION_LIFETIME))?;
    jobs::enqueue(tx, &VerificationMail { verification_id: id }, now)?;
    Ok(())
}

/// Proves an address with a verification whose token was right.
///
/// # Errors
/// `invalid_token` for one that was used or is too old.
pub fn confirm(tx: &mut DbConnection, id: EmailVerificationId, now: Time) -> Result<(), Problem> {
    let account = store::use_verification(tx, id, now)?.ok_or_else(|| INVALID_TOKEN.problem())?;
    store::mark_verified(tx, account, now)?;
    Ok(())
}
