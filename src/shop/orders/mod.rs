//! Orders: one a cart, with a snapshot that never changes, a number without gaps, and a timeline.

pub mod api;
pub mod checkout;
pub mod events;
pub mod export;
pub mod flow;
pub mod jobs;
pub mod receipt;
pub mod rules;
pub mod store;
