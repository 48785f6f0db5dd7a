//! The partita IVA, and the codice fiscale of an organisation: eleven digits with a Luhn check
//! (D.P.R. 633/1972, art. 35; D.M. 23 December 1976).
//!
//! Seven digits of a serial number, three of the office that gave it, and the check digit.
//! A company usually has one number for both; a public body or an association may have a codice
//! fiscale and no partita IVA.

use std::str::FromStr;

const LENGTH: usize = 11;

/// A checked Italian VAT number: eleven digits, without the country's `IT`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PartitaIva(ElevenDigits);

/// A checked codice fiscale of a company, public body or association: eleven digits.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct OrganisationCode(ElevenDigits);

/// Why a text is not such a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PartitaIvaError {
    /// Not eleven characters.
    #[error("the number has 11 digits")]
    WrongLength,
    /// Something else than a digit.
    #[error("character {position} is not a digit")]
    UnexpectedCharacter {
        /// Counted from 1, spaces and the country prefix left out.
        position: usize,
    },
    /// A serial number of zeros, which is never given although eleven zeros pass the Luhn check.
    #[error("the number is never assigned")]
    NeverAssigned,
    /// The last digit does not follow from the first ten.
    #[error("the check digit does not match the rest: something is mistyped")]
    WrongCheckDigit,
}

impl PartitaIvaError {
    /// The stable name of the error, for clients.
    pub fn code(&self) -> &'static str {
        match self {
            Self::WrongLength => "wrong_length",
            Self::UnexpectedCharacter { .. } => "unexpected_character",
            Self::NeverAssigned => "never_assigned",
            Self::WrongCheckDigit => "wrong_check_digit",
        }
    }
}

impl PartitaIva {
    /// Checks a number as somebody typed it; spaces and a leading `IT` are taken away.
    ///
    /// # Errors
    /// The first rule that the text breaks.
    pub fn parse(text: &str) -> Result<Self, PartitaIvaError> {
        let text = text.trim_start();
        let number = match text.get(..2) {
            Some(prefix) if prefix.eq_ignore_ascii_case("IT") => &text[2..],
            _ => text,
        };
        ElevenDigits::parse(number).map(Self)
    }

    /// The eleven digits.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// Whether digits 8 to 10 are an office that gives numbers. When they are not, warn: the list
    /// has grown before, so the number is not refused for it.
    pub fn office_code_is_known(&self) -> bool {
        self.0.office_code_is_known()
    }
}

impl OrganisationCode {
    /// Checks a number as somebody typed it; spaces are taken away.
    ///
    /// # Errors
    /// The first rule that the text breaks.
    pub fn parse(text: &str) -> Result<Self, PartitaIvaError> {
        ElevenDigits::parse(text).map(Self)
    }

    /// The eleven digits.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// As [`PartitaIva::office_code_is_known`].
    pub fn office_code_is_known(&self) -> bool {
        self.0.office_code_is_known()
    }
}

