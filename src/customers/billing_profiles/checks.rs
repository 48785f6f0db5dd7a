//! The Italian fiscal checks of a billing profile: which identifiers each kind needs, which it must not have, and
//! whether they are right and agree with each other.

use super::messages;
use super::rules::{BillingDetails, BillingKind};
use crate::italy::codice_fiscale::{CodiceFiscale, Disagreement};
use crate::italy::countries;
use crate::italy::partita_iva::{OrganisationCode, PartitaIva};
use crate::italy::sdi::{self, Pec, Recipient};
use crate::platform::problem::{FieldProblem, Problem};

/// Whether a kind gives a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// It must be given.
    Required,
    /// It may be given.
    Optional,
    /// It must not be given.
    Refused,
}

impl BillingKind {
    /// Which fields a kind gives (design: "Which identifiers by billing-profile kind").
    pub fn needs(self) -> [(&'static str, Need); 6] {
        use Need::{Optional, Refused, Required};
        let needs = |names, business_name, codice_fiscale, partita_iva, vat_number| {
            [
                ("first_name", names),
                ("last_name", names),
                ("business_name", business_name),
                ("codice_fiscale", codice_fiscale),
                ("partita_iva", partita_iva),
                ("vat_number", vat_number),
            ]
        };
        match self {
            Self::Person => needs(Required, Refused, Required, Refused, Refused),
            Self::Professional => needs(Required, Optional, Required, Required, Refused),
            Self::Company => needs(Refused, Required, Optional, Required, Refused),
            Self::PublicBody | Self::Association => needs(Refused, Required, Required, Optional, Refused),
            // A business or a human being: which names, and whether a VAT number, is looked at apart.
            Self::Foreign => needs(Optional, Optional, Refused, Refused, Optional),
        }
    }
}

impl BillingDetails {
    /// The details in their normal form, after the checks of their kind.
    ///
    /// # Errors
    /// `invalid_fields`, pointing at everything that is wrong.
    pub fn checked(self) -> Result<Self, Problem> {
        let mut details = self.normalised();
        let mut errors = details.check_all_but_channel();
        details.check_channel(&mut errors);
        if errors.is_empty() { Ok(details) } else { Err(Problem::invalid(errors)) }
    }

    /// The same checks without the channel for invoices, for whoever is not invoiced. A PEC must still be an address.
    ///
    /// # Errors
    /// `invalid_fields`, pointing at everything that is wrong.
    pub fn checked_without_channel(self) -> Result<Self, Problem> {
        let mut details = self.normalised();
        let mut errors = details.check_all_but_channel();
        if let Some(error) = details.pec.as_deref().and_then(|pec| Pec::parse(pec).err()) {
            errors.push(messages::delivery(error));
        }
        if errors.is_empty() { Ok(details) } else { Err(Problem::invalid(errors)) }
    }

    /// What is doubtful but accepted.
    pub fn warnings(&self) -> Vec<FieldProblem> {
        let organisation = self.codice_fiscale.as_deref().and_then(|number| OrganisationCode::parse(number).ok());
        let partita_iva = self.partita_iva.as_deref().and_then(|number| PartitaIva::parse(number).ok());
        let mut warnings = Vec::new();
        if organisation.is_some_and(|number| !number.office_code_is_known()) {
            warnings.push(unknown_office_code("/codice_fiscale"));
        }
        if partita_iva.is_some_and(|number| !number.office_code_is_known()) {
            warnings.push(unknown_office_code("/partita_iva"));
        }
        if self.vat_number.is_some() && countries::is_eu(&self.address.country) {
            // Reverse charge (art. 7-ter D.P.R. 633/1972) takes a number that VIES confirms.
            warnings.push(FieldProblem::new(
                "/vat_number",
                "vat_number_unverified",
                "Il numero IVA non è ancora verificato: fino ad allora si applica l'IVA italiana",
                "The VAT number is not verified yet: Italian VAT applies until it is",
            ));
        }
        warnings.extend(self.address.warnings("/address"));
        warnings
    }

