//! Activation requests: one a unit bought, from the e-mail choice to the data of holder and applicant.

pub mod api;
pub mod flow;
pub mod holder;
pub mod rules;
pub mod store;
pub mod timeline;
