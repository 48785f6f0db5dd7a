//! The tables of accounts and of their e-mail verifications.

use diesel::prelude::*;

use super::rules::{Account, AccountId, EmailVerificationId, Role};
use crate::platform::clock::Time;
use crate::platform::db::DbConnection;
use crate::platform::db::portable::Both;
use crate::platform::db::schema::{accounts, email_verifications};
use crate::platform::locale::Locale;
use crate::platform::problem::Problem;

#[derive(Queryable, Selectable)]
#[diesel(table_name = accounts)]
struct AccountRow {
    id: AccountId,
    email: String,
    first_name: String,
    last_name: String,
    phone: Option<String>,
    locale: Locale,
    role: Role,
    email_verified_at: Option<Time>,
    created_at: Time,
}

impl From<AccountRow> for Account {
    fn from(row: AccountRow) -> Self {
        Self {
            id: row.id,
            email: row.email,
            first_name: row.first_name,
            last_name: row.last_name,
            phone: row.phone,
            locale: row.locale,
            role: row.role,
            email_verified_at: row.email_verified_at,
            created_at: row.created_at,
        }
    }
}

/// Adds an account; false where the address is taken.
pub fn insert(tx: &mut DbConnection, account: &Account, password_hash: &str) -> QueryResult<bool> {
    let row = diesel::insert_into(accounts::table)
        .values((
            accounts::id.eq(account.id),
            accounts::email.eq(&account.email),
            accounts::password_hash.eq(password_hash),
            accounts::first_name.eq(&account.first_name),
            accounts::last_name.eq(&account.last_name),
            accounts::phone.eq(&account.phone),
            accounts::locale.eq(account.locale),
            accounts::role.eq(account.role),
            accounts::email_verified_at.eq(account.email_verified_at),
            accounts::created_at.eq(account.created_at),
            accounts::updated_at.eq(account.created_at),
        ))
        .on_conflict(accounts::email)
        .do_nothing();
    Ok(Both(row).execute(tx)? == 1)
}

/// An account.
///
/// # Errors
/// When the database fails.
pub fn find(connection: &mut DbConnection, id: AccountId) -> Result<Option<Account>, Problem> {
    let row: Option<AccountRow> =
        accounts::table.find(id).select(AccountRow::as_select()).first(connection).optional()?;
    Ok(row.map(Account::from))
}

/// An account and its password's hash, by its address.
pub fn find_with_hash(connection: &mut DbConnection, email: &str) -> QueryResult<Option<(Account, String)>> {
    let row: Option<(AccountRow, String)> = accounts::table
        .filter(accounts::email.eq(email))
        .select((AccountRow::as_select(), accounts::password_hash))
        .first(connection)
        .optional()?;
    Ok(row.map(|(account, hash)| (account.into(), hash)))
}

/// Adds a request to prove an address.
pub fn insert_verification(
    tx: &mut DbConnection,
    id: EmailVerificationId,
    account: &Account,
    now: Time,
    expires_at: Time,
) -> QueryResult<usize> {
    diesel::insert_into(email_verifications::table)
        .values((
            email_verifications::id.eq(id),
            email_verifications::account_id.eq(account.id),
            email_verifications::email.eq(&account.email),
            email_verifications::created_at.eq(now),
            email_verifications::expires_at.eq(expires_at),
        ))
        .execute(tx)
}

/// Whose address a verification proves.
pub fn verified_account(connection: &mut DbConnection, id: EmailVerificationId) -> QueryResult<Option<AccountId>> {
    email_verifications::table.find(id).select(email_verifications::account_id).first(connection).optional()
}

/// Uses a verification, once and in time; answers whose it is.
pub fn use_verification(tx: &mut DbConnection, id: EmailVerificationId, now: Time) -> QueryResult<Option<AccountId>> {
    diesel::update(email_verifications::table.find(id))
        .filter(email_verifications::used_at.is_null())
        .filter(email_verifications::expires_at.gt(now))
        .set(email_verifications::used_at.eq(Some(now)))
        .returning(email_verifications::account_id)
        .get_result(tx)
        .optional()
}

/// Marks an account's address as proved.
pub fn mark_verified(tx: &mut DbConnection, id: AccountId, now: Time) -> QueryResult<usize> {
    diesel::update(accounts::table.find(id))
        .set((accounts::email_verified_at.eq(Some(now)), accounts::updated_at.eq(now)))
        .execute(tx)
}
