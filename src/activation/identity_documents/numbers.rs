//! The number and the dates printed on an identity document: a number of an unusual shape is
//! pointed out to the reviewer and never refused, dates that cannot hold are refused.
//!
//! Kinds come as the names that the API uses: `identity_card`, `driving_licence`, `passport`
//! and `paper_identity_card`.

use chrono::NaiveDate;
use thiserror::Error;

use crate::platform::locale::Localized;

/// The first day on which the paper identity card is no longer valid, whatever date is printed on
/// it: Regulation (EU) 2019/1157, article 5, withdraws cards without a machine-readable zone.
pub const PAPER_IDENTITY_CARD_VOID_SINCE: NaiveDate = match NaiveDate::from_ymd_opt(2026, 8, 3) {
    Some(day) => day,
    None => NaiveDate::MAX,
};

/// Why a number looks wrong. It warns the reviewer and never refuses: shapes change over the years
/// and a foreigner's document has one of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NumberWarning {
    /// Nothing is left once spaces and punctuation are removed.
    Empty,
    /// The number does not look like those printed on Italian documents of its kind.
    UnusualShape,
}

impl NumberWarning {
    /// Stable name, for findings shown to the reviewer.
    pub fn code(self) -> &'static str {
        match self {
            Self::Empty => "document_number_empty",
            Self::UnusualShape => "document_number_unusual",
        }
    }
}

/// Why the dates of a document refuse it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ValidityRefusal {
    /// A paper identity card: void since [`PAPER_IDENTITY_CARD_VOID_SINCE`].
    #[error("paper identity cards are void since {PAPER_IDENTITY_CARD_VOID_SINCE}, whatever their printed expiry")]
    PaperCardVoid,
    /// The day of issue is after today.
    #[error("the document is issued in the future")]
    IssuedInFuture,
    /// The day of expiry is before the day of issue.
    #[error("the document expires before it is issued")]
    ExpiresBeforeIssued,
    /// The last day of validity is before today.
    #[error("the document is expired")]
    Expired,
}

impl ValidityRefusal {
    /// The field that it is about.
    pub fn pointer(self) -> &'static str {
        match self {
            Self::PaperCardVoid => "/kind",
            Self::IssuedInFuture => "/issued_on",
            Self::ExpiresBeforeIssued | Self::Expired => "/expires_on",
        }
    }

    /// The reason, for a reader.
    pub fn explanation(self) -> Localized {
        let italian = match self {
            Self::PaperCardVoid => {
                "le carte d'identità cartacee non sono più valide dal 3 agosto 2026, qualunque scadenza riportino"
            }
            Self::IssuedInFuture => "la data di rilascio è nel futuro",
            Self::ExpiresBeforeIssued => "il documento scade prima della data di rilascio",
            Self::Expired => "il documento è scaduto",
        };
        Localized { it: italian.into(), en: self.to_string().into() }
    }

    /// Stable name, for problems.
    pub fn code(self) -> &'static str {
        match self {
            Self::PaperCardVoid => "paper_identity_card_void",
            Self::IssuedInFuture => "document_issued_in_future",
            Self::ExpiresBeforeIssued => "document_expires_before_issued",
            Self::Expired => "document_expired",
        }
    }
}

/// The number as it is compared and kept: letters and digits only, in capitals.
pub fn normalised(number: &str) -> String {
    number.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_uppercase()).collect()
}

/// Whether a number looks unusual for a document of this kind. A kind without a known shape never warns.
pub fn number_warning(kind: &str, number: &str) -> Option<NumberWarning> {
    let number = normalised(number);
    if number.is_empty() {
        return Some(NumberWarning::Empty);
    }
    let shapes = usual_shapes(kind);
    let usual = shapes.is_empty() || shapes.iter().any(|shape| has_shape(&number, shape));
    (!usual).then_some(NumberWarning::UnusualShape)
}

/// The shapes printed on Italian documents: `A` stands for a letter, `9` for a digit, `*` for
/// either, and a small letter for itself in capitals.
fn usual_shapes(kind: &str) -> &'static [&'static str] {
    match kind {
        // The electronic card (CIE 3.0): CA00000AA, with the second letter counting up.
        "identity_card" => &["cA99999AA"],
        // Two letters of the province (or U1 and what follows since 2013), and a check letter at the end.
        "driving_licence" => &["AA9999999A", "u1*******A"],
        "passport" => &["AA9999999"],
        "paper_identity_card" => &["AA9999999"],
        _ => &[],
    }
}

