//! The machine-readable zone (ICAO Doc 9303): of the electronic identity card TD1 (part 5), of the passport TD3 (part 4).
//!
//! What the same form says otherwise (number, expiry) is refused, since the check digits tell which of the two is right.
//! What the applicant's data say otherwise is for the reviewer: either may be given again, and names are transliterated
//! and cut in the zone.

use chrono::{Datelike as _, NaiveDate};
use mrz::{MrzData, ParseOptions, encode_name_component, parse_td1_with, parse_td3_with};

use super::numbers::normalised;
use super::rules::DocumentKind;
use crate::activation::requests::holder::{Applicant, Sex};
use crate::platform::problem::FieldProblem;

/// Characters of a zone, without the breaks between its lines.
const TD1: usize = 90;
const TD3: usize = 88;
/// Characters that a name may take in the zone.
const TD1_NAME: usize = 30;
const TD3_NAME: usize = 39;

/// A zone whose check digits are right.
#[derive(Clone)]
pub struct MachineZone {
    text: String,
    data: MrzData,
}

/// What a zone says other than the applicant's data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ZoneDifference {
    /// Another last name.
    LastName,
    /// Another first name.
    FirstName,
    /// Another date of birth.
    BirthDate,
    /// Another sex.
    Sex,
}

impl MachineZone {
    /// Reads the zone of a document of this kind, as typed: in one line or several, in any case.
    ///
    /// # Errors
    /// The problem of `/mrz`: this kind has none, it is not one, or a check digit is wrong.
    pub fn read(kind: DocumentKind, typed: &str, today: NaiveDate) -> Result<Self, FieldProblem> {
        let text: String =
            typed.chars().filter(|letter| !letter.is_whitespace()).collect::<String>().to_ascii_uppercase();
        // Birth dates have two digits of the year: those after this year's are of the century before.
        let options = ParseOptions::default().with_pivot_yy(today.year().rem_euclid(100).unsigned_abs());
        let is_plain = text.is_ascii();
        let data = match kind {
            DocumentKind::IdentityCard if is_plain && text.len() == TD1 => {
                parse_td1_with(&text[..30], &text[30..60], &text[60..], &options).ok()
            }
            DocumentKind::Passport if is_plain && text.len() == TD3 => {
                parse_td3_with(&text[..44], &text[44..], &options).ok()
            }
            DocumentKind::IdentityCard | DocumentKind::Passport => None,
            DocumentKind::DrivingLicence | DocumentKind::PaperIdentityCard => return Err(unexpected()),
        };
        let data = data.ok_or_else(malformed)?;
        if data.checksum_consistent() { Ok(Self { text, data }) } else { Err(wrong_check_digit()) }
    }

    /// The zone's characters, without breaks.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What the rest of the form says otherwise.
    pub fn disagreements(&self, number: &str, expires_on: NaiveDate) -> Vec<FieldProblem> {
        let other_number = (normalised(self.data.full_document_number()) != normalised(number)).then_some("/number");
        let other_expiry = (day(self.data.date_of_expiry) != Some(expires_on)).then_some("/expires_on");
        let disagreement = |pointer| {
            FieldProblem::new(
                pointer,
                "disagrees_with_mrz",
                "Non corrisponde alla zona a lettura ottica",
                "It disagrees with the machine-readable zone",
            )
        };
        other_number.into_iter().chain(other_expiry).map(disagreement).collect()
    }

    /// What the applicant's data say otherwise.
    pub fn differences(&self, applicant: &Applicant) -> Vec<ZoneDifference> {
        let sex = if applicant.sex == Sex::Female { mrz::Sex::Female } else { mrz::Sex::Male };
        let found = [
            (ZoneDifference::LastName, self.names(&self.data.surname, &applicant.last_name)),
            (ZoneDifference::FirstName, self.names(&self.data.given_names, &applicant.first_name)),
            (ZoneDifference::BirthDate, day(self.data.date_of_birth) == Some(applicant.birth_date)),
            // The zone may leave it open (part 4, note p).
            (ZoneDifference::Sex, self.data.sex == mrz::Sex::Unspecified || self.data.sex == sex),
        ];
        found.into_iter().filter(|(_, agrees)| !agrees).map(|(difference, _)| difference).collect()
    }

    /// Whether a name in the zone is the one that was typed: transliterated, without spaces and apostrophes, and cut
    /// where the zone has no more room.
    fn names(&self, zone: &str, typed: &str) -> bool {
        let (zone, typed) = (letters(zone), letters(&encode_name_component(typed)));
        let room = if self.text.len() == TD1 { TD1_NAME } else { TD3_NAME };
        let is_cut = self.data.surname.len() + self.data.given_names.len() + 2 >= room;
        zone == typed || (is_cut && !zone.is_empty() && typed.starts_with(&zone))
    }
}

