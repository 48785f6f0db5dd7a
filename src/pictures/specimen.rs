//! Photos of a document that does not exist, drawn from scratch: what the demo uploads and the
//! tests measure. Every card says SPECIMEN and FAC-SIMILE, so that none can be taken for real.
//!
//! The same variation is the same file, byte for byte.

use image::codecs::jpeg::JpegEncoder;
use image::{DynamicImage, ExtendedColorType, Rgb, RgbImage};

mod drawing;
pub mod photographs;
mod scene;

use drawing::{Area, Colour, Noise, blend, fill, fill_ellipse, write_block_letters};

/// Pixels of the photo.
const WIDTH: u32 = 1600;
const HEIGHT: u32 = 1100;

/// Pixels of the card: an ID-1 card (ISO/IEC 7810, 85.6 × 54 mm) at about 15 pixels a millimetre.
const CARD_WIDTH: u32 = 1284;
const CARD_HEIGHT: u32 = 810;

/// JPEG quality of the photo, as phones choose it.
const QUALITY: u8 = 88;

/// What is right or wrong with a photo.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Variation {
    /// As the guide asks: in colour, on a light background, with all borders visible.
    Clean,
    /// A black and white copy under a warm lamp.
    Grey,
    /// A copy toned in brown.
    Sepia,
    /// On a dark table.
    DarkBackground,
    /// The card's right border is outside the picture.
    BorderCropped,
    /// Out of focus.
    Blurred,
    /// A lamp's reflection burns a part out.
    Glare,
    /// Too few pixels.
    Small,
}

impl Variation {
    /// Every variation, the good one first.
    pub const ALL: [Self; 8] = [
        Self::Clean,
        Self::Grey,
        Self::Sepia,
        Self::DarkBackground,
        Self::BorderCropped,
        Self::Blurred,
        Self::Glare,
        Self::Small,
    ];
}

/// The photo of an identity card, as the bytes of a JPEG of 1600 × 1100 pixels (400 × 275 for
/// [`Variation::Small`]).
pub fn identity_card(variation: Variation) -> Vec<u8> {
    let mut noise = Noise::seeded(20_260_803);
    let mut card = drawn_card(&mut noise);
    match variation {
        Variation::Grey => card.pixels_mut().for_each(|pixel| pixel.0 = [lightness(pixel.0); 3]),
        Variation::Sepia => card.pixels_mut().for_each(|pixel| pixel.0 = sepia(pixel.0)),
        _ => {}
    }
    let table = match variation {
        Variation::DarkBackground => [52, 46, 42],
        _ => [226, 223, 217],
    };
    let left = match variation {
        Variation::BorderCropped => WIDTH - CARD_WIDTH + 210,
        _ => (WIDTH - CARD_WIDTH) / 2,
    };
    let mut photo = lit_table(table);
    lay(&mut photo, &card, left, (HEIGHT - CARD_HEIGHT) / 2);
    match variation {
        Variation::Grey => warm(&mut photo),
        Variation::Blurred => photo = out_of_focus(photo),
        Variation::Glare => reflect_lamp(&mut photo),
        _ => {}
    }
    add_sensor_noise(&mut photo, &mut noise);
    if variation == Variation::Small {
        photo = DynamicImage::ImageRgb8(photo).thumbnail(400, 400).into_rgb8();
    }
    jpeg_of(&photo, QUALITY)
}

fn drawn_card(noise: &mut Noise) -> RgbImage {
    let mut card = RgbImage::from_fn(CARD_WIDTH, CARD_HEIGHT, security_pattern);
    let band = Area { left: 0, top: 0, width: CARD_WIDTH, height: 104 };
    fill(&mut card, band, [38, 84, 150]);
    fill(&mut card, Area { top: 104, height: 10, ..band }, [214, 170, 60]);
    write_block_letters(&mut card, "FAC-SIMILE", (300, 26), 8, [250, 250, 245], 256);
    draw_flag(&mut card);
    draw_portrait(&mut card);
    draw_chip(&mut card);
    draw_data(&mut card, noise);
    draw_machine_readable_zone(&mut card, noise);
    write_block_letters(&mut card, "SPECIMEN", (414, 320), 17, [196, 30, 46], 110);
    card
}

/// A pale ground that turns from blue to rose, crossed by fine waves in two hues, as security printing has them.
fn security_pattern(column: u32, row: u32) -> Rgb<u8> {
    let (x, y) = (column as f32, row as f32);
    let turn = x / CARD_WIDTH as f32;
    let mut colour = [186.0 + 46.0 * turn, 214.0 - 18.0 * turn, 228.0 - 16.0 * turn];
    let wave = (y / 7.0 + 5.0 * (x / 61.0).sin()).sin();
    let counter_wave = (y / 9.0 - 6.0 * (x / 83.0).sin() + x / 40.0).sin();
    if wave > 0.8 {
        colour = [150.0, 196.0, 176.0];
    } else if counter_wave > 0.84 {
        colour = [226.0, 168.0, 178.0];
    }
    Rgb(colour.map(|channel| channel as u8))
}

