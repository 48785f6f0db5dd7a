//! The review by the back office (guide: "rimane in fase di validazione"): claimed, looked at side by side, decided.

pub mod api;
pub mod comparison;
pub mod figures;
pub mod findings;
pub mod flow;
pub mod rules;
pub mod store;
