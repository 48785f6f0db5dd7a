//! Orders: one a cart, with a snapshot that never changes, a number without gaps, and a timeline.

pub mod events;
pub mod rules;
pub mod store;
