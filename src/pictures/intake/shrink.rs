//! Shrinks pictures without aliasing.

use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};
use image::RgbImage;

/// The picture with its long side brought down to `long_side` pixels, each new pixel an average of the area around it;
/// none of a picture that is small enough.
pub(crate) fn shrunk(picture: &RgbImage, long_side: u32) -> Option<RgbImage> {
    let (width, height) = picture.dimensions();
    let longest = width.max(height);
    if longest <= long_side || long_side == 0 || width.min(height) == 0 {
        return None;
    }
    let scaled = |side: u32| {
        let exact = u64::from(side) * u64::from(long_side) + u64::from(longest) / 2;
        ((exact / u64::from(longest)) as u32).max(1)
    };
    resized(picture, scaled(width), scaled(height))
}

fn resized(picture: &RgbImage, width: u32, height: u32) -> Option<RgbImage> {
    let source = ImageRef::new(picture.width(), picture.height(), picture.as_raw(), PixelType::U8x3).ok()?;
    let mut target = Image::new(width, height, PixelType::U8x3);
    // As sharp as fine print needs, and without the steps of a plain box.
    let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::Hamming)).use_alpha(false);
    Resizer::new().resize(&source, &mut target, &options).ok()?;
    RgbImage::from_raw(width, height, target.into_vec())
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::Rgb;
    use proptest::prelude::*;

    #[test]
    fn a_picture_that_fits_stays_as_it_is() {
        let picture = RgbImage::from_fn(7, 5, |x, y| Rgb([x as u8, y as u8, 9]));
        assert_eq!(shrunk(&picture, 7), None);
    }

    #[test]
    fn a_new_pixel_averages_what_lies_under_it() {
        let stripes = RgbImage::from_fn(400, 4, |x, _| Rgb([if x % 2 == 0 { 0 } else { 200 }; 3]));
        let shrunk = shrunk(&stripes, 40).unwrap();
        assert!(shrunk.pixels().all(|pixel| pixel.0[0].abs_diff(100) <= 4), "{shrunk:?}");
    }

    #[test]
    fn the_long_side_is_met_and_the_short_one_never_vanishes() {
        let picture = RgbImage::from_pixel(1, 900, Rgb([1, 2, 3]));
        assert_eq!(shrunk(&picture, 100).unwrap().dimensions(), (1, 100));
        let picture = RgbImage::from_pixel(400, 300, Rgb([1, 2, 3]));
        assert_eq!(shrunk(&picture, 200).unwrap().dimensions(), (200, 150));
    }

    proptest! {
        #[test]
        fn an_even_colour_stays_that_colour(
            width in 1_u32..60, height in 1_u32..60, long_side in 1_u32..60, colour: [u8; 3],
        ) {
            let picture = RgbImage::from_pixel(width, height, Rgb(colour));
            let shrunk = shrunk(&picture, long_side).unwrap_or(picture);
            prop_assert!(shrunk.width().max(shrunk.height()) <= long_side.max(1));
            prop_assert!(shrunk.pixels().all(|pixel| pixel.0 == colour));
        }
    }
}
