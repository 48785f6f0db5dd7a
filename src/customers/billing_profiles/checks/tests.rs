use proptest::prelude::*;
use serde_json::{Value, json};

use crate::customers::billing_profiles::rules::{BillingDetails, BillingKind};

fn details(json: Value) -> BillingDetails {
    serde_json::from_value(json).unwrap()
}

fn address() -> Value {
    json!({ "street": "Via Roma 1", "postal_code": "20121", "municipality": "Milano", "province": "mi" })
}

fn berlin() -> Value {
    json!({ "street": "Ring 1", "postal_code": "10115", "municipality": "Berlin", "country": "DE" })
}

/// A good profile of each kind.
fn good(kind: BillingKind) -> Value {
    match kind {
        BillingKind::Person => {
            json!({ "kind": kind, "first_name": "Mario", "last_name": "Rossi", "codice_fiscale": "RSSMRA85T10A562S", "address": address() })
        }
        BillingKind::Professional => {
            json!({ "kind": kind, "first_name": "Mario", "last_name": "Rossi", "codice_fiscale": "RSSMRA85T10A562S", "partita_iva": "12485671007", "pec": "mario.rossi@pec.example.it", "address": address() })
        }
        BillingKind::Company => {
            json!({ "kind": kind, "business_name": "Caffè Perù S.r.l.", "partita_iva": "12485671007", "codice_destinatario": "ABC1234", "address": address() })
        }
        BillingKind::PublicBody => {
            json!({ "kind": kind, "business_name": "Comune di Prova", "codice_fiscale": "00743110157", "codice_destinatario": "UFABC1", "address": address() })
        }
        BillingKind::Association => {
            json!({ "kind": kind, "business_name": "Amici della Prova", "codice_fiscale": "00743110157", "address": address() })
        }
        BillingKind::Foreign => {
            json!({ "kind": kind, "business_name": "Beispiel GmbH", "vat_number": "DE 123456789", "address": berlin() })
        }
    }
}

/// A good profile with some members set, or taken away where null.
fn changed(kind: BillingKind, change: Value) -> Value {
    let mut json = good(kind);
    for (name, value) in change.as_object().unwrap() {
        if value.is_null() {
            json.as_object_mut().unwrap().remove(name);
        } else {
            json[name] = value.clone();
        }
    }
    json
}

/// What is wrong: pointers and codes.
fn wrong(json: Value) -> Vec<(String, String)> {
    match details(json).checked() {
        Ok(_) => Vec::new(),
        Err(problem) => problem.errors.into_iter().map(|error| (error.pointer, error.code.into_owned())).collect(),
    }
}

fn one(pointer: &str, code: &str) -> Vec<(String, String)> {
    vec![(pointer.to_owned(), code.to_owned())]
}

#[test]
fn a_good_profile_of_each_kind_passes_and_its_normal_form_too() {
    for kind in BillingKind::ALL {
        let checked = details(good(*kind)).checked().unwrap_or_else(|problem| panic!("{kind}: {problem:?}"));
        assert!(checked.clone().checked().unwrap() == checked, "{kind}");
    }
}

#[test]
fn each_kind_needs_its_fields() {
    use BillingKind as K;
    let cases = [
        (K::Person, "codice_fiscale"),
        (K::Person, "first_name"),
        (K::Professional, "codice_fiscale"),
        (K::Professional, "partita_iva"),
        (K::Company, "partita_iva"),
        (K::Company, "business_name"),
        (K::PublicBody, "codice_fiscale"),
        (K::Association, "codice_fiscale"),
        (K::Foreign, "vat_number"),
    ];
    for (kind, field) in cases {
        assert_eq!(
            wrong(changed(kind, json!({ field: null }))),
            one(&format!("/{field}"), "required"),
            "{kind} {field}"
        );
        assert_eq!(
            wrong(changed(kind, json!({ field: " " }))),
            one(&format!("/{field}"), "required"),
            "{kind} {field}"
        );
    }
    assert_eq!(
        wrong(changed(K::PublicBody, json!({ "codice_destinatario": null }))),
        one("/codice_destinatario", "office_code_missing")
    );
    assert_eq!(
        wrong(changed(K::Company, json!({ "codice_destinatario": null }))),
        one("/codice_destinatario", "channel_missing")
    );
}

#[test]
fn each_kind_refuses_what_it_does_not_have() {
    use BillingKind as K;
    let cases = [
        (K::Person, "partita_iva", "12485671007"),
        (K::Person, "business_name", "X"),
        (K::Professional, "vat_number", "DE123456789"),
        (K::Company, "first_name", "Mario"),
        (K::PublicBody, "last_name", "Rossi"),
        (K::Foreign, "partita_iva", "12485671007"),
        (K::Foreign, "codice_fiscale", "RSSMRA85T10A562S"),
    ];
    for (kind, field, value) in cases {
        assert_eq!(
            wrong(changed(kind, json!({ field: value }))),
            one(&format!("/{field}"), "not_for_this_kind"),
            "{kind} {field}"
        );
    }
}