impl FromStr for PartitaIva {
    type Err = PartitaIvaError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl FromStr for OrganisationCode {
    type Err = PartitaIvaError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

/// What the two numbers have in common.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct ElevenDigits([u8; LENGTH]);

impl ElevenDigits {
    fn parse(text: &str) -> Result<Self, PartitaIvaError> {
        let digits = digits(text)?;
        if digits[..7].iter().all(|digit| *digit == b'0') {
            return Err(PartitaIvaError::NeverAssigned);
        }
        if !passes_luhn(&digits) {
            return Err(PartitaIvaError::WrongCheckDigit);
        }
        Ok(Self(digits))
    }

    fn as_str(&self) -> &str {
        // Always ASCII by construction, so the fallback is never taken.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    fn office_code_is_known(&self) -> bool {
        let office = self.0[7..10].iter().fold(0_u16, |number, digit| number * 10 + u16::from(digit - b'0'));
        matches!(office, 1..=100 | 120 | 121 | 888 | 999)
    }
}

/// The eleven digits of a text without its spaces; looks at no more characters than it needs.
fn digits(text: &str) -> Result<[u8; LENGTH], PartitaIvaError> {
    let mut digits = [0; LENGTH];
    let mut length = 0;
    let mut unexpected = None;
    for character in text.chars().filter(|character| !character.is_whitespace()) {
        let place = digits.get_mut(length).ok_or(PartitaIvaError::WrongLength)?;
        length += 1;
        match u8::try_from(character) {
            Ok(byte) if byte.is_ascii_digit() => *place = byte,
            _ => unexpected = unexpected.or(Some(length)),
        }
    }
    match unexpected {
        _ if length < LENGTH => Err(PartitaIvaError::WrongLength),
        Some(position) => Err(PartitaIvaError::UnexpectedCharacter { position }),
        None => Ok(digits),
    }
}

/// Luhn: every second digit is doubled, and a double of two digits counts as their sum.
fn passes_luhn(digits: &[u8; LENGTH]) -> bool {
    let sum: u32 = digits
        .iter()
        .enumerate()
        .map(|(index, digit)| {
            let value = u32::from(digit - b'0');
            match (index % 2, value) {
                (0, _) => value,
                (_, 0..=4) => value * 2,
                _ => value * 2 - 9,
            }
        })
        .sum();
    sum.is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn refusal(text: &str) -> &'static str {
        PartitaIva::parse(text).unwrap_err().code()
    }

    #[test]
    fn the_valid_examples_are_read() {
        for number in ["00743110157", "12485671007"] {
            let partita_iva = PartitaIva::parse(number).unwrap();
            assert_eq!(partita_iva.as_str(), number);
            assert!(partita_iva.office_code_is_known());
            assert_eq!(OrganisationCode::parse(number).unwrap().as_str(), number);
        }
    }

    #[test]
    fn prefix_and_spaces_are_taken_away() {
        for typed in ["IT00743110157", "it 0074311 015 7", "  IT00743110157 "] {
            assert_eq!(PartitaIva::parse(typed).unwrap().as_str(), "00743110157");
        }
        assert!(OrganisationCode::parse("IT00743110157").is_err());
    }

    #[test]
    fn each_rule_refuses_under_its_own_name() {
        assert_eq!(refusal(""), "wrong_length");
        assert_eq!(refusal("IT"), "wrong_length");
        assert_eq!(refusal("0074311015"), "wrong_length");
        assert_eq!(refusal("007431101570"), "wrong_length");
        assert_eq!(refusal("0074311015A"), "unexpected_character");
        assert_eq!(refusal("０0743110157"), "unexpected_character");
        assert_eq!(refusal("00000000000"), "never_assigned");
        assert_eq!(refusal("00743110158"), "wrong_check_digit");
        assert_eq!(refusal(&"1".repeat(10_000_000)), "wrong_length");
    }

    #[test]
    fn an_unknown_office_is_only_worth_a_warning() {
        let number = with_check_digit("1234567500");
        assert!(!PartitaIva::parse(&number).unwrap().office_code_is_known());
        for office in ["001", "100", "120", "121", "888", "999"] {
            let number = with_check_digit(&format!("1234567{office}"));
            assert!(PartitaIva::parse(&number).unwrap().office_code_is_known());
        }
        for office in ["000", "101", "122"] {
            let number = with_check_digit(&format!("1234567{office}"));
            assert!(!PartitaIva::parse(&number).unwrap().office_code_is_known());
        }
    }

    fn with_check_digit(ten: &str) -> String {
        (0..10).map(|digit| format!("{ten}{digit}")).find(|number| PartitaIva::parse(number).is_ok()).unwrap()
    }

    proptest! {
        #[test]
        fn a_changed_digit_is_refused(serial in 1_u32..10_000_000, office in 1_u32..=100, index in 0_usize..11, step in 1_u8..10) {
            let number = with_check_digit(&format!("{serial:07}{office:03}"));
            let mut changed = number.into_bytes();
            changed[index] = b'0' + (changed[index] - b'0' + step) % 10;
            prop_assert!(PartitaIva::parse(std::str::from_utf8(&changed).unwrap()).is_err());
        }

        #[test]
        fn no_input_panics(text in any::<String>(), near in "(IT|it)?[0-9]{9,12}|I\\PC{0,12}") {
            for input in [&text, &near] {
                if let Ok(number) = PartitaIva::parse(input) {
                    prop_assert_eq!(number.as_str().len(), LENGTH);
                }
                prop_assert!(OrganisationCode::parse(input).is_err() || PartitaIva::parse(input).is_ok());
            }
        }
    }
}
