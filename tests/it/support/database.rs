//! One empty database a test, on either engine.

use std::fmt;

use diesel::{QueryableByName, RunQueryDsl as _, sql_query};
use negozio::platform::db::connection::DbConnection;
use tempfile::TempDir;

use super::cluster;
use super::server::TestServer;

/// Which database a test runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    Sqlite,
    Postgres,
}

impl Engine {
    pub const ALL: [Self; 2] = [Self::Sqlite, Self::Postgres];
}

impl fmt::Display for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
        })
    }
}

/// A folder and a database, both gone when this is dropped.
pub struct Database {
    /// Where it is.
    pub url: String,
    /// For files, and for SQLite's.
    pub folder: TempDir,
    /// What it runs on.
    pub engine: Engine,
    postgres_name: Option<String>,
}

impl Database {
    /// A fresh one; PostgreSQL's is already migrated.
    pub fn create(engine: Engine) -> Self {
        let folder = tempfile::Builder::new()
            .prefix("negozio-it-")
            .tempdir_in(cluster::memory_folder())
            .expect("a folder for the test");
        match engine {
            Engine::Sqlite => {
                let url = format!("sqlite://{}", folder.path().join("test.db").display());
                Self { url, folder, engine, postgres_name: None }
            }
            Engine::Postgres => {
                let (url, name) = cluster::create_database();
                Self { url, folder, engine, postgres_name: Some(name) }
            }
        }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if let Some(name) = &self.postgres_name {
            cluster::drop_database(name);
        }
    }
}

/// What a query answers, whose one column is called `line`, in the order of the texts.
pub fn lines(query: &str, connection: &mut DbConnection) -> Vec<String> {
    #[derive(QueryableByName)]
    struct Line {
        #[diesel(sql_type = diesel::sql_types::Text)]
        line: String,
    }
    let rows: Vec<Line> = match connection {
        DbConnection::Sqlite(sqlite) => sql_query(query).load(sqlite),
        DbConnection::Postgres(postgres) => sql_query(query).load(postgres),
    }
    .unwrap_or_else(|error| panic!("{query}: {error}"));
    let mut lines: Vec<String> = rows.into_iter().map(|row| row.line).collect();
    lines.sort();
    lines
}

/// The same, of a server's database.
pub async fn lines_of(server: &TestServer, query: &'static str) -> Vec<String> {
    let db = server.with_platform(|platform| platform.db.clone());
    db.read(move |connection| Ok(lines(query, connection))).await.expect("a read")
}

/// Everything that a server's database holds: each table with its rows as texts, bytes in hexadecimal.
pub async fn contents(server: &TestServer) -> Vec<(String, Vec<String>)> {
    let engine = server.engine;
    let db = server.with_platform(|platform| platform.db.clone());
    db.read(move |connection| {
        let tables = match engine {
            Engine::Sqlite => {
                "SELECT name AS line FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
            }
            Engine::Postgres => {
                "SELECT table_name AS line FROM information_schema.tables WHERE table_schema = 'public'"
            }
        };
        let tables = lines(tables, connection).into_iter();
        Ok(tables.map(|table| (table.clone(), rows(engine, &table, connection))).collect())
    })
    .await
    .expect("a read")
}

fn rows(engine: Engine, table: &str, connection: &mut DbConnection) -> Vec<String> {
    let row = match engine {
        Engine::Sqlite => {
            let columns = lines(&format!("SELECT name AS line FROM pragma_table_info('{table}')"), connection);
            let quoted: Vec<String> = columns.iter().map(|column| format!("quote(\"{column}\")")).collect();
            quoted.join(" || ' ' || ")
        }
        Engine::Postgres => "CAST(held AS TEXT)".to_owned(),
    };
    lines(&format!("SELECT {row} AS line FROM {table} held"), connection)
}
