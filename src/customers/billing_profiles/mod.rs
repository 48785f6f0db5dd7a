//! Billing profiles (guide: "anagrafica di fatturazione"): whom orders are made out to, with the Italian fiscal checks.

pub mod api;
mod checks;
mod messages;
pub mod rules;
pub mod store;
