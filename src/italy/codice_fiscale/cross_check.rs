//! Does the code belong to the person that the applicant describes? (guide step 17)

use chrono::NaiveDate;

use super::letters::{self, Spelling};
use super::{Birth, CodiceFiscale, Sex};

/// A field that does not go with the code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Disagreement {
    /// The surname yields other letters.
    LastName,
    /// The name yields other letters.
    FirstName,
    /// The code tells another day, month or year.
    BirthDate,
    /// The code tells the other sex.
    Sex,
}

impl Disagreement {
    /// The field's name on the wire.
    pub fn field(self) -> &'static str {
        match self {
            Self::LastName => "last_name",
            Self::FirstName => "first_name",
            Self::BirthDate => "birth_date",
            Self::Sex => "sex",
        }
    }

    /// The stable name of the disagreement, for clients.
    pub fn code(self) -> &'static str {
        match self {
            Self::LastName => "last_name_disagrees",
            Self::FirstName => "first_name_disagrees",
            Self::BirthDate => "birth_date_disagrees",
            Self::Sex => "sex_disagrees",
        }
    }

    /// What to tell the applicant.
    pub fn message(self) -> &'static str {
        match self {
            Self::LastName => "the last name does not match the codice fiscale",
            Self::FirstName => "the first name does not match the codice fiscale",
            Self::BirthDate => "the birth date does not match the codice fiscale",
            Self::Sex => "the sex does not match the codice fiscale",
        }
    }
}

impl CodiceFiscale {
    /// Compares the code, omocodia undone, with what somebody typed; empty when all agree.
    ///
    /// Names are taken whole, as in the tax register: a second name left out is a disagreement.
    /// The place of birth is not compared, because that takes the register of the places.
    pub fn cross_check(&self, first_name: &str, last_name: &str, birth_date: NaiveDate, sex: Sex) -> Vec<Disagreement> {
        let agreements = [
            (Disagreement::LastName, agrees(&self.canonical[..3], last_name, letters::of_surname)),
            (Disagreement::FirstName, agrees(&self.canonical[3..6], first_name, letters::of_name)),
            (Disagreement::BirthDate, self.birth == Birth::of(birth_date)),
            (Disagreement::Sex, self.sex == sex),
        ];
        agreements.into_iter().filter(|(_, agrees)| !agrees).map(|(disagreement, _)| disagreement).collect()
    }
}

/// Whether one of the spellings of a name yields the group.
fn agrees(group: &[u8], text: &str, letters_of: fn(&str, Spelling) -> [u8; 3]) -> bool {
    [Spelling::Plain, Spelling::Expanded].into_iter().any(|spelling| letters_of(text, spelling) == group)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(year: i32, month: u32, day: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(year, month, day).unwrap()
    }

    #[test]
    fn the_right_person_agrees_also_under_omocodia() {
        for code in ["RSSMRA85T10A562S", "RSSMRA85T10A56NH"] {
            let code = CodiceFiscale::parse(code).unwrap();
            let disagreements = code.cross_check("Mario", "Rossi", date(1985, 12, 10), Sex::Male);
            assert_eq!(disagreements, []);
        }
    }

    #[test]
    fn each_field_is_named_alone() {
        let code = CodiceFiscale::parse("RSSMRA85T10A562S").unwrap();
        let born = date(1985, 12, 10);
        let cases = [
            (code.cross_check("Mario", "Bianchi", born, Sex::Male), "last_name"),
            (code.cross_check("Carlo", "Rossi", born, Sex::Male), "first_name"),
            (code.cross_check("Mario", "Rossi", date(1985, 12, 11), Sex::Male), "birth_date"),
            (code.cross_check("Mario", "Rossi", date(1986, 12, 10), Sex::Male), "birth_date"),
            (code.cross_check("Mario", "Rossi", born, Sex::Female), "sex"),
        ];
        for (disagreements, field) in cases {
            let fields: Vec<_> = disagreements.iter().map(|found| found.field()).collect();
            assert_eq!(fields, [field]);
        }
    }

    #[test]
    fn name_and_surname_exchanged_disagree_both() {
        let code = CodiceFiscale::parse("RSSMRA85T10A562S").unwrap();
        let disagreements = code.cross_check("Rossi", "Mario", date(1985, 12, 10), Sex::Male);
        assert_eq!(disagreements, [Disagreement::LastName, Disagreement::FirstName]);
    }

    #[test]
    fn both_spellings_of_an_umlaut_agree() {
        let born = date(1990, 1, 2);
        for typed in ["Oz", "Oez"] {
            let code = CodiceFiscale::encode(typed, "Ali", born, Sex::Male, "Z243").unwrap();
            assert_eq!(code.cross_check("Ali", "Öz", born, Sex::Male), []);
        }
    }
}
