//! The table of sessions.

use diesel::prelude::*;

use super::rules::{KEPT_AFTER_END, LIFETIME, Session, SessionId};
use crate::customers::accounts::rules::AccountId;
use crate::platform::clock::Time;
use crate::platform::db::DbConnection;
use crate::platform::db::schema::sessions;
use crate::platform::http::request::Sender;

#[derive(Queryable, Selectable)]
#[diesel(table_name = sessions)]
struct SessionRow {
    id: SessionId,
    ip: Option<String>,
    user_agent: Option<String>,
    created_at: Time,
    last_used_at: Time,
    expires_at: Time,
    revoked_at: Option<Time>,
}

impl From<SessionRow> for Session {
    fn from(row: SessionRow) -> Self {
        Self {
            id: row.id,
            ip: row.ip,
            user_agent: row.user_agent,
            created_at: row.created_at,
            last_used_at: row.last_used_at,
            expires_at: row.expires_at,
            revoked_at: row.revoked_at,
        }
    }
}

/// Opens a session, and forgets those of the account that ended long ago.
pub fn insert(
    tx: &mut DbConnection,
    id: SessionId,
    account: AccountId,
    refresh_token_hash: &[u8],
    sender: &Sender,
    now: Time,
) -> QueryResult<usize> {
    forget_ended(tx, account, now.plus_seconds(-KEPT_AFTER_END))?;
    diesel::insert_into(sessions::table)
        .values((
            sessions::id.eq(id),
            sessions::account_id.eq(account),
            sessions::refresh_token_hash.eq(refresh_token_hash),
            sessions::ip.eq(sender.ip_text()),
            sessions::user_agent.eq(&sender.user_agent),
            sessions::created_at.eq(now),
            sessions::last_used_at.eq(now),
            sessions::expires_at.eq(now.plus_seconds(LIFETIME)),
        ))
        .execute(tx)
}

fn forget_ended(tx: &mut DbConnection, account: AccountId, before: Time) -> QueryResult<usize> {
    diesel::delete(sessions::table.filter(sessions::account_id.eq(account)).filter(sessions::expires_at.lt(before)))
        .execute(tx)
}

/// Replaces the refresh token of an open session whose newest one this is; one conditional statement, so that of
/// several callers with the same token one succeeds.
pub fn rotate(
    tx: &mut DbConnection,
    id: SessionId,
    old_hash: &[u8],
    new_hash: &[u8],
    sender: &Sender,
    now: Time,
) -> QueryResult<Option<AccountId>> {
    let newest = sessions::table
        .find(id)
        .filter(sessions::refresh_token_hash.eq(old_hash))
        .filter(sessions::revoked_at.is_null())
        .filter(sessions::expires_at.gt(now));
    diesel::update(newest)
        .set((
            sessions::refresh_token_hash.eq(new_hash),
            sessions::ip.eq(sender.ip_text()),
            sessions::user_agent.eq(&sender.user_agent),
            sessions::last_used_at.eq(now),
            sessions::expires_at.eq(now.plus_seconds(LIFETIME)),
        ))
        .returning(sessions::account_id)
        .get_result(tx)
        .optional()
}

/// Whether a session exists and was not closed.
pub fn is_open(connection: &mut DbConnection, id: SessionId) -> QueryResult<bool> {
    let open = sessions::table.find(id).filter(sessions::revoked_at.is_null());
    diesel::select(diesel::dsl::exists(open)).get_result(connection)
}

/// A session, whosever it is.
pub fn find(connection: &mut DbConnection, id: SessionId) -> QueryResult<Option<Session>> {
    let row: Option<SessionRow> =
        sessions::table.find(id).select(SessionRow::as_select()).first(connection).optional()?;
    Ok(row.map(Session::from))
}

/// An account's open sessions, newest first, those before `before`.
pub fn list_open(
    connection: &mut DbConnection,
    account: AccountId,
    before: Option<SessionId>,
    limit: i64,
    now: Time,
) -> QueryResult<Vec<Session>> {
    let mut query = sessions::table
        .filter(sessions::account_id.eq(account))
        .filter(sessions::revoked_at.is_null())
        .filter(sessions::expires_at.gt(now))
        .select(SessionRow::as_select())
        .into_boxed();
    if let Some(before) = before {
        query = query.filter(sessions::id.lt(before));
    }
    let rows: Vec<SessionRow> = query.order(sessions::id.desc()).limit(limit).load(connection)?;
    Ok(rows.into_iter().map(Session::from).collect())
}

/// Every session of an account that is remembered, newest first.
pub fn all(connection: &mut DbConnection, account: AccountId) -> QueryResult<Vec<Session>> {
    let rows: Vec<SessionRow> = sessions::table
        .filter(sessions::account_id.eq(account))
        .order(sessions::id.desc())
        .select(SessionRow::as_select())
        .load(connection)?;
    Ok(rows.into_iter().map(Session::from).collect())
}

/// Closes a session, whosever it is; false when it was closed already.
pub fn revoke(tx: &mut DbConnection, id: SessionId, now: Time) -> QueryResult<bool> {
    let open = sessions::table.find(id).filter(sessions::revoked_at.is_null());
    Ok(diesel::update(open).set(sessions::revoked_at.eq(Some(now))).execute(tx)? > 0)
}

/// Closes one of an account's own open sessions; false when there is no such.
pub fn revoke_own(tx: &mut DbConnection, account: AccountId, id: SessionId, now: Time) -> QueryResult<bool> {
    let open = sessions::table.find(id).filter(sessions::account_id.eq(account)).filter(sessions::revoked_at.is_null());
    Ok(diesel::update(open).set(sessions::revoked_at.eq(Some(now))).execute(tx)? > 0)
}

/// Closes all of an account's sessions but one, and says which were closed.
pub fn revoke_all(
    tx: &mut DbConnection,
    account: AccountId,
    except: Option<SessionId>,
    now: Time,
) -> QueryResult<Vec<SessionId>> {
    // No session has the nil identifier, so that without an exception all are closed.
    let kept = except.unwrap_or(SessionId(uuid::Uuid::nil()));
    let others = sessions::table
        .filter(sessions::account_id.eq(account))
        .filter(sessions::id.ne(kept))
        .filter(sessions::revoked_at.is_null());
    diesel::update(others).set(sessions::revoked_at.eq(Some(now))).returning(sessions::id).get_results(tx)
}

/// Forgets from where an account's sessions were used.
pub fn erase(tx: &mut DbConnection, account: AccountId) -> QueryResult<usize> {
    diesel::update(sessions::table.filter(sessions::account_id.eq(account)))
        .set((sessions::ip.eq(None::<String>), sessions::user_agent.eq(None::<String>)))
        .execute(tx)
}
