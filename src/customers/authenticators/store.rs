//! The table of authenticators, and the count of wrong codes that an account keeps.

pub mod recovery_codes;

use diesel::prelude::*;

use super::rules::{Authenticator, AuthenticatorId, Tries};
use crate::customers::accounts::rules::AccountId;
use crate::platform::clock::Time;
use crate::platform::db::DbConnection;
use crate::platform::db::schema::{accounts, authenticators};

#[derive(Queryable, Selectable)]
#[diesel(table_name = authenticators)]
struct AuthenticatorRow {
    id: AuthenticatorId,
    label: Option<String>,
    sealed_secret: Vec<u8>,
    created_at: Time,
    confirmed_at: Option<Time>,
    last_used_at: Option<Time>,
}

impl From<AuthenticatorRow> for Authenticator {
    fn from(row: AuthenticatorRow) -> Self {
        Self {
            id: row.id,
            label: row.label,
            sealed_secret: row.sealed_secret,
            created_at: row.created_at,
            confirmed_at: row.confirmed_at,
            last_used_at: row.last_used_at,
        }
    }
}

/// Adds an authenticator that has yet to prove that it works; one that never did makes way for it.
pub fn insert(tx: &mut DbConnection, account: AccountId, authenticator: &Authenticator) -> QueryResult<usize> {
    let unconfirmed = authenticators::table
        .filter(authenticators::account_id.eq(account))
        .filter(authenticators::confirmed_at.is_null());
    diesel::delete(unconfirmed).execute(tx)?;
    diesel::insert_into(authenticators::table)
        .values((
            authenticators::id.eq(authenticator.id),
            authenticators::account_id.eq(account),
            authenticators::label.eq(&authenticator.label),
            authenticators::sealed_secret.eq(&authenticator.sealed_secret),
            authenticators::created_at.eq(authenticator.created_at),
        ))
        .execute(tx)
}

/// One of an account's authenticators.
pub fn find_own(
    connection: &mut DbConnection,
    account: AccountId,
    id: AuthenticatorId,
) -> QueryResult<Option<Authenticator>> {
    let row: Option<AuthenticatorRow> = authenticators::table
        .find(id)
        .filter(authenticators::account_id.eq(account))
        .select(AuthenticatorRow::as_select())
        .first(connection)
        .optional()?;
    Ok(row.map(Authenticator::from))
}

/// An account's authenticators, newest first, those before `before`.
pub fn list(
    connection: &mut DbConnection,
    account: AccountId,
    before: Option<AuthenticatorId>,
    limit: i64,
) -> QueryResult<Vec<Authenticator>> {
    let mut query = authenticators::table
        .filter(authenticators::account_id.eq(account))
        .select(AuthenticatorRow::as_select())
        .into_boxed();
    if let Some(before) = before {
        query = query.filter(authenticators::id.lt(before));
    }
    let rows: Vec<AuthenticatorRow> = query.order(authenticators::id.desc()).limit(limit).load(connection)?;
    Ok(rows.into_iter().map(Authenticator::from).collect())
}

/// Those of an account's authenticators that count.
pub fn confirmed(connection: &mut DbConnection, account: AccountId) -> QueryResult<Vec<Authenticator>> {
    let rows: Vec<AuthenticatorRow> = authenticators::table
        .filter(authenticators::account_id.eq(account))
        .filter(authenticators::confirmed_at.is_not_null())
        .order(authenticators::id.desc())
        .select(AuthenticatorRow::as_select())
        .load(connection)?;
    Ok(rows.into_iter().map(Authenticator::from).collect())
}

/// How many authenticators of an account count.
pub fn count_confirmed(connection: &mut DbConnection, account: AccountId) -> QueryResult<i64> {
    authenticators::table
        .filter(authenticators::account_id.eq(account))
        .filter(authenticators::confirmed_at.is_not_null())
        .count()
        .get_result(connection)
}

/// Makes an authenticator count from now on.
pub fn confirm(tx: &mut DbConnection, id: AuthenticatorId, step: i64, now: Time) -> QueryResult<usize> {
    diesel::update(authenticators::table.find(id))
        .set((authenticators::confirmed_at.eq(Some(now)), authenticators::last_step.eq(Some(step))))
        .execute(tx)
}

/// Uses the code of a step; false where it, or a later one, was used before. One conditional statement, so that of
/// several callers with the same code one succeeds (RFC 6238 §5.2).
pub fn use_step(tx: &mut DbConnection, id: AuthenticatorId, step: i64, now: Time) -> QueryResult<bool> {
    let unused = authenticators::table
        .find(id)
        .filter(authenticators::last_step.is_null().or(authenticators::last_step.lt(step)));
    let used = diesel::update(unused)
        .set((authenticators::last_step.eq(Some(step)), authenticators::last_used_at.eq(Some(now))))
        .execute(tx)?;
    Ok(used == 1)
}

/// Removes an authenticator.
pub fn delete(tx: &mut DbConnection, id: AuthenticatorId) -> QueryResult<usize> {
    diesel::delete(authenticators::table.find(id)).execute(tx)
}

/// Removes all authenticators of an account and its recovery codes; answers how many authenticators counted.
pub fn delete_all(tx: &mut DbConnection, account: AccountId) -> QueryResult<i64> {
    let counted = count_confirmed(tx, account)?;
    diesel::delete(authenticators::table.filter(authenticators::account_id.eq(account))).execute(tx)?;
    recovery_codes::delete(tx, account)?;
    forget_failures(tx, account)?;
    Ok(counted)
}

/// The wrong codes that an account was tried with.
pub fn tries(connection: &mut DbConnection, account: AccountId) -> QueryResult<Tries> {
    let (failures, last_failed_at) =
        accounts::table.find(account).select((accounts::totp_failures, accounts::totp_failed_at)).first(connection)?;
    Ok(Tries { failures, last_failed_at })
}

/// Counts a wrong code; answers how many it makes.
pub fn count_failure(tx: &mut DbConnection, account: AccountId, now: Time) -> QueryResult<i32> {
    diesel::update(accounts::table.find(account))
        .set((accounts::totp_failures.eq(accounts::totp_failures + 1), accounts::totp_failed_at.eq(Some(now))))
        .returning(accounts::totp_failures)
        .get_result(tx)
}

/// Forgets the wrong codes.
pub fn forget_failures(tx: &mut DbConnection, account: AccountId) -> QueryResult<usize> {
    diesel::update(accounts::table.find(account).filter(accounts::totp_failures.gt(0)))
        .set((accounts::totp_failures.eq(0), accounts::totp_failed_at.eq(None::<Time>)))
        .execute(tx)
}
