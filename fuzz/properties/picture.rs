//! An uploaded picture (invariant 20).

use std::io::Cursor;

use image::{ImageFormat, Rgb, RgbImage};
use negozio_pictures::intake::{IntakeLimits, take_in};

use super::Reader;

const LIMITS: IntakeLimits = IntakeLimits {
    max_bytes: 1024 * 1024,
    max_pixels: 1_000_000,
    max_side: 4000,
    max_allocation: 8 * 1024 * 1024,
    stored_long_side: 300,
};

/// This reader, under the name of its fuzz target.
pub const READER: Reader = Reader { name: "picture", check, seeds, memory_limit };

/// What is kept is a small JPEG without metadata, whatever was sent.
pub fn check(bytes: &[u8]) {
    let Ok(taken) = take_in(bytes, &LIMITS) else { return };
    assert!(taken.width.max(taken.height) <= LIMITS.stored_long_side);
    let stored = image::load_from_memory_with_format(&taken.stored, ImageFormat::Jpeg).expect("a JPEG");
    assert_eq!((stored.width(), stored.height()), (taken.width, taken.height));
    assert!(!taken.stored.windows(4).any(|window| window == b"Exif"));
}

/// A small drawing in each format.
pub fn seeds() -> Vec<Vec<u8>> {
    let drawing = RgbImage::from_fn(53, 37, |x, y| Rgb([(x * 4) as u8, (y * 6) as u8, (x * y) as u8]));
    let mut seeds: Vec<Vec<u8>> = [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP]
        .into_iter()
        .map(|format| {
            let mut bytes = Cursor::new(Vec::new());
            drawing.write_to(&mut bytes, format).expect("a small drawing");
            bytes.into_inner()
        })
        .collect();
    let tiled = RgbImage::from_pixel(600, 40, Rgb([200, 190, 170]));
    for photo in [drawing, tiled] {
        let heic = heifer::encode_rgb8(photo.width(), photo.height(), &photo, &heifer::EncodeOptions::default());
        seeds.push(heic.expect("a small drawing"));
    }
    seeds
}

/// The upload, the decoder's pixels and those that are kept.
pub fn memory_limit(input: usize) -> usize {
    input * 8 + 3 * LIMITS.max_allocation as usize
}
