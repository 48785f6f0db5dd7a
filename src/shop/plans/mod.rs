//! Plans: what is on offer (guide: "Confronta i piani", "Scopri di più"). The model for the other resources.

pub mod api;
pub mod catalogue;
pub mod demo;
pub mod flow;
pub mod rules;
pub mod store;
