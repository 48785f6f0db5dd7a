//! Identity documents (guide: "Aggiungi File"): pictures taken in, measured against the quality rules, stored encrypted.

pub mod api;
pub mod flow;
pub mod jobs;
pub mod machine_zone;
pub mod numbers;
pub mod rules;
pub mod store;
