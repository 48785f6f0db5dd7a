//! `cargo fuzz run codice_fiscale --features libfuzzer` (`fuzz/README.md`).
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| negozio_fuzz::codice_fiscale::check(bytes));
