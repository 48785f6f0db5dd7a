//! Photos of identity documents: taken in from hostile bytes ([`intake`]), measured by the guide's rules ([`quality`]),
//! and drawn, of documents that do not exist, for the demo and for measuring the measures ([`specimen`]).
//!
//! A crate of its own, for a plain debug build optimises whole crates only, and unoptimised a photo takes seconds. It
//! knows nothing of the house around it: pixels in, findings out.

pub mod intake;
pub mod quality;
pub mod specimen;
