//! What of a HEIC file is decoded, and what is refused undecoded.

use super::super::{IntakeLimits, IntakeRefusal, PictureFormat, take_in};
use super::*;
use heifer::heifer_isobmff::FourCC;
use heifer::heifer_isobmff::boxes::{ItemReference, PropertyAssociation};
use heifer::{EncodeOptions, encode_rgb8, encode_rgba8};
use image::Rgb;
use proptest::prelude::*;

fn drawing(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| Rgb([(x / 3) as u8, (y / 3) as u8, 120]))
}

fn heic(picture: &RgbImage) -> Vec<u8> {
    encode_rgb8(picture.width(), picture.height(), picture, &EncodeOptions::default()).expect("a small picture")
}

fn refused(bytes: &[u8]) -> IntakeRefusal {
    take_in(bytes, &IntakeLimits::default()).expect_err("a refusal")
}

/// An index with these boxes, after a file type.
fn with_index(boxes: &[u8]) -> Vec<u8> {
    let index = [&[0, 0, 0, 0], boxes].concat();
    [boxed(b"ftyp", b"heic\0\0\0\0heic"), boxed(b"meta", &index)].concat()
}

fn boxed(name: &[u8], content: &[u8]) -> Vec<u8> {
    [&(content.len() as u32 + 8).to_be_bytes(), name, content].concat()
}

/// The file with the primary item's bytes told anew: these, at its end.
fn with_item_data(file: &[u8], data: &[u8]) -> Vec<u8> {
    let parsed = HeifFile::parse(file).expect("a good file");
    let extent = parsed.primary_item().unwrap().location.as_ref().unwrap().extents[0];
    let place = |offset: u64, length: u64| [(offset as u32).to_be_bytes(), (length as u32).to_be_bytes()].concat();
    let told = place(extent.offset, extent.length);
    let position = file.windows(8).position(|window| window == told).expect("an extent of 32-bit numbers");
    let mut changed = file.to_vec();
    let appended = boxed(b"free", data);
    changed[position..position + 8].copy_from_slice(&place(file.len() as u64 + 8, data.len() as u64));
    changed.extend(appended);
    changed
}

#[test]
fn a_photo_is_taken_in_with_its_colours() {
    for (width, height) in [(60, 40), (61, 43), (1100, 700)] {
        let picture = drawing(width, height);
        let bytes = heic(&picture);
        let taken = take_in(&bytes, &IntakeLimits::default()).expect("a good photo");
        assert_eq!((taken.width, taken.height), (width, height));
        assert_eq!(taken.original_format, PictureFormat::Heic);
        for (x, y) in [(5, 5), (width - 6, 5), (width / 2, height - 6)] {
            let (seen, drawn) = (taken.pixels.get_pixel(x, y), picture.get_pixel(x, y));
            for channel in 0..3 {
                assert!(seen.0[channel].abs_diff(drawn.0[channel]) <= 6, "{seen:?} is not {drawn:?}");
            }
        }
    }
}

#[test]
fn a_photo_with_transparency_is_refused_undecoded() {
    let samples: Vec<u8> = (0..64 * 64).flat_map(|place| [200, 0, 0, if place % 64 < 32 { 0 } else { 255 }]).collect();
    let bytes = encode_rgba8(64, 64, &samples, &EncodeOptions::default()).expect("a small picture");
    assert_eq!(refused(&bytes), IntakeRefusal::Undecodable);
}

fn work(file: &HeifFile<'_>) -> Result<(), IntakeRefusal> {
    check_work(file, u64::from(u32::MAX), 1100 * 700, &IntakeLimits::default())
}

/// A decoder that looks for the colour profile of a tile would go round for ever.
#[test]
fn items_that_are_made_of_each_other_are_refused_undecoded() {
    let bytes = heic(&drawing(1100, 700));
    let mut file = HeifFile::parse(&bytes).expect("a good file");
    assert_eq!(work(&file), Ok(()));
    let tiles = file.referenced_items(file.primary_id, b"dimg").to_vec();
    let made_of = |from, to| ItemReference { ref_type: FourCC(*b"dimg"), from, to: vec![to] };
    file.references.extend([made_of(tiles[0], tiles[1]), made_of(tiles[1], tiles[0])]);
    assert_eq!(work(&file), Err(IntakeRefusal::Undecodable));
    file.primary_id = tiles[0];
    assert_eq!(work(&file), Err(IntakeRefusal::Undecodable));
}

#[test]
fn a_photo_that_is_turned_again_and_again_is_refused_undecoded() {
    let bytes = heic(&drawing(1100, 700));
    let mut file = HeifFile::parse(&bytes).expect("a good file");
    file.properties.push(Property::Rotation(1));
    let turned = PropertyAssociation { index: file.properties.len() as u16, essential: true };
    let primary = file.primary_id;
    let associations = |file: &mut HeifFile<'_>, id| {
        let place = file.items.iter().position(|item| item.id == id).expect("an item");
        file.items[place].properties.push(turned);
    };
    associations(&mut file, primary);
    assert_eq!(work(&file), Ok(()));
    associations(&mut file, primary);
    assert_eq!(work(&file), Err(IntakeRefusal::TooComplex));
}

