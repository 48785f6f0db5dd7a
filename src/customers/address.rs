//! Postal addresses, Italian and foreign.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

/// Where somebody is.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct Address {
    /// Street and number.
    #[validate(length(min = 1, max = 120))]
    #[schema(min_length = 1, max_length = 120, example = "Via Roma 1")]
    pub street: String,
    /// CAP: five digits in Italy.
    #[validate(length(min = 1, max = 16))]
    #[schema(min_length = 1, max_length = 16, example = "20121")]
    pub postal_code: String,
    /// Comune.
    #[validate(length(min = 1, max = 80))]
    #[schema(min_length = 1, max_length = 80, example = "Milano")]
    pub municipality: String,
    /// Two letters; Italian addresses only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[validate(length(equal = 2))]
    #[schema(min_length = 2, max_length = 2, example = "MI", nullable = false)]
    pub province: Option<String>,
    /// ISO 3166-1 alpha-2.
    #[serde(default = "italy")]
    #[validate(length(equal = 2))]
    #[schema(min_length = 2, max_length = 2, example = "IT", default = "IT")]
    pub country: String,
}

fn italy() -> String {
    "IT".to_owned()
}

impl std::fmt::Debug for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Address(…)")
    }
}
