//! Registration, e-mail verification, passwords and erasure.

use super::back_office;
use super::jobs::{PasswordChangedMail, PasswordResetMail, VerificationMail};
use super::link_token;
use super::rules::{self, Account, AccountId, EmailVerificationId, PasswordResetId, PersonalDetails};
use super::store::{self, links};
use crate::customers::consents;
use crate::customers::consents::rules::RegistrationConsents;
use crate::customers::privacy::Privacy;
use crate::customers::problems::{EMAIL_ALREADY_VERIFIED, EMAIL_TAKEN, INVALID_TOKEN};
use crate::customers::sessions;
use crate::customers::sessions::refresh_token::RefreshToken;
use crate::customers::sessions::rules::SessionId;
use crate::platform::Platform;
use crate::platform::clock::Time;
use crate::platform::db::DbConnection;
use crate::platform::http::request::Sender;
use crate::platform::jobs;
use crate::platform::problem::{Problem, UNAUTHENTICATED};

/// Refuses an address that is taken, before a password is hashed for nothing. [`register`] decides.
///
/// # Errors
/// `email_taken`.
pub fn refuse_taken(connection: &mut DbConnection, email: &str) -> Result<(), Problem> {
    if store::find_by_email(connection, email)?.is_some() { Err(EMAIL_TAKEN.problem()) } else { Ok(()) }
}

/// Registers an account with its consents, its first session and the verification mail, all in one transaction.
///
/// # Errors
/// `email_taken`, or `invalid_fields` for consent documents that are not in force.
pub fn register(
    tx: &mut DbConnection,
    account: &Account,
    password_hash: &str,
    consents: &RegistrationConsents,
    session: &RefreshToken,
    sender: &Sender,
) -> Result<(), Problem> {
    let now = account.created_at;
    if !store::insert(tx, account, password_hash)? {
        return Err(EMAIL_TAKEN.problem());
    }
    consents::flow::record_registration(tx, account.id, consents, sender, now)?;
    sessions::store::insert(tx, session.session(), account.id, &session.hash(), sender, now)?;
    owe_verification(tx, account, now)
}

/// Replaces what an account says of its owner.
///
/// # Errors
/// `unauthenticated` for an account that was erased meanwhile.
pub fn update(
    tx: &mut DbConnection,
    present: &Account,
    details: &PersonalDetails,
    now: Time,
) -> Result<Account, Problem> {
    store::update(tx, present, details, now)?;
    store::find(tx, present.id)?.ok_or_else(|| UNAUTHENTICATED.problem())
}

/// Sends the verification mail again.
///
/// # Errors
/// `email_already_verified`.
pub fn resend_verification(tx: &mut DbConnection, id: AccountId, now: Time) -> Result<(), Problem> {
    let account = store::find(tx, id)?.ok_or_else(|| UNAUTHENTICATED.problem())?;
    if account.email_verified_at.is_some() {
        return Err(EMAIL_ALREADY_VERIFIED.problem());
    }
    owe_verification(tx, &account, now)
}

fn owe_verification(tx: &mut DbConnection, account: &Account, now: Time) -> Result<(), Problem> {
    let verification_id = EmailVerificationId::new();
    links::insert_verification(tx, verification_id, account, now)?;
    jobs::enqueue(tx, &VerificationMail { verification_id }, now)?;
    Ok(())
}

/// Proves an address with a verification whose token was right.
///
/// # Errors
/// `invalid_token` for one that was used or is too old.
pub fn confirm_email(tx: &mut DbConnection, id: EmailVerificationId, now: Time) -> Result<(), Problem> {
    let account = links::use_verification(tx, id, now)?.ok_or_else(|| INVALID_TOKEN.problem())?;
    store::mark_verified(tx, account, now)?;
    Ok(())
}

/// Begins a password reset. Whether there is such an account is found out by the job, so that the answer and the time
/// it takes tell nothing.
///
/// # Errors
/// When the database fails.
pub async fn request_reset(platform: &Platform, email: &str) -> Result<(), Problem> {
    let now = platform.clock.now();
    let job = PasswordResetMail::to(&platform.keys, email)?;
    platform.db.write(move |tx| jobs::enqueue(tx, &job, now).map(|_| ())).await
}

