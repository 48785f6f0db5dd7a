//! The letters that a surname and a name leave in the code.

/// The capital letters, to borrow single ones from.
const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

/// What fills a group when the name has too few letters.
const FILLER: u8 = b'X';

/// How a letter that Italian lacks is written with those it has. The registry offices have not
/// all done alike, so whoever compares accepts both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Spelling {
    /// The bare letter: `ü` as U, `ø` as O.
    Plain,
    /// As passports do (ICAO Doc 9303 part 3, section 6): `ü` as UE, `ø` as OE, `å` as AA.
    Expanded,
}

/// The three letters of a surname: its consonants, then its vowels, then X.
pub(super) fn of_surname(surname: &str, spelling: Spelling) -> [u8; 3] {
    let mut group = [FILLER; 3];
    let available = consonants(surname, spelling).chain(vowels(surname, spelling));
    for (place, letter) in group.iter_mut().zip(available) {
        *place = letter;
    }
    group
}

/// The three letters of a name: like a surname's, except that of four or more consonants the
/// second is passed over.
pub(super) fn of_name(name: &str, spelling: Spelling) -> [u8; 3] {
    let first_four: Vec<u8> = consonants(name, spelling).take(4).collect();
    match first_four.as_slice() {
        &[first, _, third, fourth] => [first, third, fourth],
        _ => of_surname(name, spelling),
    }
}

/// Whether three letters can be what [`of_surname`] or [`of_name`] makes: once the vowels have
/// begun, only vowels and then fillers follow.
pub(super) fn could_come_from_a_name(group: &[u8]) -> bool {
    let mut after_the_consonants =
        group.iter().skip_while(|letter| !is_vowel(**letter)).skip_while(|letter| is_vowel(**letter));
    after_the_consonants.all(|letter| *letter == FILLER)
}

fn consonants(text: &str, spelling: Spelling) -> impl Iterator<Item = u8> {
    letters(text, spelling).filter(|letter| !is_vowel(*letter))
}

fn vowels(text: &str, spelling: Spelling) -> impl Iterator<Item = u8> {
    letters(text, spelling).filter(|letter| is_vowel(*letter))
}

/// Y, J, K, W and X count as consonants.
fn is_vowel(letter: u8) -> bool {
    matches!(letter, b'A' | b'E' | b'I' | b'O' | b'U')
}

/// The letters of a text in capitals; spaces, apostrophes, hyphens and everything that is not a
/// Latin letter vanish, also the combining accents of a decomposed text.
fn letters(text: &str, spelling: Spelling) -> impl Iterator<Item = u8> {
    text.chars().flat_map(move |character| {
        let expanded = match spelling {
            Spelling::Plain => None,
            Spelling::Expanded => expanded(character),
        };
        expanded.unwrap_or_else(|| plain(character)).bytes()
    })
}

fn expanded(character: char) -> Option<&'static str> {
    match character {
        'Ä' | 'ä' => Some("AE"),
        'Ö' | 'ö' | 'Ø' | 'ø' => Some("OE"),
        'Ü' | 'ü' => Some("UE"),
        'Å' | 'å' => Some("AA"),
        _ => None,
    }
}

