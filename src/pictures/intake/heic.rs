//! HEIC photos (ISO/IEC 23008-12 with HEVC, ITU-T H.265), as phones take them.
//!
//! A photo is an item coded as one HEVC picture, or a grid of such tiles. What a small file may ask of the decoder is
//! bounded before any pixel is decoded: the index, the tiles, their bytes, and the samples that they state.

use heifer::heifer_hevc_dec::nal::{NalUnit, NalUnitType, split_annex_b};
use heifer::heifer_hevc_dec::params::Sps;
use heifer::heifer_isobmff::boxes::{ConstructionMethod, ItemLocation, Property};
use heifer::heifer_isobmff::{BoxIter, HeifFile, Item, ItemId};
use heifer::{Options, decode_srgb_rgba8};
use image::RgbImage;

use super::{IntakeLimits, IntakeRefusal, over_white, shrunk, stated_pixels};

/// Bytes of the index (`meta` box) of a file: a phone's has about five thousand, and readers search it item by item.
const MAX_INDEX_BYTES: usize = 128 * 1024;
/// Tiles of a grid: a photo of fifty megapixels has two hundred.
const MAX_TILES: usize = 512;
/// Samples that may be decoded for each pixel of the photo: tiles reach over its edge, a second layer holds what is
/// transparent, and a picture may come in slices.
const MAX_SAMPLES_PER_PIXEL: u64 = 8;
/// Samples that any photo may take: a tile may be larger than a small photo that it reaches over.
const ALWAYS_ALLOWED_SAMPLES: u64 = 1024 * 1024;
/// Samples of the side of the largest block that a picture is coded in (ITU-T H.265 section 7.4.3.2.1).
const CODING_BLOCK: u64 = 64;

/// Decodes the photo that a file shows: upright, in the colours of common screens (sRGB), no larger than what is stored.
pub(super) fn decode(bytes: &[u8], limits: &IntakeLimits) -> Result<RgbImage, IntakeRefusal> {
    check_index(bytes)?;
    let file = HeifFile::parse(bytes).map_err(|_| IntakeRefusal::Undecodable)?;
    let (width, height) = size_of_photo(&file)?;
    let pixels = stated_pixels(width, height, limits)?;
    check_work(&file, bytes.len() as u64, pixels)?;
    if pixels * 4 > limits.max_allocation {
        return Err(IntakeRefusal::TooComplex);
    }
    // As many decode at once as callers allow: none takes a second thread of its own.
    let options = Options { max_threads: 1, max_pixels: largest_coded_picture(width, height) };
    let decoded = decode_srgb_rgba8(bytes, &options).map_err(|_| IntakeRefusal::Undecodable)?;
    let pixels = over_white(decoded.width, decoded.height, decoded.data);
    Ok(shrunk(&pixels, limits.stored_long_side).unwrap_or(pixels))
}

/// Pictures are coded in whole blocks, and a single tile may reach over a small photo.
fn largest_coded_picture(width: u32, height: u32) -> u64 {
    let whole_blocks = |side: u32| u64::from(side) + CODING_BLOCK;
    (whole_blocks(width) * whole_blocks(height)).max(ALWAYS_ALLOWED_SAMPLES)
}

/// Reading an index costs time and memory beyond its own size: long ones, and extents that take no bytes to state, are
/// refused unread.
fn check_index(bytes: &[u8]) -> Result<(), IntakeRefusal> {
    let mut found = false;
    for outer in BoxIter::new(bytes) {
        let outer = outer.map_err(|_| IntakeRefusal::Truncated)?;
        if outer.header.box_type.0 != *b"meta" {
            continue;
        }
        found = true;
        if outer.content.len() > MAX_INDEX_BYTES {
            return Err(IntakeRefusal::TooComplex);
        }
        for inner in BoxIter::new(outer.content.get(4..).unwrap_or_default()) {
            let inner = inner.map_err(|_| IntakeRefusal::Undecodable)?;
            let states_lengths = inner.content.get(4).is_some_and(|sizes| sizes & 0x0F != 0);
            if inner.header.box_type.0 == *b"iloc" && !states_lengths {
                return Err(IntakeRefusal::TooComplex);
            }
        }
    }
    if found { Ok(()) } else { Err(IntakeRefusal::Truncated) }
}

/// Width and height as the file states them, before it is turned.
fn size_of_photo(file: &HeifFile<'_>) -> Result<(u32, u32), IntakeRefusal> {
    let primary = item(file, file.primary_id)?;
    match &primary.item_type.0 {
        b"grid" => {
            let grid = file.grid(primary.id).map_err(|_| IntakeRefusal::Undecodable)?;
            Ok((grid.output_width, grid.output_height))
        }
        b"hvc1" => file.image_size(primary.id).ok().flatten().ok_or(IntakeRefusal::Undecodable),
        b"av01" => Err(IntakeRefusal::Avif),
        _ => Err(IntakeRefusal::Undecodable),
    }
}

