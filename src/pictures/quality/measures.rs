//! One measure per rule, each a pure function of the analysis. The units are those of
//! [`super::QualityThresholds`].

use super::analysis::{Analysis, Outline, largest_thing, opened, quantile};

/// Lightness from which a background counts as light.
const LEAST_LIGHTNESS: f64 = 125.0;

/// Levels of lightness and of chroma within which a background counts as even.
const EVEN_LIGHTNESS: f64 = 30.0;
const EVEN_CHROMA: f64 = 18.0;

/// Value of the darkest channel from which a pixel may be burnt out, and by which it must outshine the document's ground.
const BURNT_OUT: f32 = 230.0;
const OUTSHINING: f32 = 18.0;

/// Above this, the ground leaves no room for anything to outshine it.
const WHITE: f32 = 250.0;

/// Share of the document from which what is burnt out is rather its own white paper.
const PAPER_SHARE: f64 = 0.35;

/// Half of what a burnt-out patch measures at least, in pixels of the shrunk picture.
const PATCH_REACH: usize = 8;

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

/// How much of what lies around the document (of the outermost ring, without a document) is light, near the lightness
/// expected there, and of its hue.
pub(super) fn light_and_even_share(analysis: &Analysis) -> f64 {
    let good = analysis.surroundings.iter().filter(|place| {
        let difference = analysis.background.difference(analysis, **place);
        f64::from(analysis.luma[**place]) >= LEAST_LIGHTNESS
            && difference.lightness.abs() <= EVEN_LIGHTNESS
            && difference.chroma() <= EVEN_CHROMA
    });
    good.count() as f64 / analysis.surroundings.len().max(1) as f64
}

/// How far the document stays away from the picture's edges. Where no document stands out, its
/// borders cannot be seen.
pub(super) fn border_margin(analysis: &Analysis) -> f64 {
    let shortest = analysis.width.min(analysis.height).max(1) as f64;
    analysis.document.as_ref().map_or(0.0, |document| document.margin(analysis.width, analysis.height) / shortest)
}

/// How much of the ring along one edge of the picture stands out from the background, at the edge where it is most.
pub(super) fn largest_share_at_edge(analysis: &Analysis) -> f64 {
    let share = |side: &Vec<usize>| {
        let standing_out = side.iter().filter(|place| analysis.standing_out[**place]).count();
        standing_out as f64 / side.len().max(1) as f64
    };
    analysis.sides_of_ring().iter().map(share).fold(0.0, f64::max)
}

/// How steep the document's strongest edges (the steepest fiftieth) are, against its whole contrast, in the direction in
/// which they are flattest: a moved camera flattens those across its way only. Blur flattens them; noise is far below.
pub(super) fn edge_steepness(analysis: &Analysis) -> f64 {
    let mut lightness: Vec<f32> = analysis.interior.iter().map(|place| analysis.luma[*place]).collect();
    let dark = quantile(&mut lightness, 0.02);
    let light = quantile(&mut lightness, 0.98);
    let flattest = DIRECTIONS
        .map(|direction| {
            let mut slopes: Vec<f32> =
                analysis.interior.iter().map(|place| slope(analysis, *place, direction)).collect();
            quantile(&mut slopes, 0.98)
        })
        .into_iter()
        .fold(f32::INFINITY, f32::min);
    f64::from(flattest) / f64::from((light - dark).max(10.0))
}

/// Across, down, and both ways between.
const DIRECTIONS: [(usize, usize); 3] = [(1, 0), (0, 1), (1, 1)];

/// Levels per pixel in a direction.
fn slope(analysis: &Analysis, place: usize, (across, down): (usize, usize)) -> f32 {
    let (column, row) = (place % analysis.width, place / analysis.width);
    if column < across || row < down || column + across >= analysis.width || row + down >= analysis.height {
        return 0.0;
    }
    let step = down * analysis.width + across;
    let distance = 2.0 * (across as f32).hypot(down as f32);
    (analysis.luma[place + step] - analysis.luma[place - step]).abs() / distance
}

/// How much of the document the largest connected burnt-out patch inside it covers. Gaps between lines of print are no
/// patch, however white they are.
pub(super) fn largest_burnt_share(analysis: &Analysis) -> f64 {
    let level = burnt_level(analysis).min(WHITE);
    let mut burnt = vec![false; analysis.luma.len()];
    for place in analysis.interior.iter().copied() {
        burnt[place] = f32::from(analysis.darkest[place]) >= level;
    }
    let patches = opened(&burnt, analysis.width, PATCH_REACH);
    let patch = largest_thing(&patches, analysis.width).map_or(0, |patch| patch.len());
    patch as f64 / analysis.interior.len().max(1) as f64
}

/// Whether a reflection could not be told from paper: from the document's own white ground, or from a table's where no
/// document stands out.
pub(super) fn paper_may_be_white(analysis: &Analysis) -> bool {
    let level = burnt_level(analysis);
    let white = analysis.interior.iter().filter(|place| f32::from(analysis.darkest[**place]) >= level);
    analysis.document.is_none() || level > WHITE || white.count() as f64 > PAPER_SHARE * analysis.interior.len() as f64
}

fn burnt_level(analysis: &Analysis) -> f32 {
    let mut values: Vec<f32> = analysis.interior.iter().map(|place| f32::from(analysis.darkest[*place])).collect();
    (quantile(&mut values, 0.5) + OUTSHINING).max(BURNT_OUT)
}

/// How much the document's opposite sides differ, the shorter over the longer one, in the pair that differs most: seen
/// from straight above, 1. Without a document nothing can be said, and nothing is held against the picture.
pub(super) fn side_ratio(analysis: &Analysis) -> f64 {
    let Some([first, second, third, fourth]) = analysis.document.as_ref().and_then(Outline::quadrilateral) else {
        return 1.0;
    };
    let length = |from: (f64, f64), to: (f64, f64)| (to.0 - from.0).hypot(to.1 - from.1);
    let ratio = |one: f64, other: f64| one.min(other) / one.max(other).max(1.0);
    ratio(length(first, second), length(third, fourth)).min(ratio(length(second, third), length(fourth, first)))
}

/// How many pixels of the given picture the document's long side has; without a document, the picture's.
pub(super) fn document_long_side(analysis: &Analysis) -> f64 {
    let pixels = analysis
        .document
        .as_ref()
        .map_or_else(|| analysis.width.max(analysis.height) as f64, |document| document.bounding_rectangle().0 + 1.0);
    (pixels * analysis.scale).round()
}
