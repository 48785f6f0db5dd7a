//! Bridges for what both databases understand but `MultiConnection` does not declare.

use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sqlite::Sqlite;

use super::connection::{DbConnection, MultiBackend};

/// Runs a statement that both databases support, such as `ON CONFLICT`.
#[derive(Debug, Clone, Copy)]
pub struct Both<T>(pub T);

impl<T> QueryFragment<MultiBackend> for Both<T>
where
    T: QueryFragment<Pg> + QueryFragment<Sqlite>,
{
    fn walk_ast<'b>(&'b self, pass: AstPass<'_, 'b, MultiBackend>) -> QueryResult<()> {
        MultiBackend::walk_variant_ast(&self.0, pass)
    }
}

impl<T: QueryId> QueryId for Both<T> {
    type QueryId = T::QueryId;
    const HAS_STATIC_QUERY_ID: bool = T::HAS_STATIC_QUERY_ID;
}

impl<T: Query> Query for Both<T> {
    type SqlType = T::SqlType;
}

impl<T> RunQueryDsl<DbConnection> for Both<T> {}

/// Appends `FOR UPDATE` on PostgreSQL, so that those who change the same row take turns; nothing on SQLite, whose one writer already does.
#[derive(Debug, Clone, Copy)]
pub struct Locked<T>(pub T);

/// Appends `FOR UPDATE SKIP LOCKED` on PostgreSQL, so that workers take different rows.
#[derive(Debug, Clone, Copy)]
pub struct SkipLocked<T>(pub T);

macro_rules! postgres_suffix {
    ($wrapper:ident, $suffix:ident, $sql:literal) => {
        impl<T> QueryFragment<MultiBackend> for $wrapper<T>
        where
            T: QueryFragment<MultiBackend>,
        {
            fn walk_ast<'b>(&'b self, mut pass: AstPass<'_, 'b, MultiBackend>) -> QueryResult<()> {
                self.0.walk_ast(pass.reborrow())?;
                MultiBackend::walk_variant_ast(&$suffix, pass)
            }
        }
        impl<T: QueryId> QueryId for $wrapper<T> {
            type QueryId = $wrapper<T::QueryId>;
            const HAS_STATIC_QUERY_ID: bool = T::HAS_STATIC_QUERY_ID;
        }
        impl<T: Query> Query for $wrapper<T> {
            type SqlType = T::SqlType;
        }
        impl<T> RunQueryDsl<DbConnection> for $wrapper<T> {}

        struct $suffix;
        impl QueryFragment<Pg> for $suffix {
            fn walk_ast<'b>(&'b self, mut pass: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
                pass.push_sql($sql);
                Ok(())
            }
        }
        impl QueryFragment<Sqlite> for $suffix {
            fn walk_ast<'b>(&'b self, _: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
                Ok(())
            }
        }
    };
}
postgres_suffix!(Locked, ForUpdate, " FOR UPDATE");
postgres_suffix!(SkipLocked, ForUpdateSkipLocked, " FOR UPDATE SKIP LOCKED");

/// Runs one diesel expression on whichever database `connection` holds, for what the bridges above cannot carry (batch inserts).
#[macro_export]
macro_rules! on_each_database {
    ($connection:expr, |$inner:ident| $body:expr) => {
        match $connection {
            $crate::platform::db::DbConnection::Sqlite($inner) => $body,
            $crate::platform::db::DbConnection::Postgres($inner) => $body,
        }
    };
}

/// Makes those who name the same thing take turns: whoever else asks for it waits until this transaction ends. For what no
/// row stands for yet. PostgreSQL has locks for it; SQLite's one writer takes turns anyway.
pub fn take_turns(tx: &mut DbConnection, thing: &str) -> QueryResult<()> {
    if let DbConnection::Postgres(postgres) = tx {
        diesel::sql_query("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))")
            .bind::<diesel::sql_types::Text, _>(thing)
            .execute(postgres)?;
    }
    Ok(())
}
