//! Accounts as the back office sees them.

use diesel::prelude::*;

use super::AccountRow;
use crate::customers::accounts::rules::{Account, AccountId, AccountStatus, Role, normal_search};
use crate::platform::clock::Time;
use crate::platform::db::DbConnection;
use crate::platform::db::portable::{self, Locked};
use crate::platform::db::schema::{accounts, authenticators};

/// An account with what only the back office sees of it.
#[derive(Debug, Clone)]
pub struct AccountRecord {
    /// The account.
    pub account: Account,
    /// Whether it can log in.
    pub status: AccountStatus,
    /// Since when it cannot.
    pub suspended_at: Option<Time>,
    /// Whether its logins take a second factor.
    pub has_second_factor: bool,
}

/// Which accounts to list.
#[derive(Debug, Clone, Default)]
pub struct AccountFilter {
    /// Only those whose address or names hold this.
    pub search: Option<String>,
    /// Only those with this role.
    pub role: Option<Role>,
    /// Only those with this status.
    pub status: Option<AccountStatus>,
    /// Only those before this one.
    pub before: Option<AccountId>,
}

type Row = (AccountRow, String, Option<Time>);

fn records(connection: &mut DbConnection, rows: Vec<Row>) -> QueryResult<Vec<AccountRecord>> {
    let ids: Vec<AccountId> = rows.iter().map(|(row, _, _)| row.id).collect();
    let secured: Vec<AccountId> = authenticators::table
        .filter(authenticators::account_id.eq_any(ids))
        .filter(authenticators::confirmed_at.is_not_null())
        .select(authenticators::account_id)
        .load(connection)?;
    let record = |(row, password_hash, suspended_at): Row| AccountRecord {
        has_second_factor: secured.contains(&row.id),
        status: AccountStatus::of(!password_hash.is_empty(), suspended_at.is_some()),
        account: row.into(),
        suspended_at,
    };
    Ok(rows.into_iter().map(record).collect())
}

/// Accounts that were not erased, newest first.
pub fn list(connection: &mut DbConnection, filter: &AccountFilter, limit: i64) -> QueryResult<Vec<AccountRecord>> {
    let mut query = accounts::table
        .filter(accounts::erased_at.is_null())
        .select((AccountRow::as_select(), accounts::password_hash, accounts::suspended_at))
        .into_boxed();
    if let Some(search) = &filter.search {
        query = query.filter(accounts::search_text.like(containing(&normal_search(search))).escape('!'));
    }
    if let Some(role) = filter.role {
        query = query.filter(accounts::role.eq(role));
    }
    query = match filter.status {
        None => query,
        Some(AccountStatus::Suspended) => query.filter(accounts::suspended_at.is_not_null()),
        Some(AccountStatus::Active) => {
            query.filter(accounts::suspended_at.is_null()).filter(accounts::password_hash.ne(""))
        }
        Some(AccountStatus::Invited) => {
            query.filter(accounts::suspended_at.is_null()).filter(accounts::password_hash.eq(""))
        }
    };
    if let Some(before) = filter.before {
        query = query.filter(accounts::id.lt(before));
    }
    let rows: Vec<Row> = query.order(accounts::id.desc()).limit(limit).load(connection)?;
    records(connection, rows)
}

/// The pattern of texts that hold another.
fn containing(text: &str) -> String {
    let literal = text.replace('!', "!!").replace('%', "!%").replace('_', "!_");
    format!("%{literal}%")
}

/// An account that was not erased.
pub fn find(connection: &mut DbConnection, id: AccountId) -> QueryResult<Option<AccountRecord>> {
    let row: Option<Row> = accounts::table
        .find(id)
        .filter(accounts::erased_at.is_null())
        .select((AccountRow::as_select(), accounts::password_hash, accounts::suspended_at))
        .first(connection)
        .optional()?;
    Ok(records(connection, row.into_iter().collect())?.pop())
}

/// As [`find`], keeping whoever logs in or changes it waiting until the transaction ends.
pub fn find_locked(tx: &mut DbConnection, id: AccountId) -> QueryResult<Option<AccountRecord>> {
    let account = accounts::table.find(id).filter(accounts::erased_at.is_null()).select(accounts::id);
    let locked: Option<AccountId> = Locked(account).get_result(tx).optional()?;
    if locked.is_some() { find(tx, id) } else { Ok(None) }
}

/// Changes what an account may do.
pub fn set_role(tx: &mut DbConnection, id: AccountId, role: Role, now: Time) -> QueryResult<usize> {
    diesel::update(accounts::table.find(id)).set((accounts::role.eq(role), accounts::updated_at.eq(now))).execute(tx)
}

/// Suspends an account, or lets it in again.
pub fn set_suspended_at(
    tx: &mut DbConnection,
    id: AccountId,
    suspended_at: Option<Time>,
    now: Time,
) -> QueryResult<usize> {
    diesel::update(accounts::table.find(id))
        .set((accounts::suspended_at.eq(suspended_at), accounts::updated_at.eq(now)))
        .execute(tx)
}

/// Makes those who change who the administrators are take turns.
pub fn take_turns_on_administrators(tx: &mut DbConnection) -> QueryResult<()> {
    portable::take_turns(tx, "administrators")
}

/// The administrators who can log in.
pub fn active_administrators(connection: &mut DbConnection) -> QueryResult<Vec<AccountId>> {
    accounts::table
        .filter(accounts::role.eq(Role::Administrator))
        .filter(accounts::erased_at.is_null())
        .filter(accounts::suspended_at.is_null())
        .filter(accounts::password_hash.ne(""))
        .select(accounts::id)
        .load(connection)
}
