//! Takes an uploaded picture in: from hostile bytes to plain pixels and a file fit to be kept.
//!
//! What is kept is never the upload but a JPEG written anew from its pixels, upright, without any
//! metadata and of at most [`IntakeLimits::stored_long_side`] pixels (invariant 20). Of the
//! upload itself only the SHA-256 remains.

mod heic;
mod shrink;
mod structure;

use std::fmt;
use std::io::{Cursor, ErrorKind};
use std::panic::{AssertUnwindSafe, catch_unwind};

use image::codecs::jpeg::JpegDecoder;
use image::codecs::png::PngDecoder;
use image::codecs::webp::WebPDecoder;
use image::{DynamicImage, ImageDecoder, ImageError, Limits, RgbImage};
use jpeg_encoder::{ColorType, Encoder, SamplingFactor};
use sha2::{Digest, Sha256};
use thiserror::Error;

pub(crate) use shrink::shrunk;
use structure::check_structure;

/// JPEG quality of the stored file: fine print stays legible at about a tenth of the raw size.
const STORED_QUALITY: u8 = 90;

/// What an upload may ask of the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IntakeLimits {
    /// Bytes of the upload.
    pub max_bytes: usize,
    /// Width times height, as the file's header states it.
    pub max_pixels: u64,
    /// Pixels of width, and of height.
    pub max_side: u32,
    /// Bytes that the decoded pixels, and a decoder that keeps account, may take.
    pub max_allocation: u64,
    /// Pixels of the stored picture's long side; larger pictures are shrunk to it.
    pub stored_long_side: u32,
}

impl Default for IntakeLimits {
    /// The largest photo of a common phone (50 megapixels), and a stored picture on which a card
    /// that fills half of the width still has more than 300 dots per inch.
    fn default() -> Self {
        Self {
            max_bytes: 15 * 1024 * 1024,
            max_pixels: 51_000_000,
            max_side: 12_000,
            max_allocation: 256 * 1024 * 1024,
            stored_long_side: 2500,
        }
    }
}

/// The formats that are taken in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PictureFormat {
    /// JPEG, baseline or progressive.
    Jpeg,
    /// PNG.
    Png,
    /// WebP, lossy or lossless, of a single frame.
    WebP,
    /// HEIC, as iPhones and many other phones take photos.
    Heic,
}

impl PictureFormat {
    /// Short name, as in the media type.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Jpeg => "jpeg",
            Self::Png => "png",
            Self::WebP => "webp",
            Self::Heic => "heic",
        }
    }

    /// The media type (RFC 2046; RFC 9649 for WebP, ISO/IEC 23008-12 annex C for HEIC).
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::WebP => "image/webp",
            Self::Heic => "image/heic",
        }
    }
}

/// A picture that was taken in.
#[derive(Clone)]
pub struct Picture {
    /// The upright pixels, no larger than the stored picture.
    pub pixels: RgbImage,
    /// The file to keep: a JPEG of `pixels` without metadata.
    pub stored: Vec<u8>,
    /// Pixels of the stored picture's width.
    pub width: u32,
    /// Pixels of the stored picture's height.
    pub height: u32,
    /// What the upload was.
    pub original_format: PictureFormat,
    /// SHA-256 of the upload, byte for byte as it came.
    pub original_sha256: [u8; 32],
}

/// Tells the measures only: the pixels are personal data.
impl fmt::Debug for Picture {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Picture")
            .field("width", &self.width)
            .field("height", &self.height)
            .field("original_format", &self.original_format)
            .field("stored_bytes", &self.stored.len())
            .finish_non_exhaustive()
    }
}

