//! Identity documents (guide: "Aggiungi File"): pictures taken in, measured against the quality rules, and their data checked.

pub mod intake;
pub mod numbers;
pub mod quality;