    /// Without spaces around; a text that is empty then counts as left out. Identifiers lose all that is only
    /// typographical when they are parsed.
    fn normalised(mut self) -> Self {
        let texts = [
            &mut self.first_name,
            &mut self.last_name,
            &mut self.business_name,
            &mut self.codice_fiscale,
            &mut self.partita_iva,
            &mut self.vat_number,
            &mut self.codice_destinatario,
            &mut self.pec,
        ];
        for text in texts {
            *text = text.take().map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
        }
        self.address = self.address.normalised();
        self
    }

    fn check_all_but_channel(&mut self) -> Vec<FieldProblem> {
        let mut errors = self.check_presence();
        self.check_names(&mut errors);
        self.check_codice_fiscale(&mut errors);
        self.check_partita_iva(&mut errors);
        if self.kind == BillingKind::Foreign {
            self.check_foreign(&mut errors);
        }
        self.check_address(&mut errors);
        errors
    }

    fn check_presence(&self) -> Vec<FieldProblem> {
        let given = [
            &self.first_name,
            &self.last_name,
            &self.business_name,
            &self.codice_fiscale,
            &self.partita_iva,
            &self.vat_number,
        ];
        let fields = self.kind.needs().into_iter().zip(given);
        let problems = fields.filter_map(|((field, need), given)| match (need, given) {
            (Need::Required, None) => Some(required(field)),
            (Need::Refused, Some(_)) => Some(FieldProblem::new(
                format!("/{field}"),
                "not_for_this_kind",
                "Non previsto per questo tipo di cliente",
                "This kind of customer does not have it",
            )),
            _ => None,
        });
        problems.collect()
    }

    fn check_names(&self, errors: &mut Vec<FieldProblem>) {
        let names =
            [("first_name", &self.first_name), ("last_name", &self.last_name), ("business_name", &self.business_name)];
        for (field, name) in names {
            if name.as_deref().is_some_and(|name| name.chars().any(char::is_control)) {
                errors.push(FieldProblem::new(
                    format!("/{field}"),
                    "control_character",
                    "Contiene caratteri di controllo",
                    "It holds control characters",
                ));
            }
        }
    }

    /// Sixteen characters for a human being, which must agree with the names; eleven digits for an organisation.
    fn check_codice_fiscale(&mut self, errors: &mut Vec<FieldProblem>) {
        let Some(typed) = &self.codice_fiscale else { return };
        if self.kind.is_natural_person() {
            match CodiceFiscale::parse(typed) {
                Ok(code) => {
                    errors.extend(self.disagreements(&code).into_iter().map(messages::disagreement));
                    self.codice_fiscale = Some(code.as_str().to_owned());
                }
                Err(error) => errors.push(messages::codice_fiscale(error)),
            }
        } else if self.kind != BillingKind::Foreign {
            match OrganisationCode::parse(typed) {
                Ok(code) => self.codice_fiscale = Some(code.as_str().to_owned()),
                Err(error) => errors.push(messages::eleven_digits("/codice_fiscale", error)),
            }
        }
    }

    /// Which of the names the code contradicts. Birth and sex, which a billing profile does not ask, are taken from the
    /// code itself; its century is not in it and does not matter here.
    fn disagreements(&self, code: &CodiceFiscale) -> Vec<Disagreement> {
        let (Some(first_name), Some(last_name)) = (&self.first_name, &self.last_name) else { return Vec::new() };
        let birth = code.birth();
        let some_year = 2000 + i32::from(birth.year);
        let day = chrono::NaiveDate::from_ymd_opt(some_year, u32::from(birth.month), u32::from(birth.day));
        day.map(|day| code.cross_check(first_name, last_name, day, code.sex())).unwrap_or_default()
    }

    fn check_partita_iva(&mut self, errors: &mut Vec<FieldProblem>) {
        if self.kind == BillingKind::Foreign {
            return;
        }
        let Some(typed) = &self.partita_iva else { return };
        match PartitaIva::parse(typed) {
            Ok(number) => self.partita_iva = Some(number.as_str().to_owned()),
            Err(error) => errors.push(messages::eleven_digits("/partita_iva", error)),
        }
    }

