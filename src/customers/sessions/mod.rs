//! Sessions: login, rotating refresh tokens, logout, and the extractors that say who calls.

pub mod api;
pub mod extract;
pub mod flow;
pub mod gate;
pub mod refresh_token;
pub mod rules;
pub mod store;
