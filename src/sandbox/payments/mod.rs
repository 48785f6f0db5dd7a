//! The sandbox payment provider: its hosted page, and its outcomes as signed notifications over HTTP.

pub mod api;
pub mod client;
