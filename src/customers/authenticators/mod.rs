//! Authenticators: a second factor of logins (TOTP, RFC 6238), with recovery codes for whoever loses the telephone.

pub mod api;
pub mod flow;
pub mod jobs;
pub mod rules;
pub mod store;
