//! The table of idempotency keys.

use diesel::prelude::*;

use crate::platform::clock::Time;
use crate::platform::db::DbConnection;
use crate::platform::db::portable::{Both, Locked};
use crate::platform::db::schema::idempotency_keys;

/// What is known of a key.
#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = idempotency_keys)]
pub struct Row {
    /// Hash of the request it came with.
    pub fingerprint: Vec<u8>,
    /// Until when a claim lasts.
    pub leased_until: Option<Time>,
    /// The sealed answer.
    pub answer: Option<Vec<u8>>,
    /// When it was first claimed.
    pub created_at: Time,
}

/// Claims a key that nobody has claimed; false when somebody has.
pub fn insert(
    tx: &mut DbConnection,
    caller: &str,
    key: &str,
    fingerprint: &[u8],
    now: Time,
    until: Time,
) -> QueryResult<bool> {
    let row = diesel::insert_into(idempotency_keys::table)
        .values((
            idempotency_keys::caller.eq(caller),
            idempotency_keys::idempotency_key.eq(key),
            idempotency_keys::fingerprint.eq(fingerprint),
            idempotency_keys::leased_until.eq(Some(until)),
            idempotency_keys::created_at.eq(now),
        ))
        .on_conflict((idempotency_keys::caller, idempotency_keys::idempotency_key))
        .do_nothing();
    Ok(Both(row).execute(tx)? == 1)
}

/// Reads a key.
pub fn find(connection: &mut DbConnection, caller: &str, key: &str) -> QueryResult<Option<Row>> {
    idempotency_keys::table.find((caller, key)).select(Row::as_select()).first(connection).optional()
}

/// Reads a key, so that whoever else wants to take it over waits.
pub fn find_locked(tx: &mut DbConnection, caller: &str, key: &str) -> QueryResult<Option<Row>> {
    Locked(idempotency_keys::table.find((caller, key)).select(Row::as_select())).get_result(tx).optional()
}

/// Takes over a claim that ran out or is too old to count.
pub fn take_over(
    tx: &mut DbConnection,
    caller: &str,
    key: &str,
    fingerprint: &[u8],
    created_at: Time,
    until: Time,
) -> QueryResult<usize> {
    diesel::update(idempotency_keys::table.find((caller, key)))
        .set((
            idempotency_keys::fingerprint.eq(fingerprint),
            idempotency_keys::leased_until.eq(Some(until)),
            idempotency_keys::answer.eq(None::<Vec<u8>>),
            idempotency_keys::created_at.eq(created_at),
        ))
        .execute(tx)
}

/// Stores a sealed answer.
pub fn keep(tx: &mut DbConnection, caller: &str, key: &str, sealed: &[u8]) -> QueryResult<usize> {
    diesel::update(idempotency_keys::table.find((caller, key)))
        .set((idempotency_keys::answer.eq(Some(sealed)), idempotency_keys::leased_until.eq(None::<Time>)))
        .execute(tx)
}

/// Forgets keys claimed before a moment.
pub fn purge(tx: &mut DbConnection, before: Time) -> QueryResult<usize> {
    diesel::delete(idempotency_keys::table.filter(idempotency_keys::created_at.lt(before))).execute(tx)
}
