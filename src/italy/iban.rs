//! The number of a bank account (IBAN, ISO 13616): of those of Italy and San Marino the national check letter (CIN) too.

use iban::{Iban as CheckedIban, IbanLike as _};

use super::codice_fiscale::check_letter;

/// Countries whose account numbers begin with a CIN over the rest.
const WITH_CHECK_LETTER: [&str; 2] = ["IT", "SM"];

/// A checked IBAN.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Iban(CheckedIban);

/// Why a text is not an IBAN.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IbanError {
    /// No country has account numbers of this shape.
    #[error("no country has account numbers of this shape")]
    WrongShape,
    /// The two check digits do not follow from the rest (mod 97).
    #[error("the check digits do not match the rest: something is mistyped")]
    WrongCheckDigits,
    /// The CIN does not follow from bank, branch and account.
    #[error("the check letter (CIN) does not match bank, branch and account")]
    WrongCheckLetter,
}

impl Iban {
    /// Checks an IBAN as somebody typed it: spaces and small letters are forgiven.
    ///
    /// # Errors
    /// The first rule that the text breaks.
    pub fn parse(text: &str) -> Result<Self, IbanError> {
        use iban::{ParseBaseIbanError, ParseIbanError};
        let written: String = text.split_whitespace().collect::<String>().to_ascii_uppercase();
        let checked: CheckedIban = written.parse().map_err(|error| match error {
            ParseIbanError::InvalidBaseIban { source: ParseBaseIbanError::InvalidChecksum } => {
                IbanError::WrongCheckDigits
            }
            _ => IbanError::WrongShape,
        })?;
        if WITH_CHECK_LETTER.contains(&checked.country_code()) {
            let (letter, account) = checked.bban().as_bytes().split_first().ok_or(IbanError::WrongShape)?;
            if check_letter(account) != Some(*letter) {
                return Err(IbanError::WrongCheckLetter);
            }
        }
        Ok(Self(checked))
    }

    /// The IBAN in capitals and without spaces, as machines take it.
    pub fn as_str(&self) -> &str {
        self.0.electronic_str()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const EXAMPLE: &str = "IT60X0542811101000000123456";

    /// The account under check digits that fit, so that only the rule under test can refuse it.
    fn with_check_digits(country: &str, account: &str) -> String {
        let remainder = format!("{account}{country}00").chars().fold(0_u32, |remainder, character| {
            let value = character.to_digit(36).unwrap_or_default();
            (remainder * if value > 9 { 100 } else { 10 } + value) % 97
        });
        format!("{country}{:02}{account}", 98 - remainder)
    }

    #[test]
    fn an_iban_is_read_as_it_is_printed_or_typed() {
        for written in [EXAMPLE, "IT60 X054 2811 1010 0000 0123 456", " it60x0542811101000000123456 "] {
            assert_eq!(Iban::parse(written).as_ref().map(Iban::as_str), Ok(EXAMPLE));
        }
        assert!(Iban::parse("DE89370400440532013000").is_ok());
        assert!(Iban::parse("SM86U0322509800000000270100").is_ok());
    }

    #[test]
    fn each_rule_refuses_under_its_own_name() {
        assert_eq!(Iban::parse(""), Err(IbanError::WrongShape));
        assert_eq!(Iban::parse("foo"), Err(IbanError::WrongShape));
        let too_long = with_check_digits("IT", "X05428111010000001234567");
        assert_eq!(Iban::parse(&too_long), Err(IbanError::WrongShape));
        assert_eq!(Iban::parse("IT61X0542811101000000123456"), Err(IbanError::WrongCheckDigits));
        let other_letter = with_check_digits("IT", "Y0542811101000000123456");
        assert_eq!(Iban::parse(&other_letter), Err(IbanError::WrongCheckLetter));
        assert_eq!(with_check_digits("IT", &EXAMPLE[4..]), EXAMPLE);
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,40}") {
            if let Ok(iban) = Iban::parse(&text) {
                prop_assert_eq!(Iban::parse(iban.as_str()), Ok(iban.clone()));
            }
        }

        #[test]
        fn an_account_with_its_own_check_letter_is_read(bank in 0_u32..100_000, branch in 0_u32..100_000, account in "[0-9A-Z]{12}") {
            let rest = format!("{bank:05}{branch:05}{account}");
            let letter = char::from(check_letter(rest.as_bytes()).unwrap_or_default());
            let written = with_check_digits("IT", &format!("{letter}{rest}"));
            let read = Iban::parse(&written).map(|iban| iban.as_str().to_owned());
            prop_assert_eq!(read, Ok(written));
        }

        #[test]
        fn a_changed_digit_is_refused(place in 5_usize..27, digit in 0_u8..10) {
            let mut bytes = EXAMPLE.as_bytes().to_vec();
            prop_assume!(bytes[place] != b'0' + digit);
            bytes[place] = b'0' + digit;
            prop_assert!(Iban::parse(&String::from_utf8_lossy(&bytes)).is_err());
        }
    }
}
