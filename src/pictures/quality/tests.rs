//! What passes, what warns, and what fails.

use super::*;
use image::Rgb;
use proptest::prelude::*;

/// A card of stripes and print, 430 by 270 pixels at (`left`, 100), on a table of 640 by 470.
fn photo(table: [u8; 3], left: i64, tone: fn([u8; 3]) -> [u8; 3]) -> RgbImage {
    let card = RgbImage::from_fn(430, 270, |x, y| {
        let print = y % 18 < 7 && x % 9 < 3 && x > 120;
        let stripe = [[196, 220, 170], [230, 180, 190], [150, 190, 230]][(x / 40 % 3) as usize];
        Rgb(tone(if print { [30, 30, 40] } else { stripe }))
    });
    let mut photo = RgbImage::from_pixel(640, 470, Rgb(table));
    image::imageops::replace(&mut photo, &card, left, 100);
    photo
}

fn as_it_is(colour: [u8; 3]) -> [u8; 3] {
    colour
}

/// Grey under a warm lamp: one hue, brighter where the paper is.
fn warm_grey([red, green, blue]: [u8; 3]) -> [u8; 3] {
    let grey = (u32::from(red) * 3 + u32::from(green) * 6 + u32::from(blue)) / 10;
    [grey, grey * 9 / 10, grey * 7 / 10].map(|channel| channel as u8)
}

fn verdict_of(rule: QualityRule, picture: &RgbImage) -> Verdict {
    assess(picture, &QualityThresholds::default())
        .into_iter()
        .find(|finding| finding.rule == rule)
        .expect("every rule answers")
        .verdict
}

#[test]
fn a_good_photo_passes_what_does_not_depend_on_its_size() {
    let good = photo([228, 226, 220], 100, as_it_is);
    for rule in QualityRule::ALL {
        let expected = match rule {
            QualityRule::Resolution => Verdict::Fail,
            _ => Verdict::Pass,
        };
        assert_eq!(verdict_of(rule, &good), expected, "{rule:?}");
    }
}

#[test]
fn a_grey_copy_under_a_warm_lamp_is_not_in_colour() {
    let copy = photo([228, 226, 220], 100, warm_grey);
    assert_eq!(verdict_of(QualityRule::Colour, &copy), Verdict::Fail);
}

#[test]
fn a_colourful_table_does_not_make_a_grey_copy_colourful() {
    let copy = photo([250, 215, 120], 100, warm_grey);
    assert_eq!(verdict_of(QualityRule::Colour, &copy), Verdict::Fail);
}

#[test]
fn a_dark_table_fails_and_leaves_the_borders_visible() {
    let dark = photo([40, 38, 36], 100, as_it_is);
    assert_eq!(verdict_of(QualityRule::Background, &dark), Verdict::Fail);
    assert_eq!(verdict_of(QualityRule::Borders, &dark), Verdict::Pass);
}

#[test]
fn a_border_outside_the_picture_fails_on_either_side() {
    for left in [-30, 640 - 400] {
        let cropped = photo([228, 226, 220], left, as_it_is);
        assert_eq!(verdict_of(QualityRule::Borders, &cropped), Verdict::Fail, "{left}");
    }
    let near = photo([228, 226, 220], 4, as_it_is);
    assert_eq!(verdict_of(QualityRule::Borders, &near), Verdict::Warn);
}

#[test]
fn a_document_that_fills_the_picture_shows_no_border() {
    let whole = photo([228, 226, 220], 100, as_it_is);
    let filled = image::imageops::crop_imm(&whole, 110, 110, 400, 240).to_image();
    assert_eq!(verdict_of(QualityRule::Borders, &filled), Verdict::Fail);
}

#[test]
fn where_no_document_stands_out_from_a_light_table_the_reviewer_looks() {
    let nothing = RgbImage::from_pixel(640, 470, Rgb([228, 226, 220]));
    assert_eq!(verdict_of(QualityRule::Borders, &nothing), Verdict::Warn);
    assert_eq!(verdict_of(QualityRule::Colour, &nothing), Verdict::Fail);
}

#[test]
fn a_burnt_out_patch_inside_the_document_fails() {
    let mut burnt = photo([228, 226, 220], 100, as_it_is);
    let patch = RgbImage::from_pixel(90, 70, Rgb([255, 255, 255]));
    image::imageops::replace(&mut burnt, &patch, 300, 180);
    assert_eq!(verdict_of(QualityRule::Glare, &burnt), Verdict::Fail);
}

#[test]
fn blur_fails() {
    let blurred = image::imageops::blur(&photo([228, 226, 220], 100, as_it_is), 4.0);
    assert_eq!(verdict_of(QualityRule::Sharpness, &blurred), Verdict::Fail);
}

#[test]
fn the_long_side_is_counted_in_pixels_of_the_given_picture() {
    let small = photo([228, 226, 220], 100, as_it_is);
    let large = image::imageops::resize(&small, 1920, 1410, image::imageops::Nearest);
    let findings = assess(&large, &QualityThresholds::default());
    let resolution = findings[5];
    assert_eq!(resolution.rule, QualityRule::Resolution);
    assert!((resolution.measured - 1290.0).abs() < 20.0, "{resolution:?}");
    assert_eq!(resolution.verdict, Verdict::Pass);
}

#[test]
fn hints_are_italian_unless_english_is_asked_for() {
    for rule in QualityRule::ALL {
        assert_eq!(rule.hint("en-GB"), rule.hint("en"));
        assert_ne!(rule.hint("it"), rule.hint("en"));
        for other in ["", "e", "fr", "è"] {
            assert_eq!(rule.hint(other), rule.hint("it"));
        }
    }
}

proptest! {
    #[test]
    fn every_rule_answers_for_any_small_picture(
        (width, height, samples) in (1_u32..40, 1_u32..40).prop_flat_map(|(width, height)| {
            let samples = prop::collection::vec(any::<u8>(), (width * height * 3) as usize);
            (Just(width), Just(height), samples)
        })
    ) {
        let picture = RgbImage::from_raw(width, height, samples).expect("enough samples");
        let findings = assess(&picture, &QualityThresholds::default());
        prop_assert_eq!(findings.len(), QualityRule::ALL.len());
        prop_assert!(findings.iter().all(|finding| finding.measured.is_finite()));
        prop_assert_eq!(&findings, &assess(&picture, &QualityThresholds::default()));
    }

    #[test]
    fn every_rule_answers_for_any_shape(width in 0_u32..900, height in 0_u32..3, grey: u8) {
        for (width, height) in [(width, height), (height, width)] {
            let picture = RgbImage::from_pixel(width, height, Rgb([grey; 3]));
            let findings = assess(&picture, &QualityThresholds::default());
            prop_assert_eq!(findings.len(), QualityRule::ALL.len());
        }
    }
}
