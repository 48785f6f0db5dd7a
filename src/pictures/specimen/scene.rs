//! A card on a table in front of a camera: each pixel of the photo is followed to the plane of the table.

use image::{DynamicImage, Rgb, RgbImage};

use super::drawing::{Colour, Noise, averaged_along_rows};

/// Millimetres of a card's sides (ISO/IEC 7810, ID-1).
const CARD: (f32, f32) = (85.6, 54.0);

/// Millimetres from the camera to the card.
const DISTANCE: f32 = 190.0;

/// What a card lies on.
#[derive(Debug, Clone, Copy)]
pub(super) enum Table {
    /// One colour.
    Plain(Colour),
    /// Wood of a colour, whose grain repeats after so many millimetres.
    Wood(Colour, f32),
    /// Woven cloth of a colour.
    Cloth(Colour),
    /// Two colours in stripes so many millimetres wide.
    Stripes(f32),
    /// Two colours in squares so many millimetres wide.
    Checks(f32),
    /// Dots on white, so many millimetres apart.
    Dots(f32),
    /// A printed page.
    Print,
}

impl Table {
    fn colour(self, (x, y): (f32, f32)) -> [f32; 3] {
        let is_odd = |value: f32, width: f32| (value / width).floor().rem_euclid(2.0) > 0.5;
        let either = |condition: bool, one: Colour, other: Colour| if condition { one } else { other }.map(f32::from);
        match self {
            Self::Plain(colour) => colour.map(f32::from),
            Self::Wood(colour, period) => {
                let bent = y + 5.0 * (x / 47.0).sin() + 1.7 * (x / 13.0 + y / 29.0).sin();
                let grain = (bent * std::f32::consts::TAU / period).sin() + 0.5 * (bent * 9.1 / period).sin();
                colour.map(|channel| f32::from(channel) * (1.0 + 0.05 * grain))
            }
            Self::Cloth(colour) => {
                let weave = (x * 2.9).sin() * (y * 2.9).sin() + 0.4 * (x / 9.0).sin();
                colour.map(|channel| f32::from(channel) + 5.0 * weave)
            }
            Self::Stripes(width) => either(is_odd(x + 0.4 * y, width), [190, 40, 50], [240, 236, 226]),
            Self::Checks(width) => either(is_odd(x, width) != is_odd(y, width), [30, 60, 130], [236, 234, 228]),
            Self::Dots(apart) => {
                let from_middle = |value: f32| (value / apart).rem_euclid(1.0) - 0.5;
                let is_dot = from_middle(x).hypot(from_middle(y)) < 0.33;
                either(is_dot, [40, 130, 90], [242, 240, 236])
            }
            Self::Print => {
                let is_line = (y / 4.2).rem_euclid(1.0) < 0.55;
                let is_letter = ((x * 1.7).sin() + (x * 3.1 + (y / 4.2).floor() * 5.0).sin()) > -0.6;
                either(is_line && is_letter, [40, 40, 44], [236, 234, 226])
            }
        }
    }
}

/// All that makes a photo.
pub(super) struct Scene {
    card: RgbImage,
    table: Table,
    /// Pixels of the photo.
    pub(super) size: (u32, u32),
    /// Share of the photo's width, or of its height where that is less, that the card fills.
    pub(super) fills: f32,
    /// Degrees by which the card is turned on the table.
    pub(super) turned: f32,
    /// Degrees by which the camera looks from aside, and from below.
    pub(super) tilted: (f32, f32),
    /// Share of the card over the right edge (left, where negative), and over the lower one.
    pub(super) outside: (f32, f32),
    /// Factors of the light's colour.
    pub(super) light: [f32; 3],
    /// How much darker the light is at the far corner.
    falls_off: f32,
    /// Width of the blur, as a share of the photo's width.
    pub(super) defocused: f32,
    /// Length of a movement along the rows, as a share of the photo's width.
    pub(super) moved: f32,
    /// A reflection: its half width as a share of the card's width, and its place on the card (0 to 1).
    pub(super) reflection: Option<(f32, f32, f32)>,
}

impl Scene {
    /// What a careful person does, never twice alike.
    pub(super) fn ordinary(card: RgbImage, table: Table, noise: &mut Noise) -> Self {
        let size = [(1280, 960), (1200, 900), (1440, 810), (1080, 1440)][noise.below(4) as usize];
        Self {
            card,
            table,
            size,
            fills: noise.between(0.76, 0.88),
            turned: noise.between(-6.0, 6.0),
            tilted: (noise.between(-5.0, 5.0), noise.between(-5.0, 5.0)),
            outside: (0.0, 0.0),
            light: [noise.between(0.96, 1.0), noise.between(0.96, 1.0), noise.between(0.92, 1.0)],
            falls_off: noise.between(0.0, 0.14),
            defocused: 0.0,
            moved: 0.0,
            reflection: None,
        }
    }

