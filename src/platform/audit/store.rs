//! The table of audit entries, which only grows.

use diesel::prelude::*;
use serde_json::Value;

use super::AuditEntryId;
use crate::platform::clock::Time;
use crate::platform::db::DbConnection;
use crate::platform::db::schema::audit_log;
use crate::platform::db::types::Json;

/// One thing that somebody did.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = audit_log)]
pub struct AuditEntry {
    /// Which.
    pub id: AuditEntryId,
    /// The account that did it, or `operator` for whoever runs the server.
    pub actor: String,
    /// What, in snake_case.
    pub action: String,
    /// To what, by identifier.
    pub subject: String,
    /// Identifiers and amounts, no personal data.
    pub details: Json,
    /// When.
    pub recorded_at: Time,
}

/// Adds an entry.
pub fn record(
    tx: &mut DbConnection,
    actor: impl ToString,
    action: &str,
    subject: impl ToString,
    details: Value,
    now: Time,
) -> QueryResult<usize> {
    diesel::insert_into(audit_log::table)
        .values((
            audit_log::id.eq(AuditEntryId::new()),
            audit_log::actor.eq(actor.to_string()),
            audit_log::action.eq(action),
            audit_log::subject.eq(subject.to_string()),
            audit_log::details.eq(Json(details)),
            audit_log::recorded_at.eq(now),
        ))
        .execute(tx)
}

/// Entries, newest first, those before `before`.
pub fn list(connection: &mut DbConnection, before: Option<AuditEntryId>, limit: i64) -> QueryResult<Vec<AuditEntry>> {
    let mut query = audit_log::table.select(AuditEntry::as_select()).into_boxed();
    if let Some(before) = before {
        query = query.filter(audit_log::id.lt(before));
    }
    query.order(audit_log::id.desc()).limit(limit).load(connection)
}
