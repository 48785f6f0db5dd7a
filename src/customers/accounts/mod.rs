//! Accounts: registration, e-mail verification, password reset, and the account itself.

pub mod rules;
