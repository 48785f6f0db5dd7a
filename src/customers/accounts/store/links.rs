//! The tables of the links that mails carry: e-mail verifications and password resets.

use diesel::prelude::*;

use crate::customers::accounts::rules::{
    Account, AccountId, EmailVerificationId, PasswordResetId, VERIFICATION_LIFETIME,
};
use crate::platform::clock::Time;
use crate::platform::db::DbConnection;
use crate::platform::db::portable::Both;
use crate::platform::db::schema::{email_verifications, password_resets};

/// Adds a request to prove an account's present address.
pub fn insert_verification(
    tx: &mut DbConnection,
    id: EmailVerificationId,
    account: &Account,
    now: Time,
) -> QueryResult<usize> {
    diesel::insert_into(email_verifications::table)
        .values((
            email_verifications::id.eq(id),
            email_verifications::account_id.eq(account.id),
            email_verifications::email.eq(&account.email),
            email_verifications::created_at.eq(now),
            email_verifications::expires_at.eq(now.plus_seconds(VERIFICATION_LIFETIME)),
        ))
        .execute(tx)
}

/// Whose address a verification that can still be used proves.
pub fn pending_verification(
    connection: &mut DbConnection,
    id: EmailVerificationId,
    now: Time,
) -> QueryResult<Option<AccountId>> {
    email_verifications::table
        .find(id)
        .filter(email_verifications::used_at.is_null())
        .filter(email_verifications::expires_at.gt(now))
        .select(email_verifications::account_id)
        .first(connection)
        .optional()
}

/// Uses a verification, once and in time; answers whose address it proves.
pub fn use_verification(tx: &mut DbConnection, id: EmailVerificationId, now: Time) -> QueryResult<Option<AccountId>> {
    let usable = email_verifications::table
        .find(id)
        .filter(email_verifications::used_at.is_null())
        .filter(email_verifications::expires_at.gt(now));
    diesel::update(usable)
        .set(email_verifications::used_at.eq(Some(now)))
        .returning(email_verifications::account_id)
        .get_result(tx)
        .optional()
}

/// Adds a request to set a new password, which lives for `lifetime` seconds; one that is there already stays as it is.
pub fn insert_reset(
    tx: &mut DbConnection,
    id: PasswordResetId,
    account: AccountId,
    lifetime: i64,
    now: Time,
) -> QueryResult<usize> {
    let row = diesel::insert_into(password_resets::table)
        .values((
            password_resets::id.eq(id),
            password_resets::account_id.eq(account),
            password_resets::created_at.eq(now),
            password_resets::expires_at.eq(now.plus_seconds(lifetime)),
        ))
        .on_conflict(password_resets::id)
        .do_nothing();
    Both(row).execute(tx)
}

/// Whose password a reset that can still be used sets.
pub fn pending_reset(connection: &mut DbConnection, id: PasswordResetId, now: Time) -> QueryResult<Option<AccountId>> {
    password_resets::table
        .find(id)
        .filter(password_resets::used_at.is_null())
        .filter(password_resets::expires_at.gt(now))
        .select(password_resets::account_id)
        .first(connection)
        .optional()
}

/// Uses a reset, once and in time, and with it all others of the account; answers whose password it sets.
pub fn use_reset(tx: &mut DbConnection, id: PasswordResetId, now: Time) -> QueryResult<Option<AccountId>> {
    let usable = password_resets::table
        .find(id)
        .filter(password_resets::used_at.is_null())
        .filter(password_resets::expires_at.gt(now));
    let account: Option<AccountId> = diesel::update(usable)
        .set(password_resets::used_at.eq(Some(now)))
        .returning(password_resets::account_id)
        .get_result(tx)
        .optional()?;
    if let Some(account) = account {
        end_resets(tx, account, now)?;
    }
    Ok(account)
}

/// Ends every reset of an account that could still be used.
pub fn end_resets(tx: &mut DbConnection, account: AccountId, now: Time) -> QueryResult<usize> {
    let open = password_resets::table
        .filter(password_resets::account_id.eq(account))
        .filter(password_resets::used_at.is_null());
    diesel::update(open).set(password_resets::used_at.eq(Some(now))).execute(tx)
}

/// Forgets the links of an account, and the addresses that they went to.
pub fn erase(tx: &mut DbConnection, account: AccountId) -> QueryResult<usize> {
    diesel::delete(email_verifications::table.filter(email_verifications::account_id.eq(account))).execute(tx)?;
    diesel::delete(password_resets::table.filter(password_resets::account_id.eq(account))).execute(tx)
}