/// The bare letters of a Latin character; the ranges are blocks of Unicode: Latin-1 Supplement,
/// Latin Extended-A, the Romanian, Azerbaijani and pinyin letters of Extended-B, and Vietnamese.
fn plain(character: char) -> &'static str {
    match character {
        'A'..='Z' | 'a'..='z' => ascii_capital(character),
        'À'..='Å' | 'à'..='å' | 'Ā'..='ą' | 'Ǎ' | 'ǎ' | 'Ạ'..='ặ' => "A",
        'Æ' | 'æ' => "AE",
        'Ç' | 'ç' | 'Ć'..='č' => "C",
        'Ð' | 'ð' | 'Ď'..='đ' => "D",
        'È'..='Ë' | 'è'..='ë' | 'Ē'..='ě' | 'Ə' | 'ə' | 'Ẹ'..='ệ' => "E",
        'Ĝ'..='ģ' | 'Ǧ' | 'ǧ' => "G",
        'Ĥ'..='ħ' => "H",
        'Ì'..='Ï' | 'ì'..='ï' | 'Ĩ'..='ı' | 'Ǐ' | 'ǐ' | 'Ỉ'..='ị' => "I",
        'Ĳ' | 'ĳ' => "IJ",
        'Ĵ' | 'ĵ' => "J",
        'Ķ'..='ĸ' => "K",
        'Ĺ'..='ł' => "L",
        'Ñ' | 'ñ' | 'Ń'..='ŋ' => "N",
        'Ò'..='Ö' | 'Ø' | 'ò'..='ö' | 'ø' | 'Ō'..='ő' | 'Ơ' | 'ơ' | 'Ǒ' | 'ǒ' | 'Ọ'..='ợ' => "O",
        'Œ' | 'œ' => "OE",
        'Ŕ'..='ř' => "R",
        'Ś'..='š' | 'ſ' | 'Ș' | 'ș' => "S",
        'ß' | 'ẞ' => "SS",
        'Ţ'..='ŧ' | 'Ț' | 'ț' => "T",
        'Þ' | 'þ' => "TH",
        'Ù'..='Ü' | 'ù'..='ü' | 'Ũ'..='ų' | 'Ư' | 'ư' | 'Ǔ'..='ǜ' | 'Ụ'..='ự' => "U",
        'Ŵ' | 'ŵ' => "W",
        'Ý' | 'ý' | 'ÿ' | 'Ŷ'..='Ÿ' | 'Ỳ'..='ỹ' => "Y",
        'Ź'..='ž' => "Z",
        _ => "",
    }
}

fn ascii_capital(letter: char) -> &'static str {
    let position = u32::from(letter.to_ascii_uppercase()).wrapping_sub(u32::from('A'));
    usize::try_from(position).ok().and_then(|index| ALPHABET.get(index..=index)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn surname(text: &str) -> String {
        String::from_utf8(of_surname(text, Spelling::Plain).to_vec()).unwrap()
    }

    fn name(text: &str) -> String {
        String::from_utf8(of_name(text, Spelling::Plain).to_vec()).unwrap()
    }

    #[test]
    fn consonants_then_vowels_then_fillers() {
        assert_eq!(surname("Rossi"), "RSS");
        assert_eq!(surname("Riva"), "RVI");
        assert_eq!(surname("Fo"), "FOX");
        assert_eq!(surname("Aiello"), "LLA");
        assert_eq!(surname("Ai"), "AIX");
        assert_eq!(surname(""), "XXX");
    }

    #[test]
    fn of_four_consonants_a_name_drops_the_second() {
        assert_eq!(name("Mario"), "MRA");
        assert_eq!(name("Gianfranco"), "GFR");
        assert_eq!(name("Roberto"), "RRT");
        assert_eq!(name("Maria Grazia"), "MGR");
        assert_eq!(name("Luca"), "LCU");
    }

    #[test]
    fn spaces_apostrophes_and_accents_do_not_count() {
        assert_eq!(surname("D'Angelo"), surname("dangelo"));
        assert_eq!(surname("De  Rossi"), "DRS");
        assert_eq!(surname("Nicolò"), surname("NICOLO"));
        assert_eq!(surname("Nicolo\u{300}"), surname("NICOLO"));
        assert_eq!(name("Àèìòù"), "AEI");
        assert_eq!(surname("Weiß"), "WSS");
        assert_eq!(surname("Øe"), "OEX");
        assert_eq!(surname("Nguyễn"), "NGY");
        assert_eq!(surname("Łoś"), "LSO");
        assert_eq!(surname("Țîru"), "TRI");
        assert_eq!(surname("李"), "XXX");
    }

    #[test]
    fn the_expanded_spelling_differs_where_letters_are_few() {
        assert_eq!(of_surname("Öz", Spelling::Plain), *b"ZOX");
        assert_eq!(of_surname("Öz", Spelling::Expanded), *b"ZOE");
    }

    #[test]
    fn a_consonant_after_a_vowel_comes_from_no_name() {
        for possible in [b"RSS", b"RVI", b"FOX", b"AIX", b"XXX", b"AXX", b"BCA", b"FXA"] {
            assert!(could_come_from_a_name(possible), "{possible:?}");
        }
        for impossible in [b"ABC", b"RAS", b"AXE"] {
            assert!(!could_come_from_a_name(impossible), "{impossible:?}");
        }
    }
}
