//! Activation requests: one for each unit of a confirmed order (guide: "Attivazione del servizio").

pub mod api;
pub mod flow;
pub mod holder;
pub mod idleness;
pub mod jobs;
pub mod requirements;
pub mod rules;
#[cfg(test)]
pub mod specimen;
pub mod store;
pub mod streams;
pub mod timeline;
