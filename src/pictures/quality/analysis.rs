//! What all measures share: the picture shrunk, taken apart into lightness and colour, the
//! background told from the document.

use image::RgbImage;

use crate::intake::shrunk;

mod background;
mod outline;

pub(super) use background::Background;
use outline::standing_out;
pub(super) use outline::{Outline, largest_thing, opened};

/// Pixels of the long side on which everything is measured: fine enough for the print of a card
/// that fills half of it, coarse enough to average the noise of a phone's sensor away.
const WORKING_LONG_SIDE: u32 = 640;

/// Width of the ring that is taken for background, as a share of the picture's short side.
const RING_WIDTH: f64 = 0.03;

/// How far the document's own border is left out of what is measured inside it.
const INTERIOR: f64 = 0.92;

/// How far around the document its shadow is left out of what is measured around it.
const SHADOW: f64 = 1.1;

/// A picture ready to be measured. All planes are in rows of `width` values.
pub(super) struct Analysis {
    /// Pixels of width of the shrunk picture.
    pub(super) width: usize,
    /// Pixels of height of the shrunk picture.
    pub(super) height: usize,
    /// Pixels of the given picture per pixel of the shrunk one.
    pub(super) scale: f64,
    /// Lightness, 0 to 255 (ITU-R BT.601, as in JPEG).
    pub(super) luma: Vec<f32>,
    /// Blue difference, -128 to 128.
    pub(super) blue: Vec<f32>,
    /// Red difference, -128 to 128.
    pub(super) red: Vec<f32>,
    /// The darkest of the three channels: 255 where all are burnt out.
    pub(super) darkest: Vec<u8>,
    /// Places of the outermost ring.
    pub(super) ring: Vec<usize>,
    /// What the ring tells of the background.
    pub(super) background: Background,
    /// What differs from the background.
    pub(super) standing_out: Vec<bool>,
    /// The document, where one stands out from the background.
    pub(super) document: Option<Outline>,
    /// Places around the document, beyond its shadow; the ring where that leaves less, and without a document.
    pub(super) surroundings: Vec<usize>,
    /// Places inside the document, in ascending order; without a document, inside the picture.
    pub(super) interior: Vec<usize>,
}

impl Analysis {
    pub(super) fn of(picture: &RgbImage) -> Self {
        let shrunk = shrunk(picture, WORKING_LONG_SIDE);
        let shrunk = shrunk.as_ref().unwrap_or(picture);
        let (width, height) = (shrunk.width() as usize, shrunk.height() as usize);
        let longest = |image: &RgbImage| f64::from(image.width().max(image.height()).max(1));
        let mut analysis = Self {
            width,
            height,
            scale: longest(picture) / longest(shrunk),
            luma: Vec::with_capacity(width * height),
            blue: Vec::with_capacity(width * height),
            red: Vec::with_capacity(width * height),
            darkest: Vec::with_capacity(width * height),
            ring: ring(width, height),
            background: Background::default(),
            standing_out: Vec::new(),
            document: None,
            surroundings: Vec::new(),
            interior: Vec::new(),
        };
        for pixel in shrunk.pixels() {
            analysis.push(pixel.0);
        }
        analysis.background = Background::fit(&analysis);
        analysis.standing_out = standing_out(&analysis);
        analysis.document = Outline::find(&analysis);
        analysis.surroundings = surroundings(&analysis);
        analysis.interior = interior(&analysis);
        analysis
    }

    fn push(&mut self, [red, green, blue]: [u8; 3]) {
        let (r, g, b) = (f32::from(red), f32::from(green), f32::from(blue));
        let luma = 0.299 * r + 0.587 * g + 0.114 * b;
        self.luma.push(luma);
        self.blue.push((b - luma) * 0.564);
        self.red.push((r - luma) * 0.713);
        self.darkest.push(red.min(green).min(blue));
    }

    /// The left, right, upper and lower side of the ring.
    pub(super) fn sides_of_ring(&self) -> [Vec<usize>; 4] {
        self.edges(ring_thickness(self.width, self.height))
    }

    /// What lies along the picture's left, right, upper and lower edge, not deeper than the ring; the corners belong to two
    /// of them.
    pub(super) fn edges(&self, thickness: usize) -> [Vec<usize>; 4] {
        let thickness = thickness as f64;
        let (last_column, last_row) = (self.width as f64 - thickness, self.height as f64 - thickness);
        let side = |is_of: &dyn Fn((f64, f64)) -> bool| {
            self.ring.iter().copied().filter(|place| is_of(self.position(*place))).collect()
        };
        [
            side(&|(column, _)| column < thickness),
            side(&|(column, _)| column >= last_column),
            side(&|(_, row)| row < thickness),
            side(&|(_, row)| row >= last_row),
        ]
    }

    /// Column and row of a place.
    pub(super) fn position(&self, place: usize) -> (f64, f64) {
        let width = self.width.max(1);
        ((place % width) as f64, (place / width) as f64)
    }
}

fn ring_thickness(width: usize, height: usize) -> usize {
    ((width.min(height) as f64 * RING_WIDTH).round() as usize).max(1)
}

fn ring(width: usize, height: usize) -> Vec<usize> {
    let thickness = ring_thickness(width, height);
    let within = |position: usize, side: usize| position < thickness || position + thickness >= side;
    (0..width * height).filter(|place| within(place % width, width) || within(place / width, height)).collect()
}

fn interior(analysis: &Analysis) -> Vec<usize> {
    let whole = Outline::of_picture(analysis.width, analysis.height);
    let inner = analysis.document.as_ref().unwrap_or(&whole).scaled(INTERIOR);
    rows_inside(analysis, &inner).flatten().collect()
}

fn surroundings(analysis: &Analysis) -> Vec<usize> {
    let Some(document) = &analysis.document else { return analysis.ring.clone() };
    let mut is_around = vec![true; analysis.luma.len()];
    for row in rows_inside(analysis, &document.scaled(SHADOW)) {
        is_around[row].fill(false);
    }
    let places: Vec<usize> = (0..is_around.len()).filter(|place| is_around[*place]).collect();
    if places.len() < analysis.ring.len() { analysis.ring.clone() } else { places }
}

/// The places of each row inside an outline.
fn rows_inside<'a>(analysis: &'a Analysis, outline: &'a Outline) -> impl Iterator<Item = std::ops::Range<usize>> + 'a {
    (0..analysis.height).filter_map(|row| {
        let (first, last) = outline.span(row as f64)?;
        let first = (first.ceil().max(0.0) as usize).min(analysis.width);
        let end = ((last.floor() + 1.0).max(0.0) as usize).clamp(first, analysis.width);
        Some(row * analysis.width + first..row * analysis.width + end)
    })
}

/// The value below which a share (0 to 1) of the values lies; 0 where there are none. Reorders them.
pub(super) fn quantile(values: &mut [f32], share: f64) -> f32 {
    let Some(last) = values.len().checked_sub(1) else { return 0.0 };
    let index = (last as f64 * share).round() as usize;
    *values.select_nth_unstable_by(index.min(last), f32::total_cmp).1
}