#[test]
fn identifiers_are_checked_and_written_in_one_way() {
    use BillingKind as K;
    let cases = [
        (K::Person, "codice_fiscale", "RSSMRA85T10A562X", "wrong_check_letter"),
        (K::Person, "codice_fiscale", "00743110157", "wrong_length"),
        (K::Company, "partita_iva", "12485671008", "wrong_check_digit"),
        (K::Company, "codice_fiscale", "RSSMRA85T10A562S", "wrong_length"),
        (K::Company, "codice_destinatario", "ABC 12", "not_seven_characters"),
        (K::Company, "codice_destinatario", "XXXXXXX", "foreign_code_mismatch"),
        (K::PublicBody, "codice_destinatario", "ABC1234", "not_six_characters"),
        (K::Professional, "pec", "nobody", "pec_not_an_address"),
        (K::Foreign, "vat_number", "FR12345678901", "not_a_vat_number"),
        (K::Foreign, "vat_number", "DE1", "not_a_vat_number"),
    ];
    for (kind, field, value, code) in cases {
        assert_eq!(wrong(changed(kind, json!({ field: value }))), one(&format!("/{field}"), code), "{kind} {value}");
    }
    let checked = details(changed(K::Person, json!({ "codice_fiscale": " rssmra85 t10a562s " }))).checked().unwrap();
    assert_eq!(checked.codice_fiscale.as_deref(), Some("RSSMRA85T10A562S"));
    assert_eq!(checked.address.province.as_deref(), Some("MI"));
    let foreign = details(good(K::Foreign)).checked().unwrap();
    assert_eq!(foreign.vat_number.as_deref(), Some("DE123456789"));
}

#[test]
fn a_codice_fiscale_belongs_to_whom_the_names_say() {
    for kind in [BillingKind::Person, BillingKind::Professional] {
        assert_eq!(wrong(changed(kind, json!({ "last_name": "Bianchi" }))), one("/last_name", "last_name_disagrees"));
        assert_eq!(wrong(changed(kind, json!({ "first_name": "Carlo" }))), one("/first_name", "first_name_disagrees"));
        // Omocodia: the same person, whose code was taken by another.
        assert_eq!(wrong(changed(kind, json!({ "codice_fiscale": "RSSMRA85T10A56NH" }))), []);
    }
}

#[test]
fn a_foreign_customer_is_abroad_and_the_others_are_in_italy() {
    use BillingKind as K;
    assert_eq!(
        wrong(changed(K::Foreign, json!({ "address": address() }))),
        [
            ("/vat_number".to_owned(), "not_a_vat_number".to_owned()),
            ("/address/country".to_owned(), "must_be_foreign".to_owned()),
        ]
    );
    assert_eq!(wrong(changed(K::Person, json!({ "address": berlin() }))), one("/address/country", "must_be_italy"));
    let human = json!({ "business_name": null, "vat_number": null, "first_name": "Hans", "last_name": "Meyer" });
    assert_eq!(wrong(changed(K::Foreign, human)), []);
    let outside_the_union = json!({ "vat_number": null, "address": { "street": "1 Main St", "postal_code": "SW1A 1AA", "municipality": "London", "country": "GB" } });
    assert_eq!(wrong(changed(K::Foreign, outside_the_union)), []);
    let greek = json!({ "vat_number": "EL123456789", "address": { "street": "Odos 1", "postal_code": "10431", "municipality": "Athina", "country": "GR" } });
    assert_eq!(wrong(changed(K::Foreign, greek)), []);
}

#[test]
fn what_is_doubtful_is_warned_of() {
    // Serial number 1234567, the unknown office 567, and the check digit that goes with them.
    let unknown_office = changed(BillingKind::Company, json!({ "partita_iva": "12345675677" }));
    let warnings = |json: Value| -> Vec<String> {
        let checked = details(json).checked().unwrap();
        checked.warnings().into_iter().map(|warning| warning.code.into_owned()).collect()
    };
    assert_eq!(warnings(unknown_office), ["unknown_office_code"]);
    assert_eq!(warnings(good(BillingKind::Foreign)), Vec::<String>::new());
    assert_eq!(warnings(good(BillingKind::Company)), Vec::<String>::new());
}

#[test]
fn a_fiscal_subject_is_the_same_however_the_profile_is_filled_in() {
    let subject = |json: Value| details(json).checked().unwrap().fiscal_subject();
    let company = subject(good(BillingKind::Company));
    assert_eq!(subject(changed(BillingKind::Company, json!({ "codice_fiscale": "00743110157" }))), company);
    assert_eq!(subject(good(BillingKind::Person)), subject(good(BillingKind::Professional)));
    assert_ne!(subject(good(BillingKind::Association)), company);
}

#[test]
fn nobody_but_a_billed_customer_needs_a_channel() {
    let without = details(changed(BillingKind::Company, json!({ "codice_destinatario": null })));
    assert!(without.clone().checked().is_err() && without.checked_without_channel().is_ok());
    let bad_pec = details(changed(BillingKind::Company, json!({ "pec": "nobody" })));
    assert!(bad_pec.checked_without_channel().is_err());
}

proptest! {
    #[test]
    fn no_input_panics_and_a_normal_form_is_its_own(
        kind in proptest::sample::select(BillingKind::ALL.to_vec()),
        field in proptest::sample::select(vec!["first_name", "last_name", "business_name", "codice_fiscale", "partita_iva", "vat_number", "codice_destinatario", "pec"]),
        value in "\\PC{0,30}|[A-Z0-9 ]{0,20}|[a-z]{1,5}@[a-z]{1,6}\\.it",
    ) {
        let details = details(changed(kind, json!({ field: value })));
        let _ = details.clone().checked_without_channel();
        if let Ok(checked) = details.checked() {
            let _ = (checked.warnings(), checked.fiscal_subject(), checked.display_name());
            prop_assert!(checked.clone().checked().unwrap() == checked);
        }
    }
}
