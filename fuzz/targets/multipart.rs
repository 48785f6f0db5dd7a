//! `cargo fuzz run multipart --features libfuzzer` (`fuzz/README.md`).
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| negozio_fuzz::multipart::check(bytes));
