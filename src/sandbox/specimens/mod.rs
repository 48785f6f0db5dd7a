//! People and documents that do not exist.

pub mod api;
