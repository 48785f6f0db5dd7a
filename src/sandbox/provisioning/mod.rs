//! The provisioning service, played by this server and reached over HTTP as an outside one would be.

pub mod api;
pub mod store;

use crate::platform::crypto::Keyring;
use crate::platform::problem::Problem;

/// The bearer token that the stand-in asks for.
///
/// # Errors
/// `internal_error` when the key cannot be derived.
pub fn token(keys: &Keyring) -> Result<String, Problem> {
    keys.link_token("sandbox-provisioning", "bearer")
}
