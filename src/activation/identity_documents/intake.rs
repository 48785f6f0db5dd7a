//! Takes an uploaded picture in: from hostile bytes to plain pixels and a file fit to be kept.
//!
//! What is kept is never the upload but a JPEG written anew from its pixels, upright, without any
//! metadata and of at most [`IntakeLimits::stored_long_side`] pixels (invariant 20). Of the
//! upload itself only the SHA-256 remains.

mod shrink;
mod structure;

use std::fmt;
use std::io::{Cursor, ErrorKind};
use std::panic::{AssertUnwindSafe, catch_unwind};

use image::codecs::jpeg::{JpegDecoder, JpegEncoder};
use image::codecs::png::PngDecoder;
use image::codecs::webp::WebPDecoder;
use image::{DynamicImage, ExtendedColorType, ImageDecoder, ImageError, Limits, RgbImage};
use sha2::{Digest, Sha256};
use thiserror::Error;

pub(super) use shrink::shrink;
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
}

impl PictureFormat {
    /// Short name, as in the media type.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Jpeg => "jpeg",
            Self::Png => "png",
            Self::WebP => "webp",
        }
    }

    /// The media type (RFC 2046; RFC 9649 for WebP).
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::WebP => "image/webp",
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
    #[error("PDF files are not accepted: send a photo as JPEG, PNG or WebP")]
    Pdf,
    /// HEIC or HEIF, for which no pure decoder exists.
    #[error("HEIC photos are not accepted: send the photo as JPEG, PNG or WebP")]
    Heic,
    /// AVIF.
    #[error("AVIF pictures are not accepted: send the photo as JPEG, PNG or WebP")]
    Avif,
    /// GIF.
    #[error("GIF pictures are not accepted: send the photo as JPEG, PNG or WebP")]
    Gif,
    /// SVG, or any other XML.
    #[error("SVG drawings are not accepted: send a photo as JPEG, PNG or WebP")]
    Svg,
    /// TIFF and the raw formats built on it.
    #[error("TIFF pictures are not accepted: send the photo as JPEG, PNG or WebP")]
    Tiff,
    /// Anything else.
    #[error("the file is not a picture of a known format: send a photo as JPEG, PNG or WebP")]
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
    /// Stable name, for problems.
    pub fn code(self) -> &'static str {
        match self {
            Self::Empty => "picture_empty",
            Self::TooManyBytes { .. } => "picture_too_many_bytes",
            Self::Pdf => "picture_is_pdf",
            Self::Heic => "picture_is_heic",
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

/// The brands of HEIF files (ISO/IEC 23008-12 annex B), HEIC among them.
const HEIF_BRANDS: [&[u8]; 6] = [b"heic", b"heix", b"heim", b"heis", b"mif1", b"msf1"];

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
        _ if brand.is_some_and(|brand| HEIF_BRANDS.contains(&brand)) => Err(IntakeRefusal::Heic),
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
    }
}