fn has_shape(number: &str, shape: &str) -> bool {
    number.len() == shape.len()
        && number.bytes().zip(shape.bytes()).all(|(letter, expected)| match expected {
            b'A' => letter.is_ascii_uppercase(),
            b'9' => letter.is_ascii_digit(),
            b'*' => letter.is_ascii_uppercase() || letter.is_ascii_digit(),
            fixed => letter == fixed.to_ascii_uppercase(),
        })
}

/// Checks the dates of a document on the day of its upload (`today`, in Italy). The day of expiry is
/// the last day on which it is valid.
///
/// # Errors
/// The first [`ValidityRefusal`] that applies, in the order in which that type lists them.
pub fn validity(
    kind: &str,
    issued_on: NaiveDate,
    expires_on: NaiveDate,
    today: NaiveDate,
) -> Result<(), ValidityRefusal> {
    if kind == "paper_identity_card" && today >= PAPER_IDENTITY_CARD_VOID_SINCE {
        return Err(ValidityRefusal::PaperCardVoid);
    }
    if issued_on > today {
        return Err(ValidityRefusal::IssuedInFuture);
    }
    if expires_on < issued_on {
        return Err(ValidityRefusal::ExpiresBeforeIssued);
    }
    if expires_on < today {
        return Err(ValidityRefusal::Expired);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("a date")
    }

    fn dates() -> impl Strategy<Value = NaiveDate> {
        (700_000..760_000)
            .prop_map(|days| NaiveDate::from_num_days_from_ce_opt(days).expect("a day between 1917 and 2081"))
    }

    #[test]
    fn usual_numbers_do_not_warn() {
        for (kind, number) in [
            ("identity_card", "CA12345AB"),
            ("identity_card", "ca 12345 ab"),
            ("driving_licence", "MI1234567X"),
            ("driving_licence", "U1A23B45CD"),
            ("passport", "YA1234567"),
            ("residence_permit", "anything 1"),
        ] {
            assert_eq!(number_warning(kind, number), None, "{kind} {number}");
        }
    }

    #[test]
    fn unusual_numbers_warn() {
        for (kind, number) in [
            ("identity_card", "AA12345AB"),
            ("identity_card", "CA1234AB"),
            ("identity_card", "CA123456AB"),
            ("driving_licence", "U1A23B45C"),
            ("driving_licence", "1234567890"),
            ("passport", "Y1234567"),
        ] {
            let warning = number_warning(kind, number);
            assert_eq!(warning, Some(NumberWarning::UnusualShape), "{kind} {number}");
        }
        assert_eq!(number_warning("passport", " - "), Some(NumberWarning::Empty));
        assert_eq!(number_warning("other", ""), Some(NumberWarning::Empty));
    }

    #[test]
    fn the_day_of_expiry_is_the_last_valid_day() {
        let issued = day("2016-09-01");
        let expires = day("2026-09-01");
        assert_eq!(validity("identity_card", issued, expires, expires), Ok(()));
        let next = validity("identity_card", issued, expires, day("2026-09-02"));
        assert_eq!(next, Err(ValidityRefusal::Expired));
    }

    #[test]
    fn a_document_may_be_issued_today_and_not_tomorrow() {
        let today = day("2026-09-01");
        let expires = day("2036-09-01");
        assert_eq!(validity("passport", today, expires, today), Ok(()));
        let tomorrow = validity("passport", day("2026-09-02"), expires, today);
        assert_eq!(tomorrow, Err(ValidityRefusal::IssuedInFuture));
    }

    #[test]
    fn the_paper_card_is_refused_though_its_dates_hold() {
        let paper = |today| validity("paper_identity_card", day("2020-01-01"), day("2030-01-01"), today);
        assert_eq!(paper(day("2026-08-02")), Ok(()));
        assert_eq!(paper(day("2026-08-03")), Err(ValidityRefusal::PaperCardVoid));
        let message = ValidityRefusal::PaperCardVoid.to_string();
        assert!(message.contains("2026-08-03"), "{message}");
    }

    proptest! {
        #[test]
        fn any_number_is_answered(kind in "[a-z_]{0,20}", number in "\\PC{0,60}") {
            let _ = number_warning(&kind, &number);
            prop_assert!(normalised(&number).bytes().all(|letter| letter.is_ascii_alphanumeric()));
        }

        #[test]
        fn accepted_dates_enclose_today(issued in dates(), expires in dates(), today in dates()) {
            let accepted = validity("passport", issued, expires, today).is_ok();
            prop_assert_eq!(accepted, issued <= today && today <= expires);
        }
    }
}
