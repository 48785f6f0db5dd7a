//! Who buys: accounts with an explicit privacy choice, their sessions, their consents as evidence, and the billing
//! profiles that orders are made out to. This room knows nothing of what is sold.

pub mod accounts;
pub mod address;
pub mod billing_profiles;
pub mod consents;
pub mod problems;
pub mod sessions;

use std::time::Duration;

use crate::platform::config::{Config, RateLimits};
use crate::platform::http::rate_limit::RateLimit;

/// How often one caller may use the customers' limited paths.
pub struct CustomerLimits {
    /// Registrations, by address.
    pub registrations: RateLimit,
    /// Logins, by address.
    pub logins: RateLimit,
    /// Logins, by e-mail.
    pub logins_by_email: RateLimit,
}

impl CustomerLimits {
    /// The limits of a configuration; a sandbox, which is made for load and tests, allows a hundred times as much.
    pub fn new(config: &Config) -> Self {
        let factor = if config.is_sandbox() { 100 } else { 1 };
        let count = |count: u32| (config.rate_limits == RateLimits::On).then_some(count * factor);
        Self {
            registrations: RateLimit::new("registrations", count(10), Duration::from_secs(600)),
            logins: RateLimit::new("logins", count(30), Duration::from_secs(60)),
            logins_by_email: RateLimit::new("logins-by-email", count(10), Duration::from_secs(60)),
        }
    }
}
