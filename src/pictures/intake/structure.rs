//! Whether a file reaches its own end, and how much work it asks for, told without decoding it.

use super::{IntakeRefusal, PictureFormat};

/// A progressive JPEG is walked over as a whole once per scan, and a scan can cost a handful of bytes, so their number
/// bounds the time of decoding. Cameras write one scan, common encoders about ten.
const MAX_SCANS: usize = 64;

/// Finds what the decoders forgive: they paint the missing part of a truncated file grey.
/// Bytes after the picture's end are let be, since phones append data there; they are not kept.
pub(super) fn check_structure(bytes: &[u8], format: PictureFormat) -> Result<(), IntakeRefusal> {
    match format {
        PictureFormat::Jpeg => check_jpeg_structure(bytes),
        PictureFormat::WebP => check_webp_length(bytes),
        PictureFormat::Png | PictureFormat::Heic => Ok(()),
    }
}

/// The RIFF header states how many bytes follow its first eight (RFC 9649 section 2.4).
fn check_webp_length(bytes: &[u8]) -> Result<(), IntakeRefusal> {
    match bytes {
        [_, _, _, _, a, b, c, d, rest @ ..] => {
            let stated = u64::from(u32::from_le_bytes([*a, *b, *c, *d]));
            if stated > rest.len() as u64 {
                return Err(IntakeRefusal::Truncated);
            }
            Ok(())
        }
        _ => Err(IntakeRefusal::Truncated),
    }
}

/// Walks the markers of a JPEG (ITU-T T.81 annex B) up to the end of the image.
fn check_jpeg_structure(bytes: &[u8]) -> Result<(), IntakeRefusal> {
    const START_OF_SCAN: u8 = 0xDA;
    const END_OF_IMAGE: u8 = 0xD9;
    let mut position = 2;
    let mut scans = 0;
    loop {
        let (marker, after) = next_marker(bytes, position).ok_or(IntakeRefusal::Truncated)?;
        match marker {
            END_OF_IMAGE if scans > 0 => return Ok(()),
            END_OF_IMAGE => return Err(IntakeRefusal::Undecodable),
            // Temporary, restart and start-of-image markers stand alone.
            0x01 | 0xD0..=0xD8 => position = after,
            _ => {
                let length = bytes.get(after..after + 2).ok_or(IntakeRefusal::Truncated)?;
                position = after + usize::from(u16::from_be_bytes([length[0], length[1]])).max(2);
            }
        }
        if marker == START_OF_SCAN {
            scans += 1;
            if scans > MAX_SCANS {
                return Err(IntakeRefusal::TooComplex);
            }
        }
    }
}

/// The next marker at or after `position`, and where what belongs to it begins. Scan data are passed
/// over: in them 0xFF is followed by zero (a stuffed byte).
fn next_marker(bytes: &[u8], position: usize) -> Option<(u8, usize)> {
    let rest = bytes.get(position..)?;
    let found = rest.windows(2).position(|pair| pair[0] == 0xFF && pair[1] != 0x00 && pair[1] != 0xFF)?;
    Some((rest[found + 1], position + found + 2))
}
