//! A card that does not exist, drawn flat. It says SPECIMEN and FAC-SIMILE, so that it can be taken for no real one.

use image::{Rgb, RgbImage};

use super::drawing::{Area, Colour, Noise, fill, fill_ellipse, write_block_letters};

/// Pixels of the card: an ID-1 card (ISO/IEC 7810, 85.6 × 54 mm) at about 15 pixels a millimetre.
const CARD_WIDTH: u32 = 1284;
const CARD_HEIGHT: u32 = 810;

pub(super) fn drawn_card(noise: &mut Noise) -> RgbImage {
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

pub(super) fn lightness([red, green, blue]: Colour) -> u8 {
    ((299 * u32::from(red) + 587 * u32::from(green) + 114 * u32::from(blue)) / 1000) as u8
}

pub(super) fn sepia(colour: Colour) -> Colour {
    let grey = f32::from(lightness(colour));
    [grey * 0.9 + 26.0, grey * 0.82 + 12.0, grey * 0.66].map(|channel| channel.min(255.0) as u8)
}