fn decode_with(mut decoder: impl ImageDecoder, limits: &IntakeLimits) -> Result<RgbImage, IntakeRefusal> {
    let (width, height) = decoder.dimensions();
    let pixels = u64::from(width) * u64::from(height);
    if pixels > limits.max_pixels || width.max(height) > limits.max_side {
        return Err(IntakeRefusal::TooManyPixels { width, height });
    }
    if pixels == 0 {
        return Err(IntakeRefusal::Undecodable);
    }
    if decoder.total_bytes() > limits.max_allocation {
        return Err(IntakeRefusal::TooComplex);
    }
    decoder.set_limits(decoder_limits(limits)).map_err(refusal)?;
    let orientation = decoder.orientation().map_err(refusal)?;
    let decoded = DynamicImage::from_decoder(decoder).map_err(refusal)?;
    let shrunk = shrink(&opaque(decoded), limits.stored_long_side);
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
    let mut samples = with_alpha.into_raw();
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
    let (width, height) = pixels.dimensions();
    JpegEncoder::new_with_quality(&mut stored, STORED_QUALITY)
        .encode(pixels.as_raw(), width, height, ExtendedColorType::Rgb8)
        .map_err(refusal)?;
    Ok(stored)
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::codecs::png::PngEncoder;
    use image::codecs::webp::WebPEncoder;
    use image::{ImageEncoder, Rgb};
    use proptest::prelude::*;

    fn drawing(width: u32, height: u32) -> RgbImage {
        RgbImage::from_fn(width, height, |x, y| Rgb([(x * 7) as u8, (y * 5) as u8, (x * y) as u8]))
    }

    fn jpeg(picture: &RgbImage) -> Vec<u8> {
        write_anew(picture).expect("a small picture")
    }

    fn png(picture: &RgbImage) -> Vec<u8> {
        let mut bytes = Vec::new();
        PngEncoder::new(&mut bytes)
            .write_image(picture, picture.width(), picture.height(), ExtendedColorType::Rgb8)
            .expect("a small picture");
        bytes
    }

    fn webp(picture: &RgbImage) -> Vec<u8> {
        let mut bytes = Vec::new();
        WebPEncoder::new_lossless(&mut bytes)
            .write_image(picture, picture.width(), picture.height(), ExtendedColorType::Rgb8)
            .expect("a small picture");
        bytes
    }

    /// The JPEG with an EXIF segment that states an orientation, and a comment.
    fn with_metadata(jpeg: &[u8], orientation: u8) -> Vec<u8> {
        let mut exif = b"Exif\0\0MM\0\x2A\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".to_vec();
        exif.extend([orientation, 0, 0, 0, 0, 0, 0]);
        let mut bytes = jpeg[..2].to_vec();
        for (marker, content) in [(0xE1, exif.as_slice()), (0xFE, b"taken at home".as_slice())] {
            bytes.extend([0xFF, marker]);
            bytes.extend((content.len() as u16 + 2).to_be_bytes());
            bytes.extend(content);
        }
        bytes.extend(&jpeg[2..]);
        bytes
    }

    /// The markers of a JPEG's segments, up to its scan.
    fn segments(jpeg: &[u8]) -> Vec<u8> {
        let mut markers = Vec::new();
        let mut position = 2;
        while let Some([0xFF, marker, high, low]) = jpeg.get(position..position + 4) {
            markers.push(*marker);
            if *marker == 0xDA {
                break;
            }
            position += 2 + usize::from(u16::from_be_bytes([*high, *low]));
        }
        markers
    }

    fn refused(bytes: &[u8]) -> IntakeRefusal {
        take_in(bytes, &IntakeLimits::default()).expect_err("a refusal")
    }

    #[test]
    fn the_three_formats_are_taken_in() {
        let picture = drawing(60, 40);
        for (bytes, format) in [
            (jpeg(&picture), PictureFormat::Jpeg),
            (png(&picture), PictureFormat::Png),
            (webp(&picture), PictureFormat::WebP),
        ] {
            let taken = take_in(&bytes, &IntakeLimits::default()).expect("a good picture");
            assert_eq!((taken.width, taken.height), (60, 40));
            assert_eq!(taken.original_format, format);
            let digest: [u8; 32] = Sha256::digest(&bytes).into();
            assert_eq!(taken.original_sha256, digest);
            assert!(taken.stored.starts_with(&[0xFF, 0xD8, 0xFF]));
        }
    }

    #[test]
    fn other_formats_are_refused_by_name() {
        let padded = |start: &[u8]| [start, &[0; 64]].concat();
        assert_eq!(refused(b""), IntakeRefusal::Empty);
        assert_eq!(refused(&padded(b"%PDF-1.7")), IntakeRefusal::Pdf);
        assert_eq!(refused(&padded(b"\0\0\0\x18ftypheic")), IntakeRefusal::Heic);
        assert_eq!(refused(&padded(b"\0\0\0\x18ftypmif1")), IntakeRefusal::Heic);
        assert_eq!(refused(&padded(b"\0\0\0\x18ftypavif")), IntakeRefusal::Avif);
        assert_eq!(refused(&padded(b"\0\0\0\x18ftypmp42")), IntakeRefusal::UnknownFormat);
        assert_eq!(refused(&padded(b"GIF89a")), IntakeRefusal::Gif);
        assert_eq!(refused(b"\xEF\xBB\xBF <svg xmlns='x'/>"), IntakeRefusal::Svg);
        assert_eq!(refused(b"<?xml version='1.0'?><svg/>"), IntakeRefusal::Svg);
        assert_eq!(refused(&padded(b"MM\0*")), IntakeRefusal::Tiff);
        assert_eq!(refused(&padded(b"BM")), IntakeRefusal::UnknownFormat);
        assert_eq!(refused(b"\xFF\xD8\xFF"), IntakeRefusal::Truncated);
    }

    #[test]
    fn a_file_beyond_the_byte_limit_is_refused() {
        let bytes = jpeg(&drawing(60, 40));
        let limits = IntakeLimits { max_bytes: bytes.len() - 1, ..IntakeLimits::default() };
        let refusal = take_in(&bytes, &limits).expect_err("one byte too many");
        assert_eq!(refusal, IntakeRefusal::TooManyBytes { limit: bytes.len() - 1 });
        let limits = IntakeLimits { max_bytes: bytes.len(), ..IntakeLimits::default() };
        assert!(take_in(&bytes, &limits).is_ok());
    }

    #[test]
    fn a_header_that_states_too_many_pixels_is_refused_undecoded() {
        let mut bomb = jpeg(&drawing(16, 16));
        let frame = bomb.windows(2).position(|pair| pair == [0xFF, 0xC0]).expect("a frame header");
        bomb[frame + 5..frame + 9].copy_from_slice(&[0xFF, 0xFF, 0xFF, 0xFF]);
        let size = IntakeRefusal::TooManyPixels { width: 65_535, height: 65_535 };
        assert_eq!(refused(&bomb), size);

        let limits = IntakeLimits { max_side: 59, ..IntakeLimits::default() };
        let refusal = take_in(&png(&drawing(60, 40)), &limits).expect_err("too wide");
        assert!(matches!(refusal, IntakeRefusal::TooManyPixels { width: 60, height: 40 }));
        let limits = IntakeLimits { max_allocation: 7199, ..IntakeLimits::default() };
        let refusal = take_in(&jpeg(&drawing(60, 40)), &limits).expect_err("too much memory");
        assert_eq!(refusal, IntakeRefusal::TooComplex);
    }

    #[test]
    fn orientation_is_applied_and_metadata_are_dropped() {
        let bytes = with_metadata(&jpeg(&drawing(60, 40)), 6);
        let taken = take_in(&bytes, &IntakeLimits::default()).expect("a good picture");
        assert_eq!((taken.width, taken.height), (40, 60));
        let upright = drawing(60, 40);
        // Orientation 6: what is stored at the bottom left belongs at the top left.
        let corner = taken.pixels.get_pixel(0, 0).0[1];
        assert!(corner.abs_diff(upright.get_pixel(0, 39).0[1]) < 40, "{corner}");
        assert!(segments(&bytes).contains(&0xE1));
        let markers = segments(&taken.stored);
        assert!(!markers.iter().any(|marker| matches!(marker, 0xE1..=0xEF | 0xFE)), "{markers:?}");
    }

    #[test]
    fn a_truncated_file_is_refused_wherever_it_is_cut() {
        let picture = drawing(60, 40);
        for whole in [jpeg(&picture), webp(&picture)] {
            for length in 1..whole.len() {
                let cut = take_in(&whole[..length], &IntakeLimits::default());
                assert!(cut.is_err(), "cut to {length} of {}", whole.len());
            }
        }
        // Of a PNG the pixels count: its last chunk holds none.
        let whole = png(&picture);
        for length in 1..whole.len() - 24 {
            assert!(take_in(&whole[..length], &IntakeLimits::default()).is_err(), "{length}");
        }
    }

    #[test]
    fn bytes_after_the_picture_are_let_be_and_not_kept() {
        let mut bytes = jpeg(&drawing(60, 40));
        bytes.extend(b"appended by the phone");
        let taken = take_in(&bytes, &IntakeLimits::default()).expect("a good picture");
        assert!(!taken.stored.windows(8).any(|window| window == b"appended"));
    }

    #[test]
    fn a_jpeg_of_too_many_scans_is_refused() {
        let whole = jpeg(&drawing(16, 16));
        let scan = whole.windows(2).position(|pair| pair == [0xFF, 0xDA]).expect("a scan");
        let mut bytes = whole[..scan].to_vec();
        for _ in 0..65 {
            bytes.extend(&whole[scan..whole.len() - 2]);
        }
        bytes.extend([0xFF, 0xD9]);
        assert_eq!(refused(&bytes), IntakeRefusal::TooComplex);
    }

    #[test]
    fn what_lies_under_transparent_pixels_does_not_show() {
        let mut hidden = image::RgbaImage::from_pixel(8, 8, image::Rgba([200, 0, 0, 0]));
        hidden.put_pixel(3, 3, image::Rgba([10, 20, 30, 255]));
        let seen = opaque(DynamicImage::ImageRgba8(hidden));
        assert_eq!(seen.get_pixel(0, 0).0, [255, 255, 255]);
        assert_eq!(seen.get_pixel(3, 3).0, [10, 20, 30]);
    }

    #[test]
    fn an_animation_is_refused() {
        // VP8X header with the animation flag, then ANIM and one frame around a still picture's data.
        let still = webp(&drawing(8, 8));
        let data = &still[12..];
        let mut frame = vec![0; 6];
        frame.extend([7, 0, 0, 7, 0, 0, 100, 0, 0, 0]);
        frame.extend(data);
        let chunk = |name: &[u8], content: &[u8]| [name, &(content.len() as u32).to_le_bytes(), content].concat();
        let body = [
            b"WEBP".to_vec(),
            chunk(b"VP8X", &[0x02, 0, 0, 0, 7, 0, 0, 7, 0, 0]),
            chunk(b"ANIM", &[0; 6]),
            chunk(b"ANMF", &frame),
        ]
        .concat();
        assert_eq!(refused(&chunk(b"RIFF", &body)), IntakeRefusal::Animated);
    }

    /// Files that get past the first bytes: a good one with some bytes changed.
    fn damaged_files() -> impl Strategy<Value = Vec<u8>> {
        let changes = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12);
        let whole = prop::sample::select(vec![jpeg(&drawing(23, 17)), png(&drawing(23, 17)), webp(&drawing(23, 17))]);
        (whole, changes).prop_map(|(mut bytes, changes)| {
            for (place, value) in changes {
                let place = place.index(bytes.len());
                bytes[place] = value;
            }
            bytes
        })
    }

    fn small_limits() -> IntakeLimits {
        IntakeLimits { max_pixels: 1_000_000, stored_long_side: 20, ..IntakeLimits::default() }
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            let _ = take_in(&bytes, &small_limits());
        }

        #[test]
        fn damaged_files_are_refused_or_kept_within_the_limits(bytes in damaged_files()) {
            if let Ok(taken) = take_in(&bytes, &small_limits()) {
                prop_assert!(taken.width.max(taken.height) <= 20);
            }
        }

        #[test]
        fn the_stored_picture_decodes_without_metadata_and_within_the_cap(
            width in 1_u32..90, height in 1_u32..90, cap in 1_u32..90, orientation in 1_u8..9,
        ) {
            let limits = IntakeLimits { stored_long_side: cap, ..IntakeLimits::default() };
            let upload = with_metadata(&jpeg(&drawing(width, height)), orientation);
            let taken = take_in(&upload, &limits).expect("a good picture");
            let stored = image::load_from_memory(&taken.stored).expect("a stored picture");
            prop_assert_eq!((stored.width(), stored.height()), (taken.width, taken.height));
            prop_assert!(taken.width.max(taken.height) <= cap);
            let markers = segments(&taken.stored);
            prop_assert!(!markers.iter().any(|marker| matches!(marker, 0xE1..=0xEF | 0xFE)));
        }
    }
}
