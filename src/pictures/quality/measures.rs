//! One measure per rule, each a pure function of the analysis. The units are those of
//! [`super::QualityThresholds`].

use super::analysis::{Analysis, Outline, largest_thing, opened, quantile};

/// Lightness from which a background counts as light.
const LEAST_LIGHTNESS: f64 = 125.0;

/// Levels of lightness and of chroma within which a background counts as even.
const EVEN_LIGHTNESS: f64 = 30.0;
const EVEN_CHROMA: f64 = 18.0;

/// Pixels of the shrunk picture that make its edge, and share of an edge that a document takes at least that reaches it.
const EDGE: usize = 2;
const LEAST_SHARE_OF_EDGE: f64 = 0.05;

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
    let terms = parabola(&inside(analysis, &analysis.luma));
    let [blue, red] = [&analysis.blue, &analysis.red].map(|plane| {
        let mut left = inside(analysis, plane);
        terms.iter().for_each(|term| take_away(&mut left, term));
        left
    });
    let mut chroma: Vec<f32> =
        blue.iter().zip(&red).map(|(blue, red)| (blue * blue + red * red).sqrt() as f32).collect();
    let largest = chroma.len().div_ceil(20);
    if largest < chroma.len() {
        chroma.select_nth_unstable_by(largest, |one, other| other.total_cmp(one));
    }
    chroma.truncate(largest);
    mean(chroma.into_iter().map(f64::from))
}

/// The values of a plane inside the document, averaged over blocks of two by two: a JPEG mostly keeps chroma at half the
/// resolution of lightness (4:2:0), so that at fine print the two say different things.
fn inside(analysis: &Analysis, plane: &[f32]) -> Vec<f64> {
    let width = analysis.width;
    let block = |place: &usize| -> Option<f64> {
        let (column, row) = (place % width, place / width);
        let is_first = column.is_multiple_of(2) && row.is_multiple_of(2) && column + 1 < width;
        let upper = plane.get(*place..*place + 2).filter(|_| is_first)?;
        let lower = plane.get(*place + width..*place + width + 2)?;
        Some(upper.iter().chain(lower).map(|value| f64::from(*value)).sum::<f64>() / 4.0)
    };
    analysis.interior.iter().filter_map(block).collect()
}

/// The terms of a parabola over lightness, each made orthogonal to those before, so that what runs along them can be taken
/// away one by one: together they are the parabola of least squares.
fn parabola(lightness: &[f64]) -> [Vec<f64>; 3] {
    let constant = vec![1.0; lightness.len()];
    // From -1 to 1, to keep the squares in reach.
    let mut linear: Vec<f64> = lightness.iter().map(|level| level / 128.0 - 1.0).collect();
    let mut square: Vec<f64> = linear.iter().map(|lightness| lightness * lightness).collect();
    take_away(&mut linear, &constant);
    take_away(&mut square, &constant);
    take_away(&mut square, &linear);
    [constant, linear, square]
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

/// How far the document stays away from the picture's edges. Where no document stands out, its borders cannot be seen; where
/// something reaches an edge, it may be a part of the document that a stripe as pale as the table cuts off.
pub(super) fn border_margin(analysis: &Analysis) -> f64 {
    if reaches_an_edge(analysis) {
        return 0.0;
    }
    let shortest = analysis.width.min(analysis.height).max(1) as f64;
    analysis.document.as_ref().map_or(0.0, |document| document.margin(analysis.width, analysis.height) / shortest)
}

/// Whether what stands out from the background reaches an edge of the picture.
pub(super) fn reaches_an_edge(analysis: &Analysis) -> bool {
    analysis.edges(EDGE).iter().any(|edge| {
        let standing_out = edge.iter().filter(|place| analysis.standing_out[**place]).count();
        standing_out as f64 > LEAST_SHARE_OF_EDGE * edge.len() as f64
    })
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

/// Columns and rows of a step, and its length: across, down, and between.
const DIRECTIONS: [(usize, usize, f32); 3] = [(1, 0, 1.0), (0, 1, 1.0), (1, 1, std::f32::consts::SQRT_2)];

/// Levels per pixel in a direction.
fn slope(analysis: &Analysis, place: usize, (across, down, length): (usize, usize, f32)) -> f32 {
    let (column, row) = (place % analysis.width, place / analysis.width);
    if column < across || row < down || column + across >= analysis.width || row + down >= analysis.height {
        return 0.0;
    }
    let step = down * analysis.width + across;
    (analysis.luma[place + step] - analysis.luma[place - step]).abs() / (2.0 * length)
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
