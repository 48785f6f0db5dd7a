//! HEIC photos (ISO/IEC 23008-12 with HEVC, ITU-T H.265), as phones take them.
//!
//! A photo is an item coded as one HEVC picture, or a grid of such tiles. What a small file may ask of the decoder is
//! bounded before any pixel is decoded: the index, the tiles, their bytes, and the samples that they state.

use heifer::heifer_hevc_dec::nal::{NalUnit, NalUnitType, split_annex_b};
use heifer::heifer_hevc_dec::params::Sps;
use heifer::heifer_isobmff::boxes::{ConstructionMethod, ItemLocation, Property, parse_item_infos};
use heifer::heifer_isobmff::{BoxIter, HeifFile, Item, ItemId};
use heifer::{Options, decode_srgb_rgba8};
use image::RgbImage;

use super::{IntakeLimits, IntakeRefusal, over_white, shrunk, stated_pixels};

/// Bytes of the index (`meta` box) of a file: a phone's has about five thousand, and readers search it item by item.
const MAX_INDEX_BYTES: usize = 128 * 1024;
/// Tiles of a grid: a photo of fifty megapixels has two hundred.
const MAX_TILES: usize = 512;
/// Units of a coded picture: its parameter sets, its slices, and what is said about them.
const MAX_UNITS: usize = 1024;
/// Samples that may be decoded for each pixel of the photo: tiles reach over its edge, and a picture may come in slices.
const MAX_SAMPLES_PER_PIXEL: u64 = 8;
/// Samples that any photo may take: a tile may be larger than a small photo that it reaches over.
const ALWAYS_ALLOWED_SAMPLES: u64 = 1024 * 1024;
/// Two for a sample of brightness and, at the most, for each of two of colour.
const BYTES_PER_CODED_SAMPLE: u64 = 6;
/// Red, green, blue and opacity.
const BYTES_PER_PAINTED_PIXEL: u64 = 4;
/// What the reader may write down of locations for an index: it copies an item's for each mention of it.
const MAX_COPIES: usize = 8 * 1024 * 1024;
/// Samples of the side of the largest block that a picture is coded in (ITU-T H.265 section 7.4.3.2.1).
const CODING_BLOCK: u64 = 64;

