//! People and firms that do not exist, with identifiers that are valid and different each time.

use std::sync::atomic::{AtomicU32, Ordering};

use negozio::italy::codice_fiscale::{CodiceFiscale, Sex};
use serde_json::{Value, json};

static NEXT: AtomicU32 = AtomicU32::new(0);

/// The password of everybody in the tests.
pub const PASSWORD: &str = "una frase lunga che ricordo";
/// The password of the sandbox's demo accounts.
pub const DEMO_PASSWORD: &str = "negozio-sandbox-2026";

/// A natural person.
#[derive(Debug, Clone)]
pub struct Person {
    pub first_name: String,
    pub last_name: String,
    pub birth_date: String,
    pub codice_fiscale: String,
    pub email: String,
}

impl Person {
    /// Mario Rossi, with a birthday, and so a codice fiscale, of his own.
    pub fn fresh() -> Self {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let first_day = chrono::NaiveDate::from_ymd_opt(1960, 1, 1).expect("a date");
        let birthday = first_day + chrono::Days::new(u64::from(number));
        let code = CodiceFiscale::encode("Rossi", "Mario", birthday, Sex::Male, "F205").expect("a codice fiscale");
        Self {
            first_name: "Mario".to_owned(),
            last_name: "Rossi".to_owned(),
            birth_date: birthday.to_string(),
            codice_fiscale: code.as_str().to_owned(),
            email: format!("mario.rossi.{number}@example.com"),
        }
    }

    /// As a billing profile.
    pub fn billing_details(&self) -> Value {
        json!({
            "kind": "person",
            "first_name": self.first_name,
            "last_name": self.last_name,
            "codice_fiscale": self.codice_fiscale,
            "address": address(),
        })
    }

    /// As the holder of a service.
    pub fn holder(&self) -> Value {
        json!({
            "holder_type": "person",
            "first_name": self.first_name,
            "last_name": self.last_name,
            "codice_fiscale": self.codice_fiscale,
            "address": address(),
        })
    }

    /// As the natural person who applies.
    pub fn applicant(&self, role: &str) -> Value {
        json!({
            "role": role,
            "first_name": self.first_name,
            "last_name": self.last_name,
            "sex": "M",
            "birth_date": self.birth_date,
            "birth_place": "Milano",
            "codice_fiscale": self.codice_fiscale,
        })
    }
}

/// An address in Milan.
pub fn address() -> Value {
    json!({ "street": "Via Roma 1", "postal_code": "20121", "municipality": "Milano", "province": "MI", "country": "IT" })
}

/// A company, with a partita IVA of its own.
pub fn company() -> Value {
    json!({
        "kind": "company",
        "business_name": "Caffè Perù S.r.l.",
        "partita_iva": fresh_partita_iva(),
        "codice_destinatario": "ABC1234",
        "address": address(),
    })
}

/// Eleven digits of the office of Milan (015), the last of which checks the others (Luhn).
pub fn fresh_partita_iva() -> String {
    let number = 1_000_000 + NEXT.fetch_add(1, Ordering::Relaxed);
    let ten = format!("{number}015");
    let sum: u32 = ten
        .bytes()
        .enumerate()
        .map(|(index, digit)| {
            let value = u32::from(digit - b'0') * if index % 2 == 1 { 2 } else { 1 };
            if value > 9 { value - 9 } else { value }
        })
        .sum();
    format!("{ten}{}", (10 - sum % 10) % 10)
}

/// A value for an `Idempotency-Key`, different each time.
pub fn fresh_key() -> String {
    format!("test-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}
