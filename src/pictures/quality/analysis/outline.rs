//! The document's outline: the convex hull of the largest thing that stands out from the background.

use super::Analysis;

/// Levels of lightness, and of chroma, by which a document differs from its background at least.
const LEAST_LIGHTNESS_STEP: f64 = 14.0;
const LEAST_CHROMA_STEP: f64 = 7.0;

/// Long over short side of a document, a cropped one included, at most.
const LARGEST_ASPECT: f64 = 4.0;

/// Share of its bounding rectangle that a card covers at least that is seen from aside, and of the four-sided figure
/// around it.
const LEAST_TRAPEZIUM: f64 = 0.55;
const LEAST_FILL: f64 = 0.97;

/// What stands out counts as one thing across gaps of this share of the picture's long side: the
/// pale parts of a card on white paper.
const BRIDGED_GAP: f64 = 0.02;

/// Share of the picture that a document covers at least, and of its bounding rectangle: a card is a
/// rectangle, a hand or a shadow is not.
const LEAST_AREA: f64 = 0.002;
/// Below this share of the picture, a thing is a document only if it is this share of all that stands out: a portrait is
/// not, which may be all that shows of a pale card at first sight.
const LARGE_AREA: f64 = 0.06;
const LEAST_SHARE_OF_SMALL: f64 = 0.8;

/// Share of what stands out that must be left when everything narrow is taken away.
const LEAST_SHARE_OF_BROAD: f64 = 0.75;

const LEAST_RECTANGULARITY: f64 = 0.78;

/// A point: column and row.
type Point = (f64, f64);

/// A convex outline.
#[derive(Debug, Clone)]
pub(in super::super) struct Outline {
    /// The corners in order around the outline.
    corners: Vec<Point>,
}

impl Outline {
    /// The document in a picture, where there is one, by what stands out from the background. Where that reaches an edge
    /// of the picture, the grain of the table may join it to the edge: without what is narrow, the document stays.
    pub(super) fn find(analysis: &Analysis) -> Option<Self> {
        let plain = Self::of_mask(analysis, &analysis.standing_out);
        let reach = gap(analysis);
        if plain.as_ref().is_some_and(|outline| outline.margin(analysis.width, analysis.height) > reach as f64) {
            return plain;
        }
        let broad = Self::of_mask(analysis, &opened(&analysis.standing_out, analysis.width, reach));
        let least = plain.as_ref().map_or(0.0, |outline| outline.area() * LEAST_SHARE_OF_BROAD);
        let broad = broad.filter(|outline| outline.area() >= least);
        broad.or(plain)
    }

    fn of_mask(analysis: &Analysis, mask: &[bool]) -> Option<Self> {
        let mut thing = largest_thing(&widened(mask, analysis.width, gap(analysis)), analysis.width)?;
        thing.retain(|place| mask[*place]);
        let outline = Self::around(&thing, analysis.width)?;
        let rectangle = outline.bounding_rectangle();
        let area = outline.area();
        let picture = (analysis.width * analysis.height) as f64;
        let standing_out = analysis.standing_out.iter().filter(|set| **set).count() as f64;
        let alone = thing.len() as f64 >= LEAST_SHARE_OF_SMALL * standing_out;
        let large = area >= LARGE_AREA * picture || (area >= LEAST_AREA * picture && alone);
        let rectangular = area >= LEAST_RECTANGULARITY * rectangle.0 * rectangle.1
            || outline.quadrilateral().is_some_and(|_| area >= LEAST_TRAPEZIUM * rectangle.0 * rectangle.1);
        let compact = rectangle.0 <= LARGEST_ASPECT * rectangle.1;
        (large && rectangular && compact).then_some(outline)
    }