impl ZoneDifference {
    /// Stable name, for findings shown to the reviewer.
    pub fn code(self) -> &'static str {
        match self {
            Self::LastName => "mrz_last_name_differs",
            Self::FirstName => "mrz_first_name_differs",
            Self::BirthDate => "mrz_birth_date_differs",
            Self::Sex => "mrz_sex_differs",
        }
    }
}

fn letters(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).collect()
}

fn day(date: mrz::MrzDate) -> Option<NaiveDate> {
    date.calendar().and_then(|date| NaiveDate::from_ymd_opt(date.year, date.month, date.day))
}

fn unexpected() -> FieldProblem {
    FieldProblem::new(
        "/mrz",
        "mrz_not_expected",
        "Questo tipo di documento non ha una zona a lettura ottica",
        "A document of this kind has no machine-readable zone",
    )
}

fn malformed() -> FieldProblem {
    FieldProblem::new(
        "/mrz",
        "mrz_malformed",
        "Non è la zona a lettura ottica: tre righe da 30 caratteri per la carta d'identità, due da 44 per il passaporto",
        "Not the machine-readable zone: three lines of 30 characters for an identity card, two of 44 for a passport",
    )
}

fn wrong_check_digit() -> FieldProblem {
    FieldProblem::new(
        "/mrz",
        "mrz_check_digit",
        "Una cifra di controllo non torna: ricopia la zona a lettura ottica",
        "A check digit is wrong: copy the machine-readable zone again",
    )
}

#[cfg(test)]
mod tests {
    use mrz::{Date, MrzDate, Td1Fields, Td3Fields, format_td1, format_td3};
    use proptest::prelude::*;

    use super::*;
    use crate::activation::requests::specimen::applicant;

    fn today() -> NaiveDate {
        day_of(2026, 11, 24)
    }

    fn day_of(year: i32, month: u32, day: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(year, month, day).unwrap()
    }

    fn zone_of(kind: DocumentKind, number: &str, birth: NaiveDate, expiry: NaiveDate) -> String {
        let date = |day: NaiveDate| MrzDate::Calendar(Date::new(day.year(), day.month(), day.day()));
        match kind {
            DocumentKind::IdentityCard => format_td1(&Td1Fields {
                document_code: "C".to_owned(),
                issuing_country: "ITA".to_owned(),
                document_number: number.to_owned(),
                surname: "Rossi".to_owned(),
                given_names: "Mario".to_owned(),
                nationality: "ITA".to_owned(),
                date_of_birth: date(birth),
                sex: mrz::Sex::Male,
                date_of_expiry: date(expiry),
                ..Td1Fields::default()
            }),
            _ => format_td3(&Td3Fields {
                issuing_country: "ITA".to_owned(),
                document_number: number.to_owned(),
                surname: "Rossi".to_owned(),
                given_names: "Mario".to_owned(),
                nationality: "ITA".to_owned(),
                date_of_birth: date(birth),
                sex: mrz::Sex::Male,
                date_of_expiry: date(expiry),
                ..Td3Fields::default()
            }),
        }
    }

    fn days(from: i32, to: i32) -> impl Strategy<Value = NaiveDate> {
        let first = day_of(from, 1, 1);
        (0..i64::from((to - from) * 365)).prop_map(move |days| first + chrono::Duration::days(days))
    }

    fn code(outcome: Result<MachineZone, FieldProblem>) -> String {
        outcome.err().map(|problem| problem.code.into_owned()).unwrap_or_default()
    }

