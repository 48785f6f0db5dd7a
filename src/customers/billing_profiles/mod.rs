//! Billing profiles (guide: "anagrafica di fatturazione"): whom orders are made out to, with the Italian fiscal checks.

pub mod api;
pub mod checks;
mod messages;
pub mod rules;
pub mod store;
