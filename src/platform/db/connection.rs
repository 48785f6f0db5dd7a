//! One connection type over both engines, and how it is opened and migrated.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::r2d2::{Error as PoolError, ManageConnection, R2D2Connection};
use diesel_migrations::{EmbeddedMigrations, HarnessWithOutput, MigrationHarness, embed_migrations};

/// A connection to whichever database the server was started on.
#[derive(diesel::MultiConnection)]
pub enum DbConnection {
    /// The embedded database.
    Sqlite(diesel::SqliteConnection),
    /// PostgreSQL.
    Postgres(diesel::PgConnection),
}

/// `busy_timeout` comes first: setting the journal mode already takes a lock. `FULL` is what makes a commit survive a power cut.
const SQLITE_PRAGMAS: &str = "PRAGMA busy_timeout=5000; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; PRAGMA temp_store=MEMORY;";
/// The English messages are needed to tell a deadlock, for which diesel has no error kind.
const POSTGRES_SETTINGS: &str =
    "SET lc_messages='C'; SET TIME ZONE 'UTC'; SET lock_timeout='10s'; SET statement_timeout='30s';";

const SQLITE_MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations/sqlite");
const POSTGRES_MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations/postgres");

/// Where the database is: `sqlite://path` or `postgres://…`.
#[derive(Clone, PartialEq, Eq)]
pub enum DatabaseUrl {
    /// A file.
    Sqlite(PathBuf),
    /// A server; the URL may hold a password.
    Postgres(String),
}

impl DatabaseUrl {
    /// The folder that a SQLite file lies in.
    pub fn folder(&self) -> Option<&std::path::Path> {
        match self {
            Self::Sqlite(path) => path.parent().filter(|folder| !folder.as_os_str().is_empty()),
            Self::Postgres(_) => None,
        }
    }
}

impl FromStr for DatabaseUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            return Ok(Self::Postgres(text.to_owned()));
        }
        match text.strip_prefix("sqlite://") {
            Some(path) if !path.is_empty() => Ok(Self::Sqlite(path.into())),
            _ => Err("must be sqlite://PATH or postgres://USER@HOST/DATABASE".to_owned()),
        }
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite://{}", path.display()),
            Self::Postgres(_) => f.write_str("postgres://…"),
        }
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Opens connections for the pool. `MultiConnection::establish` is not used: it hides PostgreSQL's error, and SQLite takes any text for a path.
#[derive(Debug, Clone)]
pub struct Connector {
    url: DatabaseUrl,
}

impl Connector {
    /// A connector for one database.
    pub fn new(url: DatabaseUrl) -> Self {
        Self { url }
    }

    /// Opens one connection, with its settings.
    pub fn open(&self) -> Result<DbConnection, PoolError> {
        match &self.url {
            DatabaseUrl::Sqlite(path) => {
                let mut connection =
                    SqliteConnection::establish(&path.to_string_lossy()).map_err(PoolError::ConnectionError)?;
                connection.batch_execute(SQLITE_PRAGMAS).map_err(PoolError::QueryError)?;
                Ok(DbConnection::Sqlite(connection))
            }
            DatabaseUrl::Postgres(url) => {
                let mut connection = PgConnection::establish(url).map_err(PoolError::ConnectionError)?;
                connection.batch_execute(POSTGRES_SETTINGS).map_err(PoolError::QueryError)?;
                Ok(DbConnection::Postgres(connection))
            }
        }
    }
}

impl ManageConnection for Connector {
    type Connection = DbConnection;
    type Error = PoolError;

    fn connect(&self) -> Result<DbConnection, PoolError> {
        self.open()
    }

    fn is_valid(&self, connection: &mut DbConnection) -> Result<(), PoolError> {
        connection.ping().map_err(PoolError::QueryError)
    }

    fn has_broken(&self, connection: &mut DbConnection) -> bool {
        connection.is_broken()
    }
}

/// Brings the database to the newest migration. On PostgreSQL an advisory lock lets one process do it while others wait.
pub fn migrate(connection: &mut DbConnection) -> Result<(), String> {
    const LOCK: &str = "SELECT pg_advisory_lock(7364192834)";
    const UNLOCK: &str = "SELECT pg_advisory_unlock(7364192834)";
    let migrations = match connection {
        DbConnection::Sqlite(_) => SQLITE_MIGRATIONS,
        DbConnection::Postgres(postgres) => {
            postgres.batch_execute(LOCK).map_err(|error| error.to_string())?;
            POSTGRES_MIGRATIONS
        }
    };
    let outcome = HarnessWithOutput::new(connection, std::io::sink())
        .run_pending_migrations(migrations)
        .map(|_| ())
        .map_err(|error| error.to_string());
    if let DbConnection::Postgres(postgres) = connection {
        postgres.batch_execute(UNLOCK).map_err(|error| error.to_string())?;
    }
    outcome
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_names_its_engine_and_hides_its_password() {
        assert_eq!("sqlite://data/x.db".parse(), Ok(DatabaseUrl::Sqlite("data/x.db".into())));
        let postgres: DatabaseUrl = "postgres://shop:secret@db/negozio".parse().unwrap();
        assert!(!format!("{postgres} {postgres:?}").contains("secret"));
        assert!("mysql://x".parse::<DatabaseUrl>().is_err());
        assert!("sqlite://".parse::<DatabaseUrl>().is_err());
    }
}
