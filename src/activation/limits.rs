//! How often an account may have codes sent and pictures measured.

use std::time::Duration;

use crate::platform::config::Config;
use crate::platform::http::rate_limit::RateLimit;

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

/// The limits of this room; each process counts for itself.
pub struct ActivationLimits {
    /// Codes sent at one account's wish, whatever its requests.
    pub otp_by_account: RateLimit,
    /// Codes sent to one invited representative.
    pub otp_by_invitation: RateLimit,
    /// Calls with the token of an invitation from one address.
    pub representatives_by_sender: RateLimit,
    /// Pictures measured for one account: each takes a core for tenths of a second.
    pub uploads_by_account: RateLimit,
}

impl ActivationLimits {
    /// The limits that a configuration asks for: none where they are off.
    pub fn new(config: &Config) -> Self {
        Self {
            otp_by_account: RateLimit::of(config, "otp-by-account", 10, HOUR),
            otp_by_invitation: RateLimit::of(config, "otp-by-invitation", 10, HOUR),
            representatives_by_sender: RateLimit::of(config, "representatives-by-sender", 30, MINUTE),
            uploads_by_account: RateLimit::of(config, "uploads-by-account", 30, HOUR),
        }
    }
}