/// Why an upload is not taken in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum IntakeRefusal {
    /// No bytes at all.
    #[error("the file is empty")]
    Empty,
    /// More bytes than allowed.
    #[error("the file is larger than {limit} bytes")]
    TooManyBytes {
        /// Bytes allowed.
        limit: usize,
    },
    /// A PDF: scans are not rasterised.
    #[error("PDF files are not accepted: send a photo as JPEG, PNG, WebP or HEIC")]
    Pdf,
    /// AVIF.
    #[error("AVIF pictures are not accepted: send the photo as JPEG, PNG, WebP or HEIC")]
    Avif,
    /// GIF.
    #[error("GIF pictures are not accepted: send the photo as JPEG, PNG, WebP or HEIC")]
    Gif,
    /// SVG, or any other XML.
    #[error("SVG drawings are not accepted: send a photo as JPEG, PNG, WebP or HEIC")]
    Svg,
    /// TIFF and the raw formats built on it.
    #[error("TIFF pictures are not accepted: send the photo as JPEG, PNG, WebP or HEIC")]
    Tiff,
    /// Anything else.
    #[error("the file is not a picture of a known format: send a photo as JPEG, PNG, WebP or HEIC")]
    UnknownFormat,
    /// The header states more pixels, or a longer side, than allowed.
    #[error("the picture of {width} × {height} pixels is too large")]
    TooManyPixels {
        /// Pixels of width, as stated.
        width: u32,
        /// Pixels of height, as stated.
        height: u32,
    },
    /// Decoding would take more memory or time than allowed.
    #[error("the picture takes too much memory or time to decode")]
    TooComplex,
    /// Several frames.
    #[error("animated pictures are not accepted: send a single photo")]
    Animated,
    /// The file ends before the picture does.
    #[error("the file is truncated: the picture is incomplete")]
    Truncated,
    /// The file does not hold what its first bytes promise.
    #[error("the picture cannot be decoded")]
    Undecodable,
}

impl IntakeRefusal {
    /// What is said in English by `Display`, in Italian.
    pub fn in_italian(self) -> String {
        const FORMATS: &str = "JPEG, PNG, WebP o HEIC";
        match self {
            Self::Empty => "il file è vuoto".to_owned(),
            Self::TooManyBytes { limit } => format!("il file supera i {limit} byte"),
            Self::Pdf => format!("i file PDF non sono accettati: invia una foto in {FORMATS}"),
            Self::Avif => format!("le immagini AVIF non sono accettate: invia la foto in {FORMATS}"),
            Self::Gif => format!("le immagini GIF non sono accettate: invia la foto in {FORMATS}"),
            Self::Svg => format!("i disegni SVG non sono accettati: invia una foto in {FORMATS}"),
            Self::Tiff => format!("le immagini TIFF non sono accettate: invia la foto in {FORMATS}"),
            Self::UnknownFormat => {
                format!("il file non è un'immagine di un formato conosciuto: invia una foto in {FORMATS}")
            }
            Self::TooManyPixels { width, height } => {
                format!("l'immagine di {width} × {height} pixel è troppo grande")
            }
            Self::TooComplex => "decodificare l'immagine richiede troppa memoria o troppo tempo".to_owned(),
            Self::Animated => "le immagini animate non sono accettate: invia una singola foto".to_owned(),
            Self::Truncated => "il file è troncato: l'immagine è incompleta".to_owned(),
            Self::Undecodable => "l'immagine non può essere decodificata".to_owned(),
        }
    }

    /// Stable name, for problems.
    pub fn code(self) -> &'static str {
        match self {
            Self::Empty => "picture_empty",
            Self::TooManyBytes { .. } => "picture_too_many_bytes",
            Self::Pdf => "picture_is_pdf",
            Self::Avif => "picture_is_avif",
            Self::Gif => "picture_is_gif",
            Self::Svg => "picture_is_svg",
            Self::Tiff => "picture_is_tiff",
            Self::UnknownFormat => "picture_format_unknown",
            Self::TooManyPixels { .. } => "picture_too_many_pixels",
            Self::TooComplex => "picture_too_complex",
            Self::Animated => "picture_animated",
            Self::Truncated => "picture_truncated",
            Self::Undecodable => "picture_undecodable",
        }
    }
}

