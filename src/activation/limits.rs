//! How often an account may have codes sent and pictures measured.

use std::time::Duration;

use crate::platform::config::{Config, RateLimits};
use crate::platform::http::rate_limit::RateLimit;

const HOUR: Duration = Duration::from_secs(3600);
/// A sandbox is made for trials and load from one machine.
const SANDBOX_FACTOR: u32 = 100;

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
        let factor = if config.is_sandbox() { SANDBOX_FACTOR } else { 1 };
        let count = |count: u32| (config.rate_limits == RateLimits::On).then_some(count * factor);
        Self {
            otp_by_account: RateLimit::new("otp-by-account", count(10), HOUR),
            uploads_by_account: RateLimit::new("uploads-by-account", count(30), HOUR),
        }
    }
}
