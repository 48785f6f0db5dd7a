//! Setting the service up through its own HTTP API once the review has approved the request (guide: "Attivazione").

pub mod api;
pub mod client;
pub mod flow;
pub mod jobs;
pub mod rules;
pub mod sign_in;
