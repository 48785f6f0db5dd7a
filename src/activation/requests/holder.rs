//! Who holds the service and who applies for it: the data, and the Italian checks on them.

use chrono::{Datelike as _, NaiveDate};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use crate::customers::address::Address;
use crate::customers::billing_profiles::rules::{BillingDetails, BillingKind};
use crate::italy::codice_fiscale::{CodiceFiscale, Disagreement, Sex as CodeSex};
use crate::platform::problem::{FieldProblem, Problem};

crate::text_enum!(
    /// What kind of holder (guide: "tipologia intestatario").
    HolderType {
        Person = "person",
        Professional = "professional",
        Company = "company",
        PublicBody = "public_body",
        Association = "association",
    }
);

impl HolderType {
    /// The kind of customer whose checks hold for a holder of this type too.
    pub fn billing_kind(self) -> BillingKind {
        match self {
            Self::Person => BillingKind::Person,
            Self::Professional => BillingKind::Professional,
            Self::Company => BillingKind::Company,
            Self::PublicBody => BillingKind::PublicBody,
            Self::Association => BillingKind::Association,
        }
    }

    /// Whether it is a human being.
    pub fn is_natural_person(self) -> bool {
        self.billing_kind().is_natural_person()
    }
}

crate::text_enum!(
    /// In which role somebody applies.
    ApplicantRole {
        Holder = "holder",
        LegalRepresentative = "legal_representative",
        Delegate = "delegate",
    }
);

crate::text_enum!(
    /// Sex as the codice fiscale has it.
    Sex {
        Female = "F",
        Male = "M",
    }
);

/// The service's holder; which fields are needed depends on the type.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct Holder {
    /// What kind.
    pub holder_type: HolderType,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[validate(length(min = 1, max = 60))]
    #[schema(min_length = 1, max_length = 60, example = "Mario")]
    /// A natural person's.
    pub first_name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[validate(length(min = 1, max = 60))]
    #[schema(min_length = 1, max_length = 60, example = "Rossi")]
    /// A natural person's.
    pub last_name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[validate(length(min = 1, max = 80))]
    #[schema(min_length = 1, max_length = 80)]
    /// An organisation's.
    pub business_name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[validate(length(max = 20))]
    #[schema(max_length = 20, example = "RSSMRA85T10A562S")]
    /// 16 characters for a person, 11 digits for an organisation.
    pub codice_fiscale: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[validate(length(max = 20))]
    #[schema(max_length = 20)]
    /// 11 digits.
    pub partita_iva: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[validate(length(max = 254))]
    #[schema(max_length = 254)]
    /// Certified e-mail.
    pub pec: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[validate(length(min = 5, max = 20))]
    #[schema(min_length = 5, max_length = 20)]
    /// Telephone number.
    pub phone: Option<String>,
    #[validate(nested)]
    /// Where they are.
    pub address: Address,
}

impl Holder {
    /// The holder in normal form, after the checks of its type: those of a billing profile but for the SdI channel,
    /// which the service itself provides.
    ///
    /// # Errors
    /// `invalid_fields`.
    pub fn checked(mut self) -> Result<Self, Problem> {
        let details = BillingDetails {
            kind: self.holder_type.billing_kind(),
            first_name: self.first_name.clone(),
            last_name: self.last_name.clone(),
            business_name: self.business_name.clone(),
            codice_fiscale: self.codice_fiscale.clone(),
            partita_iva: self.partita_iva.clone(),
            vat_number: None,
            codice_destinatario: None,
            pec: self.pec.clone(),
            address: self.address.clone(),
        };
        let checked = details.checked_without_channel()?;
        self.first_name = checked.first_name;
        self.last_name = checked.last_name;
        self.business_name = checked.business_name;
        self.codice_fiscale = checked.codice_fiscale;
        self.partita_iva = checked.partita_iva;
        self.pec = checked.pec;
        self.address = checked.address;
        Ok(self)
    }

    /// The name that documents are made out to.
    pub fn display_name(&self) -> String {
        let person = [self.first_name.as_deref(), self.last_name.as_deref()];
        let person = person.into_iter().flatten().collect::<Vec<_>>().join(" ");
        self.business_name.clone().unwrap_or(person)
    }