    /// The four-sided figure around the outline that exceeds it least, found by giving up, again and again, the side whose
    /// neighbours meet closest beyond it: rounded corners become corners.
    /// None where the outline leaves too much of it empty to be a card's, whose corners are but rounded.
    pub(in super::super) fn quadrilateral(&self) -> Option<[Point; 4]> {
        let mut corners = self.corners.clone();
        while corners.len() > 4 {
            let count = corners.len();
            let (_, side, meeting) = (0..count)
                .filter_map(|side| {
                    let [before, start, end, after] =
                        [side + count - 1, side, side + 1, side + 2].map(|index| corners[index % count]);
                    let meeting = meeting_point((before, start), (after, end))?;
                    Some((triangle_area(start, end, meeting), side, meeting))
                })
                .min_by(|one, other| one.0.total_cmp(&other.0))?;
            corners[side] = meeting;
            corners.remove((side + 1) % count);
        }
        let figure = Self { corners };
        let fills = self.area() >= LEAST_FILL * figure.area();
        fills.then(|| <[Point; 4]>::try_from(figure.corners).ok()).flatten()
    }

    /// The picture's own outline.
    pub(super) fn of_picture(width: usize, height: usize) -> Self {
        let right = width.saturating_sub(1) as f64;
        let bottom = height.saturating_sub(1) as f64;
        Self { corners: vec![(0.0, 0.0), (right, 0.0), (right, bottom), (0.0, bottom)] }
    }

    /// Long and short side of the smallest rectangle around the outline, however it is turned.
    pub(in super::super) fn bounding_rectangle(&self) -> (f64, f64) {
        let mut smallest = (f64::INFINITY, (0.0, 0.0));
        for (start, end) in self.sides() {
            let (across, down) = (end.0 - start.0, end.1 - start.1);
            let length = across.hypot(down);
            if length < 1e-9 {
                continue;
            }
            let along = self.extent((across / length, down / length));
            let square = self.extent((-down / length, across / length));
            if along * square < smallest.0 {
                smallest = (along * square, (along.max(square), along.min(square)));
            }
        }
        smallest.1
    }

    /// The least distance of the outline from an edge of the picture: left, top, right or bottom.
    pub(in super::super) fn margin(&self, width: usize, height: usize) -> f64 {
        let right = width.saturating_sub(1) as f64;
        let bottom = height.saturating_sub(1) as f64;
        self.corners
            .iter()
            .map(|corner| corner.0.min(corner.1).min(right - corner.0).min(bottom - corner.1))
            .fold(f64::INFINITY, f64::min)
            .max(0.0)
    }

    /// The outline grown or shrunk around its middle.
    pub(super) fn scaled(&self, factor: f64) -> Self {
        let count = self.corners.len().max(1) as f64;
        let sums = self.corners.iter().fold((0.0, 0.0), |sum, corner| (sum.0 + corner.0, sum.1 + corner.1));
        let middle = (sums.0 / count, sums.1 / count);
        let scale =
            |corner: &Point| (middle.0 + (corner.0 - middle.0) * factor, middle.1 + (corner.1 - middle.1) * factor);
        Self { corners: self.corners.iter().map(scale).collect() }
    }

    /// The first and last column inside the outline in a row.
    pub(super) fn span(&self, row: f64) -> Option<(f64, f64)> {
        let mut span: Option<(f64, f64)> = None;
        for (start, end) in self.sides() {
            let (top, bottom) = (start.1.min(end.1), start.1.max(end.1));
            if row < top || row > bottom {
                continue;
            }
            let crossings = if bottom - top < 1e-9 {
                [start.0, end.0]
            } else {
                let at = start.0 + (end.0 - start.0) * (row - start.1) / (end.1 - start.1);
                [at, at]
            };
            for crossing in crossings {
                let (first, last) = span.unwrap_or((crossing, crossing));
                span = Some((first.min(crossing), last.max(crossing)));
            }
        }
        span
    }

    /// The convex hull of places in ascending order (Andrew's monotone chain, by rows).
    fn around(places: &[usize], width: usize) -> Option<Self> {
        let mut ends: Vec<Point> = Vec::new();
        for run in places.chunk_by(|one, next| one / width == next / width) {
            let (first, last) = (run.first()?, run.last()?);
            ends.push(((first % width) as f64, (first / width) as f64));
            ends.push(((last % width) as f64, (last / width) as f64));
        }
        let mut corners = half_hull(ends.iter().copied());
        let back = half_hull(ends.iter().rev().copied());
        corners.pop();
        corners.extend(back);
        corners.pop();
        (corners.len() >= 3).then_some(Self { corners })
    }