/// Takes an upload in: recognised by its first bytes, measured by its header, decoded as a whole,
/// shrunk, turned upright and written anew.
///
/// Works on the calling thread for some hundred milliseconds and, beside the upload, holds up to
/// about twice [`IntakeLimits::max_allocation`]: callers bound how many run at once.
///
/// # Errors
/// The [`IntakeRefusal`] that names what is wrong with the upload.
pub fn take_in(bytes: &[u8], limits: &IntakeLimits) -> Result<Picture, IntakeRefusal> {
    if bytes.is_empty() {
        return Err(IntakeRefusal::Empty);
    }
    if bytes.len() > limits.max_bytes {
        let limit = limits.max_bytes;
        return Err(IntakeRefusal::TooManyBytes { limit });
    }
    let original_format = recognise(bytes)?;
    check_structure(bytes, original_format)?;
    let pixels = decode_guarded(bytes, original_format, limits)?;
    let stored = write_anew(&pixels)?;
    Ok(Picture {
        width: pixels.width(),
        height: pixels.height(),
        pixels,
        stored,
        original_format,
        original_sha256: Sha256::digest(bytes).into(),
    })
}

/// What files of one photo begin with (ISO/IEC 23008-12 annex B).
const PHOTO_BRANDS: [&[u8]; 4] = [b"heic", b"heix", b"mif1", b"mif2"];
/// And what files of several do; those of several layers (`heim`, `heis`) are of no known format.
const SEQUENCE_BRANDS: [&[u8]; 3] = [b"hevc", b"hevx", b"msf1"];

/// Tells the format from the first bytes; what the client calls the file does not count.
fn recognise(bytes: &[u8]) -> Result<PictureFormat, IntakeRefusal> {
    let brand = bytes.get(4..12).and_then(|file_type| file_type.strip_prefix(b"ftyp"));
    match bytes {
        [0xFF, 0xD8, 0xFF, ..] => Ok(PictureFormat::Jpeg),
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1A, b'\n', ..] => Ok(PictureFormat::Png),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Ok(PictureFormat::WebP),
        [b'%', b'P', b'D', b'F', ..] => Err(IntakeRefusal::Pdf),
        [b'G', b'I', b'F', b'8', ..] => Err(IntakeRefusal::Gif),
        [b'I', b'I', 0x2A, 0x00, ..] | [b'M', b'M', 0x00, 0x2A, ..] => Err(IntakeRefusal::Tiff),
        _ if brand == Some(b"avif") => Err(IntakeRefusal::Avif),
        _ if brand.is_some_and(|brand| PHOTO_BRANDS.contains(&brand)) => Ok(PictureFormat::Heic),
        _ if brand.is_some_and(|brand| SEQUENCE_BRANDS.contains(&brand)) => Err(IntakeRefusal::Animated),
        _ if is_markup(bytes) => Err(IntakeRefusal::Svg),
        _ => Err(IntakeRefusal::UnknownFormat),
    }
}

fn is_markup(bytes: &[u8]) -> bool {
    let text = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let text = text.trim_ascii_start();
    text.starts_with(b"<svg") || text.starts_with(b"<?xml") || text.starts_with(b"<!")
}

/// Decoders are others' code on hostile bytes: a panic in one is an undecodable picture, not a fault of ours.
fn decode_guarded(bytes: &[u8], format: PictureFormat, limits: &IntakeLimits) -> Result<RgbImage, IntakeRefusal> {
    catch_unwind(AssertUnwindSafe(|| decode(bytes, format, limits))).unwrap_or(Err(IntakeRefusal::Undecodable))
}

fn decode(bytes: &[u8], format: PictureFormat, limits: &IntakeLimits) -> Result<RgbImage, IntakeRefusal> {
    let source = Cursor::new(bytes);
    match format {
        PictureFormat::Jpeg => decode_with(JpegDecoder::new(source).map_err(refusal)?, limits),
        PictureFormat::Png => {
            let decoder = PngDecoder::with_limits(source, memory_limit(limits));
            decode_with(decoder.map_err(refusal)?, limits)
        }
        PictureFormat::WebP => {
            let decoder = WebPDecoder::new(source).map_err(refusal)?;
            if decoder.has_animation() {
                return Err(IntakeRefusal::Animated);
            }
            decode_with(decoder, limits)
        }
        PictureFormat::Heic => heic::decode(bytes, limits),
    }
}