    /// Whom "one service per product and holder" counts.
    pub fn fiscal_subject(&self) -> String {
        self.codice_fiscale.clone().or_else(|| self.partita_iva.clone()).unwrap_or_default()
    }
}

/// The natural person who applies (guide: "Persona Fisica richiedente").
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct Applicant {
    /// In which role.
    pub role: ApplicantRole,
    #[validate(length(min = 1, max = 60))]
    #[schema(min_length = 1, max_length = 60, example = "Mario")]
    /// First name.
    pub first_name: String,
    #[validate(length(min = 1, max = 60))]
    #[schema(min_length = 1, max_length = 60, example = "Rossi")]
    /// Last name.
    pub last_name: String,
    /// Sex.
    pub sex: Sex,
    #[serde(deserialize_with = "crate::platform::clock::calendar_day")]
    #[schema(example = "1985-12-10")]
    /// Date of birth.
    pub birth_date: NaiveDate,
    #[validate(length(min = 1, max = 80))]
    #[schema(min_length = 1, max_length = 80, example = "San Giuliano Terme")]
    /// Place of birth.
    pub birth_place: String,
    #[validate(length(max = 20))]
    #[schema(max_length = 20, example = "RSSMRA85T10A562S")]
    /// 16 characters.
    pub codice_fiscale: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[validate(length(min = 5, max = 20))]
    #[schema(min_length = 5, max_length = 20)]
    /// Telephone number.
    pub phone: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[validate(nested)]
    /// Where they live.
    pub address: Option<Address>,
}

impl Applicant {
    /// First and last name.
    pub fn full_name(&self) -> String {
        format!("{} {}", self.first_name, self.last_name)
    }

    /// The applicant in normal form: an adult whose codice fiscale agrees with name, birth and sex, and, applying as the
    /// holder, with the holder.
    ///
    /// # Errors
    /// `invalid_fields`, naming each field that disagrees.
    pub fn checked(mut self, holder: &Holder, today: NaiveDate) -> Result<Self, Problem> {
        let mut errors = Vec::new();
        match CodiceFiscale::parse(&self.codice_fiscale) {
            Ok(code) => {
                let sex = if self.sex == Sex::Female { CodeSex::Female } else { CodeSex::Male };
                let disagreements = code.cross_check(&self.first_name, &self.last_name, self.birth_date, sex);
                errors.extend(disagreements.into_iter().map(disagreement));
                self.codice_fiscale = code.as_str().to_owned();
            }
            Err(error) => {
                errors.push(FieldProblem::new(
                    "/codice_fiscale",
                    error.code(),
                    "Codice fiscale non valido",
                    "Not a valid codice fiscale",
                ));
            }
        }
        if age(self.birth_date, today) < 18 {
            errors.push(FieldProblem::new("/birth_date", "not_adult", "Deve essere maggiorenne", "Must be an adult"));
        }
        if self.role == ApplicantRole::Holder {
            let is_holder = holder.holder_type.is_natural_person()
                && holder.codice_fiscale.as_deref() == Some(&self.codice_fiscale);
            if !is_holder {
                errors.push(FieldProblem::new(
                    "/role",
                    "not_the_holder",
                    "Non è l'intestatario",
                    "That is not the holder",
                ));
            }
        }
        if errors.is_empty() { Ok(self) } else { Err(Problem::invalid(errors)) }
    }
}

fn disagreement(field: Disagreement) -> FieldProblem {
    let pointer = match field {
        Disagreement::LastName => "/last_name",
        Disagreement::FirstName => "/first_name",
        Disagreement::BirthDate => "/birth_date",
        Disagreement::Sex => "/sex",
    };
    FieldProblem::new(
        pointer,
        "disagrees_with_codice_fiscale",
        "Non corrisponde al codice fiscale",
        "It disagrees with the codice fiscale",
    )
}

/// Completed years on a day.
fn age(birth: NaiveDate, today: NaiveDate) -> i32 {
    let had_birthday = (today.month(), today.day()) >= (birth.month(), birth.day());
    today.year() - birth.year() - i32::from(!had_birthday)
}

impl std::fmt::Debug for Holder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Holder({})", self.holder_type)
    }
}

impl std::fmt::Debug for Applicant {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Applicant(…)")
    }
}
