//! The background as the outermost ring shows it: a lightness that a lamp may vary, a hue, noise, and a grain.

use super::{Analysis, quantile};

/// Rounds of fitting, each on what the one before explains: a document that reaches into the ring
/// drops out, as long as most of the ring is background.
const ROUNDS: usize = 5;

/// Rounds after which the surface may bend: before, it would bend to a document that reaches into the ring.
const LEVEL_ROUNDS: usize = 3;

/// Levels around the ring's median that the first round takes for background.
const FIRST_TOLERANCE: f64 = 40.0;

/// Levels that always count as background, however little noise there is.
const LEAST_TOLERANCE: f64 = 8.0;

/// Levels of lightness, and of chroma, that make one tone of a grain.
const TONE_LIGHTNESS: f64 = 8.0;
const TONE_CHROMA: f64 = 6.0;

/// Share of a side of the ring that a tone takes to count as seen there.
const LEAST_TONE_SHARE: f64 = 0.004;

/// Tones of lightness, and of each chroma, around the expected one that are told apart; beyond, nothing is grain.
const TONES: usize = 33;

/// Terms of the surface of lightness: level, slope and bend along both sides.
const TERMS: usize = 6;
const LEVEL_TERMS: usize = 3;

/// A surface of lightness over the picture, with hue, noise and grain.
#[derive(Debug, Clone, Default)]
pub(in super::super) struct Background {
    surface: [f64; TERMS],
    /// Half the picture's width and height, to keep the terms between -1 and 1.
    half: (f64, f64),
    /// Blue difference.
    blue: f64,
    /// Red difference.
    red: f64,
    /// Standard deviation of lightness around the surface.
    pub(in super::super) noise: f64,
    /// The tones that both of two opposite sides of the picture show: those of wood and cloth, not of a document, which
    /// reaches over one edge of the picture, or over two that meet.
    grain: Vec<bool>,
}

/// How a place differs from the background expected there.
pub(in super::super) struct Difference {
    /// Levels of lightness.
    pub(in super::super) lightness: f64,
    /// Levels of blue difference.
    blue: f64,
    /// Levels of red difference.
    red: f64,
}

impl Difference {
    /// Levels of chroma.
    pub(in super::super) fn chroma(&self) -> f64 {
        (self.blue * self.blue + self.red * self.red).sqrt()
    }
}

impl Background {
    pub(super) fn fit(analysis: &Analysis) -> Self {
        let mut lightnesses: Vec<f32> = analysis.ring.iter().map(|place| analysis.luma[*place]).collect();
        let median = f64::from(quantile(&mut lightnesses, 0.5));
        let half = ((analysis.width as f64 / 2.0).max(1.0), (analysis.height as f64 / 2.0).max(1.0));
        let mut background = Self { surface: [median, 0.0, 0.0, 0.0, 0.0, 0.0], half, ..Self::default() };
        let mut tolerance = FIRST_TOLERANCE;
        for round in 0..ROUNDS {
            let inliers: Vec<usize> = analysis
                .ring
                .iter()
                .copied()
                .filter(|place| background.difference(analysis, *place).lightness.abs() <= tolerance)
                .collect();
            if !background.refine(analysis, &inliers, round >= LEVEL_ROUNDS) {
                break;
            }
            tolerance = (3.0 * background.noise).max(LEAST_TOLERANCE);
        }
        background.grain = background.grain_of(analysis);
        background
    }

    /// How a place differs from what is expected there.
    pub(in super::super) fn difference(&self, analysis: &Analysis, place: usize) -> Difference {
        let expected: f64 =
            self.surface.iter().zip(self.terms(analysis, place)).map(|(factor, term)| factor * term).sum();
        Difference {
            lightness: f64::from(analysis.luma[place]) - expected,
            blue: f64::from(analysis.blue[place]) - self.blue,
            red: f64::from(analysis.red[place]) - self.red,
        }
    }

    /// Whether a difference is one of the grain's tones.
    pub(in super::super) fn is_grain(&self, difference: &Difference) -> bool {
        tone_of(difference).is_some_and(|tone| self.grain.get(tone).copied().unwrap_or(false))
    }

    fn terms(&self, analysis: &Analysis, place: usize) -> [f64; TERMS] {
        let (column, row) = analysis.position(place);
        let (x, y) = (column / self.half.0 - 1.0, row / self.half.1 - 1.0);
        [1.0, x, y, x * x, y * y, x * y]
    }