/// The work that all coded pictures of the photo state together.
fn check_work(file: &HeifFile<'_>, file_bytes: u64, pixels: u64) -> Result<(), IntakeRefusal> {
    let mut coded = coded_items(file, file.primary_id)?;
    for layer in file.referencing_items(file.primary_id, b"auxl") {
        if is_decoded_with_photo(file, layer)? {
            coded.extend(coded_items(file, layer)?);
        }
    }
    let mut bytes = 0_u64;
    for id in &coded {
        let location = item(file, *id)?.location.as_ref().ok_or(IntakeRefusal::Undecodable)?;
        if location.construction_method == ConstructionMethod::Item {
            return Err(IntakeRefusal::Undecodable);
        }
        bytes = bytes.saturating_add(coded_bytes(location, file_bytes));
    }
    if bytes > file_bytes {
        return Err(IntakeRefusal::TooComplex);
    }
    let mut samples = 0_u64;
    for id in coded {
        samples = samples.saturating_add(coded_samples(file, id)?);
    }
    let allowed = pixels.max(ALWAYS_ALLOWED_SAMPLES).saturating_mul(MAX_SAMPLES_PER_PIXEL);
    if samples > allowed { Err(IntakeRefusal::TooComplex) } else { Ok(()) }
}

fn item<'f>(file: &'f HeifFile<'_>, id: ItemId) -> Result<&'f Item, IntakeRefusal> {
    file.item(id).map_err(|_| IntakeRefusal::Undecodable)
}

/// The coded pictures of a photo or layer: itself, or a grid's tiles. What is composed in other ways (layers on layers,
/// grids of grids) no camera writes.
fn coded_items(file: &HeifFile<'_>, id: ItemId) -> Result<Vec<ItemId>, IntakeRefusal> {
    match &item(file, id)?.item_type.0 {
        b"hvc1" => Ok(vec![id]),
        b"grid" => {
            let tiles = file.referenced_items(id, b"dimg");
            if tiles.len() > MAX_TILES {
                return Err(IntakeRefusal::TooComplex);
            }
            for tile in tiles {
                let is_plain =
                    item(file, *tile)?.item_type.0 == *b"hvc1" && file.referencing_items(*tile, b"auxl").is_empty();
                if !is_plain {
                    return Err(IntakeRefusal::Undecodable);
                }
            }
            Ok(tiles.to_vec())
        }
        _ => Err(IntakeRefusal::Undecodable),
    }
}

/// Depth and gain maps stay undecoded; transparency does not (ISO/IEC 23008-12 section 6.5.8, ISO/IEC 23091-2).
fn is_decoded_with_photo(file: &HeifFile<'_>, layer: ItemId) -> Result<bool, IntakeRefusal> {
    let mut properties = file.item_properties(layer).map_err(|_| IntakeRefusal::Undecodable)?;
    Ok(properties.any(|property| match property {
        Property::AuxiliaryType(kind) => kind.ends_with(":auxid:1") || kind.ends_with(":alpha"),
        _ => false,
    }))
}

/// Luma samples that decoding an item may take: those that its parameter sets state, once for each of its slices, which may
/// overlap. The units are split as the decoder splits them.
fn coded_samples(file: &HeifFile<'_>, id: ItemId) -> Result<u64, IntakeRefusal> {
    let stream = file.hevc_bitstream(id).map_err(|_| IntakeRefusal::Truncated)?;
    let mut largest = 0_u64;
    let mut slices = 0_u64;
    for unit in split_annex_b(&stream) {
        let unit = NalUnit::parse(unit).map_err(|_| IntakeRefusal::Undecodable)?;
        match unit.header.unit_type {
            NalUnitType::Sps => {
                let stated = Sps::parse(&unit.rbsp).map_err(|_| IntakeRefusal::Undecodable)?;
                let (width, height) = (stated.pic_width_in_luma_samples, stated.pic_height_in_luma_samples);
                largest = largest.max(u64::from(width) * u64::from(height));
            }
            kind if kind.is_slice() => slices += 1,
            _ => {}
        }
    }
    Ok(largest.saturating_mul(slices))
}

/// Bytes of an item: those of several items may be the same ones of the file, told again and again.
fn coded_bytes(location: &ItemLocation, file_bytes: u64) -> u64 {
    let lengths = location.extents.iter().map(|extent| match extent.length {
        0 => file_bytes,
        length => length,
    });
    lengths.fold(0, u64::saturating_add)
}

#[cfg(test)]
mod tests;