    proptest! {
        #[test]
        fn a_right_zone_agrees_with_what_it_was_made_of_and_with_nothing_else(
            number in "[A-Z]{2}[0-9]{5}[A-Z]{2}",
            birth in days(1930, 2007),
            expiry in days(2026, 2040),
            kind in prop::sample::select(vec![DocumentKind::IdentityCard, DocumentKind::Passport]),
            in_one_line in any::<bool>(),
        ) {
            let mut typed = zone_of(kind, &number, birth, expiry);
            if in_one_line {
                typed = typed.replace('\n', "").to_lowercase();
            }
            let zone = MachineZone::read(kind, &typed, today()).map_err(|problem| problem.code.to_string()).unwrap();
            prop_assert!(zone.disagreements(&number, expiry).is_empty());
            let pointers: Vec<String> =
                zone.disagreements("ZZ00000ZZ", birth).into_iter().map(|problem| problem.pointer).collect();
            prop_assert_eq!(pointers, ["/number", "/expires_on"]);
            let mut person = Applicant { birth_date: birth, ..applicant() };
            prop_assert_eq!(zone.differences(&person), []);
            person.birth_date = birth + chrono::Duration::days(1);
            person.first_name = "Luigi".to_owned();
            person.last_name = "Bianchi".to_owned();
            person.sex = Sex::Female;
            let all = [ZoneDifference::LastName, ZoneDifference::FirstName, ZoneDifference::BirthDate, ZoneDifference::Sex];
            prop_assert_eq!(zone.differences(&person), all);
        }

        #[test]
        fn a_digit_read_wrongly_is_refused(at in any::<prop::sample::Index>(), step in 1..10_u8) {
            let mut typed = zone_of(DocumentKind::Passport, "YA1234567", day_of(1985, 12, 10), day_of(2035, 1, 1)).into_bytes();
            // The second line's digits are all covered by a check digit.
            let digits: Vec<usize> = (45..typed.len()).filter(|at| typed[*at].is_ascii_digit()).collect();
            let at = digits[at.index(digits.len())];
            typed[at] = b'0' + (typed[at] - b'0' + step) % 10;
            let typed = String::from_utf8(typed).unwrap();
            prop_assert_eq!(code(MachineZone::read(DocumentKind::Passport, &typed, today())), "mrz_check_digit");
        }

        #[test]
        fn any_text_is_answered(kind in prop::sample::select(DocumentKind::ALL), typed in "\\PC{0,120}", lengthy in "[A-Z0-9<è]{88,90}") {
            let _ = MachineZone::read(kind, &typed, today());
            let _ = MachineZone::read(kind, &lengthy, today());
        }
    }

    #[test]
    fn a_zone_of_another_kind_is_refused() {
        let passport = zone_of(DocumentKind::Passport, "YA1234567", day_of(1985, 12, 10), day_of(2035, 1, 1));
        for (kind, expected) in [
            (DocumentKind::IdentityCard, "mrz_malformed"),
            (DocumentKind::DrivingLicence, "mrz_not_expected"),
            (DocumentKind::PaperIdentityCard, "mrz_not_expected"),
        ] {
            assert_eq!(code(MachineZone::read(kind, &passport, today())), expected);
        }
        assert_eq!(code(MachineZone::read(DocumentKind::Passport, "è", today())), "mrz_malformed");
    }

    #[test]
    fn the_standards_own_examples_are_read() {
        // ICAO Doc 9303 part 4, appendix B, and part 5, appendix B (with the code of an identity card).
        let passport = "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C36UTO7408122F1204159ZE184226B<<<<<10";
        let card = "I<UTOD231458907<<<<<<<<<<<<<<<\n7408122F1204159UTO<<<<<<<<<<<6\nERIKSSON<<ANNA<MARIA<<<<<<<<<<";
        assert!(MachineZone::read(DocumentKind::Passport, passport, today()).is_ok());
        assert!(MachineZone::read(DocumentKind::IdentityCard, card, today()).is_ok());
    }

    #[test]
    fn names_are_compared_as_the_zone_writes_them() {
        let zone = |surname: &str, given: &str| {
            let text = format_td1(&Td1Fields {
                document_code: "C".to_owned(),
                issuing_country: "ITA".to_owned(),
                document_number: "CA12345AB".to_owned(),
                surname: surname.to_owned(),
                given_names: given.to_owned(),
                nationality: "ITA".to_owned(),
                date_of_birth: MrzDate::Calendar(Date::new(1985, 12, 10)),
                sex: mrz::Sex::Male,
                date_of_expiry: MrzDate::Calendar(Date::new(2035, 1, 1)),
                ..Td1Fields::default()
            });
            MachineZone::read(DocumentKind::IdentityCard, &text, today())
                .map_err(|problem| problem.code.to_string())
                .unwrap()
        };
        let person = |last_name: &str, first_name: &str| Applicant {
            last_name: last_name.to_owned(),
            first_name: first_name.to_owned(),
            ..applicant()
        };
        let dangelo = person("D’Àngelo", "Nicolò");
        assert_eq!(zone("D'ANGELO", "NICOLO").differences(&dangelo), []);
        assert_eq!(zone("D ANGELO", "NICOLO").differences(&dangelo), []);
        let long = person("Buonarroti Simoni", "Michelangelo Ludovico");
        assert_eq!(zone("Buonarroti Simoni", "Michelangelo Ludovico").differences(&long), [], "the zone cuts it");
        assert_eq!(zone("ROSSI", "M").differences(&person("Rossi", "Mario")), [ZoneDifference::FirstName]);
    }
}
