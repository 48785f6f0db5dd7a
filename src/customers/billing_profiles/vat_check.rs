//! What VIES, the Commission's register of VAT numbers, is asked and what its answers mean. A confirmed number is what
//! reverse charge takes (art. 7-ter D.P.R. 633/1972; Implementing Regulation (EU) 282/2011, art. 18(1)).

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::rules::{BillingDetails, BillingKind, BillingProfile};
use crate::italy::countries;
use crate::platform::clock::Time;
use crate::platform::problem::FieldProblem;

crate::text_enum!(
    /// What is known of a VAT number.
    VatCheckStatus {
        Unchecked = "unchecked",
        Valid = "valid",
        Invalid = "invalid",
        Unavailable = "unavailable",
    }
);

/// What is known of a profile's VAT number, and the evidence for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct VatNumberCheck {
    /// `unavailable` while VIES does not answer.
    pub status: VatCheckStatus,
    /// When VIES was asked last.
    #[schema(required = true)]
    pub checked_at: Option<Time>,
    /// What VIES calls its answer, which proves it.
    #[schema(required = true, example = "WAPIAAAAZxYwVuTs")]
    pub consultation_number: Option<String>,
}

/// A VAT number as VIES takes it: the state apart from the rest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ViesNumber {
    /// Two letters, with `EL` for Greece and `XI` for Northern Ireland.
    pub country_code: String,
    /// What follows them.
    pub number: String,
}

/// What VIES said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ViesAnswer {
    /// The number is in use, or not; with what proves the answer.
    Known {
        /// Whether it is in use.
        is_valid: bool,
        /// What VIES calls its answer.
        consultation_number: Option<String>,
    },
    /// Nothing that can be relied on, and why.
    Unavailable(String),
}

/// The JSON that VIES answers, as far as it matters here.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ViesResponse {
    valid: Option<bool>,
    request_identifier: Option<String>,
    user_error: Option<String>,
    error_wrappers: Vec<ViesError>,
}

#[derive(Debug, Deserialize)]
struct ViesError {
    error: String,
}

/// Characters of a consultation number that are kept.
const LONGEST_CONSULTATION_NUMBER: usize = 100;

impl ViesResponse {
    /// What it means. VIES tells of an outage with status 200 too, in a list of errors or next to `valid: false`, so
    /// only a plain yes or no counts as one.
    pub fn into_answer(self) -> ViesAnswer {
        let errors = self.error_wrappers.into_iter().map(|wrapper| wrapper.error).chain(self.user_error);
        let mut errors = errors.filter(|error| !matches!(error.as_str(), "" | "VALID" | "INVALID"));
        match (errors.next(), self.valid) {
            // No number can be written like that.
            (Some(error), _) if error == "INVALID_INPUT" => {
                ViesAnswer::Known { is_valid: false, consultation_number: None }
            }
            (Some(error), _) => ViesAnswer::Unavailable(format!("VIES answered {}", first_word(&error))),
            (None, None) => ViesAnswer::Unavailable("VIES answered neither yes nor no".to_owned()),
            (None, Some(is_valid)) => ViesAnswer::Known {
                is_valid,
                consultation_number: self
                    .request_identifier
                    .map(|number| number.chars().take(LONGEST_CONSULTATION_NUMBER).collect::<String>())
                    .filter(|number| !number.is_empty()),
            },
        }
    }
}

/// For a log: VIES's errors are words in capitals, and whatever else stands there stays out.
fn first_word(error: &str) -> String {
    error.chars().take_while(|letter| letter.is_ascii_uppercase() || *letter == '_').take(40).collect()
}

impl VatNumberCheck {
    /// Nobody has asked yet.
    pub fn unchecked() -> Self {
        Self { status: VatCheckStatus::Unchecked, checked_at: None, consultation_number: None }
    }

    /// Whether VIES has confirmed the number, not longer ago than an answer counts.
    pub fn confirms(&self, now: Time, days: i64) -> bool {
        let is_fresh = |checked_at: Time| now.seconds_since(checked_at) < days * 24 * 3600;
        self.status == VatCheckStatus::Valid && self.checked_at.is_some_and(is_fresh)
    }

    /// What is known after an answer. An outage takes nothing back that was confirmed before it: that counts until it is
    /// too old.
    #[must_use]
    pub fn after(self, answer: &ViesAnswer, now: Time) -> Self {
        match answer {
            ViesAnswer::Known { is_valid, consultation_number } => Self {
                status: if *is_valid { VatCheckStatus::Valid } else { VatCheckStatus::Invalid },
                checked_at: Some(now),
                consultation_number: consultation_number.clone(),
            },
            ViesAnswer::Unavailable(_) if self.status == VatCheckStatus::Valid => self,
            ViesAnswer::Unavailable(_) => {
                Self { status: VatCheckStatus::Unavailable, checked_at: Some(now), consultation_number: None }
            }
        }
    }
}

