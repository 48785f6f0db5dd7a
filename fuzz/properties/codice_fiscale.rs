//! A codice fiscale as somebody typed it, and the person that it is held against (invariant 24).

use chrono::{Days, NaiveDate};
use negozio::italy::codice_fiscale::{CodiceFiscale, Sex, check_letter};

use super::{Reader, SMALL};

/// This reader, under the name of its fuzz target.
pub const READER: Reader = Reader { name: "codice_fiscale", check, seeds, memory_limit };

/// The first line is the code; the second a last name, the third a first name.
pub fn check(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let mut lines = text.splitn(3, '\n');
    let code = lines.next().unwrap_or_default();
    let (last_name, first_name) = (lines.next().unwrap_or_default(), lines.next().unwrap_or_default());
    if let Ok(read) = CodiceFiscale::parse(code) {
        check_read(&read, first_name, last_name);
    }
    check_made(first_name, last_name, bytes.len() as u64);
}

fn check_read(read: &CodiceFiscale, first_name: &str, last_name: &str) {
    let written = read.as_str();
    assert_eq!(CodiceFiscale::parse(written).as_ref(), Ok(read));
    assert_eq!(check_letter(&written.as_bytes()[..15]), Some(written.as_bytes()[15]));
    let canonical = read.canonical();
    assert!(!canonical.is_omocode());
    assert_eq!((canonical.birth(), canonical.sex()), (read.birth(), read.sex()));
    assert_eq!(canonical.canonical(), canonical);
    let birth_date = NaiveDate::from_ymd_opt(1900 + i32::from(read.birth().year), u32::from(read.birth().month), 1);
    read.cross_check(first_name, last_name, birth_date.unwrap_or_default(), read.sex());
}

/// Whatever the names are: a code that is made can be read, and belongs to whom it was made for.
fn check_made(first_name: &str, last_name: &str, day: u64) {
    let birth_date = NaiveDate::default().checked_add_days(Days::new(day % 40_000)).unwrap_or_default();
    let sex = if day.is_multiple_of(2) { Sex::Female } else { Sex::Male };
    if let Ok(made) = CodiceFiscale::encode(last_name, first_name, birth_date, sex, "H501") {
        assert_eq!(CodiceFiscale::parse(made.as_str()).as_ref(), Ok(&made));
        assert_eq!(made.cross_check(first_name, last_name, birth_date, sex), []);
    }
}

/// Codes that are right, one of them an omocode.
pub fn seeds() -> Vec<Vec<u8>> {
    let seeds =
        ["RSSMRA85T10A562S\nRossi\nMario", "RSSMRA85T10A56NH\nRossi\nMario", "rcc mnl 83s18 d969h\nD'Àddà\nZoë"];
    seeds.map(|seed| seed.as_bytes().to_vec()).to_vec()
}

/// The texts and what they are spelled as.
pub fn memory_limit(input: usize) -> usize {
    input * 16 + SMALL
}
