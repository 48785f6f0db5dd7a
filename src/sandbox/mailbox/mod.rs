//! The mailbox: every mail that the sandbox sent, readable over HTTP.

pub mod api;
