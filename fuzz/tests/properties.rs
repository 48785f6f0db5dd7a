//! The properties of the fuzz targets, on random bytes and on seeds with some bytes changed.

use negozio_fuzz::{READERS, Reader};
use peak_alloc::PeakAlloc;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

fn check_within_memory(reader: &Reader, bytes: &[u8]) {
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

/// One after the other: the allocator counts for the whole process.
#[test]
fn every_reader_holds_its_property() {
    READERS.iter().for_each(holds);
}