    /// Fits surface, hue and noise to places; `false` where they do not determine a surface.
    fn refine(&mut self, analysis: &Analysis, places: &[usize], may_bend: bool) -> bool {
        let Some(surface) = self.fitted_surface(analysis, places, may_bend) else { return false };
        self.surface = surface;
        let median = |plane: &[f32]| {
            let mut values: Vec<f32> = places.iter().map(|place| plane[*place]).collect();
            f64::from(quantile(&mut values, 0.5))
        };
        self.blue = median(&analysis.blue);
        self.red = median(&analysis.red);
        let squares: f64 = places.iter().map(|place| self.difference(analysis, *place).lightness.powi(2)).sum();
        self.noise = (squares / places.len().max(1) as f64).sqrt();
        true
    }

    /// The surface of least squares, by its normal equations.
    fn fitted_surface(&self, analysis: &Analysis, places: &[usize], may_bend: bool) -> Option<[f64; TERMS]> {
        let mut equations = [[0.0; TERMS + 1]; TERMS];
        for place in places {
            let terms = self.terms(analysis, *place);
            let lightness = f64::from(analysis.luma[*place]);
            for (equation, factor) in equations.iter_mut().zip(terms) {
                for (sum, term) in equation.iter_mut().zip(terms.into_iter().chain([lightness])) {
                    *sum += factor * term;
                }
            }
        }
        if !may_bend {
            for (index, equation) in equations.iter_mut().enumerate().skip(LEVEL_TERMS) {
                *equation = [0.0; TERMS + 1];
                equation[index] = 1.0;
            }
        }
        solved(equations)
    }

    fn grain_of(&self, analysis: &Analysis) -> Vec<bool> {
        let sides = analysis.sides_of_ring().map(|side| self.tones_of(analysis, &side));
        let [left, right, top, bottom] = &sides;
        let seen = |tone: usize, one: &[f64], other: &[f64]| one[tone].min(other[tone]) >= LEAST_TONE_SHARE;
        let tones: Vec<bool> = (0..left.len()).map(|tone| seen(tone, left, right) || seen(tone, top, bottom)).collect();
        with_neighbours(&tones)
    }

    /// Which share of places each tone takes.
    fn tones_of(&self, analysis: &Analysis, places: &[usize]) -> Vec<f64> {
        let mut shares = vec![0.0; TONES.pow(3)];
        let share = 1.0 / places.len().max(1) as f64;
        for place in places {
            if let Some(tone) = tone_of(&self.difference(analysis, *place)) {
                shares[tone] += share;
            }
        }
        shares
    }
}

fn tone_of(difference: &Difference) -> Option<usize> {
    let index = |levels: f64, tone: f64| {
        let index = levels / tone + TONES as f64 / 2.0;
        (0.0..TONES as f64).contains(&index).then_some(index as usize)
    };
    let lightness = index(difference.lightness, TONE_LIGHTNESS)?;
    let blue = index(difference.blue, TONE_CHROMA)?;
    let red = index(difference.red, TONE_CHROMA)?;
    Some((lightness * TONES + blue) * TONES + red)
}

/// The tones and those next to them: between two tones of a grain there are all shades.
fn with_neighbours(tones: &[bool]) -> Vec<bool> {
    let mut wide = tones.to_vec();
    for step in [1, TONES, TONES * TONES] {
        let narrow = wide.clone();
        for tone in (0..narrow.len()).filter(|tone| narrow[*tone]) {
            for neighbour in [tone.checked_sub(step), Some(tone + step)].into_iter().flatten() {
                if let Some(neighbour) = wide.get_mut(neighbour) {
                    *neighbour = true;
                }
            }
        }
    }
    wide
}

/// Solves linear equations, each with its result last, by elimination with the largest pivot.
fn solved(mut equations: [[f64; TERMS + 1]; TERMS]) -> Option<[f64; TERMS]> {
    for pivot in 0..TERMS {
        let largest = (pivot..TERMS)
            .max_by(|one, other| equations[*one][pivot].abs().total_cmp(&equations[*other][pivot].abs()))?;
        equations.swap(pivot, largest);
        if equations[pivot][pivot].abs() < 1e-6 {
            return None;
        }
        let row = equations[pivot];
        for (_, equation) in equations.iter_mut().enumerate().filter(|(index, _)| *index != pivot) {
            let factor = equation[pivot] / row[pivot];
            for (value, subtracted) in equation.iter_mut().zip(row) {
                *value -= factor * subtracted;
            }
        }
    }
    let mut solution = [0.0; TERMS];
    for (index, value) in solution.iter_mut().enumerate() {
        *value = equations[index][TERMS] / equations[index][index];
    }
    Some(solution)
}
