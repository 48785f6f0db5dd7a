//! What must hold of each reader of hostile bytes, whatever they are: it does not panic, what it accepts is what it says,
//! and it takes no more memory than its input explains.
//!
//! A module each: `check` asserts the property on any bytes, `seeds` are inputs that get past the first test, from which
//! the fuzzer and proptest start, and `memory_limit` is what an input of that many bytes may take at most, in bytes.

pub mod codice_fiscale;
pub mod machine_zone;
pub mod multipart;
pub mod picture;

/// Bytes that reading a short text may take.
const SMALL: usize = 64 * 1024;

/// One reader, for those who go through all of them.
pub struct Reader {
    /// Its module's name, and the fuzz target's.
    pub name: &'static str,
    /// Asserts its property.
    pub check: fn(&[u8]),
    /// Inputs to start from.
    pub seeds: fn() -> Vec<Vec<u8>>,
    /// Bytes that reading an input of this length may take.
    pub memory_limit: fn(usize) -> usize,
}

/// All readers.
pub const READERS: [Reader; 4] = [codice_fiscale::READER, machine_zone::READER, multipart::READER, picture::READER];
