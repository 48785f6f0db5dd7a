//! The outside, played by the server itself in sandbox mode: a mailbox, a clock, stand-ins for payment and provisioning.

pub mod specimen;

use utoipa_actix_web::service_config::ServiceConfig;

/// Mounts the sandbox's paths.
pub fn routes(_config: &mut ServiceConfig) {}
