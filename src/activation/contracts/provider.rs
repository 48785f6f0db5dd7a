//! The company that sells and that the contracts name.

use serde::{Deserialize, Serialize};
use validator::Validate;

use crate::customers::address::Address;

/// Who sells, as `NEGOZIO_PROVIDER_FILE` (JSON) says.
#[derive(Debug, Clone, Serialize, Deserialize, Validate)]
#[serde(deny_unknown_fields)]
pub struct Provider {
    /// Registered name.
    #[validate(length(min = 1, max = 160))]
    pub business_name: String,
    /// Registered office.
    #[validate(nested)]
    pub address: Address,
    /// Tax code where it differs from the VAT number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub codice_fiscale: Option<String>,
    /// VAT number.
    #[validate(length(equal = 11))]
    pub partita_iva: String,
    /// Certified e-mail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pec: Option<String>,
    /// E-mail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Website.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub website: Option<String>,
    /// Where the data protection officer is reached (art. 13(1)(b) GDPR).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_protection_officer_email: Option<String>,
}

impl Provider {
    /// The sandbox's company, which does not exist.
    pub fn demo() -> Result<Self, String> {
        Self::parse(include_str!("provider.json"))
    }

    /// Reads a provider.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let provider: Self = serde_json::from_str(text).map_err(|error| error.to_string())?;
        provider.validate().map_err(|errors| errors.to_string().replace('\n', "; "))?;
        Ok(provider)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_demo_provider_reads_and_a_wrong_one_says_why() {
        assert!(Provider::demo().is_ok());
        assert!(Provider::parse("{}").unwrap_err().contains("business_name"));
    }
}
