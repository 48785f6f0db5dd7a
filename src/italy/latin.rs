//! Text in the letters that the FatturaPA takes: Basic Latin and the Latin-1 Supplement (the `…LatinType`s of its schema).

use unicode_normalization::UnicodeNormalization as _;

/// Stands for a character of which nobody knows how to write it in Latin letters, and for a text that is nothing else.
const UNKNOWN: &str = "?";

/// A text in at most `longest` characters of Latin-1, on one line and never empty.
///
/// Letters that Latin-1 has stay as they are, accents included. Others are written in those it has, after their sound
/// where the script is another (`Ł` as L, `–` as -, `’` as ', `€` as EUR, `中` as Zhong); a character that has no such
/// form becomes `?`. Runs of blanks and controls become one space.
pub fn latin(text: &str, longest: usize) -> String {
    let written: String =
        text.nfc().map(|character| written(character).unwrap_or_else(|| character.to_string())).collect();
    let one_line = written.split_whitespace().collect::<Vec<_>>().join(" ");
    let cut: String = one_line.chars().take(longest).collect();
    let cut = cut.trim_end();
    if cut.is_empty() { UNKNOWN.to_owned() } else { cut.to_owned() }
}

/// Whether a text needs no [`latin`] any more.
pub fn is_latin(text: &str, longest: usize) -> bool {
    !text.is_empty() && text.chars().count() <= longest && text.chars().all(is_kept)
}

/// What stands for a character; none for one that stays.
fn written(character: char) -> Option<String> {
    match character {
        _ if is_kept(character) => None,
        // Soft hyphen, zero-width spaces and joiners, word joiner, byte order mark: nobody sees them.
        '\u{AD}' | '\u{200B}'..='\u{200D}' | '\u{2060}' | '\u{FEFF}' => Some(String::new()),
        _ if character.is_control() || character.is_whitespace() => Some(" ".to_owned()),
        _ => {
            let spelled = deunicode::deunicode_char(character).unwrap_or(UNKNOWN);
            // The table is in ASCII; whatever else it might hold one day must not get through.
            Some(spelled.chars().map(|letter| if is_kept(letter) { letter } else { ' ' }).collect())
        }
    }
}

/// Printable characters of Latin-1, but for the soft hyphen, which is invisible, and the no-break space.
fn is_kept(character: char) -> bool {
    matches!(character, ' '..='~' | '\u{A1}'..='\u{AC}' | '\u{AE}'..='\u{FF}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn letters_of_latin_1_stay_and_others_are_written_in_them() {
        for (text, expected) in [
            ("Città dell’Aria – «più» & Söhne", "Città dell'Aria - «più» & Söhne"),
            ("Łódź", "Lódz"),
            ("Peru\u{300}", "Perù"),
            ("Œuvre", "OEuvre"),
            ("a\u{AD}b\u{200B}c", "abc"),
            ("uno\n due\u{A0}tre\0", "uno due tre"),
            ("Ελλάδα", "Ellada"),
        ] {
            assert_eq!(latin(text, 100), expected, "{text}");
        }
        assert!(latin("€ 5", 10).contains("EUR"));
        assert!(latin("北京", 20).starts_with("Bei Jing"));
    }

    #[test]
    fn a_text_is_cut_between_characters_and_is_never_empty() {
        assert_eq!(latin("èèèè", 3), "èèè");
        assert_eq!(latin("ab cd", 3), "ab");
        assert_eq!(latin("", 3), "?");
        assert_eq!(latin("\u{F8FF}", 3), "?");
    }

    proptest! {
        #[test]
        fn whatever_comes_the_schema_takes_what_goes(text in ".{0,90}|\\PC{0,90}", longest in 1_usize..80) {
            let written = latin(&text, longest);
            prop_assert!(is_latin(&written, longest));
            prop_assert_eq!(latin(&written, longest), written);
        }
    }
}