/// Decodes the photo that a file shows: upright, in the colours of common screens (sRGB), no larger than what is stored.
pub(super) fn decode(bytes: &[u8], limits: &IntakeLimits) -> Result<RgbImage, IntakeRefusal> {
    check_index(bytes)?;
    let file = HeifFile::parse(bytes).map_err(|_| IntakeRefusal::Undecodable)?;
    let (width, height) = size_of_photo(&file)?;
    let pixels = stated_pixels(width, height, limits)?;
    check_work(&file, bytes.len() as u64, pixels, limits)?;
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

/// Reading an index costs time and memory beyond its own size: long ones, extents that take no bytes to state, and items
/// that are mentioned again and again are refused unread.
fn check_index(bytes: &[u8]) -> Result<(), IntakeRefusal> {
    let mut found = false;
    for outer in BoxIter::new(bytes) {
        let outer = outer.map_err(|_| IntakeRefusal::Truncated)?;
        if outer.header.box_type.0 == *b"meta" {
            found = true;
            check_index_content(outer.content)?;
        }
    }
    if found { Ok(()) } else { Err(IntakeRefusal::Truncated) }
}

fn check_index_content(content: &[u8]) -> Result<(), IntakeRefusal> {
    if content.len() > MAX_INDEX_BYTES {
        return Err(IntakeRefusal::TooComplex);
    }
    let (mut mentions, mut location_bytes) = (0, 0);
    for inner in BoxIter::new(content.get(4..).unwrap_or_default()) {
        let inner = inner.map_err(|_| IntakeRefusal::Undecodable)?;
        match &inner.header.box_type.0 {
            b"iinf" => mentions += parse_item_infos(inner.content).map_err(|_| IntakeRefusal::Undecodable)?.len(),
            b"iloc" => {
                location_bytes += inner.content.len();
                let states_lengths = inner.content.get(4).is_some_and(|sizes| sizes & 0x0F != 0);
                if !states_lengths {
                    return Err(IntakeRefusal::TooComplex);
                }
            }
            _ => {}
        }
    }
    if mentions.saturating_mul(location_bytes) > MAX_COPIES { Err(IntakeRefusal::TooComplex) } else { Ok(()) }
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

/// The work and memory that all coded pictures of the photo state together.
fn check_work(file: &HeifFile<'_>, file_bytes: u64, pixels: u64, limits: &IntakeLimits) -> Result<(), IntakeRefusal> {
    require_single_layer(file)?;
    let coded = coded_items(file, file.primary_id)?;
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
    let (mut samples, mut largest) = (0_u64, 0_u64);
    for id in coded {
        let stated = stated_by(file, id)?;
        samples = samples.saturating_add(stated.samples.saturating_mul(stated.slices));
        largest = largest.max(stated.samples.saturating_mul(BYTES_PER_CODED_SAMPLE));
    }
    // The decoder holds a coded picture or, later, a copy (turned, or in other colours) beside the picture that it paints.
    let painted = pixels.saturating_mul(BYTES_PER_PAINTED_PIXEL);
    let peak = painted.saturating_add(largest.max(painted));
    let allowed = pixels.max(ALWAYS_ALLOWED_SAMPLES).saturating_mul(MAX_SAMPLES_PER_PIXEL);
    let is_modest = samples <= allowed && peak <= limits.max_allocation.saturating_mul(2);
    if is_modest { Ok(()) } else { Err(IntakeRefusal::TooComplex) }
}

fn item<'f>(file: &'f HeifFile<'_>, id: ItemId) -> Result<&'f Item, IntakeRefusal> {
    file.item(id).map_err(|_| IntakeRefusal::Undecodable)
}

/// No camera takes what is transparent, and a layer that says so may have layers of its own. A photo is cropped, turned and
/// mirrored once at most: each time is another copy of it. Depth and gain maps are not decoded.
fn require_single_layer(file: &HeifFile<'_>) -> Result<(), IntakeRefusal> {
    let photo = file.primary_id;
    for layer in file.referencing_items(photo, b"auxl") {
        let is_transparency = |property: &Property| match property {
            Property::AuxiliaryType(kind) => kind.ends_with(":auxid:1") || kind.ends_with(":alpha"),
            _ => false,
        };
        if properties(file, layer)?.any(is_transparency) {
            return Err(IntakeRefusal::Undecodable);
        }
    }
    let times = |kind: fn(&Property) -> bool| Ok(properties(file, photo)?.filter(|property| kind(property)).count());
    let most = times(|property| matches!(property, Property::CleanAperture { .. }))?
        .max(times(|property| matches!(property, Property::Rotation(_)))?)
        .max(times(|property| matches!(property, Property::Mirror(_)))?);
    if most > 1 { Err(IntakeRefusal::TooComplex) } else { Ok(()) }
}

fn properties<'f>(
    file: &'f HeifFile<'_>,
    id: ItemId,
) -> Result<impl Iterator<Item = &'f Property> + use<'f>, IntakeRefusal> {
    file.item_properties(id).map_err(|_| IntakeRefusal::Undecodable)
}

/// The coded pictures of a photo: itself, or a grid's tiles. What is composed in other ways (layers on layers, grids of
/// grids) no camera writes.
fn coded_items(file: &HeifFile<'_>, photo: ItemId) -> Result<Vec<ItemId>, IntakeRefusal> {
    match &item(file, photo)?.item_type.0 {
        b"hvc1" if is_made_of_nothing_else(file, photo) => Ok(vec![photo]),
        b"grid" => {
            let tiles = file.referenced_items(photo, b"dimg");
            if tiles.len() > MAX_TILES {
                return Err(IntakeRefusal::TooComplex);
            }
            for tile in tiles {
                if !is_plain_tile(file, *tile)? {
                    return Err(IntakeRefusal::Undecodable);
                }
            }
            Ok(tiles.to_vec())
        }
        _ => Err(IntakeRefusal::Undecodable),
    }
}

/// A coded picture has no sources: a decoder that looks for a colour profile follows them, round in a circle if need be.
fn is_made_of_nothing_else(file: &HeifFile<'_>, id: ItemId) -> bool {
    file.referenced_items(id, b"dimg").is_empty()
}

fn is_plain_tile(file: &HeifFile<'_>, id: ItemId) -> Result<bool, IntakeRefusal> {
    let changes = |property: &Property| {
        matches!(property, Property::CleanAperture { .. } | Property::Rotation(_) | Property::Mirror(_))
    };
    Ok(item(file, id)?.item_type.0 == *b"hvc1"
        && is_made_of_nothing_else(file, id)
        && file.referencing_items(id, b"auxl").is_empty()
        && !properties(file, id)?.any(changes))
}

/// What an item asks of the decoder.
struct Stated {
    /// Luma samples, the most that any of its parameter sets states.
    samples: u64,
    /// Its slices, which may paint the same samples again.
    slices: u64,
}

/// Reads the units of a coded picture as the decoder splits them.
fn stated_by(file: &HeifFile<'_>, id: ItemId) -> Result<Stated, IntakeRefusal> {
    let configuration = file.hevc_config(id).ok().flatten().ok_or(IntakeRefusal::Undecodable)?;
    // Shorter lengths make more of little: each unit takes memory of its own.
    if configuration.nal_length_size != 4 {
        return Err(IntakeRefusal::Undecodable);
    }
    let stream = file.hevc_bitstream(id).map_err(|_| IntakeRefusal::Truncated)?;
    let mut stated = Stated { samples: 0, slices: 0 };
    for (number, unit) in split_annex_b(&stream).enumerate() {
        if number >= MAX_UNITS {
            return Err(IntakeRefusal::TooComplex);
        }
        let unit = NalUnit::parse(unit).map_err(|_| IntakeRefusal::Undecodable)?;
        match unit.header.unit_type {
            NalUnitType::Sps => {
                let set = Sps::parse(&unit.rbsp).map_err(|_| IntakeRefusal::Undecodable)?;
                let samples = u64::from(set.pic_width_in_luma_samples) * u64::from(set.pic_height_in_luma_samples);
                stated.samples = stated.samples.max(samples);
            }
            kind if kind.is_slice() => stated.slices += 1,
            _ => {}
        }
    }
    Ok(stated)
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
