//! The contract documents (guide: "consultare e scaricare la documentazione contrattuale"): personalised PDFs, accepted by
//! their hash, their onerous clauses approved apart (art. 1341 c.c.).

pub mod api;
pub mod clauses;
pub mod data;
pub mod flow;
pub mod rendering;
pub mod rules;
pub mod signed_copies;
pub mod store;
