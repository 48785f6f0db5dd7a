//! Column types that differ between the two databases, each declared here once; queries never see an engine.

use chrono::{DateTime, SecondsFormat, Utc};
use diesel::deserialize::FromSqlRow;
use diesel::expression::AsExpression;
use diesel::query_builder::QueryId;
use diesel::sql_types::{self, HasSqlType, SqlType};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use super::connection::MultiBackend;

/// `UUID` on PostgreSQL, 16-byte `BLOB` on SQLite.
#[derive(Debug, Clone, Copy, Default, SqlType, QueryId)]
#[diesel(postgres_type(oid = 2950, array_oid = 2951), sqlite_type(name = "Binary"))]
pub struct DbUuid;

/// `TIMESTAMPTZ` on PostgreSQL, fixed-width RFC 3339 `TEXT` on SQLite, which sorts as time.
#[derive(Debug, Clone, Copy, Default, SqlType, QueryId)]
#[diesel(postgres_type(oid = 1184, array_oid = 1185), sqlite_type(name = "Text"))]
pub struct DbTime;

/// `JSONB` on PostgreSQL, `TEXT` on SQLite.
#[derive(Debug, Clone, Copy, Default, SqlType, QueryId)]
#[diesel(postgres_type(oid = 3802, array_oid = 3807), sqlite_type(name = "Text"))]
pub struct DbJson;

/// A moment in UTC, with microseconds.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema, AsExpression, FromSqlRow,
)]
#[diesel(sql_type = DbTime)]
#[serde(transparent)]
#[schema(value_type = String, format = DateTime, example = "2026-11-24T09:30:00Z")]
pub struct Time(#[serde(deserialize_with = "four_digit_year")] pub DateTime<Utc>);

/// RFC 3339 §1 has years from 0 to 9999 only, and SQLite sorts times as texts of one width.
fn four_digit_year<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<DateTime<Utc>, D::Error> {
    let time = DateTime::<Utc>::deserialize(deserializer)?;
    let is_rfc_3339 = (0..=9999).contains(&chrono::Datelike::year(&time));
    if is_rfc_3339 { Ok(time) } else { Err(serde::de::Error::custom("the year must have four digits")) }
}

/// A JSON document in a column. Its `Debug` is redacted: what is kept this way is mostly personal data.
#[derive(Clone, PartialEq, Serialize, Deserialize, AsExpression, FromSqlRow)]
#[diesel(sql_type = DbJson)]
#[serde(transparent)]
pub struct Json(pub serde_json::Value);

impl Json {
    /// Any value as a document.
    ///
    /// # Errors
    /// `internal_error` when the value has no JSON form.
    pub fn of(value: &impl Serialize) -> Result<Self, crate::platform::problem::Problem> {
        serde_json::to_value(value).map(Self).map_err(crate::platform::problem::Problem::internal)
    }

    /// The document as a value.
    ///
    /// # Errors
    /// `internal_error` when the stored document has another shape.
    pub fn read<T: serde::de::DeserializeOwned>(&self) -> Result<T, crate::platform::problem::Problem> {
        T::deserialize(&self.0).map_err(crate::platform::problem::Problem::internal)
    }
}

impl std::fmt::Debug for Json {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Json(…)")
    }
}

/// Implements a column type for one newtype on both databases and on whichever one is connected.
#[macro_export]
macro_rules! both_databases_column {
    ($sql:ty, $rust:ident, $pg:ty, $inner:ty, $to_sqlite:expr, $from_sqlite:expr) => {
        const _: () = {
            use diesel::backend::Backend;
            use diesel::deserialize::{self, FromSql};
            use diesel::pg::Pg;
            use diesel::serialize::{self, IsNull, Output, ToSql};
            use diesel::sqlite::Sqlite;
            use $crate::platform::db::types::MultiBackend;

            impl FromSql<$sql, MultiBackend> for $rust {
                fn from_sql(value: <MultiBackend as Backend>::RawValue<'_>) -> deserialize::Result<Self> {
                    value.from_sql::<$rust, $sql>()
                }
            }
            impl ToSql<$sql, MultiBackend> for $rust {
                fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, MultiBackend>) -> serialize::Result {
                    out.set_value((<$sql>::default(), self));
                    Ok(IsNull::No)
                }
            }
            impl FromSql<$sql, Pg> for $rust {
                fn from_sql(value: <Pg as Backend>::RawValue<'_>) -> deserialize::Result<Self> {
                    <$inner as FromSql<$pg, Pg>>::from_sql(value).map($rust)
                }
            }
            impl ToSql<$sql, Pg> for $rust {
                fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
                    ToSql::<$pg, Pg>::to_sql(&self.0, out)
                }
            }
            impl FromSql<$sql, Sqlite> for $rust {
                fn from_sql(mut value: <Sqlite as Backend>::RawValue<'_>) -> deserialize::Result<Self> {
                    let read: fn(&mut <Sqlite as Backend>::RawValue<'_>) -> deserialize::Result<$inner> = $from_sqlite;
                    read(&mut value).map($rust)
                }
            }
            impl ToSql<$sql, Sqlite> for $rust {
                fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
                    let write = $to_sqlite;
                    out.set_value(write(&self.0));
                    Ok(IsNull::No)
                }
            }
        };
    };
}

