//! Consents (guide: "Consenso Privacy"): versioned documents, and the choices made on them as evidence.

pub mod api;
pub mod demo;
pub mod flow;
pub mod rules;
pub mod store;
