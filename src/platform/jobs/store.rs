//! The jobs table.

use diesel::prelude::*;

use super::{JobId, JobState};
use crate::platform::clock::Time;
use crate::platform::db::DbConnection;
use crate::platform::db::portable::{Both, SkipLocked};
use crate::platform::db::schema::jobs;
use crate::platform::db::types::Json;

/// A job that a runner has leased.
#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = jobs)]
pub struct LeasedJob {
    /// Which.
    pub id: JobId,
    /// Its kind.
    pub kind: String,
    /// Its payload.
    pub payload: Json,
    /// Tries so far, this one included.
    pub attempts: i32,
}

/// Adds a job; under a `dedup_key` that is taken, nothing.
pub fn insert(
    tx: &mut DbConnection,
    id: JobId,
    kind: &str,
    payload: &Json,
    dedup_key: Option<&str>,
    run_at: Time,
) -> QueryResult<usize> {
    let row = diesel::insert_into(jobs::table)
        .values((
            jobs::id.eq(id),
            jobs::kind.eq(kind),
            jobs::payload.eq(payload),
            jobs::dedup_key.eq(dedup_key),
            jobs::state.eq(JobState::Queued),
            jobs::attempts.eq(0),
            jobs::run_at.eq(run_at),
            jobs::created_at.eq(run_at),
        ))
        .on_conflict(jobs::dedup_key)
        .do_nothing();
    Both(row).execute(tx)
}

/// Whether any job waits for a runner: cheap enough to ask ten times a second.
pub fn any_due(connection: &mut DbConnection, now: Time) -> QueryResult<bool> {
    let queued = jobs::table.filter(jobs::state.eq(JobState::Queued)).filter(jobs::run_at.le(now));
    if diesel::select(diesel::dsl::exists(queued)).get_result(connection)? {
        return Ok(true);
    }
    let abandoned = jobs::table.filter(jobs::state.eq(JobState::Running)).filter(jobs::leased_until.lt(Some(now)));
    diesel::select(diesel::dsl::exists(abandoned)).get_result(connection)
}

/// Leases up to `count` due jobs: queued ones, and ones whose runner let its lease run out.
pub fn lease(tx: &mut DbConnection, count: i64, now: Time, until: Time) -> QueryResult<Vec<LeasedJob>> {
    let queued = jobs::table
        .filter(jobs::state.eq(JobState::Queued))
        .filter(jobs::run_at.le(now))
        .order((jobs::run_at, jobs::id))
        .limit(count)
        .select(jobs::id);
    let mut ids: Vec<JobId> = SkipLocked(queued).get_results(tx)?;
    if (ids.len() as i64) < count {
        let abandoned = jobs::table
            .filter(jobs::state.eq(JobState::Running))
            .filter(jobs::leased_until.lt(Some(now)))
            .order(jobs::id)
            .limit(count - ids.len() as i64)
            .select(jobs::id);
        ids.append(&mut SkipLocked(abandoned).get_results(tx)?);
    }
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    diesel::update(jobs::table.filter(jobs::id.eq_any(ids)))
        .set((
            jobs::state.eq(JobState::Running),
            jobs::leased_until.eq(Some(until)),
            jobs::attempts.eq(jobs::attempts + 1),
        ))
        .returning((jobs::id, jobs::kind, jobs::payload, jobs::attempts))
        .get_results(tx)
}

/// Marks a job done; one that another runner finished meanwhile stays as it is.
pub fn finish(tx: &mut DbConnection, id: JobId, now: Time) -> QueryResult<usize> {
    diesel::update(jobs::table.find(id).filter(jobs::state.eq(JobState::Running)))
        .set((jobs::state.eq(JobState::Done), jobs::leased_until.eq(None::<Time>), jobs::finished_at.eq(Some(now))))
        .execute(tx)
}

/// Puts a job back for a later try.
pub fn postpone(tx: &mut DbConnection, id: JobId, run_at: Time, error: &str) -> QueryResult<usize> {
    diesel::update(jobs::table.find(id).filter(jobs::state.eq(JobState::Running)))
        .set((
            jobs::state.eq(JobState::Queued),
            jobs::leased_until.eq(None::<Time>),
            jobs::run_at.eq(run_at),
            jobs::last_error.eq(Some(error)),
        ))
        .execute(tx)
}

/// Gives a job up.
pub fn bury(tx: &mut DbConnection, id: JobId, now: Time, error: &str) -> QueryResult<usize> {
    diesel::update(jobs::table.find(id).filter(jobs::state.eq(JobState::Running)))
        .set((
            jobs::state.eq(JobState::Dead),
            jobs::leased_until.eq(None::<Time>),
            jobs::finished_at.eq(Some(now)),
            jobs::last_error.eq(Some(error)),
        ))
        .execute(tx)
}

/// How many jobs are in each state.
pub fn count_by_state(connection: &mut DbConnection) -> QueryResult<Vec<(JobState, i64)>> {
    jobs::table.group_by(jobs::state).select((jobs::state, diesel::dsl::count_star())).load(connection)
}

/// Forgets jobs that were done before a moment.
pub fn purge_done(tx: &mut DbConnection, before: Time) -> QueryResult<usize> {
    diesel::delete(jobs::table.filter(jobs::state.eq(JobState::Done)).filter(jobs::finished_at.lt(Some(before))))
        .execute(tx)
}
