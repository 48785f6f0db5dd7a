//! How far the sandbox's clock was moved, kept so that a restart does not move it back.

use diesel::prelude::*;

use crate::platform::db::DbConnection;
use crate::platform::db::portable::Both;
use crate::platform::db::schema::sandbox_clock;

/// Seconds that the clock is ahead of real time.
pub fn advanced_seconds(connection: &mut DbConnection) -> QueryResult<i64> {
    let found = sandbox_clock::table.find(1).select(sandbox_clock::advanced_seconds).first(connection).optional()?;
    Ok(found.unwrap_or(0))
}

/// Moves the clock on by some seconds and answers how far it is ahead now.
pub fn advance(tx: &mut DbConnection, seconds: i64) -> QueryResult<i64> {
    let row = diesel::insert_into(sandbox_clock::table)
        .values((sandbox_clock::id.eq(1), sandbox_clock::advanced_seconds.eq(seconds)))
        .on_conflict(sandbox_clock::id)
        .do_update()
        .set(sandbox_clock::advanced_seconds.eq(sandbox_clock::advanced_seconds + seconds));
    Both(row.returning(sandbox_clock::advanced_seconds)).get_result(tx)
}
