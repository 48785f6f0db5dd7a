//! Coupons (guide: "Hai un codice sconto?"): campaigns, their codes, and the ledger of uses.
//!
//! Putting a coupon on a cart only checks it. It is held at checkout by conditional updates and a ledger row in the
//! order's transaction, committed when the order is confirmed, and released when the order is not, unless the campaign
//! keeps it. From then on nothing that happens to the campaign matters to the order: it may end, change or be archived.
//!
//! A code that a person chose is readable. Codes that are generated in bulk are handed over once and kept as hashes.

pub mod api;
pub mod batches;
pub mod codes;
pub mod demo;
pub mod eligibility;
pub mod flow;
pub mod rules;
pub mod store;