    pub(super) fn photographed(&self, noise: &mut Noise) -> RgbImage {
        let camera = Camera::looking_at(self);
        let mut photo = RgbImage::from_fn(self.size.0, self.size.1, |column, row| {
            // Two rays a pixel, so that no edge is sharper than a lens draws it.
            let mut sum = [0.0; 3];
            for (across, down) in [(0.25, 0.25), (0.75, 0.75)] {
                let seen = self.seen(camera.on_table(column as f32 + across, row as f32 + down));
                sum = std::array::from_fn(|channel| sum[channel] + seen[channel] / 2.0);
            }
            let far = (column as f32 / self.size.0 as f32 + row as f32 / self.size.1 as f32) / 2.0;
            let light = 1.0 - self.falls_off * far;
            Rgb(std::array::from_fn(|channel| (sum[channel] * self.light[channel] * light).min(255.0) as u8))
        });
        photo = self.blurred(photo);
        add_sensor_noise(&mut photo, noise);
        photo
    }

    /// The colour at a place of the table, in millimetres from the card's middle.
    fn seen(&self, place: (f32, f32)) -> [f32; 3] {
        let mut colour = self.on_card(place).unwrap_or_else(|| {
            let shadow = if self.is_card((place.0 - 1.0, place.1 - 1.2)) { 0.8 } else { 1.0 };
            self.table.colour(place).map(|channel| channel * shadow)
        });
        if let Some((half, across, down)) = self.reflection {
            let from = (place.0 - (across - 0.5) * CARD.0, place.1 - (down - 0.5) * CARD.1);
            let distance = from.0.hypot(from.1 * 1.4) / (half * CARD.0);
            let light = 900.0 * (-distance * distance * 1.6).exp();
            colour = colour.map(|channel| channel + light);
        }
        colour
    }

    fn is_card(&self, (x, y): (f32, f32)) -> bool {
        let (column, row) = self.card_pixel((x, y));
        let (width, height) = (self.card.width() as f32, self.card.height() as f32);
        if !(0.0..height).contains(&row) {
            return false;
        }
        let inset = corner_inset(row as u32, self.card.height()) as f32;
        (inset..width - inset).contains(&column)
    }

    fn card_pixel(&self, (x, y): (f32, f32)) -> (f32, f32) {
        let width = self.card.width() as f32;
        ((x / CARD.0 + 0.5) * width, (y / CARD.1 + 0.5) * self.card.height() as f32)
    }

    fn on_card(&self, place: (f32, f32)) -> Option<[f32; 3]> {
        if !self.is_card(place) {
            return None;
        }
        let (column, row) = self.card_pixel(place);
        let (left, top) = (column as u32, row as u32);
        let pixel = |right: u32, down: u32| {
            let (last_column, last_row) = (self.card.width() - 1, self.card.height() - 1);
            *self.card.get_pixel((left + right).min(last_column), (top + down).min(last_row))
        };
        let (upper, lower) =
            (mixed(pixel(0, 0), pixel(1, 0), column.fract()), mixed(pixel(0, 1), pixel(1, 1), column.fract()));
        Some(std::array::from_fn(|channel| upper[channel] + (lower[channel] - upper[channel]) * row.fract()))
    }

    /// Three passes of a moving average make nearly a bell curve.
    fn blurred(&self, photo: RgbImage) -> RgbImage {
        let reach = |share: f32| (share * self.size.0 as f32).round() as usize;
        let mut photo = photo;
        if self.moved > 0.0 {
            photo = averaged_along_rows(&photo, reach(self.moved));
        }
        if self.defocused > 0.0 {
            for _ in 0..3 {
                photo = averaged_along_rows(&photo, reach(self.defocused));
                photo = DynamicImage::ImageRgb8(photo).rotate90().into_rgb8();
                photo = averaged_along_rows(&photo, reach(self.defocused));
                photo = DynamicImage::ImageRgb8(photo).rotate270().into_rgb8();
            }
        }
        photo
    }
}

/// Where the camera stands: the table's two directions and its own frame.
struct Camera {
    /// The card's long and short direction, as the camera sees them.
    along: [f32; 3],
    down: [f32; 3],
    /// Pixels of a millimetre at a millimetre's distance.
    focal: f32,
    /// The pixel that looks straight ahead.
    middle: (f32, f32),
}

