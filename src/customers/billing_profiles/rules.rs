//! What a billing profile is.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::vat_check::VatNumberCheck;
use crate::customers::address::Address;
use crate::platform::clock::Time;

crate::typed_id!(
    /// A billing profile's identifier.
    BillingProfileId = "bprof"
);

crate::text_enum!(
    /// What kind of customer an order is made out to.
    BillingKind {
        Person = "person",
        Professional = "professional",
        Company = "company",
        PublicBody = "public_body",
        Association = "association",
        Foreign = "foreign",
    }
);

/// What a customer gives; which fields are needed depends on the kind.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct BillingDetails {
    /// What kind of customer.
    pub kind: BillingKind,
    /// A natural person's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[validate(length(min = 1, max = 60))]
    #[schema(min_length = 1, max_length = 60, example = "Mario")]
    pub first_name: Option<String>,
    /// A natural person's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[validate(length(min = 1, max = 60))]
    #[schema(min_length = 1, max_length = 60, example = "Rossi")]
    pub last_name: Option<String>,
    /// An organisation's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[validate(length(min = 1, max = 80))]
    #[schema(min_length = 1, max_length = 80)]
    pub business_name: Option<String>,
    /// 16 characters for a person, 11 digits for an organisation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[validate(length(max = 20))]
    #[schema(max_length = 20, example = "RSSMRA85T10A562S")]
    pub codice_fiscale: Option<String>,
    /// 11 digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[validate(length(max = 20))]
    #[schema(max_length = 20)]
    pub partita_iva: Option<String>,
    /// A foreign business's, with its country's prefix.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[validate(length(max = 28))]
    #[schema(max_length = 28)]
    pub vat_number: Option<String>,
    /// 7 characters, 6 for a public body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[validate(length(max = 7))]
    #[schema(max_length = 7)]
    pub codice_destinatario: Option<String>,
    /// Certified e-mail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[validate(length(max = 254))]
    #[schema(max_length = 254)]
    pub pec: Option<String>,
    /// Where they are.
    #[validate(nested)]
    pub address: Address,
}

impl std::fmt::Debug for BillingDetails {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "BillingDetails({})", self.kind)
    }
}

/// A billing profile of an account's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BillingProfile {
    /// Which.
    pub id: BillingProfileId,
    /// What was given, checked.
    pub details: BillingDetails,
    /// What VIES says of the VAT number; none where it knows no such numbers.
    pub vat_number_check: Option<VatNumberCheck>,
    /// Raised at each change of the details. What VIES says is no change: nobody's edit is lost over it.
    pub version: i64,
    /// When it was made.
    pub created_at: Time,
    /// When it was changed last.
    pub updated_at: Time,
}

/// Billing profiles that one account may have; whoever bills more customers than that is a reseller.
pub const MOST_PROFILES: i64 = 200;

impl BillingKind {
    /// Whether it is a human being.
    pub fn is_natural_person(self) -> bool {
        matches!(self, Self::Person | Self::Professional)
    }
}

impl BillingDetails {
    /// Whom fiscal limits count, told by what the person or organisation cannot vary: a human being's codice fiscale,
    /// a company's partita IVA (its codice fiscale may be left out), any other organisation's codice fiscale, a foreign
    /// VAT number; else the name and place.
    pub fn fiscal_subject(&self) -> String {
        let (codice_fiscale, partita_iva) = (self.codice_fiscale.as_deref(), self.partita_iva.as_deref());
        let identifier = match self.kind {
            BillingKind::Company => partita_iva.or(codice_fiscale),
            BillingKind::Foreign => None,
            _ => codice_fiscale.or(partita_iva),
        };
        match (identifier, self.vat_number.as_deref()) {
            (Some(identifier), _) => identifier.to_owned(),
            (None, Some(number)) => format!("{}|{number}", self.address.country),
            (None, None) => {
                format!("{}|{}|{}", self.display_name(), self.address.postal_code, self.address.country).to_uppercase()
            }
        }
    }

    /// The name that documents are made out to.
    pub fn display_name(&self) -> String {
        let person = [self.first_name.as_deref(), self.last_name.as_deref()];
        let person = person.into_iter().flatten().collect::<Vec<_>>().join(" ");
        self.business_name.clone().unwrap_or(person)
    }

    /// Whether it is a human being of whom no business is known: whoever gives neither a business's name nor a VAT
    /// number.
    pub fn is_consumer(&self) -> bool {
        match self.kind {
            BillingKind::Person => true,
            BillingKind::Foreign => self.business_name.is_none() && self.vat_number.is_none(),
            _ => false,
        }
    }
}
