//! One measure per rule, each a pure function of the analysis. The units are those of
//! [`super::QualityThresholds`].

use super::analysis::{Analysis, quantile};

/// Bins of lightness within which chroma is compared: fine enough that a toned copy has one hue in each.
const LIGHTNESS_BINS: usize = 32;

/// Lightness from which a background counts as light.
const LEAST_LIGHTNESS: f64 = 125.0;

/// Levels of lightness and of chroma within which a background counts as even.
const EVEN_LIGHTNESS: f64 = 18.0;
const EVEN_CHROMA: f64 = 12.0;

/// Channel value from which a pixel is burnt out.
const BURNT_OUT: u8 = 250;

/// How colourful the document is beyond what its lightness explains. A grey copy under a warm lamp
/// and a sepia one have a hue, but the same one wherever they are equally light: after taking the
/// usual hue of each lightness away, nothing is left of them. Of what is left, the largest
/// twentieth is averaged, since documents are pale and show their colour in small parts.
pub(super) fn unexplained_chroma(analysis: &Analysis) -> f64 {
    let bin = |place: usize| {
        let share = f64::from(analysis.luma[place]) / 256.0 * LIGHTNESS_BINS as f64;
        (share.max(0.0) as usize).min(LIGHTNESS_BINS - 1)
    };
    let mut usual = [(0.0_f64, 0.0_f64, 0.0_f64); LIGHTNESS_BINS];
    for place in analysis.interior.iter().copied() {
        let sums = &mut usual[bin(place)];
        sums.0 += 1.0;
        sums.1 += f64::from(analysis.blue[place]);
        sums.2 += f64::from(analysis.red[place]);
    }
    let mut unexplained: Vec<f32> = analysis
        .interior
        .iter()
        .map(|place| {
            let (count, blue, red) = usual[bin(*place)];
            let blue = f64::from(analysis.blue[*place]) - blue / count.max(1.0);
            let red = f64::from(analysis.red[*place]) - red / count.max(1.0);
            blue.hypot(red) as f32
        })
        .collect();
    unexplained.sort_unstable_by(|one, other| other.total_cmp(one));
    let largest = &unexplained[..unexplained.len().div_ceil(20)];
    let sum: f64 = largest.iter().map(|value| f64::from(*value)).sum();
    sum / (largest.len().max(1) as f64)
}

/// How much of the outermost ring is light, near the plane of lightness fitted to it, and of its hue.
pub(super) fn light_and_even_share(analysis: &Analysis) -> f64 {
    let background = &analysis.background;
    let good = analysis.ring.iter().filter(|place| {
        let (column, row) = analysis.position(**place);
        let lightness = f64::from(analysis.luma[**place]);
        let blue = f64::from(analysis.blue[**place]) - background.blue;
        let red = f64::from(analysis.red[**place]) - background.red;
        lightness >= LEAST_LIGHTNESS
            && (lightness - background.lightness(column, row)).abs() <= EVEN_LIGHTNESS
            && blue.hypot(red) <= EVEN_CHROMA
    });
    good.count() as f64 / analysis.ring.len().max(1) as f64
}

/// How far the document stays away from the picture's edges. Where no document stands out, its
/// borders cannot be seen.
pub(super) fn border_margin(analysis: &Analysis) -> f64 {
    let shortest = analysis.width.min(analysis.height).max(1) as f64;
    analysis
        .document
        .as_ref()
        .map_or(0.0, |document| document.margin(analysis.width, analysis.height) / shortest)
}

/// How steep the document's strongest edges (the steepest fiftieth) are, against its whole contrast.
/// Blur flattens them; noise is far below them.
pub(super) fn edge_steepness(analysis: &Analysis) -> f64 {
    let mut lightness: Vec<f32> =
        analysis.interior.iter().map(|place| analysis.luma[*place]).collect();
    let dark = quantile(&mut lightness, 0.02);
    let light = quantile(&mut lightness, 0.98);
    let mut slopes: Vec<f32> = analysis
        .interior
        .iter()
        .map(|place| slope(analysis, *place))
        .collect();
    let steep = quantile(&mut slopes, 0.98);
    f64::from(steep) / f64::from((light - dark).max(10.0))
}

fn slope(analysis: &Analysis, place: usize) -> f32 {
    let (column, row) = (place % analysis.width, place / analysis.width);
    if column == 0 || row == 0 || column + 1 >= analysis.width || row + 1 >= analysis.height {
        return 0.0;
    }
    let across = analysis.luma[place + 1] - analysis.luma[place - 1];
    let down = analysis.luma[place + analysis.width] - analysis.luma[place - analysis.width];
    across.hypot(down) / 2.0
}

/// How much of the document the largest connected burnt-out patch inside it covers.
pub(super) fn largest_burnt_share(analysis: &Analysis) -> f64 {
    let mut burnt = vec![false; analysis.luma.len()];
    for place in analysis.interior.iter().copied() {
        burnt[place] = analysis.darkest[place] >= BURNT_OUT;
    }
    let patch = super::analysis::largest_thing(&burnt, analysis.width).map_or(0, |patch| patch.len());
    patch as f64 / analysis.interior.len().max(1) as f64
}

/// How many pixels of the given picture the document's long side has; without a document, the picture's.
pub(super) fn document_long_side(analysis: &Analysis) -> f64 {
    let pixels = analysis.document.as_ref().map_or_else(
        || analysis.width.max(analysis.height) as f64,
        |document| document.bounding_rectangle().0 + 1.0,
    );
    (pixels * analysis.scale).round()
}