#[test]
fn the_coded_picture_counts_beside_the_painted_one() {
    let bytes = heic(&drawing(500, 400));
    let with_limit = |max_allocation| take_in(&bytes, &IntakeLimits { max_allocation, ..IntakeLimits::default() });
    assert!(with_limit(1024 * 1024).is_ok());
    // The painted picture alone would be within it.
    assert_eq!(with_limit(500 * 400 * 4).expect_err("too much memory"), IntakeRefusal::TooComplex);
}

#[test]
fn a_photo_that_states_too_many_pixels_is_refused_undecoded() {
    let mut bytes = heic(&drawing(60, 40));
    let stated = bytes.windows(4).position(|name| name == b"ispe").expect("a size") + 8;
    bytes[stated..stated + 8].copy_from_slice(&[0, 0, 0x40, 0, 0, 0, 0x40, 0]);
    assert_eq!(refused(&bytes), IntakeRefusal::TooManyPixels { width: 16_384, height: 16_384 });
}

#[test]
fn an_index_that_costs_more_than_it_says_is_refused_unread() {
    assert_eq!(refused(&with_index(&boxed(b"free", &vec![0; MAX_INDEX_BYTES]))), IntakeRefusal::TooComplex);
    // Locations (version 1) of one item with 65,535 extents, of which nothing is stated.
    let locations = [1, 0, 0, 0, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0xFF, 0xFF];
    assert_eq!(refused(&with_index(&boxed(b"iloc", &locations))), IntakeRefusal::TooComplex);
    // One item of many extents, mentioned many times.
    let extents = [&[1, 0, 0, 0, 4, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0x20, 0][..], &[0; 4 * 0x2000]].concat();
    let mention = boxed(b"infe", b"\x02\0\0\0\0\x01\0\0hvc1\0");
    let mentions = [&[0, 0, 0, 0, 0x04, 0][..], &mention.repeat(1024)].concat();
    let index = [boxed(b"iloc", &extents), boxed(b"iinf", &mentions)].concat();
    assert_eq!(refused(&with_index(&index)), IntakeRefusal::TooComplex);
}

#[test]
fn slices_that_paint_the_picture_again_and_again_are_refused_undecoded() {
    let bytes = heic(&drawing(500, 400));
    let parsed = HeifFile::parse(&bytes).expect("a good file");
    let data = parsed.item_data(parsed.primary_id).expect("its data").into_owned();
    assert!(take_in(&with_item_data(&bytes, &data), &IntakeLimits::default()).is_ok());
    assert_eq!(refused(&with_item_data(&bytes, &data.repeat(100))), IntakeRefusal::TooComplex);
}

#[test]
fn tiles_that_share_their_bytes_are_refused_undecoded() {
    let bytes = heic(&drawing(1100, 700));
    let parsed = HeifFile::parse(&bytes).expect("a good file");
    let whole = [0_u8, 0, 0, 0, 0, 0, 0, 0];
    let mut changed = bytes.clone();
    for tile in parsed.referenced_items(parsed.primary_id, b"dimg") {
        let extent = &parsed.item(*tile).unwrap().location.as_ref().unwrap().extents[0];
        let told = [(extent.offset as u32).to_be_bytes(), (extent.length as u32).to_be_bytes()].concat();
        let position = bytes.windows(8).position(|window| window == told).expect("an extent of 32-bit numbers");
        changed[position..position + 8].copy_from_slice(&whole);
    }
    assert_eq!(refused(&changed), IntakeRefusal::TooComplex);
}

#[test]
fn a_truncated_photo_is_refused_wherever_it_is_cut() {
    let whole = heic(&drawing(60, 40));
    for length in 12..whole.len() {
        assert!(take_in(&whole[..length], &IntakeLimits::default()).is_err(), "cut to {length} of {}", whole.len());
    }
}

#[test]
fn other_pictures_in_the_same_container_are_refused_by_name() {
    assert_eq!(refused(&boxed(b"ftyp", b"msf1\0\0\0\0msf1")), IntakeRefusal::Animated);
    let mut still_image_of_av1 = heic(&drawing(60, 40));
    let kind = still_image_of_av1.windows(4).position(|name| name == b"hvc1").expect("an item");
    still_image_of_av1[kind..kind + 4].copy_from_slice(b"av01");
    assert_eq!(refused(&still_image_of_av1), IntakeRefusal::Avif);
}

proptest! {
    #[test]
    fn damaged_photos_are_refused_or_kept_within_the_limits(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12),
    ) {
        let mut bytes = heic(&drawing(70, 50));
        for (place, value) in changes {
            let place = place.index(bytes.len());
            bytes[place] = value;
        }
        let limits = IntakeLimits { max_pixels: 1_000_000, stored_long_side: 20, ..IntakeLimits::default() };
        if let Ok(taken) = take_in(&bytes, &limits) {
            prop_assert!(taken.width.max(taken.height) <= 20);
        }
    }
}
