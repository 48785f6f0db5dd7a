//! Photos of a document that does not exist, as people take them: what the demo uploads, the tests send, and the rules of
//! [`crate::quality`] are measured with.
//!
//! A class and a number make one photo, the same at each call. Even numbers were looked at when the thresholds were set,
//! odd ones are kept for measuring ([`PhotoClass::held_out`]).

mod card;
mod drawing;
mod scene;

use image::RgbImage;
use jpeg_encoder::{ColorType, Encoder};

use crate::quality::QualityRule;
use card::{drawn_card, lightness, sepia};
use drawing::{Colour, Noise};
use scene::{Scene, Table};

/// What is right or wrong with a photo.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PhotoClass {
    /// On white paper.
    White,
    /// On something cream-coloured.
    Cream,
    /// On something light grey.
    LightGrey,
    /// On light wood, grain and all.
    Wood,
    /// On pale cloth.
    Cloth,
    /// Turned on the table by up to 40 degrees.
    Turned,
    /// Upright only by its EXIF orientation.
    RotatedByExif,
    /// A black and white copy, some under coloured light.
    Grey,
    /// A copy toned in brown.
    Sepia,
    /// On a dark table.
    Dark,
    /// On stripes, checks, dots or print.
    Busy,
    /// Reaching over the left edge.
    CroppedLeft,
    /// Reaching over the upper edge.
    CroppedTop,
    /// Reaching over the right edge.
    CroppedRight,
    /// Reaching over the lower edge.
    CroppedBottom,
    /// Out of focus, or moved.
    Blurred,
    /// A lamp's reflection hides a part.
    Glare,
    /// Of too few pixels.
    Small,
    /// Seen from aside.
    Aside,
}

impl PhotoClass {
    /// Every class, the good ones first.
    pub const ALL: [Self; 19] = [
        Self::White,
        Self::Cream,
        Self::LightGrey,
        Self::Wood,
        Self::Cloth,
        Self::Turned,
        Self::RotatedByExif,
        Self::Grey,
        Self::Sepia,
        Self::Dark,
        Self::Busy,
        Self::CroppedLeft,
        Self::CroppedTop,
        Self::CroppedRight,
        Self::CroppedBottom,
        Self::Blurred,
        Self::Glare,
        Self::Small,
        Self::Aside,
    ];

    /// The rule that has to refuse these photos; none of the good ones may be refused by any.
    pub fn fault(self) -> Option<QualityRule> {
        match self {
            Self::White
            | Self::Cream
            | Self::LightGrey
            | Self::Wood
            | Self::Cloth
            | Self::Turned
            | Self::RotatedByExif => None,
            Self::Grey | Self::Sepia => Some(QualityRule::Colour),
            Self::Dark | Self::Busy => Some(QualityRule::Background),
            Self::CroppedLeft | Self::CroppedTop | Self::CroppedRight | Self::CroppedBottom => {
                Some(QualityRule::Borders)
            }
            Self::Blurred => Some(QualityRule::Sharpness),
            Self::Glare => Some(QualityRule::Glare),
            Self::Small => Some(QualityRule::Resolution),
            Self::Aside => Some(QualityRule::Perspective),
        }
    }

    /// The numbers of this many photos that no threshold was set by.
    pub fn held_out(count: u32) -> impl Iterator<Item = u32> {
        (0..count).map(|index| 2 * index + 1)
    }
}

/// The photo of a class and a number, as the bytes of a JPEG.
pub fn photograph(class: PhotoClass, number: u32) -> Vec<u8> {
    let mut noise = Noise::seeded(u64::from(number) << 8 | class as u64);
    let scene = scene_of(class, &mut noise);
    let photo = scene.photographed(&mut noise);
    let quality = 78 + noise.below(18) as u8;
    if class == PhotoClass::RotatedByExif {
        rotated_by_exif(&photo, quality, &mut noise)
    } else {
        encoded(&photo, quality, None)
    }
}

/// A clean photo of 12 megapixels, as phones take them.
pub fn large_photograph() -> Vec<u8> {
    let mut noise = Noise::seeded(12);
    let mut scene = scene_of(PhotoClass::LightGrey, &mut noise);
    scene.size = (4000, 3000);
    encoded(&scene.photographed(&mut noise), 90, None)
}

fn scene_of(class: PhotoClass, noise: &mut Noise) -> Scene {
    let mut scene = Scene::ordinary(card_of(class, noise), table_of(class, noise), noise);
    let share = 0.04 + 0.28 * noise.share();
    match class {
        PhotoClass::Turned => scene.turned = noise.either_way(8.0, 40.0),
        PhotoClass::Aside => scene.tilted = (noise.either_way(46.0, 58.0), noise.between(-6.0, 6.0)),
        PhotoClass::Grey if noise.below(3) == 0 => {
            scene.light = [1.0, noise.between(0.86, 0.97), noise.between(0.7, 0.9)]
        }
        PhotoClass::CroppedLeft => scene.outside = (-share, 0.0),
        PhotoClass::CroppedTop => scene.outside = (0.0, -share),
        PhotoClass::CroppedRight => scene.outside = (share, 0.0),
        PhotoClass::CroppedBottom => scene.outside = (0.0, share),
        PhotoClass::Blurred if noise.below(2) == 0 => scene.moved = noise.between(0.008, 0.02),
        PhotoClass::Blurred => scene.defocused = noise.between(0.0028, 0.006),
        PhotoClass::Glare => {
            scene.reflection = Some((noise.between(0.1, 0.2), noise.between(0.3, 0.7), noise.between(0.35, 0.6)))
        }
        PhotoClass::Small if noise.below(2) == 0 => scene.fills = noise.between(0.14, 0.24),
        PhotoClass::Small => scene.size = (320 + noise.below(200), 240 + noise.below(120)),
        _ => {}
    }
    scene
}

