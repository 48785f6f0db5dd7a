//! Refunds: money that came is given back, all of it or a part, never more than came.
//!
//! [`flow::begin`] records the intent within its caller's transaction and sets the money aside; a job then asks the
//! provider, with the refund's identifier as the provider's idempotency key, and the provider's answer or a later
//! notification settles it. What came by bank transfer is paid out by a person, who records that it was.

pub mod api;
pub mod flow;
pub mod jobs;
pub mod rules;
pub mod store;
