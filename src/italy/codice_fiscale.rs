//! The codice fiscale of a person: sixteen characters made from surname, name, birth and place
//! (D.P.R. 605/1973 and D.M. 23 December 1976).
//!
//! ```text
//! R S S M R A 8 5 T 1 0 A 5 6 2 S
//! └─┬─┘ └─┬─┘ └┬┘ │ └┬┘ └──┬──┘ └ check letter
//! surname name year │ day  place (Belfiore code)
//!                   └ month
//! ```
//!
//! Two people may come out with the same sixteen characters. The tax agency then writes some of
//! the seven digits of one of them as letters: that is *omocodia*, and it is what keeps the two
//! apart, so codes are compared as they are written, never in their canonical form.

mod check_letter;
mod cross_check;
mod letters;
#[cfg(test)]
mod tests;

pub use check_letter::check_letter;
pub use cross_check::Disagreement;

use std::fmt;
use std::str::FromStr;

use chrono::{Datelike, NaiveDate};
use serde::{Deserialize, Serialize};

const LENGTH: usize = 16;
const CHECK_LETTER: usize = 15;

/// The letters of January to December.
const MONTHS: [u8; 12] = *b"ABCDEHLMPRST";

/// Where a digit is expected, counted from zero; these are the places that omocodia may touch.
const DIGITS: [usize; 7] = [6, 7, 9, 10, 12, 13, 14];

/// The letters that stand for the digits 0 to 9 under omocodia.
const OMOCODIA: [u8; 10] = *b"LMNPQRSTUV";

/// What is added to a woman's day of birth.
const FEMALE_DAY_OFFSET: u8 = 40;

/// A checked codice fiscale of a person, in capitals and without spaces.
///
/// It is personal data: its `Debug` shows nothing, and there is no `Display`, so that it cannot
/// slip into a log. Ask for [`CodiceFiscale::as_str`] where it is really meant.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct CodiceFiscale {
    written: [u8; LENGTH],
    canonical: [u8; LENGTH],
    birth: Birth,
    sex: Sex,
}

/// The day of birth as the code tells it: the century is not in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Birth {
    /// The last two digits of the year, 0 to 99.
    pub year: u8,
    /// 1 to 12.
    pub month: u8,
    /// 1 to 31.
    pub day: u8,
}

/// The sex as registered, the only two values that a codice fiscale can express.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Sex {
    /// `F` on the wire.
    #[serde(rename = "F")]
    Female,
    /// `M` on the wire.
    #[serde(rename = "M")]
    Male,
}

/// Why a text is not a codice fiscale, or why one cannot be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CodiceFiscaleError {
    /// Not sixteen characters.
    #[error("a person's codice fiscale has 16 characters")]
    WrongLength,
    /// A character that cannot stand where it stands.
    #[error("character {position} is not one that can stand there")]
    UnexpectedCharacter {
        /// Counted from 1, spaces left out.
        position: usize,
    },
    /// The first or second group of three has a consonant after a vowel, which no name yields.
    #[error("characters 1 to 6 cannot come from a surname and a name")]
    ImpossibleName,
    /// Character 9 is not the letter of a month.
    #[error("character 9 is not the letter of a month")]
    UnknownMonth,
    /// The calendar has no such day.
    #[error("characters 7 to 11 are not a date of the calendar")]
    ImpossibleDate,
    /// The place given to [`CodiceFiscale::encode`] is not a letter and three digits.
    #[error("a place code is a letter and three digits")]
    ImpossiblePlace,
    /// The last character does not follow from the first fifteen.
    #[error("the check letter does not match the rest: something is mistyped")]
    WrongCheckLetter,
}

impl CodiceFiscaleError {
    /// The stable name of the error, for clients.
    pub fn code(&self) -> &'static str {
        match self {
            Self::WrongLength => "wrong_length",
            Self::UnexpectedCharacter { .. } => "unexpected_character",
            Self::ImpossibleName => "impossible_name",
            Self::UnknownMonth => "unknown_month",
            Self::ImpossibleDate => "impossible_date",
            Self::ImpossiblePlace => "impossible_place",
            Self::WrongCheckLetter => "wrong_check_letter",
        }
    }
}

