//! The runner: leases due jobs and calls their handlers, and calls what is due at regular intervals.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use super::store::{self, LeasedJob};
use super::{Failure, Job, JobId, MAX_ATTEMPTS, pause_after};
use crate::platform::clock::Clock;
use crate::platform::db::Db;
use crate::platform::problem::Problem;

/// How often the runner looks for due jobs.
const POLL: Duration = Duration::from_millis(100);
/// Seconds that a leased job is its runner's own; a handler is cut off before that.
const LEASE: i64 = 120;
const HANDLER_TIMEOUT: Duration = Duration::from_secs(90);
/// Jobs that run at once, so that a slow outside service does not hold up the mails.
const CONCURRENT: usize = 16;
/// How often the runner looks whether a chore is due.
const ROUND: Duration = Duration::from_millis(1000);

type BoxedFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;
type Handler = Box<dyn Fn(JobId, serde_json::Value) -> BoxedFuture<Result<(), Failure>> + Send + Sync>;
type Chore = Box<dyn Fn() -> BoxedFuture<Result<(), Problem>> + Send + Sync>;

/// What is done at regular intervals.
struct RegularChore {
    name: &'static str,
    every: Duration,
    run: Chore,
}

/// The handlers of all kinds of jobs; `app.rs` fills it.
#[derive(Default)]
pub struct Handlers {
    by_kind: HashMap<&'static str, Handler>,
    chores: Vec<RegularChore>,
}

impl Handlers {
    /// Registers the handler of one kind. It is called at least once a job, so it must bear being called again.
    pub fn on<J, F, Fut>(&mut self, handler: F)
    where
        J: Job,
        F: Fn(JobId, J) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), Failure>> + Send + 'static,
    {
        let boxed: Handler = Box::new(move |id, payload| match serde_json::from_value(payload) {
            Ok(job) => Box::pin(handler(id, job)),
            Err(error) => Box::pin(async move { Err(Failure::Permanent(format!("payload: {error}"))) }),
        });
        self.by_kind.insert(J::KIND, boxed);
    }

    /// Registers what is to be done at the start and then at regular intervals of real time, such as expiring what is
    /// overdue.
    pub fn regularly<F, Fut>(&mut self, name: &'static str, every: Duration, chore: F)
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), Problem>> + Send + 'static,
    {
        self.chores.push(RegularChore { name, every, run: Box::new(move || Box::pin(chore())) });
    }
}

/// Runs jobs until `stop` turns true, then waits for those under way.
pub async fn run(db: Db, clock: Clock, handlers: Arc<Handlers>, mut stop: watch::Receiver<bool>) {
    let chores = tokio::spawn(run_chores(handlers.clone(), stop.clone()));
    let places = Arc::new(Semaphore::new(CONCURRENT));
    while !*stop.borrow() {
        if let Err(problem) = start_due(&db, &clock, &handlers, &places).await {
            tracing::warn!(%problem, "jobs could not be leased");
        }
        tokio::select! {
            _ = stop.changed() => {}
            () = tokio::time::sleep(POLL) => {}
        }
    }
    let _ = places.acquire_many(CONCURRENT as u32).await;
    let _ = chores.await;
}

async fn run_chores(handlers: Arc<Handlers>, mut stop: watch::Receiver<bool>) {
    let mut due: Vec<Instant> = handlers.chores.iter().map(|_| Instant::now()).collect();
    while !*stop.borrow() {
        for (chore, due) in handlers.chores.iter().zip(&mut due).filter(|(_, due)| **due <= Instant::now()) {
            if let Err(problem) = (chore.run)().await {
                tracing::warn!(%problem, chore = chore.name, "a regular chore failed");
            }
            *due = Instant::now() + chore.every;
        }
        tokio::select! {
            _ = stop.changed() => {}
            () = tokio::time::sleep(ROUND) => {}
        }
    }
}

async fn start_due(db: &Db, clock: &Clock, handlers: &Arc<Handlers>, places: &Arc<Semaphore>) -> Result<(), Problem> {
    let now = clock.now();
    let free = places.available_permits();
    if free == 0 || !db.read(move |connection| Ok(store::any_due(connection, now)?)).await? {
        return Ok(());
    }
    let leased = db.write(move |tx| Ok(store::lease(tx, free as i64, now, now.plus_seconds(LEASE))?)).await?;
    for job in leased {
        let place = places.clone().acquire_owned().await.map_err(Problem::internal)?;
        tokio::spawn(run_one(db.clone(), clock.clone(), handlers.clone(), job, place));
    }
    Ok(())
}

async fn run_one(db: Db, clock: Clock, handlers: Arc<Handlers>, job: LeasedJob, _place: OwnedSemaphorePermit) {
    let (id, attempts) = (job.id, job.attempts);
    let outcome = match handlers.by_kind.get(job.kind.as_str()) {
        Some(handler) => tokio::time::timeout(HANDLER_TIMEOUT, handler(id, job.payload.0))
            .await
            .unwrap_or_else(|_| Err(Failure::Again("timed out".to_owned()))),
        None => Err(Failure::Permanent(format!("no handler for {}", job.kind))),
    };
    metrics::counter!("jobs_total", "kind" => job.kind.clone(), "outcome" => if outcome.is_ok() { "done" } else { "failed" }).increment(1);
    let now = clock.now();
    let marked = match outcome {
        Ok(()) => db.write(move |tx| Ok(store::finish(tx, id, now)?)).await,
        Err(Failure::Again(error)) if attempts < MAX_ATTEMPTS => {
            tracing::warn!(job = %id, kind = job.kind, attempts, error, "job failed, will be tried again");
            db.write(move |tx| Ok(store::postpone(tx, id, now.plus_seconds(pause_after(attempts)), &error)?)).await
        }
        Err(Failure::Again(error) | Failure::Permanent(error)) => {
            tracing::error!(job = %id, kind = job.kind, attempts, error, "job given up");
            db.write(move |tx| Ok(store::bury(tx, id, now, &error)?)).await
        }
    };
    if let Err(problem) = marked {
        tracing::warn!(job = %id, %problem, "a job's outcome could not be recorded, so it will run again");
    }
}
