//! The background as the outermost ring shows it: a lightness that may slope, a hue, and noise.

use super::{Analysis, quantile};

/// Rounds of fitting, each on what the one before explains: a document that reaches into the ring
/// drops out, as long as most of the ring is background.
const ROUNDS: usize = 4;

/// Levels around the ring's median that the first round takes for background.
const FIRST_TOLERANCE: f64 = 40.0;

/// Levels that always count as background, however little noise there is.
const LEAST_TOLERANCE: f64 = 8.0;

/// A plane of lightness over the picture, with hue and noise.
#[derive(Debug, Clone, Copy, Default)]
pub(in super::super) struct Background {
    /// Lightness at the picture's first pixel, per column, and per row.
    plane: [f64; 3],
    /// Blue difference.
    pub(in super::super) blue: f64,
    /// Red difference.
    pub(in super::super) red: f64,
    /// Standard deviation of lightness around the plane.
    pub(in super::super) noise: f64,
}

impl Background {
    pub(super) fn fit(analysis: &Analysis) -> Self {
        let lightness = |place: &usize| f64::from(analysis.luma[*place]);
        let mut lightnesses: Vec<f32> = analysis.ring.iter().map(|place| analysis.luma[*place]).collect();
        let median = f64::from(quantile(&mut lightnesses, 0.5));
        let mut background = Self { plane: [median, 0.0, 0.0], ..Self::default() };
        let mut tolerance = FIRST_TOLERANCE;
        for _ in 0..ROUNDS {
            let inliers: Vec<usize> = analysis
                .ring
                .iter()
                .copied()
                .filter(|place| {
                    let (column, row) = analysis.position(*place);
                    (lightness(place) - background.lightness(column, row)).abs() <= tolerance
                })
                .collect();
            let Some(refined) = Self::of_places(analysis, &inliers) else {
                break;
            };
            background = refined;
            tolerance = (3.0 * background.noise).max(LEAST_TOLERANCE);
        }
        background
    }

    /// The lightness expected at a place.
    pub(in super::super) fn lightness(&self, column: f64, row: f64) -> f64 {
        self.plane[0] + self.plane[1] * column + self.plane[2] * row
    }

    fn of_places(analysis: &Analysis, places: &[usize]) -> Option<Self> {
        let plane = fitted_plane(analysis, places)?;
        let count = places.len() as f64;
        let mut background = Self { plane, ..Self::default() };
        let mut variance = 0.0;
        for place in places {
            let (column, row) = analysis.position(*place);
            let difference = f64::from(analysis.luma[*place]) - background.lightness(column, row);
            variance += difference * difference / count;
        }
        background.noise = variance.sqrt();
        let median = |plane: &[f32]| {
            let mut values: Vec<f32> = places.iter().map(|place| plane[*place]).collect();
            f64::from(quantile(&mut values, 0.5))
        };
        background.blue = median(&analysis.blue);
        background.red = median(&analysis.red);
        Some(background)
    }
}

/// The plane of least squares; level where the places do not span one.
fn fitted_plane(analysis: &Analysis, places: &[usize]) -> Option<[f64; 3]> {
    if places.is_empty() {
        return None;
    }
    let count = places.len() as f64;
    let mut mean = [0.0; 3];
    for place in places {
        let (column, row) = analysis.position(*place);
        mean[0] += f64::from(analysis.luma[*place]) / count;
        mean[1] += column / count;
        mean[2] += row / count;
    }
    let (mut xx, mut xy, mut yy, mut xl, mut yl) = (0.0, 0.0, 0.0, 0.0, 0.0);
    for place in places {
        let (column, row) = analysis.position(*place);
        let (x, y) = (column - mean[1], row - mean[2]);
        let lightness = f64::from(analysis.luma[*place]) - mean[0];
        xx += x * x;
        xy += x * y;
        yy += y * y;
        xl += x * lightness;
        yl += y * lightness;
    }
    let determinant = xx * yy - xy * xy;
    if determinant <= 1e-6 * (xx * yy).max(1.0) {
        return Some([mean[0], 0.0, 0.0]);
    }
    let across = (xl * yy - yl * xy) / determinant;
    let down = (yl * xx - xl * xy) / determinant;
    Some([mean[0] - across * mean[1] - down * mean[2], across, down])
}
