//! Prices: what a list of plans comes to, with discount and VAT.

pub mod rules;
