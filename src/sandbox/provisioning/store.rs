//! The services that the stand-in has set up.

use diesel::prelude::*;

use crate::platform::clock::Time;
use crate::platform::db::DbConnection;
use crate::platform::db::portable::Both;
use crate::platform::db::schema::sandbox_services;

crate::typed_id!(
    /// A service of the stand-in.
    SandboxServiceId = "svc"
);

/// Sets a service up that is ready at a moment, or finds the one that an earlier call with the same key has set up; answers
/// when that one is ready.
pub fn create(
    tx: &mut DbConnection,
    key: &str,
    plan: &str,
    ready_at: Time,
    now: Time,
) -> QueryResult<(SandboxServiceId, Time)> {
    let row = diesel::insert_into(sandbox_services::table)
        .values((
            sandbox_services::id.eq(SandboxServiceId::new()),
            sandbox_services::idempotency_key.eq(key),
            sandbox_services::plan.eq(plan),
            sandbox_services::created_at.eq(now),
            sandbox_services::ready_at.eq(ready_at),
        ))
        .on_conflict(sandbox_services::idempotency_key)
        .do_nothing();
    Both(row).execute(tx)?;
    sandbox_services::table
        .filter(sandbox_services::idempotency_key.eq(key))
        .select((sandbox_services::id, sandbox_services::ready_at))
        .first(tx)
}

/// When a service that was not switched off is ready.
pub fn ready_at(connection: &mut DbConnection, id: SandboxServiceId) -> QueryResult<Option<Time>> {
    let up = sandbox_services::table.find(id).filter(sandbox_services::terminated_at.is_null());
    up.select(sandbox_services::ready_at).first(connection).optional()
}

/// Whether there is such a service, and it is up.
pub fn is_up(connection: &mut DbConnection, id: SandboxServiceId) -> QueryResult<bool> {
    let up = sandbox_services::table.find(id).filter(sandbox_services::terminated_at.is_null());
    diesel::select(diesel::dsl::exists(up)).get_result(connection)
}

/// Takes a ticket for a service that is up; false for the one that was taken last, and for any older: they rise.
pub fn take_ticket(tx: &mut DbConnection, id: SandboxServiceId, ticket: &str) -> QueryResult<bool> {
    let is_newer = sandbox_services::last_ticket.is_null().or(sandbox_services::last_ticket.lt(ticket));
    let up = sandbox_services::table.find(id).filter(sandbox_services::terminated_at.is_null()).filter(is_newer);
    Ok(diesel::update(up).set(sandbox_services::last_ticket.eq(Some(ticket))).execute(tx)? == 1)
}

/// Switches a service off; false where there is none that is up.
pub fn terminate(tx: &mut DbConnection, id: SandboxServiceId, now: Time) -> QueryResult<bool> {
    let up = sandbox_services::table.find(id).filter(sandbox_services::terminated_at.is_null());
    Ok(diesel::update(up).set(sandbox_services::terminated_at.eq(Some(now))).execute(tx)? == 1)
}
