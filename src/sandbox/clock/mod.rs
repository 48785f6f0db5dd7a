//! The clock, which a tester moves forward to let deadlines pass.

pub mod api;
pub mod store;
