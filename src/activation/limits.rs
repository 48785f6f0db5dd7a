//! How often an account may have codes sent and pictures measured.

use std::time::Duration;

use crate::platform::config::Config;
use crate::platform::http::rate_limit::RateLimit;

const HOUR: Duration = Duration::from_secs(3600);

/// The limits of this room; each process counts for itself.
pub struct ActivationLimits {
    /// Codes sent at one account's wish, whatever its requests.
    pub otp_by_account: RateLimit,
    /// Pictures measured for one account: each takes a core for tenths of a second.
    pub uploads_by_account: RateLimit,
}

impl ActivationLimits {
    /// The limits that a configuration asks for: none where they are off.
    pub fn new(config: &Config) -> Self {
        Self {
            otp_by_account: RateLimit::of(config, "otp-by-account", 10, HOUR),
            uploads_by_account: RateLimit::of(config, "uploads-by-account", 30, HOUR),
        }
    }
}
