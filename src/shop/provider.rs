//! The company that sells: contracts, receipts and invoices name it.

use serde::{Deserialize, Serialize};
use validator::{Validate, ValidationError};

use crate::customers::address::Address;
use crate::italy::iban::Iban;
use crate::italy::partita_iva::PartitaIva;
use crate::italy::provinces;

crate::text_enum!(
    /// Under which regime the company is taxed (block 1.2.1.8 of the FatturaPA): those whose sales bear VAT as the shop
    /// charges it. Under the others of the list an invoice bears none, as in the flat-rate one (RF19, L. 190/2014, art.
    /// 1(58)), or by rules of its own.
    #[derive(Default)]
    TaxRegime {
        /// The ordinary one.
        #[default]
        Rf01 = "RF01",
        /// Whatever is none of the special ones.
        Rf18 = "RF18",
    }
);

/// The entry in the business register, which a company names on what it writes (art. 2250 c.c.).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[serde(deny_unknown_fields)]
pub struct BusinessRegister {
    /// The province of the register's office.
    #[validate(custom(function = "existing_province"))]
    pub office: String,
    /// The number, as the register writes it.
    #[validate(length(min = 1, max = 20), custom(function = "plain_text"))]
    pub number: String,
    /// Paid-up share capital, cents.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[validate(range(min = 0, max = 9_999_999_999_999_i64))]
    pub share_capital_cents: Option<i64>,
    /// Whether one person owns all of it; absent where the company's form leaves the question out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sole_shareholder: Option<bool>,
    /// Whether it is being wound up.
    #[serde(default)]
    pub in_liquidation: bool,
}

/// Who sells, as `NEGOZIO_PROVIDER_FILE` (JSON) says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[serde(deny_unknown_fields)]
pub struct Provider {
    /// Registered name.
    #[validate(length(min = 1, max = 160))]
    pub business_name: String,
    /// Registered office, in Italy.
    #[validate(nested, custom(function = "italian_address"))]
    pub address: Address,
    /// Tax code where it differs from the VAT number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[validate(custom(function = "tax_code"))]
    pub codice_fiscale: Option<String>,
    /// VAT number.
    #[validate(custom(function = "partita_iva"))]
    pub partita_iva: String,
    /// Under which regime it is taxed.
    #[serde(default)]
    pub tax_regime: TaxRegime,
    /// Its entry in the business register.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[validate(nested)]
    pub business_register: Option<BusinessRegister>,
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

impl Provider {
    /// The tax code by which the tax agency knows the company.
    pub fn fiscal_code(&self) -> &str {
        self.codice_fiscale.as_deref().unwrap_or(&self.partita_iva)
    }
}

/// An account that no bank has, for a sandbox.
pub const DEMO_IBAN: &str = "IT60X0542811101000000123456";

/// Who sells, and where a bank transfer to them goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seller {
    /// Who.
    pub provider: Provider,
    /// The account.
    pub iban: Iban,
}

fn partita_iva(number: &str) -> Result<(), ValidationError> {
    let is_one = PartitaIva::parse(number).is_ok_and(|parsed| parsed.as_str() == number);
    if is_one { Ok(()) } else { Err(ValidationError::new("not_a_partita_iva")) }
}

fn tax_code(code: &str) -> Result<(), ValidationError> {
    let is_written_well =
        code.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase()) && matches!(code.len(), 11 | 16);
    if is_written_well { Ok(()) } else { Err(ValidationError::new("not_a_codice_fiscale")) }
}

fn existing_province(code: &str) -> Result<(), ValidationError> {
    if provinces::exists(code) { Ok(()) } else { Err(ValidationError::new("unknown_province")) }
}

fn plain_text(text: &str) -> Result<(), ValidationError> {
    if text.bytes().all(|byte| (b' '..=b'~').contains(&byte)) { Ok(()) } else { Err(ValidationError::new("not_ascii")) }
}

fn italian_address(address: &Address) -> Result<(), ValidationError> {
    let is_right = address.is_italian() && address.check("").is_empty() && address.normalised() == *address;
    if is_right { Ok(()) } else { Err(ValidationError::new("not_an_italian_address")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_demo_provider_reads_and_a_wrong_one_says_why() {
        assert!(Provider::demo().is_ok());
        assert!(Provider::parse("{}").unwrap_err().contains("business_name"));
    }

    #[test]
    fn what_no_invoice_could_bear_is_refused_at_the_start() {
        let with = |field: &str, value: serde_json::Value| {
            let mut provider: serde_json::Value = serde_json::from_str(include_str!("provider.json")).unwrap();
            provider[field] = value;
            Provider::parse(&provider.to_string())
        };
        assert!(with("partita_iva", "12345678904".into()).unwrap_err().contains("not_a_partita_iva"));
        assert!(with("codice_fiscale", "abc".into()).unwrap_err().contains("not_a_codice_fiscale"));
        assert!(with("tax_regime", "RF18".into()).is_ok());
        for regime in ["RF02", "RF19", "RF99"] {
            assert!(with("tax_regime", regime.into()).unwrap_err().contains("RF01"), "{regime}");
        }
        let register = serde_json::json!({ "office": "ZZ", "number": "1" });
        assert!(with("business_register", register).unwrap_err().contains("unknown_province"));
        let abroad = serde_json::json!({ "street": "a", "postal_code": "1", "municipality": "b", "country": "DE" });
        assert!(with("address", abroad).unwrap_err().contains("not_an_italian_address"));
    }
}
