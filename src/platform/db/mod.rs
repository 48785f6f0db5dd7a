//! The database façade: [`Db::read`] and [`Db::write`], the same on SQLite and on PostgreSQL.
//!
//! On SQLite every write goes through one writer thread with group commit (see [`writer`]); reads and all PostgreSQL
//! work take a pooled connection on a blocking thread. Either way an answer leaves only after its commit is durable.

pub mod connection;
pub mod portable;
#[rustfmt::skip]
pub mod schema;
pub mod types;
mod writer;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use diesel::connection::{AnsiTransactionManager, TransactionManager};
use diesel::r2d2::Pool;
use diesel::result::{DatabaseErrorKind, Error as DieselError};
use tokio::sync::Semaphore;

pub use connection::{DatabaseUrl, DbConnection};

use super::problem::{OVERLOADED, Problem};
use connection::Connector;
use writer::Writer;

/// SQLite readers: two or eight do no better.
const SQLITE_READERS: u32 = 4;
/// PostgreSQL connections of one process.
const POSTGRES_CONNECTIONS: u32 = 16;
/// How many callers may wait for a connection before the next one is told to come back.
const WAITING_ROOM: usize = 1024;
/// How often a PostgreSQL transaction is run again after a serialization failure or deadlock.
const MAX_ATTEMPTS: u32 = 20;

/// The database could not be opened or migrated.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The folder of a SQLite file cannot be made.
    #[error("cannot create the database's folder: {0}")]
    Folder(#[from] std::io::Error),
    /// No connection.
    #[error("cannot open the database: {0}")]
    Connect(String),
    /// A migration failed.
    #[error("cannot migrate the database: {0}")]
    Migrate(String),
    /// The writer thread could not be started.
    #[error("cannot start the database writer: {0}")]
    Thread(String),
}

/// A handle to the database; clones share it.
#[derive(Clone)]
pub struct Db {
    shared: Arc<Shared>,
}

struct Shared {
    pool: Pool<Connector>,
    permits: Arc<Semaphore>,
    waiting: AtomicUsize,
    writer: Option<Writer>,
}

impl Db {
    /// Opens the database. The SQLite writer is opened (and, with `migrate`, migrated) before the readers, since
    /// concurrent first openings race for the write-ahead log.
    pub fn open(url: &DatabaseUrl, migrate: bool) -> Result<Self, OpenError> {
        if let Some(folder) = url.folder() {
            std::fs::create_dir_all(folder)?;
        }
        let connector = Connector::new(url.clone());
        let mut first = connector.open().map_err(|error| OpenError::Connect(error.to_string()))?;
        if migrate {
            connection::migrate(&mut first).map_err(OpenError::Migrate)?;
        }
        let (writer, size) = match first {
            DbConnection::Sqlite(_) => {
                (Some(Writer::start(connector.clone(), first).map_err(OpenError::Thread)?), SQLITE_READERS)
            }
            DbConnection::Postgres(_) => (None, POSTGRES_CONNECTIONS),
        };
        let pool = Pool::builder()
            .max_size(size)
            .min_idle(Some(1))
            .test_on_check_out(writer.is_none())
            .connection_timeout(Duration::from_secs(10))
            .build_unchecked(connector);
        Ok(Self {
            shared: Arc::new(Shared {
                pool,
                permits: Arc::new(Semaphore::new(size as usize)),
                waiting: AtomicUsize::new(0),
                writer,
            }),
        })
    }

    /// Runs queries that change nothing.
    ///
    /// # Errors
    /// Whatever `query` answers, or `overloaded` when too many callers wait.
    pub async fn read<T, F>(&self, query: F) -> Result<T, Problem>
    where
        T: Send + 'static,
        F: FnOnce(&mut DbConnection) -> Result<T, Problem> + Send + 'static,
    {
        self.on_pooled_connection(query).await
    }

    /// Runs queries that change nothing and see the database as it is at one moment, so that what they say of each other
    /// agrees: [`Db::read`] may see a commit between two of them.
    ///
    /// # Errors
    /// As [`Db::read`].
    pub async fn read_one_moment<T, F>(&self, query: F) -> Result<T, Problem>
    where
        T: Send + 'static,
        F: FnOnce(&mut DbConnection) -> Result<T, Problem> + Send + 'static,
    {
        self.on_pooled_connection(|connection| {
            let begin = match connection {
                // A deferred transaction of a write-ahead log keeps to what its first query saw.
                DbConnection::Sqlite(_) => "BEGIN",
                DbConnection::Postgres(_) => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
            };
            transaction(connection, begin, query)
        })
        .await
    }

