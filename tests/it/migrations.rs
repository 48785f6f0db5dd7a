//! Migrations go up, down and up again, on both engines, and leave the tables that the code knows.

use diesel::connection::SimpleConnection as _;
use diesel::{QueryableByName, RunQueryDsl as _, sql_query};
use diesel_migrations::{FileBasedMigrations, HarnessWithOutput, MigrationHarness};
use negozio::platform::db::connection::{Connector, DbConnection, migrate};

use crate::support::database::{Database, Engine};
use crate::support::suite::Suite;

pub fn register(suite: &mut Suite) {
    suite.on_each_engine("migrations::they_go_down_and_up_again", they_go_down_and_up_again);
    suite.on_each_engine("migrations::the_tables_are_those_of_the_schema", the_tables_are_those_of_the_schema);
}

#[derive(QueryableByName)]
struct Named {
    #[diesel(sql_type = diesel::sql_types::Text)]
    name: String,
}

fn they_go_down_and_up_again(engine: Engine) {
    let (database, mut connection) = migrated(engine);
    let before = described(engine, &mut connection);
    assert!(before.len() > 20, "{before:?}");
    for _ in 0..2 {
        revert(engine, &mut connection);
        assert_eq!(described(engine, &mut connection), Vec::<String>::new(), "a table, index or trigger is left");
        migrate(&mut connection).expect("they go up again");
        assert_eq!(described(engine, &mut connection), before);
    }
    drop(connection);
    drop(database);
}

fn the_tables_are_those_of_the_schema(engine: Engine) {
    let (_database, mut connection) = migrated(engine);
    let schema = include_str!("../../src/platform/db/schema.rs");
    let mut known = Vec::new();
    for block in schema.split("table! {").skip(1) {
        let line = block.lines().find(|line| line.contains(" (") && line.trim_end().ends_with('{')).unwrap_or_default();
        known.push(line.trim().split(' ').next().unwrap_or_default().to_owned());
    }
    known.sort();
    assert!(known.len() > 20, "{known:?}");
    assert_eq!(tables(engine, &mut connection), known);
    for table in known {
        // A column that one engine lacks fails here, whichever query uses it.
        let columns = columns_of(schema, &table).join(", ");
        let statement = format!("SELECT {columns} FROM {table} WHERE 1 = 0");
        connection.batch_execute(&statement).unwrap_or_else(|error| panic!("{statement}: {error}"));
    }
}

fn columns_of(schema: &str, table: &str) -> Vec<String> {
    let start = schema.find(&format!(" {table} (")).unwrap_or_else(|| panic!("no {table} in the schema"));
    let body = schema[start..].split('{').nth(1).and_then(|rest| rest.split('}').next()).unwrap_or_default();
    body.lines().filter_map(|line| Some(line.trim().split_once(" -> ")?.0.to_owned())).collect()
}

fn migrated(engine: Engine) -> (Database, DbConnection) {
    let database = Database::create(engine);
    let mut connection = Connector::new(database.parsed_url()).open().expect("a connection");
    migrate(&mut connection).expect("they go up");
    (database, connection)
}

fn revert(engine: Engine, connection: &mut DbConnection) {
    let folder = format!("{}/migrations/{engine}", env!("CARGO_MANIFEST_DIR"));
    let migrations = FileBasedMigrations::from_path(folder).expect("the migrations");
    HarnessWithOutput::new(connection, std::io::sink()).revert_all_migrations(migrations).expect("they go down");
}

fn tables(engine: Engine, connection: &mut DbConnection) -> Vec<String> {
    let query = match engine {
        Engine::Sqlite => "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
        Engine::Postgres => "SELECT tablename::text AS name FROM pg_tables WHERE schemaname = 'public'",
    };
    names(query, connection).into_iter().filter(|name| name != "__diesel_schema_migrations").collect()
}

/// Tables with their columns, and indexes.
fn described(engine: Engine, connection: &mut DbConnection) -> Vec<String> {
    let query = match engine {
        Engine::Sqlite => {
            "SELECT type || ' ' || name || ' ' || coalesce(sql, '') AS name FROM sqlite_master WHERE name NOT LIKE '%__diesel%'"
        }
        Engine::Postgres => {
            "SELECT table_name || '.' || column_name || ' ' || data_type || ' ' || is_nullable AS name \
             FROM information_schema.columns WHERE table_schema = 'public' AND table_name NOT LIKE '%__diesel%' \
             UNION ALL SELECT indexdef AS name FROM pg_indexes WHERE schemaname = 'public' AND tablename NOT LIKE '%__diesel%'"
        }
    };
    names(query, connection)
}

fn names(query: &str, connection: &mut DbConnection) -> Vec<String> {
    let rows: Vec<Named> = match connection {
        DbConnection::Sqlite(sqlite) => sql_query(query).load(sqlite),
        DbConnection::Postgres(postgres) => sql_query(query).load(postgres),
    }
    .expect("the catalogue of tables");
    let mut names: Vec<String> = rows.into_iter().map(|row| row.name).collect();
    names.sort();
    names
}
