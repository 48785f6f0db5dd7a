//! Sessions: login, rotating refresh tokens, logout, and the extractors that say who calls.

pub mod api;
pub mod extract;
pub mod rules;
pub mod store;
