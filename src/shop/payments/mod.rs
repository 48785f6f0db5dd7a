//! Payments: how money for an order is asked for, and how word of it arrives.
//!
//! A card is paid at a provider behind the interface in [`gateways`]; a bank transfer waits until the back office records
//! the money. No provider is called inside a transaction.

pub mod api;
pub mod events;
pub mod flow;
pub mod gateways;
pub mod jobs;
pub mod refunds;
pub mod rules;
pub mod store;
