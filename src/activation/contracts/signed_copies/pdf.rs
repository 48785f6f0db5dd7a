//! Where the signature of a signed PDF is (ISO 32000-2, 12.8.1): read from the bytes that were added, without a reader of
//! the whole format, since a signature dictionary is written plainly, for its signer must know its place.

use super::{SignatureFormat, SignedCopyRefusal};

/// A signature and what it covers.
pub(super) struct PdfSignature<'a> {
    /// How it is signed.
    pub(super) format: SignatureFormat,
    /// The signature itself (RFC 5652), with the padding behind it.
    pub(super) cms: Vec<u8>,
    /// All of the file but the signature's own place.
    pub(super) covered: [&'a [u8]; 2],
}

/// The signature in what follows the first bytes of a file, which must cover all of it.
pub(super) fn signature_after(upload: &[u8], length: usize) -> Result<PdfSignature<'_>, SignedCopyRefusal> {
    let ranges: Vec<usize> = places(upload, length, b"/ByteRange").collect();
    if ranges.is_empty() {
        return Err(SignedCopyRefusal::NotSigned);
    }
    let mut whole = ranges.into_iter().filter_map(|at| Some((at, gap(upload, length, at)?)));
    // Two that each leave out only themselves cannot be: the later one covers the earlier one's place.
    let (at, (start, end)) = whole.next().ok_or(SignedCopyRefusal::NotCovered)?;
    let dictionary = dictionary_around(upload, at, start, end).ok_or(SignedCopyRefusal::NotCovered)?;
    let format = dictionary.iter().find_map(|part| format_in(part)).ok_or(SignedCopyRefusal::NotSigned)?;
    let cms = hex::decode(&upload[start + 1..end - 1]).map_err(|_| SignedCopyRefusal::Unreadable)?;
    Ok(PdfSignature { format, cms, covered: [&upload[..start], &upload[end..]] })
}

/// Where a word stands at or after a place.
fn places<'a>(bytes: &'a [u8], from: usize, word: &'a [u8]) -> impl Iterator<Item = usize> + 'a {
    let rest = bytes.get(from..).unwrap_or_default();
    rest.windows(word.len()).enumerate().filter(move |(_, window)| *window == word).map(move |(at, _)| from + at)
}

/// The only part that a byte range leaves out; none unless it is `<…>` behind `/Contents` in what was added.
fn gap(upload: &[u8], length: usize, range: usize) -> Option<(usize, usize)> {
    let [first, before, after, rest] = four_numbers(upload.get(range + b"/ByteRange".len()..)?)?;
    let is_whole = first == 0 && after.checked_add(rest)? == upload.len() && before >= length && before + 2 <= after;
    let place = upload.get(before..after).filter(|_| is_whole)?;
    let is_contents = upload[..before].trim_ascii_end().ends_with(b"/Contents");
    (is_contents && place.starts_with(b"<") && place.ends_with(b">")).then_some((before, after))
}

/// `[a b c d]`.
fn four_numbers(text: &[u8]) -> Option<[usize; 4]> {
    let inside = text.trim_ascii_start().strip_prefix(b"[")?;
    let end = inside.iter().take(100).position(|byte| *byte == b']')?;
    let numbers = std::str::from_utf8(&inside[..end]).ok()?.split_ascii_whitespace();
    let numbers: Vec<usize> = numbers.map(|number| number.parse().ok()).collect::<Option<_>>()?;
    numbers.try_into().ok()
}

/// The object that holds both the byte range and the gap, without the gap.
fn dictionary_around(upload: &[u8], range: usize, start: usize, end: usize) -> Option<[&[u8]; 2]> {
    let opening = b" obj";
    let begins = upload.get(..start.min(range))?.windows(opening.len()).rposition(|window| window == opening)?;
    let ends = places(upload, end.max(range), b"endobj").next()?;
    let is_inside = |bytes: &[u8]| !bytes.windows(6).any(|window| window == b"endobj");
    let parts = [upload.get(begins..start)?, upload.get(end..ends)?];
    is_inside(parts[0]).then_some(parts)
}

/// The `/SubFilter` of a dictionary.
fn format_in(dictionary: &[u8]) -> Option<SignatureFormat> {
    let key = b"/SubFilter";
    let at = places(dictionary, 0, key).next()?;
    let name = dictionary[at + key.len()..].trim_ascii_start().strip_prefix(b"/")?;
    let is_end = |byte: &u8| byte.is_ascii_whitespace() || b"/<>[]()".contains(byte);
    let end = name.iter().position(is_end).unwrap_or(name.len());
    std::str::from_utf8(&name[..end]).ok()?.parse().ok()
}