    /// A foreign customer is a business, which within the EU gives its VAT number, or a human being by name.
    fn check_foreign(&mut self, errors: &mut Vec<FieldProblem>) {
        if self.business_name.is_none() {
            match (&self.first_name, &self.last_name) {
                (None, None) => errors.push(required("business_name")),
                (None, Some(_)) => errors.push(required("first_name")),
                (Some(_), None) => errors.push(required("last_name")),
                (Some(_), Some(_)) => {}
            }
        }
        let prefix = countries::vat_prefix(&self.address.country);
        match &self.vat_number {
            None if prefix.is_some() && self.business_name.is_some() => errors.push(required("vat_number")),
            None => {}
            Some(typed) => match vat_number(typed, prefix) {
                Some(number) => self.vat_number = Some(number),
                None => errors.push(FieldProblem::new(
                    "/vat_number",
                    "not_a_vat_number",
                    "Non è un numero IVA di quel paese: nell'Unione comincia con il prefisso dello Stato",
                    "Not a VAT number of that country: within the Union it begins with the state's prefix",
                )),
            },
        }
    }

    fn check_address(&self, errors: &mut Vec<FieldProblem>) {
        errors.extend(self.address.check("/address"));
        match (self.kind == BillingKind::Foreign, self.address.is_italian()) {
            (true, true) => errors.push(FieldProblem::new(
                "/address/country",
                "must_be_foreign",
                "Un cliente estero ha un indirizzo fuori dall'Italia",
                "A foreign customer has an address outside Italy",
            )),
            (false, false) if countries::exists(&self.address.country) => errors.push(FieldProblem::new(
                "/address/country",
                "must_be_italy",
                "Per un indirizzo fuori dall'Italia scegli il tipo foreign",
                "For an address outside Italy choose the kind foreign",
            )),
            _ => {}
        }
    }

    /// How the invoice gets there. The code is kept as it will stand on the invoice (block 1.1.4), the PEC as typed.
    fn check_channel(&mut self, errors: &mut Vec<FieldProblem>) {
        let recipient = match self.kind {
            BillingKind::Professional | BillingKind::Company => Recipient::Business,
            BillingKind::Association if self.partita_iva.is_some() => Recipient::Business,
            BillingKind::Person | BillingKind::Association => Recipient::Person,
            BillingKind::PublicBody => Recipient::PublicBody,
            BillingKind::Foreign => Recipient::Foreign,
        };
        match sdi::delivery(recipient, self.codice_destinatario.as_deref(), self.pec.as_deref()) {
            Ok(delivery) => self.codice_destinatario = Some(delivery.codice_destinatario),
            Err(wrong) => errors.extend(wrong.into_iter().map(messages::delivery)),
        }
    }
}

/// A foreign VAT number in capitals, without what people write between its characters. Within the EU it is the state's
/// prefix (Directive 2006/112/EC art. 215) and 2 to 12 characters; elsewhere the forms are many.
fn vat_number(typed: &str, prefix: Option<&str>) -> Option<String> {
    let number: String = typed.chars().filter(|character| !" .-/".contains(*character)).collect();
    let number = number.to_ascii_uppercase();
    let (own_part, longest) = match prefix {
        Some(prefix) => (number.strip_prefix(prefix)?, 12),
        None => (number.as_str(), 28),
    };
    // Ireland's may hold + and *.
    let is_written_well = |byte: u8| byte.is_ascii_alphanumeric() || b"+*".contains(&byte);
    let is_one = (2..=longest).contains(&own_part.len()) && own_part.bytes().all(is_written_well);
    is_one.then_some(number)
}

fn required(field: &str) -> FieldProblem {
    FieldProblem::new(format!("/{field}"), "required", "Campo obbligatorio", "This field is required")
}

fn unknown_office_code(pointer: &str) -> FieldProblem {
    FieldProblem::new(
        pointer,
        "unknown_office_code",
        "Le cifre da 8 a 10 non sono il codice di un ufficio conosciuto: controlla il numero",
        "Digits 8 to 10 are not the code of an office that we know: check the number",
    )
}

#[cfg(test)]
mod tests;
