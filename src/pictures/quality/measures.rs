//! One measure per rule, each a pure function of the analysis. The units are those of
//! [`super::QualityThresholds`].

use super::analysis::{Analysis, quantile};

/// Lightness from which a background counts as light.
const LEAST_LIGHTNESS: f64 = 125.0;

/// Levels of lightness and of chroma within which a background counts as even.
const EVEN_LIGHTNESS: f64 = 18.0;
const EVEN_CHROMA: f64 = 12.0;

/// Channel value from which a pixel is burnt out.
const BURNT_OUT: u8 = 250;

/// How colourful the document is beyond what its lightness explains. A grey copy under a warm lamp
/// and a sepia one have a hue, but one that goes with lightness: after taking away the parabola that
/// predicts chroma from lightness best, nothing is left of them. Of what is left, the largest
/// twentieth is averaged, since documents are pale and show their colour in small parts.
pub(super) fn unexplained_chroma(analysis: &Analysis) -> f64 {
    let blue = unexplained_by_lightness(analysis, &analysis.blue);
    let red = unexplained_by_lightness(analysis, &analysis.red);
    let mut chroma: Vec<f32> = blue.iter().zip(&red).map(|(blue, red)| blue.hypot(*red) as f32).collect();
    chroma.sort_unstable_by(|one, other| other.total_cmp(one));
    chroma.truncate(chroma.len().div_ceil(20));
    mean(chroma.into_iter().map(f64::from))
}

/// What the least-squares parabola over lightness leaves of a plane inside the document. The parabola
/// is fitted term by term, each term made orthogonal to those before.
fn unexplained_by_lightness(analysis: &Analysis, plane: &[f32]) -> Vec<f64> {
    let inside =
        |values: &[f32]| -> Vec<f64> { analysis.interior.iter().map(|place| f64::from(values[*place])).collect() };
    let mut left = inside(plane);
    let constant = vec![1.0; left.len()];
    // Lightness from -1 to 1, to keep the squares in reach.
    let mut linear: Vec<f64> = inside(&analysis.luma).iter().map(|luma| luma / 128.0 - 1.0).collect();
    let mut square: Vec<f64> = linear.iter().map(|lightness| lightness * lightness).collect();
    take_away(&mut linear, &constant);
    take_away(&mut square, &constant);
    take_away(&mut square, &linear);
    for term in [&constant, &linear, &square] {
        take_away(&mut left, term);
    }
    left
}

/// Takes the part of the values away that runs along a term; a term that is nearly nothing explains nothing.
fn take_away(values: &mut [f64], term: &[f64]) {
    let power = mean(term.iter().map(|value| value * value));
    if power < 1e-9 {
        return;
    }
    let share = mean(values.iter().zip(term).map(|(value, term)| value * term)) / power;
    for (value, term) in values.iter_mut().zip(term) {
        *value -= share * term;
    }
}

fn mean(values: impl ExactSizeIterator<Item = f64>) -> f64 {
    let count = values.len().max(1) as f64;
    values.sum::<f64>() / count
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
    analysis.document.as_ref().map_or(0.0, |document| document.margin(analysis.width, analysis.height) / shortest)
}

/// How steep the document's strongest edges (the steepest fiftieth) are, against its whole contrast.
/// Blur flattens them; noise is far below them.
pub(super) fn edge_steepness(analysis: &Analysis) -> f64 {
    let mut lightness: Vec<f32> = analysis.interior.iter().map(|place| analysis.luma[*place]).collect();
    let dark = quantile(&mut lightness, 0.02);
    let light = quantile(&mut lightness, 0.98);
    let mut slopes: Vec<f32> = analysis.interior.iter().map(|place| slope(analysis, *place)).collect();
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
    let pixels = analysis
        .document
        .as_ref()
        .map_or_else(|| analysis.width.max(analysis.height) as f64, |document| document.bounding_rectangle().0 + 1.0);
    (pixels * analysis.scale).round()
}