/// The pixels that a header states, within the limits.
fn stated_pixels(width: u32, height: u32, limits: &IntakeLimits) -> Result<u64, IntakeRefusal> {
    let pixels = u64::from(width) * u64::from(height);
    if pixels > limits.max_pixels || width.max(height) > limits.max_side {
        return Err(IntakeRefusal::TooManyPixels { width, height });
    }
    if pixels == 0 { Err(IntakeRefusal::Undecodable) } else { Ok(pixels) }
}

fn decode_with(mut decoder: impl ImageDecoder, limits: &IntakeLimits) -> Result<RgbImage, IntakeRefusal> {
    let (width, height) = decoder.dimensions();
    stated_pixels(width, height, limits)?;
    if decoder.total_bytes() > limits.max_allocation {
        return Err(IntakeRefusal::TooComplex);
    }
    decoder.set_limits(decoder_limits(limits)).map_err(refusal)?;
    let orientation = decoder.orientation().map_err(refusal)?;
    let decoded = DynamicImage::from_decoder(decoder).map_err(refusal)?;
    let pixels = opaque(decoded);
    let shrunk = shrunk(&pixels, limits.stored_long_side).unwrap_or(pixels);
    // Turned after shrinking: the same picture for less memory.
    let mut upright = DynamicImage::ImageRgb8(shrunk);
    upright.apply_orientation(orientation);
    Ok(upright.into_rgb8())
}

fn decoder_limits(limits: &IntakeLimits) -> Limits {
    let mut decoder_limits = memory_limit(limits);
    decoder_limits.max_image_width = Some(limits.max_side);
    decoder_limits.max_image_height = Some(limits.max_side);
    decoder_limits
}

/// For reading a header: what it states is refused by name afterwards.
fn memory_limit(limits: &IntakeLimits) -> Limits {
    let mut memory_limit = Limits::no_limits();
    memory_limit.max_alloc = Some(limits.max_allocation);
    memory_limit
}

fn refusal(error: ImageError) -> IntakeRefusal {
    match error {
        ImageError::Limits(_) => IntakeRefusal::TooComplex,
        ImageError::IoError(cause) if cause.kind() == ErrorKind::UnexpectedEof => IntakeRefusal::Truncated,
        _ => IntakeRefusal::Undecodable,
    }
}

/// The picture as it is seen on white: what lies under transparent pixels was never meant to show.
fn opaque(decoded: DynamicImage) -> RgbImage {
    if !decoded.color().has_alpha() {
        return decoded.into_rgb8();
    }
    let with_alpha = decoded.into_rgba8();
    let (width, height) = with_alpha.dimensions();
    over_white(width, height, with_alpha.into_raw())
}

/// Pixels of four samples, the last of which tells how opaque they are, as they are seen on white.
fn over_white(width: u32, height: u32, mut samples: Vec<u8>) -> RgbImage {
    let mut written = 0;
    for read in (0..samples.len()).step_by(4) {
        let alpha = u32::from(samples[read + 3]);
        for channel in 0..3 {
            let over_white = u32::from(samples[read + channel]) * alpha + 255 * (255 - alpha);
            samples[written + channel] = ((over_white + 127) / 255).min(255) as u8;
        }
        written += 3;
    }
    samples.truncate(written);
    RgbImage::from_raw(width, height, samples).unwrap_or_default()
}

fn write_anew(pixels: &RgbImage) -> Result<Vec<u8>, IntakeRefusal> {
    let mut stored = Vec::new();
    let sides = (u16::try_from(pixels.width()), u16::try_from(pixels.height()));
    let (Ok(width), Ok(height)) = sides else { return Err(IntakeRefusal::TooComplex) };
    let mut encoder = Encoder::new(&mut stored, STORED_QUALITY);
    encoder.set_sampling_factor(SamplingFactor::R_4_2_0);
    encoder.encode(pixels.as_raw(), width, height, ColorType::Rgb).map_err(|_| IntakeRefusal::Undecodable)?;
    Ok(stored)
}

#[cfg(test)]
mod tests;
