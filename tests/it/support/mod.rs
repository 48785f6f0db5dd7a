//! What the tests stand on: databases, servers, the people who call them, and what they expect.

pub mod activation;
pub mod actors;
pub mod authenticator;
pub mod cluster;
pub mod database;
pub mod expect;
pub mod operations;
pub mod owner;
pub mod payments;
pub mod peer;
pub mod process;
pub mod server;
pub mod stripe;
pub mod suite;
