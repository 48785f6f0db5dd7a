//! One empty database a test, on either engine.

use std::fmt;

use tempfile::TempDir;

use super::cluster;

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
