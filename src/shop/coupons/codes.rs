//! Codes as they are typed, and codes that nobody chose.
//!
//! A generated code is 15 random characters and a check character, written in four groups: `7KQ2-XW9D-RM4A-HT3B`. The
//! characters are digits and capitals without those that are taken for one another (0 O, 1 I L, U that looks like V, S like 5), which leaves
//! 29: 15 of them are 72 bits. That 29 is prime makes the check character tell every wrong character and every two
//! characters that changed places.

use std::fmt;

use crate::platform::crypto::Keyring;
use crate::platform::problem::Problem;
use crate::shop::problems::COUPON_CODE_MISTYPED;

const ALPHABET: &[u8; 29] = b"23456789ABCDEFGHJKMNPQRTVWXYZ";
/// Characters of a generated code, the check character included.
const LENGTH: usize = 16;
const GROUP: usize = 4;
/// Random bytes from here on would make some characters likelier than others.
const FAIR: u8 = 29 * 8;
/// Characters that are kept readable, so that its holder recognises the code; they leave 63 bits to guess.
const ENDING: usize = 2;
const PURPOSE: &str = "coupon-codes";
/// Characters of a chosen code, spaces and hyphens aside.
const SHORTEST_CHOSEN: usize = 4;

/// A code that was just generated. It is shown once; what is kept is [`GeneratedCode::hash`] and its ending.
#[derive(Clone, PartialEq, Eq)]
pub struct GeneratedCode(String);

impl GeneratedCode {
    /// Makes a code of random bytes; none where too few of them are fair, which another draw will mend.
    pub fn from_random(random: &[u8]) -> Option<Self> {
        let fair = random.iter().filter(|byte| **byte < FAIR).map(|byte| usize::from(*byte) % ALPHABET.len());
        let mut values: Vec<usize> = fair.take(LENGTH - 1).collect();
        if values.len() < LENGTH - 1 {
            return None;
        }
        // The check character's weight is one, so it is what the others lack.
        values.push((ALPHABET.len() - weighted_sum(&values)) % ALPHABET.len());
        let letters = values.into_iter().filter_map(|value| ALPHABET.get(value)).map(|letter| char::from(*letter));
        Some(Self(letters.collect()))
    }

    /// In groups, as it is handed over.
    pub fn written(&self) -> String {
        let groups = self.0.as_bytes().chunks(GROUP).map(|group| String::from_utf8_lossy(group).into_owned());
        groups.collect::<Vec<_>>().join("-")
    }

    /// The last characters.
    pub fn ending(&self) -> &str {
        self.0.get(LENGTH - ENDING..).unwrap_or_default()
    }

    /// What it is found by: a keyed hash, so that a stolen table cannot be searched.
    ///
    /// # Errors
    /// `internal_error` when the key cannot be derived.
    pub fn hash(&self, keys: &Keyring) -> Result<[u8; 32], Problem> {
        keys.keyed_hash(PURPOSE, self.0.as_bytes())
    }
}

impl fmt::Debug for GeneratedCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("GeneratedCode(…)")
    }
}

/// What its holder sees of a generated code.
pub fn covered(ending: &str) -> String {
    format!("{}{ending}", "•".repeat(LENGTH - ENDING))
}

/// A code that somebody typed, in the form in which it is looked up.
#[derive(Clone, PartialEq, Eq)]
pub enum TypedCode {
    /// As a person chose it: readable, in its canonical form.
    Chosen(String),
    /// The hash of one that may have been generated.
    Generated([u8; 32]),
}

impl TypedCode {
    /// Reads what was typed; capitals, spaces and hyphens do not matter.
    ///
    /// # Errors
    /// `coupon_code_mistyped` where the check character says so, which tells nothing of any code that exists.
    pub fn read(typed: &str, keys: &Keyring) -> Result<Self, Problem> {
        let code = canonical_code(typed);
        if !is_reserved(&code) {
            return Ok(Self::Chosen(code));
        }
        let values: Option<Vec<usize>> = code.bytes().map(value_of).collect();
        match values {
            Some(values) if weighted_sum(&values) == 0 => GeneratedCode(code).hash(keys).map(Self::Generated),
            _ => {
                Err(COUPON_CODE_MISTYPED
                    .detail("Compare it with the code that you were given, character by character."))
            }
        }
    }
}

impl fmt::Debug for TypedCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TypedCode(…)")
    }
}

/// The form in which codes are stored and compared: capitals, without spaces or hyphens.
pub fn canonical_code(typed: &str) -> String {
    typed.chars().filter(|letter| !letter.is_whitespace() && *letter != '-').flat_map(char::to_uppercase).collect()
}

/// A code that a person chooses, in its canonical form.
///
/// # Errors
/// `invalid_fields` for anything but letters and digits, four at least, and for what looks like a generated code.
pub fn chosen(typed: &str) -> Result<String, Problem> {
    let code = canonical_code(typed);
    let wrong = |code, it, en| Err(Problem::invalid_field("/code", code, it, en));
    if code.len() < SHORTEST_CHOSEN || !code.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return wrong("invalid_value", "Solo lettere e cifre", "Letters and digits only");
    }
    if is_reserved(&code) {
        return wrong("reserved", "Ha la forma di un codice generato", "It has the form of a generated code");
    }
    Ok(code)
}

