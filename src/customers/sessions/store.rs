//! The table of sessions.

use diesel::prelude::*;

use super::rules::{NewSession, SESSION_LIFETIME, SessionId};
use crate::customers::accounts::rules::AccountId;
use crate::platform::clock::Time;
use crate::platform::db::DbConnection;
use crate::platform::db::schema::sessions;
use crate::platform::http::request::Sender;

/// Begins a session.
pub fn insert(
    tx: &mut DbConnection,
    account: AccountId,
    session: &NewSession,
    sender: &Sender,
    now: Time,
) -> QueryResult<usize> {
    diesel::insert_into(sessions::table)
        .values((
            sessions::id.eq(session.id),
            sessions::account_id.eq(account),
            sessions::refresh_token_hash.eq(session.token_hash()),
            sessions::ip.eq(sender.ip_text()),
            sessions::user_agent.eq(&sender.user_agent),
            sessions::created_at.eq(now),
            sessions::last_used_at.eq(now),
            sessions::expires_at.eq(now.plus_seconds(SESSION_LIFETIME)),
        ))
        .execute(tx)
}

/// Exchanges the current refresh token for the next one: one conditional update, so that of two exchanges at once one wins.
pub fn rotate(tx: &mut DbConnection, used_hash: &[u8], next: &NewSession, now: Time) -> QueryResult<Option<AccountId>> {
    diesel::update(sessions::table.find(next.id))
        .filter(sessions::refresh_token_hash.eq(used_hash))
        .filter(sessions::revoked_at.is_null())
        .filter(sessions::expires_at.gt(now))
        .set((
            sessions::refresh_token_hash.eq(next.token_hash()),
            sessions::last_used_at.eq(now),
            sessions::expires_at.eq(now.plus_seconds(SESSION_LIFETIME)),
        ))
        .returning(sessions::account_id)
        .get_result(tx)
        .optional()
}

/// Ends a session; false where it is over or unknown. With an account, only that account's.
pub fn revoke(tx: &mut DbConnection, id: SessionId, account: Option<AccountId>, now: Time) -> QueryResult<bool> {
    let mut update = diesel::update(sessions::table.find(id).filter(sessions::revoked_at.is_null()))
        .set(sessions::revoked_at.eq(Some(now)))
        .into_boxed();
    if let Some(account) = account {
        update = update.filter(sessions::account_id.eq(account));
    }
    Ok(update.execute(tx)? == 1)
}