impl BillingProfile {
    /// What is doubtful but accepted, the VAT number that nobody has confirmed included.
    pub fn warnings(&self) -> Vec<FieldProblem> {
        let mut warnings = self.details.warnings();
        let status = self.vat_number_check.as_ref().map(|check| check.status);
        warnings.extend(match status {
            None | Some(VatCheckStatus::Valid) => None,
            Some(VatCheckStatus::Invalid) => Some(FieldProblem::new(
                "/vat_number",
                "vat_number_invalid",
                "Il numero IVA non risulta nel VIES: si applica l'IVA italiana",
                "VIES does not know the VAT number: Italian VAT applies",
            )),
            Some(VatCheckStatus::Unchecked | VatCheckStatus::Unavailable) => Some(FieldProblem::new(
                "/vat_number",
                "vat_number_unverified",
                "Il numero IVA non è ancora verificato: fino ad allora si applica l'IVA italiana",
                "The VAT number is not verified yet: Italian VAT applies until it is",
            )),
        });
        warnings
    }
}

impl BillingDetails {
    /// The VAT number, where VIES knows such numbers: of the other states of the EU, of Northern Ireland (`XI`) and of
    /// Monaco, which has French ones.
    pub fn vies_number(&self) -> Option<ViesNumber> {
        let number = self.vat_number.as_deref().filter(|_| self.kind == BillingKind::Foreign)?;
        let prefix = match self.address.country.as_str() {
            "GB" => "XI",
            country => countries::vat_prefix(countries::vat_territory(country))?,
        };
        let own_part = number.strip_prefix(prefix)?;
        Some(ViesNumber { country_code: prefix.to_owned(), number: own_part.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::platform::clock::Clock;

    fn answer(json: &str) -> ViesAnswer {
        serde_json::from_str::<ViesResponse>(json).unwrap().into_answer()
    }

    fn known(is_valid: bool, consultation_number: Option<&str>) -> ViesAnswer {
        ViesAnswer::Known { is_valid, consultation_number: consultation_number.map(str::to_owned) }
    }

    #[test]
    fn only_a_plain_yes_or_no_is_one() {
        let yes = r#"{"countryCode":"DE","vatNumber":"1","valid":true,"requestIdentifier":"WAPI1","name":"---"}"#;
        assert_eq!(answer(yes), known(true, Some("WAPI1")));
        assert_eq!(answer(r#"{"valid":false,"requestIdentifier":""}"#), known(false, None));
        assert_eq!(answer(r#"{"valid":false,"userError":"INVALID"}"#), known(false, None));
        let refused = r#"{"actionSucceed":false,"errorWrappers":[{"error":"INVALID_INPUT"}]}"#;
        assert_eq!(answer(refused), known(false, None));
        for outage in [
            "{}",
            r#"{"actionSucceed":false,"errorWrappers":[{"error":"MS_UNAVAILABLE"}]}"#,
            r#"{"valid":false,"userError":"MS_MAX_CONCURRENT_REQ"}"#,
            r#"{"errorWrappers":[{"error":"INVALID_REQUESTER_INFO"}]}"#,
        ] {
            assert!(matches!(answer(outage), ViesAnswer::Unavailable(_)), "{outage}");
        }
    }

    proptest! {
        /// Whatever comes in whichever order, what counts as confirmed was said by VIES within the days that it counts.
        #[test]
        fn only_vies_confirms(answers in prop::collection::vec((0_i64..40, 0_u8..3), 0..12), days in 1_i64..40) {
            let mut now = Clock::default().now();
            let mut check = VatNumberCheck::unchecked();
            let mut last_known = None;
            for (pause, kind) in answers {
                now = now.plus_seconds(pause * 24 * 3600);
                let answer = match kind {
                    0 => ViesAnswer::Unavailable(String::new()),
                    kind => known(kind == 1, Some("W")),
                };
                check = check.after(&answer, now);
                if kind != 0 {
                    last_known = Some((kind == 1, now));
                }
                let expected = last_known.is_some_and(|(is_valid, at)| is_valid && now.seconds_since(at) < days * 24 * 3600);
                prop_assert_eq!(check.confirms(now, days), expected);
            }
        }
    }
}
