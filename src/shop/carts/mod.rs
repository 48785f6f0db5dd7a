//! Carts (guide: "Aggiungi e vai al carrello"): opened by anybody with a token, claimed by an account, and turned into
//! one order by checkout.

pub mod api;
pub mod extract;
pub mod flow;
pub mod jobs;
pub mod rules;
pub mod store;
