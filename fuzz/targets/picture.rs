//! `cargo fuzz run picture --features libfuzzer` (`fuzz/README.md`).
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| negozio_fuzz::picture::check(bytes));