/// Sets a new password with the token of a reset, and closes all sessions. Whoever got the mail owns the address, so
/// that it is proved as well.
///
/// Answers the sessions that were closed.
///
/// # Errors
/// `invalid_token`, or `invalid_fields` for a password that is not good enough.
pub async fn reset_password(platform: &Platform, token: &str, password: String) -> Result<Vec<SessionId>, Problem> {
    let id: PasswordResetId = link_token::read(&platform.keys, link_token::PASSWORD_RESET, token)?;
    let now = platform.clock.now();
    let account = platform
        .db
        .read(move |connection| match links::pending_reset(connection, id, now)? {
            Some(account) => store::find(connection, account),
            None => Ok(None),
        })
        .await?
        .ok_or_else(|| INVALID_TOKEN.problem())?;
    rules::check_password("/password", &password, &account.email)?;
    let hash = platform.passwords.hash(password).await?;
    platform
        .db
        .write(move |tx| {
            let account = links::use_reset(tx, id, now)?.ok_or_else(|| INVALID_TOKEN.problem())?;
            store::mark_verified(tx, account, now)?;
            set_password(tx, account, &hash, None, now)
        })
        .await
}

/// Sets a new password for whoever knows the old one, and closes all other sessions.
///
/// Answers the sessions that were closed.
///
/// # Errors
/// `invalid_fields`: `wrong_password`, or a new one that is not good enough.
pub async fn change_password(
    platform: &Platform,
    account: AccountId,
    kept: SessionId,
    (old, new): (String, String),
) -> Result<Vec<SessionId>, Problem> {
    let (owner, old_hash) = prove_password(platform, account, "/current_password", old).await?;
    rules::check_password("/new_password", &new, &owner.email)?;
    let (new_hash, now) = (platform.passwords.hash(new).await?, platform.clock.now());
    platform
        .db
        .write(move |tx| {
            // Of two changes at once the second one's old password is no longer right.
            if store::lock_password_hash(tx, account)?.as_ref() != Some(&old_hash) {
                return Err(wrong_password("/current_password"));
            }
            links::end_resets(tx, account, now)?;
            set_password(tx, account, &new_hash, Some(kept), now)
        })
        .await
}

/// The account of whoever knows its password, with the password's hash, which a transaction that builds on it must find
/// unchanged.
///
/// # Errors
/// `invalid_fields` (`wrong_password`), pointing at the password.
pub async fn prove_password(
    platform: &Platform,
    account: AccountId,
    pointer: &'static str,
    password: String,
) -> Result<(Account, String), Problem> {
    let known = platform
        .db
        .read(move |connection| Ok((store::find(connection, account)?, store::password_hash(connection, account)?)))
        .await?;
    let (Some(owner), Some(hash)) = known else { return Err(UNAUTHENTICATED.problem()) };
    if platform.passwords.verify(password, Some(hash.clone())).await? {
        Ok((owner, hash))
    } else {
        Err(wrong_password(pointer))
    }
}

/// The refusal of a password that is not the present one.
pub fn wrong_password(pointer: &'static str) -> Problem {
    Problem::invalid_field(
        pointer,
        "wrong_password",
        "La password attuale non è corretta",
        "The present password is not right",
    )
}

fn set_password(
    tx: &mut DbConnection,
    account_id: AccountId,
    hash: &str,
    kept: Option<SessionId>,
    now: Time,
) -> Result<Vec<SessionId>, Problem> {
    // The first password of who was invited replaces none.
    let had_password = store::password_hash(tx, account_id)?.is_some_and(|hash| !hash.is_empty());
    store::set_password_hash(tx, account_id, hash, now)?;
    if had_password {
        jobs::enqueue(tx, &PasswordChangedMail { account_id, changed_at: now }, now)?;
    }
    Ok(sessions::store::revoke_all(tx, account_id, kept, now)?)
}

/// Erases an account (GDPR art. 17) for whoever has just logged in: a stolen access token alone is not enough for what
/// cannot be undone.
///
/// Answers the sessions that were closed.
///
/// # Errors
/// `recent_login_required`, `last_administrator`, or the refusal of a room whose business with the account is not over.
pub fn erase(
    tx: &mut DbConnection,
    privacy: &Privacy,
    account: AccountId,
    session: SessionId,
    now: Time,
) -> Result<Vec<SessionId>, Problem> {
    sessions::flow::require_recent(tx, session, now)?;
    back_office::spare_last_administrator(tx, account)?;
    // Whoever is giving the account something more comes first, or finds it gone.
    store::take_turns(tx, account)?.ok_or_else(|| UNAUTHENTICATED.problem())?;
    let closed = sessions::store::revoke_all(tx, account, None, now)?;
    privacy.erase(tx, account, now)?;
    Ok(closed)
}
