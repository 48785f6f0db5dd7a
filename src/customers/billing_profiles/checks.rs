//! The Italian fiscal checks of a billing profile.

use super::rules::{BillingDetails, BillingKind};
use crate::italy::codice_fiscale::CodiceFiscale;
use crate::italy::partita_iva::{OrganisationCode, PartitaIva};
use crate::italy::sdi::{Recipient, delivery};
use crate::italy::{countries, provinces};
use crate::platform::locale::Localized;
use crate::platform::problem::{FieldProblem, Problem};

impl BillingDetails {
    /// The details in their normal form, after the checks of their kind.
    ///
    /// # Errors
    /// `invalid_fields`, pointing at everything that is wrong.
    pub fn checked(mut self) -> Result<Self, Problem> {
        let mut errors = Vec::new();
        self.check_names(&mut errors);
        self.check_identifiers(&mut errors);
        self.check_delivery(&mut errors);
        self.check_address(&mut errors);
        if errors.is_empty() { Ok(self) } else { Err(Problem::invalid(errors)) }
    }

    fn is_natural_person(&self) -> bool {
        matches!(self.kind, BillingKind::Person | BillingKind::Professional)
    }

    fn check_names(&self, errors: &mut Vec<FieldProblem>) {
        if self.is_natural_person() {
            require(errors, "/first_name", self.first_name.is_some());
            require(errors, "/last_name", self.last_name.is_some());
        } else if self.kind != BillingKind::Foreign || self.first_name.is_none() || self.last_name.is_none() {
            require(errors, "/business_name", self.business_name.is_some());
        }
    }

    fn check_identifiers(&mut self, errors: &mut Vec<FieldProblem>) {
        match self.kind {
            BillingKind::Person => {
                self.check_personal_code(errors);
                refuse(errors, "/partita_iva", self.partita_iva.is_some());
            }
            BillingKind::Professional => {
                self.check_personal_code(errors);
                self.check_partita_iva(errors, true);
            }
            BillingKind::Company => {
                self.check_partita_iva(errors, true);
                self.check_organisation_code(errors, false);
            }
            BillingKind::PublicBody | BillingKind::Association => {
                self.check_organisation_code(errors, true);
                self.check_partita_iva(errors, false);
            }
            BillingKind::Foreign => {
                refuse(errors, "/partita_iva", self.partita_iva.is_some());
                self.check_vat_number(errors);
            }
        }
        if self.kind != BillingKind::Foreign {
            refuse(errors, "/vat_number", self.vat_number.is_some());
        }
    }

    fn check_personal_code(&mut self, errors: &mut Vec<FieldProblem>) {
        let Some(typed) = &self.codice_fiscale else { return require(errors, "/codice_fiscale", false) };
        match CodiceFiscale::parse(typed) {
            Ok(code) => self.codice_fiscale = Some(code.as_str().to_owned()),
            Err(error) => errors.push(wrong("/codice_fiscale", error.code(), &error)),
        }
    }

    fn check_organisation_code(&mut self, errors: &mut Vec<FieldProblem>, is_needed: bool) {
        let Some(typed) = &self.codice_fiscale else { return require(errors, "/codice_fiscale", !is_needed) };
        match OrganisationCode::parse(typed) {
            Ok(code) => self.codice_fiscale = Some(code.as_str().to_owned()),
            Err(error) => errors.push(wrong("/codice_fiscale", error.code(), &error)),
        }
    }

    fn check_partita_iva(&mut self, errors: &mut Vec<FieldProblem>, is_needed: bool) {
        let Some(typed) = &self.partita_iva else { return require(errors, "/partita_iva", !is_needed) };
        match PartitaIva::parse(typed) {
            Ok(number) => self.partita_iva = Some(number.as_str().to_owned()),
            Err(error) => errors.push(wrong("/partita_iva", error.code(), &error)),
        }
    }

    /// A business of another EU state gives its VAT number, with that state's prefix.
    fn check_vat_number(&mut self, errors: &mut Vec<FieldProblem>) {
        let Some(typed) = &self.vat_number else { return };
        let number: String = typed.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_uppercase();
        let prefix = countries::vat_prefix(&self.address.country);
        if number.len() < 4 || prefix.is_some_and(|prefix| !number.starts_with(prefix)) {
            errors.push(FieldProblem::new(
                "/vat_number",
                "invalid_value",
                "Numero IVA non valido",
                "Not a VAT number of that country",
            ));
        }
        self.vat_number = Some(number);
    }

