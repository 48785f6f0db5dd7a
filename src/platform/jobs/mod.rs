//! Jobs: the effects that a transaction owes the outside (mails, provisioning, notifications), delivered at least once.
//!
//! A job is enqueued inside the transaction that causes it, so it exists if and only if that committed (invariant 10 of
//! the design). A runner leases due jobs, runs their handlers and marks them; a failure is tried again with growing
//! pauses, a lease that runs out is taken over, and a job that never succeeds ends `dead` for a person to look at.

pub mod runner;
pub mod store;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::clock::Time;
use super::db::DbConnection;
use super::db::types::Json;
use super::problem::Problem;

crate::typed_id!(
    /// A job's identifier.
    JobId = "job"
);

crate::text_enum!(
    /// Where a job stands.
    JobState {
        Queued = "queued",
        Running = "running",
        Done = "done",
        Dead = "dead",
    }
);

/// The payload of one kind of job. It holds identifiers, never secrets or codes.
pub trait Job: Serialize + DeserializeOwned + Send + 'static {
    /// Stable name of the kind.
    const KIND: &'static str;
}

/// Why a job did not succeed this time.
#[derive(Debug)]
pub enum Failure {
    /// Worth another try.
    Again(String),
    /// No try will do better.
    Permanent(String),
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self::Again(problem.to_string())
    }
}

/// Owes a job from `run_at` on.
///
/// # Errors
/// When the database fails.
pub fn enqueue<J: Job>(tx: &mut DbConnection, job: &J, run_at: Time) -> Result<JobId, Problem> {
    let id = JobId::new();
    store::insert(tx, id, J::KIND, &Json::of(job)?, None, run_at)?;
    Ok(id)
}

/// Owes a job at most once: a second one under the same `dedup_key` is not added.
///
/// # Errors
/// When the database fails.
pub fn enqueue_once<J: Job>(tx: &mut DbConnection, job: &J, dedup_key: &str, run_at: Time) -> Result<(), Problem> {
    store::insert(tx, JobId::new(), J::KIND, &Json::of(job)?, Some(dedup_key), run_at)?;
    Ok(())
}

/// Seconds before the next try: 5, 10, 20, … up to an hour.
pub fn pause_after(attempts: i32) -> i64 {
    let doublings = attempts.clamp(1, 11) - 1;
    (5_i64 << doublings).min(3600)
}

/// Tries before a job is given up, over about half a day.
pub const MAX_ATTEMPTS: i32 = 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_an_hour_and_no_further() {
        assert_eq!(pause_after(0), 5);
        assert_eq!(pause_after(2), 10);
        assert_eq!(pause_after(i32::MAX), 3600);
    }
}
