//! Accounts: registration, e-mail verification, password reset, and the account itself.

pub mod api;
pub mod back_office;
pub mod demo;
pub mod flow;
pub mod jobs;
pub mod link_token;
pub mod rules;
pub mod store;
