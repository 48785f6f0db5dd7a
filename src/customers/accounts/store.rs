//! The table of accounts.

pub mod back_office;
pub mod links;

use diesel::prelude::*;

use super::rules::{self, Account, AccountId, PersonalDetails, Role};
use crate::platform::clock::Time;
use crate::platform::db::DbConnection;
use crate::platform::db::portable::{Both, Locked, LockedLightly};
use crate::platform::db::schema::accounts;
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

/// Makes whoever does the same wait, so that what there may be one of an account is looked for by one at a time; none
/// where the account was erased meanwhile.
pub fn take_turns(tx: &mut DbConnection, id: AccountId) -> QueryResult<Option<AccountId>> {
    let present = accounts::table.find(id).filter(accounts::erased_at.is_null());
    LockedLightly(present.select(accounts::id)).get_result(tx).optional()
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
            accounts::search_text.eq(rules::search_text(&account.email, &account.first_name, &account.last_name)),
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

/// An account that was not erased.
///
/// # Errors
/// When the database fails.
pub fn find(connection: &mut DbConnection, id: AccountId) -> Result<Option<Account>, Problem> {
    let row: Option<AccountRow> = accounts::table
        .find(id)
        .filter(accounts::erased_at.is_null())
        .select(AccountRow::as_select())
        .first(connection)
        .optional()?;
    Ok(row.map(Account::from))
}

/// An account by its address.
///
/// # Errors
/// When the database fails.
pub fn find_by_email(connection: &mut DbConnection, email: &str) -> Result<Option<Account>, Problem> {
    Ok(find_credentials(connection, email)?.map(|(account, _)| account))
}

/// An account by its address, with the hash of its password.
///
/// # Errors
/// When the database fails.
pub fn find_credentials(connection: &mut DbConnection, email: &str) -> Result<Option<(Account, String)>, Problem> {
    let row: Option<(AccountRow, String)> = accounts::table
        .filter(accounts::email.eq(email))
        .filter(accounts::erased_at.is_null())
        .select((AccountRow::as_select(), accounts::password_hash))
        .first(connection)
        .optional()?;
    Ok(row.map(|(account, hash)| (account.into(), hash)))
}

/// The hash of an account's password.
pub fn password_hash(connection: &mut DbConnection, id: AccountId) -> QueryResult<Option<String>> {
    let account = accounts::table.find(id).filter(accounts::erased_at.is_null());
    account.select(accounts::password_hash).first(connection).optional()
}

/// As [`password_hash`], keeping it from being changed until the transaction ends.
pub fn lock_password_hash(tx: &mut DbConnection, id: AccountId) -> QueryResult<Option<String>> {
    let account = accounts::table.find(id).filter(accounts::erased_at.is_null());
    Locked(account.select(accounts::password_hash)).get_result(tx).optional()
}

/// Whether an account may not log in.
pub fn is_suspended(connection: &mut DbConnection, id: AccountId) -> QueryResult<bool> {
    let suspended = accounts::table.find(id).filter(accounts::suspended_at.is_not_null());
    diesel::select(diesel::dsl::exists(suspended)).get_result(connection)
}

/// Replaces what an account says of its owner.
pub fn update(tx: &mut DbConnection, account: &Account, details: &PersonalDetails, now: Time) -> QueryResult<usize> {
    let PersonalDetails { first_name, last_name, .. } = details;
    let id = account.id;
    diesel::update(accounts::table.find(id).filter(accounts::erased_at.is_null()))
        .set((
            accounts::first_name.eq(first_name),
            accounts::last_name.eq(last_name),
            accounts::search_text.eq(rules::search_text(&account.email, first_name, last_name)),
            accounts::phone.eq(&details.phone),
            accounts::locale.eq(details.locale),
            accounts::updated_at.eq(now),
        ))
        .execute(tx)
}

/// Replaces the hash of a password.
pub fn set_password_hash(tx: &mut DbConnection, id: AccountId, hash: &str, now: Time) -> QueryResult<usize> {
    diesel::update(accounts::table.find(id).filter(accounts::erased_at.is_null()))
        .set((accounts::password_hash.eq(hash), accounts::updated_at.eq(now)))
        .execute(tx)
}

/// Marks an account's address as proved, unless it was before.
pub fn mark_verified(tx: &mut DbConnection, id: AccountId, now: Time) -> QueryResult<usize> {
    let unproved =
        accounts::table.find(id).filter(accounts::erased_at.is_null()).filter(accounts::email_verified_at.is_null());
    diesel::update(unproved).set((accounts::email_verified_at.eq(Some(now)), accounts::updated_at.eq(now))).execute(tx)
}

/// Takes everything from an account that tells whose it was. The row stays for what refers to it; its address becomes
/// one that nobody can have (RFC 2606 §2), so that the real one is free again.
pub fn erase(tx: &mut DbConnection, id: AccountId, now: Time) -> QueryResult<usize> {
    diesel::update(accounts::table.find(id).filter(accounts::erased_at.is_null()))
        .set((
            accounts::email.eq(format!("{id}@erased.invalid")),
            accounts::password_hash.eq(""),
            accounts::first_name.eq(""),
            accounts::last_name.eq(""),
            accounts::phone.eq(None::<String>),
            accounts::search_text.eq(""),
            accounts::email_verified_at.eq(None::<Time>),
            accounts::erased_at.eq(Some(now)),
            accounts::updated_at.eq(now),
        ))
        .execute(tx)
}