/// Makes a newtype over `Uuid` a column.
#[macro_export]
macro_rules! uuid_column {
    ($rust:ident) => {
        $crate::both_databases_column!(
            $crate::platform::db::types::DbUuid,
            $rust,
            diesel::sql_types::Uuid,
            uuid::Uuid,
            |uuid: &uuid::Uuid| uuid.as_bytes().to_vec(),
            |value| Ok(uuid::Uuid::from_slice(value.read_blob())?)
        );
    };
}

macro_rules! known_to_multi_backend {
    ($($sql:ident),*) => {$(
        impl HasSqlType<$sql> for MultiBackend {
            fn metadata(lookup: &mut Self::MetadataLookup) -> Self::TypeMetadata {
                MultiBackend::lookup_sql_type::<$sql>(lookup)
            }
        }
    )*};
}
known_to_multi_backend!(DbUuid, DbTime, DbJson);

both_databases_column!(
    DbTime,
    Time,
    sql_types::Timestamptz,
    DateTime<Utc>,
    |time: &DateTime<Utc>| time.to_rfc3339_opts(SecondsFormat::Micros, true),
    |value| Ok(DateTime::parse_from_rfc3339(value.read_text())?.to_utc())
);
both_databases_column!(
    DbJson,
    Json,
    sql_types::Jsonb,
    serde_json::Value,
    |json: &serde_json::Value| json.to_string(),
    |value| Ok(serde_json::from_str(value.read_text())?)
);

/// Declares an enum that is one of a few words, in JSON, in the OpenAPI document and in a `TEXT` column.
#[macro_export]
macro_rules! text_enum {
    ($(#[$meta:meta])* $name:ident { $($(#[$variant_meta:meta])* $variant:ident = $text:tt),* $(,)? }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
                 utoipa::ToSchema, diesel::expression::AsExpression, diesel::deserialize::FromSqlRow)]
        #[diesel(sql_type = diesel::sql_types::Text)]
        pub enum $name {
            $(
                #[doc = concat!("`", $text, "`")]
                $(#[$variant_meta])*
                #[serde(rename = $text)]
                $variant,
            )*
        }
        impl $name {
            /// Every value, in the order of declaration.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The word it is written as.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),* }
            }
        }
        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
        impl std::str::FromStr for $name {
            type Err = String;
            fn from_str(text: &str) -> Result<Self, String> {
                match text {
                    $($text => Ok(Self::$variant),)*
                    _ => Err(format!("must be one of: {}", [$($text),*].join(", "))),
                }
            }
        }
        impl<DB: diesel::backend::Backend> diesel::serialize::ToSql<diesel::sql_types::Text, DB> for $name
        where str: diesel::serialize::ToSql<diesel::sql_types::Text, DB> {
            fn to_sql<'b>(&'b self, out: &mut diesel::serialize::Output<'b, '_, DB>) -> diesel::serialize::Result {
                self.as_str().to_sql(out)
            }
        }
        impl<DB: diesel::backend::Backend> diesel::deserialize::FromSql<diesel::sql_types::Text, DB> for $name
        where String: diesel::deserialize::FromSql<diesel::sql_types::Text, DB> {
            fn from_sql(value: DB::RawValue<'_>) -> diesel::deserialize::Result<Self> {
                Ok(String::from_sql(value)?.parse()?)
            }
        }
    };
}
