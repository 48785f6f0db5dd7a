//! The migrations go up, down and up again, and both databases get the tables that the code is written against.

use std::collections::BTreeMap;

use diesel_migrations::{FileBasedMigrations, HarnessWithOutput, MigrationHarness as _};
use negozio::platform::db::connection::{Connector, DbConnection, migrate};
use negozio::sandbox::reset::store::TABLES;

use crate::support::database::{Database, Engine, lines};
use crate::support::suite::Suite;

/// Puts this module's tests on the list.
pub fn register(suite: &mut Suite) {
    suite.on_each_engine("migrations::they_go_up_down_and_up_again", they_go_up_down_and_up_again);
    suite.on_each_engine("migrations::one_by_one_they_undo_what_they_did", one_by_one_they_undo_what_they_did);
    suite.on_each_engine("migrations::the_columns_are_those_of_the_schema", the_columns_are_those_of_the_schema);
    suite.on_each_engine("migrations::a_reset_empties_every_table", a_reset_empties_every_table);
    suite.once("migrations::both_databases_are_told_the_same", both_databases_are_told_the_same);
}

/// What a column is: its type in the engine's own words, and whether it may be null.
type Columns = BTreeMap<String, (String, bool)>;

fn they_go_up_down_and_up_again(engine: Engine) {
    let (_database, mut connection) = migrated(engine);
    let before = described(engine, &mut connection);
    assert!(before.len() > 100, "{before:#?}");
    for _ in 0..2 {
        HarnessWithOutput::new(&mut connection, std::io::sink())
            .revert_all_migrations(from_folder(engine))
            .expect("they go down");
        assert_eq!(described(engine, &mut connection), Vec::<String>::new(), "something stays behind");
        migrate(&mut connection).expect("they go up again");
        assert_eq!(described(engine, &mut connection), before);
    }
}

fn one_by_one_they_undo_what_they_did(engine: Engine) {
    let (_database, mut connection) = migrated(engine);
    let count = std::fs::read_dir(format!("migrations/{engine}")).expect("the migrations").count();
    let mut steps = vec![described(engine, &mut connection)];
    for _ in 0..count {
        HarnessWithOutput::new(&mut connection, std::io::sink())
            .revert_last_migration(from_folder(engine))
            .expect("it goes down");
        steps.push(described(engine, &mut connection));
    }
    assert_eq!(steps.pop(), Some(Vec::new()));
    for expected in steps.into_iter().rev() {
        HarnessWithOutput::new(&mut connection, std::io::sink())
            .run_next_migration(from_folder(engine))
            .expect("it goes up");
        assert_eq!(described(engine, &mut connection), expected);
    }
}

fn the_columns_are_those_of_the_schema(engine: Engine) {
    let (_database, mut connection) = migrated(engine);
    let expected = schema(engine);
    assert!(expected.len() > 20, "{expected:#?}");
    let mut found = columns(engine, &mut connection);
    for (table, expected) in expected {
        assert_eq!(found.remove(&table), Some(expected), "{table}");
    }
    assert_eq!(found, BTreeMap::new(), "the schema lacks tables");
}

/// A table that a reset forgets keeps what was made, or forbids that what it refers to goes.
fn a_reset_empties_every_table(engine: Engine) {
    let (_database, mut connection) = migrated(engine);
    let mut emptied: Vec<&str> = TABLES.to_vec();
    emptied.sort_unstable();
    let found = columns(engine, &mut connection);
    assert_eq!(emptied, found.keys().map(String::as_str).collect::<Vec<_>>());
}

/// Types apart, the two databases get the same words: tables, keys, checks, references and indexes.
fn both_databases_are_told_the_same() {
    for folder in std::fs::read_dir("migrations/sqlite").expect("the migrations") {
        let name = folder.expect("a folder").file_name().into_string().expect("a name");
        for file in ["up.sql", "down.sql"] {
            let read = |engine: Engine| {
                let path = format!("migrations/{engine}/{name}/{file}");
                std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
            };
            assert_eq!(as_sqlite(&read(Engine::Postgres)), as_sqlite(&read(Engine::Sqlite)), "{name}/{file}");
        }
    }
}

/// The words of a script, with SQLite's types for PostgreSQL's.
fn as_sqlite(script: &str) -> Vec<String> {
    let lines = script.lines().filter(|line| !line.trim_start().starts_with("--"));
    let words = lines.flat_map(|line| line.split_inclusive(|letter: char| !letter.is_alphanumeric() && letter != '_'));
    let mut translated = Vec::new();
    for word in words {
        let end = word.trim_end_matches(|letter: char| !letter.is_alphanumeric() && letter != '_').len();
        let (word, punctuation) = word.split_at(end);
        if !word.is_empty() && word != "STRICT" {
            translated.push(sqlite_type(word).unwrap_or(word).to_owned());
        }
        if !punctuation.trim().is_empty() {
            translated.push(punctuation.trim().to_owned());
        }
    }
    translated
}

