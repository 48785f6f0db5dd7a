//! The review by the back office (guide: "rimane in fase di validazione"): claimed, looked at side by side, decided.

pub mod api;
pub mod flow;
pub mod rules;
pub mod store;
