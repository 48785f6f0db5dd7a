//! Identifiers: prefixed, time-ordered TypeIDs (UUIDv7 in Crockford base 32), one Rust type for each kind of thing.

/// Declares the identifier type of one kind of thing: `typed_id!(/// A plan's identifier. PlanId = "plan")`.
///
/// It prints and parses as a TypeID, is a `UUID` (PostgreSQL) or 16-byte `BLOB` (SQLite) in the database and a
/// described string in the OpenAPI document.
#[macro_export]
macro_rules! typed_id {
    ($(#[$doc:meta])* $name:ident = $prefix:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, diesel::expression::AsExpression, diesel::deserialize::FromSqlRow)]
        #[diesel(sql_type = $crate::platform::db::types::DbUuid)]
        pub struct $name(pub uuid::Uuid);

        impl $name {
            /// What its printed form begins with.
            pub const PREFIX: &'static str = $prefix;

            /// A fresh identifier, later than all that this process made before.
            pub fn new() -> Self {
                Self($crate::platform::ids::fresh_uuid())
            }
        }
        impl Default for $name {
            fn default() -> Self {
                Self::new()
            }
        }
        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                $crate::platform::ids::write_type_id(f, Self::PREFIX, self.0)
            }
        }
        impl std::str::FromStr for $name {
            type Err = $crate::platform::ids::NotAnId;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                $crate::platform::ids::parse_type_id(Self::PREFIX, text).map(Self)
            }
        }
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str> as serde::Deserialize>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                $crate::platform::http::openapi::type_id_schema(Self::PREFIX)
            }
        }
        impl utoipa::ToSchema for $name {
            fn name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }
        }
        $crate::uuid_column!($name);
    };
}

use type_safe_id::{DynamicType, TypeSafeId};
use uuid::Uuid;

/// Characters that a TypeID has at most: a prefix of 63, an underscore and 26 of the UUID.
const LONGEST: usize = 90;

/// The text is not an identifier of the kind that was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an identifier of the expected kind")]
pub struct NotAnId;

/// A time-ordered UUIDv7 (RFC 9562 §5.7).
#[expect(clippy::disallowed_methods, reason = "identifiers are made here and nowhere else")]
pub fn fresh_uuid() -> Uuid {
    Uuid::now_v7()
}

/// Writes `prefix_suffix`.
pub fn write_type_id(f: &mut std::fmt::Formatter<'_>, prefix: &str, uuid: Uuid) -> std::fmt::Result {
    let prefix = DynamicType::new(prefix).map_err(|_| std::fmt::Error)?;
    write!(f, "{}", TypeSafeId::from_type_and_uuid(prefix, uuid))
}

/// Reads `prefix_suffix`; another prefix is another kind of thing and refused.
pub fn parse_type_id(prefix: &str, text: &str) -> Result<Uuid, NotAnId> {
    // The parser slices the text by bytes and panics where that splits a character, so only ASCII gets there.
    if !text.is_ascii() || text.len() > LONGEST {
        return Err(NotAnId);
    }
    let id: TypeSafeId<DynamicType> = text.parse().map_err(|_| NotAnId)?;
    if id.type_prefix() == prefix { Ok(id.uuid()) } else { Err(NotAnId) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    crate::typed_id!(
        /// A thing.
        ThingId = "thing"
    );

    proptest! {
        #[test]
        fn an_id_survives_its_printed_form(bits in any::<u128>()) {
            let id = ThingId(uuid::Uuid::from_u128(bits));
            prop_assert_eq!(id.to_string().parse::<ThingId>(), Ok(id));
        }

        #[test]
        fn no_text_panics(text in ".{0,80}") {
            let _ = text.parse::<ThingId>();
        }
    }

    #[test]
    fn another_kind_is_refused_and_later_ids_sort_later() {
        let first = ThingId::new();
        let second = ThingId::new();
        assert!(first.to_string() < second.to_string());
        assert!(first.to_string().replace("thing", "other").parse::<ThingId>().is_err());
    }
}
