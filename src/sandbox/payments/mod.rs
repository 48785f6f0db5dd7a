//! The sandbox payment provider: its hosted page and its refunds, whose outcomes it tells as signed notifications over HTTP.

pub mod api;
pub mod client;
pub mod jobs;
pub mod store;

use crate::platform::crypto::Keyring;
use crate::platform::problem::Problem;

/// The bearer token that the provider asks for.
///
/// # Errors
/// `internal_error` when the key cannot be derived.
pub fn token(keys: &Keyring) -> Result<String, Problem> {
    keys.link_token("sandbox-payments", "bearer")
}
