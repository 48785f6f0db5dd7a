//! What is taken in, and what is refused.

use super::*;
use image::ExtendedColorType;
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