fn card_of(class: PhotoClass, noise: &mut Noise) -> RgbImage {
    let mut card = drawn_card(noise);
    let palette = noise.below(3);
    for pixel in card.pixels_mut() {
        let [red, green, blue] = pixel.0;
        // The same print in blue, in rose and in green, as one authority's documents differ from another's.
        let coloured = [[red, green, blue], [blue, green, red], [red, blue, green]][palette as usize];
        pixel.0 = match class {
            PhotoClass::Grey => [lightness(coloured); 3],
            PhotoClass::Sepia => sepia(coloured),
            _ => coloured,
        };
    }
    card
}

fn table_of(class: PhotoClass, noise: &mut Noise) -> Table {
    let light = [
        Table::Plain([244, 243, 240]),
        Table::Plain([232, 220, 196]),
        Table::Plain([205, 206, 208]),
        Table::Wood([214, 184, 142], noise.between(6.0, 13.0)),
        Table::Cloth([222, 219, 210]),
    ];
    let [white, cream, grey, wood, cloth] = light;
    match class {
        PhotoClass::White => white,
        PhotoClass::Cream => cream,
        PhotoClass::LightGrey => grey,
        PhotoClass::Wood => wood,
        PhotoClass::Cloth => cloth,
        PhotoClass::Dark => {
            let colour: Colour = [[38, 34, 32], [70, 44, 28], [26, 34, 62], [24, 48, 38]][noise.below(4) as usize];
            if noise.below(3) == 0 { Table::Wood(colour, 8.0) } else { Table::Plain(colour) }
        }
        PhotoClass::Busy => match noise.below(4) {
            0 => Table::Stripes(noise.between(5.0, 16.0)),
            1 => Table::Checks(noise.between(6.0, 18.0)),
            2 => Table::Dots(noise.between(9.0, 18.0)),
            _ => Table::Print,
        },
        _ => light[noise.below(5) as usize],
    }
}

/// Turned the other way in the file than its orientation turns it back (EXIF tag 0x0112).
fn rotated_by_exif(photo: &RgbImage, quality: u8, noise: &mut Noise) -> Vec<u8> {
    let (orientation, stored) = match noise.below(3) {
        0 => (3, image::imageops::rotate180(photo)),
        1 => (6, image::imageops::rotate270(photo)),
        _ => (8, image::imageops::rotate90(photo)),
    };
    let exif = [&b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0"[..], &[orientation], &b"\0\0\0\0\0\0\0"[..]].concat();
    encoded(&stored, quality, Some(&exif))
}

fn encoded(photo: &RgbImage, quality: u8, exif: Option<&[u8]>) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, quality);
    let described = exif.map_or(Ok(()), |exif| encoder.add_exif_metadata(exif));
    let (width, height) = (photo.width() as u16, photo.height() as u16);
    let written = described.and_then(|()| encoder.encode(photo.as_raw(), width, height, ColorType::Rgb));
    debug_assert!(written.is_ok(), "a photo of a known size is written to memory");
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intake::{IntakeLimits, take_in};
    use crate::quality::{QualityThresholds, Verdict, assess};

    /// The rules that refuse a photo.
    fn refusals(class: PhotoClass, number: u32) -> Vec<QualityRule> {
        let picture = take_in(&photograph(class, number), &IntakeLimits::default()).expect("a picture");
        let findings = assess(&picture.pixels, &QualityThresholds::default());
        findings.iter().filter(|finding| finding.verdict == Verdict::Fail).map(|finding| finding.rule).collect()
    }

    #[test]
    fn five_photos_of_each_class_are_judged_right() {
        let mut wrong = Vec::new();
        for class in PhotoClass::ALL {
            for number in PhotoClass::held_out(5) {
                let refusals = refusals(class, number);
                if class.fault().map_or(!refusals.is_empty(), |fault| !refusals.contains(&fault)) {
                    wrong.push((class, number, refusals));
                }
            }
        }
        // Of 95; `cargo bench -p negozio-pictures` judges a hundred of each class.
        assert!(wrong.len() <= 2, "{wrong:?}");
    }

    #[test]
    fn every_class_and_number_is_another_photo() {
        let photos = PhotoClass::ALL.iter().flat_map(|class| [photograph(*class, 2), photograph(*class, 4)]);
        let different: std::collections::HashSet<Vec<u8>> = photos.collect();
        assert_eq!(different.len(), 2 * PhotoClass::ALL.len());
    }

    #[test]
    fn the_same_class_and_number_are_the_same_file() {
        assert_eq!(photograph(PhotoClass::Wood, 3), photograph(PhotoClass::Wood, 3));
        assert_ne!(photograph(PhotoClass::Wood, 3), photograph(PhotoClass::Wood, 5));
    }
}
