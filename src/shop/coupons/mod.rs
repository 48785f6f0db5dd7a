//! Coupons (guide: "Hai un codice sconto?"): campaigns, their codes, and the ledger of uses.
//!
//! Putting a coupon on a cart only checks it. It is held at checkout by conditional updates and a ledger row in the
//! order's transaction, committed when the order is confirmed, and released when the order is not.

pub mod api;
pub mod demo;
pub mod rules;
pub mod store;
