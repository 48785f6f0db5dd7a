//! Who holds the service and who applies for it: the data, and the Italian checks on them.

use chrono::{Datelike as _, NaiveDate};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use crate::customers::accounts::rules::{check_name, checked_phone};
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
    #[validate(length(min = 6, max = 20))]
    #[schema(min_length = 6, max_length = 20, example = "+39 02 1234567")]
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
        let phone = self.phone.as_deref().map(|phone| checked_phone("/phone", phone)).transpose();
        let checked = match (self.billing_details().checked_without_channel(), phone) {
            (Ok(checked), Ok(phone)) => {
                self.phone = phone;
                checked
            }
            (Ok(_), Err(error)) => return Err(Problem::invalid(vec![error])),
            (Err(mut problem), phone) => {
                problem.errors.extend(phone.err());
                return Err(problem);
            }
        };
        self.first_name = checked.first_name;
        self.last_name = checked.last_name;
        self.business_name = checked.business_name;
        self.codice_fiscale = checked.codice_fiscale;
        self.partita_iva = checked.partita_iva;
        self.pec = checked.pec;
        self.address = checked.address;
        Ok(self)
    }

    /// The holder as a customer who is not invoiced: the same checks and the same rules hold for both.
    fn billing_details(&self) -> BillingDetails {
        BillingDetails {
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
        }
    }

    /// The name that documents are made out to.
    pub fn display_name(&self) -> String {
        self.billing_details().display_name()
    }

    /// Whom "one service per product and holder" counts: who it is for fiscal limits.
    pub fn fiscal_subject(&self) -> String {
        self.billing_details().fiscal_subject()
    }

    /// Whether another is the same person or organisation, whatever else is said of it: whoever may apply for the one may
    /// for the other.
    pub fn is_same_subject(&self, other: &Self) -> bool {
        (self.holder_type, self.fiscal_subject()) == (other.holder_type, other.fiscal_subject())
    }

    /// Whether another is the same, and of the same name.
    pub fn is_same_party(&self, other: &Self) -> bool {
        let names = |of: &Self| [&of.first_name, &of.last_name, &of.business_name].map(Clone::clone);
        self.is_same_subject(other) && names(self) == names(other)
    }
}

/// Completed years from which on somebody may apply.
const ADULT_AGE: i32 = 18;
/// Completed years that nobody in Italy has outlived, with some to spare.
const HIGHEST_AGE: i32 = 120;

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
    #[validate(length(min = 6, max = 20))]
    #[schema(min_length = 6, max_length = 20, example = "+39 02 1234567")]
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
        let mut errors = self.normalise();
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
        let age = age(self.birth_date, today);
        if age < ADULT_AGE {
            errors.push(FieldProblem::new("/birth_date", "not_adult", "Deve essere maggiorenne", "Must be an adult"));
        } else if age > HIGHEST_AGE {
            errors.push(FieldProblem::new(
                "/birth_date",
                "too_long_ago",
                "Nessuno è così anziano: controlla l'anno di nascita",
                "Nobody is that old: check the year of birth",
            ));
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

    /// Brings texts, number and address to their normal form, and answers what is wrong with them.
    fn normalise(&mut self) -> Vec<FieldProblem> {
        let texts = [
            ("/first_name", &mut self.first_name),
            ("/last_name", &mut self.last_name),
            ("/birth_place", &mut self.birth_place),
        ];
        let mut errors = Vec::new();
        for (pointer, text) in texts {
            *text = text.trim().to_owned();
            errors.extend(check_name(pointer, text));
        }
        match self.phone.as_deref().map(|phone| checked_phone("/phone", phone)).transpose() {
            Ok(phone) => self.phone = phone,
            Err(error) => errors.push(error),
        }
        if let Some(address) = &mut self.address {
            errors.extend(address.check("/address"));
            *address = address.normalised();
        }
        errors
    }

    /// Whether another is the same person in the same role, wherever they live and however they are reached.
    pub fn is_same_person(&self, other: &Self) -> bool {
        let identity = |of: &Self| (of.role, of.first_name.clone(), of.last_name.clone(), of.codice_fiscale.clone());
        identity(self) == identity(other)
    }

    /// Whether the same codice fiscale, which has two digits of the year, would be a minor's if they were born a century
    /// later.
    pub fn may_be_a_minor(&self, today: NaiveDate) -> bool {
        (100..100 + ADULT_AGE).contains(&age(self.birth_date, today))
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

#[cfg(test)]
mod tests;
