use proptest::prelude::*;

use super::*;

fn date(year: i32, month: u32, day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(year, month, day).unwrap()
}

fn refusal(text: &str) -> &'static str {
    CodiceFiscale::parse(text).unwrap_err().code()
}

/// Fits a check letter to fifteen characters, so that only the rule under test can refuse them.
fn checked(fifteen: &str) -> String {
    let letter = check_letter(fifteen.as_bytes()).unwrap();
    format!("{fifteen}{}", char::from(letter))
}

#[test]
fn the_valid_examples_are_read() {
    let code = CodiceFiscale::parse("RCCMNL83S18D969H").unwrap();
    assert_eq!(code.birth(), Birth { year: 83, month: 11, day: 18 });
    assert_eq!(code.sex(), Sex::Male);
    assert_eq!(code.place_code(), "D969");
    assert!(!code.is_omocode());
    assert!(!code.is_born_abroad());
}

#[test]
fn an_omocode_is_another_code_with_the_same_data() {
    let plain = CodiceFiscale::parse("RSSMRA85T10A562S").unwrap();
    let omocode = CodiceFiscale::parse("RSSMRA85T10A56NH").unwrap();
    assert!(omocode.is_omocode());
    assert_eq!(omocode.as_str(), "RSSMRA85T10A56NH");
    assert_eq!(omocode.place_code(), "A562");
    assert_ne!(omocode, plain);
    assert_eq!(omocode.canonical(), plain);
}

#[test]
fn small_letters_and_spaces_are_forgiven() {
    let code = CodiceFiscale::parse("  rss mra\t85t10 a562s\n").unwrap();
    assert_eq!(code.as_str(), "RSSMRA85T10A562S");
}

#[test]
fn a_woman_has_forty_more_days() {
    let code = CodiceFiscale::encode("Rossi", "Anna", date(1990, 2, 28), Sex::Female, "z404");
    let code = code.unwrap();
    assert_eq!(&code.as_str()[..15], "RSSNNA90B68Z404");
    assert_eq!(code.sex(), Sex::Female);
    assert_eq!(code.birth().day, 28);
    assert!(code.is_born_abroad());
}

#[test]
fn each_rule_refuses_under_its_own_name() {
    assert_eq!(refusal(""), "wrong_length");
    assert_eq!(refusal("RSSMRA85T10A562"), "wrong_length");
    assert_eq!(refusal("RSSMRA85T10A562SS"), "wrong_length");
    assert_eq!(refusal("RSSMRÀ85T10A562S"), "unexpected_character");
    assert_eq!(refusal("RSSMR185T10A562S"), "unexpected_character");
    assert_eq!(refusal("RSSMRAA5T10A562S"), "unexpected_character");
    assert_eq!(refusal("RSSMRA85T10A5621"), "unexpected_character");
    assert_eq!(refusal(&checked("RASMRA85T10A562")), "impossible_name");
    assert_eq!(refusal(&checked("RSSMRA85F10A562")), "unknown_month");
    assert_eq!(refusal(&checked("RSSMRA85T00A562")), "impossible_date");
    assert_eq!(refusal(&checked("RSSMRA85T32A562")), "impossible_date");
    assert_eq!(refusal(&checked("RSSMRA85T40A562")), "impossible_date");
    assert_eq!(refusal(&checked("RSSMRA85T72A562")), "impossible_date");
    assert_eq!(refusal(&checked("RSSMRA85S31A562")), "impossible_date");
    assert_eq!(refusal("RSSMRA85T10A562T"), "wrong_check_letter");
}

#[test]
fn the_twenty_ninth_of_february_needs_a_leap_year() {
    assert!(CodiceFiscale::parse(&checked("RSSMRA84B29A562")).is_ok());
    assert!(CodiceFiscale::parse(&checked("RSSMRA00B69A562")).is_ok());
    assert_eq!(refusal(&checked("RSSMRA85B29A562")), "impossible_date");
    assert_eq!(refusal(&checked("RSSMRA84B30A562")), "impossible_date");
}

#[test]
fn a_place_is_a_letter_and_three_digits() {
    for place in ["", "A56", "A5621", "1562", "AB62", "Zürich", "À12"] {
        let code = CodiceFiscale::encode("Rossi", "Mario", date(1985, 12, 10), Sex::Male, place);
        assert_eq!(code, Err(CodiceFiscaleError::ImpossiblePlace), "{place}");
    }
}

