//! The properties of the fuzz targets, on random bytes and on seeds with some bytes changed.

use std::sync::Mutex;

use negozio_fuzz::{Reader, codice_fiscale, machine_zone, multipart, picture};
use peak_alloc::PeakAlloc;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

/// The allocator counts for the whole process.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

fn check_within_memory(reader: &Reader, bytes: &[u8]) {
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let before = ALLOCATOR.current_usage();
    ALLOCATOR.reset_peak_usage();
    (reader.check)(bytes);
    let taken = ALLOCATOR.peak_usage().saturating_sub(before);
    let limit = (reader.memory_limit)(bytes.len());
    assert!(taken <= limit, "{}: {taken} bytes for {}, more than {limit}", reader.name, bytes.len());
}

/// Random bytes, and seeds of which some bytes are changed, some are cut out and some are repeated.
fn inputs(seeds: Vec<Vec<u8>>) -> impl Strategy<Value = Vec<u8>> {
    let changes = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6);
    let cut = (any::<prop::sample::Index>(), 0..40_usize, 0..4_usize);
    let damaged =
        (prop::sample::select(seeds), changes, cut).prop_map(|(mut bytes, changes, (place, length, times))| {
            for (place, value) in changes {
                let place = place.index(bytes.len());
                bytes[place] = value;
            }
            let start = place.index(bytes.len());
            let end = (start + length).min(bytes.len());
            let piece = bytes[start..end].repeat(times);
            bytes.splice(start..end, piece);
            bytes
        });
    prop_oneof![1 => prop::collection::vec(any::<u8>(), 0..300), 4 => damaged]
}

fn holds(reader: &Reader) {
    let seeds = (reader.seeds)();
    seeds.iter().for_each(|seed| check_within_memory(reader, seed));
    let run = TestRunner::default().run(&inputs(seeds), |bytes| {
        check_within_memory(reader, &bytes);
        Ok(())
    });
    run.unwrap_or_else(|failure| panic!("{}: {failure}", reader.name));
}

#[test]
fn codes_are_read_or_refused() {
    holds(&codice_fiscale::READER);
}

#[test]
fn machine_zones_are_read_or_refused() {
    holds(&machine_zone::READER);
}

#[test]
fn forms_are_read_or_refused() {
    holds(&multipart::READER);
}

#[test]
fn pictures_are_taken_in_or_refused() {
    holds(&picture::READER);
}
