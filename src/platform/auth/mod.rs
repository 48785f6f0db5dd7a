//! Credentials that any service needs: passwords and access tokens.

pub mod passwords;
pub mod signatures;
pub mod tokens;