    fn check_delivery(&mut self, errors: &mut Vec<FieldProblem>) {
        let recipient = match self.kind {
            BillingKind::Person => Recipient::Person,
            BillingKind::Professional | BillingKind::Company => Recipient::Business,
            BillingKind::PublicBody => Recipient::PublicBody,
            BillingKind::Association if self.partita_iva.is_some() => Recipient::Business,
            BillingKind::Association => Recipient::Person,
            BillingKind::Foreign => Recipient::Foreign,
        };
        match delivery(recipient, self.codice_destinatario.as_deref(), self.pec.as_deref()) {
            Ok(found) => self.codice_destinatario = Some(found.codice_destinatario),
            Err(wrongs) => {
                errors.extend(wrongs.iter().map(|error| wrong(&format!("/{}", error.field()), error.code(), error)))
            }
        }
    }

    fn check_address(&mut self, errors: &mut Vec<FieldProblem>) {
        let address = &mut self.address;
        address.country = address.country.to_ascii_uppercase();
        let is_italian = address.country == "IT";
        if !countries::exists(&address.country) || (self.kind == BillingKind::Foreign) == is_italian {
            errors.push(FieldProblem::new(
                "/address/country",
                "invalid_value",
                "Paese non valido",
                "Not a valid country for this kind",
            ));
        }
        if !is_italian {
            return;
        }
        if !provinces::is_postal_code(&address.postal_code) {
            errors.push(FieldProblem::new(
                "/address/postal_code",
                "invalid_value",
                "CAP non valido",
                "Not an Italian postal code",
            ));
        }
        address.province = address.province.as_ref().map(|code| code.to_ascii_uppercase());
        if !address.province.as_deref().is_some_and(provinces::exists) {
            errors.push(FieldProblem::new(
                "/address/province",
                "invalid_value",
                "Provincia non valida",
                "Not an Italian province",
            ));
        }
    }
}

fn require(errors: &mut Vec<FieldProblem>, pointer: &str, is_present: bool) {
    if !is_present {
        errors.push(FieldProblem::new(pointer, "required", "Campo obbligatorio", "This field is required"));
    }
}

fn refuse(errors: &mut Vec<FieldProblem>, pointer: &str, is_present: bool) {
    if is_present {
        errors.push(FieldProblem::new(
            pointer,
            "not_for_this_kind",
            "Non previsto per questo tipo",
            "Not for this kind",
        ));
    }
}

fn wrong(pointer: &str, code: &'static str, error: &dyn std::error::Error) -> FieldProblem {
    let message = Localized { it: "Valore non valido".into(), en: error.to_string().into() };
    FieldProblem { pointer: pointer.to_owned(), code: code.into(), message }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(json: serde_json::Value) -> Vec<String> {
        let details: BillingDetails = serde_json::from_value(json).unwrap();
        details
            .checked()
            .map(|_| Vec::new())
            .unwrap_or_else(|problem| problem.errors.into_iter().map(|error| error.pointer).collect())
    }

    fn address() -> serde_json::Value {
        serde_json::json!({ "street": "Via Roma 1", "postal_code": "20121", "municipality": "Milano", "province": "mi" })
    }

    #[test]
    fn each_kind_needs_its_own_identifiers() {
        let person = |extra: serde_json::Value| {
            let mut json = serde_json::json!({ "kind": "person", "first_name": "Mario", "last_name": "Rossi", "address": address() });
            json.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
            json
        };
        assert_eq!(refused(person(serde_json::json!({ "codice_fiscale": "rssmra85t10a562s" }))), Vec::<String>::new());
        assert_eq!(refused(person(serde_json::json!({}))), ["/codice_fiscale"]);
        assert_eq!(refused(person(serde_json::json!({ "codice_fiscale": "RSSMRA85T10A562X" }))), ["/codice_fiscale"]);
        let company = serde_json::json!({ "kind": "company", "business_name": "X S.r.l.", "partita_iva": "12485671007", "address": address() });
        assert_eq!(refused(company), ["/codice_destinatario"]);
        let body = serde_json::json!({ "kind": "public_body", "business_name": "Comune", "codice_fiscale": "00743110157", "codice_destinatario": "UFABCD", "address": address() });
        assert_eq!(refused(body), Vec::<String>::new());
        let foreign = serde_json::json!({ "kind": "foreign", "business_name": "X GmbH", "vat_number": "FR123456789", "address": { "street": "Ring 1", "postal_code": "10115", "municipality": "Berlin", "country": "DE" } });
        assert_eq!(refused(foreign), ["/vat_number"]);
    }
}