    fn sides(&self) -> impl Iterator<Item = (Point, Point)> + '_ {
        let following = self.corners.iter().cycle().skip(1);
        self.corners.iter().copied().zip(following.copied())
    }

    fn extent(&self, direction: Point) -> f64 {
        let along = |corner: &Point| corner.0 * direction.0 + corner.1 * direction.1;
        let (least, most) = self
            .corners
            .iter()
            .map(along)
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(least, most), value| (least.min(value), most.max(value)));
        (most - least).max(0.0)
    }

    fn area(&self) -> f64 {
        let doubled: f64 = self.sides().map(|(one, next)| one.0 * next.1 - next.0 * one.1).sum();
        doubled.abs() / 2.0
    }
}

/// Where two sides meet when both are drawn on, past their second points; none where they part.
fn meeting_point(one: (Point, Point), other: (Point, Point)) -> Option<Point> {
    let direction = |(from, to): (Point, Point)| (to.0 - from.0, to.1 - from.1);
    let (along, against) = (direction(one), direction(other));
    let turn = along.0 * against.1 - along.1 * against.0;
    let (across, down) = (other.1.0 - one.1.0, other.1.1 - one.1.1);
    let beyond = (across * against.1 - down * against.0) / turn;
    let beyond_other = (across * along.1 - down * along.0) / turn;
    let meets = turn.abs() > 1e-9 && beyond >= 0.0 && beyond_other >= 0.0;
    meets.then_some((one.1.0 + along.0 * beyond, one.1.1 + along.1 * beyond))
}

fn triangle_area(one: Point, other: Point, third: Point) -> f64 {
    ((other.0 - one.0) * (third.1 - one.1) - (other.1 - one.1) * (third.0 - one.0)).abs() / 2.0
}

/// How far things are joined across a gap, in pixels.
fn gap(analysis: &Analysis) -> usize {
    (analysis.width.max(analysis.height) as f64 * BRIDGED_GAP / 2.0).round() as usize
}

fn half_hull(points: impl Iterator<Item = Point>) -> Vec<Point> {
    let mut hull: Vec<Point> = Vec::new();
    for point in points {
        while let [.., before, last] = hull.as_slice() {
            let turn = (last.0 - before.0) * (point.1 - before.1) - (last.1 - before.1) * (point.0 - before.0);
            if turn < 0.0 {
                break;
            }
            hull.pop();
        }
        hull.push(point);
    }
    hull
}

/// What differs from the background, without single pixels of noise.
pub(super) fn standing_out(analysis: &Analysis) -> Vec<bool> {
    let background = &analysis.background;
    let lightness_step = LEAST_LIGHTNESS_STEP.max(3.5 * background.noise);
    let mask: Vec<bool> = (0..analysis.luma.len())
        .map(|place| {
            let difference = background.difference(analysis, place);
            let differs = difference.lightness.abs() > lightness_step || difference.chroma() > LEAST_CHROMA_STEP;
            differs && !background.is_grain(&difference)
        })
        .collect();
    despeckled(&mask, analysis.width)
}

/// Without single pixels of noise: one stands out where most of its neighbourhood does.
fn despeckled(mask: &[bool], width: usize) -> Vec<bool> {
    let lines: Vec<&[bool]> = mask.chunks(width.max(1)).collect();
    let mut left = Vec::with_capacity(mask.len());
    for row in 0..lines.len() {
        let rows = &lines[row.saturating_sub(1)..(row + 2).min(lines.len())];
        for column in 0..width {
            let columns = column.saturating_sub(1)..(column + 2).min(width);
            let neighbours = columns.len() * rows.len();
            let set: usize = rows.iter().map(|line| line[columns.clone()].iter().filter(|set| **set).count()).sum();
            left.push(2 * set > neighbours);
        }
    }
    left
}

/// Everything within `distance` of what is set, sideways and up and down.
fn widened(mask: &[bool], width: usize, distance: usize) -> Vec<bool> {
    let sideways = widened_rows(mask, width, distance);
    let height = mask.len() / width.max(1);
    transposed(&widened_rows(&transposed(&sideways, width), height, distance), height)
}

