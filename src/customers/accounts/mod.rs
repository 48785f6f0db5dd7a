//! Accounts (guide: "Crea il tuo Account"): registration with the privacy choice, and the proof of the e-mail address.

pub mod api;
pub mod demo;
pub mod flow;
pub mod jobs;
pub mod rules;
pub mod store;
