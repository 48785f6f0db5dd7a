//! The table of timelines.

use diesel::prelude::*;

use crate::activation::requests::rules::{ActivationEventId, ActivationRequestId, RequestStatus};
use crate::activation::requests::timeline::{ActivationEvent, Happening};
use crate::platform::clock::Time;
use crate::platform::db::DbConnection;
use crate::platform::db::schema::activation_events;
use crate::platform::db::types::Json;

#[derive(Queryable, Selectable)]
#[diesel(table_name = activation_events)]
struct EventRow {
    sequence: i64,
    kind: String,
    actor: String,
    status: RequestStatus,
    details: Json,
    recorded_at: Time,
    previous_hash: Vec<u8>,
    hash: Vec<u8>,
}

impl From<EventRow> for ActivationEvent {
    fn from(row: EventRow) -> Self {
        Self {
            sequence: row.sequence,
            kind: row.kind,
            actor: row.actor,
            status: row.status,
            details: row.details.0,
            at: row.recorded_at,
            previous_hash: row.previous_hash,
            hash: row.hash,
        }
    }
}

/// A request's timeline, oldest first.
pub fn timeline(connection: &mut DbConnection, request: ActivationRequestId) -> QueryResult<Vec<ActivationEvent>> {
    timeline_after(connection, request, 0)
}

/// The entries of a request's timeline after one of them, oldest first.
pub fn timeline_after(
    connection: &mut DbConnection,
    request: ActivationRequestId,
    sequence: i64,
) -> QueryResult<Vec<ActivationEvent>> {
    let rows: Vec<EventRow> = activation_events::table
        .filter(activation_events::request_id.eq(request))
        .filter(activation_events::sequence.gt(sequence))
        .order(activation_events::sequence)
        .select(EventRow::as_select())
        .load(connection)?;
    Ok(rows.into_iter().map(ActivationEvent::from).collect())
}

/// The number of the last entry of each of these requests' timelines.
pub fn latest_sequences(
    connection: &mut DbConnection,
    requests: &[ActivationRequestId],
) -> QueryResult<Vec<(ActivationRequestId, i64)>> {
    let rows: Vec<(ActivationRequestId, Option<i64>)> = activation_events::table
        .filter(activation_events::request_id.eq_any(requests.iter().copied()))
        .group_by(activation_events::request_id)
        .select((activation_events::request_id, diesel::dsl::max(activation_events::sequence)))
        .load(connection)?;
    Ok(rows.into_iter().filter_map(|(request, sequence)| sequence.map(|sequence| (request, sequence))).collect())
}

/// Adds to a request's timeline; the caller holds the request's lock, so the sequence has no gaps.
pub fn record(tx: &mut DbConnection, request: ActivationRequestId, happening: Happening<'_>) -> QueryResult<usize> {
    let last: Option<EventRow> = activation_events::table
        .filter(activation_events::request_id.eq(request))
        .order(activation_events::sequence.desc())
        .select(EventRow::as_select())
        .first(tx)
        .optional()?;
    let event = ActivationEvent::following(request, last.map(ActivationEvent::from).as_ref(), happening);
    diesel::insert_into(activation_events::table)
        .values((
            activation_events::id.eq(ActivationEventId::new()),
            activation_events::request_id.eq(request),
            activation_events::sequence.eq(event.sequence),
            activation_events::kind.eq(event.kind),
            activation_events::actor.eq(event.actor),
            activation_events::status.eq(event.status),
            activation_events::details.eq(Json(event.details)),
            activation_events::recorded_at.eq(event.at),
            activation_events::previous_hash.eq(event.previous_hash),
            activation_events::hash.eq(event.hash),
        ))
        .execute(tx)
}