/// Whether a code, in its canonical form, looks like a generated one, at most one character being foreign to it. Nobody
/// may choose such a code, so that a generated one with a typo is never taken for a chosen one.
pub fn is_reserved(code: &str) -> bool {
    let foreign = code.bytes().filter(|letter| value_of(*letter).is_none()).count();
    code.len() == LENGTH && code.bytes().all(|letter| letter.is_ascii_alphanumeric()) && foreign <= 1
}

fn value_of(letter: u8) -> Option<usize> {
    ALPHABET.iter().position(|known| *known == letter)
}

/// The sum of the characters' values modulo 29, each with its own weight from 16 down. Modulo a prime, a difference times
/// a weight below it is never nothing, nor is a difference times the difference of two weights: so no single character
/// and no two that changed places leave the sum as it was.
fn weighted_sum(values: &[usize]) -> usize {
    values.iter().zip((1..=LENGTH).rev()).map(|(value, weight)| value * weight).sum::<usize>() % ALPHABET.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use proptest::sample::Index;

    fn keys() -> Keyring {
        Keyring::new([7; 32])
    }

    fn any_code() -> impl Strategy<Value = GeneratedCode> {
        let enough = proptest::collection::vec(0..FAIR, LENGTH - 1);
        enough.prop_map(|random| GeneratedCode::from_random(&random).unwrap())
    }

    #[track_caller]
    fn assert_mistyped(typed: &str) {
        assert!(TypedCode::read(typed, &keys()).unwrap_err().is(&COUPON_CODE_MISTYPED));
    }

    proptest! {
        #[test]
        fn a_generated_code_is_found_again_however_it_is_typed(code in any_code()) {
            let found = TypedCode::Generated(code.hash(&keys()).unwrap());
            for typed in [code.written(), code.0.clone(), code.written().to_lowercase(), code.written().replace('-', " ")] {
                prop_assert_eq!(TypedCode::read(&typed, &keys()).unwrap(), found.clone());
            }
        }

        #[test]
        fn every_wrong_character_is_told(code in any_code(), at in any::<Index>(), wrong in "[0-9A-Z]") {
            let at = at.index(LENGTH);
            let mut typed = code.0.clone();
            typed.replace_range(at..=at, &wrong);
            prop_assume!(typed != code.0);
            assert_mistyped(&typed);
        }

        #[test]
        fn characters_that_changed_places_are_told(code in any_code(), one in any::<Index>(), other in any::<Index>()) {
            let mut letters = code.0.clone().into_bytes();
            letters.swap(one.index(LENGTH), other.index(LENGTH));
            let typed = String::from_utf8(letters).unwrap();
            prop_assume!(typed != code.0);
            assert_mistyped(&typed);
        }

        #[test]
        fn all_random_bytes_make_a_code_or_none(random in proptest::collection::vec(any::<u8>(), 0..40)) {
            let fair = random.iter().filter(|byte| **byte < FAIR).count();
            let code = GeneratedCode::from_random(&random);
            prop_assert_eq!(code.is_some(), fair >= LENGTH - 1);
            prop_assert!(code.is_none_or(|code| is_reserved(&code.0) && weighted_sum(&code.0.bytes().filter_map(value_of).collect::<Vec<_>>()) == 0));
        }

        #[test]
        fn a_canonical_code_stays_as_it_is(typed in ".{0,40}") {
            let once = canonical_code(&typed);
            prop_assert_eq!(canonical_code(&once), once.clone());
            let _ = TypedCode::read(&typed, &keys());
        }
    }

    #[test]
    fn no_ambiguous_character_is_used_and_the_rest_is_hard_to_guess() {
        assert!(b"0O1ILU5S".iter().filter(|letter| value_of(**letter).is_some()).eq(b"5".iter()));
        let bits = |characters: usize| (ALPHABET.len() as f64).log2() * characters as f64;
        assert!(bits(LENGTH - 1) > 72.0);
        // The ending tells one random character and, by the check character, as much again.
        assert!(bits(LENGTH - 1 - ENDING) > 60.0);
    }

    #[test]
    fn a_person_chooses_letters_and_digits_that_nobody_takes_for_a_generated_code() {
        assert_eq!(chosen(" milano - 2026 ").unwrap(), "MILANO2026");
        assert_eq!(chosen("abcd").unwrap(), "ABCD");
        let refused = |typed: &str| chosen(typed).unwrap_err().errors.remove(0).code;
        for wrong in ["", "abc", "a-b c", "sconto_20", "caffè", "SCONTO20%", "🎟️🎟️🎟️🎟️"] {
            assert_eq!(refused(wrong), "invalid_value", "{wrong}");
        }
        for generated in ["7KQ2-XW9D-RM4A-HT3B", "7kq2xw9drm4aht3o"] {
            assert_eq!(refused(generated), "reserved", "{generated}");
        }
    }

    #[test]
    fn what_a_person_chooses_is_read_as_it_is() {
        for chosen in ["BENVENUTO100", "sconto-20", "MENO 10 EURO", "BENVENUTO2026XYZ", "NESSUNO", "🎟️"] {
            let read = TypedCode::read(chosen, &keys()).unwrap();
            assert_eq!(read, TypedCode::Chosen(canonical_code(chosen)));
        }
        assert!(is_reserved("7KQ2XW9DRM4AHT3B") && is_reserved("7KQ2XW9DRM4AHT3O"));
        assert!(!is_reserved("7KQ2XW9DRM4AHTO0") && !is_reserved("7KQ2XW9DRM4AHT3"));
    }
}