/// Without what is narrower than twice a distance.
pub(in super::super) fn opened(mask: &[bool], width: usize, distance: usize) -> Vec<bool> {
    let inverted: Vec<bool> = mask.iter().map(|set| !set).collect();
    let narrowed: Vec<bool> = widened(&inverted, width, distance).iter().map(|set| !set).collect();
    widened(&narrowed, width, distance)
}

fn widened_rows(mask: &[bool], width: usize, distance: usize) -> Vec<bool> {
    let mut wide = vec![false; mask.len()];
    for (line, wide) in mask.chunks(width.max(1)).zip(wide.chunks_mut(width.max(1))) {
        for column in line.iter().enumerate().filter_map(|(column, set)| set.then_some(column)) {
            let end = (column + distance + 1).min(wide.len());
            wide[column.saturating_sub(distance)..end].fill(true);
        }
    }
    wide
}

fn transposed(mask: &[bool], width: usize) -> Vec<bool> {
    let height = mask.len() / width.max(1);
    (0..mask.len()).map(|place| mask[place % height * width + place / height]).collect()
}

/// The places of the largest connected thing, in ascending order.
pub(in super::super) fn largest_thing(mask: &[bool], width: usize) -> Option<Vec<usize>> {
    let mut waiting = mask.to_vec();
    let mut largest = Vec::new();
    for start in 0..waiting.len() {
        if !waiting[start] {
            continue;
        }
        waiting[start] = false;
        let mut thing = vec![start];
        let mut next = 0;
        while let Some(place) = thing.get(next).copied() {
            next += 1;
            let column = place % width;
            let left = (column > 0).then(|| place - 1);
            let right = (column + 1 < width).then_some(place + 1);
            let above = place.checked_sub(width);
            let below = Some(place + width);
            for neighbour in [left, right, above, below].into_iter().flatten() {
                if let Some(unvisited @ true) = waiting.get_mut(neighbour) {
                    *unvisited = false;
                    thing.push(neighbour);
                }
            }
        }
        if thing.len() > largest.len() {
            largest = thing;
        }
    }
    largest.sort_unstable();
    (!largest.is_empty()).then_some(largest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{Rgb, RgbImage};

    /// A card of 300 by 190 pixels, turned by an angle, in the middle of a light table of 640 by 480.
    fn turned_card(degrees: f64) -> RgbImage {
        let (sine, cosine) = degrees.to_radians().sin_cos();
        RgbImage::from_fn(640, 480, |column, row| {
            let (across, down) = (f64::from(column) - 319.5, f64::from(row) - 239.5);
            let along = (across * cosine + down * sine).abs();
            let square = (down * cosine - across * sine).abs();
            Rgb(if along <= 150.0 && square <= 95.0 { [120, 150, 200] } else { [230, 228, 224] })
        })
    }

    #[test]
    fn a_card_is_measured_however_it_is_turned() {
        for degrees in [0.0, 7.0, 30.0, 45.0, 90.0] {
            let outline = Analysis::of(&turned_card(degrees)).document.expect("a card");
            let (long, short) = outline.bounding_rectangle();
            assert!((long - 300.0).abs() < 5.0, "{degrees}: {long}");
            assert!((short - 190.0).abs() < 5.0, "{degrees}: {short}");
        }
    }

    #[test]
    fn the_margin_is_the_least_distance_from_an_edge() {
        let outline = Analysis::of(&turned_card(0.0)).document.expect("a card");
        assert!((outline.margin(640, 480) - 145.0).abs() < 2.0, "{}", outline.margin(640, 480));
    }

    #[test]
    fn an_empty_table_holds_no_document() {
        let table = RgbImage::from_pixel(640, 480, Rgb([230, 228, 224]));
        assert!(Analysis::of(&table).document.is_none());
    }

    #[test]
    fn a_line_across_the_picture_is_no_document() {
        let table = RgbImage::from_fn(640, 480, |column, row| {
            Rgb(if column.abs_diff(row + 80) < 9 { [60; 3] } else { [230; 3] })
        });
        assert!(Analysis::of(&table).document.is_none());
    }

    #[test]
    fn the_span_of_a_row_lies_between_the_sides() {
        let outline = Outline::of_picture(10, 5);
        assert_eq!(outline.span(2.0), Some((0.0, 9.0)));
        assert_eq!(outline.span(4.5), None);
    }
}
