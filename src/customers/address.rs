//! Postal addresses, Italian and foreign.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use crate::italy::countries::{self, ITALY};
use crate::italy::provinces;
use crate::platform::problem::FieldProblem;

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
    #[schema(min_length = 2, max_length = 2, example = "MI")]
    pub province: Option<String>,
    /// ISO 3166-1 alpha-2.
    #[serde(default = "italy")]
    #[validate(length(equal = 2))]
    #[schema(min_length = 2, max_length = 2, example = "IT", default = "IT")]
    pub country: String,
}

impl Address {
    /// The address without spaces around, the letters of province and country in capitals.
    #[must_use]
    pub fn normalised(&self) -> Self {
        Self {
            street: self.street.trim().to_owned(),
            postal_code: self.postal_code.trim().to_owned(),
            municipality: self.municipality.trim().to_owned(),
            province: self.province.as_ref().map(|province| province.trim().to_ascii_uppercase()),
            country: self.country.trim().to_ascii_uppercase(),
        }
    }

    /// Whether it is in Italy.
    pub fn is_italian(&self) -> bool {
        self.country.trim().eq_ignore_ascii_case(ITALY)
    }

    /// Everything that is wrong with the address, its fields below `pointer_prefix` (such as `/address`). Small letters
    /// and spaces around are forgiven: keep [`Address::normalised`].
    pub fn check(&self, pointer_prefix: &str) -> Vec<FieldProblem> {
        let address = self.normalised();
        let at = |field: &str| format!("{pointer_prefix}/{field}");
        let mut problems = Vec::new();
        let texts = [
            ("street", &address.street),
            ("postal_code", &address.postal_code),
            ("municipality", &address.municipality),
        ];
        for (field, text) in texts {
            if text.is_empty() {
                problems.push(FieldProblem::new(at(field), "blank", "Non può essere vuoto", "It must not be blank"));
            } else if text.chars().any(char::is_control) {
                problems.push(FieldProblem::new(
                    at(field),
                    "control_character",
                    "Contiene caratteri di controllo",
                    "It holds control characters",
                ));
            }
        }
        if !countries::exists(&address.country) {
            problems.push(FieldProblem::new(
                at("country"),
                "unknown_country",
                "Il paese non esiste: servono le due lettere ISO 3166-1",
                "There is no such country: give the two letters of ISO 3166-1",
            ));
        } else if address.is_italian() {
            problems.extend(address.check_italian(&at));
        } else if address.province.is_some() {
            problems.push(FieldProblem::new(
                at("province"),
                "only_in_italy",
                "La provincia va indicata solo per gli indirizzi italiani",
                "Only an Italian address has a province",
            ));
        }
        problems
    }

    fn check_italian(&self, at: &dyn Fn(&str) -> String) -> Vec<FieldProblem> {
        let mut problems = Vec::new();
        if !self.postal_code.is_empty() && !provinces::is_postal_code(&self.postal_code) {
            problems.push(FieldProblem::new(
                at("postal_code"),
                "not_a_postal_code",
                "Il CAP ha cinque cifre",
                "An Italian postal code (CAP) has five digits",
            ));
        }
        match self.province.as_deref() {
            None => problems.push(FieldProblem::new(
                at("province"),
                "required",
                "La provincia è obbligatoria per gli indirizzi italiani",
                "An Italian address needs its province",
            )),
            Some(province) if !provinces::exists(province) => problems.push(FieldProblem::new(
                at("province"),
                "unknown_province",
                "La provincia non esiste",
                "There is no such province",
            )),
            Some(_) => {}
        }
        problems
    }

    /// What is doubtful but accepted: a province that was abolished.
    pub fn warnings(&self, pointer_prefix: &str) -> Vec<FieldProblem> {
        let superseded = self.is_italian()
            && self.province.as_deref().and_then(provinces::find).is_some_and(|province| !province.is_in_force);
        let warning = FieldProblem::new(
            format!("{pointer_prefix}/province"),
            "superseded_province",
            "La provincia è stata soppressa: controlla se ora è un'altra",
            "The province was abolished: check whether it is another one now",
        );
        if superseded { vec![warning] } else { Vec::new() }
    }
}

fn italy() -> String {
    ITALY.to_owned()
}

impl std::fmt::Debug for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Address(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn address(postal_code: &str, province: Option<&str>, country: &str) -> Address {
        Address {
            street: "Via Roma 1".into(),
            postal_code: postal_code.into(),
            municipality: "Milano".into(),
            province: province.map(str::to_owned),
            country: country.into(),
        }
    }

    fn wrong(address: &Address) -> Vec<(String, String)> {
        address.check("/address").into_iter().map(|problem| (problem.pointer, problem.code.into_owned())).collect()
    }

    #[test]
    fn an_italian_address_has_a_cap_and_a_province_that_exists() {
        assert_eq!(wrong(&address("20121", Some("mi"), "it")), []);
        assert_eq!(
            wrong(&address("2012", Some("ZZ"), "IT")),
            [
                ("/address/postal_code".into(), "not_a_postal_code".into()),
                ("/address/province".into(), "unknown_province".into())
            ]
        );
        assert_eq!(wrong(&address("20121", None, "IT")), [("/address/province".into(), "required".into())]);
    }

    #[test]
    fn a_foreign_address_has_a_free_postal_code_and_no_province() {
        assert_eq!(wrong(&address("SW1A 1AA", None, "GB")), []);
        assert_eq!(
            wrong(&address("SW1A 1AA", Some("MI"), "GB")),
            [("/address/province".into(), "only_in_italy".into())]
        );
        assert_eq!(wrong(&address("1", None, "XX")), [("/address/country".into(), "unknown_country".into())]);
    }

    #[test]
    fn blanks_and_line_breaks_are_refused_and_an_old_province_warned_of() {
        let mut doubtful = address("20121", Some("MI"), "IT");
        doubtful.street = "  ".into();
        doubtful.municipality = "Mi\nlano".into();
        assert_eq!(
            wrong(&doubtful),
            [("/address/street".into(), "blank".into()), ("/address/municipality".into(), "control_character".into())]
        );
        assert_eq!(address("09010", Some("SU"), "IT").warnings("/address").len(), 1);
        assert!(address("20121", Some("MI"), "IT").warnings("/address").is_empty());
    }

    proptest! {
        #[test]
        fn no_input_panics_and_the_normal_form_is_as_good(
            postal_code in "\\PC{0,16}|[0-9]{5}", province in proptest::option::of("\\PC{2}|[a-zA-Z]{2}"), country in "\\PC{2}|IT|it|DE",
        ) {
            let address = address(&postal_code, province.as_deref(), &country);
            prop_assert_eq!(address.check("/a"), address.normalised().check("/a"));
        }
    }
}
