//! Shrinks pictures by exact averages of areas: deterministic, without aliasing, and in memory of two rows.

use image::RgbImage;

/// The picture with its long side brought down to `long_side` pixels, each new pixel the exact average of the area it
/// covers; a picture that is small enough comes back as it is.
pub(crate) fn shrink(picture: &RgbImage, long_side: u32) -> RgbImage {
    let (width, height) = picture.dimensions();
    let longest = width.max(height);
    let empty = width == 0 || height == 0;
    if longest <= long_side || long_side == 0 || empty {
        return picture.clone();
    }
    let scaled = |side: u32| {
        let exact = u64::from(side) * u64::from(long_side) + u64::from(longest) / 2;
        ((exact / u64::from(longest)) as u32).max(1)
    };
    average_areas(picture, scaled(width), scaled(height))
}

fn average_areas(picture: &RgbImage, new_width: u32, new_height: u32) -> RgbImage {
    let columns = shares(picture.width(), new_width);
    let rows = shares(picture.height(), new_height);
    let row_length = new_width as usize * 3;
    let area = u64::from(picture.width()) * u64::from(picture.height());
    let mut samples = Vec::with_capacity(row_length * new_height as usize);
    let mut narrowed = vec![0_u32; row_length + 3];
    let mut current = vec![0_u64; row_length];
    let mut following = vec![0_u64; row_length];
    let mut target = 0;
    for (row, share) in picture.as_raw().chunks_exact(picture.width() as usize * 3).zip(&rows) {
        if share.target != target {
            finish_row(&mut samples, &current, area);
            std::mem::swap(&mut current, &mut following);
            following.fill(0);
            target = share.target;
        }
        narrow_row(row, &columns, &mut narrowed);
        add_weighted(&mut current, &narrowed, share.here);
        if share.next > 0 {
            add_weighted(&mut following, &narrowed, share.next);
        }
    }
    finish_row(&mut samples, &current, area);
    RgbImage::from_raw(new_width, new_height, samples).unwrap_or_default()
}

/// How an old pixel is shared out: to the new pixel it begins in, and to the one after it.
struct Share {
    target: usize,
    here: u32,
    next: u32,
}

/// Old pixels are `new` units wide and new pixels `old` units, so that all shares are whole numbers
/// and those of one new pixel add up to `old`.
fn shares(old: u32, new: u32) -> Vec<Share> {
    let share = |index: u32| {
        let start = u64::from(index) * u64::from(new);
        let target = start / u64::from(old);
        let border = (target + 1) * u64::from(old);
        let here = (border - start).min(u64::from(new)) as u32;
        Share { target: target as usize, here, next: new - here }
    };
    (0..old).map(share).collect()
}

fn narrow_row(row: &[u8], columns: &[Share], narrowed: &mut [u32]) {
    narrowed.fill(0);
    for (pixel, share) in row.as_chunks::<3>().0.iter().zip(columns) {
        let [red, green, blue] = pixel.map(u32::from);
        let first = share.target * 3;
        if let Some([r, g, b, next_r, next_g, next_b]) = narrowed.get_mut(first..first + 6) {
            *r += red * share.here;
            *g += green * share.here;
            *b += blue * share.here;
            *next_r += red * share.next;
            *next_g += green * share.next;
            *next_b += blue * share.next;
        }
    }
}

fn add_weighted(sums: &mut [u64], values: &[u32], weight: u32) {
    for (sum, value) in sums.iter_mut().zip(values) {
        *sum += u64::from(*value) * u64::from(weight);
    }
}

fn finish_row(samples: &mut Vec<u8>, sums: &[u64], area: u64) {
    samples.extend(sums.iter().map(|sum| ((sum + area / 2) / area).min(255) as u8));
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::Rgb;
    use proptest::prelude::*;

    #[test]
    fn a_picture_that_fits_stays_as_it_is() {
        let picture = RgbImage::from_fn(7, 5, |x, y| Rgb([x as u8, y as u8, 9]));
        assert_eq!(shrink(&picture, 7), picture);
    }

    #[test]
    fn a_new_pixel_is_the_average_of_its_area() {
        // Three columns onto two: the middle one is shared half and half.
        let picture = RgbImage::from_fn(3, 1, |x, _| Rgb([[0, 90, 240][x as usize]; 3]));
        let shrunk = shrink(&picture, 2);
        assert_eq!(shrunk.as_raw(), &[30, 30, 30, 190, 190, 190]);
    }

    #[test]
    fn the_long_side_is_met_and_the_short_one_never_vanishes() {
        let picture = RgbImage::from_pixel(1, 900, Rgb([1, 2, 3]));
        assert_eq!(shrink(&picture, 100).dimensions(), (1, 100));
        let picture = RgbImage::from_pixel(400, 300, Rgb([1, 2, 3]));
        assert_eq!(shrink(&picture, 200).dimensions(), (200, 150));
    }

    proptest! {
        #[test]
        fn an_even_colour_stays_that_colour(
            width in 1_u32..60, height in 1_u32..60, long_side in 1_u32..60, colour: [u8; 3],
        ) {
            let shrunk = shrink(&RgbImage::from_pixel(width, height, Rgb(colour)), long_side);
            prop_assert!(shrunk.width().max(shrunk.height()) <= long_side.max(1));
            prop_assert!(shrunk.pixels().all(|pixel| pixel.0 == colour));
        }
    }
}
