//! SQLite's one writer: a thread that commits queued transactions in groups.
//!
//! A commit at `synchronous=FULL` costs one flush to disk however much it holds, so up to [`GROUP`] transactions that
//! wait are run inside one, each in a savepoint of its own, and each is answered after that one commit.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};

use diesel::Connection as _;
use diesel::connection::TransactionManager;
use tokio::sync::oneshot;

use super::super::problem::{OVERLOADED, Problem};
use super::connection::{Connector, DbConnection};
use super::transaction;

/// The most transactions that share a commit.
const GROUP: usize = 64;
/// How many may wait before the next caller is told to come back.
const QUEUE: usize = 1024;

/// A handle to the writer thread, which ends when the last handle is dropped.
#[derive(Clone)]
pub struct Writer {
    queue: SyncSender<Box<dyn Task>>,
}

impl Writer {
    /// Starts the thread on an open connection.
    pub fn start(connector: Connector, connection: DbConnection) -> Result<Self, String> {
        let (queue, tasks) = sync_channel(QUEUE);
        std::thread::Builder::new()
            .name("sqlite-writer".to_owned())
            .spawn(move || write_all(&connector, connection, &tasks))
            .map_err(|error| error.to_string())?;
        Ok(Self { queue })
    }

    /// Queues one transaction and waits until it is durable.
    pub async fn run<T, F>(&self, work: F) -> Result<T, Problem>
    where
        T: Send + 'static,
        F: FnMut(&mut DbConnection) -> Result<T, Problem> + Send + 'static,
    {
        let (answer, wait) = oneshot::channel();
        let task = Box::new(Pending { work, outcome: None, answer });
        match self.queue.try_send(task) {
            Ok(()) => wait.await.map_err(Problem::internal)?,
            Err(TrySendError::Full(_)) => Err(OVERLOADED.problem().retry_after(1)),
            Err(TrySendError::Disconnected(_)) => Err(Problem::internal("the database writer has stopped")),
        }
    }
}

/// A queued transaction, whatever its type.
trait Task: Send {
    /// Runs it in a savepoint.
    fn run(&mut self, connection: &mut DbConnection);
    /// Tells its caller: what it answered, or why the commit failed.
    fn answer(self: Box<Self>, committed: &Result<(), Problem>);
}

struct Pending<T, F> {
    work: F,
    outcome: Option<Result<T, Problem>>,
    answer: oneshot::Sender<Result<T, Problem>>,
}

impl<T, F> Task for Pending<T, F>
where
    T: Send,
    F: FnMut(&mut DbConnection) -> Result<T, Problem> + Send,
{
    fn run(&mut self, connection: &mut DbConnection) {
        let attempt = catch_unwind(AssertUnwindSafe(|| connection.transaction(|savepoint| (self.work)(savepoint))));
        self.outcome = Some(attempt.unwrap_or_else(|_| {
            // The panic left the savepoint open.
            if let Err(error) = DbConnection::rollback_transaction(connection) {
                tracing::error!(%error, "rollback after a panic failed");
            }
            Err(Problem::internal("a transaction panicked"))
        }));
    }

    fn answer(self: Box<Self>, committed: &Result<(), Problem>) {
        let outcome = match (self.outcome, committed) {
            (Some(Ok(_)) | None, Err(problem)) => Err(problem.clone()),
            (Some(outcome), _) => outcome,
            (None, Ok(())) => Err(Problem::internal("a transaction was never run")),
        };
        // A caller that went away no longer wants to know.
        let _ = self.answer.send(outcome);
    }
}

fn write_all(connector: &Connector, mut connection: DbConnection, tasks: &Receiver<Box<dyn Task>>) {
    while let Ok(first) = tasks.recv() {
        let mut group = vec![first];
        let committed = transaction(&mut connection, "BEGIN IMMEDIATE", |connection| {
            let mut done = 0;
            while let Some(task) = group.get_mut(done) {
                task.run(connection);
                done += 1;
                if done < GROUP
                    && let Ok(next) = tasks.try_recv()
                {
                    group.push(next);
                }
            }
            Ok(())
        });
        if let Err(problem) = &committed {
            tracing::error!(%problem, transactions = group.len(), "group commit failed");
            // A connection whose transaction is in doubt is not used again.
            match connector.open() {
                Ok(fresh) => connection = fresh,
                Err(error) => tracing::error!(%error, "the database writer cannot reconnect"),
            }
        }
        for task in group {
            task.answer(&committed);
        }
    }
}
