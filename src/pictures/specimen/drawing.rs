//! Just enough drawing for the specimen: areas, ellipses, block letters, blur, and noise from a seed.

use image::RgbImage;

/// Red, green and blue.
pub(super) type Colour = [u8; 3];

/// A rectangle, in pixels.
#[derive(Clone, Copy)]
pub(super) struct Area {
    pub(super) left: u32,
    pub(super) top: u32,
    pub(super) width: u32,
    pub(super) height: u32,
}

/// Mixes a colour in, `opacity` of 256 parts; outside the picture nothing happens.
pub(super) fn blend(picture: &mut RgbImage, column: u32, row: u32, colour: Colour, opacity: u32) {
    if let Some(pixel) = picture.get_pixel_mut_checked(column, row) {
        for (channel, new) in pixel.0.iter_mut().zip(colour) {
            let mixed = u32::from(*channel) * (256 - opacity) + u32::from(new) * opacity;
            *channel = (mixed / 256) as u8;
        }
    }
}

pub(super) fn fill(picture: &mut RgbImage, area: Area, colour: Colour) {
    fill_through(picture, area, colour, 256);
}

fn fill_through(picture: &mut RgbImage, area: Area, colour: Colour, opacity: u32) {
    for row in area.top..area.top + area.height {
        for column in area.left..area.left + area.width {
            blend(picture, column, row, colour, opacity);
        }
    }
}

pub(super) fn fill_ellipse(
    picture: &mut RgbImage,
    (middle_column, middle_row): (f32, f32),
    (half_width, half_height): (f32, f32),
    colour: Colour,
) {
    let first = |middle: f32, half: f32| (middle - half).max(0.0) as u32;
    let last = |middle: f32, half: f32| (middle + half).max(0.0) as u32 + 1;
    for row in first(middle_row, half_height)..last(middle_row, half_height) {
        for column in first(middle_column, half_width)..last(middle_column, half_width) {
            let across = (column as f32 - middle_column) / half_width;
            let down = (row as f32 - middle_row) / half_height;
            if across * across + down * down <= 1.0 {
                blend(picture, column, row, colour, 256);
            }
        }
    }
}

/// Writes a text in letters of 5 by 7 blocks of `block` pixels; only the letters below are known.
pub(super) fn write_block_letters(
    picture: &mut RgbImage,
    text: &str,
    (left, top): (u32, u32),
    block: u32,
    colour: Colour,
    opacity: u32,
) {
    for (index, letter) in (0..).zip(text.chars()) {
        let start = left + index * 6 * block;
        for (row, blocks) in (0..).zip(block_letter(letter)) {
            for column in (0..5).filter(|column| blocks & (0b10000 >> column) != 0) {
                let area = Area { left: start + column * block, top: top + row * block, width: block, height: block };
                fill_through(picture, area, colour, opacity);
            }
        }
    }
}

/// A letter as seven rows of five blocks.
fn block_letter(letter: char) -> [u8; 7] {
    match letter {
        'A' => [0b01110, 0b10001, 0b10001, 0b11111, 0b10001, 0b10001, 0b10001],
        'C' => [0b01111, 0b10000, 0b10000, 0b10000, 0b10000, 0b10000, 0b01111],
        'E' => [0b11111, 0b10000, 0b10000, 0b11110, 0b10000, 0b10000, 0b11111],
        'F' => [0b11111, 0b10000, 0b10000, 0b11110, 0b10000, 0b10000, 0b10000],
        'I' => [0b01110, 0b00100, 0b00100, 0b00100, 0b00100, 0b00100, 0b01110],
        'L' => [0b10000, 0b10000, 0b10000, 0b10000, 0b10000, 0b10000, 0b11111],
        'M' => [0b10001, 0b11011, 0b10101, 0b10101, 0b10001, 0b10001, 0b10001],
        'N' => [0b10001, 0b11001, 0b10101, 0b10101, 0b10011, 0b10001, 0b10001],
        'P' => [0b11110, 0b10001, 0b10001, 0b11110, 0b10000, 0b10000, 0b10000],
        'S' => [0b01111, 0b10000, 0b10000, 0b01110, 0b00001, 0b00001, 0b11110],
        '-' => [0b00000, 0b00000, 0b00000, 0b11111, 0b00000, 0b00000, 0b00000],
        _ => [0; 7],
    }
}

/// Each pixel replaced by the average of its row within `reach` pixels to either side.
pub(super) fn averaged_along_rows(picture: &RgbImage, reach: usize) -> RgbImage {
    let mut averaged = picture.clone();
    let row_length = picture.width() as usize * 3;
    if row_length == 0 {
        return averaged;
    }
    let rows = picture.as_raw().chunks_exact(row_length);
    for (row, target) in rows.zip(averaged.chunks_exact_mut(row_length)) {
        for channel in 0..3 {
            average_channel(&row[channel..], &mut target[channel..], reach);
        }
    }
    averaged
}

/// Sums up to each value first, so that the length of the reach costs nothing.
fn average_channel(row: &[u8], target: &mut [u8], reach: usize) {
    let mut sums = vec![0_u32];
    for value in row.iter().step_by(3) {
        sums.push(sums.last().copied().unwrap_or_default() + u32::from(*value));
    }
    let count = sums.len() - 1;
    for (index, value) in target.iter_mut().step_by(3).enumerate() {
        let first = index.saturating_sub(reach);
        let end = (index + reach + 1).min(count);
        *value = ((sums[end] - sums[first]) / (end - first) as u32) as u8;
    }
}

/// Numbers that look random and come from a seed (Steele, Lea and Flood, "Fast splittable pseudorandom number
/// generators", 2014): no clock and no entropy, so that the picture never changes.
pub(super) struct Noise {
    state: u64,
}

impl Noise {
    pub(super) fn seeded(seed: u64) -> Self {
        Self { state: seed }
    }

    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number from 0 up to, but not including, `end`; 0 when that is 0.
    pub(super) fn below(&mut self, end: u32) -> u32 {
        (((self.next() >> 32) * u64::from(end)) >> 32) as u32
    }

    /// From 0 up to, but not including, 1.
    pub(super) fn share(&mut self) -> f32 {
        self.below(1 << 24) as f32 / (1 << 24) as f32
    }

    pub(super) fn between(&mut self, least: f32, most: f32) -> f32 {
        least + (most - least) * self.share()
    }

    /// Between the two, or between the two below 0.
    pub(super) fn either_way(&mut self, least: f32, most: f32) -> f32 {
        let value = self.between(least, most);
        if self.below(2) == 0 { -value } else { value }
    }

    /// Two whole numbers around 0, nearly normal with a standard deviation of about 4.
    pub(super) fn bells(&mut self) -> (i32, i32) {
        let bits = self.next();
        (bell(bits), bell(bits >> 3))
    }
}

/// The sum of four throws of 0 to 7 taken from a number's bits, around 0.
fn bell(bits: u64) -> i32 {
    const THROWS: u64 = 0x0007_0007_0007_0007;
    // The multiplication adds the four sixteen-bit parts up in the topmost one.
    let sum = (bits & THROWS).wrapping_mul(0x0001_0001_0001_0001) >> 48;
    sum as i32 - 14
}
