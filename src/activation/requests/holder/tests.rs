use super::*;
use crate::activation::requests::specimen;

fn company() -> Holder {
    Holder {
        holder_type: HolderType::Company,
        first_name: None,
        last_name: None,
        business_name: Some("Rossi S.r.l.".to_owned()),
        codice_fiscale: None,
        partita_iva: Some("00743110157".to_owned()),
        ..specimen::holder()
    }
}

#[test]
fn a_holder_is_counted_by_what_it_cannot_vary() {
    let with_code = Holder { codice_fiscale: Some("12485671007".to_owned()), ..company() };
    assert_eq!(company().fiscal_subject(), with_code.fiscal_subject());
    assert!(company().is_same_subject(&with_code) && company().is_same_party(&with_code));
    let body = Holder { holder_type: HolderType::PublicBody, ..with_code };
    assert_eq!(body.fiscal_subject(), "12485671007");
    assert_eq!(specimen::holder().fiscal_subject(), "RSSMRA85T10A562S");
}

#[test]
fn a_name_makes_another_party_and_a_number_another_subject() {
    let renamed = Holder { business_name: Some("Rossi e figli S.r.l.".to_owned()), ..company() };
    assert!(company().is_same_subject(&renamed) && !company().is_same_party(&renamed));
    let moved = Holder { phone: Some("+39021234567".to_owned()), ..company() };
    assert!(company().is_same_party(&moved));
    for other in [
        Holder { partita_iva: Some("12485671007".to_owned()), ..company() },
        Holder { holder_type: HolderType::Association, ..company() },
    ] {
        assert!(!company().is_same_subject(&other) && !company().is_same_party(&other));
    }
}

#[test]
fn an_applicant_has_an_age_that_somebody_can_have() {
    let day = |year, month, day| NaiveDate::from_ymd_opt(year, month, day).unwrap();
    let today = day(2026, 11, 24);
    for (birth, code, doubtful) in [
        (day(2026, 11, 25), Some("not_adult"), false),
        (day(2008, 11, 25), Some("not_adult"), false),
        (day(2008, 11, 24), None, false),
        (day(1926, 11, 25), None, false),
        (day(1926, 11, 24), None, true),
        (day(1908, 11, 25), None, true),
        (day(1908, 11, 24), None, false),
        (day(1905, 11, 25), None, false),
        (day(1905, 11, 24), Some("too_long_ago"), false),
    ] {
        let applicant = Applicant { birth_date: birth, ..specimen::applicant() };
        assert_eq!(applicant.may_be_a_minor(today), doubtful, "{birth}");
        let errors = applicant.checked(&specimen::holder(), today).err().map(|problem| problem.errors);
        let codes: Vec<_> = errors.into_iter().flatten().map(|error| error.code.into_owned()).collect();
        let of_age: Vec<_> = codes.iter().filter(|code| *code != "disagrees_with_codice_fiscale").collect();
        assert_eq!(of_age, code.into_iter().collect::<Vec<_>>(), "{birth}");
    }
}