fn draw_flag(card: &mut RgbImage) {
    for (index, colour) in [[0, 140, 69], [244, 245, 240], [205, 33, 42]].into_iter().enumerate() {
        let left = 40 + 40 * index as u32;
        fill(card, Area { left, top: 20, width: 40, height: 66 }, colour);
    }
    fill(card, Area { left: 1120, top: 20, width: 110, height: 66 }, [12, 40, 120]);
    for star in 0..12 {
        let angle = f32::from(star as u8) * std::f32::consts::TAU / 12.0;
        let centre = (1175.0 + 24.0 * angle.cos(), 53.0 + 24.0 * angle.sin());
        fill_ellipse(card, centre, (4.0, 4.0), [250, 210, 30]);
    }
}

/// A face that is nobody's: ellipses.
fn draw_portrait(card: &mut RgbImage) {
    let frame = Area { left: 56, top: 160, width: 330, height: 420 };
    fill(card, frame, [90, 96, 110]);
    let inner = Area { left: 62, top: 166, width: 318, height: 408 };
    fill(card, inner, [172, 196, 214]);
    fill_ellipse(card, (221.0, 320.0), (102.0, 130.0), [70, 44, 28]);
    fill(card, Area { left: 186, top: 420, width: 70, height: 70 }, [206, 152, 122]);
    fill_ellipse(card, (221.0, 345.0), (82.0, 108.0), [222, 170, 140]);
    for eye in [188.0, 254.0] {
        fill_ellipse(card, (eye, 330.0), (13.0, 7.0), [248, 246, 240]);
        fill_ellipse(card, (eye, 330.0), (6.0, 6.0), [50, 70, 40]);
        fill(card, Area { left: eye as u32 - 18, top: 304, width: 36, height: 6 }, [64, 40, 26]);
    }
    fill(card, Area { left: 216, top: 340, width: 10, height: 38 }, [196, 136, 108]);
    fill_ellipse(card, (221.0, 404.0), (28.0, 8.0), [172, 66, 70]);
    fill(card, Area { left: 112, top: 490, width: 218, height: 84 }, [120, 28, 60]);
    fill(card, Area { left: 196, top: 490, width: 50, height: 40 }, [206, 152, 122]);
}

fn draw_chip(card: &mut RgbImage) {
    fill(card, Area { left: 1080, top: 170, width: 140, height: 110 }, [212, 172, 70]);
    for line in 0..3 {
        fill(card, Area { left: 1080, top: 195 + 28 * line, width: 140, height: 4 }, [120, 90, 30]);
    }
    fill(card, Area { left: 1146, top: 170, width: 4, height: 110 }, [120, 90, 30]);
}

/// Lines of words that mean nothing: strokes in the place of letters, small captions above larger values.
fn draw_data(card: &mut RgbImage, noise: &mut Noise) {
    for line in 0..5 {
        let top = 160 + 84 * line;
        write_strokes(card, noise, (430, top), (150 + 20 * line, 12), [70, 90, 130]);
        let length = if line < 2 { 560 } else { 700 };
        write_strokes(card, noise, (430, top + 24), (length, 30), [24, 24, 30]);
    }
}

fn draw_machine_readable_zone(card: &mut RgbImage, noise: &mut Noise) {
    fill(card, Area { left: 0, top: 620, width: CARD_WIDTH, height: 190 }, [236, 236, 230]);
    for line in 0..3 {
        write_strokes(card, noise, (50, 645 + 52 * line), (1180, 30), [20, 20, 22]);
    }
}

/// Letters without meaning: upright strokes of four heights' eighths, each joined by a bar at a random height, in words.
fn write_strokes(
    card: &mut RgbImage,
    noise: &mut Noise,
    (left, top): (u32, u32),
    (length, height): (u32, u32),
    colour: Colour,
) {
    let stroke = (height / 7).max(2);
    let letter = height * 2 / 3;
    let mut column = left;
    while column + letter < left + length {
        let upright = Area { left: column, top, width: stroke, height };
        fill(card, upright, colour);
        if noise.below(3) > 0 {
            fill(card, Area { left: column + letter / 2, ..upright }, colour);
        }
        let bar = top + noise.below(height - stroke);
        fill(card, Area { left: column, top: bar, width: letter / 2 + stroke, height: stroke }, colour);
        column += letter + stroke;
        if noise.below(7) == 0 {
            column += letter;
        }
    }
}

/// A table, lighter towards the lamp at its upper left.
fn lit_table(colour: Colour) -> RgbImage {
    RgbImage::from_fn(WIDTH, HEIGHT, |column, row| {
        let fall_off = column as f32 / WIDTH as f32 * 12.0 + row as f32 / HEIGHT as f32 * 10.0;
        Rgb(colour.map(|channel| (f32::from(channel) + 9.0 - fall_off) as u8))
    })
}

