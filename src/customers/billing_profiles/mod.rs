//! Billing profiles (guide: "anagrafica di fatturazione"): whom orders are made out to, with the Italian fiscal checks.

pub mod api;
pub mod checks;
pub mod client;
pub mod flow;
pub mod jobs;
mod messages;
pub mod rules;
pub mod store;
pub mod vat_check;
