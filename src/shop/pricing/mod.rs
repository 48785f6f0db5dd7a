//! Prices: what a list of plans comes to, with discount and VAT, and how a sale to a customer is taxed.

pub mod rules;
pub mod treatment;