impl CodiceFiscale {
    /// Checks a codice fiscale as somebody typed it; small letters and spaces are forgiven.
    ///
    /// # Errors
    /// The first rule that the text breaks, the check letter last, so that the message is as
    /// precise as it can be.
    pub fn parse(text: &str) -> Result<Self, CodiceFiscaleError> {
        Self::from_written(normalise(text)?)
    }

    /// Makes the code of a person; `place` is the Belfiore code of the municipality or, from `Z`,
    /// of the foreign country.
    ///
    /// It is the code that the rules yield: only the tax agency knows whether omocodia has given
    /// that person another one.
    ///
    /// # Errors
    /// [`CodiceFiscaleError::ImpossiblePlace`] when `place` is not a letter and three digits.
    pub fn encode(
        surname: &str,
        name: &str,
        birth_date: NaiveDate,
        sex: Sex,
        place: &str,
    ) -> Result<Self, CodiceFiscaleError> {
        let birth = Birth::of(birth_date);
        let month =
            MONTHS.get(usize::from(birth.month).wrapping_sub(1)).copied().ok_or(CodiceFiscaleError::UnknownMonth)?;
        let day = match sex {
            Sex::Female => birth.day + FEMALE_DAY_OFFSET,
            Sex::Male => birth.day,
        };
        let [surname_1, surname_2, surname_3] = letters::of_surname(surname, letters::Spelling::Plain);
        let [name_1, name_2, name_3] = letters::of_name(name, letters::Spelling::Plain);
        let [year_tens, year_units] = two_digits(birth.year);
        let [day_tens, day_units] = two_digits(day);
        let [place_1, place_2, place_3, place_4] = place_characters(place)?;
        let unchecked = [
            surname_1, surname_2, surname_3, name_1, name_2, name_3, year_tens, year_units, month, day_tens, day_units,
            place_1, place_2, place_3, place_4, 0,
        ];
        Self::from_written(with_check_letter(unchecked)?)
    }

    /// The sixteen characters as they are written, omocodia included.
    pub fn as_str(&self) -> &str {
        // Always ASCII by construction, so the fallback is never taken.
        std::str::from_utf8(&self.written).unwrap_or_default()
    }

    /// The code with omocodia undone and its check letter recomputed: the one to compare data
    /// with, not the one to know a person by.
    pub fn canonical(&self) -> Self {
        Self { written: self.canonical, ..self.clone() }
    }

    /// Whether some digits are written as letters, because another person has the same data.
    pub fn is_omocode(&self) -> bool {
        self.written != self.canonical
    }

    /// The day of birth, without its century.
    pub fn birth(&self) -> Birth {
        self.birth
    }

    /// The sex.
    pub fn sex(&self) -> Sex {
        self.sex
    }

    /// The Belfiore code of the place of birth, omocodia undone, such as `A562`.
    pub fn place_code(&self) -> &str {
        std::str::from_utf8(&self.canonical[11..CHECK_LETTER]).unwrap_or_default()
    }

    /// Whether the place of birth is a foreign country: their Belfiore codes begin with `Z`.
    pub fn is_born_abroad(&self) -> bool {
        self.canonical[11] == b'Z'
    }

    fn from_written(written: [u8; LENGTH]) -> Result<Self, CodiceFiscaleError> {
        let canonical = undo_omocodia(written)?;
        for group in [&canonical[..3], &canonical[3..6]] {
            if !letters::could_come_from_a_name(group) {
                return Err(CodiceFiscaleError::ImpossibleName);
            }
        }
        let (birth, sex) = decode_birth(&canonical)?;
        if with_check_letter(written)? != written {
            return Err(CodiceFiscaleError::WrongCheckLetter);
        }
        Ok(Self { written, canonical, birth, sex })
    }
}

impl fmt::Debug for CodiceFiscale {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("CodiceFiscale(…)")
    }
}

