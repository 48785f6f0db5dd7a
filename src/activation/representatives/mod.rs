//! When a delegate applies, the holder's representative is invited by mail and confirms with a code of their own.

pub mod api;
pub mod flow;
pub mod jobs;
pub mod rules;
pub mod store;
