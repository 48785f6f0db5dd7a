//! What all measures share: the picture shrunk, taken apart into lightness and colour, the
//! background told from the document.

use image::RgbImage;

use crate::intake::shrink;

mod background;
mod outline;

pub(super) use background::Background;
pub(super) use outline::{Outline, largest_thing};

/// Pixels of the long side on which everything is measured: fine enough for the print of a card
/// that fills half of it, coarse enough to average the noise of a phone's sensor away.
const WORKING_LONG_SIDE: u32 = 640;

/// Width of the ring that is taken for background, as a share of the picture's short side.
const RING_WIDTH: f64 = 0.03;

/// How far the document's own border is left out of what is measured inside it.
const INTERIOR: f64 = 0.92;

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
    /// The document, where one stands out from the background.
    pub(super) document: Option<Outline>,
    /// Places inside the document, in ascending order; without a document, inside the picture.
    pub(super) interior: Vec<usize>,
}

impl Analysis {
    pub(super) fn of(picture: &RgbImage) -> Self {
        let shrunk = shrink(picture, WORKING_LONG_SIDE);
        let (width, height) = (shrunk.width() as usize, shrunk.height() as usize);
        let longest = |image: &RgbImage| f64::from(image.width().max(image.height()).max(1));
        let mut analysis = Self {
            width,
            height,
            scale: longest(picture) / longest(&shrunk),
            luma: Vec::with_capacity(width * height),
            blue: Vec::with_capacity(width * height),
            red: Vec::with_capacity(width * height),
            darkest: Vec::with_capacity(width * height),
            ring: ring(width, height),
            background: Background::default(),
            document: None,
            interior: Vec::new(),
        };
        for pixel in shrunk.pixels() {
            analysis.push(pixel.0);
        }
        analysis.background = Background::fit(&analysis);
        analysis.document = Outline::find(&analysis);
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

    /// Column and row of a place.
    pub(super) fn position(&self, place: usize) -> (f64, f64) {
        let width = self.width.max(1);
        ((place % width) as f64, (place / width) as f64)
    }
}

fn ring(width: usize, height: usize) -> Vec<usize> {
    let thickness = ((width.min(height) as f64 * RING_WIDTH).round() as usize).max(1);
    let within = |position: usize, side: usize| position < thickness || position + thickness >= side;
    (0..width * height).filter(|place| within(place % width, width) || within(place / width, height)).collect()
}

fn interior(analysis: &Analysis) -> Vec<usize> {
    let whole = Outline::of_picture(analysis.width, analysis.height);
    let inner = analysis.document.as_ref().unwrap_or(&whole).scaled(INTERIOR);
    let mut places = Vec::new();
    for row in 0..analysis.height {
        if let Some((first, last)) = inner.span(row as f64) {
            let first = first.ceil().max(0.0) as usize;
            let end = ((last.floor() + 1.0).max(0.0) as usize).min(analysis.width);
            places.extend((first..end).map(|column| row * analysis.width + column));
        }
    }
    places
}

/// The value below which a share (0 to 1) of the values lies; 0 where there are none. Sorts them.
pub(super) fn quantile(values: &mut [f32], share: f64) -> f32 {
    values.sort_unstable_by(f32::total_cmp);
    let last = values.len().saturating_sub(1);
    let index = (last as f64 * share).round() as usize;
    values.get(index).copied().unwrap_or(0.0)
}