impl FromStr for CodiceFiscale {
    type Err = CodiceFiscaleError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl Birth {
    /// What a codice fiscale keeps of a date.
    pub fn of(date: NaiveDate) -> Self {
        // All three fit by their range: 0-99, 1-12, 1-31.
        Self {
            year: u8::try_from(date.year().rem_euclid(100)).unwrap_or_default(),
            month: u8::try_from(date.month()).unwrap_or_default(),
            day: u8::try_from(date.day()).unwrap_or_default(),
        }
    }

    /// Whether the day is in the calendar of at least one of the centuries that it can belong to.
    /// 29 February of a year `00` was a day in 2000, so every fourth year counts.
    fn is_in_the_calendar(self) -> bool {
        let days = match self.month {
            2 if self.year.is_multiple_of(4) => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            1..=12 => 31,
            _ => 0,
        };
        (1..=days).contains(&self.day)
    }
}

/// Takes the spaces out and puts letters in capitals; looks at no more characters than it needs.
fn normalise(text: &str) -> Result<[u8; LENGTH], CodiceFiscaleError> {
    let mut written = [0; LENGTH];
    let mut length = 0;
    let mut unexpected = None;
    for character in text.chars().filter(|character| !character.is_whitespace()) {
        let place = written.get_mut(length).ok_or(CodiceFiscaleError::WrongLength)?;
        length += 1;
        match u8::try_from(character) {
            Ok(byte) if byte.is_ascii_alphanumeric() => *place = byte.to_ascii_uppercase(),
            _ => unexpected = unexpected.or(Some(length)),
        }
    }
    match unexpected {
        _ if length < LENGTH => Err(CodiceFiscaleError::WrongLength),
        Some(position) => Err(CodiceFiscaleError::UnexpectedCharacter { position }),
        None => Ok(written),
    }
}

/// Turns the letters of omocodia back into digits and recomputes the check letter; on the way it
/// checks that digits and letters stand where they should.
fn undo_omocodia(written: [u8; LENGTH]) -> Result<[u8; LENGTH], CodiceFiscaleError> {
    let mut canonical = written;
    for (index, character) in canonical.iter_mut().enumerate() {
        let stands_well = if DIGITS.contains(&index) {
            digit(*character).map(|digit| *character = b'0' + digit)
        } else {
            character.is_ascii_uppercase().then_some(())
        };
        stands_well.ok_or(CodiceFiscaleError::UnexpectedCharacter { position: index + 1 })?;
    }
    with_check_letter(canonical)
}

/// The value of a digit that may be written as its letter.
fn digit(character: u8) -> Option<u8> {
    if character.is_ascii_digit() {
        return Some(character - b'0');
    }
    (0..).zip(OMOCODIA).find_map(|(value, letter)| (letter == character).then_some(value))
}

fn with_check_letter(mut code: [u8; LENGTH]) -> Result<[u8; LENGTH], CodiceFiscaleError> {
    code[CHECK_LETTER] = check_letter(&code[..CHECK_LETTER]).ok_or(CodiceFiscaleError::WrongCheckLetter)?;
    Ok(code)
}

fn decode_birth(canonical: &[u8; LENGTH]) -> Result<(Birth, Sex), CodiceFiscaleError> {
    let number = |index: usize| (canonical[index] - b'0') * 10 + (canonical[index + 1] - b'0');
    let month = (1..)
        .zip(MONTHS)
        .find_map(|(month, letter)| (letter == canonical[8]).then_some(month))
        .ok_or(CodiceFiscaleError::UnknownMonth)?;
    let written_day = number(9);
    let (day, sex) = match written_day.checked_sub(FEMALE_DAY_OFFSET) {
        Some(day) => (day, Sex::Female),
        None => (written_day, Sex::Male),
    };
    let birth = Birth { year: number(6), month, day };
    if birth.is_in_the_calendar() { Ok((birth, sex)) } else { Err(CodiceFiscaleError::ImpossibleDate) }
}

/// A number below 100 as its two digits.
fn two_digits(number: u8) -> [u8; 2] {
    [b'0' + number / 10 % 10, b'0' + number % 10]
}

fn place_characters(place: &str) -> Result<[u8; 4], CodiceFiscaleError> {
    let characters: [u8; 4] = place.trim().as_bytes().try_into().map_err(|_| CodiceFiscaleError::ImpossiblePlace)?;
    let [letter, number @ ..] = characters;
    if letter.is_ascii_alphabetic() && number.iter().all(u8::is_ascii_digit) {
        Ok(characters.map(|character| character.to_ascii_uppercase()))
    } else {
        Err(CodiceFiscaleError::ImpossiblePlace)
    }
}
