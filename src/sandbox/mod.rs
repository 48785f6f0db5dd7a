//! The outside, played by the server itself in sandbox mode: a mailbox, a clock, stand-ins for payment and provisioning.
//! In live mode none of these paths exist.

pub mod clock;
pub mod extract;
pub mod mailbox;
pub mod payments;
pub mod specimen;

use utoipa_actix_web::service_config::ServiceConfig;

/// Mounts the sandbox's paths.
pub fn routes(config: &mut ServiceConfig) {
    mailbox::api::routes(config);
    clock::api::routes(config);
    payments::api::routes(config);
}