#[test]
fn the_sex_is_one_letter_on_the_wire() {
    assert_eq!(serde_json::to_string(&Sex::Female).unwrap(), "\"F\"");
    assert_eq!(serde_json::from_str::<Sex>("\"M\"").unwrap(), Sex::Male);
    assert!(serde_json::from_str::<Sex>("\"X\"").is_err());
}

#[test]
fn debug_shows_nothing() {
    let code = CodiceFiscale::parse("RSSMRA85T10A562S").unwrap();
    assert_eq!(format!("{code:?}"), "CodiceFiscale(…)");
}

/// What two people may share only if their codes are the same.
fn data(code: &CodiceFiscale) -> (String, Birth, Sex) {
    (code.canonical().as_str().to_owned(), code.birth(), code.sex())
}

prop_compose! {
    fn any_birth_date()(days in 0_i64..54_786) -> NaiveDate {
        // 1 January 1900 and 150 years on.
        date(1900, 1, 1) + chrono::Duration::days(days)
    }
}

prop_compose! {
    fn any_code()(
        surname in "\\PC{0,12}|[A-Za-zà-ü' ]{1,20}",
        name in "\\PC{0,12}|[A-Za-zà-ü' ]{1,20}",
        birth_date in any_birth_date(),
        is_female in any::<bool>(),
        place in "[A-MZ][0-9]{3}",
    ) -> (String, String, NaiveDate, Sex, CodiceFiscale) {
        let sex = if is_female { Sex::Female } else { Sex::Male };
        let code = CodiceFiscale::encode(&surname, &name, birth_date, sex, &place).unwrap();
        (surname, name, birth_date, sex, code)
    }
}

proptest! {
    /// Invariant 24, first part.
    #[test]
    fn generated_codes_validate_and_agree((surname, name, birth_date, sex, code) in any_code()) {
        prop_assert_eq!(CodiceFiscale::parse(code.as_str()), Ok(code.clone()));
        prop_assert_eq!(code.birth(), Birth::of(birth_date));
        prop_assert_eq!(code.sex(), sex);
        prop_assert_eq!(code.cross_check(&name, &surname, birth_date, sex), vec![]);
    }

    /// All 127 variants of a code, and the code itself.
    #[test]
    fn every_omocode_validates_and_leads_back((_, _, _, _, code) in any_code()) {
        for chosen in 0_u32..128 {
            let mut variant = code.written;
            for (bit, index) in DIGITS.into_iter().enumerate() {
                if chosen & (1 << bit) != 0 {
                    variant[index] = OMOCODIA[usize::from(variant[index] - b'0')];
                }
            }
            let variant = with_check_letter(variant).unwrap();
            let parsed = CodiceFiscale::parse(std::str::from_utf8(&variant).unwrap()).unwrap();
            prop_assert_eq!(parsed.is_omocode(), chosen != 0);
            prop_assert_eq!(parsed.canonical(), code.clone());
        }
    }

    /// Invariant 24, second part, with every character that could replace another.
    #[test]
    fn a_changed_character_is_refused_or_tells_other_data((_, _, _, _, code) in any_code()) {
        for index in 0..LENGTH {
            for replacement in (b'0'..=b'9').chain(b'A'..=b'Z') {
                let mut changed = code.written;
                changed[index] = replacement;
                if changed == code.written {
                    continue;
                }
                if let Ok(other) = CodiceFiscale::parse(std::str::from_utf8(&changed).unwrap()) {
                    prop_assert_ne!(data(&other), data(&code));
                }
            }
        }
    }

    /// Invariant 24, third part: any text at all, and texts that come close.
    #[test]
    fn no_input_panics(text in any::<String>(), near in "\\PC{14,18}|[A-Z0-9]{16}|[A-Z]{6}[0-9LMNPQRSTUV]{2}[A-T][0-9]{2}[A-Z][0-9]{3}[A-Z]") {
        for input in [&text, &near] {
            if let Ok(code) = CodiceFiscale::parse(input) {
                prop_assert_eq!(code.as_str().len(), LENGTH);
                code.cross_check(&text, &near, date(2000, 2, 29), Sex::Female);
            }
            let made = CodiceFiscale::encode(&text, &near, NaiveDate::MIN, Sex::Male, input);
            prop_assert!(made.is_ok() || made == Err(CodiceFiscaleError::ImpossiblePlace));
        }
    }
}

#[test]
fn a_huge_text_is_refused_at_once() {
    assert_eq!(refusal(&"A".repeat(10_000_000)), "wrong_length");
    assert_eq!(refusal(&" ".repeat(10_000_000)), "wrong_length");
}
