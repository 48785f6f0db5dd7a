//! The machine-readable zone of a document as somebody typed it (ICAO Doc 9303).

use chrono::NaiveDate;
use negozio::activation::identity_documents::machine_zone::MachineZone;
use negozio::activation::identity_documents::rules::DocumentKind;

use super::{Reader, SMALL};

/// This reader, under the name of its fuzz target.
pub const READER: Reader = Reader { name: "machine_zone", check, seeds, memory_limit };

/// The zone is held against every kind of document.
pub fn check(bytes: &[u8]) {
    let typed = String::from_utf8_lossy(bytes);
    let today = NaiveDate::from_ymd_opt(2026, 11, 24).unwrap_or_default();
    for kind in [
        DocumentKind::IdentityCard,
        DocumentKind::Passport,
        DocumentKind::DrivingLicence,
        DocumentKind::PaperIdentityCard,
    ] {
        let Ok(zone) = MachineZone::read(kind, &typed, today) else { continue };
        let text = zone.text();
        assert!(text.bytes().all(|letter| letter.is_ascii_graphic() && !letter.is_ascii_lowercase()), "{text}");
        assert!(MachineZone::read(kind, text, today).is_ok(), "what was read can be read again");
        zone.disagreements(&typed, today);
        let broken = one_digit_changed(text);
        assert!(broken.is_none_or(|broken| MachineZone::read(kind, &broken, today).is_err()), "{text}");
    }
}

/// The zone with the last digit of the number's field another one: the check digits tell.
fn one_digit_changed(text: &str) -> Option<String> {
    let number = if text.len() == 90 { 5..14 } else { 44..53 };
    let place = number.rev().find(|place| text.as_bytes()[*place].is_ascii_digit())?;
    let digit = text.as_bytes()[place];
    let other = char::from(if digit == b'9' { b'0' } else { digit + 1 });
    Some(format!("{}{other}{}", &text[..place], &text[place + 1..]))
}

/// The zones of the specimens of ICAO Doc 9303, parts 4 and 5.
pub fn seeds() -> Vec<Vec<u8>> {
    let card = "I<UTOD231458907<<<<<<<<<<<<<<<\n7408122F1204159UTO<<<<<<<<<<<6\nERIKSSON<<ANNA<MARIA<<<<<<<<<<";
    let passport = "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C36UTO7408122F1204159ZE184226B<<<<<10";
    vec![card.as_bytes().to_vec(), passport.as_bytes().to_vec()]
}

/// The text and the fields that are cut from it.
pub fn memory_limit(input: usize) -> usize {
    input * 32 + SMALL
}
