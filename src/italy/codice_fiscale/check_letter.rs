//! The check letter of the codice fiscale, which the CIN of an Italian IBAN shares.

/// What a character counts at an odd position, the first being odd; 0 to 9 count as A to J.
/// The table is the one of D.M. 23 December 1976.
const ODD_VALUES: [u8; 26] =
    [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23];

/// The check letter, `A` to `Z`, over `characters`: fifteen of a codice fiscale, or the
/// twenty-two of an Italian account number.
///
/// `None` when a character is not a capital letter or a digit.
pub fn check_letter(characters: &[u8]) -> Option<u8> {
    let mut remainder: u8 = 0;
    for (index, character) in characters.iter().enumerate() {
        let face_value = face_value(*character)?;
        let value = if index.is_multiple_of(2) { *ODD_VALUES.get(usize::from(face_value))? } else { face_value };
        // Reduced at every step: the plain sum would not fit in eight bits.
        remainder = (remainder + value) % 26;
    }
    Some(b'A' + remainder)
}

/// 0 to 9 for a digit, 0 to 25 for a letter.
fn face_value(character: u8) -> Option<u8> {
    match character {
        b'0'..=b'9' => Some(character - b'0'),
        b'A'..=b'Z' => Some(character - b'A'),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_letters_of_known_codes() {
        assert_eq!(check_letter(b"RCCMNL83S18D969"), Some(b'H'));
        assert_eq!(check_letter(b"RSSMRA85T10A562"), Some(b'S'));
        assert_eq!(check_letter(b"RSSMRA85T10A56N"), Some(b'H'));
    }

    /// The letter of a single character is its value at an odd position; behind a `1`, which
    /// counts 0 there, it is its value at an even one.
    #[test]
    fn every_character_has_its_two_values() {
        let odd = |character: u8| check_letter(&[character]);
        let even = |character: u8| check_letter(&[b'1', character]);
        for (letter, value) in (b'A'..=b'Z').zip(*b"BAFHJNPRTVCESULDGIMOQKWZYX") {
            assert_eq!(odd(letter), Some(value));
            assert_eq!(even(letter), Some(letter));
        }
        for (digit, value) in (b'0'..=b'9').zip(*b"BAFHJNPRTV") {
            assert_eq!(odd(digit), Some(value));
            assert_eq!(even(digit), Some(digit - b'0' + b'A'));
        }
    }

    #[test]
    fn a_sum_beyond_eight_bits_is_no_trouble() {
        // Fifteen Z: 8 × 23 + 7 × 25 = 359 = 13 × 26 + 21.
        assert_eq!(check_letter(b"ZZZZZZZZZZZZZZZ"), Some(b'V'));
        assert!(check_letter(&[b'Z'; 10_000]).is_some());
    }

    #[test]
    fn other_characters_have_no_letter() {
        assert_eq!(check_letter(b"abc"), None);
        assert_eq!(check_letter("à".as_bytes()), None);
    }

    /// IT60 X 05428 11101 000000123456 is the example of the Italian IBAN: its CIN is X.
    #[test]
    fn it_is_also_the_cin_of_an_italian_account() {
        assert_eq!(check_letter(b"0542811101000000123456"), Some(b'X'));
    }
}