    /// Runs one transaction; `work` may be run again after a serialization failure or deadlock, so it does nothing but
    /// query and decide. Returns after the commit is durable.
    ///
    /// # Errors
    /// Whatever `work` answers (and then nothing is changed), or `overloaded` when the queue is full.
    pub async fn write<T, F>(&self, mut work: F) -> Result<T, Problem>
    where
        T: Send + 'static,
        F: FnMut(&mut DbConnection) -> Result<T, Problem> + Send + 'static,
    {
        match &self.shared.writer {
            Some(writer) => writer.run(work).await,
            None => self.on_pooled_connection(move |connection| retrying_transaction(connection, &mut work)).await,
        }
    }

    /// Goes through everything that `find` finds after the last thing of the portion before, however much it is: each
    /// portion is read and then worked on in a transaction of its own. What `find` answers rises and is bounded.
    ///
    /// # Errors
    /// Whatever `find` or `work` answers; the portions before it are done.
    pub async fn in_portions<K, R, W>(&self, find: R, work: W) -> Result<(), Problem>
    where
        K: Copy + Send + 'static,
        R: Fn(&mut DbConnection, Option<K>) -> Result<Vec<K>, Problem> + Clone + Send + 'static,
        W: Fn(&mut DbConnection, &[K]) -> Result<(), Problem> + Clone + Send + 'static,
    {
        let mut last = None;
        loop {
            let (find, work) = (find.clone(), work.clone());
            let portion = self.read(move |connection| find(connection, last)).await?;
            let Some(end) = portion.last().copied() else { return Ok(()) };
            last = Some(end);
            self.write(move |tx| work(tx, &portion)).await?;
        }
    }

    async fn on_pooled_connection<T, F>(&self, query: F) -> Result<T, Problem>
    where
        T: Send + 'static,
        F: FnOnce(&mut DbConnection) -> Result<T, Problem> + Send + 'static,
    {
        let _place = WaitingPlace::take(&self.shared)?;
        let permit = self.shared.permits.clone().acquire_owned().await.map_err(Problem::internal)?;
        let pool = self.shared.pool.clone();
        tokio::task::spawn_blocking(move || {
            let _permit = permit;
            let mut connection = pool.get().map_err(|error| OVERLOADED.problem().retry_after(1).caused_by(error))?;
            query(&mut connection)
        })
        .await
        .map_err(Problem::internal)?
    }
}

/// One caller's place among those that wait for a connection or hold one.
struct WaitingPlace<'a>(&'a AtomicUsize);

impl<'a> WaitingPlace<'a> {
    fn take(shared: &'a Shared) -> Result<Self, Problem> {
        let place = Self(&shared.waiting);
        if shared.waiting.fetch_add(1, Ordering::Relaxed) >= WAITING_ROOM {
            return Err(OVERLOADED.problem().retry_after(1));
        }
        Ok(place)
    }
}

impl Drop for WaitingPlace<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A PostgreSQL transaction at READ COMMITTED, where conditional updates suffice for counters; run again on 40001 and 40P01.
fn retrying_transaction<T>(
    connection: &mut DbConnection,
    work: &mut impl FnMut(&mut DbConnection) -> Result<T, Problem>,
) -> Result<T, Problem> {
    let mut attempt = 0;
    loop {
        attempt += 1;
        match transaction(connection, "BEGIN", &mut *work) {
            Err(problem) if attempt < MAX_ATTEMPTS && is_transient(&problem) => {
                std::thread::sleep(Duration::from_millis(1 << attempt.min(5)));
            }
            result => return result,
        }
    }
}

/// Whether running the same transaction again may succeed.
fn is_transient(problem: &Problem) -> bool {
    let Some(error) = problem.cause.as_ref().and_then(|cause| cause.downcast_ref::<DieselError>()) else {
        return false;
    };
    match error {
        DieselError::DatabaseError(DatabaseErrorKind::SerializationFailure, _) => true,
        // diesel has no kind for 40P01; the server's English message is fixed by `lc_messages` in `Connector::open`.
        DieselError::DatabaseError(_, information) => information.message() == "deadlock detected",
        _ => false,
    }
}

/// Runs `work` between `begin` and COMMIT or ROLLBACK.
fn transaction<T>(
    connection: &mut DbConnection,
    begin: &str,
    work: impl FnOnce(&mut DbConnection) -> Result<T, Problem>,
) -> Result<T, Problem> {
    match connection {
        DbConnection::Sqlite(sqlite) => AnsiTransactionManager::begin_transaction_sql(sqlite, begin)?,
        DbConnection::Postgres(postgres) => AnsiTransactionManager::begin_transaction_sql(postgres, begin)?,
    }
    match work(connection) {
        Ok(value) => {
            DbConnection::commit_transaction(connection)?;
            Ok(value)
        }
        Err(problem) => {
            // A broken connection cannot roll back; the pool drops it, and the caller gets the first cause.
            if let Err(error) = DbConnection::rollback_transaction(connection) {
                tracing::warn!(%error, "rollback failed");
            }
            Err(problem)
        }
    }
}