/// Lays the card on the table, with rounded corners and a narrow shadow to the lower right.
fn lay(photo: &mut RgbImage, card: &RgbImage, left: u32, top: u32) {
    let (width, height) = card.dimensions();
    for row in 0..height {
        let inset = corner_inset(row, height);
        for column in inset..width - inset {
            blend(photo, left + column + 6, top + row + 7, [40, 36, 34], 90);
        }
    }
    for row in 0..height {
        let inset = corner_inset(row, height);
        for column in inset..width - inset {
            let colour = card.get_pixel(column, row).0;
            blend(photo, left + column, top + row, colour, 256);
        }
    }
}

/// How many pixels the rounded corners take from either end of a row.
fn corner_inset(row: u32, height: u32) -> u32 {
    const RADIUS: f32 = 44.0;
    let from_border = row.min(height - 1 - row) as f32 + 0.5;
    let from_centre = (RADIUS - from_border).max(0.0);
    (RADIUS - (RADIUS * RADIUS - from_centre * from_centre).sqrt()).round() as u32
}

fn lightness([red, green, blue]: Colour) -> u8 {
    ((299 * u32::from(red) + 587 * u32::from(green) + 114 * u32::from(blue)) / 1000) as u8
}

fn sepia(colour: Colour) -> Colour {
    let grey = f32::from(lightness(colour));
    [grey * 0.9 + 26.0, grey * 0.82 + 12.0, grey * 0.66].map(|channel| channel.min(255.0) as u8)
}

fn warm(photo: &mut RgbImage) {
    for pixel in photo.pixels_mut() {
        let [red, green, blue] = pixel.0.map(u32::from);
        pixel.0 = [red, green * 96 / 100, blue * 87 / 100].map(|channel| channel as u8);
    }
}

/// Three passes of a moving average make nearly a bell curve.
fn out_of_focus(photo: RgbImage) -> RgbImage {
    let mut blurred = photo;
    for _ in 0..3 {
        blurred = drawing::averaged_along_rows(&blurred, 8);
        blurred = DynamicImage::ImageRgb8(blurred).rotate90().into_rgb8();
        blurred = drawing::averaged_along_rows(&blurred, 8);
        blurred = DynamicImage::ImageRgb8(blurred).rotate270().into_rgb8();
    }
    blurred
}

/// Light that burns out at its middle and fades to nothing.
fn reflect_lamp(photo: &mut RgbImage) {
    let centre = (860.0_f32, 480.0_f32);
    for (column, row, pixel) in photo.enumerate_pixels_mut() {
        let (across, down) = ((column as f32 - centre.0) / 230.0, (row as f32 - centre.1) / 160.0);
        let light = 620.0 * (-(across * across + down * down)).exp();
        pixel.0 = pixel.0.map(|channel| (f32::from(channel) + light).min(255.0) as u8);
    }
}

fn add_sensor_noise(photo: &mut RgbImage, noise: &mut Noise) {
    for pixel in photo.pixels_mut() {
        let (shift, hue) = noise.bells();
        let [red, green, blue] = &mut pixel.0;
        *red = shifted(*red, shift + hue / 3);
        *green = shifted(*green, shift);
        *blue = shifted(*blue, shift - hue / 3);
    }
}

fn shifted(channel: u8, shift: i32) -> u8 {
    (i32::from(channel) + shift).clamp(0, 255) as u8
}

#[expect(clippy::expect_used, reason = "JPEG holds any picture of this size, and writing to memory does not fail")]
fn jpeg_of(photo: &RgbImage, quality: u8) -> Vec<u8> {
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, quality)
        .encode(photo.as_raw(), photo.width(), photo.height(), ExtendedColorType::Rgb8)
        .expect("a photo of a fixed size is written to memory");
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(variation: Variation) -> RgbImage {
        image::load_from_memory(&identity_card(variation)).expect("a JPEG").into_rgb8()
    }

    #[test]
    fn the_same_variation_is_the_same_file() {
        assert_eq!(identity_card(Variation::Clean), identity_card(Variation::Clean));
    }

    #[test]
    fn every_variation_is_another_picture_of_the_stated_size() {
        let mut seen = Vec::new();
        for variation in Variation::ALL {
            let expected = if variation == Variation::Small { (400, 275) } else { (1600, 1100) };
            let photo = decoded(variation);
            assert_eq!(photo.dimensions(), expected, "{variation:?}");
            assert!(!seen.contains(&photo), "{variation:?}");
            seen.push(photo);
        }
    }

    #[test]
    fn the_clean_card_is_in_colour_on_a_light_table() {
        let photo = decoded(Variation::Clean);
        assert!(photo.get_pixel(20, 20).0.iter().all(|channel| *channel > 200));
        let band = photo.get_pixel(158 + 240, 145 + 15).0;
        assert!(band[2] > band[0] + 60, "the band is blue: {band:?}");
    }
}