fn sqlite_type(postgres: &str) -> Option<&'static str> {
    Some(match postgres {
        "UUID" | "BYTEA" => "BLOB",
        "TIMESTAMPTZ" | "JSONB" | "DATE" => "TEXT",
        "BIGINT" | "BOOLEAN" => "INTEGER",
        _ => return None,
    })
}

fn migrated(engine: Engine) -> (Database, DbConnection) {
    let database = Database::create(engine);
    let url = database.url.parse().expect("a database URL");
    let mut connection = Connector::new(url).open().expect("a connection");
    migrate(&mut connection).expect("they go up");
    (database, connection)
}

fn from_folder(engine: Engine) -> FileBasedMigrations {
    FileBasedMigrations::from_path(format!("migrations/{engine}")).expect("the migrations")
}

/// The tables that the code is written against, in the engine's words.
fn schema(engine: Engine) -> BTreeMap<String, Columns> {
    let source = std::fs::read_to_string("src/platform/db/schema.rs").expect("the schema");
    let mut tables = BTreeMap::new();
    for block in source.split("table! {").skip(1) {
        let mut columns = Columns::new();
        let mut table = None;
        for line in block.lines().take_while(|line| *line != "}").map(str::trim) {
            if let Some((name, rust)) = line.trim_end_matches(',').split_once(" -> ") {
                let inner = rust.strip_prefix("Nullable<").and_then(|rest| rest.strip_suffix('>'));
                columns.insert(name.to_owned(), (column_type(engine, inner.unwrap_or(rust)), inner.is_some()));
            } else if table.is_none() && line.ends_with(") {") {
                table = line.split_once(' ').map(|(name, _)| name.to_owned());
            }
        }
        tables.insert(table.unwrap_or_else(|| panic!("no table in {block}")), columns);
    }
    tables
}

fn column_type(engine: Engine, rust: &str) -> String {
    let (sqlite, postgres) = match rust {
        "DbUuid" => ("BLOB", "uuid"),
        "Binary" => ("BLOB", "bytea"),
        "DbTime" => ("TEXT", "timestamp with time zone"),
        "DbJson" => ("TEXT", "jsonb"),
        "Date" => ("TEXT", "date"),
        "Text" => ("TEXT", "text"),
        "BigInt" => ("INTEGER", "bigint"),
        "Integer" => ("INTEGER", "integer"),
        "Bool" => ("INTEGER", "boolean"),
        other => panic!("the schema has a type unknown here: {other}"),
    };
    (if engine == Engine::Sqlite { sqlite } else { postgres }).to_owned()
}

fn columns(engine: Engine, connection: &mut DbConnection) -> BTreeMap<String, Columns> {
    let query = match engine {
        Engine::Sqlite => {
            "SELECT m.name || '|' || c.name || '|' || c.type || '|' || (CASE c.\"notnull\" WHEN 0 THEN 'YES' ELSE 'NO' END) AS line \
             FROM sqlite_master m JOIN pragma_table_info(m.name) c WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
        }
        Engine::Postgres => {
            "SELECT table_name || '|' || column_name || '|' || data_type || '|' || is_nullable AS line \
             FROM information_schema.columns WHERE table_schema = 'public'"
        }
    };
    let mut tables: BTreeMap<String, Columns> = BTreeMap::new();
    for line in lines(query, connection) {
        let parts: Vec<&str> = line.split('|').collect();
        let [table, column, kind, nullable] = parts[..] else { panic!("not a column: {line}") };
        tables.entry(table.to_owned()).or_default().insert(column.to_owned(), (kind.to_owned(), nullable == "YES"));
    }
    tables.remove("__diesel_schema_migrations");
    tables
}

/// Everything that migrations make: columns, keys, checks, references, indexes, and whatever else has a name.
fn described(engine: Engine, connection: &mut DbConnection) -> Vec<String> {
    let query = match engine {
        Engine::Sqlite => {
            "SELECT type || ' ' || name || ' ' || coalesce(sql, '') AS line FROM sqlite_master WHERE tbl_name NOT LIKE '%__diesel%' \
             UNION ALL SELECT m.name || '.' || c.name || ' ' || c.type AS line FROM sqlite_master m JOIN pragma_table_info(m.name) c \
             WHERE m.type = 'table' AND m.name NOT LIKE '%__diesel%'"
        }
        Engine::Postgres => {
            "SELECT table_name || '.' || column_name || ' ' || data_type || ' ' || is_nullable AS line \
             FROM information_schema.columns WHERE table_schema = 'public' AND table_name NOT LIKE '%__diesel%' \
             UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename NOT LIKE '%__diesel%' \
             UNION ALL SELECT conrelid::regclass || ' ' || pg_get_constraintdef(oid) FROM pg_constraint \
             WHERE connamespace = 'public'::regnamespace AND conrelid::regclass::text NOT LIKE '%__diesel%' \
             UNION ALL SELECT 'routine ' || proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace \
             UNION ALL SELECT 'trigger ' || tgname FROM pg_trigger WHERE NOT tgisinternal \
             UNION ALL SELECT 'type ' || typname FROM pg_type WHERE typnamespace = 'public'::regnamespace AND typname NOT LIKE '%__diesel%'"
        }
    };
    lines(query, connection)
}