impl Camera {
    fn looking_at(scene: &Scene) -> Self {
        let rotated = |[x, y, z]: [f32; 3]| {
            let (sine, cosine) = scene.turned.to_radians().sin_cos();
            let (x, y) = (x * cosine - y * sine, x * sine + y * cosine);
            let (sine, cosine) = scene.tilted.0.to_radians().sin_cos();
            let (x, z) = (x * cosine + z * sine, z * cosine - x * sine);
            let (sine, cosine) = scene.tilted.1.to_radians().sin_cos();
            [x, y * cosine - z * sine, y * sine + z * cosine]
        };
        let mut camera =
            Self { along: rotated([1.0, 0.0, 0.0]), down: rotated([0.0, 1.0, 0.0]), focal: 1.0, middle: (0.0, 0.0) };
        let (least, most) = camera.extent();
        let (width, height) = (scene.size.0 as f32, scene.size.1 as f32);
        camera.focal = scene.fills * (width / (most.0 - least.0)).min(height / (most.1 - least.1));
        let (least, most) = camera.extent();
        let placed = |least: f32, most: f32, side: f32, outside: f32| {
            let length = most - least;
            if outside > 0.0 {
                side - most + outside * length
            } else if outside < 0.0 {
                outside * length - least
            } else {
                (side - least - most) / 2.0
            }
        };
        camera.middle =
            (placed(least.0, most.0, width, scene.outside.0), placed(least.1, most.1, height, scene.outside.1));
        camera
    }

    /// The least and the largest column and row of the card.
    fn extent(&self) -> ((f32, f32), (f32, f32)) {
        let mut extent = ((f32::INFINITY, f32::INFINITY), (f32::NEG_INFINITY, f32::NEG_INFINITY));
        for (x, y) in [(-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5)] {
            let (x, y) = (x * CARD.0, y * CARD.1);
            let point: [f32; 3] = std::array::from_fn(|axis| self.along[axis] * x + self.down[axis] * y);
            let depth = point[2] + DISTANCE;
            let (column, row) = (self.focal * point[0] / depth, self.focal * point[1] / depth);
            extent.0 = (extent.0.0.min(column), extent.0.1.min(row));
            extent.1 = (extent.1.0.max(column), extent.1.1.max(row));
        }
        extent
    }

    /// The place of the table that a pixel sees, in millimetres from the card's middle.
    fn on_table(&self, column: f32, row: f32) -> (f32, f32) {
        let ray = [(column - self.middle.0) / self.focal, (row - self.middle.1) / self.focal, 1.0];
        let upright = [
            self.along[1] * self.down[2] - self.along[2] * self.down[1],
            self.along[2] * self.down[0] - self.along[0] * self.down[2],
            self.along[0] * self.down[1] - self.along[1] * self.down[0],
        ];
        let product = |one: [f32; 3], other: [f32; 3]| one[0] * other[0] + one[1] * other[1] + one[2] * other[2];
        let length = upright[2] * DISTANCE / product(upright, ray);
        let point = [ray[0] * length, ray[1] * length, length - DISTANCE];
        (product(point, self.along), product(point, self.down))
    }
}

/// A colour between two.
fn mixed(one: Rgb<u8>, other: Rgb<u8>, share: f32) -> [f32; 3] {
    std::array::from_fn(|channel| f32::from(one.0[channel]) * (1.0 - share) + f32::from(other.0[channel]) * share)
}

/// How many pixels the rounded corners take from either end of a row.
fn corner_inset(row: u32, height: u32) -> u32 {
    const RADIUS: f32 = 44.0;
    let from_border = row.min(height - 1 - row) as f32 + 0.5;
    let from_centre = (RADIUS - from_border).max(0.0);
    (RADIUS - (RADIUS * RADIUS - from_centre * from_centre).sqrt()).round() as u32
}

fn add_sensor_noise(photo: &mut RgbImage, noise: &mut Noise) {
    for pixel in photo.pixels_mut() {
        let (shift, hue) = noise.bells();
        let [red, green, blue] = &mut pixel.0;
        *red = shifted(*red, shift + hue / 3);
        *green = shifted(*green, shift);
        *blue = shifted(*blue, shift - hue / 3);
    }
}

fn shifted(channel: u8, shift: i32) -> u8 {
    (i32::from(channel) + shift).clamp(0, 255) as u8
}
